/* What was sent to PostgreSQL and not answered yet.
 *
 * libpq's pipeline mode: a statement is written into a buffer, the server runs what it gets in that
 * order, and answers come in the same order. Nobody waits for a statement that gives no rows; who
 * needs something that came of one waits for all before it as well. Each thing sent stands in a
 * ring until it is answered: where there are many, the oldest half is waited for, so that neither
 * side ever waits for the other to read.
 *
 * Whoever waits sends a sync behind what is waited for: the server answers up to there, knows that
 * nothing more is to come for now (and counts how long, where it may not be for ever), and after an
 * error passes over everything before it. The first error is kept (failed, first) and named by the
 * statement that caused it; what follows it says nothing.
 *
 * Rows that come one by one occupy the connection. When something else is to be sent before they
 * are at their end, the rest of them is taken into memory first.
 *
 * In, out: a connection in pipeline mode that does not block on writing. Failure: kept in the
 * store, told by whoever asks next. Thread: the connection's. */
#include "store/pg_int.h"

#include <stdlib.h>

#define ROOM_FOR_SYNC 8 /* places of the ring that are never used up by statements */

/* -- errors ---------------------------------------------------------------------------------- */

static void note_failure(struct pg_store *s, const PGresult *res, const char *text) {
    if (s->failed) return; /* what follows from the first */
    s->failed = true;
    /* What libpq says itself, of a connection that is gone, has no SQLSTATE. */
    s->went_silent = res == NULL || pq.resultErrorField(res, PG_DIAG_SQLSTATE) == NULL;
    pg_fail_result(&s->first, s, res, text);
}

void pg_lose(struct pg_store *s, const char *text) {
    if (!s->failed) {
        s->failed = s->went_silent = true;
        pg_fail_lost(&s->first, s, text);
    }
    if (s->reader) s->reader->streaming = false;
    s->reader = NULL;
    s->done = s->asked = s->sent;
    if (s->conn) pq.finish(s->conn);
    s->conn = NULL;
    s->listening = false;
    s->version++; /* whatever was committed meanwhile */
}

static bool is_lost(const struct pg_store *s) {
    return s->conn == NULL || pq.status(s->conn) != CONNECTION_OK;
}

/* -- sending --------------------------------------------------------------------------------- */

static void make_room(struct pg_store *s) {
    if (s->sent - s->done >= PG_PENDING_MAX - ROOM_FOR_SYNC)
        pg_wait(s, s->sent - PG_PENDING_MAX / 2);
}

/* went: what libpq says of the sending; what is written down is answered later. */
static void note_sent(struct pg_store *s, int went, const struct pg_pending *p) {
    if (went != 1 || is_lost(s)) {
        pg_lose(s, p->text);
        return;
    }
    s->pending[s->sent++ % PG_PENDING_MAX] = *p;
}

void pg_send_text(struct pg_store *s, const char *text) {
    const struct pg_pending p = {.text = text};
    pg_stream_keep(s);
    make_room(s);
    if (s->conn == NULL) return;
    note_sent(s, pq.sendQueryParams(s->conn, text, 0, NULL, NULL, NULL, NULL, 1), &p);
}

void pg_send_stmt(struct pg_store *s, struct pg_stmt *st, bool wants_rows) {
    const struct pg_pending p = {.text = st->text, .wants = wants_rows ? st : NULL};
    pg_stream_keep(s);
    make_room(s);
    if (s->conn == NULL) return;
    /* Many rows that are looked for are planned each time: a plan made for a table of a few rows
     * would be kept when there are a million, and planning costs little beside what they write. */
    const int count = st->base.param_count;
    const int sent = st->rows > 0 && str_starts(str_from_z(st->text), STR("UPDATE"))
                         ? pq.sendQueryParams(s->conn, st->text, count, NULL, st->values,
                                              st->lengths, st->formats, 1)
                         : pq.sendQueryPrepared(s->conn, st->name, count, st->values, st->lengths,
                                                st->formats, 1);
    note_sent(s, sent, &p);
}

