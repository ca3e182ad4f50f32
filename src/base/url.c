/* url: see the header. Pure; any thread. */
#include "base/url.h"

static bool is_plain(char c, const char *also) {
    const char lower = (char)(c | 0x20);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
           (c != '\0' && (strchr("-_.~", c) != NULL || strchr(also, c) != NULL));
}

void url_encode(struct buf *out, str value, const char *also) {
    static const char digits[] = "0123456789ABCDEF";
    for (ptrdiff_t i = 0; i < value.n; i++) {
        const unsigned char c = (unsigned char)value.p[i];
        const char code[3] = {'%', digits[c >> 4], digits[c & 15]};
        if (is_plain(value.p[i], also))
            buf_put_byte(out, value.p[i]);
        else
            buf_put(out, (str){code, 3});
    }
}

/* -1: none. */
static int hex_digit(char c) {
    const char lower = (char)(c | 0x20);
    if (c >= '0' && c <= '9') return c - '0';
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool url_decode(str raw, bool plus, char *block, ptrdiff_t bytes, str *ret) {
    ptrdiff_t n = 0;
    for (ptrdiff_t i = 0; i < raw.n; i++) {
        char c = raw.p[i];
        if (n == bytes) return false;
        if (c == '%') {
            const int high = i + 2 < raw.n ? hex_digit(raw.p[i + 1]) : -1;
            const int low = i + 2 < raw.n ? hex_digit(raw.p[i + 2]) : -1;
            if (high < 0 || low < 0) return false;
            c = (char)(high * 16 + low);
            i += 2;
        } else if (plus && c == '+') {
            c = ' ';
        }
        block[n++] = c;
    }
    *ret = (str){block, n};
    return true;
}
