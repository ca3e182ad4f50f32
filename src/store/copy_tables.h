/* copy_tables: every table, with each of its columns, for who moves them from one database to the
 * other. F is for the first of a table, X for the others: (number, column, kind).
 *
 * kinds: INT; AMOUNT, a number with eight decimals; TIME; BOOL; TEXT; JSON, text that PostgreSQL
 * looks into; BYTES, text that may be anything; BLOB; SCORE, a number that is no amount.
 *
 * The first columns of a table are its key, in the order of its index. Tables stand behind those
 * that they refer to. (tests/contract/test_store_copy.c holds these lists against the databases.)
 */
#ifndef BF_STORE_COPY_TABLES_H
#define BF_STORE_COPY_TABLES_H

/* name, number of columns of the key, the key */
#define COPY_TABLES(T)                                                                             \
    T(tweets, 1, KEY_ID)                                                                           \
    T(deletions, 1, KEY_TWEET)                                                                     \
    T(post_memory, 1, KEY_SEQ)                                                                     \
    T(authors, 1, KEY_KEY)                                                                         \
    T(author_records, 1, KEY_KEY)                                                                  \
    T(signals, 1, KEY_ID)                                                                          \
    T(forecasts, 1, KEY_ID)                                                                        \
    T(trades, 1, KEY_ID)                                                                           \
    T(intents, 3, KEY_INTENT)                                                                      \
    T(orders, 1, KEY_ID)                                                                           \
    T(fills, 1, KEY_ID)                                                                            \
    T(positions, 1, KEY_ID)                                                                        \
    T(equity, 1, KEY_AT)                                                                           \
    T(account, 1, KEY_ID)                                                                          \
    T(candles, 2, KEY_CANDLE)                                                                      \
    T(control, 1, KEY_ID)                                                                          \
    T(commands, 1, KEY_ID)                                                                         \
    T(settings, 1, KEY_KEY)                                                                        \
    T(tokens, 1, KEY_ID)                                                                           \
    T(audit_log, 1, KEY_ID)                                                                        \
    T(ledger, 1, KEY_SEQ)                                                                          \
    T(dead_letters, 1, KEY_ID)                                                                     \
    T(alerts, 1, KEY_ID)                                                                           \
    T(notices, 1, KEY_ID)                                                                          \
    T(deliveries, 2, KEY_DELIVERY)                                                                 \
    T(channels, 1, KEY_NAME)                                                                       \
    T(feeds, 1, KEY_FEED)                                                                          \
    T(gaps, 1, KEY_ID)                                                                             \
    T(handles, 2, KEY_HANDLE)                                                                      \
    T(billed, 3, KEY_BILLED)                                                                       \
    T(api_usage, 3, KEY_USAGE)                                                                     \
    T(api_reported, 1, KEY_DAY)                                                                    \
    T(cursors, 1, KEY_NAME)                                                                        \
    T(workers, 1, KEY_NAME)                                                                        \
    T(pruned, 2, KEY_PRUNED)                                                                       \
    T(audit_anchor, 1, KEY_ID)

/* Macros of up to three columns: the key, and the key from its end. */
#define KEY_UP_1(a) a
#define KEY_UP_2(a, b) a ", " b
#define KEY_UP_3(a, b, c) a ", " b ", " c
#define KEY_DOWN_1(a) a " DESC"
#define KEY_DOWN_2(a, b) a " DESC, " b " DESC"
#define KEY_DOWN_3(a, b, c) a " DESC, " b " DESC, " c " DESC"

#define KEY_ID "id"
#define KEY_TWEET "tweet_id"
#define KEY_SEQ "seq"
#define KEY_KEY "key"
#define KEY_AT "at"
#define KEY_FEED "feed"
#define KEY_DAY "day"
#define KEY_NAME "name"
#define KEY_INTENT "root_id", "symbol", "strategy"
#define KEY_CANDLE "symbol", "open_time"
#define KEY_HANDLE "network", "name"
#define KEY_PRUNED "what", "name"
#define KEY_DELIVERY "notice_id", "channel"
#define KEY_BILLED "day", "resource", "id"
#define KEY_USAGE "day", "feed", "resource"

