-- The store of one account, in SQLite.
--
-- Amounts, prices and quantities are INTEGER in units of 1e-8 (amount 0.5 is 50000000), times are
-- INTEGER microseconds since 1970 UTC, virtual in virtual time; 9223372036854775807 means "never".
-- The views of 0002_views.sql show both as people write them. NULL means "none": no price, no
-- reason, not yet. Reason codes are those of src/flow/reason.h; they are not checked here, because
-- a new code must not need a new schema.
--
-- Ids of signals, trades, orders and fills are assigned by the trader, never by the database.
-- A list of values is written out with OR: for IN (...) with more than two values SQLite makes a
-- temporary table each time that a row is put, which costs more than putting it.
--
-- Foreign keys are deferred: the rows of one turn may come in any order, the commit checks them.
-- Each has an index on the referring side: while a row waits for the one it refers to, SQLite looks
-- there with each insert.

-- Which files were applied, with the sha256 of each. A file that was applied never changes.
CREATE TABLE migrations (
    version    INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    checksum   TEXT NOT NULL CHECK (length(checksum) = 64),
    applied_at INTEGER NOT NULL
) STRICT;

-- --- what was read -------------------------------------------------------------------------------

-- Posts, from wherever they came. The text stands here and nowhere else.
CREATE TABLE tweets (
    id              INTEGER PRIMARY KEY,  -- X's own, else a negative hash of (source, native id)
    author          TEXT NOT NULL,        -- username, '' if unknown
    text            TEXT NOT NULL,
    created_at      INTEGER NOT NULL,     -- published
    sentiment_score REAL CHECK (sentiment_score BETWEEN -1 AND 1),
    signal_score    INTEGER CHECK (signal_score BETWEEN 0 AND 100), -- largest of its signals
    processed       INTEGER NOT NULL DEFAULT 0 CHECK (processed IN (0, 1)),
    created_at_db   INTEGER NOT NULL,     -- this row was written
    root_id         INTEGER NOT NULL,     -- first post of the edit chain
    source          TEXT NOT NULL,
    source_id       TEXT NOT NULL,        -- native id
    author_id       TEXT NOT NULL,
    received_at     INTEGER NOT NULL,     -- first seen; a repetition does not change it
    lang            TEXT NOT NULL,
    ref_kind        TEXT NOT NULL
                    CHECK (ref_kind = 'none' OR ref_kind = 'retweet' OR ref_kind = 'quote' OR
                           ref_kind = 'reply'),
    ref_id          INTEGER,
    outcome         TEXT CHECK (outcome <> ''),  -- reason code, NULL when it has signals
    label           TEXT CHECK (label = 'negative' OR label = 'neutral' OR label = 'positive'),
    probs           TEXT,                 -- JSON: three shares, in the order of the labels
    mentions        TEXT,                 -- JSON: [{"symbol","confidence","polarity",...}]
    misses          TEXT,                 -- JSON: [{"reason","begin","end"}]
    cues            INTEGER NOT NULL DEFAULT 0,  -- bits, src/flow/reading.h
    model           TEXT,
    likes           INTEGER,
    reposts         INTEGER,
    replies         INTEGER,
    quotes          INTEGER
) STRICT;
CREATE INDEX tweets_by_time ON tweets (created_at, id);
CREATE INDEX tweets_unprocessed ON tweets (id) WHERE processed = 0;

-- What the judge remembers of posts, in the order in which it took them. Old rows are pruned.
CREATE TABLE post_memory (
    seq         INTEGER PRIMARY KEY,
    tweet_id    INTEGER NOT NULL UNIQUE,
    root_id     INTEGER NOT NULL,
    cluster_id  INTEGER NOT NULL,
    simhash     INTEGER NOT NULL,  -- 64 bits, as a signed number
    token_count INTEGER NOT NULL CHECK (token_count >= 0),
    author      TEXT NOT NULL,
    at          INTEGER NOT NULL
) STRICT;

