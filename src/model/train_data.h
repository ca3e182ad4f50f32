/* train_data: labelled texts, read from files; private to training and evaluation. */
#ifndef BF_MODEL_TRAIN_DATA_H
#define BF_MODEL_TRAIN_DATA_H

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

struct labelled {
    int label; /* 0..2 */
    str text;  /* as feed would give it */
};

/* Calls take(ctx, item) for each line "LABEL<tab>TEXT" of a file; the text's escapes (\u2019,
 * doubled quotes) are undone and it is cleaned like a post. item->text lives until the next call.
 * Errors: ERR_IO, ERR_PARSE with file and line. */
typedef void labelled_fn(void *ctx, const struct labelled *item);
MUST_CHECK bool labelled_read(const char *path, labelled_fn *take, void *ctx, struct error *err);

#endif
