/* desk and cascade: posts of many threads before a real model of random weights. Who read which is
 * told, what a post reads does not depend on its neighbours, and what is left out is left to the
 * linear model. When that happens is decided by batcher.c, which has a test with a clock of its
 * own. */
#include "model/desk.h"

#include <math.h>
#include <poll.h>
#include <pthread.h>

#include "base/board.h"
#include "base/log.h"
#include "base/metric.h"
#include "model/roberta.h"
#include "readkit.h"
#include "tiny_roberta.h"

#define POSTS 48
#define THREADS 6

static struct arena boot;
static struct roberta *roberta;
static const struct model *slow;
static struct post posts[POSTS];
static struct reading want_slow[POSTS], want_linear[POSTS];

/* --- a model --------------------------------------------------------------------------------- */

static void make_model(void) {
    char path[64];
    struct arena mem;
    struct error err;
    snprintf(path, sizeof path, "/tmp/bf-desk-%ld", (long)getpid());
    arena_open(&mem, 64 << 20);
    const struct checkpoint *c = tiny_roberta(&mem, test_seed(), 64, 4, 2, 128);
    const struct roberta_options opt = {.path = path, .engine = {.threads = 1}};
    assert_ok(packed_write(c, PRECISION_FP32, "tiny", path, true, &err), &err);
    assert_ok(roberta_open(&boot, &opt, &roberta, &err), &err);
    assert_ok(roberta_model(&boot, roberta, &slow, &err), &err);
    unlink(path);
    arena_close(&mem);
}

static struct reader *reader_of(const struct model *m) {
    struct reader *r;
    struct error err;
    assert_ok(reader_open(&boot, &(struct reader_options){.model = m}, &r, &err), &err);
    return r;
}

static void make_posts(void) {
    static const char *const coins[] = {"$DOGE", "Bitcoin", "$ETH and $SOL", "the weather",
                                        "a cat"};
    static const char *const says[] = {"is doing something", "is great", "is awful, sold it all",
                                       "moves today", "was there; then not"};
    for (int i = 0; i < POSTS; i++) {
        struct buf b;
        buf_init(&b, 4096);
        buf_printf(&b, "%s %s number %d", coins[i % 5], says[i / 5 % 5], i);
        for (int k = 0; k < i * 7 % 40; k++) buf_put(&b, STR(" word"));
        posts[i] = (struct post){.id = i + 1, .text = str_dup(&boot, buf_str(&b))};
        buf_fini(&b);
    }
}

static void read_alone(struct reader *r, struct reading *ret) {
    struct arena scratch;
    arena_open(&scratch, READER_SCRATCH_BYTES);
    for (int i = 0; i < POSTS; i++) reader_read(r, scratch, &posts[i], 1, &ret[i]);
    arena_close(&scratch);
}

static int open_all(void **state) {
    (void)state;
    arena_open(&boot, INT64_C(1) << 30);
    make_model();
    make_posts();
    read_alone(reader_of(slow), want_slow);
    read_alone(reader_of(NULL), want_linear);
    return 0;
}

static int close_all(void **state) {
    (void)state;
    roberta_close(roberta);
    arena_close(&boot);
    return 0;
}

static const struct model *desk_of(int texts_max, usec deadline) {
    return desk_model(
        &boot, &(struct desk_options){.slow = slow,
                                      .fast = model_linear(),
                                      .batcher = {.texts_max = texts_max, .deadline = deadline}});
}

static void same(const struct reading *got, const struct reading *want) {
    assert_string_equal(got->model, want->model);
    assert_memory_equal(got->probs_bp, want->probs_bp, sizeof got->probs_bp);
    assert_int_equal(got->mention_count, want->mention_count);
    for (int i = 0; i < got->mention_count; i++)
        assert_int_equal(got->mentions[i].polarity_bp, want->mentions[i].polarity_bp);
}

/* --- many callers ---------------------------------------------------------------------------- */

struct caller {
    pthread_t thread;
    const struct reader *reader;
    int first, step;
    usec since;
    struct reading got[POSTS];
};

static void *call(void *arg) {
    struct caller *c = arg;
    struct reader_post v[POSTS];
    struct arena scratch;
    arena_open(&scratch, READER_SCRATCH_BYTES);
    for (int round = 0; round < 5; round++) {
        int n = 0;
        for (int i = c->first; i < POSTS; i += c->step)
            v[n++] = (struct reader_post){.post = &posts[i], .since = c->since, .ret = &c->got[i]};
        for (int i = 0; i < n; i += round + 1) /* more and more at once */
            reader_read_waiting(c->reader, scratch, v + i, (int)i64_min(round + 1, n - i));
    }
    arena_close(&scratch);
    return NULL;
}

