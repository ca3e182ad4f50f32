/* What x_search.c and x_search_state.c share. */
#ifndef BF_SOURCE_X_SEARCH_INT_H
#define BF_SOURCE_X_SEARCH_INT_H

#include "source/x_sources.h"

#define X_SEARCH_QUERIES_MAX 128
#define X_SEARCH_RANGES_MAX 8
#define X_SEARCH_TOKEN_BYTES 256

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

#endif
