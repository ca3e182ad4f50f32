/* watch: what the configuration says of an author: his weight, whether he is muted, whether his
 * name imitates a listed one.
 *
 * An entry names an author by id (source:id), by name (name, or source:@name on one source alone),
 * or by both (source:id@name). The most exact entry counts: the id, then the name on its source,
 * then the name. A name with an id belongs to that id, on every source: whoever else bears it is an
 * imitation. A listed id without a name gets the one under which it was last seen. An author that
 * is listed himself imitates nobody. Entries of weight 0 are not worth imitating.
 *
 * In: config lists, checked. Failure: none. The trader's thread alone. */
#include "flow/judge/judge_int.h"
#include "flow/terms.h"

static void parse_entry(str entry, struct watched *ret) {
    const ptrdiff_t colon = str_find_byte(entry, ':');
    *ret = (struct watched){0};
    if (colon < 0) {
        ret->name = str_starts(entry, STR("@")) ? str_tail(entry, 1) : entry;
        return;
    }
    ret->source = str_head(entry, colon);
    const str rest = str_tail(entry, colon + 1);
    const ptrdiff_t at = str_find_byte(rest, '@');
    ret->id = at < 0 ? rest : str_head(rest, at);
    if (at >= 0) ret->name = str_tail(rest, at + 1);
}

/* How exactly an entry names this author, 0: it does not. */
static int rank_of(const struct watched *w, str source, str id, str username) {
    const bool same_name = w->name.n > 0 && str_eq_nocase(w->name, username);
    if (w->source.n == 0) return same_name ? 1 : 0;
    if (!str_eq(w->source, source)) return 0;
    if (w->id.n > 0 && id.n > 0) return str_eq(w->id, id) ? 3 : 0;
    return same_name ? 2 : 0; /* on its source; an id that the post does not tell */
}

/* The name is a listed id's, and this is not he. */
static bool takes_name(const struct watched *w, str source, str id, str username) {
    if (w->weight_bp == 0 || w->id.n == 0 || w->name.n == 0) return false;
    if (!str_eq_nocase(w->name, username)) return false;
    return !str_eq(w->source, source) || (id.n > 0 && !str_eq(w->id, id));
}

static bool looks_like(const struct watched *w, struct name_look look) {
    if (w->weight_bp == 0) return false;
    return (look.skeleton != 0 && look.skeleton == w->look.skeleton) ||
           (look.core != 0 && look.core == w->look.core);
}

static bool is_listed(const struct config_list *list, str source, str id, str username) {
    for (int i = 0; i < list->count; i++) {
        struct watched w;
        parse_entry(list->names[i], &w);
        if (rank_of(&w, source, id, username) > 0) return true;
    }
    return false;
}

struct standing judge_standing(const struct judge *j, str source, str id, str username) {
    const struct config *cfg = j->cfg;
    const struct name_look look = judge_name_look(username);
    struct standing s = {.made = j->watch_made,
                         .weight_bp = (int32_t)(cfg->judge_default_author_weight / (E8 / BP_ONE))};
    int best = 0;
    bool taken = false, alike = false;
    for (int i = 0; i < j->watched_count; i++) {
        const struct watched *w = &j->watched[i];
        const int rank = rank_of(w, source, id, username);
        taken = taken || takes_name(w, source, id, username);
        alike = alike || looks_like(w, look);
        if (rank <= best) continue;
        best = rank;
        s.weight_bp = w->weight_bp;
    }
    s.listed = best > 0;
    s.by_id = best == 3;
    s.lookalike = best < 3 && (taken || (alike && best == 0));
    s.muted = is_listed(&cfg->trading_muted_authors, source, id, username);
    return s;
}

void judge_learn_name(struct judge *j, str source, str id, str username) {
    for (int i = 0; i < j->watched_count; i++) {
        struct watched *w = &j->watched[i];
        const bool open = w->name.n == 0 || w->name_learned;
        if (!open || !str_eq(w->id, id) || !str_eq(w->source, source)) continue;
        if (username.n == 0 || str_eq(w->name, username)) continue;
        IGNORE(str_copyz(username, w->block, sizeof w->block), "names are cut");
        w->name = str_from_z(w->block);
        w->name_learned = true;
        w->look = judge_name_look(w->name);
        j->watch_made++;
    }
}

void judge_unlearn_name(struct judge *j, str source, str id) {
    for (int i = 0; i < j->watched_count; i++) {
        struct watched *w = &j->watched[i];
        if (!w->name_learned || !str_eq(w->id, id) || !str_eq(w->source, source)) continue;
        w->name = STR("");
        w->name_learned = false;
        w->look = judge_name_look(w->name);
        memset(w->block, 0, sizeof w->block);
        j->watch_made++;
    }
}

void judge_watch(struct judge *j) {
    const struct config_list *list = &j->cfg->judge_author_weights;
    PRE(list->count <= j->watched_max);
    j->watch_made++;
    j->watched_count = list->count;
    for (int i = 0; i < list->count; i++) {
        struct watched *w = &j->watched[i];
        parse_entry(list->names[i], w);
        w->weight_bp = (int32_t)(list->weights[i] / (E8 / BP_ONE));
        w->look = judge_name_look(w->name);
    }
}

void judge_watch_init(struct judge *j, struct arena *boot, int entries) {
    j->watched = NEW_ARRAY(boot, struct watched, entries + 1);
    j->watched_max = entries;
    judge_watch(j);
}

/* A post knows its source by name; where two have one name, the more open one decides. */
bool judge_lets_strangers_in(const struct config *cfg, str source) {
    for (int i = 0; i < cfg->source_count; i++) {
        const struct config_source *s = &cfg->sources[i];
        if (str_eq(config_source_name(s), source) && config_source_lets_strangers_in(s))
            return true;
    }
    return false;
}

struct author_terms author_terms_of(const struct config *cfg, str source, str id, str username) {
    const struct config_list *const list = &cfg->judge_author_weights;
    struct author_terms t = {.weight_bp =
                                 (int32_t)(cfg->judge_default_author_weight / (E8 / BP_ONE)),
                             .muted = is_listed(&cfg->trading_muted_authors, source, id, username)};
    int best = 0;
    for (int i = 0; i < list->count; i++) {
        struct watched w;
        parse_entry(list->names[i], &w);
        const int rank = rank_of(&w, source, id, username);
        if (rank <= best) continue;
        best = rank;
        t.weight_bp = (int32_t)(list->weights[i] / (E8 / BP_ONE));
    }
    t.listed = best > 0;
    t.stranger = !t.listed && !cfg->judge_trade_strangers && judge_lets_strangers_in(cfg, source);
    return t;
}

struct author_terms author_terms_of_key(const struct config *cfg, str key, str username) {
    str id = key, source;
    if (!str_cut(&id, ':', &source)) source = STR("");
    if (str_starts(id, STR("@"))) id = STR("");
    return author_terms_of(cfg, source, id, username);
}
