/* exchange_face: the exchange as one of the simulator's faces, its owner's doors among its paths.
 * It hands through; no memory of its own. */
#include "sim/server.h"

static bool takes(void *ctx, str path) {
    (void)ctx;
    (void)path;
    return true;
}

static void request(void *ctx, usec now, const struct sim_request *rq, struct sim_answer *ret) {
    if (str_starts(rq->path, STR("/sim/")))
        sim_admin(ctx, now, rq, ret);
    else
        exchange_rest(ctx, now, rq, ret);
}

static int ws_open(void *ctx, usec now, str path, uint32_t peer) {
    return exchange_ws_open(ctx, now, path, peer);
}

static void message(void *ctx, usec now, int conn, str text) {
    exchange_ws_message(ctx, now, conn, text);
}

static void pong(void *ctx, usec now, int conn, str payload) {
    exchange_ws_pong(ctx, now, conn, payload);
}

static void ping(void *ctx, usec now, int conn) { exchange_ws_ping(ctx, now, conn); }

static sim_frame next(void *ctx, usec now, int conn, struct buf *out, int *ret_code) {
    return exchange_ws_next(ctx, now, conn, out, ret_code);
}

static void ws_close(void *ctx, usec now, int conn) { exchange_ws_close(ctx, now, conn); }

static int ready(void *ctx) { return exchange_ws_ready(ctx); }

static void advance(void *ctx, usec now) { exchange_advance(ctx, now); }

static usec next_at(void *ctx) { return exchange_next(ctx); }

void exchange_face(struct exchange *ex, struct sim_face *ret) {
    *ret = (struct sim_face){.name = "exchange",
                             .ctx = ex,
                             .takes = takes,
                             .request = request,
                             .open = ws_open,
                             .message = message,
                             .pong = pong,
                             .ping = ping,
                             .next = next,
                             .close = ws_close,
                             .ready = ready,
                             .advance = advance,
                             .next_at = next_at};
}
