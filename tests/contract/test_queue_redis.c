/* The queue on Redis Streams: the contract, and what only a server that others share can do to it:
 * consumers that are killed, a server that is gone, full, empty, paused, or somebody else's.
 *
 * A real redis-server, started here. Nothing waits for time to pass: what lies idle in somebody's
 * hands is made old by XCLAIM's IDLE. */
#include "queue_contract.h"
#include "redis_server.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>

#include "queue/redis.h"

#define FOREVER (60 * USEC_PER_S) /* far longer than any test takes */
#define GROUP "readers"

static struct redis_server server;
static atomic_int names; /* so many queues were opened */

/* --- what a test works with ----------------------------------------------------------------- */

struct notices {
    pthread_mutex_t mutex;
    int count;
    char last[320];
};
static struct notices notices = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void on_notice(void *ctx, const char *text) {
    struct notices *n = ctx;
    pthread_mutex_lock(&n->mutex);
    n->count++;
    IGNORE(!str_copyz(str_from_z(text), n->last, sizeof n->last), "for a look at it");
    pthread_mutex_unlock(&n->mutex);
}

static void forget_notices(void) { notices.count = notices.last[0] = 0; }

/* How a handle of a test differs from the others. */
struct with {
    const char *name; /* NULL: one that nobody has */
    const char *url;
    usec timeout, claim_after;
    int capacity, max_attempts;
    bool single;
    const struct secret *password;
};

static struct redis_options redis_options(const struct with *w) {
    static char name[32];
    if (w->name == NULL) snprintf(name, sizeof name, "test%d", atomic_fetch_add(&names, 1));
    return (struct redis_options){
        .url = str_from_z(w->url != NULL ? w->url : server.url),
        .prefix = STR("bf"),
        .name = str_from_z(w->name != NULL ? w->name : name),
        .password = w->password,
        .timeout = w->timeout > 0 ? w->timeout : 10 * USEC_PER_S,
        .claim_after = w->claim_after > 0 ? w->claim_after : USEC_PER_HOUR,
        .single = w->single,
        .notice = on_notice,
        .notice_ctx = &notices,
    };
}

static struct queue *open_with(const struct with *w) {
    const struct redis_options redis = redis_options(w);
    const struct queue_options opt = {.capacity = w->capacity > 0 ? w->capacity : 1000,
                                      .max_attempts = w->max_attempts > 0 ? w->max_attempts : 3,
                                      .backoff = USEC_PER_S};
    struct error err;
    struct queue *q = NULL;
    assert_ok(redis_queue_open(&opt, &redis, &q, &err), &err);
    return q;
}

static struct queue *open_named(const char *name) { return open_with(&(struct with){name}); }

static void put(struct queue *q, const char *text) {
    struct error err;
    assert_ok(queue_put(q, str_from_z(text), 0, FOREVER, &err), &err);
}

static int take(struct queue *q, struct job **jobs, int max, usec timeout) {
    struct error err;
    int n = -1;
    assert_ok(queue_take(q, jobs, max, 0, timeout, &n, &err), &err);
    return n;
}

static struct job *take_one(struct queue *q) {
    struct job *job = NULL;
    assert_int_equal(take(q, &job, 1, FOREVER), 1);
    return job;
}

static void ack(struct queue *q, struct job *job) {
    struct error err;
    assert_ok(queue_ack(q, job, &err), &err);
}

static str payload(const struct job *job) {
    return str_from_bytes(job->payload, job->payload_bytes);
}

static void take_this(struct queue *q, const char *want, int attempt) {
    struct job *job = take_one(q);
    if (!str_eq(payload(job), str_from_z(want)) || job->attempt != attempt)
        fail_msg("got \"" STR_FMT "\" at attempt %d, want \"%s\" at %d", STR_ARG(payload(job)),
                 job->attempt, want, attempt);
    ack(q, job);
}

static struct queue_stats stats(struct queue *q) {
    struct error err;
    struct queue_stats s;
    assert_ok(queue_stats(q, &s, &err), &err);
    return s;
}

static int64_t unfinished(struct queue *q) {
    const struct queue_stats s = stats(q);
    return s.fresh + s.late + s.delayed + s.taken;
}

/* Whose consumer has the first entry in his hands; "" nobody. */
static void holder(const char *name, char ret[128]) {
    redisReply *r = redis_server_ask(&server, "XPENDING bf:{%s}:fresh " GROUP " - + 1", name);
    assert_non_null(r);
    assert_int_equal(r->type, REDIS_REPLY_ARRAY);
    snprintf(ret, 128, "%s", r->elements > 0 ? r->element[0]->element[1]->str : "");
    freeReplyObject(r);
}

/* All fresh entries in hands were left for two hours. */
static void make_idle(const char *name) {
    redisReply *r = redis_server_ask(&server, "XPENDING bf:{%s}:fresh " GROUP " - + 1000", name);
    assert_non_null(r);
    assert_int_equal(r->type, REDIS_REPLY_ARRAY);
    for (size_t i = 0; i < r->elements; i++)
        redis_server_do(&server, "XCLAIM bf:{%s}:fresh " GROUP " %s 0 %s IDLE 7200000 JUSTID", name,
                        r->element[i]->element[1]->str, r->element[i]->element[0]->str);
    freeReplyObject(r);
}

