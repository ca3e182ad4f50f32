-- The store of one account, in PostgreSQL.
--
-- Amounts, prices and quantities are NUMERIC(18,8), times are TIMESTAMPTZ (virtual in virtual time;
-- 'infinity' means "never"), spans that are called so are BIGINT microseconds, basis points and days
-- since 1970 are whole numbers. NULL means "none": no price, no reason, not yet. Reason codes are those
-- of src/flow/reason.h; they are not checked here, because a new code must not need a new schema.
--
-- Texts sort and compare byte by byte (COLLATE "C"), whatever the database's language: what a trader
-- loads has one order everywhere. JSON is kept as it was written (JSON, not JSONB).
--
-- Ids of signals, trades, orders and fills are assigned by the trader, never by the database.
--
-- Foreign keys are deferred: the rows of one turn may come in any order, the commit checks them.
--
-- A post is inserted once and, where its reading is done by another process, updated once or twice.
-- No index has a column that such an update changes, and the pages of tweets are filled to 70 %: so
-- the new version stands beside the old one and no index is touched (HOT).

-- Which files were applied, with the sha256 of each. A file that was applied never changes.
CREATE TABLE migrations (
    version    INTEGER PRIMARY KEY,
    name       TEXT COLLATE "C" NOT NULL,
    checksum   TEXT COLLATE "C" NOT NULL CHECK (length(checksum) = 64),
    applied_at TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE migrations IS 'bullfinch store'; -- by this it is known to be ours

-- --- who leads -----------------------------------------------------------------------------------

-- The one trader that may write, by its token: who takes over adds one, so that the sessions of all
-- before it can be told from its own. Beside this row, the holder's session holds an advisory lock of
-- the token's number, which goes with the session: a killed process need not be waited for.
CREATE TABLE leader (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    token      BIGINT NOT NULL CHECK (token >= 0),
    holder     TEXT COLLATE "C" NOT NULL,  -- host and program, for people; '' nobody
    pid        BIGINT NOT NULL,            -- on that host
    taken_at   TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL        -- by this database's clock
);
INSERT INTO leader VALUES (1, 0, '', 0, clock_timestamp(), '-infinity');

-- Stands before each write to a table that trades write to. A trader's session says which token it
-- has (bullfinch.token); sessions of others say nothing and pass. The lock on the row lasts until the
-- transaction ends, so that nobody takes over between the last row and the commit.
CREATE FUNCTION leader_fence() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    mine CONSTANT TEXT := current_setting('bullfinch.token', true);
    held BIGINT;
BEGIN
    IF mine IS NULL OR mine = '' THEN
        RETURN NULL;
    END IF;
    SELECT l.token INTO held FROM leader l WHERE l.id = 1 FOR SHARE;
    IF held IS DISTINCT FROM mine::BIGINT THEN
        RAISE EXCEPTION 'another trader has taken over (token %, this one has %)', held, mine
            USING ERRCODE = 'ZF001';
    END IF;
    RETURN NULL;
END
$$;

-- --- what was read -------------------------------------------------------------------------------

-- Posts, from wherever they came. The text stands here and nowhere else.
CREATE TABLE tweets (
    id              BIGINT PRIMARY KEY,   -- X's own, else a negative hash of (source, native id)
    author          TEXT COLLATE "C" NOT NULL,  -- username, '' if unknown
    text            TEXT COLLATE "C" NOT NULL,
    created_at      TIMESTAMPTZ NOT NULL, -- published
    sentiment_score DOUBLE PRECISION CHECK (sentiment_score BETWEEN -1 AND 1),
    signal_score    INTEGER CHECK (signal_score BETWEEN 0 AND 100), -- largest of its signals
    processed       BOOLEAN NOT NULL DEFAULT FALSE,
    stage           SMALLINT NOT NULL DEFAULT 2
                    CHECK (stage BETWEEN 0 AND 2),  -- 0 stored, 1 read, 2 done
    created_at_db   TIMESTAMPTZ NOT NULL, -- this row was written
    root_id         BIGINT NOT NULL,      -- first post of the edit chain
    source          TEXT COLLATE "C" NOT NULL,
    source_id       TEXT COLLATE "C" NOT NULL,  -- native id
    author_id       TEXT COLLATE "C" NOT NULL,
    received_at     TIMESTAMPTZ NOT NULL, -- first seen; a repetition does not change it
    lang            TEXT COLLATE "C" NOT NULL,
    ref_kind        TEXT COLLATE "C" NOT NULL
                    CHECK (ref_kind IN ('none', 'retweet', 'quote', 'reply')),
    ref_id          BIGINT,
    outcome         TEXT COLLATE "C" CHECK (outcome <> ''),  -- reason code, NULL when it has signals
    label           TEXT COLLATE "C" CHECK (label IN ('negative', 'neutral', 'positive')),
    probs           JSON,                 -- three shares, in the order of the labels
    mentions        JSON,                 -- [{"symbol","confidence","polarity",...}]
    misses          JSON,                 -- [{"reason","begin","end"}]
    cues            BIGINT NOT NULL DEFAULT 0,  -- bits, src/flow/reading.h
    model           TEXT COLLATE "C",
    likes           BIGINT,
    reposts         BIGINT,
    replies         BIGINT,
    quotes          BIGINT,
    deleted_at      TIMESTAMPTZ,
    missed          BOOLEAN NOT NULL DEFAULT FALSE  -- fetched after a gap, not seen as it came
-- A post is written twice, the second time with what was read of it, which is longer: at 40 % both
-- versions fit on a page and no index is touched. The whole is no larger for it than at 70 %.
) WITH (fillfactor = 40, autovacuum_vacuum_scale_factor = 0.05,
        autovacuum_vacuum_insert_scale_factor = 0.05);
CREATE INDEX tweets_by_time ON tweets (created_at, id);
CREATE INDEX tweets_by_author ON tweets (lower(author), created_at, id);
-- How many posts there are of a source, and how many since a moment, by the index alone.
CREATE INDEX tweets_by_source ON tweets (source, received_at);
-- What is left to do (stage) is looked for from the newest to the oldest. The stage itself is in no
-- index: it changes with the second version of each row.
CREATE INDEX tweets_by_storing ON tweets (created_at_db, id);
-- What goes with a post: the other versions of its chain, and retweets, which repeat its text.
CREATE INDEX tweets_versions ON tweets (root_id) WHERE root_id <> id;
CREATE INDEX tweets_retweets ON tweets (ref_id) WHERE ref_kind = 'retweet';

-- Word that a post was deleted, whether it has come or not. Never removed: a post that comes once
-- more, in a year, is not kept either.
CREATE TABLE deletions (
    tweet_id   BIGINT PRIMARY KEY,
    root_id    BIGINT NOT NULL,            -- of its edit chain, as far as that was known
    author     TEXT COLLATE "C" NOT NULL,  -- source:author_id, '' unknown
    actor      TEXT COLLATE "C" NOT NULL,  -- the source, or who asked for it
    deleted_at TIMESTAMPTZ NOT NULL,       -- at the source
    at         TIMESTAMPTZ NOT NULL        -- of the turn that obeyed
);
CREATE INDEX deletions_by_root ON deletions (root_id) WHERE root_id <> tweet_id;
CREATE INDEX deletions_by_time ON deletions (at, tweet_id);

-- What the judge remembers of posts, in the order in which it took them. Old rows are pruned.
CREATE TABLE post_memory (
    seq         BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    tweet_id    BIGINT NOT NULL UNIQUE,
    root_id     BIGINT NOT NULL,
    cluster_id  BIGINT NOT NULL,
    simhash     BIGINT NOT NULL,  -- 64 bits, as a signed number; so are the three below
    token_count INTEGER NOT NULL CHECK (token_count >= 0),
    author      TEXT COLLATE "C" NOT NULL,
    at          TIMESTAMPTZ NOT NULL,
    numbers     BIGINT NOT NULL DEFAULT 0,
    opinions    BIGINT NOT NULL DEFAULT 0,
    voice       TEXT COLLATE "C" NOT NULL DEFAULT 'counts'
                CHECK (voice IN ('counts', 'held', 'refused')),
    keys        BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE authors (
    key           TEXT COLLATE "C" PRIMARY KEY,  -- source:author_id, or source:@username
    username      TEXT COLLATE "C" NOT NULL,
    posts         BIGINT NOT NULL CHECK (posts >= 0),
    day           BIGINT NOT NULL,  -- UTC day of trades_today
    trades_today  BIGINT NOT NULL CHECK (trades_today >= 0),
    last_trade_at TIMESTAMPTZ,
    last_post_at  TIMESTAMPTZ,
    first_seen    TIMESTAMPTZ,
    heard         BIGINT NOT NULL DEFAULT 0,  -- number of his last post among all
    forgotten     BOOLEAN NOT NULL DEFAULT FALSE,
    habit         BYTEA  -- src/flow/habit.h; NULL: none
) WITH (fillfactor = 70);

-- What came of opinions, by author (source:author_id, or source:@username).
CREATE TABLE author_records (
    key         TEXT COLLATE "C" PRIMARY KEY,
    signals     BIGINT NOT NULL CHECK (signals >= 0),  -- counted, ever
    recent      BIGINT NOT NULL CHECK (recent BETWEEN 0 AND signals),
    hits        BIGINT NOT NULL CHECK (hits BETWEEN 0 AND recent),  -- of the recent ones
    mean_return NUMERIC(18,8) NOT NULL,  -- a share
    dropped     BIGINT NOT NULL CHECK (dropped >= 0),  -- whose outcome nobody knows
    weight      INTEGER NOT NULL,  -- the factor that comes of it, basis points
    updated_at  TIMESTAMPTZ NOT NULL
) WITH (fillfactor = 70);

-- --- what came of it -----------------------------------------------------------------------------

CREATE TABLE signals (
    id             BIGINT PRIMARY KEY,
    tweet_id       BIGINT NOT NULL REFERENCES tweets (id) DEFERRABLE INITIALLY DEFERRED,
    root_id        BIGINT NOT NULL,
    cluster_id     BIGINT NOT NULL,
    author         TEXT COLLATE "C" NOT NULL,
    symbol         TEXT COLLATE "C" NOT NULL,
    side           TEXT COLLATE "C" NOT NULL CHECK (side IN ('NONE', 'LONG', 'SHORT')),
    score          INTEGER NOT NULL CHECK (score BETWEEN 0 AND 100),
    base_score     INTEGER NOT NULL CHECK (base_score BETWEEN 0 AND 100),
    parts          JSON NOT NULL,  -- what the score is made of
    departures     TEXT COLLATE "C" CHECK (departures <> ''),  -- from its author's habits
    verdict        TEXT COLLATE "C" NOT NULL
                   CHECK (verdict IN ('waiting', 'traded', 'refused')),
    reason         TEXT COLLATE "C" CHECK (reason <> ''),
    trade_id       BIGINT,  -- no reference: the trade refers to its signal
    seen_price     NUMERIC(18,8) CHECK (seen_price <> 0),
    -- What was known of the price when the post was published (its time, the usual move in a minute
    -- as a share), and what had become of it when the signal was judged: the move in the signal's
    -- direction, and that over the usual one.
    seen_at        TIMESTAMPTZ,
    volatility     NUMERIC(18,8) CHECK (volatility <> 0),
    moved          NUMERIC(18,8) NOT NULL DEFAULT 0,
    sigmas         NUMERIC(18,8) NOT NULL DEFAULT 0,
    approved       BOOLEAN NOT NULL,
    wants_approval BOOLEAN NOT NULL,
    posted_at      TIMESTAMPTZ NOT NULL,
    created_at     TIMESTAMPTZ NOT NULL,
    expires_at     TIMESTAMPTZ NOT NULL
);
CREATE INDEX signals_by_tweet ON signals (tweet_id, id);
CREATE INDEX signals_by_symbol ON signals (symbol, id);
CREATE INDEX signals_by_time ON signals (created_at, id);
CREATE INDEX signals_by_post ON signals (symbol, posted_at);
CREATE INDEX signals_waiting ON signals (id) WHERE verdict = 'waiting';
CREATE INDEX signals_traded ON signals (tweet_id) WHERE verdict = 'traded';

-- Opinions whose outcome is still to come: one row a running one. from_price NULL: it begins at the
-- next price, which must come by until_at; else it is due then.
CREATE TABLE forecasts (
    id         BIGINT PRIMARY KEY,  -- of the signal
    author     TEXT COLLATE "C" NOT NULL,
    symbol     TEXT COLLATE "C" NOT NULL,
    side       TEXT COLLATE "C" NOT NULL CHECK (side IN ('LONG', 'SHORT')),
    listed     BOOLEAN NOT NULL,
    from_price NUMERIC(18,8) CHECK (from_price > 0),
    until_at   TIMESTAMPTZ NOT NULL
);

CREATE TABLE trades (
    id            BIGINT PRIMARY KEY,
    tweet_id      BIGINT REFERENCES tweets (id) DEFERRABLE INITIALLY DEFERRED,
    symbol        TEXT COLLATE "C" NOT NULL,
    side          TEXT COLLATE "C" NOT NULL CHECK (side IN ('LONG', 'SHORT')),
    leverage      INTEGER NOT NULL DEFAULT 1 CHECK (leverage BETWEEN 1 AND 125),
    quantity      NUMERIC(18,8) NOT NULL CHECK (quantity >= 0),
    entry_price   NUMERIC(18,8) CHECK (entry_price > 0),
    stop_loss     NUMERIC(18,8) CHECK (stop_loss > 0),
    take_profit   NUMERIC(18,8) CHECK (take_profit > 0),
    status        TEXT COLLATE "C" NOT NULL DEFAULT 'OPEN'
                  CHECK (status IN ('OPEN', 'CLOSED', 'CANCELLED')),
    pnl           NUMERIC(18,8) NOT NULL DEFAULT 0,  -- realised, after fees
    created_at    TIMESTAMPTZ NOT NULL,
    closed_at     TIMESTAMPTZ,
    signal_id     BIGINT REFERENCES signals (id) DEFERRABLE INITIALLY DEFERRED,
    strategy      TEXT COLLATE "C" NOT NULL,
    closed_reason TEXT COLLATE "C" CHECK (closed_reason <> ''),
    fees          NUMERIC(18,8) NOT NULL DEFAULT 0,  -- all of them, in quote
    root_id       BIGINT NOT NULL,
    cluster_id    BIGINT NOT NULL,
    author        TEXT COLLATE "C" NOT NULL,
    posted_at     TIMESTAMPTZ,
    base_score    INTEGER NOT NULL DEFAULT 0,        -- of the signal that opened it
    quote_price   NUMERIC(18,8) CHECK (quote_price > 0),
    limit_price   NUMERIC(18,8) CHECK (limit_price > 0),
    entered_at    TIMESTAMPTZ,
    hold_until    TIMESTAMPTZ,
    signed_at     TIMESTAMPTZ,
    recv_window   BIGINT NOT NULL,                   -- microseconds
    epoch         BIGINT NOT NULL,
    held          NUMERIC(18,8) NOT NULL CHECK (held >= 0),
    basis         NUMERIC(18,8) NOT NULL,
    generation    INTEGER NOT NULL CHECK (generation >= 0),
    list_coid     TEXT COLLATE "C",
    exit_due      BOOLEAN NOT NULL,
    exit_reason   TEXT COLLATE "C" CHECK (exit_reason <> ''),
    exit_since    TIMESTAMPTZ,
    exit_sent     BOOLEAN NOT NULL,
    shrink_due    BOOLEAN NOT NULL DEFAULT FALSE,
    shrunk_reason TEXT COLLATE "C" CHECK (shrunk_reason <> '')
);
CREATE INDEX trades_by_tweet ON trades (tweet_id);
CREATE INDEX trades_by_signal ON trades (signal_id);
CREATE INDEX trades_by_symbol ON trades (symbol, id);
CREATE INDEX trades_by_time ON trades (created_at);
CREATE INDEX trades_by_author ON trades (author, status, pnl);
CREATE INDEX trades_open ON trades (id) WHERE status = 'OPEN';
CREATE INDEX trades_ended ON trades (closed_at) WHERE closed_at IS NOT NULL;

-- What may be opened once and never again: one row an entry, the key that makes it unique. Copies
-- of one post within 24 hours are kept apart by the statement that inserts.
CREATE TABLE intents (
    root_id    BIGINT NOT NULL,
    symbol     TEXT COLLATE "C" NOT NULL,
    strategy   TEXT COLLATE "C" NOT NULL,
    cluster_id BIGINT,
    trade_id   BIGINT NOT NULL UNIQUE REFERENCES trades (id) DEFERRABLE INITIALLY DEFERRED,
    epoch      BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (root_id, symbol, strategy)
);
CREATE INDEX intents_by_cluster ON intents (cluster_id, symbol, strategy, created_at);

CREATE TABLE orders (
    id              BIGINT PRIMARY KEY,
    trade_id        BIGINT REFERENCES trades (id) DEFERRABLE INITIALLY DEFERRED,
    leg             TEXT COLLATE "C" NOT NULL
                    CHECK (leg IN ('none', 'entry', 'stop', 'target', 'exit')),
    client_order_id TEXT COLLATE "C" NOT NULL UNIQUE CHECK (client_order_id <> ''),
    venue_order_id  TEXT COLLATE "C",
    symbol          TEXT COLLATE "C" NOT NULL,
    side            TEXT COLLATE "C" NOT NULL CHECK (side IN ('BUY', 'SELL')),
    type            TEXT COLLATE "C" NOT NULL
                    CHECK (type IN ('LIMIT', 'LIMIT_MAKER', 'MARKET', 'STOP_LOSS',
                                    'STOP_LOSS_LIMIT', 'TAKE_PROFIT', 'TAKE_PROFIT_LIMIT')),
    tif             TEXT COLLATE "C" NOT NULL CHECK (tif IN ('NONE', 'GTC', 'IOC', 'FOK')),
    quantity        NUMERIC(18,8) NOT NULL CHECK (quantity >= 0),
    price           NUMERIC(18,8) CHECK (price > 0),
    stop_price      NUMERIC(18,8) CHECK (stop_price > 0),
    status          TEXT COLLATE "C" NOT NULL
                    CHECK (status IN ('new', 'sent', 'unknown', 'pending', 'open', 'part',
                                      'filled', 'rejected', 'expired', 'canceled', 'absent')),
    filled_quantity NUMERIC(18,8) NOT NULL DEFAULT 0 CHECK (filled_quantity >= 0),
    quote_filled    NUMERIC(18,8) NOT NULL DEFAULT 0 CHECK (quote_filled >= 0),
    created_at      TIMESTAMPTZ NOT NULL,
    updated_at      TIMESTAMPTZ NOT NULL,
    signed_at       TIMESTAMPTZ
);
CREATE INDEX orders_by_trade ON orders (trade_id, id);

-- A venue that is wiped, as test networks are every month, counts its trades from 1 again: a trade's
-- number is its own only together with the order it belongs to.
CREATE TABLE fills (
    id             BIGINT PRIMARY KEY,
    trade_id       BIGINT REFERENCES trades (id) DEFERRABLE INITIALLY DEFERRED,
    order_id       BIGINT REFERENCES orders (id) DEFERRABLE INITIALLY DEFERRED,
    symbol         TEXT COLLATE "C" NOT NULL,
    side           TEXT COLLATE "C" NOT NULL CHECK (side IN ('BUY', 'SELL')),
    leg            TEXT COLLATE "C" NOT NULL
                   CHECK (leg IN ('none', 'entry', 'stop', 'target', 'exit')),
    quantity       NUMERIC(18,8) NOT NULL CHECK (quantity > 0),
    price          NUMERIC(18,8) NOT NULL CHECK (price > 0),
    quote          NUMERIC(18,8) NOT NULL CHECK (quote >= 0),
    fee            NUMERIC(18,8) NOT NULL,
    fee_asset      TEXT COLLATE "C" NOT NULL,
    fee_in_base    BOOLEAN NOT NULL,
    filled_at      TIMESTAMPTZ NOT NULL,
    venue_trade_id TEXT COLLATE "C"
);
CREATE INDEX fills_by_trade ON fills (trade_id, id);
CREATE INDEX fills_by_order ON fills (order_id);
CREATE UNIQUE INDEX fills_once ON fills (coalesce(order_id, 0), symbol, venue_trade_id);

CREATE TABLE positions (
    id             BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    symbol         TEXT COLLATE "C" NOT NULL UNIQUE,
    size           NUMERIC(18,8) NOT NULL CHECK (size <> 0),  -- negative when SHORT
    avg_entry      NUMERIC(18,8) NOT NULL CHECK (avg_entry >= 0),
    leverage       INTEGER NOT NULL DEFAULT 1 CHECK (leverage BETWEEN 1 AND 125),
    unrealized_pnl NUMERIC(18,8) NOT NULL,
    updated_at     TIMESTAMPTZ NOT NULL,
    trade_id       BIGINT REFERENCES trades (id) DEFERRABLE INITIALLY DEFERRED
) WITH (fillfactor = 50);

CREATE TABLE equity (
    at         TIMESTAMPTZ PRIMARY KEY,
    equity     NUMERIC(18,8) NOT NULL,
    cash       NUMERIC(18,8) NOT NULL,
    unrealized NUMERIC(18,8) NOT NULL,
    drawdown   INTEGER NOT NULL  -- basis points of the UTC day's opening equity
);

-- Totals that no other row gives back.
CREATE TABLE account (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    start       NUMERIC(18,8) NOT NULL,
    cash        NUMERIC(18,8) NOT NULL,
    realized    NUMERIC(18,8) NOT NULL,
    fees        NUMERIC(18,8) NOT NULL,
    day         BIGINT NOT NULL,
    day_open    NUMERIC(18,8) NOT NULL,
    peak        NUMERIC(18,8) NOT NULL,
    day_tripped BOOLEAN NOT NULL,
    next_id     BIGINT NOT NULL CHECK (next_id >= 0),
    seq         BIGINT NOT NULL CHECK (seq >= 0),
    posts       BIGINT NOT NULL,
    signals     BIGINT NOT NULL,
    trades      BIGINT NOT NULL,
    install     TEXT COLLATE "C" NOT NULL,
    at          TIMESTAMPTZ NOT NULL  -- the last turn
) WITH (fillfactor = 10);

-- One-minute candles of the prices that a run saw, for the charts: what it knew, not what the market
-- did. A minute that began before a restart is put in parts, which its row joins. Fourteen days stay.
CREATE TABLE candles (
    symbol    TEXT COLLATE "C" NOT NULL,
    open_time TIMESTAMPTZ NOT NULL,  -- the minute's begin
    open      NUMERIC(18,8) NOT NULL CHECK (open > 0),
    high      NUMERIC(18,8) NOT NULL,
    low       NUMERIC(18,8) NOT NULL CHECK (low > 0),
    close     NUMERIC(18,8) NOT NULL CHECK (close > 0),
    volume    NUMERIC(19,8) CHECK (volume >= 0),  -- NULL: only quotes were seen
    CHECK (high >= open AND high >= close AND low <= open AND low <= close),
    PRIMARY KEY (symbol, open_time)
);

-- --- who decides ---------------------------------------------------------------------------------

-- The mode. An opening intent commits only under the epoch that it was made in.
CREATE TABLE control (
    id           INTEGER PRIMARY KEY CHECK (id = 1),
    mode         TEXT COLLATE "C" NOT NULL
                 CHECK (mode IN ('auto', 'manual', 'observe', 'halted')),
    before       TEXT COLLATE "C" NOT NULL
                 CHECK (before IN ('auto', 'manual', 'observe', 'halted')),
    epoch        BIGINT NOT NULL CHECK (epoch >= 0),
    reason       TEXT COLLATE "C" NOT NULL,
    actor        TEXT COLLATE "C" NOT NULL,
    since        TIMESTAMPTZ NOT NULL,
    until        TIMESTAMPTZ NOT NULL,
    by_program   BOOLEAN NOT NULL,
    leader_token BIGINT
);

-- What people asked for, until the trader has answered it.
CREATE TABLE commands (
    id      BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    at      TIMESTAMPTZ NOT NULL,
    actor   TEXT COLLATE "C" NOT NULL,
    verb    TEXT COLLATE "C" NOT NULL,
    reason  TEXT COLLATE "C" NOT NULL,
    target  BIGINT,
    mode    TEXT COLLATE "C" NOT NULL
            CHECK (mode IN ('auto', 'manual', 'observe', 'halted')),
    until   TIMESTAMPTZ NOT NULL,
    key     TEXT COLLATE "C" UNIQUE CHECK (key <> ''),  -- idempotency key
    status  TEXT COLLATE "C" NOT NULL DEFAULT 'pending'
            CHECK (status IN ('pending', 'done', 'failed')),
    result  TEXT COLLATE "C",
    done_at TIMESTAMPTZ,
    CHECK ((status = 'pending') = (result IS NULL))
);
CREATE INDEX commands_pending ON commands (id) WHERE status = 'pending';

CREATE TABLE settings (
    key        TEXT COLLATE "C" PRIMARY KEY,
    value      TEXT COLLATE "C" NOT NULL,
    actor      TEXT COLLATE "C" NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

-- Who may come in. The secret was shown once, when it was made; here stands its SHA-256.
CREATE TABLE tokens (
    id           BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    name         TEXT COLLATE "C" NOT NULL CHECK (name <> ''),
    role         TEXT COLLATE "C" NOT NULL CHECK (role IN ('read', 'ingest', 'trade', 'admin')),
    source       TEXT COLLATE "C" NOT NULL,  -- of a role that brings posts: the one name, else ''
    hash         BYTEA NOT NULL UNIQUE CHECK (length(hash) = 32),
    created_at   TIMESTAMPTZ NOT NULL,
    expires_at   TIMESTAMPTZ,
    revoked_at   TIMESTAMPTZ,
    last_used_at TIMESTAMPTZ,
    CHECK ((role = 'ingest') = (source <> ''))
);
CREATE UNIQUE INDEX tokens_by_name ON tokens (name) WHERE revoked_at IS NULL;

-- --- what happened, for later --------------------------------------------------------------------

-- Who did what. Each row's hash covers the row before it, so that a change shows (db check).
CREATE TABLE audit_log (
    id        BIGINT PRIMARY KEY,
    at        TIMESTAMPTZ NOT NULL,
    actor     TEXT COLLATE "C" NOT NULL,
    action    TEXT COLLATE "C" NOT NULL,
    entity    TEXT COLLATE "C" NOT NULL,
    entity_id BIGINT,
    trade_id  BIGINT,
    detail    TEXT COLLATE "C" NOT NULL,
    prev_hash TEXT COLLATE "C" NOT NULL CHECK (length(prev_hash) = 64),
    hash      TEXT COLLATE "C" NOT NULL CHECK (length(hash) = 64)
);
CREATE INDEX audit_by_trade ON audit_log (trade_id, id) WHERE trade_id IS NOT NULL;

CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END
$$;
CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- How many rows audit_log has, and the last one's hash: what was cut off at its end shows by it.
CREATE TABLE audit_head (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    rows BIGINT NOT NULL CHECK (rows >= 0),
    hash TEXT COLLATE "C" NOT NULL CHECK (length(hash) = 64)
) WITH (fillfactor = 10);
INSERT INTO audit_head VALUES (1, 0, repeat('0', 64));
CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head
    FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER audit_head_no_truncate BEFORE TRUNCATE ON audit_head
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- Canonical lines: same posts, prices, seed and configuration give the same lines.
CREATE TABLE ledger (
    seq  BIGINT PRIMARY KEY,
    at   TIMESTAMPTZ NOT NULL,
    line TEXT COLLATE "C" NOT NULL
);

-- Jobs that failed too often. The payload is what came, byte by byte: it need not be text.
CREATE TABLE dead_letters (
    id       BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    source   TEXT COLLATE "C" NOT NULL,
    kind     TEXT COLLATE "C" NOT NULL,
    payload  BYTEA NOT NULL,
    error    TEXT COLLATE "C" NOT NULL,
    attempts INTEGER NOT NULL CHECK (attempts >= 0),
    first_at TIMESTAMPTZ NOT NULL,
    last_at  TIMESTAMPTZ NOT NULL,
    status   TEXT COLLATE "C" NOT NULL DEFAULT 'dead'
             CHECK (status IN ('dead', 'retried', 'dropped'))
);
CREATE INDEX dead_letters_dead ON dead_letters (id) WHERE status = 'dead';

-- What a person should know of sources, told once when it begins and once when it is over.
CREATE TABLE alerts (
    id       BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    at       TIMESTAMPTZ NOT NULL,
    level    TEXT COLLATE "C" NOT NULL CHECK (level IN ('unusual', 'info')),  -- info: it is over
    source   TEXT COLLATE "C" NOT NULL,  -- the feed
    state    TEXT COLLATE "C" NOT NULL,
    what     TEXT COLLATE "C" NOT NULL,  -- a sentence
    until_at TIMESTAMPTZ,                -- nothing is tried before
    over_at  TIMESTAMPTZ                 -- of an unusual one; NULL: it lasts
);
CREATE INDEX alerts_lasting ON alerts (source) WHERE over_at IS NULL AND level = 'unusual';

-- --- sources -------------------------------------------------------------------------------------

-- A feed is one source, known by its kind and the name under which it stores posts ("x_search:x").
-- The state's names are those of src/flow/intake.h; they are not checked here, because a new one must
-- not need a new schema.
CREATE TABLE feeds (
    feed         TEXT COLLATE "C" PRIMARY KEY,
    kind         TEXT COLLATE "C" NOT NULL,
    state        TEXT COLLATE "C" NOT NULL DEFAULT 'starting',
    since        TIMESTAMPTZ NOT NULL,           -- it stands so
    until        TIMESTAMPTZ,                    -- nothing is tried before
    why          TEXT COLLATE "C" NOT NULL DEFAULT '',  -- a sentence for people
    posts        BIGINT NOT NULL DEFAULT 0,      -- given by the process that wrote this
    missed       BIGINT NOT NULL DEFAULT 0,
    calls        BIGINT NOT NULL DEFAULT 0,
    failures     BIGINT NOT NULL DEFAULT 0,
    last_sign_at TIMESTAMPTZ,
    last_post_at TIMESTAMPTZ,
    blind        BIGINT NOT NULL DEFAULT 0,      -- microseconds of the UTC day of updated_at
    narrow       BOOLEAN NOT NULL DEFAULT FALSE,
    cursor       TEXT COLLATE "C",               -- how to go on; the source's own text
    updated_at   TIMESTAMPTZ NOT NULL            -- of the state, not of the cursor
) WITH (fillfactor = 50);

-- Spans in which posts were not seen.
CREATE TABLE gaps (
    id         BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    source     TEXT COLLATE "C" NOT NULL,  -- the feed
    from_at    TIMESTAMPTZ NOT NULL,
    until_at   TIMESTAMPTZ NOT NULL,
    what       TEXT COLLATE "C" NOT NULL,
    state      TEXT COLLATE "C" NOT NULL CHECK (state IN ('open', 'closed', 'filled', 'lost')),
    posts      BIGINT NOT NULL DEFAULT 0 CHECK (posts >= 0),  -- fetched afterwards
    updated_at TIMESTAMPTZ NOT NULL,
    UNIQUE (source, from_at)
);
CREATE INDEX gaps_left ON gaps (source, from_at) WHERE state IN ('open', 'closed');

-- Who a name is, asked once and kept. native_id '': there is nobody of this name.
CREATE TABLE handles (
    network     TEXT COLLATE "C" NOT NULL,
    name        TEXT COLLATE "C" NOT NULL,
    native_id   TEXT COLLATE "C" NOT NULL,
    resolved_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (network, name)
);

-- What was billed, thing by thing: the same one is billed once a day. Old days are pruned.
CREATE TABLE billed (
    day      BIGINT NOT NULL,
    resource TEXT COLLATE "C" NOT NULL,
    id       BIGINT NOT NULL,
    PRIMARY KEY (day, resource, id)
);

-- What came and what was billed of it, by day; amounts are dollars.
CREATE TABLE api_usage (
    day      BIGINT NOT NULL,
    feed     TEXT COLLATE "C" NOT NULL,
    resource TEXT COLLATE "C" NOT NULL,
    returned BIGINT NOT NULL CHECK (returned >= 0),
    billed   BIGINT NOT NULL CHECK (billed >= 0),
    amount   NUMERIC(18,8) NOT NULL CHECK (amount >= 0),
    PRIMARY KEY (day, feed, resource)
);

-- X's own count of a day's posts, as it was when it was last asked.
CREATE TABLE api_reported (
    day     BIGINT PRIMARY KEY,
    posts   BIGINT NOT NULL CHECK (posts >= 0),
    at      TIMESTAMPTZ,  -- when X was asked last; NULL: not noted then
    counted BIGINT        -- posts and events billed here by then
);

-- --- the program's own bookkeeping ---------------------------------------------------------------

-- What must move with a turn: offsets of sources, the price cursor, snapshots of the venue.
CREATE TABLE cursors (
    name  TEXT COLLATE "C" PRIMARY KEY,
    value BYTEA NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE workers (
    name       TEXT COLLATE "C" PRIMARY KEY,
    role       TEXT COLLATE "C" NOT NULL,
    pid        BIGINT NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    seen_at    TIMESTAMPTZ NOT NULL
) WITH (fillfactor = 50);

-- --- the fence -----------------------------------------------------------------------------------

DO $$
DECLARE
    fenced TEXT;
BEGIN
    FOREACH fenced IN ARRAY ARRAY[
        'tweets', 'deletions', 'post_memory', 'authors', 'author_records', 'signals', 'forecasts',
        'trades', 'intents', 'orders', 'fills', 'positions', 'equity', 'account', 'control',
        'commands', 'audit_log', 'audit_head', 'ledger', 'cursors']
    LOOP
        EXECUTE format('CREATE TRIGGER leader_fence BEFORE INSERT OR UPDATE OR DELETE ON %I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION leader_fence()', fenced);
    END LOOP;
END
$$;
