/* tcp_proxy: one thread, one poll.
 *
 * A connection is a pair of sockets and two lanes. A lane reads pieces from one, dates them with
 * the time at which they may go on, and writes them to the other when it is there; it holds at most
 * LANE_BYTES, then it stops reading, so that a slow side slows the other as a wire would. The end
 * of one direction is passed on behind its last byte.
 *
 * The mutex guards what others may set or ask; the thread holds it for each round, but not while it
 * sleeps. Failure: of a connection ends that connection; of the listener is an error of opening. */
#include "tcp_proxy.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define PAIRS_MAX 256
#define PIECE_BYTES (16 << 10)
#define LANE_BYTES (256 << 10)

struct piece {
    struct piece *next;
    usec at;   /* monotonic: not before */
    bool seen; /* by the gate, which let it through */
    ptrdiff_t bytes, done;
    char data[PIECE_BYTES];
};

struct lane {
    struct piece *first, *last;
    ptrdiff_t bytes;
    bool ended, shut; /* nothing more comes; the other side knows */
    bool held;        /* its first piece stands before the gate */
};

struct pair {
    int fd[2];           /* who connected, and the target */
    struct lane lane[2]; /* from fd[i] to fd[!i] */
};

/* Bytes to look for; none: n is 0. */
struct marker {
    char bytes[TCP_PROXY_MARKER_BYTES];
    ptrdiff_t n;
};

struct tcp_proxy {
    int listener, port, wake;
    struct addrinfo *target;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t went_round;
    uint64_t asked, done; /* changes that were asked for, and hold */
    proxy_mode mode;
    usec delay;
    bool cut_once, stop;
    struct marker gates[2]; /* for what comes from fd[i] */
    struct marker counts;
    int64_t counted;
    struct pair *pairs[PAIRS_MAX];
    int count;
    int64_t accepted;
};

bool proxy_mode_parse(str text, proxy_mode *ret_mode, usec *ret_delay) {
    const struct {
        str word;
        proxy_mode mode;
    } words[] = {{STR("pass"), PROXY_PASS}, {STR("cut"), PROXY_CUT}, {STR("hang"), PROXY_HANG}};
    int64_t ms;
    for (int i = 0; i < COUNT_OF(words); i++) {
        if (!str_eq(text, words[i].word)) continue;
        *ret_mode = words[i].mode;
        *ret_delay = 0;
        return true;
    }
    if (!str_starts(text, STR("slow ")) || !str_to_i64(str_tail(text, 5), &ms) || ms < 0 ||
        ms > 3600000)
        return false;
    *ret_mode = PROXY_SLOW;
    *ret_delay = ms * USEC_PER_MS;
    return true;
}

/* --- connections (the mutex is held) -------------------------------------------------------- */

static void reset(int fd) {
    const struct linger now = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
}

static void pair_free(struct pair *c) {
    for (int i = 0; i < 2; i++) {
        reset(c->fd[i]);
        while (c->lane[i].first != NULL) {
            struct piece *next = c->lane[i].first->next;
            free(c->lane[i].first);
            c->lane[i].first = next;
        }
    }
    free(c);
}

static void pairs_cut(struct tcp_proxy *p) {
    while (p->count > 0) pair_free(p->pairs[--p->count]);
}

static void make_ready(int fd) {
    const int yes = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    fcntl(fd, F_SETFL, O_NONBLOCK);
}

