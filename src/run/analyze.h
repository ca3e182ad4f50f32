/* analyze: what posts say. Takes them from the queue, reads them, writes what was read into the
 * store, and hands on to the trader what he is to decide on. The second of the processes that stand
 * apart; start as many as there is work for. */
#ifndef BF_RUN_ANALYZE_H
#define BF_RUN_ANALYZE_H

#include "config/live.h"
#include "flow/reader.h"
#include "queue/queue.h"
#include "store/store.h"

#include <stdatomic.h>

#define ANALYZE_WORKERS_MAX 64

/* All borrowed. */
struct analyze_parts {
    /* A writing connection of the caller's own, for each worker and one for the sweeper. */
    bool (*open_store)(void *ctx, struct store **ret, struct error *err);
    void *ctx;
    const struct reader *reader;
    struct config_live *live;
    struct queue *posts;    /* in */
    struct queue *readings; /* out, to the trader */
    int64_t capacity;       /* of `posts` */
};

struct analyze_options {
    int workers;            /* threads, 1..ANALYZE_WORKERS_MAX */
    bool exit_at_end;       /* end when nothing is left to be read */
    usec extra;             /* a post is held back for so long while it is read: to measure with */
    const atomic_int *stop; /* > 0: finish what is in hand, give the rest back, return; borrowed */
};

struct analyze_counts {
    int64_t posts;   /* read and stored */
    int64_t handed;  /* of them to the trader */
    int64_t dead;    /* jobs that became dead letters */
    int64_t swept;   /* posts that the sweeper put into the queue again */
    int64_t batches; /* transactions */
};

/* Until the end (exit_at_end) or a stop. A store or a queue that does not answer is tried again.
 * Errors: of the start (the store cannot be opened, ERR_LIMIT no threads). */
MUST_CHECK bool analyze_run(struct arena *boot, const struct analyze_parts *parts,
                            const struct analyze_options *opt, struct analyze_counts *ret,
                            struct error *err);

#endif
