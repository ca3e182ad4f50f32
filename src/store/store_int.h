/* What the files of src/store share, and what a back-end of the store fills in.
 *
 * A statement is a static `struct sql`: its text in the dialect that both databases speak, with
 * parameters $1, $2 ... in that order, and another text where PostgreSQL wants one. It is prepared
 * once per connection and found again by its address.
 *
 *     static const struct sql find = {"SELECT id FROM orders WHERE client_order_id = $1"};
 *     struct query q;
 *     if (!query_open(s, &find, &q, err)) return false;
 *     bind_str(&q, coid);                              // parameters in their order
 *     if (!query_row(&q, &found, err)) return false;   // to the next row
 *     if (found) id = col_i64(&q);                     // columns in their order
 *     query_close(&q);
 */
#ifndef BF_STORE_STORE_INT_H
#define BF_STORE_STORE_INT_H

#include "store/store.h"

typedef enum store_dialect { DIALECT_SQLITE, DIALECT_POSTGRESQL } store_dialect;

/* A numbered file of sql/, compiled in; the last row of a table has version 0. */
struct migration {
    int version;
    const char *name; /* "0001_init" */
    const char *sql;
};
extern const struct migration sqlite_migrations[];
extern const struct migration postgresql_migrations[];

/* First member of each back-end's connection. */
struct store {
    const struct store_ops *ops;
    char *path; /* of the file, or the address without password; for messages */
    store_access access;
    bool in_transaction;
    bool spoiled; /* a statement of this transaction failed: only a rollback is possible */
    const char *warning;
    int came_from; /* the schema's version before this one migrated it */
    struct {
        bool here; /* read in this transaction, under its lock: nobody can have changed it */
        bool known;
        int64_t version; /* data_version when it was read */
        int64_t id;      /* of the last row of audit_log, 0: none */
        char hash[SHA256_HEX_BYTES];
    } audit_tail;
    struct {
        bool asked; /* in this transaction, under its lock */
        bool any;   /* there is a row of deletions */
    } deletions;
    struct account account; /* as the last turn left it */
    bool account_due;       /* it is put with this transaction's commit */
    int memory_puts;        /* since old post_memory rows were pruned */
    usec began;             /* monotonic: the transaction */
};

/* meter.c: how the store does, for metrics; of all connections of this process. */
void store_meter_committed(usec began, usec committing); /* monotonic */
void store_meter_asked(const struct store *s);           /* a server, which may hang */
void store_meter_answered(void);                         /* it does what is asked */
void store_meter_failed(const struct error *err);        /* it may be away, or full */

/* First member of each back-end's statement. */
struct store_stmt {
    const struct store_ops *ops;
    int param_count;
};

/* What sets a back-end apart before there is a connection. */
struct store_backend {
    const char *scheme; /* "sqlite:" */
    bool (*open)(struct arena *boot, const struct store_options *opt, str place, struct store **ret,
                 struct error *err);
    bool (*restore)(const struct store_options *opt, str place, const char *from_path,
                    bool *ret_kept, struct error *err);
};
extern const struct store_backend sqlite_backend;
extern const struct store_backend postgresql_backend, postgres_backend; /* two names of one */

/* Checks the schema's version after a back-end has connected, migrates if opt says so. */
MUST_CHECK bool store_settle_schema(struct store *s, const struct store_options *opt,
                                    struct error *err);
int store_newest_schema(const struct store *s); /* of the files compiled in */

/* --- statements ----------------------------------------------------------------------------- */
struct sql {
    const char *text;
    const char *postgresql; /* NULL: the same text */
    bool large;             /* as many rows as a table has: not to be held in memory all at once */
};

struct query {
    struct store *s;
    struct store_stmt *st;
    int params; /* bound so far */
    int cols;   /* read of this row so far */
    bool many;  /* query_open_many */
    bool odd;   /* an amount of this row is outside the range that the program keeps */
};

/* PRE: not open already (a statement is used by one query at a time). */
MUST_CHECK bool query_open(struct store *s, const struct sql *sql, struct query *ret,
                           struct error *err);
