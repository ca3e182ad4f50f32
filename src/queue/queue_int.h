/* What the queue's implementations share. */
#ifndef BF_QUEUE_QUEUE_INT_H
#define BF_QUEUE_QUEUE_INT_H

#include "base/rng.h"
#include "queue/queue.h"

/* Errors: ERR_CONFIG. */
MUST_CHECK bool queue_options_check(const struct queue_options *opt, struct error *err);
/* How long a job pauses that failed at its attempt-th try. */
usec queue_pause(const struct queue_options *opt, int attempt, struct rng *r);
/* When a timeout that began at `start` ends; USEC_NEVER where that is no time any more. */
usec queue_deadline(usec start, usec timeout);
/* Is a fresh job that was put at `at` late by now? */
bool queue_is_late(const struct queue_options *opt, usec at, usec now);

#endif
