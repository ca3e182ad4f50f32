/* binance_spot: threads, connections and streams around the conversation of binance.h.
 *
 *     lane ─┐                            ┌─ task_next ─► http (one of HANDLES) ─► task_answer ─┐
 *     lane ─┴─► spot_call ─► a handle ───┴──────────────◄─────────────────────────────────────┘
 *     keeper thread: the clock, exchangeInfo, the user data stream's life, how it stands
 *     WebSocket thread: events of the user data stream ─► sink.report
 *
 * Handles are given out in turn, so that none stays idle for so long that the venue closes it, and
 * an order does not wait for a handshake.
 *
 * The terms of symbols may change while lanes read them: `terms` lets them read together and the
 * keeper write alone, and is never held over I/O.
 *
 * How it stands is told when it changes: DOWN while we are banned, the keys are refused or the
 * venue does not answer, which two calls in a row show, whoever made them; where nobody calls, the
 * keeper does. While it is away the keeper looks for the way back, with a pause that grows.
 * DEGRADED while the user data stream does not run; UP else. Each time the stream was subscribed
 * to, RECONNECTED is told as well: what happened meanwhile was missed.
 *
 * Failure: none ends the venue. The stream is opened again after a pause that doubles up to
 * RETRY_MAX, with jitter; everything else is asked again by the keeper. */
#include "venue/binance_spot.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "base/board.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/secret.h"
#include "net/ws.h"
#include "venue/binance.h"

#define HANDLES 4 /* two lanes, the keeper, one to spare */
#define ROUND USEC_PER_S
#define RETRY_LEAST (500 * USEC_PER_MS)
#define RETRY_MAX (30 * USEC_PER_S)
#define SUBSCRIBE_WAIT (10 * USEC_PER_S)
#define SILENCE (20 * USEC_PER_S) /* the venue pings every 20 s; ours goes after 10 */
#define INFO_EVERY USEC_PER_HOUR
#define INFO_AGAIN USEC_PER_MIN /* after it could not be had, or once more while filters refuse */
#define INFO_ARENA (256 << 20)  /* address space */
#define INFO_TIMEOUT (60 * USEC_PER_S)
#define INFO_PATH STR("/api/v3/exchangeInfo")
#define INFO_QUERY STR("showPermissionSets=false") /* half of the answer, and nobody reads it */
#define PROBE_EVERY (5 * USEC_PER_S)
#define LINK_IDLE (1500 * USEC_PER_MS)   /* no answer for so long: ask for one */
#define LINK_WAIT (2 * USEC_PER_S)       /* for the answer; an entry is not held for as long */
#define LINK_PAUSE_MOST (5 * USEC_PER_S) /* between attempts while it is away */
#define LINK_LOST 2                      /* calls in a row: it is away */

struct spot {
    struct venue base;
    struct binance *b;
    struct symbols symbols; /* ours: terms change */
    pthread_rwlock_t terms;
    str ws_api_url, quote_asset;
    usec (*clock)(void *ctx);
    void *ctx;

    pthread_mutex_t mutex; /* everything down to `keeper` */
    pthread_cond_t freed, wake;
    struct http *handles[HANDLES]; /* ring of free ones */
    int free_head, free_count;
    bool stop, info_due, link_due;
    usec answered_at; /* monotonic; by anybody */
    struct ws *ws;    /* NULL: none */
    bool subscribed;
    usec subscribe_by; /* monotonic; 0: not waiting */
    usec retry_at;     /* monotonic: the next attempt at the stream */
    usec retry_pause;
    char stream_why[64];
    struct rng rng;
    struct venue_news told;
    bool has_told;

    pthread_t keeper;
    bool started;
    struct ws_loop *loop;
    struct venue_sink sink;
    usec info_at, probe_at; /* monotonic; the keeper's own */
    usec link_at, link_pause;

