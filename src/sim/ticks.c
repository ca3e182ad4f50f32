/* ticks: the prices of the exchange, and the books around them.
 *
 * In: candles, played at a speed, or nothing: then each symbol walks at random from a price that
 * suits it. Out: at each tick one trade on the tape, a book of SIM_LEVELS levels a side, which goes
 * to the engine, and candles (klines.c). Where that is wanted (walk_on),
 * a symbol without candles walks, and one whose candles are used up walks on from there; else
 * prices stand still.
 *
 * A candle is shown once it has closed in its own time: open, then the nearer of low and high, then
 * the other, then the close, in straight lines with a few ticks each; so nothing outside its range
 * is ever traded. The random walk is drawn back to where it began, weakly, so that it stays a
 * price of that coin for months.
 *
 * Each symbol has its own random numbers, from the seed and its name, and its own times: the same
 * seed and times give the same prices, whatever is asked in between and whichever other symbols
 * there are. Between two ticks nothing is created: what orders of ours ate stays eaten.
 *
 * Failure: a state that is not ours. Memory: the boot arena; klines on the heap. One thread. */
#include <inttypes.h>
#include <stdlib.h>

#include "sim/market_int.h"

#define TICK_LEAST (200 * USEC_PER_MS) /* between two ticks of a walk */
#define TICK_MOST (800 * USEC_PER_MS)
#define WALK_E8 INT64_C(3700)   /* largest of four equal steps of a tick, share of the price */
#define PULL 4000000            /* of what is off, a tick takes this part back */
#define SPREAD_E8 INT64_C(8000) /* bid to ask */
#define LEVEL_E8 INT64_C(10000) /* from level to level */
#define FINE_SCALE INT64_C(10000)
#define FINE_PRICE_MAX (AMOUNT_E8_MAX / 10000) /* prices under it are kept with more digits */
#define STEP_LEAST (250 * USEC_PER_MS)         /* of a candle that is played */
#define STEPS_MAX 120
#define HISTORY_VOLUME 60 /* trades a minute that drawn klines stand for */

/* --- prices to begin with ---------------------------------------------------------------- */

/* What a coin costs in dollars, roughly, late in 2025, in 1e-8; what is not here is guessed from
 * the symbol's tick. */
/* clang-format off */
#define DOLLARS(X)                                                                                 \
    X("BTC", 90000 * E8) X("ETH", 3000 * E8) X("BNB", 900 * E8) X("SOL", 140 * E8)                 \
    X("XRP", 220000000) X("ADA", 45000000) X("DOGE", 15000000) X("DOT", 230000000)                 \
    X("LTC", 85 * E8) X("SHIB", 900) X("LINK", 13 * E8) X("AVAX", 14 * E8) X("TRX", 28000000)      \
    X("BCH", 530 * E8) X("XLM", 25000000) X("UNI", 6 * E8) X("ATOM", 250000000)                    \
    X("ETC", 13 * E8) X("FIL", 160000000) X("NEAR", 190000000) X("PEPE", 450) X("PAXG", 4200 * E8) \
    X("USDT", E8) X("USDC", E8) X("FDUSD", E8) X("BUSD", E8) X("TUSD", E8) X("DAI", E8)            \
    X("USD", E8) X("EUR", 116000000) X("GBP", 132000000) X("TRY", 2360000) X("BRL", 18700000)      \
    X("JPY", 640000)
/* clang-format on */

static bool dollars_of(const char *asset, int64_t *ret_e8) {
    static const struct {
        const char *asset;
        int64_t worth;
    } dollars[] = {
#define X(asset, worth) {asset, worth},
        DOLLARS(X)
#undef X
    };
    for (ptrdiff_t i = 0; i < COUNT_OF(dollars); i++) {
        if (strcmp(dollars[i].asset, asset) != 0) continue;
        *ret_e8 = dollars[i].worth;
        return true;
    }
    return false;
}

static price tick_of(const struct symbol *s) {
    return price_is_zero(s->tick) ? price_from_e8(1) : s->tick;
}

