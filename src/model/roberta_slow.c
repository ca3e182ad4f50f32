/* roberta_slow: the forward pass, readable.
 *
 *     x = norm(word[id] + position[pad + 1 + i] + type)          for each token i
 *     for each layer:
 *         x = norm(x + attended(softmax(q k' / sqrt(d)) v))      for each head of width d
 *         x = norm(x + outer(gelu(inner(x))))
 *     logits = classify(tanh(dense(x of the first token)))
 *
 * In: weights as PyTorch has them, tokens. Out: logits. Sums are taken in double, so that what it
 * says is nearer to the truth than what it is compared with. Never fails. */
#include "model/roberta_slow.h"

#include <math.h>
#include <stdlib.h>

/* The state of one text. Arrays are [token][...]. */
struct pass {
    const struct roberta_shape *s;
    int count;
    float *x, *query, *key, *value, *sum; /* hidden */
    float *inner;                         /* inner */
    double *weight;                       /* [token]: of one row of attention */
};

static void linear(const struct linear_weights *l, const float *x, int rows, float *ret) {
    for (int r = 0; r < rows; r++) {
        for (int o = 0; o < l->out; o++) {
            double sum = (double)l->b[o];
            for (int i = 0; i < l->in; i++)
                sum += (double)x[r * l->in + i] * (double)l->w[(ptrdiff_t)o * l->in + i];
            ret[r * l->out + o] = (float)sum;
        }
    }
}

/* x = norm(x + add), row by row; add may be NULL. */
static void add_norm(const struct norm_weights *n, float epsilon, int width, const float *add,
                     int rows, float *x) {
    for (int r = 0; r < rows; r++) {
        float *row = x + (ptrdiff_t)r * width;
        double mean = 0, square = 0;
        for (int i = 0; i < width; i++) {
            if (add) row[i] += add[(ptrdiff_t)r * width + i];
            mean += (double)row[i] / width;
        }
        for (int i = 0; i < width; i++) {
            const double d = (double)row[i] - mean;
            square += d * d / width;
        }
        const double scale = 1 / sqrt(square + (double)epsilon);
        for (int i = 0; i < width; i++)
            row[i] = (float)(((double)row[i] - mean) * scale * (double)n->scale[i] +
                             (double)n->shift[i]);
    }
}

/* What token `i` takes from all tokens, for one head whose first column is `at`. */
static void attend(const struct pass *p, int i, int at, float *ret) {
    const int h = p->s->hidden, d = h / p->s->heads;
    double most = -HUGE_VAL, total = 0;
    for (int j = 0; j < p->count; j++) {
        double dot = 0;
        for (int k = 0; k < d; k++)
            dot += (double)p->query[i * h + at + k] * (double)p->key[j * h + at + k];
        p->weight[j] = dot / sqrt(d);
        most = fmax(most, p->weight[j]);
    }
    for (int j = 0; j < p->count; j++) {
        p->weight[j] = exp(p->weight[j] - most);
        total += p->weight[j];
    }
    for (int k = 0; k < d; k++) {
        double sum = 0;
        for (int j = 0; j < p->count; j++)
            sum += p->weight[j] / total * (double)p->value[j * h + at + k];
        ret[at + k] = (float)sum;
    }
}

static void run_layer(struct pass *p, const struct layer_weights *l) {
    const int h = p->s->hidden;
    linear(&l->query, p->x, p->count, p->query);
    linear(&l->key, p->x, p->count, p->key);
    linear(&l->value, p->x, p->count, p->value);
    for (int i = 0; i < p->count; i++)
        for (int head = 0; head < p->s->heads; head++)
            attend(p, i, head * (h / p->s->heads), p->sum + (ptrdiff_t)i * h);
    linear(&l->attended, p->sum, p->count, p->query);
    add_norm(&l->attended_norm, p->s->epsilon, h, p->query, p->count, p->x);
    linear(&l->inner, p->x, p->count, p->inner);
    for (ptrdiff_t i = 0; i < (ptrdiff_t)p->count * p->s->inner; i++) {
        const double v = (double)p->inner[i];
        p->inner[i] = (float)(v * 0.5 * (1 + erf(v / sqrt(2))));
    }
    linear(&l->outer, p->inner, p->count, p->sum);
    add_norm(&l->outer_norm, p->s->epsilon, h, p->sum, p->count, p->x);
}

static void embed(struct pass *p, const struct checkpoint *c, const int32_t *ids) {
    const int h = p->s->hidden;
    for (int i = 0; i < p->count; i++)
        for (int k = 0; k < h; k++)
            p->x[i * h + k] = c->word[(ptrdiff_t)ids[i] * h + k] + c->type[k] +
                              c->position[(ptrdiff_t)(p->s->pad + 1 + i) * h + k];
    add_norm(&c->embedded_norm, p->s->epsilon, h, NULL, p->count, p->x);
}

void roberta_slow(const struct checkpoint *c, const int32_t *ids, int count, float *ret_logits) {
    PRE(count >= 2 && count <= roberta_tokens_max(&c->shape));
    const ptrdiff_t wide = (ptrdiff_t)count * c->shape.hidden;
    float *block = calloc((size_t)(5 * wide + (ptrdiff_t)count * c->shape.inner), sizeof *block);
    struct pass p = {
        .s = &c->shape, .count = count, .weight = calloc((size_t)count, sizeof(double))};
    PRE(block != NULL && p.weight != NULL);
    p.x = block;
    p.query = p.x + wide;
    p.key = p.query + wide;
    p.value = p.key + wide;
    p.sum = p.value + wide;
    p.inner = p.sum + wide;
    embed(&p, c, ids);
    for (int i = 0; i < c->shape.layers; i++) run_layer(&p, &c->layer[i]);
    linear(&c->dense, p.x, 1, p.sum);
    for (int i = 0; i < c->shape.hidden; i++) p.sum[i] = (float)tanh((double)p.sum[i]);
    linear(&c->classify, p.sum, 1, ret_logits);
    free(p.weight);
    free(block);
}
