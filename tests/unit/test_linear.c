/* linear: the model file, and that the same training gives the same bytes. */
#include "model/linear.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/hash.h"
#include "flow/embedded.h"
#include "readkit.h"

#define MODEL_BYTES_MAX (8 << 20)

static struct readkit kit;
static char path[] = "/tmp/bf-linear-XXXXXX";

static const char texts[] = "2\tI love this, great day\n"
                            "2\tgreat coin $BTC, love it\n"
                            "2\t\"so great, thank you @user http\"\n"
                            "2\tlove love love\n"
                            "2\tthey were over the moon\n"
                            "2\tgreat great house\n"
                            "0\tI hate this, awful day\n"
                            "0\tawful coin $BTC, hate it\n"
                            "0\tso awful\\u002c no thank you @user http\n"
                            "0\thate hate hate\n"
                            "0\tthey were down in the mouth\n"
                            "0\tawful awful house\n"
                            "1\tthe day has 24 hours\n"
                            "1\tcoin $BTC has a price\n"
                            "1\tthere is a day @user http\n"
                            "1\tit is what it is\n"
                            "1\tthey were in the house\n"
                            "1\thouse by house\n";

/* Nothing in one of these says what another is. */
static const char riddles[] = "2\tred table seven lamps\n"
                              "0\tblue carpet eleven doors\n"
                              "1\tgreen window nine chairs\n"
                              "2\tgrey ladder four stairs\n"
                              "0\twhite kettle twelve cups\n"
                              "1\tblack curtain six spoons\n";

static void write_copies(int fd, const char *what, ssize_t bytes) {
    for (int i = 0; i < 20; i++) assert_int_equal(write(fd, what, (size_t)bytes), bytes);
    assert_int_equal(close(fd), 0);
}

static int open_all(void **state) {
    (void)state;
    readkit_open(&kit, &(struct reader_options){0});
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    write_copies(fd, texts, sizeof texts - 1);
    return 0;
}

static int close_all(void **state) {
    (void)state;
    unlink(path);
    readkit_close(&kit);
    return 0;
}

static struct train_report report; /* of the last training */

static struct buf train_set(struct train_set set, uint64_t seed) {
    struct buf out;
    struct error err;
    struct train_options opt = {.sets = {set},
                                .set_count = 1,
                                .seed = seed,
                                .epochs = 40,
                                .folds = 4,
                                .classes = STR("good +: great fine\nbad -: awful horrid\n"),
                                .valences = STR("3 3: love|over the moon|hits the spot\n"
                                                "-3 -3: hate|down in the mouth|goes to the dogs\n"),
                                .reader = kit.reader};
    buf_init(&out, MODEL_BYTES_MAX);
    assert_ok(linear_train(&opt, &out, &report, &err), &err);
    return out;
}

static struct buf train_file(const char *file, uint64_t seed) {
    return train_set((struct train_set){.path = file, .weight_bp = 10000}, seed);
}

static struct buf train(uint64_t seed) { return train_file(path, seed); }

static void test_the_same_seed_gives_the_same_bytes(void **state) {
    (void)state;
    struct buf a = train(1), b = train(1), c = train(2);
    assert_true(str_eq(buf_str(&a), buf_str(&b)));
    assert_false(str_eq(buf_str(&a), buf_str(&c)));
    buf_fini(&a);
    buf_fini(&b);
    buf_fini(&c);
}

/* A reader with a model just trained; the bytes must outlive it. */
static struct reader *reader_with(const struct buf *bytes) {
    struct model *m;
    struct reader *r;
    struct error err;
    char *copy = arena_alloc(&kit.boot, 1, 64, bytes->len);
    memcpy(copy, bytes->p, (size_t)bytes->len);
    assert_ok(linear_open(&kit.boot, (str){copy, bytes->len}, &m, &err), &err);
    assert_ok(reader_open(&kit.boot, &(struct reader_options){.model = m}, &r, &err), &err);
    return r;
}

static void test_what_was_learnt_is_known(void **state) {
    (void)state;
    struct buf bytes = train(1);
    struct error err;
    struct eval_result e;
    assert_ok(model_evaluate(reader_with(&bytes), path, &e, &err), &err);
    for (int k = 0; k < 3; k++) assert_int_equal(e.count[k], 120);
    assert_true(eval_macro_recall_bp(&e) >= 9900);
    buf_fini(&bytes);
}

