/* linear_learn: multinomial logistic regression by AdaGrad.
 *
 * In: a corpus. Out: weights of rows, averaged over the later epochs of some passes, each of which
 * begins anew: what one order of the texts makes of rare words is chance, and what is averaged is
 * still one model. A text's logits are its
 * entries' weights, scaled by its length: those that hold everywhere and those of the text's domain
 * (the file it is from). A second, small regression learns to tell the domains. Labels weigh
 * equally, because macro recall is what the model is judged by. A set with two labels teaches the
 * difference of those two only.
 *
 * Deterministic: order and chance come from the seed, sums are taken in one order on one thread. */
#include <math.h>

#include "model/linear_train_int.h"

#define RATE 0.02F  /* AdaGrad's first step */
#define DECAY 2e-5F /* of weights, per step */
#define PASSES 3    /* models that are averaged, each from another order of the texts */
#define DOMAIN_RATE 0.1F
#define DOMAIN_DECAY 1e-5F
#define DOMAIN_EPOCHS 2

void learner_open(struct arena *a, const struct corpus *c, struct learner *ret) {
    const ptrdiff_t rows = 3 * (ptrdiff_t)c->row_count;
    const ptrdiff_t entries = DOMAINS * (ptrdiff_t)c->entry_count;
    *ret = (struct learner){.c = c};
    ret->w = NEW_ARRAY(a, float, rows);
    ret->g = NEW_ARRAY(a, float, rows);
    ret->sum = NEW_ARRAY(a, float, rows);
    ret->dw = NEW_ARRAY(a, float, entries);
    ret->dg = NEW_ARRAY(a, float, entries);
    ret->order = NEW_ARRAY(a, int32_t, c->ex_count);
    ret->held_groups = NEW_ARRAY(a, uint8_t, 1 << (GROUPS_LOG2 - 3));
}

static void reset(struct learner *l) {
    const struct corpus *c = l->c;
    const size_t rows = 3 * (size_t)c->row_count, entries = DOMAINS * (size_t)c->entry_count;
    memset(l->sum, 0, rows * sizeof(float));
    memset(l->dw, 0, entries * sizeof(float));
    memset(l->dg, 0, entries * sizeof(float));
    memset(l->bias_sum, 0, sizeof l->bias_sum);
    memset(l->domain_bias, 0, sizeof l->domain_bias);
    memset(l->domain_g, 0, sizeof l->domain_g);
}

static void reset_pass(struct learner *l) {
    const size_t rows = 3 * (size_t)l->c->row_count;
    memset(l->w, 0, rows * sizeof(float));
    memset(l->g, 0, rows * sizeof(float));
    memset(l->bias, 0, sizeof l->bias);
    memset(l->bias_g, 0, sizeof l->bias_g);
}

static float length_scale(const struct example *e) {
    return (float)linear_length_scale(e->tokens, PIVOT) / 32768.0F;
}

static inline void step(float *w, float *g, float d, float rate, float decay) {
    d += decay * *w;
    *g += d * d;
    *w -= rate * d / (sqrtf(*g) + 1e-3F);
}

static inline void step3(struct learner *l, int32_t row, const float grad[3], float value) {
    float *w = l->w + 3 * (ptrdiff_t)row, *g = l->g + 3 * (ptrdiff_t)row;
    for (int k = 0; k < 3; k++) step(w + k, g + k, grad[k] * value, RATE, DECAY);
}

static inline void add3(const struct learner *l, int32_t row, float value, float z[3]) {
    const float *w = l->w + 3 * (ptrdiff_t)row;
    for (int k = 0; k < 3; k++) z[k] += value * w[k];
}

static bool own_domains(const struct entry *e) { return e->kind != ENTRY_PAIR; }

/* --- moods ----------------------------------------------------------------------------------- */

/* An entry's weights in one domain. */
static void add_entry(const struct learner *l, const struct entry *e, int domain, float z[3]) {
    if (e->own >= 0) {
        add3(l, e->own, 1, z);
        if (own_domains(e)) add3(l, e->own + 1 + domain, 1, z);
    }
    for (int32_t i = e->first; i < e->first + e->count; i++) {
        const struct feature *f = &l->c->features[i];
        add3(l, f->row, f->value, z);
        if (f->domains) add3(l, f->row + 1 + domain, f->value, z);
    }
}

