/* Channels: what they share. */
#include "ops/channel.h"

void channel_send(struct channel *c, const struct message *m, str id, struct sent *ret) {
    PRE(m->count > 0 && id.n > 0);
    *ret = (struct sent){0};
    c->ops->send(c, m, id, ret);
}

void channel_close(struct channel *c) {
    if (c != NULL) c->ops->close(c);
}
