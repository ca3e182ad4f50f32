/* What is said to the bot, and what services' answers mean. */
#include "ops/telegram.h"

#include "check.h"

#include "net/smtp.h"

static struct arena arena;
static char memory[1 << 20];

static void begin(void) { arena_init(&arena, memory, sizeof memory); }

/* --- updates -------------------------------------------------------------------------------- */

static int read_all(const char *body, struct telegram_update *v) {
    struct error err;
    int n = -1;
    begin();
    assert_ok(telegram_updates(&arena, str_from_z(body), v, &n, &err), &err);
    return n;
}

static void test_a_message_is_read(void **state) {
    (void)state;
    struct telegram_update v[TELEGRAM_UPDATES_MAX];
    assert_int_equal(
        read_all("{\"ok\":true,\"result\":[{\"update_id\":10,\"message\":{\"message_id\":1,"
                 "\"from\":{\"id\":42,\"is_bot\":false},\"chat\":{\"id\":-1001,\"type\":"
                 "\"supergroup\"},\"date\":1796059570,\"text\":\"/status\"}},"
                 "{\"update_id\":11,\"message\":{\"from\":{\"id\":42},\"chat\":{\"id\":42,"
                 "\"type\":\"private\"},\"date\":1796059571,\"text\":\"hello\"}}]}",
                 v),
        2);
    assert_int_equal(v[0].id, 10);
    assert_true(v[0].is_message);
    assert_false(v[0].is_private);
    assert_int_equal(v[0].chat, -1001);
    assert_int_equal(v[0].user, 42);
    assert_int_equal(v[0].at, 1796059570 * USEC_PER_S);
    assert_str(v[0].text, "/status");
    assert_true(v[1].is_private);
}

static void test_what_is_no_text_is_passed_over_and_counts(void **state) {
    (void)state;
    struct telegram_update v[TELEGRAM_UPDATES_MAX];
    assert_int_equal(read_all("{\"ok\":true,\"result\":[{\"update_id\":10,\"message\":{\"chat\":"
                              "{\"id\":1},\"photo\":[]}},{\"update_id\":11,\"edited_message\":{"
                              "\"chat\":{\"id\":1},\"text\":\"/halt\"}},{\"update_id\":12},"
                              "{\"update_id\":-3},{\"x\":1},7,null]}",
                              v),
                     3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(v[i].id, 10 + i);
        assert_false(v[i].is_message);
    }
}

static void test_what_is_no_answer_of_telegrams_is_an_error(void **state) {
    (void)state;
    const char *const bad[] = {"",
                               "{}",
                               "[]",
                               "{\"ok\":false,\"result\":[]}",
                               "<html",
                               "null",
                               "{\"ok\":true}",
                               "{\"ok\":true,\"result\":{}}"};
    struct telegram_update v[TELEGRAM_UPDATES_MAX];
    struct error err;
    int n;
    begin();
    for (int i = 0; i < COUNT_OF(bad); i++)
        assert_fails(telegram_updates(&arena, str_from_z(bad[i]), v, &n, &err), &err, ERR_PARSE);
}

static void test_a_text_with_a_nul_is_nobodys_and_the_others_are_read(void **state) {
    (void)state;
    struct telegram_update v[TELEGRAM_UPDATES_MAX];
    struct error err;
    char name[TELEGRAM_NAME_BYTES];
    int n;
    begin();
    assert_ok(
        telegram_updates(&arena,
                         STR("{\"ok\":true,\"result\":[{\"update_id\":7,\"message\":{\"chat\":{"
                             "\"id\":1},\"text\":\"/halt\\u0000\"}},{\"update_id\":8,"
                             "\"message\":{\"chat\":{\"id\":1},\"text\":\"/halt\"}}]}"),
                         v, &n, &err),
        &err);
    assert_int_equal(n, 2);
    assert_false(v[0].is_message);
    assert_int_equal(v[0].id, 7);
    assert_true(v[1].is_message);
    /* of what is no JSON at all the number is seen, and nothing that stands in a text */
    assert_int_equal(telegram_first_id(STR("{\"result\":[{\"update_id\": 91,\"text\":\"\\ud800\"")),
                     91);
    assert_int_equal(telegram_first_id(STR("{\"text\":\"\\\"update_id\\\":5\"")), 0);
    assert_int_equal(telegram_first_id(STR("<html>")), 0);
    assert_ok(
        telegram_name(STR("{\"ok\":true,\"result\":{\"username\":\"some_bot\"}}"), name, &err),
        &err);
    assert_string_equal(name, "some_bot");
    assert_fails(telegram_name(STR("{\"ok\":true,\"result\":{}}"), name, &err), &err, ERR_PARSE);
}

