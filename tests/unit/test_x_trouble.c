/* What an answer of X means: each cause that facts and documentation name, with a body for it. */
#include "source/x_account.h"

#include "check.h"

#define NOW INT64_C(1788000000000000) /* 2026-08-29T10:40:00Z */
#define PROBLEMS "\"type\":\"https://api.twitter.com/2/problems/"

struct trouble_case {
    int status;
    const char *body;
    source_state state;
    bool again, account;
    const char *says; /* part of the sentence */
};

static struct http_answer answer(int status, const char *body) {
    struct http_answer a;
    http_answer_clear(&a);
    a.end = HTTP_ANSWERED;
    a.status = status;
    a.body = str_from_z(body);
    return a;
}

static struct x_verdict verdict(int status, const char *body) {
    const struct http_answer a = answer(status, body);
    struct x_verdict v;
    x_verdict_of(NOW, &a, &v);
    return v;
}

static usec at(const char *text) {
    usec t = 0;
    assert_true(time_parse_rfc3339(str_from_z(text), &t));
    return t;
}

static const struct trouble_case cases[] = {
    {400,
     "{\"errors\":[{\"parameters\":{\"query\":[\"x\"]},\"message\":\"bad \\\"query\\\"\"}],"
     "\"title\":\"Invalid Request\",\"detail\":\"One or more parameters to your request was "
     "invalid.\"," PROBLEMS "invalid-request\"}",
     SOURCE_CONFIG, false, false, "(bad \"query\"; One or more parameters to your request"},
    {400, "{\"errors\":[{\"message\":\"since_id too old\"}]}", SOURCE_CONFIG, false, false,
     "since_id too old"},
    {400, "", SOURCE_CONFIG, false, false, "does not understand"},
    {401, "{\"title\":\"Unauthorized\",\"status\":401,\"type\":\"about:blank\"}", SOURCE_TOKEN,
     false, true, "token"},
    {401, "{\"errors\":[{\"code\":89,\"message\":\"Invalid or expired token.\"}]}", SOURCE_TOKEN,
     false, true, "expired token"},
    {403, "{\"errors\":[{\"code\":89,\"message\":\"Invalid or expired token.\"}]}", SOURCE_TOKEN,
     false, true, "expired token"},
    {401, "", SOURCE_TOKEN, false, true, "token"},
    {403, "{\"title\":\"Unsupported Authentication\"," PROBLEMS "unsupported-authentication\"}",
     SOURCE_TOKEN, false, true, "token"},
    {402,
     "{\"title\":\"CreditsDepleted\",\"detail\":\"Your enrolled account [1] does not have any "
     "credits to fulfill this request.\",\"type\":\"https://api.x.com/2/problems/credits\"}",
     SOURCE_CREDITS, false, true, "add some"},
    {402, "{\"title\":\"Payment Required\"," PROBLEMS "credits-depleted\"}", SOURCE_CREDITS, false,
     true, "credits"},
    {402, "<html>pay</html>", SOURCE_CREDITS, false, true, "credits"},
    {403, "{\"title\":\"CreditsDepleted\"}", SOURCE_CREDITS, false, true, "credits"},
    {403,
     "{\"title\":\"Client "
     "Forbidden\",\"detail\":\"enroll\",\"reason\":\"client-not-enrolled\"," PROBLEMS
     "client-forbidden\"}",
     SOURCE_FORBIDDEN, false, false, "developer console"},
    {403, "{" PROBLEMS "not-authorized-for-resource\"}", SOURCE_FORBIDDEN, false, false, "not let"},
    {403, "<html>forbidden</html>", SOURCE_RETRYING, true, false, "firewall"},
    {403, "", SOURCE_RETRYING, true, false, "firewall"},
    {404, "{" PROBLEMS "resource-not-found\"}", SOURCE_CONFIG, false, false, "no such address"},
    {408, "", SOURCE_RETRYING, true, false, "in time"},
    {409, "{\"title\":\"Conflict\"," PROBLEMS "conflict\"}", SOURCE_CONFIG, true, false, "rules"},
    {429, "{\"title\":\"Too Many Requests\",\"type\":\"about:blank\"}", SOURCE_LIMITED, true, false,
     "rate limit"},
    {429, "{\"errors\":[{\"code\":88,\"message\":\"Rate limit exceeded\"}]}", SOURCE_LIMITED, true,
     false, "rate limit"},
    {429, "", SOURCE_LIMITED, true, false, "rate limit"},
    {429, "<html></html>", SOURCE_LIMITED, true, false, "rate limit"},
    {429,
     "{\"title\":\"UsageCapExceeded\",\"period\":\"Monthly\",\"scope\":\"Product\"," PROBLEMS
     "usage-capped\"}",
     SOURCE_USAGE_CAP, false, true, "Monthly cap"},
    {429, "{\"title\":\"UsageCapExceeded\"}", SOURCE_USAGE_CAP, false, true, "cap"},
    {429,
     "{\"title\":\"ConnectionException\",\"connection_issue\":\"TooManyConnections\"," PROBLEMS
     "streaming-connection\"}",
     SOURCE_CONNECTIONS, true, false, "close the other"},
    {429, "{\"connection_issue\":\"ProvisioningSubscription\"," PROBLEMS "streaming-connection\"}",
     SOURCE_RETRYING, true, false, "setting up"},
    {429, "{\"connection_issue\":\"RuleConfigurationIssue\"," PROBLEMS "streaming-connection\"}",
     SOURCE_CONFIG, true, false, "rules"},
    {429, "{\"connection_issue\":\"RulesInvalidIssue\"," PROBLEMS "streaming-connection\"}",
     SOURCE_CONFIG, true, false, "rules"},
    {500, "", SOURCE_RETRYING, true, false, "500"},
    {502, "<html>bad gateway</html>", SOURCE_RETRYING, true, false, "502"},
    {503, "{\"title\":\"UsageCapExceeded\"," PROBLEMS "usage-capped\"}", SOURCE_RETRYING, true,
     false, "503"},
    {504, "", SOURCE_RETRYING, true, false, "504"},
    {302, "", SOURCE_RETRYING, true, false, "proxy"},
    {418, "{}", SOURCE_CONFIG, false, false, "request"},
};

