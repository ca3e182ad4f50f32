/* What the files of the trader share: trader.c (turns, timers, commands), trader_signals.c (from a
 * reading to an intent), trader_retract.c (what is taken back); from an intent to a closed trade:
 * trader_orders.c (tables, opening, closing), trader_book.c (what the venue reports), trader_ask.c
 * (answers and questions), trader_guard.c (exits, protection), trader_venue.c (how it stands with
 * the venue), trader_compare.c (snapshots). */
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
#define DOWN_PAUSE_MOST                                                                            \
    (5 *                                                                                           \
     USEC_PER_S) /* what protects is tried again at the latest, whatever the venue proposes:       \
                    bans are kept by those who send, and an overloaded venue soon may not be */
#define QUICK_PAUSE (250 * USEC_PER_MS) /* before the first one, where the venue is far away */
#define COMMANDS_WAIT_MAX 8             /* people that wait for a comparison */
#define GONE_MAX 256                    /* ended orders whose late news is recognised */
#define STRANGERS_MAX 64                /* orders of others that were told of */

/* What the running trader knows of an open trade, not kept: a restart asks the venue. */
struct care {
    usec retry_at;    /* what is due (an exit, protection) is not sent before; 0: nothing put off */
    int tries;        /* exits in a row that took nothing */
    usec tried_since; /* the first of `tries` */
    usec refused_warn_at; /* when a refusal is told again */
    int downs;            /* sends in a row that did not get to the venue */
    int repairs;          /* protections made for what stood bare */
    usec down_since;      /* the first of `downs` */
    usec warn_at;         /* when it is told again */
    usec crossed_at; /* the price was at the stop or the target, and nobody said more; 0: not */
    usec bare_since; /* trader_watch() has seen it bare since; 0: it was not */
    bool short_told; /* the account has less of the coin than our fills bought */
    usec short_at;   /* the first snapshot in a row that shows it; 0: the last one did not */
    qty missing;     /* so much of `held` is certainly not there: never to be sold */
};

/* How far the comparison with the venue is (trader_compare.c). */
struct compare {
    int64_t out;   /* request of the snapshot that is out, 0 none */
    usec asked_at; /* when it was asked for */
    usec due;      /* the next one, USEC_NEVER */
    int fails;     /* in a row */
    usec done_at;  /* the last that was looked through was asked for then; 0: none was */
    bool done;     /* one was looked through since the start */
    bool foreign;  /* it had orders of another bullfinch, or of trades that the store lost */
    usec other_at; /* a stream told of an order of another bullfinch, the last; 0: it did not */
    usec wiped_at; /* the venue was: the next one shows which trades are of after; 0: not */
    int64_t commands[COMMANDS_WAIT_MAX]; /* of people that wait for it, by id */
    int command_count;
    uint64_t strangers[STRANGERS_MAX]; /* hashes of orders of others, told once each; ring */
    int stranger_count;
};

/* An order that ended and left the table: streams tell of it once more, late. */
struct gone {
    uint64_t hash; /* of its id */
    qty filled;
};

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
    int forecasts;    /* of the forecasts, how many are of this symbol */
    int waiting;      /* signals that wait for a price here */
    int trade;        /* index of its open trade, -1 */
    usec closed_at;   /* when its last trade ended, 0 never */
    struct care care; /* of its open trade */
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
    struct symbols *symbols; /* a copy: the venue changes terms while we run */
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
    struct gone gone[GONE_MAX]; /* ring */
    int gone_count;             /* ever */
    struct signal *signals;     /* waiting, by id */
    int signal_count;
    struct forecast *forecasts; /* by id */
    int forecast_count;
    struct memo *memos; /* ring */
    int memo_next, memo_count;
    struct position *positions; /* for trader_view */
    int64_t refused[REASON_COUNT];
    int64_t moves[ORDER_ST_COUNT]; /* of orders, into each state */
    bool fresh;                    /* nothing stored yet */
    bool account_dirty;
    bool foreign_fee_told;
    usec day_end;            /* when the next UTC day begins */
    int64_t sample_hour;     /* of the last equity sample */
    usec next_timer;         /* kept by timers_update */
    struct venue_news venue; /* how it stands with the venue */
    usec venue_since;        /* it has stood like that since */
    usec venue_warn_at;      /* DOWN: when that is told again, else USEC_NEVER */
    struct compare compare;
    bool clock_jumped;    /* told, and no turn since */
    usec jumped_at;       /* the first turn after it; 0 never */
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
usec signals_next(struct trader *t);
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
void orders_on_timer(struct trader *t);
void orders_on_start(struct trader *t);
usec orders_next_timer(const struct trader *t);
void trades_index(struct trader *t); /* sym_state.trade anew */
void position_of(const struct trader *t, const struct trade *tr, struct position *ret);
struct care *care_of(struct trader *t, const struct trade *tr);

