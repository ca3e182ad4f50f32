/* Law: whatever a client sends, the simulated exchange answers: JSON, with a code where it refuses;
 * afterwards its engine holds together, and its state can be written and read again.
 *
 * An input is lines, one request each: METHOD PATH QUERY BODY, parted by blanks. A line that begins
 * with '!' is signed (timestamp and signature are added behind the query), "@fault " in front of it
 * is its X-Sim-Fault. "price N" moves the price, "wait N" is N milliseconds. */
#include <jansson.h>
#include <string.h>

#include "base/hash.h"
#include "fuzz.h"
#include "sim/exchange.h"
#include "sim/mac.h"

#define LINES_MAX 40
#define LINE_MAX 4096
#define START (INT64_C(1800000000) * USEC_PER_S)

struct bench {
    struct arena boot;
    struct exchange_options opt;
    struct exchange *ex;
    usec now;
    struct buf body;
};

static struct symbol listed[] = {{.name = "BTCUSDT",
                                  .base = "BTC",
                                  .quote = "USDT",
                                  .status = SYMBOL_TRADING,
                                  .trading = true,
                                  .oco = true,
                                  .oto = true,
                                  .opo = true,
                                  .iceberg = true,
                                  .market_by_quote = true,
                                  .trailing = true,
                                  .cancel_replace = true,
                                  .amend = true}};
static const struct symbols symbols = {listed, 1};

static bool no_candle(void *ctx, struct candle *ret) {
    (void)ctx;
    (void)ret;
    return false;
}

static void open_exchange(struct bench *b) {
    static const struct sim_deposit deposits[] = {{{"BTC", 3}, 100 * E8},
                                                  {{"USDT", 4}, 1000000 * E8}};
    static const struct sim_account account = {{"key", 3}, {"secret", 6}, deposits, 2};
    struct error err;
    listed[0].tick = price_from_e8(E8 / 100);
    listed[0].step = listed[0].min_qty = qty_from_e8(E8 / 100000);
    arena_open(&b->boot, INT64_C(1) << 28);
    b->opt = (struct exchange_options){.symbols = &symbols,
                                       .accounts = &account,
                                       .account_count = 1,
                                       .seed = 1,
                                       .next_candle = no_candle,
                                       .speed_e8 = E8,
                                       .fee_e8 = E8 / 1000,
                                       .orders_max = 64,
                                       .start = b->now};
    LAW(exchange_open(&b->boot, &b->opt, &b->ex, &err));
    exchange_price_set(b->ex, b->now, 0, price_from_e8(50000 * E8));
}

static str word_of(str *line) {
    str word = {0};
    return line->n > 0 && str_cut(line, ' ', &word) ? word : (str){"", 0};
}

/* The query with timestamp and signature behind it. */
static str signed_query(struct bench *b, str query, str body, char *block, ptrdiff_t bytes) {
    struct buf q;
    struct sim_mac *m = sim_mac_new(STR("secret"));
    uint8_t mac[32];
    char hex[65];
    buf_init_fixed(&q, block, bytes);
    buf_put(&q, query);
    buf_printf(&q, "%stimestamp=%lld", query.n > 0 ? "&" : "", (long long)(b->now / USEC_PER_MS));
    str pieces[2] = {buf_str(&q), body};
    sim_mac_of(m, pieces, 2, mac);
    sim_mac_free(m);
    buf_put(&q, STR("&signature="));
    buf_put(&q, hex_format(mac, 32, hex));
    return buf_str(&q);
}

static void check_answer(const struct bench *b, const struct sim_answer *a) {
    if (a->html || a->delivery != SIM_WHOLE) return;
    json_t *json = json_loadb(b->body.p, (size_t)b->body.len, JSON_DECODE_ANY, NULL);
    LAW(json != NULL);
    LAW(a->status == 200 || json_integer_value(json_object_get(json, "code")) < 0);
    LAW(a->status != 200 || !json_object_get(json, "code"));
    json_decref(json);
}

static void ask(struct bench *b, str line) {
    char block[LINE_MAX + 256];
    struct sim_request rq = {.api_key = STR("key"), .peer = 1};
    struct sim_answer a = {.body = &b->body};
    if (str_starts(line, STR("@"))) rq.fault = str_tail(word_of(&line), 1);
    bool sign = str_starts(line, STR("!"));
    if (sign) line = str_tail(line, 1);
    rq.method = word_of(&line);
    rq.path = word_of(&line);
    rq.query = word_of(&line);
    rq.body = line;
    if (sign) rq.query = signed_query(b, rq.query, rq.body, block, (ptrdiff_t)sizeof block);
    exchange_rest(b->ex, b->now, &rq, &a);
    check_answer(b, &a);
}

static void do_line(struct bench *b, str line) {
    int64_t n;
    if (str_starts(line, STR("price "))) {
        bool fits = str_to_i64(str_tail(line, 6), &n) && n > 0 && n < 10000000;
        if (fits) exchange_price_set(b->ex, b->now, 0, price_from_e8(n * E8));
    } else if (str_starts(line, STR("wait "))) {
        if (str_to_i64(str_tail(line, 5), &n) && n > 0 && n < 100000) b->now += n * USEC_PER_MS;
        exchange_advance(b->ex, b->now);
    } else {
        ask(b, line);
    }
}

static void check_state(struct bench *b) {
    struct bench again = {.now = b->now};
    struct error err;
    LAW(match_fault(exchange_match(b->ex)) == NULL);
    buf_clear(&b->body);
    exchange_save(b->ex, &b->body);
    open_exchange(&again);
    LAW(exchange_load(again.ex, buf_str(&b->body), &err));
    LAW(exchange_order_count(again.ex, 0) == exchange_order_count(b->ex, 0));
    LAW(exchange_trade_count(again.ex, 0) >= exchange_trade_count(b->ex, 0));
    LAW(match_fault(exchange_match(again.ex)) == NULL);
    exchange_close(again.ex);
    arena_close(&again.boot);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    struct bench b = {.now = START};
    str text = {(const char *)data, (ptrdiff_t)bytes}, line;
    if (bytes == 0) return 0;
    buf_init(&b.body, 16 << 20);
    open_exchange(&b);
    for (int i = 0; i < LINES_MAX && str_cut(&text, '\n', &line); i++) {
        do_line(&b, str_head(line, LINE_MAX));
    }
    check_state(&b);
    exchange_close(b.ex);
    buf_fini(&b.body);
    arena_close(&b.boot);
    return 0;
}
