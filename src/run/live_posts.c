/* live_posts: see the header.
 *
 * A ring of places. The source's thread fills the place at the tail, workers read places, the
 * trader releases them from the head, a live source's when what was in them is durable. Hand-over
 * to the inbox is in the order of the ring, whoever read them: an edit must not overtake its post.
 * A full ring makes the source wait; that is the back pressure, and the inbox has room for every
 * place, so handing over never blocks. A post that is not kept (run_feed.keep_linked) is dropped
 * where it would be handed over; its place is free as soon as those before it are.
 *
 * A worker takes one post, where the model is fast; else all that wait, up to what the model reads
 * at once (reader_together), and it never waits for more to come.
 *
 * Threads: one for the source, `workers` that read (none when it is one and the model is fast: a
 * lone post is read faster where it is), and the trader's for releasing. */
#include "run/live_posts.h"

#include <pthread.h>
#include <sys/mman.h>
#include <time.h>

#include "base/board.h"
#include "run/meter.h"

#define ARENA_BYTES (8 << 20)
#define KEEP_BYTES (256 << 10)
#define WORKERS_MAX 64
#define STATES_DROPPED_MAX 32
#define PAYLOAD_MAX (64 << 10)
#define POST_ROOM (4 << 20) /* complaints leave that much for the post itself */

struct live_posts {
    struct live_posts_options opt;
    struct source *source;
    usec shift, first_at;

    pthread_t source_thread, worker_threads[WORKERS_MAX];
    bool source_runs;
    int workers; /* threads that read; 0: the source's does */
    int worker_count, together;
    struct arena scratch[WORKERS_MAX];

    pthread_mutex_t mutex;
    pthread_cond_t came, freed, stopping;
    bool stop;
    struct live_post *places; /* opt.places */
    /* Running numbers of places: freed <= handed <= read_next <= filled <= freed + places. */
    int64_t filled, read_next, handed, freed_count;
    int64_t released, may_release; /* of those that were not dropped */
    int64_t dropped;
    int states_dropped;        /* since one was passed on */
    struct live_post *filling; /* source's thread */
    struct board_queue *shown;
};

static struct live_post *place(struct live_posts *lp, int64_t i) {
    return &lp->places[i % lp->opt.places];
}

/* PRE: locked. For those who look. A place that is free is the source's thread's own. */
static void show(struct live_posts *lp) {
    const int64_t waiting = lp->filled - lp->freed_count;
    board_queue_set(lp->shown, waiting, waiting > 0 ? place(lp, lp->freed_count)->came_at : 0);
}

/* --- reading and handing over ------------------------------------------------------------ */

/* Is there something to be read? What came with a reading has one. */
static bool wants_reading(struct live_posts *lp, struct live_post *p) {
    if (p->failed || p->it.kind != INTAKE_POST) return false;
    if (p->it.reading != NULL) {
        p->reading = *p->it.reading;
        p->reading.post = &p->it.post;
        return false;
    }
    return lp->opt.reader != NULL;
}

/* Whether or not it names a coin? */
static bool is_kept(const struct live_posts *lp, const struct live_post *p) {
    return !lp->opt.feed->keep_linked || p->it.post.deleted || p->first != NULL;
}

static void read_places(struct live_posts *lp, struct live_post *const *v, int count,
                        struct arena scratch) {
    struct reader_post posts[READER_BATCH_MAX];
    int n = 0;
    for (int i = 0; i < count; i++)
        if (wants_reading(lp, v[i]))
            posts[n++] = (struct reader_post){&v[i]->it.post, v[i]->since, !is_kept(lp, v[i]),
                                              &v[i]->reading};
    if (n == 0) return;
    const usec began = time_monotonic_us();
    reader_read_waiting(lp->opt.reader, scratch, posts, n);
    meter_stage_took(STAGE_READ, (time_monotonic_us() - began) / n, n);
    for (int i = 0; i < n; i++) meter_model(posts[i].ret->model, 1);
    for (int i = 0; i < count; i++)
        v[i]->drop =
            wants_reading(lp, v[i]) && !is_kept(lp, v[i]) && v[i]->reading.mention_count == 0;
}

