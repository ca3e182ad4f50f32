-- What came of each author's posts, for those who ask: without it each page of authors would look at
-- all trades.

CREATE INDEX trades_by_author ON trades (author, status, pnl);
