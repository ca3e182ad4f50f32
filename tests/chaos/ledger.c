/* ledger: see the header. A connection for each question: they are few, and the server may be
 * another one by the next. Thread: any, one question each. */
#include "ledger.h"

#include <stdio.h>
#include <stdlib.h>

#include <hiredis.h>
#include <libpq-fe.h>

const char ledger_witness[] =
    "CREATE SCHEMA chaos;"
    "CREATE TABLE chaos.writes (seq BIGSERIAL PRIMARY KEY, what TEXT NOT NULL, mine TEXT, "
    "held BIGINT NOT NULL);"
    "CREATE FUNCTION chaos.witness() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "INSERT INTO chaos.writes (what, mine, held) SELECT TG_TABLE_NAME, "
    "current_setting('bullfinch.token', true), l.token FROM public.leader l; RETURN NULL; END $$;"
    "CREATE TRIGGER witness AFTER INSERT OR UPDATE OR DELETE ON public.intents FOR EACH STATEMENT "
    "EXECUTE FUNCTION chaos.witness();"
    "CREATE TRIGGER witness AFTER INSERT OR UPDATE OR DELETE ON public.trades FOR EACH STATEMENT "
    "EXECUTE FUNCTION chaos.witness();"
    "CREATE TRIGGER witness AFTER INSERT OR UPDATE OR DELETE ON public.orders FOR EACH STATEMENT "
    "EXECUTE FUNCTION chaos.witness();"
    "CREATE TRIGGER witness AFTER INSERT OR UPDATE OR DELETE ON public.fills FOR EACH STATEMENT "
    "EXECUTE FUNCTION chaos.witness();"
    "CREATE TRIGGER witness AFTER INSERT OR UPDATE OR DELETE ON public.positions FOR EACH "
    "STATEMENT "
    "EXECUTE FUNCTION chaos.witness();";

/* --- PostgreSQL ------------------------------------------------------------------------------- */

static void quiet(void *ctx, const char *message) { (void)ctx, (void)message; }

/* NULL: it is not there, or does not answer soon. */
static PGconn *open_ledger(const struct rig *r, const char *database) {
    char port[16];
    snprintf(port, sizeof port, "%d", r->pg_port);
    const char *const names[] = {"host",    "port", "user", "dbname", "connect_timeout",
                                 "options", NULL};
    const char *const values[] = {
        "127.0.0.1", port, "bullfinch", database, "5", "-c statement_timeout=20000", NULL};
    PGconn *const c = PQconnectdbParams(names, values, 0);
    PQsetNoticeProcessor(c, quiet, NULL);
    if (PQstatus(c) == CONNECTION_OK) return c;
    PQfinish(c);
    return NULL;
}

bool ledger_wait(const struct rig *r, const char *database, usec patience) {
    const usec until = time_monotonic_us() + patience;
    do {
        PGconn *const c = open_ledger(r, database);
        if (c != NULL) {
            PQfinish(c);
            return true;
        }
        wait_ms(100);
    } while (time_monotonic_us() < until);
    return false;
}

/* The caller's; NULL: told where `loud`. */
static PGresult *ask(const struct rig *r, const char *database, const char *sql, bool loud) {
    PGconn *const c = open_ledger(r, database);
    if (c == NULL) {
        if (loud) tell("PostgreSQL does not answer");
        return NULL;
    }
    PGresult *result = PQexec(c, sql);
    const ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        if (loud) tell("%.200s: %s", sql, PQresultErrorMessage(result));
        PQclear(result);
        result = NULL;
    }
    PQfinish(c);
    return result;
}

bool ledger_do(const struct rig *r, const char *database, const char *sql) {
    PGresult *const result = ask(r, database, sql, true);
    PQclear(result);
    return result != NULL;
}

