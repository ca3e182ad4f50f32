/* evidence: what the words around a candidate say for and against it.
 *
 * In: candidates with their base, words marked as speaking of crypto, hinting at it, or speaking of
 * trade. Out: points. A ticker that is an ordinary word needs to stand beside such words, or in a
 * list of coins, or before a price; a name such as Avalanche needs a post on crypto; words of the
 * stock market speak against tickers that shares have too; words of the state make DOGE a
 * department; words of a ticker's other senses speak against it, and those of daily life do in a
 * post without crypto. The nearest witness of a kind counts, not their number, so that a long post
 * does not talk every word into being a coin. Pure. */
#include "flow/link/link_int.h"

#define NEAR_WORDS 3
#define TRADE_WORDS 2
#define GAP_WORDS 4    /* marks, amounts and "and" between two coins of a list */
#define POINTS_SENSE 3 /* against a coin for a word that tells of another sense, twice at most */

/* --- what stands near ---------------------------------------------------------------------------
 */

static bool is_word(const struct words *w, int at, const char *const *list, int count) {
    if (at < 0 || at >= w->count || w->v[at].kind != WORD_TEXT) return false;
    str norm = word_norm(w, at);
    for (int i = 0; i < count; i++) {
        if (str_eq(norm, str_from_z(list[i]))) return true;
    }
    return false;
}

static bool ends_sentence(const struct words *w, int at) {
    if (w->v[at].kind != WORD_PUNCT) return false;
    char mark = w->norm[w->v[at].norm];
    return mark == '.' || mark == '!' || mark == '?';
}

/* Is the ticker a very common word, as it stands here? */
static bool is_common(const struct linker *k, const struct candidate *c) {
    uint16_t flags = k->lex->coins[c->coin].flags;
    return (flags & COIN_COMMON) && !((flags & COIN_LOUD) && c->form == FORM_CAPS);
}

/* How far the nearest word with one of `flags` is from the candidate, up to `reach` and within the
 * sentence; 0: none. Marks do not count as distance. */
static int nearest(const struct linker *k, const struct candidate *c, uint16_t flags, int reach) {
    static const char *const light[] = {"my", "some", "more", "the", "all", "of", "a", "our"};
    const struct words *w = k->w;
    for (int side = -1; side <= 1; side += 2) {
        int at = side < 0 ? c->first - 1 : c->end, steps = 1;
        for (; at >= 0 && at < w->count && steps <= reach; at += side) {
            const struct word *v = &w->v[at];
            if (v->flags & flags) return steps;
            if (ends_sentence(w, at)) break;
            steps += v->kind != WORD_PUNCT && !is_word(w, at, light, COUNT_OF(light));
        }
    }
    return 0;
}

/* 3: a price ($3.2); 2: what may be one, or a share (0.45, 12k, 20%); 1: a bare number; 0: none. */
static int number_points(const struct words *w, int at) {
    if (at < 0 || at >= w->count || w->v[at].kind != WORD_NUMBER) return 0;
    str norm = word_norm(w, at);
    if (w->text.p[w->v[at].begin] == '$') return 3;
    if (at + 1 < w->count && word_is_mark(w, at + 1, '%')) return 2;
    if (at + 1 < w->count && word_is_mark(w, at + 1, '$')) return 2;
    if (str_find_byte(norm, '.') >= 0 || str_ends(norm, STR("k")) || str_ends(norm, STR("x")))
        return 2;
    if (at + 1 < w->count && w->v[at + 1].begin == w->v[at].end &&
        (word_is_mark(w, at + 1, ':') || word_is_mark(w, at + 1, '-')))
        return 0; /* a time of day, a result of a match */
    return (w->v[at].flags & WORD_DIGIT) && norm.p[norm.n - 1] >= '0' && norm.p[norm.n - 1] <= '9';
}

bool link_is_minus(const struct words *w, int at) {
    if (at < 0 || at >= w->count) return false;
    str mark = {w->text.p + w->v[at].begin, w->v[at].end - w->v[at].begin};
    return str_eq(mark, STR("-")) || str_eq(mark, STR("−")) || str_eq(mark, STR("–"));
}