/* Takes a job in a process of its own, which then is killed with the job in its hands. */
static void take_and_die(const char *name, int max_attempts) {
    int fds[2];
    char byte = 0;
    assert_int_equal(pipe(fds), 0);
    fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0) {
        struct job *job;
        struct error err;
        int n = 0;
        struct queue *q = open_with(&(struct with){.name = name, .max_attempts = max_attempts});
        if (queue_take(q, &job, 1, 0, FOREVER, &n, &err) && n == 1)
            IGNORE(write(fds[1], "t", 1) != 1, "then the parent waits in vain, and fails");
        for (;;) pause();
    }
    close(fds[1]);
    assert_int_equal(read(fds[0], &byte, 1), 1);
    close(fds[0]);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* --- consumers ------------------------------------------------------------------------------ */

static void test_the_job_of_a_killed_consumer_comes_again(void **state) {
    (void)state;
    struct queue *q = open_named("killed");
    put(q, "x");
    take_and_die("killed", 3);
    struct job *none;
    assert_int_equal(take(q, &none, 1, 0), 0); /* it may still be at work */
    make_idle("killed");
    struct job *job = take_one(q);
    assert_str(payload(job), "x");
    assert_int_equal(job->attempt, 2);
    assert_false(job->spent);
    assert_int_equal(stats(q).reclaimed, 1);
    ack(q, job);
    assert_int_equal(unfinished(q), 0);
    queue_close(q);
}

static void test_a_job_that_kills_each_consumer_is_spent(void **state) {
    (void)state;
    struct error err;
    bool dead = false;
    struct queue *q = open_with(&(struct with){.name = "poison", .max_attempts = 2});
    put(q, "poison");
    for (int i = 0; i < 2; i++) {
        take_and_die("poison", 2);
        make_idle("poison");
    }
    struct job *job = take_one(q);
    assert_int_equal(job->attempt, 3);
    assert_true(job->spent);
    assert_string_equal(job->note, "");
    assert_ok(queue_retry(q, job, STR("spent"), 0, &dead, &err), &err);
    assert_true(dead);
    ack(q, job);
    assert_int_equal(unfinished(q), 0);
    queue_close(q);
}

static void test_what_is_kept_is_not_taken_over(void **state) {
    (void)state;
    struct error err;
    struct queue *a = open_named("kept"), *b = open_named("kept");
    struct job *jobs[2];
    put(a, "kept");
    put(a, "left");
    assert_int_equal(take(a, jobs, 2, FOREVER), 2);
    make_idle("kept");
    assert_ok(queue_keep(a, jobs, 1, 0, &err), &err);
    take_this(b, "left", 2);
    ack(a, jobs[0]);
    ack(a, jobs[1]); /* somebody else has done it: no harm */
    assert_int_equal(unfinished(a), 0);
    queue_close(a);
    queue_close(b);
}

static void test_a_keeper_who_comes_too_late_does_not_take_it_back(void **state) {
    (void)state;
    struct error err;
    char before[128], after[128];
    struct queue *a = open_named("late"), *b = open_named("late");
    put(a, "x");
    struct job *mine = take_one(a);
    make_idle("late");
    struct job *his = take_one(b);
    assert_int_equal(his->attempt, 2);
    holder("late", before);
    assert_ok(queue_keep(a, &mine, 1, 0, &err), &err);
    holder("late", after);
    assert_string_equal(before, after);
    bool dead;
    assert_ok(queue_retry(b, his, STR("again"), 0, &dead, &err), &err);
    assert_ok(queue_retry(a, mine, STR("too late"), 0, &dead, &err), &err);
    assert_int_equal(stats(a).delayed, 1); /* once */
    queue_close(a);
    queue_close(b);
}

static void test_what_is_in_hands_at_the_end_is_for_others_at_once(void **state) {
    (void)state;
    struct queue *a = open_named("released"), *b = open_named("released");
    struct job *jobs[3];
    put(a, "1");
    put(a, "2");
    put(a, "3");
    assert_int_equal(take(a, jobs, 3, FOREVER), 3);
    ack(a, jobs[1]);
    queue_close(a);
    take_this(b, "1", 1); /* no try was counted */
    take_this(b, "3", 1);
    assert_int_equal(unfinished(b), 0);
    queue_close(b);
}

static void test_a_single_consumer_begins_with_what_the_one_before_had(void **state) {
    (void)state;
    const struct with w = {.name = "single", .single = true};
    struct queue *a = open_with(&w), *b = open_with(&w);
    struct job *jobs[3];
    char text[2] = "1";
    for (; text[0] <= '6'; text[0]++) put(a, text);
    assert_int_equal(take(a, jobs, 3, FOREVER), 3); /* and is never heard of again */
    for (text[0] = '1'; text[0] <= '6'; text[0]++) take_this(b, text, text[0] <= '3' ? 2 : 1);
    assert_int_equal(unfinished(b), 0);
    queue_close(a);
    queue_close(b);
}

static int64_t consumers(const char *name) {
    redisReply *r = redis_server_ask(&server, "XINFO CONSUMERS bf:{%s}:fresh " GROUP, name);
    assert_non_null(r);
    assert_int_equal(r->type, REDIS_REPLY_ARRAY);
    const int64_t n = (int64_t)r->elements;
    freeReplyObject(r);
    return n;
}

