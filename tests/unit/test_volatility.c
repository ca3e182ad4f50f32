/* The volatility: integers that stay close to the same average in floating point, over prices as
 * they come (even, uneven, with gaps), and that say so when nothing is known. TEST_SEED=n repeats.
 */
#include "flow/judge/volatility.h"

#include <math.h>

#include "base/rng.h"
#include "flowkit.h"

static struct rng rng;

/* --- the root ------------------------------------------------------------------------ */

static void root_is_floor(int64_t v) {
    const int64_t r = i64_sqrt(v);
    __extension__ typedef __int128 wide;
    if (r < 0 || (wide)r * r > v || (wide)(r + 1) * (r + 1) <= v) {
        fail_msg("the root of %lld is not %lld", (long long)v, (long long)r);
    }
}

static void test_the_root_is_the_largest_whole_number_under_it(void **state) {
    (void)state;
    for (int64_t v = 0; v < 5000; v++) root_is_floor(v);
    for (int bit = 0; bit < 63; bit++) {
        for (int64_t d = -2; d <= 2; d++) {
            const int64_t v = (INT64_C(1) << bit) + d;
            if (v >= 0) root_is_floor(v);
        }
    }
    for (int i = 0; i < 20000; i++) {
        const int64_t root = rng_between(&rng, 1, INT64_C(3037000499));
        root_is_floor(root * root);
        root_is_floor(root * root - 1);
        root_is_floor((int64_t)(rng_next(&rng) >> (1 + rng_below(&rng, 62))));
    }
    root_is_floor(INT64_MAX);
}

/* --- moves --------------------------------------------------------------------------- */

static void test_a_move_is_a_share_of_where_it_began(void **state) {
    (void)state;
    assert_int_equal(price_move(P("100"), P("102")), kit_e8("0.02"));
    assert_int_equal(price_move(P("100"), P("98")), kit_e8("-0.02"));
    assert_int_equal(price_move(P("0"), P("98")), 0);
    assert_int_equal(price_move(P("0.00000001"), P("0.00000002")), kit_e8("1"));
    assert_int_equal(price_move(P("0.00000001"), P("9999999999")), kit_e8("1000"));
    assert_int_equal(price_move(P("9999999999"), P("0.00000001")), kit_e8("-0.99999999"));
}

static void test_the_usual_move_grows_with_the_root_of_time(void **state) {
    (void)state;
    const int64_t a_minute = kit_e8("0.003");
    assert_int_equal(volatility_over(a_minute, USEC_PER_MIN), a_minute);
    assert_int_equal(volatility_over(a_minute, 4 * USEC_PER_MIN), 2 * a_minute);
    assert_int_equal(volatility_over(a_minute, 100 * USEC_PER_MIN), 10 * a_minute);
    assert_int_equal(volatility_over(a_minute, 15 * USEC_PER_S), a_minute / 2);
    assert_int_equal(volatility_over(a_minute, 0), 0);
    assert_int_equal(volatility_over(0, USEC_PER_DAY), 0);
    assert_true(volatility_over(INT64_MAX, INT64_MAX) > 0); /* held, not wrapped */
}

/* --- against the same in floating point ---------------------------------------------- */

struct reference {
    double rate, filled, last;
    usec at;
};

static double reference_note(struct reference *f, usec at, double p) {
    if (f->at != 0 && at - f->at < VOLATILITY_STEP) return sqrt(60 * f->rate / f->filled);
    if (f->at != 0) {
        const double dt = (double)(at - f->at) / 1e6, memory = 3600, r = log(p / f->last);
        f->rate = (memory * f->rate + r * r) / (memory + dt);
        f->filled = (memory * f->filled + dt) / (memory + dt);
    }
    f->at = at;
    f->last = p;
    return f->filled > 0 ? sqrt(60 * f->rate / f->filled) : 0;
}

