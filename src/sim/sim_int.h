/* sim_int: what the simulated exchange's files share.
 *
 *   exchange.c   the exchange: accounts, time, what happened in the engine, what it was told later
 *   records.c    every order, list and trade that there ever was, and finding them
 *   state.c      the whole state as bytes, and back
 *   params.c     parameters of a request: raw query + body, decoded, each read once
 *   gate.c       who may ask: keys, signatures, recvWindow, weights, order counts, bans
 *   routes.c     endpoints by method and path, and by WebSocket API method
 *   trade.c lists.c account.c          orders, order lists, what an account may know
 *   order_params.c order_json.c        orders and lists from parameters, and as JSON
 *   json.c mac.c                       pieces of JSON, HMAC-SHA256
 *   info.c market_data.c klines.c      exchangeInfo; depth, tickers, trades; candles
 *   ticks.c      prices: candles played or a random walk, books around them, candles made of them
 *   ws.c streams.c user_data.c ws_api.c  WebSocket connections, and what they are told
 *   faults.c     the plan
 *   server.c     the port, over http1.c and frame.c; admin.c: what its owner may do
 *
 * An endpoint is one function over a struct sim_call, whichever way the call came.
 *
 * Two times: `ex->now` is the caller's and never goes back; engine, prices, streams' timers and
 * faults run on it. Server time is ex->now + ex->skew, and may jump: it is what requests are
 * checked against and what every time in an answer or an event is. */
#ifndef BF_SIM_SIM_INT_H
#define BF_SIM_SIM_INT_H

#include "base/rng.h"
#include "sim/exchange.h"
#include "sim/faults.h"
#include "sim/mac.h"

#define SIM_PARAMS_MAX 64
#define SIM_DEPTH 100 /* levels a side that the engine's books have at most */

/* -- records.c: all that ever was ------------------------------------------------------------ */

/* STP modes that a client may name; what matters is only that they are echoed. */
#define SIM_STP_MAP(X)                                                                             \
    X(NONE) X(EXPIRE_TAKER) X(EXPIRE_MAKER) X(EXPIRE_BOTH) X(DECREMENT) X(TRANSFER)
typedef enum sim_stp {
#define X(name) SIM_STP_##name,
    SIM_STP_MAP(X)
#undef X
} sim_stp;
const char *sim_stp_name(sim_stp s);

/* An order as it stands now (times are server times), with what only the API knows. Order `id` is
 * records.orders[id - 1]. */
struct sim_order {
    struct match_order o; /* first: exchange_order() hands it out */
    sim_stp stp;
    int64_t first_trade, last_trade; /* ids of its trades, chained by sim_trade_rec.next; 0: none */
    int64_t coid_next;               /* older order in the same hash chain; 0: none */
    usec hidden_until;               /* LOOKUP_LAG: lookups do not find it before (ex->now) */
    usec moved;                      /* skew when it was placed */
};
struct sim_trade_rec {
    struct sim_trade t; /* times are server times */
    int64_t next;       /* the order's next trade; 0: none */
};
struct sim_list {
    struct match_list l;
    int64_t coid_next;
    usec hidden_until;
};
struct sim_index {
    int64_t *heads; /* ids by hash & mask; 0: empty */
    uint64_t mask;
};
struct sim_ids { /* growing array */
    int64_t *v;
    int64_t count, cap;
};
struct sim_records {
    struct sim_order *orders; /* id - 1 */
    int64_t order_count, order_cap;
    struct sim_trade_rec *trades; /* id - 1 */
    int64_t trade_count, trade_cap;
    struct sim_list *lists; /* id - 1 */
    int64_t list_count, list_cap;
    struct sim_index by_coid, list_by_coid;
    struct sim_ids of_account[SIM_ACCOUNTS_MAX]; /* its orders */
    struct sim_ids trades_of[SIM_ACCOUNTS_MAX];
    struct sim_ids lists_of[SIM_ACCOUNTS_MAX];
};
void records_fini(struct sim_records *r); /* gives the memory back; empty and usable again */
/* As they are, for a state that is read; ids must come one after the other. */
struct sim_order *records_add_order(struct sim_records *r, const struct sim_order *o);
void records_add_list(struct sim_records *r, const struct sim_list *l);
void records_add_trade(struct sim_records *r, const struct sim_trade *t);
/* Takes what an event says into the records. Its times are server times. */
void records_event(struct exchange *ex, const struct match_event *e);
/* NULL if there is none. records_find_coid: the newest (or by a fault's answer the oldest) of the
 * account that carries the id, whether live or not. */
