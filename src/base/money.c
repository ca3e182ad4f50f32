/* Money: decimal text to int64 x 1e-8 and back, sums, products, steps.
 *
 * All that touches the member .e8 beyond the header's one-liners is here. No floating point. Every
 * intermediate is a signed 128-bit integer: the largest, int64 x int64, is under 2^126. Division
 * rounds towards -inf or +inf for both signs, never towards zero, so that a caller who says
 * ROUND_FLOOR gets a lower bound of a negative amount too. Failure: false, and *ret is untouched;
 * the _plus and _minus forms assert. Pure; any thread. */
#include "base/money.h"

#include "base/buf.h"

__extension__ typedef __int128 i128;

static bool in_range(i128 v) { return v >= -(i128)AMOUNT_E8_MAX && v <= (i128)AMOUNT_E8_MAX; }

static i128 div_round(i128 num, i128 den, rounding r) {
    PRE(den != 0);
    i128 quotient = num / den, rest = num % den;
    if (rest == 0) return quotient;
    bool negative = (rest < 0) != (den < 0); /* the sign of what was cut off */
    switch (r) {
    case ROUND_FLOOR:
        return quotient - negative;
    case ROUND_CEIL:
        return quotient + !negative;
    }
    WRONG("not a rounding");
}

/* num / den as an amount. */
static bool divide(i128 num, i128 den, rounding r, int64_t *ret) {
    i128 v = div_round(num, den, r);
    if (!in_range(v)) return false;
    *ret = (int64_t)v;
    return true;
}

/* -- text ---------------------------------------------------------------------------------- */

#define INT_DIGITS_MAX 11 /* without leading zeros; 99,999,999,999 x 1e8 still fits in uint64 */
#define FRAC_DIGITS 8

/* Reads `[0-9]+(\.[0-9]+)?`, all of s, in units of 1e-8. Digits behind the eighth decimal are cut
 * when `cut`, else they must be zeros. One pass: candle files bring millions of these. */
static bool scan_decimal(str s, bool cut, uint64_t limit, uint64_t *ret) {
    static const uint64_t scale[FRAC_DIGITS + 1] = {100000000, 10000000, 1000000, 100000, 10000,
                                                    1000,      100,      10,      1};
    ptrdiff_t i = 0, lead;
    uint64_t v = 0;
    while (i < s.n && s.p[i] == '0') i++;
    lead = i;
    for (; i < s.n && (unsigned char)(s.p[i] - '0') <= 9; i++) {
        if (i - lead >= INT_DIGITS_MAX) return false;
        v = v * 10 + (uint64_t)(s.p[i] - '0');
    }
    if (i == 0) return false; /* no digit at all */
    int frac = 0;
    if (i < s.n) {
        if (s.p[i] != '.' || i + 1 == s.n) return false;
        for (i++; i < s.n; i++) {
            unsigned char digit = (unsigned char)(s.p[i] - '0');
            if (digit > 9) return false;
            if (frac < FRAC_DIGITS) {
                v = v * 10 + digit;
                frac++;
            } else if (digit != 0 && !cut) {
                return false;
            }
        }
    }
    v *= scale[frac];
    if (v > limit) return false;
    *ret = v;
    return true;
}

bool amount_parse_e8(str s, int64_t *ret_e8) {
    bool negative = s.n && s.p[0] == '-';
    if (negative) s = str_tail(s, 1);
    uint64_t v;
    if (!scan_decimal(s, false, (uint64_t)AMOUNT_E8_MAX, &v)) return false;
    *ret_e8 = negative ? -(int64_t)v : (int64_t)v;
    return true;
}

bool price_parse(str s, price *ret) { return amount_parse_e8(s, &ret->e8); }

bool qty_parse(str s, qty *ret) { return amount_parse_e8(s, &ret->e8); }

bool money_parse(str s, money *ret) { return amount_parse_e8(s, &ret->e8); }

bool volume_parse(str s, volume *ret) {
    uint64_t v;
    if (!scan_decimal(s, true, (uint64_t)INT64_MAX, &v)) return false;
    ret->e8 = (int64_t)v;
    return true;
}

str amount_format_e8(int64_t e8, char block[AMOUNT_TEXT_BYTES]) {
    uint64_t left = e8 < 0 ? -(uint64_t)e8 : (uint64_t)e8;
    uint64_t whole = left / (uint64_t)E8, frac = left % (uint64_t)E8;
    char text[AMOUNT_TEXT_BYTES]; /* filled from the end */
    int at = AMOUNT_TEXT_BYTES - 1;
    text[at] = 0;
    bool started = false;
    for (int i = 0; i < FRAC_DIGITS; i++) {
        char digit = (char)('0' + frac % 10);
        frac /= 10;
        started = started || digit != '0';
        if (started) text[--at] = digit;
    }
    if (started) text[--at] = '.';
    do {
        text[--at] = (char)('0' + whole % 10);
        whole /= 10;
    } while (whole);
    if (e8 < 0) text[--at] = '-';
    memcpy(block, text + at, (size_t)(AMOUNT_TEXT_BYTES - at));
    return (str){block, AMOUNT_TEXT_BYTES - 1 - at};
}

void buf_put_e8(struct buf *b, int64_t e8) {
    char block[AMOUNT_TEXT_BYTES];
    buf_put(b, amount_format_e8(e8, block));
}

/* By hand: with printf a post's shares took longer than anything else that is written of it but its
 * row. */
