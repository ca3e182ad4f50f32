/* readers: posts go in by the source's order, readings come out in the same order, and what happens
 * in between may happen on many threads.
 *
 * A ring of batches of up to 64 posts. The caller's thread fills a batch from the source, workers
 * read it, the caller takes its posts one by one. The batches' order is the source's, whoever read
 * them, so the number of workers changes nothing but the time it takes. With one worker there are
 * no threads: a batch is read when its first post is wanted.
 *
 * Memory: each batch has an arena of its own that is reset when the batch is filled anew. A batch
 * ends early when a post of the largest size might no longer fit, and an arena that a large post
 * has grown is given back to the system.
 *
 * What a source complains of (lines that are no posts) is kept with the post that comes next, so
 * that it is stored in the transaction that moves the source's offset behind it.
 *
 * Failure: a source that fails gives its error once all posts before it are taken. Thread: all
 * functions are the caller's; workers share the struct under its mutex. */
#include "run/run_int.h"

#include <pthread.h>
#include <sys/mman.h>

#define ARENA_BYTES (6 << 20)
#define POST_ROOM (4 << 20)    /* a line of 1 MiB, its decoded strings, its clean text */
#define KEEP_BYTES (512 << 10) /* an arena that used more gives its pages back */
#define WORKERS_MAX 64
#define PAYLOAD_MAX (64 << 10)
#define PAYLOAD_TIGHT 256 /* when very many lines are bad: enough to recognise one */
#define COMPLAINTS_BYTES (24 << 20)

typedef enum batch_state { BATCH_EMPTY, BATCH_FILLED, BATCH_READING, BATCH_READ } batch_state;

struct batch {
    batch_state state;
    int count;
    struct arena arena;      /* of the posts' strings */
    struct arena complaints; /* of what was no post */
    struct post posts[READER_BATCH_MAX];
    struct reading readings[READER_BATCH_MAX];
    struct read_post out[READER_BATCH_MAX]; /* points into the two above */
};

struct readers {
    const struct reader *reader;
    struct source *source;
    int worker_count; /* threads; 0: inline */
    pthread_t workers[WORKERS_MAX];
    struct arena *scratch; /* one a worker, or one for the caller */

    pthread_mutex_t mutex;
    pthread_cond_t filled, read;
    bool stop;

    int batch_count;
    struct batch *batches; /* ring */
    int head;              /* the batch that posts are taken from */
    int used;              /* batches from head on that are not empty */
    int taken;             /* posts of the head batch that were popped */

    bool ended, failed;
    struct error source_err;
    /* Complaints since the last post. */
    struct batch *filling;
    struct complaint *first, *last;
    const struct complaint *behind; /* of what stood behind the last post */
    int64_t behind_offset;
};

/* --- reading ----------------------------------------------------------------------------- */

static void read_batch(const struct reader *reader, struct arena scratch, struct batch *b) {
    const usec began = time_monotonic_us();
    if (b->count > 0) reader_read(reader, scratch, b->posts, b->count, b->readings);
    meter_read(b->readings, b->count, time_monotonic_us() - began);
}

static struct batch *find_filled(struct readers *rs) {
    for (int i = 0; i < rs->used; i++) {
        struct batch *b = &rs->batches[(rs->head + i) % rs->batch_count];
        if (b->state == BATCH_FILLED) return b;
    }
    return NULL;
}

struct worker_start {
    struct readers *rs;
    struct arena scratch;
};

static void *worker(void *arg) {
    struct worker_start *start = arg;
    struct readers *rs = start->rs;
    pthread_mutex_lock(&rs->mutex);
    while (!rs->stop) {
        struct batch *b = find_filled(rs);
        if (!b) {
            pthread_cond_wait(&rs->filled, &rs->mutex);
            continue;
        }
        b->state = BATCH_READING;
        pthread_mutex_unlock(&rs->mutex);
        read_batch(rs->reader, start->scratch, b);
        pthread_mutex_lock(&rs->mutex);
        b->state = BATCH_READ;
        pthread_cond_signal(&rs->read);
    }
    pthread_mutex_unlock(&rs->mutex);
    return NULL;
}

