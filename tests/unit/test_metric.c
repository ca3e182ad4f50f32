/* metric: the page is Prometheus text, exact, sorted; adding from many threads loses nothing. */
#include "base/metric.h"

#include <pthread.h>

#include "base/buf.h"
#include "base/money.h"
#include "check.h"

static struct buf page;

static const char *printed(void) {
    buf_clear(&page);
    metric_print(&page);
    return buf_z(&page);
}

static bool page_has(const char *line) {
    if (str_find(str_from_z(printed()), str_from_z(line)) >= 0) return true;
    print_message("%s\nlacks: %s\n", printed(), line);
    return false;
}

static void test_page_is_prometheus_text_sorted_by_family(void **state) {
    (void)state;
    assert_string_equal(printed(), ""); /* the first test of this program: nothing is there yet */
    struct metric *z = metric_get(METRIC_COUNTER, "bullfinch_z_total", "", "Last.", 1);
    struct metric *b =
        metric_get(METRIC_COUNTER, "bullfinch_a_total", "symbol=\"BTCUSDT\"", "Say \\ and\nso.", 1);
    metric_get(METRIC_GAUGE, "bullfinch_m", "", "Middle.", E8);
    struct metric *a =
        metric_get(METRIC_COUNTER, "bullfinch_a_total", "symbol=\"ADAUSDT\"", "Say \\ and\nso.", 1);
    metric_add(z, 3);
    metric_add(a, 1);
    metric_add(b, 2);
    assert_string_equal(printed(), "# HELP bullfinch_a_total Say \\\\ and\\nso.\n"
                                   "# TYPE bullfinch_a_total counter\n"
                                   "bullfinch_a_total{symbol=\"ADAUSDT\"} 1\n"
                                   "bullfinch_a_total{symbol=\"BTCUSDT\"} 2\n"
                                   "# HELP bullfinch_m Middle.\n"
                                   "# TYPE bullfinch_m gauge\n"
                                   "bullfinch_m 0\n"
                                   "# HELP bullfinch_z_total Last.\n"
                                   "# TYPE bullfinch_z_total counter\n"
                                   "bullfinch_z_total 3\n");
}

static void test_same_name_and_labels_are_the_same_series(void **state) {
    (void)state;
    char labels[] = "x=\"1\"";
    struct metric *m = metric_get(METRIC_COUNTER, "bullfinch_same_total", labels, "h", 1);
    labels[3] = '2'; /* labels are copied */
    assert_ptr_equal(m, metric_get(METRIC_COUNTER, "bullfinch_same_total", "x=\"1\"", "h", 1));
    assert_ptr_not_equal(m, metric_get(METRIC_COUNTER, "bullfinch_same_total", labels, "h", 1));
}

static void test_values_are_divided_by_the_scale_exactly(void **state) {
    (void)state;
    struct metric *m = metric_get(METRIC_GAUGE, "bullfinch_pnl", "", "h", E8);
    metric_set(m, -123456789);
    assert_true(page_has("\nbullfinch_pnl -1.23456789\n"));
    metric_set(m, 500000000);
    assert_true(page_has("\nbullfinch_pnl 5\n"));
    metric_add(m, -499999999);
    assert_true(page_has("\nbullfinch_pnl 0.00000001\n"));
    metric_set(m, INT64_MIN);
    assert_true(page_has("\nbullfinch_pnl -92233720368.54775808\n"));
    m = metric_get(METRIC_GAUGE, "bullfinch_whole", "", "h", 1);
    metric_set(m, INT64_MIN);
    assert_true(page_has("\nbullfinch_whole -9223372036854775808\n"));
    m = metric_get(METRIC_GAUGE, "bullfinch_thirds", "", "h", 3);
    metric_set(m, 4);
    assert_true(page_has("\nbullfinch_thirds 1.333333333333\n"));
}

