/* match: the matching engine. One pure library with three users: the paper venue, the backtest and
 * `bullfinch sim`, so what fills, at which price and with which error is decided in one place.
 *
 * Several accounts trade against market prices (never against each other). No I/O, no clock (`now`
 * is a parameter), no memory after match_open (fixed capacities), no randomness: the same calls
 * give the same events, ids and bytes. Semantics, codes and texts are Binance Spot's; a margin
 * account adds shorts and leverage and takes its commission in the quote asset, as on USD-M.
 *
 * What happens is told by events in a queue: drain it after each call (match_next_event). The
 * queue holds whatever one call can cause on top of what an undrained call left, twice over; a
 * caller that never drains it ends in an assert, not in a lost event.
 *
 * Prices come as quotes (ticks, a candle's open), candles (the range, at its close) or books. The
 * rules by which an order meets them are told at the head of fill.c. */
#ifndef BF_MATCH_MATCH_H
#define BF_MATCH_MATCH_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "flow/order.h"
#include "flow/quote.h"
#include "flow/symbol.h"

/* Binance's order statuses, by Binance's names. */
#define MATCH_STATUS_MAP(X)                                                                        \
    X(NEW) X(PENDING_NEW) X(PARTIALLY_FILLED) X(FILLED) X(CANCELED) X(REJECTED) X(EXPIRED)
typedef enum match_status {
#define X(name) MATCH_##name,
    MATCH_STATUS_MAP(X)
#undef X
} match_status;

/* Why an order expired, by Binance's names (expiryReason). */
#define MATCH_REASON_MAP(X)                                                                        \
    X(NONE)                                                                                        \
    X(REJECTED) /* could not become active, or not be paid for when it met its price */            \
    X(EXCHANGE_CANCELED)                                                                           \
    X(OCO_TRIGGER)                                                                                 \
    X(OTO_PHASE_ONE_EXPIRED)                                                                       \
    X(UNFILLED_IOC_QUANTITY_EXPIRED)                                                               \
    X(UNFILLED_FOK_ORDER_EXPIRED) X(INSUFFICIENT_LIQUIDITY) X(EXECUTION_RULE_PRICE_RANGE_EXCEEDED)
typedef enum match_reason {
#define X(name) MATCH_REASON_##name,
    MATCH_REASON_MAP(X)
#undef X
} match_reason;

#define MATCH_LIST_MAP(X) X(OCO) X(OTO) X(OTOCO) X(OPO) X(OPOCO)
typedef enum match_list_kind {
#define X(name) MATCH_##name,
    MATCH_LIST_MAP(X)
#undef X
} match_list_kind;

const char *match_status_name(match_status s);       /* "PENDING_NEW" */
const char *match_reason_name(match_reason r);       /* "OCO_TRIGGER" */
const char *match_list_kind_name(match_list_kind k); /* "OTOCO" */

#define MATCH_NO_LIST INT64_C(-1)
#define MATCH_LEGS_MAX 3

struct match; /* the engine; lives in the arena it was opened in */

struct match_options {
    int accounts_max;
    int orders_max;        /* live at a time, all accounts */
    int history_max;       /* terminal orders that can still be asked for; the oldest go first */
    int depth_max;         /* levels a side that match_book keeps; 0: no books */
    int64_t spread_e8;     /* bid to ask where a price comes without them, share in 1e-8 */
    int64_t slippage_e8;   /* market and triggered stop orders fill this share worse */
    int64_t volume_cap_e8; /* share of a candle's volume that all our orders may take; 0: no cap */
    usec latency;          /* from placing to arriving */
    bool price_stands;     /* the last price holds until the next (ticks), or not (candles) */
    /* What an exchange does and paper trading leaves out. mean_mins: the reference price is the
     * mean of what was seen in a symbol's avg_price_mins, at most so many (0: the last price).
     * status_binds: a symbol that is not TRADING stands still, and lets orders be cancelled only
     * in CANCEL_ONLY. */
    int mean_mins;
    bool status_binds;
    uint64_t id_seed; /* of the ids that it gives to what comes without one */
};

/* 22 letters and digits, as an exchange makes up for what has no id of its own: the same each time
 * for the same seed, kind and number, and never the same for two. */
typedef enum match_made {
    MATCH_MADE_ORDER,
    MATCH_MADE_LIST,
    MATCH_MADE_CANCEL,
    MATCH_MADE_AMEND,
    MATCH_MADE_KINDS
} match_made;
void match_made_id(uint64_t seed, match_made kind, int64_t n, char ret[COID_BYTES]);

