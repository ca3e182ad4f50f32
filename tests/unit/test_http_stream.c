/* Long answers line by line: each line whole, in order, once; and every end is told for what it
 * is. TLS and proxies of the environment, for calls and streams alike. */
#include "net/http.h"
#include "raw_server.h"
#include "tls_server.h"

#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
#define CHUNKED HEAD "Transfer-Encoding: chunked\r\n\r\n"
#define LINES_MAX 64

struct rig {
    struct raw_server server;
    struct arena arena;
    struct http *http;
    struct http_answer answer;

    /* what the reader saw */
    int opened, lines, asked;
    char said[LINES_MAX][64];
    ptrdiff_t longest;
    /* and when it says no */
    bool refuse;
    int lines_max, asked_max; /* 0: as many as come */
};

static bool on_opened(void *ctx) {
    struct rig *r = ctx;
    assert_int_equal(r->lines, 0);
    r->opened++;
    return !r->refuse;
}

static bool on_line(void *ctx, str line) {
    struct rig *r = ctx;
    assert_int_equal(r->opened, 1);
    assert_true(r->lines < LINES_MAX);
    IGNORE(!str_copyz(line, r->said[r->lines], sizeof r->said[0]), "long ones are counted");
    r->longest = i64_max(r->longest, line.n);
    r->lines++;
    return r->lines_max == 0 || r->lines < r->lines_max;
}

static bool on_go_on(void *ctx) {
    struct rig *r = ctx;
    r->asked++;
    return r->asked_max == 0 || r->opened == 0 || r->asked < r->asked_max;
}

static void rig_open(struct rig *r, const struct raw_step *steps, int count) {
    char url[64];
    struct error err;
    memset(r, 0, sizeof *r);
    raw_open(&r->server, steps, count);
    arena_open(&r->arena, 1 << 20);
    snprintf(url, sizeof url, "http://127.0.0.1:%d", r->server.port);
    assert_ok(http_curl_open(&r->arena, str_from_z(url), HOST_FEED_REST, &r->http, &err), &err);
}

static struct http_request request(void) {
    return (struct http_request){.method = HTTP_GET,
                                 .path = STR("/2/tweets/search/stream"),
                                 .query = STR("tweet.fields=id,text"),
                                 .bearer = STR("AAAA%2Fbearer"),
                                 .timeout = 10 * USEC_PER_S};
}

static void stream(struct rig *r) {
    const struct http_request rq = request();
    const struct http_reader to = {r, on_opened, on_line, on_go_on};
    http_stream(r->http, &rq, &to, &r->answer);
}

/* Returns how many requests arrived, ever. */
static int rig_close(struct rig *r) {
    http_close(r->http);
    raw_close(&r->server);
    arena_close(&r->arena);
    return r->server.request_count;
}

/* --- lines ------------------------------------------------------------------------------- */

static void test_lines_come_whole_in_whatever_pieces_they_were_sent(void **state) {
    (void)state;
    static const char *const texts[] = {
        CHUNKED "5\r\n{\"a\":\r\n3\r\n1}\r\r\n1\r\n\n\r\n2\r\n\r\n\r\n6\r\n{}\n{}\n\r\n0\r\n\r\n",
        CHUNKED "11\r\n{\"a\":1}\r\n\r\n{}\n{}\n\r\n0\r\nx-trailer: 1\r\n\r\n",
        HEAD "Content-Length: 17\r\n\r\n{\"a\":1}\r\n\r\n{}\n{}\n",
        HEAD "\r\n{\"a\":1}\r\n\r\n{}\n{}", /* to the end of the connection */
        "HTTP/1.1 100 Continue\r\nx-rate-limit-limit: 9\r\n\r\n" HEAD "\r\n{\"a\":1}\n\n{}\n{}\n"};
    for (int i = 0; i < COUNT_OF(texts); i++) {
        const struct raw_step steps[] = {{texts[i], RAW_CLOSE, 0, 0}};
        struct rig r;
        rig_open(&r, steps, 1);
        stream(&r);
        if (r.answer.end != HTTP_ANSWERED) print_error("case %d: %s\n", i, r.answer.why);
        assert_int_equal(r.answer.end, HTTP_ANSWERED);
        assert_int_equal(r.answer.status, 200);
        assert_int_equal(r.answer.rate_limit, -1);
        assert_int_equal(r.lines, 4);
        assert_string_equal(r.said[0], "{\"a\":1}");
        assert_string_equal(r.said[1], "");
        assert_string_equal(r.said[2], "{}");
        assert_string_equal(r.said[3], "{}");
        assert_int_equal(rig_close(&r), 1);
    }
}

