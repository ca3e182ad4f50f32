/* desk: see the header; batcher.h decides.
 *
 * Callers put their posts in line and wait. When nobody computes, the one who finds it so takes the
 * next batch from the line, whose posts it may hold of others as well, computes it on his own
 * thread and with his own scratch, and wakes those whose posts it were; until his own are done.
 * So there is no thread that a lone post would have to wake, and nobody computes beside another.
 *
 * What it tells: in the log when it begins to shed and when it has caught up, in metrics
 * (bullfinch_model_...), and on the board: how many wait, and a breaker "model" that is open while
 * it sheds. Failure: none. Threads: any, under one mutex, which is not held while a model works. */
#include "model/desk.h"

#include <inttypes.h>
#include <pthread.h>

#include "base/board.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/metric.h"

#define POSTS_MAX 64
/* What a text costs, in bytes of it: what it costs to begin one, and to read so many at most. */
#define SIZE_LEAST 32
#define SIZE_MOST 2048

struct ticket {
    struct batcher_job job; /* first: the batcher's list is one of tickets */
    struct model_ask *ask;
    bool done;
};

struct desk {
    struct desk_options opt;
    pthread_mutex_t mutex;
    pthread_cond_t moved; /* a batch is done */
    struct batcher batcher;
    struct board_queue *line;
    struct metric *asked, *shed, *sheds, *batch_posts, *batch_time;
};

struct at_desk {
    struct model base;
    struct model_ops ops;
    struct desk *desk;
};

/* --- what people see ------------------------------------------------------------------------- */

/* PRE: locked. */
static void show_breaker(const struct desk *d, usec now) {
    const struct batcher *b = &d->batcher;
    struct board_breaker k = {.name = "model",
                              .state = b->sheds ? "open" : "closed",
                              .since = b->sheds_since + (time_wall_us() - now),
                              .told_at = time_wall_us()};
    struct buf why;
    buf_init_fixed(&why, k.why, sizeof k.why);
    buf_printf(&why, "%" PRId64 " posts left to %s: it was more than %" PRId64 " ms behind",
               b->shed, d->opt.fast->ops->name, b->opt.deadline / USEC_PER_MS);
    IGNORE(buf_z(&why) == NULL, "a long text is cut");
    board_breaker_put(&k);
}

/* PRE: locked. */
static void tell(struct desk *d, usec now) {
    const struct batcher *b = &d->batcher;
    const usec oldest = b->first ? b->first->since : now;
    board_queue_set(d->line, b->waiting, time_wall_us() - (now - oldest));
    switch (batcher_tell(&d->batcher, now)) {
    case BATCHER_NO_NEWS:
        return;
    case BATCHER_SHEDS:
        log_unusual("model_sheds", LOG_Z("to", d->opt.fast->ops->name),
                    LOG_I("waiting", b->waiting),
                    LOG_I("deadline_ms", b->opt.deadline / USEC_PER_MS));
        break;
    case BATCHER_CAUGHT_UP:
        log_unusual("model_caught_up", LOG_I("shed", b->shed),
                    LOG_I("took_ms", (now - b->sheds_since) / USEC_PER_MS));
        break;
    }
    metric_set(d->sheds, b->sheds);
    show_breaker(d, now);
}

static void open_metrics(struct desk *d) {
    d->asked = metric_get(M_MODEL_POSTS, NULL);
    d->shed = metric_get(M_MODEL_SHED, NULL);
    d->sheds = metric_get(M_MODEL_SHEDS, NULL);
    d->batch_posts = metric_get(M_MODEL_BATCH, NULL);
    d->batch_time = metric_get(M_MODEL_BATCH_TIME, NULL);
    d->line = board_queue_open("posts for the model", d->opt.batcher.texts_max);
}

/* --- the line -------------------------------------------------------------------------------- */

static int64_t size_of(const struct model_ask *ask) {
    int64_t size = 0;
    for (int i = 0; i < ask->count; i++) {
        const struct model_range *r = &ask->ranges[i];
        const struct word *w = ask->words->v;
        const int64_t bytes = r->end > r->first ? w[r->end - 1].end - w[r->first].begin : 0;
        size += i64_clamp(bytes, SIZE_LEAST, SIZE_MOST);
    }
    return size;
}