static void test_each_cause_has_its_state_and_its_sentence(void **state) {
    (void)state;
    for (int i = 0; i < COUNT_OF(cases); i++) {
        const struct trouble_case *c = &cases[i];
        const struct x_verdict v = verdict(c->status, c->body);
        if (v.fine || v.state != c->state || v.again != c->again || v.account != c->account ||
            strstr(v.why, c->says) == NULL)
            fail_msg("%d %s: %s, again %d, account %d: %s", c->status, c->body,
                     source_state_name(v.state), v.again, v.account, v.why);
        assert_true(v.until == 0 || v.until > NOW);
    }
}

static void test_what_is_fine_is_fine(void **state) {
    (void)state;
    assert_true(verdict(200, "{\"errors\":[{\"title\":\"CreditsDepleted\"}]}").fine);
    assert_true(verdict(201, "").fine);
    assert_int_equal(verdict(200, "").state, SOURCE_LIVE);
    assert_int_equal(verdict(200, "").why[0], '\0');
}

static void test_no_answer_is_tried_again(void **state) {
    (void)state;
    struct http_answer a;
    struct x_verdict v;
    http_answer_clear(&a);
    a.end = HTTP_LOST;
    str_copyz(STR("timed out"), a.why, sizeof a.why);
    x_verdict_of(NOW, &a, &v);
    assert_true(!v.fine && v.again && v.state == SOURCE_RETRYING && !v.account);
    assert_string_equal(v.why, "X's answer was lost: trying again (timed out)");
    a.end = HTTP_NOT_SENT;
    x_verdict_of(NOW, &a, &v);
    assert_string_equal(v.why, "X cannot be reached: trying again (timed out)");
}

static usec limit_until(int64_t reset, int64_t retry_after) {
    struct http_answer a = answer(429, "");
    struct x_verdict v;
    a.rate_reset = reset;
    a.retry_after_s = retry_after;
    x_verdict_of(NOW, &a, &v);
    assert_int_equal(v.state, SOURCE_LIMITED);
    return v.until;
}

