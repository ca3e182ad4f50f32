/* match_random: a seeded market and seeded traders for the matching engine.
 *
 * Three accounts (spot with a fee, margin, spot without), three symbols, minute candles that walk,
 * jump and sometimes stand still, in some runs ticks and books, in some a plan of faults; between
 * them random orders of every type, lists of every kind, cancels, replaces and amends, at the open,
 * inside a candle and after its close. What is done depends on the seed and on the engine's answers
 * alone, so the same seed gives the same run. A visitor looks at the engine after every call. */
#ifndef BF_TESTS_LIB_MATCH_RANDOM_H
#define BF_TESTS_LIB_MATCH_RANDOM_H

#include "base/rng.h"
#include "match_bench.h"

#define WORLD_ACCOUNTS 3

struct world {
    struct bench bench;
    struct rng rng;
    bool fine;  /* price x qty goes beyond 1e-8: everything is rounded */
    bool ticks; /* ticks and books come between the candles */
    bool odd;   /* trailing stops, icebergs, and a plan of faults */
    usec now;
    int64_t last_e8[BENCH_SYMBOLS]; /* on the tick */
    int64_t open_e8[BENCH_SYMBOLS]; /* of this minute's candle, and how far ticks went since */
    int64_t low_e8[BENCH_SYMBOLS], high_e8[BENCH_SYMBOLS];
    /* what the last call showed, for the visitor */
    struct candle candle;                      /* of the symbol that is being shown */
    bool opened[BENCH_SYMBOLS];                /* its open was given as a quote */
    bool in_candle;                            /* the call was match_candle */
    void (*visit)(struct world *w, void *ctx); /* after every call; drains the events */
    void *ctx;
};

static inline int64_t world_pick(struct world *w, int64_t lo, int64_t hi) {
    return rng_between(&w->rng, lo, hi);
}

static inline bool world_chance(struct world *w, int percent) {
    return world_pick(w, 1, 100) <= percent;
}

static inline void world_open_engine(struct bench *b) {
    bench_open(b);
    bench_spot(b, "0.001");
    bench_margin(b, 3, "0.0005");
    bench_spot(b, "0");
}

static inline void world_init(struct world *w, uint64_t seed) {
    *w = (struct world){.now = 0};
    bench_init(&w->bench);
    rng_init(&w->rng, seed);
    w->bench.opt.price_stands = world_chance(w, 30);
    w->bench.opt.latency = world_chance(w, 30) ? USEC_PER_S : 0;
    w->bench.opt.spread_e8 = world_pick(w, 0, 3) * 10000;
    w->bench.opt.slippage_e8 = world_pick(w, 0, 3) * 50000;
    w->bench.opt.volume_cap_e8 = world_pick(w, 0, 2) * 10000000;
    w->ticks = world_chance(w, 40);
    w->fine = world_chance(w, 30);
    if (w->fine) w->bench.v[ETHBTC].step = w->bench.v[ETHBTC].min_qty = qt("0.00001");
    w->odd = world_chance(w, 40);
    if (w->odd) w->bench.opt.mean_mins = (int)world_pick(w, 0, 5);
    for (int i = 0; w->odd && i < BENCH_SYMBOLS; i++) w->bench.v[i].avg_price_mins = 4;
    if (w->odd) w->bench.v[BTC].range_bid_up_bp = 10300;
    world_open_engine(&w->bench);
    bench_give(&w->bench, 0, "USDT", "10000");
    bench_give(&w->bench, 0, "BTC", "20");
    bench_give(&w->bench, 1, "USDT", "5000");
    bench_give(&w->bench, 2, "USDT", "300");
    bench_give(&w->bench, 2, "BTC", "5");
    bench_give(&w->bench, 2, "ETH", "50");
    w->last_e8[BTC] = e8("100");
    w->last_e8[DOGE] = e8("0.3");
    w->last_e8[ETHBTC] = e8("0.06");
}

static inline void world_seen(struct world *w) {
    if (w->visit) w->visit(w, w->ctx);
}

