/* phrases: a table from words and short sequences of words to numbers.
 *
 * Built once at start, then read-only and shared by all threads. A phrase is found where a word
 * starts it, longest match first; hyphens inside ("shiba-inu") do not matter. Matching compares
 * hashes of normalised forms, never text. */
#ifndef BF_FLOW_PHRASES_H
#define BF_FLOW_PHRASES_H

#include "flow/words.h"

#define PHRASE_NONE (-1)

struct phrases;

/* Made in `boot`; room for `max` words over all phrases. */
struct phrases *phrases_open(struct arena *boot, int max);

/* Adds a phrase (any case) with a value >= 0. Returns the value it had before, which stays, or
 * PHRASE_NONE when it was new. Asserts when `max` is exceeded or there is no word in it. */
int phrases_add(struct phrases *t, struct arena scratch, str phrase, int value);

/* The value of the longest phrase that starts at word `at`, PHRASE_NONE if none; *ret_end: the word
 * behind it. */
int phrases_find(const struct phrases *t, const struct words *w, int at, int *ret_end);

/* The value of the one-word phrase of this form. */
int phrases_find_form(const struct phrases *t, str norm);

#endif
