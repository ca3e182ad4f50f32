/* The queue's front door: what a caller promised is checked here, then the back-end does it. */
#include "queue/queue.h"

#include <stdlib.h>

bool queue_put(struct queue *q, str payload, usec now, usec timeout, struct error *err) {
    PRE(q != NULL && timeout >= 0);
    if (payload.n > QUEUE_PAYLOAD_BYTES_MAX) {
        return fail(err, ERR_RANGE, 0, "a job of %lld bytes: %d are the most a queue carries",
                    (long long)payload.n, QUEUE_PAYLOAD_BYTES_MAX);
    }
    return q->ops->put(q, payload, now, timeout, err);
}

bool queue_take(struct queue *q, struct job **jobs, int max, usec now, usec timeout, int *ret_count,
                struct error *err) {
    PRE(q != NULL && jobs != NULL && max >= 1 && timeout >= 0);
    return q->ops->take(q, jobs, max, now, timeout, ret_count, err);
}

bool queue_ack(struct queue *q, struct job *job, struct error *err) {
    PRE(q != NULL && job != NULL);
    return q->ops->ack(q, job, err);
}

bool queue_retry(struct queue *q, struct job *job, str why, usec now, bool *ret_dead,
                 struct error *err) {
    PRE(q != NULL && job != NULL);
    return q->ops->retry(q, job, why, now, ret_dead, err);
}

void queue_stop(struct queue *q) {
    PRE(q != NULL);
    q->ops->stop(q);
}

void queue_stats(struct queue *q, struct queue_stats *ret) {
    PRE(q != NULL);
    q->ops->stats(q, ret);
}

void queue_close(struct queue *q) {
    if (q) q->ops->close(q);
}

/* A job and its payload are one block: see make_job in the back-ends. */
void job_free(struct job *job) { free(job); }
