/* x_face_int: what the files of X's face share.
 *
 *   x_face.c         opening, the timeline and who posted on it, what befalls streams
 *   x_face_map.c     numbers by numbers
 *   x_face_text.c    tags, names and links in a text
 *   x_face_query.c   the query language
 *   x_face_post.c    posts and users as JSON
 *   x_face_call.c    one request: whose it is, whether it may, what goes wrong with it
 *   x_face_search.c  search, timelines, posts and users by id or name
 *   x_face_rules.c   the filtered stream's rules
 *   x_face_activity.c  subscriptions of the Activity API
 *   x_face_lines.c   both streams
 *   x_face_bill.c    what is paid for, credits, caps, usage
 *   x_face_admin.c   its owner's doors
 *   x_jetstream.c    Jetstream over the same timeline
 *
 * Everything that has been published stands in one row, numbered from 0 in the order of time
 * (x_item.seq): posts, edits, deletions. A stream is a place in that row: it needs no queue, and
 * one that does not read loses its place when the row's oldest items go. */
#ifndef BF_SIM_X_FACE_INT_H
#define BF_SIM_X_FACE_INT_H

#include "base/rng.h"
#include "sim/faults.h"
#include "sim/x_face.h"

#define X_ITEMS_MAX (1 << 19) /* of the row; then the oldest quarter goes */
#define X_AHEAD 4096          /* posts read before their time, so that their authors are known */
#define X_SEARCH_DAYS 7
#define X_WINDOW (15 * USEC_PER_MIN)
#define X_QUERY_CHARS 512
#define X_RULE_CHARS 1024
#define X_RULES_MAX 1000
#define X_SUBSCRIPTIONS_MAX 1500
#define X_STREAM_LINES 1
#define X_ACTIVITY_LINES 2
#define X_LINES (X_STREAM_LINES + X_ACTIVITY_LINES)
#define X_KEEP_ALIVE (20 * USEC_PER_S)
#define X_LAG_MAX 65536 /* items that a stream may be behind */

/* --- numbers by numbers (x_face_map.c) ---------------------------------------------------------
 */

struct x_map {
    int64_t *keys, *values; /* key 0: free */
    ptrdiff_t cap, count;
};
void x_map_fini(struct x_map *m);
void x_map_clear(struct x_map *m);
bool x_map_find(const struct x_map *m, int64_t key, int64_t *ret);
/* False: it was there, and has the new value now. key: not 0. */
bool x_map_put(struct x_map *m, int64_t key, int64_t value);

/* --- the row -----------------------------------------------------------------------------------
 */

struct x_item {
    sim_post_kind kind;
    usec at;
    int64_t seq;
    int64_t id;               /* POST, EDIT: its own; DELETION: of the first version of what goes */
    int64_t root_id;          /* first version's id; == id of a POST */
    int64_t prev_id, next_id; /* versions beside it; 0 none */
    int64_t author_id;
    int64_t ref_id, conversation_id;
    post_ref ref;
    str username, text, lang, native; /* native: as sim_post's */
    bool old, gone;                   /* there is a newer version; deleted */
};

struct x_user {
    int64_t id;
    str name;
    usec since;
};

struct x_line; /* x_face_lines.c */
struct x_rule;
struct x_subscription;
struct x_jetstream; /* x_jetstream.c */
struct x_call;

struct x_window_count {
    usec until; /* a new one begins then */
    int64_t used;
};

struct x_day {
    int64_t day;
    int64_t billed[RESOURCE_COUNT];
};
#define X_DAYS_MAX 400

struct x_bill {
    struct x_day days[X_DAYS_MAX]; /* the last one is today's */
    int day_count;
    struct x_map seen[RESOURCE_COUNT]; /* of today */
    money amount;                      /* since the beginning */
    money credits;
    int64_t month;      /* year * 12 + month - 1, in UTC */
    money month_amount; /* since it began */
    int64_t month_posts;
};

/* Endpoints with a window of their own. */
#define X_LIMIT_MAP(X)                                                                             \
    X(NONE, 0)                                                                                     \
    X(SEARCH, 450)                                                                                 \
    X(TWEETS, 450)                                                                                 \
    X(TIMELINE, 10000)                                                                             \
    X(USERS, 300)                                                                                  \
    X(STREAM, 50)                                                                                  \
    X(RULES_GET, 450)                                                                              \
    X(RULES_POST, 100)                                                                             \
    X(ACTIVITY, 450)                                                                               \
    X(SUBSCRIPTIONS, 500)                                                                          \
    X(USAGE, 50)
