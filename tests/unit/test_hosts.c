/* Where the program may connect to: test networks and loopback, name for name. */
#include "net/hosts.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "check.h"

static struct host_url given(const char *url, host_use use) {
    struct error err;
    struct host_url u;
    assert_ok(host_url_parse(str_from_z(url), use, &u, &err), &err);
    return u;
}

static void refused(const char *url, host_use use) {
    struct error err = {0};
    struct host_url u = {.port = -1};
    const bool ok = host_url_parse(str_from_z(url), use, &u, &err);
    if (ok) print_error("taken: %s\n", url);
    assert_false(ok);
    assert_int_equal(err.code, ERR_REFUSED);
    assert_int_equal(u.port, -1);
    assert_true(str_find(str_from_z(err.msg), STR("this machine")) > 0);
}

static void test_hosts_of_test_networks_are_taken(void **state) {
    (void)state;
    assert_int_equal(given("https://testnet.binance.vision", HOST_SPOT_REST).network,
                     NETWORK_SPOT_TESTNET);
    assert_int_equal(given("https://api1.testnet.binance.vision:443/api", HOST_SPOT_REST).port,
                     443);
    assert_int_equal(given("https://demo-api.binance.com", HOST_SPOT_REST).network,
                     NETWORK_SPOT_DEMO);
    struct host_url u =
        given("wss://ws-api.testnet.binance.vision:9443/ws-api/v3?x=1", HOST_SPOT_WS_API);
    assert_int_equal(u.port, 9443);
    assert_true(u.tls);
    assert_string_equal(u.host, "ws-api.testnet.binance.vision");
    assert_str(u.target, "/ws-api/v3?x=1");
    assert_int_equal(given("wss://stream.testnet.binance.vision", HOST_SPOT_STREAM).network,
                     NETWORK_SPOT_TESTNET);
    assert_int_equal(given("wss://demo-stream.binance.com:9443/ws", HOST_SPOT_STREAM).network,
                     NETWORK_SPOT_DEMO);
    assert_int_equal(given("wss://data-stream.binance.vision", HOST_PUBLIC_STREAM).network,
                     NETWORK_PUBLIC);
}

static void test_this_machine_is_taken_with_and_without_tls(void **state) {
    (void)state;
    static const char *const urls[] = {"http://127.0.0.1:8081", "https://127.0.0.1",
                                       "http://localhost:80/api", "http://127.255.0.9:1",
                                       "http://[::1]:8081"};
    for (int i = 0; i < COUNT_OF(urls); i++)
        assert_int_equal(given(urls[i], HOST_SPOT_REST).network, NETWORK_LOOPBACK);
    assert_int_equal(given("ws://localhost:9/ws", HOST_SPOT_STREAM).port, 9);
    assert_true(given("ws://[::1]:9", HOST_SPOT_WS_API).ipv6);
}

static void test_hosts_of_real_money_are_refused(void **state) {
    (void)state;
    static const char *const rest[] = {
        "https://api.binance.com",        "https://api1.binance.com", "https://api4.binance.com",
        "https://api-gcp.binance.com",    "https://api.binance.us",   "https://fapi.binance.com",
        "https://data-api.binance.vision"};
    static const char *const ws[] = {
        "wss://ws-api.binance.com/ws-api/v3", "wss://ws-api.binance.com:9443/ws-api/v3",
        "wss://stream.binance.com:9443/ws", "wss://data-stream.binance.vision"};
    for (int i = 0; i < COUNT_OF(rest); i++) refused(rest[i], HOST_SPOT_REST);
    for (int i = 0; i < COUNT_OF(ws); i++) {
        refused(ws[i], HOST_SPOT_WS_API);
        refused(ws[i], HOST_SPOT_STREAM);
    }
    /* and what is for prices takes no orders' host either */
    refused("https://api.binance.com", HOST_PUBLIC_REST);
    refused("https://testnet.binance.vision", HOST_PUBLIC_REST);
}