static void test_a_request_for_a_stream_carries_its_token_and_asks_for_plain_bytes(void **state) {
    (void)state;
    const struct raw_step steps[] = {{CHUNKED "0\r\n\r\n", RAW_KEEP, 0, 0}};
    struct rig r;
    rig_open(&r, steps, 1);
    stream(&r);
    assert_int_equal(r.answer.end, HTTP_ANSWERED);
    assert_int_equal(rig_close(&r), 1);
    const char *got = r.server.requests[0];
    assert_non_null(strstr(got, "GET /2/tweets/search/stream?tweet.fields=id,text HTTP/1.1\r\n"));
    assert_non_null(strstr(got, "Authorization: Bearer AAAA%2Fbearer\r\n"));
    assert_null(strstr(got, "Accept-Encoding"));
}

/* A mirror of a proxy, or an error page that quotes the request. */
static void test_a_token_that_comes_back_is_not_given_on(void **state) {
    (void)state;
    const struct raw_step steps[] = {
        {HEAD "\r\n{\"a\":\"Bearer AAAA%2Fbearer\"}\n{AAAA%2FbearerAAAA%2Fbearer}\n", RAW_CLOSE, 0,
         0},
        {"HTTP/1.1 401 Unauthorized\r\nContent-Length: 32\r\nConnection: close\r\n\r\n"
         "Authorization: Bearer AAAA%2Fbea",
         RAW_CLOSE, 0, 0},
        {"HTTP/1.1 401 Unauthorized\r\nContent-Length: 38\r\n\r\n"
         "{AAAA%2Fbearer} is no AAAA%2Fbearer ok",
         RAW_CLOSE, 0, 0}};
    struct rig r;
    rig_open(&r, steps, COUNT_OF(steps));
    stream(&r);
    assert_int_equal(r.lines, 2);
    assert_string_equal(r.said[0], "{\"a\":\"Bearer [token]\"}");
    assert_string_equal(r.said[1], "{[token][token]}");
    stream(&r); /* a part of it is none */
    assert_str(r.answer.body, "Authorization: Bearer AAAA%2Fbea");
    const struct http_request rq = request();
    http_call(r.http, &rq, &r.answer);
    assert_int_equal(r.answer.end, HTTP_ANSWERED);
    assert_str(r.answer.body, "{[token]} is no [token] ok");
    assert_int_equal(rig_close(&r), 3);
}

static void test_a_line_that_was_cut_is_none(void **state) {
    (void)state;
    static const struct raw_step cases[] = {
        {CHUNKED "8\r\n{}\n{\"a\":\r\n", RAW_CLOSE, 0, 0},
        {CHUNKED "8\r\n{}\n{\"a\":\r\n", RAW_RESET, 0, 0},
        {CHUNKED "9\r\n{}\n{\"a\":", RAW_CLOSE, 0, 0},
        {HEAD "Content-Length: 99\r\n\r\n{}\n{\"a\":", RAW_CLOSE, 0, 0},
        {CHUNKED "8\r\n{}\n{\"a\":\r\nzz\r\n1}\n", RAW_CLOSE, 0, 0}};
    for (int i = 0; i < COUNT_OF(cases); i++) {
        struct rig r;
        rig_open(&r, &cases[i], 1);
        stream(&r);
        assert_int_equal(r.answer.end, HTTP_LOST);
        assert_int_equal(r.answer.status, 0);
        assert_true(r.answer.why[0] != '\0');
        assert_int_equal(r.opened, 1);
        assert_int_equal(r.lines, 1);
        assert_int_equal(rig_close(&r), 1); /* and it does not connect again */
    }
}

