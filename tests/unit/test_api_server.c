/* The API behind its socket, on loopback: slow clients, many clients, broken requests, bodies, and
 * posts that are answered once they are stored. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "apikit.h"

static struct apikit k;
static struct api *api;
static struct source *push;
static char got[1 << 20];
static ptrdiff_t got_bytes;

static int begin(void **state) {
    (void)state;
    apikit_begin(&k);
    api = NULL;
    push = NULL;
    return 0;
}

static int end(void **state) {
    (void)state;
    if (push) source_stop(push);
    api_close(api);
    source_close(push);
    apikit_end(&k);
    return 0;
}

static void open_api(void) {
    struct error err;
    assert_ok(api_open(&k.boot, &k.opt, &api, &err), &err);
}

static int dial(void) {
    const struct sockaddr_in to = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)strtol(strrchr(api_url(api), ':') + 1, NULL, 10)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void put(int fd, const char *text) {
    size_t n = strlen(text);
    while (n > 0) {
        const ssize_t done = send(fd, text, n, MSG_NOSIGNAL);
        assert_true(done > 0);
        text += done;
        n -= (size_t)done;
    }
}

/* Reads until `end` stands in it (true), or the connection ends (false). */
static bool take(int fd, const char *until) {
    got_bytes = 0;
    for (;;) {
        got[got_bytes] = '\0';
        if (until && strstr(got, until)) return true;
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, 60000) != 1) fail_msg("nothing came in 60 s behind: %s", got);
        const ssize_t n = recv(fd, got + got_bytes, sizeof got - 1 - (size_t)got_bytes, 0);
        if (n <= 0) return false;
        got_bytes += n;
    }
}

static void starts(const char *text) {
    if (strncmp(got, text, strlen(text)) != 0) fail_msg("\"%s\" does not start with %s", got, text);
}

static void has(const char *text) {
    if (strstr(got, text) == NULL) fail_msg("\"%s\" has no %s", got, text);
}

#define GET(path, more) "GET " path " HTTP/1.1\r\nHost: localhost\r\n" more "\r\n"

static void test_answers_carry_the_headers_that_browsers_heed(void **state) {
    (void)state;
    open_api();
    const int fd = dial();
    put(fd, GET("/health", ""));
    assert_true(take(fd, "\"version\":"));
    starts("HTTP/1.1 200 OK\r\n");
    has("\r\nContent-Type: application/json\r\n");
    has("\r\nX-Content-Type-Options: nosniff\r\n");
    has("\r\nX-Frame-Options: DENY\r\n");
    has("\r\nContent-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n");
    has("\r\nCache-Control: no-store\r\n");
    assert_null(strstr(got, "Access-Control"));
    put(fd, GET("/api/no", "")); /* the connection is kept, refusals or not */
    assert_true(take(fd, "}\n"));
    starts("HTTP/1.1 404 Not Found\r\n");
    has("\r\nContent-Type: application/problem+json\r\n");
    put(fd, "HEAD /health HTTP/1.1\r\nHost: localhost\r\n\r\n" GET("/api/openapi.yaml", ""));
    assert_true(take(fd, "openapi: 3.1.0"));
    starts("HTTP/1.1 200 OK\r\n");
    assert_null(strstr(got, "\"version\":"));
    close(fd);
}

