/* Money against the examples that matter and, case by case, against schoolbook arithmetic on
 * decimal digits (tests/lib/bigdec). TEST_SEED=n repeats a run, TEST_CASES=n makes it longer. */
#include "base/money.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/rng.h"
#include "bigdec.c"
#include "check.h"

#define UNTOUCHED INT64_C(-777)

static struct rng rng;
static int64_t case_count = 30000;

/* -- examples ------------------------------------------------------------------------------ */

static void parses(const char *text, int64_t want) {
    int64_t got = UNTOUCHED;
    bool ok = amount_parse_e8(str_from_z(text), &got);
    if (!ok || got != want) {
        fail_msg("\"%s\" gave %d, %lld, want %lld", text, ok, (long long)got, (long long)want);
    }
}

static void refused(const char *text) {
    int64_t got = UNTOUCHED;
    bool ok = amount_parse_e8(str_from_z(text), &got);
    if (ok || got != UNTOUCHED) fail_msg("\"%s\" was taken: %lld", text, (long long)got);
}

static void test_parse_takes_plain_decimals(void **state) {
    (void)state;
    parses("0", 0);
    parses("-0", 0);
    parses("1", E8);
    parses("0.32100000", 32100000);
    parses("-12.5", -1250000000);
    parses("0.00000001", 1);
    parses("00001.5", 150000000);
    parses("9999999999.99999999", AMOUNT_E8_MAX);
    parses("-9999999999.99999999", -AMOUNT_E8_MAX);
    parses("1.0000000000000000000000", E8);
    parses("000000000000000000000000000000.1", 10000000);
}

static void test_parse_refuses_what_is_no_decimal(void **state) {
    (void)state;
    const char *const texts[] = {"",    "-",    ".",        ".5",  "5.",   "-.5",  "+1",   "1e5",
                                 "1E5", " 1",   "1 ",       "1,5", "0x10", "1.2.", "1..2", "--1",
                                 "1-",  "1.-2", "infinity", "nan", "1_0",  "1.5e", "/",    ":"};
    for (int i = 0; i < COUNT_OF(texts); i++) refused(texts[i]);
    int64_t got;
    assert_false(amount_parse_e8(str_from_bytes("1\0", 2), &got));
    assert_false(amount_parse_e8((str){0}, &got));
}

static void test_price_parse_refuses_exponent(void **state) {
    (void)state;
    price p = price_from_e8(UNTOUCHED);
    assert_false(price_parse(STR("1e-8"), &p));
    assert_int_equal(price_e8(p), UNTOUCHED);
}

static void test_parse_refuses_a_ninth_significant_decimal(void **state) {
    (void)state;
    refused("0.000000001");
    refused("1.123456789");
    parses("1.123456780", 112345678);
}

static void test_parse_refuses_what_decimal_18_8_cannot_hold(void **state) {
    (void)state;
    refused("10000000000");
    refused("-10000000000");
    refused("10000000000.00000000");
    refused("99999999999");
    refused("100000000000");
    refused("184467440737.09551616"); /* 2^64 x 1e-8 */
    refused("18446744073709551616");
    refused("99999999999999999999999999999999999999999");
}

static void test_parse_does_not_read_behind_the_slice(void **state) {
    (void)state;
    int64_t got;
    assert_true(amount_parse_e8(str_from_bytes("1.239", 4), &got));
    assert_int_equal(got, 123000000);
    char *exact = malloc(3); /* the sanitizer sees a byte too many */
    memcpy(exact, "0.5", 3);
    assert_true(amount_parse_e8(str_from_bytes(exact, 3), &got));
    assert_int_equal(got, 50000000);
    free(exact);
}

static void test_volume_parse_cuts_fine_decimals_and_takes_large_ones(void **state) {
    (void)state;
    volume v;
    assert_true(volume_parse(STR("92233720368.54775807"), &v));
    assert_int_equal(volume_e8(v), INT64_MAX);
    assert_true(volume_parse(STR("0.123456789999"), &v));
    assert_int_equal(volume_e8(v), 12345678);
    v = volume_from_e8(UNTOUCHED);
    assert_false(volume_parse(STR("92233720368.54775808"), &v));
    assert_false(volume_parse(STR("100000000000"), &v));
    assert_false(volume_parse(STR("-1"), &v));
    assert_false(volume_parse(STR("1.5x"), &v));
    assert_int_equal(volume_e8(v), UNTOUCHED);
}

