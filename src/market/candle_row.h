/* candle_row: what one line of a candle file says; private to src/market.
 *
 * Pure functions over borrowed text: the name of a file, its header, a row. */
#ifndef BF_MARKET_CANDLE_ROW_H
#define BF_MARKET_CANDLE_ROW_H

#include "base/str.h"
#include "flow/quote.h"

#define CANDLE_HEADER "open_time_ms,open,high,low,close,volume"

/* Why a row is not a candle; the text stands behind the field that was wrong. */
#define CANDLE_FAULT_MAP(X)                                                                        \
    X(NONE, "is fine")                                                                             \
    X(COLUMNS, "has not six or twelve columns")                                                    \
    X(TIME, "is not an open time in milliseconds or microseconds between 2009 and 2100")           \
    X(GRID, "is an open time off the interval's grid")                                             \
    X(PRICE, "is not a price (decimal number, at most 8 decimals, under 10,000,000,000)")          \
    X(ZERO, "is a price of zero")                                                                  \
    X(NEGATIVE, "is a price under zero")                                                           \
    X(VOLUME, "is not a volume (decimal number, not under zero, under 92,233,720,368)")            \
    X(HIGH_LOW, "is a high under its low")                                                         \
    X(OUTSIDE, "is an open or close outside of low to high")
typedef enum candle_fault {
#define X(name, text) CANDLE_FAULT_##name,
    CANDLE_FAULT_MAP(X)
#undef X
} candle_fault;
const char *candle_fault_text(candle_fault f);

/* One row, without its line end -> ret (sym stays 0, close_at = open_at + interval). open_at is a
 * multiple of the interval since 1970, as Binance's are. Prices are above zero, low <= open, close
 * <= high. ret_field: the text that is wrong, a slice of line; written on a fault only. What
 * Binance's columns 7 to 12 hold is not looked at. */
MUST_CHECK candle_fault candle_row_parse(str line, usec interval, struct candle *ret,
                                         str *ret_field);

/* What the first line of a file is. */
typedef enum candle_header {
    CANDLE_HEADER_NONE,    /* a row already (or garbage, which the row parser then names) */
    CANDLE_HEADER_KNOWN,   /* ours, or the one of Binance's newer twelve-column files */
    CANDLE_HEADER_SIMILAR, /* other words for the same columns in the same order */
    CANDLE_HEADER_FOREIGN  /* names, but not of these columns: the rows mean something else */
} candle_header;
candle_header candle_header_read(str line);

/* "BTCUSDT-1m.csv", "BTCUSDT-1m-2021-05.csv" or "BTCUSDT-1m-2021-05-19.csv" -> symbol (a slice of
 * name) and interval. False: not the name of a candle file, or an interval that is not known. */
MUST_CHECK bool candle_name_parse(str name, str *ret_symbol, usec *ret_interval);

#endif
