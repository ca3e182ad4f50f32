/* The words that are spoken with Redis: a job as bytes, what an error of Redis means, INFO. */
#include "check.h"

#include "queue/redis_conn.h"
#include "queue/redis_job.h"

static str put(const struct redis_job_text *j, struct buf *b) {
    buf_clear(b);
    redis_job_put(j, b);
    assert_int_equal(b->len, redis_job_bytes(j));
    return buf_str(b);
}

static void test_a_job_comes_back_as_it_was(void **state) {
    (void)state;
    struct buf b;
    buf_init(&b, 1 << 16);
    const struct redis_job_text jobs[] = {
        {.tries = 0, .at = 0, .id = 0},
        {.tries = 3, .at = -5, .id = INT64_MAX, .note = STR("it failed"), .payload = STR("p")},
        {.tries = INT32_MAX, .at = INT64_MIN, .id = INT64_MIN, .payload = STR("bf1 0 0 0 0\n")},
        {.note = STR("two\nlines"), .payload = {"a\0b", 3}},
    };
    for (int i = 0; i < COUNT_OF(jobs); i++) {
        struct redis_job_text got;
        assert_true(redis_job_parse(put(&jobs[i], &b), &got));
        assert_int_equal(got.tries, jobs[i].tries);
        assert_int_equal(got.at, jobs[i].at);
        assert_int_equal(got.id, jobs[i].id);
        assert_true(str_eq(got.note, jobs[i].note));
        assert_true(str_eq(got.payload, jobs[i].payload));
    }
    buf_fini(&b);
}

static void test_what_nobody_of_us_wrote_is_no_job(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",
        "\n",
        "bf1",
        "bf1 0 0 0 0",
        "bf2 0 0 0 0\n",
        "bf1 0 0 0\n",
        "bf1 0 0 0 0 0\n",
        "bf1  0 0 0 0\n",
        "bf1 -1 0 0 0\n",
        "bf1 2147483648 0 0 0\n",
        "bf1 00 0 0 0\n",
        "bf1 +1 0 0 0\n",
        "bf1 0 9223372036854775808 0 0\n",
        "bf1 0 0 0 -1\n",
        "bf1 0 0 0 2\nx",
        "bf1 0 0 0 99999999999999999999\nx",
        "BF1 0 0 0 0\n",
    };
    for (int i = 0; i < COUNT_OF(texts); i++) {
        struct redis_job_text j;
        if (redis_job_parse(str_from_z(texts[i]), &j)) fail_msg("%s", texts[i]);
    }
}

static redisReply error_reply(const char *text) {
    return (redisReply){
        .type = REDIS_REPLY_ERROR, .str = (char *)(uintptr_t)text, .len = strlen(text)};
}

static void test_each_trouble_says_what_to_do(void **state) {
    (void)state;
    static const struct {
        const char *reply;
        redis_trouble what;
        err_code code;
        const char *words;
    } cases[] = {
        {"NOSCRIPT No matching script.", REDIS_UNLOADED, ERR_IO, "scripts"},
        {"NOGROUP No such key 'x'", REDIS_GONE, ERR_IO, "gone"},
        {"UNBLOCKED the stream key no longer exists", REDIS_GONE, ERR_IO, "gone"},
        {"NOEPOCH another", REDIS_GONE, ERR_IO, "gone"},
        {"OOM command not allowed when used memory > 'maxmemory'.", REDIS_OTHER, ERR_FULL,
         "maxmemory"},
        {"ERR Error running script (call to f_x): @user_script:3: @user_script: 3: -OOM command "
         "not allowed when used memory > 'maxmemory'.",
         REDIS_OTHER, ERR_FULL, "maxmemory"},
        {"@user_script: 9: -READONLY You can't write against a read only replica.", REDIS_OTHER,
         ERR_BUSY, "primary"},
        {"MISCONF Redis is configured to save RDB snapshots, but", REDIS_OTHER, ERR_FULL, "disk"},
        {"LOADING Redis is loading the dataset in memory", REDIS_OTHER, ERR_BUSY, "wait"},
        {"BUSY Redis is busy running a script.", REDIS_OTHER, ERR_BUSY, "script"},
        {"MASTERDOWN Link with MASTER is down", REDIS_OTHER, ERR_BUSY, "replica"},
        {"NOREPLICAS Not enough good replicas to write.", REDIS_OTHER, ERR_BUSY, "replicas"},
        {"ERR max number of clients reached", REDIS_OTHER, ERR_BUSY, "maxclients"},
        {"NOAUTH Authentication required.", REDIS_OTHER, ERR_CONFIG, "queue.password_file"},
        {"WRONGPASS invalid username-password pair", REDIS_OTHER, ERR_CONFIG, "password"},
        {"ERR AUTH <password> called without any password configured", REDIS_OTHER, ERR_CONFIG,
         "take queue.password_file out"},
        {"NOPERM this user has no permissions", REDIS_OTHER, ERR_CONFIG, "docs/queue.md"},
        {"DENIED Redis is running in protected mode", REDIS_OTHER, ERR_CONFIG, "protected mode"},
        {"WRONGTYPE Operation against a key", REDIS_OTHER, ERR_CONFIG, "queue.prefix"},
        {"MOVED 3999 127.0.0.1:6381", REDIS_OTHER, ERR_UNSUPPORTED, "Cluster"},
        {"ERR unknown command 'GETDEL', with args beginning with: 'bf'", REDIS_OTHER,
         ERR_UNSUPPORTED, "6.2"},
    };
    for (int i = 0; i < COUNT_OF(cases); i++) {
        const redisReply r = error_reply(cases[i].reply);
        struct error err = {0};
        const redis_trouble got = redis_refused(&r, &err);
        if (got != cases[i].what || err.code != cases[i].code ||
            strstr(err.msg, cases[i].words) == NULL)
            fail_msg("%s: %d %s %s", cases[i].reply, got, err_name(err.code), err.msg);
    }
}

static void test_an_unknown_trouble_repeats_nothing_that_was_sent(void **state) {
    (void)state;
    struct error err = {0};
    const redisReply r = error_reply("ERR odd argument 'the words of a post'");
    assert_int_equal(redis_refused(&r, &err), REDIS_OTHER);
    assert_int_equal(err.code, ERR_IO);
    assert_string_equal(err.msg, "Redis refuses: ERR odd argument ");
}

static void test_a_field_of_info_is_a_whole_word(void **state) {
    (void)state;
    const str info = STR("# Server\r\nredis_version:7.0.15\r\nrun_id:abc\r\nmaxmemory:0\r\n"
                         "maxmemory_policy:noeviction\r\nempty:\r\n");
    assert_str(redis_info_field(info, "redis_version"), "7.0.15");
    assert_str(redis_info_field(info, "run_id"), "abc");
    assert_str(redis_info_field(info, "maxmemory"), "0");
    assert_str(redis_info_field(info, "maxmemory_policy"), "noeviction");
    assert_str(redis_info_field(info, "empty"), "");
    assert_str(redis_info_field(info, "run"), "");
    assert_str(redis_info_field((str){0}, "run_id"), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_job_comes_back_as_it_was),
        cmocka_unit_test(test_what_nobody_of_us_wrote_is_no_job),
        cmocka_unit_test(test_each_trouble_says_what_to_do),
        cmocka_unit_test(test_an_unknown_trouble_repeats_nothing_that_was_sent),
        cmocka_unit_test(test_a_field_of_info_is_a_whole_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
