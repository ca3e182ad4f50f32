/* WebSocket connections against a server that is written out byte for byte: what comes is given
 * whole and in order, and every end is told once. */
#include "net/ws.h"

#include "tls_server.h"
#include "ws_server.h"

/* --- the client -------------------------------------------------------------------------- */

struct client {
    struct ws_loop *loop;
    struct ws *w;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int opened, gone, messages, alive, status;
    char said[16][64];
    ptrdiff_t largest;
    char why[160];
    const char *greet; /* sent from `opened` */
    bool shut_on_message;
};

static void on_opened(void *ctx, struct ws *w) {
    struct client *c = ctx;
    pthread_mutex_lock(&c->mutex);
    c->opened++;
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->mutex);
    if (c->greet != NULL) assert_true(ws_send(w, str_from_z(c->greet)));
}

static void on_message(void *ctx, struct ws *w, str text) {
    struct client *c = ctx;
    pthread_mutex_lock(&c->mutex);
    if (c->messages < COUNT_OF(c->said))
        IGNORE(!str_copyz(text, c->said[c->messages], sizeof c->said[0]), "long ones are counted");
    c->messages++;
    c->largest = i64_max(c->largest, text.n);
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->mutex);
    if (c->shut_on_message) ws_shut(w);
}

static void on_gone(void *ctx, struct ws *w, const char *why) {
    struct client *c = ctx;
    pthread_mutex_lock(&c->mutex);
    c->gone++;
    c->status = ws_refused_with(w);
    IGNORE(!str_copyz(str_from_z(why), c->why, sizeof c->why), "cut is fine");
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->mutex);
}

static void on_alive(void *ctx, struct ws *w) {
    struct client *c = ctx;
    (void)w;
    pthread_mutex_lock(&c->mutex);
    c->alive++;
    pthread_mutex_unlock(&c->mutex);
}

static void client_init(struct client *c) {
    struct error err;
    *c = (struct client){0};
    pthread_mutex_init(&c->mutex, NULL);
    pthread_cond_init(&c->changed, NULL);
    assert_ok(ws_loop_open(&c->loop, &err), &err);
}

static void client_connect(struct client *c, const char *scheme, int port, const char *path,
                           usec silence) {
    char url[128];
    struct error err;
    snprintf(url, sizeof url, "%s://127.0.0.1:%d%s", scheme, port, path);
    const struct ws_target t = {
        .url = str_from_z(url), .use = HOST_SPOT_STREAM, .silence = silence};
    const struct ws_events ev = {c, on_opened, on_message, on_gone, on_alive};
    assert_ok(ws_open(c->loop, &t, &ev, &c->w, &err), &err);
}

static void wait_for(struct client *c, const int *count, int least) {
    pthread_mutex_lock(&c->mutex);
    while (*count < least) pthread_cond_wait(&c->changed, &c->mutex);
    pthread_mutex_unlock(&c->mutex);
}

static void client_close(struct client *c) {
    ws_loop_close(c->loop);
    assert_int_equal(c->gone, 1);
    pthread_cond_destroy(&c->changed);
    pthread_mutex_destroy(&c->mutex);
}

/* Connects, waits for the end, closes all. */
static void play(struct client *c, struct server *s, void (*serve)(struct server *, int),
                 usec silence) {
    client_init(c);
    server_open(s, serve);
    client_connect(c, "ws", s->port, "/ws/btcusdt@bookTicker?x=1", silence);
    wait_for(c, &c->gone, 1);
    server_close(s);
    client_close(c);
}

#define assert_why(c, part)                                                                        \
    do {                                                                                           \
        if (strstr((c)->why, part) == NULL) print_error("why: %s\n", (c)->why);                    \
        assert_non_null(strstr((c)->why, part));                                                   \
    } while (0)

/* --- messages ---------------------------------------------------------------------------- */

