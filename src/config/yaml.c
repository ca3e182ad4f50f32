/* The file: YAML through libyaml's event interface, into values with their lines.
 *
 * In: the file's text, whole. Out: values applied to the loader, mistakes. What is read is a small
 * part of YAML: one document, a map of sections, each a map of keys, and the list `sources`.
 * Aliases are refused (a few lines of them can stand for billions), anchors and tags with them, and
 * depth is limited; events are read one at a time, so no tree is ever built and memory is bounded
 * by the file's size.
 *
 * A mistake in a value does not stop the reading. What libyaml cannot parse does, since nothing
 * behind it has a known meaning; what was found before is kept. */
#include "config/config_int.h"

#include <yaml.h>

#define DEPTH_MAX 8

typedef enum got_kind {
    GOT_NOTHING, /* the end, or reading was stopped */
    GOT_DOCUMENT,
    GOT_DOCUMENT_END,
    GOT_TEXT,
    GOT_NULL,
    GOT_ALIAS,
    GOT_LIST,
    GOT_LIST_END,
    GOT_MAP,
    GOT_MAP_END
} got_kind;

struct got {
    got_kind kind;
    int line;
    str text; /* TEXT, NULL; valid until the next event */
};

struct reader {
    struct config_loader *l;
    str file, text;
    yaml_parser_t parser;
    yaml_event_t event; /* the last one, which got.text points into */
    bool stopped;
    int depth;
    int line[CONFIG_ROW_COUNT];         /* of the key, 0: not given */
    int section_line[CONFIG_ROW_COUNT]; /* by the section's first row */
    int source_line, sources_line;      /* the first key under `source`; `sources` */
    int alias_line;                     /* the last that was reported */
};

static struct config_origin origin_of(const struct reader *r, int line) {
    return (struct config_origin){.level = LEVEL_FILE, .line = line, .name = r->file};
}

static void mistake(struct reader *r, int line, str key, const char *text) {
    struct config_origin o = origin_of(r, line);
    config_mistake_add(&r->l->mistakes, &o, key, "%s", text);
}

/* ---- events ---- */

static int line_of(yaml_mark_t mark) { return mark.line < INT32_MAX ? (int)mark.line + 1 : 1; }

static bool is_indented_by_tab(str text, int line) {
    str rest = text;
    str found = {0};
    for (int i = 0; i < line; i++) {
        if (!str_cut(&rest, '\n', &found)) return false;
    }
    ptrdiff_t at = 0;
    while (at < found.n && found.p[at] == ' ') at++;
    return at < found.n && found.p[at] == '\t';
}

/* libyaml's reader knows only an offset in bytes, the rest knows lines. */
static void report_syntax(struct reader *r) {
    const yaml_parser_t *p = &r->parser;
    const char *problem = p->problem ? p->problem : "out of memory";
    if (p->error == YAML_READER_ERROR) {
        ptrdiff_t end = (ptrdiff_t)i64_min((int64_t)p->problem_offset, r->text.n);
        int line = 1;
        int column = 1;
        for (ptrdiff_t i = 0; i < end; i++) {
            column = r->text.p[i] == '\n' ? 1 : column + 1;
            line += r->text.p[i] == '\n';
        }
        struct config_origin o = origin_of(r, line);
        config_mistake_add(&r->l->mistakes, &o, STR(""), "column %d: not well-formed: %s", column,
                           problem);
        return;
    }
    struct config_origin o = origin_of(r, line_of(p->problem_mark));
    bool tab = is_indented_by_tab(r->text, o.line);
    char context[160] = "";
    if (p->context && line_of(p->context_mark) != o.line) {
        struct buf b;
        buf_init_fixed(&b, context, sizeof context);
        buf_printf(&b, " (%s that begins on line %d)", p->context, line_of(p->context_mark));
    }
    config_mistake_add(&r->l->mistakes, &o, STR(""), "column %lld: not well-formed YAML: %s%s%s",
                       (long long)p->problem_mark.column + 1, problem, context,
                       tab ? "; the line begins with a tab, YAML is indented with blanks" : "");
}

static bool is_null_word(str s) {
    return s.n == 0 || str_eq(s, STR("~")) || str_eq(s, STR("null")) || str_eq(s, STR("Null")) ||
           str_eq(s, STR("NULL"));
}

