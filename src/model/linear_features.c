/* linear_features: what the linear model sees of a text.
 *
 * In: words with coins marked. Out: tokens, stems, pairs and groups of letters as 64-bit hashes.
 * Training and inference both come through here, so they cannot disagree. Names of coins become one
 * placeholder, so that a coin's past does not weigh on what is said of it today; so do users,
 * links and amounts. Beside the words stand traits of the whole text: how long it is, how loud, how
 * many good and bad words it has. Integers only; pure; any thread. */
#include "model/linear_int.h"

/* Hashes of placeholders; words' hashes are as good as random, so any numbers do. */
#define TOKEN_COIN UINT64_C(0xC01A5C01A5C01A55)
#define TOKEN_CASHTAG UINT64_C(0xCA58A6CA58A6CA5D)
#define TOKEN_USER UINT64_C(0x05E605E605E605E7)
#define TOKEN_LINK UINT64_C(0x11A411A411A411A5)
#define TOKEN_NUMBER UINT64_C(0x80B8E780B8E780B9)
#define TOKEN_MONEY UINT64_C(0x3A0AE13A0AE13A0B)
#define NEGATED UINT64_C(0xA5A5F00DBADC0FFE)
#define STEM UINT64_C(0x57E357E357E357E3)
#define CLASS_BEHIND UINT64_C(0x2C1A552C1A552C1A)

