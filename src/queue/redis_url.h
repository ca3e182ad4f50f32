/* redis_url: where a Redis is, as queue.url says it.
 *
 *   redis://[USER@]HOST[:PORT][/DB]        plain
 *   rediss://[USER@]HOST[:PORT][/DB]       TLS
 *   redis+unix://[USER@]/PATH[?db=DB]      a socket of this machine
 *
 * A password has no place in it. */
#ifndef BF_QUEUE_REDIS_URL_H
#define BF_QUEUE_REDIS_URL_H

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

#define REDIS_HOST_BYTES 256 /* DNS has 253 */
#define REDIS_PATH_BYTES 108 /* of sockaddr_un */
#define REDIS_USER_BYTES 65
#define REDIS_DB_MAX 9999

struct redis_url {
    bool tls;
    bool here; /* this machine: a socket, or a loopback address, so that nobody can listen in */
    char path[REDIS_PATH_BYTES]; /* of a socket; "": host and port */
    char host[REDIS_HOST_BYTES]; /* an IPv6 address without brackets */
    int port;
    char user[REDIS_USER_BYTES]; /* "": the default user */
    int db;
};

/* Errors: ERR_CONFIG what is wrong with it; nothing that may be a password is repeated. */
MUST_CHECK bool redis_url_parse(str url, struct redis_url *ret, struct error *err);
/* The same URL again, in full: with its port and database, without its user. */
void redis_url_put(const struct redis_url *u, struct buf *out);

#endif
