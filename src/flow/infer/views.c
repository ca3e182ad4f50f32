/* views: goes through a post once and gives its sentences, as items, to sentence_judge.
 *
 * In: words, hits of the linker, the vocabulary. An item is a coin, a word or phrase that says or
 * does something, or a break between parts of a sentence. Sentences end at full stops, marks of
 * exclamation and question, semicolons and line ends; what stands in one is worked off before the
 * next begins, so a long post takes no more memory than a short one. Out: what the post says of
 * each coin, the cues, and which words are about which coins. Integers only; pure. */
#include "flow/infer/infer_int.h"
#include "flow/reading.h"

struct scan {
    const struct vocabulary *v;
    const struct words *w;
    const struct links *links;
    struct views *out;
    int hit; /* of the linker, the next */
    bool in_quotes;
    struct sentence s;
};

static struct item *put(struct scan *s, role what, int16_t weight, int at, int end) {
    struct sentence *x = &s->s;
    if (x->count == ITEMS_MAX) {
        x->end = at;
        sentence_judge(x, s->out);
        x->count = 0;
        x->first = at;
        x->says = 0;
    }
    struct item *i = &x->v[x->count++];
    *i = (struct item){
        .role = (uint8_t)what, .weight = weight, .at = at, .end = end, .quoted = s->in_quotes};
    return i;
}

static void flush(struct scan *s, int end) {
    struct sentence *x = &s->s;
    x->end = end;
    if (x->count > 0 || (x->says > 0 && s->out->count > 0)) sentence_judge(x, s->out);
    if (x->question) s->out->cues |= CUE_QUESTION;
    s->out->says += x->says;
    x->count = 0;
    x->says = 0;
    x->question = false;
    x->first = end;
}

/* --- words ---------------------------------------------------------------------------------------
 */

/* Does the author speak of himself before word `at` ("I heard")? */
static bool own_before(const struct words *w, int at) {
    if (at == 0 || w->v[at - 1].kind != WORD_TEXT) return false;
    const str before = word_norm(w, at - 1);
    return str_eq(before, STR("i")) || str_eq(before, STR("we")) || str_eq(before, STR("i've"));
}

static bool coin_at(const struct scan *s, int at) {
    return s->hit < s->links->hit_count && s->links->hits[s->hit].first == at;
}

static void put_coin(struct scan *s) {
    const struct link_hit *hit = &s->links->hits[s->hit++];
    struct item *last = s->s.count > 0 ? &s->s.v[s->s.count - 1] : NULL;
    const bool coin_before = s->s.count > 1 && s->s.v[s->s.count - 2].role == ROLE_COIN;
    if (last && last->role == ROLE_MOVE && last->end == hit->first && !coin_before)
        last->role = ROLE_ACT; /* "dumping ETH" */
    put(s, ROLE_COIN, 0, hit->first, hit->end)->mention = (int8_t)hit->mention;
}

/* Words of scripts without blanks that stand together: their coins, then what is said. Returns the
 * word behind them. */
static int take_wide(struct scan *s, int at) {
    const struct words *w = s->w;
    int end = at;
    for (; end < w->count && (w->v[end].flags & WORD_WIDE); end++) {
        if (end > at && w->v[end].begin != w->v[end - 1].end) break;
        if (coin_at(s, end)) put_coin(s);
    }
    const str run = {w->text.p + w->v[at].begin, w->v[end - 1].end - w->v[at].begin};
    ptrdiff_t from = 0;
    bool negated;
    const struct sense *sense;
    while ((sense = vocabulary_find_wide(s->v, run, &from, &negated)) != NULL) {
        put(s, ROLE_WIDE, (int16_t)(negated ? -sense->weight : sense->weight), at, end);
    }
    s->s.says += end - at;
    return end;
}

/* Is the object of the verb that ends before word `at` something of daily life: "my truck"? */
static bool foreign_object(const struct scan *s, int at) {
    static const char *const articles[] = {"my", "our", "a", "an", "his", "her", "their"};
    const struct words *w = s->w;
    int end;
    bool article = false;
    if (at + 1 >= w->count || w->v[at].kind != WORD_TEXT || w->v[at + 1].kind != WORD_TEXT)
        return false;
    for (int i = 0; i < COUNT_OF(articles); i++) {
        article |= str_eq(word_norm(w, at), str_from_z(articles[i]));
    }
    return article && !(w->v[at + 1].flags & WORD_COIN) &&
           vocabulary_find(s->v, w, at, &end)->role == ROLE_NONE &&
           vocabulary_find(s->v, w, at + 1, &end)->role == ROLE_NONE;
}

