/* candles_int: what the files of the candle market share: candles_open.c chooses the files,
 * candle_series.c reads one symbol's, candles.c merges them. */
#ifndef BF_MARKET_CANDLES_INT_H
#define BF_MARKET_CANDLES_INT_H

#include "market/candle_row.h"
#include "market/line_file.h"
#include "market/market.h"

/* One file. */
struct part {
    const char *path;
    str name; /* in its directory */
    int sym;
    usec interval;
    usec first_open, last_close;  /* of its first and last readable row */
    int64_t bad, gaps, no_volume; /* findings so far */
};

struct row {
    struct candle candle;
    struct part *part;
    int64_t line;
};

/* One symbol's history in one interval: parts in the order of their first rows, and the candle at
 * hand. A symbol that has files of several intervals has a series for each, the finest first; the
 * coarser ones speak where the finer ones have nothing (candles.c). */
struct series {
    struct part *parts;
    int part_count;
    int next_part; /* to be opened when `file` is at its end */
    struct line_file file;
    char *block;
    ptrdiff_t block_bytes;
    bool started;   /* `candle` holds a candle */
    bool has_ahead; /* `ahead` was read to check the row before it, and is the next */
    struct row ahead;
    struct candle candle;
    /* the next event */
    usec at;
    market_kind kind;
    bool over;    /* DRY has been given, or there was never a row */
    bool hidden;  /* the candle at hand lies where another series of the symbol has spoken */
    int group;    /* index of the symbol's first series; the members below count only there */
    usec covered; /* until when the symbol's candles reach */
    int alive;    /* series of the symbol that are not over */
};

struct candles {
    struct market market; /* first */
    struct part *parts;   /* sorted by series */
    int part_count;
    struct series *series; /* by symbol */
    int series_count;
    int *heap; /* indexes of series with an event left, the earliest on top */
    int heap_count;
    bool primed; /* the first rows have been read */
    struct market_counts counts;
    struct buf *report; /* during the opening */
};

extern const struct market_ops candles_ops; /* candles.c */

/* -- candle_series.c ----------------------------------------------------------------------- */

/* Tells a finding: to the report during the opening, to `complain` later. line 0: the file as a
 * whole. */
void candles_tell(struct candles *m, str name, int64_t line, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

#define EXCERPT_BYTES 48

/* The beginning of what stands in a file, fit to be shown: printable ASCII, '?' for the rest. */
const char *candles_excerpt(str s, char block[EXCERPT_BYTES]);

/* The first line of a file without what an editor may have put in front of it. */
str candles_first_line(str line);

/* Moves the series to its next event: quote, candle, quote, candle, ..., dry. PRE: not over. */
void series_step(struct candles *m, struct series *s);

#endif
