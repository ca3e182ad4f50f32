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
 * certain is OUTCOME_UNKNOWN. `now` is our wall clock, read anew for each call. A struct binance
 * may be used by any number of threads at once, a task by one at a time; a task is plain memory,
 * and may be left at any point.
 *
 * Rules: Binance's Spot API documentation (testnet), 2026-07. */
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
    const struct symbols *symbols; /* borrowed; a filter may change under us, a name may not */
    str key, secret;               /* copied into memory that is locked, not dumped, and wiped */
    usec recv_window;              /* R of what brings none of its own; 1 s */
    int64_t fee_e8;                /* commission that pending quantities leave room for (OTOCO) */
    char install[5];               /* ours: "bf" + install + "-" begins our ids */
    uint64_t seed;                 /* of the jitter */
};
/* Errors: ERR_RANGE a key or secret that can be none; ERR_IO no memory for them. */
MUST_CHECK bool binance_open(struct arena *boot, const struct binance_options *opt,
                             struct binance **ret, struct error *err);
void binance_close(struct binance *b); /* wipes the secret; NULL is fine */

/* -- requests ------------------------------------------------------------------------------ */

typedef enum binance_step { BINANCE_SEND, BINANCE_DONE } binance_step;

#define BINANCE_QUERY_BYTES 2048

/* What the venue has said of one of the request's orders. */
struct binance_seen {
    bool known, told; /* told: its reports stand in the reply */
    int64_t order_id;
    order_state state;
    qty qty, filled;
    money quote; /* negative: the venue does not know */
    char text[96];
    usec at;
};

#define BINANCE_LEGS 5 /* by leg */

struct binance_task {
    struct request rq;
    int stage;     /* of rq.kind's conversation */
    leg at_leg;    /* that the stage is about */
    uint32_t look; /* legs still to be asked after, by BIT(leg) */
    int rounds;    /* of cancelling what did not want to be cancelled */
    bool sent;     /* the last step went out and waits for its answer */
    bool bare;     /* EXIT: its legs are certainly gone */
    bool touched;  /* something was cancelled: it cannot end as if nothing had been done */
    bool repeated; /* the venue said that it has this order already */
    usec began, sent_at;
    int64_t order_floor; /* newest order id of the symbol when the last step went out */
    struct binance_seen seen[BINANCE_LEGS];
    struct snapshot *snapshot; /* where it is being written to */
    struct binance_query {
        char path[64];
        char query[BINANCE_QUERY_BYTES]; /* signed */
        http_method method;
        usec timeout;
    } query;
    struct reply reply;
};

void binance_task_begin(struct binance *b, struct binance_task *t, usec now,
                        const struct request *rq);
/* SEND: *ret borrows from the task (and from b). It may be DONE at once: late, banned, a breaker is
 * open. Once DONE, always DONE. */
binance_step binance_task_next(struct binance *b, struct binance_task *t, usec now,
                               struct http_request *ret);
void binance_task_answer(struct binance *b, struct binance_task *t, usec now,
                         const struct http_answer *a);

/* -- the clock ----------------------------------------------------------------------------- */

/* One GET /api/v3/time, when binance_clock_due() has come. */
void binance_clock_request(struct binance *b, struct http_request *ret);
void binance_clock_answer(struct binance *b, usec sent_at, usec now, const struct http_answer *a);
usec binance_clock_due(const struct binance *b); /* 0: now */

/* -- limits, and calls that are no tasks ---------------------------------------------------- */

/* Reads `rateLimits` of an exchangeInfo answer. Until it was read nothing is held back. */
MUST_CHECK bool binance_rate_limits(struct binance *b, str exchange_info, struct error *err);

typedef enum binance_group {
    BINANCE_ORDERS, /* one order: new, cancel */
    BINANCE_LISTS,  /* order lists: new, cancel */
    BINANCE_READS,  /* of the account */
    BINANCE_MARKET, /* public: time, exchangeInfo, prices */
    BINANCE_GROUPS
} binance_group;
const char *binance_group_name(binance_group g);

