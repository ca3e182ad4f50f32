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
        x->roles = 0;
    }
    x->roles |= UINT64_C(1) << what;
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
    x->roles = 0;
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

/* Is the coin at word `at` the one that prices are told in: "ETH/BTC", and no list of coins? */
static bool is_quote(const struct scan *s, int at, int end) {
    const struct words *w = s->w;
    const struct sentence *x = &s->s;
    if (at < 2 || !word_is_mark(w, at - 1, '/') || (w->v[at].flags & WORD_SPACED)) return false;
    const struct item *last = x->count > 0 ? &x->v[x->count - 1] : NULL;
    if (!last || last->role != ROLE_COIN || last->end != at - 1) return false;
    if (last->at > 0 && word_is_mark(w, last->at - 1, '/')) return false;
    return end >= w->count || !word_is_mark(w, end, '/');
}

/* "Is ADA dead or ...", "Will SOL hold": a sentence that begins so is asked. */
static void put_asking(struct scan *s, int at) {
    static const char *const asking[] = {"is",  "will", "does", "did", "has",
                                         "was", "can",  "are",  "do",  "could"};
    const struct words *w = s->w;
    if (at == 0 || at - 1 != s->s.first || w->v[at - 1].kind != WORD_TEXT) return;
    if (s->s.count > 0 && s->s.v[0].role != ROLE_WAS) return;
    const str before = word_norm(w, at - 1);
    for (int i = 0; i < COUNT_OF(asking); i++) {
        if (str_eq(before, str_from_z(asking[i]))) put(s, ROLE_ASK, 0, at - 1, at);
    }
}

/* "ADA is the next ETH": praise of the coin that was named before. */
static void put_successor(struct scan *s, int at) {
    const struct words *w = s->w;
    if (at < 2 || !str_eq(word_norm(w, at - 1), STR("next"))) return;
    const str before = word_norm(w, at - 2);
    if (!str_eq(before, STR("the")) && !str_eq(before, STR("a"))) return;
    for (int i = 0; i < s->s.count; i++) {
        if (s->s.v[i].role != ROLE_COIN) continue;
        put(s, ROLE_SAY, 16, at - 1, at);
        return;
    }
}