static uint64_t spread(uint64_t h) {
    h = (h ^ (h >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    return h ^ (h >> 27);
}

/* Marks that say something: the others only part clauses. */
static bool mark_counts(const struct words *w, int at) {
    char c = w->norm[w->v[at].norm];
    return c == '!' || c == '?' || c == '%' || (c == '.' && w->v[at].norm_bytes > 1);
}

uint64_t linear_word_token(uint64_t form_hash, bool negated) {
    return spread(negated ? form_hash ^ NEGATED : form_hash);
}

uint64_t linear_stem_token(uint64_t stem_hash, bool negated) {
    return linear_word_token(stem_hash ^ STEM, negated);
}

/* False: the word is no token. */
static bool token_from(const struct words *w, int at, struct token *ret) {
    const struct word *v = &w->v[at];
    struct token t = {.hash = v->hash, .word = (int16_t)at};
    if (v->flags & WORD_COIN) {
        if (at > 0 && (w->v[at - 1].flags & WORD_COIN)) return false;
        t.hash = TOKEN_COIN;
    } else if (v->kind == WORD_TEXT) { /* nearly all: told apart before the others */
        t.spelled = true;
        t.negated = v->flags & WORD_NEGATED;
    } else {
        switch ((word_kind)v->kind) {
        case WORD_TEXT:
        case WORD_HASHTAG:
            t.spelled = true;
            t.negated = v->flags & WORD_NEGATED;
            break;
        case WORD_NUMBER:
            t.hash = w->text.p[v->begin] == '$' ? TOKEN_MONEY : TOKEN_NUMBER;
            break;
        case WORD_CASHTAG:
            t.hash = TOKEN_CASHTAG;
            break;
        case WORD_USER:
            t.hash = TOKEN_USER;
            break;
        case WORD_LINK:
            t.hash = TOKEN_LINK;
            break;
        case WORD_EMOJI:
            break;
        case WORD_PUNCT:
            if (!mark_counts(w, at)) return false;
            break;
        }
    }
    t.hash = linear_word_token(t.hash, t.negated);
    *ret = t;
    return true;
}

int linear_tokens(const struct words *w, struct token *ret) {
    int n = 0;
    for (int i = 0; i < w->count; i++) n += token_from(w, i, &ret[n]);
    return n;
}

/* --- stems ----------------------------------------------------------------------------------- */

/* Cuts `cut` bytes where the form ends in `ending` and three bytes are left before it. */
static inline bool cut_ending(str *s, str ending, int cut) {
    if (s->n < ending.n + 3 || s->p[s->n - 1] != ending.p[ending.n - 1]) return false;
    if (!str_ends(*s, ending)) return false;
    s->n -= cut;
    return true;
}

static void cut_plural(str *s) {
    if (cut_ending(s, STR("ies"), 2) || cut_ending(s, STR("es"), 2)) return;
    if (s->n > 3 && s->p[s->n - 1] == 's' && s->p[s->n - 2] != 's') s->n--;
}

str linear_stem(str form, char *block) {
    str s = {block, i64_min(form.n, STEM_BYTES_MAX)};
    memcpy(block, form.p, (size_t)s.n);
    cut_ending(&s, STR("'s"), 2);
    if (!cut_ending(&s, STR("ingly"), 5) && !cut_ending(&s, STR("edly"), 4) &&
        !cut_ending(&s, STR("fully"), 2) && !cut_ending(&s, STR("ness"), 4)) {
        cut_ending(&s, STR("ment"), 4);
    }
    cut_plural(&s);
    if (!cut_ending(&s, STR("ing"), 3) && !cut_ending(&s, STR("ed"), 2) &&
        !cut_ending(&s, STR("er"), 2) && !cut_ending(&s, STR("est"), 3) &&
        !cut_ending(&s, STR("ly"), 2)) {
        cut_ending(&s, STR("in'"), 3);
    }
    char last = s.n > 0 ? s.p[s.n - 1] : 0;
    if (s.n > 3 && last == s.p[s.n - 2] && last != 's' && last != 'l') s.n--;
    last = s.n > 0 ? s.p[s.n - 1] : 0;
    if (s.n > 3 && (last == 'e' || last == 'y' || last == 'i')) s.n--;
    return s;
}

/* --- pairs and groups of letters -------------------------------------------------------------- */

int linear_pairs(const struct token *before, const struct token *now, int which,
                 uint64_t ret[PAIRS_MAX]) {
    int n = 0;
    ret[n++] = linear_pair(before->hash, now->hash);
    if (which) ret[n++] = linear_pair(before->hash, CLASS_BEHIND + (uint64_t)which);
    return n;
}

int linear_grams(str norm, uint64_t ret[GRAMS_MAX]) {
    char p[40];
    int n = 0, bytes = (int)i64_min(norm.n, GRAMS_MAX);
    p[n++] = '<';
    memcpy(p + n, norm.p, (size_t)bytes);
    n += bytes;
    p[n++] = '>';
    int count = 0;
    for (int i = 0; i + 4 <= n && count < GRAMS_MAX; i++) {
        uint32_t h;
        memcpy(&h, p + i, 4);
        ret[count++] = spread((uint64_t)h * UINT64_C(0x9E3779B97F4A7C15) + 4);
    }
    return count;
}

/* --- traits ---------------------------------------------------------------------------------- */

/* 0, 1, 2, 3 (to 6), 4 (more). */
static int few(int n) { return n > 3 ? 3 + (n > 6) : n; }

struct tally {
    int kinds[WORD_PUNCT + 1];
    int marks[128];
    int caps, titles, elongated, coins;
};

static void tally_words(const struct words *w, struct tally *t) {
    for (int i = 0; i < w->count; i++) {
        const struct word *v = &w->v[i];
        t->kinds[v->kind]++;
        if (v->kind == WORD_PUNCT) {
            t->marks[w->norm[v->norm] & 127]++;
        } else if (v->flags & (WORD_UPPER | WORD_TITLE | WORD_LONG | WORD_COIN)) {
            const bool text = v->kind == WORD_TEXT;
            t->titles += text && (v->flags & (WORD_TITLE | WORD_UPPER));
            t->caps += text && (v->flags & WORD_UPPER);
            t->elongated += text && (v->flags & WORD_LONG);
            t->coins += (v->flags & WORD_COIN) != 0;
        }
    }
}

/* The traits that tell of the good and bad words by their classes: how many, the first and the
 * last, who wins. */
static void sign_traits(const struct mood *moods, int count, uint16_t *ret) {
    int good = 0, bad = 0, first = 0, last = 0;
    for (int i = 0; i < count; i++) {
        const int sign = moods[i].sign;
        good += sign > 0;
        bad += sign < 0;
        if (sign && !first) first = sign;
        if (sign) last = sign;
    }
    const int base = TRAIT_COUNTS * TRAIT_BUCKETS, wins = (good > bad) - (good < bad);
    ret[0] = (uint16_t)(base + few(good) * 5 + few(bad));
    ret[1] = (uint16_t)(base + 25 + (first + 1) * 3 + last + 1);
    ret[2] = (uint16_t)(base + 34 + (wins + 1) * 2 + (count > 12));
}

/* And by their values: the sums, the last, the total, the total a word. */
static void valence_traits(const struct mood *moods, int count, uint16_t *ret) {
    int good = 0, bad = 0, last = 0;
    for (int i = 0; i < count; i++) {
        const int v = moods[i].valence;
        if (v > 0) good += v;
        if (v < 0) bad -= v;
        if (v) last = v;
    }
    const int base = TRAIT_COUNTS * TRAIT_BUCKETS + 40, total = good - bad;
    const int density = count ? total * 8 / count : 0;
    ret[0] = (uint16_t)(base + few(good) * 5 + few(bad));
    ret[1] = (uint16_t)(base + 25 + i64_clamp(last, -4, 4) + 4);
    ret[2] = (uint16_t)(base + 34 + i64_clamp(total, -6, 6) + 6);
    ret[3] = (uint16_t)(base + 47 + i64_clamp(density, -6, 6) + 6);
}

void linear_traits(const struct words *w, const struct mood *moods, int count,
                   uint16_t ret[TRAITS]) {
    struct tally t = {0};
    tally_words(w, &t);
    int first = 0, last = w->count - 1;
    if (last > first && word_is_mark(w, first, '"') && word_is_mark(w, last, '"')) {
        t.marks['"'] -= 2; /* a text in quotes reads like one without */
        first++;
        last--;
    }
    const int none = TRAIT_BUCKETS - 1, spelled = t.kinds[WORD_TEXT] + t.kinds[WORD_HASHTAG];
    const int bucket[TRAIT_COUNTS] = {few(t.caps),
                                      few(t.kinds[WORD_USER]),
                                      few(t.kinds[WORD_LINK]),
                                      few(t.kinds[WORD_HASHTAG]),
                                      few(t.kinds[WORD_CASHTAG]),
                                      few(t.coins),
                                      few(t.marks['!']),
                                      few(t.marks['?']),
                                      few(t.kinds[WORD_NUMBER]),
                                      (int)i64_min(count / 6, 8),
                                      spelled ? (int)i64_min(t.titles * 5 / spelled, 8) : none,
                                      few(t.kinds[WORD_EMOJI]),
                                      few(t.marks['"']),
                                      few(t.marks[':']),
                                      first <= last ? w->v[first].kind : none,
                                      first <= last ? w->v[last].kind : none,
                                      few(t.elongated)};
    for (int i = 0; i < TRAIT_COUNTS; i++) ret[i] = (uint16_t)(i * TRAIT_BUCKETS + bucket[i]);
    sign_traits(moods, count, ret + TRAIT_COUNTS);
    valence_traits(moods, count, ret + TRAIT_COUNTS + 3);
}

/* --- scales ---------------------------------------------------------------------------------- */

/* Largest r with r * r <= v. */
static uint64_t root(uint64_t v) {
    uint64_t r = 0;
    for (uint64_t bit = UINT64_C(1) << 31; bit; bit >>= 1) {
        if ((r | bit) * (r | bit) <= v) r |= bit;
    }
    return r;
}

int32_t linear_gram_scale(int n) {
    return (int32_t)root((UINT64_C(1) << 28) / (uint64_t)(n ? n : 1));
}

int32_t linear_length_scale(int n, int pivot) {
    return (int32_t)root((UINT64_C(1) << 30) * (uint64_t)pivot / (uint64_t)(n + pivot));
}
