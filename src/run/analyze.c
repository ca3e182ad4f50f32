/* analyze: see the header.
 *
 *     posts queue ─► read ─► one transaction ─► readings queue ─► acknowledged
 *
 * Each worker takes up to 64 posts at a time (fewer where the model is slow: as many as it reads at
 * once), reads them, and writes what was read in one transaction; then the trader's share goes on,
 * then the jobs are acknowledged. A post that comes alone goes on a commit earlier, as soon as the
 * store has taken it: the trader puts the whole row, and whichever of the two comes second changes
 * nothing. (Of many that could be a deadlock: the trader may want their rows in another order.)
 * Killed anywhere in between, the jobs come again, to another worker: what was read stays as it is
 * (its stage says so), and what goes on to the trader twice is marked, so that he looks first
 * whether it is done.
 *
 * A post that the trader can do nothing with (no coin, of somebody who is never traded) is done
 * here, with the outcome that the trader would have given it.
 *
 * Failure: a store that does not answer is tried again, with the jobs in hand and the queue told
 * so. One that is unfit (a right is missing, the tables are another version's) ends it all, as no
 * post is the reason of that, and so does a queue that lets nobody in: the jobs go to others. Where
 * it refuses a batch for what is in it, the posts are put one by one, and the one that cannot be
 * put is a failed job: after queue.max_attempts it is a dead letter. So is a job that nobody can
 * read, and one that was in hand whenever its worker died. A trader's queue that cannot be reached
 * costs nothing but time: the sweeper finds what it missed.
 *
 * Threads: the workers, one for the sweeper, and the caller's, which waits and tells how it goes.
 */
#include "run/analyze.h"

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>

#include "base/alive.h"
#include "base/board.h"
#include "base/log.h"
#include "base/metric.h"
#include "flow/appraise.h"
#include "run/letters.h"
#include "run/meter.h"
#include "run/parcel.h"
#include "run/sweeper.h"
#include "run/worker.h"
#include "store/posts.h"

#define TAKE_US (500 * USEC_PER_MS)
#define AGAIN_US USEC_PER_S
#define POLL_US (100 * USEC_PER_MS)
#define KEEP_US (5 * USEC_PER_S) /* how often the queue hears of slow work */
#define SETTINGS_US (2 * USEC_PER_S)
#define SWEEP_POLL_US (500 * USEC_PER_MS)
#define PASSING_US (20 * USEC_PER_MS) /* in the middle of a pass: as soon as there is room */
#define PING_US (2 * USEC_PER_S)
#define ARENA_BYTES ((ptrdiff_t)64 << 20) /* of address space: a batch of the largest posts */
#define SETTLED_BYTES ((ptrdiff_t)8 << 20)

struct analyze;

struct reading_worker {
    struct analyze *a;
    pthread_t thread;
    bool runs;
    struct store *store;
    struct arena arena, scratch, settled;
    struct appraiser *appraiser;
    const struct config *cfg; /* taken of parts.live */
    int64_t version;          /* of the store, when the settings were read */
    usec settings_at;         /* monotonic, of the next look */
    bool settings_failed;     /* told */
    struct board_task *shown; /* in this process */
    struct worker *told;      /* to all */
    struct buf parcels;

    /* What is in hand: jobs, and of those that can be read, by place, the post and its reading. */
    struct job *jobs[READER_BATCH_MAX];
    int count, most; /* most: that it would have taken */
    struct job *of[READER_BATCH_MAX];
    struct post posts[READER_BATCH_MAX];
    struct reading readings[READER_BATCH_MAX];
    struct post_read rows[READER_BATCH_MAX];
    bool again[READER_BATCH_MAX];
    usec since[READER_BATCH_MAX]; /* monotonic, that it waits; see waits_since() */
    int post_count;
    bool handed_on;     /* of the posts in hand, the trader's share */
    bool readings_left; /* told */
    struct meter_outcomes outcomes;
};

struct analyze {
    const struct analyze_parts *parts;
    const struct analyze_options *opt;
    struct reading_worker workers[ANALYZE_WORKERS_MAX];
    int worker_count;
    struct sweeper sweeper;
    pthread_t sweeper_thread;
    bool sweeper_runs;
    atomic_bool stop;
    pthread_mutex_t mutex; /* of `why` */
    struct error why;      /* it cannot go on; code OK: it can */
    _Atomic int64_t posts, handed, dead, batches;
    _Atomic int64_t busy; /* workers that have jobs in hand */
    struct metric *processed;
};

