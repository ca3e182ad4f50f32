/* Jobs into Redis, and jobs given back: put, acknowledge, retry, keep, release.
 *
 * In: jobs of the caller. Out: entries. Everything goes over the main connection, in turn. A batch
 * is put by one script a chunk, which looks at the capacity first: so all producers together never
 * exceed it. A producer that finds no room asks again after a pause that grows, or as soon as this
 * process has acknowledged something.
 *
 * What is acknowledged goes to the list `done`, and the whole list is sent: threads that finish at
 * the same time share a round trip, and what cannot be sent now goes with the next call.
 *
 * Failure: see queue.h. A job whose retry could not be told stays in its consumer's hands in Redis,
 * and comes again when it has been idle for long enough. Threads: any. */
#include <errno.h>
#include <stdlib.h>

#include "queue/redis_int.h"

#define CHUNK_BYTES (1 << 20) /* of payloads in one command, as long as there is more than one */
#define PAUSE_LEAST USEC_PER_MS
#define PAUSE_MOST (100 * USEC_PER_MS)

/* --- putting ------------------------------------------------------------------------------ */

struct chunk {
    const struct job_put *v;
    int count;
    usec now;
};

static int chunk_count(const struct job_put *v, int count) {
    ptrdiff_t bytes = 0;
    int n = 0;
    while (n < count && n < REDIS_CHUNK && (n == 0 || bytes + v[n].payload.n <= CHUNK_BYTES))
        bytes += v[n++].payload.n;
    return n;
}

static void job_word(struct redis_conn *n, const struct redis_job_text *j) {
    redis_word_begin(n, redis_job_bytes(j));
    redis_job_put(j, &n->out);
    redis_word_end(n);
}

static void build_put(struct redis_queue *q, void *ctx) {
    const struct chunk *c = ctx;
    struct redis_conn *n = &q->main;
    redis_cmd_script(n, SCRIPT_PUT, q->keys, KEY_EPOCH + 1, 2 + 2 * c->count);
    redis_lock(&q->mutex);
    redis_word_z(n, q->epoch);
    redis_unlock(&q->mutex);
    redis_word_i64(n, q->opt.capacity);
    for (int i = 0; i < c->count; i++) {
        const struct redis_job_text j = {.at = c->now, .payload = c->v[i].payload};
        redis_word(n, c->v[i].kind == JOB_FRESH ? STR("f") : STR("l"));
        job_word(n, &j);
    }
}

/* One chunk. *ret: how many of it found room. */
static bool put_chunk(struct redis_queue *q, struct chunk *c, int *ret, struct error *err) {
    redisReply *r;
    redis_lock(&q->io);
    bool ok = redis_call(q, build_put, c, &r, err);
    if (ok) {
        ok = r->type == REDIS_REPLY_INTEGER && r->integer >= 0 && r->integer <= c->count;
        if (ok)
            *ret = (int)r->integer;
        else
            IGNORE(redis_nonsense(&q->main, err), "returned below");
        freeReplyObject(r);
    }
    redis_unlock(&q->io);
    return ok;
}

/* Sleeps until something was acknowledged here, or `until`. False: stopped. */
static bool wait_for_change(struct redis_queue *q, usec until) {
    const struct timespec ts = {until / USEC_PER_S, until % USEC_PER_S * 1000};
    redis_lock(&q->mutex);
    if (!q->stopped) {
        const int rc = pthread_cond_timedwait(&q->changed, &q->mutex, &ts);
        POST(rc == 0 || rc == ETIMEDOUT);
    }
    const bool stopped = q->stopped;
    redis_unlock(&q->mutex);
    return !stopped;
}

static bool is_stopped(struct redis_queue *q) {
    redis_lock(&q->mutex);
    const bool stopped = q->stopped;
    redis_unlock(&q->mutex);
    return stopped;
}

static void count_enqueued(struct redis_queue *q, int n) {
    redis_lock(&q->mutex);
    q->enqueued += n;
    redis_unlock(&q->mutex);
}

