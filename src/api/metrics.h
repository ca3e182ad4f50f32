/* metrics: /metrics and /health alone, at an address of their own (metrics.listen), for every role.
 *
 * Small: no store, no dashboard. Who is on this machine may ask; where others reach the address, or
 * a word is set, it must come with each request. */
#ifndef BF_API_METRICS_H
#define BF_API_METRICS_H

#include "api/listen.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/secret.h"

struct metrics_server;
/* Listens and answers when it returns. word: NULL none; borrowed. Errors, all of which name
 * metrics.listen: ERR_CONFIG, ERR_EXISTS, ERR_IO the address; ERR_REFUSED others reach it and there
 * is no word; ERR_NOT_FOUND libmicrohttpd is not installed. */
MUST_CHECK bool metrics_open(struct arena *boot, str listen, const struct secret *word,
                             struct metrics_server **ret, struct error *err);
const char *metrics_url(const struct metrics_server *s); /* "http://127.0.0.1:9464" */
void metrics_close(struct metrics_server *s);            /* NULL is fine */

/* --- without a socket ---------------------------------------------------------------------- */
struct metrics_ask {
    str method, path, host, authorization, accept; /* p NULL: not there */
};
struct metrics_answer {
    int status;
    const char *type, *allow, *authenticate; /* NULL: none */
};
/* body: appended to. */
void metrics_answer(const struct api_listen *at, const struct secret *word,
                    const struct metrics_ask *ask, struct metrics_answer *ret, struct buf *body);

#endif