static void test_the_longest_line_comes_and_a_longer_one_ends_it(void **state) {
    (void)state;
    static char text[HTTP_LINE_MAX + 256];
    static const char *const ends[] = {"\n", "\r\n", "x\r\n", "xx"};
    for (int i = 0; i < COUNT_OF(ends); i++) {
        const struct raw_step steps[] = {{text, RAW_CLOSE, 0, 0}};
        struct rig r;
        const int head = snprintf(text, sizeof text, HEAD "\r\n");
        memset(text + head, 'x', HTTP_LINE_MAX);
        snprintf(text + head + HTTP_LINE_MAX, 8, "%s", ends[i]);
        rig_open(&r, steps, 1);
        stream(&r);
        if (i < 2) {
            assert_int_equal(r.answer.end, HTTP_ANSWERED);
            assert_int_equal(r.lines, 1);
            assert_int_equal(r.longest, HTTP_LINE_MAX);
        } else {
            assert_int_equal(r.answer.end, HTTP_LOST);
            assert_string_equal(r.answer.why, "a line of more than 1 MiB");
            assert_int_equal(r.lines, 0);
        }
        assert_int_equal(rig_close(&r), 1);
    }
}

/* --- not opened -------------------------------------------------------------------------- */

static void test_a_refusal_is_an_answer_with_its_body_and_its_limits(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int status;
        int64_t limit, remaining, reset;
        const char *body;
    } cases[] = {
        {"HTTP/1.1 429 Too Many\r\nx-rate-limit-limit: 50\r\nX-Rate-Limit-Remaining: 0\r\n"
         "x-rate-limit-reset: 1796000000\r\nContent-Length: 23\r\n\r\n"
         "{\"title\":\n\"Too Many\"}\n\n",
         429, 50, 0, 1796000000, "{\"title\":\n\"Too Many\"}\n\n"},
        {"HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\nx-rate-limit-limit: many\r\n"
         "x-rate-limit-remaining: -1\r\n\r\n2\r\nno\r\n0\r\n\r\n",
         503, -1, -1, -1, "no"},
        {"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", 302,
         -1, -1, -1, ""},
        {"HTTP/1.1 204 No Content\r\n\r\n", 204, -1, -1, -1, ""}};
    for (int i = 0; i < COUNT_OF(cases); i++) {
        const struct raw_step steps[] = {{cases[i].text, RAW_KEEP, 0, 0}};
        struct rig r;
        rig_open(&r, steps, 1);
        stream(&r);
        assert_int_equal(r.answer.end, HTTP_ANSWERED);
        assert_int_equal(r.answer.status, cases[i].status);
        assert_int_equal(r.answer.rate_limit, cases[i].limit);
        assert_int_equal(r.answer.rate_remaining, cases[i].remaining);
        assert_int_equal(r.answer.rate_reset, cases[i].reset);
        assert_true(str_eq(r.answer.body, str_from_z(cases[i].body)));
        assert_int_equal(r.opened, 0);
        assert_int_equal(r.lines, 0);
        assert_int_equal(rig_close(&r), 1);
    }
}

static void test_headers_that_do_not_come_end_it_at_the_timeout(void **state) {
    (void)state;
    static const struct raw_step cases[] = {
        {NULL, RAW_STALL, 0, 0},
        {"HTTP/1.1 200 OK\r\n", RAW_STALL, 0, 0},
        {"HTTP/1.1 429 Too Many\r\nContent-Length: 9\r\n\r\n{", RAW_STALL, 0, 0}};
    for (int i = 0; i < COUNT_OF(cases); i++) {
        struct rig r;
        rig_open(&r, &cases[i], 1);
        struct http_request rq = request();
        const struct http_reader to = {&r, on_opened, on_line, on_go_on};
        rq.timeout = 100 * USEC_PER_MS;
        http_stream(r.http, &rq, &to, &r.answer);
        assert_int_equal(r.answer.end, HTTP_LOST);
        assert_string_equal(r.answer.why, "no answer in time");
        assert_int_equal(r.opened, 0);
        assert_int_equal(rig_close(&r), 1);
    }
}

