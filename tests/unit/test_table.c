/* Tables: aligned, by what a terminal shows and not by bytes; amounts keep every digit that says
 * something. */
#include "app/table.h"
#include "check.h"

static struct buf out;

static str table(const char *json, const struct column *columns, int count, bool color) {
    json_error_t why;
    json_t *rows = json_loads(json, 0, &why);
    assert_non_null(rows);
    buf_clear(&out);
    table_put(&out, rows, columns, count, color);
    json_decref(rows);
    return buf_str(&out);
}

static int set_up(void **state) {
    (void)state;
    buf_init(&out, 1 << 16);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    buf_fini(&out);
    return 0;
}

static void test_columns_are_as_wide_as_their_widest_cell(void **state) {
    (void)state;
    static const struct column c[] = {{"a", "A", COLUMN_TEXT, 0}, {"n", "NUM", COLUMN_NUMBER, 0}};
    assert_str(table("[{\"a\":\"x\",\"n\":1},{\"a\":\"longer\",\"n\":12345}]", c, 2, false),
               "A         NUM\n"
               "x           1\n"
               "longer  12345\n");
}

static void test_amounts_lose_no_digit_but_zeros_behind_the_point(void **state) {
    (void)state;
    static const struct column c[] = {{"p", "P", COLUMN_AMOUNT, 0}};
    assert_str(table("[{\"p\":\"0.12345678\"},{\"p\":\"10.50000000\"},{\"p\":\"1200.00000000\"},"
                     "{\"p\":\"1200\"},{\"p\":\"0.00000000\"}]",
                     c, 1, false),
               "         P\n"
               "0.12345678\n"
               "      10.5\n"
               "      1200\n"
               "      1200\n"
               "         0\n");
}

static void test_what_is_missing_is_a_dash(void **state) {
    (void)state;
    static const struct column c[] = {{"a", "A", COLUMN_TEXT, 0}, {"b", "B", COLUMN_TIME, 0}};
    assert_str(
        table("[{\"a\":null},{\"a\":\"\"},{\"b\":\"2021-05-19T15:55:41.123456Z\"}]", c, 2, false),
        "A  B\n"
        "-  -\n"
        "-  -\n"
        "-  2021-05-19 15:55:41\n");
}

static void test_what_is_missing_may_have_another_name(void **state) {
    (void)state;
    static const struct column c[] = {{"a", "A", COLUMN_TEXT, 0, "b"}};
    assert_str(
        table("[{\"a\":\"x\",\"b\":\"y\"},{\"a\":\"\",\"b\":\"y\"},{\"b\":\"z\"},{\"a\":\"\"}]", c,
              1, false),
        "A\n"
        "x\n"
        "y\n"
        "z\n"
        "-\n");
}

static void test_text_is_cut_by_what_it_shows_and_stays_on_its_line(void **state) {
    (void)state;
    static const struct column c[] = {{"t", "T", COLUMN_TEXT, 6}, {"x", "X", COLUMN_TEXT, 0}};
    assert_str(table("[{\"t\":\"one\\ntwo three\",\"x\":1},{\"t\":\"\xE6\xBC\xA2\xE5\xAD\x97"
                     "\xE6\xBC\xA2\xE5\xAD\x97\",\"x\":2}]",
                     c, 2, false),
               "T       X\n"
               "one tw  1\n"
               "\xE6\xBC\xA2\xE5\xAD\x97\xE6\xBC\xA2  2\n");
}

static void test_gains_are_green_and_losses_red_where_color_is_wanted(void **state) {
    (void)state;
    static const struct column c[] = {{"p", "P", COLUMN_PROFIT, 0}};
    const str s = table("[{\"p\":\"1.5\"},{\"p\":\"-2\"},{\"p\":\"0\"}]", c, 1, true);
    assert_true(str_find(s, STR("\033[32m1.5\033[0m")) > 0);
    assert_true(str_find(s, STR("\033[31m-2\033[0m")) > 0);
    assert_true(str_find(s, STR("m0\033")) < 0);
}

static void test_width_counts_columns_of_a_terminal(void **state) {
    (void)state;
    assert_int_equal(text_width(STR("abc")), 3);
    assert_int_equal(text_width(STR("\xC3\xA9")), 1);
    assert_int_equal(text_width(STR("\xE6\xBC\xA2")), 2);
    assert_str(text_head(STR("\xE6\xBC\xA2x"), 1), "");
    assert_str(text_head(STR("\xE6\xBC\xA2x"), 2), "\xE6\xBC\xA2");
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        T(test_columns_are_as_wide_as_their_widest_cell),
        T(test_amounts_lose_no_digit_but_zeros_behind_the_point),
        T(test_what_is_missing_is_a_dash),
        T(test_what_is_missing_may_have_another_name),
        T(test_text_is_cut_by_what_it_shows_and_stays_on_its_line),
        T(test_gains_are_green_and_losses_red_where_color_is_wanted),
        T(test_width_counts_columns_of_a_terminal),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
