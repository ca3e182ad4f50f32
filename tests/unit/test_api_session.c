/* Browsers: sessions, forged requests, pages of other origins. */
#include "api/session.h"

#include "apiask.h"

static struct apikit k;
static struct api_core *core;
static struct api_answer answer;
static char bearer[APIKIT_BEARER_BYTES];
static char cookie[128], csrf[SESSION_SECRET_BYTES];
static const str listed[] = {{"https://bot.example.com", 23}};

static int begin(void **state) {
    (void)state;
    apikit_begin(&k);
    k.cfg.api_cors_origins = (struct config_list){1, listed, NULL};
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
    apikit_token(&k, "desk", TOKEN_TRADE, "", 0, bearer);
    assert_ok(api_core_open(&k.boot, &k.opt, &core, &err), &err);
}

static int ask(struct apiask q) { return apiask(core, &answer, &q); }

static bool says(const char *text) {
    if (strstr(buf_z(&answer.body), text)) return true;
    print_error("not in the answer: %s\n%s", text, buf_z(&answer.body));
    return false;
}

static const char *login_body(void) {
    static char body[128];
    snprintf(body, sizeof body, "{\"token\":\"%s\"}", bearer + strlen("Bearer "));
    return body;
}

static void log_in(void) {
    const struct apiask q = {.method = "POST", .target = "/api/session", .body = login_body()};
    assert_int_equal(ask(q), 201);
    assert_true(says("{\"name\":\"desk\",\"role\":\"trade\",\"csrf\":\""));
    const char *const set = api_answer_header_get(&answer, "Set-Cookie");
    assert_non_null(set);
    assert_int_equal(sscanf(set, "%79[^;]", cookie), 1);
    assert_non_null(strstr(set, "; HttpOnly; SameSite=Strict"));
    assert_non_null(strstr(set, "; Path=/"));
    assert_null(strstr(set, "Secure"));
    assert_int_equal(sscanf(strstr(buf_z(&answer.body), "csrf\":\""), "csrf\":\"%64[0-9a-f]", csrf),
                     1);
}

static void test_a_browser_logs_in_and_out(void **state) {
    (void)state;
    open_core();
    assert_int_equal(ask((struct apiask){.target = "/api/sources"}), 401);
    assert_int_equal(ask((struct apiask){.target = "/api/session"}), 200);
    assert_true(says("{\"name\":null,\"role\":\"none\",\"csrf\":null}"));
    log_in();
    assert_int_equal(ask((struct apiask){.target = "/api/sources", .cookie = cookie}), 200);
    assert_int_equal(ask((struct apiask){.target = "/api/session", .cookie = cookie}), 200);
    assert_true(says(csrf));
    assert_int_equal(
        ask((struct apiask){.method = "DELETE", .target = "/api/session", .cookie = cookie}), 403);
    assert_int_equal(
        ask((struct apiask){
            .method = "DELETE", .target = "/api/session", .cookie = cookie, .csrf = csrf}),
        204);
    assert_non_null(strstr(api_answer_header_get(&answer, "Set-Cookie"), "Max-Age=0"));
    assert_int_equal(ask((struct apiask){.target = "/api/sources", .cookie = cookie}), 401);
}

static void test_a_cookie_behind_tls_is_secure(void **state) {
    (void)state;
    open_core();
    struct apiask q = {
        .method = "POST", .target = "/api/session", .body = login_body(), .secure = true};
    assert_int_equal(ask(q), 201);
    assert_non_null(strstr(api_answer_header_get(&answer, "Set-Cookie"), "; Secure"));
    q.secure = false;
    q.origin = "https://bot.example.com";
    assert_int_equal(ask(q), 201);
    assert_non_null(strstr(api_answer_header_get(&answer, "Set-Cookie"), "; Secure"));
}

