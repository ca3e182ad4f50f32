-- Posts that are taken back: deletions, and positions that are halved.
--
-- A deleted post keeps its row, with its ids, its numbers and what came of it; what it said and who
-- said it (text, author) are overwritten by the transaction that learns of the deletion.

-- Word that a post was deleted, whether it has come or not. Never removed: a post that comes once
-- more, in a year, is not kept either.
CREATE TABLE deletions (
    tweet_id   INTEGER PRIMARY KEY,
    root_id    INTEGER NOT NULL,  -- of its edit chain, as far as that was known
    author     TEXT NOT NULL,     -- source:author_id, '' unknown
    actor      TEXT NOT NULL,     -- the source, or who asked for it
    deleted_at INTEGER NOT NULL,  -- at the source
    at         INTEGER NOT NULL   -- of the turn that obeyed
) STRICT;
CREATE INDEX deletions_by_root ON deletions (root_id) WHERE root_id <> tweet_id;
CREATE INDEX deletions_by_time ON deletions (at);

ALTER TABLE tweets ADD COLUMN deleted_at INTEGER;
-- What goes with a post: the other versions of its chain, and retweets, which repeat its text.
CREATE INDEX tweets_versions ON tweets (root_id) WHERE root_id <> id;
CREATE INDEX tweets_retweets ON tweets (ref_id) WHERE ref_kind = 'retweet';

ALTER TABLE trades ADD COLUMN posted_at INTEGER;
ALTER TABLE trades ADD COLUMN base_score INTEGER NOT NULL DEFAULT 0; -- of the signal that opened it
ALTER TABLE trades ADD COLUMN shrink_due INTEGER NOT NULL DEFAULT 0 CHECK (shrink_due IN (0, 1));
ALTER TABLE trades ADD COLUMN shrunk_reason TEXT CHECK (shrunk_reason <> '');

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
        || printf('.%06dZ', deleted_at % 1000000) AS deleted_at
FROM tweets;

DROP VIEW trades_v;
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
    exit_sent,
    strftime('%Y-%m-%dT%H:%M:%S', posted_at / 1000000, 'unixepoch')
        || printf('.%06dZ', posted_at % 1000000) AS posted_at,
    base_score, shrink_due, shrunk_reason
FROM trades;

CREATE VIEW deletions_v AS SELECT
    tweet_id, root_id, author, actor,
    strftime('%Y-%m-%dT%H:%M:%S', deleted_at / 1000000, 'unixepoch')
        || printf('.%06dZ', deleted_at % 1000000) AS deleted_at,
    strftime('%Y-%m-%dT%H:%M:%S', at / 1000000, 'unixepoch')
        || printf('.%06dZ', at % 1000000) AS at
FROM deletions;