static void test_consumers_that_are_gone_are_forgotten(void **state) {
    (void)state;
    struct error err;
    struct job *none;
    struct queue *a = open_named("gone");
    put(a, "x");
    take_this(a, "x", 1);
    assert_int_equal(consumers("gone"), 1);
    queue_close(a); /* one that leaves in good order says so */
    assert_int_equal(consumers("gone"), 0);

    a = open_named("gone");
    put(a, "y");
    take_and_die("gone", 3);
    assert_int_equal(consumers("gone"), 1);
    struct queue *b = open_with(&(struct with){.name = "gone", .claim_after = USEC_PER_MS});
    assert_ok(queue_ping(b, 0, &err), &err);
    assert_int_equal(consumers("gone"), 1); /* it has a job in its hands: that would be lost */
    take_this(b, "y", 2);
    struct queue *c = open_with(&(struct with){.name = "gone", .claim_after = USEC_PER_MS});
    while (consumers("gone") > 1) { /* c's and b's clocks go on */
        assert_ok(queue_ping(c, 0, &err), &err);
        queue_close(c);
        c = open_with(&(struct with){.name = "gone", .claim_after = USEC_PER_MS});
    }
    assert_int_equal(take(b, &none, 1, 0), 0); /* one that was forgotten too early is back */
    assert_int_equal(stats(b).consumers <= 1, 1);
    queue_close(a);
    queue_close(b);
    queue_close(c);
}

/* Two handles, as two processes would have, with two threads each. */
#define SHARED_JOBS 4000

struct share {
    struct queue *q;
    atomic_int *times; /* each job was delivered */
    atomic_int *left;
    pthread_t thread;
    int count, failed;
};

static void *share_jobs(void *arg) {
    struct share *s = arg;
    while (atomic_load(s->left) > 0) {
        struct job *jobs[16];
        struct error err;
        int64_t number;
        int n = 0;
        if (!queue_take(s->q, jobs, 16, 0, 50 * USEC_PER_MS, &n, &err)) s->failed++;
        for (int i = 0; i < n; i++) {
            if (!str_to_i64(payload(jobs[i]), &number)) s->failed++;
            atomic_fetch_add(&s->times[number], 1);
        }
        if (!queue_ack_many(s->q, jobs, n, &err)) s->failed++;
        s->count += n;
        atomic_fetch_sub(s->left, n);
    }
    return NULL;
}