/* For public calls that others make over the same address (prices, exchangeInfo): may one be made
 * now? Else *ret is when to ask again. And what to do with its answer: headers, bans, breaker. */
bool binance_may_call(struct binance *b, binance_group g, usec now, usec *ret);
void binance_note(struct binance *b, binance_group g, usec now, const struct http_answer *a);

/* -- user data ----------------------------------------------------------------------------- */

/* A message of the user data stream (the wrapped event, bare, or the answer to our subscription).
 * Returns how many reports it made (at most one); -1 with *err: ERR_INTERRUPTED the stream ends or
 * was never subscribed to (connect again), else it cannot be read (reconcile). Any thread. */
int binance_user_event(struct binance *b, str json, struct report *ret, struct error *err);
/* The subscribe request for the user data stream, signed, as JSON text. It holds the key. */
void binance_user_subscribe(struct binance *b, usec now, struct buf *out);

/* A signed GET that is no task, such as "/api/v3/account": *ret borrows from q and b. Show the
 * answer to binance_note. params: "a=1&b=2" or "". (binance_account.c) */
struct binance_query;
void binance_signed_get(const struct binance *b, usec now, str path, str params,
                        struct binance_query *q, struct http_request *ret);

/* HMAC-SHA256 of `payload` in hex, as the venue wants it. */
void binance_sign(const struct binance *b, str payload, char ret[65]);

/* -- what the owner should know ------------------------------------------------------------ */

/* clang-format off */
#define BINANCE_NOTICE_MAP(X)                                                                      \
    X(CLOCK, "clock")       /* the venue's clock jumped against ours by more than 500 ms */        \
    X(KEYS, "keys")         /* it refuses our keys: nothing opens until it takes them again */     \
    X(KEYS_FINE, "keys_fine")                                                                      \
    X(FILTERS, "filters")   /* a filter refused an order: read exchangeInfo again */               \
    X(RESET, "reset")       /* a new order's id is lower than an older one's */                    \
    X(BANNED, "banned")     /* by 418, 429 or 403: no entry is sent until `until` */               \
    X(BREAKER, "breaker")   /* a group opened or closed */
/* clang-format on */
typedef enum binance_notice_kind {
#define X(name, text) BINANCE_NOTICE_##name,
    BINANCE_NOTICE_MAP(X)
#undef X
} binance_notice_kind;
const char *binance_notice_name(binance_notice_kind k);

struct binance_notice {
    binance_notice_kind kind;
    usec until; /* BANNED */
    char text[96];
};
/* The oldest that was not taken yet; false when there is none. Take them after each call. */
bool binance_take_notice(struct binance *b, struct binance_notice *ret);

/* An order id of the past (from the store), so that a reset is noticed across restarts. */
void binance_seen_order(struct binance *b, int sym, int64_t order_id);

/* For metrics and doctor. */
struct binance_health {
    bool clock_known;
    usec clock_offset;                                        /* venue - ours */
    usec clock_error;                                         /* half the round trip it is from */
    usec banned_until;                                        /* no entries until; 0: fine */
    usec orders_until;                                        /* no new orders until; 0: fine */
    int64_t used_weight, weight_limit, orders_10s, orders_1d; /* last seen; -1 unknown */
    int64_t orders_10s_limit, orders_1d_limit;
    bool keys_refused, keys_locked;       /* locked: cannot be swapped out */
    const char *breakers[BINANCE_GROUPS]; /* "closed", "open", "half-open" */
    usec breaker_since[BINANCE_GROUPS];   /* that it is open, or closed again; 0 it never opened */
    usec breaker_until[BINANCE_GROUPS];   /* open: the next attempt */
    char breaker_why[BINANCE_GROUPS][96]; /* the last failure; "" it worked since */
    int64_t calls, failures;              /* failures: no readable answer, or 5xx */
    int lost; /* the last calls in a row, of any group, that nothing came back of */
    usec lost_since;
    char lost_why[64];
};
void binance_health(const struct binance *b, struct binance_health *ret);

#endif
