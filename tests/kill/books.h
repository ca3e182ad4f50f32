/* books: what a store says of orders, fills and trades, in memory, whichever database it is. */
#ifndef BF_TESTS_KILL_BOOKS_H
#define BF_TESTS_KILL_BOOKS_H

#include "base/str.h"

#define BOOKS_NAME 48

/* Amounts in 1e-8. */
struct book_order {
    char coid[BOOKS_NAME], venue_id[BOOKS_NAME], symbol[BOOKS_NAME]; /* venue_id "": none */
    char status[BOOKS_NAME], trade_status[BOOKS_NAME];               /* "": of no trade */
    int64_t filled, quote;
};
struct book_fill {
    char venue_order_id[BOOKS_NAME], symbol[BOOKS_NAME]; /* "": of no order */
    int64_t base, quote, fee;
};
struct books {
    struct book_order *orders;
    struct book_fill *fills;
    int order_count, fill_count;
    int64_t trades, open, closed;
};

/* How a database is read: runs `sql`, whose columns are text, and hands each row on. */
struct books_from {
    void *ctx;
    void (*query)(void *ctx, const char *sql, void (*row)(void *to, const char *const *columns),
                  void *to);
    const char *orders, *fills, *trades; /* statements: columns as the structs have them; of trades
                                            their state. Amounts are decimals */
};
void books_read(struct books *b, const struct books_from *from);
void books_free(struct books *b);

/* Of a file of SQLite. */
void books_read_sqlite(struct books *b, const char *path);

/* What both sides say, and in how many points they differ. Each difference is printed. */
struct comparison {
    int64_t orders, executed, fills, live;
    int64_t duplicated; /* client ids or intents that were executed twice, exits sold twice */
    int64_t bare;       /* positions without protection now */
    int64_t differing;  /* orders, trades, fills, fees, states that differ */
};
/* The exchange is asked as any client would ask it. */
struct venue_access {
    const char *url, *key, *secret;
};
void compare(const struct books *b, const struct venue_access *v, struct comparison *ret);
/* The exchange alone: how many positions it knows of, and how many of them stand bare there now
 * (each is printed where `say`). An exit may be on its way: look more than once. */
int64_t compare_bare(const struct venue_access *v, const char *const *symbols, int count, bool say,
                     int64_t *ret_held);

#endif