static bool stopped(struct analyze *a) {
    return atomic_load_explicit(&a->stop, memory_order_relaxed);
}

/* Of the store or of the queue: does no waiting mend it? */
static bool is_hopeless(const struct error *err) {
    return err->code == ERR_CONFIG || err->code == ERR_UNSUPPORTED;
}

/* Whoever meets it first ends them all. */
static void cannot_go_on(struct analyze *a, const struct error *err) {
    pthread_mutex_lock(&a->mutex);
    if (a->why.code == ERR_OK) a->why = *err;
    pthread_mutex_unlock(&a->mutex);
    atomic_store(&a->stop, true);
}

static void doze(struct analyze *a, usec for_us) {
    for (usec t = 0; t < for_us && !stopped(a); t += POLL_US) {
        const usec pause = i64_min(for_us - t, POLL_US);
        IGNORE(poll(NULL, 0, (int)(pause / USEC_PER_MS)) != 0, "a signal ends it early");
    }
}

/* --- what cannot be done ----------------------------------------------------------------- */

/* A job that failed, or that nobody should try again. True: it is out of our hands. */
static bool give_up(struct reading_worker *w, struct job *job, const struct post *post, str why) {
    char before[QUEUE_NOTE_BYTES], note[QUEUE_NOTE_BYTES];
    struct error err;
    bool dead = job->spent;
    const usec now = time_wall_us();
    const struct lost_job lost = {job, post, POST_STORED, before, str_from_z(worker_name(w->told)),
                                  why};
    memcpy(before, job->note, sizeof before);
    letters_note(job, lost.who, why, now, note);
    if (!dead && !queue_retry(w->a->parts->posts, job, str_from_z(note), now, &dead, &err))
        log_unusual("queue_retry", LOG_Z("why", err.msg));
    if (!dead) return true;
    if (!letters_bury(w->store, &lost, now, &err)) {
        log_unusual("dead_letter_failed", LOG_Z("why", err.msg));
        if (store_is_unfit(&err)) cannot_go_on(w->a, &err);
        return false; /* it stays in hand, and comes again */
    }
    atomic_fetch_add(&w->a->dead, 1);
    worker_failed(w->told, 1);
    if (!queue_ack(w->a->parts->posts, job, &err)) log_unusual("queue_ack", LOG_Z("why", err.msg));
    return true;
}

/* --- reading ----------------------------------------------------------------------------- */

/* Few, where each waits for what the model takes for all of them; many, where a backlog is left to
 * the linear model. */
static int most_at_once(const struct analyze *a) {
    const struct reader *const r = a->parts->reader;
    struct model_load load;
    if (!reader_is_slow(r)) return READER_BATCH_MAX;
    reader_tend(r, &load);
    return load.sheds ? READER_BATCH_MAX : reader_together(r);
}

/* Since when a post waits for the model. What was in the queue longer than it should, while nobody
 * was there to take it, waits only from now on, unless more wait behind it: then the hands are
 * full. */
static usec waits_since(const struct job *job, bool full) {
    const usec waited = full ? i64_max(time_wall_us() - job->enqueued_at, 0) : 0;
    return i64_max(time_monotonic_us() - waited, 1);
}

/* The posts of the jobs in hand; those that are none leave the hand. */
static void open_jobs(struct reading_worker *w) {
    const bool full = w->count == w->most;
    w->post_count = 0;
    for (int i = 0; i < w->count; i++) {
        struct job *const job = w->jobs[i];
        struct parcel_mark mark;
        struct error err;
        const int n = w->post_count;
        const bool readable =
            parcel_get_post((str){job->payload, job->payload_bytes}, &w->posts[n], &mark, &err);
        if (job->spent) {
            const struct post *const post = readable ? &w->posts[n] : NULL;
            IGNORE(give_up(w, job, post, STR("whoever worked on it died, each time")),
                   "comes again");
        } else if (!readable) {
            IGNORE(give_up(w, job, NULL, str_from_z(err.msg)), "comes again");
        } else {
            w->of[n] = job;
            w->since[n] = waits_since(job, full);
            w->again[n] = mark.again || job->attempt > 1;
            w->post_count++;
        }
    }
    w->count = 0;
}

