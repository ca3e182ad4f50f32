/* What a person should know of sources: each state that needs somebody, told once.
 *
 * In: how a source stands, whenever that is stored. Out: a row of alerts when such a state begins,
 * with its sentence and until when nothing is tried (both follow while it lasts), and one more when
 * posts come again. A state that becomes another one that needs somebody ends the first and begins
 * the second. Short tries, a start and an end of the program are nothing to be told, and end
 * nothing: a restart does not tell the same again.
 *
 * Invariant: at most one unusual row of a source lasts. In the caller's transaction. Failure: the
 * store's. Thread: the connection's. */
#include "store/sources.h"

#include <inttypes.h>
#include <stdio.h>

#include "store/notices.h"
#include "store/store_int.h"

#define LONG_TRIED USEC_PER_MIN /* trying again for so long is worth a word */

struct lasting {
    int64_t id; /* 0: there is none */
    usec at;
    source_state state;
};

static bool find_lasting(struct store *s, str feed, struct lasting *ret, struct error *err) {
    static const struct sql sql = {"SELECT id, at, state FROM alerts WHERE source = $1 AND "
                                   "over_at IS NULL AND level = 'unusual'"};
    struct query q;
    bool found;
    *ret = (struct lasting){0};
    if (!query_open(s, &sql, &q, err)) return false;
    bind_str(&q, feed);
    if (!query_row(&q, &found, err)) return false;
    if (!found) return true;
    ret->id = col_i64(&q);
    ret->at = col_time(&q);
    if (!source_state_from_name(col_str(&q), &ret->state)) ret->state = SOURCE_STARTING;
    query_close(&q);
    return true;
}

/* The same for those who are told. */
static bool tell(struct store *s, str feed, const struct source_status *v, usec now,
                 struct error *err) {
    char text[NOTICE_TEXT_BYTES];
    struct notice n;
    struct buf b;
    buf_init_fixed(&b, text, sizeof text);
    buf_printf(&b, STR_FMT " is %s%s%s", STR_ARG(feed), source_state_name(v->state),
               v->why[0] != '\0' ? ": " : "", v->why);
    notice_make(&n, now, NOTICE_SOURCE, source_state_name(v->state), buf_str(&b));
    return store_notice_put(s, &n, err);
}

static bool put(struct store *s, const char *level, str feed, const struct source_status *v,
                usec now, struct error *err) {
    static const struct sql sql = {"INSERT INTO alerts (at, level, source, state, what, until_at) "
                                   "VALUES ($1, $2, $3, $4, $5, $6)"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_time(&q, now);
    bind_z(&q, level);
    bind_str(&q, feed);
    bind_z(&q, source_state_name(v->state));
    bind_z(&q, v->why);
    bind_time_or_null(&q, v->until);
    return query_run(&q, err) && tell(s, feed, v, now, err);
}

static bool follow(struct store *s, int64_t id, const struct source_status *v, struct error *err) {
    static const struct sql sql = {"UPDATE alerts SET what = $1, until_at = $2 WHERE id = $3"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_z(&q, v->why);
    bind_time_or_null(&q, v->until);
    bind_i64(&q, id);
    return query_run(&q, err);
}

static bool end(struct store *s, int64_t id, usec now, struct error *err) {
    static const struct sql sql = {"UPDATE alerts SET over_at = $1 WHERE id = $2"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_time(&q, now);
    bind_i64(&q, id);
    return query_run(&q, err);
}

static bool tell_over(struct store *s, str feed, const struct lasting *was, usec now,
                      struct error *err) {
    char from[TIME_TEXT_BYTES];
    struct source_status v = {.state = SOURCE_LIVE};
    snprintf(v.why, sizeof v.why, "posts come again; it was %s since " STR_FMT " UTC",
             source_state_name(was->state),
             STR_ARG(str_head(time_format_rfc3339(was->at, from), 19)));
    return end(s, was->id, now, err) && put(s, "info", feed, &v, now, err);
}

bool store_source_alert(struct store *s, str feed, const struct source_status *v, usec now,
                        struct error *err) {
    const bool tries = v->state == SOURCE_RETRYING;
    const bool unusual =
        source_state_is_unusual(v->state) || (tries && now - v->since >= LONG_TRIED);
    struct lasting was;
    if (!find_lasting(s, feed, &was, err)) return false;
    if (v->state == SOURCE_LIVE) return was.id == 0 || tell_over(s, feed, &was, now, err);
    if (!unusual) return true;
    if (was.id != 0 && was.state == v->state) return follow(s, was.id, v, err);
    if (was.id != 0 && tries) return true; /* what was told is worse, and not over */
    return (was.id == 0 || end(s, was.id, now, err)) && put(s, "unusual", feed, v, now, err);
}
