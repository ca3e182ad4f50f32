/* doctor_venue: does everything work that a run on a test network needs?
 *
 * Asks the venue in the order in which one thing needs another: hosts, keys, connection, clock,
 * symbols, account, limits, the user data stream, prices. Each line says what was found, and what
 * to do where it is not as it should be. Nothing is ordered, and the keys are wiped at the end.
 *
 * Failure of one check leaves out those that need it. Each waits for a bounded time. Thread: the
 * main one; streams answer on their own. */
#include "app/doctor.h"

#include <inttypes.h>
#include <pthread.h>
#include <time.h>

#include <jansson.h>

#include "app/doctor_listen.h"
#include "app/wire_binance.h"
#include "market/market.h"
#include "net/http.h"
#include "venue/binance.h"
#include "venue/binance_spot.h"

#define INFO_BYTES (64 << 20)
#define REPORT_BYTES (1 << 20)
#define STREAM_WAIT (10 * USEC_PER_S)
#define PRICES_WAIT (5 * USEC_PER_S)
#define CLOCK_OFF (500 * USEC_PER_MS) /* a clock that is further off than that is not kept */
#define WEIGHT_HIGH_PERCENT 80

struct visit {
    struct doctor *d;
    struct venue_keys keys;
    struct arena memory;
    str info;
    struct http *http;
    struct venue *venue;
    struct binance *b;
};

/* --- connection, clock, symbols ---------------------------------------------------------- */

static void tell_lost(struct visit *v, const char *what, const struct http_answer *a) {
    if (a->end == HTTP_ANSWERED)
        doctor_find(v->d, GRADE_BAD, what, "the venue answered with status %d", a->status);
    else
        doctor_find(v->d, GRADE_BAD, what, "%s: look at the network and at venue.rest_url", a->why);
}

static bool look_at_hosts(struct visit *v) {
    struct error err;
    host_network network;
    const struct config *cfg = &v->d->app->cfg;
    if (!wire_network(cfg, &network, &err)) {
        v->d->refused |= err.code == ERR_REFUSED;
        doctor_find(v->d, GRADE_BAD, "hosts", "%s", err.msg);
        return false;
    }
    doctor_find(v->d, GRADE_OK, "hosts", "%s: " STR_FMT, host_network_name(network),
                STR_ARG(cfg->venue_rest_url));
    return true;
}

static bool look_at_keys(struct visit *v) {
    struct error err;
    if (!wire_keys(v->d->app, &v->keys, &err)) {
        v->d->refused |= err.code == ERR_REFUSED;
        doctor_find(v->d, GRADE_BAD, "keys", "%s", err.msg);
        return false;
    }
    const bool locked = v->keys.key.locked && v->keys.secret.locked;
    doctor_find(v->d, locked ? GRADE_OK : GRADE_WARN, "keys", "key and secret are there%s",
                locked ? "" : ", but cannot be locked in memory: raise ulimit -l");
    return true;
}

static bool look_at_reach(struct visit *v) {
    const struct http_request rq = {
        .method = HTTP_GET, .path = STR("/api/v3/ping"), .timeout = 10 * USEC_PER_S};
    struct http_answer a;
    struct error err;
    if (!http_curl_open(&v->memory, v->d->app->cfg.venue_rest_url, HOST_SPOT_REST, &v->http,
                        &err)) {
        doctor_find(v->d, GRADE_BAD, "connection", "%s", err.msg);
        return false;
    }
    http_call(v->http, &rq, &a); /* with the handshakes */
    const usec began = time_monotonic_us();
    if (a.end == HTTP_ANSWERED && a.status == 200) http_call(v->http, &rq, &a);
    const usec took = time_monotonic_us() - began;
    if (a.end != HTTP_ANSWERED || a.status != 200) {
        tell_lost(v, "connection", &a);
        return false;
    }
    doctor_find(v->d, took > USEC_PER_S / 2 ? GRADE_WARN : GRADE_OK, "connection",
                "a question takes %" PRId64 ".%" PRId64 " ms%s", took / 1000, took / 100 % 10,
                took > USEC_PER_S / 2 ? ": that is much; orders are dropped after half of "
                                        "venue.recv_window_ms"
                                      : "");
    return true;
}

