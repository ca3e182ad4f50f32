/* reach: see the header. What decides is what decides at a start: hosts.c, the parsers of the
 * store's and the queue's URLs, of mail's, and of addresses. URLs are looked at whether they are
 * used or not: one that nobody may ever connect to is a mistake before it matters. Pure. */
#include "app/reach.h"

#include "api/listen.h"
#include "app/wire_binance.h"
#include "net/smtp.h"
#include "queue/redis_url.h"
#include "store/pg_url.h"

struct asking {
    const struct config *cfg;
    struct buf *report;
    int count;
    bool refused;
};

static void tell(struct asking *a, int source, const char *key, const struct error *err) {
    const str what = str_from_z(err->msg), name = str_from_z(key);
    const bool named = str_starts(what, name) && str_starts(str_tail(what, name.n), STR(": "));
    config_put_mistake(a->cfg, source, name, err->msg + (named ? name.n + 2 : 0), a->report);
    a->count++;
    a->refused |= err->code == ERR_REFUSED;
}

/* One URL, or several parted by blanks. */
static void ask_urls(struct asking *a, int source, const char *key, str urls, host_use use) {
    struct host_url u;
    struct error err;
    str one;
    while (str_cut(&urls, ' ', &one))
        if (one.n > 0 && !host_url_parse(one, use, &u, &err)) tell(a, source, key, &err);
}

static void ask_venue(struct asking *a) {
    const struct config *const cfg = a->cfg;
    const int before = a->count;
    host_network n;
    struct error err;
    ask_urls(a, 0, "venue.rest_url", cfg->venue_rest_url, HOST_SPOT_REST);
    ask_urls(a, 0, "venue.ws_api_url", cfg->venue_ws_api_url, HOST_SPOT_WS_API);
    ask_urls(a, 0, "venue.stream_url", cfg->venue_stream_url, HOST_SPOT_STREAM);
    ask_urls(a, 0, "market.public_rest_url", cfg->market_public_rest_url, HOST_PUBLIC_REST);
    ask_urls(a, 0, "market.public_stream_url", cfg->market_public_stream_url, HOST_PUBLIC_STREAM);
    if (a->count == before && wire_is_real(cfg) && !wire_network(cfg, &n, &err))
        tell(a, 0, "venue.rest_url", &err);
}

static void ask_sources(struct asking *a) {
    const struct config *const cfg = a->cfg;
    ask_urls(a, 0, "x.url", cfg->x_url, HOST_FEED_REST);
    ask_urls(a, 0, "bluesky.resolver_url", cfg->bluesky_resolver_url, HOST_FEED_REST);
    for (int i = 0; i < cfg->source_count; i++) {
        const struct config_source *const s = &cfg->sources[i];
        const bool stream = config_source_is(s, STR("jetstream"));
        ask_urls(a, i, "source.url", s->url, stream ? HOST_FEED_STREAM : HOST_FEED_REST);
    }
}

static void ask_people(struct asking *a) {
    const struct config *const cfg = a->cfg;
    char url[SMTP_URL_BYTES];
    bool loopback;
    struct error err;
    ask_urls(a, 0, "telegram.url", cfg->telegram_url, HOST_NOTIFY);
    if (cfg->mail_url.n > 0 && !smtp_url(cfg->mail_url, url, &loopback, &err))
        tell(a, 0, "mail.url", &err);
}

static void ask_shared(struct asking *a) {
    const struct config *const cfg = a->cfg;
    const ptrdiff_t colon = str_find_byte(cfg->store_url, ':');
    struct pg_url pg;
    struct redis_url redis;
    struct error err;
    if (str_starts(cfg->store_url, STR("postgres")) &&
        !pg_url_parse(str_tail(cfg->store_url, colon + 1), &pg, &err))
        tell(a, 0, "store.url", &err);
    if (str_starts(cfg->queue_url, STR("redis")) && !redis_url_parse(cfg->queue_url, &redis, &err))
        tell(a, 0, "queue.url", &err);
}

static void ask_listeners(struct asking *a) {
    const struct config *const cfg = a->cfg;
    const bool guarded = cfg->metrics_token_file.n > 0 || cfg->metrics_token_env.n > 0;
    struct api_listen at;
    struct error err;
    if (cfg->api_listen.n > 0 && !api_listen_parse(cfg->api_listen, &at, &err))
        tell(a, 0, "api.listen", &err);
    if (cfg->metrics_listen.n > 0 && (!api_listen_parse(cfg->metrics_listen, &at, &err) ||
                                      !api_listen_guarded(&at, guarded, &err)))
        tell(a, 0, "metrics.listen", &err);
}

int reach_check(const struct config *cfg, struct buf *report, bool *ret_refused) {
    struct asking a = {.cfg = cfg, .report = report};
    ask_shared(&a);
    ask_sources(&a);
    ask_venue(&a);
    ask_people(&a);
    ask_listeners(&a);
    *ret_refused = a.refused;
    return a.count;
}
