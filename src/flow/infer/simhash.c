/* simhash: what tells whether two texts are copies, taken in one walk over the words: 64 bits that
 * near-copies nearly share, keys to find them by, the numbers, the hosts that are linked to.
 *
 * Each word and each pair of neighbours votes on every bit; the majority stands. Users, links,
 * punctuation and capitals do not vote, so that a copy with another link or another name in front
 * has the same bits or nearly so. A price report of this hour and one of the next have nearly the
 * same words too, and are told apart by their numbers; but not by one that was only put behind.
 *
 * The keys are the four pairs of neighbours with the smallest hashes: a word put in, left out or
 * exchanged changes two or three pairs of a text, and of its smallest four some are left in 99 of
 * 100 cases. Pure. */
#include "flow/infer/infer_int.h"

/* Sixty-four counters, one a bit, stood on edge: plane i has the i-th digit of each. Votes are
 * gathered by fours, and a four is an addition of one-bit numbers to all counters at once. */
#define PLANES 16
#define TOGETHER 4
_Static_assert(2 * WORDS_MAX < 1 << PLANES, "no counter overflows");

struct votes {
    uint64_t plane[PLANES];
    uint64_t waiting[TOGETHER]; /* the last count % TOGETHER, not yet added */
    uint32_t count;
    int planes; /* that may hold anything */
};

/* Adds two votes to the counters' digits in *plane; what is carried to the next. */
static inline uint64_t add_two(uint64_t *plane, uint64_t a, uint64_t b) {
    const uint64_t one = *plane ^ a, carried = (*plane & a) | (one & b);
    *plane = one ^ b;
    return carried;
}

static inline void add_waiting(struct votes *v) {
    const uint64_t *h = v->waiting;
    const uint64_t first = add_two(&v->plane[0], h[0], h[1]);
    const uint64_t second = add_two(&v->plane[0], h[2], h[3]);
    uint64_t fours = add_two(&v->plane[1], first, second);
    while (v->count >> v->planes != 0) v->planes++;
    for (int i = 2; i < v->planes; i++) {
        const uint64_t carried = v->plane[i] & fours;
        v->plane[i] ^= fours;
        fours = carried;
    }
}

static inline void vote(struct votes *v, uint64_t h) {
    v->waiting[v->count++ % TOGETHER] = h;
    if (v->count % TOGETHER == 0) add_waiting(v);
}

static void vote_end(struct votes *v) {
    if (v->count % TOGETHER == 0) return;
    for (uint32_t i = v->count % TOGETHER; i < TOGETHER; i++) v->waiting[i] = 0;
    add_waiting(v);
}

/* The bits that more than half voted for: each counter compared with that half, digit by digit. */
static uint64_t majority(const struct votes *v) {
    uint64_t above = 0, level = UINT64_MAX;
    for (int i = v->planes - 1; i >= 0; i--) {
        const uint64_t half = (v->count / 2 >> i & 1) != 0 ? UINT64_MAX : 0;
        above |= level & v->plane[i] & ~half;
        level &= ~(v->plane[i] ^ half);
    }
    return above;
}

#define KEYS 4

/* The smallest hashes so far, in order. */
struct smallest {
    uint64_t v[KEYS];
};

/* Each is the larger of the one before it and the smaller of itself and h. No branches: which of
 * them h displaces is anyone's guess, and guessing wrong costs more than the walk. */
static inline void take_smallest(struct smallest *s, uint64_t h) {
    bool known = false;
    for (int i = 0; i < KEYS - 1; i++) known |= h == s->v[i];
    h = known ? s->v[KEYS - 1] : h; /* which displaces nothing */
    for (int i = KEYS - 1; i > 0; i--) {
        const uint64_t least = h < s->v[i] ? h : s->v[i];
        s->v[i] = least > s->v[i - 1] ? least : s->v[i - 1];
    }
    s->v[0] = h < s->v[0] ? h : s->v[0];
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

/* --- salt ------------------------------------------------------------------------------------- */

#define SALT_WORDS 8 /* of a text of so many a last number parts no copies, wherever it stands */

static bool is_silent(word_kind kind) {
    return kind == WORD_USER || kind == WORD_LINK || kind == WORD_PUNCT;
}

/* A mark that ends a sentence or closes what was opened. */
static bool is_end_mark(const struct words *w, int i) {
    return w->v[i].kind == WORD_PUNCT && str_find_byte(STR(".!?)]\"*"), w->norm[w->v[i].norm]) >= 0;
}

/* 4821; not $100, 5%, 1.5, 50k. */
static bool is_bare_integer(const struct words *w, int i) {
    const struct word *v = &w->v[i];
    if (v->kind != WORD_NUMBER) return false;
    for (int32_t at = v->begin; at < v->end; at++) {
        if (w->text.p[at] < '0' || w->text.p[at] > '9') return false;
    }
    return true;
}

static bool has_words_before(const struct words *w, int end) {
    int n = 0;
    for (int i = 0; i < end && n < SALT_WORDS; i++) n += !is_silent((word_kind)w->v[i].kind);
    return n == SALT_WORDS;
}

/* The number that was put behind a text to make a new one of it ("... buy now! 4821"), -1: none.
 * What is no part of the sentence before it is taken for one in any text, else only in a long one:
 * "BTC hits 60000" and "BTC hits 61000" are two reports. */
static int salt_of(const struct words *w) {
    int i = w->count - 1;
    while (i > 0 && (w->v[i].kind == WORD_LINK || w->v[i].kind == WORD_USER || is_end_mark(w, i))) {
        i--;
    }
    if (i < 1 || !is_bare_integer(w, i)) return -1;
    const struct word *before = &w->v[i - 1];
    const bool apart = (w->v[i].flags & WORD_LINE) != 0 || before->kind == WORD_EMOJI ||
                       before->kind == WORD_HASHTAG || is_end_mark(w, i - 1);
    if (apart) return i;
    /* "$ 100", "-5": a sign is a part of the number */
    const bool bare =
        (w->v[i].flags & WORD_SPACED) != 0 &&
        (before->kind != WORD_PUNCT || word_is_mark(w, i - 1, ',') || word_is_mark(w, i - 1, ':'));
    return bare && has_words_before(w, i) ? i : -1;
}

void simhash_words(const struct words *w, struct reading *ret) {
    struct votes v = {0};
    struct smallest pairs = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};
    uint64_t before = 0;
    int32_t words = 0;
    ret->numbers = 0;
    ret->host_count = 0;
    const int salt = salt_of(w);
    for (int i = 0; i < w->count; i++) {
        word_kind kind = (word_kind)w->v[i].kind;
        if (kind == WORD_LINK) note_host(w, &w->v[i], ret);
        if (is_silent(kind) || i == salt) continue;
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
    vote_end(&v);
    ret->simhash = majority(&v);
    ret->keys = keys_of(&pairs);
    ret->token_count = words;
}