/* A price behind the candidate ("NEAR at $3.2", "OP under 2", "LINK 30%") or an amount of it. */
static int price_points(const struct linker *k, const struct candidate *c) {
    static const char *const before[] = {
        "went",   "goes",  "got",   "rejected", "fell",  "rose",   "down",  "up",   "jumped",
        "at",     "under", "above", "below",    "over",  "to",     "hits",  "hit",  "near",
        "around", "from",  "is",    "was",      "broke", "back",   "now",   "past", "moved",
        "only",   "just",  "about", "almost",   "still", "by",     "по",    "a",    "à",
        "sits",   "the",   "its",   "finally",  "again", "closes", "closed"};
    static const char *const from_to[] = {"from", "to"};
    const struct words *w = k->w;
    int at = c->end, points = number_points(w, at);
    for (int i = 0; i < 4 && points == 0; i++) {
        bool joint = is_word(w, at, before, COUNT_OF(before)) ||
                     (at < w->count && (word_is_mark(w, at, '@') || word_is_mark(w, at, '=') ||
                                        word_is_mark(w, at, ':') || word_is_mark(w, at, '+') ||
                                        link_is_minus(w, at)));
        if (!joint) break;
        bool from = is_word(w, at, from_to, 1);
        points = number_points(w, ++at);
        if (points == 1 && from && is_word(w, at + 1, from_to + 1, 1)) points = 2;
    }
    if (points == 0 && number_points(w, c->first - 1)) points = 1;
    return points;
}

/* --- lists --------------------------------------------------------------------------------------
 */

static bool parts_list(const struct linker *k, int at) {
    static const char *const joints[] = {"and", "or",  "und",  "y",  "e",    "vs",   "et",  "then",
                                         "x",   "for", "into", "to", "from", "over", "than"};
    const struct word *v = &k->w->v[at];
    switch ((word_kind)v->kind) {
    case WORD_PUNCT:
        return !word_is_mark(k->w, at, '.') && !word_is_mark(k->w, at, '!') &&
               !word_is_mark(k->w, at, '?') && !word_is_mark(k->w, at, '"');
    case WORD_NUMBER:
    case WORD_EMOJI:
        return true;
    case WORD_TEXT:
        return (v->flags & WORD_TRADE) || is_word(k->w, at, joints, COUNT_OF(joints));
    case WORD_CASHTAG: /* of a coin that is not traded */
        return true;
    case WORD_HASHTAG:
    case WORD_USER:
    case WORD_LINK:
        return false;
    }
    return false;
}

/* Does the list go on from one candidate to the next? Something must stand between two tickers that
 * are words: "LINK DOT" is a list, "BTC FOR ETH" is none. */
static bool run_goes_on(const struct linker *k, const struct candidate *a,
                        const struct candidate *b) {
    if (b->first - a->end > GAP_WORDS || b->first < a->end) return false;
    for (int at = a->end; at < b->first; at++) {
        if (!parts_list(k, at)) return false;
    }
    bool common = is_common(k, a) || is_common(k, b);
    bool lower = a->form == FORM_LISTED || b->form == FORM_LISTED; /* "XRP looks good" */
    return b->first > a->end || !(common || lower || k->shouting);
}

/* One mark of a list between the two? */
static bool is_comma(const struct linker *k, const struct candidate *a, const struct candidate *b) {
    return b->first == a->end + 1 &&
           (word_is_mark(k->w, a->end, ',') || word_is_mark(k->w, a->end, '/'));
}

/* "X flipped Y", "out of X into Y": so people speak of coins. */
static void find_duel(const struct linker *k, struct candidate *a, struct candidate *b) {
    static const char *const duels[] = {"flipped", "flips", "flip", "became", "into"};
    bool into = is_word(k->w, a->end, duels + 4, 1);
    if (b->first != a->end + 1 || !is_word(k->w, a->end, duels, COUNT_OF(duels))) return;
    a->duel = b->duel = !into || k->trades > 0;
}

/* "FIL vs AR" */
static void find_contest(const struct linker *k, struct candidate *a, struct candidate *b) {
    static const char *const joints[] = {"vs", "versus", "over", "or"};
    if (a->form != FORM_CAPS || b->form != FORM_CAPS || k->shouting) return;
    if (b->first != a->end + 1 || !is_word(k->w, a->end, joints, COUNT_OF(joints))) return;
    uint16_t flags = k->lex->coins[a->coin].flags | k->lex->coins[b->coin].flags;
    if (flags & COIN_LOUD) a->duel = b->duel = true;
}

