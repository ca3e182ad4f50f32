/* The ids that were passed on lately: what is said of them is true, however many came. */
#include "source/x_recent.h"

#include "base/rng.h"
#include "check.h"

static struct x_recent r;

static int begin(void **state) {
    (void)state;
    r = (struct x_recent){0};
    return 0;
}

static void test_an_id_is_known_from_when_it_was_put(void **state) {
    (void)state;
    assert_false(x_recent_has(&r, 1788000000000000001));
    assert_false(x_recent_put(&r, 1788000000000000001));
    assert_true(x_recent_has(&r, 1788000000000000001));
    assert_true(x_recent_put(&r, 1788000000000000001));
}

static void test_no_id_is_none_that_was_put(void **state) {
    (void)state;
    assert_false(x_recent_has(&r, 0));
    assert_false(x_recent_put(&r, 0));
    assert_false(x_recent_has(&r, 0));
}

static void test_what_was_never_put_is_never_known_however_much_was(void **state) {
    (void)state;
    struct rng rng;
    rng_init(&rng, 7);
    for (int i = 0; i < 200000; i++) {
        const int64_t id = rng_between(&rng, 1, INT64_MAX / 2);
        assert_false(x_recent_has(&r, -id));
        x_recent_put(&r, id);
        assert_true(x_recent_has(&r, id));
    }
}

/* A page is a hundred posts; what half a minute brings comes twice. */
static void test_the_last_thousand_are_known_but_for_a_few(void **state) {
    (void)state;
    int known = 0;
    for (int64_t i = 1; i <= 100000; i++) x_recent_put(&r, INT64_C(1788000000000000000) + i * 4099);
    for (int64_t i = 99001; i <= 100000; i++)
        known += x_recent_has(&r, INT64_C(1788000000000000000) + i * 4099);
    assert_true(known >= 999);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_an_id_is_known_from_when_it_was_put, begin),
        cmocka_unit_test_setup(test_no_id_is_none_that_was_put, begin),
        cmocka_unit_test_setup(test_what_was_never_put_is_never_known_however_much_was, begin),
        cmocka_unit_test_setup(test_the_last_thousand_are_known_but_for_a_few, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