static void step_entry(struct learner *l, const struct entry *e, int domain, const float grad[3]) {
    if (e->own >= 0) {
        step3(l, e->own, grad, 1);
        if (own_domains(e)) step3(l, e->own + 1 + domain, grad, 1);
    }
    for (int32_t i = e->first; i < e->first + e->count; i++) {
        const struct feature *f = &l->c->features[i];
        step3(l, f->row, grad, f->value);
        if (f->domains) step3(l, f->row + 1 + domain, grad, f->value);
    }
}

static void softmax(const float z[3], bool two, float p[3]) {
    float top = two ? fmaxf(z[0], z[2]) : fmaxf(fmaxf(z[0], z[1]), z[2]), total = 0;
    for (int k = 0; k < 3; k++) {
        p[k] = two && k == 1 ? 0 : expf(z[k] - top);
        total += p[k];
    }
    for (int k = 0; k < 3; k++) p[k] /= total;
}

static void learn(struct learner *l, const struct example *e, float weight) {
    const struct corpus *c = l->c;
    float scale = length_scale(e), z[3] = {0}, p[3], grad[3];
    for (int32_t i = e->first; i < e->first + e->count; i++)
        add_entry(l, &c->entries[c->items[i]], e->set, z);
    for (int k = 0; k < 3; k++) z[k] = z[k] * scale + l->bias[e->set][k];
    softmax(z, corpus_two(c, e->set), p);
    for (int k = 0; k < 3; k++) grad[k] = (p[k] - (k == e->label)) * weight;
    for (int k = 0; k < 3; k++) step(&l->bias[e->set][k], &l->bias_g[e->set][k], grad[k], RATE, 0);
    for (int k = 0; k < 3; k++) grad[k] *= scale;
    for (int32_t i = e->first; i < e->first + e->count; i++)
        step_entry(l, &c->entries[c->items[i]], e->set, grad);
}

/* --- domains --------------------------------------------------------------------------------- */

static bool tells_domain(const struct entry *e) {
    return e->kind != ENTRY_PAIR && e->own >= 0; /* phrases have none */
}

static void domain_shares(const struct learner *l, const struct example *e, float ret[DOMAINS]) {
    const struct corpus *c = l->c;
    float z[DOMAINS] = {0}, scale = length_scale(e), top = -1e9F, total = 0;
    for (int32_t i = e->first; i < e->first + e->count; i++) {
        if (!tells_domain(&c->entries[c->items[i]])) continue;
        const float *w = l->dw + DOMAINS * (ptrdiff_t)c->items[i];
        for (int d = 0; d < DOMAINS; d++) z[d] += w[d];
    }
    for (int d = 0; d < c->opt->set_count; d++) {
        z[d] = z[d] * scale + l->domain_bias[d];
        top = fmaxf(top, z[d]);
    }
    for (int d = 0; d < DOMAINS; d++) {
        ret[d] = d < c->opt->set_count ? expf(z[d] - top) : 0;
        total += ret[d];
    }
    for (int d = 0; d < DOMAINS; d++) ret[d] /= total;
}

static void learn_domain(struct learner *l, const struct example *e, float weight) {
    const struct corpus *c = l->c;
    float p[DOMAINS], scale = length_scale(e);
    domain_shares(l, e, p);
    for (int d = 0; d < c->opt->set_count; d++) {
        float grad = (p[d] - (d == e->set)) * weight;
        step(&l->domain_bias[d], &l->domain_g[d], grad, DOMAIN_RATE, 0);
        for (int32_t i = e->first; i < e->first + e->count; i++) {
            if (!tells_domain(&c->entries[c->items[i]])) continue;
            ptrdiff_t at = DOMAINS * (ptrdiff_t)c->items[i] + d;
            step(l->dw + at, l->dg + at, grad * scale, DOMAIN_RATE, DOMAIN_DECAY);
        }
    }
}

/* --- epochs ---------------------------------------------------------------------------------- */

static bool group_held(const struct learner *l, uint32_t group) {
    return l->held_groups[group >> 3] >> (group & 7) & 1;
}

