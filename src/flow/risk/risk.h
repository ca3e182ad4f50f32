/* risk: may this signal become an intent, and of what size and at which levels?
 *
 * Every rule is one function that gives a reason or none, and the rules stand in one table in the
 * order in which they are asked. What the account looks like comes in as a struct risk_view that
 * the trader fills; waiting approvals and unknown orders are in it at full size. */
#ifndef BF_FLOW_RISK_RISK_H
#define BF_FLOW_RISK_RISK_H

#include "flow/event.h"
#include "flow/symbol.h"
#include "flow/trader.h"

struct config;

/* The account as the rules see it. */
struct risk_view {
    usec now;
    const struct config *cfg;
    const struct venue_traits *traits;
    mode mode;
    money equity;
    money free_cash;       /* cash less what entries under way may take */
    money exposure;        /* value of positions, entries under way and waiting approvals */
    int positions;         /* the same, counted */
    bool symbol_taken;     /* one of them is in this symbol */
    bool root_traded;      /* an intent of this edit chain in this symbol exists */
    bool cluster_traded;   /* an intent of this cluster of copies in this symbol in 24 hours */
    bool same_post;        /* the author's last trade came from this very post */
    bool drawdown;         /* the day is closed by the drawdown rule */
    usec symbol_closed_at; /* last time a trade in the symbol ended, 0 never */
    usec author_traded_at; /* 0 never */
    int64_t author_trades_today;
    bool room; /* the tables have room for one more trade */
};

/* Size and levels of an intent. */
struct plan {
    side side;
    qty qty;
    price quote; /* that the levels come from */
    price limit; /* worst entry */
    price stop, target;
    money notional; /* qty at the limit */
};

/* Decides. quote: at or after the signal. Returns REASON_NONE and fills *ret, or the first rule's
 * reason that forbids it. */
reason risk_check(const struct risk_view *v, const struct signal *s, const struct symbol *sym,
                  const struct quote *q, struct plan *ret);

/* The least equity at which position_size_percent makes an order that the symbol's filters take, at
 * this price and on every side that may be traded: exact, 1e-8 less and one side is refused. False:
 * no equity will do, or out of range. For the start and for `doctor`. PRE: p > 0. */
MUST_CHECK bool risk_least_equity(const struct config *cfg, const struct venue_traits *traits,
                                  const struct symbol *sym, price p, money *ret);

/* (target - costs) / (stop + costs), in 1e-8. */
int64_t risk_reward_e8(const struct config *cfg, const struct venue_traits *traits);

#endif
