/* What live.c (the conversation), live_net.c (the threads that do I/O), live_ring.c (what waits
 * between them) and live_watch.c (what people see of it) share. */
#ifndef BF_SOURCE_LIVE_INT_H
#define BF_SOURCE_LIVE_INT_H

#include <pthread.h>

#include "base/metric.h"
#include "net/ws.h"
#include "source/connector.h"
#include "source/source_int.h"

#define LIVE_HOSTS_MAX 4 /* whose connections one thread keeps */
#define LIVE_BASE_BYTES (HOST_BYTES + 32)
#define LIVE_TICK USEC_PER_S /* nobody waits longer without looking */

/* --- live_ring.c -------------------------------------------------------------------------- */

typedef enum live_told_kind {
    LIVE_TOLD_NONE,
    LIVE_TOLD_OPENED,
    LIVE_TOLD_LINE,
    LIVE_TOLD_GONE,
    LIVE_TOLD_ANSWER /* not in the ring */
} live_told_kind;

struct live_told {
    live_told_kind kind;
    usec at; /* of receipt */
    str line;
};

/* What a stream told, in order, each piece in one run of bytes. Its user locks. */
struct live_ring {
    char *block;
    ptrdiff_t bytes;
    ptrdiff_t head, tail; /* next to read, next to write */
    ptrdiff_t wrap;       /* where what was written before the block's begin ends; -1: it was not */
    ptrdiff_t used;       /* bytes of what waits */
    int64_t count;
};

void live_ring_init(struct live_ring *r, char *block, ptrdiff_t bytes);
/* Copies. False: no room now. */
MUST_CHECK bool live_ring_put(struct live_ring *r, const struct live_told *t);
/* The oldest, which stays where it is until live_ring_drop. False: empty. */
MUST_CHECK bool live_ring_peek(struct live_ring *r, struct live_told *ret);
void live_ring_drop(struct live_ring *r); /* the oldest */

/* --- live_net.c --------------------------------------------------------------------------- */

typedef enum live_lane_state {
    LANE_IDLE,
    LANE_WANTED, /* rq and base are there for the thread */
    LANE_RUNNING,
    LANE_DONE /* the answer is there */
} live_lane_state;

/* A thread that makes one request at a time: calls, or the stream. */
struct live_lane {
    struct live *live;
    bool is_stream;
    pthread_t thread;
    bool runs; /* the thread is there */

    /* under the mutex; what a request is made of belongs to the thread from WANTED to DONE */
    live_lane_state state;
    usec done_at;
    struct arena mem; /* of the request */
    str base;
    struct http_request rq;
    struct http_answer answer;

    /* the thread's */
    struct arena hosts_mem;
    int host_count;
    struct live_host {
        char base[LIVE_BASE_BYTES];
        struct http *http;
    } hosts[LIVE_HOSTS_MAX];
};

/* --- live_watch.c ------------------------------------------------------------------------- */

typedef enum live_outcome {
    OUTCOME_LIVE,
    OUTCOME_MISSED,
    OUTCOME_DELETED,
    OUTCOME_COUNT
} live_outcome;

struct live_watch {
    struct metric *posts[OUTCOME_COUNT];
    struct metric *state, *calls, *failures, *last_sign, *breaker_open;
    struct source_status shown; /* in the metrics */
    bool any_logged;
    source_state logged;
    struct source_status passed_on;
    usec passed_on_at; /* 0: never */
};

/* --- all of it ---------------------------------------------------------------------------- */

struct live {
    struct source base;
    struct connector *c;
    char key[FEED_BYTES];

    /* of next()'s thread */
    usec now;       /* as the connector knows it: never back */
    bool waits;     /* it has said WAIT, */
    usec until;     /* until then */
    bool holds;     /* the ring's oldest has been told and may be borrowed from */
    bool stream_on; /* OPEN was said and `gone` not told yet */
    bool told;      /* anything, since a status was passed on */
    bool ended;
    struct live_watch watch;

    pthread_mutex_t mutex;
    pthread_cond_t came; /* for next() */
    pthread_cond_t room; /* for whoever fills the ring */
    pthread_cond_t work; /* for the lanes */

    /* under the mutex */
    bool stop;
    bool shut; /* the stream, from SHUT to the next OPEN */
    struct steady clock;
    struct live_ring ring;
    bool blocked; /* somebody waits for room, and what he brings is older than now */
    struct source_status status;
    struct ws *ws; /* NULL: there is none, or it is gone */
    bool ws_was_open;

    struct arena mem; /* the ring's block */
    struct live_lane calls, stream;
    struct http_answer gone; /* of the stream; written before it is told */
    struct ws_loop *loop;    /* where its stream is a WebSocket */
};

/* With the mutex held: the wall clock, which never goes back. */
usec live_clock(struct live *l);

/* Threads, and the WebSocket's loop. What was begun is ended by live_net_close. */
MUST_CHECK bool live_net_open(struct live *l, struct error *err);
void live_net_close(struct live *l);
/* What the connector wants, on next()'s thread: never blocks. */
void live_net_call(struct live *l, const struct connector_step *step);
void live_net_open_stream(struct live *l, const struct connector_step *step);
void live_net_shut(struct live *l);
void live_net_send(struct live *l, str text);

void live_watch_open(struct live *l);
void live_watch_post(struct live *l, const struct post *p);
/* Looks at how the connector stands. True: *ret says so to whoever stores it. */
bool live_watch_due(struct live *l, struct intake *ret);

#endif