static void pair_open(struct tcp_proxy *p, int client) {
    const int server = socket(p->target->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    p->accepted++;
    if (p->mode == PROXY_CUT || p->count == PAIRS_MAX || server < 0 ||
        connect(server, p->target->ai_addr, p->target->ai_addrlen) != 0) {
        reset(client);
        if (server >= 0) close(server);
        return;
    }
    struct pair *c = calloc(1, sizeof *c);
    POST(c != NULL);
    c->fd[0] = client;
    c->fd[1] = server;
    make_ready(client);
    make_ready(server);
    p->pairs[p->count++] = c;
}

/* False: the connection is broken. */
static bool lane_read(struct tcp_proxy *p, struct lane *l, int fd) {
    struct piece *piece = malloc(sizeof *piece);
    POST(piece != NULL);
    const ssize_t n = recv(fd, piece->data, sizeof piece->data, 0);
    if (n <= 0) {
        const bool fine = n == 0 || errno == EAGAIN || errno == EINTR;
        l->ended = l->ended || n == 0;
        free(piece);
        return fine;
    }
    piece->next = NULL;
    piece->at = time_monotonic_us() + p->delay;
    piece->seen = false;
    piece->bytes = n;
    piece->done = 0;
    if (l->last != NULL)
        l->last->next = piece;
    else
        l->first = piece;
    l->last = piece;
    l->bytes += n;
    return true;
}

static str marker_str(const struct marker *m) { return (str){m->bytes, m->n}; }

/* Asked once about each piece: does it go on? d: it comes from fd[d]. */
static bool passes_gate(struct tcp_proxy *p, struct piece *piece, int d) {
    const str text = {piece->data, piece->bytes};
    if (piece->seen) return true;
    if (p->gates[d].n > 0 && str_find(text, marker_str(&p->gates[d])) >= 0) return false;
    piece->seen = true;
    if (d == 0 && p->counts.n > 0) p->counted += str_starts(text, marker_str(&p->counts));
    return true;
}

/* Writes what may go on. False: the connection is broken. */
static bool lane_write(struct tcp_proxy *p, struct pair *c, int d) {
    struct lane *const l = &c->lane[d];
    const int fd = c->fd[!d];
    const usec now = time_monotonic_us();
    while (l->first != NULL && l->first->at <= now) {
        struct piece *piece = l->first;
        l->held = !passes_gate(p, piece, d);
        if (l->held) return true;
        const ssize_t n =
            send(fd, piece->data + piece->done, (size_t)(piece->bytes - piece->done), MSG_NOSIGNAL);
        if (n < 0) return errno == EAGAIN || errno == EINTR;
        piece->done += n;
        l->bytes -= n;
        if (piece->done < piece->bytes) return true;
        l->first = piece->next;
        if (l->first == NULL) l->last = NULL;
        free(piece);
    }
    if (l->first == NULL && l->ended && !l->shut) {
        shutdown(fd, SHUT_WR);
        l->shut = true;
    }
    return true;
}

/* --- the thread ----------------------------------------------------------------------------- */

static short wanted(const struct lane *in, const struct lane *out) {
    const bool due = out->first != NULL && !out->held && out->first->at <= time_monotonic_us();
    return (short)((!in->ended && in->bytes < LANE_BYTES ? POLLIN : 0) | (due ? POLLOUT : 0));
}

/* Milliseconds until the next piece may go on; -1: none waits. */
static int next_ms(const struct tcp_proxy *p) {
    usec next = USEC_NEVER;
    for (int i = 0; i < p->count; i++)
        for (int d = 0; d < 2; d++)
            if (p->pairs[i]->lane[d].first != NULL && !p->pairs[i]->lane[d].held)
                next = i64_min(next, p->pairs[i]->lane[d].first->at);
    if (next == USEC_NEVER) return -1;
    return (int)i64_max((next - time_monotonic_us() + USEC_PER_MS - 1) / USEC_PER_MS, 0);
}

static int fill(const struct tcp_proxy *p, struct pollfd *v) {
    int n = 0;
    v[n++] = (struct pollfd){.fd = p->wake, .events = POLLIN};
    v[n++] = (struct pollfd){.fd = p->listener, .events = POLLIN};
    for (int i = 0; i < p->count && p->mode != PROXY_HANG; i++)
        for (int d = 0; d < 2; d++) {
            const struct pair *c = p->pairs[i];
            const short events = wanted(&c->lane[d], &c->lane[!d]);
            v[n++] = (struct pollfd){.fd = events != 0 ? c->fd[d] : -1, .events = events};
        }
    return n;
}

/* False: it is over. */
static bool pair_step(struct tcp_proxy *p, struct pair *c, const struct pollfd v[2]) {
    for (int d = 0; d < 2; d++)
        if ((v[d].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && (v[d].events & POLLIN) != 0 &&
            !lane_read(p, &c->lane[d], c->fd[d]))
            return false;
    for (int d = 0; d < 2; d++)
        if (!lane_write(p, c, d)) return false;
    return !(c->lane[0].shut && c->lane[1].shut);
}

/* What was asked for between two rounds. */
static void obey(struct tcp_proxy *p) {
    eventfd_t n;
    IGNORE(eventfd_read(p->wake, &n) != 0, "it was not set");
    if (p->mode == PROXY_CUT || p->cut_once) pairs_cut(p);
    p->cut_once = false;
    p->done = p->asked;
    pthread_cond_broadcast(&p->went_round);
}

static void step(struct tcp_proxy *p, const struct pollfd *v, int polled) {
    int kept = 0;
    for (int i = 0; i < p->count; i++) {
        const bool seen = 2 + 2 * i + 1 < polled;
        if (!seen || pair_step(p, p->pairs[i], &v[2 + 2 * i]))
            p->pairs[kept++] = p->pairs[i];
        else
            pair_free(p->pairs[i]);
    }
    p->count = kept;
    if ((v[1].revents & POLLIN) == 0) return;
    const int fd = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) pair_open(p, fd);
}

static void *run(void *arg) {
    static _Thread_local struct pollfd v[2 + 2 * PAIRS_MAX];
    struct tcp_proxy *p = arg;
    pthread_mutex_lock(&p->mutex);
    while (!p->stop) {
        const int n = fill(p, v);
        const int ms = p->mode == PROXY_HANG ? -1 : next_ms(p);
        pthread_mutex_unlock(&p->mutex);
        const int ready = poll(v, (nfds_t)n, ms);
        pthread_mutex_lock(&p->mutex);
        if (ready < 0) continue;
        if (v[0].revents != 0) {
            obey(p); /* the pairs may be others now: poll again */
            continue;
        }
        step(p, v, n);
    }
    pairs_cut(p);
    pthread_mutex_unlock(&p->mutex);
    return NULL;
}

/* --- opening and setting -------------------------------------------------------------------- */

static bool find_target(str target, struct addrinfo **ret, struct error *err) {
    char host[256], port[8];
    str rest = target, name;
    const struct addrinfo want = {.ai_socktype = SOCK_STREAM};
    if (!str_cut(&rest, ':', &name) || rest.p == NULL || !str_copyz(name, host, sizeof host) ||
        !str_copyz(rest, port, sizeof port) || getaddrinfo(host, port, &want, ret) != 0)
        return fail(err, ERR_CONFIG, 0, "\"" STR_FMT "\" is no HOST:PORT", STR_ARG(target));
    return true;
}

static bool start_listening(struct tcp_proxy *p, int port, struct error *err) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t n = sizeof at;
    const int yes = 1;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (p->listener < 0) return fail(err, ERR_IO, errno, "a socket: %s", strerror(errno));
    setsockopt(p->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(p->listener, (struct sockaddr *)&at, n) != 0 || listen(p->listener, 64) != 0 ||
        getsockname(p->listener, (struct sockaddr *)&at, &n) != 0)
        return fail(err, ERR_IO, errno, "port %d: %s", port, strerror(errno));
    p->port = ntohs(at.sin_port);
    return true;
}

