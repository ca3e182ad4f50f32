-- A venue that is wiped, as test networks are every month, counts its trades from 1 again: a trade's
-- number is its own only together with the order it belongs to.
DROP VIEW fills_v;
CREATE TABLE fills_again (
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
    venue_trade_id TEXT
) STRICT;
INSERT INTO fills_again SELECT * FROM fills;
DROP TABLE fills;
ALTER TABLE fills_again RENAME TO fills;
CREATE INDEX fills_by_trade ON fills (trade_id);
CREATE INDEX fills_by_order ON fills (order_id);
CREATE UNIQUE INDEX fills_once ON fills (ifnull(order_id, 0), symbol, venue_trade_id);

CREATE VIEW fills_v AS SELECT
    id, trade_id, order_id, symbol, side, leg,
    substr('-', 1, quantity < 0)
        || printf('%d.%08d', abs(quantity) / 100000000, abs(quantity) % 100000000) AS quantity,
    substr('-', 1, price < 0)
        || printf('%d.%08d', abs(price) / 100000000, abs(price) % 100000000) AS price,
    substr('-', 1, quote < 0)
        || printf('%d.%08d', abs(quote) / 100000000, abs(quote) % 100000000) AS quote,
    substr('-', 1, fee < 0) || printf('%d.%08d', abs(fee) / 100000000, abs(fee) % 100000000) AS fee,
    fee_asset, fee_in_base,
    strftime('%Y-%m-%dT%H:%M:%S', filled_at / 1000000, 'unixepoch')
        || printf('.%06dZ', filled_at % 1000000) AS filled_at,
    venue_trade_id
FROM fills;
