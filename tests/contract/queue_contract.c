/* The queue's contract, test by test. TEST_SEED=n repeats a run. No test sleeps to be right: times
 * are the caller's, and who waits is woken by what it waits for. */
#include "queue_contract.h"

#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "check.h"

#include "base/rng.h"

#define FOREVER (60 * USEC_PER_S) /* far longer than any test takes */
#define BACKOFF (1000 * USEC_PER_MS)

static const struct queue_place *place;
static uint64_t seed;

static struct queue *open_queue(int capacity, int max_attempts) {
    struct error err;
    struct queue *q = NULL;
    const struct queue_options opt = {
        .capacity = capacity, .max_attempts = max_attempts, .backoff = BACKOFF, .seed = seed};
    assert_ok(place->open(&opt, &q, &err), &err);
    return q;
}

static void put(struct queue *q, str payload, usec now) {
    struct error err;
    assert_ok(queue_put(q, payload, now, 0, &err), &err);
}

static int take(struct queue *q, struct job **jobs, int max, usec now) {
    struct error err;
    int n = -1;
    assert_ok(queue_take(q, jobs, max, now, 0, &n, &err), &err);
    return n;
}

static struct job *take_one(struct queue *q, usec now) {
    struct job *job = NULL;
    assert_int_equal(take(q, &job, 1, now), 1);
    return job;
}

static void ack(struct queue *q, struct job *job) {
    struct error err;
    assert_ok(queue_ack(q, job, &err), &err);
}

static bool retry(struct queue *q, struct job *job, usec now) {
    struct error err;
    bool dead;
    assert_ok(queue_retry(q, job, STR("it failed"), now, &dead, &err), &err);
    return dead;
}

static struct queue_stats stats(struct queue *q) {
    struct queue_stats s;
    queue_stats(q, &s);
    return s;
}

/* -- one thread -------------------------------------------------------------------------- */

static void test_jobs_come_in_order_with_their_bytes(void **state) {
    (void)state;
    struct queue *q = open_queue(8, 3);
    struct job *jobs[8];
    put(q, STR("one"), 100);
    put(q, str_from_bytes("t\0o", 3), 101);
    put(q, (str){0}, 102);
    assert_int_equal(stats(q).oldest, 100);
    assert_int_equal(take(q, jobs, 2, 103), 2);
    assert_str(str_from_bytes(jobs[0]->payload, jobs[0]->payload_bytes), "one");
    assert_true(str_eq(str_from_bytes(jobs[1]->payload, jobs[1]->payload_bytes),
                       str_from_bytes("t\0o", 3)));
    assert_int_equal(jobs[0]->attempt, 1);
    assert_int_equal(jobs[0]->enqueued_at, 100);
    assert_true(jobs[0]->id < jobs[1]->id);
    assert_int_equal(take(q, &jobs[2], 8, 103), 1);
    assert_int_equal(jobs[2]->payload_bytes, 0);
    assert_int_equal(take(q, &jobs[3], 1, 103), 0);
    for (int i = 0; i < 3; i++) ack(q, jobs[i]);
    const struct queue_stats s = stats(q);
    assert_int_equal(s.enqueued, 3);
    assert_int_equal(s.acked, 3);
    assert_int_equal(s.waiting + s.delayed + s.taken, 0);
    queue_close(q);
}

static void test_a_full_queue_says_so_until_a_job_is_done(void **state) {
    (void)state;
    struct error err;
    struct queue *q = open_queue(2, 3);
    put(q, STR("a"), 0);
    put(q, STR("b"), 0);
    assert_fails(queue_put(q, STR("c"), 0, 0, &err), &err, ERR_FULL);
    struct job *job = take_one(q, 0);
    assert_fails(queue_put(q, STR("c"), 0, 0, &err), &err, ERR_FULL); /* it may come back */
    assert_fails(queue_put(q, STR("c"), 0, 1000, &err), &err, ERR_FULL);
    ack(q, job);
    put(q, STR("c"), 0);
    queue_close(q); /* with jobs in it: they are freed */
}

static void test_a_job_too_large_is_refused(void **state) {
    (void)state;
    struct error err;
    struct queue *q = open_queue(2, 3);
    char *big = calloc(1, QUEUE_PAYLOAD_BYTES_MAX + 1);
    assert_non_null(big);
    assert_fails(queue_put(q, str_from_bytes(big, QUEUE_PAYLOAD_BYTES_MAX + 1), 0, 0, &err), &err,
                 ERR_RANGE);
    put(q, str_from_bytes(big, QUEUE_PAYLOAD_BYTES_MAX), 0);
    struct job *job = take_one(q, 0);
    assert_int_equal(job->payload_bytes, QUEUE_PAYLOAD_BYTES_MAX);
    ack(q, job);
    free(big);
    queue_close(q);
}

