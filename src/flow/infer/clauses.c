/* clauses: cuts a text into the pieces in which one thing is said of one coin.
 *
 * In: words, hits of the linker, the vocabulary. Out: clauses with the sum of their direction
 * words, turned round by negations and strengthened by what stands before them, and the cues that
 * shrink an opinion. Clauses end at marks, at line ends, at "but" and its like, and at "and" when a
 * verb of direction follows. Integers only; pure. */
#include "flow/infer/infer_int.h"
#include "flow/reading.h"

#define AFFIRMED_WORDS 4
#define PERCENT_MOVE (9 * NAT / 10) /* what "+10%" says */

struct scan {
    const struct vocabulary *v;
    const struct words *w;
    struct clauses *out;
    struct clause *now;
    int boost;       /* tenths, of the next direction word */
    int affirmed;    /* words before this one are not negated, whatever the tokeniser says */
    uint32_t halves; /* of patterns, over the whole post */
    bool has_link;
};

static void clause_begin(struct scan *s, int at) {
    s->boost = 10;
    if (s->now && s->now->first == at) return;
    if (s->now) s->now->end = at;
    if (s->out->count == CLAUSES_MAX) return; /* the last one takes the rest */
    s->now = &s->out->v[s->out->count++];
    *s->now = (struct clause){.first = at};
}

static bool mark_breaks(const struct words *w, int at) {
    const struct word *v = &w->v[at];
    switch (w->norm[v->norm]) {
    case ',':
    case ';':
    case '.':
    case '!':
    case '?':
    case ':':
        return true;
    case '(':
    case ')':
    case '"':
    case '|':
        return true;
    case '-':
        return (v->flags & WORD_SPACED) != 0;
    default:                       /* not an enum */
        return v->norm_bytes == 3; /* dashes of typographers */
    }
}

static bool starts_direction(const struct scan *s, int at) {
    int end;
    for (int i = at; i < s->w->count && i < at + 2; i++) {
        const struct sense *sense = vocabulary_find(s->v, s->w, i, &end);
        if (sense->role == ROLE_DIRECTION || sense->role == ROLE_SWAP) return true;
    }
    return false;
}

static void add_direction(struct scan *s, const struct sense *sense, int at) {
    int32_t weight = sense->weight * s->boost * (NAT / 10) / 10;
    uint16_t flags = s->w->v[at].flags;
    if ((flags & WORD_NEGATED) && !(flags & WORD_NEGATION) && at >= s->affirmed) {
        weight = -weight * 6 / 10;
        s->now->cues |= CUE_NEGATED;
    }
    s->now->direction += weight;
    s->boost = 10;
}

/* A word or phrase of the vocabulary. Returns the word behind it. */
static int take_word(struct scan *s, int at) {
    int end = at + 1;
    const struct sense *sense = vocabulary_find(s->v, s->w, at, &end);
    switch (sense->role) {
    case ROLE_BREAK:
        clause_begin(s, at);
        s->now->turn = true;
        break;
    case ROLE_JOIN:
        if (starts_direction(s, end)) clause_begin(s, at);
        break;
    case ROLE_DIRECTION:
    case ROLE_SWAP:
        add_direction(s, sense, at);
        break;
    case ROLE_STRONGER:
    case ROLE_WEAKER:
    case ROLE_TURN:
        s->boost = s->boost * sense->weight / 10;
        break;
    case ROLE_AFFIRM:
        s->affirmed = end + AFFIRMED_WORDS;
        break;
    case ROLE_CUE:
        s->now->cues |= sense->bits & 0xFFFF;
        s->halves |= sense->bits & ~UINT32_C(0xFFFF);
        break;
    case ROLE_NONE:
    case ROLE_PREFER:
    case ROLE_UNDER:
    case ROLE_OVER:
    case ROLE_INTO:
    case ROLE_FROM:
        break;
    }
    s->now->says += end - at;
    return end;
}

/* +10%, -3.5%: a move by itself. */
static void take_number(struct scan *s, int at) {
    const struct words *w = s->w;
    bool percent = at + 1 < w->count && word_is_mark(w, at + 1, '%');
    if (!percent || at == 0 || w->v[at - 1].end != w->v[at].begin) return;
    if (word_is_mark(w, at - 1, '+')) s->now->direction += PERCENT_MOVE;
    if (word_is_mark(w, at - 1, '-')) s->now->direction -= PERCENT_MOVE;
}

static int take_mark(struct scan *s, int at) {
    const struct words *w = s->w;
    if (w->norm[w->v[at].norm] == '?') s->now->cues |= CUE_QUESTION;
    if (mark_breaks(w, at)) clause_begin(s, at + 1);
    return at + 1;
}

static void count_hits(const struct links *links, struct clauses *c) {
    int at = 0;
    for (int i = 0; i < links->hit_count; i++) {
        while (at + 1 < c->count && c->v[at].end <= links->hits[i].first) at++;
        c->v[at].coins++;
        c->hit_own[i] = false;
    }
}

/* Cues that take two halves. */
static uint32_t joined_cues(const struct scan *s) {
    uint32_t cues = 0;
    bool prize = s->halves & HALF_PRIZE, claim = s->halves & HALF_CLAIM;
    bool secret = s->halves & HALF_SECRET, enter = s->halves & HALF_ENTER;
    if (prize && claim) cues |= CUE_GIVEAWAY;
    if (secret && (s->has_link || enter) && (enter || claim)) cues |= CUE_PHISHING;
    if (prize && claim && s->has_link && secret) cues |= CUE_PHISHING;
    return cues;
}

void clauses_scan(const struct vocabulary *v, const struct words *w, const struct links *links,
                  struct clauses *ret) {
    struct scan s = {.v = v, .w = w, .out = ret};
    ret->count = 0;
    clause_begin(&s, 0);
    for (int at = 0; at < w->count;) {
        const struct word *word = &w->v[at];
        if ((word->flags & WORD_LINE) && at > 0) clause_begin(&s, at);
        if (word->flags & WORD_COIN) {
            at++;
            continue;
        }
        switch ((word_kind)word->kind) {
        case WORD_NUMBER:
            take_number(&s, at);
            at = take_word(&s, at);
            break;
        case WORD_TEXT:
        case WORD_HASHTAG:
        case WORD_EMOJI:
            at = take_word(&s, at);
            break;
        case WORD_PUNCT:
            at = take_mark(&s, at);
            break;
        case WORD_LINK:
            s.has_link = true;
            at++;
            break;
        case WORD_CASHTAG:
        case WORD_USER:
            at++;
            break;
        }
    }
    s.now->end = w->count;
    count_hits(links, ret);
    ret->cues = joined_cues(&s);
    for (int i = 0; i < ret->count; i++) ret->cues |= ret->v[i].cues;
}
