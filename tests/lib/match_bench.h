/* match_bench: an engine on a table, for the tests of src/match.
 *
 * Three symbols with round filters, one or more accounts, and every event as one line of text, so
 * that a test states what it does and then what happened, word by word:
 *
 *   NEW 1 BUY LIMIT                          order 1 was accepted
 *   PENDING 2 SELL STOP_LOSS                 as a leg that waits
 *   ACTIVE 2 qty=0.5                         a leg entered the book, or a stop fired ("fired")
 *   TRADE 1 0.5@100 quote=50 fee=0.05 USDT taker FILLED
 *   EXPIRED 2 OCO_TRIGGER      CANCELED 2      AMENDED 1 qty=0.4      LIST 1 done */
#ifndef BF_TESTS_LIB_MATCH_BENCH_H
#define BF_TESTS_LIB_MATCH_BENCH_H

#include "base/arena.h"
#include "base/buf.h"
#include "check.h"
#include "match/match.h"

enum { BTC, DOGE, ETHBTC, BENCH_SYMBOLS }; /* sorted by name */

struct bench {
    struct arena arena;
    struct symbol v[BENCH_SYMBOLS];
    struct symbols symbols;
    struct match_options opt;
    struct match *m;
    struct match_reject rej;
    char text[65536];
    struct buf log;
};

static inline int64_t e8(const char *z) {
    int64_t v = 0;
    if (!amount_parse_e8(str_from_z(z), &v)) fail_msg("not an amount: %s", z);
    return v;
}
static inline price px(const char *z) { return price_from_e8(e8(z)); }
static inline qty qt(const char *z) { return qty_from_e8(e8(z)); }
static inline money mo(const char *z) { return money_from_e8(e8(z)); }

static inline struct symbol bench_symbol(const char *name, const char *base, const char *quote) {
    struct symbol s = {.status = SYMBOL_TRADING,
                       .trading = true,
                       .oco = true,
                       .oto = true,
                       .opo = true,
                       .market_max_applies = true,
                       .min_price = px("0.01"),
                       .max_price = px("1000000"),
                       .tick = px("0.01"),
                       .min_qty = qt("0.001"),
                       .max_qty = qt("9000"),
                       .step = qt("0.001"),
                       .market_max_qty = qt("120"),
                       .min_notional = mo("5"),
                       .max_notional = mo("9000000"),
                       .min_notional_market = true,
                       .bid_up_bp = 50000,
                       .bid_down_bp = 2000,
                       .ask_up_bp = 50000,
                       .ask_down_bp = 2000,
                       .max_orders = 200,
                       .max_algo_orders = 20,
                       .max_lists = 20,
                       .iceberg = true,
                       .market_by_quote = true,
                       .trailing = true,
                       .cancel_replace = true,
                       .amend = true};
    assert_true(str_copyz(str_from_z(name), s.name, sizeof s.name));
    assert_true(str_copyz(str_from_z(base), s.base, sizeof s.base));
    assert_true(str_copyz(str_from_z(quote), s.quote, sizeof s.quote));
    return s;
}

/* The symbols and options; change them before bench_open. */
static inline void bench_init(struct bench *b) {
    *b = (struct bench){.opt = {.accounts_max = 4,
                                .orders_max = 64,
                                .history_max = 32,
                                .depth_max = 8,
                                .price_stands = true}};
    arena_open(&b->arena, INT64_C(1) << 31);
    b->v[BTC] = bench_symbol("BTCUSDT", "BTC", "USDT");
    b->v[DOGE] = bench_symbol("DOGEUSDT", "DOGE", "USDT");
    b->v[DOGE].tick = b->v[DOGE].min_price = px("0.00001");
    b->v[DOGE].step = b->v[DOGE].min_qty = qt("1");
    b->v[DOGE].max_qty = qt("9000000");
    b->v[DOGE].market_max_qty = qt("1000000");
    b->v[ETHBTC] = bench_symbol("ETHBTC", "ETH", "BTC");
    b->v[ETHBTC].tick = b->v[ETHBTC].min_price = px("0.00001");
    b->v[ETHBTC].min_notional = mo("0.0001");
    b->symbols = (struct symbols){b->v, BENCH_SYMBOLS};
    buf_init_fixed(&b->log, b->text, (ptrdiff_t)sizeof b->text);
}

static inline void bench_open(struct bench *b) {
    struct error err;
    assert_ok(match_open(&b->arena, &b->symbols, &b->opt, &b->m, &err), &err);
}

static inline int bench_spot(struct bench *b, const char *fee) {
    return match_account_open(
        b->m, &(struct match_account){.maker_fee_e8 = e8(fee), .taker_fee_e8 = e8(fee)});
}

