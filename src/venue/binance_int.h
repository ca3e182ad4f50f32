/* binance_int: what the files of the Binance conversation share; nobody else includes it. */
#ifndef BF_VENUE_BINANCE_INT_H
#define BF_VENUE_BINANCE_INT_H

#include "venue/binance.h"

#include <pthread.h>

#include <jansson.h>

#include "base/secret.h"

#define BINANCE_TEXT 96    /* as in struct reply and struct report */
#define BINANCE_SAMPLES 8  /* of the clock */
#define BINANCE_NOTICES 16 /* that wait to be taken */
#define BINANCE_FILLS 1000 /* of one order that are read one by one: the venue's own page */
#define BINANCE_ID_MAX INT64_C(999999999999999999)

struct binance_breaker {
    int failures; /* in a row */
    int level;    /* how often it opened since it last was closed */
    bool open;
    usec since;             /* that it is open, or closed again; 0: it never opened */
    usec until;             /* no attempt before */
    usec probe_at;          /* half-open: when the attempt under way began; 0 none */
    char why[BINANCE_TEXT]; /* the last failure */
};

/* A count that the venue told for one window of its clock. */
struct binance_count {
    int64_t used, limit; /* -1 unknown */
    usec at;             /* the venue's time of `used` */
    usec span;
};

struct binance {
    pthread_mutex_t lock; /* all below, but what never changes after opening */
    const struct symbols *symbols;
    struct secret key, secret;
    usec recv_window;
    int64_t fee_e8;
    char prefix[8]; /* of our ids */

    struct rng rng;
    struct {
        usec at, offset, error;
    } samples[BINANCE_SAMPLES];
    int sample_count, sample_next;
    bool clock_known;
    usec clock_offset, clock_error, clock_due;
    int clock_failures;

    struct binance_count weight, orders_10s, orders_1d;
    usec banned_until, orders_until;
    usec waf_until, waf_urgent_until; /* what can wait, and what cannot */
    int waf_level, overload_level;
    struct binance_breaker breakers[BINANCE_GROUPS];
    bool keys_refused;
    int trades_missing; /* times in a row that an order's fills could not be had */
    int64_t calls, failures;
    int lost;          /* calls in a row, of any group, that the transport did not bring back */
    usec lost_since;   /* the first of them */
    char lost_why[64]; /* the last */
    int64_t *newest;   /* order id by symbol, 0 none */

    struct binance_notice notices[BINANCE_NOTICES];
    int notice_count;

    struct snapshot *snapshots[2];
    unsigned snapshot_next;
};

/* -- texts (binance_json.c) ---------------------------------------------------------------- */

/* Into a text of a reply or a report: without control characters, cut at a character. */
void binance_text(char ret[BINANCE_TEXT], str s);
/* The venue's words, without our keys in them. */
void binance_clean(const struct binance *b, char ret[BINANCE_TEXT], str s);
void binance_say(char ret[BINANCE_TEXT], const char *fmt, ...) PRINTF_LIKE(2, 3);

/* -- forms (binance_sign.c) ---------------------------------------------------------------- */

void binance_form_text(struct buf *q, const char *name, str value); /* percent-encoded */
void binance_form_e8(struct buf *q, const char *name, int64_t e8);
void binance_form_i64(struct buf *q, const char *name, int64_t v);
/* Appends recvWindow, timestamp (of our clock's `at`) and signature. */
void binance_form_sign(const struct binance *b, struct buf *q, usec at, usec recv_window);

/* -- what the venue's words mean (binance_json.c) ------------------------------------------- */

typedef enum binance_verdict_kind {
    BINANCE_OK,        /* 2xx; whether the body says what it must is the reader's to see */
    BINANCE_REJECTED,  /* certainly not executed, for its content */
    BINANCE_DUPLICATE, /* -2010 "Duplicate order sent.": an order with this id lives */
    BINANCE_UNKNOWN,   /* may have been executed */
    BINANCE_DOWN       /* certainly not executed (or a question without an answer) */
} binance_verdict_kind;

