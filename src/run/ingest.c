/* ingest: see the header.
 *
 *     source threads ─► inbox ─► batch ─► one transaction ─► word to the queue ─► the sources
 *
 * The caller's thread takes what sources pass on, in their order, and stores it in batches: as soon
 * as nothing more waits, or every 2 ms. A batch is one transaction: the posts, what else was
 * passed on, each source's state. Once it is durable the queue gets a parcel for each post, and the
 * sources are told. What the queue has no room for, or cannot take, is left to the sweeper, which
 * finds it in the store: a post is never lost to a queue, and sources that are live never wait for
 * one. A replay does, a moment, as long as that helps: nobody loses anything by it.
 *
 * Word of a deletion empties what is stored in its transaction, and is a command to the trader; it
 * does not travel through the queue.
 *
 * Failure: where the store cannot be written, the batch is put again each second until it can be,
 * and the sources wait meanwhile (live ones tell of it themselves: they see that they are blind). A
 * live source that cannot go on is told, and the others go on. Thread: the caller's; each source
 * has one of its own. */
#include "run/ingest.h"

#include <poll.h>

#include "base/alive.h"
#include "base/log.h"
#include "run/feeds.h"
#include "run/inbox.h"
#include "run/letters.h"
#include "run/live_posts.h"
#include "run/meter.h"
#include "run/parcel.h"
#include "run/place.h"
#include "run/store_clock.h"
#include "store/posts.h"
#include "store/sources.h"

#define BATCH_MAX POSTS_PUT_MAX
#define PLACES 512 /* of each source */
#define BATCH_US (2 * USEC_PER_MS)
#define IDLE_US (50 * USEC_PER_MS)
#define AGAIN_US USEC_PER_S        /* between two tries of the store */
#define ROOM_US USEC_PER_S         /* how long a replay waits for room in the queue */
#define FRESH_US (60 * USEC_PER_S) /* an older post does not go before others */
#define MEASURE_US (5 * USEC_PER_S)
#define CURSOR "ingest"
#define PARCELS_BYTES ((ptrdiff_t)256 << 20) /* of address space: a batch of the largest posts */
_Static_assert(PLACES <= LIVE_PLACES_MAX, "places of a source");

struct ingest {
    const struct ingest_parts *parts;
    const struct ingest_options *opt;
    struct ingest_counts counts;
    struct feeds feeds;
    struct inbox *inbox;
    struct live_posts *from[RUN_FEEDS_MAX]; /* by feed */
    int64_t got[RUN_FEEDS_MAX];
    const struct run_feed *replay; /* NULL: none */
    int64_t offset;                /* of the replay, behind what was taken */

    struct live_post *batch[BATCH_MAX];
    int count;
    usec since;           /* monotonic, of the first in the batch */
    bool gone[BATCH_MAX]; /* of its posts, in their order */
    struct letters letters;
    struct store_clock clock; /* by which posts are stored, and looked for by others */
    struct buf parcels;
    bool queue_failed;      /* told */
    usec measure_at;        /* monotonic */
    struct inbox_item item; /* large */
};

static bool stopped(const struct ingest *g) {
    return g->opt->stop != NULL && atomic_load_explicit(g->opt->stop, memory_order_relaxed) > 0;
}

static bool is_post(const struct live_post *p) {
    return !p->failed && p->it.kind == INTAKE_POST && !p->it.post.deleted;
}

/* --- a batch into the store -------------------------------------------------------------- */

static int posts_of(const struct ingest *g, const struct post *ret[BATCH_MAX]) {
    int n = 0;
    for (int i = 0; i < g->count; i++)
        if (is_post(g->batch[i])) ret[n++] = &g->batch[i]->it.post;
    return n;
}

/* Does somebody have to be told of it (a deletion), so that the trader's lock is needed? */
static bool wants_lock(const struct ingest *g) {
    for (int i = 0; i < g->count; i++) {
        const struct live_post *p = g->batch[i];
        if (!p->failed && p->it.kind == INTAKE_POST && p->it.post.deleted) return true;
    }
    return false;
}

