/* x_face: X's API v2 as far as a reader of posts uses it, and Bluesky's Jetstream, over one
 * timeline of posts. Pure: time is a parameter, no sockets, no threads, no clock. Same options,
 * seed, calls and times: same answers, byte for byte. docs/sim.md says what it has.
 *
 * It keeps to the X API documentation of 2026-08 (shared facts: prices, limits, problem types), and
 * bills: each resource returned, once per UTC day. */
#ifndef BF_SIM_X_FACE_H
#define BF_SIM_X_FACE_H

#include "base/money.h"
#include "flow/intake.h"
#include "sim/face.h"

/* What happens on the timeline, oldest first; all borrowed for ever. */
typedef enum sim_post_kind { SIM_POST, SIM_POST_EDIT, SIM_POST_DELETION } sim_post_kind;
struct sim_post {
    sim_post_kind kind;
    usec at;         /* when it is published; its X id is a snowflake of that time */
    int64_t id;      /* of X; 0: made from `at` and its place */
    int64_t root_id; /* EDIT: first of the chain; DELETION: the post that goes; else 0 */
    int64_t author_id;
    str username, text, lang;
    int64_t ref_id; /* a retweet, quote or reply of this post; 0 none */
    post_ref ref;
    str native; /* a raw Jetstream line to be sent as it is (its time_us is set anew), "" none: then
                   only Jetstream has it */
};

struct sim_timeline {
    /* The next post in order of time; false: there is none (yet). */
    bool (*next)(void *ctx, struct sim_post *ret);
    void *ctx;
};

struct x_face_options {
    struct sim_timeline timeline;
    /* People who are there from the start; others are once their post is among the next 4,096 of
     * the timeline. Borrowed while it opens, their names for ever. */
    const struct sim_user {
        int64_t id;
        str name;
    } * users;
    int user_count;
    str token; /* the bearer token that is right; "": any is */
    uint64_t seed;
    struct faults *faults; /* borrowed; NULL: none */
    money price[RESOURCE_COUNT];
    money credits;     /* dollars to begin with; negative: without end */
    money spend_cap;   /* of a billing cycle; 0 none */
    int64_t usage_cap; /* posts a month; 0 none */
    /* requests in 15 minutes, each 0: as documented */
    int64_t search_limit, stream_limit, users_limit, usage_limit;
    usec index_lag; /* until search finds a post; streams have it at once */
    usec start;
};
struct x_face;
MUST_CHECK bool x_face_open(struct arena *boot, const struct x_face_options *opt,
                            struct x_face **ret, struct error *err);
void x_face_close(struct x_face *x);
/* X: /2/..., /oauth2/token. */
void x_face_x(struct x_face *x, struct sim_face *ret);
/* Jetstream: /subscribe, and /xrpc/com.atproto.identity.resolveHandle. Same timeline. */
void x_face_jetstream(struct x_face *x, struct sim_face *ret);

/* --- the truth, for tests and the owner's page ----------------------------------------------- */

/* Resources billed in that UTC day (each once), and dollars. */
int64_t x_face_billed(const struct x_face *x, int64_t day, resource r);
money x_face_bill(const struct x_face *x);
/* Posts published so far, deletions and edits not counted. */
int64_t x_face_published(const struct x_face *x);
/* Dollars are added; cut: all streams break now. */
void x_face_top_up(struct x_face *x, money dollars);
void x_face_cut(struct x_face *x, usec now);

#endif
