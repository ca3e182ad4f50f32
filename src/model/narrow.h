/* narrow: products of rows of bytes or of bfloat16 with packed weights, by instructions of AVX-512.
 *
 * Declared everywhere, there on x86-64 only; call when the processor has them (kernels.h). Weights
 * lie as packed.h says. Other than oneDNN's these compute any number of rows, and need nothing made
 * beforehand; where both are, these are faster (bench/, docs/model-card.md). */
#ifndef BF_MODEL_NARROW_H
#define BF_MODEL_NARROW_H

#include "base/base.h"

/* y[rows][columns] = x[rows][depth] W; depth and columns are multiples of 64. */
void narrow_bytes(int rows, int columns, int depth, const uint8_t *x, const int8_t *w, int32_t *y);
void narrow_bfloats(int rows, int columns, int depth, const uint16_t *x, const uint16_t *w,
                    float *y);

#endif