struct sim_order *records_order(struct exchange *ex, int64_t id);
struct sim_order *records_find_coid(struct exchange *ex, int account, str coid);
struct sim_list *records_list(struct exchange *ex, int64_t id);
struct sim_list *records_find_list_coid(struct exchange *ex, int account, str coid);

/* -- calls ---------------------------------------------------------------------------------- */

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
    bool ws;     /* by the WebSocket API: keys and signatures are its parameters */
    int account; /* -1: not signed */
    bool micros; /* times in us */
    struct buf *out;
    int status;            /* 200 until sim_refuse */
    int code;              /* 0, or the error's */
    int64_t weight;        /* charged; handlers that depend on parameters change it */
    int64_t orders;        /* unfilled orders that it added */
    int64_t retry_after_s; /* -1: none */
    usec retry_at;         /* the same as a server time (WebSocket API) */
    int64_t used_weight, orders_10s, orders_1d; /* for headers; -1: none */
    struct fault fault;                         /* of this request */
    sim_delivery delivery;                      /* what the fault makes of the answer */
    usec delay;
    bool html;
    usec timestamp, window; /* of a signed request, us; for the fence of what is put off */
    sim_stp stp;            /* of the orders that it makes */
};
/* -- the exchange --------------------------------------------------------------------------- */

/* Counts within windows that are aligned to the clock. */
struct sim_window {
    int64_t window; /* number of the window since 1970 */
    int64_t count;
};
struct sim_client { /* of exchange.h's options, opened */
    char key[128];
    struct sim_mac *mac;
    struct sim_window orders_10s, orders_1d; /* unfilled order counts */
};
struct sim_peer {
    bool used;
    uint32_t peer;
    struct sim_window weight;
    usec banned_until; /* server time; 0: not */
    int32_t strikes;   /* requests over the limit in this window */
    int32_t bans;      /* each is longer than the one before */
};
#define SIM_PEERS 256

/* A request that is carried out later than it is answered (E1007_DONE and the like). */
struct sim_later {
    usec at; /* ex->now */
    struct sim_later *next;
    int account;
    const struct sim_route *route;
    struct sim_param *params; /* one block on the heap, texts behind it */
    int param_count;
    bool micros;
    struct fault fault;
};
/* What a fault did to symbols, while it lasts. */
struct sim_change {
    bool used;
    usec until; /* ex->now; USEC_NEVER: for good */
    struct fault fault;
};
#define SIM_CHANGES 64

struct sim_prices;  /* ticks.c */
struct sim_streams; /* streams.c: connections of all kinds */

struct exchange {
    struct arena *boot;
    struct exchange_options opt; /* symbols, accounts: not to be used, may be gone */
    struct symbols symbols;      /* own copy; faults change it */
    struct match *match;
    usec now;  /* the caller's */
    usec skew; /* server time is now + skew */
    struct rng rng;
    struct faults *faults;               /* NULL: none */
    const struct fault_answers *answers; /* never NULL */

    int client_count;
    struct sim_client clients[SIM_ACCOUNTS_MAX]; /* index: the engine's account */
    struct sim_deposits *deposits;               /* what an account begins with */
    struct sim_peer peers[SIM_PEERS];
    struct sim_records records;
    struct sim_later *later;                /* by time */
    struct sim_change changes[SIM_CHANGES]; /* in the order of their beginning */
    struct symbol *listed;                  /* symbols without them */

