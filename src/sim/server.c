/* server: the simulated services behind a port: HTTP/1.1 and WebSocket, plain, one thread.
 *
 * In: bytes from any number of clients (SIM_CONNECTIONS_MAX). Out: what the face answers that the
 * path belongs to (face.h: the exchange, X, Jetstream), in the way in which a fault wants it
 * delivered: late, cut, byte by byte, not at all; or as an answer that goes on, chunk by chunk.
 *
 * The loop is an epoll of its own with a small parser (http1.c), because the signature of a request
 * is over the raw query, which HTTP libraries hand out decoded, and because most deliveries here
 * are what a well-behaved server cannot do. WebSocket frames are frame.c's.
 *
 * A connection answers one request at a time; what was sent ahead waits. While an answer is held
 * back, the connection only looks whether the client is still there. A client that does not read
 * its messages is cut at OUT_MAX bytes, or by its face where that is told to pause; one that does
 * not read an answer that goes on is told so at STREAM_MAX, as its last chunk; one that does not
 * finish a request is cut after SLOW; one that says nothing, after IDLE. A malformed request gets
 * its 4xx and the connection is closed.
 *
 * Server time is the wall clock, never going back. Threads: run() is the one that does it all; stop
 * and wake may be called from anywhere. */
#include "sim/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "sim/frame.h"
#include "sim/http1.h"
#include "sim/listen.h"

#define SLOW (10 * USEC_PER_S)
#define IDLE (120 * USEC_PER_S)
#define TRICKLE_EACH (50 * USEC_PER_MS)
#define OUT_MAX (32 << 20)
#define STREAM_MAX (4 << 20)
#define PACED_MAX (256 << 10)
#define BODY_MAX (24 << 20)
#define READ_BYTES (64 << 10)
#define EVENTS 64

typedef enum phase {
    PHASE_REQUEST, /* reads requests */
    PHASE_HELD,    /* an answer waits for its time */
    PHASE_TRICKLE, /* a byte at a time */
    PHASE_SILENT,  /* no answer will come */
    PHASE_LAST,    /* what is in `out` goes, then it is closed */
    PHASE_STREAM,  /* an answer that goes on */
    PHASE_WS
} phase;

struct conn {
    int fd; /* -1: free */
    phase phase;
    bool writing;  /* waits for EPOLLOUT */
    bool loopback; /* the client's address */
    bool cut;      /* HELD: close after the answer */
    bool reset;    /* LAST: end with a reset */
    bool continued;
    uint32_t peer;
    usec timer; /* by the phase: a deadline, or the time to go on */
    struct buf in, out;
    ptrdiff_t out_pos;
    struct http1_progress progress;
    /* WebSocket, streamed answer */
    int face;    /* whose */
    int ws;      /* the face's number; -1: none */
    bool chunks; /* its parts are sent as chunks (else, to a client of HTTP/1.0, as they are) */
    struct buf message;
    int message_op; /* 0: none begun */
};

struct sim_server {
    struct sim_server_options opt;
    int epoll, listener, eventfd;
    bool stopping;
    bool coarse; /* see wait_events */
    char url[80];
    usec now;
    usec next_timer; /* none is earlier */
    struct conn conns[SIM_CONNECTIONS_MAX];
    struct sim_face faces[SIM_FACES_MAX];
    int face_count;
    int by_ws[SIM_FACES_MAX][SIM_CONNECTIONS_MAX]; /* face's number -> index, -1 */
    int open;
    struct buf body, frame;
    char block[READ_BYTES];
};

#define KEY_LISTENER (SIM_CONNECTIONS_MAX + 0)
#define KEY_EVENT (SIM_CONNECTIONS_MAX + 1)

static void timer_set(struct sim_server *s, struct conn *c, usec at) {
    c->timer = at;
    if (at < s->next_timer) s->next_timer = at;
}

static bool watch(struct sim_server *s, int fd, uint32_t events, uint32_t key, bool fresh) {
    struct epoll_event ev = {.events = events, .data.u32 = key};
    return epoll_ctl(s->epoll, fresh ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &ev) == 0;
}

