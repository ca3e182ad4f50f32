/* link: finds the coins that a text is about.
 *
 * In: words, and the compiled lexicon. Out: mentions (one per coin, with the strongest evidence),
 * the places where they stand, and misses: what looked like a coin, and why it is none.
 *
 * Two passes. The first walks over the words, notes candidates with what each still needs to be
 * believed, and notes words that tell what the post is about. The second decides: a $cashtag needs
 * nothing, a ticker that is an ordinary word (ONE, GAS) needs capitals and a word of crypto close
 * by, a name such as Avalanche needs a post about crypto, a cashtag that is also a share's ($T)
 * needs one that is not about shares. Nothing is linked inside words, links and @names.
 *
 * Invariants: mentions stand in order of first appearance; hits in order of the text. Never fails;
 * what exceeds the limits is told as TOO_MANY or left out of the misses. Pure, any thread, no
 * memory. */
#include "flow/link/lexicon.h"

#define CANDIDATES_MAX 96
#define TELLING_MAX 64 /* places of words of crypto that are remembered */
#define NEAR_WORDS 3
#define MANY_COINS 6     /* a post on more is a list; confidence shrinks */
#define MANY_TAGS 5      /* hashtags; with as many they are labels, not what is talked about */
#define LABEL_PERCENT 60 /* of its confidence that a mere label keeps */

/* Confidence by evidence, basis points. Untold things about a text keep all of them below 1. */
enum {
    SURE_PAIR = 9900,
    SURE_CASHTAG = 9800,
    SURE_NAME = 9700,
    SURE_HASHTAG = 9600,
    SURE_TICKER = 9500,
    SURE_TICKER_LOWER = 9300,
    SURE_CASHTAG_WORD = 9000, /* the ticker is a word or a share as well, context speaks for it */
    SURE_NICKNAME = 8000,
    SURE_GUARDED = 7500,
    SURE_TICKER_WORD = 7000
};

typedef enum need {
    NEED_NOTHING,
    NEED_CRYPTO,     /* a word of crypto elsewhere in the post */
    NEED_MORE,       /* nothing helps: only a cashtag or a pair would */
    NEED_NEAR,       /* ... within NEAR_WORDS */
    NEED_NOT_SHARES, /* no word of the stock market, or one of crypto beside it */
    NEED_NO_STATE    /* DOGE: no words of the state, or one of crypto beside them */
} need;

struct candidate {
    int16_t coin, first, end;
    int16_t sure;
    uint8_t reason; /* link_reason */
    uint8_t need;
    uint8_t miss; /* miss_reason, if the need is not met */
};

struct linker {
    const struct lexicon *lex;
    const struct words *w;
    struct links *out;
    int count;
    struct candidate found[CANDIDATES_MAX + 1]; /* the last takes what is too much */
    int telling_count;
    int16_t telling[TELLING_MAX];
    int crypto, shares, state; /* words of each kind */
    int rivals;                /* $cashtags of coins that cannot be linked */
    int tags;                  /* hashtags */
    bool shouting;             /* the post is written in capitals */
};

/* --- notes of the first pass ----------------------------------------------------------------- */

static void miss(struct linker *k, miss_reason reason, int first, int end) {
    struct links *out = k->out;
    if (out->miss_count == MISSES_MAX) return;
    out->misses[out->miss_count++] =
        (struct miss){reason, k->w->v[first].begin, k->w->v[end - 1].end};
}

static void tell(struct linker *k, int at) {
    k->crypto++;
    if (k->telling_count < TELLING_MAX) k->telling[k->telling_count++] = (int16_t)at;
}

static void note_context(struct linker *k, const struct term *t, int at) {
    if (t->flags & TERM_CRYPTO) tell(k, at);
    if (t->flags & TERM_SHARES) k->shares++;
    if (t->flags & TERM_STATE) k->state++;
}

