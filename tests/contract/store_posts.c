/* Posts on their way through processes apart: stored, read, done with; and what is left to do. */
#include "store_bench.h"

#include <stdio.h>

#include "store/posts.h"

#define MANY 100

static const struct sql stage_of_one = {"SELECT stage FROM tweets WHERE id = 1"};

struct batch {
    struct post posts[MANY];
    struct reading readings[MANY];
    const struct post *of[MANY];
    struct post_read rows[MANY];
    bool gone[MANY];
};

/* Posts 1 .. count. */
static struct batch *make_batch(struct bench *b, int count) {
    struct batch *m = NEW(&b->a, struct batch);
    for (int i = 0; i < count; i++) {
        make_reading(&rng, i + 1, &m->posts[i], &m->readings[i]);
        m->posts[i].root_id = i + 1;
        m->posts[i].edited = false;
        m->of[i] = &m->posts[i];
        m->rows[i] = (struct post_read){&m->readings[i], POST_READ, 40, REASON_NONE};
    }
    return m;
}

static void put_from(struct bench *b, struct batch *m, int first, int count, usec at) {
    struct error err;
    assert_ok(store_begin(b->s, false, &err), &err);
    assert_ok(store_posts_put(b->s, m->of + first, count, at, m->gone + first, &err), &err);
    assert_ok(store_commit(b->s, &err), &err);
}

static void put(struct bench *b, struct batch *m, int count) { put_from(b, m, 0, count, NOW); }

static void read_them(struct bench *b, struct batch *m, int count) {
    struct error err;
    assert_ok(store_begin(b->s, false, &err), &err);
    assert_ok(store_posts_read(b->s, m->rows, count, NULL, &err), &err);
    assert_ok(store_commit(b->s, &err), &err);
}

static int left(struct bench *b, struct unfinished q, struct left_post **ret) {
    struct error err;
    int n = 0;
    assert_ok(store_posts_unfinished(b->s, &b->a, &q, MANY, ret, &n, &err), &err);
    return n;
}

static void test_many_posts_are_stored_at_once_and_each_once(void **state) {
    static const struct sql all = {"SELECT count(*) FROM tweets WHERE stage = 0"};
    static const struct sql texts = {"SELECT count(*) FROM tweets WHERE text = 'other'"};
    struct bench *b = *state;
    struct batch *m = make_batch(b, MANY);
    put(b, m, MANY);
    assert_int_equal(count(b, &all), MANY);
    for (int i = 0; i < MANY; i++) {
        assert_false(m->gone[i]);
        m->posts[i].text = STR("other");
    }
    put(b, m, MANY); /* one that is there stays as it is */
    assert_int_equal(count(b, &all), MANY);
    assert_int_equal(count(b, &texts), 0);
}

static void same_post(const struct post *a, const struct post *b) {
    assert_int_equal(a->id, b->id);
    assert_int_equal(a->root_id, b->root_id);
    assert_true(str_eq(a->source, b->source) && str_eq(a->source_id, b->source_id));
    assert_true(str_eq(a->author_id, b->author_id) && str_eq(a->username, b->username));
    assert_true(str_eq(a->text, b->text) && str_eq(a->lang, b->lang));
    assert_int_equal(a->created_at, b->created_at);
    assert_int_equal(a->received_at, b->received_at);
    assert_int_equal(a->ref, b->ref);
    assert_int_equal(a->ref_id, b->ref_id);
    assert_int_equal(a->missed, b->missed);
    assert_int_equal(a->likes, b->likes);
    assert_int_equal(a->reposts, b->reposts);
    assert_int_equal(a->replies, b->replies);
    assert_int_equal(a->quotes, b->quotes);
}

