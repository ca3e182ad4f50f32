/* push: a queue between those who bring posts and the run that takes them.
 *
 * In: offers of whole requests, from any thread. Out: their posts, one by one, on the source's
 * thread; and how the source stands (once at the start, then now and then as posts come). An offer
 * waits until the run says that everything up to its last post is durable (source_stored), so that
 * "stored" is never said of a post that a power cut takes away.
 *
 * Invariants: an offer is taken whole or not at all; what is taken is given in its order; intakes
 * are counted as the run counts them. Memory: a copy of each offer's posts, QUEUE_BYTES_MAX and
 * QUEUE_POSTS_MAX in all; what finds no room is refused, and its bringer told.
 * Failure: none of next(). When the program ends, what was not given on is told as not taken; what
 * was is waited for a little longer. Threads: one mutex; the source's thread, the trader's, and
 * those of the API. */
#include "source/push.h"

#include <pthread.h>
#include <stdlib.h>

#include "source/source_int.h"

#define QUEUE_POSTS_MAX 8192
#define QUEUE_BYTES_MAX (32 << 20)
#define STATUS_EVERY (10 * USEC_PER_S)
#define LAST_PATIENCE (2 * USEC_PER_S) /* of what was given, once the program ends */

struct offer {
    struct offer *next;
    int count, given;
    ptrdiff_t bytes;
    int64_t last; /* the intake of its last post, once that was given */
    bool left;    /* nobody waits for it any more: whoever is done with it frees it */
    struct post *posts;
};

struct push {
    struct source base;
    str name;
    pthread_mutex_t lock;
    pthread_cond_t more, done;
    struct offer *first, *last; /* not yet given as a whole */
    int posts;                  /* of them, not yet given */
    ptrdiff_t bytes;
    int64_t given, stored; /* intakes */
    bool stopping;
    usec stopped_at; /* monotonic */

    /* the source's thread alone */
    struct source_status status;
    usec status_at; /* monotonic; 0: never said */
    int64_t status_posts;
};

static struct push *push_from(const struct source *s) { return (struct push *)s; }

/* --- offers ------------------------------------------------------------------------------- */

static ptrdiff_t text_bytes(const struct post *p) {
    return p->source.n + p->source_id.n + p->author_id.n + p->username.n + p->text.n + p->lang.n;
}

static str put_text(char **at, str s) {
    char *const p = *at;
    if (s.n > 0) memcpy(p, s.p, (size_t)s.n);
    *at = p + s.n;
    return (str){p, s.n};
}

/* One block: the offer, its posts, their texts. NULL: no memory. */
static struct offer *copy_offer(const struct post *posts, int count) {
    ptrdiff_t bytes = (ptrdiff_t)sizeof(struct offer) + count * (ptrdiff_t)sizeof *posts;
    for (int i = 0; i < count; i++) bytes += text_bytes(&posts[i]);
    struct offer *o = calloc(1, (size_t)bytes);
    if (o == NULL) return NULL;
    o->count = count;
    o->bytes = bytes;
    o->posts = (struct post *)(void *)(o + 1);
    char *at = (char *)(o->posts + count);
    for (int i = 0; i < count; i++) {
        struct post *const p = &o->posts[i];
        *p = posts[i];
        str *const texts[] = {&p->source,   &p->source_id, &p->author_id,
                              &p->username, &p->text,      &p->lang};
        for (int k = 0; k < COUNT_OF(texts); k++) *texts[k] = put_text(&at, *texts[k]);
    }
    return o;
}

static void timed_wait(pthread_cond_t *cond, pthread_mutex_t *lock, usec until) {
    const struct timespec ts = {until / USEC_PER_S, until % USEC_PER_S * 1000};
    pthread_cond_timedwait(cond, lock, &ts);
}

static bool is_stored(const struct push *p, const struct offer *o) {
    return o->given == o->count && p->stored >= o->last;
}

/* Takes an offer of which nothing was given out of the queue. */
static void take_back(struct push *p, struct offer *o) {
    struct offer **at = &p->first, *before = NULL;
    while (*at != o) {
        before = *at;
        at = &before->next;
    }
    *at = o->next;
    if (p->last == o) p->last = before;
    p->posts -= o->count;
    p->bytes -= o->bytes;
}

/* With the lock held, until it is stored, the time is up, or the program ends. */
static push_result wait_for(struct push *p, struct offer *o, usec patience) {
    usec until = time_monotonic_us() + patience;
    while (!is_stored(p, o)) {
        if (p->stopping && o->given == 0) {
            take_back(p, o);
            free(o);
            return PUSH_STOPPED;
        }
        if (p->stopping) until = i64_min(until, p->stopped_at + LAST_PATIENCE);
        if (time_monotonic_us() >= until) {
            o->left = true;
            if (o->given == o->count) free(o);
            return PUSH_LATE;
        }
        timed_wait(&p->done, &p->lock, until);
    }
    free(o);
    return PUSH_STORED;
}

