/* server: the HTTP interface, on libmicrohttpd. docs/api.md says what it offers.
 *
 * It has threads of its own and reads the store by connections of its own; it runs beside a trader
 * and holds nobody up. */
#ifndef BF_API_SERVER_H
#define BF_API_SERVER_H

#include "api/core.h"

struct api;
/* Listens and answers when it returns. Errors: ERR_CONFIG, ERR_EXISTS, ERR_IO the address;
 * ERR_REFUSED (core.h); ERR_NOT_FOUND libmicrohttpd is not installed; those of the store. */
MUST_CHECK bool api_open(struct arena *boot, const struct api_options *opt, struct api **ret,
                         struct error *err);
const char *api_url(const struct api *s);  /* "http://127.0.0.1:8080" */
int64_t api_answered(const struct api *s); /* requests since the start */
bool api_moves(const struct api *s);       /* its core was not held up for all of the last minute */
/* Ends what is under way (at most a second or two for what waits) and stops. NULL is fine. */
void api_close(struct api *s);

#endif