/* It will be asked in this transaction: a server far away gets it now, together with what was sent
 * before, and who asks need not wait for another round. PRE: no parameters; nothing written in this
 * transaction changes the answer before it is asked for. */
void query_ahead(struct store *s, const struct sql *sql);
/* To the next row; after the last one (*ret_row false) or a failure the query is closed. */
MUST_CHECK bool query_row(struct query *q, bool *ret_row, struct error *err);
/* For statements without rows: runs it to its end and closes. */
MUST_CHECK bool query_run(struct query *q, struct error *err);
void query_close(struct query *q); /* early; closed already is fine */
/* One statement for many rows, none of which gives a row back: each row is bound and then added,
 * query_run ends it. SQLite runs `text` once a row. PostgreSQL runs its own text once: there each
 * parameter is an array with one element a row ("... FROM unnest($1::bigint[], $2::text[])").
 * What is bound is borrowed until query_add. No row added: nothing happens. */
MUST_CHECK bool query_open_many(struct store *s, const struct sql *sql, struct query *ret,
                                struct error *err);
MUST_CHECK bool query_add(struct query *q, struct error *err);
/* How many rows the last statement wrote. It is waited for, so it may fail now. */
MUST_CHECK bool query_changes(struct store *s, int64_t *ret, struct error *err);
/* Opens, runs, closes a statement without parameters. */
MUST_CHECK bool query_exec(struct store *s, const struct sql *sql, struct error *err);
/* One integer of one row, *ret_found false when there is none (or it is NULL). A time is one, an
 * amount is not: that is query_e8's. */
MUST_CHECK bool query_i64(struct query *q, int64_t *ret, bool *ret_found, struct error *err);
/* One amount of one row. Errors: ERR_DAMAGED it is out of range. */
MUST_CHECK bool query_e8(struct query *q, int64_t *ret, bool *ret_found, struct error *err);

void bind_i64(struct query *q, int64_t v);
void bind_id(struct query *q, int64_t v); /* 0: NULL */
void bind_bool(struct query *q, bool v);
void bind_e8(struct query *q, int64_t e8);
void bind_e8_or_null(struct query *q, int64_t e8); /* 0: NULL */
void bind_time(struct query *q, usec v);
void bind_time_or_null(struct query *q, usec v); /* 0: NULL */
void bind_str(struct query *q, str v);           /* borrowed until the query is closed */
void bind_str_or_null(struct query *q, str v);   /* empty: NULL */
void bind_z(struct query *q, const char *z);
void bind_z_or_null(struct query *q, const char *z); /* "" or NULL: NULL */
void bind_blob(struct query *q, str v);
void bind_null(struct query *q);

int64_t col_i64(struct query *q); /* NULL: 0 */
int32_t col_i32(struct query *q); /* clamped */
bool col_bool(struct query *q);
int64_t col_e8(struct query *q);     /* out of range: sets q->odd, and is 0 */
int64_t col_volume(struct query *q); /* in units of 1e-8, too; any that fits 64 bits */
usec col_time(struct query *q);
str col_str(struct query *q); /* borrowed until the next row; NULL: p == NULL */
void col_z(struct query *q, char *dst, ptrdiff_t dst_bytes); /* cut if too long */
bool col_is_null(struct query *q);                           /* of the next column, stays there */

/* --- posts (posts.c) ------------------------------------------------------------------------ */
/* The whole row, done with: new, or over what was stored or read before. */
MUST_CHECK bool row_put_post(struct store *s, const struct reading *r, int signal_score, reason why,
                             usec now, struct error *err);

/* --- what each turn asks first (store_begin_turn) ------------------------------------------- */
extern const struct sql control_sql;    /* store_control */
extern const struct sql audit_head_sql; /* audit_add, the first of a transaction */

/* --- rows of the trader's structs (rows.c): what is put is what is loaded ------------------- */
/* Reading fails (ERR_DAMAGED) on a name that this program does not know. `sym` is not stored, as
 * it is an index into one run's list: SYM_NONE after loading. */
