/* What the files of the trader share: trader.c (turns, timers, commands), trader_signals.c (from a
 * reading to an intent), trader_retract.c (what is taken back), trader_orders.c (from an intent to
 * a closed trade). */
#ifndef BF_FLOW_TRADER_INT_H
#define BF_FLOW_TRADER_INT_H

#include "config/config.h"
#include "flow/judge/deleted.h"
#include "flow/judge/judge.h"
#include "flow/judge/volatility.h"
#include "flow/risk/risk.h"
#include "flow/trader.h"

#define TRADES_MAX 64
#define ORDERS_MAX 512
#define SIGNALS_MAX 128   /* waiting for a price or for a person */
#define FORECASTS_MAX 256 /* opinions whose outcome is still to come */
#define MEMO_MAX 4096     /* intents of the last 24 hours */
#define PRICE_RING 16
#define RING_STEP (8 * USEC_PER_S)  /* of ticks, one in so much time: the ring spans two minutes */
#define TICK_FRESH (5 * USEC_PER_S) /* a tick stands for that long */
#define WAIT_LEAST (5 * USEC_PER_S) /* a signal waits at least that long for a price */
#define EXIT_PATIENCE                                                                              \
    (60 * USEC_PER_S)                /* an exit waits that long for a price, then goes without     \
                                      */
#define QUERY_PAUSE (1 * USEC_PER_S) /* between two questions after an unknown order */

/* What the trader knows of one symbol's market. */
struct sym_state {
    bool has_price;
    bool dry;                     /* no more prices will come */
    struct quote quote;           /* the last one; at 0 until there is one */
    price mark;                   /* last price of any kind */
    usec interval;                /* of its candles, 0 for ticks */
    struct volatility volatility; /* up to the last price */
    struct {
        usec at;
        price p;
        int64_t squared; /* struct volatility's, of what was seen up to `at` */
    } ring[PRICE_RING];
    int ring_next; /* where the next one goes */
    int ring_count;
    int forecasts;  /* of the forecasts, how many are of this symbol */
    int waiting;    /* signals that wait for a price here */
    int trade;      /* index of its open trade, -1 */
    usec closed_at; /* when its last trade ended, 0 never */
};

/* An intent that was made: never again for the same chain or cluster. */
struct memo {
    int64_t root_id, cluster_id, trade_id;
    int sym;
    char strategy[STRATEGY_BYTES];
    usec at;
};

struct trader {
    const struct config *cfg;
    const struct symbols *symbols;
    struct venue_traits traits;
    struct account account;
    struct control control;
    struct judge judge;
    struct deleted deleted;
    struct sym_state *syms; /* one per symbol */
    struct trade *trades;   /* open, by id */
    int trade_count;
    struct order *orders; /* of open trades, and others not yet at their end; by id */
    int order_count;
    struct signal *signals; /* waiting, by id */
    int signal_count;
    struct forecast *forecasts; /* by id */
    int forecast_count;
    struct memo *memos; /* ring */
    int memo_next, memo_count;
    struct position *positions; /* for trader_view */
    int64_t refused[REASON_COUNT];
    bool fresh; /* nothing stored yet */
    bool account_dirty;
    usec day_end;         /* when the next UTC day begins */
    int64_t sample_hour;  /* of the last equity sample */
    usec next_timer;      /* kept by timers_update */
    usec query_at;        /* next question after unknown orders, USEC_NEVER */
    int64_t asked_up_to;  /* id of the last order asked after in this round, 0: none yet */
    int64_t last_request; /* id of the last request of this process; not kept: a restart gives the
                             same ids to what comes after it */
    /* of the turn */
    const struct author *reading_author; /* of the reading at hand, NULL in other turns */
    usec now;
    struct actions *acts;
};

