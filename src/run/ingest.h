/* ingest: posts from their sources into the store, and word of them into the queue. The first of
 * the processes that stand apart; it reads nothing and decides nothing. */
#ifndef BF_RUN_INGEST_H
#define BF_RUN_INGEST_H

#include "queue/queue.h"
#include "run/run.h"
#include "run/worker.h"

/* All borrowed. The store's connection belongs to the thread that calls ingest_run. */
struct ingest_parts {
    struct store *store;
    struct run_feed feeds[RUN_FEEDS_MAX];
    int feed_count;
    const struct reader *reader; /* for feeds that keep only what names a coin; else NULL */
    struct queue *posts;
};

struct ingest_options {
    bool rebase;            /* a replay is moved to now, each post at its distance from the first */
    bool exit_at_end;       /* end when all sources are used up */
    const atomic_int *stop; /* > 0: store what was taken, return; borrowed */
    int64_t letters_bytes;  /* that input which is no post may take in the store */
    struct worker *worker;  /* what it is at, for those who look; NULL: nobody does */
};

struct ingest_counts {
    int64_t posts;     /* stored, or there already */
    int64_t gone;      /* of them deleted before they came */
    int64_t deletions; /* words of one */
    int64_t dead;      /* pieces of input that were no post */
    int64_t queued;    /* posts of which the queue has word; the rest is found by the sweeper */
    int64_t commits;
};

/* Until the end (exit_at_end) or a stop. A store that cannot be written is tried again, while the
 * sources wait; without the queue it goes on. Errors: of a replay, of the start (ERR_LIMIT,
 * ERR_STATE: the posts file is not the one of before), of the store where waiting does not help
 * (ERR_REFUSED: another has taken over what the store's connection held). */
MUST_CHECK bool ingest_run(const struct ingest_parts *parts, const struct ingest_options *opt,
                           struct ingest_counts *ret, struct error *err);

#endif
