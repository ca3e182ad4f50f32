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
    struct exp_table *exp;
};

struct infer *infer_open(struct arena *boot, const struct model *model) {
    struct infer *f = NEW(boot, struct infer);
    f->model = model;
    f->vocabulary = vocabulary_open(boot);
    f->exp = exp_table_open(boot);
    return f;
}

/* What is said of one coin. */
struct about {
    int64_t direction; /* NAT */
    int64_t logit[3];  /* of the model, NAT */
    uint32_t cues;
    int says;
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
                 {CUE_REPORTED, 8500}};
    int64_t factor = 10000;
    for (int i = 0; i < COUNT_OF(table); i++) {
        if (cues & table[i].cue) factor = factor * table[i].keeps_bp / 10000;
    }
    return factor;
}

#define DIRECTION_MAX (4 * NAT)

/* The opinion as one number, -10000..10000. */
static int32_t polarity_of(const struct infer *f, const struct about *a) {
    if (a->says == 0) return 0;
    int64_t d = i64_clamp(a->direction, -DIRECTION_MAX, DIRECTION_MAX);
    int64_t size = d < 0 ? -d : d;
    int32_t logit[3] = {(int32_t)(a->logit[0] - (d < 0 ? d : 0)), (int32_t)(a->logit[1] - size / 2),
                        (int32_t)(a->logit[2] + (d > 0 ? d : 0))};
    int32_t p[3];
    softmax_bp(f->exp, logit, p);
    return (int32_t)((p[LABEL_POSITIVE] - p[LABEL_NEGATIVE]) * cue_factor(a->cues) / 10000);
}

/* Which clauses are about a coin: those with it; and for each clause without coins, the coins of
 * the nearest clause with coins before it, or, in front of all, every coin. */
static bool clause_is_about(const struct clauses *c, const struct links *links, int clause,
                            int mention) {
    int at = clause;
    while (at >= 0 && c->v[at].coins == 0) at--;
    if (at < 0) return true;
    for (int i = 0; i < links->hit_count; i++) {
        const struct link_hit *hit = &links->hits[i];
        if (hit->mention == mention && hit->first >= c->v[at].first && hit->first < c->v[at].end) {
            return true;
        }
    }
    return false;
}

static void about_add(struct about *a, const struct clause *c, const struct model_scores *s,
                      bool direct) {
    a->direction += direct ? c->direction : c->direction / 2;
    a->cues |= c->cues;
    a->says += c->says;
    for (int k = 0; k < 3; k++) a->logit[k] += s->logit[k];
}

/* Several coins: each is judged by its own clauses. */
static struct about about_of(const struct clauses *c, const struct links *links,
                             const struct model_scores *scores, int mention) {
    struct about a = {0};
    for (int i = 0; i < c->count; i++) {
        if (clause_is_about(c, links, i, mention)) {
            about_add(&a, &c->v[i], &scores[i], c->v[i].coins > 0);
        }
    }
    return a;
}

/* One coin: the whole post is about it. */
static struct about about_all(const struct clauses *c, const struct model_scores *whole) {
    struct about a = {0};
    for (int i = 0; i < c->count; i++) {
        a.direction += c->v[i].coins || c->count == 1 ? c->v[i].direction : c->v[i].direction / 2;
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
                                                   : about_of(c, links, scores, i);
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
    ret->cues = clauses.cues;
    ret->simhash = simhash_words(w, &ret->token_count);
    ret->model = f->model->ops->name;
}
