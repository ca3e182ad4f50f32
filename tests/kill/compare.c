/* compare: a store's orders, fills and trades against the exchange's own answers, asked for as any
 * client would: allOrders and myTrades of each symbol, signed.
 *
 * The three zeros: nothing executed twice, nothing that stands bare, nothing that the two sides
 * tell differently. Amounts are compared as integers of 1e-8. */
#include "books.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/money.h"
#include "base/time.h"
#include "kill.h"
#include "net/http.h"

#define SYMBOLS 64
#define TRADE_KEY 27 /* what all client ids of a trade begin with */

struct side {
    const struct books *b; /* NULL: the exchange alone */
    const struct venue_access *venue;
    struct http *http;
    struct comparison *c;
    bool quiet;
    int64_t held; /* positions */
};

#define differs(s, ...) (printf("differs: " __VA_ARGS__), putchar('\n'), (s)->c->differing++)

/* --- the exchange ------------------------------------------------------------------------ */

static void sign(const struct side *s, struct buf *query) {
    uint8_t mac[SHA256_BYTES];
    char hex[SHA256_HEX_BYTES];
    hmac_sha256(str_from_z(s->venue->secret), buf_str(query), mac);
    buf_put(query, STR("&signature="));
    buf_put(query, hex_format(mac, SHA256_BYTES, hex));
}

/* The parsed answer; the caller's. */
static json_t *ask(struct side *s, const char *path, const char *params) {
    char block[1024];
    struct buf query;
    struct http_answer a;
    json_error_t err;
    for (int tries = 0; tries < 20; tries++) {
        buf_init_fixed(&query, block, sizeof block);
        buf_printf(&query, "%s%srecvWindow=60000&timestamp=%" PRId64, params, params[0] ? "&" : "",
                   time_wall_us() / USEC_PER_MS);
        sign(s, &query);
        const struct http_request rq = {.method = HTTP_GET,
                                        .path = str_from_z(path),
                                        .query = buf_str(&query),
                                        .key = str_from_z(s->venue->key),
                                        .timeout = 10 * USEC_PER_S};
        http_call(s->http, &rq, &a);
        if (a.end == HTTP_ANSWERED && a.status == 200) {
            json_t *v = json_loadb(a.body.p, (size_t)a.body.n, 0, &err);
            if (v == NULL) give_up("%s: %s", path, err.text);
            return v;
        }
    }
    give_up("%s?%s: %d " STR_FMT " %s", path, params, a.status, STR_ARG(str_head(a.body, 200)),
            a.why);
}

static int64_t e8_of(const json_t *o, const char *name) {
    int64_t v = 0;
    const json_t *t = json_object_get(o, name);
    if (!json_is_string(t) || !amount_parse_e8(str_from_z(json_string_value(t)), &v))
        give_up("the exchange's %s is no amount", name);
    return v;
}

static const char *text_of(const json_t *o, const char *name) {
    const char *z = json_string_value(json_object_get(o, name));
    return z != NULL ? z : "";
}

static int64_t int_of(const json_t *o, const char *name) {
    return json_integer_value(json_object_get(o, name));
}

/* All of a symbol's orders or trades, page by page. */
static json_t *all_of(struct side *s, const char *path, const char *symbol, const char *from,
                      const char *id) {
    json_t *all = json_array();
    int64_t next = 0;
    for (;;) {
        char params[128];
        struct buf b;
        buf_init_fixed(&b, params, sizeof params);
        buf_printf(&b, "symbol=%s&%s=%" PRId64 "&limit=1000", symbol, from, next);
        json_t *page = ask(s, path, params);
        const size_t n = json_array_size(page);
        if (n > 0) next = int_of(json_array_get(page, n - 1), id) + 1;
        json_array_extend(all, page);
        json_decref(page);
        if (n < 1000) return all;
    }
}

/* --- the store --------------------------------------------------------------------------- */

static bool same_state(const char *venue, const char *row) {
    static const char *const pairs[][2] = {
        {"NEW", "open"},        {"PENDING_NEW", "pending"}, {"PARTIALLY_FILLED", "part"},
        {"FILLED", "filled"},   {"CANCELED", "canceled"},   {"REJECTED", "rejected"},
        {"EXPIRED", "expired"}, {"EXPIRED", "rejected"},    {"EXPIRED", "canceled"},
    };
    for (int i = 0; i < COUNT_OF(pairs); i++) {
        if (strcmp(pairs[i][0], venue) == 0 && strcmp(pairs[i][1], row) == 0) return true;
    }
    return false;
}

static const struct book_order *find_row(const struct books *b, const char *coid) {
    for (int i = 0; i < b->order_count; i++)
        if (strcmp(b->orders[i].coid, coid) == 0) return &b->orders[i];
    return NULL;
}

static bool is_live(const char *status) {
    return strcmp(status, "NEW") == 0 || strcmp(status, "PARTIALLY_FILLED") == 0 ||
           strcmp(status, "PENDING_NEW") == 0;
}

