/* Who trades: a lease with a token, and the lock of a session.
 *
 * The row of `leader` says which token trades and until when its lease lasts by the database's
 * clock; the trader renews it each second, and with its commits. Beside that its session holds an
 * advisory lock of the token's number. Another may take over, with a token one higher, when the
 * lease ran out (the trader stands still, or its machine is gone) or when nobody holds the lock
 * (the process was killed: then at once).
 *
 * Who was taken over from may not know it. Its session says its token with each statement
 * (bullfinch.token), a trigger on each table that trades write to compares it with the row, and
 * locks the row until the transaction ends: its rows are refused, and nobody takes over while a
 * turn is half written. Of one that stands still, or never ends, the session is ended: by the
 * database after a lease of silence, or by who wants to take over and has waited long enough. Then
 * the turn is undone. So rows of two traders never mix.
 *
 * Failure: ERR_EXISTS names who trades; ERR_REFUSED, another has taken over. */
#include "store/pg_int.h"

#include <stdio.h>
#include <unistd.h>

#define LEASE_MS "3000"
#define KEEP_EVERY USEC_PER_S

/* Advisory locks of traders: (schema, token). */
static int64_t lock_class(const struct pg_store *s) {
    return (int64_t)(str_hash(str_from_z(s->url.schema)) & 0x7FFFFFFF);
}

static int64_t lock_number(int64_t token) { return token & 0x7FFFFFFF; }

struct leader {
    int64_t token, pid;
    bool leased;  /* its time has not run out */
    bool at_work; /* its session is there */
    char holder[96];
};

/* Without a lock: what it says may be over. */
static bool read_leader(struct pg_store *s, const struct sql *sql, struct leader *ret,
                        struct error *err) {
    struct query q;
    bool row;
    if (!query_open(&s->base, sql, &q, err)) return false;
    bind_i64(&q, lock_class(s));
    if (!query_row(&q, &row, err)) return false;
    if (!row) return fail(err, ERR_DAMAGED, 0, "%s: leader has no row", s->base.path);
    ret->token = col_i64(&q);
    ret->pid = col_i64(&q);
    ret->leased = col_bool(&q);
    ret->at_work = col_bool(&q);
    col_z(&q, ret->holder, sizeof ret->holder);
    query_close(&q);
    return true;
}

#define LEADER                                                                                     \
    "SELECT l.token, l.pid, l.holder <> '' AND l.expires_at > clock_timestamp(), EXISTS (SELECT "  \
    "1 "                                                                                           \
    "FROM pg_locks k WHERE k.locktype = 'advisory' AND k.database = (SELECT d.oid FROM "           \
    "pg_database d WHERE d.datname = current_database()) AND k.classid::bigint = $1 AND "          \
    "k.objid::bigint = l.token & 2147483647 AND k.objsubid = 2 AND k.granted), l.holder FROM "     \
    "leader l WHERE l.id = 1"

static bool is_trading(const struct leader *v) { return v->leased && v->at_work; }

static bool fail_taken(const struct pg_store *s, const struct leader *v, struct error *err) {
    return fail(err, ERR_EXISTS, (int)v->pid,
                "process %lld (%s) trades on %s already: one trader per store", (long long)v->pid,
                v->holder, s->base.path);
}

/* -- taking over ------------------------------------------------------------------------------- */

static bool write_leader(struct pg_store *s, int64_t token, struct error *err) {
    static const struct sql sql = {
        "UPDATE leader SET token = $1, holder = $2, pid = $3, taken_at = clock_timestamp(), "
        "expires_at = clock_timestamp() + interval '" LEASE_MS " ms' WHERE id = 1"};
    char host[64] = "", holder[96];
    struct query q;
    IGNORE(gethostname(host, sizeof host - 1) != 0, "then it has no name");
    snprintf(holder, sizeof holder, "%s:%ld", host, (long)getpid());
    if (!query_open(&s->base, &sql, &q, err)) return false;
    bind_i64(&q, token);
    bind_z(&q, holder);
    bind_i64(&q, getpid());
    return query_run(&q, err);
}

/* The lock of the token, and the session's settings; both end with it. Settings go back with a
 * transaction that is rolled back, a lock of a token that nobody has is in nobody's way. */
static bool dress_session(struct pg_store *s, int64_t token, struct error *err) {
    static const struct sql sql = {"SELECT pg_advisory_lock($1::integer, $2::integer), "
                                   "set_config('bullfinch.token', $3::text, false), "
                                   "set_config('idle_in_transaction_session_timeout', '" LEASE_MS
                                   "', false)"};
    char text[24];
    struct query q;
    bool row;
    snprintf(text, sizeof text, "%lld", (long long)token);
    if (!query_open(&s->base, &sql, &q, err)) return false;
    bind_i64(&q, lock_class(s));
    bind_i64(&q, lock_number(token));
    bind_z(&q, text);
    if (!query_row(&q, &row, err)) return false;
    query_close(&q);
    return true;
}

