/* x_posts: timelines for X's face: posts of a file, moved to now; and posts without end, for load.
 * Pure but for its memory. */
#ifndef BF_SIM_X_POSTS_H
#define BF_SIM_X_POSTS_H

#include "sim/x_face.h"

struct x_posts_options {
    /* Posts to play, with the times and ids that they had; oldest first; borrowed for ever. Ids are
     * made anew of the new times, and what refers to one refers to it still. None: texts and
     * authors are made up. */
    const struct sim_post *posts;
    int64_t count;
    usec history;     /* so much of the posts is over at the start */
    int64_t speed_e8; /* of those behind it: 60e8 plays an hour in a minute */
    /* Posts a second, evenly, for ever: the posts again and again, or made up ones; 0: each once,
     * in its time. */
    int64_t rate_e8;
    uint64_t seed; /* of what is made up */
    usec start;
};
struct x_posts;
/* ret_timeline: for x_face_options. ret_users: the people on it, for the same; in `boot`. */
struct x_posts *x_posts_new(struct arena *boot, const struct x_posts_options *opt,
                            struct sim_timeline *ret_timeline, const struct sim_user **ret_users,
                            int *ret_user_count);
void x_posts_free(struct x_posts *p); /* NULL is fine */

#endif
