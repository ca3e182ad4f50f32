/* str: cutting and comparing slices, numbers, UTF-8 after RFC 3629. */
#include "base/str.h"

#include "base/arena.h"
#include "base/rng.h"
#include "check.h"

static void test_empty_slices_without_memory_work_everywhere(void **state) {
    (void)state;
    str none = {0};
    assert_true(str_eq(none, STR("")));
    assert_true(str_eq_nocase(none, STR("")));
    assert_int_equal(str_cmp(none, STR("")), 0);
    assert_true(str_cmp(none, STR("a")) < 0);
    assert_true(str_starts(none, none));
    assert_true(str_ends(none, none));
    assert_int_equal(str_find(none, none), 0);
    assert_int_equal(str_find(none, STR("a")), -1);
    assert_int_equal(str_find_byte(none, 0), -1);
    assert_str(str_head(none, 3), "");
    assert_str(str_tail(none, 3), "");
    assert_str(str_trim(none), "");
    assert_true(str_utf8_valid(none));
    assert_true(str_hash(none) == str_hash(STR("")));
    assert_str(str_from_z(NULL), "");
}

static void test_order_is_bytewise_and_unsigned(void **state) {
    (void)state;
    assert_true(str_cmp(STR("a"), STR("b")) < 0);
    assert_true(str_cmp(STR("ab"), STR("a")) > 0);
    assert_true(str_cmp(STR("\xC3\xA9"), STR("z")) > 0);
    assert_int_equal(str_cmp(STR("abc"), STR("abc")), 0);
    assert_true(str_eq_nocase(STR("BtC-usdt"), STR("bTc-USDT")));
    assert_false(str_eq_nocase(STR("[\xC3\x89"), STR("{\xC3\xA9"))); /* only A to Z */
}

static void test_find_head_tail_trim(void **state) {
    (void)state;
    str s = STR("bitcoin to the moon");
    assert_int_equal(str_find(s, STR("to")), 8);
    assert_int_equal(str_find(s, STR("moon")), 15);
    assert_int_equal(str_find(s, STR("moons")), -1);
    assert_int_equal(str_find(s, STR("")), 0);
    assert_int_equal(str_find_byte(s, 'o'), 4);
    assert_int_equal(str_find_byte(s, 'x'), -1);
    assert_true(str_starts(s, STR("bit")));
    assert_false(str_starts(STR("bi"), STR("bit")));
    assert_true(str_ends(s, STR("moon")));
    assert_false(str_ends(STR("oon"), STR("moon")));
    assert_str(str_head(s, 7), "bitcoin");
    assert_str(str_head(s, 99), "bitcoin to the moon");
    assert_str(str_tail(s, 15), "moon");
    assert_str(str_tail(s, 99), "");
    assert_str(str_trim(STR(" \t\r\n\v\f x y \n")), "x y");
    assert_str(str_trim(STR(" \n ")), "");
    assert_aborts(str_head(s, -1));
}

static void test_cut_gives_every_part_also_empty_ones(void **state) {
    (void)state;
    str rest = STR("a,,b,"), part;
    const char *const want[] = {"a", "", "b", ""};
    for (int i = 0; i < 4; i++) {
        assert_true(str_cut(&rest, ',', &part));
        assert_true(str_eq(part, str_from_z(want[i])));
    }
    assert_null(rest.p);
    assert_false(str_cut(&rest, ',', &part));
    rest = STR("");
    assert_true(str_cut(&rest, ',', &part));
    assert_str(part, "");
    assert_false(str_cut(&rest, ',', &part));
}

static void test_i64_takes_the_whole_range_and_nothing_else(void **state) {
    (void)state;
    int64_t v = 5;
    assert_true(str_to_i64(STR("9223372036854775807"), &v) && v == INT64_MAX);
    assert_true(str_to_i64(STR("-9223372036854775808"), &v) && v == INT64_MIN);
    assert_true(str_to_i64(STR("+000000000000000000000000017"), &v) && v == 17);
    assert_true(str_to_i64(STR("-0"), &v) && v == 0);
    v = 5;
    const char *const wrong[] = {"",
                                 "-",
                                 "+",
                                 "+-1",
                                 "1 ",
                                 " 1",
                                 "1.0",
                                 "0x1",
                                 "1e3",
                                 "--1",
                                 "9223372036854775808",
                                 "-9223372036854775809",
                                 "99999999999999999999",
                                 "18446744073709551616",
                                 "1_0"};
    for (int i = 0; i < COUNT_OF(wrong); i++) {
        if (str_to_i64(str_from_z(wrong[i]), &v)) fail_msg("\"%s\" was taken", wrong[i]);
    }
    assert_int_equal(v, 5);
}

static void test_random_i64_come_back(void **state) {
    (void)state;
    struct rng rng;
    rng_init(&rng, test_seed());
    for (int i = 0; i < 20000; i++) {
        int64_t v = (int64_t)rng_next(&rng) >> rng_below(&rng, 64), back;
        char text[32];
        int n = snprintf(text, sizeof text, "%lld", (long long)v);
        assert_true(str_to_i64(str_from_bytes(text, n), &back));
        assert_true(back == v);
    }
}