static void test_orders_are_told_from_words(void **state) {
    (void)state;
    static const struct {
        const char *text;
        telegram_order order;
        const char *rest;
    } cases[] = {{"/status", TELEGRAM_STATUS, ""},
                 {" /Status ", TELEGRAM_STATUS, ""},
                 {"/halt the news", TELEGRAM_HALT, "the news"},
                 {"/halt@some_bot  why not", TELEGRAM_HALT, "why not"},
                 {"/halt@Some_Bot", TELEGRAM_HALT, ""},
                 {"/halt@other_bot  why not", TELEGRAM_NONE, ""},
                 {"/halt@ why not", TELEGRAM_NONE, ""},
                 {"/halt@some_bot2", TELEGRAM_NONE, ""},
                 {"/flatten 123456", TELEGRAM_FLATTEN, "123456"},
                 {"/approve\n17", TELEGRAM_APPROVE, "17"},
                 {"/halted", TELEGRAM_UNKNOWN, ""},
                 {"/", TELEGRAM_UNKNOWN, ""},
                 {"halt", TELEGRAM_NONE, ""},
                 {"", TELEGRAM_NONE, ""},
                 {"please /halt", TELEGRAM_NONE, ""}};
    for (int i = 0; i < COUNT_OF(cases); i++) {
        str rest;
        assert_int_equal(telegram_order_of(str_from_z(cases[i].text), STR("some_bot"), &rest),
                         cases[i].order);
        check_str(rest, str_from_z(cases[i].rest), cases[i].text, i);
    }
}

/* --- what answers mean ---------------------------------------------------------------------- */

static struct http_answer answered(int status, const char *body) {
    struct http_answer a;
    http_answer_clear(&a);
    a.end = HTTP_ANSWERED;
    a.status = status;
    a.body = str_from_z(body);
    return a;
}

#define SAID(code, words) "{\"ok\":false,\"error_code\":" #code ",\"description\":\"" words "\"}"

static void test_what_telegrams_answers_mean(void **state) {
    (void)state;
    static const struct {
        int status;
        const char *body;
        sent_end end;
        int64_t wait_s;
    } cases[] = {
        {200, "{\"ok\":true,\"result\":{}}", SENT_DONE, 0},
        {200, "<html>a proxy's page</html>", SENT_LATER, 0},
        {429, "{\"ok\":false,\"parameters\":{\"retry_after\":35}}", SENT_LATER, 35},
        {429, "{\"ok\":false}", SENT_LATER, 0},
        {429, "{\"ok\":false,\"parameters\":{\"retry_after\":-9}}", SENT_LATER, 0},
        {500, "", SENT_LATER, 0},
        {502, "<html>", SENT_LATER, 0},
        {400, SAID(400, "Bad Request: chat not found"), SENT_REFUSED, 0},
        {400, SAID(400, "Bad Request: message is too long"), SENT_BAD, 0},
        {401, SAID(401, "Unauthorized"), SENT_REFUSED, 0},
        {403, SAID(403, "Forbidden: bot was blocked by the user"), SENT_REFUSED, 0},
        {404, SAID(404, "Not Found"), SENT_REFUSED, 0},
        {409, SAID(409, "Conflict: terminated by other getUpdates request"), SENT_BAD, 0},
        {302, "", SENT_REFUSED, 0},
    };
    for (int i = 0; i < COUNT_OF(cases); i++) {
        struct sent s = {0};
        const struct http_answer a = answered(cases[i].status, cases[i].body);
        telegram_meaning(&a, &s);
        if (s.end != cases[i].end || s.wait != cases[i].wait_s * USEC_PER_S)
            fail_msg("case %d: end %d, wait %lld", i, (int)s.end, (long long)s.wait);
        assert_true((s.end == SENT_DONE) == (s.why[0] == '\0'));
    }
}

