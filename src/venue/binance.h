/* binance: Binance Spot as a conversation without I/O.
 *
 * A struct binance is what is known of one account at one venue: keys, clock offset, limits, bans,
 * breakers. A struct binance_task is one request of the trader on its way: it says what is to be
 * sent next, is shown the answer, and ends with a reply. Who does the sending is somebody else's
 * business: lanes over libcurl (binance_spot.c), or a simulated exchange in virtual time (tests).
 *
 *     binance_task_begin(b, &task, now, &rq);
 *     while (binance_task_next(b, &task, now, &http) == BINANCE_SEND)
 *         { ... send ...; binance_task_answer(b, &task, now, &answer); }
 *     reply = task.reply;
 *
 * Nothing that changes orders is ever sent twice by a task. What the venue's words do not say for
 * certain is OUTCOME_UNKNOWN. Rules: facts of Binance's Spot API documentation (testnet), 2026-07.
 */
#ifndef BF_VENUE_BINANCE_H
#define BF_VENUE_BINANCE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/rng.h"
#include "flow/request.h"
#include "flow/symbol.h"
#include "net/http.h"

struct binance; /* shared by the lanes: guarded by a mutex of its own */

struct binance_options {
    const struct symbols *symbols; /* borrowed */
    str key, secret;               /* copied into memory that is locked, not dumped, and wiped */
    usec recv_window;              /* R, ms steps; 1 s */
    int64_t fee_e8;                /* commission that pending quantities leave room for (OTOCO) */
    char install[5];               /* ours: "bf" + install + "-" begins our ids */
    uint64_t seed;                 /* of the jitter */
};
MUST_CHECK bool binance_open(struct arena *boot, const struct binance_options *opt,
                             struct binance **ret, struct error *err);
void binance_close(struct binance *b); /* wipes the secret; NULL is fine */

typedef enum binance_step { BINANCE_SEND, BINANCE_DONE } binance_step;

#define BINANCE_QUERY_BYTES 2048
struct binance_task {
    struct request rq;
    int stage; /* of rq.kind's conversation */
    bool sent; /* the last step went out and waits for its answer */
    usec began, signed_at;
    bool bare;        /* EXIT: the protection is known to be gone */
    int64_t order_id; /* learnt on the way, 0 unknown */
    struct binance_query {
        char path[64];
        char query[BINANCE_QUERY_BYTES]; /* signed */
        http_method method;
    } query;
    struct reply reply;
};

void binance_task_begin(struct binance *b, struct binance_task *t, usec now,
                        const struct request *rq);
/* SEND: *ret borrows from the task. It may be DONE at once: late, banned, a breaker is open. */
binance_step binance_task_next(struct binance *b, struct binance_task *t, usec now,
                               struct http_request *ret);
void binance_task_answer(struct binance *b, struct binance_task *t, usec now,
                         const struct http_answer *a);

/* The clock: one GET /api/v3/time. next says when it wants to be asked again. */
void binance_clock_request(struct binance *b, struct http_request *ret);
void binance_clock_answer(struct binance *b, usec sent_at, usec now, const struct http_answer *a);
usec binance_clock_due(const struct binance *b); /* 0: now */

/* A message of the user data stream (the wrapped event, or bare). Returns how many reports it made
 * (at most one), -1 for what cannot be read (then reconcile). */
int binance_user_event(struct binance *b, str json, struct report *ret, struct error *err);
/* The subscribe request for the user data stream, signed, as JSON text. */
void binance_user_subscribe(struct binance *b, usec now, struct buf *out);

/* HMAC-SHA256 of `payload` in hex, as the venue wants it. */
void binance_sign(const struct binance *b, str payload, char ret[65]);

/* For metrics and doctor. */
struct binance_health {
    usec clock_offset;                                        /* venue - ours */
    usec banned_until;                                        /* 0: not */
    int64_t used_weight, weight_limit, orders_10s, orders_1d; /* last seen; -1 unknown */
    const char *breakers[4]; /* state by endpoint group: "closed", "open", "half-open" */
};
void binance_health(const struct binance *b, struct binance_health *ret);

#endif
