/* faults: what goes wrong at the simulated exchange, when, and how often.
 *
 * A plan is a JSON file: rules that match requests by method, path and count, and chances that a
 * seed decides. A request may name a fault itself (header X-Sim-Fault), from loopback only. Each
 * open question about the real exchange is a switch with both answers. docs/sim.md lists all. */
#ifndef BF_SIM_FAULTS_H
#define BF_SIM_FAULTS_H

#include "base/arena.h"
#include "base/error.h"
#include "base/rng.h"
#include "base/time.h"
#include "flow/symbol.h"

/* clang-format off */
#define FAULT_MAP(X)                                                                               \
    X(NONE, "none")                                                                                \
    X(CLOSE_BEFORE, "close_before")     /* not executed, closed without a byte */                  \
    X(CLOSE_AFTER, "close_after")       /* executed, closed without a byte */                      \
    X(RESET_AFTER, "reset_after")       /* executed, reset within the headers */                   \
    X(TRUNCATE, "truncate")             /* executed, half a body */                                \
    X(TRICKLE, "trickle")               /* executed, a byte at a time */                           \
    X(SILENCE, "silence")               /* executed, no answer */                                  \
    X(SILENCE_BEFORE, "silence_before") /* not executed, no answer */                              \
    X(DELAY, "delay")                   /* executed at once, answered later */                     \
    X(LATE_ARRIVAL, "late_arrival")     /* the request itself is late: recvWindow may refuse it */ \
    X(HTML_502, "html_502")             /* not executed */                                         \
    X(HTML_502_DONE, "html_502_done")   /* executed */                                             \
    X(HTML_503, "html_503") X(HTML_504_DONE, "html_504_done")                                      \
    X(HTML_403, "html_403")                                                                        \
    X(E1007_DONE, "timeout_done")       /* -1007, executed `delay` later */                        \
    X(E1007_NOT, "timeout_not")         /* -1007, never executed */                                \
    X(E1006_DONE, "bus_done") X(E1006_NOT, "bus_not")                                              \
    X(E1000_DONE, "unknown_done") X(E1000_NOT, "unknown_not")                                      \
    X(E1001, "internal") X(E1008, "overloaded")                                                    \
    X(E1021_AHEAD, "clock_ahead") X(E1021_BEHIND, "clock_behind")                                  \
    X(RATE_429, "rate_429") X(BAN_418, "ban_418") X(ORDERS_429, "orders_429")                      \
    X(LOOKUP_LAG, "lookup_lag")         /* -2013 and no open order for `delay` after acceptance */ \
    X(PARTIAL, "partial")               /* the book holds only a part of what is asked */          \
    X(PRICE_RANGE, "price_range")       /* a taker expires by the execution rule */                \
    X(LEG_REFUSED, "leg_refused")       /* a pending leg is refused when it becomes active */      \
    X(STREAM_CUT, "stream_cut") X(STREAM_GAP, "stream_gap") X(STREAM_DOUBLE, "stream_double")      \
    X(STREAM_SWAP, "stream_swap") X(STREAM_MUTE, "stream_mute") X(SHUTDOWN, "server_shutdown")     \
    X(CLOCK_JUMP, "clock_jump") X(FILTER_CHANGE, "filter_change") X(SYMBOL_HALT, "symbol_halt")    \
    X(CANCEL_ONLY, "cancel_only") X(MONTHLY_RESET, "monthly_reset") X(PRICE_GAP, "price_gap")      \
    /* of X alone; these stand behind all others, faults_random does not draw them */              \
    X(X_CREDITS, "x_credits") X(X_SPEND_CAP, "x_spend_cap") X(X_USAGE_CAP, "x_usage_cap")          \
    X(X_UNAUTHORIZED, "x_unauthorized") X(X_FORBIDDEN, "x_forbidden")                              \
    X(X_CONNECTIONS, "x_connections")   /* too many streams, though there are not */               \
    X(X_PARTIAL, "x_partial")           /* 200, with `errors` beside the data */                   \
    X(X_DISCONNECT, "x_disconnect")     /* operational-disconnect, then the cut */
/* clang-format on */
typedef enum fault_kind {
#define X(name, text) FAULT_##name,
    FAULT_MAP(X)
#undef X
        FAULT_COUNT
} fault_kind;
#define FAULT_LAST_OF_EXCHANGE FAULT_PRICE_GAP
const char *fault_name(fault_kind k);
MUST_CHECK bool fault_from_name(str s, fault_kind *ret);

