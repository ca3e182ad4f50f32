/* wires: the lines between the process and the exchange, in virtual time.
 *
 * Two lanes do one request at a time, what changes something first, as src/run/lanes.c does; each
 * step of a request's conversation is a call that takes its time to arrive and its answer to come
 * back, or gets lost on either way. The clock's own calls and exchangeInfo have a line each. The
 * user data stream is a connection of the exchange's WebSocket API: opened, subscribed, listened
 * to, opened again when it ends or says nothing for too long; the trader is told, as the venue's
 * threads tell it.
 *
 * Whatever has left arrives, also when the process is killed meanwhile; the answer then goes to
 * nobody. */
#include "world_int.h"

#include <stdlib.h>

#include "run/lanes.h"

#define PEER 1
#define STREAM_SILENCE (30 * USEC_PER_S)
#define SUBSCRIBE_PATIENCE (10 * USEC_PER_S)
#define TERMS_EVERY (60 * USEC_PER_S)
#define CLOCK_LEAST (1 * USEC_PER_S)

/* A call on its way to the exchange. */
struct flight {
    lane_id lane;
    int life;
    int64_t call;
    http_method method;
    char path[128];
    char query[BINANCE_QUERY_BYTES + 256];
    char body[BINANCE_QUERY_BYTES + 256];
    char key[128];
};

static bool rough_times(const struct world *w) {
    return w->roughness > 0 && w->now < w->faults_until;
}

static usec latency(struct world *w) {
    if (rough_times(w)) {
        if (one_in(&w->net, 500)) return rng_between(&w->net, 500, 6000) * USEC_PER_MS;
        if (one_in(&w->net, 50)) return rng_between(&w->net, 50, 500) * USEC_PER_MS;
    }
    return one_in(&w->net, 4) ? rng_between(&w->net, 2000, 50000) : rng_between(&w->net, 200, 2000);
}

/* --- news -------------------------------------------------------------------------------- */

static void news(struct world *w, venue_state s, usec until, const char *text) {
    struct event ev = {.kind = EVENT_VENUE, .u.venue = {.state = s, .until = until}};
    IGNORE(!str_copyz(str_from_z(text), ev.u.venue.text, sizeof ev.u.venue.text), "may be cut");
    world_note(w, "venue is %s: %s", venue_state_name(s), text);
    world_turn(w, &ev);
}

static void notices(struct world *w) {
    struct binance_notice n;
    while (w->alive && binance_take_notice(w->binance, &n)) {
        world_note(w, "notice %s: %s", binance_notice_name(n.kind), n.text);
        switch (n.kind) {
        case BINANCE_NOTICE_BANNED:
            w->down_until = n.until;
            news(w, VENUE_DOWN, n.until, n.text);
            break;
        case BINANCE_NOTICE_KEYS:
            news(w, VENUE_DOWN, 0, n.text);
            break;
        case BINANCE_NOTICE_KEYS_FINE:
            news(w, w->subscribed ? VENUE_UP : VENUE_DEGRADED, 0, n.text);
            break;
        case BINANCE_NOTICE_RESET:
            news(w, VENUE_RESET, 0, n.text);
            break;
        case BINANCE_NOTICE_FILTERS:
            w->terms_at = w->now;
            break;
        case BINANCE_NOTICE_CLOCK:
        case BINANCE_NOTICE_BREAKER:
            break;
        }
    }
}

/* --- calls ------------------------------------------------------------------------------- */

static str text_of(const char *z) { return str_from_z(z); }

static void fly(struct world *w, struct lane *l, usec at) {
    struct flight *f = calloc(1, sizeof *f);
    if (f == NULL) fail_msg("out of memory");
    f->lane = (lane_id)(l - w->lanes);
    f->life = w->life;
    f->call = l->call;
    f->method = l->http.method;
    const bool whole = str_copyz(l->http.path, f->path, sizeof f->path) &&
                       str_copyz(l->http.query, f->query, sizeof f->query) &&
                       str_copyz(l->http.body, f->body, sizeof f->body) &&
                       str_copyz(l->http.key, f->key, sizeof f->key);
    if (!whole) fail_msg("a request that is too long for this test");
    world_put(w, at, ITEM_ARRIVE, 0, -1, (char *)f);
}

