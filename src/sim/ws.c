/* ws: the WebSocket connections of the exchange: what waits to be sent, pings, limits, their end.
 *
 * In: connections, text messages and pongs of clients; events of the streams. Out: frames, one a
 * call, in order, those of a delayed answer when their time comes. A connection is pinged every 20
 * seconds and cut when no pong has come for a minute, after 24 hours (with a warning), when its
 * client sends more than five messages a second, or does not read what it gets.
 *
 * Faults of messages happen here: an event is lost, comes twice or behind the next one, the
 * connection falls silent, breaks or is shut. Answers to requests are not touched by them, but a
 * connection that is silent says nothing at all. No clock: time is the caller's. One thread. */
#include <inttypes.h>
#include <stdlib.h>

#include "sim/streams_int.h"

#define PING_EACH (20 * USEC_PER_S)
#define PONG_WITHIN (60 * USEC_PER_S)
#define LIFE (24 * USEC_PER_HOUR)
#define WARNING (60 * USEC_PER_S) /* before its end */
#define MESSAGES_A_SECOND 5
#define PATH_BYTES (64 << 10)

bool sim_streams_open(struct exchange *ex, struct error *err) {
    (void)err;
    struct sim_streams *st = NEW(ex->boot, struct sim_streams);
    st->calling = -1;
    st->next_at = USEC_NEVER;
    buf_init(&st->text, SIM_WS_QUEUE_MAX);
    buf_init(&st->wrapped, SIM_WS_QUEUE_MAX);
    buf_init(&st->answer, SIM_WS_QUEUE_MAX);
    ex->streams = st;
    return true;
}

void ws_wake(struct exchange *ex, usec at) {
    ex->streams->next_at = i64_min(ex->streams->next_at, at);
}

/* --- frames that wait -------------------------------------------------------------------- */

static void conn_free(struct exchange *ex, struct ws_conn *c) {
    for (struct ws_frame *f = c->first; f != NULL;) {
        struct ws_frame *next = f->next;
        free(f);
        f = next;
    }
    free(c->held);
    streams_close(c);
    *c = (struct ws_conn){0};
    ex->streams->open--;
}

static struct ws_frame *frame_new(sim_frame kind, usec at, str text) {
    struct ws_frame *f = malloc(sizeof *f + (size_t)text.n);
    PRE(f != NULL);
    *f = (struct ws_frame){.at = at, .kind = kind, .n = text.n};
    if (text.n > 0) memcpy(f->text, text.p, (size_t)text.n);
    return f;
}

static void link(struct exchange *ex, struct ws_conn *c, struct ws_frame *f) {
    *c->last = f;
    c->last = &f->next;
    c->queued += f->n + (ptrdiff_t)sizeof *f;
    if (f->at > ex->now) ws_wake(ex, f->at);
    if (c->queued > SIM_WS_QUEUE_MAX) ws_shut_at(ex, c, ex->now, 1008);
}

void ws_put(struct exchange *ex, struct ws_conn *c, usec at, sim_frame kind, str text) {
    if (c->shut_at <= ex->now || c->muted_until > ex->now) return;
    link(ex, c, frame_new(kind, i64_max(at, ex->now), text));
}

/* Takes out the first frame that may be sent by now; NULL: none. */
static struct ws_frame *take(const struct exchange *ex, struct ws_conn *c) {
    for (struct ws_frame **at = &c->first; *at; at = &(*at)->next) {
        struct ws_frame *f = *at;
        if (f->at > ex->now) continue;
        *at = f->next;
        if (c->last == &f->next) c->last = at;
        c->queued -= f->n + (ptrdiff_t)sizeof *f;
        return f;
    }
    return NULL;
}

static bool has_due(const struct exchange *ex, const struct ws_conn *c) {
    for (const struct ws_frame *f = c->first; f; f = f->next)
        if (f->at <= ex->now) return true;
    return c->shut_at <= ex->now;
}

/* What was held back goes behind what was sent since. */
static void let_go(struct exchange *ex, struct ws_conn *c) {
    struct ws_frame *f = c->held;
    c->held = NULL;
    if (f) link(ex, c, f);
}

void ws_shut_at(struct exchange *ex, struct ws_conn *c, usec at, int code) {
    if (at >= c->shut_at) return;
    c->shut_at = at;
    c->shut_code = code;
    ws_wake(ex, at);
}

/* --- faults of messages ------------------------------------------------------------------ */

