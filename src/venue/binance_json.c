/* binance_json: what the venue's words mean.
 *
 * In: the status and the body of an answer, which may be anything. Out: a verdict (was it executed,
 * certainly not, or can that not be known?), and the orders, fills, open orders and balances that a
 * good answer holds. The rule throughout: an answer that lacks what it must hold, or contradicts
 * itself, is not read halfway; it is no answer. What we do not know (new members, new filters) is
 * passed over. Amounts come as text and are read exactly; times and ids as 64-bit integers.
 *
 * Duplicate keys in an object are refused: two readers could take different ones. Everything here
 * is pure but for the texts, which are cleaned of control characters and of our own keys (a venue
 * may echo what it was sent). Any thread. */
#include "venue/binance_int.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

#define BODY_MAX (8 << 20)                 /* of what is read here; all open orders fit */
#define TIME_MAX_MS INT64_C(4102444800000) /* 2100 */
#define EXECUTION_UNKNOWN(code)                                                                    \
    ((code) == -1000 || (code) == -1001 || (code) == -1006 || (code) == -1007)

/* -- texts --------------------------------------------------------------------------------- */

void binance_text(char ret[BINANCE_TEXT], str s) {
    IGNORE(str_copyz(s, ret, BINANCE_TEXT), "cut: it is for people");
    for (char *p = ret; *p != '\0'; p++) {
        if ((unsigned char)*p < ' ' || *p == 127) *p = ' ';
    }
}

void binance_say(char ret[BINANCE_TEXT], const char *fmt, ...) {
    char block[512];
    va_list args;
    va_start(args, fmt);
    IGNORE(vsnprintf(block, sizeof block, fmt, args) < 0, "cut: it is for people");
    va_end(args);
    binance_text(ret, str_from_z(block));
}

static bool holds(const struct secret *secret, str s) {
    const str value = secret_str(secret);
    return value.n >= 8 && str_find(s, value) >= 0;
}

static bool holds_key(const struct binance *b, str s) {
    return holds(&b->key, s) || holds(&b->secret, s);
}

void binance_clean(const struct binance *b, char ret[BINANCE_TEXT], str s) {
    binance_text(ret, holds_key(b, s) ? STR("(the text holds a key)") : s);
}

/* -- members ------------------------------------------------------------------------------- */

str binance_str(const json_t *o, const char *key) { return json_str_at(o, key); }

bool binance_i64(const json_t *o, const char *key, int64_t *ret) {
    const json_t *v = json_object_get(o, key);
    if (!json_is_integer(v)) return false;
    *ret = json_integer_value(v);
    return true;
}

bool binance_e8(const json_t *o, const char *key, int64_t *ret) {
    int64_t e8;
    if (!amount_parse_e8(binance_str(o, key), &e8) || e8 < 0) return false;
    *ret = e8;
    return true;
}

bool binance_time(const json_t *o, const char *key, usec *ret) {
    int64_t ms = 0;
    if (json_object_get(o, key) == NULL) {
        *ret = 0;
        return true;
    }
    if (!binance_i64(o, key, &ms) || ms <= 0 || ms > TIME_MAX_MS) return false;
    *ret = ms * USEC_PER_MS;
    return true;
}

json_t *binance_parse(str body) {
    if (body.n <= 0 || body.n > BODY_MAX) return NULL;
    return json_loadb(body.p, (size_t)body.n, JSON_REJECT_DUPLICATES, NULL);
}

bool binance_server_time(str body, usec *ret) {
    json_t *root = binance_parse(body);
    usec at = 0;
    const bool ok = json_is_object(root) && binance_time(root, "serverTime", &at) && at > 0;
    json_decref(root);
    if (ok) *ret = at;
    return ok;
}

/* -- the verdict --------------------------------------------------------------------------- */

static void no_answer(bool changes, struct binance_verdict *v) {
    v->kind = changes ? BINANCE_UNKNOWN : BINANCE_DOWN;
    v->failure = true;
}

void binance_unreadable(bool changes, struct binance_verdict *v) {
    *v = (struct binance_verdict){0};
    no_answer(changes, v);
    binance_say(v->text, "the venue's answer lacks what it must hold");
}

static void down(struct binance_verdict *v, binance_effect effect) {
    v->kind = BINANCE_DOWN;
    v->effect = effect;
}

static void rejected(struct binance_verdict *v, binance_effect effect) {
    v->kind = BINANCE_REJECTED;
    v->effect = effect;
}

