/* The API without its sockets: tokens, rates, hosts, routes, roles, bodies. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>

#include "api/limit.h"
#include "apikit.h"
#include "run/jobs_watch.h"
#include "store/workers.h"

static struct apikit k;
static struct api_core *core;
static struct api_answer answer;
static const struct api_route *route;
static struct api_identity who;

static struct api_client client(const char *text) {
    struct sockaddr_storage at = {0};
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &in.sin_addr) == 1) {
        memcpy(&at, &in, sizeof in);
    } else {
        assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
        memcpy(&at, &in6, sizeof in6);
    }
    return api_client_from((const struct sockaddr *)&at);
}

static struct api_head head(const char *method, const char *target) {
    return (struct api_head){.method = str_from_z(method),
                             .target = str_from_z(target),
                             .host = STR("127.0.0.1:8080"),
                             .header_bytes = 100,
                             .client = client("127.0.0.1")};
}

static int begin(void **state) {
    (void)state;
    apikit_begin(&k);
    api_answer_init(&answer);
    core = NULL;
    return 0;
}

static int end(void **state) {
    (void)state;
    api_core_close(core);
    api_answer_fini(&answer);
    apikit_end(&k);
    return 0;
}

static void open_core(void) {
    struct error err;
    assert_ok(api_core_open(&k.boot, &k.opt, &core, &err), &err);
}

/* The status of the refusal, 0: admitted. */
static int admit_at(const struct api_head *h, usec now, usec mono) {
    api_answer_fini(&answer);
    api_answer_init(&answer);
    if (api_admit(core, h, now, mono, &route, &who, &answer)) return 0;
    assert_true(answer.status == 204 || answer.body.len > 0);
    if (answer.status != 204) assert_string_equal(answer.type, "application/problem+json");
    return answer.status;
}

static int admit(const struct api_head *h) {
    return admit_at(h, time_wall_us(), time_monotonic_us());
}

static bool says(const char *text) { return strstr(buf_z(&answer.body), text) != NULL; }

/* --- tokens ------------------------------------------------------------------------------- */

static void test_a_token_has_its_form_and_no_two_are_the_same(void **state) {
    (void)state;
    char first[API_TOKEN_BYTES], second[API_TOKEN_BYTES];
    uint8_t hash[SHA256_BYTES], again[SHA256_BYTES];
    struct error err;
    assert_ok(api_token_make(first, hash, &err), &err);
    assert_int_equal(strlen(first), 47);
    assert_memory_equal(first, "bft_", 4);
    assert_true(api_token_hash(str_from_z(first), again));
    assert_memory_equal(hash, again, SHA256_BYTES);
    assert_ok(api_token_make(second, again, &err), &err);
    assert_string_not_equal(first, second);
    assert_memory_not_equal(hash, again, SHA256_BYTES);
}

static void test_what_is_no_token_is_not_hashed(void **state) {
    (void)state;
    uint8_t hash[SHA256_BYTES];
    char token[API_TOKEN_BYTES], broken[API_TOKEN_BYTES + 1];
    struct error err;
    assert_ok(api_token_make(token, hash, &err), &err);
    assert_false(api_token_hash(STR(""), hash));
    assert_false(api_token_hash(str_head(str_from_z(token), 46), hash));
    snprintf(broken, sizeof broken, "%sA", token);
    assert_false(api_token_hash(str_from_z(broken), hash));
    for (const char *bad = " =+/.~\"\n"; *bad; bad++) {
        memcpy(broken, token, sizeof token);
        broken[20] = *bad;
        assert_false(api_token_hash(str_from_z(broken), hash));
    }
    memcpy(broken, token, sizeof token);
    broken[0] = 'B';
    assert_false(api_token_hash(str_from_z(broken), hash));
}

static void test_a_role_may_do_what_is_its_own(void **state) {
    (void)state;
    static const bool want[5][5] = {
        /* none read ingest trade admin wanted */
        {true, false, false, false, false}, /* has none */
        {true, true, false, false, false},  /* read */
        {true, false, true, false, false},  /* ingest */
        {true, true, false, true, false},   /* trade */
        {true, true, false, true, true}     /* admin */
    };
    for (int has = TOKEN_NONE; has <= TOKEN_ADMIN; has++)
        for (int need = TOKEN_NONE; need <= TOKEN_ADMIN; need++)
            assert_int_equal(api_role_allows((token_role)has, (token_role)need), want[has][need]);
}

static void test_without_tokens_this_machine_reads_and_nothing_more(void **state) {
    (void)state;
    open_core();
    struct api_head h = head("GET", "/api/sources");
    assert_int_equal(admit(&h), 0);
    assert_int_equal(who.role, TOKEN_READ);
    h.client = client("192.0.2.1");
    assert_int_equal(admit(&h), 401);
    assert_string_equal(answer.authenticate, "Bearer realm=\"bullfinch\"");
    h.client = client("127.0.0.1");
    h.forwarded = true;
    assert_int_equal(admit(&h), 401);
    h = head("GET", "/health");
    h.client = client("192.0.2.1");
    assert_int_equal(admit(&h), 0);
    h = head("POST", "/api/ingest");
    h.content_type = STR("application/json");
    assert_int_equal(admit(&h), 401);
}

