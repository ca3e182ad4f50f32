/* Statements on PostgreSQL: binding, running, reading.
 *
 * A statement is prepared once a connection, found by the address of its text, and asked what types
 * its parameters have: a value is sent as the column that it meets has it. So one function binds a
 * number to a BIGINT, an INTEGER or a BOOLEAN, and a time to what keeps times. All of it is binary,
 * but for decimal text that becomes a number (a score).
 *
 * Inside a transaction a statement without rows is sent and not waited for: that it was wrong shows
 * at the next that is waited for, at the latest by the commit, and the error names it. Outside of
 * one each statement is waited for.
 *
 * A statement for many rows collects an array a parameter and is run once.
 *
 * Text with a zero byte is refused, as PostgreSQL cannot keep it; bytes that are no UTF-8 become
 * U+FFFD. Failure: as the header says. Thread: the connection's. */
#include "store/pg_int.h"

#include <stdio.h>
#include <stdlib.h>

#define ARRAY_BYTES_MAX (256 << 20)

static struct pg_stmt *self_stmt(struct store_stmt *st) { return (struct pg_stmt *)(void *)st; }

/* -- finding and preparing --------------------------------------------------------------------- */

static struct pg_stmt **find_slot(struct pg_store *s, const char *text) {
    const uint64_t h = (uint64_t)(uintptr_t)text * UINT64_C(0x9E3779B97F4A7C15);
    int i = (int)(h >> 48) & (PG_STMTS_MAX - 1);
    while (s->stmts[i] && s->stmts[i]->text != text) i = (i + 1) & (PG_STMTS_MAX - 1);
    return &s->stmts[i];
}

static bool begins_with(const char *text, const char *word) {
    return strncmp(text, word, strlen(word)) == 0;
}

static struct pg_stmt *make_stmt(struct pg_store *s, const char *text) {
    struct pg_stmt *st = calloc(1, sizeof *st);
    POST(st != NULL && s->stmt_count < PG_STMTS_MAX / 2);
    st->base.ops = s->base.ops;
    st->store = s;
    st->text = text;
    st->writes = !begins_with(text, "SELECT") && !begins_with(text, "WITH");
    snprintf(st->name, sizeof st->name, "s%d", ++s->stmt_count);
    return st;
}

static bool fail_now(struct pg_store *s, struct error *err) {
    *err = s->first;
    if (s->base.in_transaction) return false; /* until it is rolled back */
    pg_wait_all(s);
    s->failed = false;
    return false;
}

bool pg_stmt_find(struct pg_store *s, const char *text, struct pg_stmt **ret, struct error *err) {
    struct pg_stmt **slot = find_slot(s, text);
    if (!*slot) *slot = make_stmt(s, text);
    struct pg_stmt *st = *slot;
    *ret = st;
    if (st->session == s->session) return true;
    pg_send_prepare(s, st);
    if (!s->base.in_transaction) pg_send_sync(s);
    pg_wait(s, s->sent);
    if (s->failed) return fail_now(s, err);
    st->session = s->session;
    return true;
}

bool pg_prepare(struct store *base, const char *sql, struct store_stmt **ret, struct error *err) {
    struct pg_store *s = pg_self(base);
    struct pg_stmt *st = NULL;
    if (s->failed && base->in_transaction) return fail_now(s, err);
    const bool writes = !begins_with(sql, "SELECT") && !begins_with(sql, "WITH");
    if (!pg_ready(s, writes, err) || !pg_stmt_find(s, sql, &st, err)) return false;
    PRE(!st->in_use);
    st->in_use = true;
    st->sent = st->ahead != 0;
    st->troubled = st->one_by_one = false;
    st->rows = 0;
    *ret = &st->base;
    return true;
}

void pg_ahead(struct store *base, const char *sql) {
    struct pg_store *s = pg_self(base);
    struct pg_stmt *st;
    struct error err; /* told to who asks */
    PRE(base->in_transaction && s->ahead_count < PG_AHEAD_MAX);
    if (s->failed || !pg_ready(s, true, &err) || !pg_stmt_find(s, sql, &st, &err)) return;
    PRE(st->base.param_count == 0 && !st->in_use && st->ahead == 0);
    pg_send_stmt(s, st, true);
    st->ahead = s->sent;
    st->row = -1;
    s->ahead[s->ahead_count++] = st;
}

