/* The two ways to a slow venue: no entry in front of an exit, nothing sent too late, every request
 * answered. */
#include <pthread.h>

#include "base/board.h"
#include "base/time.h"
#include "check.h"
#include "run/lanes.h"

/* A venue whose calls wait until the test lets them go. */
struct slow {
    struct venue base;
    pthread_mutex_t mutex;
    pthread_cond_t moved;
    bool open; /* calls go through */
    int inside, entries, exits;
};

static void slow_call(struct venue *v, usec now, const struct request *rq, struct reply *ret) {
    struct slow *s = (struct slow *)v;
    (void)now;
    pthread_mutex_lock(&s->mutex);
    s->inside++;
    pthread_cond_broadcast(&s->moved);
    while (!s->open) pthread_cond_wait(&s->moved, &s->mutex);
    if (rq->kind == REQUEST_BRACKET)
        s->entries++;
    else
        s->exits++;
    pthread_mutex_unlock(&s->mutex);
    request_unsent(rq, OUTCOME_DONE, "", ret);
}

static const struct venue_ops slow_ops = {.name = "slow", .call = slow_call};

static struct arena arena;
static struct slow venue;
static struct inbox *in;
static struct lanes *lanes;
static struct inbox_item item;

static int set_up(void **state) {
    (void)state;
    struct error err;
    arena_open(&arena, 64 << 20);
    venue = (struct slow){.base = {.ops = &slow_ops}};
    pthread_mutex_init(&venue.mutex, NULL);
    pthread_cond_init(&venue.moved, NULL);
    in = inbox_open(&arena, "trader", 1, 1, 200);
    assert_ok(lanes_open(&arena, &venue.base, in, &lanes, &err), &err);
    return 0;
}

static void let_go(void) {
    pthread_mutex_lock(&venue.mutex);
    venue.open = true;
    pthread_cond_broadcast(&venue.moved);
    pthread_mutex_unlock(&venue.mutex);
}

static int tear_down(void **state) {
    (void)state;
    let_go();
    lanes_close(lanes);
    inbox_close(in);
    pthread_cond_destroy(&venue.moved);
    pthread_mutex_destroy(&venue.mutex);
    arena_close(&arena);
    return 0;
}

static void wait_inside(int calls) {
    pthread_mutex_lock(&venue.mutex);
    while (venue.inside < calls) pthread_cond_wait(&venue.moved, &venue.mutex);
    pthread_mutex_unlock(&venue.mutex);
}

static bool send(request_kind kind, int64_t id, usec signed_at) {
    const struct request rq = {
        .kind = kind, .id = id, .signed_at = signed_at, .recv_window = USEC_PER_S};
    return lanes_send(lanes, &rq);
}

/* The next reply, however long it takes. */
static const struct reply *reply(void) {
    do inbox_take(in, time_monotonic_us() + 100 * USEC_PER_S, &item);
    while (item.kind == INBOX_NOTHING);
    assert_int_equal(item.kind, INBOX_REPLY);
    return &item.reply;
}

static void test_a_reply_comes_back_with_its_request(void **state) {
    (void)state;
    let_go();
    assert_true(send(REQUEST_BRACKET, 42, time_wall_us()));
    assert_int_equal(reply()->request_id, 42);
    assert_int_equal(item.reply.outcome, OUTCOME_DONE);
}

static void test_an_exit_does_not_wait_behind_an_entry(void **state) {
    (void)state;
    assert_true(send(REQUEST_BRACKET, 1, time_wall_us()));
    wait_inside(1);
    assert_true(send(REQUEST_EXIT, 2, 0));
    wait_inside(2); /* both are at the venue at once */
}

static void test_an_exit_goes_before_questions_that_wait(void **state) {
    (void)state;
    assert_true(send(REQUEST_QUERY, 1, 0));
    wait_inside(1);
    for (int i = 2; i < 8; i++) assert_true(send(REQUEST_QUERY, i, 0));
    assert_true(send(REQUEST_EXIT, 8, 0));
    let_go();
    assert_int_equal(reply()->request_id, 1);
    assert_int_equal(reply()->request_id, 8);
    for (int i = 2; i < 8; i++) assert_int_equal(reply()->request_id, i);
}

/* The thread that has this name; NULL: there is none. */
static const struct board_task_view *task_of(const char *name) {
    static struct board_task_view v[BOARD_TASKS_MAX];
    for (int i = board_tasks(v) - 1; i >= 0; i--)
        if (strcmp(v[i].name, name) == 0) return &v[i];
    return NULL;
}

static void test_what_waits_and_what_is_done_stands_on_the_board(void **state) {
    (void)state;
    static const char *const name = "venue: exits, repairs and questions";
    struct board_queue_view v[BOARD_QUEUES_MAX];
    const usec before = time_wall_us();
    int i = 0;
    assert_true(send(REQUEST_QUERY, 1, 0));
    wait_inside(1);
    assert_string_equal(task_of(name)->doing, "a question about an order");
    assert_true(task_of(name)->since >= before);
    assert_true(send(REQUEST_QUERY, 2, 0));
    assert_true(send(REQUEST_EXIT, 3, 0));
    for (const int count = board_queues(v); i < count && strcmp(v[i].name, name) != 0;) i++;
    assert_int_equal(v[i].waiting, 2);
    assert_int_equal(v[i].capacity, 64);
    assert_true(v[i].oldest_at >= before && v[i].oldest_at <= time_wall_us());
    let_go();
    for (int id = 0; id < 3; id++) reply();
    board_queues(v);
    assert_int_equal(v[i].waiting, 0);
}

