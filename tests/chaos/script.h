/* script: what goes wrong, when and for how long, drawn from a seed: the same seed, the same
 * script, whatever becomes of it. */
#ifndef BF_TESTS_CHAOS_SCRIPT_H
#define BF_TESTS_CHAOS_SCRIPT_H

#include "base/rng.h"
#include "rig.h"

/* name, how many of it are in the deck that is dealt from */
#define MISHAP_MAP(X)                                                                              \
    X(KILL_BOT, "kill -9", 4)                                                                      \
    X(KILL_LEADER, "kill -9 of the trader that leads", 2)                                          \
    X(PAUSE_BOT, "stands still", 3)                                                                \
    X(PAUSE_LEADER, "the trader that leads stands still", 2)                                       \
    X(WIRE_CUT, "connections are reset", 3)                                                        \
    X(WIRE_HANG, "nothing arrives", 4)                                                             \
    X(WIRE_SLOW, "slow", 2)                                                                        \
    X(REDIS_KILL, "Redis: kill -9", 1)                                                             \
    X(REDIS_EMPTY, "Redis: kill -9, and it comes back empty", 1)                                   \
    X(REDIS_PAUSE, "Redis stands still", 1)                                                        \
    X(POSTGRES_STOP, "PostgreSQL: immediate stop", 2)                                              \
    X(CLOCK, "its clock is set", 3)                                                                \
    X(DISK_FULL, "PostgreSQL's disk is full", 1)
#define X(name, text, count) MISHAP_##name,
typedef enum mishap { MISHAP_MAP(X) MISHAP_COUNT } mishap;
#undef X

struct fault {
    mishap what;
    usec at, until; /* since the beginning; until == at: it has no duration */
    bot bot;        /* KILL_BOT, PAUSE_BOT, CLOCK */
    int link;       /* WIRE_*: of rig.links */
    int slow_ms;    /* WIRE_SLOW */
    bool lost;      /* WIRE_HANG: what was on its way never arrives */
    usec offset;    /* CLOCK */
};

#define FAULTS_MAX 4096
struct script {
    struct fault v[FAULTS_MAX]; /* by their beginning */
    int count;
};

const char *mishap_name(mishap m);
/* Faults of `seconds`, the last one over by then. links: of the rig. */
void script_draw(struct script *s, uint64_t seed, int seconds, int links);

#endif
