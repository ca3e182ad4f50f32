/* store: the truth. Each post, verdict, order and fill, with its reason; one store, one account.
 *
 * Below: about a dozen SQL primitives per back-end (store_ops); above: typed functions that all
 * back-ends share, each statement standing once (src/store/rows_*.c). One struct store is one
 * connection and belongs to one thread at a time; open as many as there are threads. On SQLite one
 * of them writes at a time; the trader's turns come first (struct store_lock in the runner). */
#ifndef BF_STORE_STORE_H
#define BF_STORE_STORE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "flow/event.h"
#include "flow/trader.h"

struct store;
struct store_stmt;
struct store_roles; /* roles.h */
struct store_server;

typedef enum store_access { STORE_READ, STORE_WRITE } store_access;
typedef enum step_result { STEP_ROW, STEP_DONE, STEP_FAILED } step_result;

/* The primitives. Values are bound and read by position; amounts, times and booleans have bindings
 * of their own because back-ends store them differently (SQLite: integers, views show decimals). */
struct store_ops {
    const char *name;
    bool (*begin)(struct store *s, bool immediate, struct error *err);
    bool (*commit)(struct store *s, struct error *err);
    void (*rollback)(struct store *s);
    bool (*exec)(struct store *s, const char *sql, struct error *err);
    bool (*prepare)(struct store *s, const char *sql, struct store_stmt **ret, struct error *err);
    void (*ahead)(struct store *s, const char *sql);
    /* query_ahead; NULL: there is no need */ /* cached by the pointer */
    void (*bind_i64)(struct store_stmt *st, int i, int64_t v);
    void (*bind_e8)(struct store_stmt *st, int i, int64_t v);
    void (*bind_time)(struct store_stmt *st, int i, usec v);
    void (*bind_str)(struct store_stmt *st, int i, str v);
    void (*bind_blob)(struct store_stmt *st, int i, str v);
    void (*bind_bool)(struct store_stmt *st, int i, bool v);
    void (*bind_null)(struct store_stmt *st, int i);
    step_result (*step)(struct store_stmt *st, struct error *err);
    void (*reset)(struct store_stmt *st);
    void (*one_by_one)(struct store_stmt *st); /* NULL: rows come one by one anyway */
    /* One statement for many rows (query_open_many): bind, add, bind, add, ..., run. */
    void (*rows_begin)(struct store_stmt *st);
    bool (*rows_add)(struct store_stmt *st, struct error *err);
    bool (*rows_run)(struct store_stmt *st, struct error *err);
    int64_t (*col_i64)(struct store_stmt *st, int i);
    int64_t (*col_e8)(struct store_stmt *st, int i);
    usec (*col_time)(struct store_stmt *st, int i);
    str (*col_str)(struct store_stmt *st, int i); /* borrowed until the next step or reset */
    bool (*col_bool)(struct store_stmt *st, int i);
    bool (*col_is_null)(struct store_stmt *st, int i);
    /* Rows that the last statement wrote, all of them where it was one for many; waits for it. */
    bool (*changes)(struct store *s, int64_t *ret, struct error *err);
    int64_t (*data_version)(struct store *s); /* changes when another connection committed */
    void (*close)(struct store *s);

    /* Housekeeping; each stands behind the function of the same name below. */
    int dialect;                        /* enum store_dialect, store_int.h */
    const struct migration *migrations; /* in order; the last row has version 0 */
    bool (*has_tables)(struct store *s, str like, bool *ret, struct error *err);
    bool (*checkpoint)(struct store *s, struct error *err);
    bool (*scrub)(struct store *s, bool rewrite, bool *ret_clean, struct error *err);
    bool (*check_structure)(struct store *s, struct buf *report, bool *ret_sound,
                            struct error *err);
    bool (*backup)(struct store *s, const char *to_path, struct error *err);
    bool (*trader_lock)(struct store *s, struct error *err);
    bool (*trader_keep)(struct store *s, struct error *err);
    bool (*trader_running)(struct store *s, int64_t *ret_pid);
    /* NULL: by a statement */
    bool (*claim)(struct store *s, str name, bool *ret_mine, struct error *err);
    /* NULL: a claim is never lost before the process ends */
    bool (*hold)(struct store *s, str name, bool *ret_mine, struct error *err);
    bool (*hold_check)(struct store *s, struct error *err);
    bool (*claim_taken)(struct store *s, str name, bool *ret_taken, struct error *err);
    /* roles.h; NULL: there are none */
    bool (*roles)(struct store *s, const struct store_roles *r, struct buf *ret, struct error *err);
    bool (*server)(struct store *s, struct store_server *ret, struct error *err);
};

