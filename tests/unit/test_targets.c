/* targets: polarity towards a coin over tests/data/targets.jsonl, written for it, in contrasts.
 * What is asserted is what the reader reaches, a little below: a change that loses posts is seen.
 * Which of them are read wrongly: bullfinch eval --targets tests/data/targets.jsonl --misses. */
#include "app/eval_targets.h"

#include <stdlib.h>

#include "readkit.h"

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

static const char *data_path(char *block, int bytes) {
    const char *root = getenv("BF_SOURCE_ROOT");
    assert_true(snprintf(block, (size_t)bytes, "%s/tests/data/targets.jsonl", root ? root : "..") >
                0);
    return block;
}

static void test_most_contrasts_are_right_on_all_sides(void **state) {
    (void)state;
    char path[512];
    struct eval_targets e;
    struct error err;
    assert_ok(eval_targets_file(kit.reader, data_path(path, sizeof path), NULL, &e, &err), &err);
    assert_int_equal(e.pairs, 723);
    if (eval_targets_recall_bp(&e) < 8450) fail_msg("recall %d", (int)eval_targets_recall_bp(&e));
    if (e.pairs_right < 530) fail_msg("%d contrasts right", (int)e.pairs_right);
}

static void eval_text(const char *json, struct buf *misses, struct eval_targets *ret) {
    char path[] = "/tmp/bullfinch-targets-XXXXXX";
    struct error err;
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_true(write(fd, json, strlen(json)) == (ssize_t)strlen(json));
    assert_int_equal(close(fd), 0);
    const bool ok = eval_targets_file(kit.reader, path, misses, ret, &err);
    assert_int_equal(unlink(path), 0);
    assert_ok(ok, &err);
}

static void test_counts_and_misses_are_told(void **state) {
    (void)state;
    struct buf misses;
    struct eval_targets e;
    buf_init(&misses, 1 << 16);
    eval_text(
        "{\"text\":\"buying BTC now\",\"symbol\":\"BTCUSDT\",\"polarity\":1,\"pair\":\"x\"}\n"
        "{\"text\":\"buying BTC now\",\"symbol\":\"BTCUSDT\",\"polarity\":-1,\"pair\":\"x\"}\n"
        "\n"
        "{\"text\":\"lunch\",\"symbol\":\"BTCUSDT\",\"polarity\":0,\"pair\":7}\n"
        "{\"text\":\"lunch\",\"symbol\":\"BTCUSDT\",\"polarity\":1}\n",
        &misses, &e);
    assert_int_equal(e.matrix[2][2], 1);
    assert_int_equal(e.matrix[0][2], 1);
    assert_int_equal(e.matrix[1][1], 1);
    assert_int_equal(e.matrix[2][1], 1);
    assert_int_equal(e.unlinked, 2);
    assert_int_equal(e.pairs, 1);
    assert_int_equal(e.pairs_right, 0);
    assert_int_equal(e.alone, 1);
    assert_int_equal(eval_targets_recall_bp(&e), (0 + 10000 + 5000) / 3);
    assert_true(str_find(buf_str(&misses), STR("-1 BTCUSDT read +0.")) == 0);
    assert_true(str_find(buf_str(&misses), STR("+1 BTCUSDT not linked: lunch")) > 0);
    buf_fini(&misses);
}

static void test_a_line_of_another_shape_is_an_error(void **state) {
    (void)state;
    static const char *const lines[] = {
        "{\"text\":\"x\",\"symbol\":\"BTCUSDT\"}",
        "{\"text\":\"x\",\"symbol\":\"BTCUSDT\",\"polarity\":2}",
        "{\"text\":3,\"symbol\":\"BTCUSDT\",\"polarity\":1}",
        "{\"text\":\"x\",\"symbol\":\"BTC\",\"polarity\":1}",
        "\n",
        "[]",
        "{\"text\":\"x\",\"symbol\":\"BTCUSDT\",\"polarity\":1} x",
    };
    for (int i = 0; i < COUNT_OF(lines); i++) {
        char path[] = "/tmp/bullfinch-targets-XXXXXX";
        struct eval_targets e;
        struct error err;
        const int fd = mkstemp(path);
        assert_true(fd >= 0);
        assert_true(write(fd, lines[i], strlen(lines[i])) > 0);
        assert_int_equal(close(fd), 0);
        const bool ok = eval_targets_file(kit.reader, path, NULL, &e, &err);
        assert_int_equal(unlink(path), 0);
        assert_false(ok);
        assert_int_equal(err.code, ERR_PARSE);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_most_contrasts_are_right_on_all_sides),
        cmocka_unit_test(test_counts_and_misses_are_told),
        cmocka_unit_test(test_a_line_of_another_shape_is_an_error),
    };
    return cmocka_run_group_tests(tests, open_kit, close_kit);
}
