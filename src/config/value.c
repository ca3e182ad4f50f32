/* One value: from the text, list or map that somebody gave to the type of its row.
 *
 * In: a config_node, wherever it comes from. Out: a config_value, copied into the keep arena, or
 * mistakes that say what was found and what is expected. Amounts and fractions are exact decimal
 * text (no exponent, no more than 8 decimals); whole numbers have no leading zero, because YAML
 * would read 010 as 8. A list is a YAML list, or text with commas; weights are a YAML map, a list
 * of name=weight, or such text with commas.
 *
 * Of a bad list every bad entry is reported, each with its own line. Nothing else fails: the arenas
 * are sized for CONFIG_LIST_MAX entries of NAME_MAX_BYTES. */
#include "config/config_int.h"

#define NAME_MAX_BYTES 128 /* of an entry in a list */

/* "FOUND PROBLEM, expected RANGE", and for shares what the number would be in percent. */
static bool refuse(const struct config_place *place, const struct config_row *row, str found,
                   const char *problem) {
    char shown[CONFIG_SHOWN_BYTES];
    bool secret = row->flags & CFG_SECRET; /* perhaps the secret itself, where a name should be */
    char range_block[512];
    struct buf range;
    buf_init_fixed(&range, range_block, sizeof range_block);
    config_row_put_range(&range, row);
    config_mistake_add(place->mistakes, place->origin, place->key, "%s %s, expected %s%s",
                       secret ? "(not shown)" : config_shown(found, shown), problem, buf_z(&range),
                       config_row_is_share(row) ? " (0.01 is 1 %)" : "");
    return false;
}

/* The kind is wrong, not the value: says the whole of what is expected. */
static bool refuse_kind(const struct config_place *place, const struct config_row *row,
                        const char *found) {
    char block[512];
    struct buf expected;
    buf_init_fixed(&expected, block, sizeof block);
    config_row_put_expected(&expected, row);
    config_mistake_add(place->mistakes, place->origin, place->key, "%s, expected %s", found,
                       buf_z(&expected));
    return false;
}

/* ---- numbers ---- */

/* -?[0-9]+, and with `decimal` also (\.[0-9]+)?; ret_whole: digits before the point. */
static bool has_number_shape(str s, bool decimal, str *ret_whole) {
    str rest = str_starts(s, STR("-")) ? str_tail(s, 1) : s;
    ptrdiff_t point = decimal ? str_find_byte(rest, '.') : -1;
    str whole = point < 0 ? rest : str_head(rest, point);
    str decimals = point < 0 ? STR("0") : str_tail(rest, point + 1);
    if (whole.n == 0 || decimals.n == 0) return false;
    for (ptrdiff_t i = 0; i < whole.n; i++) {
        if (whole.p[i] < '0' || whole.p[i] > '9') return false;
    }
    for (ptrdiff_t i = 0; i < decimals.n; i++) {
        if (decimals.p[i] < '0' || decimals.p[i] > '9') return false;
    }
    *ret_whole = whole;
    return true;
}

static const char *size_problem(bool small) { return small ? "is too small" : "is too large"; }

static bool parse_int(const struct config_row *row, str text, const struct config_place *place,
                      int64_t *ret) {
    str whole;
    int64_t value = 0;
    if (!has_number_shape(text, false, &whole))
        return refuse(place, row, text, "is not a whole number");
    if (whole.n > 1 && whole.p[0] == '0')
        return refuse(place, row, text, "starts with a zero, which some read as base 8");
    if (!str_to_i64(text, &value)) return refuse(place, row, text, size_problem(text.p[0] == '-'));
    if (value < row->min || value > row->max)
        return refuse(place, row, text, size_problem(value < row->min));
    *ret = value;
    return true;
}

/* A share beyond its range is most often a percentage: says what it would be. */
static bool refuse_share(const struct config_place *place, const struct config_row *row, str text,
                         int64_t e8) {
    char range_block[128];
    char percent_block[AMOUNT_TEXT_BYTES];
    char shown[CONFIG_SHOWN_BYTES];
    struct buf range;
    buf_init_fixed(&range, range_block, sizeof range_block);
    config_row_put_range(&range, row);
    str percent = amount_format_e8(e8 * 100, percent_block);
    config_mistake_add(place->mistakes, place->origin, place->key,
                       "%s is too large, expected %s (0.01 is 1 %%, %s would be " STR_FMT " %%)",
                       config_shown(text, shown), buf_z(&range), shown, STR_ARG(percent));
    return false;
}

