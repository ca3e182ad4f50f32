/* mac: HMAC-SHA256 with the key worked in once (a header of its own, as OpenSSL's names collide
 * with base/error.h). */
#ifndef BF_SIM_MAC_H
#define BF_SIM_MAC_H

#include "base/str.h"

struct sim_mac;
struct sim_mac *sim_mac_new(str secret); /* the secret is not kept */
void sim_mac_free(struct sim_mac *m);    /* NULL is fine */
/* Of the pieces, one after the other. */
void sim_mac_of(struct sim_mac *m, const str *pieces, int count, uint8_t ret[32]);

#endif