/* The body of an error: {"code":-1121,"msg":"Invalid symbol."}. Code 0: it is none. */
static void read_error(const struct binance *b, const struct http_answer *a,
                       struct binance_verdict *v) {
    json_t *root = binance_parse(a->body);
    const str msg = binance_str(root, "msg");
    int64_t code = 0;
    if (binance_i64(root, "code", &code) && code < 0 && code > INT_MIN) {
        v->code = (int)code;
        char words[BINANCE_TEXT];
        binance_clean(b, words, msg);
        binance_say(v->text, "%d %s", v->code, words);
        if (code == -2010 && str_eq(msg, STR("Duplicate order sent."))) {
            v->kind = BINANCE_DUPLICATE;
        } else if (str_starts(msg, STR("Filter failure"))) {
            v->effect = BINANCE_FILTER;
        }
    } else {
        binance_say(v->text, "HTTP status %d", a->status);
    }
    json_decref(root);
}

/* A refusal whose status says nothing yet: by its code. */
static void judge_code(bool changes, struct binance_verdict *v) {
    if (EXECUTION_UNKNOWN(v->code)) {
        no_answer(changes, v);
        return;
    }
    switch (v->code) {
    case 0: /* no word of the exchange: something between may have spoken */
        no_answer(changes, v);
        return;
    case -1003:
        down(v, BINANCE_HOLD_ALL);
        return;
    case -1015:
        down(v, BINANCE_HOLD_ORDERS);
        return;
    case -1008:
        down(v, BINANCE_OVERLOAD);
        return;
    case -1021:
        down(v, BINANCE_CLOCK);
        return;
    case -1002:
    case -1022:
    case -2008:
    case -2014:
    case -2015:
        rejected(v, BINANCE_KEYS);
        return;
    default: /* not an enum */
        if (v->kind != BINANCE_DUPLICATE || !changes) v->kind = BINANCE_REJECTED;
        return;
    }
}

static void judge_status(const struct http_answer *a, bool changes, struct binance_verdict *v) {
    if (a->status == 418) {
        down(v, BINANCE_HOLD_ALL);
    } else if (a->status == 429) {
        down(v, v->code == -1015 ? BINANCE_HOLD_ORDERS : BINANCE_HOLD_ALL);
    } else if (v->code == -1008) {
        down(v, BINANCE_OVERLOAD); /* says so itself, whatever the status */
        v->failure = true;
    } else if (a->status == 401) {
        rejected(v, BINANCE_KEYS);
    } else if (a->status == 403 && v->code == 0) {
        down(v, BINANCE_WAF);
    } else if (a->status >= 400 && a->status < 500) {
        judge_code(changes, v);
    } else {
        no_answer(changes, v);
    }
}

void binance_judge(const struct binance *b, const struct http_answer *a, bool changes,
                   struct binance_verdict *ret) {
    struct binance_verdict v = {0};
    if (a->end == HTTP_NOT_SENT) {
        down(&v, BINANCE_NO_EFFECT);
        v.failure = true;
        binance_say(v.text, "not reachable: %.80s", a->why);
    } else if (a->end == HTTP_LOST) {
        no_answer(changes, &v);
        binance_say(v.text, "no answer: %.80s", a->why);
    } else if (a->status < 200 || a->status > 299) {
        read_error(b, a, &v);
        judge_status(a, changes, &v);
    }
    if (holds_key(b, str_from_z(v.text))) binance_say(v.text, "(the text holds a key)");
    *ret = v;
}

/* -- orders -------------------------------------------------------------------------------- */

bool binance_state(str status, order_state *ret) {
    static const struct {
        const char *name;
        order_state state;
    } known[] = {
        {"NEW", ORDER_ST_OPEN},
        {"PENDING_NEW", ORDER_ST_PENDING},
        {"PARTIALLY_FILLED", ORDER_ST_PART},
        {"FILLED", ORDER_ST_FILLED},
        {"CANCELED", ORDER_ST_CANCELED},
        {"PENDING_CANCEL", ORDER_ST_OPEN},
        {"REJECTED", ORDER_ST_REJECTED},
        {"EXPIRED", ORDER_ST_EXPIRED},
        {"EXPIRED_IN_MATCH", ORDER_ST_EXPIRED},
    };
    for (ptrdiff_t i = 0; i < COUNT_OF(known); i++) {
        if (!str_eq(status, str_from_z(known[i].name))) continue;
        *ret = known[i].state;
        return true;
    }
    return false;
}

bool binance_state_fits(order_state *s, qty size, qty filled) {
    const bool some = !qty_is_zero(filled), all = some && qty_cmp(filled, size) == 0;
    if (qty_cmp(filled, size) > 0) return false;
    if (*s == ORDER_ST_FILLED) return all;
    if (*s == ORDER_ST_REJECTED || *s == ORDER_ST_PENDING) return !some;
    if (*s == ORDER_ST_OPEN || *s == ORDER_ST_PART) {
        *s = some ? ORDER_ST_PART : ORDER_ST_OPEN;
        return !all;
    }
    return true; /* canceled, expired: with any part of it */
}

