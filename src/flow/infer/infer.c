/* infer: what a text says, for the post and towards each coin.
 *
 * In: words with coins marked, the linker's hits. Out: the model's probabilities for the post, a
 * polarity towards each coin or an abstention, cues, and a hash for near-copies.
 *
 * Towards a coin: the model's logits over the words that are about it, plus what the vocabulary of
 * directions adds, through a softmax; then shrunk by what takes force from an opinion (a question,
 * a condition, the past, irony). Words are about a coin when they stand in a clause with it, or in
 * clauses without any coin that follow. A post that names a coin and says nothing abstains.
 *
 * Floats end here, and there are none: integers from the model's weights on, no libm, so a reading
 * never depends on the machine. Never fails; pure; memory from scratch. */
#include "flow/infer/infer_int.h"

struct infer {
    const struct model *model;
    struct vocabulary *vocabulary;
    struct denial *denial;
    struct exp_table *exp;
};

struct infer *infer_open(struct arena *boot, const struct model *model) {
    struct infer *f = NEW(boot, struct infer);
    f->model = model;
    f->vocabulary = vocabulary_open(boot);
    f->denial = denial_open(boot);
    f->exp = exp_table_open(boot);
    return f;
}

/* What is said of one coin. */
struct about {
    int64_t direction; /* NAT */
    int64_t logit[3];  /* of the model, NAT */
    uint32_t cues;
    int says; /* words that say something */
};

/* What a cue leaves of an opinion, basis points. */
static int64_t cue_factor(uint32_t cues) {
    static const struct {
        uint32_t cue;
        int64_t keeps_bp;
    } table[] = {{CUE_QUESTION, 4000},
                 {CUE_CONDITIONAL, 5000},
                 {CUE_PAST, 6000},
                 {CUE_SARCASM, 2000},
                 {CUE_REPORTED, 8000}};
    int64_t factor = 10000;
    for (int i = 0; i < COUNT_OF(table); i++) {
        if (cues & table[i].cue) factor = factor * table[i].keeps_bp / 10000;
    }
    return factor;
}

#define DIRECTION_MAX (4 * NAT)
#define DIRECTION_CLEAR                                                                            \
    (9 * NAT / 10)               /* from here on the vocabulary is trusted before the model        \
                                  */
#define NEUTRAL_TRADER (NAT / 2) /* most of what is said of coins is no opinion */

/* How much more likely than the model thinks a text of so few words says nothing. */
static int64_t neutral_prior(int says) { return 2 * NAT / (1 + says); }

/* The opinion as one number, -10000..10000. */
static int32_t polarity_of(const struct infer *f, const struct about *a) {
    if (a->says == 0) return 0;
    int64_t d = i64_clamp(a->direction, -DIRECTION_MAX, DIRECTION_MAX);
    int64_t size = d < 0 ? -d : d;
    int64_t share = size >= DIRECTION_CLEAR ? 1 : 4; /* of the model, quarters */
    int64_t neutral = a->logit[1] * share / 4 - size / 2 + NEUTRAL_TRADER;
    if (size < DIRECTION_CLEAR) neutral += neutral_prior(a->says);
    int32_t logit[3] = {(int32_t)(a->logit[0] * share / 4 - (d < 0 ? d : 0)), (int32_t)neutral,
                        (int32_t)(a->logit[2] * share / 4 + (d > 0 ? d : 0))};
    int32_t p[3];
    softmax_bp(f->exp, logit, p);
    return (int32_t)((p[LABEL_POSITIVE] - p[LABEL_NEGATIVE]) * cue_factor(a->cues) / 10000);
}

/* Which clause with coins speaks for this one: itself, or, when it has none, the nearest before
 * it; -1: none. */
static int clause_owner(const struct clauses *c, int clause) {
    while (clause >= 0 && c->v[clause].coins == 0) clause--;
    return clause;
}

/* The first hit of a mention in a clause, -1: none. */
static int hit_in(const struct clause *c, const struct links *links, int mention) {
    for (int i = 0; i < links->hit_count; i++) {
        const struct link_hit *hit = &links->hits[i];
        if (hit->mention == mention && hit->first >= c->first && hit->first < c->end) return i;
    }
    return -1;
}