static void ends(struct world *w, struct lane *l, usec at, http_end end, const char *why) {
    l->answer = (struct http_answer){
        .end = end, .retry_after_s = -1, .used_weight_1m = -1, .orders_10s = -1, .orders_1d = -1};
    snprintf(l->answer.why, sizeof l->answer.why, "%s", why);
    l->answered = true;
    w->result->counts.lost += end != HTTP_ANSWERED;
    truth_silent(w, l->sent_at, at);
    world_put(w, at, ITEM_ANSWER, (int)(l - w->lanes), w->life, NULL);
}

static void timed_out(struct world *w, struct lane *l) {
    l->answer = (struct http_answer){.end = HTTP_LOST,
                                     .retry_after_s = -1,
                                     .used_weight_1m = -1,
                                     .orders_10s = -1,
                                     .orders_1d = -1,
                                     .why = "timeout"};
    w->result->counts.lost++;
    truth_silent(w, l->sent_at, w->now);
}

/* Sends l->http. */
static void call(struct world *w, struct lane *l) {
    l->call++;
    l->sent_at = w->now;
    l->answered = false;
    if (w->trace)
        world_note(w, "  > %d %s " STR_FMT " " STR_FMT, (int)(l - w->lanes),
                   http_method_name(l->http.method), STR_ARG(l->http.path),
                   STR_ARG(str_head(l->http.query, 300)));
    if (rough_times(w) && one_in(&w->net, 150)) {
        ends(w, l, w->now + latency(w), HTTP_NOT_SENT, "no connection");
        return;
    }
    const usec gives_up = w->now + l->http.timeout;
    if (rough_times(w) && one_in(&w->net, 300)) {
        ends(w, l, gives_up, HTTP_LOST, "lost on the way there");
        return;
    }
    const usec takes = latency(w);
    if (takes > ANSWERS_WITHIN) truth_silent(w, w->now, i64_min(gives_up, w->now + takes));
    world_put(w, gives_up, ITEM_ANSWER, (int)(l - w->lanes), w->life, NULL);
    fly(w, l, w->now + takes);
}

/* Does the venue do what it is there for? Else it counts as not answering. */
static bool is_answering(const struct sim_answer *a) {
    static const char *const codes[] = {"-1000", "-1001", "-1003", "-1006", "-1007",
                                        "-1008", "-1015", "-1021", "-2013"};
    if (a->status >= 500 || a->status == 403 || a->status == 418 || a->status == 429) return false;
    if (a->status < 400) return true;
    for (int i = 0; i < COUNT_OF(codes); i++) {
        if (str_find(buf_str(a->body), text_of(codes[i])) >= 0) return false;
    }
    return true;
}

static void read_answer(struct world *w, struct lane *l, const struct sim_answer *a,
                        http_method method) {
    usec at = w->now + a->delay + latency(w);
    const usec gives_up = l->sent_at + l->http.timeout;
    bool lost = a->delivery != SIM_WHOLE;
    if (a->delivery == SIM_SILENCE || a->delivery == SIM_TRICKLE) at = gives_up;
    if (rough_times(w) && one_in(&w->net, 300)) lost = true;
    if (at > gives_up) {
        at = gives_up;
        lost = true;
    }
    if (lost) {
        ends(w, l, at, HTTP_LOST, "lost on the way back");
        return;
    }
    l->answer = (struct http_answer){.end = HTTP_ANSWERED,
                                     .status = a->status,
                                     .retry_after_s = a->retry_after_s,
                                     .used_weight_1m = a->used_weight,
                                     .orders_10s = a->orders_10s,
                                     .orders_1d = a->orders_1d,
                                     .body = buf_str(a->body)};
    l->answered = true;
    const usec wait = a->retry_after_s > 0 ? a->retry_after_s * USEC_PER_S : 0;
    if (!is_answering(a) || at - l->sent_at > ANSWERS_WITHIN)
        truth_silent(w, l->sent_at, at + wait);
    else if (a->status >= 400 && method != HTTP_GET)
        w->refused_at = at;
    world_put(w, at, ITEM_ANSWER, (int)(l - w->lanes), w->life, NULL);
}

static void arrive(struct world *w, const struct flight *f) {
    struct lane *l = &w->lanes[f->lane];
    const bool awaited = w->alive && f->life == w->life && f->call == l->call && !l->answered;
    const struct sim_request rq = {.method = text_of(http_method_name(f->method)),
                                   .path = text_of(f->path),
                                   .query = text_of(f->query),
                                   .body = text_of(f->body),
                                   .api_key = text_of(f->key),
                                   .peer = PEER};
    struct sim_answer a = {.body = awaited ? &l->body : &w->scratch};
    exchange_rest(w->ex, w->now, &rq, &a);
    if (w->trace)
        world_note(w, "  = %d %s %s: %d " STR_FMT " (delivery %d, delay %lld ms)", (int)f->lane,
                   http_method_name(f->method), f->path, a.status,
                   STR_ARG(str_head(buf_str(a.body), 240)), (int)a.delivery,
                   (long long)(a.delay / USEC_PER_MS));
    if (awaited) read_answer(w, l, &a, f->method);
    if (w->kill_arrive > 0 && f->lane <= LANE_ENTER && --w->kill_arrive == 0) world_kill(w);
}

