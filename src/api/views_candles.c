/* Candles of the API: what the run saw of a coin's price, with what to mark in it.
 *
 * In: a symbol, an interval, a span. Out: candles (oldest first), marks within their span, and the
 * levels of what is held. All of it is of one state of the store. Failure: as in views_lists.c. */
#include "api/core.h"
#include "api/params.h"
#include "store/candles.h"

#define CANDLES_MAX 1000
#define CANDLES_USUAL 300

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

static void answer(struct api_core *c, struct candle_ask *ask, struct kept_candle *v,
                   struct api_answer *a) {
    struct error err, ignored;
    struct store *const s = api_store_take(c);
    bool ok = store_begin(s, false, &err);
    if (ok) {
        ok = view_candles(s, ask, v, &a->body, &err);
        if (!ok || !store_commit(s, &ignored)) store_rollback(s);
    }
    api_store_give(c, s);
    if (!ok) api_problem_store(a, &err);
}

void api_get_candles(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    struct params p = params_of(rq, ret);
    struct candle_ask ask = {.symbol = params_symbol(&p, "symbol")};
    const struct interval *const every = find_interval(params_word(&p, "interval", INTERVALS));
    ask.interval = every->length;
    ask.from = params_time(&p, "from");
    ask.to = params_time(&p, "to");
    ask.limit = (int)params_int(&p, "limit", 1, CANDLES_MAX, CANDLES_USUAL);
    if (!params_ok(&p)) return;
    if (ask.symbol.n == 0) {
        api_problem(ret, 400, "QUERY", "symbol: which one? It is wanted.");
        return;
    }
    if (ask.from > 0 && ask.to > 0 && ask.from > ask.to) {
        api_problem(ret, 400, "QUERY", "from: is later than to.");
        return;
    }
    struct kept_candle *const v = NEW_ARRAY(rq->a, struct kept_candle, ask.limit);
    buf_printf(&ret->body, "{\"symbol\":\"" STR_FMT "\",\"interval\":\"%s\",\"candles\":[",
               STR_ARG(ask.symbol), every->name);
    answer(c, &ask, v, ret);
}
