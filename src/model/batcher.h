/* batcher: which posts wait for a slow model, which of them it computes at once, and which are not
 * kept waiting for it.
 *
 * Holds no lock, starts no thread and looks at no clock: its owner does (desk.h), and gives `now`
 * (monotonic). Jobs are their owner's, linked here while they wait. */
#ifndef BF_MODEL_BATCHER_H
#define BF_MODEL_BATCHER_H

#include "base/base.h"
#include "base/time.h"

struct batcher_options {
    int texts_max; /* computed at once; a job of more is computed alone */
    usec deadline; /* from when a post began to wait to its answer */
};

/* A post. */
struct batcher_job {
    struct batcher_job *next; /* the batcher's */
    usec since;               /* that it waits */
    int texts;                /* 1 or more */
    int64_t size;             /* what it costs, in units that are measured here; 1 or more */
};

struct batcher {
    struct batcher_options opt;
    struct batcher_job *first, *last; /* waiting */
    int waiting;
    int64_t waiting_size;
    bool busy;
    usec busy_since;
    int64_t busy_size;
    int64_t unit_ns; /* what a unit of size takes; 0: not measured yet */

    bool full;  /* the last that came was refused: nobody joins until half of the time is free */
    bool sheds; /* one was refused, and it has not caught up since */
    bool told;  /* that it sheds */
    usec sheds_since, shed_at; /* when the first and the last one were */
    int64_t shed, shed_total;  /* from sheds_since on; from the start */
};

void batcher_init(struct batcher *b, const struct batcher_options *opt);

/* Joins those that wait. False: it would not have its answer in time, and was left out. One that
 * finds nothing waiting and nothing computed, and comes in time, is never refused. */
bool batcher_join(struct batcher *b, usec now, struct batcher_job *job);

/* Takes the batch that is to be computed now: the oldest, and those behind it that fit, as long as
 * the oldest still has its answer in time. Never waits for more. PRE: not busy, somebody waits.
 * Returns how many jobs; *ret is the first. They are linked. */
int batcher_begin(struct batcher *b, usec now, struct batcher_job **ret);
void batcher_end(struct batcher *b, usec now); /* that batch is computed */

/* Whether it began to shed, or caught up, since it was asked the last time. It has caught up when
 * nothing waits and nobody was refused for BATCHER_QUIET. */
#define BATCHER_QUIET USEC_PER_S
typedef enum batcher_news { BATCHER_NO_NEWS, BATCHER_SHEDS, BATCHER_CAUGHT_UP } batcher_news;
batcher_news batcher_tell(struct batcher *b, usec now);

/* So many jobs of `size` can be answered within the deadline; 0: not measured yet. */
int64_t batcher_room(const struct batcher *b, int64_t size);

#endif