/* --- lanes ------------------------------------------------------------------------------- */

static void lane_work(struct world *w, struct lane *l);

static void reply(struct world *w, const struct reply *r) {
    static const char *const outcomes[] = {"done", "rejected", "unknown", "late", "full", "down"};
    world_note(w, "reply %s trade %lld: %s %s", outcomes[r->outcome], (long long)r->trade_id,
               r->text, r->snapshot ? "(snapshot)" : "");
    for (int i = 0; i < r->report_count && w->trace; i++)
        world_note(w, "    %s %s filled %lld %s", r->reports[i].coid,
                   order_state_name(r->reports[i].state), (long long)qty_e8(r->reports[i].filled),
                   r->reports[i].text);
    const struct event ev = {.kind = EVENT_REPLY, .u.reply = r};
    world_turn(w, &ev);
}

static void unsent(struct world *w, const struct request *rq, outcome why, const char *text) {
    static struct reply r;
    request_unsent(rq, why, text, &r);
    reply(w, &r);
}

/* An UNKNOWN request of ours again, as bots do that were not written for this. */
static bool resend(struct world *w, struct lane *l) {
    const struct reply *r = &l->task->reply;
    if (w->mistake != MISTAKE_RESEND || r->outcome != OUTCOME_UNKNOWN) return false;
    if (l->current.kind != REQUEST_BRACKET && l->current.kind != REQUEST_EXIT) return false;
    l->current.signed_at = w->now;
    binance_task_begin(w->binance, l->task, w->now, &l->current);
    return true;
}

static void lane_step(struct world *w, struct lane *l) {
    while (w->alive) {
        const binance_step s = binance_task_next(w->binance, l->task, w->now, &l->http);
        notices(w);
        if (!w->alive) return;
        if (s == BINANCE_SEND) {
            call(w, l);
            return;
        }
        if (resend(w, l)) continue;
        l->busy = false;
        reply(w, &l->task->reply);
        lane_work(w, l);
        return;
    }
}

static void lane_wake(struct world *w, struct lane *l, usec at) {
    if (l->waiting) return;
    l->waiting = true;
    world_put(w, at, ITEM_LANE, (int)(l - w->lanes), w->life, NULL);
}

static bool only_asks(request_kind k) { return k == REQUEST_QUERY || k == REQUEST_SNAPSHOT; }

/* The first of what changes something, else the first that only asks. */
static void take_next(struct world *w, struct lane *l) {
    int n = 0;
    for (int i = 0; i < l->count; i++) {
        const int at = (l->head + i) % LANE_RING;
        if (l->ready[at] > w->now || only_asks(l->ring[at].kind)) continue;
        n = i;
        break;
    }
    l->current = l->ring[(l->head + n) % LANE_RING];
    for (; n > 0; n--) {
        const int to = (l->head + n) % LANE_RING, from = (l->head + n - 1) % LANE_RING;
        l->ring[to] = l->ring[from];
        l->ready[to] = l->ready[from];
    }
    l->head = (l->head + 1) % LANE_RING;
    l->count--;
}

static void lane_work(struct world *w, struct lane *l) {
    while (w->alive && !l->busy && l->count > 0) {
        if (l->ready[l->head] > w->now) {
            lane_wake(w, l, l->ready[l->head]);
            return;
        }
        take_next(w, l);
        if (request_is_late(&l->current, w->now)) {
            unsent(w, &l->current, OUTCOME_LATE, "waited too long to be sent");
            continue;
        }
        l->busy = true;
        binance_task_begin(w->binance, l->task, w->now, &l->current);
        lane_step(w, l);
    }
}

static void stream_connect(struct world *w);

static bool is_full(const struct lane *l, request_kind k) {
    int same = 0;
    for (int i = 0; i < l->count; i++)
        same += only_asks(l->ring[(l->head + i) % LANE_RING].kind) == only_asks(k);
    return same >= LANE_MAX || l->count == LANE_RING;
}

