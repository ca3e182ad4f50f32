/* market_data: what everybody may ask of the market: books, trades, candles, tickers.
 *
 * Each function is one endpoint, by REST or by the WebSocket API. It reads its parameters, refuses
 * what is not right in the exchange's words, sets the weight where that depends on what was asked,
 * and writes the answer. Statistics over windows are made of candles (klines.c), to the minute. */
#include "sim/market_int.h"

void sim_do_ping(struct sim_call *c) {
    if (sim_params_done(c)) buf_put(c->out, STR("{}"));
}

void sim_do_time(struct sim_call *c) {
    if (!sim_params_done(c)) return;
    buf_put_byte(c->out, '{');
    sim_put_time(c, "serverTime", c->now);
    buf_put_byte(c->out, '}');
}

/* --- which symbols ----------------------------------------------------------------------- */

struct picked {
    int *syms;
    int count;
    bool array; /* the answer is one */
    bool all;   /* none was named */
};

static bool price_known(const struct sim_call *c, int sym) {
    return sim_prices_get(c->ex, sym)->live;
}

/* must: one has to be named, at most 100 of them. */
static bool pick(struct sim_call *c, bool must, struct picked *ret) {
    const int total = c->ex->symbols.count;
    str status;
    *ret = (struct picked){.syms = NEW_ARRAY(c->mem, int, total + 1)};
    if (!sim_get_syms(c, ret->syms, &ret->count, &ret->array) || !sim_get_status(c, &status))
        return false;
    if (ret->count < 0 && must)
        return sim_refuse(c, 0, -1102,
                          "Param 'symbol' or 'symbols' must be sent, but both were empty/null!");
    if (must && ret->count > 100)
        return sim_refuse(c, 0, -1101,
                          "Too many values sent for parameter 'symbols', maximum allowed up to "
                          "100.");
    if (ret->count < 0) {
        ret->all = ret->array = true;
        ret->count = total;
        for (int i = 0; i < total; i++) ret->syms[i] = i;
    }
    if (!ret->array && !sim_status_is(&c->ex->symbols.v[ret->syms[0]], status))
        return sim_refuse(c, 0, -1220,
                          "The symbol's status does not match the requested symbolStatus.");
    int kept = 0;
    for (int i = 0; i < ret->count; i++)
        if ((!ret->array || price_known(c, ret->syms[i])) &&
            sim_status_is(&c->ex->symbols.v[ret->syms[i]], status))
            ret->syms[kept++] = ret->syms[i];
    ret->count = kept;
    return true;
}

/* Writes one object a symbol, as an array where one was asked for. */
static void put_each(struct sim_call *c, const struct picked *p, const void *arg,
                     void (*put)(struct sim_call *c, int sym, const void *arg)) {
    if (p->array) buf_put_byte(c->out, '[');
    for (int i = 0; i < p->count; i++) {
        buf_put(c->out, i ? STR(",{") : STR("{"));
        put(c, p->syms[i], arg);
        buf_put_byte(c->out, '}');
    }
    if (p->array) buf_put_byte(c->out, ']');
}

static bool one_sym(struct sim_call *c, int *ret) { return sim_get_sym(c, true, ret); }

static bool get_limit(struct sim_call *c, int64_t most, int64_t *ret) {
    if (!sim_get_i64(c, "limit", false, 1, INT64_MAX, ret)) return false;
    *ret = i64_min(*ret, most);
    return true;
}

/* --- the book ---------------------------------------------------------------------------- */

void sim_put_levels(struct buf *b, const struct match_level *v, int count, int64_t limit) {
    buf_put_byte(b, '[');
    bool first = true;
    for (int i = 0; i < count && limit > 0; i++) {
        if (qty_is_zero(v[i].qty)) continue;
        buf_put(b, first ? STR("[\"") : STR(",[\""));
        sim_put_e8(b, price_e8(v[i].price));
        buf_put(b, STR("\",\""));
        sim_put_e8(b, qty_e8(v[i].qty));
        buf_put(b, STR("\"]"));
        first = false;
        limit--;
    }
    buf_put_byte(b, ']');
}

