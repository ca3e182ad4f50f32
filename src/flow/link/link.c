/* link: finds the coins that a text is about.
 *
 * In: words, and the compiled lexicon. Out: mentions (one per coin, with the strongest evidence),
 * the places where they stand, and misses: what looked like a coin, and why it is none.
 *
 * Two passes. The first walks over the words, notes candidates with the points that they bring
 * themselves, and marks words that tell what the post is about. The second adds what the context
 * says (doubt.c, evidence.c) and decides: a $cashtag needs nothing, a ticker that is an ordinary
 * word (GAS, NEAR) needs capitals and words of trade or crypto beside it, a name such as Avalanche
 * needs a post about crypto, a cashtag that is also a share's ($T) needs one that is not about
 * shares. Nothing is linked inside words, links and @names.
 *
 * Invariants: mentions stand in order of first appearance; hits in order of the text. Never fails;
 * what exceeds the limits is told as TOO_MANY or left out of the misses. Pure, any thread, no
 * memory. */
#include "flow/link/link_int.h"

#define MANY_COINS 6     /* a post on more is a list; confidence shrinks */
#define MANY_TAGS 5      /* hashtags; with as many they are labels, not what is talked about */
#define LABEL_PERCENT 60 /* of its confidence that a mere label keeps */

#define BASE_SPOKEN_OF 3   /* of a ticker in small letters that the words beside it explain */
#define SURE_PER_POINT 250 /* confidence for each point above what is needed */

/* --- notes of the first pass ----------------------------------------------------------------- */

void link_miss(struct linker *k, miss_reason reason, int first, int end) {
    struct links *out = k->out;
    if (out->miss_count == MISSES_MAX) return;
    out->misses[out->miss_count++] =
        (struct miss){reason, k->w->v[first].begin, k->w->v[end - 1].end};
}

static void mark(struct linker *k, int first, int end, uint16_t flags) {
    for (int at = first; at < end; at++) k->w->v[at].flags |= flags;
}

void link_tell(struct linker *k, int first, int end) {
    k->crypto++;
    mark(k, first, end, WORD_CRYPTO);
}

static void note_context(struct linker *k, const struct term *t, int at, int end) {
    if (t->flags & TERM_CRYPTO) link_tell(k, at, end);
    if (t->flags & TERM_HINT) {
        k->hints++;
        mark(k, at, end, WORD_HINT);
    }
    if (t->flags & TERM_TRADE) {
        k->trades++;
        mark(k, at, end, WORD_TRADE);
    }
    if (t->flags & TERM_MOVE) {
        k->moves++;
        mark(k, at, end, WORD_MOVE);
    }
    if ((t->flags & TERM_SENSE) && k->sense_count < SENSES_MAX)
        k->senses[k->sense_count++] = t->sense;
    if (t->flags & TERM_SHARES) k->shares++;
    if (t->flags & TERM_STATE) k->state++;
    if (t->flags & TERM_LIFE) k->life++;
}

static struct candidate *note(struct linker *k, int coin, int first, int end, link_reason reason) {
    struct candidate *c = &k->found[k->count];
    if (k->count < CANDIDATES_MAX) k->count++;
    *c = (struct candidate){.coin = (int16_t)coin,
                            .first = (int16_t)first,
                            .end = (int16_t)end,
                            .reason = (uint8_t)reason,
                            .form = FORM_NAME,
                            .miss = MISS_AMBIGUOUS_WORD};
    return c;
}

void link_note_sure(struct linker *k, int coin, int first, int end, link_reason reason, int sure) {
    struct candidate *c = note(k, coin, first, end, reason);
    c->sure = (int16_t)sure;
    c->base = POINTS_CERTAIN;
    if (coin == k->lex->doge && reason != LINK_CASHTAG && reason != LINK_PAIR) {
        c->state = true;
        c->form = reason == LINK_HASHTAG ? FORM_TAG : FORM_NAME;
        if (!str_eq(word_norm(k->w, first), STR("dogecoin"))) return;
    }
    link_tell(k, first, end);
}

