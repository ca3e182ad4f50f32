/* Posts that others bring: what is read of them, and the queue between them and the run. */
#include <pthread.h>
#include <stdlib.h>

#include "api/ingest.h"
#include "check.h"

#define NOW INT64_C(1700000000000000)

static struct arena a;

static int begin(void **state) {
    (void)state;
    arena_open(&a, INGEST_ARENA_BYTES);
    return 0;
}

static int end(void **state) {
    (void)state;
    arena_close(&a);
    return 0;
}

/* --- a post ------------------------------------------------------------------------------- */

static struct post read_post(const char *text) {
    struct post p = {0};
    struct error err;
    assert_ok(push_post_parse(&a, str_from_z(text), STR("wire"), NOW, &p, &err), &err);
    return p;
}

static void refuse_post(const char *text, err_code code, const char *why) {
    struct post p;
    struct error err;
    assert_fails(push_post_parse(&a, str_from_z(text), STR("wire"), NOW, &p, &err), &err, code);
    if (strstr(err.msg, why) == NULL) fail_msg("\"%s\" does not say \"%s\"", err.msg, why);
}

static void test_a_post_is_of_its_source_and_published_when_it_says(void **state) {
    (void)state;
    const struct post p = read_post("{\"id\":\"7\",\"text\":\"BTC &amp; up\",\"author_id\":\"9\","
                                    "\"username\":\"@bob\",\"unknown\":[1],\"source\":\"wire\","
                                    "\"created_at\":\"2023-11-14T22:13:10Z\"}");
    assert_true(p.id < 0);
    assert_str(p.source, "wire");
    assert_str(p.source_id, "7");
    assert_str(p.text, "BTC & up");
    assert_str(p.username, "bob");
    assert_true(p.created_at == NOW - 10 * USEC_PER_S);
    assert_true(p.received_at == NOW);
}

static void test_times_are_never_ahead_of_receipt(void **state) {
    (void)state;
    struct post p = read_post("{\"id\":\"7\",\"text\":\"t\"}");
    assert_true(p.created_at == NOW && p.received_at == NOW);
    p = read_post("{\"id\":\"7\",\"text\":\"t\",\"created_at\":\"2023-11-14T22:13:22Z\"}");
    assert_true(p.created_at == NOW);
    refuse_post("{\"id\":\"7\",\"text\":\"t\",\"created_at\":\"2023-11-14T22:13:22.000001Z\"}",
                ERR_LIMIT, "created_at: is more than 2 s ahead");
    p = read_post("{\"id\":\"7\",\"text\":\"t\",\"created_at\":\"2023-11-14T22:13:10Z\","
                  "\"received\":\"2020-01-01T00:00:00Z\"}");
    assert_true(p.received_at == NOW); /* whatever it says */
}

static void test_a_post_without_an_id_gets_one_that_stays(void **state) {
    (void)state;
    const char *const text = "{\"text\":\"t\",\"username\":\"bob\","
                             "\"created_at\":\"2023-11-14T22:13:10Z\"}";
    const struct post first = read_post(text), again = read_post(text);
    assert_true(first.id < 0 && first.id == again.id);
    assert_int_equal(first.source_id.n, 26);
    static const char *const others[] = {
        "{\"text\":\"u\",\"username\":\"bob\",\"created_at\":\"2023-11-14T22:13:10Z\"}",
        "{\"text\":\"t\",\"username\":\"bo\",\"created_at\":\"2023-11-14T22:13:10Z\"}",
        "{\"text\":\"t\",\"username\":\"bob\",\"created_at\":\"2023-11-14T22:13:11Z\"}",
        ("{\"text\":\"t\",\"author_id\":\"1\",\"username\":\"bob\","
         "\"created_at\":\"2023-11-14T22:13:10Z\"}")};
    for (int i = 0; i < COUNT_OF(others); i++) assert_true(read_post(others[i]).id != first.id);
    struct post p;
    struct error err;
    assert_ok(push_post_parse(&a, str_from_z(text), STR("other"), NOW, &p, &err), &err);
    assert_true(p.id != first.id);
    refuse_post("{\"text\":\"t\"}", ERR_PARSE, "id: missing, and no created_at");
    assert_fails(push_post_parse(&a, str_from_z(text), STR("x"), NOW, &p, &err), &err, ERR_PARSE);
}