    struct metric *m_state, *m_offset, *m_weight, *m_weight_limit, *m_reconnects, *m_failures;
    struct metric *m_orders[2], *m_orders_limit[2]; /* of 10 seconds, of the day */
    struct metric *m_breakers[BINANCE_GROUPS];
};

static usec wall(void *ctx) {
    (void)ctx;
    return time_wall_us();
}

static usec now_of(const struct spot *s) { return s->clock(s->ctx); }

static void terms_read(struct spot *s) {
    const int rc = pthread_rwlock_rdlock(&s->terms);
    POST(rc == 0);
}

static void terms_done(struct spot *s) {
    const int rc = pthread_rwlock_unlock(&s->terms);
    POST(rc == 0);
}

/* --- handles ----------------------------------------------------------------------------- */

static struct http *handle_take(struct spot *s) {
    pthread_mutex_lock(&s->mutex);
    while (s->free_count == 0) pthread_cond_wait(&s->freed, &s->mutex);
    struct http *h = s->handles[s->free_head];
    s->free_head = (s->free_head + 1) % HANDLES;
    s->free_count--;
    pthread_mutex_unlock(&s->mutex);
    return h;
}

static void handle_give(struct spot *s, struct http *h) {
    pthread_mutex_lock(&s->mutex);
    s->handles[(s->free_head + s->free_count++) % HANDLES] = h;
    pthread_cond_signal(&s->freed);
    pthread_mutex_unlock(&s->mutex);
}

/* Logged without its query, which holds the signature. */
static void send_one(struct spot *s, struct http *h, const struct http_request *rq,
                     struct http_answer *ret) {
    const usec began = time_monotonic_us();
    http_call(h, rq, ret);
    const usec now = time_monotonic_us();
    const bool answered = ret->end == HTTP_ANSWERED;
    LOG_AT(LOG_TRACE, "venue_http", LOG_Z("method", http_method_name(rq->method)),
           LOG_S("path", rq->path), LOG_I("status", answered ? ret->status : 0),
           LOG_I("ms", (now - began) / USEC_PER_MS), LOG_Z("why", answered ? "" : ret->why));
    pthread_mutex_lock(&s->mutex);
    if (answered) {
        s->answered_at = now;
    } else {
        s->link_due = true;
        pthread_cond_signal(&s->wake);
    }
    pthread_mutex_unlock(&s->mutex);
}

/* --- what the conversation wants its owner to know ----------------------------------------- */

static void keeper_wake(struct spot *s, bool info) {
    pthread_mutex_lock(&s->mutex);
    s->info_due |= info;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->mutex);
}

static void tell_news(struct spot *s, venue_state state, const char *text) {
    struct venue_news n = {.state = state};
    IGNORE(!str_copyz(str_from_z(text), n.text, sizeof n.text), "cut is fine");
    if (s->started) s->sink.news(s->sink.ctx, &n);
}

static void take_notices(struct spot *s) {
    struct binance_notice n;
    while (binance_take_notice(s->b, &n)) {
        if (n.kind == BINANCE_NOTICE_KEYS_FINE)
            log_info("venue_notice", LOG_Z("kind", binance_notice_name(n.kind)),
                     LOG_Z("text", n.text));
        else
            log_unusual("venue_notice", LOG_Z("kind", binance_notice_name(n.kind)),
                        LOG_Z("text", n.text));
        if (n.kind == BINANCE_NOTICE_RESET) tell_news(s, VENUE_RESET, n.text);
        keeper_wake(s, n.kind == BINANCE_NOTICE_FILTERS);
    }
}

/* --- requests ---------------------------------------------------------------------------- */

