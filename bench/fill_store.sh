#!/bin/sh
# fill_store: a store with many posts, for measuring how lists are read.
#
#   bench/fill_store.sh PATH [POSTS]
#
# PATH must not exist. POSTS (1,000,000) end now and came ten a second; one in twelve has a signal,
# one in sixty a trade. Every value is worked out from its row's number: the same call makes the same
# rows, but for their times. Needs build/bullfinch and sqlite3.
set -eu
path=${1?usage: bench/fill_store.sh PATH [POSTS]}
posts=${2:-1000000}
cd "$(dirname "$0")/.."
: "${BULLFINCH:=build/bullfinch}"
if [ -e "$path" ]; then
    echo "fill_store: $path exists already" >&2
    exit 1
fi
"$BULLFINCH" db migrate --set "store.url=sqlite:$path" >/dev/null
now=$(date +%s)
sqlite3 "$path" >/dev/null <<SQL
PRAGMA journal_mode = WAL;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -200000;
BEGIN;
INSERT INTO account (id, start, cash, realized, fees, day, day_open, peak, day_tripped, next_id, seq,
    posts, signals, trades, install, at)
VALUES (1, 1000000000000, 1000000000000, 0, 0, $now / 86400, 1000000000000, 1000000000000, 0,
    $posts * 4, 0, $posts, $posts / 12, $posts / 60, '0000', $now * 1000000);
INSERT INTO control (id, mode, before, epoch, reason, actor, since, until, by_program)
VALUES (1, 'auto', 'auto', 1, 'measured', 'bench', $now * 1000000, 9223372036854775807, 0);
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $posts)
INSERT INTO tweets (id, author, text, created_at, sentiment_score, signal_score, processed,
    created_at_db, root_id, source, source_id, author_id, received_at, lang, ref_kind, outcome, label,
    probs, mentions, misses, cues, model, likes, reposts, replies, quotes)
SELECT 1500000000000000000 + i * 419430400, 'user_' || (i * 7919 % 40009),
    CASE WHEN i % 12 = 0 THEN 'Post number ' || i || ': \$DOGE looks strong here, I just bought more, '
        || 'this is going to the moon. Very bullish on it, and no I am not selling any of it.'
    ELSE 'Post number ' || i || ': slept well, drank my coffee, watched the birds in the garden for an '
        || 'hour and thought of nothing in particular, which was good.' END,
    ($now - ($posts - i) / 10.0) * 1000000, ((i * 31) % 2001 - 1000) / 1000.0,
    CASE WHEN i % 12 = 0 THEN i * 13 % 101 ELSE 0 END, 1,
    ($now - ($posts - i) / 10.0) * 1000000 + 2000, 1500000000000000000 + i * 419430400, 'x',
    CAST(1500000000000000000 + i * 419430400 AS TEXT), CAST(1000000 + i * 7919 % 40009 AS TEXT),
    ($now - ($posts - i) / 10.0) * 1000000 + 800, 'en', 'none',
    CASE WHEN i % 12 = 0 THEN NULL ELSE 'NO_COIN' END,
    CASE i % 3 WHEN 0 THEN 'positive' WHEN 1 THEN 'neutral' ELSE 'negative' END,
    '[0.1000,0.2000,0.7000]',
    CASE WHEN i % 12 = 0 THEN '[{"symbol":"DOGEUSDT","confidence":0.9800,"polarity":0.9100,'
        || '"reason":"cashtag","begin":22,"end":27}]' ELSE '[]' END,
    '[]', 0, 'linear-2', i % 100, i % 30, i % 7, i % 5
FROM n;
INSERT INTO signals (id, tweet_id, root_id, cluster_id, author, symbol, side, score, base_score, parts,
    verdict, reason, trade_id, approved, wants_approval, posted_at, created_at, expires_at)
SELECT (id - 1500000000000000000) / 419430400 * 2, id, id, id, 'x:' || author_id, 'DOGEUSDT', 'LONG',
    signal_score, signal_score, '{"confidence":0.9800,"polarity":0.9100,"author":1.0000}',
    CASE WHEN (id - 1500000000000000000) / 419430400 % 60 = 0 THEN 'traded' ELSE 'refused' END,
    CASE WHEN (id - 1500000000000000000) / 419430400 % 60 = 0 THEN NULL ELSE 'BELOW_THRESHOLD' END,
    CASE WHEN (id - 1500000000000000000) / 419430400 % 60 = 0
        THEN (id - 1500000000000000000) / 419430400 * 2 + 1 END,
    0, 0, created_at, created_at + 5000, created_at + 60000000
FROM tweets WHERE outcome IS NULL ORDER BY created_at;
INSERT INTO trades (id, tweet_id, symbol, side, leverage, quantity, entry_price, stop_loss, take_profit,
    status, pnl, created_at, closed_at, signal_id, strategy, closed_reason, fees, root_id, cluster_id,
    author, entered_at, hold_until, recv_window, epoch, held, basis, generation, exit_due, exit_sent)
SELECT trade_id, tweet_id, symbol, side, 1, 25000000000, 40000000, 39200000, 41600000, 'CLOSED',
    (id % 600 - 300) * 1000000, created_at + 1000, created_at + 600000000, id, 'post',
    CASE WHEN id % 600 < 300 THEN 'STOP' ELSE 'TARGET' END, 20000000, tweet_id, tweet_id, author,
    created_at + 2000, created_at + 3600000000, 1000000, 1, 0, 0, 1, 0, 0
FROM signals WHERE verdict = 'traded' ORDER BY id;
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
INSERT INTO equity (at, equity, cash, unrealized, drawdown)
SELECT ($now - (20000 - i) * 60) * 1000000, 1000000000000 + (i * 7919 % 10007) * 1000000,
    1000000000000, 0, i % 50 FROM n;
COMMIT;
PRAGMA wal_checkpoint(TRUNCATE);
SQL
