/* Rows for people and for the HTTP interface, as JSON.
 *
 * In: a kind of row and filters. Out: an array of objects, newest first; ids and amounts are
 * strings (a JavaScript number would lose their last digits), times RFC 3339, none is null. Each
 * kind lists its columns once, with how each is shown; the SELECT and the writer follow the list.
 * The ledger is no JSON: its lines are the text that is hashed. Failure: ERR_FULL when the caller's
 * buffer is full, never half an array that looks whole. */
#include "store/feed_now.h"
#include "store/shown.h"
#include "store/workers.h"
#include "store/workers_sql.h"

struct view {
    const struct field *fields;
    int field_count;
    /* Parameters: symbol, id or time to start before, status, limit. */
    struct sql all, of_symbol;
};

/* clang-format off */
#define POSTS(X)                                                                                   \
    X(id, ID) X(author, TEXT) X(text, TEXT) X(created_at, TIME) X(sentiment_score, NUMBER)         \
    X(signal_score, INT) X(processed, BOOL) X(received_at, TIME) X(root_id, ID) X(source, TEXT)    \
    X(source_id, TEXT) X(author_id, TEXT) X(lang, TEXT) X(ref_kind, TEXT) X(ref_id, ID)            \
    X(outcome, TEXT) X(label, TEXT) X(probs, JSON) X(mentions, JSON) X(misses, JSON)               \
    X(cues, INT) X(model, TEXT) X(likes, INT) X(reposts, INT) X(replies, INT) X(quotes, INT)    \
    X(deleted_at, TIME) X(missed, BOOL)
#define SIGNALS(X)                                                                                 \
    X(id, ID) X(tweet_id, ID) X(symbol, TEXT) X(side, TEXT) X(score, INT) X(base_score, INT)       \
    X(parts, JSON) X(departures, TEXT) X(verdict, TEXT) X(reason, TEXT) X(trade_id, ID) X(author, TEXT)                \
    X(root_id, ID) X(cluster_id, ID) X(seen_price, AMOUNT) X(approved, BOOL)                       \
    X(wants_approval, BOOL) X(posted_at, TIME) X(created_at, TIME) X(expires_at, TIME)             \
    X(seen_at, TIME) X(volatility, AMOUNT) X(moved, AMOUNT) X(sigmas, AMOUNT)
#define TRADES(X)                                                                                  \
    X(id, ID) X(tweet_id, ID) X(signal_id, ID) X(symbol, TEXT) X(side, TEXT) X(leverage, INT)      \
    X(quantity, AMOUNT) X(entry_price, AMOUNT) X(stop_loss, AMOUNT) X(take_profit, AMOUNT)         \
    X(status, TEXT) X(pnl, AMOUNT) X(fees, AMOUNT) X(strategy, TEXT) X(author, TEXT)               \
    X(closed_reason, TEXT) X(quote_price, AMOUNT) X(limit_price, AMOUNT) X(held, AMOUNT)           \
    X(exit_due, BOOL) X(exit_reason, TEXT) X(created_at, TIME) X(entered_at, TIME)                 \
    X(closed_at, TIME) X(hold_until, TIME) X(posted_at, TIME) X(base_score, INT)                   \
    X(shrink_due, BOOL) X(shrunk_reason, TEXT)
#define ORDERS(X)                                                                                  \
    X(id, ID) X(trade_id, ID) X(leg, TEXT) X(client_order_id, TEXT) X(venue_order_id, TEXT)        \
    X(symbol, TEXT) X(side, TEXT) X(type, TEXT) X(tif, TEXT) X(quantity, AMOUNT)                   \
    X(price, AMOUNT) X(stop_price, AMOUNT) X(status, TEXT) X(filled_quantity, AMOUNT)              \
    X(quote_filled, AMOUNT) X(created_at, TIME) X(updated_at, TIME)
#define FILLS(X)                                                                                   \
    X(id, ID) X(trade_id, ID) X(order_id, ID) X(symbol, TEXT) X(side, TEXT) X(leg, TEXT)           \
    X(quantity, AMOUNT) X(price, AMOUNT) X(quote, AMOUNT) X(fee, AMOUNT) X(fee_asset, TEXT)        \
    X(filled_at, TIME) X(venue_trade_id, TEXT)
#define POSITIONS(X)                                                                               \
    X(id, ID) X(symbol, TEXT) X(size, AMOUNT) X(avg_entry, AMOUNT) X(leverage, INT)                \
    X(unrealized_pnl, AMOUNT) X(updated_at, TIME) X(trade_id, ID)
