/* packed: one file with a whole model, laid out as the engine reads it.
 *
 * Made once from a checkpoint (`bullfinch model convert`), then only mapped: its pages are shared
 * by all processes, and nothing is turned round at the start. Where what lies follows from the
 * shapes in its head alone. */
#ifndef BF_MODEL_PACKED_H
#define BF_MODEL_PACKED_H

#include "model/checkpoint.h"

#define PACKED_NAME_BYTES 64

/* How the weights of the matrices are kept. The embeddings are floats in a file of floats, else
 * halves. */
#define PRECISION_MAP(X)                                                                           \
    X(FP32, "fp32")                                                                                \
    X(BF16, "bf16")                                                                                \
    X(INT8, "int8") /* with a scale for each column of outputs */
typedef enum precision {
#define X(name, text) PRECISION_##name,
    PRECISION_MAP(X)
#undef X
} precision;

const char *precision_name(precision p);
MUST_CHECK bool precision_from_name(str name, precision *ret);

/* Depth and columns are multiples of 64; beyond the model's own they are zero. Blocks of 64
 * columns follow each other, each with its whole depth: fp32 [depth][64], bf16 [depth / 2][64][2],
 * int8 [depth / 4][64][4], which is how oneDNN likes them best (BA16a64b, ...2a, ...4a). */
struct packed_matrix {
    const void *weights;
    const float *scale, *shift; /* [columns]; int8 only: see struct column_scale */
    const float *bias;          /* [columns] */
    int32_t depth, columns;
};

struct packed_norm {
    const float *scale, *shift; /* [hidden] */
};

struct packed_layer {
    struct packed_matrix qkv; /* queries, keys and values side by side, each padded to 64 columns */
    struct packed_matrix attended, inner, outer;
    struct packed_norm attended_norm, outer_norm;
};

struct packed {
    struct roberta_shape shape;
    precision precision;
    char name[PACKED_NAME_BYTES];
    uint8_t source[SHA256_BYTES]; /* of the files that it was made from */
    uint8_t hash[SHA256_BYTES];   /* of the file, its head with this field zero */
    int32_t wide;                 /* hidden, rounded up to 64 */
    int32_t inner_wide;
    const void *word;      /* [vocab][hidden], float or half */
    const float *position; /* [positions][hidden], the kind of token added */
    struct packed_norm embedded_norm;
    struct packed_layer layer[ROBERTA_LAYERS_MAX];
    struct packed_matrix dense; /* always fp32: it is small, and what it loses nothing mends */
    const float *classify, *classify_bias; /* [labels][hidden], [labels] */
    str tokenizer;                         /* compiled (bpe.h) */
    str bytes;                             /* the file */
};

/* Writes the file at `path`, under another name first; never over one that is there, unless
 * `replace`. name: what the model is called, on one line, at most PACKED_NAME_BYTES - 1 bytes.
 * Errors: ERR_EXISTS, ERR_IO, ERR_PARSE the name. */
MUST_CHECK bool packed_write(const struct checkpoint *c, precision as, const char *name,
                             const char *path, bool replace, struct error *err);

/* Maps a file and checks its head, its length and a quick checksum over all of it. *ret lives in
 * `boot`, the mapping until packed_close. Errors: ERR_NOT_FOUND, ERR_IO, ERR_DAMAGED. */
MUST_CHECK bool packed_open(struct arena *boot, const char *path, struct packed **ret,
                            struct error *err);
/* The same over bytes in memory, aligned to 64 and borrowed. */
MUST_CHECK bool packed_from_bytes(struct arena *boot, str bytes, struct packed **ret,
                                  struct error *err);
void packed_close(struct packed *p); /* NULL is fine */

/* Is the file, bit for bit, what was written? Reads all of it. Errors: ERR_DAMAGED. */
MUST_CHECK bool packed_verify(const struct packed *p, struct error *err);

/* The weights of a matrix as floats in the layout of fp32; `ret` has depth * columns. */
void packed_expand(precision p, const struct packed_matrix *m, float *ret);

#endif