void sim_do_depth(struct sim_call *c) {
    int sym;
    int64_t limit = 100;
    str status;
    if (!one_sym(c, &sym) || !get_limit(c, 5000, &limit) || !sim_get_status(c, &status)) return;
    c->weight = limit <= 100 ? 5 : limit <= 500 ? 25 : limit <= 1000 ? 50 : 250;
    if (!sim_params_done(c)) return;
    if (!sim_status_is(&c->ex->symbols.v[sym], status)) {
        sim_refuse(c, 0, -1220, "The symbol's status does not match the requested symbolStatus.");
        return;
    }
    const struct sim_prices_of *p = sim_prices_get(c->ex, sym);
    buf_put_byte(c->out, '{');
    sim_put_int(c->out, "lastUpdateId", p->update_id);
    sim_put_key(c->out, "bids");
    sim_put_levels(c->out, p->book.bids, p->book.bid_count, limit);
    sim_put_key(c->out, "asks");
    sim_put_levels(c->out, p->book.asks, p->book.ask_count, limit);
    buf_put_byte(c->out, '}');
}

static void put_book_ticker(struct sim_call *c, int sym, const void *arg) {
    const struct sim_prices_of *p = sim_prices_get(c->ex, sym);
    struct match_level bid = {0}, ask = {0};
    (void)arg;
    IGNORE(!sim_best(p, true, &bid) || !sim_best(p, false, &ask), "an empty side is told as 0");
    sim_put_text(c->out, "symbol", c->ex->symbols.v[sym].name);
    sim_put_amount(c->out, "bidPrice", price_e8(bid.price));
    sim_put_amount(c->out, "bidQty", qty_e8(bid.qty));
    sim_put_amount(c->out, "askPrice", price_e8(ask.price));
    sim_put_amount(c->out, "askQty", qty_e8(ask.qty));
}

void sim_do_ticker_book(struct sim_call *c) {
    struct picked p;
    if (!pick(c, false, &p)) return;
    if (p.array) c->weight = 4;
    if (sim_params_done(c)) put_each(c, &p, NULL, put_book_ticker);
}

static void put_price(struct sim_call *c, int sym, const void *arg) {
    (void)arg;
    sim_put_text(c->out, "symbol", c->ex->symbols.v[sym].name);
    sim_put_amount(c->out, "price", price_e8(sim_prices_get(c->ex, sym)->last));
}

void sim_do_ticker_price(struct sim_call *c) {
    struct picked p;
    if (!pick(c, false, &p)) return;
    if (p.array) c->weight = 4;
    if (sim_params_done(c)) put_each(c, &p, NULL, put_price);
}

/* Symbols whose filters take the last price are told the usual average. */
int64_t sim_average_minutes(const struct symbol *s) {
    return s->avg_price_mins > 0 ? s->avg_price_mins : 5;
}

void sim_do_avg_price(struct sim_call *c) {
    int sym;
    if (!one_sym(c, &sym) || !sim_params_done(c)) return;
    const int64_t minutes = sim_average_minutes(&c->ex->symbols.v[sym]);
    buf_put_byte(c->out, '{');
    sim_put_int(c->out, "mins", minutes);
    sim_put_amount(c->out, "price", price_e8(sim_average(c->ex, sym, minutes)));
    sim_put_time(c, "closeTime", sim_prices_get(c->ex, sym)->at + c->ex->skew);
    buf_put_byte(c->out, '}');
}

/* --- trades ------------------------------------------------------------------------------ */