void pg_ahead_drop(struct pg_store *s) {
    for (int i = 0; i < s->ahead_count; i++) {
        struct pg_stmt *st = s->ahead[i];
        if (st->ahead == 0) continue;
        st->ahead = 0;
        pq.clear(st->result);
        st->result = NULL;
    }
    s->ahead_count = 0;
}

void pg_one_by_one(struct store_stmt *st) { self_stmt(st)->one_by_one = true; }

static void free_stmt(struct pg_stmt *st) {
    for (int i = 0; st->arrays && i < st->base.param_count; i++) buf_fini(&st->arrays[i]);
    for (int i = 0; st->cleaned && i < st->base.param_count; i++) buf_fini(&st->cleaned[i]);
    free(st->types), free(st->is_array), free(st->values), free(st->lengths), free(st->formats);
    free(st->blocks), free(st->arrays), free(st->has_null), free(st->column_types);
    free(st->shown), free(st->kept), free(st->cleaned);
    free(st);
}

void pg_stmts_free(struct pg_store *s) {
    for (int i = 0; i < PG_STMTS_MAX; i++) {
        if (s->stmts[i]) free_stmt(s->stmts[i]);
        s->stmts[i] = NULL;
    }
}

/* -- binding --------------------------------------------------------------------------------- */

static void trouble(struct pg_stmt *st, int i, const char *why) {
    char block[64];
    if (st->troubled) return;
    st->troubled = true;
    const str what = pg_what(st->text, block);
    fail(&st->trouble, ERR_RANGE, 0, STR_FMT ": value %d %s", STR_ARG(what), i, why);
}

/* A value that lies in st->blocks, or in the caller's memory until the statement is run. */
static void put(struct pg_stmt *st, int i, str bytes, int format) {
    PRE(i >= 1 && i <= st->base.param_count);
    if (st->is_array[i - 1]) {
        PRE(st->arrays != NULL && format == 1);
        pg_array_put(&st->arrays[i - 1], bytes);
        return;
    }
    st->values[i - 1] = bytes.p ? bytes.p : "";
    st->lengths[i - 1] = (int)bytes.n;
    st->formats[i - 1] = format;
}

static void put_block(struct pg_stmt *st, int i, int n) {
    if (n < 0)
        trouble(st, i, "does not fit its column");
    else
        put(st, i, str_from_bytes(st->blocks[i - 1], n), 1);
}

void pg_bind_i64(struct store_stmt *base, int i, int64_t v) {
    struct pg_stmt *st = self_stmt(base);
    PRE(st->types[i - 1] != PG_TEXT && st->types[i - 1] != PG_BYTEA);
    put_block(st, i, pg_put_i64(st->types[i - 1], v, st->blocks[i - 1]));
}

void pg_bind_e8(struct store_stmt *base, int i, int64_t v) {
    struct pg_stmt *st = self_stmt(base);
    PRE(st->types[i - 1] == PG_NUMERIC);
    put_block(st, i, pg_put_e8(PG_NUMERIC, v, st->blocks[i - 1]));
}

void pg_bind_time(struct store_stmt *base, int i, usec v) {
    struct pg_stmt *st = self_stmt(base);
    PRE(st->types[i - 1] == PG_TIMESTAMPTZ || st->types[i - 1] == PG_INT8);
    put_block(st, i, pg_put_time(st->types[i - 1], v, st->blocks[i - 1]));
}

void pg_bind_bool(struct store_stmt *base, int i, bool v) {
    struct pg_stmt *st = self_stmt(base);
    PRE(st->types[i - 1] != PG_TEXT && st->types[i - 1] != PG_BYTEA);
    put_block(st, i, pg_put_bool(st->types[i - 1], v, st->blocks[i - 1]));
}

/* A number as decimal text, to be rounded by nobody. */
static void bind_number(struct pg_stmt *st, int i, str v) {
    int64_t e8;
    if (!st->is_array[i - 1]) {
        put(st, i, v, 0); /* the database reads it */
        return;
    }
    if (st->types[i - 1] != PG_NUMERIC || !amount_parse_e8(v, &e8))
        trouble(st, i, "is no number");
    else
        put_block(st, i, pg_put_e8(PG_NUMERIC, e8, st->blocks[i - 1]));
}

