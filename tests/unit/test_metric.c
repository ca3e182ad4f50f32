/* metric: the pages are Prometheus text and OpenMetrics, exact, sorted; adding from many threads
 * loses nothing; the table keeps its own rules. */
#include "base/metric.h"

#include <pthread.h>

#include "base/buf.h"
#include "base/money.h"
#include "check.h"

static struct buf page;

static const char *printed_as(metric_format f) {
    buf_clear(&page);
    metric_print(&page, f);
    return buf_z(&page);
}

static const char *printed(void) { return printed_as(METRIC_TEXT); }

static bool has(const char *text, const char *line) {
    if (str_find(str_from_z(text), str_from_z(line)) >= 0) return true;
    print_message("%s\nlacks: %s\n", text, line);
    return false;
}

static bool page_has(const char *line) { return has(printed(), line); }

#define FAMILY(k, n, l, s)                                                                         \
    { .kind = METRIC_##k, .name = n, .unit = "", .help = "h", .labels = l, .scale = s, .most = 64 }

static void test_page_is_prometheus_text_sorted_by_family(void **state) {
    static const struct metric_family last = FAMILY(COUNTER, "bullfinch_z_total", "", 1);
    static struct metric_family first = FAMILY(COUNTER, "bullfinch_a_total", "symbol", 1);
    static const struct metric_family middle = FAMILY(GAUGE, "bullfinch_m", "", E8);
    (void)state;
    assert_string_equal(printed(), ""); /* the first test of this program: nothing is there yet */
    assert_string_equal(printed_as(METRIC_OPEN), "# EOF\n");
    first.help = "Say \\ and\nso \"it\".";
    struct metric *z = metric_of(&last, NULL);
    struct metric *b = metric_of(&first, LABELS("BTCUSDT"));
    metric_of(&middle, NULL);
    struct metric *a = metric_of(&first, LABELS("ADAUSDT"));
    metric_add(z, 3);
    metric_add(a, 1);
    metric_add(b, 2);
    assert_string_equal(printed(), "# HELP bullfinch_a_total Say \\\\ and\\nso \"it\".\n"
                                   "# TYPE bullfinch_a_total counter\n"
                                   "bullfinch_a_total{symbol=\"ADAUSDT\"} 1\n"
                                   "bullfinch_a_total{symbol=\"BTCUSDT\"} 2\n"
                                   "# HELP bullfinch_m h\n"
                                   "# TYPE bullfinch_m gauge\n"
                                   "bullfinch_m 0\n"
                                   "# HELP bullfinch_z_total h\n"
                                   "# TYPE bullfinch_z_total counter\n"
                                   "bullfinch_z_total 3\n");
    assert_string_equal(printed_as(METRIC_OPEN),
                        "# HELP bullfinch_a Say \\\\ and\\nso \\\"it\\\".\n"
                        "# TYPE bullfinch_a counter\n"
                        "bullfinch_a_total{symbol=\"ADAUSDT\"} 1\n"
                        "bullfinch_a_total{symbol=\"BTCUSDT\"} 2\n"
                        "# HELP bullfinch_m h\n"
                        "# TYPE bullfinch_m gauge\n"
                        "bullfinch_m 0\n"
                        "# HELP bullfinch_z h\n"
                        "# TYPE bullfinch_z counter\n"
                        "bullfinch_z_total 3\n"
                        "# EOF\n");
}

static void test_an_info_and_a_unit_are_written_as_each_format_has_them(void **state) {
    static const struct metric_family info = FAMILY(INFO, "bullfinch_what_info", "version,role", 1);
    static struct metric_family timed = FAMILY(COUNTER, "bullfinch_cpu_seconds_total", "", 1000);
    (void)state;
    timed.unit = "seconds";
    metric_of(&info, LABELS("1.0", "run"));
    metric_add(metric_of(&timed, NULL), 1500);
    assert_true(page_has("# TYPE bullfinch_what_info gauge\n"
                         "bullfinch_what_info{version=\"1.0\",role=\"run\"} 1\n"));
    const char *const open = printed_as(METRIC_OPEN);
    assert_true(has(open, "# TYPE bullfinch_what info\n"
                          "bullfinch_what_info{version=\"1.0\",role=\"run\"} 1\n"));
    assert_true(has(open, "# TYPE bullfinch_cpu_seconds counter\n"
                          "# UNIT bullfinch_cpu_seconds seconds\n"
                          "bullfinch_cpu_seconds_total 1.5\n"));
}

static void test_same_values_are_the_same_series(void **state) {
    static const struct metric_family f = FAMILY(COUNTER, "bullfinch_same_total", "x", 1);
    (void)state;
    char value[] = "1";
    struct metric *m = metric_of(&f, LABELS(value));
    value[0] = '2'; /* values are copied */
    assert_ptr_equal(m, metric_of(&f, LABELS("1")));
    assert_ptr_not_equal(m, metric_of(&f, LABELS(value)));
}

static void test_a_value_may_be_any_text(void **state) {
    static const struct metric_family f = FAMILY(COUNTER, "bullfinch_text_total", "x,y", 1);
    (void)state;
    metric_add(metric_of(&f, LABELS("a\"b\\c\nd", "")), 1);
    assert_true(page_has("bullfinch_text_total{x=\"a\\\"b\\\\c\\nd\",y=\"\"} 1\n"));
}

static void test_what_is_more_than_a_family_may_have_is_counted_together(void **state) {
    static struct metric_family f = FAMILY(COUNTER, "bullfinch_most_total", "symbol", 1);
    (void)state;
    f.most = 2;
    for (int i = 0; i < 10; i++) {
        char name[8];
        snprintf(name, sizeof name, "S%d", i);
        metric_add(metric_of(&f, LABELS(name)), 1);
    }
    metric_add(metric_of(&f, LABELS("S1")), 1); /* who has a series keeps it */
    assert_true(page_has("bullfinch_most_total{symbol=\"S0\"} 1\n"
                         "bullfinch_most_total{symbol=\"S1\"} 2\n"
                         "bullfinch_most_total{symbol=\"other\"} 8\n"));
}

static void test_values_are_divided_by_the_scale_exactly(void **state) {
    static const struct metric_family pnl = FAMILY(GAUGE, "bullfinch_pnl", "", E8);
    static const struct metric_family whole = FAMILY(GAUGE, "bullfinch_whole", "", 1);
    static const struct metric_family thirds = FAMILY(GAUGE, "bullfinch_thirds", "", 3);
    (void)state;
    struct metric *m = metric_of(&pnl, NULL);
    metric_set(m, -123456789);
    assert_true(page_has("\nbullfinch_pnl -1.23456789\n"));
    metric_set(m, 500000000);
    assert_true(page_has("\nbullfinch_pnl 5\n"));
    metric_add(m, -499999999);
    assert_true(page_has("\nbullfinch_pnl 0.00000001\n"));
    metric_set(m, INT64_MIN);
    assert_true(page_has("\nbullfinch_pnl -92233720368.54775808\n"));
    m = metric_of(&whole, NULL);
    metric_set(m, INT64_MIN);
    assert_true(page_has("\nbullfinch_whole -9223372036854775808\n"));
    m = metric_of(&thirds, NULL);
    metric_set(m, 4);
    assert_true(page_has("\nbullfinch_thirds 1.333333333333\n"));
}

static const int64_t wait_bounds[] = {1000, 10000, 1000000};

static void test_histogram_is_cumulative_and_agrees_with_itself(void **state) {
    static struct metric_family wait = FAMILY(HISTOGRAM, "bullfinch_wait_seconds", "task", 1000000);
    static const struct metric_family bare = FAMILY(HISTOGRAM, "bullfinch_bare_seconds", "", 1);
    (void)state;
    wait.bounds = wait_bounds;
    wait.bound_count = COUNT_OF(wait_bounds);
    struct metric *m = metric_of(&wait, LABELS("x"));
    metric_observe(m, 1000); /* on a bound: inside */
    metric_observe_many(m, 1001, 2);
    metric_observe(m, 5000000);
    assert_int_equal(metric_value(m), 4);
    assert_true(page_has("# TYPE bullfinch_wait_seconds histogram\n"
                         "bullfinch_wait_seconds_bucket{task=\"x\",le=\"0.001\"} 1\n"
                         "bullfinch_wait_seconds_bucket{task=\"x\",le=\"0.01\"} 3\n"
                         "bullfinch_wait_seconds_bucket{task=\"x\",le=\"1.0\"} 3\n"
                         "bullfinch_wait_seconds_bucket{task=\"x\",le=\"+Inf\"} 4\n"
                         "bullfinch_wait_seconds_sum{task=\"x\"} 5.003002\n"
                         "bullfinch_wait_seconds_count{task=\"x\"} 4\n"));
    m = metric_of(&bare, NULL);
    metric_observe(m, 7);
    assert_true(page_has("bullfinch_bare_seconds_bucket{le=\"+Inf\"} 1\n"
                         "bullfinch_bare_seconds_sum 7\nbullfinch_bare_seconds_count 1\n"));
}

static void test_a_counter_is_raised_and_never_falls(void **state) {
    static const struct metric_family f = FAMILY(COUNTER, "bullfinch_raised_total", "", 1);
    (void)state;
    struct metric *m = metric_of(&f, NULL);
    metric_raise(m, 7);
    metric_raise(m, 3);
    assert_int_equal(metric_value(m), 7);
    metric_raise(m, 9);
    assert_int_equal(metric_value(m), 9);
}

static const struct metric_family race_counts = FAMILY(COUNTER, "bullfinch_race_total", "n", 1);
static struct metric_family race_seconds = FAMILY(HISTOGRAM, "bullfinch_race_seconds", "", 1);

static void *add_many(void *arg) {
    struct metric *counter = arg;
    struct metric *h = metric_of(&race_seconds, NULL);
    for (int i = 0; i < 20000; i++) {
        metric_add(counter, 1);
        metric_observe(h, i % 30);
        if (i % 1000 == 0) { /* registering and printing meanwhile */
            char n[16];
            snprintf(n, sizeof n, "%d", i);
            metric_add(metric_of(&race_counts, LABELS(n)), 1);
            struct buf b;
            buf_init(&b, 1 << 20);
            metric_print(&b, i % 2000 == 0 ? METRIC_TEXT : METRIC_OPEN);
            buf_fini(&b);
        }
    }
    return NULL;
}

static void test_many_threads_lose_nothing(void **state) {
    static const struct metric_family f = FAMILY(COUNTER, "bullfinch_threads_total", "", 1);
    static const int64_t bounds[] = {10, 20};
    (void)state;
    race_seconds.bounds = bounds;
    race_seconds.bound_count = 2;
    struct metric *m = metric_of(&f, NULL);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, add_many, m), 0);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    assert_int_equal(metric_value(m), 80000);
    assert_true(page_has("bullfinch_race_total{n=\"0\"} 4\n"));
    assert_true(page_has("bullfinch_race_seconds_count 80000\n"));
}