#define WORKERS(X)                                                                                 \
    X(health, TEXT) X(name, TEXT) X(role, TEXT) X(host, NAME) X(pid, INT) X(version, NAME)         \
    X(state, TEXT) X(task, NAME) X(task_since, TIME) X(done, INT) X(per_minute, INT)               \
    X(failed, INT) X(memory, INT) X(started_at, TIME) X(seen_at, TIME) X(stopped_at, TIME)
#define COMMANDS(X)                                                                                \
    X(id, ID) X(at, TIME) X(actor, TEXT) X(verb, TEXT) X(reason, TEXT) X(target, ID)               \
    X(mode, TEXT) X(until, TIME) X(status, TEXT) X(result, TEXT) X(done_at, TIME)
#define AUDIT(X)                                                                                   \
    X(id, ID) X(at, TIME) X(actor, TEXT) X(action, TEXT) X(entity, TEXT) X(entity_id, ID)          \
    X(trade_id, ID) X(detail, TEXT) X(prev_hash, TEXT) X(hash, TEXT)
/* A share of one; -1 means that the price fell by all of it. */
#define AUTHORS(X)                                                                                 \
    X(key, TEXT) X(username, TEXT) X(posts, INT) X(signals, INT) X(recent, INT) X(hits, INT)       \
    X(mean_return, AMOUNT) X(dropped, INT) X(weight, SHARE) X(last_post_at, TIME)
#define EQUITY(X)                                                                                  \
    X(at, TIME) X(equity, AMOUNT) X(cash, AMOUNT) X(unrealized, AMOUNT) X(drawdown, SHARE)
/* blind_s and what ends in _today: of the UTC day of the question. */
#define SOURCES(X)                                                                                 \
    X(feed, TEXT) X(kind, TEXT) X(source, TEXT) X(state, TEXT) X(since, TIME) X(until, TIME)       \
    X(why, TEXT) X(narrow, BOOL) X(blind_s, AMOUNT) X(spent_today, AMOUNT) X(billed_today, INT)    \
    X(posts_today, INT) X(posts_stored, INT) X(posts, INT) X(missed, INT) X(calls, INT)            \
    X(failures, INT) X(last_sign_at, TIME) X(last_post_at, TIME) X(updated_at, TIME)
#define GAPS(X)                                                                                    \
    X(id, ID) X(source, TEXT) X(from_at, TIME) X(until_at, TIME) X(seconds, AMOUNT)                \
    X(state, TEXT) X(posts, INT) X(what, TEXT) X(updated_at, TIME)
#define ALERTS(X)                                                                                  \
    X(id, ID) X(at, TIME) X(level, TEXT) X(source, TEXT) X(state, TEXT) X(what, TEXT)              \
    X(until_at, TIME) X(over_at, TIME)
/* clang-format on */

#define FIELD(name, as) SHOWN_FIELD(name, as),
#define COLUMN(name, as) ", " #name

#define ANY "CAST($1 AS TEXT) = $1"
#define OF_SYMBOL "symbol = $1"
#define NO_STATUS " AND CAST($3 AS TEXT) = $3"
#define BY_ID(status)                                                                              \
    " AND id < $2 AND ($3 = '' OR upper(" status ") = upper($3)) ORDER BY id DESC LIMIT $4"
/* By time, because ids of posts that are not X's are in no order. The cursor is still an id. */
#define BY_POST(D)                                                                                 \
    " AND (created_at, id) < (coalesce((SELECT created_at FROM tweets WHERE id = $2), " D##_NEVER  \
        "), $2) AND ($3 = '' OR upper(outcome) = upper($3)) ORDER BY created_at DESC, id DESC "    \
        "LIMIT $4"

#define SELECT(LIST, table, where) "SELECT 0" LIST(COLUMN) " FROM " table " WHERE " where
#define FIELDS(LIST)                                                                               \
    .fields = (const struct field[]){LIST(FIELD)},                                                 \
    .field_count = (int)COUNT_OF(((const struct field[]){LIST(FIELD)}))
#define VIEW(LIST, table, any, of_symbol_where, rest)                                              \
    {                                                                                              \
        FIELDS(LIST), .all = {SELECT(LIST, table, any rest)}, .of_symbol = {                       \
            SELECT(LIST, table, of_symbol_where rest)                                              \
        }                                                                                          \
    }
/* The same where table and rest are macros of the dialect. */
#define VIEW_IN_BOTH(LIST, TABLE, any, of_symbol_where, REST)                                      \
    {                                                                                              \
        FIELDS(LIST),                                                                              \
            .all = {SELECT(LIST, TABLE(SQLITE), any REST(SQLITE)),                                 \
                    SELECT(LIST, TABLE(PG), any REST(PG))},                                        \
            .of_symbol = {                                                                         \
                SELECT(LIST, TABLE(SQLITE), of_symbol_where REST(SQLITE)),                         \
                SELECT(LIST, TABLE(PG), of_symbol_where REST(PG))                                  \
            }                                                                                      \
    }

