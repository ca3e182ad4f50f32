/* Jobs out of Redis: what waits, what others left, and waiting for what comes.
 *
 * A thread that takes has a taker for the call: a connection and a consumer's name. It looks
 * (chores and fresh jobs in one round trip, late ones in a second), and where there is nothing it
 * waits in XREADGROUP BLOCK, for a second at most: then it looks again, since a pause may have
 * ended and a consumer may have died. While it waits, a byte in its eventfd makes it look at once;
 * Redis is told by CLIENT UNBLOCK over the main connection, so that no job is on its way to a
 * thread that has turned away.
 *
 * XREADGROUP with two streams gives up to COUNT of each; what is too much lies in the stash for the
 * next take. What was idle for claim_after in anybody's hands is taken over: XPENDING says what and
 * how often it was delivered, XCLAIM moves it if it still is (XAUTOCLAIM would not say how often).
 *
 * A connection that broke may have been about to bring entries: they are in this consumer's hands
 * in Redis and in nobody's here, and are fetched first when it is open again (look_back).
 *
 * An entry that is no job of ours is thrown away, with a word to people: it would come again for
 * ever. Failure: ERR_IO. Threads: any, each with a taker of its own. */
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "queue/redis_int.h"

#define PENDING_MOST 200                /* entries that one XPENDING tells of */
#define PUNCTUAL (2 * USEC_PER_MS)      /* that Redis may end a wait by itself */
#define UNBLOCK_EACH (20 * USEC_PER_MS) /* until Redis has heard of the wait that is to end */

struct take {
    struct redis_queue *q;
    struct redis_taker *t;
    struct job **jobs;
    int max, count;
    usec now;             /* the caller's clock; what has passed of waiting is added */
    usec start, deadline; /* monotonic */
    bool waited;
    usec due; /* when a pause ends, by the caller's clock; USEC_NEVER none known */
};

/* As the caller said it, until something was waited for. */
static usec now_of(const struct take *k) {
    return k->waited ? k->now + (time_monotonic_us() - k->start) : k->now;
}

/* --- hands and stash (the mutex is held) ---------------------------------------------------- */

void redis_hands_add(struct redis_queue *q, struct redis_job *j) {
    j->prev = NULL;
    j->next = q->hands;
    if (q->hands != NULL) q->hands->prev = j;
    q->hands = j;
}

void redis_hands_remove(struct redis_queue *q, struct redis_job *j) {
    if (j->prev != NULL)
        j->prev->next = j->next;
    else
        q->hands = j->next;
    if (j->next != NULL) j->next->prev = j->prev;
}

static bool same_entry(const struct redis_entry *a, const struct redis_entry *b) {
    return a->stream == b->stream && a->ms == b->ms && a->seq == b->seq;
}

/* Is it being worked on here, or done? */
static bool is_known(struct redis_queue *q, const struct redis_entry *e) {
    bool known = false;
    redis_lock(&q->mutex);
    for (const struct redis_job *j = q->hands; j != NULL && !known; j = j->next)
        known = same_entry(&j->at, e);
    for (int i = 0; i < q->done_count && !known; i++) known = same_entry(&q->done[i], e);
    redis_unlock(&q->mutex);
    return known;
}

static void take_stash(struct redis_queue *q, struct job **jobs, int max, int *ret_count) {
    int n = 0;
    while (n < max && q->stash != NULL) {
        struct redis_job *j = q->stash;
        q->stash = j->stash_next;
        if (q->stash == NULL) q->stash_end = NULL;
        j->stash_next = NULL;
        jobs[n++] = &j->base;
    }
    *ret_count = n;
}

/* --- takers ------------------------------------------------------------------------------- */

void redis_wake_one(struct redis_queue *q) {
    struct redis_taker *t = q->takers;
    while (t != NULL && !t->busy) t = t->next;
    if (t != NULL) IGNORE(eventfd_write(t->wake, 1) != 0, "it is full: it is awake");
}

void redis_taker_free(struct redis_taker *t) {
    redis_conn_fini(&t->conn);
    close(t->wake);
    free(t);
}

