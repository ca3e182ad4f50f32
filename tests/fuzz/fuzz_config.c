/* Law: any bytes give either a configuration or a report, never both and never neither; and what is
 * printed of a configuration is a file that gives the same values.
 *
 * The bytes are parts with 0x1e between them (a character that no value may hold). The first is the
 * file; of the others the first letter says what they are: e an environment variable, s a --set, t
 * a row of the settings table, p the profile, anything else a value for config_check_value. */
#include <stdlib.h>
#include <string.h>

#include "config/config_int.h"
#include "fuzz.h"

#define SEPARATOR 0x1e
#define PARTS_MAX 32

struct parts {
    struct config_input in;
    str sets[PARTS_MAX], settings[PARTS_MAX];
    char *env[PARTS_MAX + 1];
};

static char *dup_z(str s) {
    char *z = malloc((size_t)s.n + 1);
    LAW(z != NULL);
    if (s.n > 0) memcpy(z, s.p, (size_t)s.n);
    z[s.n] = 0;
    return z;
}

static void check_one(str part) {
    static char block[512 << 10];
    struct arena a;
    struct error err = {0};
    ptrdiff_t equals = str_find_byte(part, '=');
    if (equals < 0) return;
    arena_init(&a, block, sizeof block);
    bool ok = config_check_value(&a, str_head(part, equals), str_tail(part, equals + 1), &err);
    LAW(ok == (err.code == ERR_OK));
    LAW(ok || err.msg[0] != 0);
}

static void take_part(struct parts *parts, str part) {
    struct config_input *in = &parts->in;
    int env_count = 0;
    while (parts->env[env_count]) env_count++;
    str rest = str_tail(part, 1);
    char letter = part.n > 0 ? part.p[0] : 0;
    if (letter == 'e' && env_count < PARTS_MAX)
        parts->env[env_count] = dup_z(rest);
    else if (letter == 's' && in->set_count < PARTS_MAX)
        parts->sets[in->set_count++] = rest;
    else if (letter == 't' && in->settings_count < PARTS_MAX)
        parts->settings[in->settings_count++] = rest;
    else if (letter == 'p')
        in->profile = rest;
    else
        check_one(rest);
}

static void same_value(const struct config *a, const struct config *b,
                       const struct config_row *row) {
    struct config_value x, y;
    config_value_get(a, row, &x);
    config_value_get(b, row, &y);
    LAW(x.number == y.number);
    LAW(str_eq(x.text, y.text));
    LAW(x.list.count == y.list.count);
    for (int i = 0; i < x.list.count; i++) {
        LAW(str_eq(x.list.names[i], y.list.names[i]));
        LAW((x.list.weights == NULL) == (y.list.weights == NULL));
        LAW(!x.list.weights || x.list.weights[i] == y.list.weights[i]);
    }
}

static void check_round_trip(const struct config *cfg) {
    struct arena a;
    struct buf yaml, json, report;
    struct config again;
    struct error err = {0};
    arena_open(&a, 8 << 20);
    buf_init(&yaml, 4 << 20);
    buf_init(&json, 4 << 20);
    buf_init(&report, CONFIG_REPORT_BYTES);
    config_print(cfg, &yaml, false);
    config_print(cfg, &json, true);
    LAW(!buf_full(&yaml) && !buf_full(&json));
    LAW(str_utf8_valid(buf_str(&yaml)) && str_utf8_valid(buf_str(&json)));
    bool fits = yaml.len <= CONFIG_FILE_MAX;
    LAW(!fits ||
        config_load(&a, &(struct config_input){.text = buf_str(&yaml)}, &again, &report, &err));
    for (int i = 0; fits && i < CONFIG_ROW_COUNT; i++) same_value(cfg, &again, &config_rows[i]);
    LAW(!fits || cfg->source_count == again.source_count);
    for (int i = 0; fits && i < cfg->source_count; i++) {
        LAW(str_eq(cfg->sources[i].kind, again.sources[i].kind));
        LAW(str_eq(cfg->sources[i].path, again.sources[i].path));
        LAW(str_eq(cfg->sources[i].name, again.sources[i].name));
        LAW(str_eq(cfg->sources[i].query, again.sources[i].query));
        LAW(cfg->sources[i].authors.count == again.sources[i].authors.count);
    }
    buf_fini(&yaml);
    buf_fini(&json);
    buf_fini(&report);
    arena_close(&a);
}

/* Whole lines of text, none empty, none longer than a terminal can bear. */
static void check_report(str report) {
    LAW(str_ends(report, STR("\n")));
    LAW(str_utf8_valid(report));
    str rest = str_head(report, report.n - 1);
    int lines = 0;
    for (str line; str_cut(&rest, '\n', &line); lines++) LAW(str_is_line(line) && line.n > 0);
    LAW(lines >= 1 && lines <= CONFIG_MISTAKES_MAX + 1);
}

static void check_load(const struct config_input *in) {
    struct arena a;
    struct buf report;
    struct error err = {0};
    struct config cfg = {0};
    arena_open(&a, 8 << 20);
    buf_init(&report, CONFIG_REPORT_BYTES);
    if (config_load(&a, in, &cfg, &report, &err)) {
        LAW(report.len == 0 && err.code == ERR_OK);
        LAW(cfg.source_count >= 1 && cfg.source_count <= CONFIG_SOURCES_MAX);
        check_round_trip(&cfg);
    } else {
        LAW(err.code == ERR_CONFIG && !buf_full(&report));
        LAW(cfg.source_count == 0 && cfg.profile.n == 0);
        check_report(buf_str(&report));
    }
    buf_fini(&report);
    arena_close(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    struct parts parts = {0};
    str rest = str_from_bytes(bytes ? (const char *)data : "", (ptrdiff_t)bytes);
    parts.in.file = STR("f.yaml");
    IGNORE(str_cut(&rest, SEPARATOR, &parts.in.text), "there is always a first part");
    for (str part; str_cut(&rest, SEPARATOR, &part);) take_part(&parts, part);
    parts.in.sets = parts.sets;
    parts.in.settings = parts.settings;
    parts.in.env = parts.env;
    check_load(&parts.in);
    for (int i = 0; parts.env[i]; i++) free(parts.env[i]);
    return 0;
}
