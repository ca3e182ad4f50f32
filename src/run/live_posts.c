/* live_posts: see the header.
 *
 * A ring of places. The source's thread fills the place at the tail, workers read places, the
 * trader gives them back from the head. Hand-over to the inbox is in the order of the ring, whoever
 * read them: an edit must not overtake its post. A full ring makes the source wait; that is the
 * back pressure, and the inbox has room for every place, so handing over never blocks.
 *
 * Threads: one for the source, `workers` that read (none when it is one: a lone post is read faster
 * where it is), and the trader's for giving back. */
#include "run/live_posts.h"

#include <pthread.h>
#include <sys/mman.h>
#include <time.h>

#define PLACES 64
#define ARENA_BYTES (8 << 20)
#define KEEP_BYTES (256 << 10)
#define WORKERS_MAX 64
#define PAYLOAD_MAX (64 << 10)
#define POST_ROOM (4 << 20) /* complaints leave that much for the post itself */

struct live_posts {
    const struct reader *reader;
    struct source *source;
    struct inbox *inbox;
    bool rebase;
    usec shift, first_at;

    pthread_t source_thread, worker_threads[WORKERS_MAX];
    bool source_runs;
    int workers, worker_count;
    struct arena scratch[WORKERS_MAX];

    pthread_mutex_t mutex;
    pthread_cond_t came, freed, stopping;
    bool stop;
    struct live_post places[PLACES];
    /* Running numbers of places: freed <= handed <= read_next <= filled <= freed + PLACES. */
    int64_t filled, read_next, handed, freed_count;
    struct live_post *filling; /* source's thread */
};

static struct live_post *place(struct live_posts *lp, int64_t i) { return &lp->places[i % PLACES]; }

/* --- reading and handing over ------------------------------------------------------------ */

static void read_one(struct live_posts *lp, struct live_post *p, struct arena scratch) {
    if (!p->is_end && !p->failed) reader_read(lp->reader, scratch, &p->post, 1, &p->reading);
}

/* PRE: locked. */
static void hand_over(struct live_posts *lp) {
    while (lp->handed < lp->read_next && place(lp, lp->handed)->read) {
        if (!inbox_put_post(lp->inbox, place(lp, lp->handed))) return; /* stopping */
        lp->handed++;
    }
}

