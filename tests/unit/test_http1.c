/* Requests out of bytes: taken as they stand, put together from pieces, refused where they could be
 * read in two ways. WebSocket frames likewise. */
#include "check.h"
#include "sim/frame.h"
#include "sim/http1.h"

static http1_state parse(const char *text, ptrdiff_t n, struct http1_request *rq,
                         struct http1_progress *p, char block[8192]) {
    assert_true(n <= 8192);
    memcpy(block, text, (size_t)n);
    *p = (struct http1_progress){0};
    return http1_parse(block, n, rq, p);
}

static void test_the_query_and_the_body_stay_as_they_were_sent(void **state) {
    static const char text[] =
        "POST /api/v3/order?symbols=%5b%22A%22%5D&x=a+b HTTP/1.1\r\n"
        "Host: h\r\nx-mbx-apikey:  thekey \r\nX-MBX-TIME-UNIT: MICROSECOND\r\n"
        "authorization: Bearer a%2Fb\r\nX-Sim-Fault: delay;delay_ms=5\r\nContent-Length: "
        "7\r\n\r\na=%7e&b"
        "GET / HTTP/1.1\r\n\r\n";
    struct http1_request rq;
    struct http1_progress p;
    char block[8192];
    (void)state;
    assert_int_equal(parse(text, sizeof text - 1, &rq, &p, block), HTTP1_WHOLE);
    assert_str(rq.method, "POST");
    assert_str(rq.path, "/api/v3/order");
    assert_str(rq.query, "symbols=%5b%22A%22%5D&x=a+b");
    assert_str(rq.body, "a=%7e&b");
    assert_str(rq.api_key, "thekey");
    assert_str(rq.time_unit, "MICROSECOND");
    assert_str(rq.authorization, "Bearer a%2Fb");
    assert_false(rq.old);
    assert_str(rq.fault, "delay;delay_ms=5");
    assert_true(rq.keep_alive);
    assert_false(rq.upgrade);
    assert_int_equal(p.used, (ptrdiff_t)sizeof text - 1 - 18);
}

static void test_a_target_with_a_host_is_the_path_behind_it(void **state) {
    static const char text[] = "GET HTTP://h:80/api/v3/time?a=b HTTP/1.1\r\n\r\n";
    struct http1_request rq;
    struct http1_progress p;
    char block[8192];
    (void)state;
    assert_int_equal(parse(text, sizeof text - 1, &rq, &p, block), HTTP1_WHOLE);
    assert_str(rq.path, "/api/v3/time");
    assert_str(rq.query, "a=b");
}

static void test_a_request_in_pieces_is_whole_at_its_last_byte(void **state) {
    static const char text[] = "PUT /a?b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                               "3;x=y\r\nabc\r\n0A\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n";
    struct http1_request rq;
    struct http1_progress p = {0};
    char block[8192];
    (void)state;
    memcpy(block, text, sizeof text);
    for (ptrdiff_t n = 0; n < (ptrdiff_t)sizeof text - 1; n++)
        assert_int_equal(http1_parse(block, n, &rq, &p), HTTP1_MORE);
    assert_int_equal(http1_parse(block, sizeof text - 1, &rq, &p), HTTP1_WHOLE);
    assert_str(rq.body, "abc0123456789");
    assert_int_equal(p.used, (ptrdiff_t)sizeof text - 1);
}

static void test_connections_are_kept_as_the_version_and_header_say(void **state) {
    static const struct {
        const char *text;
        bool keep;
    } cases[] = {{"GET / HTTP/1.1\r\n\r\n", true},
                 {"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", false},
                 {"GET / HTTP/1.0\r\n\r\n", false},
                 {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
                 {"\r\nGET / HTTP/1.1\r\nconnection: foo, CLOSE\r\n\r\n", false}};
    (void)state;
    for (ptrdiff_t i = 0; i < COUNT_OF(cases); i++) {
        struct http1_request rq;
        struct http1_progress p;
        char block[8192];
        assert_int_equal(parse(cases[i].text, (ptrdiff_t)strlen(cases[i].text), &rq, &p, block),
                         HTTP1_WHOLE);
        assert_int_equal(rq.keep_alive, cases[i].keep);
    }
}

static void test_what_is_no_request_is_refused_with_its_status(void **state) {
    static const struct {
        const char *text;
        int status;
    } cases[] = {
        {"GET\r\n\r\n", 400},
        {"GET / HTTP/1.1 \r\n\r\n", 400},
        {"GET  / HTTP/1.1\r\n\r\n", 400},
        {"GET http://h HTTP/1.1\r\n\r\n", 400},
        {"G(T / HTTP/1.1\r\n\r\n", 400},
        {"GET /\001 HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/2.0\r\n\r\n", 505},
        {"GET / XTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n folded: x\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\na b: x\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\na: x\ny: z\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nContent-Length: 9999999999999999\r\n\r\n", 413},
        {"POST / HTTP/1.1\r\nContent-Length: 262145\r\n\r\n", 413},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", 400},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffff\r\n", 413},
        {"POST / HTTP/1.1\r\nExpect: magic\r\n\r\n", 417},
        {"\r\n\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n", 400}};
    (void)state;
    for (ptrdiff_t i = 0; i < COUNT_OF(cases); i++) {
        struct http1_request rq;
        struct http1_progress p;
        char block[8192];
        const http1_state st =
            parse(cases[i].text, (ptrdiff_t)strlen(cases[i].text), &rq, &p, block);
        if (st != HTTP1_BAD || p.status != cases[i].status)
            fail_msg("%s: state %d, status %d", cases[i].text, (int)st, p.status);
    }
}

