/* cascade: a fast model for every post, a better one where it matters.
 *
 * The first model scores the post. The second is asked, and its word counts, where the post names a
 * coin and either the first is not sure of its label, or it takes a side: that is where a trade may
 * follow, and where to be wrong costs money. All ranges of a post are scored by the same model, so
 * that they can be compared; the name that is given back says by which. Any thread; keeps nothing.
 */
#include "model/roberta.h"

#include <math.h>

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

static const char *cascade_score(const struct model *base, struct arena scratch,
                                 const struct words *w, const struct model_range *ranges, int count,
                                 struct model_scores *ret) {
    const struct cascade *m = (const struct cascade *)base;
    const struct model *first = m->opt.first, *second = m->opt.second;
    const char *name = first->ops->score(first, scratch, w, ranges, count, ret);
    bool settled = true;
    for (int i = 0; i < count; i++) settled = settled && is_settled(&ret[i], m->opt.sure_bp);
    if (settled || !names_coin(w)) return name;
    return second->ops->score(second, scratch, w, ranges, count, ret);
}

const struct model *cascade_model(struct arena *boot, const struct cascade_options *opt) {
    struct cascade *m = NEW(boot, struct cascade);
    m->opt = *opt;
    m->ops = (struct model_ops){.name = "cascade", .score = cascade_score};
    m->base.ops = &m->ops;
    return &m->base;
}