/* The texts to learn. Returns how many. */
static int32_t choose(struct learner *l, int held_fold) {
    const struct corpus *c = l->c;
    int32_t n = 0;
    memset(l->held_groups, 0, 1 << (GROUPS_LOG2 - 3));
    for (int32_t i = 0; i < c->ex_count; i++) {
        const struct example *e = &c->ex[i];
        if (e->fold == held_fold) l->held_groups[e->group >> 3] |= (uint8_t)(1 << (e->group & 7));
    }
    for (int32_t i = 0; i < c->ex_count; i++) {
        if (!group_held(l, c->ex[i].group)) l->order[n++] = i;
    }
    return n;
}

static void shuffle(struct learner *l, struct rng *rng, int32_t n) {
    for (int32_t i = n - 1; i > 0; i--) {
        int32_t j = (int32_t)rng_below(rng, (uint64_t)i + 1), swap = l->order[i];
        l->order[i] = l->order[j];
        l->order[j] = swap;
    }
}

static void average_add(struct learner *l) {
    for (ptrdiff_t i = 0; i < 3 * (ptrdiff_t)l->c->row_count; i++) l->sum[i] += l->w[i];
    for (int i = 0; i < 3 * DOMAINS; i++) l->bias_sum[i / 3][i % 3] += l->bias[i / 3][i % 3];
}

static void average_take(struct learner *l, int count) {
    const float share = 1.0F / (float)count;
    for (ptrdiff_t i = 0; i < 3 * (ptrdiff_t)l->c->row_count; i++) l->w[i] = l->sum[i] * share;
    for (int i = 0; i < 3 * DOMAINS; i++) l->bias[i / 3][i % 3] = l->bias_sum[i / 3][i % 3] * share;
}

static float set_weight(const struct corpus *c, const struct example *e) {
    return (float)c->opt->sets[e->set].weight_bp / 10000.0F;
}

static void learn_domains(struct learner *l, struct rng *rng, int32_t n) {
    const struct corpus *c = l->c;
    int64_t all = 0;
    float weight[DOMAINS] = {0};
    for (int d = 0; d < DOMAINS; d++) all += c->count[d][0] + c->count[d][1] + c->count[d][2];
    for (int d = 0; d < c->opt->set_count; d++) {
        int64_t here = c->count[d][0] + c->count[d][1] + c->count[d][2];
        if (here) weight[d] = sqrtf((float)all / ((float)c->opt->set_count * (float)here));
    }
    for (int epoch = 0; epoch < DOMAIN_EPOCHS; epoch++) {
        shuffle(l, rng, n);
        for (int32_t i = 0; i < n; i++)
            learn_domain(l, &c->ex[l->order[i]], weight[c->ex[l->order[i]].set]);
    }
}

/* The later half of the epochs is added to the sums. */
static void learn_pass(struct learner *l, struct rng *rng, int32_t n) {
    const struct corpus *c = l->c;
    const int epochs = c->opt->epochs;
    reset_pass(l);
    for (int epoch = 0; epoch < epochs; epoch++) {
        shuffle(l, rng, n);
        for (int32_t i = 0; i < n; i++) {
            const struct example *e = &c->ex[l->order[i]];
            learn(l, e, set_weight(c, e) * corpus_balance(c, e->set, e->label));
        }
        if (epoch >= epochs / 2) average_add(l);
    }
}

void learner_run(struct learner *l, int held_fold, uint64_t seed) {
    const int epochs = l->c->opt->epochs;
    struct rng rng;
    rng_init(&rng, seed);
    reset(l);
    const int32_t n = choose(l, held_fold);
    learn_domains(l, &rng, n);
    for (int pass = 0; pass < PASSES; pass++) learn_pass(l, &rng, n);
    average_take(l, PASSES * (epochs - epochs / 2));
}

/* --- what was learnt -------------------------------------------------------------------------- */

void learner_entry(const struct learner *l, int32_t entry, float ret[DOMAINS][3]) {
    for (int d = 0; d < DOMAINS; d++) {
        for (int k = 0; k < 3; k++) ret[d][k] = 0;
        add_entry(l, &l->c->entries[entry], d, ret[d]);
    }
}

void learner_read(const struct learner *l, const struct example *e, struct told *ret) {
    const struct corpus *c = l->c;
    float scale = length_scale(e);
    for (int d = 0; d < DOMAINS; d++) {
        float z[3] = {0};
        for (int32_t i = e->first; i < e->first + e->count; i++)
            add_entry(l, &c->entries[c->items[i]], d, z);
        for (int k = 0; k < 3; k++) ret->z[d][k] = z[k] * scale;
    }
    domain_shares(l, e, ret->share);
}
