/* mac: HMAC-SHA256 with the key worked in beforehand.
 *
 * In: a secret, once; then messages in pieces, as a request's raw query and body are. The two
 * blocks that HMAC makes of its key are hashed at sim_mac_new, so that a message costs its own
 * length and one block. The key itself is not kept. Failure: OpenSSL without SHA-256 or memory is
 * an assert. */
#include "sim/mac.h"

#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#define BLOCK_BYTES 64

struct sim_mac {
    EVP_MD_CTX *inner, *outer; /* behind the key's block */
    EVP_MD_CTX *work;
};

static EVP_MD_CTX *context_new(void) {
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    PRE(c != NULL);
    return c;
}

static void add(EVP_MD_CTX *c, const void *p, size_t n) {
    if (EVP_DigestUpdate(c, p, n) != 1) WRONG("OpenSSL: SHA-256 failed");
}

static void finish(EVP_MD_CTX *c, uint8_t ret[32]) {
    unsigned n = 0;
    if (EVP_DigestFinal_ex(c, ret, &n) != 1 || n != 32) WRONG("OpenSSL: SHA-256 failed");
}

static void begin(EVP_MD_CTX *c) {
    if (EVP_DigestInit_ex(c, EVP_sha256(), NULL) != 1) WRONG("OpenSSL: no SHA-256");
}

struct sim_mac *sim_mac_new(str secret) {
    struct sim_mac *m = malloc(sizeof *m);
    PRE(m != NULL);
    *m = (struct sim_mac){context_new(), context_new(), context_new()};
    uint8_t key[BLOCK_BYTES] = {0}, block[BLOCK_BYTES];
    if (secret.n > BLOCK_BYTES) {
        begin(m->work);
        add(m->work, secret.p, (size_t)secret.n);
        finish(m->work, key);
    } else if (secret.n > 0) {
        memcpy(key, secret.p, (size_t)secret.n);
    }
    for (int i = 0; i < BLOCK_BYTES; i++) block[i] = key[i] ^ 0x36;
    begin(m->inner);
    add(m->inner, block, sizeof block);
    for (int i = 0; i < BLOCK_BYTES; i++) block[i] = key[i] ^ 0x5C;
    begin(m->outer);
    add(m->outer, block, sizeof block);
    OPENSSL_cleanse(key, sizeof key);
    OPENSSL_cleanse(block, sizeof block);
    return m;
}

void sim_mac_free(struct sim_mac *m) {
    if (!m) return;
    EVP_MD_CTX_free(m->inner);
    EVP_MD_CTX_free(m->outer);
    EVP_MD_CTX_free(m->work);
    free(m);
}

void sim_mac_of(struct sim_mac *m, const str *pieces, int count, uint8_t ret[32]) {
    if (EVP_MD_CTX_copy_ex(m->work, m->inner) != 1) WRONG("OpenSSL: SHA-256 failed");
    for (int i = 0; i < count; i++) {
        if (pieces[i].n > 0) add(m->work, pieces[i].p, (size_t)pieces[i].n);
    }
    finish(m->work, ret);
    if (EVP_MD_CTX_copy_ex(m->work, m->outer) != 1) WRONG("OpenSSL: SHA-256 failed");
    add(m->work, ret, 32);
    finish(m->work, ret);
}
