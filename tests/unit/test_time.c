/* Time: dates against the C library's calendar, what RFC 3339 text is taken, clocks, snowflakes. */
#include "base/time.h"

#include <time.h>

#include "base/rng.h"
#include "check.h"

static void parses(const char *text, usec want) {
    usec got = -1;
    bool ok = time_parse_rfc3339(str_from_z(text), &got);
    if (!ok || got != want)
        fail_msg("%s: %d %lld, want %lld", text, ok, (long long)got, (long long)want);
}

static void test_rfc3339_takes_fractions_offsets_and_a_blank(void **state) {
    (void)state;
    const usec t = 1621427696 * USEC_PER_S; /* date -u -d 2021-05-19T12:34:56Z +%s */
    parses("1970-01-01T00:00:00Z", 0);
    parses("2021-05-19T12:34:56Z", t);
    parses("2021-05-19 12:34:56Z", t);
    parses("2021-05-19T12:34:56.5Z", t + 500000);
    parses("2021-05-19T12:34:56.123456Z", t + 123456);
    parses("2021-05-19T12:34:56.000Z", t);
    parses("2021-05-19T12:34:56.123456789Z", t + 123456);
    parses("2021-05-19T14:34:56+02:00", t);
    parses("2021-05-19T07:04:56-05:30", t);
    parses("2021-05-19T12:34:56-00:00", t);
    parses("2024-02-29T00:00:00Z", 1709164800 * USEC_PER_S);
    parses("2000-02-29T23:59:59Z", 951868799 * USEC_PER_S);
    parses("9999-12-31T23:59:59.999999Z", 253402300799 * USEC_PER_S + 999999);
}

static void test_rfc3339_refuses_everything_else(void **state) {
    (void)state;
    const char *const wrong[] = {"",
                                 "2021",
                                 "2021-05-19",
                                 "2021-05-19T12:34:56",
                                 "2021-05-19T12:34Z",
                                 "2021-13-19T12:34:56Z",
                                 "2021-00-19T12:34:56Z",
                                 "2021-02-30T12:34:56Z",
                                 "2021-02-29T12:34:56Z",
                                 "1900-02-29T12:34:56Z",
                                 "2100-02-29T00:00:00Z",
                                 "2021-05-00T12:34:56Z",
                                 "2021-05-32T12:34:56Z",
                                 "2021-04-31T12:34:56Z",
                                 "2021-05-19T24:00:00Z",
                                 "2021-05-19T12:60:56Z",
                                 "2016-12-31T23:59:60Z",
                                 "1969-12-31T23:59:59Z",
                                 "1970-01-01T00:00:00+00:01",
                                 "9999-12-31T23:59:59-00:01",
                                 "21-05-19T12:34:56Z",
                                 "2021-5-19T12:34:56Z",
                                 "2021-05-19T12:34:56.Z",
                                 "2021-05-19T12:34:56,5Z",
                                 "2021-05-19T12:34:56.1234567890Z",
                                 "2021-05-19T12:34:56+0200",
                                 "2021-05-19T12:34:56+02",
                                 "2021-05-19T12:34:56+24:00",
                                 "2021-05-19T12:34:56+02:60",
                                 "2021-05-19T12:34:56ZZ",
                                 "2021-05-19T12:34:56Z ",
                                 " 2021-05-19T12:34:56Z",
                                 "2021-05-19_12:34:56Z",
                                 "2021/05/19T12:34:56Z",
                                 "+021-05-19T12:34:56Z",
                                 "-021-05-19T12:34:56Z",
                                 "2021-05-19T12:34:-1Z",
                                 "0000-00-00T00:00:00Z"};
    for (int i = 0; i < COUNT_OF(wrong); i++) {
        usec t = -7;
        if (time_parse_rfc3339(str_from_z(wrong[i]), &t)) fail_msg("\"%s\" was taken", wrong[i]);
        assert_int_equal(t, -7);
    }
}