static struct caller *call_all(const struct model *m, usec since) {
    struct caller *v = NEW_ARRAY(&boot, struct caller, THREADS);
    const struct reader *r = reader_of(m);
    for (int i = 0; i < THREADS; i++) {
        v[i] = (struct caller){.reader = r, .first = i, .step = THREADS, .since = since};
        assert_int_equal(pthread_create(&v[i].thread, NULL, call, &v[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) pthread_join(v[i].thread, NULL);
    return v;
}

static int64_t counter(metric_id id) { return metric_value(metric_get(id, NULL)); }

static void test_what_a_post_reads_does_not_depend_on_whose_wait_beside_it(void **state) {
    (void)state;
    for (int texts_max = 1; texts_max <= 64; texts_max *= 8) {
        const usec far = 1000 * USEC_PER_S; /* nothing is shed */
        const struct caller *v = call_all(desk_of(texts_max, far), time_monotonic_us());
        for (int i = 0; i < POSTS; i++) same(&v[i % THREADS].got[i], &want_slow[i]);
    }
}

static void test_a_whole_batch_reads_as_its_posts_alone(void **state) {
    (void)state;
    static struct reading got[POSTS];
    struct arena scratch;
    arena_open(&scratch, READER_SCRATCH_BYTES);
    reader_read(reader_of(slow), scratch, posts, POSTS, got);
    for (int i = 0; i < POSTS; i++) same(&got[i], &want_slow[i]);
    reader_read(reader_of(desk_of(8, USEC_PER_S)), scratch, posts, POSTS, got);
    for (int i = 0; i < POSTS; i++) same(&got[i], &want_slow[i]);
    arena_close(&scratch);
}

static void test_who_waits_for_as_long_as_it_takes_is_never_shed(void **state) {
    (void)state;
    struct model_load load;
    const struct model *desk = desk_of(8, 1);
    call_all(desk, 0);
    desk->ops->tend(desk, &load);
    assert_int_equal(load.shed_total, 0);
    assert_false(load.sheds);
}

static bool breaker_is(const char *what) {
    struct board_breaker v[BOARD_BREAKERS_MAX];
    const int count = board_breakers(v);
    for (int i = 0; i < count; i++)
        if (strcmp(v[i].name, "model") == 0) return strcmp(v[i].state, what) == 0;
    return false;
}

static void test_posts_that_waited_too_long_are_read_by_the_linear_model_and_counted(void **state) {
    (void)state;
    const struct model *desk = desk_of(8, 10 * USEC_PER_MS);
    const int64_t before = counter(M_MODEL_SHED);
    const int64_t read = counter(M_MODEL_POSTS);
    struct model_load load;
    const struct caller *v = call_all(desk, time_monotonic_us() - USEC_PER_MIN);
    for (int i = 0; i < POSTS; i++) same(&v[i % THREADS].got[i], &want_linear[i]);
    assert_int_equal(counter(M_MODEL_SHED) - before, 5 * POSTS);
    assert_int_equal(counter(M_MODEL_POSTS), read);
    desk->ops->tend(desk, &load);
    assert_true(load.sheds);
    assert_int_equal(load.shed, 5 * POSTS);
    assert_true(breaker_is("open"));
    while (load.sheds) { /* nothing more comes, and it says so by itself */
        poll(NULL, 0, 20);
        desk->ops->tend(desk, &load);
    }
    assert_int_equal(load.shed, 5 * POSTS);
    assert_true(breaker_is("closed"));
}

static void test_nobody_asks_a_model_of_a_post_without_a_coin_that_nobody_wants(void **state) {
    (void)state;
    const struct reader *r = reader_of(desk_of(8, USEC_PER_S));
    const int64_t read = counter(M_MODEL_POSTS);
    static struct reading got[POSTS];
    struct reader_post v[POSTS];
    struct arena scratch;
    int linked = 0;
    arena_open(&scratch, READER_SCRATCH_BYTES);
    for (int i = 0; i < POSTS; i++)
        v[i] = (struct reader_post){.post = &posts[i], .only_linked = true, .ret = &got[i]};
    reader_read_waiting(r, scratch, v, POSTS);
    for (int i = 0; i < POSTS; i++) {
        assert_int_equal(got[i].mention_count, want_slow[i].mention_count);
        if (got[i].mention_count == 0) continue;
        same(&got[i], &want_slow[i]);
        linked++;
    }
    assert_in_range(linked, 1, POSTS - 1);
    assert_int_equal(counter(M_MODEL_POSTS) - read, linked);
    arena_close(&scratch);
}

/* --- the cascade ----------------------------------------------------------------------------- */

/* Says what it was made to say of the ranges of a post, in turn. */
struct told {
    struct model base;
    struct model_ops ops;
    struct model_scores says[2];
};

static void told_score(const struct model *m, struct arena scratch, struct model_ask *asks,
                       int count) {
    const struct told *t = (const struct told *)m;
    (void)scratch;
    for (int i = 0; i < count; i++) {
        for (int k = 0; k < asks[i].count; k++) asks[i].scores[k] = t->says[k % 2];
        asks[i].by = m->ops->name;
    }
}

static struct told told_of(const char *name, struct model_scores a, struct model_scores b) {
    return (struct told){.ops = {.name = name, .together = 1, .score = told_score}, .says = {a, b}};
}

/* Neutral is so likely, in basis points, and what is left is split evenly, or all positive. */
static struct model_scores neutral_at(int bp, bool evenly) {
    const double p = bp / 10000.0, rest = evenly ? (1 - p) / 2 : 1 - p;
    const int32_t side = bp == 10000 ? -20 * NAT : (int32_t)lrint(log(rest / p) * NAT);
    return (struct model_scores){{evenly ? side : -20 * NAT, 0, side}};
}

/* Who has the word on a text of two ranges of which the first model says so. */
static const char *who(const char *text, struct model_scores a, struct model_scores b,
                       int32_t sure_bp) {
    struct told first = told_of("first", a, b), second = told_of("second", a, a);
    first.base.ops = &first.ops;
    second.base.ops = &second.ops;
    const struct model *m =
        cascade_model(&boot, &(struct cascade_options){&first.base, &second.base, sure_bp});
    struct words w;
    struct links links;
    struct model_scores scores[2];
    reader_split(reader_of(NULL), &boot, str_from_z(text), &w, &links);
    const struct model_range ranges[2] = {{0, w.count / 2}, {0, w.count}};
    struct model_ask ask = {.words = &w, .ranges = ranges, .count = 2, .scores = scores};
    m->ops->score(m, boot, &ask, 1);
    return ask.by;
}

#define COIN "$DOGE does something today"
#define NO_COIN "my cat does something today"

static void test_the_cascade_leaves_it_at_a_sure_neutral(void **state) {
    (void)state;
    const struct model_scores sure = neutral_at(8001, true), unsure = neutral_at(7998, true);
    assert_string_equal(who(COIN, sure, sure, 8000), "first");
    assert_string_equal(who(COIN, unsure, unsure, 8000), "second");
    assert_string_equal(who(COIN, sure, unsure, 8000), "second"); /* one part is enough */
    assert_string_equal(who(COIN, unsure, sure, 8000), "second");
    assert_string_equal(who(COIN, unsure, unsure, 7000), "first");
}

static void test_the_cascade_asks_again_where_the_first_takes_a_side_however_sure(void **state) {
    (void)state;
    const struct model_scores side = neutral_at(100, false);
    assert_string_equal(who(COIN, side, side, 8000), "second");
    assert_string_equal(who(COIN, side, side, 3400), "second");
    assert_string_equal(who(COIN, neutral_at(7000, false), side, 3400), "second");
}

static void test_the_cascade_never_asks_again_of_a_post_without_a_coin(void **state) {
    (void)state;
    const struct model_scores side = neutral_at(100, false);
    assert_string_equal(who(NO_COIN, side, side, 8000), "first");
    assert_string_equal(who("", side, side, 8000), "first");
    assert_string_equal(who("ONE day the GAS bill came", side, side, 8000), "first"); /* words */
}

static void test_at_certainty_the_cascade_asks_of_all_that_name_a_coin(void **state) {
    (void)state;
    assert_string_equal(who(COIN, neutral_at(9999, true), neutral_at(9999, true), 10000), "second");
}

static void test_the_cascade_puts_only_open_posts_to_the_second_in_their_places(void **state) {
    (void)state;
    const struct model *m = cascade_model(
        &boot, &(struct cascade_options){model_linear(), desk_of(8, USEC_PER_S), 8000});
    static struct reading alone[POSTS], together[POSTS];
    const struct reader *r = reader_of(m);
    struct arena scratch;
    int by_linear = 0, by_slow = 0;
    arena_open(&scratch, READER_SCRATCH_BYTES);
    reader_read(r, scratch, posts, POSTS, together);
    for (int i = 0; i < POSTS; i++) {
        reader_read(r, scratch, &posts[i], 1, &alone[i]);
        same(&together[i], &alone[i]);
        const bool linear = strcmp(alone[i].model, want_linear[i].model) == 0;
        same(&alone[i], linear ? &want_linear[i] : &want_slow[i]);
        by_linear += linear;
        by_slow += !linear;
        if (alone[i].mention_count == 0) assert_true(linear);
    }
    assert_true(by_linear > 0);
    assert_true(by_slow > 0);
    arena_close(&scratch);
}

static void test_a_cascade_that_is_behind_keeps_the_first_ones_word(void **state) {
    (void)state;
    const struct model *m = cascade_model(
        &boot, &(struct cascade_options){model_linear(), desk_of(8, USEC_PER_MS), 10000});
    const struct caller *v = call_all(m, time_monotonic_us() - USEC_PER_MIN);
    struct model_load load;
    for (int i = 0; i < POSTS; i++) same(&v[i % THREADS].got[i], &want_linear[i]);
    m->ops->tend(m, &load);
    assert_true(load.sheds);
    assert_true(load.shed > 0 && load.shed < 5 * POSTS); /* those that name a coin */
}

/* --- no numbers ------------------------------------------------------------------------------ */

#define LETTER_W (6 + 'w' - 'a') /* its row, see tiny_roberta.h */

/* As the other one, but the word "w" stands for numbers that are too large to compute
 * with. The caller closes *ret_roberta when he needs the model no more. */
static const struct model *huge_of_w(struct roberta **ret_roberta) {
    char path[64];
    struct arena mem;
    struct error err;
    struct roberta *r;
    const struct model *ret;
    snprintf(path, sizeof path, "/tmp/bf-desk-%ld", (long)getpid());
    arena_open(&mem, 64 << 20);
    const struct checkpoint *c = tiny_roberta(&mem, test_seed(), 64, 4, 2, 128);
    float *row = (float *)(uintptr_t)c->word + (ptrdiff_t)LETTER_W * c->shape.hidden;
    for (int i = 0; i < c->shape.hidden; i++) row[i] = 3e38F;
    const struct roberta_options opt = {.path = path, .engine = {.threads = 1}};
    assert_ok(packed_write(c, PRECISION_FP32, "tiny", path, true, &err), &err);
    assert_ok(roberta_open(&boot, &opt, &r, &err), &err);
    assert_ok(roberta_model(&boot, r, &ret, &err), &err);
    unlink(path);
    arena_close(&mem);
    *ret_roberta = r;
    return ret;
}

static void test_where_a_model_says_no_numbers_the_linear_model_is_asked(void **state) {
    (void)state;
    static struct reading got[POSTS];
    struct arena scratch;
    struct roberta *roberta_of_w;
    int without = 0;
    const int64_t told = log_count(LOG_UNUSUAL);
    arena_open(&scratch, READER_SCRATCH_BYTES);
    reader_read(reader_of(huge_of_w(&roberta_of_w)), scratch, posts, POSTS, got);
    for (int i = 0; i < POSTS; i++) {
        const bool huge = str_find_byte(posts[i].text, 'w') >= 0;
        same(&got[i], huge ? &want_linear[i] : &want_slow[i]);
        without += !huge;
    }
    arena_close(&scratch);
    roberta_close(roberta_of_w);
    assert_true(without > 0 && without < POSTS);
    assert_true(log_count(LOG_UNUSUAL) > told);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_post_reads_does_not_depend_on_whose_wait_beside_it),
        cmocka_unit_test(test_a_whole_batch_reads_as_its_posts_alone),
        cmocka_unit_test(test_who_waits_for_as_long_as_it_takes_is_never_shed),
        cmocka_unit_test(test_posts_that_waited_too_long_are_read_by_the_linear_model_and_counted),
        cmocka_unit_test(test_nobody_asks_a_model_of_a_post_without_a_coin_that_nobody_wants),
        cmocka_unit_test(test_the_cascade_leaves_it_at_a_sure_neutral),
        cmocka_unit_test(test_the_cascade_asks_again_where_the_first_takes_a_side_however_sure),
        cmocka_unit_test(test_the_cascade_never_asks_again_of_a_post_without_a_coin),
        cmocka_unit_test(test_at_certainty_the_cascade_asks_of_all_that_name_a_coin),
        cmocka_unit_test(test_the_cascade_puts_only_open_posts_to_the_second_in_their_places),
        cmocka_unit_test(test_a_cascade_that_is_behind_keeps_the_first_ones_word),
        cmocka_unit_test(test_where_a_model_says_no_numbers_the_linear_model_is_asked),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
