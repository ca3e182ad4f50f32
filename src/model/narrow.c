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

/* x times the normal distribution's integral, which is taken as 1/2 + t P(t^2), t being x within
 * +-3.8. Less than 0.00012 off up to there and 0.00011 of x beyond: little beside what is lost when
 * the result is put into bytes or bfloat16. A third of what the exact one costs (kernels.c). */
static inline __m512 gelu_of(__m512 x) {
    static const float p[] = {-1.9569217784e-06F, 5.4621534218e-05F,  -8.7442109361e-04F,
                              9.0457079932e-03F,  -6.5132610500e-02F, 3.9825659990e-01F};
    const __m512 t = _mm512_min_ps(_mm512_max_ps(x, _mm512_set1_ps(-3.8F)), _mm512_set1_ps(3.8F));
    const __m512 q = _mm512_mul_ps(t, t);
    __m512 sum = _mm512_set1_ps(3.0252930827e-08F);
#pragma GCC unroll 6
    for (int i = 0; i < COUNT_OF(p); i++) sum = _mm512_fmadd_ps(sum, q, _mm512_set1_ps(p[i]));
    return _mm512_mul_ps(x, _mm512_fmadd_ps(t, sum, _mm512_set1_ps(0.5F)));
}

/* Rows of x, `steps` times four bytes each, times 64 columns of weights. */
static inline __attribute__((always_inline)) void tile(narrow_kind kind, int rows, int steps,
                                                       const char *x, const char *w, __m512i *ret) {
    const ptrdiff_t ldx = (ptrdiff_t)steps * 4;
    __m512i sum[ROWS][4];
#pragma GCC unroll 6
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++) sum[r][i] = _mm512_setzero_si512();
    for (int k = 0; k < steps; k++, w += STEP) {
        __m512i w0 = _mm512_loadu_si512(w), w1 = _mm512_loadu_si512(w + 64),
                w2 = _mm512_loadu_si512(w + 128), w3 = _mm512_loadu_si512(w + 192);
        /* kept in registers: gcc would load them anew for each row */
        __asm__("" : "+v"(w0), "+v"(w1), "+v"(w2), "+v"(w3));
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
        for (int i = 0; i < 4; i++) ret[r * 4 + i] = sum[r][i];
}

/* Sixteen sums as numbers, for columns from `at` on of row `row`. */
static inline __attribute__((always_inline)) __m512 meaning(narrow_kind kind,
                                                            const struct narrow *n, __m512i sum,
                                                            int row, int at) {
    const __m512 bias = _mm512_loadu_ps(n->scale->bias + at);
    __m512 y;
    if (kind == BYTES) {
        const __m512 scale = _mm512_loadu_ps(n->scale->scale + at),
                     shift = _mm512_loadu_ps(n->scale->shift + at);
        const __m512 of_row = _mm512_set1_ps(n->row[row].scale);
        const __m512 zero = _mm512_set1_ps(n->row[row].scale * n->row[row].zero);
        y = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), _mm512_mul_ps(scale, of_row),
                            _mm512_fnmadd_ps(shift, zero, bias));
    } else {
        y = _mm512_add_ps((__m512)sum, bias);
    }
    return n->gelu ? gelu_of(y) : y;
}

/* The sums of a tile, which lie in the nearest cache, as numbers: where their rows go. */
static void finish_tile(narrow_kind kind, const struct narrow *n, int rows, int row, int at,
                        const __m512i *sum) {
    for (int r = row; r < row + rows; r++)
        for (int i = at; i < at + WIDTH; i += 16, sum++)
            _mm512_storeu_ps(n->y + (ptrdiff_t)r * n->ldy + i, meaning(kind, n, *sum, r, i));
}

/* long: a case for each height of a tile. */
static inline __attribute__((always_inline)) void product(narrow_kind kind,
                                                          const struct narrow *n) {
    const int steps = n->depth / (kind == BYTES ? 4 : 2), tiles = (n->rows + ROWS - 1) / ROWS;
    const char *w = n->weights;
    for (int at = 0; at < n->columns; at += WIDTH, w += (ptrdiff_t)steps * STEP) {
        for (int i = 0, row = 0; i < tiles; i++) {
            const int height = (n->rows - row + tiles - i - 1) / (tiles - i); /* evenly */
            const char *x = (const char *)n->x + (ptrdiff_t)row * steps * 4;
            __m512i sum[ROWS * 4];
            switch (height) {
            case 1:
                tile(kind, 1, steps, x, w, sum);
                break;
            case 2:
                tile(kind, 2, steps, x, w, sum);
                break;
            case 3:
                tile(kind, 3, steps, x, w, sum);
                break;
            case 4:
                tile(kind, 4, steps, x, w, sum);
                break;
            case 5:
                tile(kind, 5, steps, x, w, sum);
                break;
            case 6:
                tile(kind, 6, steps, x, w, sum);
                break;
            default: /* not an enum */
                WRONG("a tile has one to six rows");
            }
            finish_tile(kind, n, height, row, at, sum);
            row += height;
        }
    }
}

void narrow_bytes(const struct narrow *n) { product(BYTES, n); }
void narrow_bfloats(const struct narrow *n) { product(BFLOATS, n); }
