/* One line of a candle file, and names and headers of such files. */
#include "check.h"

#include "market/candle_row.h"

#define MINUTE USEC_PER_MIN

static candle_fault parse(const char *line, struct candle *ret, str *ret_field) {
    return candle_row_parse(str_from_z(line), MINUTE, ret, ret_field);
}

static void assert_fault(const char *line, candle_fault want, const char *want_field) {
    struct candle c = {.sym = 77};
    str field = {0};
    candle_fault got = parse(line, &c, &field);
    if (got != want) print_error("%s: %s\n", line, candle_fault_text(got));
    assert_int_equal(got, want);
    assert_string_equal(candle_fault_text(got), candle_fault_text(want));
    check_str(field, str_from_z(want_field), __FILE__, __LINE__);
    assert_int_equal(c.sym, 77); /* untouched */
}

static void test_a_row_of_six_columns_is_a_candle(void **state) {
    (void)state;
    struct candle c;
    str field;
    assert_int_equal(
        parse("1621436400000,37501.89,37598.82,36800.06,36889.88,551.826201", &c, &field),
        CANDLE_FAULT_NONE);
    assert_int_equal(c.open_at, INT64_C(1621436400000000));
    assert_int_equal(c.close_at, INT64_C(1621436460000000));
    assert_int_equal(price_e8(c.open), 3750189000000);
    assert_int_equal(price_e8(c.high), 3759882000000);
    assert_int_equal(price_e8(c.low), 3680006000000);
    assert_int_equal(price_e8(c.close), 3688988000000);
    assert_int_equal(volume_e8(c.volume), 55182620100);
}

static void test_a_row_of_binance_has_twelve_columns(void **state) {
    (void)state;
    struct candle c;
    str field;
    assert_int_equal(parse("1621436400000,0.36988000,0.37000000,0.36257000,0.36315000,16548010.9,"
                           "1621436459999,6071324.1,12345,8000000.0,2930000.0,0",
                           &c, &field),
                     CANDLE_FAULT_NONE);
    assert_int_equal(c.open_at, INT64_C(1621436400000000));
    assert_int_equal(price_e8(c.close), 36315000);
}

static void test_times_of_newer_binance_files_are_microseconds(void **state) {
    (void)state;
    struct candle ms, us;
    str field;
    assert_int_equal(parse("1735689600000,1,1,1,1,1", &ms, &field), CANDLE_FAULT_NONE);
    assert_int_equal(parse("1735689600000000,1,1,1,1,1", &us, &field), CANDLE_FAULT_NONE);
    assert_int_equal(ms.open_at, us.open_at);
}

static void test_wrong_numbers_of_columns_are_told(void **state) {
    (void)state;
    const char *lines[] = {"",
                           "hello",
                           "1621436400000,1,1,1,1",
                           "1621436400000,1,1,1,1,1,1",
                           "1621436400000,1,1,1,1,1,1,1,1,1,1",
                           "1621436400000,1,1,1,1,1,1,1,1,1,1,1,1",
                           "1621436400000;1;1;1;1;1",
                           ",,,,,,,,,,,,,,,,,,,,"};
    for (int i = 0; i < COUNT_OF(lines); i++) {
        assert_fault(lines[i], CANDLE_FAULT_COLUMNS, lines[i]);
    }
}

static void test_times_out_of_this_age_are_told(void **state) {
    (void)state;
    const char *times[] = {"",
                           "x",
                           "0",
                           "-1",
                           "1621436400",
                           "1230940799999",
                           "4102444800000",
                           "1230940799999999",
                           "4102444800000000",
                           "99999999999999999999999",
                           "1621436400000.0",
                           " 1621436400000",
                           "1.6e12"};
    for (int i = 0; i < COUNT_OF(times); i++) {
        char line[80];
        snprintf(line, sizeof line, "%s,1,1,1,1,1", times[i]);
        assert_fault(line, CANDLE_FAULT_TIME, times[i]);
    }
}