/* A ticker as cashtag or hashtag. */
static void note_tag(struct linker *k, int coin, int at, link_reason reason, int sure) {
    uint16_t flags = k->lex->coins[coin].flags;
    bool cash = reason == LINK_CASHTAG;
    if ((flags & COIN_SURE) && !(cash && (flags & (COIN_STOCK | COIN_SHARE)))) {
        link_note_sure(k, coin, at, at + 1, reason, sure);
        return;
    }
    struct candidate *c = note(k, coin, at, at + 1, reason);
    c->form = FORM_TAG;
    c->shares = cash;
    c->sure = flags & (COIN_WORD | COIN_STOCK) ? SURE_CASHTAG_WORD : (int16_t)sure;
    if (cash && (flags & (COIN_STOCK | COIN_SHARE))) c->miss = MISS_STOCK;
    if (cash)
        c->base = flags & COIN_STOCK ? 0 : 3;
    else
        c->base = flags & COIN_COMMON ? -6 : flags & COIN_WORD ? 0 : 1;
    c->hints = cash && !(flags & (COIN_STOCK | COIN_WORD));
    k->hints += c->hints;
}

void link_note_name(struct linker *k, const struct term *t, int at, int end) {
    const struct word *v = &k->w->v[at];
    word_kind kind = (word_kind)v->kind;
    bool tag = (kind == WORD_CASHTAG || kind == WORD_HASHTAG) && end == at + 1;
    int sure = t->name_reason == LINK_NICKNAME ? SURE_NICKNAME : SURE_NAME;
    link_reason reason = (link_reason)t->name_reason;
    if (t->flags & TERM_GUARDED) {
        struct candidate *c = note(k, t->name, at, end, reason);
        c->sure = SURE_GUARDED;
        c->shares = true;
        if (kind == WORD_CASHTAG)
            c->base = 2;
        else if (!tag && kind == WORD_TEXT && !(v->flags & (WORD_TITLE | WORD_UPPER | WORD_WIDE)))
            c->base = -1;
        return;
    }
    if (tag) reason = kind == WORD_CASHTAG ? LINK_CASHTAG : LINK_HASHTAG;
    link_note_sure(k, t->name, at, end, reason, sure);
}

/* Does the ticker stand in a list parted by commas ("dot, link, uni")? */
static bool begins_list(const struct linker *k, int at) {
    const struct words *w = k->w;
    if (at + 2 >= w->count || w->v[at + 2].kind != WORD_TEXT) return false;
    if (!word_is_mark(w, at + 1, ',') && !word_is_mark(w, at + 1, '/')) return false;
    const struct term *t = lexicon_find(k->lex, word_norm(w, at + 2));
    return t && t->ticker != COIN_NONE;
}

/* A ticker that is a word, in small letters: only a list of coins could make it one, so something
 * must stand beside it. */
static bool may_be_listed(const struct linker *k, uint16_t flags, int at) {
    const struct words *w = k->w;
    bool listed = k->count > 0 && k->found[k->count - 1].end >= at - 3;
    if (flags & COIN_COMMON) {
        bool tight = at > 0 && word_is_mark(w, at - 1, ',') && !(w->v[at].flags & WORD_SPACED);
        return tight && listed;
    }
    bool traded = at > 1 && ((w->v[at - 1].flags | w->v[at - 2].flags) & WORD_TRADE);
    return listed || traded || begins_list(k, at);
}

static int base_of_capitals(uint16_t flags) {
    if (flags & COIN_COMMON) return flags & COIN_LOUD ? 0 : -6;
    return !(flags & COIN_WORD) + !!(flags & COIN_LOUD);
}

/* A ticker as a word of the text. False: in this form it is none. */
static bool note_ticker(struct linker *k, int coin, int at) {
    uint16_t flags = k->lex->coins[coin].flags;
    bool upper = k->w->v[at].flags & WORD_UPPER, caps = upper || (flags & COIN_LOWER);
    if (caps && (flags & COIN_SURE)) {
        link_note_sure(k, coin, at, at + 1, LINK_TICKER, upper ? SURE_TICKER : SURE_TICKER_LOWER);
        return true;
    }
    bool spoken = !caps && (!(flags & COIN_WORD) || (flags & (COIN_LOUD | COIN_ABBR))) &&
                  link_is_spoken_of(k, at);
    if (!caps && !spoken && (flags & COIN_WORD) && !may_be_listed(k, flags, at)) return false;
    struct candidate *c = note(k, coin, at, at + 1, LINK_TICKER);
    c->shares = !(flags & COIN_LOUD);
    c->sure = upper ? SURE_TICKER_WORD : SURE_TICKER_WORD - 500;
    if (spoken) {
        c->form = FORM_CAPS;
        c->base = BASE_SPOKEN_OF;
    } else if (caps) {
        c->form = FORM_CAPS;
        c->base = (int8_t)base_of_capitals(flags);
        if ((k->w->v[at].flags & WORD_LONG) && (flags & COIN_WORD)) c->base -= 3;
    } else {
        bool title = k->w->v[at].flags & WORD_TITLE;
        c->form = flags & COIN_WORD ? FORM_LISTED : title ? FORM_TITLE : FORM_LOWER;
        c->base = flags & COIN_SURE ? 0 : -1;
    }
    return true;
}