static void test_random_times_agree_with_the_c_library(void **state) {
    (void)state;
    struct rng rng;
    rng_init(&rng, test_seed());
    for (int i = 0; i < 50000; i++) {
        usec t = rng_between(&rng, 0, 253402300800 * USEC_PER_S - 1), back = -1;
        if (i % 2) t %= 100 * 366 * USEC_PER_DAY;
        time_t s = (time_t)(t / USEC_PER_S);
        struct tm tm;
        assert_non_null(gmtime_r(&s, &tm));
        char want[80], block[TIME_TEXT_BYTES];
        snprintf(want, sizeof want, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", tm.tm_year + 1900,
                 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                 (int)(t % USEC_PER_S));
        str got = time_format_rfc3339(t, block);
        assert_string_equal(block, want);
        assert_true(time_parse_rfc3339(got, &back));
        assert_true(back == t);
    }
}

static void test_any_int64_is_written_as_a_time(void **state) {
    (void)state;
    char block[TIME_TEXT_BYTES];
    time_format_rfc3339(INT64_MAX, block);
    assert_string_equal(block, "294247-01-10T04:00:54.775807Z");
    time_format_rfc3339(INT64_MIN, block);
    assert_string_equal(block, "-290308-12-21T19:59:05.224192Z");
    time_format_rfc3339(INT64_C(253402300800) * USEC_PER_S, block);
    assert_string_equal(block, "10000-01-01T00:00:00.000000Z");
}

static void test_every_day_of_four_centuries_follows_the_one_before(void **state) {
    (void)state;
    char block[TIME_TEXT_BYTES];
    for (int64_t day = 0; day <= 146097; day++) {
        usec t = -1;
        str text = time_format_rfc3339(day * USEC_PER_DAY, block);
        assert_true(time_parse_rfc3339(text, &t));
        assert_true(t == day * USEC_PER_DAY);
    }
}

static void test_format_is_total(void **state) {
    (void)state;
    char block[TIME_TEXT_BYTES];
    assert_str(time_format_rfc3339(-1, block), "1969-12-31T23:59:59.999999Z");
    assert_str(time_format_rfc3339(USEC_NEVER, block), "294247-01-10T04:00:54.775807Z");
    assert_str(time_format_rfc3339(INT64_MIN, block), "-290308-12-21T19:59:05.224192Z");
    usec begin, end;
    time_utc_month(INT64_C(1835395200) * USEC_PER_S, &begin, &end); /* 2028-02-29 */
    assert_int_equal(begin, INT64_C(1832976000) * USEC_PER_S);
    assert_int_equal(end, INT64_C(1835481600) * USEC_PER_S);
    time_utc_month(end - 1, &begin, &end);
    assert_int_equal(end, INT64_C(1835481600) * USEC_PER_S);
    time_utc_month(INT64_C(1798761599) * USEC_PER_S, &begin, &end); /* 2026-12-31T23:59:59 */
    assert_int_equal(begin, INT64_C(1796083200) * USEC_PER_S);
    assert_int_equal(end, INT64_C(1798761600) * USEC_PER_S);
    assert_int_equal(time_utc_day(-1), -1);
    assert_int_equal(time_utc_day(0), 0);
    assert_int_equal(time_utc_day(USEC_PER_DAY - 1), 0);
    assert_int_equal(time_utc_day(INT64_MIN), -106751992);
}

static void test_virtual_clock_stands_still_and_never_goes_back(void **state) {
    (void)state;
    struct clock c;
    clock_init_virtual(&c, 100);
    assert_int_equal(clock_now(&c), 100);
    clock_advance(&c, 250);
    assert_int_equal(clock_now(&c), 250);
    clock_advance(&c, 90);
    assert_int_equal(clock_now(&c), 250);
}

