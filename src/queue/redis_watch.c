/* What looks after the queue as a whole: ping, losses, numbers, consumers that are gone, and what
 * people should know of the server.
 *
 * In: nothing but the time. Out: numbers of now. Everything goes over the main connection; what
 * a user of few rights may not ask (INFO) is left out, but for what the queue needs itself.
 * Failure: as everywhere. Threads: any. */
#include <stdlib.h>

#include "queue/redis_int.h"

#define FORGET_AFTER 4 /* times claim_after without a sign of it */
#define FORGET_EACH USEC_PER_MIN

/* --- chores ------------------------------------------------------------------------------- */

static void build_ping(struct redis_queue *q, void *ctx) {
    (void)ctx;
    redis_cmd_z(&q->main, "PING", NULL);
}

static void build_tend(struct redis_queue *q, void *ctx) {
    const usec now = *(const usec *)ctx;
    redis_cmd_script(&q->main, SCRIPT_TEND, q->keys, KEY_DELAYED + 1, 4);
    redis_word(&q->main, STR(REDIS_GROUP));
    redis_word_i64(&q->main, now);
    redis_word(&q->main, STR("")); /* what is late is for takers to see */
    redis_word_i64(&q->main, REDIS_TEND_MOST);
}

static void build_forget(struct redis_queue *q, void *ctx) {
    const bool own = *(const bool *)ctx;
    const usec idle = FORGET_AFTER * q->redis.claim_after;
    redis_lock(&q->mutex);
    redis_cmd_script(&q->main, SCRIPT_FORGET, q->keys, JOB_LATE + 1,
                     2 + (own ? q->taker_count : 0));
    redis_word(&q->main, STR(REDIS_GROUP));
    redis_word_i64(&q->main, idle / USEC_PER_MS);
    for (const struct redis_taker *t = q->takers; own && t != NULL; t = t->next)
        redis_word_z(&q->main, t->name);
    redis_unlock(&q->mutex);
}

bool redis_forget(struct redis_queue *q, bool own, struct error *err) {
    redisReply *r;
    if (!redis_call(q, build_forget, &own, &r, err)) return false;
    freeReplyObject(r);
    return true;
}

static bool is_forget_time(struct redis_queue *q) {
    const usec clock = time_monotonic_us();
    redis_lock(&q->mutex);
    const bool due = clock >= q->forget_at;
    if (due) q->forget_at = clock + FORGET_EACH;
    redis_unlock(&q->mutex);
    return due;
}

bool redis_ping(struct queue *base, usec now, struct error *err) {
    struct redis_queue *q = redis_self(base);
    redisReply *r;
    redis_lock(&q->io);
    bool ok = redis_call(q, build_ping, NULL, &r, err);
    if (ok) {
        freeReplyObject(r);
        ok = redis_call(q, build_tend, &now, &r, err);
    }
    if (ok) {
        freeReplyObject(r);
        ok = !is_forget_time(q) || redis_forget(q, false, err);
    }
    redis_unlock(&q->io);
    return ok && redis_flush_done(q, err);
}

static void build_lost(struct redis_queue *q, void *ctx) {
    (void)ctx;
    redis_cmd(&q->main, 2);
    redis_word(&q->main, STR("GETDEL"));
    redis_word(&q->main, q->keys[KEY_UNSWEPT]);
}

bool redis_lost(struct queue *base) {
    struct redis_queue *q = redis_self(base);
    struct error err;
    redisReply *r;
    redis_lock(&q->io);
    const bool ok = redis_call(q, build_lost, NULL, &r, &err);
    const bool lost = ok && r->type == REDIS_REPLY_STRING;
    if (ok) freeReplyObject(r);
    redis_unlock(&q->io);
    return lost;
}

/* --- numbers ------------------------------------------------------------------------------ */

/* "last-delivered-id" of our group in XINFO GROUPS. */
static bool last_delivered(const redisReply *groups, char ret[REDIS_ENTRY_BYTES]) {
    for (size_t g = 0; redis_is_array(groups, 0) && g < groups->elements; g++) {
        const redisReply *f = groups->element[g];
        str name = {0}, last = {0};
        for (size_t i = 0; redis_is_array(f, 0) && i + 1 < f->elements; i += 2) {
            const str field = redis_str(f->element[i]);
            if (str_eq(field, STR("name"))) name = redis_str(f->element[i + 1]);
            if (str_eq(field, STR("last-delivered-id"))) last = redis_str(f->element[i + 1]);
        }
        if (str_eq(name, STR(REDIS_GROUP))) return str_copyz(last, ret, REDIS_ENTRY_BYTES);
    }
    return false;
}

