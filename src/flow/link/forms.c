/* forms: names of coins as people write them: bent, stretched, inside hashtags.
 *
 * In: a word that the lexicon does not know as it stands. Out: what it means without an ending, an
 * article or repeated letters, or which coin a piece of a hashtag names. Only names and tickers
 * that mean nothing else are found so: endings make other words look like coins ("stellars"). Pure.
 */
#include "flow/link/link_int.h"

#include "flow/letters.h"

/* --- endings ---------------------------------------------------------------------------------- */

static const struct term *certain(const struct linker *k, str norm) {
    const struct term *t = lexicon_find(k->lex, norm);
    if (!t || (t->flags & TERM_GUARDED)) return NULL;
    if (t->name != COIN_NONE) return t;
    const uint8_t both = COIN_SURE | COIN_LOWER;
    return t->ticker != COIN_NONE && (k->lex->coins[t->ticker].flags & both) == both ? t : NULL;
}

/* Endings of case in languages that put them behind a foreign name, longest first; for names of six
 * letters and more, so that no short word turns into a coin. */
static const struct term *without_case(const struct linker *k, str norm) {
    static const char *const endings[] = {
        "iin", "ach", "ami", "owi", "nak", "ban", "ból", "ом", "ов", "ам", "ах", "ів", "ой", "ою",
        "ами", "ів",  "in",  "ia",  "em",  "ow",  "ów",  "ie", "om", "ot", "ta", "en", "es", "а",
        "у",   "е",   "ы",   "и",   "і",   "a",   "u",   "y",  "i",  "e",  "o",  "t"};
    for (int i = 0; i < COUNT_OF(endings); i++) {
        str ending = str_from_z(endings[i]);
        if (norm.n < ending.n + 6 || !str_ends(norm, ending)) continue;
        const struct term *t = certain(k, str_head(norm, norm.n - ending.n));
        if (t && t->name != COIN_NONE) return t;
    }
    return NULL;
}

/* The Arabic article and what is written together with it. */
static const struct term *without_article(const struct linker *k, str norm) {
    static const char *const articles[] = {"وال", "بال", "لل", "ال", "و", "ب", "ل"};
    for (int i = 0; i < COUNT_OF(articles); i++) {
        str article = str_from_z(articles[i]);
        if (!str_starts(norm, article)) continue;
        const struct term *t = certain(k, str_tail(norm, article.n));
        if (t) return t;
    }
    return NULL;
}

/* The Romance article: "l'ether", "dell'ethereum". */
static const struct term *without_elision(const struct linker *k, str norm) {
    ptrdiff_t cut = str_find_byte(norm, '\'');
    if (cut < 1 || cut > 4 || norm.n < cut + 5) return NULL;
    const struct term *t = lexicon_find(k->lex, str_tail(norm, cut + 1));
    return t && t->name != COIN_NONE ? t : NULL;
}

/* What stands before an apostrophe: "bitcoin's", "btc'nin". A negation ("can't") is no such. */
static const struct term *without_tail(const struct linker *k, str norm) {
    ptrdiff_t cut = str_find_byte(norm, '\'');
    if (cut < 3) return NULL;
    str before = str_head(norm, cut);
    const struct term *t = certain(k, before), *name = lexicon_find(k->lex, before);
    return !t && name && name->name != COIN_NONE ? name : t; /* "Optimism's" */
}

static const struct term *without_stretch(const struct linker *k, str norm) {
    char once[64];
    ptrdiff_t n = 0;
    for (ptrdiff_t i = 0; i < norm.n; i++) {
        if (n == 0 || once[n - 1] != norm.p[i]) once[n++] = norm.p[i];
    }
    return certain(k, (str){once, n});
}

const struct term *link_term_of_bent(const struct linker *k, int at) {
    const struct words *w = k->w;
    str norm = word_norm(w, at);
    if (norm.n < 4 || norm.n > 60) return NULL;
    const struct term *t = NULL;
    if (memchr(norm.p, '\'', (size_t)norm.n)) {
        t = without_tail(k, norm);
        if (!t) t = without_elision(k, norm);
    }
    if (!t && norm.p[norm.n - 1] == 's') t = certain(k, str_head(norm, norm.n - 1));
    if (!t && (w->v[at].flags & WORD_LONG)) t = without_stretch(k, norm);
    if (!t && norm.n >= 7 && lexicon_may_start(k->lex, norm)) t = without_case(k, norm);
    if (!t && (unsigned char)norm.p[0] >= 0xD8) t = without_article(k, norm);
    return t;
}

const struct term *link_term_of_typo(const struct linker *k, int at) {
    const struct word *v = &k->w->v[at];
    if (v->kind == WORD_CASHTAG) return NULL;
    return lexicon_term(k->lex, phrases_find_form(k->lex->typos, word_norm(k->w, at)));
}

/* --- hashtags --------------------------------------------------------------------------------- */

static bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }
static bool is_small(char c) { return c >= 'a' && c <= 'z'; }