/* PRE: locked. Places at the head that nobody needs any more. */
static void sweep(struct live_posts *lp) {
    while (lp->freed_count < lp->handed) {
        const bool drop = place(lp, lp->freed_count)->drop;
        if (!drop && lp->released == lp->may_release) break;
        lp->released += !drop;
        lp->freed_count++;
        pthread_cond_signal(&lp->freed);
    }
    show(lp);
}

/* PRE: locked. A post that is not kept may bring a state: now and then one goes on without its
 * post, so that what is stored does not stand still where no post names a coin. */
static void keep_state(struct live_posts *lp, struct live_post *p) {
    if (p->it.state.p == NULL || ++lp->states_dropped < STATES_DROPPED_MAX) return;
    lp->states_dropped = 0;
    lp->dropped++; /* its post is, all the same */
    p->it.kind = INTAKE_NONE;
    p->drop = false;
}

/* PRE: locked. */
static void hand_over(struct live_posts *lp) {
    while (lp->handed < lp->read_next && place(lp, lp->handed)->read) {
        struct live_post *p = place(lp, lp->handed);
        if (p->drop) keep_state(lp, p);
        if (!p->drop && !inbox_put_post(lp->opt.inbox, p)) return; /* stopping */
        lp->handed++;
        lp->dropped += p->drop;
    }
    sweep(lp);
}

static void name_of(const struct live_posts *lp, const char *what, char ret[BOARD_NAME_BYTES]) {
    struct buf b;
    buf_init_fixed(&b, ret, BOARD_NAME_BYTES);
    buf_printf(&b, "%s " STR_FMT, what, STR_ARG(lp->opt.feed->key));
    IGNORE(buf_z(&b) == NULL, "a long name is cut");
}

static struct board_task *show_worker(const struct live_posts *lp, int number) {
    char what[32], name[BOARD_NAME_BYTES];
    struct buf b;
    buf_init_fixed(&b, what, sizeof what);
    buf_printf(&b, "reader %d of", number + 1);
    name_of(lp, buf_z(&b), name);
    return board_task_open(name, time_wall_us());
}

static void *run_worker(void *arg) {
    struct live_posts *lp = arg;
    pthread_mutex_lock(&lp->mutex);
    struct board_task *const shown = show_worker(lp, lp->worker_count);
    const struct arena scratch = lp->scratch[lp->worker_count++];
    while (!lp->stop) {
        if (lp->read_next == lp->filled) {
            pthread_cond_wait(&lp->came, &lp->mutex);
            continue;
        }
        struct live_post *v[READER_BATCH_MAX];
        const int count = (int)i64_min(lp->filled - lp->read_next, lp->together);
        for (int i = 0; i < count; i++) v[i] = place(lp, lp->read_next++);
        pthread_mutex_unlock(&lp->mutex);
        board_task_set(shown, count > 1 ? "reading posts" : "reading a post", time_wall_us());
        read_places(lp, v, count, scratch);
        board_task_set(shown, NULL, time_wall_us());
        pthread_mutex_lock(&lp->mutex);
        for (int i = 0; i < count; i++) v[i]->read = true;
        hand_over(lp);
    }
    pthread_mutex_unlock(&lp->mutex);
    return NULL;
}

/* --- the source's thread ----------------------------------------------------------------- */

static void complain(void *ctx, str where, str what, str payload) {
    struct live_posts *lp = ctx;
    struct live_post *p = lp->filling;
    const str kept = str_head(payload, PAYLOAD_MAX);
    const ptrdiff_t need = where.n + what.n + kept.n + (ptrdiff_t)sizeof(struct complaint) + 64;
    if (arena_left(&p->arena) < POST_ROOM + need) return; /* the source counts it */
    struct complaint *c = NEW(&p->arena, struct complaint);
    *c = (struct complaint){NULL, str_dup(&p->arena, where), str_dup(&p->arena, what),
                            str_dup(&p->arena, kept)};
    if (p->last)
        p->last->next = c;
    else
        p->first = c;
    p->last = c;
}

static void empty(struct live_post *p) {
    const struct arena a = p->arena;
    const ptrdiff_t used = a.beg - a.base;
    if (used > KEEP_BYTES)
        IGNORE(madvise(a.base, (size_t)used, MADV_DONTNEED), "memory that is kept is no harm");
    memset(p, 0, sizeof *p);
    p->arena = a;
    arena_reset(&p->arena);
}

