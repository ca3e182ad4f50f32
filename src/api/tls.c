/* tls: a certificate and its private key, from files.
 *
 * In: two paths. Out: two texts, which GnuTLS inside libmicrohttpd judges; they are wiped once it
 * has them. A key that others can read is refused: it would be nobody's secret. Failure: says which
 * setting, which file, and what to do. Thread: the one that starts the server. */
#include "api/tls.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/secret.h"

#define FILE_BYTES_MAX 65536
#define PATH_BYTES 4097

static bool read_all(int fd, char *block, ptrdiff_t bytes, ptrdiff_t *ret, struct error *err,
                     const char *path) {
    ptrdiff_t n = 0;
    while (n < bytes) {
        const ssize_t got = read(fd, block + n, (size_t)(bytes - n));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail(err, ERR_IO, errno, "%s: %s", path, strerror(errno));
        if (got == 0) break;
        n += got;
    }
    *ret = n;
    return true;
}

static bool check_file(int fd, const char *path, bool is_private, struct error *err) {
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return fail(err, ERR_CONFIG, 0, "%s: is no file", path);
    if (st.st_size == 0 || st.st_size > FILE_BYTES_MAX)
        return fail(err, ERR_CONFIG, 0, "%s: has %lld bytes, expected 1 to %d", path,
                    (long long)st.st_size, FILE_BYTES_MAX);
    if (is_private && !secret_mode_is_good(&st))
        return fail(err, ERR_REFUSED, 0,
                    "%s: others may read this key (its mode is %03o): chmod 600 %s", path,
                    (unsigned)st.st_mode & 0777, path);
    return true;
}

static bool read_pem(str path, bool is_private, char **ret, ptrdiff_t *ret_bytes,
                     struct error *err) {
    char name[PATH_BYTES];
    if (!str_copyz(path, name, sizeof name))
        return fail(err, ERR_CONFIG, 0, "the path is too long");
    int fd;
    if (!file_open(name, &fd, NULL, err)) return fail_in(err, "%s", name);
    char *const block = calloc(1, FILE_BYTES_MAX + 1);
    ptrdiff_t n = 0;
    bool ok = block != NULL || fail(err, ERR_LIMIT, 0, "no memory");
    ok = ok && check_file(fd, name, is_private, err) &&
         read_all(fd, block, FILE_BYTES_MAX, &n, err, name);
    close(fd);
    if (ok && str_find(str_from_bytes(block, n), STR("-----BEGIN ")) < 0)
        ok = fail(err, ERR_CONFIG, 0, "%s: is no PEM file: it has no -----BEGIN", name);
    if (!ok) {
        if (block != NULL) memory_wipe(block, FILE_BYTES_MAX);
        free(block);
        return false;
    }
    *ret = block;
    *ret_bytes = n;
    return true;
}

bool tls_files_read(str cert, str key, struct tls_files *ret, struct error *err) {
    struct tls_files t = {0};
    *ret = t;
    if (cert.n == 0 && key.n == 0) return true;
    if (cert.n == 0 || key.n == 0)
        return fail(err, ERR_CONFIG, 0, "api.tls_cert_file and api.tls_key_file: both or neither");
    if (!read_pem(cert, false, &t.cert, &t.cert_bytes, err))
        return fail_in(err, "api.tls_cert_file");
    if (!read_pem(key, true, &t.key, &t.key_bytes, err)) {
        tls_files_wipe(&t);
        return fail_in(err, "api.tls_key_file");
    }
    *ret = t;
    return true;
}

void tls_files_wipe(struct tls_files *t) {
    if (t->key != NULL) memory_wipe(t->key, t->key_bytes);
    free(t->key);
    free(t->cert);
    *t = (struct tls_files){0};
}
