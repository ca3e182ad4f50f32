/* gauges: what the page of metrics says of the store, looked up when it is asked for: who works on
 * it, whichever process that is, and what nobody has dealt with.
 *
 * In: rows. Out: gauges. Failure: a store that cannot be read leaves the gauges as they were;
 * `database` of /health says so. Thread: any. */
#include "api/auth.h"
#include "api/core.h"
#include "base/metric.h"
#include "store/views.h"
#include "store/workers.h"

static const char *state_of(int i) {
    if (i == WORKER_COUNTED_AS_SILENT) return "silent";
    if (i == WORKER_COUNTED_AS_STUCK) return "stuck";
    if (i == WORKER_COUNTED_AS_LOST) return "lost";
    return worker_state_name((worker_state)i);
}

static void set_workers(const struct worker_counts *v) {
    for (int r = 0; r < WORKER_ROLE_COUNT; r++) {
        for (int i = 0; i < WORKER_COUNTED; i++) {
            const char *const role = worker_role_name((worker_role)r);
            metric_set(metric_get(M_WORKERS, LABELS(role, state_of(i))), v->n[r][i]);
        }
    }
}

static void set_throughput(const struct worker_counts *v) {
    for (int r = 0; r < WORKER_ROLE_COUNT; r++) {
        const char *const role = worker_role_name((worker_role)r);
        metric_set(metric_get(M_WORKERS_PER_MINUTE, LABELS(role)), v->per_minute[r]);
    }
}

static void set_waiting(const char *what, int64_t count, usec oldest) {
    metric_set(metric_get(M_STORE_WAITING, LABELS(what)), count);
    metric_set(metric_get(M_STORE_WAITING_OLDEST, LABELS(what)), count > 0 ? oldest : 0);
}

void api_gauges_look(void *core) {
    struct api_core *const c = core;
    const usec now = time_wall_us();
    struct error err;
    struct worker_counts workers;
    struct view_waiting waiting;
    metric_set(metric_get(M_TOKEN_EXPIRY, NULL), api_tokens_first_end(api_core_tokens(c), now));
    struct store *const s = api_store_take(c);
    const bool ok =
        store_worker_counts(s, now, &workers, &err) && store_view_waiting(s, &waiting, &err);
    api_store_give(c, s);
    if (!ok) return;
    set_workers(&workers);
    set_throughput(&workers);
    metric_set(metric_get(M_DEAD_LETTERS, NULL), waiting.letters);
    set_waiting("commands", waiting.commands, waiting.command_at);
    set_waiting("approvals", waiting.approvals, waiting.approval_at);
}
