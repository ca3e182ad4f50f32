/* Numbers for the HTTP interface: how it stands now, what was won and lost, the equity over time,
 * and what became of the posts.
 *
 * In: rows. Out: sums; all profit is realised and after fees unless it is named otherwise. Sums are
 * taken by the database in whole units of 1e-8, quotients here. Failure: the store's error (a sum
 * out of range is one). Thread: the connection's. */
#include "flow/reason.h"
#include "store/view_columns.h"
#include "store/views.h"

#define DAYS_SHOWN 366
#define AUTHORS_SHOWN "100"

static bool count_of(struct store *s, const struct sql *sql, bool has_time, usec t, int64_t *ret,
                     struct error *err) {
    struct query q;
    bool found;
    *ret = 0;
    if (!query_open(s, sql, &q, err)) return false;
    if (has_time) bind_time(&q, t);
    return query_i64(&q, ret, &found, err);
}

static bool sum_of(struct store *s, const struct sql *sql, bool has_time, usec t, int64_t *ret,
                   struct error *err) {
    struct query q;
    bool found;
    *ret = 0;
    if (!query_open(s, sql, &q, err)) return false;
    if (has_time) bind_time(&q, t);
    return query_e8(&q, ret, &found, err);
}

/* --- how it stands -------------------------------------------------------------------------- */

/* The trader samples when something happens, and once an hour: what is held is worth what it was
 * worth in the last minute. trader_equity() and its drawdown, of rows. */
static bool look_at_marks(struct store *s, struct view_status *v, money day_open, int64_t day,
                          struct error *err) {
#define MARKS(D)                                                                                   \
    "SELECT sum(" VIEW_UNREALIZED(D) "), max(" VIEW_PRICED_AT(D) ") FROM positions p JOIN trades " \
                                                                 "t ON t.id = p.trade_id"
    static const struct sql sql = IN_BOTH(MARKS);
#undef MARKS
    struct query q;
    bool row;
    if (!query_open(s, &sql, &q, err) || !query_row(&q, &row, err)) return false;
    const money unrealized = money_from_e8(col_e8(&q));
    const usec at = col_time(&q);
    query_close(&q);
    if (!v->has_equity || at <= v->equity_at) return true;
    v->equity_at = at;
    v->unrealized = unrealized;
    v->equity = money_plus(money_plus(v->start, v->pnl_total), unrealized);
    v->drawdown_bp = 0;
    if (day == time_utc_day(at) && money_e8(day_open) > 0)
        v->drawdown_bp = i64_max(money_ratio_bp(money_minus(day_open, v->equity), day_open), 0);
    return true;
}

static bool look_at_account(struct store *s, struct view_status *v, struct error *err) {
    static const struct sql account = {
        "SELECT start, cash, fees, realized, posts, at, day_open, day FROM account WHERE id = 1"};
    static const struct sql equity = {
        "SELECT at, equity, unrealized, drawdown FROM equity ORDER BY at DESC LIMIT 1"};
    struct query q;
    money day_open = money_from_e8(0);
    int64_t day = 0;
    if (!query_open(s, &account, &q, err) || !query_row(&q, &v->has_account, err)) return false;
    if (v->has_account) {
        v->start = money_from_e8(col_e8(&q));
        v->cash = money_from_e8(col_e8(&q));
        v->fees = money_from_e8(col_e8(&q));
        v->pnl_total = money_from_e8(col_e8(&q));
        v->posts = col_i64(&q);
        v->trader_at = col_time(&q);
        day_open = money_from_e8(col_e8(&q));
        day = col_i64(&q);
    }
    query_close(&q);
    if (!query_open(s, &equity, &q, err) || !query_row(&q, &v->has_equity, err)) return false;
    if (v->has_equity) {
        v->equity_at = col_time(&q);
        v->equity = money_from_e8(col_e8(&q));
        v->unrealized = money_from_e8(col_e8(&q));
        v->drawdown_bp = col_i64(&q);
    }
    query_close(&q);
    return look_at_marks(s, v, day_open, day, err);
}