static price within(const struct symbol *s, price p) {
    p = price_to_tick(p, tick_of(s), ROUND_FLOOR);
    if (!price_is_zero(s->max_price) && price_cmp(p, s->max_price) > 0)
        p = price_to_tick(s->max_price, tick_of(s), ROUND_FLOOR);
    if (price_cmp(p, s->min_price) < 0) p = price_to_tick(s->min_price, tick_of(s), ROUND_CEIL);
    return price_cmp(p, tick_of(s)) < 0 ? tick_of(s) : p;
}

static price first_price(const struct symbol *s) {
    int64_t base, quote;
    price p;
    if (dollars_of(s->base, &base) && dollars_of(s->quote, &quote) &&
        price_ratio(price_from_e8(base), E8, quote, ROUND_FLOOR, &p) && !price_is_zero(p))
        return within(s, p);
    /* ticks of real symbols are between a thousandth and a hundred-thousandth of the price */
    if (!price_ratio(tick_of(s), 12345, 1, ROUND_FLOOR, &p)) p = tick_of(s);
    return within(s, p);
}

/* --- books ------------------------------------------------------------------------------- */

/* What stands at the best price on average: normal orders fill there. */
static money touch_worth(const struct symbol *s) {
    money m;
    if (!money_is_zero(s->min_notional) && money_ratio(s->min_notional, 10000, 1, ROUND_FLOOR, &m))
        return m;
    return money_from_e8(50000 * E8);
}

/* Quantities are drawn in lots: whole steps. */
struct lots {
    int64_t step, least, touch; /* of the best price on average */
};

static struct lots lots_of(const struct symbol *s, price p) {
    struct lots l = {.step = i64_max(qty_e8(s->step), 1)};
    qty q;
    if (!qty_affordable(touch_worth(s), p, ROUND_CEIL, &q)) q = qty_from_e8(AMOUNT_E8_MAX / 1000);
    l.touch = i64_min(qty_e8(q) / l.step, INT64_C(10000000000000));
    l.least = i64_max(qty_e8(s->min_qty) / l.step, 1);
    return l;
}

/* share: in 1/10000 of what stands at the touch. */
static qty lots_qty(const struct lots *l, int64_t share) {
    const int64_t n = i64_max(l->touch * share / 10000, l->least);
    return qty_from_e8(n <= AMOUNT_E8_MAX / 1000 / l->step ? n * l->step : l->step);
}

static qty draw_qty(const struct lots *l, struct rng *r, int level) {
    return lots_qty(l, rng_between(r, 5000, 15000) * (8 + level) / 8);
}

/* A share of p, in whole ticks, at least one. */
static price gap_of(const struct symbol *s, price p, int64_t share_e8) {
    price gap;
    if (!price_ratio(p, share_e8, E8, ROUND_FLOOR, &gap)) return tick_of(s);
    gap = price_to_tick(gap, tick_of(s), ROUND_CEIL);
    return price_is_zero(gap) ? tick_of(s) : gap;
}

/* best bid from the middle; the ask lies the spread above it. */
static void book_make(const struct symbol *s, struct sim_prices_of *p, price middle) {
    struct sim_book *b = &p->book;
    const struct lots lots = lots_of(s, middle);
    const price spread = gap_of(s, middle, SPREAD_E8), gap = gap_of(s, middle, LEVEL_E8);
    price bid, ask;
    if (!price_ratio(middle, 2 * E8 - SPREAD_E8, 2 * E8, ROUND_FLOOR, &bid)) bid = middle;
    bid = within(s, bid);
    if (!price_add(bid, spread, &ask)) WRONG("a price within the filter has room above it");
    b->bid_count = b->ask_count = 0;
    for (int i = 0; i < SIM_LEVELS && price_e8(bid) > 0; i++) {
        b->bids[b->bid_count++] = (struct match_level){bid, draw_qty(&lots, &p->rng, i)};
        if (price_cmp(bid, gap) <= 0 || !price_sub(bid, gap, &bid)) break;
    }
    for (int i = 0; i < SIM_LEVELS; i++) {
        b->asks[b->ask_count++] = (struct match_level){ask, draw_qty(&lots, &p->rng, i)};
        if (!price_add(ask, gap, &ask)) break;
    }
}

