/* What the files of the PostgreSQL back-end share: pg.c (the connection and the table of
 * functions), pg_pipe.c (what was sent and not answered), pg_stmt.c (statements), pg_error.c (what
 * went wrong), pg_watch.c (did others commit?), pg_leader.c (who trades), pg_hold.c (what one
 * process at a time does), pg_roles.c (who may do what), pg_keep.c (housekeeping).
 */
#ifndef BF_STORE_PG_INT_H
#define BF_STORE_PG_INT_H

#include "base/secret.h"

#include "store/pg_url.h"
#include "store/pg_value.h"
#include "store/pq.h"
#include "store/roles.h"
#include "store/store_int.h"

#define PG_STMTS_MAX 1024   /* a power of two; this program has about 300 statements */
#define PG_PENDING_MAX 1024 /* statements on their way */
#define PG_ADDRESS_BYTES 768
#define PG_AHEAD_MAX 8
#define PG_FENCED "ZF001" /* SQLSTATE of leader_fence(), sql/postgresql */

struct pg_store;

struct pg_stmt {
    struct store_stmt base;
    struct pg_store *store;
    const char *text; /* key of the cache */
    char name[16];    /* under which it is prepared */
    int64_t session;  /* of the connection that knows it */
    bool in_use;
    bool sent;
    bool writes;      /* it is no SELECT */
    bool one_by_one;  /* struct sql: many rows */
    int64_t ahead;    /* sent before it was asked for: its number among those sent; 0: it was not */
    int column_count; /* 0: it gives no rows */

    /* Parameters, base.param_count of each. An array's type is that of its elements. */
    pg_type *types;
    bool *is_array;
    const char **values;
    int *lengths, *formats;
    struct buf *cleaned; /* texts that were no UTF-8; made when there is the first */
    char (*blocks)[PG_VALUE_BYTES];
    struct buf *arrays; /* a statement for many rows: what was added */
    bool *has_null;
    int64_t rows;
    struct error trouble; /* first parameter that could not be bound, told by the next step */
    bool troubled;

    /* What came: the result whose row `row` is being read. */
    PGresult *result;
    int row;
    pg_type *column_types;
    char (*shown)[PG_TEXT_BYTES];

    /* Read one by one: rows that had to be taken in because the connection was needed. */
    bool streaming;
    PGresult **kept;
    int kept_count, kept_at, kept_max;
};

/* Something that was sent; its answer comes in its turn. */
struct pg_pending {
    const char *text;
    struct pg_stmt *wants;     /* its rows; NULL: nobody does */
    struct pg_stmt *described; /* the answer says what its parameters are */
    bool is_sync;
};

struct pg_store {
    struct store base;
    PGconn *conn; /* NULL: there is none now */
    struct pg_url url;
    const struct secret *password; /* borrowed; NULL: none */
    char *ca_file;                 /* "": libpq's or the system's */
    bool full_sync, by_key;
    int64_t busy_timeout_ms;
    int64_t session; /* counts connections, so that a statement knows on which it was prepared */
    usec retry_at;   /* monotonic: before that no new connection is tried */
    char warning[160];
    char lock_sql[80];   /* stands for the write lock */
    char channel[32];    /* on which commits are told */
    char notify_sql[48]; /* tells one */

    struct pg_stmt *stmts[PG_STMTS_MAX]; /* open addressing by the text's address */
    int stmt_count;

    struct pg_pending pending[PG_PENDING_MAX];
    int64_t sent, done;     /* of the pending ones, ever */
    int64_t asked;          /* behind so many stands a sync */
    struct pg_stmt *reader; /* whose rows come one by one */
    struct pg_stmt *ahead[PG_AHEAD_MAX];
    int ahead_count;  /* of this transaction */
    int64_t changes;  /* of the last statement that was answered */
    bool failed;      /* first says what; the transaction can only be rolled back */
    bool went_silent; /* and that is that the connection broke without a word */
    struct error first;

    bool begin_due; /* the next statement begins the transaction */
    bool immediate; /* it is one that takes the write lock */
    bool wrote;     /* something that others look for */

    /* pg_watch.c */
    bool listening;
    int64_t version;
    usec poll_at;
    uint64_t snapshot; /* a hash of it */

    /* pg_leader.c */
    int64_t token; /* 0: this is no trader's session */
    usec keep_at;  /* monotonic: the lease is renewed by the first commit after that */

    /* pg_hold.c */
    char held[16];      /* the claim that this connection keeps; "": none */
    int64_t hold_token; /* of it */
    int hold_pid;       /* of the session that took it last, at the server */
    bool hold_lost;     /* another has taken it */
};

static inline struct pg_store *pg_self(struct store *s) { return (struct pg_store *)(void *)s; }

/* --- pg_error.c ----------------------------------------------------------------------------- */
/* What a result or a connection says, as an error that names the statement, the address and what to
 * do. text: of the statement. */
bool pg_fail_result(struct error *err, const struct pg_store *s, const PGresult *res,
                    const char *text);
bool pg_fail_connect(struct error *err, const struct pg_store *s, const char *message);
/* Is it a server's word, of one that answered and let nobody in? */
bool pg_server_spoke(const char *message);
bool pg_fail_lost(struct error *err, const struct pg_store *s, const char *text);
/* "INSERT INTO fills", "SELECT tweets" */
str pg_what(const char *text, char block[64]);