    /* The running call; for user_data.c: which id a cancel request gave itself, "" none. */
    char cancel_coid[COID_BYTES];
    char amended_coid[COID_BYTES]; /* of order `amended_id`, before it got another */
    int64_t amended_id;
    struct sim_call *call; /* NULL outside of calls */
    struct sim_call rest_call, late_call;
    struct arena mem;   /* reset at each call */
    struct buf scratch; /* answers that nobody reads */
    struct buf fresh;   /* the engine as it was at the beginning: what a reset loads */

    struct sim_prices *prices;
    struct sim_streams *streams;
};

static inline usec sim_server_time(const struct exchange *ex) { return ex->now + ex->skew; }
/* Drains the engine: records, user data streams, order counts. After each change of the engine,
 * ticks included. */
void sim_settle(struct exchange *ex);

/* -- calls ---------------------------------------------------------------------------------- */

typedef void (*sim_handler)(struct sim_call *c);

typedef enum sim_security { SIM_NONE, SIM_SIGNED } sim_security;
struct sim_route {
    const char *method, *path; /* "POST", "/api/v3/order" */
    const char *ws_method;     /* "order.place"; NULL: REST only */
    sim_security security;
    int64_t weight;
    bool free_on_success; /* weight is charged only when it fails */
    bool trades;          /* goes to the engine: times are checked twice */
    sim_handler run;
    int orders; /* unfilled orders that a success adds; 0: none, or the handler sees to it */
};
const struct sim_route *sim_route_find(str method, str path, bool *ret_path_known);
const struct sim_route *sim_route_find_ws(str ws_method);

/* A call's struct made ready: everything zero but what is given. */
void sim_call_init(struct sim_call *c, struct exchange *ex, struct buf *out);
/* Through the gate and the handler: limits, signature, times, faults. For REST (parameters are
 * taken from rq->query and rq->body) and for the WebSocket API (c->ws, c->params filled by the
 * caller, apiKey and signature among them; of rq only peer, fault and time_unit are read). */
void sim_call_run(struct sim_call *c, const struct sim_route *r, const struct sim_request *rq);
/* Carries the call out when its fault's delay is over, and never later than the exchange's fence.
 */
void sim_later_put(struct sim_call *c, const struct sim_route *r); /* exchange.c */
/* `l` as it is, with copies of the parameters. */
void sim_later_add(struct exchange *ex, const struct sim_later *l, const struct sim_param *params);
void sim_changes_apply(struct exchange *ex); /* symbols as listed, with what faults did to them */
void sim_call_resume(struct sim_call *c, const struct sim_route *r); /* then: no gate any more */
/* Charges weight outside of a call (connecting costs 2). False: over the limit, or banned. */
bool sim_weight_take(struct exchange *ex, uint32_t peer, int64_t weight);

/* {"code":..,"msg":".."} with the HTTP status that goes with the code (0: the usual one); always
 * returns false. */
