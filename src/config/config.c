/* config_load: all levels in the order of precedence, all checks, one report.
 *
 * In: struct config_input. Out: a struct config whose texts are copied into the caller's arena, or
 * a report of every mistake. Levels are applied from the lowest to the highest, each over what
 * stands there; a value that is overridden is still checked, because it will count on the day the
 * override is gone. All work happens in two arenas of this call, so that a bad file costs the
 * caller nothing.
 *
 * One thread, at start and at reload; reads one file, writes nothing. */
#include "config/config.h"

#include <errno.h>
#include <unistd.h>

#include "base/file.h"
#include "config/config_int.h"

#define DEFAULT_FILE "bullfinch.yaml"
#define KEEP_BYTES (128 << 20)   /* address space; what arguments and file hold, a few times over */
#define SCRATCH_BYTES (16 << 20) /* one value of the file, CONFIG_SCRATCH_BYTES and more */

/* ---- shared with the readers ---- */

void config_apply(struct config_loader *l, int row, const struct config_node *node,
                  const struct config_place *place) {
    struct config_value value;
    PRE(row >= 0 && row < CONFIG_ROW_COUNT);
    PRE(place->origin->level >= l->origins.row[row].level);
    if (!config_value_parse(l->keep, &config_rows[row], node, place, &value)) {
        l->bad[row] = true;
        return;
    }
    config_value_put(&l->cfg, &config_rows[row], &value);
    l->origins.row[row] = *place->origin;
}

/* "section.key", or "section" where key.p is NULL, as a message may show it. */
static str shown_key(str section, str key, char block[CONFIG_SHOWN_BYTES]) {
    char whole_block[CONFIG_SHOWN_BYTES];
    struct buf whole;
    buf_init_fixed(&whole, whole_block, sizeof whole_block);
    buf_put(&whole, str_head(section, 100));
    if (key.p) buf_put_byte(&whole, '.');
    buf_put(&whole, str_head(key, 100));
    return str_from_z(config_shown(buf_str(&whole), block));
}

#define KEYS_LISTED_MAX 8 /* of a section, in a message */

static void put_keys_of(struct buf *b, str section) {
    int count = 0;
    for (int i = 0; i < CONFIG_ROW_COUNT; i++)
        count += str_eq(section, str_from_z(config_rows[i].section));
    if (count > KEYS_LISTED_MAX) return;
    buf_printf(b, "; " STR_FMT " has ", STR_ARG(section));
    for (int i = 0, n = 0; i < CONFIG_ROW_COUNT; i++) {
        if (!str_eq(section, str_from_z(config_rows[i].section))) continue;
        buf_printf(b, "%s%s", n > 0 ? ", " : "", config_rows[i].name);
        n++;
    }
}

void config_unknown_key(struct config_loader *l, const struct config_origin *o, str section,
                        str key) {
    char shown[CONFIG_SHOWN_BYTES];
    char block[512];
    struct buf hint;
    buf_init_fixed(&hint, block, sizeof block);
    bool full = config_mistakes_full(&l->mistakes);
    int near = full ? -1 : config_row_nearest(section, key);
    if (near >= 0) {
        buf_printf(&hint, ", did you mean " ROW_KEY_FMT "?", ROW_KEY_ARG(&config_rows[near]));
    } else {
        put_keys_of(&hint, section);
    }
    config_mistake_add(&l->mistakes, o, shown_key(section, key, shown), "unknown key%s",
                       buf_z(&hint));
}

/* A section that is really a key: written with its dot, or without its section. -1: neither. */
static int row_of_stray_key(str word) {
    ptrdiff_t dot = str_find_byte(word, '.');
    if (dot >= 0) return config_row_find(str_head(word, dot), str_tail(word, dot + 1));
    for (int i = 0; i < CONFIG_ROW_COUNT; i++) {
        if (str_eq(word, str_from_z(config_rows[i].name))) return i;
    }
    return -1;
}

