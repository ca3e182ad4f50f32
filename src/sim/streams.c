/* streams: the market streams: who is subscribed to what, and what is pushed when.
 *
 * In: stream names in a URL or a request, new prices, time. Out: events, raw or wrapped with the
 * stream's name. Trades and best prices are pushed as they come; the rest on a grid of 100 ms, 1 s
 * or 2 s of the exchange's time. A name that means nothing is taken and stays silent, as at the
 * exchange. What a depth stream tells leads from one state of the book to the next without a hole.
 *
 * Failure: a request that is wrong gets the exchange's error; nothing else can fail. One thread. */
#include "sim/streams_int.h"

#include <inttypes.h>
#include <stdlib.h>

#include <jansson.h>

#include "base/json.h"

#define NAME_MAX_BYTES 200

/* --- names ------------------------------------------------------------------------------- */

/* "btcusdt" -> index; only lower case is taken. */
static int sym_of_lower(const struct exchange *ex, str s) {
    char upper[SYMBOL_BYTES];
    if (s.n == 0 || s.n >= (ptrdiff_t)sizeof upper) return SYM_NONE;
    for (ptrdiff_t i = 0; i < s.n; i++) {
        if (s.p[i] >= 'A' && s.p[i] <= 'Z') return SYM_NONE;
        upper[i] = (char)(s.p[i] >= 'a' && s.p[i] <= 'z' ? s.p[i] - 'a' + 'A' : s.p[i]);
    }
    return symbols_find(&ex->symbols, (str){upper, s.n});
}

static void at_pace(struct stream_sub *s, stream_kind kind, usec period) {
    s->kind = kind;
    s->period = period;
}

static bool is_window(str s, usec *ret) {
    return (str_eq(s, STR("1h")) || str_eq(s, STR("4h")) || str_eq(s, STR("1d"))) &&
           sim_parse_window(s, ret);
}

/* kline_1m, kline_1d@+08:00 */
static void parse_kline(struct stream_sub *s, str rest) {
    str interval;
    IGNORE(!str_cut(&rest, '@', &interval), "a slice has a part");
    if (!sim_interval_from_name(interval, &s->interval)) return;
    if (rest.p && !str_eq(rest, STR("+08:00"))) return;
    s->zone = rest.p ? 8 * USEC_PER_HOUR : 0;
    at_pace(s, STREAM_KLINE, s->interval == SIM_1S ? USEC_PER_S : 2 * USEC_PER_S);
}

/* depth, depth5, depth20@100ms */
static void parse_depth(struct stream_sub *s, str rest) {
    str levels;
    IGNORE(!str_cut(&rest, '@', &levels), "a slice has a part");
    if (rest.p && !str_eq(rest, STR("100ms")) && !str_eq(rest, STR("1000ms"))) return;
    const usec period = rest.p && str_eq(rest, STR("100ms")) ? USEC_PER_S / 10 : USEC_PER_S;
    if (levels.n == 0) {
        at_pace(s, STREAM_DEPTH, period);
    } else if (str_eq(levels, STR("5")) || str_eq(levels, STR("10")) || str_eq(levels, STR("20"))) {
        int64_t n = 0;
        IGNORE(!str_to_i64(levels, &n), "it is one of three");
        s->levels = (int)n;
        at_pace(s, STREAM_DEPTH_TOP, period);
    }
}

static void parse_of_symbol(struct stream_sub *s, str what) {
    static const struct {
        const char *name;
        stream_kind kind;
        usec period;
    } plain[] = {{"bookTicker", STREAM_BOOK_TICKER, 0},
                 {"aggTrade", STREAM_AGG_TRADE, 0},
                 {"trade", STREAM_TRADE, 0},
                 {"miniTicker", STREAM_MINI_TICKER, USEC_PER_S},
                 {"ticker", STREAM_TICKER, USEC_PER_S},
                 {"avgPrice", STREAM_AVG_PRICE, USEC_PER_S},
                 {"referencePrice", STREAM_REFERENCE_PRICE, USEC_PER_S}};
    for (ptrdiff_t i = 0; i < COUNT_OF(plain); i++)
        if (str_eq(what, str_from_z(plain[i].name))) at_pace(s, plain[i].kind, plain[i].period);
    if (str_starts(what, STR("kline_"))) parse_kline(s, str_tail(what, 6));
    if (str_starts(what, STR("depth"))) parse_depth(s, str_tail(what, 5));
    if (str_starts(what, STR("ticker_")) && is_window(str_tail(what, 7), &s->window))
        at_pace(s, STREAM_WINDOW, USEC_PER_S);
}