/* origQty: absent of a pending leg whose size the entry decides. */
static bool read_amounts(const json_t *o, struct binance_order *ret) {
    int64_t size = 0, filled, quote;
    if (json_object_get(o, "origQty") != NULL && !binance_e8(o, "origQty", &size)) return false;
    if (!binance_e8(o, "executedQty", &filled)) return false;
    const str total = binance_str(o, "cummulativeQuoteQty");
    if (total.p == NULL || !amount_parse_e8(total, &quote)) {
        if (json_object_get(o, "cummulativeQuoteQty") != NULL) return false;
        quote = -1;
    }
    if (filled > 0 && quote <= 0) quote = -1; /* "not available" */
    if (filled == 0 && quote > 0) return false;
    if (filled == 0) quote = 0;
    ret->qty = qty_from_e8(size);
    ret->filled = qty_from_e8(filled);
    ret->quote = money_from_e8(quote);
    return binance_state_fits(&ret->state, ret->qty, ret->filled);
}

static bool read_times(const json_t *o, usec *ret) {
    static const char *const keys[] = {"transactTime", "updateTime", "time"};
    *ret = 0;
    for (ptrdiff_t i = 0; i < COUNT_OF(keys) && *ret == 0; i++) {
        if (!binance_time(o, keys[i], ret)) return false;
    }
    return true;
}

/* The id of an order, not that of the request that cancelled it. */
static str coid_of(const json_t *o) {
    const str orig = binance_str(o, "origClientOrderId");
    return orig.n > 0 ? orig : binance_str(o, "clientOrderId");
}

bool binance_read_order(const json_t *o, struct binance_order *ret) {
    struct binance_order r = {.coid = coid_of(o), .symbol = binance_str(o, "symbol")};
    if (r.coid.n <= 0 || r.coid.n >= COID_BYTES || r.symbol.n <= 0) return false;
    if (r.symbol.n >= SYMBOL_BYTES) return false;
    if (!binance_i64(o, "orderId", &r.id) || r.id < 0 || r.id > BINANCE_ID_MAX) return false;
    if (!binance_state(binance_str(o, "status"), &r.state) || !read_amounts(o, &r)) return false;
    if (!read_times(o, &r.at)) return false;
    r.side_known = order_side_from_name(binance_str(o, "side"), &r.side);
    r.type_known = order_type_from_name(binance_str(o, "type"), &r.type);
    const json_t *fills = json_object_get(o, "fills");
    if (json_is_array(fills)) r.fills = fills;
    r.why = binance_str(o, "expiryReason");
    if (str_eq(r.why, STR("NONE"))) r.why = (str){0};
    *ret = r;
    return true;
}

/* -- fills --------------------------------------------------------------------------------- */

static bool read_fill(const json_t *o, int64_t order_id, struct binance_fill *f) {
    int64_t id = -1, of = 0, q, p, fee, quote;
    const str asset = binance_str(o, "commissionAsset");
    *f = (struct binance_fill){0};
    if (!binance_i64(o, order_id != 0 ? "id" : "tradeId", &id) || id < 0 || id > BINANCE_ID_MAX)
        return false;
    if (order_id != 0 && (!binance_i64(o, "orderId", &of) || of != order_id)) return false;
    if (!binance_e8(o, "qty", &q) || q == 0 || !binance_e8(o, "price", &p) || p == 0) return false;
    if (!binance_e8(o, "commission", &fee) || !binance_time(o, "time", &f->at)) return false;
    if (asset.n > 0 && !str_copyz(asset, f->fee_asset, sizeof f->fee_asset)) return false;
    if (asset.n <= 0 && fee != 0) return false;
    f->id = id;
    f->qty = qty_from_e8(q);
    f->price = price_from_e8(p);
    f->fee_e8 = fee;
    if (binance_e8(o, "quoteQty", &quote)) {
        f->quote = money_from_e8(quote);
        return true;
    }
    return money_notional(f->price, f->qty, ROUND_FLOOR, &f->quote);
}

static int fill_cmp(const void *x, const void *y) {
    const struct binance_fill *a = x, *b = y;
    return (a->id > b->id) - (a->id < b->id);
}

