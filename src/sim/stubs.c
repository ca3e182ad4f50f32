/* stubs: the market side until it stands in files of its own, function by function. Prices do not
 * move by themselves, market data is empty, and there are no WebSocket connections. */
#include "sim/sim_int.h"

bool sim_ticks_open(struct exchange *ex, struct error *err) {
    (void)ex;
    (void)err;
    return true;
}
void sim_ticks_advance(struct exchange *ex, usec to) { match_advance(ex->match, to); }
usec sim_ticks_next(const struct exchange *ex) {
    (void)ex;
    return USEC_NEVER;
}
void sim_ticks_reset(struct exchange *ex) { (void)ex; }
void sim_ticks_gap(struct exchange *ex, int sym, int64_t factor_e8) {
    (void)ex;
    (void)sym;
    (void)factor_e8;
}
void sim_ticks_set(struct exchange *ex, int sym, price p) {
    match_quote(ex->match, ex->now,
                &(struct quote){.sym = sym, .at = ex->now, .last = p, .bid = p, .ask = p});
}
bool sim_reference_price(const struct exchange *ex, int sym, price *ret) {
    struct quote q;
    if (!match_last_price(ex->match, sym, &q)) return false;
    *ret = q.last;
    return true;
}
void sim_ticks_save(struct exchange *ex, struct buf *out) {
    (void)ex;
    (void)out;
}
bool sim_ticks_load(struct exchange *ex, str block, struct error *err) {
    (void)ex;
    return block.n == 0 || fail(err, ERR_DAMAGED, 0, "prices: not a state of theirs");
}

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

#define X(name)                                                                                    \
    void name(struct sim_call *c) { buf_put(c->out, STR("{}")); }
SIM_MARKET_HANDLERS(X)
#undef X
