/* apiask: a request to the API's core as the server would make one of it, without a socket. */
#ifndef BF_TESTS_LIB_APIASK_H
#define BF_TESTS_LIB_APIASK_H

#include <sys/socket.h>

#include <jansson.h>

#include "apikit.h"

struct apiask {
    const char *method, *target, *body, *key, *token; /* NULL: none; method: GET */
    const char *cookie, *csrf, *origin, *host, *requested_method;
    bool remote, secure, no_type;
};

static inline struct api_client apiask_local(void) {
    struct api_client c = {.loopback = true};
    c.bytes[10] = c.bytes[11] = 0xFF;
    c.bytes[12] = 127;
    c.bytes[15] = 1;
    return c;
}

/* The status; what was answered is in *ret. */
static inline int apiask(struct api_core *core, struct api_answer *ret, const struct apiask *q) {
    const struct api_route *route;
    struct api_request rq = {.now = time_wall_us(), .body = str_from_z(q->body ? q->body : "")};
    struct api_head h = {.method = str_from_z(q->method ? q->method : "GET"),
                         .target = str_from_z(q->target),
                         .host = str_from_z(q->host ? q->host : "127.0.0.1:8080"),
                         .header_bytes = 100,
                         .authorization = str_from_z(q->token),
                         .idempotency_key = str_from_z(q->key),
                         .cookie = str_from_z(q->cookie),
                         .csrf = str_from_z(q->csrf),
                         .origin = str_from_z(q->origin),
                         .requested_method = str_from_z(q->requested_method),
                         .secure = q->secure,
                         .client = apiask_local()};
    char bytes[24];
    snprintf(bytes, sizeof bytes, "%td", rq.body.n);
    if (q->remote) h.client.bytes[12] = 192;
    if (q->remote) h.client.loopback = false;
    if (q->body) h.content_length = str_from_z(bytes);
    if (q->body && !q->no_type) h.content_type = STR("application/json");
    api_answer_fini(ret);
    api_answer_init(ret);
    if (!api_admit(core, &h, rq.now, time_monotonic_us(), &route, &rq.who, ret)) return ret->status;
    rq.query = h.target;
    if (!str_cut(&rq.query, '?', &rq.path)) rq.path = h.target;
    rq.head = h;
    rq.method = h.method;
    api_handle(core, route, &rq, ret);
    return ret->status;
}

/* What a GET answers, which must be 200 and JSON, in place of the former *tree (NULL: none). */
static inline void apiask_tree(struct api_core *core, struct api_answer *ret, const char *target,
                               json_t **tree) {
    const struct apiask q = {.target = target};
    json_error_t why;
    if (apiask(core, ret, &q) != 200) fail_msg("%s: %s", target, buf_z(&ret->body));
    json_decref(*tree);
    *tree = json_loadb(ret->body.p, (size_t)ret->body.len, JSON_REJECT_DUPLICATES, &why);
    if (*tree == NULL) fail_msg("%s: %s: %s", target, why.text, buf_z(&ret->body));
}

#endif