static void *run_worker(void *arg) {
    struct live_posts *lp = arg;
    pthread_mutex_lock(&lp->mutex);
    const struct arena scratch = lp->scratch[lp->worker_count++];
    while (!lp->stop) {
        if (lp->read_next == lp->filled) {
            pthread_cond_wait(&lp->came, &lp->mutex);
            continue;
        }
        struct live_post *p = place(lp, lp->read_next++);
        pthread_mutex_unlock(&lp->mutex);
        read_one(lp, p, scratch);
        pthread_mutex_lock(&lp->mutex);
        p->read = true;
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

/* The next post into p; false: it is the last thing that comes. */
static bool take(struct live_posts *lp, struct live_post *p) {
    empty(p);
    lp->filling = p;
    if (!source_next_post(lp->source, &p->arena, &p->post, &p->is_end, &p->err)) p->failed = true;
    p->offset = source_offset(lp->source);
    return !p->is_end && !p->failed;
}

/* A place to fill, waiting for one. NULL: stopping. */
static struct live_post *claim(struct live_posts *lp) {
    pthread_mutex_lock(&lp->mutex);
    while (!lp->stop && lp->filled - lp->freed_count == PLACES)
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
    if (!lp->rebase) {
        if (post->received_at == 0) post->received_at = now;
        return;
    }
    post->created_at += lp->shift;
    post->received_at = now;
}

/* The filled place joins the ring; read at once where nobody else reads. */
static void put(struct live_posts *lp, struct live_post *p) {
    if (lp->workers == 1) read_one(lp, p, lp->scratch[0]);
    pthread_mutex_lock(&lp->mutex);
    p->read = lp->workers == 1;
    lp->filled++;
    if (p->read) {
        lp->read_next = lp->filled;
        hand_over(lp);
    } else {
        pthread_cond_signal(&lp->came);
    }
    pthread_mutex_unlock(&lp->mutex);
}

/* The first post waits in its place already (live_posts_open). */
static void *run_source(void *arg) {
    struct live_posts *lp = arg;
    struct live_post *p = place(lp, 0);
    bool more = !p->is_end && !p->failed;
    for (;;) {
        if (more && lp->rebase && !wait_until(lp, p->post.received_at + lp->shift)) break;
        if (more) stamp(lp, &p->post);
        put(lp, p);
        if (!more) break;
        p = claim(lp);
        if (!p) break;
        more = take(lp, p);
    }
    return NULL;
}

/* --- life -------------------------------------------------------------------------------- */

bool live_posts_open(struct arena *boot, const struct reader *reader, struct source *source,
                     struct inbox *inbox, int workers, bool rebase, struct live_posts **ret,
                     struct error *err) {
    PRE(workers >= 1 && source);
    struct live_posts *lp = NEW(boot, struct live_posts);
    lp->reader = reader;
    lp->source = source;
    lp->inbox = inbox;
    lp->rebase = rebase;
    lp->workers = workers > WORKERS_MAX ? WORKERS_MAX : workers;
    for (int i = 0; i < PLACES; i++) arena_open(&lp->places[i].arena, ARENA_BYTES);
    for (int i = 0; i < lp->workers; i++) arena_open(&lp->scratch[i], READER_SCRATCH_BYTES);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&lp->mutex, NULL);
    pthread_cond_init(&lp->came, NULL);
    pthread_cond_init(&lp->freed, NULL);
    pthread_cond_init(&lp->stopping, &attr);
    pthread_condattr_destroy(&attr);
    source->complain = complain;
    source->complain_ctx = lp;

    struct live_post *first = place(lp, 0);
    const bool more = take(lp, first);
    *ret = lp;
    if (first->failed) {
        *err = first->err;
        return false;
    }
    lp->first_at = more ? first->post.received_at : USEC_NEVER;
    if (rebase && more) lp->shift = time_wall_us() - lp->first_at;
    return true;
}

usec live_posts_shift(const struct live_posts *lp) { return lp->shift; }
usec live_posts_first_at(const struct live_posts *lp) { return lp->first_at; }

bool live_posts_start(struct live_posts *lp, struct error *err) {
    for (int i = 0; lp->workers > 1 && i < lp->workers; i++) {
        if (pthread_create(&lp->worker_threads[i], NULL, run_worker, lp) != 0) {
            lp->workers = i > 0 ? i : 1; /* those that run are joined by close */
            return fail(err, ERR_LIMIT, 0, "reader threads: the system allows no more");
        }
    }
    if (pthread_create(&lp->source_thread, NULL, run_source, lp) != 0)
        return fail(err, ERR_LIMIT, 0, "the source's thread: the system allows no more");
    lp->source_runs = true;
    return true;
}

void live_posts_give_back(struct live_posts *lp, struct live_post *p) {
    pthread_mutex_lock(&lp->mutex);
    PRE(p == place(lp, lp->freed_count));
    lp->freed_count++;
    pthread_cond_signal(&lp->freed);
    pthread_mutex_unlock(&lp->mutex);
}

int live_posts_waiting(struct live_posts *lp) {
    pthread_mutex_lock(&lp->mutex);
    const int64_t n = lp->filled - lp->freed_count;
    pthread_mutex_unlock(&lp->mutex);
    return (int)n;
}

void live_posts_close(struct live_posts *lp) {
    if (!lp) return;
    inbox_stop(lp->inbox);
    pthread_mutex_lock(&lp->mutex);
    lp->stop = true;
    pthread_cond_broadcast(&lp->came);
    pthread_cond_broadcast(&lp->freed);
    pthread_cond_broadcast(&lp->stopping);
    pthread_mutex_unlock(&lp->mutex);
    if (lp->source_runs) pthread_join(lp->source_thread, NULL);
    for (int i = 0; lp->workers > 1 && i < lp->workers; i++)
        if (lp->worker_threads[i]) pthread_join(lp->worker_threads[i], NULL);
    lp->source->complain = NULL;
    for (int i = 0; i < PLACES; i++) arena_close(&lp->places[i].arena);
    for (int i = 0; i < WORKERS_MAX; i++) arena_close(&lp->scratch[i]);
    pthread_cond_destroy(&lp->stopping);
    pthread_cond_destroy(&lp->freed);
    pthread_cond_destroy(&lp->came);
    pthread_mutex_destroy(&lp->mutex);
}
