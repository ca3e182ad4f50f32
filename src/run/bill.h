/* bill: what the posts of a month cost and what was had for it, as the store and the governor say.
 *
 * The month's figures are those of the governor itself (source/cost.h), given what the store
 * remembers: what people are shown is what decides there. Days and months are UTC's, amounts
 * dollars. */
#ifndef BF_RUN_BILL_H
#define BF_RUN_BILL_H

#include "config/config.h"
#include "source/cost.h"
#include "store/sources.h"

#define BILL_DAYS_MAX 366

/* One kind of thing of one source, over the month. */
struct bill_line {
    str feed;
    resource resource;
    int64_t returned, billed;
    money amount;
};

/* All sources that store posts under one name. */
struct bill_yield {
    str source;
    money amount;
    int64_t traded; /* signals, on posts received this month */
};

/* X's own count of those days of the month on which it was asked, and ours as they were then. */
struct bill_compared {
    int days;
    int64_t x, ours;
    usec asked_at; /* X, last; 0: that was not noted */
    int64_t lost;  /* that X counts beyond ours, day by day */
};

struct bill {
    usec now, month_begin;
    int64_t today, month_day; /* UTC days; the month's first */
    int days;                 /* that are listed one by one, 0 to BILL_DAYS_MAX */
    bool ever;                /* anything was ever asked that may cost */
    struct cost_view view;
    struct bill_line *lines;
    int line_count;
    struct bill_yield *yields;
    int yield_count;
    struct bill_compared compared;

    struct cost_row *rows; /* newest first, as far back as anything here needs */
    int row_count;
    int64_t counted[BILL_DAYS_MAX];  /* ours when X was asked for that; -1 not noted */
    usec asked_at[BILL_DAYS_MAX];    /* 0 not noted */
    int64_t reported[BILL_DAYS_MAX]; /* X's own counts, by how many days ago; -1 none */
};

/* Prices, budget and cap as they are configured. */
struct cost_options bill_options(const struct config *cfg);
/* Reads all of it at one moment, also while somebody writes. Arrays and texts in `a`. */
MUST_CHECK bool bill_read(struct store *s, struct arena *a, const struct cost_options *opt,
                          usec now, int days, struct bill *ret, struct error *err);

/* JSON objects and arrays of them: the whole (with "days" where some are listed), and its lists. */
struct json_t;
void bill_put_json(const struct bill *b, struct buf *out);
struct json_t *bill_lines_json(const struct bill *b);
struct json_t *bill_yields_json(const struct bill *b);
struct json_t *bill_days_json(const struct bill *b);

#endif
