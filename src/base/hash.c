/* hash: SHA-256 and HMAC through OpenSSL, and the texts made of a digest.
 *
 * For client order ids, the audit chain, ledger_hash, ids of posts, and signatures (HMAC). Digests
 * are made by SHA256_Init() and its like, which OpenSSL 3 still has and would rather see replaced
 * by EVP: that sets up all of the library first (providers, names, texts of errors), 2 MB of memory
 * in each process, for the same digest. Signing, which only a run on a venue does, uses EVP, with
 * the algorithm fetched once: an implicit fetch costs more than hashing a short text.
 * OpenSSL fails here only without memory or with a broken provider set-up, and then nothing works:
 * that asserts. Any thread; a running hash belongs to one at a time. */
#define OPENSSL_API_COMPAT 0x10100000L /* SHA256_Init() without a warning */
#include "base/hash.h"

#include <pthread.h>
#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

struct sha256 {
    SHA256_CTX ctx; /* started, so that sha256_add() always works */
};

static EVP_MD *sha256_md;
static pthread_once_t sha256_md_once = PTHREAD_ONCE_INIT;

static void sha256_md_fetch(void) {
    sha256_md = EVP_MD_fetch(NULL, "SHA256", NULL);
    POST(sha256_md != NULL);
}

static const EVP_MD *sha256_get_md(void) {
    int rc = pthread_once(&sha256_md_once, sha256_md_fetch);
    POST(rc == 0);
    return sha256_md;
}

static void start(SHA256_CTX *c) {
    int ok = SHA256_Init(c);
    POST(ok == 1);
}

static void add(SHA256_CTX *c, str s) {
    if (s.n == 0) return;
    int ok = SHA256_Update(c, s.p, (size_t)s.n);
    POST(ok == 1);
}

static void finish(SHA256_CTX *c, uint8_t out[SHA256_BYTES]) {
    int ok = SHA256_Final(out, c);
    POST(ok == 1);
}

struct sha256 *sha256_new(void) {
    struct sha256 *h = malloc(sizeof *h);
    POST(h != NULL);
    start(&h->ctx);
    return h;
}

void sha256_add(struct sha256 *h, str s) { add(&h->ctx, s); }

void sha256_finish(struct sha256 *h, uint8_t out[SHA256_BYTES]) {
    finish(&h->ctx, out);
    start(&h->ctx);
}

void hmac_sha256(str key, str text, uint8_t out[SHA256_BYTES]) {
    unsigned n = 0;
    const unsigned char *p =
        HMAC(sha256_get_md(), key.p, (int)key.n,
             (const unsigned char *)(text.p != NULL ? text.p : ""), (size_t)text.n, out, &n);
    POST(p != NULL);
    POST(n == SHA256_BYTES);
}

void sha256_free(struct sha256 *h) { free(h); }

void sha256_once(str s, uint8_t out[SHA256_BYTES]) {
    SHA256_CTX c;
    start(&c);
    add(&c, s);
    finish(&c, out);
}

str hex_format(const uint8_t *bytes, ptrdiff_t n, char *block) {
    static const char digits[] = "0123456789abcdef";
    PRE(n >= 0);
    for (ptrdiff_t i = 0; i < n; i++) {
        block[2 * i] = digits[bytes[i] >> 4];
        block[2 * i + 1] = digits[bytes[i] & 15];
    }
    block[2 * n] = 0;
    return (str){block, 2 * n};
}

str base32_format(const uint8_t *bytes, ptrdiff_t chars, char *block) {
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
    PRE(chars >= 0);
    for (ptrdiff_t i = 0; i < chars; i++) {
        ptrdiff_t bit = i * 5, last = (bit + 4) / 8; /* the byte that the group ends in */
        unsigned two = (unsigned)bytes[bit / 8] << 8 | (last > bit / 8 ? bytes[last] : 0);
        block[i] = digits[two >> (11 - bit % 8) & 31];
    }
    return (str){block, chars};
}

/* --- for secrets -------------------------------------------------------------------------- */

bool bytes_same(const void *a, const void *b, ptrdiff_t n) {
    PRE(n >= 0);
    return CRYPTO_memcmp(a, b, (size_t)n) == 0;
}

bool bytes_random(uint8_t *ret, ptrdiff_t n) {
    PRE(n >= 0 && n <= INT32_MAX);
    return RAND_bytes(ret, (int)n) == 1;
}
