/* error: one type for everything that the world can do wrong.
 *
 * Fallible functions return bool (MUST_CHECK) and take `struct error *err` last, never NULL. The
 * function that sees the fault says `return fail(err, ERR_PARSE, 0, "...")`; callers add context
 * outside-in with `return fail_in(err, "load %s", path)`, which gives "load x: ...". Libraries
 * return errors, edges log them once. A message says what, where and what to do. */
#ifndef BF_BASE_ERROR_H
#define BF_BASE_ERROR_H

#include "base/base.h"

/* code, text, retryable: may the same call succeed later without anybody changing anything? */
#define ERR_MAP(X)                                                                                 \
    X(OK, "ok", false)                                                                             \
    X(PARSE, "not well-formed", false)                                                             \
    X(RANGE, "out of range", false)                                                                \
    X(LIMIT, "limit reached", false)                                                               \
    X(NOT_FOUND, "not found", false)                                                               \
    X(EXISTS, "exists already", false)                                                             \
    X(STATE, "not possible in this state", false)                                                  \
    X(CONFIG, "configuration is wrong", false)                                                     \
    X(IO, "input or output failed", true)                                                          \
    X(BUSY, "busy", true)                                                                          \
    X(FULL, "no space left", true)                                                                 \
    X(DAMAGED, "data is damaged", false)                                                           \
    X(TIMEOUT, "timed out", true)                                                                  \
    X(REFUSED, "refused by a safety rule", false)                                                  \
    X(UNKNOWN, "outcome unknown", false)                                                           \
    X(INTERRUPTED, "interrupted", false)                                                           \
    X(USAGE, "wrong usage", false)                                                                 \
    X(UNSUPPORTED, "not supported", false)

typedef enum err_code {
#define X(name, text, retryable) ERR_##name,
    ERR_MAP(X)
#undef X
} err_code;

#define ERR_MSG_BYTES 480 /* its NUL among them */
struct error {
    err_code code;
    int sys;                 /* errno or the library's own number, 0 if none */
    char msg[ERR_MSG_BYTES]; /* of a longer one the middle is left out: the end says what to do */
};

/* Both return false. fail() overwrites, fail_in() puts its text and ": " in front of err->msg. */
bool fail(struct error *err, err_code code, int sys, const char *fmt, ...) PRINTF_LIKE(4, 5);
bool fail_in(struct error *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

const char *err_text(err_code code); /* never NULL */
const char *err_name(err_code code); /* "PARSE" */
bool err_retryable(err_code code);

#endif
