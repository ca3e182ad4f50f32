/* sweeper: what the store says is unfinished goes into the queue again. The database is the truth,
 * the queue only carries: whatever it lost, or had no room for, is brought back from there. */
#ifndef BF_RUN_SWEEPER_H
#define BF_RUN_SWEEPER_H

#include "queue/queue.h"
#include "run/store_clock.h"
#include "store/store.h"

struct sweeper {
    struct store *store; /* a connection of its own; borrowed, as the queues are */
    struct queue *posts, *readings;
    int64_t capacity; /* of `posts` */
    int64_t swept;    /* posts so far */

    struct store_clock clock; /* by which posts were stored */
    usec since;               /* nothing that was stored before is unfinished; 0: nobody knows */
    bool passing;             /* in the middle of a pass, from the newest to the oldest */
    bool all;    /* this pass takes what was read and not decided on; else what was not read */
    bool clean;  /* the pass before found nothing that was not read */
    bool lost;   /* the queue said so: nothing that is in the store is in it */
    bool found;  /* this pass found something */
    usec before; /* of this pass: nothing younger is looked at */
    usec at;     /* of the last one given */
    int64_t id;
    usec next_at; /* monotonic, of the next pass */
};

/* One step: at most a pass. Of several processes one sweeps, which the store decides. Cheap where
 * there is nothing to do. Errors: of the store, of the queue. */
MUST_CHECK bool sweeper_step(struct sweeper *w, struct arena scratch, struct error *err);

#endif
