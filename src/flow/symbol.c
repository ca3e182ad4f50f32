/* symbol: looking one up by its name, and its steps.
 *
 * In: the table as the venue filled it, sorted by name. Out: an index into it, amounts. Pure; any
 * thread, once the table is filled. */
#include "flow/symbol.h"

int symbols_find(const struct symbols *s, str name) {
    int low = 0, high = s->count; /* name is in [low, high) if anywhere */
    while (low < high) {
        int mid = low + (high - low) / 2;
        int order = str_cmp(name, str_from_z(s->v[mid].name));
        if (order == 0) return mid;
        if (order < 0) {
            high = mid;
        } else {
            low = mid + 1;
        }
    }
    return SYM_NONE;
}

/* The least quantity that is whole steps of both; 0: of neither, or there is none in range. */
static qty common_step(const struct symbol *s) {
    const int64_t a = qty_e8(s->step), b = qty_e8(s->market_step);
    if (a == 0 || b == 0) return qty_from_e8(a + b);
    int64_t x = a, y = b, both;
    while (y != 0) { /* the greatest common divisor */
        const int64_t rest = x % y;
        x = y;
        y = rest;
    }
    if (__builtin_mul_overflow(a / x, b, &both) || both > AMOUNT_E8_MAX) return qty_from_e8(0);
    return qty_from_e8(both);
}

qty symbol_market_qty(const struct symbol *s, qty q, rounding r) {
    const qty step = common_step(s);
    if (!qty_is_zero(step)) return qty_to_step(q, step, r);
    const bool free = qty_is_zero(s->step) && qty_is_zero(s->market_step);
    if (free) return q;
    return qty_from_e8(r == ROUND_FLOOR ? 0 : AMOUNT_E8_MAX);
}
