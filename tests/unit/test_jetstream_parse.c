/* jetstream_parse: one message of Jetstream becomes a post, word of a deletion, or nothing; what is
 * wrong with one is named. */
#include "source/jetstream.h"

#include "check.h"

#define ALICE "did:plc:a2b3c4d5e6f7g2h3i4j5k6l7"
#define BOB "did:plc:m2n3o4p5q6r7s2t3u4v5w6x7"
#define T INT64_C(1785000000123456)
#define POSTS "app.bsky.feed.post"

static char block[4 << 20];

static bool parse(str line, struct post *ret, bool *ret_any, struct error *err) {
    struct arena a;
    usec time = 0;
    arena_init(&a, block, sizeof block);
    if (!jetstream_parse(&a, line, STR("bsky"), T + 7000, ret, ret_any, &time, err)) return false;
    assert_true(time == T);
    return true;
}

/* A commit of one record in Alice's name. */
static str commit(const char *operation, const char *collection, const char *record) {
    static char text[4096];
    struct buf b;
    buf_init_fixed(&b, text, sizeof text);
    buf_printf(&b,
               "{\"did\":\"" ALICE "\",\"time_us\":1785000000123456,\"kind\":\"commit\",\"commit\":"
               "{\"rev\":\"3rev\",\"operation\":\"%s\",\"collection\":\"%s\",\"rkey\":\"3key\"",
               operation, collection);
    if (record != NULL) buf_printf(&b, ",\"record\":%s,\"cid\":\"bafyreiexample\"", record);
    buf_put(&b, STR("}}"));
    assert_false(buf_full(&b));
    return buf_str(&b);
}

static struct post post_of(str line) {
    struct post p = {0};
    struct error err;
    bool any = false;
    assert_ok(parse(line, &p, &any, &err), &err);
    assert_true(any);
    return p;
}

static void expect_nothing(str line) {
    struct post p;
    struct error err;
    bool any = true;
    assert_ok(parse(line, &p, &any, &err), &err);
    assert_false(any);
}

#define WORDS "{\"$type\":\"" POSTS "\",\"createdAt\":\"2026-07-25T17:20:00.000Z\",\"text\":\"up\""

static void test_a_create_is_a_post(void **state) {
    (void)state;
    const struct post p = post_of(commit(
        "create", POSTS,
        "{\"$type\":\"" POSTS "\",\"createdAt\":\"2020-01-01T00:00:00Z\",\"langs\":[\"en-US\","
        "\"ja\"],\"facets\":[{\"index\":{\"byteStart\":0,\"byteEnd\":3},\"features\":[{\"$type\":"
        "\"app.bsky.richtext.facet#link\",\"uri\":\"https://example.org\"}]}],\"text\":\"S&amp;P "
        "\\ud83d\\ude80\\n\"}"));
    assert_true(p.id < 0 && p.root_id == p.id && !p.edited && !p.deleted && !p.missed);
    assert_str(p.source, "bsky");
    assert_str(p.source_id, ALICE "/3key");
    assert_str(p.author_id, ALICE);
    assert_str(p.username, "");
    assert_str(p.text, "S&amp;P \xF0\x9F\x9A\x80\n"); /* no HTML: what stands there is meant */
    assert_str(p.lang, "en-US");
    assert_true(p.created_at == T && p.received_at == T + 7000); /* whatever the author claims */
    assert_int_equal(p.ref, POST_REF_NONE);
    assert_int_equal(p.likes, -1);
}

static void test_an_update_is_a_version_and_a_delete_takes_all_back(void **state) {
    (void)state;
    const struct post first = post_of(commit("create", POSTS, WORDS "}")),
                      again = post_of(commit("update", POSTS, WORDS "}")),
                      empty = post_of(commit("update", POSTS, "{\"text\":\"\"}"));
    assert_true(again.edited && again.root_id == first.id && again.id != first.id);
    assert_true(empty.id == again.id && empty.text.n == 0);
    const struct post gone = post_of(commit("delete", POSTS, NULL));
    assert_true(gone.deleted && gone.id == first.id && gone.root_id == first.id);
    assert_str(gone.author_id, ALICE);
    assert_str(gone.text, "");
    assert_true(gone.created_at == T);
}

static void test_an_update_is_known_by_its_revision(void **state) {
    (void)state;
    assert_str(post_of(commit("update", POSTS, WORDS "}")).source_id, ALICE "/3key@3rev");
}

#define URI(rkey) "{\"cid\":\"b\",\"uri\":\"at://" BOB "/" POSTS "/" rkey "\"}"