/* One that nobody has, or a new one. The mutex is held. */
static struct redis_taker *taker_get(struct redis_queue *q, struct error *err) {
    struct redis_taker *t = q->takers;
    while (t != NULL && t->busy) t = t->next;
    if (t == NULL) {
        const int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (wake < 0) {
            IGNORE(fail(err, ERR_LIMIT, 0, "no eventfd for a thread that takes jobs"), "told");
            return NULL;
        }
        t = calloc(1, sizeof *t);
        POST(t != NULL);
        *t = (struct redis_taker){.q = q, .next = q->takers, .wake = wake};
        redis_conn_init(&t->conn, &q->at);
        snprintf(t->name, sizeof t->name, "%s:%d", q->instance, ++q->taker_count);
        q->takers = t;
    }
    t->busy = true;
    return t;
}

static void taker_put(struct redis_taker *t) {
    redis_lock(&t->q->mutex);
    t->busy = false;
    redis_unlock(&t->q->mutex);
}

/* --- entries to jobs ------------------------------------------------------------------------ */

/* Acknowledged with the next that are. */
static void throw_away(struct redis_queue *q, const struct redis_entry *e) {
    char block[REDIS_ENTRY_BYTES];
    redis_lock(&q->mutex);
    redis_done_add(q, e);
    redis_unlock(&q->mutex);
    redis_notice(q, "entry " STR_FMT " of " STR_FMT " is no job of this program and is removed",
                 STR_ARG(redis_entry_format(e, block)), STR_ARG(q->keys[e->stream]));
}

static struct redis_job *job_make(const struct redis_queue *q, const struct redis_entry *at,
                                  const struct redis_job_text *text, int deliveries) {
    struct redis_job *j = malloc(sizeof *j + (size_t)text->payload.n + 1);
    POST(j != NULL);
    *j = (struct redis_job){.at = *at, .tries = text->tries, .deliveries = deliveries};
    struct job *b = &j->base;
    /* 20 bits for what came in one millisecond, one for the stream: more than unique enough */
    b->id = text->id != 0
                ? text->id
                : (int64_t)((at->ms << 21 | (at->seq & 0xfffff) << 1 | (at->stream == JOB_LATE)) &
                            INT64_MAX);
    b->kind = at->stream;
    b->attempt = (int)i64_min((int64_t)text->tries + deliveries, INT32_MAX);
    b->spent = b->attempt > q->opt.max_attempts;
    b->enqueued_at = text->at;
    b->payload = (char *)(j + 1);
    b->payload_bytes = text->payload.n;
    if (text->payload.n > 0) memcpy(b->payload, text->payload.p, (size_t)text->payload.n);
    b->payload[text->payload.n] = '\0';
    if (!str_copyz(text->note, b->note, sizeof b->note)) b->note[0] = '\0';
    return j;
}

static void job_add(struct take *k, struct redis_job *j) {
    struct redis_queue *q = k->q;
    j->taker = k->t;
    redis_lock(&q->mutex);
    redis_hands_add(q, j);
    if (k->count < k->max) {
        k->jobs[k->count++] = &j->base;
    } else {
        if (q->stash_end != NULL)
            q->stash_end->stash_next = j;
        else
            q->stash = j;
        q->stash_end = j;
    }
    redis_unlock(&q->mutex);
}

/* [id, [field, value]] */
static bool entry_add(struct take *k, job_kind stream, const redisReply *r, int deliveries) {
    struct redis_entry at = {.stream = stream};
    struct redis_job_text text;
    if (!redis_is_array(r, 2) || !redis_entry_parse(redis_str(r->element[0]), &at)) return false;
    const redisReply *fields = r->element[1];
    if (redis_is_array(fields, 2) && fields->elements == 2 &&
        str_eq(redis_str(fields->element[0]), STR("job")) &&
        redis_job_parse(redis_str(fields->element[1]), &text))
        job_add(k, job_make(k->q, &at, &text, deliveries));
    else
        throw_away(k->q, &at);
    return true;
}