push_result push_offer(struct source *s, const struct post *posts, int count, usec patience) {
    struct push *const p = push_from(s);
    PRE(count >= 0 && count <= PUSH_POSTS_MAX);
    if (count == 0) return PUSH_STORED;
    struct offer *const o = copy_offer(posts, count);
    if (o == NULL) return PUSH_BUSY;
    pthread_mutex_lock(&p->lock);
    push_result result = PUSH_BUSY;
    if (p->stopping) {
        result = PUSH_STOPPED;
        free(o);
    } else if (p->posts + count > QUEUE_POSTS_MAX || p->bytes + o->bytes > QUEUE_BYTES_MAX) {
        free(o);
    } else {
        if (p->last != NULL)
            p->last->next = o;
        else
            p->first = o;
        p->last = o;
        p->posts += count;
        p->bytes += o->bytes;
        pthread_cond_signal(&p->more);
        result = wait_for(p, o, patience);
    }
    pthread_mutex_unlock(&p->lock);
    return result;
}

str push_name(const struct source *s) { return push_from(s)->name; }

/* --- the source --------------------------------------------------------------------------- */

static void give_post(struct push *p, struct arena *a, struct intake *ret) {
    struct offer *const o = p->first;
    ret->kind = INTAKE_POST;
    ret->post = o->posts[o->given++];
    struct post *const post = &ret->post;
    str *const texts[] = {&post->source,   &post->source_id, &post->author_id,
                          &post->username, &post->text,      &post->lang};
    for (int k = 0; k < COUNT_OF(texts); k++) *texts[k] = str_dup(a, *texts[k]);
    p->posts--;
    p->given++;
    if (post->deleted)
        p->base.counts.deletions++;
    else
        p->base.counts.posts++;
    p->base.counts.lines++;
    if (o->given < o->count) return;
    o->last = p->given;
    p->bytes -= o->bytes;
    p->first = o->next;
    if (p->first == NULL) p->last = NULL;
    if (o->left) free(o);
}

static void give_status(struct push *p, struct intake *ret) {
    ret->kind = INTAKE_STATUS;
    p->status.posts = p->status_posts = p->base.counts.lines;
    ret->u.status = p->status;
    p->status_at = time_monotonic_us();
    p->given++;
}

/* Said first of all; then when posts came since, but not with each. USEC_NEVER: nothing to say. */
static usec status_due(const struct push *p) {
    if (p->status_at == 0) return 0;
    return p->base.counts.lines > p->status_posts ? p->status_at + STATUS_EVERY : USEC_NEVER;
}

static bool push_next(struct source *s, struct arena *a, struct intake *ret, struct error *err) {
    struct push *const p = push_from(s);
    (void)err;
    *ret = (struct intake){.kind = INTAKE_END};
    pthread_mutex_lock(&p->lock);
    for (;;) {
        const usec due = status_due(p);
        if (p->stopping) break;
        if (due <= time_monotonic_us()) {
            give_status(p, ret);
            break;
        }
        if (p->first != NULL) {
            give_post(p, a, ret);
            p->status.last_post_at = p->status.last_sign_at = ret->post.received_at;
            break;
        }
        if (due == USEC_NEVER)
            pthread_cond_wait(&p->more, &p->lock);
        else
            timed_wait(&p->more, &p->lock, due);
    }
    pthread_mutex_unlock(&p->lock);
    return true;
}

static void push_stop(struct source *s) {
    struct push *const p = push_from(s);
    pthread_mutex_lock(&p->lock);
    if (!p->stopping) p->stopped_at = time_monotonic_us();
    p->stopping = true;
    pthread_cond_broadcast(&p->more);
    pthread_cond_broadcast(&p->done);
    pthread_mutex_unlock(&p->lock);
}

static void push_stored(struct source *s, int64_t intakes) {
    struct push *const p = push_from(s);
    pthread_mutex_lock(&p->lock);
    p->stored = i64_max(p->stored, intakes);
    pthread_cond_broadcast(&p->done);
    pthread_mutex_unlock(&p->lock);
}

/* Whoever offered has gone by now (the API is closed first). */
static void push_close(struct source *s) {
    struct push *const p = push_from(s);
    push_stop(s);
    while (p->first != NULL) {
        struct offer *const o = p->first;
        p->first = o->next;
        free(o);
    }
    pthread_cond_destroy(&p->more);
    pthread_cond_destroy(&p->done);
    pthread_mutex_destroy(&p->lock);
}

static const struct source_ops push_ops = {.name = "push",
                                           .next = push_next,
                                           .stop = push_stop,
                                           .stored = push_stored,
                                           .close = push_close};

bool push_open(struct arena *boot, str name, struct source **ret, struct error *err) {
    pthread_condattr_t attr;
    if (name.n == 0 || name.n > 32)
        return fail(err, ERR_CONFIG, 0, "a push source needs a name of 1 to 32 characters");
    struct push *p = NEW(boot, struct push);
    p->base.ops = &push_ops;
    p->name = str_dup(boot, name);
    p->status = (struct source_status){.state = SOURCE_LIVE, .since = time_wall_us()};
    POST(pthread_mutex_init(&p->lock, NULL) == 0 && pthread_condattr_init(&attr) == 0);
    POST(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
    POST(pthread_cond_init(&p->more, &attr) == 0 && pthread_cond_init(&p->done, &attr) == 0);
    pthread_condattr_destroy(&attr);
    *ret = &p->base;
    return true;
}
