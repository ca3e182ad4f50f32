/* market_same: are two events of a market the same? By their members: padding says nothing. */
#ifndef BF_TESTS_LIB_MARKET_SAME_H
#define BF_TESTS_LIB_MARKET_SAME_H

#include "market/market.h"

static inline bool candle_same(const struct candle *a, const struct candle *b) {
    return a->sym == b->sym && a->open_at == b->open_at && a->close_at == b->close_at &&
           price_cmp(a->open, b->open) == 0 && price_cmp(a->high, b->high) == 0 &&
           price_cmp(a->low, b->low) == 0 && price_cmp(a->close, b->close) == 0 &&
           volume_e8(a->volume) == volume_e8(b->volume);
}

static inline bool quote_same(const struct quote *a, const struct quote *b) {
    return a->sym == b->sym && a->at == b->at && price_cmp(a->last, b->last) == 0 &&
           price_cmp(a->bid, b->bid) == 0 && price_cmp(a->ask, b->ask) == 0 &&
           a->interval == b->interval;
}

static inline bool market_event_same(const struct market_event *a, const struct market_event *b) {
    return a->kind == b->kind && a->at == b->at && a->sym == b->sym &&
           (a->kind != MARKET_QUOTE || quote_same(&a->quote, &b->quote)) &&
           (a->kind != MARKET_CANDLE || candle_same(&a->candle, &b->candle));
}

#endif
