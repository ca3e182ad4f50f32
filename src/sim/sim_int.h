/* sim_int: what the simulated exchange's files share.
 *
 *   exchange.c   the exchange: accounts, time, state, what happened in the engine
 *   params.c     parameters of a request: raw query + body, decoded, each read once
 *   gate.c       who may ask: keys, signatures, recvWindow, weights, order counts, bans
 *   routes.c     endpoints by method and path, and by WebSocket API method
 *   trade.c lists.c account.c          orders, order lists, what an account may know
 *   market_data.c                      exchangeInfo, depth, klines, tickers, trades
 *   ticks.c      prices: candles played or a random walk, books around them, candles made of them
 *   streams.c user_data.c ws_api.c     WebSocket connections of the three kinds
 *   faults.c     the plan
 *   server.c     the port (libwebsockets)
 *
 * An endpoint is one function over a struct sim_call, whichever way the call came. */
#ifndef BF_SIM_SIM_INT_H
#define BF_SIM_SIM_INT_H

#include "sim/exchange.h"
#include "sim/faults.h"

#define SIM_PARAMS_MAX 64

struct sim_param {
    str name, value; /* decoded */
    bool read;       /* a handler asked for it: what nobody asked for is -1104 */
};

/* One call of an endpoint. Handlers write JSON to `out`, or end with sim_refuse(). */
struct sim_call {
    struct exchange *ex;
    usec now;          /* server time */
    struct arena *mem; /* gone after the call */
    struct sim_param params[SIM_PARAMS_MAX];
    int param_count;
    int account; /* -1: not signed */
    bool micros; /* times in us */
    struct buf *out;
    int status;     /* 200 until sim_refuse */
    int code;       /* 0, or the error's */
    int64_t weight; /* charged; handlers that depend on parameters change it */
    int64_t orders; /* unfilled orders that it added */
    int64_t retry_after_s;
    struct fault fault; /* of this request */
};
typedef void (*sim_handler)(struct sim_call *c);

typedef enum sim_security { SIM_NONE, SIM_SIGNED } sim_security;
struct sim_route {
    const char *method, *path; /* "POST", "/api/v3/order" */
    const char *ws_method;     /* "order.place"; NULL: REST only */
    sim_security security;
    int64_t weight;
    bool free_on_success; /* weight is charged only when it fails */
    bool trades;          /* for faults, and for the unfilled order limit */
    sim_handler run;
};
const struct sim_route *sim_route_find(str method, str path, bool *ret_path_known);
const struct sim_route *sim_route_find_ws(str ws_method);
/* Through the gate and the handler: limits, signature, times, faults. For REST and the WS API. */
void sim_call_run(struct sim_call *c, const struct sim_route *r, const struct sim_request *rq);

/* {"code":..,"msg":".."} with the HTTP status that goes with the code; always returns false. */
bool sim_refuse(struct sim_call *c, int status, int code, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* What became of the engine's events: the exchange drains them after each change and shows each to
 * the log of orders and trades, and to the user data streams. */
void sim_user_event(struct exchange *ex, const struct match_event *e); /* user_data.c */
void sim_market_tick(struct exchange *ex, int sym);                    /* streams.c: a new price */

#endif
