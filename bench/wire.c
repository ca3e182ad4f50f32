/* wire: see the header. Thread: its own; wire_open and wire_close are the bench's. */
#include "wire.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "sim/exchange.h"

#define CONNS_MAX 16
#define REQUEST_MAX 8192
#define SIM_PRICE 20 /* the bench's entries are at 10: none fills */

struct conn {
    int fd;
    int len;
    char bytes[REQUEST_MAX];
};

static struct {
    int listener;
    pthread_t thread;
    atomic_bool stop;
    struct exchange *ex;
    void (*arrived)(usec at);
    struct buf body, out;
    struct conn conns[CONNS_MAX];
    int count;
} wire;

/* The value of a header, "" if it is not there. */
static str header(str head, const char *name) {
    const char *at = memmem(head.p, (size_t)head.n, name, strlen(name));
    if (at == NULL) return STR("");
    const char *from = at + strlen(name);
    const char *to = memchr(from, '\r', (size_t)(head.p + head.n - from));
    return (str){from, to == NULL ? 0 : to - from};
}

static void answer(struct conn *c, str head) {
    str line, method, target, path, rest = head;
    const bool whole =
        str_cut(&rest, '\r', &line) && str_cut(&line, ' ', &method) && str_cut(&line, ' ', &target);
    POST(whole); /* our own client's */
    IGNORE(str_cut(&target, '?', &path), "all of it where there is none");
    const struct sim_request rq = {.method = method,
                                   .path = path,
                                   .query = target,
                                   .api_key = header(head, "X-MBX-APIKEY: "),
                                   .peer = 1};
    struct sim_answer a = {.body = &wire.body};
    exchange_rest(wire.ex, time_wall_us(), &rq, &a);
    buf_clear(&wire.out);
    buf_printf(&wire.out,
               "HTTP/1.1 %d .\r\nContent-Type: application/json\r\nContent-Length: %td\r\n\r\n",
               a.status, wire.body.len);
    buf_put(&wire.out, buf_str(&wire.body));
    if (write(c->fd, wire.out.p, (size_t)wire.out.len) != wire.out.len)
        fprintf(stderr, "bench wire: an answer was not taken whole\n");
}

static bool serve(struct conn *c) {
    const ssize_t n = read(c->fd, c->bytes + c->len, (size_t)(REQUEST_MAX - c->len));
    const usec at = time_monotonic_us();
    if (n <= 0) return false;
    c->len += (int)n;
    const char *end = memmem(c->bytes, (size_t)c->len, "\r\n\r\n", 4);
    if (end == NULL) return c->len < REQUEST_MAX;
    if (memcmp(c->bytes, "POST /api/v3/orderList/", 23) == 0) wire.arrived(at);
    answer(c, (str){c->bytes, end - c->bytes + 2});
    c->len = 0;
    return true;
}

static void take_client(void) {
    const int fd = accept(wire.listener, NULL, NULL);
    if (fd < 0) return;
    if (wire.count == CONNS_MAX) {
        close(fd);
        return;
    }
    wire.conns[wire.count++] = (struct conn){.fd = fd};
}

static void *run(void *arg) {
    (void)arg;
    while (!atomic_load(&wire.stop)) {
        struct pollfd fds[CONNS_MAX + 1] = {{.fd = wire.listener, .events = POLLIN}};
        const int count = wire.count;
        for (int i = 0; i < count; i++)
            fds[i + 1] = (struct pollfd){.fd = wire.conns[i].fd, .events = POLLIN};
        if (poll(fds, (nfds_t)count + 1, 100) <= 0) continue;
        for (int i = count - 1; i >= 0; i--) {
            if (fds[i + 1].revents == 0 || serve(&wire.conns[i])) continue;
            close(wire.conns[i].fd);
            wire.conns[i] = wire.conns[--wire.count];
        }
        if (fds[0].revents != 0) take_client();
    }
    return NULL;
}

static bool listen_on_loopback(struct wire_address *ret, struct error *err) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof at;
    wire.listener = socket(AF_INET, SOCK_STREAM, 0);
    if (wire.listener < 0 || bind(wire.listener, (struct sockaddr *)&at, bytes) != 0 ||
        listen(wire.listener, 8) != 0 ||
        getsockname(wire.listener, (struct sockaddr *)&at, &bytes) != 0)
        return fail(err, ERR_IO, 0, "bench wire: cannot listen");
    snprintf(ret->rest_url, sizeof ret->rest_url, "http://127.0.0.1:%d", ntohs(at.sin_port));
    snprintf(ret->ws_url, sizeof ret->ws_url, "ws://127.0.0.1:%d/ws-api/v3", ntohs(at.sin_port));
    return true;
}

bool wire_open(struct arena *a, const struct symbols *symbols, void (*arrived)(usec at),
               struct wire_address *ret, struct error *err) {
    static const struct sim_account account = {.key = {WIRE_KEY, sizeof WIRE_KEY - 1},
                                               .secret = {WIRE_SECRET, sizeof WIRE_SECRET - 1}};
    price *prices = NEW_ARRAY(a, price, symbols->count);
    for (int i = 0; i < symbols->count; i++) prices[i] = price_from_e8(SIM_PRICE * E8);
    const struct exchange_options opt = {.symbols = symbols,
                                         .prices = prices,
                                         .accounts = &account,
                                         .account_count = 1,
                                         .seed = 1,
                                         .weight_limit = INT64_C(1) << 40,
                                         .orders_10s = INT64_C(1) << 40,
                                         .orders_1d = INT64_C(1) << 40,
                                         .start = time_wall_us()};
    if (!exchange_open(a, &opt, &wire.ex, err) || !listen_on_loopback(ret, err)) return false;
    buf_init(&wire.body, 1 << 24);
    buf_init(&wire.out, 1 << 24);
    wire.arrived = arrived;
    atomic_store(&wire.stop, false);
    if (pthread_create(&wire.thread, NULL, run, NULL) != 0)
        return fail(err, ERR_LIMIT, 0, "bench wire: no more threads");
    return true;
}

void wire_close(void) {
    atomic_store(&wire.stop, true);
    pthread_join(wire.thread, NULL);
    for (int i = 0; i < wire.count; i++) close(wire.conns[i].fd);
    close(wire.listener);
    exchange_close(wire.ex);
    buf_fini(&wire.body);
    buf_fini(&wire.out);
}