static void test_a_kept_connection_that_closes_without_a_byte_is_not_asked_again(void **state) {
    (void)state;
    const struct raw_step steps[] = {{HEAD "Content-Length: 2\r\n\r\n{}", RAW_KEEP, 0, 0},
                                     {NULL, RAW_CLOSE, 0, 0},
                                     {CHUNKED "3\r\n{}\n\r\n0\r\n\r\n", RAW_CLOSE, 0, 0}};
    struct rig r;
    rig_open(&r, steps, 3);
    stream(&r);
    assert_int_equal(r.answer.end, HTTP_ANSWERED);
    assert_string_equal(r.said[0], "{}");
    r.opened = r.lines = 0;
    stream(&r);
    assert_int_equal(r.answer.end, HTTP_LOST);
    assert_int_equal(r.opened, 0);
    assert_int_equal(raw_requests(&r.server), 2);
    stream(&r); /* and the handle goes on working */
    assert_int_equal(r.answer.end, HTTP_ANSWERED);
    assert_int_equal(r.lines, 1);
    assert_int_equal(rig_close(&r), 3);
}

/* --- who reads wants no more ------------------------------------------------------------- */

static void test_a_reader_that_says_no_ends_it(void **state) {
    (void)state;
    static const struct raw_step steps[] = {{CHUNKED "6\r\n{}\n{}\n\r\n", RAW_STALL, 0, 0}};
    for (int i = 0; i < 3; i++) {
        struct rig r;
        rig_open(&r, steps, 1);
        r.refuse = i == 0;
        r.lines_max = i == 1 ? 1 : 0;
        r.asked_max = i == 2 ? 3 : 0; /* nothing comes any more: it is asked all the same */
        stream(&r);
        assert_int_equal(r.answer.end, HTTP_LOST);
        assert_string_equal(r.answer.why, "stopped");
        assert_int_equal(r.opened, 1);
        assert_int_equal(r.lines, i);
        assert_int_equal(rig_close(&r), 1);
    }
}

static bool never(void *ctx) {
    ++*(int *)ctx;
    return false;
}

static void test_a_call_is_ended_by_whoever_asked(void **state) {
    (void)state;
    static const struct raw_step steps[] = {{HEAD "Content-Length: 2\r\n\r\n{", RAW_STALL, 0, 0}};
    struct rig r;
    int asked = 0;
    rig_open(&r, steps, 1);
    struct http_request rq = request();
    rq.timeout = USEC_PER_HOUR;
    rq.go_on = never;
    rq.go_on_ctx = &asked;
    http_call(r.http, &rq, &r.answer);
    assert_int_equal(r.answer.end == HTTP_ANSWERED, false);
    assert_string_equal(r.answer.why, "stopped");
    assert_int_equal(asked, 1);
    rig_close(&r);
}

/* --- tokens and bodies of calls ---------------------------------------------------------- */

static void test_tokens_and_kinds_of_body_are_those_of_the_request(void **state) {
    (void)state;
    static const struct raw_step steps[] = {{HEAD "Content-Length: 2\r\n\r\n{}", RAW_KEEP, 0, 0}};
    static const struct {
        http_method method;
        const char *body, *bearer;
        bool json;
    } calls[] = {{HTTP_POST, "{\"add\":[]}", "first", true},
                 {HTTP_POST, "a=b", "first", false},
                 {HTTP_GET, "", "", false},
                 {HTTP_DELETE, "{\"x\":1}", "second", true},
                 {HTTP_DELETE, "", "second", false}};
    struct rig r;
    rig_open(&r, steps, 1);
    for (int i = 0; i < COUNT_OF(calls); i++) {
        struct http_request rq = request();
        rq.method = calls[i].method;
        rq.body = str_from_z(calls[i].body);
        rq.bearer = str_from_z(calls[i].bearer);
        rq.json = calls[i].json;
        http_call(r.http, &rq, &r.answer);
        assert_int_equal(r.answer.status, 200);
    }
    assert_int_equal(rig_close(&r), COUNT_OF(calls));
    assert_int_equal(r.server.connections, 1);
    for (int i = 0; i < COUNT_OF(calls); i++) {
        char token[64];
        const char *got = r.server.requests[i];
        snprintf(token, sizeof token, "Authorization: Bearer %s\r\n", calls[i].bearer);
        assert_true((strstr(got, token) != NULL) == (calls[i].bearer[0] != '\0'));
        assert_true((strstr(got, "Authorization") != NULL) == (calls[i].bearer[0] != '\0'));
        assert_true((strstr(got, "Content-Type: application/json\r\n") != NULL) == calls[i].json);
        assert_memory_equal(got, http_method_name(calls[i].method),
                            strlen(http_method_name(calls[i].method)));
        assert_string_equal(strstr(got, "\r\n\r\n") + 4, calls[i].body);
    }
}

