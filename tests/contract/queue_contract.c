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

static struct queue *open_with(struct queue_options opt) {
    struct error err;
    struct queue *q = NULL;
    opt.seed = seed;
    assert_ok(place->open(&opt, &q, &err), &err);
    return q;
}

static struct queue *open_queue(int capacity, int max_attempts) {
    return open_with((struct queue_options){
        .capacity = capacity, .max_attempts = max_attempts, .backoff = BACKOFF});
}

static void put(struct queue *q, str payload, usec now) {
    struct error err;
    assert_ok(queue_put(q, payload, now, 0, &err), &err);
}

static void put_kind(struct queue *q, str payload, job_kind kind, usec now) {
    const struct job_put v = {payload, kind};
    struct error err;
    int n = 0;
    assert_ok(queue_put_many(q, &v, 1, now, 0, &n, &err), &err);
    assert_int_equal(n, 1);
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
    struct error err;
    struct queue_stats s;
    assert_ok(queue_stats(q, &s, &err), &err);
    return s;
}

static int64_t unfinished(const struct queue_stats *s) {
    return s->fresh + s->late + s->delayed + s->taken;
}

static str payload(const struct job *job) {
    return str_from_bytes(job->payload, job->payload_bytes);
}

/* The one job that can be taken now is this one; it is acknowledged. */
static void take_this(struct queue *q, usec now, str want) {
    struct job *job = take_one(q, now);
    if (!str_eq(payload(job), want))
        fail_msg("got \"" STR_FMT "\", want \"" STR_FMT "\"", STR_ARG(payload(job)), STR_ARG(want));
    ack(q, job);
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
    assert_int_equal(stats(q).oldest_taken, 0);
    assert_int_equal(take(q, jobs, 2, 103), 2);
    assert_int_equal(stats(q).oldest, 102);
    assert_int_equal(stats(q).oldest_taken, 100); /* of what nobody has said done of */
    assert_str(payload(jobs[0]), "one");
    assert_true(str_eq(payload(jobs[1]), str_from_bytes("t\0o", 3)));
    assert_int_equal(jobs[0]->attempt, 1);
    assert_int_equal(jobs[0]->kind, JOB_FRESH);
    assert_false(jobs[0]->spent);
    assert_string_equal(jobs[0]->note, "");
    assert_int_equal(jobs[0]->enqueued_at, 100);
    assert_true(jobs[0]->id < jobs[1]->id);
    assert_int_equal(take(q, &jobs[2], 8, 103), 1);
    assert_int_equal(jobs[2]->payload_bytes, 0);
    assert_int_equal(take(q, &jobs[3], 1, 103), 0);
    for (int i = 0; i < 3; i++) ack(q, jobs[i]);
    const struct queue_stats s = stats(q);
    assert_int_equal(s.enqueued, 3);
    assert_int_equal(s.acked, 3);
    assert_int_equal(unfinished(&s), 0);
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
    assert_string_equal(job->note, "it failed");
    assert_int_equal(job->kind, JOB_LATE);
    assert_true(retry(q, job, now)); /* it is still ours, to be stored first */
    assert_str(payload(job), "x");
    assert_int_equal(stats(q).taken, 1);
    ack(q, job);
    const struct queue_stats s = stats(q);
    assert_int_equal(s.retried, 3);
    assert_int_equal(s.dead, 1);
    assert_int_equal(unfinished(&s), 0);
    queue_close(q);
}

