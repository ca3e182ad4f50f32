/* words: which words of a post moved its score, found when it is asked for by reading the stored
 * text again (flow/weigh.h). */
#ifndef BF_API_WORDS_H
#define BF_API_WORDS_H

#include "base/arena.h"
#include "base/buf.h"
#include "flow/reader.h"
#include "store/views.h"

/* Appends an object. r: NULL: there is none here, and the answer says so. scratch: by value, what
 * weigh_words takes. */
void words_put(const struct reader *r, struct arena scratch, const struct view_said *said,
               struct buf *out);

#endif
