/* The parts of a signal as JSON: what was written reads back as the same bits, and nothing else is
 * taken. TEST_SEED=n repeats a run. */
#include "flow/signal.h"

#include "base/rng.h"
#include "flowkit.h"

static struct rng rng;

static const char whole[] =
    "{\"confidence\":0.9500,\"polarity\":-0.8000,\"author\":1.5000,\"record\":1.0500,"
    "\"habit\":0.5000,\"freshness\":0.0001,\"copies\":1.0000,\"priced_in\":0.0000}";
static const int32_t whole_bp[PART_COUNT] = {9500, -8000, 15000, 10500, 5000, 1, 10000, 0};

static void test_parts_are_written_with_four_decimals(void **state) {
    (void)state;
    struct signal s = {0};
    memcpy(s.parts_bp, whole_bp, sizeof whole_bp);
    struct buf b;
    buf_init(&b, 4096);
    signal_parts_json(&s, &b);
    assert_true(str_eq(buf_str(&b), str_from_z(whole)));
    buf_fini(&b);
}

static void test_parts_read_back_as_written(void **state) {
    (void)state;
    struct signal s = {0};
    assert_true(signal_parts_from_json(str_from_z(whole), &s));
    assert_memory_equal(s.parts_bp, whole_bp, sizeof whole_bp);
}

static void test_random_parts_make_the_round_trip(void **state) {
    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct signal s = {0}, back = {0};
        for (int k = 0; k < PART_COUNT; k++) {
            const bool wide = rng_below(&rng, 4) == 0;
            s.parts_bp[k] =
                (int32_t)rng_between(&rng, wide ? INT32_MIN : -20000, wide ? INT32_MAX : 20000);
        }
        struct buf b;
        buf_init(&b, 4096);
        signal_parts_json(&s, &b);
        if (!signal_parts_from_json(buf_str(&b), &back) ||
            memcmp(s.parts_bp, back.parts_bp, sizeof s.parts_bp) != 0) {
            fail_msg("%s", buf_z(&b));
        }
        buf_fini(&b);
    }
}

static void test_what_is_no_parts_object_is_refused_and_writes_nothing(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",
        "{}",
        "{",
        "}",
        "null",
        "{\"polarity\":0.8000}",
        "{\"confidence\":0.9500}",
        "{\"confidence\":0.95,\"polarity\":0.8,\"freshness\":1,\"author\":1}",
        "{\"confidence\":0.95,\"polarity\":0.8,\"author\":1,\"author\":1}",
        "{\"confidence\":0.95,\"polarity\":0.8,}",
        "{:,:,:,:,:,:}",
        "{confidence:0.9,polarity:0.8,author:1,habit:1,freshness:1,copies:1,priced_in:1}",
        "{\"confidence\":0.9,\"polarity\":0.8,\"author\":1,\"habit\":1,\"freshness\":1,\"copies\":"
        "1,\"priced_"
        "in\":}",
        "{\"confidence\":0.90001,\"polarity\":0.8,\"author\":1,\"habit\":1,\"freshness\":1,"
        "\"copies\":1,"
        "\"priced_in\":1}",
        "{\"confidence\":300000,\"polarity\":0.8,\"author\":1,\"habit\":1,\"freshness\":1,"
        "\"copies\":1,"
        "\"priced_in\":1}",
        "{\"polarity\":0.8,\"confidence\":0.9,\"author\":1,\"habit\":1,\"freshness\":1,\"copies\":"
        "1,"
        "\"priced_in\":1}",
        "{\"confidence\":0.9,\"polarity\":0.8,\"author\":1,\"habit\":1,\"freshness\":1,\"copies\":"
        "1,"
        "\"priced_in\":1,\"more\":1}",
        "{\"confidence\":0.9,\"polarity\":0.8,\"author\":1,\"habit\":1,\"freshness\":1,\"copies\":"
        "1,"
        "\"priced_in\":1",
    };
    struct signal s;
    memset(&s, 0x5A, sizeof s);
    const struct signal untouched = s;
    for (ptrdiff_t i = 0; i < COUNT_OF(texts); i++) {
        if (signal_parts_from_json(str_from_z(texts[i]), &s)) fail_msg("%s was taken", texts[i]);
        assert_memory_equal(&s, &untouched, sizeof s);
    }
    assert_false(signal_parts_from_json((str){0}, &s));
}

static void test_a_factor_of_a_later_program_reads_as_one(void **state) {
    (void)state;
    struct signal s = {0};
    assert_true(signal_parts_from_json(
        STR("{\"confidence\":0.9500,\"polarity\":0.8000,\"freshness\":0.2500}"), &s));
    for (int i = 0; i < PART_COUNT; i++) {
        const int want = i == PART_CONFIDENCE  ? 9500
                         : i == PART_POLARITY  ? 8000
                         : i == PART_FRESHNESS ? 2500
                                               : 10000;
        assert_int_equal(s.parts_bp[i], want);
    }
}

static void test_departures_make_the_round_trip(void **state) {
    (void)state;
    char text[DEPARTURES_BYTES];
    uint32_t back = 7;
    departures_format(DEPARTURE_BIT(NEW_COIN) | DEPARTURE_BIT(ODD_HOUR), text);
    assert_string_equal(text, "new_coin,odd_hour");
    for (uint32_t all = 0; all < 1u << DEPARTURE_COUNT; all++) {
        departures_format(all, text);
        assert_true(departures_parse(str_from_z(text), &back));
        assert_int_equal(back, all);
    }
    static const char *const bad[] = {"new",       "odd_hour,new_coin", "new_coin,",
                                      ",new_coin", "new_coin,new_coin", ","};
    for (ptrdiff_t i = 0; i < COUNT_OF(bad); i++) {
        if (departures_parse(str_from_z(bad[i]), &back)) fail_msg("%s was taken", bad[i]);
    }
}

static void test_a_damaged_object_is_refused_or_means_numbers(void **state) {
    (void)state;
    for (int i = 0; i < 20000; i++) {
        char text[sizeof whole];
        memcpy(text, whole, sizeof whole);
        const ptrdiff_t at = (ptrdiff_t)rng_below(&rng, sizeof whole - 1);
        text[at] = (char)rng_between(&rng, 0, 255);
        struct signal s = {0};
        const str json = str_from_bytes(text, (ptrdiff_t)sizeof whole - 1);
        if (!signal_parts_from_json(json, &s)) continue;
        const char was = whole[at];
        if (text[at] != was && !(text[at] >= '0' && text[at] <= '9') && was != '-') {
            fail_msg("\"" STR_FMT "\" was taken", STR_ARG(json));
        }
    }
}

static int set_up(void **state) {
    (void)state;
    rng_init(&rng, test_seed());
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts_are_written_with_four_decimals),
        cmocka_unit_test(test_parts_read_back_as_written),
        cmocka_unit_test(test_random_parts_make_the_round_trip),
        cmocka_unit_test(test_what_is_no_parts_object_is_refused_and_writes_nothing),
        cmocka_unit_test(test_a_factor_of_a_later_program_reads_as_one),
        cmocka_unit_test(test_departures_make_the_round_trip),
        cmocka_unit_test(test_a_damaged_object_is_refused_or_means_numbers),
    };
    return cmocka_run_group_tests_name("signal", tests, set_up, NULL);
}