static void test_a_rate_limit_lasts_as_long_as_the_headers_say(void **state) {
    (void)state;
    const int64_t now_s = NOW / USEC_PER_S;
    assert_int_equal(limit_until(now_s + 600, -1), NOW + 601 * USEC_PER_S);
    assert_int_equal(limit_until(-1, 30), NOW + 30 * USEC_PER_S);
    assert_int_equal(limit_until(now_s - 5, 30), NOW + 30 * USEC_PER_S);
    assert_int_equal(limit_until(-1, -1), NOW + USEC_PER_MIN);
    assert_int_equal(limit_until(INT64_MAX, INT64_MAX), NOW + USEC_PER_MIN);
    assert_int_equal(limit_until(now_s + 90 * 86400, 0), NOW + USEC_PER_MIN);
}

static void test_caps_last_until_the_period_ends(void **state) {
    (void)state;
    struct x_verdict v = verdict(429, "{\"period\":\"Monthly\",\"title\":\"UsageCapExceeded\"}");
    assert_int_equal(v.until, at("2026-09-01T00:00:00Z"));
    v = verdict(429, "{\"period\":\"Daily\",\"title\":\"UsageCapExceeded\"}");
    assert_int_equal(v.until, at("2026-08-30T00:00:00Z"));
    v = verdict(429, "{\"period\":\"Hourly\",\"title\":\"UsageCapExceeded\"}");
    assert_int_equal(v.until, 0);
}

static void test_a_spend_cap_lasts_until_its_reset_date(void **state) {
    (void)state;
    struct x_verdict v =
        verdict(403, "{\"title\":\"SpendCapReached\",\"detail\":\"reached its billing cycle spend "
                     "cap\",\"reset_date\":\"2026-09-13\"," PROBLEMS "credits\"}");
    assert_int_equal(v.state, SOURCE_SPEND_CAP);
    assert_true(v.account && !v.again);
    assert_int_equal(v.until, at("2026-09-13T00:00:00Z"));
    assert_non_null(strstr(v.why, "2026-09-13"));
    v = verdict(403, "{\"reset_date\":\"2026-09-13T05:00:00Z\"," PROBLEMS "credits\"}");
    assert_int_equal(v.state, SOURCE_SPEND_CAP);
    assert_int_equal(v.until, at("2026-09-13T05:00:00Z"));
    v = verdict(403, "{\"title\":\"SpendCapReached\",\"reset_date\":\"2026-05-13\"}");
    assert_int_equal(v.until, 0); /* it has passed */
    v = verdict(403, "{\"title\":\"SpendCapReached\",\"reset_date\":\"soon\"}");
    assert_int_equal(v.until, 0);
    v = verdict(402,
                "{\"errors\":[{\"title\":\"SpendCapReached\",\"reset_date\":\"2026-09-13\"}]}");
    assert_int_equal(v.state, SOURCE_SPEND_CAP);
    assert_int_equal(v.until, at("2026-09-13T00:00:00Z"));
}

static void test_words_of_x_do_not_break_the_sentence(void **state) {
    (void)state;
    static char body[70000];
    struct buf b;
    buf_init_fixed(&b, body, sizeof body);
    buf_put(&b, STR("{\"detail\":\"a\\nb\\u0007"));
    for (int i = 0; i < 100; i++) buf_put(&b, STR("é"));
    buf_put(&b, STR("\"}"));
    struct x_verdict v = verdict(400, buf_z(&b));
    assert_non_null(strstr(v.why, "(a b "));
    assert_true(str_utf8_valid(str_from_z(v.why)));
    memset(body, ' ', sizeof body - 1);
    v = verdict(400, body);
    assert_int_equal(v.state, SOURCE_CONFIG);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_cause_has_its_state_and_its_sentence),
        cmocka_unit_test(test_what_is_fine_is_fine),
        cmocka_unit_test(test_no_answer_is_tried_again),
        cmocka_unit_test(test_a_rate_limit_lasts_as_long_as_the_headers_say),
        cmocka_unit_test(test_caps_last_until_the_period_ends),
        cmocka_unit_test(test_a_spend_cap_lasts_until_its_reset_date),
        cmocka_unit_test(test_words_of_x_do_not_break_the_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
