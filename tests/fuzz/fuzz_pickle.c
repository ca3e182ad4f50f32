/* Law: a pickle, whatever it says, is read as a table of tensors or refused, and nothing is done
 * that it asks for. */
#include "fuzz.h"
#include "model/tensors_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    static struct arena boot;
    if (!boot.base) arena_open(&boot, TENSORS_MEMORY_BYTES);
    struct arena mem = boot;
    struct tensors t = {.v = NEW_ARRAY(&mem, struct tensor, TENSORS_MAX)};
    struct error err = {0};
    if (pickle_read(&mem, (str){(const char *)data, (ptrdiff_t)bytes}, &t, &err)) {
        for (int i = 0; i < t.count; i++) {
            LAW(t.v[i].name.n > 0 || t.v[i].name.p != NULL);
            LAW(t.v[i].storage_first >= 0 && t.v[i].count >= 0);
            LAW(tensors_find(&t, t.v[i].name) == &t.v[i]);
        }
    } else {
        LAW(err.code == ERR_PARSE || err.code == ERR_UNSUPPORTED || err.code == ERR_LIMIT);
    }
    return 0;
}
