/* conns: a table of connections with their deadlines.
 *
 * libmicrohttpd ends what is silent, but not a client that sends a byte now and then (DESIGN.md,
 * section 8). So each connection has a time by which its next step must be done, whatever comes in
 * between, and a thread of the server that looks at all of them a few times a second. It ends one
 * by shutdown(2): the library sees the end of the stream and does the rest on its own thread.
 * Invariant: a socket in the table is open (its owner takes it out, under the lock, before it is
 * closed), so what is shut down is never another's. Failure: none. */
#include "api/conns.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

struct api_conn {
    int fd; /* -1: free */
    struct api_client client;
    bool stream;
    _Atomic usec until;
};

struct api_conns {
    pthread_mutex_t lock; /* of all but `until` */
    struct api_conns_limits limits;
    int places, open, streams;
    struct api_conn *conns;
};

struct api_conns *api_conns_new(struct arena *boot, const struct api_conns_limits *limits) {
    struct api_conns *c = NEW(boot, struct api_conns);
    *c = (struct api_conns){.limits = *limits, .places = limits->max + limits->streams};
    POST(pthread_mutex_init(&c->lock, NULL) == 0);
    c->conns = NEW_ARRAY(boot, struct api_conn, c->places);
    for (int i = 0; i < c->places; i++) c->conns[i].fd = -1;
    return c;
}

void api_conns_free(struct api_conns *c) {
    if (c != NULL) pthread_mutex_destroy(&c->lock);
}

/* Under the lock: how many there are of one client, and a place that is free. */
static int count_of(struct api_conns *c, struct api_client client, bool stream,
                    struct api_conn **ret_place) {
    int same = 0;
    for (int i = 0; i < c->places; i++) {
        struct api_conn *const conn = &c->conns[i];
        if (conn->fd < 0)
            *ret_place = conn;
        else if (conn->stream == stream &&
                 memcmp(conn->client.bytes, client.bytes, sizeof client.bytes) == 0)
            same++;
    }
    return same;
}

struct api_conn *api_conn_open(struct api_conns *c, int fd, struct api_client client, usec until) {
    struct api_conn *place = NULL;
    pthread_mutex_lock(&c->lock);
    const int same = count_of(c, client, false, &place);
    if (same >= (client.loopback ? c->limits.per_local : c->limits.per_client) ||
        c->open - c->streams >= c->limits.max)
        place = NULL;
    if (place != NULL) {
        place->fd = fd;
        place->client = client;
        place->stream = false;
        atomic_store(&place->until, until);
        c->open++;
    }
    pthread_mutex_unlock(&c->lock);
    return place;
}

bool api_conn_to_stream(struct api_conns *c, struct api_conn *conn) {
    struct api_conn *place;
    pthread_mutex_lock(&c->lock);
    const bool local = conn->client.loopback;
    const int same = count_of(c, conn->client, true, &place);
    const bool ok = c->streams < c->limits.streams &&
                    same < (local ? c->limits.streams_per_local : c->limits.streams_per_client);
    if (ok && !conn->stream) c->streams++;
    if (ok) conn->stream = true;
    pthread_mutex_unlock(&c->lock);
    return ok;
}

bool api_conn_is_gone(const struct api_conn *conn) {
    struct pollfd p = {.fd = conn->fd, .events = POLLRDHUP};
    return poll(&p, 1, 0) == 1 && p.revents & (POLLRDHUP | POLLHUP | POLLERR);
}

void api_conn_close(struct api_conns *c, struct api_conn *conn) {
    pthread_mutex_lock(&c->lock);
    PRE(conn->fd >= 0);
    conn->fd = -1;
    c->open--;
    if (conn->stream) c->streams--;
    pthread_mutex_unlock(&c->lock);
}

void api_conn_until(struct api_conn *conn, usec until) { atomic_store(&conn->until, until); }

struct api_client api_conn_client(const struct api_conn *conn) {
    return conn->client;
}

int api_conns_cut(struct api_conns *c, usec mono) {
    int cut = 0;
    pthread_mutex_lock(&c->lock);
    for (int i = 0; i < c->places; i++) {
        struct api_conn *const conn = &c->conns[i];
        if (conn->fd < 0 || atomic_load(&conn->until) > mono) continue;
        IGNORE(shutdown(conn->fd, SHUT_RDWR) != 0, "then the other side went first");
        atomic_store(&conn->until, USEC_NEVER);
        cut++;
    }
    pthread_mutex_unlock(&c->lock);
    return cut;
}

int api_conns_open_now(struct api_conns *c) {
    pthread_mutex_lock(&c->lock);
    const int n = c->open;
    pthread_mutex_unlock(&c->lock);
    return n;
}