static struct candidate *note(struct linker *k, int coin, int first, int end, link_reason reason) {
    struct candidate *c = &k->found[k->count];
    if (k->count < CANDIDATES_MAX) k->count++;
    *c = (struct candidate){.coin = (int16_t)coin,
                            .first = (int16_t)first,
                            .end = (int16_t)end,
                            .reason = (uint8_t)reason,
                            .miss = MISS_AMBIGUOUS_WORD};
    return c;
}

static void note_sure(struct linker *k, int coin, int at, int end, link_reason reason, int sure) {
    struct candidate *c = note(k, coin, at, end, reason);
    c->sure = (int16_t)sure;
    if (coin == k->lex->doge && reason != LINK_CASHTAG && reason != LINK_PAIR) {
        c->need = NEED_NO_STATE;
    }
}

/* A ticker as cashtag or hashtag. */
static void note_tag(struct linker *k, int coin, int at, link_reason reason, int sure) {
    uint8_t flags = k->lex->coins[coin].flags;
    if (!(flags & (COIN_WORD | COIN_STOCK))) {
        note_sure(k, coin, at, at + 1, reason, sure);
        return;
    }
    struct candidate *c = note(k, coin, at, at + 1, reason);
    c->sure = SURE_CASHTAG_WORD;
    if (flags & COIN_STOCK) c->miss = MISS_STOCK;
    if (reason == LINK_HASHTAG && (flags & COIN_COMMON))
        c->need = NEED_MORE;
    else if (reason == LINK_HASHTAG || (flags & COIN_STOCK))
        c->need = NEED_CRYPTO;
    else
        c->need = NEED_NOT_SHARES;
}

static void note_name(struct linker *k, const struct term *t, int at, int end) {
    word_kind kind = (word_kind)k->w->v[at].kind;
    bool tag = (kind == WORD_CASHTAG || kind == WORD_HASHTAG) && end == at + 1;
    int sure = t->name_reason == LINK_NICKNAME ? SURE_NICKNAME : SURE_NAME;
    if (t->flags & TERM_GUARDED) {
        struct candidate *c = note(k, t->name, at, end, (link_reason)t->name_reason);
        c->sure = SURE_GUARDED;
        c->need = NEED_CRYPTO;
        return;
    }
    link_reason reason = (link_reason)t->name_reason;
    if (tag) reason = kind == WORD_CASHTAG ? LINK_CASHTAG : LINK_HASHTAG;
    note_sure(k, t->name, at, end, reason, sure);
}

/* A ticker as a word of the text. False: in this form it is none. */
static bool note_ticker(struct linker *k, int coin, int at) {
    uint8_t flags = k->lex->coins[coin].flags;
    bool upper = k->w->v[at].flags & WORD_UPPER;
    if (flags & COIN_LOWER) {
        note_sure(k, coin, at, at + 1, LINK_TICKER, upper ? SURE_TICKER : SURE_TICKER_LOWER);
    } else if (!upper) {
        return false;
    } else if (!(flags & COIN_WORD)) {
        note_sure(k, coin, at, at + 1, LINK_TICKER, SURE_TICKER);
    } else {
        struct candidate *c = note(k, coin, at, at + 1, LINK_TICKER);
        c->sure = SURE_TICKER_WORD;
        c->need = flags & COIN_COMMON ? NEED_MORE : NEED_NEAR;
    }
    return true;
}

/* --- pairs ----------------------------------------------------------------------------------- */

static int coin_of_ticker(const struct lexicon *lex, str norm) {
    const struct term *t = lexicon_term(lex, phrases_find_form(lex->phrases, norm));
    return t ? t->ticker : COIN_NONE;
}

/* A look at the last three letters, which spares nearly every word the list below. */
static bool may_end_pair(str norm) {
    if (norm.n < 5) return false;
    const char *e = norm.p + norm.n - 3;
#define TAIL(a, b, c) ((uint32_t)(a) << 16 | (uint32_t)(b) << 8 | (uint32_t)(c))
    switch (TAIL((unsigned char)e[0], (unsigned char)e[1], (unsigned char)e[2])) {
    case TAIL('s', 'd', 't'):
    case TAIL('s', 'd', 'c'):
    case TAIL('u', 's', 'd'):
    case TAIL('e', 'r', 'p'):
    case TAIL('b', 't', 'c'):
    case TAIL('e', 't', 'h'):
    case TAIL('b', 'n', 'b'):
    case TAIL('e', 'u', 'r'):
    case TAIL('t', 'r', 'y'):
        return true;
    default: /* not an enum */
        return false;
    }
#undef TAIL
}

