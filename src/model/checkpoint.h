/* checkpoint: a RoBERTa for classifying texts, from the files as Hugging Face publishes them:
 * config.json, vocab.json, merges.txt, and model.safetensors or pytorch_model.bin. */
#ifndef BF_MODEL_CHECKPOINT_H
#define BF_MODEL_CHECKPOINT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"

#define ROBERTA_LAYERS_MAX 64
#define ROBERTA_LABELS_MAX 16
#define ROBERTA_LABEL_BYTES 32 /* of a label's name, with NUL */
#define CHECKPOINT_MEMORY_BYTES                                                                    \
    (INT64_C(8) << 30) /* address space; what is used is the weights                               \
                        */

/* What config.json says. All numbers are checked against each other and against the weights. */
struct roberta_shape {
    int32_t hidden, heads, layers, inner; /* heads divides hidden */
    int32_t vocab, positions;             /* rows of the tables of embeddings */
    int32_t pad;                          /* token i of a text has position pad + 1 + i */
    int32_t labels;
    float epsilon; /* of the normalisations */
    char label[ROBERTA_LABELS_MAX][ROBERTA_LABEL_BYTES];
};

/* Tokens that fit into one text. */
static inline int roberta_tokens_max(const struct roberta_shape *s) {
    return s->positions - s->pad - 1;
}

/* y = x W + b; W is kept as [out][in], as PyTorch has it. */
struct linear_weights {
    const float *w, *b;
    int32_t in, out;
};

struct norm_weights {
    const float *scale, *shift; /* [hidden] */
};

struct layer_weights {
    struct linear_weights query, key, value, attended; /* hidden -> hidden */
    struct norm_weights attended_norm;
    struct linear_weights inner, outer; /* hidden -> inner -> hidden */
    struct norm_weights outer_norm;
};

struct checkpoint {
    struct roberta_shape shape;
    const float *word, *position; /* [vocab][hidden], [positions][hidden] */
    const float *type;            /* [hidden]: of the one kind of token there is */
    int32_t types;                /* kinds of token as config.json says, 0: it does not */
    struct norm_weights embedded_norm;
    struct layer_weights layer[ROBERTA_LAYERS_MAX];
    struct linear_weights dense, classify; /* hidden -> hidden -> labels */
    str tokenizer;                         /* compiled (bpe.h) */
    uint8_t source[SHA256_BYTES];          /* hash over the five files */
    str weights_file;                      /* which of the two forms it was */
};

/* What config.json says alone. Errors: ERR_PARSE, ERR_UNSUPPORTED another architecture. */
MUST_CHECK bool roberta_shape_parse(str config_json, struct roberta_shape *ret, struct error *err);

/* Reads everything in `folder`; all of it lives in `mem`. Errors: ERR_NOT_FOUND with the file;
 * ERR_PARSE, ERR_UNSUPPORTED, ERR_RANGE, ERR_LIMIT with the file and the part of it. */
MUST_CHECK bool checkpoint_open(struct arena *mem, const char *folder, struct checkpoint **ret,
                                struct error *err);

#endif
