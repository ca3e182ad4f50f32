/* doctor_queue: does the Redis that processes share do what they need?
 *
 * Looks at the server (there, how fast, may it throw the queue away, what a restart costs) and at
 * both queues (how much waits, for how long). Makes nothing there. Where queue.url is memory: there
 * is nothing to look at.
 *
 * Failure of the first look leaves out the rest. Thread: the main one. */
#include "app/doctor.h"

#include <inttypes.h>

#include "app/wire.h"
#include "queue/redis.h"

#define PING_SLOW (20 * USEC_PER_MS) /* a post passes Redis four times on its way to an order */
#define MEMORY_HIGH 80               /* percent of maxmemory */
#define DEPTH_HIGH 75                /* percent of queue.capacity */
#define AGE_SHARE 4 /* of queue.fresh_for_s: where all goes well a job waits for milliseconds */

static void tell_server(struct doctor *d, const struct redis_info *i) {
    const bool slow = i->ping > PING_SLOW;
    doctor_find(d, slow ? GRADE_WARN : GRADE_OK, "queue", "%s %s answers in %" PRId64 " us%s",
                i->valkey ? "Valkey" : "Redis", i->version[0] != '\0' ? i->version : "(unknown)",
                i->ping, slow ? ": a post passes it four times on its way, so put it nearer" : "");
    if (i->evicts)
        doctor_find(d, GRADE_BAD, "queue memory",
                    "when its memory is full Redis throws the queue away: set maxmemory-policy to "
                    "noeviction (it is %s)",
                    i->policy);
    else if (i->memory_max > 0)
        doctor_find(d, i->memory_used > i->memory_max / 100 * MEMORY_HIGH ? GRADE_WARN : GRADE_OK,
                    "queue memory", "%" PRId64 " of %" PRId64 " MiB (maxmemory) are used",
                    i->memory_used >> 20, i->memory_max >> 20);
    doctor_find(d, GRADE_OK, "queue data",
                i->appends ? "Redis keeps an append-only file: what waits outlives a restart"
                           : "Redis keeps no append-only file: what waits when it is started anew "
                             "is put in again from the database");
}

/* What there is to do about it; NULL: it is as it should be. */
static const char *todo_of(const struct doctor *d, const struct queue_stats *s, usec age) {
    const struct config *cfg = &d->app->cfg;
    const int64_t depth = queue_unfinished(s);
    if (s->fresh + s->late + s->taken > 0 && s->consumers == 0)
        return "nobody takes from it: start one of those who do";
    if (depth >= cfg->queue_capacity) return "it is full: start more of those who take from it";
    if (depth * 100 >= cfg->queue_capacity * DEPTH_HIGH)
        return "it is nearly full: start more of those who take from it";
    if (age > cfg->queue_fresh_for_s * USEC_PER_S / AGE_SHARE)
        return "that is long: start more of those who take from it";
    return NULL;
}

static void tell_depth(struct doctor *d, const char *name, const char *who,
                       const struct queue_stats *s) {
    const usec oldest = queue_oldest(s);
    const usec age = oldest > 0 ? i64_max(time_wall_us() - oldest, 0) : 0;
    const char *const todo = todo_of(d, s, age);
    doctor_find(d, todo != NULL ? GRADE_WARN : GRADE_OK, name,
                "%" PRId64 " of %" PRId64 " jobs: %" PRId64 " fresh, %" PRId64 " late, %" PRId64
                " pausing, %" PRId64 " in the hands of %d consumers (%s); the oldest has waited "
                "%" PRId64 " s%s%s",
                queue_unfinished(s), d->app->cfg.queue_capacity, s->fresh, s->late, s->delayed,
                s->taken, s->consumers, who, age / USEC_PER_S, todo != NULL ? ": " : "",
                todo != NULL ? todo : "");
}

void doctor_look_at_queue(struct doctor *d) {
    struct wired_queues q;
    struct redis_info info;
    struct queue_stats s;
    struct error err;
    if (str_starts(d->app->cfg.queue_url, STR("memory:"))) return;
    if (!wire_queues_open(d->app, &q, &err)) {
        d->refused |= err.code == ERR_REFUSED;
        doctor_find(d, GRADE_BAD, "queue", "%s", err.msg);
        return;
    }
    if (redis_queue_look(q.posts, &info, &s, &err)) {
        tell_server(d, &info);
        tell_depth(d, "queue posts", "bullfinch analyze", &s);
        if (redis_queue_look(q.readings, &info, &s, &err))
            tell_depth(d, "readings", "bullfinch trade", &s);
    } else {
        doctor_find(d, GRADE_BAD, "queue", "%s", err.msg);
    }
    wire_queues_close(&q);
}
