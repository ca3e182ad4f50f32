/* The queue on Redis over a wire that is cut, hangs and is slow, again and again: every job is done
 * at least once, and in the end nothing is left. TEST_SEED=n repeats the weather, though not what
 * the threads make of it. */
#include <pthread.h>
#include <stdatomic.h>

#include "redis_server.h"
#include "tcp_proxy.h"

#include "base/rng.h"
#include "queue/redis.h"

#define JOBS 3000
#define PRODUCERS 2
#define CONSUMERS 3
#define BATCH 16
#define WEATHERS 200

static struct redis_server server;
static struct tcp_proxy *wire;
static char url[64];
static atomic_int done[JOBS], missing, failed, doubled;

static struct queue *open_queue(void) {
    const struct queue_options opt = {
        .capacity = 500, .max_attempts = 1000, .backoff = 5 * USEC_PER_MS};
    const struct redis_options redis = {.url = str_from_z(url),
                                        .prefix = STR("bf"),
                                        .name = STR("wire"),
                                        .timeout = 100 * USEC_PER_MS,
                                        .claim_after = 300 * USEC_PER_MS};
    struct error err;
    struct queue *q = NULL;
    assert_ok(redis_queue_open(&opt, &redis, &q, &err), &err);
    return q;
}

/* Trouble of the wire, and nothing else. */
static void note(const struct error *err) {
    if (err_retryable(err->code)) return;
    print_error("%s: %s\n", err_name(err->code), err->msg);
    atomic_fetch_add(&failed, 1);
}

static void *produce(void *arg) {
    const int first = *(const int *)arg;
    struct queue *q = open_queue();
    for (int i = 0; i < JOBS / PRODUCERS;) {
        struct job_put v[BATCH];
        char text[BATCH][16];
        struct error err;
        int n = 0, put = 0;
        for (; n < BATCH && i + n < JOBS / PRODUCERS; n++) {
            const int bytes = snprintf(text[n], sizeof text[n], "%d", first + i + n);
            v[n] = (struct job_put){str_from_bytes(text[n], bytes), n % 2 ? JOB_LATE : JOB_FRESH};
        }
        /* what is not certainly in is put again, a little later, as a sweeper would */
        if (!queue_put_many(q, v, n, time_wall_us(), USEC_PER_S, &put, &err)) {
            note(&err);
            usleep(2000);
        }
        i += put;
    }
    queue_close(q);
    return NULL;
}

static void do_job(struct queue *q, struct rng *r, struct job *job) {
    struct error err;
    int64_t number;
    bool dead;
    if (!str_to_i64(str_from_bytes(job->payload, job->payload_bytes), &number) || job->spent) {
        atomic_fetch_add(&failed, 1);
        return;
    }
    if (rng_below(r, 8) == 0) {
        if (!queue_retry(q, job, STR("again"), time_wall_us(), &dead, &err)) note(&err);
        return;
    }
    if (rng_below(r, 8) == 0 && !queue_keep(q, &job, 1, time_wall_us(), &err)) note(&err);
    if (atomic_fetch_add(&done[number], 1) == 0)
        atomic_fetch_sub(&missing, 1);
    else
        atomic_fetch_add(&doubled, 1);
    if (!queue_ack(q, job, &err)) note(&err);
}

static void *consume(void *arg) {
    struct queue *q = open_queue();
    struct rng r;
    rng_init(&r, *(const uint64_t *)arg);
    while (atomic_load(&missing) > 0) {
        struct job *jobs[BATCH];
        struct error err;
        int n = 0;
        if (!queue_take(q, jobs, BATCH, time_wall_us(), 20 * USEC_PER_MS, &n, &err)) {
            note(&err);
            n = 0;
        }
        for (int i = 0; i < n; i++) do_job(q, &r, jobs[i]);
    }
    queue_close(q);
    return NULL;
}

static void weather(uint64_t seed) {
    struct rng r;
    rng_init(&r, seed);
    for (int i = 0; i < WEATHERS && atomic_load(&missing) > 0; i++) {
        switch (rng_below(&r, 6)) {
        case 0:
            tcp_proxy_set(wire, PROXY_CUT, 0);
            break;
        case 1:
            tcp_proxy_set(wire, PROXY_HANG, 0);
            break;
        case 2:
            tcp_proxy_set(wire, PROXY_SLOW, rng_between(&r, 0, 150) * USEC_PER_MS);
            break;
        case 3:
            tcp_proxy_cut_once(wire);
            break;
        default: /* not an enum */
            tcp_proxy_set(wire, PROXY_PASS, 0);
            break;
        }
        usleep((useconds_t)rng_between(&r, 1000, 80000));
    }
    tcp_proxy_set(wire, PROXY_PASS, 0);
}

/* What was taken and not acknowledged in time comes again, until nothing is there. */
static void drain(void) {
    struct queue *q = open_queue();
    struct queue_stats s = {.taken = 1};
    while (s.fresh + s.late + s.delayed + s.taken > 0) {
        struct job *jobs[BATCH];
        struct error err;
        int n = 0;
        assert_ok(queue_take(q, jobs, BATCH, time_wall_us(), 20 * USEC_PER_MS, &n, &err), &err);
        assert_ok(queue_ack_many(q, jobs, n, &err), &err);
        assert_ok(queue_stats(q, &s, &err), &err);
    }
    queue_close(q);
}

static void test_no_job_is_lost_on_a_bad_wire(void **state) {
    (void)state;
    const uint64_t seed = test_seed();
    pthread_t threads[PRODUCERS + CONSUMERS];
    int first[PRODUCERS];
    uint64_t seeds[CONSUMERS];
    atomic_store(&missing, JOBS);
    for (int i = 0; i < PRODUCERS; i++) {
        first[i] = i * (JOBS / PRODUCERS);
        assert_int_equal(pthread_create(&threads[i], NULL, produce, &first[i]), 0);
    }
    for (int i = 0; i < CONSUMERS; i++) {
        seeds[i] = seed + (uint64_t)i + 1;
        assert_int_equal(pthread_create(&threads[PRODUCERS + i], NULL, consume, &seeds[i]), 0);
    }
    weather(seed);
    for (int i = 0; i < PRODUCERS + CONSUMERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < JOBS; i++) assert_true(done[i] > 0);
    drain();
    assert_int_equal(failed, 0);
    print_message("%d jobs, %d done more than once, %lld connections\n", JOBS, doubled,
                  (long long)tcp_proxy_accepted(wire));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_no_job_is_lost_on_a_bad_wire)};
    char target[32];
    struct error err;
    redis_server_open(&server, NULL);
    snprintf(target, sizeof target, "127.0.0.1:%d", server.port);
    if (!tcp_proxy_open(0, str_from_z(target), &wire, &err)) return 1;
    snprintf(url, sizeof url, "redis://127.0.0.1:%d/0", tcp_proxy_port(wire));
    const int bad = cmocka_run_group_tests_name("queue on a bad wire", tests, NULL, NULL);
    tcp_proxy_close(wire);
    redis_server_close(&server);
    return bad;
}
