/* The trader: judge, risk, trade and wallet as one step function over events.
 *
 * trader_step takes one event and writes down actions; it asks no clock, does no I/O, takes no
 * memory. One thread per account. State is rows: trader_load puts back what the store holds. */
#ifndef BF_FLOW_TRADER_H
#define BF_FLOW_TRADER_H

#include "base/arena.h"
#include "base/error.h"
#include "flow/event.h"
#include "flow/symbol.h"

struct config;
struct trader;

/* What the venue can do and costs, for risk. */
struct venue_traits {
    bool can_short;
    int64_t fee_e8;      /* commission, share of the notional in 1e-8 */
    int64_t spread_e8;   /* expected spread, share of the price */
    int64_t slippage_e8; /* expected slippage of a market order */
    usec recv_window;
    bool fee_from_received; /* a buy's fee is taken from the base received */
    usec absence_after; /* how long after T "no such order" is no proof yet; 0: at once (paper) */
    bool sells_blind; /* fills a market order whether we saw a price or not: exits wait for none */
    bool snapshots;   /* REQUEST_SNAPSHOT brings a picture of the account; the balance is its */
    bool ticks; /* prices come as they are made: each symbol's first may still be on its way */
};

/* Rows of a store, to start from. Arrays are borrowed during the call. */
struct trader_rows {
    bool fresh; /* nothing stored yet: account and control are made from the configuration */
    struct account account;
    struct control control;
    const struct trade *trades;
    int trade_count; /* not yet closed */
    const struct order *orders;
    int order_count; /* of those trades, and any other that is live; by id */
    const struct signal *signals;
    int signal_count; /* verdict waiting */
    const struct author *authors;
    int author_count; /* not forgotten; those heard last at the end */
    const struct post_memory *memory;
    int memory_count; /* of the last 24 hours, oldest first */
    const struct deletion *deletions;
    int deletion_count; /* obeyed in the last 24 hours, oldest first */
    const struct author_record *records;
    int record_count;
    const struct forecast *forecasts;
    int forecast_count; /* by id */
    const struct trade *closed;
    int closed_count; /* ended within 24 hours, or the symbol cooldown where that is longer, or with
                         an order that is still live */
};

/* Made in `boot`. cfg: borrowed until trader_configure(); symbols: for ever. Errors: ERR_RANGE when
 * the rows do not fit. */
MUST_CHECK bool trader_open(struct arena *boot, const struct config *cfg,
                            const struct symbols *symbols, const struct venue_traits *traits,
                            const struct trader_rows *rows, struct trader **ret, struct error *err);

/* Another configuration holds from the next turn on: for what is decided then. What was decided
 * stays: levels of open trades, signals that wait, the longest that a position is held. cfg:
 * borrowed until the next call; only reloadable keys differ. */
void trader_configure(struct trader *t, const struct config *cfg);

/* One turn. now: never before the last turn's. acts: emptied first. */
void trader_step(struct trader *t, usec now, const struct event *ev, struct actions *acts);

/* The clock was set forward, or stood still: what must pass before "no such order" is proof is
 * counted from the next turn on. */
void trader_clock_jumped(struct trader *t);

/* What the trader knows of the market (last prices per symbol), as a blob to be kept with the price
 * cursor, so that a restart in virtual time sees what it saw. Errors: ERR_DAMAGED. */
void trader_save_prices(const struct trader *t, struct buf *out);
MUST_CHECK bool trader_load_prices(struct trader *t, str blob, struct error *err);

usec trader_next_timer(const struct trader *t); /* USEC_NEVER if none; then send EVENT_TIMER */

/* Could this event open a position? Then the runner takes the write lock and the latest control
 * row before the step, so that no halt slips in between. */
bool trader_may_open(const struct trader *t, const struct event *ev);

/* For status lines and the summary: borrowed, valid until the next step. */
struct trader_view {
    const struct account *account;
    const struct control *control;
    const struct position *positions;
    int position_count;
    money equity, unrealized;
    int64_t drawdown_bp;
    const int64_t *refused; /* by reason, REASON_COUNT entries, since the process started */
    int waiting;
    int trades; /* under way: positions, and entries that have not filled yet */
};
void trader_view(struct trader *t, struct trader_view *ret);

/* How orders and positions stand, for metrics: looked at a few times a second, never decided by.
 * Since when something is so is since when this was first seen, by this process. */
struct trader_watch {
    int orders[ORDER_ST_COUNT]; /* in the table */
    const int64_t *moves;       /* into each state, since the process started */
    int unknown, bare;
    usec unknown_since, bare_since; /* of the oldest; 0: there is none */
    usec compared_at;               /* with the venue; 0: not yet */
    int64_t drawdown_limit_e8;      /* of the day's opening equity */
};
void trader_watch(struct trader *t, usec now, struct trader_watch *ret);

#endif
