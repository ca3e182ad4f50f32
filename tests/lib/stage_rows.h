/* The rows of a stage, as a store would keep them, and what a new trader is given of them. */
#ifndef BF_TESTS_LIB_STAGE_ROWS_H
#define BF_TESTS_LIB_STAGE_ROWS_H

#include "stage.h"

#define TRADES_KEPT 8192
#define ORDERS_KEPT 65536
#define SIGNALS_KEPT 16384
#define FILLS_KEPT 32768
#define AUTHORS_KEPT 1024
#define MEMORY_KEPT 16384
#define DELETIONS_KEPT 4096
#define FORECASTS_KEPT 1024
#define RECORDS_KEPT 4096

struct rows {
    struct account account;
    struct control control;
    bool has_account;
    struct trade *trades;
    int trade_count;
    struct order *orders;
    int order_count;
    struct signal *signals;
    int signal_count;
    struct fill *fills;
    int fill_count;
    struct author *authors;
    int author_count;
    struct post_memory *memory; /* in the order in which they were put */
    int memory_count;
    struct deletion *deletions; /* in the order in which they were put */
    int deletion_count;
    struct forecast *forecasts;
    int forecast_count;
    struct author_record *records;
    int record_count;
    char (*sent)[COID_BYTES]; /* entries and exits that went out, each once */
    int sent_count;
};

/* Puts a row into `table` by its id, replacing the one it had. */
#define PUT_BY_ID(rows, table, count, most, row)                                                   \
    do {                                                                                           \
        int put_at = (rows)->count - 1;                                                            \
        while (put_at >= 0 && (rows)->table[put_at].id != (row)->id) put_at--;                     \
        if (put_at < 0) {                                                                          \
            if ((rows)->count == (most)) fail_msg("no room for more " #table);                     \
            put_at = (rows)->count++;                                                              \
        }                                                                                          \
        (rows)->table[put_at] = *(row);                                                            \
    } while (0)

void rows_put_author(struct rows *r, const struct author *a);
void rows_put_memory(struct rows *r, const struct post_memory *m);
void rows_put_deletion(struct rows *r, const struct deletion *d);        /* the first one stays */
struct author_record *rows_find_record(struct rows *r, const char *key); /* NULL: none */
void rows_end_forecast(struct rows *r, const struct action *a);
void rows_forget_author(struct rows *r, const char *key);

/* What a store would give to a new trader; arrays in `a`, or the rows' own. rest: of a symbol. */
void rows_gather(const struct rows *r, usec rest, struct arena *a, struct trader_rows *ret);

#endif
