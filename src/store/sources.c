/* What the store keeps for live sources: how far each is and how it stands, what it did not see,
 * who a name is, and what was billed.
 *
 * In: an intake, beside the turn that it came with and in that turn's transaction. Out: rows of
 * feeds, gaps, handles, billed, api_usage, api_reported. Invariants: what is put twice stands once
 * (a gap by its feed and beginning, a handle by its name, a billed thing by its day, kind and id),
 * and a thing that was billed already on that day adds nothing to the sums: X bills it once. The
 * sums of a day are therefore never less than the ids that are kept of it (`db check` looks); the
 * ids of yesterday and today are kept, the sums for good.
 *
 * Failure: the transaction is spoiled as a whole, the caller rolls back; on reading, a name that
 * this program does not know is ERR_DAMAGED. Thread: the connection's. */
#include "store/sources.h"

#include <inttypes.h>

#include "store/feed_now.h"
#include "store/store_int.h"

static bool fail_row(const struct query *q, const char *table, str key, struct error *err) {
    return fail(err, ERR_DAMAGED, 0,
                "%s: the row " STR_FMT " of %s has a value that this program does not know: run "
                "`bullfinch db check`",
                q->s->path, STR_ARG(str_head(key, 60)), table);
}

/* A count that can have been put; sums of these stay in range. */
static bool is_count(int64_t v) { return v >= 0 && v <= INT64_C(1) << 40; }

/* "x_search:x" -> "x", the name under which its posts are stored. */
static str source_of(str feed) { return str_tail(feed, str_find_byte(feed, ':') + 1); }

/* -- how far, and how it stands ---------------------------------------------------------------- */

