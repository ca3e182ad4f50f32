/* The words every file speaks: checks, attributes, small integer helpers.
 *
 * PRE checks what a caller promised, POST what a function promises, ERGO an implication, WRONG
 * marks a branch that cannot be taken. They are on in every build and never see data from outside:
 * what the world sends wrong is a struct error, not an assert. */
#ifndef BF_BASE_BASE_H
#define BF_BASE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define NORETURN __attribute__((noreturn))
#define UNUSED __attribute__((unused))

/* On the hot path, for a local array of which only what was written is ever read: the compiler's
 * option that zeroes every local would spend more on it than the work takes. */
#define UNINITIALIZED __attribute__((uninitialized))

#define COUNT_OF(a) ((ptrdiff_t)(sizeof(a) / sizeof((a)[0])))
#define BIT(n) (UINT32_C(1) << (n))

/* gcc 12 warns on an ignored result even behind a (void) cast; this says why it is ignored. */
#define IGNORE(expr, why)                                                                          \
    do {                                                                                           \
        if (expr) {                                                                                \
            /* ignored: why */                                                                     \
        }                                                                                          \
    } while (0)

#define PRE(cond) ((cond) ? (void)0 : assert_failed("PRE", #cond, __FILE__, __LINE__, __func__))
#define POST(cond) ((cond) ? (void)0 : assert_failed("POST", #cond, __FILE__, __LINE__, __func__))
#define ERGO(a, b) PRE(!(a) || (b))
#define WRONG(why) assert_failed("WRONG", why, __FILE__, __LINE__, __func__)

/* Writes one line to standard error, runs the hook set by assert_set_hook (once), aborts. */
NORETURN void assert_failed(const char *kind, const char *what, const char *file, int line,
                            const char *func);

/* hook: called on the failing thread before abort, to flush what must not be lost; NULL for none.
 */
void assert_set_hook(void (*hook)(void));

static inline int64_t i64_min(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t i64_max(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t i64_clamp(int64_t v, int64_t lo, int64_t hi) {
    return v < lo ? lo : v > hi ? hi : v;
}

#endif