static void test_reset_keeps_the_series_and_zeroes_them(void **state) {
    static const struct metric_family f = FAMILY(COUNTER, "bullfinch_zero_total", "", 1);
    static const struct metric_family g = FAMILY(HISTOGRAM, "bullfinch_zero_seconds", "", 1);
    (void)state;
    struct metric *m = metric_of(&f, NULL), *h = metric_of(&g, NULL);
    metric_add(m, 5);
    metric_observe(h, 5);
    metric_reset_all();
    assert_int_equal(metric_value(m), 0);
    assert_int_equal(metric_value(h), 0);
    metric_add(m, 2);
    assert_true(page_has("bullfinch_zero_total 2\n"));
}

static void test_misuse_aborts(void **state) {
    static const struct metric_family f = FAMILY(COUNTER, "bullfinch_misuse_total", "", 1);
    static const struct metric_family two = FAMILY(GAUGE, "bullfinch_two", "a,b", 1);
    static const struct metric_family bad = FAMILY(COUNTER, "misuse_total", "", 1);
    static const int64_t falling[] = {2, 1};
    static struct metric_family h = FAMILY(HISTOGRAM, "bullfinch_h", "", 1);
    (void)state;
    h.bounds = falling;
    h.bound_count = 2;
    struct metric *m = metric_of(&f, NULL);
    assert_aborts(metric_add(m, -1));
    assert_aborts(metric_set(m, 1));
    assert_aborts(metric_observe(m, 1));
    assert_aborts(metric_of(&bad, NULL));
    assert_aborts(metric_of(&h, NULL));
    assert_aborts(metric_of(&two, LABELS("one")));
    assert_aborts(metric_of(&two, LABELS("one", "two", "three")));
    assert_aborts(metric_of(&two, NULL));
}

