/* prune: what is old enough goes, and nothing that anything still needs.
 *
 * Each kind of row has an age. A trade with its orders, fills, intent, ledger lines, the post and
 * the signals that led to it, whatever is open or waits, the word of deletions, and what is learned
 * of authors never go. docs/retention.md says for people what this does.
 *
 * Any number of processes may prune one store at a time, each on a connection of its own: work is
 * found without a lock, done in small transactions that check it again, and done twice is done
 * once. So a process that is killed leaves a store that is whole, and the next round goes on. */
#ifndef BF_STORE_PRUNE_H
#define BF_STORE_PRUNE_H

#include "store/store.h"

/* X(NAME, "name"): in the order in which a round does them. */
#define PRUNE_MAP(X)                                                                               \
    X(SIGNALS, "signals")   /* refused ones, with their posts */                                   \
    X(POSTS, "posts")       /* those that came to no signal */                                     \
    X(READINGS, "readings") /* of posts without signals: what the reader found in them */          \
    X(EQUITY, "equity")     /* samples, thinned out */                                             \
    X(CANDLES, "candles")                                                                          \
    X(AUDIT, "audit_log")      /* from its beginning; see struct audit_anchor */                   \
    X(COMMANDS, "commands")    /* answered */                                                      \
    X(LETTERS, "dead_letters") /* retried or dropped */                                            \
    X(GAPS, "gaps")            /* filled or lost */                                                \
    X(ALERTS, "alerts")        /* that are over */                                                 \
    X(NOTICES, "notices")      /* what people were told, and whether it arrived */                 \
    X(AUTHORS, "authors")      /* that made room for others, without a record or a trade */        \
    X(MEMORY, "post_memory")   /* what the judge does not look at any more */                      \
    X(BILLED, "billed")        /* ids; the sums stay */                                            \
    X(WORKERS, "workers")      /* that were not seen any more */
typedef enum prune_kind {
#define X(name, text) PRUNE_##name,
    PRUNE_MAP(X)
#undef X
        PRUNE_COUNT
} prune_kind;
const char *prune_name(prune_kind k);
MUST_CHECK bool prune_from_name(str s, prune_kind *ret);

struct prune_ask {
    usec age[PRUNE_COUNT]; /* what is older goes; 0: nothing does. Of EQUITY: older samples become
                              one a minute */
    usec equity_minutes;   /* older ones one an hour; 0: never */
    usec now;              /* of the account's clock (run_now) */
    usec wall;             /* of the wall's, for WORKERS and BILLED */
    str actor;             /* for the audit log */
    /* Between two transactions, of which the last took `held` microseconds: lets others write.
     * False: enough for now. NULL: goes on at once. */
    bool (*rest)(void *ctx, usec held);
    void *ctx;
    /* Of posts published before it none is to go, or has a reading to thin: moved on. NULL, or 0:
     * all are looked at. */
    usec *posts_from, *readings_from;
};

/* One round. *ret_gone: rows removed, or thinned, by kind. *ret_all false: `rest` ended it; what
 * was done is done. PRE: not in a transaction. Errors: the store's (ERR_BUSY: another kept the
 * write lock for longer than the connection waits); what was committed before stays. */
MUST_CHECK bool store_prune(struct store *s, const struct prune_ask *ask,
                            int64_t ret_gone[PRUNE_COUNT], bool *ret_all, struct error *err);

/* What a round would do, in one reading transaction. */
struct prune_plan {
    int64_t rows;  /* there are */
    int64_t gone;  /* of them that would go, or be thinned */
    int64_t bytes; /* about what they take; what is freed of them is used again */
    usec oldest;   /* that stays; 0: none */
};
MUST_CHECK bool store_prune_plan(struct store *s, const struct prune_ask *ask,
                                 struct prune_plan ret[PRUNE_COUNT], struct error *err);

/* Once in `every`: the caller that gets *ret true is to do a round, nobody else is. */
MUST_CHECK bool store_prune_claim(struct store *s, usec wall, usec every, bool *ret,
                                  struct error *err);

#endif