/* An author without a record weighs what he weighs by the configuration: 1. */
#define AUTHORS_WITH_RECORDS                                                                       \
    "(SELECT a.key, a.username, a.posts, a.last_post_at, coalesce(r.signals, 0) AS signals, "      \
    "coalesce(r.recent, 0) AS recent, coalesce(r.hits, 0) AS hits, "                               \
    "coalesce(r.mean_return, 0) AS mean_return, coalesce(r.dropped, 0) AS dropped, "               \
    "coalesce(r.weight, 10000) AS weight FROM authors a "                                          \
    "LEFT JOIN author_records r ON r.key = a.key) AS t"

/* clang-format off */
#define POSTS_TABLE(D) "tweets"
/* $2 is the time; $1 stands before it because parameters are numbered as they come. */
#define SOURCES_TODAY(D)                                                                           \
    "(SELECT CAST($1 AS TEXT) = $1 AS of_any, f.feed, f.kind, "                                    \
    "substr(f.feed, " D##_POSITION "(f.feed, ':') + 1) AS source, f.state, f.since, f.until, "     \
    "f.why, f.narrow, " D##_SECONDS("f.blind") " AS blind_s, "                                     \
    "coalesce(u.amount, 0) AS spent_today, coalesce(u.billed, 0) AS billed_today, "                \
    "(SELECT count(*) FROM tweets WHERE source = substr(f.feed, " D##_POSITION "(f.feed, ':') + 1) " \
    "AND received_at >= " D##_DAY(D##_TIME("$2")) ") AS posts_today, "                             \
    "(SELECT count(*) FROM tweets WHERE source = substr(f.feed, " D##_POSITION "(f.feed, ':') + 1)) " \
    "AS posts_stored, f.posts, f.missed, f.calls, f.failures, f.last_sign_at, f.last_post_at, "    \
    "f.updated_at FROM " FEEDS_NOW(D, "$2") " f LEFT JOIN "                                        \
    "(SELECT feed, sum(amount) AS amount, sum(billed) AS billed FROM api_usage "                   \
    "WHERE day = " D##_DAY_NUMBER(D##_TIME("$2")) " GROUP BY feed) u ON u.feed = f.feed) AS t"
#define SOURCES_REST(D) " AND ($3 = '' OR upper(state) = upper($3)) ORDER BY feed LIMIT $4"
/* The same of $2. */
#define WORKERS_NOW                                                                                \
    "(SELECT CAST($1 AS TEXT) = $1 AS of_any, w.*, " WORKER_HEALTH("$2") " AS health FROM workers w) AS t"
#define GAPS_LONG(D)                                                                               \
    "(SELECT id, source, from_at, until_at, CASE WHEN " D##_SPAN("from_at", "until_at")            \
    " BETWEEN 0 AND 9999999999999999 THEN " D##_SECONDS(D##_SPAN("from_at", "until_at"))           \
    " END AS seconds, state, posts, what, updated_at FROM (SELECT id, source, from_at, "           \
    GAP_UNTIL(D) " AS until_at, state, posts, what, updated_at FROM gaps) AS g) AS t"
#define GAPS_REST(D) BY_ID("state")
/* clang-format on */

