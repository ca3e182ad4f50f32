/* bench_sim_core: what a signed order costs at the simulated exchange, without a socket.
 *
 *   bench_sim_core [ORDERS]     default 200000
 *
 * Requests are signed beforehand, in batches; processor time of exchange_rest alone: market orders
 * that fill at once, limit orders that rest and are cancelled in turn, lookups by client id, and
 * the whole state written. */
#include <stdlib.h>

#include "base/hash.h"
#include "bench.h"
#include "sim/exchange.h"
#include "sim/mac.h"

#define BATCH 1000
#define QUERY_BYTES 512
#define START (INT64_C(1800000000) * USEC_PER_S)

struct query {
    char z[QUERY_BYTES];
};

struct bench {
    struct arena boot;
    struct symbol symbol;
    struct symbols symbols;
    struct exchange *ex;
    struct sim_mac *mac;
    usec now;
    int64_t next; /* client ids */
    struct query *queries;
    struct sim_request *requests;
    struct buf body;
    int64_t refused;
};

static bool no_candle(void *ctx, struct candle *ret) {
    (void)ctx;
    (void)ret;
    return false;
}

static bool open_exchange(struct bench *b, struct error *err) {
    b->symbol = (struct symbol){.name = "BTCUSDT",
                                .base = "BTC",
                                .quote = "USDT",
                                .status = SYMBOL_TRADING,
                                .trading = true,
                                .tick = price_from_e8(E8 / 100),
                                .step = qty_from_e8(E8 / 100000),
                                .min_qty = qty_from_e8(E8 / 100000)};
    b->symbols = (struct symbols){&b->symbol, 1};
    static const struct sim_deposit deposits[] = {{{"BTC", 3}, 10000000 * E8},
                                                  {{"USDT", 4}, 9000000000 * E8}};
    static const struct sim_account account = {{"benchkey", 8}, {"secret", 6}, deposits, 2};
    struct exchange_options opt = {.symbols = &b->symbols,
                                   .accounts = &account,
                                   .account_count = 1,
                                   .seed = 1,
                                   .next_candle = no_candle,
                                   .speed_e8 = E8,
                                   .weight_limit = INT64_C(1) << 40,
                                   .orders_10s = INT64_C(1) << 40,
                                   .orders_1d = INT64_C(1) << 40,
                                   .start = START};
    if (!exchange_open(&b->boot, &opt, &b->ex, err)) return false;
    exchange_price_set(b->ex, START, 0, price_from_e8(50000 * E8));
    return true;
}

/* One signed request into the batch; what: printf with the client id's number. */
static void prepare(struct bench *b, int i, const char *method, const char *what, int64_t id) {
    char *q = b->queries[i].z, hex[65];
    uint8_t mac[32];
    int n = snprintf(q, QUERY_BYTES, "symbol=BTCUSDT&%s%lld&recvWindow=5000&timestamp=%lld", what,
                     (long long)id, (long long)(b->now / 1000));
    str payload = {q, n};
    sim_mac_of(b->mac, &payload, 1, mac);
    n += snprintf(q + n, (size_t)(QUERY_BYTES - n), "&signature=%s", hex_format(mac, 32, hex).p);
    b->requests[i] = (struct sim_request){.method = str_from_z(method),
                                          .path = STR("/api/v3/order"),
                                          .query = {q, n},
                                          .api_key = STR("benchkey"),
                                          .peer = 1};
}

static double run(struct bench *b, int count) {
    double before = bench_cpu_seconds();
    for (int i = 0; i < count; i++) {
        struct sim_answer a = {.body = &b->body};
        exchange_rest(b->ex, b->now, &b->requests[i], &a);
        if (a.status != 200 && b->refused++ == 0) fprintf(stderr, "%s\n", buf_z(&b->body));
    }
    return bench_cpu_seconds() - before;
}

#define MARKET "side=BUY&type=MARKET&quantity=0.001&newClientOrderId=m-"
#define LIMIT                                                                                      \
    "side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.001&price=40000&newOrderRespType=FULL&"        \
    "newClientOrderId=l-"

/* Both for half of the batch; place: the odd half, after. */
static double round_of(struct bench *b, const char *first_method, const char *first,
                       const char *second_method, const char *second) {
    int n = 0;
    for (int i = 0; i < BATCH / 2; i++) {
        b->next++;
        prepare(b, n++, first_method, first, b->next);
        if (second) prepare(b, n++, second_method, second, b->next);
    }
    double s = run(b, n);
    b->now += USEC_PER_S / 10;
    return s / n;
}

static void measure(struct bench *b, const char *what, int rounds, const char *const args[4]) {
    double sum = 0;
    for (int i = 0; i < rounds; i++) sum += round_of(b, args[0], args[1], args[2], args[3]);
    bench_report("sim_core", what, sum / rounds * 1e6, "us");
}

int main(int argc, char **argv) {
    int64_t orders = 200000;
    struct bench b = {.now = START, .mac = sim_mac_new(STR("secret"))};
    struct error err;
    if (argc > 1 && !str_to_i64(str_from_z(argv[1]), &orders)) return 2;
    int rounds = (int)(orders / BATCH) + 1;
    arena_open(&b.boot, INT64_C(1) << 32);
    b.queries = NEW_ARRAY(&b.boot, struct query, BATCH);
    b.requests = NEW_ARRAY(&b.boot, struct sim_request, BATCH);
    buf_init(&b.body, 1 << 30);
    if (!open_exchange(&b, &err)) {
        fprintf(stderr, "%s\n", err.msg);
        return 1;
    }
    static const char *const limits[] = {"POST", LIMIT, "DELETE", "origClientOrderId=l-"};
    static const char *const markets[] = {"POST", MARKET, NULL, NULL};
    static const char *const lookups[] = {"POST", LIMIT, "GET", "origClientOrderId=l-"};
    measure(&b, "limit order or its cancel", rounds, limits);
    measure(&b, "market order", rounds, markets);
    measure(&b, "resting limit order or lookup", 4, lookups);
    buf_clear(&b.body);
    double before = bench_cpu_seconds();
    exchange_save(b.ex, &b.body);
    bench_report("sim_core", "state written", (bench_cpu_seconds() - before) * 1e3, "ms");
    if (b.refused > 0) fprintf(stderr, "%lld refused\n", (long long)b.refused);
    exchange_close(b.ex);
    sim_mac_free(b.mac);
    buf_fini(&b.body);
    return b.refused == 0 ? 0 : 1;
}