static void test_pauses_end_in_their_order(void **state) {
    (void)state;
    struct queue *q = open_queue(64, 9);
    struct job *jobs[64];
    for (int i = 0; i < 64; i++) put(q, str_from_bytes(&(char){(char)i}, 1), 0);
    assert_int_equal(take(q, jobs, 64, 0), 64);
    for (int i = 0; i < 64; i++) {
        const int k = (i * 37) % 64; /* in disorder, 10 s apart: more than chance can add */
        assert_int_equal(jobs[k]->payload[0], k);
        assert_false(retry(q, jobs[k], k * 10 * BACKOFF));
    }
    for (int i = 0; i < 64; i++) {
        take_this(q, i * 10 * BACKOFF + BACKOFF, str_from_bytes(&(char){(char)i}, 1));
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

/* One's own is drained, then it is over. */
static void stop_and_drain(struct queue *q) {
    struct error err;
    struct job *job, *none;
    int n;
    put(q, STR("a"), 0);
    put(q, STR("b"), 0);
    put(q, STR("c"), 0);
    assert_false(retry(q, take_one(q, 0), 0)); /* a: in its pause */
    job = take_one(q, 0);                      /* b: in somebody's hands */
    queue_stop(q);
    assert_fails(queue_put(q, STR("d"), 0, FOREVER, &err), &err, ERR_STATE);
    take_this(q, 0, STR("c"));
    take_this(q, 0, STR("a")); /* no pause is kept after a stop */
    assert_false(retry(q, job, 0));
    take_this(q, 0, STR("b"));
    assert_fails(queue_take(q, &none, 1, 0, FOREVER, &n, &err), &err, ERR_STATE);
}

/* Of a shared one the rest is left to others. */
static void stop_and_leave(struct queue *q) {
    struct error err;
    struct job *job, *none;
    int n;
    put(q, STR("a"), 0);
    put(q, STR("b"), 0);
    job = take_one(q, 0);
    queue_stop(q);
    assert_fails(queue_put(q, STR("c"), 0, FOREVER, &err), &err, ERR_STATE);
    assert_fails(queue_take(q, &none, 1, 0, FOREVER, &n, &err), &err, ERR_STATE);
    ack(q, job); /* what was taken is still done */
    const struct queue_stats s = stats(q);
    assert_int_equal(s.fresh, 1);
    assert_int_equal(unfinished(&s), 1);
}

static void test_after_a_stop_nothing_is_put_and_takers_come_to_an_end(void **state) {
    (void)state;
    struct queue *q = open_queue(8, 3);
    if (queue_is_shared(q))
        stop_and_leave(q);
    else
        stop_and_drain(q);
    queue_close(q);
}

static void test_fresh_jobs_go_before_late_ones(void **state) {
    (void)state;
    struct queue *q = open_queue(16, 3);
    struct job *jobs[8];
    put_kind(q, STR("l1"), JOB_LATE, 1);
    put_kind(q, STR("f1"), JOB_FRESH, 2);
    put_kind(q, STR("l2"), JOB_LATE, 3);
    put_kind(q, STR("f2"), JOB_FRESH, 4);
    put_kind(q, STR("f3"), JOB_FRESH, 5);
    const struct queue_stats s = stats(q);
    assert_int_equal(s.fresh, 3);
    assert_int_equal(s.late, 2);
    assert_int_equal(s.oldest, 1);
    take_this(q, 6, STR("f1"));
    assert_int_equal(take(q, jobs, 8, 6), 4); /* a batch is filled up with late ones */
    static const char *const want[] = {"f2", "f3", "l1", "l2"};
    for (int i = 0; i < 4; i++) {
        assert_true(str_eq(payload(jobs[i]), str_from_z(want[i])));
        assert_int_equal(jobs[i]->kind, i < 2 ? JOB_FRESH : JOB_LATE);
        ack(q, jobs[i]);
    }
    queue_close(q);
}

static void test_a_fresh_job_that_waited_too_long_is_late(void **state) {
    (void)state;
    struct queue *q = open_with((struct queue_options){
        .capacity = 16, .max_attempts = 3, .backoff = BACKOFF, .fresh_for = 100});
    put_kind(q, STR("swept"), JOB_LATE, 0);
    put(q, STR("old 1"), 10);
    put(q, STR("old 2"), 11);
    put(q, STR("new"), 100);
    take_this(q, 110, STR("old 1")); /* 100 is not longer than 100 */
    take_this(q, 112, STR("new"));
    const struct queue_stats s = stats(q);
    assert_int_equal(s.fresh, 0);
    assert_int_equal(s.late, 2);
    assert_int_equal(s.enqueued, 4);
    take_this(q, 112, STR("swept"));
    struct job *job = take_one(q, 112);
    assert_str(payload(job), "old 2");
    assert_int_equal(job->kind, JOB_LATE);
    assert_int_equal(job->enqueued_at, 11);
    assert_int_equal(job->attempt, 1); /* it was put aside, not tried */
    ack(q, job);
    queue_close(q);
}

static void test_a_failed_job_is_late_when_it_comes_again(void **state) {
    (void)state;
    struct queue *q = open_queue(16, 3);
    put(q, STR("failed"), 0);
    assert_false(retry(q, take_one(q, 0), 0));
    put(q, STR("fresh"), 2 * BACKOFF);
    take_this(q, 2 * BACKOFF, STR("fresh"));
    struct job *job = take_one(q, 2 * BACKOFF);
    assert_str(payload(job), "failed");
    assert_int_equal(job->kind, JOB_LATE);
    assert_int_equal(job->attempt, 2);
    assert_int_equal(job->enqueued_at, 0);
    assert_string_equal(job->note, "it failed");
    ack(q, job);
    queue_close(q);
}

/* What was said of it goes with it, all of it, and no more than there is room for. */
static void test_a_failed_job_carries_its_note(void **state) {
    (void)state;
    struct error err;
    char said[QUEUE_NOTE_BYTES + 10];
    bool dead;
    struct queue *q = open_queue(4, 3);
    put(q, STR("x"), 0);
    memset(said, 'n', sizeof said);
    assert_ok(
        queue_retry(q, take_one(q, 0), str_from_bytes(said, QUEUE_NOTE_BYTES - 1), 0, &dead, &err),
        &err);
    struct job *job = take_one(q, BACKOFF);
    assert_int_equal(strlen(job->note), QUEUE_NOTE_BYTES - 1);
    assert_ok(queue_retry(q, job, str_from_bytes(said, sizeof said), BACKOFF, &dead, &err), &err);
    job = take_one(q, 4 * BACKOFF);
    assert_int_equal(strlen(job->note), QUEUE_NOTE_BYTES - 1);
    assert_str(payload(job), "x");
    ack(q, job);
    queue_close(q);
}

#define MANY 200 /* more than a back-end puts at a time */

static void test_a_batch_is_put_in_order_as_far_as_there_is_room(void **state) {
    (void)state;
    struct error err;
    struct queue *q = open_queue(MANY, 3);
    struct job_put v[MANY + 10];
    char text[MANY + 10][8];
    int n = -1;
    for (int i = 0; i < MANY + 10; i++) {
        const int bytes = snprintf(text[i], sizeof text[i], "%d", i);
        v[i] = (struct job_put){str_from_bytes(text[i], bytes), JOB_FRESH};
    }
    assert_ok(queue_put_many(q, v, 0, 0, 0, &n, &err), &err);
    assert_int_equal(n, 0);
    assert_ok(queue_put_many(q, v, 10, 0, 0, &n, &err), &err);
    assert_int_equal(n, 10);
    assert_fails(queue_put_many(q, v + 10, MANY, 0, 0, &n, &err), &err, ERR_FULL);
    assert_int_equal(n, MANY - 10);
    assert_fails(queue_put_many(q, v + MANY, 10, 0, 1000, &n, &err), &err, ERR_FULL);
    assert_int_equal(n, 0);
    struct job *jobs[MANY + 1];
    assert_int_equal(take(q, jobs, MANY + 1, 0), MANY);
    for (int i = 0; i < MANY; i++) assert_true(str_eq(payload(jobs[i]), v[i].payload));
    assert_ok(queue_ack_many(q, jobs, 0, &err), &err);
    assert_ok(queue_ack_many(q, jobs, MANY, &err), &err);
    const struct queue_stats s = stats(q);
    assert_int_equal(s.enqueued, MANY);
    assert_int_equal(s.acked, MANY);
    assert_int_equal(unfinished(&s), 0);
    queue_close(q);
}

static void test_a_batch_with_one_job_too_large_puts_none(void **state) {
    (void)state;
    struct error err;
    struct queue *q = open_queue(8, 3);
    char *big = calloc(1, QUEUE_PAYLOAD_BYTES_MAX + 1);
    assert_non_null(big);
    const struct job_put v[2] = {{STR("small"), JOB_FRESH},
                                 {str_from_bytes(big, QUEUE_PAYLOAD_BYTES_MAX + 1), JOB_FRESH}};
    int n = -1;
    assert_fails(queue_put_many(q, v, 2, 0, 0, &n, &err), &err, ERR_RANGE);
    assert_int_equal(n, 0);
    assert_int_equal(stats(q).enqueued, 0);
    free(big);
    queue_close(q);
}

static void test_a_kept_job_stays_with_who_has_it(void **state) {
    (void)state;
    struct error err;
    struct queue *q = open_queue(8, 3);
    struct job *jobs[2], *none;
    put(q, STR("a"), 0);
    put(q, STR("b"), 0);
    assert_int_equal(take(q, jobs, 2, 0), 2);
    assert_ok(queue_keep(q, jobs, 2, 1, &err), &err);
    assert_ok(queue_keep(q, jobs, 0, 1, &err), &err);
    assert_int_equal(take(q, &none, 1, 1), 0);
    assert_int_equal(stats(q).taken, 2);
    assert_ok(queue_ack_many(q, jobs, 2, &err), &err);
    assert_int_equal(stats(q).taken, 0);
    queue_close(q);
}

static void test_a_ping_ends_pauses(void **state) {
    (void)state;
    struct error err;
    struct queue *q = open_queue(8, 3);
    assert_ok(queue_ping(q, 0, &err), &err);
    put(q, STR("a"), 0);
    assert_false(retry(q, take_one(q, 0), 0));
    assert_ok(queue_ping(q, 0, &err), &err);
    assert_int_equal(stats(q).delayed, 1);
    assert_ok(queue_ping(q, BACKOFF, &err), &err);
    assert_int_equal(stats(q).delayed, 0);
    assert_int_equal(stats(q).late, 1);
    queue_close(q);
}

static void test_a_new_queue_has_lost_nothing(void **state) {
    (void)state;
    struct error err;
    struct queue *q = open_queue(8, 3);
    assert_false(queue_lost(q));
    assert_ok(queue_ping(q, 0, &err), &err);
    put(q, STR("a"), 0);
    assert_false(queue_lost(q));
    take_this(q, 0, STR("a"));
    assert_false(queue_lost(q));
    queue_close(q);
}

static void test_what_is_in_hands_at_the_end_is_freed(void **state) {
    (void)state;
    struct queue *q = open_queue(8, 1);
    struct job *jobs[3];
    for (int i = 0; i < 4; i++) put(q, STR("x"), 0);
    assert_int_equal(take(q, jobs, 3, 0), 3);
    assert_true(retry(q, jobs[1], 0));
    ack(q, jobs[2]);
    queue_close(q); /* a leak is found by the address sanitizer */
}

static void test_wrong_options_are_refused(void **state) {
    (void)state;
    struct error err;
    struct queue *q = NULL;
    const struct queue_options none = {.capacity = 0, .max_attempts = 1};
    assert_fails(place->open(&none, &q, &err), &err, ERR_CONFIG);
    const struct queue_options never = {.capacity = 1, .max_attempts = 0};
    assert_fails(place->open(&never, &q, &err), &err, ERR_CONFIG);
    queue_close(NULL);
}

/* -- several threads --------------------------------------------------------------------- */

/* Whether a thread is asleep already when it is woken is chance, and both must do: each of these
 * tests is done many times (place->times), with a pause of its own length in between. */

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
    for (int i = 0; i < place->times; i++) {
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
    struct queue *q =
        open_with((struct queue_options){.capacity = 2, .max_attempts = 3, .backoff = USEC_PER_MS});
    for (int i = 0; i < place->times; i++) {
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
    for (int i = 0; i < place->times; i++) {
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

static void test_a_putter_is_woken_when_a_dead_letter_is_stored(void **state) {
    (void)state;
    struct queue *q = open_queue(1, 1);
    for (int i = 0; i < place->times; i++) {
        struct waiter w;
        put(q, STR("x"), 0);
        start_waiter(&w, q, true, i);
        struct job *job = take_one(q, 0);
        assert_true(retry(q, job, 0));
        ack(q, job);
        finish_waiter(&w);
        assert_true(w.ok);
        ack(q, take_one(q, 0));
    }
    queue_close(q);
}

static void test_a_stop_wakes_everybody(void **state) {
    (void)state;
    for (int round = 0; round < place->times / 4 + 1; round++) {
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

/* A batch larger than the queue goes through as its jobs are done. */
static void *put_batch(void *arg) {
    struct waiter *w = arg;
    struct error err = {0};
    static const struct job_put v[4] = {
        {{"0", 1}, JOB_FRESH}, {{"1", 1}, JOB_FRESH}, {{"2", 1}, JOB_FRESH}, {{"3", 1}, JOB_FRESH}};
    IGNORE(pthread_barrier_wait(&w->ready), "one of the two is told that it was the last");
    w->ok = queue_put_many(w->q, v, 4, 0, FOREVER, &w->count, &err);
    w->code = err.code;
    return NULL;
}

static void test_a_batch_waits_for_room_while_its_first_jobs_are_done(void **state) {
    (void)state;
    struct queue *q = open_queue(1, 3);
    for (int round = 0; round < place->times / 4 + 1; round++) {
        struct waiter w = {.q = q};
        struct error err;
        assert_int_equal(pthread_barrier_init(&w.ready, NULL, 2), 0);
        w.thread = start(put_batch, &w);
        IGNORE(pthread_barrier_wait(&w.ready), "one of the two is told that it was the last");
        for (char i = '0'; i < '4'; i++) {
            struct job *job = NULL;
            int n = 0;
            assert_ok(queue_take(q, &job, 1, 0, FOREVER, &n, &err), &err);
            assert_int_equal(n, 1);
            assert_int_equal(job->payload[0], i);
            ack(q, job);
        }
        finish_waiter(&w);
        assert_true(w.ok);
        assert_int_equal(w.count, 4);
    }
    queue_close(q);
}

/* Producers number their jobs and put them in batches of both kinds; consumers fail some of them at
 * random and acknowledge the rest, one by one or together. When all are done the queue is stopped.
 */
#define PRODUCERS 3
#define CONSUMERS 4
#define JOBS_EACH 2000
#define JOBS_ALL (PRODUCERS * JOBS_EACH)
#define BATCH 8

/* What all of them share. */
struct crowd {
    struct queue *q;
    pthread_mutex_t mutex;
    pthread_cond_t all_done;
    int done;                      /* guarded by the mutex */
    unsigned char acked[JOBS_ALL]; /* the same */
};

struct person {
    struct crowd *crowd;
    uint64_t seed;
    int first;
    int failed;
    int64_t deliveries;
    pthread_t thread;
};

static void *produce(void *arg) {
    struct person *p = arg;
    struct rng r;
    rng_init(&r, p->seed);
    for (int i = 0; i < JOBS_EACH;) {
        struct error err;
        struct job_put v[BATCH];
        char text[BATCH][16];
        int n = 0, put = 0;
        const int batch = (int)i64_min(1 + (int)rng_below(&r, BATCH), JOBS_EACH - i);
        for (; n < batch; n++) {
            const int bytes = snprintf(text[n], sizeof text[n], "%d", p->first + i + n);
            v[n] = (struct job_put){str_from_bytes(text[n], bytes),
                                    rng_below(&r, 2) ? JOB_FRESH : JOB_LATE};
        }
        if (!queue_put_many(p->crowd->q, v, n, 0, FOREVER, &put, &err) || put != n) p->failed++;
        i += n;
    }
    return NULL;
}

static void note_done(struct crowd *c, const int64_t *numbers, int count) {
    pthread_mutex_lock(&c->mutex);
    for (int i = 0; i < count; i++) c->acked[numbers[i]]++;
    c->done += count;
    if (c->done >= JOBS_ALL) pthread_cond_signal(&c->all_done);
    pthread_mutex_unlock(&c->mutex);
}

static void consume_batch(struct person *p, struct rng *r, struct job **jobs, int count) {
    struct error err;
    struct job *good[BATCH];
    int64_t numbers[BATCH];
    int n = 0;
    bool dead = false;
    p->deliveries += count;
    for (int i = 0; i < count; i++) {
        if (rng_below(r, 10) == 0) {
            if (!queue_retry(p->crowd->q, jobs[i], STR("again"), 0, &dead, &err) || dead)
                p->failed++;
            continue;
        }
        if (!str_to_i64(payload(jobs[i]), &numbers[n])) p->failed++;
        good[n++] = jobs[i];
    }
    if (rng_below(r, 2)) {
        if (!queue_ack_many(p->crowd->q, good, n, &err)) p->failed++;
    } else {
        for (int i = 0; i < n; i++)
            if (!queue_ack(p->crowd->q, good[i], &err)) p->failed++;
    }
    note_done(p->crowd, numbers, n);
}

static void *consume(void *arg) {
    struct person *p = arg;
    struct rng r;
    rng_init(&r, p->seed);
    for (;;) {
        struct error err;
        struct job *jobs[BATCH];
        int n = 0;
        const int max = 1 + (int)rng_below(&r, BATCH);
        /* far in the future: every pause is over */
        if (!queue_take(p->crowd->q, jobs, max, FOREVER, FOREVER, &n, &err)) {
            if (err.code != ERR_STATE) p->failed++;
            return NULL;
        }
        consume_batch(p, &r, jobs, n);
    }
}

static void test_each_job_is_acknowledged_exactly_once_by_a_crowd(void **state) {
    (void)state;
    struct crowd *c = calloc(1, sizeof *c);
    struct person people[PRODUCERS + CONSUMERS];
    int64_t deliveries = 0;
    assert_non_null(c);
    c->q = open_queue(32, 1000);
    assert_int_equal(pthread_mutex_init(&c->mutex, NULL), 0);
    assert_int_equal(pthread_cond_init(&c->all_done, NULL), 0);
    for (int i = 0; i < PRODUCERS + CONSUMERS; i++) {
        people[i] = (struct person){.crowd = c, .seed = seed + (uint64_t)i, .first = i * JOBS_EACH};
        people[i].thread = start(i < PRODUCERS ? produce : consume, &people[i]);
    }
    for (int i = 0; i < PRODUCERS; i++) finish(people[i].thread);
    pthread_mutex_lock(&c->mutex);
    while (c->done < JOBS_ALL) pthread_cond_wait(&c->all_done, &c->mutex);
    pthread_mutex_unlock(&c->mutex);
    queue_stop(c->q);
    for (int i = PRODUCERS; i < PRODUCERS + CONSUMERS; i++) finish(people[i].thread);
    for (int i = 0; i < PRODUCERS + CONSUMERS; i++) {
        assert_int_equal(people[i].failed, 0);
        deliveries += people[i].deliveries;
    }
    for (int i = 0; i < JOBS_ALL; i++) assert_int_equal(c->acked[i], 1);
    const struct queue_stats s = stats(c->q);
    assert_int_equal(s.enqueued, JOBS_ALL);
    assert_int_equal(s.acked, JOBS_ALL);
    assert_int_equal(s.retried, deliveries - JOBS_ALL);
    assert_int_equal(s.dead, 0);
    assert_int_equal(unfinished(&s), 0);
    pthread_cond_destroy(&c->all_done);
    pthread_mutex_destroy(&c->mutex);
    queue_close(c->q);
    free(c);
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
        T(after_a_stop_nothing_is_put_and_takers_come_to_an_end),
        T(fresh_jobs_go_before_late_ones),
        T(a_fresh_job_that_waited_too_long_is_late),
        T(a_failed_job_is_late_when_it_comes_again),
        T(a_failed_job_carries_its_note),
        T(a_batch_is_put_in_order_as_far_as_there_is_room),
        T(a_batch_with_one_job_too_large_puts_none),
        T(a_kept_job_stays_with_who_has_it),
        T(a_ping_ends_pauses),
        T(a_new_queue_has_lost_nothing),
        T(what_is_in_hands_at_the_end_is_freed),
        T(wrong_options_are_refused),
        T(a_taker_is_woken_by_a_put),
        T(a_taker_is_woken_when_a_pause_ends),
        T(a_putter_is_woken_by_an_ack),
        T(a_putter_is_woken_when_a_dead_letter_is_stored),
        T(a_stop_wakes_everybody),
        T(a_batch_waits_for_room_while_its_first_jobs_are_done),
        T(each_job_is_acknowledged_exactly_once_by_a_crowd),
    };
    const char *text = getenv("TEST_SEED");
    seed = text ? strtoull(text, NULL, 10) : (uint64_t)time_wall_us();
    print_message("%s: TEST_SEED=%" PRIu64 "\n", at->name, seed);
    place = at;
    return cmocka_run_group_tests_name(at->name, tests, NULL, NULL);
}
