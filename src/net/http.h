/* http: one HTTP/1.1 call at a time to one server, over a connection that is kept.
 *
 * A table of functions, so that what talks to a venue can be given a server in the same process
 * (tests, virtual time). What was sent is never sent again by itself; a caller learns whether a
 * request certainly did not leave, or may have been executed. */
#ifndef BF_NET_HTTP_H
#define BF_NET_HTTP_H

#include "base/arena.h"
#include "base/error.h"
#include "base/time.h"
#include "net/hosts.h"

#define HTTP_BODY_MAX (32 << 20) /* exchangeInfo of a whole venue has some 20 MB */

typedef enum http_method { HTTP_GET, HTTP_POST, HTTP_PUT, HTTP_DELETE } http_method;
const char *http_method_name(http_method m);

/* One more header of a request; its value is one line of plain ASCII. */
struct http_header {
    const char *name; /* "X-Signature" */
    str value;
};
#define HTTP_HEADERS_MAX 4

/* All borrowed during the call. query and body are sent byte for byte: they may be signed. */
struct http_request {
    http_method method;
    str path;   /* "/api/v3/order" */
    str query;  /* without '?'; "": none */
    str body;   /* application/x-www-form-urlencoded, or JSON; "": none */
    bool json;  /* what the body is */
    str key;    /* value of X-MBX-APIKEY; "": none */
    str bearer; /* token of "Authorization: Bearer"; "": none */
    str secret; /* what of path or query nobody may see in an answer; "": nothing */
    struct http_header more[HTTP_HEADERS_MAX]; /* up to the first without a name */
    usec timeout; /* of a stream: until it is open, or its refusal is there */
    /* Asked about once a second while a call waits; false ends it: LOST, "stopped". NULL: nobody
     * is asked. Of a stream its reader's counts. */
    bool (*go_on)(void *ctx);
    void *go_on_ctx;
};

typedef enum http_end {
    HTTP_ANSWERED, /* a whole answer came: status, headers, body */
    HTTP_NOT_SENT, /* no connection was made: certainly not executed */
    HTTP_LOST      /* may have been executed: timeout, reset, closed without a byte, cut body */
} http_end;

struct http_answer {
    http_end end;
    int status;
    /* headers, -1 where absent or no number */
    int64_t retry_after_s, used_weight_1m, orders_10s, orders_1d;
    int64_t rate_limit, rate_remaining;
    int64_t rate_reset; /* x-rate-limit-*; reset in seconds since 1970 */
    str body;           /* borrowed until the next call on the same handle; where it repeats the
                           request's key or token there stands "[token]" in its place */
    char why[160];      /* where not ANSWERED */
};

/* Who reads a stream; all on the thread of http_stream(). False ends it. `line` may block: then the
 * other side waits (TCP), and go_on is not asked. */
struct http_reader {
    void *ctx;
    bool (*opened)(void *ctx); /* status 200 */
    /* without its end (LF or CR LF) and without our token; "" keep-alive; borrowed */
    bool (*line)(void *ctx, str line);
    bool (*go_on)(void *ctx); /* asked at least once a second */
};
#define HTTP_LINE_MAX (1 << 20)

struct http;
struct http_ops {
    const char *name;
    void (*call)(struct http *h, const struct http_request *rq, struct http_answer *ret);
    void (*close)(struct http *h);
    /* NULL: it has none. */
    void (*stream)(struct http *h, const struct http_request *rq, const struct http_reader *to,
                   struct http_answer *ret);
};
struct http {
    const struct http_ops *ops;
}; /* first member of each implementation; one thread at a time */

/* No headers, nothing said. */
void http_answer_clear(struct http_answer *a);

void http_call(struct http *h, const struct http_request *rq, struct http_answer *ret);
/* One long answer, line by line; returns when it ended. ret: ANSWERED with another status than 200:
 * it was not opened, body says why; ANSWERED with 200: the other side ended it in good order; else
 * `why`. A reader that says false: LOST, "stopped". A line over HTTP_LINE_MAX ends it. What stands
 * behind the last LF is a line only where the answer ended in good order. */
void http_stream(struct http *h, const struct http_request *rq, const struct http_reader *to,
                 struct http_answer *ret);
void http_close(struct http *h); /* NULL is fine */

/* Over libcurl. url: "https://host[:port]" or "http://127.0.0.1:port", for what `use` says; TLS is
 * always verified, redirects are never followed (a token must not travel), proxies of the
 * environment are used for what takes no keys of a venue, and never to loopback.
 * Errors: ERR_REFUSED a host that is not on the list of hosts.h; ERR_CONFIG a path behind it. */
MUST_CHECK bool http_curl_open(struct arena *boot, str url, host_use use, struct http **ret,
                               struct error *err);

#endif