static void test_a_group_that_moved_says_where_to(void **state) {
    (void)state;
    struct sent s = {0};
    const struct http_answer a =
        answered(400, "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: group chat "
                      "was upgraded to a supergroup chat\",\"parameters\":{\"migrate_to_chat_id\":"
                      "-1001234}}");
    telegram_meaning(&a, &s);
    assert_int_equal(s.end, SENT_REFUSED);
    assert_string_equal(s.why, "the group has another number now: set telegram.chat to -1001234");
}

static void test_what_hooks_answers_mean(void **state) {
    (void)state;
    static const struct {
        notify_channel which;
        int status;
        int64_t header_s;
        const char *body;
        sent_end end;
        usec wait;
    } cases[] = {
        {CHANNEL_DISCORD, 200, -1, "{\"id\":\"1\"}", SENT_DONE, 0},
        {CHANNEL_DISCORD, 204, -1, "", SENT_DONE, 0},
        {CHANNEL_DISCORD, 429, -1, "{\"retry_after\":1.25,\"global\":false}", SENT_LATER, 1250000},
        {CHANNEL_DISCORD, 429, 65, "{\"retry_after\":64.57}", SENT_LATER, 65 * USEC_PER_S},
        {CHANNEL_DISCORD, 400, -1, "{\"code\":50035}", SENT_BAD, 0},
        {CHANNEL_DISCORD, 404, -1, "{\"code\":10015}", SENT_REFUSED, 0},
        {CHANNEL_DISCORD, 401, -1, "", SENT_REFUSED, 0},
        {CHANNEL_SLACK, 200, -1, "ok", SENT_DONE, 0},
        {CHANNEL_SLACK, 429, 30, "", SENT_LATER, 30 * USEC_PER_S},
        {CHANNEL_SLACK, 400, -1, "invalid_payload", SENT_BAD, 0},
        {CHANNEL_SLACK, 400, -1, "no_team", SENT_REFUSED, 0},
        {CHANNEL_SLACK, 403, -1, "action_prohibited", SENT_REFUSED, 0},
        {CHANNEL_SLACK, 404, -1, "channel_not_found", SENT_REFUSED, 0},
        {CHANNEL_SLACK, 410, -1, "channel_is_archived", SENT_REFUSED, 0},
        {CHANNEL_SLACK, 500, -1, "rollup_error", SENT_LATER, 0},
        {CHANNEL_WEBHOOK, 202, -1, "", SENT_DONE, 0},
        {CHANNEL_WEBHOOK, 422, -1, "no", SENT_BAD, 0},
        {CHANNEL_WEBHOOK, 408, -1, "", SENT_LATER, 0},
        {CHANNEL_WEBHOOK, 503, 7, "", SENT_LATER, 7 * USEC_PER_S},
        {CHANNEL_WEBHOOK, 307, -1, "", SENT_REFUSED, 0},
    };
    for (int i = 0; i < COUNT_OF(cases); i++) {
        struct sent s = {0};
        struct http_answer a = answered(cases[i].status, cases[i].body);
        a.retry_after_s = cases[i].header_s;
        hook_meaning(cases[i].which, &a, &s);
        if (s.end != cases[i].end || s.wait != cases[i].wait)
            fail_msg("case %d: end %d, wait %lld", i, (int)s.end, (long long)s.wait);
    }
}

