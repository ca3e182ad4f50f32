/* live_posts: what one source passes on, on its way to the trader in real time: taken from the
 * source on a thread of its own, waited for until its time has come, read, and put into the inbox
 * in the source's order. One for each source of a run. */
#ifndef BF_RUN_LIVE_POSTS_H
#define BF_RUN_LIVE_POSTS_H

#include "run/inbox.h"
#include "run/run_int.h"

/* A place for one intake, and for what stood before it. */
struct live_post {
    struct arena arena;
    struct complaint *first, *last; /* complaints, oldest first */
    struct intake it;
    struct reading reading; /* of it.post */
    int feed;               /* whose */
    int64_t offset;         /* of a replay, behind it */
    usec came_at;           /* when it joined the others; wall clock */
    usec since;             /* the same, monotonic */
    bool failed;            /* the source failed; err says why */
    bool read;              /* ready for the trader */
    bool drop;              /* names no coin, and such posts are not kept */
    struct error err;
};

struct live_posts;
struct live_posts_options {
    const struct reader *reader; /* NULL: posts are handed over unread, but for those that were */
    const struct run_feed *feed; /* borrowed */
    int number;                  /* of the feed */
    struct inbox *inbox;         /* with room for `places` of each source */
    int places;                  /* that may wait for whoever takes: 1..LIVE_PLACES_MAX */
    int workers;                 /* threads that read; 1 reads on the source's thread, unless the
                                    model is slow */
    /* Of a replay: its first post is now, each other at its distance from the first; else each
     * comes as the source gives it. */
    bool rebase;
};
#define LIVE_PLACES 64       /* of a trader, who takes one at a time */
#define LIVE_PLACES_SLOW 512 /* the same, where they are read by a slow model */
#define LIVE_PLACES_MAX 1024

/* Takes a replay's first post at once. Errors: of the source, ERR_LIMIT no more threads. */
MUST_CHECK bool live_posts_open(struct arena *boot, const struct live_posts_options *opt,
                                struct live_posts **ret, struct error *err);
/* What is added to the times of the source's posts; prices get the same. */
usec live_posts_shift(const struct live_posts *lp);
/* Of the first post, before the shift; USEC_NEVER when there is none. */
usec live_posts_first_at(const struct live_posts *lp);
MUST_CHECK bool live_posts_start(struct live_posts *lp, struct error *err);
/* The trader is done with the first `count` of all that it ever got from the inbox of this source:
 * their places are free. */
void live_posts_release(struct live_posts *lp, int64_t count);
/* So many of all that the source ever gave are done with: durable, or dropped behind such. */
int64_t live_posts_done(struct live_posts *lp);
/* The place of the n-th, from 0, that it got; not released yet. */
struct live_post *live_posts_got(struct live_posts *lp, int64_t n);
int live_posts_waiting(struct live_posts *lp);
int64_t live_posts_dropped(const struct live_posts *lp); /* once it is closed */
/* Stops and joins. NULL is fine. */
void live_posts_close(struct live_posts *lp);

#endif
