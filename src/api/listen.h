/* listen: the address that the API is reached at, and the names that it answers to. */
#ifndef BF_API_LISTEN_H
#define BF_API_LISTEN_H

#include "base/error.h"
#include "base/str.h"

struct api_listen {
    char host[64]; /* an address; "localhost" was 127.0.0.1 */
    int port;      /* 0: a free one */
    bool ipv6;
    bool loopback;   /* nobody but this machine reaches it */
    bool everywhere; /* 0.0.0.0 or :: */
};
/* "127.0.0.1:8080", "[::1]:0", "localhost:8080". Errors: ERR_CONFIG. */
MUST_CHECK bool api_listen_parse(str text, struct api_listen *ret, struct error *err);
/* What has no sign-in of its own is shown to others only to who knows its word. Errors:
 * ERR_REFUSED. */
MUST_CHECK bool api_listen_guarded(const struct api_listen *l, bool has_word, struct error *err);
/* A socket that listens there; l->port becomes the one that it got. Errors: ERR_IO, ERR_EXISTS
 * somebody listens there already. */
MUST_CHECK bool api_listen_open(struct api_listen *l, int *ret_fd, struct error *err);
/* May a request be meant for us that names this host? A page of somebody else's, whose name was
 * made to point here (DNS rebinding), names its own. */
bool api_listen_is_host(const struct api_listen *l, str host);

#endif
