/* HTTP over libcurl against a server that does what servers should not: each request arrives
 * exactly once, and what is told of it is true. */
#include "net/http.h"

#include "raw_server.h"

#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
#define OK(length, body) OK_HEAD "Content-Length: " #length "\r\n\r\n" body
#define KEY STR("vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zv")

struct rig {
    struct raw_server server;
    struct arena arena;
    struct http *http;
};

static void rig_open(struct rig *r, const struct raw_step *steps, int count) {
    char url[64];
    struct error err;
    raw_open(&r->server, steps, count);
    arena_open(&r->arena, 1 << 20);
    snprintf(url, sizeof url, "http://127.0.0.1:%d", r->server.port);
    assert_ok(http_curl_open(&r->arena, str_from_z(url), HOST_SPOT_REST, &r->http, &err), &err);
}

/* Returns how many requests arrived, ever. */
static int rig_close(struct rig *r) {
    http_close(r->http);
    raw_close(&r->server);
    arena_close(&r->arena);
    return r->server.request_count;
}

static struct http_request request(http_method m, const char *body) {
    return (struct http_request){.method = m,
                                 .path = STR("/api/v3/order"),
                                 .query = STR("symbol=BTCUSDT&x=%5B%22A%22%5D"),
                                 .body = str_from_z(body),
                                 .key = KEY,
                                 .timeout = 10 * USEC_PER_S};
}

static struct http_answer call(struct rig *r, http_method m, const char *body) {
    struct http_answer a;
    const struct http_request rq = request(m, body);
    http_call(r->http, &rq, &a);
    return a;
}

static const http_method methods[] = {HTTP_GET, HTTP_POST, HTTP_PUT, HTTP_DELETE};
static const char *const bodies[] = {"", "quantity=1&price=0.1&signature=ab"};

/* --- what is sent ------------------------------------------------------------------------ */

static void test_bytes_go_out_as_they_are(void **state) {
    (void)state;
    static const struct raw_step steps[] = {{OK(2, "{}"), RAW_KEEP, 0, 0}};
    for (int m = 0; m < COUNT_OF(methods); m++) {
        for (int b = 0; b < COUNT_OF(bodies); b++) {
            struct rig r;
            char line[128];
            rig_open(&r, steps, 1);
            const struct http_answer a = call(&r, methods[m], bodies[b]);
            assert_int_equal(a.end, HTTP_ANSWERED);
            assert_int_equal(a.status, 200);
            assert_str(a.body, "{}");
            assert_int_equal(rig_close(&r), 1);
            const char *got = r.server.requests[0];
            snprintf(line, sizeof line,
                     "%s /api/v3/order?symbol=BTCUSDT&x=%%5B%%22A%%22%%5D HTTP/1.1\r\n",
                     http_method_name(methods[m]));
            assert_memory_equal(got, line, strlen(line));
            assert_non_null(strstr(got, "X-MBX-APIKEY: vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zv\r\n"));
            assert_null(strstr(got, "Expect:"));
            assert_string_equal(strstr(got, "\r\n\r\n") + 4, bodies[b]);
            if (bodies[b][0] != '\0')
                assert_non_null(strstr(got, "Content-Type: application/x-www-form-urlencoded\r\n"));
        }
    }
}

static void test_a_key_is_sent_only_with_its_request(void **state) {
    (void)state;
    static const struct raw_step steps[] = {{OK(2, "{}"), RAW_KEEP, 0, 0}};
    struct rig r;
    struct http_answer a;
    rig_open(&r, steps, 1);
    struct http_request rq = request(HTTP_GET, "");
    http_call(r.http, &rq, &a);
    rq.key = STR("");
    http_call(r.http, &rq, &a);
    rq.key = STR("other");
    http_call(r.http, &rq, &a);
    assert_int_equal(rig_close(&r), 3);
    assert_int_equal(r.server.connections, 1);
    assert_null(strstr(r.server.requests[1], "APIKEY"));
    assert_non_null(strstr(r.server.requests[2], "X-MBX-APIKEY: other\r\n"));
}