static void test_a_failed_job_comes_again_after_a_doubling_pause_until_it_is_dead(void **state) {
    (void)state;
    struct queue *q = open_queue(4, 4);
    usec now = 0, pause = BACKOFF;
    put(q, STR("x"), now);
    for (int attempt = 1; attempt < 4; attempt++, pause *= 2) {
        struct job *job = take_one(q, now);
        assert_int_equal(job->attempt, attempt);
        assert_false(retry(q, job, now));
        assert_int_equal(stats(q).delayed, 1);
        assert_int_equal(take(q, &job, 1, now + pause / 2 - 1), 0); /* half of it is certain */
        now += pause;
    }
    struct job *job = take_one(q, now);
    assert_int_equal(job->attempt, 4);
    assert_string_equal(job->last_error, "it failed");
    assert_true(retry(q, job, now)); /* now it is ours */
    assert_str(str_from_bytes(job->payload, job->payload_bytes), "x");
    job_free(job);
    const struct queue_stats s = stats(q);
    assert_int_equal(s.retried, 3);
    assert_int_equal(s.dead, 1);
    assert_int_equal(s.waiting + s.delayed + s.taken, 0);
    queue_close(q);
}

static void test_pauses_end_in_their_order(void **state) {
    (void)state;
    struct queue *q = open_queue(64, 9);
    struct job *jobs[64];
    for (int i = 0; i < 64; i++) put(q, STR("x"), 0);
    assert_int_equal(take(q, jobs, 64, 0), 64);
    for (int i = 0; i < 64; i++) {
        const int k = (i * 37) % 64; /* in disorder, 10 s apart: more than chance can add */
        assert_false(retry(q, jobs[k], jobs[k]->id * 10 * BACKOFF));
    }
    int64_t last = 0;
    for (int i = 0; i < 64; i++) {
        struct job *job = NULL;
        usec now = (last + 1) * 10 * BACKOFF + BACKOFF;
        assert_int_equal(take(q, &job, 1, now), 1);
        assert_int_equal(job->id, last + 1);
        last = job->id;
        ack(q, job);
    }
    queue_close(q);
}

static void test_the_same_seed_gives_the_same_pauses(void **state) {
    (void)state;
    usec ends[2] = {0, 0};
    for (int run = 0; run < 2; run++) {
        struct queue *q = open_queue(2, 9);
        struct job *job = NULL;
        put(q, STR("x"), 0);
        assert_false(retry(q, take_one(q, 0), 0));
        usec lo = 0, hi = 2 * BACKOFF; /* the pause is over at hi, not at lo */
        assert_int_equal(take(q, &job, 1, hi), 1);
        ack(q, job);
        queue_close(q);
        while (hi - lo > 1) {
            const usec mid = lo + (hi - lo) / 2;
            q = open_queue(2, 9);
            put(q, STR("x"), 0);
            assert_false(retry(q, take_one(q, 0), 0));
            if (take(q, &job, 1, mid) == 1) {
                ack(q, job);
                hi = mid;
            } else {
                lo = mid;
            }
            queue_close(q);
        }
        ends[run] = hi;
    }
    assert_int_equal(ends[0], ends[1]);
    assert_in_range(ends[0], BACKOFF / 2, BACKOFF);
}

static void test_a_stopped_queue_is_drained_and_then_over(void **state) {
    (void)state;
    struct error err;
    struct queue *q = open_queue(8, 3);
    struct job *job, *again;
    int n;
    put(q, STR("a"), 0);
    put(q, STR("b"), 0);
    put(q, STR("c"), 0);
    assert_false(retry(q, take_one(q, 0), 0)); /* a: in its pause */
    job = take_one(q, 0);                      /* b: in somebody's hands */
    queue_stop(q);
    assert_fails(queue_put(q, STR("d"), 0, FOREVER, &err), &err, ERR_STATE);
    again = take_one(q, 0);
    assert_str(str_from_bytes(again->payload, again->payload_bytes), "c");
    ack(q, again);
    again = take_one(q, 0); /* no pause is kept after a stop */
    assert_str(str_from_bytes(again->payload, again->payload_bytes), "a");
    ack(q, again);
    assert_false(retry(q, job, 0));
    again = take_one(q, 0);
    assert_str(str_from_bytes(again->payload, again->payload_bytes), "b");
    ack(q, again);
    assert_fails(queue_take(q, &job, 1, 0, FOREVER, &n, &err), &err, ERR_STATE);
    queue_close(q);
}

static void test_wrong_options_are_refused(void **state) {
    (void)state;
    struct error err;
    struct queue *q = NULL;
    const struct queue_options none = {.capacity = 0, .max_attempts = 1};
    assert_fails(place->open(&none, &q, &err), &err, ERR_CONFIG);
    queue_close(NULL);
    job_free(NULL);
}

