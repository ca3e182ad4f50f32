/* copy: see the header.
 *
 * In: two stores. Each table is read in the order of its key, some thousand rows at a time, and
 * each such batch is written by one statement in one transaction; so the largest key at the target
 * says how far an interrupted copy came. Which store it is a copy of stands in the target's cursor
 * COPYING, with a print of what must not change meanwhile (how many rows each table has, the ends
 * of the ledger and of the audit log). The audit log's head is written last.
 *
 * Out: the rows, and that they are the same: both stores are read once more, row by row, as
 * canonical text, and the two hashes of each table are compared, then the ledger's.
 *
 * Failure: the batch is undone; the next call goes on. Thread: the connections'. */
#include "store/copy.h"

#include <inttypes.h>

#include "store/copy_tables.h"
#include "store/store_int.h"

#define BATCH "2000"
#define BATCH_ROWS 2000
#define KEY_COLUMNS_MAX 3
#define KEY_BYTES 1024
#define COPYING STR("!copying") /* stands before all other cursors */

typedef enum kind { INT, AMOUNT, VOLUME, TIME, BOOL, TEXT, JSON, BYTES, BLOB, SCORE } kind;

struct table {
    const char *name;
    struct sql first, next; /* rows from the beginning, and behind a key */
    struct sql insert;
    struct sql last; /* the largest key */
    struct sql all, count;
    const kind *kinds;
    int columns, key_columns;
};

/* A key, and where it came from. */
struct key {
    bool any;
    int64_t numbers[KEY_COLUMNS_MAX];
    str texts[KEY_COLUMNS_MAX];
    char blocks[KEY_COLUMNS_MAX][KEY_BYTES];
};

/* -- statements -------------------------------------------------------------------------------- */

/* clang-format off */
#define KIND_FIRST(n, c, k) k
#define KIND(n, c, k) , k
#define NAME_FIRST(n, c, k) #c
#define NAME(n, c, k) ", " #c
#define PARAM_FIRST(n, c, k) "$" #n
#define PARAM(n, c, k) ", $" #n
/* In PostgreSQL a parameter is an array, and text does not become JSON by itself. */
#define ARRAY_INT "bigint[]"
#define ARRAY_AMOUNT "numeric[]"
#define ARRAY_VOLUME "numeric[]"
#define ARRAY_TIME "timestamptz[]"
#define ARRAY_BOOL "boolean[]"
#define ARRAY_TEXT "text[]"
#define ARRAY_JSON "text[]"
#define ARRAY_BYTES "bytea[]"
#define ARRAY_BLOB "bytea[]"
#define ARRAY_SCORE "numeric[]"
#define ARRAY_FIRST(n, c, k) "$" #n "::" ARRAY_##k
#define ARRAY(n, c, k) ", $" #n "::" ARRAY_##k
#define AS_INT
#define AS_AMOUNT
#define AS_VOLUME
#define AS_TIME
#define AS_BOOL
#define AS_TEXT
#define AS_JSON "::json"
#define AS_BYTES
#define AS_BLOB
#define AS_SCORE
#define VALUE_FIRST(n, c, k) "v." #c AS_##k
#define VALUE(n, c, k) ", v." #c AS_##k

#define COLUMNS(t) COPY_##t(NAME_FIRST, NAME)
#define KEY_PARAMS_1 "$1"
#define KEY_PARAMS_2 "$1, $2"
#define KEY_PARAMS_3 "$1, $2, $3"