static void test_what_is_left_comes_back_as_it_was_the_newest_first(void **state) {
    struct bench *b = *state;
    struct batch *m = make_batch(b, 10);
    struct left_post *got;
    for (int i = 0; i < 10; i++) /* where two share a time the larger id comes first */
        put_from(b, m, i, 1, NOW + (i == 7 ? 6 : i) * USEC_PER_S);
    reopen(b);
    struct unfinished q = {.since = NOW, .before = NOW + DAY, .read_too = true};
    assert_int_equal(left(b, q, &got), 10);
    for (int i = 0; i < 10; i++) same_post(&got[i].post, &m->posts[9 - i]);

    q.last_at = got[2].stored_at; /* behind the third, whose time another shares */
    q.last_id = got[2].post.id;
    assert_int_equal(left(b, q, &got), 7);
    assert_int_equal(got[0].post.id, 7);
    q = (struct unfinished){.since = NOW + 2 * USEC_PER_S, .before = NOW + 4 * USEC_PER_S};
    assert_int_equal(left(b, q, &got), 2);
    assert_int_equal(got[0].post.id, 4);

    read_them(b, m, 5); /* 1 to 5 wait for the trader */
    q = (struct unfinished){.since = NOW, .before = NOW + DAY};
    assert_int_equal(left(b, q, &got), 5);
    q.read_too = true;
    assert_int_equal(left(b, q, &got), 10);
}

static void test_a_stage_never_goes_back(void **state) {
    struct bench *b = *state;
    struct batch *m = make_batch(b, 1);
    put(b, m, 1);
    assert_int_equal(count(b, &stage_of_one), POST_STORED);
    read_them(b, m, 1);
    assert_int_equal(count(b, &stage_of_one), POST_READ);
    put(b, m, 1);
    assert_int_equal(count(b, &stage_of_one), POST_READ);

    struct action *a = add(b, ACTION_PUT_POST); /* the trader's turn */
    a->u.post.reading = &m->readings[0];
    a->u.post.signal_score = 77;
    turn(b);
    assert_int_equal(count(b, &stage_of_one), POST_DONE);
    m->rows[0].signal_score = 1;
    read_them(b, m, 1); /* a job that came twice */
    assert_int_equal(count(b, &stage_of_one), POST_DONE);
    static const struct sql score = {"SELECT signal_score FROM tweets WHERE id = 1"};
    assert_int_equal(count(b, &score), 77);
}

/* Read and then decided on is the same row as read and decided on in one process. */
static void test_the_row_is_the_same_whichever_way_it_came(void **state) {
    static const struct sql sql = {
        "SELECT count(*) FROM tweets a JOIN tweets b ON b.id = 2 WHERE a.id = 1 AND "
        "a.sentiment_score = b.sentiment_score AND a.label = b.label AND CAST(a.probs AS TEXT) = "
        "CAST(b.probs AS TEXT) AND CAST(a.mentions AS TEXT) = CAST(b.mentions AS TEXT) AND "
        "CAST(a.misses AS TEXT) = CAST(b.misses AS TEXT) AND a.cues = b.cues AND "
        "a.model = b.model AND a.text = b.text AND a.processed = b.processed AND a.stage = 1"};
    struct bench *b = *state;
    struct batch *m = make_batch(b, 2);
    m->readings[1] = m->readings[0];
    m->posts[1] = m->posts[0];
    m->posts[1].id = m->posts[1].root_id = 2;
    m->readings[1].post = &m->posts[1];
    put(b, m, 1);
    read_them(b, m, 1);
    struct action *a = add(b, ACTION_PUT_POST);
    a->u.post.reading = &m->readings[1];
    turn(b);
    assert_int_equal(count(b, &sql), 1);
}

static void test_what_is_done_is_told(void **state) {
    struct bench *b = *state;
    struct batch *m = make_batch(b, 4);
    const int64_t ids[] = {4, 3, 2, 1, 99};
    bool done[COUNT_OF(ids)];
    struct error err;
    for (int i = 0; i < 4; i++) put_from(b, m, i, 1, NOW + i * USEC_PER_S);
    m->rows[1].stage = POST_DONE;
    m->rows[1].outcome = REASON_NO_COIN;
    read_them(b, m, 2);
    assert_ok(store_posts_done(b->s, ids, COUNT_OF(ids), done, &err), &err);
    for (int i = 0; i < COUNT_OF(ids); i++) assert_int_equal(done[i], ids[i] == 2);

    int64_t stored, read;
    usec oldest;
    assert_ok(store_posts_left(b->s, NOW, &stored, &read, &oldest, &err), &err);
    assert_int_equal(stored, 2);
    assert_int_equal(read, 1);
    assert_int_equal(oldest, NOW);
    assert_ok(store_posts_left(b->s, NOW + 3 * USEC_PER_S, &stored, &read, &oldest, &err), &err);
    assert_int_equal(stored, 1);
    assert_int_equal(oldest, NOW + 3 * USEC_PER_S);
    assert_ok(store_posts_left(b->s, NOW + DAY, &stored, &read, &oldest, &err), &err);
    assert_int_equal(stored + read, 0);
    assert_int_equal(oldest, 0);
}

