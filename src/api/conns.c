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

typedef enum conn_kind {
    KIND_NEW, /* no header yet: what it will be is not known */
    KIND_REQUESTS,
    KIND_STREAM,
    KIND_COUNT
} conn_kind;

struct api_conn {
    int fd; /* -1: free */
    struct api_client client;
    conn_kind kind; /* written by its own thread, under the lock */
    _Atomic usec until;
};

struct api_conns {
    pthread_mutex_t lock; /* of all but `until` */
    struct api_conns_limits limits;
    int places, open, count[KIND_COUNT];
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

/* Under the lock: how many there are of one client, by kind; and a place that is free. */
static struct api_conn *count_of(struct api_conns *c, struct api_client client,
                                 int same[KIND_COUNT]) {
    struct api_conn *place = NULL;
    for (int i = 0; i < c->places; i++) {
        struct api_conn *const conn = &c->conns[i];
        if (conn->fd < 0)
            place = conn;
        else if (memcmp(conn->client.bytes, client.bytes, sizeof client.bytes) == 0)
            same[conn->kind]++;
    }
    return place;
}

/* Many that begin at once may all become streams, where so many are allowed. */
struct api_conn *api_conn_open(struct api_conns *c, int fd, struct api_client client, usec until) {
    const struct api_conns_limits *const l = &c->limits;
    const int most = client.loopback ? l->per_local + l->streams_per_local : l->per_client;
    int same[KIND_COUNT] = {0};
    pthread_mutex_lock(&c->lock);
    struct api_conn *place = count_of(c, client, same);
    if (same[KIND_NEW] + same[KIND_REQUESTS] >= most) place = NULL;
    if (place != NULL) {
        place->fd = fd;
        place->client = client;
        place->kind = KIND_NEW;
        atomic_store(&place->until, until);
        c->open++;
        c->count[KIND_NEW]++;
    }
    pthread_mutex_unlock(&c->lock);
    return place;
}

static bool become(struct api_conns *c, struct api_conn *conn, conn_kind kind, int all,
                   int of_client) {
    int same[KIND_COUNT] = {0};
    if (conn->kind == kind) return true;
    pthread_mutex_lock(&c->lock);
    IGNORE(count_of(c, conn->client, same) == NULL, "no place is wanted");
    const bool ok = c->count[kind] < all && same[kind] < of_client;
    if (ok) {
        c->count[conn->kind]--;
        c->count[kind]++;
        conn->kind = kind;
    }
    pthread_mutex_unlock(&c->lock);
    return ok;
}

bool api_conn_to_requests(struct api_conns *c, struct api_conn *conn) {
    const struct api_conns_limits *const l = &c->limits;
    return become(c, conn, KIND_REQUESTS, l->max,
                  conn->client.loopback ? l->per_local : l->per_client);
}

bool api_conn_to_stream(struct api_conns *c, struct api_conn *conn) {
    const struct api_conns_limits *const l = &c->limits;
    return become(c, conn, KIND_STREAM, l->streams,
                  conn->client.loopback ? l->streams_per_local : l->streams_per_client);
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
    c->count[conn->kind]--;
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
