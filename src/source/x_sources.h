/* x_sources: the three ways to posts on X, as connectors, and the wire formats that they share. */
#ifndef BF_SOURCE_X_SOURCES_H
#define BF_SOURCE_X_SOURCES_H

#include "source/x_account.h"

/* Fields asked of X for each post; no expansions, which are billed. */
#define X_POST_FIELDS                                                                              \
    "created_at,author_id,lang,referenced_tweets,entities,note_tweet,conversation_id,"             \
    "in_reply_to_user_id,public_metrics,edit_controls,possibly_sensitive"

#define X_LAG (30 * USEC_PER_S) /* X documents 30 s for its search, about 20 for rules */

struct x_source_options {
    struct x_account *account; /* borrowed */
    str name;                  /* posts' source: "x" */
    const str *authors;        /* "elonmusk", "44196397", "44196397@elonmusk" */
    int author_count;
    str query;     /* beside the authors: a query of its own, or a rule; "": none */
    str filter;    /* behind each query of authors: "-is:retweet -is:reply" */
    usec interval; /* x_search: between two polls of a query when it is quiet */
    int pages_max; /* x_search: pages of one poll */
    usec lag;      /* a post may be that late in X's search, a rule in force at X; 0: X_LAG */
    usec floor;    /* x_search: never more often than this */
    str state; /* from the store; "": none. A state that cannot be read is an error that says so */
    usec now;  /* at opening */
    uint64_t seed;
};
/* Errors: ERR_CONFIG no authors and no query, a query that is too long, a handle that is none;
 * ERR_DAMAGED the state. */
MUST_CHECK bool x_search_open(struct arena *boot, const struct x_source_options *opt,
                              struct connector **ret, struct error *err);
MUST_CHECK bool x_stream_open(struct arena *boot, const struct x_source_options *opt,
                              struct connector **ret, struct error *err);
MUST_CHECK bool x_activity_open(struct arena *boot, const struct x_source_options *opt,
                                struct connector **ret, struct error *err);

/* --- queries (x_query.c) --------------------------------------------------------------------- */

#define X_QUERY_BYTES_MAX 512 /* of self-serve accounts */
#define X_RULE_BYTES_MAX 1024
/* Packs "(from:a OR from:b ...) FILTER" into as few texts of at most `max` bytes as there must be.
 * Returns their number; *ret in `a`. Errors: ERR_CONFIG. */
MUST_CHECK bool x_pack_authors(struct arena *a, const str *authors, int count, str filter,
                               ptrdiff_t max, str **ret, int *ret_count, struct error *err);
/* "elonmusk", "@elonmusk", "44196397", "44196397@elonmusk": name and id, each "" where not said. */
MUST_CHECK bool x_author_parse(str text, str *ret_id, str *ret_name, struct error *err);
/* The smallest id of a post of `at` (snowflake), for since_id: polls that cost nothing. */
int64_t x_snowflake_at(usec at);

/* --- pages (x_page.c) ------------------------------------------------------------------------ */

#define X_PAGE_POSTS_MAX 128
struct x_page {
    str posts[X_PAGE_POSTS_MAX]; /* JSON of each, as it stands in the body: for x_post_parse */
    int64_t ids[X_PAGE_POSTS_MAX];
    int post_count;
    int64_t newest_id; /* 0: not said */
    str next_token;    /* "": the last page; a slice, or in `a` */
    int64_t result_count;
    int errors;      /* of `errors` in a 200 */
    str first_error; /* its title or detail, for people; "" none */
};
/* One answer of search, timeline or users/by ({"data":[...], "meta":{...}, "errors":[...]});
 * without `data` it is empty. Errors: ERR_PARSE, ERR_LIMIT more than X_PAGE_POSTS_MAX. */
MUST_CHECK bool x_page_parse(struct arena *a, str body, struct x_page *ret, struct error *err);

/* --- fetching what was missed (x_gap.c) ------------------------------------------------------ */

/* A span that a stream did not see, fetched by recent search with the same queries, newest first by
 * X's rule, at most seven days back. Used by x_stream and x_activity. Its posts are `missed`. */
struct x_gap;
struct x_gap *x_gap_new(struct arena *boot, struct x_account *x, const str *queries, int count,
                        str source, int pages_max);
/* A new loss, or one that a state says was left. One that overlaps makes the former longer. */
void x_gap_add(struct x_gap *g, usec from, usec until, const char *why);
/* True: *ret is a CALL to make now. */
bool x_gap_step(struct x_gap *g, usec now, struct connector_step *ret, usec *ret_wait);
void x_gap_answered(struct x_gap *g, usec now, const struct http_answer *a);
bool x_gap_item(struct x_gap *g, usec now, struct arena *a, struct intake *ret,
                struct connector *teller);
void x_gap_put_state(const struct x_gap *g, struct buf *out); /* what is still to be fetched */

#endif