static bool put_letters(struct ingest *g, const struct live_post *p, struct error *err) {
    const str source = g->parts->feeds[p->feed].name;
    for (const struct complaint *c = p->first; c; c = c->next)
        if (!letters_put(&g->letters, g->parts->store, source, time_wall_us(), c, err))
            return false;
    return true;
}

/* Of a source that keeps only what names a coin, most deletions are of posts that were not kept. */
static bool put_deletion(struct ingest *g, const struct live_post *p, struct error *err) {
    int kept = 1;
    if (g->parts->feeds[p->feed].keep_linked &&
        !store_posts_known(g->parts->store, &p->it.post.root_id, 1, &kept, err))
        return false;
    return kept == 0 || store_post_gone(g->parts->store, &p->it.post, time_wall_us(), err);
}

static bool put_rest(struct ingest *g, struct error *err) {
    for (int i = 0; i < g->count; i++) {
        const struct live_post *p = g->batch[i];
        if (!put_letters(g, p, err)) return false;
        if (p->failed) continue;
        if (feeds_has_row(&p->it) && !feeds_put_row(&g->feeds, p->feed, &p->it, err)) return false;
        if (p->it.kind == INTAKE_POST && p->it.post.deleted && !put_deletion(g, p, err))
            return false;
    }
    return true;
}

static bool put_cursor(struct ingest *g, struct error *err) {
    char block[8192];
    struct buf text;
    if (g->replay == NULL) return true;
    buf_init_fixed(&text, block, sizeof block);
    place_put(&text, g->replay, g->offset);
    if (buf_full(&text)) return fail(err, ERR_LIMIT, 0, "source.path is too long");
    return store_cursor_put(g->parts->store, STR(CURSOR), buf_str(&text), err);
}

static bool store_batch(struct ingest *g, const struct post **posts, int count, struct error *err) {
    struct store *const s = g->parts->store;
    usec now;
    if (!store_clock_now(&g->clock, s, &now, err) || !store_begin(s, wants_lock(g), err))
        return false;
    const bool ok = (count == 0 || store_posts_put(s, posts, count, now, g->gone, err)) &&
                    put_rest(g, err) && feeds_put_states(&g->feeds, err) && put_cursor(g, err) &&
                    store_commit(s, err);
    if (!ok) store_rollback(s);
    return ok;
}

/* Is it still this process that reads, where one at a time does? Seen within a moment, also while
 * nothing is to be stored: who stands by does not wait for long. */
static bool reads_still(struct ingest *g, struct error *err) {
    return store_hold_check(g->parts->store, err) || store_may_pass(err);
}

static bool doze(struct ingest *g, struct error *err) {
    for (usec t = 0; t < AGAIN_US && !stopped(g); t += IDLE_US) {
        IGNORE(poll(NULL, 0, (int)(IDLE_US / USEC_PER_MS)) != 0, "a signal ends it early");
        if (!reads_still(g, err)) return false;
    }
    return !stopped(g);
}

/* Until it is stored. False: a stop came first, or waiting does not help. */
static bool store_until_done(struct ingest *g, const struct post **posts, int count,
                             struct error *err) {
    bool told = false;
    while (!store_batch(g, posts, count, err)) {
        if (!store_may_pass(err)) return false;
        if (!told) log_unusual("store_unwritable", LOG_Z("why", err->msg), LOG_I("waiting", count));
        told = true;
        alive_waits("the store");
        if (!doze(g, err)) return false;
    }
    if (told) log_unusual("store_writable", LOG_I("stored", count));
    return true;
}

/* --- word to the queue ------------------------------------------------------------------- */

static job_kind kind_of(const struct ingest *g, const struct post *p) {
    const bool fresh = !p->missed && time_wall_us() - p->created_at < FRESH_US;
    return fresh || g->replay != NULL ? JOB_FRESH : JOB_LATE;
}

