/* compare: the store's orders, fills and trades against the exchange's own answers, asked for as
 * any client would: allOrders and myTrades of each symbol, signed.
 *
 * The three zeros: nothing executed twice, nothing that stands bare, nothing that the two sides
 * tell differently. Amounts are compared as integers of 1e-8. */
#include "kill.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>
#include <sqlite3.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/money.h"
#include "base/time.h"
#include "net/http.h"

#define SYMBOLS 64
#define TRADE_KEY 27 /* what all client ids of a trade begin with */

struct side {
    sqlite3 *db;
    struct http *http;
    struct comparison *c;
    int64_t now_ms;
};

#define differs(s, ...) (printf("differs: " __VA_ARGS__), putchar('\n'), (s)->c->differing++)

/* --- the exchange ------------------------------------------------------------------------ */

static void sign(struct buf *query) {
    uint8_t mac[SHA256_BYTES];
    char hex[SHA256_HEX_BYTES];
    hmac_sha256(STR(KILL_SECRET), buf_str(query), mac);
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
        sign(&query);
        const struct http_request rq = {.method = HTTP_GET,
                                        .path = str_from_z(path),
                                        .query = buf_str(&query),
                                        .key = STR(KILL_KEY),
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

static sqlite3_stmt *query(struct side *s, const char *sql) {
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) != SQLITE_OK)
        give_up("%s: %s", sql, sqlite3_errmsg(s->db));
    return st;
}

static int64_t number(struct side *s, const char *sql) {
    sqlite3_stmt *st = query(s, sql);
    const int64_t v = sqlite3_step(st) == SQLITE_ROW ? sqlite3_column_int64(st, 0) : 0;
    sqlite3_finalize(st);
    return v;
}

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

static void same_order(struct side *s, const json_t *o) {
    const char *coid = text_of(o, "clientOrderId");
    sqlite3_stmt *st =
        query(s, "SELECT o.status, o.filled_quantity, o.quote_filled, t.status FROM orders o "
                 "LEFT JOIN trades t ON t.id = o.trade_id WHERE o.client_order_id = ?1");
    sqlite3_bind_text(st, 1, coid, -1, SQLITE_STATIC);
    if (sqlite3_step(st) != SQLITE_ROW) {
        differs(s, "order %s is at the venue and in no row", coid);
    } else {
        const char *status = text_of(o, "status"), *row = (const char *)sqlite3_column_text(st, 0);
        const char *trade = (const char *)sqlite3_column_text(st, 3);
        if (!same_state(status, row))
            differs(s, "order %s is %s, its row says %s", coid, status, row);
        if (e8_of(o, "executedQty") != sqlite3_column_int64(st, 1) ||
            e8_of(o, "cummulativeQuoteQty") != sqlite3_column_int64(st, 2))
            differs(s, "order %s: executed %s for %s, the row says otherwise", coid,
                    text_of(o, "executedQty"), text_of(o, "cummulativeQuoteQty"));
        const bool live = strcmp(status, "NEW") == 0 || strcmp(status, "PARTIALLY_FILLED") == 0 ||
                          strcmp(status, "PENDING_NEW") == 0;
        s->c->live += live;
        if (live && (trade == NULL || strcmp(trade, "OPEN") != 0))
            differs(s, "order %s is live, its trade is not open", coid);
    }
    sqlite3_finalize(st);
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
            printf("bare: trade of %s bought %" PRId64 ", sold %" PRId64 ", covered %" PRId64 "\n",
                   key, bought, sold, covered);
            s->c->bare++;
        }
    }
}

