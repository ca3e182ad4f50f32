/* sim_posts: what `bullfinch sim` publishes, out of files. */
#ifndef BF_APP_SIM_POSTS_H
#define BF_APP_SIM_POSTS_H

#include "sim/x_face.h"

struct sim_posts {
    struct sim_post *v; /* oldest first; ids and times are the files' */
    int64_t count;
    struct arena mem[3]; /* theirs, and their strings' */
};
/* posts: X API v2 objects, one a line; lines: raw messages of a Jetstream; each NULL: none. Of two
 * files the first of each stands at the same time. What is no post is told, and left out. ret: to
 * be finished in any case. Errors: ERR_IO, ERR_CONFIG a file without posts. */
MUST_CHECK bool sim_posts_read(struct arena *boot, const char *posts, const char *lines,
                               struct sim_posts *ret, struct error *err);
void sim_posts_fini(struct sim_posts *p); /* a zeroed one is fine */

#endif