static bool look_at_info(struct visit *v) {
    struct error err;
    struct buf report;
    int left_out = 0;
    struct doctor *d = v->d;
    buf_init(&report, REPORT_BYTES);
    d->has_symbols =
        wire_venue_symbols(d->app, &v->memory, &v->info, &d->symbols, &left_out, &report, &err);
    buf_fini(&report);
    if (!d->has_symbols) {
        doctor_find(d, GRADE_BAD, "symbols", "%s", err.msg);
        return false;
    }
    int trading = 0, brackets = 0;
    for (int i = 0; i < d->symbols.count; i++) {
        const struct symbol *s = &d->symbols.v[i];
        trading += s->trading;
        brackets += s->trading && s->oto && s->oco;
    }
    doctor_find(d,
                trading == 0          ? GRADE_BAD
                : brackets != trading ? GRADE_WARN
                                      : GRADE_OK,
                "symbols",
                "%d pairs of " STR_FMT " at the venue, %d trade now, %d take an entry with its "
                "protection in one order%s, %d left out",
                d->symbols.count, STR_ARG(d->app->cfg.venue_quote_asset), trading, brackets,
                brackets != trading ? " (the others are not traded)" : "", left_out);
    return true;
}

static bool look_at_clock(struct visit *v) {
    struct http_request rq;
    struct http_answer a;
    struct binance_health h;
    binance_clock_request(v->b, &rq);
    const usec sent_at = time_wall_us();
    http_call(v->http, &rq, &a);
    binance_clock_answer(v->b, sent_at, time_wall_us(), &a);
    binance_health(v->b, &h);
    if (!h.clock_known) {
        tell_lost(v, "venue clock", &a);
        return false;
    }
    const bool off = h.clock_offset > CLOCK_OFF || h.clock_offset < -CLOCK_OFF;
    doctor_find(v->d, off ? GRADE_WARN : GRADE_OK, "venue clock",
                "%+" PRId64 " ms against ours, known to %" PRId64 " ms%s",
                h.clock_offset / USEC_PER_MS, h.clock_error / USEC_PER_MS,
                off ? ": requests are dated by it, so that works; but posts are aged by ours, so "
                      "run an NTP client"
                    : "");
    return true;
}

/* --- the account ------------------------------------------------------------------------- */

static json_t *parse(str body) {
    return json_loadb(body.p != NULL ? body.p : "", (size_t)body.n, 0, NULL);
}

/* A signed question. NULL, and told, where it is not answered as it should be. */
static json_t *ask(struct visit *v, const char *what, str path, str params) {
    struct binance_query q;
    struct http_request rq;
    struct http_answer a;
    binance_signed_get(v->b, time_wall_us(), path, params, &q, &rq);
    http_call(v->http, &rq, &a);
    binance_note(v->b, BINANCE_READS, time_wall_us(), &a);
    if (a.end != HTTP_ANSWERED) {
        tell_lost(v, what, &a);
        return NULL;
    }
    json_t *root = parse(a.body);
    if (a.status == 200 && root != NULL) return root;
    const json_int_t code = json_integer_value(json_object_get(root, "code"));
    const char *msg = json_string_value(json_object_get(root, "msg"));
    const char *todo = "";
    if (code == -2014 || code == -2008 || code == -2015)
        todo = ": the key is not of this network, is mistyped, may not be used from this address, "
               "or may not trade; make a new one where venue.rest_url is from";
    else if (code == -1022)
        todo = ": the secret does not belong to the key";
    else if (code == -1021)
        todo = ": the clock; run it again";
    else if (a.status == 418 || a.status == 429)
        todo = ": too many requests from this address; wait";
    doctor_find(v->d, GRADE_BAD, what, "status %d, %lld %.120s%s", a.status, (long long)code,
                msg != NULL ? msg : "", todo);
    json_decref(root);
    return NULL;
}