/* "btcusdt", "ethbtc" -> the coin of the first half. Short halves before a coin's ticker are left
 * alone: WBTC is not W against BTC. */
static int coin_of_pair(const struct lexicon *lex, str norm) {
    static const struct {
        const char *quote;
        int bytes, base_min;
    } quotes[] = {{"usdt", 4, 1}, {"usdc", 4, 1}, {"busd", 4, 2}, {"fdusd", 5, 2},
                  {"tusd", 4, 2}, {"usd", 3, 2},  {"perp", 4, 2}, {"btc", 3, 3},
                  {"eth", 3, 3},  {"bnb", 3, 3},  {"eur", 3, 3},  {"try", 3, 3}};
    if (!may_end_pair(norm)) return COIN_NONE;
    for (int i = 0; i < COUNT_OF(quotes); i++) {
        str q = {quotes[i].quote, quotes[i].bytes};
        if (norm.n < q.n + quotes[i].base_min || !str_ends(norm, q)) continue;
        int coin = coin_of_ticker(lex, str_head(norm, norm.n - q.n));
        if (coin != COIN_NONE) return coin;
    }
    return COIN_NONE;
}

static bool ends_pair(const struct lexicon *lex, const struct word *v, str norm) {
    if (v->kind != WORD_TEXT && v->kind != WORD_CASHTAG) return false;
    const struct term *t = lexicon_term(lex, phrases_find_form(lex->phrases, norm));
    if (!t) return false;
    if (t->flags & TERM_QUOTE) return true;
    return str_eq(norm, STR("btc")) || str_eq(norm, STR("eth")) || str_eq(norm, STR("bnb"));
}

/* BTC/USDT, BTC-USD, $SOL/usdt at `at`? The word behind the pair, 0 if none. */
static int pair_end(const struct linker *k, int at) {
    const struct words *w = k->w;
    if (at + 2 >= w->count) return 0;
    if (!word_is_mark(w, at + 1, '/') && !word_is_mark(w, at + 1, '-')) return 0;
    if (w->v[at + 1].begin != w->v[at].end || w->v[at + 2].begin != w->v[at + 1].end) return 0;
    if (!ends_pair(k->lex, &w->v[at + 2], word_norm(w, at + 2))) return 0;
    return at + 3;
}

/* --- the first pass -------------------------------------------------------------------------- */

static bool has_part(str norm, str part) { return norm.n > part.n && str_find(norm, part) >= 0; }

/* Does the form hold the name of a large coin without being it? (dogematic, bitcoiners, meth) */
static bool holds_name(str norm) {
    for (ptrdiff_t i = 0; i + 2 < norm.n; i++) {
        char c = norm.p[i];
        if (c != 'd' && c != 'b' && c != 'e') continue;
        str rest = str_tail(norm, i);
        if (str_starts(rest, STR("doge")) || str_starts(rest, STR("bitcoin")) ||
            str_starts(rest, STR("btc")) || str_starts(rest, STR("ethereum"))) {
            return true;
        }
    }
    return norm.n <= 5 && has_part(norm, STR("eth"));
}

