/* server: the simulated services behind a port: HTTP and WebSocket, plain, one thread. */
#ifndef BF_SIM_SERVER_H
#define BF_SIM_SERVER_H

#include "sim/face.h"

#define SIM_CONNECTIONS_MAX 1024
#define SIM_FACES_MAX 4

struct sim_server;
struct sim_server_options {
    /* What answers; borrowed, and only the server's thread touches them while it runs. The faces
     * (copied; less than SIM_FACES_MAX) are asked in their order whether a path is theirs; the last
     * of all takes the rest: the exchange, where there is one. */
    const struct sim_face *faces;
    int face_count;
    struct exchange *exchange; /* NULL: none */
    str host;                  /* "127.0.0.1", "::1", "localhost" */
    int port;                  /* 0: a free one */
    bool anywhere;             /* else only loopback addresses */
    /* Called by the server's thread after sim_server_wake, with the exchange; false ends
     * sim_server_run. NULL: none. */
    bool (*woken)(void *ctx, struct exchange *ex, usec now);
    void *woken_ctx;
};
/* Listens. Errors: ERR_REFUSED an address that is not loopback; ERR_CONFIG a host that is none;
 * ERR_IO the address cannot be had. */
MUST_CHECK bool sim_server_open(const struct sim_server_options *opt, struct sim_server **ret,
                                struct error *err);
/* "http://127.0.0.1:8080" */
const char *sim_server_url(const struct sim_server *s);
/* Serves until sim_server_stop, or `woken` says so. Errors: ERR_IO. */
MUST_CHECK bool sim_server_run(struct sim_server *s, struct error *err);
/* From any thread and from a signal handler. */
void sim_server_stop(struct sim_server *s);
void sim_server_wake(struct sim_server *s);
void sim_server_close(struct sim_server *s); /* after run has returned; NULL is fine */

/* --- for the owner, over HTTP (admin.c) ---------------------------------------------------- */

/* Answers /sim/...: state, reset, price, fault. The caller lets only loopback ask. */
void sim_admin(struct exchange *ex, usec now, const struct sim_request *rq, struct sim_answer *ret);

#endif
