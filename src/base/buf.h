/* buf: growing text with a maximum.
 *
 * Created over a maximum size; memory grows by doubling (heap) or is a fixed block
 * (buf_init_fixed). Appending beyond the maximum sets `full` and drops the rest: check buf_full()
 * once at the end. buf_z() is always NUL-terminated. */
#ifndef BF_BASE_BUF_H
#define BF_BASE_BUF_H

#include "base/base.h"
#include "base/str.h"

#include <stdarg.h>

struct buf {
    char *p;
    ptrdiff_t len;
    ptrdiff_t cap;
    ptrdiff_t max;
    bool full;
    bool fixed;
};

void buf_init(struct buf *b, ptrdiff_t max_bytes); /* heap, empty; free with buf_fini */
void buf_init_fixed(struct buf *b, char *block, ptrdiff_t bytes); /* bytes >= 1 */
void buf_fini(struct buf *b); /* zeroed or finished buf is fine */
void buf_clear(struct buf *b);
void buf_put(struct buf *b, str s);
void buf_put_byte(struct buf *b, char c);
void buf_put_i64(struct buf *b, int64_t v);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_vprintf(struct buf *b, const char *fmt, va_list args) PRINTF_LIKE(2, 0);
static inline bool buf_full(const struct buf *b) { return b->full; }
static inline str buf_str(const struct buf *b) { return (str){b->p, b->len}; }
const char *buf_z(const struct buf *b); /* "" when empty; borrowed until the next append */

/* What somebody else wrote, for a line that people read: each control character, line end and
 * ill-formed byte is a blank, so that no terminal obeys it and no second line is faked. */
void buf_put_line(struct buf *b, str s);
/* JSON text: quoted and escaped string; ill-formed UTF-8 becomes U+FFFD. */
void buf_put_json_str(struct buf *b, str s);

#endif
