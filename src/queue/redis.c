/* The queue on Redis Streams: opening, closing, and what its parts have in common.
 *
 * Two streams (fresh, late) with one consumer group each, and a sorted set of failed jobs by the
 * end of their pause. A job is one entry from its putting to its acknowledgement (XACK and XDEL as
 * one), so the streams hold what is unfinished and nothing else, and nothing that is
 * not acknowledged is ever trimmed. Each thread that takes has a connection and a consumer of its
 * own, since a taker blocks; everything else goes over one connection, in turn.
 *
 * What is in a consumer's hands stays there in Redis until it is acknowledged. What was idle for
 * longer than claim_after is taken over by another; how often an entry was delivered counts as
 * tries, so that a job that kills its worker is told apart (job.spent).
 *
 * Failure: a call whose connection breaks is an error, ERR_IO; the next one connects again, after
 * a pause that grows while that fails. Whether a server is the one that was known is seen by its
 * run id and by an epoch that lies beside the streams: where either has changed, jobs may be lost,
 * and queue_lost says so once, to one of all processes. Acknowledgements that could not be sent are
 * kept and sent later.
 * Threads: any, but for open and close. */
#include "queue/redis.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/hash.h"
#include "queue/redis_int.h"

#define PAUSE_LEAST (50 * USEC_PER_MS)
#define PAUSE_MOST (2 * USEC_PER_S)
#define RANDOM_BYTES 8

void redis_lock(pthread_mutex_t *m) {
    const int rc = pthread_mutex_lock(m);
    POST(rc == 0);
}

void redis_unlock(pthread_mutex_t *m) {
    const int rc = pthread_mutex_unlock(m);
    POST(rc == 0);
}

void redis_notice(struct redis_queue *q, const char *fmt, ...) {
    char text[560];
    struct buf b;
    va_list args;
    if (q->redis.notice == NULL) return;
    buf_init_fixed(&b, text, sizeof text);
    va_start(args, fmt);
    buf_vprintf(&b, fmt, args);
    va_end(args);
    q->redis.notice(q->redis.notice_ctx, buf_z(&b));
}

/* --- entries ------------------------------------------------------------------------------ */

str redis_entry_format(const struct redis_entry *e, char block[REDIS_ENTRY_BYTES]) {
    const int n = snprintf(block, REDIS_ENTRY_BYTES, "%" PRIu64 "-%" PRIu64, e->ms, e->seq);
    POST(n > 0 && n < REDIS_ENTRY_BYTES);
    return str_from_bytes(block, n);
}

static bool u64_parse(str s, uint64_t *ret) {
    uint64_t v = 0;
    for (ptrdiff_t i = 0; i < s.n; i++) {
        const int digit = s.p[i] - '0';
        if (digit < 0 || digit > 9 || v > (UINT64_MAX - (uint64_t)digit) / 10) return false;
        v = v * 10 + (uint64_t)digit;
    }
    *ret = v;
    return s.n > 0;
}

bool redis_entry_parse(str s, struct redis_entry *ret) {
    str rest = s, ms;
    return str_cut(&rest, '-', &ms) && rest.p != NULL && u64_parse(ms, &ret->ms) &&
           u64_parse(rest, &ret->seq);
}

/* --- connections -------------------------------------------------------------------------- */

static bool random_hex(char block[2 * RANDOM_BYTES + 1]) {
    uint8_t bytes[RANDOM_BYTES];
    if (!bytes_random(bytes, RANDOM_BYTES)) return false;
    IGNORE(hex_format(bytes, RANDOM_BYTES, block).n == 0, "it is in the block");
    return true;
}

bool redis_adopt(struct redis_queue *q, struct redis_conn *n, const char *broken,
                 struct error *err) {
    char random[2 * RANDOM_BYTES + 1];
    redisReply *r;
    if (!random_hex(random)) return fail(err, ERR_IO, 0, "the system gives no random numbers");
    redis_cmd_script(n, SCRIPT_ADOPT, q->keys, KEY_COUNT, 5);
    redis_word(n, STR(REDIS_GROUP));
    redis_word_z(n, n->run_id);
    redis_word_z(n, random);
    redis_word_z(n, broken);
    redis_lock(&q->mutex);
    redis_word_z(n, q->epoch);
    redis_unlock(&q->mutex);
    if (!redis_send(n, err) || !redis_expect(n, &r, err)) return false;
    const bool ok = redis_is_array(r, 2);
    const bool lost = ok && r->element[1]->integer == 1;
    if (ok) {
        redis_lock(&q->mutex);
        IGNORE(!str_copyz(redis_str(r->element[0]), q->epoch, sizeof q->epoch), "it is ours");
        redis_unlock(&q->mutex);
    }
    freeReplyObject(r);
    if (!ok) return redis_nonsense(n, err);
    if (lost)
        redis_notice(q, "Redis was started anew or emptied: jobs may be lost, and are put into the "
                        "queue again from the database");
    return true;
}

