/* The wire that can be bad: what each of its ways does to a connection, with a server behind it
 * that says everything twice. */
#include "tcp_proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

#include "check.h"

static struct {
    int listener, port;
    pthread_t thread;
} server;
static struct tcp_proxy *proxy;

/* Each connection, one after the other, until it ends. */
static void *echo(void *arg) {
    (void)arg;
    for (;;) {
        char block[4096];
        ssize_t n;
        const int fd = accept(server.listener, NULL, NULL);
        if (fd < 0) return NULL;
        while ((n = recv(fd, block, sizeof block, 0)) > 0)
            for (int twice = 0; twice < 2; twice++)
                for (ssize_t at = 0, done; at < n; at += done) {
                    done = send(fd, block + at, (size_t)(n - at), MSG_NOSIGNAL);
                    if (done <= 0) break;
                }
        close(fd);
    }
}

static int dial(int port) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    const struct timeval patience = {30, 0};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static int set_up(void **state) {
    (void)state;
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t n = sizeof at;
    struct error err;
    char target[32];
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server.listener, (struct sockaddr *)&at, n), 0);
    assert_int_equal(listen(server.listener, 16), 0);
    assert_int_equal(getsockname(server.listener, (struct sockaddr *)&at, &n), 0);
    server.port = ntohs(at.sin_port);
    assert_int_equal(pthread_create(&server.thread, NULL, echo, NULL), 0);
    snprintf(target, sizeof target, "127.0.0.1:%d", server.port);
    assert_ok(tcp_proxy_open(0, str_from_z(target), &proxy, &err), &err);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    tcp_proxy_close(proxy);
    shutdown(server.listener, SHUT_RDWR);
    pthread_join(server.thread, NULL);
    close(server.listener);
    return 0;
}

static void say(int fd, const char *text) {
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static void hear(int fd, const char *want) {
    char block[64];
    size_t n = 0;
    while (n < strlen(want)) {
        const ssize_t more = recv(fd, block + n, strlen(want) - n, 0);
        assert_true(more > 0);
        n += (size_t)more;
    }
    assert_memory_equal(block, want, n);
}

static bool is_quiet(int fd) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 0) == 0;
}

/* It ended with a reset. */
static void is_cut(int fd) {
    char byte;
    assert_int_equal(recv(fd, &byte, 1, 0), -1);
    assert_int_equal(errno, ECONNRESET);
    close(fd);
}

static void test_bytes_pass_and_the_end_behind_them(void **state) {
    (void)state;
    char byte;
    const int fd = dial(tcp_proxy_port(proxy));
    say(fd, "one");
    hear(fd, "oneone");
    say(fd, "two");
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    hear(fd, "twotwo");
    assert_int_equal(recv(fd, &byte, 1, 0), 0);
    close(fd);
}

static void test_much_passes_whole_and_in_order(void **state) {
    (void)state;
    static char block[64 << 10], got[2 * sizeof block];
    const int fd = dial(tcp_proxy_port(proxy));
    for (size_t i = 0; i < sizeof block; i++) block[i] = (char)(i * 31 / 7);
    for (size_t at = 0; at < sizeof block; at += 1024) { /* each is said twice on its own */
        size_t n = 0;
        assert_int_equal(send(fd, block + at, 1024, MSG_NOSIGNAL), 1024);
        while (n < 2048) {
            const ssize_t more = recv(fd, got + n, 2048 - n, 0);
            assert_true(more > 0);
            n += (size_t)more;
        }
        assert_int_equal(n, 2048);
        assert_memory_equal(got + 1024, block + at, 1024);
    }
    close(fd);
}

static void test_a_cut_resets_what_is_there_and_what_comes(void **state) {
    (void)state;
    const int fd = dial(tcp_proxy_port(proxy));
    say(fd, "x");
    hear(fd, "xx");
    tcp_proxy_set(proxy, PROXY_CUT, 0);
    assert_int_equal(tcp_proxy_connections(proxy), 0);
    is_cut(fd);
    is_cut(dial(tcp_proxy_port(proxy)));
    tcp_proxy_set(proxy, PROXY_PASS, 0);
    const int again = dial(tcp_proxy_port(proxy));
    say(again, "y");
    hear(again, "yy");
    tcp_proxy_cut_once(proxy);
    is_cut(again);
    const int last = dial(tcp_proxy_port(proxy));
    say(last, "z");
    hear(last, "zz");
    close(last);
}

