/* core: the API without its sockets: routes, who may use them, what they need.
 *
 * A request comes in two halves. api_admit() decides from the header alone, before a byte of a body
 * is read; what it lets in is answered by api_handle(), with the body. Both on any thread.
 * api_core_tick() about once a second keeps what requests are held against (tokens, health) fresh;
 * one thread. */
#ifndef BF_API_CORE_H
#define BF_API_CORE_H

#include "api/auth.h"
#include "api/files.h"
#include "api/listen.h"
#include "api/request.h"
#include "config/live.h"
#include "flow/reader.h"
#include "flow/symbol.h"
#include "source/push.h"

#define API_STORES 4 /* connections for reading */

struct jobs_watch;
struct metric;
struct run_told;
struct api_options {
    const struct config *cfg; /* of the start: what cannot be changed while running; borrowed */
    struct config_live *live; /* what holds; borrowed */
    str listen;               /* as api.listen */
    int64_t rate_limit;       /* as api.rate_limit */
    /* Opens a connection to the store; called by api_open on its own thread. */
    bool (*open_store)(void *ctx, store_access access, struct store **ret, struct error *err);
    void *open_ctx;
    struct source *const *push; /* sources that posts may be brought to; borrowed */
    int push_count;
    const struct reader
        *reader; /* for letters tried again, and words that moved a score; NULL: none */
    str web_dir; /* as api.web_dir */
    const struct symbols *symbols; /* that the venue trades; NULL: not known */
    struct run_told *replay;       /* of this process; NULL: none, or not known here. Borrowed */
    bool alone;              /* the trader is another process: what it counts is not known here */
    struct jobs_watch *jobs; /* what waits between processes; NULL: nothing does. Borrowed */
    /* Limits; 0: the usual ones (DESIGN.md, section 8). */
    int connections, per_client, per_local;
    int streams, streams_per_client, streams_per_local;
    usec header_within, body_within;
};

struct api_core;
typedef void api_handler(struct api_core *c, const struct api_request *rq, struct api_answer *ret);

#define API_JSON BIT(0)
#define API_NDJSON BIT(1)

struct api_route {
    const char *method, *path;
    token_role role; /* NONE: anybody */
    api_handler *handle;
    int64_t body_max; /* 0: takes none */
    bool body_optional;
    uint32_t types;    /* of the body */
    const char *query; /* its parameters, blanks between; NULL: whatever comes is passed over */
    bool waits;        /* may take seconds: not on a thread that serves others */
    bool kept;         /* the answer is the same for all who may ask, and is kept for a moment */
    usec hold;         /* ... so long, whatever changes; 0: until the store changes */
};
extern const struct api_route api_routes[];
extern const int api_route_count;
#define API_FILE_PATH "/{file}" /* the route of all paths that nothing else has, outside /api/ */

/* Errors: ERR_REFUSED others reach the address and there is no token that lets anybody in; those of
 * the store. */
MUST_CHECK bool api_core_open(struct arena *boot, const struct api_options *opt,
                              struct api_core **ret, struct error *err);
void api_core_close(struct api_core *c); /* NULL is fine */
void api_core_tick(struct api_core *c, usec now, usec mono);
/* api_tokens_check; a token that is not known is looked for in the store once, at most five times a
 * second for all who ask. */
api_auth api_core_check(struct api_core *c, str authorization, usec now, usec mono,
                        struct api_identity *ret);

/* May this request be read and answered? True: *ret_route and *ret_who say how and for whom. False:
 * `a` is the answer. `index` of a route counts api_routes. */
MUST_CHECK bool api_admit(struct api_core *c, const struct api_head *h, usec now, usec mono,
                          const struct api_route **ret_route, struct api_identity *ret_who,
                          struct api_answer *a);
/* May what was admitted by this header still go on? Not if its token was revoked meanwhile. For
 * answers that last. */
bool api_may_go_on(struct api_core *c, const struct api_head *h, token_role need, usec now,
                   usec mono);
/* Answers what was admitted. */
void api_handle(struct api_core *c, const struct api_route *route, const struct api_request *rq,
                struct api_answer *a);

/* --- what handlers use ------------------------------------------------------------------- */

