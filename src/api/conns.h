/* conns: the connections that are open, whose they are, and until when each has time. */
#ifndef BF_API_CONNS_H
#define BF_API_CONNS_H

#include "api/request.h"

struct api_conn;
struct api_conns;
/* max: connections in all; per_client, per_local: of one address, of this machine. */
struct api_conns *api_conns_new(struct arena *boot, int max, int per_client, int per_local);
void api_conns_free(struct api_conns *c);
/* A connection begins; the socket stays the caller's, who must call api_conn_close before it is
 * closed. NULL: too many, end it. Any thread, as all of these. */
struct api_conn *api_conn_open(struct api_conns *c, int fd, struct api_client client, usec until);
void api_conn_close(struct api_conns *c, struct api_conn *conn);
/* The time that it has for what it does next; USEC_NEVER: no end. */
void api_conn_until(struct api_conn *conn, usec until);
struct api_client api_conn_client(const struct api_conn *conn);
/* Ends (shutdown) what is over its time; returns how many. */
int api_conns_cut(struct api_conns *c, usec mono);
int api_conns_open_now(struct api_conns *c);

#endif
