/* keep: the chores of a store that any process may do, whichever comes first: once an hour what is
 * old enough goes (store/prune.h), once a minute it is looked whether dead letters become many, and
 * whether there is room for what comes (run/room.h). Of
 * all processes on a store one does a round, and one tells. */
#ifndef BF_RUN_KEEP_H
#define BF_RUN_KEEP_H

#include "config/config.h"
#include "run/room.h"
#include "store/prune.h"

struct metric;

/* Who does them; one a process, used by one thread at a time. */
struct keep {
    /* Between two small transactions; false: the process ends, leave the rest. */
    bool (*rest)(void *ctx, usec held);
    void *ctx;

    /* The rest is this file's. */
    usec posts_from, readings_from, look_at;
    struct room_watch room;
    struct metric *pruned[PRUNE_COUNT];
};
void keep_init(struct keep *k, bool (*rest)(void *ctx, usec held), void *ctx);

/* What is due, which mostly is nothing: call it every second or so. s: a connection of the caller's
 * own that writes, not in a transaction. False: the store's error; later calls try again. */
MUST_CHECK bool keep_chores(struct keep *k, struct store *s, const struct config *cfg,
                            struct error *err);

/* The ages of the section `retention`, and those that are no choice; the rest of *ret is the
 * caller's. */
void keep_ages(const struct config *cfg, struct prune_ask *ret);

#endif
