/* binance_stream: best bids and asks of the venue as ticks.
 *
 *     WebSocket thread: message ─► slot of its symbol (the last one stays) ─► ring of news
 *     caller of next:   ring of news ─► event;  nothing for SILENT: asks REST
 *
 * bookTicker comes when a best bid or ask changes, and not before. So each time the stream was
 * opened, REST gives what stands; and what stands is given again every AGAIN while the stream is
 * alive, since a price that did not change is still the price. A stream is alive when anything came
 * over it within SILENT; when it is not, REST is asked every POLL, and says what it says.
 *
 * Quotes are made on the tick: last is the middle of bid and ask, rounded down, never below the
 * bid. What is no price (an empty side is "0.00000000") or crossed is left out. Numbers of updates
 * never go back on one connection: late ones are dropped.
 *
 * Failure: none ends the market. A connection that goes is opened again after a pause that doubles
 * up to RETRY_MAX, with jitter. What is unusual is told through `complain`, by the caller of next.
 *
 * The venue takes five messages a second: subscriptions go in batches, PACE apart. */
#include "market/binance_stream.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include <jansson.h>

#include "base/json.h"
#include "base/rng.h"
#include "net/http.h"
#include "net/ws.h"

#define BATCH 200 /* streams a message */
#define PACE (300 * USEC_PER_MS)
#define SILENT (5 * USEC_PER_S)
#define AGAIN (2 * USEC_PER_S)
#define POLL (2 * USEC_PER_S)
#define HANG_UP (20 * USEC_PER_S) /* without a sign of life, though we asked by a ping */
#define RETRY_LEAST (500 * USEC_PER_MS)
#define RETRY_MAX (30 * USEC_PER_S)
#define REST_TIMEOUT (5 * USEC_PER_S)
#define BACK_OFF USEC_PER_MIN /* after a refusal that does not say how long */
#define TEXT_BYTES 200

struct slot {
    bool wanted, pending, known;
    int64_t update; /* on this connection; 0: from REST, or none */
    struct quote quote;
};

struct stream {
    struct market market; /* first */
    const struct symbols *symbols;
    str url;
    host_use use;
    struct http *http;
    struct ws_loop *loop;

    /* the caller's of next */
    bool begun;
    usec poll_at, hold_until; /* monotonic */
    usec last_at;             /* of the event given last */

    pthread_mutex_t mutex; /* all below */
    pthread_cond_t came;
    bool stop;
    struct slot *slots; /* by symbol */
    int *news;          /* ring of symbols with a pending quote */
    int news_head, news_count;
    struct ws *ws;
    bool open, want_rest;
    int next_sym;  /* to be subscribed to */
    usec heard_at; /* monotonic; of data */
    usec again_at; /* monotonic */
    usec retry_at, retry_pause;
    struct rng rng;
    bool has_text; /* something to tell */
    char text[TEXT_BYTES];
};

/* --- from JSON to a quote ---------------------------------------------------------------- */

static bool price_of(const json_t *o, const char *key, price *ret) {
    return price_parse(json_str_at(o, key), ret) && price_cmp(*ret, price_from_e8(0)) > 0;
}

static bool quote_make(const struct symbol *s, int sym, price bid, price ask, struct quote *ret) {
    if (price_cmp(bid, ask) > 0) return false;
    const int64_t half = price_e8(bid) + (price_e8(ask) - price_e8(bid)) / 2;
    price last = price_to_tick(price_from_e8(half), s->tick, ROUND_FLOOR);
    if (price_cmp(last, bid) < 0) last = bid; /* a bid off the tick: it has just changed */
    *ret = (struct quote){.sym = sym, .last = last, .bid = bid, .ask = ask};
    return true;
}

/* Of the stream: s, b, a, u. Of REST: symbol, bidPrice, askPrice. */
static bool ticker_read(const struct symbols *symbols, const json_t *o, struct quote *ret,
                        int64_t *ret_update) {
    price bid, ask;
    const bool rest = json_object_get(o, "symbol") != NULL;
    const int sym = symbols_find(symbols, json_str_at(o, rest ? "symbol" : "s"));
    if (sym == SYM_NONE) return false;
    if (!price_of(o, rest ? "bidPrice" : "b", &bid)) return false;
    if (!price_of(o, rest ? "askPrice" : "a", &ask)) return false;
    const json_t *u = json_object_get(o, "u");
    if (!rest && (!json_is_integer(u) || json_integer_value(u) <= 0)) return false;
    if (!quote_make(&symbols->v[sym], sym, bid, ask, ret)) return false;
    *ret_update = rest ? 0 : json_integer_value(u);
    return true;
}