static void test_a_token_with_a_line_end_in_it_is_not_sent(void **state) {
    (void)state;
    static const struct raw_step steps[] = {{HEAD "Content-Length: 2\r\n\r\n{}", RAW_KEEP, 0, 0}};
    static char huge[8192];
    struct rig r;
    struct http_request rq = request();
    const struct http_reader to = {&r, on_opened, on_line, on_go_on};
    rig_open(&r, steps, 1);
    rq.bearer = STR("abc\r\nX: y");
    http_call(r.http, &rq, &r.answer);
    assert_int_equal(r.answer.end, HTTP_NOT_SENT);
    http_stream(r.http, &rq, &to, &r.answer);
    assert_int_equal(r.answer.end, HTTP_NOT_SENT);
    memset(huge, 'a', sizeof huge); /* longer than any token: refused, not cut */
    rq.bearer = str_from_bytes(huge, sizeof huge);
    http_call(r.http, &rq, &r.answer);
    assert_int_equal(r.answer.end, HTTP_NOT_SENT);
    assert_int_equal(rig_close(&r), 0);
}

/* --- TLS --------------------------------------------------------------------------------- */

static void test_a_certificate_that_nobody_vouches_for_is_refused(void **state) {
    (void)state;
    struct tls_server s;
    struct arena a;
    struct http *h;
    struct error err;
    struct rig r = {0};
    char url[64];
    signal(SIGPIPE, SIG_IGN); /* OpenSSL's server writes to whoever has gone */
    tls_open(&s);
    arena_open(&a, 1 << 20);
    snprintf(url, sizeof url, "https://127.0.0.1:%d", s.port);
    assert_ok(http_curl_open(&a, str_from_z(url), HOST_FEED_REST, &h, &err), &err);
    const struct http_request rq = request();
    const struct http_reader to = {&r, on_opened, on_line, on_go_on};
    for (int i = 0; i < 2; i++) {
        if (i == 0)
            http_call(h, &rq, &r.answer);
        else
            http_stream(h, &rq, &to, &r.answer);
        assert_int_equal(r.answer.end, HTTP_NOT_SENT);
        if (strstr(r.answer.why, "certificate") == NULL) print_error("why: %s\n", r.answer.why);
        assert_non_null(strstr(r.answer.why, "certificate"));
    }
    http_close(h);
    arena_close(&a);
    tls_close(&s);
    assert_int_equal(s.connections, 2);
    assert_int_equal(s.shaken, 0);
    assert_int_equal(r.opened, 0);
}

/* --- proxies ----------------------------------------------------------------------------- */

/* Calls a host that does not exist, once and as a stream. */
static void ask_invalid(struct rig *proxy, http_end want) {
    struct arena a;
    struct http *h;
    struct error err;
    const struct http_request rq = request();
    const struct http_reader to = {proxy, on_opened, on_line, on_go_on};
    arena_open(&a, 1 << 20);
    assert_ok(http_curl_open(&a, STR("https://api.invalid"), HOST_FEED_REST, &h, &err), &err);
    http_call(h, &rq, &proxy->answer);
    assert_int_equal(proxy->answer.end, want);
    http_stream(h, &rq, &to, &proxy->answer);
    assert_int_equal(proxy->answer.end, want);
    http_close(h);
    arena_close(&a);
}

static void proxy_set(const struct rig *proxy, const char *except) {
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d", proxy->server.port);
    setenv("https_proxy", url, 1);
    setenv("http_proxy", url, 1);
    setenv("no_proxy", except, 1);
}

static void proxy_unset(void) {
    unsetenv("https_proxy");
    unsetenv("http_proxy");
    unsetenv("no_proxy");
}