/* symbols: borrowed for ever; filters, status and what is allowed may change between calls, names
 * and assets may not. Errors: ERR_RANGE on options that make no sense. */
MUST_CHECK bool match_open(struct arena *boot, const struct symbols *symbols,
                           const struct match_options *opt, struct match **ret, struct error *err);

struct match_account {
    bool margin;          /* may sell what it does not hold and owe quote */
    int64_t leverage;     /* margin: exposure up to this many times equity, >= 1 */
    int64_t maker_fee_e8; /* share in 1e-8 */
    int64_t taker_fee_e8;
    char settle[16]; /* margin: the quote asset it trades against; other symbols are refused */
};
/* Returns the account's index, counted from 0. PRE: fewer than accounts_max. */
int match_account_open(struct match *m, const struct match_account *a);

/* Puts `e8` units of 1e-8 (negative: takes) on the free balance. False: no such asset, out of
 * range, or a spot balance would fall below zero. */
MUST_CHECK bool match_deposit(struct match *m, int account, str asset, int64_t e8);
int match_asset_count(const struct match *m);
const char *match_asset_name(const struct match *m, int asset);
struct match_balance {
    int64_t free_e8, locked_e8;
};
struct match_balance match_balance(const struct match *m, int account, int asset);
struct match_balance match_balance_of(const struct match *m, int account, str asset); /* or 0 */

/* -- asking for orders --------------------------------------------------------------------- */

/* A refusal as the exchange words it: {"code": -1013, "msg": "Filter failure: LOT_SIZE"}. */
struct match_reject {
    int code;
    char text[120];
};

/* What only an exchange with clients of all kinds knows; zero: not sent. */
struct match_extra {
    qty iceberg;         /* visible part; GTC only */
    int64_t trailing_bp; /* trailingDelta of a stop, basis points */
    int64_t strategy_id, strategy_type;
};

/* A new order. Zero amounts are "not sent". */
struct match_new {
    int account;
    int sym;
    order_side side;
    order_type type;
    tif tif;
    qty qty;
    money quote_qty; /* MARKET: quoteOrderQty instead of qty */
    price limit;
    price stop;
    struct match_extra extra;
    str coid; /* borrowed; empty: the engine makes one */
    /* Margin accounts, as on USD-M: takes no more than closes the position, and is then exempt from
     * the least quantity and notional, so that no debt is left because it is small. -2022 else. */
    bool reduce_only;
};

struct match_leg {
    order_type type;
    tif tif;
    price limit;
    price stop;
    struct match_extra extra;
    str coid;
};

/* A new order list. OCO: side, qty, above, below. OTO, OPO: working and one pending leg in
 * `pending`. OTOCO, OPOCO: working and the pending pair above, below. OPO and OPOCO: no
 * pending_qty, the sell legs take what the buy brought. */
struct match_new_list {
    match_list_kind kind;
    int account;
    int sym;
    str coid;
    order_side side; /* of the working order, of an OCO */
    qty qty;         /* same */
    struct match_leg working;
    order_side pending_side;
    qty pending_qty;
    struct match_leg pending;
    struct match_leg above, below;
};

/* Names an order, or a list: by id, else (id 0) by client id, the newest that carries it. */
struct match_ref {
    int account;
    int sym; /* SYM_NONE: any */
    int64_t id;
    str coid;
};

/* All of these: false means refused and nothing changed; *ret_x only on success. `now` may not be
 * earlier than the last call's; an earlier one counts as that. */
MUST_CHECK bool match_place(struct match *m, usec now, const struct match_new *n, int64_t *ret_id,
                            struct match_reject *rej);
MUST_CHECK bool match_place_list(struct match *m, usec now, const struct match_new_list *n,
                                 int64_t *ret_list_id, struct match_reject *rej);
/* Would match_place take it, funds aside? (POST /v3/order/test) */
MUST_CHECK bool match_test(const struct match *m, const struct match_new *n,
                           struct match_reject *rej);
/* The same where `gone` is cancelled first: the counts are as they are, its client id is free. */
MUST_CHECK bool match_test_instead(const struct match *m, const struct match_new *n,
                                   const struct match_ref *gone, struct match_reject *rej);

/* Cancels an order; an order of a list takes the whole list with it. -2011 when it is not live. */
MUST_CHECK bool match_cancel(struct match *m, usec now, const struct match_ref *ref,
                             struct match_reject *rej);
MUST_CHECK bool match_cancel_list(struct match *m, usec now, const struct match_ref *ref,
                                  struct match_reject *rej);