/* "bitcoin's", "dogecoins", "dooooge": the form without what was added, in block. */
static const struct term *term_of_bent(const struct linker *k, int at, char block[64]) {
    str norm = word_norm(k->w, at);
    if (norm.n < 3 || norm.n > 60) return NULL;
    if (str_ends(norm, STR("'s"))) {
        norm.n -= 2;
    } else if (norm.p[norm.n - 1] == 's') {
        norm.n -= 1;
    } else if (k->w->v[at].flags & WORD_LONG) {
        ptrdiff_t n = 0;
        for (ptrdiff_t i = 0; i < norm.n; i++) {
            if (n == 0 || block[n - 1] != norm.p[i]) block[n++] = norm.p[i];
        }
        norm = (str){block, n};
    } else {
        return NULL;
    }
    const struct term *t = lexicon_term(k->lex, phrases_find_form(k->lex->phrases, norm));
    if (!t || (t->flags & TERM_GUARDED)) return NULL;
    bool lower = t->ticker != COIN_NONE && (k->lex->coins[t->ticker].flags & COIN_LOWER);
    return t->name != COIN_NONE || lower ? t : NULL;
}

/* Is the term, met in this word, an asset that is not traded? A ticker must look like one. */
static bool is_other(const struct term *t, const struct word *v) {
    if (!(t->flags & TERM_OTHER)) return false;
    return !(t->flags & TERM_CAPITALS) || v->kind != WORD_TEXT || (v->flags & WORD_UPPER);
}

static int visit_cashtag(struct linker *k, int at) {
    str norm = word_norm(k->w, at);
    if (str_ends(norm, STR("'s"))) norm.n -= 2;
    const struct term *t = lexicon_term(k->lex, phrases_find_form(k->lex->phrases, norm));
    int end = pair_end(k, at), coin = coin_of_pair(k->lex, norm);
    if (t) note_context(k, t, at);
    if (t && t->ticker != COIN_NONE && end) {
        note_sure(k, t->ticker, at, end, LINK_PAIR, SURE_PAIR);
        tell(k, at);
        return end;
    }
    if (end && coin == COIN_NONE) { /* $NEWCOIN/eth is not about ETH */
        miss(k, MISS_NOT_LISTED, at, end);
        k->rivals++;
        return end;
    }
    if (t && t->ticker != COIN_NONE) {
        note_tag(k, t->ticker, at, LINK_CASHTAG, SURE_CASHTAG);
        if (!(k->lex->coins[t->ticker].flags & (COIN_WORD | COIN_STOCK))) tell(k, at);
    } else if (t && t->name != COIN_NONE) {
        note_name(k, t, at, at + 1);
        tell(k, at);
    } else if (t && (t->flags & TERM_OTHER)) {
        miss(k, MISS_OTHER_ASSET, at, at + 1);
        tell(k, at);
        k->rivals++;
    } else if (t && (t->flags & TERM_STOCK)) {
        miss(k, MISS_STOCK, at, at + 1);
        k->shares++;
    } else if (coin != COIN_NONE) {
        note_sure(k, coin, at, at + 1, LINK_PAIR, SURE_PAIR);
        tell(k, at);
    } else if (!t || !(t->flags & TERM_QUOTE)) {
        miss(k, MISS_NOT_LISTED, at, at + 1);
        k->rivals++;
    }
    return at + 1;
}

/* What a word or phrase means by itself. False: nothing that concerns coins. */
static bool visit_term(struct linker *k, const struct term *t, int at, int end) {
    const struct word *v = &k->w->v[at];
    note_context(k, t, at);
    if (is_other(t, v)) {
        miss(k, MISS_OTHER_ASSET, at, end);
        return true;
    }
    bool guarded = t->flags & TERM_GUARDED; /* then PEPE in capitals says more than a pepe */
    if (guarded && t->ticker != COIN_NONE && v->kind == WORD_TEXT &&
        note_ticker(k, t->ticker, at)) {
        return true;
    }
    if (t->name != COIN_NONE) {
        note_name(k, t, at, end);
        return true;
    }
    if (t->ticker == COIN_NONE) return t->flags != 0 && !(t->flags & TERM_CAPITALS);
    if (v->kind == WORD_HASHTAG) {
        note_tag(k, t->ticker, at, LINK_HASHTAG, SURE_HASHTAG);
        return true;
    }
    return note_ticker(k, t->ticker, at);
}