MUST_CHECK bool row_put_signal(struct store *s, const struct signal *v, struct error *err);
MUST_CHECK bool row_put_trade(struct store *s, const struct trade *v, struct error *err);
MUST_CHECK bool row_put_order(struct store *s, const struct order *v, struct error *err);
MUST_CHECK bool row_put_author(struct store *s, const struct author *v, struct error *err);
MUST_CHECK bool row_put_record(struct store *s, const struct author_record *v, struct error *err);
MUST_CHECK bool row_put_forecast(struct store *s, const struct forecast *v, struct error *err);
MUST_CHECK bool row_put_account(struct store *s, const struct account *v, struct error *err);
MUST_CHECK bool row_put_memory(struct store *s, const struct post_memory *v, struct error *err);
MUST_CHECK bool row_put_deletion(struct store *s, const struct deletion *v, struct error *err);
MUST_CHECK bool row_put_control(struct store *s, const struct control *v, struct error *err);

MUST_CHECK bool row_get_signal(struct query *q, struct signal *ret, struct error *err);
MUST_CHECK bool row_get_trade(struct query *q, struct trade *ret, struct error *err);
MUST_CHECK bool row_get_order(struct query *q, struct order *ret, struct error *err);
MUST_CHECK bool row_get_author(struct query *q, struct author *ret, struct error *err);
MUST_CHECK bool row_get_record(struct query *q, struct author_record *ret, struct error *err);
MUST_CHECK bool row_get_forecast(struct query *q, struct forecast *ret, struct error *err);
MUST_CHECK bool row_get_account(struct query *q, struct account *ret, struct error *err);
MUST_CHECK bool row_get_memory(struct query *q, struct post_memory *ret, struct error *err);

void row_get_deletion(struct query *q, struct deletion *ret);

/* --- deletions (forget.c) ------------------------------------------------------------------- */
/* The row, and no text of the post in any table. PRE: in an immediate transaction. */
MUST_CHECK bool deletion_put(struct store *s, const struct deletion *v, struct error *err);
/* The command by which the trader forgets a post, too. */
MUST_CHECK bool forget_command(struct store *s, int64_t id, const char *actor, usec now,
                               struct error *err);
/* Name, handles, habits, record and running opinions of an author; *ret_any: there was something.
 * PRE: in an immediate transaction. */
MUST_CHECK bool author_clear(struct store *s, const char *key, bool *ret_any, struct error *err);
/* Is there word of any deletion? */
extern const struct sql deletions_sql; /* its question */
MUST_CHECK bool deletion_any(struct store *s, bool *ret, struct error *err);
/* When this post, or its edit chain, was deleted; 0: never. author: key. PRE: in an immediate
 * transaction, as whether there is any deletion at all is asked once in it. */
MUST_CHECK bool deletion_find(struct store *s, int64_t tweet_id, int64_t root_id, str author,
                              usec *ret, struct error *err);

/* --- commands (commands.c) ------------------------------------------------------------------ */
/* store_command_add inside the caller's transaction. */
MUST_CHECK bool command_add(struct store *s, const struct command *cmd, str key, usec now,
                            int64_t *ret_id, bool *ret_repeated, struct error *err);

/* --- audit (audit.c) ------------------------------------------------------------------------ */
/* Adds a row to the chain. PRE: in an immediate transaction. */
MUST_CHECK bool audit_add(struct store *s, const struct audit *v, struct error *err);
/* The last row of the chain's beginning that may go: all up to it are older than `before`, and none
 * is of an open trade. 0: none may, or the anchor stands there already. */
MUST_CHECK bool audit_find_end(struct store *s, usec before, int64_t *ret, struct error *err);
/* The chain begins behind this row from now on. PRE: in an immediate transaction; audit_find_end
 * said so. */
MUST_CHECK bool audit_set_anchor(struct store *s, int64_t upto, str actor, usec now,
                                 struct error *err);
/* The oldest rows before the anchor go, at most so many. PRE: in an immediate transaction. */
MUST_CHECK bool audit_drop(struct store *s, int64_t most, int64_t *ret_gone, struct error *err);

#endif
