/* product: rows of activations times the weights of a matrix, by oneDNN where it is there. */
#ifndef BF_MODEL_PRODUCT_H
#define BF_MODEL_PRODUCT_H

#include "base/arena.h"
#include "base/error.h"
#include "model/kernels.h"
#include "model/packed.h"

#define PRODUCT_ROWS_MAX 64 /* at once */
#define PRODUCT_ROWS_STEP                                                                          \
    4 /* more rows than were asked for are computed, up to a multiple of it                        \
       */
#define PRODUCT_SHAPES_MAX 8
#define PRODUCT_MEMBERS_MAX 64

struct product_shape {
    int32_t depth, columns; /* multiples of 64 */
};

struct product_options {
    precision precision;
    const struct product_shape *shapes;
    int shape_count;
    int members; /* threads that multiply at the same time */
};

struct products;

/* What the program was built with, for people: "oneDNN 2.6.3", "no oneDNN". */
const char *products_built_with(void);

/* oneDNN's way: rows of bytes (int8; the result int32_t), of bfloat16 or of floats (the result
 * float). Everything is made here, for every number of rows. Errors: ERR_UNSUPPORTED built without
 * oneDNN, or this processor or this oneDNN cannot do it fast, or memory cannot be made executable;
 * ERR_NOT_FOUND it is not installed. */
MUST_CHECK bool products_open(struct arena *boot, const struct product_options *opt,
                              struct products **ret, struct error *err);
void products_close(struct products *p); /* NULL is fine */

/* y[rows][columns] = x[rows][depth] W. rows: 1..PRODUCT_ROWS_MAX; x is read and y written up to the
 * next PRODUCT_ROWS_STEP. Call on one thread at a time for each member. */
void products_run(struct products *p, int member, int shape, int rows, const void *x,
                  const void *weights, void *y);

/* The same for floats, without oneDNN and without anything to be opened. */
void product_plain(const struct kernels *k, const struct product_shape *s, int rows, const float *x,
                   const float *weights, float *y);

#endif
