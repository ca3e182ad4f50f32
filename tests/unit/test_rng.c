/* rng: the published generators' own numbers, bounds, no bias. */
#include "base/rng.h"

#include "check.h"

static void test_numbers_are_those_of_xoshiro256starstar(void **state) {
    (void)state;
    struct rng r = {{1, 2, 3, 4}};
    const uint64_t want[] = {11520, 0, 1509978240, UINT64_C(1215971899390074240)};
    for (int i = 0; i < 4; i++) assert_true(rng_next(&r) == want[i]);
}

static void test_seeding_is_splitmix64(void **state) {
    (void)state;
    struct rng r;
    rng_init(&r, 0);
    assert_true(r.s[0] == UINT64_C(0xE220A8397B1DCDAF));
    assert_true(r.s[1] == UINT64_C(0x6E789E6AA1B965F4));
    assert_true(r.s[2] == UINT64_C(0x06C45D188009454F));
    assert_true(r.s[3] == UINT64_C(0xF88BB8A8724C81EC));
}

static void test_same_seed_gives_the_same_row(void **state) {
    (void)state;
    struct rng a, b, c;
    rng_init(&a, 42);
    rng_init(&b, 42);
    rng_init(&c, 43);
    int differ = 0;
    for (int i = 0; i < 100; i++) {
        uint64_t x = rng_next(&a);
        assert_true(x == rng_next(&b));
        differ += x != rng_next(&c);
    }
    assert_int_equal(differ, 100);
}

static void test_below_is_even_over_its_range(void **state) {
    (void)state;
    struct rng r;
    rng_init(&r, 7);
    int counts[6] = {0};
    for (int i = 0; i < 60000; i++) counts[rng_below(&r, 6)]++;
    for (int i = 0; i < 6; i++) assert_in_range(counts[i], 9600, 10400);
    assert_true(rng_below(&r, 1) == 0);
    /* 3/4 of 2^64: a plain remainder would give the lower third twice as often as the others */
    uint64_t bound = UINT64_C(3) << 62;
    int low = 0;
    for (int i = 0; i < 30000; i++) low += rng_below(&r, bound) < bound / 3;
    assert_in_range(low, 9600, 10400);
}

static void test_between_includes_both_ends(void **state) {
    (void)state;
    struct rng r;
    rng_init(&r, 7);
    int seen = 0;
    for (int i = 0; i < 1000; i++) {
        int64_t v = rng_between(&r, -1, 1);
        assert_true(v >= -1 && v <= 1);
        seen |= 1 << (v + 1);
    }
    assert_int_equal(seen, 7);
    assert_true(rng_between(&r, INT64_MIN, INT64_MIN) == INT64_MIN);
    int negative = 0;
    for (int i = 0; i < 1000; i++) negative += rng_between(&r, INT64_MIN, INT64_MAX) < 0;
    assert_in_range(negative, 400, 600);
}

static void test_empty_ranges_abort(void **state) {
    (void)state;
    struct rng r;
    rng_init(&r, 7);
    assert_aborts(rng_below(&r, 0));
    assert_aborts(rng_between(&r, 1, 0));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_are_those_of_xoshiro256starstar),
        cmocka_unit_test(test_seeding_is_splitmix64),
        cmocka_unit_test(test_same_seed_gives_the_same_row),
        cmocka_unit_test(test_below_is_even_over_its_range),
        cmocka_unit_test(test_between_includes_both_ends),
        cmocka_unit_test(test_empty_ranges_abort),
    };
    return cmocka_run_group_tests_name("rng", tests, NULL, NULL);
}