static void test_a_token_closes_the_door_for_those_without(void **state) {
    (void)state;
    char bearer[APIKIT_BEARER_BYTES];
    apikit_token(&k, "reader", TOKEN_READ, "", 0, bearer);
    open_core();
    struct api_head h = head("GET", "/api/sources");
    assert_int_equal(admit(&h), 401);
    h.authorization = str_from_z(bearer);
    assert_int_equal(admit(&h), 0);
    assert_true(who.role == TOKEN_READ && who.token_id > 0);
    assert_string_equal(who.name, "reader");
    bearer[1] = 'E'; /* the scheme's case does not count */
    assert_int_equal(admit(&h), 0);
    bearer[30] = bearer[30] == 'A' ? 'B' : 'A';
    assert_int_equal(admit(&h), 401);
    assert_true(says("\"code\":\"TOKEN\""));
    h.authorization = STR("Basic dXNlcjpwYXNz");
    assert_int_equal(admit(&h), 401);
    h = head("GET", "/health"); /* a wrong one is wrong even where none is needed */
    h.authorization = str_from_z(bearer);
    assert_int_equal(admit(&h), 401);
}

static void test_a_revoked_token_is_refused_after_the_next_tick(void **state) {
    (void)state;
    char bearer[APIKIT_BEARER_BYTES];
    struct error err;
    apikit_token(&k, "gone", TOKEN_READ, "", 0, bearer);
    apikit_token(&k, "stays", TOKEN_READ, "", 0, (char[APIKIT_BEARER_BYTES]){0});
    open_core();
    struct api_head h = head("GET", "/api/sources");
    h.authorization = str_from_z(bearer);
    assert_int_equal(admit(&h), 0);
    assert_ok(store_token_revoke(k.store, STR("gone"), STR("test"), time_wall_us(), &err), &err);
    api_core_tick(core, time_wall_us(), time_monotonic_us());
    assert_int_equal(admit(&h), 401);
}

static void test_a_token_expires_at_its_time(void **state) {
    (void)state;
    char bearer[APIKIT_BEARER_BYTES];
    const usec end_at = time_wall_us() + USEC_PER_HOUR;
    apikit_token(&k, "short", TOKEN_READ, "", end_at, bearer);
    open_core();
    struct api_head h = head("GET", "/api/sources");
    h.authorization = str_from_z(bearer);
    assert_int_equal(admit_at(&h, end_at - 1, time_monotonic_us()), 0);
    assert_int_equal(admit_at(&h, end_at, time_monotonic_us()), 401);
    h.authorization = (str){0}; /* and nobody else comes in for that */
    assert_int_equal(admit_at(&h, end_at, time_monotonic_us()), 401);
}

static void test_a_role_is_not_another(void **state) {
    (void)state;
    char reader[APIKIT_BEARER_BYTES], feed[APIKIT_BEARER_BYTES], admin[APIKIT_BEARER_BYTES];
    apikit_token(&k, "reader", TOKEN_READ, "", 0, reader);
    apikit_token(&k, "feed", TOKEN_INGEST, "wire", 0, feed);
    apikit_token(&k, "boss", TOKEN_ADMIN, "", 0, admin);
    open_core();
    struct api_head h = head("POST", "/api/ingest");
    h.content_type = STR("application/json");
    h.authorization = str_from_z(feed);
    assert_int_equal(admit(&h), 0);
    assert_string_equal(who.source, "wire");
    h.authorization = str_from_z(reader);
    assert_int_equal(admit(&h), 403);
    h.authorization = str_from_z(admin); /* it has no source to bring posts under */
    assert_int_equal(admit(&h), 403);
    h = head("GET", "/api/cost");
    h.authorization = str_from_z(admin);
    assert_int_equal(admit(&h), 0);
    h.authorization = str_from_z(feed);
    assert_int_equal(admit(&h), 403);
    assert_true(says("the role read, and yours is ingest"));
}

static void test_tokens_that_cannot_be_read_change_nothing_any_more(void **state) {
    (void)state;
    char feed[APIKIT_BEARER_BYTES], reader[APIKIT_BEARER_BYTES];
    apikit_token(&k, "feed", TOKEN_INGEST, "wire", 0, feed);
    apikit_token(&k, "reader", TOKEN_READ, "", 0, reader);
    open_core();
    const usec later = time_monotonic_us() + 11 * USEC_PER_S; /* without a tick since */
    struct api_head h = head("POST", "/api/ingest");
    h.content_type = STR("application/json");
    h.authorization = str_from_z(feed);
    assert_int_equal(admit_at(&h, time_wall_us(), later), 503);
    assert_int_equal(answer.retry_after_s, 5);
    h = head("GET", "/api/cost");
    h.authorization = str_from_z(reader);
    assert_int_equal(admit_at(&h, time_wall_us(), later), 0);
}