static void test_broken_requests_end_their_connection(void **state) {
    (void)state;
    static const char *const texts[] = {
        "\001\002\003\r\n\r\n",
        "GET\r\n\r\n",
        "GET /health HTTP/9.9\r\n\r\n",
        "GET /health HTTP/1.1\r\n\r\n", /* no Host */
        "GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "POST /api/ingest HTTP/1.1\r\nHost: localhost\r\n"
        "Content-Length: x\r\n\r\n",
        "POST /api/ingest HTTP/1.1\r\nHost: localhost\r\n"
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
        "0\r\n\r\n",
        "POST /api/ingest HTTP/1.1\r\nHost: localhost\r\n"
        "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "POST /api/ingest HTTP/1.1\r\nHost: localhost\r\n"
        "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: localhost\r\nX : y\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: localhost\r\nX(y): z\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: localhost\r\n"
        "X: a\rHost: evil\r\n\r\n"};
    open_api();
    for (int i = 0; i < COUNT_OF(texts); i++) {
        const int fd = dial();
        put(fd, texts[i]);
        IGNORE(shutdown(fd, SHUT_WR) != 0, "it may be closed already");
        assert_false(take(fd, NULL));
        if (got_bytes > 0 && strncmp(got, "HTTP/1.1 4", 10) != 0 &&
            strncmp(got, "HTTP/1.1 505", 12) != 0)
            fail_msg("%d: %s", i, got);
        close(fd);
    }
    const int fd = dial();
    put(fd, GET("/health", ""));
    assert_true(take(fd, "\"version\":"));
    close(fd);
}

/* --- slow clients ------------------------------------------------------------------------- */

/* Sends a byte now and then until the other side has had enough. */
static void drip(int fd, const char *text) {
    for (const char *p = text;; p = p[1] ? p + 1 : text) {
        struct pollfd f = {.fd = fd, .events = POLLIN};
        if (poll(&f, 1, 20) == 1) {
            char byte;
            if (recv(fd, &byte, 1, 0) <= 0) return;
            continue;
        }
        if (send(fd, p, 1, MSG_NOSIGNAL) != 1) return;
    }
}

static void test_a_header_that_never_ends_is_ended(void **state) {
    (void)state;
    k.opt.header_within = 300 * USEC_PER_MS;
    open_api();
    const int fd = dial();
    put(fd, "GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ");
    drip(fd, "a");
    close(fd);
    const int silent = dial(); /* not a byte */
    assert_false(take(silent, NULL));
    close(silent);
}

static void test_a_body_that_never_ends_is_ended(void **state) {
    (void)state;
    char bearer[APIKIT_BEARER_BYTES], header[512];
    apikit_token(&k, "feed", TOKEN_INGEST, "wire", 0, bearer);
    k.opt.body_within = 300 * USEC_PER_MS;
    open_api();
    const int fd = dial();
    snprintf(header, sizeof header,
             "POST /api/ingest HTTP/1.1\r\nHost: localhost\r\nAuthorization: %s\r\n"
             "Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n[",
             bearer);
    put(fd, header);
    drip(fd, " ");
    close(fd);
}