static void test_what_hangs_goes_on_when_it_heals(void **state) {
    (void)state;
    const int64_t before = tcp_proxy_accepted(proxy);
    const int fd = dial(tcp_proxy_port(proxy));
    say(fd, "x");
    hear(fd, "xx");
    tcp_proxy_set(proxy, PROXY_HANG, 0);
    say(fd, "y");
    const int later = dial(tcp_proxy_port(proxy));
    say(later, "z");
    while (tcp_proxy_accepted(proxy) < before + 2) continue; /* it is let in, and hears nothing */
    assert_true(is_quiet(fd));
    assert_true(is_quiet(later));
    tcp_proxy_set(proxy, PROXY_PASS, 0);
    hear(fd, "yy");
    close(fd); /* the server takes one after the other */
    hear(later, "zz");
    close(later);
}

static void test_what_is_slow_is_late_and_in_order(void **state) {
    (void)state;
    const usec delay = 30 * USEC_PER_MS;
    const int fd = dial(tcp_proxy_port(proxy));
    say(fd, "x");
    hear(fd, "xx");
    tcp_proxy_set(proxy, PROXY_SLOW, delay);
    const usec start = time_monotonic_us();
    say(fd, "y");
    hear(fd, "yy");
    assert_true(time_monotonic_us() - start >= 2 * delay); /* never earlier than there and back */
    say(fd, "a");
    hear(fd, "aa");
    tcp_proxy_set(proxy, PROXY_PASS, 0);
    say(fd, "b");
    hear(fd, "bb");
    close(fd);
}

static void test_a_target_that_is_not_there_is_a_reset(void **state) {
    (void)state;
    struct tcp_proxy *lonely;
    struct error err;
    assert_ok(tcp_proxy_open(0, STR("127.0.0.1:1"), &lonely, &err), &err);
    is_cut(dial(tcp_proxy_port(lonely)));
    tcp_proxy_close(lonely);
    assert_fails(tcp_proxy_open(0, STR("nonsense"), &lonely, &err), &err, ERR_CONFIG);
    tcp_proxy_close(NULL);
}

static void test_orders_are_words(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool ok;
        proxy_mode mode;
        usec delay;
    } cases[] = {
        {"pass", true, PROXY_PASS, 0},     {"cut", true, PROXY_CUT, 0},
        {"hang", true, PROXY_HANG, 0},     {"slow 250", true, PROXY_SLOW, 250 * USEC_PER_MS},
        {"slow 0", true, PROXY_SLOW, 0},   {"slow", false, PROXY_PASS, 0},
        {"slow -1", false, PROXY_PASS, 0}, {"slow x", false, PROXY_PASS, 0},
        {"Pass", false, PROXY_PASS, 0},    {"", false, PROXY_PASS, 0},
        {"pass it", false, PROXY_PASS, 0},
    };
    for (int i = 0; i < COUNT_OF(cases); i++) {
        proxy_mode mode = PROXY_PASS;
        usec delay = 0;
        const bool ok = proxy_mode_parse(str_from_z(cases[i].text), &mode, &delay);
        if (ok != cases[i].ok || mode != cases[i].mode || delay != cases[i].delay)
            fail_msg("%s: %d %d %lld", cases[i].text, ok, mode, (long long)delay);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_pass_and_the_end_behind_them),
        cmocka_unit_test(test_much_passes_whole_and_in_order),
        cmocka_unit_test(test_a_cut_resets_what_is_there_and_what_comes),
        cmocka_unit_test(test_what_hangs_goes_on_when_it_heals),
        cmocka_unit_test(test_what_is_slow_is_late_and_in_order),
        cmocka_unit_test(test_a_target_that_is_not_there_is_a_reset),
        cmocka_unit_test(test_orders_are_words),
    };
    return cmocka_run_group_tests_name("a wire that can be bad", tests, set_up, tear_down);
}
