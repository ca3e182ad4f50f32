/* Answers that go on, over real sockets on loopback: X's streams in chunks, how they end, who does
 * not read, and several services behind one port. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

#include "sim/frame.h"
#include "sim/server.h"
#include "simkit.h"
#include "xkit.h"

#define GOT_BYTES (16 << 20)

struct rig {
    struct simkit sim;
    struct xkit k;
    struct sim_server *server;
    pthread_t thread;
    int port;
    char *got;
    ptrdiff_t n;
};

static void *serve(void *arg) {
    struct rig *r = arg;
    struct error err = {0};
    if (!sim_server_run(r->server, &err)) print_error("%s\n", err.msg);
    return NULL;
}

/* Server time is the wall clock, so both begin now. */
static int setup(void **state) {
    struct rig *r = calloc(1, sizeof *r);
    struct error err = {0};
    assert_non_null(r);
    r->got = malloc(GOT_BYTES);
    assert_non_null(r->got);
    simkit_prepare(&r->sim);
    r->sim.opt.start = r->sim.now = time_wall_us();
    simkit_begin(&r->sim);
    xkit_prepare(&r->k);
    r->k.opt.start = r->k.now = r->sim.now;
    r->k.opt.token = STR("");
    xkit_begin(&r->k);
    struct sim_face faces[2];
    x_face_x(r->k.x, &faces[0]);
    x_face_jetstream(r->k.x, &faces[1]);
    const struct sim_server_options so = {
        .faces = faces, .face_count = 2, .exchange = r->sim.ex, .host = STR("127.0.0.1")};
    assert_ok(sim_server_open(&so, &r->server, &err), &err);
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
    xkit_close(&r->k);
    simkit_close(&r->sim);
    free(r->got);
    free(r);
    return 0;
}

/* receive: bytes of the socket's own buffer; 0: as it is. */
static int dial(const struct rig *r, int receive) {
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)r->port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    if (receive > 0)
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive, sizeof receive), 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void put(int fd, const char *text) {
    const size_t n = strlen(text);
    assert_int_equal(send(fd, text, n, MSG_NOSIGNAL), n);
}

/* Reads on until `end` stands in what came since the last call; NULL: until the connection ends. */
static void take(struct rig *r, int fd, const char *end) {
    r->n = 0;
    for (;;) {
        r->got[r->n] = 0;
        if (end && memmem(r->got, (size_t)r->n, end, strlen(end))) return;
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, 20000) != 1) fail_msg("nothing came in 20 s behind: %.300s", r->got);
        const ssize_t n = recv(fd, r->got + r->n, (size_t)(GOT_BYTES - 1 - r->n), 0);
        if (n <= 0) {
            if (end) fail_msg("the end came before %s: %.300s", end, r->got);
            return;
        }
        r->n += n;
    }
}

#define AUTH "Authorization: Bearer x\r\n"
#define STREAM_OF(version, more)                                                                   \
    "GET /2/tweets/search/stream?tweet.fields=note_tweet HTTP/" version "\r\n" AUTH more "\r\n"

/* One request on a connection of its own; the answer stands in r->got. */
static void post(struct rig *r, const char *path, const char *body) {
    const int fd = dial(r, 0);
    char head[256];
    snprintf(head, sizeof head,
             "POST %s HTTP/1.1\r\n" AUTH "Connection: close\r\nContent-Length: %zu\r\n\r\n", path,
             strlen(body));
    put(fd, head);
    put(fd, body);
    take(r, fd, NULL);
    close(fd);
}

static void add_rule(struct rig *r) {
    post(r, "/2/tweets/search/stream/rules", "{\"add\":[{\"value\":\"bitcoin\"}]}");
    assert_non_null(strstr(r->got, "HTTP/1.1 201 Created\r\n"));
}

static void publish(struct rig *r, const char *text) {
    char body[256];
    snprintf(body, sizeof body, "{\"username\":\"zoe\",\"text\":\"%s\"}", text);
    post(r, "/sim/x/publish", body);
    assert_non_null(strstr(r->got, "HTTP/1.1 200 OK\r\n"));
}

static void test_a_stream_comes_in_chunks_one_an_object(void **state) {
    struct rig *r = *state;
    add_rule(r);
    const int fd = dial(r, 0);
    put(fd, STREAM_OF("1.1", ""));
    take(r, fd, "\r\n\r\n");
    assert_non_null(strstr(r->got, "Transfer-Encoding: chunked\r\n"));
    assert_non_null(strstr(r->got, "x-rate-limit-remaining: "));
    assert_null(strstr(r->got, "Content-Length"));
    publish(r, "bitcoin one");
    take(r, fd, "]}\r\n\r\n");
    char *object;
    const long size = strtol(r->got, &object, 16);
    assert_memory_equal(object, "\r\n{\"data\":", 9);
    assert_int_equal(size, r->n - (object + 2 - r->got) - 2);
    publish(r, "nothing");
    publish(r, "bitcoin two");
    take(r, fd, "bitcoin two");
    assert_null(strstr(r->got, "nothing"));
    close(fd);
}

