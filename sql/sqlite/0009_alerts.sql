-- What a person should know of sources, told once when it begins and once when it is over; and when X
-- was asked for its own count, with ours at that moment.

CREATE TABLE alerts (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    at       INTEGER NOT NULL,
    level    TEXT NOT NULL CHECK (level = 'unusual' OR level = 'info'),  -- info: it is over
    source   TEXT NOT NULL,                                              -- the feed
    state    TEXT NOT NULL,
    what     TEXT NOT NULL,                                              -- a sentence
    until_at INTEGER,                                                    -- nothing is tried before
    over_at  INTEGER                                                     -- of an unusual one; NULL: it lasts
) STRICT;
CREATE INDEX alerts_lasting ON alerts (source) WHERE over_at IS NULL AND level = 'unusual';

CREATE VIEW alerts_v AS SELECT
    id,
    strftime('%Y-%m-%dT%H:%M:%S', at / 1000000, 'unixepoch') || printf('.%06dZ', at % 1000000) AS at,
    level, source, state, what,
    strftime('%Y-%m-%dT%H:%M:%S', until_at / 1000000, 'unixepoch')
        || printf('.%06dZ', until_at % 1000000) AS until_at,
    strftime('%Y-%m-%dT%H:%M:%S', over_at / 1000000, 'unixepoch')
        || printf('.%06dZ', over_at % 1000000) AS over_at
FROM alerts;

ALTER TABLE api_reported ADD COLUMN at INTEGER;       -- when X was asked last; NULL: not noted then
ALTER TABLE api_reported ADD COLUMN counted INTEGER;  -- posts and events billed here by then