static int best_score(const struct reading *r) {
    int best = 0;
    for (int i = 0; i < r->mention_count; i++) {
        const struct mention *m = &r->mentions[i];
        if (!m->abstain) best = (int)i64_max(best, base_score(m->confidence_bp, m->polarity_bp));
    }
    return best;
}

static void hold_back(struct reading_worker *w) {
    struct error err;
    for (int i = 0; i < w->post_count && w->a->opt->extra > 0; i++) {
        const int64_t us = w->a->opt->extra;
        IGNORE(poll(NULL, 0, (int)(us / USEC_PER_MS)) != 0, "a signal ends it early");
        if (!queue_keep(w->a->parts->posts, w->of, w->post_count, time_wall_us(), &err))
            log_unusual("queue_keep", LOG_Z("why", err.msg));
    }
}

static void read_posts(struct reading_worker *w) {
    struct reader_post posts[READER_BATCH_MAX];
    const usec began = time_monotonic_us();
    for (int i = 0; i < w->post_count; i++)
        posts[i] = (struct reader_post){
            .post = &w->posts[i], .since = w->since[i], .ret = &w->readings[i]};
    reader_read_waiting(w->a->parts->reader, w->scratch, posts, w->post_count);
    meter_read(w->readings, w->post_count, time_monotonic_us() - began);
    hold_back(w);
    for (int i = 0; i < w->post_count; i++) {
        const struct reading *const r = &w->readings[i];
        const bool wanted = appraise_concerns_trader(w->appraiser, r);
        w->rows[i] = (struct post_read){
            .reading = r,
            .stage = wanted ? POST_READ : POST_DONE,
            .signal_score = best_score(r),
            .outcome = wanted ? REASON_NONE : REASON_NO_COIN,
        };
    }
}

/* --- to the trader ----------------------------------------------------------------------- */

/* Once of each batch. */
static void hand_on(struct reading_worker *w) {
    struct job_put jobs[READER_BATCH_MAX];
    ptrdiff_t ends[READER_BATCH_MAX];
    struct error err;
    int n = 0, put = 0;
    if (w->handed_on) return;
    w->handed_on = true;
    buf_clear(&w->parcels);
    for (int i = 0; i < w->post_count; i++) {
        if (w->rows[i].stage != POST_READ) continue;
        parcel_put_reading(&w->parcels, &w->readings[i], (struct parcel_mark){w->again[i]});
        jobs[n].kind = w->of[i]->kind;
        ends[n++] = w->parcels.len;
    }
    if (n == 0) return;
    POST(!buf_full(&w->parcels));
    for (int i = 0; i < n; i++) { /* only now does the buffer stay where it is */
        const ptrdiff_t from = i > 0 ? ends[i - 1] : 0;
        jobs[i].payload = (str){w->parcels.p + from, ends[i] - from};
    }
    const bool ok = queue_put_many(w->a->parts->readings, jobs, n, time_wall_us(), 0, &put, &err);
    if (!ok && !w->readings_left)
        log_unusual("readings_left", LOG_I("posts", n - put), LOG_Z("why", err.msg),
                    LOG_Z("next", "the sweeper brings them to the trader"));
    if (ok && w->readings_left) log_unusual("readings_pass", LOG_I("posts", put));
    w->readings_left = !ok;
    atomic_fetch_add(&w->a->handed, put);
}

/* --- into the store ---------------------------------------------------------------------- */

static bool store_rows(struct reading_worker *w, const struct post_read *rows, int count,
                       struct error *err) {
    const bool alone = w->post_count == 1;
    int64_t changed = 0;
    if (!store_begin(w->store, false, err)) return false;
    bool ok = store_posts_read(w->store, rows, count, alone ? &changed : NULL, err);
    if (ok && alone) {
        w->again[0] = w->again[0] || changed == 0; /* somebody read it before */
        hand_on(w);
    }
    ok = ok && store_commit(w->store, err);
    if (!ok) store_rollback(w->store);
    return ok;
}

/* The i-th leaves the hand. */
static void drop_post(struct reading_worker *w, int i) {
    w->of[i] = NULL;
    w->rows[i].stage = POST_STORED; /* not to be handed on */
}

