/* What the files of src/config share: rows, values as they are read, and the list of mistakes.
 *
 * The way of a value: yaml.c (file) or given.c (profile, settings, environment, --set) makes a
 * config_node of it; config_apply() has value.c turn the node into the row's type, or into
 * mistakes; then the value and its origin stand in the loader. check.c looks at what must fit
 * together. */
#ifndef BF_CONFIG_CONFIG_INT_H
#define BF_CONFIG_CONFIG_INT_H

#include "config/config.h"

typedef enum config_type {
    CFG_INT,
    CFG_FRAC,
    CFG_MONEY,
    CFG_BOOL,
    CFG_STR,
    CFG_CHOICE,
    CFG_LIST,
    CFG_WEIGHTS
} config_type;

struct config_row {
    const char *section, *name;
    config_type type;
    int64_t min, max; /* see table.h */
    const char *def;
    unsigned flags; /* CFG_RELOAD ... */
    const char *help;
    size_t offset; /* of the member in struct config */
};

/* CFG_ROW_trading_mode and so on, then the count. */
enum {
#define X(section, name, type, min, max, def, flags, help) CFG_ROW_##section##_##name,
    CONFIG_MAP(X)
#undef X
        CONFIG_ROW_COUNT
};
extern const struct config_row config_rows[CONFIG_ROW_COUNT];

#define ROW_KEY_FMT "%s.%s"
#define ROW_KEY_ARG(row) (row)->section, (row)->name

/* ---- where a value came from ---- */

/* In the order of precedence: a later one wins. */
typedef enum config_level {
    LEVEL_DEFAULT,
    LEVEL_PROFILE,
    LEVEL_FILE,
    LEVEL_SETTINGS,
    LEVEL_ENV,
    LEVEL_SET
} config_level;

struct config_origin {
    config_level level;
    int line; /* LEVEL_FILE: from 1; 0: the file as a whole */
    str name; /* PROFILE: its name; FILE: path; ENV: the variable; SET: the option */
};

struct config_origins {
    struct config_origin row[CONFIG_ROW_COUNT];
    struct config_origin source[CONFIG_SOURCES_MAX]
                               [CONFIG_SOURCE_KEYS]; /* as config_source_rows; [0] is not used */
    int sources_line;                                /* of `sources` in the file, 0: not given */
    struct config_origin profile;
};

/* "default", "profile prod", "bullfinch.yaml:7", "settings", "env BULLFINCH_LOG__LEVEL", "--set".
 */
void config_origin_format(struct buf *b, const struct config_origin *o);

/* ---- mistakes (mistake.c) ---- */

struct config_mistake {
    config_level level;
    int line;
    int seq;
    str text; /* the whole line */
};

struct config_mistakes {
    struct arena *a; /* borrowed; the texts */
    int max;         /* at most CONFIG_MISTAKES_MAX; what is beyond is only counted */
    int count;
    int64_t more;
    bool refused; /* one of them is against a safety rule, not only wrong */
    struct config_mistake list[CONFIG_MISTAKES_MAX];
};

/* Adds one. key: "section.key", put in front of the text; empty: nothing is. */
void config_mistake_add(struct config_mistakes *m, const struct config_origin *o, str key,
                        const char *fmt, ...) PRINTF_LIKE(4, 5);
/* Only counted from here on? Then the work of finding good words can be spared. */
static inline bool config_mistakes_full(const struct config_mistakes *m) {
    return m->count == m->max;
}
void config_mistakes_report(struct config_mistakes *m, struct buf *report);

/* A value as a message may show it: one line, at most 60 bytes of it, quoted where it holds blanks,
 * and not at all when it looks like a URL with a password. Returns `block`. */
#define CONFIG_SHOWN_BYTES 256
const char *config_shown(str value, char block[CONFIG_SHOWN_BYTES]);

/* scheme://user:password@host, or password=... anywhere. Errs on the side of true. */
bool config_has_password(str text);

/* ---- the table (table.c) ---- */

int config_row_find(str section, str name); /* -1: none; exact */
int config_row_find_nocase(str section, str name);
int config_section_find(str section); /* index of the section's first row, -1: none */
/* What was probably meant, -1: no idea. */
int config_row_nearest(str section, str name);
int config_section_nearest(str section);
/* The nearest of `count` words, -1: none is near. */
int config_word_nearest(const str *words, int count, str word);
#define CONFIG_CHOICES_MAX 16
/* Splits the words of a CHOICE row; words: CONFIG_CHOICES_MAX. */
int config_row_choices(const struct config_row *row, str *words);

