-- The tables as people read them: amounts as exact decimal text with eight decimals, times as
-- RFC 3339 with microseconds ("never" and "none" both show as NULL), basis points as a share of one.
--
-- Integer arithmetic only: a float would lose the last digits of a large amount. The sign stands
-- apart because -0.5 has the whole part 0, and substr() passes NULL on where printf() would not.

CREATE VIEW tweets_v AS SELECT
    id, author, text,
    strftime('%Y-%m-%dT%H:%M:%S', created_at / 1000000, 'unixepoch')
        || printf('.%06dZ', created_at % 1000000) AS created_at,
    sentiment_score, signal_score, processed,
    strftime('%Y-%m-%dT%H:%M:%S', created_at_db / 1000000, 'unixepoch')
        || printf('.%06dZ', created_at_db % 1000000) AS created_at_db,
    root_id, source, source_id, author_id,
    strftime('%Y-%m-%dT%H:%M:%S', received_at / 1000000, 'unixepoch')
        || printf('.%06dZ', received_at % 1000000) AS received_at,
    lang, ref_kind, ref_id, outcome, label, probs, mentions, misses, cues, model, likes, reposts,
    replies, quotes
FROM tweets;

CREATE VIEW signals_v AS SELECT
    id, tweet_id, root_id, cluster_id, author, symbol, side, score, base_score, parts, verdict,
    reason, trade_id,
    substr('-', 1, seen_price < 0)
        || printf('%d.%08d', abs(seen_price) / 100000000, abs(seen_price) % 100000000) AS seen_price,
    approved, wants_approval,
    strftime('%Y-%m-%dT%H:%M:%S', posted_at / 1000000, 'unixepoch')
        || printf('.%06dZ', posted_at % 1000000) AS posted_at,
    strftime('%Y-%m-%dT%H:%M:%S', created_at / 1000000, 'unixepoch')
        || printf('.%06dZ', created_at % 1000000) AS created_at,
    strftime('%Y-%m-%dT%H:%M:%S', expires_at / 1000000, 'unixepoch')
        || printf('.%06dZ', expires_at % 1000000) AS expires_at
FROM signals;

CREATE VIEW intents_v AS SELECT
    root_id, symbol, strategy, cluster_id, trade_id, epoch,
    strftime('%Y-%m-%dT%H:%M:%S', created_at / 1000000, 'unixepoch')
        || printf('.%06dZ', created_at % 1000000) AS created_at
FROM intents;

CREATE VIEW trades_v AS SELECT
    id, tweet_id, symbol, side, leverage,
    substr('-', 1, quantity < 0)
        || printf('%d.%08d', abs(quantity) / 100000000, abs(quantity) % 100000000) AS quantity,
    substr('-', 1, entry_price < 0)
        || printf('%d.%08d', abs(entry_price) / 100000000, abs(entry_price) % 100000000) AS entry_price,
    substr('-', 1, stop_loss < 0)
        || printf('%d.%08d', abs(stop_loss) / 100000000, abs(stop_loss) % 100000000) AS stop_loss,
    substr('-', 1, take_profit < 0)
        || printf('%d.%08d', abs(take_profit) / 100000000, abs(take_profit) % 100000000) AS take_profit,
    status,
    substr('-', 1, pnl < 0) || printf('%d.%08d', abs(pnl) / 100000000, abs(pnl) % 100000000) AS pnl,
    strftime('%Y-%m-%dT%H:%M:%S', created_at / 1000000, 'unixepoch')
        || printf('.%06dZ', created_at % 1000000) AS created_at,
    strftime('%Y-%m-%dT%H:%M:%S', closed_at / 1000000, 'unixepoch')
        || printf('.%06dZ', closed_at % 1000000) AS closed_at,
    signal_id, strategy, closed_reason,
    substr('-', 1, fees < 0)
        || printf('%d.%08d', abs(fees) / 100000000, abs(fees) % 100000000) AS fees,
    root_id, cluster_id, author,
    substr('-', 1, quote_price < 0)
        || printf('%d.%08d', abs(quote_price) / 100000000, abs(quote_price) % 100000000) AS quote_price,
    substr('-', 1, limit_price < 0)
        || printf('%d.%08d', abs(limit_price) / 100000000, abs(limit_price) % 100000000) AS limit_price,
    strftime('%Y-%m-%dT%H:%M:%S', entered_at / 1000000, 'unixepoch')
        || printf('.%06dZ', entered_at % 1000000) AS entered_at,
    strftime('%Y-%m-%dT%H:%M:%S', hold_until / 1000000, 'unixepoch')
        || printf('.%06dZ', hold_until % 1000000) AS hold_until,
    strftime('%Y-%m-%dT%H:%M:%S', signed_at / 1000000, 'unixepoch')
        || printf('.%06dZ', signed_at % 1000000) AS signed_at,
    recv_window, epoch,
    substr('-', 1, held < 0)
        || printf('%d.%08d', abs(held) / 100000000, abs(held) % 100000000) AS held,
    substr('-', 1, basis < 0)
        || printf('%d.%08d', abs(basis) / 100000000, abs(basis) % 100000000) AS basis,
    generation, list_coid, exit_due, exit_reason,
    strftime('%Y-%m-%dT%H:%M:%S', exit_since / 1000000, 'unixepoch')
        || printf('.%06dZ', exit_since % 1000000) AS exit_since,
    exit_sent