static inline int bench_margin(struct bench *b, int64_t leverage, const char *fee) {
    return match_account_open(b->m, &(struct match_account){.margin = true,
                                                            .leverage = leverage,
                                                            .maker_fee_e8 = e8(fee),
                                                            .taker_fee_e8 = e8(fee),
                                                            .settle = "USDT"});
}

static inline void bench_give(struct bench *b, int account, const char *asset, const char *amount) {
    assert_true(match_deposit(b->m, account, str_from_z(asset), e8(amount)));
}

/* One spot account with 10,000 USDT and 10 BTC, no fee: enough for most tests. */
static inline void bench_start(struct bench *b) {
    bench_init(b);
    bench_open(b);
    assert_int_equal(bench_spot(b, "0"), 0);
    bench_give(b, 0, "USDT", "10000");
    bench_give(b, 0, "BTC", "10");
}

static inline void bench_end(struct bench *b) {
    match_check(b->m);
    arena_close(&b->arena);
}

/* -- events as text ------------------------------------------------------------------------ */

static inline void bench_put_trade(struct buf *log, const struct bench *b,
                                   const struct match_event *e) {
    const struct symbol *s = &b->v[e->order.sym];
    buf_put_e8(log, qty_e8(e->fill_qty));
    buf_put_byte(log, '@');
    buf_put_e8(log, price_e8(e->fill_price));
    buf_put(log, STR(" quote="));
    buf_put_e8(log, money_e8(e->fill_quote));
    buf_put(log, STR(" fee="));
    buf_put_e8(log, e->fee_e8);
    if (e->fee_e8 != 0) buf_printf(log, " %s", e->fee_in_base ? s->base : s->quote);
    buf_printf(log, " %s %s", e->maker ? "maker" : "taker", match_status_name(e->order.status));
}

static inline void bench_put_event(struct buf *log, const struct bench *b,
                                   const struct match_event *e) {
    const struct match_order *o = &e->order;
    const char *way = order_side_name(o->side);
    switch (e->kind) {
    case MATCH_EV_NEW:
        buf_printf(log, "%s %lld %s %s", o->status == MATCH_PENDING_NEW ? "PENDING" : "NEW",
                   (long long)o->id, way, order_type_name(o->type));
        break;
    case MATCH_EV_ACTIVE:
        buf_printf(log, "ACTIVE %lld %s", (long long)o->id, o->triggered ? "fired" : "qty=");
        if (!o->triggered) buf_put_e8(log, qty_e8(o->qty));
        break;
    case MATCH_EV_TRADE:
        buf_printf(log, "TRADE %lld ", (long long)o->id);
        bench_put_trade(log, b, e);
        break;
    case MATCH_EV_CANCELED:
        buf_printf(log, "CANCELED %lld", (long long)o->id);
        break;
    case MATCH_EV_EXPIRED:
        buf_printf(log, "EXPIRED %lld %s", (long long)o->id, match_reason_name(o->reason));
        break;
    case MATCH_EV_AMENDED:
        buf_printf(log, "AMENDED %lld qty=", (long long)o->id);
        buf_put_e8(log, qty_e8(o->qty));
        break;
    case MATCH_EV_STATUS:
        buf_printf(log, "STATUS %lld %s", (long long)o->id, match_status_name(o->status));
        break;
    case MATCH_EV_LIST_NEW:
        buf_printf(log, "LIST %lld", (long long)o->list_id);
        break;
    case MATCH_EV_LIST_DONE:
        buf_printf(log, "LIST %lld done", (long long)o->list_id);
        break;
    case MATCH_EV_NONE:
    case MATCH_EV_COUNT:
        fail_msg("an event of no kind");
    }
    buf_put_byte(log, '\n');
}

static inline const char *bench_events(struct bench *b) {
    struct match_event e;
    buf_clear(&b->log);
    while (match_next_event(b->m, &e)) bench_put_event(&b->log, b, &e);
    assert_false(buf_full(&b->log));
    return buf_z(&b->log);
}

/* assert_events(b, "line\n" "line\n"): exactly these events came since the last look. */
#define assert_events(b, want)                                                                     \
    do {                                                                                           \
        match_check((b)->m);                                                                       \
        assert_string_equal(bench_events(b), (want));                                              \
    } while (0)

/* -- prices -------------------------------------------------------------------------------- */

#define MIN USEC_PER_MIN

static inline void bench_tick(struct bench *b, usec at, const char *bid, const char *ask) {
    struct quote q = {.sym = BTC, .at = at, .last = px(bid), .bid = px(bid), .ask = px(ask)};
    match_quote(b->m, at, &q);
}