static str balance_of(const json_t *account, str asset) {
    const json_t *list = json_object_get(account, "balances");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const char *name = json_string_value(json_object_get(one, "asset"));
        const char *free_text = json_string_value(json_object_get(one, "free"));
        if (name != NULL && free_text != NULL && str_eq(str_from_z(name), asset))
            return str_head(str_from_z(free_text), 40);
    }
    return STR("0");
}

static bool look_at_account(struct visit *v) {
    const str quote = v->d->app->cfg.venue_quote_asset;
    json_t *root = ask(v, "venue account", STR("/api/v3/account"), STR("omitZeroBalances=true"));
    if (root == NULL) return false;
    const bool can = json_is_true(json_object_get(root, "canTrade"));
    const str have = balance_of(root, quote);
    int64_t e8 = 0;
    const bool some = amount_parse_e8(have, &e8) && e8 > 0;
    const char *todo = "";
    if (!can)
        todo = "; it may not trade: give the key the permission, or make a new one";
    else if (!some)
        todo = "; nothing can be bought with that: the test network hands out some at its reset";
    doctor_find(v->d, can && some ? GRADE_OK : GRADE_BAD, "venue account",
                "the keys are taken, " STR_FMT " " STR_FMT " are free%s", STR_ARG(have),
                STR_ARG(quote), todo);
    if (can && some && !v->d->has_equity) {
        v->d->has_equity = true;
        v->d->equity = money_from_e8(e8);
    }
    json_decref(root);
    return true;
}

static void look_at_limits(struct visit *v) {
    struct binance_health h;
    json_t *root = ask(v, "venue limits", STR("/api/v3/rateLimit/order"), STR(""));
    if (root == NULL) return;
    char text[160];
    struct buf b;
    buf_init_fixed(&b, text, sizeof text);
    for (size_t i = 0; i < json_array_size(root); i++) {
        const json_t *o = json_array_get(root, i);
        const char *interval = json_string_value(json_object_get(o, "interval"));
        buf_printf(&b, ", %lld of %lld orders in %lld %.10s",
                   (long long)json_integer_value(json_object_get(o, "count")),
                   (long long)json_integer_value(json_object_get(o, "limit")),
                   (long long)json_integer_value(json_object_get(o, "intervalNum")),
                   interval != NULL ? interval : "");
    }
    binance_health(v->b, &h);
    const bool high =
        h.weight_limit > 0 && h.used_weight > h.weight_limit * WEIGHT_HIGH_PERCENT / 100;
    doctor_find(v->d, high ? GRADE_WARN : GRADE_OK, "venue limits",
                "%" PRId64 " of %" PRId64 " request weight used this minute%s%s", h.used_weight,
                h.weight_limit, buf_z(&b),
                high ? ": something else asks a lot from this address" : "");
    json_decref(root);
}

/* --- the user data stream ---------------------------------------------------------------- */

static void subscribe(void *ctx, struct ws *w) {
    struct buf text;
    buf_init(&text, 4096);
    binance_user_subscribe(ctx, time_wall_us(), &text);
    if (!ws_send(w, buf_str(&text))) ws_shut(w);
    memory_wipe(text.p, text.len);
    buf_fini(&text);
}

static bool is_taken(void *ctx, str text, char why[DOCTOR_WHY_BYTES]) {
    struct report report;
    struct error err;
    if (binance_user_event(ctx, text, &report, &err) >= 0) return true;
    IGNORE(!str_copyz(str_from_z(err.msg), why, DOCTOR_WHY_BYTES), "cut is fine");
    return false;
}

static void look_at_user_data(struct visit *v) {
    const struct doctor_ear ear = {v->b, subscribe, is_taken};
    const struct ws_target target = {.url = v->d->app->cfg.venue_ws_api_url,
                                     .use = HOST_SPOT_WS_API};
    char why[DOCTOR_WHY_BYTES];
    usec took;
    if (doctor_listen(v->d, &target, &ear, STREAM_WAIT, "no answer within ten seconds", &took, why))
        doctor_find(v->d, GRADE_OK, "user data", "the stream takes our subscription");
    else
        doctor_find(v->d, GRADE_BAD, "user data",
                    "%s: look at venue.ws_api_url; a run works without it, but learns of fills "
                    "only by asking",
                    why);
}

