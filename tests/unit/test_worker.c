/* What a worker tells the store of itself, when, and what it has come to. */
#include "run/worker.h"

#include <pthread.h>

#include "check.h"

#include "base/metric.h"
#include "run/per_minute.h"
#include "store/store_int.h"

static struct {
    struct arena boot;
    struct store *store;
} kit;

static int set_up(void **state) {
    struct error err;
    const struct store_options opt = {
        .url = STR("sqlite::memory:"), .access = STORE_WRITE, .create = true};
    (void)state;
    arena_open(&kit.boot, 8 << 20);
    assert_ok(store_open(&kit.boot, &opt, &kit.store, &err), &err);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    store_close(kit.store);
    arena_close(&kit.boot);
    return 0;
}

/* One number of the one row. */
static int64_t number(const char *column) {
    static const struct {
        const char *name;
        struct sql sql;
    } columns[] = {{"rows", {"SELECT count(*) FROM workers"}},
                   {"seen_at", {"SELECT max(seen_at) FROM workers"}},
                   {"stopped_at", {"SELECT max(stopped_at) FROM workers"}},
                   {"done", {"SELECT max(done) FROM workers"}},
                   {"failed", {"SELECT max(failed) FROM workers"}},
                   {"per_minute", {"SELECT max(per_minute) FROM workers"}},
                   {"memory", {"SELECT max(memory) FROM workers"}},
                   {"bound", {"SELECT max(task_until - task_since) FROM workers"}}};
    struct error err;
    struct query q;
    int64_t n = 0;
    bool found;
    for (int i = 0; i < COUNT_OF(columns); i++) {
        if (strcmp(columns[i].name, column) != 0) continue;
        assert_ok(query_open(kit.store, &columns[i].sql, &q, &err), &err);
        assert_ok(query_i64(&q, &n, &found, &err), &err);
        return n;
    }
    fail_msg("no column %s", column);
    return 0;
}

static void assert_said(const char *want) {
    static const struct sql sql = {"SELECT state || ': ' || task FROM workers"};
    struct error err;
    struct query q;
    bool row = false;
    char got[160];
    assert_ok(query_open(kit.store, &sql, &q, &err) && query_row(&q, &row, &err), &err);
    assert_true(row);
    col_z(&q, got, sizeof got);
    query_close(&q);
    assert_string_equal(got, want);
}

static void beat(struct worker *w, usec now) {
    struct error err;
    assert_ok(worker_beat(w, kit.store, now, &err), &err);
}

#define SEC USEC_PER_S
#define NOW (INT64_C(1700000000) * SEC)

static void test_a_beat_is_written_every_two_seconds(void **state) {
    (void)state;
    struct worker *w = worker_open(&kit.boot, WORKER_ANALYZE, 3);
    char end[32];
    snprintf(end, sizeof end, ":%d:analyze:3", (int)getpid());
    assert_true(str_ends(str_from_z(worker_name(w)), str_from_z(end)));
    assert_true(worker_beat_is_due(w, NOW));
    beat(w, NOW);
    assert_said("starting: ");
    assert_int_equal(number("seen_at"), NOW);
    assert_true(number("memory") > 0);
    assert_false(worker_beat_is_due(w, NOW + WORKER_BEAT - 1));
    beat(w, NOW + WORKER_BEAT - 1);
    assert_int_equal(number("seen_at"), NOW);
    beat(w, NOW + WORKER_BEAT);
    assert_int_equal(number("seen_at"), NOW + WORKER_BEAT);
    beat(w, NOW); /* the clock was set back */
    assert_int_equal(number("seen_at"), NOW);
    assert_int_equal(number("rows"), 1);
    worker_close(w, kit.store, NOW + 1);
}

static void test_what_it_is_at_is_told_with_the_next_beat(void **state) {
    (void)state;
    struct worker *w = worker_open(&kit.boot, WORKER_ANALYZE, 0);
    worker_task(w, "reading %d posts", 64);
    beat(w, NOW);
    assert_said("working: reading 64 posts");
    assert_int_equal(number("bound"), WORKER_TASK_USUAL);
    assert_false(worker_is_late(w, time_wall_us()));
    assert_true(worker_is_late(w, time_wall_us() + WORKER_TASK_USUAL));
    worker_task_within(w, 5 * SEC, "writing %s", "them");
    beat(w, NOW + 1); /* work goes on: that can wait */
    assert_said("working: reading 64 posts");
    beat(w, NOW + WORKER_BEAT);
    assert_said("working: writing them");
    assert_int_equal(number("bound"), 5 * SEC);
    worker_task_within(w, USEC_NEVER, "whatever comes");
    assert_false(worker_is_late(w, time_wall_us() + USEC_PER_DAY));
    beat(w, NOW + 2 * WORKER_BEAT);
    assert_said("working: whatever comes");
    assert_int_equal(number("bound"), 0);
    worker_idle(w);
    beat(w, NOW + 3 * WORKER_BEAT);
    assert_said("idle: ");
    worker_close(w, kit.store, NOW + 4 * WORKER_BEAT);
}