/* A price on the tick, up to `percent` away from the symbol's last. */
static inline price world_price(struct world *w, int sym, int percent) {
    int64_t tick = price_e8(w->bench.v[sym].tick);
    int64_t away = w->last_e8[sym] * world_pick(w, -percent * 100, percent * 100) / 10000;
    return price_from_e8(i64_max(1, (w->last_e8[sym] + away) / tick) * tick);
}

static inline qty world_qty(struct world *w, int sym) {
    static const char *const most[BENCH_SYMBOLS] = {"12", "9000", "20"};
    int64_t step = qty_e8(w->bench.v[sym].step);
    int64_t q = world_pick(w, 1, e8(most[sym]) / step) * step;
    return qty_from_e8(world_chance(w, 3) ? q + 1 : q); /* off the step now and then */
}

static inline str world_coid(struct world *w) {
    static char text[24];
    if (world_chance(w, 70)) return (str){0};
    snprintf(text, sizeof text, "c%d", (int)world_pick(w, 1, 30));
    return str_from_z(text);
}

/* Follows the price, with a stop price or without. */
static inline void world_trail(struct world *w, struct match_extra *x, price *stop) {
    if (!w->odd || !world_chance(w, 30)) return;
    x->trailing_bp = world_pick(w, 10, 400);
    if (world_chance(w, 50)) *stop = price_from_e8(0);
}

static inline void world_faults(struct world *w) {
    if (!w->odd || !world_chance(w, 20)) return;
    int sym = (int)world_pick(w, 0, BENCH_SYMBOLS - 1);
    match_thin_next(w->bench.m, sym, world_pick(w, 0, E8), world_chance(w, 50));
    if (world_chance(w, 20)) match_refuse_legs(w->bench.m, (int)world_pick(w, 0, 2));
}

static inline void world_place(struct world *w) {
    world_faults(w);
    int sym = (int)world_pick(w, 0, BENCH_SYMBOLS - 1);
    struct match_new n = {.account = (int)world_pick(w, 0, WORLD_ACCOUNTS - 1),
                          .sym = sym,
                          .side = world_chance(w, 50) ? ORDER_BUY : ORDER_SELL,
                          .type = (order_type)world_pick(w, 0, ORDER_TAKE_PROFIT_LIMIT),
                          .qty = world_qty(w, sym),
                          .coid = world_coid(w)};
    bool market =
        n.type == ORDER_MARKET || n.type == ORDER_STOP_LOSS || n.type == ORDER_TAKE_PROFIT;
    if (!market) n.limit = world_price(w, sym, 4);
    if (!market && n.type != ORDER_LIMIT_MAKER) n.tif = (tif)world_pick(w, TIF_GTC, TIF_FOK);
    if (n.type != ORDER_LIMIT && n.type != ORDER_LIMIT_MAKER && n.type != ORDER_MARKET) {
        n.stop = world_price(w, sym, 5);
        world_trail(w, &n.extra, &n.stop);
    }
    if (w->odd && n.tif == TIF_GTC && world_chance(w, 20)) n.extra.iceberg = n.qty;
    if (n.type == ORDER_MARKET && world_chance(w, 30)) {
        n.quote_qty = mo(sym == ETHBTC ? "0.5" : "150");
        n.qty = qt("0");
    }
    int64_t id;
    IGNORE(match_place(w->bench.m, w->now, &n, &id, &w->bench.rej), "refusals are part of it");
    world_seen(w);
}

static inline struct match_leg world_leg(struct world *w, int sym, bool above, order_side way) {
    bool loss = above == (way == ORDER_BUY);
    int64_t tick = price_e8(w->bench.v[sym].tick), off = w->last_e8[sym] / 100;
    int64_t away = off * world_pick(w, world_chance(w, 10) ? -1 : 1, 4);
    price at = price_from_e8(i64_max(1, (w->last_e8[sym] + (above ? away : -away)) / tick) * tick);
    struct match_leg l = {.stop = at};
    switch (world_pick(w, 0, loss ? 1 : 2)) {
    case 0:
        l.type = loss ? ORDER_STOP_LOSS : ORDER_TAKE_PROFIT;
        break;
    case 1:
        l.type = loss ? ORDER_STOP_LOSS_LIMIT : ORDER_TAKE_PROFIT_LIMIT;
        l.limit = world_price(w, sym, 3);
        l.tif = (tif)world_pick(w, TIF_GTC, TIF_FOK);
        break;
    default: /* not an enum */
        l.type = ORDER_LIMIT_MAKER;
        l.limit = at;
        l.stop = price_from_e8(0);
        return l;
    }
    world_trail(w, &l.extra, &l.stop);
    return l;
}

