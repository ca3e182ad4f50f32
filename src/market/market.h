/* market: where prices come from, in the order of time.
 *
 * market_next gives the next event at or before nothing in particular: a pull iterator. At one
 * time, all candles (ranges of what just closed) come before all quotes (opens), each by symbol. */
#ifndef BF_MARKET_MARKET_H
#define BF_MARKET_MARKET_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "flow/quote.h"
#include "flow/symbol.h"

typedef enum market_kind { MARKET_QUOTE, MARKET_CANDLE, MARKET_DRY } market_kind;
struct market_event {
    market_kind kind;
    usec at; /* QUOTE: open time; CANDLE: close time; DRY: end of the last candle */
    int sym;
    struct quote quote; /* bid == ask == last: the venue makes the spread */
    struct candle candle;
};

/* What was wrong with the files; counted, told with file and line (the first 20 of each file). */
struct market_counts {
    int64_t candles, duplicates, disordered, malformed, zero_price, gaps, no_volume, files;
};

struct market;
struct market_ops {
    const char *name;
    bool (*next)(struct market *m, struct market_event *ret); /* false: used up */
    usec (*peek)(struct market *m);             /* time of the next event, USEC_NEVER */
    void (*seek)(struct market *m, usec after); /* drop all events with at <= after */
    void (*close)(struct market *m);
};
struct market {
    const struct market_ops *ops;
};

bool market_next(struct market *m, struct market_event *ret);
usec market_peek(struct market *m);
void market_seek(struct market *m, usec after);
void market_close(struct market *m); /* NULL is fine */

/* Candle files SYMBOL-INTERVAL.csv of a directory (six columns with a header, or Binance's twelve
 * columns without), for the symbols given. Several intervals of a symbol: the finest is used. Bad
 * rows are skipped and counted, gaps and candles without volume are counted and kept. report: one
 * line a finding, "FILE:LINE: what". Errors: no directory, no candle file in it, file unreadable.
 */
MUST_CHECK bool candles_open(struct arena *boot, const char *dir, const struct symbols *symbols,
                             struct market **ret, struct market_counts *ret_counts,
                             struct buf *report, struct error *err);
/* First open and last close over all files; false when there is none. */
bool candles_span(const struct market *m, usec *ret_first, usec *ret_last);

#endif
