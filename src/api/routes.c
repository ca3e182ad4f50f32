/* routes: what there is at which path, and who may use it. The one list; docs/openapi.yaml
 * describes the same. */
#include "api/core.h"

extern const char bf_openapi[], bf_openapi_end[];

void api_get_openapi(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    (void)c, (void)rq;
    ret->type = "application/yaml";
    buf_put(&ret->body, (str){bf_openapi, bf_openapi_end - bf_openapi});
}

#define LABEL(path) "endpoint=\"" path "\""
#define GET(where, who, how, params)                                                               \
    {                                                                                              \
        .method = "GET", .path = where, .role = who, .handle = how, .query = params,               \
        .label = LABEL(where)                                                                      \
    }

#define COMMAND_BYTES_MAX 8192
#define CHANGE(how, where, fn, optional)                                                           \
    {                                                                                              \
        .method = how, .path = where, .role = TOKEN_TRADE, .handle = fn,                           \
        .body_max = COMMAND_BYTES_MAX, .body_optional = optional, .types = API_JSON, .query = "",  \
        .waits = true, .label = LABEL(where)                                                       \
    }

const struct api_route api_routes[] = {
    GET("/health", TOKEN_NONE, api_get_health, NULL),
    GET("/metrics", TOKEN_READ, api_get_metrics, NULL),
    GET("/api/openapi.yaml", TOKEN_NONE, api_get_openapi, ""),
    GET("/api/sources", TOKEN_READ, api_get_sources, ""),
    GET("/api/cost", TOKEN_READ, api_get_cost, "days"),
    GET("/api/events", TOKEN_READ, api_get_events, "types"),
    GET("/api/commands", TOKEN_READ, api_get_command, "id"),
    CHANGE("POST", "/api/override/toggle", api_post_override, true),
    CHANGE("POST", "/api/halt", api_post_halt, false),
    CHANGE("POST", "/api/resume", api_post_resume, true),
    CHANGE("POST", "/api/flatten", api_post_flatten, true),
    CHANGE("POST", "/api/approve", api_post_approve, false),
    CHANGE("POST", "/api/reject", api_post_reject, false),
    CHANGE("POST", "/api/reconcile", api_post_reconcile, true),
    CHANGE("POST", "/api/positions/close", api_post_close, false),
    CHANGE("POST", "/api/dead_letters/retry", api_post_letter_retry, false),
    CHANGE("POST", "/api/dead_letters/drop", api_post_letter_drop, false),
    CHANGE("PUT", "/api/settings", api_put_setting, false),
    {.method = "POST",
     .path = "/api/ingest",
     .role = TOKEN_INGEST,
     .handle = api_post_ingest,
     .body_max = API_BODY_BYTES_MAX,
     .types = API_JSON | API_NDJSON,
     .query = "",
     .waits = true,
     .label = LABEL("/api/ingest")},
};
const int api_route_count = COUNT_OF(api_routes);