static inline void world_place_list(struct world *w) {
    int sym = (int)world_pick(w, 0, BENCH_SYMBOLS - 1);
    world_faults(w);
    struct match_new_list n = {.kind = (match_list_kind)world_pick(w, MATCH_OCO, MATCH_OPOCO),
                               .account = (int)world_pick(w, 0, WORLD_ACCOUNTS - 1),
                               .sym = sym,
                               .side = world_chance(w, 60) ? ORDER_BUY : ORDER_SELL,
                               .qty = world_qty(w, sym)};
    bool sized = n.kind == MATCH_OPO || n.kind == MATCH_OPOCO;
    if (sized) n.side = ORDER_BUY;
    order_side exit = n.side == ORDER_BUY ? ORDER_SELL : ORDER_BUY;
    if (n.kind == MATCH_OCO) exit = n.side;
    n.pending_side = exit;
    if (!sized && n.kind != MATCH_OCO) n.pending_qty = n.qty;
    n.working = (struct match_leg){.type = ORDER_LIMIT,
                                   .tif = (tif)world_pick(w, TIF_GTC, TIF_FOK),
                                   .limit = world_price(w, sym, 2)};
    n.pending = world_leg(w, sym, world_chance(w, 50), exit);
    n.above = world_leg(w, sym, true, exit);
    n.below = world_leg(w, sym, false, exit);
    int64_t id;
    IGNORE(match_place_list(w->bench.m, w->now, &n, &id, &w->bench.rej), "refusals are part of it");
    world_seen(w);
}

/* One of the last orders, live or not. */
static inline struct match_ref world_ref(struct world *w, int account) {
    const struct match_order *o = NULL;
    int64_t ids[128];
    int count = 0;
    while ((o = match_next_open(w->bench.m, account, SYM_NONE, o)) != NULL && count < 128) {
        ids[count++] = o->id;
    }
    int64_t id = count > 0 ? ids[world_pick(w, 0, count - 1)] : 1;
    return (struct match_ref){.account = account, .sym = SYM_NONE, .id = id};
}

static inline void world_change(struct world *w) {
    int account = (int)world_pick(w, 0, WORLD_ACCOUNTS - 1);
    struct match_ref ref = world_ref(w, account);
    int64_t what = world_pick(w, 0, 9);
    if (what < 5) {
        IGNORE(match_cancel(w->bench.m, w->now, &ref, &w->bench.rej), "it may be gone");
    } else if (what < 8) {
        const struct match_order *o = match_find(w->bench.m, &ref);
        qty half =
            o ? qty_to_step(qty_from_e8(qty_e8(o->qty) / 2), w->bench.v[o->sym].step, ROUND_FLOOR)
              : qt("1");
        IGNORE(match_amend(w->bench.m, w->now, &ref, half, &w->bench.rej), "it may be gone");
    } else if (what < 9) {
        struct match_replace r = {.cancel = ref,
                                  .order = limit_order(ORDER_BUY, TIF_GTC, "1", "90")};
        struct match_replaced done;
        r.order.account = account;
        IGNORE(match_replace(w->bench.m, w->now, &r, &done), "it may be gone");
    } else {
        match_cancel_all(w->bench.m, w->now, account, (int)world_pick(w, 0, BENCH_SYMBOLS - 1));
    }
    world_seen(w);
}

static inline void world_act(struct world *w) {
    for (int64_t i = world_pick(w, 0, 4); i > 0; i--) {
        int64_t what = world_pick(w, 0, 9);
        if (what < 5) {
            world_place(w);
        } else if (what < 8) {
            world_place_list(w);
        } else {
            world_change(w);
        }
    }
}

