/* workers: who works on the store, as rows. What writes them is run/worker.h; here is what is read.
 */
#ifndef BF_STORE_WORKERS_H
#define BF_STORE_WORKERS_H

#include "store/store.h"

#define WORKER_ROLE_MAP(X)                                                                         \
    X(RUN, "run")         /* everything in one process */                                          \
    X(INGEST, "ingest")   /* sources */                                                            \
    X(ANALYZE, "analyze") /* readers */                                                            \
    X(TRADE, "trade")     /* the trader, or one who stands by */                                   \
    X(SERVE, "serve")     /* the HTTP interface */
typedef enum worker_role {
#define X(name, text) WORKER_##name,
    WORKER_ROLE_MAP(X)
#undef X
        WORKER_ROLE_COUNT
} worker_role;
const char *worker_role_name(worker_role r);

#define WORKER_STATE_MAP(X)                                                                        \
    X(STARTING, "starting")                                                                        \
    X(WORKING, "working")                                                                          \
    X(IDLE, "idle")                                                                                \
    X(STANDBY, "standby") /* another one is active */                                              \
    X(STOPPING, "stopping")
typedef enum worker_state {
#define X(name, text) WORKER_IS_##name,
    WORKER_STATE_MAP(X)
#undef X
        WORKER_STATE_COUNT
} worker_state;
const char *worker_state_name(worker_state s);

#define WORKER_NAME_BYTES 128
#define WORKER_HOST_BYTES 72
#define WORKER_TASK_BYTES 128
#define WORKER_SILENT (15 * USEC_PER_S) /* no beat for so long: it is not there */

struct worker_row {
    char name[WORKER_NAME_BYTES]; /* host:pid:role[:number] */
    worker_role role;
    int64_t pid;
    char host[WORKER_HOST_BYTES];
    usec started_at, seen_at;
    worker_state state;
    char task[WORKER_TASK_BYTES]; /* "": none */
    usec task_since, task_until;  /* 0: none, no bound */
    int64_t done, failed;         /* since its start */
    int64_t per_minute;           /* done in the last minute */
    int64_t memory;               /* bytes resident; 0: not known */
    usec stopped_at;              /* 0: it did not end, as far as it said */
};
/* The whole row, in the place of the one of its name; the version is this program's. One statement,
 * in the caller's transaction where there is one. */
MUST_CHECK bool store_worker_put(struct store *s, const struct worker_row *v, struct error *err);

/* All of them as a JSON array, those that have ended last: name, role, host, pid, version, state,
 * task, task_since, done, per_minute, failed, memory, started_at, seen_at, stopped_at, and health:
 * "well", "stopped" (it said so), "silent" (no word for WORKER_SILENT), "stuck" (at its last beat
 * it was at a task longer than that takes). */
MUST_CHECK bool store_view_workers(struct store *s, usec now, struct buf *out, struct error *err);

/* How many there are, by role and state: of those that are well by their own state, of those that
 * are stuck as such; the stopped count nowhere. The silent ones are missed ("silent") until another
 * of their role has begun since then: each start makes up for one, whose place is taken ("lost").
 * So a role that misses somebody has fewer at work than it had. */
#define WORKER_COUNTED_AS_SILENT WORKER_STATE_COUNT
#define WORKER_COUNTED_AS_STUCK (WORKER_STATE_COUNT + 1)
#define WORKER_COUNTED_AS_LOST (WORKER_STATE_COUNT + 2)
#define WORKER_COUNTED (WORKER_STATE_COUNT + 3)
struct worker_counts {
    int64_t n[WORKER_ROLE_COUNT][WORKER_COUNTED];
    int64_t per_minute[WORKER_ROLE_COUNT]; /* done in the last minute by those that are well */
};
MUST_CHECK bool store_worker_counts(struct store *s, usec now, struct worker_counts *ret,
                                    struct error *err);

#endif
