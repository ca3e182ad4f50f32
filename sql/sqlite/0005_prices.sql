-- What rests on prices: how much of a post was priced in, and what came of authors' opinions.

-- What was known of the price when the post was published (its time, the usual move in a minute as a
-- share), and what had become of it when the signal was judged: the move in the signal's direction,
-- and that over the usual one. Shares and multiples in units of 1e-8.
ALTER TABLE signals ADD COLUMN seen_at INTEGER;
ALTER TABLE signals ADD COLUMN volatility INTEGER CHECK (volatility <> 0);
ALTER TABLE signals ADD COLUMN moved INTEGER NOT NULL DEFAULT 0;
ALTER TABLE signals ADD COLUMN sigmas INTEGER NOT NULL DEFAULT 0;

-- Opinions whose outcome is still to come: one row a running one. from_price NULL: it begins at the
-- next price, which must come by until_at; else it is due then.
CREATE TABLE forecasts (
    id         INTEGER PRIMARY KEY,  -- of the signal
    author     TEXT NOT NULL,
    symbol     TEXT NOT NULL,
    side       TEXT NOT NULL CHECK (side = 'LONG' OR side = 'SHORT'),
    listed     INTEGER NOT NULL CHECK (listed IN (0, 1)),
    from_price INTEGER CHECK (from_price > 0),
    until_at   INTEGER NOT NULL
) STRICT;

-- What came of them, by author (source:author_id, or source:@username).
CREATE TABLE author_records (
    key         TEXT PRIMARY KEY,
    signals     INTEGER NOT NULL CHECK (signals >= 0),  -- counted, ever
    recent      INTEGER NOT NULL CHECK (recent BETWEEN 0 AND signals),
    hits        INTEGER NOT NULL CHECK (hits BETWEEN 0 AND recent),  -- of the recent ones
    mean_return INTEGER NOT NULL,  -- a share, 1e-8
    dropped     INTEGER NOT NULL CHECK (dropped >= 0),  -- whose outcome nobody knows
    weight      INTEGER NOT NULL,  -- the factor that comes of it, basis points
    updated_at  INTEGER NOT NULL
) STRICT;

DROP VIEW signals_v;
CREATE VIEW signals_v AS SELECT
    id, tweet_id, root_id, cluster_id, author, symbol, side, score, base_score, parts, verdict,
    reason, departures, trade_id,
    substr('-', 1, seen_price < 0)
        || printf('%d.%08d', abs(seen_price) / 100000000, abs(seen_price) % 100000000) AS seen_price,
    approved, wants_approval,
    strftime('%Y-%m-%dT%H:%M:%S', posted_at / 1000000, 'unixepoch')
        || printf('.%06dZ', posted_at % 1000000) AS posted_at,
    strftime('%Y-%m-%dT%H:%M:%S', created_at / 1000000, 'unixepoch')
        || printf('.%06dZ', created_at % 1000000) AS created_at,
    strftime('%Y-%m-%dT%H:%M:%S', expires_at / 1000000, 'unixepoch')
        || printf('.%06dZ', expires_at % 1000000) AS expires_at,
    strftime('%Y-%m-%dT%H:%M:%S', seen_at / 1000000, 'unixepoch')
        || printf('.%06dZ', seen_at % 1000000) AS seen_at,
    substr('-', 1, volatility < 0)
        || printf('%d.%08d', volatility / 100000000, volatility % 100000000) AS volatility,
    substr('-', 1, moved < 0)
        || printf('%d.%08d', abs(moved) / 100000000, abs(moved) % 100000000) AS moved,
    printf('%d.%08d', sigmas / 100000000, sigmas % 100000000) AS sigmas
FROM signals;

CREATE VIEW forecasts_v AS SELECT
    id, author, symbol, side, listed,
    substr('-', 1, from_price < 0)
        || printf('%d.%08d', from_price / 100000000, from_price % 100000000) AS from_price,
    strftime('%Y-%m-%dT%H:%M:%S', until_at / 1000000, 'unixepoch')
        || printf('.%06dZ', until_at % 1000000) AS until_at
FROM forecasts;

CREATE VIEW author_records_v AS SELECT
    key, signals, recent, hits,
    substr('-', 1, mean_return < 0)
        || printf('%d.%08d', abs(mean_return) / 100000000, abs(mean_return) % 100000000)
        AS mean_return,
    dropped,
    printf('%d.%04d', weight / 10000, weight % 10000) AS weight,
    strftime('%Y-%m-%dT%H:%M:%S', updated_at / 1000000, 'unixepoch')
        || printf('.%06dZ', updated_at % 1000000) AS updated_at
FROM author_records;
