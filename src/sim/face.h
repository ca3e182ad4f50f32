/* face: what the simulator's server asks of each of the services that it stands for: the exchange,
 * X, Bluesky's Jetstream. A face is a pure library: bytes and times in, bytes out. */
#ifndef BF_SIM_FACE_H
#define BF_SIM_FACE_H

#include "sim/exchange.h"
#include "sim/faults.h"

struct sim_face {
    const char *name; /* "exchange", "x", "jetstream" */
    void *ctx;
    /* Is this path (raw, with its query) mine? Each path has at most one face; the last one takes
     * the rest. */
    bool (*takes)(void *ctx, str path);
    /* One HTTP request. Where ret->stream is set (>= 0) the answer goes on: the head is sent, and
     * what `next` gives for that connection follows in chunks. */
    void (*request)(void *ctx, usec now, const struct sim_request *rq, struct sim_answer *ret);
    /* A WebSocket: as exchange_ws_open. NULL: there are none. */
    int (*open)(void *ctx, usec now, str path, uint32_t peer);
    void (*message)(void *ctx, usec now, int conn, str text);
    void (*pong)(void *ctx, usec now, int conn, str payload); /* NULL: nobody counts them */
    void (*ping)(void *ctx, usec now, int conn);              /* NULL: the same */
    /* Of WebSockets and streamed answers alike: as exchange_ws_next, _close, _ready. Of a streamed
     * answer SIM_TEXT is one chunk, byte for byte, and SIM_SHUT its end (code 0: as a broken line).
     */
    sim_frame (*next)(void *ctx, usec now, int conn, struct buf *out, int *ret_code);
    void (*close)(void *ctx, usec now, int conn);
    int (*ready)(void *ctx);
    void (*advance)(void *ctx, usec now);
    usec (*next_at)(void *ctx);
    /* The client of a streamed answer does not read: its last words into `out`; the number is free
     * then. NULL: `close`, without a word. */
    void (*slow)(void *ctx, usec now, int conn, struct buf *out);
    /* The client of a WebSocket takes no more for now, or takes again: until then the connection
     * must not be `ready` but to be shut. NULL: whatever is ready is sent, and a client that does
     * not read is cut. */
    void (*pause)(void *ctx, usec now, int conn, bool paused);
};

/* How the answer to a request that was carried out reaches the client, where this befell it. */
sim_delivery sim_delivery_after(fault_kind k);
/* The exchange, and its owner's doors (/sim/...). */
void exchange_face(struct exchange *ex, struct sim_face *ret);

#endif