void pg_send_prepare(struct pg_store *s, struct pg_stmt *st) {
    const struct pg_pending made = {.text = st->text};
    const struct pg_pending told = {.text = st->text, .described = st};
    pg_stream_keep(s);
    make_room(s);
    if (s->conn == NULL) return;
    note_sent(s, pq.sendPrepare(s->conn, st->name, st->text, 0, NULL), &made);
    if (s->conn == NULL) return;
    note_sent(s, pq.sendDescribePrepared(s->conn, st->name), &told);
}

void pg_send_sync(struct pg_store *s) {
    const struct pg_pending p = {.text = "", .is_sync = true};
    pg_stream_keep(s);
    if (s->conn == NULL) return;
    note_sent(s, pq.pipelineSync(s->conn), &p);
    s->asked = s->sent;
}

/* -- answers --------------------------------------------------------------------------------- */

/* The numbers of its types, and how many columns it gives. */
static void describe(struct pg_stmt *st, const PGresult *res) {
    const int count = pq.nparams(res);
    st->base.param_count = count;
    st->column_count = pq.nfields(res);
    const size_t n = (size_t)(count > 0 ? count : 1);
    const size_t columns = (size_t)(st->column_count > 0 ? st->column_count : 1);
    if (!st->types) {
        st->types = calloc(n, sizeof *st->types);
        st->is_array = calloc(n, sizeof *st->is_array);
        st->values = calloc(n, sizeof *st->values);
        st->lengths = calloc(n, sizeof *st->lengths);
        st->formats = calloc(n, sizeof *st->formats);
        st->blocks = calloc(n, sizeof *st->blocks);
        st->column_types = calloc(columns, sizeof *st->column_types);
        st->shown = calloc(columns, sizeof *st->shown);
        POST(st->types && st->is_array && st->values && st->lengths && st->formats && st->blocks &&
             st->column_types && st->shown);
    }
    for (int i = 0; i < count; i++) {
        const uint32_t oid = pq.paramtype(res, i);
        st->types[i] = pg_type_from_oid(oid);
        st->is_array[i] = st->types[i] == PG_OTHER;
        if (st->is_array[i]) st->types[i] = pg_type_from_array_oid(oid);
    }
    for (int i = 0; i < st->column_count; i++)
        st->column_types[i] = pg_type_from_oid(pq.ftype(res, i));
}

static int64_t changes_of(PGresult *res) {
    int64_t n = 0;
    return str_to_i64(str_from_z(pq.cmdTuples(res)), &n) ? n : 0;
}

/* Takes the result over. */
static void note_answer(struct pg_store *s, const struct pg_pending *p, PGresult *res) {
    switch (pq.resultStatus(res)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
        if (p->described) {
            describe(p->described, res);
        } else {
            s->changes = changes_of(res);
        }
        if (p->wants) {
            PRE(p->wants->result == NULL);
            p->wants->result = res;
            return;
        }
        break;
    case PGRES_PIPELINE_ABORTED:
        break; /* the first error says why */
    case PGRES_FATAL_ERROR:
    case PGRES_BAD_RESPONSE:
    case PGRES_NONFATAL_ERROR:
    case PGRES_EMPTY_QUERY:
    case PGRES_COPY_OUT:
    case PGRES_COPY_IN:
    case PGRES_COPY_BOTH:
    case PGRES_SINGLE_TUPLE:
    case PGRES_PIPELINE_SYNC:
        note_failure(s, res, p->text);
        break;
    }
    pq.clear(res);
}

static void take_sync(struct pg_store *s) {
    PGresult *res = pq.getResult(s->conn);
    while (res != NULL && pq.resultStatus(res) != PGRES_PIPELINE_SYNC && !is_lost(s)) {
        pq.clear(res);
        res = pq.getResult(s->conn);
    }
    pq.clear(res);
}