/* What XREADGROUP gives: nothing, or [[stream, [entry...]]...]. */
static bool streams_add(struct take *k, const redisReply *r) {
    if (r->type == REDIS_REPLY_NIL) return true;
    if (!redis_is_array(r, 0)) return false;
    for (size_t i = 0; i < r->elements; i++) {
        const redisReply *s = r->element[i];
        if (!redis_is_array(s, 2) || !redis_is_array(s->element[1], 0)) return false;
        const job_kind kind =
            str_eq(redis_str(s->element[0]), k->q->keys[JOB_LATE]) ? JOB_LATE : JOB_FRESH;
        for (size_t e = 0; e < s->element[1]->elements; e++)
            if (!entry_add(k, kind, s->element[1]->element[e], 1)) return false;
    }
    return true;
}

/* --- what others left --------------------------------------------------------------------- */

struct pending {
    struct redis_entry at;
    int deliveries;
};

/* [[id, consumer, idle, deliveries]...] */
static bool pending_parse(const redisReply *r, job_kind stream, struct pending *v, int *ret) {
    if (!redis_is_array(r, 0) || r->elements > PENDING_MOST) return false;
    for (size_t i = 0; i < r->elements; i++) {
        const redisReply *e = r->element[i];
        v[i].at.stream = stream;
        if (!redis_is_array(e, 4) || !redis_entry_parse(redis_str(e->element[0]), &v[i].at))
            return false;
        v[i].deliveries = (int)i64_clamp(e->element[3]->integer, 0, INT32_MAX - 1);
    }
    *ret = (int)r->elements;
    return true;
}

static void cmd_pending(struct take *k, job_kind stream, usec idle, const char *from, bool own) {
    struct redis_conn *n = &k->t->conn;
    redis_cmd(n, 8 + own);
    redis_word(n, STR("XPENDING"));
    redis_word(n, k->q->keys[stream]);
    redis_word(n, STR(REDIS_GROUP));
    redis_word(n, STR("IDLE"));
    redis_word_i64(n, idle / USEC_PER_MS);
    redis_word_z(n, from);
    redis_word(n, STR("+"));
    redis_word_i64(n, PENDING_MOST);
    if (own) redis_word_z(n, k->t->name);
}

static void cmd_claim(struct take *k, const struct redis_entry *e, usec idle) {
    struct redis_conn *n = &k->t->conn;
    char block[REDIS_ENTRY_BYTES];
    redis_cmd(n, 6);
    redis_word(n, STR("XCLAIM"));
    redis_word(n, k->q->keys[e->stream]);
    redis_word(n, STR(REDIS_GROUP));
    redis_word_z(n, k->t->name);
    redis_word_i64(n, idle / USEC_PER_MS);
    redis_word(n, redis_entry_format(e, block));
}

/* Of one XCLAIM: nothing (somebody was faster), the entry, or nil: it is in hands, but no more in
 * the stream; Redis 7 forgets it by itself. */
static bool claimed_add(struct take *k, const redisReply *r, const struct pending *p) {
    if (!redis_is_array(r, 0)) return false;
    if (r->elements == 0) return true;
    if (r->element[0]->type == REDIS_REPLY_NIL) {
        redis_lock(&k->q->mutex);
        redis_done_add(k->q, &p->at);
        redis_unlock(&k->q->mutex);
        return true;
    }
    return entry_add(k, p->at.stream, r->element[0], p->deliveries + 1);
}

/* Moves those of the list, as long as there is room for them in this take. fresh: but not what
 * this process knows of. */
static bool claim_listed(struct take *k, const struct pending *v, int count, usec idle, bool fresh,
                         struct error *err) {
    const struct pending *asked[PENDING_MOST];
    int n = 0;
    for (int i = 0; i < count && n < k->max - k->count; i++) {
        if (fresh && is_known(k->q, &v[i].at)) continue;
        asked[n++] = &v[i];
        cmd_claim(k, &v[i].at, idle);
    }
    if (n == 0) return true;
    if (!redis_send(&k->t->conn, err)) return false;
    bool ok = true;
    for (int i = 0; i < n && ok; i++) {
        redisReply *r;
        if (!redis_expect(&k->t->conn, &r, err)) return false;
        ok = claimed_add(k, r, asked[i]);
        freeReplyObject(r);
    }
    return ok || redis_nonsense(&k->t->conn, err);
}

