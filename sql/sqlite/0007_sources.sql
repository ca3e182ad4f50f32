-- What sources that are live leave behind: how each stands and how far it is, what it did not see,
-- who is who, what was billed; and the tokens by which programs and people come in.
--
-- A feed is one source, known by its kind and the name under which it stores posts ("x_search:x").
-- Days are whole UTC days since 1970, amounts are dollars.

-- --- posts ---------------------------------------------------------------------------------------

ALTER TABLE tweets ADD COLUMN missed INTEGER NOT NULL DEFAULT 0
    CHECK (missed IN (0, 1));  -- fetched after a gap, not seen as it came
-- How many posts there are of a source, and how many since a moment, by the index alone.
CREATE INDEX tweets_by_source ON tweets (source, received_at);
CREATE INDEX signals_traded ON signals (tweet_id) WHERE verdict = 'traded';

DROP VIEW tweets_v;
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
    replies, quotes,
    strftime('%Y-%m-%dT%H:%M:%S', deleted_at / 1000000, 'unixepoch')
        || printf('.%06dZ', deleted_at % 1000000) AS deleted_at,
    missed
FROM tweets;

-- --- sources -------------------------------------------------------------------------------------

-- One row a source. The state's names are those of src/flow/intake.h; they are not checked here,
-- because a new one must not need a new schema.
CREATE TABLE feeds (
    feed         TEXT PRIMARY KEY,
    kind         TEXT NOT NULL,
    state        TEXT NOT NULL DEFAULT 'starting',
    since        INTEGER NOT NULL,            -- it stands so
    until        INTEGER,                     -- nothing is tried before
    why          TEXT NOT NULL DEFAULT '',    -- a sentence for people
    posts        INTEGER NOT NULL DEFAULT 0,  -- given by the process that wrote this
    missed       INTEGER NOT NULL DEFAULT 0,
    calls        INTEGER NOT NULL DEFAULT 0,
    failures     INTEGER NOT NULL DEFAULT 0,
    last_sign_at INTEGER,
    last_post_at INTEGER,
    blind        INTEGER NOT NULL DEFAULT 0,  -- microseconds of the UTC day of updated_at
    narrow       INTEGER NOT NULL DEFAULT 0 CHECK (narrow IN (0, 1)),
    cursor       TEXT,                        -- how to go on; the source's own text
    updated_at   INTEGER NOT NULL             -- of the state, not of the cursor
) STRICT;

CREATE VIEW feeds_v AS SELECT
    feed, kind, state,
    strftime('%Y-%m-%dT%H:%M:%S', since / 1000000, 'unixepoch')
        || printf('.%06dZ', since % 1000000) AS since,
    strftime('%Y-%m-%dT%H:%M:%S', until / 1000000, 'unixepoch')
        || printf('.%06dZ', until % 1000000) AS until,
    why, posts, missed, calls, failures,
    strftime('%Y-%m-%dT%H:%M:%S', last_sign_at / 1000000, 'unixepoch')
        || printf('.%06dZ', last_sign_at % 1000000) AS last_sign_at,
    strftime('%Y-%m-%dT%H:%M:%S', last_post_at / 1000000, 'unixepoch')
        || printf('.%06dZ', last_post_at % 1000000) AS last_post_at,
    printf('%d.%06d', blind / 1000000, blind % 1000000) AS blind, -- seconds
    narrow, cursor,
    strftime('%Y-%m-%dT%H:%M:%S', updated_at / 1000000, 'unixepoch')
        || printf('.%06dZ', updated_at % 1000000) AS updated_at
FROM feeds;

-- Spans in which posts were not seen. What stood here before was lost.
DROP VIEW gaps_v;
CREATE TABLE gaps_again (
    id         INTEGER PRIMARY KEY,
    source     TEXT NOT NULL,  -- the feed
    from_at    INTEGER NOT NULL,
    until_at   INTEGER NOT NULL,
    what       TEXT NOT NULL,
    state      TEXT NOT NULL
                 CHECK (state = 'open' OR state = 'closed' OR state = 'filled' OR state = 'lost'),
    posts      INTEGER NOT NULL DEFAULT 0 CHECK (posts >= 0),  -- fetched afterwards
    updated_at INTEGER NOT NULL,
    UNIQUE (source, from_at)
) STRICT;
INSERT OR REPLACE INTO gaps_again (id, source, from_at, until_at, what, state, updated_at)
    SELECT id, source, from_at, until_at, what, 'lost', until_at FROM gaps ORDER BY id;
DROP TABLE gaps;
ALTER TABLE gaps_again RENAME TO gaps;
CREATE INDEX gaps_left ON gaps (source, from_at) WHERE state = 'open' OR state = 'closed';

