/* simhash: 64 bits that near-copies of a text share.
 *
 * Each word and each pair of neighbours votes on every bit; the majority stands. Users, links,
 * punctuation and capitals do not vote, so that a copy with another link or another name in front
 * has the same bits or nearly so. Pure. */
#include "flow/infer/infer_int.h"

/* Adds one vote on each of 64 bits: eight lanes of a byte each, flushed before they overflow. */
struct votes {
    int32_t total[64];
    int32_t count;
};

static void vote(struct votes *v, uint64_t h) {
    for (int i = 0; i < 64; i++) v->total[i] += (int32_t)(h >> i & 1);
    v->count++;
}

uint64_t simhash_words(const struct words *w, int32_t *ret_count) {
    struct votes v = {0};
    uint64_t before = 0;
    int32_t words = 0;
    for (int i = 0; i < w->count; i++) {
        word_kind kind = (word_kind)w->v[i].kind;
        if (kind == WORD_USER || kind == WORD_LINK || kind == WORD_PUNCT) continue;
        uint64_t h = w->v[i].hash * UINT64_C(0x9E3779B97F4A7C15);
        h ^= h >> 32;
        vote(&v, h);
        if (before) vote(&v, (before ^ h) * UINT64_C(0xD6E8FEB86659FD93));
        before = h << 1 | 1;
        words++;
    }
    uint64_t bits = 0;
    for (int i = 0; i < 64; i++) bits |= (uint64_t)(2 * v.total[i] > v.count) << i;
    *ret_count = words;
    return bits;
}