static void serve_pieces(struct server *s, int fd) {
    char block[256];
    if (!shake(s, fd)) return;
    say(fd, FIN | TEXT, "{\"a\":1}");
    say(fd, TEXT, "{\"b\"");
    say(fd, FIN | PING, "beat");
    say(fd, 0, ":");
    say(fd, FIN | 0, "2}");
    say(fd, FIN | TEXT, "");
    say(fd, FIN | TEXT, "last");
    s->pings = hear(fd, block, sizeof block) == PONG && strcmp(block, "beat") == 0;
    say(fd, FIN | CLOSE,
        "\x03\xe9"
        "bye");
    hear(fd, block, sizeof block);
}

static void test_messages_come_whole_and_pings_are_answered(void **state) {
    (void)state;
    struct client c;
    struct server s;
    play(&c, &s, serve_pieces, 0);
    assert_int_equal(c.opened, 1);
    assert_int_equal(c.messages, 4);
    assert_string_equal(c.said[0], "{\"a\":1}");
    assert_string_equal(c.said[1], "{\"b\":2}");
    assert_string_equal(c.said[2], "");
    assert_string_equal(c.said[3], "last");
    assert_int_equal(s.pings, 1);
    assert_why(&c, "closed by the server: 1001 bye");
    assert_memory_equal(s.request, "GET /ws/btcusdt@bookTicker?x=1 HTTP/1.1\r\n", 41);
    assert_null(strstr(s.request, "Sec-WebSocket-Extensions"));
    assert_null(strstr(s.request, "Sec-WebSocket-Protocol"));
    assert_null(strstr(s.request, "Origin"));
}

static void serve_large(struct server *s, int fd) {
    char block[256];
    static char large[WS_MESSAGE_MAX];
    if (!shake(s, fd)) return;
    memset(large, 'x', sizeof large);
    frame(fd, FIN | TEXT, large, WS_MESSAGE_MAX - 1);
    frame(fd, TEXT, large, WS_MESSAGE_MAX / 2);
    frame(fd, FIN | 0, large, WS_MESSAGE_MAX / 2 + 1);
    while (hear(fd, block, sizeof block) >= 0) continue;
}

static void test_a_message_over_the_limit_ends_the_connection(void **state) {
    (void)state;
    struct client c;
    struct server s;
    play(&c, &s, serve_large, 0);
    assert_int_equal(c.messages, 1);
    assert_int_equal(c.largest, WS_MESSAGE_MAX - 1);
    assert_why(&c, "a message of more than");
}

static void serve_binary(struct server *s, int fd) {
    char block[256];
    if (!shake(s, fd)) return;
    say(fd, FIN | BINARY, "sbe");
    while (hear(fd, block, sizeof block) >= 0) continue;
}

static void test_a_binary_message_ends_the_connection(void **state) {
    (void)state;
    struct client c;
    struct server s;
    play(&c, &s, serve_binary, 0);
    assert_int_equal(c.messages, 0);
    assert_why(&c, "binary");
}

static void serve_listen(struct server *s, int fd) {
    char block[256];
    if (!shake(s, fd)) return;
    while (s->texts < 3 && hear(fd, block, sizeof block) == TEXT)
        snprintf(s->got[s->texts++], sizeof s->got[0], "%.60s", block);
    say(fd, FIN | CLOSE, "\x03\xe8");
    hear(fd, block, sizeof block);
}

static void test_what_is_sent_arrives_in_order(void **state) {
    (void)state;
    struct client c;
    struct server s;
    client_init(&c);
    c.greet = "one";
    server_open(&s, serve_listen);
    client_connect(&c, "ws", s.port, "/", 0);
    wait_for(&c, &c.opened, 1);
    assert_true(ws_send(c.w, STR("two")));
    assert_true(ws_send(c.w, STR("three")));
    wait_for(&c, &c.gone, 1);
    server_close(&s);
    client_close(&c);
    assert_int_equal(s.texts, 3);
    /* `opened` and this thread may both be first; what one thread sends keeps its order */
    int two = -1, three = -1, one = -1;
    for (int i = 0; i < 3; i++) {
        if (strcmp(s.got[i], "one") == 0) one = i;
        if (strcmp(s.got[i], "two") == 0) two = i;
        if (strcmp(s.got[i], "three") == 0) three = i;
    }
    assert_true(one >= 0 && two >= 0 && three > two);
}