static void test_what_is_too_old_is_not_sent(void **state) {
    (void)state;
    let_go();
    assert_true(send(REQUEST_BRACKET, 5, time_wall_us() - USEC_PER_S));
    assert_int_equal(reply()->outcome, OUTCOME_LATE);
    assert_int_equal(venue.entries, 0);
}

static void test_half_the_window_is_the_limit(void **state) {
    (void)state;
    const struct request rq = {.signed_at = 1000, .recv_window = 500};
    const struct request unsigned_yet = {.recv_window = 500};
    assert_false(request_is_late(&rq, 1250));
    assert_true(request_is_late(&rq, 1251));
    assert_false(request_is_late(&unsigned_yet, 999999));
}

static void test_exits_and_protection_live_as_long_as_the_venue_lets_them(void **state) {
    (void)state;
    static const request_kind kinds[] = {REQUEST_EXIT, REQUEST_PROTECT};
    for (int i = 0; i < COUNT_OF(kinds); i++) {
        const struct request brief = {.kind = kinds[i], .signed_at = 1000, .recv_window = 500};
        const struct request wide = {
            .kind = kinds[i], .signed_at = 1000, .recv_window = 10 * USEC_PER_S};
        assert_false(request_is_late(&brief, 1000 + REQUEST_LIFE));
        assert_true(request_is_late(&brief, 1001 + REQUEST_LIFE));
        assert_true(request_is_late(&wide, 1001 + REQUEST_LIFE));
    }
}

static void test_a_question_and_a_cancel_are_never_late(void **state) {
    (void)state;
    static const request_kind kinds[] = {REQUEST_QUERY, REQUEST_SNAPSHOT, REQUEST_CANCEL};
    for (int i = 0; i < COUNT_OF(kinds); i++) {
        const struct request rq = {.kind = kinds[i], .signed_at = 1000, .recv_window = 500};
        assert_false(request_is_late(&rq, 1000 + USEC_PER_HOUR));
    }
}

static void test_stopping_asks_nothing_more(void **state) {
    (void)state;
    assert_true(send(REQUEST_EXIT, 1, 0));
    wait_inside(1);
    assert_true(send(REQUEST_QUERY, 2, 0));
    assert_true(send(REQUEST_SNAPSHOT, 3, 0));
    assert_true(send(REQUEST_CANCEL, 4, 0));
    lanes_stop(lanes);
    let_go();
    lanes_close(lanes);
    lanes = NULL;
    int late = 0;
    for (int i = 0; i < 4; i++) late += reply()->outcome == OUTCOME_LATE;
    assert_int_equal(late, 2);
    assert_int_equal(venue.exits, 2);
}

static void test_a_full_lane_takes_no_more_and_the_other_still_does(void **state) {
    (void)state;
    int sent = 0;
    while (send(REQUEST_BRACKET, sent + 1, time_wall_us() + 3600 * USEC_PER_S)) sent++;
    assert_true(sent >= 32 && sent <= 33);
    assert_true(send(REQUEST_EXIT, 1000, 0));
    let_go();
    for (int i = 0; i < sent + 1; i++) assert_int_equal(reply()->outcome, OUTCOME_DONE);
}

static void test_stopping_sends_exits_and_drops_entries_and_answers_both(void **state) {
    (void)state;
    assert_true(send(REQUEST_BRACKET, 1, time_wall_us()));
    assert_true(send(REQUEST_EXIT, 2, 0));
    wait_inside(2);
    assert_true(send(REQUEST_BRACKET, 3, time_wall_us() + 3600 * USEC_PER_S));
    assert_true(send(REQUEST_EXIT, 4, 0));
    lanes_stop(lanes);
    let_go();
    lanes_close(lanes);
    lanes = NULL;
    int late = 0, done = 0;
    for (int i = 0; i < 4; i++) {
        late += reply()->outcome == OUTCOME_LATE;
        done += item.reply.outcome == OUTCOME_DONE;
    }
    assert_int_equal(late, 1);
    assert_int_equal(done, 3);
    assert_int_equal(venue.entries, 1);
    assert_int_equal(venue.exits, 2);
}

static void test_a_lane_that_was_closed_takes_nothing(void **state) {
    (void)state;
    let_go();
    lanes_close(lanes);
    assert_false(send(REQUEST_EXIT, 1, 0));
    lanes = NULL;
}

static void test_a_request_that_was_not_sent_has_a_reply_of_its_own(void **state) {
    (void)state;
    static struct snapshot shot;
    struct reply r = {.snapshot = &shot, .retry_at = 7, .report_count = 3};
    const struct request rq = {.kind = REQUEST_EXIT, .id = 5, .trade_id = 6};
    request_unsent(&rq, OUTCOME_FULL, "full", &r);
    assert_null(r.snapshot);
    assert_int_equal(r.retry_at, 0);
    assert_int_equal(r.report_count, 0);
    assert_int_equal(r.outcome, OUTCOME_FULL);
    assert_string_equal(r.text, "full");
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        T(test_a_reply_comes_back_with_its_request),
        T(test_an_exit_does_not_wait_behind_an_entry),
        T(test_an_exit_goes_before_questions_that_wait),
        T(test_what_waits_and_what_is_done_stands_on_the_board),
        T(test_what_is_too_old_is_not_sent),
        T(test_half_the_window_is_the_limit),
        T(test_exits_and_protection_live_as_long_as_the_venue_lets_them),
        T(test_a_question_and_a_cancel_are_never_late),
        T(test_stopping_asks_nothing_more),
        T(test_a_full_lane_takes_no_more_and_the_other_still_does),
        T(test_stopping_sends_exits_and_drops_entries_and_answers_both),
        T(test_a_lane_that_was_closed_takes_nothing),
        T(test_a_request_that_was_not_sent_has_a_reply_of_its_own),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
