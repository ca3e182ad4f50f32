/* What server.c (sockets, times, the loop) and server_talk.c (what is said over a connection)
 * share.
 */
#ifndef BF_SIM_SERVER_INT_H
#define BF_SIM_SERVER_INT_H

#include "sim/http1.h"
#include "sim/server.h"

#define SIM_SERVER_SLOW (10 * USEC_PER_S)
#define SIM_SERVER_IDLE (120 * USEC_PER_S)
#define SIM_SERVER_TRICKLE_EACH (50 * USEC_PER_MS)
#define SIM_SERVER_READ_BYTES (64 << 10)

typedef enum sim_phase {
    PHASE_REQUEST, /* reads requests */
    PHASE_HELD,    /* an answer waits for its time */
    PHASE_TRICKLE, /* a byte at a time */
    PHASE_SILENT,  /* no answer will come */
    PHASE_LAST,    /* what is in `out` goes, then it is closed */
    PHASE_STREAM,  /* an answer that goes on */
    PHASE_WS
} sim_phase;

struct sim_conn {
    int fd; /* -1: free */
    sim_phase phase;
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
    struct sim_conn conns[SIM_CONNECTIONS_MAX];
    struct sim_face faces[SIM_FACES_MAX];
    int face_count;
    int by_ws[SIM_FACES_MAX][SIM_CONNECTIONS_MAX]; /* face's number -> index, -1 */
    int open;
    struct buf body, frame;
    char block[SIM_SERVER_READ_BYTES];
};

/* --- server.c -------------------------------------------------------------------------------- */

/* The connection's next deadline, or time to go on. */
void sim_server_timer(struct sim_server *s, struct sim_conn *c, usec at);
/* Closes it; its face is told. Nothing where it is closed already. */
void sim_server_drop(struct sim_server *s, struct sim_conn *c);
static inline const struct sim_face *sim_server_face(const struct sim_server *s,
                                                     const struct sim_conn *c) {
    return &s->faces[c->face];
}
/* The face's number is free again. */
void sim_server_number_free(struct sim_server *s, struct sim_conn *c);

/* --- server_talk.c --------------------------------------------------------------------------- */

/* Answers what is whole in the input, as long as answers go out at once. */
void sim_server_requests(struct sim_server *s, struct sim_conn *c);
/* Puts an answer of the server's own, with which the connection ends. */
void sim_server_refuse(struct sim_server *s, struct sim_conn *c, int status);
/* Takes the frames that are whole in the input. */
void sim_server_ws_input(struct sim_server *s, struct sim_conn *c);
/* Takes what the face has for the connection; false: the connection is gone. */
MUST_CHECK bool sim_server_drain(struct sim_server *s, struct sim_conn *c);

#endif
