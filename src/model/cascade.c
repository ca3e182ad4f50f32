/* cascade: a fast model for every post, a better one where it matters.
 *
 * The first model scores the post. The second is asked, and its word counts, where the post names a
 * coin and the first is not settled on "neutral" (sure_bp), be it that it is not sure, or that it
 * takes a side: that is where a trade may follow, and where to be wrong costs money. All ranges of
 * a post are scored by the same model, so that they can be compared: one range on which the first
 * is not settled brings the whole post to the second. `by` says whose word it is. Posts that come
 * together go to the second together. Any thread; keeps nothing. */
#include "model/roberta.h"

#include <math.h>

#define POSTS_MAX 64 /* at once to the second */

struct cascade {
    struct model base;
    struct model_ops ops;
    struct cascade_options opt;
};

static bool names_coin(const struct words *w) {
    for (int i = 0; i < w->count; i++)
        if (w->v[i].flags & WORD_COIN) return true;
    return false;
}

/* Neutral, and sure of it? */
static bool is_settled(const struct model_scores *s, int32_t sure_bp) {
    const int32_t *l = s->logit;
    const double a = exp((double)(l[LABEL_NEGATIVE] - l[LABEL_NEUTRAL]) / NAT),
                 b = exp((double)(l[LABEL_POSITIVE] - l[LABEL_NEUTRAL]) / NAT);
    return 1 / (1 + a + b) * 10000 >= (double)sure_bp;
}

/* Is the first one's word of a post not enough? */
static bool is_open(const struct cascade *m, const struct model_ask *ask) {
    bool settled = true;
    for (int i = 0; i < ask->count; i++)
        settled = settled && is_settled(&ask->scores[i], m->opt.sure_bp);
    return !settled && names_coin(ask->words);
}

static void cascade_score(const struct model *base, struct arena scratch, struct model_ask *asks,
                          int count) {
    const struct cascade *m = (const struct cascade *)base;
    struct model_ask open[POSTS_MAX];
    int which[POSTS_MAX], n = 0;
    PRE(count <= POSTS_MAX);
    m->opt.first->ops->score(m->opt.first, scratch, asks, count);
    for (int i = 0; i < count; i++) {
        if (!is_open(m, &asks[i])) continue;
        open[n] = asks[i];
        which[n++] = i;
    }
    if (n > 0) m->opt.second->ops->score(m->opt.second, scratch, open, n);
    for (int i = 0; i < n; i++) asks[which[i]].by = open[i].by;
}

static void cascade_tend(const struct model *base, struct model_load *ret) {
    const struct model *second = ((const struct cascade *)base)->opt.second;
    if (second->ops->tend) second->ops->tend(second, ret);
}

const struct model *cascade_model(struct arena *boot, const struct cascade_options *opt) {
    struct cascade *m = NEW(boot, struct cascade);
    m->opt = *opt;
    m->ops = (struct model_ops){.name = "cascade",
                                .slow = opt->second->ops->slow,
                                .together = opt->second->ops->together,
                                .score = cascade_score,
                                .tend = cascade_tend};
    m->base.ops = &m->ops;
    return &m->base;
}