static void serve_deaf(struct server *s, int fd) {
    char block[256];
    (void)s;
    while (recv(fd, block, sizeof block, 0) > 0) continue; /* never shakes hands */
}

static void test_what_nobody_takes_is_refused_in_the_end(void **state) {
    (void)state;
    static char text[8 << 10];
    struct client c;
    struct server s;
    int taken = 0;
    memset(text, 'x', sizeof text);
    client_init(&c);
    server_open(&s, serve_deaf);
    client_connect(&c, "ws", s.port, "/", 0);
    while (ws_send(c.w, str_from_bytes(text, sizeof text))) assert_true(++taken < 1000);
    assert_true(taken > 1);
    ws_shut(c.w);
    wait_for(&c, &c.gone, 1);
    assert_why(&c, "ended by this side");
    client_close(&c);
    server_close(&s);
}

/* --- ends -------------------------------------------------------------------------------- */

static void serve_hang_up(struct server *s, int fd) {
    if (!shake(s, fd)) return;
    say(fd, FIN | TEXT, "hello");
}

static void serve_no(struct server *s, int fd) {
    char block[4096];
    (void)s;
    if (recv(fd, block, sizeof block, 0) <= 0) return;
    const char *no = "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n";
    put(fd, no, strlen(no));
}

static void serve_garbage(struct server *s, int fd) {
    char block[4096];
    (void)s;
    if (recv(fd, block, sizeof block, 0) > 0) put(fd, "\x01\x02\x03 nothing\r\n\r\n", 14);
}

