/* exchange: an exchange in memory that answers as Binance Spot does, as a pure library.
 *
 * Time is a parameter, bytes go in and come out; no sockets, no threads, no clock. `bullfinch sim`
 * puts it behind a port (server.c); the trader's tests in virtual time call it directly. Same
 * options, seed, calls and times: same answers, prices and faults, byte for byte.
 *
 * facts that it keeps to: Binance's Spot API documentation (testnet edition) of 2026-07. */
#ifndef BF_SIM_EXCHANGE_H
#define BF_SIM_EXCHANGE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "flow/quote.h"
#include "flow/symbol.h"
#include "match/match.h"

#define SIM_ACCOUNTS_MAX 64

struct exchange;
struct faults; /* sim/faults.h */
struct fault;

struct sim_account {
    str key, secret;
    /* Balances to begin with; none: a quantity of every asset, as the test network hands out. */
    const struct sim_deposit {
        str asset;
        int64_t amount_e8;
    } * deposits;
    int deposit_count;
};

struct exchange_options {
    const struct symbols *symbols; /* copied: a fault may change filters */
    const struct sim_account *accounts;
    int account_count;
    uint64_t seed;
    /* The next candle in the order of time, false when used up: then prices stand still; NULL: a
     * seeded random walk. */
    bool (*next_candle)(void *ctx, struct candle *ret);
    void *candle_ctx;
    bool walk_on; /* with candles, too: symbols without them walk, and all do when they are over */
    const price *prices;           /* by symbol, where a walk begins; NULL, 0: one that suits */
    int64_t speed_e8;              /* of the prices: 60e8 plays an hour of candles in a minute */
    usec candle_history;           /* of the first candles: over before the start; else 0 */
    int history_days;              /* klines drawn at random before all that; 0: none */
    int64_t fee_e8;                /* commission; the test network charges none by default */
    int64_t weight_limit;          /* a minute; 0: 6000 */
    int64_t orders_10s, orders_1d; /* unfilled orders; 0: 100 and 200000 */
    int orders_max;                /* live at a time, all accounts; 0: 4096 */
    struct faults *faults;         /* borrowed; NULL: none */
    usec start;                    /* server time at the beginning */
};
MUST_CHECK bool exchange_open(struct arena *boot, const struct exchange_options *opt,
                              struct exchange **ret, struct error *err);
void exchange_close(struct exchange *ex); /* NULL is fine */

/* Time goes on to `now`: prices, triggers, what faults put off, messages of the streams. Every
 * other call does that first. now: never back. */
void exchange_advance(struct exchange *ex, usec now);
/* When something will happen by itself; USEC_NEVER. */
usec exchange_next(const struct exchange *ex);

/* --- requests ------------------------------------------------------------------------------ */

/* As it stood on the wire; all borrowed during the call. */
struct sim_request {
    str method;        /* "POST" */
    str path;          /* raw, without the query: "/api/v3/order" */
    str query;         /* raw, without '?' */
    str body;          /* raw */
    str api_key;       /* header X-MBX-APIKEY; "" none */
    str time_unit;     /* header X-MBX-TIME-UNIT; "" none */
    str fault;         /* header X-Sim-Fault, loopback only; "" none */
    str authorization; /* header Authorization; "" none */
    uint32_t peer;     /* whose weight it is: one number a client address */
};

/* How the answer's bytes reach the client. */
typedef enum sim_delivery {
    SIM_WHOLE,
    SIM_CLOSE,    /* the connection is closed without a byte */
    SIM_RESET,    /* reset in the middle of the headers */
    SIM_TRUNCATE, /* the body is cut in half, then closed */
    SIM_TRICKLE,  /* a byte at a time until the client gives up */
    SIM_SILENCE   /* nothing, and the connection stays */
} sim_delivery;

struct sim_answer {
    int status;
    bool html;        /* else application/json */
    struct buf *body; /* given by the caller, cleared first */
    usec delay;       /* before the first byte */
    sim_delivery delivery;
    int64_t retry_after_s;                          /* -1: no such header */
    int64_t used_weight, orders_10s, orders_1d;     /* headers; -1: none */
    int64_t rate_limit, rate_remaining, rate_reset; /* x-rate-limit-*; -1: none */
    int stream; /* >= 0: a streamed answer, the face's number of it; -1: none (face.h) */
};
/* Of an initializer: an answer that has none of the headers, and ends. */
#define SIM_NO_HEADERS                                                                             \
    .retry_after_s = -1, .used_weight = -1, .orders_10s = -1, .orders_1d = -1, .rate_limit = -1,   \
    .rate_remaining = -1, .rate_reset = -1, .stream = -1
/* One REST request. ret->body is the caller's. */
void exchange_rest(struct exchange *ex, usec now, const struct sim_request *rq,
                   struct sim_answer *ret);

/* --- WebSocket connections ----------------------------------------------------------------- */

/* path: "/ws/btcusdt@bookTicker", "/stream?streams=...", "/ws-api/v3", raw with its query. Returns
 * the connection's number, -1 where there is no such path (404), -2 where there is no room (429).
 */
int exchange_ws_open(struct exchange *ex, usec now, str path, uint32_t peer);
/* A text message from the client. */
void exchange_ws_message(struct exchange *ex, usec now, int conn, str text);
/* The client answered a ping, or pinged (which the server answers): both count as messages. */
void exchange_ws_pong(struct exchange *ex, usec now, int conn, str payload);
void exchange_ws_ping(struct exchange *ex, usec now, int conn);

typedef enum sim_frame { SIM_NOTHING, SIM_TEXT, SIM_PING, SIM_SHUT } sim_frame;
/* The next frame for the client. SIM_SHUT: close it (code in *ret_code; 0: without a word, as a
 * broken line), the number is free then. */
sim_frame exchange_ws_next(struct exchange *ex, usec now, int conn, struct buf *out, int *ret_code);
void exchange_ws_close(struct exchange *ex, usec now, int conn); /* the client went */
/* A connection that has frames waiting; -1: none. For a server's loop. */
int exchange_ws_ready(struct exchange *ex);

/* --- for its owner ------------------------------------------------------------------------- */

/* The monthly reset: orders, trades and balances as at the beginning, ids from 1, keys stay. */
void exchange_reset(struct exchange *ex, usec now);
/* What can befall the exchange at one moment, now (fault_parse_moment). */
void exchange_fault(struct exchange *ex, usec now, const struct fault *f);
/* Server time is `by` ahead of `now` from now on (negative: behind). */
void exchange_clock_set(struct exchange *ex, usec by);
/* Moves a symbol's price at once; for tests. */
void exchange_price_set(struct exchange *ex, usec now, int sym, price p);
/* The whole state, versioned and checksummed; options are not in it. */
void exchange_save(struct exchange *ex, struct buf *out);
MUST_CHECK bool exchange_load(struct exchange *ex, str blob, struct error *err);

/* The truth, for tests that compare: orders of an account by client id prefix, terminal ones too.
 */
const struct match *exchange_match(const struct exchange *ex);
struct sim_trade {
    int64_t id, order_id;
    int account, sym;
    order_side side;
    qty qty;
    price price;
    money quote;
    int64_t fee_e8;
    bool fee_in_base, maker;
    usec at;
};
int64_t exchange_trade_count(const struct exchange *ex, int account);
const struct sim_trade *exchange_trade(const struct exchange *ex, int account, int64_t idx);
/* Every order that was ever accepted, as it stands now: for counting duplicates by client id. */
int64_t exchange_order_count(const struct exchange *ex, int account);
const struct match_order *exchange_order(const struct exchange *ex, int account, int64_t idx);

#endif
