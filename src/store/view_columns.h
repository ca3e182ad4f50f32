/* The columns of what the HTTP interface shows, each list standing once: X(member, expression, how
 * it is shown). */
#ifndef BF_STORE_VIEW_COLUMNS_H
#define BF_STORE_VIEW_COLUMNS_H

#include "store/dialect.h"
#include "store/shown.h"
#include "store/workers_sql.h"

/* clang-format off */
#define VIEW_TWEET(X)                                                                              \
    X(id, "id", ID) X(source, "source", TEXT) X(source_id, "source_id", NAME)                      \
    X(username, "author", NAME) X(author_id, "author_id", NAME)                                    \
    X(text, "text", TEXT) X(lang, "lang", NAME) X(created_at, "created_at", TIME)                  \
    X(received_at, "received_at", TIME) X(missed, "missed", BOOL)                                  \
    X(edited, "root_id <> id", BOOL) X(deleted, "deleted_at IS NOT NULL", BOOL)                    \
    X(label, "label", TEXT)                                                                        \
    X(sentiment_score, "CAST(round(sentiment_score * 10000) AS INTEGER)", SHARE)                   \
    X(signal_score, "signal_score", INT) X(outcome, "outcome", TEXT)                               \
    X(mentions, "coalesce(mentions, '[]')", JSON)
#define VIEW_TWEET_FULL(X) VIEW_TWEET(X)                                                           \
    X(root_id, "root_id", ID) X(ref_kind, "ref_kind", TEXT) X(ref_id, "ref_id", ID)                \
    X(stored_at, "created_at_db", TIME) X(deleted_at, "deleted_at", TIME)                          \
    X(processed, "processed", BOOL) X(model, "model", TEXT) X(probs, "probs", JSON)                \
    X(cues, "cues", CUES) X(misses, "coalesce(misses, '[]')", JSON) X(likes, "likes", INT)         \
    X(reposts, "reposts", INT) X(replies, "replies", INT) X(quotes, "quotes", INT)
#define VIEW_SIGNAL_BRIEF(X)                                                                       \
    X(id, "id", ID) X(symbol, "symbol", TEXT) X(side, "side", TEXT) X(score, "score", INT)         \
    X(verdict, "verdict", TEXT) X(reason, "reason", TEXT) X(trade_id, "trade_id", ID)
#define VIEW_SIGNAL(X) VIEW_SIGNAL_BRIEF(X)                                                        \
    X(tweet_id, "tweet_id", ID) X(base_score, "base_score", INT) X(author, "author", TEXT)         \
    X(username, "(SELECT t.author FROM tweets t WHERE t.id = tweet_id)", NAME)                     \
    X(posted_at, "posted_at", TIME) X(created_at, "created_at", TIME)                              \
    X(expires_at, "expires_at", TIME) X(wants_approval, "wants_approval", BOOL)                    \
    X(approved, "approved", BOOL)
#define VIEW_SIGNAL_FULL(X) VIEW_SIGNAL(X)                                                         \
    X(parts, "parts", JSON) X(departures, "departures", TEXT) X(seen_price, "seen_price", AMOUNT)  \
    X(seen_at, "seen_at", TIME) X(volatility, "volatility", AMOUNT) X(moved, "moved", AMOUNT)      \
    X(sigmas, "sigmas", AMOUNT) X(root_id, "root_id", ID) X(cluster_id, "cluster_id", ID)
#define VIEW_APPROVAL(X) VIEW_SIGNAL_FULL(X)                                                       \
    X(text, "(SELECT t.text FROM tweets t WHERE t.id = tweet_id)", TEXT)
#define VIEW_TRADE(X)                                                                              \
    X(id, "id", ID) X(tweet_id, "tweet_id", ID) X(symbol, "symbol", TEXT) X(side, "side", TEXT)    \
    X(leverage, "leverage", INT) X(quantity, "quantity", AMOUNT)                                   \
    X(entry_price, "entry_price", AMOUNT) X(stop_loss, "stop_loss", AMOUNT)                        \
    X(take_profit, "take_profit", AMOUNT) X(status, "status", TEXT) X(pnl, "pnl", AMOUNT)          \
    X(created_at, "created_at", TIME) X(closed_at, "closed_at", TIME)                              \
    X(signal_id, "signal_id", ID) X(strategy, "strategy", TEXT)                                    \
    X(closed_reason, "closed_reason", TEXT) X(fees, "fees", AMOUNT)                                \
    X(entered_at, "entered_at", TIME) X(hold_until, "hold_until", TIME)                            \
    X(username, "(SELECT t.author FROM tweets t WHERE t.id = tweet_id)", NAME)
