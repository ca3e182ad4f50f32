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

/* As given; what an empty text or "auto" stands for is said by config_source_name() and its
 * neighbours. */
struct config_source {
    str kind, path, name;
    struct config_list authors;
    str query, filter, keep, url, strangers;
};
#define CONFIG_SOURCE_KEYS 9
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
        sources[CONFIG_SOURCES_MAX];      /* [0] is source.kind, source.path and so on */
    int source_count;                     /* at least 1 */
    str file;                             /* path of the file read, empty if none */
    str text;                             /* what it said; n 0: no file, or an empty one */
    str profile;                          /* "dev" (default), "staging", "prod" */
    const struct config_origins *origins; /* where each value came from; config_print shows it */
};

/* Where values come from, in the order in which the command line gave them. */
struct config_input {
    str file;        /* --config; empty: bullfinch.yaml in the working directory if it is there */
    str text;        /* p != NULL: the file's text, read already; STR("") asks for no file at all */
    str profile;     /* --profile; empty: BULLFINCH_PROFILE in env, else dev */
    const str *sets; /* --set section.key=value; the last of two for one key counts */
    int set_count;
    char *const *env;    /* environ; NULL: none */
    const str *settings; /* section.key=value rows of the settings table */
    int settings_count;
};

#define CONFIG_FILE_MAX (1 << 20)  /* bytes of a file; a larger one is refused */
#define CONFIG_LIST_MAX 1000       /* entries of a list */
#define CONFIG_MISTAKES_MAX 200    /* reported one by one; the rest is counted */
#define CONFIG_REPORT_BYTES 262144 /* a report buffer that holds any report */

/* Reads and checks all. Strings live in `a` (a few KiB, and what the lists hold; too little room is
 * ERR_LIMIT). False: every mistake is in `report`, one a line ("bullfinch.yaml:7:
 * trading.signal_threshold: 170 is too large, expected 0 to 100"), in the order file, settings,
 * environment, --set, and err says how many; *ret_cfg is untouched. True: report is untouched.
 * What looks like a password is never repeated in a message. */
MUST_CHECK bool config_load(struct arena *a, const struct config_input *in, struct config *ret_cfg,
                            struct buf *report, struct error *err);

/* A mistake of a key that was found behind config_load(), as a line of `report` with the place that
 * the value came from. key: "venue.rest_url"; source: for "source.url", which of cfg->sources it
 * is. */
void config_put_mistake(const struct config *cfg, int source, str key, const char *what,
                        struct buf *report);

/* --- what a source's values mean (source.c) ------------------------------------------------- */

bool config_source_is(const struct config_source *s, str kind);
bool config_source_is_live(const struct config_source *s); /* posts come as they are written */
bool config_source_is_x(const struct config_source *s);    /* of X's three kinds: costs money */
/* Under which its posts are stored: "x", "bsky", the one given; "" a push source without one. */
/* May posts be stored under it? 1 to CONFIG_SOURCE_NAME_MAX of a-z, 0-9, _ and -. */
#define CONFIG_SOURCE_NAME_MAX 32
bool config_is_source_name(str s);
str config_source_name(const struct config_source *s);
/* Where it is asked; several URLs parted by blanks; "" where nobody is. */
str config_source_url(const struct config *cfg, const struct config_source *s);
/* May anybody's posts come through it, not only the listed authors'? */
bool config_source_lets_strangers_in(const struct config_source *s);
/* Are only posts that name a tradable coin stored? */
bool config_source_keeps_linked(const struct config_source *s);
/* The source whose key is that of the feed ("x_search:x"). NULL: the configuration has it no more.
 */
const struct config_source *config_source_of_feed(const struct config *cfg, str feed);
bool config_has_live_source(const struct config *cfg);
bool config_has_x_source(const struct config *cfg);

/* All values and where each came from: as YAML, which config_load reads back to the same values, or
 * as JSON {"section":{"key":{"value":..,"from":".."}}}, with "profile" and the list "sources"
 * beside the sections; money is a string. No secret's content: configuration holds only their
 * names. */
void config_print(const struct config *cfg, struct buf *out, bool json);
/* Every key as an object of a JSON array: key, value, from, type, default, expected, help,
 * reloadable, secret, and next: the text that the settings table has for it and that holds from the
 * next start on, null where there is none or it holds already. settings: "key=value". */
void config_describe(const struct config *cfg, const str *settings, int count, struct buf *out);
void config_docs(struct buf *out);    /* docs/configuration.md */
void config_example(struct buf *out); /* a commented example file; as it stands it sets nothing */

/* Each file and folder that the configuration names, of all sources too; empty ones are left out.
 * Returns how many there are, at most CONFIG_PATHS_MAX. */
#define CONFIG_PATHS_MAX 64
struct config_path {
    const char *section, *name; /* of the key: "venue", "key_file" */
    str path;
    bool is_secret;
};
int config_paths(const struct config *cfg, struct config_path ret[CONFIG_PATHS_MAX]);

/* For completion, a line a key: "section.key", a blank, "reloadable" or "-", then the words that it
 * takes where they are few, each behind a blank. */
void config_words(struct buf *out);

/* Does something stand before the settings table for this key: the environment, --set? True: `by`
 * is what, as config_print says it. A key that is none: false. */
bool config_is_overridden(const struct config *cfg, str key, struct buf *by);

/* Is section.key reloadable, and would `value` be taken? For `settings` and commands. Looks at the
 * value alone: whoever stores it calls config_load with the new row added first, since a set of
 * values that contradict each other stops the next start. scratch: nothing stays in it.
 * Errors: NOT_FOUND no such key; STATE not reloadable; CONFIG the value; LIMIT scratch too small.
 */
MUST_CHECK bool config_check_value(struct arena *scratch, str key, str value, struct error *err);
/* config_load with in->settings as they would be with this row; value empty: without the one that
 * there is. Nothing comes of it but the verdict; a keeps what was read. */
MUST_CHECK bool config_try_setting(struct arena *a, const struct config_input *in, str key,
                                   str value, struct buf *report, struct error *err);

#endif