static void book_show(struct exchange *ex, int sym, const struct sim_prices_of *p) {
    const struct match_book b = {.sym = sym,
                                 .at = ex->now,
                                 .last = p->last,
                                 .bids = p->book.bids,
                                 .asks = p->book.asks,
                                 .bid_count = p->book.bid_count,
                                 .ask_count = p->book.ask_count};
    match_book(ex->match, ex->now, &b);
}

bool sim_best(const struct sim_prices_of *p, bool bid, struct match_level *ret) {
    const struct match_level *v = bid ? p->book.bids : p->book.asks;
    const int count = bid ? p->book.bid_count : p->book.ask_count;
    for (int i = 0; i < count; i++) {
        if (qty_is_zero(v[i].qty)) continue;
        *ret = v[i];
        return true;
    }
    return false;
}

void sim_ticks_eaten(struct exchange *ex, const struct match_event *e) {
    if (e->kind != MATCH_EV_TRADE || e->maker || !ex->prices) return;
    struct sim_prices_of *p = &ex->prices->of[e->order.sym];
    struct match_level *v = e->order.side == ORDER_BUY ? p->book.asks : p->book.bids;
    const int count = e->order.side == ORDER_BUY ? p->book.ask_count : p->book.bid_count;
    for (int i = 0; i < count; i++) {
        if (price_cmp(v[i].price, e->fill_price) != 0) continue;
        v[i].qty = qty_minus(v[i].qty, qty_min(v[i].qty, e->fill_qty));
        p->update_id++;
        return;
    }
}

void sim_ticks_thin(struct exchange *ex, int sym, order_side taker, qty have) {
    struct sim_prices_of *p = &ex->prices->of[sym];
    struct match_level *v = taker == ORDER_BUY ? p->book.asks : p->book.bids;
    const int count = taker == ORDER_BUY ? p->book.ask_count : p->book.bid_count;
    if (!p->live) return;
    for (int i = 0; i < count; i++) {
        v[i].qty = qty_min(v[i].qty, have);
        have = qty_minus(have, v[i].qty);
    }
    p->update_id++;
    book_show(ex, sym, p);
    sim_settle(ex);
}

/* --- a tick ------------------------------------------------------------------------------ */

static void fine_set(struct sim_prices_of *p, price to) {
    p->fine_scale = price_e8(to) < FINE_PRICE_MAX / 100 ? FINE_SCALE : 1;
    p->fine = p->fine_anchor = price_e8(to) * p->fine_scale;
}

static price fine_price(const struct sim_prices_of *p) {
    return price_from_e8(p->fine / p->fine_scale);
}

/* traded: base units; 0: a quantity is drawn. */
static void trade_put(struct exchange *ex, int sym, bool sells, int64_t traded_e8) {
    const struct symbol *s = &ex->symbols.v[sym];
    struct sim_prices_of *p = &ex->prices->of[sym];
    struct sim_tape *t = &p->tape[++p->trade_id % SIM_TAPE];
    *t =
        (struct sim_tape){.id = p->trade_id, .price = p->last, .at = ex->now, .buyer_maker = sells};
    const struct lots lots = lots_of(s, p->last);
    if (traded_e8 > 0)
        t->qty = qty_from_e8((i64_min(traded_e8, AMOUNT_E8_MAX) + lots.step - 1) / lots.step *
                             lots.step);
    else
        t->qty = lots_qty(&lots, rng_between(&p->rng, 1, 150));
    if (!money_notional(t->price, t->qty, ROUND_FLOOR, &t->quote))
        t->quote = money_from_e8(AMOUNT_E8_MAX);
    klines_add(&p->klines, t);
}

