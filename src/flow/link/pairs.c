/* pairs: how markets write a coin against its price: BTCUSDT, BTC/USDT, SOL-PERP, ethbtc.
 *
 * In: forms and words. Out: the coin of the first half; the second half
 * is a currency, or a coin that others are priced in, and then the pair is about both. Short halves
 * before a coin's ticker are left alone: WBTC is not W against BTC. Pure. */
#include "flow/link/link_int.h"

static int coin_of_ticker(const struct lexicon *lex, str norm) {
    const struct term *t = lexicon_find(lex, norm);
    if (!t) return COIN_NONE;
    bool name = t->name != COIN_NONE && t->name_reason == LINK_NAME && !(t->flags & TERM_GUARDED);
    return t->ticker == COIN_NONE && name ? t->name : t->ticker; /* "xbt" is a name */
}

bool link_is_money(const struct linker *k, int at) {
    str norm = word_norm(k->w, at);
    return str_eq(norm, STR("btc")) || str_eq(norm, STR("eth")) || str_eq(norm, STR("bnb"));
}

/* A look at the last letters, which spares nearly every word the list below. */
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

int link_coin_of_pair(const struct lexicon *lex, str norm) {
    static const struct {
        const char *quote;
        int bytes, base_min;
    } quotes[] = {{"usdt", 4, 1}, {"usdc", 4, 1}, {"fdusd", 5, 2}, {"busd", 4, 2},
                  {"tusd", 4, 2}, {"usd", 3, 2},  {"perp", 4, 2},  {"btc", 3, 3},
                  {"eth", 3, 3},  {"bnb", 3, 3},  {"eur", 3, 3},   {"try", 3, 3}};
    if (!may_end_pair(norm)) return COIN_NONE;
    for (int i = 0; i < COUNT_OF(quotes); i++) {
        str q = {quotes[i].quote, quotes[i].bytes};
        if (norm.n < q.n + quotes[i].base_min || !str_ends(norm, q)) continue;
        int coin = coin_of_ticker(lex, str_head(norm, norm.n - q.n));
        if (coin != COIN_NONE) return coin;
    }
    return COIN_NONE;
}

int link_money_of_pair(const struct lexicon *lex, str norm) {
    str quote = norm.n >= 6 ? str_tail(norm, norm.n - 3) : STR("");
    bool money =
        str_eq(quote, STR("btc")) || str_eq(quote, STR("eth")) || str_eq(quote, STR("bnb"));
    return money ? coin_of_ticker(lex, quote) : COIN_NONE;
}

static bool ends_pair(const struct linker *k, int at) {
    const struct word *v = &k->w->v[at];
    str norm = word_norm(k->w, at);
    if (v->kind != WORD_TEXT && v->kind != WORD_CASHTAG) return false;
    if (str_eq(norm, STR("perp")) || str_eq(norm, STR("perps"))) return true;
    const struct term *t = lexicon_find(k->lex, norm);
    return (t && (t->flags & TERM_QUOTE)) || link_is_money(k, at);
}

int link_pair_end(const struct linker *k, int at) {
    const struct words *w = k->w;
    if (at + 2 >= w->count) return 0;
    if (!word_is_mark(w, at + 1, '/') && !word_is_mark(w, at + 1, '-')) return 0;
    if (w->v[at + 1].begin != w->v[at].end || w->v[at + 2].begin != w->v[at + 1].end) return 0;
    if (!ends_pair(k, at + 2)) return 0;
    return at + 3;
}
