/* live_posts: posts on their way to the trader in real time: taken from the source on a thread of
 * their own, waited for until their time has come, read, and put into the inbox in the source's
 * order. */
#ifndef BF_RUN_LIVE_POSTS_H
#define BF_RUN_LIVE_POSTS_H

#include "run/inbox.h"
#include "run/run_int.h"

/* A place for one post, and for what stood before it. */
struct live_post {
    struct arena arena;
    struct complaint *first, *last; /* complaints, oldest first */
    struct post post;
    struct reading reading;
    int64_t offset;
    bool is_end; /* the source is used up: no post, perhaps complaints */
    bool failed; /* the source failed; err says why */
    bool read;   /* ready for the trader */
    struct error err;
};

struct live_posts;

/* rebase: the first post is now, each other at its distance from the first; else each comes as the
 * source gives it. workers: threads that read; 1 reads on the source's thread. Takes the first post
 * at once. Errors: of the source, ERR_LIMIT no more threads. */
MUST_CHECK bool live_posts_open(struct arena *boot, const struct reader *reader,
                                struct source *source, struct inbox *inbox, int workers,
                                bool rebase, struct live_posts **ret, struct error *err);
/* What is added to the times of the source's posts; prices get the same. */
usec live_posts_shift(const struct live_posts *lp);
/* Of the first post, before the shift; USEC_NEVER when there is none. */
usec live_posts_first_at(const struct live_posts *lp);
MUST_CHECK bool live_posts_start(struct live_posts *lp, struct error *err);
/* The trader is done with the post that it got from the inbox; in the inbox's order. */
void live_posts_give_back(struct live_posts *lp, struct live_post *p);
int live_posts_waiting(struct live_posts *lp);
/* Stops and joins. NULL is fine. */
void live_posts_close(struct live_posts *lp);

#endif
