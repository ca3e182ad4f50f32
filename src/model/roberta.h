/* roberta: a packed model with its tokenizer and its engine, ready to be asked. */
#ifndef BF_MODEL_ROBERTA_H
#define BF_MODEL_ROBERTA_H

#include "flow/model.h"
#include "model/engine.h"

#define ROBERTA_TEXT_BYTES_MAX 32768 /* what stands behind is not read; 512 tokens end before */
#define ROBERTA_TEXTS_MAX 64         /* at once */
/* What roberta_logits() takes of its scratch, at most. */
#define ROBERTA_SCRATCH_BYTES (2 << 20)

struct roberta_options {
    const char *path; /* of the packed file */
    struct engine_options engine;
};

struct roberta;

/* Maps the file and makes what it needs; memory of `boot`, and its own until closed. Errors: as
 * packed_open() and engine_open(). */
MUST_CHECK bool roberta_open(struct arena *boot, const struct roberta_options *opt,
                             struct roberta **ret, struct error *err);
void roberta_close(struct roberta *r); /* NULL is fine */

const struct packed *roberta_packed(const struct roberta *r);
const char *roberta_about(const struct roberta *r); /* see engine_about() */

/* The logits, in the file's order of labels, of `count` texts (1..ROBERTA_TEXTS_MAX): ret[i] has
 * one for each label. Texts are masked as posts are (bpe.h) and cut to what the model takes.
 * ret_tokens (NULL: not wanted): of each text. Any thread; scratch by value. */
void roberta_logits(const struct roberta *r, struct arena scratch, const str *texts, int count,
                    float (*ret)[ROBERTA_LABELS_MAX], int *ret_tokens);

/* Are these, of each label, numbers? Weights that are finite may still be too large to compute
 * with. Errors: ERR_RANGE. */
MUST_CHECK bool roberta_are_numbers(const struct roberta_shape *s, const float *logits,
                                    struct error *err);

/* Which of the file's labels is negative, neutral and positive: by their names, or in this order
 * where they have none (LABEL_0 to LABEL_2). Errors: ERR_UNSUPPORTED other labels. */
MUST_CHECK bool roberta_labels(const struct roberta_shape *s, int ret[3], struct error *err);

/* Does it say numbers of a few texts? Errors: ERR_RANGE. */
MUST_CHECK bool roberta_number_test(const struct roberta *r, struct error *err);
/* Do the labels mean what they say? Reads a few texts that nobody reads wrongly. Errors:
 * ERR_DAMAGED with the text that was read as its opposite; as roberta_labels() and
 * roberta_number_test(). */
MUST_CHECK bool roberta_self_test(const struct roberta *r, struct error *err);

/* As the reader asks it. A post of which it says no numbers is left to the linear model, and that
 * is logged. Made in `boot`; borrows r. Call only when roberta_self_test() went well,
 * unless it does not matter what is said of posts. Errors: as roberta_labels(). */
MUST_CHECK bool roberta_model(struct arena *boot, const struct roberta *r, const struct model **ret,
                              struct error *err);

struct cascade_options {
    const struct model *first;  /* asked of every post */
    const struct model *second; /* asked where a coin is named and the first is not settled */
    int32_t sure_bp; /* settled: neutral is at least so likely, in each part of the post */
};

/* Both. Made in `boot`, borrows them. */
const struct model *cascade_model(struct arena *boot, const struct cascade_options *opt);

#endif
