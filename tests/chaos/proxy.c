/* proxy: see the header.
 *
 * One thread waits for all sockets with poll(). A connection has two pipes, from the client to the
 * server and back; a pipe holds one piece, what one read gave, and reads the next one when that was
 * written: so what is held back fills the sockets' own buffers, and then the sender waits.
 *
 * Setting a mode is a handshake: the caller waits until the thread has seen it, so that what it
 * does next comes after. Failure: of its own sockets ends the program; of those that it stands
 * between it makes a reset. */
#include "proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/time.h"
#include "chaos.h"

#define PROXIES_MAX 64
#define PIECE_BYTES (64 << 10)
#define CONNECTIONS_MAX 512
#define MARKER_BYTES 64

/* One direction. */
struct pipe {
    char piece[PIECE_BYTES];
    ptrdiff_t n, at; /* bytes read, and of them written */
    usec due;        /* monotonic: not before */
    bool passes;     /* the gate was asked about this piece */
    bool held;       /* and shut before it */
    bool over;       /* the sender said so, and the receiver was told */
};

struct connection {
    struct proxy *proxy;
    int ends[2];          /* client, server */
    struct pipe pipes[2]; /* from that end */
    struct connection *next;
};

struct gate {
    char marker[MARKER_BYTES];
    ptrdiff_t n; /* 0: none */
};

struct proxy {
    struct proxies *all;
    int listener, port, to;
    proxy_mode mode;
    int slow_ms;
    bool reset_wanted;
    struct gate gates[2]; /* for what comes from that end */
    int64_t posts;
};

struct proxies {
    pthread_t thread;
    pthread_mutex_t mutex; /* everything below, but while the thread polls */
    pthread_cond_t seen;
    int64_t asked, done; /* changes of modes */
    int wake;
    bool stop;
    struct proxy v[PROXIES_MAX];
    int count;
    struct connection *first;
    int open;
};

/* --- sockets ----------------------------------------------------------------------------- */

static struct sockaddr_in loopback(int port) {
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int socket_new(void) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) give_up("no socket: %s", strerror(errno));
    return fd;
}

static void close_with_reset(int fd) {
    const struct linger now = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
}

