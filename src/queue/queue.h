/* queue: carries jobs from sources to readers, and readings to the trader. The database is the
 * truth, the queue only carries.
 *
 * At least once: a job that was taken and not acknowledged comes again, so handlers are idempotent.
 * A job that failed too often becomes a dead letter (the caller stores it). Fresh jobs go before
 * late ones: a post of this moment does not wait behind an hour's backlog. Bounded: a full queue
 * makes the producer wait or says so. Thread-safe, but for close: nobody may be inside any more.
 *
 * Times are those of the caller's clock, `now`: a virtual one where the queue is this process' own,
 * the wall's where several processes share it. Timeouts pass in real time. */
#ifndef BF_QUEUE_QUEUE_H
#define BF_QUEUE_QUEUE_H

#include "base/error.h"
#include "base/str.h"
#include "base/time.h"

#define QUEUE_PAYLOAD_BYTES_MAX (1 << 20)
#define QUEUE_NOTE_BYTES 1024

typedef enum job_kind {
    JOB_FRESH, /* of this moment */
    JOB_LATE   /* a second try, swept up, filled in, old: taken when there is nothing fresh */
} job_kind;

struct job_put {
    str payload; /* borrowed for the call */
    job_kind kind;
};

struct job {
    int64_t id; /* for logs; of jobs of a kind, the one that was put later has the higher one */
    job_kind kind;
    int attempt;      /* 1 at the first delivery */
    bool spent;       /* it was taken max_attempts times and never given back, so it may have killed
                         who worked on it: do not; store it as a dead letter, then acknowledge it */
    usec enqueued_at; /* by the clock of who put it */
    char *payload;    /* the job's; a NUL follows */
    ptrdiff_t payload_bytes;
    char note[QUEUE_NOTE_BYTES]; /* what the last queue_retry said; "" before the first one */
};

struct queue_stats {
    /* of the queue, whoever uses it */
    int64_t fresh, late;  /* waiting, by kind */
    int64_t delayed;      /* failed, in their pause */
    int64_t taken;        /* in somebody's hands */
    usec oldest;          /* when the older one of the two next in line was put; 0: none waits */
    usec oldest_taken;    /* when the oldest in somebody's hands was; 0: none is */
    int consumers;        /* that take from it now */
    int64_t memory_bytes; /* that its server uses, for everything; -1: not known */
    /* by this process since it opened the queue */
    int64_t enqueued, acked, retried, dead;
    int64_t reclaimed; /* taken over from consumers that left them */
};

struct queue;
struct queue_ops {
    const char *name;
    bool shared; /* see queue_is_shared */
    /* all required; any thread; those with a timeout block, the others as long as a server takes */
    bool (*put_many)(struct queue *q, const struct job_put *v, int count, usec now, usec timeout,
                     int *ret_put, struct error *err);
    bool (*take)(struct queue *q, struct job **jobs, int max, usec now, usec timeout,
                 int *ret_count, struct error *err);
    bool (*ack_many)(struct queue *q, struct job *const *jobs, int count, struct error *err);
    bool (*retry)(struct queue *q, struct job *job, str note, usec now, bool *ret_dead,
                  struct error *err);
    bool (*keep)(struct queue *q, struct job *const *jobs, int count, usec now, struct error *err);
    bool (*ping)(struct queue *q, usec now, struct error *err);
    bool (*lost)(struct queue *q);
    bool (*stats)(struct queue *q, struct queue_stats *ret, struct error *err);
    void (*stop)(struct queue *q);
    void (*close)(struct queue *q);
};
struct queue {
    const struct queue_ops *ops;
};

/* Puts the jobs in their order, copied; waits up to timeout us for room. *ret_put is always
 * written: so many of them, the first ones, are certainly in. Errors: ERR_FULL no room for the rest
 * (leave it to the sweeper); ERR_STATE stopped; ERR_RANGE a payload is too large, none is put;
 * ERR_IO the server cannot be reached, or went without an answer: then more than *ret_put may be
 * in. */