static void test_each_of_the_four_prices_is_checked(void **state) {
    (void)state;
    const struct {
        const char *text;
        candle_fault fault;
    } bad[] = {
        {"", CANDLE_FAULT_PRICE},
        {"abc", CANDLE_FAULT_PRICE},
        {"nan", CANDLE_FAULT_PRICE},
        {"1e3", CANDLE_FAULT_PRICE},
        {"+1", CANDLE_FAULT_PRICE},
        {"1.", CANDLE_FAULT_PRICE},
        {".5", CANDLE_FAULT_PRICE},
        {"\"1\"", CANDLE_FAULT_PRICE},
        {"10000000000", CANDLE_FAULT_PRICE},
        {"0.000000001", CANDLE_FAULT_PRICE},
        {"1 ", CANDLE_FAULT_PRICE},
        {"0", CANDLE_FAULT_ZERO},
        {"0.00", CANDLE_FAULT_ZERO},
        {"-0", CANDLE_FAULT_ZERO},
        {"-1", CANDLE_FAULT_NEGATIVE},
    };
    for (int column = 1; column <= 4; column++) {
        for (int i = 0; i < COUNT_OF(bad); i++) {
            char line[120];
            int n = snprintf(line, sizeof line, "1621436400000");
            for (int k = 1; k <= 4; k++) {
                n += snprintf(line + n, sizeof line - (size_t)n, ",%s",
                              k == column ? bad[i].text : "1");
            }
            snprintf(line + n, sizeof line - (size_t)n, ",5");
            assert_fault(line, bad[i].fault, bad[i].text);
        }
    }
}

static void test_a_volume_may_be_zero_but_no_text(void **state) {
    (void)state;
    struct candle c;
    str field;
    assert_int_equal(parse("1621436400000,1,1,1,1,0", &c, &field), CANDLE_FAULT_NONE);
    assert_int_equal(volume_e8(c.volume), 0);
    assert_fault("1621436400000,1,1,1,1,", CANDLE_FAULT_VOLUME, "");
    assert_fault("1621436400000,1,1,1,1,-1", CANDLE_FAULT_VOLUME, "-1");
    assert_fault("1621436400000,1,1,1,1,99999999999999999999", CANDLE_FAULT_VOLUME,
                 "99999999999999999999");
}

static void test_prices_must_lie_within_low_to_high(void **state) {
    (void)state;
    assert_fault("1621436400000,5,4,6,5,1", CANDLE_FAULT_HIGH_LOW, "4");
    assert_fault("1621436400000,7,6,4,5,1", CANDLE_FAULT_OUTSIDE, "7");
    assert_fault("1621436400000,3,6,4,5,1", CANDLE_FAULT_OUTSIDE, "3");
    assert_fault("1621436400000,5,6,4,7,1", CANDLE_FAULT_OUTSIDE, "7");
    assert_fault("1621436400000,5,6,4,3,1", CANDLE_FAULT_OUTSIDE, "3");
}

static void test_a_nul_byte_is_no_digit(void **state) {
    (void)state;
    struct candle c;
    str field;
    assert_int_equal(candle_row_parse(STR("1621436400000,1,1,1,1\0,1"), MINUTE, &c, &field),
                     CANDLE_FAULT_PRICE);
    assert_int_equal(candle_row_parse(STR("162143640\0"
                                          "000,1,1,1,1,1"),
                                      MINUTE, &c, &field),
                     CANDLE_FAULT_TIME);
}

static void test_headers_are_told_from_rows(void **state) {
    (void)state;
    const struct {
        const char *line;
        candle_header kind;
    } cases[] = {
        {CANDLE_HEADER, CANDLE_HEADER_KNOWN},
        {"open_time,open,high,low,close,volume,close_time,quote_volume,count,"
         "taker_buy_volume,taker_buy_quote_volume,ignore",
         CANDLE_HEADER_KNOWN},
        {"timestamp,Open,High,Low,Close,Volume", CANDLE_HEADER_SIMILAR},
        {"open_time,open,high,low,close,volume", CANDLE_HEADER_SIMILAR},
        {"open_time_ms,open,close,low,high,volume", CANDLE_HEADER_FOREIGN},
        {"a,b,c,d,e,f", CANDLE_HEADER_FOREIGN},
        {"1621436400000,1,1,1,1,1", CANDLE_HEADER_NONE},
        {"time,1,1,1,1,1", CANDLE_HEADER_NONE},
        {"hello", CANDLE_HEADER_NONE},
        {"", CANDLE_HEADER_NONE},
    };
    for (int i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(candle_header_read(str_from_z(cases[i].line)), cases[i].kind);
    }
}

