/* What could not be done (dead letters), and cursors: named blobs that move with a turn. What was
 * not seen stands in sources.c.
 *
 * A dead letter is input that could not be used, or a job that failed too often, with its whole
 * payload, so that it can be tried again by hand, and with the history of its tries. One that was
 * dealt with is marked; retention removes it later. Letters of input are bounded in bytes: a source
 * that sends nothing else must not fill the disk. Cursors are written inside the caller's
 * transaction, next to the rows that they belong to. */
#include "store/store_int.h"

#include <inttypes.h>

#include "store/tries.h"

#define LETTER_COLUMNS                                                                             \
    "id, source, kind, payload, error, attempts, first_at, last_at, status, history, "             \
    "post_id"

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

static void add_try(str before, usec at, str who, str error, struct buf *out) {
    struct tries t;
    tries_read(before, &t);
    tries_add(&t, at, who, error);
    tries_put(&t, TRIES_BYTES_MAX - 1, out);
}

bool store_dead_put(struct store *s, const struct dead_letter *d, int64_t *ret_id,
                    struct error *err) {
    static const struct sql sql = {
        "INSERT INTO dead_letters (source, kind, payload, error, attempts, first_at, last_at, "
        "came_at, status, history, post_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9, $10) "
        "RETURNING id"};
    char block[TRIES_BYTES_MAX];
    struct buf history;
    struct query q;
    bool found;
    buf_init_fixed(&history, block, sizeof block);
    add_try(d->history, d->last_at, d->who, d->error, &history);
    if (!query_open(s, &sql, &q, err)) return false;
    bind_str(&q, d->source);
    bind_str(&q, d->kind);
    bind_str(&q, d->payload);
    bind_str(&q, d->error);
    bind_i64(&q, d->attempts);
    bind_time(&q, d->first_at);
    bind_time(&q, d->last_at);
    bind_str(&q, d->status.n ? d->status : STR("dead"));
    bind_str(&q, buf_str(&history));
    bind_id(&q, d->post_id);
    return query_i64(&q, ret_id, &found, err) || fail_in(err, "keep a dead letter");
}

/* -- how many there may be ------------------------------------------------------------------- */

#define OF_INPUT "kind = 'post' AND post_id IS NULL"
#define BYTES                                                                                      \
    "octet_length(payload) + octet_length(error) + octet_length(history::text) + " ROW_BYTES
#define BYTES_OF_FILE                                                                              \
    "length(CAST(payload AS BLOB)) + length(CAST(error AS BLOB)) + length(CAST(history AS BLOB)) " \
    "+ " ROW_BYTES
#define ROW_BYTES "120" /* the rest of a row, and its share of the indexes */
#define GONE STR("letters_gone")

bool store_dead_size(struct store *s, int64_t *ret, struct error *err) {
    static const struct sql sql = {
        "SELECT coalesce(sum(" BYTES_OF_FILE "), 0) FROM dead_letters WHERE " OF_INPUT,
        "SELECT coalesce(sum(" BYTES "), 0)::BIGINT FROM dead_letters WHERE " OF_INPUT};
    struct query q;
    bool found;
    return query_open(s, &sql, &q, err) && query_i64(&q, ret, &found, err);
}

bool store_dead_gone(struct store *s, int64_t *ret, struct error *err) {
    char block[256];
    struct arena a;
    str text;
    bool found;
    arena_init(&a, block, sizeof block);
    *ret = 0;
    if (!store_cursor_get(s, &a, GONE, &text, &found, err)) return false;
    return !found || str_to_i64(text, ret) ||
           fail(err, ERR_DAMAGED, 0, "cursor \"letters_gone\": it is no number");
}

static bool trim_inside(struct store *s, int64_t bytes, int64_t *ret_gone, struct error *err) {
    static const struct sql sql = {
        "DELETE FROM dead_letters WHERE " OF_INPUT " AND id <= (SELECT max(id) FROM (SELECT id, "
        "sum(" BYTES_OF_FILE ") OVER (ORDER BY id DESC) AS upto FROM dead_letters WHERE " OF_INPUT
        ") AS v WHERE upto > $1)",
        "DELETE FROM dead_letters WHERE " OF_INPUT " AND id <= (SELECT max(id) FROM (SELECT id, "
        "sum(" BYTES ") OVER (ORDER BY id DESC) AS upto FROM dead_letters WHERE " OF_INPUT
        ") AS v WHERE upto > $1::BIGINT)"};
    char block[24];
    struct buf sum;
    struct query q;
    int64_t before;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, bytes);
    if (!query_run(&q, err) || !query_changes(s, ret_gone, err)) return false;
    if (*ret_gone == 0) return true;
    if (!store_dead_gone(s, &before, err)) return false;
    buf_init_fixed(&sum, block, sizeof block);
    buf_put_i64(&sum, before + *ret_gone);
    return store_cursor_put(s, GONE, buf_str(&sum), err);
}