static int64_t id_of(const char *rkey) {
    char line[512];
    snprintf(line, sizeof line,
             "{\"did\":\"" BOB "\",\"time_us\":%lld,\"kind\":\"commit\",\"commit\":{\"rev\":\"r\","
             "\"operation\":\"create\",\"collection\":\"" POSTS "\",\"rkey\":\"%s\",\"record\":"
             "{\"text\":\"x\"}}}",
             (long long)T, rkey);
    return post_of(str_from_z(line)).id;
}

static void test_references_have_the_ids_of_the_posts_they_name(void **state) {
    (void)state;
    const int64_t quoted = id_of("3quoted"), parent = id_of("3parent");
    struct post p = post_of(
        commit("create", POSTS,
               WORDS ",\"reply\":{\"root\":" URI("3root") ",\"parent\":" URI("3parent") "}}"));
    assert_int_equal(p.ref, POST_REF_REPLY);
    assert_true(p.ref_id == parent);
    p = post_of(commit("create", POSTS,
                       WORDS ",\"embed\":{\"$type\":\"app.bsky.embed.record\",\"record\":" URI(
                           "3quoted") "},\"reply\":{\"parent\":" URI("3parent") "}}"));
    assert_int_equal(p.ref, POST_REF_QUOTE);
    assert_true(p.ref_id == quoted);
    p = post_of(commit("create", POSTS,
                       WORDS ",\"embed\":{\"$type\":\"app.bsky.embed.recordWithMedia\",\"media\":"
                             "{\"images\":[]},\"record\":{\"$type\":\"app.bsky.embed.record\","
                             "\"record\":" URI("3quoted") "}}}"));
    assert_int_equal(p.ref, POST_REF_QUOTE);
    assert_true(p.ref_id == quoted);
}

static void test_what_is_quoted_and_no_post_is_no_reference(void **state) {
    (void)state;
    struct post p = post_of(commit("create", POSTS,
                                   WORDS ",\"embed\":{\"record\":{\"uri\":\"at://" BOB
                                         "/app.bsky.feed.generator/news\",\"cid\":\"b\"}}}"));
    assert_int_equal(p.ref, POST_REF_NONE);
    assert_int_equal(p.ref_id, 0);
    /* a reply to what cannot be named is still a reply */
    p = post_of(commit("create", POSTS,
                       WORDS ",\"reply\":{\"parent\":{\"uri\":\"at://bob.example/x/y\"}}}"));
    assert_int_equal(p.ref, POST_REF_REPLY);
    assert_int_equal(p.ref_id, 0);
}

static void test_what_is_no_post_is_nothing(void **state) {
    (void)state;
    expect_nothing(commit("create", "app.bsky.feed.like", "{\"subject\":{\"uri\":\"x\"}}"));
    expect_nothing(commit("delete", "app.bsky.graph.follow", NULL));
    expect_nothing(
        commit("create", POSTS, "{\"text\":\"\",\"embed\":{\"$type\":\"app.bsky.embed.images\"}}"));
    expect_nothing(STR("{\"did\":\"" ALICE "\",\"time_us\":1785000000123456,\"kind\":\"identity\","
                       "\"identity\":{\"did\":\"" ALICE "\",\"handle\":\"alice.example\"}}"));
    expect_nothing(STR("{\"did\":\"" ALICE "\",\"time_us\":1785000000123456,\"kind\":\"account\","
                       "\"account\":{\"active\":false,\"status\":\"deleted\"},\"cursor\":9}"));
    expect_nothing(STR("{\"time_us\":1785000000123456,\"kind\":\"news\",\"news\":[{}]}"));
}

static void test_members_come_in_any_order_and_the_last_counts(void **state) {
    (void)state;
    const struct post p = post_of(
        STR("{\"commit\":null,\"cursor\":1785000000123456,\"commit\":{\"record\":{\"text\":\"old\","
            "\"text\":\"new\",\"more\":[{\"text\":1}]},\"rkey\":\"3key\",\"collection\":\"other\","
            "\"collection\":\"" POSTS "\",\"operation\":\"create\",\"rev\":\"3rev\"},\"kind\":"
            "\"commit\",\"time_us\":1,\"time_us\":1785000000123456,\"did\":\"" ALICE "\"}"));
    assert_str(p.text, "new");
    assert_str(p.source_id, ALICE "/3key");
}

static void expect_error(str line, const char *what) {
    struct post p;
    struct error err = {0};
    bool any;
    assert_false(parse(line, &p, &any, &err));
    if (strstr(err.msg, what) == NULL) fail_msg("\"%s\" does not name \"%s\"", err.msg, what);
}

#define MESSAGE(did, time, rest)                                                                   \
    "{\"did\":" did ",\"time_us\":" time ",\"kind\":\"commit\"" rest "}"
#define COMMIT(members) ",\"commit\":{" members ",\"collection\":\"" POSTS "\"}"
#define GOOD "\"rev\":\"r\",\"operation\":\"create\",\"rkey\":\"k\""

