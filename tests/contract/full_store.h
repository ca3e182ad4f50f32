/* full_store: a store with rows in each of its tables, as a run and people leave them. */
#ifndef BF_TESTS_CONTRACT_FULL_STORE_H
#define BF_TESTS_CONTRACT_FULL_STORE_H

#include "store/store.h"

/* Of what is written, and of what is looked at; days after the replay's posts. */
#define FULL_NOW (INT64_C(1621512000) * USEC_PER_S)

/* Replays some hours of posts into a new file of SQLite, then writes what a replay does not; the
 * directory is the caller's to remove. */
void full_store_make(char dir[64], char url[160]);

#endif