static void tell_queue(struct ingest *g, const struct post *const *posts, int count) {
    struct job_put jobs[BATCH_MAX];
    struct error err;
    ptrdiff_t ends[BATCH_MAX];
    int n = 0, put = 0;
    buf_clear(&g->parcels);
    for (int i = 0; i < count; i++) {
        if (g->gone[i]) continue;
        parcel_put_post(&g->parcels, posts[i], (struct parcel_mark){0});
        jobs[n].kind = kind_of(g, posts[i]);
        ends[n++] = g->parcels.len;
    }
    if (n == 0) return;
    if (buf_full(&g->parcels)) return; /* the sweeper finds them */
    for (int i = 0; i < n; i++) {      /* only now does the buffer stay where it is */
        const ptrdiff_t from = i > 0 ? ends[i - 1] : 0;
        jobs[i].payload = (str){g->parcels.p + from, ends[i] - from};
    }
    const usec patience = g->replay != NULL && !g->queue_failed ? ROOM_US : 0;
    const bool ok = queue_put_many(g->parts->posts, jobs, n, time_wall_us(), patience, &put, &err);
    g->counts.queued += put;
    if (!ok && !g->queue_failed)
        log_unusual("queue_behind", LOG_Z("why", err.msg),
                    LOG_Z("next", "posts are stored; the sweeper brings them to the queue"));
    if (ok && g->queue_failed) log_unusual("queue_back", LOG_I("posts", put));
    g->queue_failed = !ok;
}

/* --- the loop ---------------------------------------------------------------------------- */

/* Places of what is durable are free, and their sources know. */
static void release(struct ingest *g) {
    for (int i = 0; i < g->parts->feed_count; i++) {
        live_posts_release(g->from[i], g->got[i]);
        if (source_is_live(g->parts->feeds[i].source))
            source_stored(g->parts->feeds[i].source, live_posts_done(g->from[i]));
    }
}

static void count_batch(struct ingest *g, const struct post *const *v, int posts) {
    const usec now = time_wall_us();
    for (int i = 0; i < posts; i++) meter_stage_took(STAGE_STORE, now - v[i]->received_at, 1);
    g->counts.posts += posts;
    g->counts.commits++;
    for (int i = 0; i < posts; i++) g->counts.gone += g->gone[i];
    for (int i = 0; i < g->count; i++) {
        const struct live_post *p = g->batch[i];
        g->counts.deletions += !p->failed && p->it.kind == INTAKE_POST && p->it.post.deleted;
    }
    g->counts.dead = g->letters.seen;
}

static bool flush(struct ingest *g, struct error *err) {
    const struct post *posts[BATCH_MAX];
    if (g->count == 0) return true;
    const int n = posts_of(g, posts);
    if (g->opt->worker) worker_task(g->opt->worker, "storing %d posts", n);
    if (!store_until_done(g, posts, n, err)) return false;
    feeds_committed(&g->feeds);
    tell_queue(g, posts, n);
    count_batch(g, posts, n);
    if (g->opt->worker) worker_done(g->opt->worker, n);
    g->count = 0;
    release(g);
    return true;
}

/* One more in the batch. False: a replay that cannot go on. */
static bool take(struct ingest *g, struct live_post *p, struct error *err) {
    const struct run_feed *f = &g->parts->feeds[p->feed];
    struct feed_progress *at = &g->feeds.v[p->feed];
    for (const struct complaint *c = p->first; c; c = c->next) letters_tell(&g->letters, c);
    g->got[p->feed]++;
    if (g->count == 0) g->since = time_monotonic_us();
    g->batch[g->count++] = p;
    if (p->failed && !source_is_live(f->source)) {
        *err = p->err;
        return false;
    }
    if (p->failed)
        log_broken("source_failed", LOG_S("source", f->key), LOG_Z("why", p->err.msg));
    else
        feeds_note(&g->feeds, p->feed, &p->it);
    if (!source_is_live(f->source)) g->offset = p->offset;
    if (p->failed || p->it.kind == INTAKE_END) at->ended = true;
    return true;
}

/* Signs of life, between two transactions. A store that does not take them is told elsewhere. */
static bool beat(struct ingest *g, struct error *err) {
    const usec mono = time_monotonic_us();
    struct worker *const w = g->opt->worker;
    alive_beat();
    if (!reads_still(g, err)) return false;
    if (w != NULL && g->count == 0) worker_idle(w);
    if (w != NULL && !worker_beat(w, g->parts->store, time_wall_us(), err))
        return store_may_pass(err);
    if (mono < g->measure_at) return true;
    g->measure_at = mono + MEASURE_US;
    return feeds_measure(&g->feeds, err) || store_may_pass(err);
}

