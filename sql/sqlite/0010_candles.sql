-- One-minute candles of the prices that a run saw, for the charts: what it knew, not what the market
-- did. A minute that began before a restart is put in parts, which its row joins. Fourteen days stay.

CREATE TABLE candles (
    symbol    TEXT NOT NULL,
    open_time INTEGER NOT NULL,  -- the minute's begin
    open      INTEGER NOT NULL CHECK (open > 0),
    high      INTEGER NOT NULL,
    low       INTEGER NOT NULL CHECK (low > 0),
    close     INTEGER NOT NULL CHECK (close > 0),
    volume    INTEGER CHECK (volume >= 0),  -- NULL: only quotes were seen
    CHECK (high >= open AND high >= close AND low <= open AND low <= close),
    PRIMARY KEY (symbol, open_time)
) STRICT, WITHOUT ROWID;

CREATE VIEW candles_v AS SELECT
    symbol,
    strftime('%Y-%m-%dT%H:%M:%S', open_time / 1000000, 'unixepoch')
        || printf('.%06dZ', open_time % 1000000) AS open_time,
    printf('%d.%08d', open / 100000000, open % 100000000) AS open,
    printf('%d.%08d', high / 100000000, high % 100000000) AS high,
    printf('%d.%08d', low / 100000000, low % 100000000) AS low,
    printf('%d.%08d', close / 100000000, close % 100000000) AS close,
    printf('%d.%08d', volume / 100000000, volume % 100000000) AS volume
FROM candles;