static void test_a_request_with_a_line_end_in_it_is_not_sent(void **state) {
    (void)state;
    static const struct raw_step steps[] = {{OK(2, "{}"), RAW_KEEP, 0, 0}};
    struct rig r;
    struct http_answer a;
    rig_open(&r, steps, 1);
    struct http_request rq = request(HTTP_POST, "");
    rq.query = STR("a=1\r\nX: y");
    http_call(r.http, &rq, &a);
    assert_int_equal(a.end, HTTP_NOT_SENT);
    rq.query = STR("a=b c");
    http_call(r.http, &rq, &a);
    assert_int_equal(a.end, HTTP_NOT_SENT);
    rq.query = STR("");
    rq.key = STR("k\nX: y");
    http_call(r.http, &rq, &a);
    assert_int_equal(a.end, HTTP_NOT_SENT);
    assert_int_equal(rig_close(&r), 0);
}

static void test_headers_of_one_request_go_with_it_alone(void **state) {
    (void)state;
    static const struct raw_step steps[] = {{OK(2, "{}"), RAW_KEEP, 0, 0}};
    struct rig r;
    struct http_answer a;
    rig_open(&r, steps, 1);
    struct http_request rq = request(HTTP_POST, "{}");
    rq.more[0] = (struct http_header){"X-Signature", STR("v1=ab")};
    rq.more[1] = (struct http_header){"X-Delivery", STR("7-9")};
    http_call(r.http, &rq, &a);
    rq.more[0].value = STR("v1=cd");
    http_call(r.http, &rq, &a);
    rq.more[0].name = NULL;
    http_call(r.http, &rq, &a);
    rq.more[0] = (struct http_header){"X-Signature", STR("v1=ab\r\nX-Other: y")};
    http_call(r.http, &rq, &a);
    assert_int_equal(a.end, HTTP_NOT_SENT);
    assert_int_equal(rig_close(&r), 3);
    assert_non_null(strstr(r.server.requests[0], "\r\nX-Signature: v1=ab\r\n"));
    assert_non_null(strstr(r.server.requests[0], "\r\nX-Delivery: 7-9\r\n"));
    assert_non_null(strstr(r.server.requests[1], "\r\nX-Signature: v1=cd\r\n"));
    assert_null(strstr(r.server.requests[2], "X-Signature"));
    assert_null(strstr(r.server.requests[2], "X-Delivery"));
}

static void test_a_secret_of_the_path_is_not_in_the_answer(void **state) {
    (void)state;
    static const struct raw_step steps[] = {
        {OK(37, "{\"echo\":\"/bot1:AAHdqTcv/sendMessage\"}"), RAW_KEEP, 0, 0}};
    struct rig r;
    struct http_answer a;
    rig_open(&r, steps, 1);
    struct http_request rq = request(HTTP_POST, "{}");
    rq.path = STR("/bot1:AAHdqTcv/sendMessage");
    rq.secret = STR("1:AAHdqTcv");
    http_call(r.http, &rq, &a);
    assert_int_equal(a.end, HTTP_ANSWERED);
    assert_str(a.body, "{\"echo\":\"/bot[token]/sendMessage\"}");
    assert_int_equal(rig_close(&r), 1);
    assert_non_null(strstr(r.server.requests[0], "POST /bot1:AAHdqTcv/sendMessage"));
}

/* --- exactly once ------------------------------------------------------------------------ */

static void test_closed_without_a_byte_on_a_reused_connection_is_lost_and_sent_once(void **state) {
    (void)state;
    static const raw_then ends[] = {RAW_CLOSE, RAW_RESET};
    for (int m = 0; m < COUNT_OF(methods); m++) {
        for (int b = 0; b < COUNT_OF(bodies); b++) {
            for (int e = 0; e < COUNT_OF(ends); e++) {
                const struct raw_step steps[] = {{OK(2, "{}"), RAW_KEEP, 0, 0},
                                                 {NULL, ends[e], 0, 0},
                                                 {OK(5, "again"), RAW_KEEP, 0, 0}};
                struct rig r;
                rig_open(&r, steps, 3);
                assert_int_equal(call(&r, HTTP_GET, "").end, HTTP_ANSWERED);
                const struct http_answer a = call(&r, methods[m], bodies[b]);
                assert_int_equal(a.end, HTTP_LOST);
                assert_true(a.why[0] != '\0');
                assert_int_equal(raw_requests(&r.server), 2);
                /* and the handle goes on working */
                const struct http_answer next = call(&r, HTTP_GET, "");
                assert_int_equal(next.end, HTTP_ANSWERED);
                assert_str(next.body, "again");
                assert_int_equal(rig_close(&r), 3);
            }
        }
    }
}