static label label_of(const struct reader *r, const char *text) {
    struct reading reading;
    const struct post post = {.id = 1, .text = str_from_z(text)};
    reader_read(r, kit.scratch, &post, 1, &reading);
    return reading.label;
}

static void test_a_word_never_seen_reads_like_its_class(void **state) {
    (void)state;
    struct buf bytes = train(1);
    const struct reader *r = reader_with(&bytes);
    assert_int_equal(label_of(r, "horrid horrid house"), LABEL_NEGATIVE);
    assert_int_equal(label_of(r, "fine fine house"), LABEL_POSITIVE);
    buf_fini(&bytes);
}

static void test_a_phrase_never_seen_reads_like_its_value(void **state) {
    (void)state;
    struct buf bytes = train(1);
    const struct reader *r = reader_with(&bytes);
    assert_int_equal(label_of(r, "this hits the spot"), LABEL_POSITIVE);
    assert_int_equal(label_of(r, "it goes to the dogs"), LABEL_NEGATIVE);
    buf_fini(&bytes);
}

static void test_copies_of_a_text_do_not_vouch_for_it(void **state) {
    (void)state;
    char other[] = "/tmp/bf-linear-copies-XXXXXX";
    int fd = mkstemp(other);
    assert_true(fd >= 0);
    write_copies(fd, riddles, sizeof riddles - 1);
    struct buf bytes = train_file(other, 1);
    for (int k = 0; k < 3; k++) assert_int_equal(report.set[0].count[k], 40);
    assert_true(eval_accuracy_bp(&report.set[0]) <= 5000);
    assert_int_equal(unlink(other), 0);
    buf_fini(&bytes);
}

/* Each quarter of the texts has words of its own; no two texts start alike. */
static void write_times(int fd) {
    static const char *const words[4][3] = {{"zorp", "mib", "quent"},
                                            {"flim", "drosk", "vatch"},
                                            {"plook", "snerd", "grum"},
                                            {"wibb", "jax", "tolv"}};
    for (int time = 0; time < 4; time++) {
        for (int i = 0; i < 60; i++) {
            char line[64];
            const char *word = words[time][i % 3];
            const int n = snprintf(line, sizeof line, "%d\t%c%c%c %s %s\n", i % 3, 'a' + time,
                                   'a' + i % 26, 'a' + i / 26, word, word);
            assert_int_equal(write(fd, line, (size_t)n), n);
        }
    }
    assert_int_equal(close(fd), 0);
}

static void test_a_set_in_the_order_of_time_is_read_by_other_times(void **state) {
    (void)state;
    char times[] = "/tmp/bf-linear-times-XXXXXX";
    int fd = mkstemp(times);
    assert_true(fd >= 0);
    write_times(fd);
    struct train_set set = {.path = times, .weight_bp = 10000};
    struct buf mixed = train_set(set, 1);
    assert_true(eval_accuracy_bp(&report.set[0]) >= 9500);
    set.in_time = true;
    struct buf in_time = train_set(set, 1);
    assert_true(eval_accuracy_bp(&report.set[0]) <= 5000);
    for (int k = 0; k < 3; k++) assert_int_equal(report.set[0].count[k], 80);
    assert_int_equal(unlink(times), 0);
    buf_fini(&mixed);
    buf_fini(&in_time);
}

static void check_refused(struct train_options opt) {
    struct buf out;
    struct error err;
    opt.sets[0] = (struct train_set){.path = path, .weight_bp = 10000};
    opt.set_count = opt.epochs = 1;
    opt.folds = 2;
    opt.reader = kit.reader;
    buf_init(&out, MODEL_BYTES_MAX);
    assert_fails(linear_train(&opt, &out, &report, &err), &err, ERR_PARSE);
    assert_non_null(strstr(err.msg, "line 1"));
    buf_fini(&out);
}

static void test_bad_lists_are_refused_with_their_line(void **state) {
    (void)state;
    static const char *const classes[] = {"words\n", "good: great\n", "good *: great\n",
                                          " +: great\n"};
    static const char *const valences[] = {"great\n",
                                           "3: great\n",
                                           "3 3 great\n",
                                           "5 0: great\n",
                                           "0 x: great\n",
                                           "1 1: great||\n",
                                           "1 1: one two three four five six\n"};
    for (int i = 0; i < COUNT_OF(classes); i++)
        check_refused((struct train_options){.classes = str_from_z(classes[i])});
    for (int i = 0; i < COUNT_OF(valences); i++)
        check_refused((struct train_options){.valences = str_from_z(valences[i])});
}