static void test_what_is_wrong_is_named(void **state) {
    (void)state;
    static const struct {
        const char *line, *what;
    } cases[] = {
        {"[]", "object"},
        {"{\"did\":\"" ALICE "\"", "ends too early"},
        {"{\"time_us\":1785000000123456}", "kind: missing"},
        {"{\"kind\":\"account\"}", "time_us: missing"},
        {"{\"kind\":7}", "kind: expected a string"},
        {MESSAGE("\"x\"", "\"1785\"", ""), "time_us: expected an integer"},
        {MESSAGE("\"x\"", "-1", ""), "time_us: not a time"},
        {MESSAGE("\"x\"", "1785000000123456", ""), "commit: missing"},
        {MESSAGE("\"x\"", "1785000000123456", ",\"commit\":[]"), "commit: expected an object"},
        {MESSAGE("\"x\"", "1785000000123456", ",\"commit\":{}"), "commit.collection: missing"},
        {MESSAGE("\"x\"", "1785000000123456", ",\"cursor\":\"9\""), "cursor: expected"},
        {MESSAGE("\"alice\"", "1785000000123456", COMMIT(GOOD)), "did: expected"},
        {MESSAGE("\"" ALICE "\"", "1785000000123456", COMMIT("\"operation\":\"move\"")),
         "commit.operation: expected"},
        {MESSAGE("\"" ALICE "\"", "1785000000123456",
                 COMMIT("\"operation\":\"delete\",\"rev\":\"r\",\"rkey\":\"a/b\"")),
         "commit.rkey: expected"},
        {MESSAGE("\"" ALICE "\"", "1785000000123456",
                 COMMIT("\"operation\":\"delete\",\"rkey\":\"k\"")),
         "commit.rev: expected"},
        {MESSAGE("\"" ALICE "\"", "1785000000123456", COMMIT(GOOD)), "commit.record: missing"}};
    for (int i = 0; i < COUNT_OF(cases); i++)
        expect_error(str_from_z(cases[i].line), cases[i].what);
}

static void test_what_is_wrong_with_a_record_is_named(void **state) {
    (void)state;
    static const struct {
        const char *record, *what;
    } cases[] = {
        {"7", "commit.record: expected an object"},
        {"{}", "commit.record.text: missing"},
        {"{\"text\":7}", "commit.record.text: expected a string"},
        {"{\"$type\":\"app.bsky.feed.like\",\"text\":\"x\"}", "commit.record.$type: expected"},
        {"{\"text\":\"x\",\"langs\":\"en\"}", "commit.record.langs: expected"},
        {"{\"text\":\"x\",\"langs\":[\"en\",4]}", "commit.record.langs: expected"},
        {"{\"text\":\"x\",\"createdAt\":4}", "commit.record.createdAt: expected a string"},
        {"{\"text\":\"x\",\"reply\":[]}", "commit.record.reply: expected an object"},
        {"{\"text\":\"x\",\"reply\":{\"parent\":{\"uri\":4}}}", "commit.record.reply.parent.uri"},
        {"{\"text\":\"x\",\"embed\":4}", "commit.record.embed: expected an object"},
        {"{\"text\":\"x\",\"embed\":{\"record\":{\"uri\":4}}}", "commit.record.embed.record.uri"},
        {"{\"text\":\"\xFF\"}", "not UTF-8"}};
    for (int i = 0; i < COUNT_OF(cases); i++)
        expect_error(commit("create", POSTS, cases[i].record), cases[i].what);
}

static void test_too_much_is_refused(void **state) {
    (void)state;
    static char line[POST_LINE_BYTES_MAX + 2], rkey[300];
    memset(line, ' ', sizeof line - 1);
    expect_error((str){line, POST_LINE_BYTES_MAX + 1}, "the most is");
    memset(rkey, 'k', sizeof rkey - 1);
    snprintf(line, sizeof line,
             MESSAGE("\"" ALICE "\"", "1785000000123456",
                     COMMIT("\"operation\":\"delete\",\"rev\":\"r\",\"rkey\":\"%s\"")),
             rkey);
    expect_error(str_from_z(line), "longer than 255 bytes");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_create_is_a_post),
        cmocka_unit_test(test_an_update_is_a_version_and_a_delete_takes_all_back),
        cmocka_unit_test(test_an_update_is_known_by_its_revision),
        cmocka_unit_test(test_references_have_the_ids_of_the_posts_they_name),
        cmocka_unit_test(test_what_is_quoted_and_no_post_is_no_reference),
        cmocka_unit_test(test_what_is_no_post_is_nothing),
        cmocka_unit_test(test_members_come_in_any_order_and_the_last_counts),
        cmocka_unit_test(test_what_is_wrong_is_named),
        cmocka_unit_test(test_what_is_wrong_with_a_record_is_named),
        cmocka_unit_test(test_too_much_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