static void same_fills(struct side *s, const char *symbol, const json_t *trades) {
    const size_t n = json_array_size(trades);
    sqlite3_stmt *st = query(s, "SELECT sum(f.quantity), sum(f.quote), sum(f.fee), count(*) FROM "
                                "fills f JOIN orders o ON o.id = f.order_id WHERE "
                                "o.venue_order_id = ?1 AND o.symbol = ?2");
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
        sqlite3_reset(st);
        sqlite3_bind_text(st, 1, text, -1, SQLITE_STATIC);
        sqlite3_bind_text(st, 2, symbol, -1, SQLITE_STATIC);
        if (sqlite3_step(st) != SQLITE_ROW || sqlite3_column_int64(st, 0) != base ||
            sqlite3_column_int64(st, 1) != quote)
            differs(s, "%s order %s: traded %" PRId64 " for %" PRId64 ", booked %lld for %lld",
                    symbol, text, base, quote, (long long)sqlite3_column_int64(st, 0),
                    (long long)sqlite3_column_int64(st, 1));
        /* fills booked from totals have their fee rounded once */
        const int64_t off = sqlite3_column_int64(st, 2) - fee;
        if (off > count || off < -count)
            differs(s, "%s order %s: fees of %" PRId64 ", booked %lld", symbol, text, fee,
                    (long long)sqlite3_column_int64(st, 2));
    }
    sqlite3_finalize(st);
}

static void one_symbol(struct side *s, const char *symbol) {
    json_t *orders = all_of(s, "/api/v3/allOrders", symbol, "orderId", "orderId");
    json_t *trades = all_of(s, "/api/v3/myTrades", symbol, "fromId", "id");
    for (size_t i = 0; i < json_array_size(orders); i++) {
        if (!is_ours(json_array_get(orders, i))) continue;
        s->c->orders++;
        same_order(s, json_array_get(orders, i));
    }
    nothing_twice(s, orders);
    each_trade(s, orders);
    same_fills(s, symbol, trades);
    json_decref(orders);
    json_decref(trades);
}

/* What the store says by itself: nothing UNKNOWN, nothing live of an ended trade; fills that no
 * trade of the exchange explains are found by their orders' sums. */
static void store_alone(struct side *s) {
    s->c->trades = number(s, "SELECT count(*) FROM trades");
    s->c->open = number(s, "SELECT count(*) FROM trades WHERE status = 'OPEN'");
    s->c->closed = number(s, "SELECT count(*) FROM trades WHERE status = 'CLOSED'");
    const int64_t unknown =
        number(s, "SELECT count(*) FROM orders WHERE status IN ('new', 'sent', 'unknown')");
    if (unknown > 0) differs(s, "%" PRId64 " orders are unknown in the end", unknown);
    const int64_t sum = number(s, "SELECT count(*) FROM fills");
    if (number(s, "SELECT count(*) FROM fills WHERE order_id IS NULL") > 0)
        differs(s, "fills without an order, of %" PRId64, sum);
    const int64_t never = number(s, "SELECT count(*) FROM orders WHERE filled_quantity > 0 AND "
                                    "venue_order_id IS NULL");
    if (never > 0) differs(s, "%" PRId64 " orders filled that the venue never numbered", never);
}

void compare(const char *db, const char *url, struct comparison *ret) {
    struct arena a;
    struct error err;
    struct side s = {.c = ret};
    arena_open(&a, 64 << 20);
    *ret = (struct comparison){0};
    if (!http_curl_open(&a, str_from_z(url), HOST_SPOT_REST, &s.http, &err)) give_up("%s", err.msg);
    if (sqlite3_open_v2(db, &s.db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
        give_up("%s: %s", db, sqlite3_errmsg(s.db));
    store_alone(&s);
    sqlite3_stmt *st = query(&s, "SELECT DISTINCT symbol FROM orders ORDER BY symbol");
    char symbols[SYMBOLS][16];
    int count = 0;
    while (sqlite3_step(st) == SQLITE_ROW && count < SYMBOLS)
        snprintf(symbols[count++], sizeof symbols[0], "%s", sqlite3_column_text(st, 0));
    sqlite3_finalize(st);
    for (int i = 0; i < count; i++) one_symbol(&s, symbols[i]);
    http_close(s.http);
    sqlite3_close(s.db);
    arena_close(&a);
}
