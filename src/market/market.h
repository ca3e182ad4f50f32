/* market: where prices come from, in the order of time.
 *
 * A pull iterator over everything that all symbols have to say. Times never go back. At one time,
 * first the candles (ranges of what just closed), then the ends (MARKET_DRY), then the quotes
 * (opens), each by symbol: what is over is known before what begins.
 *
 * A market in real time (a stream) waits in `next` for what comes, and gives ticks only: quotes of
 * interval 0. It cannot look ahead: peek is USEC_NEVER, and there is nothing to seek. */
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
    struct quote quote;   /* QUOTE; bid == ask == last: the venue makes the spread */
    struct candle candle; /* CANDLE */
};

/* What the files held, up to where they have been read; complete once market_next said false.
 * candles + duplicates + disordered + malformed is the number of rows. */
struct market_counts {
    int64_t candles;    /* good rows */
    int64_t duplicates; /* same open time as the row before; the first is kept */
    int64_t disordered; /* opens before the row before it, or far off in time; skipped */
    int64_t malformed;  /* wrong columns, text, prices that cannot be; skipped */
    int64_t zero_price; /* of the malformed: a price was 0 */
    int64_t gaps;       /* stretches without a candle inside a symbol's history */
    int64_t no_volume;  /* of the candles: nothing was traded */
    int64_t files;      /* that are read */
    int64_t broken_off; /* of the files: vanished, shrank or failed while being read */
};

struct market;
struct market_ops {
    const char *name;
    bool (*next)(struct market *m, struct market_event *ret); /* false: used up, or stopped */
    usec (*peek)(struct market *m);             /* time of the next event, USEC_NEVER */
    void (*seek)(struct market *m, usec after); /* drop all events with at <= after */
    void (*stop)(struct market *m);             /* optional: a market whose `next` waits */
    void (*counts)(const struct market *m, struct market_counts *ret);
    void (*close)(struct market *m);
};
struct market {
    const struct market_ops *ops;
    /* Told of each finding while prices are read: where ("BTCUSDT-1m.csv:17") and what. NULL:
     * nobody listens. Set it before the first call of next, peek or seek. */
    void (*complain)(void *ctx, str where, str what);
    void *complain_ctx;
};

bool market_next(struct market *m, struct market_event *ret);
usec market_peek(struct market *m);
void market_seek(struct market *m, usec after);
/* Does `next` wait for prices as they are made? */
bool market_is_live(const struct market *m);
/* A `next` that waits for prices says false soon, and so does every later one. Any thread. */
void market_stop(struct market *m);
void market_counts(const struct market *m, struct market_counts *ret);
void market_close(struct market *m); /* NULL is fine */

/* Candle files SYMBOL-INTERVAL.csv of a directory (six columns with a header, or Binance's twelve
 * columns without), for the symbols given. Binance's own names with a month or a day behind
 * (BTCUSDT-1m-2021-05.csv) make one history together. Several intervals of a symbol: the finest
 * that has rows is used. Here only names, headers and the first and last rows are looked at; the
 * rest is checked as it is read: bad rows are skipped, gaps and candles without volume are kept,
 * all are counted, and the first of each kind and file are told through `complain`.
 *
 * boot: takes the read buffers, at most 8 MiB in all, and 200 bytes a file. symbols: borrowed
 * during the call. ret_counts: `files` (NULL is fine). report: one line a finding of the opening,
 * "FILE:LINE: what" or "FILE: what" (NULL is fine).
 * Errors: ERR_NOT_FOUND no directory, no candle file in it; ERR_IO a file is unreadable;
 * ERR_LIMIT too many files. */
MUST_CHECK bool candles_open(struct arena *boot, const char *dir, const struct symbols *symbols,
                             struct market **ret, struct market_counts *ret_counts,
                             struct buf *report, struct error *err);
/* First open and last close over all files, by the first and the last row of each that can be
 * read; false when there is none. PRE: m is from candles_open. */
bool candles_span(const struct market *m, usec *ret_first, usec *ret_last);

#endif
