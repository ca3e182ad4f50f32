/* linear_features: what the linear model sees of a text.
 *
 * In: words with coins marked. Out: tokens, pairs and groups of letters as 64-bit hashes. Training
 * and inference both come through here, so they cannot disagree. Names of coins become one
 * placeholder, so that a coin's past does not weigh on what is said of it today; so do users,
 * links and amounts. Integers only; pure; any thread. */
#include "model/linear_int.h"

/* Hashes of placeholders; words' hashes are as good as random, so any numbers do. */
#define TOKEN_COIN UINT64_C(0xC01A5C01A5C01A55)
#define TOKEN_CASHTAG UINT64_C(0xCA58A6CA58A6CA5D)
#define TOKEN_USER UINT64_C(0x05E605E605E605E7)
#define TOKEN_LINK UINT64_C(0x11A411A411A411A5)
#define TOKEN_NUMBER UINT64_C(0x80B8E780B8E780B9)
#define TOKEN_MONEY UINT64_C(0x3A0AE13A0AE13A0B)
#define NEGATED UINT64_C(0xA5A5F00DBADC0FFE)

static uint64_t spread(uint64_t h) {
    h = (h ^ (h >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    return h ^ (h >> 27);
}

/* Marks that say something: the others only part clauses. */
static bool mark_counts(const struct words *w, int at) {
    char c = w->norm[w->v[at].norm];
    return c == '!' || c == '?' || c == '%' || (c == '.' && w->v[at].norm_bytes > 1);
}

int linear_tokens(const struct words *w, struct token *ret) {
    int n = 0;
    for (int i = 0; i < w->count; i++) {
        const struct word *v = &w->v[i];
        struct token t = {.hash = v->hash, .word = (int16_t)i};
        if (v->flags & WORD_COIN) {
            if (i > 0 && (w->v[i - 1].flags & WORD_COIN)) continue;
            t.hash = TOKEN_COIN;
        } else {
            switch ((word_kind)v->kind) {
            case WORD_TEXT:
            case WORD_HASHTAG:
                t.spelled = true;
                if (v->flags & WORD_NEGATED) t.hash ^= NEGATED;
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
                if (!mark_counts(w, i)) continue;
                break;
            }
        }
        t.hash = spread(t.hash);
        ret[n++] = t;
    }
    return n;
}

domain linear_domain(const struct words *w) {
    for (int i = 0; i < w->count; i++) {
        if ((w->v[i].flags & WORD_COIN) || w->v[i].kind == WORD_CASHTAG) return DOMAIN_MARKET;
    }
    return DOMAIN_ANY;
}

int linear_grams(str norm, uint64_t ret[GRAMS_MAX]) {
    char p[40];
    int n = 0, bytes = (int)i64_min(norm.n, 32);
    p[n++] = '<';
    memcpy(p + n, norm.p, (size_t)bytes);
    n += bytes;
    p[n++] = '>';
    int count = 0;
    for (int size = 3; size <= 5; size++) {
        for (int i = 0; i + size <= n && count < GRAMS_MAX; i++) {
            uint64_t h = (uint64_t)size;
            memcpy(&h, p + i, (size_t)size);
            ret[count++] = spread(h * UINT64_C(0x9E3779B97F4A7C15) + (uint64_t)size);
        }
    }
    return count;
}

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