static void test_a_proxy_of_the_environment_is_asked_for_a_tunnel_and_nothing_else(void **state) {
    (void)state;
    static const struct raw_step cases[] = {
        {"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", RAW_CLOSE, 0, 0},
        /* a tunnel in which nobody speaks TLS: the request stays here */
        {"HTTP/1.1 200 Connection established\r\nx-rate-limit-limit: 1\r\n\r\n", RAW_CLOSE, 0, 0}};
    for (int i = 0; i < COUNT_OF(cases); i++) {
        struct rig proxy;
        rig_open(&proxy, &cases[i], 1);
        proxy_set(&proxy, "");
        ask_invalid(&proxy, HTTP_NOT_SENT);
        proxy_unset();
        assert_int_equal(proxy.opened, 0);
        assert_int_equal(proxy.answer.rate_limit, -1);
        assert_int_equal(rig_close(&proxy), 2);
        for (int k = 0; k < 2; k++) {
            const char *got = proxy.server.requests[k];
            assert_memory_equal(got, "CONNECT api.invalid:443 HTTP/1.1\r\n", 34);
            assert_null(strstr(got, "Authorization"));
            assert_null(strstr(got, "AAAA"));
        }
    }
}

static void test_hosts_that_no_proxy_is_for_are_connected_to(void **state) {
    (void)state;
    static const struct raw_step steps[] = {{HEAD "Content-Length: 2\r\n\r\n{}", RAW_KEEP, 0, 0}};
    struct rig proxy, r;
    rig_open(&proxy, steps, 1);
    proxy_set(&proxy, "example.org,api.invalid");
    ask_invalid(&proxy, HTTP_NOT_SENT); /* there is no such host */
    proxy_set(&proxy, "");
    rig_open(&r, steps, 1); /* on loopback */
    stream(&r);
    assert_int_equal(r.answer.end, HTTP_ANSWERED);
    proxy_unset();
    assert_int_equal(rig_close(&r), 1);
    assert_int_equal(rig_close(&proxy), 0);
    assert_int_equal(proxy.server.connections, 0);
}

static void test_plain_text_goes_to_this_machine_only(void **state) {
    (void)state;
    static const char *const urls[] = {"http://api.x.com", "http://10.0.0.1:8080",
                                       "https://user@api.x.com", "https://api.x.com\r\n"};
    struct arena a;
    struct http *h;
    struct error err;
    arena_open(&a, 1 << 20);
    for (int i = 0; i < COUNT_OF(urls); i++)
        assert_fails(http_curl_open(&a, str_from_z(urls[i]), HOST_FEED_REST, &h, &err), &err,
                     ERR_REFUSED);
    arena_close(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_come_whole_in_whatever_pieces_they_were_sent),
        cmocka_unit_test(test_a_request_for_a_stream_carries_its_token_and_asks_for_plain_bytes),
        cmocka_unit_test(test_a_token_that_comes_back_is_not_given_on),
        cmocka_unit_test(test_a_line_that_was_cut_is_none),
        cmocka_unit_test(test_the_longest_line_comes_and_a_longer_one_ends_it),
        cmocka_unit_test(test_a_refusal_is_an_answer_with_its_body_and_its_limits),
        cmocka_unit_test(test_headers_that_do_not_come_end_it_at_the_timeout),
        cmocka_unit_test(test_a_kept_connection_that_closes_without_a_byte_is_not_asked_again),
        cmocka_unit_test(test_a_reader_that_says_no_ends_it),
        cmocka_unit_test(test_a_call_is_ended_by_whoever_asked),
        cmocka_unit_test(test_tokens_and_kinds_of_body_are_those_of_the_request),
        cmocka_unit_test(test_a_token_with_a_line_end_in_it_is_not_sent),
        cmocka_unit_test(test_a_certificate_that_nobody_vouches_for_is_refused),
        cmocka_unit_test(test_a_proxy_of_the_environment_is_asked_for_a_tunnel_and_nothing_else),
        cmocka_unit_test(test_hosts_that_no_proxy_is_for_are_connected_to),
        cmocka_unit_test(test_plain_text_goes_to_this_machine_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