/* Where the piece that starts at `at` ends: "XRPArmy" is XRP and Army, "PizzaDay" Pizza and Day. */
static ptrdiff_t piece_end(str body, ptrdiff_t at) {
    ptrdiff_t end = at + 1;
    if (!is_capital(body.p[at])) {
        while (end < body.n && !is_capital(body.p[end]) && body.p[end] != '_') end++;
        return end;
    }
    while (end < body.n && is_capital(body.p[end])) end++;
    if (end == body.n || !is_small(body.p[end])) return end; /* capitals to the end, or a mark */
    if (end - at > 1) return end - 1;
    while (end < body.n && is_small(body.p[end])) end++;
    return end;
}

static int coin_of_piece(const struct linker *k, str piece) {
    char lower[40];
    if (piece.n < 3 || piece.n > (ptrdiff_t)sizeof lower) return COIN_NONE;
    for (ptrdiff_t i = 0; i < piece.n; i++)
        lower[i] = is_capital(piece.p[i]) ? (char)(piece.p[i] + 32) : piece.p[i];
    const struct term *t = certain(k, (str){lower, piece.n});
    if (!t) return COIN_NONE;
    return t->name != COIN_NONE ? t->name : t->ticker;
}

/* "#bitcoinmining": the name in front of a hashtag without capitals, if what follows is a word that
 * people put there. */
static int coin_in_front(const struct linker *k, str norm) {
    static const char *const behind[] = {
        "news",  "price", "mining", "trading", "army",    "halving",  "etf",      "usd", "crash",
        "miami", "miner", "miners", "cash",    "holders", "investor", "maxi",     "day", "week",
        "only",  "rally", "pump",   "dump",    "fam",     "gang",     "community"};
    for (int i = 0; i < COUNT_OF(behind); i++) {
        str tail = str_from_z(behind[i]);
        if (norm.n < tail.n + 3 || !str_ends(norm, tail)) continue;
        const struct term *t = certain(k, str_head(norm, norm.n - tail.n));
        if (t) return t->name != COIN_NONE ? t->name : t->ticker;
    }
    return COIN_NONE;
}

int link_coin_in_hashtag(const struct linker *k, int at) {
    const struct words *w = k->w;
    str body = {w->text.p + w->v[at].begin, w->v[at].end - w->v[at].begin};
    body = str_tail(body, (unsigned char)body.p[0] < 0x80 ? 1 : 3); /* # or its wide twin */
    for (ptrdiff_t from = 0; from < body.n;) {
        ptrdiff_t end = piece_end(body, from);
        int coin = coin_of_piece(k, (str){body.p + from, end - from});
        if (coin != COIN_NONE) return coin;
        from = end < body.n && body.p[end] == '_' ? end + 1 : end;
    }
    return coin_in_front(k, word_norm(w, at));
}

/* --- companies -------------------------------------------------------------------------------- */

bool link_is_company(const struct linker *k, int at) {
    static const char *const ends[] = {
        "global",    "holdings",   "group",   "energy",    "therapeutics", "financial",
        "bancorp",   "industries", "systems", "partners",  "properties",   "communities",
        "resources", "pharma",     "brands",  "medical",   "education",    "hospitality",
        "aerospace", "biotech",    "reit",    "inc",       "corp",         "pharmaceuticals",
        "motors",    "airlines",   "foods",   "insurance", "semiconductor"};
    const struct words *w = k->w;
    if (at >= w->count || !(w->v[at].flags & (WORD_TITLE | WORD_UPPER))) return false;
    str norm = word_norm(w, at);
    for (int i = 0; i < COUNT_OF(ends); i++) {
        if (str_eq(norm, str_from_z(ends[i]))) return true;
    }
    return false;
}

/* --- names inside words ------------------------------------------------------------------------
 */

/* Could one of the names below begin in the form? Looks at eight bytes at a time for the first two
 * letters of one. */
static bool may_hold_name(str norm) {
    for (ptrdiff_t at = 0; at + 2 < norm.n; at += 7) {
        const ptrdiff_t left = norm.n - at;
        const uint64_t block =
            left < 8 ? letters_load_few(norm.p + at, (int)left) : letters_load(norm.p + at);
        const uint64_t b = letters_equal(block, 'b'), d = letters_equal(block, 'd'),
                       e = letters_equal(block, 'e'), i = letters_equal(block, 'i'),
                       o = letters_equal(block, 'o'), t = letters_equal(block, 't');
        if (((e & t >> 8) | (d & o >> 8) | (b & (i | t) >> 8)) != 0) return true;
    }
    return false;
}

bool link_holds_name(str norm) {
    bool eth = false;
    if (!may_hold_name(norm)) return false;
    for (ptrdiff_t i = 0; i + 2 < norm.n; i++) {
        str rest = str_tail(norm, i);
        if (str_starts(rest, STR("doge")) || str_starts(rest, STR("bitcoin")) ||
            str_starts(rest, STR("btc")) || str_starts(rest, STR("ethereum"))) {
            return true;
        }
        eth |= str_starts(rest, STR("eth"));
    }
    return norm.n <= 5 && norm.n > 3 && eth;
}
