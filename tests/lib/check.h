/* check: cmocka with what it needs before it, and a few assertions on our own types. Include this
 * instead of <cmocka.h>.
 *
 * TEST_SEED=n in the environment repeats a run with random cases; the seed is printed. */
#ifndef BF_TESTS_LIB_CHECK_H
#define BF_TESTS_LIB_CHECK_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* cmocka claims the name fail(), which is ours: error.h. */
#undef fail
#undef fail_msg
#define fail_msg(...) (print_error(__VA_ARGS__), print_error("\n"), _fail(__FILE__, __LINE__))

#include "base/error.h"
#include "base/str.h"

/* assert_str(s, "text"): the slice has exactly these bytes. */
#define assert_str(s, text) check_str((s), STR(text), __FILE__, __LINE__)
/* assert_ok(f(..., &err), &err): prints the message when it is false. */
#define assert_ok(expr, err) check_ok((expr), (err), #expr, __FILE__, __LINE__)
/* assert_fails(f(..., &err), &err, ERR_PARSE) */
#define assert_fails(expr, err, code) check_fails((expr), (err), (code), #expr, __FILE__, __LINE__)
/* assert_aborts(statement): one of our asserts stops it (in a child process, silently). */
#define assert_aborts(statement)                                                                   \
    do {                                                                                           \
        pid_t check_pid = check_fork();                                                            \
        if (check_pid == 0) {                                                                      \
            statement;                                                                             \
            _exit(0);                                                                              \
        }                                                                                          \
        check_aborted(check_pid, #statement, __FILE__, __LINE__);                                  \
    } while (0)

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

static inline pid_t check_fork(void) {
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        signal(SIGABRT, SIG_DFL);
        close(STDERR_FILENO);
    }
    return pid;
}

static inline void check_aborted(pid_t pid, const char *statement, const char *file, int line) {
    int status = 0;
    if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
        WTERMSIG(status) == SIGABRT) {
        return;
    }
    print_error("%s: did not abort (status %d)\n", statement, status);
    _fail(file, line);
}

/* A number from the environment, or the default. */
static inline int64_t test_number(const char *name, int64_t or_else) {
    const char *text = getenv(name);
    int64_t v;
    return text && str_to_i64(str_from_z(text), &v) ? v : or_else;
}

static inline uint64_t test_seed(void) {
    uint64_t seed = (uint64_t)test_number("TEST_SEED", 20261120);
    print_message("TEST_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

#endif