static void serve_bad_frame(struct server *s, int fd) {
    char block[256];
    if (!shake(s, fd)) return;
    put(fd, "\xf3\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 10);
    while (hear(fd, block, sizeof block) >= 0) continue;
}

static void test_every_way_to_end_is_told_once(void **state) {
    (void)state;
    static void (*const ways[])(struct server *, int) = {serve_hang_up, serve_no, serve_garbage,
                                                         serve_bad_frame, NULL};
    static const int messages[] = {1, 0, 0, 0, 0};
    static const int statuses[] = {0, 429, 0, 0, 0};
    for (int i = 0; i < COUNT_OF(ways); i++) {
        struct client c;
        struct server s;
        play(&c, &s, ways[i], 0);
        assert_int_equal(c.messages, messages[i]);
        assert_int_equal(c.status, statuses[i]);
        assert_true(c.why[0] != '\0');
    }
}

static void test_where_nobody_listens_it_is_gone(void **state) {
    (void)state;
    struct client c;
    struct server s;
    server_open(&s, NULL);
    server_close(&s);
    client_init(&c);
    client_connect(&c, "ws", s.port, "/", 0);
    wait_for(&c, &c.gone, 1);
    assert_int_equal(c.opened, 0);
    assert_why(&c, "cannot connect");
    client_close(&c);
}

static void test_plain_text_where_tls_is_expected_is_no_connection(void **state) {
    (void)state;
    struct client c;
    struct server s;
    client_init(&c);
    server_open(&s, serve_garbage);
    client_connect(&c, "wss", s.port, "/", 0);
    wait_for(&c, &c.gone, 1);
    assert_int_equal(c.opened, 0);
    server_close(&s);
    client_close(&c);
}

static void test_closing_the_loop_ends_what_is_open(void **state) {
    (void)state;
    struct client c;
    struct server s;
    client_init(&c);
    server_open(&s, serve_listen);
    client_connect(&c, "ws", s.port, "/", 0);
    wait_for(&c, &c.opened, 1);
    client_close(&c);
    assert_why(&c, "ended by this side");
    server_close(&s);
}

static void test_it_can_be_ended_from_its_own_message(void **state) {
    (void)state;
    struct client c;
    struct server s;
    client_init(&c);
    c.shut_on_message = true;
    server_open(&s, serve_pieces);
    client_connect(&c, "ws", s.port, "/", 0);
    wait_for(&c, &c.gone, 1);
    server_close(&s);
    client_close(&c);
}

/* --- silence ----------------------------------------------------------------------------- */

static void serve_mute(struct server *s, int fd) {
    char block[256];
    int kind;
    if (!shake(s, fd)) return;
    while ((kind = hear(fd, block, sizeof block)) >= 0) s->pings += kind == PING;
}

static void test_silence_is_asked_after_and_then_ends_it(void **state) {
    (void)state;
    struct client c;
    struct server s;
    play(&c, &s, serve_mute, 100 * USEC_PER_MS);
    assert_int_equal(c.opened, 1);
    assert_int_equal(s.pings, 1);
    assert_why(&c, "nothing was heard");
}

static void serve_pongs(struct server *s, int fd) {
    char block[256];
    if (!shake(s, fd)) return;
    while (s->pings < 3 && hear(fd, block, sizeof block) == PING) {
        s->pings++;
        say(fd, FIN | PONG, block);
    }
    say(fd, FIN | CLOSE,
        "\x03\xe8"
        "enough");
    hear(fd, block, sizeof block);
}

static void test_who_answers_pings_is_not_silent(void **state) {
    (void)state;
    struct client c;
    struct server s;
    play(&c, &s, serve_pongs, USEC_PER_S);
    assert_int_equal(s.pings, 3);
    assert_int_equal(c.alive, 3);
    assert_why(&c, "enough");
}

/* --- the rest ---------------------------------------------------------------------------- */

struct order {
    struct client *c;
    int at;
};
static int order_of[4], order_count;
static void on_later(void *ctx) {
    struct order *o = ctx;
    pthread_mutex_lock(&o->c->mutex);
    order_of[order_count++] = o->at;
    pthread_cond_broadcast(&o->c->changed);
    pthread_mutex_unlock(&o->c->mutex);
}

static void test_later_comes_in_the_order_of_time_and_never_behind_the_end(void **state) {
    (void)state;
    struct client c;
    client_init(&c);
    struct order o[4] = {{&c, 0}, {&c, 1}, {&c, 2}, {&c, 3}};
    const usec now = time_monotonic_us();
    order_count = 0;
    ws_loop_later(c.loop, now + 30 * USEC_PER_MS, on_later, &o[2]);
    ws_loop_later(c.loop, now + USEC_PER_HOUR, on_later, &o[3]);
    ws_loop_later(c.loop, now - USEC_PER_S, on_later, &o[0]);
    ws_loop_later(c.loop, now + 10 * USEC_PER_MS, on_later, &o[1]);
    wait_for(&c, &order_count, 3);
    c.gone = 1; /* there was no connection */
    client_close(&c);
    assert_int_equal(order_count, 3);
    for (int i = 0; i < 3; i++) assert_int_equal(order_of[i], i);
}

static void test_hosts_off_the_list_are_not_opened(void **state) {
    (void)state;
    struct client c;
    struct error err;
    struct ws *w;
    const struct ws_events ev = {&c, on_opened, on_message, on_gone};
    client_init(&c);
    struct ws_target t = {.url = STR("wss://stream.binance.com:9443/ws"), .use = HOST_SPOT_STREAM};
    assert_fails(ws_open(c.loop, &t, &ev, &w, &err), &err, ERR_REFUSED);
    t = (struct ws_target){.url = STR("ws://127.0.0.1:1/ws")}; /* no use named */
    assert_fails(ws_open(c.loop, &t, &ev, &w, &err), &err, ERR_REFUSED);
    c.gone = 1;
    client_close(&c);
}

static void test_proxies_of_the_environment_are_not_asked(void **state) {
    (void)state;
    struct client c;
    struct server s, proxy;
    char text[64];
    server_open(&proxy, NULL);
    snprintf(text, sizeof text, "http://127.0.0.1:%d", proxy.port);
    setenv("http_proxy", text, 1);
    setenv("https_proxy", text, 1);
    play(&c, &s, serve_pieces, 0);
    unsetenv("http_proxy");
    unsetenv("https_proxy");
    server_close(&proxy);
    assert_int_equal(c.messages, 4);
    assert_int_equal(proxy.connections, 0);
}

/* --- posts ------------------------------------------------------------------------------- */

/* Connects to a host that does not exist; through the proxy, if the environment says so. */
static void play_invalid(struct client *c) {
    struct error err;
    const struct ws_target t = {.url = STR("wss://posts.a.invalid/subscribe?x=1"),
                                .use = HOST_FEED_STREAM};
    const struct ws_events ev = {c, on_opened, on_message, on_gone, NULL};
    client_init(c);
    assert_ok(ws_open(c->loop, &t, &ev, &c->w, &err), &err);
    wait_for(c, &c->gone, 1);
    client_close(c);
    assert_int_equal(c->opened, 0);
}

static void serve_proxy(struct server *s, int fd) {
    size_t have = 0;
    while (have == 0 || strstr(s->request, "\r\n\r\n") == NULL) {
        if (have + 1 >= sizeof s->request || !get(fd, s->request + have, 1)) return;
        s->request[++have] = '\0';
    }
    const char *no = "HTTP/1.0 403 Forbidden\r\n\r\n";
    put(fd, no, strlen(no));
}

static void test_posts_come_through_a_proxy_of_the_environment(void **state) {
    (void)state;
    static const char *const except[] = {"",
                                         "b.invalid,osts.a.invalid,invalid.org",
                                         "b.invalid, posts.a.invalid",
                                         ".a.invalid",
                                         "a.invalid",
                                         "*"};
    for (int i = 0; i < COUNT_OF(except); i++) {
        struct client c;
        struct server proxy;
        char text[64];
        server_open(&proxy, serve_proxy);
        snprintf(text, sizeof text, "http://127.0.0.1:%d", proxy.port);
        setenv("https_proxy", text, 1);
        setenv("no_proxy", except[i], 1);
        play_invalid(&c);
        unsetenv("https_proxy");
        unsetenv("no_proxy");
        server_close(&proxy);
        assert_int_equal(proxy.connections, i < 2);
        if (i < 2) assert_memory_equal(proxy.request, "CONNECT posts.a.invalid:443 HTTP/1.", 35);
    }
}

static void test_a_certificate_that_nobody_vouches_for_is_refused(void **state) {
    (void)state;
    struct tls_server s;
    struct client c;
    signal(SIGPIPE, SIG_IGN); /* OpenSSL's server writes to whoever has gone */
    tls_open(&s);
    client_init(&c);
    client_connect(&c, "wss", s.port, "/", 0);
    wait_for(&c, &c.gone, 1);
    client_close(&c);
    tls_close(&s);
    assert_int_equal(c.opened, 0);
    assert_int_equal(s.connections, 1);
    assert_int_equal(s.shaken, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages_come_whole_and_pings_are_answered),
        cmocka_unit_test(test_a_message_over_the_limit_ends_the_connection),
        cmocka_unit_test(test_a_binary_message_ends_the_connection),
        cmocka_unit_test(test_what_is_sent_arrives_in_order),
        cmocka_unit_test(test_what_nobody_takes_is_refused_in_the_end),
        cmocka_unit_test(test_every_way_to_end_is_told_once),
        cmocka_unit_test(test_where_nobody_listens_it_is_gone),
        cmocka_unit_test(test_plain_text_where_tls_is_expected_is_no_connection),
        cmocka_unit_test(test_closing_the_loop_ends_what_is_open),
        cmocka_unit_test(test_it_can_be_ended_from_its_own_message),
        cmocka_unit_test(test_silence_is_asked_after_and_then_ends_it),
        cmocka_unit_test(test_who_answers_pings_is_not_silent),
        cmocka_unit_test(test_later_comes_in_the_order_of_time_and_never_behind_the_end),
        cmocka_unit_test(test_hosts_off_the_list_are_not_opened),
        cmocka_unit_test(test_proxies_of_the_environment_are_not_asked),
        cmocka_unit_test(test_posts_come_through_a_proxy_of_the_environment),
        cmocka_unit_test(test_a_certificate_that_nobody_vouches_for_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
