/* match_int: what the engine's files share. See match.h for the contract, and the head of each file
 * for what it decides: pool.c (slots, indexes, events), wallet.c (balances, locks, margin),
 * filter.c (what is refused at the door), place.c and list.c (requests), fill.c (executions),
 * prices.c (quotes, candles, books), trail.c (stops that follow the price), snapshot.c, audit.c. */
#ifndef BF_MATCH_MATCH_INT_H
#define BF_MATCH_MATCH_INT_H

#include "match/match.h"

#define NO_SLOT (-1)

/* An order with what only the engine needs. Slots are reused: `live` orders hang in their symbol's
 * chain, terminal ones in the history until they are evicted, the rest in the free chain. */
struct slot {
    struct match_order o;
    bool used;
    bool live;
    bool met;        /* has seen a price since it arrived: from then on it rests */
    bool under_way;  /* has not arrived yet (latency, and prices stand) */
    usec active_at;  /* when it arrived, became active or fired; earlier prices are not for it */
    price lock_px;   /* BUY: price at which the quote is locked */
    int64_t lock_e8; /* what it keeps locked; 0 for a leg of a pair: see list_slot */
    qty base_fee;    /* what its fills paid in base */
    int list;        /* slot of its list, NO_SLOT */
    int sym_prev, sym_next;
    int id_next, coid_next; /* chains of the two indexes */
    int age_next;           /* history: the next younger; free chain */
};

struct list_slot {
    struct match_list l;
    bool used;
    int refs; /* members whose slots exist; at 0 the list is forgotten */
    int live; /* live members */
    order_side pending_side;
    qty pending_qty;
    int working;     /* slot, NO_SLOT for an OCO */
    int pending[2];  /* slots of the contingent legs (the pair of an OCO): stop leg, other leg */
    int64_t lock_e8; /* locked once for the pair */
    int id_next, coid_next; /* chains; free chain uses id_next */
};

struct index {
    int *heads; /* by hash & mask, NO_SLOT if empty */
    uint64_t mask;
};

/* The prices of one minute, for the reference price. */
__extension__ typedef __int128 wide;
struct mean_bin {
    int64_t minute; /* since 1970 */
    int64_t count;
    wide sum_e8;
};

/* What the engine knows of a symbol: its price, its liquidity, its live orders. */
struct sym_state {
    int base, quote; /* assets; fixed at open */
    bool has_price;
    bool opens_candle; /* the price is a candle's open */
    bool capped;       /* at most `cap` may be taken until the next price that says otherwise */
    bool prev_known;   /* `prev` is the volume of the last closed candle */
    price last, bid, ask;
    usec price_at;
    usec candle_at; /* open time of the candle whose open was last seen; -1: none */
    usec closed_at; /* close time of the last candle; -1: none */
    volume prev;
    qty cap, taken;
    int bid_count, ask_count; /* levels of the book; 0, 0: the touch holds any quantity */
    struct match_level *bids, *asks;
    int first, last_slot;  /* live orders, by id */
    struct mean_bin *bins; /* a ring of opt.mean_mins, one for each minute that had a price */
    int bin_last, bin_count;
    /* for the next taker: match_thin_next */
    bool thin, thin_by_range;
    int64_t thin_share_e8;
};

/* An account's live orders on a symbol, counted as they come and go. */
struct tally {
    int orders, algos, icebergs, lists;
    int64_t day; /* UTC, of `ended` */
    int ended;   /* lists that ended on that day: for rules.ended_lists_count */
};

struct balance {
    int64_t free_e8, locked_e8;
    int64_t start_e8; /* deposits */
    uint64_t flow_e8; /* what fills and fees brought, modulo 2^64 */
};

struct account {
    struct match_account terms;
    int settle;       /* asset; NO_SLOT if not listed */
    bool refuse_legs; /* match_refuse_legs */
};

struct match {
    const struct symbols *symbols;
    struct match_options opt;
    struct match_rules rules;
    usec now;
    bool ranging;  /* inside a candle's range: no price is current until its close */
    price fill_px; /* of the last fill: the price a leg that it activates starts from */
    int64_t next_order_id, next_list_id, next_trade_id;

