/* meter: how long the store takes, and whether it does what it is asked, as metrics.
 *
 * In: transactions that were committed, rows that came, errors. Out: two histograms and a gauge,
 * which is what was so last, of whichever connection; a server that was asked, and has answered
 * nobody since, is one that hangs. Who waits for a lock is not told as a store that is away.
 * Failure: none. Thread: any. */
#include "store/meter.h"

#include <stdatomic.h>

#include "base/metric.h"
#include "store/store_int.h"

#define HANGS_AFTER (10 * USEC_PER_S) /* as long as /health of serve waits for it */

static _Atomic usec asked_at; /* monotonic, the first since an answer; 0: none */

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

void store_meter_asked(const struct store *s) {
    if (s->ops->dialect == DIALECT_SQLITE || atomic_load(&asked_at) != 0) return;
    atomic_store(&asked_at, time_monotonic_us());
}

void store_meter_answered(void) {
    atomic_store(&asked_at, 0);
    set_up(true);
}

void store_meter_look(void) {
    const usec since = atomic_load(&asked_at);
    if (since != 0 && time_monotonic_us() - since > HANGS_AFTER) set_up(false);
}

void store_meter_committed(usec began, usec committing) {
    static struct metric *_Atomic commit, *_Atomic transaction;
    const usec now = time_monotonic_us();
    metric_observe(get(M_STORE_COMMIT, &commit), now - committing);
    metric_observe(get(M_STORE_TRANSACTION, &transaction), now - began);
    store_meter_answered();
}

void store_meter_failed(const struct error *err) {
    atomic_store(&asked_at, 0);
    if (err->code != ERR_BUSY && store_may_pass(err)) set_up(false);
}