static void test_format_is_shortest_and_total(void **state) {
    (void)state;
    char block[AMOUNT_TEXT_BYTES];
    assert_str(amount_format_e8(0, block), "0");
    assert_str(amount_format_e8(50000000, block), "0.5");
    assert_str(amount_format_e8(-1200000000, block), "-12");
    assert_str(amount_format_e8(1, block), "0.00000001");
    assert_str(amount_format_e8(-1, block), "-0.00000001");
    assert_str(amount_format_e8(AMOUNT_E8_MAX, block), "9999999999.99999999");
    assert_str(amount_format_e8(INT64_MAX, block), "92233720368.54775807");
    assert_str(amount_format_e8(INT64_MIN, block), "-92233720368.54775808");
    struct buf b;
    buf_init_fixed(&b, (char[64]){0}, 64);
    buf_put_e8(&b, 1050000000);
    assert_str(buf_str(&b), "10.5");
}

static void test_costs_go_up_and_quantities_down_for_both_signs(void **state) {
    (void)state;
    money m;
    assert_true(money_notional(price_from_e8(1), qty_from_e8(1), ROUND_FLOOR, &m));
    assert_int_equal(money_e8(m), 0);
    assert_true(money_notional(price_from_e8(1), qty_from_e8(1), ROUND_CEIL, &m));
    assert_int_equal(money_e8(m), 1);
    assert_true(money_notional(price_from_e8(1), qty_from_e8(-1), ROUND_FLOOR, &m));
    assert_int_equal(money_e8(m), -1);
    assert_true(money_notional(price_from_e8(1), qty_from_e8(-1), ROUND_CEIL, &m));
    assert_int_equal(money_e8(m), 0);
    assert_int_equal(qty_e8(qty_to_step(qty_from_e8(199), qty_from_e8(100), ROUND_FLOOR)), 100);
    assert_int_equal(qty_e8(qty_to_step(qty_from_e8(101), qty_from_e8(100), ROUND_CEIL)), 200);
    assert_int_equal(qty_e8(qty_to_step(qty_from_e8(-101), qty_from_e8(100), ROUND_FLOOR)), -200);
    assert_int_equal(qty_e8(qty_to_step(qty_from_e8(-199), qty_from_e8(100), ROUND_CEIL)), -100);
    assert_int_equal(price_e8(price_to_tick(price_from_e8(300), price_from_e8(100), ROUND_CEIL)),
                     300);
}

static void test_notional_beyond_the_range_is_refused_and_writes_nothing(void **state) {
    (void)state;
    money m = money_from_e8(UNTOUCHED);
    assert_false(
        money_notional(price_from_e8(AMOUNT_E8_MAX), qty_from_e8(E8 + 1), ROUND_FLOOR, &m));
    assert_false(
        money_notional(price_from_e8(AMOUNT_E8_MAX), qty_from_e8(AMOUNT_E8_MAX), ROUND_FLOOR, &m));
    assert_int_equal(money_e8(m), UNTOUCHED);
    assert_true(money_notional(price_from_e8(AMOUNT_E8_MAX), qty_from_e8(E8), ROUND_FLOOR, &m));
    assert_int_equal(money_e8(m), AMOUNT_E8_MAX);
}

static void test_sums_of_unchecked_amounts_do_not_wrap(void **state) {
    (void)state;
    money m = money_from_e8(UNTOUCHED);
    assert_false(money_add(money_from_e8(INT64_MAX), money_from_e8(INT64_MAX), &m));
    assert_false(money_add(money_from_e8(INT64_MIN), money_from_e8(INT64_MIN), &m));
    assert_false(money_sub(money_from_e8(0), money_from_e8(INT64_MIN), &m));
    assert_int_equal(money_e8(m), UNTOUCHED);
}

static void test_step_zero_accepts_every_amount(void **state) {
    (void)state;
    assert_true(qty_on_step(qty_from_e8(7), qty_from_e8(0)));
    assert_true(qty_on_step(qty_from_e8(-300), qty_from_e8(100)));
    assert_false(qty_on_step(qty_from_e8(301), qty_from_e8(100)));
    assert_true(price_on_tick(price_from_e8(7), price_from_e8(0)));
    assert_false(price_on_tick(price_from_e8(7), price_from_e8(2)));
}