/* The next thing into p; false: it is the last that comes. */
static bool take(struct live_posts *lp, struct live_post *p) {
    empty(p);
    lp->filling = p;
    p->feed = lp->opt.number;
    p->failed = !source_next(lp->source, &p->arena, &p->it, &p->err);
    if (!source_is_live(lp->source)) p->offset = source_offset(lp->source);
    return p->it.kind != INTAKE_END && !p->failed;
}

/* A place to fill, waiting for one. NULL: stopping. */
static struct live_post *claim(struct live_posts *lp) {
    pthread_mutex_lock(&lp->mutex);
    while (!lp->stop && lp->filled - lp->freed_count == lp->opt.places)
        pthread_cond_wait(&lp->freed, &lp->mutex);
    struct live_post *p = lp->stop ? NULL : place(lp, lp->filled);
    pthread_mutex_unlock(&lp->mutex);
    return p;
}

/* Until the post's time has come. False: stopping. */
static bool wait_until(struct live_posts *lp, usec at) {
    bool go = true;
    pthread_mutex_lock(&lp->mutex);
    for (;;) {
        const usec left = at - time_wall_us();
        go = !lp->stop;
        if (!go || left <= 0) break;
        const usec until = time_monotonic_us() + i64_min(left, USEC_PER_S);
        const struct timespec ts = {until / USEC_PER_S, until % USEC_PER_S * 1000};
        pthread_cond_timedwait(&lp->stopping, &lp->mutex, &ts);
    }
    pthread_mutex_unlock(&lp->mutex);
    return go;
}

static void stamp(struct live_posts *lp, struct post *post) {
    const usec now = time_wall_us();
    if (!lp->opt.rebase) {
        if (post->received_at == 0) post->received_at = now;
        return;
    }
    post->created_at += lp->shift;
    post->received_at = now;
}

/* The filled place joins the ring; read at once where nobody else reads. */
static void put(struct live_posts *lp, struct live_post *p) {
    p->since = time_monotonic_us();
    if (lp->workers == 0) read_places(lp, &p, 1, lp->scratch[0]);
    pthread_mutex_lock(&lp->mutex);
    p->read = lp->workers == 0;
    p->came_at = time_wall_us();
    lp->filled++;
    show(lp);
    if (p->read) {
        lp->read_next = lp->filled;
        hand_over(lp);
    } else {
        pthread_cond_signal(&lp->came);
    }
    pthread_mutex_unlock(&lp->mutex);
}

/* A replay's first post waits in its place already (live_posts_open). */
static void *run_source(void *arg) {
    struct live_posts *lp = arg;
    struct live_post *p = place(lp, 0);
    if (source_is_live(lp->source)) IGNORE(!take(lp, p), "looked at below");
    bool more = p->it.kind != INTAKE_END && !p->failed;
    for (;;) {
        const bool post = more && p->it.kind == INTAKE_POST;
        if (post && lp->opt.rebase && !wait_until(lp, p->it.post.received_at + lp->shift)) break;
        if (post) stamp(lp, &p->it.post);
        put(lp, p);
        if (!more) break;
        p = claim(lp);
        if (!p) break;
        more = take(lp, p);
    }
    return NULL;
}

/* --- life -------------------------------------------------------------------------------- */

