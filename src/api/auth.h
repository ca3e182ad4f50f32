/* auth: bearer tokens: what they look like, and whose they are.
 *
 * A token is "bft_" and 43 characters of base64url: 32 random bytes. Who made it sees it once; the
 * store has its SHA-256. 256 random bits need no slow hash, and there is nothing to guess. */
#ifndef BF_API_AUTH_H
#define BF_API_AUTH_H

#include "api/request.h"

#define API_TOKEN_BYTES 48 /* with NUL */

/* A new token. ret: wipe it when it was shown. Errors: ERR_IO no random bytes. */
MUST_CHECK bool api_token_make(char ret[API_TOKEN_BYTES], uint8_t ret_hash[SHA256_BYTES],
                               struct error *err);
/* The hash of a token as it was presented; false: it has not the shape of one. */
MUST_CHECK bool api_token_hash(str token, uint8_t ret[SHA256_BYTES]);
/* The row of a hash, -1: none. All rows are compared, each in constant time. */
int api_token_find(const struct token_row *rows, int count, const uint8_t hash[SHA256_BYTES]);
/* May `has` do what wants `need`? INGEST is for the tokens of that role alone: they say which
 * source. NONE is for everybody. */
bool api_role_allows(token_role has, token_role need);

typedef enum api_auth {
    API_AUTH_NONE,  /* no Authorization */
    API_AUTH_OK,    /* *ret says who */
    API_AUTH_WRONG, /* not of the form "Bearer bft_..." */
    API_AUTH_UNKNOWN,
    API_AUTH_REVOKED,
    API_AUTH_EXPIRED
} api_auth;

/* The tokens of a store as they were when they were last read. Any thread. */
struct api_tokens;
struct api_tokens *api_tokens_new(struct arena *boot);
void api_tokens_free(struct api_tokens *t);
/* One thread at a time. */
MUST_CHECK bool api_tokens_load(struct api_tokens *t, struct store *s, usec mono,
                                struct error *err);
/* The same from rows (tests). Copied. */
void api_tokens_set(struct api_tokens *t, const struct token_row *rows, int count, usec mono);
api_auth api_tokens_check(struct api_tokens *t, str authorization, usec now,
                          struct api_identity *ret);
/* Whom the token of this id makes its bearer now; its use is noted. False: it does not count any
 * more. */
bool api_tokens_by_id(struct api_tokens *t, int64_t id, usec now, struct api_identity *ret);
bool api_tokens_exist(struct api_tokens *t);            /* one that is not revoked */
bool api_tokens_usable(struct api_tokens *t, usec now); /* one that lets somebody in */
/* When the first of those that count now ends; 0: none does. */
usec api_tokens_first_end(struct api_tokens *t, usec now);
usec api_tokens_age(struct api_tokens *t, usec mono); /* since they were last read */

struct api_token_use {
    int64_t id;
    usec at;
};
/* Tokens whose last use is not in the store yet; they count as told from now on. */
int api_tokens_used(struct api_tokens *t, struct api_token_use *ret, int max);

#endif