/* --- the first pass -------------------------------------------------------------------------- */

/* Is the term, met in this word, an asset that is not traded? A ticker must look like one. */
static bool is_other(const struct term *t, const struct word *v) {
    if (!(t->flags & TERM_OTHER)) return false;
    return !(t->flags & TERM_CAPITALS) || v->kind != WORD_TEXT || (v->flags & WORD_UPPER);
}

/* A pair written as one word; two coins are priced in each other. */
static void note_pair(struct linker *k, int coin, str norm, int at) {
    int money = link_money_of_pair(k->lex, norm);
    link_note_sure(k, coin, at, at + 1, LINK_PAIR, SURE_PAIR);
    if (money != COIN_NONE && money != coin)
        link_note_sure(k, money, at, at + 1, LINK_PAIR, SURE_PAIR);
}

/* A cashtag that is no pair. */
static void visit_tag(struct linker *k, const struct term *t, str norm, int at) {
    int coin = COIN_NONE;
    if (t && t->ticker != COIN_NONE) {
        note_tag(k, t->ticker, at, LINK_CASHTAG, SURE_CASHTAG);
    } else if (t && t->name != COIN_NONE) {
        link_note_name(k, t, at, at + 1);
    } else if (t && (t->flags & TERM_OTHER)) {
        link_miss(k, MISS_OTHER_ASSET, at, at + 1);
        link_tell(k, at, at + 1);
        k->rivals++;
    } else if (t && (t->flags & TERM_STOCK)) {
        link_miss(k, MISS_STOCK, at, at + 1);
        k->shares++;
    } else if ((coin = link_coin_of_pair(k->lex, norm)) != COIN_NONE) {
        note_pair(k, coin, norm, at);
    } else if (!t || !(t->flags & TERM_QUOTE)) {
        link_miss(k, MISS_NOT_LISTED, at, at + 1);
        k->rivals++;
    }
}

static int visit_cashtag(struct linker *k, int at) {
    str norm = word_norm(k->w, at);
    if (str_ends(norm, STR("'s"))) norm.n -= 2;
    const struct term *t = lexicon_find(k->lex, norm);
    int end = link_pair_end(k, at);
    if (end && t && t->ticker != COIN_NONE && link_is_money(k, end - 1)) end = at + 1;
    if (t && (t->flags & TERM_SHARES)) k->shares++;
    if (link_is_company(k, at + 1)) k->shares++;
    if (t && t->ticker != COIN_NONE && end) {
        link_note_sure(k, t->ticker, at, end, LINK_PAIR, SURE_PAIR);
        return end;
    }
    if (end && link_coin_of_pair(k->lex, norm) == COIN_NONE) { /* $NEWCOIN/eth is not about ETH */
        link_miss(k, MISS_NOT_LISTED, at, end);
        k->rivals++;
        return end;
    }
    visit_tag(k, t, norm, at);
    return at + 1;
}

/* The ticker that begins a phrase which means something else: "link below" is none of "link below
 * 12". */
static bool note_spoken_of(struct linker *k, int at) {
    const struct word *v = &k->w->v[at];
    const struct term *t = lexicon_find(k->lex, word_norm(k->w, at));
    if (!t || t->ticker == COIN_NONE || v->kind != WORD_TEXT || (v->flags & WORD_UPPER))
        return false;
    bool loud = k->lex->coins[t->ticker].flags & COIN_LOUD;
    return loud && link_is_spoken_of(k, at) && note_ticker(k, t->ticker, at);
}