bool ledger_number(const struct rig *r, const char *sql, int64_t *ret) {
    PGresult *const result = ask(r, "bullfinch", sql, false);
    if (result == NULL) return false;
    int64_t n = 0;
    const bool ok = PQntuples(result) == 0 || PQgetisnull(result, 0, 0) ||
                    str_to_i64(str_from_z(PQgetvalue(result, 0, 0)), &n);
    PQclear(result);
    if (ok) *ret = n;
    return ok;
}

int64_t ledger_count(const struct rig *r, const char *sql) {
    int64_t n;
    if (!ledger_number(r, sql, &n)) give_up("PostgreSQL gives no number for: %s", sql);
    return n;
}

void ledger_each(const struct rig *r, const char *sql,
                 void (*row)(void *to, const char *const *columns), void *to) {
    const char *columns[16];
    PGresult *const result = ask(r, "bullfinch", sql, true);
    if (result == NULL) give_up("PostgreSQL has no answer to: %s", sql);
    const int n = PQnfields(result);
    PRE(n <= COUNT_OF(columns));
    for (int i = 0; i < PQntuples(result); i++) {
        for (int k = 0; k < n; k++)
            columns[k] = PQgetisnull(result, i, k) ? NULL : PQgetvalue(result, i, k);
        row(to, columns);
    }
    PQclear(result);
}

static void query(void *ctx, const char *sql, void (*row)(void *to, const char *const *columns),
                  void *to) {
    ledger_each(ctx, sql, row, to);
}

void ledger_books(const struct rig *r, struct books *ret) {
    struct rig here = *r;
    const struct books_from from = {
        .ctx = &here,
        .query = query,
        .orders = "SELECT o.client_order_id, o.venue_order_id, o.symbol, o.status, t.status, "
                  "o.filled_quantity, o.quote_filled FROM orders o LEFT JOIN trades t ON t.id = "
                  "o.trade_id ORDER BY o.id",
        .fills = "SELECT o.venue_order_id, f.symbol, f.quantity, f.quote, f.fee FROM fills f "
                 "LEFT JOIN orders o ON o.id = f.order_id ORDER BY f.id",
        .trades = "SELECT status FROM trades"};
    books_read(ret, &from);
}

/* --- Redis ------------------------------------------------------------------------------------ */

/* -1: no answer. */
static int64_t redis_int(redisContext *c, const char *command, const char *key) {
    redisReply *const reply = redisCommand(c, "%s %s", command, key);
    const int64_t n = reply != NULL && reply->type == REDIS_REPLY_INTEGER ? reply->integer : -1;
    if (reply != NULL) freeReplyObject(reply);
    return n;
}

static bool is_kind(redisContext *c, const char *key, const char *kind) {
    redisReply *const reply = redisCommand(c, "TYPE %s", key);
    const bool is =
        reply != NULL && reply->type == REDIS_REPLY_STATUS && strcmp(reply->str, kind) == 0;
    if (reply != NULL) freeReplyObject(reply);
    return is;
}

/* What is done is deleted from its stream; pauses are sorted sets. */
bool ledger_jobs(const struct rig *r, int64_t *ret) {
    const struct timeval patience = {5, 0};
    int64_t sum = 0;
    redisContext *const c = redisConnectWithTimeout("127.0.0.1", r->redis_port, patience);
    bool ok = c != NULL && c->err == 0 && redisSetTimeout(c, patience) == REDIS_OK;
    redisReply *const keys = ok ? redisCommand(c, "KEYS *") : NULL;
    ok = keys != NULL && keys->type == REDIS_REPLY_ARRAY;
    for (size_t i = 0; ok && i < keys->elements; i++) {
        const char *const key = keys->element[i]->str;
        int64_t n = 0;
        if (is_kind(c, key, "stream")) n = redis_int(c, "XLEN", key);
        if (is_kind(c, key, "zset")) n = redis_int(c, "ZCARD", key);
        ok = n >= 0;
        sum += n;
    }
    if (keys != NULL) freeReplyObject(keys);
    if (c != NULL) redisFree(c);
    if (ok) *ret = sum;
    return ok;
}
