/* routes: what there is at which path, and who may use it. The one list; docs/openapi.yaml
 * describes the same. */
#include "api/core.h"

extern const char bf_openapi[], bf_openapi_end[];

void api_get_openapi(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    (void)c, (void)rq;
    ret->type = "application/yaml";
    buf_put(&ret->body, (str){bf_openapi, bf_openapi_end - bf_openapi});
}

#define GET(where, who, how, params)                                                               \
    { .method = "GET", .path = where, .role = who, .handle = how, .query = params }

#define COMMAND_BYTES_MAX 8192
#define CHANGE(how, where, fn, optional)                                                           \
    {                                                                                              \
        .method = how, .path = where, .role = TOKEN_TRADE, .handle = fn,                           \
        .body_max = COMMAND_BYTES_MAX, .body_optional = optional, .types = API_JSON, .query = "",  \
        .waits = true                                                                              \
    }
/* Answers that many ask for again and again. */
#define KEPT(where, how, params, long_us)                                                          \
    {                                                                                              \
        .method = "GET", .path = where, .role = TOKEN_READ, .handle = how, .query = params,        \
        .kept = true, .hold = long_us                                                              \
    }
#define PAGE "limit before "

const struct api_route api_routes[] = {
    GET("/health", TOKEN_NONE, api_get_health, NULL),
    GET("/metrics", TOKEN_READ, api_get_metrics, NULL),
    GET("/api/openapi.yaml", TOKEN_NONE, api_get_openapi, ""),
    GET("/api/sources", TOKEN_READ, api_get_sources, ""),
    GET("/api/cost", TOKEN_READ, api_get_cost, "days"),
    GET(API_FILE_PATH, TOKEN_NONE, api_get_file, NULL),
    GET("/api/events", TOKEN_READ, api_get_events, "types"),
    GET("/api/session", TOKEN_NONE, api_get_session, ""),
    {.method = "POST",
     .path = "/api/session",
     .role = TOKEN_NONE,
     .handle = api_post_session,
     .body_max = 256,
     .types = API_JSON,
     .query = ""},
    {.method = "DELETE",
     .path = "/api/session",
     .role = TOKEN_NONE,
     .handle = api_delete_session,
     .query = ""},
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
    CHANGE("POST", "/api/dead_letters/retry_all", api_post_letters_retry, true),
    CHANGE("POST", "/api/dead_letters/drop_all", api_post_letters_drop, true),
    CHANGE("PUT", "/api/settings", api_put_setting, false),
    GET("/api/limits", TOKEN_READ, api_get_limits, ""),
    GET("/api/why", TOKEN_READ, api_get_why, "symbol author"),
    GET("/api/operations", TOKEN_READ, api_get_operations, ""),
    GET("/api/config", TOKEN_READ, api_get_config, ""),
    GET("/api/symbols", TOKEN_READ, api_get_symbols, ""),
    KEPT("/api/status", api_get_status, "", 500 * USEC_PER_MS),
    KEPT("/api/tweets", api_get_tweets,
         PAGE "symbol author source label outcome min_score missed q", 0),
    {.method = "GET",
     .path = "/api/tweet",
     .role = TOKEN_READ,
     .handle = api_get_tweet,
     .query = "id",
     .waits = true, /* a long text is read as often as it has words */
     .kept = true},
    KEPT("/api/signals", api_get_signals, PAGE "symbol side verdict reason min_score", 0),
    KEPT("/api/trades", api_get_trades, PAGE "symbol status side", 0),
    KEPT("/api/trade", api_get_trade, "id", 0),
    KEPT("/api/positions", api_get_positions, "", 0),
    KEPT("/api/approvals", api_get_approvals, "", 0),
    KEPT("/api/metrics", api_get_profit, "", USEC_PER_S),
    KEPT("/api/equity", api_get_equity, "from to points", USEC_PER_S),
    KEPT("/api/candles", api_get_candles, "symbol interval from to limit", 0),
    KEPT("/api/funnel", api_get_funnel, "since", 5 * USEC_PER_S),
    KEPT("/api/authors", api_get_authors, PAGE "q", 5 * USEC_PER_S),
    KEPT("/api/author", api_get_author, "id", 0),
    KEPT("/api/gaps", api_get_gaps, PAGE, 0),
    GET("/api/workers", TOKEN_READ, api_get_workers, ""), /* who falls silent changes no row */
    KEPT("/api/dead_letters", api_get_dead_letters, PAGE "status kind source", 0),
    KEPT("/api/audit", api_get_audit, PAGE "actor entity", 0),
    {.method = "GET",
     .path = "/api/audit/verify",
     .role = TOKEN_READ,
     .handle = api_get_audit_verify,
     .query = "",
     .waits = true,
     .kept = true,
     .hold = 5 * USEC_PER_S},
    {.method = "POST",
     .path = "/api/ingest",
     .role = TOKEN_INGEST,
     .handle = api_post_ingest,
     .body_max = API_BODY_BYTES_MAX,
     .types = API_JSON | API_NDJSON,
     .query = "",
     .waits = true},
};
const int api_route_count = COUNT_OF(api_routes);
