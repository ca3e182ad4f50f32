/* The store's primitives on PostgreSQL (13 and newer): the connection and its transactions.
 *
 * Not for: any table of ours (the shared files). One connection, one thread; a process that needs
 * several opens several stores, so there is no pool.
 *
 * Transactions. An immediate one stands for SQLite's write lock: it holds an advisory lock of the
 * schema, so that turns of the trader and commands of people follow one another, and sees what
 * those before it committed. A plain one that begins by reading sees one moment of the store; one
 * that begins by writing sees what others commit meanwhile, and waits for nobody but for who writes
 * the same rows. BEGIN is sent with the first statement, COMMIT with the last: what has no result
 * to give costs no wait (pg_pipe.c).
 *
 * A connection that broke is made again at the next statement outside of a transaction, a few times
 * with a growing pause; a trader's is not, because its session held the lock by which nobody else
 * traded (pg_leader.c). One whose session held a claim takes that again first (pg_hold.c).
 *
 * Failure: each SQLSTATE becomes an error that says what to do (pg_error.c). A connection that
 * breaks while it commits leaves open whether it did: ERR_UNKNOWN, and the rows say. */
#include "store/pg_int.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define VERSION_LEAST 130000
#define CONNECT_TIMEOUT_S "5"
#define KEEPALIVE_S "10" /* a peer that is gone is missed after some 25 s of silence */
#define KEEPALIVE_EVERY_S "5"
#define KEEPALIVES "3"
#define SILENCE_MS "20000" /* of what was sent and not acknowledged */
#define STATEMENT_MAX_MS 60000
#define IDLE_MAX_MS 10000 /* in a transaction: who stands still loses it, and its locks */
#define CONNECT_TRIES 4
#define CONNECT_PAUSE (100 * USEC_PER_MS) /* doubled each time */
#define RETRY_PAUSE USEC_PER_S            /* nothing is tried after so many failures */

/* -- connecting -------------------------------------------------------------------------------- */

/* Certificates of those who are trusted where nothing else is said. libpq finds the system's by
 * itself from version 16 on. */
static const char *root_certificates(const struct pg_store *s) {
    static const char *const files[] = {"/etc/ssl/certs/ca-certificates.crt",
                                        "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"};
    if (s->ca_file[0] != '\0') return s->ca_file;
    if (s->url.sslmode[0] == '\0' || strncmp(s->url.sslmode, "verify", 6) != 0) return NULL;
    if (pq.libVersion() >= 160000 && strcmp(s->url.sslmode, "verify-full") == 0) return "system";
    for (int i = 0; i < COUNT_OF(files); i++)
        if (access(files[i], R_OK) == 0) return files[i];
    return NULL;
}

static const char *or_null(const char *text) { return text[0] != '\0' ? text : NULL; }

static PGconn *connect_once(const struct pg_store *s) {
    const struct pg_url *const u = &s->url;
    const char *const names[] = {"host",
                                 "port",
                                 "dbname",
                                 "user",
                                 "password",
                                 "sslmode",
                                 "sslrootcert",
                                 "application_name",
                                 "client_encoding",
                                 "connect_timeout",
                                 "tcp_user_timeout",
                                 "keepalives_idle",
                                 "keepalives_interval",
                                 "keepalives_count",
                                 NULL};
    const char *const values[] = {or_null(u->host),
                                  or_null(u->port),
                                  u->database,
                                  or_null(u->user),
                                  s->password ? s->password->p : NULL,
                                  or_null(u->sslmode),
                                  root_certificates(s),
                                  u->application,
                                  "UTF8",
                                  CONNECT_TIMEOUT_S,
                                  SILENCE_MS,
                                  KEEPALIVE_S,
                                  KEEPALIVE_EVERY_S,
                                  KEEPALIVES,
                                  NULL};
    _Static_assert(COUNT_OF(names) == COUNT_OF(values), "a value each");
    return pq.connectdbParams(names, values, 0);
}

static void say_nothing(void *ctx, const PGresult *res) { (void)ctx, (void)res; }

