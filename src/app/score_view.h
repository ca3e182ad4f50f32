/* score_view: a reading as the JSON object that `bullfinch score` prints, and scoring of streams.
 */
#ifndef BF_APP_SCORE_VIEW_H
#define BF_APP_SCORE_VIEW_H

#include "base/buf.h"
#include "base/error.h"
#include "flow/appraise.h"
#include "flow/reader.h"

/* What scores a post: both borrowed. */
struct scorer {
    const struct reader *reader;
    const struct appraiser *appraiser;
};

/* Appends one JSON object without a line feed: label, probs, sentiment_score, signal_score,
 * mentions, parts (of the mention that gives the score), refusal (why it would not trade, or null),
 * cues, misses, model. signals: one for each mention. */
void score_json(const struct post *p, const struct reading *rd, const struct signal *signals,
                struct buf *out);

/* A line of input (plain text, or a JSON object with `text`) -> post. Errors: what x_post_parse and
 * feed_normalize say. */
MUST_CHECK bool score_post(struct arena *a, str line, struct post *ret, struct error *err);

/* Scores every line of in_fd and writes one JSON object a line to out_fd, in order; a line that
 * cannot be scored gives {"error": "..."} and counts as bad. Errors: ERR_IO. */
MUST_CHECK bool score_stream(const struct scorer *s, int in_fd, int out_fd, int64_t *ret_bad,
                             struct error *err);

#endif
