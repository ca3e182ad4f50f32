/* tensors: a file of weights as a table of named arrays.
 *
 * In: a path, or bytes. Out: names, shapes, numbers as float. The file is mapped and never written;
 * numbers are copied out one tensor at a time, and a copy is checked to be finite, so that nothing
 * behind it need doubt it. Failure: whatever the bytes are, an error and nothing left open. A file
 * that another process cuts while it is mapped ends the program, as with every mapping. Any thread,
 * one at a time. */
#include "model/tensors.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "model/tensors_int.h"

const char *tensor_type_name(tensor_type t) {
    static const char *const names[] = {
#define X(name, text, bytes) text,
        TENSOR_TYPE_MAP(X)
#undef X
    };
    return names[t];
}

int tensor_type_bytes(tensor_type t) {
    static const int bytes_of[] = {
#define X(name, text, bytes) bytes,
        TENSOR_TYPE_MAP(X)
#undef X
    };
    return bytes_of[t];
}

/* --- the table ------------------------------------------------------------------------------- */

static bool count_elements(struct tensor *t, struct error *err) {
    int64_t n = 1;
    for (int i = 0; i < t->dims; i++) {
        if (t->shape[i] < 0 || __builtin_mul_overflow(n, t->shape[i], &n) || n > PTRDIFF_MAX / 16)
            return fail(err, ERR_LIMIT, 0, "\"" STR_FMT "\": its shape is out of range",
                        STR_ARG(str_head(t->name, 80)));
    }
    t->count = n;
    return true;
}

bool tensors_add(struct tensors *t, const struct tensor *what, struct error *err) {
    if (t->count == TENSORS_MAX)
        return fail(err, ERR_LIMIT, 0, "more than %d tensors", TENSORS_MAX);
    if (tensors_find(t, what->name))
        return fail(err, ERR_PARSE, 0, "\"" STR_FMT "\" is there twice",
                    STR_ARG(str_head(what->name, 80)));
    t->v[t->count] = *what;
    if (!count_elements(&t->v[t->count], err)) return false;
    t->count++;
    return true;
}

int tensors_count(const struct tensors *t) { return t->count; }

const struct tensor *tensors_get(const struct tensors *t, int idx) {
    PRE(idx >= 0 && idx < t->count);
    return &t->v[idx];
}

const struct tensor *tensors_find(const struct tensors *t, str name) {
    for (int i = 0; i < t->count; i++)
        if (str_eq(t->v[i].name, name)) return &t->v[i];
    return NULL;
}

/* --- opening --------------------------------------------------------------------------------- */

static bool read_table(struct arena *mem, struct tensors *t, struct error *err) {
    if (str_starts(t->bytes, STR("PK\3\4"))) return pytorch_zip_read(mem, t->bytes, t, err);
    if (str_starts(t->bytes, STR("\x80\x02\x8a\nl\xfc\x9c\x46\xf9 j\xa8P")))
        return fail(err, ERR_UNSUPPORTED, 0,
                    "written by PyTorch before 1.6: load it there and save it again");
    return safetensors_read(mem, t->bytes, t, err);
}

static bool open_over(struct arena *mem, str bytes, bool mapped, struct tensors **ret,
                      struct error *err) {
    struct tensors *t = NEW(mem, struct tensors);
    *t = (struct tensors){.bytes = bytes, .mapped = mapped};
    t->v = NEW_ARRAY(mem, struct tensor, TENSORS_MAX);
    if (!read_table(mem, t, err)) {
        t->mapped = false; /* the caller's still */
        tensors_close(t);
        return false;
    }
    *ret = t;
    return true;
}

bool tensors_from_bytes(struct arena *mem, str bytes, struct tensors **ret, struct error *err) {
    return open_over(mem, bytes, false, ret, err);
}