/* A new price at ex->now. exact: it is the last trade's; else the trade is at the touch. */
static void tick(struct exchange *ex, int sym, price middle, bool exact, int64_t traded_e8) {
    const struct symbol *s = &ex->symbols.v[sym];
    struct sim_prices_of *p = &ex->prices->of[sym];
    middle = within(s, middle);
    const bool sells = p->live ? price_cmp(middle, p->last) < 0 : rng_below(&p->rng, 2) == 0;
    book_make(s, p, middle);
    if (p->first_at == 0) {
        p->first = middle;
        p->first_at = ex->now;
    }
    p->last = exact ? middle : sells ? p->book.bids[0].price : p->book.asks[0].price;
    p->live = true;
    p->at = ex->now;
    p->update_id++;
    trade_put(ex, sym, sells, traded_e8);
    book_show(ex, sym, p);
    sim_settle(ex);
    sim_market_tick(ex, sym);
}

/* --- the random walk --------------------------------------------------------------------- */

static void walk_later(const struct exchange *ex, struct sim_prices_of *p) {
    p->next_at = ex->now + rng_between(&p->rng, TICK_LEAST, TICK_MOST);
}

static int64_t times(int64_t v, int64_t num, int64_t den) {
    price r;
    return price_ratio(price_from_e8(v), num, den, ROUND_FLOOR, &r) ? price_e8(r) : v;
}

/* The sum of four equal draws is near enough to a normal one. */
static int64_t walk_share(struct rng *r) {
    int64_t share = 0;
    for (int i = 0; i < 4; i++) share += rng_between(r, -WALK_E8, WALK_E8);
    return share;
}

static void walk(struct exchange *ex, int sym) {
    struct sim_prices_of *p = &ex->prices->of[sym];
    p->fine += times(p->fine, walk_share(&p->rng), E8) + (p->fine_anchor - p->fine) / PULL;
    if (p->fine < p->fine_scale) p->fine = p->fine_scale;
    walk_later(ex, p);
    tick(ex, sym, fine_price(p), false, 0);
}

/* --- candles ----------------------------------------------------------------------------- */

/* From candle time to ex->now. */
static usec played_at(const struct exchange *ex, usec candle_time) {
    const int64_t speed = ex->opt.speed_e8 > 0 ? ex->opt.speed_e8 : E8;
    return ex->prices->origin + times(candle_time - ex->prices->candle_zero, E8, speed);
}

static void peek(struct exchange *ex) {
    struct sim_prices *all = ex->prices;
    if (all->has_peek || all->candles_over) return;
    do {
        if (!ex->opt.next_candle || !ex->opt.next_candle(ex->opt.candle_ctx, &all->peek)) {
            all->candles_over = true;
            return;
        }
    } while (all->peek.sym < 0 || all->peek.sym >= all->count);
    all->has_peek = true;
}

static price scaled(const struct sim_prices_of *p, price x) {
    price r;
    return price_ratio(x, p->scale_e8, E8, ROUND_FLOOR, &r) ? r : x;
}

static void play_begin(struct exchange *ex) {
    struct sim_prices *all = ex->prices;
    const struct candle c = all->peek;
    struct sim_prices_of *p = &all->of[c.sym];
    all->has_peek = false;
    all->candle_at = c.close_at;
    p->has_candles = p->playing = true;
    p->candle = c;
    p->play_from = i64_max(played_at(ex, c.close_at), ex->now);
    p->play_len = i64_max(played_at(ex, c.close_at + (c.close_at - c.open_at)) - p->play_from, 4);
    p->step = 0;
    p->steps = (int)i64_clamp(p->play_len / STEP_LEAST, 4, STEPS_MAX);
    p->next_at = p->play_from;
}

/* Where the candle's price is at step of steps: open, low and high, close; the nearer end first. */
static price path(const struct candle *c, int step, int steps) {
    const int64_t o = price_e8(c->open), h = price_e8(c->high), l = price_e8(c->low);
    const bool low_first = o - l <= h - o;
    const int64_t at[4] = {o, low_first ? l : h, low_first ? h : l, price_e8(c->close)};
    const int last = steps - 1;
    const int part = step * 3 / last >= 3 ? 2 : step * 3 / last;
    const int64_t begin = ((int64_t)part * last + 2) / 3,
                  end = ((int64_t)(part + 1) * last + 2) / 3;
    return price_from_e8(at[part] + times(at[part + 1] - at[part], step - begin, end - begin));
}

