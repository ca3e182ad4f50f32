/* The queue in memory: for everything in one process.
 *
 * In: payloads, copied. Out: jobs, in the order of their putting; one that failed comes again after
 * a pause that doubles with each try. `capacity` bounds all unfinished jobs together (waiting,
 * pausing, taken): so there is always room for a job to come back, and sources are slowed by
 * readers that do not keep up. Nothing here survives the process: the store is the truth, a sweeper
 * queues again what it says is unfinished.
 *
 * One mutex, held for a few instructions; two condition variables on the monotonic clock, signalled
 * outside the mutex and only when somebody waits, so that a hand-over costs one futex wake and a
 * batch that is there already costs none. Waiting is in real time; `now` is the caller's clock and
 * only dates jobs and decides which pauses are over (a virtual clock works with timeout 0).
 * Invariants: waiting + pausing + taken <= capacity; each job is in exactly one of the three.
 * Thread-safe, but for close: nobody may be inside any more. */
#include "queue/queue.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/rng.h"

#define BACKOFF_US_MAX (10 * USEC_PER_MIN)

struct pause {
    usec until;
    struct job *job;
};

struct memory_queue {
    struct queue base;
    struct queue_options opt;
    pthread_mutex_t mutex;
    pthread_cond_t has_jobs, has_room;
    int takers, putters; /* asleep on the two */
    bool stopped;
    struct job **ring; /* waiting: `waiting` jobs from `head` on */
    int head, waiting;
    struct pause *pauses; /* a binary heap, soonest first */
    int pausing;
    int taken;
    int64_t last_id, acked, retried, dead;
    struct rng rng;
};

static struct memory_queue *self(struct queue *q) { return (struct memory_queue *)(void *)q; }

static void lock(struct memory_queue *m) {
    const int rc = pthread_mutex_lock(&m->mutex);
    POST(rc == 0);
}

static void unlock(struct memory_queue *m) {
    const int rc = pthread_mutex_unlock(&m->mutex);
    POST(rc == 0);
}

/* Sleeps until signalled or `deadline` (monotonic); the mutex is held before and after. */
static void sleep_on(struct memory_queue *m, pthread_cond_t *cond, int *sleepers, usec deadline) {
    const struct timespec ts = {deadline / USEC_PER_S, deadline % USEC_PER_S * 1000};
    (*sleepers)++;
    const int rc = deadline == USEC_NEVER ? pthread_cond_wait(cond, &m->mutex)
                                          : pthread_cond_timedwait(cond, &m->mutex, &ts);
    POST(rc == 0 || rc == ETIMEDOUT);
    (*sleepers)--;
}

static usec deadline_after(usec start, usec timeout) {
    return timeout >= USEC_NEVER - start ? USEC_NEVER : start + timeout;
}

/* -- waiting and pausing jobs (the mutex is held) -------------------------------------------- */

static void push_waiting(struct memory_queue *m, struct job *job) {
    PRE(m->waiting < m->opt.capacity);
    m->ring[(m->head + m->waiting++) % m->opt.capacity] = job;
}

static struct job *pop_waiting(struct memory_queue *m) {
    struct job *job = m->ring[m->head];
    m->head = (m->head + 1) % m->opt.capacity;
    m->waiting--;
    return job;
}

/* By time, then by id: the same order whatever the heap looked like. */
static bool sooner(const struct pause *a, const struct pause *b) {
    return a->until != b->until ? a->until < b->until : a->job->id < b->job->id;
}

static void push_pause(struct memory_queue *m, struct pause p) {
    PRE(m->pausing < m->opt.capacity);
    int i = m->pausing++;
    for (; i > 0 && sooner(&p, &m->pauses[(i - 1) / 2]); i = (i - 1) / 2) {
        m->pauses[i] = m->pauses[(i - 1) / 2];
    }
    m->pauses[i] = p;
}

static struct job *pop_pause(struct memory_queue *m) {
    struct job *job = m->pauses[0].job;
    const struct pause last = m->pauses[--m->pausing];
    int i = 0;
    for (;;) {
        int child = 2 * i + 1;
        if (child >= m->pausing) break;
        if (child + 1 < m->pausing && sooner(&m->pauses[child + 1], &m->pauses[child])) child++;
        if (!sooner(&m->pauses[child], &last)) break;
        m->pauses[i] = m->pauses[child];
        i = child;
    }
    m->pauses[i] = last;
    return job;
}

