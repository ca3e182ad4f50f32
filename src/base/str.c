/* str: comparing, cutting, decoding borrowed text.
 *
 * In and out: slices; nothing is allocated except by str_dup and str_dupz, in the caller's arena.
 * An empty slice may have p == NULL, so nothing here hands NULL to a mem* function. Failure: wrong
 * text gives false, -1 or U+FFFD, as each function says. Any thread. */
#include "base/str.h"

#include "base/arena.h"

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }

static bool blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool str_eq_nocase(str a, str b) {
    if (a.n != b.n) return false;
    for (ptrdiff_t i = 0; i < a.n; i++) {
        if (lower(a.p[i]) != lower(b.p[i])) return false;
    }
    return true;
}

int str_cmp(str a, str b) {
    ptrdiff_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, (size_t)n) : 0;
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

ptrdiff_t str_find(str s, str needle) {
    if (needle.n == 0) return 0;
    if (s.n < needle.n) return -1;
    const char *hit = memmem(s.p, (size_t)s.n, needle.p, (size_t)needle.n);
    return hit ? hit - s.p : -1;
}

ptrdiff_t str_find_byte(str s, char byte) {
    const char *hit = s.n ? memchr(s.p, byte, (size_t)s.n) : NULL;
    return hit ? hit - s.p : -1;
}

str str_trim(str s) {
    while (s.n && blank(s.p[0])) s = str_tail(s, 1);
    while (s.n && blank(s.p[s.n - 1])) s.n--;
    return s;
}

bool str_cut(str *rest, char sep, str *ret_part) {
    if (!rest->p) return false;
    ptrdiff_t at = str_find_byte(*rest, sep);
    if (at < 0) {
        *ret_part = *rest;
        *rest = (str){0};
    } else {
        *ret_part = str_head(*rest, at);
        *rest = str_tail(*rest, at + 1);
    }
    return true;
}

bool str_to_i64(str s, int64_t *ret_value) {
    bool negative = s.n && s.p[0] == '-';
    if (negative || (s.n && s.p[0] == '+')) s = str_tail(s, 1);
    if (s.n == 0) return false;
    uint64_t limit = (uint64_t)INT64_MAX + negative;
    uint64_t value = 0;
    for (ptrdiff_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9') return false;
        uint64_t digit = (uint64_t)(s.p[i] - '0');
        if (value > (limit - digit) / 10) return false;
        value = value * 10 + digit;
    }
    *ret_value = (int64_t)(negative ? -value : value);
    return true;
}

str str_dup(struct arena *a, str s) {
    if (s.n == 0) return (str){"", 0};
    char *p = NEW_ARRAY(a, char, s.n);
    memcpy(p, s.p, (size_t)s.n);
    return (str){p, s.n};
}

char *str_dupz(struct arena *a, str s) {
    char *p = NEW_ARRAY(a, char, s.n + 1); /* zeroed, so the NUL is there */
    if (s.n) memcpy(p, s.p, (size_t)s.n);
    return p;
}

bool str_copyz(str s, char *dst, ptrdiff_t dst_bytes) {
    PRE(dst_bytes >= 1);
    ptrdiff_t n = s.n;
    if (n >= dst_bytes) {
        n = dst_bytes - 1;
        /* s.p[n] is the first byte left out: step back to the start of its code point. */
        for (int back = 0; back < 3 && n > 0 && ((unsigned char)s.p[n] & 0xC0) == 0x80; back++) n--;
    }
    if (n) memcpy(dst, s.p, (size_t)n);
    dst[n] = 0;
    return n == s.n;
}

uint64_t str_hash(str s) {
    uint64_t h = UINT64_C(0xCBF29CE484222325); /* FNV-1a, then mixed: its low bits alone are weak */
    for (ptrdiff_t i = 0; i < s.n; i++) {
        h = (h ^ (unsigned char)s.p[i]) * UINT64_C(0x100000001B3);
    }
    h = (h ^ (h >> 33)) * UINT64_C(0xFF51AFD7ED558CCD);
    h = (h ^ (h >> 33)) * UINT64_C(0xC4CEB9FE1A85EC53);
    return h ^ (h >> 33);
}

/* The length of the well-formed sequence at the start of p[0..left), 0 if ill-formed: table 3-7 of
 * the Unicode standard. Only the second byte has bounds of its own. PRE: left >= 1. */
static int utf8_bytes(const unsigned char *p, ptrdiff_t left) {
    unsigned char c = p[0], lo = 0x80, hi = 0xBF;
    int n;
    if (c < 0x80) return 1;
    if (c < 0xC2) return 0; /* a continuation, or overlong */
    if (c < 0xE0) {
        n = 2;
    } else if (c < 0xF0) {
        n = 3;
        if (c == 0xE0) lo = 0xA0; /* overlong below */
        if (c == 0xED) hi = 0x9F; /* surrogates above */
    } else if (c < 0xF5) {
        n = 4;
        if (c == 0xF0) lo = 0x90; /* overlong below */
        if (c == 0xF4) hi = 0x8F; /* over U+10FFFF above */
    } else {
        return 0;
    }
    if (n > left || p[1] < lo || p[1] > hi) return 0;
    for (int i = 2; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80) return 0;
    }
    return n;
}

bool str_utf8_valid(str s) {
    const unsigned char *p = (const unsigned char *)s.p;
    ptrdiff_t at = 0;
    while (at < s.n) {
        uint64_t eight;
        if (s.n - at >= 8) {
            memcpy(&eight, p + at, 8);
            if ((eight & UINT64_C(0x8080808080808080)) == 0) {
                at += 8;
                continue;
            }
        }
        int n = utf8_bytes(p + at, s.n - at);
        if (n == 0) return false;
        at += n;
    }
    return true;
}

uint32_t str_utf8_next(str s, ptrdiff_t *pos) {
    PRE(*pos >= 0 && *pos < s.n);
    const unsigned char *p = (const unsigned char *)s.p + *pos;
    int n = utf8_bytes(p, s.n - *pos);
    *pos += n ? n : 1;
    if (n == 0) return 0xFFFD;
    if (n == 1) return p[0];
    uint32_t code = p[0] & (0x7Fu >> n);
    for (int i = 1; i < n; i++) code = code << 6 | (p[i] & 0x3F);
    return code;
}

bool str_is_line_char(uint32_t c) {
    if (c < 0x20 || (c >= 0x7F && c < 0xA0)) return false;
    return c != 0x2028 && c != 0x2029 && c != 0xFEFF && c != 0xFFFE && c != 0xFFFF;
}

bool str_is_line(str s) {
    if (!str_utf8_valid(s)) return false;
    for (ptrdiff_t pos = 0; pos < s.n;)
        if (!str_is_line_char(str_utf8_next(s, &pos))) return false;
    return true;
}
