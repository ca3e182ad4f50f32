/* buf: grows to its maximum and no further, always NUL-terminated, JSON strings well-formed. */
#include "base/buf.h"

#include <jansson.h>

#include "base/rng.h"
#include "check.h"

static void test_empty_buf_is_an_empty_text(void **state) {
    (void)state;
    struct buf b;
    buf_init(&b, 10);
    assert_string_equal(buf_z(&b), "");
    assert_str(buf_str(&b), "");
    buf_put(&b, (str){0});
    assert_false(buf_full(&b));
    buf_fini(&b);
    buf_fini(&b);
}

static void test_text_grows_past_many_doublings(void **state) {
    (void)state;
    struct buf b;
    buf_init(&b, 1000000);
    for (int i = 0; i < 100000; i++) buf_printf(&b, "%05d,", i);
    assert_int_equal(b.len, 600000);
    assert_memory_equal(buf_z(&b) + 599994, "99999,", 7);
    assert_false(buf_full(&b));
    buf_clear(&b);
    assert_string_equal(buf_z(&b), "");
    buf_fini(&b);
}

static void test_what_is_beyond_the_maximum_is_dropped(void **state) {
    (void)state;
    struct buf b;
    buf_init(&b, 5);
    buf_put(&b, STR("abc"));
    buf_put(&b, STR("def"));
    assert_true(buf_full(&b));
    assert_string_equal(buf_z(&b), "abcde");
    buf_clear(&b);
    buf_put(&b, STR("12345"));
    assert_false(buf_full(&b));
    buf_put_byte(&b, '6');
    assert_true(buf_full(&b));
    assert_string_equal(buf_z(&b), "12345");
    buf_fini(&b);
}

static void test_nothing_is_appended_after_the_first_drop(void **state) {
    (void)state;
    char block[8];
    struct buf b;
    buf_init_fixed(&b, block, sizeof block);
    buf_put(&b, STR("abcd"));
    buf_printf(&b, "%s", "efghij");
    buf_put_byte(&b, 'x');
    buf_put_i64(&b, 7);
    buf_printf(&b, "%d", 8);
    assert_true(buf_full(&b));
    assert_string_equal(buf_z(&b), "abcdefg");
}

static void test_fixed_block_of_one_byte_holds_the_empty_text(void **state) {
    (void)state;
    char block[1] = {'x'};
    struct buf b;
    buf_init_fixed(&b, block, 1);
    assert_string_equal(buf_z(&b), "");
    buf_printf(&b, "%s", "");
    assert_false(buf_full(&b));
    buf_printf(&b, "%d", 1);
    assert_true(buf_full(&b));
    assert_string_equal(buf_z(&b), "");
    buf_fini(&b); /* does not free the block */
}

static void test_printf_grows_when_the_text_is_longer_than_the_room(void **state) {
    (void)state;
    for (int max = 0; max < 600; max += 7) {
        struct buf b;
        buf_init(&b, max);
        buf_put(&b, str_head(STR("some"), max));
        buf_printf(&b, "%0400d", 1);
        assert_int_equal(buf_full(&b), max < 404);
        assert_int_equal(b.len, max < 404 ? max : 404);
        assert_int_equal((ptrdiff_t)strlen(buf_z(&b)), b.len);
        buf_fini(&b);
    }
}

static void test_i64_prints_as_the_library_does(void **state) {
    (void)state;
    struct rng rng;
    rng_init(&rng, test_seed());
    for (int i = 0; i < 20000; i++) {
        int64_t v = (int64_t)rng_next(&rng) >> rng_below(&rng, 64);
        if (i < 3) v = (int64_t[]){INT64_MIN, INT64_MAX, 0}[i];
        char block[32], want[32];
        struct buf b;
        buf_init_fixed(&b, block, sizeof block);
        buf_put_i64(&b, v);
        snprintf(want, sizeof want, "%lld", (long long)v);
        assert_string_equal(buf_z(&b), want);
    }
}

static void json_is(str in, const char *want) {
    struct buf b;
    buf_init(&b, 1000);
    buf_put_json_str(&b, in);
    assert_string_equal(buf_z(&b), want);
    buf_fini(&b);
}