static bool set_up(struct pg_store *s, struct error *err) {
    char text[768];
    struct buf b;
    buf_init_fixed(&b, text, sizeof text);
    /* the server misses us as soon as we miss it: what a session held is free then */
    buf_printf(&b,
               "SET tcp_keepalives_idle = " KEEPALIVE_S
               "; SET tcp_keepalives_interval = " KEEPALIVE_EVERY_S
               "; SET tcp_keepalives_count = " KEEPALIVES
               "; SET search_path = \"%s\", pg_temp; SET client_min_messages = error; "
               "SET statement_timeout = %d; SET idle_in_transaction_session_timeout = %d; "
               "SET lock_timeout = %lld; SET default_transaction_read_only = %s;",
               s->url.schema, STATEMENT_MAX_MS, IDLE_MAX_MS,
               (long long)i64_clamp(s->busy_timeout_ms, 1, INT32_MAX),
               s->base.access == STORE_READ ? "on" : "off");
    /* a plan that was made for a table of one page is kept when there are thousands */
    if (s->by_key) buf_put(&b, STR(" SET enable_seqscan = off;"));
    if (!s->full_sync) buf_put(&b, STR(" SET synchronous_commit = off;"));
    POST(!buf_full(&b));
    PGresult *res = pq.exec(s->conn, buf_z(&b));
    const bool ok = pq.resultStatus(res) == PGRES_COMMAND_OK;
    if (!ok) pg_fail_result(err, s, res, "SET");
    pq.clear(res);
    if (!ok || (s->held[0] != '\0' && !pg_hold_again(s, err))) return false;
    if (pq.setnonblocking(s->conn, 1) == 0 && pq.enterPipelineMode(s->conn) == 1) return true;
    return pg_fail_lost(err, s, "SET");
}

static bool check_server(const struct pg_store *s, struct error *err) {
    const char *const encoding = pq.parameterStatus(s->conn, "server_encoding");
    const int version = pq.serverVersion(s->conn);
    if (version < VERSION_LEAST)
        return fail(err, ERR_UNSUPPORTED, version,
                    "%s runs PostgreSQL %d: version %d or newer is needed", s->base.path,
                    version / 10000, VERSION_LEAST / 10000);
    if (encoding == NULL || strcmp(encoding, "UTF8") != 0)
        return fail(err, ERR_STATE, 0,
                    "%s: the database's encoding is %s: make one with createdb --encoding UTF8 "
                    "--template template0",
                    s->base.path, encoding ? encoding : "unknown");
    return true;
}

static void drop_connection(struct pg_store *s) {
    if (s->conn) pq.finish(s->conn);
    s->conn = NULL;
}

/* A server that answered and let nobody in says why in its own language; the code of it, which is
 * the same everywhere, is told by a second try. */
static void ask_why(struct pg_store *s) {
    if (pq.status(s->conn) == CONNECTION_OK || !pg_server_spoke(pq.errorMessage(s->conn))) return;
    pq.setErrorVerbosity(s->conn, PQERRORS_VERBOSE);
    pq.reset(s->conn);
    pq.setErrorVerbosity(s->conn, PQERRORS_DEFAULT);
}

static bool try_connect(struct pg_store *s, struct error *err) {
    s->conn = connect_once(s);
    if (s->conn == NULL) return fail(err, ERR_IO, 0, "connect to %s: no memory", s->base.path);
    ask_why(s);
    s->session++;
    s->sent = s->done = s->asked = 0;
    s->failed = s->went_silent = s->listening = false;
    pq.setNoticeReceiver(s->conn, say_nothing, NULL);
    if (pq.status(s->conn) != CONNECTION_OK)
        pg_fail_connect(err, s, pq.errorMessage(s->conn));
    else if (check_server(s, err) && set_up(s, err))
        return true;
    drop_connection(s);
    return false;
}

/* Once more and again, but not for long: whoever waits has something else to do, too. */
static bool connect_again(struct pg_store *s, struct error *err) {
    usec pause = CONNECT_PAUSE;
    if (s->token != 0)
        return fail(err, ERR_REFUSED, 0,
                    "%s: the session that this trader had is lost, and its lock with it: another "
                    "may trade by now; start again",
                    s->base.path);
    if (s->hold_lost) return pg_hold_again(s, err);
    if (time_monotonic_us() < s->retry_at)
        return fail(err, ERR_IO, 0, "%s cannot be reached; it is tried again in a second",
                    s->base.path);
    for (int i = 0; i < CONNECT_TRIES; i++) {
        if (i > 0) {
            usleep((useconds_t)pause);
            pause *= 2;
        }
        if (try_connect(s, err)) return true;
        if (err->code != ERR_IO) break;
    }
    s->retry_at = time_monotonic_us() + RETRY_PAUSE;
    return false;
}