static void spot_call(struct venue *v, usec now, const struct request *rq, struct reply *ret) {
    struct spot *s = (struct spot *)v;
    struct binance_task task;
    struct http_request out;
    struct http_answer in;
    struct http *h = handle_take(s);
    (void)now; /* it may have waited for a handle */
    terms_read(s);
    binance_task_begin(s->b, &task, now_of(s), rq);
    binance_step step = binance_task_next(s->b, &task, now_of(s), &out);
    terms_done(s);
    while (step == BINANCE_SEND) {
        send_one(s, h, &out, &in);
        terms_read(s);
        binance_task_answer(s->b, &task, now_of(s), &in);
        step = binance_task_next(s->b, &task, now_of(s), &out);
        terms_done(s);
    }
    handle_give(s, h);
    take_notices(s);
    *ret = task.reply;
}

/* --- the user data stream: the WebSocket thread ---------------------------------------------- */

static void stream_opened(void *ctx, struct ws *w) {
    struct spot *s = ctx;
    struct buf text;
    buf_init(&text, 4096);
    binance_user_subscribe(s->b, now_of(s), &text);
    const bool sent = ws_send(w, buf_str(&text));
    memory_wipe(text.p, text.len);
    buf_fini(&text);
    if (!sent) ws_shut(w);
}

/* The venue took our subscription, or an event came. */
static void stream_runs(struct spot *s) {
    pthread_mutex_lock(&s->mutex);
    const bool fresh = !s->subscribed;
    s->subscribed = true;
    s->subscribe_by = 0;
    s->retry_pause = RETRY_LEAST;
    pthread_mutex_unlock(&s->mutex);
    if (!fresh) return;
    log_info("stream_subscribed", LOG_Z("stream", "user data"));
    tell_news(s, VENUE_RECONNECTED, "the user data stream runs");
    keeper_wake(s, false);
}

static void stream_message(void *ctx, struct ws *w, str text) {
    struct spot *s = ctx;
    struct report report;
    struct error err;
    terms_read(s);
    const int made = binance_user_event(s->b, text, &report, &err);
    terms_done(s);
    if (made >= 0) {
        stream_runs(s);
        if (made > 0) s->sink.report(s->sink.ctx, &report);
        return;
    }
    log_unusual("stream_trouble", LOG_Z("why", err.msg));
    if (err.code == ERR_INTERRUPTED)
        ws_shut(w);
    else
        tell_news(s, VENUE_RECONNECTED, "the user data stream said what cannot be read");
}

/* Half of the pause is chance, so that many do not come back at once. */
static void stream_gone(void *ctx, struct ws *w, const char *why) {
    struct spot *s = ctx;
    (void)w;
    pthread_mutex_lock(&s->mutex);
    const usec half = s->retry_pause / 2;
    s->retry_at = time_monotonic_us() + half + (usec)rng_below(&s->rng, (uint64_t)half + 1);
    s->retry_pause = i64_min(s->retry_pause * 2, RETRY_MAX);
    s->ws = NULL;
    s->link_due = true; /* is that all that is gone? */
    s->subscribed = false;
    s->subscribe_by = 0;
    IGNORE(!str_copyz(str_from_z(why), s->stream_why, sizeof s->stream_why), "cut is fine");
    const bool ends = s->stop;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->mutex);
    if (!ends) log_unusual("stream_gone", LOG_Z("stream", "user data"), LOG_Z("why", why));
}

/* --- the keeper's thread ----------------------------------------------------------------- */

static void keep_clock(struct spot *s) {
    struct http_request rq;
    struct http_answer a;
    struct binance_health health;
    binance_health(s->b, &health);
    if (binance_clock_due(s->b) > now_of(s) || (health.clock_known && health.lost > 0)) return;
    struct http *h = handle_take(s);
    binance_clock_request(s->b, &rq);
    const usec sent_at = now_of(s);
    send_one(s, h, &rq, &a);
    binance_clock_answer(s->b, sent_at, now_of(s), &a);
    handle_give(s, h);
    take_notices(s);
}

/* One question, and where it is lost a second one at once: two are enough to say that it is away.
 */