/* Consumers that were there within the time in which a job may lie idle. */
static int count_consumers(const redisReply *all, usec idle_max) {
    int n = 0;
    for (size_t c = 0; redis_is_array(all, 0) && c < all->elements; c++) {
        const redisReply *f = all->element[c];
        for (size_t i = 0; redis_is_array(f, 0) && i + 1 < f->elements; i += 2)
            if (str_eq(redis_str(f->element[i]), STR("idle")))
                n += f->element[i + 1]->integer <= idle_max / USEC_PER_MS;
    }
    return n;
}

static int64_t info_number(const redisReply *r, const char *field) {
    int64_t v;
    if (r->type != REDIS_REPLY_STRING) return -1;
    return str_to_i64(redis_info_field(redis_str(r), field), &v) ? v : -1;
}

/* The questions of the first round, in their order. */
enum {
    ASK_FRESH,
    ASK_LATE,
    ASK_DELAYED,
    ASK_HANDS_FRESH,
    ASK_HANDS_LATE,
    ASK_CONSUMERS,
    ASK_GROUPS_FRESH,
    ASK_GROUPS_LATE,
    ASK_MEMORY,
    ASK_COUNT
};

static void ask_all(const struct redis_queue *q, struct redis_conn *n) {
    const char *const fresh = q->keys_text[JOB_FRESH], *const late = q->keys_text[JOB_LATE];
    redis_cmd_z(n, "XLEN", fresh, NULL);
    redis_cmd_z(n, "XLEN", late, NULL);
    redis_cmd_z(n, "ZCARD", q->keys_text[KEY_DELAYED], NULL);
    redis_cmd_z(n, "XPENDING", fresh, REDIS_GROUP, NULL);
    redis_cmd_z(n, "XPENDING", late, REDIS_GROUP, NULL);
    redis_cmd_z(n, "XINFO", "CONSUMERS", fresh, REDIS_GROUP, NULL);
    redis_cmd_z(n, "XINFO", "GROUPS", fresh, NULL);
    redis_cmd_z(n, "XINFO", "GROUPS", late, NULL);
    redis_cmd_z(n, "INFO", "memory", NULL);
}

static int64_t integer_of(const redisReply *r) {
    return r->type == REDIS_REPLY_INTEGER ? r->integer : 0;
}

/* XPENDING's first number: how many are in hands. */
static int64_t hands_of(const redisReply *r) {
    return redis_is_array(r, 1) ? integer_of(r->element[0]) : 0;
}

static void read_all(const struct redis_queue *q, redisReply *const *r, struct queue_stats *ret) {
    const int64_t fresh = hands_of(r[ASK_HANDS_FRESH]), late = hands_of(r[ASK_HANDS_LATE]);
    ret->fresh = i64_max(integer_of(r[ASK_FRESH]) - fresh, 0);
    ret->late = i64_max(integer_of(r[ASK_LATE]) - late, 0);
    ret->delayed = integer_of(r[ASK_DELAYED]);
    ret->taken = fresh + late;
    ret->consumers = count_consumers(r[ASK_CONSUMERS], q->redis.claim_after);
    ret->memory_bytes = info_number(r[ASK_MEMORY], "used_memory");
}

/* When the job of the entry in `r`, the answer to an XRANGE, was put; USEC_NEVER: there is none. */
static usec put_at(const redisReply *r) {
    struct redis_job_text job;
    const bool any = redis_is_array(r, 1) && redis_is_array(r->element[0], 2) &&
                     redis_is_array(r->element[0]->element[1], 2) &&
                     redis_job_parse(redis_str(r->element[0]->element[1]->element[1]), &job);
    return any ? job.at : USEC_NEVER;
}

/* The times of `asked` answers; the least one into *ret, 0 where there is none. */
static bool read_oldest(struct redis_conn *n, int asked, usec *ret, struct error *err) {
    usec oldest = USEC_NEVER;
    while (asked-- > 0) {
        redisReply *r;
        if (!redis_expect(n, &r, err)) return false;
        oldest = i64_min(oldest, put_at(r));
        freeReplyObject(r);
    }
    *ret = oldest == USEC_NEVER ? 0 : oldest;
    return true;
}

/* Asks for the first entry that nobody has taken, and for the first in somebody's hands, of both
 * streams. False: closed. */
static bool oldest_of(const struct redis_queue *q, struct redis_conn *n, redisReply *const *groups,
                      redisReply *const *hands, struct queue_stats *ret, struct error *err) {
    int waits = 0, taken = 0;
    for (int i = 0; i < 2; i++) {
        char last[REDIS_ENTRY_BYTES], from[REDIS_ENTRY_BYTES + 1];
        if (!last_delivered(groups[i], last)) continue;
        snprintf(from, sizeof from, "(%s", last);
        redis_cmd_z(n, "XRANGE", q->keys_text[i], from, "+", "COUNT", "1", NULL);
        waits++;
    }
    for (int i = 0; i < 2; i++) {
        char first[REDIS_ENTRY_BYTES];
        if (hands_of(hands[i]) == 0 || hands[i]->elements < 2 ||
            !str_copyz(redis_str(hands[i]->element[1]), first, sizeof first))
            continue;
        redis_cmd_z(n, "XRANGE", q->keys_text[i], first, first, NULL);
        taken++;
    }
    if (waits + taken > 0 && !redis_send(n, err)) return false;
    return read_oldest(n, waits, &ret->oldest, err) &&
           read_oldest(n, taken, &ret->oldest_taken, err);
}

