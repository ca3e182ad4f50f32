/* In: the configuration, and what who sends has noted. Out: a list, and whether there is anybody on
 * it. A channel that another process has configured, and that has sent within HEARD, counts too.
 * Failure: the store's. Thread: any. */
#include "run/hearers.h"

#define HEARD (7 * USEC_PER_DAY)

static bool counts(const struct config *cfg, const struct channel_row *row, usec now) {
    notify_channel c;
    if (!notify_channel_from_name(str_from_z(row->name), &c)) return false;
    return notify_is_configured(cfg, c) || (row->sent_at > 0 && now - row->sent_at < HEARD);
}

static const struct channel_row *find(const struct channel_row *rows, int n, const char *name) {
    for (int i = 0; i < n; i++)
        if (strcmp(rows[i].name, name) == 0) return &rows[i];
    return NULL;
}

bool hearers_read(struct store *s, const struct config *cfg, struct hearers *ret,
                  struct error *err) {
    struct channel_row rows[2 * CHANNEL_COUNT];
    int n = 0;
    bool refused = false;
    const usec now = time_wall_us();
    *ret = (struct hearers){0};
    if (s != NULL && !store_channels(s, rows, COUNT_OF(rows), &n, err)) return false;
    for (int i = 0; i < CHANNEL_COUNT; i++) {
        const char *const name = notify_channel_name((notify_channel)i);
        const struct channel_row *const row = find(rows, n, name);
        const bool there =
            row != NULL ? counts(cfg, row, now) : notify_is_configured(cfg, (notify_channel)i);
        struct channel_row *const v = &ret->v[ret->count];
        if (!there) continue;
        if (row != NULL) *v = *row;
        IGNORE(!str_copyz(str_from_z(name), v->name, sizeof v->name), "short");
        refused = refused || v->state == CHANNEL_IS_REFUSED;
        ret->told = ret->told || v->state != CHANNEL_IS_REFUSED;
        ret->count++;
    }
    if (!ret->told)
        ret->why = refused ? "no channel takes messages from here: bullfinch notify list says why"
                           : "no channel is configured: docs/notifications.md";
    return true;
}
