/* bigdec: whole numbers of any size that a test needs, as rows of decimal digits.
 *
 * The second opinion on money.c: schoolbook arithmetic in base 10, written from how it is done on
 * paper, sharing no code and no trick with what it checks. Slow and plain on purpose. */
#ifndef BF_TESTS_LIB_BIGDEC_H
#define BF_TESTS_LIB_BIGDEC_H

#include <stdbool.h>
#include <stdint.h>

#define BIG_DIGITS 96

struct big {
    bool negative;                  /* never set for 0 */
    int count;                      /* digits in use, 0 for the number 0 */
    signed char digits[BIG_DIGITS]; /* [0] is the ones */
};

struct big big_from_i64(int64_t v);
struct big big_from_digits(const char *text, bool negative); /* only '0'..'9', NUL-terminated */
struct big big_add(struct big a, struct big b);
struct big big_sub(struct big a, struct big b);
struct big big_mul(struct big a, struct big b);
struct big big_neg(struct big a);
int big_cmp(struct big a, struct big b); /* -1, 0, 1 */

/* a / b, towards -inf or +inf; b != 0. */
struct big big_div_floor(struct big a, struct big b);
struct big big_div_ceil(struct big a, struct big b);

/* Does it fit in int64? *ret is written only then. */
bool big_to_i64(struct big a, int64_t *ret);

/* a x 10^-places as people write it: no trailing zeros, "0.5", "-12". */
void big_print(struct big a, int places, char *text, int text_bytes);

#endif