/* Jobs whose pause is over wait again; after a stop no pause is kept. */
static void end_pauses(struct memory_queue *m, usec now) {
    while (m->pausing && (m->stopped || m->pauses[0].until <= now)) push_waiting(m, pop_pause(m));
}

/* -- putting --------------------------------------------------------------------------------- */

/* Job and payload in one block, so that one free() ends both. A NUL follows the payload. */
static struct job *make_job(str payload, usec now) {
    struct job *job = malloc(sizeof *job + (size_t)payload.n + 1);
    POST(job != NULL);
    *job = (struct job){.attempt = 0, .enqueued_at = now, .payload_bytes = payload.n};
    job->payload = (char *)(job + 1);
    if (payload.n) memcpy(job->payload, payload.p, (size_t)payload.n);
    job->payload[payload.n] = 0;
    return job;
}

static bool has_room(const struct memory_queue *m) {
    return m->waiting + m->pausing + m->taken < m->opt.capacity;
}

static bool memory_put(struct queue *q, str payload, usec now, usec timeout, struct error *err) {
    struct memory_queue *m = self(q);
    struct job *job = make_job(payload, now);
    lock(m);
    if (!m->stopped && !has_room(m) && timeout > 0) {
        const usec deadline = deadline_after(time_monotonic_us(), timeout);
        while (!m->stopped && !has_room(m) && time_monotonic_us() < deadline) {
            sleep_on(m, &m->has_room, &m->putters, deadline);
        }
    }
    const bool stopped = m->stopped;
    const bool ok = !stopped && has_room(m);
    if (ok) {
        job->id = ++m->last_id;
        push_waiting(m, job);
    }
    const bool wake = ok && m->takers > 0;
    unlock(m);
    if (wake) pthread_cond_signal(&m->has_jobs);
    if (ok) return true;
    job_free(job);
    if (stopped) return fail(err, ERR_STATE, 0, "the queue is stopped");
    return fail(err, ERR_FULL, 0, "the queue is full (%d jobs): its readers do not keep up",
                m->opt.capacity);
}

/* -- taking ---------------------------------------------------------------------------------- */

/* Waits until a job can be taken, the queue is stopped and empty, or the time is over. */
static void wait_for_jobs(struct memory_queue *m, usec now, usec timeout) {
    end_pauses(m, now);
    if (m->waiting || m->stopped || timeout == 0) return;
    const usec start = time_monotonic_us();
    const usec deadline = deadline_after(start, timeout);
    usec passed = 0;
    while (!m->waiting && !m->stopped && passed < timeout) {
        usec until = deadline;
        if (m->pausing) {
            until = i64_min(until, deadline_after(start, m->pauses[0].until - now));
        }
        sleep_on(m, &m->has_jobs, &m->takers, until);
        passed = time_monotonic_us() - start;
        end_pauses(m, now + passed);
    }
}

static bool memory_take(struct queue *q, struct job **jobs, int max, usec now, usec timeout,
                        int *ret_count, struct error *err) {
    struct memory_queue *m = self(q);
    int n = 0;
    lock(m);
    wait_for_jobs(m, now, timeout);
    while (n < max && m->waiting) {
        jobs[n] = pop_waiting(m);
        jobs[n++]->attempt++;
    }
    m->taken += n;
    const bool over = n == 0 && m->stopped;
    const bool wake = m->waiting > 0 && m->takers > 0;
    unlock(m);
    if (wake) pthread_cond_signal(&m->has_jobs);
    if (over) return fail(err, ERR_STATE, 0, "the queue is stopped and empty");
    *ret_count = n;
    return true;
}

/* -- giving back ----------------------------------------------------------------------------- */

static bool memory_ack(struct queue *q, struct job *job, struct error *err) {
    struct memory_queue *m = self(q);
    (void)err;
    lock(m);
    PRE(m->taken > 0);
    m->taken--;
    m->acked++;
    const bool wake = m->putters > 0;
    unlock(m);
    if (wake) pthread_cond_signal(&m->has_room);
    job_free(job);
    return true;
}