struct store_options {
    str url; /* "sqlite:PATH", "postgresql://..." */
    store_access access;
    bool create;     /* make it and migrate; else a missing store is an error that says so */
    bool any_schema; /* open an older schema as it is: for `db migrate` and `db check` */
    bool full_sync;  /* a commit survives a power cut */
    bool by_key;     /* each statement finds its rows by a key, however few there are now */
    bool bulk;       /* is written in groups of thousands of posts, which nobody waits for */
    int64_t busy_timeout_ms;
    const struct secret *password; /* of the database's user; borrowed for the store's life; NULL */
    str ca_file;                   /* certificates of those who may have signed the server's; "" */
};
/* Errors: ERR_CONFIG, ERR_NOT_FOUND, ERR_DAMAGED (says: bullfinch db check, restore), ERR_STATE
 * (schema is newer or older: says which command), ERR_BUSY, ERR_IO. */
MUST_CHECK bool store_open(struct arena *boot, const struct store_options *opt, struct store **ret,
                           struct error *err);
void store_close(struct store *s); /* NULL is fine */

/* Transactions. immediate: takes the write lock, which turns of the trader and commands of people
 * have one after the other. A plain one that begins by reading sees one moment; one that begins by
 * writing waits for nobody but for who writes the same rows (PostgreSQL), or for the write lock
 * (SQLite).
 *
 * On PostgreSQL a statement that gives no rows is sent and not waited for: what went wrong is told
 * by one of those after it, at the latest by the commit, and names the statement. So a lock that
 * cannot be had (ERR_BUSY) may be told by the first statement, too. ERR_UNKNOWN of a commit: the
 * connection broke before the answer, and what the store holds counts. */
MUST_CHECK bool store_begin(struct store *s, bool immediate, struct error *err);
/* An immediate one that a turn of the trader needs: what each turn asks first is asked with it. */
MUST_CHECK bool store_begin_turn(struct store *s, struct error *err);
MUST_CHECK bool store_commit(struct store *s, struct error *err);
void store_rollback(struct store *s);
/* Another one when somebody else has committed (plain transactions show within a second), now and
 * then without reason. Costs next to nothing. */
int64_t store_data_version(struct store *s);
/* Trouble of the store's place or of the way to it, or an answer that did not come: later the same
 * transaction may succeed, if it is one that may be done twice. */
bool store_may_pass(const struct error *err);
/* Trouble that waiting does not mend and that no row is the reason of: a password, a right, tables
 * that are missing or another version's. Nothing will work before a person has changed something,
 * so whoever meets it ends, and says what that is. */
bool store_is_unfit(const struct error *err);
const char *store_path(const struct store *s); /* for messages; borrowed */
/* Is it a file on this machine, which has room for others beside it? */
bool store_is_file(const struct store *s);
/* Something that whoever starts the program should know; NULL: nothing. Borrowed. */
const char *store_warning(const struct store *s);

/* For idle moments: brings what commits left for later into its place (SQLite: the log into the
 * file), so that no commit has to. Never waits for others; nothing to do is fine. */
MUST_CHECK bool store_checkpoint(struct store *s, struct error *err);

/* The bytes of what was deleted leave the files. Cheap: the log is folded in and cut to nothing.
 * rewrite: the file is written anew as well, because pages that were split keep copies of what was
 * moved; nobody else can write meanwhile (a second for some 100 MB). Waits for others as long as
 * busy_timeout_ms says; *ret_clean false: somebody was still reading or writing, try again later;
 * or, on PostgreSQL, this role may not clean up, and the server will in its own time. */
MUST_CHECK bool store_scrub(struct store *s, bool rewrite, bool *ret_clean, struct error *err);
/* Bytes of the files that are free, and used again by what comes; and how large they are.
 * PostgreSQL gives room back by itself: nothing is free there. */
MUST_CHECK bool store_room(struct store *s, int64_t *ret_free, int64_t *ret_all, struct error *err);
/* Were there deletions since the file was last written anew? */
MUST_CHECK bool store_wants_rewrite(struct store *s, bool *ret, struct error *err);

