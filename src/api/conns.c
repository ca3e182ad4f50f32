/* conns: a table of connections with their deadlines.
 *
 * libmicrohttpd ends what is silent, but not a client that sends a byte now and then (DESIGN.md,
 * section 8). So each connection has a time by which its next step must be done, whatever comes in
 * between, and a thread of the server that looks at all of them a few times a second. It ends one
 * by shutdown(2): the library sees the end of the stream and does the rest on its own thread.
 * Invariant: a socket in the table is open (its owner takes it out, under the lock, before it is
 * closed), so what is shut down is never another's. Failure: none. */
#include "api/conns.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

struct api_conn {
    int fd; /* -1: free */
    struct api_client client;
    _Atomic usec until;
};

struct api_conns {
    pthread_mutex_t lock; /* of all but `until` */
    int max, open, per_client, per_local;
    struct api_conn *conns;
};

struct api_conns *api_conns_new(struct arena *boot, int max, int per_client, int per_local) {
    struct api_conns *c = NEW(boot, struct api_conns);
    *c = (struct api_conns){.max = max, .per_client = per_client, .per_local = per_local};
    POST(pthread_mutex_init(&c->lock, NULL) == 0);
    c->conns = NEW_ARRAY(boot, struct api_conn, max);
    for (int i = 0; i < max; i++) c->conns[i].fd = -1;
    return c;
}

void api_conns_free(struct api_conns *c) {
    if (c != NULL) pthread_mutex_destroy(&c->lock);
}

struct api_conn *api_conn_open(struct api_conns *c, int fd, struct api_client client, usec until) {
    struct api_conn *place = NULL;
    int same = 0;
    pthread_mutex_lock(&c->lock);
    for (int i = 0; i < c->max; i++) {
        struct api_conn *const conn = &c->conns[i];
        if (conn->fd < 0)
            place = conn;
        else if (memcmp(conn->client.bytes, client.bytes, sizeof client.bytes) == 0)
            same++;
    }
    if (same >= (client.loopback ? c->per_local : c->per_client)) place = NULL;
    if (place != NULL) {
        place->fd = fd;
        place->client = client;
        atomic_store(&place->until, until);
        c->open++;
    }
    pthread_mutex_unlock(&c->lock);
    return place;
}

void api_conn_close(struct api_conns *c, struct api_conn *conn) {
    pthread_mutex_lock(&c->lock);
    PRE(conn->fd >= 0);
    conn->fd = -1;
    c->open--;
    pthread_mutex_unlock(&c->lock);
}

void api_conn_until(struct api_conn *conn, usec until) { atomic_store(&conn->until, until); }

struct api_client api_conn_client(const struct api_conn *conn) {
    return conn->client;
}

int api_conns_cut(struct api_conns *c, usec mono) {
    int cut = 0;
    pthread_mutex_lock(&c->lock);
    for (int i = 0; i < c->max; i++) {
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
