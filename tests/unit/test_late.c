/* Libraries that are loaded when they are needed: all functions or none, and what to install. */
#include "net/late.h"

#include "check.h"

static const char *(*version)(void);
static int (*nothing)(void);

static void test_a_function_of_the_library_can_be_called(void **state) {
    static const struct late_library curl = {BF_LIBCURL, "libcurl-package"};
    static const struct late_function functions[] = {{"curl_version", &version}};
    struct error err = {0};
    (void)state;
    assert_ok(late_load(&curl, functions, COUNT_OF(functions), &err), &err);
    assert_true(str_starts(str_from_z(version()), STR("libcurl/")));
}

static void test_a_library_that_is_not_there_is_named_with_its_package(void **state) {
    static const struct late_library gone = {"libgone.so.1", "libgone-dev"};
    static const struct late_function functions[] = {{"gone_do", &nothing}};
    struct error err = {0};
    (void)state;
    assert_false(late_load(&gone, functions, COUNT_OF(functions), &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_true(str_find(str_from_z(err.msg), STR("libgone.so.1")) >= 0);
    assert_true(str_find(str_from_z(err.msg), STR("libgone-dev")) >= 0);
    assert_null(nothing);
}

static void test_a_function_that_is_not_there_leaves_all_pointers_alone(void **state) {
    static const struct late_library curl = {BF_LIBCURL, "libcurl-package"};
    static const struct late_function functions[] = {{"curl_version", &version},
                                                     {"curl_gone", &nothing}};
    struct error err = {0};
    (void)state;
    version = NULL;
    assert_false(late_load(&curl, functions, COUNT_OF(functions), &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_true(str_find(str_from_z(err.msg), STR(BF_LIBCURL " has no curl_gone")) >= 0);
    assert_true(str_find(str_from_z(err.msg), STR("libcurl-package")) >= 0);
    assert_null(version);
    assert_null(nothing);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_function_of_the_library_can_be_called),
        cmocka_unit_test(test_a_library_that_is_not_there_is_named_with_its_package),
        cmocka_unit_test(test_a_function_that_is_not_there_leaves_all_pointers_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