static void test_two_consumers_share_without_doubling(void **state) {
    (void)state;
    static atomic_int times[SHARED_JOBS];
    atomic_int left = SHARED_JOBS;
    struct queue *q[2] = {open_with(&(struct with){.name = "shared", .capacity = SHARED_JOBS}),
                          open_named("shared")};
    struct share s[4];
    for (int i = 0; i < SHARED_JOBS; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", i);
        put(q[0], text);
    }
    for (int i = 0; i < 4; i++) {
        s[i] = (struct share){.q = q[i % 2], .times = times, .left = &left};
        assert_int_equal(pthread_create(&s[i].thread, NULL, share_jobs, &s[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(s[i].thread, NULL), 0);
        assert_int_equal(s[i].failed, 0);
        assert_true(s[i].count > 0);
    }
    for (int i = 0; i < SHARED_JOBS; i++) assert_int_equal(times[i], 1);
    assert_int_equal(unfinished(q[0]), 0);
    queue_close(q[0]);
    queue_close(q[1]);
}

/* --- the connection ------------------------------------------------------------------------- */

static void test_a_connection_that_is_cut_is_opened_again(void **state) {
    (void)state;
    struct queue *q = open_named("cut");
    put(q, "1");
    take_this(q, "1", 1);
    redis_server_do(&server, "CLIENT KILL TYPE normal SKIPME yes");
    put(q, "2");
    redis_server_do(&server, "CLIENT KILL TYPE normal SKIPME yes");
    struct job *job = take_one(q);
    redis_server_do(&server, "CLIENT KILL TYPE normal SKIPME yes");
    ack(q, job);
    assert_int_equal(unfinished(q), 0);
    queue_close(q);
}

/* Redis gives it a job, and the connection breaks before it comes. */
static void test_a_job_that_was_on_its_way_when_the_connection_broke_is_fetched(void **state) {
    (void)state;
    char name[128];
    struct queue *q = open_named("lost-reply");
    put(q, "held");
    struct job *held = take_one(q);
    holder("lost-reply", name);
    put(q, "on its way");
    redis_server_do(&server,
                    "XREADGROUP GROUP " GROUP " %s COUNT 1 STREAMS bf:{lost-reply}:fresh >", name);
    redis_server_do(&server, "CLIENT KILL TYPE normal SKIPME yes");
    take_this(q, "on its way", 2); /* at once, and not the one that is in our hands */
    struct job *none;
    assert_int_equal(take(q, &none, 1, 0), 0);
    ack(q, held);
    assert_int_equal(unfinished(q), 0);
    queue_close(q);
}

static void test_scripts_that_redis_forgot_are_loaded_again(void **state) {
    (void)state;
    struct error err;
    struct queue *q = open_named("scripts");
    put(q, "1");
    take_this(q, "1", 1);
    redis_server_do(&server, "SCRIPT FLUSH");
    put(q, "2");
    redis_server_do(&server, "SCRIPT FLUSH");
    take_this(q, "2", 1);
    redis_server_do(&server, "SCRIPT FLUSH");
    assert_ok(queue_ping(q, 0, &err), &err);
    queue_close(q);
}

static void test_a_socket_and_a_database_are_spoken_to(void **state) {
    (void)state;
    char url[200];
    struct queue *a = open_with(&(struct with){.name = "socket", .url = server.socket_url});
    struct queue *b = open_named("socket");
    put(a, "x");
    take_this(b, "x", 1);
    snprintf(url, sizeof url, "redis://localhost:%d/7", server.port);
    struct queue *c = open_with(&(struct with){.name = "socket", .url = url});
    put(c, "of 7");
    assert_int_equal(unfinished(b), 0);
    assert_int_equal(unfinished(c), 1);
    queue_close(a);
    queue_close(b);
    queue_close(c);
    snprintf(url, sizeof url, "redis://localhost:%d/99", server.port);
    c = open_with(&(struct with){.url = url});
    struct error err;
    assert_fails(queue_ping(c, 0, &err), &err, ERR_CONFIG);
    assert_non_null(strstr(err.msg, "no database of the number in queue.url"));
    queue_close(c);
}

/* --- the server ----------------------------------------------------------------------------- */

static void test_a_server_that_is_not_there_yet_is_an_error_of_the_call(void **state) {
    (void)state;
    struct error err;
    struct job *job;
    int n;
    forget_notices();
    redis_server_kill(&server);
    struct queue *q = open_named("absent");
    assert_fails(queue_ping(q, 0, &err), &err, ERR_IO);
    assert_true(err_retryable(err.code));
    assert_non_null(strstr(err.msg, "no Redis at redis://127.0.0.1:"));
    assert_fails(queue_put(q, STR("x"), 0, 0, &err), &err, ERR_IO);
    assert_fails(queue_take(q, &job, 1, 0, 0, &n, &err), &err, ERR_IO);
    assert_int_equal(notices.count, 1); /* told once */
    assert_false(queue_lost(q));
    redis_server_start(&server);
    while (!queue_ping(q, 0, &err)) assert_int_equal(err.code, ERR_IO);
    assert_non_null(strstr(notices.last, "is there again"));
    put(q, "x");
    take_this(q, "x", 1);
    queue_close(q);
}

static void *take_in_thread(void *arg) {
    struct share *s = arg;
    struct job *job = NULL;
    struct error err;
    if (!queue_take(s->q, &job, 1, 0, FOREVER, &s->count, &err)) s->failed = (int)err.code;
    if (s->count > 0 && !queue_ack(s->q, job, &err)) s->failed = (int)err.code;
    return NULL;
}

static void test_a_taker_waits_for_a_server_that_comes_back(void **state) {
    (void)state;
    struct queue *a = open_named("back"), *b = open_named("back");
    struct share s = {.q = a};
    struct error err;
    assert_ok(queue_ping(a, 0, &err), &err);
    assert_int_equal(pthread_create(&s.thread, NULL, take_in_thread, &s), 0);
    redis_server_restart(&server);
    while (!queue_put(b, STR("x"), 0, 0, &err)) assert_int_equal(err.code, ERR_IO);
    assert_int_equal(pthread_join(s.thread, NULL), 0);
    assert_int_equal(s.failed, 0);
    assert_int_equal(s.count, 1);
    queue_close(a);
    queue_close(b);
}

static void test_a_stop_ends_the_wait_for_a_server(void **state) {
    (void)state;
    struct queue *q = open_named("stopped");
    struct error err;
    struct share s = {.q = q};
    redis_server_kill(&server);
    assert_int_equal(pthread_create(&s.thread, NULL, take_in_thread, &s), 0);
    queue_stop(q);
    assert_int_equal(pthread_join(s.thread, NULL), 0);
    assert_int_equal(s.failed, ERR_STATE);
    redis_server_start(&server);
    queue_close(q);

    q = open_with(&(struct with){.name = "stopped", .timeout = 100 * USEC_PER_MS});
    assert_ok(queue_ping(q, 0, &err), &err);
    s = (struct share){.q = q};
    redis_server_pause(&server);
    assert_int_equal(pthread_create(&s.thread, NULL, take_in_thread, &s), 0);
    queue_stop(q);
    assert_int_equal(pthread_join(s.thread, NULL), 0);
    assert_int_equal(s.failed, ERR_STATE);
    redis_server_go_on(&server);
    queue_close(q);
}

static void test_a_server_with_its_data_goes_on_and_says_that_it_was_away(void **state) {
    (void)state;
    struct error err;
    struct queue *q = open_named("restart"), *other = open_named("restart");
    put(q, "held");
    put(q, "waiting");
    struct job *held = take_one(q);
    redis_server_restart(&server);
    while (!queue_ping(q, 0, &err)) assert_int_equal(err.code, ERR_IO);
    assert_true(queue_lost(other)); /* whoever asks first */
    assert_false(queue_lost(q));
    assert_false(queue_lost(other));
    ack(q, held);
    take_this(q, "waiting", 1);
    assert_int_equal(unfinished(q), 0);
    queue_close(q);
    queue_close(other);
}

static void test_an_empty_server_is_a_new_queue(void **state) {
    (void)state;
    struct error err;
    struct queue *q = open_named("empty"), *other = open_named("empty");
    put(q, "held");
    put(q, "lost");
    struct job *held = take_one(q);
    assert_false(queue_lost(q)); /* it is new, and that is all */
    assert_ok(queue_ping(other, 0, &err), &err);
    forget_notices();
    redis_server_restart_empty(&server);
    while (!queue_put(other, STR("again"), 0, 0, &err)) assert_int_equal(err.code, ERR_IO);
    assert_non_null(strstr(notices.last, "may be lost"));
    ack(q, held);
    take_this(q, "again", 1);
    assert_true(queue_lost(q));
    assert_false(queue_lost(other));
    assert_int_equal(unfinished(q), 0);
    queue_close(q);
    queue_close(other);
}

/* A process that has just started finds an empty Redis, and nothing strange in that; one that was
 * there before knows better. */
static void test_whoever_knew_the_queue_before_sees_that_it_is_another(void **state) {
    (void)state;
    struct error err;
    struct queue *old[2] = {open_named("another"), open_named("another")};
    assert_ok(queue_ping(old[0], 0, &err), &err);
    assert_ok(queue_ping(old[1], 0, &err), &err);
    redis_server_do(&server, "FLUSHALL");
    struct queue *new = open_named("another");
    put(new, "1");
    assert_false(queue_lost(new));
    forget_notices();
    put(old[0], "2");
    put(old[1], "3");
    assert_int_equal(notices.count, 1);
    assert_true(queue_lost(new));
    assert_false(queue_lost(old[0]));
    take_this(old[1], "1", 1);
    queue_close(old[0]);
    queue_close(old[1]);
    queue_close(new);
}

/* Full, and then started anew: what is in it is its jobs, so it must let them be taken. */
static void test_a_full_server_that_was_started_anew_is_emptied(void **state) {
    (void)state;
    struct error err;
    struct queue *q = open_named("full-anew");
    put(q, "x");
    server.words[0] = "--maxmemory";
    server.words[1] = "1";
    redis_server_restart(&server);
    while (!queue_ping(q, 0, &err)) assert_int_equal(err.code, ERR_IO);
    take_this(q, "x", 1);
    assert_fails(queue_put(q, STR("y"), 0, 0, &err), &err, ERR_FULL);
    server.words[0] = NULL;
    redis_server_restart(&server);
    while (!queue_put(q, STR("z"), 0, 0, &err)) assert_int_equal(err.code, ERR_IO);
    assert_true(queue_lost(q));
    take_this(q, "z", 1);
    queue_close(q);
}

static void test_a_queue_that_somebody_removed_is_made_again(void **state) {
    (void)state;
    struct error err;
    struct job *none;
    struct queue *q = open_named("flushed"), *other = open_named("flushed");
    struct share s = {.q = q};
    put(q, "1");
    take_this(q, "1", 1);
    redis_server_do(&server, "FLUSHALL");
    assert_int_equal(take(q, &none, 1, 0), 0); /* finds out by itself */
    assert_true(queue_lost(q));
    redis_server_do(&server, "FLUSHALL");
    put(q, "2");
    take_this(other, "2", 1);
    assert_true(queue_lost(other));
    redis_server_do(&server, "DEL bf:{flushed}:late"); /* only a part of it */
    put(q, "3");
    take_this(q, "3", 1);
    assert_int_equal(take(q, &none, 1, 0), 0);
    assert_true(queue_lost(q));
    assert_int_equal(pthread_create(&s.thread, NULL, take_in_thread, &s), 0);
    redis_server_do(&server, "FLUSHALL"); /* while somebody waits */
    assert_ok(queue_put(other, STR("4"), 0, 0, &err), &err);
    assert_int_equal(pthread_join(s.thread, NULL), 0);
    assert_int_equal(s.failed, 0);
    assert_int_equal(s.count, 1);
    assert_int_equal(unfinished(q), 0);
    queue_close(q);
    queue_close(other);
}

static void test_a_server_that_is_paused_is_an_error_until_it_goes_on(void **state) {
    (void)state;
    struct error err;
    struct job *job = NULL;
    int n = 0;
    struct queue *q = open_with(&(struct with){.name = "paused", .timeout = 100 * USEC_PER_MS});
    put(q, "held");
    struct job *held = take_one(q);
    redis_server_pause(&server);
    assert_fails(queue_put(q, STR("maybe"), 0, 0, &err), &err, ERR_IO);
    assert_non_null(strstr(err.msg, "did not answer within 100 ms"));
    assert_fails(queue_take(q, &job, 1, 0, 0, &n, &err), &err, ERR_IO);
    assert_fails(queue_ack(q, held, &err), &err, ERR_IO);
    redis_server_go_on(&server);
    while (!queue_ping(q, 0, &err)) assert_int_equal(err.code, ERR_IO);
    while (stats(q).taken > 0) /* what was done is told now; what Redis did in between comes */
        if (take(q, &job, 1, 0) == 1) ack(q, job);
    queue_close(q);
}

static void test_a_full_server_takes_what_fits_and_gives_what_it_has(void **state) {
    (void)state;
    static char big[64 << 10];
    struct error err;
    struct job_put v[100];
    struct job *jobs[100];
    int n = -1, all = 0;
    bool dead;
    struct queue *q = open_named("oom");
    assert_ok(queue_ping(q, 0, &err), &err);
    memset(big, 'x', sizeof big);
    for (int i = 0; i < 100; i++)
        v[i] = (struct job_put){str_from_bytes(big, sizeof big), JOB_FRESH};
    redis_server_do(&server, "CONFIG SET maxmemory %lld",
                    (long long)(stats(q).memory_bytes + (4 << 20)));
    bool ok = true;
    for (int round = 0; round < 100 && ok; round++, all += n)
        ok = queue_put_many(q, v, 10, 0, 0, &n, &err);
    assert_false(ok);
    assert_int_equal(err.code, ERR_FULL);
    assert_non_null(strstr(err.msg, "maxmemory"));
    assert_true(all > 0 && all < 1000);
    assert_int_equal(stats(q).fresh, all);
    redis_server_do(&server, "CONFIG SET maxmemory 1"); /* not a byte more */
    assert_fails(queue_put(q, STR("small"), 0, 1000, &err), &err, ERR_FULL);
    /* what is in can be taken and done, and a job that cannot be given back stays in hands */
    assert_int_equal(take(q, jobs, 2, 0), 2);
    assert_fails(queue_retry(q, jobs[0], STR("failed"), 0, &dead, &err), &err, ERR_FULL);
    ack(q, jobs[1]);
    assert_int_equal(stats(q).taken, 1);
    redis_server_do(&server, "CONFIG SET maxmemory 0");
    put(q, "small");
    make_idle("oom");
    for (int done = 0; done < all; done += n) { /* all but the one that was done, and the small */
        n = take(q, jobs, 100, FOREVER);
        assert_ok(queue_ack_many(q, jobs, n, &err), &err);
    }
    assert_int_equal(unfinished(q), 0);
    queue_close(q);
}

static void test_a_replica_is_named_as_what_it_is(void **state) {
    (void)state;
    struct error err;
    struct queue *q = open_named("replica");
    put(q, "x");
    redis_server_do(&server, "REPLICAOF 127.0.0.1 1");
    assert_fails(queue_put(q, STR("y"), 0, 0, &err), &err, ERR_BUSY);
    assert_non_null(strstr(err.msg, "primary"));
    redis_server_do(&server, "REPLICAOF NO ONE");
    put(q, "z");
    take_this(q, "x", 1);
    take_this(q, "z", 1);
    queue_close(q);
}

static void test_another_program_s_keys_are_not_touched(void **state) {
    (void)state;
    struct error err;
    struct job *none;
    int n;
    redis_server_do(&server, "SET bf:{taken}:late other");
    struct queue *q = open_named("taken");
    assert_fails(queue_put(q, STR("secret words"), 0, 0, &err), &err, ERR_CONFIG);
    assert_non_null(strstr(err.msg, "queue.prefix"));
    assert_null(strstr(err.msg, "secret"));
    assert_fails(queue_take(q, &none, 1, 0, 0, &n, &err), &err, ERR_CONFIG);
    redisReply *r = redis_server_ask(&server, "GET bf:{taken}:late");
    assert_string_equal(r->str, "other");
    freeReplyObject(r);
    queue_close(q);
}

static void test_an_entry_that_is_no_job_is_removed_with_a_word(void **state) {
    (void)state;
    struct queue *q = open_named("foreign");
    put(q, "1");
    redis_server_do(&server, "XADD bf:{foreign}:fresh * hello world");
    redis_server_do(&server, "XADD bf:{foreign}:fresh * job %s", "bf1 0 0 0 99\nx");
    put(q, "2");
    forget_notices();
    take_this(q, "1", 1);
    take_this(q, "2", 1);
    assert_int_equal(notices.count, 2);
    assert_non_null(strstr(notices.last, "is no job of this program"));
    assert_int_equal(unfinished(q), 0);
    queue_close(q);
}

static void test_a_server_that_throws_data_away_is_told_of(void **state) {
    (void)state;
    struct error err;
    redis_server_do(&server, "CONFIG SET maxmemory-policy allkeys-lru");
    forget_notices();
    struct queue *q = open_named("evicts");
    assert_ok(queue_ping(q, 0, &err), &err);
    assert_non_null(strstr(notices.last, "allkeys-lru"));
    const int told = notices.count;
    redis_server_do(&server, "CLIENT KILL TYPE normal SKIPME yes");
    assert_ok(queue_ping(q, 0, &err), &err);
    assert_int_equal(notices.count, told); /* the same server: once */
    redis_server_do(&server, "CONFIG SET maxmemory-policy noeviction");
    queue_close(q);
}

static void test_looking_at_a_queue_makes_nothing(void **state) {
    (void)state;
    struct error err;
    struct redis_info info;
    struct queue_stats s;
    struct queue *q = open_named("looked-at"), *other = open_named("looked-at");
    assert_ok(redis_queue_look(q, &info, &s, &err), &err);
    assert_int_equal(redis_server_number(&server, "EXISTS bf:{looked-at}:fresh "
                                                  "bf:{looked-at}:epoch"),
                     0);
    assert_int_equal(
        s.fresh + s.late + s.delayed + s.taken + s.oldest + s.oldest_taken + s.consumers, 0);
    assert_true(info.version[0] != '\0' && info.memory_used > 0 && info.ping > 0);
    assert_true(info.appends);
    assert_false(info.evicts);
    assert_string_equal(info.policy, "noeviction");
    assert_ok(queue_put(other, STR("1"), 7, 0, &err), &err);
    assert_ok(queue_put(other, STR("2"), 8, 0, &err), &err);
    struct job *held = take_one(other);
    redis_server_do(&server, "CONFIG SET maxmemory-policy allkeys-lru");
    assert_ok(redis_queue_look(q, &info, &s, &err), &err);
    assert_true(info.evicts);
    assert_int_equal(s.fresh, 1);
    assert_int_equal(s.taken, 1);
    assert_int_equal(s.oldest, 8);
    assert_int_equal(s.oldest_taken, 7);
    assert_int_equal(s.consumers, 1);
    redis_server_do(&server, "CONFIG SET maxmemory-policy noeviction");
    ack(other, held);
    queue_close(q);
    queue_close(other);
}

/* --- rights --------------------------------------------------------------------------------- */

static struct secret secret_of(const char *text) {
    struct error err;
    struct secret s;
    assert_ok(secret_copy(str_from_z(text), &s, &err), &err);
    return s;
}

static void expect_refused(const struct with *w, const char *words) {
    struct error err;
    struct queue *q = open_with(w);
    assert_fails(queue_ping(q, 0, &err), &err, ERR_CONFIG);
    if (strstr(err.msg, words) == NULL) fail_msg("%s", err.msg);
    queue_close(q);
}

static void test_a_password_is_asked_for_and_given(void **state) {
    (void)state;
    struct secret right = secret_of("s3cret"), wrong = secret_of("other");
    expect_refused(&(struct with){.password = &right}, "take queue.password_file out");
    redis_server_do(&server, "CONFIG SET requirepass s3cret");
    expect_refused(&(struct with){0}, "queue.password_file");
    expect_refused(&(struct with){.password = &wrong}, "does not take the password");
    struct queue *q = open_with(&(struct with){.password = &right});
    put(q, "x");
    take_this(q, "x", 1);
    queue_close(q);
    redis_server_do(&server, "CONFIG SET requirepass %s", "");
    secret_wipe(&right);
    secret_wipe(&wrong);
}

/* The rights that docs/queue.md gives are enough, and without them it is said. */
static void test_a_user_needs_only_the_rights_that_are_documented(void **state) {
    (void)state;
    struct error err;
    struct secret password = secret_of("pw");
    char url[100];
    snprintf(url, sizeof url, "redis://bull@127.0.0.1:%d/0", server.port);
    const struct with w = {.name = "rights", .url = url, .password = &password};
    redis_server_do(&server, "ACL SETUSER bull on >pw ~bf:* -@all +ping");
    expect_refused(&w, "docs/queue.md");
    redis_server_do(&server, "ACL SETUSER bull +@stream +@sortedset +@scripting "
                             "+@connection +select +info +get +set +getdel");
    struct queue *q = open_with(&w);
    bool dead;
    put(q, "x");
    assert_ok(queue_retry(q, take_one(q), STR("no"), 0, &dead, &err), &err);
    assert_ok(queue_ping(q, FOREVER, &err), &err);
    struct job *job = take_one(q);
    assert_ok(queue_keep(q, &job, 1, 0, &err), &err);
    ack(q, job);
    assert_false(queue_lost(q));
    assert_int_equal(unfinished(q), 0);
    queue_close(q);
    redis_server_do(&server, "ACL DELUSER bull");
    secret_wipe(&password);
}

static void test_what_is_not_safe_or_not_there_is_refused_at_once(void **state) {
    (void)state;
    const struct queue_options opt = {.capacity = 1, .max_attempts = 1};
    struct error err;
    struct queue *q = NULL;
    struct redis_options o =
        redis_options(&(struct with){.name = "refused", .url = "redis://redis.example.com/0"});
    assert_fails(redis_queue_open(&opt, &o, &q, &err), &err, ERR_REFUSED);
    assert_non_null(strstr(err.msg, "rediss://"));
    o.insecure = true;
    assert_ok(redis_queue_open(&opt, &o, &q, &err), &err);
    queue_close(q);
    o.url = STR("redis://user:s3cret@127.0.0.1/0");
    assert_fails(redis_queue_open(&opt, &o, &q, &err), &err, ERR_CONFIG);
    assert_null(strstr(err.msg, "s3cret"));
    o.url = STR("redis://127.0.0.1/0");
    o.prefix = STR("a b");
    assert_fails(redis_queue_open(&opt, &o, &q, &err), &err, ERR_CONFIG);
}

/* --- much ------------------------------------------------------------------------------------ */

#define MANY_JOBS 100000
#define BATCH 64

static void test_a_hundred_thousand_jobs_leave_nothing_behind(void **state) {
    (void)state;
    static char post[600];
    struct error err;
    struct job_put v[BATCH];
    struct job *jobs[BATCH];
    struct queue *q = open_with(&(struct with){.name = "many", .capacity = 10000});
    int n = 0, put_count = 0, done = 0;
    size_t first = 0;
    memset(post, 'p', sizeof post);
    for (int i = 0; i < BATCH; i++)
        v[i] = (struct job_put){str_from_bytes(post, sizeof post), JOB_FRESH};
    redis_server_do(&server, "CONFIG SET appendfsync no"); /* the disk is not what this is about */
    while (done < MANY_JOBS) {
        const int want = (int)i64_min(BATCH, MANY_JOBS - put_count);
        assert_ok(queue_put_many(q, v, want, 0, FOREVER, &n, &err), &err);
        put_count += n;
        n = take(q, jobs, BATCH, FOREVER);
        assert_ok(queue_ack_many(q, jobs, n, &err), &err);
        done += n;
        /* buffers have grown to what a batch needs; from here on nothing may grow */
        if (done < MANY_JOBS / 10) first = mallinfo2().uordblks;
    }
    const size_t last = mallinfo2().uordblks;
    assert_true(last <= first + (64 << 10));
    assert_int_equal(unfinished(q), 0);
    assert_int_equal(redis_server_number(&server, "XLEN bf:{many}:fresh"), 0);
    redis_server_do(&server, "CONFIG SET appendfsync always");
    queue_close(q);
}

static void test_a_batch_of_large_jobs_goes_through(void **state) {
    (void)state;
    struct error err;
    struct job_put v[5];
    struct job *jobs[5];
    int n = 0;
    struct queue *q = open_named("large");
    char *big = malloc(QUEUE_PAYLOAD_BYTES_MAX);
    assert_non_null(big);
    for (int i = 0; i < QUEUE_PAYLOAD_BYTES_MAX; i++) big[i] = (char)(i * 7);
    for (int i = 0; i < 5; i++)
        v[i] = (struct job_put){str_from_bytes(big, QUEUE_PAYLOAD_BYTES_MAX - i), JOB_LATE};
    assert_ok(queue_put_many(q, v, 5, 0, 0, &n, &err), &err);
    assert_int_equal(n, 5);
    assert_int_equal(take(q, jobs, 5, 0), 5);
    for (int i = 0; i < 5; i++) assert_true(str_eq(payload(jobs[i]), v[i].payload));
    assert_ok(queue_ack_many(q, jobs, 5, &err), &err);
    free(big);
    queue_close(q);
}

static bool open_next(const struct queue_options *opt, struct queue **ret, struct error *err) {
    const struct redis_options redis = redis_options(&(struct with){0});
    return redis_queue_open(opt, &redis, ret, err);
}

#define T(name) cmocka_unit_test(test_##name)

static int own_tests(void) {
    const struct CMUnitTest tests[] = {
        T(the_job_of_a_killed_consumer_comes_again),
        T(a_job_that_kills_each_consumer_is_spent),
        T(what_is_kept_is_not_taken_over),
        T(a_keeper_who_comes_too_late_does_not_take_it_back),
        T(what_is_in_hands_at_the_end_is_for_others_at_once),
        T(a_single_consumer_begins_with_what_the_one_before_had),
        T(consumers_that_are_gone_are_forgotten),
        T(two_consumers_share_without_doubling),
        T(a_connection_that_is_cut_is_opened_again),
        T(a_job_that_was_on_its_way_when_the_connection_broke_is_fetched),
        T(scripts_that_redis_forgot_are_loaded_again),
        T(a_socket_and_a_database_are_spoken_to),
        T(a_server_that_is_not_there_yet_is_an_error_of_the_call),
        T(a_taker_waits_for_a_server_that_comes_back),
        T(a_stop_ends_the_wait_for_a_server),
        T(a_server_with_its_data_goes_on_and_says_that_it_was_away),
        T(an_empty_server_is_a_new_queue),
        T(whoever_knew_the_queue_before_sees_that_it_is_another),
        T(a_full_server_that_was_started_anew_is_emptied),
        T(a_queue_that_somebody_removed_is_made_again),
        T(a_server_that_is_paused_is_an_error_until_it_goes_on),
        T(a_full_server_takes_what_fits_and_gives_what_it_has),
        T(a_replica_is_named_as_what_it_is),
        T(another_program_s_keys_are_not_touched),
        T(an_entry_that_is_no_job_is_removed_with_a_word),
        T(a_server_that_throws_data_away_is_told_of),
        T(looking_at_a_queue_makes_nothing),
        T(a_password_is_asked_for_and_given),
        T(a_user_needs_only_the_rights_that_are_documented),
        T(what_is_not_safe_or_not_there_is_refused_at_once),
        T(a_hundred_thousand_jobs_leave_nothing_behind),
        T(a_batch_of_large_jobs_goes_through),
    };
    return cmocka_run_group_tests_name("redis queue, its own", tests, NULL, NULL);
}

int main(void) {
    const struct queue_place redis = {"redis queue", open_next, 50};
    redis_server_open(&server, NULL);
    int failed = queue_contract_run(&redis);
    failed += own_tests();
    redis_server_close(&server);
    return failed;
}