static void warn(struct exchange *ex, struct ws_conn *c, usec until_cut) {
    char text[160];
    struct buf b;
    const usec now = sim_server_time(ex);
    buf_init_fixed(&b, text, sizeof text);
    if (c->api)
        buf_put(&b, STR("{\"event\":"));
    else if (c->combined)
        buf_put(&b, STR("{\"stream\":\"!serverShutdown\",\"data\":"));
    buf_printf(&b, "{\"e\":\"serverShutdown\",\"E\":%" PRId64 "}",
               c->micros ? now : now / USEC_PER_MS);
    if (c->api || c->combined) buf_put_byte(&b, '}');
    ws_put(ex, c, ex->now, SIM_TEXT, buf_str(&b));
    ws_shut_at(ex, c, ex->now + until_cut, 1001);
}

static void befall(struct exchange *ex, struct ws_conn *c, const struct fault *f) {
    if (f->kind == FAULT_STREAM_CUT) {
        ws_shut_at(ex, c, ex->now, 0);
    } else if (f->kind == FAULT_STREAM_MUTE) {
        c->muted_until = i64_max(c->muted_until, ex->now + f->delay);
        ws_wake(ex, c->muted_until);
    } else if (f->kind == FAULT_SHUTDOWN) {
        warn(ex, c, f->delay);
    }
}

void sim_streams_fault(struct exchange *ex, const struct fault *f) {
    for (int i = 0; i < SIM_WS_MAX; i++)
        if (ex->streams->conns[i].used) befall(ex, &ex->streams->conns[i], f);
}

static void hold(struct exchange *ex, struct ws_conn *c, str text, usec at_latest) {
    let_go(ex, c);
    c->held = frame_new(SIM_TEXT, ex->now, text);
    c->held_until = ex->now + at_latest;
    ws_wake(ex, c->held_until);
}

void ws_push(struct exchange *ex, struct ws_conn *c, str text, bool user_data) {
    struct fault f = {0};
    if (ex->faults) f = faults_of_message(ex->faults, ex->now, user_data);
    switch ((int)f.kind) { /* those of messages */
    case FAULT_NONE:
        break;
    case FAULT_STREAM_GAP:
        return;
    case FAULT_STREAM_SWAP:
        hold(ex, c, text, f.delay);
        return;
    case FAULT_STREAM_DOUBLE:
        ws_put(ex, c, ex->now, SIM_TEXT, text);
        break;
    case FAULT_SHUTDOWN:
        befall(ex, c, &f);
        break;
    default: /* not an enum */
        befall(ex, c, &f);
        return;
    }
    ws_put(ex, c, ex->now, SIM_TEXT, text);
    let_go(ex, c);
}

/* --- time -------------------------------------------------------------------------------- */

static void ping(struct exchange *ex, struct ws_conn *c) {
    char text[24];
    struct buf b;
    buf_init_fixed(&b, text, sizeof text);
    buf_put_i64(&b, c->ping_number = sim_server_time(ex) / USEC_PER_MS);
    ws_put(ex, c, ex->now, SIM_PING, buf_str(&b));
    if (c->pong_due == USEC_NEVER) c->pong_due = ex->now + PONG_WITHIN;
    c->next_ping = ex->now + PING_EACH;
}

static void conn_advance(struct exchange *ex, struct ws_conn *c) {
    const usec end = c->opened_at + LIFE;
    if (c->pong_due <= ex->now) ws_shut_at(ex, c, ex->now, 1008);
    if (c->next_ping <= ex->now) ping(ex, c);
    if (end <= ex->now) {
        ws_shut_at(ex, c, ex->now, 1001);
    } else if (end - WARNING <= ex->now && c->shut_at > end) {
        warn(ex, c, end - ex->now);
    }
    if (c->held && c->held_until <= ex->now) let_go(ex, c);
    if (!c->api) streams_advance(ex, c);
    const usec times[] = {c->next_ping, c->pong_due, end > ex->now + WARNING ? end - WARNING : end,
                          c->held ? c->held_until : USEC_NEVER, c->shut_at};
    for (ptrdiff_t i = 0; i < COUNT_OF(times); i++)
        if (times[i] > ex->now) ws_wake(ex, times[i]);
    for (const struct ws_frame *f = c->first; f; f = f->next)
        if (f->at > ex->now) ws_wake(ex, f->at);
}

void sim_streams_advance(struct exchange *ex, usec to) {
    struct sim_streams *st = ex->streams;
    if (st->next_at > to || st->open == 0) return;
    st->next_at = USEC_NEVER;
    for (int i = 0; i < SIM_WS_MAX; i++)
        if (st->conns[i].used) conn_advance(ex, &st->conns[i]);
}

usec sim_streams_next(const struct exchange *ex) {
    return ex->streams->open > 0 ? ex->streams->next_at : USEC_NEVER;
}

/* --- what a server calls ----------------------------------------------------------------- */

