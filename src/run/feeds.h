/* feeds: what sources pass on besides posts, on its way into the store; for whoever takes from
 * them, the runner of `run` or an ingest process. */
#ifndef BF_RUN_FEEDS_H
#define BF_RUN_FEEDS_H

#include "run/run.h"

struct metric;

/* How far one source is. */
struct feed_progress {
    struct buf state; /* as its last intake said; printable */
    bool moved;       /* since it was last written */
    bool ended;
    int64_t taken;  /* intakes that went into a transaction */
    int64_t stored; /* of them durable */
    int64_t kept;
    bool known; /* status was given */
    struct source_status status;
    struct metric *blind_total, *blind_today;
    struct metric *posts, *deleted; /* NULL: the source counts them itself */
    usec blind;                     /* of the day as the metrics have it */
    int64_t blind_day;              /* UTC day of that */
    int64_t unlinked, unknown;      /* posts and deletions that are not kept (keep_linked) */
};

/* Borrows the store and the list. The thread's that owns the store's connection. */
struct feeds {
    struct store *store;
    const struct run_feed *list;
    int count;
    struct feed_progress v[RUN_FEEDS_MAX]; /* by place in the list */
};

void feeds_init(struct feeds *f, struct store *s, const struct run_feed *list, int count);
void feeds_fini(struct feeds *f); /* logs what was not kept */

/* One more intake is in the open transaction: where its source is, how it stands. */
void feeds_note(struct feeds *f, int feed, const struct intake *it);
/* One more post of a replay, or word of a deletion; feeds_note does it, too. */
void feeds_count_post(struct feeds *f, int feed, bool deleted);
/* Is there a row to be put for it? A post has its own, the state goes with the commit. */
bool feeds_has_row(const struct intake *it);
/* The row, alone, into the open transaction. PRE: feeds_has_row. */
MUST_CHECK bool feeds_put_row(struct feeds *f, int feed, const struct intake *it,
                              struct error *err);
/* The states that moved, into the open transaction. */
MUST_CHECK bool feeds_put_states(struct feeds *f, struct error *err);
/* After a commit: what was noted is durable. */
void feeds_committed(struct feeds *f);
/* How long sources were blind, into the metrics; now and then, in any transaction. */
MUST_CHECK bool feeds_measure(struct feeds *f, struct error *err);
bool feeds_all_ended(const struct feeds *f);

#endif