void wires_send(struct world *w, const struct request *rq) {
    struct lane *l = &w->lanes[rq->kind == REQUEST_BRACKET ? LANE_ENTER : LANE_PROTECT];
    if (is_full(l, rq->kind)) {
        struct request *copy = calloc(1, sizeof *copy); /* its refusal is a turn of its own */
        if (copy == NULL) fail_msg("out of memory");
        *copy = *rq;
        world_put(w, w->now, ITEM_FULL, 0, w->life, (char *)copy);
        return;
    }
    const int i = (l->head + l->count++) % LANE_RING;
    l->ring[i] = *rq;
    l->ready[i] = w->committed_at;
    if (!l->busy) lane_wake(w, l, l->ready[l->head]);
}

/* --- life --------------------------------------------------------------------------------- */

void wires_open(struct world *w) {
    struct error err;
    const struct binance_options opt = {.symbols = w->terms,
                                        .key = STR("testkeytestkeytestkeytestkeytest"),
                                        .secret = STR("secretsecretsecretsecretsecretsec"),
                                        .recv_window = RECV_WINDOW,
                                        .fee_e8 = w->traits.fee_e8,
                                        .install = "0000",
                                        .seed = w->seed};
    assert_ok(binance_open(&w->boot, &opt, &w->binance, &err), &err);
    for (int i = 0; i < w->rows.order_count; i++) {
        const struct order *o = &w->rows.orders[i];
        int64_t id;
        if (!order_is_live(o->state)) continue; /* as src/app/wire.c */
        if (str_to_i64(str_from_z(o->venue_id), &id)) binance_seen_order(w->binance, o->sym, id);
    }
    for (int i = 0; i < LANE_COUNT; i++) {
        struct lane *l = &w->lanes[i];
        l->head = l->count = 0;
        l->busy = l->waiting = l->answered = false;
        l->call++;
        l->task = NEW(&w->boot, struct binance_task);
    }
    w->conn = -1;
    w->subscribed = w->was_subscribed = false;
    w->down_until = 0;
    w->clock_asked = w->now - CLOCK_LEAST;
    w->terms_at = w->now + TERMS_EVERY;
    stream_connect(w);
}

void wires_close(struct world *w) {
    if (w->conn >= 0) exchange_ws_close(w->ex, w->now, w->conn);
    w->conn = -1;
    binance_close(w->binance);
    w->binance = NULL;
}

bool wires_terms(struct world *w) {
    struct arena scratch;
    struct symbols found;
    struct buf report;
    struct error err;
    int skipped;
    const struct sim_request rq = {
        .method = STR("GET"), .path = STR("/api/v3/exchangeInfo"), .peer = PEER};
    struct sim_answer a = {.body = &w->scratch};
    exchange_rest(w->ex, w->now, &rq, &a);
    if (a.status != 200 || a.delivery != SIM_WHOLE) return false;
    arena_open(&scratch, 16 << 20);
    buf_init(&report, 1 << 16);
    const bool ok = exchange_info_parse(&scratch, buf_str(a.body), STR("USDT"), &found, &skipped,
                                        &report, &err);
    if (!ok || found.count != w->symbols->count)
        broken(w, "exchangeInfo cannot be read: %s " STR_FMT, ok ? "symbols are missing" : err.msg,
               STR_ARG(buf_str(&report)));
    else
        for (int i = 0; i < found.count; i++) w->symbols->v[i] = w->terms->v[i] = found.v[i];
    buf_fini(&report);
    arena_close(&scratch);
    return ok;
}

/* --- clock and terms --------------------------------------------------------------------- */

static void read_terms(struct world *w, const struct http_answer *a) {
    struct arena scratch;
    struct symbols found;
    struct buf report;
    struct error err;
    int skipped;
    if (a->end != HTTP_ANSWERED || a->status != 200) {
        w->terms_at = w->now + 5 * USEC_PER_S;
        return;
    }
    arena_open(&scratch, 16 << 20);
    buf_init(&report, 1 << 16);
    bool ok = binance_rate_limits(w->binance, a->body, &err) &&
              exchange_info_parse(&scratch, a->body, STR("USDT"), &found, &skipped, &report, &err);
    if (!ok)
        broken(w, "exchangeInfo cannot be read: %s " STR_FMT, err.msg, STR_ARG(buf_str(&report)));
    for (int i = 0; ok && i < w->symbols->count && w->alive; i++) {
        const int k = symbols_find(&found, text_of(w->symbols->v[i].name));
        struct event ev = {.kind = EVENT_SYMBOL};
        if (k == SYM_NONE || memcmp(&found.v[k], &w->terms->v[i], sizeof found.v[k]) == 0) continue;
        ev.u.symbol = w->terms->v[i] = found.v[k];
        world_note(w, "%s has other terms", found.v[k].name);
        world_turn(w, &ev);
    }
    buf_fini(&report);
    arena_close(&scratch);
}

