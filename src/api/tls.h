/* tls: the files that make the HTTP interface speak TLS. */
#ifndef BF_API_TLS_H
#define BF_API_TLS_H

#include "base/error.h"
#include "base/str.h"

/* Texts as libmicrohttpd wants them, ended by NUL; p NULL: plain HTTP. */
struct tls_files {
    char *cert, *key;
    ptrdiff_t cert_bytes, key_bytes;
};
/* cert, key: paths; both empty: plain HTTP. Errors: ERR_NOT_FOUND, ERR_IO; ERR_REFUSED others may
 * read the key; ERR_CONFIG it is no PEM, or too large. */
MUST_CHECK bool tls_files_read(str cert, str key, struct tls_files *ret, struct error *err);
void tls_files_wipe(struct tls_files *t); /* zeroed is fine */

#endif