/* Anchors and tags: the value still counts as read, the mistake is enough. */
static void refuse_extras(struct reader *r, int line, const yaml_char_t *anchor,
                          const yaml_char_t *tag) {
    if (anchor) mistake(r, line, STR(""), "anchors (&name) are not taken");
    if (tag) mistake(r, line, STR(""), "tags (!name) are not taken");
}

static got_kind kind_of_scalar(const yaml_event_t *e, str text) {
    bool plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    return plain && is_null_word(text) ? GOT_NULL : GOT_TEXT;
}

/* Fills in what the event is; false for those that say nothing. */
static bool take_event(struct reader *r, struct got *got) {
    const yaml_event_t *e = &r->event;
    got->line = line_of(e->start_mark);
    switch (e->type) {
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
        return false;
    case YAML_STREAM_END_EVENT:
        r->stopped = true;
        got->kind = GOT_NOTHING;
        return true;
    case YAML_DOCUMENT_START_EVENT:
        got->kind = GOT_DOCUMENT;
        return true;
    case YAML_DOCUMENT_END_EVENT:
        got->kind = GOT_DOCUMENT_END;
        return true;
    case YAML_ALIAS_EVENT:
        if (r->alias_line != got->line)
            mistake(r, got->line, STR(""), "aliases (*name) are not taken; write the value out");
        r->alias_line = got->line;
        got->kind = GOT_ALIAS;
        return true;
    case YAML_SCALAR_EVENT:
        refuse_extras(r, got->line, e->data.scalar.anchor, e->data.scalar.tag);
        got->text = str_from_bytes(e->data.scalar.value, (ptrdiff_t)e->data.scalar.length);
        got->kind = kind_of_scalar(e, got->text);
        return true;
    case YAML_SEQUENCE_START_EVENT:
        refuse_extras(r, got->line, e->data.sequence_start.anchor, e->data.sequence_start.tag);
        r->depth++;
        got->kind = GOT_LIST;
        return true;
    case YAML_SEQUENCE_END_EVENT:
        r->depth--;
        got->kind = GOT_LIST_END;
        return true;
    case YAML_MAPPING_START_EVENT:
        refuse_extras(r, got->line, e->data.mapping_start.anchor, e->data.mapping_start.tag);
        r->depth++;
        got->kind = GOT_MAP;
        return true;
    case YAML_MAPPING_END_EVENT:
        r->depth--;
        got->kind = GOT_MAP_END;
        return true;
    }
    WRONG("an event that libyaml does not have");
}

/* The next event; GOT_NOTHING for ever once it ends, by itself or by a mistake. */
static struct got next(struct reader *r) {
    struct got got = {0};
    while (!r->stopped) {
        yaml_event_delete(&r->event);
        if (!yaml_parser_parse(&r->parser, &r->event)) {
            r->event = (yaml_event_t){0};
            report_syntax(r);
            r->stopped = true;
        } else if (take_event(r, &got) && r->depth <= DEPTH_MAX) {
            break;
        } else if (r->depth > DEPTH_MAX) {
            mistake(r, got.line, STR(""), "nested deeper than 8 levels");
            r->stopped = true;
        }
    }
    return r->stopped ? (struct got){0} : got;
}

/* Passes over what began with `first`, however much it is. */
static void skip(struct reader *r, struct got first) {
    if (first.kind != GOT_LIST && first.kind != GOT_MAP) return;
    int outside = r->depth - 1;
    while (!r->stopped && r->depth > outside) (void)next(r);
}

/* ---- nodes ---- */

static str dup_text(struct arena *a, str s) { return s.n > 0 ? str_dup(a, s) : STR(""); }

/* One entry of a list, or half of one of a map. What no value can hold is reported here and marked
 * as bad. An unquoted null becomes the empty text, which is no name and no weight. */
