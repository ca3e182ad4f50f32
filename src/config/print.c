/* config_print: the values that count, and where each came from.
 *
 * As YAML the output is a configuration file that reads back to the same values: texts are quoted,
 * amounts are exact decimals, a single source stands in its section and several in `sources`. As
 * JSON every key is {"value", "from"}; amounts are strings there, since readers of JSON use
 * floating point, the other numbers are numbers. Where cfg has no origins (made by hand), nothing
 * is said about them. Nothing fails: what does not fit sets the buffer's `full`. */
#include "config/config_int.h"

/* Both forms of a list agree with YAML and with JSON but for the weights, see put_weights(). */
static void put_names(struct buf *out, const struct config_list *list) {
    buf_put_byte(out, '[');
    for (int i = 0; i < list->count; i++) {
        if (i > 0) buf_put(out, STR(", "));
        buf_put_json_str(out, list->names[i]);
    }
    buf_put_byte(out, ']');
}

static void put_weights(struct buf *out, const struct config_list *list) {
    buf_put_byte(out, '{');
    for (int i = 0; i < list->count; i++) {
        if (i > 0) buf_put(out, STR(", "));
        buf_put_json_str(out, list->names[i]);
        buf_put(out, STR(": "));
        buf_put_e8(out, list->weights[i]);
    }
    buf_put_byte(out, '}');
}

/* Valid as JSON and as YAML. */
static void put_value(struct buf *out, const struct config_row *row,
                      const struct config_value *value, bool json) {
    switch (row->type) {
    case CFG_INT:
        buf_put_i64(out, value->number);
        return;
    case CFG_FRAC:
        buf_put_e8(out, value->number);
        return;
    case CFG_MONEY:
        if (json) buf_put_byte(out, '"');
        buf_put_e8(out, value->number);
        if (json) buf_put_byte(out, '"');
        return;
    case CFG_BOOL:
        buf_put(out, value->number ? STR("true") : STR("false"));
        return;
    case CFG_CHOICE:
        if (json)
            buf_put_json_str(out, value->text);
        else
            buf_put(out, value->text);
        return;
    case CFG_STR:
        buf_put_json_str(out, value->text);
        return;
    case CFG_LIST:
        put_names(out, &value->list);
        return;
    case CFG_WEIGHTS:
        put_weights(out, &value->list);
        return;
    }
    WRONG("a type that is not in the list");
}

static struct config_value source_value(const struct config *cfg, int idx, int member) {
    struct config_source s = cfg->sources[idx];
    struct config_value value;
    config_member_get(config_source_member(&s, member), &config_rows[config_source_rows[member]],
                      &value);
    return value;
}

static const struct config_origin *source_origin(const struct config *cfg, int idx, int member) {
    if (!cfg->origins) return NULL;
    return idx == 0 ? &cfg->origins->row[config_source_rows[member]]
                    : &cfg->origins->source[idx][member];
}

static const struct config_origin *row_origin(const struct config *cfg, int row) {
    return cfg->origins ? &cfg->origins->row[row] : NULL;
}

bool config_is_overridden(const struct config *cfg, str key, struct buf *by) {
    str name = key, section;
    if (!str_cut(&name, '.', &section)) return false;
    const int row = config_row_find(section, name);
    const struct config_origin *const o = row < 0 ? NULL : row_origin(cfg, row);
    if (o == NULL || o->level <= LEVEL_SETTINGS) return false;
    config_origin_format(by, o);
    return true;
}

static bool is_section_start(int row) {
    return row == 0 ||
           !str_eq(str_from_z(config_rows[row].section), str_from_z(config_rows[row - 1].section));
}

/* ---- YAML ---- */

static void put_yaml_line(struct buf *out, const struct config_row *row,
                          const struct config_value *value, const struct config_origin *origin) {
    buf_printf(out, "%s: ", row->name);
    put_value(out, row, value, false);
    if (origin) {
        buf_put(out, STR("  # "));
        config_origin_format(out, origin);
    }
    buf_put_byte(out, '\n');
}

static void put_yaml_sources(struct buf *out, const struct config *cfg) {
    buf_put(out, STR("sources:\n"));
    for (int i = 0; i < cfg->source_count; i++) {
        for (int k = 0; k < CONFIG_SOURCE_KEYS; k++) {
            struct config_value value = source_value(cfg, i, k);
            buf_put(out, k == 0 ? STR("  - ") : STR("    "));
            put_yaml_line(out, &config_rows[config_source_rows[k]], &value,
                          source_origin(cfg, i, k));
        }
    }
}

static void print_yaml(const struct config *cfg, struct buf *out) {
    buf_printf(out, "# profile " STR_FMT "%s" STR_FMT "\n", STR_ARG(cfg->profile),
               cfg->file.n > 0 ? ", file " : "", STR_ARG(cfg->file));
    for (int i = 0; i < CONFIG_ROW_COUNT; i++) {
        struct config_value value;
        bool in_list =
            cfg->source_count > 1 && str_eq(str_from_z(config_rows[i].section), STR("source"));
        if (in_list) {
            if (is_section_start(i)) put_yaml_sources(out, cfg);
            continue;
        }
        if (is_section_start(i)) buf_printf(out, "%s:\n", config_rows[i].section);
        config_value_get(cfg, &config_rows[i], &value);
        buf_put(out, STR("  "));
        put_yaml_line(out, &config_rows[i], &value, row_origin(cfg, i));
    }
}