FROM trades;

CREATE VIEW orders_v AS SELECT
    id, trade_id, leg, client_order_id, venue_order_id, symbol, side, type, tif,
    substr('-', 1, quantity < 0)
        || printf('%d.%08d', abs(quantity) / 100000000, abs(quantity) % 100000000) AS quantity,
    substr('-', 1, price < 0)
        || printf('%d.%08d', abs(price) / 100000000, abs(price) % 100000000) AS price,
    substr('-', 1, stop_price < 0)
        || printf('%d.%08d', abs(stop_price) / 100000000, abs(stop_price) % 100000000) AS stop_price,
    status,
    substr('-', 1, filled_quantity < 0)
        || printf('%d.%08d', abs(filled_quantity) / 100000000, abs(filled_quantity) % 100000000) AS filled_quantity,
    substr('-', 1, quote_filled < 0)
        || printf('%d.%08d', abs(quote_filled) / 100000000, abs(quote_filled) % 100000000) AS quote_filled,
    strftime('%Y-%m-%dT%H:%M:%S', created_at / 1000000, 'unixepoch')
        || printf('.%06dZ', created_at % 1000000) AS created_at,
    strftime('%Y-%m-%dT%H:%M:%S', updated_at / 1000000, 'unixepoch')
        || printf('.%06dZ', updated_at % 1000000) AS updated_at,
    strftime('%Y-%m-%dT%H:%M:%S', signed_at / 1000000, 'unixepoch')
        || printf('.%06dZ', signed_at % 1000000) AS signed_at
FROM orders;

CREATE VIEW fills_v AS SELECT
    id, trade_id, order_id, symbol, side, leg,
    substr('-', 1, quantity < 0)
        || printf('%d.%08d', abs(quantity) / 100000000, abs(quantity) % 100000000) AS quantity,
    substr('-', 1, price < 0)
        || printf('%d.%08d', abs(price) / 100000000, abs(price) % 100000000) AS price,
    substr('-', 1, quote < 0)
        || printf('%d.%08d', abs(quote) / 100000000, abs(quote) % 100000000) AS quote,
    substr('-', 1, fee < 0) || printf('%d.%08d', abs(fee) / 100000000, abs(fee) % 100000000) AS fee,
    fee_asset, fee_in_base,
    strftime('%Y-%m-%dT%H:%M:%S', filled_at / 1000000, 'unixepoch')
        || printf('.%06dZ', filled_at % 1000000) AS filled_at,
    venue_trade_id
FROM fills;

CREATE VIEW positions_v AS SELECT
    id, symbol,
    substr('-', 1, size < 0)
        || printf('%d.%08d', abs(size) / 100000000, abs(size) % 100000000) AS size,
    substr('-', 1, avg_entry < 0)
        || printf('%d.%08d', abs(avg_entry) / 100000000, abs(avg_entry) % 100000000) AS avg_entry,
    leverage,
    substr('-', 1, unrealized_pnl < 0)
        || printf('%d.%08d', abs(unrealized_pnl) / 100000000, abs(unrealized_pnl) % 100000000) AS unrealized_pnl,
    strftime('%Y-%m-%dT%H:%M:%S', updated_at / 1000000, 'unixepoch')
        || printf('.%06dZ', updated_at % 1000000) AS updated_at,
    trade_id
FROM positions;

CREATE VIEW equity_v AS SELECT
    strftime('%Y-%m-%dT%H:%M:%S', at / 1000000, 'unixepoch')
        || printf('.%06dZ', at % 1000000) AS at,
    substr('-', 1, equity < 0)
        || printf('%d.%08d', abs(equity) / 100000000, abs(equity) % 100000000) AS equity,
    substr('-', 1, cash < 0)
        || printf('%d.%08d', abs(cash) / 100000000, abs(cash) % 100000000) AS cash,
    substr('-', 1, unrealized < 0)
        || printf('%d.%08d', abs(unrealized) / 100000000, abs(unrealized) % 100000000) AS unrealized,
    substr('-', 1, drawdown < 0)
        || printf('%d.%04d', abs(drawdown) / 10000, abs(drawdown) % 10000) AS drawdown
FROM equity;