static bool parse_decimal(const struct config_row *row, str text, int64_t min, int64_t max,
                          const struct config_place *place, int64_t *ret) {
    str whole;
    int64_t e8 = 0;
    if (row->flags & CFG_SWITCH) {
        if (str_eq_nocase(text, STR("true"))) text = STR("1");
        if (str_eq_nocase(text, STR("false"))) text = STR("0");
    }
    if (str_ends(text, STR("%"))) return refuse(place, row, text, "is written with %");
    if (!has_number_shape(text, true, &whole))
        return refuse(place, row, text, "is not a decimal number");
    if (!amount_parse_e8(text, &e8)) {
        bool large = whole.n > 10;
        return refuse(place, row, text,
                      large ? size_problem(text.p[0] == '-') : "has more than 8 decimals");
    }
    if (e8 > max && config_row_is_share(row) && e8 <= 10000 * E8)
        return refuse_share(place, row, text, e8);
    if (e8 < min || e8 > max) return refuse(place, row, text, size_problem(e8 < min));
    *ret = e8;
    return true;
}

/* ---- words and texts ---- */

static bool parse_bool(const struct config_row *row, str text, const struct config_place *place,
                       int64_t *ret) {
    bool yes = str_eq_nocase(text, STR("true"));
    if (!yes && !str_eq_nocase(text, STR("false"))) return refuse(place, row, text, "is not taken");
    *ret = yes;
    return true;
}

static bool parse_choice(struct arena *keep, const struct config_row *row, str text,
                         const struct config_place *place, str *ret) {
    str words[CONFIG_CHOICES_MAX];
    char shown[CONFIG_SHOWN_BYTES];
    char range_block[512];
    struct buf range;
    int count = config_row_choices(row, words);
    for (int i = 0; i < count; i++) {
        if (str_eq(text, words[i])) {
            *ret = str_dup(keep, words[i]);
            return true;
        }
    }
    int near = config_word_nearest(words, count, text);
    buf_init_fixed(&range, range_block, sizeof range_block);
    config_row_put_range(&range, row);
    if (near >= 0) buf_printf(&range, "; did you mean " STR_FMT "?", STR_ARG(words[near]));
    config_mistake_add(place->mistakes, place->origin, place->key, "%s is not known, expected %s",
                       config_shown(text, shown), buf_z(&range));
    return false;
}

static bool parse_text(struct arena *keep, const struct config_row *row, str text,
                       const struct config_place *place, str *ret) {
    char why_block[512];
    struct buf why;
    if (config_has_password(text)) {
        const str row_name = str_from_z(row->name), section = str_from_z(row->section);
        if (str_ends(row_name, STR("_url")) &&
            (str_eq(section, STR("venue")) || str_eq(section, STR("market"))))
            place->mistakes->refused = true; /* as every host that is not on the list */
        config_mistake_add(place->mistakes, place->origin, place->key,
                           "holds a password (not shown); take it out: a secret is given as the "
                           "name of a file or of an environment variable");
        return false;
    }
    if (text.n < row->min) return refuse(place, row, text, "is too short");
    if (text.n > row->max) return refuse(place, row, text, "is too long");
    if (!str_is_line(text))
        return refuse(place, row, text, "holds characters that are no text on one line");
    buf_init_fixed(&why, why_block, sizeof why_block);
    if (!config_check_text(row, text, &why)) {
        config_mistake_add(place->mistakes, place->origin, place->key, "%s", buf_z(&why));
        return false;
    }
    *ret = str_dup(keep, text);
    return true;
}

/* ---- lists ---- */

/* Why `name` cannot stand in a list, NULL if it can. */
static const char *name_fault(str name) {
    if (name.n == 0) return "is an empty name";
    if (name.n > NAME_MAX_BYTES) return "is longer than 128 bytes";
    if (name.p[0] == '@') return "is written with @; the name alone is expected";
    const ptrdiff_t colon = str_find_byte(name, ':');
    if (colon == 0 || colon == name.n - 1) return "lacks a side of its colon, expected source:id";
    if (colon > 0 && str_ends(name, STR("@"))) return "has no name behind its @";
    if (config_has_password(name)) return "is not a name";
    if (!str_is_line(name)) return "holds characters that are no text on one line";
    for (ptrdiff_t i = 0; i < name.n; i++) {
        if (str_find_byte(STR(" \"'`,;=[]{}#"), name.p[i]) >= 0)
            return "is not a name: no blanks, quotes, brackets or any of , ; = # in it";
    }
    return NULL;
}

/* An entry of its own line: the place for its mistakes. */
static struct config_origin origin_at(const struct config_origin *origin, int line) {
    struct config_origin at = *origin;
    if (at.level == LEVEL_FILE && line > 0) at.line = line;
    return at;
}

