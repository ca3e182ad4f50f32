/* eval_targets: `bullfinch eval --targets FILE`. */
#ifndef BF_APP_EVAL_TARGETS_H
#define BF_APP_EVAL_TARGETS_H

#include "app/app.h"
#include "flow/reader.h"

/* How often a file's posts were read as labelled, towards the coin that each line names. */
struct eval_targets {
    int64_t matrix[3][3]; /* label, reading */
    int64_t unlinked;     /* lines whose coin was not linked; they count as read "none" */
    int64_t posts;
    int64_t pairs, pairs_right; /* contrasts of two lines or more */
    int64_t alone;              /* pairs with one line only: no contrast */
};

/* Reads every line of the file {"text", "symbol", "polarity": -1|0|1, "pair"}; lines with the same
 * `pair` (a string or a whole number; absent: in no pair) are one contrast, right when all its
 * lines are; one line alone is none. misses: NULL, or gets a line for each that was read wrongly,
 * with why. Errors: ERR_IO, ERR_NOT_FOUND, ERR_PARSE with the line. */
MUST_CHECK bool eval_targets_file(const struct reader *r, const char *path, struct buf *misses,
                                  struct eval_targets *ret, struct error *err);

/* Mean of the three recalls, basis points; of the labels that occur. */
int64_t eval_targets_recall_bp(const struct eval_targets *e);

/* As text for people, or one JSON object. */
void eval_targets_put(struct buf *out, const char *path, const struct eval_targets *e, bool json);

#endif