/* ---- JSON ---- */

static void put_json_from(struct buf *out, const struct config_origin *origin) {
    char block[4096 + 64]; /* a path and its line */
    struct buf from;
    buf_init_fixed(&from, block, sizeof block);
    if (origin) config_origin_format(&from, origin);
    buf_put(out, STR(",\"from\":"));
    buf_put_json_str(out, buf_str(&from));
    buf_put_byte(out, '}');
}

static void put_json_key(struct buf *out, const struct config_row *row,
                         const struct config_value *value, const struct config_origin *origin) {
    buf_printf(out, "\"%s\":{\"value\":", row->name);
    put_value(out, row, value, true);
    put_json_from(out, origin);
}

static void print_json(const struct config *cfg, struct buf *out) {
    buf_put(out, STR("{\"profile\":{\"value\":"));
    buf_put_json_str(out, cfg->profile);
    put_json_from(out, cfg->origins ? &cfg->origins->profile : NULL);
    for (int i = 0; i < CONFIG_ROW_COUNT; i++) {
        struct config_value value;
        config_value_get(cfg, &config_rows[i], &value);
        if (is_section_start(i))
            buf_printf(out, "%s,\"%s\":{", i > 0 ? "}" : "", config_rows[i].section);
        else
            buf_put_byte(out, ',');
        put_json_key(out, &config_rows[i], &value, row_origin(cfg, i));
    }
    buf_put(out, STR("},\"sources\":["));
    for (int i = 0; i < cfg->source_count; i++) {
        buf_put(out, i > 0 ? STR(",{") : STR("{"));
        for (int k = 0; k < CONFIG_SOURCE_KEYS; k++) {
            struct config_value value = source_value(cfg, i, k);
            if (k > 0) buf_put_byte(out, ',');
            put_json_key(out, &config_rows[config_source_rows[k]], &value,
                         source_origin(cfg, i, k));
        }
        buf_put_byte(out, '}');
    }
    buf_put(out, STR("]}\n"));
}

void config_print(const struct config *cfg, struct buf *out, bool json) {
    if (json)
        print_json(cfg, out);
    else
        print_yaml(cfg, out);
}

/* ---- for people who ask what it all means ---- */

static const char *type_name(config_type t) {
    switch (t) {
    case CFG_INT:
        return "int";
    case CFG_FRAC:
        return "fraction";
    case CFG_MONEY:
        return "money";
    case CFG_BOOL:
        return "bool";
    case CFG_STR:
        return "text";
    case CFG_CHOICE:
        return "choice";
    case CFG_LIST:
        return "list";
    case CFG_WEIGHTS:
        return "weights";
    }
    WRONG("a type that is not in the list");
}

/* The value that the settings table has for a key. */
static bool find_setting(const str *settings, int count, const char *key, str *ret) {
    for (int i = 0; i < count; i++) {
        str value = settings[i], name;
        if (!str_cut(&value, '=', &name) || !str_eq(name, str_from_z(key))) continue;
        *ret = value;
        return true;
    }
    return false;
}

static void put_next(struct buf *out, const struct config_row *row, const char *key,
                     const struct config_value *value, const str *settings, int count) {
    char block[4096];
    struct buf now;
    str next;
    buf_put(out, STR(",\"next\":"));
    if (!find_setting(settings, count, key, &next)) {
        buf_put(out, STR("null"));
        return;
    }
    buf_init_fixed(&now, block, sizeof block);
    put_value(&now, row, value, false);
    if (!buf_full(&now) && str_eq(buf_str(&now), next))
        buf_put(out, STR("null"));
    else
        buf_put_json_str(out, next);
}

static void describe_row(const struct config *cfg, int i, const str *settings, int count,
                         struct buf *out) {
    const struct config_row *const row = &config_rows[i];
    struct config_value value;
    char key[96], text[1024];
    struct buf b;
    config_value_get(cfg, row, &value);
    buf_init_fixed(&b, key, sizeof key);
    buf_printf(&b, ROW_KEY_FMT, ROW_KEY_ARG(row));
    buf_printf(out, "{\"key\":\"%s\",\"type\":\"%s\",\"default\":", buf_z(&b),
               type_name(row->type));
    buf_put_json_str(out, config_row_default(row));
    buf_init_fixed(&b, text, sizeof text);
    config_row_put_expected(&b, row);
    buf_put(out, STR(",\"expected\":"));
    buf_put_json_str(out, buf_str(&b));
    buf_put(out, STR(",\"help\":"));
    buf_put_json_str(out, str_from_z(row->help));
    buf_printf(out, ",\"reloadable\":%s,\"secret\":%s", row->flags & CFG_RELOAD ? "true" : "false",
               row->flags & CFG_SECRET ? "true" : "false");
    put_next(out, row, key, &value, settings, count);
    buf_put(out, STR(",\"value\":"));
    put_value(out, row, &value, true);
    put_json_from(out, row_origin(cfg, i));
}

void config_describe(const struct config *cfg, const str *settings, int count, struct buf *out) {
    buf_put_byte(out, '[');
    for (int i = 0; i < CONFIG_ROW_COUNT; i++) {
        if (i > 0) buf_put_byte(out, ',');
        describe_row(cfg, i, settings, count, out);
    }
    buf_put_byte(out, ']');
}