bool store_dead_trim(struct store *s, int64_t bytes, int64_t *ret_gone, struct error *err) {
    const bool own = !s->in_transaction;
    if (own && !store_begin(s, true, err)) return fail_in(err, "let go of dead letters");
    const bool ok = trim_inside(s, bytes, ret_gone, err);
    if (ok && (!own || store_commit(s, err))) return true;
    if (own) store_rollback(s);
    return fail_in(err, "let go of dead letters");
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
    ret->history = str_dup(a, col_str(q));
    ret->post_id = col_i64(q);
}

bool store_dead_list(struct store *s, struct arena *a, const struct dead_filter *f, int64_t before,
                     int limit, struct dead_letter **ret, int *ret_count, struct error *err) {
    static const struct sql sql = {
        "SELECT " LETTER_COLUMNS " FROM dead_letters WHERE id < $1 AND ($2 = '' OR status = $2) "
        "AND ($3 = '' OR kind = $3) AND ($4 = '' OR source = $4) ORDER BY id DESC LIMIT $5"};
    PRE(limit >= 0);
    struct query q;
    bool row;
    int n = 0;
    struct dead_letter *rows = NEW_ARRAY(a, struct dead_letter, limit);
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, before ? before : INT64_MAX);
    bind_str(&q, f->status);
    bind_str(&q, f->kind);
    bind_str(&q, f->source);
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

/* Its history with one more try in `out`; without, where it is no try that ends. */
static bool history_of(struct store *s, int64_t id, bool tried, str why, str who, usec now,
                       struct buf *out, struct error *err) {
    static const struct sql sql = {"SELECT history FROM dead_letters WHERE id = $1"};
    struct query q;
    bool row;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, id);
    if (!query_row(&q, &row, err)) return false;
    if (!row) return fail(err, ERR_NOT_FOUND, 0, "there is no dead letter %" PRId64, id);
    const str before = col_str(&q);
    if (tried)
        add_try(before, now, who, why, out);
    else
        buf_put(out, before);
    query_close(&q);
    return true;
}

static bool mark_inside(struct store *s, int64_t id, str status, str why, str actor, usec now,
                        struct error *err) {
    static const struct sql sql = {
        "UPDATE dead_letters SET status = $1, attempts = attempts + $2, "
        "last_at = CASE WHEN $2 > 0 THEN $3 ELSE last_at END, history = $4 WHERE id = $5"};
    char block[TRIES_BYTES_MAX];
    struct buf history;
    struct query q;
    const bool tried = !str_eq(status, STR("dropped")); /* the others are the end of a try */
    buf_init_fixed(&history, block, sizeof block);
    if (!history_of(s, id, tried, why, actor, now, &history, err)) return false;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_str(&q, status);
    bind_i64(&q, tried);
    bind_time(&q, now);
    bind_str(&q, buf_str(&history));
    bind_i64(&q, id);
    if (!query_run(&q, err)) return false;
    struct audit a = {.at = now, .action = "dead_letter", .entity = "dead_letter", .entity_id = id};
    IGNORE(str_copyz(actor, a.actor, sizeof a.actor), "what is cut is long enough");
    IGNORE(str_copyz(status, a.detail, sizeof a.detail), "it is short");
    return audit_add(s, &a, err);
}

bool store_dead_mark(struct store *s, int64_t id, str status, str why, str actor, usec now,
                     struct error *err) {
    const bool own = !s->in_transaction; /* else the caller commits, or rolls back */
    if (own && !store_begin(s, true, err)) return fail_in(err, "mark dead letter %" PRId64, id);
    const bool ok = mark_inside(s, id, status, why, actor, now, err);
    if (ok && (!own || store_commit(s, err))) return true;
    if (own) store_rollback(s);
    return fail_in(err, "mark dead letter %" PRId64, id);
}