/* Did the other side hang up while nothing was asked? */
static bool is_alive(struct pg_store *s) {
    struct pollfd p = {.fd = pq.socket(s->conn), .events = POLLIN};
    if (s->done < s->sent || poll(&p, 1, 0) == 0) return true;
    /* news, or the end, which shows only when the news before it has been read */
    return pq.consumeInput(s->conn) == 1 && pq.consumeInput(s->conn) == 1 &&
           pq.status(s->conn) == CONNECTION_OK;
}

bool pg_connected(struct pg_store *s, struct error *err) {
    if (s->conn != NULL && !is_alive(s)) pg_lose(s, "");
    s->failed = s->went_silent = false;
    return s->conn != NULL || connect_again(s, err);
}

/* -- transactions ------------------------------------------------------------------------------ */

static bool begin_now(struct pg_store *s, bool writes, struct error *err) {
    static const char latest[] = "BEGIN ISOLATION LEVEL READ COMMITTED";
    static const char moment[] = "BEGIN ISOLATION LEVEL REPEATABLE READ";
    struct pg_stmt *lock;
    s->begin_due = s->wrote = false;
    pg_send_text(s, s->immediate || writes ? latest : moment);
    if (!s->immediate) return true;
    if (!pg_stmt_find(s, s->lock_sql, &lock, err)) return false;
    pg_send_stmt(s, lock, false);
    return true;
}

bool pg_ready(struct pg_store *s, bool writes, struct error *err) {
    if (s->base.in_transaction && !s->begin_due) return true; /* run() sees whether it is lost */
    if (!pg_connected(s, err)) return false;
    return !s->base.in_transaction || begin_now(s, writes, err);
}

static bool pg_begin(struct store *base, bool immediate, struct error *err) {
    struct pg_store *s = pg_self(base);
    (void)err; /* what can go wrong shows at the first statement */
    s->begin_due = true;
    s->immediate = immediate;
    return true;
}

/* The commit was sent, and nobody answered. */
static bool fail_unknown(const struct pg_store *s, struct error *err) {
    return fail(err, ERR_UNKNOWN, 0,
                "commit: %s: the connection was lost before the answer: it may be stored or not; "
                "what the store holds counts",
                s->base.path);
}

static bool pg_commit(struct store *base, struct error *err) {
    struct pg_store *s = pg_self(base);
    if (s->begin_due) { /* nothing was done in it */
        s->begin_due = false;
        return true;
    }
    if (s->failed) {
        *err = s->first;
        return false;
    }
    if (s->token != 0 && s->wrote) pg_trader_commits(s);
    if (s->immediate && s->wrote) pg_send_text(s, s->notify_sql);
    pg_send_text(s, "COMMIT");
    pg_send_sync(s);
    pg_wait_all(s);
    pg_ahead_drop(s);
    if (!s->failed) return true;
    if (s->went_silent) return fail_unknown(s, err);
    *err = s->first;
    return fail_in(err, "commit");
}

/* What was only read is left without a wait. */
static void pg_rollback(struct store *base) {
    struct pg_store *s = pg_self(base);
    const bool clean = !s->failed && s->done == s->sent && s->reader == NULL;
    if (s->begin_due || s->conn == NULL) {
        s->begin_due = false;
    } else if (clean) {
        pg_send_text(s, "ROLLBACK");
        pg_send_sync(s);
        if (s->conn) IGNORE(pq.flush(s->conn) != 0, "the next statement brings it");
    } else {
        pg_send_sync(s);
        pg_wait_all(s);
        if (s->conn && pq.transactionStatus(s->conn) != PQTRANS_IDLE) {
            pg_send_text(s, "ROLLBACK");
            pg_send_sync(s);
            pg_wait_all(s);
        }
    }
    pg_ahead_drop(s);
    s->failed = s->went_silent = false;
}

bool pg_command(struct pg_store *s, const char *text, struct error *err) {
    PRE(!s->base.in_transaction);
    if (!pg_connected(s, err)) return false;
    pg_send_text(s, text);
    pg_send_sync(s);
    pg_wait_all(s);
    if (!s->failed) return true;
    *err = s->first;
    s->failed = s->went_silent = false;
    return false;
}

/* -- texts of several commands ----------------------------------------------------------------- */

