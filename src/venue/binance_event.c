/* binance_event: news of the user data stream.
 *
 * In: one message, which may be anything: an event, wrapped ({"subscriptionId":0,"event":{..}}) or
 * bare, or the answer to our subscription. Out: at most one report. An executionReport is news of
 * one order; of a TRADE it carries the fill. A cancel's report has the order's id in C and the
 * cancel's own in c. What says that the stream ends is an error that says so; what cannot be read
 * is one, too, for then something may have happened that we did not see, and the venue has to be
 * asked. Events of balances and lists say nothing that reports do not.
 *
 * Any thread; a refused date (-1021) makes the clock due. */
#include "venue/binance_int.h"

#include <string.h>

struct event_amounts {
    int64_t size, filled, quote, last_qty, last_price, last_quote, fee;
};

static bool read_amounts(const json_t *o, bool trade, struct event_amounts *ret) {
    struct event_amounts a = {0};
    if (!binance_e8(o, "q", &a.size) || !binance_e8(o, "z", &a.filled)) return false;
    if (!binance_e8(o, "Z", &a.quote) || (a.filled == 0 && a.quote != 0)) return false;
    if (trade) {
        if (!binance_e8(o, "l", &a.last_qty) || !binance_e8(o, "L", &a.last_price)) return false;
        if (!binance_e8(o, "Y", &a.last_quote) || !binance_e8(o, "n", &a.fee)) return false;
        if (a.last_qty == 0 || a.last_price == 0 || a.last_qty > a.filled) return false;
        if (a.last_quote > a.quote) return false;
    }
    *ret = a;
    return true;
}

static void put_id(char ret[24], int64_t id) {
    struct buf b;
    buf_init_fixed(&b, ret, 24);
    buf_put_i64(&b, id);
}

/* n and N: null where nothing was charged. */
static bool read_fee_asset(const struct binance *b, const json_t *o, struct report *r) {
    const str asset = binance_str(o, "N");
    if (asset.n <= 0) return r->fee_e8 == 0;
    if (!str_copyz(asset, r->fee_asset, sizeof r->fee_asset)) return false;
    r->fee_in_base = r->sym != SYM_NONE && str_eq(asset, str_from_z(b->symbols->v[r->sym].base));
    return !r->fee_in_base || r->fee_e8 <= qty_e8(r->fill_qty);
}

static bool read_trade(const struct binance *b, const json_t *o, const struct event_amounts *a,
                       struct report *r) {
    int64_t id = -1;
    if (!binance_i64(o, "t", &id) || id < 0) return false;
    put_id(r->venue_trade_id, id);
    r->has_fill = true;
    r->fill_qty = qty_from_e8(a->last_qty);
    r->fill_price = price_from_e8(a->last_price);
    r->fill_quote = money_from_e8(a->last_quote);
    r->fee_e8 = a->fee;
    return read_fee_asset(b, o, r);
}

static void read_why(const json_t *o, struct report *r) {
    const str reject = binance_str(o, "r"), expiry = binance_str(o, "eR");
    if (reject.n > 0 && !str_eq(reject, STR("NONE"))) {
        binance_text(r->text, reject);
    } else if (expiry.n > 0 && !str_eq(expiry, STR("NONE"))) {
        binance_text(r->text, expiry);
    }
}

static bool read_report(const struct binance *b, const json_t *o, struct report *ret) {
    const bool trade = str_eq(binance_str(o, "x"), STR("TRADE"));
    const str orig = binance_str(o, "C"), symbol = binance_str(o, "s");
    const str coid = orig.n > 0 ? orig : binance_str(o, "c");
    struct event_amounts a;
    struct report r = {0};
    int64_t id = 0;
    if (coid.n <= 0 || !str_copyz(coid, r.coid, sizeof r.coid) || symbol.n <= 0) return false;
    if (!binance_i64(o, "i", &id) || id <= 0) return false;
    if (!binance_state(binance_str(o, "X"), &r.state)) return false;
    if (!read_amounts(o, trade, &a) || !binance_time(o, "T", &r.at)) return false;
    r.sym = symbols_find(b->symbols, symbol);
    put_id(r.venue_id, id);
    r.qty = qty_from_e8(a.size);
    r.filled = qty_from_e8(a.filled);
    r.quote_filled = money_from_e8(a.quote);
    if (!binance_state_fits(&r.state, r.qty, r.filled)) return false;
    if (trade && !read_trade(b, o, &a, &r)) return false;
    read_why(o, &r);
    *ret = r;
    return true;
}

/* The answer to our subscription. */
static int read_answer(struct binance *b, const json_t *root, struct error *err) {
    const json_t *error = json_object_get(root, "error");
    const str msg = binance_str(error, "msg");
    char text[BINANCE_TEXT];
    int64_t status = 0, code = 0;
    if (!binance_i64(root, "status", &status)) status = 0;
    if (status == 200) return 0;
    if (!binance_i64(error, "code", &code)) code = 0;
    if (code == -1021) binance_note_clock(b);
    binance_clean(b, text, msg);
    fail(err, ERR_INTERRUPTED, 0, "the user stream was refused: status %lld, %lld %s",
         (long long)status, (long long)code, text);
    return -1;
}

static int read_event(const struct binance *b, const json_t *o, struct report *ret,
                      struct error *err) {
    const str kind = binance_str(o, "e");
    if (str_eq(kind, STR("executionReport"))) {
        if (read_report(b, o, ret)) return 1;
        fail(err, ERR_PARSE, 0, "user stream: an executionReport that cannot be read");
        return -1;
    }
    if (str_eq(kind, STR("eventStreamTerminated")) || str_eq(kind, STR("serverShutdown"))) {
        fail(err, ERR_INTERRUPTED, 0, "the user stream ends: " STR_FMT, STR_ARG(kind));
        return -1;
    }
    if (kind.n > 0) return 0; /* listStatus, outboundAccountPosition, and what is new */
    fail(err, ERR_PARSE, 0, "user stream: a message that is no event");
    return -1;
}

int binance_user_event(struct binance *b, str json, struct report *ret, struct error *err) {
    json_t *root = binance_parse(json);
    const json_t *wrapped = json_object_get(root, "event");
    int made = -1;
    if (json_is_object(wrapped)) {
        made = read_event(b, wrapped, ret, err);
    } else if (json_object_get(root, "status") != NULL) {
        made = read_answer(b, root, err);
    } else if (json_is_object(root)) {
        made = read_event(b, root, ret, err);
    } else {
        fail(err, ERR_PARSE, 0, "user stream: a message that is no JSON object");
    }
    json_decref(root);
    return made;
}
