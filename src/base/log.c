/* log: makes one line in a block on the stack and writes it with one write(2).
 *
 * In: an event name and typed fields, borrowed for the call. Out: a line in logfmt or JSON. A line
 * has at most LOG_LINE_BYTES: a longer value is cut, a field that no longer fits is left out and
 * the line ends in cut=true; it is well-formed in any case. Failure: a line that cannot be written
 * is lost (there is nowhere to complain to), but counted. Any thread: the settings are atomics,
 * lines under 4 KiB do not mix on a pipe, and longer ones are not made. */
#include "base/log.h"

#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/buf.h"

#define LOG_LINE_BYTES 4096
#define LOG_VALUE_BYTES 2048
#define LOG_TAIL_BYTES 32 /* kept free for the cut mark and the end of the line */
#define LOG_LEVELS (LOG_BROKEN + 1)

static atomic_int log_least = LOG_INFO;
static atomic_int log_shape = LOG_LOGFMT;
static atomic_int log_fd = STDERR_FILENO;
static _Atomic(const struct clock *) log_clock;
static atomic_llong log_counts[LOG_LEVELS];

void log_setup(log_level least, log_format format, int fd) {
    atomic_store(&log_least, (int)least);
    atomic_store(&log_shape, (int)format);
    atomic_store(&log_fd, fd);
}

void log_set_least(log_level least) { atomic_store(&log_least, (int)least); }

log_level log_step(int by) {
    const int64_t to = i64_clamp(atomic_load(&log_least) + by, LOG_TRACE, LOG_BROKEN);
    atomic_store(&log_least, (int)to);
    return (log_level)to;
}

void log_set_clock(const struct clock *c) { atomic_store(&log_clock, c); }

int64_t log_count(log_level level) { return (int64_t)atomic_load(&log_counts[level]); }

/* May the value stand in logfmt as it is? */
static bool bare(str s) {
    if (s.n == 0 || !str_utf8_valid(s)) return false;
    for (ptrdiff_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c <= ' ' || c == 0x7F || c == '"' || c == '=' || c == '\\') return false;
    }
    return true;
}

static void put_text(struct buf *b, log_format format, str s) {
    if (s.n > LOG_VALUE_BYTES) {
        char block[LOG_VALUE_BYTES];
        IGNORE(!str_copyz(s, block, sizeof block), "a long value is cut");
        buf_put_json_str(b, str_from_z(block));
    } else if (format == LOG_JSON || !bare(s)) {
        buf_put_json_str(b, s);
    } else {
        buf_put(b, s);
    }
}

/* The separator and the name. */
static void put_key(struct buf *b, log_format format, const char *key) {
    if (format == LOG_JSON) {
        buf_put_byte(b, b->len ? ',' : '{');
        buf_put_json_str(b, str_from_z(key));
        buf_put_byte(b, ':');
    } else {
        if (b->len) buf_put_byte(b, ' ');
        buf_put(b, str_from_z(key));
        buf_put_byte(b, '=');
    }
}

static void put_field(struct buf *b, log_format format, const struct log_field *f) {
    char block[64];
    _Static_assert(sizeof block >= AMOUNT_TEXT_BYTES, "an amount fits");
    _Static_assert(sizeof block >= TIME_TEXT_BYTES, "a time fits");
    put_key(b, format, f->key);
    switch (f->kind) {
    case LOG_KIND_STR:
        put_text(b, format, f->s);
        return;
    case LOG_KIND_I64:
        buf_put_i64(b, f->v);
        return;
    case LOG_KIND_E8:
        put_text(b, format, amount_format_e8(f->v, block));
        return;
    case LOG_KIND_TIME:
        put_text(b, format, time_format_rfc3339(f->v, block));
        return;
    case LOG_KIND_BOOL:
        buf_put(b, f->v ? STR("true") : STR("false"));
        return;
    }
    WRONG("not a kind of field");
}

static void write_line(str line) {
    int fd = atomic_load(&log_fd);
    while (line.n > 0) {
        ssize_t n = write(fd, line.p, (size_t)line.n);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return;
        line = str_tail(line, n);
    }
}

void log_write(log_level level, const char *ev, const struct log_field *fields, ptrdiff_t count) {
    if ((int)level < atomic_load_explicit(&log_least, memory_order_relaxed)) return;
    log_format format = (log_format)atomic_load(&log_shape);
    const struct clock *clock = atomic_load(&log_clock);
    int saved_errno = errno;

    char line[LOG_LINE_BYTES];
    struct buf b;
    buf_init_fixed(&b, line, LOG_LINE_BYTES - LOG_TAIL_BYTES);
    put_field(&b, format, &LOG_T("at", time_wall_us()));
    if (clock && clock->is_virtual) put_field(&b, format, &LOG_T("vt", clock_now(clock)));
    put_field(&b, format, &LOG_Z("level", log_level_name(level)));
    put_field(&b, format, &LOG_Z("ev", ev));
    bool cut = false;
    for (ptrdiff_t i = 0; i < count; i++) {
        ptrdiff_t mark = b.len;
        put_field(&b, format, &fields[i]);
        if (!buf_full(&b)) continue;
        b.len = mark; /* this one did not fit; a shorter one behind it may */
        b.full = false;
        cut = true;
    }
    b.max = b.cap = LOG_LINE_BYTES - 1;
    if (cut) put_field(&b, format, &LOG_B("cut", true));
    if (format == LOG_JSON) buf_put_byte(&b, '}');
    buf_put_byte(&b, '\n');
    POST(!buf_full(&b));
    write_line(buf_str(&b));
    atomic_fetch_add_explicit(&log_counts[level], 1, memory_order_relaxed);
    errno = saved_errno;
}

bool log_level_from_name(str name, log_level *ret) {
#define X(id, text)                                                                                \
    if (str_eq(name, STR(text))) {                                                                 \
        *ret = LOG_##id;                                                                           \
        return true;                                                                               \
    }
    LOG_LEVEL_MAP(X)
#undef X
    return false;
}

const char *log_level_name(log_level l) {
    switch (l) {
#define X(id, text)                                                                                \
    case LOG_##id:                                                                                 \
        return text;
        LOG_LEVEL_MAP(X)
#undef X
    }
    return "?";
}
