/* feedkit: connectors on a simulator in the same process, in virtual time: what live.c does with
 * sockets and threads, done by calls. One thread, no clock: the caller moves time. */
#ifndef BF_TESTS_LIB_FEEDKIT_H
#define BF_TESTS_LIB_FEEDKIT_H

#include "sim/x_face.h"
#include "source/connector.h"

/* One connector with its call and its stream under way. */
struct feedkit {
    struct connector *c;
    struct sim_face *face; /* whom calls and streams go to */
    usec until;            /* what it said when it wanted to wait; 0: ask */
    /* the call */
    bool calling;
    usec answer_at;
    struct http_answer answer;
    struct buf body;
    /* the stream: the face's number of it, -1 none */
    int stream;
    bool refused;   /* it was not opened: `gone_as` at gone_at */
    usec opened_at; /* USEC_NEVER: told already */
    usec gone_at;   /* USEC_NEVER: it stands */
    struct http_answer gone_as;
    struct buf gone_body, chunk, line;
    ptrdiff_t line_at;
    int64_t calls, lost_calls, streams, lines;
    bool trace;
};

void feedkit_init(struct feedkit *k, struct connector *c, struct sim_face *face);
/* The process is gone: the face sees its connections closed; the connector is not touched. */
void feedkit_fini(struct feedkit *k, usec now);

/* Everything that is due at `now`: tells the connector one thing, or asks it. take: called for each
 * intake (its strings live until it returns). Goes on until nothing is left to do at `now`. */
typedef void feedkit_take(void *ctx, struct intake *it);
void feedkit_run(struct feedkit *k, usec now, struct arena *scratch, feedkit_take *take, void *ctx);
/* When something is due next, without what the face has to say by itself (face->next_at). */
usec feedkit_next(const struct feedkit *k);

#endif
