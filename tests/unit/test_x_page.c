/* Pages of X: cut into pieces as they stand, with what is needed to go on. */
#include "source/x_sources.h"

#include "check.h"

static char block[1 << 20];
static struct x_page page;

static bool parse(str body, struct error *err) {
    struct arena a;
    arena_init(&a, block, sizeof block);
    return x_page_parse(&a, body, &page, err);
}

static void test_a_page_is_cut_into_its_posts(void **state) {
    (void)state;
    struct error err;
    assert_ok(parse(STR("{\"data\":[ {\"id\":\"12\",\"text\":\"a\\u0041\"} ,{\"text\":\"b\","
                        "\"id\":\"11\",\"x\":{\"id\":\"9\"}}],\"meta\":{\"newest_id\":\"12\","
                        "\"oldest_id\":\"11\",\"result_count\":2,\"next_token\":\"b26v\"},"
                        "\"new\":[{}]}"),
                    &err),
              &err);
    assert_int_equal(page.post_count, 2);
    assert_str(page.posts[0], "{\"id\":\"12\",\"text\":\"a\\u0041\"}");
    assert_str(page.posts[1], "{\"text\":\"b\",\"id\":\"11\",\"x\":{\"id\":\"9\"}}");
    assert_int_equal(page.ids[0], 12);
    assert_int_equal(page.ids[1], 11);
    assert_int_equal(page.newest_id, 12);
    assert_str(page.next_token, "b26v");
    assert_int_equal(page.result_count, 2);
    assert_int_equal(page.errors, 0);
}

static void test_a_quiet_page_is_empty(void **state) {
    (void)state;
    struct error err;
    static const char *const quiet[] = {"{\"meta\":{\"result_count\":0}}", "{}",
                                        "{\"data\":null,\"meta\":null,\"errors\":null}",
                                        "{\"data\":[],\"meta\":{}}"};
    for (int i = 0; i < COUNT_OF(quiet); i++) {
        assert_ok(parse(str_from_z(quiet[i]), &err), &err);
        assert_int_equal(page.post_count, 0);
        assert_int_equal(page.result_count, 0);
        assert_int_equal(page.newest_id, 0);
        assert_str(page.next_token, "");
    }
}

static void test_errors_beside_posts_are_counted(void **state) {
    (void)state;
    struct error err;
    assert_ok(parse(STR("{\"data\":[{\"id\":5}],\"errors\":[{\"title\":\"Not Found Error\","
                        "\"detail\":\"Could not find it.\"},{\"message\":\"m\"},7]}"),
                    &err),
              &err);
    assert_int_equal(page.post_count, 1);
    assert_int_equal(page.ids[0], 5);
    assert_int_equal(page.errors, 3);
    assert_str(page.first_error, "Could not find it.");
    assert_ok(parse(STR("{\"errors\":[{\"title\":\"T\"}]}"), &err), &err);
    assert_str(page.first_error, "T");
}

static void test_a_piece_without_an_id_stays(void **state) {
    (void)state;
    struct error err;
    assert_ok(parse(STR("{\"data\":[{},{\"id\":\"x\"},{\"id\":-4},{\"id\":[1]}]}"), &err), &err);
    assert_int_equal(page.post_count, 4);
    for (int i = 0; i < 4; i++) assert_int_equal(page.ids[i], 0);
}

static void test_what_is_no_page_is_an_error(void **state) {
    (void)state;
    struct error err;
    static const char *const wrong[] = {"",
                                        "[]",
                                        "<html>",
                                        "{\"data\":{}}",
                                        "{\"data\":[5]}",
                                        "{\"data\":[{\"id\":\"1\"}",
                                        "{\"meta\":[]}",
                                        "{\"meta\":{\"next_token\":5}}",
                                        "{\"errors\":{}}",
                                        "{} x"};
    for (int i = 0; i < COUNT_OF(wrong); i++)
        assert_fails(parse(str_from_z(wrong[i]), &err), &err, ERR_PARSE);
}

static void test_more_posts_than_were_asked_for_are_an_error(void **state) {
    (void)state;
    static char text[8192];
    struct buf b;
    struct error err;
    for (int count = X_PAGE_POSTS_MAX; count <= X_PAGE_POSTS_MAX + 1; count++) {
        buf_init_fixed(&b, text, sizeof text);
        buf_put(&b, STR("{\"data\":["));
        for (int i = 0; i < count; i++)
            buf_printf(&b, "%s{\"id\":\"%d\"}", i > 0 ? "," : "", i + 1);
        buf_put(&b, STR("]}"));
        if (count > X_PAGE_POSTS_MAX) {
            assert_fails(parse(buf_str(&b), &err), &err, ERR_LIMIT);
        } else {
            assert_ok(parse(buf_str(&b), &err), &err);
            assert_int_equal(page.post_count, count);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_page_is_cut_into_its_posts),
        cmocka_unit_test(test_a_quiet_page_is_empty),
        cmocka_unit_test(test_errors_beside_posts_are_counted),
        cmocka_unit_test(test_a_piece_without_an_id_stays),
        cmocka_unit_test(test_what_is_no_page_is_an_error),
        cmocka_unit_test(test_more_posts_than_were_asked_for_are_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