/* A bell, roughly: twelve dice. */
static double chance(void) {
    double sum = -6;
    for (int i = 0; i < 12; i++) sum += (double)rng_below(&rng, 1000001) / 1e6;
    return sum;
}

/* A walk whose own volatility comes and goes, seen every `step` or at random within twice that.
 * tolerance: of the estimate, a share. */
static void walk(double from, double usual, usec step, bool uneven, double tolerance) {
    struct volatility v = {0};
    struct reference f = {0};
    double p = from, mood = 1;
    usec at = KIT_DAY;
    for (int i = 0; i < 5000; i++) {
        mood = fmin(8, fmax(0.2, mood * exp(0.05 * chance())));
        p *= exp(usual * mood * sqrt((double)step / 6e7) * chance());
        const price seen = price_from_e8((int64_t)(p * 1e8));
        at += uneven ? rng_between(&rng, 1, 2 * step) : step;
        volatility_note(&v, at, seen);
        const double want = reference_note(&f, at, (double)price_e8(seen) / 1e8);
        if (volatility_a_minute(v.squared) == 0) {
            assert_true(i < 300);
            continue;
        }
        const double got = (double)volatility_a_minute(v.squared) / 1e8;
        if (fabs(got - want) > tolerance * want + 2e-8) {
            fail_msg("step %d: %.8f, in floating point %.8f", i, got, want);
        }
    }
    assert_true(volatility_a_minute(v.squared) > 0);
}

static void test_it_is_what_floating_point_gives(void **state) {
    (void)state;
    walk(0.08, 0.003, USEC_PER_MIN, false, 0.001);   /* a lively coin, one-minute candles */
    walk(40000, 0.0006, USEC_PER_MIN, false, 0.001); /* a calm one */
    walk(40000, 0.0006, 5 * USEC_PER_MIN, false, 0.001);
    walk(40000, 0.0006, 20 * USEC_PER_S, true, 0.001); /* trades as they come */
    walk(0.3, 0.004, 2 * USEC_PER_S, true, 0.001);
    walk(1, 0.00001, USEC_PER_MIN, false, 0.02); /* one dollar for one: few digits */
}

/* --- what is known, and when --------------------------------------------------------- */

static usec minutes(struct volatility *v, usec at, int count, const char *a, const char *b) {
    for (int i = 0; i < count; i++) {
        volatility_note(v, at, i % 2 == 0 ? P(a) : P(b));
        at += USEC_PER_MIN;
    }
    return at;
}

static void test_it_is_not_known_before_eight_returns(void **state) {
    (void)state;
    struct volatility v = {0};
    usec at = minutes(&v, KIT_DAY, VOLATILITY_LEAST, "100", "101");
    assert_int_equal(volatility_a_minute(v.squared), 0);
    minutes(&v, at, 1, "100", "101");
    assert_in_range(volatility_a_minute(v.squared), kit_e8("0.0099"), kit_e8("0.01"));
}

static void test_a_flat_price_is_known_to_be_flat(void **state) {
    (void)state;
    struct volatility v = {0};
    minutes(&v, KIT_DAY, 100, "100", "100");
    assert_int_equal(volatility_a_minute(v.squared), 1); /* known, and as little as there is */
}

static void test_ticks_between_two_steps_do_not_count(void **state) {
    (void)state;
    struct volatility even = {0}, ticked = {0};
    usec at = KIT_DAY;
    for (int i = 0; i < 60; i++, at += USEC_PER_MIN) {
        const price p = price_from_e8(kit_e8("100") + i % 7 * kit_e8("0.1"));
        volatility_note(&even, at, p);
        volatility_note(&ticked, at, p);
        for (int s = 1; s < 60; s++) { /* bounces between bid and ask */
            volatility_note(&ticked, at + s * USEC_PER_S, s % 2 == 0 ? P("101") : P("99"));
        }
    }
    assert_int_equal(volatility_a_minute(ticked.squared), volatility_a_minute(even.squared));
    assert_true(volatility_a_minute(even.squared) > 0);
}

