/* reach: would `run` connect to what the configuration names, and listen where it says? */
#ifndef BF_APP_REACH_H
#define BF_APP_REACH_H

#include "config/config.h"

/* Asks, without a connection and without a look at a file, what a start asks first: the hosts of
 * every URL, addresses to listen at. Each mistake is a line of `report`, as config_load() writes
 * them. Returns how many there are; *ret_refused: one of them is against a safety rule. */
int reach_check(const struct config *cfg, struct buf *report, bool *ret_refused);

#endif
