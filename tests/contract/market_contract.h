/* What every market must do, wherever its prices come from. */
#ifndef BF_TESTS_CONTRACT_MARKET_CONTRACT_H
#define BF_TESTS_CONTRACT_MARKET_CONTRACT_H

#include "market/market.h"

/* Candles of one symbol, in order, without overlaps. */
struct market_history {
    int sym;
    usec interval;
    int count;
    const struct candle *candles;
};

struct market_place {
    const char *name;
    /* Makes a place where a market with these histories can be opened; one at a time. */
    void (*make)(const struct market_history *histories, int count, const struct symbols *symbols);
    struct market *(*open)(struct arena *boot, const struct symbols *symbols);
    void (*remove)(void);
};

/* Runs all tests on a place; returns the number of failures. */
int market_contract_run(const struct market_place *place);

#endif
