-- What lists of the HTTP interface are found by. Each begins with what is asked for and goes on with the
-- order of the list, so that a page costs the same however many rows there are.

CREATE INDEX tweets_by_author ON tweets (author COLLATE NOCASE, created_at, id);
CREATE INDEX signals_by_time ON signals (created_at);
CREATE INDEX trades_by_time ON trades (created_at);
CREATE INDEX audit_by_trade ON audit_log (trade_id) WHERE trade_id IS NOT NULL;
CREATE INDEX dead_letters_dead ON dead_letters (id) WHERE status = 'dead';
-- Posts that came to no signal, by why; counted over a span.
CREATE INDEX tweets_by_outcome ON tweets (outcome, created_at) WHERE outcome IS NOT NULL;
