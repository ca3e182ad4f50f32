/* Candles of the API: what the run saw of a coin's price, with what to mark in it.
 *
 * In: a symbol, an interval, a span. Out: candles (oldest first), marks within their span, and the
 * levels of what is held. All of it is of one state of the store. A pair that the venue does not
 * list, where its list is known, and that nothing is kept of, is not found. Failure: as in
 * views_lists.c. */
#include "api/core.h"
#include "api/params.h"
#include "store/candles.h"

#define CANDLES_MAX 1000
#define CANDLES_USUAL 300
#define MARKS_BYTES (4 << 20)

#define INTERVALS "1m 5m 15m 1h 4h 1d"
static const struct interval {
    const char *name;
    usec length;
} intervals[] = {{"1m", USEC_PER_MIN},  {"5m", 5 * USEC_PER_MIN},  {"15m", 15 * USEC_PER_MIN},
                 {"1h", USEC_PER_HOUR}, {"4h", 4 * USEC_PER_HOUR}, {"1d", USEC_PER_DAY}};

static const struct interval *find_interval(str name) {
    for (int i = 0; i < COUNT_OF(intervals); i++)
        if (str_eq(name, str_from_z(intervals[i].name))) return &intervals[i];
    return &intervals[0];
}

static void put_price(struct buf *b, const char *name, price p) {
    buf_printf(b, ",\"%s\":\"", name);
    buf_put_e8(b, price_e8(p));
    buf_put_byte(b, '"');
}

static void put_candle(struct buf *b, const struct kept_candle *v) {
    char text[TIME_TEXT_BYTES];
    buf_printf(b, "{\"at\":\"" STR_FMT "\"", STR_ARG(time_format_rfc3339(v->open_at, text)));
    put_price(b, "open", v->open);
    put_price(b, "high", v->high);
    put_price(b, "low", v->low);
    put_price(b, "close", v->close);
    if (v->has_volume) {
        buf_put(b, STR(",\"volume\":\""));
        buf_put_e8(b, volume_e8(v->volume));
        buf_put(b, STR("\"}"));
    } else {
        buf_put(b, STR(",\"volume\":null}"));
    }
}

static bool view_candles(struct store *s, struct candle_ask *ask, struct kept_candle *v,
                         struct buf *b, struct error *err) {
    int count = 0;
    if (!store_candles(s, ask, v, &count, err)) return false;
    for (int i = 0; i < count; i++) {
        if (i > 0) buf_put_byte(b, ',');
        put_candle(b, &v[i]);
    }
    if (count > 0) ask->from = v[0].open_at; /* marks are of the span that is shown */
    buf_put(b, STR("],\"marks\":"));
    if (!store_view_marks(s, ask, b, err)) return false;
    buf_put(b, STR(",\"levels\":"));
    if (!store_view_levels(s, ask->symbol, b, err)) return false;
    buf_put(b, STR("}\n"));
    return true;
}

/* Of a pair that the venue does not list: was it ever seen here? */
static bool was_seen(struct store *s, str symbol, bool *ret, struct error *err) {
    const struct candle_ask ever = {.symbol = symbol, .interval = USEC_PER_MIN, .limit = 1};
    struct kept_candle one;
    int count = 0;
    struct buf marks;
    if (!store_candles(s, &ever, &one, &count, err)) return false;
    buf_init(&marks, MARKS_BYTES);
    const bool ok = count > 0 || store_view_marks(s, &ever, &marks, err);
    *ret = count > 0 || !str_eq(buf_str(&marks), STR("[]"));
    buf_fini(&marks);
    return ok;
}

static bool is_known(const struct api_core *c, struct store *s, str symbol, bool *ret,
                     struct error *err) {
    const struct symbols *const all = api_core_options(c)->symbols;
    *ret = all == NULL || symbols_find(all, symbol) != SYM_NONE;
    return *ret || was_seen(s, symbol, ret, err);
}

static void answer(struct api_core *c, struct candle_ask *ask, struct kept_candle *v,
                   struct api_answer *a) {
    struct error err, ignored;
    struct store *const s = api_store_take(c);
    bool known = true, ok = store_begin(s, false, &err);
    if (ok) {
        ok = is_known(c, s, ask->symbol, &known, &err) &&
             (!known || view_candles(s, ask, v, &a->body, &err));
        if (!ok || !store_commit(s, &ignored)) store_rollback(s);
    }
    api_store_give(c, s);
    if (!ok)
        api_problem_store(a, &err);
    else if (!known)
        api_problem_field(a, 404, "NOT_FOUND", "symbol",
                          "symbol: the venue does not list " STR_FMT
                          ", and nothing of it is kept; GET /api/symbols has those it lists.",
                          STR_ARG(ask->symbol));
}

void api_get_candles(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    struct params p = params_of(rq, ret);
    struct candle_ask ask = {.symbol = params_symbol(&p, "symbol")};
    const struct interval *const every = find_interval(params_word(&p, "interval", INTERVALS));
    ask.interval = every->length;
    ask.from = params_time(&p, "from");
    ask.to = params_time(&p, "to");
    ask.limit = (int)params_int(&p, "limit", 1, CANDLES_MAX, CANDLES_USUAL);
    if (ask.symbol.n == 0) params_missing(&p, "symbol");
    if (!params_from_to(&p, ask.from, ask.to)) return;
    struct kept_candle *const v = NEW_ARRAY(rq->a, struct kept_candle, ask.limit);
    buf_printf(&ret->body, "{\"symbol\":\"" STR_FMT "\",\"interval\":\"%s\",\"candles\":[",
               STR_ARG(ask.symbol), every->name);
    answer(c, &ask, v, ret);
}