/* A word or phrase of the vocabulary. Returns the word behind it. */
static int take_word(struct scan *s, int at) {
    int end = at + 1;
    const uint16_t flags = s->w->v[at].flags;
    const struct sense *sense = vocabulary_find(s->v, s->w, at, &end);
    const role what = (role)sense->role;
    if (what == ROLE_CUE) {
        s->out->cues |= sense->bits & 0xFFFF;
        s->out->halves |= sense->bits & ~UINT32_C(0xFFFF);
    } else if (what != ROLE_NONE) {
        struct item *i = put(s, what, sense->weight, at, end);
        if (what == ROLE_REPORT) i->own = own_before(s->w, at);
        const bool my = end > at + 1 && str_eq(word_norm(s->w, end - 1), STR("my"));
        if (what == ROLE_ACT || what == ROLE_SWAP) i->foreign = foreign_object(s, end - my);
    } else if (flags & WORD_NEGATION) {
        put(s, ROLE_NOT, 0, at, end);
    }
    s->s.says += end - at;
    return end;
}

/* Percent before the point; -1: no number. */
static int percent_of(str form) {
    int n = 0;
    for (ptrdiff_t i = 0; i < form.n && form.p[i] >= '0' && form.p[i] <= '9' && n < 100000; i++) {
        n = n * 10 + (form.p[i] - '0');
    }
    return n;
}

/* "to 100k", "breaks $5": a price that is aimed at. The items before say how. */
static void take_price(struct scan *s, int at) {
    const struct words *w = s->w;
    struct sentence *x = &s->s;
    struct item *last = x->count > 0 ? &x->v[x->count - 1] : NULL;
    if (!last || last->end != at) return;
    if (last->role == ROLE_GROW && last->weight > 0) last->weight = 13; /* holds 3k */
    const str verb = word_norm(w, last->at);
    if (last->role != ROLE_END && last->role != ROLE_INTO) return;
    if (last->role == ROLE_END && str_starts(verb, STR("br"))) { /* breaks 100k */
        last->role = ROLE_MOVE;
        last->weight = 14;
    }
    const str form = word_norm(w, at);
    const char unit = form.p[form.n - 1];
    bool price = w->text.p[w->v[at].begin] == '$' || unit == 'k';
    if (at + 1 < w->count && w->v[at + 1].kind == WORD_TEXT)
        price |= str_starts(word_norm(w, at + 1), STR("dollar"));
    const bool moved = x->count > 1 && role_speaks((role)x->v[x->count - 2].role);
    if (last->role == ROLE_INTO && price && !moved && str_eq(verb, STR("to")))
        put(s, ROLE_MOVE, 13, at, at + 1);
}

/* +10%, -3.5%: a move by itself; "up 40%": a number that makes a move count more. */
static void take_number(struct scan *s, int at) {
    const struct words *w = s->w;
    struct sentence *x = &s->s;
    if (at + 1 >= w->count || !word_is_mark(w, at + 1, '%')) return;
    const int percent = percent_of(word_norm(w, at));
    const bool touches = at > 0 && w->v[at - 1].end == w->v[at].begin;
    const bool plus = touches && word_is_mark(w, at - 1, '+');
    const bool minus = touches && word_is_mark(w, at - 1, '-');
    const int16_t weight = percent >= 8 ? 13 : percent >= 4 ? 8 : 3;
    if (plus || minus) {
        put(s, ROLE_MOVE, plus ? weight : (int16_t)-weight, at, at + 1);
    } else if (x->count > 0 && x->v[x->count - 1].role == ROLE_MOVE &&
               at - x->v[x->count - 1].end <= 1) {
        struct item *move = &x->v[x->count - 1];
        if (percent >= 8 && move->weight > -9 && move->weight < 9)
            move->weight = (int16_t)(move->weight * 2);
        if (percent < 3) move->weight = (int16_t)(move->weight / 2);
    }
}

/* --- marks ---------------------------------------------------------------------------------------
 */