static void test_ratio_bp_saturates(void **state) {
    (void)state;
    assert_int_equal(money_ratio_bp(money_from_e8(150), money_from_e8(100)), 15000);
    assert_int_equal(money_ratio_bp(money_from_e8(-1), money_from_e8(AMOUNT_E8_MAX)), -1);
    assert_int_equal(price_ratio_bp(price_from_e8(AMOUNT_E8_MAX), price_from_e8(1)), INT64_MAX);
    assert_int_equal(price_ratio_bp(price_from_e8(-AMOUNT_E8_MAX), price_from_e8(1)), INT64_MIN);
}

static void test_broken_promises_abort(void **state) {
    (void)state;
    money m;
    qty q;
    assert_aborts(money_plus(money_from_e8(AMOUNT_E8_MAX), money_from_e8(1)));
    assert_aborts(qty_minus(qty_from_e8(-AMOUNT_E8_MAX), qty_from_e8(1)));
    assert_aborts(
        IGNORE(qty_affordable(money_from_e8(1), price_from_e8(0), ROUND_FLOOR, &q), "aborts"));
    assert_aborts(IGNORE(money_ratio(money_from_e8(1), 1, 0, ROUND_FLOOR, &m), "aborts"));
    assert_aborts(qty_to_step(qty_from_e8(1), qty_from_e8(0), ROUND_FLOOR));
    assert_aborts(price_ratio_bp(price_from_e8(1), price_from_e8(0)));
    assert_int_equal(money_e8(money_plus(money_from_e8(1), money_from_e8(2))), 3);
    assert_int_equal(qty_e8(qty_minus(qty_from_e8(1), qty_from_e8(2))), -1);
}

/* -- against the second opinion ------------------------------------------------------------ */

/* Small and large magnitudes alike, edges often, both signs. */
static int64_t random_amount(void) {
    static const int64_t edges[] = {0,
                                    1,
                                    2,
                                    E8 - 1,
                                    E8,
                                    E8 + 1,
                                    9999,
                                    10000,
                                    500000,
                                    1000000000,
                                    AMOUNT_E8_MAX,
                                    AMOUNT_E8_MAX - 1,
                                    AMOUNT_E8_MAX / 2,
                                    AMOUNT_E8_MAX / 2 + 1,
                                    E8 * E8,
                                    E8 * E8 - 1};
    int64_t v;
    uint64_t kind = rng_below(&rng, 8);
    if (kind == 0) {
        v = edges[rng_below(&rng, COUNT_OF(edges))];
    } else if (kind == 1) {
        v = rng_between(&rng, 0, 9);
        for (int64_t zeros = rng_between(&rng, 0, 17); zeros > 0; zeros--) v *= 10;
    } else {
        v = rng_between(&rng, 0, AMOUNT_E8_MAX) >> rng_below(&rng, 60);
    }
    if (v > AMOUNT_E8_MAX) v = AMOUNT_E8_MAX;
    return rng_below(&rng, 2) ? -v : v;
}

static int64_t random_positive(void) {
    int64_t v = random_amount();
    return v == 0 ? 1 : v < 0 ? -v : v;
}

static struct big divided(struct big num, struct big den, rounding r) {
    return r == ROUND_FLOOR ? big_div_floor(num, den) : big_div_ceil(num, den);
}

static bool fits_amount(struct big v) {
    return big_cmp(v, big_from_i64(AMOUNT_E8_MAX)) <= 0 &&
           big_cmp(v, big_from_i64(-AMOUNT_E8_MAX)) >= 0;
}

/* ok and got came from money.c, want is the exact result: refused and untouched beyond the range,
 * else the same. */
static void agree(const char *what, bool ok, int64_t got, struct big want, const int64_t in[3]) {
    int64_t value = UNTOUCHED;
    bool want_ok = fits_amount(want) && big_to_i64(want, &value);
    if (ok == want_ok && got == value) return;
    fail_msg("%s of %lld, %lld, %lld: %d %lld, want %d %lld", what, (long long)in[0],
             (long long)in[1], (long long)in[2], ok, (long long)got, want_ok, (long long)value);
}

