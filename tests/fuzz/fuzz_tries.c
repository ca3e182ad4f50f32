/* Law: whatever is read as a history is bounded, and what is written of it is read back as the
 * same; in little room the last ones of it are. */
#include <string.h>

#include "fuzz.h"
#include "store/tries.h"

static bool same(const struct one_try *a, const struct one_try *b) {
    return a->at == b->at && strcmp(a->who, b->who) == 0 && strcmp(a->error, b->error) == 0;
}

static void read_back(const struct tries *t, ptrdiff_t most) {
    static char block[TRIES_BYTES_MAX];
    struct tries again;
    struct buf text;
    buf_init_fixed(&text, block, sizeof block);
    tries_put(t, most, &text);
    LAW(!buf_full(&text) && text.len <= most);
    tries_read(buf_str(&text), &again);
    LAW(again.count <= t->count);
    LAW(most < TRIES_BYTES_MAX - 1 || again.count == t->count);
    for (int i = 1; i <= again.count; i++)
        LAW(same(&again.v[again.count - i], &t->v[t->count - i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    struct tries t;
    tries_read(str_from_bytes(data, (ptrdiff_t)bytes), &t);
    LAW(t.count >= 0 && t.count <= TRIES_MAX);
    read_back(&t, TRIES_BYTES_MAX - 1);
    read_back(&t, 2 + (ptrdiff_t)(bytes % 1024));
    tries_add(&t, 0, STR("me"), str_from_bytes(data, (ptrdiff_t)bytes));
    LAW(t.count >= 1 && t.count <= TRIES_MAX && strcmp(t.v[t.count - 1].who, "me") == 0);
    return 0;
}
