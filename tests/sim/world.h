/* world: one run of the whole bot against the simulated exchange, in virtual time, from one seed.
 *
 * The seed draws everything: configuration, symbols, prices, posts, people's commands, how the
 * network behaves, a fault plan, and when the process is killed and started again. What is real:
 * the trader, the conversation with Binance (venue/binance.h) and the exchange (sim/exchange.h),
 * byte for byte. What stands in for the edges (threads, sockets, the store) is here: two lanes, the
 * clock's own requests, the user data stream, prices, and rows in memory (tests/lib/stage_rows.h)
 * that survive a kill as far as they were committed.
 *
 *   world.c   the process: turns, commits, sends, kills, restarts; posts and people
 *   wires.c   the lines: requests on their way, streams, prices
 *   truth.c   what is measured against the exchange's own records */
#ifndef BF_TESTS_SIM_WORLD_H
#define BF_TESTS_SIM_WORLD_H

#include "stage_rows.h"

#include "base/rng.h"
#include "sim/exchange.h"
#include "sim/faults.h"
#include "venue/binance.h"

/* Mistakes that the harness can make the bot commit, to prove that it would see them. */
#define MISTAKE_MAP(X)                                                                             \
    X(NONE, "none")                                                                                \
    X(RESEND, "resend")         /* an UNKNOWN entry or exit is sent again, blind */                \
    X(NO_FENCE, "no_fence")     /* "no such order" is proof at once */                             \
    X(SEND_FIRST, "send_first") /* requests leave before their rows are committed */               \
    X(NO_REPAIR, "no_repair")   /* protection of what stands bare, and exits, are never sent */    \
    X(HALT_LATE, "halt_late")   /* the trader learns of a halt after it could have opened */
typedef enum mistake {
#define X(name, text) MISTAKE_##name,
    MISTAKE_MAP(X)
#undef X
        MISTAKE_COUNT
} mistake;
extern const char *const mistake_names[MISTAKE_COUNT];

/* What was seen in a run; the sums over many runs show that they exercise anything at all. */
struct world_counts {
    int64_t trades, entered, orders, fills, exits, repairs, unknown, absent, kills, halts, requests,
        lost, reports, resets, wipes_met, wipes_told, turns;
    usec bare_longest; /* while the venue answered */
};

struct world_result {
    bool ok;
    char why[400];
    struct world_counts counts;
};

/* trace: each thing that happens, to standard output. */
void world_run(uint64_t seed, mistake m, bool trace, struct world_result *ret);

#endif
