/* Money: three amounts that do not mix, exact to 1e-8.
 *
 * price (quote units per one base unit), qty (base units), money (quote units): structs of one
 * int64 in units of 1e-8, so that swapped arguments do not compile. Everything parsed is within
 * +-9,999,999,999.99999999 (what DECIMAL(18,8) holds). Sums and products are checked; price x qty
 * is taken in 128 bits and rounded the way the caller says. The member .e8 is touched only in
 * money.c, money.h and the columns of src/store (`make tidy` looks); e8 accessors below are for
 * storing, comparing and testing.
 *
 * volume (base units traded in a candle) is a type of its own with a larger range. */
#ifndef BF_BASE_MONEY_H
#define BF_BASE_MONEY_H

#include "base/base.h"
#include "base/str.h"

struct buf;

#define E8 INT64_C(100000000)
#define AMOUNT_E8_MAX INT64_C(999999999999999999)
#define BP_ONE INT64_C(10000) /* 1.0 in basis points */

typedef struct price {
    int64_t e8;
} price; /* quote per base */
typedef struct qty {
    int64_t e8;
} qty; /* base */
typedef struct money {
    int64_t e8;
} money; /* quote */
typedef struct volume {
    int64_t e8;
} volume; /* base, 0..int64 max */

typedef enum rounding { ROUND_FLOOR, ROUND_CEIL } rounding; /* towards -inf, towards +inf */

/* Decimal text `-?[0-9]+(\.[0-9]+)?`, at most 8 significant decimals behind the point (further
 * zeros are fine); no exponent, no '+', no blanks. False: anything else, or out of range. */
MUST_CHECK bool amount_parse_e8(str s, int64_t *ret_e8);
MUST_CHECK bool price_parse(str s, price *ret);
MUST_CHECK bool qty_parse(str s, qty *ret);
MUST_CHECK bool money_parse(str s, money *ret);
MUST_CHECK bool volume_parse(str s, volume *ret); /* no sign; beyond 8 decimals is cut */

#define AMOUNT_TEXT_BYTES 32
/* Shortest exact decimal text ("0.5", "-12", "0"); returns a slice of `block`. */
str amount_format_e8(int64_t e8, char block[AMOUNT_TEXT_BYTES]);
void buf_put_e8(struct buf *b, int64_t e8);
/* Basis points as a decimal, always with four places: -0.1234. */
void buf_put_bp(struct buf *b, int64_t bp);

static inline price price_from_e8(int64_t e8) { return (price){e8}; }
static inline qty qty_from_e8(int64_t e8) { return (qty){e8}; }
static inline money money_from_e8(int64_t e8) { return (money){e8}; }
static inline volume volume_from_e8(int64_t e8) { return (volume){e8}; }
static inline int64_t price_e8(price p) { return p.e8; }
static inline int64_t qty_e8(qty q) { return q.e8; }
static inline int64_t money_e8(money m) { return m.e8; }
static inline int64_t volume_e8(volume v) { return v.e8; }
static inline int price_cmp(price a, price b) { return (a.e8 > b.e8) - (a.e8 < b.e8); }
static inline int qty_cmp(qty a, qty b) { return (a.e8 > b.e8) - (a.e8 < b.e8); }
static inline int money_cmp(money a, money b) { return (a.e8 > b.e8) - (a.e8 < b.e8); }
static inline bool price_is_zero(price p) { return p.e8 == 0; }
static inline bool qty_is_zero(qty q) { return q.e8 == 0; }
static inline bool money_is_zero(money m) { return m.e8 == 0; }

/* Checked: false on overflow of the range (then *ret is untouched). */
MUST_CHECK bool qty_add(qty a, qty b, qty *ret);
MUST_CHECK bool qty_sub(qty a, qty b, qty *ret);
MUST_CHECK bool money_add(money a, money b, money *ret);
MUST_CHECK bool money_sub(money a, money b, money *ret);
MUST_CHECK bool price_add(price a, price b, price *ret);
MUST_CHECK bool price_sub(price a, price b, price *ret);

/* For amounts whose sum is known to be in range (invariants of ours): asserts instead. */
qty qty_plus(qty a, qty b);
qty qty_minus(qty a, qty b);
money money_plus(money a, money b);
money money_minus(money a, money b);
static inline money money_neg(money m) { return (money){-m.e8}; }
static inline qty qty_neg(qty q) { return (qty){-q.e8}; }
static inline qty qty_abs(qty q) { return (qty){q.e8 < 0 ? -q.e8 : q.e8}; }
static inline qty qty_min(qty a, qty b) { return a.e8 < b.e8 ? a : b; }

/* price x qty, rounded at 1e-8. False: out of range. */
MUST_CHECK bool money_notional(price p, qty q, rounding r, money *ret);
/* money / price -> qty. PRE: price > 0. */
MUST_CHECK bool qty_affordable(money m, price p, rounding r, qty *ret);
/* money / qty -> price (an average). PRE: qty != 0. */
MUST_CHECK bool price_average(money m, qty q, rounding r, price *ret);

/* x * bp / 10000 (a share in basis points). False: out of range. */
MUST_CHECK bool money_share(money m, int64_t bp, rounding r, money *ret);
MUST_CHECK bool qty_share(qty q, int64_t bp, rounding r, qty *ret);
MUST_CHECK bool price_share(price p, int64_t bp, rounding r, price *ret);
/* x * num / den, den > 0, in 128 bits. */
MUST_CHECK bool money_ratio(money m, int64_t num, int64_t den, rounding r, money *ret);
MUST_CHECK bool qty_ratio(qty q, int64_t num, int64_t den, rounding r, qty *ret);
MUST_CHECK bool price_ratio(price p, int64_t num, int64_t den, rounding r, price *ret);
MUST_CHECK bool volume_ratio(volume v, int64_t num, int64_t den, rounding r, qty *ret);

/* To a multiple of step (> 0). */
qty qty_to_step(qty q, qty step, rounding r);
price price_to_tick(price p, price tick, rounding r);
bool qty_on_step(qty q, qty step); /* step 0: always true */
bool price_on_tick(price p, price tick);

/* a / b in basis points, rounded towards -inf; PRE: b > 0. Saturates at int64 limits. */
int64_t price_ratio_bp(price a, price b);
int64_t money_ratio_bp(money a, money b);

#endif
