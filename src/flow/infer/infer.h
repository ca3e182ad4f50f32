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

#define INFER_POSTS_MAX 64

/* A post, cut into words and linked. */
struct infer_post {
    const struct words *words;
    const struct links *links;
    usec since;          /* as struct model_ask has it */
    struct reading *ret; /* everything of it but `post` is written */
};

/* count: 1..INFER_POSTS_MAX, of which the model is asked at once. Never fails; thread-safe; memory
 * from scratch (by value). */
void infer_posts(const struct infer *f, struct arena scratch, const struct infer_post *posts,
                 int count);

#endif