/* clang-format off */
#define COPY_tweets(F, X)                                                                          \
    F(1, id, INT) X(2, author, TEXT) X(3, text, TEXT) X(4, created_at, TIME)                       \
    X(5, sentiment_score, SCORE) X(6, signal_score, INT) X(7, processed, BOOL) X(8, stage, INT)    \
    X(9, created_at_db, TIME) X(10, root_id, INT) X(11, source, TEXT) X(12, source_id, TEXT)       \
    X(13, author_id, TEXT) X(14, received_at, TIME) X(15, lang, TEXT) X(16, ref_kind, TEXT)        \
    X(17, ref_id, INT) X(18, outcome, TEXT) X(19, label, TEXT) X(20, probs, JSON)                  \
    X(21, mentions, JSON) X(22, misses, JSON) X(23, cues, INT) X(24, model, TEXT)                  \
    X(25, likes, INT) X(26, reposts, INT) X(27, replies, INT) X(28, quotes, INT)                   \
    X(29, deleted_at, TIME) X(30, missed, BOOL)
#define COPY_deletions(F, X)                                                                       \
    F(1, tweet_id, INT) X(2, root_id, INT) X(3, author, TEXT) X(4, actor, TEXT)                    \
    X(5, deleted_at, TIME) X(6, at, TIME)
#define COPY_post_memory(F, X)                                                                     \
    F(1, seq, INT) X(2, tweet_id, INT) X(3, root_id, INT) X(4, cluster_id, INT) X(5, simhash, INT) \
    X(6, token_count, INT) X(7, author, TEXT) X(8, at, TIME) X(9, numbers, INT)                    \
    X(10, opinions, INT) X(11, voice, TEXT) X(12, keys, INT)
#define COPY_authors(F, X)                                                                         \
    F(1, key, TEXT) X(2, username, TEXT) X(3, posts, INT) X(4, day, INT) X(5, trades_today, INT)   \
    X(6, last_trade_at, TIME) X(7, last_post_at, TIME) X(8, first_seen, TIME) X(9, heard, INT)     \
    X(10, forgotten, BOOL) X(11, habit, BLOB)
#define COPY_author_records(F, X)                                                                  \
    F(1, key, TEXT) X(2, signals, INT) X(3, recent, INT) X(4, hits, INT) X(5, mean_return, AMOUNT) \
    X(6, dropped, INT) X(7, weight, INT) X(8, updated_at, TIME)
#define COPY_signals(F, X)                                                                         \
    F(1, id, INT) X(2, tweet_id, INT) X(3, root_id, INT) X(4, cluster_id, INT) X(5, author, TEXT)  \
    X(6, symbol, TEXT) X(7, side, TEXT) X(8, score, INT) X(9, base_score, INT) X(10, parts, JSON)  \
    X(11, departures, TEXT) X(12, verdict, TEXT) X(13, reason, TEXT) X(14, trade_id, INT)          \
    X(15, seen_price, AMOUNT) X(16, seen_at, TIME) X(17, volatility, AMOUNT) X(18, moved, AMOUNT)  \
    X(19, sigmas, AMOUNT) X(20, approved, BOOL) X(21, wants_approval, BOOL) X(22, posted_at, TIME) \
    X(23, created_at, TIME) X(24, expires_at, TIME)
#define COPY_forecasts(F, X)                                                                       \
    F(1, id, INT) X(2, author, TEXT) X(3, symbol, TEXT) X(4, side, TEXT) X(5, listed, BOOL)        \
    X(6, from_price, AMOUNT) X(7, until_at, TIME)
#define COPY_trades(F, X)                                                                          \
    F(1, id, INT) X(2, tweet_id, INT) X(3, symbol, TEXT) X(4, side, TEXT) X(5, leverage, INT)      \
    X(6, quantity, AMOUNT) X(7, entry_price, AMOUNT) X(8, stop_loss, AMOUNT)                       \
    X(9, take_profit, AMOUNT) X(10, status, TEXT) X(11, pnl, AMOUNT) X(12, created_at, TIME)       \
    X(13, closed_at, TIME) X(14, signal_id, INT) X(15, strategy, TEXT) X(16, closed_reason, TEXT)  \
    X(17, fees, AMOUNT) X(18, root_id, INT) X(19, cluster_id, INT) X(20, author, TEXT)             \
    X(21, posted_at, TIME) X(22, base_score, INT) X(23, quote_price, AMOUNT)                       \
    X(24, limit_price, AMOUNT) X(25, entered_at, TIME) X(26, hold_until, TIME)                     \
    X(27, signed_at, TIME) X(28, recv_window, INT) X(29, epoch, INT) X(30, held, AMOUNT)           \
    X(31, basis, AMOUNT) X(32, generation, INT) X(33, list_coid, TEXT) X(34, exit_due, BOOL)       \
    X(35, exit_reason, TEXT) X(36, exit_since, TIME) X(37, exit_sent, BOOL)                        \
    X(38, shrink_due, BOOL) X(39, shrunk_reason, TEXT)