static void test_an_earlier_price_and_none_change_nothing(void **state) {
    (void)state;
    struct volatility v = {0};
    const usec at = minutes(&v, KIT_DAY, 30, "100", "100.5");
    const struct volatility before = v;
    volatility_note(&v, at - 10 * USEC_PER_MIN, P("500"));
    volatility_note(&v, at + 10 * USEC_PER_MIN, P("0"));
    assert_memory_equal(&v, &before, sizeof v);
}

static void test_a_gap_longer_than_the_memory_begins_anew(void **state) {
    (void)state;
    struct volatility v = {0}, fresh = {0};
    usec at = minutes(&v, KIT_DAY, 60, "100", "101");
    assert_true(volatility_a_minute(v.squared) > 0);
    at += 5 * USEC_PER_HOUR;
    volatility_note(&v, at, P("200")); /* the jump over the gap is no return */
    assert_int_equal(volatility_a_minute(v.squared), 0);
    at = minutes(&v, at + USEC_PER_MIN, VOLATILITY_LEAST, "200.2", "200");
    volatility_note(&fresh, at - (VOLATILITY_LEAST + 1) * USEC_PER_MIN, P("200"));
    minutes(&fresh, at - VOLATILITY_LEAST * USEC_PER_MIN, VOLATILITY_LEAST, "200.2", "200");
    assert_int_equal(volatility_a_minute(v.squared), volatility_a_minute(fresh.squared));
}

static void test_a_shorter_gap_counts_as_the_time_it_was(void **state) {
    (void)state;
    struct volatility v = {0};
    usec at = minutes(&v, KIT_DAY, 120, "100", "101");
    const int64_t before = volatility_a_minute(v.squared);
    at += 29 * USEC_PER_MIN;
    volatility_note(&v, at, P("101")); /* stood still for half an hour */
    assert_true(volatility_a_minute(v.squared) > 0);
    /* M / (M + dt) of the squares are left, of a memory that is fuller: 0.796 of the root */
    assert_in_range(volatility_a_minute(v.squared), before * 78 / 100, before * 82 / 100);
}

static void test_the_wildest_prices_do_not_overflow(void **state) {
    (void)state;
    struct volatility v = {0};
    minutes(&v, KIT_DAY, 5000, "0.00000001", "9999999999.99999999");
    /* each return is two */
    assert_in_range(volatility_a_minute(v.squared), kit_e8("1.99"), kit_e8("2.01"));
    for (int i = 0; i < 20000; i++) {
        const usec at = v.at + rng_between(&rng, 0, 2 * USEC_PER_HOUR);
        volatility_note(&v, at, price_from_e8(rng_between(&rng, 1, AMOUNT_E8_MAX)));
        assert_in_range(volatility_a_minute(v.squared), 0, kit_e8("2.01"));
        assert_in_range(v.filled, 0, E8);
    }
}

static int set_up(void **state) {
    (void)state;
    rng_init(&rng, test_seed());
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_root_is_the_largest_whole_number_under_it),
        cmocka_unit_test(test_a_move_is_a_share_of_where_it_began),
        cmocka_unit_test(test_the_usual_move_grows_with_the_root_of_time),
        cmocka_unit_test(test_it_is_what_floating_point_gives),
        cmocka_unit_test(test_it_is_not_known_before_eight_returns),
        cmocka_unit_test(test_a_flat_price_is_known_to_be_flat),
        cmocka_unit_test(test_ticks_between_two_steps_do_not_count),
        cmocka_unit_test(test_an_earlier_price_and_none_change_nothing),
        cmocka_unit_test(test_a_gap_longer_than_the_memory_begins_anew),
        cmocka_unit_test(test_a_shorter_gap_counts_as_the_time_it_was),
        cmocka_unit_test(test_the_wildest_prices_do_not_overflow),
    };
    return cmocka_run_group_tests_name("volatility", tests, set_up, NULL);
}