/* What is no UTF-8 (a text of somebody else's that was cut in the middle of a letter) is told by
 * U+FFFD: the row matters more than that byte. */
static str clean(struct pg_stmt *st, int i, str v) {
    if (!st->cleaned) {
        st->cleaned = calloc((size_t)st->base.param_count, sizeof *st->cleaned);
        POST(st->cleaned != NULL);
    }
    struct buf *const b = &st->cleaned[i - 1];
    if (b->max == 0) buf_init(b, ARRAY_BYTES_MAX);
    buf_clear(b);
    for (ptrdiff_t at = 0; at < v.n;) {
        const ptrdiff_t from = at;
        const bool bad = str_utf8_next(v, &at) == 0xFFFD && at - from == 1;
        buf_put(b, bad ? STR("\xEF\xBF\xBD") : str_head(str_tail(v, from), at - from));
    }
    return buf_str(b);
}

void pg_bind_str(struct store_stmt *base, int i, str v) {
    struct pg_stmt *st = self_stmt(base);
    const pg_type type = st->types[i - 1];
    if (type == PG_NUMERIC || type == PG_FLOAT8) {
        bind_number(st, i, v);
        return;
    }
    PRE(type == PG_TEXT || type == PG_JSON || type == PG_BYTEA);
    if (type != PG_BYTEA && v.n > 0 && memchr(v.p, 0, (size_t)v.n) != NULL) {
        trouble(st, i, "is text with a zero byte, which PostgreSQL cannot keep");
        return;
    }
    put(st, i, type == PG_BYTEA || str_utf8_valid(v) ? v : clean(st, i, v), 1);
}

void pg_bind_blob(struct store_stmt *base, int i, str v) {
    PRE(self_stmt(base)->types[i - 1] == PG_BYTEA);
    put(self_stmt(base), i, v, 1);
}

void pg_bind_null(struct store_stmt *base, int i) {
    struct pg_stmt *st = self_stmt(base);
    if (st->is_array[i - 1]) {
        pg_array_put_null(&st->arrays[i - 1]);
        st->has_null[i - 1] = true;
        return;
    }
    st->values[i - 1] = NULL;
    st->lengths[i - 1] = 0;
    st->formats[i - 1] = 1;
}

/* -- running --------------------------------------------------------------------------------- */

/* Sends it and waits as far as that is wanted. */
static bool run(struct pg_stmt *st, struct error *err) {
    struct pg_store *s = st->store;
    if (st->troubled) {
        *err = st->trouble;
        return false;
    }
    if (s->failed) return fail_now(s, err);
    if (st->session != s->session || s->conn == NULL) return pg_fail_lost(err, s, st->text);
    pg_send_stmt(s, st, st->column_count > 0);
    const int64_t own = s->sent;
    st->sent = true;
    st->row = -1;
    s->wrote = s->wrote || st->writes;
    if (!s->base.in_transaction) pg_send_sync(s);
    if (st->column_count > 0)
        pg_wait(s, own);
    else if (!s->base.in_transaction)
        pg_wait_all(s);
    return !s->failed || fail_now(s, err);
}

/* Of one that was sent ahead. */
static bool take_answer(struct pg_stmt *st, struct error *err) {
    pg_wait(st->store, st->ahead);
    st->ahead = 0;
    return !st->store->failed || fail_now(st->store, err);
}

static bool next_row(struct pg_stmt *st) {
    if (st->one_by_one) return pg_stream_next(st);
    return st->result != NULL && ++st->row < pq.ntuples(st->result);
}

step_result pg_step(struct store_stmt *base, struct error *err) {
    struct pg_stmt *st = self_stmt(base);
    struct pg_store *s = st->store;
    if (!st->sent && !run(st, err)) return STEP_FAILED;
    if (st->ahead != 0 && !take_answer(st, err)) return STEP_FAILED;
    if (st->column_count == 0) return STEP_DONE;
    if (next_row(st)) return STEP_ROW;
    if (!s->failed) return STEP_DONE;
    fail_now(s, err);
    return STEP_FAILED;
}

void pg_reset(struct store_stmt *base) {
    struct pg_stmt *st = self_stmt(base);
    pg_stream_drop(st);
    pq.clear(st->result);
    st->result = NULL;
    st->in_use = false;
    if (!st->store->base.in_transaction)
        st->store->failed = false; /* it was told, or nobody asks */
}