CREATE VIEW account_v AS SELECT
    substr('-', 1, start < 0)
        || printf('%d.%08d', abs(start) / 100000000, abs(start) % 100000000) AS start,
    substr('-', 1, cash < 0)
        || printf('%d.%08d', abs(cash) / 100000000, abs(cash) % 100000000) AS cash,
    substr('-', 1, realized < 0)
        || printf('%d.%08d', abs(realized) / 100000000, abs(realized) % 100000000) AS realized,
    substr('-', 1, fees < 0)
        || printf('%d.%08d', abs(fees) / 100000000, abs(fees) % 100000000) AS fees,
    day,
    substr('-', 1, day_open < 0)
        || printf('%d.%08d', abs(day_open) / 100000000, abs(day_open) % 100000000) AS day_open,
    substr('-', 1, peak < 0)
        || printf('%d.%08d', abs(peak) / 100000000, abs(peak) % 100000000) AS peak,
    day_tripped, next_id, seq, posts, signals, trades, install,
    strftime('%Y-%m-%dT%H:%M:%S', at / 1000000, 'unixepoch') || printf('.%06dZ', at % 1000000) AS at
FROM account;

CREATE VIEW control_v AS SELECT
    mode, before, epoch, reason, actor,
    strftime('%Y-%m-%dT%H:%M:%S', since / 1000000, 'unixepoch')
        || printf('.%06dZ', since % 1000000) AS since,
    strftime('%Y-%m-%dT%H:%M:%S', until / 1000000, 'unixepoch')
        || printf('.%06dZ', until % 1000000) AS until,
    by_program, leader_token
FROM control;

CREATE VIEW commands_v AS SELECT
    id,
    strftime('%Y-%m-%dT%H:%M:%S', at / 1000000, 'unixepoch')
        || printf('.%06dZ', at % 1000000) AS at,
    actor, verb, reason, target, mode,
    strftime('%Y-%m-%dT%H:%M:%S', until / 1000000, 'unixepoch')
        || printf('.%06dZ', until % 1000000) AS until,
    key, status, result,
    strftime('%Y-%m-%dT%H:%M:%S', done_at / 1000000, 'unixepoch')
        || printf('.%06dZ', done_at % 1000000) AS done_at
FROM commands;

CREATE VIEW audit_log_v AS SELECT
    id,
    strftime('%Y-%m-%dT%H:%M:%S', at / 1000000, 'unixepoch')
        || printf('.%06dZ', at % 1000000) AS at,
    actor, action, entity, entity_id, trade_id, detail, prev_hash, hash
FROM audit_log;

CREATE VIEW authors_v AS SELECT
    key, username, posts, day, trades_today,
    strftime('%Y-%m-%dT%H:%M:%S', last_trade_at / 1000000, 'unixepoch')
        || printf('.%06dZ', last_trade_at % 1000000) AS last_trade_at,
    strftime('%Y-%m-%dT%H:%M:%S', last_post_at / 1000000, 'unixepoch')
        || printf('.%06dZ', last_post_at % 1000000) AS last_post_at
FROM authors;

CREATE VIEW dead_letters_v AS SELECT
    id, source, kind, payload, error, attempts,
    strftime('%Y-%m-%dT%H:%M:%S', first_at / 1000000, 'unixepoch')
        || printf('.%06dZ', first_at % 1000000) AS first_at,
    strftime('%Y-%m-%dT%H:%M:%S', last_at / 1000000, 'unixepoch')
        || printf('.%06dZ', last_at % 1000000) AS last_at,
    status
FROM dead_letters;

CREATE VIEW gaps_v AS SELECT
    id, source,
    strftime('%Y-%m-%dT%H:%M:%S', from_at / 1000000, 'unixepoch')
        || printf('.%06dZ', from_at % 1000000) AS from_at,
    strftime('%Y-%m-%dT%H:%M:%S', until_at / 1000000, 'unixepoch')
        || printf('.%06dZ', until_at % 1000000) AS until_at,
    what
FROM gaps;

CREATE VIEW workers_v AS SELECT
    name, role, pid,
    strftime('%Y-%m-%dT%H:%M:%S', started_at / 1000000, 'unixepoch')
        || printf('.%06dZ', started_at % 1000000) AS started_at,
    strftime('%Y-%m-%dT%H:%M:%S', seen_at / 1000000, 'unixepoch')
        || printf('.%06dZ', seen_at % 1000000) AS seen_at
FROM workers;

CREATE VIEW settings_v AS SELECT
    key, value, actor,
    strftime('%Y-%m-%dT%H:%M:%S', updated_at / 1000000, 'unixepoch')
        || printf('.%06dZ', updated_at % 1000000) AS updated_at
FROM settings;

CREATE VIEW ledger_v AS SELECT
    seq,
    strftime('%Y-%m-%dT%H:%M:%S', at / 1000000, 'unixepoch')
        || printf('.%06dZ', at % 1000000) AS at,
    line
FROM ledger;

CREATE VIEW api_usage_v AS SELECT
    provider, endpoint, day, requests, items,
    substr('-', 1, cost < 0)
        || printf('%d.%08d', abs(cost) / 100000000, abs(cost) % 100000000) AS cost
FROM api_usage;

CREATE VIEW post_memory_v AS SELECT
    seq, tweet_id, root_id, cluster_id, simhash, token_count, author,
    strftime('%Y-%m-%dT%H:%M:%S', at / 1000000, 'unixepoch') || printf('.%06dZ', at % 1000000) AS at
FROM post_memory;