static bool walks(const struct exchange *ex) { return !ex->opt.next_candle || ex->opt.walk_on; }

static void play(struct exchange *ex, int sym) {
    struct sim_prices_of *p = &ex->prices->of[sym];
    const price at = scaled(p, path(&p->candle, p->step, p->steps));
    const int64_t share = volume_e8(p->candle.volume) / p->steps;
    p->step++;
    if (p->step < p->steps) {
        p->next_at = p->play_from + times(p->play_len, p->step, p->steps);
    } else {
        p->playing = false;
        p->next_at = USEC_NEVER;
        fine_set(p, at);
        if (ex->prices->candles_over && walks(ex)) walk_later(ex, p);
    }
    tick(ex, sym, at, true, i64_max(share, 1));
}

/* --- time -------------------------------------------------------------------------------- */

static int earliest(const struct sim_prices *all, usec *ret_at) {
    int best = -1;
    *ret_at = USEC_NEVER;
    for (int i = 0; i < all->count; i++) {
        if (all->of[i].next_at >= *ret_at) continue;
        *ret_at = all->of[i].next_at;
        best = i;
    }
    return best;
}

static usec candle_next(const struct exchange *ex) {
    return ex->prices->has_peek ? played_at(ex, ex->prices->peek.close_at) : USEC_NEVER;
}

usec sim_ticks_next(const struct exchange *ex) {
    usec at;
    IGNORE(earliest(ex->prices, &at) < 0, "USEC_NEVER");
    return i64_min(at, candle_next(ex));
}

/* The last candles have begun to be played: who has none any more walks. */
static void candles_end(struct exchange *ex) {
    if (!walks(ex)) return;
    for (int i = 0; i < ex->prices->count; i++) {
        struct sim_prices_of *p = &ex->prices->of[i];
        if (p->next_at == USEC_NEVER && p->live) walk_later(ex, p);
    }
}

void sim_ticks_advance(struct exchange *ex, usec to) {
    struct sim_prices *all = ex->prices;
    for (;;) {
        usec at;
        const int sym = earliest(all, &at);
        const usec candle = candle_next(ex);
        if (i64_min(at, candle) > to) break;
        ex->now = i64_max(ex->now, i64_min(at, candle));
        if (candle <= at) {
            play_begin(ex);
            peek(ex);
            if (all->candles_over) candles_end(ex);
        } else if (all->of[sym].playing) {
            play(ex, sym);
        } else {
            walk(ex, sym);
        }
    }
    ex->now = i64_max(ex->now, to);
    match_advance(ex->match, ex->now);
    sim_settle(ex);
}

/* --- asked from outside ------------------------------------------------------------------ */

void sim_ticks_set(struct exchange *ex, int sym, price to) {
    struct sim_prices_of *p = &ex->prices->of[sym];
    to = within(&ex->symbols.v[sym], to);
    if (p->has_candles) {
        const price base = p->playing ? path(&p->candle, p->step, p->steps) : p->candle.close;
        price scale;
        if (price_ratio(to, E8, price_e8(base), ROUND_CEIL, &scale)) p->scale_e8 = price_e8(scale);
    }
    fine_set(p, to);
    tick(ex, sym, to, true, 0);
}

void sim_ticks_gap(struct exchange *ex, int sym, int64_t factor_e8) {
    const struct sim_prices_of *p = &ex->prices->of[sym];
    price to;
    if (p->live && factor_e8 > 0 && price_ratio(p->last, factor_e8, E8, ROUND_FLOOR, &to))
        sim_ticks_set(ex, sym, to);
}

struct sim_prices_of *sim_prices_get(const struct exchange *ex, int sym) {
    PRE(sym >= 0 && sym < ex->prices->count);
    return &ex->prices->of[sym];
}

const struct sim_tape *sim_tape_get(const struct sim_prices_of *p, int64_t id) {
    if (id <= 0 || id > p->trade_id || id <= p->trade_id - SIM_TAPE) return NULL;
    const struct sim_tape *t = &p->tape[id % SIM_TAPE];
    return t->id == id ? t : NULL;
}