bool binance_ticker_parse(const struct symbols *symbols, str json, struct quote *ret,
                          int64_t *ret_update) {
    json_t *root = json_loadb(json.p != NULL ? json.p : "", (size_t)json.n, 0, NULL);
    const json_t *data = json_object_get(root, "data");
    const bool ok = ticker_read(symbols, data != NULL ? data : root, ret, ret_update);
    json_decref(root);
    return ok;
}

/* --- slots ------------------------------------------------------------------------------- */

/* With the mutex. */
static void list_news(struct stream *m, int sym) {
    struct slot *t = &m->slots[sym];
    if (t->pending) return;
    t->pending = true;
    m->news[(m->news_head + m->news_count++) % (m->symbols->count + 1)] = sym;
}

static void put_quote(struct stream *m, const struct quote *q, int64_t update) {
    struct slot *t = &m->slots[q->sym];
    if (!t->wanted || (update > 0 && update <= t->update)) return;
    if (update > 0) t->update = update;
    t->quote = *q;
    t->known = true;
    list_news(m, q->sym);
}

static void say(struct stream *m, const char *what, const char *why) {
    struct buf b;
    buf_init_fixed(&b, m->text, sizeof m->text);
    buf_printf(&b, "%s: %s", what, why);
    m->has_text = true;
}

/* --- the WebSocket's thread -------------------------------------------------------------- */

static void subscribe_more(void *ctx);

/* The next batch, as text; false: all is subscribed to. With the mutex. */
static bool batch_make(struct stream *m, struct buf *out) {
    int n = 0;
    buf_put(out, STR("{\"method\":\"SUBSCRIBE\",\"params\":["));
    for (; m->next_sym < m->symbols->count && n < BATCH; m->next_sym++) {
        if (!m->slots[m->next_sym].wanted) continue;
        buf_put(out, n++ > 0 ? STR(",\"") : STR("\""));
        for (const char *c = m->symbols->v[m->next_sym].name; *c != '\0'; c++)
            buf_put_byte(out, *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c);
        buf_put(out, STR("@bookTicker\""));
    }
    buf_printf(out, "],\"id\":%d}", m->next_sym);
    return n > 0;
}

static void subscribe_more(void *ctx) {
    struct stream *m = ctx;
    struct buf text;
    buf_init(&text, 64 << 10);
    pthread_mutex_lock(&m->mutex);
    const bool more = m->open && m->ws != NULL && batch_make(m, &text);
    if (more && !ws_send(m->ws, buf_str(&text))) ws_shut(m->ws);
    if (m->open && !more) m->want_rest = true; /* what stands now */
    pthread_cond_signal(&m->came);
    pthread_mutex_unlock(&m->mutex);
    buf_fini(&text);
    if (more) ws_loop_later(m->loop, time_monotonic_us() + PACE, subscribe_more, m);
}

static void on_opened(void *ctx, struct ws *w) {
    struct stream *m = ctx;
    (void)w;
    pthread_mutex_lock(&m->mutex);
    m->open = true;
    m->next_sym = 0;
    m->heard_at = time_monotonic_us();
    for (int i = 0; i < m->symbols->count; i++) { /* what stood may not stand any more */
        m->slots[i].update = 0;
        m->slots[i].known = false;
    }
    pthread_mutex_unlock(&m->mutex);
    subscribe_more(m);
}

static bool is_shutdown(const json_t *root) {
    return str_eq(json_str_at(root, "e"), STR("serverShutdown")) ||
           str_eq(json_str_at(root, "stream"), STR("!serverShutdown"));
}

static void on_message(void *ctx, struct ws *w, str text) {
    struct stream *m = ctx;
    struct quote q;
    int64_t update;
    json_t *root = json_loadb(text.p != NULL ? text.p : "", (size_t)text.n, 0, NULL);
    const json_t *data = json_object_get(root, "data");
    const bool ok = ticker_read(m->symbols, data != NULL ? data : root, &q, &update);
    pthread_mutex_lock(&m->mutex);
    m->heard_at = time_monotonic_us();
    if (ok) {
        put_quote(m, &q, update);
        m->retry_pause = RETRY_LEAST;
        pthread_cond_signal(&m->came);
    } else if (json_object_get(root, "error") != NULL || json_object_get(root, "code") != NULL) {
        say(m, "the stream refused a subscription",
            json_is_string(json_object_get(root, "msg"))
                ? json_string_value(json_object_get(root, "msg"))
                : "no reason given");
    }
    pthread_mutex_unlock(&m->mutex);
    if (!ok && is_shutdown(root)) ws_shut(w);
    json_decref(root);
}

