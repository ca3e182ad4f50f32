/* narrow: 64 columns of weights times up to six rows at a time, all sums in registers.
 *
 * 24 sums, four registers of weights and one of activations fill the 32 that there are. A block of
 * 64 columns goes through all rows before the next is touched: its weights come from memory once,
 * which for one post is what takes the time. Sums of products of bytes are exact; those of
 * bfloat16 are taken in pairs, in float. Compiled with the instructions that it is for, so nothing
 * else may stand in this file. Never fails, keeps nothing, any thread. */
#include "model/narrow.h"

#include <immintrin.h>
#include <string.h>

#define ROWS 6   /* at once */
#define WIDTH 64 /* columns at once: four registers of 16 sums */
#define STEP 256 /* bytes of weights that belong to four bytes of a row */

typedef enum narrow_kind { BYTES, BFLOATS } narrow_kind;

static inline __attribute__((always_inline)) __m512i add_products(narrow_kind kind, __m512i sum,
                                                                  __m512i x, __m512i w) {
    if (kind == BYTES) return _mm512_dpbusd_epi32(sum, x, w);
    return (__m512i)_mm512_dpbf16_ps((__m512)sum, (__m512bh)x, (__m512bh)w);
}

/* y[rows][64]: rows of x `ldx` bytes, of y `ldy` sums apart; steps: of four bytes of a row. */
static inline __attribute__((always_inline)) void tile(narrow_kind kind, int rows, int steps,
                                                       const char *x, ptrdiff_t ldx, const char *w,
                                                       char *y, ptrdiff_t ldy) {
    __m512i sum[ROWS][4];
#pragma GCC unroll 6
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++) sum[r][i] = _mm512_setzero_si512();
    for (int k = 0; k < steps; k++, w += STEP) {
        const __m512i w0 = _mm512_loadu_si512(w), w1 = _mm512_loadu_si512(w + 64),
                      w2 = _mm512_loadu_si512(w + 128), w3 = _mm512_loadu_si512(w + 192);
#pragma GCC unroll 6
        for (int r = 0; r < rows; r++) {
            int32_t four;
            memcpy(&four, x + r * ldx + k * 4, sizeof four);
            const __m512i all = _mm512_set1_epi32(four);
            sum[r][0] = add_products(kind, sum[r][0], all, w0);
            sum[r][1] = add_products(kind, sum[r][1], all, w1);
            sum[r][2] = add_products(kind, sum[r][2], all, w2);
            sum[r][3] = add_products(kind, sum[r][3], all, w3);
        }
    }
#pragma GCC unroll 6
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++) _mm512_storeu_si512(y + (r * ldy + i * 16) * 4, sum[r][i]);
}

static inline __attribute__((always_inline)) void product(narrow_kind kind, int rows, int columns,
                                                          ptrdiff_t row_bytes, const char *x,
                                                          const char *w, char *y) {
    const int steps = (int)(row_bytes / 4), tiles = (rows + ROWS - 1) / ROWS;
    for (int n = 0; n < columns; n += WIDTH, w += row_bytes * WIDTH) {
        for (int i = 0, row = 0; i < tiles; i++) {
            const int height = (rows - row + tiles - i - 1) / (tiles - i); /* as even as can be */
            const char *from = x + row * row_bytes;
            char *to = y + ((ptrdiff_t)row * columns + n) * 4;
            row += height;
            switch (height) {
            case 1:
                tile(kind, 1, steps, from, row_bytes, w, to, columns);
                break;
            case 2:
                tile(kind, 2, steps, from, row_bytes, w, to, columns);
                break;
            case 3:
                tile(kind, 3, steps, from, row_bytes, w, to, columns);
                break;
            case 4:
                tile(kind, 4, steps, from, row_bytes, w, to, columns);
                break;
            case 5:
                tile(kind, 5, steps, from, row_bytes, w, to, columns);
                break;
            case 6:
                tile(kind, 6, steps, from, row_bytes, w, to, columns);
                break;
            default: /* not an enum */
                WRONG("a tile has one to six rows");
            }
        }
    }
}

void narrow_bytes(int rows, int columns, int depth, const uint8_t *x, const int8_t *w, int32_t *y) {
    product(BYTES, rows, columns, depth, (const char *)x, (const char *)w, (char *)y);
}

void narrow_bfloats(int rows, int columns, int depth, const uint16_t *x, const uint16_t *w,
                    float *y) {
    product(BFLOATS, rows, columns, (ptrdiff_t)depth * 2, (const char *)x, (const char *)w,
            (char *)y);
}