static bool look_at_trader(struct store *s, struct view_status *v, struct error *err) {
    static const struct sql sql = {"SELECT seen_at, started_at FROM workers WHERE role IN ('run', "
                                   "'trade') AND state <> 'standby' "
                                   "ORDER BY seen_at DESC LIMIT 1"};
    struct query q;
    bool row;
    if (!query_open(s, &sql, &q, err) || !query_row(&q, &row, err)) return false;
    if (row) {
        v->trader_beat_at = col_time(&q);
        v->trader_started_at = col_time(&q);
    }
    query_close(&q);
    return true;
}

#define BEAT_FRESH USEC_PER_MIN

bool store_view_now(struct store *s, usec wall, usec *ret, struct error *err) {
    struct view_status v = {0};
    if (!look_at_account(s, &v, err) || !look_at_trader(s, &v, err)) return false;
    const bool runs = wall - v.trader_beat_at < BEAT_FRESH;
    const bool elsewhere = v.trader_at > 0 && wall - v.trader_at > USEC_PER_DAY;
    *ret = runs && elsewhere ? v.trader_at : wall;
    return true;
}

static bool count_posts(struct store *s, usec since, usec until, int64_t *ret, struct error *err) {
    static const struct sql sql = {
        "SELECT count(*) FROM tweets WHERE created_at >= $1 AND created_at < $2"};
    struct query q;
    bool found;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_time(&q, since);
    bind_time(&q, until);
    return query_i64(&q, ret, &found, err);
}

/* What came a while ago is counted once a minute, what came since each time. */
static bool count_today(struct store *s, usec today, usec now, struct view_count *memo,
                        int64_t *ret, struct error *err) {
    int64_t tail;
    if (memo->since != today || now < memo->at || now - memo->at > VIEW_COUNT_KEPT) {
        struct view_count fresh = {.since = today, .at = now};
        fresh.until = i64_max(today, now - VIEW_COUNT_LATE);
        if (!count_posts(s, today, fresh.until, &fresh.posts, err)) return false;
        *memo = fresh;
    }
    if (!count_posts(s, memo->until, USEC_NEVER, &tail, err)) return false;
    *ret = memo->posts + tail;
    return true;
}

bool store_view_status(struct store *s, usec today, usec now, struct view_count *memo,
                       struct view_status *ret, struct error *err) {
    static const struct sql pnl = {"SELECT sum(pnl) FROM trades WHERE closed_at >= $1"};
    static const struct sql signals = {"SELECT count(*) FROM signals WHERE created_at >= $1"};
    static const struct sql trades = {"SELECT count(*) FROM trades WHERE created_at >= $1"};
    static const struct sql open = {"SELECT count(*) FROM positions"};
    static const struct sql waiting = {"SELECT count(*) FROM signals WHERE " VIEW_WAITS_FOR_PERSON};
    static const struct sql dead = {"SELECT count(*) FROM dead_letters WHERE status = 'dead'"};
    static const struct sql last_post = {"SELECT max(created_at) FROM tweets"};
    static const struct sql last_trade = {"SELECT max(created_at) FROM trades"};
    struct view_status v = {0};
    int64_t won = 0;
    if (!look_at_account(s, &v, err) || !look_at_trader(s, &v, err) ||
        !sum_of(s, &pnl, true, today, &won, err) ||
        !count_today(s, today, now, memo, &v.posts_today, err) ||
        !count_of(s, &signals, true, today, &v.signals_today, err) ||
        !count_of(s, &trades, true, today, &v.trades_today, err) ||
        !count_of(s, &open, false, 0, &v.open_positions, err) ||
        !count_of(s, &waiting, false, 0, &v.waiting, err) ||
        !count_of(s, &dead, false, 0, &v.dead_letters, err) ||
        !count_of(s, &last_post, false, 0, &v.last_post_at, err) ||
        !count_of(s, &last_trade, false, 0, &v.last_trade_at, err))
        return false;
    v.pnl_today = money_from_e8(won);
    *ret = v;
    return true;
}

