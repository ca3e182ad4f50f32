/* Candles of the prices that a run saw, and what belongs into a chart of them.
 *
 * In: minutes, from the run. Out: candles of longer intervals, put together from their minutes, and
 * marks: each post about the coin at the price that was seen then, each order at what its fills
 * came to. Invariants: an interval begins at a whole multiple of it since 1970 UTC; one that lies
 * partly before the oldest minute is shown as far as it is known; its volume is known when that of
 * each of its minutes is. Failure: the store's error. Thread: the connection's. */
#include "store/candles.h"

#include "store/view_columns.h"

/* --- minutes -------------------------------------------------------------------------------- */

bool store_candle_put(struct store *s, str symbol, const struct kept_candle *v, struct error *err) {
    static const struct sql sql = {
        "INSERT INTO candles (symbol, open_time, open, high, low, close, volume) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (symbol, open_time) DO UPDATE SET "
        "high = CASE WHEN excluded.high > candles.high THEN excluded.high ELSE candles.high END, "
        "low = CASE WHEN excluded.low < candles.low THEN excluded.low ELSE candles.low END, "
        "close = excluded.close, volume = coalesce(excluded.volume, candles.volume)"};
    struct query q;
    PRE(s->in_transaction);
    if (!query_open(s, &sql, &q, err)) return false;
    bind_str(&q, symbol);
    bind_time(&q, v->open_at);
    bind_e8(&q, price_e8(v->open));
    bind_e8(&q, price_e8(v->high));
    bind_e8(&q, price_e8(v->low));
    bind_e8(&q, price_e8(v->close));
    if (v->has_volume)
        bind_e8(&q, volume_e8(v->volume));
    else
        bind_null(&q);
    return query_run(&q, err) || fail_in(err, "put a candle of " STR_FMT, STR_ARG(symbol));
}