price sim_average(struct exchange *ex, int sym, int64_t minutes) {
    const struct sim_prices_of *p = sim_prices_get(ex, sym);
    struct sim_kline k;
    price avg;
    if (minutes > 0 &&
        klines_range(&p->klines, ex->now - minutes * USEC_PER_MIN, ex->now + 1, &k) &&
        k.base_e8 > 0 && k.base_e8 <= AMOUNT_E8_MAX && k.quote_e8 <= AMOUNT_E8_MAX &&
        price_average(money_from_e8(k.quote_e8), qty_from_e8(k.base_e8), ROUND_FLOOR, &avg))
        return avg;
    return p->last;
}

bool sim_reference_price(const struct exchange *ex, int sym, price *ret) {
    const struct sim_prices_of *p = sim_prices_get(ex, sym);
    if (!p->live) return false;
    *ret = p->last;
    return true;
}

/* --- history ----------------------------------------------------------------------------- */

/* A candle drawn between two prices, as wide as one of its length may be. */
static void draw_between(const struct symbol *s, struct rng *r, price from, price to, int64_t wide,
                         struct sim_kline *ret) {
    const bool up = price_cmp(to, from) > 0;
    price high = up ? to : from, low = up ? from : to, more;
    if (price_ratio(high, E8 + rng_between(r, 0, wide), E8, ROUND_FLOOR, &more)) high = more;
    if (price_ratio(low, E8 - rng_between(r, 0, wide), E8, ROUND_CEIL, &more)) low = more;
    *ret = (struct sim_kline){.open = within(s, from),
                              .close = within(s, to),
                              .high = within(s, high),
                              .low = within(s, low),
                              .first_id = -1,
                              .last_id = -1};
    if (price_cmp(ret->low, ret->open) > 0) ret->low = ret->open;
    if (price_cmp(ret->low, ret->close) > 0) ret->low = ret->close;
}

/* minutes: how many of them a candle stands for. */
static void draw_volume(const struct symbol *s, struct rng *r, int64_t minutes,
                        struct sim_kline *k) {
    const struct lots lots = lots_of(s, k->close);
    const qty one = draw_qty(&lots, r, 0);
    qty sum;
    money quote;
    k->trades = rng_between(r, HISTORY_VOLUME, 3 * HISTORY_VOLUME) * minutes;
    if (!qty_ratio(one, k->trades, 200, ROUND_CEIL, &sum)) sum = one;
    if (!money_notional(k->close, sum, ROUND_FLOOR, &quote)) quote = money_from_e8(AMOUNT_E8_MAX);
    k->base_e8 = qty_e8(sum);
    k->quote_e8 = money_e8(quote);
    k->taker_base_e8 = k->base_e8 / 2;
    k->taker_quote_e8 = k->quote_e8 / 2;
}

/* Draws `count` candles of `len` that end at `end` with the price `last`; returns what the first of
 * them opened at. Backwards, so that they meet the price that there is. */
static price draw(struct exchange *ex, int sym, struct rng *r, const struct sim_kline *seam,
                  usec len, int64_t count, struct sim_klines *into) {
    const struct symbol *s = &ex->symbols.v[sym];
    /* of a minute, and of an hour (which has as many times the variance): a twelfth is one draw */
    const int64_t wide = len == USEC_PER_MIN ? 30000 : 230000;
    price *closes = calloc((size_t)count + 1, sizeof *closes);
    PRE(closes != NULL);
    closes[count] = seam->open;
    for (int64_t i = count; i > 0; i--) {
        int64_t share = 0;
        for (int j = 0; j < 4; j++) share += rng_between(r, -wide, wide);
        if (!price_ratio(closes[i], E8 + share, E8, ROUND_CEIL, &closes[i - 1]))
            closes[i - 1] = closes[i];
    }
    for (int64_t i = 0; i < count; i++) {
        struct sim_kline k;
        draw_between(s, r, closes[i], closes[i + 1], wide, &k);
        draw_volume(s, r, len / USEC_PER_MIN, &k);
        klines_add_range(into, seam->open_at - (count - i) * len, &k,
                         len == USEC_PER_MIN ? SIM_1M : SIM_1H);
    }
    const price first = closes[0];
    free(closes);
    return first;
}