/* Is it too early to try again? */
static bool is_too_early(struct redis_queue *q, struct error *err) {
    redis_lock(&q->mutex);
    const bool early = time_monotonic_us() < q->health.again_at;
    if (early) *err = q->health.why;
    redis_unlock(&q->mutex);
    return early;
}

static void note_down(struct redis_queue *q, const struct error *why) {
    redis_lock(&q->mutex);
    struct redis_health *h = &q->health;
    const bool tell = !h->down;
    h->down = true;
    h->pause = i64_clamp(2 * h->pause, PAUSE_LEAST, PAUSE_MOST);
    h->again_at = time_monotonic_us() + h->pause / 2 + rng_between(&q->rng, 0, h->pause / 2);
    h->why = *why;
    redis_unlock(&q->mutex);
    if (tell) redis_notice(q, "%s; trying again", why->msg);
}

static void note_up(struct redis_queue *q, const struct redis_conn *n) {
    redis_lock(&q->mutex);
    const bool tell = q->health.down;
    q->health = (struct redis_health){0};
    redis_unlock(&q->mutex);
    if (tell) redis_notice(q, "%s %s is there again", n->valkey ? "Valkey" : "Redis", n->version);
}

bool redis_link(struct redis_queue *q, struct redis_conn *n, const char *name, struct error *err) {
    if (redis_conn_is_open(n)) return true;
    if (is_too_early(q, err)) return false;
    if (redis_conn_open(n, name, err) && redis_adopt(q, n, "", err)) {
        note_up(q, n);
        return true;
    }
    redis_conn_close(n);
    note_down(q, err);
    return false;
}

bool redis_mend(struct redis_queue *q, struct redis_conn *n, const redisReply *r,
                struct error *err) {
    char broken[REDIS_EPOCH_BYTES];
    if (n->c == NULL) return false;
    switch (redis_refused(r, err)) {
    case REDIS_OTHER:
        return false;
    case REDIS_UNLOADED:
        return redis_conn_load(n, err);
    case REDIS_GONE:
        redis_lock(&q->mutex);
        memcpy(broken, q->epoch, sizeof broken);
        redis_unlock(&q->mutex);
        return redis_adopt(q, n, broken, err);
    }
    WRONG("a trouble that is not in the list");
}

bool redis_link_main(struct redis_queue *q, struct error *err) {
    const bool was_open = q->main.c != NULL;
    if (!redis_link(q, &q->main, q->instance, err)) return false;
    if (!was_open) redis_look_at_server(q);
    return q->main.c != NULL || fail(err, ERR_IO, 0, "Redis went away at once");
}

bool redis_call(struct redis_queue *q, void (*build)(struct redis_queue *q, void *ctx), void *ctx,
                redisReply **ret, struct error *err) {
    for (int try = 0;; try++) {
        redisReply *r;
        if (!redis_link_main(q, err)) return false;
        build(q, ctx);
        if (!redis_send(&q->main, err) || !redis_next(&q->main, &r, err)) return false;
        if (r->type != REDIS_REPLY_ERROR) {
            *ret = r;
            return true;
        }
        const bool again = redis_mend(q, &q->main, r, err);
        freeReplyObject(r);
        if (!again) return false;
        if (try > 0) return fail(err, ERR_IO, 0, "Redis loses the queue as soon as it is made");
    }
}

/* --- opening and closing ------------------------------------------------------------------ */

static bool is_name(str s) {
    for (ptrdiff_t i = 0; i < s.n; i++) {
        const char c = s.p[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            c != '.' && c != '_' && c != '-')
            return false;
    }
    return s.n > 0 && s.n <= REDIS_NAME_BYTES;
}

static bool options_check(const struct redis_options *o, const struct redis_url *u,
                          struct error *err) {
    if (!is_name(o->prefix))
        return fail(err, ERR_CONFIG, 0,
                    "queue.prefix: 1 to %d of letters, digits, . _ and - are a prefix",
                    REDIS_NAME_BYTES);
    PRE(is_name(o->name) && o->timeout >= USEC_PER_MS && o->claim_after >= USEC_PER_MS);
    if (u->tls && !redis_tls_is_built())
        return fail(err, ERR_UNSUPPORTED, 0,
                    "queue.url: this build has no TLS for Redis, as hiredis came without "
                    "hiredis_ssl; build with one that has it (1.0 or newer), or lead a tunnel of "
                    "your own to Redis and name its end on this machine");
    if (!u->tls && !u->here && !o->insecure)
        return fail(err, ERR_REFUSED, 0,
                    "queue.url: without TLS everybody between here and %s can read posts and "
                    "change them; use rediss://, or say queue.insecure: true where nobody is",
                    u->host);
    return true;
}

