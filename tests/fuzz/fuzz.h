/* fuzz: what a target is. One file, one law that holds for every input; a broken law aborts.
 *
 * The data is borrowed for the call and has exactly `bytes` bytes (nothing behind them). Return 0.
 * Targets keep nothing between calls: the same bytes always do the same. */
#ifndef BF_TESTS_FUZZ_FUZZ_H
#define BF_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* LAW(cond): says which, and aborts. */
#define LAW(cond) ((cond) ? (void)0 : assert_failed("LAW", #cond, __FILE__, __LINE__, __func__))

#endif