CREATE TABLE authors (
    key           TEXT PRIMARY KEY,  -- source:author_id, or source:@username
    username      TEXT NOT NULL,
    posts         INTEGER NOT NULL CHECK (posts >= 0),
    day           INTEGER NOT NULL,  -- UTC day of trades_today
    trades_today  INTEGER NOT NULL CHECK (trades_today >= 0),
    last_trade_at INTEGER,
    last_post_at  INTEGER
) STRICT;

-- Spans and pieces of input that were lost.
CREATE TABLE gaps (
    id       INTEGER PRIMARY KEY,
    source   TEXT NOT NULL,
    from_at  INTEGER NOT NULL,
    until_at INTEGER NOT NULL,
    what     TEXT NOT NULL
) STRICT;

-- --- what came of it -----------------------------------------------------------------------------

CREATE TABLE signals (
    id             INTEGER PRIMARY KEY,
    tweet_id       INTEGER NOT NULL REFERENCES tweets (id) DEFERRABLE INITIALLY DEFERRED,
    root_id        INTEGER NOT NULL,
    cluster_id     INTEGER NOT NULL,
    author         TEXT NOT NULL,
    symbol         TEXT NOT NULL,
    side           TEXT NOT NULL CHECK (side = 'NONE' OR side = 'LONG' OR side = 'SHORT'),
    score          INTEGER NOT NULL CHECK (score BETWEEN 0 AND 100),
    base_score     INTEGER NOT NULL CHECK (base_score BETWEEN 0 AND 100),
    parts          TEXT NOT NULL,  -- JSON: what the score is made of
    verdict        TEXT NOT NULL
                    CHECK (verdict = 'waiting' OR verdict = 'traded' OR verdict = 'refused'),
    reason         TEXT CHECK (reason <> ''),
    trade_id       INTEGER,  -- no reference: the trade refers to its signal
    seen_price     INTEGER CHECK (seen_price <> 0),
    approved       INTEGER NOT NULL CHECK (approved IN (0, 1)),
    wants_approval INTEGER NOT NULL CHECK (wants_approval IN (0, 1)),
    posted_at      INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX signals_by_tweet ON signals (tweet_id);
CREATE INDEX signals_by_symbol ON signals (symbol);
CREATE INDEX signals_waiting ON signals (id) WHERE verdict = 'waiting';

-- What may be opened once and never again: one row an entry, the key that makes it unique. Copies
-- of one post within 24 hours are kept apart by the statement that inserts.
CREATE TABLE intents (
    root_id    INTEGER NOT NULL,
    symbol     TEXT NOT NULL,
    strategy   TEXT NOT NULL,
    cluster_id INTEGER,
    trade_id   INTEGER NOT NULL UNIQUE REFERENCES trades (id) DEFERRABLE INITIALLY DEFERRED,
    epoch      INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (root_id, symbol, strategy)
) STRICT, WITHOUT ROWID;
CREATE INDEX intents_by_cluster ON intents (cluster_id, symbol, strategy, created_at);

CREATE TABLE trades (
    id            INTEGER PRIMARY KEY,
    tweet_id      INTEGER REFERENCES tweets (id) DEFERRABLE INITIALLY DEFERRED,
    symbol        TEXT NOT NULL,
    side          TEXT NOT NULL CHECK (side IN ('LONG', 'SHORT')),
    leverage      INTEGER NOT NULL DEFAULT 1 CHECK (leverage BETWEEN 1 AND 125),
    quantity      INTEGER NOT NULL CHECK (quantity >= 0),
    entry_price   INTEGER CHECK (entry_price > 0),
    stop_loss     INTEGER CHECK (stop_loss > 0),
    take_profit   INTEGER CHECK (take_profit > 0),
    status        TEXT NOT NULL DEFAULT 'OPEN'
                    CHECK (status = 'OPEN' OR status = 'CLOSED' OR status = 'CANCELLED'),
    pnl           INTEGER NOT NULL DEFAULT 0,  -- realised, after fees
    created_at    INTEGER NOT NULL,
    closed_at     INTEGER,
    signal_id     INTEGER REFERENCES signals (id) DEFERRABLE INITIALLY DEFERRED,
    strategy      TEXT NOT NULL,
    closed_reason TEXT CHECK (closed_reason <> ''),
    fees          INTEGER NOT NULL DEFAULT 0,  -- all of them, in quote
    root_id       INTEGER NOT NULL,
    cluster_id    INTEGER NOT NULL,
    author        TEXT NOT NULL,
    quote_price   INTEGER CHECK (quote_price > 0),
    limit_price   INTEGER CHECK (limit_price > 0),
    entered_at    INTEGER,
    hold_until    INTEGER,
    signed_at     INTEGER,
    recv_window   INTEGER NOT NULL,            -- microseconds
    epoch         INTEGER NOT NULL,
    held          INTEGER NOT NULL CHECK (held >= 0),
    basis         INTEGER NOT NULL,
    generation    INTEGER NOT NULL CHECK (generation >= 0),
    list_coid     TEXT,
    exit_due      INTEGER NOT NULL CHECK (exit_due IN (0, 1)),
    exit_reason   TEXT CHECK (exit_reason <> ''),
    exit_since    INTEGER,
    exit_sent     INTEGER NOT NULL CHECK (exit_sent IN (0, 1))
) STRICT;
CREATE INDEX trades_by_tweet ON trades (tweet_id);
CREATE INDEX trades_by_signal ON trades (signal_id);
CREATE INDEX trades_by_symbol ON trades (symbol);
CREATE INDEX trades_open ON trades (id) WHERE status = 'OPEN';
CREATE INDEX trades_ended ON trades (closed_at) WHERE closed_at IS NOT NULL;

CREATE TABLE orders (
    id              INTEGER PRIMARY KEY,
    trade_id        INTEGER REFERENCES trades (id) DEFERRABLE INITIALLY DEFERRED,
    leg             TEXT NOT NULL
                    CHECK (leg = 'none' OR leg = 'entry' OR leg = 'stop' OR leg = 'target' OR
                           leg = 'exit'),
    client_order_id TEXT NOT NULL UNIQUE CHECK (client_order_id <> ''),
    venue_order_id  TEXT,
    symbol          TEXT NOT NULL,
    side            TEXT NOT NULL CHECK (side IN ('BUY', 'SELL')),
    type            TEXT NOT NULL
                    CHECK (type = 'LIMIT' OR type = 'LIMIT_MAKER' OR type = 'MARKET' OR
                           type = 'STOP_LOSS' OR type = 'STOP_LOSS_LIMIT' OR
                           type = 'TAKE_PROFIT' OR type = 'TAKE_PROFIT_LIMIT'),
    tif             TEXT NOT NULL
                    CHECK (tif = 'NONE' OR tif = 'GTC' OR tif = 'IOC' OR tif = 'FOK'),
    quantity        INTEGER NOT NULL CHECK (quantity >= 0),
    price           INTEGER CHECK (price > 0),
    stop_price      INTEGER CHECK (stop_price > 0),
    status          TEXT NOT NULL
                    CHECK (status = 'new' OR status = 'sent' OR status = 'unknown' OR
                           status = 'pending' OR status = 'open' OR status = 'part' OR
                           status = 'filled' OR status = 'rejected' OR status = 'expired' OR
                           status = 'canceled' OR status = 'absent'),
    filled_quantity INTEGER NOT NULL DEFAULT 0 CHECK (filled_quantity >= 0),
    quote_filled    INTEGER NOT NULL DEFAULT 0 CHECK (quote_filled >= 0),
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    signed_at       INTEGER
) STRICT;
CREATE INDEX orders_by_trade ON orders (trade_id);

CREATE TABLE fills (
    id             INTEGER PRIMARY KEY,
    trade_id       INTEGER REFERENCES trades (id) DEFERRABLE INITIALLY DEFERRED,
    order_id       INTEGER REFERENCES orders (id) DEFERRABLE INITIALLY DEFERRED,
    symbol         TEXT NOT NULL,
    side           TEXT NOT NULL CHECK (side IN ('BUY', 'SELL')),
    leg            TEXT NOT NULL
                    CHECK (leg = 'none' OR leg = 'entry' OR leg = 'stop' OR leg = 'target' OR
                           leg = 'exit'),
    quantity       INTEGER NOT NULL CHECK (quantity > 0),
    price          INTEGER NOT NULL CHECK (price > 0),
    quote          INTEGER NOT NULL CHECK (quote >= 0),
    fee            INTEGER NOT NULL,
    fee_asset      TEXT NOT NULL,
    fee_in_base    INTEGER NOT NULL CHECK (fee_in_base IN (0, 1)),
    filled_at      INTEGER NOT NULL,
    venue_trade_id TEXT,
    UNIQUE (symbol, venue_trade_id)
) STRICT;
CREATE INDEX fills_by_trade ON fills (trade_id);
CREATE INDEX fills_by_order ON fills (order_id);

CREATE TABLE positions (
    id             INTEGER PRIMARY KEY,
    symbol         TEXT NOT NULL UNIQUE,
    size           INTEGER NOT NULL CHECK (size <> 0),  -- negative when SHORT
    avg_entry      INTEGER NOT NULL CHECK (avg_entry >= 0),
    leverage       INTEGER NOT NULL DEFAULT 1 CHECK (leverage BETWEEN 1 AND 125),
    unrealized_pnl INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    trade_id       INTEGER REFERENCES trades (id) DEFERRABLE INITIALLY DEFERRED
) STRICT;

CREATE TABLE equity (
    at         INTEGER PRIMARY KEY,
    equity     INTEGER NOT NULL,
    cash       INTEGER NOT NULL,
    unrealized INTEGER NOT NULL,
    drawdown   INTEGER NOT NULL  -- basis points of the UTC day's opening equity
) STRICT;

-- Totals that no other row gives back.
CREATE TABLE account (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    start       INTEGER NOT NULL,
    cash        INTEGER NOT NULL,
    realized    INTEGER NOT NULL,
    fees        INTEGER NOT NULL,
    day         INTEGER NOT NULL,
    day_open    INTEGER NOT NULL,
    peak        INTEGER NOT NULL,
    day_tripped INTEGER NOT NULL CHECK (day_tripped IN (0, 1)),
    next_id     INTEGER NOT NULL CHECK (next_id >= 0),
    seq         INTEGER NOT NULL CHECK (seq >= 0),
    posts       INTEGER NOT NULL,
    signals     INTEGER NOT NULL,
    trades      INTEGER NOT NULL,
    install     TEXT NOT NULL,
    at          INTEGER NOT NULL  -- the last turn
) STRICT;

-- --- who decides ---------------------------------------------------------------------------------

-- The mode. An opening intent commits only under the epoch that it was made in.
CREATE TABLE control (
    id           INTEGER PRIMARY KEY CHECK (id = 1),
    mode         TEXT NOT NULL
                    CHECK (mode = 'auto' OR mode = 'manual' OR mode = 'observe' OR
                           mode = 'halted'),
    before       TEXT NOT NULL
                    CHECK (before = 'auto' OR before = 'manual' OR before = 'observe' OR
                           before = 'halted'),
    epoch        INTEGER NOT NULL CHECK (epoch >= 0),
    reason       TEXT NOT NULL,
    actor        TEXT NOT NULL,
    since        INTEGER NOT NULL,
    until        INTEGER NOT NULL,
    by_program   INTEGER NOT NULL CHECK (by_program IN (0, 1)),
    leader_token INTEGER
) STRICT;

-- What people asked for, until the trader has answered it.
CREATE TABLE commands (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,
    actor   TEXT NOT NULL,
    verb    TEXT NOT NULL,
    reason  TEXT NOT NULL,
    target  INTEGER,
    mode    TEXT NOT NULL
                    CHECK (mode = 'auto' OR mode = 'manual' OR mode = 'observe' OR
                           mode = 'halted'),
    until   INTEGER NOT NULL,
    key     TEXT UNIQUE CHECK (key <> ''),  -- idempotency key
    status  TEXT NOT NULL DEFAULT 'pending'
                    CHECK (status = 'pending' OR status = 'done' OR status = 'failed'),
    result  TEXT,
    done_at INTEGER,
    CHECK ((status = 'pending') = (result IS NULL))
) STRICT;
CREATE INDEX commands_pending ON commands (id) WHERE status = 'pending';

CREATE TABLE settings (
    key        TEXT PRIMARY KEY,
    value      TEXT NOT NULL,
    actor      TEXT NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- --- what happened, for later --------------------------------------------------------------------

-- Who did what. Each row's hash covers the row before it, so that a change shows (db check).
CREATE TABLE audit_log (
    id        INTEGER PRIMARY KEY,
    at        INTEGER NOT NULL,
    actor     TEXT NOT NULL,
    action    TEXT NOT NULL,
    entity    TEXT NOT NULL,
    entity_id INTEGER,
    trade_id  INTEGER,
    detail    TEXT NOT NULL,
    prev_hash TEXT NOT NULL CHECK (length(prev_hash) = 64),
    hash      TEXT NOT NULL CHECK (length(hash) = 64)
) STRICT;
CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'audit_log is append-only');
END;
CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'audit_log is append-only');
END;