static void ask_twice(struct spot *s) {
    const struct http_request rq = {
        .method = HTTP_GET, .path = STR("/api/v3/ping"), .timeout = LINK_WAIT};
    struct http_answer a = {0};
    struct http *h = handle_take(s);
    for (int i = 0; i < LINK_LOST; i++) {
        send_one(s, h, &rq, &a);
        binance_note(s->b, BINANCE_MARKET, now_of(s), &a);
        if (a.end == HTTP_ANSWERED) break;
    }
    handle_give(s, h);
    take_notices(s);
}

/* Is the venue there? Asked where nobody else did lately, or where something was lost. */
static void keep_link(struct spot *s) {
    struct binance_health h;
    binance_health(s->b, &h);
    const usec mono = time_monotonic_us();
    pthread_mutex_lock(&s->mutex);
    const bool lost = h.lost >= LINK_LOST;
    const bool due = lost ? mono >= s->link_at : s->link_due || mono >= s->answered_at + LINK_IDLE;
    s->link_due = false;
    pthread_mutex_unlock(&s->mutex);
    if (!due || h.banned_until > now_of(s)) return;
    ask_twice(s);
    s->link_at = time_monotonic_us() + s->link_pause;
    s->link_pause = lost ? i64_min(s->link_pause * 2, LINK_PAUSE_MOST) : USEC_PER_S;
}

static void keep_stream(struct spot *s) {
    static const char late[] = "the subscription was not answered";
    const struct ws_target target = {
        .url = s->ws_api_url, .use = HOST_SPOT_WS_API, .silence = SILENCE};
    const struct ws_events events = {s, stream_opened, stream_message, stream_gone};
    struct binance_health health;
    struct error err;
    const usec mono = time_monotonic_us();
    binance_health(s->b, &health);
    const bool may = health.clock_known && !health.keys_refused && health.banned_until < now_of(s);
    pthread_mutex_lock(&s->mutex);
    if (s->ws != NULL) {
        if (s->subscribe_by != 0 && mono >= s->subscribe_by) {
            log_unusual("stream_trouble", LOG_Z("why", late));
            s->subscribe_by = 0;
            ws_shut(s->ws);
        }
    } else if (may && mono >= s->retry_at && !s->stop) {
        if (ws_open(s->loop, &target, &events, &s->ws, &err)) {
            s->subscribe_by = mono + SUBSCRIBE_WAIT;
            metric_add(s->m_reconnects, 1);
        } else {
            s->retry_at = mono + RETRY_MAX;
            log_unusual("stream_trouble", LOG_Z("why", err.msg));
        }
    }
    pthread_mutex_unlock(&s->mutex);
}

/* What the venue lists now against what we hold; tells each symbol that differs. One that it lists
 * no more trades no more. */
static void adopt_terms(struct spot *s, const struct symbols *fresh) {
    for (int i = 0; i < s->symbols.count; i++) {
        const int at = symbols_find(fresh, str_from_z(s->symbols.v[i].name));
        struct symbol now = s->symbols.v[i]; /* only this thread writes it */
        if (at == SYM_NONE) {
            now.trading = false;
            now.status = SYMBOL_BREAK;
        } else {
            now = fresh->v[at];
        }
        if (memcmp(&now, &s->symbols.v[i], sizeof now) == 0) continue;
        const int rc = pthread_rwlock_wrlock(&s->terms);
        POST(rc == 0);
        s->symbols.v[i] = now;
        terms_done(s);
        log_info("symbol_changed", LOG_Z("sym", now.name), LOG_B("trading", now.trading));
        s->sink.symbol(s->sink.ctx, &now);
    }
}

static bool read_info(struct spot *s, str json) {
    struct arena a;
    struct symbols fresh;
    struct error err;
    struct buf report;
    int skipped;
    buf_init(&report, 1 << 20);
    arena_open(&a, INFO_ARENA);
    const bool ok = binance_rate_limits(s->b, json, &err) &&
                    exchange_info_parse(&a, json, s->quote_asset, &fresh, &skipped, &report, &err);
    if (ok)
        adopt_terms(s, &fresh);
    else
        log_unusual("exchange_info", LOG_Z("why", err.msg));
    arena_close(&a);
    buf_fini(&report);
    return ok;
}

