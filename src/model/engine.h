/* engine: a packed model at work: tokens in, logits out. */
#ifndef BF_MODEL_ENGINE_H
#define BF_MODEL_ENGINE_H

#include "model/packed.h"

#define ENGINE_THREADS_MAX 64

/* Who multiplies. */
#define ENGINE_WAY_MAP(X)                                                                          \
    X(BEST, "best")     /* the first of these that this program and this processor have */         \
    X(ONEDNN, "onednn") /* the best only where the processor multiplies tiles (AMX) */             \
    X(NARROW, "narrow") /* our own, in bytes or bfloat16 (narrow.h) */                             \
    X(PLAIN, "plain")   /* our own, in floats: weights are expanded into memory of the process */
typedef enum engine_way {
#define X(name, text) ENGINE_##name,
    ENGINE_WAY_MAP(X)
#undef X
} engine_way;

MUST_CHECK bool engine_way_from_name(str name, engine_way *ret);

struct engine_options {
    int threads; /* 1..ENGINE_THREADS_MAX that compute at once, for all callers together */
    engine_way way;
    const char *kernels; /* see kernels_best(); NULL: the best */
};

struct engine;

/* The weights stay where they are mapped; `p` is borrowed for as long as the engine. Where oneDNN
 * or the processor cannot multiply in the file's precision, the weights are turned into floats, in
 * memory of this process. Errors: ERR_UNSUPPORTED kernels that are not there, ERR_IO. */
MUST_CHECK bool engine_open(struct arena *boot, const struct packed *p,
                            const struct engine_options *opt, struct engine **ret,
                            struct error *err);
void engine_close(struct engine *e); /* NULL is fine */

struct engine_text {
    const int32_t *ids; /* each below the vocabulary's size */
    int count;          /* 2..roberta_tokens_max() */
    float *logits;      /* [labels], written */
};

/* Texts of any lengths, computed together. Any thread: callers take turns. Takes no memory. The
 * logits of a text do not depend on what stands beside it; those of bfloats do, in their last
 * digits: oneDNN sums few rows in another order than many, where the processor has AMX. */
void engine_run(struct engine *e, const struct engine_text *texts, int count);

/* "int8 by AVX-512 VNNI, avx512, 1 thread" */
const char *engine_about(const struct engine *e);

#endif
