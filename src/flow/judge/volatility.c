/* volatility: an average of squared returns that forgets, over any spacing of prices.
 *
 * In: prices with their times, as the trader sees them: candles' opens and closes in a replay,
 * trades or books live. Out: the usual move in a minute.
 *
 * A return is taken when at least a minute has passed since the last price taken. Shorter ones
 * measure the bounce between bid and ask more than the coin; and so one-minute candles and a live
 * stream measure the same thing. The return is 2 (b - a) / (a + b), which is ln(b / a) but for a
 * twelfth of its cube, and which is the same up and down.
 *
 * With r the return, dt the time that it took and M the memory,
 *
 *   rate   = (M * rate   + r^2) / (M + dt)       squared return a second
 *   filled = (M * filled + dt)  / (M + dt)       what of the average rests on something
 *   usual move in a minute = sqrt(60 * rate / filled)
 *
 * This is the moving average that forgets at 1/M, with a step that is exact for any dt: a return
 * over five minutes counts as five of one minute each, no exponential is needed, and dividing by
 * `filled` makes the first returns an average of themselves instead of one with zeros.
 *
 * Gaps: a return over more than the memory says nothing of how the price moves now. Then nothing is
 * taken over it, and the average begins anew. Until VOLATILITY_LEAST returns stand there, the
 * volatility is not known, and those who ask are told so (0) instead of a guess.
 *
 * Invariants: integers only; no state but the struct. rate <= 4e16 (a return is at most 2), so that
 * nothing overflows 128 bits, and what is kept fits 64. Thread: the trader's. */
#include "flow/judge/volatility.h"

__extension__ typedef __int128 wide_int;

#define MOVE_MAX (1000 * E8)

int64_t i64_sqrt(int64_t v) {
    PRE(v >= 0);
    int64_t root = 0, rest = v;
    for (int64_t bit = INT64_C(1) << 62; bit != 0; bit >>= 2) {
        if (rest >= root + bit) {
            rest -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    return root;
}

int64_t price_move(price from, price to) {
    if (price_is_zero(from)) return 0;
    const wide_int moved = ((wide_int)price_e8(to) - price_e8(from)) * E8 / price_e8(from);
    return moved > MOVE_MAX ? MOVE_MAX : moved < -MOVE_MAX ? -MOVE_MAX : (int64_t)moved;
}

/* 1e-8, within +-2. */
static int64_t return_between(price a, price b) {
    const wide_int difference = (wide_int)price_e8(b) - price_e8(a);
    return (int64_t)(2 * E8 * difference / ((wide_int)price_e8(a) + price_e8(b)));
}

static int64_t divided(wide_int a, int64_t b) { return (int64_t)((a + b / 2) / b); }

static void begin(struct volatility *v, usec at, price p) {
    *v = (struct volatility){.at = at, .last = p};
}

/* One more return, over dt microseconds: times in milliseconds keep the products small. */
static void take(struct volatility *v, int64_t ret, usec dt) {
    const int64_t memory = VOLATILITY_MEMORY / USEC_PER_MS, ms = dt / USEC_PER_MS;
    const wide_int squared = (wide_int)ret * ret * 1000; /* times one second in milliseconds */
    v->rate = divided((wide_int)memory * v->rate + squared, memory + ms);
    v->filled = divided((wide_int)memory * v->filled + (wide_int)ms * E8, memory + ms);
    if (v->returns < VOLATILITY_LEAST) v->returns++;
}

void volatility_note(struct volatility *v, usec at, price p) {
    if (price_e8(p) <= 0) return;
    if (v->at == 0 || at - v->at > VOLATILITY_MEMORY) {
        begin(v, at, p);
        return;
    }
    if (at - v->at < VOLATILITY_STEP) return;
    take(v, return_between(v->last, p), at - v->at);
    v->at = at;
    v->last = p;
    if (v->returns < VOLATILITY_LEAST) return;
    const wide_int squared = (wide_int)v->rate * 60 * E8 / v->filled;
    v->squared = squared > INT64_MAX ? INT64_MAX : i64_max((int64_t)squared, 1);
}

int64_t volatility_a_minute(int64_t squared) { return i64_sqrt(squared); }

int64_t volatility_over(int64_t a_minute, usec span) {
    PRE(a_minute >= 0 && span >= 0);
    /* the root of the product, not the product of roots: short spans keep their digits */
    const wide_int ms = span / USEC_PER_MS;
    wide_int squared = (wide_int)a_minute * a_minute;
    squared = squared > INT64_MAX ? INT64_MAX : squared;
    squared = squared * ms / (USEC_PER_MIN / USEC_PER_MS);
    return i64_sqrt((int64_t)(squared > INT64_MAX ? INT64_MAX : squared));
}