static bool map_file(const char *path, str *ret, struct error *err) {
    int fd;
    int64_t bytes;
    void *p = MAP_FAILED;
    if (!file_open(path, &fd, &bytes, err)) return false;
    if (bytes > 0) p = mmap(NULL, (size_t)bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    const int sys = errno;
    close(fd);
    if (bytes == 0) return fail(err, ERR_PARSE, 0, "it is empty");
    if (p == MAP_FAILED) return fail(err, ERR_IO, sys, "map it: %s", strerror(sys));
    *ret = (str){p, bytes};
    return true;
}

bool tensors_open(struct arena *mem, const char *path, struct tensors **ret, struct error *err) {
    str bytes = {0};
    if (!map_file(path, &bytes, err)) return fail_in(err, "%s", path);
    if (open_over(mem, bytes, true, ret, err)) return true;
    munmap((void *)(uintptr_t)bytes.p, (size_t)bytes.n);
    return fail_in(err, "%s", path);
}

void tensors_close(struct tensors *t) {
    if (!t) return;
    pytorch_zip_close(t);
    if (t->mapped) munmap((void *)(uintptr_t)t->bytes.p, (size_t)t->bytes.n);
    t->mapped = false;
}

/* --- numbers --------------------------------------------------------------------------------- */

float bfloat_to_float(uint16_t bfloat) {
    const uint32_t bits = (uint32_t)bfloat << 16;
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

float half_to_float(uint16_t half) {
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 31,
                   fraction = half & 0x3FF;
    if (exponent == 0) { /* zero and what is too small for an exponent: fraction * 2^-24 */
        const float tiny = (float)fraction * 0x1p-24F;
        return sign ? -tiny : tiny;
    }
    const uint32_t bits = sign | (exponent == 31 ? 255 : exponent + 112) << 23 | fraction << 13;
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static float element(tensor_type type, const char *at) {
    uint16_t half;
    float single;
    double wide;
    switch (type) {
    case TENSOR_F32:
        memcpy(&single, at, sizeof single);
        return single;
    case TENSOR_F16:
        memcpy(&half, at, sizeof half);
        return half_to_float(half);
    case TENSOR_BF16:
        memcpy(&half, at, sizeof half);
        return bfloat_to_float(half);
    case TENSOR_F64:
        memcpy(&wide, at, sizeof wide);
        return (float)wide;
    case TENSOR_NONE:
    case TENSOR_I64:
    case TENSOR_I32:
    case TENSOR_I16:
    case TENSOR_I8:
    case TENSOR_U8:
    case TENSOR_BOOL:
        break;
    }
    WRONG("asked for before");
}

static bool is_floating(tensor_type t) {
    return t == TENSOR_F32 || t == TENSOR_F16 || t == TENSOR_BF16 || t == TENSOR_F64;
}

static bool convert(const struct tensor *which, const char *at, float *ret, struct error *err) {
    const int bytes = tensor_type_bytes(which->type);
    for (int64_t i = 0; i < which->count; i++) {
        ret[i] = element(which->type, at + i * bytes);
        if (!isfinite(ret[i]))
            return fail(err, ERR_RANGE, 0, "\"" STR_FMT "\": element %lld is no finite number",
                        STR_ARG(str_head(which->name, 80)), (long long)i);
    }
    return true;
}

bool tensors_read(const struct tensors *t, const struct tensor *which, float *ret,
                  struct error *err) {
    if (!is_floating(which->type))
        return fail(err, ERR_UNSUPPORTED, 0, "\"" STR_FMT "\" is of type %s, not floating point",
                    STR_ARG(str_head(which->name, 80)), tensor_type_name(which->type));
    if (which->at) return convert(which, which->at, ret, err);
    char *raw = malloc((size_t)(which->count * tensor_type_bytes(which->type)) + 1);
    if (!raw) return fail(err, ERR_LIMIT, 0, "no memory for \"" STR_FMT "\"", STR_ARG(which->name));
    const bool ok = pytorch_zip_fetch(t, which, raw, err) && convert(which, raw, ret, err);
    free(raw);
    return ok;
}