void link_find_runs(struct linker *k) {
    for (int i = 0; i + 1 < k->count; i++) {
        find_duel(k, &k->found[i], &k->found[i + 1]);
        find_contest(k, &k->found[i], &k->found[i + 1]);
    }
    for (int i = 0; i < k->count;) {
        int end = i, sure = 0, plain = 0;
        bool comma = true;
        do {
            if (end > i) comma = comma && is_comma(k, &k->found[end - 1], &k->found[end]);
            sure += k->found[end].base >= POINTS_CERTAIN;
            uint16_t flags = k->lex->coins[k->found[end].coin].flags;
            plain += !(flags & COIN_WORD) || (flags & COIN_LOUD);
            end++;
        } while (end < k->count && run_goes_on(k, &k->found[end - 1], &k->found[end]));
        for (int j = i; j < end; j++) {
            k->found[j].run = (uint8_t)i64_min(end - i, 255);
            k->found[j].run_comma = comma && end - i >= 3;
            k->found[j].run_sure = (uint8_t)i64_min(sure, 255);
            k->found[j].run_plain = (uint8_t)i64_min(plain, 255);
        }
        i = end;
    }
}

/* A list of three tickers speaks for each of them, a certain one for those beside it; two that are
 * words may stand together by chance, if not in capitals. */
static int run_points(const struct linker *k, const struct candidate *c) {
    if (c->duel) return 4;
    if (c->run_comma && c->form == FORM_LOWER) return 3;
    bool common = is_common(k, c);
    bool money = k->crypto || k->hints || k->trades || k->moves;
    if (c->run_sure >= 2) return 6;
    if (c->run >= 3 && c->run_sure >= 1) return common ? 3 : 5;
    if (c->run >= 3 && (money || c->run_plain >= 2)) return !common ? 4 : k->crypto ? 6 : 1;
    if (c->run >= 2 && c->run_sure >= 1) return 3;
    if (c->run == 2 && c->run_plain == 2 && c->form == FORM_CAPS && !k->shouting) return 3;
    return money && c->run == 2 && c->form == FORM_CAPS && !common && !k->shouting ? 3 : 0;
}

/* --- points -------------------------------------------------------------------------------------
 */

/* DOGE, the department: words of the state, and none that tell of the coin. */
static bool is_department(const struct linker *k, const struct candidate *c) {
    if (k->state == 0) return false;
    if (nearest(k, c, WORD_HINT | WORD_CRYPTO, 1)) return false; /* "DOGE the coin", "doge army" */
    bool capitals = k->w->v[c->first].flags & WORD_UPPER;
    bool crypto = k->crypto > 0 || k->hints > 1 || price_points(k, c) > 1;
    return k->state > (crypto ? 2 : capitals || c->form == FORM_TAG ? 0 : 1);
}

int link_senses(const struct linker *k, int coin) {
    int n = 0;
    for (int i = 0; i < k->sense_count; i++) {
        const struct sense *s;
        for (int at = k->senses[i]; at != SENSE_NONE; at = s->next) {
            s = &k->lex->senses[at];
            n += s->coin == coin;
        }
    }
    return n;
}

bool link_is_denied(const struct linker *k, int idx) {
    static const char *const no[] = {"not"};
    const struct words *w = k->w;
    if (idx + 1 >= k->count) return false;
    const struct candidate *c = &k->found[idx], *next = c + 1;
    if (!is_word(w, c->first - 1, no, 1) || next->first != c->end + 1 || next->coin == c->coin)
        return false;
    bool begins = c->first == 1 || w->v[c->first - 2].kind == WORD_PUNCT;
    bool ends = next->end >= w->count || w->v[next->end].kind == WORD_PUNCT;
    return begins && ends && w->v[c->end].kind == WORD_PUNCT && !ends_sentence(w, c->end) &&
           !word_is_mark(w, c->end, '/');
}

/* A word in capitals that means nothing here. */
static bool is_plain_capitals(const struct linker *k, int at) {
    if (at < 0 || at >= k->w->count) return false;
    const struct word *v = &k->w->v[at];
    const uint16_t tells = WORD_CRYPTO | WORD_HINT | WORD_TRADE | WORD_MOVE;
    if (v->kind != WORD_TEXT || !(v->flags & WORD_UPPER) || (v->flags & (tells | WORD_DIGIT)))
        return false;
    return !lexicon_find(k->lex, word_norm(k->w, at));
}

