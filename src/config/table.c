/* The table as data: one config_row per line of CONFIG_MAP, and how to find a row or the one meant.
 *
 * Everything that is said about a key (its range in a message, its type in the docs) is made here
 * from the row, so that messages, docs and checks cannot disagree. Pure; nothing here fails. */
#include "config/config_int.h"

#include <limits.h>

const struct config_row config_rows[CONFIG_ROW_COUNT] = {
#define X(section, name, type, min, max, def, flags, help)                                         \
    {#section, #name, CFG_##type,                                                                  \
     min,      max,   def,                                                                         \
     flags,    help,  offsetof(struct config, section##_##name)},
    CONFIG_MAP(X)
#undef X
};

/* ---- finding ---- */

int config_row_find(str section, str name) {
    for (int i = 0; i < CONFIG_ROW_COUNT; i++) {
        if (str_eq(section, str_from_z(config_rows[i].section)) &&
            str_eq(name, str_from_z(config_rows[i].name)))
            return i;
    }
    return -1;
}

int config_row_find_nocase(str section, str name) {
    for (int i = 0; i < CONFIG_ROW_COUNT; i++) {
        if (str_eq_nocase(section, str_from_z(config_rows[i].section)) &&
            str_eq_nocase(name, str_from_z(config_rows[i].name)))
            return i;
    }
    return -1;
}

int config_section_find(str section) {
    for (int i = 0; i < CONFIG_ROW_COUNT; i++) {
        if (str_eq(section, str_from_z(config_rows[i].section))) return i;
    }
    return -1;
}

/* ---- what was meant ---- */

#define WORD_MAX 40 /* longer words are not looked up */

static char fold(char c) {
    if (c >= 'A' && c <= 'Z') return (char)(c - 'A' + 'a');
    return c == '-' ? '_' : c;
}

/* Insertions, deletions, changes and swaps of neighbours that turn a into b; case, and - for _, are
 * free. PRE: both at most WORD_MAX bytes. */
static int edit_distance(str a, str b) {
    int row[3][WORD_MAX + 1]; /* the last two rows and this one, by turns */
    for (int j = 0; j <= b.n; j++) row[0][j] = j;
    for (int i = 1; i <= a.n; i++) {
        int *now = row[i % 3];
        const int *before = row[(i + 2) % 3];
        now[0] = i;
        for (int j = 1; j <= b.n; j++) {
            bool same = fold(a.p[i - 1]) == fold(b.p[j - 1]);
            int64_t best =
                i64_min(before[j - 1] + (same ? 0 : 1), i64_min(before[j], now[j - 1]) + 1);
            bool swapped = i > 1 && j > 1 && fold(a.p[i - 1]) == fold(b.p[j - 2]) &&
                           fold(a.p[i - 2]) == fold(b.p[j - 1]);
            if (swapped) best = i64_min(best, row[(i + 1) % 3][j - 2] + 1);
            now[j] = (int)best;
        }
    }
    return row[a.n % 3][b.n];
}

/* ASCII case is ignored. */
static bool has_part(str whole, str part) {
    for (ptrdiff_t i = 0; i + part.n <= whole.n; i++) {
        if (str_eq_nocase(str_from_bytes(whole.p + i, part.n), part)) return true;
    }
    return false;
}

/* How far `word` is from `known`; INT_MAX: too far to be a slip of the pen. */
static int word_distance(str word, str known) {
    if (word.n == 0 || word.n > WORD_MAX || known.n > WORD_MAX) return INT_MAX;
    int distance = edit_distance(word, known);
    if (distance <= i64_max(1, word.n / 3) && distance < word.n) return distance;
    bool part = word.n >= 4 && (has_part(known, word) || (known.n >= 4 && has_part(word, known)));
    return part ? WORD_MAX : INT_MAX; /* behind every slip */
}

int config_word_nearest(const str *words, int count, str word) {
    int best = -1;
    int best_distance = INT_MAX;
    for (int i = 0; i < count; i++) {
        int distance = word_distance(word, words[i]);
        if (distance < best_distance) {
            best = i;
            best_distance = distance;
        }
    }
    return best;
}

int config_section_nearest(str section) {
    int best = -1;
    int best_distance = INT_MAX;
    for (int i = 0; i < CONFIG_ROW_COUNT; i++) {
        int distance = word_distance(section, str_from_z(config_rows[i].section));
        if (distance < best_distance) {
            best = i;
            best_distance = distance;
        }
    }
    return best;
}

/* In the section where it was looked for; failing that the same name in another section. */
int config_row_nearest(str section, str name) {
    int best = -1;
    int best_distance = INT_MAX;
    for (int i = 0; i < CONFIG_ROW_COUNT; i++) {
        bool here = str_eq_nocase(section, str_from_z(config_rows[i].section));
        int distance = word_distance(name, str_from_z(config_rows[i].name));
        if (!here) distance = distance == 0 ? WORD_MAX / 2 : INT_MAX;
        if (distance < best_distance) {
            best = i;
            best_distance = distance;
        }
    }
    return best;
}

/* ---- what a row says about itself ---- */

int config_row_choices(const struct config_row *row, str *words) {
    PRE(row->type == CFG_CHOICE);
    str rest = str_from_z(row->def);
    int count = 0;
    for (str word; str_cut(&rest, '|', &word);) {
        PRE(count < CONFIG_CHOICES_MAX);
        words[count++] = word;
    }
    return count;
}

str config_row_default(const struct config_row *row) {
    str def = str_from_z(row->def);
    if (row->type != CFG_CHOICE) return def;
    str words[CONFIG_CHOICES_MAX];
    IGNORE(config_row_choices(row, words), "there is always a first");
    return words[0];
}

bool config_row_is_share(const struct config_row *row) {
    return row->type == CFG_FRAC && row->max <= E8;
}

void config_row_put_range(struct buf *b, const struct config_row *row) {
    str words[CONFIG_CHOICES_MAX];
    int count = 0;
    switch (row->type) {
    case CFG_INT:
        buf_put_i64(b, row->min);
        buf_put(b, STR(" to "));
        buf_put_i64(b, row->max);
        return;
    case CFG_FRAC:
    case CFG_MONEY:
    case CFG_WEIGHTS:
        buf_put_e8(b, row->min);
        buf_put(b, STR(" to "));
        buf_put_e8(b, row->max);
        return;
    case CFG_BOOL:
        buf_put(b, STR("true or false"));
        return;
    case CFG_STR:
        if (row->min > 0)
            buf_printf(b, "%lld to ", (long long)row->min);
        else
            buf_put(b, STR("at most "));
        buf_printf(b, "%lld bytes", (long long)row->max);
        return;
    case CFG_CHOICE:
        count = config_row_choices(row, words);
        for (int i = 0; i < count; i++) {
            if (i > 0) buf_put(b, i + 1 < count ? STR(", ") : STR(" or "));
            buf_put(b, words[i]);
        }
        return;
    case CFG_LIST:
        if (row->min > 0)
            buf_printf(b, "%lld to ", (long long)row->min);
        else
            buf_put(b, STR("at most "));
        buf_printf(b, "%lld", (long long)row->max);
        return;
    }
    WRONG("a type that is not in the list");
}

void config_row_put_expected(struct buf *b, const struct config_row *row) {
    switch (row->type) {
    case CFG_INT:
        buf_put(b, STR("a whole number, "));
        break;
    case CFG_FRAC:
        buf_put(b, STR("a decimal number, "));
        break;
    case CFG_MONEY:
        buf_put(b, STR("an amount, "));
        break;
    case CFG_BOOL:
    case CFG_CHOICE:
        break;
    case CFG_STR:
        buf_put(b, STR("a text, "));
        break;
    case CFG_LIST:
        buf_put(b, STR("a list of names, "));
        break;
    case CFG_WEIGHTS:
        buf_put(b, STR("name: weight pairs, weights "));
        break;
    }
    config_row_put_range(b, row);
    if (config_row_is_share(row)) buf_put(b, STR(" (0.01 is 1 %)"));
}

/* ---- the members of a source ---- */

const int config_source_rows[CONFIG_SOURCE_KEYS] = {
    CFG_ROW_source_kind,    CFG_ROW_source_path,  CFG_ROW_source_name,
    CFG_ROW_source_authors, CFG_ROW_source_query, CFG_ROW_source_filter,
    CFG_ROW_source_keep,    CFG_ROW_source_url,   CFG_ROW_source_strangers};

void *config_source_member(struct config_source *s, int i) {
    void *const members[CONFIG_SOURCE_KEYS] = {&s->kind,    &s->path,  &s->name,
                                               &s->authors, &s->query, &s->filter,
                                               &s->keep,    &s->url,   &s->strangers};
    PRE(i >= 0 && i < CONFIG_SOURCE_KEYS);
    return members[i];
}

void config_put_source_keys(struct buf *b, const char *last_join) {
    for (int i = 0; i < CONFIG_SOURCE_KEYS; i++) {
        if (i > 0) buf_put(b, i + 1 < CONFIG_SOURCE_KEYS ? STR(", ") : str_from_z(last_join));
        buf_put(b, str_from_z(config_rows[config_source_rows[i]].name));
    }
}