static struct post word_of(const struct post *p) {
    return (struct post){.id = p->id,
                         .root_id = p->root_id,
                         .source = p->source,
                         .author_id = p->author_id,
                         .created_at = NOW,
                         .received_at = NOW,
                         .deleted = true};
}

static void gone(struct bench *b, const struct post *word) {
    struct error err;
    assert_ok(store_begin(b->s, true, &err), &err);
    assert_ok(store_post_gone(b->s, word, NOW, &err), &err);
    assert_ok(store_commit(b->s, &err), &err);
}

static int commands(struct bench *b) {
    struct command c[4];
    struct error err;
    int n;
    assert_ok(store_commands_pending(b->s, c, COUNT_OF(c), &n, &err), &err);
    for (int i = 0; i < n; i++) assert_int_equal(c[i].verb, VERB_FORGET);
    return n;
}

static void test_a_post_deleted_before_it_came_is_stored_without_its_text(void **state) {
    static const struct sql empty = {
        "SELECT count(*) FROM tweets WHERE text = '' AND author = '' AND stage = 2 AND "
        "deleted_at IS NOT NULL"};
    struct bench *b = *state;
    struct batch *m = make_batch(b, 3);
    struct post word = word_of(&m->posts[1]);
    gone(b, &word);
    assert_int_equal(commands(b), 0); /* the trader never saw it, and never will */
    put(b, m, 3);
    assert_false(m->gone[0]);
    assert_true(m->gone[1]);
    assert_false(m->gone[2]);
    assert_int_equal(count(b, &empty), 1);
}

static void test_a_deletion_empties_what_is_stored_and_tells_the_trader(void **state) {
    static const struct sql empty = {"SELECT count(*) FROM tweets WHERE text = ''"};
    struct bench *b = *state;
    struct batch *m = make_batch(b, 3);
    put(b, m, 3);
    struct post word = word_of(&m->posts[2]);
    word.author_id = STR("somebody-else");
    gone(b, &word); /* who deletes names another author: it is not this post's */
    assert_int_equal(commands(b), 0);
    word = word_of(&m->posts[2]);
    word.id = word.root_id = 77; /* of one that never came */
    gone(b, &word);
    assert_int_equal(commands(b), 0);
    const int64_t before = count(b, &empty);
    word = word_of(&m->posts[0]);
    gone(b, &word);
    assert_int_equal(count(b, &empty), before + 1);
    assert_int_equal(commands(b), 1);
}

/* The store of a test is on this machine, so its clock is ours. */
static void test_the_store_tells_the_time_of_its_machine(void **state) {
    struct bench *b = *state;
    struct error err;
    usec now = 0;
    const usec before = time_wall_us();
    assert_ok(store_now(b->s, &now, &err), &err);
    assert_in_range(now, before, time_wall_us());
}

int store_posts_run(void) {
    const struct CMUnitTest tests[] = {
        T(many_posts_are_stored_at_once_and_each_once),
        T(what_is_left_comes_back_as_it_was_the_newest_first),
        T(a_stage_never_goes_back),
        T(the_row_is_the_same_whichever_way_it_came),
        T(what_is_done_is_told),
        T(a_post_deleted_before_it_came_is_stored_without_its_text),
        T(a_deletion_empties_what_is_stored_and_tells_the_trader),
        T(the_store_tells_the_time_of_its_machine),
    };
    return cmocka_run_group_tests_name("posts", tests, NULL, NULL);
}