static void parse_name(const struct exchange *ex, str name, struct stream_sub *s) {
    str rest = name, symbol;
    *s = (struct stream_sub){.kind = STREAM_SILENT, .sym = SYM_NONE};
    if (str_eq(name, STR("!miniTicker@arr"))) {
        at_pace(s, STREAM_MINI_TICKERS, USEC_PER_S);
    } else if (str_starts(name, STR("!ticker_")) && str_ends(name, STR("@arr"))) {
        if (is_window((str){name.p + 8, name.n - 12}, &s->window))
            at_pace(s, STREAM_WINDOWS, USEC_PER_S);
    } else if (str_cut(&rest, '@', &symbol) && rest.p) {
        s->sym = sym_of_lower(ex, symbol);
        if (s->sym != SYM_NONE) parse_of_symbol(s, rest);
    }
}

/* --- subscriptions ----------------------------------------------------------------------- */

static struct stream_sub *find_sub(struct ws_conn *c, str name) {
    for (int i = 0; i < c->sub_count; i++)
        if (str_eq(str_from_z(c->subs[i].name), name)) return &c->subs[i];
    return NULL;
}

static void sub_fini(struct stream_sub *s) {
    free(s->name);
    free(s->book);
    *s = (struct stream_sub){0};
}

static usec next_of(const struct exchange *ex, const struct stream_sub *s) {
    return s->period == 0 ? USEC_NEVER : ex->now - ex->now % s->period + s->period;
}

/* False: there is no room for one more. */
static bool subscribe(struct exchange *ex, struct ws_conn *c, str name) {
    if (find_sub(c, name)) return true;
    if (c->sub_count == SIM_WS_SUBS_MAX) return false;
    if (c->sub_count == c->sub_cap) {
        c->sub_cap = c->sub_cap ? c->sub_cap * 2 : 8;
        c->subs = realloc(c->subs, (size_t)c->sub_cap * sizeof *c->subs);
        PRE(c->subs != NULL);
    }
    struct stream_sub *s = &c->subs[c->sub_count++];
    parse_name(ex, name, s);
    s->name = strndup(name.p, (size_t)name.n);
    PRE(s->name != NULL);
    s->next_at = next_of(ex, s);
    if (s->kind == STREAM_DEPTH) {
        const struct sim_prices_of *p = sim_prices_get(ex, s->sym);
        s->book = malloc(sizeof *s->book);
        PRE(s->book != NULL);
        *s->book = p->book;
        s->told = p->update_id;
    }
    ws_wake(ex, s->next_at);
    return true;
}

static void unsubscribe(struct ws_conn *c, str name) {
    struct stream_sub *s = find_sub(c, name);
    if (!s) return;
    sub_fini(s);
    const ptrdiff_t at = s - c->subs;
    memmove(s, s + 1, (size_t)(c->sub_count - at - 1) * sizeof *s);
    c->sub_count--;
}

void streams_close(struct ws_conn *c) {
    for (int i = 0; i < c->sub_count; i++) sub_fini(&c->subs[i]);
    free(c->subs);
    c->subs = NULL;
    c->sub_count = c->sub_cap = 0;
}

/* --- connecting -------------------------------------------------------------------------- */

static int digit(char ch) {
    if (ch >= '0' && ch <= '9') return ch - '0';
    if (ch >= 'a' && ch <= 'f') return ch - 'a' + 10;
    return ch >= 'A' && ch <= 'F' ? ch - 'A' + 10 : -1;
}

/* "%40" -> "@"; false: too long, or a '%' that is none. */
static bool decode(str s, char block[NAME_MAX_BYTES], str *ret) {
    ptrdiff_t n = 0;
    for (ptrdiff_t i = 0; i < s.n; i++) {
        if (n == NAME_MAX_BYTES) return false;
        if (s.p[i] != '%') {
            block[n++] = s.p[i];
            continue;
        }
        if (i + 2 >= s.n || digit(s.p[i + 1]) < 0 || digit(s.p[i + 2]) < 0) return false;
        block[n++] = (char)(digit(s.p[i + 1]) * 16 + digit(s.p[i + 2]));
        i += 2;
    }
    *ret = (str){block, n};
    return n > 0 && str_utf8_valid(*ret);
}