CREATE VIEW gaps_v AS SELECT
    id, source,
    strftime('%Y-%m-%dT%H:%M:%S', from_at / 1000000, 'unixepoch')
        || printf('.%06dZ', from_at % 1000000) AS from_at,
    strftime('%Y-%m-%dT%H:%M:%S', until_at / 1000000, 'unixepoch')
        || printf('.%06dZ', until_at % 1000000) AS until_at,
    what, state, posts,
    strftime('%Y-%m-%dT%H:%M:%S', updated_at / 1000000, 'unixepoch')
        || printf('.%06dZ', updated_at % 1000000) AS updated_at
FROM gaps;

-- Who a name is, asked once and kept. native_id '': there is nobody of this name.
CREATE TABLE handles (
    network     TEXT NOT NULL,
    name        TEXT NOT NULL,
    native_id   TEXT NOT NULL,
    resolved_at INTEGER NOT NULL,
    PRIMARY KEY (network, name)
) STRICT, WITHOUT ROWID;

CREATE VIEW handles_v AS SELECT
    network, name, native_id,
    strftime('%Y-%m-%dT%H:%M:%S', resolved_at / 1000000, 'unixepoch')
        || printf('.%06dZ', resolved_at % 1000000) AS resolved_at
FROM handles;

-- --- what it costs -------------------------------------------------------------------------------

-- What was billed, thing by thing: the same one is billed once a day. Old days are pruned.
CREATE TABLE billed (
    day      INTEGER NOT NULL,
    resource TEXT NOT NULL,
    id       INTEGER NOT NULL,
    PRIMARY KEY (day, resource, id)
) STRICT, WITHOUT ROWID;

CREATE VIEW billed_v AS SELECT
    date(day * 86400, 'unixepoch') AS day,
    resource, id
FROM billed;

-- What came and what was billed of it, by day. (The table of this name that stood here before was
-- never written to.)
DROP VIEW api_usage_v;
DROP TABLE api_usage;
CREATE TABLE api_usage (
    day      INTEGER NOT NULL,
    feed     TEXT NOT NULL,
    resource TEXT NOT NULL,
    returned INTEGER NOT NULL CHECK (returned >= 0),
    billed   INTEGER NOT NULL CHECK (billed >= 0),
    amount   INTEGER NOT NULL CHECK (amount >= 0),
    PRIMARY KEY (day, feed, resource)
) STRICT, WITHOUT ROWID;

CREATE VIEW api_usage_v AS SELECT
    date(day * 86400, 'unixepoch') AS day,
    feed, resource, returned, billed,
    substr('-', 1, amount < 0)
        || printf('%d.%08d', abs(amount) / 100000000, abs(amount) % 100000000) AS amount
FROM api_usage;

-- X's own count of a day's posts, as it was when it was last asked.
CREATE TABLE api_reported (
    day   INTEGER PRIMARY KEY,
    posts INTEGER NOT NULL CHECK (posts >= 0)
) STRICT;

CREATE VIEW api_reported_v AS SELECT
    date(day * 86400, 'unixepoch') AS day,
    posts
FROM api_reported;

-- --- who may come in -----------------------------------------------------------------------------

-- The secret was shown once, when it was made; here stands its SHA-256.
CREATE TABLE tokens (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    name         TEXT NOT NULL CHECK (name <> ''),
    role         TEXT NOT NULL
                   CHECK (role = 'read' OR role = 'ingest' OR role = 'trade' OR role = 'admin'),
    source       TEXT NOT NULL,  -- of a role that brings posts: the one name, else ''
    hash         BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    revoked_at   INTEGER,
    last_used_at INTEGER,
    CHECK ((role = 'ingest') = (source <> ''))
) STRICT;
CREATE UNIQUE INDEX tokens_by_name ON tokens (name) WHERE revoked_at IS NULL;

CREATE VIEW tokens_v AS SELECT
    id, name, role, source, lower(hex(hash)) AS hash,
    strftime('%Y-%m-%dT%H:%M:%S', created_at / 1000000, 'unixepoch')
        || printf('.%06dZ', created_at % 1000000) AS created_at,
    strftime('%Y-%m-%dT%H:%M:%S', expires_at / 1000000, 'unixepoch')
        || printf('.%06dZ', expires_at % 1000000) AS expires_at,
    strftime('%Y-%m-%dT%H:%M:%S', revoked_at / 1000000, 'unixepoch')
        || printf('.%06dZ', revoked_at % 1000000) AS revoked_at,
    strftime('%Y-%m-%dT%H:%M:%S', last_used_at / 1000000, 'unixepoch')
        || printf('.%06dZ', last_used_at % 1000000) AS last_used_at
FROM tokens;
