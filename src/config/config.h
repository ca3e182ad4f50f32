/* Configuration: read once at start, checked whole, then a struct of plain values.
 *
 * Precedence: --set, environment (BULLFINCH_SECTION__KEY), settings table (reloadable keys), file,
 * profile (dev, staging, prod), default. Every mistake is collected, with file, line, key and what
 * was expected, and all are reported at once. Keys are in table.h. */
#ifndef BF_CONFIG_CONFIG_H
#define BF_CONFIG_CONFIG_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/money.h"
#include "base/str.h"
#include "config/table.h"

struct config_list {
    int count;
    const str *names;       /* count entries */
    const int64_t *weights; /* WEIGHTS only: 1e-8 of one, else NULL */
};

struct config_source {
    str kind, path, name;
};
#define CONFIG_SOURCES_MAX 16

/* One member per row: cfg->trading_signal_threshold. */
struct config {
#define CFG_TYPE_INT int64_t
#define CFG_TYPE_FRAC int64_t
#define CFG_TYPE_MONEY money
#define CFG_TYPE_BOOL bool
#define CFG_TYPE_STR str
#define CFG_TYPE_CHOICE str
#define CFG_TYPE_LIST struct config_list
#define CFG_TYPE_WEIGHTS struct config_list
#define X(section, name, type, min, max, def, flags, help) CFG_TYPE_##type section##_##name;
    CONFIG_MAP(X)
#undef X
    struct config_source
        sources[CONFIG_SOURCES_MAX]; /* [0] is source.kind, source.path, source.name */
    int source_count;
    str file;    /* path of the file read, empty if none */
    str profile; /* "dev" (default), "staging", "prod" */
};

/* Where values come from, in the order in which the command line gave them. */
struct config_input {
    str file;        /* --config; empty: bullfinch.yaml in the working directory if it is there */
    str profile;     /* --profile or BULLFINCH_PROFILE; empty: dev */
    const str *sets; /* --set section.key=value */
    int set_count;
    char *const *env;    /* environ; NULL: none */
    const str *settings; /* section.key=value rows of the settings table */
    int settings_count;
};

/* Reads and checks all. Strings live in `a`. False: every mistake is in `report`, one a line
 * ("bullfinch.yaml:7: trading.signal_threshold: 170 is too large, expected 0 to 100"), and err says
 * how many. */
MUST_CHECK bool config_load(struct arena *a, const struct config_input *in, struct config *ret_cfg,
                            struct buf *report, struct error *err);

void config_print(const struct config *cfg, struct buf *out, bool json); /* no secret's content */
void config_docs(struct buf *out);                                       /* docs/configuration.md */
void config_example(struct buf *out); /* a commented example file */

/* Is section.key reloadable, and would `value` be taken? For `settings` and commands. */
MUST_CHECK bool config_check_value(struct arena *scratch, str key, str value, struct error *err);

#endif