typedef enum binance_effect {
    BINANCE_NO_EFFECT,
    BINANCE_HOLD_ALL,    /* 418, 429 for weight */
    BINANCE_HOLD_ORDERS, /* -1015 */
    BINANCE_WAF,         /* 403 that is no answer of the exchange itself */
    BINANCE_OVERLOAD,    /* -1008 */
    BINANCE_CLOCK,       /* -1021 */
    BINANCE_KEYS,
    BINANCE_FILTER
} binance_effect;

struct binance_verdict {
    binance_verdict_kind kind;
    binance_effect effect;
    int code;      /* the venue's, 0 none */
    bool failure;  /* counts against the group's breaker */
    usec retry_at; /* written by binance_absorb */
    char text[BINANCE_TEXT];
};

/* changes: the request changes orders, so that no answer is not a failed question. Pure. */
void binance_judge(const struct binance *b, const struct http_answer *a, bool changes,
                   struct binance_verdict *ret);
/* A 2xx that lacks what it must hold. */
void binance_unreadable(bool changes, struct binance_verdict *v);

/* An order as any answer tells it. The texts borrow from the JSON. */
struct binance_order {
    str coid, symbol;
    int64_t id;
    order_state state;
    qty qty, filled;
    money quote; /* negative: the venue does not know */
    bool side_known, type_known;
    order_side side;
    order_type type;
    const json_t *fills; /* NULL: none told */
    str why;
    usec at; /* 0 unknown */
};
/* False: it lacks something, or contradicts itself. */
MUST_CHECK bool binance_read_order(const json_t *o, struct binance_order *ret);

struct binance_fill {
    int64_t id;
    qty qty;
    price price;
    money quote;
    int64_t fee_e8;
    char fee_asset[16];
    usec at;
};
/* FULL's fills (order_id 0) or myTrades of one order, in the order of their ids. False: malformed,
 * one twice, of another order, or more than most. */
MUST_CHECK bool binance_read_fills(const json_t *list, int64_t order_id, int most,
                                   struct binance_fill *v, int *ret_count);

/* NULL: no JSON, or too much of it. Owned by the caller. */
json_t *binance_parse(str body);
MUST_CHECK bool binance_read_open_orders(const struct binance *b, const json_t *list,
                                         struct snapshot *ret);
MUST_CHECK bool binance_read_balances(const json_t *account, struct snapshot *ret);
MUST_CHECK bool binance_server_time(str body, usec *ret);

/* -- members of an object ------------------------------------------------------------------ */

str binance_str(const json_t *o, const char *key); /* p NULL: none, or no string */
MUST_CHECK bool binance_i64(const json_t *o, const char *key, int64_t *ret);
/* An amount as text, not negative. */
MUST_CHECK bool binance_e8(const json_t *o, const char *key, int64_t *ret);
/* Milliseconds since 1970 -> us; 0 where absent, false where it is no time. */
MUST_CHECK bool binance_time(const json_t *o, const char *key, usec *ret);
/* By a name of the venue's; false: not known. EXPIRED_IN_MATCH is EXPIRED. */
MUST_CHECK bool binance_state(str status, order_state *ret);
/* Makes the state fit the amounts; false: they cannot be. */
MUST_CHECK bool binance_state_fits(order_state *s, qty size, qty filled);

/* -- the account's state (binance.c; each takes the lock) ------------------------------------ */

typedef enum binance_urgency {
    BINANCE_ENTRY,    /* held back by budgets and breakers */
    BINANCE_SNAPSHOT, /* held back by breakers, and a little by budgets */
    BINANCE_URGENT    /* exits, protection, questions: only by bans */
} binance_urgency;

