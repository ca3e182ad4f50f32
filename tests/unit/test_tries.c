/* The history of what could not be done: kept, bounded, and read whoever wrote it. */
#include "store/tries.h"

#include "check.h"

#define AT (INT64_C(1796036248) * USEC_PER_S) /* 2026-11-30T10:57:28Z */

static struct tries read_text(const char *text) {
    struct tries t;
    tries_read(str_from_z(text), &t);
    return t;
}

static void expect_text(const struct tries *t, ptrdiff_t most, const char *want) {
    char block[TRIES_BYTES_MAX];
    struct buf b;
    buf_init_fixed(&b, block, sizeof block);
    tries_put(t, most, &b);
    assert_string_equal(buf_z(&b), want);
}

static void test_each_try_is_told_in_its_order(void **state) {
    (void)state;
    struct tries t = {0};
    expect_text(&t, 100, "[]");
    tries_add(&t, AT, STR("bot:1:analyze"), STR("it \"failed\""));
    tries_add(&t, AT + USEC_PER_S, STR("cli:root"), (str){0});
    const char *const text =
        "[{\"at\":\"2026-11-30T10:57:28.000000Z\",\"who\":\"bot:1:analyze\","
        "\"error\":\"it \\\"failed\\\"\"},"
        "{\"at\":\"2026-11-30T10:57:29.000000Z\",\"who\":\"cli:root\",\"error\":\"\"}]";
    expect_text(&t, TRIES_BYTES_MAX - 1, text);
    const struct tries again = read_text(text);
    assert_int_equal(again.count, 2);
    assert_int_equal(again.v[0].at, AT);
    assert_string_equal(again.v[0].who, "bot:1:analyze");
    assert_string_equal(again.v[0].error, "it \"failed\"");
    assert_string_equal(again.v[1].error, "");
}

static void test_the_oldest_make_room(void **state) {
    (void)state;
    struct tries t = {0};
    for (int i = 0; i < TRIES_MAX + 5; i++) tries_add(&t, AT + i, STR("a"), STR("x"));
    assert_int_equal(t.count, TRIES_MAX);
    assert_int_equal(t.v[0].at, AT + 5);
    const char *const last =
        "[{\"at\":\"2026-11-30T10:57:28.000020Z\",\"who\":\"a\",\"error\":\"x\"}]";
    expect_text(&t, (ptrdiff_t)strlen(last), last);
    expect_text(&t, 2 * (ptrdiff_t)strlen(last) - 2, last); /* one byte short of two */
    expect_text(&t, (ptrdiff_t)strlen(last) - 1, "[]");
}

static void test_long_words_are_cut(void **state) {
    (void)state;
    char word[1000];
    struct tries t = {0};
    memset(word, 'w', sizeof word);
    tries_add(&t, AT, str_from_bytes(word, sizeof word), str_from_bytes(word, sizeof word));
    assert_int_equal(strlen(t.v[0].who), TRY_WHO_BYTES - 1);
    assert_int_equal(strlen(t.v[0].error), TRY_ERROR_BYTES - 1);
}

static void test_what_somebody_else_wrote_is_no_history(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",
        "null",
        "it failed",
        "{\"at\":1}",
        "[1,2,3]",
        "[{\"at\":\"x\"}]",
        "[[[[[[]]",
        "[\"a\"",
        "\xff\xfe",
        "[{\"at\":\"yesterday\",\"who\":\"a\",\"error\":\"b\"}]",
        "[{\"at\":\"2026-11-30T10:57:28Z\",\"who\":1,\"error\":\"b\"}]"};
    for (int i = 0; i < COUNT_OF(texts); i++) assert_int_equal(read_text(texts[i]).count, 0);
    /* and what is one among them stays */
    const struct tries t =
        read_text("[7,{\"at\":\"2026-11-30T10:57:28Z\",\"who\":\"a\",\"error\":\"b\"},null]");
    assert_int_equal(t.count, 1);
    assert_string_equal(t.v[0].who, "a");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_try_is_told_in_its_order),
        cmocka_unit_test(test_the_oldest_make_room),
        cmocka_unit_test(test_long_words_are_cut),
        cmocka_unit_test(test_what_somebody_else_wrote_is_no_history),
    };
    return cmocka_run_group_tests_name("tries", tests, NULL, NULL);
}
