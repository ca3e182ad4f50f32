/* kernels: loops over rows, compiled as often as there are kinds of processors.
 *
 * src/model/meson.build compiles this file with KERNELS=avx512, avx2 and plain, each with the
 * instructions of its kind. The loops are plain C that compilers make vectors of (`omp simd` allows
 * sums in another order); only the matrix product spells its vectors out. Results of the kinds
 * differ in the last bits. Never fails, keeps nothing, any thread. */
#include "model/kernels.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define TEXT_(a) #a
#define TEXT(a) TEXT_(a)

/* --- products -------------------------------------------------------------------------------- */

typedef float lanes __attribute__((vector_size(KERNEL_LANES * 4), aligned(4)));

/* rows (1..4) of the result, `width` (1 or 2) times 16 columns: all sums stay in registers. */
static inline __attribute__((always_inline)) void tile(int rows, int width, int depth,
                                                       const float *a, int lda, const float *b,
                                                       int ldb, float *c, int ldc) {
    lanes sum[4][2] = {{{0}}};
    for (int k = 0; k < depth; k++) {
        const lanes *at = (const lanes *)(const void *)(b + (ptrdiff_t)k * ldb);
        for (int r = 0; r < rows; r++)
            for (int w = 0; w < width; w++) sum[r][w] += a[(ptrdiff_t)r * lda + k] * at[w];
    }
    for (int r = 0; r < rows; r++)
        for (int w = 0; w < width; w++)
            *(lanes *)(void *)(c + (ptrdiff_t)r * ldc + w * KERNEL_LANES) = sum[r][w];
}

static void product(int rows, int columns, int depth, const float *a, int lda, const float *b,
                    int ldb, float *c, int ldc) {
    for (int n = 0; n < columns;) {
        const int width = columns - n >= 2 * KERNEL_LANES ? 2 : 1;
        int r = 0;
        for (; r + 4 <= rows; r += 4) {
            const float *ar = a + (ptrdiff_t)r * lda;
            float *cr = c + (ptrdiff_t)r * ldc + n;
            if (width == 2)
                tile(4, 2, depth, ar, lda, b + n, ldb, cr, ldc);
            else
                tile(4, 1, depth, ar, lda, b + n, ldb, cr, ldc);
        }
        for (; r < rows; r++) {
            const float *ar = a + (ptrdiff_t)r * lda;
            float *cr = c + (ptrdiff_t)r * ldc + n;
            if (width == 2)
                tile(1, 2, depth, ar, lda, b + n, ldb, cr, ldc);
            else
                tile(1, 1, depth, ar, lda, b + n, ldb, cr, ldc);
        }
        n += width * KERNEL_LANES;
    }
}