static void test_a_token_made_a_moment_ago_is_known_and_strangers_cost_five_looks_a_second(
    void **state) {
    (void)state;
    char fresh[APIKIT_BEARER_BYTES], fresher[APIKIT_BEARER_BYTES];
    open_core();
    const usec now = time_wall_us(), mono = time_monotonic_us();
    apikit_token(&k, "fresh", TOKEN_READ, "", 0, fresh);
    struct api_head h = head("GET", "/api/cost");
    h.authorization = str_from_z(fresh);
    assert_int_equal(admit_at(&h, now, mono), 0); /* without a tick */
    apikit_token(&k, "fresher", TOKEN_READ, "", 0, fresher);
    h.authorization = str_from_z(fresher);
    assert_int_equal(admit_at(&h, now, mono + USEC_PER_S / 5 - 1), 401);
    assert_int_equal(admit_at(&h, now, mono + USEC_PER_S / 5), 0);
}

static void test_uses_are_written_once_a_minute(void **state) {
    (void)state;
    char bearer[APIKIT_BEARER_BYTES];
    struct token_row *rows;
    struct error err;
    int count;
    apikit_token(&k, "reader", TOKEN_READ, "", 0, bearer);
    open_core();
    struct api_head h = head("GET", "/api/cost");
    h.authorization = str_from_z(bearer);
    const usec now = time_wall_us(), mono = time_monotonic_us();
    assert_int_equal(admit_at(&h, now, mono), 0);
    api_core_tick(core, now, mono + USEC_PER_S);
    assert_ok(store_tokens(k.store, &k.boot, &rows, &count, &err), &err);
    assert_int_equal(rows[0].last_used_at, 0);
    api_core_tick(core, now, mono + 2 * USEC_PER_MIN);
    assert_ok(store_tokens(k.store, &k.boot, &rows, &count, &err), &err);
    assert_int_equal(rows[0].last_used_at, now);
}

/* --- the address -------------------------------------------------------------------------- */

static void test_an_open_address_wants_a_token_first(void **state) {
    (void)state;
    struct error err;
    char bearer[APIKIT_BEARER_BYTES];
    k.opt.listen = STR("0.0.0.0:0");
    assert_fails(api_core_open(&k.boot, &k.opt, &core, &err), &err, ERR_REFUSED);
    apikit_token(&k, "old", TOKEN_READ, "", time_wall_us() - 1, bearer);
    assert_fails(api_core_open(&k.boot, &k.opt, &core, &err), &err, ERR_REFUSED);
    assert_non_null(strstr(err.msg, "bullfinch token create"));
    apikit_token(&k, "reader", TOKEN_READ, "", 0, bearer);
    assert_ok(api_core_open(&k.boot, &k.opt, &core, &err), &err);
}

static void test_addresses_are_read(void **state) {
    (void)state;
    struct api_listen l;
    struct error err;
    assert_ok(api_listen_parse(STR("127.0.0.1:8080"), &l, &err), &err);
    assert_true(l.port == 8080 && l.loopback && !l.ipv6 && !l.everywhere);
    assert_ok(api_listen_parse(STR("[::1]:0"), &l, &err), &err);
    assert_true(l.port == 0 && l.loopback && l.ipv6);
    assert_ok(api_listen_parse(STR("localhost:1"), &l, &err), &err);
    assert_string_equal(l.host, "127.0.0.1");
    assert_ok(api_listen_parse(STR("[::]:65535"), &l, &err), &err);
    assert_true(l.everywhere && !l.loopback);
    assert_ok(api_listen_parse(STR("10.1.2.3:80"), &l, &err), &err);
    assert_true(!l.everywhere && !l.loopback);
    static const char *const bad[] = {
        "",           "8080",          ":8080",      "127.0.0.1",
        "1.2.3:80",   "127.0.0.1:",    "::1:80",     "127.0.0.1:65536",
        "example:80", "127.0.0.1:80x", "[1.2.3.4]:1"};
    for (int i = 0; i < COUNT_OF(bad); i++)
        assert_fails(api_listen_parse(str_from_z(bad[i]), &l, &err), &err, ERR_CONFIG);
}

