/* pg_server: a PostgreSQL of the test's own: a cluster in a scratch directory, a port that the
 * kernel gave, stopped by its process id when the test ends, however that happens. Commits are
 * synced, as they are where it matters. */
#ifndef BF_TESTS_LIB_PG_SERVER_H
#define BF_TESTS_LIB_PG_SERVER_H

#include <sys/types.h>

#include "base/base.h"

#define PG_SERVER_USER "bullfinch" /* its superuser */

struct pg_server {
    char dir[64]; /* data, log, and the socket */
    int port;
    pid_t pid; /* 0: it does not run */
    struct pg_conn *admin;
};

/* Makes a cluster and starts it; says what is wrong and ends the program when that fails. */
void pg_server_start(struct pg_server *s);
void pg_server_stop(struct pg_server *s);          /* in good order, and nothing is left of it */
void pg_server_halt(struct pg_server *s, int sig); /* SIGINT: now, SIGQUIT: as by a power cut */
void pg_server_resume(struct pg_server *s);        /* after that */
/* "postgresql://...?schema=NAME", over its socket. */
void pg_server_url(const struct pg_server *s, const char *schema, char *url, ptrdiff_t bytes);
/* The same by TCP, as `user`, and whatever else stands behind the schema ("&sslmode=..."). */
void pg_server_tcp_url(const struct pg_server *s, const char *user, const char *schema,
                       const char *more, char *url, ptrdiff_t bytes);
/* From now on users of this name must say a password over TCP (the others need none). */
void pg_server_ask_password(struct pg_server *s, const char *user);
/* From now on it speaks TLS, with a certificate for `name` (a host, or an address) that was signed
 * by itself; ca: the file with that certificate. */
void pg_server_speak_tls(struct pg_server *s, const char *name, char *ca, ptrdiff_t bytes);
/* Commands as the superuser, in the schema; fails the program when they fail. */
void pg_server_sql(struct pg_server *s, const char *schema, const char *text);
/* One number that a SELECT gives. */
int64_t pg_server_number(struct pg_server *s, const char *schema, const char *text);

#endif