static void put_trade(struct sim_call *c, const struct sim_tape *t) {
    buf_put_byte(c->out, '{');
    sim_put_int(c->out, "id", t->id);
    sim_put_amount(c->out, "price", price_e8(t->price));
    sim_put_amount(c->out, "qty", qty_e8(t->qty));
    sim_put_amount(c->out, "quoteQty", money_e8(t->quote));
    sim_put_time(c, "time", t->at + c->ex->skew);
    sim_put_bool(c->out, "isBuyerMaker", t->buyer_maker);
    sim_put_bool(c->out, "isBestMatch", true);
    buf_put_byte(c->out, '}');
}

static void put_agg_trade(struct sim_call *c, const struct sim_tape *t) {
    buf_put_byte(c->out, '{');
    sim_put_int(c->out, "a", t->id);
    sim_put_amount(c->out, "p", price_e8(t->price));
    sim_put_amount(c->out, "q", qty_e8(t->qty));
    sim_put_int(c->out, "f", t->id);
    sim_put_int(c->out, "l", t->id);
    sim_put_time(c, "T", t->at + c->ex->skew);
    sim_put_bool(c->out, "m", t->buyer_maker);
    sim_put_bool(c->out, "M", true);
    buf_put_byte(c->out, '}');
}

/* Those of the tape from `id` on that lie in [from, to], at most `limit`. */
static void put_tape(struct sim_call *c, int sym, int64_t id, int64_t limit, usec from, usec to,
                     void (*put)(struct sim_call *c, const struct sim_tape *t)) {
    const struct sim_prices_of *p = sim_prices_get(c->ex, sym);
    bool first = true;
    buf_put_byte(c->out, '[');
    for (id = i64_max(id, p->trade_id - SIM_TAPE + 1); id <= p->trade_id && limit > 0; id++) {
        const struct sim_tape *t = sim_tape_get(p, id);
        if (!t || t->at + c->ex->skew < from || t->at + c->ex->skew > to) continue;
        if (!first) buf_put_byte(c->out, ',');
        put(c, t);
        first = false;
        limit--;
    }
    buf_put_byte(c->out, ']');
}

static int64_t newest(const struct sim_call *c, int sym, int64_t limit) {
    return sim_prices_get(c->ex, sym)->trade_id - limit + 1;
}

void sim_do_trades(struct sim_call *c) {
    int sym;
    int64_t limit = 500;
    if (!one_sym(c, &sym) || !get_limit(c, 1000, &limit) || !sim_params_done(c)) return;
    put_tape(c, sym, newest(c, sym, limit), limit, 0, INT64_MAX, put_trade);
}

void sim_do_historical_trades(struct sim_call *c) {
    int sym;
    int64_t limit = 500, from = -1;
    if (!one_sym(c, &sym) || !get_limit(c, 1000, &limit) ||
        !sim_get_i64(c, "fromId", false, 0, INT64_MAX, &from) || !sim_params_done(c))
        return;
    put_tape(c, sym, from < 0 ? newest(c, sym, limit) : from, limit, 0, INT64_MAX, put_trade);
}

void sim_do_agg_trades(struct sim_call *c) {
    int sym;
    int64_t limit = 500, from_id = -1;
    usec from = -1, to = -1;
    if (!one_sym(c, &sym) || !get_limit(c, 1000, &limit) ||
        !sim_get_i64(c, "fromId", false, 0, INT64_MAX, &from_id) ||
        !sim_get_time(c, "startTime", &from) || !sim_get_time(c, "endTime", &to) ||
        !sim_params_done(c))
        return;
    if (from_id >= 0 && (from >= 0 || to >= 0)) {
        sim_refuse(c, 0, -1128, "Combination of optional parameters invalid.");
        return;
    }
    if (from_id < 0 && from < 0 && to < 0) from_id = newest(c, sym, limit);
    /* a time in ms means all of that millisecond */
    put_tape(c, sym, from_id, limit, from, to < 0 ? INT64_MAX : to + USEC_PER_MS - 1,
             put_agg_trade);
}

/* --- candles ----------------------------------------------------------------------------- */

