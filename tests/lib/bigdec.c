/* bigdec: addition, multiplication and long division as taught at school, digit by digit.
 *
 * Invariants: the highest digit in use is not 0, the number 0 has no digits and no sign. More than
 * BIG_DIGITS digits end the test program. Tests only. */
#include "bigdec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void need(bool cond, const char *what) {
    if (cond) return;
    fprintf(stderr, "bigdec: %s\n", what);
    abort();
}

static struct big trimmed(struct big a) {
    while (a.count > 0 && a.digits[a.count - 1] == 0) a.count--;
    if (a.count == 0) a.negative = false;
    return a;
}

static int digit_of(const struct big *a, int i) { return i < a->count ? a->digits[i] : 0; }

struct big big_from_digits(const char *text, bool negative) {
    struct big a = {.negative = negative};
    int n = (int)strlen(text);
    need(n <= BIG_DIGITS, "too many digits");
    for (int i = 0; i < n; i++) a.digits[i] = (signed char)(text[n - 1 - i] - '0');
    a.count = n;
    return trimmed(a);
}

struct big big_from_i64(int64_t v) {
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)v);
    return v < 0 ? big_from_digits(text + 1, true) : big_from_digits(text, false);
}

/* Without signs. */
static int cmp_sizes(const struct big *a, const struct big *b) {
    if (a->count != b->count) return a->count < b->count ? -1 : 1;
    for (int i = a->count - 1; i >= 0; i--) {
        if (a->digits[i] != b->digits[i]) return a->digits[i] < b->digits[i] ? -1 : 1;
    }
    return 0;
}

static struct big add_sizes(const struct big *a, const struct big *b) {
    struct big sum = {0};
    int n = a->count > b->count ? a->count : b->count, carry = 0;
    need(n < BIG_DIGITS, "sum too long");
    for (int i = 0; i <= n; i++) {
        int d = digit_of(a, i) + digit_of(b, i) + carry;
        sum.digits[i] = (signed char)(d % 10);
        carry = d / 10;
    }
    sum.count = n + 1;
    return trimmed(sum);
}

/* a >= b in size: a -= b. */
static void take_size(struct big *a, const struct big *b) {
    int borrow = 0;
    for (int i = 0; i < a->count; i++) {
        int d = a->digits[i] - digit_of(b, i) - borrow;
        borrow = d < 0;
        a->digits[i] = (signed char)(borrow ? d + 10 : d);
    }
    need(borrow == 0, "borrowed from nothing");
    *a = trimmed(*a);
}

struct big big_neg(struct big a) {
    a.negative = !a.negative;
    return trimmed(a);
}

struct big big_add(struct big a, struct big b) {
    struct big sum;
    if (a.negative == b.negative) {
        sum = add_sizes(&a, &b);
        sum.negative = a.negative;
    } else if (cmp_sizes(&a, &b) >= 0) {
        sum = a;
        take_size(&sum, &b);
    } else {
        sum = b;
        take_size(&sum, &a);
    }
    return trimmed(sum);
}

struct big big_sub(struct big a, struct big b) {
    return big_add(a, big_neg(b));
}

struct big big_mul(struct big a, struct big b) {
    struct big product = {.negative = a.negative != b.negative};
    need(a.count + b.count <= BIG_DIGITS, "product too long");
    for (int i = 0; i < a.count; i++) {
        int carry = 0;
        for (int k = 0; k < b.count || carry; k++) {
            int d = product.digits[i + k] + a.digits[i] * digit_of(&b, k) + carry;
            product.digits[i + k] = (signed char)(d % 10);
            carry = d / 10;
        }
    }
    product.count = a.count + b.count;
    return trimmed(product);
}

int big_cmp(struct big a, struct big b) {
    if (a.negative != b.negative) return a.negative ? -1 : 1;
    return a.negative ? cmp_sizes(&b, &a) : cmp_sizes(&a, &b);
}

/* Long division of the sizes: bring down a digit, take the divisor away while it goes. */
static struct big divide_sizes(const struct big *a, const struct big *b, struct big *ret_rest) {
    need(b->count > 0, "division by zero");
    struct big quotient = {.count = a->count}, rest = {0};
    for (int i = a->count - 1; i >= 0; i--) {
        memmove(rest.digits + 1, rest.digits, (size_t)rest.count);
        rest.digits[0] = a->digits[i];
        rest.count++;
        rest = trimmed(rest);
        while (cmp_sizes(&rest, b) >= 0) {
            take_size(&rest, b);
            quotient.digits[i]++;
        }
    }
    *ret_rest = rest;
    return trimmed(quotient);
}

struct big big_div_floor(struct big a, struct big b) {
    struct big rest;
    bool negative = a.negative != b.negative;
    struct big quotient = divide_sizes(&a, &b, &rest);
    if (!negative) return quotient;
    /* -7 / 2: 3 and a rest, so the floor is -4 */
    if (rest.count > 0) quotient = big_add(quotient, big_from_i64(1));
    return big_neg(quotient);
}

struct big big_div_ceil(struct big a, struct big b) {
    return big_neg(big_div_floor(big_neg(a), b));
}

bool big_to_i64(struct big a, int64_t *ret) {
    if (big_cmp(a, big_from_i64(INT64_MAX)) > 0) return false;
    if (big_cmp(a, big_from_i64(INT64_MIN)) < 0) return false;
    int64_t v = 0;
    for (int i = a.count - 1; i >= 0; i--) v = v * 10 + (a.negative ? -a.digits[i] : a.digits[i]);
    *ret = v;
    return true;
}

void big_print(struct big a, int places, char *text, int text_bytes) {
    int lowest = 0, top = a.count > places + 1 ? a.count : places + 1, at = 0;
    while (lowest < places && digit_of(&a, lowest) == 0) lowest++;
    need(top + 3 <= text_bytes, "text too short");
    if (a.negative) text[at++] = '-';
    for (int i = top - 1; i >= lowest; i--) {
        if (i == places - 1) text[at++] = '.';
        text[at++] = (char)('0' + digit_of(&a, i));
    }
    text[at] = 0;
}