/* --- what was won and lost ------------------------------------------------------------------ */

static void put_amount(struct buf *out, const char *name, int64_t e8) {
    buf_printf(out, "\"%s\":\"", name);
    buf_put_e8(out, e8);
    buf_put_byte(out, '"');
}

/* sum / count, rounded down; null for none. */
static void put_average(struct buf *out, const char *name, int64_t sum_e8, int64_t count) {
    money mean;
    if (count > 0 && money_ratio(money_from_e8(sum_e8), 1, count, ROUND_FLOOR, &mean))
        put_amount(out, name, money_e8(mean));
    else
        buf_printf(out, "\"%s\":null", name);
}

static bool put_profit(struct store *s, usec now, struct buf *out, struct error *err) {
    static const struct sql since = {"SELECT sum(pnl) FROM trades WHERE closed_at >= $1"};
    static const struct sql all = {"SELECT realized FROM account WHERE id = 1"};
    static const struct {
        const char *name;
        int days;
    } spans[] = {{"today", 1}, {"week", 7}, {"month", 30}};
    const usec tomorrow = (time_utc_day(now) + 1) * USEC_PER_DAY;
    int64_t e8;
    buf_put(out, STR("\"pnl\":{"));
    for (int i = 0; i < COUNT_OF(spans); i++) {
        if (!sum_of(s, &since, true, tomorrow - spans[i].days * USEC_PER_DAY, &e8, err))
            return false;
        put_amount(out, spans[i].name, e8);
        buf_put_byte(out, ',');
    }
    if (!sum_of(s, &all, false, 0, &e8, err)) return false;
    put_amount(out, "total", e8);
    buf_put_byte(out, '}');
    return true;
}

static bool put_trades(struct store *s, struct buf *out, struct error *err) {
    static const struct sql sql = {
        "SELECT count(*), count(*) FILTER (WHERE status = 'OPEN'), "
        "count(*) FILTER (WHERE status = 'CLOSED'), "
        "count(*) FILTER (WHERE status = 'CLOSED' AND pnl > 0), "
        "count(*) FILTER (WHERE status = 'CLOSED' AND pnl < 0), "
        "coalesce(sum(CASE WHEN status = 'CLOSED' AND pnl > 0 THEN pnl END), 0), "
        "coalesce(sum(CASE WHEN status = 'CLOSED' AND pnl < 0 THEN pnl END), 0), "
        "max(CASE WHEN status = 'CLOSED' THEN pnl END), "
        "min(CASE WHEN status = 'CLOSED' THEN pnl END) FROM trades WHERE status <> 'CANCELLED'"};
    struct query q;
    bool row;
    if (!query_open(s, &sql, &q, err) || !query_row(&q, &row, err)) return false;
    const int64_t total = col_i64(&q), open = col_i64(&q), closed = col_i64(&q);
    const int64_t won = col_i64(&q), lost = col_i64(&q);
    const int64_t won_e8 = col_e8(&q), lost_e8 = col_e8(&q);
    buf_printf(out,
               ",\"trades\":{\"total\":%lld,\"open\":%lld,\"closed\":%lld,\"won\":%lld,"
               "\"lost\":%lld,\"win_rate\":",
               (long long)total, (long long)open, (long long)closed, (long long)won,
               (long long)lost);
    if (closed > 0)
        shown_put_share(out, won * BP_ONE / closed);
    else
        buf_put(out, STR("null"));
    buf_put_byte(out, ',');
    put_average(out, "average_win", won_e8, won);
    buf_put_byte(out, ',');
    put_average(out, "average_loss", lost_e8, lost);
    buf_put_byte(out, ',');
    const bool any = !col_is_null(&q);
    put_average(out, "best", col_e8(&q), any);
    buf_put_byte(out, ',');
    put_average(out, "worst", col_e8(&q), any);
    buf_put_byte(out, '}');
    query_close(&q);
    return true;
}

