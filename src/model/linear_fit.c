/* linear_fit: from what a model says to probabilities.
 *
 * In: what models said of texts that they had not learnt. Out: for each domain a scale and a bias a
 * label. First both are fitted to the likelihood; then the biases alone are moved to where the
 * recalls of the labels are best on average, because what is rare in training is found too seldom
 * in texts on new topics. All sets count alike, and in each all labels (and folds, for the
 * recalls). A set that has no neutral texts says nothing of how often its domain is neutral: a
 * small share is taken for granted.
 *
 * Plain gradient descent in a fixed order: deterministic. */
#include <math.h>

#include "model/linear_train_int.h"

#define ROUNDS 200
#define RATE 0.5F
#define NEUTRAL_SHARE 0.05F /* of a set without neutral texts */
#define SHARP 3.0F          /* how steep the smoothed recall is */
#define RECALL_ROUNDS 150
#define RECALL_RATE 0.6F

struct slope {
    float scale[DOMAINS], bias[DOMAINS][3];
};

static void mix(const struct fit *f, const struct told *t, float y[3]) {
    for (int k = 0; k < 3; k++) y[k] = 0;
    for (int d = 0; d < DOMAINS; d++) {
        if (t->share[d] <= 0) continue;
        for (int k = 0; k < 3; k++)
            y[k] += t->share[d] * (f->scale[d] * t->z[d][k] + f->bias[d][k]);
    }
}

static void softmax(const float y[3], float sharp, bool two, float p[3]) {
    float top = two ? fmaxf(y[0], y[2]) : fmaxf(fmaxf(y[0], y[1]), y[2]), total = 0;
    for (int k = 0; k < 3; k++) {
        p[k] = two && k == 1 ? 0 : expf(sharp * (y[k] - top));
        total += p[k];
    }
    for (int k = 0; k < 3; k++) p[k] /= total;
}

static void slope_add(struct slope *s, const struct told *t, const float dy[3]) {
    for (int d = 0; d < DOMAINS; d++) {
        if (t->share[d] <= 0) continue;
        for (int k = 0; k < 3; k++) {
            s->scale[d] += t->share[d] * dy[k] * t->z[d][k];
            s->bias[d][k] += t->share[d] * dy[k];
        }
    }
}

/* Gradient of the log loss. */
static void loss_add(const struct corpus *c, const struct example *e, const struct told *t,
                     const struct fit *f, float weight, struct slope *s) {
    const bool two = corpus_two(c, e->set);
    float y[3], p[3], dy[3];
    mix(f, t, y);
    softmax(y, 1, false, p);
    for (int k = 0; k < 3; k++) {
        float truth = (float)(k == e->label);
        if (two) truth = k == 1 ? NEUTRAL_SHARE : truth * (1 - NEUTRAL_SHARE);
        dy[k] = (p[k] - truth) * weight;
    }
    slope_add(s, t, dy);
}

/* Gradient of the smoothed recall, downhill. */
static void recall_add(const struct corpus *c, const struct example *e, const struct told *t,
                       const struct fit *f, float weight, struct slope *s) {
    const bool two = corpus_two(c, e->set);
    float y[3], p[3], dy[3];
    mix(f, t, y);
    softmax(y, SHARP, two, p);
    for (int k = 0; k < 3; k++) dy[k] = p[e->label] * (p[k] - (k == e->label)) * SHARP * weight;
    if (two) dy[1] = 0;
    slope_add(s, t, dy);
}

/* For the likelihood: sets and their labels count alike. */
static float weight_of(const struct corpus *c, const struct example *e) {
    const int64_t *n = c->count[e->set];
    return corpus_balance(c, e->set, e->label) / (float)(n[0] + n[1] + n[2]);
}

/* For the recalls: in each fold the labels count alike. Of a set in the order of time a later fold
 * counts more, the last as often as there are folds: what comes is like what was last. */
static float fold_weight(const struct corpus *c, const struct example *e) {
    const int64_t *n = c->fold_count[e->set][e->fold];
    const int labels = (n[0] > 0) + (n[1] > 0) + (n[2] > 0), folds = c->opt->folds;
    const float share =
        c->opt->sets[e->set].in_time ? 2.0F * (float)(e->fold + 1) / (float)(folds + 1) : 1;
    return share / (float)(labels * folds * n[e->label]);
}

void fit_run(const struct corpus *c, const struct told *told, struct fit *ret) {
    struct fit f = {0};
    for (int d = 0; d < DOMAINS; d++) f.scale[d] = 1;
    for (int round = 0; round < ROUNDS + RECALL_ROUNDS; round++) {
        struct slope s = {0};
        const bool recall = round >= ROUNDS;
        for (int32_t i = 0; i < c->ex_count; i++) {
            const struct example *e = &c->ex[i];
            if (recall)
                recall_add(c, e, &told[i], &f, fold_weight(c, e), &s);
            else
                loss_add(c, e, &told[i], &f, weight_of(c, e), &s);
        }
        for (int d = 0; d < DOMAINS; d++) {
            if (!recall) f.scale[d] = fmaxf(f.scale[d] - RATE * s.scale[d], 0);
            for (int k = 0; k < 3; k++)
                f.bias[d][k] -= (recall ? RECALL_RATE : RATE) * s.bias[d][k];
        }
    }
    *ret = f;
}

void fit_probs(const struct fit *f, const struct told *t, int32_t ret_bp[3]) {
    float y[3], p[3];
    mix(f, t, y);
    softmax(y, 1, false, p);
    for (int k = 0; k < 3; k++) ret_bp[k] = (int32_t)lroundf(p[k] * 10000);
}
