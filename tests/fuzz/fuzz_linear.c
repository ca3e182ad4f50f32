/* Law: whatever the bytes of a model file are, it opens or is refused as damaged; and an open model
 * reads any text without going astray, the same way twice.
 *
 * The input is laid over a whole model file: pairs of three bytes (where, coarsely) and one (what).
 * With a checksum made to fit, so that not every change ends at the door. */
#include "flow/embedded.h"
#include "flow/reader.h"
#include "fuzz.h"
#include "model/linear_int.h"

#define BOOT_BYTES (32 << 20)
#define CHANGE_BYTES 4

static void change(char *file, ptrdiff_t n, const uint8_t *data, size_t bytes) {
    for (size_t i = 0; i + CHANGE_BYTES <= bytes; i += CHANGE_BYTES) {
        ptrdiff_t at = data[i] | data[i + 1] << 8 | data[i + 2] << 16;
        if (at < n) file[at] = (char)(file[at] ^ data[i + 3]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    static struct arena boot, scratch;
    static char *copy;
    const str whole = embedded_linear();
    if (!boot.base) {
        arena_open(&boot, BOOT_BYTES);
        arena_open(&scratch, 1 << 20);
        copy = arena_alloc(&boot, 1, 64, whole.n);
        memcpy(copy, whole.p, (size_t)whole.n);
    }
    struct arena a = boot;
    struct linear_header *h = (struct linear_header *)(void *)copy;
    struct model *m;
    struct error err = {0};
    if (bytes > 4096) return 0;
    change(copy, whole.n, data, bytes);
    h->hash = linear_checksum(h, str_tail((str){copy, whole.n}, (ptrdiff_t)sizeof *h));
    if (linear_open(&a, (str){copy, whole.n}, &m, &err)) {
        struct words w;
        struct model_scores once, again;
        struct arena s = scratch;
        words_split(&s, STR("not so great today, I can't wait for the $BTC moon! http :("), &w);
        const struct model_range all = {0, w.count};
        struct model_ask asks[2] = {{.words = &w, .ranges = &all, .count = 1, .scores = &once},
                                    {.words = &w, .ranges = &all, .count = 1, .scores = &again}};
        m->ops->score(m, s, asks, 2);
        LAW(memcmp(&once, &again, sizeof once) == 0);
    } else {
        LAW(err.code == ERR_DAMAGED);
    }
    change(copy, whole.n, data, bytes); /* back */
    h->hash = linear_checksum(h, str_tail((str){copy, whole.n}, (ptrdiff_t)sizeof *h));
    return 0;
}
