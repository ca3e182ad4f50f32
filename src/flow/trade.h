/* trade and position: what came of an intent, and what is held. */
#ifndef BF_FLOW_TRADE_H
#define BF_FLOW_TRADE_H

#include "flow/order.h"
#include "flow/signal.h"

#define STRATEGY_BYTES 17 /* with NUL; without blanks and / */

typedef enum trade_status { TRADE_OPEN, TRADE_CLOSED, TRADE_CANCELLED } trade_status;
const char *trade_status_name(trade_status s); /* OPEN, CLOSED, CANCELLED */
MUST_CHECK bool trade_status_from_name(str s, trade_status *ret);

/* One intent and all that follows from it. An entry that has not filled yet is OPEN with
 * bought 0; one that never fills is CANCELLED. All amounts in quote include no fee unless named. */
struct trade {
    int64_t id;
    int64_t tweet_id, signal_id, root_id, cluster_id;
    char author[AUTHOR_BYTES];
    char strategy[STRATEGY_BYTES];
    int sym;
    char symbol[SYMBOL_BYTES];
    side side;
    int32_t leverage;
    qty quantity;      /* asked for; after the entry: what was filled */
    price entry_price; /* average, 0 until filled */
    price quote_price; /* the quote at sending, from which the levels come */
    price limit_price;
    price stop_loss, take_profit;
    trade_status status;
    money pnl;  /* realised, after fees */
    money fees; /* all fees, in quote (base fees at their fill's price) */
    reason closed_reason;
    usec posted_at; /* the post was published */
    int base_score; /* of the signal that opened it: what an edit is measured against */
    usec created_at, entered_at, closed_at, hold_until;
    usec signed_at, recv_window; /* of the entry request */
    int64_t epoch;               /* control epoch under which it was committed */
    /* what is held, signed by side: the position of this trade */
    qty held;    /* >= 0: base held (LONG) or owed (SHORT) */
    money basis; /* quote paid (LONG) or received (SHORT) for `held`, fees in quote included */
    int32_t generation; /* of protection and exit ids; the entry is generation 1 */
    char list_coid[COID_BYTES];
    bool exit_due; /* to be closed at the next quote */
    reason exit_reason;
    usec exit_since; /* when exit_due was set */
    bool exit_sent;
    bool shrink_due;      /* the exit that is due takes one half, not all */
    reason shrunk_reason; /* why it was halved, or is to be; once at most */
};

struct position {
    int64_t trade_id;
    int sym;
    char symbol[SYMBOL_BYTES];
    qty size; /* signed: negative when SHORT; 0: gone */
    price avg_entry;
    int32_t leverage;
    money unrealized;
    usec updated_at;
};

struct equity_sample {
    usec at;
    money equity, cash, unrealized;
    int64_t drawdown_bp; /* of the UTC day's opening equity, >= 0 */
};

#endif
