-- What was tried with a dead letter, by whom and when, and when it became one.

ALTER TABLE dead_letters ADD COLUMN came_at INTEGER;                     -- NULL: before this was noted
ALTER TABLE dead_letters ADD COLUMN history TEXT NOT NULL DEFAULT '[]';  -- a JSON array (store/tries.h)
ALTER TABLE dead_letters ADD COLUMN post_id INTEGER;                     -- the stored post that it is about
CREATE INDEX dead_letters_came ON dead_letters (came_at);

DROP VIEW dead_letters_v;
CREATE VIEW dead_letters_v AS SELECT
    id, source, kind, payload, error, attempts,
    strftime('%Y-%m-%dT%H:%M:%S', first_at / 1000000, 'unixepoch')
        || printf('.%06dZ', first_at % 1000000) AS first_at,
    strftime('%Y-%m-%dT%H:%M:%S', last_at / 1000000, 'unixepoch')
        || printf('.%06dZ', last_at % 1000000) AS last_at,
    status,
    strftime('%Y-%m-%dT%H:%M:%S', came_at / 1000000, 'unixepoch')
        || printf('.%06dZ', came_at % 1000000) AS came_at,
    history, post_id
FROM dead_letters;