/* -- several threads --------------------------------------------------------------------- */

/* Whether a thread is asleep already when it is woken is chance, and both must do: each of these
 * tests is done many times, with a pause of its own length in between. */
#define TIMES 200

struct waiter {
    struct queue *q;
    bool putter;
    bool ok;
    int count;
    err_code code;
    struct job *job;
    pthread_t thread;
    pthread_barrier_t ready;
};

static void *wait_in_queue(void *arg) {
    struct waiter *w = arg;
    struct error err = {0};
    IGNORE(pthread_barrier_wait(&w->ready), "one of the two is told that it was the last");
    if (w->putter)
        w->ok = queue_put(w->q, STR("late"), 0, FOREVER, &err);
    else
        w->ok = queue_take(w->q, &w->job, 1, 0, FOREVER, &w->count, &err);
    w->code = err.code;
    return NULL;
}

static pthread_t start(void *(*body)(void *), void *arg) {
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, body, arg), 0);
    return thread;
}

static void finish(pthread_t thread) { assert_int_equal(pthread_join(thread, NULL), 0); }

/* Starts a waiter; gives it `round` chances to fall asleep. */
static void start_waiter(struct waiter *w, struct queue *q, bool putter, int round) {
    *w = (struct waiter){.q = q, .putter = putter};
    assert_int_equal(pthread_barrier_init(&w->ready, NULL, 2), 0);
    w->thread = start(wait_in_queue, w);
    IGNORE(pthread_barrier_wait(&w->ready), "one of the two is told that it was the last");
    for (int i = 0; i < round; i++) sched_yield();
}

static void finish_waiter(struct waiter *w) {
    finish(w->thread);
    assert_int_equal(pthread_barrier_destroy(&w->ready), 0);
}

static void test_a_taker_is_woken_by_a_put(void **state) {
    (void)state;
    struct queue *q = open_queue(2, 3);
    for (int i = 0; i < TIMES; i++) {
        struct waiter w;
        start_waiter(&w, q, false, i);
        put(q, STR("x"), 0);
        finish_waiter(&w);
        assert_true(w.ok);
        assert_int_equal(w.count, 1);
        ack(q, w.job);
    }
    queue_close(q);
}

static void test_a_taker_is_woken_when_a_pause_ends(void **state) {
    (void)state;
    struct error err;
    struct queue *q = NULL;
    const struct queue_options opt = {
        .capacity = 2, .max_attempts = 3, .backoff = USEC_PER_MS, .seed = seed};
    assert_ok(place->open(&opt, &q, &err), &err);
    for (int i = 0; i < TIMES; i++) {
        struct waiter w;
        put(q, STR("x"), 0);
        struct job *job = take_one(q, 0);
        start_waiter(&w, q, false, i);
        assert_false(retry(q, job, 0));
        finish_waiter(&w);
        assert_true(w.ok);
        assert_int_equal(w.count, 1);
        ack(q, w.job);
    }
    queue_close(q);
}

static void test_a_putter_is_woken_by_an_ack(void **state) {
    (void)state;
    struct queue *q = open_queue(1, 3);
    for (int i = 0; i < TIMES; i++) {
        struct waiter w;
        put(q, STR("x"), 0);
        start_waiter(&w, q, true, i);
        ack(q, take_one(q, 0));
        finish_waiter(&w);
        assert_true(w.ok);
        ack(q, take_one(q, 0));
    }
    queue_close(q);
}

static void test_a_putter_is_woken_when_a_job_dies(void **state) {
    (void)state;
    struct queue *q = open_queue(1, 1);
    for (int i = 0; i < TIMES; i++) {
        struct waiter w;
        put(q, STR("x"), 0);
        start_waiter(&w, q, true, i);
        struct job *job = take_one(q, 0);
        assert_true(retry(q, job, 0));
        job_free(job);
        finish_waiter(&w);
        assert_true(w.ok);
        ack(q, take_one(q, 0));
    }
    queue_close(q);
}

static void test_a_stop_wakes_everybody(void **state) {
    (void)state;
    for (int round = 0; round < TIMES / 4; round++) {
        struct queue *q = open_queue(1, 3);
        struct waiter w[5];
        put(q, STR("x"), 0);
        struct job *job = take_one(q, 0); /* no job to take, no room to put */
        for (int i = 0; i < 5; i++) start_waiter(&w[i], q, i >= 3, round);
        queue_stop(q);
        for (int i = 0; i < 5; i++) {
            finish_waiter(&w[i]);
            assert_false(w[i].ok);
            assert_int_equal(w[i].code, ERR_STATE);
        }
        ack(q, job);
        queue_close(q);
    }
}

/* Producers number their jobs; consumers fail some of them at random and acknowledge the rest. */
#define PRODUCERS 3
#define CONSUMERS 4
#define JOBS_EACH 2000

