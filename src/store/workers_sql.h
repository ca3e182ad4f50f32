/* How it stands with a worker, as SQL: for the files that show workers. */
#ifndef BF_STORE_WORKERS_SQL_H
#define BF_STORE_WORKERS_SQL_H

/* silent: the number of a parameter; who was not seen since then is not there. Whether a task takes
 * too long is told by the worker's own clock. */
#define WORKER_HEALTH(silent)                                                                      \
    "CASE WHEN stopped_at IS NOT NULL THEN 'stopped' WHEN seen_at < " silent                       \
    " THEN 'silent' WHEN state = 'working' AND task_until IS NOT NULL AND task_until < seen_at "   \
    "THEN 'stuck' ELSE 'well' END"
/* Who is not there did nothing in the last minute. */
#define WORKER_RATE(silent)                                                                        \
    "CASE WHEN stopped_at IS NOT NULL OR seen_at < " silent " THEN 0 ELSE per_minute END"
/* The ones that ended last. */
#define WORKERS_ORDER "CASE WHEN stopped_at IS NULL THEN 0 ELSE 1 END, role, name"

#endif
