/* batcher: see the header.
 *
 * What a unit of size takes is measured, the last batches counting most. From it follows when a
 * post that joins now would be answered: after what is being computed, after those that wait, and
 * after itself. Where that is more than the deadline after it began to wait, it is refused, and so
 * are those behind it until half of the deadline is free, so that the model does not work for ever
 * on posts that are all nearly too late. Pure; never fails. */
#include "model/batcher.h"

#define WEIGHT 4 /* a new measurement counts for one in so many */

void batcher_init(struct batcher *b, const struct batcher_options *opt) {
    PRE(opt->texts_max >= 1);
    PRE(opt->deadline >= 1);
    *b = (struct batcher){.opt = *opt};
}

static usec time_of(const struct batcher *b, int64_t size) { return size * b->unit_ns / 1000; }

/* Until what is there is done. */
static usec ahead(const struct batcher *b, usec now) {
    const usec left = b->busy ? time_of(b, b->busy_size) - (now - b->busy_since) : 0;
    return i64_max(left, 0) + time_of(b, b->waiting_size);
}

static void refuse(struct batcher *b, usec now) {
    if (!b->sheds) {
        b->sheds = true;
        b->told = false;
        b->sheds_since = now;
        b->shed = 0;
    }
    b->shed++;
    b->shed_total++;
    b->shed_at = now;
}

static void append(struct batcher *b, struct batcher_job *job) {
    job->next = NULL;
    if (b->last)
        b->last->next = job;
    else
        b->first = job;
    b->last = job;
    b->waiting++;
    b->waiting_size += job->size;
}

bool batcher_join(struct batcher *b, usec now, struct batcher_job *job) {
    PRE(job->texts >= 1);
    PRE(job->size >= 1);
    const bool idle = !b->busy && b->waiting == 0;
    const usec own = idle ? 0 : time_of(b, job->size);
    const usec limit = b->full ? b->opt.deadline / 2 : b->opt.deadline;
    b->full = now - job->since + ahead(b, now) + own > limit;
    if (b->full)
        refuse(b, now);
    else
        append(b, job);
    return !b->full;
}

int batcher_begin(struct batcher *b, usec now, struct batcher_job **ret) {
    PRE(!b->busy);
    PRE(b->first);
    struct batcher_job *end = b->first;
    const usec until = end->since + b->opt.deadline;
    int64_t size = end->size;
    int texts = end->texts, count = 1;
    for (struct batcher_job *j = end->next; j; j = j->next) {
        const bool late = now + time_of(b, size + j->size) > until;
        if (late || texts + j->texts > b->opt.texts_max) break;
        size += j->size;
        texts += j->texts;
        count++;
        end = j;
    }
    *ret = b->first;
    b->first = end->next;
    if (!b->first) b->last = NULL;
    end->next = NULL;
    b->waiting -= count;
    b->waiting_size -= size;
    b->busy = true;
    b->busy_since = now;
    b->busy_size = size;
    return count;
}

void batcher_end(struct batcher *b, usec now) {
    PRE(b->busy);
    const int64_t unit_ns = i64_max((now - b->busy_since) * 1000 / b->busy_size, 1);
    b->unit_ns = b->unit_ns ? b->unit_ns + (unit_ns - b->unit_ns) / WEIGHT : unit_ns;
    b->busy = false;
}

batcher_news batcher_tell(struct batcher *b, usec now) {
    if (b->sheds && !b->told) {
        b->told = true;
        return BATCHER_SHEDS;
    }
    if (!b->sheds || b->busy || b->waiting > 0 || now - b->shed_at < BATCHER_QUIET)
        return BATCHER_NO_NEWS;
    b->sheds = false;
    return BATCHER_CAUGHT_UP;
}

int64_t batcher_room(const struct batcher *b, int64_t size) {
    return b->unit_ns ? b->opt.deadline * 1000 / (b->unit_ns * size) : 0;
}