bool store_candles_prune(struct store *s, usec before, struct error *err) {
    static const struct sql sql = {"DELETE FROM candles WHERE open_time < $1"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_time(&q, before);
    return query_run(&q, err) || fail_in(err, "prune candles");
}

/* --- candles of an interval ----------------------------------------------------------------- */

static usec end_of(const struct candle_ask *ask) { return ask->to > 0 ? ask->to : USEC_NEVER; }

static void read_minute(struct query *q, struct kept_candle *ret) {
    ret->open_at = col_time(q);
    ret->open = price_from_e8(col_e8(q));
    ret->high = price_from_e8(col_e8(q));
    ret->low = price_from_e8(col_e8(q));
    ret->close = price_from_e8(col_e8(q));
    ret->has_volume = !col_is_null(q);
    ret->volume = volume_from_e8(col_volume(q));
}

/* Takes in the minute before those that c has. */
static void join_earlier(struct kept_candle *c, const struct kept_candle *m) {
    int64_t sum;
    c->open = m->open;
    if (price_e8(m->high) > price_e8(c->high)) c->high = m->high;
    if (price_e8(m->low) < price_e8(c->low)) c->low = m->low;
    c->has_volume = c->has_volume && m->has_volume &&
                    !__builtin_add_overflow(volume_e8(c->volume), volume_e8(m->volume), &sum);
    if (c->has_volume) c->volume = volume_from_e8(sum);
}

static void turn_round(struct kept_candle *v, int count) {
    for (int i = 0; i < count / 2; i++) {
        const struct kept_candle c = v[i];
        v[i] = v[count - 1 - i];
        v[count - 1 - i] = c;
    }
}

/* So many of them are in the candles that are asked for, and one to see that there are more. */
static int64_t minutes_of(const struct candle_ask *ask) {
    return (int64_t)ask->limit * (ask->interval / USEC_PER_MIN + 1) + 1;
}

bool store_candles(struct store *s, const struct candle_ask *ask, struct kept_candle *ret,
                   int *ret_count, struct error *err) {
    static const struct sql sql = {
        "SELECT open_time, open, high, low, close, volume FROM candles WHERE symbol = $1 AND "
        "open_time >= $2 AND open_time <= $3 ORDER BY open_time DESC LIMIT $4"};
    struct query q;
    bool row;
    int count = 0;
    PRE(ask->interval > 0 && ask->limit > 0);
    if (!query_open(s, &sql, &q, err)) return false;
    bind_str(&q, ask->symbol);
    bind_time(&q, ask->from - ask->from % ask->interval);
    bind_time(&q, end_of(ask));
    bind_i64(&q, minutes_of(ask));
    for (;;) {
        struct kept_candle m;
        if (!query_row(&q, &row, err)) return false;
        if (!row) break;
        read_minute(&q, &m);
        const usec open_at = m.open_at - m.open_at % ask->interval;
        if (count > 0 && ret[count - 1].open_at == open_at) {
            join_earlier(&ret[count - 1], &m);
        } else if (count < ask->limit) {
            ret[count] = m;
            ret[count++].open_at = open_at;
        } else {
            query_close(&q);
            break;
        }
    }
    turn_round(ret, count);
    *ret_count = count;
    return true;
}

/* --- marks ---------------------------------------------------------------------------------- */

/* clang-format off */
#define VIEW_MARK(X)                                                                               \
    X(at, "at", TIME) X(kind, "kind", TEXT) X(price, "price", AMOUNT) X(trade_id, "trade_id", ID)  \
    X(tweet_id, "tweet_id", ID) X(side, "side", TEXT) X(text, "text", TEXT)
#define VIEW_LEVEL(X)                                                                              \
    X(price, "price", AMOUNT) X(kind, "kind", TEXT) X(trade_id, "trade_id", ID)
/* clang-format on */

#define MAX_TEXT_(n) #n
#define MAX_TEXT(n) MAX_TEXT_(n)

/* clang-format off */
#define MARKS(D)                                                                                   \
    "SELECT 0" VIEW_MARK(VIEW_COLUMN) " FROM (SELECT * FROM (SELECT g.posted_at AS at, 'post' AS " \
    "kind, g.seen_price AS price, g.trade_id AS trade_id, g.tweet_id AS tweet_id, "                \
    "nullif(g.side, 'NONE') AS side, (SELECT nullif(substr(w.text, 1, 200), '') FROM tweets w "    \
    "WHERE w.id = g.tweet_id) AS text FROM signals g WHERE g.symbol = $1 AND g.posted_at >= $2 "   \
    "AND g.posted_at <= $3 ORDER BY g.posted_at DESC LIMIT " MAX_TEXT(CANDLE_MARKS_MAX) ") AS p "  \
    "UNION ALL SELECT * FROM (SELECT max(f.filled_at) AS at, f.leg AS kind, min(f.price) + "       \
    D##_SHARE("sum((f.price - (SELECT min(o.price) FROM fills o WHERE o.order_id = f.order_id)) "  \
    "* 1.0 * f.quantity)", "sum(f.quantity)") " AS price, d.id AS trade_id, d.tweet_id AS "        \
    "tweet_id, d.side AS side, CASE WHEN f.leg = 'entry' THEN NULL ELSE d.closed_reason END AS "   \
    "text FROM trades d JOIN fills f ON f.trade_id = d.id WHERE d.symbol = $1 AND f.leg <> "       \
    "'none' AND f.filled_at >= $2 AND f.filled_at <= $3 GROUP BY f.order_id, f.leg, d.id "         \
    "ORDER BY 1 DESC LIMIT " MAX_TEXT(CANDLE_MARKS_MAX) ") AS f) AS m ORDER BY at, kind DESC"
/* clang-format on */

/* The price of an order is the mean of its fills', each as heavy as what it moved: the least of
 * them and the mean of what the others are above it, as a quotient of whole reals would lose
 * digits. */
bool store_view_marks(struct store *s, const struct candle_ask *ask, struct buf *out,
                      struct error *err) {
    static const struct sql sql = IN_BOTH(MARKS);
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_str(&q, ask->symbol);
    bind_time(&q, ask->from);
    bind_time(&q, end_of(ask));
    return view_put_array(&q, VIEW_FIELDS(VIEW_MARK), out, err);
}

bool store_view_levels(struct store *s, str symbol, struct buf *out, struct error *err) {
    static const struct sql sql = {"SELECT 0" VIEW_LEVEL(
        VIEW_COLUMN) " FROM ("
                     "SELECT d.stop_loss AS price, 'stop' AS kind, d.id AS trade_id FROM positions "
                     "p "
                     "JOIN trades d ON d.id = p.trade_id WHERE p.symbol = $1 AND d.stop_loss IS "
                     "NOT NULL "
                     "UNION ALL SELECT d.take_profit, 'target', d.id FROM positions p "
                     "JOIN trades d ON d.id = p.trade_id WHERE p.symbol = $1 AND d.take_profit IS "
                     "NOT NULL"
                     ") AS v ORDER BY kind"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_str(&q, symbol);
    return view_put_array(&q, VIEW_FIELDS(VIEW_LEVEL), out, err);
}