static void test_what_is_wrong_with_a_post_is_named(void **state) {
    (void)state;
    refuse_post("{\"id\":\"7\",\"text\":\"t\",\"source\":\"x\"}", ERR_REFUSED,
                "source: is \"x\", and yours is \"wire\"");
    refuse_post("{\"id\":\"7\"}", ERR_PARSE, "text: missing");
    refuse_post("{\"id\":\"7\",\"text\":5}", ERR_PARSE, "text: expected a string");
    refuse_post("{\"id\":\"7\",\"text\":\"t\",\"created_at\":\"now\"}", ERR_PARSE, "created_at:");
    refuse_post("[1]", ERR_PARSE, "expected a JSON object");
    refuse_post("{\"id\":\"7\",\"text\":\"t\"} x", ERR_PARSE, "behind the value");
}

static void test_word_of_a_deletion_is_taken(void **state) {
    (void)state;
    const struct post p = read_post("{\"delete\":{\"tweet\":{\"id\":\"7\",\"author_id\":\"9\"},"
                                    "\"event_at\":\"2023-11-14T22:13:10Z\"}}");
    const struct post said = read_post("{\"id\":\"7\",\"text\":\"t\"}");
    assert_true(p.deleted && p.id == said.id);
    assert_true(p.received_at == NOW && p.created_at == NOW - 10 * USEC_PER_S);
    refuse_post("{\"delete\":{\"tweet\":{\"id\":\"7\"},\"event_at\":\"2023-11-14T22:14:10Z\"}}",
                ERR_LIMIT, "ahead");
}

/* --- a body ------------------------------------------------------------------------------- */

#define ONE(id) "{\"id\":\"" id "\",\"text\":\"t" id "\"}"

static struct ingest read_body(const char *body, bool lines) {
    struct ingest in;
    struct error err;
    assert_ok(ingest_parse(&a, str_from_z(body), lines, STR("wire"), NOW, &in, &err), &err);
    return in;
}

static void test_a_body_is_a_post_an_array_or_lines(void **state) {
    (void)state;
    assert_int_equal(read_body(ONE("1"), false).count, 1);
    assert_int_equal(read_body(" \r\n" ONE("1") "\n", false).count, 1);
    struct ingest in = read_body("[ " ONE("1") " ,\n" ONE("2") "]", false);
    assert_int_equal(in.count, 2);
    assert_str(in.posts[1].text, "t2");
    in = read_body(ONE("1") "\r\n\r\n" ONE("2") "\n" ONE("3"), true);
    assert_int_equal(in.count, 3);
    assert_str(in.posts[2].source_id, "3");
    in = read_body("[{\"text\":\"a]\\\"},{\",\"id\":\"1\"},{\"id\":\"2\",\"text\":\"\\u005d\"}]",
                   false);
    assert_int_equal(in.count, 2);
    assert_str(in.posts[0].text, "a]\"},{");
    assert_str(in.posts[1].text, "]");
}

static void refuse_body(const char *body, bool lines, err_code code, int64_t bad) {
    struct ingest in;
    struct error err;
    assert_fails(ingest_parse(&a, str_from_z(body), lines, STR("wire"), NOW, &in, &err), &err,
                 code);
    if (in.bad != bad) fail_msg("%s: post %lld: %s", body, (long long)in.bad, err.msg);
}

static void test_the_first_bad_post_is_named(void **state) {
    (void)state;
    refuse_body("[" ONE("1") ",{\"id\":\"2\"}]", false, ERR_PARSE, 1);
    refuse_body(ONE("1") "\n\n{}\n", true, ERR_PARSE, 1);
    refuse_body("[" ONE("1") ",5]", false, ERR_PARSE, 1);
    refuse_body(ONE("1") ONE("2"), false, ERR_PARSE, 0);
    refuse_body("[" ONE("1"), false, ERR_PARSE, -1);
    refuse_body("[" ONE("1") "]]", false, ERR_PARSE, -1);
    refuse_body("[]", false, ERR_PARSE, -1);
    refuse_body("", false, ERR_PARSE, -1);
    refuse_body("\n\n", true, ERR_PARSE, -1);
}