/* The next batch, on this thread. PRE: locked, nobody computes, somebody waits. */
static void lead(struct desk *d, struct arena scratch) {
    struct model_ask asks[POSTS_MAX];
    struct batcher_job *first;
    int n = 0;
    const usec began = time_monotonic_us();
    const int count = batcher_begin(&d->batcher, began, &first);
    POST(count <= POSTS_MAX);
    tell(d, began);
    pthread_mutex_unlock(&d->mutex);
    for (const struct batcher_job *j = first; j; j = j->next)
        asks[n++] = *((const struct ticket *)j)->ask;
    d->opt.slow->ops->score(d->opt.slow, scratch, asks, n);
    pthread_mutex_lock(&d->mutex);
    const usec ended = time_monotonic_us();
    batcher_end(&d->batcher, ended);
    board_queue_resize(d->line, batcher_room(&d->batcher, d->batcher.busy_size / count));
    n = 0;
    for (struct batcher_job *j = first, *next; j; j = next) {
        struct ticket *t = (struct ticket *)j;
        next = j->next; /* its owner may be gone as soon as it is done */
        t->ask->by = asks[n++].by;
        t->done = true;
    }
    metric_add(d->asked, count);
    metric_observe(d->batch_posts, count);
    metric_observe(d->batch_time, ended - began);
    pthread_cond_broadcast(&d->moved);
}

static bool all_done(const struct ticket *v, int count) {
    for (int i = 0; i < count; i++)
        if (!v[i].done) return false;
    return true;
}

/* Puts the posts in line. Returns how many; those that are left out are copied to `left`. */
static int join(struct desk *d, struct model_ask *asks, int count, struct ticket *v,
                struct model_ask **left) {
    const usec now = time_monotonic_us();
    int n = 0, out = 0;
    pthread_mutex_lock(&d->mutex);
    for (int i = 0; i < count; i++) {
        struct ticket *t = &v[n];
        *t = (struct ticket){
            .job = {.since = asks[i].since, .texts = asks[i].count, .size = size_of(&asks[i])},
            .ask = &asks[i]};
        if (batcher_join(&d->batcher, now, &t->job))
            n++;
        else
            left[out++] = &asks[i];
    }
    tell(d, now);
    if (out > 0) show_breaker(d, now);
    pthread_mutex_unlock(&d->mutex);
    metric_add(d->shed, out);
    return n;
}

/* As many of the posts as are computed at once; one of more texts alone. */
static int cut(const struct desk *d, const struct model_ask *asks, int count) {
    int texts = asks[0].count, n = 1;
    while (n < count && texts + asks[n].count <= d->opt.batcher.texts_max) texts += asks[n++].count;
    return n;
}

/* Who has time asks by himself: what is computed together then follows from his posts alone, and
 * not from which threads were there first. */
static void compute(struct desk *d, struct arena scratch, struct model_ask *asks, int count) {
    for (int done = 0; done < count;) {
        const int n = cut(d, asks + done, count - done);
        d->opt.slow->ops->score(d->opt.slow, scratch, asks + done, n);
        metric_add(d->asked, n);
        done += n;
    }
}

static void desk_score(const struct model *base, struct arena scratch, struct model_ask *asks,
                       int count) {
    struct desk *d = ((const struct at_desk *)base)->desk;
    struct ticket v[POSTS_MAX];
    struct model_ask *left[POSTS_MAX];
    PRE(count >= 1 && count <= POSTS_MAX);
    if (asks[0].since == 0) {
        compute(d, scratch, asks, count);
        return;
    }
    const int n = join(d, asks, count, v, left);
    pthread_mutex_lock(&d->mutex);
    while (!all_done(v, n)) {
        if (d->batcher.busy)
            pthread_cond_wait(&d->moved, &d->mutex);
        else
            lead(d, scratch);
    }
    tell(d, time_monotonic_us());
    pthread_mutex_unlock(&d->mutex);
    for (int i = 0; i < count - n; i++) d->opt.fast->ops->score(d->opt.fast, scratch, left[i], 1);
}

static void desk_tend(const struct model *base, struct model_load *ret) {
    struct desk *d = ((const struct at_desk *)base)->desk;
    pthread_mutex_lock(&d->mutex);
    tell(d, time_monotonic_us());
    *ret = (struct model_load){d->batcher.sheds, d->batcher.shed, d->batcher.shed_total};
    pthread_mutex_unlock(&d->mutex);
}

const struct model *desk_model(struct arena *boot, const struct desk_options *opt) {
    PRE(opt->batcher.texts_max <= POSTS_MAX);
    struct at_desk *m = NEW(boot, struct at_desk);
    struct desk *d = NEW(boot, struct desk);
    d->opt = *opt;
    pthread_mutex_init(&d->mutex, NULL);
    pthread_cond_init(&d->moved, NULL);
    batcher_init(&d->batcher, &opt->batcher);
    open_metrics(d);
    m->desk = d;
    m->ops = (struct model_ops){.name = opt->slow->ops->name,
                                .slow = true,
                                .together = opt->batcher.texts_max,
                                .score = desk_score,
                                .tend = desk_tend};
    m->base.ops = &m->ops;
    return &m->base;
}
