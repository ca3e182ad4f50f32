/* Small tables for the HTTP interface: positions, what waits for a person; and authors, page by
 * page.
 *
 * Authors have no order of their own that an index keeps: all of them are looked at for a page, and
 * the page goes on behind the last one's numbers and key. Failure: the store's error. */
#include "store/view_columns.h"
#include "store/views.h"

static bool put_table(struct store *s, const struct sql *sql, const struct field *fields,
                      int field_count, struct buf *out, struct error *err) {
    struct query q;
    return query_open(s, sql, &q, err) && view_put_array(&q, fields, field_count, out, err);
}

#define POSITIONS(D)                                                                               \
    "SELECT 0" VIEW_POSITION_IN(D, VIEW_COLUMN) " FROM positions p LEFT JOIN trades t ON t.id = "  \
                                                "p.trade_id"

bool store_view_positions(struct store *s, struct buf *out, struct error *err) {
    static const struct sql sql = {POSITIONS(SQLITE) " ORDER BY p.symbol",
                                   POSITIONS(PG) " ORDER BY p.symbol"};
    return put_table(s, &sql, VIEW_FIELDS(VIEW_POSITION), out, err);
}

bool store_view_approvals(struct store *s, struct buf *out, struct error *err) {
    static const struct sql sql =
        VIEW_SELECT_BY(VIEW_APPROVAL, "", "signals", VIEW_WAITS_FOR_PERSON " ORDER BY id");
    return put_table(s, &sql, VIEW_FIELDS(VIEW_APPROVAL), out, err);
}

/* How many rows, and what the first of them says of its time. */
#define WAITING(table, time, where)                                                                \
    "(SELECT count(*) FROM " table " WHERE " where "), (SELECT " time " FROM " table               \
    " WHERE " where " ORDER BY id LIMIT 1)"

bool store_view_waiting(struct store *s, struct view_waiting *ret, struct error *err) {
    static const struct sql sql = {"SELECT " WAITING("commands", "at", "status = 'pending'")    //
                                   ", " WAITING("signals", "created_at", VIEW_WAITS_FOR_PERSON) //
                                   ", " WAITING("dead_letters", "first_at", "status = 'dead'")};
    struct query q;
    bool row;
    if (!query_open(s, &sql, &q, err) || !query_row(&q, &row, err)) return false;
    PRE(row);
    ret->commands = col_i64(&q);
    ret->command_at = col_time(&q);
    ret->approvals = col_i64(&q);
    ret->approval_at = col_time(&q);
    ret->letters = col_i64(&q);
    ret->letter_at = col_time(&q);
    query_close(&q);
    return true;
}

#define AUTHORS                                                                                    \
    "(SELECT a.key, a.username, a.posts, a.last_post_at, a.last_trade_at, "                        \
    "coalesce(r.signals, 0) AS signals, coalesce(r.recent, 0) AS recent, "                         \
    "coalesce(r.hits, 0) AS hits, coalesce(r.mean_return, 0) AS mean_return, "                     \
    "coalesce(r.dropped, 0) AS dropped, coalesce(r.weight, 10000) AS weight FROM authors a "       \
    "LEFT JOIN author_records r ON r.key = a.key) AS w"
#define AUTHORS_ORDER " ORDER BY signals DESC, posts DESC, key"
/* Found first, and only then is what came of them counted. */
#define AUTHORS_PAGE(D)                                                                            \
    "(SELECT * FROM " AUTHORS " WHERE (signals < $2 OR (signals = $2 AND (posts < $3 OR "          \
    "(posts = $3 AND key > $4)))) AND ($5 = '' OR " D##_POSITION "(lower(username), lower($5)) "   \
                                                                 "> 0 OR " D##_POSITION            \
        "(lower(key), lower($5)) > 0)" AUTHORS_ORDER " LIMIT $6) AS w"
#define AUTHORS_TEXT(D, more, table, where)                                                        \
    "SELECT 0" VIEW_AUTHOR_IN(D, VIEW_COLUMN) more " FROM " table " WHERE " where

bool store_view_authors(struct store *s, const struct view_author_ask *ask, struct buf *out,
                        bool *ret_more, struct view_author_place *ret, struct error *err) {
#define PAGE(D) AUTHORS_TEXT(D, ", signals, posts, key", AUTHORS_PAGE(D), "1 = 1" AUTHORS_ORDER)
    static const struct sql sql = IN_BOTH(PAGE);
#undef PAGE
    struct query q;
    bool row;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, ask->rest);
    bind_i64(&q, ask->before ? ask->before->signals : INT64_MAX);
    bind_i64(&q, ask->before ? ask->before->posts : INT64_MAX);
    bind_z(&q, ask->before ? ask->before->key : "");
    bind_str(&q, ask->q);
    bind_i64(&q, ask->limit + 1);
    if (!query_row(&q, &row, err)) return false;
    buf_put_byte(out, '[');
    for (int i = 0; row && i < ask->limit; i++) {
        if (i > 0) buf_put_byte(out, ',');
        shown_put_row(out, &q, VIEW_FIELDS(VIEW_AUTHOR));
        ret->signals = col_i64(&q);
        ret->posts = col_i64(&q);
        col_z(&q, ret->key, sizeof ret->key);
        if (!query_row(&q, &row, err)) return false;
    }
    *ret_more = row;
    query_close(&q);
    buf_put_byte(out, ']');
    return true;
}

bool store_view_author(struct store *s, str key, usec rest, struct buf *out, bool *ret_found,
                       struct error *err) {
#define ONE(D) AUTHORS_TEXT(D, "", AUTHORS, "key = $2")
    static const struct sql sql = IN_BOTH(ONE);
#undef ONE
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, rest);
    bind_str(&q, key);
    if (!query_row(&q, ret_found, err)) return false;
    if (!*ret_found) return true;
    shown_put_members(out, &q, VIEW_FIELDS(VIEW_AUTHOR));
    query_close(&q);
    return true;
}

/* --- one row -------------------------------------------------------------------------------- */

static bool put_one(struct store *s, const struct sql *sql, int64_t id, const struct field *fields,
                    int field_count, struct buf *out, bool *ret_found, struct error *err) {
    struct query q;
    bool row;
    if (!query_open(s, sql, &q, err)) return false;
    bind_i64(&q, id);
    if (!query_row(&q, &row, err)) return false;
    if (row) shown_put_row(out, &q, fields, field_count);
    query_close(&q);
    *ret_found = row;
    return true;
}

bool store_view_position(struct store *s, int64_t id, struct buf *out, bool *ret_found,
                         struct error *err) {
    static const struct sql sql = {POSITIONS(SQLITE) " WHERE p.id = $1",
                                   POSITIONS(PG) " WHERE p.id = $1"};
    return put_one(s, &sql, id, VIEW_FIELDS(VIEW_POSITION), out, ret_found, err);
}

bool store_view_order(struct store *s, int64_t id, struct buf *out, bool *ret_found,
                      struct error *err) {
    static const struct sql sql = VIEW_SELECT(VIEW_ORDER, "", "orders");
    return put_one(s, &sql, id, VIEW_FIELDS(VIEW_ORDER), out, ret_found, err);
}