void config_row_put_range(struct buf *b, const struct config_row *row); /* "0 to 100" */
void config_row_put_expected(struct buf *b,
                             const struct config_row *row); /* "a whole number, .." */
bool config_row_is_share(const struct config_row *row);     /* a fraction of at most 1 */
str config_row_default(const struct config_row *row);       /* its text */

/* The rows of a source's members (the kind first), and the member of a value of that row. */
extern const int config_source_rows[CONFIG_SOURCE_KEYS];
void *config_source_member(struct config_source *s, int i);
/* "kind, path or name": the members' names. */
void config_put_source_keys(struct buf *b, const char *last_join);

/* ---- values (value.c) ---- */

typedef enum config_node_kind { NODE_NULL, NODE_TEXT, NODE_LIST, NODE_MAP } config_node_kind;

struct config_item { /* of a list (key empty) or a map */
    str key, text;
    int line;
    bool bad; /* it could not be read; reported already */
};

struct config_node {
    config_node_kind kind;
    int line;
    str text;                        /* TEXT */
    const struct config_item *items; /* LIST, MAP; at most CONFIG_LIST_MAX + 1 of them */
    int count;
};

struct config_value {
    int64_t number; /* INT, FRAC, MONEY, BOOL (0, 1) */
    str text;       /* STR, CHOICE */
    struct config_list list;
};

struct config_place { /* of a value that is being read */
    struct config_mistakes *mistakes;
    const struct config_origin *origin;
    str key;              /* as messages call it */
    struct arena scratch; /* at least CONFIG_SCRATCH_BYTES; by value: nothing stays in it */
};
#define CONFIG_SCRATCH_BYTES (128 * 1024)

/* Into the row's type; what is kept of it is copied into `keep`. False: mistakes were added. */
MUST_CHECK bool config_value_parse(struct arena *keep, const struct config_row *row,
                                   const struct config_node *node, const struct config_place *place,
                                   struct config_value *ret);
/* Into and from a member of the row's type, wherever it stands. */
void config_member_put(void *member, const struct config_row *row,
                       const struct config_value *value);
void config_member_get(const void *member, const struct config_row *row, struct config_value *ret);
/* The same for the row's own member. */
void config_value_put(struct config *cfg, const struct config_row *row,
                      const struct config_value *value);
void config_value_get(const struct config *cfg, const struct config_row *row,
                      struct config_value *ret);

struct config_list config_list_dup(struct arena *a, struct config_list list);

/* ---- loading (config.c) ---- */

struct config_loader {
    struct arena *keep;   /* everything that lives until the result is copied out */
    struct arena scratch; /* given on by value */
    struct config cfg;
    struct config_origins origins;
    bool bad[CONFIG_ROW_COUNT];          /* a mistake was made about it */
    bool source_bad[CONFIG_SOURCES_MAX]; /* the same for sources[1] and so on */
    struct config_mistakes mistakes;
};

/* Parses a value into the loader, over what a lower level gave. */
void config_apply(struct config_loader *l, int row, const struct config_node *node,
                  const struct config_place *place);
/* The mistake for a key that is not in the table, with what was probably meant. */
void config_unknown_key(struct config_loader *l, const struct config_origin *o, str section,
                        str key);
/* key: given with the section ("section.key"); p == NULL: a section of the file. */
void config_unknown_section(struct config_loader *l, const struct config_origin *o, str section,
                            str key);

void config_read_yaml(struct config_loader *l, str file, str text); /* yaml.c */

/* given.c */
extern const str config_profiles[];
#define CONFIG_PROFILE_COUNT 3
void config_read_profile(struct config_loader *l, const struct config_input *in);
void config_read_settings(struct config_loader *l, const struct config_input *in);
void config_read_env(struct config_loader *l, char *const *env);
void config_read_sets(struct config_loader *l, const struct config_input *in);
void config_put_profiles(struct buf *b); /* the overrides as a list for the docs */

/* check.c */
/* A text that only this row may hold (a URL); why: what is wrong with it, never the value. */
MUST_CHECK bool config_check_text(const struct config_row *row, str value, struct buf *why);
void config_check_all(struct config_loader *l);
void config_check_sources(struct config_loader *l); /* check_sources.c */
/* The place of the one of these rows that was given last, for a mistake of several. */
const struct config_origin *config_last_origin(const struct config_loader *l, const int *rows,
                                               ptrdiff_t count);

/* check_notify.c */
MUST_CHECK bool config_check_quiet_hours(str value, struct buf *why);
void config_check_notify(struct config_loader *l);

#endif