static inline void world_candle(struct world *w, int sym, usec open_at) {
    price open = price_from_e8(w->open_e8[sym]);
    price a = world_price(w, sym, world_chance(w, 10) ? 12 : 2), c = world_price(w, sym, 2);
    price b = world_price(w, sym, world_chance(w, 10) ? 12 : 2);
    bool still = world_chance(w, 10) && w->low_e8[sym] == w->high_e8[sym];
    if (still) a = b = c = open;
    int64_t low = i64_min(i64_min(price_e8(open), price_e8(c)), i64_min(price_e8(a), price_e8(b)));
    int64_t high = i64_max(i64_max(price_e8(open), price_e8(c)), i64_max(price_e8(a), price_e8(b)));
    low = i64_min(low, w->low_e8[sym]);
    high = i64_max(high, w->high_e8[sym]);
    w->candle = (struct candle){.sym = sym,
                                .open_at = open_at,
                                .close_at = open_at + MIN,
                                .open = open,
                                .high = price_from_e8(high),
                                .low = price_from_e8(low),
                                .close = c,
                                .volume = volume_from_e8(still ? 0 : world_pick(w, 0, 4000) * E8)};
    w->in_candle = true;
    match_candle(w->bench.m, w->now, &w->candle);
    world_seen(w);
    w->in_candle = false;
    w->last_e8[sym] = price_e8(c);
}

/* A tick with a spread of its own, or a book of up to five levels a side. */
static inline void world_tick(struct world *w) {
    int sym = (int)world_pick(w, 0, BENCH_SYMBOLS - 1);
    int64_t tick = price_e8(w->bench.v[sym].tick);
    price last = world_price(w, sym, 3);
    int64_t bid = i64_max(6, price_e8(last) / tick) * tick, ask = bid + tick * world_pick(w, 1, 4);
    w->last_e8[sym] = bid;
    w->low_e8[sym] = i64_min(w->low_e8[sym], bid);
    w->high_e8[sym] = i64_max(w->high_e8[sym], ask);
    if (world_chance(w, 40)) {
        struct quote q = {.sym = sym,
                          .at = w->now,
                          .last = price_from_e8(bid),
                          .bid = price_from_e8(bid),
                          .ask = price_from_e8(ask)};
        match_quote(w->bench.m, w->now, &q);
    } else {
        struct match_level bids[5], asks[5];
        int count = (int)world_pick(w, 1, 5);
        for (int i = 0; i < count; i++) {
            bids[i] = (struct match_level){price_from_e8(bid - i * tick), world_qty(w, sym)};
            asks[i] = (struct match_level){price_from_e8(ask + i * tick), world_qty(w, sym)};
        }
        struct match_book book = {.sym = sym,
                                  .at = w->now,
                                  .bids = bids,
                                  .asks = asks,
                                  .bid_count = count,
                                  .ask_count = count};
        match_book(w->bench.m, w->now, &book);
    }
    world_seen(w);
}

static inline void world_minute(struct world *w) {
    usec open_at = w->now;
    for (int sym = 0; sym < BENCH_SYMBOLS; sym++) {
        if (world_chance(w, 20)) w->last_e8[sym] = price_e8(world_price(w, sym, 6)); /* a gap */
        w->open_e8[sym] = w->low_e8[sym] = w->high_e8[sym] = w->last_e8[sym];
        w->opened[sym] = !world_chance(w, 10);
        if (!w->opened[sym]) continue; /* its candle brings the open */
        price open = price_from_e8(w->last_e8[sym]);
        struct quote q = {
            .sym = sym, .at = open_at, .last = open, .bid = open, .ask = open, .interval = MIN};
        match_quote(w->bench.m, w->now, &q);
        world_seen(w);
    }
    world_act(w);
    w->now = open_at + world_pick(w, 1, MIN - 1);
    bool ticks = w->ticks && world_chance(w, 50);
    for (int64_t i = ticks ? world_pick(w, 1, 5) : 0; i > 0; i--) {
        world_tick(w);
        world_act(w);
    }
    if (!ticks && world_chance(w, 50)) world_act(w);
    w->now = open_at + MIN;
    if (w->ticks && world_chance(w, 30)) return; /* ticks alone: no candle comes of this minute */
    for (int sym = 0; sym < BENCH_SYMBOLS; sym++) world_candle(w, sym, open_at);
    world_act(w);
    if (world_chance(w, 5)) w->now += MIN; /* a gap in the data */
}

#endif