/* Takes over what was idle for so long in one stream. own: only what is in this taker's name;
 * fresh: not what this process knows of. */
static bool claim_stream(struct take *k, job_kind stream, usec idle, bool own, bool fresh,
                         struct error *err) {
    char from[REDIS_ENTRY_BYTES + 1] = "-";
    for (int n = PENDING_MOST; n == PENDING_MOST && k->count < k->max;) {
        struct pending v[PENDING_MOST];
        char block[REDIS_ENTRY_BYTES];
        redisReply *r;
        cmd_pending(k, stream, idle, from, own);
        if (!redis_send(&k->t->conn, err) || !redis_next(&k->t->conn, &r, err)) return false;
        const bool refused = r->type == REDIS_REPLY_ERROR;
        const bool mended = refused && redis_mend(k->q, &k->t->conn, r, err);
        const bool ok = !refused && pending_parse(r, stream, v, &n);
        freeReplyObject(r);
        if (refused) return mended; /* a stream that is new has nothing that was left */
        if (!ok) return redis_nonsense(&k->t->conn, err);
        if (!claim_listed(k, v, n, idle, fresh, err)) return false;
        if (n > 0)
            snprintf(from, sizeof from, "(" STR_FMT,
                     STR_ARG(redis_entry_format(&v[n - 1].at, block)));
    }
    return true;
}

static bool claim(struct take *k, usec idle, bool own, bool fresh, struct error *err) {
    return claim_stream(k, JOB_FRESH, idle, own, fresh, err) &&
           claim_stream(k, JOB_LATE, idle, own, fresh, err);
}

/* Is it this taker's turn to look for what others left? */
static bool is_claim_time(struct redis_queue *q) {
    const usec clock = time_monotonic_us();
    redis_lock(&q->mutex);
    const bool due = clock >= q->claim_at;
    if (due) q->claim_at = clock + i64_min(q->redis.claim_after / 4, REDIS_WAKE);
    redis_unlock(&q->mutex);
    return due;
}

/* What this consumer, or anybody, has in his hands and does not work on. */
static bool take_left(struct take *k, struct error *err) {
    struct redis_queue *q = k->q;
    if (k->t->look_back) {
        if (!claim(k, 0, true, true, err)) return false;
        k->t->look_back = k->count == k->max;
    }
    redis_lock(&q->mutex);
    const bool backlog = q->backlog;
    redis_unlock(&q->mutex);
    if (backlog && k->count < k->max) {
        if (!claim(k, 0, false, true, err)) return false;
        redis_lock(&q->mutex);
        q->backlog = k->count == k->max;
        redis_unlock(&q->mutex);
    }
    if (k->count < k->max && is_claim_time(q)) {
        const int before = k->count;
        if (!claim(k, q->redis.claim_after, false, false, err)) return false;
        redis_lock(&q->mutex);
        q->reclaimed += k->count - before;
        redis_unlock(&q->mutex);
    }
    return true;
}

/* --- what waits --------------------------------------------------------------------------- */

static void cmd_read(struct take *k, int count, bool fresh, bool late, usec block) {
    struct redis_conn *n = &k->t->conn;
    redis_cmd(n, 7 + (block > 0 ? 2 : 0) + 2 * (fresh + late));
    redis_word(n, STR("XREADGROUP"));
    redis_word(n, STR("GROUP"));
    redis_word(n, STR(REDIS_GROUP));
    redis_word_z(n, k->t->name);
    redis_word(n, STR("COUNT"));
    redis_word_i64(n, count);
    if (block > 0) {
        redis_word(n, STR("BLOCK"));
        redis_word_i64(n, (block + USEC_PER_MS - 1) / USEC_PER_MS);
    }
    redis_word(n, STR("STREAMS"));
    if (fresh) redis_word(n, k->q->keys[JOB_FRESH]);
    if (late) redis_word(n, k->q->keys[JOB_LATE]);
    for (int i = 0; i < fresh + late; i++) redis_word(n, STR(">"));
}