void config_unknown_section(struct config_loader *l, const struct config_origin *o, str section,
                            str key) {
    char shown[CONFIG_SHOWN_BYTES];
    char block[512];
    struct buf hint;
    buf_init_fixed(&hint, block, sizeof block);
    if (config_mistakes_full(&l->mistakes)) {
        config_mistake_add(&l->mistakes, o, section, "unknown");
        return;
    }
    int stray = !key.p ? row_of_stray_key(section) : -1;
    int near = config_section_nearest(section);
    if (str_eq(section, STR("sources"))) {
        buf_put(&hint, STR("the list of sources can only stand in the file; source.kind, "
                           "source.path and source.name are its first entry"));
    } else if (!key.p && str_eq(section, STR("profile"))) {
        buf_put(&hint, STR("the profile is chosen by --profile or BULLFINCH_PROFILE"));
    } else if (stray >= 0) {
        buf_printf(&hint, "unknown section; write %s: in the section %s", config_rows[stray].name,
                   config_rows[stray].section);
    } else if (near >= 0) {
        buf_printf(&hint, "unknown section, did you mean %s?", config_rows[near].section);
    } else {
        const char *before = "";
        buf_put(&hint, STR("unknown section; there are "));
        for (int i = 0; i < CONFIG_ROW_COUNT; i++) {
            if (config_section_find(str_from_z(config_rows[i].section)) != i) continue;
            buf_printf(&hint, "%s%s", before, config_rows[i].section);
            before = ", ";
        }
    }
    config_mistake_add(&l->mistakes, o, shown_key(section, key, shown), "%s", buf_z(&hint));
}

/* ---- the file ---- */

/* The whole of fd into the keep arena. False: a mistake was added. */
static bool read_all(struct config_loader *l, int fd, const struct config_origin *o, str *ret) {
    char *block = NEW_ARRAY(l->keep, char, CONFIG_FILE_MAX + 1);
    ptrdiff_t len = 0;
    while (len <= CONFIG_FILE_MAX) {
        ssize_t n = read(fd, block + len, (size_t)(CONFIG_FILE_MAX + 1 - len));
        if (n == 0) break;
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            config_mistake_add(&l->mistakes, o, STR(""), "cannot be read: %s", strerror(errno));
            return false;
        }
        len += n;
    }
    if (len > CONFIG_FILE_MAX) {
        config_mistake_add(&l->mistakes, o, STR(""), "is larger than 1 MiB");
        return false;
    }
    *ret = str_from_bytes(block, len);
    return true;
}

static void read_path(struct config_loader *l, str path, bool must_exist) {
    struct config_origin o = {.level = LEVEL_FILE, .name = l->cfg.file};
    struct error why;
    str text;
    int fd;
    if (str_find_byte(path, 0) >= 0) {
        config_mistake_add(&l->mistakes, &o, STR(""), "is no path");
        return;
    }
    if (!file_open(str_dupz(l->keep, path), &fd, NULL, &why)) {
        if (why.code == ERR_NOT_FOUND && !must_exist)
            l->cfg.file = STR("");
        else
            config_mistake_add(&l->mistakes, &o, STR(""), "%s%s",
                               why.sys != 0 ? "cannot be opened: " : "", why.msg);
        return;
    }
    if (read_all(l, fd, &o, &text)) {
        l->cfg.text = text;
        config_read_yaml(l, l->cfg.file, text);
    }
    close(fd);
}

/* A path as messages and comments can hold it: text on one line. */
static str one_line(struct arena *a, str path) {
    struct buf b;
    char *block = NEW_ARRAY(a, char, path.n + 1);
    buf_init_fixed(&b, block, path.n + 1);
    for (ptrdiff_t pos = 0; pos < path.n;) {
        ptrdiff_t start = pos;
        (void)str_utf8_next(path, &pos);
        str c = str_from_bytes(path.p + start, pos - start);
        buf_put(&b, str_is_line(c) ? c : STR("?"));
    }
    return buf_str(&b);
}

static void read_file(struct config_loader *l, const struct config_input *in) {
    if (in->text.p) {
        l->cfg.file = in->file.n > 0 ? one_line(l->keep, in->file) : STR("");
        l->cfg.text = in->text;
        config_read_yaml(l, in->file.n > 0 ? l->cfg.file : STR("configuration"), in->text);
        return;
    }
    str path = in->file.n > 0 ? in->file : STR(DEFAULT_FILE);
    l->cfg.file = one_line(l->keep, path);
    read_path(l, path, in->file.n > 0);
}

