/* trail: stops that follow the price.
 *
 * A stop with a trailingDelta is armed at once, or when the last price reaches its stop price (the
 * side on which that lies is the one that a plain stop of its type has). From then on it keeps the
 * best price seen, the highest for a SELL and the lowest for a BUY, whether it is a STOP_LOSS or a
 * TAKE_PROFIT, and fires when the price turns by the delta from there. Kept is the price that fires
 * it: the best one less (or plus) the delta, at 1e-8, away from the best. It only moves with it.
 *
 * In: the order and the last price, or a candle's range. Out: whether it fires. Within a range the
 * way is not known: what stood at its open fires first; then the extreme that the order likes is
 * followed, and a close that lies beyond the new trigger must have passed it on the way.
 * Failure: a trigger out of the range of prices stays where it was. Pure but for the order. */
#include "match/match_int.h"

bool type_is_trailing(const struct match_order *o) { return o->extra.trailing_bp > 0; }

price trigger_of(const struct match_order *o) {
    return type_is_trailing(o) ? o->trailing : o->stop;
}

/* Has the price turned by the delta? */
static bool turned(const struct match_order *o, price last) {
    if (o->trailing_at == 0) return false;
    return o->side == ORDER_SELL ? price_cmp(last, o->trailing) <= 0
                                 : price_cmp(last, o->trailing) >= 0;
}

static void follow(struct match_order *o, price last) {
    bool sell = o->side == ORDER_SELL;
    int64_t share = BP_ONE + (sell ? -o->extra.trailing_bp : o->extra.trailing_bp);
    price at;
    if (!price_share(last, share, sell ? ROUND_FLOOR : ROUND_CEIL, &at)) return;
    bool better = sell ? price_cmp(at, o->trailing) > 0 : price_cmp(at, o->trailing) < 0;
    if (better || price_is_zero(o->trailing)) o->trailing = at;
}

static void arm(const struct match *m, struct match_order *o, price last) {
    o->trailing_at = m->now;
    follow(o, last);
}

bool trail_fires(const struct match *m, struct match_order *o, price last) {
    if (o->trailing_at != 0) {
        if (turned(o, last)) return true;
        follow(o, last);
    } else if (price_is_zero(o->stop) || stop_fires(o, last)) {
        arm(m, o, last);
    }
    return false;
}

bool trail_fires_within(const struct match *m, struct match_order *o, const struct candle *c) {
    bool sell = o->side == ORDER_SELL, fresh = o->trailing_at == 0;
    price worst = sell ? c->low : c->high, best = sell ? c->high : c->low;
    if (turned(o, worst)) return true;
    if (fresh) {
        bool at_once = price_is_zero(o->stop);
        if (!at_once && !stop_fires(o, c->low) && !stop_fires(o, c->high)) return false;
        price from = at_once ? c->open : o->stop;
        if (price_cmp(from, c->low) < 0) from = c->low;
        if (price_cmp(from, c->high) > 0) from = c->high;
        arm(m, o, from);
    }
    /* Armed on its way down, a SELL cannot know whether the high came before. */
    if (!fresh || price_is_zero(o->stop) || !type_is_loss(o->type)) follow(o, best);
    return turned(o, c->close);
}