#define COPY_intents(F, X)                                                                         \
    F(1, root_id, INT) X(2, symbol, TEXT) X(3, strategy, TEXT) X(4, cluster_id, INT)               \
    X(5, trade_id, INT) X(6, epoch, INT) X(7, created_at, TIME)
#define COPY_orders(F, X)                                                                          \
    F(1, id, INT) X(2, trade_id, INT) X(3, leg, TEXT) X(4, client_order_id, TEXT)                  \
    X(5, venue_order_id, TEXT) X(6, symbol, TEXT) X(7, side, TEXT) X(8, type, TEXT)                \
    X(9, tif, TEXT) X(10, quantity, AMOUNT) X(11, price, AMOUNT) X(12, stop_price, AMOUNT)         \
    X(13, status, TEXT) X(14, filled_quantity, AMOUNT) X(15, quote_filled, AMOUNT)                 \
    X(16, created_at, TIME) X(17, updated_at, TIME) X(18, signed_at, TIME)
#define COPY_fills(F, X)                                                                           \
    F(1, id, INT) X(2, trade_id, INT) X(3, order_id, INT) X(4, symbol, TEXT) X(5, side, TEXT)      \
    X(6, leg, TEXT) X(7, quantity, AMOUNT) X(8, price, AMOUNT) X(9, quote, AMOUNT)                 \
    X(10, fee, AMOUNT) X(11, fee_asset, TEXT) X(12, fee_in_base, BOOL) X(13, filled_at, TIME)      \
    X(14, venue_trade_id, TEXT)
#define COPY_positions(F, X)                                                                       \
    F(1, id, INT) X(2, symbol, TEXT) X(3, size, AMOUNT) X(4, avg_entry, AMOUNT)                    \
    X(5, leverage, INT) X(6, unrealized_pnl, AMOUNT) X(7, updated_at, TIME) X(8, trade_id, INT)
#define COPY_equity(F, X)                                                                          \
    F(1, at, TIME) X(2, equity, AMOUNT) X(3, cash, AMOUNT) X(4, unrealized, AMOUNT)                \
    X(5, drawdown, INT)
#define COPY_account(F, X)                                                                         \
    F(1, id, INT) X(2, start, AMOUNT) X(3, cash, AMOUNT) X(4, realized, AMOUNT) X(5, fees, AMOUNT) \
    X(6, day, INT) X(7, day_open, AMOUNT) X(8, peak, AMOUNT) X(9, day_tripped, BOOL)               \
    X(10, next_id, INT) X(11, seq, INT) X(12, posts, INT) X(13, signals, INT) X(14, trades, INT)   \
    X(15, install, TEXT) X(16, at, TIME)
#define COPY_candles(F, X)                                                                         \
    F(1, symbol, TEXT) X(2, open_time, TIME) X(3, open, AMOUNT) X(4, high, AMOUNT)                 \
    X(5, low, AMOUNT) X(6, close, AMOUNT) X(7, volume, VOLUME)
#define COPY_control(F, X)                                                                         \
    F(1, id, INT) X(2, mode, TEXT) X(3, before, TEXT) X(4, epoch, INT) X(5, reason, TEXT)          \
    X(6, actor, TEXT) X(7, since, TIME) X(8, until, TIME) X(9, by_program, BOOL)                   \
    X(10, leader_token, INT)
#define COPY_commands(F, X)                                                                        \
    F(1, id, INT) X(2, at, TIME) X(3, actor, TEXT) X(4, verb, TEXT) X(5, reason, TEXT)             \
    X(6, target, INT) X(7, mode, TEXT) X(8, until, TIME) X(9, key, TEXT) X(10, status, TEXT)       \
    X(11, result, TEXT) X(12, done_at, TIME)
#define COPY_settings(F, X)                                                                        \
    F(1, key, TEXT) X(2, value, TEXT) X(3, actor, TEXT) X(4, updated_at, TIME)
#define COPY_tokens(F, X)                                                                          \
    F(1, id, INT) X(2, name, TEXT) X(3, role, TEXT) X(4, source, TEXT) X(5, hash, BLOB)            \
    X(6, created_at, TIME) X(7, expires_at, TIME) X(8, revoked_at, TIME) X(9, last_used_at, TIME)
#define COPY_audit_log(F, X)                                                                       \
    F(1, id, INT) X(2, at, TIME) X(3, actor, TEXT) X(4, action, TEXT) X(5, entity, TEXT)           \
    X(6, entity_id, INT) X(7, trade_id, INT) X(8, detail, TEXT) X(9, prev_hash, TEXT)              \
    X(10, hash, TEXT)
