/* log: one line an event, logfmt or JSON, on standard error. Edges log, libraries return.
 *
 *   log_info("order_sent", LOG_STR("coid", coid), LOG_PX("price", p));
 *   -> at=2026-11-20T10:00:00.000000Z level=info ev=order_sent coid=bfab12-... price=0.32
 *
 * Levels are named for the reader's reaction; a test run that logs `broken` fails. Thread safe: one
 * write(2) per line. Values with blanks, quotes or control characters are quoted. */
#ifndef BF_BASE_LOG_H
#define BF_BASE_LOG_H

#include "base/base.h"
#include "base/money.h"
#include "base/str.h"
#include "base/time.h"

#define LOG_LEVEL_MAP(X)                                                                           \
    X(TRACE, "trace") X(DEBUG, "debug") X(INFO, "info") X(UNUSUAL, "unusual") X(BROKEN, "broken")
typedef enum log_level {
#define X(name, text) LOG_##name,
    LOG_LEVEL_MAP(X)
#undef X
} log_level;
typedef enum log_format { LOG_LOGFMT, LOG_JSON } log_format;

typedef enum log_kind {
    LOG_KIND_STR,
    LOG_KIND_I64,
    LOG_KIND_E8,
    LOG_KIND_TIME,
    LOG_KIND_BOOL
} log_kind;
struct log_field {
    const char *key;
    log_kind kind;
    str s;
    int64_t v;
};
#define LOG_S(key, s) ((struct log_field){(key), LOG_KIND_STR, (s), 0})
#define LOG_Z(key, z) ((struct log_field){(key), LOG_KIND_STR, str_from_z(z), 0})
#define LOG_I(key, i) ((struct log_field){(key), LOG_KIND_I64, {0}, (i)})
#define LOG_E8(key, e8) ((struct log_field){(key), LOG_KIND_E8, {0}, (e8)}) /* decimal text */
#define LOG_T(key, t) ((struct log_field){(key), LOG_KIND_TIME, {0}, (t)})
#define LOG_B(key, b) ((struct log_field){(key), LOG_KIND_BOOL, {0}, (b)})

void log_setup(log_level least, log_format format, int fd);
void log_set_least(log_level least); /* the least level that is written from now on */
log_level log_step(int by);          /* moves it by so many levels; returns what it is now */
void log_set_clock(
    const struct clock *c); /* borrowed; adds vt= (virtual time) when virtual; NULL: none */
void log_write(log_level level, const char *ev, const struct log_field *fields, ptrdiff_t count);
int64_t log_count(log_level level); /* lines written at this level since the start */

#define LOG_AT(level, ev, ...)                                                                     \
    log_write(                                                                                     \
        (level), (ev), (const struct log_field[]){__VA_ARGS__},                                    \
        (ptrdiff_t)(sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field)))
#define log_debug(ev, ...) LOG_AT(LOG_DEBUG, ev, __VA_ARGS__)
#define log_info(ev, ...) LOG_AT(LOG_INFO, ev, __VA_ARGS__)
#define log_unusual(ev, ...) LOG_AT(LOG_UNUSUAL, ev, __VA_ARGS__)
#define log_broken(ev, ...) LOG_AT(LOG_BROKEN, ev, __VA_ARGS__)

MUST_CHECK bool log_level_from_name(str name, log_level *ret);
const char *log_level_name(log_level l);

#endif