static inline void bench_last(struct bench *b, usec at, const char *last) {
    bench_tick(b, at, last, last);
}

static inline void bench_candle_open(struct bench *b, usec at, const char *open) {
    struct quote q = {
        .sym = BTC, .at = at, .last = px(open), .bid = px(open), .ask = px(open), .interval = MIN};
    match_quote(b->m, at, &q);
}

/* ohlc: "open high low close"; traded: its volume */
static inline void bench_range(struct bench *b, usec open_at, const char *ohlc,
                               const char *traded) {
    str rest = str_from_z(ohlc), part;
    price v[4];
    for (int i = 0; i < 4; i++) {
        assert_true(str_cut(&rest, ' ', &part));
        assert_true(price_parse(part, &v[i]));
    }
    struct candle c = {.sym = BTC,
                       .open_at = open_at,
                       .close_at = open_at + MIN,
                       .open = v[0],
                       .high = v[1],
                       .low = v[2],
                       .close = v[3]};
    assert_true(volume_parse(str_from_z(traded), &c.volume));
    match_candle(b->m, open_at + MIN, &c);
}

/* -- orders -------------------------------------------------------------------------------- */

static inline struct match_new order_of_type(order_type type, order_side way,
                                             const char *quantity) {
    bool timed =
        type == ORDER_LIMIT || type == ORDER_STOP_LOSS_LIMIT || type == ORDER_TAKE_PROFIT_LIMIT;
    return (struct match_new){.sym = BTC,
                              .side = way,
                              .type = type,
                              .tif = timed ? TIF_GTC : TIF_NONE,
                              .qty = qt(quantity)};
}

static inline struct match_new limit_order(order_side way, tif t, const char *quantity,
                                           const char *limit) {
    struct match_new n = order_of_type(ORDER_LIMIT, way, quantity);
    n.tif = t;
    n.limit = px(limit);
    return n;
}

static inline struct match_new stop_order(order_type type, order_side way, const char *quantity,
                                          const char *stop) {
    struct match_new n = order_of_type(type, way, quantity);
    n.stop = px(stop);
    return n;
}

/* Places it now; fails the test when it is refused. Returns its id. */
static inline int64_t bench_place(struct bench *b, struct match_new n) {
    int64_t id = 0;
    if (!match_place(b->m, match_now(b->m), &n, &id, &b->rej)) fail_msg("%s", b->rej.text);
    return id;
}

static inline int64_t bench_place_list(struct bench *b, const struct match_new_list *n) {
    int64_t id = 0;
    if (!match_place_list(b->m, match_now(b->m), n, &id, &b->rej)) fail_msg("%s", b->rej.text);
    return id;
}

static inline void check_rejected(bool ok, const struct match_reject *rej, int code,
                                  const char *text, const char *file, int line) {
    if (!ok && rej->code == code && strcmp(rej->text, text) == 0) return;
    print_error("%s %d \"%s\", expected %d \"%s\"\n", ok ? "taken" : "refused", rej->code,
                rej->text, code, text);
    _fail(file, line);
}

/* assert_refused(b, order, -1013, "Filter failure: LOT_SIZE"): and nothing has happened. */
#define assert_refused(b, n, code, text)                                                           \
    do {                                                                                           \
        struct match_new order_ = (n);                                                             \
        int64_t id_;                                                                               \
        bool ok_ = match_place((b)->m, match_now((b)->m), &order_, &id_, &(b)->rej);               \
        check_rejected(ok_, &(b)->rej, (code), (text), __FILE__, __LINE__);                        \
        assert_events(b, "");                                                                      \
    } while (0)

#define assert_list_refused(b, n, code, text)                                                      \
    do {                                                                                           \
        int64_t id_;                                                                               \
        bool ok_ = match_place_list((b)->m, match_now((b)->m), (n), &id_, &(b)->rej);              \
        check_rejected(ok_, &(b)->rej, (code), (text), __FILE__, __LINE__);                        \
        assert_events(b, "");                                                                      \
    } while (0)

/* assert_balance(b, account, "BTC", "free", "locked") */
#define assert_balance(b, account, asset, free_text, locked_text)                                  \
    do {                                                                                           \
        struct match_balance x_ = match_balance_of((b)->m, (account), STR(asset));                 \
        char block_[AMOUNT_TEXT_BYTES];                                                            \
        assert_str(amount_format_e8(x_.free_e8, block_), free_text);                               \
        assert_str(amount_format_e8(x_.locked_e8, block_), locked_text);                           \
    } while (0)

#endif
