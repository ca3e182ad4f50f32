/* Law: whatever the bytes of a packed model, it opens or is refused; an open one runs on any tokens
 * without going astray. And config.json, whatever it says, is a shape or an error.
 *
 * The input is laid over a whole small file: pairs of two bytes (where) and one (what), with sums
 * made to fit, so that not every change ends at the door. An input that begins with '{' is
 * config.json. */
#include <stdlib.h>
#include <unistd.h>

#include "fuzz.h"
#include "model/packed.c"
#include "tiny_roberta.h"

#include "model/engine.h"

static str make_file(struct arena *mem) {
    struct checkpoint *c = tiny_roberta(mem, 1, 8, 2, 1, 8);
    struct packed p = {.shape = c->shape, .precision = PRECISION_INT8};
    const int64_t length = lay_out(NULL, c->tokenizer.n, &p);
    char *file = arena_alloc(mem, 1, 64, length);
    fill_file(c, &p, "fuzz", file, length);
    return (str){file, length};
}

static void run(struct arena mem, const struct packed *p) {
    struct engine *e;
    struct error err;
    const int32_t last = p->shape.vocab - 1;
    const int32_t ids[] = {0, last, last / 2, 0, last};
    float logits[ROBERTA_LABELS_MAX];
    const struct engine_options opt = {.threads = 1, .way = ENGINE_PLAIN};
    if (p->shape.hidden > 64 || p->shape.inner > 64)
        return; /* the sums of the sizes fit, by chance */
    LAW(engine_open(&mem, p, &opt, &e, &err));
    const struct engine_text text = {ids, roberta_tokens_max(&p->shape) < 5 ? 2 : 5, logits};
    engine_run(e, &text, 1);
    engine_close(e);
}

static void read_config(str text) {
    struct roberta_shape s;
    struct error err = {0};
    if (roberta_shape_parse(text, &s, &err))
        LAW(s.hidden % s.heads == 0 && s.labels >= 1 && roberta_tokens_max(&s) >= 2);
    else
        LAW(err.code == ERR_PARSE || err.code == ERR_UNSUPPORTED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    static struct arena boot;
    static str file;
    if (!boot.base) {
        arena_open(&boot, 512 << 20);
        file = make_file(&boot);
    }
    if (bytes > 0 && data[0] == '{') {
        read_config((str){(const char *)data, (ptrdiff_t)bytes});
        return 0;
    }
    if (bytes > 600) return 0;
    struct arena mem = boot;
    char *copy = arena_alloc(&mem, 1, 64, file.n);
    memcpy(copy, file.p, (size_t)file.n);
    for (size_t i = 0; i + 3 <= bytes; i += 3) {
        const ptrdiff_t at = data[i] | data[i + 1] << 8;
        if (at < file.n) copy[at] = (char)(copy[at] ^ data[i + 2]);
    }
    struct head *h = (struct head *)(void *)copy;
    h->quick = quick_sum(copy + HEAD_BYTES, file.n - HEAD_BYTES);
    h->head_quick = head_sum(h);
    struct packed *p;
    struct error err = {0};
    if (packed_from_bytes(&mem, (str){copy, file.n}, &p, &err)) {
        run(mem, p);
    } else {
        LAW(err.code == ERR_DAMAGED || err.code == ERR_UNSUPPORTED);
    }
    return 0;
}
