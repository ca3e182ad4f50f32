/* worker: see the header.
 *
 * In: what a role says of itself. Out: its row in the store, and counters of this process. The
 * row's throughput is what was done in the last minute: of each second of it there is a count.
 * Invariant: what is written is of one moment; the lock is never held over I/O. Failure: of a beat
 * the caller's, of the last one nobody's. Threads: as the header says. */
#include "run/worker.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "base/metric.h"
#include "run/per_minute.h"
#include "run/room.h"

struct worker {
    pthread_mutex_t lock; /* of `row` */
    struct worker_row row;
    bool turned; /* the state changed in a way that is told at once */
    struct per_minute minute;
    struct metric *done, *failed, *seconds;

    /* Of the thread that beats. */
    bool told;
    usec told_at;
};

/* --- beginning ------------------------------------------------------------------------------- */

static void name_it(struct worker_row *row, int number) {
    struct buf b;
    if (gethostname(row->host, sizeof row->host) != 0) row->host[0] = '\0';
    row->host[sizeof row->host - 1] = '\0';
    if (row->host[0] == '\0')
        IGNORE(!str_copyz(STR("localhost"), row->host, sizeof row->host), "it fits");
    row->pid = getpid();
    buf_init_fixed(&b, row->name, sizeof row->name);
    buf_printf(&b, "%s:%" PRId64 ":%s", row->host, row->pid, worker_role_name(row->role));
    if (number > 0) buf_printf(&b, ":%d", number);
    POST(!buf_full(&b));
}

static void make_metrics(struct worker *w) {
    const char *const role = worker_role_name(w->row.role);
    w->done = metric_get(M_WORKER_DONE, LABELS(role));
    w->failed = metric_get(M_WORKER_FAILED, LABELS(role));
    w->seconds = metric_get(M_WORKER_TASK, LABELS(role));
}

struct worker *worker_open(struct arena *boot, worker_role role, int number) {
    struct worker *w = NEW(boot, struct worker);
    POST(pthread_mutex_init(&w->lock, NULL) == 0);
    w->row.role = role;
    w->row.started_at = time_wall_us();
    w->row.state = WORKER_IS_STARTING;
    name_it(&w->row, number);
    make_metrics(w);
    return w;
}

const char *worker_name(const struct worker *w) { return w->row.name; }

/* --- what it is at --------------------------------------------------------------------------- */

/* Under the lock. Standby and the way out of it are news that wait for no beat. */
static void turn_to(struct worker *w, worker_state to, usec now) {
    struct worker_row *const row = &w->row;
    const bool worked = row->state == WORKER_IS_WORKING && row->task_since > 0;
    if (worked) metric_observe(w->seconds, i64_max(now - row->task_since, 0));
    const bool told = row->state == WORKER_IS_STANDBY || row->state == WORKER_IS_STARTING ||
                      to == WORKER_IS_STANDBY || to == WORKER_IS_STOPPING;
    w->turned = w->turned || (row->state != to && told);
    row->state = to;
    row->task[0] = '\0';
    row->task_since = now;
    row->task_until = 0;
}

PRINTF_LIKE(3, 0)
static void work_on(struct worker *w, usec bound, const char *fmt, va_list args) {
    const usec now = time_wall_us();
    struct buf b;
    pthread_mutex_lock(&w->lock);
    turn_to(w, WORKER_IS_WORKING, now);
    buf_init_fixed(&b, w->row.task, sizeof w->row.task);
    buf_vprintf(&b, fmt, args);
    IGNORE(buf_z(&b) == NULL, "what is cut is long enough");
    if (bound != USEC_NEVER) w->row.task_until = now + bound;
    pthread_mutex_unlock(&w->lock);
}

void worker_task(struct worker *w, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    work_on(w, WORKER_TASK_USUAL, fmt, args);
    va_end(args);
}

void worker_task_within(struct worker *w, usec bound, const char *fmt, ...) {
    va_list args;
    PRE(bound > 0);
    va_start(args, fmt);
    work_on(w, bound, fmt, args);
    va_end(args);
}

/* One that is so already stays so since then. */
static void be(struct worker *w, worker_state state) {
    pthread_mutex_lock(&w->lock);
    if (w->row.state != state) turn_to(w, state, time_wall_us());
    pthread_mutex_unlock(&w->lock);
}

void worker_idle(struct worker *w) { be(w, WORKER_IS_IDLE); }
void worker_standby(struct worker *w) { be(w, WORKER_IS_STANDBY); }

void worker_done(struct worker *w, int64_t n) {
    PRE(n >= 0);
    metric_add(w->done, n);
    pthread_mutex_lock(&w->lock);
    w->row.done += n;
    per_minute_add(&w->minute, time_monotonic_us(), n);
    pthread_mutex_unlock(&w->lock);
}

void worker_failed(struct worker *w, int64_t n) {
    PRE(n >= 0);
    metric_add(w->failed, n);
    pthread_mutex_lock(&w->lock);
    w->row.failed += n;
    pthread_mutex_unlock(&w->lock);
}

bool worker_is_late(struct worker *w, usec now) {
    pthread_mutex_lock(&w->lock);
    const bool late = w->row.task_until != 0 && now > w->row.task_until;
    pthread_mutex_unlock(&w->lock);
    return late;
}

/* --- beats ----------------------------------------------------------------------------------- */

bool worker_beat_is_due(struct worker *w, usec now) {
    pthread_mutex_lock(&w->lock);
    const bool turned = w->turned;
    pthread_mutex_unlock(&w->lock);
    return !w->told || turned || now - w->told_at >= WORKER_BEAT || now < w->told_at;
}

static bool tell(struct worker *w, struct store *s, usec now, struct error *err) {
    struct worker_row row;
    pthread_mutex_lock(&w->lock);
    row = w->row;
    row.per_minute = per_minute_sum(&w->minute, time_monotonic_us());
    w->turned = false;
    pthread_mutex_unlock(&w->lock);
    row.seen_at = now;
    row.memory = room_memory();
    if (!store_worker_put(s, &row, err)) return false;
    w->told = true;
    w->told_at = now;
    return true;
}

bool worker_beat(struct worker *w, struct store *s, usec now, struct error *err) {
    return !worker_beat_is_due(w, now) || tell(w, s, now, err);
}

void worker_close(struct worker *w, struct store *s, usec now) {
    struct error err;
    pthread_mutex_lock(&w->lock);
    turn_to(w, WORKER_IS_STOPPING, now);
    w->row.stopped_at = now;
    pthread_mutex_unlock(&w->lock);
    IGNORE(!tell(w, s, now, &err), "who looks finds it silent");
    pthread_mutex_destroy(&w->lock);
}