/* "-1:00", "05:45", "8", "+8" -> what local time is ahead. */
static bool parse_zone(str s, usec *ret) {
    str hours, minutes;
    int64_t h, m = 0;
    const bool minus = s.n > 0 && s.p[0] == '-';
    if (s.n > 0 && (s.p[0] == '-' || s.p[0] == '+')) s = str_tail(s, 1);
    if (!str_cut(&s, ':', &hours)) return false;
    minutes = s.p ? s : STR("0");
    if (hours.n < 1 || hours.n > 2 || minutes.n > 2 || !str_to_i64(hours, &h) ||
        !str_to_i64(minutes, &m) || h < 0 || m < 0 || m > 59)
        return false;
    const usec at = h * USEC_PER_HOUR + m * USEC_PER_MIN;
    if (at > (minus ? 12 : 14) * USEC_PER_HOUR) return false;
    *ret = minus ? -at : at;
    return true;
}

static bool get_zone(struct sim_call *c, usec *ret) {
    str text = {0};
    *ret = 0;
    if (!sim_get_str(c, "timeZone", false, &text)) return false;
    if (!text.p || parse_zone(text, ret)) return true;
    return sim_refuse(c, 0, -1130, "Data sent for parameter 'timeZone' is not valid.");
}

static void put_kline(struct sim_call *c, const struct sim_kline *k, usec end) {
    struct buf *b = c->out;
    const int64_t prices[] = {price_e8(k->open), price_e8(k->high), price_e8(k->low),
                              price_e8(k->close), k->base_e8};
    buf_put_byte(b, '[');
    buf_put_i64(b, c->micros ? k->open_at : k->open_at / USEC_PER_MS);
    for (ptrdiff_t i = 0; i < COUNT_OF(prices); i++) {
        buf_put(b, STR(",\""));
        sim_put_e8(b, prices[i]);
        buf_put_byte(b, '"');
    }
    buf_put_byte(b, ',');
    buf_put_i64(b, c->micros ? end - 1 : end / USEC_PER_MS - 1);
    buf_put(b, STR(",\""));
    sim_put_e8(b, k->quote_e8);
    buf_put(b, STR("\","));
    buf_put_i64(b, k->trades);
    buf_put(b, STR(",\""));
    sim_put_e8(b, k->taker_base_e8);
    buf_put(b, STR("\",\""));
    sim_put_e8(b, k->taker_quote_e8);
    buf_put(b, STR("\",\"0\"]"));
}

struct kline_query {
    sim_interval interval;
    usec from, to, zone; /* -1: not sent */
    int64_t limit;
};

/* Which of `count` candles, the oldest first: from a start the first ones, else the last. */
static void put_klines(struct sim_call *c, const struct sim_kline *v, int count,
                       const struct kline_query *q) {
    int begin = 0, end = count;
    while (begin < end && q->from >= 0 && v[begin].open_at < q->from) begin++;
    while (end > begin && q->to >= 0 && v[end - 1].open_at > q->to) end--;
    if (end - begin > q->limit) {
        if (q->from >= 0)
            end = begin + (int)q->limit;
        else
            begin = end - (int)q->limit;
    }
    buf_put_byte(c->out, '[');
    for (int i = begin; i < end; i++) {
        if (i > begin) buf_put_byte(c->out, ',');
        put_kline(c, &v[i], sim_bucket_end(q->interval, v[i].open_at, q->zone));
    }
    buf_put_byte(c->out, ']');
}