struct crowd {
    struct queue *q;
    uint64_t seed;
    int first;
    int failed;
    unsigned char *acked; /* of all jobs; each byte is written by the one that acknowledges it */
    int64_t deliveries;
};

static void *produce(void *arg) {
    struct crowd *c = arg;
    struct error err;
    for (int i = 0; i < JOBS_EACH; i++) {
        char text[16];
        const int n = snprintf(text, sizeof text, "%d", c->first + i);
        if (!queue_put(c->q, str_from_bytes(text, n), 0, FOREVER, &err)) c->failed++;
    }
    return NULL;
}

static void consume_one(struct crowd *c, struct rng *r, struct job *job) {
    struct error err;
    int64_t number = -1;
    bool dead = false;
    c->deliveries++;
    if (!str_to_i64(str_from_bytes(job->payload, job->payload_bytes), &number)) c->failed++;
    if (rng_below(r, 10) == 0) {
        if (!queue_retry(c->q, job, STR("again"), 0, &dead, &err) || dead) c->failed++;
    } else {
        c->acked[number]++;
        if (!queue_ack(c->q, job, &err)) c->failed++;
    }
}

static void *consume(void *arg) {
    struct crowd *c = arg;
    struct rng r;
    rng_init(&r, c->seed);
    for (;;) {
        struct error err;
        struct job *jobs[8];
        int n = 0;
        const int max = 1 + (int)rng_below(&r, 8);
        /* far in the future: every pause is over */
        if (!queue_take(c->q, jobs, max, FOREVER, FOREVER, &n, &err)) {
            if (err.code != ERR_STATE) c->failed++;
            return NULL;
        }
        for (int i = 0; i < n; i++) consume_one(c, &r, jobs[i]);
    }
}

static void test_each_job_is_acknowledged_exactly_once_by_a_crowd(void **state) {
    (void)state;
    struct queue *q = open_queue(32, 1000);
    struct crowd crowd[PRODUCERS + CONSUMERS];
    pthread_t threads[PRODUCERS + CONSUMERS];
    unsigned char *acked = calloc(PRODUCERS * JOBS_EACH, 1);
    assert_non_null(acked);
    for (int i = 0; i < PRODUCERS + CONSUMERS; i++) {
        crowd[i] = (struct crowd){.q = q, .seed = seed + (uint64_t)i, .acked = acked};
        crowd[i].first = i * JOBS_EACH;
        threads[i] = start(i < PRODUCERS ? produce : consume, &crowd[i]);
    }
    for (int i = 0; i < PRODUCERS; i++) finish(threads[i]);
    queue_stop(q);
    int64_t deliveries = 0;
    for (int i = PRODUCERS; i < PRODUCERS + CONSUMERS; i++) finish(threads[i]);
    for (int i = 0; i < PRODUCERS + CONSUMERS; i++) {
        assert_int_equal(crowd[i].failed, 0);
        deliveries += crowd[i].deliveries;
    }
    for (int i = 0; i < PRODUCERS * JOBS_EACH; i++) assert_int_equal(acked[i], 1);
    const struct queue_stats s = stats(q);
    assert_int_equal(s.enqueued, PRODUCERS * JOBS_EACH);
    assert_int_equal(s.acked, PRODUCERS * JOBS_EACH);
    assert_int_equal(s.retried, deliveries - PRODUCERS * JOBS_EACH);
    assert_int_equal(s.waiting + s.delayed + s.taken + s.dead, 0);
    free(acked);
    queue_close(q);
}

#define T(name) cmocka_unit_test(test_##name)

int queue_contract_run(const struct queue_place *at) {
    const struct CMUnitTest tests[] = {
        T(jobs_come_in_order_with_their_bytes),
        T(a_full_queue_says_so_until_a_job_is_done),
        T(a_job_too_large_is_refused),
        T(a_failed_job_comes_again_after_a_doubling_pause_until_it_is_dead),
        T(pauses_end_in_their_order),
        T(the_same_seed_gives_the_same_pauses),
        T(a_stopped_queue_is_drained_and_then_over),
        T(wrong_options_are_refused),
        T(a_taker_is_woken_by_a_put),
        T(a_taker_is_woken_when_a_pause_ends),
        T(a_putter_is_woken_by_an_ack),
        T(a_putter_is_woken_when_a_job_dies),
        T(a_stop_wakes_everybody),
        T(each_job_is_acknowledged_exactly_once_by_a_crowd),
    };
    const char *text = getenv("TEST_SEED");
    seed = text ? strtoull(text, NULL, 10) : (uint64_t)time_wall_us();
    print_message("%s: TEST_SEED=%" PRIu64 "\n", at->name, seed);
    place = at;
    return cmocka_run_group_tests_name(at->name, tests, NULL, NULL);
}