static bool subscribe_list(struct exchange *ex, struct ws_conn *c, str list) {
    str one, name;
    char block[NAME_MAX_BYTES];
    while (list.n > 0 && str_cut(&list, '/', &one))
        if (one.n > 0 && (!decode(one, block, &name) || !subscribe(ex, c, name))) return false;
    return true;
}

bool streams_connect(struct exchange *ex, struct ws_conn *c, str path, str query) {
    str pair, key, list = STR("");
    c->combined = str_eq(path, STR("/stream")) || str_eq(path, STR("/stream/"));
    if (!c->combined && !str_eq(path, STR("/ws")) && !str_starts(path, STR("/ws/"))) return false;
    if (!c->combined) list = str_tail(path, 4);
    while (query.n > 0 && str_cut(&query, '&', &pair)) {
        if (!str_cut(&pair, '=', &key) || !pair.p) continue;
        if (str_eq(key, STR("streams")) && c->combined) list = pair;
        if (str_eq(key, STR("timeUnit")))
            c->micros = str_eq(pair, STR("MICROSECOND")) || str_eq(pair, STR("microsecond"));
    }
    return subscribe_list(ex, c, list);
}

/* --- events ------------------------------------------------------------------------------ */

static void put_t(struct buf *b, const struct ws_conn *c, const char *key, usec t) {
    sim_put_int(b, key, c->micros ? t : t / USEC_PER_MS);
}

/* The last moment of a window that ends at t. */
static void put_last(struct buf *b, const struct ws_conn *c, const char *key, usec t) {
    sim_put_int(b, key, c->micros ? t - 1 : t / USEC_PER_MS - 1);
}

/* An event's object is begun in the scratch buffer, with its type and time. */
static struct buf *begin(struct exchange *ex, const struct ws_conn *c, const char *type) {
    struct buf *b = &ex->streams->text;
    buf_put_byte(b, '{');
    if (type) {
        sim_put_text(b, "e", type);
        put_t(b, c, "E", sim_server_time(ex));
    }
    return b;
}

static void push(struct exchange *ex, struct ws_conn *c, const struct stream_sub *s) {
    struct sim_streams *st = ex->streams;
    if (!c->combined) {
        ws_push(ex, c, buf_str(&st->text), false);
    } else {
        buf_clear(&st->wrapped);
        buf_put(&st->wrapped, STR("{\"stream\":"));
        buf_put_json_str(&st->wrapped, str_from_z(s->name));
        buf_put(&st->wrapped, STR(",\"data\":"));
        buf_put(&st->wrapped, buf_str(&st->text));
        buf_put_byte(&st->wrapped, '}');
        ws_push(ex, c, buf_str(&st->wrapped), false);
    }
    buf_clear(&st->text);
}

static void book_ticker(struct exchange *ex, struct ws_conn *c, const struct stream_sub *s) {
    const struct sim_prices_of *p = sim_prices_get(ex, s->sym);
    struct match_level bid = {0}, ask = {0};
    IGNORE(!sim_best(p, true, &bid) || !sim_best(p, false, &ask), "an empty side is told as 0");
    struct buf *b = begin(ex, c, NULL);
    sim_put_int(b, "u", p->update_id);
    sim_put_text(b, "s", ex->symbols.v[s->sym].name);
    sim_put_amount(b, "b", price_e8(bid.price));
    sim_put_amount(b, "B", qty_e8(bid.qty));
    sim_put_amount(b, "a", price_e8(ask.price));
    sim_put_amount(b, "A", qty_e8(ask.qty));
    buf_put_byte(b, '}');
    push(ex, c, s);
}

static void trade(struct exchange *ex, struct ws_conn *c, const struct stream_sub *s,
                  const struct sim_tape *t) {
    const bool agg = s->kind == STREAM_AGG_TRADE;
    struct buf *b = begin(ex, c, agg ? "aggTrade" : "trade");
    sim_put_text(b, "s", ex->symbols.v[s->sym].name);
    sim_put_int(b, agg ? "a" : "t", t->id);
    sim_put_amount(b, "p", price_e8(t->price));
    sim_put_amount(b, "q", qty_e8(t->qty));
    if (agg) {
        sim_put_int(b, "f", t->id);
        sim_put_int(b, "l", t->id);
    }
    put_t(b, c, "T", t->at + ex->skew);
    sim_put_bool(b, "m", t->buyer_maker);
    sim_put_bool(b, "M", true);
    buf_put_byte(b, '}');
    push(ex, c, s);
}

