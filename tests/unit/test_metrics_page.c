/* metrics_page: /metrics and /health at an address of their own: who may ask, and what comes. */
#include "api/metrics.h"

#include <unistd.h>

#include "base/metric.h"
#include "check.h"
#include "run/process.h"

static struct buf body;

static struct metrics_answer ask(const char *listen, const struct secret *word,
                                 struct metrics_ask rq) {
    struct api_listen at;
    struct metrics_answer a;
    struct error err;
    assert_ok(api_listen_parse(str_from_z(listen), &at, &err), &err);
    if (rq.method.p == NULL) rq.method = STR("GET");
    if (rq.path.p == NULL) rq.path = STR("/metrics");
    buf_clear(&body);
    metrics_answer(&at, word, &rq, &a, &body);
    return a;
}

static bool says(const char *text) { return str_find(buf_str(&body), str_from_z(text)) >= 0; }

#define LOCAL "127.0.0.1:9464"

static void test_the_page_is_text_or_openmetrics_as_asked(void **state) {
    (void)state;
    struct metrics_answer a = ask(LOCAL, NULL, (struct metrics_ask){.host = STR("localhost:9464")});
    assert_int_equal(a.status, 200);
    assert_string_equal(a.type, "text/plain; version=0.0.4; charset=utf-8");
    assert_true(says("# TYPE bullfinch_build_info gauge\nbullfinch_build_info{version=\""));
    assert_false(says("# EOF"));
    a = ask(LOCAL, NULL,
            (struct metrics_ask){.host = STR("127.0.0.1"),
                                 .accept = STR("application/openmetrics-text;version=1.0.0")});
    assert_string_equal(a.type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert_true(str_ends(buf_str(&body), STR("# EOF\n")));
}

static void test_the_process_is_measured_with_each_page(void **state) {
    (void)state;
    ask(LOCAL, NULL, (struct metrics_ask){.host = STR("localhost")});
    assert_true(metric_value(metric_get(M_PROCESS_MEMORY, NULL)) > 100000);
    assert_true(metric_value(metric_get(M_PROCESS_FDS, NULL)) >= 3);
    assert_true(metric_value(metric_get(M_PROCESS_FDS_MAX, NULL)) >=
                metric_value(metric_get(M_PROCESS_FDS, NULL)));
    assert_true(metric_value(metric_get(M_PROCESS_THREADS, NULL)) >= 1);
    assert_true(metric_value(metric_get(M_PROCESS_CPU, NULL)) > 0);
    assert_true(metric_value(metric_get(M_STORE_DISK_SIZE, NULL)) >=
                metric_value(metric_get(M_STORE_DISK_FREE, NULL)));
    assert_true(metric_value(metric_get(M_STORE_DISK_SIZE, NULL)) > 0);
    assert_true(metric_value(metric_get(M_STORE_BYTES, NULL)) > 0); /* of this very file */
}

static void test_only_reading_and_only_these_two_paths(void **state) {
    (void)state;
    const str local = STR("localhost");
    assert_int_equal(ask(LOCAL, NULL, (struct metrics_ask){.host = local, .path = STR("/")}).status,
                     404);
    assert_int_equal(
        ask(LOCAL, NULL, (struct metrics_ask){.host = local, .path = STR("/metrics/")}).status,
        404);
    const struct metrics_answer a =
        ask(LOCAL, NULL, (struct metrics_ask){.host = local, .method = STR("POST")});
    assert_int_equal(a.status, 405);
    assert_string_equal(a.allow, "GET, HEAD");
    assert_int_equal(
        ask(LOCAL, NULL, (struct metrics_ask){.host = local, .method = STR("HEAD")}).status, 200);
}

static void test_a_page_of_somebody_else_that_points_here_gets_nothing(void **state) {
    (void)state;
    assert_int_equal(ask(LOCAL, NULL, (struct metrics_ask){.host = STR("evil.example")}).status,
                     421);
    assert_int_equal(ask(LOCAL, NULL, (struct metrics_ask){0}).status, 421);
    assert_false(says("bullfinch_"));
}

static void test_a_word_that_is_set_must_come(void **state) {
    struct secret word;
    struct error err;
    static const char *const wrong[] = {
        "",      "Bearer", "Bearer ", "Bearer s3cre", "Bearer s3cret-and-more", "Basic s3cret",
        "s3cret"};
    (void)state;
    assert_ok(secret_copy(STR("s3cret"), &word, &err), &err);
    const str any =
        STR("prometheus.example:9464"); /* whoever has the word may name it as he likes */
    for (int i = 0; i < COUNT_OF(wrong); i++) {
        const struct metrics_answer a =
            ask("0.0.0.0:9464", &word,
                (struct metrics_ask){.host = any, .authorization = str_from_z(wrong[i])});
        assert_int_equal(a.status, 401);
        assert_string_equal(a.authenticate, "Bearer realm=\"bullfinch metrics\"");
        assert_false(says("bullfinch_"));
    }
    assert_int_equal(ask("0.0.0.0:9464", &word, (struct metrics_ask){.host = any}).status, 401);
    assert_int_equal(ask("0.0.0.0:9464", &word,
                         (struct metrics_ask){.host = any, .authorization = STR("bearer  s3cret")})
                         .status,
                     200);
    secret_wipe(&word);
}

static void test_others_are_let_in_by_a_word_only(void **state) {
    struct arena boot = {0};
    struct metrics_server *s = NULL;
    struct error err;
    (void)state;
    arena_open(&boot, 1 << 20);
    assert_fails(metrics_open(&boot, STR("0.0.0.0:0"), NULL, &s, &err), &err, ERR_REFUSED);
    assert_true(str_starts(str_from_z(err.msg), STR("metrics.listen: ")));
    assert_fails(metrics_open(&boot, STR("nowhere"), NULL, &s, &err), &err, ERR_CONFIG);
    assert_ok(metrics_open(&boot, STR("127.0.0.1:0"), NULL, &s, &err), &err);
    assert_true(str_starts(str_from_z(metrics_url(s)), STR("http://127.0.0.1:")));
    struct metrics_server *second = NULL;
    assert_fails(metrics_open(&boot, str_tail(str_from_z(metrics_url(s)), 7), NULL, &second, &err),
                 &err, ERR_EXISTS);
    metrics_close(s);
    metrics_close(NULL);
    arena_close(&boot);
}

static void test_health_is_what_store_and_queue_did_last(void **state) {
    const struct metrics_ask rq = {.host = STR("localhost"), .path = STR("/health")};
    (void)state;
    metric_set(metric_get(M_STORE_UP, NULL), 1);
    assert_int_equal(ask(LOCAL, NULL, rq).status, 200); /* it shares no queue with others */
    assert_false(says("redis"));
    metric_set(metric_get(M_QUEUE_UP, NULL), 1);
    struct metrics_answer a = ask(LOCAL, NULL, rq);
    assert_int_equal(a.status, 200);
    assert_string_equal(a.type, "application/json");
    assert_true(says("{\"status\":\"healthy\",\"checks\":{\"database\":true,\"redis\":true}"));
    metric_set(metric_get(M_QUEUE_UP, NULL), 0);
    assert_int_equal(ask(LOCAL, NULL, rq).status, 503);
    assert_true(says("\"redis\":false"));
    metric_role_set(METRIC_RUN); /* it has no queue */
    assert_int_equal(ask(LOCAL, NULL, rq).status, 200);
    assert_false(says("redis"));
    metric_set(metric_get(M_STORE_UP, NULL), 0);
    assert_int_equal(ask(LOCAL, NULL, rq).status, 503);
    metric_role_set(METRIC_TRADE);
}

static int set_up(void **state) {
    (void)state;
    buf_init(&body, 1 << 20);
    char self[4096] = {0}; /* a file, on whatever disk */
    assert_true(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
    process_begin(METRIC_TRADE, self);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    buf_fini(&body);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_page_is_text_or_openmetrics_as_asked),
        cmocka_unit_test(test_the_process_is_measured_with_each_page),
        cmocka_unit_test(test_only_reading_and_only_these_two_paths),
        cmocka_unit_test(test_a_page_of_somebody_else_that_points_here_gets_nothing),
        cmocka_unit_test(test_a_word_that_is_set_must_come),
        cmocka_unit_test(test_others_are_let_in_by_a_word_only),
        cmocka_unit_test(test_health_is_what_store_and_queue_did_last),
    };
    return cmocka_run_group_tests_name("metrics page", tests, set_up, tear_down);
}