static float dot(const float *a, const float *b, int n) {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* --- in fewer bits --------------------------------------------------------------------------- */

/* Adding this and taking it away rounds to a whole number, halves to even. */
#define ROUND 12582912.0F    /* 1.5 * 2^23 */
#define SPAN_LEAST 0x1p-110F /* of a row; 255 over less is no number */

static struct row_scale quantize(const float *x, int n, uint8_t *ret) {
    float least = 0, most = 0; /* zero is always one of the numbers that bytes can say */
    float odd = 0;             /* 0 times what is no finite number is none either */
#pragma omp simd reduction(min : least) reduction(max : most) reduction(+ : odd)
    for (int i = 0; i < n; i++) {
        least = x[i] < least ? x[i] : least;
        most = x[i] > most ? x[i] : most;
        odd += x[i] * 0;
    }
    const float span = most - least;
    if (!(span >= SPAN_LEAST && span <= FLT_MAX) || odd != 0) {
        memset(ret, 0, (size_t)n); /* all is nothing, or no number, which the scale hands on */
        return (struct row_scale){odd + (span > FLT_MAX ? span * 0 : 0), 0};
    }
    /* zero is rounded down, so that x * to + zero + 0.5 lies between -0.5 and 255.5 */
    const float to = 255 / span, zero = (float)(int32_t)(-least * to);
    for (int i = 0; i < n; i++) ret[i] = (uint8_t)(int32_t)(x[i] * to + (zero + 0.5F));
    return (struct row_scale){span / 255, zero};
}

static void to_bfloat(const float *x, int n, uint16_t *ret) {
    for (int i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        ret[i] = (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
    }
}

/* By a shift and a multiplication that sets the exponent right, also of the smallest. */
static void from_half(const uint16_t *x, int n, float *ret) {
    for (int i = 0; i < n; i++) {
        const uint32_t bits = (uint32_t)(x[i] & 0x7FFF) << 13;
        const uint32_t sign = (uint32_t)(x[i] & 0x8000) << 16;
        float v;
        memcpy(&v, &bits, sizeof v);
        v *= 0x1p112F;
        uint32_t whole;
        memcpy(&whole, &v, sizeof whole);
        whole |= sign;
        memcpy(&ret[i], &whole, sizeof whole);
    }
}

/* --- functions ------------------------------------------------------------------------------- */

/* erf as a quotient of polynomials for |x| < 4, beyond which it is 1 in float; the coefficients are
 * Eigen's. Some 3e-7 off at most. */
static inline float erf_of(float x) {
    x = x < -4 ? -4 : x;
    x = x > 4 ? 4 : x;
    const float q = x * x;
    float above = -2.72614225801306e-10F;
    above = above * q + 2.77068142495902e-08F;
    above = above * q - 2.10102402082508e-06F;
    above = above * q - 5.69250639462346e-05F;
    above = above * q - 7.34990630326855e-04F;
    above = above * q - 2.95459980854025e-03F;
    above = above * q - 1.60960333262415e-02F;
    float below = -1.45660718464996e-05F;
    below = below * q - 2.13374055278905e-04F;
    below = below * q - 1.68282697438203e-03F;
    below = below * q - 7.37332916720468e-03F;
    below = below * q - 1.42647390514189e-02F;
    return x * above / below;
}

static inline float gelu_of(float x) {
    const float half = 0.5F * x;
    return half + half * erf_of(x * 0.707106781186547524F);
}

/* e^x for x <= 0: 2 to the whole part by its exponent, to the rest by a polynomial. What is no
 * finite number gives none. */
static inline float exp_of(float given) {
    const float x = given > -87 ? given : -87; /* also of what is no number */
    const float whole = (x * 1.44269504088896341F + ROUND) - ROUND;
    const float rest = (x - whole * 0.693359375F) + whole * 2.12194440e-4F;
    float p = 1.9875691500e-4F;
    p = p * rest + 1.3981999507e-3F;
    p = p * rest + 8.3334519073e-3F;
    p = p * rest + 4.1665795894e-2F;
    p = p * rest + 1.6666665459e-1F;
    p = p * rest + 5.0000001201e-1F;
    p = p * rest * rest + rest + 1;
    const uint32_t bits = (uint32_t)((int32_t)whole + 127) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return p * power + given * 0;
}

static void softmax(float *x, float factor, int n) {
    float most = x[0], sum = 0;
#pragma omp simd reduction(max : most)
    for (int i = 0; i < n; i++) most = x[i] > most ? x[i] : most;
#pragma omp simd reduction(+ : sum)
    for (int i = 0; i < n; i++) {
        x[i] = exp_of((x[i] - most) * factor);
        sum += x[i];
    }
    const float scale = 1 / sum;
    for (int i = 0; i < n; i++) x[i] *= scale;
}

static void add_norm(float *x, const float *add, const float *scale, const float *shift,
                     float epsilon, int n) {
    float sum = 0, square = 0;
#pragma omp simd reduction(+ : sum)
    for (int i = 0; i < n; i++) {
        x[i] += add[i];
        sum += x[i];
    }
    const float mean = sum / (float)n;
#pragma omp simd reduction(+ : square)
    for (int i = 0; i < n; i++) {
        const float d = x[i] - mean;
        square += d * d;
    }
    const float to = 1 / sqrtf(square / (float)n + epsilon);
    for (int i = 0; i < n; i++) x[i] = (x[i] - mean) * to * scale[i] + shift[i];
}

/* --- what sums mean -------------------------------------------------------------------------- */

#define STRIP 64 /* columns whose scales stay in the nearest cache for all rows */

/* Columns at..at+n of one row. The compiler makes three loops of this: floats, bytes, and each with
 * or without GELU. */
static inline __attribute__((always_inline)) void finish_strip(const float *sums,
                                                               const struct column_scale *c,
                                                               const struct row_scale *r, bool gelu,
                                                               int at, int n, float *y) {
    const float *bias = c->bias + at;
    if (!c->scale) {
        for (int i = 0; i < n; i++) y[i] = gelu ? gelu_of(sums[i] + bias[i]) : sums[i] + bias[i];
        return;
    }
    const int32_t *whole = (const int32_t *)(const void *)sums;
    const float *scale = c->scale + at, *shift = c->shift + at;
    const float row = r->scale, zero = r->scale * r->zero;
    for (int i = 0; i < n; i++) {
        const float v = (float)whole[i] * (scale[i] * row) + (bias[i] - shift[i] * zero);
        y[i] = gelu ? gelu_of(v) : v;
    }
}

static inline __attribute__((always_inline)) void finish_rows(const struct sums *s,
                                                              const struct column_scale *c,
                                                              const struct row_scale *r, bool gelu,
                                                              float *y, int ldy) {
    for (int at = 0; at < s->columns; at += STRIP) {
        const int n = s->columns - at;
        for (int i = 0; i < s->rows; i++) {
            const float *from = s->at + (ptrdiff_t)i * s->ld + at;
            float *to = y + (ptrdiff_t)i * ldy + at;
            if (n >= STRIP)
                finish_strip(from, c, &r[i], gelu, at, STRIP, to);
            else
                finish_strip(from, c, &r[i], gelu, at, n, to);
        }
    }
}

static void finish(const struct sums *s, const struct column_scale *c, const struct row_scale *r,
                   float *y, int ldy) {
    finish_rows(s, c, r, false, y, ldy);
}

static void finish_gelu(const struct sums *s, const struct column_scale *c,
                        const struct row_scale *r, float *y, int ldy) {
    finish_rows(s, c, r, true, y, ldy);
}

extern const struct kernels JOIN(kernels_, KERNELS);
const struct kernels JOIN(kernels_, KERNELS) = {.name = TEXT(KERNELS),
                                                .product = product,
                                                .quantize = quantize,
                                                .to_bfloat = to_bfloat,
                                                .finish = finish,
                                                .finish_gelu = finish_gelu,
                                                .add_norm = add_norm,
                                                .softmax = softmax,
                                                .from_half = from_half,
                                                .dot = dot};