static void on_gone(void *ctx, struct ws *w, const char *why) {
    struct stream *m = ctx;
    (void)w;
    pthread_mutex_lock(&m->mutex);
    const usec half = m->retry_pause / 2;
    m->retry_at = time_monotonic_us() + half + (usec)rng_below(&m->rng, (uint64_t)half + 1);
    m->retry_pause = i64_min(m->retry_pause * 2, RETRY_MAX);
    m->ws = NULL;
    m->open = false;
    say(m, "the price stream ended", why);
    pthread_cond_signal(&m->came);
    pthread_mutex_unlock(&m->mutex);
}

/* --- REST: the caller's thread, without the mutex ------------------------------------------ */

static void read_rest(struct stream *m, str body) {
    json_t *root = json_loadb(body.p != NULL ? body.p : "", (size_t)body.n, 0, NULL);
    struct quote q;
    int64_t update;
    int good = 0;
    pthread_mutex_lock(&m->mutex);
    const bool alive = m->open && time_monotonic_us() - m->heard_at < SILENT;
    for (size_t i = 0; i < json_array_size(root); i++) {
        if (!ticker_read(m->symbols, json_array_get(root, i), &q, &update)) continue;
        good++;
        /* the stream may have said newer things while this was on its way */
        if (!alive || m->slots[q.sym].update == 0) put_quote(m, &q, update);
    }
    if (good == 0) say(m, "prices by REST", "no list of prices");
    pthread_mutex_unlock(&m->mutex);
    json_decref(root);
}

static void ask_rest(struct stream *m) {
    const struct http_request rq = {
        .method = HTTP_GET, .path = STR("/api/v3/ticker/bookTicker"), .timeout = REST_TIMEOUT};
    struct http_answer a;
    http_call(m->http, &rq, &a);
    const usec mono = time_monotonic_us();
    m->poll_at = mono + POLL;
    if (a.end == HTTP_ANSWERED && a.status == 200) {
        read_rest(m, a.body);
        return;
    }
    const bool throttled = a.status == 418 || a.status == 429 || a.status == 403;
    if (throttled) /* going on would make it longer, and the venue's calls share the address */
        m->hold_until =
            mono +
            (a.retry_after_s > 0 ? i64_min(a.retry_after_s, 3 * 86400) * USEC_PER_S : BACK_OFF);
    char why[TEXT_BYTES];
    struct buf b;
    buf_init_fixed(&b, why, sizeof why);
    if (a.end == HTTP_ANSWERED)
        buf_printf(&b, "status %d", a.status);
    else
        buf_put(&b, str_from_z(a.why));
    pthread_mutex_lock(&m->mutex);
    say(m, "prices by REST", why);
    pthread_mutex_unlock(&m->mutex);
}

/* --- the caller of next ------------------------------------------------------------------ */

/* With the mutex. */
static void keep_connected(struct stream *m, usec mono) {
    const struct ws_target target = {.url = m->url, .use = m->use, .silence = HANG_UP};
    const struct ws_events events = {m, on_opened, on_message, on_gone};
    struct error err;
    if (m->ws != NULL || mono < m->retry_at) return;
    if (ws_open(m->loop, &target, &events, &m->ws, &err)) return;
    m->retry_at = mono + RETRY_MAX;
    say(m, "the price stream", err.msg);
}

/* What stands, again, while the stream is alive. With the mutex. */
static void repeat_standing(struct stream *m, usec mono) {
    if (mono < m->again_at) return;
    m->again_at = mono + AGAIN;
    if (!m->open || mono - m->heard_at >= SILENT) return;
    for (int i = 0; i < m->symbols->count; i++)
        if (m->slots[i].known) list_news(m, i);
}

static bool rest_is_due(const struct stream *m, usec mono) {
    const bool silent = !m->open || mono - m->heard_at >= SILENT;
    return (m->want_rest || (silent && mono >= m->poll_at)) && mono >= m->hold_until;
}

static void tell(struct stream *m, const char *text) {
    if (m->market.complain != NULL)
        m->market.complain(m->market.complain_ctx, STR("stream"), str_from_z(text));
}

static void wait_a_while(struct stream *m, usec mono) {
    const usec until = mono + AGAIN / 4;
    const struct timespec at = {until / USEC_PER_S, until % USEC_PER_S * 1000};
    pthread_cond_timedwait(&m->came, &m->mutex, &at);
}

