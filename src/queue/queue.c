/* The queue's front door: what a caller promised is checked here, then the back-end does it. And
 * the few rules that all of them follow. */
#include "queue/queue.h"

#include "base/metric.h"
#include "queue/queue_int.h"

#define PAUSE_MAX (10 * USEC_PER_MIN)

/* One that processes share: is it there? Being full, or stopped, is an answer. */
static bool answered(const struct queue *q, bool ok, const struct error *err) {
    if (q->ops->shared && (ok || err->code == ERR_IO)) metric_set(metric_get(M_QUEUE_UP, NULL), ok);
    return ok;
}

static bool fits(str payload, struct error *err) {
    if (payload.n <= QUEUE_PAYLOAD_BYTES_MAX) return true;
    return fail(err, ERR_RANGE, 0, "a job of %lld bytes: %d are the most a queue carries",
                (long long)payload.n, QUEUE_PAYLOAD_BYTES_MAX);
}

bool queue_put_many(struct queue *q, const struct job_put *v, int count, usec now, usec timeout,
                    int *ret_put, struct error *err) {
    PRE(q != NULL && count >= 0 && timeout >= 0);
    *ret_put = 0;
    for (int i = 0; i < count; i++) {
        PRE(v[i].kind == JOB_FRESH || v[i].kind == JOB_LATE);
        if (!fits(v[i].payload, err)) return false;
    }
    return count == 0 ||
           answered(q, q->ops->put_many(q, v, count, now, timeout, ret_put, err), err);
}

bool queue_put(struct queue *q, str payload, usec now, usec timeout, struct error *err) {
    const struct job_put one = {.payload = payload, .kind = JOB_FRESH};
    int n;
    return queue_put_many(q, &one, 1, now, timeout, &n, err);
}

bool queue_take(struct queue *q, struct job **jobs, int max, usec now, usec timeout, int *ret_count,
                struct error *err) {
    PRE(q != NULL && jobs != NULL && max >= 1 && timeout >= 0);
    return answered(q, q->ops->take(q, jobs, max, now, timeout, ret_count, err), err);
}

bool queue_ack_many(struct queue *q, struct job *const *jobs, int count, struct error *err) {
    PRE(q != NULL && count >= 0);
    return count == 0 || answered(q, q->ops->ack_many(q, jobs, count, err), err);
}

bool queue_ack(struct queue *q, struct job *job, struct error *err) {
    PRE(job != NULL);
    return queue_ack_many(q, &job, 1, err);
}

bool queue_retry(struct queue *q, struct job *job, str note, usec now, bool *ret_dead,
                 struct error *err) {
    PRE(q != NULL && job != NULL);
    return q->ops->retry(q, job, note, now, ret_dead, err);
}

bool queue_keep(struct queue *q, struct job *const *jobs, int count, usec now, struct error *err) {
    PRE(q != NULL && count >= 0);
    return count == 0 || q->ops->keep(q, jobs, count, now, err);
}

bool queue_ping(struct queue *q, usec now, struct error *err) {
    PRE(q != NULL);
    return answered(q, q->ops->ping(q, now, err), err);
}

bool queue_lost(struct queue *q) {
    PRE(q != NULL);
    return q->ops->lost(q);
}

bool queue_stats(struct queue *q, struct queue_stats *ret, struct error *err) {
    PRE(q != NULL);
    return answered(q, q->ops->stats(q, ret, err), err);
}

int64_t queue_unfinished(const struct queue_stats *s) {
    return s->fresh + s->late + s->delayed + s->taken;
}

usec queue_oldest(const struct queue_stats *s) {
    if (s->oldest == 0 || s->oldest_taken == 0) return i64_max(s->oldest, s->oldest_taken);
    return i64_min(s->oldest, s->oldest_taken);
}

bool queue_is_shared(const struct queue *q) {
    PRE(q != NULL);
    return q->ops->shared;
}

void queue_stop(struct queue *q) {
    PRE(q != NULL);
    q->ops->stop(q);
}

void queue_close(struct queue *q) {
    if (q) q->ops->close(q);
}

/* -- what all implementations follow --------------------------------------------------------- */

bool queue_options_check(const struct queue_options *opt, struct error *err) {
    if (opt->capacity >= 1 && opt->max_attempts >= 1) return true;
    return fail(err, ERR_CONFIG, 0, "queue.capacity and queue.max_attempts must be 1 or more");
}

/* Half of the doubled pause is fixed, half is chance: jobs that failed together part. */
usec queue_pause(const struct queue_options *opt, int attempt, struct rng *r) {
    usec full = i64_max(opt->backoff, 1);
    for (int i = 1; i < attempt && full < PAUSE_MAX; i++) full *= 2;
    full = i64_min(full, PAUSE_MAX);
    return full / 2 + rng_between(r, 0, full - full / 2);
}

usec queue_deadline(usec start, usec timeout) {
    return timeout >= USEC_NEVER - start ? USEC_NEVER : start + timeout;
}

bool queue_is_late(const struct queue_options *opt, usec at, usec now) {
    return opt->fresh_for > 0 && at < now && now - at > opt->fresh_for;
}