/* An answer to XREADGROUP: jobs, or something to mend (*ret_again). */
static bool read_heard(struct take *k, redisReply *r, bool *ret_again, struct error *err) {
    bool ok;
    *ret_again = false;
    if (r->type == REDIS_REPLY_ERROR) {
        ok = redis_mend(k->q, &k->t->conn, r, err);
        *ret_again = ok;
    } else {
        ok = streams_add(k, r) || redis_nonsense(&k->t->conn, err);
    }
    freeReplyObject(r);
    return ok;
}

static void cmd_tend(struct take *k) {
    struct redis_conn *n = &k->t->conn;
    const usec now = now_of(k);
    redis_cmd_script(n, SCRIPT_TEND, k->q->keys, KEY_DELAYED + 1, 4);
    redis_word(n, STR(REDIS_GROUP));
    redis_word_i64(n, now);
    if (k->q->opt.fresh_for > 0)
        redis_word_i64(n, now - k->q->opt.fresh_for);
    else
        redis_word(n, STR(""));
    redis_word_i64(n, REDIS_TEND_MOST);
}

usec redis_due(const redisReply *r) {
    int64_t due = USEC_NEVER;
    if (r->type != REDIS_REPLY_STRING) return USEC_NEVER;
    return str_to_i64(redis_str(r), &due) ? due : USEC_NEVER;
}

/* Chores, then fresh jobs, in one round trip; late ones where there is room. */
static bool look(struct take *k, bool *ret_again, struct error *err) {
    struct redis_conn *n = &k->t->conn;
    redisReply *tended, *r;
    cmd_tend(k);
    cmd_read(k, k->max - k->count, true, false, 0);
    if (!redis_send(n, err) || !redis_next(n, &tended, err)) return false;
    k->due = redis_due(tended);
    const bool refused = tended->type == REDIS_REPLY_ERROR;
    if (!redis_next(n, &r, err)) {
        freeReplyObject(tended);
        return false;
    }
    bool ok = read_heard(k, r, ret_again, err);
    if (ok && refused && !*ret_again) {
        ok = redis_mend(k->q, n, tended, err);
        *ret_again = ok && k->count == 0;
    }
    freeReplyObject(tended);
    if (!ok || *ret_again || k->count == k->max) return ok;
    cmd_read(k, k->max - k->count, false, true, 0);
    return redis_send(n, err) && redis_next(n, &r, err) && read_heard(k, r, ret_again, err);
}

/* --- waiting ------------------------------------------------------------------------------ */

static void build_unblock(struct redis_queue *q, void *ctx) {
    const struct take *k = ctx;
    redis_cmd(&q->main, 3);
    redis_word(&q->main, STR("CLIENT"));
    redis_word(&q->main, STR("UNBLOCK"));
    redis_word_i64(&q->main, k->t->conn.id);
}

/* Redis is to answer at once. Where it may not be told that, the wait ends by itself. False: it
 * cannot be reached. */
static bool unblock(struct take *k) {
    struct redis_queue *q = k->q;
    struct error err;
    redisReply *r;
    if (k->t->conn.id == 0) return true;
    redis_lock(&q->io);
    const bool told = redis_call(q, build_unblock, k, &r, &err);
    const bool gone = !told && q->main.c == NULL;
    redis_unlock(&q->io);
    if (told) freeReplyObject(r);
    return !gone;
}

static bool is_stopped(struct redis_queue *q) {
    redis_lock(&q->mutex);
    const bool stopped = q->stopped;
    redis_unlock(&q->mutex);
    return stopped;
}

static void wake_clear(struct redis_taker *t) {
    eventfd_t n;
    IGNORE(eventfd_read(t->wake, &n) != 0, "it was not set");
}

/* How long to wait at most for a job to come. */
static usec wait_span(const struct take *k) {
    usec span = k->deadline - time_monotonic_us();
    if (k->due != USEC_NEVER) span = i64_min(span, k->due - now_of(k));
    return i64_clamp(span, USEC_PER_MS, i64_min(k->q->redis.claim_after, REDIS_WAKE));
}

