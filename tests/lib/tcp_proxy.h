/* tcp_proxy: a wire between two programs that can be bad: connections through it are cut, hang, or
 * are slow, and heal, while both sides believe in each other. A thread of its own.
 *
 *   pass   bytes go through as they come
 *   cut    connections end with a reset, and so does each new one
 *   hang   connections stay, also new ones, and nothing moves; what was sent goes on its way when
 *          it heals
 *   slow   every byte is so much later, both ways, in order */
#ifndef BF_TESTS_LIB_TCP_PROXY_H
#define BF_TESTS_LIB_TCP_PROXY_H

#include "base/error.h"
#include "base/str.h"
#include "base/time.h"

typedef enum proxy_mode { PROXY_PASS, PROXY_CUT, PROXY_HANG, PROXY_SLOW } proxy_mode;

struct tcp_proxy;

/* port: to listen on, on 127.0.0.1; 0: one that the kernel gives. target: "HOST:PORT"; need not be
 * there yet: then connections are reset. Errors: ERR_CONFIG no such target; ERR_IO. */
MUST_CHECK bool tcp_proxy_open(int port, str target, struct tcp_proxy **ret, struct error *err);
int tcp_proxy_port(const struct tcp_proxy *p);
/* Holds when it returns. delay: of PROXY_SLOW. */
void tcp_proxy_set(struct tcp_proxy *p, proxy_mode mode, usec delay);
/* Every connection that there is ends with a reset, once. */
void tcp_proxy_cut_once(struct tcp_proxy *p);
/* A gate: of each connection, the first piece from who connected (up) or from the target in which
 * `marker` stands does not go on, nor does anything behind it in that direction, until the gate is
 * replaced, or opened (marker ""). What stands before it goes on. A piece is what one read gives,
 * so the marker must have been written at once, as it is where it stands in one small message. PRE:
 * the marker has fewer than TCP_PROXY_MARKER_BYTES. */
#define TCP_PROXY_MARKER_BYTES 64
void tcp_proxy_gate(struct tcp_proxy *p, bool up, str marker);
int tcp_proxy_held(struct tcp_proxy *p); /* connections that stand before a gate */
/* From now on pieces of who connected that begin so are counted when they go on; under the same
 * conditions. */
void tcp_proxy_count(struct tcp_proxy *p, str beginning);
int64_t tcp_proxy_counted(struct tcp_proxy *p);
int tcp_proxy_connections(struct tcp_proxy *p); /* that there are now */
int64_t tcp_proxy_accepted(struct tcp_proxy *p);
void tcp_proxy_close(struct tcp_proxy *p); /* NULL is fine */

/* "pass", "cut", "hang", "slow MS" -> the mode. False: none of these. */
MUST_CHECK bool proxy_mode_parse(str text, proxy_mode *ret_mode, usec *ret_delay);

#endif
