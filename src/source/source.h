/* source: where posts come from. Each runs on its own thread and blocks as it likes.
 *
 * Two kinds. A file that is replayed knows its place by an offset, may be sought, and may be read
 * in virtual time. What is live (source_is_live) comes as it happens and knows its place by a text
 * that it gives with its intakes (flow/intake.h) and gets back when it is opened. */
#ifndef BF_SOURCE_SOURCE_H
#define BF_SOURCE_SOURCE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "flow/intake.h"

struct source_counts {
    int64_t lines, posts, malformed, disordered, repeated, deletions;
};
#define SOURCE_MARK_BYTES 65 /* a text of one word */

struct source;
struct source_ops {
    const char *name;
    /* The next thing; its strings live in `a`. Bad input is skipped, counted, told through
     * `complain`; false only when the source itself cannot go on. May block; after `stop` it gives
     * INTAKE_END soon. */
    bool (*next)(struct source *s, struct arena *a, struct intake *ret, struct error *err);
    void (*stop)(struct source *s); /* any thread; NULL: `next` never blocks for long */
    /* Everything up to the given number of intakes (counted from 1) is durable. The trader's
     * thread. NULL: it does not care. */
    void (*stored)(struct source *s, int64_t intakes);

    /* Of a replay; NULL where the source is live. */
    int64_t (*offset)(const struct source *s); /* behind the last post given; for the cursor */
    bool (*seek)(struct source *s, int64_t offset, struct error *err);
    /* What proves later that the input is the same up to `offset`. NULL: nothing can. Called on
     * the trader's thread while `next` may run on another. */
    bool (*mark)(const struct source *s, int64_t offset, char ret[SOURCE_MARK_BYTES],
                 struct error *err);
    void (*close)(struct source *s);
};
struct source {
    const struct source_ops *ops;
    struct source_counts counts;
    /* Told of each bad piece of input, while `next` runs: where ("posts.jsonl:17"), what, and the
     * piece itself (borrowed for the call). NULL: nobody listens. */
    void (*complain)(void *ctx, str where, str what, str payload);
    void *complain_ctx;
};

MUST_CHECK bool source_next(struct source *s, struct arena *a, struct intake *ret,
                            struct error *err);
/* The same, passing over what is no post. *ret_end: used up. */
MUST_CHECK bool source_next_post(struct source *s, struct arena *a, struct post *ret, bool *ret_end,
                                 struct error *err);
bool source_is_live(const struct source *s);
void source_stop(struct source *s);                    /* any thread */
void source_stored(struct source *s, int64_t intakes); /* the trader's thread */

/* Of a replay alone. */
int64_t source_offset(const struct source *s);
MUST_CHECK bool source_seek(struct source *s, int64_t offset, struct error *err);
/* A short text that is the same for as long as the input up to `offset` is; what comes behind may
 * grow. "": this source has none. Errors: ERR_RANGE when the input is shorter, ERR_IO. */
MUST_CHECK bool source_mark(const struct source *s, int64_t offset, char ret[SOURCE_MARK_BYTES],
                            struct error *err);
void source_close(struct source *s); /* NULL is fine */

/* Replay of a file of X API v2 posts, one JSON object a line, oldest first; between them stand the
 * deletions (post.deleted), each at its own time. `name` is stored as the
 * posts' source. received_at == created_at unless `received` is in the object. Lines up to
 * POST_LINE_BYTES_MAX; longer, broken or post-less lines are counted and told; a post older than
 * the one before is counted as disordered and given in file order with its own time. total_bytes of
 * the file for progress. */
MUST_CHECK bool replay_open(struct arena *boot, const char *path, str name, struct source **ret,
                            struct error *err);
int64_t replay_total_bytes(const struct source *s);
/* When the file's last post was made. False: nothing at its end is a post. scratch: 1 MiB. */
MUST_CHECK bool replay_last(const struct source *s, struct arena scratch, usec *ret_at);

/* One X API v2 post object (both name sets, note_tweet, wrapped in {"data":...} or not) -> post. An
 * event {"delete":...} of the compliance stream gives a post that is `deleted`: id, author_id, its
 * time, and nothing else; `lenient` refuses it.
 * line: borrowed for as long as the post. Also takes {"text": ...} alone when `lenient` (score):
 * then id and time are optional. */
MUST_CHECK bool x_post_parse(struct arena *a, str line, str source, usec received_at, bool lenient,
                             struct post *ret, struct error *err);

#endif
