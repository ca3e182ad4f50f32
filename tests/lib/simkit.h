/* simkit: a simulated exchange for tests: two symbols, two accounts, prices that stand still until
 * they are moved, and requests signed and sent in one line.
 *
 * A request is "POST /api/v3/order symbol=BTCUSDT&side=BUY..."; timestamp and signature are added.
 * Answers are jansson values, borrowed until the next request. */
#ifndef BF_TESTS_LIB_SIMKIT_H
#define BF_TESTS_LIB_SIMKIT_H

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "check.h"
#include "sim/exchange.h"
#include "sim/faults.h"
#include "sim/mac.h"

#define SIMKIT_START (INT64_C(1800000000) * USEC_PER_S) /* aligned to a minute */
#define SIMKIT_KEY "keyofthefirstaccount"
#define SIMKIT_SECRET "secretofthefirstaccount"

enum { SIM_BTC, SIM_ETH };

struct simkit {
    struct arena boot;
    struct symbol listed[2];
    struct symbols symbols;
    struct exchange_options opt;
    struct sim_account accounts[2];
    struct exchange *ex;
    usec now;
    struct buf body;
    struct sim_answer last;
    json_t *json;
    const char *fault;   /* X-Sim-Fault of the next request; NULL: none */
    int64_t recv_window; /* sent with requests; 0: not */
    int account;
};

static inline struct symbol simkit_symbol(const char *name, const char *base) {
    struct symbol s = {.quote = "USDT",
                       .status = SYMBOL_TRADING,
                       .trading = true,
                       .oco = true,
                       .oto = true,
                       .opo = true,
                       .iceberg = true,
                       .market_by_quote = true,
                       .trailing = true,
                       .cancel_replace = true,
                       .amend = true,
                       .min_notional_market = true,
                       .max_orders = 200,
                       .max_algo_orders = 5,
                       .max_lists = 20};
    IGNORE(!str_copyz(str_from_z(name), s.name, (ptrdiff_t)sizeof s.name), "it fits");
    IGNORE(!str_copyz(str_from_z(base), s.base, (ptrdiff_t)sizeof s.base), "it fits");
    s.tick = s.min_price = price_from_e8(E8 / 100);
    s.max_price = price_from_e8(1000000 * E8);
    s.step = s.min_qty = qty_from_e8(E8 / 100000);
    s.max_qty = qty_from_e8(9000 * E8);
    s.min_notional = money_from_e8(5 * E8);
    return s;
}

/* Prices come only from simkit_price: a candle source that has nothing to say. */
static inline bool simkit_no_candle(void *ctx, struct candle *ret) {
    (void)ctx;
    (void)ret;
    return false;
}

static inline void simkit_price(struct simkit *k, int sym, int64_t whole) {
    exchange_price_set(k->ex, k->now, sym, price_from_e8(whole * E8));
}

static inline void simkit_prepare(struct simkit *k) {
    *k = (struct simkit){.now = SIMKIT_START};
    arena_open(&k->boot, INT64_C(1) << 30);
    k->listed[SIM_BTC] = simkit_symbol("BTCUSDT", "BTC");
    k->listed[SIM_ETH] = simkit_symbol("ETHUSDT", "ETH");
    k->symbols = (struct symbols){k->listed, 2};
    static const struct sim_deposit deposits[] = {
        {{"BTC", 3}, 10 * E8}, {{"ETH", 3}, 100 * E8}, {{"USDT", 4}, 1000000 * E8}};
    k->accounts[0] =
        (struct sim_account){STR(SIMKIT_KEY), STR(SIMKIT_SECRET), deposits, COUNT_OF(deposits)};
    k->accounts[1] =
        (struct sim_account){STR("keyofthesecond"), STR("secret2"), deposits, COUNT_OF(deposits)};
    k->opt = (struct exchange_options){.symbols = &k->symbols,
                                       .accounts = k->accounts,
                                       .account_count = 2,
                                       .seed = 7,
                                       .next_candle = simkit_no_candle,
                                       .speed_e8 = E8,
                                       .start = SIMKIT_START};
    buf_init(&k->body, 16 << 20);
}

