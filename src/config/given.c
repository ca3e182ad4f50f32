/* Values that come from outside the file: the profile, the settings table, the environment, --set.
 *
 * In: texts "section.key=value", or variables BULLFINCH_SECTION__KEY=value. Out: values applied to
 * the loader, mistakes. A profile is a short list of defaults of its own; it is below the file, and
 * --set is above everything.
 *
 * Variables with the prefix and no double underscore belong to others (Kubernetes makes them for a
 * service of that name), except BULLFINCH_PROFILE. With a double underscore they are ours, so an
 * unknown one is a mistake: a misspelt limit must not be ignored. */
#include "config/config_int.h"

#define ENV_PREFIX "BULLFINCH_"

static const struct config_override {
    const char *profile;
    int row;
    const char *value;
} overrides[] = {
    /* staging: production's shape on live input, with nothing ordered and everything told */
    {"staging", CFG_ROW_trading_mode, "observe"}, {"staging", CFG_ROW_reader_workers, "0"},
    {"staging", CFG_ROW_log_level, "debug"},      {"staging", CFG_ROW_log_format, "json"},
    {"prod", CFG_ROW_reader_workers, "0"},        {"prod", CFG_ROW_log_level, "info"},
    {"prod", CFG_ROW_log_format, "json"},
};

const str config_profiles[CONFIG_PROFILE_COUNT] = {
    {"dev", 3},
    {"staging", 7},
    {"prod", 4},
};

void config_put_profiles(struct buf *b) {
    for (int i = 0; i < CONFIG_PROFILE_COUNT; i++) {
        bool any = false;
        buf_printf(b, "- `" STR_FMT "`: ", STR_ARG(config_profiles[i]));
        for (int k = 0; k < COUNT_OF(overrides); k++) {
            const struct config_row *row = &config_rows[overrides[k].row];
            if (!str_eq(str_from_z(overrides[k].profile), config_profiles[i])) continue;
            buf_printf(b, "%s`" ROW_KEY_FMT "` %s", any ? ", " : "", ROW_KEY_ARG(row),
                       overrides[k].value);
            any = true;
        }
        buf_put(b, any ? STR("\n") : STR("the defaults as they stand\n"));
    }
}

/* ---- applying ---- */

static void apply_text(struct config_loader *l, int row, str value,
                       const struct config_origin *origin) {
    char key_block[128];
    struct buf key;
    buf_init_fixed(&key, key_block, sizeof key_block);
    buf_printf(&key, ROW_KEY_FMT, ROW_KEY_ARG(&config_rows[row]));
    struct config_place place = {&l->mistakes, origin, buf_str(&key), l->scratch};
    struct config_node node = {.kind = NODE_TEXT, .text = value};
    config_apply(l, row, &node, &place);
}

/* "section.key=value" -> row and value. False: a mistake was added. */
static bool split_given(struct config_loader *l, str given, const struct config_origin *origin,
                        int *ret_row, str *ret_value) {
    char shown[CONFIG_SHOWN_BYTES];
    ptrdiff_t equals = str_find_byte(given, '=');
    str key = str_head(given, i64_max(equals, 0));
    ptrdiff_t dot = str_find_byte(key, '.');
    if (equals < 0 || dot < 0) {
        config_mistake_add(&l->mistakes, origin, STR(""), "%s is not section.key=value",
                           config_shown(equals < 0 ? given : key, shown));
        return false;
    }
    str section = str_head(key, dot);
    str name = str_tail(key, dot + 1);
    int row = config_row_find(section, name);
    if (row >= 0) {
        *ret_row = row;
        *ret_value = str_tail(given, equals + 1);
        return true;
    }
    if (config_section_find(section) < 0)
        config_unknown_section(l, origin, section, name);
    else
        config_unknown_key(l, origin, section, name);
    return false;
}

/* ---- profile ---- */

/* Which of the profiles `name` is, -1 and a mistake when none. */
static int find_profile(struct config_loader *l, str name, const struct config_origin *origin) {
    char shown[CONFIG_SHOWN_BYTES];
    for (int i = 0; i < CONFIG_PROFILE_COUNT; i++) {
        if (str_eq(name, config_profiles[i])) return i;
    }
    int near = config_word_nearest(config_profiles, CONFIG_PROFILE_COUNT, name);
    str meant = near < 0 ? STR("") : config_profiles[near];
    config_mistake_add(&l->mistakes, origin, STR(""),
                       "%s is no profile, expected dev, staging or prod%s" STR_FMT "%s",
                       config_shown(name, shown), near < 0 ? "" : "; did you mean ", STR_ARG(meant),
                       near < 0 ? "" : "?");
    return -1;
}

static str find_env(char *const *env, str name) {
    for (; env && *env; env++) {
        str rest = str_from_z(*env);
        str found;
        if (str_cut(&rest, '=', &found) && str_eq(found, name)) return rest;
    }
    return (str){0};
}