/* Half of the doubled pause is fixed, half is chance: jobs that failed together part. */
static usec backoff(struct memory_queue *m, int attempt) {
    usec full = i64_max(m->opt.backoff, 1);
    for (int i = 1; i < attempt && full < BACKOFF_US_MAX; i++) full *= 2;
    full = i64_min(full, BACKOFF_US_MAX);
    return full / 2 + rng_between(&m->rng, 0, full - full / 2);
}

static bool memory_retry(struct queue *q, struct job *job, str why, usec now, bool *ret_dead,
                         struct error *err) {
    struct memory_queue *m = self(q);
    (void)err;
    IGNORE(str_copyz(why, job->last_error, sizeof job->last_error), "a shorter reason will do");
    lock(m);
    PRE(m->taken > 0);
    m->taken--;
    const bool dead = job->attempt >= m->opt.max_attempts;
    if (dead)
        m->dead++;
    else {
        m->retried++;
        push_pause(m, (struct pause){now + backoff(m, job->attempt), job});
    }
    const bool wake_taker = !dead && m->takers > 0;
    const bool wake_putter = dead && m->putters > 0;
    unlock(m);
    if (wake_taker) pthread_cond_signal(&m->has_jobs); /* to sleep until the pause's end instead */
    if (wake_putter) pthread_cond_signal(&m->has_room);
    *ret_dead = dead;
    return true;
}

/* -- the rest -------------------------------------------------------------------------------- */

static void memory_stop(struct queue *q) {
    struct memory_queue *m = self(q);
    lock(m);
    m->stopped = true;
    unlock(m);
    pthread_cond_broadcast(&m->has_jobs);
    pthread_cond_broadcast(&m->has_room);
}

static void memory_stats(struct queue *q, struct queue_stats *ret) {
    struct memory_queue *m = self(q);
    lock(m);
    *ret = (struct queue_stats){
        .waiting = m->waiting,
        .delayed = m->pausing,
        .taken = m->taken,
        .enqueued = m->last_id,
        .acked = m->acked,
        .retried = m->retried,
        .dead = m->dead,
        .oldest = m->waiting ? m->ring[m->head]->enqueued_at : 0,
    };
    unlock(m);
}

static void memory_close(struct queue *q) {
    struct memory_queue *m = self(q);
    PRE(m->takers == 0 && m->putters == 0);
    while (m->waiting) job_free(pop_waiting(m));
    while (m->pausing) job_free(pop_pause(m));
    pthread_cond_destroy(&m->has_jobs);
    pthread_cond_destroy(&m->has_room);
    pthread_mutex_destroy(&m->mutex);
    free(m->ring);
    free(m->pauses);
    free(m);
}

static const struct queue_ops memory_ops = {
    .name = "memory",
    .put = memory_put,
    .take = memory_take,
    .ack = memory_ack,
    .retry = memory_retry,
    .stop = memory_stop,
    .stats = memory_stats,
    .close = memory_close,
};

static void make_conditions(struct memory_queue *m) {
    pthread_condattr_t attr;
    int rc = pthread_mutex_init(&m->mutex, NULL);
    POST(rc == 0);
    rc = pthread_condattr_init(&attr);
    POST(rc == 0);
    rc = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    POST(rc == 0);
    rc = pthread_cond_init(&m->has_jobs, &attr);
    POST(rc == 0);
    rc = pthread_cond_init(&m->has_room, &attr);
    POST(rc == 0);
    pthread_condattr_destroy(&attr);
}

bool memory_queue_open(const struct queue_options *opt, struct queue **ret, struct error *err) {
    if (opt->capacity < 1 || opt->max_attempts < 1) {
        return fail(err, ERR_CONFIG, 0, "queue.capacity and queue.max_attempts must be 1 or more");
    }
    struct memory_queue *m = calloc(1, sizeof *m);
    POST(m != NULL);
    m->base.ops = &memory_ops;
    m->opt = *opt;
    m->ring = calloc((size_t)opt->capacity, sizeof *m->ring);
    POST(m->ring != NULL);
    m->pauses = calloc((size_t)opt->capacity, sizeof *m->pauses);
    POST(m->pauses != NULL);
    rng_init(&m->rng, opt->seed);
    make_conditions(m);
    *ret = &m->base;
    return true;
}
