/* queue.url of a Redis: what it means, and that no password is repeated. */
#include "queue/redis_url.h"

#include "check.h"

static struct redis_url parse(const char *url) {
    struct redis_url u;
    struct error err;
    assert_ok(redis_url_parse(str_from_z(url), &u, &err), &err);
    return u;
}

static void test_a_host_has_a_port_and_a_database(void **state) {
    (void)state;
    struct redis_url u = parse("redis://127.0.0.1");
    assert_string_equal(u.host, "127.0.0.1");
    assert_int_equal(u.port, 6379);
    assert_int_equal(u.db, 0);
    assert_false(u.tls);
    assert_true(u.here);
    assert_string_equal(u.user, "");
    assert_string_equal(u.path, "");
    u = parse("rediss://bot@redis-1.example.com:6380/12");
    assert_string_equal(u.host, "redis-1.example.com");
    assert_int_equal(u.port, 6380);
    assert_int_equal(u.db, 12);
    assert_true(u.tls);
    assert_false(u.here);
    assert_string_equal(u.user, "bot");
    u = parse("redis://redis/");
    assert_string_equal(u.host, "redis");
    assert_false(u.here);
}

static void test_an_address_of_version_six_stands_in_brackets(void **state) {
    (void)state;
    struct redis_url u = parse("redis://[::1]:7000/1");
    assert_string_equal(u.host, "::1");
    assert_int_equal(u.port, 7000);
    assert_true(u.here);
    u = parse("rediss://[2001:db8::1]");
    assert_string_equal(u.host, "2001:db8::1");
    assert_false(u.here);
}

static void test_a_socket_has_a_path(void **state) {
    (void)state;
    struct redis_url u = parse("redis+unix:///run/redis/redis.sock?db=3");
    assert_string_equal(u.path, "/run/redis/redis.sock");
    assert_int_equal(u.db, 3);
    assert_true(u.here);
    u = parse("redis+unix://bot@/run/redis.sock");
    assert_string_equal(u.path, "/run/redis.sock");
    assert_string_equal(u.user, "bot");
}

static void test_only_this_machine_is_here(void **state) {
    (void)state;
    assert_true(parse("redis://localhost").here);
    assert_true(parse("redis://127.5.5.5").here);
    assert_false(parse("redis://10.0.0.1").here);
    assert_false(parse("redis://localhost.example.com").here);
    assert_false(parse("redis://128.0.0.1").here);
}

static void refused(const char *url, const char *words) {
    struct redis_url u;
    struct error err;
    assert_fails(redis_url_parse(str_from_z(url), &u, &err), &err, ERR_CONFIG);
    if (strstr(err.msg, words) == NULL) fail_msg("%s: %s", url, err.msg);
    assert_null(strstr(err.msg, "s3cret"));
}

static void test_what_is_no_url_is_refused_with_a_reason(void **state) {
    (void)state;
    refused("memory:", "is none of Redis");
    refused("REDIS://h", "is none of Redis");
    refused("redis://", "names no host");
    refused("redis://:6379", "names no host");
    refused("redis://h:", "names no host and port");
    refused("redis://h:0", "names no host and port");
    refused("redis://h:65536", "names no host and port");
    refused("redis://h:06379", "names no host and port");
    refused("redis://h o", "names no host");
    refused("redis://1.2.3", "names no host");
    refused("redis://127.1", "names no host");
    refused("redis://[::1", "names no host");
    refused("redis://[::1]7", "names no host");
    refused("redis://[localhost]", "names no host");
    refused("redis://::1", "names no host");
    refused("redis://h/x", "database's number");
    refused("redis://h/1/2", "database's number");
    refused("redis://h/10000", "database's number");
    refused("redis://h?db=1", "names no host");
    refused("redis+unix://run/x", "path that begins with /");
    refused("redis+unix:///", "path that begins with /");
    refused("redis+unix:///x?db=-1", "?db=NUMBER");
    refused("redis+unix:///x?dc=1", "?db=NUMBER");
    char path[160] = "redis+unix:///";
    memset(path + 14, 'x', 120);
    refused(path, "too long");
}

static void test_a_password_is_refused_and_not_repeated(void **state) {
    (void)state;
    refused("redis://:s3cret@h", "queue.password_file");
    refused("redis://bot:s3cret@h:1/2", "queue.password_file");
    refused("rediss://bot:s3cret/@@h", "queue.password_file");
    refused("redis://s3cret@h@h", "queue.password_file");
    refused("redis://s3cret%20@h", "plain word");
    refused("redis://s3cret@", "names no host");
    refused("redis://s3cret@h/x", "database's number");
}

static void test_it_is_written_in_full(void **state) {
    (void)state;
    static const char *const pairs[][2] = {
        {"redis://h", "redis://h:6379/0"},
        {"rediss://bot@h:1/2", "rediss://h:1/2"},
        {"redis://[::1]", "redis://[::1]:6379/0"},
        {"redis+unix://bot@/x", "redis+unix:///x?db=0"},
    };
    for (int i = 0; i < COUNT_OF(pairs); i++) {
        const struct redis_url u = parse(pairs[i][0]);
        char block[100];
        struct buf b;
        buf_init_fixed(&b, block, sizeof block);
        redis_url_put(&u, &b);
        assert_string_equal(buf_z(&b), pairs[i][1]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_host_has_a_port_and_a_database),
        cmocka_unit_test(test_an_address_of_version_six_stands_in_brackets),
        cmocka_unit_test(test_a_socket_has_a_path),
        cmocka_unit_test(test_only_this_machine_is_here),
        cmocka_unit_test(test_what_is_no_url_is_refused_with_a_reason),
        cmocka_unit_test(test_a_password_is_refused_and_not_repeated),
        cmocka_unit_test(test_it_is_written_in_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
