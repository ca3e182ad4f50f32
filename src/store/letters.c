/* What could not be done (dead letters), and cursors: named blobs that move with a turn. What was
 * not seen stands in sources.c.
 *
 * A dead letter is a job that failed too often, with its whole payload, so that it can be tried
 * again by hand; it is marked, never removed. Cursors are written inside the caller's transaction,
 * next to the rows that they belong to. */
#include "store/store_int.h"

#include <inttypes.h>

#define LETTER_COLUMNS "id, source, kind, payload, error, attempts, first_at, last_at, status"

/* -- cursors --------------------------------------------------------------------------------- */

bool store_cursor_put(struct store *s, str name, str value, struct error *err) {
    static const struct sql sql = {"INSERT INTO cursors (name, value) VALUES ($1, $2) "
                                   "ON CONFLICT (name) DO UPDATE SET value = excluded.value"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_str(&q, name);
    bind_blob(&q, value);
    return query_run(&q, err) || fail_in(err, "put cursor " STR_FMT, STR_ARG(str_head(name, 60)));
}

bool store_cursor_get(struct store *s, struct arena *a, str name, str *ret, bool *ret_found,
                      struct error *err) {
    static const struct sql sql = {"SELECT value FROM cursors WHERE name = $1"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_str(&q, name);
    if (!query_row(&q, ret_found, err)) return false;
    if (!*ret_found) return true;
    *ret = str_dup(a, col_str(&q));
    query_close(&q);
    return true;
}

/* -- dead letters ---------------------------------------------------------------------------- */

bool store_dead_put(struct store *s, const struct dead_letter *d, int64_t *ret_id,
                    struct error *err) {
    static const struct sql sql = {
        "INSERT INTO dead_letters (source, kind, payload, error, attempts, first_at, last_at, "
        "status) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id"};
    struct query q;
    bool found;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_str(&q, d->source);
    bind_str(&q, d->kind);
    bind_str(&q, d->payload);
    bind_str(&q, d->error);
    bind_i64(&q, d->attempts);
    bind_time(&q, d->first_at);
    bind_time(&q, d->last_at);
    bind_str(&q, d->status.n ? d->status : STR("dead"));
    return query_i64(&q, ret_id, &found, err) || fail_in(err, "keep a dead letter");
}

static void get_letter(struct query *q, struct arena *a, struct dead_letter *ret) {
    ret->id = col_i64(q);
    ret->source = str_dup(a, col_str(q));
    ret->kind = str_dup(a, col_str(q));
    ret->payload = str_dup(a, col_str(q));
    ret->error = str_dup(a, col_str(q));
    ret->attempts = col_i32(q);
    ret->first_at = col_time(q);
    ret->last_at = col_time(q);
    ret->status = str_dup(a, col_str(q));
}

bool store_dead_list(struct store *s, struct arena *a, int64_t before, int limit,
                     struct dead_letter **ret, int *ret_count, struct error *err) {
    static const struct sql sql = {"SELECT " LETTER_COLUMNS
                                   " FROM dead_letters WHERE id < $1 ORDER BY id DESC LIMIT $2"};
    PRE(limit >= 0);
    struct query q;
    bool row;
    int n = 0;
    struct dead_letter *rows = NEW_ARRAY(a, struct dead_letter, limit);
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, before ? before : INT64_MAX);
    bind_i64(&q, limit);
    if (!query_row(&q, &row, err)) return false;
    while (row) {
        get_letter(&q, a, &rows[n++]);
        if (!query_row(&q, &row, err)) return false;
    }
    *ret = rows;
    *ret_count = n;
    return true;
}

bool store_dead_get(struct store *s, struct arena *a, int64_t id, struct dead_letter *ret,
                    struct error *err) {
    static const struct sql sql = {"SELECT " LETTER_COLUMNS " FROM dead_letters WHERE id = $1"};
    struct query q;
    bool row;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, id);
    if (!query_row(&q, &row, err)) return false;
    if (!row) return fail(err, ERR_NOT_FOUND, 0, "there is no dead letter %" PRId64, id);
    get_letter(&q, a, ret);
    query_close(&q);
    return true;
}

static bool mark_inside(struct store *s, int64_t id, str status, str actor, usec now,
                        struct error *err) {
    static const struct sql sql = {
        "UPDATE dead_letters SET status = $1, attempts = attempts + $2, "
        "last_at = CASE WHEN $2 > 0 THEN $3 ELSE last_at END WHERE id = $4"};
    struct query q;
    int64_t marked;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_str(&q, status);
    bind_i64(&q, str_eq(status, STR("dropped")) ? 0 : 1); /* the others are the end of a try */
    bind_time(&q, now);
    bind_i64(&q, id);
    if (!query_run(&q, err)) return false;
    if (!query_changes(s, &marked, err)) return false;
    if (marked == 0) {
        return fail(err, ERR_NOT_FOUND, 0, "there is no dead letter %" PRId64, id);
    }
    struct audit a = {.at = now, .action = "dead_letter", .entity = "dead_letter", .entity_id = id};
    IGNORE(str_copyz(actor, a.actor, sizeof a.actor), "what is cut is long enough");
    IGNORE(str_copyz(status, a.detail, sizeof a.detail), "it is short");
    return audit_add(s, &a, err);
}

bool store_dead_mark(struct store *s, int64_t id, str status, str actor, usec now,
                     struct error *err) {
    const bool own = !s->in_transaction; /* else the caller commits, or rolls back */
    if (own && !store_begin(s, true, err)) return fail_in(err, "mark dead letter %" PRId64, id);
    const bool ok = mark_inside(s, id, status, actor, now, err);
    if (ok && (!own || store_commit(s, err))) return true;
    if (own) store_rollback(s);
    return fail_in(err, "mark dead letter %" PRId64, id);
}