bool redis_put_many(struct queue *base, const struct job_put *v, int count, usec now, usec timeout,
                    int *ret_put, struct error *err) {
    struct redis_queue *q = redis_self(base);
    const usec deadline = queue_deadline(time_monotonic_us(), timeout);
    usec pause = PAUSE_LEAST;
    bool stopped = is_stopped(q);
    for (int put = 0; put < count && !stopped;) {
        struct chunk c = {v + put, chunk_count(v + put, count - put), now};
        int n = 0;
        const bool ok = put_chunk(q, &c, &n, err);
        if (!ok && err->code != ERR_FULL) return false;
        put += n;
        *ret_put = put;
        count_enqueued(q, n);
        if (n == c.count) continue;
        if (ok)
            IGNORE(fail(err, ERR_FULL, 0, "the queue is full (%d jobs): its readers do not keep up",
                        q->opt.capacity),
                   "returned when the time is over");
        const usec clock = time_monotonic_us();
        if (clock >= deadline) return false;
        pause = n > 0 ? PAUSE_LEAST : i64_min(2 * pause, PAUSE_MOST);
        stopped = !wait_for_change(q, i64_min(clock + pause, deadline));
    }
    return !stopped || fail(err, ERR_STATE, 0, "the queue is stopped");
}

/* --- acknowledging ------------------------------------------------------------------------ */

void redis_done_add(struct redis_queue *q, const struct redis_entry *e) {
    if (q->done_count == q->done_room) {
        q->done_room = q->done_room ? 2 * q->done_room : REDIS_CHUNK;
        q->done = realloc(q->done, (size_t)q->done_room * sizeof *q->done);
        POST(q->done != NULL);
    }
    q->done[q->done_count++] = *e;
}

static void build_done(struct redis_queue *q, void *ctx) {
    int *const count = ctx;
    struct redis_conn *n = &q->main;
    char block[REDIS_ENTRY_BYTES];
    int fresh = 0;
    redis_lock(&q->mutex);
    *count = (int)i64_min(q->done_count, REDIS_CHUNK);
    for (int i = 0; i < *count; i++) fresh += q->done[i].stream == JOB_FRESH;
    redis_cmd_script(n, SCRIPT_DONE, q->keys, JOB_LATE + 1, 2 + *count);
    redis_word(n, STR(REDIS_GROUP));
    redis_word_i64(n, fresh);
    for (int kind = JOB_FRESH; kind <= JOB_LATE; kind++)
        for (int i = 0; i < *count; i++)
            if ((int)q->done[i].stream == kind)
                redis_word(n, redis_entry_format(&q->done[i], block));
    redis_unlock(&q->mutex);
}

/* Sends the first of `done`; *ret_left: are there more? io is held. */
static bool send_done(struct redis_queue *q, bool *ret_left, struct error *err) {
    redisReply *r;
    int count = 0;
    if (!redis_call(q, build_done, &count, &r, err)) return false;
    freeReplyObject(r);
    redis_lock(&q->mutex);
    q->done_count -= count;
    if (count > 0) memmove(q->done, q->done + count, (size_t)q->done_count * sizeof *q->done);
    *ret_left = q->done_count > 0;
    redis_unlock(&q->mutex);
    pthread_cond_broadcast(&q->changed);
    return true;
}

bool redis_flush_done(struct redis_queue *q, struct error *err) {
    bool ok = true;
    redis_lock(&q->mutex);
    bool left = q->done_count > 0;
    redis_unlock(&q->mutex);
    if (!left) return true;
    redis_lock(&q->io);
    while (ok && left) ok = send_done(q, &left, err);
    redis_unlock(&q->io);
    return ok;
}

bool redis_ack_many(struct queue *base, struct job *const *jobs, int count, struct error *err) {
    struct redis_queue *q = redis_self(base);
    redis_lock(&q->mutex);
    for (int i = 0; i < count; i++) {
        struct redis_job *j = redis_job_self(jobs[i]);
        redis_hands_remove(q, j);
        redis_done_add(q, &j->at);
    }
    q->acked += count;
    redis_unlock(&q->mutex);
    for (int i = 0; i < count; i++) free(redis_job_self(jobs[i]));
    return redis_flush_done(q, err);
}

/* --- trying again ------------------------------------------------------------------------- */

struct again {
    struct redis_job *job;
    usec until;
};