/* --- all of it --------------------------------------------------------------------------- */

static void visit_end(struct visit *v) {
    http_close(v->http);
    venue_close(v->venue);
    wire_keys_wipe(&v->keys);
    arena_close(&v->memory);
}

static bool open_venue(struct visit *v) {
    struct error err;
    if (!wire_binance(v->d->app, &v->d->symbols, &v->keys, "0000", v->info, &v->venue, &err)) {
        doctor_find(v->d, GRADE_BAD, "venue", "%s", err.msg);
        return false;
    }
    v->b = binance_spot_conversation(v->venue);
    return true;
}

void doctor_look_at_venue(struct doctor *d) {
    struct visit v = {.d = d};
    arena_open(&v.memory, INFO_BYTES);
    const bool hosts = look_at_hosts(&v);
    const bool keys = look_at_keys(&v);
    if (hosts && look_at_reach(&v) && look_at_info(&v) && keys && open_venue(&v) &&
        look_at_clock(&v) && look_at_account(&v)) {
        look_at_limits(&v);
        look_at_user_data(&v);
    }
    visit_end(&v);
}

/* --- prices as they are made ------------------------------------------------------------- */

struct alarm {
    struct market *market;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool over;
};

/* Stops the market in a while, or when it is told that all is over. */
static void *run_alarm(void *arg) {
    struct alarm *a = arg;
    const usec until = time_monotonic_us() + PRICES_WAIT;
    const struct timespec at = {until / USEC_PER_S, until % USEC_PER_S * 1000};
    int rc = 0;
    pthread_mutex_lock(&a->mutex);
    while (!a->over && rc == 0) rc = pthread_cond_timedwait(&a->changed, &a->mutex, &at);
    pthread_mutex_unlock(&a->mutex);
    market_stop(a->market);
    return NULL;
}

/* Until each of `wanted` symbols has a price, or time is up; how many have. */
static int read_prices(struct doctor *d, struct market *m, int wanted) {
    struct alarm a = {.market = m};
    struct market_event ev;
    pthread_t thread;
    pthread_condattr_t attr;
    int known = 0;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&a.mutex, NULL);
    pthread_cond_init(&a.changed, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&thread, NULL, run_alarm, &a) == 0) {
        while (known < wanted && market_next(m, &ev)) {
            known += price_is_zero(d->last[ev.sym]);
            d->last[ev.sym] = ev.quote.last;
        }
        pthread_mutex_lock(&a.mutex);
        a.over = true;
        pthread_cond_signal(&a.changed);
        pthread_mutex_unlock(&a.mutex);
        pthread_join(thread, NULL);
    }
    pthread_cond_destroy(&a.changed);
    pthread_mutex_destroy(&a.mutex);
    return known;
}

static void note_trouble(void *ctx, str where, str what) {
    char *why = ctx;
    (void)where;
    IGNORE(!str_copyz(what, why, 160), "cut is fine");
}

void doctor_look_at_stream(struct doctor *d) {
    struct error err;
    struct market *m;
    char why[160] = "";
    int trading = 0;
    if (!d->has_symbols) return;
    if (!wire_live_market(d->app, &d->symbols, &m, &err)) {
        d->refused |= err.code == ERR_REFUSED;
        doctor_find(d, GRADE_BAD, "prices", "%s", err.msg);
        return;
    }
    m->complain = note_trouble;
    m->complain_ctx = why;
    d->last = NEW_ARRAY(&d->app->boot, price, d->symbols.count + 1);
    for (int i = 0; i < d->symbols.count; i++) trading += d->symbols.v[i].trading;
    const int known = read_prices(d, m, trading);
    market_close(m);
    d->has_prices = known > 0;
    if (known == 0)
        doctor_find(d, GRADE_BAD, "prices",
                    "none within five seconds%s%s: look at the network and at %s",
                    why[0] ? ", " : "", why, wire_stream_key(&d->app->cfg));
    else
        doctor_find(d, why[0] != '\0' ? GRADE_WARN : GRADE_OK, "prices",
                    "of %d symbols that trade, %d have one%s%s", trading, known, why[0] ? "; " : "",
                    why);
}