static void test_what_is_no_token_makes_no_session(void **state) {
    (void)state;
    open_core();
    char other[APIKIT_BEARER_BYTES], body[128];
    static const char *const bad[] = {"{}", "{\"token\":\"\"}", "{\"token\":1}",
                                      "{\"token\":\"bft_x\",\"a\":1}"};
    for (int i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(
            ask((struct apiask){.method = "POST", .target = "/api/session", .body = bad[i]}), 422);
    assert_int_equal(ask((struct apiask){.method = "POST",
                                         .target = "/api/session",
                                         .body = "{\"token\":\"bft_"
                                                 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}"}),
                     401);
    assert_null(api_answer_header_get(&answer, "Set-Cookie"));
    apikit_token(&k, "feed", TOKEN_INGEST, "wire", 0, other);
    api_core_tick(core, time_wall_us(), time_monotonic_us());
    snprintf(body, sizeof body, "{\"token\":\"%s\"}", other + strlen("Bearer "));
    assert_int_equal(ask((struct apiask){.method = "POST", .target = "/api/session", .body = body}),
                     403);
}

static void test_a_cookie_that_was_forged_is_nobody(void **state) {
    (void)state;
    open_core();
    log_in();
    char bad[512];
    memcpy(bad, cookie, sizeof cookie);
    bad[20] = bad[20] == '0' ? '1' : '0';
    assert_int_equal(ask((struct apiask){.target = "/api/sources", .cookie = bad}), 401);
    bad[20] = '\0';
    assert_int_equal(ask((struct apiask){.target = "/api/sources", .cookie = bad}), 401);
    snprintf(bad, sizeof bad, "%s; %s", cookie, cookie);
    assert_int_equal(ask((struct apiask){.target = "/api/sources", .cookie = bad}), 401);
    snprintf(bad, sizeof bad, "a=b; %s; c=d", cookie);
    assert_int_equal(ask((struct apiask){.target = "/api/sources", .cookie = bad}), 200);
    assert_int_equal(ask((struct apiask){.target = "/api/sources", .cookie = "bf_session="}), 401);
}

static void test_a_session_ends_with_its_token(void **state) {
    (void)state;
    struct error err;
    char other[APIKIT_BEARER_BYTES];
    apikit_token(&k, "another", TOKEN_READ, "", 0, other); /* so that the door stays closed */
    open_core();
    log_in();
    assert_int_equal(ask((struct apiask){.target = "/api/sources", .cookie = cookie}), 200);
    assert_ok(store_token_revoke(k.store, STR("desk"), STR("test"), time_wall_us(), &err), &err);
    api_core_tick(core, time_wall_us(), time_monotonic_us());
    assert_int_equal(ask((struct apiask){.target = "/api/sources", .cookie = cookie}), 401);
}

static int halt_by_cookie(const char *word, const char *origin) {
    return ask((struct apiask){.method = "POST",
                               .target = "/api/halt",
                               .body = "{\"reason\":\"x\"}",
                               .cookie = cookie,
                               .csrf = word,
                               .origin = origin});
}

static void test_what_changes_something_wants_the_sessions_word(void **state) {
    (void)state;
    open_core();
    log_in();
    char wrong[SESSION_SECRET_BYTES];
    memcpy(wrong, csrf, sizeof csrf);
    wrong[0] = wrong[0] == '0' ? '1' : '0';
    assert_int_equal(halt_by_cookie(NULL, NULL), 403);
    assert_true(says("\"code\":\"CSRF\""));
    assert_int_equal(halt_by_cookie("", NULL), 403);
    assert_int_equal(halt_by_cookie(wrong, NULL), 403);
    assert_int_equal(halt_by_cookie(csrf, NULL), 202);
    /* who has a token in the request needs no word */
    assert_int_equal(ask((struct apiask){.method = "POST",
                                         .target = "/api/halt",
                                         .body = "{\"reason\":\"x\"}",
                                         .token = bearer,
                                         .origin = "https://evil.example"}),
                     202);
}

static void test_a_page_of_another_origin_changes_nothing(void **state) {
    (void)state;
    open_core();
    log_in();
    static const char *const others[] = {"https://evil.example",
                                         "null",
                                         "",
                                         "http://127.0.0.1:8081",
                                         "http://127.0.0.1",
                                         "http://127.0.0.1:8080.evil.example",
                                         "https://bot.example.com.evil.example",
                                         "ftp://127.0.0.1:8080",
                                         "http://127.0.0.1:8080/"};
    for (int i = 0; i < COUNT_OF(others); i++) {
        assert_int_equal(halt_by_cookie(csrf, others[i]), 403);
        assert_true(says("\"code\":\"ORIGIN\""));
        assert_null(api_answer_header_get(&answer, "Access-Control-Allow-Origin"));
        /* nor does it log somebody in */
        assert_int_equal(ask((struct apiask){.method = "POST",
                                             .target = "/api/session",
                                             .body = login_body(),
                                             .origin = others[i]}),
                         403);
    }
    assert_int_equal(halt_by_cookie(csrf, "http://127.0.0.1:8080"), 202);
    assert_int_equal(halt_by_cookie(csrf, "https://bot.example.com"), 202);
    assert_string_equal(api_answer_header_get(&answer, "Access-Control-Allow-Origin"),
                        "https://bot.example.com");
}

static void test_only_listed_origins_are_told_that_they_may_ask(void **state) {
    (void)state;
    open_core();
    struct apiask q = {.method = "OPTIONS",
                       .target = "/api/halt",
                       .origin = "https://bot.example.com",
                       .requested_method = "POST"};
    assert_int_equal(ask(q), 204);
    assert_string_equal(api_answer_header_get(&answer, "Access-Control-Allow-Origin"),
                        "https://bot.example.com");
    assert_string_equal(api_answer_header_get(&answer, "Access-Control-Allow-Credentials"), "true");
    assert_string_equal(api_answer_header_get(&answer, "Access-Control-Allow-Methods"),
                        "OPTIONS, POST");
    assert_string_equal(api_answer_header_get(&answer, "Vary"), "Origin");
    q.origin = "https://evil.example";
    assert_int_equal(ask(q), 204);
    assert_null(api_answer_header_get(&answer, "Access-Control-Allow-Origin"));
    assert_null(api_answer_header_get(&answer, "Access-Control-Allow-Credentials"));
    assert_null(api_answer_header_get(&answer, "Access-Control-Allow-Methods"));
    /* a refusal is readable, too, for those that are listed */
    q = (struct apiask){.target = "/api/sources", .origin = "https://bot.example.com"};
    assert_int_equal(ask(q), 401);
    assert_non_null(api_answer_header_get(&answer, "Access-Control-Allow-Origin"));
}

static void test_what_an_answer_depends_on_is_told_together(void **state) {
    (void)state;
    open_core();
    api_answer_init(&answer);
    api_answer_vary(&answer, "Origin");
    api_answer_vary(&answer, "Accept-Encoding");
    api_answer_vary(&answer, "Origin");
    assert_string_equal(api_answer_header_get(&answer, "Vary"), "Origin, Accept-Encoding");
}

static void test_a_listed_name_is_a_host_that_is_meant(void **state) {
    (void)state;
    open_core();
    assert_int_equal(ask((struct apiask){.target = "/health", .host = "bot.example.com"}), 200);
    assert_int_equal(ask((struct apiask){.target = "/health", .host = "evil.example"}), 421);
}

static void test_without_a_token_nobody_changes_anything(void **state) {
    (void)state;
    struct error err;
    assert_ok(api_core_open(&k.boot, &k.opt, &core, &err), &err);
    assert_int_equal(ask((struct apiask){.target = "/api/sources"}), 200);
    assert_int_equal(ask((struct apiask){.target = "/api/session"}), 200);
    assert_true(says("\"role\":\"read\",\"csrf\":null"));
    for (int i = 0; i < api_route_count; i++) {
        const struct api_route *r = &api_routes[i];
        if (strcmp(r->method, "GET") == 0 || r->role == TOKEN_NONE) continue;
        assert_int_equal(ask((struct apiask){.method = r->method, .target = r->path, .body = "{}"}),
                         401);
    }
}

static void test_sessions_end_when_idle_and_the_idlest_makes_room(void **state) {
    (void)state;
    struct error err;
    struct api_sessions *t = api_sessions_new(&k.boot);
    static char secrets[SESSIONS_MAX + 1][SESSION_SECRET_BYTES];
    int64_t id = 0;
    for (int i = 0; i <= SESSIONS_MAX; i++) {
        assert_ok(api_session_open(t, i + 1, USEC_PER_S * i, secrets[i], &err), &err);
        if (i == 1) continue; /* the second is used again and again, the first is the idlest */
        assert_true(api_session_find(t, str_from_z(secrets[i]), USEC_PER_S * i, &id));
        assert_int_equal(id, i + 1);
    }
    const usec at = USEC_PER_S * SESSIONS_MAX;
    assert_false(api_session_find(t, str_from_z(secrets[0]), at, &id));
    assert_true(api_session_find(t, str_from_z(secrets[1]), at, &id));
    assert_true(api_session_find(t, str_from_z(secrets[1]), at + SESSION_IDLE - 1, &id));
    assert_true(api_session_find(t, str_from_z(secrets[1]), at + 2 * SESSION_IDLE - 2, &id));
    assert_false(api_session_find(t, str_from_z(secrets[1]), at + 3 * SESSION_IDLE, &id));
    assert_false(api_session_find(t, str_from_z(secrets[2]), at + SESSION_IDLE, &id));
    api_session_close(t, str_from_z(secrets[9]));
    assert_false(api_session_find(t, str_from_z(secrets[9]), at, &id));
    api_sessions_free(t);
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_a_browser_logs_in_and_out),
        T(test_a_cookie_behind_tls_is_secure),
        T(test_what_is_no_token_makes_no_session),
        T(test_a_cookie_that_was_forged_is_nobody),
        T(test_a_session_ends_with_its_token),
        T(test_what_changes_something_wants_the_sessions_word),
        T(test_a_page_of_another_origin_changes_nothing),
        T(test_only_listed_origins_are_told_that_they_may_ask),
        T(test_what_an_answer_depends_on_is_told_together),
        T(test_a_listed_name_is_a_host_that_is_meant),
        T(test_without_a_token_nobody_changes_anything),
        T(test_sessions_end_when_idle_and_the_idlest_makes_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