bool live_posts_open(struct arena *boot, const struct live_posts_options *opt,
                     struct live_posts **ret, struct error *err) {
    PRE(opt->workers >= 1 && opt->feed->source);
    PRE(opt->places >= 1 && opt->places <= LIVE_PLACES_MAX);
    PRE(opt->reader != NULL || !opt->feed->keep_linked);
    struct live_posts *lp = NEW(boot, struct live_posts);
    lp->places = NEW_ARRAY(boot, struct live_post, opt->places);
    lp->opt = *opt;
    lp->source = opt->feed->source;
    lp->opt.rebase = opt->rebase && !source_is_live(lp->source);
    const bool slow = opt->reader != NULL && reader_is_slow(opt->reader);
    lp->workers = opt->workers == 1 && !slow ? 0 : (int)i64_min(opt->workers, WORKERS_MAX);
    lp->together = slow ? reader_together(opt->reader) : 1;
    lp->first_at = USEC_NEVER;
    char name[BOARD_NAME_BYTES];
    name_of(lp, "posts of", name);
    lp->shown = board_queue_open(name, opt->places);
    for (int i = 0; i < lp->opt.places; i++) arena_open(&lp->places[i].arena, ARENA_BYTES);
    for (int i = 0; i == 0 || i < lp->workers; i++)
        arena_open(&lp->scratch[i], READER_SCRATCH_BYTES);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&lp->mutex, NULL);
    pthread_cond_init(&lp->came, NULL);
    pthread_cond_init(&lp->freed, NULL);
    pthread_cond_init(&lp->stopping, &attr);
    pthread_condattr_destroy(&attr);
    lp->source->complain = complain;
    lp->source->complain_ctx = lp;
    *ret = lp;
    if (source_is_live(lp->source)) return true;

    struct live_post *first = place(lp, 0);
    const bool more = take(lp, first);
    if (first->failed) {
        *err = first->err;
        return false;
    }
    if (more) lp->first_at = first->it.post.received_at;
    if (lp->opt.rebase && more) lp->shift = time_wall_us() - lp->first_at;
    return true;
}

usec live_posts_shift(const struct live_posts *lp) { return lp->shift; }
usec live_posts_first_at(const struct live_posts *lp) { return lp->first_at; }

bool live_posts_start(struct live_posts *lp, struct error *err) {
    for (int i = 0; i < lp->workers; i++) {
        if (pthread_create(&lp->worker_threads[i], NULL, run_worker, lp) != 0) {
            lp->workers = i; /* those that run are joined by close */
            return fail(err, ERR_LIMIT, 0, "reader threads: the system allows no more");
        }
    }
    if (pthread_create(&lp->source_thread, NULL, run_source, lp) != 0)
        return fail(err, ERR_LIMIT, 0, "the source's thread: the system allows no more");
    lp->source_runs = true;
    return true;
}

void live_posts_release(struct live_posts *lp, int64_t count) {
    pthread_mutex_lock(&lp->mutex);
    PRE(count >= lp->may_release);
    lp->may_release = count;
    sweep(lp);
    pthread_mutex_unlock(&lp->mutex);
}

int64_t live_posts_done(struct live_posts *lp) {
    pthread_mutex_lock(&lp->mutex);
    const int64_t n = lp->freed_count; /* each place held one */
    pthread_mutex_unlock(&lp->mutex);
    return n;
}

struct live_post *live_posts_got(struct live_posts *lp, int64_t n) {
    struct live_post *ret = NULL;
    pthread_mutex_lock(&lp->mutex);
    int64_t skip = n - lp->released;
    for (int64_t i = lp->freed_count; i < lp->handed && ret == NULL; i++)
        if (!place(lp, i)->drop && skip-- == 0) ret = place(lp, i);
    pthread_mutex_unlock(&lp->mutex);
    PRE(ret != NULL);
    return ret;
}

int64_t live_posts_dropped(const struct live_posts *lp) { return lp->dropped; }

int live_posts_waiting(struct live_posts *lp) {
    pthread_mutex_lock(&lp->mutex);
    const int64_t n = lp->filled - lp->freed_count;
    pthread_mutex_unlock(&lp->mutex);
    return (int)n;
}

void live_posts_close(struct live_posts *lp) {
    if (!lp) return;
    inbox_stop(lp->opt.inbox);
    source_stop(lp->source);
    pthread_mutex_lock(&lp->mutex);
    lp->stop = true;
    pthread_cond_broadcast(&lp->came);
    pthread_cond_broadcast(&lp->freed);
    pthread_cond_broadcast(&lp->stopping);
    pthread_mutex_unlock(&lp->mutex);
    if (lp->source_runs) pthread_join(lp->source_thread, NULL);
    for (int i = 0; i < lp->workers; i++)
        if (lp->worker_threads[i]) pthread_join(lp->worker_threads[i], NULL);
    lp->source->complain = NULL;
    for (int i = 0; i < lp->opt.places; i++) arena_close(&lp->places[i].arena);
    for (int i = 0; i < WORKERS_MAX; i++) arena_close(&lp->scratch[i]);
    pthread_cond_destroy(&lp->stopping);
    pthread_cond_destroy(&lp->freed);
    pthread_cond_destroy(&lp->came);
    pthread_mutex_destroy(&lp->mutex);
}