static bool stats_ask(const struct redis_queue *q, struct redis_conn *n, struct queue_stats *ret,
                      struct error *err) {
    redisReply *r[ASK_COUNT] = {NULL};
    ask_all(q, n);
    bool ok = redis_send(n, err);
    for (int i = 0; i < ASK_COUNT && ok; i++) ok = redis_next(n, &r[i], err);
    if (ok) {
        read_all(q, r, ret);
        ok = oldest_of(q, n, &r[ASK_GROUPS_FRESH], &r[ASK_HANDS_FRESH], ret, err);
    }
    for (int i = 0; i < ASK_COUNT; i++)
        if (r[i] != NULL) freeReplyObject(r[i]);
    return ok;
}

bool redis_stats(struct queue *base, struct queue_stats *ret, struct error *err) {
    struct redis_queue *q = redis_self(base);
    struct queue_stats s = {0};
    redis_lock(&q->io);
    const bool ok = redis_link_main(q, err) && stats_ask(q, &q->main, &s, err);
    redis_unlock(&q->io);
    if (!ok) return false;
    redis_lock(&q->mutex);
    s.enqueued = q->enqueued;
    s.acked = q->acked;
    s.retried = q->retried;
    s.dead = q->dead;
    s.reclaimed = q->reclaimed;
    redis_unlock(&q->mutex);
    *ret = s;
    return true;
}

/* --- the server --------------------------------------------------------------------------- */

/* Keys without an expiry are thrown away by these alone, and ours have none. */
static bool is_evicting(str policy) { return str_starts(policy, STR("allkeys-")); }

static bool ask_info(struct redis_conn *n, const char *section, redisReply **ret,
                     struct error *err) {
    redis_cmd_z(n, "INFO", section, NULL);
    return redis_send(n, err) && redis_next(n, ret, err);
}

void redis_look_at_server(struct redis_queue *q) {
    struct error err;
    redisReply *r;
    if (strcmp(q->run_told, q->main.run_id) == 0 && q->run_told[0] != '\0') return;
    memcpy(q->run_told, q->main.run_id, sizeof q->run_told);
    if (!ask_info(&q->main, "memory", &r, &err)) return;
    const str policy = redis_info_field(redis_str(r), "maxmemory_policy");
    if (is_evicting(policy))
        redis_notice(q,
                     "Redis throws data away when its memory is full (maxmemory-policy " STR_FMT
                     "), and the queue with it: set it to noeviction",
                     STR_ARG(policy));
    freeReplyObject(r);
}

static bool info_ask(struct redis_conn *n, struct redis_info *ret, struct error *err) {
    redisReply *r;
    memcpy(ret->version, n->version, sizeof ret->version);
    ret->valkey = n->valkey;
    const usec start = time_monotonic_us();
    redis_cmd_z(n, "PING", NULL);
    if (!redis_send(n, err) || !redis_expect(n, &r, err)) return false;
    ret->ping = time_monotonic_us() - start;
    freeReplyObject(r);
    if (!ask_info(n, "memory", &r, err)) return false;
    const str policy = redis_info_field(redis_str(r), "maxmemory_policy");
    ret->memory_used = info_number(r, "used_memory");
    ret->memory_max = i64_max(info_number(r, "maxmemory"), 0);
    ret->evicts = is_evicting(policy);
    IGNORE(!str_copyz(policy, ret->policy, sizeof ret->policy), "for people");
    freeReplyObject(r);
    if (!ask_info(n, "persistence", &r, err)) return false;
    ret->appends = info_number(r, "aof_enabled") == 1;
    freeReplyObject(r);
    return true;
}

bool redis_queue_look(struct queue *base, struct redis_info *ret_info,
                      struct queue_stats *ret_stats, struct error *err) {
    const struct redis_queue *q = redis_self(base);
    struct redis_info info = {0};
    struct queue_stats stats = {0};
    struct redis_at at = q->at;
    struct redis_conn n;
    PRE(str_eq(str_from_z(base->ops->name), STR("redis")));
    at.script_count = 0;
    redis_conn_init(&n, &at);
    const bool ok = redis_conn_open(&n, q->instance, err) && info_ask(&n, &info, err) &&
                    stats_ask(q, &n, &stats, err);
    redis_conn_fini(&n);
    if (!ok) return false;
    *ret_info = info;
    *ret_stats = stats;
    return true;
}
