/* roberta_slow: the model as it is written in the paper, one number after the other. What all
 * faster ways are held against; for tests and for looking, not for trading. */
#ifndef BF_MODEL_ROBERTA_SLOW_H
#define BF_MODEL_ROBERTA_SLOW_H

#include "model/checkpoint.h"

/* The labels' logits of one text of `count` tokens (2..roberta_tokens_max), each below
 * shape.vocab. Takes its memory from the heap. Any thread. */
void roberta_slow(const struct checkpoint *c, const int32_t *ids, int count, float *ret_logits);

#endif
