/* binance_spot: Binance Spot behind the venue interface, for the test networks and for a simulated
 * exchange on this machine.
 *
 * Requests are conversations of binance.h over a few kept connections; what nobody asked for comes
 * by the user data stream; a keeper thread looks after the clock, the terms of the symbols, the
 * stream, and says how it stands. */
#ifndef BF_VENUE_BINANCE_SPOT_H
#define BF_VENUE_BINANCE_SPOT_H

#include "net/http.h"
#include "venue/venue.h"

struct binance;

struct binance_spot_options {
    str rest_url, ws_api_url;      /* hosts.h says which; of one network. Copied */
    const struct symbols *symbols; /* copied; names and their order stay */
    str key, secret;               /* copied, wiped by venue_close */
    str exchange_info; /* the answer that the symbols are from; borrowed during the call */
    str quote_asset;   /* that the symbols are quoted in; copied */
    usec recv_window;  /* of what brings none of its own */
    int64_t fee_e8;    /* as in binance.h */
    char install[5];
    uint64_t seed; /* of the jitter */
    /* Tests: a server in the same process, and its clock. NULL: libcurl, the wall. */
    struct http *(*connect)(void *ctx);
    usec (*clock)(void *ctx);
    void *ctx;
};
/* Nothing is sent yet. Errors: ERR_REFUSED a host that is not on the list, ERR_CONFIG urls of two
 * networks; what binance_open may say. */
MUST_CHECK bool binance_spot_open(struct arena *boot, const struct binance_spot_options *opt,
                                  struct venue **ret, struct error *err);

/* exchangeInfo of the venue into `a`, before there are symbols to open it with. Errors: ERR_REFUSED
 * the host; ERR_TIMEOUT it cannot be reached, with what to do. */
MUST_CHECK bool binance_spot_info(struct arena *a, str rest_url, str *ret, struct error *err);
/* How much of an asset the account holds, free and locked, and its uid (0: the venue does not say).
 * Sets the clock first. PRE: v is from binance_spot_open. Errors: ERR_TIMEOUT not reached,
 * ERR_REFUSED the keys. */
MUST_CHECK bool binance_spot_balance(struct venue *v, str asset, money *ret, int64_t *ret_uid,
                                     struct error *err);
/* What the requests share, for doctor, metrics and tests. PRE: as before. */
struct binance *binance_spot_conversation(struct venue *v);

#endif