/* Inside an immediate transaction: nobody writes a turn meanwhile. */
static bool take_over(struct pg_store *s, int64_t *ret_token, struct error *err) {
    static const struct sql sql = {LEADER " FOR UPDATE"};
    struct leader v;
    if (!read_leader(s, &sql, &v, err)) return false;
    if (is_trading(&v)) return fail_taken(s, &v, err);
    *ret_token = v.token + 1;
    return write_leader(s, v.token + 1, err) && dress_session(s, v.token + 1, err);
}

/* Of a session that holds the lock of an old lease, and a turn that does not end. */
static bool end_session(struct pg_store *s, int64_t old_token, struct error *err) {
    static const struct sql sql = {
        "SELECT pg_terminate_backend(k.pid) FROM pg_locks k WHERE k.locktype = 'advisory' AND "
        "k.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()) AND "
        "k.classid::bigint = $1 AND k.objid::bigint = $2 AND k.objsubid = 2 AND k.granted"};
    struct query q;
    if (!query_open(&s->base, &sql, &q, err)) return false;
    bind_i64(&q, lock_class(s));
    bind_i64(&q, lock_number(old_token));
    return query_run(&q, err);
}

static bool look(struct pg_store *s, struct leader *ret, struct error *err) {
    static const struct sql sql = {LEADER};
    return read_leader(s, &sql, ret, err);
}

static bool try_to_lead(struct pg_store *s, struct error *err) {
    int64_t token = 0;
    if (!store_begin(&s->base, true, err)) return false;
    if (take_over(s, &token, err) && store_commit(&s->base, err)) {
        s->token = token;
        s->keep_at = time_monotonic_us() + KEEP_EVERY;
        return true;
    }
    store_rollback(&s->base);
    return false;
}

bool pg_trader_lock(struct store *base, struct error *err) {
    struct pg_store *s = pg_self(base);
    struct leader v;
    PRE(!base->in_transaction);
    if (s->token != 0) return pg_trader_keep(base, err);
    if (!look(s, &v, err)) return false; /* first without locks, which would be in its way */
    if (is_trading(&v)) return fail_taken(s, &v, err);
    if (try_to_lead(s, err)) return true;
    const struct error why = *err;
    const bool stuck = why.code == ERR_BUSY && look(s, &v, err) && !v.leased && v.at_work;
    if (stuck && end_session(s, v.token, err) && try_to_lead(s, err)) return true;
    if (!stuck) *err = why;
    return fail_in(err, "become the trader");
}

/* -- staying, and leaving ---------------------------------------------------------------------- */

static bool fail_fenced(struct pg_store *s, struct error *err) {
    struct error why;
    struct leader v = {0};
    if (!look(s, &v, &why)) IGNORE(v.holder[0], "then it is told without a name");
    return fail(err, ERR_REFUSED, 0,
                "another trader has taken over %s%s%s: this one was silent for longer than its "
                "lease, and stops",
                s->base.path, v.holder[0] ? ": " : "", v.holder);
}

static bool renew(struct pg_store *s, struct error *err) {
    static const struct sql sql = {
        "UPDATE leader SET expires_at = clock_timestamp() + interval '" LEASE_MS
        " ms' WHERE id = 1 AND token = $1"};
    struct query q;
    s->keep_at = time_monotonic_us() + KEEP_EVERY;
    if (!query_open(&s->base, &sql, &q, err)) return false;
    bind_i64(&q, s->token);
    return query_run(&q, err);
}

void pg_trader_commits(struct pg_store *s) {
    struct error err;
    if (time_monotonic_us() < s->keep_at) return;
    IGNORE(!renew(s, &err), "the commit tells what is wrong");
}

bool pg_trader_keep(struct store *base, struct error *err) {
    struct pg_store *s = pg_self(base);
    int64_t rows;
    if (s->token == 0) return true;                 /* this is no trader's */
    if (base->in_transaction) return renew(s, err); /* its rows are fenced anyway */
    return renew(s, err) && query_changes(base, &rows, err) && (rows == 1 || fail_fenced(s, err));
}

bool pg_trader_running(struct store *base, int64_t *ret_pid) {
    struct pg_store *s = pg_self(base);
    struct error err;
    struct leader v;
    *ret_pid = 0;
    if (!look(s, &v, &err) || !is_trading(&v)) return false;
    *ret_pid = v.pid;
    return true;
}

void pg_trader_release(struct pg_store *s) {
    static const struct sql sql = {
        "UPDATE leader SET holder = '', expires_at = '-infinity' WHERE id = 1 AND token = $1"};
    struct query q;
    struct error err;
    if (s->token == 0 || !query_open(&s->base, &sql, &q, &err)) return;
    bind_i64(&q, s->token);
    IGNORE(!query_run(&q, &err), "the lock goes with the session");
}
