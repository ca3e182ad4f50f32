/* What is written into requests to X: authors, packed queries, ids of a moment. */
#include "source/x_sources.h"

#include "check.h"

static char block[1 << 20];
static struct arena a;

static void begin(void) { arena_init(&a, block, sizeof block); }

static void test_an_author_is_a_name_an_id_or_both(void **state) {
    (void)state;
    str id, name;
    struct error err;
    assert_ok(x_author_parse(STR("elonmusk"), &id, &name, &err), &err);
    assert_str(id, "");
    assert_str(name, "elonmusk");
    assert_ok(x_author_parse(STR(" @elon_musk1 "), &id, &name, &err), &err);
    assert_str(id, "");
    assert_str(name, "elon_musk1");
    assert_ok(x_author_parse(STR("44196397"), &id, &name, &err), &err);
    assert_str(id, "44196397");
    assert_str(name, "");
    assert_ok(x_author_parse(STR("44196397@elonmusk"), &id, &name, &err), &err);
    assert_str(id, "44196397");
    assert_str(name, "elonmusk");
    assert_ok(x_author_parse(STR("@12345"), &id, &name, &err), &err); /* a name of digits */
    assert_str(name, "12345");
}

static void test_what_is_no_author_is_named(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "",     "@",      "elon musk", "sixteen_letters_",     "a@b",
        "5@",   "0@name", "a:b OR c",  "99999999999999999999", "é",
        "5@@b", "from:me"};
    str id, name;
    struct error err;
    for (int i = 0; i < COUNT_OF(wrong); i++) {
        assert_fails(x_author_parse(str_from_z(wrong[i]), &id, &name, &err), &err, ERR_CONFIG);
        assert_non_null(strstr(err.msg, "44196397@elonmusk"));
    }
}

static void test_authors_are_packed_and_doubles_dropped(void **state) {
    (void)state;
    const str authors[] = {STR("alice"), STR("44196397@elonmusk"), STR("@Alice"), STR("44196397")};
    str *q;
    int n;
    struct error err;
    begin();
    assert_ok(x_pack_authors(&a, authors, 4, STR(" -is:retweet "), 512, &q, &n, &err), &err);
    assert_int_equal(n, 1);
    assert_str(q[0], "(from:alice OR from:44196397) -is:retweet");
    assert_ok(x_pack_authors(&a, authors, 1, STR(""), 512, &q, &n, &err), &err);
    assert_str(q[0], "(from:alice)");
    assert_ok(x_pack_authors(&a, NULL, 0, STR(""), 512, &q, &n, &err), &err);
    assert_int_equal(n, 0);
}

/* Every author stands once, no text is longer than it may be, and none has room for the next. */
static void test_many_authors_need_as_few_queries_as_there_must_be(void **state) {
    (void)state;
    char names[200][16];
    str authors[200], *q;
    int n, found = 0;
    struct error err;
    begin();
    for (int i = 0; i < 200; i++) {
        snprintf(names[i], sizeof names[i], "%.*s%03d", i % 13, "abcdefghijkl", i);
        if (i % 13 == 0) snprintf(names[i], sizeof names[i], "_%03d", i);
        authors[i] = str_from_z(names[i]);
    }
    const str filter = STR("-is:retweet -is:reply");
    assert_ok(x_pack_authors(&a, authors, 200, filter, 512, &q, &n, &err), &err);
    for (int k = 0; k < n; k++) {
        assert_true(q[k].n <= 512 && str_ends(q[k], filter));
        if (k < n - 1) assert_true(q[k].n > 512 - 24);
    }
    for (int i = 0; i < 200; i++) {
        char one[32];
        snprintf(one, sizeof one, "from:%.15s", names[i]);
        for (int k = 0; k < n; k++) {
            const ptrdiff_t at = str_find(q[k], str_from_z(one));
            if (at < 0) continue;
            const char behind = q[k].p[at + (ptrdiff_t)strlen(one)];
            found += behind == ' ' || behind == ')';
        }
    }
    assert_int_equal(found, 200);
}

static void test_a_filter_that_leaves_no_room_is_refused(void **state) {
    (void)state;
    const str authors[] = {STR("alice")};
    str *q;
    int n;
    struct error err;
    begin();
    assert_ok(x_pack_authors(&a, authors, 1, STR("lang:en"), 20, &q, &n, &err), &err);
    assert_int_equal(q[0].n, 20);
    assert_fails(x_pack_authors(&a, authors, 1, STR("lang:en"), 19, &q, &n, &err), &err,
                 ERR_CONFIG);
    const str bad[] = {STR("a b")};
    assert_fails(x_pack_authors(&a, bad, 1, STR(""), 512, &q, &n, &err), &err, ERR_CONFIG);
}

static void test_the_smallest_id_of_a_moment(void **state) {
    (void)state;
    usec back;
    const usec at = INT64_C(1785000000000000);
    const int64_t id = x_snowflake_at(at + 999);
    assert_int_equal(id & ((1 << 22) - 1), 0);
    assert_true(time_from_snowflake(id, &back));
    assert_int_equal(back, at);
    assert_true(x_snowflake_at(at - 1) < id);
    assert_int_equal(x_snowflake_at(0), 0);
    assert_int_equal(x_snowflake_at(INT64_MAX), INT64_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_author_is_a_name_an_id_or_both),
        cmocka_unit_test(test_what_is_no_author_is_named),
        cmocka_unit_test(test_authors_are_packed_and_doubles_dropped),
        cmocka_unit_test(test_many_authors_need_as_few_queries_as_there_must_be),
        cmocka_unit_test(test_a_filter_that_leaves_no_room_is_refused),
        cmocka_unit_test(test_the_smallest_id_of_a_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