static void test_random_sums_agree_with_the_schoolbook(void **state) {
    (void)state;
    for (int64_t i = 0; i < case_count; i++) {
        int64_t in[3] = {random_amount(), random_amount()};
        struct big a = big_from_i64(in[0]), b = big_from_i64(in[1]);
        struct big sum = big_add(a, b), difference = big_sub(a, b);
        money m = money_from_e8(UNTOUCHED), n = m;
        price p = price_from_e8(UNTOUCHED), o = p;
        qty q = qty_from_e8(UNTOUCHED), r = q;
        bool ok = money_add(money_from_e8(in[0]), money_from_e8(in[1]), &m);
        agree("money_add", ok, money_e8(m), sum, in);
        ok = money_sub(money_from_e8(in[0]), money_from_e8(in[1]), &n);
        agree("money_sub", ok, money_e8(n), difference, in);
        ok = price_add(price_from_e8(in[0]), price_from_e8(in[1]), &p);
        agree("price_add", ok, price_e8(p), sum, in);
        ok = price_sub(price_from_e8(in[0]), price_from_e8(in[1]), &o);
        agree("price_sub", ok, price_e8(o), difference, in);
        ok = qty_add(qty_from_e8(in[0]), qty_from_e8(in[1]), &q);
        agree("qty_add", ok, qty_e8(q), sum, in);
        ok = qty_sub(qty_from_e8(in[0]), qty_from_e8(in[1]), &r);
        agree("qty_sub", ok, qty_e8(r), difference, in);
    }
}

static void test_random_notionals_agree_with_the_schoolbook(void **state) {
    (void)state;
    for (int64_t i = 0; i < case_count; i++) {
        int64_t in[3] = {random_amount(), random_amount()};
        struct big product = big_mul(big_from_i64(in[0]), big_from_i64(in[1]));
        for (rounding r = ROUND_FLOOR; r <= ROUND_CEIL; r++) {
            money m = money_from_e8(UNTOUCHED);
            bool ok = money_notional(price_from_e8(in[0]), qty_from_e8(in[1]), r, &m);
            agree("money_notional", ok, money_e8(m), divided(product, big_from_i64(E8), r), in);
        }
    }
}

static void test_random_quotients_agree_with_the_schoolbook(void **state) {
    (void)state;
    for (int64_t i = 0; i < case_count; i++) {
        int64_t in[3] = {random_amount(), random_positive(), 0};
        in[2] = rng_below(&rng, 2) ? in[1] : -in[1];
        struct big num = big_mul(big_from_i64(in[0]), big_from_i64(E8));
        for (rounding r = ROUND_FLOOR; r <= ROUND_CEIL; r++) {
            qty q = qty_from_e8(UNTOUCHED);
            price p = price_from_e8(UNTOUCHED);
            bool ok = qty_affordable(money_from_e8(in[0]), price_from_e8(in[1]), r, &q);
            agree("qty_affordable", ok, qty_e8(q), divided(num, big_from_i64(in[1]), r), in);
            ok = price_average(money_from_e8(in[0]), qty_from_e8(in[2]), r, &p);
            agree("price_average", ok, price_e8(p), divided(num, big_from_i64(in[2]), r), in);
        }
    }
}

static void test_random_shares_agree_with_the_schoolbook(void **state) {
    (void)state;
    for (int64_t i = 0; i < case_count; i++) {
        int64_t in[3] = {random_amount(), rng_between(&rng, -30000, 30000), random_positive()};
        if (rng_below(&rng, 4) == 0) in[1] = (int64_t)rng_next(&rng) >> rng_below(&rng, 63);
        struct big product = big_mul(big_from_i64(in[0]), big_from_i64(in[1]));
        for (rounding r = ROUND_FLOOR; r <= ROUND_CEIL; r++) {
            struct big share = divided(product, big_from_i64(10000), r);
            money m = money_from_e8(UNTOUCHED), n = m;
            qty q = qty_from_e8(UNTOUCHED);
            price p = price_from_e8(UNTOUCHED);
            bool ok = money_share(money_from_e8(in[0]), in[1], r, &m);
            agree("money_share", ok, money_e8(m), share, in);
            ok = qty_share(qty_from_e8(in[0]), in[1], r, &q);
            agree("qty_share", ok, qty_e8(q), share, in);
            ok = price_share(price_from_e8(in[0]), in[1], r, &p);
            agree("price_share", ok, price_e8(p), share, in);
            ok = money_ratio(money_from_e8(in[0]), in[1], in[2], r, &n);
            agree("money_ratio", ok, money_e8(n), divided(product, big_from_i64(in[2]), r), in);
        }
    }
}