static int visit_word(struct linker *k, int at) {
    const struct words *w = k->w;
    int end = at + 1;
    const struct term *t = lexicon_term(k->lex, phrases_find(k->lex->phrases, w, at, &end));
    if (t && t->ticker != COIN_NONE && end == at + 1) {
        int behind = pair_end(k, at);
        if (behind) {
            note_sure(k, t->ticker, at, behind, LINK_PAIR, SURE_PAIR);
            tell(k, at);
            return behind;
        }
    }
    if (t && visit_term(k, t, at, end)) return end;
    if (t) return at + 1;
    str norm = word_norm(w, at);
    if (norm.n < 3) return at + 1;
    int coin = w->v[at].flags & WORD_WIDE ? COIN_NONE : coin_of_pair(k->lex, norm);
    if (coin != COIN_NONE) {
        note_sure(k, coin, at, at + 1, LINK_PAIR, SURE_PAIR);
        tell(k, at);
        return at + 1;
    }
    char block[64];
    const struct term *bent = term_of_bent(k, at, block);
    if (bent && bent->name != COIN_NONE)
        note_name(k, bent, at, at + 1);
    else if (bent)
        note_sure(k, bent->ticker, at, at + 1, LINK_TICKER, SURE_TICKER_LOWER);
    else if (holds_name(norm))
        miss(k, MISS_INSIDE_WORD, at, at + 1);
    return at + 1;
}

/* Scripts without blanks: a name may stand anywhere in the run. */
static void visit_wide(struct linker *k, int at) {
    const struct lexicon *lex = k->lex;
    str norm = word_norm(k->w, at);
    for (ptrdiff_t i = 0; i < norm.n;) {
        ptrdiff_t next = i;
        uint32_t cp = str_utf8_next(norm, &next);
        if (lex->wide_first[(cp >> 6) & 63] >> (cp & 63) & 1) {
            str rest = str_head(str_tail(norm, i), lex->wide_bytes_max);
            for (ptrdiff_t n = rest.n; n > 0; n--) {
                int idx = phrases_find_form(lex->phrases, str_head(rest, n));
                const struct term *t = lexicon_term(lex, idx);
                if (t && (t->flags & TERM_CRYPTO)) tell(k, at);
                if (!t || t->name == COIN_NONE) continue;
                note_name(k, t, at, at + 1);
                next = i + n;
                break;
            }
        }
        i = next;
    }
}

static void first_pass(struct linker *k) {
    const struct words *w = k->w;
    int capitals = 0, letters = 0;
    for (int at = 0; at < w->count;) {
        const struct word *v = &w->v[at];
        switch ((word_kind)v->kind) {
        case WORD_CASHTAG:
            at = visit_cashtag(k, at);
            continue;
        case WORD_TEXT:
        case WORD_HASHTAG:
            letters += v->norm_bytes > 1;
            k->tags += v->kind == WORD_HASHTAG;
            capitals += (v->flags & WORD_UPPER) != 0;
            if (v->flags & WORD_WIDE)
                visit_wide(k, at++);
            else
                at = visit_word(k, at);
            continue;
        case WORD_LINK:
        case WORD_USER: {
            str shown = {w->text.p + v->begin, v->end - v->begin};
            if (v->kind == WORD_USER) shown = word_norm(w, at);
            if (holds_name(shown)) miss(k, MISS_INSIDE_LINK, at, at + 1);
            break;
        }
        case WORD_EMOJI: {
            const struct term *t =
                lexicon_term(k->lex, phrases_find_form(k->lex->phrases, word_norm(w, at)));
            if (t && t->name != COIN_NONE) note_name(k, t, at, at + 1);
            break;
        }
        case WORD_NUMBER:
        case WORD_PUNCT:
            break;
        }
        at++;
    }
    k->shouting = letters >= 4 && capitals * 10 >= letters * 6;
}

/* --- the second pass ------------------------------------------------------------------------- */