static const struct view views[] = {
    [SHOW_TRADES] = VIEW(TRADES, "trades", ANY, OF_SYMBOL, BY_ID("status")),
    [SHOW_POSITIONS] = VIEW(POSITIONS, "positions", ANY, OF_SYMBOL,
                            " AND id < $2" NO_STATUS " ORDER BY id DESC LIMIT $4"),
    [SHOW_ORDERS] = VIEW(ORDERS, "orders", ANY,
                         "trade_id IN (SELECT id FROM trades WHERE symbol = $1)", BY_ID("status")),
    [SHOW_FILLS] = VIEW(FILLS, "fills", ANY, OF_SYMBOL, BY_ID("leg")),
    [SHOW_SIGNALS] = VIEW(SIGNALS, "signals", ANY, OF_SYMBOL, BY_ID("verdict")),
    [SHOW_POSTS] = VIEW_IN_BOTH(POSTS, POSTS_TABLE, ANY,
                                "id IN (SELECT tweet_id FROM signals WHERE symbol = $1)", BY_POST),
    [SHOW_WORKERS] =
        VIEW(WORKERS, WORKERS_NOW, ANY, ANY,
             " AND ($3 = '' OR upper(role) = upper($3)) ORDER BY " WORKERS_ORDER " LIMIT $4"),
    [SHOW_COMMANDS] = VIEW(COMMANDS, "commands", ANY, ANY, BY_ID("status")),
    [SHOW_AUDIT] = VIEW(AUDIT, "audit_log", ANY, ANY, BY_ID("action")),
    [SHOW_AUTHORS] = VIEW(AUTHORS, AUTHORS_WITH_RECORDS, ANY,
                          "key IN (SELECT author FROM signals WHERE symbol = $1)",
                          " AND CAST($2 AS BIGINT) = $2" NO_STATUS
                          " ORDER BY signals DESC, posts DESC, key LIMIT $4"),
    [SHOW_EQUITY] =
        VIEW(EQUITY, "equity", ANY, ANY, " AND at < $2" NO_STATUS " ORDER BY at DESC LIMIT $4"),
    [SHOW_SOURCES] = VIEW_IN_BOTH(SOURCES, SOURCES_TODAY, ANY, ANY, SOURCES_REST),
    [SHOW_GAPS] = VIEW_IN_BOTH(GAPS, GAPS_LONG, ANY, ANY, GAPS_REST),
    [SHOW_ALERTS] = VIEW(ALERTS, "alerts", ANY, ANY, BY_ID("state")),
};

static bool show_rows(struct store *s, const struct show_query *ask, struct buf *out,
                      struct error *err) {
    const bool by_now = ask->kind == SHOW_SOURCES || ask->kind == SHOW_WORKERS;
    PRE(!by_now || ask->now > 0);
    const struct view *v = &views[ask->kind];
    struct query q;
    bool row;
    if (!query_open(s, ask->symbol.n ? &v->of_symbol : &v->all, &q, err)) return false;
    bind_str(&q, ask->symbol);
    if (by_now)
        bind_time(&q, ask->kind == SHOW_WORKERS ? ask->now - WORKER_SILENT : ask->now);
    else
        bind_i64(&q, ask->before ? ask->before : INT64_MAX);
    bind_str(&q, ask->status);
    bind_i64(&q, ask->limit);
    if (!query_row(&q, &row, err)) return false;
    buf_put_byte(out, '[');
    for (int n = 0; row; n++) {
        if (n) buf_put_byte(out, ',');
        shown_put_row(out, &q, v->fields, v->field_count);
        if (!query_row(&q, &row, err)) return false;
    }
    buf_put_byte(out, ']');
    return true;
}

/* The last lines, in their order. */
static bool show_ledger(struct store *s, const struct show_query *ask, struct buf *out,
                        struct error *err) {
    static const struct sql sql = {"SELECT line FROM (SELECT seq, line FROM ledger WHERE seq < $1 "
                                   "ORDER BY seq DESC LIMIT $2) AS l ORDER BY seq"};
    struct query q;
    bool row;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, ask->before ? ask->before : INT64_MAX);
    bind_i64(&q, ask->limit ? ask->limit : INT64_MAX);
    if (!query_row(&q, &row, err)) return false;
    while (row) {
        buf_put(out, col_str(&q));
        buf_put_byte(out, '\n');
        if (!query_row(&q, &row, err)) return false;
    }
    return true;
}

bool store_show_json(struct store *s, const struct show_query *q, struct buf *out,
                     struct error *err) {
    const bool ok =
        q->kind == SHOW_LEDGER ? show_ledger(s, q, out, err) : show_rows(s, q, out, err);
    if (!ok) return false;
    return !buf_full(out) || fail(err, ERR_FULL, 0, "too much to show at once: ask for fewer rows");
}

/* One row by its key, as the lists have it. */
bool store_show_one(struct store *s, show_kind kind, int64_t id, struct buf *out, bool *ret_found,
                    struct error *err) {
#define ONE(LIST, table, key)                                                                      \
    { SELECT(LIST, table, key " = $1") }
    static const struct sql by_key[SHOW_GAPS + 1] = {[SHOW_COMMANDS] =
                                                         ONE(COMMANDS, "commands", "id"),
                                                     [SHOW_EQUITY] = ONE(EQUITY, "equity", "at")};
#undef ONE
    struct query q;
    bool row;
    PRE(by_key[kind].text != NULL);
    if (!query_open(s, &by_key[kind], &q, err)) return false;
    bind_i64(&q, id);
    if (!query_row(&q, &row, err)) return false;
    if (row) shown_put_row(out, &q, views[kind].fields, views[kind].field_count);
    query_close(&q);
    *ret_found = row;
    return !buf_full(out) || fail(err, ERR_FULL, 0, "a row that is too large to be shown");
}
