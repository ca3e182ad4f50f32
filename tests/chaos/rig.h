/* rig: the servers and the bullfinches, each a process, with a proxy on each wire. */
#ifndef BF_TESTS_CHAOS_RIG_H
#define BF_TESTS_CHAOS_RIG_H

#include "chaos.h"
#include "proc.h"
#include "tcp_proxy.h"

#define RIG_KEY "chaoskeychaoskeychaoskeychaoskeychaoskeychaoskeychaoskeychaoskey"
#define RIG_SECRET "chaossecretchaossecretchaossecretchaossecretchaossecretchaossecr"
#define RIG_PUSH "desk" /* the push source */

typedef enum bot {
    INGEST,
    ANALYZE_1,
    ANALYZE_2,
    TRADE_1,
    TRADE_2,
    SERVE_1,
    SERVE_2,
    BOT_COUNT
} bot;

typedef enum server { POSTGRES, REDIS, VENUE, STREAMS, SERVER_COUNT } server;

/* A wire. */
struct link {
    bot from;
    server to;
    struct tcp_proxy *proxy;
};
#define LINKS_MAX (BOT_COUNT * SERVER_COUNT)

struct rig {
    const char *program; /* bullfinch */
    const char *dir;     /* what it all leaves */
    uint64_t seed;
    bool has_disk;     /* PostgreSQL's data lie on a disk of their own, of limited size */
    char no_disk[160]; /* why not */
    char pg_data[PROC_PATH_BYTES], pg_bin[PROC_PATH_BYTES];
    int pg_port, redis_port, sim_port, serve_port[2];
    char token[128]; /* of the push source */
    char config[PROC_PATH_BYTES], clock_library[PROC_PATH_BYTES];

    struct proc postgres, redis, sim, bots[BOT_COUNT];
    struct proc *all[3 + BOT_COUNT]; /* of them, those that run */
    int all_count;
    char clock_env[BOT_COUNT][PROC_PATH_BYTES], preload_env[PROC_PATH_BYTES];
    _Atomic int64_t *clocks[BOT_COUNT]; /* added to its wall clock, us */

    struct link links[LINKS_MAX];
    int link_count;
};

struct rig_options {
    const char *program, *dir;
    uint64_t seed;
    const bot *bots; /* which */
    int bot_count;
    int start_count;    /* of them, the first, that are started at once; the rest by proc_start */
    const char *faults; /* a plan for the exchange (docs/sim.md) */
    int hold_s;         /* how long a position is held */
};

/* Servers up, the database migrated, the bots started. PRE: no thread was started yet. */
void rig_open(struct rig *r, const struct rig_options *opt);
/* The bots are asked to end, then the servers. */
void rig_close_bots(struct rig *r);
void rig_close(struct rig *r);
/* Ends and starts of processes; to be called often. */
void rig_watch(struct rig *r);
/* The same for so long. */
void rig_wait(struct rig *r, usec for_us);

/* The wire; NULL where these two do not talk. */
struct tcp_proxy *rig_link(struct rig *r, bot from, server to);
const char *server_name(server s);

/* `bullfinch ARGUMENT...` on the store, past all proxies, with its output in `out`; ended by NULL.
 * Its status. */
int rig_command(struct rig *r, char *out, size_t bytes, const char *const *arguments);

/* What PostgreSQL stores is gone with a tmpfs: a copy of it beside the logs. */
void rig_keep_data(struct rig *r);

#endif
