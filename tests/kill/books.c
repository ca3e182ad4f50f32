/* books: see the header. Failure: a database that cannot be read ends the program. */
#include "books.h"

#include <stdio.h>
#include <stdlib.h>

#include <sqlite3.h>

#include "base/money.h"
#include "kill.h"

static void text(char to[BOOKS_NAME], const char *from) {
    if (!str_copyz(str_from_z(from != NULL ? from : ""), to, BOOKS_NAME))
        give_up("\"%s\" is longer than a name", from);
}

static int64_t amount(const char *from) {
    int64_t e8;
    if (from == NULL || !amount_parse_e8(str_from_z(from), &e8))
        give_up("the store's \"%s\" is no amount", from != NULL ? from : "NULL");
    return e8;
}

/* One more of `count`; room doubles. */
static void *grown(void *v, int count, size_t bytes) {
    if (count > 0 && (count & (count - 1)) != 0) return v;
    v = realloc(v, (size_t)(count > 0 ? 2 * count : 1) * bytes);
    if (v == NULL) give_up("no memory");
    return v;
}

static void add_order(void *to, const char *const *c) {
    struct books *const b = to;
    b->orders = grown(b->orders, b->order_count, sizeof *b->orders);
    struct book_order *const o = &b->orders[b->order_count++];
    text(o->coid, c[0]);
    text(o->venue_id, c[1]);
    text(o->symbol, c[2]);
    text(o->status, c[3]);
    text(o->trade_status, c[4]);
    o->filled = amount(c[5]);
    o->quote = amount(c[6]);
}

static void add_fill(void *to, const char *const *c) {
    struct books *const b = to;
    b->fills = grown(b->fills, b->fill_count, sizeof *b->fills);
    struct book_fill *const f = &b->fills[b->fill_count++];
    text(f->venue_order_id, c[0]);
    text(f->symbol, c[1]);
    f->base = amount(c[2]);
    f->quote = amount(c[3]);
    f->fee = amount(c[4]);
}

static void add_trade(void *to, const char *const *c) {
    struct books *const b = to;
    b->trades++;
    b->open += strcmp(c[0], "OPEN") == 0;
    b->closed += strcmp(c[0], "CLOSED") == 0;
}

void books_read(struct books *b, const struct books_from *from) {
    *b = (struct books){0};
    from->query(from->ctx, from->orders, add_order, b);
    from->query(from->ctx, from->fills, add_fill, b);
    from->query(from->ctx, from->trades, add_trade, b);
}

void books_free(struct books *b) {
    free(b->orders);
    free(b->fills);
    *b = (struct books){0};
}

/* --- SQLite ------------------------------------------------------------------------------- */

static void query(void *ctx, const char *sql, void (*row)(void *to, const char *const *columns),
                  void *to) {
    sqlite3 *const db = ctx;
    sqlite3_stmt *st = NULL;
    const char *columns[16];
    if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK)
        give_up("%s: %s", sql, sqlite3_errmsg(db));
    while (sqlite3_step(st) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(st) && i < COUNT_OF(columns); i++)
            columns[i] = (const char *)sqlite3_column_text(st, i);
        row(to, columns);
    }
    sqlite3_finalize(st);
}

void books_read_sqlite(struct books *b, const char *path) {
    sqlite3 *db;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
        give_up("%s: %s", path, sqlite3_errmsg(db));
    const struct books_from from = {
        .ctx = db,
        .query = query,
        .orders = "SELECT o.client_order_id, o.venue_order_id, o.symbol, o.status, t.status, "
                  "o.filled_quantity, o.quote_filled FROM orders_v o LEFT JOIN trades t ON t.id = "
                  "o.trade_id ORDER BY o.id",
        .fills = "SELECT o.venue_order_id, f.symbol, f.quantity, f.quote, f.fee FROM fills_v f "
                 "LEFT JOIN orders o ON o.id = f.order_id ORDER BY f.id",
        .trades = "SELECT status FROM trades"};
    books_read(b, &from);
    sqlite3_close(db);
}