/* The answer to the oldest; of rows that come one by one only that they begin. */
static void take_one(struct pg_store *s) {
    const struct pg_pending p = s->pending[s->done % PG_PENDING_MAX];
    if (p.is_sync) {
        take_sync(s);
    } else if (p.wants && p.wants->one_by_one) {
        if (pq.setSingleRowMode(s->conn) == 1) {
            p.wants->streaming = true;
            s->reader = p.wants;
            return;
        }
        note_failure(s, NULL, p.text);
    } else {
        PGresult *res;
        while (!is_lost(s) && (res = pq.getResult(s->conn)) != NULL) note_answer(s, &p, res);
    }
    if (is_lost(s))
        pg_lose(s, p.text);
    else
        s->done++;
}

/* Has the first thing behind `done` begun to give its rows one by one? Then it stands there. */
static bool is_reading(const struct pg_store *s) { return s->reader != NULL; }

static bool next_is_sync(const struct pg_store *s) {
    return s->done < s->sent && s->pending[s->done % PG_PENDING_MAX].is_sync;
}

void pg_wait(struct pg_store *s, int64_t upto) {
    if (s->asked < upto && s->done < upto) pg_send_sync(s);
    while (s->done < upto && s->conn != NULL) {
        if (is_reading(s)) pg_stream_keep(s);
        if (s->done >= upto || s->conn == NULL) break;
        take_one(s);
        if (is_reading(s) && s->done + 1 >= upto) return; /* its rows are read by who asked */
    }
    while (s->conn != NULL && next_is_sync(s)) take_one(s);
}

void pg_wait_all(struct pg_store *s) {
    pg_wait(s, s->sent);
    pg_stream_keep(s);
}

/* -- rows one by one --------------------------------------------------------------------------- */

static void end_stream(struct pg_store *s, struct pg_stmt *st) {
    st->streaming = false;
    s->reader = NULL;
    s->done++;
}

/* The next that came, NULL at the end or after a failure. */
static PGresult *next_of_stream(struct pg_stmt *st) {
    struct pg_store *s = st->store;
    PGresult *res = pq.getResult(s->conn);
    if (res != NULL && pq.resultStatus(res) == PGRES_SINGLE_TUPLE) return res;
    while (res != NULL && !is_lost(s)) { /* that was all, or an error; then NULL */
        const ExecStatusType status = pq.resultStatus(res);
        if (status != PGRES_TUPLES_OK && status != PGRES_PIPELINE_ABORTED)
            note_failure(s, res, st->text);
        pq.clear(res);
        res = pq.getResult(s->conn);
    }
    if (is_lost(s)) {
        pq.clear(res);
        pg_lose(s, st->text);
    } else {
        end_stream(s, st);
    }
    return NULL;
}

bool pg_stream_next(struct pg_stmt *st) {
    pq.clear(st->result);
    st->result = NULL;
    st->row = 0;
    if (st->kept_at < st->kept_count)
        st->result = st->kept[st->kept_at++];
    else if (st->streaming)
        st->result = next_of_stream(st);
    return st->result != NULL;
}

static void keep_row(struct pg_stmt *st, PGresult *res) {
    if (st->kept_count == st->kept_max) {
        const int more = st->kept_max > 0 ? 2 * st->kept_max : 64;
        PGresult **kept = realloc(st->kept, (size_t)more * sizeof(PGresult *));
        POST(kept != NULL);
        st->kept = kept;
        st->kept_max = more;
    }
    st->kept[st->kept_count++] = res;
}

void pg_stream_keep(struct pg_store *s) {
    struct pg_stmt *const st = s->reader;
    while (st != NULL && st->streaming) {
        PGresult *res = next_of_stream(st);
        if (res != NULL) keep_row(st, res);
    }
}

void pg_stream_drop(struct pg_stmt *st) {
    while (st->streaming) pq.clear(next_of_stream(st));
    while (st->kept_at < st->kept_count) pq.clear(st->kept[st->kept_at++]);
    free(st->kept);
    st->kept = NULL;
    st->kept_count = st->kept_at = st->kept_max = 0;
}
