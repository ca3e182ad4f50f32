/* server_talk: what is said over one connection of the simulated services: requests and their
 * answers, answers that go on, WebSocket messages.
 *
 * In: bytes that came (conn.in), what a face answers. Out: bytes to be sent (conn.out) and how the
 * connection goes on (its phase). A face's answer is put whole, cut, held back or trickled as it
 * says; what goes on is sent in chunks until the face has no more, or the client does not read.
 *
 * Failure: a malformed request, a frame that breaks the protocol or a message that is no text gets
 * its answer or close code, and the connection ends behind it. Thread: the server's. */
#include "sim/server_int.h"

#include "sim/frame.h"

#define STREAM_MAX (4 << 20)
#define PACED_MAX (256 << 10)

static void number_take(struct sim_server *s, struct sim_conn *c, int face, int number) {
    c->face = face;
    c->ws = number;
    s->by_ws[face][number] = (int)(c - s->conns);
}

/* --- answers ----------------------------------------------------------------------------- */

static void put_length(struct buf *out, const struct sim_answer *a, bool chunks) {
    if (a->stream < 0) {
        buf_put(out, STR("\r\nContent-Length: "));
        buf_put_i64(out, a->body->len);
    } else if (chunks) {
        buf_put(out, STR("\r\nTransfer-Encoding: chunked"));
    }
}

static void put_head(struct buf *out, const struct sim_answer *a, bool keep, bool chunks) {
    buf_put(out, STR("HTTP/1.1 "));
    buf_put_i64(out, a->status);
    buf_put_byte(out, ' ');
    buf_put(out, str_from_z(http1_reason(a->status)));
    buf_put(out, a->html ? STR("\r\nContent-Type: text/html")
                         : STR("\r\nContent-Type: application/json;charset=UTF-8"));
    put_length(out, a, chunks);
    const struct {
        str name;
        int64_t value;
    } numbers[] = {{STR("\r\nx-mbx-used-weight: "), a->used_weight},
                   {STR("\r\nx-mbx-used-weight-1m: "), a->used_weight},
                   {STR("\r\nx-mbx-order-count-10s: "), a->orders_10s},
                   {STR("\r\nx-mbx-order-count-1d: "), a->orders_1d},
                   {STR("\r\nx-rate-limit-limit: "), a->rate_limit},
                   {STR("\r\nx-rate-limit-remaining: "), a->rate_remaining},
                   {STR("\r\nx-rate-limit-reset: "), a->rate_reset},
                   {STR("\r\nRetry-After: "), a->retry_after_s}};
    for (ptrdiff_t i = 0; i < COUNT_OF(numbers); i++) {
        if (numbers[i].value < 0) continue;
        buf_put(out, numbers[i].name);
        buf_put_i64(out, numbers[i].value);
    }
    buf_put(out, keep ? STR("\r\nConnection: keep-alive\r\n\r\n")
                      : STR("\r\nConnection: close\r\n\r\n"));
}

static void put_chunk(struct sim_conn *c, str part) {
    if (part.n == 0) return; /* it would be the last one */
    if (c->chunks) buf_printf(&c->out, "%llx\r\n", (unsigned long long)part.n);
    buf_put(&c->out, part);
    if (c->chunks) buf_put(&c->out, STR("\r\n"));
}

/* The head of an answer that goes on, and what it begins with. */
static void put_stream(struct sim_server *s, struct sim_conn *c, const struct sim_answer *a,
                       int face, const struct http1_request *rq) {
    PRE(a->stream < SIM_CONNECTIONS_MAX && a->delivery == SIM_WHOLE);
    c->chunks = !rq->old;
    put_head(&c->out, a, c->chunks, c->chunks);
    put_chunk(c, buf_str(a->body));
    number_take(s, c, face, a->stream);
    c->phase = a->delay > 0 ? PHASE_HELD : PHASE_STREAM;
    c->cut = false;
    sim_server_timer(s, c, a->delay > 0 ? s->now + a->delay : USEC_NEVER);
}

/* Puts the answer's bytes into `out` and chooses how the connection goes on. */
static void put_answer(struct sim_server *s, struct sim_conn *c, const struct sim_answer *a,
                       str method, bool keep) {
    const ptrdiff_t from = c->out.len;
    put_head(&c->out, a, keep && a->delivery == SIM_WHOLE, false);
    const ptrdiff_t head = c->out.len - from;
    if (!str_eq(method, STR("HEAD"))) buf_put(&c->out, buf_str(a->body));
    switch (a->delivery) {
    case SIM_WHOLE:
        c->cut = !keep;
        break;
    case SIM_CLOSE:
        c->out.len = from;
        c->cut = true;
        break;
    case SIM_RESET:
        c->out.len = from + head / 2;
        c->cut = c->reset = true;
        break;
    case SIM_TRUNCATE:
        c->out.len = from + head + a->body->len / 2;
        c->cut = true;
        break;
    case SIM_TRICKLE:
    case SIM_SILENCE:
        break;
    }
    if (a->delivery == SIM_SILENCE) {
        c->out.len = from;
        c->phase = PHASE_SILENT;
        sim_server_timer(s, c, USEC_NEVER);
    } else if (a->delivery == SIM_TRICKLE) {
        c->phase = PHASE_TRICKLE;
        sim_server_timer(s, c, s->now + a->delay + SIM_SERVER_TRICKLE_EACH);
    } else if (a->delay > 0) {
        c->phase = PHASE_HELD;
        sim_server_timer(s, c, s->now + a->delay);
    } else if (c->cut) {
        c->phase = PHASE_LAST;
        sim_server_timer(s, c, s->now + SIM_SERVER_SLOW);
    }
}

