/* The list of mistakes: what is wrong, where it stands, in an order that a person can work through.
 *
 * Every reader adds to it and goes on, so that one run tells all. A line is composed when it is
 * added; the list is sorted once, for the report: by level (file, settings, environment, --set),
 * then by line, then in the order of reading (the environment, whose order means nothing, by name).
 * Nothing here fails: beyond the maximum mistakes are only counted.
 *
 * What a person typed is shown cut, on one line, and not at all when it may hold a password:
 * reports end up in terminals, log collectors and bug reports. One thread, at start. */
#include "config/config_int.h"

#include <stdlib.h>

#define SHOWN_MAX 60       /* bytes of a value that a message repeats */
#define MISTAKE_BYTES 6144 /* a path of 4096 bytes, a key and a text */

/* The last 4096 bytes of a path at most, so that the text behind it still fits. */
static str path_cut(str path) { return path.n > 4096 ? str_tail(path, path.n - 4096) : path; }

static void put_place(struct buf *b, const struct config_origin *o, str key) {
    switch (o->level) {
    case LEVEL_DEFAULT:
        break;
    case LEVEL_PROFILE:
        buf_printf(b, "profile " STR_FMT ": ", STR_ARG(o->name));
        break;
    case LEVEL_FILE:
        buf_put(b, path_cut(o->name));
        if (o->line > 0) buf_printf(b, ":%d", o->line);
        buf_put(b, STR(": "));
        break;
    case LEVEL_SETTINGS:
        buf_put(b, STR("settings "));
        if (key.n == 0) buf_put(b, STR("table: "));
        break;
    case LEVEL_ENV: /* the variable names the key */
        buf_put(b, o->name);
        buf_put(b, STR(": "));
        return;
    case LEVEL_SET:
        buf_put(b, o->name);
        buf_put(b, key.n > 0 ? STR(" ") : STR(": "));
        break;
    }
    if (key.n > 0) buf_printf(b, STR_FMT ": ", STR_ARG(key));
}

void config_mistake_add(struct config_mistakes *m, const struct config_origin *o, str key,
                        const char *fmt, ...) {
    PRE(m->max >= 1 && m->max <= CONFIG_MISTAKES_MAX);
    if (m->count == m->max) {
        m->more++;
        return;
    }
    char block[MISTAKE_BYTES];
    struct buf line;
    buf_init_fixed(&line, block, sizeof block);
    put_place(&line, o, key);
    va_list args;
    va_start(args, fmt);
    buf_vprintf(&line, fmt, args);
    va_end(args);
    m->list[m->count] = (struct config_mistake){
        .level = o->level, .line = o->line, .seq = m->count, .text = str_dup(m->a, buf_str(&line))};
    m->count++;
    buf_fini(&line);
}

static int compare(const void *left, const void *right) {
    const struct config_mistake *a = left;
    const struct config_mistake *b = right;
    if (a->level != b->level) return a->level < b->level ? -1 : 1;
    if (a->line != b->line) return a->line < b->line ? -1 : 1;
    if (a->level == LEVEL_ENV) {
        int order = str_cmp(a->text, b->text);
        if (order != 0) return order;
    }
    return a->seq < b->seq ? -1 : 1;
}

void config_mistakes_report(struct config_mistakes *m, struct buf *report) {
    if (m->count > 1) qsort(m->list, (size_t)m->count, sizeof m->list[0], compare);
    for (int i = 0; i < m->count; i++) {
        buf_put(report, m->list[i].text);
        buf_put_byte(report, '\n');
    }
    if (m->more > 0) buf_printf(report, "... and %lld more\n", (long long)m->more);
}

void config_put_mistake(const struct config *cfg, int source, str key, const char *what,
                        struct buf *report) {
    char block[64];
    struct buf listed;
    str name = key, section;
    IGNORE(!str_cut(&name, '.', &section), "a key has two parts");
    const int row = config_row_find(section, name);
    PRE(row >= 0);
    const struct config_origin *o = &cfg->origins->row[row];
    buf_init_fixed(&listed, block, sizeof block);
    for (int k = 0; k < CONFIG_SOURCE_KEYS && str_eq(section, STR("source")); k++) {
        if (config_source_rows[k] != row) continue;
        if (source > 0) o = &cfg->origins->source[source][k];
        if (cfg->origins->sources_line > 0)
            buf_printf(&listed, "sources[%d]." STR_FMT, source, STR_ARG(name));
    }
    put_place(report, o, listed.len > 0 ? buf_str(&listed) : key);
    buf_printf(report, "%s\n", what);
}

void config_origin_format(struct buf *b, const struct config_origin *o) {
    switch (o->level) {
    case LEVEL_DEFAULT:
        buf_put(b, STR("default"));
        return;
    case LEVEL_PROFILE:
        buf_printf(b, "profile " STR_FMT, STR_ARG(o->name));
        return;
    case LEVEL_FILE:
        buf_printf(b, STR_FMT ":%d", STR_ARG(o->name), o->line);
        return;
    case LEVEL_SETTINGS:
        buf_put(b, STR("settings"));
        return;
    case LEVEL_ENV:
        buf_printf(b, "env " STR_FMT, STR_ARG(o->name));
        return;
    case LEVEL_SET:
        buf_put(b, o->name);
        return;
    }
    WRONG("a level that is not in the list");
}

/* ---- what may be shown ---- */

static bool contains_nocase(str s, str needle) {
    for (ptrdiff_t i = 0; i + needle.n <= s.n; i++) {
        if (str_eq_nocase(str_from_bytes(s.p + i, needle.n), needle)) return true;
    }
    return false;
}

bool config_has_password(str text) {
    if (contains_nocase(text, STR("password="))) return true;
    ptrdiff_t scheme = str_find(text, STR("://"));
    if (scheme < 0) return false;
    /* The last '@', not the authority's end: an unescaped '/' in a password must not hide it. */
    str rest = str_tail(text, scheme + 3);
    ptrdiff_t at = rest.n;
    while (at > 0 && rest.p[at - 1] != '@') at--;
    return at > 0 && str_find_byte(str_head(rest, at - 1), ':') >= 0;
}

const char *config_shown(str value, char block[CONFIG_SHOWN_BYTES]) {
    struct buf b;
    buf_init_fixed(&b, block, CONFIG_SHOWN_BYTES);
    if (config_has_password(value)) {
        buf_put(&b, STR("(a text with a password, not shown)"));
        return buf_z(&b);
    }
    bool quote = value.n == 0;
    for (ptrdiff_t i = 0; i < value.n && i < SHOWN_MAX; i++) {
        quote = quote || value.p[i] == ' ' || value.p[i] == ':' || value.p[i] == ',';
    }
    if (quote) buf_put_byte(&b, '"');
    for (ptrdiff_t pos = 0; pos < value.n;) {
        if (pos >= SHOWN_MAX) {
            buf_put(&b, STR("..."));
            break;
        }
        ptrdiff_t start = pos;
        uint32_t c = str_utf8_next(value, &pos);
        str bytes = str_from_bytes(value.p + start, pos - start);
        buf_put(&b, str_is_line(bytes) && str_is_line_char(c) ? bytes : STR("?"));
    }
    if (quote) buf_put_byte(&b, '"');
    return buf_z(&b);
}
