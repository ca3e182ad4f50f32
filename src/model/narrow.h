/* narrow: products of rows of bytes or of bfloat16 with packed weights, by instructions of AVX-512.
 *
 * Declared everywhere, there on x86-64 only; call when the processor has them (kernels.h). Weights
 * lie as packed.h says. Other than oneDNN's these compute any number of rows, and need nothing made
 * beforehand; where both are, these are faster (bench/, docs/model-card.md). */
#ifndef BF_MODEL_NARROW_H
#define BF_MODEL_NARROW_H

#include "model/kernels.h"

/* A product and what its sums mean, in one: see finish and finish_gelu of struct kernels. depth and
 * columns are multiples of 64. */
struct narrow {
    int rows, columns, depth;
    const void *x; /* [rows][depth]: bytes, or bfloat16 */
    const void *weights;
    const struct column_scale *scale;
    const struct row_scale *row; /* of each row; of bytes only */
    bool gelu;
    float *y; /* rows `ldy` apart */
    int ldy;
};

void narrow_bytes(const struct narrow *n);
void narrow_bfloats(const struct narrow *n);

#endif