void sim_server_refuse(struct sim_server *s, struct sim_conn *c, int status) {
    buf_clear(&s->body);
    buf_printf(&s->body, "<html><body><h2>%d %s</h2></body></html>\n", status,
               http1_reason(status));
    const struct sim_answer a = {.status = status, .html = true, .body = &s->body, SIM_NO_HEADERS};
    put_answer(s, c, &a, STR("GET"), false);
}

/* --- requests ---------------------------------------------------------------------------- */

/* The face that the request's target belongs to. */
static int face_at(const struct sim_server *s, str target) {
    for (int i = 0; i < s->face_count - 1; i++)
        if (s->faces[i].takes(s->faces[i].ctx, target)) return i;
    return s->face_count - 1;
}

/* path and query stand side by side on the wire */
static str target_of(const struct http1_request *rq) {
    return (str){rq->path.p, rq->query.n ? rq->query.p + rq->query.n - rq->path.p : rq->path.n};
}

static void upgrade(struct sim_server *s, struct sim_conn *c, const struct http1_request *rq) {
    char accept[FRAME_ACCEPT_BYTES];
    if (!str_eq(rq->method, STR("GET")) || !frame_accept(rq->ws_key, accept)) {
        sim_server_refuse(s, c, 400);
        return;
    }
    const str path = target_of(rq);
    const int face = face_at(s, path);
    const struct sim_face *f = &s->faces[face];
    const int ws = f->open ? f->open(f->ctx, s->now, path, c->peer) : -1;
    if (ws < 0 || ws >= SIM_CONNECTIONS_MAX) {
        sim_server_refuse(s, c, ws == -1 ? 404 : 429);
        return;
    }
    buf_printf(&c->out,
               "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               "Sec-WebSocket-Accept: %s\r\n\r\n",
               accept);
    c->phase = PHASE_WS;
    number_take(s, c, face, ws);
    buf_init(&c->message, FRAME_PAYLOAD_MAX);
    sim_server_timer(s, c, USEC_NEVER);
}

static void answer(struct sim_server *s, struct sim_conn *c, const struct http1_request *rq) {
    if (rq->upgrade) {
        upgrade(s, c, rq);
        return;
    }
    const struct sim_request sim = {.method = rq->method,
                                    .path = rq->path,
                                    .query = rq->query,
                                    .body = rq->body,
                                    .api_key = rq->api_key,
                                    .time_unit = rq->time_unit,
                                    .fault = c->loopback ? rq->fault : STR(""),
                                    .authorization = rq->authorization,
                                    .peer = c->peer};
    struct sim_answer a = {.body = &s->body, SIM_NO_HEADERS};
    const int face = face_at(s, target_of(rq));
    if (!c->loopback && str_starts(rq->path, STR("/sim/"))) { /* the owner's doors */
        sim_server_refuse(s, c, 404);
        return;
    }
    buf_clear(&s->body);
    s->faces[face].request(s->faces[face].ctx, s->now, &sim, &a);
    if (a.stream >= 0)
        put_stream(s, c, &a, face, rq);
    else
        put_answer(s, c, &a, rq->method, rq->keep_alive);
}

void sim_server_requests(struct sim_server *s, struct sim_conn *c) {
    ptrdiff_t used = 0;
    while (c->phase == PHASE_REQUEST && used < c->in.len) {
        struct http1_request rq;
        const http1_state st = http1_parse(c->in.p + used, c->in.len - used, &rq, &c->progress);
        if (st == HTTP1_MORE) break;
        if (st == HTTP1_BAD) {
            sim_server_refuse(s, c, c->progress.status);
            used = c->in.len;
            break;
        }
        const ptrdiff_t size = c->progress.used;
        c->progress = (struct http1_progress){0};
        c->continued = false;
        answer(s, c, &rq);
        used += size;
    }
    if (used > 0) {
        memmove(c->in.p, c->in.p + used, (size_t)(c->in.len - used));
        c->in.len -= used;
    }
    if (c->phase != PHASE_REQUEST) return;
    if (c->progress.wants_body && !c->continued) {
        c->continued = true;
        buf_put(&c->out, STR("HTTP/1.1 100 Continue\r\n\r\n"));
    }
    if (c->in.len == 0 || used > 0)
        sim_server_timer(s, c, s->now + (c->in.len ? SIM_SERVER_SLOW : SIM_SERVER_IDLE));
}

/* --- answers that go on -------------------------------------------------------------------- */

