/* eval_links: `bullfinch eval --links FILE`: how well the linker finds the coins of posts. */
#ifndef BF_APP_EVAL_LINKS_H
#define BF_APP_EVAL_LINKS_H

#include "app/app.h"
#include "flow/reader.h"

/* Links are counted over all posts, each coin of each post once. */
struct link_counts {
    int64_t posts, right, wrong, missing;
    int64_t about_none, about_none_linked; /* posts about no coin, and those of them with a link */
};

/* Holds what the reader links against what a file says: one JSON object a line with `text` and
 * `symbols`, an array of pairs or tickers; lines that begin with % are remarks. show: takes each
 * post that differs, NULL: nobody wants to see them. Errors: ERR_PARSE, ERR_LIMIT, with the line.
 */
MUST_CHECK bool links_count(const struct reader *r, str content, struct buf *show,
                            struct link_counts *ret, struct error *err);

/* Reads the file that --links names, and prints precision, recall and, with --misses, each post
 * that was not linked as its writer says. */
exit_status eval_links(struct app *app, const struct args *args);

#endif
