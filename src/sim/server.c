/* server: the simulated services behind a port: HTTP/1.1 and WebSocket, plain, one thread.
 *
 * In: bytes from any number of clients (SIM_CONNECTIONS_MAX). Out: what the face answers that the
 * path belongs to (face.h: the exchange, X, Jetstream), in the way in which a fault wants it
 * delivered: late, cut, byte by byte, not at all; or as an answer that goes on, chunk by chunk.
 *
 * What is said over a connection is server_talk.c's; here are sockets, times and the loop. That is
 * an epoll of its own with a small parser (http1.c), because the signature of a request is over the
 * raw query, which HTTP libraries hand out decoded, and because most deliveries here are what a
 * well-behaved server cannot do. WebSocket frames are frame.c's.
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
#include "sim/server_int.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "sim/frame.h"
#include "sim/listen.h"

#define OUT_MAX (32 << 20)
#define BODY_MAX (24 << 20)
#define EVENTS 64

#define KEY_LISTENER (SIM_CONNECTIONS_MAX + 0)
#define KEY_EVENT (SIM_CONNECTIONS_MAX + 1)

void sim_server_timer(struct sim_server *s, struct sim_conn *c, usec at) {
    c->timer = at;
    if (at < s->next_timer) s->next_timer = at;
}

static bool watch(struct sim_server *s, int fd, uint32_t events, uint32_t key, bool fresh) {
    struct epoll_event ev = {.events = events, .data.u32 = key};
    return epoll_ctl(s->epoll, fresh ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &ev) == 0;
}

static uint32_t index_of(const struct sim_server *s, const struct sim_conn *c) {
    return (uint32_t)(c - s->conns);
}

void sim_server_number_free(struct sim_server *s, struct sim_conn *c) {
    s->by_ws[c->face][c->ws] = -1;
    c->ws = -1;
}

/* --- connections ------------------------------------------------------------------------- */

void sim_server_drop(struct sim_server *s, struct sim_conn *c) {
    if (c->fd < 0) return;
    if (c->ws >= 0) {
        sim_server_face(s, c)->close(sim_server_face(s, c)->ctx, s->now, c->ws);
        sim_server_number_free(s, c);
    }
    if (c->reset) {
        const struct linger hard = {.l_onoff = 1, .l_linger = 0};
        IGNORE(setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard), "closed anyway");
    }
    close(c->fd);
    buf_fini(&c->in);
    buf_fini(&c->out);
    buf_fini(&c->message);
    *c = (struct sim_conn){.fd = -1, .ws = -1, .timer = USEC_NEVER};
    s->open--;
}

/* Notes whether the client takes more, and lets the face know. */
static bool writing_set(struct sim_server *s, struct sim_conn *c, bool writing) {
    const uint32_t events = writing ? EPOLLIN | EPOLLOUT | EPOLLRDHUP : EPOLLIN | EPOLLRDHUP;
    if (c->writing == writing) return true;
    c->writing = writing;
    if (c->ws >= 0 && sim_server_face(s, c)->pause)
        sim_server_face(s, c)->pause(sim_server_face(s, c)->ctx, s->now, c->ws, writing);
    return watch(s, c->fd, events, index_of(s, c), false);
}

/* Sends what there is; false: the connection is gone. */
static bool flush(struct sim_server *s, struct sim_conn *c) {
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
            sim_server_drop(s, c);
            return false;
        }
        c->out_pos += n;
    }
    buf_clear(&c->out);
    c->out_pos = 0;
    if (c->phase == PHASE_LAST) {
        sim_server_drop(s, c);
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
    struct sim_conn *c = &s->conns[at];
    const int one = 1;
    IGNORE(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one), "it is only slower");
    *c = (struct sim_conn){.fd = fd, .ws = -1};
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
    buf_init(&c->in, i64_max(HTTP1_INPUT_MAX, FRAME_PAYLOAD_MAX + 16) + SIM_SERVER_READ_BYTES);
    buf_init(&c->out, OUT_MAX);
    sim_server_timer(s, c, s->now + SIM_SERVER_IDLE);
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

/* --- the loop ---------------------------------------------------------------------------- */

static void handle_input(struct sim_server *s, struct sim_conn *c) {
    if (c->phase == PHASE_REQUEST) sim_server_requests(s, c);
    if (c->phase == PHASE_WS) sim_server_ws_input(s, c);
    if (c->ws >= 0 && !sim_server_drain(s, c)) return;
    const bool sends = c->phase == PHASE_REQUEST || c->phase == PHASE_WS ||
                       c->phase == PHASE_STREAM || c->phase == PHASE_LAST;
    if (sends) IGNORE(!flush(s, c), "then it is closed");
}