bool pg_changes(struct store *base, int64_t *ret, struct error *err) {
    struct pg_store *s = pg_self(base);
    pg_wait_all(s);
    *ret = s->changes;
    return !s->failed || fail_now(s, err);
}

/* -- one statement for many rows ------------------------------------------------------------- */

void pg_rows_begin(struct store_stmt *base) {
    struct pg_stmt *st = self_stmt(base);
    const size_t n = (size_t)st->base.param_count;
    if (!st->arrays) {
        st->arrays = calloc(n, sizeof *st->arrays);
        st->has_null = calloc(n, sizeof *st->has_null);
        POST(st->arrays != NULL && st->has_null != NULL);
        for (size_t i = 0; i < n; i++) buf_init(&st->arrays[i], ARRAY_BYTES_MAX);
    }
    for (size_t i = 0; i < n; i++) {
        PRE(st->is_array[i]);
        buf_clear(&st->arrays[i]);
        pg_array_begin(&st->arrays[i]);
        st->has_null[i] = false;
    }
}

bool pg_rows_add(struct store_stmt *base, struct error *err) {
    struct pg_stmt *st = self_stmt(base);
    st->rows++;
    for (int i = 0; i < st->base.param_count; i++)
        if (buf_full(&st->arrays[i])) trouble(st, i + 1, "is more than fits one statement");
    if (!st->troubled) return true;
    *err = st->trouble;
    return false;
}

bool pg_rows_run(struct store_stmt *base, struct error *err) {
    struct pg_stmt *st = self_stmt(base);
    if (st->rows == 0) {
        st->store->changes = 0;
        return true;
    }
    for (int i = 0; i < st->base.param_count; i++) {
        pg_array_end(&st->arrays[i], st->types[i], st->rows, st->has_null[i]);
        st->values[i] = st->arrays[i].p;
        st->lengths[i] = (int)st->arrays[i].len;
        st->formats[i] = 1;
    }
    PRE(st->column_count == 0);
    return run(st, err);
}

/* -- columns --------------------------------------------------------------------------------- */

static bool is_null(const struct pg_stmt *st, int i) {
    return pq.getisnull(st->result, st->row, i) != 0;
}

static str bytes_of(const struct pg_stmt *st, int i) {
    return str_from_bytes(pq.getvalue(st->result, st->row, i),
                          pq.getlength(st->result, st->row, i));
}

int64_t pg_col_i64(struct store_stmt *base, int i) {
    const struct pg_stmt *st = self_stmt(base);
    int64_t v = 0;
    if (is_null(st, i)) return 0;
    const bool ok = pg_get_i64(st->column_types[i], bytes_of(st, i), &v);
    POST(ok); /* the statement gives something else than the program reads */
    return v;
}

/* What is no amount that the program keeps is one out of range. */
int64_t pg_col_e8(struct store_stmt *base, int i) {
    const struct pg_stmt *st = self_stmt(base);
    int64_t v = 0;
    if (is_null(st, i)) return 0;
    return pg_get_e8(st->column_types[i], bytes_of(st, i), &v) ? v : INT64_MAX;
}

usec pg_col_time(struct store_stmt *base, int i) {
    const struct pg_stmt *st = self_stmt(base);
    usec v = 0;
    if (is_null(st, i)) return 0;
    const bool ok = pg_get_time(st->column_types[i], bytes_of(st, i), &v);
    POST(ok);
    return v;
}

str pg_col_str(struct store_stmt *base, int i) {
    struct pg_stmt *st = self_stmt(base);
    str v = {0};
    if (is_null(st, i)) return v;
    const bool ok = pg_get_text(st->column_types[i], bytes_of(st, i), st->shown[i], &v);
    POST(ok);
    return v;
}

bool pg_col_bool(struct store_stmt *base, int i) {
    const struct pg_stmt *st = self_stmt(base);
    bool v = false;
    if (is_null(st, i)) return false;
    const bool ok = pg_get_bool(st->column_types[i], bytes_of(st, i), &v);
    POST(ok);
    return v;
}

bool pg_col_is_null(struct store_stmt *base, int i) { return is_null(self_stmt(base), i); }