/* What a word or phrase means by itself. False: nothing that concerns coins. */
static bool visit_term(struct linker *k, const struct term *t, int at, int end) {
    const struct word *v = &k->w->v[at];
    if (t->flags & TERM_TELLS) note_context(k, t, at, end);
    if (is_other(t, v)) {
        link_miss(k, MISS_OTHER_ASSET, at, end);
        return true;
    }
    if ((t->flags & TERM_NOT) && note_spoken_of(k, at)) return false;
    if (t->flags & TERM_NOT) {
        link_miss(k, MISS_AMBIGUOUS_WORD, at, end);
        return true;
    }
    bool guarded = t->flags & TERM_GUARDED; /* then PEPE in capitals says more than a pepe */
    if (guarded && t->ticker != COIN_NONE && v->kind == WORD_TEXT &&
        ((v->flags & WORD_UPPER) || link_is_spoken_of(k, at)) && note_ticker(k, t->ticker, at)) {
        return true;
    }
    if (t->name != COIN_NONE) {
        link_note_name(k, t, at, end);
        return true;
    }
    if (t->ticker == COIN_NONE) return t->flags != 0 && !(t->flags & TERM_CAPITALS);
    if (v->kind == WORD_HASHTAG) {
        note_tag(k, t->ticker, at, LINK_HASHTAG, SURE_HASHTAG);
        return true;
    }
    return note_ticker(k, t->ticker, at) || (t->flags & TERM_TELLS);
}

/* A name with one letter wrong needs a word of crypto or trade; a short one more of them. */
static void note_typo(struct linker *k, const struct term *name, int at) {
    struct candidate *c = note(k, name->name, at, at + 1, LINK_NAME);
    c->sure = SURE_GUARDED;
    c->base = k->w->v[at].norm_bytes > 6;
}

/* "Seagate's" tells what "Seagate" does. */
static void note_owner(struct linker *k, str owner, int at) {
    const struct term *t = lexicon_find(k->lex, owner);
    if (t && (t->flags & TERM_TELLS)) note_context(k, t, at, at + 1);
}

/* A word that the lexicon does not know as it stands. */
static void visit_unknown(struct linker *k, int at) {
    const struct word *v = &k->w->v[at];
    str norm = word_norm(k->w, at);
    if (norm.n < 3) return;
    int coin = link_coin_of_pair(k->lex, norm);
    if (coin != COIN_NONE) {
        bool word = k->lex->coins[coin].flags & COIN_WORD; /* "wintry" is not WIN against TRY */
        if (word && !(v->flags & WORD_UPPER) && !str_ends(norm, STR("usdt"))) return;
        note_pair(k, coin, norm, at);
        return;
    }
    const struct term *bent = link_term_of_bent(k, at), *typo;
    if (bent && bent->name != COIN_NONE)
        link_note_name(k, bent, at, at + 1);
    else if (bent)
        link_note_sure(k, bent->ticker, at, at + 1, LINK_TICKER, SURE_TICKER_LOWER);
    else if (v->kind == WORD_HASHTAG && (coin = link_coin_in_hashtag(k, at)) != COIN_NONE)
        link_note_sure(k, coin, at, at + 1, LINK_HASHTAG, SURE_HASHTAG);
    else if (lexicon_may_be_typo(k->lex, v->hash) && (typo = link_term_of_typo(k, at)))
        note_typo(k, typo, at);
    else if (link_holds_name(norm))
        link_miss(k, MISS_INSIDE_WORD, at, at + 1);
    else if (norm.p[norm.n - 1] == 's' && norm.p[norm.n - 2] == '\'')
        note_owner(k, (str){norm.p, norm.n - 2}, at);
}

/* The end of a name on the net: the .eth of "three .eth names". */
static bool is_domain(const struct linker *k, int at) {
    const struct word *v = &k->w->v[at];
    return at > 0 && !(v->flags & (WORD_SPACED | WORD_UPPER)) && word_is_mark(k->w, at - 1, '.') &&
           (k->w->v[at - 1].flags & WORD_SPACED);
}

static int visit_word(struct linker *k, int at) {
    int end = at + 1;
    if (is_domain(k, at)) return end;
    const struct term *t = lexicon_term(k->lex, phrases_find(k->lex->phrases, k->w, at, &end));
    if (t && t->ticker != COIN_NONE && end == at + 1) {
        int behind = link_pair_end(k, at);
        if (behind) {
            if (link_is_money(k, behind - 1)) behind = at + 1; /* ETH/BTC is about both */
            link_note_sure(k, t->ticker, at, behind, LINK_PAIR, SURE_PAIR);
            return behind;
        }
    }
    bool share = t && t->flags == TERM_STOCK && t->ticker == COIN_NONE && t->name == COIN_NONE;
    if (share && !(k->w->v[at].flags & WORD_UPPER)) t = NULL; /* "BTCs" are not shares of BTCS */
    if (t) return visit_term(k, t, at, end) ? end : at + 1;
    visit_unknown(k, at);
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
                const struct term *t = lexicon_find(lex, str_head(rest, n));
                if (!t) continue;
                note_context(k, t, at, at + 1);
                if (t->name != COIN_NONE) link_note_name(k, t, at, at + 1);
                next = i + n;
                break;
            }
        }
        i = next;
    }
}