typedef enum x_limit {
#define X(name, number) X_LIMIT_##name,
    X_LIMIT_MAP(X)
#undef X
        X_LIMIT_COUNT
} x_limit;

struct x_face {
    struct x_face_options opt;
    usec now;
    struct rng rng;
    struct arena mem;     /* strings of its own, for ever */
    struct arena scratch; /* of one call */

    struct x_item *items; /* seq -> items[seq & (cap - 1)] */
    int64_t cap, first, end;
    int64_t published;
    struct x_map by_id; /* -> seq */
    bool ordered;       /* ids have only grown so far */
    int64_t last_id;

    struct sim_post *ahead; /* a ring of X_AHEAD */
    int ahead_first, ahead_count;

    struct x_user *users;
    ptrdiff_t user_count, user_cap;
    struct x_map by_user_id, by_user_name; /* -> index; by the hash of the name in small letters */

    struct x_window_count windows[X_LIMIT_COUNT];
    struct x_bill bill;
    struct x_rule *rules;
    int rule_count;
    int64_t rules_made;
    struct x_subscription *subscriptions;
    int subscription_count;
    int64_t subscriptions_made;
    struct x_line *lines; /* X_LINES of them: the filtered stream's, then the Activity API's */

    /* What befalls all streams, Jetstream's too: each line remembers the number of cuts that there
     * had been when it was opened, and is cut where there were more since. */
    int64_t cuts;
    int64_t disconnects; /* the same, but with a last line that says so */
    usec mute_until;

    struct x_jetstream *jetstream; /* x_jetstream.c's; NULL: nobody asked for it */
    void (*jetstream_close)(struct x_jetstream *j);
};

/* Publishes what is due, and lets faults of the moment happen. Every call of a face does it
 * first. */
void x_advance(struct x_face *x, usec now);
usec x_next_at(
    const struct x_face *x); /* of the row and the faults; lines have times of their own */
/* Only while first <= seq < end. Borrowed until the next x_advance. */
const struct x_item *x_item_at(const struct x_face *x, int64_t seq);
const struct x_item *x_item_find(const struct x_face *x, int64_t id); /* NULL: none, or too old */
/* Puts it behind what there is, at x->now. Returns its id; 0: there is one of this id, or an edit
 * or a deletion of nothing. */
int64_t x_publish(struct x_face *x, const struct sim_post *post);
const struct x_user *x_user_find(const struct x_face *x, int64_t id);
const struct x_user *x_user_named(const struct x_face *x, str name);
int64_t x_snowflake(usec at); /* the smallest id of that millisecond */

/* The fault of one message of a stream; NONE where there is no plan. */
struct fault x_message_fault(struct x_face *x, bool user_data);

/* --- texts (x_face_text.c) ---------------------------------------------------------------------
 */

typedef enum x_entity_kind { X_CASHTAG, X_HASHTAG, X_MENTION, X_URL } x_entity_kind;
struct x_entity {
    x_entity_kind kind;
    ptrdiff_t start, end; /* bytes, with the sign in front */
    str word;             /* without the sign */
};
/* The next one at or behind *pos, which goes on; false: there is none. */
bool x_entity_next(str text, ptrdiff_t *pos, struct x_entity *ret);
/* The next run of letters, digits and '_' (and of everything beyond ASCII). */
bool x_word_next(str text, ptrdiff_t *pos, str *ret);
ptrdiff_t x_char_count(str text); /* code points */

/* --- queries (x_face_query.c) ------------------------------------------------------------------
 */

struct x_query;
/* text: borrowed for as long as the query is used; rule: of the filtered stream, else of search.
 * Errors: ERR_PARSE, with X's kind of words. */
MUST_CHECK bool x_query_parse(struct arena *a, str text, bool rule, struct x_query **ret,
                              struct error *err);
bool x_query_matches(const struct x_face *x, const struct x_query *q, const struct x_item *item);

/* --- JSON (x_face_post.c) ----------------------------------------------------------------------
 */

struct x_fields {
    uint32_t post, user, expand; /* bits, x_face_post.c's */
    bool fresh;                  /* asked for by post.fields: the names since 2026-08 */
};
/* What a request asks for; false: it was refused. */
MUST_CHECK bool x_fields_read(struct x_call *c, struct x_fields *ret);
void x_fields_of_event(struct x_fields *ret); /* what the Activity API tells of a post */
void x_put_post(struct x_face *x, struct buf *out, const struct x_item *item,
                const struct x_fields *f);
void x_put_user(struct x_face *x, struct buf *out, const struct x_user *user,
                const struct x_fields *f);
