/* wire_binance: keys, hosts, symbols and prices of a run on Binance's test networks.
 *
 * Everything that a run on a real venue needs beyond one on paper: keys that are read once and
 * wiped, hosts that are looked at before anything is sent, the venue's own symbols, the balance
 * that a new account begins with. In: a checked configuration. Out: parts for wire.c.
 *
 * Failure: an error that names the configuration's key and what to do. Thread: the main one. */
#include "app/wire_binance.h"

#include "app/wire_secret.h"
#include "base/hash.h"
#include "market/binance_stream.h"
#include "venue/binance_spot.h"

#define INSTALL_CHARS "abcdefghijklmnopqrstuvwxyz234567"

bool wire_is_real(const struct config *cfg) { return !str_eq(cfg->venue_kind, STR("paper")); }

static bool market_is(const struct config *cfg, str kind) {
    if (!str_eq(cfg->market_kind, STR("auto"))) return str_eq(cfg->market_kind, kind);
    if (wire_is_real(cfg)) return str_eq(kind, STR("venue"));
    return str_eq(kind, config_has_live_source(cfg) ? STR("binance_public") : STR("candles"));
}

bool wire_is_live(const struct config *cfg) { return !market_is(cfg, STR("candles")); }

/* --- hosts ------------------------------------------------------------------------------- */

bool wire_network(const struct config *cfg, host_network *ret, struct error *err) {
    struct host_url rest, api, stream;
    if (!host_url_parse(cfg->venue_rest_url, HOST_SPOT_REST, &rest, err))
        return fail_in(err, "venue.rest_url");
    if (!host_url_parse(cfg->venue_ws_api_url, HOST_SPOT_WS_API, &api, err))
        return fail_in(err, "venue.ws_api_url");
    if (!host_url_parse(cfg->venue_stream_url, HOST_SPOT_STREAM, &stream, err))
        return fail_in(err, "venue.stream_url");
    const bool uses_stream = market_is(cfg, STR("venue"));
    if (rest.network != api.network || (uses_stream && rest.network != stream.network))
        return fail(err, ERR_CONFIG, 0,
                    "venue.rest_url is of %s, venue.ws_api_url of %s, venue.stream_url of %s: give "
                    "three of one network",
                    host_network_name(rest.network), host_network_name(api.network),
                    host_network_name(stream.network));
    *ret = rest.network;
    return true;
}

/* --- keys -------------------------------------------------------------------------------- */

static const char *where_from(const struct config *cfg) {
    host_network n;
    struct error none;
    if (!wire_network(cfg, &n, &none)) return "";
    switch (n) {
    case NETWORK_SPOT_TESTNET:
        return "; keys come from https://testnet.binance.vision (log in with GitHub)";
    case NETWORK_SPOT_DEMO:
        return "; keys come from https://demo.binance.com (API management)";
    case NETWORK_LOOPBACK:
        return "; bullfinch sim takes the ones that it was started with (--account KEY:SECRET)";
    case NETWORK_PUBLIC:
    case NETWORK_FEED:
    case NETWORK_NOTIFY:
        break;
    }
    return "";
}

static bool read_one(struct app *app, const char *what, str file, str env, struct secret *ret,
                     struct error *err) {
    char key[32], missing[240];
    struct buf b;
    buf_init_fixed(&b, key, sizeof key);
    buf_printf(&b, "venue.%s", what);
    buf_init_fixed(&b, missing, sizeof missing);
    buf_printf(&b,
               "neither venue.%s_file nor venue.%s_env is set: name a file (chmod 600) or an "
               "environment variable that holds the API %s%s",
               what, what, what, where_from(&app->cfg));
    return wire_secret(app, key, file, env, missing, ret, err);
}

bool wire_keys(struct app *app, struct venue_keys *ret, struct error *err) {
    const struct config *cfg = &app->cfg;
    struct venue_keys k = {0};
    if (!read_one(app, "key", cfg->venue_key_file, cfg->venue_key_env, &k.key, err)) return false;
    if (!read_one(app, "secret", cfg->venue_secret_file, cfg->venue_secret_env, &k.secret, err)) {
        wire_keys_wipe(&k);
        return false;
    }
    *ret = k;
    return true;
}

