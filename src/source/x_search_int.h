/* What the files of x_search share: the conversation (x_search.c), what was not seen
 * (x_search_gaps.c), answers (x_search_page.c), and marks (x_search_state.c). */
#ifndef BF_SOURCE_X_SEARCH_INT_H
#define BF_SOURCE_X_SEARCH_INT_H

#include "base/rng.h"
#include "source/x_recent.h"
#include "source/x_sources.h"

#define X_SEARCH_QUERIES_MAX 128
#define X_SEARCH_RANGES_MAX 8
#define X_SEARCH_TOKEN_BYTES 256
#define X_SEARCH_REQUEST_BYTES 4096
#define X_SEARCH_GAPS_MAX 8                  /* waiting to be passed on */
#define X_SEARCH_SAID_LATE (30 * USEC_PER_S) /* a shorter wait is no state */

/* --- marks (x_search_state.c) ---------------------------------------------------------------- */

/* Ids that were not fetched: above < id < below. */
struct x_range {
    int64_t above, below;
};

/* What of a query outlives the process. */
struct x_mark {
    uint64_t hash;  /* of the query's text */
    int64_t since;  /* up to here all is handed on but what is in `ranges` */
    usec polled_at; /* its last answer */
    struct x_range ranges[X_SEARCH_RANGES_MAX]; /* ascending, none touches the next */
    int range_count;
};

struct x_search_state {
    struct gap gap;
    bool has_gap; /* OPEN or CLOSED */
    struct x_mark *marks;
    int mark_count;
};

/* Errors: ERR_DAMAGED, with what was expected. marks: in `a`. */
MUST_CHECK bool x_search_state_parse(struct arena *a, str text, struct x_search_state *ret,
                                     struct error *err);
void x_search_state_put(struct buf *out, const struct gap *gap, bool has_gap);
void x_search_mark_put(struct buf *out, const struct x_mark *m);

/* One more range; where there is no room the two oldest become one. Nothing when it is empty. */
void x_mark_add_range(struct x_mark *m, int64_t above, int64_t below);
void x_mark_drop_range(struct x_mark *m, int at);
/* The lowest id that is not handed on yet. */
int64_t x_mark_lowest(const struct x_mark *m);
/* All of it lies within what X still has, beginning at `floor`; what does not is cut off and told:
 * true, and *ret_lost is the lowest id of it. */
bool x_mark_clamp(struct x_mark *m, int64_t floor, int64_t *ret_lost);

/* --- the conversation (x_search.c) ----------------------------------------------------------- */

struct x_search_query {
    struct x_mark mark;
    str text, encoded;
    bool own; /* not a pack of authors */
    usec interval, due_at;
    int pages_left;                   /* of this poll */
    bool busy;                        /* more came than a small page holds: the next one is large */
    char token[X_SEARCH_TOKEN_BYTES]; /* where the last page had no id to go on from; else "" */
    bool complained;                  /* of errors, in this poll */
    bool by_time;                     /* X refused since_id: start_time instead */
    int64_t newest;                   /* seen by this process; at or above the mark */
    usec seen_again_at;               /* its posts from before are `missed` */
    usec blocked_until;
    struct x_verdict blocked;
};

typedef enum x_search_call_kind { CALL_NONE, CALL_CHORE, CALL_HEAD, CALL_RANGE } x_search_call_kind;

struct x_search_call {
    x_search_call_kind kind;
    struct x_search_query *query;
    struct x_range range; /* RANGE: what was asked for */
    int64_t reserved;
    bool with_token, with_since;
};

/* What an answer left to be passed on; in this order. */
struct x_search_batch {
    bool open;
    struct usage usage;
    int64_t usage_ids[X_PAGE_POSTS_MAX];
    bool has_usage;
    struct x_page page;
    int posts_left; /* posts 0..posts_left-1 are still to be given, the last one first */
    usec received_at, missed_before;
};

struct x_search {
    struct connector base;
    struct x_source_options opt;
    struct arena memory; /* one page */
    struct rng rng;
    struct x_search_query *queries;
    int query_count;
    usec round; /* the interval, or how long a round of queries takes where that is longer */
    struct x_search_call call;
    struct x_search_batch batch;
    struct patience patience;
    struct blindness blind;
    struct source_status status;
    bool narrow;
    /* the gap that is open or being filled, and those that wait to be told */
    struct gap gap, told[X_SEARCH_GAPS_MAX];
    bool has_gap;
    int told_count;
    struct gap lost;        /* the last one */
    struct x_recent recent; /* given a short while ago */
    bool began;
    usec put_at; /* when a state was given last; 0 never */
    char request[X_SEARCH_REQUEST_BYTES], state[INTAKE_STATE_BYTES];
};

static inline struct x_search *x_search_of(struct connector *c) {
    return (struct x_search *)(void *)c;
}
void x_search_stand(struct x_search *s, usec now, source_state state, usec until, const char *why);

/* --- what was not seen (x_search_gaps.c) ----------------------------------------------------- */

/* From then on the query's posts were not seen in time. */
usec x_search_late_at(const struct x_search *s, const struct x_search_query *q);
/* Blind time, and the gap that comes of it: opened, closed. */
void x_search_look(struct x_search *s, usec now);
/* The gap is filled once nothing of it is left to be fetched. */
void x_search_fill_gap(struct x_search *s);
/* Before each request: what X has no more is cut off the mark, and told. */
void x_search_cut_old(struct x_search *s, usec now, struct x_search_query *q);
/* A backlog that waits for money is a gap as well: it is fetched late, or never. */
void x_search_tell_backlog(struct x_search *s, struct x_search_query *q);
/* 0: older than the scheme of ids. */
usec x_search_time_of(int64_t id);

/* --- answers, and what they leave (x_search_page.c) ------------------------------------------ */

/* For the table of connectors. */
void x_search_answered(struct connector *c, usec now, const struct http_answer *a);
bool x_search_item(struct connector *c, usec now, struct arena *a, struct intake *ret);

#endif