/* "name=weight" at its last '=', since names come from outside; a map's entry is split already. */
static bool split_weight(const struct config_item *item, str *ret_name, str *ret_weight) {
    if (item->key.p) {
        *ret_name = item->key;
        *ret_weight = item->text;
        return true;
    }
    ptrdiff_t at = item->text.n;
    while (at > 0 && item->text.p[at - 1] != '=') at--;
    if (at == 0) return false;
    *ret_name = str_trim(str_head(item->text, at - 1));
    *ret_weight = str_trim(str_tail(item->text, at));
    return true;
}

/* One entry; weight is untouched for a LIST row. False: a mistake was added. */
static bool parse_item(const struct config_row *row, const struct config_item *item,
                       const struct config_place *place, str *ret_name, int64_t *ret_weight) {
    char shown[CONFIG_SHOWN_BYTES];
    str name = item->text;
    str weight = {0};
    if (row->type == CFG_WEIGHTS && !split_weight(item, &name, &weight)) {
        config_mistake_add(place->mistakes, place->origin, place->key,
                           "%s has no weight, expected name=weight",
                           config_shown(item->text, shown));
        return false;
    }
    const char *fault = name_fault(name);
    if (fault) {
        config_mistake_add(place->mistakes, place->origin, place->key, "%s %s",
                           config_shown(name, shown), fault);
        return false;
    }
    *ret_name = name;
    if (row->type != CFG_WEIGHTS) return true;
    char key_block[NAME_MAX_BYTES + 128];
    struct buf key;
    buf_init_fixed(&key, key_block, sizeof key_block);
    buf_printf(&key, STR_FMT ": " STR_FMT, STR_ARG(place->key), STR_ARG(name));
    struct config_place there = *place;
    there.key = buf_str(&key);
    return parse_decimal(row, weight, row->min, row->max, &there, ret_weight);
}

struct config_list config_list_dup(struct arena *a, struct config_list list) {
    if (list.count == 0) return (struct config_list){0};
    str *names = NEW_ARRAY(a, str, list.count);
    int64_t *weights = list.weights ? NEW_ARRAY(a, int64_t, list.count) : NULL;
    for (int i = 0; i < list.count; i++) {
        names[i] = str_dup(a, list.names[i]);
        if (weights) weights[i] = list.weights[i];
    }
    return (struct config_list){list.count, names, weights};
}

static bool parse_items(struct arena *keep, const struct config_row *row,
                        const struct config_node *node, const struct config_place *place,
                        struct config_list *ret) {
    char shown[CONFIG_SHOWN_BYTES];
    int64_t most = row->type == CFG_LIST ? row->max : CONFIG_LIST_MAX;
    PRE(most <= CONFIG_LIST_MAX);
    if (node->count > most) {
        config_mistake_add(place->mistakes, place->origin, place->key, "more than %lld entries",
                           (long long)most);
        return false;
    }
    if (row->type == CFG_LIST && node->count < row->min) {
        config_mistake_add(place->mistakes, place->origin, place->key,
                           "%d entries, expected at least %lld", node->count, (long long)row->min);
        return false;
    }
    if (node->count == 0) {
        *ret = (struct config_list){0};
        return true;
    }
    struct arena scratch = place->scratch;
    str *names = NEW_ARRAY(&scratch, str, node->count);
    int64_t *weights = NEW_ARRAY(&scratch, int64_t, node->count);
    bool good = true;
    for (int i = 0; i < node->count; i++) {
        struct config_origin at = origin_at(place->origin, node->items[i].line);
        struct config_place there = {place->mistakes, &at, place->key, scratch};
        str name = {0};
        if (node->items[i].bad || !parse_item(row, &node->items[i], &there, &name, &weights[i])) {
            good = false;
            continue;
        }
        for (int before = 0; before < i; before++) {
            if (!str_eq_nocase(name, names[before])) continue;
            config_mistake_add(there.mistakes, &at, there.key, "%s stands twice",
                               config_shown(name, shown));
            good = false;
            break;
        }
        names[i] = name;
    }
    if (!good) return false;
    struct config_list list = {node->count, names, row->type == CFG_WEIGHTS ? weights : NULL};
    *ret = config_list_dup(keep, list);
    return true;
}