-- How many rows audit_log has, and the last one's hash: what was cut off at its end shows by it.
CREATE TABLE audit_head (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    rows INTEGER NOT NULL CHECK (rows >= 0),
    hash TEXT NOT NULL CHECK (length(hash) = 64)
) STRICT;
INSERT INTO audit_head VALUES (1, 0, printf('%064d', 0));
CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head
BEGIN
    SELECT RAISE(ABORT, 'audit_head is one row');
END;

-- Canonical lines: same posts, prices, seed and configuration give the same lines.
CREATE TABLE ledger (
    seq  INTEGER PRIMARY KEY,
    at   INTEGER NOT NULL,
    line TEXT NOT NULL
) STRICT;

CREATE TABLE dead_letters (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    source   TEXT NOT NULL,
    kind     TEXT NOT NULL,
    payload  TEXT NOT NULL,
    error    TEXT NOT NULL,
    attempts INTEGER NOT NULL CHECK (attempts >= 0),
    first_at INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    status   TEXT NOT NULL DEFAULT 'dead'
                    CHECK (status = 'dead' OR status = 'retried' OR status = 'dropped')
) STRICT;

-- --- the program's own bookkeeping ---------------------------------------------------------------

-- What must move with a turn: offsets of sources, the price cursor, snapshots of the venue.
CREATE TABLE cursors (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

CREATE TABLE workers (
    name       TEXT PRIMARY KEY,
    role       TEXT NOT NULL,
    pid        INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL
) STRICT;

-- What was asked of services that count or charge.
CREATE TABLE api_usage (
    provider TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    day      INTEGER NOT NULL,   -- UTC
    requests INTEGER NOT NULL DEFAULT 0 CHECK (requests >= 0),
    items    INTEGER NOT NULL DEFAULT 0 CHECK (items >= 0),
    cost     INTEGER NOT NULL DEFAULT 0 CHECK (cost >= 0),  -- US dollars
    PRIMARY KEY (provider, endpoint, day)
) STRICT, WITHOUT ROWID;