static void test_a_head_without_end_is_refused(void **state) {
    static char text[HTTP1_HEAD_MAX + 64];
    struct http1_request rq;
    struct http1_progress p = {0};
    (void)state;
    memset(text, 'a', sizeof text);
    memcpy(text, "GET / HTTP/1.1\r\nx: ", 19);
    assert_int_equal(http1_parse(text, HTTP1_HEAD_MAX, &rq, &p), HTTP1_MORE);
    assert_int_equal(http1_parse(text, HTTP1_HEAD_MAX + 1, &rq, &p), HTTP1_BAD);
    assert_int_equal(p.status, 431);
}

static void test_who_waits_for_a_word_before_the_body_is_known(void **state) {
    static const char text[] =
        "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n";
    struct http1_request rq;
    struct http1_progress p;
    char block[8192];
    (void)state;
    assert_int_equal(parse(text, sizeof text - 1, &rq, &p, block), HTTP1_MORE);
    assert_true(p.wants_body);
}

static void test_an_upgrade_needs_all_of_its_headers(void **state) {
    static const char all[] = "GET /ws HTTP/1.1\r\nUpgrade: WebSocket\r\nConnection: keep-alive, "
                              "Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
                              "dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    static const char old[] = "GET /ws HTTP/1.1\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"
                              "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: x\r\n\r\n";
    struct http1_request rq;
    struct http1_progress p;
    char block[8192], accept[FRAME_ACCEPT_BYTES];
    (void)state;
    assert_int_equal(parse(old, sizeof old - 1, &rq, &p, block), HTTP1_WHOLE);
    assert_false(rq.upgrade);
    assert_int_equal(parse(all, sizeof all - 1, &rq, &p, block), HTTP1_WHOLE);
    assert_true(rq.upgrade);
    assert_true(frame_accept(rq.ws_key, accept)); /* the standard's own example */
    assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_false(frame_accept(STR("short"), accept));
    assert_false(frame_accept(STR("????????????????????????"), accept));
}

/* -- frames -------------------------------------------------------------------------------- */

/* As a client sends it. */
static ptrdiff_t masked(char *to, int first, str payload) {
    static const char mask[4] = {1, 2, 3, 4};
    struct buf b;
    buf_init(&b, FRAME_PAYLOAD_MAX + 16);
    frame_put(&b, FRAME_TEXT, payload);
    const ptrdiff_t head = b.len - payload.n;
    memcpy(to, b.p, (size_t)head);
    to[0] = (char)first;
    to[1] = (char)(to[1] | 128);
    memcpy(to + head, mask, 4);
    for (ptrdiff_t i = 0; i < payload.n; i++) to[head + 4 + i] = (char)(payload.p[i] ^ mask[i & 3]);
    buf_fini(&b);
    return head + 4 + payload.n;
}

static void test_frames_of_each_length_are_read(void **state) {
    static const ptrdiff_t sizes[] = {0, 1, 125, 126, 127, 65535, 65536, FRAME_PAYLOAD_MAX};
    static char payload[FRAME_PAYLOAD_MAX], wire[FRAME_PAYLOAD_MAX + 16];
    (void)state;
    memset(payload, 'p', sizeof payload);
    for (ptrdiff_t i = 0; i < COUNT_OF(sizes); i++) {
        struct frame f;
        int code;
        const ptrdiff_t n = masked(wire, 0x81, (str){payload, sizes[i]});
        assert_int_equal(frame_parse(wire, n - 1, &f, &code), FRAME_MORE);
        assert_int_equal(frame_parse(wire, n, &f, &code), FRAME_WHOLE);
        assert_int_equal(f.used, n);
        assert_true(f.fin);
        assert_int_equal(f.op, FRAME_TEXT);
        assert_true(str_eq(f.payload, (str){payload, sizes[i]}));
    }
}

static void test_frames_that_the_standard_forbids_are_refused(void **state) {
    char wire[400];
    char payload[200] = {0};
    struct frame f;
    int code = 0;
    (void)state;
    const int firsts[] = {0x83, 0x8b, 0xc1, 0x91, 0x09}; /* ops, reserved bits, a ping in pieces */
    for (ptrdiff_t i = 0; i < COUNT_OF(firsts); i++) {
        const ptrdiff_t n = masked(wire, firsts[i], STR("x"));
        assert_int_equal(frame_parse(wire, n, &f, &code), FRAME_BAD);
        assert_int_equal(code, 1002);
    }
    assert_int_equal(frame_parse(wire, masked(wire, 0x89, (str){payload, 126}), &f, &code),
                     FRAME_BAD);
    wire[0] = (char)0x81;
    wire[1] = 1; /* no mask */
    assert_int_equal(frame_parse(wire, 3, &f, &code), FRAME_BAD);
    assert_int_equal(code, 1002);
    const char huge[] = {(char)0x81, (char)0xff, 0, 0, 0, 0, 0, 0x10, 0, 1};
    memcpy(wire, huge, sizeof huge);
    assert_int_equal(frame_parse(wire, sizeof huge, &f, &code), FRAME_BAD);
    assert_int_equal(code, 1009);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_query_and_the_body_stay_as_they_were_sent),
        cmocka_unit_test(test_a_target_with_a_host_is_the_path_behind_it),
        cmocka_unit_test(test_a_request_in_pieces_is_whole_at_its_last_byte),
        cmocka_unit_test(test_connections_are_kept_as_the_version_and_header_say),
        cmocka_unit_test(test_what_is_no_request_is_refused_with_its_status),
        cmocka_unit_test(test_a_head_without_end_is_refused),
        cmocka_unit_test(test_who_waits_for_a_word_before_the_body_is_known),
        cmocka_unit_test(test_an_upgrade_needs_all_of_its_headers),
        cmocka_unit_test(test_frames_of_each_length_are_read),
        cmocka_unit_test(test_frames_that_the_standard_forbids_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
