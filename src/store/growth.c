/* Do dead letters become many? Told once when it begins and once when it is over, as an alert.
 *
 * In: when each came. Out: a row of alerts at either end; which of several processes writes it, is
 * told so and may say it louder. It begins above the limit and ends at half of it, so that a number
 * that moves around the limit is told once. Failure: the store's. Thread: the connection's. */
#include <inttypes.h>
#include <stdio.h>

#include "store/notices.h"
#include "store/store_int.h"

#define GROWTH "dead_letters" /* the alert's source */

struct growing {
    int64_t id; /* of the alert that lasts; 0: there is none */
    usec since;
};

static bool find_growing(struct store *s, struct growing *ret, struct error *err) {
    static const struct sql sql = {"SELECT id, at FROM alerts WHERE source = '" GROWTH
                                   "' AND over_at IS NULL AND level = 'unusual'"};
    struct query q;
    bool row;
    *ret = (struct growing){0};
    if (!query_open(s, &sql, &q, err) || !query_row(&q, &row, err)) return false;
    if (!row) return true;
    ret->id = col_i64(&q);
    ret->since = col_time(&q);
    query_close(&q);
    return true;
}

static bool count_came(struct store *s, usec since, int64_t *ret, struct error *err) {
    static const struct sql sql = {"SELECT count(*) FROM dead_letters WHERE came_at >= $1"};
    struct query q;
    bool found;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_time(&q, since);
    return query_i64(&q, ret, &found, err);
}

static bool put_alert(struct store *s, const char *level, const char *state, const char *what,
                      usec now, struct error *err) {
    static const struct sql sql = {"INSERT INTO alerts (at, level, source, state, what) VALUES "
                                   "($1, $2, '" GROWTH "', $3, $4)"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_time(&q, now);
    bind_z(&q, level);
    bind_z(&q, state);
    bind_z(&q, what);
    if (!query_run(&q, err)) return false;
    struct notice n;
    notice_make(&n, now, NOTICE_DEAD_LETTERS, state, str_from_z(what));
    return store_notice_put(s, &n, err);
}

static bool begin_growing(struct store *s, const struct dead_growth *g, int64_t most, usec now,
                          struct error *err) {
    char what[160];
    snprintf(what, sizeof what,
             "%" PRId64 " pieces of input or work could not be used within an hour, more than "
             "%" PRId64 ": bullfinch dlq list",
             g->in_hour, most);
    return put_alert(s, "unusual", "growing", what, now, err);
}

static bool end_growing(struct store *s, const struct growing *was, usec now, struct error *err) {
    static const struct sql sql = {"UPDATE alerts SET over_at = $1 WHERE id = $2"};
    char from[TIME_TEXT_BYTES], what[160];
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_time(&q, now);
    bind_i64(&q, was->id);
    if (!query_run(&q, err)) return false;
    snprintf(what, sizeof what, "hardly any come any more; they were many since " STR_FMT " UTC",
             STR_ARG(str_head(time_format_rfc3339(was->since, from), 19)));
    return put_alert(s, "info", "calm", what, now, err);
}

static bool look_at_growth(struct store *s, int64_t most, usec now, struct growing *was,
                           struct dead_growth *ret, struct error *err) {
    if (!find_growing(s, was, err) || !count_came(s, now - USEC_PER_HOUR, &ret->in_hour, err))
        return false;
    ret->began = was->id == 0 && most > 0 && ret->in_hour > most;
    ret->over = was->id != 0 && (most == 0 || ret->in_hour <= most / 2);
    return true;
}

/* Mostly there is nothing to write; where there is, it is looked at once more under the lock. */
bool store_dead_growth(struct store *s, int64_t most, usec now, struct dead_growth *ret,
                       struct error *err) {
    struct growing was;
    if (!look_at_growth(s, most, now, &was, ret, err)) return false;
    if (!ret->began && !ret->over) return true;
    if (!store_begin(s, true, err)) return false;
    const bool ok = look_at_growth(s, most, now, &was, ret, err) &&
                    (!ret->began || begin_growing(s, ret, most, now, err)) &&
                    (!ret->over || end_growing(s, &was, now, err)) && store_commit(s, err);
    if (!ok) store_rollback(s);
    return ok;
}
