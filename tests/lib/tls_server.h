/* tls_server: a TLS server on a loopback port whose certificate, for 127.0.0.1, nobody has signed
 * but itself. A thread of its own; connections one after the other. */
#ifndef BF_TESTS_LIB_TLS_SERVER_H
#define BF_TESTS_LIB_TLS_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

#define ERR_STATE OPENSSL_ERR_STATE /* a name that is ours */
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#undef ERR_STATE

#include "check.h"

struct tls_server {
    SSL_CTX *ctx;
    int listener, port;
    pthread_t thread;
    int connections, shaken; /* connections, and those that the client went along with */
};

static inline void tls_certify(SSL_CTX *ctx) {
    EVP_PKEY *key = EVP_RSA_gen(2048);
    X509 *cert = X509_new();
    assert_non_null(key);
    assert_non_null(cert);
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                               (const unsigned char *)"127.0.0.1", -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(cert));
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    assert_int_equal(SSL_CTX_use_certificate(ctx, cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(ctx, key), 1);
    X509_free(cert);
    EVP_PKEY_free(key);
}

static inline void *tls_run(void *arg) {
    struct tls_server *s = arg;
    for (int fd; (fd = accept(s->listener, NULL, NULL)) >= 0; close(fd)) {
        SSL *ssl = SSL_new(s->ctx);
        s->connections++;
        SSL_set_fd(ssl, fd);
        if (SSL_accept(ssl) == 1) {
            char byte; /* TLS 1.3: the client's refusal comes behind the handshake */
            s->shaken += SSL_read(ssl, &byte, 1) == 1;
        }
        SSL_free(ssl);
    }
    return NULL;
}

static inline void tls_open(struct tls_server *s) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof at;
    *s = (struct tls_server){.ctx = SSL_CTX_new(TLS_server_method())};
    assert_non_null(s->ctx);
    tls_certify(s->ctx);
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->listener, (struct sockaddr *)&at, n), 0);
    assert_int_equal(listen(s->listener, 16), 0);
    assert_int_equal(getsockname(s->listener, (struct sockaddr *)&at, &n), 0);
    s->port = ntohs(at.sin_port);
    assert_int_equal(pthread_create(&s->thread, NULL, tls_run, s), 0);
}

static inline void tls_close(struct tls_server *s) {
    shutdown(s->listener, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->listener);
    SSL_CTX_free(s->ctx);
}

#endif
