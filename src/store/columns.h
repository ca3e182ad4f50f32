/* The columns of the rows that the trader puts and loads, each list standing once: the INSERT, the
 * SELECT and the functions that bind and read all follow its order.
 *
 * X_FIXED columns never change after the first put; X_MOVING ones are overwritten by the next.
 * (An UPDATE that names an indexed column rewrites the index entry, even if the value is the same.)
 * F is for the first of a list, X for the others; n is the parameter's number. */
#ifndef BF_STORE_COLUMNS_H
#define BF_STORE_COLUMNS_H

/* clang-format off */
#define POST_FIXED(F, X)                                                                           \
    F(1, id) X(2, author) X(3, text) X(4, created_at) X(5, created_at_db) X(6, root_id)            \
    X(7, source) X(8, source_id) X(9, author_id) X(10, received_at) X(11, lang) X(12, ref_kind)    \
    X(13, ref_id) X(14, missed)
#define POST_MOVING(F, X)                                                                          \
    F(15, sentiment_score) X(16, signal_score) X(17, processed) X(18, outcome) X(19, label)        \
    X(20, probs) X(21, mentions) X(22, misses) X(23, cues) X(24, model) X(25, likes)               \
    X(26, reposts) X(27, replies) X(28, quotes) X(29, deleted_at) X(30, stage)

/* A signal's score and parts move: the first price may say that the news is priced in. */
#define SIGNAL_FIXED(F, X)                                                                         \
    F(1, id)                                                                                       \
    X(2, tweet_id) X(3, root_id) X(4, cluster_id) X(5, author) X(6, symbol) X(7, side)             \
    X(8, base_score) X(9, posted_at) X(10, created_at)
#define SIGNAL_MOVING(F, X)                                                                        \
    F(11, score)                                                                                   \
    X(12, parts) X(13, verdict) X(14, reason) X(15, trade_id) X(16, seen_price) X(17, approved)    \
    X(18, wants_approval) X(19, expires_at) X(20, departures) X(21, seen_at) X(22, volatility)     \
    X(23, moved) X(24, sigmas)

#define TRADE_FIXED(F, X)                                                                          \
    F(1, id) X(2, tweet_id) X(3, signal_id) X(4, root_id) X(5, cluster_id) X(6, author)            \
    X(7, strategy) X(8, symbol) X(9, side) X(10, leverage) X(11, created_at) X(12, posted_at)      \
    X(13, base_score)
#define TRADE_MOVING(F, X)                                                                         \
    F(14, quantity) X(15, entry_price) X(16, quote_price) X(17, limit_price) X(18, stop_loss)      \
    X(19, take_profit) X(20, status) X(21, pnl) X(22, fees) X(23, closed_reason)                   \
    X(24, entered_at) X(25, closed_at) X(26, hold_until) X(27, signed_at) X(28, recv_window)       \
    X(29, epoch) X(30, held) X(31, basis) X(32, generation) X(33, list_coid) X(34, exit_due)       \
    X(35, exit_reason) X(36, exit_since) X(37, exit_sent) X(38, shrink_due) X(39, shrunk_reason)

#define ORDER_FIXED(F, X)                                                                          \
    F(1, id) X(2, trade_id) X(3, leg) X(4, client_order_id) X(5, symbol) X(6, side) X(7, type)     \
    X(8, tif) X(9, created_at)
#define ORDER_MOVING(F, X)                                                                         \
    F(10, venue_order_id) X(11, quantity) X(12, price) X(13, stop_price) X(14, status)             \
    X(15, filled_quantity) X(16, quote_filled) X(17, updated_at) X(18, signed_at)

#define AUTHOR_FIXED(F, X)                                                                         \
    F(1, key)
#define AUTHOR_MOVING(F, X)                                                                        \
    F(2, username) X(3, posts) X(4, day) X(5, trades_today) X(6, last_trade_at)                    \
    X(7, last_post_at) X(8, first_seen) X(9, heard) X(10, forgotten) X(11, habit)

#define FORECAST_FIXED(F, X)                                                                        \
    F(1, id) X(2, author) X(3, symbol) X(4, side) X(5, listed)
#define FORECAST_MOVING(F, X)                                                                       \
    F(6, from_price) X(7, until_at)

#define RECORD_FIXED(F, X)                                                                         \
    F(1, key)
#define RECORD_MOVING(F, X)                                                                        \
    F(2, signals) X(3, recent) X(4, hits) X(5, mean_return) X(6, dropped) X(7, weight)             \
    X(8, updated_at)

#define ACCOUNT_FIXED(F, X)                                                                        \
    F(1, id)
#define ACCOUNT_MOVING(F, X)                                                                       \
    F(2, start) X(3, cash) X(4, realized) X(5, fees) X(6, day) X(7, day_open) X(8, peak)           \
    X(9, day_tripped) X(10, next_id) X(11, seq) X(12, posts) X(13, signals) X(14, trades)          \
    X(15, install) X(16, at)

#define MEMORY_FIXED(F, X)                                                                         \
    F(1, tweet_id)
#define MEMORY_MOVING(F, X)                                                                        \
    F(2, root_id) X(3, cluster_id) X(4, simhash) X(5, token_count) X(6, author) X(7, at)         \
    X(8, numbers) X(9, opinions) X(10, voice) X(11, keys)

#define DELETION_FIXED(F, X)                                                                       \
    F(1, tweet_id)
#define DELETION_MOVING(F, X)                                                                      \
    F(2, root_id) X(3, author) X(4, actor) X(5, deleted_at) X(6, at)

#define CONTROL_FIXED(F, X)                                                                        \
    F(1, id)
#define CONTROL_MOVING(F, X)                                                                       \
    F(2, mode) X(3, before) X(4, epoch) X(5, reason) X(6, actor) X(7, since) X(8, until)           \
    X(9, by_program)
/* clang-format on */

#define SQL_NAME_FIRST(n, c) #c
#define SQL_NAME(n, c) ", " #c
#define SQL_PARAM_FIRST(n, c) "$" #n
#define SQL_PARAM(n, c) ", $" #n
#define SQL_SET_FIRST(n, c) #c " = excluded." #c
#define SQL_SET(n, c) ", " #c " = excluded." #c

/* Columns of a list, for SELECT. */
#define SQL_COLUMNS(LIST) LIST##_FIXED(SQL_NAME_FIRST, SQL_NAME) LIST##_MOVING(SQL_NAME, SQL_NAME)
/* Puts a whole row: new, or over the one with the same key. */
#define SQL_UPSERT(table, LIST, key)                                                               \
    "INSERT INTO " table                                                                           \
    " (" SQL_COLUMNS(LIST) ") VALUES (" LIST##_FIXED(SQL_PARAM_FIRST, SQL_PARAM) LIST##_MOVING(    \
        SQL_PARAM, SQL_PARAM) ") ON CONFLICT (" key                                                \
                              ") DO UPDATE SET " LIST##_MOVING(SQL_SET_FIRST, SQL_SET)

#endif
