/* Statements: binding parameters and reading columns in their order.
 *
 * Not for: SQL of a particular database (the back-ends) or of a particular table (the other files).
 * In: a struct sql, found again by its address. Invariants: every parameter is bound before the
 * first row (asserted), so no value of the turn before can slip in; a statement serves one query at
 * a time. Failure: the back-end's error is passed on, the query is closed, and a transaction around
 * it can only be rolled back (`spoiled`): SQLite may have rolled it back by itself, and what came
 * after would be committed row by row. Thread: the connection's. */
#include "store/store_int.h"

bool query_open(struct store *s, const struct sql *sql, struct query *ret, struct error *err) {
    if (s->spoiled) {
        return fail(err, ERR_STATE, 0, "%s: a statement failed before, roll back", store_path(s));
    }
    const bool own = s->ops->dialect == DIALECT_POSTGRESQL && sql->postgresql != NULL;
    struct store_stmt *st = NULL;
    if (!s->ops->prepare(s, own ? sql->postgresql : sql->text, &st, err)) return false;
    *ret = (struct query){.s = s, .st = st};
    if (sql->large && s->ops->one_by_one) s->ops->one_by_one(st);
    return true;
}

void query_ahead(struct store *s, const struct sql *sql) {
    const bool own = s->ops->dialect == DIALECT_POSTGRESQL && sql->postgresql != NULL;
    if (s->ops->ahead && !s->spoiled) s->ops->ahead(s, own ? sql->postgresql : sql->text);
}

void query_close(struct query *q) {
    if (q->st) q->st->ops->reset(q->st);
    q->st = NULL;
}

bool query_row(struct query *q, bool *ret_row, struct error *err) {
    PRE(q->st != NULL);
    PRE(q->params == q->st->param_count);
    q->cols = 0;
    q->odd = false;
    store_meter_asked(q->s);
    const step_result result = q->st->ops->step(q->st, err);
    if (result == STEP_ROW) {
        store_meter_answered();
        *ret_row = true;
        return true;
    }
    query_close(q);
    if (result == STEP_FAILED) {
        store_meter_failed(err);
        q->s->spoiled = q->s->in_transaction;
        return false;
    }
    *ret_row = false;
    return true;
}

bool query_open_many(struct store *s, const struct sql *sql, struct query *ret, struct error *err) {
    if (!query_open(s, sql, ret, err)) return false;
    ret->many = true;
    s->ops->rows_begin(ret->st);
    return true;
}

/* A statement for many rows that failed is closed, as any other. */
static bool many_failed(struct query *q) {
    q->s->spoiled = q->s->in_transaction;
    query_close(q);
    return false;
}

bool query_add(struct query *q, struct error *err) {
    PRE(q->st != NULL && q->many);
    PRE(q->params == q->st->param_count);
    q->params = 0;
    return q->st->ops->rows_add(q->st, err) || many_failed(q);
}

static bool run_many(struct query *q, struct error *err) {
    PRE(q->params == 0); /* the last row was added */
    if (!q->st->ops->rows_run(q->st, err)) return many_failed(q);
    query_close(q);
    return true;
}

bool query_run(struct query *q, struct error *err) {
    bool row = true;
    if (q->many) return run_many(q, err);
    while (row) {
        if (!query_row(q, &row, err)) return false;
    }
    return true;
}

bool query_changes(struct store *s, int64_t *ret, struct error *err) {
    if (s->ops->changes(s, ret, err)) return true;
    s->spoiled = s->in_transaction;
    return false;
}

bool query_exec(struct store *s, const struct sql *sql, struct error *err) {
    struct query q;
    return query_open(s, sql, &q, err) && query_run(&q, err);
}

bool query_i64(struct query *q, int64_t *ret, bool *ret_found, struct error *err) {
    bool row;
    if (!query_row(q, &row, err)) return false;
    *ret_found = row && !col_is_null(q);
    if (*ret_found) *ret = col_i64(q);
    query_close(q);
    return true;
}

bool query_e8(struct query *q, int64_t *ret, bool *ret_found, struct error *err) {
    bool row;
    if (!query_row(q, &row, err)) return false;
    *ret_found = row && !col_is_null(q);
    if (*ret_found) *ret = col_e8(q);
    const bool odd = q->odd;
    query_close(q);
    return !odd || fail(err, ERR_DAMAGED, 0,
                        "%s: a sum leaves the range of amounts: run "
                        "`bullfinch db check`",
                        q->s->path);
}

/* -- parameters ------------------------------------------------------------------------------ */

void bind_i64(struct query *q, int64_t v) { q->st->ops->bind_i64(q->st, ++q->params, v); }
void bind_bool(struct query *q, bool v) { q->st->ops->bind_bool(q->st, ++q->params, v); }
void bind_e8(struct query *q, int64_t e8) { q->st->ops->bind_e8(q->st, ++q->params, e8); }
void bind_time(struct query *q, usec v) { q->st->ops->bind_time(q->st, ++q->params, v); }
void bind_str(struct query *q, str v) { q->st->ops->bind_str(q->st, ++q->params, v); }
void bind_blob(struct query *q, str v) { q->st->ops->bind_blob(q->st, ++q->params, v); }
void bind_z(struct query *q, const char *z) { bind_str(q, str_from_z(z)); }
void bind_null(struct query *q) { q->st->ops->bind_null(q->st, ++q->params); }

void bind_id(struct query *q, int64_t v) {
    if (v == 0)
        bind_null(q);
    else
        bind_i64(q, v);
}

void bind_e8_or_null(struct query *q, int64_t e8) {
    if (e8 == 0)
        bind_null(q);
    else
        bind_e8(q, e8);
}

void bind_time_or_null(struct query *q, usec v) {
    if (v == 0)
        bind_null(q);
    else
        bind_time(q, v);
}

void bind_str_or_null(struct query *q, str v) {
    if (v.n == 0)
        bind_null(q);
    else
        bind_str(q, v);
}

void bind_z_or_null(struct query *q, const char *z) { bind_str_or_null(q, str_from_z(z)); }

/* -- columns --------------------------------------------------------------------------------- */

int64_t col_i64(struct query *q) { return q->st->ops->col_i64(q->st, q->cols++); }
bool col_bool(struct query *q) { return q->st->ops->col_bool(q->st, q->cols++); }
usec col_time(struct query *q) { return q->st->ops->col_time(q->st, q->cols++); }
str col_str(struct query *q) { return q->st->ops->col_str(q->st, q->cols++); }
bool col_is_null(struct query *q) { return q->st->ops->col_is_null(q->st, q->cols); }

int64_t col_e8(struct query *q) {
    const int64_t v = q->st->ops->col_e8(q->st, q->cols++);
    if (v >= -AMOUNT_E8_MAX && v <= AMOUNT_E8_MAX) return v;
    q->odd = true;
    return 0;
}

int64_t col_volume(struct query *q) { return q->st->ops->col_e8(q->st, q->cols++); }

int32_t col_i32(struct query *q) { return (int32_t)i64_clamp(col_i64(q), INT32_MIN, INT32_MAX); }

void col_z(struct query *q, char *dst, ptrdiff_t dst_bytes) {
    IGNORE(str_copyz(col_str(q), dst, dst_bytes), "what is longer was not written by us");
}