void wire_keys_wipe(struct venue_keys *k) {
    secret_wipe(&k->key);
    secret_wipe(&k->secret);
}

/* --- parts ------------------------------------------------------------------------------- */

bool wire_venue_symbols(struct app *app, struct arena *a, str *ret_info, struct symbols *ret,
                        int *ret_left_out, struct buf *report, struct error *err) {
    const struct config *cfg = &app->cfg;
    if (!binance_spot_info(a, cfg->venue_rest_url, ret_info, err)) return false;
    if (exchange_info_parse(&app->boot, *ret_info, cfg->venue_quote_asset, ret, ret_left_out,
                            report, err))
        return true;
    return fail_in(err, STR_FMT "/api/v3/exchangeInfo", STR_ARG(str_head(cfg->venue_rest_url, 60)));
}

bool wire_install(char ret[5], struct error *err) {
    uint64_t seed;
    if (!wire_seed(&seed, err)) return false;
    for (int i = 0; i < 4; i++) ret[i] = INSTALL_CHARS[seed >> (8 * i) & 31];
    ret[4] = '\0';
    return true;
}

bool wire_binance(struct app *app, const struct symbols *symbols, const struct venue_keys *keys,
                  const char install[5], str info, struct venue **ret, struct error *err) {
    const struct config *cfg = &app->cfg;
    host_network network;
    struct binance_spot_options opt = {.rest_url = cfg->venue_rest_url,
                                       .ws_api_url = cfg->venue_ws_api_url,
                                       .symbols = symbols,
                                       .key = secret_str(&keys->key),
                                       .secret = secret_str(&keys->secret),
                                       .exchange_info = info,
                                       .quote_asset = cfg->venue_quote_asset,
                                       .recv_window = cfg->venue_recv_window_ms * USEC_PER_MS,
                                       .fee_e8 = cfg->venue_fee_percent};
    memcpy(opt.install, install, sizeof opt.install);
    return wire_network(cfg, &network, err) && wire_seed(&opt.seed, err) &&
           binance_spot_open(&app->boot, &opt, ret, err);
}

bool wire_balance(struct app *app, const struct symbols *symbols, const struct venue_keys *keys,
                  money *ret, int64_t *ret_uid, struct error *err) {
    struct venue *v;
    if (!wire_binance(app, symbols, keys, "0000", STR(""), &v, err)) return false;
    const bool ok = binance_spot_balance(v, app->cfg.venue_quote_asset, ret, ret_uid, err);
    venue_close(v);
    return ok || fail_in(err, "the account's balance");
}

void wire_key_mark(const struct venue_keys *keys, char ret[17]) {
    uint8_t digest[SHA256_BYTES];
    sha256_once(secret_str(&keys->key), digest);
    IGNORE(hex_format(digest, 8, ret).n != 16, "eight bytes");
}

const char *wire_stream_key(const struct config *cfg) {
    return market_is(cfg, STR("binance_public")) ? "market.public_stream_url" : "venue.stream_url";
}

bool wire_live_market(struct app *app, const struct symbols *symbols, struct market **ret,
                      struct error *err) {
    const struct config *cfg = &app->cfg;
    const bool public = market_is(cfg, STR("binance_public"));
    struct binance_stream_options opt = {
        .stream_url = public ? cfg->market_public_stream_url : cfg->venue_stream_url,
        .rest_url = public ? cfg->market_public_rest_url : cfg->venue_rest_url,
        .stream_use = public ? HOST_PUBLIC_STREAM : HOST_SPOT_STREAM,
        .rest_use = public ? HOST_PUBLIC_REST : HOST_SPOT_REST,
        .symbols = symbols};
    if (wire_seed(&opt.seed, err) && binance_stream_open(&app->boot, &opt, ret, err)) return true;
    return fail_in(err, "%s", wire_stream_key(cfg));
}