/* Its end: in order, or as a line that broke. What was said before goes out first. */
static void stream_shut(struct sim_server *s, struct sim_conn *c, bool in_order) {
    if (in_order && c->chunks) buf_put(&c->out, STR("0\r\n\r\n"));
    sim_server_number_free(s, c);
    c->cut = true;
    if (c->phase == PHASE_HELD) return;
    c->phase = PHASE_LAST;
    sim_server_timer(s, c, s->now + SIM_SERVER_SLOW);
}

/* The client does not read: it is told so, and cut. */
static void stream_slow(struct sim_server *s, struct sim_conn *c) {
    const struct sim_face *f = sim_server_face(s, c);
    buf_clear(&s->frame);
    if (f->slow) {
        f->slow(f->ctx, s->now, c->ws, &s->frame);
        put_chunk(c, buf_str(&s->frame));
    } else {
        f->close(f->ctx, s->now, c->ws);
    }
    stream_shut(s, c, false);
}

/* --- WebSocket --------------------------------------------------------------------------- */

/* Says why, and closes once that is sent. */
static void ws_shut(struct sim_server *s, struct sim_conn *c, int code, bool tell) {
    frame_put_close(&c->out, code, STR(""));
    if (tell) sim_server_face(s, c)->close(sim_server_face(s, c)->ctx, s->now, c->ws);
    sim_server_number_free(s, c);
    c->phase = PHASE_LAST;
    sim_server_timer(s, c, s->now + SIM_SERVER_SLOW);
}

bool sim_server_drain(struct sim_server *s, struct sim_conn *c) {
    const bool ws = c->phase == PHASE_WS, paced = ws && sim_server_face(s, c)->pause != NULL;
    while (c->ws >= 0) {
        int code = 1000;
        if (paced && c->out.len - c->out_pos > PACED_MAX) break;
        buf_clear(&s->frame);
        const sim_frame f = sim_server_face(s, c)->next(sim_server_face(s, c)->ctx, s->now, c->ws,
                                                        &s->frame, &code);
        if (f == SIM_NOTHING) break;
        if (f == SIM_SHUT && code == 0 && ws) { /* as a line that broke */
            sim_server_number_free(s, c);
            sim_server_drop(s, c);
            return false;
        }
        if (f == SIM_SHUT && ws)
            ws_shut(s, c, code, false);
        else if (f == SIM_SHUT)
            stream_shut(s, c, code != 0);
        else if (ws)
            frame_put(&c->out, f == SIM_PING ? FRAME_PING : FRAME_TEXT, buf_str(&s->frame));
        else
            put_chunk(c, buf_str(&s->frame));
        if (buf_full(&c->out)) { /* it does not read */
            sim_server_drop(s, c);
            return false;
        }
        if (!ws && c->ws >= 0 && c->out.len - c->out_pos > STREAM_MAX) stream_slow(s, c);
    }
    return true;
}

static void ws_message(struct sim_server *s, struct sim_conn *c, const struct frame *f) {
    if ((f->op == FRAME_CONT) == (c->message_op == 0)) {
        ws_shut(s, c, 1002, true);
        return;
    }
    if (f->op != FRAME_CONT) {
        buf_clear(&c->message);
        c->message_op = (int)f->op;
    }
    buf_put(&c->message, f->payload);
    if (buf_full(&c->message)) {
        ws_shut(s, c, 1009, true);
        return;
    }
    if (!f->fin) return;
    const bool text = c->message_op == FRAME_TEXT;
    c->message_op = 0;
    if (!text)
        ws_shut(s, c, 1003, true);
    else if (!str_utf8_valid(buf_str(&c->message)))
        ws_shut(s, c, 1007, true);
    else
        sim_server_face(s, c)->message(sim_server_face(s, c)->ctx, s->now, c->ws,
                                       buf_str(&c->message));
}

static void ws_frame(struct sim_server *s, struct sim_conn *c, const struct frame *f) {
    const struct sim_face *face = sim_server_face(s, c);
    switch (f->op) {
    case FRAME_CONT:
    case FRAME_TEXT:
    case FRAME_BINARY:
        ws_message(s, c, f);
        return;
    case FRAME_CLOSE:
        ws_shut(s, c, 1000, true);
        return;
    case FRAME_PING:
        frame_put(&c->out, FRAME_PONG, f->payload);
        if (face->ping) face->ping(face->ctx, s->now, c->ws);
        return;
    case FRAME_PONG:
        if (face->pong) face->pong(face->ctx, s->now, c->ws, f->payload);
        return;
    }
}

void sim_server_ws_input(struct sim_server *s, struct sim_conn *c) {
    ptrdiff_t used = 0;
    while (c->phase == PHASE_WS) {
        struct frame f;
        int code;
        const frame_state st = frame_parse(c->in.p + used, c->in.len - used, &f, &code);
        if (st == FRAME_MORE) break;
        if (st == FRAME_BAD) {
            ws_shut(s, c, code, true);
            break;
        }
        ws_frame(s, c, &f);
        used += f.used;
    }
    if (c->phase != PHASE_WS) used = c->in.len;
    memmove(c->in.p, c->in.p + used, (size_t)(c->in.len - used));
    c->in.len -= used;
}
