/* writer: see the header.
 *
 * Turns go as bytes (turn_bytes.h) into blocks of some hundred, so that two threads need not meet
 * for each: the caller fills one while others wait in a ring and are written. A turn that cannot be
 * written fails the transaction, so what is behind it is thrown away until the caller knows. */
#include "run/writer.h"

#include <pthread.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "flow/event.h"
#include "run/turn_bytes.h"

#define BLOCKS 4
#define BLOCK_BYTES ((ptrdiff_t)256 << 10) /* of a full one */
#define TURN_BYTES_MAX ((ptrdiff_t)16 << 20)
#define SCRATCH_BYTES ((ptrdiff_t)64 << 20) /* of address space */

struct writer {
    struct store *s;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t came, done;
    struct buf blocks[BLOCKS]; /* ring: `count` from `head` on are to be written */
    int head, count;
    int fill; /* the caller's alone: behind those */
    bool stop;
    bool failed;
    struct error err; /* the first, not told yet */
    struct arena scratch;
    struct actions *acts;
};

/* --- the thread ------------------------------------------------------------------------------ */

static bool write_block(struct writer *w, const struct buf *b, struct error *err) {
    str rest = buf_str(b);
    while (rest.n > 0) {
        uint32_t n;
        memcpy(&n, rest.p, sizeof n);
        rest = str_tail(rest, (ptrdiff_t)sizeof n);
        arena_reset(&w->scratch);
        const bool whole = turn_bytes_get(&w->scratch, str_head(rest, n), w->acts);
        POST(whole);
        rest = str_tail(rest, n);
        if (!store_apply(w->s, w->acts, err)) return false;
    }
    return true;
}

static void *run(void *arg) {
    struct writer *w = arg;
    pthread_mutex_lock(&w->mutex);
    for (;;) {
        while (w->count == 0 && !w->stop) pthread_cond_wait(&w->came, &w->mutex);
        if (w->count == 0) break;
        const struct buf *const block = &w->blocks[w->head];
        const bool skip = w->failed;
        struct error err;
        pthread_mutex_unlock(&w->mutex);
        const bool ok = skip || write_block(w, block, &err);
        pthread_mutex_lock(&w->mutex);
        if (!ok) {
            w->failed = true;
            w->err = err;
        }
        w->head = (w->head + 1) % BLOCKS;
        w->count--;
        pthread_cond_signal(&w->done);
    }
    pthread_mutex_unlock(&w->mutex);
    return NULL;
}

/* --- the caller ------------------------------------------------------------------------------ */

/* What is filled is to be written, once fewer than `most` blocks are. False: a turn failed. */
static bool pass_on(struct writer *w, int most, struct error *err) {
    pthread_mutex_lock(&w->mutex);
    if (w->blocks[w->fill].len > 0) {
        w->fill = (w->fill + 1) % BLOCKS;
        w->count++;
        pthread_cond_signal(&w->came);
    }
    while (w->count >= most) pthread_cond_wait(&w->done, &w->mutex);
    const bool ok = !w->failed;
    if (!ok) *err = w->err;
    buf_clear(&w->blocks[w->fill]);
    pthread_mutex_unlock(&w->mutex);
    return ok;
}

bool writer_put(struct writer *w, const struct actions *acts, struct error *err) {
    struct buf *const b = &w->blocks[w->fill];
    const ptrdiff_t at = b->len;
    const uint32_t none = 0;
    buf_put(b, (str){(const char *)&none, (ptrdiff_t)sizeof none});
    turn_bytes_put(acts, TURN_ENTRIES, b);
    POST(!buf_full(b));
    const uint32_t n = (uint32_t)(b->len - at - (ptrdiff_t)sizeof n);
    memcpy(b->p + at, &n, sizeof n);
    return b->len < BLOCK_BYTES || pass_on(w, BLOCKS, err);
}

bool writer_wait(struct writer *w, struct error *err) {
    const bool ok = pass_on(w, 1, err);
    w->failed = false; /* told; the thread has nothing to do */
    return ok;
}

bool writer_open(struct arena *boot, struct store *s, struct writer **ret, struct error *err) {
    struct writer *w = NEW(boot, struct writer);
    w->s = s;
    w->acts = NEW(boot, struct actions);
    pthread_mutex_init(&w->mutex, NULL);
    pthread_cond_init(&w->came, NULL);
    pthread_cond_init(&w->done, NULL);
    for (int i = 0; i < BLOCKS; i++) buf_init(&w->blocks[i], BLOCK_BYTES + TURN_BYTES_MAX);
    arena_open(&w->scratch, SCRATCH_BYTES);
    const int rc = pthread_create(&w->thread, NULL, run, w);
    if (rc == 0) {
        *ret = w;
        return true;
    }
    w->stop = true;
    for (int i = 0; i < BLOCKS; i++) buf_fini(&w->blocks[i]);
    arena_close(&w->scratch);
    return fail(err, ERR_LIMIT, rc, "a thread that writes rows: the system allows no more threads");
}

void writer_close(struct writer *w) {
    if (w == NULL) return;
    pthread_mutex_lock(&w->mutex);
    w->stop = true;
    pthread_cond_signal(&w->came);
    pthread_mutex_unlock(&w->mutex);
    pthread_join(w->thread, NULL);
    for (int i = 0; i < BLOCKS; i++) buf_fini(&w->blocks[i]);
    arena_close(&w->scratch);
    pthread_cond_destroy(&w->done);
    pthread_cond_destroy(&w->came);
    pthread_mutex_destroy(&w->mutex);
}
