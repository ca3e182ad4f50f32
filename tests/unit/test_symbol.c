/* Steps of a pair: what may be sold at market. */
#include "check.h"

#include "flow/symbol.h"

static int64_t market(int64_t step, int64_t market_step, int64_t q, rounding r) {
    const struct symbol s = {.step = qty_from_e8(step), .market_step = qty_from_e8(market_step)};
    return qty_e8(symbol_market_qty(&s, qty_from_e8(q), r));
}

static void test_one_step_is_enough(void **state) {
    (void)state;
    assert_int_equal(market(0, 0, 17, ROUND_FLOOR), 17);
    assert_int_equal(market(5, 0, 17, ROUND_FLOOR), 15);
    assert_int_equal(market(0, 5, 17, ROUND_CEIL), 20);
    assert_int_equal(market(5, 10, 29, ROUND_FLOOR), 20);
}

/* 0.4 and 1: three of one and a bit are not whole steps of the other. */
static void test_steps_that_do_not_divide_each_other_hold_both(void **state) {
    (void)state;
    assert_int_equal(market(4, 10, 13176, ROUND_FLOOR), 13160);
    assert_int_equal(market(4, 10, 13176, ROUND_CEIL), 13180);
    for (int64_t q = 0; q < 200; q++) {
        const int64_t both = market(6, 15, q, ROUND_FLOOR);
        assert_true(both % 6 == 0 && both % 15 == 0 && both <= q && q - both < 30);
    }
}

static void test_steps_without_a_common_one_leave_nothing(void **state) {
    (void)state;
    const int64_t a = INT64_C(100000000007), b = INT64_C(100000000003); /* primes */
    assert_int_equal(market(a, b, AMOUNT_E8_MAX, ROUND_FLOOR), 0);
    assert_int_equal(market(a, b, 1, ROUND_CEIL), AMOUNT_E8_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_step_is_enough),
        cmocka_unit_test(test_steps_that_do_not_divide_each_other_hold_both),
        cmocka_unit_test(test_steps_without_a_common_one_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