/* All of the account's live orders on the symbol; returns how many were cancelled or expired. */
int match_cancel_all(struct match *m, usec now, int account, int sym);

/* Cancel, then place. The new order's filters are checked before the cancel. */
typedef enum match_attempt { MATCH_NOT_ATTEMPTED, MATCH_FAILURE, MATCH_SUCCESS } match_attempt;
struct match_replace {
    struct match_ref cancel;
    bool allow_failure; /* ALLOW_FAILURE: place also when the cancel failed; else STOP_ON_FAILURE */
    struct match_new order;
};
struct match_replaced {
    match_attempt cancel, place;
    int64_t order_id;                          /* when placed */
    struct match_reject cancel_rej, place_rej; /* where FAILURE */
};
/* True when both went well; *ret is always written. */
bool match_replace(struct match *m, usec now, const struct match_replace *r,
                   struct match_replaced *ret);

/* Reduces the quantity and keeps the place in the queue. Both legs of an OCO change. */
MUST_CHECK bool match_amend(struct match *m, usec now, const struct match_ref *ref, qty new_qty,
                            struct match_reject *rej);
/* The same, and the order is called `coid` from then on (borrowed; empty: as before). */
MUST_CHECK bool match_amend_as(struct match *m, usec now, const struct match_ref *ref, qty new_qty,
                               str coid, struct match_reject *rej);

/* -- asking about orders ------------------------------------------------------------------- */

struct match_order {
    int64_t id;
    int64_t list_id; /* MATCH_NO_LIST if none */
    int account;
    int sym;
    char coid[COID_BYTES];
    order_side side;
    order_type type;
    tif tif;
    qty qty;         /* 0 while the entry's fill has not decided it (OPO), or by quote_qty */
    money quote_qty; /* quoteOrderQty */
    price limit;
    price stop; /* as asked for; of a trailing stop: the price that arms it, 0: armed at once */
    struct match_extra extra;
    usec trailing_at; /* when a trailing stop was armed; 0: not yet */
    price trailing;   /* armed: the price that fires it now; it follows the best price */
    int32_t amends;   /* how often it was reduced */
    match_status status;
    match_reason reason;
    bool triggered;     /* a stop that fired */
    qty filled;         /* cumulative */
    money quote_filled; /* cumulative: what the fills cost or brought, before fees */
    usec created_at, updated_at;
    usec working_at; /* -1 while PENDING_NEW */
};

struct match_list {
    int64_t id;
    match_list_kind kind;
    int account;
    int sym;
    char coid[COID_BYTES];
    bool done; /* ALL_DONE, else EXECUTING */
    usec created_at, updated_at;
    int order_count;
    int64_t order_ids[MATCH_LEGS_MAX]; /* working first, then the stop leg, then the other */
};

bool match_is_live(match_status s);
/* NULL if there is none (any more); borrowed until the next call that changes the engine. */
const struct match_order *match_find(const struct match *m, const struct match_ref *ref);
const struct match_list *match_find_list(const struct match *m, const struct match_ref *ref);
/* Walk the account's live orders (sym SYM_NONE: all symbols, symbol by symbol), each symbol's in
 * the order of their ids: NULL starts, NULL ends. Do not change the engine in between. */
const struct match_order *match_next_open(const struct match *m, int account, int sym,
                                          const struct match_order *after);
/* The last price seen; false when there was none. */
MUST_CHECK bool match_last_price(const struct match *m, int sym, struct quote *ret);
/* What filters and the PRICE_RANGE rule measure by (options: mean_mins); false: no price yet. */
MUST_CHECK bool match_reference_price(const struct match *m, int sym, price *ret);
/* The mean over `mins` minutes, as far as they are kept; with mean_mins 0 the last price. */
MUST_CHECK bool match_mean_price(const struct match *m, int sym, int mins, price *ret);
usec match_now(const struct match *m);

/* -- prices -------------------------------------------------------------------------------- */

/* bid == ask: both are made from last and the spread. interval > 0: opens a candle. A quote older
 * than the last price of its symbol is ignored. PRE: prices > 0, bid <= ask. */
void match_quote(struct match *m, usec now, const struct quote *q);
/* At its close. If its open was not given as a quote before, it is taken from the candle now.
 * PRE: 0 < low <= open, close <= high; open_at < close_at. */
void match_candle(struct match *m, usec now, const struct candle *c);