static void test_more_posts_than_fit_are_refused_whole(void **state) {
    (void)state;
    struct buf body;
    struct ingest in;
    struct error err;
    buf_init(&body, 1 << 20);
    for (int i = 0; i < PUSH_POSTS_MAX; i++)
        buf_printf(&body, "{\"id\":\"%d\",\"text\":\"t\"}\n", i);
    assert_ok(ingest_parse(&a, buf_str(&body), true, STR("wire"), NOW, &in, &err), &err);
    assert_int_equal(in.count, PUSH_POSTS_MAX);
    buf_put(&body, STR("{\"id\":\"x\",\"text\":\"t\"}\n"));
    assert_fails(ingest_parse(&a, buf_str(&body), true, STR("wire"), NOW, &in, &err), &err,
                 ERR_LIMIT);
    assert_int_equal(in.bad, -1);
    buf_fini(&body);
}

/* --- the queue ---------------------------------------------------------------------------- */

struct bringer {
    struct source *s;
    struct post posts[3];
    int count;
    usec patience;
    push_result result;
    pthread_t thread;
};

static void *bring(void *arg) {
    struct bringer *b = arg;
    b->result = push_offer(b->s, b->posts, b->count, b->patience);
    return NULL;
}

static void start(struct bringer *b, struct source *s, int count, usec patience) {
    *b = (struct bringer){.s = s, .count = count, .patience = patience};
    for (int i = 0; i < count; i++)
        b->posts[i] = (struct post){
            .id = -1 - i, .source = STR("wire"), .text = STR("hello"), .received_at = NOW};
    assert_int_equal(pthread_create(&b->thread, NULL, bring, b), 0);
}

static push_result result_of(struct bringer *b) {
    assert_int_equal(pthread_join(b->thread, NULL), 0);
    return b->result;
}

static struct source *open_push(void) {
    struct source *s = NULL;
    struct intake it;
    struct error err;
    assert_ok(push_open(&a, STR("wire"), &s, &err), &err);
    assert_str(push_name(s), "wire");
    assert_true(source_is_live(s));
    assert_ok(source_next(s, &a, &it, &err), &err);
    assert_int_equal(it.kind, INTAKE_STATUS); /* the first thing it says */
    assert_int_equal(it.u.status.state, SOURCE_LIVE);
    return s;
}

static struct intake next(struct source *s) {
    struct intake it;
    struct error err;
    assert_ok(source_next(s, &a, &it, &err), &err);
    return it;
}

static void test_an_offer_is_stored_when_its_last_post_is(void **state) {
    (void)state;
    struct source *s = open_push();
    struct bringer b, other;
    start(&b, s, 3, 600 * USEC_PER_S);
    for (int i = 0; i < 3; i++) {
        const struct intake it = next(s);
        assert_int_equal(it.kind, INTAKE_POST);
        assert_true(it.post.id == -1 - i);
        assert_str(it.post.text, "hello");
        source_stored(s, 1 + i); /* the status, and the posts before this one */
    }
    start(&other, s, 1, 600 * USEC_PER_S);
    assert_int_equal(next(s).kind, INTAKE_POST);
    source_stored(s, 4);
    assert_int_equal(result_of(&b), PUSH_STORED);
    source_stored(s, 5);
    assert_int_equal(result_of(&other), PUSH_STORED);
    assert_int_equal(s->counts.posts, 4);
    source_close(s);
}

static void test_an_offer_that_waits_too_long_is_late_and_still_given(void **state) {
    (void)state;
    struct source *s = open_push();
    struct bringer b;
    start(&b, s, 2, USEC_PER_MS);
    assert_int_equal(result_of(&b), PUSH_LATE);
    assert_int_equal(next(s).kind, INTAKE_POST);
    assert_int_equal(next(s).kind, INTAKE_POST);
    start(&b, s, 1, USEC_PER_MS); /* given, and not stored in time */
    assert_int_equal(next(s).kind, INTAKE_POST);
    assert_int_equal(result_of(&b), PUSH_LATE);
    start(&b, s, 1, USEC_PER_MS); /* one that nobody takes any more goes with the source */
    assert_int_equal(result_of(&b), PUSH_LATE);
    source_close(s);
}