static uint32_t index_of(const struct sim_server *s, const struct conn *c) {
    return (uint32_t)(c - s->conns);
}

static const struct sim_face *face_of(const struct sim_server *s, const struct conn *c) {
    return &s->faces[c->face];
}

static void number_take(struct sim_server *s, struct conn *c, int face, int number) {
    c->face = face;
    c->ws = number;
    s->by_ws[face][number] = (int)index_of(s, c);
}

static void number_free(struct sim_server *s, struct conn *c) {
    s->by_ws[c->face][c->ws] = -1;
    c->ws = -1;
}

/* --- connections ------------------------------------------------------------------------- */

static void conn_close(struct sim_server *s, struct conn *c) {
    if (c->fd < 0) return;
    if (c->ws >= 0) {
        face_of(s, c)->close(face_of(s, c)->ctx, s->now, c->ws);
        number_free(s, c);
    }
    if (c->reset) {
        const struct linger hard = {.l_onoff = 1, .l_linger = 0};
        IGNORE(setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard), "closed anyway");
    }
    close(c->fd);
    buf_fini(&c->in);
    buf_fini(&c->out);
    buf_fini(&c->message);
    *c = (struct conn){.fd = -1, .ws = -1, .timer = USEC_NEVER};
    s->open--;
}

/* Notes whether the client takes more, and lets the face know. */
static bool writing_set(struct sim_server *s, struct conn *c, bool writing) {
    const uint32_t events = writing ? EPOLLIN | EPOLLOUT | EPOLLRDHUP : EPOLLIN | EPOLLRDHUP;
    if (c->writing == writing) return true;
    c->writing = writing;
    if (c->ws >= 0 && face_of(s, c)->pause)
        face_of(s, c)->pause(face_of(s, c)->ctx, s->now, c->ws, writing);
    return watch(s, c->fd, events, index_of(s, c), false);
}

/* Sends what there is; false: the connection is gone. */
static bool flush(struct sim_server *s, struct conn *c) {
    while (c->out_pos < c->out.len) {
        const ssize_t n = send(c->fd, c->out.p + c->out_pos, (size_t)(c->out.len - c->out_pos),
                               MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            if (c->out_pos > OUT_MAX / 2) {
                memmove(c->out.p, c->out.p + c->out_pos, (size_t)(c->out.len - c->out_pos));
                c->out.len -= c->out_pos;
                c->out_pos = 0;
            }
            return writing_set(s, c, true);
        }
        if (n <= 0) {
            conn_close(s, c);
            return false;
        }
        c->out_pos += n;
    }
    buf_clear(&c->out);
    c->out_pos = 0;
    if (c->phase == PHASE_LAST) {
        conn_close(s, c);
        return false;
    }
    return writing_set(s, c, false);
}

static void accept_one(struct sim_server *s, int fd, const struct sockaddr_storage *from) {
    int at = 0;
    while (at < SIM_CONNECTIONS_MAX && s->conns[at].fd >= 0) at++;
    if (at == SIM_CONNECTIONS_MAX || !watch(s, fd, EPOLLIN | EPOLLRDHUP, (uint32_t)at, true)) {
        close(fd);
        return;
    }
    struct conn *c = &s->conns[at];
    const int one = 1;
    IGNORE(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one), "it is only slower");
    *c = (struct conn){.fd = fd, .ws = -1};
    if (from->ss_family == AF_INET) {
        struct sockaddr_in a;
        memcpy(&a, from, sizeof a);
        c->peer = ntohl(a.sin_addr.s_addr);
        c->loopback = c->peer >> 24 == 127;
    } else {
        struct sockaddr_in6 a;
        memcpy(&a, from, sizeof a);
        c->peer = (uint32_t)str_hash(str_from_bytes(&a.sin6_addr, 16));
        c->loopback = IN6_IS_ADDR_LOOPBACK(&a.sin6_addr);
    }
    buf_init(&c->in, i64_max(HTTP1_INPUT_MAX, FRAME_PAYLOAD_MAX + 16) + READ_BYTES);
    buf_init(&c->out, OUT_MAX);
    timer_set(s, c, s->now + IDLE);
    s->open++;
}