/* One trader per store. The lock belongs to `s` and goes with store_close or the process, however
 * that ends. ERR_EXISTS: another has it, the message names its process id.
 *
 * On PostgreSQL it is a lease of three seconds, too, which another may take over when it ran out:
 * then nothing that `s` writes is kept any more (ERR_REFUSED). */
MUST_CHECK bool store_trader_lock(struct store *s, struct error *err);
/* Renews it: once a second, whatever else is done. ERR_REFUSED: another has taken over. */
MUST_CHECK bool store_trader_keep(struct store *s, struct error *err);
/* Does a trader (another's or this one) hold the lock now? *ret_pid is 0 where unknown. */
bool store_trader_running(struct store *s, int64_t *ret_pid);

/* What one process at a time does: is it this connection's, which is for writing? Asked again
 * before each time; the claim goes with the connection, however that ends. */
MUST_CHECK bool store_claim(struct store *s, str name, bool *ret_mine, struct error *err);
/* A claim that is kept: a connection that is made anew takes it again before it does anything else,
 * and where another has taken it, nothing is done by `s` any more: ERR_REFUSED. One a connection;
 * name: letters, of this program. PRE: not in a transaction. */
MUST_CHECK bool store_hold(struct store *s, str name, bool *ret_mine, struct error *err);
/* Is it still ours? A look at the connection, which is made anew where it was lost. True where
 * nothing is held. PRE: not in a transaction. Errors: ERR_REFUSED; of a store that is away. */
MUST_CHECK bool store_hold_check(struct store *s, struct error *err);
/* Has anybody the claim now? False where only trying tells. */
MUST_CHECK bool store_claim_taken(struct store *s, str name, bool *ret_taken, struct error *err);
/* The time by the clock of the store's machine: by it rows are stored that several processes look
 * for. */
MUST_CHECK bool store_now(struct store *s, usec *ret, struct error *err);

/* Migrations: numbered files of sql/, compiled in. */
MUST_CHECK bool store_migrate(struct store *s, int *ret_from, int *ret_to, struct error *err);
/* Of one that migrated, also by store_open: the version before; the newest where another process
 * was first. */
int store_schema_before(const struct store *s);
int store_schema_version(struct store *s); /* 0: empty */
/* Structure (integrity_check), foreign keys, and the ledger: fills explain orders, positions, fees
 * and cash to the last 1e-8. One line a finding in `report`; false when there is one. */
MUST_CHECK bool store_check(struct store *s, struct buf *report, struct error *err);
MUST_CHECK bool store_backup(
    struct store *s, const char *to_path,
    struct error *err); /* consistent, while running; refuses to overwrite */
/* Checks `from_path` first (store_check, ERR_DAMAGED), keeps the old store beside it as
 * PATH.before-restore; ret_kept: there was one. */
MUST_CHECK bool store_restore(const struct store_options *opt, const char *from_path,
                              bool *ret_kept, struct error *err);

/* --- a turn of the trader ------------------------------------------------------------------- */
/* Writes every Put, Audit, Ledger and CommandDone of `acts` inside the caller's transaction, in
 * order. PUT_INTENT: ERR_EXISTS when the intent is there already, ERR_STATE when control.epoch is
 * not trade.epoch any more. Audit rows are chained here. Of the account each turn puts the whole
 * row: the last of a transaction is written with its commit. */
MUST_CHECK bool store_apply(struct store *s, const struct actions *acts, struct error *err);
MUST_CHECK bool store_control(struct store *s, struct control *ret, bool *ret_found,
                              struct error *err);
/* Everything that trader_open wants; arrays in `a`. `sym` is SYM_NONE everywhere: the trader finds
 * it by the symbol's name. fresh: there is no account row yet. */
MUST_CHECK bool store_load_trader(struct store *s, struct arena *a, usec symbol_cooldown,
                                  struct trader_rows *ret, struct error *err);
/* Is this post stored and processed? For sources that repeat themselves. */
MUST_CHECK bool store_has_post(struct store *s, int64_t id, bool *ret, struct error *err);

/* Named blobs that must move with a turn: source offsets, price cursor, venue state. */
MUST_CHECK bool store_cursor_put(struct store *s, str name, str value, struct error *err);
MUST_CHECK bool store_cursor_get(struct store *s, struct arena *a, str name, str *ret,
                                 bool *ret_found, struct error *err);

