/* board: what stands where in this process, for people who ask: how much waits in which queue, what
 * each thread is at, and which breakers are open.
 *
 * Owners write to it, anybody reads; nobody decides by it. A queue and a thread are a few relaxed
 * atomic words, so a writer waits for nobody; a breaker, which seldom moves, is a text under the
 * board's own lock, and is not written by the trader. What is made lives as long as the process,
 * and stands there as it was left. Times are wall clock. */
#ifndef BF_BASE_BOARD_H
#define BF_BASE_BOARD_H

#include "base/time.h"

#define BOARD_NAME_BYTES 96
#define BOARD_WHY_BYTES 96
#define BOARD_QUEUES_MAX 48
#define BOARD_TASKS_MAX 128
#define BOARD_BREAKERS_MAX 32

/* --- queues (also gauges: bullfinch_queue_...{queue="NAME"}) ------------------------------- */
struct board_queue;
/* Finds or makes, empty. NULL: the board is full, which board_queue_set bears. name: copied. */
struct board_queue *board_queue_open(const char *name, int64_t capacity);
/* What it has room for has changed. */
void board_queue_resize(struct board_queue *q, int64_t capacity);
/* oldest_at: when the oldest of what waits came; looked at only where something waits. */
void board_queue_set(struct board_queue *q, int64_t waiting, usec oldest_at);

struct board_queue_view {
    const char *name;
    int64_t waiting, capacity;
    usec oldest_at; /* 0: nothing waits */
};
/* In the order in which they were made. Returns how many. */
int board_queues(struct board_queue_view ret[BOARD_QUEUES_MAX]);

/* --- threads --------------------------------------------------------------------------------- */
struct board_task;
/* As board_queue_open; idle at first. */
struct board_task *board_task_open(const char *name, usec now);
/* doing: a literal, borrowed for ever; NULL: it waits for work. */
void board_task_set(struct board_task *t, const char *doing, usec now);

struct board_task_view {
    const char *name, *doing;
    usec since; /* that it is at this, or waits */
};
int board_tasks(struct board_task_view ret[BOARD_TASKS_MAX]);

/* --- breakers -------------------------------------------------------------------------------- */
struct board_breaker {
    char name[BOARD_NAME_BYTES];
    const char *state; /* a literal: "closed", "open", "half-open" */
    usec since;        /* that it is open, or closed again; 0: from the start */
    usec until;        /* open: the next attempt; 0: none is set */
    usec told_at;
    char why[BOARD_WHY_BYTES]; /* of the last failure; "": none */
};
/* Puts it, in the place of the one of its name. Left out where the board is full. */
void board_breaker_put(const struct board_breaker *b);
int board_breakers(struct board_breaker ret[BOARD_BREAKERS_MAX]);

#endif
