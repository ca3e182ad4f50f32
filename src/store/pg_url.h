/* pg_url: postgresql://[USER@]HOST[:PORT]/DATABASE[?NAME=VALUE&...], taken apart.
 *
 * What libpq would read out of such a text is more than we want it to: a password, which would then
 * stand in a file that people copy, or a host's TLS settings that nobody has looked at. So it is
 * read here, and libpq is told each thing by its name. */
#ifndef BF_STORE_PG_URL_H
#define BF_STORE_PG_URL_H

#include "base/buf.h"
#include "base/error.h"

#define PG_WORD_BYTES 256  /* of a name, with its NUL */
#define PG_SCHEMA_BYTES 64 /* PostgreSQL's names are no longer */

struct pg_url {
    char user[PG_WORD_BYTES];     /* "": whoever runs the program */
    char host[PG_WORD_BYTES];     /* "": the socket of this machine; a directory: the one in it */
    char port[8];                 /* "": 5432 */
    char database[PG_WORD_BYTES]; /* never "" */
    char schema[PG_SCHEMA_BYTES]; /* "public" where none is given */
    char sslmode[16];             /* as libpq names them; "" where the host needs none */
    bool weak_tls;                /* a host elsewhere, and the certificate is not fully checked */
    char application[PG_SCHEMA_BYTES];
};

/* rest: what stands behind "postgresql:" or "postgres:". Errors: ERR_CONFIG, which says what is
 * wrong and never shows a password. */
MUST_CHECK bool pg_url_parse(str rest, struct pg_url *ret, struct error *err);
/* The same place for messages: user, host, port, database, and the schema unless it is "public". */
void pg_url_show(const struct pg_url *u, struct buf *out);

#endif