static void test_closed_without_a_byte_on_a_new_connection_is_lost_and_sent_once(void **state) {
    (void)state;
    static const raw_then ends[] = {RAW_CLOSE, RAW_RESET};
    for (int m = 0; m < COUNT_OF(methods); m++) {
        for (int e = 0; e < COUNT_OF(ends); e++) {
            const struct raw_step steps[] = {{NULL, ends[e], 0, 0}};
            struct rig r;
            rig_open(&r, steps, 1);
            assert_int_equal(call(&r, methods[m], bodies[m & 1]).end, HTTP_LOST);
            assert_int_equal(rig_close(&r), 1);
        }
    }
}

static void test_an_idle_connection_that_was_closed_is_replaced_before_sending(void **state) {
    (void)state;
    const struct raw_step steps[] = {{OK(2, "{}"), RAW_CLOSE, 0, 0},
                                     {OK(3, "new"), RAW_KEEP, 0, 0}};
    struct rig r;
    rig_open(&r, steps, 2);
    assert_int_equal(call(&r, HTTP_GET, "").end, HTTP_ANSWERED);
    raw_wait_closed(&r.server, 1);
    const struct http_answer a = call(&r, HTTP_POST, bodies[1]);
    assert_int_equal(a.end, HTTP_ANSWERED);
    assert_str(a.body, "new");
    assert_int_equal(rig_close(&r), 2);
    assert_int_equal(r.server.connections, 2);
}

static void test_redirects_are_not_followed(void **state) {
    (void)state;
    const struct raw_step steps[] = {{"HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\n"
                                      "Content-Length: 0\r\n\r\n",
                                      RAW_KEEP, 0, 0}};
    for (int m = 0; m < COUNT_OF(methods); m++) {
        struct rig r;
        rig_open(&r, steps, 1);
        const struct http_answer a = call(&r, methods[m], "");
        assert_int_equal(a.end, HTTP_ANSWERED);
        assert_int_equal(a.status, 307);
        assert_int_equal(rig_close(&r), 1);
    }
}

static void test_a_demand_for_other_credentials_sends_nothing_again(void **state) {
    (void)state;
    const struct raw_step steps[] = {
        {"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\n"
         "Content-Length: 2\r\n\r\nno",
         RAW_KEEP, 0, 0},
        {"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n", RAW_KEEP, 0, 0}};
    struct rig r;
    rig_open(&r, steps, 2);
    assert_int_equal(call(&r, HTTP_POST, bodies[1]).status, 401);
    assert_int_equal(call(&r, HTTP_POST, bodies[1]).status, 417);
    assert_int_equal(rig_close(&r), 2);
}

/* --- answers that are none --------------------------------------------------------------- */

static void test_answers_cut_short_are_lost(void **state) {
    (void)state;
    static const struct raw_step cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Le", RAW_RESET, 0, 0},
        {"HTTP/1.1 200 OK\r\nContent-Le", RAW_CLOSE, 0, 0},
        {"HTTP/1.1 200 OK\r\n", RAW_CLOSE, 0, 0},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", RAW_CLOSE, 0, 0},
        {"HTTP", RAW_CLOSE, 0, 0},
        {OK(20, "{\"orderId\":"), RAW_CLOSE, 0, 0},
        {OK(20, "{\"orderId\":"), RAW_RESET, 0, 0},
        {OK(20, ""), RAW_CLOSE, 0, 0},
        {OK_HEAD "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":", RAW_CLOSE, 0, 0},
        {OK_HEAD "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n", RAW_CLOSE, 0, 0},
        {OK_HEAD "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}", RAW_CLOSE, 0, 0},
        {"\x16\x03\x01 not http at all\r\n\r\n", RAW_CLOSE, 0, 0},
        {"<html>502</html>", RAW_CLOSE, 0, 0},
        {"HTTP/1.1 100 Continue\r\n\r\n", RAW_CLOSE, 0, 0},
    };
    for (int i = 0; i < COUNT_OF(cases); i++) {
        struct rig r;
        rig_open(&r, &cases[i], 1);
        const struct http_answer a = call(&r, HTTP_POST, bodies[i & 1]);
        if (a.end != HTTP_LOST) print_error("case %d\n", i);
        assert_int_equal(a.end, HTTP_LOST);
        assert_int_equal(a.status, 0);
        assert_int_equal(rig_close(&r), 1);
    }
}

