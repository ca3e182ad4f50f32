/* queue: carries jobs from sources to readers. The database is the truth, the queue only carries.
 *
 * At least once: a job that was taken and not acknowledged comes again. A job that failed too often
 * becomes a dead letter (the caller stores it). Bounded: a full queue makes the producer wait or
 * says so. Thread-safe. */
#ifndef BF_QUEUE_QUEUE_H
#define BF_QUEUE_QUEUE_H

#include "base/error.h"
#include "base/str.h"
#include "base/time.h"

#define QUEUE_PAYLOAD_BYTES_MAX (1 << 20)

struct job {
    int64_t id;
    int attempt;      /* 1 at the first delivery */
    usec enqueued_at; /* monotonic or virtual, as the caller's clock */
    char *payload;    /* owned by the job: job_free, or handed back with ack, retry or dead */
    ptrdiff_t payload_bytes;
    char last_error[160];
};

struct queue_stats {
    int64_t waiting, delayed, taken, enqueued, acked, retried, dead;
    usec oldest;
};

struct queue;
struct queue_ops {
    const char *name;
    bool (*put)(struct queue *q, str payload, usec now, usec timeout, struct error *err);
    bool (*take)(struct queue *q, struct job **jobs, int max, usec now, usec timeout,
                 int *ret_count, struct error *err);
    bool (*ack)(struct queue *q, struct job *job, struct error *err);
    bool (*retry)(struct queue *q, struct job *job, str why, usec now, bool *ret_dead,
                  struct error *err);
    void (*stop)(struct queue *q);
    void (*stats)(struct queue *q, struct queue_stats *ret);
    void (*close)(struct queue *q);
};
struct queue {
    const struct queue_ops *ops;
};

/* Copies payload. Waits up to timeout us for room; ERR_FULL after it, ERR_STATE when stopped. */
MUST_CHECK bool queue_put(struct queue *q, str payload, usec now, usec timeout, struct error *err);
/* Takes up to max jobs, waiting up to timeout for the first. *ret_count 0: none came. ERR_STATE:
 * stopped and empty. Jobs are the caller's until ack or retry. */
MUST_CHECK bool queue_take(struct queue *q, struct job **jobs, int max, usec now, usec timeout,
                           int *ret_count, struct error *err);
MUST_CHECK bool queue_ack(struct queue *q, struct job *job, struct error *err);
/* Failed: comes again after backoff (doubling, with jitter from the seed), or, at max_attempts,
 * *ret_dead is set and the job is the caller's to store and job_free. */
MUST_CHECK bool queue_retry(struct queue *q, struct job *job, str why, usec now, bool *ret_dead,
                            struct error *err);
void queue_stop(struct queue *q); /* no more puts; takers drain what is there, then ERR_STATE */
void queue_stats(struct queue *q, struct queue_stats *ret);
void queue_close(struct queue *q); /* NULL is fine */
void job_free(struct job *job);    /* NULL is fine */

struct queue_options {
    int capacity;
    int max_attempts;
    usec backoff;
    uint64_t seed;
};
MUST_CHECK bool memory_queue_open(const struct queue_options *opt, struct queue **ret,
                                  struct error *err);

#endif