/* One by one: those that cannot be put are failed jobs. False: trouble of the store itself. */
static bool store_each(struct reading_worker *w, struct error *err) {
    for (int i = 0; i < w->post_count; i++) {
        if (store_rows(w, &w->rows[i], 1, err)) continue;
        if (store_may_pass(err) || store_is_unfit(err)) return false;
        if (give_up(w, w->of[i], &w->posts[i], str_from_z(err->msg))) drop_post(w, i);
    }
    return true;
}

/* Until it is stored. False: a stop came first. */
static bool store_all(struct reading_worker *w) {
    struct error err;
    bool told = false;
    while (!store_rows(w, w->rows, w->post_count, &err)) {
        if (!store_may_pass(&err) && !store_is_unfit(&err) && store_each(w, &err)) return true;
        if (store_is_unfit(&err)) {
            cannot_go_on(w->a, &err);
            return false;
        }
        if (!told) log_unusual("store_unwritable", LOG_Z("why", err.msg));
        told = true;
        doze(w->a, AGAIN_US);
        if (stopped(w->a)) return false;
        struct error none;
        IGNORE(queue_keep(w->a->parts->posts, w->of, w->post_count, time_wall_us(), &none),
               "then somebody else has them, and does what is left to do");
    }
    if (told) log_unusual("store_writable", LOG_I("posts", w->post_count));
    return true;
}

/* --- done -------------------------------------------------------------------------------- */

static void acknowledge(struct reading_worker *w) {
    struct error err;
    int n = 0;
    for (int i = 0; i < w->post_count; i++)
        if (w->of[i] != NULL) w->of[n++] = w->of[i];
    if (n > 0 && !queue_ack_many(w->a->parts->posts, w->of, n, &err))
        log_unusual("queue_ack", LOG_Z("why", err.msg));
    w->post_count = 0;
}

static void tell_task(struct reading_worker *w) {
    struct model_load load;
    reader_tend(w->a->parts->reader, &load);
    if (load.sheds)
        worker_task(w->told,
                    "reading %d posts; the model is behind, %" PRId64
                    " posts left to the linear one",
                    w->count, load.shed);
    else
        worker_task(w->told, "reading %d posts", w->count);
}

/* Those that are done with here. */
static void count_outcomes(struct reading_worker *w, int read) {
    for (int i = 0; i < read; i++)
        if (w->rows[i].stage == POST_DONE)
            meter_outcome(&w->outcomes, w->posts[i].source, w->rows[i].outcome);
}

/* Jobs that are not done go back: others take them when this process is gone. */
static void batch(struct reading_worker *w) {
    const usec now = time_wall_us();
    arena_reset(&w->arena);
    board_task_set(w->shown, "reading posts", now);
    for (int i = 0; i < w->count; i++)
        meter_stage_took(STAGE_POSTS_QUEUE, now - w->jobs[i]->enqueued_at, 1);
    tell_task(w);
    open_jobs(w);
    if (w->post_count == 0) return;
    read_posts(w);
    board_task_set(w->shown, "storing what was read", time_wall_us());
    const int read = w->post_count;
    w->handed_on = false;
    if (!store_all(w)) return;
    hand_on(w);
    acknowledge(w);
    worker_done(w->told, read);
    atomic_fetch_add(&w->a->posts, read);
    atomic_fetch_add(&w->a->batches, 1);
    metric_add(w->a->processed, read);
    count_outcomes(w, read);
}

/* --- a worker's life --------------------------------------------------------------------- */

static bool load_settings(struct reading_worker *w, struct error *err) {
    const str *rows;
    struct buf report;
    int count;
    arena_reset(&w->arena);
    if (!store_settings(w->store, &w->arena, &rows, &count, err)) {
        if (store_is_unfit(err)) cannot_go_on(w->a, err);
        return false;
    }
    buf_init(&report, CONFIG_REPORT_BYTES);
    const bool ok = config_live_set(w->a->parts->live, rows, count, &report, err);
    buf_fini(&report);
    return ok;
}

/* Settings that people changed. */
static void look_at_settings(struct reading_worker *w) {
    struct error err;
    if (time_monotonic_us() < w->settings_at) return;
    w->settings_at = time_monotonic_us() + SETTINGS_US;
    const int64_t version = store_data_version(w->store);
    if (version == w->version) return;
    w->version = version;
    if (!load_settings(w, &err)) {
        if (!w->settings_failed) log_unusual("settings", LOG_Z("why", err.msg));
        w->settings_failed = true;
        w->version = version - 1; /* looked at again */
        return;
    }
    if (w->settings_failed) log_unusual("settings_back", LOG_Z("store", store_path(w->store)));
    w->settings_failed = false;
    const struct config *const before = w->cfg;
    w->cfg = config_live_take(w->a->parts->live);
    appraiser_configure(w->appraiser, w->cfg);
    config_live_give(w->a->parts->live, before);
}

