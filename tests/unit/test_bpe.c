/* bpe: texts as numbers, with a vocabulary small enough to be looked through. What a real one gives
 * is held against other people's tokenizer in tests/parity. */
#include "model/bpe.h"

#include "check.h"

/* GPT-2 writes a blank as U+0120. */
static const char vocab[] =
    "{\"<s>\":0,\"<pad>\":1,\"</s>\":2,\"<unk>\":3,\"a\":4,\"b\":5,\"c\":6,\"\\u0120\":7,\".\":8,"
    "\"'\":9,\"s\":10,\"1\":11,\"ab\":12,\"bc\":13,\"\\u0120ab\":14,\"abc\":15,\"aa\":16,"
    "\"aaaa\":17,\"'s\":18,\"11\":19,\"..\":20,\"\\u00c3\":21,\"\\u00a9\":22,\"\\u00c3\\u00a9\":23,"
    "\"<mask>\":24,\"\\u010a\":25}";
static const char merges[] = "#version: 0.2\n"
                             "a b\nb c\n\xC4\xA0 ab\nab c\na a\naa aa\n' s\n1 1\n. .\n"
                             "\xC3\x83 \xC2\xA9\n";

static struct arena boot, scratch;
static struct bpe *bpe;
static struct buf compiled;

static int open_all(void **state) {
    (void)state;
    struct error err;
    arena_open(&boot, 1 << 20);
    arena_open(&scratch, 8 << 20);
    buf_init(&compiled, 1 << 20);
    assert_ok(bpe_compile(str_from_z(vocab), str_from_z(merges), &compiled, &err), &err);
    assert_ok(bpe_open(&boot, buf_str(&compiled), &bpe, &err), &err);
    return 0;
}

static int close_all(void **state) {
    (void)state;
    buf_fini(&compiled);
    arena_close(&scratch);
    arena_close(&boot);
    return 0;
}

/* want: the numbers between 0 and 2, ended by -1. */
static void check_ids(const char *file, int line, str text, const int32_t *want) {
    int32_t got[256];
    const int n = bpe_encode(bpe, scratch, text, COUNT_OF(got), got);
    int i = 0;
    while (want[i] >= 0 && i + 2 < n && got[i + 1] == want[i]) i++;
    if (want[i] < 0 && i + 2 == n && got[0] == 0 && got[n - 1] == 2) return;
    print_error("\"" STR_FMT "\" differs at token %d\n", STR_ARG(text), i);
    _fail(file, line);
}
#define assert_ids(text, ...)                                                                      \
    check_ids(__FILE__, __LINE__, STR(text), (const int32_t[]){__VA_ARGS__, -1})

static void test_the_lowest_rank_merges_first_and_of_equals_the_leftmost(void **state) {
    (void)state;
    assert_ids("abc", 15);
    assert_ids("bbc", 5, 13);
    assert_ids("aaa", 16, 4);
    assert_ids("aaaaa", 17, 4);
    assert_ids("aaab", 16, 12);
}

static void test_pieces_are_cut_as_the_pattern_says(void **state) {
    (void)state;
    assert_ids("ab ab", 12, 14);
    assert_ids("ab  ab", 12, 7, 14);
    assert_ids("ab ", 12, 7);
    assert_ids("ab\nab", 12, 25, 12);
    assert_ids("a11", 4, 19);
    assert_ids("a..1", 4, 20, 11);
    assert_ids("ab's", 12, 18);
    assert_ids("ab 's", 12, 7, 9, 10); /* a mark after a blank, and a letter */
}

static void test_bytes_that_the_vocabulary_lacks_are_unknown(void **state) {
    (void)state;
    assert_ids("\xC3\xA9", 23);
    assert_ids("a\xF0\x9F\x9A\x80", 4, 3, 3, 3, 3);
    assert_int_equal(bpe_vocab_count(bpe), 26);
}

static void test_names_of_special_tokens_are_understood_in_the_text(void **state) {
    (void)state;
    assert_ids("a</s>b", 4, 2, 5);
    assert_ids("a <mask> ab", 4, 24, 14);
    assert_ids("a <pad> ab", 4, 7, 1, 14);
    assert_ids("<s", 3, 10);
}

static void test_what_does_not_fit_is_cut_before_the_end_token(void **state) {
    (void)state;
    int32_t ids[4];
    assert_int_equal(bpe_encode(bpe, scratch, STR("abc abc abc"), 4, ids), 4);
    assert_int_equal(ids[0], 0);
    assert_int_equal(ids[1], 15);
    assert_int_equal(ids[2], 14);
    assert_int_equal(ids[3], 2);
    assert_int_equal(bpe_encode(bpe, scratch, STR("abc"), 2, ids), 2);
    assert_int_equal(ids[1], 2);
    assert_int_equal(bpe_encode(bpe, scratch, STR(""), 4, ids), 2);
}