/* A comma in a list of coins parts nothing. */
static bool in_list(const struct scan *s, int at) {
    const struct sentence *x = &s->s;
    if (x->count > 1 && x->v[x->count - 2].role == ROLE_UNLIKE) return false;
    return x->count > 0 && x->v[x->count - 1].role == ROLE_COIN && x->v[x->count - 1].end == at &&
           coin_at(s, at + 1);
}

static int take_mark(struct scan *s, int at) {
    const struct word *v = &s->w->v[at];
    const char mark = s->w->norm[v->norm];
    switch (mark) {
    case '?':
        s->s.question = true;
        flush(s, at + 1);
        break;
    case '.':
        if (v->norm_bytes == 1)
            flush(s, at + 1);
        else
            put(s, ROLE_BREAK, 0, at, at + 1);
        break;
    case '!':
    case ';':
        flush(s, at + 1);
        break;
    case '"':
        s->in_quotes = !s->in_quotes;
        s->out->quoted = true;
        put(s, ROLE_BREAK, 0, at, at + 1);
        break;
    case ',':
    case ':':
    case '(':
    case ')':
    case '|':
        if (!in_list(s, at)) put(s, ROLE_BREAK, 0, at, at + 1);
        break;
    case '>':
    case '<':
    case '/':
    case '&':
    case '@':
        return take_word(s, at);
    case '-': {
        int end = at + 1;
        if (vocabulary_find(s->v, s->w, at, &end)->role != ROLE_NONE) return take_word(s, at);
        if ((v->flags & WORD_SPACED) && s->w->count > end && (s->w->v[end].flags & WORD_SPACED))
            put(s, ROLE_BREAK, 0, at, at + 1);
        break;
    }
    default:                                                       /* not an enum */
        if (v->norm_bytes == 3) put(s, ROLE_BREAK, 0, at, at + 1); /* dashes of typographers */
    }
    return at + 1;
}

/* --- the post ------------------------------------------------------------------------------------
 */

static int take_one(struct scan *s, int at) {
    const struct word *word = &s->w->v[at];
    if ((word->flags & WORD_LINE) && at > 0) flush(s, at);
    while (s->hit < s->links->hit_count && s->links->hits[s->hit].first < at) s->hit++;
    if (word->flags & WORD_WIDE) return take_wide(s, at);
    if (coin_at(s, at)) {
        put_coin(s);
        return s->links->hits[s->hit - 1].end;
    }
    if (word->flags & WORD_COIN) return at + 1;
    switch ((word_kind)word->kind) {
    case WORD_NUMBER:
        take_number(s, at);
        take_price(s, at);
        return take_word(s, at);
    case WORD_TEXT:
    case WORD_HASHTAG:
    case WORD_EMOJI:
        return take_word(s, at);
    case WORD_PUNCT:
        return take_mark(s, at);
    case WORD_LINK:
        s->out->has_link = true;
        return at + 1;
    case WORD_CASHTAG:
    case WORD_USER:
        return at + 1;
    }
    return at + 1;
}

/* Cues that take two halves. */
static uint32_t joined_cues(const struct views *v) {
    uint32_t cues = 0;
    const bool prize = v->halves & HALF_PRIZE, claim = v->halves & HALF_CLAIM;
    const bool secret = v->halves & HALF_SECRET, enter = v->halves & HALF_ENTER;
    if (prize && claim) cues |= CUE_GIVEAWAY;
    if (secret && (v->has_link || enter) && (enter || claim)) cues |= CUE_PHISHING;
    if (prize && claim && v->has_link && secret) cues |= CUE_PHISHING;
    return cues;
}

void views_scan(const struct vocabulary *v, const struct words *w, const struct links *links,
                struct views *ret) {
    UNINITIALIZED struct scan s;
    s.v = v;
    s.w = w;
    s.links = links;
    s.out = ret;
    s.hit = 0;
    s.in_quotes = false;
    s.s.count = s.s.first = s.s.end = s.s.says = 0;
    s.s.question = false;
    memset(ret, 0, offsetof(struct views, spans));
    ret->count = links->mention_count;
    for (int at = 0; at < w->count;) at = take_one(&s, at);
    flush(&s, w->count);
    ret->cues |= joined_cues(ret);
}
