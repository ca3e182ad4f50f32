/* venue: where orders go. One table of functions an implementation; the wrappers carry the words.
 *
 * Every call may block for as long as the network takes, so lanes make them, never the trader;
 * CAP_INSTANT says that a venue answers from memory (paper) and may be called on the trader's
 * thread. A call is never repeated by the venue itself. */
#ifndef BF_VENUE_VENUE_H
#define BF_VENUE_VENUE_H

#include "base/buf.h"
#include "base/error.h"
#include "flow/control.h"
#include "flow/quote.h"
#include "flow/request.h"
#include "flow/symbol.h"

enum {
    VENUE_CAP_SHORT = 1 << 0,   /* can sell what it does not hold */
    VENUE_CAP_INSTANT = 1 << 1, /* answers from memory */
    VENUE_CAP_PRICES = 1 << 2,  /* wants venue_quote and venue_candle */
    VENUE_CAP_STATE = 1 << 3    /* keeps its state in our store (venue_save, venue_load) */
};

/* News that nobody asked for, from a venue's own threads; each call copies. */
struct venue_sink {
    void *ctx;
    void (*report)(void *ctx, const struct report *r);
    void (*news)(void *ctx, const struct venue_news *n);
    void (*symbol)(void *ctx, const struct symbol *s); /* its filters or status changed */
};

struct venue;
struct venue_ops {
    const char *name;
    uint32_t caps;
    /* required; lane thread (trader thread when INSTANT) */
    void (*call)(struct venue *v, usec now, const struct request *rq, struct reply *ret);
    /* optional: prices for a venue that fills here; trader thread */
    void (*quote)(struct venue *v, usec now, const struct quote *q);
    void (*candle)(struct venue *v, usec now, const struct candle *c);
    /* optional: unsolicited news (a stop fired); false when there is none */
    bool (*next_report)(struct venue *v, struct report *ret);
    /* optional: threads of its own that bring news; start once, before the first call; the sink is
     * copied. stop: no more news after it returned. Any thread. */
    bool (*start)(struct venue *v, const struct venue_sink *sink, struct error *err);
    void (*stop)(struct venue *v);
    /* optional (CAP_STATE) */
    void (*save)(struct venue *v, struct buf *out);
    bool (*load)(struct venue *v, str blob, struct error *err);
    void (*close)(struct venue *v);
};
struct venue {
    const struct venue_ops *ops;
}; /* first member of each implementation */

/* Does what rq asks and writes what came of it; a failure is an outcome, not an error. */
void venue_call(struct venue *v, usec now, const struct request *rq, struct reply *ret);
void venue_quote(struct venue *v, usec now, const struct quote *q); /* no-op where not wanted */
void venue_candle(struct venue *v, usec now, const struct candle *c);
bool venue_next_report(struct venue *v, struct report *ret);
MUST_CHECK bool venue_start(struct venue *v, const struct venue_sink *sink, struct error *err);
void venue_stop(struct venue *v);
void venue_save(struct venue *v, struct buf *out);
MUST_CHECK bool venue_load(struct venue *v, str blob, struct error *err);
void venue_close(struct venue *v); /* NULL is fine */

/* Paper: the matching engine behind the interface. Everything in 1e-8 shares. */
struct paper_options {
    money balance;
    bool margin;
    int64_t leverage;
    int64_t fee_e8, spread_e8, slippage_e8, volume_cap_e8;
    usec latency;
    bool price_stands; /* ticks: the last quote holds until the next; candles: false */
    char quote_asset[16];
};
MUST_CHECK bool paper_open(struct arena *boot, const struct symbols *symbols,
                           const struct paper_options *opt, struct venue **ret, struct error *err);
/* Wraps another venue and logs each call and answer. Owns `inner` from then on. */
struct venue *trace_open(struct arena *boot, struct venue *inner);

/* Reads a Binance exchangeInfo answer (file content) into `a`: symbols of `quote_asset` ("": all)
 * that fit (tick >= 1e-8, largest quantity in range), sorted. skipped: number left out, each told
 * in `report` by name and reason. */
MUST_CHECK bool exchange_info_parse(struct arena *a, str json, str quote_asset, struct symbols *ret,
                                    int *ret_skipped, struct buf *report, struct error *err);

#endif
