-- How far a post is, where the processes that store it, read it and decide on it are not one: 0 stored, 1
-- read (the trader is still to decide), 2 done. In one process a post is stored when it is done.

ALTER TABLE tweets ADD COLUMN stage INTEGER NOT NULL DEFAULT 2 CHECK (stage BETWEEN 0 AND 2);
-- What is left to do, newest first.
CREATE INDEX tweets_unfinished ON tweets (created_at_db) WHERE stage < 2;
DROP INDEX tweets_unprocessed;  -- the same, by another name, and of no use to anybody

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
    missed, CASE stage WHEN 0 THEN 'stored' WHEN 1 THEN 'read' ELSE 'done' END AS stage
FROM tweets;
