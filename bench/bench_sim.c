/* bench_sim: how many signed orders a second the simulated exchange answers over loopback.
 *
 * A server with its exchange in one thread, a client in another, so at most two cores are used.
 * The client keeps CONNECTIONS open and has one request on each: MARKET orders, to buy and to sell
 * in turn, signed once (a minute is their window), which all fill. Every answer has to be a 200. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/hash.h"
#include "bench.h"
#include "sim/server.h"

#define CONNECTIONS 16
#define SECONDS 5
#define KEY "benchkey"
#define SECRET "benchsecret"

static struct symbol btc = {.name = "BTCUSDT",
                            .base = "BTC",
                            .quote = "USDT",
                            .status = SYMBOL_TRADING,
                            .trading = true,
                            .max_orders = 200};

static void *serve(void *arg) {
    struct error err;
    if (!sim_server_run(arg, &err)) fprintf(stderr, "bench_sim: %s\n", err.msg);
    return NULL;
}

static struct exchange *open_exchange(struct arena *boot) {
    static const struct sim_deposit deposits[] = {{{"USDT", 4}, 900000000 * E8},
                                                  {{"BTC", 3}, 100000 * E8}};
    const struct sim_account account = {STR(KEY), STR(SECRET), deposits, COUNT_OF(deposits)};
    btc.tick = btc.min_price = price_from_e8(E8 / 100);
    btc.max_price = price_from_e8(1000000 * E8);
    btc.step = btc.min_qty = qty_from_e8(E8 / 100000);
    btc.max_qty = qty_from_e8(9000 * E8);
    const struct symbols symbols = {&btc, 1};
    const struct exchange_options opt = {.symbols = &symbols,
                                         .accounts = &account,
                                         .account_count = 1,
                                         .seed = 1,
                                         .weight_limit = INT64_C(1) << 40,
                                         .orders_10s = INT64_C(1) << 40,
                                         .orders_1d = INT64_C(1) << 40,
                                         .start = time_wall_us()};
    struct exchange *ex;
    struct error err;
    if (exchange_open(boot, &opt, &ex, &err)) return ex;
    fprintf(stderr, "bench_sim: %s\n", err.msg);
    exit(1);
}

static int make_request(const char *way, char *to, size_t bytes) {
    char params[256], hex[SHA256_HEX_BYTES];
    uint8_t mac[SHA256_BYTES];
    const int n = snprintf(params, sizeof params,
                           "symbol=BTCUSDT&side=%s&type=MARKET&quantity=0.001&recvWindow=60000&"
                           "newOrderRespType=RESULT&timestamp=%lld",
                           way, (long long)(time_wall_us() / USEC_PER_MS));
    hmac_sha256(STR(SECRET), (str){params, n}, mac);
    const str sig = hex_format(mac, SHA256_BYTES, hex);
    return snprintf(to, bytes,
                    "POST /api/v3/order?%s&signature=" STR_FMT " HTTP/1.1\r\nHost: sim\r\n"
                    "X-MBX-APIKEY: " KEY "\r\nContent-Length: 0\r\n\r\n",
                    params, STR_ARG(sig));
}

static int dial(const char *url) {
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port =
                                       htons((uint16_t)strtol(strrchr(url, ':') + 1, NULL, 10)),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof to) < 0) return -1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

struct load {
    int epoll;
    char request[2][640];
    int bytes[2];
    int64_t sent, answered, refused;
    usec *waited; /* of each answer */
    usec since[CONNECTIONS];
};

#define ANSWERS_MAX 10000000

static void send_next(struct load *l, int fd, int at) {
    const int64_t which = l->sent++ % 2;
    l->since[at] = time_monotonic_us();
    if (send(fd, l->request[which], (size_t)l->bytes[which], 0) != l->bytes[which]) exit(1);
}

/* Answers are small and come whole: one read is one answer. */
static void take_answer(struct load *l, int fd, int at) {
    char got[4096];
    const ssize_t n = recv(fd, got, sizeof got, 0);
    if (n <= 0) exit(1);
    if (strncmp(got, "HTTP/1.1 200", 12) != 0) l->refused++;
    if (l->answered < ANSWERS_MAX) l->waited[l->answered] = time_monotonic_us() - l->since[at];
    l->answered++;
}

static int by_size(const void *a, const void *b) {
    const usec x = *(const usec *)a, y = *(const usec *)b;
    return (x > y) - (x < y);
}

static void run_load(struct load *l, const char *url) {
    int fds[CONNECTIONS];
    l->bytes[0] = make_request("BUY", l->request[0], sizeof l->request[0]);
    l->bytes[1] = make_request("SELL", l->request[1], sizeof l->request[1]);
    l->waited = calloc(ANSWERS_MAX, sizeof *l->waited);
    l->epoll = epoll_create1(0);
    for (int i = 0; i < CONNECTIONS; i++) {
        struct epoll_event ev = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
        fds[i] = dial(url);
        if (fds[i] < 0 || epoll_ctl(l->epoll, EPOLL_CTL_ADD, fds[i], &ev) < 0) exit(1);
        send_next(l, fds[i], i);
    }
    const usec since = time_monotonic_us();
    while (time_monotonic_us() - since < SECONDS * USEC_PER_S) {
        struct epoll_event ev[CONNECTIONS];
        const int n = epoll_wait(l->epoll, ev, CONNECTIONS, 1000);
        for (int i = 0; i < n; i++) {
            const int at = (int)ev[i].data.u32;
            take_answer(l, fds[at], at);
            send_next(l, fds[at], at);
        }
    }
    const double seconds = bench_seconds(since);
    const int64_t count = i64_min(l->answered, ANSWERS_MAX);
    qsort(l->waited, (size_t)count, sizeof *l->waited, by_size);
    bench_report("sim", "signed orders a second, answered", (double)l->answered / seconds, "1/s");
    bench_report("sim", "of those refused", (double)l->refused, "orders");
    bench_report("sim", "from request to answer, median", (double)l->waited[count / 2], "us");
    bench_report("sim", "from request to answer, 99th of a hundred",
                 (double)l->waited[count * 99 / 100], "us");
    for (int i = 0; i < CONNECTIONS; i++) close(fds[i]);
    free(l->waited);
    close(l->epoll);
}

int main(void) {
    static struct load load;
    struct arena boot;
    struct sim_server *server;
    struct error err;
    pthread_t thread;
    arena_open(&boot, INT64_C(1) << 30);
    struct exchange *ex = open_exchange(&boot);
    const struct sim_server_options so = {.exchange = ex, .host = STR("127.0.0.1")};
    if (!sim_server_open(&so, &server, &err) || pthread_create(&thread, NULL, serve, server) != 0)
        return 1;
    run_load(&load, sim_server_url(server));
    sim_server_stop(server);
    pthread_join(thread, NULL);
    sim_server_close(server);
    exchange_close(ex);
    arena_close(&boot);
    return load.refused == 0 ? 0 : 1;
}