static void proxy_free(struct tcp_proxy *p) {
    if (p->listener >= 0) close(p->listener);
    if (p->wake >= 0) close(p->wake);
    if (p->target != NULL) freeaddrinfo(p->target);
    pthread_cond_destroy(&p->went_round);
    pthread_mutex_destroy(&p->mutex);
    free(p);
}

bool tcp_proxy_open(int port, str target, struct tcp_proxy **ret, struct error *err) {
    struct tcp_proxy *p = calloc(1, sizeof *p);
    POST(p != NULL);
    p->listener = -1;
    p->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->went_round, NULL);
    bool ok = p->wake >= 0 || fail(err, ERR_IO, errno, "an eventfd: %s", strerror(errno));
    ok = ok && find_target(target, &p->target, err) && start_listening(p, port, err);
    if (ok && pthread_create(&p->thread, NULL, run, p) != 0)
        ok = fail(err, ERR_LIMIT, 0, "no thread can be had");
    if (!ok) {
        proxy_free(p);
        return false;
    }
    *ret = p;
    return true;
}

int tcp_proxy_port(const struct tcp_proxy *p) { return p->port; }

/* Until the thread has gone round once since. The mutex is held. */
static void take_hold(struct tcp_proxy *p) {
    const uint64_t mine = ++p->asked;
    IGNORE(eventfd_write(p->wake, 1) != 0, "it is full: it is awake");
    while (p->done < mine) pthread_cond_wait(&p->went_round, &p->mutex);
}