static bool put_cursor(struct store *s, str feed, str kind, str cursor, usec now,
                       struct error *err) {
    static const struct sql sql = {
        "INSERT INTO feeds (feed, kind, since, cursor, updated_at) VALUES ($1, $2, $3, $4, $3) "
        "ON CONFLICT (feed) DO UPDATE SET cursor = excluded.cursor"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_str(&q, feed);
    bind_str(&q, kind);
    bind_time(&q, now);
    bind_str(&q, cursor);
    return query_run(&q, err);
}

static bool put_status(struct store *s, str feed, str kind, const struct source_status *v, usec now,
                       struct error *err) {
    static const struct sql sql = {
        "INSERT INTO feeds (feed, kind, state, since, until, why, posts, missed, calls, failures, "
        "last_sign_at, last_post_at, blind, narrow, updated_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) "
        "ON CONFLICT (feed) DO UPDATE SET kind = excluded.kind, state = excluded.state, "
        "since = excluded.since, until = excluded.until, why = excluded.why, "
        "posts = excluded.posts, missed = excluded.missed, calls = excluded.calls, "
        "failures = excluded.failures, last_sign_at = excluded.last_sign_at, "
        "last_post_at = excluded.last_post_at, blind = excluded.blind, narrow = excluded.narrow, "
        "updated_at = excluded.updated_at"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_str(&q, feed);
    bind_str(&q, kind);
    bind_z(&q, source_state_name(v->state));
    bind_time(&q, v->since);
    bind_time_or_null(&q, v->until);
    bind_z(&q, v->why);
    bind_i64(&q, v->posts);
    bind_i64(&q, v->missed);
    bind_i64(&q, v->calls);
    bind_i64(&q, v->failures);
    bind_time_or_null(&q, v->last_sign_at);
    bind_time_or_null(&q, v->last_post_at);
    bind_i64(&q, v->blind);
    bind_bool(&q, v->narrow);
    bind_time(&q, now);
    return query_run(&q, err) && store_source_alert(s, feed, v, now, err);
}

/* -- gaps and handles -------------------------------------------------------------------------- */

static bool put_gap(struct store *s, str feed, const struct gap *v, usec now, struct error *err) {
    static const struct sql sql = {
        "INSERT INTO gaps (source, from_at, until_at, what, state, posts, updated_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (source, from_at) DO UPDATE SET "
        "until_at = excluded.until_at, what = excluded.what, state = excluded.state, "
        "posts = excluded.posts, updated_at = excluded.updated_at"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_str(&q, feed);
    bind_time(&q, v->from);
    bind_time(&q, v->until);
    bind_z(&q, v->why);
    bind_z(&q, gap_state_name(v->state));
    bind_i64(&q, v->posts);
    bind_time(&q, now);
    return query_run(&q, err);
}

bool store_gap_put(struct store *s, str source, usec from, usec to, str what, struct error *err) {
    struct gap v = {.from = from, .until = to, .state = GAP_LOST};
    IGNORE(str_copyz(what, v.why, sizeof v.why), "a longer one says enough");
    return put_gap(s, source, &v, to, err) || fail_in(err, "note a gap");
}

static bool put_handle(struct store *s, const struct handle *v, struct error *err) {
    static const struct sql sql = {
        "INSERT INTO handles (network, name, native_id, resolved_at) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (network, name) DO UPDATE SET native_id = excluded.native_id, "
        "resolved_at = excluded.resolved_at"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_z(&q, v->network);
    bind_z(&q, v->name);
    bind_z(&q, v->native_id);
    bind_time(&q, v->resolved_at);
    return query_run(&q, err);
}

/* -- what was billed --------------------------------------------------------------------------- */

static bool put_reported(struct store *s, const struct usage *u, usec now, struct error *err) {
    static const struct sql sql = {
        "INSERT INTO api_reported (day, posts, at, counted) VALUES ($1, $2, $3, (SELECT "
        "coalesce(sum(billed), 0) FROM api_usage WHERE day = $1 AND resource <> 'user')) "
        "ON CONFLICT (day) DO UPDATE SET posts = excluded.posts, at = excluded.at, "
        "counted = excluded.counted"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, u->day);
    bind_i64(&q, u->reported);
    bind_time(&q, now);
    return query_run(&q, err);
}

/* *ret_new: how many of the ids had not been billed on that day. */
static bool put_ids(struct store *s, const struct usage *u, int64_t *ret_new, struct error *err) {
    static const struct sql sql = {
        "INSERT INTO billed (day, resource, id) VALUES ($1, $2, $3) "
        "ON CONFLICT (day, resource, id) DO NOTHING",
        "INSERT INTO billed (day, resource, id) SELECT * FROM unnest($1::bigint[], $2::text[], "
        "$3::bigint[]) AS v ON CONFLICT (day, resource, id) DO NOTHING"};
    const char *const name = resource_name(u->resource);
    struct query q;
    if (!query_open_many(s, &sql, &q, err)) return false;
    for (int64_t i = 0; i < u->billed; i++) {
        bind_i64(&q, u->day);
        bind_z(&q, name);
        bind_i64(&q, u->ids[i]);
        if (!query_add(&q, err)) return false;
    }
    return query_run(&q, err) && query_changes(s, ret_new, err);
}

static bool put_sums(struct store *s, str feed, const struct usage *u, struct error *err) {
    static const struct sql sql = {
        "INSERT INTO api_usage (day, feed, resource, returned, billed, amount) "
        "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (day, feed, resource) DO UPDATE SET "
        "returned = api_usage.returned + excluded.returned, "
        "billed = api_usage.billed + excluded.billed, "
        "amount = api_usage.amount + excluded.amount"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, u->day);
    bind_str(&q, feed);
    bind_z(&q, resource_name(u->resource));
    bind_i64(&q, u->returned);
    bind_i64(&q, u->billed);
    bind_e8(&q, money_e8(u->amount));
    return query_run(&q, err);
}

static bool put_usage(struct store *s, str feed, const struct usage *u, usec now,
                      struct error *err) {
    if (u->reported >= 0) return put_reported(s, u, now, err);
    PRE(u->resource != RESOURCE_NONE && u->billed >= 0 && u->returned >= 0);
    struct usage once = *u;
    if (u->billed > 0 && u->ids) {
        if (!put_ids(s, u, &once.billed, err)) return false;
        if (!money_ratio(u->amount, once.billed, u->billed, ROUND_FLOOR, &once.amount))
            WRONG("a part is not less than the whole");
    }
    return put_sums(s, feed, &once, err);
}

/* -- an intake --------------------------------------------------------------------------------- */

static bool put_kind(struct store *s, str feed, str kind, const struct intake *it, usec now,
                     struct error *err) {
    switch (it->kind) {
    case INTAKE_NONE:
    case INTAKE_POST:
    case INTAKE_END:
        return true;
    case INTAKE_USAGE:
        return put_usage(s, feed, &it->u.usage, now, err);
    case INTAKE_GAP:
        return put_gap(s, feed, &it->u.gap, now, err);
    case INTAKE_HANDLE:
        return put_handle(s, &it->u.handle, err);
    case INTAKE_STATUS:
        return put_status(s, feed, kind, &it->u.status, now, err);
    }
    WRONG("an intake of no kind");
}

bool store_intake_put(struct store *s, str feed, str kind, const struct intake *it, usec now,
                      struct error *err) {
    PRE(s->in_transaction && it->state.n <= INTAKE_STATE_BYTES);
    const bool ok = put_kind(s, feed, kind, it, now, err) &&
                    (!it->state.p || put_cursor(s, feed, kind, it->state, now, err));
    return ok || fail_in(err, "keep what source " STR_FMT " gave", STR_ARG(feed));
}

/* -- for sources, at their start --------------------------------------------------------------- */

bool store_feed_state(struct store *s, struct arena *a, str feed, str *ret, bool *ret_found,
                      struct error *err) {
    static const struct sql sql = {
        "SELECT cursor FROM feeds WHERE feed = $1 AND cursor IS NOT NULL"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_str(&q, feed);
    if (!query_row(&q, ret_found, err)) return false;
    if (!*ret_found) return true;
    *ret = str_dup(a, col_str(&q));
    query_close(&q);
    return true;
}

static bool col_resource(struct query *q, resource *ret) {
    return resource_from_name(col_str(q), ret);
}

static bool give_ids(struct store *s, int64_t since_day, const struct cost_rows *to,
                     struct error *err) {
    static const struct sql sql = {
        "SELECT day, resource, id FROM billed WHERE day >= $1 ORDER BY day, resource, id",
        .large = true};
    struct query q;
    bool row;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, since_day);
    if (!query_row(&q, &row, err)) return false;
    while (row) {
        resource r;
        const int64_t day = col_i64(&q);
        if (!col_resource(&q, &r)) {
            fail_row(&q, "billed", STR("of a resource"), err);
            query_close(&q);
            return false;
        }
        to->id(to->ctx, day, r, col_i64(&q));
        if (!query_row(&q, &row, err)) return false;
    }
    return true;
}

static bool give_days(struct store *s, int64_t since_day, const struct cost_rows *to,
                      struct error *err) {
    static const struct sql sql = {
        "SELECT day, resource, sum(billed), sum(amount) FROM api_usage WHERE day >= $1 "
        "GROUP BY day, resource ORDER BY day, resource"};
    struct query q;
    bool row;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, since_day);
    if (!query_row(&q, &row, err)) return false;
    while (row) {
        resource r;
        const int64_t day = col_i64(&q);
        const bool known = col_resource(&q, &r);
        const int64_t billed = col_i64(&q);
        const money amount = money_from_e8(col_e8(&q));
        if (!known || q.odd || !is_count(billed)) {
            fail_row(&q, "api_usage", STR("of a resource"), err);
            query_close(&q);
            return false;
        }
        to->day(to->ctx, day, r, billed, amount);
        if (!query_row(&q, &row, err)) return false;
    }
    return true;
}

static bool give_reports(struct store *s, int64_t since_day, const struct cost_rows *to,
                         struct error *err) {
    static const struct sql sql = {
        "SELECT day, posts FROM api_reported WHERE day >= $1 ORDER BY day"};
    struct query q;
    bool row;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, since_day);
    if (!query_row(&q, &row, err)) return false;
    while (row) {
        const int64_t day = col_i64(&q), posts = col_i64(&q);
        if (!is_count(posts)) {
            fail_row(&q, "api_reported", STR("of a day"), err);
            query_close(&q);
            return false;
        }
        to->report(to->ctx, day, posts);
        if (!query_row(&q, &row, err)) return false;
    }
    return true;
}

bool store_cost_rows(struct store *s, int64_t since_day, int64_t ids_since_day,
                     const struct cost_rows *to, struct error *err) {
    const bool ok = (!to->id || give_ids(s, ids_since_day, to, err)) &&
                    (!to->day || give_days(s, since_day, to, err)) &&
                    (!to->report || give_reports(s, since_day, to, err));
    return ok || fail_in(err, "read what was billed");
}

bool store_handles(struct store *s, struct arena *a, str network, struct handle **ret,
                   int *ret_count, struct error *err) {
    static const struct sql sql = {"SELECT count(*) OVER (), name, native_id, resolved_at "
                                   "FROM handles WHERE network = $1 ORDER BY name"};
    struct handle *rows = NULL;
    struct query q;
    bool row;
    int n = 0;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_str(&q, network);
    if (!query_row(&q, &row, err)) return false;
    while (row) {
        const int64_t all = col_i64(&q);
        if (!rows) rows = NEW_ARRAY(a, struct handle, all);
        struct handle *v = &rows[n++];
        IGNORE(str_copyz(network, v->network, sizeof v->network), "it was put from one as long");
        col_z(&q, v->name, sizeof v->name);
        col_z(&q, v->native_id, sizeof v->native_id);
        v->resolved_at = col_time(&q);
        if (!query_row(&q, &row, err)) return false;
    }
    *ret = rows;
    *ret_count = n;
    return true;
}

bool store_gaps_left(struct store *s, struct arena *a, str feed, struct gap **ret, int *ret_count,
                     struct error *err) {
    static const struct sql sql = {
        "SELECT count(*) OVER (), from_at, until_at, what, state, posts FROM gaps "
        "WHERE source = $1 AND (state = 'open' OR state = 'closed') ORDER BY from_at"};
    struct gap *rows = NULL;
    struct query q;
    bool row;
    int n = 0;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_str(&q, feed);
    if (!query_row(&q, &row, err)) return false;
    while (row) {
        const int64_t all = col_i64(&q);
        if (!rows) rows = NEW_ARRAY(a, struct gap, all);
        struct gap *v = &rows[n++];
        v->from = col_time(&q);
        v->until = col_time(&q);
        col_z(&q, v->why, sizeof v->why);
        if (!gap_state_from_name(col_str(&q), &v->state)) WRONG("the query names the two");
        v->posts = col_i64(&q);
        if (!query_row(&q, &row, err)) return false;
    }
    *ret = rows;
    *ret_count = n;
    return true;
}

/* -- for people -------------------------------------------------------------------------------- */

/* Of the columns from `state` on, in the order of FEED_COLUMNS. */
#define FEED_COLUMNS                                                                               \
    "state, since, until, why, posts, missed, calls, failures, last_sign_at, last_post_at, "       \
    "blind, narrow, updated_at"
static bool get_feed(struct query *q, struct feed_row *ret, struct error *err) {
    struct source_status *v = &ret->status;
    const bool known = source_state_from_name(col_str(q), &v->state);
    if (!known) return fail_row(q, "feeds", ret->feed, err);
    v->since = col_time(q);
    v->until = col_time(q);
    col_z(q, v->why, sizeof v->why);
    v->posts = col_i64(q);
    v->missed = col_i64(q);
    v->calls = col_i64(q);
    v->failures = col_i64(q);
    v->last_sign_at = col_time(q);
    v->last_post_at = col_time(q);
    v->blind = col_i64(q);
    v->narrow = col_bool(q);
    ret->updated_at = col_time(q);
    return true;
}

static bool count_posts(struct store *s, str source, usec since, int64_t *ret, struct error *err) {
    static const struct sql sql = {
        "SELECT count(*) FROM tweets WHERE source = $1 AND received_at >= $2"};
    struct query q;
    bool found;
    *ret = 0;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_str(&q, source);
    bind_time(&q, since);
    return query_i64(&q, ret, &found, err);
}

bool store_feed_blind(struct store *s, str feed, usec now, usec *ret, struct error *err) {
#define BLIND(D) "SELECT blind FROM " FEEDS_NOW(D, "$1") " AS t WHERE feed = $2"
    static const struct sql sql = IN_BOTH(BLIND);
#undef BLIND
    struct query q;
    bool found;
    *ret = 0;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_time(&q, now);
    bind_str(&q, feed);
    return query_i64(&q, ret, &found, err) || fail_in(err, "read how long a source was blind");
}

bool store_feeds_ended(struct store *s, usec now, struct error *err) {
    static const struct sql sql = {
        "UPDATE feeds SET state = 'ended', since = $1, until = NULL, why = 'the program ended', "
        "updated_at = $1 WHERE state <> 'ended' AND kind <> 'replay'"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_time(&q, now);
    return query_run(&q, err) || fail_in(err, "note that sources ended");
}

bool store_reports(struct store *s, int64_t since_day, void *ctx,
                   void (*to)(void *ctx, int64_t day, usec at, int64_t counted),
                   struct error *err) {
    static const struct sql sql = {"SELECT day, at, coalesce(counted, -1) FROM "
                                   "api_reported WHERE day >= $1 ORDER BY day"};
    struct query q;
    bool row;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, since_day);
    if (!query_row(&q, &row, err)) return false;
    while (row) {
        const int64_t day = col_i64(&q), at = col_time(&q);
        to(ctx, day, at, col_i64(&q));
        if (!query_row(&q, &row, err)) return false;
    }
    return true;
}

bool store_posts_known(struct store *s, const int64_t *ids, int count, int *ret,
                       struct error *err) {
    static const struct sql sql = {"SELECT id FROM tweets WHERE id = $1"};
    int known = 0;
    for (int i = 0; i < count; i++) {
        struct query q;
        int64_t id;
        bool found;
        if (!query_open(s, &sql, &q, err)) return false;
        bind_i64(&q, ids[i]);
        if (!query_i64(&q, &id, &found, err)) return false;
        known += found;
    }
    *ret = known;
    return true;
}

bool store_feed_states(struct store *s, struct arena *a, usec now, struct feed_row **ret,
                       int *ret_count, struct error *err) {
#define STATES(D)                                                                                  \
    "SELECT count(*) OVER (), feed, kind, " FEED_COLUMNS                                           \
    " FROM " FEEDS_NOW(D, "$1") " AS t "                                                           \
                                "ORDER BY feed"
    static const struct sql sql = IN_BOTH(STATES);
#undef STATES
    struct feed_row *rows = NULL;
    struct query q;
    bool row;
    int n = 0;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_time(&q, now);
    if (!query_row(&q, &row, err)) return false;
    while (row) {
        const int64_t all = col_i64(&q);
        if (!rows) rows = NEW_ARRAY(a, struct feed_row, all);
        rows[n].feed = str_dup(a, col_str(&q));
        rows[n].kind = str_dup(a, col_str(&q));
        if (!get_feed(&q, &rows[n], err)) {
            query_close(&q);
            return false;
        }
        n++;
        if (!query_row(&q, &row, err)) return false;
    }
    *ret = rows;
    *ret_count = n;
    return true;
}

bool store_feeds(struct store *s, struct arena *a, usec now, struct feed_row **ret, int *ret_count,
                 struct error *err) {
    struct feed_row *rows;
    int n;
    if (!store_feed_states(s, a, now, &rows, &n, err)) return false;
    for (int i = 0; i < n; i++) {
        const str source = source_of(rows[i].feed);
        const usec midnight = time_utc_day(now) * USEC_PER_DAY;
        if (!count_posts(s, source, midnight, &rows[i].posts_today, err) ||
            !count_posts(s, source, INT64_MIN, &rows[i].posts_stored, err))
            return false;
    }
    *ret = rows;
    *ret_count = n;
    return true;
}

bool store_costs(struct store *s, struct arena *a, int64_t since_day, struct cost_row **ret,
                 int *ret_count, struct error *err) {
    static const struct sql sql = {
        "SELECT count(*) OVER (), day, feed, resource, returned, billed, amount FROM api_usage "
        "WHERE day >= $1 ORDER BY day DESC, feed, resource"};
    struct cost_row *rows = NULL;
    struct query q;
    bool row;
    int n = 0;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, since_day);
    if (!query_row(&q, &row, err)) return false;
    while (row) {
        const int64_t all = col_i64(&q);
        if (!rows) rows = NEW_ARRAY(a, struct cost_row, all);
        struct cost_row *v = &rows[n++];
        v->day = col_i64(&q);
        v->feed = str_dup(a, col_str(&q));
        const bool known = col_resource(&q, &v->resource);
        v->returned = col_i64(&q);
        v->billed = col_i64(&q);
        v->amount = money_from_e8(col_e8(&q));
        if (!known || q.odd || !is_count(v->returned) || !is_count(v->billed)) {
            fail_row(&q, "api_usage", v->feed, err);
            query_close(&q);
            return false;
        }
        if (!query_row(&q, &row, err)) return false;
    }
    *ret = rows;
    *ret_count = n;
    return true;
}

bool store_traded_signals(struct store *s, usec since, str source, int64_t *ret,
                          struct error *err) {
    static const struct sql sql = {
        "SELECT count(*) FROM signals s JOIN tweets t ON t.id = s.tweet_id "
        "WHERE s.verdict = 'traded' AND t.received_at >= $1 AND ($2 = '' OR t.source = $2)"};
    struct query q;
    bool found;
    *ret = 0;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_time(&q, since);
    bind_str(&q, source);
    return query_i64(&q, ret, &found, err);
}
