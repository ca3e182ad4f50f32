/* texts: standard input line by line for the commands that look at a model: each line a JSON object
 * with `text`, each answer one line. */
#ifndef BF_APP_TEXTS_H
#define BF_APP_TEXTS_H

#include "app/app.h"

#define TEXTS_OUT_BYTES (16 << 20) /* of one answer, at most */

/* What is done with a text (valid UTF-8, borrowed): the answer goes into `out`, without its line
 * feed. False: the line's answer is {"error": ...} instead. */
struct texts_reader {
    void *ctx;
    bool (*answer)(void *ctx, str text, struct buf *out, struct error *err);
};

/* Reads in_fd to its end. ret_bad: lines that got an error. Errors: ERR_IO. */
MUST_CHECK bool texts_each(const struct texts_reader *r, int in_fd, int out_fd, int64_t *ret_bad,
                           struct error *err);

#endif