static bool wait_for_jobs(struct take *k, bool *ret_again, struct error *err) {
    struct redis_conn *n = &k->t->conn;
    const usec span = wait_span(k);
    redisReply *r = NULL;
    k->waited = true;
    cmd_read(k, k->max, true, true, span);
    if (!redis_send(n, err)) return false;
    /* Redis looks at its clock ten times a second only: we are more punctual */
    usec until = time_monotonic_us() + span + PUNCTUAL;
    const usec last = until + k->q->at.timeout;
    int wake = k->t->wake;
    for (;;) {
        switch (redis_hear(n, until, wake, &r, err)) {
        case REDIS_REPLY:
            return read_heard(k, r, ret_again, err);
        case REDIS_WOKEN:
            wake_clear(k->t);
            wake = -1;
            break;
        case REDIS_SILENT:
            if (time_monotonic_us() >= last) return redis_silent(n, err);
            break;
        case REDIS_BROKEN:
            return false;
        }
        if (!unblock(k) && is_stopped(k->q)) return redis_silent(n, err); /* do not wait for it */
        until = i64_min(time_monotonic_us() + UNBLOCK_EACH, last);
    }
}

/* --- all of it ---------------------------------------------------------------------------- */

/* Connected, though it may take some tries. */
static bool connect_in_time(struct take *k, struct error *err) {
    struct redis_queue *q = k->q;
    const bool was_open = k->t->conn.c != NULL;
    for (;;) {
        if (redis_conn_is_open(&k->t->conn)) return true;
        if (was_open) k->t->look_back = true;
        if (redis_link(q, &k->t->conn, k->t->name, err)) return true;
        redis_lock(&q->mutex);
        const usec until = i64_min(q->health.again_at, k->deadline);
        const struct timespec ts = {until / USEC_PER_S, until % USEC_PER_S * 1000};
        const bool wait = !q->stopped && time_monotonic_us() < until;
        if (wait) pthread_cond_timedwait(&q->changed, &q->mutex, &ts);
        redis_unlock(&q->mutex);
        if (!wait) return false;
    }
}

static bool take_round(struct take *k, struct error *err) {
    bool again = false;
    if (!connect_in_time(k, err)) return false;
    wake_clear(k->t);
    if (!take_left(k, err)) return false;
    if (k->count > 0) return true;
    if (!look(k, &again, err)) return false;
    if (again || k->count > 0 || time_monotonic_us() >= k->deadline || is_stopped(k->q))
        return true;
    return wait_for_jobs(k, &again, err);
}

/* Rounds until there is a job, the time is over or the queue is stopped. A connection that breaks
 * is opened again once. */
static bool take_rounds(struct take *k, struct error *err) {
    bool broken = false;
    for (;;) {
        const bool ok = take_round(k, err);
        if (k->count > 0) return true; /* also what came before the connection broke */
        if (is_stopped(k->q)) return fail(err, ERR_STATE, 0, "the queue is stopped");
        if (!ok) {
            k->t->look_back = true;
            if (broken || k->t->conn.c != NULL || !err_retryable(err->code)) return false;
            broken = true;
            continue;
        }
        if (time_monotonic_us() >= k->deadline) return true;
    }
}

bool redis_take(struct queue *base, struct job **jobs, int max, usec now, usec timeout,
                int *ret_count, struct error *err) {
    struct redis_queue *q = redis_self(base);
    int n = 0;
    redis_lock(&q->mutex);
    take_stash(q, jobs, max, &n);
    const bool stopped = q->stopped;
    struct redis_taker *t = n > 0 || stopped ? NULL : taker_get(q, err);
    redis_unlock(&q->mutex);
    if (n == 0 && stopped) return fail(err, ERR_STATE, 0, "the queue is stopped");
    if (n == 0 && t == NULL) return false;
    if (n == 0) {
        const usec start = time_monotonic_us();
        struct take k = {.q = q,
                         .t = t,
                         .jobs = jobs,
                         .max = max,
                         .now = now,
                         .start = start,
                         .deadline = queue_deadline(start, timeout),
                         .due = USEC_NEVER};
        const bool ok = take_rounds(&k, err);
        taker_put(t);
        if (!ok) return false;
        n = k.count;
        struct error none;
        IGNORE(!redis_flush_done(q, &none), "a later call sends it");
    }
    *ret_count = n;
    return true;
}