static void test_slow_answers_end_at_the_timeout(void **state) {
    (void)state;
    static const struct raw_step cases[] = {
        {NULL, RAW_STALL, 0, 0},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", RAW_STALL, 0, 0},
        {OK(20, "{\"orderId\":"), RAW_STALL, 0, 0},
        {OK(9999999, ""), RAW_STALL, 0, true},
    };
    for (int i = 0; i < COUNT_OF(cases); i++) {
        struct rig r;
        struct http_answer a;
        rig_open(&r, &cases[i], 1);
        struct http_request rq = request(HTTP_POST, "");
        rq.timeout = 100 * USEC_PER_MS;
        http_call(r.http, &rq, &a);
        assert_int_equal(a.end, HTTP_LOST);
        assert_int_equal(rig_close(&r), 1);
    }
}

static void test_answers_larger_than_any_are_lost(void **state) {
    (void)state;
    static char huge[200 << 10];
    const struct raw_step steps[] = {{huge, RAW_CLOSE, 0, 0},
                                     {OK(99999999, ""), RAW_CLOSE, 0, true}};
    struct rig r;
    strncpy(huge, "HTTP/1.1 200 OK\r\nX-Long: ", sizeof huge - 1);
    memset(huge + strlen(huge), 'a', sizeof huge - strlen(huge) - 1);
    rig_open(&r, steps, 1);
    assert_int_equal(call(&r, HTTP_POST, "").end, HTTP_LOST);
    assert_int_equal(rig_close(&r), 1);

    for (size_t i = 24; i + 8 < sizeof huge; i += 8) memcpy(huge + i, "\r\nX: aa ", 8);
    rig_open(&r, steps, 1);
    const struct http_answer a = call(&r, HTTP_POST, "");
    assert_int_equal(a.end, HTTP_LOST);
    assert_string_equal(a.why, "the answer is larger than any that is expected");
    assert_int_equal(rig_close(&r), 1);
}

/* --- answers that are -------------------------------------------------------------------- */

