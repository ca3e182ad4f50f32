/* wire_binance: the parts of a run that trades on Binance's test networks. */
#ifndef BF_APP_WIRE_BINANCE_H
#define BF_APP_WIRE_BINANCE_H

#include "app/app.h"
#include "base/secret.h"
#include "net/hosts.h"
#include "venue/venue.h"

struct market;

struct venue_keys {
    struct secret key, secret;
};

/* Is venue.kind one that orders really go to? */
bool wire_is_real(const struct config *cfg);
/* Do prices come as they are made? market.kind, with auto resolved. */
bool wire_is_live(const struct config *cfg);

/* Key and secret from where the configuration says; no core dump from now on. Wipe them when the
 * venue is open. Errors: ERR_CONFIG which key of the configuration to set, and where keys come
 * from; what secret.h may say. */
MUST_CHECK bool wire_keys(struct app *app, struct venue_keys *ret, struct error *err);
void wire_keys_wipe(struct venue_keys *k);

/* The network that venue.rest_url is of. Errors: ERR_REFUSED, ERR_CONFIG the three URLs of the
 * venue are not of one network. */
MUST_CHECK bool wire_network(const struct config *cfg, host_network *ret, struct error *err);

/* The venue's exchangeInfo, its symbols in `boot`. a: for the answer. */
MUST_CHECK bool wire_venue_symbols(struct app *app, struct arena *a, str *ret_info,
                                   struct symbols *ret, int *ret_left_out, struct buf *report,
                                   struct error *err);
/* install: four characters. info: borrowed during the call. */
MUST_CHECK bool wire_binance(struct app *app, const struct symbols *symbols,
                             const struct venue_keys *keys, const char install[5], str info,
                             struct venue **ret, struct error *err);
/* What the account holds of venue.quote_asset, and its uid (0: the venue does not say). */
MUST_CHECK bool wire_balance(struct app *app, const struct symbols *symbols,
                             const struct venue_keys *keys, money *ret, int64_t *ret_uid,
                             struct error *err);
/* Names the key without telling it. */
void wire_key_mark(const struct venue_keys *keys, char ret[17]);
/* The key of the configuration that says where prices come from as they are made. */
const char *wire_stream_key(const struct config *cfg);
/* Prices as they are made. */
MUST_CHECK bool wire_live_market(struct app *app, const struct symbols *symbols,
                                 struct market **ret, struct error *err);
/* Four characters that no other store has drawn. */
MUST_CHECK bool wire_install(char ret[5], struct error *err);

#endif