/* One of several coins: judged by the clauses with it and those that follow without any coin; what
 * stands before the first coin is about all of them. */
static struct about about_one(const struct clauses *c, const struct links *links,
                              const struct model_scores *scores, int mention) {
    struct about a = {0};
    int64_t weight = 0;
    for (int i = 0; i < c->count; i++) {
        const struct clause *clause = &c->v[i];
        int owner = clause_owner(c, i);
        int hit = owner < 0 ? -1 : hit_in(&c->v[owner], links, mention);
        if (owner >= 0 && hit < 0) continue;
        a.cues |= clause->cues;
        a.says += clause->says;
        if (owner == i && c->hit_own[hit]) {
            a.direction += c->hit_direction[hit];
            a.says++;
            continue;
        }
        a.direction += owner == i ? clause->direction : clause->direction / 2;
        weight += clause->says;
        for (int k = 0; k < 3; k++) a.logit[k] += (int64_t)scores[i].logit[k] * clause->says;
    }
    for (int k = 0; k < 3 && weight; k++) a.logit[k] /= weight;
    return a;
}

/* The only coin: the whole post is about it. */
static struct about about_all(const struct clauses *c, const struct model_scores *whole) {
    struct about a = {0};
    for (int i = 0; i < c->count; i++) {
        bool direct = c->v[i].coins || c->v[i].turn || c->count == 1;
        if (c->v[i].turn && c->v[i].direction) a.direction /= 2;
        a.direction += direct ? c->v[i].direction : c->v[i].direction / 2;
        a.says += c->v[i].says;
        a.cues |= c->v[i].cues;
    }
    for (int k = 0; k < 3; k++) a.logit[k] = whole->logit[k];
    return a;
}

static void fill_mentions(const struct infer *f, const struct clauses *c, const struct links *links,
                          const struct model_scores *scores, struct reading *ret) {
    ret->mention_count = links->mention_count;
    for (int i = 0; i < links->mention_count; i++) {
        struct mention *m = &ret->mentions[i];
        *m = links->mentions[i];
        struct about a = links->mention_count == 1 ? about_all(c, &scores[c->count])
                                                   : about_one(c, links, scores, i);
        int32_t polarity = polarity_of(f, &a);
        m->abstain = polarity < POLARITY_ABSTAIN_BP && polarity > -POLARITY_ABSTAIN_BP;
        m->polarity_bp = m->abstain ? 0 : polarity;
    }
}

static void fill_post(const struct infer *f, const struct model_scores *whole,
                      struct reading *ret) {
    softmax_bp(f->exp, whole->logit, ret->probs_bp);
    ret->label = LABEL_NEGATIVE;
    for (int k = 1; k < 3; k++) {
        if (ret->probs_bp[k] > ret->probs_bp[ret->label]) ret->label = (label)k;
    }
    ret->sentiment_bp = ret->probs_bp[LABEL_POSITIVE] - ret->probs_bp[LABEL_NEGATIVE];
}

void infer_words(const struct infer *f, struct arena scratch, const struct words *w,
                 const struct links *links, struct reading *ret) {
    struct clauses clauses;
    clauses_scan(f->vocabulary, w, links, &clauses);
    if (links->mention_count > 1) targets_assign(f->vocabulary, w, links, &clauses);
    struct model_range ranges[CLAUSES_MAX + 1];
    struct model_scores scores[CLAUSES_MAX + 1];
    for (int i = 0; i < clauses.count; i++) {
        ranges[i] = (struct model_range){clauses.v[i].first, clauses.v[i].end};
    }
    ranges[clauses.count] = (struct model_range){0, w->count};
    f->model->ops->score(f->model, scratch, w, ranges, clauses.count + 1, scores);
    fill_post(f, &scores[clauses.count], ret);
    fill_mentions(f, &clauses, links, scores, ret);
    ret->miss_count = links->miss_count;
    for (int i = 0; i < links->miss_count; i++) ret->misses[i] = links->misses[i];
    ret->cues = clauses.cues | denial_cues(f->denial, w);
    simhash_words(w, ret);
    ret->model = f->model->ops->name;
}
