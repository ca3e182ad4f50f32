/* meter: what a run, and the stages that posts go through, are measured by (base/metrics.h).
 *
 * Nothing is decided by it. What the trader's thread counts it counts after a turn is done; what
 * only has to be looked up now and then (equity, orders, the mode) is looked at four times a
 * second. */
#ifndef BF_RUN_METER_H
#define BF_RUN_METER_H

#include "flow/event.h"
#include "flow/trader.h"

/* --- stages: any thread, any process --------------------------------------------------------- */
#define METER_STAGE_MAP(X)                                                                         \
    X(STORE, "store")                   /* from a post's receipt to its row, durable */            \
    X(POSTS_QUEUE, "posts_queue")       /* until it was taken from the queue */                    \
    X(READ, "read")                     /* what it says, a batch shared out among its posts */     \
    X(READINGS_QUEUE, "readings_queue") /* until the trader's process took it */                   \
    X(INBOX, "inbox")                   /* until the trader did */                                 \
    X(DECIDE, "decide")                 /* his turn */                                             \
    X(COMMIT, "commit")                 /* rows and cursors into the store, durable */             \
    X(LANE, "lane")                     /* a request, until it was sent */                         \
    X(VENUE, "venue")                   /* and until it was answered */
typedef enum meter_stage {
#define X(name, text) STAGE_##name,
    METER_STAGE_MAP(X)
#undef X
        STAGE_COUNT
} meter_stage;
/* n posts (or requests) took so long each; less than nothing (two clocks) is nothing. */
void meter_stage_took(meter_stage s, usec took, int64_t n);

/* n posts were read by the model of this name, a literal; NULL: by none. */
void meter_model(const char *name, int64_t n);
/* `count` posts were read, in so long all together; by which models. */
void meter_read(const struct reading *v, int count, usec took);

/* What became of a post. Any thread, with a struct of its own; zeroed at first. */
#define METER_SOURCES_MAX 16
struct meter_outcomes {
    struct {
        char name[40];
        struct metric *by[REASON_COUNT];
    } v[METER_SOURCES_MAX];
    int count;
};
void meter_outcome(struct meter_outcomes *m, str source, reason why);

/* --- the trader's thread --------------------------------------------------------------------- */
#define METER_RECENT 128 /* posts with signals, whose orders may still come */

struct meter {
    bool wall; /* real time: what happens takes time */
    struct metric *processed, *receipt_age, *order_age, *to_signal, *to_order;
    struct metric *score[SIDE_SHORT + 1], *slippage[SIDE_SHORT + 1];
    struct meter_outcomes outcomes;
    struct {
        int64_t tweet_id, trade_id; /* trade 0: no intent yet */
        usec received_at;
    } recent[METER_RECENT]; /* ring */
    int recent_next;
    int64_t last_signal;           /* id of the newest that was counted */
    int64_t entered[METER_RECENT]; /* trades that were counted; ring */
    int entered_next;
    usec look_at; /* monotonic */

    struct metric *refused[REASON_COUNT], *orders[ORDER_ST_COUNT], *moves[ORDER_ST_COUNT];
    struct metric *mode[MODE_HALTED + 1];
    struct metric *unknown, *unknown_age, *positions, *bare, *bare_age, *bare_found, *compared;
    struct metric *pnl, *equity, *cash, *unrealized, *fees, *drawdown, *drawdown_limit, *by_program;
};

/* Makes all series that do not depend on what comes. */
void meter_open(struct meter *m, bool wall);
/* It leads, or stands by. Any thread. */
void meter_leads(bool leads);
/* After the turn of `ev`: its rows are written, or durable where it said so. */
void meter_turn(struct meter *m, usec now, const struct event *ev, const struct actions *acts);
/* One of the trader's lines for people: some are differences between the venue and the books. */
void meter_told(struct meter *m, const char *event);
/* Where it is time, or `at_once`. */
void meter_look(struct meter *m, struct trader *t, usec now, bool at_once);

#endif
