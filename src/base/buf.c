/* buf: text that grows up to a maximum.
 *
 * In: bytes, numbers, printf formats. Out: one NUL-terminated run of bytes. Invariants: len <= cap
 * <= max, none of them counts the NUL; p has cap + 1 bytes once it is there, and p[len] == 0.
 * Failure: what does not fit is dropped and `full` stays set (nothing is appended after that, so
 * the text is always a prefix of what was meant); out of memory asserts. Thread: one at a time. */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

#define BUF_FIRST_BYTES 256

void buf_init(struct buf *b, ptrdiff_t max_bytes) {
    PRE(max_bytes >= 0 && max_bytes < PTRDIFF_MAX / 4);
    *b = (struct buf){.max = max_bytes};
}

void buf_init_fixed(struct buf *b, char *block, ptrdiff_t bytes) {
    PRE(block != NULL);
    PRE(bytes >= 1);
    *b = (struct buf){.p = block, .cap = bytes - 1, .max = bytes - 1, .fixed = true};
    block[0] = 0;
}

void buf_fini(struct buf *b) {
    if (!b->fixed) free(b->p);
    *b = (struct buf){0};
}

void buf_clear(struct buf *b) {
    b->len = 0;
    b->full = false;
    if (b->p) b->p[0] = 0;
}

static ptrdiff_t grow(struct buf *b, ptrdiff_t more) {
    if (b->full) return 0;
    ptrdiff_t most = b->max - b->len;
    if (more > most) {
        b->full = true;
        more = most;
    }
    if (b->p && b->len + more <= b->cap) return more;
    ptrdiff_t cap = i64_max(i64_max(b->cap * 2, b->len + more), BUF_FIRST_BYTES);
    cap = i64_min(cap, b->max);
    char *p = realloc(b->p, (size_t)cap + 1);
    POST(p != NULL);
    b->p = p;
    b->cap = cap;
    b->p[b->len] = 0;
    return more;
}

/* Makes room for `more` bytes behind len, or for as many as the maximum allows; returns how many.
 */
static inline ptrdiff_t buf_room(struct buf *b, ptrdiff_t more) {
    const bool there = !b->full && b->p != NULL && more <= b->cap - b->len;
    return there ? more : grow(b, more);
}

void buf_put(struct buf *b, str s) {
    ptrdiff_t n = buf_room(b, s.n);
    if (n == 0) return;
    memcpy(b->p + b->len, s.p, (size_t)n);
    b->len += n;
    b->p[b->len] = 0;
}

void buf_put_byte(struct buf *b, char c) {
    if (buf_room(b, 1) == 0) return;
    b->p[b->len++] = c;
    b->p[b->len] = 0;
}

void buf_put_i64(struct buf *b, int64_t v) {
    char digits[24];
    int at = sizeof digits;
    uint64_t left = v < 0 ? -(uint64_t)v : (uint64_t)v;
    do {
        digits[--at] = (char)('0' + left % 10);
        left /= 10;
    } while (left);
    if (v < 0) digits[--at] = '-';
    buf_put(b, str_from_bytes(digits + at, (ptrdiff_t)sizeof digits - at));
}

void buf_printf(struct buf *b, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    buf_vprintf(b, fmt, args);
    va_end(args);
}

void buf_vprintf(struct buf *b, const char *fmt, va_list args) {
    va_list again;
    va_copy(again, args);
    ptrdiff_t room = b->p && !b->full ? b->cap - b->len : 0;
    int n = vsnprintf(room ? b->p + b->len : NULL, room ? (size_t)room + 1 : 0, fmt, args);
    POST(n >= 0);
    if (room && n <= room) {
        b->len += n;
    } else if (n > 0) {
        if (b->p) b->p[b->len] = 0; /* buf_room() may find no room: take back what was cut */
        ptrdiff_t got = buf_room(b, n);
        if (got > 0) {
            IGNORE(vsnprintf(b->p + b->len, (size_t)got + 1, fmt, again) < 0, "measured above");
            b->len += got;
        }
    }
    va_end(again);
}

void buf_put_line(struct buf *b, str s) {
    for (ptrdiff_t at = 0; at < s.n;) {
        const ptrdiff_t from = at;
        const uint32_t c = str_utf8_next(s, &at);
        const bool ill_formed = c == 0xFFFD && at - from == 1;
        buf_put(b, ill_formed || !str_is_line_char(c) ? STR(" ") : (str){s.p + from, at - from});
    }
}

const char *buf_z(const struct buf *b) { return b->p ? b->p : ""; }

/* One byte below 0x20, a quote or a backslash, as JSON writes it. */
static void put_json_escape(struct buf *b, unsigned char c) {
    static const char shorts[] = "b\bf\fn\nr\rt\t\"\"\\\\";
    static const char hex[] = "0123456789abcdef";
    for (int i = 0; shorts[i]; i += 2) {
        if ((unsigned char)shorts[i + 1] != c) continue;
        buf_put(b, str_from_bytes((char[]){'\\', shorts[i]}, 2));
        return;
    }
    buf_put(b, str_from_bytes((char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6));
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte)) /* eight of them */

/* How many bytes from `at` on stand in JSON text as they are, in steps of eight. */
static ptrdiff_t plain_run(str s, ptrdiff_t at) {
    ptrdiff_t n = at;
    for (; s.n - n >= 8; n += 8) {
        uint64_t w;
        memcpy(&w, s.p + n, sizeof w);
        const uint64_t quote = w ^ EACH('"'), back = w ^ EACH('\\');
        /* a byte's top bit: it was 0x80 and above, or the subtraction went below 0 */
        const uint64_t odd = w | (w - EACH(0x20)) | (quote - EACH(1)) | (back - EACH(1));
        if ((odd & EACH(0x80)) != 0) break;
    }
    return n - at;
}

void buf_put_json_str(struct buf *b, str s) {
    buf_put_byte(b, '"');
    ptrdiff_t done = 0, at = 0; /* s[done..at) is plain and not yet copied */
    while ((at += plain_run(s, at)) < s.n) {
        unsigned char c = (unsigned char)s.p[at];
        ptrdiff_t next = at + 1;
        bool plain = c >= 0x20 && c != '"' && c != '\\';
        if (c >= 0x80) {
            next = at;
            plain = str_utf8_next(s, &next) != 0xFFFD || next - at > 1;
        }
        if (!plain) {
            buf_put(b, str_from_bytes(s.p + done, at - done));
            if (c >= 0x80) {
                buf_put(b, STR("\xEF\xBF\xBD"));
            } else {
                put_json_escape(b, c);
            }
            done = next;
        }
        at = next;
    }
    if (at > done) buf_put(b, str_from_bytes(s.p + done, at - done));
    buf_put_byte(b, '"');
}