static bool is_full(const struct ingest *g) {
    return g->count == BATCH_MAX || time_monotonic_us() - g->since >= BATCH_US;
}

static bool loop(struct ingest *g, struct error *err) {
    for (;;) {
        const bool over = stopped(g) || (g->opt->exit_at_end && feeds_all_ended(&g->feeds));
        if (over) return flush(g, err);
        const usec wait = g->count > 0 ? 0 : IDLE_US;
        inbox_take(g->inbox, time_monotonic_us() + wait, &g->item);
        if (g->item.kind == INBOX_POST && !take(g, g->item.post, err)) {
            struct error why = *err;
            IGNORE(flush(g, err), "the source's error is the one to tell");
            *err = why;
            return false;
        }
        const bool idle = g->item.kind == INBOX_NOTHING;
        if (g->count > 0 && (idle || is_full(g)) && !flush(g, err)) return false;
        if (!beat(g, err)) return false;
    }
}

/* --- beginning and end ------------------------------------------------------------------- */

static bool back_to_place(struct ingest *g, struct arena *a, struct error *err) {
    str text, line, value, key;
    struct place at = {0};
    bool found, known;
    if (g->replay == NULL) return true;
    if (!store_cursor_get(g->parts->store, a, STR(CURSOR), &text, &found, err)) return false;
    while (found && str_cut(&text, '\n', &line)) {
        value = line;
        if (line.n > 0 && (!str_cut(&value, '=', &key) || !place_line(&at, key, value, &known)))
            return fail(err, ERR_DAMAGED, 0, "cursor \"" CURSOR "\": cannot read \"" STR_FMT "\"",
                        STR_ARG(line));
    }
    return !found || place_seek(&at, g->replay, &g->offset, err);
}

static bool open_sources(struct ingest *g, struct arena *memory, struct error *err) {
    g->inbox = inbox_open(memory, "ingest", 0, PLACES * g->parts->feed_count, 1);
    for (int i = 0; i < g->parts->feed_count; i++) {
        const struct run_feed *f = &g->parts->feeds[i];
        const struct live_posts_options opt = {.reader = f->keep_linked ? g->parts->reader : NULL,
                                               .feed = f,
                                               .number = i,
                                               .inbox = g->inbox,
                                               .places = PLACES,
                                               .workers = 1,
                                               .rebase = g->opt->rebase};
        if (!live_posts_open(memory, &opt, &g->from[i], err)) return false;
    }
    for (int i = 0; i < g->parts->feed_count; i++)
        if (!live_posts_start(g->from[i], err)) return false;
    return true;
}

bool ingest_run(const struct ingest_parts *parts, const struct ingest_options *opt,
                struct ingest_counts *ret, struct error *err) {
    PRE(parts->feed_count > 0);
    struct arena memory;
    arena_open(&memory, 64 << 20);
    struct ingest *g = NEW(&memory, struct ingest);
    g->parts = parts;
    g->opt = opt;
    g->letters.bytes_max = opt->letters_bytes;
    if (opt->worker != NULL) g->letters.who = str_from_z(worker_name(opt->worker));
    for (int i = 0; i < parts->feed_count; i++)
        if (!source_is_live(parts->feeds[i].source)) g->replay = &parts->feeds[i];
    feeds_init(&g->feeds, parts->store, parts->feeds, parts->feed_count);
    buf_init(&g->parcels, PARCELS_BYTES);
    const bool ok = back_to_place(g, &memory, err) && open_sources(g, &memory, err) && loop(g, err);
    alive_stops();
    for (int i = 0; i < parts->feed_count; i++) {
        live_posts_close(g->from[i]);
        if (g->from[i]) g->feeds.v[i].unlinked = live_posts_dropped(g->from[i]);
    }
    feeds_fini(&g->feeds);
    inbox_close(g->inbox);
    buf_fini(&g->parcels);
    *ret = g->counts;
    arena_close(&memory);
    return ok;
}