/* A connection for reading, for as long as the call; waits for one. */
struct store *api_store_take(struct api_core *c);
void api_store_give(struct api_core *c, struct store *s);
/* The one for writing: short transactions only. Where it is busy (ERR_BUSY) try again for
 * API_WRITE_PATIENCE: api_write_again() says whether, and pauses. */
#define API_WRITE_PATIENCE (5 * USEC_PER_S)
struct store *api_write_take(struct api_core *c);
void api_write_give(struct api_core *c, struct store *s);
bool api_write_again(usec since, const struct error *err);
struct api_codes *api_core_codes(struct api_core *c); /* commands.c */
struct api_sessions *api_core_sessions(struct api_core *c);
struct api_tokens *api_core_tokens(struct api_core *c);
const struct api_options *api_core_options(const struct api_core *c);
const struct api_listen *api_core_listen(const struct api_core *c);
const struct api_files *api_core_files(const struct api_core *c);
/* Puts the settings table into force here, where no trader of this process does. */
MUST_CHECK bool api_core_settings(struct api_core *c, struct store *s, struct arena *a,
                                  struct error *err);
struct source *api_push_of(struct api_core *c, str name); /* NULL: none of this name */

/* health.c: how everything stands that is configured, at the last look. */
#define API_CHECKS_MAX 16
struct api_check {
    const char *name; /* as in /health; a literal */
    bool ok, own;     /* own: this process cannot do its own work where it is not ok */
    char why[240];    /* it is not; "" */
};
struct api_health {
    usec at;               /* wall clock of the look */
    usec mono;             /* the same, monotonic */
    const char *mode;      /* of the trader; NULL: nothing is known of it */
    bool database;         /* the store was read */
    bool has_venue, venue; /* a real one, of this process: up or degraded, not down */
    int count;
    struct api_check v[API_CHECKS_MAX];
};
struct api_look {
    const struct api_options *opt;
    struct store *store;
    struct arena *a;
    const struct metric *venue_state; /* NULL: the venue is another process', or paper */
    bool readable;                    /* the tokens were read */
};
/* False: the store cannot be read, and err says why, unless it was not readable before. *ret is
 * written all the same. */
MUST_CHECK bool api_health_look(const struct api_look *at, usec now, struct api_health *ret,
                                struct error *err);
bool api_source_stands_well(source_state s); /* posts come, or will without anybody's help */
void api_core_health(struct api_core *c, struct api_health *ret);
int64_t api_core_answered(const struct api_core *c); /* requests, since the start */
/* gauges.c: of the store, for /metrics (run/process.h). core: a struct api_core. */
void api_gauges_look(void *core);
/* What was counted last of the day's posts (store/views.h): puts `set`, or gives it; either may be
 * NULL. */
struct view_count;
void api_posts_counted(struct api_core *c, const struct view_count *set, struct view_count *ret);

/* commands.c */
struct api_codes *api_codes_new(struct arena *boot);
void api_codes_free(struct api_codes *k);
api_handler api_post_override, api_post_halt, api_post_resume, api_post_flatten, api_post_approve,
    api_post_reject, api_post_close, api_post_reconcile, api_get_command;
/* session.c */
api_handler api_get_session, api_post_session, api_delete_session;
/* limits.c, why.c, operations.c, setup.c */
api_handler api_get_limits, api_get_why, api_get_operations, api_get_config, api_get_symbols;
/* chores.c */
api_handler api_post_letter_retry, api_post_letter_drop, api_put_setting;
api_handler api_post_letters_retry, api_post_letters_drop;

/* health.c, views.c, ingest.c */
api_handler api_get_health, api_get_metrics, api_get_sources, api_get_cost, api_get_openapi,
    api_post_ingest;
/* stream.c, pages.c */
api_handler api_get_events, api_get_file;
/* views_lists.c, views_money.c, views_candles.c */
api_handler api_get_tweets, api_get_tweet, api_get_authors, api_get_author, api_get_signals,
    api_get_trades, api_get_trade, api_get_positions, api_get_approvals, api_get_workers,
    api_get_gaps, api_get_audit, api_get_audit_verify, api_get_dead_letters, api_get_status,
    api_get_profit, api_get_equity, api_get_funnel, api_get_candles;

#endif
