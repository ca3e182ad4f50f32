/* lanes: two ways to a venue that is slow, each a thread that makes one call at a time.
 *
 * protect carries exits, repairs, cancels and questions, enter carries entries, so that no entry
 * ever stands in front of an exit; nor does a question: those wait until nothing else does. Replies
 * come back through the inbox. */
#ifndef BF_RUN_LANES_H
#define BF_RUN_LANES_H

#include "base/error.h"
#include "run/inbox.h"
#include "venue/venue.h"

struct lanes;
/* The venue must bear two calls at once. Errors: ERR_LIMIT no more threads. */
MUST_CHECK bool lanes_open(struct arena *boot, struct venue *v, struct inbox *in,
                           struct lanes **ret, struct error *err);
/* Copies the request. False: the lane or the inbox is full, nothing was and will be sent. */
MUST_CHECK bool lanes_send(struct lanes *l, const struct request *rq);
/* Takes no more entries, and drops those that wait. lanes_close does it, too. */
void lanes_stop(struct lanes *l);
/* Sends what waits in protect, but for questions; those and what waits in enter are dropped (their
 * replies say LATE). Joins. The trader may still call lanes_send: it takes nothing any more. */
void lanes_close(struct lanes *l); /* NULL is fine */

/* Is it too late to send this? A BRACKET past T + R/2, EXIT and PROTECT past T + REQUEST_LIFE
 * (flow/request.h); the rest never. */
bool request_is_late(const struct request *rq, usec now);
/* The reply for a request that was never sent. */
void request_unsent(const struct request *rq, outcome why, const char *text, struct reply *ret);

#endif