/* ---- the result ---- */

/* What the rows of the section say. */
static struct config_source first_source(const struct config *c) {
    return (struct config_source){.kind = c->source_kind,
                                  .path = c->source_path,
                                  .name = c->source_name,
                                  .authors = c->source_authors,
                                  .query = c->source_query,
                                  .filter = c->source_filter,
                                  .keep = c->source_keep,
                                  .url = c->source_url,
                                  .strangers = c->source_strangers};
}

static str copy_str(struct arena *a, str s) { return s.n > 0 ? str_dup(a, s) : STR(""); }

static ptrdiff_t size_of_value(const struct config_value *v) {
    ptrdiff_t size = v->text.n + 64;
    for (int k = 0; k < v->list.count; k++)
        size += v->list.names[k].n + (ptrdiff_t)(sizeof(str) + sizeof(int64_t));
    return size;
}

/* Bytes that copy_out() takes at most, alignment included. */
static ptrdiff_t size_of_result(const struct config_loader *l) {
    ptrdiff_t size = (ptrdiff_t)sizeof(struct config_origins) + l->cfg.file.n + 64;
    for (int i = 0; i < CONFIG_ROW_COUNT; i++) {
        struct config_value v;
        config_value_get(&l->cfg, &config_rows[i], &v);
        size += size_of_value(&v) + l->origins.row[i].name.n;
    }
    for (int i = 0; i < l->cfg.source_count; i++) {
        struct config_source s = l->cfg.sources[i];
        for (int k = 0; k < CONFIG_SOURCE_KEYS; k++) {
            struct config_value v;
            config_member_get(config_source_member(&s, k), &config_rows[config_source_rows[k]], &v);
            size += size_of_value(&v);
        }
    }
    return size;
}

static struct config_origin copy_origin(struct arena *a, struct config_origin o, str file) {
    o.name = o.level == LEVEL_FILE && file.n > 0 ? file : copy_str(a, o.name);
    return o;
}

/* Everything the result points to, into `a`; what it has from the loader dies with that. */
static void copy_out(struct arena *a, const struct config_loader *l, struct config *ret) {
    struct config_origins *origins = NEW(a, struct config_origins);
    *ret = l->cfg;
    *origins = l->origins;
    ret->origins = origins;
    ret->file = copy_str(a, l->cfg.file);
    ret->text = copy_str(a, l->cfg.text);
    ret->profile = copy_str(a, l->cfg.profile);
    for (int i = 0; i < CONFIG_ROW_COUNT; i++) {
        struct config_value v;
        config_value_get(&l->cfg, &config_rows[i], &v);
        v.text = copy_str(a, v.text);
        v.list = config_list_dup(a, v.list);
        config_value_put(ret, &config_rows[i], &v);
        origins->row[i] = copy_origin(a, l->origins.row[i], ret->file);
    }
    ret->sources[0] = first_source(ret);
    for (int i = 1; i < ret->source_count; i++) {
        for (int k = 0; k < CONFIG_SOURCE_KEYS; k++) {
            const struct config_row *row = &config_rows[config_source_rows[k]];
            void *member = config_source_member(&ret->sources[i], k);
            struct config_value v;
            config_member_get(member, row, &v);
            v.text = copy_str(a, v.text);
            v.list = config_list_dup(a, v.list);
            config_member_put(member, row, &v);
            origins->source[i][k] = copy_origin(a, l->origins.source[i][k], ret->file);
        }
    }
    origins->profile = copy_origin(a, l->origins.profile, STR(""));
}

/* ---- loading ---- */

static void read_defaults(struct config_loader *l) {
    struct config_origin origin = {.level = LEVEL_DEFAULT};
    for (int i = 0; i < CONFIG_ROW_COUNT; i++) {
        struct config_place place = {&l->mistakes, &origin, str_from_z(config_rows[i].name),
                                     l->scratch};
        struct config_node node = {.kind = NODE_TEXT, .text = config_row_default(&config_rows[i])};
        config_apply(l, i, &node, &place);
    }
    PRE(l->mistakes.count == 0); /* the table's own values */
}