/* Names in what people click on are no mentions, but worth telling. */
static void visit_link(struct linker *k, int at) {
    const struct word *v = &k->w->v[at];
    str shown = {k->w->text.p + v->begin, v->end - v->begin};
    if (v->kind == WORD_USER) shown = word_norm(k->w, at);
    if (link_holds_name(shown)) link_miss(k, MISS_INSIDE_LINK, at, at + 1);
}

static void visit_emoji(struct linker *k, int at) {
    const struct term *t = lexicon_find(k->lex, word_norm(k->w, at));
    if (!t) return;
    note_context(k, t, at, at + 1);
    if (t->name != COIN_NONE) link_note_name(k, t, at, at + 1);
}

/* +18%, −7%: so are moves of prices written. */
static bool has_sign(const struct words *w, int at) {
    char first = w->text.p[w->v[at].begin];
    return first == '+' || first == '-' || word_is_mark(w, at - 1, '+') || link_is_minus(w, at - 1);
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
        case WORD_USER:
            visit_link(k, at);
            break;
        case WORD_EMOJI:
            visit_emoji(k, at);
            break;
        case WORD_NUMBER: /* a share of something speaks of prices */
            if (at + 1 < w->count && word_is_mark(w, at + 1, '%')) {
                k->moves++;
                k->trades += at > 0 && has_sign(w, at);
            }
            break;
        case WORD_PUNCT:
            break;
        }
        at++;
    }
    k->shouting = letters >= 4 && capitals * 10 >= letters * 6;
}

/* --- the second pass ------------------------------------------------------------------------- */

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
        link_miss(k, MISS_NOT_LISTED, c->first, c->end);
        return;
    }
    int idx = mention_of(k, coin);
    if (idx < 0) {
        out->coin_count++;
        link_miss(k, MISS_TOO_MANY, c->first, c->end);
        return;
    }
    mark(k, c->first, c->end, WORD_COIN);
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

/* Decides on each candidate by itself; what context speaks for clearly is the surer. */
static void decide(struct linker *k) {
    link_find_runs(k);
    for (int i = 0; i < k->count; i++) {
        struct candidate *c = &k->found[i];
        int points = c->base;
        if (points < POINTS_CERTAIN || c->state) points = link_points(k, c);
        c->accepted = points >= POINTS_ENOUGH && !link_is_denied(k, i);
        if (!c->accepted || points >= POINTS_CERTAIN || c->sure >= SURE_LIKELY_MAX) continue;
        int sure = c->sure + (points - POINTS_ENOUGH) * SURE_PER_POINT;
        c->sure = (int16_t)i64_min(sure, SURE_LIKELY_MAX);
    }
}

/* Is the candidate's coin accepted elsewhere in the post? Then what is unclear by itself means it
 * too. */
static bool is_known(const struct linker *k, const struct candidate *c) {
    if (c->form == FORM_LISTED || c->state) return false;
    for (int i = 0; i < k->count; i++) {
        if (k->found[i].accepted && k->found[i].coin == c->coin) return true;
    }
    return false;
}

static void second_pass(struct linker *k) {
    struct links *out = k->out;
    link_doubt(k);
    decide(k);
    for (int i = 0; i < k->count; i++) {
        const struct candidate *c = &k->found[i];
        if (c->accepted || is_known(k, c))
            accept(k, c);
        else if (c->form < FORM_LOWER)
            link_miss(k, (miss_reason)c->miss, c->first, c->end);
    }
    out->coin_count += out->mention_count;
    for (int i = 0; i < out->mention_count; i++) shrink(k, &out->mentions[i]);
}

void link_words(const struct lexicon *lex, struct words *w, struct links *ret) {
    struct linker k UNINITIALIZED;
    k.lex = lex;
    k.w = w;
    k.out = ret;
    k.count = 0;
    k.crypto = k.hints = k.trades = k.moves = 0;
    k.shares = k.state = k.life = k.rivals = k.tags = k.sense_count = 0;
    k.shouting = false;
    ret->mention_count = ret->hit_count = ret->miss_count = ret->coin_count = 0;
    first_pass(&k);
    if (k.count > 0) second_pass(&k);
    ret->crypto = k.crypto > 0 || ret->mention_count > 0;
    ret->shares = k.shares > 0;
}
