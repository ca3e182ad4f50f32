/* meter: how long the store takes, and whether it does what it is asked, as metrics.
 *
 * In: transactions that were committed, rows that came, errors. Out: two histograms and a gauge,
 * which is what was so last, of whichever connection. Who waits for a lock is not told as a store
 * that is away. Failure: none. Thread: any. */
#include <stdatomic.h>

#include "base/metric.h"
#include "store/store_int.h"

static struct metric *get(metric_id id, struct metric *_Atomic *known) {
    struct metric *m = atomic_load_explicit(known, memory_order_relaxed);
    if (m == NULL) {
        m = metric_get(id, NULL);
        atomic_store_explicit(known, m, memory_order_relaxed);
    }
    return m;
}

static void set_up(bool up) {
    static struct metric *_Atomic known;
    metric_set(get(M_STORE_UP, &known), up);
}

void store_meter_answered(void) { set_up(true); }

void store_meter_committed(usec began, usec committing) {
    static struct metric *_Atomic commit, *_Atomic transaction;
    const usec now = time_monotonic_us();
    metric_observe(get(M_STORE_COMMIT, &commit), now - committing);
    metric_observe(get(M_STORE_TRANSACTION, &transaction), now - began);
    set_up(true);
}

void store_meter_failed(const struct error *err) {
    if (err->code != ERR_BUSY && store_may_pass(err)) set_up(false);
}