static void put_kline(struct exchange *ex, struct ws_conn *c, const struct stream_sub *s,
                      const struct sim_kline *k, bool closed) {
    struct buf *b = begin(ex, c, "kline");
    const char *name = ex->symbols.v[s->sym].name;
    sim_put_text(b, "s", name);
    sim_put_key(b, "k");
    buf_put_byte(b, '{');
    put_t(b, c, "t", k->open_at);
    put_last(b, c, "T", sim_bucket_end(s->interval, k->open_at, s->zone));
    sim_put_text(b, "s", name);
    sim_put_text(b, "i", sim_interval_name(s->interval));
    sim_put_int(b, "f", k->first_id);
    sim_put_int(b, "L", k->last_id);
    sim_put_amount(b, "o", price_e8(k->open));
    sim_put_amount(b, "c", price_e8(k->close));
    sim_put_amount(b, "h", price_e8(k->high));
    sim_put_amount(b, "l", price_e8(k->low));
    sim_put_amount(b, "v", k->base_e8);
    sim_put_int(b, "n", k->trades);
    sim_put_bool(b, "x", closed);
    sim_put_amount(b, "q", k->quote_e8);
    sim_put_amount(b, "V", k->taker_base_e8);
    sim_put_amount(b, "Q", k->taker_quote_e8);
    sim_put_z(b, ",\"B\":\"0\"}}");
    push(ex, c, s);
}

/* The newest candles of the stream, the newest last. */
static int newest_klines(struct exchange *ex, const struct stream_sub *s, struct sim_kline v[2]) {
    struct sim_klines *all = sim_klines_get(ex, s->sym);
    if (s->zone != 0 && s->interval > SIM_1H) return klines_zoned(all, s->interval, s->zone, v, 2);
    const int count = klines_count(all, s->interval), n = count < 2 ? count : 2;
    for (int i = 0; i < n; i++) v[i] = *klines_at(all, s->interval, count - n + i);
    return n;
}

static void kline(struct exchange *ex, struct ws_conn *c, struct stream_sub *s) {
    struct sim_kline v[2];
    const int n = newest_klines(ex, s, v);
    if (n == 0) return;
    if (n == 2 && s->open_at == v[0].open_at) put_kline(ex, c, s, &v[0], true);
    /* a bucket that has just opened has nothing to tell yet */
    if (n == 1 || v[n - 1].trades > 0 || s->open_at == v[n - 1].open_at)
        put_kline(ex, c, s, &v[n - 1], false);
    s->open_at = v[n - 1].open_at;
}

/* --- tickers ----------------------------------------------------------------------------- */

static void put_mini(struct exchange *ex, const struct ws_conn *c, int sym) {
    struct sim_stats st;
    if (!sim_stats(ex, sym, ex->now - USEC_PER_DAY, &st)) return;
    struct buf *b = begin(ex, c, "24hrMiniTicker");
    sim_put_text(b, "s", ex->symbols.v[sym].name);
    sim_put_amount(b, "c", price_e8(st.last));
    sim_put_amount(b, "o", price_e8(st.k.open));
    sim_put_amount(b, "h", price_e8(st.k.high));
    sim_put_amount(b, "l", price_e8(st.k.low));
    sim_put_amount(b, "v", st.k.base_e8);
    sim_put_amount(b, "q", st.k.quote_e8);
    buf_put_byte(b, '}');
}

static void put_stats(struct buf *b, const struct ws_conn *c, const struct sim_stats *st, usec from,
                      usec to) {
    sim_put_amount(b, "v", st->k.base_e8);
    sim_put_amount(b, "q", st->k.quote_e8);
    put_t(b, c, "O", from);
    put_t(b, c, "C", to);
    sim_put_int(b, "F", st->k.first_id);
    sim_put_int(b, "L", st->k.last_id);
    sim_put_int(b, "n", st->k.trades);
    buf_put_byte(b, '}');
}