static void name_keys(struct redis_queue *q, const struct redis_options *o) {
    static const char *const ends[KEY_COUNT] = {"fresh", "late",    "delayed",
                                                "epoch", "unswept", "marked"};
    for (int i = 0; i < KEY_COUNT; i++) {
        const int n = snprintf(q->keys_text[i], REDIS_KEY_BYTES, STR_FMT ":{" STR_FMT "}:%s",
                               STR_ARG(o->prefix), STR_ARG(o->name), ends[i]);
        POST(n > 0 && n < REDIS_KEY_BYTES);
        q->keys[i] = str_from_bytes(q->keys_text[i], n);
    }
}

/* "host:pid:random": no two consumers ever have one name, and people see whose it is. */
static bool name_instance(struct redis_queue *q, struct error *err) {
    char host[64], random[2 * RANDOM_BYTES + 1];
    if (!random_hex(random)) return fail(err, ERR_IO, 0, "the system gives no random numbers");
    const bool named = gethostname(host, sizeof host) == 0;
    host[sizeof host - 1] = '\0';
    if (!named || !is_name(str_from_z(host))) snprintf(host, sizeof host, "host");
    snprintf(q->instance, sizeof q->instance, "%s:%d:%s", host, (int)getpid(), random);
    return true;
}

static void queue_free(struct redis_queue *q) {
    for (struct redis_taker *t = q->takers; t != NULL;) {
        struct redis_taker *next = t->next;
        redis_taker_free(t);
        t = next;
    }
    while (q->hands != NULL) {
        struct redis_job *j = q->hands;
        redis_hands_remove(q, j);
        free(j);
    }
    redis_conn_fini(&q->main);
    secret_wipe(&q->password);
    pthread_cond_destroy(&q->changed);
    pthread_mutex_destroy(&q->mutex);
    pthread_mutex_destroy(&q->io);
    free(q->done);
    free(q->ca_file);
    free(q);
}

static void redis_stop(struct queue *base) {
    struct redis_queue *q = redis_self(base);
    redis_lock(&q->mutex);
    q->stopped = true;
    for (struct redis_taker *t = q->takers; t != NULL; t = t->next)
        IGNORE(eventfd_write(t->wake, 1) != 0, "it is full: it is awake");
    redis_unlock(&q->mutex);
    pthread_cond_broadcast(&q->changed);
}

static void redis_close(struct queue *base) {
    struct redis_queue *q = redis_self(base);
    for (const struct redis_taker *t = q->takers; t != NULL; t = t->next) PRE(!t->busy);
    redis_release(q);
    queue_free(q);
}

static const struct queue_ops redis_ops = {
    .name = "redis",
    .shared = true,
    .put_many = redis_put_many,
    .take = redis_take,
    .ack_many = redis_ack_many,
    .retry = redis_retry,
    .keep = redis_keep,
    .ping = redis_ping,
    .lost = redis_lost,
    .stats = redis_stats,
    .stop = redis_stop,
    .close = redis_close,
};

static void make_locks(struct redis_queue *q) {
    pthread_condattr_t attr;
    int rc = pthread_mutex_init(&q->io, NULL);
    POST(rc == 0);
    rc = pthread_mutex_init(&q->mutex, NULL);
    POST(rc == 0);
    rc = pthread_condattr_init(&attr);
    POST(rc == 0);
    rc = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    POST(rc == 0);
    rc = pthread_cond_init(&q->changed, &attr);
    POST(rc == 0);
    pthread_condattr_destroy(&attr);
}

static bool copy_secrets(struct redis_queue *q, const struct redis_options *o, struct error *err) {
    if (o->password != NULL && o->password->p != NULL &&
        !secret_copy(secret_str(o->password), &q->password, err))
        return fail_in(err, "queue.password_file");
    q->at.password = &q->password;
    if (o->ca_file.n == 0) return true;
    q->ca_file = strndup(o->ca_file.p, (size_t)o->ca_file.n);
    POST(q->ca_file != NULL);
    q->at.ca_file = q->ca_file;
    return true;
}

bool redis_queue_open(const struct queue_options *opt, const struct redis_options *redis,
                      struct queue **ret, struct error *err) {
    struct redis_url url;
    if (!queue_options_check(opt, err)) return false;
    if (!redis_url_parse(redis->url, &url, err)) return fail_in(err, "queue.url");
    if (!options_check(redis, &url, err)) return false;
    struct redis_queue *q = calloc(1, sizeof *q);
    POST(q != NULL);
    q->base.ops = &redis_ops;
    q->opt = *opt;
    q->redis = *redis;
    q->at = (struct redis_at){.url = url,
                              .timeout = redis->timeout,
                              .scripts = redis_scripts,
                              .script_count = REDIS_SCRIPT_COUNT};
    q->backlog = redis->single;
    rng_init(&q->rng, opt->seed);
    name_keys(q, redis);
    make_locks(q);
    redis_conn_init(&q->main, &q->at);
    if (!name_instance(q, err) || !copy_secrets(q, redis, err)) {
        queue_free(q);
        return false;
    }
    *ret = &q->base;
    return true;
}
