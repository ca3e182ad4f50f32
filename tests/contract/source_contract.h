/* What every live source must do, against the simulator over real HTTP and WebSockets.
 *
 * A place makes the connector of its kind; the suite puts it on real connections (live.c), plays
 * the world by the simulator's owner's doors, and reads intakes as the program does: the state that
 * stands on the last of them is what a restart gets back. A post may come again after a restart,
 * with the id that it had: the store knows it (posts are kept once by source and id). While a
 * process lives it comes once. */
#ifndef BF_TESTS_CONTRACT_SOURCE_CONTRACT_H
#define BF_TESTS_CONTRACT_SOURCE_CONTRACT_H

#include "source/x_sources.h"
#include "xport.h"

struct source_opening {
    struct arena *boot; /* of the connector, until the source is closed */
    const struct xport *port;
    struct x_account *account; /* at the port */
    str state;                 /* "": a new one */
};

struct source_place {
    const char *name;
    bool is_x;          /* token, credits and limits count */
    bool has_deletions; /* word of them comes */
    const char *path;   /* that a limit is told of */
    bool (*connect)(const struct source_opening *o, struct connector **ret, struct error *err);
};

/* Runs all tests on a place; returns the number of failures. */
int source_contract_run(const struct source_place *place);

#endif