#define COPY_ledger(F, X) F(1, seq, INT) X(2, at, TIME) X(3, line, TEXT)
#define COPY_dead_letters(F, X)                                                                    \
    F(1, id, INT) X(2, source, TEXT) X(3, kind, TEXT) X(4, payload, BYTES) X(5, error, TEXT)       \
    X(6, attempts, INT) X(7, first_at, TIME) X(8, last_at, TIME) X(9, status, TEXT)               \
    X(10, came_at, TIME) X(11, history, JSON) X(12, post_id, INT)
#define COPY_alerts(F, X)                                                                          \
    F(1, id, INT) X(2, at, TIME) X(3, level, TEXT) X(4, source, TEXT) X(5, state, TEXT)            \
    X(6, what, TEXT) X(7, until_at, TIME) X(8, over_at, TIME)
#define COPY_notices(F, X)                                                                         \
    F(1, id, INT) X(2, at, TIME) X(3, event, TEXT) X(4, what, TEXT) X(5, text, TEXT)               \
    X(6, sameness, TEXT) X(7, sorted, BOOL) X(8, of_id, INT) X(9, repeats, INT)
#define COPY_deliveries(F, X)                                                                      \
    F(1, notice_id, INT) X(2, channel, TEXT) X(3, urgent, BOOL) X(4, state, TEXT)                  \
    X(5, due_at, TIME) X(6, tries, INT) X(7, changed_at, TIME) X(8, why, TEXT)
#define COPY_channels(F, X)                                                                        \
    F(1, name, TEXT) X(2, state, TEXT) X(3, since, TIME) X(4, why, TEXT) X(5, sent_at, TIME)       \
    X(6, sent, INT) X(7, failed, INT)
#define COPY_feeds(F, X)                                                                           \
    F(1, feed, TEXT) X(2, kind, TEXT) X(3, state, TEXT) X(4, since, TIME) X(5, until, TIME)        \
    X(6, why, TEXT) X(7, posts, INT) X(8, missed, INT) X(9, calls, INT) X(10, failures, INT)       \
    X(11, last_sign_at, TIME) X(12, last_post_at, TIME) X(13, blind, INT) X(14, narrow, BOOL)      \
    X(15, cursor, TEXT) X(16, updated_at, TIME)
#define COPY_gaps(F, X)                                                                            \
    F(1, id, INT) X(2, source, TEXT) X(3, from_at, TIME) X(4, until_at, TIME) X(5, what, TEXT)     \
    X(6, state, TEXT) X(7, posts, INT) X(8, updated_at, TIME)
#define COPY_handles(F, X)                                                                         \
    F(1, network, TEXT) X(2, name, TEXT) X(3, native_id, TEXT) X(4, resolved_at, TIME)
#define COPY_billed(F, X) F(1, day, INT) X(2, resource, TEXT) X(3, id, INT)
#define COPY_api_usage(F, X)                                                                       \
    F(1, day, INT) X(2, feed, TEXT) X(3, resource, TEXT) X(4, returned, INT) X(5, billed, INT)     \
    X(6, amount, AMOUNT)
#define COPY_api_reported(F, X) F(1, day, INT) X(2, posts, INT) X(3, at, TIME) X(4, counted, INT)
#define COPY_cursors(F, X) F(1, name, TEXT) X(2, value, BLOB)
#define COPY_workers(F, X)                                                                         \
    F(1, name, TEXT) X(2, role, TEXT) X(3, pid, INT) X(4, host, TEXT) X(5, version, TEXT)          \
    X(6, started_at, TIME) X(7, seen_at, TIME) X(8, state, TEXT) X(9, task, TEXT)                  \
    X(10, task_since, TIME) X(11, task_until, TIME) X(12, done, INT) X(13, failed, INT)            \
    X(14, per_minute, INT) X(15, memory, INT) X(16, stopped_at, TIME)
#define COPY_pruned(F, X) F(1, what, TEXT) X(2, name, TEXT) X(3, rows, INT)
#define COPY_audit_anchor(F, X)                                                                    \
    F(1, id, INT) X(2, rows, INT) X(3, hash, TEXT) X(4, at, TIME) X(5, actor, TEXT)
/* clang-format on */

/* Columns whose numbers PostgreSQL counts up by itself. */
#define COPY_COUNTED(X)                                                                            \
    X(post_memory, seq)                                                                            \
    X(positions, id)                                                                               \
    X(commands, id) X(tokens, id) X(dead_letters, id) X(alerts, id) X(gaps, id) X(notices, id)

#endif