static void accept_all(struct sim_server *s) {
    for (;;) {
        struct sockaddr_storage from = {0};
        socklen_t size = sizeof from;
        const int fd =
            accept4(s->listener, (struct sockaddr *)&from, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && errno == EINTR) continue;
        if (fd < 0) return;
        accept_one(s, fd, &from);
    }
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

static void put_chunk(struct conn *c, str part) {
    if (part.n == 0) return; /* it would be the last one */
    if (c->chunks) buf_printf(&c->out, "%llx\r\n", (unsigned long long)part.n);
    buf_put(&c->out, part);
    if (c->chunks) buf_put(&c->out, STR("\r\n"));
}

/* The head of an answer that goes on, and what it begins with. */
static void put_stream(struct sim_server *s, struct conn *c, const struct sim_answer *a, int face,
                       const struct http1_request *rq) {
    PRE(a->stream < SIM_CONNECTIONS_MAX && a->delivery == SIM_WHOLE);
    c->chunks = !rq->old;
    put_head(&c->out, a, c->chunks, c->chunks);
    put_chunk(c, buf_str(a->body));
    number_take(s, c, face, a->stream);
    c->phase = a->delay > 0 ? PHASE_HELD : PHASE_STREAM;
    c->cut = false;
    timer_set(s, c, a->delay > 0 ? s->now + a->delay : USEC_NEVER);
}

/* Puts the answer's bytes into `out` and chooses how the connection goes on. */
static void put_answer(struct sim_server *s, struct conn *c, const struct sim_answer *a, str method,
                       bool keep) {
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
        timer_set(s, c, USEC_NEVER);
    } else if (a->delivery == SIM_TRICKLE) {
        c->phase = PHASE_TRICKLE;
        timer_set(s, c, s->now + a->delay + TRICKLE_EACH);
    } else if (a->delay > 0) {
        c->phase = PHASE_HELD;
        timer_set(s, c, s->now + a->delay);
    } else if (c->cut) {
        c->phase = PHASE_LAST;
        timer_set(s, c, s->now + SLOW);
    }
}

static void refuse(struct sim_server *s, struct conn *c, int status) {
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

static void upgrade(struct sim_server *s, struct conn *c, const struct http1_request *rq) {
    char accept[FRAME_ACCEPT_BYTES];
    if (!str_eq(rq->method, STR("GET")) || !frame_accept(rq->ws_key, accept)) {
        refuse(s, c, 400);
        return;
    }
    const str path = target_of(rq);
    const int face = face_at(s, path);
    const struct sim_face *f = &s->faces[face];
    const int ws = f->open ? f->open(f->ctx, s->now, path, c->peer) : -1;
    if (ws < 0 || ws >= SIM_CONNECTIONS_MAX) {
        refuse(s, c, ws == -1 ? 404 : 429);
        return;
    }
    buf_printf(&c->out,
               "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               "Sec-WebSocket-Accept: %s\r\n\r\n",
               accept);
    c->phase = PHASE_WS;
    number_take(s, c, face, ws);
    buf_init(&c->message, FRAME_PAYLOAD_MAX);
    timer_set(s, c, USEC_NEVER);
}

static void answer(struct sim_server *s, struct conn *c, const struct http1_request *rq) {
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
        refuse(s, c, 404);
        return;
    }
    buf_clear(&s->body);
    s->faces[face].request(s->faces[face].ctx, s->now, &sim, &a);
    if (a.stream >= 0)
        put_stream(s, c, &a, face, rq);
    else
        put_answer(s, c, &a, rq->method, rq->keep_alive);
}

