/* TLS to Redis: where the build has it, a certificate is looked at as closely as it should be, on a
 * real redis-server with TLS; where it has not, a rediss:// URL is refused with what to do. */
#include "redis_server.h"

#define ERR_STATE OPENSSL_ERR_STATE /* a name that is ours */
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#undef ERR_STATE

#include "queue/redis.h"
#include "queue/redis_conn.h"

static char dir[64] = "/tmp/bf-redis-tls-XXXXXX";

static const char *path_of(const char *name, char block[128]) {
    snprintf(block, 128, "%s/%s", dir, name);
    return block;
}

/* A certificate that has signed itself, for 127.0.0.1 alone, and its key. */
static void certify(const char *cert_name, const char *key_name) {
    char path[128];
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
                               (const unsigned char *)"a test", -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(cert));
    X509_EXTENSION *name = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1");
    assert_non_null(name);
    assert_int_equal(X509_add_ext(cert, name, -1), 1);
    X509_EXTENSION_free(name);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    FILE *f = fopen(path_of(cert_name, path), "w");
    assert_non_null(f);
    assert_int_equal(PEM_write_X509(f, cert), 1);
    assert_int_equal(fclose(f), 0);
    f = fopen(path_of(key_name, path), "w");
    assert_non_null(f);
    assert_int_equal(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(fclose(f), 0);
    X509_free(cert);
    EVP_PKEY_free(key);
}

static bool open_queue(const char *url, const char *ca_file, struct queue **ret,
                       struct error *err) {
    const struct queue_options opt = {.capacity = 10, .max_attempts = 1};
    const struct redis_options redis = {.url = str_from_z(url),
                                        .prefix = STR("bf"),
                                        .name = STR("tls"),
                                        .ca_file = str_from_z(ca_file),
                                        .timeout = 10 * USEC_PER_S,
                                        .claim_after = USEC_PER_HOUR};
    return redis_queue_open(&opt, &redis, ret, err);
}

static void refused(const char *url, const char *ca_file, const char *words) {
    struct error err;
    struct queue *q;
    assert_ok(open_queue(url, ca_file, &q, &err), &err);
    assert_fails(queue_ping(q, 0, &err), &err, ERR_CONFIG);
    if (strstr(err.msg, words) == NULL) fail_msg("%s", err.msg);
    queue_close(q);
}

static void put_and_take(struct queue *q, ptrdiff_t bytes) {
    char *text = malloc((size_t)bytes);
    struct error err;
    struct job *job = NULL;
    int n = 0;
    assert_non_null(text);
    for (ptrdiff_t i = 0; i < bytes; i++) text[i] = (char)(i * 7);
    assert_ok(queue_put(q, str_from_bytes(text, bytes), 0, 0, &err), &err);
    assert_ok(queue_take(q, &job, 1, 0, USEC_PER_MIN, &n, &err), &err);
    assert_int_equal(n, 1);
    assert_int_equal(job->payload_bytes, bytes);
    assert_memory_equal(job->payload, text, bytes);
    assert_ok(queue_ack(q, job, &err), &err);
    free(text);
}

/* Plain on one port, by TLS on another. */
static void with_tls(void) {
    char ca[128], other[128], key[128], port[8], url[64];
    struct redis_server server;
    struct queue *q;
    struct error err;
    certify("cert", "key");
    certify("other", "other-key");
    path_of("cert", ca);
    path_of("other", other);
    const int number = redis_server_free_port();
    snprintf(port, sizeof port, "%d", number);
    const char *const words[] = {"--tls-port",
                                 port,
                                 "--tls-cert-file",
                                 ca,
                                 "--tls-key-file",
                                 path_of("key", key),
                                 "--tls-ca-cert-file",
                                 ca,
                                 "--tls-auth-clients",
                                 "no",
                                 NULL};
    redis_server_open(&server, words);
    snprintf(url, sizeof url, "rediss://127.0.0.1:%d/0", number);
    assert_ok(open_queue(url, ca, &q, &err), &err);
    put_and_take(q, 6);
    put_and_take(q, QUEUE_PAYLOAD_BYTES_MAX); /* in many pieces */
    queue_close(q);
    refused(url, "", "its certificate is refused");    /* the system trusts no test */
    refused(url, other, "its certificate is refused"); /* signed by somebody else */
    refused(url, "/nowhere/ca", "no certificates can be read from it");
    snprintf(url, sizeof url, "rediss://localhost:%d/0", number);
    refused(url, ca, "its certificate is refused"); /* the name is not in it */
    snprintf(url, sizeof url, "rediss://127.0.0.1:%d/0", server.port);
    assert_ok(open_queue(url, ca, &q, &err), &err);
    assert_fails(queue_ping(q, 0, &err), &err, ERR_IO); /* it speaks plain text there */
    queue_close(q);
    redis_server_close(&server);
}

static void without_tls(void) {
    struct error err;
    struct queue *q;
    assert_fails(open_queue("rediss://127.0.0.1:1/0", "", &q, &err), &err, ERR_UNSUPPORTED);
    assert_non_null(strstr(err.msg, "hiredis_ssl"));
}

static void test_a_redis_by_tls_is_checked_or_refused(void **state) {
    (void)state;
    if (redis_tls_is_built())
        with_tls();
    else
        without_tls();
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_redis_by_tls_is_checked_or_refused)};
    char command[128];
    if (mkdtemp(dir) == NULL) return 1;
    const int failed = cmocka_run_group_tests_name("TLS to Redis", tests, NULL, NULL);
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command) != 0 || failed;
}
