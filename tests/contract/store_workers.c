/* Who works on the store: what each says of itself, and how it stands with it. */
#include "store_bench.h"

#include <jansson.h>

#include "store/views.h"
#include "store/workers.h"

#define SEC USEC_PER_S

static struct worker_row some_worker(const char *name, worker_role role) {
    struct worker_row w = {.role = role,
                           .pid = 4711,
                           .host = "here",
                           .started_at = NOW - 100 * SEC,
                           .seen_at = NOW,
                           .state = WORKER_IS_WORKING,
                           .task = "reading 64 posts",
                           .task_since = NOW - SEC,
                           .task_until = NOW + 59 * SEC,
                           .done = 640,
                           .failed = 2,
                           .per_minute = 384,
                           .memory = 1 << 24};
    snprintf(w.name, sizeof w.name, "%s", name);
    return w;
}

static void put(struct bench *b, const struct worker_row *w) {
    struct error err;
    assert_ok(store_worker_put(b->s, w, &err), &err);
}

static json_t *listed(struct bench *b, usec now) {
    struct error err;
    json_error_t why;
    struct buf out;
    buf_init(&out, 1 << 20);
    assert_ok(store_view_workers(b->s, now, &out, &err), &err);
    json_t *rows = json_loadb(out.p, (size_t)out.len, 0, &why);
    assert_non_null(rows);
    buf_fini(&out);
    return rows;
}

static const char *text_of(const json_t *row, const char *key) {
    return json_string_value(json_object_get(row, key));
}

static void assert_health(struct bench *b, usec now, const char *want) {
    json_t *rows = listed(b, now);
    assert_int_equal(json_array_size(rows), 1);
    assert_string_equal(text_of(json_array_get(rows, 0), "health"), want);
    json_decref(rows);
}

static void test_a_worker_is_one_row_that_says_what_it_said_last(void **state) {
    struct bench *b = *state;
    struct worker_row w = some_worker("here:4711:analyze:2", WORKER_ANALYZE);
    put(b, &w);
    w.done = 700;
    w.task[0] = '\0';
    w.state = WORKER_IS_IDLE;
    w.task_until = w.memory = 0;
    put(b, &w);
    reopen(b);
    json_t *rows = listed(b, NOW);
    const json_t *const row = json_array_get(rows, 0);
    assert_int_equal(json_array_size(rows), 1);
    assert_string_equal(text_of(row, "name"), "here:4711:analyze:2");
    assert_string_equal(text_of(row, "role"), "analyze");
    assert_string_equal(text_of(row, "host"), "here");
    assert_string_equal(text_of(row, "version"), BF_VERSION);
    assert_string_equal(text_of(row, "state"), "idle");
    assert_true(json_is_null(json_object_get(row, "task")));
    assert_true(json_is_null(json_object_get(row, "memory")));
    assert_true(json_is_null(json_object_get(row, "stopped_at")));
    assert_int_equal(json_integer_value(json_object_get(row, "done")), 700);
    assert_int_equal(json_integer_value(json_object_get(row, "failed")), 2);
    assert_int_equal(json_integer_value(json_object_get(row, "per_minute")), 384);
    assert_string_equal(text_of(row, "seen_at"), "2023-11-14T22:13:20.000000Z");
    json_decref(rows);
}

static void test_who_says_nothing_for_a_while_is_silent(void **state) {
    struct bench *b = *state;
    const struct worker_row w = some_worker("a", WORKER_RUN);
    put(b, &w);
    assert_health(b, NOW + WORKER_SILENT, "well");
    assert_health(b, NOW + WORKER_SILENT + 1, "silent");
    json_t *rows = listed(b, NOW + WORKER_SILENT + 1); /* and has done nothing in this minute */
    assert_int_equal(json_integer_value(json_object_get(json_array_get(rows, 0), "per_minute")), 0);
    json_decref(rows);
}

