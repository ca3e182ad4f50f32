/* log: what a line looks like, in both formats, whatever the values; one write a line. */
#include "base/log.h"

#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>

#include "check.h"

static int pipe_ends[2];
static char seen[1 << 16];

/* What was logged since the last call, without "at=... " resp. {"at":"...", of its first line. */
static const char *logged(void) {
    ssize_t n = read(pipe_ends[0], seen, sizeof seen - 1);
    seen[n < 0 ? 0 : n] = 0;
    return seen[0] == 0 ? seen : seen + (seen[0] == '{' ? 36 : 31);
}

static int open_pipe(void **state) {
    (void)state;
    if (pipe(pipe_ends) != 0) return -1;
    fcntl(pipe_ends[0], F_SETFL, O_NONBLOCK);
    log_setup(LOG_INFO, LOG_LOGFMT, pipe_ends[1]);
    log_set_clock(NULL);
    return 0;
}

static int close_pipe(void **state) {
    (void)state;
    log_setup(LOG_INFO, LOG_LOGFMT, STDERR_FILENO);
    log_set_clock(NULL);
    return close(pipe_ends[0]) + close(pipe_ends[1]);
}

static void test_logfmt_line_has_time_level_event_and_fields(void **state) {
    (void)state;
    log_info("order_sent", LOG_S("coid", STR("bfab12-x")), LOG_E8("price", 32000000),
             LOG_I("n", -7), LOG_B("live", false), LOG_T("t", 1621427696000000),
             LOG_Z("why", "ok"));
    assert_string_equal(logged(), "level=info ev=order_sent coid=bfab12-x price=0.32 n=-7 "
                                  "live=false t=2021-05-19T12:34:56.000000Z why=ok\n");
    usec at;
    assert_memory_equal(seen, "at=", 3);
    assert_true(time_parse_rfc3339(str_from_bytes(seen + 3, 27), &at));
    assert_true(time_wall_us() - at < 60 * USEC_PER_S);
}

static void test_logfmt_quotes_what_would_break_the_line(void **state) {
    (void)state;
    log_info("e", LOG_Z("a", "two words"), LOG_Z("b", "x=\"1\"\n"), LOG_Z("c", ""),
             LOG_Z("d", NULL), LOG_Z("e", "caf\xC3\xA9"), LOG_Z("f", "\xFF"), LOG_Z("g", "a\\b"));
    assert_string_equal(logged(), "level=info ev=e a=\"two words\" b=\"x=\\\"1\\\"\\n\" c=\"\" "
                                  "d=\"\" e=caf\xC3\xA9 f=\"\xEF\xBF\xBD\" g=\"a\\\\b\"\n");
}

static void test_json_line_is_json_with_amounts_as_text(void **state) {
    (void)state;
    log_setup(LOG_INFO, LOG_JSON, pipe_ends[1]);
    log_unusual("gap", LOG_E8("px", 150000000), LOG_I("n", 3), LOG_B("b", true), LOG_T("t", 0),
                LOG_Z("s", "a\"b"));
    assert_string_equal(logged(),
                        "\"level\":\"unusual\",\"ev\":\"gap\",\"px\":\"1.5\",\"n\":3,"
                        "\"b\":true,\"t\":\"1970-01-01T00:00:00.000000Z\",\"s\":\"a\\\"b\"}\n");
}

static void test_virtual_time_stands_beside_wall_time(void **state) {
    (void)state;
    struct clock c;
    clock_init_virtual(&c, 5);
    log_set_clock(&c);
    log_info("e", LOG_I("n", 1));
    assert_string_equal(logged(), "vt=1970-01-01T00:00:00.000005Z level=info ev=e n=1\n");
    clock_init_wall(&c);
    log_info("e", LOG_I("n", 1));
    assert_string_equal(logged(), "level=info ev=e n=1\n");
    log_set_clock(NULL);
}

static void test_lines_below_the_least_level_are_not_written_nor_counted(void **state) {
    (void)state;
    log_setup(LOG_UNUSUAL, LOG_LOGFMT, pipe_ends[1]);
    int64_t info = log_count(LOG_INFO), broken = log_count(LOG_BROKEN);
    log_info("quiet", LOG_I("n", 1));
    log_debug("quiet", LOG_I("n", 1));
    assert_string_equal(logged(), "");
    log_broken("loud", LOG_I("n", 1));
    assert_string_equal(logged(), "level=broken ev=loud n=1\n");
    assert_int_equal(log_count(LOG_INFO), info);
    assert_int_equal(log_count(LOG_BROKEN), broken + 1);
}

