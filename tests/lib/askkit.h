/* askkit: one request to a face of the simulator in this process, in virtual time: what HTTP does
 * between a connector and X, done by a call. */
#ifndef BF_TESTS_LIB_ASKKIT_H
#define BF_TESTS_LIB_ASKKIT_H

#include <stdio.h>

#include "net/http.h"
#include "sim/face.h"

/* Why the client never sees the answer; NULL: it does. */
static inline const char *ask_lost_by(sim_delivery d) {
    switch (d) {
    case SIM_WHOLE:
        return NULL;
    case SIM_CLOSE:
        return "closed without a byte";
    case SIM_RESET:
        return "reset within the headers";
    case SIM_TRUNCATE:
        return "cut";
    case SIM_TRICKLE:
    case SIM_SILENCE:
        return "timed out";
    }
    WRONG("a delivery out of its list");
}

/* Asks, and returns when the client knows what came of it: when the simulator's delay is over, or
 * the request's time is up. *ret_stream: the face's number of an answer that goes on, -1 none.
 * body: where the answer's is, which ret borrows. */
static inline usec ask_face(struct sim_face *face, usec now, const struct http_request *rq,
                            struct buf *body, int *ret_stream, struct http_answer *ret) {
    char block[4400];
    struct buf bearer;
    buf_init_fixed(&bearer, block, sizeof block);
    if (rq->bearer.n > 0) buf_printf(&bearer, "Bearer " STR_FMT, STR_ARG(rq->bearer));
    const struct sim_request sim = {.method = str_from_z(http_method_name(rq->method)),
                                    .path = rq->path,
                                    .query = rq->query,
                                    .body = rq->body,
                                    .authorization = buf_str(&bearer),
                                    .peer = 1};
    struct sim_answer a = {.body = body, SIM_NO_HEADERS};
    buf_clear(body);
    face->request(face->ctx, now, &sim, &a);
    *ret_stream = a.stream;
    http_answer_clear(ret);
    const char *why = ask_lost_by(a.delivery);
    const bool never = a.delivery == SIM_TRICKLE || a.delivery == SIM_SILENCE;
    const usec at = now + a.delay + 1000;
    if (why == NULL && at > now + rq->timeout) why = "timed out";
    if (why != NULL) {
        ret->end = HTTP_LOST;
        snprintf(ret->why, sizeof ret->why, "%s", why);
        return never ? now + rq->timeout : i64_min(at, now + rq->timeout);
    }
    ret->end = HTTP_ANSWERED;
    ret->status = a.status;
    ret->retry_after_s = a.retry_after_s;
    ret->rate_limit = a.rate_limit;
    ret->rate_remaining = a.rate_remaining;
    ret->rate_reset = a.rate_reset;
    ret->body = buf_str(body);
    return at;
}

#endif
