/* phrases: a table from words and short sequences of words to numbers.
 *
 * Built once at start, then read-only and shared by all threads. A phrase is found where a word
 * starts it, longest match first; hyphens inside ("shiba-inu") do not matter. Matching compares
 * hashes of normalised forms, never text. */
#ifndef BF_FLOW_PHRASES_H
#define BF_FLOW_PHRASES_H

#include "flow/words.h"

#define PHRASE_NONE (-1)

struct phrase_slot;

/* Private to phrases.c but for the filter, which is asked in line. */
struct phrases {
    struct phrase_slot *slots;
    uint64_t *filter; /* two bits a slot, by key: what is not there is told without a look at slots,
                       * which are more than the nearest cache holds */
    uint64_t mask;
    int used, max;
};

/* Made in `boot`; room for `max` words over all phrases. */
struct phrases *phrases_open(struct arena *boot, int max);

/* Adds a phrase (any case) with a value >= 0. Returns the value it had before, which stays, or
 * PHRASE_NONE when it was new. Asserts when `max` is exceeded or there is no word in it. */
int phrases_add(struct phrases *t, struct arena scratch, str phrase, int value);

/* Lists "phrase|phrase" as they stand in code: more than their words, for phrases_open; and all of
 * a list with one value, where `starts` (NULL: not wanted) gets the bit of each first word, for
 * phrase_may_start. Asserts when a phrase stands twice. */
#define PHRASE_STARTS 64
int phrases_list_bound(const char *list);
void phrases_add_list(struct phrases *t, struct arena scratch, const char *list, int value,
                      uint64_t starts[PHRASE_STARTS]);
static inline bool phrase_may_start(const uint64_t starts[PHRASE_STARTS], uint64_t hash) {
    return (starts[(hash >> 6) & 63] >> (hash & 63) & 1) != 0;
}

static inline uint64_t phrases_filter_bit(const struct phrases *t, uint64_t key) {
    return (key >> 23) & (2 * t->mask + 1);
}

/* False: no phrase starts so. key: of its words, the hash of the first for one. */
static inline bool phrases_may_have(const struct phrases *t, uint64_t key) {
    const uint64_t bit = phrases_filter_bit(t, key);
    return t->filter[bit / 64] >> (bit % 64) & 1;
}

/* phrases_find where phrases_may_have the word. */
int phrases_find_there(const struct phrases *t, const struct words *w, int at, int *ret_end);

/* The value of the longest phrase that starts at word `at`, PHRASE_NONE if none; *ret_end: the word
 * behind it. */
static inline int phrases_find(const struct phrases *t, const struct words *w, int at,
                               int *ret_end) {
    return phrases_may_have(t, w->v[at].hash) ? phrases_find_there(t, w, at, ret_end) : PHRASE_NONE;
}

/* The value of the one-word phrase of this form. */
int phrases_find_form(const struct phrases *t, str norm);

#endif
