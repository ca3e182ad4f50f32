/* URLs of PostgreSQL: what they say, what is refused, and that no password is ever shown. */
#include "store/pg_url.h"

#include "check.h"

static struct pg_url parse(const char *rest) {
    struct pg_url u;
    struct error err;
    assert_ok(pg_url_parse(str_from_z(rest), &u, &err), &err);
    return u;
}

static void test_each_part_is_where_it_belongs(void **state) {
    (void)state;
    const struct pg_url u =
        parse("//ann%40x@db.example:5433/coins?schema=bull_1&application_name=bullfinch%20trade");
    assert_string_equal(u.user, "ann@x");
    assert_string_equal(u.host, "db.example");
    assert_string_equal(u.port, "5433");
    assert_string_equal(u.database, "coins");
    assert_string_equal(u.schema, "bull_1");
    assert_string_equal(u.application, "bullfinch trade");
}

static void test_what_is_not_said_has_a_default(void **state) {
    (void)state;
    const struct pg_url u = parse("///coins");
    assert_string_equal(u.user, "");
    assert_string_equal(u.host, "");
    assert_string_equal(u.port, "");
    assert_string_equal(u.schema, "public");
    assert_string_equal(u.application, "bullfinch");
    assert_string_equal(u.sslmode, "");
    assert_false(u.weak_tls);
}

static void test_a_socket_is_named_behind_the_question_mark(void **state) {
    (void)state;
    const struct pg_url u = parse("//ann@:6432/coins?host=%2Fvar%2Frun&");
    assert_string_equal(u.host, "/var/run");
    assert_string_equal(u.port, "6432");
    assert_string_equal(u.sslmode, "");
}

static void test_a_host_elsewhere_must_prove_who_it_is_unless_the_url_says_otherwise(void **state) {
    static const struct {
        const char *rest, *mode;
        bool weak;
    } cases[] = {
        {"//db/x", "verify-full", false},
        {"//10.0.0.7/x", "verify-full", false},
        {"//[2001:db8::1]:5432/x", "verify-full", false},
        {"//db/x?sslmode=require", "require", true},
        {"//db/x?sslmode=verify-ca", "verify-ca", true},
        {"//db/x?sslmode=verify-full", "verify-full", false},
        {"//db/x?sslmode=disable", "disable", true},
        {"//localhost/x", "", false},
        {"//127.0.0.1/x", "", false},
        {"//[::1]/x", "", false},
        {"//127.0.0.1/x?sslmode=require", "require", false},
        {"///x?host=db", "verify-full", false},
    };
    (void)state;
    for (int i = 0; i < COUNT_OF(cases); i++) {
        const struct pg_url u = parse(cases[i].rest);
        if (strcmp(u.sslmode, cases[i].mode) != 0 || u.weak_tls != cases[i].weak)
            fail_msg("%s: %s", cases[i].rest, u.sslmode);
    }
}

static void test_what_cannot_be_meant_is_refused_and_no_password_is_shown(void **state) {
    static const struct {
        const char *rest, *says;
    } wrong[] = {
        {"", "expected postgresql://"},
        {"/x", "expected postgresql://"},
        {"//db", "names no database"},
        {"//db/", "names no database"},
        {"//ann:sesame@db/x", "password"},
        {"//ann:@db/x", "password"},
        {"//db/x?password=sesame", "password"},
        {"//db:0/x", "port"},
        {"//db:65536/x", "port"},
        {"//db:+1/x", "port"},
        {"//db:000000001/x", "port"},
        {"//db:5432x/x", "port"},
        {"//[::1/x", "]"},
        {"//[::1]5432/x", "]"},
        {"//db/x?schema=Public", "schema"},
        {"//db/x?schema=1x", "schema"},
        {"//db/x?schema=pg_x", "schema"},
        {"//db/x?schema=a%22b", "schema"},
        {"//db/x?schema=", "schema"},
        {"//db/x?sslmode=none", "sslmode"},
        {"//db/x?options=-c", "\"options\" is none"},
        {"//db/x?=1", "is none"},
        {"//db/x%00y", "database"},
        {"//db%zz/x", "host"},
        {"//db%ff/x", "host"},
    };
    (void)state;
    for (int i = 0; i < COUNT_OF(wrong); i++) {
        struct pg_url u;
        struct error err;
        if (pg_url_parse(str_from_z(wrong[i].rest), &u, &err)) fail_msg("taken: %s", wrong[i].rest);
        assert_int_equal(err.code, ERR_CONFIG);
        if (strstr(err.msg, wrong[i].says) == NULL || strstr(err.msg, "sesame") != NULL)
            fail_msg("%s: %s", wrong[i].rest, err.msg);
    }
}

static void test_what_is_too_long_is_refused(void **state) {
    char text[700];
    struct pg_url u;
    struct error err;
    (void)state;
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    memcpy(text, "//", 2);
    memcpy(text + 600, "/x", 3);
    assert_fails(pg_url_parse(str_from_z(text), &u, &err), &err, ERR_CONFIG);
    memcpy(text, "//db/", 5);
    text[600] = 'a';
    assert_fails(pg_url_parse(str_from_z(text), &u, &err), &err, ERR_CONFIG);
}

static void assert_shown(const char *rest, const char *want) {
    char block[600];
    struct buf b;
    const struct pg_url u = parse(rest);
    buf_init_fixed(&b, block, sizeof block);
    pg_url_show(&u, &b);
    assert_string_equal(buf_z(&b), want);
}

static void test_the_place_is_shown_as_it_was_given(void **state) {
    (void)state;
    assert_shown("//ann@db:5433/coins?sslmode=require", "postgresql://ann@db:5433/coins");
    assert_shown("//[::1]:5433/coins", "postgresql://[::1]:5433/coins");
    assert_shown("///coins?schema=bull", "postgresql:///coins?schema=bull");
    assert_shown("///coins?host=/tmp", "postgresql://%2Ftmp/coins");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_part_is_where_it_belongs),
        cmocka_unit_test(test_what_is_not_said_has_a_default),
        cmocka_unit_test(test_a_socket_is_named_behind_the_question_mark),
        cmocka_unit_test(test_a_host_elsewhere_must_prove_who_it_is_unless_the_url_says_otherwise),
        cmocka_unit_test(test_what_cannot_be_meant_is_refused_and_no_password_is_shown),
        cmocka_unit_test(test_what_is_too_long_is_refused),
        cmocka_unit_test(test_the_place_is_shown_as_it_was_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