void buf_put_bp(struct buf *b, int64_t bp) {
    const uint64_t size = bp < 0 ? -(uint64_t)bp : (uint64_t)bp;
    char places[5] = ".0000";
    uint64_t rest = size % BP_ONE;
    for (int i = 4; i > 0; i--, rest /= 10) places[i] = (char)('0' + rest % 10);
    if (bp < 0) buf_put_byte(b, '-');
    buf_put_i64(b, (int64_t)(size / BP_ONE));
    buf_put(b, str_from_bytes(places, sizeof places));
}

/* -- sums ---------------------------------------------------------------------------------- */

static bool add(int64_t a, int64_t b, int64_t *ret) {
    i128 sum = (i128)a + b;
    if (!in_range(sum)) return false;
    *ret = (int64_t)sum;
    return true;
}

static bool sub(int64_t a, int64_t b, int64_t *ret) {
    i128 difference = (i128)a - b;
    if (!in_range(difference)) return false;
    *ret = (int64_t)difference;
    return true;
}

bool qty_add(qty a, qty b, qty *ret) { return add(a.e8, b.e8, &ret->e8); }

bool qty_sub(qty a, qty b, qty *ret) { return sub(a.e8, b.e8, &ret->e8); }

bool money_add(money a, money b, money *ret) { return add(a.e8, b.e8, &ret->e8); }

bool money_sub(money a, money b, money *ret) { return sub(a.e8, b.e8, &ret->e8); }

bool price_add(price a, price b, price *ret) { return add(a.e8, b.e8, &ret->e8); }

bool price_sub(price a, price b, price *ret) { return sub(a.e8, b.e8, &ret->e8); }

qty qty_plus(qty a, qty b) {
    bool ok = qty_add(a, b, &a);
    PRE(ok);
    return a;
}

qty qty_minus(qty a, qty b) {
    bool ok = qty_sub(a, b, &a);
    PRE(ok);
    return a;
}

money money_plus(money a, money b) {
    bool ok = money_add(a, b, &a);
    PRE(ok);
    return a;
}

money money_minus(money a, money b) {
    bool ok = money_sub(a, b, &a);
    PRE(ok);
    return a;
}

/* -- products ------------------------------------------------------------------------------ */

bool money_notional(price p, qty q, rounding r, money *ret) {
    return divide((i128)p.e8 * q.e8, E8, r, &ret->e8);
}

bool qty_affordable(money m, price p, rounding r, qty *ret) {
    PRE(p.e8 > 0);
    return divide((i128)m.e8 * E8, p.e8, r, &ret->e8);
}

bool price_average(money m, qty q, rounding r, price *ret) {
    PRE(q.e8 != 0);
    return divide((i128)m.e8 * E8, q.e8, r, &ret->e8);
}

bool money_share(money m, int64_t bp, rounding r, money *ret) {
    return divide((i128)m.e8 * bp, BP_ONE, r, &ret->e8);
}

bool qty_share(qty q, int64_t bp, rounding r, qty *ret) {
    return divide((i128)q.e8 * bp, BP_ONE, r, &ret->e8);
}

bool price_share(price p, int64_t bp, rounding r, price *ret) {
    return divide((i128)p.e8 * bp, BP_ONE, r, &ret->e8);
}

bool money_ratio(money m, int64_t num, int64_t den, rounding r, money *ret) {
    PRE(den > 0);
    return divide((i128)m.e8 * num, den, r, &ret->e8);
}

bool qty_ratio(qty q, int64_t num, int64_t den, rounding r, qty *ret) {
    PRE(den > 0);
    return divide((i128)q.e8 * num, den, r, &ret->e8);
}

bool price_ratio(price p, int64_t num, int64_t den, rounding r, price *ret) {
    PRE(den > 0);
    return divide((i128)p.e8 * num, den, r, &ret->e8);
}

bool volume_ratio(volume v, int64_t num, int64_t den, rounding r, qty *ret) {
    PRE(den > 0);
    return divide((i128)v.e8 * num, den, r, &ret->e8);
}

/* -- steps --------------------------------------------------------------------------------- */

/* Both in range, so the result is under twice the range and fits; beyond the range (a huge step)
 * the next checked operation refuses it. */
static int64_t to_multiple(int64_t v, int64_t step, rounding r) {
    PRE(step > 0 && step <= AMOUNT_E8_MAX);
    PRE(in_range(v));
    return (int64_t)(div_round(v, step, r) * step);
}

qty qty_to_step(qty q, qty step, rounding r) { return (qty){to_multiple(q.e8, step.e8, r)}; }

price price_to_tick(price p, price tick, rounding r) {
    return (price){to_multiple(p.e8, tick.e8, r)};
}

bool qty_on_step(qty q, qty step) {
    PRE(step.e8 >= 0);
    return step.e8 == 0 || q.e8 % step.e8 == 0;
}

bool price_on_tick(price p, price tick) {
    PRE(tick.e8 >= 0);
    return tick.e8 == 0 || p.e8 % tick.e8 == 0;
}

/* -- ratios -------------------------------------------------------------------------------- */

static int64_t ratio_bp(int64_t a, int64_t b) {
    PRE(b > 0);
    i128 v = div_round((i128)a * BP_ONE, b, ROUND_FLOOR);
    return v > INT64_MAX ? INT64_MAX : v < INT64_MIN ? INT64_MIN : (int64_t)v;
}

int64_t price_ratio_bp(price a, price b) { return ratio_bp(a.e8, b.e8); }

int64_t money_ratio_bp(money a, money b) { return ratio_bp(a.e8, b.e8); }