static void test_random_ratios_agree_with_the_schoolbook(void **state) {
    (void)state;
    for (int64_t i = 0; i < case_count; i++) {
        int64_t in[3] = {random_amount(), (int64_t)rng_next(&rng) >> rng_below(&rng, 63),
                         random_positive()};
        int64_t traded = (int64_t)(rng_next(&rng) >> 1);
        struct big den = big_from_i64(in[2]);
        struct big product = big_mul(big_from_i64(in[0]), big_from_i64(in[1]));
        struct big of_volume = big_mul(big_from_i64(traded), big_from_i64(in[1]));
        for (rounding r = ROUND_FLOOR; r <= ROUND_CEIL; r++) {
            qty q = qty_from_e8(UNTOUCHED), share = q;
            price p = price_from_e8(UNTOUCHED);
            bool ok = qty_ratio(qty_from_e8(in[0]), in[1], in[2], r, &q);
            agree("qty_ratio", ok, qty_e8(q), divided(product, den, r), in);
            ok = price_ratio(price_from_e8(in[0]), in[1], in[2], r, &p);
            agree("price_ratio", ok, price_e8(p), divided(product, den, r), in);
            ok = volume_ratio(volume_from_e8(traded), in[1], in[2], r, &share);
            agree("volume_ratio", ok, qty_e8(share), divided(of_volume, den, r), in);
        }
    }
}

static void test_random_steps_agree_with_the_schoolbook(void **state) {
    (void)state;
    for (int64_t i = 0; i < case_count; i++) {
        int64_t in[3] = {random_amount(), random_positive()}, want;
        struct big v = big_from_i64(in[0]), step = big_from_i64(in[1]);
        for (rounding r = ROUND_FLOOR; r <= ROUND_CEIL; r++) {
            qty q = qty_to_step(qty_from_e8(in[0]), qty_from_e8(in[1]), r);
            price p = price_to_tick(price_from_e8(in[0]), price_from_e8(in[1]), r);
            assert_true(big_to_i64(big_mul(divided(v, step, r), step), &want));
            assert_int_equal(qty_e8(q), want);
            assert_int_equal(price_e8(p), want);
            assert_true(qty_on_step(q, qty_from_e8(in[1])));
            assert_int_equal(price_on_tick(price_from_e8(in[0]), price_from_e8(in[1])),
                             want == in[0]);
        }
    }
}

static void test_random_bp_ratios_agree_with_the_schoolbook(void **state) {
    (void)state;
    for (int64_t i = 0; i < case_count; i++) {
        int64_t a = random_amount(), b = random_positive(), want;
        struct big v = big_mul(big_from_i64(a), big_from_i64(10000));
        if (!big_to_i64(big_div_floor(v, big_from_i64(b)), &want))
            want = a < 0 ? INT64_MIN : INT64_MAX;
        assert_int_equal(price_ratio_bp(price_from_e8(a), price_from_e8(b)), want);
        assert_int_equal(money_ratio_bp(money_from_e8(a), money_from_e8(b)), want);
    }
}

static void test_random_amounts_print_as_on_paper_and_parse_back(void **state) {
    (void)state;
    for (int64_t i = 0; i < 4 * case_count; i++) {
        int64_t e8 = random_amount(), back = UNTOUCHED;
        char block[AMOUNT_TEXT_BYTES], paper[64];
        str text = amount_format_e8(e8, block);
        big_print(big_from_i64(e8), 8, paper, sizeof paper);
        assert_true(str_eq(text, str_from_z(paper)));
        assert_true(amount_parse_e8(text, &back));
        assert_int_equal(back, e8);
    }
}

/* Texts of the grammar with any number of digits: whole digits, decimals, the value on paper. */
static void test_basis_points_print_with_four_places(void **state) {
    (void)state;
    for (int64_t i = 0; i < 4 * case_count; i++) {
        int64_t bp = (int64_t)rng_next(&rng) >> rng_below(&rng, 64);
        if (i < 4) bp = (int64_t[]){INT64_MIN, INT64_MAX, 0, -1}[i];
        const uint64_t size = bp < 0 ? -(uint64_t)bp : (uint64_t)bp;
        char block[40], want[40];
        struct buf b;
        buf_init_fixed(&b, block, sizeof block);
        buf_put_bp(&b, bp);
        snprintf(want, sizeof want, "%s%llu.%04llu", bp < 0 ? "-" : "",
                 (unsigned long long)(size / 10000), (unsigned long long)(size % 10000));
        assert_string_equal(buf_z(&b), want);
    }
}

