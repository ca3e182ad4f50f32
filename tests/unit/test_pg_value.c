/* Values in PostgreSQL's binary form: against bytes that a server sent, and there and back. */
#include "store/pg_value.h"

#include "base/money.h"
#include "base/rng.h"

#include "check.h"

static struct rng rng;

#define RAW(text)                                                                                  \
    { "" text, sizeof(text) - 1 }
#define BYTES(text) ((str)RAW(text))

/* -- amounts ----------------------------------------------------------------------------------- */

/* What PostgreSQL 15 sends for each. */
static const struct {
    int64_t e8;
    str bytes;
} amounts[] = {
    {0, RAW("\0\0\0\0\0\0\0\10")},
    {1, RAW("\0\1\377\376\0\0\0\10\0\1")},
    {-1, RAW("\0\1\377\376\100\0\0\10\0\1")},
    {100000000, RAW("\0\1\0\0\0\0\0\10\0\1")},
    {12345678, RAW("\0\2\377\377\0\0\0\10\4\322\26\56")},
    {1000000000000, RAW("\0\1\0\1\0\0\0\10\0\1")},
    {999999999999999999, RAW("\0\5\0\2\0\0\0\10\0\143\47\17\47\17\47\17\47\17")},
    {-150000000, RAW("\0\2\0\0\100\0\0\10\0\1\23\210")},
};

static void test_amounts_go_as_the_server_sends_them(void **state) {
    (void)state;
    for (int i = 0; i < COUNT_OF(amounts); i++) {
        char block[PG_VALUE_BYTES];
        int64_t back = 0;
        const int n = pg_put_e8(PG_NUMERIC, amounts[i].e8, block);
        if (!str_eq(str_from_bytes(block, n), amounts[i].bytes))
            fail_msg("%lld", (long long)amounts[i].e8);
        assert_true(pg_get_e8(PG_NUMERIC, amounts[i].bytes, &back));
        assert_int_equal(back, amounts[i].e8);
    }
}

static void test_any_64_bits_go_and_come_as_a_number(void **state) {
    static const int64_t edges[] = {INT64_MIN, INT64_MAX, 0, 1, -1, AMOUNT_E8_MAX, -AMOUNT_E8_MAX};
    (void)state;
    for (int i = 0; i < 200000; i++) {
        const int64_t v = i < COUNT_OF(edges) ? edges[i]
                                              : (int64_t)(rng_next(&rng) >> rng_below(&rng, 64)) *
                                                    (rng_below(&rng, 2) ? 1 : -1);
        char block[PG_VALUE_BYTES];
        int64_t back = 0;
        str bytes = str_from_bytes(block, pg_put_e8(PG_NUMERIC, v, block));
        assert_true(bytes.n <= PG_VALUE_BYTES && pg_get_e8(PG_NUMERIC, bytes, &back));
        assert_int_equal(back, v);
        bytes.n = pg_put_i64(PG_NUMERIC, v, block);
        assert_true(pg_get_i64(PG_NUMERIC, bytes, &back));
        assert_int_equal(back, v);
    }
}

static void test_what_is_no_amount_is_not_read_as_one(void **state) {
    static const str wrong[] = {
        RAW(""),
        RAW("\0\1\0\0\0\0\0\10"),         /* a digit is missing */
        RAW("\0\0\0\0\0\0\0\10\0"),       /* a byte too many */
        RAW("\0\0\0\0\300\0\0\0"),        /* NaN */
        RAW("\0\0\0\0\320\0\0\0"),        /* infinity */
        RAW("\0\1\377\375\0\0\0\14\0\1"), /* 1e-12 */
        RAW("\0\1\0\0\0\0\0\0\47\20"),    /* a digit of 10,000 */
        RAW("\0\1\0\3\0\0\0\0\0\1"),      /* 1e12 */
        RAW("\0\1\177\377\0\0\0\0\0\1"),  /* more than anything */
        RAW("\377\377\0\0\0\0\0\0"),
    };
    (void)state;
    for (int i = 0; i < COUNT_OF(wrong); i++) {
        int64_t v;
        if (pg_get_e8(PG_NUMERIC, wrong[i], &v)) fail_msg("case %d", i);
    }
}

static void test_a_sum_of_whole_numbers_is_whole_and_one_of_amounts_is_not(void **state) {
    const str whole = BYTES("\0\2\0\1\0\0\0\0\0\14\15\200"); /* 123456 */
    const str half = BYTES("\0\1\377\377\0\0\0\1\23\210");   /* 0.5 */
    int64_t v = 0;
    (void)state;
    assert_true(pg_get_i64(PG_NUMERIC, whole, &v));
    assert_int_equal(v, 123456);
    assert_false(pg_get_i64(PG_NUMERIC, half, &v));
    assert_true(pg_get_e8(PG_NUMERIC, half, &v));
    assert_int_equal(v, 50000000);
}

/* -- times ------------------------------------------------------------------------------------- */