static void test_a_host_that_is_another_is_refused(void **state) {
    (void)state;
    struct api_listen l;
    struct error err;
    static const struct {
        const char *listen, *host;
        bool ok;
    } cases[] = {{"127.0.0.1:80", "127.0.0.1", true},
                 {"127.0.0.1:80", "LocalHost:9", true},
                 {"127.0.0.1:80", "[::1]:80", true},
                 {"127.0.0.1:80", "127.9.9.9", true},
                 {"127.0.0.1:80", "", false},
                 {"127.0.0.1:80", ":80", false},
                 {"127.0.0.1:80", "localhost.evil.example", false},
                 {"127.0.0.1:80", "127.0.0.1.evil.example", false},
                 {"127.0.0.1:80", "10.0.0.1", false},
                 {"127.0.0.1:80", "[::1", false},
                 {"127.0.0.1:80", "127.0.0.1:", true},
                 {"127.0.0.1:80", "127.0.0.1:80@evil.example", false},
                 {"127.0.0.1:80", "localhost:80:evil.example", false},
                 {"127.0.0.1:80", "[::1]evil.example", false},
                 {"127.0.0.1:80", "[::1].evil.example:80", false},
                 {"127.0.0.1:80", "localhost.", false},
                 {"10.0.0.1:80", "10.0.0.1:80", true},
                 {"10.0.0.1:80", "10.0.0.2", false},
                 {"0.0.0.0:80", "10.0.0.2", true},
                 {"0.0.0.0:80", "bullfinch.example", false},
                 {"[fd00::1]:80", "[fd00::1]", true},
                 {"[fd00::1]:80", "[fd00::2]", false}};
    for (int i = 0; i < COUNT_OF(cases); i++) {
        assert_ok(api_listen_parse(str_from_z(cases[i].listen), &l, &err), &err);
        if (api_listen_is_host(&l, str_from_z(cases[i].host)) != cases[i].ok)
            fail_msg("%s at %s", cases[i].host, cases[i].listen);
    }
}

static void test_a_rebound_name_sees_nothing_unless_it_brings_a_token(void **state) {
    (void)state;
    char bearer[APIKIT_BEARER_BYTES];
    open_core();
    struct api_head h = head("GET", "/health");
    h.host = STR("evil.example");
    assert_int_equal(admit(&h), 421);
    h.host = (str){0};
    assert_int_equal(admit(&h), 421);
    apikit_token(&k, "reader", TOKEN_READ, "", 0, bearer);
    api_core_tick(core, time_wall_us(), time_monotonic_us());
    h.host = STR("bullfinch.example");
    h.authorization = str_from_z(bearer);
    assert_int_equal(admit(&h), 0);
}

/* --- rates -------------------------------------------------------------------------------- */

static void test_a_bucket_holds_a_minute_and_fills_evenly(void **state) {
    (void)state;
    struct api_limits *l = api_limits_new(&k.boot, 60);
    const uint8_t one[API_LIMIT_KEY_BYTES] = {1}, other[API_LIMIT_KEY_BYTES] = {2};
    usec mono = 1000 * USEC_PER_S;
    for (int i = 0; i < 60; i++) assert_int_equal(api_limits_take(l, one, mono), 0);
    assert_int_equal(api_limits_take(l, one, mono), 1);
    assert_int_equal(api_limits_take(l, other, mono), 0);
    mono += USEC_PER_S; /* one more a second */
    assert_int_equal(api_limits_take(l, one, mono), 0);
    assert_int_equal(api_limits_take(l, one, mono), 1);
    mono += USEC_PER_HOUR; /* and never more than a minute's */
    for (int i = 0; i < 60; i++) assert_int_equal(api_limits_take(l, one, mono), 0);
    assert_true(api_limits_take(l, one, mono) > 0);
    api_limits_free(l);
}

static void test_a_slow_bucket_says_how_long(void **state) {
    (void)state;
    struct api_limits *l = api_limits_new(&k.boot, 2);
    const uint8_t one[API_LIMIT_KEY_BYTES] = {1};
    assert_int_equal(api_limits_take(l, one, 7 * USEC_PER_S), 0);
    assert_int_equal(api_limits_take(l, one, 7 * USEC_PER_S), 0);
    assert_int_equal(api_limits_take(l, one, 8 * USEC_PER_S), 29);
    assert_int_equal(api_limits_take(l, one, 37 * USEC_PER_S), 0);
    api_limits_free(l);
    l = api_limits_new(&k.boot, 0);
    for (int i = 0; i < 100000; i++) assert_int_equal(api_limits_take(l, one, 1), 0);
    api_limits_free(l);
}

static void test_many_addresses_do_not_free_a_busy_one(void **state) {
    (void)state;
    struct api_limits *l = api_limits_new(&k.boot, 10);
    const uint8_t busy[API_LIMIT_KEY_BYTES] = {9};
    uint8_t key[API_LIMIT_KEY_BYTES] = {1};
    const usec mono = 1000 * USEC_PER_S;
    for (int i = 0; i < 10; i++) assert_int_equal(api_limits_take(l, busy, mono), 0);
    for (int i = 0; i < 100000; i++) {
        memcpy(key + 1, &i, sizeof i);
        assert_int_equal(api_limits_take(l, key, mono), 0);
    }
    assert_true(api_limits_take(l, busy, mono) > 0);
    api_limits_free(l);
}