static void put_ticker(struct exchange *ex, const struct ws_conn *c, int sym) {
    const struct sim_prices_of *p = sim_prices_get(ex, sym);
    const struct sim_tape *t = sim_tape_get(p, p->trade_id);
    struct match_level bid = {0}, ask = {0};
    struct sim_stats st;
    if (!sim_stats(ex, sym, ex->now - USEC_PER_DAY, &st)) return;
    IGNORE(!sim_best(p, true, &bid) || !sim_best(p, false, &ask), "an empty side is told as 0");
    struct buf *b = begin(ex, c, "24hrTicker");
    sim_put_text(b, "s", ex->symbols.v[sym].name);
    sim_put_amount(b, "p", st.change_e8);
    sim_put_percent(b, "P", st.percent_milli);
    sim_put_amount(b, "w", price_e8(st.average));
    sim_put_amount(b, "x", price_e8(st.k.open));
    sim_put_amount(b, "c", price_e8(st.last));
    sim_put_amount(b, "Q", t ? qty_e8(t->qty) : 0);
    sim_put_amount(b, "b", price_e8(bid.price));
    sim_put_amount(b, "B", qty_e8(bid.qty));
    sim_put_amount(b, "a", price_e8(ask.price));
    sim_put_amount(b, "A", qty_e8(ask.qty));
    sim_put_amount(b, "o", price_e8(st.k.open));
    sim_put_amount(b, "h", price_e8(st.k.high));
    sim_put_amount(b, "l", price_e8(st.k.low));
    put_stats(b, c, &st, sim_server_time(ex) - USEC_PER_DAY, sim_server_time(ex));
}

static void put_rolling(struct exchange *ex, const struct ws_conn *c, int sym, usec window) {
    const usec from = sim_bucket(SIM_1M, ex->now - window, 0);
    struct sim_stats st;
    if (!sim_stats(ex, sym, from, &st)) return;
    struct buf *b = begin(ex, c,
                          window == USEC_PER_DAY    ? "1dTicker"
                          : window == USEC_PER_HOUR ? "1hTicker"
                                                    : "4hTicker");
    sim_put_text(b, "s", ex->symbols.v[sym].name);
    sim_put_amount(b, "p", st.change_e8);
    sim_put_percent(b, "P", st.percent_milli);
    sim_put_amount(b, "o", price_e8(st.k.open));
    sim_put_amount(b, "h", price_e8(st.k.high));
    sim_put_amount(b, "l", price_e8(st.k.low));
    sim_put_amount(b, "c", price_e8(st.last));
    sim_put_amount(b, "w", price_e8(st.average));
    put_stats(b, c, &st, from, sim_server_time(ex));
}

/* All symbols in which something was traded since the last time. */
static void put_all(struct exchange *ex, struct ws_conn *c, struct stream_sub *s) {
    struct buf *b = &ex->streams->text;
    bool any = false;
    buf_put_byte(b, '[');
    for (int i = 0; i < ex->symbols.count; i++) {
        if (sim_prices_get(ex, i)->at < s->next_at - s->period) continue;
        if (any) buf_put_byte(b, ',');
        const ptrdiff_t before = b->len;
        if (s->kind == STREAM_MINI_TICKERS)
            put_mini(ex, c, i);
        else
            put_rolling(ex, c, i, s->window);
        if (b->len == before && any) b->len--;
        any |= b->len > before;
    }
    buf_put_byte(b, ']');
    if (any)
        push(ex, c, s);
    else
        buf_clear(b);
}

/* --- books ------------------------------------------------------------------------------- */

static void put_level(struct buf *b, price p, qty q) {
    sim_put_z(b, b->p[b->len - 1] == '[' ? "[\"" : ",[\"");
    sim_put_e8(b, price_e8(p));
    sim_put_z(b, "\",\"");
    sim_put_e8(b, qty_e8(q));
    sim_put_z(b, "\"]");
}

