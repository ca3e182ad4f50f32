/* thin: see the header.
 *
 * Why the greatest fall survives: its top is the most of all that comes before its bottom, its
 * bottom the least of what comes between the two and the next higher top. Where they lie in two
 * spans, the top is the most of its own, the bottom the least of its own; where they lie in one, it
 * is that span's greatest fall. Falls are compared as fractions in 128 bits, so that no rounding
 * decides. A value that is not positive has no relative fall below it but from a positive top. */
#include "store/thin.h"

__extension__ typedef __int128 wide_int;

struct fall {
    ptrdiff_t top, bottom; /* the same one: none */
};

/* 1 - bottom / top > 1 - b / t, for positive tops. */
static bool is_greater(int64_t top, int64_t bottom, int64_t t, int64_t b) {
    return (wide_int)bottom * t < (wide_int)b * top;
}

static struct fall greatest_fall(const struct thin_sample *v, ptrdiff_t n) {
    struct fall best = {0, 0};
    ptrdiff_t top = 0;
    for (ptrdiff_t i = 1; i < n; i++) {
        if (v[i].value > v[top].value) top = i;
        if (v[i].value >= v[top].value || v[top].value <= 0) continue;
        if (best.top == best.bottom ||
            is_greater(v[top].value, v[i].value, v[best.top].value, v[best.bottom].value))
            best = (struct fall){top, i};
    }
    return best;
}

void thin_span(struct thin_sample *v, ptrdiff_t n) {
    PRE(n >= 1);
    ptrdiff_t least = 0, most = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        v[i].keep = false;
        if (v[i].value < v[least].value) least = i;
        if (v[i].value > v[most].value) most = i;
    }
    const struct fall fall = greatest_fall(v, n);
    v[0].keep = v[n - 1].keep = true;
    v[least].keep = v[most].keep = true;
    v[fall.top].keep = v[fall.bottom].keep = true;
}