static void keep_info(struct spot *s) {
    const struct http_request rq = {
        .method = HTTP_GET, .path = INFO_PATH, .query = INFO_QUERY, .timeout = INFO_TIMEOUT};
    struct http_answer a;
    struct binance_health health;
    usec again;
    const usec mono = time_monotonic_us();
    pthread_mutex_lock(&s->mutex);
    if (s->info_due) s->info_at = i64_min(s->info_at, mono);
    s->info_due = false;
    pthread_mutex_unlock(&s->mutex);
    binance_health(s->b, &health);
    if (mono < s->info_at || health.lost > 0 ||
        !binance_may_call(s->b, BINANCE_MARKET, now_of(s), &again))
        return;
    struct http *h = handle_take(s);
    send_one(s, h, &rq, &a);
    binance_note(s->b, BINANCE_MARKET, now_of(s), &a);
    const bool ok = a.end == HTTP_ANSWERED && a.status == 200 && read_info(s, a.body);
    handle_give(s, h);
    take_notices(s);
    s->info_at = time_monotonic_us() + (ok ? INFO_EVERY : INFO_AGAIN);
}

/* Questions that fail open their breaker, and while we say DOWN nobody may ask any: so we do. */
static void probe_reads(struct spot *s, const struct binance_health *health) {
    struct binance_query q;
    struct http_request rq;
    struct http_answer a;
    usec again;
    const bool open = strcmp(health->breakers[BINANCE_READS], "closed") != 0;
    if (!open || time_monotonic_us() < s->probe_at) return;
    if (!binance_may_call(s->b, BINANCE_READS, now_of(s), &again)) return;
    s->probe_at = time_monotonic_us() + PROBE_EVERY;
    binance_signed_get(s->b, now_of(s), STR("/api/v3/account"), STR("omitZeroBalances=true"), &q,
                       &rq);
    struct http *h = handle_take(s);
    send_one(s, h, &rq, &a);
    binance_note(s->b, BINANCE_READS, now_of(s), &a);
    handle_give(s, h);
    take_notices(s);
}

static struct venue_news how_it_stands(struct spot *s, const struct binance_health *h) {
    struct venue_news n = {.state = VENUE_DOWN};
    struct buf text;
    buf_init_fixed(&text, n.text, sizeof n.text);
    pthread_mutex_lock(&s->mutex);
    if (h->banned_until > now_of(s)) {
        n.until = h->banned_until;
        buf_put(&text, STR("the venue bans or throttles us"));
    } else if (h->keys_refused) {
        buf_put(&text, STR("the venue refuses the keys"));
    } else if (!h->clock_known) {
        buf_put(&text, STR("the venue was not reached yet"));
    } else if (h->lost >= LINK_LOST) {
        buf_printf(&text, "the venue does not answer: %s", h->lost_why);
    } else if (strcmp(h->breakers[BINANCE_MARKET], "closed") != 0 ||
               strcmp(h->breakers[BINANCE_READS], "closed") != 0) {
        buf_put(&text, STR("the venue does not answer"));
    } else if (!s->subscribed) {
        n.state = VENUE_DEGRADED;
        buf_printf(&text, "no user data stream: %s",
                   s->stream_why[0] != '\0' ? s->stream_why : "connecting");
    } else {
        n.state = VENUE_UP;
    }
    pthread_mutex_unlock(&s->mutex);
    return n;
}