static void build_retry(struct redis_queue *q, void *ctx) {
    const struct again *a = ctx;
    const struct job *b = &a->job->base;
    struct redis_conn *n = &q->main;
    char block[REDIS_ENTRY_BYTES];
    const struct redis_job_text text = {.tries = b->attempt,
                                        .at = b->enqueued_at,
                                        .id = b->id,
                                        .note = str_from_z(b->note),
                                        .payload = {b->payload, b->payload_bytes}};
    redis_cmd_script(n, SCRIPT_RETRY, q->keys, KEY_DELAYED + 1, 5);
    redis_word(n, STR(REDIS_GROUP));
    redis_word_i64(n, a->job->at.stream + 1);
    redis_word(n, redis_entry_format(&a->job->at, block));
    redis_word_i64(n, a->until);
    job_word(n, &text);
}

bool redis_retry(struct queue *base, struct job *job, str note, usec now, bool *ret_dead,
                 struct error *err) {
    struct redis_queue *q = redis_self(base);
    struct again a = {.job = redis_job_self(job)};
    redisReply *r;
    IGNORE(str_copyz(note, job->note, sizeof job->note), "as it is told");
    const bool dead = job->attempt >= q->opt.max_attempts;
    *ret_dead = dead;
    redis_lock(&q->mutex);
    if (dead)
        q->dead++;
    else
        a.until = now + queue_pause(&q->opt, job->attempt, &q->rng);
    redis_unlock(&q->mutex);
    if (dead) return true;

    redis_lock(&q->io);
    const bool ok = redis_call(q, build_retry, &a, &r, err);
    redis_unlock(&q->io);
    if (ok) freeReplyObject(r);
    redis_lock(&q->mutex);
    redis_hands_remove(q, a.job);
    q->retried++;
    if (ok) redis_wake_one(q);
    redis_unlock(&q->mutex);
    free(a.job);
    return ok;
}

/* --- keeping and releasing ---------------------------------------------------------------- */

struct kept {
    struct job *const *jobs;
    int count;
    bool release; /* for others, as if it had never been taken */
};

static void build_keep(struct redis_queue *q, void *ctx) {
    const struct kept *k = ctx;
    struct redis_conn *n = &q->main;
    redis_cmd_script(n, SCRIPT_KEEP, q->keys, JOB_LATE + 1, 2 + 4 * k->count);
    redis_word(n, STR(REDIS_GROUP));
    redis_word_i64(n, k->release ? q->redis.claim_after / USEC_PER_MS + 1 : 0);
    for (int i = 0; i < k->count; i++) {
        const struct redis_job *j = redis_job_self(k->jobs[i]);
        char block[REDIS_ENTRY_BYTES];
        redis_word_i64(n, j->at.stream + 1);
        redis_word_z(n, j->taker->name);
        redis_word(n, redis_entry_format(&j->at, block));
        if (k->release)
            redis_word_i64(n, j->deliveries - 1);
        else
            redis_word(n, STR(""));
    }
}

/* io is held. */
static bool keep_all(struct redis_queue *q, struct job *const *jobs, int count, bool release,
                     struct error *err) {
    for (int at = 0; at < count; at += REDIS_CHUNK) {
        struct kept k = {jobs + at, (int)i64_min(count - at, REDIS_CHUNK), release};
        redisReply *r;
        if (!redis_call(q, build_keep, &k, &r, err)) return false;
        freeReplyObject(r);
    }
    return true;
}

bool redis_keep(struct queue *base, struct job *const *jobs, int count, usec now,
                struct error *err) {
    struct redis_queue *q = redis_self(base);
    (void)now; /* idle times are Redis' own */
    redis_lock(&q->io);
    const bool ok = keep_all(q, jobs, count, false, err);
    redis_unlock(&q->io);
    return ok;
}

void redis_release(struct redis_queue *q) {
    struct error err;
    bool ok = true, left = true;
    if (q->takers == NULL && q->done_count == 0) return;
    redis_lock(&q->io);
    for (struct redis_job *j = q->hands; ok && j != NULL;) {
        struct job *some[REDIS_CHUNK];
        int n = 0;
        for (; n < REDIS_CHUNK && j != NULL; j = j->next) some[n++] = &j->base;
        ok = keep_all(q, some, n, true, &err);
    }
    while (ok && left) ok = send_done(q, &left, &err);
    IGNORE(ok && !redis_forget(q, true, &err), "others forget them later");
    redis_unlock(&q->io);
}
