/* Authors' records: what a factor may become, how counts fade, and who is forgotten. */
#include "flow/judge/record.h"

#include "base/rng.h"
#include "flowkit.h"

static struct arena memory;
static struct rng rng;

static int32_t factor_of(int hits, int recent) {
    const struct author_record a = {.signals = recent, .recent = recent, .hits = hits};
    return record_factor(&a);
}

static void test_nobody_knows_anything_of_an_author_without_a_record(void **state) {
    (void)state;
    assert_int_equal(record_factor(NULL), 10000);
    assert_int_equal(factor_of(0, 0), 10000);
    assert_int_equal(factor_of(50, 100), 10000);
}

static void test_few_outcomes_say_little(void **state) {
    (void)state;
    assert_int_equal(factor_of(1, 1), 10476);
    assert_int_equal(factor_of(0, 1), 9523);
    assert_int_equal(factor_of(14, 20), 12000);
    assert_int_equal(factor_of(6, 20), 8000);
    assert_int_equal(factor_of(20, 20), 12500);
    assert_int_equal(factor_of(0, 20), 5000);
}

static void test_the_factor_stays_in_its_range_and_grows_with_hits(void **state) {
    (void)state;
    for (int recent = 0; recent <= RECORD_WINDOW; recent++) {
        int32_t before = 0;
        for (int hits = 0; hits <= recent; hits++) {
            const int32_t f = factor_of(hits, recent);
            assert_in_range(f, RECORD_LEAST_BP, RECORD_MOST_BP);
            assert_true(f >= before);
            before = f;
        }
    }
}

static void test_counts_are_halved_when_the_window_is_full(void **state) {
    (void)state;
    struct author_record a = {0};
    for (int i = 0; i < RECORD_WINDOW; i++) record_count(&a, E8 / 1000);
    assert_int_equal(a.recent, RECORD_WINDOW);
    assert_int_equal(a.hits, RECORD_WINDOW);
    assert_int_equal(a.mean_return, E8 / 1000);
    for (int i = 0; i < 100; i++) record_count(&a, -E8 / 1000);
    assert_int_equal(a.recent, RECORD_WINDOW);
    assert_int_equal(a.hits, RECORD_WINDOW / 2);
    assert_int_equal(a.signals, RECORD_WINDOW + 100);
    assert_in_range(a.mean_return + E8, E8 - E8 / 1000, E8 - E8 / 2000); /* most is forgotten */
}

static void test_a_price_that_did_not_move_is_no_hit(void **state) {
    (void)state;
    struct author_record a = {0};
    record_count(&a, 0);
    assert_int_equal(a.recent, 1);
    assert_int_equal(a.hits, 0);
}

static void test_one_wild_half_hour_is_held(void **state) {
    (void)state;
    struct author_record a = {0};
    record_count(&a, 1000 * E8);
    assert_int_equal(a.mean_return, E8 / 10);
    record_count(&a, -1000 * E8);
    assert_int_equal(a.mean_return, 0);
}

static void test_the_mean_is_the_mean_of_the_first_fifty(void **state) {
    (void)state;
    struct author_record a = {0};
    int64_t sum = 0;
    for (int i = 1; i <= RECORD_MEAN_OVER; i++) {
        const int64_t r = rng_between(&rng, -E8 / 20, E8 / 20);
        sum += r;
        record_count(&a, r);
        assert_in_range(a.mean_return - sum / i + 100, 0, 200); /* truncated once a step */
    }
}

static void key_of(int i, char ret[AUTHOR_BYTES]) {
    memset(ret, 0, AUTHOR_BYTES);
    snprintf(ret, AUTHOR_BYTES, "x:%d", i);
}

/* The rows in any order: the same one goes. */
static void test_the_record_that_says_least_makes_room(void **state) {
    (void)state;
    int order[RECORDS_MAX];
    char key[AUTHOR_BYTES], forgotten[AUTHOR_BYTES];
    for (int i = 0; i < RECORDS_MAX; i++) order[i] = i;
    for (int round = 0; round < 3; round++) {
        arena_reset(&memory);
        struct records r;
        records_init(&r, &memory);
        for (int i = RECORDS_MAX - 1; i > 0; i--) {
            const int k = (int)rng_below(&rng, (uint64_t)i + 1), swap = order[i];
            order[i] = order[k];
            order[k] = swap;
        }
        for (int i = 0; i < RECORDS_MAX; i++) {
            struct author_record a = {.signals = 1 + order[i] % 7, .updated_at = order[i] % 31};
            key_of(order[i], a.key);
            records_put(&r, &a);
        }
        key_of(100000, key);
        records_of(&r, key, forgotten)->signals = 9;
        assert_string_equal(forgotten, "x:0"); /* one signal, the oldest; of 0, 217 ... the first */
        assert_null(records_find(&r, STR("x:0")));
        key_of(100001, key);
        records_of(&r, key, forgotten)->signals = 9;
        assert_string_equal(forgotten, "x:1085"); /* 217 * 5, before 1302 and 217 as a text */
        assert_int_equal(r.count, RECORDS_MAX);
        for (int i = 1; i < RECORDS_MAX; i++) {
            if (i == 1085) continue;
            key_of(i, key);
            const struct author_record *a = records_find(&r, str_from_z(key));
            if (a == NULL || a->signals != 1 + i % 7) fail_msg("%s was lost", key);
        }
        key_of(100000, key);
        records_of(&r, key, forgotten);
        assert_string_equal(forgotten, ""); /* he is there */
    }
}

static int set_up(void **state) {
    (void)state;
    arena_open(&memory, 64 << 20);
    rng_init(&rng, test_seed());
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    arena_close(&memory);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody_knows_anything_of_an_author_without_a_record),
        cmocka_unit_test(test_few_outcomes_say_little),
        cmocka_unit_test(test_the_factor_stays_in_its_range_and_grows_with_hits),
        cmocka_unit_test(test_counts_are_halved_when_the_window_is_full),
        cmocka_unit_test(test_a_price_that_did_not_move_is_no_hit),
        cmocka_unit_test(test_one_wild_half_hour_is_held),
        cmocka_unit_test(test_the_mean_is_the_mean_of_the_first_fifty),
        cmocka_unit_test(test_the_record_that_says_least_makes_room),
    };
    return cmocka_run_group_tests_name("record", tests, set_up, tear_down);
}
