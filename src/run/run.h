/* run: the runner of both cores. It brings posts, prices, timers and commands to the trader in a
 * defined order, makes what the trader wrote down durable, and only then does it.
 *
 * One runner, two clocks: run_virtual() moves time itself (replay at any speed), run_wall() follows
 * the clock on the wall. Both do their turns through the same function (turn.c). */
#ifndef BF_RUN_RUN_H
#define BF_RUN_RUN_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "config/config.h"
#include "config/live.h"
#include "flow/reader.h"
#include "flow/trader.h"
#include "market/market.h"
#include "run/worker.h"
#include "source/source.h"
#include "store/store.h"
#include "venue/venue.h"

#include <stdatomic.h>

/* One source of posts, and what the run does with it. */
struct run_feed {
    struct source *source;
    str key;          /* "KIND:NAME": what its state and its rows in the store are known by */
    str kind;         /* "x_search" */
    str name;         /* posts' source: "x" */
    str path;         /* of a replay: a cursor of another file does not count */
    bool keep_linked; /* only posts that name a tradable coin are stored; the others are counted */
    bool is_vital;    /* a run without it is none: where it fails, the run ends */
};
#define RUN_FEEDS_MAX 16

/* What a replay tells others of itself: how fast it goes, and since when it is over. The runner
 * writes it, any thread reads it. */
struct run_told {
    int64_t speed_e8;      /* as run_options; of a rebased one E8 */
    _Atomic usec ended_at; /* trader's time at which the posts were used up; 0: they are not */
    _Atomic int64_t posts; /* that the run had brought by then, in this process */
};

/* What the runner runs; all borrowed, all outlive it. The store belongs to the thread that calls
 * run_virtual or run_wall. */
struct run_parts {
    struct config_live *live; /* what holds; NULL: what the trader was opened with, for good */
    const struct symbols *symbols;
    struct store *store;
    struct store *keeper; /* a second connection for housekeeping in real time; NULL: none */
    struct trader *trader;
    const struct reader *reader;
    struct run_feed feeds[RUN_FEEDS_MAX]; /* at most one of them is a replay */
    int feed_count;                       /* 0: no posts come */
    struct run_told *told;                /* of the replay; NULL: there is none, or nobody asks */
    struct worker *worker;                /* NULL: nobody asks who is at work */
    struct market *market;                /* NULL: no prices come */
    struct venue *venue;
};

#define RUN_SPEED_MAX INT64_C(0)

struct run_options {
    int64_t speed_e8;       /* virtual seconds a second, in 1e-8; RUN_SPEED_MAX: no waiting */
    bool rebase;            /* run_wall: posts and prices of a replay are moved to now */
    bool exit_at_end;       /* end when the posts are used up and nothing is open */
    int workers;            /* reader threads; 1 reads on the caller's thread */
    const atomic_int *stop; /* > 0: finish the turn, commit, return; borrowed */
    usec group_wall;        /* virtual time: longest wall time between two commits */
    int64_t group_posts;    /* virtual time: most posts between two commits */
    usec candles_from;      /* candles of before it are not kept for the charts; 0: all are */
    usec candles_kept;      /* virtual time: older ones go; 0: none do. In real time the keeper does
                               it */
};

/* How a live source stands, as it said last. */
struct run_feed_progress {
    str key;
    int64_t kept; /* posts that went to the trader in this process */
    bool known;   /* it has said something */
    struct source_status status;
};

/* How far the run is; pointers are valid during the callback only. */
struct run_progress {
    usec now;
    usec started_at;       /* trader's time at which this process began */
    int64_t posts, prices; /* brought to the trader by this process */
    int64_t commits, dead; /* transactions; bad pieces of input */
    int64_t offset;        /* bytes of the source that are done */
    int waiting_posts;     /* read, not yet due */
    bool posts_ended, prices_ended;
    bool no_post; /* the posts are used up, and not one line of them was a post */
    struct trader_view view;
    const struct run_feed_progress *feeds; /* of live sources */
    int feed_count;
};

/* Told on the trader's thread, after the rows are written; must not block. NULL members: nobody
 * listens. */
struct run_watch {
    void *ctx;
    usec every; /* wall time between two ticks */
    void (*tick)(void *ctx, const struct run_progress *p);
    void (*post)(void *ctx, usec now, const struct reading *r, int score, reason outcome);
    void (*trade)(void *ctx, usec now, const struct trade *t);
    void (*tell)(void *ctx, usec now, tell_level level, const char *event, const char *text);
};

struct runner;
/* Made in `boot`. Continues where the store's cursors say: seeks replay and market, gives the venue
 * its state back, shows the trader the prices up to there. Errors: ERR_STATE when the store is
 * ahead of the replay (it was used in real time), what seeking and reading may say. */
MUST_CHECK bool runner_open(struct arena *boot, const struct run_parts *parts,
                            const struct run_options *opt, const struct run_watch *watch,
                            struct runner **ret, struct error *err);
void runner_close(struct runner *r); /* NULL is fine; rolls back what was not committed */

/* Until the end (exit_at_end), a stop, or an error; everything done is committed then. After an
 * error the store holds what was committed before it, and a new start goes on from there. */
MUST_CHECK bool run_virtual(struct runner *r, struct error *err);

/* The same in real time, with threads for source, market and venue. */
MUST_CHECK bool run_wall(struct runner *r, struct error *err);

/* How far it is, for a summary after the run; borrowed views as above. */
void runner_progress(struct runner *r, struct run_progress *ret);

/* The feed that is a replay, NULL: none. */
const struct run_feed *run_replay(const struct run_parts *parts);

/* The JSON object of `run --exit-at-end`, without a line feed. `extra` may be NULL: market's
 * counts, source's counts. */
struct run_summary_extra {
    const struct market_counts *market;
    const struct source_counts *source;
};
MUST_CHECK bool run_summary(struct runner *r, const struct run_summary_extra *extra,
                            struct buf *out, struct error *err);

/* Tests only: the process leaves by _exit(137) at the n-th step that touches store or venue. */
void run_crash_after(int64_t steps);

#endif