/* What was before the exchange began: hours, then minutes. */
static void history_make(struct exchange *ex, int sym) {
    struct sim_prices_of *p = &ex->prices->of[sym];
    const int64_t minutes = 21 * 1440, hours = ((int64_t)ex->opt.history_days - 21) * 24;
    struct rng r;
    struct sim_klines minute = {0}, all = {0};
    p->history_made = true;
    if (ex->opt.history_days <= 0 || !p->live) return;
    rng_init(&r, ex->opt.seed ^ str_hash(str_from_z(ex->symbols.v[sym].name)) ^ 0x9e3779b97f4a7c15);
    struct sim_kline seam = {.open = p->first, .open_at = sim_bucket(SIM_1M, p->first_at, 0)};
    seam.open = draw(ex, sym, &r, &seam, USEC_PER_MIN,
                     i64_min(minutes, (int64_t)ex->opt.history_days * 1440), &minute);
    seam.open_at -= i64_min(minutes, (int64_t)ex->opt.history_days * 1440) * USEC_PER_MIN;
    /* the hours end at a full one */
    seam.open_at = sim_bucket(SIM_1H, seam.open_at, 0);
    if (hours > 0) (void)draw(ex, sym, &r, &seam, USEC_PER_HOUR, hours, &all);
    klines_append(&all, &minute);
    klines_append(&all, &p->klines);
    klines_fini(&minute);
    klines_fini(&p->klines);
    p->klines = all;
}

struct sim_klines *sim_klines_get(struct exchange *ex, int sym) {
    struct sim_prices_of *p = sim_prices_get(ex, sym);
    if (!p->history_made) history_make(ex, sym);
    klines_fill(&p->klines, ex->now);
    return &p->klines;
}

/* Candles of the first `candle_history` are over: moved so that they end now, as they were. */
static void history_take(struct exchange *ex) {
    struct sim_prices *all = ex->prices;
    const usec end = all->peek.open_at + ex->opt.candle_history;
    while (all->has_peek && all->peek.close_at <= end) {
        const struct candle c = all->peek;
        struct sim_prices_of *p = &all->of[c.sym];
        struct sim_kline k = {.open = c.open,
                              .high = c.high,
                              .low = c.low,
                              .close = c.close,
                              .base_e8 = volume_e8(c.volume),
                              .taker_base_e8 = volume_e8(c.volume) / 2,
                              .first_id = -1,
                              .last_id = -1,
                              .trades = 1};
        k.quote_e8 = times(k.base_e8, price_e8(c.close), E8);
        k.taker_quote_e8 = k.quote_e8 / 2;
        if (p->klines.of[SIM_1M].count == 0) {
            p->first = c.open;
            p->first_at = ex->now - (end - c.open_at);
        }
        klines_add_range(&p->klines, ex->now - (end - c.open_at), &k, SIM_1M);
        all->has_peek = false;
        peek(ex);
    }
}

/* --- opening, state ---------------------------------------------------------------------- */

bool sim_ticks_open(struct exchange *ex, struct error *err) {
    (void)err;
    struct sim_prices *all = NEW(ex->boot, struct sim_prices);
    all->count = ex->symbols.count;
    all->of = NEW_ARRAY(ex->boot, struct sim_prices_of, all->count);
    all->origin = ex->now;
    ex->prices = all;
    for (int i = 0; i < all->count; i++) {
        const struct symbol *s = &ex->symbols.v[i];
        struct sim_prices_of *p = &all->of[i];
        rng_init(&p->rng, ex->opt.seed ^ str_hash(str_from_z(s->name)));
        p->scale_e8 = E8;
        p->tape = NEW_ARRAY(ex->boot, struct sim_tape, SIM_TAPE);
        p->next_at = walks(ex) ? ex->now : USEC_NEVER;
        fine_set(p, ex->opt.prices && !price_is_zero(ex->opt.prices[i])
                        ? within(s, ex->opt.prices[i])
                        : first_price(s));
    }
    peek(ex);
    if (all->has_peek && ex->opt.candle_history > 0) history_take(ex);
    if (all->has_peek) all->candle_zero = all->peek.close_at;
    sim_ticks_advance(ex, ex->now);
    return true;
}

