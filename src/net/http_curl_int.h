/* What http_curl.c (opening, calls) and http_curl_stream.c share. */
#ifndef BF_NET_HTTP_CURL_INT_H
#define BF_NET_HTTP_CURL_INT_H

#include "net/http.h"

/* its checks of types are macros around the functions' own names, which are not called here */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include "base/buf.h"

/* clang-format off */
#define CURL_FUNCTIONS(X) \
    X(easy_cleanup) X(easy_getinfo) X(easy_init) X(easy_perform) X(easy_setopt) X(easy_strerror) \
    X(global_init) X(slist_append) X(slist_free_all)
/* clang-format on */

/* libcurl, loaded late. */
struct curl_library {
#define X(name) __typeof__(&curl_##name) name;
    CURL_FUNCTIONS(X)
#undef X
};
extern struct curl_library curl;
/* Loads it, the first time. Errors: as late_load(). */
MUST_CHECK bool http_curl_up(struct error *err);

/* Why a transfer was ended by this side; the first reason that was seen. */
typedef enum http_curl_cut {
    CUT_NOT,
    CUT_TOO_LARGE, /* the headers or the body of an answer */
    CUT_LONG_LINE,
    CUT_STOPPED, /* whoever asked wants no more */
    CUT_LATE     /* a stream that did not open in time */
} http_curl_cut;

struct http_curl {
    struct http base;
    CURL *curl;
    struct curl_slist *headers; /* of the next three; wiped */
    char *key, *bearer;         /* heap; wiped */
    bool json;
    bool has_more; /* the headers hold some of one request alone */
    bool loopback;
    struct buf target, body;
    struct buf line; /* of a stream: the part of a line that came so far */

    /* of the call or stream under way */
    str upload; /* what is left of the request's body */
    int sendings;
    bool headers_done;
    http_curl_cut cut;
    ptrdiff_t header_bytes;
    struct http_answer *answer;
    const struct http_request *request;
    const struct http_reader *reader; /* NULL: a call */
    bool is_open;                     /* the stream */
    usec open_by;                     /* monotonic; of a stream that is not open yet */
    char error[CURL_ERROR_SIZE];
};

/* Puts "[token]" in the place of the secret wherever it stands; returns the new length. One that is
 * shorter than HTTP_SECRET_LEAST is no secret, and would be found in what is innocent. */
#define HTTP_SECRET_LEAST 8
ptrdiff_t http_hide(char *p, ptrdiff_t n, str secret);

/* Makes all ready for one transfer of `rq`. False: *ret says why nothing was sent. */
bool http_curl_prepare(struct http_curl *h, const struct http_request *rq, struct http_answer *ret);
/* Does it, and says in *ret what came of it. */
void http_curl_perform(struct http_curl *h, struct http_answer *ret);

/* --- http_curl_stream.c ------------------------------------------------------------------- */

void http_curl_stream(struct http *base, const struct http_request *rq,
                      const struct http_reader *to, struct http_answer *ret);
/* The headers of an answer of this status are there. False ends the transfer. */
bool http_curl_stream_headers(struct http_curl *h, int status);
/* Bytes of an open stream. False ends the transfer. */
bool http_curl_stream_bytes(struct http_curl *h, str bytes);

#endif
