/* cmd_sim_x: X's part of `bullfinch sim`. */
#ifndef BF_APP_CMD_SIM_X_H
#define BF_APP_CMD_SIM_X_H

#include "app/app.h"
#include "flow/symbol.h"
#include "sim/face.h"

struct sim_x;
/* Reads X's options and opens its faces. plan: the text of --faults, "" none; symbols: what it may
 * name; both borrowed for ever. Errors: ERR_USAGE an option; those of the posts' file. */
MUST_CHECK bool sim_x_open(struct arena *boot, const struct args *args, uint64_t seed, str plan,
                           const struct symbols *symbols, usec start, struct sim_x **ret,
                           struct error *err);
/* The faces, for sim_server_options; at most `most`. Returns their number. */
int sim_x_faces(struct sim_x *s, struct sim_face *v, int most);
void sim_x_close(struct sim_x *s); /* NULL is fine */

/* Its rows of the table of options. */
#define SIM_X_OPTS                                                                                 \
    {"posts", "FILE", "Posts to be published at X and Bluesky, one X API v2 object a line."},      \
        {"jetstream", "FILE", "Raw lines of a Jetstream, sent there as they are, in their time."}, \
        {"posts-history", "DURATION", "So much of the posts is over when it begins; 0."},          \
        {"posts-speed", "N", "How many times faster the posts are played; 1."},                    \
        {"posts-rate", "N",                                                                        \
         "Posts a second without end: the file's again and again, or made up."},                   \
        {"x-token", "TOKEN", "The bearer token of X that is right; else any is."},                 \
        {"x-credits", "DOLLARS", "Prepaid credits at X; else without end."},                       \
        {"x-spend-cap", "DOLLARS", "X's spending cap of a month; none."},                          \
        {"x-usage-cap", "N", "X's cap on posts of a month; none."},                                \
        {"x-limit", "ENDPOINT=N",                                                                  \
         "Requests in 15 minutes of search, stream, users or usage; as often as wanted."},         \
    {                                                                                              \
        "x-lag", "DURATION", "Until X's search finds a post; 0."                                   \
    }

#endif
