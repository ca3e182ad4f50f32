/* The queue in memory: for everything in one process.
 *
 * In: payloads, copied. Out: jobs, fresh ones before late ones, each kind in the order of its
 * putting; a fresh one that waited too long goes to the end of the late ones, and so does one that
 * failed, after a pause that doubles with each try. `capacity` bounds all unfinished jobs together
 * (waiting, pausing, taken): so there is always room for a job to come back, and sources are slowed
 * by readers that do not keep up. Nothing here survives the process: the store is the truth, a
 * sweeper queues again what it says is unfinished. Who takes jobs lives as long as the queue, so
 * nothing is ever taken from him: queue_keep has nothing to do.
 *
 * One mutex, held for a few instructions; two condition variables on the monotonic clock, signalled
 * outside the mutex and only when somebody waits, so that a hand-over costs one futex wake and a
 * batch that is there already costs none. Waiting is in real time; `now` is the caller's clock and
 * only dates jobs and decides which pauses are over (a virtual clock works with timeout 0).
 * Invariants: waiting + pausing + taken <= capacity; each job is in exactly one of the three.
 * Thread-safe, but for close: nobody may be inside any more. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "queue/queue_int.h"

#define KINDS 2
#define CHUNK 64 /* jobs that are made outside the mutex, then put under it */

struct memory_job {
    struct job base;
    struct memory_job *prev, *next; /* while it is taken */
};

/* Waiting: `count` jobs from `head` on, over `capacity` places. */
struct ring {
    struct memory_job **v;
    int head, count;
};

struct pause {
    usec until;
    struct memory_job *job;
};

struct memory_queue {
    struct queue base;
    struct queue_options opt;
    pthread_mutex_t mutex;
    pthread_cond_t has_jobs, has_room;
    int takers, putters; /* asleep on the two */
    bool stopped;
    struct ring waiting[KINDS];
    struct pause *pauses; /* a binary heap, soonest first */
    int pausing;
    struct memory_job *hands; /* those that are taken */
    int taken;
    int64_t last_id, acked, retried, dead;
    struct rng rng;
};

static struct memory_queue *self(struct queue *q) { return (struct memory_queue *)(void *)q; }
static struct memory_job *job_self(struct job *j) { return (struct memory_job *)(void *)j; }

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

/* -- waiting and pausing jobs (the mutex is held) -------------------------------------------- */

static int waiting(const struct memory_queue *m) {
    return m->waiting[JOB_FRESH].count + m->waiting[JOB_LATE].count;
}

static void push_waiting(struct memory_queue *m, struct memory_job *job) {
    struct ring *r = &m->waiting[job->base.kind];
    PRE(r->count < m->opt.capacity);
    r->v[(r->head + r->count++) % m->opt.capacity] = job;
}

static struct memory_job *pop_waiting(struct memory_queue *m, job_kind kind) {
    struct ring *r = &m->waiting[kind];
    PRE(r->count > 0);
    struct memory_job *job = r->v[r->head];
    r->head = (r->head + 1) % m->opt.capacity;
    r->count--;
    return job;
}

/* When the next of a kind was put; USEC_NEVER: there is none. */
static usec next_at(const struct memory_queue *m, job_kind kind) {
    const struct ring *r = &m->waiting[kind];
    return r->count ? r->v[r->head]->base.enqueued_at : USEC_NEVER;
}

/* By time, then by id: the same order whatever the heap looked like. */
static bool sooner(const struct pause *a, const struct pause *b) {
    return a->until != b->until ? a->until < b->until : a->job->base.id < b->job->base.id;
}

static void push_pause(struct memory_queue *m, struct pause p) {
    PRE(m->pausing < m->opt.capacity);
    int i = m->pausing++;
    for (; i > 0 && sooner(&p, &m->pauses[(i - 1) / 2]); i = (i - 1) / 2) {
        m->pauses[i] = m->pauses[(i - 1) / 2];
    }
    m->pauses[i] = p;
}