/* Questions that no source settles; each has both answers (facts: open questions). */
struct fault_answers {
    bool locks_pending_funds; /* OTO: funds of pending legs are locked at placement */
    bool legs_reversed;       /* orderReports in another order */
    bool ended_lists_count;   /* terminated lists count to MAX_NUM_ORDER_LISTS */
    bool oldest_of_reused_id; /* a lookup by a reused client id finds the oldest, not the newest */
    bool filters_bind_triggered; /* MARKET_LOT_SIZE, NOTIONAL bind a triggered stop */
    bool partial_keeps_stop;     /* a partial fill of an OCO's LIMIT_MAKER leaves the stop */
    bool bad_key_is_400;         /* key errors with 400 instead of 401 */
};

/* What befalls one request, one message, or the exchange at one moment.
 *
 *   delay    DELAY, LATE_ARRIVAL, *_DONE: by how much; LOOKUP_LAG, STREAM_MUTE, SYMBOL_HALT,
 *            CANCEL_ONLY, FILTER_CHANGE: for how long (0 of the last three: for good);
 *            STREAM_SWAP: after how long at the latest the held message comes;
 *            SHUTDOWN: from the warning to the cut
 *   amount   PARTIAL: share of the quantity that the book holds, in 1e-8
 *            PRICE_GAP: share by which the price moves, in 1e-8, signed
 *            RATE_429, BAN_418, ORDERS_429: Retry-After in seconds
 *            CLOCK_JUMP: microseconds that the server's clock goes on, signed
 *            FILTER_CHANGE: factor on tick, step and least notional, a whole number */
struct fault {
    fault_kind kind;
    usec delay;
    int64_t amount;
    int sym; /* SYM_NONE: any, of the exchange's own faults: all */
};

struct faults;
/* text: the plan (JSON). Errors: ERR_PARSE, ERR_RANGE, with the rule's number and member. */
MUST_CHECK bool faults_parse(struct arena *a, str text, uint64_t seed, struct faults **ret,
                             struct error *err);
/* The text of X-Sim-Fault alone, for an exchange without a plan. Errors as of faults_of_request. */
MUST_CHECK bool fault_parse(const struct symbols *symbols, str text, struct fault *ret,
                            struct error *err);
/* The same form for what befalls the exchange at one moment: "symbol_halt;delay_ms=5000". */
MUST_CHECK bool fault_parse_moment(const struct symbols *symbols, str text, struct fault *ret,
                                   struct error *err);
/* A plan drawn from the seed: how rough, 0 (calm) to 100; until: then it is quiet (what was begun
 * before may last up to 30 s longer). */
struct faults *faults_random(struct arena *a, uint64_t seed, int roughness, usec from, usec until);
/* The same for X and Jetstream: rules of their paths, streams and moments, and X's own kinds. */
struct faults *faults_random_x(struct arena *a, uint64_t seed, int roughness, usec from,
                               usec until);
/* Once, before anything is asked: what the plan's symbols mean (borrowed for ever), and when its
 * seconds begin to count. Errors: ERR_NOT_FOUND, a symbol that is not listed. */
MUST_CHECK bool faults_begin(struct faults *f, const struct symbols *symbols, usec start,
                             struct error *err);

/* The fault of this request, NONE mostly. Draws chance, counts matches. named: X-Sim-Fault, which
 * goes before the plan: "close_after", "delay;delay_ms=500". Errors: ERR_PARSE, ERR_RANGE,
 * ERR_NOT_FOUND on a text that names no fault of a request. */
MUST_CHECK bool faults_of_request(struct faults *f, usec now, str method, str path, str named,
                                  struct fault *ret, struct error *err);
bool faults_is_begun(const struct faults *f);
/* The fault of one stream message. */
struct fault faults_of_message(struct faults *f, usec now, bool user_data);
/* Faults of the exchange itself (clock, filters, reset, halts) that are due at `now`, one a call.
 */
bool faults_due(struct faults *f, usec now, struct fault *ret);
usec faults_next(const struct faults *f); /* when the next one is due; USEC_NEVER */
const struct fault_answers *faults_answers(const struct faults *f);

#endif
