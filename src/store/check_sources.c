/* What live sources left: can it be read, and do its sums cover what is kept of it?
 *
 * A day's bill by kind is the sum of what its sources were billed; while the ids of that day are
 * kept (yesterday and today) there are never more of them than that. In, out, failure: as check.c.
 */
#include "store/check_int.h"

#include <inttypes.h>

#include "flow/intake.h"

/* Rows of one name each, which must be one that this program knows. */
static bool find_unknown(struct check *c, const struct sql *sql, bool (*is_known)(str),
                         const char *what, struct error *err) {
    struct query q;
    bool row;
    if (!query_open(c->s, sql, &q, err) || !query_row(&q, &row, err)) return false;
    while (row) {
        const str name = col_str(&q);
        if (!is_known(name))
            check_finding(c, "\"" STR_FMT "\" is no %s that this program knows", STR_ARG(name),
                          what);
        if (!query_row(&q, &row, err)) return false;
    }
    return true;
}

static bool is_state(str name) {
    source_state v;
    return source_state_from_name(name, &v);
}

static bool is_resource(str name) {
    resource v;
    return resource_from_name(name, &v) && v != RESOURCE_NONE;
}

static str day_text(int64_t day, char block[TIME_TEXT_BYTES]) {
    const int64_t last = INT64_C(253402300799) * USEC_PER_S / USEC_PER_DAY; /* of year 9999 */
    return str_head(time_format_rfc3339(i64_clamp(day, 0, last) * USEC_PER_DAY, block), 10);
}

/* Rows of (day, kind, ids kept, billed). */
static bool check_ids(struct check *c, struct error *err) {
    static const struct sql sql = {
        "SELECT b.day, b.resource, b.n, coalesce(u.n, 0) FROM "
        "(SELECT day, resource, count(*) AS n FROM billed GROUP BY day, resource) b LEFT JOIN "
        "(SELECT day, resource, sum(billed) AS n FROM api_usage GROUP BY day, resource) u "
        "ON u.day = b.day AND u.resource = b.resource WHERE b.n > coalesce(u.n, 0) "
        "ORDER BY b.day, b.resource"};
    struct query q;
    bool row;
    if (!query_open(c->s, &sql, &q, err) || !query_row(&q, &row, err)) return false;
    while (row) {
        char block[TIME_TEXT_BYTES], name[16];
        const str day = day_text(col_i64(&q), block);
        col_z(&q, name, sizeof name);
        const int64_t kept = col_i64(&q), billed = col_i64(&q);
        check_finding(c,
                      "the bill of " STR_FMT ": %" PRId64 " of kind %s were billed, and the ids of "
                      "%" PRId64 " are kept",
                      STR_ARG(day), billed, name, kept);
        if (!query_row(&q, &row, err)) return false;
    }
    return true;
}

static bool check_bills(struct check *c, struct error *err) {
    static const struct sql sql = {
        "SELECT day, feed, CASE WHEN billed > returned THEN 'more was billed than came' "
        "ELSE 'nothing was billed and it cost something' END FROM api_usage "
        "WHERE billed > returned OR (billed = 0 AND amount <> 0) ORDER BY day, feed"};
    struct query q;
    bool row;
    if (!query_open(c->s, &sql, &q, err) || !query_row(&q, &row, err)) return false;
    while (row) {
        char block[TIME_TEXT_BYTES], feed[FEED_BYTES];
        const str day = day_text(col_i64(&q), block);
        col_z(&q, feed, sizeof feed);
        const str wrong = col_str(&q);
        check_finding(c, "the bill of " STR_FMT ", %s: " STR_FMT, STR_ARG(day), feed,
                      STR_ARG(wrong));
        if (!query_row(&q, &row, err)) return false;
    }
    return true;
}

static bool check_gaps(struct check *c, struct error *err) {
    static const struct sql sql = {
        "SELECT id, source FROM gaps WHERE until_at < from_at AND state <> 'open' ORDER BY id"};
    struct query q;
    bool row;
    if (!query_open(c->s, &sql, &q, err) || !query_row(&q, &row, err)) return false;
    while (row) {
        const int64_t id = col_i64(&q);
        const str feed = col_str(&q);
        check_finding(c, "gap %" PRId64 " of " STR_FMT " ends before it begins", id, STR_ARG(feed));
        if (!query_row(&q, &row, err)) return false;
    }
    return true;
}

bool check_sources(struct check *c, struct error *err) {
    static const struct sql states = {"SELECT DISTINCT state FROM feeds"};
    static const struct sql resources = {
        "SELECT resource FROM billed UNION SELECT resource FROM api_usage"};
    return find_unknown(c, &states, is_state, "state of a source", err) &&
           find_unknown(c, &resources, is_resource, "kind of thing that is billed", err) &&
           check_ids(c, err) && check_bills(c, err) && check_gaps(c, err);
}