static void test_figures_of_an_evaluation(void **state) {
    (void)state;
    struct eval_result e = {0}, two = {0};
    eval_add(&e, 0, (const int32_t[]){8000, 1000, 1000});
    eval_add(&e, 0, (const int32_t[]){1000, 8000, 1000});
    eval_add(&e, 1, (const int32_t[]){1000, 8000, 1000});
    eval_add(&e, 2, (const int32_t[]){0, 0, 10000});
    assert_int_equal(eval_recall_bp(&e, 0), 5000);
    assert_int_equal(eval_macro_recall_bp(&e), (5000 + 10000 + 10000) / 3);
    assert_int_equal(eval_accuracy_bp(&e), 7500);
    assert_int_equal(eval_macro_f1_bp(&e), (6666 + 6666 + 10000) / 3);
    assert_int_equal(eval_ece_bp(&e), (24000 - 20000) / 4);
    assert_int_equal(eval_brier_bp(&e), (600 + 14600 + 600 + 0) / 4);
    /* poles: what neutral gets does not count */
    eval_add(&two, 0, (const int32_t[]){2000, 7000, 1000});
    eval_add(&two, 2, (const int32_t[]){2000, 7000, 1000});
    assert_int_equal(eval_macro_recall_bp(&two), 5000);
    assert_int_equal(eval_macro_f1_bp(&two), 3333);
}

static void test_a_damaged_model_is_refused(void **state) {
    (void)state;
    str whole = embedded_linear();
    char *copy = NEW_ARRAY(&kit.boot, char, whole.n);
    struct model *m;
    struct error err;
    static const int places[] = {0, 8, 16, 24, 32, 100, 50000};
    for (int i = 0; i < COUNT_OF(places); i++) {
        memcpy(copy, whole.p, (size_t)whole.n);
        copy[places[i]] ^= 0x41;
        assert_fails(linear_open(&kit.boot, (str){copy, whole.n}, &m, &err), &err, ERR_DAMAGED);
    }
    memcpy(copy, whole.p, (size_t)whole.n);
    assert_fails(linear_open(&kit.boot, (str){copy, whole.n - 1}, &m, &err), &err, ERR_DAMAGED);
    assert_fails(linear_open(&kit.boot, (str){copy, 10}, &m, &err), &err, ERR_DAMAGED);
    assert_fails(linear_open(&kit.boot, (str){0}, &m, &err), &err, ERR_DAMAGED);
    assert_ok(linear_open(&kit.boot, (str){copy, whole.n}, &m, &err), &err);
}

static void test_a_bad_line_of_texts_has_its_place(void **state) {
    (void)state;
    char bad[] = "/tmp/bf-linear-bad-XXXXXX";
    int fd = mkstemp(bad);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "1\tok\n7\tno\n", 10), 10);
    assert_int_equal(close(fd), 0);
    struct eval_result e;
    struct error err;
    assert_fails(model_evaluate(kit.reader, bad, &e, &err), &err, ERR_PARSE);
    assert_non_null(strstr(err.msg, ":2: "));
    assert_int_equal(unlink(bad), 0);
    assert_fails(model_evaluate(kit.reader, bad, &e, &err), &err, ERR_NOT_FOUND);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_seed_gives_the_same_bytes),
        cmocka_unit_test(test_what_was_learnt_is_known),
        cmocka_unit_test(test_a_word_never_seen_reads_like_its_class),
        cmocka_unit_test(test_copies_of_a_text_do_not_vouch_for_it),
        cmocka_unit_test(test_a_set_in_the_order_of_time_is_read_by_other_times),
        cmocka_unit_test(test_a_phrase_never_seen_reads_like_its_value),
        cmocka_unit_test(test_bad_lists_are_refused_with_their_line),
        cmocka_unit_test(test_figures_of_an_evaluation),
        cmocka_unit_test(test_a_damaged_model_is_refused),
        cmocka_unit_test(test_a_bad_line_of_texts_has_its_place),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