static void put_coin(struct scan *s) {
    const struct link_hit *hit = &s->links->hits[s->hit++];
    put_asking(s, hit->first);
    put_successor(s, hit->first);
    struct item *last = s->s.count > 0 ? &s->s.v[s->s.count - 1] : NULL;
    s->s.roles |= UINT64_C(1) << ROLE_ACT | UINT64_C(1) << ROLE_MOVE; /* below, and take_price */
    const bool coin_before = s->s.count > 1 && s->s.v[s->s.count - 2].role == ROLE_COIN;
    if (last && last->role == ROLE_MOVE && last->end == hit->first && !coin_before)
        last->role = ROLE_ACT; /* "dumping ETH" */
    const role what = is_quote(s, hit->first, hit->end) ? ROLE_QUOTE : ROLE_COIN;
    put(s, what, 0, hit->first, hit->end)->mention = (int8_t)hit->mention;
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

/* "SOL yes, ADA no": the word directly behind a coin that ends its part of a sentence. */
static bool take_verdict(struct scan *s, int at) {
    const struct words *w = s->w;
    const struct sentence *x = &s->s;
    if (x->count == 0 || x->v[x->count - 1].role != ROLE_COIN || x->v[x->count - 1].end != at)
        return false;
    const str word = word_norm(w, at);
    const bool yes = str_eq(word, STR("yes"));
    if (!yes && !str_eq(word, STR("no"))) return false;
    if (w->v[at].flags & WORD_LINE) return false;
    if (at + 1 < w->count && !word_is_mark(w, at + 1, ',') && !word_is_mark(w, at + 1, '.'))
        return false;
    put(s, ROLE_SAY, yes ? 14 : -14, at, at + 1);
    return true;
}

/* A word or phrase of the vocabulary. Returns the word behind it. */
static int take_word(struct scan *s, int at) {
    int end = at + 1;
    if (take_verdict(s, at)) return end;
    const struct words *w = s->w;
    const uint16_t flags = s->w->v[at].flags;
    const struct sense *sense = vocabulary_find(s->v, s->w, at, &end);
    role what = (role)sense->role;
    if (what == ROLE_DOUBT && sense->weight && end < w->count && w->v[end].kind != WORD_PUNCT &&
        !(w->v[end].flags & WORD_LINE))
        what = ROLE_NOT; /* "no way it holds", and not "no way." */
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

/* --- numbers -------------------------------------------------------------------------------------
 */

/* A number of a post, in thousandths, k, m and b counted; what stands behind its digits: ret_unit.
 */
static int64_t amount_of(str form, char *ret_unit) {
    int64_t n = 0, scale = 1000;
    ptrdiff_t i = 0;
    bool point = false;
    for (; i < form.n; i++) {
        const char c = form.p[i];
        if (c == '.') point = true;
        if (c == '.' || c == ',') continue;
        if (c < '0' || c > '9') break;
        if (point) scale /= 10;
        if (n < INT64_C(1000000000000) && scale > 0) n = n * 10 + (c - '0');
    }
    *ret_unit = i < form.n ? form.p[i] : 0;
    if (scale > 0) n *= scale;
    const int64_t unit = *ret_unit == 'k'   ? 1000
                         : *ret_unit == 'm' ? 1000000
                         : *ret_unit == 'b' ? 1000000000
                                            : 1;
    return n * unit;
}

static bool form_in(str form, const char *const *list, int count) {
    for (int i = 0; i < count; i++) {
        if (str_eq(form, str_from_z(list[i]))) return true;
    }
    return false;
}

/* Is the number at word `at` told as a price: $5, 50k, 30 cents? */
static bool is_price(const struct words *w, int at, char unit) {
    static const char *const names[] = {"cents", "cent", "dollars", "dollar",
                                        "usd",   "usdt", "bucks",   "figures"};
    if (w->text.p[w->v[at].begin] == '$' || unit == 'k') return true;
    if (at + 1 >= w->count) return false;
    if (word_is_mark(w, at + 1, '$') || word_is_mark(w, at + 1, 'c')) return true;
    return w->v[at + 1].kind == WORD_TEXT && form_in(word_norm(w, at + 1), names, COUNT_OF(names));
}

/* May the number behind "ETH to" be a price: nothing that is counted follows it? */
static bool ends_a_target(const struct words *w, int at) {
    static const char *const more[] = {"this", "by",  "soon", "before", "in",    "next", "and",
                                       "eoy",  "end", "then", "when",   "first", "i",    "is"};
    if (at + 1 >= w->count || w->v[at + 1].kind != WORD_TEXT || (w->v[at + 1].flags & WORD_LINE))
        return at + 1 >= w->count || !word_is_mark(w, at + 1, '%');
    return form_in(word_norm(w, at + 1), more, COUNT_OF(more));
}

/* "from 30 to 5": which way a price went; 0: no such thing. */
static int from_to(const struct scan *s, int at, int64_t amount) {
    const struct words *w = s->w;
    const struct sentence *x = &s->s;
    const struct item *to = &x->v[x->count - 1];
    char unit;
    if (x->count < 2 || to->role != ROLE_INTO || to->end != at || to->at < 2) return 0;
    const int64_t before = amount_of(word_norm(w, to->at - 1), &unit);
    if (w->v[to->at - 1].kind != WORD_NUMBER || !str_eq(word_norm(w, to->at - 2), STR("from")))
        return 0;
    return amount > before ? 1 : amount < before ? -1 : 0;
}

/* "to 100k", "breaks $5", "lost 3k", "sees 30 cents": a price that is aimed at or passed. */
static void take_price(struct scan *s, int at, int64_t amount, char unit) {
    static const char *const aims[] = {"see",     "sees",  "seeing",  "hit",   "hits",
                                       "hitting", "reach", "reaches", "touch", "touches"};
    const struct words *w = s->w;
    struct sentence *x = &s->s;
    const bool price = is_price(w, at, unit);
    if (price && at > 0 && w->v[at - 1].kind == WORD_TEXT &&
        form_in(word_norm(w, at - 1), aims, COUNT_OF(aims)))
        put(s, ROLE_MOVE, 10, at, at + 1);
    struct item *last = x->count > 0 ? &x->v[x->count - 1] : NULL;
    if (!last || last->end != at) return;
    const str verb = word_norm(w, last->at);
    if (last->role == ROLE_GROW && last->weight > 0) last->weight = 13; /* holds 3k */
    if (last->role == ROLE_END && (str_starts(verb, STR("br")) || str_starts(verb, STR("lo")))) {
        last->weight = str_starts(verb, STR("br")) ? 14 : -14; /* breaks 100k, lost 3k */
        last->role = ROLE_MOVE;
    }
    if (last->role != ROLE_INTO || !str_eq(verb, STR("to"))) return;
    const int went = from_to(s, at, amount);
    const struct item *before = x->count > 1 ? &x->v[x->count - 2] : NULL;
    const bool moved = before && role_speaks((role)before->role);
    const bool bare = before && before->role == ROLE_COIN && before->end == last->at;
    if (went)
        put(s, ROLE_MOVE, (int16_t)(went * 14), at, at + 1);
    else if ((price && !moved) || (bare && ends_a_target(w, at)))
        put(s, ROLE_MOVE, 13, at, at + 1);
}

/* 6x: a gain by itself, unless it is what a position is levered by. */
static void take_times(struct scan *s, int at, int64_t times) {
    static const char *const levers[] = {"leverage", "lev",  "levered", "leveraged", "long",
                                         "longs",    "with", "at",      "using",     "short",
                                         "shorts",   "on",   "longing", "shorting",  "longed",
                                         "isolated", "cross"};
    const struct words *w = s->w;
    const str before = at > 0 ? word_norm(w, at - 1) : STR("");
    const str behind = at + 1 < w->count ? word_norm(w, at + 1) : STR("");
    if (times < 2000 || form_in(before, levers, COUNT_OF(levers)) ||
        form_in(behind, levers, COUNT_OF(levers)))
        return;
    put(s, ROLE_MOVE, times >= 5000 ? 20 : 14, at, at + 1);
}

/* The sign that stands directly before a number: 1, -1, 0 none; $ may stand between. */
static int sign_before(const struct words *w, int at) {
    if (at == 0 || w->v[at - 1].end != w->v[at].begin) return 0;
    if (word_is_mark(w, at - 1, '+')) return 1;
    if (word_is_mark(w, at - 1, '-') || str_eq(word_norm(w, at - 1), STR("−"))) return -1;
    return 0;
}

/* +10%, -3.5%, -$402m: a move by itself; "up 40%", "down 6x": a number that makes a move count. */
static void take_number(struct scan *s, int at) {
    const struct words *w = s->w;
    struct sentence *x = &s->s;
    char unit;
    const int64_t amount = amount_of(word_norm(w, at), &unit);
    const bool percent = at + 1 < w->count && word_is_mark(w, at + 1, '%');
    const bool money = w->text.p[w->v[at].begin] == '$' && unit && unit != 'x';
    struct item *move = x->count > 0 ? &x->v[x->count - 1] : NULL;
    if (move && (move->role != ROLE_MOVE || at - move->end > 1)) move = NULL;
    const int sign = sign_before(w, at);
    if (sign && (percent || money)) {
        const int weight = money || amount >= 8000 ? 13 : amount >= 4000 ? 8 : 3;
        put(s, ROLE_MOVE, (int16_t)(sign * weight), at, at + 1);
    } else if (move && (percent || unit == 'x')) {
        if ((amount >= 8000 || unit == 'x') && move->weight > -14 && move->weight < 14)
            move->weight = move->weight < 0 ? -14 : 14;
        if (percent && amount < 5000) move->weight = (int16_t)(move->weight / 2); /* a report */
    } else if (unit == 'x') {
        take_times(s, at, amount);
    } else if (!percent) {
        take_price(s, at, amount, unit);
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
    case '/':
        if (v->flags & WORD_SPACED) put(s, ROLE_BREAK, 0, at, at + 1);
        return take_word(s, at);
    case '>':
    case '<':
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
    default: /* not an enum */
        if (v->norm_bytes == 3 && !str_eq(word_norm(s->w, at), STR("−")))
            put(s, ROLE_BREAK, 0, at, at + 1); /* dashes of typographers */
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
    s.s.roles = 0;
    memset(ret, 0, offsetof(struct views, spans));
    ret->count = links->mention_count;
    for (int at = 0; at < w->count;) at = take_one(&s, at);
    flush(&s, w->count);
    ret->cues |= joined_cues(ret);
}