/* --- pg.c ----------------------------------------------------------------------------------- */
/* Before a statement: there is a connection, and the transaction that it belongs to has begun. */
MUST_CHECK bool pg_ready(struct pg_store *s, bool writes, struct error *err);
/* Outside of transactions, or before one has begun: there is a connection, made again if need be.
 */
MUST_CHECK bool pg_connected(struct pg_store *s, struct error *err);
/* One command without rows, outside of transactions; waits for it. */
MUST_CHECK bool pg_command(struct pg_store *s, const char *text, struct error *err);

/* --- pg_pipe.c ------------------------------------------------------------------------------ */
/* Sends a text without parameters. */
void pg_send_text(struct pg_store *s, const char *text);
/* The same for a statement that is bound. */
void pg_send_stmt(struct pg_store *s, struct pg_stmt *st, bool wants_rows);
void pg_send_prepare(struct pg_store *s, struct pg_stmt *st);
/* The server answers all that was sent, and forgets an error. */
void pg_send_sync(struct pg_store *s);
/* Until `upto` of those sent are answered. What went wrong stands in s->failed, s->first. */
void pg_wait(struct pg_store *s, int64_t upto);
void pg_wait_all(struct pg_store *s);
/* Of a statement whose rows come one by one: to the next (false: there is none, or it failed). */
bool pg_stream_next(struct pg_stmt *st);
/* Takes in what is left of such rows, because something else is to be sent. */
void pg_stream_keep(struct pg_store *s);
void pg_stream_drop(struct pg_stmt *st); /* or throws it away */
/* The connection is gone: all that was on its way is answered by that. */
void pg_lose(struct pg_store *s, const char *text);

/* --- pg_stmt.c ------------------------------------------------------------------------------ */
/* Finds the statement, or prepares it on this connection. */
MUST_CHECK bool pg_stmt_find(struct pg_store *s, const char *text, struct pg_stmt **ret,
                             struct error *err);
void pg_stmts_free(struct pg_store *s);
void pg_ahead(struct store *base, const char *sql);
void pg_ahead_drop(struct pg_store *s); /* at the end of a transaction: what nobody asked for */
bool pg_prepare(struct store *base, const char *sql, struct store_stmt **ret, struct error *err);
void pg_bind_i64(struct store_stmt *st, int i, int64_t v);
void pg_bind_e8(struct store_stmt *st, int i, int64_t v);
void pg_bind_time(struct store_stmt *st, int i, usec v);
void pg_bind_str(struct store_stmt *st, int i, str v);
void pg_bind_blob(struct store_stmt *st, int i, str v);
void pg_bind_bool(struct store_stmt *st, int i, bool v);
void pg_bind_null(struct store_stmt *st, int i);
step_result pg_step(struct store_stmt *base, struct error *err);
void pg_reset(struct store_stmt *base);
void pg_rows_begin(struct store_stmt *st);
bool pg_rows_add(struct store_stmt *st, struct error *err);
bool pg_rows_run(struct store_stmt *st, struct error *err);
void pg_one_by_one(struct store_stmt *st);
int64_t pg_col_i64(struct store_stmt *st, int i);
int64_t pg_col_e8(struct store_stmt *st, int i);
usec pg_col_time(struct store_stmt *st, int i);
str pg_col_str(struct store_stmt *st, int i);
bool pg_col_bool(struct store_stmt *st, int i);
bool pg_col_is_null(struct store_stmt *st, int i);
bool pg_changes(struct store *base, int64_t *ret, struct error *err);

/* --- pg_watch.c ----------------------------------------------------------------------------- */
int64_t pg_data_version(struct store *base);

/* --- pg_leader.c ---------------------------------------------------------------------------- */
bool pg_trader_lock(struct store *base, struct error *err);
bool pg_trader_keep(struct store *base, struct error *err);
void pg_trader_commits(struct pg_store *s); /* renews with the commit that is about to be sent */
bool pg_trader_running(struct store *base, int64_t *ret_pid);
void pg_trader_release(struct pg_store *s); /* best effort, before the connection is closed */

/* --- pg_hold.c ------------------------------------------------------------------------------ */
bool pg_hold(struct store *base, str name, bool *ret_mine, struct error *err);
bool pg_hold_check(struct store *base, struct error *err);
bool pg_claim_taken(struct store *base, str name, bool *ret_taken, struct error *err);
/* The claim of a session before this one, which is new and was not used yet. */
MUST_CHECK bool pg_hold_again(struct pg_store *s, struct error *err);

/* --- pg_roles.c ----------------------------------------------------------------------------- */
bool pg_roles(struct store *base, const struct store_roles *r, struct buf *ret, struct error *err);
/* May this role VACUUM the tables that hold texts? */
MUST_CHECK bool pg_may_clean(struct store *s, bool *ret, struct error *err);
bool pg_server(struct store *base, struct store_server *ret, struct error *err);

/* --- pg_keep.c ------------------------------------------------------------------------------ */
bool pg_has_tables(struct store *base, str like, bool *ret, struct error *err);
bool pg_checkpoint(struct store *base, struct error *err);
bool pg_scrub(struct store *base, bool rewrite, bool *ret_clean, struct error *err);
bool pg_check_structure(struct store *base, struct buf *report, bool *ret_sound, struct error *err);
bool pg_backup(struct store *base, const char *to_path, struct error *err);
bool pg_restore(const struct store_options *opt, str place, const char *from_path, bool *ret_kept,
                struct error *err);

#endif
