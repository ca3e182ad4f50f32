/* Channels: what they share, and one that cannot be used. */
#include "ops/channel_int.h"

void channel_send(struct channel *c, const struct message *m, str id, struct sent *ret) {
    PRE(m->count > 0 && id.n > 0);
    *ret = (struct sent){0};
    c->ops->send(c, m, id, ret);
}

void channel_close(struct channel *c) {
    if (c != NULL) c->ops->close(c);
}

/* --- one that cannot be used ---------------------------------------------------------------- */

struct unusable {
    struct channel base;
    struct channel_ops ops;
    char why[NOTICE_WHY_BYTES];
};

static void unusable_send(struct channel *c, const struct message *m, str id, struct sent *ret) {
    (void)m;
    (void)id;
    sent_say(ret, SENT_REFUSED, 0, "%s", c->unusable);
}

static void unusable_close(struct channel *c) { (void)c; /* it has nothing */ }

void channel_unusable(struct arena *boot, notify_channel which, const char *why,
                      struct channel **ret) {
    struct unusable *const u = NEW(boot, struct unusable);
    struct sent said;
    sent_say(&said, SENT_REFUSED, 0, "%s", why);
    memcpy(u->why, said.why, sizeof u->why);
    u->ops = (struct channel_ops){which, unusable_send, unusable_close};
    u->base = (struct channel){.ops = &u->ops, .unusable = u->why};
    *ret = &u->base;
}