static void test_histogram_is_cumulative_and_agrees_with_itself(void **state) {
    (void)state;
    const int64_t bounds[] = {1000, 10000, 1000000};
    struct metric *m =
        metric_histogram("bullfinch_wait_seconds", "task=\"x\"", "h", 1000000, bounds, 3);
    metric_observe(m, 1000); /* on a bound: inside */
    metric_observe(m, 1001);
    metric_observe(m, 9999);
    metric_observe(m, 5000000);
    assert_int_equal(metric_value(m), 4);
    assert_true(page_has("# TYPE bullfinch_wait_seconds histogram\n"
                         "bullfinch_wait_seconds_bucket{task=\"x\",le=\"0.001\"} 1\n"
                         "bullfinch_wait_seconds_bucket{task=\"x\",le=\"0.01\"} 3\n"
                         "bullfinch_wait_seconds_bucket{task=\"x\",le=\"1\"} 3\n"
                         "bullfinch_wait_seconds_bucket{task=\"x\",le=\"+Inf\"} 4\n"
                         "bullfinch_wait_seconds_sum{task=\"x\"} 5.012\n"
                         "bullfinch_wait_seconds_count{task=\"x\"} 4\n"));
    m = metric_histogram("bullfinch_bare_seconds", "", "h", 1, bounds, 0);
    metric_observe(m, 7);
    assert_true(page_has("bullfinch_bare_seconds_bucket{le=\"+Inf\"} 1\n"
                         "bullfinch_bare_seconds_sum 7\nbullfinch_bare_seconds_count 1\n"));
}

static void *add_many(void *arg) {
    static const int64_t bounds[] = {10, 20};
    struct metric *counter = arg;
    struct metric *h = metric_histogram("bullfinch_race_seconds", "", "h", 1, bounds, 2);
    for (int i = 0; i < 20000; i++) {
        metric_add(counter, 1);
        metric_observe(h, i % 30);
        if (i % 1000 == 0) { /* registering and printing meanwhile */
            char labels[32];
            snprintf(labels, sizeof labels, "n=\"%d\"", i);
            metric_add(metric_get(METRIC_COUNTER, "bullfinch_race_total", labels, "h", 1), 1);
            struct buf b;
            buf_init(&b, 1 << 20);
            metric_print(&b);
            buf_fini(&b);
        }
    }
    return NULL;
}

static void test_many_threads_lose_nothing(void **state) {
    (void)state;
    struct metric *m = metric_get(METRIC_COUNTER, "bullfinch_threads_total", "", "h", 1);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, add_many, m), 0);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    assert_int_equal(metric_value(m), 80000);
    assert_true(page_has("bullfinch_race_total{n=\"0\"} 4\n"));
    assert_true(page_has("bullfinch_race_seconds_count 80000\n"));
}

static void test_reset_keeps_the_series_and_zeroes_them(void **state) {
    (void)state;
    struct metric *m = metric_get(METRIC_COUNTER, "bullfinch_zero_total", "", "h", 1);
    struct metric *h = metric_histogram("bullfinch_zero_seconds", "", "h", 1, (int64_t[]){1}, 1);
    metric_add(m, 5);
    metric_observe(h, 5);
    metric_reset_all();
    assert_int_equal(metric_value(m), 0);
    assert_int_equal(metric_value(h), 0);
    metric_add(m, 2);
    assert_true(page_has("bullfinch_zero_total 2\n"));
}

static void test_misuse_aborts(void **state) {
    (void)state;
    struct metric *m = metric_get(METRIC_COUNTER, "bullfinch_misuse_total", "", "h", 1);
    assert_aborts(metric_add(m, -1));
    assert_aborts(metric_set(m, 1));
    assert_aborts(metric_observe(m, 1));
    assert_aborts(metric_get(METRIC_GAUGE, "bullfinch_misuse_total", "", "h", 1));
    assert_aborts(metric_get(METRIC_GAUGE, "bullfinch_misuse_total", "other=\"1\"", "h", 1));
    assert_aborts(metric_get(METRIC_COUNTER, "misuse_total", "", "h", 1));
    assert_aborts(metric_get(METRIC_HISTOGRAM, "bullfinch_h", "", "h", 1));
    assert_aborts(metric_histogram("bullfinch_h", "", "h", 1, (int64_t[]){2, 1}, 2));
}

static int set_up(void **state) {
    (void)state;
    buf_init(&page, 1 << 20);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    buf_fini(&page);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page_is_prometheus_text_sorted_by_family),
        cmocka_unit_test(test_same_name_and_labels_are_the_same_series),
        cmocka_unit_test(test_values_are_divided_by_the_scale_exactly),
        cmocka_unit_test(test_histogram_is_cumulative_and_agrees_with_itself),
        cmocka_unit_test(test_many_threads_lose_nothing),
        cmocka_unit_test(test_reset_keeps_the_series_and_zeroes_them),
        cmocka_unit_test(test_misuse_aborts),
    };
    return cmocka_run_group_tests_name("metric", tests, set_up, tear_down);
}