/* --- filling ----------------------------------------------------------------------------- */

static void complain(void *ctx, str where, str what, str payload) {
    struct readers *rs = ctx;
    struct arena *a = &rs->filling->complaints;
    const bool tight = arena_left(a) < COMPLAINTS_BYTES / 2;
    const str kept = str_head(payload, tight ? PAYLOAD_TIGHT : PAYLOAD_MAX);
    const ptrdiff_t need = where.n + what.n + kept.n + (ptrdiff_t)sizeof(struct complaint) + 64;
    if (arena_left(a) < need) return; /* more than a run keeps; the source counts it */
    struct complaint *c = NEW(a, struct complaint);
    *c = (struct complaint){NULL, str_dup(a, where), str_dup(a, what), str_dup(a, kept)};
    if (rs->last)
        rs->last->next = c;
    else
        rs->first = c;
    rs->last = c;
}

static void empty_arena(struct arena *a) {
    const ptrdiff_t used = a->beg - a->base;
    arena_reset(a);
    if (used > KEEP_BYTES)
        IGNORE(madvise(a->base, (size_t)used, MADV_DONTNEED), "memory that is kept is no harm");
}

/* Up to 64 posts; fewer at the end, or when large ones fill the arena. */
static void fill(struct readers *rs, struct batch *b) {
    empty_arena(&b->arena);
    empty_arena(&b->complaints);
    b->count = 0;
    rs->filling = b;
    while (b->count < READER_BATCH_MAX && arena_left(&b->arena) >= POST_ROOM) {
        bool end = false;
        if (!source_next_post(rs->source, &b->arena, &b->posts[b->count], &end, &rs->source_err)) {
            rs->failed = rs->ended = true;
            return;
        }
        if (end) {
            rs->ended = true;
            rs->behind = rs->first;
            rs->behind_offset = source_offset(rs->source);
            return;
        }
        const int i = b->count++;
        b->out[i] =
            (struct read_post){&b->posts[i], &b->readings[i], source_offset(rs->source), rs->first};
        rs->first = rs->last = NULL;
    }
}

static void fill_all(struct readers *rs) {
    while (!rs->ended && rs->used < rs->batch_count) {
        struct batch *b = &rs->batches[(rs->head + rs->used) % rs->batch_count];
        fill(rs, b); /* not yet in the ring: no worker looks at it */
        /* The last batch stays where it is even when it is empty: it holds the last complaints. */
        pthread_mutex_lock(&rs->mutex);
        b->state = BATCH_FILLED;
        rs->used++;
        pthread_cond_signal(&rs->filled);
        pthread_mutex_unlock(&rs->mutex);
    }
}

/* --- taking ------------------------------------------------------------------------------ */

static void wait_for(struct readers *rs, struct batch *b) {
    if (rs->worker_count == 0) {
        if (b->state == BATCH_FILLED) read_batch(rs->reader, *rs->scratch, b);
        b->state = BATCH_READ;
        return;
    }
    pthread_mutex_lock(&rs->mutex);
    while (b->state != BATCH_READ) pthread_cond_wait(&rs->read, &rs->mutex);
    pthread_mutex_unlock(&rs->mutex);
}

bool readers_peek(struct readers *rs, struct read_post **ret, struct error *err) {
    *ret = NULL;
    for (;;) {
        if (rs->used > 0) {
            struct batch *b = &rs->batches[rs->head];
            wait_for(rs, b);
            if (rs->taken < b->count) {
                *ret = &b->out[rs->taken];
                return true;
            }
            if (rs->ended && rs->used == 1) break; /* keeps the batch: complaints live in it */
            pthread_mutex_lock(&rs->mutex);
            b->state = BATCH_EMPTY;
            rs->head = (rs->head + 1) % rs->batch_count;
            rs->used--;
            pthread_mutex_unlock(&rs->mutex);
            rs->taken = 0;
        }
        if (!rs->source || (rs->ended && rs->used == 0)) break;
        fill_all(rs);
    }
    if (!rs->failed) return true;
    *err = rs->source_err;
    return false;
}