static void same_order(struct side *s, const json_t *o) {
    const char *const coid = text_of(o, "clientOrderId"), *const status = text_of(o, "status");
    const struct book_order *const row = find_row(s->b, coid);
    s->c->live += is_live(status);
    if (row == NULL) {
        differs(s, "order %s is at the venue and in no row", coid);
        return;
    }
    if (!same_state(status, row->status))
        differs(s, "order %s is %s, its row says %s", coid, status, row->status);
    if (e8_of(o, "executedQty") != row->filled || e8_of(o, "cummulativeQuoteQty") != row->quote)
        differs(s, "order %s: executed %s for %s, the row says otherwise", coid,
                text_of(o, "executedQty"), text_of(o, "cummulativeQuoteQty"));
    if (is_live(status) && strcmp(row->trade_status, "OPEN") != 0)
        differs(s, "order %s is live, its trade is not open", coid);
}

/* What the store says that the exchange numbered is there. */
static void rows_exist(struct side *s, const char *symbol, const json_t *orders) {
    const size_t n = json_array_size(orders);
    for (int i = 0; i < s->b->order_count; i++) {
        const struct book_order *const row = &s->b->orders[i];
        bool there = row->venue_id[0] == '\0' || strcmp(row->symbol, symbol) != 0;
        for (size_t k = 0; k < n && !there; k++)
            there = strcmp(text_of(json_array_get(orders, k), "clientOrderId"), row->coid) == 0;
        if (!there)
            differs(s, "order %s has the venue's number %s, and is not there", row->coid,
                    row->venue_id);
    }
}

static bool is_ours(const json_t *o) { return strncmp(text_of(o, "clientOrderId"), "bf", 2) == 0; }

static bool is_entry(const char *coid) { return coid[0] && coid[strlen(coid) - 1] == 'e'; }

/* Executed orders: no client id twice, one entry a trade. */
static void nothing_twice(struct side *s, const json_t *orders) {
    const size_t n = json_array_size(orders);
    for (size_t i = 0; i < n; i++) {
        const json_t *o = json_array_get(orders, i);
        const char *coid = text_of(o, "clientOrderId");
        if (!is_ours(o) || e8_of(o, "executedQty") == 0) continue;
        s->c->executed++;
        for (size_t k = 0; k < i; k++) {
            const json_t *p = json_array_get(orders, k);
            const char *other = text_of(p, "clientOrderId");
            if (!is_ours(p) || e8_of(p, "executedQty") == 0) continue;
            const bool same = strcmp(coid, other) == 0;
            if (!same &&
                !(is_entry(coid) && is_entry(other) && strncmp(coid, other, TRADE_KEY) == 0))
                continue;
            printf("twice: %s and %s\n", other, coid);
            s->c->duplicated++;
        }
    }
}

/* Sold no more than bought, by trade; and what is left is covered, by a live pair of sells. */
static void each_trade(struct side *s, const json_t *orders) {
    const size_t n = json_array_size(orders);
    for (size_t i = 0; i < n; i++) {
        const json_t *e = json_array_get(orders, i);
        const char *key = text_of(e, "clientOrderId");
        if (!is_ours(e) || !is_entry(key) || e8_of(e, "executedQty") == 0) continue;
        const int64_t bought = e8_of(e, "executedQty");
        int64_t sold = 0, covered = 0;
        for (size_t k = 0; k < n; k++) {
            const json_t *o = json_array_get(orders, k);
            if (strncmp(text_of(o, "clientOrderId"), key, TRADE_KEY) != 0) continue;
            if (strcmp(text_of(o, "side"), "SELL") != 0) continue;
            sold += e8_of(o, "executedQty");
            const char *status = text_of(o, "status");
            if (strcmp(status, "NEW") == 0 || strcmp(status, "PARTIALLY_FILLED") == 0)
                covered = i64_max(covered, e8_of(o, "origQty") - e8_of(o, "executedQty"));
        }
        s->held += covered > 0;
        if (sold > bought) {
            printf("twice: trade of %s sold %" PRId64 " of %" PRId64 "\n", key, sold, bought);
            s->c->duplicated++;
        }
        /* dust is under the least notional, 5 */
        const int64_t rest = bought - sold - covered;
        const money quote = money_from_e8(e8_of(e, "cummulativeQuoteQty"));
        money worth;
        if (rest > 0 && money_ratio(quote, rest, bought, ROUND_FLOOR, &worth) &&
            money_e8(worth) > INT64_C(6) * E8) {
            if (!s->quiet)
                printf("bare: trade of %s bought %" PRId64 ", sold %" PRId64 ", covered %" PRId64
                       "\n",
                       key, bought, sold, covered);
            s->c->bare++;
        }
    }
}

/* What is booked of one order of the venue. */
static struct book_fill booked(const struct books *b, const char *symbol, const char *id) {
    struct book_fill sum = {0};
    for (int i = 0; i < b->fill_count; i++) {
        const struct book_fill *const f = &b->fills[i];
        if (strcmp(f->venue_order_id, id) != 0 || strcmp(f->symbol, symbol) != 0) continue;
        sum.base += f->base;
        sum.quote += f->quote;
        sum.fee += f->fee;
    }
    return sum;
}