static void test_what_finds_no_room_is_refused(void **state) {
    (void)state;
    struct source *s = open_push();
    static struct post posts[PUSH_POSTS_MAX];
    int taken = 0;
    for (; taken < 100 && push_offer(s, posts, PUSH_POSTS_MAX, 0) == PUSH_LATE; taken++) {
    }
    assert_int_equal(taken, 8); /* 8,192 posts */
    assert_int_equal(push_offer(s, posts, PUSH_POSTS_MAX, 0), PUSH_BUSY);
    assert_int_equal(next(s).kind, INTAKE_POST);
    assert_int_equal(push_offer(s, posts, 193, 0), PUSH_LATE);
    assert_int_equal(push_offer(s, posts, 1, 0), PUSH_BUSY);
    assert_int_equal(push_offer(s, posts, 0, 0), PUSH_STORED); /* nothing is there at once */
    source_close(s);
}

static void test_large_posts_fill_it_as_well(void **state) {
    (void)state;
    struct source *s = open_push();
    static char text[1 << 20];
    const struct post post = {.id = -1, .text = {text, sizeof text}};
    int taken = 0;
    for (; taken < 100 && push_offer(s, &post, 1, 0) == PUSH_LATE; taken++) {
    }
    assert_int_equal(taken, 31); /* 32 MiB, and what stands around the texts */
    source_close(s);
}

static void test_a_stop_ends_what_waits(void **state) {
    (void)state;
    struct source *s = open_push();
    struct bringer given, waiting;
    start(&given, s, 1, 600 * USEC_PER_S);
    assert_int_equal(next(s).kind, INTAKE_POST);
    start(&waiting, s, 2, 600 * USEC_PER_S);
    source_stop(s);
    assert_int_equal(result_of(&waiting), PUSH_STOPPED);
    source_stored(s, 2);
    assert_int_equal(result_of(&given), PUSH_STORED);
    assert_int_equal(next(s).kind, INTAKE_END);
    const struct post post = {.id = -1};
    assert_int_equal(push_offer(s, &post, 1, USEC_PER_S), PUSH_STOPPED);
    source_close(s);
}

static void test_many_bringers_lose_nothing(void **state) {
    (void)state;
    static struct bringer b[64];
    struct source *s = open_push();
    int posts = 0;
    int64_t intakes = 1;
    for (int i = 0; i < COUNT_OF(b); i++) start(&b[i], s, 1 + i % 3, 600 * USEC_PER_S);
    for (int i = 0; i < COUNT_OF(b); i++) posts += b[i].count;
    while (posts > 0) {
        const struct intake it = next(s);
        posts -= it.kind == INTAKE_POST;
        intakes++;
        if (intakes % 5 == 0) source_stored(s, intakes);
    }
    source_stored(s, intakes);
    for (int i = 0; i < COUNT_OF(b); i++) assert_int_equal(result_of(&b[i]), PUSH_STORED);
    source_close(s);
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_a_post_is_of_its_source_and_published_when_it_says),
        T(test_times_are_never_ahead_of_receipt),
        T(test_a_post_without_an_id_gets_one_that_stays),
        T(test_what_is_wrong_with_a_post_is_named),
        T(test_word_of_a_deletion_is_taken),
        T(test_a_body_is_a_post_an_array_or_lines),
        T(test_the_first_bad_post_is_named),
        T(test_more_posts_than_fit_are_refused_whole),
        T(test_an_offer_is_stored_when_its_last_post_is),
        T(test_an_offer_that_waits_too_long_is_late_and_still_given),
        T(test_what_finds_no_room_is_refused),
        T(test_large_posts_fill_it_as_well),
        T(test_a_stop_ends_what_waits),
        T(test_many_bringers_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
