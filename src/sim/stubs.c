/* stubs: the WebSocket side until it stands in files of its own: there are no connections. */
#include "sim/sim_int.h"

bool sim_streams_open(struct exchange *ex, struct error *err) {
    (void)ex;
    (void)err;
    return true;
}
void sim_streams_close(struct exchange *ex) { (void)ex; }
void sim_streams_advance(struct exchange *ex, usec to) {
    (void)ex;
    (void)to;
}
usec sim_streams_next(const struct exchange *ex) {
    (void)ex;
    return USEC_NEVER;
}
void sim_streams_fault(struct exchange *ex, const struct fault *f) {
    (void)ex;
    (void)f;
}
void sim_market_tick(struct exchange *ex, int sym) {
    (void)ex;
    (void)sym;
}
void sim_user_event(struct exchange *ex, const struct match_event *e) {
    (void)ex;
    (void)e;
}
void sim_user_settled(struct exchange *ex) { (void)ex; }
void sim_user_reset(struct exchange *ex) { (void)ex; }

int exchange_ws_open(struct exchange *ex, usec now, str path, uint32_t peer) {
    (void)ex;
    (void)now;
    (void)path;
    (void)peer;
    return -1;
}
void exchange_ws_message(struct exchange *ex, usec now, int conn, str text) {
    (void)ex;
    (void)now;
    (void)conn;
    (void)text;
}
void exchange_ws_pong(struct exchange *ex, usec now, int conn, str payload) {
    exchange_ws_message(ex, now, conn, payload);
}
void exchange_ws_ping(struct exchange *ex, usec now, int conn) {
    exchange_ws_message(ex, now, conn, STR(""));
}
sim_frame exchange_ws_next(struct exchange *ex, usec now, int conn, struct buf *out,
                           int *ret_code) {
    (void)ex;
    (void)now;
    (void)conn;
    (void)out;
    (void)ret_code;
    return SIM_NOTHING;
}
void exchange_ws_close(struct exchange *ex, usec now, int conn) {
    exchange_ws_message(ex, now, conn, STR(""));
}
int exchange_ws_ready(struct exchange *ex) {
    (void)ex;
    return -1;
}
