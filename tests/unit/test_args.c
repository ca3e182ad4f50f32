/* The command line: what is taken, what is refused, and what is suggested. */
#include "app/app.h"
#include "check.h"

static const struct opt own[] = {
    {"speed", "FACTOR", ""}, {"exit-at-end", NULL, ""}, {"limit", "N", ""}, {0}};
static const struct opt common[] = {{"set", "KEY=VALUE", ""}, {"help", NULL, ""}, {0}};

static struct args args;
static struct error err;

static bool parse(const char *a, const char *b, const char *c, const char *d) {
    char *argv[4];
    const char *const given[] = {a, b, c, d};
    static char kept[4][64]; /* args borrow them */
    int argc = 0;
    for (int i = 0; i < 4 && given[i]; i++) {
        snprintf(kept[i], sizeof kept[i], "%s", given[i]);
        argv[argc++] = kept[i];
    }
    return args_parse(own, common, argc, argv, &args, &err);
}

static void test_a_value_stands_behind_its_option_or_behind_an_equals_sign(void **state) {
    (void)state;
    assert_ok(parse("--speed", "60", "--exit-at-end", NULL), &err);
    assert_str(args_get(&args, "speed", STR("")), "60");
    assert_true(args_has(&args, "exit-at-end"));
    assert_ok(parse("--speed=max", NULL, NULL, NULL), &err);
    assert_str(args_get(&args, "speed", STR("")), "max");
    assert_false(args_has(&args, "exit-at-end"));
}

static void test_a_value_may_hold_equals_signs_and_be_empty(void **state) {
    (void)state;
    assert_ok(parse("--set", "a.b=c=d", "--speed=", NULL), &err);
    assert_str(args_get(&args, "set", STR("?")), "a.b=c=d");
    assert_true(args_has(&args, "speed"));
    assert_str(args_get(&args, "speed", STR("?")), "");
}

static void test_the_last_of_two_counts_and_all_are_kept(void **state) {
    (void)state;
    assert_ok(parse("--set=a", "--set=b", NULL, NULL), &err);
    assert_str(args_get(&args, "set", STR("")), "b");
    assert_int_equal(args.given_count, 2);
}

static void test_words_and_a_lone_dash_are_no_options(void **state) {
    (void)state;
    assert_ok(parse("one", "-", "--", "--speed"), &err);
    assert_int_equal(args.pos_count, 3);
    assert_str(args.pos[1], "-");
    assert_str(args.pos[2], "--speed");
}

static void test_an_unknown_option_is_refused_with_the_nearest_one(void **state) {
    (void)state;
    assert_fails(parse("--sped", "60", NULL, NULL), &err, ERR_USAGE);
    assert_non_null(strstr(err.msg, "did you mean --speed"));
    assert_fails(parse("--hlep", NULL, NULL, NULL), &err, ERR_USAGE);
    assert_non_null(strstr(err.msg, "did you mean --help"));
    assert_fails(parse("--frobnicate", NULL, NULL, NULL), &err, ERR_USAGE);
    assert_null(strstr(err.msg, "did you mean"));
}

static void test_a_missing_value_and_one_too_many_are_refused(void **state) {
    (void)state;
    assert_fails(parse("--speed", NULL, NULL, NULL), &err, ERR_USAGE);
    assert_fails(parse("--exit-at-end=yes", NULL, NULL, NULL), &err, ERR_USAGE);
    assert_fails(parse("-x", NULL, NULL, NULL), &err, ERR_USAGE);
}

static void test_a_number_is_within_its_bounds(void **state) {
    (void)state;
    int64_t n;
    assert_ok(parse("--limit", "5", NULL, NULL), &err);
    assert_ok(args_get_i64(&args, "limit", 20, 1, 10, &n, &err), &err);
    assert_int_equal(n, 5);
    assert_fails(args_get_i64(&args, "limit", 20, 6, 10, &n, &err), &err, ERR_USAGE);
    assert_ok(parse("--limit=x", NULL, NULL, NULL), &err);
    assert_fails(args_get_i64(&args, "limit", 20, 1, 10, &n, &err), &err, ERR_USAGE);
    assert_ok(parse(NULL, NULL, NULL, NULL), &err);
    assert_ok(args_get_i64(&args, "limit", 20, 1, 10, &n, &err), &err);
    assert_int_equal(n, 20);
}

static void test_durations_have_units(void **state) {
    (void)state;
    usec t;
    assert_true(duration_parse(STR("90"), &t) && t == 90 * USEC_PER_S);
    assert_true(duration_parse(STR("90s"), &t) && t == 90 * USEC_PER_S);
    assert_true(duration_parse(STR("30m"), &t) && t == 30 * USEC_PER_MIN);
    assert_true(duration_parse(STR("2h"), &t) && t == 2 * USEC_PER_HOUR);
    assert_true(duration_parse(STR("1d"), &t) && t == USEC_PER_DAY);
    assert_false(duration_parse(STR("m"), &t));
    assert_false(duration_parse(STR("1w"), &t));
    assert_false(duration_parse(STR("-1h"), &t));
    assert_false(duration_parse(STR("9999999999d"), &t));
}

static void test_distance_counts_single_edits(void **state) {
    (void)state;
    assert_int_equal(edit_distance(STR("halt"), STR("halt")), 0);
    assert_int_equal(edit_distance(STR("halt"), STR("hlat")), 1); /* swapped */
    assert_int_equal(edit_distance(STR("halt"), STR("hal")), 1);
    assert_int_equal(edit_distance(STR("halt"), STR("shalts")), 2);
    assert_int_equal(edit_distance(STR(""), STR("abc")), 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_value_stands_behind_its_option_or_behind_an_equals_sign),
        cmocka_unit_test(test_a_value_may_hold_equals_signs_and_be_empty),
        cmocka_unit_test(test_the_last_of_two_counts_and_all_are_kept),
        cmocka_unit_test(test_words_and_a_lone_dash_are_no_options),
        cmocka_unit_test(test_an_unknown_option_is_refused_with_the_nearest_one),
        cmocka_unit_test(test_a_missing_value_and_one_too_many_are_refused),
        cmocka_unit_test(test_a_number_is_within_its_bounds),
        cmocka_unit_test(test_durations_have_units),
        cmocka_unit_test(test_distance_counts_single_edits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