struct order *order_by_coid(struct trader *t, const char *coid);         /* NULL: none */
const struct gone *order_gone(const struct trader *t, const char *coid); /* lately; NULL */
uint64_t id_hash(const char *id);
struct order *order_of(struct trader *t, int64_t trade_id, leg which); /* the newest; NULL */
struct order *add_order(struct trader *t, const struct trade *tr, leg which);
void sweep_orders(struct trader *t); /* those at their end whose trade is closed */
void put_order(struct trader *t, const struct order *o);
void put_trade(struct trader *t, const struct trade *tr);
void put_position(struct trader *t, const struct trade *tr);
/* Moves an order and writes it down. An order at its end that takes a late fill stays there. */
void order_step(struct trader *t, struct order *o, order_state next);
/* Moves it to its end without a word of the venue, where the table knows a way. NULL is fine. */
void order_end(struct trader *t, struct order *o, order_state last);
void close_trade(struct trader *t, struct trade *tr, reason why); /* leaves the table */
void cancel_trade(struct trader *t, struct trade *tr, reason why);

/* --- exits, protection (trader_guard.c) ---------------------------------------------- */
void trade_want_exit(struct trader *t, struct trade *tr, reason why);
/* Half of it is sold, and the rest is protected again; once in the life of a trade. */
void trade_want_shrink(struct trader *t, struct trade *tr, reason why);
void exits_on_quote(struct trader *t, int sym);
/* After news of a trade: is it over, or does it stand bare? last: the leg that filled. */
void settle(struct trader *t, struct trade *tr, leg last);
/* The request of an exit or of protection came to nothing: refused, or certainly not executed. */
void exit_failed(struct trader *t, struct trade *tr, const struct reply *r);
/* The sale was refused, whatever became of the legs. False: its order is not sent once more. */
bool exit_refused(struct trader *t, struct trade *tr, const char *text);
/* So did stop and target that were to be made anew. */
void protect_refused(struct trader *t, struct trade *tr);
/* Snapshots show that so much of what is held is not on the account. */
void coins_gone(struct trader *t, struct trade *tr, qty missing);
/* Its symbol trades again: an exit that was refused waits no longer. */
void exit_hurry(struct trader *t, struct trade *tr);
void exit_unsent(struct trader *t, struct trade *tr, const struct reply *r);
void protect_unsent(struct trader *t, struct trade *tr, const struct reply *r);
/* What is due of this trade now, and when there will be something; USEC_NEVER. */
void guard_on_timer(struct trader *t, struct trade *tr);
usec guard_next(const struct trader *t, const struct trade *tr);
bool leg_works(const struct trader *t, int64_t trade_id, leg which); /* live, and sent */
bool is_guarded(const struct trader *t, const struct trade *tr);
/* Every trade that stands bare though nothing told so (its rows were lost) is cared for. */
void guard_all(struct trader *t);

/* --- what the venue reports (trader_book.c) ------------------------------------------ */
void on_report(struct trader *t, const struct report *r);

/* --- answers, questions (trader_ask.c) ----------------------------------------------- */
void on_reply(struct trader *t, const struct reply *r);
void not_found(struct trader *t, const struct report *r); /* a report ABSENT */
void ask_order(struct trader *t, struct order *o, usec at);
void ask_trade(struct trader *t, int64_t trade_id); /* its live orders, in a moment */
void ask_all(struct trader *t);                     /* every live order, now */
/* What has to be known of an order can only be asked: its fate, or whether a leg came to life. */
bool is_unsure(struct trader *t, const struct order *o);
/* It stood, and for longer than look-ups lag behind the venue has not known it any more. */
bool order_has_vanished(const struct trader *t, const struct order *o);
void asks_on_timer(struct trader *t);
usec asks_next(const struct trader *t);
/* Takes an order of ours that nobody needs off the venue. */
void cancel_stray(struct trader *t, int64_t trade_id, int sym, const char *coid);

/* --- the venue (trader_venue.c) ------------------------------------------------------ */
void on_venue(struct trader *t, const struct venue_news *n);
void on_symbol(struct trader *t, const struct symbol *s);
void venue_on_timer(struct trader *t);
usec venue_next(const struct trader *t);
reason venue_refusal(const struct trader *t); /* why no entry may be sent now; NONE */
void venue_was_reset(struct trader *t, const char *why);
/* What the snapshot asked for then shows no order of is over. */
void venue_end_wiped(struct trader *t, usec asked_at);

/* --- snapshots (trader_compare.c) ---------------------------------------------------- */
void compare_want(struct trader *t, usec at);
#define OTHER_LASTS                                                                                \
    (5 * USEC_PER_MIN) /* another bullfinch counts as there since a stream told of it */
void compare_for(struct trader *t, int64_t command_id);
void compare_on_timer(struct trader *t);
void compare_on_reply(struct trader *t, const struct reply *r);

/* Can a price of this symbol be used right now? Of candles only at their open. */
static inline bool price_is_fresh(const struct trader *t, int sym) {
    const struct sym_state *st = &t->syms[sym];
    if (!st->has_price || st->quote.at == 0) return false;
    if (st->quote.interval != 0) return st->quote.at == t->now;
    return t->now - st->quote.at <= TICK_FRESH;
}

#endif