    int asset_count;
    char (*assets)[16];
    struct sym_state *syms;
    int account_count;
    struct account *accounts;
    struct balance *balances; /* accounts_max x asset_count */
    struct tally *tallies;    /* accounts_max x symbols */

    int slot_count;
    struct slot *slots;
    int free_slot, live_count;
    int old_first, old_last, old_count; /* history, oldest first */
    struct index by_id, by_coid;
    int list_count;
    struct list_slot *lists;
    int free_list;
    struct index list_by_id, list_by_coid;
    int waiting;  /* live orders that have not arrived yet (latency) */
    int *scratch; /* slot_count: the orders that one price is shown to */

    struct match_event *events;
    int event_cap, event_first, event_count;
};

/* -- pool.c -------------------------------------------------------------------------------- */

/* Makes room and a zeroed order with the next id, linked everywhere. PRE: pool_has_room. */
bool pool_has_room(const struct match *m, int orders);
int pool_take(struct match *m, const struct match_order *o);
/* The same with an id that is given, for a snapshot: ids must come in ascending order. */
int pool_put(struct match *m, const struct match_order *o);
void pool_retire(struct match *m, int slot); /* live -> history */
void pool_rename(struct match *m, int slot, str coid);
void pool_list_end(struct match *m, int list); /* its last live order is gone */
struct tally *tally_get(struct match *m, int account, int sym);
const struct tally *tally_peek(const struct match *m, int account, int sym);
void pool_history_put(struct match *m, int slot);
int pool_list_take(struct match *m, const struct match_list *l); /* links it by id and coid */
void pool_list_join(struct match *m, int list, int slot);
void pool_clear(struct match *m);
int pool_find(const struct match *m, const struct match_ref *ref);
int pool_find_live_coid(const struct match *m, int account, str coid);
int pool_find_list(const struct match *m, const struct match_ref *ref);
int pool_find_live_list_coid(const struct match *m, int account, str coid);
/* The symbol's live slots by id into m->scratch; returns their number. */
int pool_gather(struct match *m, int sym);

void event_put(struct match *m, match_event_kind kind, const struct slot *s);
void event_put_list(struct match *m, match_event_kind kind, const struct list_slot *l);
void event_put_trade(struct match *m, const struct match_event *e);
int event_room(const struct match *m);
int event_worst(const struct match *m); /* the most events that one call can cause */

/* -- wallet.c ------------------------------------------------------------------------------ */

int asset_find(const struct match *m, str name); /* NO_SLOT if none */
struct balance *wallet_get(struct match *m, int account, int asset);
const struct balance *wallet_peek(const struct match *m, int account, int asset);
qty slot_left(const struct slot *s); /* qty - filled; 0 by quote_qty */
int lock_asset(const struct match *m, const struct slot *s);
/* Brings the lock of s (or of its pair) to what is still needed; on spot never beyond what is
 * free, and to nothing where the sum would leave the range. */
void lock_update(struct match *m, struct slot *s);
void lock_release(struct match *m, struct slot *s); /* to nothing, until lock_update */
/* Whether free funds (spot) or equity (margin) allow what the order would lock or take. */
bool funds_allow(const struct match *m, const struct slot *s);
/* Margin: do equity and leverage allow all open orders and positions, with s, or does s only
 * reduce? Spot: true. */
bool margin_allows(const struct match *m, const struct slot *s);
/* How much of `want` s can pay for at px, down to the step. */
qty affordable(const struct match *m, const struct slot *s, price px, qty want);
/* Books a fill. False: a balance would leave its range; nothing changed. */
struct fill_amounts {
    qty qty;
    money quote;
    int64_t fee_e8;
    bool fee_in_base;
};
bool wallet_book(struct match *m, const struct slot *s, const struct fill_amounts *f);

/* -- filter.c ------------------------------------------------------------------------------ */

