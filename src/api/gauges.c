/* gauges: what the page of metrics says of the store, looked up when it is asked for: who works on
 * it, whichever process that is, and what nobody has dealt with.
 *
 * In: rows. Out: gauges. Failure: a store that cannot be read leaves the gauges as they were;
 * `database` of /health says so. Thread: any. */
#include "api/core.h"
#include "base/metric.h"
#include "store/views.h"
#include "store/workers.h"

static const char *state_of(int i) {
    if (i == WORKER_COUNTED_AS_SILENT) return "silent";
    if (i == WORKER_COUNTED_AS_STUCK) return "stuck";
    return worker_state_name((worker_state)i);
}

static void set_workers(const struct worker_counts *v) {
    for (int r = 0; r < WORKER_ROLE_COUNT; r++) {
        for (int i = 0; i < WORKER_STATE_COUNT + 2; i++) {
            char block[64];
            struct buf labels;
            buf_init_fixed(&labels, block, sizeof block);
            buf_printf(&labels, "role=\"%s\",state=\"%s\"", worker_role_name((worker_role)r),
                       state_of(i));
            metric_set(metric_get(METRIC_GAUGE, "bullfinch_workers", buf_z(&labels),
                                  "Workers on the store, of all processes.", 1),
                       v->n[r][i]);
        }
    }
}

static void set_throughput(const struct worker_counts *v) {
    for (int r = 0; r < WORKER_ROLE_COUNT; r++) {
        char block[64];
        struct buf labels;
        buf_init_fixed(&labels, block, sizeof block);
        buf_printf(&labels, "role=\"%s\"", worker_role_name((worker_role)r));
        metric_set(metric_get(METRIC_GAUGE, "bullfinch_workers_done_per_minute", buf_z(&labels),
                              "Pieces of work that they finished in the last minute.", 1),
                   v->per_minute[r]);
    }
}

void api_gauges_look(struct api_core *c, usec now) {
    struct error err;
    struct worker_counts workers;
    struct view_waiting waiting;
    struct store *const s = api_store_take(c);
    const bool ok =
        store_worker_counts(s, now, &workers, &err) && store_view_waiting(s, &waiting, &err);
    api_store_give(c, s);
    if (!ok) return;
    set_workers(&workers);
    set_throughput(&workers);
    metric_set(metric_get(METRIC_GAUGE, "bullfinch_dead_letters", "",
                          "Dead letters that nobody has retried or dropped.", 1),
               waiting.letters);
}