/* By its own clock: a machine whose clock is off makes nobody stuck. */
static void test_who_is_at_a_task_for_too_long_is_stuck(void **state) {
    struct bench *b = *state;
    struct worker_row w = some_worker("a", WORKER_ANALYZE);
    w.task_until = NOW;
    put(b, &w);
    assert_health(b, NOW, "well");
    w.task_until = NOW - 1;
    put(b, &w);
    assert_health(b, NOW, "stuck");
    w.task_until = 0; /* may take as long as it likes */
    put(b, &w);
    assert_health(b, NOW, "well");
    w.task_until = NOW - 1;
    w.state = WORKER_IS_STANDBY;
    put(b, &w);
    assert_health(b, NOW, "well");
}

static void test_who_stopped_is_not_silent_and_stands_last(void **state) {
    struct bench *b = *state;
    struct worker_row w = some_worker("a", WORKER_ANALYZE);
    w.state = WORKER_IS_STOPPING;
    w.stopped_at = NOW;
    put(b, &w);
    assert_health(b, NOW + DAY, "stopped");
    w = some_worker("z", WORKER_TRADE);
    put(b, &w);
    json_t *rows = listed(b, NOW);
    assert_string_equal(text_of(json_array_get(rows, 0), "name"), "z");
    assert_string_equal(text_of(json_array_get(rows, 1), "name"), "a");
    json_decref(rows);
    struct error err;
    struct buf out;
    buf_init(&out, 1 << 20);
    const struct show_query q = {
        .kind = SHOW_WORKERS, .limit = 5, .status = STR("Trade"), .now = NOW + DAY};
    assert_ok(store_show_json(b->s, &q, &out, &err), &err);
    assert_true(str_starts(buf_str(&out), STR("[{\"health\":\"silent\",\"name\":\"z\"")));
    assert_true(str_find(buf_str(&out), STR("\"name\":\"a\"")) < 0);
    buf_fini(&out);
}

static void test_workers_are_counted_by_role_and_state(void **state) {
    struct bench *b = *state;
    struct error err;
    struct worker_counts n;
    struct worker_row w = some_worker("a1", WORKER_ANALYZE);
    put(b, &w);
    w = some_worker("a2", WORKER_ANALYZE);
    put(b, &w);
    w = some_worker("a3", WORKER_ANALYZE);
    w.task_until = NOW - 1;
    put(b, &w);
    w = some_worker("t1", WORKER_TRADE);
    put(b, &w);
    w = some_worker("t2", WORKER_TRADE);
    w.state = WORKER_IS_STANDBY;
    put(b, &w);
    w = some_worker("s1", WORKER_SERVE);
    w.started_at = NOW - 2 * DAY;
    w.seen_at = NOW - DAY;
    put(b, &w);
    w = some_worker("s2", WORKER_SERVE);
    w.started_at = NOW - 2 * DAY; /* beside the other one, not in its place */
    w.stopped_at = NOW;
    put(b, &w);
    assert_ok(store_worker_counts(b->s, NOW, &n, &err), &err);
    assert_int_equal(n.n[WORKER_ANALYZE][WORKER_IS_WORKING], 2);
    assert_int_equal(n.n[WORKER_ANALYZE][WORKER_COUNTED_AS_STUCK], 1);
    assert_int_equal(n.n[WORKER_TRADE][WORKER_IS_WORKING], 1);
    assert_int_equal(n.n[WORKER_TRADE][WORKER_IS_STANDBY], 1);
    assert_int_equal(n.n[WORKER_SERVE][WORKER_COUNTED_AS_SILENT], 1);
    int64_t all = 0;
    for (int r = 0; r < WORKER_ROLE_COUNT; r++)
        for (int i = 0; i < WORKER_COUNTED; i++) all += n.n[r][i];
    assert_int_equal(all, 6);
    assert_int_equal(n.per_minute[WORKER_ANALYZE], 2 * w.per_minute); /* without the stuck one */
    assert_int_equal(n.per_minute[WORKER_SERVE], 0);
}

/* One of a role, by when it began and when it said something last. */
static void put_life(struct bench *b, const char *name, worker_role role, usec began, usec seen) {
    struct worker_row w = some_worker(name, role);
    w.started_at = began;
    w.seen_at = seen;
    put(b, &w);
}

static void counts_are(struct bench *b, worker_role role, int64_t missed, int64_t lost) {
    struct error err;
    struct worker_counts n;
    assert_ok(store_worker_counts(b->s, NOW, &n, &err), &err);
    assert_int_equal(n.n[role][WORKER_COUNTED_AS_SILENT], missed);
    assert_int_equal(n.n[role][WORKER_COUNTED_AS_LOST], lost);
}