/* What leads from levels a to levels b; both run from the best price on. */
static void put_changes(struct buf *out, const struct match_level *a, int a_count,
                        const struct match_level *b, int b_count, int sign) {
    int i = 0, j = 0;
    buf_put_byte(out, '[');
    while (i < a_count || j < b_count) {
        const int order = i == a_count   ? 1
                          : j == b_count ? -1
                                         : sign * price_cmp(a[i].price, b[j].price);
        if (order < 0) {
            put_level(out, a[i].price, qty_from_e8(0));
            i++;
            continue;
        }
        if (order > 0 || qty_cmp(a[i].qty, b[j].qty) != 0) put_level(out, b[j].price, b[j].qty);
        if (order == 0) i++;
        j++;
    }
    buf_put_byte(out, ']');
}

static void depth(struct exchange *ex, struct ws_conn *c, struct stream_sub *s) {
    const struct sim_prices_of *p = sim_prices_get(ex, s->sym);
    if (p->update_id == s->told) return;
    struct buf *b = begin(ex, c, "depthUpdate");
    sim_put_text(b, "s", ex->symbols.v[s->sym].name);
    sim_put_int(b, "U", i64_min(s->told + 1, p->update_id));
    sim_put_int(b, "u", p->update_id);
    sim_put_key(b, "b");
    put_changes(b, s->book->bids, s->book->bid_count, p->book.bids, p->book.bid_count, -1);
    sim_put_key(b, "a");
    put_changes(b, s->book->asks, s->book->ask_count, p->book.asks, p->book.ask_count, 1);
    buf_put_byte(b, '}');
    *s->book = p->book;
    s->told = p->update_id;
    push(ex, c, s);
}

static void depth_top(struct exchange *ex, struct ws_conn *c, struct stream_sub *s) {
    const struct sim_prices_of *p = sim_prices_get(ex, s->sym);
    struct buf *b = begin(ex, c, NULL);
    sim_put_int(b, "lastUpdateId", p->update_id);
    sim_put_key(b, "bids");
    sim_put_levels(b, p->book.bids, p->book.bid_count, s->levels);
    sim_put_key(b, "asks");
    sim_put_levels(b, p->book.asks, p->book.ask_count, s->levels);
    buf_put_byte(b, '}');
    push(ex, c, s);
}

static void average(struct exchange *ex, struct ws_conn *c, const struct stream_sub *s) {
    const int64_t minutes = sim_average_minutes(&ex->symbols.v[s->sym]);
    char interval[24];
    struct buf text;
    buf_init_fixed(&text, interval, sizeof interval);
    buf_printf(&text, "%" PRId64 "m", minutes);
    struct buf *b = begin(ex, c, "avgPrice");
    sim_put_text(b, "s", ex->symbols.v[s->sym].name);
    sim_put_text(b, "i", interval);
    sim_put_amount(b, "w", price_e8(sim_average(ex, s->sym, minutes)));
    put_t(b, c, "T", sim_prices_get(ex, s->sym)->at + ex->skew);
    buf_put_byte(b, '}');
    push(ex, c, s);
}

static void reference(struct exchange *ex, struct ws_conn *c, const struct stream_sub *s) {
    price p;
    if (!sim_has_reference(&ex->symbols.v[s->sym])) return;
    struct buf *b = begin(ex, c, NULL);
    sim_put_text(b, "e", "referencePrice");
    sim_put_text(b, "s", ex->symbols.v[s->sym].name);
    if (sim_reference_price(ex, s->sym, &p))
        sim_put_amount(b, "r", price_e8(p));
    else
        sim_put_z(b, ",\"r\":null");
    put_t(b, c, "t", sim_server_time(ex));
    buf_put_byte(b, '}');
    push(ex, c, s);
}

/* --- when ---------------------------------------------------------------------------------- */

/* Of one symbol: only where something was traded since the last time. */
static void ticker(struct exchange *ex, struct ws_conn *c, struct stream_sub *s) {
    const int64_t newest = sim_prices_get(ex, s->sym)->trade_id;
    if (s->told == newest) return;
    s->told = newest;
    if (s->kind == STREAM_MINI_TICKER)
        put_mini(ex, c, s->sym);
    else if (s->kind == STREAM_TICKER)
        put_ticker(ex, c, s->sym);
    else
        put_rolling(ex, c, s->sym, s->window);
    push(ex, c, s);
}

