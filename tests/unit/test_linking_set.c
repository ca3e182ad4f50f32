/* linking_set: the linker over posts whose coins are known (tests/data/linking.jsonl, all of them
 * written for the tests). What the file asks is hard on purpose: words, shares, derivatives, names
 * in other senses. `bullfinch eval --links tests/data/linking.jsonl --misses` shows what is wrong.
 */
#include <stdio.h>

#include "app/eval_links.h"
#include "readkit.h"

#define FILE_BYTES_MAX (4 << 20)

static struct readkit kit;

static int open_kit(void **state) {
    (void)state;
    readkit_open(&kit, &(struct reader_options){0});
    return 0;
}

static int close_kit(void **state) {
    (void)state;
    readkit_close(&kit);
    return 0;
}

static str read_set(void) {
    static char content[FILE_BYTES_MAX];
    char path[4096];
    const char *root = getenv("BF_SOURCE_ROOT"); /* tidy: where the data is */
    snprintf(path, sizeof path, "%s/tests/data/linking.jsonl", root ? root : "..");
    FILE *f = fopen(path, "re");
    if (!f) fail_msg("%s: not there; set BF_SOURCE_ROOT to the repository", path);
    size_t n = fread(content, 1, sizeof content, f);
    fclose(f);
    assert_in_range(n, 1, sizeof content - 1);
    return (str){content, (ptrdiff_t)n};
}

static void test_links_are_right_and_complete(void **state) {
    (void)state;
    struct link_counts n;
    struct error err;
    struct buf show;
    buf_init(&show, 1 << 20);
    assert_ok(links_count(kit.reader, read_set(), &show, &n, &err), &err);
    if (n.right * 1000 < (n.right + n.wrong) * 990 || n.right * 1000 < (n.right + n.missing) * 970)
        fail_msg("right %ld, wrong %ld, missing %ld\n%s", (long)n.right, (long)n.wrong,
                 (long)n.missing, buf_z(&show));
    assert_true(n.posts > 2100 && n.about_none > 900);
    assert_in_range(n.about_none_linked, 0, 8);
    buf_fini(&show);
}

static void test_counts_are_of_links_and_posts(void **state) {
    (void)state;
    struct link_counts n;
    struct error err;
    struct buf show;
    buf_init(&show, 1 << 16);
    str set = STR("% a remark\n"
                  "{\"text\":\"$BTC and $ETH\",\"symbols\":[\"BTCUSDT\",\"SOL\"]}\n"
                  "{\"symbols\":[],\"text\":\"a day at the sea\",\"more\":[1,{\"a\":2}]}\n"
                  "{\"symbols\":[],\"text\":\"$DOGE\"}\n");
    assert_ok(links_count(kit.reader, set, &show, &n, &err), &err);
    assert_int_equal(n.posts, 3);
    assert_int_equal(n.right, 1);
    assert_int_equal(n.wrong, 2);
    assert_int_equal(n.missing, 1);
    assert_int_equal(n.about_none, 2);
    assert_int_equal(n.about_none_linked, 1);
    assert_str(buf_str(&show), "2: \"$BTC and $ETH\"\n"
                               "    missing  SOL\n"
                               "    wrong    ETHUSDT, 98.00 %, cashtag \"$ETH\"\n"
                               "4: \"$DOGE\"\n"
                               "    wrong    DOGEUSDT, 98.00 %, cashtag \"$DOGE\"\n");
    buf_fini(&show);
}

static void test_a_line_that_is_no_post_is_told(void **state) {
    (void)state;
    static const char *const bad[] = {"{\"text\":\"x\"}",
                                      "{\"symbols\":[]}",
                                      "[]",
                                      "{\"text\":\"x\",\"symbols\":\"BTC\"}",
                                      "{\"text\":\"x\",\"symbols\":[1]}",
                                      "{\"text\":\"x\",\"symbols\":[]} x"};
    for (int i = 0; i < COUNT_OF(bad); i++) {
        struct link_counts n;
        struct error err;
        assert_fails(links_count(kit.reader, str_from_z(bad[i]), NULL, &n, &err), &err, ERR_PARSE);
        if (!strstr(err.msg, "line 1")) fail_msg("\"%s\" lacks the line", err.msg);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_links_are_right_and_complete),
        cmocka_unit_test(test_counts_are_of_links_and_posts),
        cmocka_unit_test(test_a_line_that_is_no_post_is_told),
    };
    return cmocka_run_group_tests(tests, open_kit, close_kit);
}