void config_read_profile(struct config_loader *l, const struct config_input *in) {
    struct config_origin from_set = {.level = LEVEL_SET, .name = STR("--profile")};
    struct config_origin from_env = {.level = LEVEL_ENV, .name = STR(ENV_PREFIX "PROFILE")};
    str env_name = find_env(in->env, from_env.name);
    int profile = 0;
    l->origins.profile = (struct config_origin){0};
    if (in->profile.n > 0 || env_name.n > 0) {
        l->origins.profile = in->profile.n > 0 ? from_set : from_env;
        profile = find_profile(l, in->profile.n > 0 ? in->profile : env_name, &l->origins.profile);
        if (profile < 0) return;
    }
    l->cfg.profile = config_profiles[profile];
    struct config_origin origin = {.level = LEVEL_PROFILE, .name = l->cfg.profile};
    for (int i = 0; i < COUNT_OF(overrides); i++) {
        if (str_eq(str_from_z(overrides[i].profile), l->cfg.profile))
            apply_text(l, overrides[i].row, str_from_z(overrides[i].value), &origin);
    }
}

/* ---- settings, --set ---- */

void config_read_settings(struct config_loader *l, const struct config_input *in) {
    struct config_origin origin = {.level = LEVEL_SETTINGS};
    bool given[CONFIG_ROW_COUNT] = {false};
    for (int i = 0; i < in->settings_count; i++) {
        int row;
        str value;
        if (!split_given(l, in->settings[i], &origin, &row, &value)) continue;
        char key_block[128];
        struct buf key;
        buf_init_fixed(&key, key_block, sizeof key_block);
        buf_printf(&key, ROW_KEY_FMT, ROW_KEY_ARG(&config_rows[row]));
        if (!(config_rows[row].flags & CFG_RELOAD))
            config_mistake_add(
                &l->mistakes, &origin, buf_str(&key),
                "is not reloadable; it stands in the file, the environment or --set");
        else if (given[row])
            config_mistake_add(&l->mistakes, &origin, buf_str(&key), "stands twice");
        else
            apply_text(l, row, value, &origin);
        given[row] = true;
    }
}

void config_read_sets(struct config_loader *l, const struct config_input *in) {
    struct config_origin origin = {.level = LEVEL_SET, .name = STR("--set")};
    for (int i = 0; i < in->set_count; i++) {
        int row;
        str value;
        if (split_given(l, in->sets[i], &origin, &row, &value)) apply_text(l, row, value, &origin);
    }
}

/* ---- environment ---- */

static void put_env_name(struct buf *b, const struct config_row *row) {
    const char *parts[] = {row->section, "__", row->name};
    buf_put(b, STR(ENV_PREFIX));
    for (int i = 0; i < 3; i++) {
        for (const char *c = parts[i]; *c; c++)
            buf_put_byte(b, *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c);
    }
}

static void unknown_variable(struct config_loader *l, const struct config_origin *origin,
                             str section, str key) {
    char block[256];
    struct buf hint;
    int near_section = config_section_nearest(section);
    int row = config_row_nearest(section, key);
    if (row < 0 && near_section >= 0)
        row = config_row_nearest(str_from_z(config_rows[near_section].section), key);
    buf_init_fixed(&hint, block, sizeof block);
    if (row >= 0) {
        buf_put(&hint, STR(", did you mean "));
        put_env_name(&hint, &config_rows[row]);
        buf_put_byte(&hint, '?');
    }
    config_mistake_add(&l->mistakes, origin, STR(""), "no such key in the configuration%s",
                       buf_z(&hint));
}

/* One variable that has the prefix; `rest` is its name behind that. */
static void read_variable(struct config_loader *l, struct config_origin *origin, str rest,
                          str value, bool given[CONFIG_ROW_COUNT]) {
    ptrdiff_t cut = str_find(rest, STR("__"));
    if (cut < 0 && !str_starts(rest, STR("_"))) return;
    str section = str_head(rest, i64_max(cut, 0));
    str key = cut < 0 ? rest : str_tail(rest, cut + 2);
    int row = config_row_find_nocase(section, key);
    if (row < 0) {
        char shown[CONFIG_SHOWN_BYTES];
        origin->name = str_from_z(config_shown(origin->name, shown));
        unknown_variable(l, origin, section, key);
        return;
    }
    if (given[row]) {
        config_mistake_add(&l->mistakes, origin, STR(""),
                           "is given twice, in other letters or in the same");
        return;
    }
    given[row] = true;
    origin->name = str_dup(l->keep, origin->name);
    apply_text(l, row, value, origin);
}

void config_read_env(struct config_loader *l, char *const *env) {
    bool given[CONFIG_ROW_COUNT] = {false};
    for (; env && *env; env++) {
        str value = str_from_z(*env);
        str name;
        if (!str_starts(value, STR(ENV_PREFIX))) continue;
        if (!str_cut(&value, '=', &name) || value.p == NULL) continue; /* execve takes anything */
        struct config_origin origin = {.level = LEVEL_ENV, .name = name};
        read_variable(l, &origin, str_tail(name, STR(ENV_PREFIX).n), value, given);
    }
}