#define ROW(t, n, key) ROW_OF(t, n, KEY_UP_##n, KEY_DOWN_##n, key)
#define ROW_OF(t, n, UP, DOWN, ...)                                                                \
    {                                                                                              \
        .name = #t,                                                                                \
        .first = {"SELECT " COLUMNS(t) " FROM " #t " ORDER BY " UP(__VA_ARGS__) " LIMIT " BATCH},  \
        .next = {"SELECT " COLUMNS(t) " FROM " #t " WHERE (" UP(__VA_ARGS__) ") > ("               \
                 KEY_PARAMS_##n ") ORDER BY " UP(__VA_ARGS__) " LIMIT " BATCH},                    \
        .insert = {"INSERT INTO " #t " (" COLUMNS(t) ") VALUES ("                                  \
                   COPY_##t(PARAM_FIRST, PARAM) ")",                                               \
                   "INSERT INTO " #t " (" COLUMNS(t) ") SELECT " COPY_##t(VALUE_FIRST, VALUE)      \
                   " FROM unnest(" COPY_##t(ARRAY_FIRST, ARRAY) ") AS v(" COLUMNS(t) ")"},         \
        .last = {"SELECT " UP(__VA_ARGS__) " FROM " #t " ORDER BY " DOWN(__VA_ARGS__) " LIMIT 1"}, \
        .all = {"SELECT " COLUMNS(t) " FROM " #t " ORDER BY " UP(__VA_ARGS__), .large = true},     \
        .count = {"SELECT count(*) FROM " #t},                                                     \
        .kinds = (const kind[]){COPY_##t(KIND_FIRST, KIND)},                                       \
        .columns = (int)COUNT_OF(((const kind[]){COPY_##t(KIND_FIRST, KIND)})), .key_columns = n   \
    },

static const struct table tables[] = {COPY_TABLES(ROW)};
/* clang-format on */

/* -- one value -----------------------------------------------------------------------------------
 */

static bool is_text(kind k) { return k == TEXT || k == JSON || k == BYTES || k == SCORE; }

/* The next column of `from` as the next parameter of `to`. */
static void move_value(kind k, struct query *from, struct query *to) {
    if (col_is_null(from)) {
        IGNORE(col_i64(from), "it is NULL");
        bind_null(to);
        return;
    }
    switch (k) {
    case INT:
        bind_i64(to, col_i64(from));
        return;
    case AMOUNT:
        bind_e8(to, col_e8(from));
        return;
    case VOLUME:
        bind_e8(to, col_volume(from));
        return;
    case TIME:
        bind_time(to, col_time(from));
        return;
    case BOOL:
        bind_bool(to, col_bool(from));
        return;
    case TEXT:
    case JSON:
    case BYTES:
    case SCORE:
        bind_str(to, col_str(from));
        return;
    case BLOB:
        bind_blob(to, col_str(from));
        return;
    }
    WRONG("a column of no kind");
}

/* The same as text that means the same in both databases: its length, and what it is. */
static void put_value(kind k, struct query *from, struct buf *line) {
    char block[32];
    struct buf number;
    str text;
    if (col_is_null(from)) {
        IGNORE(col_i64(from), "it is NULL");
        buf_put(line, STR("-,"));
        return;
    }
    if (is_text(k) || k == BLOB) {
        text = col_str(from);
    } else {
        const bool amount = k == AMOUNT || k == VOLUME;
        const int64_t v = amount      ? col_volume(from)
                          : k == TIME ? col_time(from)
                          : k == BOOL ? col_bool(from)
                                      : col_i64(from);
        buf_init_fixed(&number, block, sizeof block);
        buf_put_i64(&number, v);
        text = buf_str(&number);
    }
    buf_put_i64(line, text.n);
    buf_put_byte(line, ':');
    buf_put(line, text);
    buf_put_byte(line, ',');
}

/* -- keys ----------------------------------------------------------------------------------------
 */

static bool keep_key(const struct table *t, struct query *q, struct key *ret, struct error *err) {
    ret->any = true;
    for (int i = 0; i < t->key_columns; i++) {
        if (!is_text(t->kinds[i])) {
            ret->numbers[i] = t->kinds[i] == TIME ? col_time(q) : col_i64(q);
            continue;
        }
        const str text = col_str(q);
        if (!str_copyz(text, ret->blocks[i], KEY_BYTES))
            return fail(err, ERR_RANGE, 0, "%s has a key of %td bytes", t->name, text.n);
        ret->texts[i] = (str){ret->blocks[i], text.n};
    }
    return true;
}

/* room: for texts, until the query is closed. */
static void bind_key(const struct table *t, struct query *q, const struct key *k,
                     struct key *room) {
    for (int i = 0; i < t->key_columns; i++) {
        if (is_text(t->kinds[i])) {
            memcpy(room->blocks[i], k->blocks[i], (size_t)k->texts[i].n);
            bind_str(q, (str){room->blocks[i], k->texts[i].n});
        } else if (t->kinds[i] == TIME) {
            bind_time(q, k->numbers[i]);
        } else {
            bind_i64(q, k->numbers[i]);
        }
    }
}

/* -- a table -------------------------------------------------------------------------------------
 */

/* Reads rows behind the key (all, where there is none) and adds them to the insert. The key moves
 * on with each row, so what the statement is bound to is another one. */
static bool move_rows(struct store *from, const struct table *t, struct key *last,
                      struct query *insert, int *ret_rows, struct error *err) {
    struct query q;
    struct key behind;
    bool row;
    if (!query_open(from, last->any ? &t->next : &t->first, &q, err)) return false;
    if (last->any) bind_key(t, &q, last, &behind);
    if (!query_row(&q, &row, err)) return false;
    for (*ret_rows = 0; row; ++*ret_rows) {
        for (int i = 0; i < t->columns; i++) move_value(t->kinds[i], &q, insert);
        q.cols = 0; /* once more: its key */
        if (q.odd || !keep_key(t, &q, last, err) || !query_add(insert, err)) {
            if (q.odd) fail(err, ERR_DAMAGED, 0, "an amount in %s is out of range", t->name);
            query_close(&q);
            return false;
        }
        if (!query_row(&q, &row, err)) return false;
    }
    return true;
}

static bool copy_batch(struct store *from, struct store *to, const struct table *t,
                       struct key *last, int *ret_rows, struct error *err) {
    struct query insert = {0};
    if (!store_begin(to, true, err)) return false;
    const bool ok = query_open_many(to, &t->insert, &insert, err) &&
                    move_rows(from, t, last, &insert, ret_rows, err) && query_run(&insert, err);
    if (ok && store_commit(to, err)) return true;
    query_close(&insert);
    store_rollback(to);
    return fail_in(err, "copy %s", t->name);
}

/* How far it is: the rows behind which it goes on. */
static bool find_last(struct store *to, const struct table *t, struct key *ret, struct error *err) {
    struct query q;
    bool row;
    ret->any = false;
    if (!query_open(to, &t->last, &q, err) || !query_row(&q, &row, err)) return false;
    if (!row) return true;
    const bool ok = keep_key(t, &q, ret, err);
    query_close(&q);
    return ok;
}

static bool count_rows(struct store *s, const struct table *t, int64_t *ret, struct error *err) {
    struct query q;
    bool found;
    *ret = 0;
    return query_open(s, &t->count, &q, err) && query_i64(&q, ret, &found, err);
}

static bool copy_table(struct store *from, struct store *to, const struct table *t,
                       const struct copy_progress *tell, struct copied *sum, struct error *err) {
    struct key last;
    int64_t there;
    int rows = BATCH_ROWS;
    if (!find_last(to, t, &last, err) || !count_rows(to, t, &there, err)) return false;
    if (strcmp(t->name, "cursors") == 0) there--; /* the copy's own */
    sum->found += there;
    while (rows == BATCH_ROWS) {
        if (!copy_batch(from, to, t, &last, &rows, err)) return false;
        there += rows;
        if (tell) tell->tell(tell->ctx, t->name, there);
    }
    sum->rows += there;
    sum->tables++;
    return true;
}

/* -- what it is a copy of ------------------------------------------------------------------------
 */

/* A print of what would differ if `from` had been written to. */
static bool print_store(struct store *from, char ret[SHA256_HEX_BYTES], struct error *err) {
    static const struct sql ends = {"SELECT h.rows, h.hash, (SELECT max(seq) FROM ledger), (SELECT "
                                    "max(at) FROM account) FROM audit_head h"};
    char block[2048];
    struct buf b;
    struct query q;
    bool row;
    uint8_t sum[SHA256_BYTES];
    buf_init_fixed(&b, block, sizeof block);
    for (int i = 0; i < COUNT_OF(tables); i++) {
        int64_t rows;
        if (!count_rows(from, &tables[i], &rows, err)) return false;
        buf_printf(&b, "%s %" PRId64 "\n", tables[i].name, rows);
    }
    if (!query_open(from, &ends, &q, err) || !query_row(&q, &row, err)) return false;
    if (row) {
        buf_put_i64(&b, col_i64(&q));
        buf_put(&b, col_str(&q));
        buf_put_i64(&b, col_i64(&q));
        buf_put_byte(&b, ' ');
        buf_put_i64(&b, col_time(&q));
    }
    query_close(&q);
    POST(!buf_full(&b));
    sha256_once(buf_str(&b), sum);
    hex_format(sum, SHA256_BYTES, ret);
    return true;
}

static bool is_empty(struct store *to, const char **ret_table, struct error *err) {
    *ret_table = NULL;
    for (int i = 0; i < COUNT_OF(tables) && *ret_table == NULL; i++) {
        int64_t rows;
        if (!count_rows(to, &tables[i], &rows, err)) return false;
        if (rows > 0) *ret_table = tables[i].name;
    }
    return true;
}

static bool find_mark(struct store *to, char ret[SHA256_HEX_BYTES], bool *ret_found,
                      struct error *err) {
    char block[128];
    struct arena a;
    str mark = {0};
    arena_init(&a, block, sizeof block);
    if (!store_cursor_get(to, &a, COPYING, &mark, ret_found, err)) return false;
    IGNORE(!str_copyz(mark, ret, SHA256_HEX_BYTES), "a print is as long");
    return true;
}

bool store_copy_is_whole(struct store *s, struct error *err) {
    char mark[SHA256_HEX_BYTES];
    bool found;
    if (!find_mark(s, mark, &found, err)) return false;
    return !found ||
           fail(err, ERR_STATE, 0,
                "%s: a copy into it is not at its end: `bullfinch db copy` goes on", s->path);
}

/* Begins, or goes on with, a copy of the store with this print. */
static bool mark_target(struct store *to, const char *print, struct error *err) {
    char mark[SHA256_HEX_BYTES];
    const char *table;
    bool found;
    if (!find_mark(to, mark, &found, err)) return false;
    if (found && strcmp(mark, print) == 0) return true;
    if (found)
        return fail(err, ERR_STATE, 0,
                    "%s holds a part of another store, or this one was written to since: empty it "
                    "(DROP SCHEMA, or another file) and begin anew",
                    to->path);
    if (!is_empty(to, &table, err)) return false;
    if (table != NULL)
        return fail(err, ERR_STATE, 0,
                    "%s is not empty (%s has rows): a copy goes into a store of its own", to->path,
                    table);
    if (!store_begin(to, true, err)) return false;
    if (store_cursor_put(to, COPYING, str_from_z(print), err) && store_commit(to, err)) return true;
    store_rollback(to);
    return false;
}

/* -- the end -------------------------------------------------------------------------------------
 */

static bool hash_table(struct store *s, const struct table *t, uint8_t ret[SHA256_BYTES],
                       int64_t *ret_rows, struct error *err) {
    struct query q;
    struct buf line;
    bool row = false;
    struct sha256 *h = sha256_new();
    buf_init(&line, 64 << 20);
    bool ok = query_open(s, &t->all, &q, err) && query_row(&q, &row, err);
    for (*ret_rows = 0; ok && row; ok = query_row(&q, &row, err)) {
        buf_clear(&line);
        for (int i = 0; i < t->columns; i++) put_value(t->kinds[i], &q, &line);
        const bool mark =
            strcmp(t->name, "cursors") == 0 && str_starts(buf_str(&line), STR("8:!copying,"));
        if (mark) continue; /* not the source's */
        ++*ret_rows;
        sha256_add(h, buf_str(&line));
        sha256_add(h, STR("\n"));
    }
    sha256_finish(h, ret);
    sha256_free(h);
    buf_fini(&line);
    return ok;
}

/* Reading all of a table may take longer than anything else that is done with a store. */
static bool begin_patiently(struct store *s, struct error *err) {
    static const char patience[] =
        "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";
    if (!store_begin(s, false, err)) return false;
    if (s->ops->dialect != DIALECT_POSTGRESQL || s->ops->exec(s, patience, err)) return true;
    store_rollback(s);
    return false;
}

static bool compare_table(struct store *from, struct store *to, const struct table *t,
                          struct error *err) {
    uint8_t a[SHA256_BYTES], b[SHA256_BYTES];
    int64_t rows_a, rows_b;
    if (!hash_table(from, t, a, &rows_a, err)) return false;
    if (!store_trader_keep(to, err) || !begin_patiently(to, err)) return false;
    const bool ok = hash_table(to, t, b, &rows_b, err);
    store_rollback(to);
    if (!ok) return false;
    if (rows_a == rows_b && memcmp(a, b, SHA256_BYTES) == 0) return true;
    return fail(err, ERR_DAMAGED, 0,
                "%s: its table %s is not what it should be (%" PRId64 " rows, %" PRId64
                " at the source): empty it and begin anew",
                to->path, t->name, rows_b, rows_a);
}

static bool compare_stores(struct store *from, struct store *to, const struct copy_progress *tell,
                           struct copied *sum, struct error *err) {
    char hash[65];
    for (int i = 0; i < COUNT_OF(tables); i++) {
        if (tell) tell->tell(tell->ctx, tables[i].name, -1);
        if (!compare_table(from, to, &tables[i], err)) return false;
    }
    if (!store_ledger_hash(from, sum->ledger_hash, err) || !begin_patiently(to, err)) return false;
    const bool ok = store_ledger_hash(to, hash, err);
    store_rollback(to);
    return ok && (strcmp(sum->ledger_hash, hash) == 0 ||
                  fail(err, ERR_DAMAGED, 0, "%s: its ledger is another one", to->path));
}

/* Numbers that PostgreSQL counts up go on behind those that are there. */
static bool advance_counters(struct store *to, struct error *err) {
#define ADVANCE(t, c)                                                                              \
    {"SELECT setval(pg_get_serial_sequence('" #t "', '" #c "'), greatest((SELECT max(" #c          \
     ") FROM " #t "), 1), EXISTS (SELECT 1 FROM " #t "))"},
    static const struct sql counters[] = {COPY_COUNTED(ADVANCE)};
#undef ADVANCE
    if (to->ops->dialect != DIALECT_POSTGRESQL) return true; /* SQLite looks for the largest */
    for (int i = 0; i < COUNT_OF(counters); i++) {
        struct query q;
        int64_t at;
        bool found;
        if (!query_open(to, &counters[i], &q, err) || !query_i64(&q, &at, &found, err))
            return false;
    }
    return true;
}

static bool copy_head(struct store *from, struct store *to, struct error *err) {
    static const struct sql get = {"SELECT rows, hash FROM audit_head"};
    static const struct sql put = {"UPDATE audit_head SET rows = $1, hash = $2"};
    struct query q, w;
    bool row;
    if (!query_open(from, &get, &q, err) || !query_row(&q, &row, err)) return false;
    bool ok = row && query_open(to, &put, &w, err);
    if (ok) {
        bind_i64(&w, col_i64(&q));
        bind_str(&w, col_str(&q));
        ok = query_run(&w, err);
    }
    query_close(&q);
    return ok || row || fail(err, ERR_DAMAGED, 0, "%s: audit_head has no row", from->path);
}

/* Head and counters, and from now on it is a store like any other. */
static bool finish(struct store *from, struct store *to, struct error *err) {
    static const struct sql unmark = {"DELETE FROM cursors WHERE name = '!copying'"};
    if (!store_begin(to, true, err)) return false;
    if (copy_head(from, to, err) && advance_counters(to, err) && query_exec(to, &unmark, err) &&
        store_commit(to, err))
        return true;
    store_rollback(to);
    return false;
}

/* -- all of it -----------------------------------------------------------------------------------
 */

static bool copy_all(struct store *from, struct store *to, const struct copy_progress *tell,
                     struct copied *sum, struct error *err) {
    char print[SHA256_HEX_BYTES];
    if (!print_store(from, print, err) || !mark_target(to, print, err)) return false;
    for (int i = 0; i < COUNT_OF(tables); i++)
        if (!copy_table(from, to, &tables[i], tell, sum, err)) return false;
    return compare_stores(from, to, tell, sum, err) && finish(from, to, err);
}

/* Where it is, however it was named. */
static bool find_place(struct store *s, struct arena *a, str *ret, struct error *err) {
    static const struct sql sql = {
        "SELECT file FROM pragma_database_list WHERE name = 'main'",
        "SELECT concat_ws(' ', current_database(), current_schema(), pg_postmaster_start_time(), "
        "current_setting('port'))"};
    struct query q;
    bool row;
    if (!query_open(s, &sql, &q, err) || !query_row(&q, &row, err)) return false;
    POST(row);
    *ret = str_dup(a, col_str(&q));
    query_close(&q);
    return true;
}

static bool check_apart(struct store *from, struct store *to, struct error *err) {
    char block[8192 + 256];
    struct arena a;
    str one, other;
    arena_init(&a, block, sizeof block);
    if (from->ops != to->ops) return true;
    if (!find_place(from, &a, &one, err) || !find_place(to, &a, &other, err)) return false;
    if (one.n == 0 || !str_eq(one, other)) return true; /* in memory each is its own */
    return fail(err, ERR_USAGE, 0, "a store cannot be copied into itself: name another one than %s",
                to->path);
}

/* Nobody may trade on it. A lock on a database is a lease, too, which would have to be renewed. */
static bool hold_source(struct store *from, struct error *err) {
    int64_t pid;
    if (from->ops->dialect == DIALECT_SQLITE) return store_trader_lock(from, err);
    return !store_trader_running(from, &pid) ||
           fail(err, ERR_EXISTS, (int)pid, "process %" PRId64 " trades on %s: stop it first", pid,
                from->path);
}

bool store_copy(struct store *from, struct store *to, const struct copy_progress *tell,
                struct copied *ret, struct error *err) {
    struct copied sum = {0};
    PRE(to->access == STORE_WRITE && from->access == STORE_WRITE);
    if (!check_apart(from, to, err) || !hold_source(from, err) || !store_trader_lock(to, err))
        return false;
    if (!begin_patiently(from, err)) return false; /* one moment of it */
    const bool ok = copy_all(from, to, tell, &sum, err);
    store_rollback(from);
    if (!ok) return fail_in(err, "copy %s", from->path);
    *ret = sum;
    return true;
}