static void test_file_names_give_symbol_and_interval(void **state) {
    (void)state;
    const struct {
        const char *name, *symbol;
        usec interval;
    } cases[] = {
        {"BTCUSDT-1s.csv", "BTCUSDT", USEC_PER_S},
        {"BTCUSDT-1m.csv", "BTCUSDT", USEC_PER_MIN},
        {"1INCHUSDT-3m.csv", "1INCHUSDT", 3 * USEC_PER_MIN},
        {"DOGEUSDT-5m-2021-05.csv", "DOGEUSDT", 5 * USEC_PER_MIN},
        {"DOGEUSDT-15m-2021-05-19.csv", "DOGEUSDT", 15 * USEC_PER_MIN},
        {"ETHUSDT-30m.csv", "ETHUSDT", 30 * USEC_PER_MIN},
        {"ETHUSDT-1h.csv", "ETHUSDT", USEC_PER_HOUR},
        {"ETHUSDT-2h.csv", "ETHUSDT", 2 * USEC_PER_HOUR},
        {"ETHUSDT-4h.csv", "ETHUSDT", 4 * USEC_PER_HOUR},
        {"ETHUSDT-6h.csv", "ETHUSDT", 6 * USEC_PER_HOUR},
        {"ETHUSDT-8h.csv", "ETHUSDT", 8 * USEC_PER_HOUR},
        {"ETHUSDT-12h.csv", "ETHUSDT", 12 * USEC_PER_HOUR},
        {"ETHUSDT-1d.csv", "ETHUSDT", USEC_PER_DAY},
    };
    for (int i = 0; i < COUNT_OF(cases); i++) {
        str symbol;
        usec interval;
        assert_true(candle_name_parse(str_from_z(cases[i].name), &symbol, &interval));
        check_str(symbol, str_from_z(cases[i].symbol), __FILE__, __LINE__);
        assert_int_equal(interval, cases[i].interval);
    }
}

static void test_other_file_names_are_refused(void **state) {
    (void)state;
    const char *names[] = {
        "BTCUSDT.csv",         "BTCUSDT-.csv",   "-1m.csv",    "BTCUSDT-7m.csv",
        "BTCUSDT-1M.csv",      "BTCUSDT-1m.txt", "BTCUSDT-1m", "BTCUSDT-1m-x.csv",
        "BTCUSDT-1m-2021.csv", ".csv",           "",           "BTCUSDT-1m-2021-05-1a.csv",
        "BTCUSDT-1m-.csv"};
    for (int i = 0; i < COUNT_OF(names); i++) {
        str symbol;
        usec interval;
        assert_false(candle_name_parse(str_from_z(names[i]), &symbol, &interval));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_row_of_six_columns_is_a_candle),
        cmocka_unit_test(test_a_row_of_binance_has_twelve_columns),
        cmocka_unit_test(test_times_of_newer_binance_files_are_microseconds),
        cmocka_unit_test(test_wrong_numbers_of_columns_are_told),
        cmocka_unit_test(test_times_out_of_this_age_are_told),
        cmocka_unit_test(test_each_of_the_four_prices_is_checked),
        cmocka_unit_test(test_a_volume_may_be_zero_but_no_text),
        cmocka_unit_test(test_prices_must_lie_within_low_to_high),
        cmocka_unit_test(test_a_nul_byte_is_no_digit),
        cmocka_unit_test(test_headers_are_told_from_rows),
        cmocka_unit_test(test_file_names_give_symbol_and_interval),
        cmocka_unit_test(test_other_file_names_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
