/* Law: whatever bytes a file of weights has, safetensors or a zip of PyTorch, it opens or is
 * refused with a reason; and of an open one each tensor is read in full, as finite numbers, or
 * refused. */
#include <math.h>
#include <stdlib.h>

#include "fuzz.h"
#include "model/tensors.h"

#define COUNT_MAX (1 << 20)

static void read_one(const struct tensors *t, const struct tensor *which) {
    struct error err = {0};
    LAW(which->count >= 0 && which->dims >= 0 && which->dims <= TENSOR_DIMS_MAX);
    if (which->count > COUNT_MAX)
        return; /* of a zip: it is looked for in its entry when it is read */
    float *v = malloc((size_t)which->count * sizeof *v + 1);
    LAW(v != NULL);
    if (tensors_read(t, which, v, &err)) {
        for (int64_t i = 0; i < which->count; i++) LAW(isfinite(v[i]));
    } else {
        LAW(err.code == ERR_UNSUPPORTED || err.code == ERR_PARSE || err.code == ERR_RANGE ||
            err.code == ERR_LIMIT);
    }
    free(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    static struct arena boot;
    struct arena mem;
    struct tensors *t;
    struct error err = {0};
    if (!boot.base) arena_open(&boot, TENSORS_MEMORY_BYTES);
    mem = boot;
    if (tensors_from_bytes(&mem, (str){(const char *)data, (ptrdiff_t)bytes}, &t, &err)) {
        for (int i = 0; i < tensors_count(t); i++) read_one(t, tensors_get(t, i));
        tensors_close(t);
    } else {
        LAW(err.code == ERR_PARSE || err.code == ERR_UNSUPPORTED || err.code == ERR_LIMIT);
    }
    return 0;
}
