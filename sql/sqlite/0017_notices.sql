-- What people should be told, to which channel it went, and how the channels are.

CREATE TABLE notices (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    at       INTEGER NOT NULL,
    event    TEXT NOT NULL,             -- of base/notice.h
    what     TEXT NOT NULL,             -- which of them, finer
    text     TEXT NOT NULL,             -- a sentence; no post's text, no author, no secret
    sameness TEXT NOT NULL DEFAULT '',  -- equal ones are the same thing again; '' is like no other
    sorted   INTEGER NOT NULL DEFAULT 0 CHECK (sorted IN (0, 1)),  -- it has its deliveries
    of_id    INTEGER,                   -- the one that this repeats
    repeats  INTEGER NOT NULL DEFAULT 0 CHECK (repeats >= 0)       -- of it, that nobody was told of
) STRICT;
CREATE INDEX notices_new ON notices (id) WHERE sorted = 0;
CREATE INDEX notices_same ON notices (sameness, id) WHERE sameness <> '';
CREATE INDEX notices_repeated ON notices (id) WHERE repeats > 0;

CREATE TABLE deliveries (
    notice_id INTEGER NOT NULL REFERENCES notices (id) ON DELETE CASCADE,
    channel   TEXT NOT NULL,
    urgent    INTEGER NOT NULL CHECK (urgent IN (0, 1)),
    state     TEXT NOT NULL CHECK (state = 'waiting' OR state = 'sending' OR state = 'sent' OR
                                   state = 'failed' OR state = 'left_out'),
    due_at    INTEGER NOT NULL,
    tries     INTEGER NOT NULL DEFAULT 0 CHECK (tries >= 0),
    changed_at INTEGER NOT NULL,
    why       TEXT NOT NULL DEFAULT '', -- of the last failure
    PRIMARY KEY (notice_id, channel)
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_open ON deliveries (channel, due_at) WHERE state = 'waiting' OR state = 'sending';

CREATE TABLE channels (
    name    TEXT PRIMARY KEY,
    state   TEXT NOT NULL CHECK (state = 'new' OR state = 'well' OR state = 'retrying' OR
                                 state = 'refused'),
    since   INTEGER NOT NULL,
    why     TEXT NOT NULL,
    sent_at INTEGER,
    sent    INTEGER NOT NULL DEFAULT 0 CHECK (sent >= 0),
    failed  INTEGER NOT NULL DEFAULT 0 CHECK (failed >= 0)
) STRICT;

CREATE VIEW notices_v AS SELECT
    id,
    strftime('%Y-%m-%dT%H:%M:%S', at / 1000000, 'unixepoch') || printf('.%06dZ', at % 1000000) AS at,
    event, what, text, of_id, repeats
FROM notices;
CREATE VIEW deliveries_v AS SELECT
    notice_id, channel, urgent, state,
    strftime('%Y-%m-%dT%H:%M:%S', due_at / 1000000, 'unixepoch')
        || printf('.%06dZ', due_at % 1000000) AS due_at,
    tries,
    strftime('%Y-%m-%dT%H:%M:%S', changed_at / 1000000, 'unixepoch')
        || printf('.%06dZ', changed_at % 1000000) AS changed_at,
    why
FROM deliveries;
CREATE VIEW channels_v AS SELECT
    name, state,
    strftime('%Y-%m-%dT%H:%M:%S', since / 1000000, 'unixepoch')
        || printf('.%06dZ', since % 1000000) AS since,
    why,
    strftime('%Y-%m-%dT%H:%M:%S', sent_at / 1000000, 'unixepoch')
        || printf('.%06dZ', sent_at % 1000000) AS sent_at,
    sent, failed
FROM channels;