/* The mutex is held but for REST and what is told. */
static bool stream_next(struct market *market, struct market_event *ret) {
    struct stream *m = (struct stream *)market;
    pthread_mutex_lock(&m->mutex);
    for (;;) {
        const usec mono = time_monotonic_us();
        if (m->stop) break;
        keep_connected(m, mono);
        repeat_standing(m, mono);
        if (m->has_text || rest_is_due(m, mono)) {
            char text[TEXT_BYTES];
            const bool has = m->has_text, due = rest_is_due(m, mono);
            memcpy(text, m->text, sizeof text);
            m->has_text = false;
            m->want_rest = m->want_rest && !due;
            pthread_mutex_unlock(&m->mutex);
            if (has) tell(m, text);
            if (due) ask_rest(m);
            pthread_mutex_lock(&m->mutex);
        }
        if (m->news_count > 0) break;
        wait_a_while(m, time_monotonic_us());
    }
    const bool go = !m->stop;
    if (go) {
        const int sym = m->news[m->news_head];
        m->news_head = (m->news_head + 1) % (m->symbols->count + 1);
        m->news_count--;
        m->slots[sym].pending = false;
        m->last_at = i64_max(m->last_at, time_wall_us());
        *ret = (struct market_event){.kind = MARKET_QUOTE, .at = m->last_at, .sym = sym};
        ret->quote = m->slots[sym].quote;
        ret->quote.at = m->last_at;
    }
    pthread_mutex_unlock(&m->mutex);
    return go;
}

static usec stream_peek(struct market *market) {
    (void)market;
    return USEC_NEVER;
}

static void stream_seek(struct market *market, usec after) { (void)market, (void)after; }

static void stream_counts(const struct market *market, struct market_counts *ret) {
    (void)market;
    *ret = (struct market_counts){0};
}

static void stream_stop(struct market *market) {
    struct stream *m = (struct stream *)market;
    pthread_mutex_lock(&m->mutex);
    m->stop = true;
    pthread_cond_broadcast(&m->came);
    pthread_mutex_unlock(&m->mutex);
}

static void stream_close(struct market *market) {
    struct stream *m = (struct stream *)market;
    stream_stop(market);
    ws_loop_close(m->loop);
    http_close(m->http);
    pthread_cond_destroy(&m->came);
    pthread_mutex_destroy(&m->mutex);
}

static const struct market_ops stream_ops = {.name = "binance_stream",
                                             .next = stream_next,
                                             .peek = stream_peek,
                                             .seek = stream_seek,
                                             .stop = stream_stop,
                                             .counts = stream_counts,
                                             .close = stream_close};

/* --- opening ----------------------------------------------------------------------------- */

/* The host with "/stream" behind it, whatever the configuration has there. */
static bool url_make(struct arena *boot, const struct binance_stream_options *opt, str *ret,
                     struct error *err) {
    struct host_url u;
    if (!host_url_parse(opt->stream_url, opt->stream_use, &u, err)) return false;
    if (u.target.n > 0 && !str_eq(u.target, STR("/")) && !str_eq(u.target, STR("/stream")) &&
        !str_eq(u.target, STR("/ws")))
        return fail(err, ERR_CONFIG, 0, STR_FMT ": has a path behind the host; leave it out",
                    STR_ARG(str_head(opt->stream_url, 80)));
    const str host = str_head(opt->stream_url, opt->stream_url.n - u.target.n);
    char *p = NEW_ARRAY(boot, char, host.n + 8);
    struct buf b;
    buf_init_fixed(&b, p, host.n + 8);
    buf_put(&b, host);
    buf_put(&b, STR("/stream"));
    *ret = buf_str(&b);
    return true;
}

bool binance_stream_open(struct arena *boot, const struct binance_stream_options *opt,
                         struct market **ret, struct error *err) {
    struct stream *m = NEW(boot, struct stream);
    pthread_condattr_t attr;
    int wanted = 0;
    m->market.ops = &stream_ops;
    m->symbols = opt->symbols;
    m->use = opt->stream_use;
    m->slots = NEW_ARRAY(boot, struct slot, opt->symbols->count + 1);
    m->news = NEW_ARRAY(boot, int, opt->symbols->count + 1);
    m->retry_pause = RETRY_LEAST;
    rng_init(&m->rng, opt->seed);
    for (int i = 0; i < opt->symbols->count; i++) {
        m->slots[i].wanted = opt->symbols->v[i].trading;
        wanted += m->slots[i].wanted;
    }
    if (wanted > BINANCE_STREAMS_MAX)
        return fail(err, ERR_LIMIT, 0, "%d symbols trade; one connection takes prices of %d",
                    wanted, BINANCE_STREAMS_MAX);
    if (!url_make(boot, opt, &m->url, err)) return false;
    if (!http_curl_open(boot, opt->rest_url, opt->rest_use, &m->http, err)) return false;
    if (!ws_loop_open(&m->loop, err)) {
        http_close(m->http);
        return false;
    }
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&m->mutex, NULL);
    pthread_cond_init(&m->came, &attr);
    pthread_condattr_destroy(&attr);
    *ret = &m->market;
    return true;
}