static void test_whole_answers_of_every_kind_are_answers(void **state) {
    (void)state;
    static const struct {
        const char *text;
        raw_then then;
        int status;
        const char *body;
    } cases[] = {
        {"HTTP/1.1 204 No Content\r\n\r\n", RAW_KEEP, 204, ""},
        {"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
         RAW_KEEP, 502, "<html>"},
        {OK_HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n2\r\n\":\r\n2\r\n1}\r\n0\r\n\r\n",
         RAW_KEEP, 200, "{\"a\":1}"},
        {OK_HEAD "Connection: close\r\n\r\n{}", RAW_CLOSE, 200, "{}"},
        {"HTTP/1.1 100 Continue\r\nRetry-After: 9\r\n\r\n" OK(2, "{}"), RAW_KEEP, 200, "{}"},
        {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", RAW_CLOSE, 200, "{}"},
    };
    for (int i = 0; i < COUNT_OF(cases); i++) {
        const struct raw_step steps[] = {{cases[i].text, cases[i].then, 0, 0}};
        struct rig r;
        rig_open(&r, steps, 1);
        const struct http_answer a = call(&r, methods[i % COUNT_OF(methods)], "");
        if (a.end != HTTP_ANSWERED) print_error("case %d: %s\n", i, a.why);
        assert_int_equal(a.end, HTTP_ANSWERED);
        assert_int_equal(a.status, cases[i].status);
        assert_true(str_eq(a.body, str_from_z(cases[i].body)));
        assert_int_equal(a.retry_after_s, -1);
        assert_int_equal(rig_close(&r), 1);
    }
}

static void test_limits_are_read_from_the_headers(void **state) {
    (void)state;
    const struct raw_step steps[] = {
        {"HTTP/1.1 429 Too Many\r\nretry-after: 17\r\nx-mbx-used-weight-1m:  6001 \r\n"
         "X-MBX-ORDER-COUNT-10S: 3\r\nX-MBX-ORDER-COUNT-1D: 77\r\nContent-Length: 0\r\n\r\n",
         RAW_KEEP, 0, 0},
        {"HTTP/1.1 418 Banned\r\nRetry-After: soon\r\nX-MBX-USED-WEIGHT-1M: -4\r\n"
         "X-MBX-ORDER-COUNT-10S: 99999999999999999999\r\nX-MBX-ORDER-COUNT-1D:\r\n"
         "X-MBX-USED-WEIGHT-1MX: 5\r\nContent-Length: 0\r\n\r\n",
         RAW_KEEP, 0, 0}};
    struct rig r;
    rig_open(&r, steps, 2);
    struct http_answer a = call(&r, HTTP_GET, "");
    assert_int_equal(a.status, 429);
    assert_int_equal(a.retry_after_s, 17);
    assert_int_equal(a.used_weight_1m, 6001);
    assert_int_equal(a.orders_10s, 3);
    assert_int_equal(a.orders_1d, 77);
    a = call(&r, HTTP_GET, "");
    assert_int_equal(a.status, 418);
    assert_int_equal(a.retry_after_s, -1);
    assert_int_equal(a.used_weight_1m, -1);
    assert_int_equal(a.orders_10s, -1);
    assert_int_equal(a.orders_1d, -1);
    rig_close(&r);
}

/* --- connections ------------------------------------------------------------------------- */

static void test_one_connection_is_kept(void **state) {
    (void)state;
    const struct raw_step steps[] = {{OK(2, "{}"), RAW_KEEP, 0, 0}};
    struct rig r;
    rig_open(&r, steps, 1);
    for (int i = 0; i < 8; i++)
        assert_int_equal(call(&r, methods[i % 4], bodies[i / 4]).end, HTTP_ANSWERED);
    assert_int_equal(rig_close(&r), 8);
    assert_int_equal(r.server.connections, 1);
}

static void test_an_answer_that_nobody_asked_for_is_nobodys(void **state) {
    (void)state;
    const struct raw_step together[] = {{OK(2, "{}") OK(4, "FAKE"), RAW_KEEP, 0, 0},
                                        {OK(4, "true"), RAW_KEEP, 0, 0}};
    const struct raw_step later[] = {{OK(2, "{}"), RAW_KEEP, OK(4, "FAKE"), 0},
                                     {OK(4, "true"), RAW_KEEP, 0, 0}};
    struct rig r;
    rig_open(&r, together, 2);
    assert_str(call(&r, HTTP_GET, "").body, "{}");
    assert_str(call(&r, HTTP_POST, "").body, "true");
    assert_int_equal(rig_close(&r), 2);

    rig_open(&r, later, 2);
    assert_str(call(&r, HTTP_GET, "").body, "{}");
    raw_late_go(&r.server);
    assert_str(call(&r, HTTP_POST, "").body, "true");
    assert_int_equal(rig_close(&r), 2);
}

static void test_without_a_connection_nothing_was_sent(void **state) {
    (void)state;
    const struct raw_step steps[] = {{OK(2, "{}"), RAW_KEEP, 0, 0}};
    struct rig r;
    struct http_answer a;
    struct http *gone;
    struct error err;
    char url[64];
    rig_open(&r, steps, 1);
    snprintf(url, sizeof url, "http://127.0.0.1:%d", r.server.port);
    assert_int_equal(rig_close(&r), 0); /* nobody listens there any more */
    arena_open(&r.arena, 1 << 20);
    assert_ok(http_curl_open(&r.arena, str_from_z(url), HOST_SPOT_REST, &gone, &err), &err);
    const struct http_request rq = request(HTTP_POST, "");
    http_call(gone, &rq, &a);
    assert_int_equal(a.end, HTTP_NOT_SENT);
    assert_true(a.why[0] != '\0');
    http_close(gone);
    arena_close(&r.arena);
}

static void test_tls_that_fails_sends_nothing(void **state) {
    (void)state;
    /* plain text where TLS is expected: the handshake fails, and the request stays here */
    const struct raw_step steps[] = {{"HTTP/1.1 400 Bad Request\r\n\r\n", RAW_CLOSE, 0, 0}};
    struct rig r;
    struct http_answer a;
    struct http *tls;
    struct error err;
    char url[64];
    rig_open(&r, steps, 1);
    snprintf(url, sizeof url, "https://127.0.0.1:%d", r.server.port);
    assert_ok(http_curl_open(&r.arena, str_from_z(url), HOST_SPOT_REST, &tls, &err), &err);
    struct http_request rq = request(HTTP_POST, "");
    rq.timeout = 200 * USEC_PER_MS;
    http_call(tls, &rq, &a);
    assert_int_equal(a.end, HTTP_NOT_SENT);
    http_close(tls);
    assert_int_equal(rig_close(&r), 0);
}

static void test_proxies_of_the_environment_are_not_asked(void **state) {
    (void)state;
    const struct raw_step steps[] = {{OK(2, "{}"), RAW_KEEP, 0, 0}};
    struct rig r;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    rig_open(&r, steps, 1);
    assert_int_equal(call(&r, HTTP_POST, "").end, HTTP_ANSWERED);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
    assert_int_equal(rig_close(&r), 1);
}

static void test_hosts_off_the_list_are_not_opened(void **state) {
    (void)state;
    struct arena a;
    struct http *h;
    struct error err;
    arena_open(&a, 1 << 20);
    assert_fails(http_curl_open(&a, STR("https://api.binance.com"), HOST_SPOT_REST, &h, &err), &err,
                 ERR_REFUSED);
    assert_fails(
        http_curl_open(&a, STR("https://data-api.binance.vision"), HOST_SPOT_REST, &h, &err), &err,
        ERR_REFUSED);
    assert_fails(http_curl_open(&a, STR("http://127.0.0.1:1/x"), HOST_SPOT_REST, &h, &err), &err,
                 ERR_CONFIG);
    arena_close(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_go_out_as_they_are),
        cmocka_unit_test(test_a_key_is_sent_only_with_its_request),
        cmocka_unit_test(test_a_request_with_a_line_end_in_it_is_not_sent),
        cmocka_unit_test(test_headers_of_one_request_go_with_it_alone),
        cmocka_unit_test(test_a_secret_of_the_path_is_not_in_the_answer),
        cmocka_unit_test(test_closed_without_a_byte_on_a_reused_connection_is_lost_and_sent_once),
        cmocka_unit_test(test_closed_without_a_byte_on_a_new_connection_is_lost_and_sent_once),
        cmocka_unit_test(test_an_idle_connection_that_was_closed_is_replaced_before_sending),
        cmocka_unit_test(test_redirects_are_not_followed),
        cmocka_unit_test(test_a_demand_for_other_credentials_sends_nothing_again),
        cmocka_unit_test(test_answers_cut_short_are_lost),
        cmocka_unit_test(test_slow_answers_end_at_the_timeout),
        cmocka_unit_test(test_answers_larger_than_any_are_lost),
        cmocka_unit_test(test_whole_answers_of_every_kind_are_answers),
        cmocka_unit_test(test_limits_are_read_from_the_headers),
        cmocka_unit_test(test_one_connection_is_kept),
        cmocka_unit_test(test_an_answer_that_nobody_asked_for_is_nobodys),
        cmocka_unit_test(test_without_a_connection_nothing_was_sent),
        cmocka_unit_test(test_tls_that_fails_sends_nothing),
        cmocka_unit_test(test_proxies_of_the_environment_are_not_asked),
        cmocka_unit_test(test_hosts_off_the_list_are_not_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