/* While we are banned, and as long as we keep still after it, nobody answers us. */
static void note_bans(struct world *w) {
    struct binance_health h;
    binance_health(w->binance, &h);
    const usec until = i64_max(h.banned_until, h.orders_until);
    if (until > w->now) truth_silent(w, w->now, until);
}

static void answered(struct world *w, struct lane *l) {
    l->answered = true;
    l->call++; /* whatever else comes of this one is too late */
    switch ((lane_id)(l - w->lanes)) {
    case LANE_PROTECT:
    case LANE_ENTER:
        binance_task_answer(w->binance, l->task, w->now, &l->answer);
        note_bans(w);
        if (w->kill_answer > 0 && --w->kill_answer == 0) world_kill(w);
        if (w->alive) notices(w);
        if (w->alive) lane_step(w, l);
        return;
    case LANE_CLOCK:
        l->busy = false;
        w->clock_asked = w->now;
        binance_clock_answer(w->binance, l->sent_at, w->now, &l->answer);
        notices(w);
        return;
    case LANE_TERMS:
        l->busy = false;
        w->terms_at = w->now + TERMS_EVERY;
        binance_note(w->binance, BINANCE_MARKET, w->now, &l->answer);
        read_terms(w, &l->answer);
        if (w->alive) notices(w);
        return;
    case LANE_COUNT:
        break;
    }
    WRONG("lane out of its list");
}

/* --- the user data stream ---------------------------------------------------------------- */

static void stream_gone(struct world *w, const char *why) {
    if (w->conn >= 0) exchange_ws_close(w->ex, w->now, w->conn);
    w->conn = -1;
    const bool was = w->subscribed;
    w->subscribed = false;
    world_note(w, "stream gone: %s", why);
    if (was) news(w, VENUE_DEGRADED, 0, why);
    if (w->alive)
        world_put(w, w->now + rng_between(&w->net, 200, 3000) * USEC_PER_MS, ITEM_CONNECT, 0,
                  w->life, NULL);
}

static void stream_connect(struct world *w) {
    if (w->conn >= 0) return;
    w->conn = exchange_ws_open(w->ex, w->now, STR("/ws-api/v3"), PEER);
    w->heard_at = w->now;
    w->connected_at = w->now;
    if (w->conn < 0) {
        w->conn = -1;
        stream_gone(w, "no connection");
        return;
    }
    w->stream++;
    world_put(w, w->now + latency(w), ITEM_TO_VENUE, w->stream, w->life, NULL);
}

static void stream_subscribe(struct world *w) {
    char text[1024];
    struct buf b;
    buf_init_fixed(&b, text, sizeof text);
    binance_user_subscribe(w->binance, w->now, &b);
    exchange_ws_message(w->ex, w->now, w->conn, buf_str(&b));
}

static void stream_message(struct world *w, str text) {
    struct event ev = {.kind = EVENT_REPORT};
    struct error err = {0};
    const int n = binance_user_event(w->binance, text, &ev.u.report, &err);
    notices(w);
    world_note(w, "stream " STR_FMT, STR_ARG(str_head(text, 160)));
    if (!w->alive) return;
    if (!w->subscribed && str_find(text, STR("\"status\":200")) >= 0) {
        w->subscribed = true;
        if (w->was_subscribed) news(w, VENUE_RECONNECTED, 0, "subscribed again");
        w->was_subscribed = true;
        if (w->alive) news(w, VENUE_UP, 0, "subscribed");
        return;
    }
    if (n == 1) {
        w->result->counts.reports++;
        world_turn(w, &ev);
    } else if (n < 0 && err.code == ERR_INTERRUPTED) {
        stream_gone(w, err.msg);
    } else if (n < 0) {
        news(w, VENUE_RECONNECTED, 0, err.msg);
    }
}

