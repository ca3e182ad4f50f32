/* Who works on the store: rows that each worker writes of itself, and what is read of them.
 *
 * In: a row. Out: the row in its place; lists and counts. A worker that is killed says nothing any
 * more, and is told from one that ended by that: nobody but itself writes its row, but what was not
 * seen for a day is pruned (prune.h). Failure: the store's. Thread: the connection's. */
#include "store/workers.h"

#include "store/view_columns.h"
#include "store/workers_sql.h"

static const char *const role_names[] = {
#define X(name, text) text,
    WORKER_ROLE_MAP(X)
#undef X
};
static const char *const state_names[] = {
#define X(name, text) text,
    WORKER_STATE_MAP(X)
#undef X
};

const char *worker_role_name(worker_role r) {
    PRE(r >= 0 && r < WORKER_ROLE_COUNT);
    return role_names[r];
}

const char *worker_state_name(worker_state s) {
    PRE(s >= 0 && s < WORKER_STATE_COUNT);
    return state_names[s];
}

bool store_worker_put(struct store *s, const struct worker_row *v, struct error *err) {
    static const struct sql sql = {
        "INSERT INTO workers (name, role, pid, host, version, started_at, seen_at, state, task, "
        "task_since, task_until, done, failed, per_minute, memory, stopped_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) "
        "ON CONFLICT (name) DO UPDATE SET role = excluded.role, pid = excluded.pid, "
        "host = excluded.host, version = excluded.version, started_at = excluded.started_at, "
        "seen_at = excluded.seen_at, state = excluded.state, task = excluded.task, "
        "task_since = excluded.task_since, task_until = excluded.task_until, "
        "done = excluded.done, failed = excluded.failed, per_minute = excluded.per_minute, "
        "memory = excluded.memory, stopped_at = excluded.stopped_at"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_z(&q, v->name);
    bind_z(&q, worker_role_name(v->role));
    bind_i64(&q, v->pid);
    bind_z(&q, v->host);
    bind_z(&q, BF_VERSION);
    bind_time(&q, v->started_at);
    bind_time(&q, v->seen_at);
    bind_z(&q, worker_state_name(v->state));
    bind_z(&q, v->task);
    bind_time_or_null(&q, v->task_since);
    bind_time_or_null(&q, v->task_until);
    bind_i64(&q, v->done);
    bind_i64(&q, v->failed);
    bind_i64(&q, v->per_minute);
    bind_id(&q, v->memory);
    bind_time_or_null(&q, v->stopped_at);
    return query_run(&q, err) || fail_in(err, "tell what worker %s is at", v->name);
}

bool store_view_workers(struct store *s, usec now, struct buf *out, struct error *err) {
    static const struct sql sql = {
        "SELECT 0" VIEW_WORKER(VIEW_COLUMN) " FROM workers ORDER BY " WORKERS_ORDER};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_time(&q, now - WORKER_SILENT);
    return view_put_array(&q, VIEW_FIELDS(VIEW_WORKER), out, err);
}

static bool find_name(str name, const char *const *names, int count, int *ret) {
    for (int i = 0; i < count; i++)
        if (str_eq(name, str_from_z(names[i]))) {
            *ret = i;
            return true;
        }
    return false;
}

static bool count_states(struct store *s, usec now, struct worker_counts *ret, struct error *err) {
    static const struct sql sql = {
        "SELECT " WORKER_HEALTH("$1") ", role, state, per_minute FROM workers"};
    struct query q;
    bool row;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_time(&q, now - WORKER_SILENT);
    if (!query_row(&q, &row, err)) return false;
    while (row) {
        char health[16];
        int role = 0, state = 0;
        col_z(&q, health, sizeof health);
        const bool known = find_name(col_str(&q), role_names, WORKER_ROLE_COUNT, &role) &&
                           find_name(col_str(&q), state_names, WORKER_STATE_COUNT, &state);
        if (strcmp(health, "silent") == 0) state = WORKER_COUNTED_AS_LOST;
        if (strcmp(health, "stuck") == 0) state = WORKER_COUNTED_AS_STUCK;
        if (known && strcmp(health, "stopped") != 0) ret->n[role][state]++;
        if (known && strcmp(health, "well") == 0) ret->per_minute[role] += col_i64(&q);
        if (!query_row(&q, &row, err)) return false;
    }
    return true;
}

/* Of the silent ones, those whose place nobody has taken: beginnings and ends in their order. A
 * replacement that died as well has made up for who was before it, and is missed itself. */
static bool count_missed(struct store *s, usec now, struct worker_counts *ret, struct error *err) {
    static const struct sql sql = {
        "SELECT role, what FROM (SELECT started_at AS at, 'began' AS what, role FROM workers "
        "UNION ALL SELECT seen_at, 'silent', role FROM workers WHERE stopped_at IS NULL AND "
        "seen_at < $1) AS turns ORDER BY at, what"};
    struct query q;
    bool row;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_time(&q, now - WORKER_SILENT);
    if (!query_row(&q, &row, err)) return false;
    while (row) {
        int role = 0;
        const bool known = find_name(col_str(&q), role_names, WORKER_ROLE_COUNT, &role);
        int64_t *const missed = &ret->n[role][WORKER_COUNTED_AS_SILENT];
        const bool silent = str_eq(col_str(&q), STR("silent"));
        if (known && silent)
            ++*missed;
        else if (known && *missed > 0)
            --*missed;
        if (!query_row(&q, &row, err)) return false;
    }
    for (int r = 0; r < WORKER_ROLE_COUNT; r++)
        ret->n[r][WORKER_COUNTED_AS_LOST] -= ret->n[r][WORKER_COUNTED_AS_SILENT];
    return true;
}

bool store_worker_counts(struct store *s, usec now, struct worker_counts *ret, struct error *err) {
    *ret = (struct worker_counts){0};
    return count_states(s, now, ret, err) && count_missed(s, now, ret, err);
}