/* --- commands and settings ------------------------------------------------------------------- */
/* In one transaction: the command row, and for halt, resume and mode the control row with epoch +
 * 1, and the audit row. key: idempotency key, "" for none; the same key again returns the first
 * row's id and *ret_repeated, or ERR_REFUSED when it stood for another order (verb, target, mode,
 * or how long from `now` it holds). A halt over a halt keeps the later end; a mode may have
 * an end (cmd->until), and over a halt it has none. */
MUST_CHECK bool store_command_add(struct store *s, const struct command *cmd, str key, usec now,
                                  int64_t *ret_id, bool *ret_repeated, struct error *err);
/* Commands without a result, oldest first. */
MUST_CHECK bool store_commands_pending(struct store *s, struct command *ret, int max,
                                       int *ret_count, struct error *err);
/* *ret_done false: still waiting. */
MUST_CHECK bool store_command_result(struct store *s, struct arena *a, int64_t id, bool *ret_done,
                                     bool *ret_ok, str *ret_text, struct error *err);
/* Puts a row of the settings table, audited; empty value: removes it. *ret_id: of the command of
 * the verb SETTING by which the trader is told. */
MUST_CHECK bool store_setting_put(struct store *s, str key, str value, str actor, usec now,
                                  int64_t *ret_id, struct error *err);
MUST_CHECK bool store_settings(struct store *s, struct arena *a, const str **ret_rows,
                               int *ret_count, struct error *err); /* "key=value" */

/* --- forgetting ------------------------------------------------------------------------------ */
struct forgotten {
    int64_t posts;    /* whose text was removed now */
    int64_t authors;  /* of whom a name, habits, a record or running opinions were removed now */
    int64_t commands; /* for the trader: to close what the posts opened */
    int64_t last_command; /* 0: none */
};
/* In one transaction: the post's text (of each version, of its retweets, in dead letters) is gone,
 * the command for the trader, the audit row. A post that has not come yet will not be kept. */
MUST_CHECK bool store_forget_post(struct store *s, int64_t id, str actor, usec now,
                                  struct forgotten *ret, struct error *err);
/* The same for all posts of an author that are stored, and all that is kept of him: his name, his
 * habits, his record. who: "44196397", "x:44196397" or "@name". */
MUST_CHECK bool store_forget_author(struct store *s, str who, str actor, usec now,
                                    struct forgotten *ret, struct error *err);

/* --- dead letters --------------------------------------------------------------------------- */
struct dead_letter {
    int64_t id;
    str source, kind, payload, error;
    int attempts;
    usec first_at, last_at;
    str status;      /* dead, retried, dropped */
    str history;     /* all tries (tries.h); to be put: those before the last one, which ended at
                        last_at with `error` */
    str who;         /* to be put: whose the last one was */
    int64_t post_id; /* the stored post that it is about; 0: none */
};
/* Empty texts: any. */
struct dead_filter {
    str status, kind, source;
};
MUST_CHECK bool store_dead_put(struct store *s, const struct dead_letter *d, int64_t *ret_id,
                               struct error *err);
/* What pieces of input that were no posts take, in bytes; letters of stored posts and of jobs do
 * not count. */
MUST_CHECK bool store_dead_size(struct store *s, int64_t *ret, struct error *err);
/* Of those the oldest go until the rest takes no more than `bytes`; how many went so, ever, is
 * remembered. Inside the caller's transaction, where there is one; else in its own. */
MUST_CHECK bool store_dead_trim(struct store *s, int64_t bytes, int64_t *ret_gone,
                                struct error *err);
MUST_CHECK bool store_dead_gone(struct store *s, int64_t *ret, struct error *err);
/* Newest first, with ids under `before`; 0: from the newest. */
MUST_CHECK bool store_dead_list(struct store *s, struct arena *a, const struct dead_filter *f,
                                int64_t before, int limit, struct dead_letter **ret, int *ret_count,
                                struct error *err);
MUST_CHECK bool store_dead_get(struct store *s, struct arena *a, int64_t id,
                               struct dead_letter *ret, struct error *err);
/* status: dead or retried after a try, which is counted and becomes part of the history (why: what
 * went wrong, empty where nothing did); or dropped. Inside the caller's immediate transaction,
 * where there is one; else in its own. */
MUST_CHECK bool store_dead_mark(struct store *s, int64_t id, str status, str why, str actor,
                                usec now, struct error *err);