static struct memory_job *pop_pause(struct memory_queue *m) {
    struct memory_job *job = m->pauses[0].job;
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

/* What was fresh and waited too long goes behind what is late. */
static void age(struct memory_queue *m, usec now) {
    while (m->waiting[JOB_FRESH].count && queue_is_late(&m->opt, next_at(m, JOB_FRESH), now)) {
        struct memory_job *job = pop_waiting(m, JOB_FRESH);
        job->base.kind = JOB_LATE;
        push_waiting(m, job);
    }
}

/* -- taken jobs (the mutex is held) ---------------------------------------------------------- */

static void into_hands(struct memory_queue *m, struct memory_job *job) {
    job->prev = NULL;
    job->next = m->hands;
    if (m->hands) m->hands->prev = job;
    m->hands = job;
    m->taken++;
}

static void out_of_hands(struct memory_queue *m, struct memory_job *job) {
    PRE(m->taken > 0);
    if (job->prev)
        job->prev->next = job->next;
    else
        m->hands = job->next;
    if (job->next) job->next->prev = job->prev;
    m->taken--;
}

/* -- putting --------------------------------------------------------------------------------- */

/* Job and payload in one block, so that one free() ends both. A NUL follows the payload. */
static struct memory_job *make_job(const struct job_put *put, usec now) {
    struct memory_job *job = malloc(sizeof *job + (size_t)put->payload.n + 1);
    POST(job != NULL);
    *job = (struct memory_job){
        .base = {.kind = put->kind, .enqueued_at = now, .payload_bytes = put->payload.n}};
    job->base.payload = (char *)(job + 1);
    if (put->payload.n) memcpy(job->base.payload, put->payload.p, (size_t)put->payload.n);
    job->base.payload[put->payload.n] = 0;
    return job;
}

static bool has_room(const struct memory_queue *m) {
    return waiting(m) + m->pausing + m->taken < m->opt.capacity;
}

/* Until there is room, the queue is stopped, or `deadline` (monotonic; 0: no waiting). */
static void wait_for_room(struct memory_queue *m, usec deadline) {
    while (!m->stopped && !has_room(m) && time_monotonic_us() < deadline)
        sleep_on(m, &m->has_room, &m->putters, deadline);
}

/* Puts as many as there is room for, which it waits for. Returns how many. */
static int put_chunk(struct memory_queue *m, struct memory_job **jobs, int count, usec deadline,
                     bool *ret_stopped) {
    int n = 0;
    lock(m);
    for (; n < count; n++) {
        if (!m->stopped && !has_room(m) && deadline > 0) {
            /* what is in already must not wait for the rest of its batch */
            if (n > 0 && m->takers > 0) pthread_cond_signal(&m->has_jobs);
            wait_for_room(m, deadline);
        }
        if (m->stopped || !has_room(m)) break;
        jobs[n]->base.id = ++m->last_id;
        push_waiting(m, jobs[n]);
    }
    *ret_stopped = m->stopped;
    const bool wake = n > 0 && m->takers > 0;
    unlock(m);
    if (wake) pthread_cond_signal(&m->has_jobs);
    return n;
}

static bool memory_put_many(struct queue *q, const struct job_put *v, int count, usec now,
                            usec timeout, int *ret_put, struct error *err) {
    struct memory_queue *m = self(q);
    const usec deadline = timeout > 0 ? queue_deadline(time_monotonic_us(), timeout) : 0;
    int put = 0;
    while (put < count) {
        struct memory_job *jobs[CHUNK];
        const int want = (int)i64_min(count - put, CHUNK);
        bool stopped;
        for (int i = 0; i < want; i++) jobs[i] = make_job(&v[put + i], now);
        const int n = put_chunk(m, jobs, want, deadline, &stopped);
        for (int i = n; i < want; i++) free(jobs[i]);
        put += n;
        *ret_put = put;
        if (n == want) continue;
        if (stopped) return fail(err, ERR_STATE, 0, "the queue is stopped");
        return fail(err, ERR_FULL, 0, "the queue is full (%d jobs): its readers do not keep up",
                    m->opt.capacity);
    }
    return true;
}

/* -- taking ---------------------------------------------------------------------------------- */

/* Waits until a job can be taken, the queue is stopped and empty, or the time is over. */
static void wait_for_jobs(struct memory_queue *m, usec now, usec timeout) {
    end_pauses(m, now);
    if (waiting(m) || m->stopped || timeout == 0) return;
    const usec start = time_monotonic_us();
    const usec deadline = queue_deadline(start, timeout);
    usec passed = 0;
    while (!waiting(m) && !m->stopped && passed < timeout) {
        usec until = deadline;
        if (m->pausing) {
            until = i64_min(until, queue_deadline(start, m->pauses[0].until - now));
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
    age(m, now);
    while (n < max && waiting(m)) {
        const job_kind kind = m->waiting[JOB_FRESH].count ? JOB_FRESH : JOB_LATE;
        struct memory_job *job = pop_waiting(m, kind);
        job->base.attempt++;
        into_hands(m, job);
        jobs[n++] = &job->base;
    }
    const bool over = n == 0 && m->stopped;
    const bool wake = waiting(m) > 0 && m->takers > 0;
    unlock(m);
    if (wake) pthread_cond_signal(&m->has_jobs);
    if (over) return fail(err, ERR_STATE, 0, "the queue is stopped and empty");
    *ret_count = n;
    return true;
}

/* -- giving back ----------------------------------------------------------------------------- */

static bool memory_ack_many(struct queue *q, struct job *const *jobs, int count,
                            struct error *err) {
    struct memory_queue *m = self(q);
    (void)err;
    lock(m);
    for (int i = 0; i < count; i++) out_of_hands(m, job_self(jobs[i]));
    m->acked += count;
    const bool wake = m->putters > 0;
    unlock(m);
    if (wake && count == 1) pthread_cond_signal(&m->has_room);
    if (wake && count > 1) pthread_cond_broadcast(&m->has_room);
    for (int i = 0; i < count; i++) free(job_self(jobs[i]));
    return true;
}

static bool memory_retry(struct queue *q, struct job *base, str note, usec now, bool *ret_dead,
                         struct error *err) {
    struct memory_queue *m = self(q);
    struct memory_job *job = job_self(base);
    (void)err;
    IGNORE(str_copyz(note, base->note, sizeof base->note), "as it is told");
    lock(m);
    const bool dead = base->attempt >= m->opt.max_attempts;
    if (dead)
        m->dead++;
    else {
        m->retried++;
        out_of_hands(m, job);
        base->kind = JOB_LATE;
        push_pause(m, (struct pause){now + queue_pause(&m->opt, base->attempt, &m->rng), job});
    }
    const bool wake = !dead && m->takers > 0;
    unlock(m);
    if (wake) pthread_cond_signal(&m->has_jobs); /* to sleep until the pause's end instead */
    *ret_dead = dead;
    return true;
}

/* -- the rest -------------------------------------------------------------------------------- */

static bool memory_keep(struct queue *q, struct job *const *jobs, int count, usec now,
                        struct error *err) {
    (void)q, (void)jobs, (void)count, (void)now, (void)err;
    return true;
}

static bool memory_ping(struct queue *q, usec now, struct error *err) {
    struct memory_queue *m = self(q);
    (void)err;
    lock(m);
    end_pauses(m, now);
    const bool wake = waiting(m) > 0 && m->takers > 0;
    unlock(m);
    if (wake) pthread_cond_signal(&m->has_jobs);
    return true;
}

static bool memory_lost(struct queue *q) {
    (void)q;
    return false;
}

/* When the oldest in hands was put; 0: none is. */
static usec oldest_taken(const struct memory_queue *m) {
    usec oldest = USEC_NEVER;
    for (const struct memory_job *j = m->hands; j != NULL; j = j->next)
        oldest = i64_min(oldest, j->base.enqueued_at);
    return m->hands != NULL ? oldest : 0;
}

static bool memory_stats(struct queue *q, struct queue_stats *ret, struct error *err) {
    struct memory_queue *m = self(q);
    (void)err;
    lock(m);
    *ret = (struct queue_stats){
        .fresh = m->waiting[JOB_FRESH].count,
        .late = m->waiting[JOB_LATE].count,
        .delayed = m->pausing,
        .taken = m->taken,
        .oldest = waiting(m) ? i64_min(next_at(m, JOB_FRESH), next_at(m, JOB_LATE)) : 0,
        .oldest_taken = oldest_taken(m),
        .consumers = m->takers,
        .memory_bytes = -1,
        .enqueued = m->last_id,
        .acked = m->acked,
        .retried = m->retried,
        .dead = m->dead,
    };
    unlock(m);
    return true;
}

static void memory_stop(struct queue *q) {
    struct memory_queue *m = self(q);
    lock(m);
    m->stopped = true;
    unlock(m);
    pthread_cond_broadcast(&m->has_jobs);
    pthread_cond_broadcast(&m->has_room);
}

static void memory_close(struct queue *q) {
    struct memory_queue *m = self(q);
    PRE(m->takers == 0 && m->putters == 0);
    for (int kind = 0; kind < KINDS; kind++) {
        while (m->waiting[kind].count) free(pop_waiting(m, (job_kind)kind));
        free(m->waiting[kind].v);
    }
    while (m->pausing) free(pop_pause(m));
    while (m->hands) {
        struct memory_job *job = m->hands;
        out_of_hands(m, job);
        free(job);
    }
    pthread_cond_destroy(&m->has_jobs);
    pthread_cond_destroy(&m->has_room);
    pthread_mutex_destroy(&m->mutex);
    free(m->pauses);
    free(m);
}

static const struct queue_ops memory_ops = {
    .name = "memory",
    .put_many = memory_put_many,
    .take = memory_take,
    .ack_many = memory_ack_many,
    .retry = memory_retry,
    .keep = memory_keep,
    .ping = memory_ping,
    .lost = memory_lost,
    .stats = memory_stats,
    .stop = memory_stop,
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
    if (!queue_options_check(opt, err)) return false;
    struct memory_queue *m = calloc(1, sizeof *m);
    POST(m != NULL);
    m->base.ops = &memory_ops;
    m->opt = *opt;
    for (int kind = 0; kind < KINDS; kind++) {
        m->waiting[kind].v = calloc((size_t)opt->capacity, sizeof *m->waiting[kind].v);
        POST(m->waiting[kind].v != NULL);
    }
    m->pauses = calloc((size_t)opt->capacity, sizeof *m->pauses);
    POST(m->pauses != NULL);
    rng_init(&m->rng, opt->seed);
    make_conditions(m);
    *ret = &m->base;
    return true;
}