static void test_one_word_of_any_length_takes_the_memory_that_is_said(void **state) {
    (void)state;
    enum { BYTES = 100000 };
    static char text[BYTES];
    static int32_t ids[BYTES + 2];
    struct arena exact;
    for (int i = 0; i < BYTES; i++) text[i] = "aab"[i % 3];
    arena_open(&exact, BPE_SCRATCH_BYTES(BYTES));
    const int n = bpe_encode(bpe, exact, (str){text, BYTES}, BYTES + 2, ids);
    assert_int_equal(n, 2 + 2 * BYTES / 3 + 1); /* a ab ... and the last a */
    arena_close(&exact);
}

static void test_users_and_links_are_masked_between_blanks_only(void **state) {
    (void)state;
    assert_str(bpe_masked(&scratch, STR("@bob see https://t.co/x now")), "@user see http now");
    assert_str(bpe_masked(&scratch, STR("@ (@bob) a@b  httpd\n@x ")), "@ (@bob) a@b  http ");
    assert_str(bpe_masked(&scratch, STR("@a @b @c")), "@user @user @user");
    assert_str(bpe_masked(&scratch, STR("")), "");
}

static void refused(const char *vocab_json, const char *merges_txt, const char *why) {
    struct error err;
    struct buf out;
    buf_init(&out, 1 << 20);
    assert_fails(bpe_compile(str_from_z(vocab_json), str_from_z(merges_txt), &out, &err), &err,
                 ERR_PARSE);
    if (!strstr(err.msg, why)) fail_msg("\"%s\" says nothing of \"%s\"", err.msg, why);
    buf_fini(&out);
}

static void test_files_that_do_not_fit_together_are_refused_with_the_place(void **state) {
    (void)state;
    refused("{\"<s>\":0,\"</s>\":1,\"<unk>\":2,\"a\":3}", "#version\na b\n", "merges.txt:2: \"b\"");
    refused("{\"<s>\":0,\"</s>\":1,\"<unk>\":2,\"a\":3}", "#version\na\n", "merges.txt:2: \"a\"");
    refused("{\"<s>\":0,\"<unk>\":2}", "", "no \"</s>\"");
    refused("{\"<s>\":0,\"</s>\":-1,\"<unk>\":2}", "", "\"</s>\" has no number");
    refused("{\"<s>\":0,", "", "vocab.json:1");
    refused("[]", "", "no object");
}

static void test_every_changed_byte_of_a_header_is_survived(void **state) {
    (void)state;
    static _Alignas(8) char copy[1 << 16];
    int opened = 0;
    assert_true(compiled.len <= COUNT_OF(copy));
    for (int i = 0; i < 1200; i++) {
        struct error err;
        struct bpe *b;
        struct arena a = boot;
        memcpy(copy, compiled.p, (size_t)compiled.len);
        copy[i] = (char)(copy[i] ^ 0x81);
        if (bpe_open(&a, (str){copy, compiled.len}, &b, &err)) {
            int32_t ids[16];
            const int n = bpe_encode(b, scratch, STR("abc ab.11 <mask>"), COUNT_OF(ids), ids);
            for (int k = 0; k < n; k++) assert_in_range(ids[k], 0, bpe_vocab_count(b) - 1);
            opened++;
        } else {
            assert_int_equal(err.code, ERR_DAMAGED);
        }
    }
    assert_in_range(opened, 0, 1100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_lowest_rank_merges_first_and_of_equals_the_leftmost),
        cmocka_unit_test(test_pieces_are_cut_as_the_pattern_says),
        cmocka_unit_test(test_bytes_that_the_vocabulary_lacks_are_unknown),
        cmocka_unit_test(test_names_of_special_tokens_are_understood_in_the_text),
        cmocka_unit_test(test_what_does_not_fit_is_cut_before_the_end_token),
        cmocka_unit_test(test_one_word_of_any_length_takes_the_memory_that_is_said),
        cmocka_unit_test(test_users_and_links_are_masked_between_blanks_only),
        cmocka_unit_test(test_files_that_do_not_fit_together_are_refused_with_the_place),
        cmocka_unit_test(test_every_changed_byte_of_a_header_is_survived),
    };
    return cmocka_run_group_tests_name("bpe", tests, open_all, close_all);
}
