/* linear: the model in the binary, and how it is made.
 *
 * Three classes, hashed words, pairs of words and, for words that training has not seen, groups of
 * letters; integer weights, integer sums. The same texts, seed and options give the same bytes. */
#ifndef BF_MODEL_LINEAR_H
#define BF_MODEL_LINEAR_H

#include "base/buf.h"
#include "base/error.h"
#include "flow/model.h"
#include "flow/reader.h"

/* A model from the bytes of a file; `bytes` is borrowed for ever and aligned to 8. Errors:
 * ERR_DAMAGED. */
MUST_CHECK bool linear_open(struct arena *boot, str bytes, struct model **ret, struct error *err);

#define TRAIN_SETS_MAX 8

/* One file of labelled texts: label (0 negative, 1 neutral, 2 positive), tab, text. */
struct train_set {
    const char *path;
    int weight_bp; /* of each of its texts; 10,000 = 1 */
};

struct train_options {
    struct train_set sets[TRAIN_SETS_MAX];
    int set_count;
    uint64_t seed;
    int epochs;
    const struct reader *reader; /* to find the coins that the texts name */
};

/* Trains and writes the model file into `out` (initialised, empty, at least 8 MiB). Needs some 300
 * MiB of memory, about a minute. Errors: ERR_IO, ERR_PARSE with file and line. */
MUST_CHECK bool linear_train(const struct train_options *opt, struct buf *out, struct error *err);

struct eval_result {
    int64_t count[3];     /* texts by label */
    int64_t hit[3];       /* of those, read rightly */
    int64_t pole_hit[3];  /* read rightly when only negative and positive may be said */
    int64_t matrix[3][3]; /* label, reading */
};

/* Reads every text of a labelled file with a model. */
MUST_CHECK bool model_evaluate(const struct model *m, const struct reader *r, const char *path,
                               struct eval_result *ret, struct error *err);

/* Mean of the recalls of the labels that occur, in basis points; without neutral texts by poles. */
int64_t eval_macro_recall_bp(const struct eval_result *e);

#endif
