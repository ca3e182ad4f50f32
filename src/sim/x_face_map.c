/* x_face_map: numbers by numbers: open addressing, never more than half full. A key of zero is
 * none. Its memory is the heap's and is given back by x_map_fini. One thread. */
#include <stdlib.h>

#include "sim/x_face_int.h"

static ptrdiff_t place_of(const struct x_map *m, int64_t key) {
    uint64_t h = (uint64_t)key * UINT64_C(0x9E3779B97F4A7C15);
    ptrdiff_t at = (ptrdiff_t)(h >> 20) & (m->cap - 1);
    while (m->keys[at] != 0 && m->keys[at] != key) at = (at + 1) & (m->cap - 1);
    return at;
}

static void grow(struct x_map *m) {
    struct x_map to = {.cap = m->cap > 0 ? 2 * m->cap : 256, .count = m->count};
    to.keys = calloc((size_t)to.cap, sizeof *to.keys);
    to.values = calloc((size_t)to.cap, sizeof *to.values);
    PRE(to.keys != NULL && to.values != NULL);
    for (ptrdiff_t i = 0; i < m->cap; i++) {
        if (m->keys[i] == 0) continue;
        const ptrdiff_t at = place_of(&to, m->keys[i]);
        to.keys[at] = m->keys[i];
        to.values[at] = m->values[i];
    }
    free(m->keys);
    free(m->values);
    *m = to;
}

void x_map_fini(struct x_map *m) {
    free(m->keys);
    free(m->values);
    *m = (struct x_map){0};
}

void x_map_clear(struct x_map *m) {
    if (m->cap > 0) memset(m->keys, 0, (size_t)m->cap * sizeof *m->keys);
    m->count = 0;
}

bool x_map_find(const struct x_map *m, int64_t key, int64_t *ret) {
    if (m->cap == 0 || key == 0) return false;
    const ptrdiff_t at = place_of(m, key);
    if (m->keys[at] == 0) return false;
    *ret = m->values[at];
    return true;
}

bool x_map_put(struct x_map *m, int64_t key, int64_t value) {
    PRE(key != 0);
    if (2 * (m->count + 1) > m->cap) grow(m);
    const ptrdiff_t at = place_of(m, key);
    const bool fresh = m->keys[at] == 0;
    m->keys[at] = key;
    m->values[at] = value;
    m->count += fresh;
    return fresh;
}