static void test_standing_by_and_taking_over_are_told_at_once(void **state) {
    (void)state;
    struct worker *w = worker_open(&kit.boot, WORKER_TRADE, 0);
    beat(w, NOW);
    worker_standby(w);
    beat(w, NOW + 1);
    assert_said("standby: ");
    worker_task(w, "trading");
    beat(w, NOW + 2);
    assert_said("working: trading");
    worker_close(w, kit.store, NOW + 3);
}

static void test_an_end_is_told_and_is_the_last_word(void **state) {
    (void)state;
    struct worker *w = worker_open(&kit.boot, WORKER_SERVE, 0);
    worker_task(w, "requests");
    beat(w, NOW);
    worker_done(w, 7);
    worker_close(w, kit.store, NOW + 5);
    assert_said("stopping: ");
    assert_int_equal(number("stopped_at"), NOW + 5);
    assert_int_equal(number("seen_at"), NOW + 5);
    assert_int_equal(number("done"), 7);
}

static void test_what_was_done_in_the_last_minute_is_counted(void **state) {
    (void)state;
    struct per_minute m = {0};
    const usec t = 1000 * SEC;
    assert_int_equal(per_minute_sum(&m, t), 0);
    per_minute_add(&m, t, 100);
    per_minute_add(&m, t + 1, 20);
    assert_int_equal(per_minute_sum(&m, t + SEC), 120); /* not more for being early */
    per_minute_add(&m, t + 30 * SEC, 3);
    assert_int_equal(per_minute_sum(&m, t + 59 * SEC), 123);
    assert_int_equal(per_minute_sum(&m, t + 60 * SEC), 3);
    per_minute_add(&m, t + 60 * SEC, 5); /* in the place of the first */
    assert_int_equal(per_minute_sum(&m, t + 60 * SEC), 8);
    assert_int_equal(per_minute_sum(&m, t + 90 * SEC), 5);
    assert_int_equal(per_minute_sum(&m, t + 1000 * SEC), 0);
    for (int i = 0; i < 600; i++) per_minute_add(&m, t + i * SEC / 2, 1); /* two a second */
    assert_int_equal(per_minute_sum(&m, t + 599 * SEC / 2), 120);
}

static void test_its_row_has_what_it_did(void **state) {
    (void)state;
    struct worker *w = worker_open(&kit.boot, WORKER_ANALYZE, 0);
    usec now = NOW;
    beat(w, now);
    assert_int_equal(number("per_minute"), 0);
    for (int i = 0; i < 5; i++) {
        worker_done(w, 100);
        beat(w, now += 2 * SEC);
    }
    worker_failed(w, 3);
    beat(w, now += 2 * SEC);
    assert_int_equal(number("done"), 500);
    assert_int_equal(number("per_minute"), 500);
    assert_int_equal(number("failed"), 3);
    worker_close(w, kit.store, now);
}

static void test_its_beat_goes_with_the_callers_transaction(void **state) {
    (void)state;
    struct error err;
    struct worker *w = worker_open(&kit.boot, WORKER_RUN, 0);
    assert_ok(store_begin(kit.store, true, &err), &err);
    beat(w, NOW);
    store_rollback(kit.store);
    assert_int_equal(number("rows"), 0);
    assert_ok(store_begin(kit.store, true, &err), &err);
    beat(w, NOW + WORKER_BEAT);
    assert_ok(store_commit(kit.store, &err), &err);
    assert_int_equal(number("rows"), 1);
    worker_close(w, kit.store, NOW + WORKER_BEAT);
}

static void *work(void *arg) {
    struct worker *const w = arg;
    for (int i = 0; i < 2000; i++) {
        worker_task(w, "piece %d", i);
        worker_done(w, 1);
        worker_idle(w);
    }
    return NULL;
}

static void test_any_thread_says_what_it_is_at(void **state) {
    (void)state;
    struct worker *w = worker_open(&kit.boot, WORKER_ANALYZE, 0);
    const struct metric *done = metric_get(M_WORKER_DONE, LABELS("analyze"));
    const int64_t before = metric_value(done);
    pthread_t threads[4];
    usec now = NOW;
    for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, work, w), 0);
    for (int i = 0; i < 50; i++) beat(w, now += WORKER_BEAT);
    for (int i = 0; i < 4; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
    beat(w, now += WORKER_BEAT);
    assert_int_equal(number("done"), 8000);
    assert_int_equal(metric_value(done) - before, 8000);
    worker_close(w, kit.store, now);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(test_a_beat_is_written_every_two_seconds),
        T(test_what_it_is_at_is_told_with_the_next_beat),
        T(test_standing_by_and_taking_over_are_told_at_once),
        T(test_an_end_is_told_and_is_the_last_word),
        T(test_what_was_done_in_the_last_minute_is_counted),
        T(test_its_row_has_what_it_did),
        T(test_its_beat_goes_with_the_callers_transaction),
        T(test_any_thread_says_what_it_is_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
