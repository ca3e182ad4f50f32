/* small: tickers that are ordinary words, in small letters, beside words that only a coin has.
 *
 * In: the place of such a ticker. Out: whether what stands right before or behind it makes it a
 * coin: one stakes a dot, a link has holders, and no link that one clicks on is below 12. The words
 * are those of kinds `before` and `behind` in models/assets.tsv. With an article in front, the word
 * is the ordinary one. Pure. */
#include "flow/link/link_int.h"

#define LIGHT_MAX 2 /* words that may stand between the ticker and what it does */

static bool is_one_of(const struct words *w, int at, const char *const *list, int count) {
    if (at < 0 || at >= w->count || w->v[at].kind != WORD_TEXT) return false;
    str norm = word_norm(w, at);
    for (int i = 0; i < count; i++) {
        if (str_eq(norm, str_from_z(list[i]))) return true;
    }
    return false;
}

/* The flags of the term, of one word or of several, that begins at `at`; where it ends. */
static uint16_t flags_at(const struct linker *k, int at, int *end) {
    *end = at + 1;
    if (at < 0 || at >= k->w->count || k->w->v[at].kind != WORD_TEXT) return 0;
    const struct term *t = lexicon_term(k->lex, phrases_find(k->lex->phrases, k->w, at, end));
    return t ? t->flags : 0;
}

static bool is_before(const struct linker *k, int at) {
    static const char *const light[] = {"my", "some", "more", "your", "our", "his", "her"};
    int end;
    if ((flags_at(k, at - 1, &end) & TERM_BEFORE) && end == at + 1) return true; /* "bag of" */
    at -= is_one_of(k->w, at, light, COUNT_OF(light));
    return flags_at(k, at, &end) & TERM_BEFORE;
}

/* "below 12", not "below 18:00"; "up 12%" */
static bool is_level(const struct words *w, int at) {
    static const char *const sides[] = {"below", "above", "under", "over", "up", "down"};
    if (!is_one_of(w, at, sides, COUNT_OF(sides)) || at + 1 >= w->count) return false;
    if (w->v[at + 1].kind != WORD_NUMBER) return false;
    if (is_one_of(w, at, sides + 4, 2)) return at + 2 < w->count && word_is_mark(w, at + 2, '%');
    return at + 2 >= w->count || !(word_is_mark(w, at + 2, ':') || word_is_mark(w, at + 2, '-'));
}

bool link_is_spoken_of(const struct linker *k, int at) {
    static const char *const ordinary[] = {"the", "this",  "that", "a",     "an",   "see",
                                           "in",  "click", "at",   "every", "each", "per"};
    static const char *const light[] = {"is",   "just",  "got",  "goes",    "still",
                                        "was",  "keeps", "back", "finally", "breaks",
                                        "dips", "drops", "fell", "looks"};
    const struct words *w = k->w;
    int end;
    if (is_one_of(w, at - 1, ordinary, COUNT_OF(ordinary))) return false;
    if (is_before(k, at - 1)) return true;
    for (int i = 0, next = at + 1; i <= LIGHT_MAX; i++, next++) {
        if ((flags_at(k, next, &end) & TERM_BEHIND) || is_level(w, next)) return true;
        if (!is_one_of(w, next, light, COUNT_OF(light))) break;
    }
    return false;
}
