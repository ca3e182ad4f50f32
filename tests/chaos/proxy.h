/* proxy: stands between a process and a server on loopback, and does to their connection what a
 * network may do: nothing, slowness, silence, a reset. One proxy a pair, so that one pair can be
 * cut while all others talk. */
#ifndef BF_TESTS_CHAOS_PROXY_H
#define BF_TESTS_CHAOS_PROXY_H

#include "base/str.h"

typedef enum proxy_mode {
    PROXY_PASS,
    PROXY_SLOW, /* each piece waits, in both directions */
    PROXY_HANG, /* nothing arrives any more, in either direction; what was on its way arrives when
                   it passes again, as it does behind a network that was cut for a while */
    PROXY_CUT   /* what is open is reset, and what is opened */
} proxy_mode;

struct proxies; /* one thread, which runs them all */
struct proxy;

struct proxies *proxies_open(void);
void proxies_close(struct proxies *all); /* resets what is open; NULL is fine */

/* From now on connections to proxy_port() go to `to_port`. Lives as long as `all`. */
struct proxy *proxy_add(struct proxies *all, int to_port);
int proxy_port(const struct proxy *p);

/* Any thread. slow_ms: of PROXY_SLOW. When it returns nothing passes that the mode forbids. */
void proxy_set(struct proxy *p, proxy_mode mode, int slow_ms);
/* What is open is reset, what is opened next is not. */
void proxy_reset(struct proxy *p);

/* A gate: of each connection, the first piece from the client (up) or from the server with these
 * bytes in it does not pass, nor does anything after it in this direction of this connection, until
 * the gate is opened (marker "") or replaced. Pieces before it pass. The bytes must come in one
 * write of the sender's, which those of one message do. PRE: fewer than 64 bytes. */
void proxy_gate(struct proxy *p, bool up, str marker);
/* How many connections it has shut. */
int proxy_gate_shut(struct proxy *p);

/* Pieces from the client with "POST /" at their beginning that went through, since it was added:
 * requests that may change something. */
int64_t proxy_posts(struct proxy *p);

#endif
