/* session: what a browser has in the place of a token: a cookie, and a word against forgery.
 *
 * Whoever shows a token gets a secret of 32 random bytes; it stands in the cookie bf_session, which
 * no script reads, and here as its SHA-256, with the token that it stands for. The word that
 * requests which change something must carry beside it (X-CSRF-Token) is made from the secret. */
#ifndef BF_API_SESSION_H
#define BF_API_SESSION_H

#include "api/request.h"
#include "base/hash.h"

#define SESSION_COOKIE "bf_session"
#define SESSIONS_MAX 64
#define SESSION_IDLE (12 * USEC_PER_HOUR)
#define SESSION_SECRET_BYTES 65 /* 64 hexadecimal digits and NUL */

/* Any thread. */
struct api_sessions;
struct api_sessions *api_sessions_new(struct arena *boot);
void api_sessions_free(struct api_sessions *t);
/* A new one, in the place of the one that is idle longest where there are too many. ret: wipe it
 * when it was sent. Errors: ERR_IO no random bytes. */
MUST_CHECK bool api_session_open(struct api_sessions *t, int64_t token_id, usec mono,
                                 char ret[SESSION_SECRET_BYTES], struct error *err);
/* Whose it is; it is not idle from now on. False: not known, or idle for too long. */
bool api_session_find(struct api_sessions *t, str secret, usec mono, int64_t *ret_token_id);
void api_session_close(struct api_sessions *t, str secret);
/* The word that goes with a secret. */
void api_session_csrf(str secret, char ret[SESSION_SECRET_BYTES]);
bool api_session_csrf_is(str secret, str csrf);

/* The value of a cookie in the header Cookie; n 0: it is not there, or there twice. */
str api_cookie_get(str header, str name);
/* "https://example.com:8443" and the header Host "example.com:8443" */
bool api_origin_is_host(str origin, str host);
/* Is it of the form scheme://host or scheme://host:port, of http or https? */
bool api_origin_parse(str origin, str *ret_host);

#endif
