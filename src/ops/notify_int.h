/* What the files of the notifier share: notify.c (rounds, threads), notify_sort.c (which notice
 * goes where), notify_send.c (from the store to a channel and back), notify_watch.c (is there a
 * trader?).
 */
#ifndef BF_OPS_NOTIFY_INT_H
#define BF_OPS_NOTIFY_INT_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/metric.h"
#include "ops/notify.h"
#include "ops/pace.h"

#define NOTICE_WHAT_FIRST "first" /* the first trader of this store: nobody waited for it */
#define NOTIFY_QUEUE_MAX 500 /* that wait for a channel; what is not urgent is left out beyond */

typedef enum sender_state {
    SENDER_IDLE,
    SENDER_READY, /* a message for its thread */
    SENDER_DONE   /* what became of it */
} sender_state;

/* One channel and its thread. `state` and what follows it are under the notifier's lock; while it
 * is READY the message is the thread's, else the notifier's. */
struct sender {
    struct notifier *n;
    struct channel *channel;
    notify_channel which;
    pthread_t thread;
    bool runs;
    sender_state state;
    struct delivery batch[MESSAGE_NOTICES_MAX];
    int count;
    bool direct; /* of this process alone: nothing of it stands in the store */
    int64_t left_out;
    char name[34];
    char id[48];
    usec at; /* wall, when it was handed over */
    struct sent sent;

    /* the notifier's thread alone */
    struct pace pace;
    usec rests_until; /* wall: nothing is sent before */
    usec look_at;     /* wall: nothing is due before; 0: look */
    int64_t tries;    /* that failed in a row */
    int64_t waiting;
    int64_t skipped; /* since the last message, because too many waited */
    struct channel_row row;
    bool row_due; /* it is to be written */
    bool turned;  /* it refuses since the last message: others are told */
    struct metric *sent_metric, *failed_metric, *retried_metric, *waiting_metric, *up_metric;
};

struct notifier {
    struct notifier_options opt;
    struct store *store;
    struct sender senders[CHANNEL_COUNT]; /* channel NULL: not configured */
    struct listener *listener;
    pthread_t thread;
    bool runs;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool stopping; /* under the lock */
    bool cut;      /* the same: calls that wait end now */
    const char *ends;
    usec stop_by; /* monotonic */

    atomic_bool mine; /* this process sends */
    bool begun;       /* since then: rows were read, what was under way waits again */
    usec claim_at, look_at, watch_at, repeats_at; /* monotonic: not before */
    int64_t version;
    bool again;               /* there is more than was sorted */
    struct quiet_hours quiet; /* by which what waits is due; with quiet_known */
    bool quiet_known;         /* since this process sends */

    usec trouble_since; /* monotonic; the store cannot be used; 0: it can */
    bool trouble_told;
    bool complained; /* in the log */

    usec trader_gone; /* monotonic: since when none is seen; 0: one is, or none was */
};

/* What holds; given back. */
const struct config *notify_config(struct notifier *n);
void notify_config_back(struct notifier *n, const struct config *cfg);

/* --- notify_sort.c: each in its own transaction --- */
/* New notices get their deliveries. */
MUST_CHECK bool notify_sort(struct notifier *n, const struct config *cfg, usec now,
                            struct error *err);
/* What waits for quiet hours that were changed is due by the new ones. */
MUST_CHECK bool notify_quiet(struct notifier *n, const struct config *cfg, usec now,
                             struct error *err);
/* Repetitions that nobody was told of become a notice. */
MUST_CHECK bool notify_sum_up(struct notifier *n, const struct config *cfg, usec now,
                              struct error *err);

/* --- notify_send.c --- */
/* Takes over what became of a message; hands over the next. */
MUST_CHECK bool notify_finish(struct notifier *n, struct sender *s, const struct config *cfg,
                              usec now, struct error *err);
MUST_CHECK bool notify_next(struct notifier *n, struct sender *s, const struct config *cfg,
                            usec now, struct error *err);
/* Its channel cannot be used: noted as refused, and the others are told. */
MUST_CHECK bool notify_unusable(struct notifier *n, struct sender *s, usec now, struct error *err);
/* Without the store, to whoever is idle and is told of the kind. */
void notify_direct(struct notifier *n, const struct config *cfg, const struct notice *v, usec now);

/* --- notify_watch.c --- */
MUST_CHECK bool notify_watch(struct notifier *n, usec now, usec mono, struct error *err);
/* The trader of this process ends as it should. */
MUST_CHECK bool notify_watch_end(struct notifier *n, const char *who, usec now, struct error *err);

#endif
