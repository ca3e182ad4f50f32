/* simhash: what tells whether two texts are copies, taken in one walk over the words: 64 bits that
 * near-copies nearly share, keys to find them by, the numbers, the hosts that are linked to.
 *
 * Each word and each pair of neighbours votes on every bit; the majority stands. Users, links,
 * punctuation and capitals do not vote, so that a copy with another link or another name in front
 * has the same bits or nearly so. A price report of this hour and one of the next have nearly the
 * same words too, and are told apart by their numbers.
 *
 * The keys are the four pairs of neighbours with the smallest hashes: a word put in, left out or
 * exchanged changes two or three pairs of a text, and of its smallest four some are left in 99 of
 * 100 cases. Pure. */
#include "flow/infer/infer_int.h"

#define LANES 8        /* bytes of a hash; a lane counts its eight bits in a byte each */
#define LANE_VOTES 255 /* until a count overflows */

/* Votes, first counted in the bytes of eight words, so that one vote is eight additions. */
struct votes {
    uint64_t lane[LANES];
    int32_t total[64];
    int32_t count, in_lanes;
};

/* A byte's bits, each in a byte of its own: bit i in byte i. */
static inline uint64_t spread_bits(uint64_t byte) {
    uint64_t copies = byte * UINT64_C(0x0101010101010101) & UINT64_C(0x8040201008040201);
    return (copies + UINT64_C(0x00406070787C7E7F)) >> 7 & UINT64_C(0x0101010101010101);
}

static void flush(struct votes *v) {
    for (int i = 0; i < 64; i++) v->total[i] += (int32_t)(v->lane[i / 8] >> i % 8 * 8 & 0xFF);
    for (int i = 0; i < LANES; i++) v->lane[i] = 0;
    v->in_lanes = 0;
}

static inline void vote(struct votes *v, uint64_t h) {
    for (int i = 0; i < LANES; i++) v->lane[i] += spread_bits(h >> i * 8 & 0xFF);
    v->count++;
    if (++v->in_lanes == LANE_VOTES) flush(v);
}

#define KEYS 4

/* The smallest hashes so far, in order. */
struct smallest {
    uint64_t v[KEYS];
};

static inline void take_smallest(struct smallest *s, uint64_t h) {
    if (h >= s->v[KEYS - 1]) return;
    for (int i = 0; i < KEYS; i++) {
        if (h == s->v[i]) return;
        if (h > s->v[i]) continue;
        const uint64_t larger = s->v[i];
        s->v[i] = h;
        h = larger;
    }
}

/* Where there are fewer than four, the last one stands for the others. */
static uint64_t keys_of(const struct smallest *s) {
    uint64_t keys = 0, last = 0;
    for (int i = 0; i < KEYS; i++) {
        if (s->v[i] != UINT64_MAX) last = s->v[i] & 0xFFFF;
        keys |= last << 16 * i;
    }
    return keys;
}

/* "https://www.Example.com:8080/x" -> "example.com" */
static str host_of(str link, char block[HOST_BYTES]) {
    const ptrdiff_t scheme = str_find(link, STR("://"));
    if (scheme >= 0) link = str_tail(link, scheme + 3);
    ptrdiff_t n = 0;
    while (n < link.n && n < HOST_BYTES && str_find_byte(STR("/?#:"), link.p[n]) < 0) {
        const char c = link.p[n];
        block[n++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    const str host = str_from_bytes(block, n);
    return str_starts(host, STR("www.")) ? str_tail(host, 4) : host;
}

static void note_host(const struct words *w, const struct word *link, struct reading *ret) {
    char block[HOST_BYTES];
    const uint64_t h =
        str_hash(host_of(str_from_bytes(w->text.p + link->begin, link->end - link->begin), block));
    for (int i = 0; i < ret->host_count; i++) {
        if (ret->hosts[i] == h) return;
    }
    if (ret->host_count < READING_HOSTS_MAX) ret->hosts[ret->host_count++] = h;
}

void simhash_words(const struct words *w, struct reading *ret) {
    struct votes v = {0};
    struct smallest pairs = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};
    uint64_t before = 0;
    int32_t words = 0;
    ret->numbers = 0;
    ret->host_count = 0;
    for (int i = 0; i < w->count; i++) {
        word_kind kind = (word_kind)w->v[i].kind;
        if (kind == WORD_LINK) note_host(w, &w->v[i], ret);
        if (kind == WORD_USER || kind == WORD_LINK || kind == WORD_PUNCT) continue;
        uint64_t h = w->v[i].hash * UINT64_C(0x9E3779B97F4A7C15);
        h ^= h >> 32;
        if (kind == WORD_NUMBER)
            ret->numbers |= UINT64_C(1) << (h & 63) | UINT64_C(1) << (h >> 6 & 63);
        vote(&v, h);
        if (before) {
            const uint64_t pair = (before ^ h) * UINT64_C(0xD6E8FEB86659FD93);
            vote(&v, pair);
            take_smallest(&pairs, pair ^ pair >> 32);
        }
        before = h << 1 | 1;
        words++;
    }
    if (words == 1) take_smallest(&pairs, before >> 1);
    flush(&v);
    uint64_t bits = 0;
    for (int i = 0; i < 64; i++) bits |= (uint64_t)(2 * v.total[i] > v.count) << i;
    ret->simhash = bits;
    ret->keys = keys_of(&pairs);
    ret->token_count = words;
}