bool reject(struct match_reject *rej, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);
bool type_is_stop(order_type t);   /* STOP_LOSS*, TAKE_PROFIT* */
bool type_is_market(order_type t); /* MARKET, STOP_LOSS, TAKE_PROFIT: no limit */
bool type_is_loss(order_type t);   /* STOP_LOSS, STOP_LOSS_LIMIT */
/* Has `last` reached the trigger? */
bool stop_fires(const struct match_order *o, price last);
bool coid_check(const char *param, str coid, struct match_reject *rej);
/* Parameters, type, price and lot filters. no_qty: its quantity is not known yet (OPO). */
bool order_check(const struct match *m, const struct match_new *n, bool no_qty,
                 struct match_reject *rej);
/* No live order has its client id; but for `gone` (a slot, NO_SLOT: none) and its list. */
bool coid_free(const struct match *m, const struct match_new *n, int gone,
               struct match_reject *rej);
/* LOT_SIZE and NOTIONAL alone. */
bool size_check(const struct match *m, const struct match_new *n, struct match_reject *rej);
/* MAX_NUM_*: may `orders` more, `algos` of them stops, and `lists` more stand on the symbol? */
struct counts {
    int orders, algos, icebergs, lists;
};
void counts_add(struct counts *c, const struct match_new *n);
bool counts_check(const struct match *m, int account, int sym, struct counts more,
                  struct match_reject *rej);
bool symbol_check(const struct match *m, int account, int sym, struct match_reject *rej);
/* With opt.status_binds: does it stand still; may its orders be cancelled? */
bool symbol_still(const struct match *m, int sym);
bool cancel_allowed(const struct match *m, int sym, struct match_reject *rej);
/* MAX_POSITION: what the account holds and has ordered, and `more`. */
bool position_check(const struct match *m, int account, int sym, qty more,
                    struct match_reject *rej);
/* Would it fire, or a LIMIT_MAKER take, at the price known now? */
bool entry_price_check(const struct match *m, const struct match_order *o, price last,
                       struct match_reject *rej);

/* -- trail.c ------------------------------------------------------------------------------- */

bool type_is_trailing(const struct match_order *o); /* PRE: a stop */
/* The price that fires it: the stop price, or where a trailing stop stands; 0: not armed. */
price trigger_of(const struct match_order *o);
/* Shows it the last price, or a candle's range: arms it, lets it follow. True: it fires. */
bool trail_fires(const struct match *m, struct match_order *o, price last);
bool trail_fires_within(const struct match *m, struct match_order *o, const struct candle *c);

/* -- fill.c -------------------------------------------------------------------------------- */

bool price_current(const struct match *m, const struct slot *s);
void meet(struct match *m, int slot); /* shows the symbol's price to a live, arrived order */
void meet_losses(struct match *m, int slot, const struct candle *c);
void meet_range(struct match *m, int slot, const struct candle *c);
price touch_price(const struct match *m, const struct sym_state *st, order_side side, bool market);
/* Makes a live order terminal, with all that follows from it for its list. */
void finish(struct match *m, int slot, match_status status, match_reason reason);

/* -- list.c -------------------------------------------------------------------------------- */

bool leg_of_pair(const struct match *m, const struct slot *s); /* shares its lock */
void list_on_trigger(struct match *m, int slot);               /* one leg fired or traded */
void list_on_finish(struct match *m, int slot);
void list_reduce(struct match *m, int slot,
                 qty by); /* the leg beside it, rules.partial_keeps_stop */
void list_cancel(struct match *m, int list, int first);

/* -- place.c ------------------------------------------------------------------------------- */

bool reject_funds(const struct match *m, int account, struct match_reject *rej);
struct match_order new_order(const struct match *m, const struct match_new *n); /* no id yet */
price lock_price(const struct match *m, const struct match_new *n); /* 0: not known yet */
void slot_start(struct match *m, int slot); /* met at once if a price is current */
void match_tick(struct match *m, usec now); /* time moves, orders under way arrive */

/* -- prices.c ------------------------------------------------------------------------------ */

void mean_note(struct match *m, struct sym_state *st, usec at, price p);

static inline const struct symbol *sym_of(const struct match *m, int sym) {
    PRE(sym >= 0 && sym < m->symbols->count);
    return &m->symbols->v[sym];
}

#endif