static bool put_groups(struct store *s, usec now, struct buf *out, struct error *err) {
    /* clang-format off */
#define GROUP(X) X(trades, "count(*)", INT) X(won, "count(*) FILTER (WHERE pnl > 0)", INT) \
    X(pnl, "sum(pnl)", AMOUNT) X(fees, "sum(fees)", AMOUNT)
#define BY_SYMBOL(X) X(symbol, "symbol", TEXT) GROUP(X)
#define BY_AUTHOR(X) X(author, "author", TEXT) \
    X(username, "(SELECT nullif(a.username, '') FROM authors a WHERE a.key = author)", TEXT) GROUP(X)
#define BY_DAY_IN(D, X) X(day, D##_DATE("closed_at"), TEXT) GROUP(X)
#define BY_DAY(X) BY_DAY_IN(SQLITE, X)
#define DAYS(D) "SELECT 0" BY_DAY_IN(D, VIEW_COLUMN) \
    " FROM trades WHERE status = 'CLOSED' AND closed_at >= $1 GROUP BY 2 ORDER BY 2"
    /* clang-format on */
    static const struct sql symbols =
        VIEW_SELECT_BY(BY_SYMBOL, "", "trades",
                       "status = 'CLOSED' GROUP BY symbol ORDER BY sum(pnl) DESC, symbol");
    static const struct sql authors = VIEW_SELECT_BY(BY_AUTHOR, "", "trades",
                                                     "status = 'CLOSED' GROUP BY author ORDER BY "
                                                     "sum(pnl) DESC, author LIMIT " AUTHORS_SHOWN);
    static const struct sql days = IN_BOTH(DAYS);
    struct query q;
    buf_put(out, STR(",\"by_symbol\":"));
    if (!query_open(s, &symbols, &q, err) || !view_put_array(&q, VIEW_FIELDS(BY_SYMBOL), out, err))
        return false;
    buf_put(out, STR(",\"by_author\":"));
    if (!query_open(s, &authors, &q, err) || !view_put_array(&q, VIEW_FIELDS(BY_AUTHOR), out, err))
        return false;
    buf_put(out, STR(",\"by_day\":"));
    if (!query_open(s, &days, &q, err)) return false;
    bind_time(&q, (time_utc_day(now) - DAYS_SHOWN) * USEC_PER_DAY);
    return view_put_array(&q, VIEW_FIELDS(BY_DAY), out, err);
}

bool store_view_metrics(struct store *s, usec now, struct buf *out, struct error *err) {
    struct view_status v = {0};
    if (!put_profit(s, now, out, err) || !put_trades(s, out, err) || !look_at_account(s, &v, err))
        return false;
    buf_put_byte(out, ',');
    if (v.has_equity)
        put_amount(out, "equity", money_e8(v.equity));
    else
        buf_put(out, STR("\"equity\":null"));
    buf_put(out, STR(",\"drawdown\":"));
    if (v.has_equity)
        shown_put_share(out, v.drawdown_bp);
    else
        buf_put(out, STR("null"));
    return put_groups(s, now, out, err);
}

/* --- the equity over time ------------------------------------------------------------------- */

struct point {
    usec at;
    int64_t equity, cash, unrealized, drawdown, least, most;
};

static void put_point(struct buf *out, const struct point *p, bool first) {
    buf_put(out, first ? STR("{\"at\":") : STR(",{\"at\":"));
    shown_put_time(out, p->at);
    buf_put_byte(out, ',');
    put_amount(out, "equity", p->equity);
    buf_put_byte(out, ',');
    put_amount(out, "cash", p->cash);
    buf_put_byte(out, ',');
    put_amount(out, "unrealized", p->unrealized);
    buf_put(out, STR(",\"drawdown\":"));
    shown_put_share(out, p->drawdown);
    buf_put_byte(out, ',');
    put_amount(out, "minimum", p->least);
    buf_put_byte(out, ',');
    put_amount(out, "maximum", p->most);
    buf_put_byte(out, '}');
}

