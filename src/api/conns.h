/* conns: the connections that are open, whose they are, and until when each has time. */
#ifndef BF_API_CONNS_H
#define BF_API_CONNS_H

#include "api/request.h"

struct api_conn;
struct api_conns;
/* Connections in all, of one address, of this machine. Streams are counted apart: they stay. */
struct api_conns_limits {
    int max, per_client, per_local;
    int streams, streams_per_client, streams_per_local;
};
struct api_conns *api_conns_new(struct arena *boot, const struct api_conns_limits *limits);
void api_conns_free(struct api_conns *c);
/* A connection begins; the socket stays the caller's, who must call api_conn_close before it is
 * closed. NULL: too many, end it. Any thread, as all of these. */
struct api_conn *api_conn_open(struct api_conns *c, int fd, struct api_client client, usec until);
void api_conn_close(struct api_conns *c, struct api_conn *conn);
/* Its first header came: from now on it counts among those that ask and are answered; or as a
 * stream, until it is closed. False: there are too many of those. Its own thread. */
MUST_CHECK bool api_conn_to_requests(struct api_conns *c, struct api_conn *conn);
MUST_CHECK bool api_conn_to_stream(struct api_conns *c, struct api_conn *conn);
/* Has the other side gone? Only before api_conn_close. */
bool api_conn_is_gone(const struct api_conn *conn);
/* The time that it has for what it does next; USEC_NEVER: no end. */
void api_conn_until(struct api_conn *conn, usec until);
struct api_client api_conn_client(const struct api_conn *conn);
/* Ends (shutdown) what is over its time; returns how many. */
int api_conns_cut(struct api_conns *c, usec mono);
int api_conns_open_now(struct api_conns *c);

#endif