static void read_item(struct reader *r, struct arena *scratch, struct got got, str key,
                      struct config_item *item) {
    item->line = got.line;
    item->text = STR("");
    switch (got.kind) {
    case GOT_TEXT:
        item->text = dup_text(scratch, got.text);
        return;
    case GOT_NULL:
        return;
    case GOT_LIST:
    case GOT_MAP:
        mistake(r, got.line, key, "a list or map inside the value is not taken");
        skip(r, got);
        break;
    case GOT_NOTHING:
    case GOT_DOCUMENT:
    case GOT_DOCUMENT_END:
    case GOT_ALIAS:
    case GOT_LIST_END:
    case GOT_MAP_END:
        break;
    }
    item->bad = true;
}

/* A whole value into `scratch`. False: it is an alias, or reading was stopped. */
static bool read_node(struct reader *r, struct arena *scratch, struct got first, str key,
                      struct config_node *ret) {
    *ret = (struct config_node){.line = first.line};
    if (first.kind == GOT_ALIAS || first.kind == GOT_NOTHING) return false;
    if (first.kind == GOT_NULL || first.kind == GOT_TEXT) {
        ret->kind = first.kind == GOT_NULL ? NODE_NULL : NODE_TEXT;
        ret->text = dup_text(scratch, first.text);
        return true;
    }
    bool is_map = first.kind == GOT_MAP;
    /* One entry more than may be, which config_value_parse() then refuses; the rest is passed over.
     */
    struct config_item *items = NEW_ARRAY(scratch, struct config_item, CONFIG_LIST_MAX + 1);
    struct config_item beyond;
    ret->kind = is_map ? NODE_MAP : NODE_LIST;
    ret->items = items;
    for (;;) {
        struct config_item *item = ret->count <= CONFIG_LIST_MAX ? &items[ret->count] : &beyond;
        struct got got = next(r);
        if (got.kind == GOT_NOTHING) return false;
        if (got.kind == GOT_MAP_END || got.kind == GOT_LIST_END) break;
        *item = (struct config_item){0};
        read_item(r, scratch, got, key, item);
        if (is_map) {
            struct config_item left = *item;
            read_item(r, scratch, next(r), key, item);
            item->key = left.text;
            item->line = left.line;
        }
        if (ret->count <= CONFIG_LIST_MAX) ret->count++;
    }
    return true;
}

/* Reads a key, copied into `a`. False: the map has ended, or reading has. A key that is none is
 * reported and passed over together with its value. */
static bool read_key(struct reader *r, struct arena *a, str *ret_key, int *ret_line) {
    for (;;) {
        struct got got = next(r);
        if (got.kind == GOT_MAP_END || got.kind == GOT_NOTHING) return false;
        if (got.kind == GOT_TEXT || got.kind == GOT_NULL) {
            *ret_key = dup_text(a, got.text);
            *ret_line = got.line;
            return true;
        }
        if (got.kind != GOT_ALIAS) mistake(r, got.line, STR(""), "a key must be one word");
        skip(r, got);
        skip(r, next(r));
    }
}

/* ---- sections ---- */

/* Adds a mistake when `key` stands at *line already; else notes it. */
static bool is_first(struct reader *r, int *line, int at, str key) {
    struct config_origin o = origin_of(r, at);
    if (*line > 0) {
        config_mistake_add(&r->l->mistakes, &o, key, "stands twice, first on line %d", *line);
        return false;
    }
    *line = at;
    return true;
}

static str full_key(struct arena *a, str section, str name) {
    struct buf b;
    char *block = NEW_ARRAY(a, char, section.n + name.n + 2);
    buf_init_fixed(&b, block, section.n + name.n + 2);
    buf_put(&b, section);
    buf_put_byte(&b, '.');
    buf_put(&b, name);
    return buf_str(&b);
}

static void read_value(struct reader *r, struct arena scratch, str section, str name, int line) {
    struct config_origin o = origin_of(r, line);
    struct config_node node;
    int row = config_row_find(section, name);
    struct got first = next(r);
    if (row < 0) {
        config_unknown_key(r->l, &o, section, name);
        skip(r, first);
        return;
    }
    str key = full_key(&scratch, section, name);
    if (!is_first(r, &r->line[row], line, key)) {
        skip(r, first);
        return;
    }
    if (!read_node(r, &scratch, first, key, &node)) {
        r->l->bad[row] = true;
        return;
    }
    struct config_place place = {&r->l->mistakes, &o, key, scratch};
    config_apply(r->l, row, &node, &place);
}

