/* changes: what was committed to a store since the last look, row by row.
 *
 * It asks the tables alone, so it sees what any process writes, and costs the writer nothing. Rows
 * with ascending ids are new when their id is; rows that may still move (an open trade, a waiting
 * signal) are remembered by a hash of how they were told last, until they have ended. */
#ifndef BF_STORE_CHANGES_H
#define BF_STORE_CHANGES_H

#include "store/store.h"

#define CHANGE_MAP(X)                                                                              \
    X(POST, "post")                                                                                \
    X(SIGNAL, "signal")                                                                            \
    X(TRADE, "trade")                                                                              \
    X(ORDER, "order")                                                                              \
    X(POSITION, "position") /* of size "0": it is gone */                                          \
    X(EQUITY, "equity")                                                                            \
    X(MODE, "mode")                                                                                \
    X(SOURCE, "source")                                                                            \
    X(COMMAND, "command")                                                                          \
    X(ALERT, "alert")   /* somebody should look */                                                 \
    X(RELOAD, "reload") /* more happened than is told row by row */
typedef enum change {
#define X(name, text) CHANGE_##name,
    CHANGE_MAP(X)
#undef X
        CHANGE_COUNT
} change;
const char *change_name(change c);
MUST_CHECK bool change_from_name(str s, change *ret);

struct change_sink {
    void *ctx;
    /* json: the row as the lists of store/views.h have it, borrowed. */
    void (*tell)(void *ctx, change what, str json);
};

struct store_changes;
struct store_changes *store_changes_new(struct arena *boot);
void store_changes_free(struct store_changes *c); /* NULL is fine */
/* Tells what is new, in the order posts, signals, trades, orders, ...; the first look takes the
 * store as it is and tells nothing. s: for reading, always the same one, in no transaction. mono:
 * monotonic time. *ret_more: there is more than was told now, look again soon. After a failure the
 * next look tells what this one did not, and maybe some of it twice. */
MUST_CHECK bool store_changes_look(struct store_changes *c, struct store *s, usec mono,
                                   const struct change_sink *to, bool *ret_more, struct error *err);

#endif