void readers_pop(struct readers *rs) {
    PRE(rs->used > 0);
    rs->taken++;
}

const struct complaint *readers_last_complaints(struct readers *rs, int64_t *ret_offset) {
    const struct complaint *c = rs->behind;
    rs->behind = NULL;
    *ret_offset = rs->behind_offset;
    return c;
}

int readers_ahead(const struct readers *rs) {
    int n = -rs->taken;
    for (int i = 0; i < rs->used; i++) n += rs->batches[(rs->head + i) % rs->batch_count].count;
    return n;
}

static int batches_of(int workers) {
    return workers == 1 ? 1 : (int)i64_min(workers, WORKERS_MAX) + 2;
}

int readers_room(int workers) { return batches_of(workers) * READER_BATCH_MAX; }

/* --- life -------------------------------------------------------------------------------- */

static bool start_workers(struct readers *rs, struct arena *boot, int workers, struct error *err) {
    for (int i = 0; i < workers; i++) {
        struct worker_start *start = NEW(boot, struct worker_start);
        start->rs = rs;
        arena_open(&rs->scratch[i], READER_SCRATCH_BYTES);
        start->scratch = rs->scratch[i];
        const int rc = pthread_create(&rs->workers[i], NULL, worker, start);
        if (rc != 0) {
            readers_close(rs);
            return fail(err, ERR_LIMIT, rc, "reader thread %d: the system allows no more threads",
                        i + 1);
        }
        rs->worker_count = i + 1;
    }
    return true;
}

bool readers_open(struct arena *boot, const struct reader *reader, struct source *source,
                  int workers, struct readers **ret, struct error *err) {
    PRE(workers >= 1);
    if (workers > WORKERS_MAX) workers = WORKERS_MAX;
    struct readers *rs = NEW(boot, struct readers);
    rs->reader = reader;
    rs->source = source;
    pthread_mutex_init(&rs->mutex, NULL);
    pthread_cond_init(&rs->filled, NULL);
    pthread_cond_init(&rs->read, NULL);
    rs->batch_count = batches_of(workers);
    rs->batches = NEW_ARRAY(boot, struct batch, rs->batch_count);
    for (int i = 0; i < rs->batch_count; i++) {
        arena_open(&rs->batches[i].arena, ARENA_BYTES);
        arena_open(&rs->batches[i].complaints, COMPLAINTS_BYTES);
    }
    rs->scratch = NEW_ARRAY(boot, struct arena, workers);
    if (source) {
        source->complain = complain;
        source->complain_ctx = rs;
    }
    if (workers == 1)
        arena_open(&rs->scratch[0], READER_SCRATCH_BYTES);
    else if (!start_workers(rs, boot, workers, err))
        return false;
    *ret = rs;
    return true;
}

void readers_close(struct readers *rs) {
    if (!rs) return;
    pthread_mutex_lock(&rs->mutex);
    rs->stop = true;
    pthread_cond_broadcast(&rs->filled);
    pthread_mutex_unlock(&rs->mutex);
    for (int i = 0; i < rs->worker_count; i++) pthread_join(rs->workers[i], NULL);
    if (rs->source) rs->source->complain = NULL;
    for (int i = 0; i < rs->batch_count; i++) {
        arena_close(&rs->batches[i].arena);
        arena_close(&rs->batches[i].complaints);
    }
    const int scratches = rs->worker_count > 0 ? rs->worker_count : 1;
    for (int i = 0; i < scratches; i++) arena_close(&rs->scratch[i]);
    pthread_cond_destroy(&rs->read);
    pthread_cond_destroy(&rs->filled);
    pthread_mutex_destroy(&rs->mutex);
}
