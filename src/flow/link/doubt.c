/* doubt: what was certain by itself, and may be something else all the same.
 *
 * In: the candidates of the first pass and what the post speaks of. Out: some of them with fewer
 * points, so that evidence.c has to bear them out: tickers and names beside words of their other
 * senses, tickers that begin a name ("LTC Perez"), and short tickers in a post that says nothing of
 * crypto, prices or another coin ("Smith (INJ)"). What is doubted tells no longer that the post
 * speaks of crypto. Pure. */
#include "flow/link/link_int.h"

#define BASE_LONE 1    /* of a ticker that a single piece of evidence would bear out */
#define LONE_LETTERS 4 /* longer ones mean nothing else */
#define BASE_DOUBTED 3

/* Words that speak against the coin's names which mean nothing else. */
static int namesakes(const struct linker *k, int coin) {
    int n = 0;
    for (int i = 0; i < k->sense_count; i++) {
        const struct sense *s;
        for (int at = k->senses[i]; at != SENSE_NONE; at = s->next) {
            s = &k->lex->senses[at];
            n += s->names && s->coin == coin;
        }
    }
    return n;
}

/* $900, 2x */
static bool holds_money(const struct words *w) {
    for (int at = 0; at < w->count; at++) {
        if (w->v[at].kind != WORD_NUMBER) continue;
        if (w->text.p[w->v[at].begin] == '$' || str_ends(word_norm(w, at), STR("x"))) return true;
    }
    return false;
}

static bool is_lone(const struct linker *k, const struct candidate *c) {
    if (k->hints || k->trades || k->moves || k->rivals) return false;
    int told = 0; /* by the coin itself, up to here */
    for (int i = 0; i < k->count; i++) {
        const struct candidate *o = &k->found[i];
        if (o->coin != c->coin && o->form < FORM_LOWER) return false;
        if (o->coin != c->coin) continue;
        if (o->form == FORM_NAME && o->base >= POINTS_CERTAIN && o->reason != LINK_TICKER)
            return false;
        told += o->base >= POINTS_CERTAIN && !o->doubted;
    }
    return k->crypto <= told && !holds_money(k->w);
}

/* A word with a capital behind the ticker that is no coin, and no title in capitals. Of the coins
 * that everybody knows, no such thing is believed. */
bool link_begins_name(const struct linker *k, const struct candidate *c) {
    const struct words *w = k->w;
    if (c->end + 1 >= w->count || (k->lex->coins[c->coin].flags & COIN_PLAIN)) return false;
    const struct word *next = &w->v[c->end], *behind = &w->v[c->end + 1];
    if (next->kind != WORD_TEXT || !(next->flags & WORD_TITLE) || (next->flags & WORD_LINE))
        return false;
    return !(behind->flags & WORD_TITLE) && !lexicon_find(k->lex, word_norm(w, c->end));
}

/* Is the candidate the coin's ticker, as a word or a hashtag? */
static bool is_ticker(const struct linker *k, const struct candidate *c) {
    const struct term *t = lexicon_find(k->lex, word_norm(k->w, c->first));
    return c->end == c->first + 1 && t && t->ticker == c->coin;
}

/* A ticker that stands alone: "Smith (INJ)". */
static bool is_lone_ticker(const struct linker *k, const struct candidate *c) {
    const struct word *v = &k->w->v[c->first];
    bool small = !(v->flags & WORD_UPPER) && !(k->lex->coins[c->coin].flags & COIN_LOWER);
    return c->reason == LINK_TICKER && !small && v->norm_bytes <= LONE_LETTERS &&
           !(k->lex->coins[c->coin].flags & COIN_PLAIN) && is_lone(k, c);
}

/* What may be doubted of a candidate that was certain: the ticker in capitals or as a hashtag, a
 * doge that may be one of Venice, and the name as a cashtag, which is what imitators take. */
static bool may_be_doubted(const struct linker *k, const struct candidate *c) {
    bool plain = k->lex->coins[c->coin].flags & COIN_PLAIN, life = k->life > 0 && !plain;
    if (!life && link_senses(k, c->coin) == 0 && !link_begins_name(k, c)) return false;
    const struct word *v = &k->w->v[c->first];
    bool ticker = is_ticker(k, c);
    if (v->kind == WORD_CASHTAG) return !ticker && c->end == c->first + 1;
    bool small = !plain && c->reason == LINK_TICKER;
    return ticker && (c->state || v->kind == WORD_HASHTAG || (v->flags & WORD_UPPER) || small);
}

static void set_doubt(struct linker *k, struct candidate *c, int base) {
    bool tag = k->w->v[c->first].kind == WORD_HASHTAG;
    c->base = (int8_t)base;
    c->doubted = true;
    c->form = tag ? FORM_TAG : c->reason == LINK_NAME ? FORM_NAME : FORM_CAPS;
    if (c->state) return; /* told nothing in the first place */
    k->crypto--;
    k->w->v[c->first].flags &= (uint16_t)~WORD_CRYPTO;
}

/* Tickers that were certain, beside words of what their letters mean otherwise ("ETH" and "PhD");
 * names beside words of their namesakes. */
static void doubt_sure(struct linker *k, struct candidate *c) {
    word_kind kind = (word_kind)k->w->v[c->first].kind;
    if (kind == WORD_TEXT && namesakes(k, c->coin) > 0) {
        set_doubt(k, c, BASE_LONE);
    } else if (may_be_doubted(k, c)) {
        bool name = link_begins_name(k, c) && link_senses(k, c->coin) == 0;
        set_doubt(k, c, kind == WORD_CASHTAG ? -POINTS_CERTAIN : name ? 1 : BASE_DOUBTED);
    }
}

void link_doubt(struct linker *k) {
    for (int i = 0; i < k->count; i++) {
        struct candidate *c = &k->found[i];
        if (c->reason == LINK_PAIR) continue;
        if (c->base >= POINTS_CERTAIN) doubt_sure(k, c);
        if (c->base <= BASE_LONE || !is_lone_ticker(k, c)) continue;
        if (c->base >= POINTS_CERTAIN)
            set_doubt(k, c, BASE_LONE);
        else
            c->base = BASE_LONE;
    }
}