/* Reads what came; false: the connection is gone. */
static bool take_input(struct sim_server *s, struct sim_conn *c) {
    const ssize_t n = recv(c->fd, s->block, sizeof s->block, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return true;
    if (n <= 0) {
        sim_server_drop(s, c);
        return false;
    }
    if (c->phase == PHASE_SILENT || c->phase == PHASE_LAST || c->phase == PHASE_TRICKLE ||
        c->phase == PHASE_STREAM)
        return true; /* nobody will read it */
    const bool fresh = c->in.len == 0;
    buf_put(&c->in, str_from_bytes(s->block, n));
    if (buf_full(&c->in)) {
        sim_server_drop(s, c);
        return false;
    }
    if (c->phase == PHASE_REQUEST && fresh) sim_server_timer(s, c, s->now + SIM_SERVER_SLOW);
    return true;
}

static void handle(struct sim_server *s, struct sim_conn *c, uint32_t events) {
    if (c->fd < 0) return;
    if (events & (EPOLLERR | EPOLLHUP)) {
        sim_server_drop(s, c);
        return;
    }
    if (events & (EPOLLIN | EPOLLRDHUP)) {
        if (!take_input(s, c)) return;
        handle_input(s, c);
    } else if (events & EPOLLOUT) {
        IGNORE(!flush(s, c), "then it is closed");
    }
}

static void trickle(struct sim_server *s, struct sim_conn *c) {
    const ssize_t n = send(c->fd, c->out.p + c->out_pos, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
        sim_server_drop(s, c);
        return;
    }
    if (n > 0) c->out_pos++;
    if (c->out_pos < c->out.len) {
        sim_server_timer(s, c, s->now + SIM_SERVER_TRICKLE_EACH);
        return;
    }
    c->phase = PHASE_LAST;
    IGNORE(!flush(s, c), "then it is closed");
}

static void timer_fire(struct sim_server *s, struct sim_conn *c) {
    switch (c->phase) {
    case PHASE_REQUEST:
        if (c->in.len == 0) {
            sim_server_drop(s, c);
        } else {
            sim_server_refuse(s, c, 400);
            IGNORE(!flush(s, c), "then it is closed");
        }
        return;
    case PHASE_HELD:
        c->phase = c->cut ? PHASE_LAST : c->ws >= 0 ? PHASE_STREAM : PHASE_REQUEST;
        sim_server_timer(s, c,
                         c->cut       ? s->now + SIM_SERVER_SLOW
                         : c->ws >= 0 ? USEC_NEVER
                                      : s->now + SIM_SERVER_IDLE);
        if (flush(s, c)) handle_input(s, c);
        return;
    case PHASE_TRICKLE:
        trickle(s, c);
        return;
    case PHASE_SILENT:
    case PHASE_STREAM:
    case PHASE_WS:
        sim_server_timer(s, c, USEC_NEVER);
        return;
    case PHASE_LAST:
        sim_server_drop(s, c);
        return;
    }
}

static void timers(struct sim_server *s) {
    if (s->now < s->next_timer) return;
    s->next_timer = USEC_NEVER;
    for (int i = 0; i < SIM_CONNECTIONS_MAX; i++) {
        struct sim_conn *c = &s->conns[i];
        if (c->fd >= 0 && c->timer <= s->now) timer_fire(s, c);
        if (c->fd >= 0 && c->timer < s->next_timer) s->next_timer = c->timer;
    }
}

static void streams_of(struct sim_server *s, int face) {
    const struct sim_face *f = &s->faces[face];
    for (int ws; (ws = f->ready(f->ctx)) >= 0;) {
        PRE(ws < SIM_CONNECTIONS_MAX && s->by_ws[face][ws] >= 0);
        struct sim_conn *c = &s->conns[s->by_ws[face][ws]];
        if (sim_server_drain(s, c) && c->phase != PHASE_HELD)
            IGNORE(!flush(s, c), "then it is closed");
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
        s->conns[i] = (struct sim_conn){.fd = -1, .ws = -1, .timer = USEC_NEVER};
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
    for (int i = 0; i < SIM_CONNECTIONS_MAX; i++) sim_server_drop(s, &s->conns[i]);
    if (s->listener >= 0) close(s->listener);
    if (s->eventfd >= 0) close(s->eventfd);
    if (s->epoll >= 0) close(s->epoll);
    buf_fini(&s->body);
    buf_fini(&s->frame);
    free(s);
}
