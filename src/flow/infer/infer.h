/* infer: what a text says, for the post and towards each coin. */
#ifndef BF_FLOW_INFER_INFER_H
#define BF_FLOW_INFER_INFER_H

#include "base/error.h"
#include "flow/links.h"
#include "flow/model.h"
#include "flow/words.h"

struct infer;

/* Made in `boot`. model: borrowed for ever. opinions: the text of models/opinions.tsv, borrowed for
 * ever. Errors: ERR_CONFIG with its line. */
MUST_CHECK bool infer_open(struct arena *boot, const struct model *model, str opinions,
                           struct infer **ret, struct error *err);

/* Fills everything of *ret but `post` from the words and the links of a post. Never fails;
 * thread-safe; memory from scratch (by value). */
void infer_words(const struct infer *f, struct arena scratch, const struct words *w,
                 const struct links *links, struct reading *ret);

#endif