static inline void simkit_begin(struct simkit *k) {
    struct error err = {0};
    if (!exchange_open(&k->boot, &k->opt, &k->ex, &err)) fail_msg("%s", err.msg);
    simkit_price(k, SIM_BTC, 50000);
    simkit_price(k, SIM_ETH, 2000);
}

static inline void simkit_open(struct simkit *k) {
    simkit_prepare(k);
    simkit_begin(k);
}

static inline void simkit_close(struct simkit *k) {
    json_decref(k->json);
    exchange_close(k->ex);
    buf_fini(&k->body);
    arena_close(&k->boot);
}

/* The request as it is; *k->last and k->json hold the answer. */
static inline void simkit_raw(struct simkit *k, const struct sim_request *rq) {
    k->last = (struct sim_answer){.body = &k->body};
    buf_clear(&k->body);
    exchange_rest(k->ex, k->now, rq, &k->last);
    json_decref(k->json);
    k->json = json_loads(buf_z(&k->body), JSON_DECODE_ANY, NULL);
}

static inline str simkit_sign(const struct simkit *k, str payload, char hex[65]) {
    uint8_t mac[32];
    struct sim_mac *m = sim_mac_new(k->accounts[k->account].secret);
    sim_mac_of(m, &payload, 1, mac);
    sim_mac_free(m);
    return hex_format(mac, 32, hex);
}

/* "METHOD PATH PARAMS", signed; returns the HTTP status. */
static inline int simkit_ask(struct simkit *k, const char *what) {
    char query[2048], hex[65], recv[40] = "";
    str rest = str_from_z(what), method, path;
    assert_true(str_cut(&rest, ' ', &method));
    assert_true(str_cut(&rest, ' ', &path));
    if (k->recv_window > 0) {
        snprintf(recv, sizeof recv, "recvWindow=%lld&", (long long)k->recv_window);
    }
    int n = snprintf(query, sizeof query, STR_FMT "%s%stimestamp=%lld", STR_ARG(rest),
                     rest.n > 0 ? "&" : "", recv, (long long)(k->now / USEC_PER_MS));
    str sig = simkit_sign(k, (str){query, n}, hex);
    n += snprintf(query + n, sizeof query - (size_t)n, "&signature=" STR_FMT, STR_ARG(sig));
    simkit_raw(k, &(struct sim_request){.method = method,
                                        .path = path,
                                        .query = {query, n},
                                        .api_key = k->accounts[k->account].key,
                                        .fault = str_from_z(k->fault ? k->fault : ""),
                                        .peer = 1});
    k->fault = NULL;
    return k->last.status;
}

/* Not signed. */
static inline int simkit_get(struct simkit *k, const char *path, const char *query) {
    simkit_raw(k, &(struct sim_request){.method = STR("GET"),
                                        .path = str_from_z(path),
                                        .query = str_from_z(query),
                                        .peer = 1});
    return k->last.status;
}

static inline const json_t *simkit_at(const json_t *from, const char *key) {
    const json_t *v = json_object_get(from, key);
    if (!v) fail_msg("no member %s in %s", key, json_dumps(from, JSON_ENCODE_ANY));
    return v;
}
static inline const char *simkit_text(const struct simkit *k, const char *key) {
    return json_string_value(simkit_at(k->json, key));
}
static inline int64_t simkit_int(const struct simkit *k, const char *key) {
    return json_integer_value(simkit_at(k->json, key));
}

/* Status and code of a refusal; text: its beginning. */
static inline void simkit_refused(const struct simkit *k, int status, int code, const char *text) {
    if (!k->json) fail_msg("not JSON: %s", buf_z(&k->body));
    if (k->last.status != status || simkit_int(k, "code") != code ||
        strncmp(simkit_text(k, "msg"), text, strlen(text)) != 0) {
        fail_msg("expected %d %d %s, got %d %s", status, code, text, k->last.status,
                 buf_z(&k->body));
    }
}

static inline void simkit_ok(struct simkit *k, const char *what) {
    if (simkit_ask(k, what) != 200) fail_msg("%s: %d %s", what, k->last.status, buf_z(&k->body));
}

#endif