void tcp_proxy_set(struct tcp_proxy *p, proxy_mode mode, usec delay) {
    pthread_mutex_lock(&p->mutex);
    p->mode = mode;
    p->delay = mode == PROXY_SLOW ? delay : 0;
    take_hold(p);
    pthread_mutex_unlock(&p->mutex);
}

void tcp_proxy_cut_once(struct tcp_proxy *p) {
    pthread_mutex_lock(&p->mutex);
    p->cut_once = true;
    take_hold(p);
    pthread_mutex_unlock(&p->mutex);
}

static void marker_set(struct marker *m, str bytes) {
    PRE(bytes.n < TCP_PROXY_MARKER_BYTES);
    memcpy(m->bytes, bytes.p, (size_t)bytes.n);
    m->n = bytes.n;
}

void tcp_proxy_gate(struct tcp_proxy *p, bool up, str marker) {
    const int d = up ? 0 : 1;
    pthread_mutex_lock(&p->mutex);
    marker_set(&p->gates[d], marker);
    for (int i = 0; i < p->count; i++) p->pairs[i]->lane[d].held = false; /* it is asked again */
    take_hold(p);
    pthread_mutex_unlock(&p->mutex);
}

int tcp_proxy_held(struct tcp_proxy *p) {
    int held = 0;
    pthread_mutex_lock(&p->mutex);
    for (int i = 0; i < p->count; i++)
        held += p->pairs[i]->lane[0].held || p->pairs[i]->lane[1].held;
    pthread_mutex_unlock(&p->mutex);
    return held;
}

void tcp_proxy_count(struct tcp_proxy *p, str beginning) {
    pthread_mutex_lock(&p->mutex);
    marker_set(&p->counts, beginning);
    p->counted = 0;
    take_hold(p);
    pthread_mutex_unlock(&p->mutex);
}

int64_t tcp_proxy_counted(struct tcp_proxy *p) {
    pthread_mutex_lock(&p->mutex);
    const int64_t n = p->counted;
    pthread_mutex_unlock(&p->mutex);
    return n;
}

int tcp_proxy_connections(struct tcp_proxy *p) {
    pthread_mutex_lock(&p->mutex);
    const int n = p->count;
    pthread_mutex_unlock(&p->mutex);
    return n;
}

int64_t tcp_proxy_accepted(struct tcp_proxy *p) {
    pthread_mutex_lock(&p->mutex);
    const int64_t n = p->accepted;
    pthread_mutex_unlock(&p->mutex);
    return n;
}

void tcp_proxy_close(struct tcp_proxy *p) {
    if (p == NULL) return;
    pthread_mutex_lock(&p->mutex);
    p->stop = true;
    IGNORE(eventfd_write(p->wake, 1) != 0, "it is full: it is awake");
    pthread_mutex_unlock(&p->mutex);
    pthread_join(p->thread, NULL);
    proxy_free(p);
}
