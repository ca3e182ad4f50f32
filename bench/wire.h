/* wire: an exchange behind a socket of this machine, that notes when an entry has arrived.
 *
 * The simulated exchange (src/sim/exchange.h) with the plainest server that a benchmark of its
 * client can have: one thread, one read a request, no streams. */
#ifndef BF_BENCH_WIRE_H
#define BF_BENCH_WIRE_H

#include "base/arena.h"
#include "base/error.h"
#include "base/time.h"
#include "flow/symbol.h"

#define WIRE_KEY "benchKeyOfNoAccountAnywhere"
#define WIRE_SECRET "benchSecretOfNoAccountAnywhere"

struct wire_address {
    char rest_url[64], ws_url[64]; /* nobody listens for WebSockets */
};
/* arrived: called on the server's thread with the monotonic time at which an order list's request
 * was read whole. One at a time. */
bool wire_open(struct arena *a, const struct symbols *symbols, void (*arrived)(usec at),
               struct wire_address *ret, struct error *err);
void wire_close(void);

#endif
