/* listen: the port that the simulator answers at. */
#ifndef BF_SIM_LISTEN_H
#define BF_SIM_LISTEN_H

#include "base/error.h"
#include "base/str.h"

struct sim_listener {
    int fd;
    char url[80]; /* "http://127.0.0.1:8080" */
};
/* port 0: a free one. Errors: as of sim_server_open; nothing is open then. */
MUST_CHECK bool sim_listen(str host, int port, bool anywhere, struct sim_listener *ret,
                           struct error *err);

#endif