static void test_lookalikes_are_refused(void **state) {
    (void)state;
    static const char *const urls[] = {
        "",
        "testnet.binance.vision",
        "https://",
        "https:///api",
        "https://:443",
        "http://testnet.binance.vision",
        "HTTPS://testnet.binance.vision",
        "https:/testnet.binance.vision",
        "ftp://testnet.binance.vision",
        "wss://testnet.binance.vision",
        "https://Testnet.binance.vision",
        "https://TESTNET.BINANCE.VISION",
        "https://testnet.binance.vision.",
        "https://testnet.binance.vision.evil.example",
        "https://evil-testnet.binance.vision",
        "https://testnet.binance.vision:444",
        "https://testnet.binance.vision:9443",
        "https://testnet.binance.vision:0443",
        "https://testnet.binance.vision:",
        "https://testnet.binance.vision:443x",
        "https://testnet.binance.vision:+443",
        "https://testnet.binance.vision:66979",
        "https://user@testnet.binance.vision",
        "https://testnet.binance.vision@api.binance.com",
        "https://testnet.binance.vision:443@api.binance.com",
        "https://api.binance.com\\@testnet.binance.vision",
        "https://api.binance.com#@testnet.binance.vision",
        "https://api.binance.com?testnet.binance.vision",
        "https://api.binance.com/testnet.binance.vision",
        "https://testnet.binance.vision\t",
        " https://testnet.binance.vision",
        "https://testnet.binance.vision%2eevil.example",
        "https://t\xd0\xb5stnet.binance.vision",
        "https://xn--testnet.binance.vision",
        "https://testnet.binance.vision\r\nHost: api.binance.com",
        "https://127.0.0.1.evil.example",
        "https://127.1",
        "https://0x7f.0.0.1",
        "https://0177.0.0.1",
        "https://2130706433",
        "https://127.0.0.1.",
        "https://127.0.0.256",
        "https://127.0.0.01",
        "https://128.0.0.1",
        "https://0.0.0.0",
        "https://Localhost",
        "https://localhost.",
        "https://localhost.localdomain",
        "https://[::1",
        "https://[::1]x",
        "https://[::1]:",
        "https://[::ffff:127.0.0.1]",
        "https://[::]",
        "https://[0:0:0:0:0:0:0:1]",
        "https://[testnet.binance.vision]",
    };
    for (int i = 0; i < COUNT_OF(urls); i++) refused(urls[i], HOST_SPOT_REST);
}

static void test_no_single_changed_byte_of_a_listed_url_is_another_host(void **state) {
    (void)state;
    const str url = STR("https://testnet.binance.vision");
    char block[64];
    for (ptrdiff_t at = 0; at < url.n; at++) {
        for (int byte = 0; byte < 256; byte++) {
            struct error err;
            struct host_url u;
            memcpy(block, url.p, (size_t)url.n);
            block[at] = (char)byte;
            if (!host_url_parse(str_from_bytes(block, url.n), HOST_SPOT_REST, &u, &err)) continue;
            /* a shorter name that is listed cannot come of one byte, only the URL itself */
            assert_memory_equal(block, url.p, (size_t)url.n);
        }
    }
}

static bool loopback(const char *address) {
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, address, &in.sin_addr) == 1)
        return host_is_loopback((const struct sockaddr *)&in);
    assert_int_equal(inet_pton(AF_INET6, address, &in6.sin6_addr), 1);
    return host_is_loopback((const struct sockaddr *)&in6);
}

static void test_only_loopback_addresses_are_loopback(void **state) {
    (void)state;
    const struct sockaddr other = {.sa_family = AF_UNIX};
    assert_true(loopback("127.0.0.1"));
    assert_true(loopback("127.200.3.4"));
    assert_true(loopback("::1"));
    assert_false(loopback("128.0.0.1"));
    assert_false(loopback("10.0.0.1"));
    assert_false(loopback("0.0.0.0"));
    assert_false(loopback("::"));
    assert_false(loopback("::ffff:127.0.0.1"));
    assert_false(loopback("fe80::1"));
    assert_false(host_is_loopback(&other));
}

/* --- posts -------------------------------------------------------------------------------- */

static void test_posts_may_come_from_any_host_by_tls(void **state) {
    (void)state;
    struct host_url u = given("https://api.x.com", HOST_FEED_REST);
    assert_int_equal(u.network, NETWORK_FEED);
    assert_true(u.tls);
    assert_int_equal(u.port, 443);
    u = given("https://x.example.org:8443/2?a=b@c", HOST_FEED_REST);
    assert_string_equal(u.host, "x.example.org");
    assert_int_equal(u.port, 8443);
    assert_str(u.target, "/2?a=b@c");
    u = given("https://a-relay-with-a-long-name.some-account.eu-central-1.elb.cloud.example",
              HOST_FEED_REST);
    assert_true(strlen(u.host) > 64);
    assert_int_equal(given("https://192.0.2.7", HOST_FEED_REST).network, NETWORK_FEED);
    assert_int_equal(given("https://xn--bcher-kva.example", HOST_FEED_REST).network, NETWORK_FEED);
    u = given("wss://jetstream2.us-east.bsky.network/subscribe?x=1", HOST_FEED_STREAM);
    assert_int_equal(u.network, NETWORK_FEED);
    assert_string_equal(u.host, "jetstream2.us-east.bsky.network");
    assert_true(host_use_is_public(HOST_FEED_REST));
    assert_true(host_use_is_public(HOST_FEED_STREAM));
}