MUST_CHECK bool queue_put_many(struct queue *q, const struct job_put *v, int count, usec now,
                               usec timeout, int *ret_put, struct error *err);
/* One job, fresh. */
MUST_CHECK bool queue_put(struct queue *q, str payload, usec now, usec timeout, struct error *err);

/* Takes up to max jobs, fresh ones first, waiting up to timeout for the first. *ret_count 0: none
 * came. Jobs are the caller's until ack or retry. Errors: ERR_STATE stopped, and nothing is left
 * that this process would take; ERR_IO as above. */
MUST_CHECK bool queue_take(struct queue *q, struct job **jobs, int max, usec now, usec timeout,
                           int *ret_count, struct error *err);

/* Their work is committed. The jobs are gone from the caller's hands, also when it fails. ERR_IO:
 * the server could not be told; it will be with a later call, and where it never is, they come
 * again. */
MUST_CHECK bool queue_ack_many(struct queue *q, struct job *const *jobs, int count,
                               struct error *err);
MUST_CHECK bool queue_ack(struct queue *q, struct job *job, struct error *err);

/* Failed. Comes again as a late job after a pause (backoff, doubling with each attempt, with jitter
 * from the seed); it is gone from the caller's hands, also when this fails: then it comes again
 * when it has been idle for too long. At max_attempts *ret_dead is set instead, nothing can fail,
 * and the job is still the caller's: store it as a dead letter, then acknowledge it. note: the
 * caller's, for whoever tries next (who failed, and why); cut at QUEUE_NOTE_BYTES. */
MUST_CHECK bool queue_retry(struct queue *q, struct job *job, str note, usec now, bool *ret_dead,
                            struct error *err);

/* Still at work on these: call it now and then where work may take long, so that nobody thinks
 * that they were left. A job that somebody else has taken over already stays with him. */
MUST_CHECK bool queue_keep(struct queue *q, struct job *const *jobs, int count, usec now,
                           struct error *err);

/* Is it there, and does it do what is asked? Also the time for small chores: pauses that are over
 * end, consumers that are gone are forgotten. Errors say what is wrong and what to do. */
MUST_CHECK bool queue_ping(struct queue *q, usec now, struct error *err);

/* True once after the queue may have lost jobs: its server was started anew, or emptied. Put all
 * that the database says is unfinished into it again, at once. Of several processes one is told. A
 * queue that is new has lost nothing; nor does one in memory, which ends with its process. */
bool queue_lost(struct queue *q);

/* Errors: ERR_IO, as above. */
MUST_CHECK bool queue_stats(struct queue *q, struct queue_stats *ret, struct error *err);

/* How much is not done with, and when the oldest of it was put; 0: nothing is. What pauses after it
 * failed counts for the first, and not for the second: it waits for its time. */
int64_t queue_unfinished(const struct queue_stats *s);
usec queue_oldest(const struct queue_stats *s);

/* Do other processes use it, too? Then a stop is this process' matter. */
bool queue_is_shared(const struct queue *q);

/* No more puts, and takers wake. One that is this process' own is drained by them first; of a
 * shared one nothing more is taken, the rest is for others. Then: ERR_STATE. */
void queue_stop(struct queue *q);
/* Jobs in the caller's hands are freed; others may take them at once where it is shared. NULL is
 * fine. */
void queue_close(struct queue *q);

struct queue_options {
    int capacity;     /* unfinished jobs: waiting, in their pause, taken; 1 or more */
    int max_attempts; /* 1 or more */
    usec backoff;     /* pause before the second try */
    usec fresh_for;   /* a fresh job that waited longer counts as late; 0: it never does */
    uint64_t seed;    /* of the jitter */
};
/* Errors: ERR_CONFIG. */
MUST_CHECK bool memory_queue_open(const struct queue_options *opt, struct queue **ret,
                                  struct error *err);

#endif