static void test_random_decimals_parse_as_on_paper(void **state) {
    (void)state;
    for (int64_t i = 0; i < 4 * case_count; i++) {
        char whole[32] = {0}, frac[32] = {0}, text[80], scaled[64];
        int whole_count = (int)rng_between(&rng, 1, 12), frac_count = (int)rng_between(&rng, 0, 11);
        for (int k = 0; k < whole_count; k++) {
            whole[k] = (char)('0' + (rng_below(&rng, 3) ? rng_below(&rng, 10) : 0));
        }
        for (int k = 0; k < frac_count; k++) {
            frac[k] = (char)('0' + (k < 8 || rng_below(&rng, 8) == 0 ? rng_below(&rng, 10) : 0));
        }
        bool negative = rng_below(&rng, 2), fine = strspn(frac, "0123456789") > 8;
        fine = fine && strspn(frac + 8, "0") < strlen(frac + 8);
        snprintf(text, sizeof text, "%s%s%s%s", negative ? "-" : "", whole, frac_count ? "." : "",
                 frac);
        snprintf(scaled, sizeof scaled, "%s%.8s%.*s", whole, frac,
                 frac_count < 8 ? 8 - frac_count : 0, "00000000");
        struct big want = big_from_digits(scaled, negative);
        int64_t got = UNTOUCHED, value = UNTOUCHED;
        bool ok = amount_parse_e8(str_from_z(text), &got);
        bool want_ok = !fine && fits_amount(want) && big_to_i64(want, &value);
        if (ok != want_ok || got != value) {
            fail_msg("\"%s\": %d %lld, want %d %lld", text, ok, (long long)got, want_ok,
                     (long long)value);
        }
    }
}

static int set_up(void **state) {
    (void)state;
    uint64_t seed = test_seed();
    rng_init(&rng, seed);
    case_count = test_number("TEST_CASES", case_count);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_takes_plain_decimals),
        cmocka_unit_test(test_parse_refuses_what_is_no_decimal),
        cmocka_unit_test(test_price_parse_refuses_exponent),
        cmocka_unit_test(test_parse_refuses_a_ninth_significant_decimal),
        cmocka_unit_test(test_parse_refuses_what_decimal_18_8_cannot_hold),
        cmocka_unit_test(test_parse_does_not_read_behind_the_slice),
        cmocka_unit_test(test_volume_parse_cuts_fine_decimals_and_takes_large_ones),
        cmocka_unit_test(test_format_is_shortest_and_total),
        cmocka_unit_test(test_costs_go_up_and_quantities_down_for_both_signs),
        cmocka_unit_test(test_notional_beyond_the_range_is_refused_and_writes_nothing),
        cmocka_unit_test(test_sums_of_unchecked_amounts_do_not_wrap),
        cmocka_unit_test(test_step_zero_accepts_every_amount),
        cmocka_unit_test(test_ratio_bp_saturates),
        cmocka_unit_test(test_broken_promises_abort),
        cmocka_unit_test(test_random_sums_agree_with_the_schoolbook),
        cmocka_unit_test(test_random_notionals_agree_with_the_schoolbook),
        cmocka_unit_test(test_random_quotients_agree_with_the_schoolbook),
        cmocka_unit_test(test_random_shares_agree_with_the_schoolbook),
        cmocka_unit_test(test_random_ratios_agree_with_the_schoolbook),
        cmocka_unit_test(test_random_steps_agree_with_the_schoolbook),
        cmocka_unit_test(test_random_bp_ratios_agree_with_the_schoolbook),
        cmocka_unit_test(test_random_amounts_print_as_on_paper_and_parse_back),
        cmocka_unit_test(test_basis_points_print_with_four_places),
        cmocka_unit_test(test_random_decimals_parse_as_on_paper),
    };
    return cmocka_run_group_tests_name("money", tests, set_up, NULL);
}