/* The last result of the text, once nothing else is on its way. */
static bool run_script(struct pg_store *s, const char *text, struct error *err) {
    if (pq.exitPipelineMode(s->conn) != 1) return pg_fail_lost(err, s, text);
    pq.setnonblocking(s->conn, 0);
    PGresult *res = pq.exec(s->conn, text);
    const ExecStatusType status = pq.resultStatus(res);
    const bool ok = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    if (!ok) pg_fail_result(err, s, res, text);
    pq.clear(res);
    if (pq.status(s->conn) != CONNECTION_OK) {
        pg_lose(s, text);
        return false;
    }
    pq.setnonblocking(s->conn, 1);
    if (pq.enterPipelineMode(s->conn) != 1) return pg_fail_lost(err, s, text);
    if (!ok && s->base.in_transaction) {
        s->failed = true;
        s->first = *err;
    }
    return ok;
}

static bool pg_exec(struct store *base, const char *sql, struct error *err) {
    struct pg_store *s = pg_self(base);
    if (!pg_ready(s, true, err)) return false;
    pg_send_sync(s);
    pg_wait_all(s);
    if (s->failed || s->conn == NULL) {
        *err = s->first;
        return false;
    }
    s->wrote = true;
    return run_script(s, sql, err);
}

/* -- closing ----------------------------------------------------------------------------------- */

static void pg_close(struct store *base) {
    struct pg_store *s = pg_self(base);
    if (s->conn) pg_trader_release(s);
    pg_stmts_free(s);
    drop_connection(s);
    free(s->ca_file);
    free(s->base.path);
    free(s);
}

static const struct store_ops pg_ops = {
    .name = "postgresql",
    .begin = pg_begin,
    .commit = pg_commit,
    .rollback = pg_rollback,
    .exec = pg_exec,
    .prepare = pg_prepare,
    .ahead = pg_ahead,
    .bind_i64 = pg_bind_i64,
    .bind_e8 = pg_bind_e8,
    .bind_time = pg_bind_time,
    .bind_str = pg_bind_str,
    .bind_blob = pg_bind_blob,
    .bind_bool = pg_bind_bool,
    .bind_null = pg_bind_null,
    .step = pg_step,
    .reset = pg_reset,
    .one_by_one = pg_one_by_one,
    .rows_begin = pg_rows_begin,
    .rows_add = pg_rows_add,
    .rows_run = pg_rows_run,
    .col_i64 = pg_col_i64,
    .col_e8 = pg_col_e8,
    .col_time = pg_col_time,
    .col_str = pg_col_str,
    .col_bool = pg_col_bool,
    .col_is_null = pg_col_is_null,
    .changes = pg_changes,
    .data_version = pg_data_version,
    .close = pg_close,
    .dialect = DIALECT_POSTGRESQL,
    .migrations = postgresql_migrations,
    .has_tables = pg_has_tables,
    .checkpoint = pg_checkpoint,
    .scrub = pg_scrub,
    .check_structure = pg_check_structure,
    .backup = pg_backup,
    .trader_lock = pg_trader_lock,
    .trader_keep = pg_trader_keep,
    .trader_running = pg_trader_running,
    .hold = pg_hold,
    .hold_check = pg_hold_check,
    .claim_taken = pg_claim_taken,
    .roles = pg_roles,
    .server = pg_server,
};

/* -- opening ----------------------------------------------------------------------------------- */

/* There is nothing of ours: whoever asks should know whether he is the one to make it. */
static bool fail_missing(struct pg_store *s, struct error *err) {
    static const struct sql sql = {"SELECT 0",
                                   "SELECT CASE WHEN to_regnamespace(quote_ident($1)) IS NULL "
                                   "THEN has_database_privilege(current_database(), 'CREATE') "
                                   "ELSE has_schema_privilege($1, 'CREATE') END::INT"};
    struct query q;
    int64_t may = 0;
    bool found;
    if (!query_open(&s->base, &sql, &q, err)) return false;
    bind_z(&q, s->url.schema);
    if (!query_i64(&q, &may, &found, err)) return false;
    return fail(err, ERR_NOT_FOUND, 0, "there is no store at %s: %s, or check store.url",
                s->base.path,
                may != 0 ? "`bullfinch db migrate` makes one"
                         : "`bullfinch db migrate` makes one, as the role that is to own the "
                           "tables; this one may not");
}