static void test_messages_may_go_to_any_host_by_tls(void **state) {
    (void)state;
    const struct host_url u = given("https://hooks.slack.com/services/T/B/x?y=z", HOST_NOTIFY);
    assert_int_equal(u.network, NETWORK_NOTIFY);
    assert_str(u.target, "/services/T/B/x?y=z");
    assert_int_equal(given("http://127.0.0.1:8081/x", HOST_NOTIFY).network, NETWORK_LOOPBACK);
    assert_true(host_use_is_public(HOST_NOTIFY)); /* no keys of a venue, no orders */
}

static void test_posts_may_come_from_this_machine_as_plain_text(void **state) {
    (void)state;
    assert_int_equal(given("http://127.0.0.1:8081", HOST_FEED_REST).network, NETWORK_LOOPBACK);
    assert_int_equal(given("http://localhost:8081", HOST_FEED_REST).network, NETWORK_LOOPBACK);
    assert_int_equal(given("ws://[::1]:9/subscribe", HOST_FEED_STREAM).network, NETWORK_LOOPBACK);
    assert_int_equal(given("wss://127.0.0.1:9", HOST_FEED_STREAM).network, NETWORK_LOOPBACK);
}

static void test_posts_do_not_come_from_what_is_no_plain_host(void **state) {
    (void)state;
    static const char *const rest[] = {
        "http://api.x.com",
        "http://192.168.1.9",
        "http://0.0.0.0",
        "http://127.0.0.1.evil.example",
        "http://localhost.",
        "HTTPS://api.x.com",
        "wss://api.x.com",
        "https://",
        "https://:443",
        "https://API.x.com",
        "https://api.x.com.",
        "https://.api.x.com",
        "https://api..x.com",
        "https://-api.x.com",
        "https://api-.x.com",
        "https://user@api.x.com",
        "https://user:password@api.x.com",
        "https://api.x.com@evil.example",
        "https://@api.x.com",
        "https://api.x.com:0",
        "https://api.x.com:",
        "https://api.x.com:65536",
        "https://api.x.com:443x",
        "https://api.x.com\\@evil.example",
        "https://api.x.com#@evil.example",
        "https://api.x.com\r\nHost: evil.example",
        "https://api.x.com\t",
        " https://api.x.com",
        "https://api.x.com/a b",
        "https://api%2ex.com",
        "https://api;x.com",
        "https://api,x.com",
        "https://api'x.com",
        "https://{api,evil}.x.com",
        "https://api.[0-9].com",
        "https://\xd0\xb0pi.x.com",
        "https://127.1",
        "https://2130706433",
        "https://0x7f.0.0.1",
        "https://0x7f000001",
        "https://0177.0.0.1",
        "https://127.0.0.01",
        "https://0.0.0.0",
        "https://0",
        "https://1.2.3",
        "https://1.2.3.256",
        "https://1.2.3.4.5",
        "https://[::ffff:127.0.0.1]",
        "https://[2001:db8::1]",
        "https://[api.x.com]",
        "https://a-name-that-is-longer-than-any-label-may-be-by-the-rules-of-dns-itself.example",
    };
    static const char *const stream[] = {
        "ws://jetstream2.us-east.bsky.network", "https://jetstream2.us-east.bsky.network",
        "wss://u:p@jetstream2.us-east.bsky.network", "wss://jetstream2.us-east.bsky.network\n"};
    for (int i = 0; i < COUNT_OF(rest); i++) {
        refused(rest[i], HOST_FEED_REST);
        refused(rest[i], HOST_NOTIFY); /* nor do messages go there */
    }
    for (int i = 0; i < COUNT_OF(stream); i++) refused(stream[i], HOST_FEED_STREAM);
}

static void test_a_password_in_a_url_is_not_repeated(void **state) {
    (void)state;
    struct error err;
    struct host_url u;
    assert_fails(host_url_parse(STR("https://me:hunter2@api.x.com"), HOST_FEED_REST, &u, &err),
                 &err, ERR_REFUSED);
    assert_null(strstr(err.msg, "hunter2"));
    assert_null(strstr(err.msg, "me:"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hosts_of_test_networks_are_taken),
        cmocka_unit_test(test_this_machine_is_taken_with_and_without_tls),
        cmocka_unit_test(test_hosts_of_real_money_are_refused),
        cmocka_unit_test(test_lookalikes_are_refused),
        cmocka_unit_test(test_no_single_changed_byte_of_a_listed_url_is_another_host),
        cmocka_unit_test(test_only_loopback_addresses_are_loopback),
        cmocka_unit_test(test_posts_may_come_from_any_host_by_tls),
        cmocka_unit_test(test_messages_may_go_to_any_host_by_tls),
        cmocka_unit_test(test_posts_may_come_from_this_machine_as_plain_text),
        cmocka_unit_test(test_posts_do_not_come_from_what_is_no_plain_host),
        cmocka_unit_test(test_a_password_in_a_url_is_not_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
