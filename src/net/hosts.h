/* hosts: where the program may connect to, compiled in.
 *
 * Keys and orders go to the test networks that are named here, name for name and port for port, and
 * to loopback; market data that takes neither keys nor orders may also come from Binance's public
 * hosts. There is no switch and no configuration that adds a name. Posts may come from any host,
 * and messages for people go to any, by TLS: no order goes there. Whoever opens a connection asks
 * here, so that nobody can forget to. */
#ifndef BF_NET_HOSTS_H
#define BF_NET_HOSTS_H

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

struct sockaddr;

/* What the connection is for. The first is the strictest. */
typedef enum host_use {
    HOST_SPOT_REST,     /* keys and orders of Binance Spot: https */
    HOST_SPOT_WS_API,   /* the same by WebSocket: wss */
    HOST_SPOT_STREAM,   /* a test network's market data: wss */
    HOST_PUBLIC_REST,   /* production's market data, without a key: https */
    HOST_PUBLIC_STREAM, /* the same by WebSocket: wss */
    HOST_FEED_REST,     /* posts: any host by https, through a proxy if the environment names one */
    HOST_FEED_STREAM,   /* the same by WebSocket: wss */
    HOST_NOTIFY         /* messages for people: any host by https, as for posts */
} host_use;

/* Keys of one network are worth nothing on another. */
typedef enum host_network {
    NETWORK_LOOPBACK,
    NETWORK_SPOT_TESTNET,
    NETWORK_SPOT_DEMO,
    NETWORK_PUBLIC,
    NETWORK_FEED,
    NETWORK_NOTIFY
} host_network;
const char *host_network_name(host_network n);

#define HOST_BYTES 256 /* DNS has 253 */

struct host_url {
    host_network network;
    bool tls;
    bool ipv6;             /* the host is an address with colons, and stood in brackets */
    char host[HOST_BYTES]; /* without brackets */
    int port;
    str target; /* path and query, "" where there is none; a slice of the URL */
};

/* May `url` be connected to for that? Plain http and ws go to loopback only.
 * Errors: ERR_REFUSED for every host, port or form that is not on the list, however little it
 * differs; the message lists what is. */
MUST_CHECK bool host_url_parse(str url, host_use use, struct host_url *ret, struct error *err);

bool host_use_is_public(host_use use); /* no keys, no orders: a proxy may be between */
/* "a, b:9443 or c": the hosts on the list for that. */
void host_list(host_use use, struct buf *out);
/* 127.0.0.0/8 or ::1; what "localhost" must turn out to be. */
bool host_is_loopback(const struct sockaddr *sa);

#endif
