/* kernels: what the forward pass does between its matrix products, one row at a time.
 *
 * The same C, compiled once for each kind of processor (kernels.c); kernels_best() chooses when the
 * program runs. Rows are arrays of float, lengths any number, pointers aligned to nothing, and
 * nothing is remembered. */
#ifndef BF_MODEL_KERNELS_H
#define BF_MODEL_KERNELS_H

#include "base/base.h"

#define KERNEL_LANES 16 /* matrix products come in columns of so many */

/* x = scale * (byte - zero): how a row of numbers lies in bytes. */
struct row_scale {
    float scale, zero;
};

/* What makes a row of sums of products of bytes into numbers: for column n,
 * y = sum * scale[n] * row.scale - shift[n] * row.scale * row.zero + bias[n]. */
struct column_scale {
    const float *scale; /* NULL: the sums are floats, and only the bias is added */
    const float *shift; /* scale[n] times the sum of the column's weights */
    const float *bias;
};

/* What a product left: rows `ld` apart. int32_t where its columns have scales, else float. */
struct sums {
    const float *at;
    int rows, columns, ld;
};

struct kernels {
    const char *name; /* "avx512" */
    /* c[rows][columns] = a[rows][depth] b[depth][columns], rows ld* apart; columns is a multiple
     * of KERNEL_LANES. */
    void (*product)(int rows, int columns, int depth, const float *a, int lda, const float *b,
                    int ldb, float *c, int ldc);
    /* Bytes for a row, and what they mean. */
    struct row_scale (*quantize)(const float *x, int n, uint8_t *ret);
    void (*to_bfloat)(const float *x, int n, uint16_t *ret); /* rounded to even */
    /* Sums as numbers, rows `ldy` apart; `y` may be the same memory. r: of each row, read only
     * where c has scales. The second also takes GELU of them, exactly (by erf). */
    void (*finish)(const struct sums *s, const struct column_scale *c, const struct row_scale *r,
                   float *y, int ldy);
    void (*finish_gelu)(const struct sums *s, const struct column_scale *c,
                        const struct row_scale *r, float *y, int ldy);
    /* x = (x + add, to mean 0 and variance 1) * scale + shift */
    void (*add_norm)(float *x, const float *add, const float *scale, const float *shift,
                     float epsilon, int n);
    void (*softmax)(float *x, float factor, int n); /* of factor * x */
    void (*from_half)(const uint16_t *x, int n, float *ret);
    float (*dot)(const float *a, const float *b, int n);
};

/* The best for this processor. name: "avx512", "avx2", "plain" for that one; NULL: the best. NULL:
 * it is not known, or the processor has not got it. */
const struct kernels *kernels_best(const char *name);

/* What the processor has. */
bool cpu_has_avx512(void);
bool cpu_has_vnni(void);   /* sums of products of bytes, in 512 bits */
bool cpu_has_bfloat(void); /* sums of products of bfloat16, in 512 bits */
bool cpu_has_tiles(void);  /* sums of products of both, of whole tiles (AMX) */

#endif