static void same_fills(struct side *s, const char *symbol, const json_t *trades) {
    const size_t n = json_array_size(trades);
    for (size_t i = 0; i < n; i++) {
        const int64_t id = int_of(json_array_get(trades, i), "orderId");
        int64_t base = 0, quote = 0, fee = 0, count = 0;
        bool first = true;
        for (size_t k = 0; k < n; k++) {
            const json_t *t = json_array_get(trades, k);
            if (int_of(t, "orderId") != id) continue;
            first = first && k >= i;
            base += e8_of(t, "qty");
            quote += e8_of(t, "quoteQty");
            fee += e8_of(t, "commission");
            count++;
        }
        if (!first) continue;
        s->c->fills += count;
        char text[24];
        snprintf(text, sizeof text, "%" PRId64, id);
        const struct book_fill sum = booked(s->b, symbol, text);
        if (sum.base != base || sum.quote != quote)
            differs(s,
                    "%s order %s: traded %" PRId64 " for %" PRId64 ", booked %" PRId64
                    " for %" PRId64,
                    symbol, text, base, quote, sum.base, sum.quote);
        /* fills booked from totals have their fee rounded once */
        const int64_t off = sum.fee - fee;
        if (off > count || off < -count)
            differs(s, "%s order %s: fees of %" PRId64 ", booked %" PRId64, symbol, text, fee,
                    sum.fee);
    }
}

static void one_symbol(struct side *s, const char *symbol) {
    json_t *orders = all_of(s, "/api/v3/allOrders", symbol, "orderId", "orderId");
    json_t *trades = all_of(s, "/api/v3/myTrades", symbol, "fromId", "id");
    for (size_t i = 0; i < json_array_size(orders); i++) {
        if (!is_ours(json_array_get(orders, i))) continue;
        s->c->orders++;
        same_order(s, json_array_get(orders, i));
    }
    rows_exist(s, symbol, orders);
    nothing_twice(s, orders);
    each_trade(s, orders);
    same_fills(s, symbol, trades);
    json_decref(orders);
    json_decref(trades);
}

/* What the store says by itself: nothing UNKNOWN; fills that no trade of the exchange explains are
 * found by their orders' sums. */
static void store_alone(struct side *s) {
    int64_t unknown = 0, never = 0, orphans = 0;
    for (int i = 0; i < s->b->order_count; i++) {
        const struct book_order *const o = &s->b->orders[i];
        unknown += strcmp(o->status, "new") == 0 || strcmp(o->status, "sent") == 0 ||
                   strcmp(o->status, "unknown") == 0;
        never += o->filled > 0 && o->venue_id[0] == '\0';
    }
    for (int i = 0; i < s->b->fill_count; i++) orphans += s->b->fills[i].venue_order_id[0] == '\0';
    if (unknown > 0) differs(s, "%" PRId64 " orders are unknown in the end", unknown);
    if (never > 0) differs(s, "%" PRId64 " orders filled that the venue never numbered", never);
    if (orphans > 0) differs(s, "%" PRId64 " fills of no order that the venue knows", orphans);
}

/* The symbols of the rows, each once. */
static int symbols_of(const struct books *b, const char *ret[SYMBOLS]) {
    int count = 0;
    for (int i = 0; i < b->order_count; i++) {
        int k = 0;
        while (k < count && strcmp(ret[k], b->orders[i].symbol) != 0) k++;
        if (k < count) continue;
        if (count == SYMBOLS) give_up("more than %d symbols", SYMBOLS);
        ret[count++] = b->orders[i].symbol;
    }
    return count;
}

static void open_side(struct side *s, struct arena *a) {
    struct error err;
    arena_open(a, 64 << 20);
    if (!http_curl_open(a, str_from_z(s->venue->url), HOST_SPOT_REST, &s->http, &err))
        give_up("%s", err.msg);
}

static void close_side(struct side *s, struct arena *a) {
    http_close(s->http);
    arena_close(a);
}

void compare(const struct books *b, const struct venue_access *v, struct comparison *ret) {
    struct arena a;
    struct side s = {.b = b, .venue = v, .c = ret};
    const char *symbols[SYMBOLS];
    *ret = (struct comparison){0};
    open_side(&s, &a);
    store_alone(&s);
    const int count = symbols_of(b, symbols);
    for (int i = 0; i < count; i++) one_symbol(&s, symbols[i]);
    close_side(&s, &a);
}

int64_t compare_bare(const struct venue_access *v, const char *const *symbols, int count, bool say,
                     int64_t *ret_held) {
    struct arena a;
    struct comparison c = {0};
    struct side s = {.venue = v, .c = &c, .quiet = !say};
    open_side(&s, &a);
    for (int i = 0; i < count; i++) {
        json_t *orders = all_of(&s, "/api/v3/allOrders", symbols[i], "orderId", "orderId");
        each_trade(&s, orders);
        json_decref(orders);
    }
    close_side(&s, &a);
    *ret_held = s.held;
    return c.bare;
}
