/* stage: plays a story to a whole trader in virtual time, against the real paper venue, and writes
 * down what came of it, one line an event, so that a test compares a text.
 *
 * A step is one event of the world (a price, a post, a command, a timer): the trader's turn, the
 * requests that it sends, the venue's answers and news and their turns, as src/run does it. Rows
 * are kept as a store would keep them; stage_restart() throws trader and venue away and makes new
 * ones from the rows, the prices blob and the venue's snapshot. After each step the invariants at
 * the end of stage.c are checked.
 *
 * The trace has the ledger's lines without their number and time, and what the trader tells; each
 * begins with the time since the story's start, hh:mm:ss. */
#ifndef BF_TESTS_LIB_STAGE_H
#define BF_TESTS_LIB_STAGE_H

#include "flowkit.h"

#include "flow/trader.h"
#include "venue/venue.h"

struct stage;

/* What the venue does with the next request that is no question. */
typedef enum stage_fate {
    FATE_NORMAL,
    FATE_REPLY_LOST,   /* done, but the answer never comes: UNKNOWN */
    FATE_REPLY_LATE,   /* the same, and its reports come as news with the step after */
    FATE_REQUEST_LOST, /* it never arrives: UNKNOWN */
    FATE_REFUSED,      /* OUTCOME_REJECTED */
    FATE_FULL,         /* no room in the lane */
    FATE_LATE,         /* too late to be sent */
    FATE_DOWN,         /* the venue cannot be reached */
    FATE_LEGS_REFUSED, /* an entry fills, and its legs are refused when they come to life */
    FATE_HALTED,       /* the pair is not in trading: orders are cancelled, and none is taken */
    FATE_HALF          /* an exit sells one half and expires */
} stage_fate;

struct stage_play {
    void (*story)(struct stage *s);
    const char *sets[8]; /* configuration over the defaults */
    bool ticks;          /* prices stand until the next one; else they are candles' opens */
    usec absence_after;  /* how long "no such order" is no proof */
    bool far; /* the venue is an exchange: sells blind, has snapshots, shows legs late, and its
                 prices come as they are made */
    bool may_shout;       /* what is told as broken is part of the story */
    bool restarts_differ; /* a restart asks at once what a running trader asks a second later */
};

/* Plays it and compares the trace; then again with a restart after each step in turn, and with one
 * after every step: the traces must be the same. */
void stage_expect(const struct stage_play *play, const char *want);

/* --- for stories --------------------------------------------------------------------------- */

void stage_at(struct stage *s, const char *hh_mm_ss); /* time goes on to then; timers ring */
void stage_later(struct stage *s, usec us);
usec stage_now(const struct stage *s);

void stage_price(struct stage *s, int sym,
                 const char *price); /* a quote: a candle's open, a tick */
/* A candle that ends now: "open high low close volume". */
void stage_range(struct stage *s, int sym, const char *ohlcv);
/* Quotes the open now, goes on a minute, closes the candle. */
void stage_minute(struct stage *s, int sym, const char *ohlcv);
void stage_dry(struct stage *s, int sym);

/* A post of now. mentions: "DOGE+90 BTC-80": coin, sign, polarity in percent; "DOGE~" abstains. */
void stage_post(struct stage *s, int64_t id, const char *author, const char *mentions);
void stage_edit(struct stage *s, int64_t id, int64_t root, const char *author,
                const char *mentions);
/* A post with cues, that answers another one (0: none). */
void stage_say(struct stage *s, int64_t id, int64_t answers, const char *author, uint32_t cues,
               const char *mentions);
/* Word of a deletion; author: an id, "" for none. */
void stage_delete(struct stage *s, int64_t id, const char *author);
/* The same words by somebody else. */
void stage_copy(struct stage *s, int64_t id, int64_t of, const char *author, const char *mentions);
void stage_read(struct stage *s, const struct reading *r); /* any reading */

void stage_mode(struct stage *s, mode m, usec until); /* as `halt`, `resume`, `mode` leave it */
void stage_command(struct stage *s, verb v, int64_t target);
/* A person changes a setting, "section.key=value", and the runner has put it into force. */
void stage_setting(struct stage *s, const char *set);
/* A person has forgotten the author: the rows are clear already, and the trader is told. */
void stage_forget_author(struct stage *s, const char *key);
/* Ids of the last signal and of the last trade written down. */
int64_t stage_last_signal(const struct stage *s);
int64_t stage_last_trade(const struct stage *s);
void stage_fate_of_next(struct stage *s, stage_fate f);
void stage_fate_after(struct stage *s, int requests, stage_fate f); /* of a later one */
/* From now on every request meets this fate, questions and snapshots as well: NORMAL, DOWN (not
 * before `until`, 0 none), HALTED or REQUEST_LOST. */
void stage_line(struct stage *s, stage_fate f, usec until);
void stage_venue(struct stage *s, venue_state state, const char *text); /* its word of itself */
void stage_symbol(struct stage *s, const struct symbol *terms);
const struct symbol *stage_terms(const struct stage *s, int sym);
/* The venue forgets all orders and hands out fresh coins. */
void stage_wipe(struct stage *s);
/* An order that stands there and that we did not make; the coid decides whose it seems. */
void stage_stranger(struct stage *s, int sym, const char *coid);
void stage_stranger_goes(struct stage *s, const char *coid);
void stage_stranger_fills(struct stage *s, int sym,
                          const char *coid); /* told by the stream alone */
int stage_strangers(const struct stage *s);  /* that were not cancelled */
/* The order row of a leg of the last trade is lost, as by a store that was put back. */
void stage_lose_order(struct stage *s, leg which);
/* A fill's fee is said to be so much of another asset, from now on. */
void stage_fee_in(struct stage *s, const char *asset, const char *amount);
/* The coins of the symbol leave the account. */
void stage_take_coins(struct stage *s, int sym, const char *amount);
void stage_restart(struct stage *s);
/* The process' clock is set forward: no time passes at the venue. */
void stage_clock_jumps(struct stage *s, usec by);

/* The author's rows as they stand now, "x:@alice"; NULL if there is none. */
const struct author *stage_author(struct stage *s, const char *key);
const struct author_record *stage_record(struct stage *s, const char *key);
int stage_forecasts(const struct stage *s); /* rows of opinions whose outcome is still to come */

/* --- for tests without a literal ----------------------------------------------------------- */

struct stage *stage_open(const struct stage_play *play);
void stage_restart_each_step(struct stage *s); /* from now on */
void stage_close(struct stage *s); /* `bullfinch db check` finds nothing in what was written down */
str stage_trace(const struct stage *s);
void stage_trace_clear(struct stage *s);
int stage_steps(const struct stage *s);
struct trader *stage_trader(struct stage *s);
int stage_open_trades(const struct stage *s);
int64_t stage_trade_count(const struct stage *s);
int64_t stage_fill_count(const struct stage *s);
bool stage_is_open(const struct stage *s, int sym); /* an open trade in the symbol */
/* The id of a signal that waits for approval, 0 if there is none. */
int64_t stage_wants_approval(const struct stage *s);

#endif
