/* error: how a message is made and how context gets in front of it.
 *
 * In: a code, the system's number, a format. Out: err, always with a NUL-terminated message cut at
 * a UTF-8 boundary. Arguments may point into err->msg: the text is made aside first. When context
 * and message do not fit together, the context gives way first: the cause is what people need.
 * Cannot fail. Any thread. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/str.h"

#define MSG_BYTES ((ptrdiff_t)sizeof(((struct error *)0)->msg))
#define CONTEXT_BYTES_MIN 100 /* of a context that competes with a long message */

bool fail(struct error *err, err_code code, int sys, const char *fmt, ...) {
    PRE(code != ERR_OK);
    char text[512];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    POST(n >= 0);
    err->code = code;
    err->sys = sys;
    IGNORE(!str_copyz(str_from_z(text), err->msg, MSG_BYTES), "a long message may be cut");
    return false;
}

bool fail_in(struct error *err, const char *fmt, ...) {
    PRE(err->code != ERR_OK);
    char text[512];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    POST(n >= 0);

    char cause[MSG_BYTES];
    str old = str_from_z(err->msg);
    IGNORE(!str_copyz(old, cause, MSG_BYTES), "it came out of an array of this size");
    ptrdiff_t room = i64_max(MSG_BYTES - 2 - old.n, CONTEXT_BYTES_MIN);
    IGNORE(!str_copyz(str_from_z(text), err->msg, i64_min(room, MSG_BYTES - 2)), "see above");
    ptrdiff_t at = (ptrdiff_t)strlen(err->msg);
    memcpy(err->msg + at, ": ", 3);
    at += 2;
    IGNORE(!str_copyz(str_from_z(cause), err->msg + at, MSG_BYTES - at), "see above");
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
