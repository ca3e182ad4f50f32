/* ws: a WebSocket client connection over libwebsockets, one thread for all connections.
 *
 * Messages arrive whole on that thread, in order. Pings are answered. Silence, a close and errors
 * end the connection with one call of `gone`; connecting again is the caller's decision. TLS is
 * always verified; plain ws:// only to loopback. */
#ifndef BF_NET_WS_H
#define BF_NET_WS_H

#include "base/arena.h"
#include "base/error.h"
#include "base/time.h"
#include "net/hosts.h"

#define WS_MESSAGE_MAX (1 << 20)

struct ws_loop; /* the thread */
struct ws;      /* a connection */

struct ws_events { /* all on the loop's thread; while one blocks, all of the loop waits */
    void *ctx;
    void (*opened)(void *ctx, struct ws *w);
    void (*message)(void *ctx, struct ws *w, str text);     /* borrowed */
    void (*gone)(void *ctx, struct ws *w, const char *why); /* w is freed behind it */
    /* The other side has answered a ping, which asks after half of `silence`. NULL: not told. */
    void (*alive)(void *ctx, struct ws *w);
};

MUST_CHECK bool ws_loop_open(struct ws_loop **ret, struct error *err);
void ws_loop_close(struct ws_loop *l); /* closes what is open (gone is told), joins; NULL is fine */

struct ws_target {
    str url;      /* wss://host[:port]/path?query; copied */
    host_use use; /* what the URL may be; a proxy of the environment (https_proxy, but for the hosts
                     of no_proxy) is used for public data and posts only */
    usec silence; /* no sign of life for so long, though a ping asked for one: gone; 0: never */
};
/* Errors: ERR_REFUSED the url, by hosts.h. What goes wrong later is told by `gone`. Any thread.
 * Whoever uses w on another thread than the loop's sees to it that `gone` has not been called. */
MUST_CHECK bool ws_open(struct ws_loop *l, const struct ws_target *t, const struct ws_events *ev,
                        struct ws **ret, struct error *err);
/* Copies. False: too much waits to be sent, or it is closing. Any thread. */
MUST_CHECK bool ws_send(struct ws *w, str text);
/* Within `gone`, of a connection that was not opened: the HTTP status by which the server refused
 * it; 0: it did not say one. */
int ws_refused_with(const struct ws *w);
void ws_shut(struct ws *w); /* `gone` follows. Any thread, once. */
/* Calls fn(ctx) on the loop's thread at the monotonic time `at`; not any more once the loop is
 * closed. Any thread. */
void ws_loop_later(struct ws_loop *l, usec at, void (*fn)(void *ctx), void *ctx);

#endif
