/* jobs_watch: how much waits in the queues that processes share, and since when: looked up every
 * two seconds by a thread of its own, in whichever process wants to know, also one that neither
 * puts nor takes. It puts them on the board ("jobs: posts", "jobs: readings") and so on the page of
 * metrics, and keeps what /health tells.
 *
 * The numbers are the queues', not this process': each process that looks tells the same. While the
 * server is away they stay as they were last seen, and jobs_watch_see says for how long it is. */
#ifndef BF_RUN_JOBS_WATCH_H
#define BF_RUN_JOBS_WATCH_H

#include "base/arena.h"
#include "queue/queue.h"

#define JOBS_LOOK_EVERY (2 * USEC_PER_S)
/* A server that does not answer for so long is away: a restart takes less. */
#define JOBS_AWAY_MAX (5 * USEC_PER_S)

typedef enum jobs_of { JOBS_POSTS, JOBS_READINGS, JOBS_QUEUE_COUNT } jobs_of;
const char *jobs_name(jobs_of j); /* as on the board: "jobs: posts" */

struct jobs_seen {
    int64_t unfinished[JOBS_QUEUE_COUNT];
    usec oldest[JOBS_QUEUE_COUNT]; /* when the oldest of them was put; 0: there is none */
    int64_t capacity;              /* of each */
    usec away; /* it has not answered for so long; 0: it did what it was asked last */
};

struct jobs_watch;
/* Looks from now on. The queues are borrowed until the close. capacity: queue.capacity. Errors:
 * ERR_LIMIT no more threads. */
MUST_CHECK bool jobs_watch_open(struct arena *boot, struct queue *posts, struct queue *readings,
                                int64_t capacity, struct jobs_watch **ret, struct error *err);
void jobs_watch_see(struct jobs_watch *w, struct jobs_seen *ret); /* any thread */
void jobs_watch_close(struct jobs_watch *w);                      /* NULL is fine */

#endif
