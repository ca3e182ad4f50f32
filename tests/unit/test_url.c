/* Percent-encoding: there, back, and what is none. */
#include "base/url.h"

#include "check.h"

static char block[1024];

static str encoded(str value, const char *also) {
    static char text[1024];
    struct buf out;
    buf_init_fixed(&out, text, sizeof text);
    url_encode(&out, value, also);
    assert_false(buf_full(&out));
    return buf_str(&out);
}

static void test_values_are_encoded_byte_by_byte(void **state) {
    (void)state;
    assert_str(encoded(STR("(from:a_b OR $DOGE) -é~.&=+%"), ""),
               "%28from%3Aa_b%20OR%20%24DOGE%29%20-%C3%A9~.%26%3D%2B%25");
    assert_str(encoded(STR("a\0b@[`{"), ""), "a%00b%40%5B%60%7B");
}

static void test_what_is_named_stays_as_it_is(void **state) {
    (void)state;
    assert_str(encoded(STR("did:plc:a/b\0"), ":"), "did:plc:a%2Fb%00");
}

static void test_all_bytes_come_back(void **state) {
    (void)state;
    char all[256];
    str back;
    for (int i = 0; i < 256; i++) all[i] = (char)i;
    const str value = {all, sizeof all};
    assert_true(url_decode(encoded(value, ""), false, block, sizeof block, &back));
    assert_true(str_eq(back, value));
    assert_true(url_decode(encoded(value, ""), true, block, sizeof block, &back));
    assert_true(str_eq(back, value));
}

static void test_a_plus_is_a_blank_in_forms_alone(void **state) {
    (void)state;
    str back;
    assert_true(url_decode(STR("a+b%2bc"), true, block, sizeof block, &back));
    assert_str(back, "a b+c");
    assert_true(url_decode(STR("a+b%2bc"), false, block, sizeof block, &back));
    assert_str(back, "a+b+c");
}

static void test_what_is_no_encoding_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {"%", "a%", "a%4", "%4g", "%g4", "%%41", "% 4"};
    str back;
    for (int i = 0; i < COUNT_OF(bad); i++)
        if (url_decode(str_from_z(bad[i]), false, block, sizeof block, &back))
            fail_msg("%s was taken", bad[i]);
}

static void test_a_block_is_never_overrun(void **state) {
    (void)state;
    char small[4] = "...";
    str back;
    assert_true(url_decode(STR("%41b%43"), false, small, 3, &back));
    assert_str(back, "AbC");
    assert_false(url_decode(STR("%41b%43d"), false, small, 3, &back));
    assert_int_equal(small[3], '\0');
    assert_true(url_decode(STR(""), false, small, 0, &back));
    assert_int_equal(back.n, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_are_encoded_byte_by_byte),
        cmocka_unit_test(test_what_is_named_stays_as_it_is),
        cmocka_unit_test(test_all_bytes_come_back),
        cmocka_unit_test(test_a_plus_is_a_blank_in_forms_alone),
        cmocka_unit_test(test_what_is_no_encoding_is_refused),
        cmocka_unit_test(test_a_block_is_never_overrun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