/* For metrics, and for those who look. */
static void show_breakers(struct spot *s, const struct binance_health *h) {
    for (int i = 0; i < BINANCE_GROUPS; i++) {
        const char *const state = h->breakers[i];
        struct board_breaker shown = {.state = state,
                                      .since = h->breaker_since[i],
                                      .until = h->breaker_until[i],
                                      .told_at = now_of(s)};
        struct buf name;
        buf_init_fixed(&name, shown.name, sizeof shown.name);
        buf_printf(&name, "venue: %s", binance_group_name((binance_group)i));
        IGNORE(!str_copyz(str_from_z(h->breaker_why[i]), shown.why, sizeof shown.why), "it fits");
        board_breaker_put(&shown);
        metric_set(s->m_breakers[i], strcmp(state, "closed") == 0 ? 0
                                     : strcmp(state, "open") == 0 ? 2
                                                                  : 1);
    }
}

static void tell_state(struct spot *s) {
    struct binance_health h;
    binance_health(s->b, &h);
    const struct venue_news n = how_it_stands(s, &h);
    metric_set(s->m_state, n.state == VENUE_UP ? 2 : n.state == VENUE_DEGRADED ? 1 : 0);
    metric_set(s->m_offset, h.clock_offset);
    metric_set(s->m_weight, i64_max(h.used_weight, 0));
    metric_set(s->m_weight_limit, i64_max(h.weight_limit, 0));
    metric_set(s->m_orders[0], i64_max(h.orders_10s, 0));
    metric_set(s->m_orders[1], i64_max(h.orders_1d, 0));
    metric_set(s->m_orders_limit[0], i64_max(h.orders_10s_limit, 0));
    metric_set(s->m_orders_limit[1], i64_max(h.orders_1d_limit, 0));
    metric_set(s->m_failures, h.failures);
    show_breakers(s, &h);
    probe_reads(s, &h);
    if (s->has_told && n.state == s->told.state && n.until == s->told.until) return;
    s->has_told = true;
    s->told = n;
    log_info("venue_state", LOG_Z("state", venue_state_name(n.state)), LOG_Z("text", n.text),
             LOG_Z("orders", h.breakers[BINANCE_ORDERS]), LOG_Z("lists", h.breakers[BINANCE_LISTS]),
             LOG_Z("reads", h.breakers[BINANCE_READS]),
             LOG_Z("market", h.breakers[BINANCE_MARKET]));
    s->sink.news(s->sink.ctx, &n);
}

static bool keeper_waits(struct spot *s) {
    const usec until = time_monotonic_us() + ROUND;
    const struct timespec at = {until / USEC_PER_S, until % USEC_PER_S * 1000};
    pthread_mutex_lock(&s->mutex);
    if (!s->stop) pthread_cond_timedwait(&s->wake, &s->mutex, &at);
    const bool go = !s->stop;
    pthread_mutex_unlock(&s->mutex);
    return go;
}

static void *keeper_run(void *arg) {
    struct spot *s = arg;
    do {
        keep_link(s);
        keep_clock(s);
        keep_stream(s);
        keep_info(s);
        tell_state(s);
    } while (keeper_waits(s));
    return NULL;
}

/* --- beginning and end ------------------------------------------------------------------- */