void sim_ticks_close(struct exchange *ex) {
    for (int i = 0; ex->prices && i < ex->prices->count; i++)
        klines_fini(&ex->prices->of[i].klines);
    ex->prices = NULL;
}

/* Prices go on; what was traded is forgotten, and ids begin again. */
void sim_ticks_reset(struct exchange *ex) {
    for (int i = 0; i < ex->prices->count; i++) {
        struct sim_prices_of *p = &ex->prices->of[i];
        p->trade_id = 0;
        for (int j = 0; j < SIM_TAPE; j++) p->tape[j] = (struct sim_tape){0};
        if (p->live) book_show(ex, i, p);
    }
}

void sim_ticks_save(struct exchange *ex, struct buf *out) {
    buf_printf(out, "candles %" PRId64 "\n", ex->prices->candle_at);
    for (int i = 0; i < ex->prices->count; i++) {
        const struct sim_prices_of *p = &ex->prices->of[i];
        buf_printf(out, "%s %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64,
                   ex->symbols.v[i].name, price_e8(p->last), p->fine_anchor / p->fine_scale,
                   p->scale_e8, p->trade_id, p->update_id);
        for (int j = 0; j < 4; j++) buf_printf(out, " %" PRId64, (int64_t)p->rng.s[j]);
        buf_put_byte(out, '\n');
    }
}

static bool load_line(struct exchange *ex, str line) {
    str name, word;
    int64_t v[9];
    if (!str_cut(&line, ' ', &name)) return false;
    const int sym = symbols_find(&ex->symbols, name);
    for (ptrdiff_t i = 0; i < COUNT_OF(v); i++)
        if (!str_cut(&line, ' ', &word) || !str_to_i64(word, &v[i])) return false;
    if (line.p || v[0] <= 0 || v[0] > AMOUNT_E8_MAX || v[1] <= 0 || v[1] > AMOUNT_E8_MAX ||
        v[2] <= 0 || v[3] < 0 || v[4] < 0 || (v[5] | v[6] | v[7] | v[8]) == 0)
        return false;
    if (sym == SYM_NONE) return true; /* it is not traded any more */
    struct sim_prices_of *p = &ex->prices->of[sym];
    fine_set(p, price_from_e8(v[0]));
    p->fine_anchor = times(v[1], p->fine_scale, 1);
    p->scale_e8 = v[2];
    p->trade_id = v[3];
    p->update_id = v[4];
    for (int j = 0; j < 4; j++) p->rng.s[j] = (uint64_t)v[5 + j];
    tick(ex, sym, price_from_e8(v[0]), true, 0);
    return true;
}

/* The candles that were played are over, and the next one begins now. */
static void candles_resume(struct exchange *ex, usec played) {
    struct sim_prices *all = ex->prices;
    while (all->has_peek && all->peek.close_at <= played) {
        all->has_peek = false;
        peek(ex);
    }
    for (int i = 0; i < all->count; i++) {
        struct sim_prices_of *p = &all->of[i];
        if (p->playing)
            p->next_at = all->candles_over && walks(ex) ? ex->now + TICK_MOST : USEC_NEVER;
        p->playing = false;
    }
    all->origin = ex->now;
    if (all->has_peek) all->candle_zero = all->peek.close_at;
}

bool sim_ticks_load(struct exchange *ex, str block, struct error *err) {
    str line, word;
    int64_t played;
    if (block.n == 0) return true;
    if (!str_cut(&block, '\n', &line) || !str_cut(&line, ' ', &word) ||
        !str_eq(word, STR("candles")) || !line.p || !str_to_i64(line, &played))
        return fail(err, ERR_DAMAGED, 0, "prices: not a state of theirs");
    if (played > 0) candles_resume(ex, played);
    while (block.n > 0 && str_cut(&block, '\n', &line))
        if (!load_line(ex, line)) return fail(err, ERR_DAMAGED, 0, "prices: a damaged line");
    return true;
}