static void no_delay(int fd) {
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/* --- connections ------------------------------------------------------------------------- */

static void drop(struct proxies *all, struct connection **link) {
    struct connection *const c = *link;
    const bool in_good_order = c->pipes[0].over && c->pipes[1].over;
    *link = c->next;
    for (int end = 0; end < 2; end++) {
        if (in_good_order)
            close(c->ends[end]);
        else
            close_with_reset(c->ends[end]);
    }
    free(c);
    all->open--;
}

static void drop_all_of(struct proxies *all, const struct proxy *p) {
    for (struct connection **link = &all->first; *link != NULL;) {
        if (p == NULL || (*link)->proxy == p)
            drop(all, link);
        else
            link = &(*link)->next;
    }
}

/* A server that is not there: the client is told as it would be. */
static void admit(struct proxies *all, struct proxy *p) {
    const int fd = accept4(p->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    const struct sockaddr_in to = loopback(p->to);
    const int server = socket_new();
    const bool there =
        p->mode != PROXY_CUT && all->open < CONNECTIONS_MAX &&
        (connect(server, (const struct sockaddr *)&to, sizeof to) == 0 || errno == EINPROGRESS);
    if (!there) {
        close_with_reset(fd);
        close_with_reset(server);
        return;
    }
    struct connection *const c = calloc(1, sizeof *c);
    if (c == NULL) give_up("no memory");
    no_delay(fd);
    no_delay(server);
    *c = (struct connection){.proxy = p, .ends = {fd, server}, .next = all->first};
    all->first = c;
    all->open++;
}

static bool may_pass(const struct connection *c, int from) {
    return c->proxy->mode != PROXY_HANG && !c->pipes[from].held;
}

/* Asked once for each piece, when it is about to be written. */
static bool passes_gate(struct connection *c, int from) {
    struct pipe *const p = &c->pipes[from];
    const struct gate *const g = &c->proxy->gates[from];
    const str piece = {p->piece, p->n};
    if (p->passes) return true;
    p->held = g->n > 0 && str_find(piece, (str){g->marker, g->n}) >= 0;
    p->passes = !p->held;
    if (p->passes && from == 0) c->proxy->posts += str_starts(piece, STR("POST /"));
    return p->passes;
}

/* False: the connection is broken. */
static bool read_piece(struct connection *c, int from, usec now) {
    struct pipe *const p = &c->pipes[from];
    const ssize_t n = recv(c->ends[from], p->piece, sizeof p->piece, 0);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    p->n = n;
    p->at = 0;
    p->passes = false;
    p->due = now + (c->proxy->mode == PROXY_SLOW ? c->proxy->slow_ms * USEC_PER_MS : 0);
    p->over = n == 0;
    if (p->over) shutdown(c->ends[!from], SHUT_WR);
    return true;
}

static bool write_piece(struct connection *c, int from) {
    struct pipe *const p = &c->pipes[from];
    const ssize_t n = send(c->ends[!from], p->piece + p->at, (size_t)(p->n - p->at), MSG_NOSIGNAL);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    p->at += n;
    if (p->at == p->n) p->n = p->at = 0;
    return true;
}

/* --- the thread -------------------------------------------------------------------------- */

/* What is waited for on each socket; *sooner: something is due before that. */
static int list_sockets(struct proxies *all, struct pollfd *v, usec now, usec *sooner) {
    int n = 0;
    v[n++] = (struct pollfd){all->wake, POLLIN, 0};
    for (int i = 0; i < all->count; i++)
        v[n++] = (struct pollfd){all->v[i].listener, all->v[i].mode == PROXY_HANG ? 0 : POLLIN, 0};
    for (const struct connection *c = all->first; c != NULL; c = c->next) {
        short wanted[2] = {0, 0};
        for (int from = 0; from < 2; from++) {
            const struct pipe *const p = &c->pipes[from];
            if (!may_pass(c, from) || p->over) continue;
            if (p->n == 0)
                wanted[from] |= POLLIN;
            else if (p->due <= now)
                wanted[!from] |= POLLOUT;
            else
                *sooner = i64_min(*sooner, p->due);
        }
        /* a descriptor that nothing is wanted of would still say that it hung up, over and over */
        for (int end = 0; end < 2; end++)
            v[n++] = (struct pollfd){wanted[end] ? c->ends[end] : -1, wanted[end], 0};
    }
    return n;
}

/* False: broken, or both have said all. */
static bool serve(struct connection *c, const struct pollfd *v, usec now) {
    for (int from = 0; from < 2; from++) {
        struct pipe *const p = &c->pipes[from];
        if (!may_pass(c, from) || p->over) continue;
        const short in = v[from].revents, out = v[!from].revents;
        if (p->n == 0 && (in & (POLLIN | POLLHUP | POLLERR)) && !read_piece(c, from, now))
            return false;
        if (p->n > 0 && p->due <= now && passes_gate(c, from) &&
            ((out & (POLLOUT | POLLHUP | POLLERR)) || p->at == 0) && !write_piece(c, from))
            return false;
    }
    return !(c->pipes[0].over && c->pipes[1].over);
}

static void serve_all(struct proxies *all, const struct pollfd *v, int count, usec now) {
    int n = 1;
    const int listeners = n;
    n += all->count;
    for (struct connection **link = &all->first; *link != NULL && n + 1 < count; n += 2) {
        if (serve(*link, &v[n], now))
            link = &(*link)->next;
        else
            drop(all, link);
    }
    for (int i = 0; i < all->count && listeners + i < count; i++)
        if (v[listeners + i].revents & POLLIN) admit(all, &all->v[i]);
}

static void take_changes(struct proxies *all) {
    for (int i = 0; i < all->count; i++) {
        struct proxy *const p = &all->v[i];
        if (p->reset_wanted || p->mode == PROXY_CUT) drop_all_of(all, p);
        p->reset_wanted = false;
    }
    all->done = all->asked;
    pthread_cond_broadcast(&all->seen);
}

static void *run(void *arg) {
    struct proxies *const all = arg;
    struct pollfd *const v = calloc(1 + PROXIES_MAX + 2 * CONNECTIONS_MAX, sizeof *v);
    if (v == NULL) give_up("no memory");
    pthread_mutex_lock(&all->mutex);
    while (!all->stop) {
        take_changes(all);
        usec now = time_monotonic_us(), sooner = now + USEC_PER_S;
        const int n = list_sockets(all, v, now, &sooner);
        pthread_mutex_unlock(&all->mutex);
        const int wait_ms = (int)((sooner - now + USEC_PER_MS - 1) / USEC_PER_MS);
        IGNORE(poll(v, (nfds_t)n, wait_ms) < 0, "a signal ends it early");
        pthread_mutex_lock(&all->mutex);
        uint64_t word;
        IGNORE(read(all->wake, &word, sizeof word) < 0, "nobody woke it");
        if (all->done == all->asked) serve_all(all, v, n, time_monotonic_us());
    }
    drop_all_of(all, NULL);
    pthread_mutex_unlock(&all->mutex);
    free(v);
    return NULL;
}

/* --- from other threads ------------------------------------------------------------------ */

/* PRE: locked. Returns when the thread goes by what stands there now. */
static void change(struct proxies *all) {
    const uint64_t one = 1;
    const int64_t number = ++all->asked;
    if (write(all->wake, &one, sizeof one) < 0) give_up("eventfd: %s", strerror(errno));
    while (all->done < number) pthread_cond_wait(&all->seen, &all->mutex);
}

struct proxies *proxies_open(void) {
    struct proxies *const all = calloc(1, sizeof *all);
    if (all == NULL) give_up("no memory");
    pthread_mutex_init(&all->mutex, NULL);
    pthread_cond_init(&all->seen, NULL);
    all->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (all->wake < 0 || pthread_create(&all->thread, NULL, run, all) != 0)
        give_up("no thread for the proxies");
    return all;
}

void proxies_close(struct proxies *all) {
    if (all == NULL) return;
    const uint64_t one = 1;
    pthread_mutex_lock(&all->mutex);
    all->stop = true;
    pthread_mutex_unlock(&all->mutex);
    IGNORE(write(all->wake, &one, sizeof one) < 0, "then it wakes in a second");
    pthread_join(all->thread, NULL);
    for (int i = 0; i < all->count; i++) close(all->v[i].listener);
    close(all->wake);
    pthread_cond_destroy(&all->seen);
    pthread_mutex_destroy(&all->mutex);
    free(all);
}

struct proxy *proxy_add(struct proxies *all, int to_port) {
    struct sockaddr_in at = loopback(0);
    socklen_t n = sizeof at;
    const int fd = socket_new();
    if (bind(fd, (const struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 64) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &n) != 0)
        give_up("no port for a proxy: %s", strerror(errno));
    pthread_mutex_lock(&all->mutex);
    PRE(all->count < PROXIES_MAX);
    struct proxy *const p = &all->v[all->count++];
    *p = (struct proxy){.all = all, .listener = fd, .port = ntohs(at.sin_port), .to = to_port};
    change(all);
    pthread_mutex_unlock(&all->mutex);
    return p;
}

int proxy_port(const struct proxy *p) { return p->port; }

void proxy_set(struct proxy *p, proxy_mode mode, int slow_ms) {
    pthread_mutex_lock(&p->all->mutex);
    p->mode = mode;
    p->slow_ms = slow_ms;
    change(p->all);
    pthread_mutex_unlock(&p->all->mutex);
}

void proxy_reset(struct proxy *p) {
    pthread_mutex_lock(&p->all->mutex);
    p->reset_wanted = true;
    change(p->all);
    pthread_mutex_unlock(&p->all->mutex);
}

void proxy_gate(struct proxy *p, bool up, str marker) {
    PRE(marker.n < MARKER_BYTES);
    pthread_mutex_lock(&p->all->mutex);
    struct gate *const g = &p->gates[up ? 0 : 1];
    *g = (struct gate){.n = marker.n};
    memcpy(g->marker, marker.p, (size_t)marker.n);
    for (struct connection *c = p->all->first; c != NULL; c = c->next)
        if (c->proxy == p) c->pipes[up ? 0 : 1].held = false;
    change(p->all);
    pthread_mutex_unlock(&p->all->mutex);
}

int proxy_gate_shut(struct proxy *p) {
    int shut = 0;
    pthread_mutex_lock(&p->all->mutex);
    for (const struct connection *c = p->all->first; c != NULL; c = c->next)
        shut += c->proxy == p && (c->pipes[0].held || c->pipes[1].held);
    pthread_mutex_unlock(&p->all->mutex);
    return shut;
}

int64_t proxy_posts(struct proxy *p) {
    pthread_mutex_lock(&p->all->mutex);
    const int64_t n = p->posts;
    pthread_mutex_unlock(&p->all->mutex);
    return n;
}
