/* http1: one HTTP/1.1 request out of bytes, as they stood on the wire.
 *
 * Nothing is decoded: a signature is checked on raw bytes. Pure; the caller owns the buffer, and
 * what is parsed are slices of it. */
#ifndef BF_SIM_HTTP1_H
#define BF_SIM_HTTP1_H

#include "base/str.h"

#define HTTP1_HEAD_MAX (32 << 10)
#define HTTP1_BODY_MAX (256 << 10)
#define HTTP1_INPUT_MAX (HTTP1_HEAD_MAX + 2 * HTTP1_BODY_MAX) /* chunks have their sizes, too */

struct http1_request {
    str method;      /* "POST" */
    str path, query; /* without '?' */
    str body;
    str api_key, time_unit, fault; /* X-MBX-APIKEY, X-MBX-TIME-UNIT, X-Sim-Fault */
    str authorization;             /* Authorization; "" none */
    str ws_key;                    /* Sec-WebSocket-Key; "" none */
    bool old;                      /* HTTP/1.0: understands no chunks */
    bool upgrade;                  /* asks for a WebSocket, version 13 */
    bool keep_alive;
};

typedef enum http1_state { HTTP1_MORE, HTTP1_WHOLE, HTTP1_BAD } http1_state;

struct http1_progress {
    ptrdiff_t used;     /* WHOLE: bytes of the request */
    int status;         /* BAD: what to answer: 400, 413, 417, 431, 501, 505 */
    bool wants_body;    /* MORE: the head is there and says Expect: 100-continue */
    ptrdiff_t searched; /* where the end of the head was looked for already; 0 to begin with */
};

/* The first request in in[0..n). Chunks are put together within the buffer, once all are there.
 * MORE: call again with more behind the same bytes and the same `p`. */
http1_state http1_parse(char *in, ptrdiff_t n, struct http1_request *ret, struct http1_progress *p);

const char *http1_reason(int status); /* "Not Found"; never NULL */

#endif