/* ,"includes":{...} of the items, billed; nothing where nothing is to be included. */
void x_put_includes(struct x_face *x, struct buf *out, const struct x_item *const *items,
                    ptrdiff_t count, const struct x_fields *f);
void x_put_time(struct buf *out, usec at);  /* "2026-08-22T10:00:00.000Z", in quotes */
void x_put_id(struct buf *out, int64_t id); /* in quotes */

/* --- one request (x_face_call.c) ---------------------------------------------------------------
 */

#define X_PARAMS_MAX 40
struct x_call {
    struct x_face *x;
    const struct sim_request *rq;
    struct sim_answer *ret;
    struct buf *out; /* == ret->body */
    struct {
        str name, value;
        bool read;
    } params[X_PARAMS_MAX];
    int param_count;
    str part[6]; /* of the path: "2", "tweets", "search", "recent" */
    int part_count;
    struct fault fault;
};
void x_request(void *ctx, usec now, const struct sim_request *rq, struct sim_answer *ret);
bool x_param(struct x_call *c, const char *name, str *ret); /* decoded; false: not there */
/* A parameter that is not known: false, refused. Call when all have been read. */
MUST_CHECK bool x_params_done(struct x_call *c);
MUST_CHECK bool x_param_i64(struct x_call *c, const char *name, int64_t lo, int64_t hi,
                            int64_t *ret);
MUST_CHECK bool x_param_time(struct x_call *c, const char *name, usec *ret);
/* 400 with what is wrong with a parameter. All refusals return false. */
bool x_bad_param(struct x_call *c, const char *name, str value, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
/* A problem: `type` is its last part ("resource-not-found"), or "about:blank". */
bool x_refuse(struct x_call *c, int status, const char *type, const char *title, const char *fmt,
              ...) PRINTF_LIKE(5, 6);
/* One element of `errors` in an answer that is 200: what was not found. */
void x_put_missing(struct buf *out, const char *kind, const char *parameter, str value);

/* --- the endpoints -----------------------------------------------------------------------------
 */

void x_do_search(struct x_call *c);
void x_do_tweets(struct x_call *c);
void x_do_tweet(struct x_call *c);
void x_do_timeline(struct x_call *c);
void x_do_users_by(struct x_call *c);
void x_do_user_by(struct x_call *c);
void x_do_users(struct x_call *c);
void x_do_user(struct x_call *c);
void x_do_rules_get(struct x_call *c);
void x_do_rules_post(struct x_call *c);
void x_do_stream(struct x_call *c);
void x_do_activity(struct x_call *c);
void x_do_subscriptions_get(struct x_call *c);
void x_do_subscriptions_post(struct x_call *c);
void x_do_subscriptions_put(struct x_call *c);
void x_do_subscriptions_delete(struct x_call *c);
void x_do_usage(struct x_call *c);
void x_do_credits(struct x_call *c);
void x_do_token(struct x_call *c);
/* /sim/x/..., to the owner alone (the server sees to that). */
void x_do_admin(struct x_call *c);

/* --- streams (x_face_lines.c) ------------------------------------------------------------------
 */

void x_lines_init(struct x_face *x);
void x_lines_fini(struct x_face *x);
sim_frame x_line_next(void *ctx, usec now, int conn, struct buf *out, int *ret_code);
void x_line_close(void *ctx, usec now, int conn);
void x_line_slow(void *ctx, usec now, int conn, struct buf *out);
int x_line_ready(void *ctx);
usec x_lines_next_at(const struct x_face *x);
/* Ids of the rules that match, as matching_rules has them; false: none does. */
bool x_rules_match(struct x_face *x, const struct x_item *item, struct buf *out);
void x_rules_fini(struct x_face *x);
/* The subscription that an item is for; NULL: none. */
const struct x_subscription *x_subscription_for(const struct x_face *x, const struct x_item *item);
void x_put_event(struct x_face *x, struct buf *out, const struct x_subscription *s,
                 const struct x_item *item);

/* --- money (x_face_bill.c) ---------------------------------------------------------------------
 */

void x_bill_init(struct x_face *x);
void x_bill_fini(struct x_face *x);
void x_bill_day(struct x_face *x); /* a new day, a new month? */
void x_bill_one(struct x_face *x, resource r, int64_t id);
/* Is there money for what costs? False: refused (402, 403, 429). */
MUST_CHECK bool x_bill_may(struct x_call *c);
bool x_bill_broke(const struct x_face *x); /* the same, for an open stream */
bool x_refuse_credits(struct x_call *c);
bool x_refuse_spend_cap(struct x_call *c);
bool x_refuse_usage_cap(struct x_call *c);

#endif