static void due(struct exchange *ex, struct ws_conn *c, struct stream_sub *s) {
    if (s->sym != SYM_NONE && !sim_prices_get(ex, s->sym)->live) return;
    switch (s->kind) {
    case STREAM_BOOK_TICKER:
    case STREAM_AGG_TRADE:
    case STREAM_TRADE:
    case STREAM_SILENT:
        return; /* not on a grid */
    case STREAM_KLINE:
        kline(ex, c, s);
        return;
    case STREAM_MINI_TICKER:
    case STREAM_TICKER:
    case STREAM_WINDOW:
        ticker(ex, c, s);
        return;
    case STREAM_MINI_TICKERS:
    case STREAM_WINDOWS:
        put_all(ex, c, s);
        return;
    case STREAM_AVG_PRICE:
        average(ex, c, s);
        return;
    case STREAM_REFERENCE_PRICE:
        reference(ex, c, s);
        return;
    case STREAM_DEPTH_TOP:
        depth_top(ex, c, s);
        return;
    case STREAM_DEPTH:
        depth(ex, c, s);
        return;
    }
}

void streams_advance(struct exchange *ex, struct ws_conn *c) {
    for (int i = 0; i < c->sub_count; i++) {
        struct stream_sub *s = &c->subs[i];
        if (s->next_at <= ex->now) {
            due(ex, c, s);
            s->next_at = next_of(ex, s);
        }
        ws_wake(ex, s->next_at);
    }
}

void sim_market_tick(struct exchange *ex, int sym) {
    if (!ex->streams || ex->streams->open == 0) return;
    const struct sim_prices_of *p = sim_prices_get(ex, sym);
    const struct sim_tape *t = sim_tape_get(p, p->trade_id);
    for (int i = 0; i < SIM_WS_MAX; i++) {
        struct ws_conn *c = &ex->streams->conns[i];
        for (int j = 0; j < c->sub_count; j++) {
            const struct stream_sub *s = &c->subs[j];
            if (s->sym != sym) continue;
            if (s->kind == STREAM_BOOK_TICKER) book_ticker(ex, c, s);
            if ((s->kind == STREAM_AGG_TRADE || s->kind == STREAM_TRADE) && t) trade(ex, c, s, t);
        }
    }
}

void streams_book_changed(struct exchange *ex, int sym) {
    if (ex->streams->open == 0) return;
    for (int i = 0; i < SIM_WS_MAX; i++) {
        struct ws_conn *c = &ex->streams->conns[i];
        for (int j = 0; j < c->sub_count; j++)
            if (c->subs[j].sym == sym && c->subs[j].kind == STREAM_BOOK_TICKER)
                book_ticker(ex, c, &c->subs[j]);
    }
}

/* --- requests ---------------------------------------------------------------------------- */