static void test_times_go_and_come_and_never_is_infinity(void **state) {
    static const usec times[] = {0,
                                 1,
                                 -1,
                                 INT64_C(946684800000000),
                                 INT64_C(1700000000123456),
                                 USEC_NEVER,
                                 INT64_MIN,
                                 USEC_NEVER - 1};
    (void)state;
    for (int i = 0; i < COUNT_OF(times); i++) {
        char block[PG_VALUE_BYTES];
        usec back = 0;
        const str bytes = str_from_bytes(block, pg_put_time(PG_TIMESTAMPTZ, times[i], block));
        assert_int_equal(bytes.n, 8);
        assert_true(pg_get_time(PG_TIMESTAMPTZ, bytes, &back));
        assert_int_equal(back, times[i]);
    }
    char block[PG_VALUE_BYTES];
    assert_int_equal(pg_put_time(PG_TIMESTAMPTZ, USEC_NEVER, block), 8);
    assert_true(str_eq(str_from_bytes(block, 8), BYTES("\177\377\377\377\377\377\377\377")));
    assert_int_equal(pg_put_time(PG_TIMESTAMPTZ, INT64_MIN + 1, block), -1); /* before 4713 BC */
    assert_int_equal(pg_put_time(PG_TEXT, 0, block), -1);
    assert_int_equal(pg_put_time(PG_INT8, 77, block), 8);
}

/* -- the rest ---------------------------------------------------------------------------------- */

static void test_a_number_fits_its_column_or_is_refused(void **state) {
    char block[PG_VALUE_BYTES];
    int64_t v = 0;
    (void)state;
    assert_int_equal(pg_put_i64(PG_INT2, 32767, block), 2);
    assert_int_equal(pg_put_i64(PG_INT2, 32768, block), -1);
    assert_int_equal(pg_put_i64(PG_INT4, INT32_MIN, block), 4);
    assert_true(pg_get_i64(PG_INT4, str_from_bytes(block, 4), &v) && v == INT32_MIN);
    assert_int_equal(pg_put_i64(PG_INT4, INT64_C(1) << 31, block), -1);
    assert_int_equal(pg_put_i64(PG_BOOL, 2, block), -1);
    assert_int_equal(pg_put_i64(PG_TEXT, 2, block), -1);
    assert_int_equal(pg_put_e8(PG_INT8, 2, block), -1);
    assert_int_equal(pg_put_bool(PG_BOOL, true, block), 1);
    assert_true(pg_get_i64(PG_BOOL, str_from_bytes(block, 1), &v) && v == 1);
    assert_false(pg_get_i64(PG_INT8, str_from_bytes(block, 1), &v));
}

static void assert_shown(pg_type type, str bytes, const char *want) {
    char block[PG_TEXT_BYTES];
    str got = {0};
    assert_true(pg_get_text(type, bytes, block, &got));
    if (!str_eq(got, str_from_z(want))) fail_msg("\"" STR_FMT "\", not %s", STR_ARG(got), want);
}

static void test_values_are_shown_as_people_write_them(void **state) {
    char block[PG_TEXT_BYTES];
    str got = {0};
    (void)state;
    assert_shown(PG_TEXT, STR("as it is"), "as it is");
    assert_shown(PG_INT8, BYTES("\377\377\377\377\377\377\377\373"), "-5");
    assert_shown(PG_NUMERIC, amounts[7].bytes, "-1.5");
    assert_shown(PG_FLOAT8, BYTES("\277\277\227\44\164\123\216\363"), "-0.1234");
    assert_shown(PG_FLOAT8, BYTES("\77\360\0\0\0\0\0\0"), "1.0");
    assert_false(pg_get_text(PG_FLOAT8, BYTES("\177\370\0\0\0\0\0\0"), block, &got)); /* NaN */
    assert_false(pg_get_text(PG_TIMESTAMPTZ, BYTES("\0\0\0\0\0\0\0\0"), block, &got));
}

static void test_an_array_is_a_head_and_its_elements(void **state) {
    struct buf b;
    (void)state;
    buf_init(&b, 1000);
    pg_array_begin(&b);
    pg_array_put(&b, STR("ab"));
    pg_array_put_null(&b);
    pg_array_put(&b, STR(""));
    pg_array_end(&b, PG_TEXT, 3, true);
    assert_true(str_eq(buf_str(&b), BYTES("\0\0\0\1\0\0\0\1\0\0\0\31\0\0\0\3\0\0\0\1"
                                          "\0\0\0\2ab\377\377\377\377\0\0\0\0")));
    buf_fini(&b);
    assert_int_equal(pg_type_from_array_oid(1231), PG_NUMERIC);
    assert_int_equal(pg_type_from_array_oid(1700), PG_OTHER);
    assert_int_equal(pg_type_from_oid(1231), PG_OTHER);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_amounts_go_as_the_server_sends_them),
        cmocka_unit_test(test_any_64_bits_go_and_come_as_a_number),
        cmocka_unit_test(test_what_is_no_amount_is_not_read_as_one),
        cmocka_unit_test(test_a_sum_of_whole_numbers_is_whole_and_one_of_amounts_is_not),
        cmocka_unit_test(test_times_go_and_come_and_never_is_infinity),
        cmocka_unit_test(test_a_number_fits_its_column_or_is_refused),
        cmocka_unit_test(test_values_are_shown_as_people_write_them),
        cmocka_unit_test(test_an_array_is_a_head_and_its_elements),
    };
    rng_init(&rng, test_seed());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
