/* x_account: what the sources of one X account share: the token, the budget, rate limits, states
 * that hold for the whole account, who the authors are, and the little calls beside posts.
 *
 * One lock inside; any thread. No I/O: calls are made by whichever connector asks first. */
#ifndef BF_SOURCE_X_ACCOUNT_H
#define BF_SOURCE_X_ACCOUNT_H

#include "source/connector.h"
#include "source/cost.h"

/* Endpoints with a rate limit of their own. */
#define X_ENDPOINT_MAP(X)                                                                          \
    X(SEARCH, "search/recent")                                                                     \
    X(STREAM, "search/stream")                                                                     \
    X(RULES, "search/stream/rules")                                                                \
    X(ACTIVITY, "activity/stream")                                                                 \
    X(SUBSCRIPTIONS, "activity/subscriptions")                                                     \
    X(USERS, "users/by")                                                                           \
    X(USAGE, "usage/tweets")
typedef enum x_endpoint {
#define X(name, text) X_##name,
    X_ENDPOINT_MAP(X)
#undef X
        X_ENDPOINT_COUNT
} x_endpoint;
const char *x_endpoint_name(x_endpoint e);

struct x_account_options {
    str base;  /* "https://api.x.com" */
    str token; /* app-only bearer token, sent as it is; borrowed, the caller's secret */
    struct cost_options cost;
    uint64_t seed;
};
struct x_account;
MUST_CHECK bool x_account_open(struct arena *boot, const struct x_account_options *opt,
                               struct x_account **ret, struct error *err);
void x_account_close(struct x_account *x);
str x_account_base(const struct x_account *x);
/* The request's bearer, user agent and base; the rest is the caller's. */
void x_account_sign(const struct x_account *x, struct connector_step *step);
struct cost *x_account_cost(struct x_account *x); /* before the threads run: to remember */

/* The same governor behind the lock. */
cost_level x_account_level(struct x_account *x, usec now);
int64_t x_account_reserve(struct x_account *x, usec now, resource r, int64_t most, usec *ret_until,
                          char why[WHY_BYTES]);
void x_account_settle(struct x_account *x, usec now, resource r, int64_t reserved,
                      const int64_t *ids, int64_t count, struct arena *a, struct usage *ret);
void x_account_view(struct x_account *x, usec now, struct cost_view *ret);

/* --- what an answer means (x_trouble.c) ------------------------------------------------------ */

struct x_verdict {
    bool fine;          /* 2xx: the body counts (which may still carry `errors`) */
    source_state state; /* where not fine */
    bool again;         /* by the caller's patience; else not before `until` */
    bool account;       /* holds for all sources of the account */
    usec until; /* 0: a person must act (tried again after long all the same, X_RETRY_LONG) */
    char why[WHY_BYTES]; /* a sentence for people: what happened, what to do */
};
#define X_RETRY_LONG (15 * USEC_PER_MIN)
/* Sorts an answer by its cause: the three kinds of 429, 402, spend caps, 401, 403, 409, 5xx, no
 * answer at all (facts: status, type, title). Reads the headers, which count more than any table.
 * Pure. */
void x_verdict_of(usec now, const struct http_answer *a, struct x_verdict *ret);

/* May the endpoint be asked at `now`? Else *ret_until and the state with its sentence: its rate
 * limit, or what holds for the account. A tenth of a window stays for others; what is left of it is
 * spread over its time, but for lines, rules and subscriptions. */
bool x_account_may(struct x_account *x, usec now, x_endpoint e, usec *ret_until,
                   struct x_verdict *ret_why);
/* After each answer: takes its headers, and what holds for the account. */
void x_account_heard(struct x_account *x, usec now, x_endpoint e, const struct http_answer *a,
                     const struct x_verdict *v);

/* --- who is who ------------------------------------------------------------------------------ */

/* Authors that a source follows: "elonmusk", "44196397", or "44196397@elonmusk". Asked for once
 * (users/by, 100 names a call), kept as INTAKE_HANDLE. */
void x_account_know(struct x_account *x, const struct handle *h); /* from the store, before */
void x_account_follow(struct x_account *x, str author);
/* "": not known (yet). Borrowed for ever. */
str x_account_id_of(struct x_account *x, str name);
str x_account_name_of(struct x_account *x, str id);
/* X was asked, and has nobody of this name. */
bool x_account_is_nobody(struct x_account *x, str name);

/* The little calls: users/by while names are not known, usage/tweets each hour. True: *ret is a
 * CALL to make now, and its answer goes to x_account_chore_done of the same caller. One at a time
 * for the whole account; who gets false goes on with his own. */
bool x_account_chore(struct x_account *x, usec now, struct connector_step *ret);
void x_account_chore_done(struct x_account *x, usec now, const struct http_answer *a);
/* What came of chores, to be passed on: usage, handles. False: nothing. */
bool x_account_chore_item(struct x_account *x, usec now, struct arena *a, struct intake *ret);

#endif