/* What tells that capitals are only loud, or an article that the thing is one of many. */
static int loud_points(const struct linker *k, const struct candidate *c) {
    static const char *const articles[] = {"a", "an"};
    const uint16_t tells = WORD_CRYPTO | WORD_HINT | WORD_TRADE | WORD_MOVE;
    const struct words *w = k->w;
    int points = 0;
    if (c->end + 1 < w->count && word_is_mark(w, c->end, ':') && w->v[c->end + 1].kind == WORD_LINK)
        points -= 3; /* "LINK: https://..." */
    if (link_begins_name(k, c)) points -= 2;
    if (is_plain_capitals(k, c->first - 1) || is_plain_capitals(k, c->end)) points -= 2;
    bool told = c->end < w->count && (w->v[c->end].flags & tells);
    if (is_word(w, c->first - 1, articles, COUNT_OF(articles)) && !told) points -= 3;
    return points;
}

/* Is the coin named in another way too? ("the Graph ... GRT", "Wormhole ... $W") */
static bool has_twin(const struct linker *k, const struct candidate *c) {
    uint64_t hash = k->w->v[c->first].hash;
    for (int i = 0; i < k->count; i++) {
        const struct candidate *o = &k->found[i];
        if (o->coin == c->coin && k->w->v[o->first].hash != hash && o->form < FORM_LOWER) {
            return true;
        }
    }
    return false;
}

static int context_points(const struct linker *k, const struct candidate *c) {
    int points = 0, hint = nearest(k, c, WORD_HINT, NEAR_WORDS);
    /* people trade shares too, and what names may mean otherwise is bought as well */
    bool shares = c->shares && ((k->shares && !k->crypto) ||
                                (k->lex->coins[c->coin].flags & COIN_STOCK && c->form == FORM_TAG));
    bool common = is_common(k, c);
    int trade =
        shares || common || c->form == FORM_NAME ? 0 : nearest(k, c, WORD_TRADE, TRADE_WORDS);
    if (k->crypto) points += nearest(k, c, WORD_CRYPTO, NEAR_WORDS) ? 3 : 2;
    if (hint)
        points += hint == 1 ? 3 : 2;
    else
        points += (int)i64_min(k->hints - c->hints, 2);
    if (trade)
        points += trade == 1 ? 3 : 2;
    else if (c->form != FORM_NAME && !shares && !common && nearest(k, c, WORD_MOVE, TRADE_WORDS))
        points += 2;
    else
        points +=
            shares ? 0 : (int)i64_min(k->trades + (k->moves > 0), c->form == FORM_NAME ? 1 : 2);
    if (k->count > 1 && has_twin(k, c)) points += 4;
    return points + (shares || common ? 0 : price_points(k, c)) + run_points(k, c);
}

int link_points(const struct linker *k, const struct candidate *c) {
    if (c->state && is_department(k, c)) return -POINTS_CERTAIN;
    if (c->base >= POINTS_CERTAIN) return c->base;
    if (c->form == FORM_LISTED) {
        bool traded = c->run_sure && nearest(k, c, WORD_TRADE, 1);
        bool money = k->hints || k->trades || k->moves;
        bool coins = c->run_sure || k->crypto || (c->run_plain && money);
        return c->run_sure >= 2 || traded || (c->run_comma && coins) ? POINTS_ENOUGH : 0;
    }
    if (c->form == FORM_LOWER || (c->form == FORM_TITLE && !k->crypto)) {
        bool sure = k->lex->coins[c->coin].flags & COIN_SURE;
        uint16_t tells = WORD_TRADE | WORD_HINT | WORD_CRYPTO | (sure ? WORD_MOVE : 0);
        bool beside = nearest(k, c, tells, sure ? 5 : 1) || (sure && k->crypto) || c->run_sure ||
                      c->run_comma || c->duel || price_points(k, c);
        if (!beside) return 0;
    }
    int points = c->base + context_points(k, c);
    if (k->sense_count > 0) points -= POINTS_SENSE * (int)i64_min(link_senses(k, c->coin), 2);
    if (k->life > 0 && k->crypto == 0 && c->form != FORM_NAME) points -= 2;
    if (c->form == FORM_CAPS && (k->lex->coins[c->coin].flags & COIN_WORD))
        points += loud_points(k, c);
    if (c->shares &&
        k->shares) { /* the first such word says little against a coin without shares */
        bool both = k->lex->coins[c->coin].flags & (COIN_SHARE | COIN_STOCK);
        points -= 2 * (int)i64_min(k->shares, 2) - !both;
    }
    if (k->shouting && c->form == FORM_CAPS)
        points -= k->lex->coins[c->coin].flags & COIN_WORD ? 4 : 1;
    return points;
}
