/* binance_stream: prices as they are, from Binance's best bids and asks by WebSocket, with REST
 * behind it. */
#ifndef BF_MARKET_BINANCE_STREAM_H
#define BF_MARKET_BINANCE_STREAM_H

#include "market/market.h"
#include "net/hosts.h"

#define BINANCE_STREAMS_MAX 1000 /* on one connection; the venue allows 1024 */

struct binance_stream_options {
    str stream_url;                /* wss://host[:port][/stream]; copied, as what follows */
    str rest_url;                  /* https://host[:port] */
    host_use stream_use, rest_use; /* a venue's, or the public ones */
    const struct symbols *symbols; /* those that trade are subscribed to; borrowed for ever */
    uint64_t seed;                 /* of the jitter */
};
/* A market in real time: ticks only, one pending a symbol, times are those of receipt. Its threads
 * begin with the first call of next. What goes wrong later is told through `complain`, and tried
 * again for ever.
 * Errors: ERR_REFUSED a host that is not on the list; ERR_LIMIT more symbols than a connection
 * takes, no more threads. */
MUST_CHECK bool binance_stream_open(struct arena *boot, const struct binance_stream_options *opt,
                                    struct market **ret, struct error *err);

/* --- for tests --------------------------------------------------------------------------- */

/* One message of the stream, or one element of REST's list. False: it is none; otherwise *ret has
 * the symbol, bid, ask and `last` between them on the tick. *ret_update: its number, 0 of REST. */
MUST_CHECK bool binance_ticker_parse(const struct symbols *symbols, str json, struct quote *ret,
                                     int64_t *ret_update);

#endif
