/* What a supervisor is told: by real datagrams, over a socket of a file and over one of no file. */
#include "base/alive.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "check.h"

static int ear;
static char address[64];

/* "/tmp/..." or "@...". */
static void listen_at(const char *where) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(address, sizeof address, "%sbf-alive-%d", where, (int)getpid());
    unlink(address);
    memcpy(a.sun_path, address, strlen(address));
    if (*address == '@') a.sun_path[0] = '\0';
    ear = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_true(ear >= 0);
    const socklen_t n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(address));
    assert_int_equal(bind(ear, (struct sockaddr *)&a, n), 0);
}

static int leave(void **state) {
    (void)state;
    alive_open(NULL, 0);
    close(ear);
    unlink(address);
    return 0;
}

/* The next datagram, "" where there is none. */
static const char *heard(void) {
    static char text[512];
    const ssize_t n = recv(ear, text, sizeof text - 1, MSG_DONTWAIT);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

static void test_ready_is_said_by_the_first_turn_of_the_loop(void **state) {
    (void)state;
    listen_at("/tmp/");
    alive_open(address, 0);
    assert_string_equal(heard(), "");
    alive_beat();
    assert_non_null(strstr(heard(), "READY=1\n"));
    for (int i = 0; i < 1000; i++) alive_beat();
    assert_string_equal(heard(), ""); /* nobody wants to hear more */
}

static void test_a_watchdog_hears_of_turns_and_of_nothing_else(void **state) {
    (void)state;
    listen_at("@");
    alive_open(address, 4); /* microseconds: each turn is late enough */
    alive_beat();
    assert_non_null(strstr(heard(), "READY=1\n"));
    assert_string_equal(heard(), "");
    for (int i = 0; i < 3; i++) {
        const usec before = time_monotonic_us();
        while (time_monotonic_us() < before + 2) continue;
        alive_beat();
        assert_string_equal(heard(), "WATCHDOG=1");
        assert_string_equal(heard(), "");
    }
}

static void test_who_waits_is_given_time_and_is_not_ready(void **state) {
    (void)state;
    listen_at("/tmp/");
    alive_open(address, 60 * USEC_PER_S);
    alive_waits("the store");
    const char *said = heard();
    assert_null(strstr(said, "READY=1"));
    assert_non_null(strstr(said, "STATUS=waits for the store\n"));
    assert_non_null(strstr(said, "EXTEND_TIMEOUT_USEC="));
    assert_non_null(strstr(said, "WATCHDOG=1"));
    alive_waits("the store"); /* it was just said */
    assert_string_equal(heard(), "");
    alive_beat();
    assert_non_null(strstr(heard(), "READY=1\n"));
}

static void test_an_end_is_said_once_and_is_the_last_word(void **state) {
    (void)state;
    listen_at("/tmp/");
    alive_open(address, 4);
    alive_beat();
    assert_non_null(strstr(heard(), "READY=1"));
    alive_stops();
    assert_non_null(strstr(heard(), "STOPPING=1"));
    alive_stops();
    alive_beat();
    alive_waits("anything");
    assert_string_equal(heard(), "");
}

static void test_a_full_socket_is_tried_again(void **state) {
    (void)state;
    int n = 0;
    listen_at("/tmp/");
    alive_open(address, 4);
    alive_beat();
    for (int i = 0; i < 10000; i++) alive_beat(); /* never waits, however full it is */
    while (*heard() != '\0') n++;
    assert_in_range(n, 2, 10001);
    const usec before = time_monotonic_us();
    while (time_monotonic_us() < before + 2) continue;
    alive_beat();
    assert_string_equal(heard(), "WATCHDOG=1");
}

static void test_addresses_that_are_none_say_nothing(void **state) {
    (void)state;
    char longer[200];
    memset(longer, 'a', sizeof longer - 1);
    longer[0] = '/';
    longer[sizeof longer - 1] = '\0';
    listen_at("/tmp/");
    const char *const bad[] = {NULL, "", "/", "relative", longer, "vsock:1:2"};
    for (int i = 0; i < COUNT_OF(bad); i++) {
        alive_open(bad[i], 4);
        alive_beat();
        alive_waits("x");
        alive_stops();
        assert_string_equal(heard(), "");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_ready_is_said_by_the_first_turn_of_the_loop, leave),
        cmocka_unit_test_teardown(test_a_watchdog_hears_of_turns_and_of_nothing_else, leave),
        cmocka_unit_test_teardown(test_who_waits_is_given_time_and_is_not_ready, leave),
        cmocka_unit_test_teardown(test_an_end_is_said_once_and_is_the_last_word, leave),
        cmocka_unit_test_teardown(test_a_full_socket_is_tried_again, leave),
        cmocka_unit_test_teardown(test_addresses_that_are_none_say_nothing, leave),
    };
    return cmocka_run_group_tests_name("alive", tests, NULL, NULL);
}