static void test_an_answer_that_is_never_read_is_ended(void **state) {
    (void)state;
    k.opt.body_within = 300 * USEC_PER_MS;
    open_api();
    const int fd = dial();
    const int small = 4096;
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
    /* far more answers than the buffers of both sides hold, none of them read */
    for (int i = 0; i < 20000; i++) {
        struct pollfd p = {.fd = fd, .events = POLLOUT};
        if (poll(&p, 1, 5000) != 1) break;
        if (send(fd, GET("/metrics", ""), strlen(GET("/metrics", "")),
                 MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
            break;
    }
    struct pollfd p = {.fd = fd, .events = 0};
    while (poll(&p, 1, 60000) == 0) fail_msg("it is still open");
    assert_true(p.revents & (POLLHUP | POLLERR));
    close(fd);
}

static void test_slow_clients_do_not_hold_up_others(void **state) {
    (void)state;
    int slow[100];
    open_api();
    for (int i = 0; i < COUNT_OF(slow); i++) {
        slow[i] = dial();
        put(slow[i], "GET /health HTTP/1.1\r\nX-");
    }
    const int fd = dial();
    for (int i = 0; i < 20; i++) {
        put(fd, GET("/health", ""));
        assert_true(take(fd, "\"version\":"));
    }
    close(fd);
    for (int i = 0; i < COUNT_OF(slow); i++) close(slow[i]);
}

static void test_a_client_may_have_so_many_connections(void **state) {
    (void)state;
    k.opt.per_local = 3;
    open_api();
    int fds[3];
    for (int i = 0; i < 3; i++) {
        fds[i] = dial();
        put(fds[i], GET("/health", ""));
        assert_true(take(fds[i], "\"version\":"));
    }
    const int over = dial();
    put(over, GET("/health", ""));
    assert_false(take(over, NULL));
    starts("HTTP/1.1 503 ");
    has("\"code\":\"CONNECTIONS\"");
    close(over);
    close(fds[0]);
    for (;;) { /* its place is free once the server has seen that it went */
        const int fd = dial();
        if (send(fd, GET("/health", ""), strlen(GET("/health", "")), MSG_NOSIGNAL) > 0 &&
            take(fd, "\"version\":")) {
            close(fd);
            break;
        }
        close(fd);
    }
    close(fds[1]);
    close(fds[2]);
}

/* --- sizes -------------------------------------------------------------------------------- */

static void test_a_header_may_have_so_many_bytes(void **state) {
    (void)state;
    static char text[80000];
    open_api();
    int fd = dial();
    memset(text, 'a', 20000);
    put(fd, "GET /health HTTP/1.1\r\nHost: localhost\r\nX-Long: ");
    put(fd, text);
    put(fd, "\r\n\r\n");
    assert_true(take(fd, "16384."));
    starts("HTTP/1.1 431 ");
    has("application/problem+json");
    close(fd);
    fd = dial();
    memset(text, 'a', sizeof text - 1);
    put(fd, "GET /health HTTP/1.1\r\nHost: localhost\r\nX-Long: ");
    IGNORE(send(fd, text, sizeof text - 1, MSG_NOSIGNAL) < 0, "it may have enough before the end");
    assert_false(take(fd, NULL));
    if (got_bytes > 0) starts("HTTP/1.1 431 ");
    close(fd);
}

static void test_bodies_that_are_too_large_are_not_read(void **state) {
    (void)state;
    char bearer[APIKIT_BEARER_BYTES], header[512];
    apikit_token(&k, "feed", TOKEN_INGEST, "wire", 0, bearer);
    open_api();
    int fd = dial();
    snprintf(header, sizeof header,
             "POST /api/ingest HTTP/1.1\r\nHost: localhost\r\nAuthorization: %s\r\n"
             "Content-Type: application/json\r\nContent-Length: 4194305\r\n\r\n",
             bearer);
    put(fd, header); /* and no body */
    assert_false(take(fd, NULL));
    starts("HTTP/1.1 413 ");
    has("\r\nConnection: close\r\n");
    close(fd);
    fd = dial();
    snprintf(header, sizeof header,
             "POST /api/ingest HTTP/1.1\r\nHost: localhost\r\nAuthorization: %s\r\n"
             "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
             bearer);
    put(fd, header);
    static char chunk[65536 + 16];
    memset(chunk, ' ', sizeof chunk - 1);
    memcpy(chunk, "10000\r\n", 7);
    memcpy(chunk + 7 + 65536, "\r\n", 3);
    for (int i = 0; i < 65; i++) put(fd, chunk);
    put(fd, "0\r\n\r\n");
    assert_true(take(fd, "in parts."));
    starts("HTTP/1.1 413 ");
    close(fd);
}

static void test_a_refused_client_hears_why_although_it_sent_a_body(void **state) {
    (void)state;
    open_api();
    for (int i = 0; i < 50; i++) {
        const int fd = dial();
        put(fd, "POST /api/ingest HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello");
        assert_true(take(fd, "\"code\":\"TOKEN\""));
        starts("HTTP/1.1 401 Unauthorized\r\n");
        has("\r\nWWW-Authenticate: Bearer realm=\"bullfinch\"\r\n");
        put(fd, GET("/health", "")); /* and may go on */
        assert_true(take(fd, "\"version\":"));
        close(fd);
    }
}

/* --- posts -------------------------------------------------------------------------------- */

/* The run's part: takes what comes and says that it is stored. */
static void *run(void *arg) {
    atomic_int *taken = arg;
    struct arena a;
    struct intake it;
    struct error err;
    int64_t intakes = 0;
    arena_open(&a, 16 << 20);
    while (source_next(push, &a, &it, &err) && it.kind != INTAKE_END) {
        if (it.kind == INTAKE_POST) atomic_fetch_add(taken, 1);
        source_stored(push, ++intakes);
        arena_reset(&a);
    }
    arena_close(&a);
    return NULL;
}

static void with_push(char bearer[APIKIT_BEARER_BYTES]) {
    struct error err;
    apikit_token(&k, "feed", TOKEN_INGEST, "wire", 0, bearer);
    assert_ok(push_open(&k.boot, STR("wire"), &push, &err), &err);
    k.opt.push = &push;
    k.opt.push_count = 1;
    open_api();
}

static void post(int fd, const char *bearer, const char *type, const char *body) {
    char header[512];
    snprintf(header, sizeof header,
             "POST /api/ingest HTTP/1.1\r\nHost: localhost\r\nAuthorization: %s\r\n"
             "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n",
             bearer, type, strlen(body));
    put(fd, header);
    put(fd, body);
    assert_true(take(fd, "}\n"));
}

static void test_posts_are_answered_once_they_are_stored(void **state) {
    (void)state;
    char bearer[APIKIT_BEARER_BYTES];
    atomic_int taken = 0;
    pthread_t thread;
    with_push(bearer);
    assert_int_equal(pthread_create(&thread, NULL, run, &taken), 0);
    const int fd = dial();
    post(fd, bearer, "application/json",
         "[{\"id\":\"1\",\"text\":\"a\"},{\"id\":\"2\",\"text\":\"b\"}]");
    starts("HTTP/1.1 200 OK\r\n");
    has("{\"stored\":2,\"repeated\":0,\"ids\":[\"-");
    assert_int_equal(atomic_load(&taken), 2);
    char first[256];
    snprintf(first, sizeof first, "%s", strstr(got, "{\"stored\""));
    post(fd, bearer, "application/x-ndjson",
         "{\"id\":\"1\",\"text\":\"a\"}\n{\"id\":\"2\",\"text\":\"b\"}\n");
    has(first);
    post(fd, bearer, "application/json", "[{\"id\":\"3\",\"text\":\"a\"},{\"id\":\"4\"}]");
    starts("HTTP/1.1 400 Bad Request\r\n");
    has("\"index\":1,\"detail\":\"posts[1].text: missing\"");
    post(fd, bearer, "application/x-ndjson", "{\"id\":\"3\",\"text\":\"a\"}\nno post\n");
    starts("HTTP/1.1 400 Bad Request\r\n");
    has("\"index\":1,\"detail\":\"posts[1]: not JSON");
    assert_int_equal(atomic_load(&taken), 4); /* nothing of a bad request */
    post(fd, bearer, "application/json",
         "[{\"id\":\"7\",\"text\":\"a\"},{\"id\":\"7\",\"text\":\"a\"}]");
    has("{\"stored\":2,\"repeated\":1,\"ids\":[\"-");
    post(fd, bearer, "application/json",
         "{\"id\":\"5\",\"text\":\"a\",\"created_at\":\"2999-01-01T00:00:00Z\"}");
    starts("HTTP/1.1 422 ");
    has("\"code\":\"FUTURE_TIME\",\"index\":0");
    post(fd, bearer, "application/json", "{\"id\":\"6\",\"text\":\"a\",\"source\":\"x\"}");
    starts("HTTP/1.1 403 ");
    close(fd);
    source_stop(push);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

/* It takes the ten seconds that a bringer waits. */
static void test_posts_that_are_not_stored_in_time_are_told_so(void **state) {
    (void)state;
    char bearer[APIKIT_BEARER_BYTES];
    with_push(bearer);
    const int fd = dial();
    post(fd, bearer, "application/json", "[{\"id\":\"1\",\"text\":\"a\"}]");
    starts("HTTP/1.1 202 Accepted\r\n");
    has("{\"stored\":0,\"repeated\":0,\"ids\":[\"-");
    close(fd);
}

static void test_a_token_without_its_source_is_told(void **state) {
    (void)state;
    char bearer[APIKIT_BEARER_BYTES];
    apikit_token(&k, "feed", TOKEN_INGEST, "wire", 0, bearer);
    open_api();
    const int fd = dial();
    post(fd, bearer, "application/json", "{\"id\":\"1\",\"text\":\"a\"}");
    starts("HTTP/1.1 503 ");
    has("{kind: push, name: wire}");
    close(fd);
}

/* All waiters are busy with posts that nobody stores: reading goes on, and a stop ends them. */
static void test_posts_that_wait_hold_nobody_up(void **state) {
    (void)state;
    char bearer[APIKIT_BEARER_BYTES], header[512];
    int fds[20];
    with_push(bearer);
    snprintf(header, sizeof header,
             "POST /api/ingest HTTP/1.1\r\nHost: localhost\r\nAuthorization: %s\r\n"
             "Content-Type: application/json\r\nContent-Length: 21\r\n\r\n"
             "{\"id\":\"1\",\"text\":\"a\"}",
             bearer);
    for (int i = 0; i < COUNT_OF(fds); i++) {
        fds[i] = dial();
        put(fds[i], header);
    }
    const int fd = dial();
    for (int i = 0; i < 20; i++) {
        put(fd, GET("/health", ""));
        assert_true(take(fd, "\"version\":"));
    }
    close(fd);
    source_stop(push);
    for (int i = 0; i < COUNT_OF(fds); i++) {
        assert_true(take(fds[i], "}\n"));
        starts("HTTP/1.1 503 ");
        has("\"code\":\"STOPPED\"");
        has("\r\nRetry-After: ");
        close(fds[i]);
    }
}

static void test_it_closes_whatever_is_under_way(void **state) {
    (void)state;
    char bearer[APIKIT_BEARER_BYTES], header[512];
    int fds[30];
    with_push(bearer);
    snprintf(header, sizeof header,
             "POST /api/ingest HTTP/1.1\r\nHost: localhost\r\nAuthorization: %s\r\n"
             "Content-Type: application/json\r\nContent-Length: 21\r\n\r\n"
             "{\"id\":\"1\",\"text\":\"a\"}",
             bearer);
    for (int i = 0; i < COUNT_OF(fds); i++) {
        fds[i] = dial();
        if (i % 3 == 0) put(fds[i], header);
        if (i % 3 == 1) put(fds[i], "GET /hea");
    }
    source_stop(push);
    api_close(api);
    api = NULL;
    for (int i = 0; i < COUNT_OF(fds); i++) {
        IGNORE(take(fds[i], NULL), "answered or not, it is closed");
        close(fds[i]);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
/* --- streams ------------------------------------------------------------------------------ */

static void *write_commands(void *arg) {
    struct error err;
    bool repeated;
    int64_t id;
    char key[32];
    (void)arg;
    for (int i = 0; i < 100; i++) {
        const struct command cmd = {
            .verb = VERB_HALT, .actor = "test", .reason = "why not", .until = USEC_NEVER};
        snprintf(key, sizeof key, "k%d", i);
        if (!store_command_add(k.store, &cmd, str_from_z(key), 1000000, &id, &repeated, &err))
            return &k; /* failed */
    }
    return NULL;
}

/* Reads until `n` commands came; all that was read stays in `got`. */
static void take_commands(int fd, int n) {
    int seen = 0;
    got_bytes = 0;
    while (seen < n) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, 60000) != 1) fail_msg("nothing came in 60 s");
        const ssize_t m = recv(fd, got + got_bytes, sizeof got - 1 - (size_t)got_bytes, 0);
        if (m <= 0) fail_msg("the stream ended after %d", seen);
        got_bytes += m;
        got[got_bytes] = '\0';
        seen = 0;
        for (const char *c = got; (c = strstr(c, "event: command\n")) != NULL; c++) seen++;
    }
}

static void test_streams_tell_what_is_committed_and_hold_nobody_up(void **state) {
    (void)state;
    int fds[40];
    void *failed;
    pthread_t thread;
    open_api();
    for (int i = 0; i < COUNT_OF(fds); i++) {
        fds[i] = dial();
        put(fds[i], GET("/api/events?types=command", ""));
        assert_true(take(fds[i], "id: "));
        starts("HTTP/1.1 200 OK\r\n");
        has("\r\nContent-Type: text/event-stream\r\n");
    }
    assert_int_equal(pthread_create(&thread, NULL, write_commands, NULL), 0);
    for (int i = 0; i < 10; i++) close(fds[i]); /* in the middle of it */
    const int fd = dial();
    put(fd, GET("/health", ""));
    assert_true(take(fd, "\"version\":"));
    close(fd);
    assert_int_equal(pthread_join(thread, &failed), 0);
    assert_null(failed);
    for (int i = 10; i < COUNT_OF(fds); i++) take_commands(fds[i], 100);
    api_close(api); /* with all of them open */
    api = NULL;
    for (int i = 10; i < COUNT_OF(fds); i++) {
        assert_false(take(fds[i], NULL));
        close(fds[i]);
    }
}

static void test_there_may_be_so_many_streams(void **state) {
    (void)state;
    int fds[3];
    k.opt.streams = 3;
    open_api();
    for (int i = 0; i < 3; i++) {
        fds[i] = dial();
        put(fds[i], GET("/api/events", ""));
        assert_true(take(fds[i], "id: "));
    }
    const int over = dial();
    put(over, GET("/api/events", ""));
    assert_true(take(over, "\"code\":\"STREAMS\""));
    starts("HTTP/1.1 503 ");
    has("\r\nRetry-After: 5\r\n");
    close(over);
    close(fds[0]);
    for (;;) { /* its place is free once the server has seen that it went */
        const int fd = dial();
        put(fd, GET("/api/events", ""));
        assert_true(take(fd, "\r\n\r\n"));
        const bool ok = strncmp(got, "HTTP/1.1 200", 12) == 0;
        close(fd);
        if (ok) break;
    }
    close(fds[1]);
    close(fds[2]);
}

static void test_a_stream_ends_with_its_token(void **state) {
    (void)state;
    char bearer[APIKIT_BEARER_BYTES], other[APIKIT_BEARER_BYTES], header[512];
    struct error err;
    apikit_token(&k, "mine", TOKEN_READ, "", 0, bearer);
    apikit_token(&k, "theirs", TOKEN_READ, "", 0, other);
    open_api();
    const int fd = dial(), theirs = dial();
    snprintf(header, sizeof header,
             "GET /api/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: %s\r\n\r\n", bearer);
    put(fd, header);
    assert_true(take(fd, "id: "));
    snprintf(header, sizeof header,
             "GET /api/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: %s\r\n\r\n", other);
    put(theirs, header);
    assert_true(take(theirs, "id: "));
    assert_ok(store_token_revoke(k.store, STR("mine"), STR("test"), time_wall_us(), &err), &err);
    assert_false(take(fd, NULL));
    char byte;
    assert_int_not_equal(recv(theirs, &byte, 1, MSG_DONTWAIT), 0); /* the other one is open */
    close(fd);
    close(theirs);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_answers_carry_the_headers_that_browsers_heed),
        T(test_broken_requests_end_their_connection),
        T(test_a_header_that_never_ends_is_ended),
        T(test_a_body_that_never_ends_is_ended),
        T(test_an_answer_that_is_never_read_is_ended),
        T(test_slow_clients_do_not_hold_up_others),
        T(test_a_client_may_have_so_many_connections),
        T(test_streams_tell_what_is_committed_and_hold_nobody_up),
        T(test_there_may_be_so_many_streams),
        T(test_a_stream_ends_with_its_token),
        T(test_a_header_may_have_so_many_bytes),
        T(test_bodies_that_are_too_large_are_not_read),
        T(test_a_refused_client_hears_why_although_it_sent_a_body),
        T(test_posts_are_answered_once_they_are_stored),
        T(test_posts_that_are_not_stored_in_time_are_told_so),
        T(test_a_token_without_its_source_is_told),
        T(test_posts_that_wait_hold_nobody_up),
        T(test_it_closes_whatever_is_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