static void *run_worker(void *arg) {
    struct reading_worker *w = arg;
    struct error err;
    bool told = false;
    while (!stopped(w->a)) {
        board_task_set(w->shown, NULL, time_wall_us());
        worker_idle(w->told);
        look_at_settings(w);
        w->most = most_at_once(w->a);
        const bool ok = queue_take(w->a->parts->posts, w->jobs, w->most, time_wall_us(), TAKE_US,
                                   &w->count, &err);
        if (!ok && err.code == ERR_STATE) break; /* stopped */
        if (!ok && is_hopeless(&err)) {
            cannot_go_on(w->a, &err);
            break;
        }
        if (!ok && !told) log_unusual("queue_away", LOG_Z("why", err.msg));
        if (ok && told) log_unusual("queue_back", LOG_I("jobs", w->count));
        told = !ok;
        if (!ok) doze(w->a, AGAIN_US);
        if (!ok || w->count == 0) continue;
        atomic_fetch_add(&w->a->busy, 1);
        batch(w);
        atomic_fetch_sub(&w->a->busy, 1);
    }
    board_task_set(w->shown, NULL, time_wall_us());
    return NULL;
}

static bool open_worker(struct analyze *a, struct reading_worker *w, int number,
                        struct error *err) {
    char name[BOARD_NAME_BYTES];
    struct buf b;
    w->a = a;
    buf_init_fixed(&b, name, sizeof name);
    buf_printf(&b, "analyze %d", number + 1);
    arena_open(&w->arena, ARENA_BYTES);
    arena_open(&w->scratch, READER_SCRATCH_BYTES);
    arena_open(&w->settled, SETTLED_BYTES);
    buf_init(&w->parcels, READER_BATCH_MAX * (ptrdiff_t)PARCEL_BYTES_MAX);
    w->shown = board_task_open(buf_z(&b), time_wall_us());
    w->cfg = config_live_take(a->parts->live);
    w->appraiser = appraiser_open(&w->settled, w->cfg);
    if (!a->parts->open_store(a->parts->ctx, &w->store, err)) return false;
    w->version = -1;
    return true;
}

static void close_worker(struct reading_worker *w) {
    store_close(w->store);
    if (w->cfg != NULL) config_live_give(w->a->parts->live, w->cfg);
    buf_fini(&w->parcels);
    arena_close(&w->settled);
    arena_close(&w->scratch);
    arena_close(&w->arena);
}

/* --- the sweeper's thread ---------------------------------------------------------------- */

static void *run_sweeper(void *arg) {
    struct analyze *a = arg;
    struct arena scratch;
    struct error err;
    bool told = false;
    usec ping_at = 0;
    arena_open(&scratch, ARENA_BYTES);
    while (!stopped(a)) {
        bool ok = true;
        const bool ping = time_monotonic_us() >= ping_at;
        if (ping) {
            ping_at = time_monotonic_us() + PING_US;
            ok = queue_ping(a->parts->posts, time_wall_us(), &err) &&
                 queue_ping(a->parts->readings, time_wall_us(), &err);
        }
        ok = ok && sweeper_step(&a->sweeper, scratch, &err);
        if (!ok && !told) log_unusual("sweep_failed", LOG_Z("why", err.msg));
        if (ok && ping && told) log_unusual("sweep_goes_on", LOG_Z("what", "store and queue"));
        if (!ok && is_hopeless(&err)) cannot_go_on(a, &err);
        if (ping || !ok) told = !ok; /* a step that had nothing to do says nothing */
        doze(a, ok && a->sweeper.passing ? PASSING_US : SWEEP_POLL_US);
    }
    arena_close(&scratch);
    return NULL;
}

/* --- the caller's thread ----------------------------------------------------------------- */

