/* linear: the model in the binary, and how it is made.
 *
 * Three classes, hashed words, pairs of words and, for words that training has not seen, groups of
 * letters and stems; integer weights, integer sums. The same texts, seed and options give the same
 * bytes. */
#ifndef BF_MODEL_LINEAR_H
#define BF_MODEL_LINEAR_H

#include "base/buf.h"
#include "base/error.h"
#include "flow/model.h"
#include "flow/reader.h"

/* A model from the bytes of a file; `bytes` is borrowed for ever and aligned to 8. Errors:
 * ERR_DAMAGED. */
MUST_CHECK bool linear_open(struct arena *boot, str bytes, struct model **ret, struct error *err);

#define LINEAR_SETS_MAX 4

/* One file of labelled texts: label (0 negative, 1 neutral, 2 positive), tab, text. Its texts are a
 * domain of their own. */
struct train_set {
    const char *path;
    int weight_bp; /* of each of its texts; 10,000 = 1 */
    bool in_time;  /* its lines are in the order of time: what comes is like the later ones */
};

#define TRAIN_FOLDS_MAX 20

struct train_options {
    struct train_set sets[LINEAR_SETS_MAX];
    int set_count;
    uint64_t seed;
    int epochs;
    int folds;    /* 2..TRAIN_FOLDS_MAX: parts for cross-validation, which also calibrates */
    str classes;  /* word classes, as in models/classes.txt */
    str valences; /* words and phrases, as in models/valence.txt */
    const struct reader *reader; /* to find the coins that the texts name */
};

struct eval_result {
    int64_t count[3];     /* texts by label */
    int64_t hit[3];       /* of those, read rightly */
    int64_t pole_hit[3];  /* read rightly when only negative and positive may be said */
    int64_t matrix[3][3]; /* label, reading */
    int64_t brier_e8;     /* sum over texts of the squared distance to the truth, 1e-8 */
    struct {
        int64_t count, hit, sum_bp; /* texts, read rightly, sum of the probabilities told */
    } bin[10];                      /* by the probability of the label that was read */
};

/* Counts one text. */
void eval_add(struct eval_result *e, int truth, const int32_t probs_bp[3]);

/* Reads every text of a labelled file as `score` does. */
MUST_CHECK bool model_evaluate(const struct reader *r, const char *path, struct eval_result *ret,
                               struct error *err);

/* A set without neutral texts is judged by its two poles. */
static inline bool eval_two(const struct eval_result *e) { return e->count[1] == 0; }
/* Recall of a label, in basis points; 0 where it does not occur. */
int64_t eval_recall_bp(const struct eval_result *e, int which);
/* Mean of the recalls of the labels that occur. */
int64_t eval_macro_recall_bp(const struct eval_result *e);
int64_t eval_accuracy_bp(const struct eval_result *e);
/* Mean of the F1 of the labels that occur. */
int64_t eval_macro_f1_bp(const struct eval_result *e);
/* Expected calibration error over ten bins, and the mean Brier score (0 to 20,000). */
int64_t eval_ece_bp(const struct eval_result *e);
int64_t eval_brier_bp(const struct eval_result *e);

/* What cross-validation says of a set: each text read by a model that has not seen it, nor any that
 * starts like it. */
struct train_report {
    struct eval_result set[LINEAR_SETS_MAX];
};

/* Trains and writes the model file into `out` (initialised, empty, at least 8 MiB). Needs some 500
 * MiB of memory and folds + 1 times some seconds. Errors: ERR_IO, ERR_PARSE with file and line. */
MUST_CHECK bool linear_train(const struct train_options *opt, struct buf *out,
                             struct train_report *ret_report, struct error *err);

#endif
