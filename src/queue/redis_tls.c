/* redis_tls: TLS to Redis, where hiredis brings it (hiredis_ssl, from 1.0 on).
 *
 * In: a connection that is open. Out: the same, encrypted, with a certificate that is signed by
 * whom we trust and is for this host: hiredis by itself would not look at the name.
 * Failure: the connection is the caller's to close. Any thread. */
#include "queue/redis_conn.h"

#ifdef BF_REDIS_TLS

#define ERR_STATE OPENSSL_ERR_STATE /* a name that is ours */
#include <hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#undef ERR_STATE

bool redis_tls_is_built(void) { return true; }

static bool trust(SSL_CTX *ctx, const struct redis_at *at, struct error *err) {
    if (at->ca_file == NULL) {
        if (SSL_CTX_set_default_verify_paths(ctx) == 1) return true;
        return fail(err, ERR_CONFIG, 0, "the system's certificates cannot be read");
    }
    if (SSL_CTX_load_verify_locations(ctx, at->ca_file, NULL) == 1) return true;
    return fail(err, ERR_CONFIG, 0, "queue.ca_file %s: no certificates can be read from it",
                at->ca_file);
}

/* The host's name, or its address, is to stand in the certificate. */
static bool expect_host(SSL *ssl, const char *host) {
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
    if (X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1) return true;
    return SSL_set_tlsext_host_name(ssl, host) == 1 && SSL_set1_host(ssl, host) == 1;
}

static SSL *make_ssl(const struct redis_at *at, struct error *err) {
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    POST(ctx != NULL);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL *ssl = NULL;
    if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 && trust(ctx, at, err)) {
        ssl = SSL_new(ctx);
        POST(ssl != NULL);
        POST(expect_host(ssl, at->url.host));
    }
    SSL_CTX_free(ctx); /* the connection holds it */
    return ssl;
}

bool redis_tls_begin(redisContext *c, const struct redis_at *at, struct error *err) {
    ERR_clear_error();
    SSL *ssl = make_ssl(at, err);
    if (ssl == NULL) return false;
    if (redisInitiateSSL(c, ssl) == REDIS_OK) return true; /* it is the connection's now */
    const long verdict = SSL_get_verify_result(ssl);
    SSL_free(ssl);
    if (verdict != X509_V_OK)
        return fail(err, ERR_CONFIG, 0,
                    "its certificate is refused (%s): queue.ca_file names whose are taken",
                    X509_verify_cert_error_string(verdict));
    return fail(err, ERR_IO, 0, "TLS fails: %s", c->errstr);
}

#else

bool redis_tls_is_built(void) { return false; }

bool redis_tls_begin(redisContext *c, const struct redis_at *at, struct error *err) {
    (void)c, (void)at;
    return fail(err, ERR_UNSUPPORTED, 0, "this build has no TLS for Redis");
}

#endif