static void read_levels(struct config_loader *l, const struct config_input *in) {
    read_defaults(l);
    config_read_profile(l, in);
    read_file(l, in);
    config_read_settings(l, in);
    config_read_env(l, in->env);
    config_read_sets(l, in);
    if (l->cfg.source_count == 0) l->cfg.source_count = 1;
    l->cfg.sources[0] = first_source(&l->cfg);
    config_check_all(l);
}

static bool finish(struct arena *a, struct config_loader *l, struct config *ret_cfg,
                   struct buf *report, struct error *err) {
    if (l->mistakes.count > 0) {
        int64_t count = l->mistakes.count + l->mistakes.more;
        config_mistakes_report(&l->mistakes, report);
        return fail(err, l->mistakes.refused ? ERR_REFUSED : ERR_CONFIG, 0,
                    "%lld mistake%s in the configuration", (long long)count, count == 1 ? "" : "s");
    }
    ptrdiff_t size = size_of_result(l);
    if (arena_left(a) < size) {
        buf_printf(report, "configuration: %lld bytes of values, more than there is room for\n",
                   (long long)size);
        return fail(err, ERR_LIMIT, 0, "the configuration needs %lld bytes, %lld are left",
                    (long long)size, (long long)arena_left(a));
    }
    copy_out(a, l, ret_cfg);
    return true;
}

bool config_load(struct arena *a, const struct config_input *in, struct config *ret_cfg,
                 struct buf *report, struct error *err) {
    struct arena keep, scratch;
    PRE(in->set_count >= 0 && in->settings_count >= 0);
    arena_open(&keep, KEEP_BYTES);
    arena_open(&scratch, SCRATCH_BYTES);
    struct config_loader *l = NEW(&keep, struct config_loader);
    l->keep = &keep;
    l->scratch = scratch;
    l->mistakes.a = &keep;
    l->mistakes.max = CONFIG_MISTAKES_MAX;
    read_levels(l, in);
    bool good = finish(a, l, ret_cfg, report, err);
    arena_close(&scratch);
    arena_close(&keep);
    return good;
}

bool config_check_value(struct arena *scratch, str key, str value, struct error *err) {
    struct arena temp = *scratch;
    ptrdiff_t dot = str_find_byte(key, '.');
    str section = str_head(key, i64_max(dot, 0));
    str name = str_tail(key, dot + 1);
    int row = dot < 0 ? -1 : config_row_find(section, name);
    if (arena_left(&temp) <
        2 * CONFIG_SCRATCH_BYTES + value.n + (ptrdiff_t)sizeof(struct config_mistakes))
        return fail(err, ERR_LIMIT, 0, "no room to check the value");
    struct config_mistakes *mistakes = NEW(&temp, struct config_mistakes);
    mistakes->a = &temp;
    mistakes->max = 1;
    if (row < 0) {
        char shown[CONFIG_SHOWN_BYTES];
        int near = config_row_nearest(section, name);
        if (near < 0)
            return fail(err, ERR_NOT_FOUND, 0, "%s: unknown key", config_shown(key, shown));
        return fail(err, ERR_NOT_FOUND, 0, "%s: unknown key, did you mean " ROW_KEY_FMT "?",
                    config_shown(key, shown), ROW_KEY_ARG(&config_rows[near]));
    }
    if (!(config_rows[row].flags & CFG_RELOAD))
        return fail(err, ERR_STATE, 0, STR_FMT ": cannot be changed while running", STR_ARG(key));
    struct arena inner;
    arena_init(&inner, NEW_ARRAY(&temp, char, CONFIG_SCRATCH_BYTES), CONFIG_SCRATCH_BYTES);
    struct config_origin origin = {.level = LEVEL_DEFAULT}; /* no place to name */
    struct config_place place = {mistakes, &origin, key, inner};
    struct config_node node = {.kind = NODE_TEXT, .text = value};
    struct config_value parsed;
    if (config_value_parse(&temp, &config_rows[row], &node, &place, &parsed)) return true;
    POST(mistakes->count == 1);
    return fail(err, ERR_CONFIG, 0, STR_FMT, STR_ARG(mistakes->list[0].text));
}