bool binance_read_fills(const json_t *list, int64_t order_id, int most, struct binance_fill *v,
                        int *ret_count) {
    const size_t count = json_array_size(list);
    if (!json_is_array(list) || count > (size_t)most) return false;
    for (size_t i = 0; i < count; i++) {
        if (!read_fill(json_array_get(list, i), order_id, &v[i])) return false;
    }
    if (count > 1) qsort(v, count, sizeof v[0], fill_cmp);
    for (size_t i = 1; i < count; i++) {
        if (v[i].id == v[i - 1].id) return false;
    }
    *ret_count = (int)count;
    return true;
}

/* -- snapshots ----------------------------------------------------------------------------- */

/* What is known of a stranger's order whose particulars are none of ours. */
static bool read_stranger(const json_t *o, struct binance_order *ret) {
    *ret = (struct binance_order){
        .coid = coid_of(o), .symbol = binance_str(o, "symbol"), .state = ORDER_ST_OPEN, .at = 0};
    return json_is_object(o) && ret->symbol.n > 0;
}

static void put_open(const struct binance *b, const struct binance_order *r,
                     struct open_order *ret) {
    *ret = (struct open_order){.side = r->side, .type = r->type_known ? r->type : ORDER_LIMIT};
    IGNORE(str_copyz(r->coid, ret->report.coid, COID_BYTES), "cut: a stranger's");
    if (r->id > 0) {
        struct buf id;
        buf_init_fixed(&id, ret->report.venue_id, sizeof ret->report.venue_id);
        buf_put_i64(&id, r->id);
    }
    ret->report.sym = symbols_find(b->symbols, r->symbol);
    ret->report.state = r->state;
    ret->report.qty = r->qty;
    ret->report.filled = r->filled;
    if (money_e8(r->quote) > 0) ret->report.quote_filled = r->quote;
    ret->report.at = r->at;
}

/* Those of ours, or of strangers; what does not fit is cut off. Only of ours that is to be known:
 * there the next look shows more, and of strangers it would be the same again. */
static bool read_open(const struct binance *b, const json_t *list, bool ours,
                      struct snapshot *ret) {
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *o = json_array_get(list, i);
        struct binance_order r;
        if (binance_is_ours(b, coid_of(o)) != ours) continue;
        const bool whole = binance_read_order(o, &r) && r.side_known;
        if (!whole && (ours || !read_stranger(o, &r))) return false;
        if (ret->order_count == SNAPSHOT_ORDERS_MAX) {
            ret->truncated = ours;
            return true;
        }
        put_open(b, &r, &ret->orders[ret->order_count++]);
    }
    return true;
}

bool binance_read_open_orders(const struct binance *b, const json_t *list, struct snapshot *ret) {
    ret->order_count = 0;
    ret->truncated = false;
    return json_is_array(list) && read_open(b, list, true, ret) && read_open(b, list, false, ret);
}

/* Amounts of coins of which test networks hand out more than we count are cut to the largest, and
 * decimals beyond ours are dropped: nothing is sold by a balance. */
static bool read_balance(const json_t *o, const char *key, int64_t *ret) {
    const str s = binance_str(o, key);
    volume wide;
    if (binance_e8(o, key, ret)) return true;
    if (volume_parse(s, &wide)) {
        *ret = i64_min(volume_e8(wide), AMOUNT_E8_MAX);
        return true;
    }
    for (ptrdiff_t i = 0; i < s.n; i++) {
        if (s.p[i] != '.' && (s.p[i] < '0' || s.p[i] > '9')) return false;
    }
    *ret = AMOUNT_E8_MAX;
    return s.n > 10; /* digits, and too many of them */
}

bool binance_read_balances(const json_t *account, struct snapshot *ret) {
    const json_t *list = json_object_get(account, "balances");
    ret->balance_count = 0;
    ret->balances_cut = false;
    ret->uid = 0;
    if (!json_is_array(list)) return false;
    IGNORE(!binance_i64(account, "uid", &ret->uid), "then it does not say");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *o = json_array_get(list, i);
        const str asset = binance_str(o, "asset");
        int64_t unused, locked;
        if (asset.n <= 0) return false;
        if (!read_balance(o, "free", &unused) || !read_balance(o, "locked", &locked)) return false;
        if (unused == 0 && locked == 0) continue;
        if (asset.n >= (ptrdiff_t)sizeof ret->balances[0].asset) continue; /* of no pair of ours */
        if (ret->balance_count == SNAPSHOT_BALANCES_MAX) {
            ret->balances_cut = true;
            continue;
        }
        const int at = ret->balance_count++;
        IGNORE(!str_copyz(asset, ret->balances[at].asset, sizeof ret->balances[at].asset),
               "its length was checked");
        ret->balances[at].free_e8 = unused;
        ret->balances[at].locked_e8 = locked;
    }
    return true;
}