static void read_section(struct reader *r, str section, int line) {
    struct got first = next(r);
    int id = config_section_find(section);
    if (first.kind == GOT_NULL) return; /* all its keys are commented out */
    if (first.kind != GOT_MAP) {
        if (first.kind == GOT_LIST || first.kind == GOT_TEXT)
            mistake(r, line, section, "a section holds lines of key: value");
        skip(r, first);
        return;
    }
    IGNORE(is_first(r, &r->section_line[id], line, section), "its keys are still worth checking");
    struct arena scratch = r->l->scratch;
    str name;
    int at;
    while (read_key(r, &scratch, &name, &at)) {
        if (r->source_line == 0 && str_eq(section, STR("source"))) r->source_line = at;
        read_value(r, scratch, section, name, at);
        scratch = r->l->scratch;
    }
}

/* ---- sources ---- */

/* The value of entry `idx`; the first goes through the rows, which env and --set may still change.
 */
static void put_source(struct config_loader *l, int idx, int member, const struct config_node *node,
                       const struct config_place *place) {
    if (idx == 0) {
        config_apply(l, config_source_rows[member], node, place);
        return;
    }
    struct config_value value;
    const struct config_row *row = &config_rows[config_source_rows[member]];
    if (!config_value_parse(l->keep, row, node, place, &value)) {
        l->source_bad[idx] = true;
        return;
    }
    config_member_put(config_source_member(&l->cfg.sources[idx], member), row, &value);
    l->origins.source[idx][member] = *place->origin;
}

/* lines: of the entry's keys read before, 0: not yet. */
static void read_source_key(struct reader *r, struct arena scratch, int idx, const struct got *at,
                            int lines[CONFIG_SOURCE_KEYS]) {
    struct config_origin o = origin_of(r, at->line);
    struct config_node node;
    char label_block[32];
    char shown[CONFIG_SHOWN_BYTES];
    struct buf label;
    buf_init_fixed(&label, label_block, sizeof label_block);
    buf_printf(&label, "sources[%d]", idx);
    int member = 0;
    while (member < CONFIG_SOURCE_KEYS &&
           !str_eq(at->text, str_from_z(config_rows[config_source_rows[member]].name)))
        member++;
    struct got first = next(r);
    if (member == CONFIG_SOURCE_KEYS) {
        char keys_block[160];
        struct buf keys;
        buf_init_fixed(&keys, keys_block, sizeof keys_block);
        config_put_source_keys(&keys, " or ");
        config_mistake_add(&r->l->mistakes, &o, buf_str(&label),
                           "%s is no key of a source, expected %s", config_shown(at->text, shown),
                           buf_z(&keys));
        r->l->source_bad[idx] = true;
        skip(r, first);
        return;
    }
    str key = full_key(&scratch, buf_str(&label), at->text);
    if (!is_first(r, &lines[member], at->line, key)) {
        r->l->source_bad[idx] = true;
        skip(r, first);
        return;
    }
    if (!read_node(r, &scratch, first, key, &node)) {
        r->l->source_bad[idx] = true;
        if (idx == 0) r->l->bad[config_source_rows[member]] = true;
        return;
    }
    struct config_place place = {&r->l->mistakes, &o, key, scratch};
    put_source(r->l, idx, member, &node, &place);
}

static void read_source(struct reader *r, int idx, struct got first) {
    struct config_loader *l = r->l;
    struct config_origin by_default = {.level = LEVEL_DEFAULT, .line = first.line};
    for (int i = 0; i < CONFIG_SOURCE_KEYS; i++) {
        const struct config_row *row = &config_rows[config_source_rows[i]];
        struct config_value value = {.text = config_row_default(row)}; /* no list has a default */
        config_member_put(config_source_member(&l->cfg.sources[idx], i), row, &value);
        l->origins.source[idx][i] = by_default;
    }
    if (first.kind != GOT_MAP) {
        if (first.kind != GOT_ALIAS)
            mistake(r, first.line, STR("sources"),
                    "expected a source, such as {kind: replay, path: posts.jsonl}");
        l->source_bad[idx] = true;
        skip(r, first);
        return;
    }
    int lines[CONFIG_SOURCE_KEYS] = {0};
    struct got key = {.kind = GOT_TEXT};
    struct arena scratch = l->scratch;
    while (read_key(r, &scratch, &key.text, &key.line)) {
        read_source_key(r, scratch, idx, &key, lines);
        scratch = l->scratch;
    }
}