static bool find_span(struct store *s, usec *from, usec *to, struct error *err) {
    static const struct sql first = {"SELECT min(at) FROM equity"};
    static const struct sql last = {"SELECT max(at) FROM equity"};
    int64_t at;
    if (*from == 0) {
        if (!count_of(s, &first, false, 0, &at, err)) return false;
        *from = at;
    }
    if (*to == 0) {
        if (!count_of(s, &last, false, 0, &at, err)) return false;
        *to = at;
    }
    return true;
}

bool store_view_equity(struct store *s, usec from, usec to, int points, struct buf *out,
                       struct error *err) {
    static const struct sql sql = {"SELECT at, equity, cash, unrealized, drawdown FROM equity "
                                   "WHERE at >= $1 AND at <= $2 ORDER BY at"};
    struct query q;
    bool row, first = true;
    struct point p = {0};
    int64_t bucket = -1;
    struct view_status now = {0};
    PRE(points > 0);
    if (to == 0 && !look_at_account(s, &now, err)) return false;
    if (!find_span(s, &from, &to, err) || !query_open(s, &sql, &q, err)) return false;
    bind_time(&q, from);
    bind_time(&q, to);
    if (!query_row(&q, &row, err)) return false;
    const usec width = to > from ? (to - from) / points + 1 : 1;
    buf_put_byte(out, '[');
    while (row) {
        const usec at = col_time(&q);
        const int64_t equity = col_e8(&q), mine = (at - from) / width;
        if (mine != bucket && bucket >= 0) {
            put_point(out, &p, first);
            first = false;
        }
        const bool opens = mine != bucket;
        bucket = mine;
        p = (struct point){.at = at,
                           .equity = equity,
                           .cash = col_e8(&q),
                           .unrealized = col_e8(&q),
                           .drawdown = col_i64(&q),
                           .least = opens ? equity : i64_min(p.least, equity),
                           .most = opens ? equity : i64_max(p.most, equity)};
        if (!query_row(&q, &row, err)) return false;
    }
    if (bucket >= 0) put_point(out, &p, first);
    if (bucket >= 0 && now.equity_at > p.at) {
        const int64_t e8 = money_e8(now.equity);
        put_point(out,
                  &(struct point){now.equity_at, e8, money_e8(now.cash), money_e8(now.unrealized),
                                  now.drawdown_bp, e8, e8},
                  false);
    }
    buf_put_byte(out, ']');
    return true;
}

/* --- what became of the posts --------------------------------------------------------------- */

static void put_tally(struct buf *out, const char *member, reason r, int64_t count, bool *first) {
    buf_printf(out, "%s{\"%s\":\"%s\",\"text\":", *first ? "" : ",", member, reason_name(r));
    buf_put_json_str(out, str_from_z(reason_text(r)));
    buf_printf(out, ",\"count\":%lld}", (long long)count);
    *first = false;
}

/* The most first. */
static void put_tallies(struct buf *out, const char *member, int64_t counts[REASON_COUNT]) {
    bool first = true;
    for (;;) {
        int most = 0;
        for (int r = 1; r < REASON_COUNT; r++)
            if (counts[r] > counts[most]) most = r;
        if (counts[most] == 0) break;
        put_tally(out, member, (reason)most, counts[most], &first);
        counts[most] = 0;
    }
}

/* In PostgreSQL: there is no index by outcome, which would be written to with each post that is
 * read.
 */
static bool tally_groups(struct store *s, usec since, int64_t ret[REASON_COUNT],
                         struct error *err) {
    static const struct sql sql = {"SELECT outcome, count(*) FROM tweets WHERE outcome IS NOT NULL "
                                   "AND created_at >= $1 GROUP BY outcome"};
    struct query q;
    bool row;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_time(&q, since);
    if (!query_row(&q, &row, err)) return false;
    while (row) {
        reason r;
        if (reason_from_name(col_str(&q), &r)) ret[r] = col_i64(&q);
        if (!query_row(&q, &row, err)) return false;
    }
    return true;
}

/* Reason by reason, each by the index alone: counting all posts by groups would read each of them.
 * The index is of all outcomes but NO_COIN, which is what is left of the posts. */
