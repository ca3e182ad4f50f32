/* late: shared libraries that are loaded when they are first needed.
 *
 * libcurl, libwebsockets and libmicrohttpd bring forty other libraries along. Who never opens a
 * connection, or waits for one (most commands, and trading on paper from a file), should not pay
 * for them, in time or in memory. So the program is built with their headers only, and their
 * functions are called through a table:
 *
 *     static struct {
 *     #define X(name) __typeof__(&curl_##name) name;
 *         FUNCTIONS(X)
 *     #undef X
 *     } curl;
 *
 * which late_load() fills. The types are those of the headers, as if they were linked. */
#ifndef BF_NET_LATE_H
#define BF_NET_LATE_H

#include "base/error.h"

struct late_library {
    const char *file;    /* its soname, found by the build: "libcurl.so.4" */
    const char *package; /* of Debian, that brings it: "libcurl4-openssl-dev" */
    const char *use;     /* NULL: "which connections need" */
};

struct late_function {
    const char *name;
    void *at; /* where the pointer to it is written */
};

/* Loads the library and writes `count` pointers; on failure none. It is never unloaded. Any thread,
 * but call it once a table (pthread_once), since others read what it writes.
 * Errors: ERR_NOT_FOUND the library is not installed, or lacks one of the functions. */
MUST_CHECK bool late_load(const struct late_library *l, const struct late_function *functions,
                          int count, struct error *err);

#endif
