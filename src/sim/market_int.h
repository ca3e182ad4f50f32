/* market_int: what the market side's files share: prices as they are now, what was traded, candles
 * made of it. ticks.c makes them, klines.c keeps the candles, market_data.c and streams.c tell. */
#ifndef BF_SIM_MARKET_INT_H
#define BF_SIM_MARKET_INT_H

#include "sim/sim_int.h"

/* -- klines.c ------------------------------------------------------------------------------- */

/* clang-format off */
#define SIM_INTERVAL_MAP(X)                                                                        \
    X(1S, "1s", USEC_PER_S) X(1M, "1m", USEC_PER_MIN) X(3M, "3m", 3 * USEC_PER_MIN)                \
    X(5M, "5m", 5 * USEC_PER_MIN) X(15M, "15m", 15 * USEC_PER_MIN)                                 \
    X(30M, "30m", 30 * USEC_PER_MIN) X(1H, "1h", USEC_PER_HOUR) X(2H, "2h", 2 * USEC_PER_HOUR)     \
    X(4H, "4h", 4 * USEC_PER_HOUR) X(6H, "6h", 6 * USEC_PER_HOUR) X(8H, "8h", 8 * USEC_PER_HOUR)   \
    X(12H, "12h", 12 * USEC_PER_HOUR) X(1D, "1d", USEC_PER_DAY) X(3D, "3d", 3 * USEC_PER_DAY)      \
    X(1W, "1w", 7 * USEC_PER_DAY) X(MONTH, "1M", 30 * USEC_PER_DAY)
/* clang-format on */
typedef enum sim_interval {
#define X(name, text, us) SIM_##name,
    SIM_INTERVAL_MAP(X)
#undef X
        SIM_INTERVALS
} sim_interval;
const char *sim_interval_name(sim_interval i);
MUST_CHECK bool sim_interval_from_name(str s, sim_interval *ret);
/* When the bucket that holds t opens, and when the next one does. zone: what local time is ahead of
 * UTC; buckets are cut by local time. */
usec sim_bucket(sim_interval i, usec t, usec zone);
usec sim_bucket_end(sim_interval i, usec open_at, usec zone);

/* Sums saturate at the range of 64 bits: 92 billion units. */
struct sim_kline {
    usec open_at;
    price open, high, low, close;
    int64_t base_e8, quote_e8;             /* traded */
    int64_t taker_base_e8, taker_quote_e8; /* of that, bought by takers */
    int64_t first_id, last_id;             /* trades; -1: none */
    int64_t trades;
};

struct sim_ring { /* the newest klines of one interval; grows to its maximum */
    struct sim_kline *v;
    int cap, count, first;
};
struct sim_klines {
    struct sim_ring of[SIM_INTERVALS];
};

struct sim_tape { /* a trade that everybody sees */
    int64_t id;
    price price;
    qty qty;
    money quote;
    usec at;          /* ex->now */
    bool buyer_maker; /* a seller took */
};

void klines_fini(struct sim_klines *k);
void klines_add(struct sim_klines *k, const struct sim_tape *t);
/* A whole candle that opened at `at`: what it holds goes into the buckets of `least` and longer. */
void klines_add_range(struct sim_klines *k, usec at, const struct sim_kline *range,
                      sim_interval least);
/* Buckets without a trade since the last one are flat; up to and with the one that holds `now`. */
void klines_fill(struct sim_klines *k, usec now);
int klines_count(const struct sim_klines *k, sim_interval i);
const struct sim_kline *klines_at(const struct sim_klines *k, sim_interval i, int idx); /* 0: old */
/* `later` behind `k`, where the bucket at the seam is one. */
void klines_append(struct sim_klines *k, const struct sim_klines *later);

/* One range over what was traded in [from, to). False: nothing is known of it. */
MUST_CHECK bool klines_range(const struct sim_klines *k, usec from, usec to, struct sim_kline *ret);
/* Candles cut by local time, made of finer ones; the newest `max` into ret, oldest first. */
int klines_zoned(const struct sim_klines *k, sim_interval i, usec zone, struct sim_kline *ret,
                 int max);

/* -- ticks.c -------------------------------------------------------------------------------- */

#define SIM_LEVELS 50
#define SIM_TAPE 1000

struct sim_book {
    struct match_level bids[SIM_LEVELS], asks[SIM_LEVELS]; /* best first; eaten levels have 0 */
    int bid_count, ask_count;
};

struct sim_prices_of { /* one symbol */
    struct rng rng;
    bool live;           /* has a price */
    usec next_at;        /* of the next tick */
    int64_t fine;        /* the middle, in 1e-8 / fine_scale */
    int64_t fine_anchor; /* what the walk is drawn back to */
    int64_t fine_scale;
    int64_t scale_e8; /* on the candles' prices: 1 until a price was set */
    struct sim_book book;
    price last;
    usec at;     /* of the last tick */
    price first; /* where its history ends, and when */
    usec first_at;
    int64_t update_id;     /* of the book */
    int64_t trade_id;      /* of the newest trade */
    struct sim_tape *tape; /* ring: id % SIM_TAPE */
    struct sim_klines klines;
    bool history_made;
    /* the candle that is being played */
    bool has_candles;
    bool playing;
    struct candle candle;
    usec play_from, play_len;
    int step, steps;
};

struct sim_prices {
    struct sim_prices_of *of; /* by symbol */
    int count;
    bool has_peek, candles_over;
    struct candle peek;
    usec candle_zero; /* the candle time that is `origin` */
    usec origin;
    usec candle_at; /* close of the last candle that was taken */
};

void sim_ticks_close(struct exchange *ex);
struct sim_prices_of *sim_prices_get(const struct exchange *ex, int sym);
/* Best price; what orders of ours ate is not there. False: the side is empty. */
MUST_CHECK bool sim_best(const struct sim_prices_of *p, bool bid, struct match_level *ret);
/* The klines with history and with flat buckets up to now. */
struct sim_klines *sim_klines_get(struct exchange *ex, int sym);
/* The trade of that id; NULL: not kept any more, or not yet there. */
const struct sim_tape *sim_tape_get(const struct sim_prices_of *p, int64_t id);
/* Volume-weighted average of the last minutes, the last price where nothing was traded. */
price sim_average(struct exchange *ex, int sym, int64_t minutes);
/* An order of ours took from the book. */
void sim_ticks_eaten(struct exchange *ex, const struct match_event *e);
/* PARTIAL: leaves `have` on the side that `taker` takes from, until the next tick. */
void sim_ticks_thin(struct exchange *ex, int sym, order_side taker, qty have);

/* -- info.c, market_data.c: for streams as well ---------------------------------------------- */

MUST_CHECK bool sim_get_status(struct sim_call *c, str *ret); /* symbolStatus=; "" not sent */
bool sim_status_is(const struct symbol *s, str status);       /* "": any */
bool sim_has_reference(const struct symbol *s);               /* it has rules that need one */
int64_t sim_average_minutes(const struct symbol *s);
void sim_put_levels(struct buf *b, const struct match_level *v, int count, int64_t limit);
MUST_CHECK bool sim_parse_window(str s, usec *ret); /* "4h" */

struct sim_stats { /* of a window that ends now */
    struct sim_kline k;
    price last, average;
    int64_t change_e8, percent_milli;
};
/* from: ex->now's time. False: the symbol has no price. */
MUST_CHECK bool sim_stats(struct exchange *ex, int sym, usec from, struct sim_stats *ret);
void sim_put_percent(struct buf *b, const char *key, int64_t milli); /* "-0.317" */

#endif