static bool tally_outcomes(struct store *s, usec since, int64_t posts, int64_t ret[REASON_COUNT],
                           struct error *err) {
#define COUNT_BY_INDEX "SELECT count(*) FROM tweets WHERE outcome IS NOT 'NO_COIN' AND "
    static const struct sql sql = {COUNT_BY_INDEX "outcome = $1 AND created_at >= $2"};
    static const struct sql none = {COUNT_BY_INDEX "outcome IS NULL AND created_at >= $1"};
#undef COUNT_BY_INDEX
    if (s->ops->dialect == DIALECT_POSTGRESQL) return tally_groups(s, since, ret, err);
    int64_t others = 0;
    if (!count_of(s, &none, true, since, &others, err)) return false;
    for (int r = 1; r < REASON_COUNT; r++) {
        struct query q;
        bool found;
        if (r == REASON_NO_COIN) continue;
        if (!query_open(s, &sql, &q, err)) return false;
        bind_z(&q, reason_name((reason)r));
        bind_time(&q, since);
        if (!query_i64(&q, &ret[r], &found, err)) return false;
        others += ret[r];
    }
    ret[REASON_NO_COIN] =
        i64_max(posts - others, 0); /* some may have come since they were counted */
    return true;
}

struct funnel {
    int64_t over, traded; /* posts */
    int64_t refused[REASON_COUNT];
};

/* Signals of one post are made in one turn: they stand beside each other. */
static bool tally_signals(struct store *s, usec since, int threshold, struct funnel *f,
                          struct error *err) {
    static const struct sql sql = {"SELECT tweet_id, score, verdict, reason FROM signals "
                                   "WHERE created_at >= $1 ORDER BY created_at, id"};
    struct query q;
    bool row;
    int64_t last_over = 0, last_traded = 0;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_time(&q, since);
    if (!query_row(&q, &row, err)) return false;
    while (row) {
        reason r = REASON_NONE;
        const int64_t tweet = col_i64(&q), score = col_i64(&q);
        const str came_to = col_str(&q), why = col_str(&q);
        if (score >= threshold && tweet != last_over) f->over++;
        if (score >= threshold) last_over = tweet;
        const bool traded = str_eq(came_to, STR("traded"));
        if (traded && tweet != last_traded) f->traded++;
        if (traded) last_traded = tweet;
        if (str_eq(came_to, STR("refused")) && reason_from_name(why, &r)) f->refused[r]++;
        if (!query_row(&q, &row, err)) return false;
    }
    return true;
}

bool store_view_funnel(struct store *s, usec since, int threshold, struct buf *out,
                       struct error *err) {
    /* the plus keeps SQLite from the index by time: few posts are unfinished */
    static const struct sql unread = {
        "SELECT count(*) FROM tweets WHERE stage < 2 AND processed = 0 AND +created_at >= $1",
        "SELECT count(*) FROM tweets WHERE stage < 2 AND NOT processed AND created_at >= $1"};
    int64_t outcomes[REASON_COUNT] = {0}, posts = 0, waiting = 0, rest = 0;
    struct funnel f = {0};
    if (!count_posts(s, since, USEC_NEVER, &posts, err) ||
        !count_of(s, &unread, true, since, &waiting, err) ||
        !tally_outcomes(s, since, posts, outcomes, err) ||
        !tally_signals(s, since, threshold, &f, err))
        return false;
    for (int r = 1; r < REASON_COUNT; r++) rest += outcomes[r];
    buf_printf(out,
               "\"posts\":%lld,\"linked\":%lld,\"scored\":%lld,\"over_threshold\":%lld,"
               "\"traded\":%lld,\"refused\":[",
               (long long)posts, (long long)(posts - waiting - outcomes[REASON_NO_COIN]),
               (long long)(posts - waiting - rest), (long long)f.over, (long long)f.traded);
    put_tallies(out, "reason", f.refused);
    buf_put(out, STR("],\"not_scored\":["));
    put_tallies(out, "outcome", outcomes);
    buf_put_byte(out, ']');
    return true;
}