/* Tables of somebody else's in this schema must not get ours beside them. */
static bool check_owner(struct pg_store *s, bool create, struct error *err) {
    static const struct sql sql = {
        "SELECT 0",
        "SELECT CASE WHEN obj_description(c.oid, 'pg_class') = 'bullfinch store' THEN 1 "
        "ELSE 0 END FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = $1 AND c.relname = 'migrations'"};
    struct query q;
    int64_t ours = 0;
    bool found;
    if (!query_open(&s->base, &sql, &q, err)) return false;
    bind_z(&q, s->url.schema);
    if (!query_i64(&q, &ours, &found, err)) return false;
    if (found && ours == 0)
        return fail(err, ERR_STATE, 0,
                    "%s: the schema %s holds another program's tables: name another one behind "
                    "store.url (?schema=bullfinch)",
                    s->base.path, s->url.schema);
    return found || create || fail_missing(s, err);
}

static bool make_schema(struct pg_store *s, struct error *err) {
    static const struct sql sql = {"SELECT 0", "SELECT 1 FROM pg_namespace WHERE nspname = $1"};
    char text[96];
    struct query q;
    int64_t one;
    bool found;
    if (!query_open(&s->base, &sql, &q, err)) return false;
    bind_z(&q, s->url.schema);
    if (!query_i64(&q, &one, &found, err)) return false;
    if (found) return true;
    snprintf(text, sizeof text, "CREATE SCHEMA IF NOT EXISTS \"%s\"", s->url.schema);
    if (!store_begin(&s->base, true, err)) return false; /* one process at a time */
    if (pg_exec(&s->base, text, err) && store_commit(&s->base, err)) return true;
    store_rollback(&s->base);
    return fail_in(err, "make the schema %s", s->url.schema);
}

/* Names that belong to this schema of this database. */
static void name_things(struct pg_store *s) {
    const uint64_t h = str_hash(str_from_z(s->url.schema));
    snprintf(s->lock_sql, sizeof s->lock_sql, "SELECT pg_advisory_xact_lock(%lld)",
             (long long)(int64_t)h);
    snprintf(s->channel, sizeof s->channel, "bullfinch_%08x", (unsigned)(h >> 32));
    snprintf(s->notify_sql, sizeof s->notify_sql, "NOTIFY %s", s->channel);
    if (s->url.weak_tls)
        snprintf(s->warning, sizeof s->warning,
                 "%.60s: sslmode=%s does not make sure who the server is; verify-full does",
                 s->base.path, s->url.sslmode);
    s->base.warning = or_null(s->warning);
}

static struct pg_store *make_store(const struct store_options *opt, const struct pg_url *url) {
    char block[PG_ADDRESS_BYTES];
    struct buf b;
    struct pg_store *s = calloc(1, sizeof *s);
    POST(s != NULL);
    s->base = (struct store){.ops = &pg_ops, .access = opt->access};
    s->url = *url;
    s->password = opt->password;
    s->full_sync = opt->full_sync;
    s->by_key = opt->by_key;
    s->busy_timeout_ms = opt->busy_timeout_ms;
    buf_init_fixed(&b, block, sizeof block);
    pg_url_show(url, &b);
    s->base.path = strdup(buf_z(&b));
    s->ca_file = opt->ca_file.n > 0 ? strndup(opt->ca_file.p, (size_t)opt->ca_file.n) : strdup("");
    POST(s->base.path != NULL && s->ca_file != NULL);
    name_things(s);
    return s;
}

static bool pg_open(struct arena *boot, const struct store_options *opt, str place,
                    struct store **ret, struct error *err) {
    struct pg_url url;
    const bool create = opt->create && opt->access == STORE_WRITE;
    (void)boot; /* a connection is closed before the process ends: heap */
    if (!pg_url_parse(place, &url, err) || !pq_load(err)) return false;
    struct pg_store *s = make_store(opt, &url);
    if (!try_connect(s, err) || (create && !make_schema(s, err)) || !check_owner(s, create, err)) {
        if (s->base.in_transaction) store_rollback(&s->base);
        pg_close(&s->base);
        return false;
    }
    *ret = &s->base;
    return true;
}

const struct store_backend postgresql_backend = {"postgresql:", pg_open, pg_restore};
const struct store_backend postgres_backend = {"postgres:", pg_open, pg_restore};
