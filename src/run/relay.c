/* relay: see the header.
 *
 * In: jobs of the readings' queue, in its order. Out: intakes. A job is in one of three places:
 * taken and not yet given (`jobs`), given and not yet durable (`given`, by the number of its
 * intake), durable and to be acknowledged. The source's thread does all that speaks to the queue;
 * the trader's only says how far he is.
 *
 * A job that nobody can read is told and acknowledged: its post stands in the store as read and not
 * decided on, and comes again. One that was in hand whenever its trader died becomes a dead letter,
 * and its post is done with: nothing is lost but a trade, and a trader that dies of one post must
 * not die of it for ever. Failure: a store that is unfit (a right is missing, the tables are
 * another version's); all else is tried again. */
#include "run/relay.h"

#include <poll.h>
#include <stdatomic.h>

#include "base/log.h"
#include "run/letters.h"
#include "run/meter.h"
#include "run/parcel.h"
#include "store/posts.h"

#define TAKE_MAX 64
#define GIVEN_MAX 256               /* more than a trader has places for */
#define TAKE_US (100 * USEC_PER_MS) /* and as long may an acknowledgement wait */
#define AGAIN_US (500 * USEC_PER_MS)

struct given {
    struct job *job;
    int64_t number; /* of its intake, from 1 */
};

struct relay {
    struct source base;
    struct queue *q;
    struct store *store;
    str who;
    struct job *jobs[TAKE_MAX];
    int taken, next;               /* of jobs */
    struct given given[GIVEN_MAX]; /* ring */
    int given_first, given_count;
    int64_t number;     /* intakes given */
    bool told;          /* that the queue is away */
    struct error unfit; /* the store is; code OK: it is not */
    bool ends;          /* when everything is done */
    usec looked_at;     /* monotonic: whether it is */
    _Atomic int64_t durable;
    _Atomic bool stop;
};

static struct relay *self(struct source *s) { return (struct relay *)(void *)s; }

static void tell(struct relay *r, bool ok, const struct error *err) {
    if (!ok && !r->told) log_unusual("readings_away", LOG_Z("why", err->msg));
    if (ok && r->told) log_unusual("readings_back", LOG_I("jobs", r->taken));
    r->told = !ok;
}

static void acknowledge(struct relay *r, struct job *const *jobs, int count) {
    struct error err;
    if (count > 0 && !queue_ack_many(r->q, jobs, count, &err))
        log_unusual("queue_ack", LOG_Z("why", err.msg));
}

static void acknowledge_durable(struct relay *r) {
    struct job *done[TAKE_MAX];
    int n = 0;
    const int64_t durable = atomic_load(&r->durable);
    while (r->given_count > 0 && r->given[r->given_first].number <= durable) {
        done[n++] = r->given[r->given_first].job;
        r->given_first = (r->given_first + 1) % GIVEN_MAX;
        r->given_count--;
        if (n < TAKE_MAX) continue;
        acknowledge(r, done, n);
        n = 0;
    }
    acknowledge(r, done, n);
}

/* --- taking ------------------------------------------------------------------------------ */

static void doze(struct relay *r, usec for_us) {
    for (usec t = 0; t < for_us && !atomic_load(&r->stop); t += TAKE_US)
        IGNORE(poll(NULL, 0, (int)(TAKE_US / USEC_PER_MS)) != 0, "a signal ends it early");
}

/* More jobs, waiting a moment for them. */
static void take(struct relay *r) {
    struct error err;
    r->taken = r->next = 0;
    const bool ok = queue_take(r->q, r->jobs, TAKE_MAX, time_wall_us(), TAKE_US, &r->taken, &err);
    tell(r, ok, &err);
    const usec now = time_wall_us();
    for (int i = 0; i < r->taken; i++)
        meter_stage_took(STAGE_READINGS_QUEUE, now - r->jobs[i]->enqueued_at, 1);
    if (!ok) doze(r, AGAIN_US);
}

static bool is_unfit(struct relay *r, const struct error *err) {
    if (store_is_unfit(err)) r->unfit = *err;
    return store_is_unfit(err);
}

/* A job that comes twice may be done with. What cannot be asked now is asked again: a post that is
 * decided on twice is kept from trading twice by its intent, but it is better not to count on
 * that. False: stopped before there was an answer, or there will be none. */