static void take_frame(struct world *w, int conn) {
    int code = 0;
    buf_clear(&w->frame);
    const sim_frame f = exchange_ws_next(w->ex, w->now, conn, &w->frame, &code);
    const bool ours = conn == w->conn && w->alive;
    if (f == SIM_PING && ours) {
        exchange_ws_pong(w->ex, w->now, conn, buf_str(&w->frame));
        w->heard_at = w->now;
    } else if (f == SIM_TEXT && ours) {
        char *copy = malloc((size_t)w->frame.len + 1);
        if (copy == NULL) fail_msg("out of memory");
        memcpy(copy, buf_z(&w->frame), (size_t)w->frame.len + 1);
        w->message_at = i64_max(w->message_at, w->now + latency(w));
        world_put(w, w->message_at, ITEM_MESSAGE, w->stream, w->life, copy);
    } else if (f == SIM_SHUT && conn == w->conn) {
        w->conn = -1; /* the number is free */
        if (w->alive) world_put(w, w->now + latency(w), ITEM_GONE, w->stream, w->life, NULL);
    }
}

void wires_drain(struct world *w) {
    for (int conn; (conn = exchange_ws_ready(w->ex)) >= 0;) take_frame(w, conn);
}

/* --- time -------------------------------------------------------------------------------- */

static usec clock_at(const struct world *w) {
    if (w->lanes[LANE_CLOCK].busy) return USEC_NEVER;
    return i64_max(binance_clock_due(w->binance), w->clock_asked + CLOCK_LEAST);
}

static usec stream_at(const struct world *w) {
    if (w->conn < 0) return USEC_NEVER;
    const usec silent = w->heard_at + STREAM_SILENCE;
    return w->subscribed ? silent : i64_min(silent, w->connected_at + SUBSCRIBE_PATIENCE);
}

static usec up_at(const struct world *w) { return w->down_until == 0 ? USEC_NEVER : w->down_until; }

usec wires_next(const struct world *w) {
    const usec terms = w->lanes[LANE_TERMS].busy ? USEC_NEVER : w->terms_at;
    return i64_min(i64_min(clock_at(w), terms), i64_min(stream_at(w), up_at(w)));
}

static void ask_terms(struct world *w) {
    struct lane *l = &w->lanes[LANE_TERMS];
    usec at;
    if (!binance_may_call(w->binance, BINANCE_MARKET, w->now, &at)) {
        w->terms_at = i64_max(at, w->now + USEC_PER_S);
        return;
    }
    l->busy = true;
    l->http = (struct http_request){
        .method = HTTP_GET, .path = STR("/api/v3/exchangeInfo"), .timeout = 10 * USEC_PER_S};
    call(w, l);
}

void wires_timers(struct world *w) {
    if (up_at(w) <= w->now) {
        w->down_until = 0;
        news(w, w->subscribed ? VENUE_UP : VENUE_DEGRADED, 0, "the ban is over");
    } else if (clock_at(w) <= w->now) {
        struct lane *l = &w->lanes[LANE_CLOCK];
        l->busy = true;
        binance_clock_request(w->binance, &l->http);
        call(w, l);
    } else if (stream_at(w) <= w->now) {
        stream_gone(w, "it says nothing");
    } else if (!w->lanes[LANE_TERMS].busy && w->terms_at <= w->now) {
        ask_terms(w);
    }
}

void wires_item(struct world *w, const struct item *it) {
    struct lane *l = it->kind == ITEM_LANE || it->kind == ITEM_ANSWER ? &w->lanes[it->arg] : NULL;
    switch (it->kind) {
    case ITEM_LANE:
        l->waiting = false;
        lane_work(w, l);
        return;
    case ITEM_ARRIVE:
        arrive(w, (const struct flight *)it->text);
        return;
    case ITEM_ANSWER:
        if (it->call != l->call) return; /* it had ended before */
        if (!l->answered) timed_out(w, l);
        answered(w, l);
        return;
    case ITEM_FULL:
        unsent(w, (const struct request *)it->text, OUTCOME_FULL, "the lane to the venue is full");
        return;
    case ITEM_CONNECT:
        stream_connect(w);
        return;
    case ITEM_TO_VENUE:
        if (it->arg == w->stream && w->conn >= 0) stream_subscribe(w);
        return;
    case ITEM_MESSAGE:
        if (it->arg != w->stream) return;
        w->heard_at = w->now;
        stream_message(w, text_of(it->text));
        return;
    case ITEM_GONE:
        if (it->arg == w->stream) stream_gone(w, "closed by the venue");
        return;
    case ITEM_POST:
    case ITEM_PRICES:
    case ITEM_FLUSH:
    case ITEM_PEOPLE:
    case ITEM_OBEY:
    case ITEM_JUMP:
    case ITEM_KILL:
    case ITEM_START:
        break;
    }
    WRONG("an item of somebody else");
}