static void test_too_long_lines_are_cut_and_stay_well_formed(void **state) {
    (void)state;
    static char huge[10000], control[10000];
    memset(huge, 'x', sizeof huge);
    memset(control, 1, sizeof control); /* each becomes six bytes */
    for (int format = LOG_LOGFMT; format <= LOG_JSON; format++) {
        log_setup(LOG_INFO, (log_format)format, pipe_ends[1]);
        log_info("long", LOG_S("a", str_from_bytes(huge, sizeof huge)),
                 LOG_S("b", str_from_bytes(control, sizeof control)),
                 LOG_S("c", str_from_bytes(huge, 3000)), LOG_I("d", 1));
        logged();
        str line = str_from_z(seen);
        assert_true(line.n <= 4096);
        assert_int_equal(str_find_byte(line, '\n'), line.n - 1);
        assert_true(str_ends(line, format == LOG_JSON ? STR(",\"d\":1,\"cut\":true}\n")
                                                      : STR(" d=1 cut=true\n")));
        if (format == LOG_JSON) {
            json_t *json = json_loadb(line.p, (size_t)line.n, 0, NULL);
            assert_non_null(json);
            json_decref(json);
        }
    }
}

static void test_unwritable_descriptor_loses_the_line_only(void **state) {
    (void)state;
    log_setup(LOG_INFO, LOG_LOGFMT, -1);
    int64_t count = log_count(LOG_INFO);
    log_info("lost", LOG_I("n", 1));
    assert_int_equal(log_count(LOG_INFO), count + 1);
}

static void *log_many(void *arg) {
    const char *who = arg;
    for (int i = 0; i < 200; i++) log_info("mix", LOG_Z("who", who), LOG_I("i", i));
    return NULL;
}

static void test_lines_of_many_threads_do_not_mix(void **state) {
    (void)state;
    pthread_t threads[4];
    static char names[4][200];
    for (int i = 0; i < 4; i++) {
        memset(names[i], 'a' + i, sizeof names[i] - 1);
        assert_int_equal(pthread_create(&threads[i], NULL, log_many, names[i]), 0);
    }
    int lines = 0, tries = 0;
    static char all[4 * 200 * 400];
    size_t len = 0;
    while (lines < 800 && tries++ < 100000) {
        ssize_t n = read(pipe_ends[0], all + len, sizeof all - len);
        for (ssize_t i = 0; i < n; i++) lines += all[len + (size_t)i] == '\n';
        if (n > 0) len += (size_t)n;
        if (n <= 0) usleep(100);
    }
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    assert_int_equal(lines, 800);
    str rest = str_from_bytes(all, (ptrdiff_t)len), line;
    while (str_cut(&rest, '\n', &line) && rest.p) {
        assert_true(str_starts(line, STR("at=")));
        ptrdiff_t at = str_find(line, STR("who="));
        assert_true(at > 0);
        for (int k = 0; k < 199; k++) assert_int_equal(line.p[at + 4 + k], line.p[at + 4]);
        assert_int_equal(line.p[at + 4 + 199], ' ');
    }
}

static void test_level_names_come_back(void **state) {
    (void)state;
    for (log_level l = LOG_TRACE; l <= LOG_BROKEN; l++) {
        log_level back;
        assert_true(log_level_from_name(str_from_z(log_level_name(l)), &back));
        assert_int_equal(back, l);
    }
    log_level l = LOG_DEBUG;
    assert_false(log_level_from_name(STR("INFO"), &l));
    assert_false(log_level_from_name(STR("warning"), &l));
    assert_int_equal(l, LOG_DEBUG);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_pipe, close_pipe)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_logfmt_line_has_time_level_event_and_fields),
        TEST(test_logfmt_quotes_what_would_break_the_line),
        TEST(test_json_line_is_json_with_amounts_as_text),
        TEST(test_virtual_time_stands_beside_wall_time),
        TEST(test_lines_below_the_least_level_are_not_written_nor_counted),
        TEST(test_too_long_lines_are_cut_and_stay_well_formed),
        TEST(test_unwritable_descriptor_loses_the_line_only),
        TEST(test_lines_of_many_threads_do_not_mix),
        TEST(test_level_names_come_back),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