static void read_sources(struct reader *r, int line) {
    struct config_loader *l = r->l;
    str key = STR("sources");
    int count = 0;
    struct got got = next(r);
    if (!is_first(r, &r->sources_line, line, key)) {
        skip(r, got);
        return;
    }
    if (got.kind != GOT_LIST) {
        if (got.kind != GOT_ALIAS && got.kind != GOT_NOTHING)
            mistake(r, line, key, "expected a list of sources, such as - {kind: jetstream}");
        skip(r, got);
        return;
    }
    for (got = next(r); got.kind != GOT_LIST_END && got.kind != GOT_NOTHING; got = next(r)) {
        if (count == CONFIG_SOURCES_MAX) mistake(r, got.line, key, "more than 16 sources");
        if (count < CONFIG_SOURCES_MAX)
            read_source(r, count, got);
        else
            skip(r, got);
        count++;
    }
    if (count == 0 && !r->stopped) {
        mistake(r, line, key, "expected a list of at least one source");
        l->source_bad[0] = true;
    }
    l->cfg.source_count = (int)i64_min(count, CONFIG_SOURCES_MAX);
    l->origins.sources_line = line;
}

/* ---- the document ---- */

static void read_top(struct reader *r) {
    struct arena scratch = r->l->scratch;
    str key;
    int line;
    while (read_key(r, &scratch, &key, &line)) {
        if (str_eq(key, STR("sources"))) {
            read_sources(r, line);
        } else if (config_section_find(key) >= 0) {
            /* `key` is borrowed from the scratch that is used again below it. */
            str section = str_from_z(config_rows[config_section_find(key)].section);
            read_section(r, section, line);
        } else {
            struct config_origin o = origin_of(r, line);
            config_unknown_section(r->l, &o, key, (str){0});
            skip(r, next(r));
        }
        scratch = r->l->scratch;
    }
    if (r->source_line > 0 && r->sources_line > 0) {
        int later = r->source_line > r->sources_line ? r->source_line : r->sources_line;
        mistake(r, later, STR(""),
                "source and sources are both given; source.kind, path and the others are the first "
                "entry of sources: give one of the two");
    }
}

static void read_stream(struct reader *r) {
    struct got got = next(r);
    if (got.kind == GOT_NOTHING) return; /* an empty file */
    got = next(r);
    if (got.kind == GOT_MAP) {
        read_top(r);
    } else {
        if (got.kind == GOT_TEXT || got.kind == GOT_LIST)
            mistake(r, got.line, STR(""), "expected sections, such as trading:, with keys in them");
        skip(r, got);
    }
    got = next(r); /* the document's end */
    got = next(r);
    if (got.kind != GOT_NOTHING)
        mistake(r, got.line, STR(""), "a second document begins here; a file holds one");
}

/* What libyaml would read in another way than an editor shows it. */
static bool is_plain_text(struct reader *r) {
    int line = 1;
    for (ptrdiff_t pos = 0; pos < r->text.n;) {
        ptrdiff_t start = pos;
        if (r->text.p[pos] == 0) {
            mistake(r, line, STR(""), "holds a NUL byte; this is no text file");
            return false;
        }
        line += r->text.p[pos] == '\n';
        uint32_t c = str_utf8_next(r->text, &pos);
        if (c == 0xfffd && pos - start == 1) {
            mistake(r, line, STR(""), "is not well-formed UTF-8");
            return false;
        }
    }
    return true;
}

void config_read_yaml(struct config_loader *l, str file, str text) {
    struct reader r = {.l = l, .file = file, .text = text};
    if (!is_plain_text(&r)) return;
    if (!yaml_parser_initialize(&r.parser)) {
        mistake(&r, 0, STR(""), "out of memory");
        return;
    }
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text.p, (size_t)text.n);
    read_stream(&r);
    yaml_event_delete(&r.event);
    yaml_parser_delete(&r.parser);
}