static void test_who_is_killed_is_missed_until_his_place_is_taken(void **state) {
    struct bench *b = *state;
    put_life(b, "a1", WORKER_ANALYZE, NOW - 900 * SEC, NOW - 600 * SEC); /* killed */
    put_life(b, "a2", WORKER_ANALYZE, NOW - 900 * SEC, NOW); /* was there before: no replacement */
    put_life(b, "t1", WORKER_TRADE, NOW - 300 * SEC, NOW);   /* of another role */
    counts_are(b, WORKER_ANALYZE, 1, 0);
    counts_are(b, WORKER_TRADE, 0, 0);
    put_life(b, "a3", WORKER_ANALYZE, NOW - 595 * SEC, NOW);
    counts_are(b, WORKER_ANALYZE, 0, 1);
}

static void test_who_took_a_place_and_died_too_is_missed_himself(void **state) {
    struct bench *b = *state;
    put_life(b, "a1", WORKER_ANALYZE, NOW - 900 * SEC, NOW - 600 * SEC);
    put_life(b, "a2", WORKER_ANALYZE, NOW - 595 * SEC,
             NOW - 300 * SEC); /* for a1; killed as well */
    counts_are(b, WORKER_ANALYZE, 1, 1);
    put_life(b, "a3", WORKER_ANALYZE, NOW - 295 * SEC, NOW); /* for a2 */
    counts_are(b, WORKER_ANALYZE, 0, 2);
}

static void test_a_smaller_replacement_leaves_somebody_missed(void **state) {
    struct bench *b = *state;
    put_life(b, "a:1", WORKER_ANALYZE, NOW - 900 * SEC, NOW - 600 * SEC); /* a process of two */
    put_life(b, "a:2", WORKER_ANALYZE, NOW - 900 * SEC, NOW - 600 * SEC);
    counts_are(b, WORKER_ANALYZE, 2, 0);
    put_life(b, "b:1", WORKER_ANALYZE, NOW - 500 * SEC, NOW);
    counts_are(b, WORKER_ANALYZE, 1, 1);
}

static void test_who_ends_in_good_order_is_not_missed(void **state) {
    struct bench *b = *state;
    struct worker_row w = some_worker("a1", WORKER_ANALYZE);
    w.started_at = NOW - 900 * SEC;
    w.seen_at = w.stopped_at = NOW - 600 * SEC;
    put(b, &w);
    counts_are(b, WORKER_ANALYZE, 0, 0);
}

/* The status is the active trader's, whichever process that is. */
static void test_the_trader_is_the_one_that_does_not_stand_by(void **state) {
    struct bench *b = *state;
    struct error err;
    struct view_count memo = {0};
    struct view_status v;
    struct worker_row w = some_worker("t1", WORKER_TRADE);
    w.seen_at = NOW - 3 * SEC;
    put(b, &w);
    w = some_worker("t2", WORKER_TRADE);
    w.state = WORKER_IS_STANDBY;
    put(b, &w);
    w = some_worker("s", WORKER_SERVE);
    put(b, &w);
    assert_ok(store_view_status(b->s, NOW - DAY, NOW, &memo, &v, &err), &err);
    assert_int_equal(v.trader_beat_at, NOW - 3 * SEC);
    assert_int_equal(v.trader_started_at, NOW - 100 * SEC);
}

int store_workers_run(void) {
    const struct CMUnitTest tests[] = {
        T(a_worker_is_one_row_that_says_what_it_said_last),
        T(who_says_nothing_for_a_while_is_silent),
        T(who_is_at_a_task_for_too_long_is_stuck),
        T(who_stopped_is_not_silent_and_stands_last),
        T(workers_are_counted_by_role_and_state),
        T(who_is_killed_is_missed_until_his_place_is_taken),
        T(who_took_a_place_and_died_too_is_missed_himself),
        T(a_smaller_replacement_leaves_somebody_missed),
        T(who_ends_in_good_order_is_not_missed),
        T(the_trader_is_the_one_that_does_not_stand_by),
    };
    return cmocka_run_group_tests_name(place->name, tests, NULL, NULL);
}
