/* fetch: a large file from the web onto the disk, resumed where it broke off. */
#ifndef BF_NET_FETCH_H
#define BF_NET_FETCH_H

#include "base/error.h"
#include "base/hash.h"
#include "net/hosts.h"

/* All borrowed during the call. */
struct fetch {
    str url;          /* "https://host[:port]/path"; plain http to loopback only */
    const char *path; /* where the file goes; meanwhile PATH.part, and PATH.part.etag */
    int64_t bytes_max;
    /* Asked about once a second, and when bytes came: got of total (-1: not known yet). False ends
     * it; what came stays for the next time. NULL: nobody is asked. */
    bool (*go_on)(void *ctx, int64_t got, int64_t total);
    /* Is what came what was wanted? Asked when all is there, before it has its name; when not, it
     * is thrown away. NULL: whatever came is. */
    bool (*check)(void *ctx, const char *path, struct error *err);
    void *ctx;
};

struct fetched {
    int64_t bytes;
    bool resumed; /* a part of it was there */
    char sha256[SHA256_HEX_BYTES];
    bool checked; /* the server said what the SHA-256 should be, and it is */
};

/* A part (status 206) is taken only where one was asked for, and only that one. Follows redirects,
 * by https only; uses the environment's proxies, never for loopback. What the
 * server says of the file's SHA-256 (X-Linked-ETag, or an ETag of 64 hex digits) is checked, before
 * the file gets its name. Errors: ERR_REFUSED the URL; ERR_NOT_FOUND status 404; ERR_UNKNOWN the
 * line broke: call again; ERR_PARSE a part that was not asked for; what check() says; ERR_DAMAGED
 * another SHA-256; ERR_LIMIT larger than bytes_max; ERR_INTERRUPTED go_on said so; ERR_FULL,
 * ERR_IO. */
MUST_CHECK bool fetch_file(const struct fetch *f, struct fetched *ret, struct error *err);

/* The SHA-256 of a file, as hex. Errors: ERR_NOT_FOUND, ERR_IO. */
MUST_CHECK bool file_sha256(const char *path, char ret[SHA256_HEX_BYTES], struct error *err);

#endif
