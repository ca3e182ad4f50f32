/* check: cmocka with what it needs before it, and a few assertions on our own types. */
#ifndef BF_TESTS_LIB_CHECK_H
#define BF_TESTS_LIB_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/str.h"

/* assert_str(s, "text"): the slice has exactly these bytes. */
#define assert_str(s, text) check_str((s), STR(text), __FILE__, __LINE__)
/* assert_ok(f(..., &err), &err): prints the message when it is false. */
#define assert_ok(expr, err) check_ok((expr), (err), #expr, __FILE__, __LINE__)
/* assert_fails(f(..., &err), &err, ERR_PARSE) */
#define assert_fails(expr, err, code) check_fails((expr), (err), (code), #expr, __FILE__, __LINE__)

static inline void check_str(str got, str want, const char *file, int line) {
    if (str_eq(got, want)) return;
    print_error("got  \"" STR_FMT "\"\nwant \"" STR_FMT "\"\n", STR_ARG(got), STR_ARG(want));
    _fail(file, line);
}

static inline void check_ok(bool ok, const struct error *err, const char *expr, const char *file,
                            int line) {
    if (ok) return;
    print_error("%s: %s (%s, %d)\n", expr, err->msg, err_name(err->code), err->sys);
    _fail(file, line);
}

static inline void check_fails(bool ok, const struct error *err, err_code code, const char *expr,
                               const char *file, int line) {
    if (!ok && err->code == code) return;
    print_error("%s: %s, expected %s\n", expr, ok ? "went well" : err_name(err->code),
                err_name(code));
    _fail(file, line);
}

#endif
