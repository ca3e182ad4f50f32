/* market: the wrappers around a source of prices; they check what is promised and call through.
 *
 * In: a market of any kind. Out: its events. Invariant that they hold every implementation to:
 * prices are above zero, and a candle's range holds its open and close. Cannot fail: a source that
 * breaks off says so through `complain` and ends. Thread: the one that holds the market. */
#include "market/market.h"

static bool candle_sound(const struct candle *c) {
    return price_e8(c->low) > 0 && price_cmp(c->low, c->open) <= 0 &&
           price_cmp(c->low, c->close) <= 0 && price_cmp(c->open, c->high) <= 0 &&
           price_cmp(c->close, c->high) <= 0 && c->open_at < c->close_at;
}

bool market_next(struct market *m, struct market_event *ret) {
    PRE(m != NULL);
    if (!m->ops->next(m, ret)) return false;
    ERGO(ret->kind == MARKET_QUOTE, price_e8(ret->quote.last) > 0);
    ERGO(ret->kind == MARKET_CANDLE, candle_sound(&ret->candle));
    return true;
}

usec market_peek(struct market *m) {
    PRE(m != NULL);
    return m->ops->peek(m);
}

void market_seek(struct market *m, usec after) {
    PRE(m != NULL);
    m->ops->seek(m, after);
    POST(after == USEC_NEVER || m->ops->peek(m) > after);
}

bool market_is_live(const struct market *m) { return m->ops->stop != NULL; }

void market_stop(struct market *m) {
    PRE(m != NULL);
    if (m->ops->stop != NULL) m->ops->stop(m);
}

void market_counts(const struct market *m, struct market_counts *ret) {
    PRE(m != NULL);
    m->ops->counts(m, ret);
}

void market_close(struct market *m) {
    if (m) m->ops->close(m);
}