void sim_do_klines(struct sim_call *c) {
    int sym;
    struct kline_query q = {.from = -1, .to = -1, .limit = 500};
    str interval;
    if (!one_sym(c, &sym) || !sim_get_str(c, "interval", true, &interval)) return;
    if (!sim_interval_from_name(interval, &q.interval)) {
        sim_refuse(c, 0, -1120, "Invalid interval.");
        return;
    }
    if (!get_limit(c, 1000, &q.limit) || !sim_get_time(c, "startTime", &q.from) ||
        !sim_get_time(c, "endTime", &q.to) || !get_zone(c, &q.zone) || !sim_params_done(c))
        return;
    struct sim_klines *k = sim_klines_get(c->ex, sym);
    const int most = 1500;
    struct sim_kline *v = NEW_ARRAY(c->mem, struct sim_kline, most);
    int count = 0;
    if (q.zone != 0 && q.interval > SIM_1H) {
        count = klines_zoned(k, q.interval, q.zone, v, most);
    } else {
        for (int i = 0; i < klines_count(k, q.interval) && i < most; i++)
            v[count++] = *klines_at(k, q.interval, i);
        q.zone = 0;
    }
    put_klines(c, v, count, &q);
}

/* --- tickers over a window ---------------------------------------------------------------- */

bool sim_stats(struct exchange *ex, int sym, usec from, struct sim_stats *ret) {
    struct sim_kline k;
    const struct sim_prices_of *p = sim_prices_get(ex, sym);
    if (!p->live || !klines_range(sim_klines_get(ex, sym), from, ex->now + 1, &k)) return false;
    const price open = k.open;
    struct sim_stats s = {.k = k, .last = p->last, .average = p->last};
    s.change_e8 = price_e8(p->last) - price_e8(open);
    price milli;
    if (price_ratio(price_from_e8(s.change_e8), 100000, price_e8(open), ROUND_FLOOR, &milli))
        s.percent_milli = price_e8(milli);
    if (k.base_e8 > 0 && k.base_e8 <= AMOUNT_E8_MAX && k.quote_e8 <= AMOUNT_E8_MAX)
        IGNORE(!price_average(money_from_e8(k.quote_e8), qty_from_e8(k.base_e8), ROUND_FLOOR,
                              &s.average),
               "then the last price");
    *ret = s;
    return true;
}

void sim_put_percent(struct buf *b, const char *key, int64_t milli) {
    const int64_t v = milli < 0 ? -milli : milli;
    sim_put_key(b, key);
    buf_printf(b, "\"%s%lld.%03lld\"", milli < 0 ? "-" : "", (long long)(v / 1000),
               (long long)(v % 1000));
}

struct window {
    usec from, shown_from, shown_to; /* ex->now; as told */
    bool full, day;                  /* day: with the members of ticker/24hr */
};

static void put_day_members(struct sim_call *c, int sym, const struct sim_stats *s) {
    const struct sim_prices_of *p = sim_prices_get(c->ex, sym);
    const struct sim_tape *t = sim_tape_get(p, p->trade_id);
    struct match_level bid = {0}, ask = {0};
    IGNORE(!sim_best(p, true, &bid) || !sim_best(p, false, &ask), "an empty side is told as 0");
    sim_put_amount(c->out, "prevClosePrice", price_e8(s->k.open));
    sim_put_amount(c->out, "lastPrice", price_e8(s->last));
    sim_put_amount(c->out, "lastQty", t ? qty_e8(t->qty) : 0);
    sim_put_amount(c->out, "bidPrice", price_e8(bid.price));
    sim_put_amount(c->out, "bidQty", qty_e8(bid.qty));
    sim_put_amount(c->out, "askPrice", price_e8(ask.price));
    sim_put_amount(c->out, "askQty", qty_e8(ask.qty));
}

