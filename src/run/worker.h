/* worker: what a process, or one of several alike in it, is at; told to the store every two
 * seconds, so that `bullfinch workers` and the dashboard show it, whichever process they belong to.
 *
 *     struct worker *w = worker_open(boot, WORKER_ANALYZE, 1);
 *     worker_task(w, "reading %d posts", n);   // is at this from now on
 *     worker_done(w, n);                       // counts
 *     worker_idle(w);                          // waits for work
 *     if (!worker_beat(w, store, time_wall_us(), &err)) ...   // between two pieces of work
 *     worker_close(w, store, time_wall_us());  // ended as it should
 *
 * What it is at and what it counts may be said by any thread; beats and the end by one at a time,
 * with a connection of its own. Times are the wall's. */
#ifndef BF_RUN_WORKER_H
#define BF_RUN_WORKER_H

#include "base/arena.h"
#include "store/workers.h"

#define WORKER_BEAT (2 * USEC_PER_S)        /* the least time between two beats */
#define WORKER_TASK_USUAL (60 * USEC_PER_S) /* a task that takes longer is stuck */

struct worker;
/* Made in `boot`; starting. number: which of several of this role in this process, from 1; 0: it is
 * the only one. */
struct worker *worker_open(struct arena *boot, worker_role role, int number);
const char *worker_name(const struct worker *w); /* "host:4711:analyze:1" */

/* --- any thread --------------------------------------------------------------------------- */
/* Works on this from now on, and should be at the next thing within WORKER_TASK_USUAL. */
void worker_task(struct worker *w, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The same with a bound of its own; USEC_NEVER: it may take as long as it likes. */
void worker_task_within(struct worker *w, usec bound, const char *fmt, ...) PRINTF_LIKE(3, 4);
void worker_idle(struct worker *w);            /* waits for work */
void worker_standby(struct worker *w);         /* another one is active */
void worker_done(struct worker *w, int64_t n); /* also bullfinch_worker_done_total{role} */
void worker_failed(struct worker *w, int64_t n);
bool worker_is_late(struct worker *w, usec now); /* at one task for longer than its bound */

/* --- one thread at a time ----------------------------------------------------------------- */
/* Writes the row when the last one is WORKER_BEAT old, at the first call, and when what it is at
 * began or ended something (standby, the first work). One statement, in the caller's transaction
 * where there is one. False: the store's error; the next call tries again. */
MUST_CHECK bool worker_beat(struct worker *w, struct store *s, usec now, struct error *err);
/* Would a beat write something now? For who opens a transaction for it. */
bool worker_beat_is_due(struct worker *w, usec now);
/* It stops: said at once. What cannot be written is not: who looks finds it silent. */
void worker_close(struct worker *w, struct store *s, usec now);

#endif