struct match_level {
    price price;
    qty qty;
};
struct match_book {
    int sym;
    usec at;
    price last;                     /* the last trade; 0: the best bid */
    const struct match_level *bids; /* best first, strictly falling */
    const struct match_level *asks; /* best first, strictly rising */
    int bid_count, ask_count;       /* what is beyond depth_max is dropped */
};
/* Levels that our orders eat are gone until the next book. PRE: both sides have a level. */
void match_book(struct match *m, usec now, const struct match_book *b);
/* Time passes without a price: orders under way arrive (price_stands with latency). */
void match_advance(struct match *m, usec now);

/* -- what happened ------------------------------------------------------------------------- */

typedef enum match_event_kind {
    MATCH_EV_NONE,
    MATCH_EV_NEW,      /* accepted: status NEW or PENDING_NEW */
    MATCH_EV_ACTIVE,   /* a pending leg became NEW, or a stop fired (triggered) */
    MATCH_EV_TRADE,    /* an execution */
    MATCH_EV_CANCELED, /* on request */
    MATCH_EV_EXPIRED,  /* by the rules: reason */
    MATCH_EV_AMENDED,
    MATCH_EV_STATUS,    /* nothing happened: match_restate */
    MATCH_EV_LIST_NEW,  /* a list was accepted: list_id alone */
    MATCH_EV_LIST_DONE, /* none of its orders is live any more */
    MATCH_EV_COUNT
} match_event_kind;

struct match_event {
    match_event_kind kind;
    usec at;
    struct match_order order; /* as it stood after the event; LIST_*: only account, sym, list_id */
    /* TRADE */
    int64_t trade_id;
    qty fill_qty;
    price fill_price;
    money fill_quote; /* price x qty: a cost rounded up, proceeds rounded down, before the fee */
    int64_t fee_e8;   /* in base if fee_in_base, else in quote */
    bool fee_in_base;
    bool maker;
};

MUST_CHECK bool match_next_event(struct match *m, struct match_event *ret); /* false: none */
int match_event_count(const struct match *m);
const struct match_event *match_event_at(const struct match *m, int idx); /* 0: the oldest */
/* Forgets events [from, to) of the queue; the rest keeps its order. */
void match_event_drop(struct match *m, int from, int to);
/* Puts one MATCH_EV_STATUS event for each live order of the account into the queue. */
void match_restate(struct match *m, int account);

/* -- what may go wrong, for a plan of faults ------------------------------------------------ */

/* Questions about the exchange that no source settles; all false is what the engine does anyway.
 * Not part of a snapshot: set it again before or after match_load. */
struct match_rules {
    bool locks_pending_funds; /* OTO, OTOCO: pending legs lock what they need when placed */
    bool ended_lists_count;   /* MAX_NUM_ORDER_LISTS counts all lists of this UTC day */
    bool
        filters_bind_triggered; /* MARKET_LOT_SIZE, NOTIONAL: a stop that fires and fails expires */
    bool partial_keeps_stop;    /* part of an OCO's LIMIT_MAKER only reduces the stop beside it */
};
void match_rules_set(struct match *m, const struct match_rules *rules);

/* Each of these is for the next time only, and part of a snapshot.
 * The account's pending legs that become active next are refused: EXPIRED, reason REJECTED. */
void match_refuse_legs(struct match *m, int account);
/* The next order that takes on the symbol (a MARKET, a limit that crosses, a stop that fires) finds
 * share_e8 (0..1e8) of what it wants, down to the step. The rest: as if the book were empty, or by
 * the price range: EXPIRED, EXECUTION_RULE_PRICE_RANGE_EXCEEDED. */
void match_thin_next(struct match *m, int sym, int64_t share_e8, bool by_price_range);

/* -- state --------------------------------------------------------------------------------- */

/* Balances against deposits, fills and fees; locks against open orders; links. O(everything): for
 * tests and doubtful moments. match_fault: what is wrong, NULL if nothing; match_check asserts. */
const char *match_fault(const struct match *m);
void match_check(const struct match *m);

/* The whole state, undrained events included: versioned, checksummed, little endian, symbols and
 * assets by name. Options, rules and accounts' terms are not in it: they come from the
 * configuration. match_load reads the version before this one, too. */
void match_save(struct match *m, struct buf *out);
/* Replaces the state. PRE-opened with as many accounts of the same kinds as were saved. Errors:
 * ERR_DAMAGED, ERR_STATE (other symbols, accounts or capacities); the engine is then empty (no
 * orders, no balances) and must not be traded on. */
MUST_CHECK bool match_load(struct match *m, str blob, struct error *err);

#endif
