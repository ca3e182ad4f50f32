/* tiny_roberta: a checkpoint with random weights in a small shape, made without any file, for tests
 * of what is done with one. */
#ifndef BF_TESTS_LIB_TINY_ROBERTA_H
#define BF_TESTS_LIB_TINY_ROBERTA_H

#include <string.h>

#include "base/rng.h"
#include "model/bpe.h"
#include "model/checkpoint.h"

#define TINY_VOCAB 64
#define TINY_POSITIONS 130 /* 128 tokens */

static inline const float *tiny_floats(struct arena *a, struct rng *r, int64_t count, double spread,
                                       double middle) {
    float *v = NEW_ARRAY(a, float, count);
    for (int64_t i = 0; i < count; i++) {
        double sum = -6; /* of twelve even ones: nearly normal */
        for (int k = 0; k < 12; k++) sum += (double)rng_below(r, 1 << 20) / (1 << 20);
        v[i] = (float)(middle + spread * sum);
    }
    return v;
}

static inline struct linear_weights tiny_linear(struct arena *a, struct rng *r, int32_t in,
                                                int32_t out) {
    int32_t root = 1;
    while (root * root < in) root++;
    return (struct linear_weights){tiny_floats(a, r, (int64_t)in * out, 0.8 / root, 0),
                                   tiny_floats(a, r, out, 0.05, 0), in, out};
}

static inline struct norm_weights tiny_norm(struct arena *a, struct rng *r, int32_t width) {
    const float *scale = tiny_floats(a, r, width, 0.1, 1);
    return (struct norm_weights){scale, tiny_floats(a, r, width, 0.05, 0)};
}

/* A tokenizer for small letters and blanks. */
static inline str tiny_tokenizer(struct arena *a) {
    struct buf vocab, compiled;
    struct error err;
    buf_init(&vocab, 1 << 16);
    buf_init(&compiled, 1 << 20);
    buf_put(&vocab, STR("{\"<s>\":0,\"<pad>\":1,\"</s>\":2,\"<unk>\":3,\"\\u0120\":4,\"ab\":5"));
    for (int i = 0; i < 26; i++) buf_printf(&vocab, ",\"%c\":%d", 'a' + i, 6 + i);
    buf_put(&vocab, STR("}"));
    const bool ok = bpe_compile(buf_str(&vocab), STR("#version: 0.2\na b\n"), &compiled, &err);
    POST(ok);
    char *p = arena_alloc(a, 1, 64, compiled.len);
    memcpy(p, compiled.p, (size_t)compiled.len);
    const str ret = {p, compiled.len};
    buf_fini(&compiled);
    buf_fini(&vocab);
    return ret;
}

/* hidden a multiple of heads. Labels: negative, neutral, positive. */
static inline struct checkpoint *tiny_roberta(struct arena *a, uint64_t seed, int32_t hidden,
                                              int32_t heads, int32_t layers, int32_t inner) {
    struct checkpoint *c = NEW(a, struct checkpoint);
    struct rng r;
    rng_init(&r, seed);
    c->shape = (struct roberta_shape){.hidden = hidden,
                                      .heads = heads,
                                      .layers = layers,
                                      .inner = inner,
                                      .vocab = TINY_VOCAB,
                                      .positions = TINY_POSITIONS,
                                      .pad = 1,
                                      .labels = 3,
                                      .epsilon = 1e-5F,
                                      .label = {"negative", "neutral", "positive"}};
    c->word = tiny_floats(a, &r, (int64_t)TINY_VOCAB * hidden, 0.8, 0);
    c->position = tiny_floats(a, &r, (int64_t)TINY_POSITIONS * hidden, 0.8, 0);
    c->type = tiny_floats(a, &r, hidden, 0.8, 0);
    c->embedded_norm = tiny_norm(a, &r, hidden);
    for (int i = 0; i < layers; i++)
        c->layer[i] = (struct layer_weights){.query = tiny_linear(a, &r, hidden, hidden),
                                             .key = tiny_linear(a, &r, hidden, hidden),
                                             .value = tiny_linear(a, &r, hidden, hidden),
                                             .attended = tiny_linear(a, &r, hidden, hidden),
                                             .attended_norm = tiny_norm(a, &r, hidden),
                                             .inner = tiny_linear(a, &r, hidden, inner),
                                             .outer = tiny_linear(a, &r, inner, hidden),
                                             .outer_norm = tiny_norm(a, &r, hidden)};
    c->dense = tiny_linear(a, &r, hidden, hidden);
    c->classify = tiny_linear(a, &r, hidden, 3);
    c->tokenizer = tiny_tokenizer(a);
    return c;
}

#endif
