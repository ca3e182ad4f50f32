/* posts: rows of `tweets` on their way through processes apart: stored as they came, read, done
 * with. In one process a post is written once, by the turn that decides on it (store_apply). */
#ifndef BF_STORE_POSTS_H
#define BF_STORE_POSTS_H

#include "store/store.h"

/* How far a post is; numbers as they stand in the database. */
typedef enum post_stage {
    POST_STORED, /* as it came */
    POST_READ,   /* what it says is known; the trader is to decide */
    POST_DONE
} post_stage;

#define POSTS_PUT_MAX 512

/* Stores posts as they came, inside the caller's transaction. One that is there stays as it is. One
 * of which there was word that it was deleted is stored without its text, as done.
 * now: by store_now, where several processes share the store.
 * ret_gone: by place, those; they are not to be read. PRE: 1 <= count <= POSTS_PUT_MAX, none is
 * word of a deletion. */
MUST_CHECK bool store_posts_put(struct store *s, const struct post *const *posts, int count,
                                usec now, bool *ret_gone, struct error *err);

struct post_read {
    const struct reading *reading;
    post_stage stage; /* READ or DONE */
    int signal_score; /* largest base score of its mentions; the trader's word counts later */
    reason outcome;   /* of one that is DONE; else REASON_NONE */
};
/* What was read of posts that are stored, inside the caller's transaction. One that was read before
 * stays as it is; one that is not there is passed over (it was pruned). PRE: as above.
 * ret_changed: how many were changed. It is waited for, so that by then the rows are refused or
 * will be there with the commit; NULL: the commit says so. */
MUST_CHECK bool store_posts_read(struct store *s, const struct post_read *rows, int count,
                                 int64_t *ret_changed, struct error *err);

/* Which of these posts are done with? PRE: as above. */
MUST_CHECK bool store_posts_done(struct store *s, const int64_t *ids, int count, bool *ret_done,
                                 struct error *err);

/* Nobody could read it (a post that is STORED), or decide on it (READ): it is done with (FAILED),
 * and a dead letter tells of it. One that is further stays as it is. Inside the caller's
 * transaction. */
MUST_CHECK bool store_post_failed(struct store *s, int64_t id, post_stage stage, struct error *err);
/* A stored post of which nothing was read, in `a`. *ret_found false: it was read, or its text was
 * deleted, or it is not there. */
MUST_CHECK bool store_post_unread(struct store *s, struct arena *a, int64_t id, struct post *ret,
                                  bool *ret_found, struct error *err);

/* Posts that are not done, stored in [since, before), the newest first, in `a`; where times are
 * equal the one with the higher id comes first. */
struct unfinished {
    usec since, before;
    usec last_at; /* go on behind this one, the last that was given; 0: from the newest */
    int64_t last_id;
    bool read_too; /* those that wait for the trader, too; else only what was not read */
};
struct left_post {
    struct post post;
    usec stored_at;
};
MUST_CHECK bool store_posts_unfinished(struct store *s, struct arena *a, const struct unfinished *q,
                                       int limit, struct left_post **ret, int *ret_count,
                                       struct error *err);
/* How many there are of those stored since then, and when the oldest was (0: none). */
MUST_CHECK bool store_posts_left(struct store *s, usec since, int64_t *ret_stored,
                                 int64_t *ret_read, usec *ret_oldest, struct error *err);

/* A source says that a post was deleted: its text goes, and the trader is told where the post was
 * kept; of another it is remembered, for the case that it comes late. Inside the caller's immediate
 * transaction. */
MUST_CHECK bool store_post_gone(struct store *s, const struct post *p, usec now, struct error *err);

#endif