/* "a, b" as the items of a list; blanks around the commas do not count. */
static bool parse_list_text(struct arena *keep, const struct config_row *row,
                            const struct config_node *node, const struct config_place *place,
                            struct config_list *ret) {
    if (str_trim(node->text).n == 0)
        return parse_items(keep, row, &(struct config_node){.kind = NODE_LIST}, place, ret);
    int count = 1;
    for (ptrdiff_t i = 0; i < node->text.n && count <= CONFIG_LIST_MAX; i++) {
        if (node->text.p[i] == ',') count++;
    }
    struct config_place inner = *place;
    struct config_item *items = NEW_ARRAY(&inner.scratch, struct config_item, count);
    str rest = node->text;
    for (int i = 0; i < count; i++) {
        str part = {0};
        if (!str_cut(&rest, ',', &part)) break;
        items[i] = (struct config_item){.text = str_trim(part), .line = node->line};
    }
    struct config_node list = {
        .kind = NODE_LIST, .line = node->line, .items = items, .count = count};
    return parse_items(keep, row, &list, &inner, ret);
}

static bool parse_list(struct arena *keep, const struct config_row *row,
                       const struct config_node *node, const struct config_place *place,
                       struct config_list *ret) {
    switch (node->kind) {
    case NODE_TEXT:
        return parse_list_text(keep, row, node, place, ret);
    case NODE_LIST:
        return parse_items(keep, row, node, place, ret);
    case NODE_MAP:
        if (row->type == CFG_WEIGHTS) return parse_items(keep, row, node, place, ret);
        return refuse_kind(place, row, "found name: value pairs");
    case NODE_NULL:
        break;
    }
    WRONG("an empty value was refused before");
}

/* ---- any type ---- */

static bool parse_scalar(struct arena *keep, const struct config_row *row, str text,
                         const struct config_place *place, struct config_value *value) {
    switch (row->type) {
    case CFG_INT:
        return parse_int(row, text, place, &value->number);
    case CFG_FRAC:
    case CFG_MONEY:
        return parse_decimal(row, text, row->min, row->max, place, &value->number);
    case CFG_BOOL:
        return parse_bool(row, text, place, &value->number);
    case CFG_STR:
        return parse_text(keep, row, text, place, &value->text);
    case CFG_CHOICE:
        return parse_choice(keep, row, text, place, &value->text);
    case CFG_LIST:
    case CFG_WEIGHTS:
        break;
    }
    WRONG("lists are parsed elsewhere");
}

bool config_value_parse(struct arena *keep, const struct config_row *row,
                        const struct config_node *node, const struct config_place *place,
                        struct config_value *ret) {
    struct config_value value = {0};
    bool is_list = row->type == CFG_LIST || row->type == CFG_WEIGHTS;
    if (node->kind == NODE_NULL) {
        bool may_be_empty = is_list || (row->type == CFG_STR && row->min == 0);
        return refuse_kind(place, row,
                           may_be_empty ? "has no value (\"\" is the empty one)" : "has no value");
    }
    if (is_list) {
        if (!parse_list(keep, row, node, place, &value.list)) return false;
    } else if (node->kind != NODE_TEXT) {
        return refuse_kind(place, row,
                           node->kind == NODE_LIST ? "found a list" : "found name: value pairs");
    } else if (!parse_scalar(keep, row, node->text, place, &value)) {
        return false;
    }
    *ret = value;
    return true;
}

/* The one place that writes and reads members by their row's type. */
void config_member_put(void *member, const struct config_row *row,
                       const struct config_value *value) {
    switch (row->type) {
    case CFG_INT:
    case CFG_FRAC:
        *(int64_t *)member = value->number;
        return;
    case CFG_MONEY:
        *(money *)member = money_from_e8(value->number);
        return;
    case CFG_BOOL:
        *(bool *)member = value->number != 0;
        return;
    case CFG_STR:
    case CFG_CHOICE:
        *(str *)member = value->text;
        return;
    case CFG_LIST:
    case CFG_WEIGHTS:
        *(struct config_list *)member = value->list;
        return;
    }
    WRONG("a type that is not in the list");
}

void config_member_get(const void *member, const struct config_row *row, struct config_value *ret) {
    *ret = (struct config_value){0};
    switch (row->type) {
    case CFG_INT:
    case CFG_FRAC:
        ret->number = *(const int64_t *)member;
        return;
    case CFG_MONEY:
        ret->number = money_e8(*(const money *)member);
        return;
    case CFG_BOOL:
        ret->number = *(const bool *)member;
        return;
    case CFG_STR:
    case CFG_CHOICE:
        ret->text = *(const str *)member;
        return;
    case CFG_LIST:
    case CFG_WEIGHTS:
        ret->list = *(const struct config_list *)member;
        return;
    }
    WRONG("a type that is not in the list");
}

void config_value_put(struct config *cfg, const struct config_row *row,
                      const struct config_value *value) {
    config_member_put((char *)cfg + row->offset, row, value);
}

void config_value_get(const struct config *cfg, const struct config_row *row,
                      struct config_value *ret) {
    config_member_get((const char *)cfg + row->offset, row, ret);
}