struct binance_plea {
    binance_group group;
    binance_urgency urgency;
    int orders; /* new orders that this or a later step of it makes */
    int weight;
};
/* May it go out? Else *ret_until and text. */
bool binance_admit(struct binance *b, const struct binance_plea *p, usec now, usec *ret_until,
                   char text[BINANCE_TEXT]);
void binance_note_clock(struct binance *b); /* -1021: nothing that was measured holds */
bool binance_keys_refused(const struct binance *b);
/* Takes in what an answer says of limits, bans, clock, keys and health; fills v->retry_at. */
void binance_absorb(struct binance *b, binance_group g, usec now, const struct http_answer *a,
                    struct binance_verdict *v);
usec binance_offset(const struct binance *b);
int64_t binance_newest(const struct binance *b, int sym);
/* A new order was acknowledged; floor: the newest id known when it was sent. */
void binance_new_order(struct binance *b, int sym, int64_t id, int64_t floor);
/* Fills could (not) be had; true: it has failed often enough to go without. */
bool binance_trades_missing(struct binance *b, bool missing);
bool binance_is_ours(const struct binance *b, str coid);
struct snapshot *binance_snapshot(struct binance *b);

/* -- a task's parts ------------------------------------------------------------------------ */

/* clang-format off */
#define STAGE_MAP(X)                                                                               \
    X(ENDED, HTTP_GET, "", READS, false)                                                           \
    X(BRACKET, HTTP_POST, "", LISTS, true) /* its path depends on the symbol */                    \
    X(PROTECT, HTTP_POST, "/api/v3/orderList/oco", LISTS, true)                                    \
    X(CANCEL_LIST, HTTP_DELETE, "/api/v3/orderList", LISTS, true)                                  \
    X(CANCEL_ORDER, HTTP_DELETE, "/api/v3/order", ORDERS, true)                                    \
    X(SELL, HTTP_POST, "/api/v3/order", ORDERS, true)                                              \
    X(LOOK, HTTP_GET, "/api/v3/order", READS, false)                                               \
    X(CONFIRM, HTTP_GET, "/api/v3/allOrders", READS, false) /* that LOOK's order is not there */   \
    X(TRADES, HTTP_GET, "/api/v3/myTrades", READS, false)                                          \
    X(OPEN_ORDERS, HTTP_GET, "/api/v3/openOrders", READS, false)                                   \
    X(ACCOUNT, HTTP_GET, "/api/v3/account", READS, false)
/* clang-format on */
enum stage {
#define X(name, method, path, group, changes) STAGE_##name,
    STAGE_MAP(X)
#undef X
};
struct binance_stage {
    http_method method;
    const char *path;
    binance_group group;
    bool changes; /* orders */
};
const struct binance_stage *binance_stage_row(int stage);

static inline const struct symbol *binance_symbol(const struct binance *b,
                                                  const struct binance_task *t) {
    return &b->symbols->v[t->rq.sym];
}
/* The request's id of a leg, "" none; of NONE the list's. */
str binance_coid(const struct request *rq, leg which);
static inline bool binance_has_ended(order_state s) { return !order_is_live(s); }

/* What an OTOCO's legs are to sell; 0: the quantity is too small. (binance_step.c) */
qty binance_pending_qty(const struct binance *b, const struct binance_task *t);
/* What of the exit is left to sell, in whole steps; false: nothing. */
MUST_CHECK bool binance_left_to_sell(const struct binance *b, const struct binance_task *t,
                                     qty *ret);
/* The stage's step, signed. */
void binance_make_step(struct binance *b, struct binance_task *t, usec now,
                       struct http_request *ret);

/* A report of the order without its fills. (binance_report.c) */
void binance_tell_totals(struct binance_task *t, leg which);
/* A report for each fill. False: they are not what the venue says was executed; nothing is told. */
bool binance_tell_fills(const struct binance *b, struct binance_task *t, leg which,
                        struct binance_fill *v, int count);

#endif