static struct ws_conn *conn_of(struct exchange *ex, int conn) {
    PRE(conn >= 0 && conn < SIM_WS_MAX && ex->streams->conns[conn].used);
    return &ex->streams->conns[conn];
}

int exchange_ws_open(struct exchange *ex, usec now, str path, uint32_t peer) {
    struct sim_streams *st = ex->streams;
    str query = path, bare;
    int at = 0;
    exchange_advance(ex, now);
    if (path.n > PATH_BYTES || !str_cut(&query, '?', &bare)) return -1;
    if (!query.p) query = STR("");
    while (at < SIM_WS_MAX && st->conns[at].used) at++;
    if (at == SIM_WS_MAX) return -2;
    struct ws_conn *c = &st->conns[at];
    *c = (struct ws_conn){.used = true,
                          .peer = peer,
                          .opened_at = ex->now,
                          .next_ping = ex->now + PING_EACH,
                          .pong_due = USEC_NEVER,
                          .shut_at = USEC_NEVER,
                          .api = str_eq(bare, STR("/ws-api/v3"))};
    c->last = &c->first;
    st->open++;
    bool ok = c->api;
    if (c->api)
        ws_api_connect(c, query);
    else
        ok = streams_connect(ex, c, bare, query);
    const bool paid = !ok || !c->api || sim_weight_take(ex, peer, 2);
    if (!ok || !paid) {
        conn_free(ex, c);
        return ok ? -2 : -1;
    }
    ws_wake(ex, ex->now); /* its times are found there */
    return at;
}

/* Pings, pongs and requests all count. False: it was one too many, the connection is cut. */
static bool count_message(struct exchange *ex, struct ws_conn *c) {
    const int64_t second = ex->now / USEC_PER_S;
    if (second != c->second) c->in_second = 0;
    c->second = second;
    if (c->api || ++c->in_second <= MESSAGES_A_SECOND) return true;
    ws_shut_at(ex, c, ex->now, 1008);
    return false;
}

void exchange_ws_message(struct exchange *ex, usec now, int conn, str text) {
    exchange_advance(ex, now);
    struct ws_conn *c = conn_of(ex, conn);
    if (c->shut_at <= ex->now || !count_message(ex, c)) return;
    if (c->api)
        ws_api_message(ex, c, text);
    else
        streams_message(ex, c, text);
}

/* Only the answer to the last ping keeps a connection. */
void exchange_ws_pong(struct exchange *ex, usec now, int conn, str payload) {
    int64_t number;
    exchange_advance(ex, now);
    struct ws_conn *c = conn_of(ex, conn);
    if (!count_message(ex, c)) return;
    if (str_to_i64(payload, &number) && number == c->ping_number) c->pong_due = USEC_NEVER;
}

void exchange_ws_ping(struct exchange *ex, usec now, int conn) {
    exchange_advance(ex, now);
    IGNORE(!count_message(ex, conn_of(ex, conn)), "then it is cut");
}

sim_frame exchange_ws_next(struct exchange *ex, usec now, int conn, struct buf *out,
                           int *ret_code) {
    exchange_advance(ex, now);
    struct ws_conn *c = conn_of(ex, conn);
    struct ws_frame *f = c->muted_until > ex->now ? NULL : take(ex, c);
    if (c->shut_at <= ex->now && (!f || c->shut_code == 0)) {
        *ret_code = c->shut_code;
        free(f);
        conn_free(ex, c);
        return SIM_SHUT;
    }
    if (!f) return SIM_NOTHING;
    const sim_frame kind = f->kind;
    buf_put(out, (str){f->text, f->n});
    free(f);
    return kind;
}

void exchange_ws_close(struct exchange *ex, usec now, int conn) {
    exchange_advance(ex, now);
    conn_free(ex, conn_of(ex, conn));
}

int exchange_ws_ready(struct exchange *ex) {
    struct sim_streams *st = ex->streams;
    for (int i = 0; i < SIM_WS_MAX && st->open > 0; i++) {
        const int at = (st->cursor + i) % SIM_WS_MAX;
        const struct ws_conn *c = &st->conns[at];
        if (!c->used || !has_due(ex, c)) continue;
        if (c->muted_until > ex->now && c->shut_at > ex->now) continue;
        st->cursor = at + 1;
        return at;
    }
    return -1;
}

void sim_streams_close(struct exchange *ex) {
    struct sim_streams *st = ex->streams;
    if (!st) return;
    for (int i = 0; i < SIM_WS_MAX; i++)
        if (st->conns[i].used) conn_free(ex, &st->conns[i]);
    buf_fini(&st->text);
    buf_fini(&st->wrapped);
    buf_fini(&st->answer);
    ex->streams = NULL;
}