/* --- writing down (trader.c) --------------------------------------------------------- */
struct action *act(struct trader *t, action_kind kind); /* zeroed; never NULL */
int64_t new_id(struct trader *t);
void ledger(struct trader *t, const char *fmt, ...) PRINTF_LIKE(2, 3);
void tell(struct trader *t, tell_level level, const char *event, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
void audit(struct trader *t, const char *actor, const char *action, const char *entity,
           int64_t entity_id, int64_t trade_id, const char *fmt, ...) PRINTF_LIKE(7, 8);
/* Decimal text of an amount, in a ring of static blocks of the calling frame's `struct texts`. */
struct texts {
    char block[8][AMOUNT_TEXT_BYTES];
    int next;
};
const char *text_e8(struct texts *x, int64_t e8);

/* What a trade is called in the ledger, docs/ledger.md: root of the edit chain, pair, strategy. No
 * number of a row, so that the name means the same in every store. */
#define TRADE_NAME_BYTES 64
const char *trade_name(const struct trade *tr, char block[TRADE_NAME_BYTES]);
/* Of the order's trade, open or ended. */
const char *trade_name_of_order(const struct trader *t, const struct order *o,
                                char block[TRADE_NAME_BYTES]);
void remember_intent(struct trader *t, const struct trade *tr, int sym);

money trader_equity(const struct trader *t);
money trader_unrealized(const struct trader *t);
void sample_equity(struct trader *t);
void check_drawdown(struct trader *t);

/* --- signals (trader_signals.c) ------------------------------------------------------ */
void on_reading(struct trader *t, const struct reading *r);
void signals_on_quote(struct trader *t, int sym); /* tries those that wait there */
void signals_on_timer(struct trader *t);
void signals_on_dry(struct trader *t, int sym);
void signals_refuse_all(struct trader *t, reason why);
/* Commands; false and a text when there is no such signal. */
bool signal_approve(struct trader *t, int64_t id, const char *actor, const char **ret_text);
bool signal_reject(struct trader *t, int64_t id, const char *actor, const char **ret_text);

/* The i-th waiting signal is refused and leaves the table. */
void signal_withdraw(struct trader *t, int i, reason why);

/* --- what is taken back (trader_retract.c) ------------------------------------------- */
void on_edit(struct trader *t, const struct reading *r);
/* Does this post take back what the same author (key) wrote before? */
void on_later_post(struct trader *t, const struct reading *r, const char *author);
/* How many open trades the post had made. */
int on_deletion(struct trader *t, const struct deletion *told);
/* Is this a post that was deleted before it came, or that comes once more? Then it is done with. */
bool on_deleted_post(struct trader *t, const struct reading *r);
/* --- forecasts (trader_forecasts.c) --------------------------------------------------- */
/* Of a signal just made: remembers it until its outcome is known. */
void forecast_watch(struct trader *t, const struct signal *s, const struct opinion *op);
void forecasts_on_quote(struct trader *t, const struct quote *q);
void forecasts_on_dry(struct trader *t, int sym);
/* Those of an author that is forgotten: gone, and counted nowhere. */
void forecasts_forget(struct trader *t, const char *author);
void forecasts_load(struct trader *t, const struct trader_rows *rows);

/* --- orders (trader_orders.c) -------------------------------------------------------- */
struct trade *trade_find(struct trader *t, int64_t id); /* open ones; NULL */
void trade_open(struct trader *t, struct signal *s, const struct plan *plan);
bool trade_entered(const struct trade *tr); /* its entry has filled */
void trade_want_exit(struct trader *t, struct trade *tr, reason why);
/* Half of it is sold, and the rest is protected again; once in the life of a trade. */
void trade_want_shrink(struct trader *t, struct trade *tr, reason why);
void exits_on_quote(struct trader *t, int sym);
void orders_on_timer(struct trader *t);
void orders_on_start(struct trader *t);
void orders_query_all(struct trader *t);
void on_reply(struct trader *t, const struct reply *r);
void on_report(struct trader *t, const struct report *r);
usec orders_next_timer(const struct trader *t);
void trades_index(struct trader *t); /* sym_state.trade anew */
void position_of(const struct trader *t, const struct trade *tr, struct position *ret);

/* Can a price of this symbol be used right now? Of candles only at their open. */
static inline bool price_is_fresh(const struct trader *t, int sym) {
    const struct sym_state *st = &t->syms[sym];
    if (!st->has_price || st->quote.at == 0) return false;
    if (st->quote.interval != 0) return st->quote.at == t->now;
    return t->now - st->quote.at <= TICK_FRESH;
}

#endif