/* Did more than `most` letters come within the hour before now? Then there is an alert; it is over
 * when not more than half as many did, and told then. most 0: that is never so. */
struct dead_growth {
    int64_t in_hour;
    bool began, over; /* with this call, whichever process asked first */
};
MUST_CHECK bool store_dead_growth(struct store *s, int64_t most, usec now, struct dead_growth *ret,
                                  struct error *err);
/* --- what lasts, and who should know --------------------------------------------------------- */
/* A state of something (source: what), told once when it begins and once when it is over. */
struct alert_turn {
    bool lasts;        /* it is so now */
    const char *state; /* "off", or when it is over "right" */
    const char *what;  /* a sentence */
};
/* A row of alerts, where that is news; *ret_news: it was. In a transaction of its own, if any. */
MUST_CHECK bool store_alert_turn(struct store *s, const char *source, const struct alert_turn *t,
                                 usec now, bool *ret_news, struct error *err);
MUST_CHECK bool store_alert_lasts(struct store *s, const char *source, bool *ret,
                                  struct error *err);

/* A span of input that was lost for good, and why; the gaps of live sources stand beside it
 * (sources.h). Known by source and beginning: the same once more takes its place. */
MUST_CHECK bool store_gap_put(struct store *s, str source, usec from, usec to, str what,
                              struct error *err);

/* --- looking at it -------------------------------------------------------------------------- */
typedef enum show_kind {
    SHOW_TRADES,
    SHOW_POSITIONS,
    SHOW_ORDERS,
    SHOW_FILLS,
    SHOW_SIGNALS,
    SHOW_POSTS,
    SHOW_WORKERS, /* those that ended last; no cursor, and `now` is wanted */
    SHOW_COMMANDS,
    SHOW_AUDIT,
    SHOW_AUTHORS, /* with the most outcomes first; no cursor */
    SHOW_EQUITY,
    SHOW_LEDGER,
    SHOW_SOURCES, /* by name; no cursor, and `now` is wanted */
    SHOW_GAPS,
    SHOW_ALERTS
} show_kind;
struct show_query {
    show_kind kind;
    int64_t before; /* id cursor, 0: newest */
    int limit;
    str symbol;
    str status;
    usec now; /* SHOW_SOURCES: what is of today; SHOW_WORKERS: who is silent */
};
/* JSON array of objects (amounts as strings, times RFC 3339, ids as strings), newest first; the
 * ledger as plain lines, oldest first, the last `limit` of them, 0 all. Case does not count in a
 * status. */
MUST_CHECK bool store_show_json(struct store *s, const struct show_query *q, struct buf *out,
                                struct error *err);
/* One row: commands by id, equity by its time. */
MUST_CHECK bool store_show_one(struct store *s, show_kind kind, int64_t id, struct buf *out,
                               bool *ret_found, struct error *err);

/* sha256 over all ledger lines in order, each ended by a line feed; hex, 64 characters + NUL. */
MUST_CHECK bool store_ledger_hash(struct store *s, char ret[65], struct error *err);
/* Totals for `run --exit-at-end`: posts, signals, trades (filled entries), refused by reason
 * (signals' reasons and posts' outcomes), fees, realised pnl. */
struct store_totals {
    int64_t posts, signals, trades, closed;
    int64_t deleted; /* posts of which there is word that they were deleted */
    int64_t refused[REASON_COUNT];
    money fees, pnl;
};
MUST_CHECK bool store_totals(struct store *s, struct store_totals *ret, struct error *err);

/* Walks the audit chain, from its anchor where rows were pruned. False + err when a link is broken,
 * rows are missing at the end, or the anchor is none that the chain knows of: *ret_id is the first
 * bad or missing row; 0: it could not be read. *ret_rows: that are there and fit. */
MUST_CHECK bool store_audit_verify(struct store *s, int64_t *ret_rows, int64_t *ret_id,
                                   struct error *err);

/* Where the chain begins since rows were pruned (prune.h). */
struct audit_anchor {
    int64_t rows; /* so many are gone: the last one's number; 0: none */
    char hash[SHA256_HEX_BYTES];
    usec at; /* when that was said */
    char actor[64];
};
MUST_CHECK bool store_audit_anchor(struct store *s, struct audit_anchor *ret, bool *ret_found,
                                   struct error *err);

#endif
