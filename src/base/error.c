/* error: how a message is made and how context gets in front of it.
 *
 * In: a code, the system's number, a format. Out: err, always with a NUL-terminated message. Of one
 * that is too long the middle is left out, between characters: it begins with what and where, and
 * ends with what to do. A control character in it is a '?'. Arguments may point into err->msg: the
 * text is made aside first. When context and message do not fit together, the context gives way
 * first: the cause is what people need. Cannot fail. Any thread. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/str.h"

#define MSG_BYTES ((ptrdiff_t)ERR_MSG_BYTES)
#define TEXT_BYTES 2048       /* as it is made, before anything is left out */
#define CONTEXT_BYTES_MIN 100 /* of a context that competes with a long message */
#define LEFT_OUT STR(" ... ")

/* Arguments may be what strangers wrote, and the message goes to a terminal: a control character
 * is a '?' in it. In place. */
static void clean(char *text) {
    const str all = str_from_z(text);
    ptrdiff_t to = 0;
    for (ptrdiff_t at = 0; at < all.n;) {
        const ptrdiff_t from = at;
        const uint32_t c = str_utf8_next(all, &at);
        const bool ill_formed = c == 0xFFFD && at - from == 1;
        if (ill_formed || !str_is_line_char(c)) {
            text[to++] = '?';
            continue;
        }
        memmove(text + to, text + from, (size_t)(at - from));
        to += at - from;
    }
    text[to] = '\0';
}

/* bytes: of ret, its NUL among them. */
static void put_short(str text, char *ret, ptrdiff_t bytes) {
    if (str_copyz(text, ret, bytes)) return;
    const ptrdiff_t room = bytes - 1 - LEFT_OUT.n, end = room * 2 / 5;
    if (room < 20) return; /* what was copied is all there is room for */
    IGNORE(!str_copyz(text, ret, room - end + 1), "cut between characters");
    str tail = str_tail(text, text.n - end);
    while (tail.n > 0 && ((unsigned char)tail.p[0] & 0xC0) == 0x80) tail = str_tail(tail, 1);
    ptrdiff_t at = (ptrdiff_t)strlen(ret);
    memcpy(ret + at, LEFT_OUT.p, (size_t)LEFT_OUT.n);
    at += LEFT_OUT.n;
    IGNORE(!str_copyz(tail, ret + at, bytes - at), "it fits: room was kept for it");
}

bool fail(struct error *err, err_code code, int sys, const char *fmt, ...) {
    PRE(code != ERR_OK);
    char text[TEXT_BYTES];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    POST(n >= 0);
    clean(text);
    err->code = code;
    err->sys = sys;
    put_short(str_from_z(text), err->msg, MSG_BYTES);
    return false;
}

bool fail_in(struct error *err, const char *fmt, ...) {
    PRE(err->code != ERR_OK);
    char text[TEXT_BYTES];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    POST(n >= 0);
    clean(text);

    char cause[MSG_BYTES];
    str old = str_from_z(err->msg);
    IGNORE(!str_copyz(old, cause, MSG_BYTES), "it came out of an array of this size");
    ptrdiff_t room = i64_max(MSG_BYTES - 2 - old.n, CONTEXT_BYTES_MIN);
    IGNORE(!str_copyz(str_from_z(text), err->msg, i64_min(room, MSG_BYTES - 2)), "see above");
    ptrdiff_t at = (ptrdiff_t)strlen(err->msg);
    memcpy(err->msg + at, ": ", 3);
    at += 2;
    put_short(str_from_z(cause), err->msg + at, MSG_BYTES - at);
    return false;
}

const char *err_text(err_code code) {
    switch (code) {
#define X(name, text, retryable)                                                                   \
    case ERR_##name:                                                                               \
        return text;
        ERR_MAP(X)
#undef X
    }
    return "not a known error";
}

const char *err_name(err_code code) {
    switch (code) {
#define X(name, text, retryable)                                                                   \
    case ERR_##name:                                                                               \
        return #name;
        ERR_MAP(X)
#undef X
    }
    return "?";
}

bool err_retryable(err_code code) {
    switch (code) {
#define X(name, text, retryable)                                                                   \
    case ERR_##name:                                                                               \
        return retryable;
        ERR_MAP(X)
#undef X
    }
    return false;
}
