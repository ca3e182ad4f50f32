/* What one process at a time does, and goes on doing: a claim that outlives its connection.
 *
 * A claim is an advisory lock, and goes with the session (store_claim). Who holds one has a token,
 * too, that rises with each who takes it and stands in `cursors`. Before a new session of his is
 * used for anything, it takes the lock again and compares the token: where another has the lock, or
 * had it meanwhile, the session is ended, and nothing is done by it. So whoever was taken over
 * from, whether he knows it or not, stores nothing any more: what he had begun was undone with the
 * session whose lock was free.
 *
 * A connection may be lost on our side alone; then the old session of ours has the lock until the
 * server finds out. It is ended by the new one.
 *
 * Failure: ERR_REFUSED, another has taken it; what a lost connection gives. */
#include "store/pg_int.h"

#include <stdio.h>
#include <unistd.h>

#define OLD_PAUSE (50 * USEC_PER_MS) /* until a session of ours that was ended is gone */
#define OLD_TRIES 20

/* Rows of pg_locks, of the lock that store_claim takes for a name. */
#define LOCKS(name)                                                                                \
    "FROM pg_locks k WHERE k.locktype = 'advisory' AND k.objsubid = 1 AND k.granted AND "          \
    "k.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()) AND "     \
    "k.objid::bigint = hashtext(current_schema() || " name ")::bigint & 4294967295"

/* -- taking it --------------------------------------------------------------------------------- */

bool pg_claim_taken(struct store *base, str name, bool *ret_taken, struct error *err) {
    static const struct sql sql = {"SELECT EXISTS (SELECT 1 " LOCKS("$1") ")"};
    struct query q;
    bool row;
    if (!query_open(base, &sql, &q, err)) return false;
    bind_str(&q, name);
    if (!query_row(&q, &row, err)) return false;
    *ret_taken = row && col_bool(&q);
    query_close(&q);
    return true;
}

/* One more than who took it last. PRE: the lock is ours. */
static bool raise_token(struct store *base, str name, int64_t *ret, struct error *err) {
    static const struct sql sql = {
        "INSERT INTO cursors (name, value) VALUES ('claim:' || $1::text, '1'::bytea) ON CONFLICT "
        "(name) DO UPDATE SET value = convert_to((convert_from(cursors.value, 'UTF8')::bigint + "
        "1)::text, 'UTF8') RETURNING convert_from(value, 'UTF8')::bigint"};
    struct query q;
    bool found;
    if (!query_open(base, &sql, &q, err)) return false;
    bind_str(&q, name);
    if (!query_i64(&q, ret, &found, err)) return false;
    POST(found);
    return true;
}

bool pg_hold(struct store *base, str name, bool *ret_mine, struct error *err) {
    struct pg_store *s = pg_self(base);
    int64_t token = 0;
    PRE(!base->in_transaction && s->held[0] == '\0');
    if (!store_claim(base, name, ret_mine, err) || !*ret_mine) return !*ret_mine;
    const int64_t session = s->session;
    if (!raise_token(base, name, &token, err)) return false;
    *ret_mine = s->session == session; /* else the lock went with the one before */
    if (!*ret_mine) return true;
    POST(str_copyz(name, s->held, sizeof s->held));
    s->hold_token = token;
    s->hold_pid = pq.backendPID(s->conn);
    return true;
}

/* -- keeping it -------------------------------------------------------------------------------- */

static bool fail_taken(const struct pg_store *s, struct error *err) {
    return fail(err, ERR_REFUSED, 0,
                "%s: another process has taken over %s while this one had no connection: it stops",
                s->base.path, s->held);
}

typedef enum hold_answer { HOLD_OURS, HOLD_STALE, HOLD_TAKEN } hold_answer;

/* A number of one row, asked before the connection is used in any other way. */
static bool ask(struct pg_store *s, const char *text, int64_t *ret, struct error *err) {
    PGresult *res = pq.exec(s->conn, text);
    bool ok = pq.resultStatus(res) == PGRES_TUPLES_OK && pq.ntuples(res) == 1;
    if (!ok) pg_fail_result(err, s, res, "SELECT FROM pg_locks");
    if (ok) POST(str_to_i64(str_from_z(pq.getvalue(res, 0, 0)), ret));
    pq.clear(res);
    return ok;
}

static bool take_again(struct pg_store *s, hold_answer *ret, struct error *err) {
    char text[320];
    int64_t n;
    snprintf(text, sizeof text,
             "SELECT CASE WHEN NOT pg_try_advisory_lock(hashtext(current_schema() || '%s')) THEN "
             "%d WHEN EXISTS (SELECT 1 FROM cursors WHERE name = 'claim:%s' AND value = "
             "'%lld'::bytea) THEN %d ELSE %d END",
             s->held, HOLD_TAKEN, s->held, (long long)s->hold_token, HOLD_OURS, HOLD_STALE);
    if (!ask(s, text, &n, err)) return false;
    *ret = (hold_answer)n;
    return true;
}

/* *ret_any: it had the lock. */
static bool end_old_session(struct pg_store *s, bool *ret_any, struct error *err) {
    char text[512];
    int64_t n;
    snprintf(text, sizeof text,
             "SELECT count(pg_terminate_backend(k.pid)) " LOCKS("'%s'") " AND k.pid = %d", s->held,
             s->hold_pid);
    if (!ask(s, text, &n, err)) return false;
    *ret_any = n > 0;
    return true;
}

bool pg_hold_again(struct pg_store *s, struct error *err) {
    hold_answer got = HOLD_TAKEN;
    bool old = true;
    if (s->hold_lost) return fail_taken(s, err);
    for (int i = 0; i < OLD_TRIES && got == HOLD_TAKEN && (old || i == 1); i++) {
        if (i > 0) usleep((useconds_t)OLD_PAUSE);
        if (!take_again(s, &got, err)) return false;
        /* not the old one's: that may have ended just now, so it is tried once more */
        if (got == HOLD_TAKEN && !end_old_session(s, &old, err)) return false;
    }
    s->hold_lost = got != HOLD_OURS;
    if (s->hold_lost) return fail_taken(s, err);
    s->hold_pid = pq.backendPID(s->conn);
    return true;
}

bool pg_hold_check(struct store *base, struct error *err) {
    struct pg_store *s = pg_self(base);
    PRE(!base->in_transaction);
    return s->held[0] == '\0' || pg_connected(s, err);
}