/* Words of crypto that are not the candidate itself, within `reach` words (0: anywhere). */
static bool told(const struct linker *k, const struct candidate *c, int reach) {
    int own = 0;
    for (int i = 0; i < k->telling_count; i++) {
        int at = k->telling[i];
        if (at >= c->first && at < c->end)
            own++;
        else if (reach && at + reach >= c->first && at < c->end + reach)
            return true;
    }
    return reach == 0 && k->crypto > own;
}

static bool met(const struct linker *k, const struct candidate *c) {
    switch ((need)c->need) {
    case NEED_NOTHING:
        return true;
    case NEED_CRYPTO:
        return told(k, c, 0);
    case NEED_MORE:
        return false;
    case NEED_NEAR:
        return !k->shouting && told(k, c, NEAR_WORDS);
    case NEED_NOT_SHARES:
        return k->shares == 0 || told(k, c, 0);
    case NEED_NO_STATE: {
        bool capitals = k->w->v[c->first].flags & WORD_UPPER;
        return k->state < (capitals ? 1 : 2) || (k->state < 3 && told(k, c, 0));
    }
    }
    return false;
}

static int mention_of(struct linker *k, const struct coin *coin) {
    struct links *out = k->out;
    for (int i = 0; i < out->mention_count; i++) {
        if (strcmp(out->mentions[i].symbol, coin->pair) == 0) return i;
    }
    if (out->mention_count == MENTIONS_MAX) return -1;
    struct mention *m = &out->mentions[out->mention_count];
    *m = (struct mention){.confidence_bp = -1};
    memcpy(m->symbol, coin->pair, sizeof m->symbol);
    return out->mention_count++;
}

static void accept(struct linker *k, const struct candidate *c) {
    struct links *out = k->out;
    const struct coin *coin = &k->lex->coins[c->coin];
    if (!coin->listed) {
        miss(k, MISS_NOT_LISTED, c->first, c->end);
        return;
    }
    int idx = mention_of(k, coin);
    if (idx < 0) {
        out->coin_count++;
        miss(k, MISS_TOO_MANY, c->first, c->end);
        return;
    }
    struct mention *m = &out->mentions[idx];
    if (c->sure > m->confidence_bp) {
        m->confidence_bp = c->sure;
        m->reason = (link_reason)c->reason;
        m->begin = k->w->v[c->first].begin;
        m->end = k->w->v[c->end - 1].end;
    }
    if (out->hit_count < LINK_HITS_MAX) {
        out->hits[out->hit_count++] = (struct link_hit){(int16_t)idx, c->first, c->end};
    }
}

/* What takes from the confidence of every kind of evidence. */
static void shrink(const struct linker *k, struct mention *m) {
    int coins = k->out->coin_count;
    bool tagged = m->reason == LINK_HASHTAG && (k->rivals > 0 || k->tags >= MANY_TAGS);
    bool aside = m->reason >= LINK_TICKER && k->rivals > 0;
    if (tagged || aside) m->confidence_bp = m->confidence_bp * LABEL_PERCENT / 100;
    if (coins > MANY_COINS) m->confidence_bp = m->confidence_bp * MANY_COINS / coins;
}

static void second_pass(struct linker *k) {
    struct links *out = k->out;
    for (int i = 0; i < k->count; i++) {
        const struct candidate *c = &k->found[i];
        if (met(k, c))
            accept(k, c);
        else
            miss(k, (miss_reason)c->miss, c->first, c->end);
    }
    out->coin_count += out->mention_count;
    for (int i = 0; i < out->mention_count; i++) shrink(k, &out->mentions[i]);
}

void link_words(const struct lexicon *lex, const struct words *w, struct links *ret) {
    struct linker k; /* its arrays are read only as far as they were written */
    k.lex = lex;
    k.w = w;
    k.out = ret;
    k.count = k.telling_count = 0;
    k.crypto = k.shares = k.state = k.rivals = k.tags = 0;
    k.shouting = false;
    ret->mention_count = ret->hit_count = ret->miss_count = ret->coin_count = 0;
    first_pass(&k);
    second_pass(&k);
    ret->crypto = k.crypto > 0 || ret->mention_count > 0;
    ret->shares = k.shares > 0;
}