static bool spot_start(struct venue *v, const struct venue_sink *sink, struct error *err) {
    struct spot *s = (struct spot *)v;
    sigset_t all, before;
    PRE(!s->started);
    s->sink = *sink;
    s->retry_pause = RETRY_LEAST;
    s->link_pause = USEC_PER_S;
    s->answered_at = time_monotonic_us();
    s->info_at = time_monotonic_us() + INFO_EVERY;
    s->stop = false;
    if (!ws_loop_open(&s->loop, err)) return false;
    s->started = true;
    sigfillset(&all); /* signals are the main thread's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const bool ok = pthread_create(&s->keeper, NULL, keeper_run, s) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (ok) return true;
    s->started = false;
    ws_loop_close(s->loop);
    s->loop = NULL;
    return fail(err, ERR_LIMIT, 0, "the venue's thread: the system allows no more");
}

static void spot_stop(struct venue *v) {
    struct spot *s = (struct spot *)v;
    if (!s->started) return;
    pthread_mutex_lock(&s->mutex);
    s->stop = true;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->mutex);
    pthread_join(s->keeper, NULL);
    ws_loop_close(s->loop);
    s->loop = NULL;
    s->started = false;
}

static void spot_close(struct venue *v) {
    struct spot *s = (struct spot *)v;
    spot_stop(v);
    for (int i = 0; i < s->free_count; i++) http_close(s->handles[(s->free_head + i) % HANDLES]);
    binance_close(s->b);
    pthread_cond_destroy(&s->wake);
    pthread_cond_destroy(&s->freed);
    pthread_mutex_destroy(&s->mutex);
    pthread_rwlock_destroy(&s->terms);
}

static const struct venue_ops spot_ops = {.name = "binance_spot",
                                          .call = spot_call,
                                          .start = spot_start,
                                          .stop = spot_stop,
                                          .close = spot_close};

static void make_metrics(struct spot *s) {
    s->m_state = metric_get(M_VENUE_STATE, NULL);
    s->m_offset = metric_get(M_VENUE_OFFSET, NULL);
    s->m_weight = metric_get(M_VENUE_WEIGHT, NULL);
    s->m_weight_limit = metric_get(M_VENUE_WEIGHT_LIMIT, NULL);
    s->m_orders[0] = metric_get(M_VENUE_ORDERS, LABELS("10s"));
    s->m_orders[1] = metric_get(M_VENUE_ORDERS, LABELS("day"));
    s->m_orders_limit[0] = metric_get(M_VENUE_ORDERS_LIMIT, LABELS("10s"));
    s->m_orders_limit[1] = metric_get(M_VENUE_ORDERS_LIMIT, LABELS("day"));
    s->m_reconnects = metric_get(M_VENUE_CONNECTS, NULL);
    s->m_failures = metric_get(M_VENUE_FAILURES, NULL);
    for (int i = 0; i < BINANCE_GROUPS; i++)
        s->m_breakers[i] =
            metric_get(M_VENUE_BREAKER, LABELS(binance_group_name((binance_group)i)));
}

static void make_locks(struct spot *s) {
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&s->mutex, NULL);
    pthread_cond_init(&s->freed, &attr);
    pthread_cond_init(&s->wake, &attr);
    pthread_condattr_destroy(&attr);
    pthread_rwlock_init(&s->terms, NULL);
}

static bool connect_all(struct arena *boot, struct spot *s, const struct binance_spot_options *opt,
                        struct error *err) {
    while (s->free_count < HANDLES) {
        struct http **h = &s->handles[s->free_count];
        if (opt->connect != NULL)
            *h = opt->connect(opt->ctx);
        else if (!http_curl_open(boot, opt->rest_url, HOST_SPOT_REST, h, err))
            return fail_in(err, "venue.rest_url");
        s->free_count++;
    }
    return true;
}

static bool same_network(const struct binance_spot_options *opt, struct error *err) {
    struct host_url rest, api;
    if (opt->connect != NULL) return true;
    if (!host_url_parse(opt->rest_url, HOST_SPOT_REST, &rest, err))
        return fail_in(err, "venue.rest_url");
    if (!host_url_parse(opt->ws_api_url, HOST_SPOT_WS_API, &api, err))
        return fail_in(err, "venue.ws_api_url");
    if (rest.network == api.network) return true;
    return fail(err, ERR_CONFIG, 0,
                "venue.rest_url is of %s and venue.ws_api_url of %s: the keys of one are worth "
                "nothing on the other",
                host_network_name(rest.network), host_network_name(api.network));
}

bool binance_spot_open(struct arena *boot, const struct binance_spot_options *opt,
                       struct venue **ret, struct error *err) {
    if (!same_network(opt, err)) return false;
    struct spot *s = NEW(boot, struct spot);
    s->base.ops = &spot_ops;
    s->clock = opt->clock != NULL ? opt->clock : wall;
    s->ctx = opt->ctx;
    s->ws_api_url = str_dup(boot, opt->ws_api_url);
    s->quote_asset = str_dup(boot, opt->quote_asset);
    s->symbols = (struct symbols){NEW_ARRAY(boot, struct symbol, opt->symbols->count + 1),
                                  opt->symbols->count};
    memcpy(s->symbols.v, opt->symbols->v, (size_t)opt->symbols->count * sizeof *s->symbols.v);
    rng_init(&s->rng, opt->seed);
    struct binance_options bo = {.symbols = &s->symbols,
                                 .key = opt->key,
                                 .secret = opt->secret,
                                 .recv_window = opt->recv_window,
                                 .fee_e8 = opt->fee_e8,
                                 .seed = opt->seed};
    memcpy(bo.install, opt->install, sizeof bo.install);
    if (!binance_open(boot, &bo, &s->b, err)) return false;
    make_locks(s);
    make_metrics(s);
    if (!connect_all(boot, s, opt, err) ||
        (opt->exchange_info.n > 0 && !binance_rate_limits(s->b, opt->exchange_info, err))) {
        spot_close(&s->base);
        return false;
    }
    *ret = &s->base;
    return true;
}

/* --- before a run, and beside it ---------------------------------------------------------- */

bool binance_spot_info(struct arena *a, str rest_url, str *ret, struct error *err) {
    const struct http_request rq = {
        .method = HTTP_GET, .path = INFO_PATH, .query = INFO_QUERY, .timeout = INFO_TIMEOUT};
    struct http_answer answer;
    struct http *h;
    if (!http_curl_open(a, rest_url, HOST_SPOT_REST, &h, err))
        return fail_in(err, "venue.rest_url");
    http_call(h, &rq, &answer);
    bool ok = answer.end == HTTP_ANSWERED && answer.status == 200;
    if (ok)
        *ret = str_dup(a, answer.body);
    else if (answer.end != HTTP_ANSWERED)
        ok = fail(err, ERR_TIMEOUT, 0,
                  STR_FMT " cannot be reached: %s; is the network up, is venue.rest_url right? "
                          "bullfinch doctor says more",
                  STR_ARG(str_head(rest_url, 60)), answer.why);
    else
        ok = fail(err, ERR_TIMEOUT, 0, STR_FMT "/api/v3/exchangeInfo answered with status %d",
                  STR_ARG(str_head(rest_url, 60)), answer.status);
    http_close(h);
    return ok;
}

bool binance_spot_balance(struct venue *v, str asset, money *ret, int64_t *ret_uid,
                          struct error *err) {
    PRE(v->ops == &spot_ops);
    struct spot *s = (struct spot *)v;
    const struct request rq = {
        .kind = REQUEST_SNAPSHOT, .signed_at = now_of(s), .recv_window = 5 * USEC_PER_S};
    struct reply reply;
    struct binance_health h;
    keep_clock(s);
    binance_health(s->b, &h);
    if (!h.clock_known) return fail(err, ERR_TIMEOUT, 0, "the venue's clock cannot be read");
    venue_call(v, now_of(s), &rq, &reply);
    binance_health(s->b, &h);
    if (reply.outcome != OUTCOME_DONE || reply.snapshot == NULL)
        return fail(err, h.keys_refused ? ERR_REFUSED : ERR_TIMEOUT, 0,
                    "the account cannot be read: %s", reply.text);
    int64_t e8 = 0;
    for (int i = 0; i < reply.snapshot->balance_count; i++)
        if (str_eq(str_from_z(reply.snapshot->balances[i].asset), asset))
            e8 = i64_min(reply.snapshot->balances[i].free_e8, AMOUNT_E8_MAX / 2) +
                 i64_min(reply.snapshot->balances[i].locked_e8, AMOUNT_E8_MAX / 2);
    *ret = money_from_e8(e8);
    *ret_uid = reply.snapshot->uid;
    return true;
}

struct binance *binance_spot_conversation(struct venue *v) {
    PRE(v->ops == &spot_ops);
    return ((struct spot *)v)->b;
}
