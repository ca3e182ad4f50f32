/* The reader: feed, link, infer as one pure function over batches of posts.
 *
 * A struct reader is made at start and never changes: any number of threads share it. It keeps no
 * memory of posts and knows no prices. */
#ifndef BF_FLOW_READER_H
#define BF_FLOW_READER_H

#include "base/arena.h"
#include "base/error.h"
#include "flow/links.h"
#include "flow/model.h"
#include "flow/reading.h"
#include "flow/words.h"

#define READER_BATCH_MAX 64
/* For a post of POST_TEXT_BYTES_MAX of the worst kind, and for what is asked of the model. */
#define READER_POST_BYTES ((4 << 20) + (512 << 10))
/* Beside it room for ordinary posts that are read at once. */
#define READER_SCRATCH_BYTES (READER_POST_BYTES + (4 << 20))

/* A post as a source hands it over: fields cut out of the wire format, nothing decoded. */
struct raw_post {
    str id;         /* native id */
    str root_id;    /* first of the edit history; empty: == id */
    str text;       /* HTML-escaped as X sends it */
    str created_at; /* RFC 3339; empty where the id tells the time */
    str author_id, username, lang, source;
    post_ref ref;
    str ref_id;
    int64_t likes, reposts, replies, quotes; /* -1 unknown */
    bool html;                               /* text is HTML-escaped */
};

/* Raw fields -> post: ids, HTML entities, NFC, control characters, time (the snowflake for X),
 * language. Strings of *ret live in `a` or in the raw fields. Errors: ERR_PARSE (bad UTF-8, no id,
 * no time), ERR_RANGE (text over POST_TEXT_BYTES_MAX). */
MUST_CHECK bool feed_normalize(struct arena *a, const struct raw_post *raw, usec received_at,
                               struct post *ret, struct error *err);

struct reader;

/* What the linker may link: the symbols that ship, or the venue's list. names: pairs. */
struct reader_options {
    const char *const *symbols; /* NULL: all that ship */
    int symbol_count;
    str extra;                 /* content of the user's file of further names; empty: none */
    const char *extra_file;    /* its path, for messages; NULL: "extra symbols" */
    str quote_asset;           /* "USDT" */
    const struct model *model; /* borrowed; NULL: the linear model in the binary */
};

/* Made in `boot`, lives as long as it. Errors: ERR_CONFIG with the line of a bad entry in `extra`.
 */
MUST_CHECK bool reader_open(struct arena *boot, const struct reader_options *opt,
                            struct reader **ret, struct error *err);

/* Reads count (1..READER_BATCH_MAX) posts into ret[0..count). Never fails: a post that says nothing
 * reads as nothing. scratch: by value, READER_SCRATCH_BYTES; a post of ordinary length touches
 * some 20 KiB of them. Thread-safe. */
void reader_read(const struct reader *r, struct arena scratch, const struct post *posts, int count,
                 struct reading *ret);

/* A post that waits, in real time. */
struct reader_post {
    const struct post *post;
    usec since; /* monotonic, that it waits: where the model is behind a faster one may read it */
    bool only_linked; /* nobody wants it where it names no coin: then no model is asked, and all
                         that *ret says is that nothing is mentioned */
    struct reading *ret;
};
/* The same for posts that wait together: those that a slow model reads are put to it at once. Who
 * read which stands in the readings. */
void reader_read_waiting(const struct reader *r, struct arena scratch,
                         const struct reader_post *posts, int count);
/* What the model is like: see struct model_ops. */
bool reader_is_slow(const struct reader *r);
int reader_together(const struct reader *r); /* 1..READER_BATCH_MAX */
/* How far the model is behind. Call it now and then in real time: it also tells people that it has
 * caught up. */
void reader_tend(const struct reader *r, struct model_load *ret);

/* The first two steps alone, for training and evaluation: words, with those that name coins marked
 * (WORD_COIN), and what the linker found. Memory from `a`. */
void reader_split(const struct reader *r, struct arena *a, str text, struct words *ret_words,
                  struct links *ret_links);

const char *reader_model(const struct reader *r); /* "linear-2" */

#endif