static void test_what_did_not_arrive_for_sure_is_sent_later(void **state) {
    (void)state;
    const http_end ends[] = {HTTP_NOT_SENT, HTTP_LOST};
    for (int i = 0; i < 2; i++) {
        struct sent s = {0};
        struct http_answer a = {.end = ends[i], .why = "no way"};
        telegram_meaning(&a, &s);
        assert_int_equal(s.end, SENT_LATER);
        assert_string_equal(s.why, "no way");
        hook_meaning(CHANNEL_SLACK, &a, &s);
        assert_int_equal(s.end, SENT_LATER);
    }
}

/* --- opening -------------------------------------------------------------------------------- */

static bool opens(const char *url, struct error *err) {
    struct secret secret;
    struct channel *c = NULL;
    begin();
    assert_ok(secret_copy(str_from_z(url), &secret, err), err);
    const bool ok = hook_open(&arena, CHANNEL_SLACK, &secret, NULL, &c, err);
    assert_null(secret.p); /* taken */
    channel_close(c);
    return ok;
}

static void test_plain_http_goes_to_this_machine_only(void **state) {
    (void)state;
    struct error err;
    assert_true(opens("https://hooks.slack.com/services/T0/B0/x", &err));
    assert_true(opens("http://127.0.0.1:9/services/T0/B0/x", &err));
    assert_true(opens("http://[::1]:9/x?y=z", &err));
    const char *const bad[] = {"http://hooks.slack.com/services/T0/B0/of-slack",
                               "http://10.0.0.1/of-slack",
                               "ftp://hooks.slack.com/of-slack",
                               "https://me:pass@hooks.slack.com/of-slack",
                               "hooks.slack.com/of-slack",
                               "https://Hooks.slack.com/of-slack",
                               "of-slack"};
    for (int i = 0; i < COUNT_OF(bad); i++) {
        assert_false(opens(bad[i], &err));
        assert_null(strstr(err.msg, "of-slack"));
        assert_null(strstr(err.msg, "pass"));
    }
}

static void test_mail_goes_by_tls_or_stays_here(void **state) {
    (void)state;
    static const struct {
        const char *url, *want;
        bool loopback;
    } good[] = {{"smtps://mail.example.com", "smtps://mail.example.com:465", false},
                {"smtp://mail.example.com", "smtp://mail.example.com:587", false},
                {"smtp://mail.example.com:25", "smtp://mail.example.com:25", false},
                {"smtp://127.0.0.1:2525", "smtp://127.0.0.1:2525", true},
                {"smtps://[::1]:2525", "smtps://[::1]:2525", true}};
    static const char *const bad[] = {"mail.example.com",         "http://mail.example.com",
                                      "smtp://me@example.com",    "smtps://mail.example.com/x",
                                      "smtps://Mail.example.com", "smtps://"};
    char url[SMTP_URL_BYTES];
    struct error err;
    bool loopback;
    for (int i = 0; i < COUNT_OF(good); i++) {
        assert_ok(smtp_url(str_from_z(good[i].url), url, &loopback, &err), &err);
        assert_string_equal(url, good[i].want);
        assert_int_equal(loopback, good[i].loopback);
    }
    for (int i = 0; i < COUNT_OF(bad); i++)
        if (smtp_url(str_from_z(bad[i]), url, &loopback, &err)) fail_msg("taken: %s", bad[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_message_is_read),
        cmocka_unit_test(test_what_is_no_text_is_passed_over_and_counts),
        cmocka_unit_test(test_what_is_no_answer_of_telegrams_is_an_error),
        cmocka_unit_test(test_a_text_with_a_nul_is_nobodys_and_the_others_are_read),
        cmocka_unit_test(test_orders_are_told_from_words),
        cmocka_unit_test(test_what_telegrams_answers_mean),
        cmocka_unit_test(test_a_group_that_moved_says_where_to),
        cmocka_unit_test(test_what_hooks_answers_mean),
        cmocka_unit_test(test_what_did_not_arrive_for_sure_is_sent_later),
        cmocka_unit_test(test_plain_http_goes_to_this_machine_only),
        cmocka_unit_test(test_mail_goes_by_tls_or_stays_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