static void test_wall_clock_moves_and_cannot_be_moved(void **state) {
    (void)state;
    struct clock c;
    clock_init_wall(&c);
    usec first = clock_now(&c);
    assert_true(first > 1700000000 * USEC_PER_S);
    assert_true(llabs(time_wall_us() - first) < 60 * USEC_PER_S);
    assert_aborts(clock_advance(&c, first));
    usec us = time_monotonic_us();
    int64_t ns = time_monotonic_ns();
    assert_true(ns / 1000 >= us && ns / 1000 - us < 60 * USEC_PER_S);
}

static void test_a_steady_clock_follows_the_wall_and_tells_of_a_jump(void **state) {
    (void)state;
    struct steady s = {0};
    usec jump = -1;
    assert_true(steady_now(&s, 1000, 50, &jump) == 1000);
    assert_int_equal(jump, 0); /* the first reading has nothing to be compared with */
    assert_true(steady_now(&s, 1100, 150, &jump) == 1100);
    assert_int_equal(jump, 0);
    assert_true(steady_now(&s, 9200, 250, &jump) == 9200);
    assert_int_equal(jump, 8000);
    assert_true(steady_now(&s, 9300, 350, &jump) == 9300);
    assert_int_equal(jump, 0);
}

static void test_a_steady_clock_goes_on_where_the_wall_was_set_back(void **state) {
    (void)state;
    struct steady s = {0};
    usec jump, before = 0;
    IGNORE(steady_now(&s, 100000, 1, &jump), "where it begins");
    for (usec passed = 1; passed <= 20000; passed++) { /* set back by 10 ms */
        const usec now = steady_now(&s, 90000 + passed, 1 + passed, &jump);
        assert_true(now >= before && now >= 100000);
        const usec want = i64_max(100000 + passed / 2, 90000 + passed);
        assert_true(now == want || now == want - 1);
        assert_int_equal(jump, 0);
        before = now;
    }
    assert_true(before == 110000); /* it has been caught up with */
}

static void test_a_steady_clock_begins_no_earlier_than_it_is_told(void **state) {
    (void)state;
    struct steady s = {.at = 5000};
    usec jump;
    assert_true(steady_now(&s, 4000, 10, &jump) == 5000);
    assert_true(steady_now(&s, 4100, 110, &jump) == 5050);
}

static void test_snowflake_gives_its_time_and_old_ids_none(void **state) {
    (void)state;
    usec t = -7, want;
    assert_true(time_from_snowflake(INT64_C(1541815603606036480), &t));
    assert_true(time_parse_rfc3339(STR("2022-06-28T16:07:40.105Z"), &want));
    assert_true(t == want);
    t = -7;
    assert_false(time_from_snowflake(INT64_C(29699999999), &t));
    assert_false(time_from_snowflake(20, &t));
    assert_false(time_from_snowflake(0, &t));
    assert_false(time_from_snowflake(-1541815603606036480, &t));
    assert_int_equal(t, -7);
    assert_true(time_from_snowflake(INT64_C(29700000000), &t));
    assert_true(time_from_snowflake(INT64_MAX, &t));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc3339_takes_fractions_offsets_and_a_blank),
        cmocka_unit_test(test_rfc3339_refuses_everything_else),
        cmocka_unit_test(test_random_times_agree_with_the_c_library),
        cmocka_unit_test(test_any_int64_is_written_as_a_time),
        cmocka_unit_test(test_every_day_of_four_centuries_follows_the_one_before),
        cmocka_unit_test(test_format_is_total),
        cmocka_unit_test(test_virtual_clock_stands_still_and_never_goes_back),
        cmocka_unit_test(test_wall_clock_moves_and_cannot_be_moved),
        cmocka_unit_test(test_a_steady_clock_follows_the_wall_and_tells_of_a_jump),
        cmocka_unit_test(test_a_steady_clock_goes_on_where_the_wall_was_set_back),
        cmocka_unit_test(test_a_steady_clock_begins_no_earlier_than_it_is_told),
        cmocka_unit_test(test_snowflake_gives_its_time_and_old_ids_none),
    };
    return cmocka_run_group_tests_name("time", tests, NULL, NULL);
}