static void answer(struct exchange *ex, struct ws_conn *c, const char *id, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

/* A JSON object's members, and the id where there is one. */
static void answer(struct exchange *ex, struct ws_conn *c, const char *id, const char *fmt, ...) {
    struct buf *b = &ex->streams->text;
    va_list args;
    buf_put_byte(b, '{');
    va_start(args, fmt);
    buf_vprintf(b, fmt, args);
    va_end(args);
    if (id) buf_printf(b, ",\"id\":%s", id);
    buf_put_byte(b, '}');
    ws_put(ex, c, ex->now, SIM_TEXT, buf_str(b));
    buf_clear(b);
}

static bool id_fine(const json_t *id) {
    if (json_is_integer(id) || json_is_null(id)) return true;
    if (!json_is_string(id) || json_string_length(id) > 36) return false;
    const char *z = json_string_value(id);
    for (size_t i = 0; i < json_string_length(id); i++)
        if (!((z[i] >= '0' && z[i] <= '9') || (z[i] >= 'a' && z[i] <= 'z') ||
              (z[i] >= 'A' && z[i] <= 'Z') || z[i] == '-' || z[i] == '_'))
            return false;
    return true;
}

static void change_subs(struct exchange *ex, struct ws_conn *c, const json_t *params, bool add,
                        const char *id) {
    bool fits = json_is_array(params) && json_array_size(params) > 0;
    for (size_t i = 0; i < json_array_size(params); i++) {
        const json_t *one = json_array_get(params, i);
        fits = fits && json_is_string(one) && json_string_length(one) > 0 &&
               json_string_length(one) <= NAME_MAX_BYTES;
    }
    if (!fits) {
        answer(ex, c, id, "\"code\":2,\"msg\":\"Invalid request: params must be stream names\"");
        return;
    }
    for (size_t i = 0; i < json_array_size(params); i++) {
        const json_t *one = json_array_get(params, i);
        const str name = json_str(one);
        if (!add) {
            unsubscribe(c, name);
        } else if (!subscribe(ex, c, name)) {
            answer(ex, c, id, "\"code\":2,\"msg\":\"Invalid request: more than %d streams\"",
                   SIM_WS_SUBS_MAX);
            return;
        }
    }
    answer(ex, c, id, "\"result\":null");
}

static void list_subs(struct exchange *ex, struct ws_conn *c, const char *id) {
    struct buf names = {0};
    buf_init(&names, SIM_WS_SUBS_MAX * (NAME_MAX_BYTES * 6 + 3));
    for (int i = 0; i < c->sub_count; i++) {
        if (i) buf_put_byte(&names, ',');
        buf_put_json_str(&names, str_from_z(c->subs[i].name));
    }
    answer(ex, c, id, "\"result\":[%s]", buf_z(&names));
    buf_fini(&names);
}

static void property(struct exchange *ex, struct ws_conn *c, const json_t *params, bool set,
                     const char *id) {
    const json_t *name = json_array_get(params, 0), *value = json_array_get(params, 1);
    if (!json_is_string(name)) {
        answer(ex, c, id, "\"code\":2,\"msg\":\"Invalid request: property name must be a string\"");
    } else if (json_array_size(params) > (set ? 2u : 1u)) {
        answer(ex, c, id, "\"code\":2,\"msg\":\"Invalid request: too many parameters\"");
    } else if (strcmp(json_string_value(name), "combined") != 0) {
        answer(ex, c, id, "\"code\":0,\"msg\":\"Unknown property\"");
    } else if (!set) {
        answer(ex, c, id, "\"result\":%s", c->combined ? "true" : "false");
    } else if (!json_is_boolean(value)) {
        answer(ex, c, id, "\"code\":1,\"msg\":\"Invalid value type: expected Boolean\"");
    } else {
        c->combined = json_is_true(value);
        answer(ex, c, id, "\"result\":null");
    }
}

static void request(struct exchange *ex, struct ws_conn *c, const json_t *root, ptrdiff_t bytes) {
    const json_t *method = json_object_get(root, "method"), *id = json_object_get(root, "id");
    const json_t *params = json_object_get(root, "params");
    if (!json_is_string(method)) {
        answer(ex, c, NULL,
               "\"code\":2,\"msg\":\"Invalid request: missing field `method` at line 1 column "
               "%td\"",
               bytes);
        return;
    }
    if (!id || !id_fine(id)) {
        answer(ex, c, NULL,
               "\"code\":2,\"msg\":\"Invalid request: request ID must be an unsigned integer\"");
        return;
    }
    char *id_text = json_dumps(id, JSON_ENCODE_ANY | JSON_COMPACT);
    PRE(id_text != NULL);
    const str m = str_from_z(json_string_value(method));
    if (str_eq(m, STR("SUBSCRIBE")) || str_eq(m, STR("UNSUBSCRIBE"))) {
        change_subs(ex, c, params, m.p[0] == 'S', id_text);
    } else if (str_eq(m, STR("LIST_SUBSCRIPTIONS"))) {
        list_subs(ex, c, id_text);
    } else if (str_eq(m, STR("SET_PROPERTY")) || str_eq(m, STR("GET_PROPERTY"))) {
        property(ex, c, params, m.p[0] == 'S', id_text);
    } else {
        struct buf name;
        buf_init(&name, 400);
        buf_put_json_str(&name, str_head(m, 50));
        answer(ex, c, NULL,
               "\"code\":2,\"msg\":\"Invalid request: unknown variant `%.*s`, expected one of "
               "`SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY` "
               "at line 1 column %td\"",
               (int)name.len - 2, buf_z(&name) + 1, bytes);
        buf_fini(&name);
    }
    free(id_text);
}

void streams_message(struct exchange *ex, struct ws_conn *c, str text) {
    json_error_t where;
    json_t *root = json_loadb(text.p ? text.p : "", (size_t)text.n, 0, &where);
    if (root)
        request(ex, c, root, text.n);
    else
        answer(ex, c, NULL,
               "\"code\":3,\"msg\":\"Invalid JSON: expected value at line %d column %d\"",
               where.line, where.column);
    json_decref(root);
}
