/* quote and candle: what the market says.
 *
 * A candle is a quote (the open) at its open time, and a range known at its close; nothing else may
 * be known earlier. Ticks and books give quotes only. */
#ifndef BF_FLOW_QUOTE_H
#define BF_FLOW_QUOTE_H

#include "base/money.h"
#include "base/time.h"

struct quote {
    int sym;
    usec at;
    price last;     /* the candle's open, or the last trade */
    price bid, ask; /* bid <= last <= ask where synthetic */
    usec interval;  /* of the candle it opens; 0: a tick, stands until the next */
};

struct candle {
    int sym;
    usec open_at;
    usec close_at; /* open_at + interval: when the range is known */
    price open, high, low, close;
    volume volume;
};

#endif
