/* hash: SHA-256 (OpenSSL) and the texts made of it; what else secrets need of OpenSSL. */
#ifndef BF_BASE_HASH_H
#define BF_BASE_HASH_H

#include "base/base.h"
#include "base/str.h"

#define SHA256_BYTES 32
#define SHA256_HEX_BYTES 65

struct sha256; /* running */
struct sha256 *sha256_new(void);
void sha256_add(struct sha256 *h, str s);
void sha256_finish(struct sha256 *h,
                   uint8_t out[SHA256_BYTES]); /* h may be used again: it restarts */
void sha256_free(struct sha256 *h);            /* NULL is fine */

void sha256_once(str s, uint8_t out[SHA256_BYTES]);
/* HMAC-SHA256. key: 1 byte to 2 GiB; nothing of it stays in OpenSSL's memory. */
void hmac_sha256(str key, str text, uint8_t out[SHA256_BYTES]);
str hex_format(const uint8_t *bytes, ptrdiff_t n, char *block); /* 2n chars + NUL in block */
/* Base 32 (RFC 4648 alphabet in lower case, no padding): `chars` characters from the leading bits,
 * no NUL behind them. */
str base32_format(const uint8_t *bytes, ptrdiff_t chars, char *block);

/* The same bytes? Takes as long whatever is in them: for what must not be guessed byte by byte. */
bool bytes_same(const void *a, const void *b, ptrdiff_t n);
/* Random bytes that nobody can foresee, from OpenSSL. False: there are none. */
MUST_CHECK bool bytes_random(uint8_t *ret, ptrdiff_t n);

#endif