/* Answers what is whole in the input, as long as answers go out at once. */
static void requests(struct sim_server *s, struct conn *c) {
    ptrdiff_t used = 0;
    while (c->phase == PHASE_REQUEST && used < c->in.len) {
        struct http1_request rq;
        const http1_state st = http1_parse(c->in.p + used, c->in.len - used, &rq, &c->progress);
        if (st == HTTP1_MORE) break;
        if (st == HTTP1_BAD) {
            refuse(s, c, c->progress.status);
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
    if (c->in.len == 0 || used > 0) timer_set(s, c, s->now + (c->in.len ? SLOW : IDLE));
}

/* --- answers that go on -------------------------------------------------------------------- */

/* Its end: in order, or as a line that broke. What was said before goes out first. */
static void stream_shut(struct sim_server *s, struct conn *c, bool in_order) {
    if (in_order && c->chunks) buf_put(&c->out, STR("0\r\n\r\n"));
    number_free(s, c);
    c->cut = true;
    if (c->phase == PHASE_HELD) return;
    c->phase = PHASE_LAST;
    timer_set(s, c, s->now + SLOW);
}

/* The client does not read: it is told so, and cut. */
static void stream_slow(struct sim_server *s, struct conn *c) {
    const struct sim_face *f = face_of(s, c);
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
static void ws_shut(struct sim_server *s, struct conn *c, int code, bool tell) {
    frame_put_close(&c->out, code, STR(""));
    if (tell) face_of(s, c)->close(face_of(s, c)->ctx, s->now, c->ws);
    number_free(s, c);
    c->phase = PHASE_LAST;
    timer_set(s, c, s->now + SLOW);
}

/* Takes what the face has for the connection; false: the connection is gone. */
static bool drain(struct sim_server *s, struct conn *c) {
    const bool ws = c->phase == PHASE_WS, paced = ws && face_of(s, c)->pause != NULL;
    while (c->ws >= 0) {
        int code = 1000;
        if (paced && c->out.len - c->out_pos > PACED_MAX) break;
        buf_clear(&s->frame);
        const sim_frame f =
            face_of(s, c)->next(face_of(s, c)->ctx, s->now, c->ws, &s->frame, &code);
        if (f == SIM_NOTHING) break;
        if (f == SIM_SHUT && code == 0 && ws) { /* as a line that broke */
            number_free(s, c);
            conn_close(s, c);
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
            conn_close(s, c);
            return false;
        }
        if (!ws && c->ws >= 0 && c->out.len - c->out_pos > STREAM_MAX) stream_slow(s, c);
    }
    return true;
}

static void ws_message(struct sim_server *s, struct conn *c, const struct frame *f) {
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
        face_of(s, c)->message(face_of(s, c)->ctx, s->now, c->ws, buf_str(&c->message));
}

static void ws_frame(struct sim_server *s, struct conn *c, const struct frame *f) {
    const struct sim_face *face = face_of(s, c);
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

static void ws_input(struct sim_server *s, struct conn *c) {
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

/* --- the loop ---------------------------------------------------------------------------- */

static void handle_input(struct sim_server *s, struct conn *c) {
    if (c->phase == PHASE_REQUEST) requests(s, c);
    if (c->phase == PHASE_WS) ws_input(s, c);
    if (c->ws >= 0 && !drain(s, c)) return;
    const bool sends = c->phase == PHASE_REQUEST || c->phase == PHASE_WS ||
                       c->phase == PHASE_STREAM || c->phase == PHASE_LAST;
    if (sends) IGNORE(!flush(s, c), "then it is closed");
}

/* Reads what came; false: the connection is gone. */
static bool take_input(struct sim_server *s, struct conn *c) {
    const ssize_t n = recv(c->fd, s->block, sizeof s->block, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return true;
    if (n <= 0) {
        conn_close(s, c);
        return false;
    }
    if (c->phase == PHASE_SILENT || c->phase == PHASE_LAST || c->phase == PHASE_TRICKLE ||
        c->phase == PHASE_STREAM)
        return true; /* nobody will read it */
    const bool fresh = c->in.len == 0;
    buf_put(&c->in, str_from_bytes(s->block, n));
    if (buf_full(&c->in)) {
        conn_close(s, c);
        return false;
    }
    if (c->phase == PHASE_REQUEST && fresh) timer_set(s, c, s->now + SLOW);
    return true;
}

static void handle(struct sim_server *s, struct conn *c, uint32_t events) {
    if (c->fd < 0) return;
    if (events & (EPOLLERR | EPOLLHUP)) {
        conn_close(s, c);
        return;
    }
    if (events & (EPOLLIN | EPOLLRDHUP)) {
        if (!take_input(s, c)) return;
        handle_input(s, c);
    } else if (events & EPOLLOUT) {
        IGNORE(!flush(s, c), "then it is closed");
    }
}

static void trickle(struct sim_server *s, struct conn *c) {
    const ssize_t n = send(c->fd, c->out.p + c->out_pos, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
        conn_close(s, c);
        return;
    }
    if (n > 0) c->out_pos++;
    if (c->out_pos < c->out.len) {
        timer_set(s, c, s->now + TRICKLE_EACH);
        return;
    }
    c->phase = PHASE_LAST;
    IGNORE(!flush(s, c), "then it is closed");
}

static void timer_fire(struct sim_server *s, struct conn *c) {
    switch (c->phase) {
    case PHASE_REQUEST:
        if (c->in.len == 0) {
            conn_close(s, c);
        } else {
            refuse(s, c, 400);
            IGNORE(!flush(s, c), "then it is closed");
        }
        return;
    case PHASE_HELD:
        c->phase = c->cut ? PHASE_LAST : c->ws >= 0 ? PHASE_STREAM : PHASE_REQUEST;
        timer_set(s, c, c->cut ? s->now + SLOW : c->ws >= 0 ? USEC_NEVER : s->now + IDLE);
        if (flush(s, c)) handle_input(s, c);
        return;
    case PHASE_TRICKLE:
        trickle(s, c);
        return;
    case PHASE_SILENT:
    case PHASE_STREAM:
    case PHASE_WS:
        timer_set(s, c, USEC_NEVER);
        return;
    case PHASE_LAST:
        conn_close(s, c);
        return;
    }
}

static void timers(struct sim_server *s) {
    if (s->now < s->next_timer) return;
    s->next_timer = USEC_NEVER;
    for (int i = 0; i < SIM_CONNECTIONS_MAX; i++) {
        struct conn *c = &s->conns[i];
        if (c->fd >= 0 && c->timer <= s->now) timer_fire(s, c);
        if (c->fd >= 0 && c->timer < s->next_timer) s->next_timer = c->timer;
    }
}

static void streams_of(struct sim_server *s, int face) {
    const struct sim_face *f = &s->faces[face];
    for (int ws; (ws = f->ready(f->ctx)) >= 0;) {
        PRE(ws < SIM_CONNECTIONS_MAX && s->by_ws[face][ws] >= 0);
        struct conn *c = &s->conns[s->by_ws[face][ws]];
        if (drain(s, c) && c->phase != PHASE_HELD) IGNORE(!flush(s, c), "then it is closed");
    }
}

static void faces_advance(struct sim_server *s) {
    for (int i = 0; i < s->face_count; i++) {
        const struct sim_face *f = &s->faces[i];
        if (f->next_at(f->ctx) <= s->now) f->advance(f->ctx, s->now);
    }
}

static void clock_step(struct sim_server *s) { s->now = i64_max(s->now, time_wall_us()); }

/* How long nothing has to be done. */
static usec idle_for(const struct sim_server *s) {
    usec next = s->next_timer;
    for (int i = 0; i < s->face_count; i++)
        next = i64_min(next, s->faces[i].next_at(s->faces[i].ctx));
    return i64_clamp(next == USEC_NEVER ? USEC_PER_S : next - s->now, 0, USEC_PER_S);
}

/* Waits to the microsecond, so that what is due at a time comes at that time; where the system's
 * kernel cannot (before 5.11), to the millisecond. */
static int wait_events(struct sim_server *s, struct epoll_event *events) {
    const usec wait = idle_for(s);
    if (!s->coarse) {
        const struct timespec ts = {wait / USEC_PER_S, wait % USEC_PER_S * 1000};
        const int n = epoll_pwait2(s->epoll, events, EVENTS, &ts, NULL);
        if (n >= 0 || (errno != ENOSYS && errno != EPERM)) return n;
        s->coarse = true;
    }
    return epoll_wait(s->epoll, events, EVENTS, (int)((wait + 999) / 1000));
}

static void woken(struct sim_server *s) {
    uint64_t count;
    IGNORE(read(s->eventfd, &count, sizeof count), "a number, or none");
    if (s->opt.woken && !s->opt.woken(s->opt.woken_ctx, s->opt.exchange, s->now))
        s->stopping = true;
}

bool sim_server_run(struct sim_server *s, struct error *err) {
    struct epoll_event events[EVENTS];
    while (!__atomic_load_n(&s->stopping, __ATOMIC_ACQUIRE)) {
        const int n = wait_events(s, events);
        if (n < 0 && errno != EINTR)
            return fail(err, ERR_IO, errno, "epoll_wait: %s", strerror(errno));
        clock_step(s);
        faces_advance(s);
        for (int i = 0; i < n; i++) {
            const uint32_t key = events[i].data.u32;
            if (key == KEY_LISTENER)
                accept_all(s);
            else if (key == KEY_EVENT)
                woken(s);
            else
                handle(s, &s->conns[key], events[i].events);
        }
        timers(s);
        for (int i = 0; i < s->face_count; i++) streams_of(s, i);
    }
    return true;
}

static void nudge(struct sim_server *s) {
    const uint64_t one = 1;
    IGNORE(write(s->eventfd, &one, sizeof one), "it is awake already");
}

void sim_server_stop(struct sim_server *s) {
    __atomic_store_n(&s->stopping, true, __ATOMIC_RELEASE);
    nudge(s);
}

void sim_server_wake(struct sim_server *s) { nudge(s); }

/* --- opening ----------------------------------------------------------------------------- */

bool sim_server_open(const struct sim_server_options *opt, struct sim_server **ret,
                     struct error *err) {
    struct sim_server *s = calloc(1, sizeof *s);
    PRE(s != NULL);
    PRE(opt->face_count >= 0 && opt->face_count < SIM_FACES_MAX);
    PRE(opt->exchange != NULL || opt->face_count > 0);
    s->opt = *opt;
    s->listener = s->eventfd = -1;
    s->next_timer = USEC_NEVER;
    s->now = time_wall_us();
    for (int i = 0; i < SIM_CONNECTIONS_MAX; i++) {
        s->conns[i] = (struct conn){.fd = -1, .ws = -1, .timer = USEC_NEVER};
        for (int f = 0; f < SIM_FACES_MAX; f++) s->by_ws[f][i] = -1;
    }
    for (int i = 0; i < opt->face_count; i++) s->faces[s->face_count++] = opt->faces[i];
    if (opt->exchange) exchange_face(opt->exchange, &s->faces[s->face_count++]);
    buf_init(&s->body, BODY_MAX);
    buf_init(&s->frame, BODY_MAX);
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    s->eventfd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    bool ok = s->epoll >= 0 && s->eventfd >= 0;
    if (!ok) IGNORE(fail(err, ERR_IO, errno, "epoll: %s", strerror(errno)), "returned below");
    struct sim_listener l;
    ok = ok && sim_listen(opt->host, opt->port, opt->anywhere, &l, err);
    if (ok) {
        s->listener = l.fd;
        memcpy(s->url, l.url, sizeof s->url);
    }
    if (ok && (!watch(s, s->listener, EPOLLIN, KEY_LISTENER, true) ||
               !watch(s, s->eventfd, EPOLLIN, KEY_EVENT, true)))
        ok = fail(err, ERR_IO, errno, "epoll_ctl: %s", strerror(errno));
    if (ok)
        *ret = s;
    else
        sim_server_close(s);
    return ok;
}

const char *sim_server_url(const struct sim_server *s) { return s->url; }

void sim_server_close(struct sim_server *s) {
    if (!s) return;
    for (int i = 0; i < SIM_CONNECTIONS_MAX; i++) conn_close(s, &s->conns[i]);
    if (s->listener >= 0) close(s->listener);
    if (s->eventfd >= 0) close(s->eventfd);
    if (s->epoll >= 0) close(s->epoll);
    buf_fini(&s->body);
    buf_fini(&s->frame);
    free(s);
}
