/* The board: what stands there is what was put last, under its name, and no more than fits. */
#include "base/board.h"

#include "base/buf.h"
#include "base/metric.h"
#include "check.h"

static void test_a_queue_is_known_by_its_name_and_is_a_metric(void **state) {
    (void)state;
    struct board_queue_view v[BOARD_QUEUES_MAX];
    struct board_queue *const q = board_queue_open("posts of \"x\"", 64);
    board_queue_set(q, 3, 5 * USEC_PER_S);
    assert_int_equal(board_queues(v), 1);
    assert_string_equal(v[0].name, "posts of \"x\"");
    assert_int_equal(v[0].waiting, 3);
    assert_int_equal(v[0].capacity, 64);
    assert_int_equal(v[0].oldest_at, 5 * USEC_PER_S);
    struct buf page;
    buf_init(&page, 1 << 16);
    metric_print(&page, METRIC_TEXT);
    assert_non_null(
        strstr(buf_z(&page), "bullfinch_queue_waiting{queue=\"posts of \\\"x\\\"\"} 3\n"));
    assert_non_null(strstr(buf_z(&page),
                           "bullfinch_queue_oldest_timestamp_seconds{queue=\"posts of "
                           "\\\"x\\\"\"} 5\n"));
    buf_fini(&page);
    board_queue_set(q, 0, 5 * USEC_PER_S);
    board_queues(v);
    assert_int_equal(v[0].oldest_at, 0);
    assert_ptr_equal(board_queue_open("posts of \"x\"", 8), q);
    assert_int_equal(board_queues(v), 1);
    assert_int_equal(v[0].capacity, 8);
}

static void test_a_thread_is_at_what_it_said_last(void **state) {
    (void)state;
    struct board_task_view v[BOARD_TASKS_MAX];
    struct board_task *const t = board_task_open("venue: entries", 7);
    assert_int_equal(board_tasks(v), 1);
    assert_null(v[0].doing);
    board_task_set(t, "an entry", 9);
    board_tasks(v);
    assert_string_equal(v[0].doing, "an entry");
    assert_int_equal(v[0].since, 9);
}

static void test_a_breaker_takes_the_place_of_the_one_of_its_name(void **state) {
    (void)state;
    struct board_breaker v[BOARD_BREAKERS_MAX];
    struct board_breaker b = {.name = "venue: orders", .state = "closed", .told_at = 1};
    board_breaker_put(&b);
    b.state = "open";
    b.since = 3;
    board_breaker_put(&b);
    assert_int_equal(board_breakers(v), 1);
    assert_string_equal(v[0].state, "open");
    assert_int_equal(v[0].since, 3);
}

static void test_a_full_board_takes_no_more_and_does_no_harm(void **state) {
    (void)state;
    struct board_queue_view queues[BOARD_QUEUES_MAX];
    struct board_task_view tasks[BOARD_TASKS_MAX];
    struct board_breaker breakers[BOARD_BREAKERS_MAX];
    for (int i = 0; i < BOARD_TASKS_MAX + 1; i++) {
        struct board_breaker b = {.state = "closed"};
        snprintf(b.name, sizeof b.name, "number %d", i);
        board_breaker_put(&b);
        board_queue_set(board_queue_open(b.name, 1), 1, 1);
        board_task_set(board_task_open(b.name, 1), "work", 1);
    }
    assert_int_equal(board_queues(queues), BOARD_QUEUES_MAX);
    assert_int_equal(board_tasks(tasks), BOARD_TASKS_MAX);
    assert_int_equal(board_breakers(breakers), BOARD_BREAKERS_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_queue_is_known_by_its_name_and_is_a_metric),
        cmocka_unit_test(test_a_thread_is_at_what_it_said_last),
        cmocka_unit_test(test_a_breaker_takes_the_place_of_the_one_of_its_name),
        cmocka_unit_test(test_a_full_board_takes_no_more_and_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