static void test_dup_copies_and_dupz_ends_in_nul(void **state) {
    (void)state;
    char block[64];
    struct arena a;
    arena_init(&a, block, sizeof block);
    char source[] = "text";
    str copy = str_dup(&a, str_from_z(source));
    char *z = str_dupz(&a, STR("bord"));
    source[0] = 'x';
    assert_str(copy, "text");
    assert_string_equal(z, "bord");
    assert_string_equal(str_dupz(&a, (str){0}), "");
    assert_non_null(str_dup(&a, (str){0}).p); /* empty, not "nothing left" */
}

static void test_copyz_cuts_at_a_code_point(void **state) {
    (void)state;
    char dst[6];
    assert_true(str_copyz(STR("12345"), dst, sizeof dst));
    assert_string_equal(dst, "12345");
    assert_false(str_copyz(STR("123456"), dst, sizeof dst));
    assert_string_equal(dst, "12345");
    assert_false(str_copyz(STR("12\xF0\x9F\x9A\x80"), dst, sizeof dst)); /* needs 6, has 5 */
    assert_string_equal(dst, "12");
    assert_false(str_copyz(STR("123\xE2\x82\xAC"), dst, sizeof dst));
    assert_string_equal(dst, "123");
    assert_true(str_copyz(STR("12\xE2\x82\xAC"), dst, sizeof dst));
    assert_string_equal(dst, "12\xE2\x82\xAC");
    assert_false(str_copyz(STR("a"), dst, 1));
    assert_string_equal(dst, "");
    assert_true(str_copyz((str){0}, dst, 1));
    assert_false(str_copyz(STR("\x80\x80\x80\x80\x80\x80\x80"), dst, sizeof dst)); /* no text */
    assert_true(strlen(dst) >= 2);
}

static void test_hash_is_the_same_on_every_machine(void **state) {
    (void)state;
    assert_true(str_hash(STR("a")) != str_hash(STR("b")));
    assert_true(str_hash(STR("")) == UINT64_C(0xEFD01F60BA992926));
    assert_true(str_hash(STR("BTCUSDT")) == UINT64_C(0x094E13C8BECA0692));
}

/* An independent decoder: shift the bits together first, then ask whether the shortest form of the
 * result has this length. Returns -1 for ill-formed. */
static long decode_slowly(const unsigned char *p, int n) {
    static const long least[] = {0, 0, 0x80, 0x800, 0x10000};
    int want = p[0] < 0x80 ? 1 : p[0] >> 5 == 6 ? 2 : p[0] >> 4 == 14 ? 3 : p[0] >> 3 == 30 ? 4 : 0;
    if (want == 0 || n < want) return -1;
    long code = want == 1 ? p[0] : p[0] & ((1 << (7 - want)) - 1);
    for (int i = 1; i < want; i++) {
        if (p[i] >> 6 != 2) return -1;
        code = code * 64 + p[i] % 64;
    }
    if (code < least[want] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return -1;
    return code;
}

static int bytes_of(long code) {
    return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

static void test_utf8_agrees_with_a_slow_decoder_on_all_short_sequences(void **state) {
    (void)state;
    static const unsigned char second[] = {0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0};
    unsigned char p[4];
    for (int first = 0; first < 256; first++) {
        for (int k = 0; k < 9 * 9 * 9; k++) {
            p[0] = (unsigned char)first;
            p[1] = second[k / 81];
            p[2] = second[k / 9 % 9];
            p[3] = second[k % 9];
            for (int n = 1; n <= 4; n++) {
                long want = decode_slowly(p, n);
                ptrdiff_t pos = 0;
                uint32_t got = str_utf8_next(str_from_bytes(p, n), &pos);
                assert_true(got == (want < 0 ? 0xFFFDu : (uint32_t)want));
                assert_int_equal(pos, want < 0 ? 1 : bytes_of(want));
                bool whole = want >= 0 && bytes_of(want) == n;
                if (whole) assert_true(str_utf8_valid(str_from_bytes(p, n)));
                if (want < 0) assert_false(str_utf8_valid(str_from_bytes(p, n)));
            }
        }
    }
}

static void test_utf8_valid_finds_one_bad_byte_anywhere(void **state) {
    (void)state;
    char text[40];
    for (int at = 0; at < 40; at++) {
        memset(text, 'x', sizeof text);
        assert_true(str_utf8_valid(str_from_bytes(text, sizeof text)));
        text[at] = (char)0xFF;
        assert_false(str_utf8_valid(str_from_bytes(text, sizeof text)));
        text[at] = (char)0xC3; /* begins what never comes */
        assert_false(str_utf8_valid(str_from_bytes(text, sizeof text)));
        assert_false(str_utf8_valid(str_from_bytes(text, at + 1)));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_slices_without_memory_work_everywhere),
        cmocka_unit_test(test_order_is_bytewise_and_unsigned),
        cmocka_unit_test(test_find_head_tail_trim),
        cmocka_unit_test(test_cut_gives_every_part_also_empty_ones),
        cmocka_unit_test(test_i64_takes_the_whole_range_and_nothing_else),
        cmocka_unit_test(test_random_i64_come_back),
        cmocka_unit_test(test_dup_copies_and_dupz_ends_in_nul),
        cmocka_unit_test(test_copyz_cuts_at_a_code_point),
        cmocka_unit_test(test_hash_is_the_same_on_every_machine),
        cmocka_unit_test(test_utf8_agrees_with_a_slow_decoder_on_all_short_sequences),
        cmocka_unit_test(test_utf8_valid_finds_one_bad_byte_anywhere),
    };
    return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