#define VIEW_TRADE_FULL(X) VIEW_TRADE(X)                                                           \
    X(author, "author", TEXT) X(base_score, "base_score", INT) X(posted_at, "posted_at", TIME)     \
    X(quote_price, "quote_price", AMOUNT) X(limit_price, "limit_price", AMOUNT)                    \
    X(held, "held", AMOUNT) X(exit_due, "exit_due", BOOL) X(exit_reason, "exit_reason", TEXT)      \
    X(shrunk_reason, "shrunk_reason", TEXT)
#define VIEW_ORDER(X)                                                                              \
    X(id, "id", ID) X(trade_id, "trade_id", ID) X(leg, "leg", TEXT)                                \
    X(client_order_id, "client_order_id", TEXT) X(venue_order_id, "venue_order_id", TEXT)          \
    X(symbol, "symbol", TEXT) X(side, "side", TEXT) X(type, "type", TEXT) X(tif, "tif", TEXT)      \
    X(quantity, "quantity", AMOUNT) X(price, "price", AMOUNT) X(stop_price, "stop_price", AMOUNT)  \
    X(status, "status", TEXT) X(filled_quantity, "filled_quantity", AMOUNT)                        \
    X(quote_filled, "quote_filled", AMOUNT) X(created_at, "created_at", TIME)                      \
    X(updated_at, "updated_at", TIME)
#define VIEW_FILL(X)                                                                               \
    X(id, "id", ID) X(trade_id, "trade_id", ID) X(order_id, "order_id", ID)                        \
    X(symbol, "symbol", TEXT) X(side, "side", TEXT) X(leg, "leg", TEXT)                            \
    X(quantity, "quantity", AMOUNT) X(price, "price", AMOUNT) X(quote, "quote", AMOUNT)            \
    X(fee, "fee", AMOUNT) X(fee_asset, "fee_asset", TEXT) X(filled_at, "filled_at", TIME)          \
    X(venue_trade_id, "venue_trade_id", TEXT)
/* What a position (p, of trade t) is worth at the last price that the run saw of it, where that is
 * newer than its row: rows are written when something happens, prices come all the time. As
 * wallet_unrealized() reckons it; doubles hold it to the last digit that is shown. */
#define VIEW_CLOSE(D)                                                                              \
    "FROM candles c WHERE c.symbol = p.symbol AND c.open_time > "                                  \
    D##_BEFORE("p.updated_at", "60000000") " ORDER BY c.open_time DESC LIMIT 1"
#define VIEW_UNREALIZED(D)                                                                         \
    "coalesce((SELECT CASE WHEN p.size < 0 THEN t.basis - " D##_WORTH("t.held", "c.close")         \
    " ELSE " D##_WORTH("t.held", "c.close") " - t.basis END " VIEW_CLOSE(D)                        \
    "), p.unrealized_pnl)"
