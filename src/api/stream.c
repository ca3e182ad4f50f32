/* stream: what a client of GET /api/events asks for.
 *
 * In: ?types= and the header Last-Event-ID, which a browser sends by itself when it comes back.
 * Out: an answer that the server makes a stream of (events.h). Failure: a type that there is not.
 */
#include "api/core.h"

void api_get_events(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    struct error err;
    str types;
    bool found;
    (void)c;
    if (!api_query_get(rq->query, "types", rq->a, &types, &found, &err) ||
        !api_events_types(found ? types : STR(""), &ret->stream.types, &err)) {
        ret->stream.types = 0;
        api_problem_field(ret, 400, "QUERY", "types", "%s", err.msg);
        return;
    }
    /* one that is cut is none of ours: its client is told to reload */
    IGNORE(!str_copyz(rq->head.last_event_id, ret->stream.last_id, sizeof ret->stream.last_id),
           "see above");
    ret->type = "text/event-stream";
    api_answer_header(ret, "X-Accel-Buffering", "no");
}