/* --- which page, and the table -----------------------------------------------------------------
 */

static void test_the_header_accept_says_which_page(void **state) {
    static const struct {
        const char *accept;
        metric_format wanted;
    } cases[] = {
        {"", METRIC_TEXT},
        {"*/*", METRIC_TEXT},
        {"text/plain", METRIC_TEXT},
        {"text/html,application/xhtml+xml,*/*;q=0.8", METRIC_TEXT},
        {"application/openmetrics-text", METRIC_OPEN},
        {"application/openmetrics-text; version=1.0.0", METRIC_OPEN},
        {"application/openmetrics-text;version=0.0.1", METRIC_TEXT}, /* we do not speak it */
        /* as Prometheus 2.42 and 2.53 ask */
        {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
         "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
         METRIC_OPEN},
        {"application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/"
         "*;q=0.2",
         METRIC_OPEN},
        {"text/plain;q=0.9,application/openmetrics-text;version=1.0.0;q=0.8", METRIC_TEXT},
        {"application/openmetrics-text;q=0", METRIC_TEXT},
        {"application/openmetrics-text;q=nonsense", METRIC_TEXT},
        {"application/openmetrics-text;q=0.001, */*;q=0", METRIC_OPEN},
        {",;,;q=1,", METRIC_TEXT}};
    (void)state;
    assert_int_equal(metric_format_for((str){0}), METRIC_TEXT);
    for (int i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(metric_format_for(str_from_z(cases[i].accept)), cases[i].wanted);
}

static bool ends(str s, const char *end) { return str_ends(s, str_from_z(end)); }

/* As OpenMetrics knows it: a counter and a gauge may not share one. */
static str family_name(const struct metric_family *f) {
    const str name = str_from_z(f->name);
    return f->kind == METRIC_COUNTER ? str_head(name, name.n - 6) : name;
}

/* What Prometheus' own guide to names asks. */
static void test_the_table_keeps_its_rules(void **state) {
    (void)state;
    for (int i = 0; i < METRIC_COUNT; i++) {
        const struct metric_family *const f = &metric_families[i];
        str name = str_from_z(f->name);
        const str help = str_from_z(f->help);
        assert_int_equal(f->kind == METRIC_COUNTER, ends(name, "_total"));
        assert_int_equal(f->kind == METRIC_INFO, ends(name, "_info"));
        if (f->kind == METRIC_COUNTER) name = str_head(name, name.n - 6);
        if (f->unit[0] != '\0') assert_true(ends(name, f->unit));
        if (ends(name, "_seconds") || ends(name, "_bytes") || ends(name, "_ratio"))
            assert_true(f->unit[0] != '\0');
        assert_true(help.n > 0 && ends(help, "."));
        assert_true(f->roles != 0);
        assert_int_equal(f->labels[0] == '\0', f->most == 1 && f->kind != METRIC_INFO);
        for (int k = 0; k < i; k++) assert_false(str_eq(name, family_name(&metric_families[k])));
    }
}

static void test_a_role_has_its_families_before_anything_is_counted(void **state) {
    (void)state;
    metric_role_set(METRIC_INGEST);
    assert_true(page_has("# TYPE bullfinch_x_spent_dollars gauge\n"));
    assert_true(str_find(str_from_z(printed()), STR("bullfinch_equity")) < 0);
    metric_role_set(METRIC_TRADE);
    assert_true(page_has("# TYPE bullfinch_equity gauge\n"));
    assert_true(page_has("# TYPE bullfinch_trades_executed_total counter\n"));
    metric_role_set(0);
}

static void test_the_document_has_each_family(void **state) {
    struct buf doc;
    (void)state;
    buf_init(&doc, 1 << 20);
    metric_doc(&doc);
    for (int i = 0; i < METRIC_COUNT; i++) {
        char row[128];
        snprintf(row, sizeof row, "\n| `%s` | %s | %s |", metric_families[i].name,
                 metric_kind_name(metric_families[i].kind), metric_families[i].unit);
        assert_true(has(buf_z(&doc), row));
    }
    buf_fini(&doc);
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
        cmocka_unit_test(test_an_info_and_a_unit_are_written_as_each_format_has_them),
        cmocka_unit_test(test_same_values_are_the_same_series),
        cmocka_unit_test(test_a_value_may_be_any_text),
        cmocka_unit_test(test_what_is_more_than_a_family_may_have_is_counted_together),
        cmocka_unit_test(test_values_are_divided_by_the_scale_exactly),
        cmocka_unit_test(test_histogram_is_cumulative_and_agrees_with_itself),
        cmocka_unit_test(test_a_counter_is_raised_and_never_falls),
        cmocka_unit_test(test_many_threads_lose_nothing),
        cmocka_unit_test(test_reset_keeps_the_series_and_zeroes_them),
        cmocka_unit_test(test_misuse_aborts),
        cmocka_unit_test(test_the_header_accept_says_which_page),
        cmocka_unit_test(test_the_table_keeps_its_rules),
        cmocka_unit_test(test_a_role_has_its_families_before_anything_is_counted),
        cmocka_unit_test(test_the_document_has_each_family),
    };
    return cmocka_run_group_tests_name("metric", tests, set_up, tear_down);
}