static void test_a_stream_that_is_cut_ends_without_its_last_chunk(void **state) {
    struct rig *r = *state;
    add_rule(r);
    const int fd = dial(r, 0), after = dial(r, 0);
    put(fd, STREAM_OF("1.1", ""));
    take(r, fd, "\r\n\r\n");
    post(r, "/sim/x/cut", "");
    take(r, fd, NULL);
    assert_int_equal(r->n, 0);
    put(after, STREAM_OF("1.1", "")); /* the place is free again */
    take(r, after, "HTTP/1.1 200 OK");
    close(fd);
    close(after);
}

static void test_a_client_that_goes_makes_room_for_the_next(void **state) {
    struct rig *r = *state;
    add_rule(r);
    const int fd = dial(r, 0);
    put(fd, STREAM_OF("1.1", ""));
    take(r, fd, "\r\n\r\n");
    const int second = dial(r, 0);
    put(second, STREAM_OF("1.1", ""));
    take(r, second, "TooManyConnections");
    assert_non_null(strstr(r->got, "HTTP/1.1 429 Too Many Requests\r\n"));
    close(fd);
    for (int tries = 0; tries < 40; tries++) { /* the server hears of it soon: ask until it has */
        put(second, STREAM_OF("1.1", ""));
        take(r, second, "\r\n\r\n");
        if (strstr(r->got, "HTTP/1.1 200 OK")) break;
        if (!strstr(r->got, "TooManyConnections")) take(r, second, "TooManyConnections");
    }
    publish(r, "bitcoin for the second");
    take(r, second, "bitcoin for the second");
    close(second);
}

static void test_a_client_of_http_1_0_gets_no_chunks(void **state) {
    struct rig *r = *state;
    add_rule(r);
    const int fd = dial(r, 0);
    put(fd, STREAM_OF("1.0", ""));
    take(r, fd, "\r\n\r\n");
    assert_null(strstr(r->got, "chunked"));
    assert_non_null(strstr(r->got, "Connection: close\r\n"));
    publish(r, "bitcoin one");
    take(r, fd, "]}\r\n");
    assert_memory_equal(r->got, "{\"data\":", 8);
    close(fd);
}

static void test_a_stream_that_is_held_back_begins_later(void **state) {
    struct rig *r = *state;
    add_rule(r);
    const int fd = dial(r, 0);
    put(fd, STREAM_OF("1.1", "X-Sim-Fault: delay;delay_ms=300\r\n"));
    publish(r, "bitcoin meanwhile");
    take(r, fd, "bitcoin meanwhile");
    assert_memory_equal(r->got, "HTTP/1.1 200 OK", 15);
    close(fd);
}

/* What is not read stays bounded: the client is told and cut, and others go on. */
static void test_who_does_not_read_is_cut_at_a_bound(void **state) {
    struct rig *r = *state;
    add_rule(r);
    const int fd = dial(r, 4096);
    put(fd, STREAM_OF("1.1", ""));
    take(r, fd, "\r\n\r\n");
    const size_t size = 90000;
    char *body = malloc(size + 64);
    assert_non_null(body);
    const str head = STR("{\"username\":\"zoe\",\"text\":\"bitcoin ");
    memcpy(body, head.p, (size_t)head.n);
    memset(body + head.n, 'x', size);
    memcpy(body + (size_t)head.n + size, "\"}", 3);
    for (int i = 0; i < 120; i++) post(r, "/sim/x/publish", body);
    free(body);
    take(r, fd, NULL);
    assert_non_null(memmem(r->got, (size_t)r->n, "\"SlowReader\"", 12));
    assert_true(r->n < 120 * 90000); /* not all of it */
    close(fd);
    const int again = dial(r, 0);
    put(again, STREAM_OF("1.1", ""));
    take(r, again, "HTTP/1.1 200 OK");
    close(again);
}

static void test_each_path_goes_to_its_service(void **state) {
    struct rig *r = *state;
    const int fd = dial(r, 0);
    put(fd, "GET /api/v3/ping HTTP/1.1\r\n\r\n");
    take(r, fd, "\r\n\r\n{}");
    put(fd, "GET /2/usage/tweets HTTP/1.1\r\n" AUTH "\r\n");
    take(r, fd, "project_cap");
    put(fd, "GET /sim/state HTTP/1.1\r\n\r\n");
    take(r, fd, "\"prices\"");
    put(fd, "GET /sim/x/bill HTTP/1.1\r\n\r\n");
    take(r, fd, "\"published\"");
    put(fd, "GET /2/nothing HTTP/1.1\r\n\r\n");
    take(r, fd, "about:blank");
    put(fd, "GET /subscribe?wantedCollections=app.bsky.feed.post HTTP/1.1\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    take(r, fd, "\r\n\r\n");
    assert_non_null(strstr(r->got, "HTTP/1.1 101 Switching Protocols\r\n"));
    publish(r, "a post of the sky");
    take(r, fd, "a post of the sky");
    close(fd);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_stream_comes_in_chunks_one_an_object, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_a_stream_that_is_cut_ends_without_its_last_chunk,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_client_that_goes_makes_room_for_the_next, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_a_client_of_http_1_0_gets_no_chunks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_stream_that_is_held_back_begins_later, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_who_does_not_read_is_cut_at_a_bound, setup, teardown),
        cmocka_unit_test_setup_teardown(test_each_path_goes_to_its_service, setup, teardown),
    };
    return cmocka_run_group_tests_name("sim_x_server", tests, NULL, NULL);
}
