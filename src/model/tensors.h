/* tensors: the named arrays in a checkpoint's file of weights, in whichever of its forms.
 *
 * model.safetensors (a JSON header and bytes) and pytorch_model.bin (a zip with a pickle and bytes)
 * are told apart by their first bytes. Nothing in a file is executed; what does not belong to
 * weights is refused by its name. */
#ifndef BF_MODEL_TENSORS_H
#define BF_MODEL_TENSORS_H

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

#define TENSOR_DIMS_MAX 4
#define TENSORS_MAX 8192
#define TENSORS_MEMORY_BYTES (64 << 20) /* what opening takes of its arena, at most */

#define TENSOR_TYPE_MAP(X)                                                                         \
    X(NONE, "", 0)                                                                                 \
    X(F32, "F32", 4)                                                                               \
    X(F16, "F16", 2)                                                                               \
    X(BF16, "BF16", 2)                                                                             \
    X(F64, "F64", 8)                                                                               \
    X(I64, "I64", 8)                                                                               \
    X(I32, "I32", 4)                                                                               \
    X(I16, "I16", 2)                                                                               \
    X(I8, "I8", 1)                                                                                 \
    X(U8, "U8", 1)                                                                                 \
    X(BOOL, "BOOL", 1)
typedef enum tensor_type {
#define X(name, text, bytes) TENSOR_##name,
    TENSOR_TYPE_MAP(X)
#undef X
} tensor_type;

const char *tensor_type_name(tensor_type t); /* "F32", as safetensors writes it */
int tensor_type_bytes(tensor_type t);        /* of one element */

struct tensor {
    str name;
    tensor_type type;
    int dims; /* 0: one number */
    int64_t shape[TENSOR_DIMS_MAX];
    int64_t count;  /* elements, the product of the shape */
    const char *at; /* count elements, little endian, aligned to nothing; NULL: not in memory */
    str storage;    /* of a zip: which of its entries holds it */
    int64_t storage_first; /* its first element there */
    int64_t storage_count; /* elements of the whole entry */
};

struct tensors;

/* Maps the file and reads its table; names and shapes live in `mem`. Errors: ERR_NOT_FOUND, ERR_IO,
 * ERR_PARSE damaged or of another form, ERR_UNSUPPORTED what no weights need, ERR_LIMIT. */
MUST_CHECK bool tensors_open(struct arena *mem, const char *path, struct tensors **ret,
                             struct error *err);
/* The same over bytes in memory, borrowed until tensors_close. */
MUST_CHECK bool tensors_from_bytes(struct arena *mem, str bytes, struct tensors **ret,
                                   struct error *err);
void tensors_close(struct tensors *t); /* NULL is fine */

int tensors_count(const struct tensors *t);
const struct tensor *tensors_get(const struct tensors *t, int idx);
const struct tensor *tensors_find(const struct tensors *t, str name); /* NULL: there is none */

/* Copies all elements of a tensor of floating point numbers. Errors: ERR_UNSUPPORTED another type,
 * ERR_PARSE the entry is damaged, ERR_RANGE a number that is none (NaN) or infinite. */
MUST_CHECK bool tensors_read(const struct tensors *t, const struct tensor *which, float *ret,
                             struct error *err);

float half_to_float(uint16_t half);     /* IEEE binary16 */
float bfloat_to_float(uint16_t bfloat); /* the upper half of a binary32 */

#endif