static bool is_done(struct relay *r, int64_t id, bool *ret) {
    struct error err;
    while (!store_posts_done(r->store, &id, 1, ret, &err)) {
        if (is_unfit(r, &err)) return false;
        if (!r->told) log_unusual("relay", LOG_Z("why", err.msg));
        r->told = true;
        doze(r, AGAIN_US);
        if (atomic_load(&r->stop)) return false;
    }
    return true;
}

static void pass_over(struct relay *r, struct job *job, const char *why) {
    if (why != NULL) log_unusual("reading_left", LOG_I("job", job->id), LOG_Z("why", why));
    acknowledge(r, &job, 1);
}

/* False: the store cannot be written; the job stays in hand, and comes again to the next trader. */
static bool bury(struct relay *r, struct job *job, const struct post *post) {
    const struct lost_job lost = {job,       post,
                                  POST_READ, job->note,
                                  r->who,    STR("whoever was to decide on it died, each time")};
    struct error err;
    if (letters_bury(r->store, &lost, time_wall_us(), &err)) return true;
    log_unusual("dead_letter_failed", LOG_Z("why", err.msg));
    IGNORE(is_unfit(r, &err), "looked at when the next one is wanted");
    return false;
}

/* The next job as an intake. False: it is none. */
static bool give(struct relay *r, struct arena *a, struct job *job, struct intake *ret) {
    struct reading *const reading = NEW(a, struct reading);
    struct parcel_mark mark;
    struct error err;
    bool done = false;
    *ret = (struct intake){.kind = INTAKE_POST, .reading = reading};
    const bool readable = parcel_get_reading(a, (str){job->payload, job->payload_bytes}, &ret->post,
                                             reading, &mark, &err);
    if (!readable) {
        pass_over(r, job, err.msg);
        return false;
    }
    const bool again = mark.again || job->attempt > 1;
    if (again && !is_done(r, ret->post.id, &done)) return false; /* it comes again */
    if (done || (job->spent && bury(r, job, &ret->post))) {
        pass_over(r, job, NULL);
        return false;
    }
    if (job->spent) return false; /* it stays in hand, for the next trader */
    PRE(r->given_count < GIVEN_MAX);
    r->given[(r->given_first + r->given_count++) % GIVEN_MAX] = (struct given){job, ++r->number};
    return true;
}

/* Is everything done, as far as the store knows? */
static bool is_over(struct relay *r) {
    struct error err;
    struct queue_stats q;
    int64_t stored, read;
    usec oldest;
    if (!r->ends || r->given_count > 0 || time_monotonic_us() - r->looked_at < AGAIN_US)
        return false;
    r->looked_at = time_monotonic_us();
    return queue_stats(r->q, &q, &err) && queue_unfinished(&q) == 0 &&
           store_posts_left(r->store, 0, &stored, &read, &oldest, &err) && stored + read == 0;
}

static bool relay_next(struct source *s, struct arena *a, struct intake *ret, struct error *err) {
    struct relay *const r = self(s);
    while (!atomic_load(&r->stop)) {
        if (r->unfit.code != ERR_OK) {
            *err = r->unfit;
            return false;
        }
        acknowledge_durable(r);
        if (r->next == r->taken) take(r);
        if (r->next == r->taken && is_over(r)) break;
        if (r->next == r->taken) continue;
        if (give(r, a, r->jobs[r->next++], ret)) return true;
    }
    *ret = (struct intake){.kind = INTAKE_END};
    r->number++;
    return true;
}

static void relay_stop(struct source *s) { atomic_store(&self(s)->stop, true); }

static void relay_stored(struct source *s, int64_t intakes) {
    atomic_store(&self(s)->durable, intakes);
}

/* What the trader's last commits made durable. The rest, with jobs in hand, comes again. */
static void relay_close(struct source *s) { acknowledge_durable(self(s)); }

static const struct source_ops relay_ops = {.name = "relay",
                                            .next = relay_next,
                                            .stop = relay_stop,
                                            .stored = relay_stored,
                                            .close = relay_close};

struct source *relay_open(struct arena *boot, struct queue *readings, struct store *store, str who,
                          bool exit_at_end) {
    struct relay *r = NEW(boot, struct relay);
    *r = (struct relay){.base = {.ops = &relay_ops},
                        .q = readings,
                        .store = store,
                        .who = who,
                        .ends = exit_at_end};
    return &r->base;
}
