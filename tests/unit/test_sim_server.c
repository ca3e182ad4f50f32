/* The simulated exchange behind its port, over real sockets on loopback: requests kept alive and
 * sent ahead, every way in which a fault delivers an answer, WebSockets, and what is refused. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

#include "sim/frame.h"
#include "sim/server.h"
#include "simkit.h"

struct rig {
    struct simkit k;
    struct sim_server *server;
    pthread_t thread;
    int port;
    char got[1 << 18];
    ptrdiff_t n;
};

static void *serve(void *arg) {
    struct rig *r = arg;
    struct error err = {0};
    if (!sim_server_run(r->server, &err)) print_error("%s\n", err.msg);
    return NULL;
}

/* Server time is the wall clock, so the exchange begins now. */
static int setup(void **state) {
    struct rig *r = calloc(1, sizeof *r);
    struct error err = {0};
    simkit_prepare(&r->k);
    r->k.opt.start = r->k.now = time_wall_us();
    if (!exchange_open(&r->k.boot, &r->k.opt, &r->k.ex, &err)) fail_msg("%s", err.msg);
    simkit_price(&r->k, SIM_BTC, 50000);
    const struct sim_server_options so = {.exchange = r->k.ex, .host = STR("127.0.0.1")};
    if (!sim_server_open(&so, &r->server, &err)) fail_msg("%s", err.msg);
    r->port = (int)strtol(strrchr(sim_server_url(r->server), ':') + 1, NULL, 10);
    assert_int_equal(pthread_create(&r->thread, NULL, serve, r), 0);
    *state = r;
    return 0;
}

static int teardown(void **state) {
    struct rig *r = *state;
    sim_server_stop(r->server);
    pthread_join(r->thread, NULL);
    sim_server_close(r->server);
    simkit_close(&r->k);
    free(r);
    return 0;
}

static int dial(const struct rig *r) {
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)r->port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void put(int fd, const char *text) {
    const size_t n = strlen(text);
    assert_int_equal(send(fd, text, n, MSG_NOSIGNAL), n);
}

/* Reads until `end` stands in it, or the connection ends; returns 0, or its errno (-1: closed). */
static int take(struct rig *r, int fd, const char *end) {
    r->n = 0;
    for (;;) {
        r->got[r->n] = 0;
        if (end && memmem(r->got, (size_t)r->n, end, strlen(end))) return 0; /* frames hold NULs */
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, 15000) != 1) fail_msg("nothing came in 15 s behind: %s", r->got);
        const ssize_t n = recv(fd, r->got + r->n, sizeof r->got - 1 - (size_t)r->n, 0);
        if (n < 0) return errno;
        if (n == 0) return -1;
        r->n += n;
    }
}

static bool silent(int fd, int ms) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, ms) == 0;
}

#define TIME(more) "GET /api/v3/time HTTP/1.1\r\nHost: h\r\n" more "\r\n"

