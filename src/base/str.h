/* str: a borrowed, immutable slice of bytes, UTF-8 where it is text.
 *
 * Passed by value, owns nothing, need not end in NUL. An empty slice may have p == NULL. Cutting
 * returns slices of the input, so parsing allocates nothing. */
#ifndef BF_BASE_STR_H
#define BF_BASE_STR_H

#include "base/base.h"

#include <string.h>

typedef struct str {
    const char *p;
    ptrdiff_t n; /* bytes, >= 0 */
} str;

#define STR(lit) ((str){"" lit, (ptrdiff_t)sizeof(lit) - 1})
#define STR_FMT "%.*s"
#define STR_ARG(s) (int)(s).n, (s).p ? (s).p : ""

struct arena;

static inline str str_from_z(const char *z) { return (str){z, z ? (ptrdiff_t)strlen(z) : 0}; }
static inline str str_from_bytes(const void *p, ptrdiff_t n) { return (str){(const char *)p, n}; }
static inline bool str_eq(str a, str b) {
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, (size_t)a.n) == 0);
}
bool str_eq_nocase(str a, str b);          /* ASCII case only */
int str_cmp(str a, str b);                 /* bytewise: <0, 0, >0 */
ptrdiff_t str_find(str s, str needle);     /* offset of the first match, -1 if none */
ptrdiff_t str_find_byte(str s, char byte); /* offset, -1 if none */

/* The first n bytes, at most all. */
static inline str str_head(str s, ptrdiff_t n) {
    PRE(n >= 0);
    return (str){s.p, n < s.n ? n : s.n};
}

/* What is left without the first n bytes. */
static inline str str_tail(str s, ptrdiff_t n) {
    PRE(n >= 0);
    if (n > s.n) n = s.n;
    return (str){n ? s.p + n : s.p, s.n - n};
}

/* Inline, so that a literal of a few bytes is compared in an instruction or two. */
static inline bool str_starts(str s, str prefix) {
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, (size_t)prefix.n) == 0);
}
static inline bool str_ends(str s, str suffix) {
    return s.n >= suffix.n &&
           (suffix.n == 0 || memcmp(s.p + (s.n - suffix.n), suffix.p, (size_t)suffix.n) == 0);
}

str str_trim(str s); /* without ASCII white space at both ends */

/* Takes the part of *rest before the first `sep` and moves *rest behind it; without a separator
 * takes all and leaves *rest empty with p == NULL. False when *rest has p == NULL (all taken). */
bool str_cut(str *rest, char sep, str *ret_part);

/* Decimal integer with optional sign; nothing before or behind. False on anything else or overflow.
 */
MUST_CHECK bool str_to_i64(str s, int64_t *ret_value);

/* Copies into the arena; str_dupz ends in NUL (for library borders), the NUL not counted. */
str str_dup(struct arena *a, str s);
char *str_dupz(struct arena *a, str s);

/* Copies into a fixed char array, cut at a UTF-8 boundary if too long, always NUL-terminated.
 * Returns false when it was cut. */
bool str_copyz(str s, char *dst, ptrdiff_t dst_bytes);

uint64_t str_hash(str s);   /* 64 bits, the same on every machine (not secret-keyed) */
bool str_utf8_valid(str s); /* RFC 3629: no overlongs, no surrogates, <= U+10FFFF */

/* Decodes one code point at offset *pos and moves *pos behind it; U+FFFD for an ill-formed byte
 * (one byte is consumed). PRE: 0 <= *pos < s.n. */
uint32_t str_utf8_next(str s, ptrdiff_t *pos);

/* May it stand within a line that people read? No control character, also none of U+0080 to U+009F
 * (a terminal obeys those), nothing that ends a line, and no byte order mark. */
bool str_is_line_char(uint32_t c);
/* Well-formed UTF-8 of such characters; empty is fine. */
bool str_is_line(str s);

#endif
