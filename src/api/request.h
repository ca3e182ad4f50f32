/* request: what a handler gets and what it gives, without a socket in sight.
 *
 * The server (server.c) fills a head from the connection; the core (core.h) says from the head
 * alone whether the request is admitted, and only then is a body read and a handler called. */
#ifndef BF_API_REQUEST_H
#define BF_API_REQUEST_H

#include "api/events.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/time.h"
#include "config/config.h"
#include "store/sources.h"

#define API_TARGET_BYTES_MAX 8192 /* path and query */
#define API_HEADER_BYTES_MAX 16384
#define API_BODY_BYTES_MAX (4 << 20)
#define API_ANSWER_BYTES_MAX (16 << 20)
#define API_TOKEN_NAME_BYTES 65

/* Who a client is for limits: an IPv4 address (mapped), or the first 64 bits of an IPv6 address. */
struct api_client {
    uint8_t bytes[16];
    bool loopback;
};
struct sockaddr;
struct api_client api_client_from(const struct sockaddr *sa);

/* The header, as it came; borrowed. A field that is not there has p == NULL. */
struct api_head {
    str method, target; /* the target is not unescaped */
    str host, authorization, content_type, content_encoding, content_length, transfer_encoding;
    str cookie, origin, csrf, idempotency_key, requested_method; /* of a preflight */
    str accept, accept_encoding, if_none_match, last_event_id;
    int64_t header_bytes;
    bool forwarded; /* a proxy stands between: Forwarded, X-Forwarded-For or Via */
    bool doubled;   /* a field that may stand once stands twice */
    bool malformed; /* a name or a value that HTTP does not allow */
    bool secure;    /* it came by TLS */
    struct api_client client;
};

/* Whom a token, or the lack of one, makes the client. */
struct api_identity {
    token_role role;  /* NONE: nobody */
    int64_t token_id; /* 0: without a token */
    bool by_session;  /* by a browser's cookie: what changes something needs its word too */
    char name[API_TOKEN_NAME_BYTES];
    char source[API_TOKEN_NAME_BYTES]; /* INGEST: the one name that it may bring posts under */
};

struct api_request {
    str method, path, query; /* path and query as they came */
    str content_type;        /* without parameters */
    str body;
    struct api_head head; /* borrowed until the answer is there */
    struct api_identity who;
    usec now;                 /* wall clock */
    struct arena *a;          /* for the call; api_handle gives it */
    const struct config *cfg; /* what holds, for the call; the same */
};

#define API_HEADERS_MAX 16
#define API_HEADER_TEXT_BYTES 3072
struct api_header {
    const char *name; /* static */
    const char *value;
};

struct api_answer {
    int status;
    const char *type; /* Content-Type */
    struct buf body;
    str fixed; /* in the place of `body`: it lives as long as the program. p NULL: none */
    struct api_events_ask stream; /* types not 0: no body, but events from now on */
    char allow[64];               /* Allow, "": none */
    int64_t retry_after_s;        /* 0: none */
    const char *authenticate;     /* WWW-Authenticate, NULL: none */
    /* Further ones; what stands here takes the place of what the server would have put. A problem
     * that replaces the answer keeps them. */
    struct api_header headers[API_HEADERS_MAX];
    int header_count;
    char header_text[API_HEADER_TEXT_BYTES]; /* of values that were made */
    int header_text_bytes;
};

void api_answer_init(struct api_answer *a);
void api_answer_fini(struct api_answer *a);
/* RFC 9457: replaces what was in the answer by a problem. code: a word for programs
 * ("FUTURE_TIME"); the text says what, where, what to do. */
void api_problem(struct api_answer *a, int status, const char *code, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
/* The same about one post of many: its index (from 0). */
void api_problem_at(struct api_answer *a, int status, const char *code, int64_t index,
                    const char *fmt, ...) PRINTF_LIKE(5, 6);
/* The same about one member of the body, one parameter of the query or one header. */
void api_problem_field(struct api_answer *a, int status, const char *code, const char *field,
                       const char *fmt, ...) PRINTF_LIKE(5, 6);
/* A header of the answer, in the place of one of the same name; both live as long as the answer. */
void api_answer_header(struct api_answer *a, const char *name, const char *value);
/* The same, of a text that is made here. One that does not fit is left out. */
void api_answer_header_printf(struct api_answer *a, const char *name, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* Vary: one more field of the request that the answer depends on. what: static. */
void api_answer_vary(struct api_answer *a, const char *what);
/* NULL: none. */
const char *api_answer_header_get(const struct api_answer *a, const char *name);
/* What a failure of the store means to a client: 503 where it may pass, else 500. */
void api_problem_store(struct api_answer *a, const struct error *err);
const char *api_status_text(int status);

/* One parameter of a query ("a=1&b=2"), unescaped into `a`. *ret_found false: it is not there.
 * Errors: ERR_PARSE a bad escape or not UTF-8, ERR_EXISTS it stands twice. */
MUST_CHECK bool api_query_get(str query, const char *name, struct arena *a, str *ret,
                              bool *ret_found, struct error *err);
/* Errors: ERR_PARSE the query has a parameter that is not among `names` ("limit before"):
 * *ret_name. */
MUST_CHECK bool api_query_only(str query, const char *names, str *ret_name, struct error *err);

#endif