static void test_a_connection_is_kept_and_takes_requests_sent_ahead(void **state) {
    struct rig *r = *state;
    const int fd = dial(r);
    put(fd, TIME(""));
    assert_int_equal(take(r, fd, "serverTime"), 0);
    assert_non_null(strstr(r->got, "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(r->got, "x-mbx-used-weight-1m: "));
    put(fd,
        "GET /api/v3/ping HTTP/1.1\r\n\r\nGET /no HTTP/1.1\r\n\r\n" TIME("Connection: close\r\n"));
    assert_int_equal(take(r, fd, NULL), -1);
    assert_non_null(strstr(r->got, "\r\n\r\n{}HTTP/1.1 404 Not Found\r\n"));
    assert_non_null(strstr(r->got, "Connection: close\r\n"));
    assert_non_null(strstr(r->got, "serverTime"));
    close(fd);
}

static void test_a_request_a_byte_at_a_time_is_answered(void **state) {
    struct rig *r = *state;
    const int fd = dial(r);
    for (const char *p = TIME(""); *p; p++) assert_int_equal(send(fd, p, 1, MSG_NOSIGNAL), 1);
    assert_int_equal(take(r, fd, "serverTime"), 0);
    close(fd);
}

static void test_what_is_malformed_gets_400_and_the_door(void **state) {
    static const char *const texts[] = {"\001\002\003\r\n\r\n", "GET\r\n\r\n",
                                        "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n"};
    struct rig *r = *state;
    for (ptrdiff_t i = 0; i < COUNT_OF(texts); i++) {
        const int fd = dial(r);
        put(fd, texts[i]);
        assert_int_equal(take(r, fd, NULL), -1);
        assert_non_null(strstr(r->got, "HTTP/1.1 400 Bad Request\r\n"));
        close(fd);
    }
    const int fd = dial(r); /* and it goes on serving */
    put(fd, TIME(""));
    assert_int_equal(take(r, fd, "serverTime"), 0);
    close(fd);
}

static void test_each_delivery_is_what_its_fault_says(void **state) {
    struct rig *r = *state;
    int fd = dial(r);
    put(fd, TIME("X-Sim-Fault: close_after\r\n"));
    assert_int_equal(take(r, fd, NULL), -1);
    assert_int_equal(r->n, 0);
    close(fd);
    fd = dial(r);
    put(fd, TIME("X-Sim-Fault: reset_after\r\n"));
    assert_int_equal(take(r, fd, NULL), ECONNRESET);
    close(fd);
    fd = dial(r);
    put(fd, TIME("X-Sim-Fault: truncate\r\n"));
    assert_int_equal(take(r, fd, NULL), -1);
    assert_non_null(strstr(r->got, "\r\n\r\n{"));
    assert_null(strchr(r->got, '}'));
    close(fd);
    fd = dial(r);
    put(fd, TIME("X-Sim-Fault: silence\r\n"));
    assert_true(silent(fd, 200));
    close(fd);
    fd = dial(r);
    put(fd, TIME("X-Sim-Fault: trickle\r\n"));
    assert_int_equal(take(r, fd, "HT"), 0);
    assert_null(strstr(r->got, "serverTime")); /* that takes ten seconds more */
    close(fd);
    fd = dial(r);
    put(fd, TIME("X-Sim-Fault: html_502\r\n"));
    assert_int_equal(take(r, fd, "</html>"), 0);
    assert_non_null(strstr(r->got, "Content-Type: text/html\r\n"));
    close(fd);
}

static void test_a_delayed_answer_holds_what_was_sent_behind_it(void **state) {
    struct rig *r = *state;
    const int fd = dial(r);
    put(fd, TIME("X-Sim-Fault: delay;delay_ms=150\r\n") "GET /api/v3/ping HTTP/1.1\r\n\r\n");
    assert_int_equal(take(r, fd, "{}"), 0);
    assert_true(strstr(r->got, "serverTime") < strstr(r->got, "{}"));
    close(fd);
}

static void test_its_owner_sees_the_state_and_moves_prices(void **state) {
    struct rig *r = *state;
    const int fd = dial(r);
    put(fd, "POST /sim/price?symbol=BTCUSDT&price=61000 HTTP/1.1\r\n\r\n");
    assert_int_equal(take(r, fd, "}"), 0);
    put(fd, "GET /sim/state HTTP/1.1\r\n\r\n");
    assert_int_equal(take(r, fd, "}}\n"), 0);
    assert_non_null(strstr(r->got, "\"BTCUSDT\":\"61000.00000000\""));
    put(fd, "POST /sim/price?symbol=NOPE&price=1 HTTP/1.1\r\n\r\n");
    assert_int_equal(take(r, fd, "}"), 0);
    assert_non_null(strstr(r->got, "HTTP/1.1 400 "));
    put(fd, "POST /sim/reset HTTP/1.1\r\nConnection: close\r\n\r\n");
    assert_int_equal(take(r, fd, NULL), -1);
    assert_non_null(strstr(r->got, "\"done\":\"reset\""));
    close(fd);
}

/* -- WebSocket ----------------------------------------------------------------------------- */

#define UPGRADE(path)                                                                              \
    "GET " path                                                                                    \
    " HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "            \
    "13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

static void put_frame(int fd, int first, const char *payload) {
    char wire[256] = {(char)first, (char)(128 | strlen(payload)), 0, 0, 0, 0};
    memcpy(wire + 6, payload, strlen(payload));
    assert_int_equal(send(fd, wire, 6 + strlen(payload), MSG_NOSIGNAL), 6 + strlen(payload));
}

static void test_a_websocket_is_opened_talks_and_is_closed(void **state) {
    struct rig *r = *state;
    const int fd = dial(r);
    put(fd, UPGRADE("/ws-api/v3?returnRateLimits=false"));
    assert_int_equal(take(r, fd, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"), 0);
    assert_non_null(strstr(r->got, "HTTP/1.1 101 "));
    put_frame(fd, 0x01, "{\"id\":1,\"meth"); /* in two pieces, a ping in between */
    put_frame(fd, 0x89, "beat");
    put_frame(fd, 0x80, "od\":\"ping\"}");
    assert_int_equal(take(r, fd, "\"result\":{}}"), 0);
    assert_non_null(strstr(r->got, "\x8a\x04"
                                   "beat"));
    put_frame(fd, 0x88, "");
    assert_int_equal(take(r, fd, NULL), -1);
    assert_int_equal((unsigned char)r->got[0], 0x88);
    close(fd);
}

static void test_what_is_no_websocket_is_refused(void **state) {
    struct rig *r = *state;
    int fd = dial(r);
    put(fd, UPGRADE("/nowhere"));
    assert_int_equal(take(r, fd, NULL), -1);
    assert_non_null(strstr(r->got, "HTTP/1.1 404 "));
    close(fd);
    fd = dial(r);
    put(fd, UPGRADE("/ws"));
    assert_int_equal(take(r, fd, "\r\n\r\n"), 0);
    put_frame(fd, 0x82, "binary");
    assert_int_equal(take(r, fd, NULL), -1);
    assert_int_equal((unsigned char)r->got[3], 1003 & 255);
    close(fd);
    fd = dial(r);
    put(fd, UPGRADE("/ws"));
    assert_int_equal(take(r, fd, "\r\n\r\n"), 0);
    put_frame(fd, 0x81, "\xff\xfe");
    assert_int_equal(take(r, fd, NULL), -1);
    assert_int_equal((unsigned char)r->got[3], 1007 & 255);
    close(fd);
}

static void test_a_stream_over_the_wire_tells_prices(void **state) {
    struct rig *r = *state;
    const int fd = dial(r), owner = dial(r);
    put(fd, UPGRADE("/ws/btcusdt@trade"));
    assert_int_equal(take(r, fd, "\r\n\r\n"), 0);
    put(owner, "POST /sim/price?symbol=BTCUSDT&price=62000 HTTP/1.1\r\n\r\n");
    assert_int_equal(take(r, fd, "\"p\":\"62000.00000000\""), 0);
    close(owner);
    close(fd);
}

/* -- where it listens ---------------------------------------------------------------------- */

static void test_addresses_that_others_reach_are_refused(void **state) {
    struct rig *r = *state;
    struct sim_server *s = NULL;
    struct error err = {0};
    const char *const hosts[] = {"0.0.0.0", "::", "192.0.2.1"};
    for (ptrdiff_t i = 0; i < COUNT_OF(hosts); i++) {
        const struct sim_server_options so = {.exchange = r->k.ex, .host = str_from_z(hosts[i])};
        assert_fails(sim_server_open(&so, &s, &err), &err, ERR_REFUSED);
    }
    const struct sim_server_options taken = {
        .exchange = r->k.ex, .host = STR("127.0.0.1"), .port = r->port};
    assert_fails(sim_server_open(&taken, &s, &err), &err, ERR_IO);
    const struct sim_server_options none = {.exchange = r->k.ex, .host = STR("no host")};
    assert_fails(sim_server_open(&none, &s, &err), &err, ERR_CONFIG);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_connection_is_kept_and_takes_requests_sent_ahead,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_request_a_byte_at_a_time_is_answered, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_what_is_malformed_gets_400_and_the_door, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_each_delivery_is_what_its_fault_says, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_delayed_answer_holds_what_was_sent_behind_it, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_its_owner_sees_the_state_and_moves_prices, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_a_websocket_is_opened_talks_and_is_closed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_what_is_no_websocket_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_stream_over_the_wire_tells_prices, setup, teardown),
        cmocka_unit_test_setup_teardown(test_addresses_that_others_reach_are_refused, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
