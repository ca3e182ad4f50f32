/* sweeper: see the header.
 *
 * A pass goes from the newest post to the oldest, as it is the newest that may still be traded:
 * first over those that nobody has read, and where there are none, over those that were read. It
 * looks only at what has had ten seconds to be done in the ordinary way, unless the queue says
 * that it lost everything: then at all at once. What is in the queue is unfinished as well, so a
 * pass puts in something only while little is in there: as much as half of what the queue holds.
 * Then most of what it brings was not in it; what was comes twice, and the second time nothing is
 * left to do.
 *
 * What was read already is the trader's. It is read once more only where nothing waits in the
 * trader's queue: he has no more than a handful in his hands, and ten seconds were enough for
 * those.
 *
 * The oldest end: once a pass found nothing, the next one does not look further back than that pass
 * began, by the store's clock, by which posts were stored, too. After trouble all is looked at
 * again: a queue that lost everything lost old posts as well, and a store that came back may have
 * come back without what was committed last.
 *
 * Failure: the pass begins anew. Thread: one. */
#include "run/sweeper.h"

#include "run/parcel.h"
#include "store/posts.h"

#define GRACE_US (10 * USEC_PER_S)
#define PASS_US (5 * USEC_PER_S) /* from the end of one to the next */
#define LIMIT 256
#define FRESH_US (60 * USEC_PER_S)
#define LOW_JOBS 1000 /* in the queue: fewer, and there is room for what was left out */

static int64_t waiting_of(const struct queue_stats *s) { return s->fresh + s->late + s->delayed; }

/* First what nobody has read; where there is none, what the trader has not decided on. */
static void begin_pass(struct sweeper *w, usec now, bool trader_waits) {
    w->passing = true;
    w->all = w->clean && (w->lost || trader_waits);
    w->before = w->lost ? USEC_NEVER : now - GRACE_US;
    w->at = 0;
    w->id = 0;
    w->found = false;
}

static void end_pass(struct sweeper *w) {
    const bool again = !w->all && !w->found; /* at once, for the rest */
    w->passing = false;
    w->next_at = again && !w->clean ? 0 : time_monotonic_us() + PASS_US;
    w->clean = !w->all && !w->found;
    if (!w->all) return;
    if (!w->found && !w->lost) w->since = w->before - GRACE_US;
    w->lost = false;
}

/* *ret_put: so many of them are in. */
static bool put(struct sweeper *w, struct arena *a, const struct left_post *left, int count,
                int *ret_put, struct error *err) {
    struct job_put jobs[LIMIT];
    const usec now = time_wall_us();
    for (int i = 0; i < count; i++) {
        const struct post *const p = &left[i].post;
        struct buf bytes;
        char *block = NEW_ARRAY(a, char, p->text.n + 4096);
        buf_init_fixed(&bytes, block, p->text.n + 4096);
        parcel_put_post(&bytes, p, (struct parcel_mark){.again = true});
        POST(!buf_full(&bytes));
        const bool fresh = now - p->created_at < FRESH_US;
        jobs[i] = (struct job_put){buf_str(&bytes), fresh ? JOB_FRESH : JOB_LATE};
    }
    return queue_put_many(w->posts, jobs, count, now, 0, ret_put, err);
}

/* The next of the pass into the queue. *ret_more: there are more. */
static bool sweep_some(struct sweeper *w, struct arena scratch, bool *ret_more, struct error *err) {
    struct unfinished q = {.since = w->since,
                           .before = w->before,
                           .last_at = w->at,
                           .last_id = w->id,
                           .read_too = w->all};
    struct left_post *posts;
    int count, in = 0;
    if (!store_posts_unfinished(w->store, &scratch, &q, LIMIT, &posts, &count, err)) return false;
    *ret_more = count == LIMIT;
    if (count == 0) return true;
    w->found = true;
    const bool ok = put(w, &scratch, posts, count, &in, err);
    w->swept += in;
    if (in > 0) {
        w->at = posts[in - 1].stored_at;
        w->id = posts[in - 1].post.id;
    }
    if (ok || err->code == ERR_FULL) {
        *ret_more = *ret_more || in < count;
        return true;
    }
    return false;
}

/* All there is has to be looked at. */
static void begin_anew(struct sweeper *w) {
    w->since = 0;
    w->clean = w->passing = false;
    w->next_at = 0;
}

static bool step(struct sweeper *w, struct arena scratch, struct error *err) {
    struct queue_stats posts, readings;
    usec now;
    bool mine, more = true;
    if (!store_claim(w->store, STR("sweeper"), &mine, err)) return false;
    if (!mine) {
        w->next_at = time_monotonic_us() + PASS_US;
        return true;
    }
    if (!queue_stats(w->posts, &posts, err) || !queue_stats(w->readings, &readings, err) ||
        !store_clock_now(&w->clock, w->store, &now, err))
        return false;
    if (waiting_of(&posts) + posts.taken > i64_min(LOW_JOBS, w->capacity / 4)) return true;
    if (!w->passing) begin_pass(w, now, waiting_of(&readings) == 0);
    for (int64_t room = w->capacity / 2; more && room > 0; room -= LIMIT)
        if (!sweep_some(w, scratch, &more, err)) return false;
    if (!more) end_pass(w);
    return true;
}

bool sweeper_step(struct sweeper *w, struct arena scratch, struct error *err) {
    const bool lost_readings = queue_lost(w->readings); /* each is told once */
    if (queue_lost(w->posts) || lost_readings) {
        w->lost = true;
        begin_anew(w);
    }
    if (!w->passing && time_monotonic_us() < w->next_at) return true;
    if (step(w, scratch, err)) return true;
    begin_anew(w);
    return false;
}