/* Is nothing left to be read? Asked of the store on the sweeper's word: it alone is not busy. */
static bool is_done(struct analyze *a, struct store *s) {
    struct queue_stats q;
    struct error err;
    int64_t stored, read;
    usec oldest;
    if (atomic_load(&a->busy) > 0 || !queue_stats(a->parts->posts, &q, &err)) return false;
    if (queue_unfinished(&q) > 0) return false;
    return store_posts_left(s, 0, &stored, &read, &oldest, &err) && stored == 0;
}

/* What each worker is at: told from here, so that one who hangs is seen to hang. */
static void tell(struct analyze *a, struct store *s) {
    struct error err;
    struct model_load load;
    reader_tend(a->parts->reader, &load); /* it may have caught up with nothing more coming */
    for (int i = 0; i < a->worker_count; i++)
        IGNORE(worker_beat(a->workers[i].told, s, time_wall_us(), &err),
               "a list for people: a store that is away is told by who needs it");
}

/* One who hangs is mended by no beat of ours: the process is started again, and what he has in hand
 * goes to another. */
static void beat(struct analyze *a) {
    const usec now = time_wall_us();
    for (int i = 0; i < a->worker_count; i++)
        if (worker_is_late(a->workers[i].told, now)) return;
    alive_beat();
}

static void wait_for_end(struct analyze *a, struct store *s) {
    for (;;) {
        const bool stop = a->opt->stop != NULL && atomic_load(a->opt->stop) > 0;
        if (stop || stopped(a) || (a->opt->exit_at_end && is_done(a, s))) return;
        tell(a, s);
        beat(a);
        IGNORE(poll(NULL, 0, (int)(POLL_US / USEC_PER_MS)) != 0, "a signal ends it early");
    }
}

static bool start(struct analyze *a, struct arena *boot, struct error *err) {
    for (int i = 0; i < a->opt->workers; i++) {
        struct reading_worker *const w = &a->workers[i];
        a->worker_count = i + 1;
        w->told = worker_open(boot, WORKER_ANALYZE, i + 1);
        if (!open_worker(a, w, i, err)) return false;
        w->runs = pthread_create(&w->thread, NULL, run_worker, w) == 0;
        if (!w->runs) return fail(err, ERR_LIMIT, 0, "worker %d: no more threads", i + 1);
    }
    a->sweeper_runs = pthread_create(&a->sweeper_thread, NULL, run_sweeper, a) == 0;
    return a->sweeper_runs || fail(err, ERR_LIMIT, 0, "the sweeper: no more threads");
}

static void finish(struct analyze *a, struct store *s, struct analyze_counts *ret) {
    atomic_store(&a->stop, true);
    for (int i = 0; i < a->worker_count; i++)
        if (a->workers[i].runs) pthread_join(a->workers[i].thread, NULL);
    if (a->sweeper_runs) pthread_join(a->sweeper_thread, NULL);
    for (int i = 0; i < a->worker_count; i++) {
        if (s != NULL) worker_close(a->workers[i].told, s, time_wall_us());
        close_worker(&a->workers[i]);
    }
    *ret = (struct analyze_counts){.posts = atomic_load(&a->posts),
                                   .handed = atomic_load(&a->handed),
                                   .dead = atomic_load(&a->dead),
                                   .swept = a->sweeper.swept,
                                   .batches = atomic_load(&a->batches)};
}

bool analyze_run(struct arena *boot, const struct analyze_parts *parts,
                 const struct analyze_options *opt, struct analyze_counts *ret, struct error *err) {
    PRE(opt->workers >= 1 && opt->workers <= ANALYZE_WORKERS_MAX);
    struct store *s = NULL, *look = NULL;
    struct analyze *a = NEW(boot, struct analyze);
    a->parts = parts;
    a->opt = opt;
    POST(pthread_mutex_init(&a->mutex, NULL) == 0);
    a->processed = metric_get(M_TWEETS_PROCESSED, NULL);
    bool ok = parts->open_store(parts->ctx, &s, err) && parts->open_store(parts->ctx, &look, err);
    if (ok) {
        a->sweeper = (struct sweeper){.store = s,
                                      .posts = parts->posts,
                                      .readings = parts->readings,
                                      .capacity = parts->capacity};
        ok = start(a, boot, err);
    }
    if (ok) wait_for_end(a, look);
    alive_stops();
    finish(a, look, ret);
    if (ok && a->why.code != ERR_OK) {
        *err = a->why;
        ok = false;
    }
    pthread_mutex_destroy(&a->mutex);
    store_close(look);
    store_close(s);
    return ok;
}