static void test_json_escapes_what_json_must(void **state) {
    (void)state;
    json_is((str){0}, "\"\"");
    json_is(STR("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"");
    json_is(STR("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"");
    json_is(str_from_bytes("\0\x1f\x7f", 3), "\"\\u0000\\u001f\x7f\"");
    json_is(STR("\xC3\xA9\xF0\x9F\x9A\x80"), "\"\xC3\xA9\xF0\x9F\x9A\x80\"");
}

/* Texts are looked at in words: a byte must not be missed by where it stands in one. */
static void test_json_escapes_each_byte_wherever_it_stands(void **state) {
    (void)state;
    const str plain = STR("!!!!!!!!!!!!!!!!!!!!");
    for (int c = 0; c < 256; c++) {
        struct buf alone, text, want;
        buf_init(&alone, 100), buf_init(&text, 100), buf_init(&want, 100);
        buf_put_json_str(&alone, str_from_bytes((char[]){(char)c}, 1));
        const str quoted = buf_str(&alone), escaped = str_from_bytes(quoted.p + 1, quoted.n - 2);
        for (ptrdiff_t before = 0; before <= plain.n; before++) {
            for (ptrdiff_t behind = 0; behind <= plain.n; behind++) {
                buf_clear(&text), buf_clear(&want);
                buf_put(&text, str_head(plain, before));
                buf_put_byte(&text, (char)c);
                buf_put(&text, str_head(plain, behind));
                buf_printf(&want, "\"" STR_FMT STR_FMT STR_FMT "\"",
                           STR_ARG(str_head(plain, before)), STR_ARG(escaped),
                           STR_ARG(str_head(plain, behind)));
                json_is(buf_str(&text), buf_z(&want));
            }
        }
        buf_fini(&alone), buf_fini(&text), buf_fini(&want);
    }
}

static void test_json_replaces_ill_formed_utf8_and_keeps_a_real_fffd(void **state) {
    (void)state;
    json_is(STR("a\xFFz"), "\"a\xEF\xBF\xBDz\"");
    json_is(STR("\xEF\xBF\xBD"), "\"\xEF\xBF\xBD\"");
    json_is(STR("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""); /* a surrogate */
    json_is(STR("x\xE2\x82"), "\"x\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

static void test_random_bytes_make_json_that_jansson_reads(void **state) {
    (void)state;
    struct rng rng;
    rng_init(&rng, test_seed());
    for (int i = 0; i < 5000; i++) {
        char bytes[40];
        ptrdiff_t n = (ptrdiff_t)rng_below(&rng, sizeof bytes + 1);
        for (ptrdiff_t k = 0; k < n; k++) bytes[k] = (char)rng_next(&rng);
        if (i % 2) {
            for (ptrdiff_t k = 0; k < n; k++) bytes[k] &= 0x7F; /* then it must come back */
        }
        struct buf b;
        buf_init(&b, 1000);
        buf_put_json_str(&b, str_from_bytes(bytes, n));
        json_error_t err;
        json_t *text = json_loads(buf_z(&b), JSON_DECODE_ANY | JSON_ALLOW_NUL, &err);
        if (!text) fail_msg("%s: %s", buf_z(&b), err.text);
        if (i % 2) {
            assert_int_equal(json_string_length(text), n);
            assert_memory_equal(json_string_value(text), bytes, n);
        }
        json_decref(text);
        buf_fini(&b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_buf_is_an_empty_text),
        cmocka_unit_test(test_text_grows_past_many_doublings),
        cmocka_unit_test(test_what_is_beyond_the_maximum_is_dropped),
        cmocka_unit_test(test_nothing_is_appended_after_the_first_drop),
        cmocka_unit_test(test_fixed_block_of_one_byte_holds_the_empty_text),
        cmocka_unit_test(test_printf_grows_when_the_text_is_longer_than_the_room),
        cmocka_unit_test(test_i64_prints_as_the_library_does),
        cmocka_unit_test(test_json_escapes_what_json_must),
        cmocka_unit_test(test_json_escapes_each_byte_wherever_it_stands),
        cmocka_unit_test(test_json_replaces_ill_formed_utf8_and_keeps_a_real_fffd),
        cmocka_unit_test(test_random_bytes_make_json_that_jansson_reads),
    };
    return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