static void only_three_go(struct api_head *h, const char *const places[4], usec now, usec mono) {
    for (int i = 0; i < 4; i++) {
        h->client = client(places[i]);
        assert_int_equal(admit_at(h, now, mono), i < 3 ? 0 : 429);
    }
}

static void test_rates_count_by_address_and_by_token(void **state) {
    (void)state;
    char bearer[APIKIT_BEARER_BYTES];
    apikit_token(&k, "reader", TOKEN_READ, "", 0, bearer);
    k.opt.rate_limit = 3;
    open_core();
    const usec now = time_wall_us(), mono = time_monotonic_us();
    struct api_head h = head("GET", "/health");
    for (int i = 0; i < 3; i++) assert_int_equal(admit_at(&h, now, mono), 0);
    assert_int_equal(admit_at(&h, now, mono), 429);
    assert_int_equal(answer.retry_after_s, 20);
    h.authorization = str_from_z(bearer);
    static const char *const places[] = {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"};
    only_three_go(&h, places, now, mono);
    assert_true(says("with this token"));
    h = head("GET", "/health"); /* one network of IPv6 is one client */
    static const char *const hosts[] = {"2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::4"};
    only_three_go(&h, hosts, now, mono);
}

static void test_a_token_works_whatever_others_do_at_its_address(void **state) {
    (void)state;
    char bearer[APIKIT_BEARER_BYTES];
    apikit_token(&k, "brake", TOKEN_TRADE, "", 0, bearer);
    k.opt.rate_limit = 3;
    open_core();
    const usec now = time_wall_us(), mono = time_monotonic_us();
    struct api_head h = head("GET", "/health");
    for (int i = 0; i < 2000; i++) assert_int_equal(admit_at(&h, now, mono), i < 3 ? 0 : 429);
    h = head("POST", "/api/halt");
    h.content_type = STR("application/json");
    h.authorization = str_from_z(bearer);
    for (int i = 0; i < 4; i++) assert_int_equal(admit_at(&h, now, mono), i < 3 ? 0 : 429);
    assert_true(says("with this token"));
}

static void test_who_guesses_tokens_does_so_at_the_rate_of_his_address(void **state) {
    (void)state;
    char bearer[APIKIT_BEARER_BYTES];
    apikit_token(&k, "brake", TOKEN_TRADE, "", 0, bearer);
    k.opt.rate_limit = 3;
    open_core();
    const usec now = time_wall_us(), mono = time_monotonic_us();
    struct api_head h = head("GET", "/api/status");
    char *const last = &bearer[strlen(bearer) - 1];
    const char right = *last;
    *last = right == 'A' ? 'E' : 'A';
    h.authorization = str_from_z(bearer);
    for (int i = 0; i < 5; i++) assert_int_equal(admit_at(&h, now, mono), i < 3 ? 401 : 429);
    assert_true(says("from this address"));
    h.authorization = STR("Bearer guess");
    assert_int_equal(admit_at(&h, now, mono), 429);
    h.authorization = (str){0};
    h.cookie = STR("bf_session=0123456789");
    assert_int_equal(admit_at(&h, now, mono), 429);
    *last = right;
    h.authorization = str_from_z(bearer);
    assert_int_equal(admit_at(&h, now, mono), 0);
}

/* --- routes ------------------------------------------------------------------------------- */

static void test_routes_methods_and_forms(void **state) {
    (void)state;
    open_core();
    struct api_head h = head("GET", "/api/nothing");
    assert_int_equal(admit(&h), 404);
    h = head("POST", "/nothing");
    assert_int_equal(admit(&h), 404);
    h = head("GET", "/api/../health");
    assert_int_equal(admit(&h), 404);
    static const char *const files[] = {"/nothing", "/health/", "/%68ealth", "/", "/trade?id=1"};
    for (int i = 0; i < COUNT_OF(files); i++) {
        h = head("GET", files[i]);
        assert_int_equal(admit(&h), 0);
        assert_string_equal(route->path, API_FILE_PATH);
    }
    h = head("GET", "/health?x=1");
    assert_int_equal(admit(&h), 0);
    h = head("HEAD", "/health");
    assert_int_equal(admit(&h), 0);
    assert_string_equal(route->path, "/health");
    h = head("DELETE", "/health");
    assert_int_equal(admit(&h), 405);
    assert_string_equal(answer.allow, "OPTIONS, GET, HEAD");
    h = head("GET", "/api/ingest");
    assert_int_equal(admit(&h), 405);
    assert_string_equal(answer.allow, "OPTIONS, POST");
    h = head("OPTIONS", "/api/ingest");
    assert_int_equal(admit(&h), 204);
    assert_string_equal(answer.allow, "OPTIONS, POST");
    h = head("OPTIONS", "*");
    assert_int_equal(admit(&h), 204);
    h = head("GET", "http://127.0.0.1/health");
    assert_int_equal(admit(&h), 400);
    h = head("GET", "/health");
    h.doubled = true;
    assert_int_equal(admit(&h), 400);
    h = head("GET", "/health");
    h.malformed = true;
    assert_int_equal(admit(&h), 400);
    h = head("GET", "/health");
    h.header_bytes = API_HEADER_BYTES_MAX + 1;
    assert_int_equal(admit(&h), 431);
    char *const longer = malloc(API_TARGET_BYTES_MAX + 2);
    memset(longer, 'a', API_TARGET_BYTES_MAX + 1);
    longer[0] = '/';
    longer[API_TARGET_BYTES_MAX + 1] = '\0';
    h = head("GET", longer);
    assert_int_equal(admit(&h), 414);
    free(longer);
}

static void test_bodies_are_judged_by_their_header(void **state) {
    (void)state;
    char feed[APIKIT_BEARER_BYTES];
    apikit_token(&k, "feed", TOKEN_INGEST, "wire", 0, feed);
    open_core();
    struct api_head h = head("POST", "/api/ingest");
    h.authorization = str_from_z(feed);
    assert_int_equal(admit(&h), 415);
    static const struct {
        const char *type;
        int status;
    } types[] = {{"application/json", 0},
                 {"application/json; charset=utf-8", 0},
                 {"Application/JSON;charset=\"UTF-8\"", 0},
                 {"application/x-ndjson", 0},
                 {"application/json; charset=latin1", 415},
                 {"application/jsonp", 415},
                 {"text/plain", 415},
                 {"", 415}};
    for (int i = 0; i < COUNT_OF(types); i++) {
        h.content_type = str_from_z(types[i].type);
        assert_int_equal(admit(&h), types[i].status);
    }
    h.content_type = STR("application/json");
    h.content_encoding = STR("gzip");
    assert_int_equal(admit(&h), 415);
    h.content_encoding = (str){0};
    h.content_length = STR("4194304");
    assert_int_equal(admit(&h), 0);
    h.content_length = STR("4194305");
    assert_int_equal(admit(&h), 413);
    h.content_length = STR("-1");
    assert_int_equal(admit(&h), 400);
    h.content_length = STR("99999999999999999999");
    assert_int_equal(admit(&h), 400);
    h.content_length = STR("3");
    h.transfer_encoding = STR("chunked");
    assert_int_equal(admit(&h), 400);
    h.content_length = (str){0};
    assert_int_equal(admit(&h), 0);
    h.transfer_encoding = STR("gzip, chunked");
    assert_int_equal(admit(&h), 400);
    assert_true(says("chunked"));
    h = head("GET", "/health");
    h.content_length = STR("3");
    assert_int_equal(admit(&h), 400);
    assert_true(says("takes no body"));
}

static void test_a_query_is_unescaped_and_strict(void **state) {
    (void)state;
    str v;
    bool found;
    struct error err;
    assert_ok(api_query_get(STR("a=1&symbol=BTC%2fUSDT+x&b"), "symbol", &k.boot, &v, &found, &err),
              &err);
    assert_true(found);
    assert_str(v, "BTC/USDT x");
    assert_ok(api_query_get(STR("a=1"), "b", &k.boot, &v, &found, &err), &err);
    assert_false(found);
    assert_fails(api_query_get(STR("a=1&a=2"), "a", &k.boot, &v, &found, &err), &err, ERR_EXISTS);
    static const char *const bad[] = {"a=%", "a=%2", "a=%zz", "a=%00", "a=%ff"};
    for (int i = 0; i < COUNT_OF(bad); i++)
        assert_fails(api_query_get(str_from_z(bad[i]), "a", &k.boot, &v, &found, &err), &err,
                     ERR_PARSE);
}

/* --- answers ------------------------------------------------------------------------------ */

static void get(const char *target) {
    struct api_head h = head("GET", target);
    str query = h.target, path;
    assert_int_equal(admit(&h), 0);
    assert_true(str_cut(&query, '?', &path));
    const struct api_request rq = {
        .method = h.method, .path = path, .query = query, .who = who, .now = time_wall_us()};
    api_handle(core, route, &rq, &answer);
}

static void test_health_says_what_was_found(void **state) {
    (void)state;
    open_core();
    get("/health");
    assert_int_equal(answer.status, 200);
    assert_true(says("{\"status\":\"healthy\",\"checks\":{\"database\":true},\"causes\":[],"));
}

static void put_status(const char *feed, const char *kind, source_state state) {
    struct error err;
    struct intake it = {.kind = INTAKE_STATUS};
    it.u.status = (struct source_status){.state = state, .since = time_wall_us()};
    if (state != SOURCE_LIVE) memcpy(it.u.status.why, "because", 8);
    assert_ok(store_begin(k.store, true, &err), &err);
    assert_ok(
        store_intake_put(k.store, str_from_z(feed), str_from_z(kind), &it, time_wall_us(), &err),
        &err);
    assert_ok(store_commit(k.store, &err), &err);
}

static void test_health_is_that_of_what_is_configured(void **state) {
    (void)state;
    k.cfg.source_count = 2;
    k.cfg.sources[0] = (struct config_source){.kind = STR("x_search"), .name = STR("x")};
    k.cfg.sources[1] = (struct config_source){.kind = STR("jetstream"), .name = STR("bsky")};
    open_core();
    put_status("x_search:x", "x_search", SOURCE_BUDGET); /* waits for its money: as it should */
    put_status("jetstream:bsky", "jetstream", SOURCE_LIVE);
    put_status("x_stream:x", "x_stream", SOURCE_TOKEN); /* of an earlier configuration */
    api_core_tick(core, time_wall_us(), time_monotonic_us());
    get("/health");
    assert_int_equal(answer.status, 200);
    assert_true(says("\"twitter_api\":true,\"bluesky\":true}"));
    put_status("x_search:x", "x_search", SOURCE_FORBIDDEN);
    api_core_tick(core, time_wall_us(), time_monotonic_us());
    get("/health");
    assert_int_equal(answer.status, 503);
    assert_true(says("{\"status\":\"unhealthy\""));
    assert_true(says("\"twitter_api\":false,\"bluesky\":true},\"causes\":[{\"check\":"
                     "\"twitter_api\",\"why\":\"source x_search:x is forbidden: because\"}]"));
    get("/api/sources");
    assert_true(says("{\"feed\":\"x_search:x\",\"kind\":\"x_search\",\"state\":\"forbidden\","
                     "\"why\":\"because\""));
}

/* --- health beside processes apart ---------------------------------------------------------- */

static struct queue *queues[JOBS_QUEUE_COUNT];
static struct jobs_watch *jobs;

/* The queues are in memory, which is all the same to who looks at them. */
static void open_apart(void) {
    const struct queue_options opt = {.capacity = 16, .max_attempts = 3};
    struct error err;
    for (int i = 0; i < JOBS_QUEUE_COUNT; i++)
        assert_ok(memory_queue_open(&opt, &queues[i], &err), &err);
    assert_ok(jobs_watch_open(&k.boot, queues[JOBS_POSTS], queues[JOBS_READINGS], opt.capacity,
                              &jobs, &err),
              &err);
    k.opt.alone = true;
    k.opt.jobs = jobs;
    assert_ok(store_trader_lock(k.store, &err), &err);
    open_core();
}

static void close_apart(void) {
    api_core_close(core);
    core = NULL;
    jobs_watch_close(jobs);
    for (int i = 0; i < JOBS_QUEUE_COUNT; i++) queue_close(queues[i]);
}

static void health(const char *target) {
    api_core_tick(core, time_wall_us(), time_monotonic_us());
    get(target);
}

static void put_job(jobs_of j, usec at) {
    struct error err;
    struct jobs_seen seen;
    assert_ok(queue_put(queues[j], STR("x"), at, 0, &err), &err);
    jobs_watch_see(jobs, &seen);
    while (seen.unfinished[j] == 0) { /* until its next look */
        IGNORE(poll(NULL, 0, 10) != 0, "a signal ends it early");
        jobs_watch_see(jobs, &seen);
    }
}

static void put_worker(const char *name, worker_role role, usec seen_at) {
    struct error err;
    struct worker_row row = {.role = role,
                             .pid = 1,
                             .host = "h",
                             .started_at = seen_at - USEC_PER_S,
                             .seen_at = seen_at,
                             .state = WORKER_IS_IDLE};
    assert_true(str_copyz(str_from_z(name), row.name, sizeof row.name));
    assert_ok(store_worker_put(k.store, &row, &err), &err);
}

static void test_an_idle_queue_needs_nobody_and_has_no_age(void **state) {
    (void)state;
    open_apart();
    health("/health");
    assert_int_equal(answer.status, 200);
    assert_true(says("{\"status\":\"healthy\",\"checks\":{\"database\":true,\"trader\":true,"
                     "\"redis\":true,\"analyze\":true,\"posts_queue\":true,\"trade\":true,"
                     "\"readings_queue\":true},\"causes\":[],"));
    close_apart();
}

static void test_work_that_nobody_is_there_for_is_degraded_and_named(void **state) {
    (void)state;
    open_apart();
    put_job(JOBS_POSTS, time_wall_us() - 30 * USEC_PER_S);
    put_worker("h:1:analyze:1", WORKER_ANALYZE, time_wall_us() - USEC_PER_MIN);
    health("/health");
    assert_int_equal(answer.status, 200); /* it serves: nobody is to start it again for that */
    assert_true(says("{\"status\":\"degraded\""));
    assert_true(says("\"causes\":[{\"check\":\"analyze\",\"why\":\"1 jobs wait, and no analyze "
                     "process is at work"));
    assert_true(says("\"posts_queue\":true,\"trade\":true,\"readings_queue\":true}"));
    health("/health?strict=true");
    assert_int_equal(answer.status, 503);
    health("/health?strict=1");
    assert_int_equal(answer.status, 400);
    put_worker("h:2:analyze:1", WORKER_ANALYZE, time_wall_us());
    health("/health");
    assert_true(says("{\"status\":\"healthy\""));
    close_apart();
}

static void test_work_that_has_waited_for_long_is_degraded_and_named(void **state) {
    (void)state;
    open_apart();
    put_worker("h:1:trade", WORKER_TRADE, time_wall_us());
    put_job(JOBS_READINGS, time_wall_us() - 61 * USEC_PER_S);
    health("/health");
    assert_int_equal(answer.status, 200);
    assert_true(says("{\"status\":\"degraded\""));
    assert_true(
        says("\"trade\":true,\"readings_queue\":false},\"causes\":[{\"check\":"
             "\"readings_queue\",\"why\":\"the oldest of 1 jobs for trade has waited for 6"));
    close_apart();
}

/* The trader of bullfinch run is its own; that of another process is no reason to start a serve
 * again. */
static void test_another_process_s_trader_is_no_reason_to_take_this_one_away(void **state) {
    (void)state;
    k.opt.alone = true;
    open_core();
    health("/health");
    assert_int_equal(answer.status, 200);
    assert_true(says("{\"status\":\"degraded\",\"checks\":{\"database\":true,\"trader\":false},"
                     "\"causes\":[{\"check\":\"trader\",\"why\":\"no trader works on this "
                     "store\"}],"));
    health("/health?strict=true");
    assert_int_equal(answer.status, 503);
}

static void test_views_of_an_empty_store(void **state) {
    (void)state;
    open_core();
    get("/api/sources");
    assert_string_equal(buf_z(&answer.body), "{\"sources\":[]}\n");
    get("/api/cost");
    assert_true(says("\"budget\":\"10\",\"spent\":\"0\",\"today\":\"0\",\"projected\":\"0\""));
    assert_false(says("\"days\":[{"));
    get("/api/cost?days=2");
    assert_true(says("\"days\":[{\"day\":\""));
    static const char *const bad[] = {"/api/cost?days=-1",  "/api/cost?days=x",
                                      "/api/cost?days=367", "/api/cost?days=1&days=2",
                                      "/api/cost?day=1",    "/api/cost?days=%zz"};
    for (int i = 0; i < COUNT_OF(bad); i++) {
        get(bad[i]);
        assert_int_equal(answer.status, 400);
        assert_true(says("\"code\":\"QUERY\""));
    }
    get("/metrics");
    assert_true(says("bullfinch_api_request_duration_seconds_count{endpoint=\"/api/cost\"} "));
    assert_string_equal(answer.type, "text/plain; version=0.0.4; charset=utf-8");
    get("/api/openapi.yaml");
    assert_true(says("openapi: 3.1.0"));
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_a_token_has_its_form_and_no_two_are_the_same),
        T(test_what_is_no_token_is_not_hashed),
        T(test_a_role_may_do_what_is_its_own),
        T(test_without_tokens_this_machine_reads_and_nothing_more),
        T(test_a_token_closes_the_door_for_those_without),
        T(test_a_revoked_token_is_refused_after_the_next_tick),
        T(test_a_token_expires_at_its_time),
        T(test_a_role_is_not_another),
        T(test_tokens_that_cannot_be_read_change_nothing_any_more),
        T(test_a_token_made_a_moment_ago_is_known_and_strangers_cost_five_looks_a_second),
        T(test_uses_are_written_once_a_minute),
        T(test_an_open_address_wants_a_token_first),
        T(test_addresses_are_read),
        T(test_a_host_that_is_another_is_refused),
        T(test_a_rebound_name_sees_nothing_unless_it_brings_a_token),
        T(test_a_bucket_holds_a_minute_and_fills_evenly),
        T(test_a_slow_bucket_says_how_long),
        T(test_many_addresses_do_not_free_a_busy_one),
        T(test_rates_count_by_address_and_by_token),
        T(test_a_token_works_whatever_others_do_at_its_address),
        T(test_who_guesses_tokens_does_so_at_the_rate_of_his_address),
        T(test_routes_methods_and_forms),
        T(test_bodies_are_judged_by_their_header),
        T(test_a_query_is_unescaped_and_strict),
        T(test_health_says_what_was_found),
        T(test_health_is_that_of_what_is_configured),
        T(test_an_idle_queue_needs_nobody_and_has_no_age),
        T(test_work_that_nobody_is_there_for_is_degraded_and_named),
        T(test_work_that_has_waited_for_long_is_degraded_and_named),
        T(test_another_process_s_trader_is_no_reason_to_take_this_one_away),
        T(test_views_of_an_empty_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