bool sim_refuse(struct sim_call *c, int status, int code, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* Unfilled order counts: is there room for `more`? -1015 else. */
bool sim_orders_room(struct sim_call *c, int more);
void sim_orders_add(struct exchange *ex, int account, int64_t by); /* negative: fills; floor 0 */

/* -- params.c ------------------------------------------------------------------------------- */

/* Raw text into c->params. False: refused (-1101 twice, -1105 ...). */
bool sim_params_parse(struct sim_call *c, str query, str body);
/* How the params are read: true and *ret written when it was there and fine; true and *ret left
 * alone when it was not there and need not be; false: refused. */
bool sim_has(struct sim_call *c, const char *name); /* does not count as read */
bool sim_get_str(struct sim_call *c, const char *name, bool must, str *ret);
bool sim_get_i64(struct sim_call *c, const char *name, bool must, int64_t lo, int64_t hi,
                 int64_t *ret);
bool sim_get_e8(struct sim_call *c, const char *name, bool must, int64_t *ret); /* > 0 or 0 */
bool sim_get_bool(struct sim_call *c, const char *name, bool *ret);
bool sim_get_time(struct sim_call *c, const char *name, usec *ret); /* ms or us -> us */
bool sim_get_sym(struct sim_call *c, bool must, int *ret);          /* symbol= */
/* symbol= or symbols=[...]: which of the symbols; *ret_count -1: none of both was sent. `ret` has
 * room for all. *ret_array: symbols= was sent, the answer is an array. */
bool sim_get_syms(struct sim_call *c, int *ret, int *ret_count, bool *ret_array);
/* All were read? -1104 (or -1101) else. Call it before anything is done. */
bool sim_params_done(struct sim_call *c);

/* -- JSON ----------------------------------------------------------------------------------- */

void sim_put_z(struct buf *b, const char *z);     /* as it is */
void sim_put_key(struct buf *b, const char *key); /* ,"key": ; no comma after { [ */
void sim_put_text(struct buf *b, const char *key, const char *text); /* "key":"text", no escapes */
void sim_put_amount(struct buf *b, const char *key, int64_t e8);     /* "key":"0.10000000" */
void sim_put_e8(struct buf *b, int64_t e8);                          /* 0.10000000 */
void sim_put_int(struct buf *b, const char *key, int64_t v);
void sim_put_bool(struct buf *b, const char *key, bool v);
void sim_put_time(const struct sim_call *c, const char *key, usec t); /* ms, or us by the header */

/* -- orders and lists (order_params.c, order_json.c) ------------------------------------------ */

/* What symbols allow; exchangeInfo tells the same. */
#define SIM_STP_DEFAULT SIM_STP_EXPIRE_MAKER
bool sim_stp_allowed(sim_stp s);

/* A leg of a list, or with prefix "" a single order: its type and all that goes with it, checked
 * for what the type needs and does not take. Params are named "price" or "workingPrice". pair: of
 * an OCO's legs, other types are refused. */
typedef enum sim_place { SIM_SINGLE, SIM_WORKING, SIM_PENDING, SIM_PAIR } sim_place;
bool sim_read_leg(struct sim_call *c, const char *prefix, sim_place place, struct match_leg *ret);
bool sim_read_side(struct sim_call *c, const char *name, order_side *ret);
bool sim_read_qty(struct sim_call *c, const char *name, bool must, qty *ret); /* not 0 */
bool sim_read_coid(struct sim_call *c, const char *name, str *ret);
typedef enum sim_resp { SIM_RESP_ACK, SIM_RESP_RESULT, SIM_RESP_FULL } sim_resp;
/* newOrderRespType and selfTradePreventionMode. *ret: the default. */
bool sim_read_manners(struct sim_call *c, sim_resp *ret);
/* Refuses as the engine does. */
bool sim_refuse_as(struct sim_call *c, const struct match_reject *rej);
/* What the call's fault does to the engine: call it before placing. */
void sim_fault_arm(struct sim_call *c, int sym);

/* May a lookup see it already? */
bool sim_order_seen(const struct sim_call *c, const struct sim_order *o);
bool sim_list_seen(const struct sim_call *c, const struct sim_list *l);

void sim_put_order(struct sim_call *c, const struct sim_order *o); /* as a lookup answers */
void sim_put_order_new(struct sim_call *c, const struct sim_order *o, sim_resp resp,
                       bool as_pending);
void sim_put_order_cancelled(struct sim_call *c, const struct sim_order *o,
                             const char *cancel_coid);
void sim_put_list(struct sim_call *c, const struct sim_list *l);
void sim_put_list_new(struct sim_call *c, const struct sim_list *l, sim_resp resp);
/* ended: which of its orders (by their place in order_ids) the cancel ended. */
void sim_put_list_cancelled(struct sim_call *c, const struct sim_list *l, const char *cancel_coid,
                            const bool *ended);

/* -- what the market side has (ticks.c, streams.c, user_data.c, ws_api.c) -------------------- */

MUST_CHECK bool sim_ticks_open(struct exchange *ex, struct error *err);
void sim_ticks_advance(struct exchange *ex, usec to); /* prices up to ex->now == to, one by one */
usec sim_ticks_next(const struct exchange *ex);
void sim_ticks_reset(struct exchange *ex);
/* PRICE_GAP: amount is a factor in 1e-8 on the price; exchange_price_set in the end. */
void sim_ticks_gap(struct exchange *ex, int sym, int64_t factor_e8);
void sim_ticks_set(struct exchange *ex, int sym, price p);
/* What the reference price of filters and rules is; false: none. */
bool sim_reference_price(const struct exchange *ex, int sym, price *ret);
void sim_ticks_save(struct exchange *ex, struct buf *out); /* a block of its own */
MUST_CHECK bool sim_ticks_load(struct exchange *ex, str block, struct error *err);

MUST_CHECK bool sim_streams_open(struct exchange *ex, struct error *err);
void sim_streams_close(struct exchange *ex);
void sim_streams_advance(struct exchange *ex, usec to);
usec sim_streams_next(const struct exchange *ex);
/* STREAM_CUT, STREAM_MUTE, SHUTDOWN at a moment. */
void sim_streams_fault(struct exchange *ex, const struct fault *f);
void sim_market_tick(struct exchange *ex, int sym); /* streams.c: a new price */

/* What became of the engine's events: the exchange shows each to the records first, then to the
 * user data streams; settled: that was all of them for now (outboundAccountPosition). */
void sim_user_event(struct exchange *ex, const struct match_event *e);
void sim_user_settled(struct exchange *ex);
void sim_user_reset(struct exchange *ex); /* the monthly reset */

/* -- handlers ------------------------------------------------------------------------------- */

/* clang-format off */
/* market_data.c */
#define SIM_MARKET_HANDLERS(X)                                                                     \
    X(sim_do_ping) X(sim_do_time) X(sim_do_exchange_info) X(sim_do_depth) X(sim_do_trades)         \
    X(sim_do_historical_trades) X(sim_do_agg_trades) X(sim_do_klines) X(sim_do_avg_price)          \
    X(sim_do_ticker_24hr) X(sim_do_ticker_trading_day) X(sim_do_ticker) X(sim_do_ticker_price)     \
    X(sim_do_ticker_book) X(sim_do_execution_rules) X(sim_do_reference_price)                      \
    X(sim_do_reference_price_calculation)
/* trade.c, lists.c, account.c */
#define SIM_TRADE_HANDLERS(X)                                                                      \
    X(sim_do_order_place) X(sim_do_order_test) X(sim_do_order_query) X(sim_do_order_cancel)        \
    X(sim_do_open_cancel) X(sim_do_open_orders) X(sim_do_cancel_replace) X(sim_do_amend)           \
    X(sim_do_all_orders) X(sim_do_my_trades) X(sim_do_list_oco) X(sim_do_list_oto)                 \
    X(sim_do_list_otoco) X(sim_do_list_opo) X(sim_do_list_opoco) X(sim_do_oco_old)                 \
    X(sim_do_list_cancel) X(sim_do_list_query) X(sim_do_list_all) X(sim_do_list_open)              \
    X(sim_do_account) X(sim_do_commission) X(sim_do_rate_limits) X(sim_do_my_filters)              \
    X(sim_do_prevented_matches) X(sim_do_allocations) X(sim_do_sor)
/* clang-format on */
#define X(name) void name(struct sim_call *c);
SIM_MARKET_HANDLERS(X)
SIM_TRADE_HANDLERS(X)
#undef X
/* exchangeInfo's rateLimits array, brackets included; also in WebSocket API answers. count: with
 * what is used ("count"). */
void sim_put_rate_limits(struct sim_call *c, uint32_t peer, bool count);

#endif