static void put_window(struct sim_call *c, int sym, const void *arg) {
    const struct window *w = arg;
    struct sim_stats s = {0};
    struct buf *b = c->out;
    IGNORE(!sim_stats(c->ex, sym, w->from, &s), "only symbols with a price are asked for");
    sim_put_text(b, "symbol", c->ex->symbols.v[sym].name);
    if (w->full) {
        sim_put_amount(b, "priceChange", s.change_e8);
        sim_put_percent(b, "priceChangePercent", s.percent_milli);
        sim_put_amount(b, "weightedAvgPrice", price_e8(s.average));
    }
    if (w->full && w->day) put_day_members(c, sym, &s);
    sim_put_amount(b, "openPrice", price_e8(s.k.open));
    sim_put_amount(b, "highPrice", price_e8(s.k.high));
    sim_put_amount(b, "lowPrice", price_e8(s.k.low));
    if (!w->full || !w->day) sim_put_amount(b, "lastPrice", price_e8(s.last));
    sim_put_amount(b, "volume", s.k.base_e8);
    sim_put_amount(b, "quoteVolume", s.k.quote_e8);
    sim_put_time(c, "openTime", w->shown_from);
    sim_put_time(c, "closeTime", w->shown_to);
    sim_put_int(b, "firstId", s.k.first_id);
    sim_put_int(b, "lastId", s.k.last_id);
    sim_put_int(b, "count", s.k.trades);
}

static bool get_full(struct sim_call *c, bool *ret) {
    str text = STR("FULL");
    if (!sim_get_str(c, "type", false, &text)) return false;
    *ret = str_eq(text, STR("FULL"));
    if (*ret || str_eq(text, STR("MINI"))) return true;
    return sim_refuse(c, 0, -1139, "Invalid ticker type.");
}

void sim_do_ticker_24hr(struct sim_call *c) {
    struct picked p;
    struct window w = {.from = c->ex->now - USEC_PER_DAY, .day = true};
    if (!pick(c, false, &p) || !get_full(c, &w.full)) return;
    c->weight = p.all || p.count > 100 ? 80 : p.count > 20 ? 40 : 2;
    if (!sim_params_done(c)) return;
    w.shown_to = c->now;
    w.shown_from = c->now - USEC_PER_DAY;
    put_each(c, &p, &w, put_window);
}

void sim_do_ticker_trading_day(struct sim_call *c) {
    struct picked p;
    struct window w = {0};
    usec zone;
    if (!pick(c, true, &p) || !get_full(c, &w.full) || !get_zone(c, &zone)) return;
    c->weight = i64_min(4 * (int64_t)p.count, 200);
    if (!sim_params_done(c)) return;
    w.from = w.shown_from = sim_bucket(SIM_1D, c->ex->now, zone);
    w.shown_to = w.from + USEC_PER_DAY - (c->micros ? 1 : USEC_PER_MS);
    put_each(c, &p, &w, put_window);
}

/* "1m".."59m", "1h".."23h", "1d".."7d" */
bool sim_parse_window(str s, usec *ret) {
    static const struct {
        char unit;
        int64_t most;
        usec us;
    } units[] = {{'m', 59, USEC_PER_MIN}, {'h', 23, USEC_PER_HOUR}, {'d', 7, USEC_PER_DAY}};
    int64_t n;
    for (ptrdiff_t i = 0; i < COUNT_OF(units); i++) {
        if (s.n < 2 || s.n > 3 || s.p[s.n - 1] != units[i].unit) continue;
        if (!str_to_i64(str_head(s, s.n - 1), &n) || n < 1 || n > units[i].most || s.p[0] < '1' ||
            s.p[0] > '9')
            return false;
        *ret = n * units[i].us;
        return true;
    }
    return false;
}

void sim_do_ticker(struct sim_call *c) {
    struct picked p;
    struct window w = {0};
    str size = STR("1d");
    usec length;
    if (!pick(c, true, &p) || !get_full(c, &w.full) || !sim_get_str(c, "windowSize", false, &size))
        return;
    c->weight = i64_min(4 * (int64_t)p.count, 200);
    if (!sim_parse_window(size, &length)) {
        sim_refuse(c, 0, -1130, "Data sent for parameter 'windowSize' is not valid.");
        return;
    }
    if (!sim_params_done(c)) return;
    w.from = w.shown_from = sim_bucket(SIM_1M, c->ex->now - length, 0);
    w.shown_to = c->now;
    put_each(c, &p, &w, put_window);
}