#define VIEW_PRICED_AT(D) "coalesce((SELECT c.open_time " VIEW_CLOSE(D) "), " D##_EPOCH ")"
#define VIEW_POSITION_IN(D, X)                                                                     \
    X(symbol, "p.symbol", TEXT) X(side, "CASE WHEN p.size < 0 THEN 'SHORT' ELSE 'LONG' END", TEXT) \
    X(size, "p.size", AMOUNT) X(avg_entry, "p.avg_entry", AMOUNT) X(leverage, "p.leverage", INT)   \
    X(stop_loss, "t.stop_loss", AMOUNT) X(take_profit, "t.take_profit", AMOUNT)                    \
    X(unrealized_pnl, VIEW_UNREALIZED(D), AMOUNT) X(trade_id, "p.trade_id", ID)                    \
    X(opened_at, "t.entered_at", TIME) X(hold_until, "t.hold_until", TIME)                         \
    X(updated_at, D##_MAX "(p.updated_at, " VIEW_PRICED_AT(D) ")", TIME)
#define VIEW_POSITION(X) VIEW_POSITION_IN(SQLITE, X) /* the fields are the same */
#define VIEW_AUDIT_ROW(X)                                                                          \
    X(id, "id", ID) X(at, "at", TIME) X(actor, "actor", TEXT) X(action, "action", TEXT)            \
    X(entity, "entity", TEXT) X(entity_id, "entity_id", ID) X(trade_id, "trade_id", ID)            \
    X(detail, "detail", TEXT) X(hash, "hash", TEXT)
#define VIEW_DEAD_LETTER(X)                                                                        \
    X(id, "id", ID) X(source, "source", TEXT) X(kind, "kind", TEXT) X(payload, "payload", TEXT)    \
    X(error, "error", TEXT) X(attempts, "attempts", INT) X(first_at, "first_at", TIME)             \
    X(last_at, "last_at", TIME) X(status, "status", TEXT) X(came_at, "came_at", TIME)                \
    X(post_id, "post_id", ID) X(history, "history", JSON)
#define VIEW_GAP(X)                                                                                \
    X(id, "id", ID) X(source, "source", TEXT) X(from_at, "from_at", TIME)                          \
    X(until_at, "until_at", TIME) X(state, "state", TEXT) X(posts, "posts", INT)                   \
    X(what, "what", TEXT) X(updated_at, "updated_at", TIME)
/* $1: who was not seen since then is silent. */
#define VIEW_WORKER(X)                                                                             \
    X(health, WORKER_HEALTH("$1"), TEXT) X(name, "name", TEXT) X(role, "role", TEXT)               \
    X(host, "host", NAME) X(pid, "pid", INT) X(version, "version", NAME)                           \
    X(state, "state", TEXT) X(task, "task", NAME) X(task_since, "task_since", TIME)                \
    X(done, "done", INT) X(per_minute, WORKER_RATE("$1"), INT) X(failed, "failed", INT)            \
    X(memory, "memory", INT) X(started_at, "started_at", TIME) X(seen_at, "seen_at", TIME)         \
    X(stopped_at, "stopped_at", TIME)
/* An author without a record weighs what he weighs by the configuration: 1. $1: how long one rests
 * after a trade; the rows are of a table "w". */
#define VIEW_AUTHOR_IN(D, X)                                                                       \
    X(key, "key", TEXT) X(username, "username", NAME) X(posts, "posts", INT)                       \
    X(signals, "signals", INT) X(recent, "recent", INT) X(hits, "hits", INT)                       \
    X(mean_return, "mean_return", AMOUNT) X(dropped, "dropped", INT) X(weight, "weight", SHARE)    \
    X(last_post_at, "last_post_at", TIME) X(last_trade_at, "last_trade_at", TIME)                  \
    X(rests_until, "CASE WHEN last_trade_at > " D##_EPOCH " THEN "                                 \
        D##_AFTER("last_trade_at", "$1") " END", TIME)                                             \
    X(trades, "(SELECT count(*) FROM trades x WHERE x.author = w.key AND x.status <> 'CANCELLED')", INT) \
    X(pnl, "coalesce((SELECT sum(x.pnl) FROM trades x WHERE x.author = w.key AND "                 \
    "x.status = 'CLOSED'), 0)", AMOUNT)
#define VIEW_AUTHOR(X) VIEW_AUTHOR_IN(SQLITE, X)
/* clang-format on */

/* Of signals: a person has to decide, and did not yet. */
#define VIEW_WAITS_FOR_PERSON "verdict = 'waiting' AND wants_approval AND NOT approved"

#define VIEW_FIELD(name, expr, how) SHOWN_FIELD(name, how),
#define VIEW_COLUMN(name, expr, how) ", " expr
/* Two values: the fields and their number. */
#define VIEW_FIELDS(LIST)                                                                          \
    (const struct field[]){LIST(VIEW_FIELD)},                                                      \
        (int)COUNT_OF(((const struct field[]){LIST(VIEW_FIELD)}))
#define VIEW_TEXT(LIST, more, table, where)                                                        \
    "SELECT 0" LIST(VIEW_COLUMN) more " FROM " table " WHERE " where
#define VIEW_SELECT_BY(LIST, more, table, where)                                                   \
    { VIEW_TEXT(LIST, more, table, where) }
#define VIEW_SELECT(LIST, more, table) VIEW_SELECT_BY(LIST, more, table, "id = $1")

/* --- shared by the files view_*.c ----------------------------------------------------------- */
/* All rows of an open query, which is closed then, as an array. */
MUST_CHECK bool view_put_array(struct query *q, const struct field *fields, int field_count,
                               struct buf *out, struct error *err);
/* The signals of a post, as an array; whole: with their parts. */
MUST_CHECK bool view_put_signals(struct store *s, int64_t tweet_id, bool whole, struct buf *out,
                                 struct error *err);

#endif
