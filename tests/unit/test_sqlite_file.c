/* The SQLite store as a file: what is refused, what is kept, what a full disk, a lock, a damaged
 * page do. Nothing that was good may be lost, and each error says what to do. */
#include "store/store_int.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define NOBODY 65534

static char dir[] = "/tmp/bullfinch-file-XXXXXX";
static struct arena arena;
static char path[256], url[300];

/* -- tools ------------------------------------------------------------------------------- */

static void in_dir(char *block, size_t bytes, const char *name) {
    const int n = snprintf(block, bytes, "%s/%s", dir, name);
    assert_true(n > 0 && (size_t)n < bytes);
}

static void remove_all(void) {
    char command[300];
    const int n = snprintf(command, sizeof command, "rm -rf %s", dir);
    assert_true(n > 0 && n < (int)sizeof command);
    assert_int_equal(system(command), 0);
}

static int set_up(void **state) {
    (void)state;
    memcpy(dir, "/tmp/bullfinch-file-XXXXXX", sizeof dir);
    assert_non_null(mkdtemp(dir));
    in_dir(path, sizeof path, "a.db");
    const int n = snprintf(url, sizeof url, "sqlite:%s", path);
    assert_true(n > 0 && n < (int)sizeof url);
    arena_open(&arena, 1 << 20);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    remove_all();
    arena_close(&arena);
    return 0;
}

static struct store_options options(store_access access, bool create) {
    return (struct store_options){
        .url = str_from_z(url), .access = access, .create = create, .busy_timeout_ms = 50};
}

static struct store *open_as(struct store_options opt) {
    struct error err;
    struct store *s = NULL;
    assert_ok(store_open(&arena, &opt, &s, &err), &err);
    return s;
}

static struct store *create(void) { return open_as(options(STORE_WRITE, true)); }
static struct store *reopen(void) { return open_as(options(STORE_WRITE, false)); }

/* Opening must fail with this code and a message that has `says` in it. */
static void refused(struct store_options opt, err_code code, const char *says) {
    struct error err;
    struct store *s = NULL;
    assert_fails(store_open(&arena, &opt, &s, &err), &err, code);
    assert_null(s);
    if (str_find(str_from_z(err.msg), str_from_z(says)) < 0) fail_msg("\"%s\"", err.msg);
}

static void put(struct store *s, int i) {
    struct error err;
    int64_t id;
    char key[24];
    const int n = snprintf(key, sizeof key, "key.%d", i);
    assert_true(n > 0);
    assert_ok(store_setting_put(s, str_from_z(key), STR("v"), STR("test"), 1, &id, &err), &err);
}

static int64_t count(struct store *s) {
    static const struct sql sql = {"SELECT count(*) FROM settings"};
    struct error err;
    struct query q;
    int64_t n = 0;
    bool found;
    assert_ok(query_open(s, &sql, &q, &err), &err);
    assert_ok(query_i64(&q, &n, &found, &err), &err);
    return n;
}

static void exec(struct store *s, const char *sql) {
    struct error err;
    assert_ok(s->ops->exec(s, sql, &err), &err);
}

static void sound(struct store *s) {
    struct error err;
    struct buf report;
    buf_init(&report, 1 << 16);
    if (!store_check(s, &report, &err)) fail_msg("%s\n%s", err.msg, buf_z(&report));
    buf_fini(&report);
}

static bool exists(const char *name) {
    char full[300];
    struct stat st;
    in_dir(full, sizeof full, name);
    return lstat(full, &st) == 0;
}

static void write_file(const char *name, const char *text) {
    char full[300];
    in_dir(full, sizeof full, name);
    FILE *f = fopen(full, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static off_t size_of(const char *name) {
    char full[300];
    struct stat st;
    in_dir(full, sizeof full, name);
    assert_int_equal(stat(full, &st), 0);
    return st.st_size;
}

/* Overwrites `pages` pages from page `first` on (the header page is 0) with what is no page. */
static void damage(const char *name, int first, int pages) {
    char full[300], junk[4096];
    in_dir(full, sizeof full, name);
    memset(junk, 0xA5, sizeof junk);
    const int fd = open(full, O_WRONLY);
    assert_true(fd >= 0);
    for (int i = first; i < first + pages; i++) {
        assert_int_equal(pwrite(fd, junk, sizeof junk, (off_t)i * 4096), sizeof junk);
    }
    assert_int_equal(close(fd), 0);
}

/* Runs `body` in a process of its own; false when it failed or died. */
static bool in_child(void (*body)(void)) {
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        body();
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* For the child: ends it when `ok` is false, saying why. */
static void must(bool ok, const char *why) {
    if (ok) return;
    print_error("child: %s\n", why);
    _exit(1);
}

/* -- opening ----------------------------------------------------------------------------- */

static void test_a_new_store_is_for_its_owner_only(void **state) {
    (void)state;
    struct stat st;
    const mode_t before = umask(0);
    struct store *s = create();
    put(s, 1);
    IGNORE(umask(before), "it returns what it was");
    static const char *const names[] = {"a.db", "a.db-wal", "a.db-shm", "a.db.lock"};
    for (int i = 0; i < COUNT_OF(names); i++) {
        char full[300];
        in_dir(full, sizeof full, names[i]);
        assert_int_equal(stat(full, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
    store_close(s);
}

static void test_a_missing_store_is_not_made_by_looking(void **state) {
    (void)state;
    refused(options(STORE_WRITE, false), ERR_NOT_FOUND, "bullfinch db migrate");
    refused(options(STORE_READ, true), ERR_NOT_FOUND, "there is no store at");
    assert_false(exists("a.db"));
    assert_false(exists("a.db.lock"));
}

static void test_a_missing_directory_is_named(void **state) {
    (void)state;
    struct store_options opt = options(STORE_WRITE, true);
    opt.url = STR("sqlite:/nowhere/at/all.db");
    refused(opt, ERR_IO, "/nowhere/at/all.db");
    opt.url = STR("sqlite:");
    refused(opt, ERR_CONFIG, "path");
    opt.url = STR("sqlite:/tmp");
    refused(opt, ERR_IO, "/tmp");
}

static void test_a_text_file_is_no_store_and_stays_as_it_is(void **state) {
    (void)state;
    write_file("a.db",
               "This is a letter that somebody wrote, long enough to have had a header in it: "
               "it has none, and it must still be there, to the last word, afterwards.");
    const off_t before = size_of("a.db");
    refused(options(STORE_WRITE, true), ERR_DAMAGED, "is not a bullfinch store");
    refused(options(STORE_READ, false), ERR_DAMAGED, "is not a bullfinch store");
    assert_int_equal(size_of("a.db"), before);
    write_file("a.db", "short");
    refused(options(STORE_WRITE, true), ERR_DAMAGED, "is not a bullfinch store");
}

static void test_another_programs_database_is_left_alone(void **state) {
    (void)state;
    char command[400];
    const int n = snprintf(command, sizeof command,
                           "sqlite3 %s 'CREATE TABLE photos (id INTEGER); INSERT INTO photos "
                           "VALUES (1)' && cp %s %s.kept",
                           path, path, path);
    assert_true(n > 0 && n < (int)sizeof command);
    assert_int_equal(system(command), 0);
    refused(options(STORE_WRITE, true), ERR_STATE, "another program");
    refused(options(STORE_READ, false), ERR_STATE, "another program");
    const int m = snprintf(command, sizeof command, "cmp %s %s.kept", path, path);
    assert_true(m > 0 && m < (int)sizeof command);
    assert_int_equal(system(command), 0);
}

/* -- schema ------------------------------------------------------------------------------ */

static void test_a_newer_schema_is_refused(void **state) {
    (void)state;
    struct store *s = create();
    exec(s, "INSERT INTO migrations SELECT 999, 'later', checksum, 1 FROM migrations "
            "WHERE version = 1");
    store_close(s);
    refused(options(STORE_WRITE, true), ERR_STATE, "newer bullfinch");
    refused(options(STORE_READ, false), ERR_STATE, "newer bullfinch");
}

/* Leaves nothing in the store. */
static void drop_all(struct store *s) {
    static const struct sql next = {"SELECT 'DROP ' || type || ' ' || name FROM main.sqlite_master "
                                    "WHERE type IN ('view', 'table') AND name NOT LIKE 'sqlite_%' "
                                    "ORDER BY type DESC LIMIT 1"};
    for (bool row = true; row;) {
        struct error err;
        struct query q;
        char sql[128];
        assert_ok(query_open(s, &next, &q, &err), &err);
        assert_ok(query_row(&q, &row, &err), &err);
        if (!row) return;
        col_z(&q, sql, sizeof sql);
        query_close(&q);
        exec(s, sql);
    }
}

/* A store as the first migration left it. */
static void make_older(void) {
    struct store *s = create();
    exec(s, "PRAGMA foreign_keys = OFF");
    exec(s, "CREATE TEMP TABLE kept AS SELECT * FROM main.migrations WHERE version = 1");
    drop_all(s);
    exec(s, s->ops->migrations[0].sql);
    exec(s, "INSERT INTO main.migrations SELECT * FROM temp.kept");
    store_close(s);
}

static void test_an_older_schema_is_migrated_when_asked_to(void **state) {
    (void)state;
    struct error err;
    int from, to;
    make_older();
    refused(options(STORE_WRITE, false), ERR_STATE, "bullfinch db migrate");
    struct store_options opt = options(STORE_WRITE, false);
    opt.any_schema = true;
    struct store *s = open_as(opt);
    assert_int_equal(store_schema_version(s), 1);
    assert_ok(store_migrate(s, &from, &to, &err), &err);
    assert_int_equal(from, 1);
    assert_int_equal(to, store_newest_schema(s));
    store_close(s);
    store_close(reopen());
    store_close(create()); /* and by itself, where a store may be made */
}

static void test_signals_that_wait_survive_a_migration(void **state) {
    (void)state;
    struct error err;
    struct trader_rows rows;
    make_older();
    struct store_options opt = options(STORE_WRITE, false);
    opt.any_schema = true;
    struct store *s = open_as(opt);
    exec(s, "INSERT INTO tweets (id, author, text, created_at, created_at_db, root_id, source, "
            "source_id, author_id, received_at, lang, ref_kind, processed) VALUES (1, 'a', 't', 1, "
            "1, 1, 'x', '1', '1', 1, 'en', 'none', 1)");
    exec(s, "INSERT INTO signals VALUES (2, 1, 1, 1, 'x:1', 'DOGEUSDT', 'LONG', 70, 70, "
            "'{\"confidence\":1.0000,\"polarity\":1.0000,\"author\":0.7000,\"freshness\":1.0000,"
            "\"copies\":1.0000,\"priced_in\":1.0000}', 'waiting', NULL, 3, 5, 0, 0, 1, 1, 1)");
    exec(s, "INSERT INTO account VALUES (1, 1, 1, 0, 0, 1, 1, 1, 0, 6, 1, 1, 1, 1, 'abcd', 1)");
    int from, to;
    assert_ok(store_migrate(s, &from, &to, &err), &err);
    assert_ok(store_load_trader(s, &arena, 0, &rows, &err), &err);
    assert_int_equal(rows.signal_count, 1);
    assert_int_equal(rows.signals[0].parts_bp[PART_AUTHOR], 7000);
    assert_int_equal(rows.signals[0].parts_bp[PART_RECORD], 10000); /* a factor of later */
    assert_int_equal(rows.signals[0].seen_at, 0);
    assert_int_equal(rows.signals[0].seen_volatility, 0);
    store_close(s);
}

/* Of two with one beginning the later one is kept: a gap is known by that. */
static void test_gaps_that_were_lost_survive_a_migration(void **state) {
    (void)state;
    static const struct sql kept = {
        "SELECT count(*) FROM gaps WHERE state = 'lost' AND posts = 0 AND updated_at = until_at "
        "AND "
        "(what = 'two' AND source = 'x' AND from_at = 5 AND until_at = 8 AND id = 2 OR "
        "what = 'three' AND source = 'y' AND from_at = 5 AND until_at = 9 AND id = 3)"};
    struct error err;
    struct query q;
    int64_t n = 0;
    int from, to;
    bool found;
    make_older();
    struct store_options opt = options(STORE_WRITE, false);
    opt.any_schema = true;
    struct store *s = open_as(opt);
    exec(s, "INSERT INTO gaps VALUES (1, 'x', 5, 7, 'one'), (2, 'x', 5, 8, 'two'), "
            "(3, 'y', 5, 9, 'three')");
    assert_ok(store_migrate(s, &from, &to, &err), &err);
    assert_ok(query_open(s, &kept, &q, &err) && query_i64(&q, &n, &found, &err), &err);
    assert_int_equal(n, 2);
    store_close(s);
}

static void test_an_applied_migration_that_was_edited_is_an_error(void **state) {
    (void)state;
    struct store *s = create();
    exec(s, "UPDATE migrations SET checksum = replace(checksum, substr(checksum, 1, 1), 'g') "
            "WHERE version = 1");
    store_close(s);
    refused(options(STORE_WRITE, true), ERR_STATE, "0001_init");
}

static void test_a_migration_that_fails_leaves_the_schema_before_it(void **state) {
    (void)state;
    struct error err;
    int from, to;
    make_older();
    struct store_options opt = options(STORE_WRITE, false);
    opt.any_schema = true;
    struct store *s = open_as(opt);
    exec(s, "CREATE VIEW workers_v AS SELECT 1"); /* in the way of the second file */
    assert_fails(store_migrate(s, &from, &to, &err), &err, ERR_IO);
    assert_int_equal(store_schema_version(s), 1);
    exec(s, "DROP VIEW workers_v");
    assert_ok(store_migrate(s, &from, &to, &err), &err);
    store_close(s);
}

static void open_and_put(void) {
    struct error err;
    int64_t id;
    struct store *s = NULL;
    struct store_options opt = options(STORE_WRITE, true);
    opt.busy_timeout_ms = 20000;
    must(store_open(&arena, &opt, &s, &err), err.msg);
    char key[32];
    must(snprintf(key, sizeof key, "k.%d", (int)getpid()) > 0, "key");
    must(store_setting_put(s, str_from_z(key), STR("v"), STR("t"), 1, &id, &err), err.msg);
    store_close(s);
}

static void test_processes_that_start_at_once_make_one_store(void **state) {
    (void)state;
    pid_t pids[4];
    for (int i = 0; i < 4; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] == 0) {
            open_and_put();
            _exit(0);
        }
    }
    for (int i = 0; i < 4; i++) {
        int status = 0;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    struct store *s = reopen();
    assert_int_equal(count(s), 4);
    sound(s);
    store_close(s);
}

/* -- views ------------------------------------------------------------------------------- */

static void test_views_show_exact_decimals_and_times(void **state) {
    static const struct sql sql = {"SELECT equity, cash, unrealized, drawdown, at FROM equity_v"};
    static const struct sql none = {"SELECT entry_price, closed_at FROM trades_v"};
    (void)state;
    struct error err;
    struct query q;
    bool row;
    struct store *s = create();
    exec(s, "INSERT INTO equity VALUES (1700000000000007, -50000000, 999999999999999999, -1, -12)");
    assert_ok(query_open(s, &sql, &q, &err) && query_row(&q, &row, &err), &err);
    assert_str(col_str(&q), "-0.50000000");
    assert_str(col_str(&q), "9999999999.99999999");
    assert_str(col_str(&q), "-0.00000001");
    assert_str(col_str(&q), "-0.0012");
    assert_str(col_str(&q), "2023-11-14T22:13:20.000007Z");
    query_close(&q);
    exec(s, "INSERT INTO trades (id, symbol, side, quantity, created_at, strategy, root_id, "
            "cluster_id, author, recv_window, epoch, held, basis, generation, exit_due, exit_sent) "
            "VALUES (1, 'X', 'LONG', 1, 1, 's', 1, 1, 'a', 1, 1, 0, 0, 1, 0, 0)");
    assert_ok(query_open(s, &none, &q, &err) && query_row(&q, &row, &err), &err);
    assert_null(col_str(&q).p);
    assert_null(col_str(&q).p);
    query_close(&q);
    store_close(s);
}

/* -- damage ------------------------------------------------------------------------------ */

static void fill_some(int rows) {
    struct store *s = create();
    for (int i = 0; i < rows; i++) put(s, i);
    store_close(s);
}

static void test_a_truncated_file_is_refused(void **state) {
    (void)state;
    fill_some(20);
    assert_int_equal(truncate(path, size_of("a.db") - 4096), 0);
    refused(options(STORE_WRITE, true), ERR_DAMAGED, "bullfinch db restore");
    refused(options(STORE_READ, false), ERR_DAMAGED, "cut short");
    assert_int_equal(truncate(path, 60), 0);
    refused(options(STORE_WRITE, true), ERR_DAMAGED, "is not a bullfinch store");
}

static void test_a_damaged_schema_page_is_refused(void **state) {
    (void)state;
    fill_some(3);
    char junk[3000];
    memset(junk, 0xA5, sizeof junk);
    const int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, junk, sizeof junk, 100), sizeof junk); /* behind the header */
    assert_int_equal(close(fd), 0);
    refused(options(STORE_READ, false), ERR_DAMAGED, "bullfinch db restore");
    refused(options(STORE_WRITE, true), ERR_DAMAGED, "bullfinch db restore");
}

static void test_damaged_pages_are_found_by_the_check(void **state) {
    (void)state;
    struct error err;
    struct buf report;
    fill_some(400);
    const int pages = (int)(size_of("a.db") / 4096);
    damage("a.db", pages - 6, 6); /* the first pages hold the roots of the tables */
    struct store *s = open_as(options(STORE_READ, false));
    buf_init(&report, 1 << 16);
    assert_fails(store_check(s, &report, &err), &err, ERR_DAMAGED);
    assert_true(report.len > 0);
    buf_fini(&report);
    store_close(s);
}

static void test_a_change_of_any_member_of_an_audit_row_is_found(void **state) {
    static const char *const changes[] = {
        "at = at + 1",
        "actor = actor || 'x'",
        "action = action || 'x'",
        "entity = 'x'",
        "entity_id = 12345",
        "trade_id = 12345",
        "detail = 'x'",
        "hash = replace(hash, substr(hash, 1, 1), 'g')",
        "id = id + 100",
        "prev_hash = replace(prev_hash, substr(prev_hash, 1, 1), 'g')"};
    (void)state;
    for (int i = 0; i < COUNT_OF(changes); i++) {
        struct error err;
        char sql[200];
        int64_t rows, id = 0;
        struct store *s = create();
        for (int k = 0; k < 5; k++) put(s, k);
        assert_ok(store_audit_verify(s, &rows, &id, &err), &err);
        exec(s, "DROP TRIGGER audit_log_no_update");
        const int n = snprintf(sql, sizeof sql, "UPDATE audit_log SET %s WHERE id = 3", changes[i]);
        assert_true(n > 0 && n < (int)sizeof sql);
        exec(s, sql);
        if (store_audit_verify(s, &rows, &id, &err)) fail_msg("%s was not found", changes[i]);
        assert_int_equal(err.code, ERR_DAMAGED);
        assert_true(id == 3 || id == 4); /* 4 where 3 itself is gone from its place */
        store_close(s);
        assert_int_equal(unlink(path), 0);
    }
}

/* Does this process hold SQLite's lock on the file, as another process sees it? */
static bool others_see_us(void) {
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        const int fd = open(path, O_RDWR | O_CLOEXEC);
        struct flock lock = {
            .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0x40000002, .l_len = 510};
        const bool asked = fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0;
        _exit(!asked ? 2 : lock.l_type == F_UNLCK ? 1 : 0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 2);
    return WEXITSTATUS(status) == 0;
}

static void test_a_second_connection_takes_no_locks_from_the_first(void **state) {
    (void)state;
    struct store *one = create();
    put(one, 1);
    assert_true(others_see_us());
    struct store *two = reopen();
    assert_true(others_see_us());
    store_close(two);
    assert_true(others_see_us());
    store_close(one);
    assert_false(others_see_us());
}

/* -- locks ------------------------------------------------------------------------------- */

static void test_a_locked_store_says_so_and_works_again_afterwards(void **state) {
    (void)state;
    struct error err;
    int64_t id;
    struct store *one = create(), *two = reopen();
    assert_ok(store_begin(one, true, &err), &err);
    assert_fails(store_begin(two, true, &err), &err, ERR_BUSY);
    assert_true(err_retryable(err.code));
    assert_true(str_find(str_from_z(err.msg), STR("locked by another process")) >= 0);
    assert_fails(store_setting_put(two, STR("k"), STR("v"), STR("t"), 1, &id, &err), &err,
                 ERR_BUSY);
    store_rollback(one);
    put(two, 1);
    store_close(one);
    store_close(two);
}

static int trader_pipe[2], done_pipe[2];

static void hold_the_trader_lock(void) {
    struct error err;
    struct store *s = NULL;
    const struct store_options opt = options(STORE_WRITE, false);
    char byte = 'x';
    must(store_open(&arena, &opt, &s, &err), err.msg);
    must(store_trader_lock(s, &err), err.msg);
    must(write(trader_pipe[1], &byte, 1) == 1, "tell");
    must(read(done_pipe[0], &byte, 1) == 1, "wait");
    _exit(0); /* without closing: the lock goes with the process */
}

static void test_the_trader_lock_goes_with_its_process(void **state) {
    (void)state;
    struct error err;
    char byte = 'x';
    int64_t pid = 0;
    struct store *s = create();
    assert_int_equal(pipe(trader_pipe), 0);
    assert_int_equal(pipe(done_pipe), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) hold_the_trader_lock();
    assert_int_equal(read(trader_pipe[0], &byte, 1), 1);
    assert_true(store_trader_running(s, &pid));
    assert_int_equal(pid, child);
    assert_fails(store_trader_lock(s, &err), &err, ERR_EXISTS);
    assert_int_equal(err.sys, child);
    assert_int_equal(write(done_pipe[1], &byte, 1), 1);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_false(store_trader_running(s, &pid));
    assert_ok(store_trader_lock(s, &err), &err);
    store_close(s);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(close(trader_pipe[i]), 0);
        assert_int_equal(close(done_pipe[i]), 0);
    }
}

static void test_a_checkpoint_empties_the_log_and_waits_for_nobody(void **state) {
    (void)state;
    struct error err;
    struct store *s = create(), *reader = open_as(options(STORE_READ, false));
    put(s, 1);
    assert_ok(store_begin(reader, false, &err), &err);
    assert_int_equal(count(reader), 1);
    put(s, 2);
    assert_ok(store_checkpoint(s, &err), &err); /* as far as the reader lets it */
    assert_int_equal(count(reader), 1);
    store_rollback(reader);
    assert_ok(store_checkpoint(s, &err), &err);
    const off_t log = size_of("a.db-wal");
    put(s, 3); /* the log begins anew: it does not grow */
    assert_int_equal(size_of("a.db-wal"), log);
    assert_int_equal(count(reader), 3);
    store_close(s);
    store_close(reader);
}

/* -- full disk, no permission ------------------------------------------------------------ */

static void test_a_full_database_takes_nothing_and_loses_nothing(void **state) {
    (void)state;
    struct error err;
    int64_t id;
    struct store *s = create();
    put(s, 0);
    char sql[64];
    const int n = snprintf(sql, sizeof sql, "PRAGMA max_page_count = %d",
                           (int)(size_of("a.db") / 1024) + 360);
    assert_true(n > 0);
    exec(s, sql);
    char big[20000];
    memset(big, 'x', sizeof big);
    int64_t stored = 1;
    bool ok = true;
    for (int i = 1; i < 200 && ok; i++) {
        char key[24];
        assert_true(snprintf(key, sizeof key, "key.%d", i) > 0);
        ok = store_setting_put(s, str_from_z(key), str_from_bytes(big, sizeof big), STR("t"), 1,
                               &id, &err);
        if (ok) stored++;
    }
    assert_fails(ok, &err, ERR_FULL);
    assert_true(stored > 1);
    assert_int_equal(count(s), stored);
    exec(s, "PRAGMA max_page_count = 100000"); /* somebody made room */
    put(s, 1000);
    assert_int_equal(count(s), stored + 1);
    sound(s);
    store_close(s);
}

static void limit_file_size(rlim_t bytes) {
    const struct rlimit limit = {bytes, bytes};
    must(signal(SIGXFSZ, SIG_IGN) != SIG_ERR, "signal");
    must(setrlimit(RLIMIT_FSIZE, &limit) == 0, "setrlimit");
}

static void write_until_full(void) {
    struct error err;
    int64_t id;
    struct store *s = NULL;
    const struct store_options opt = options(STORE_WRITE, false);
    must(store_open(&arena, &opt, &s, &err), err.msg);
    const int64_t before = count(s);
    limit_file_size(600 * 1024);
    bool ok = true;
    int stored = 0;
    for (int i = 0; i < 5000 && ok; i++) {
        char key[24];
        must(snprintf(key, sizeof key, "full.%d", i) > 0, "key");
        ok = store_setting_put(s, str_from_z(key), STR("v"), STR("t"), 1, &id, &err);
        if (ok) stored++;
    }
    must(!ok, "the disk was never full");
    must(err.code == ERR_FULL, err.msg);
    must(count(s) == before + stored, "a row was lost");
    _exit(stored > 200 ? 200 : stored); /* at least so many are acknowledged */
}

static void test_a_full_disk_is_told_and_what_was_acknowledged_stays(void **state) {
    (void)state;
    fill_some(5);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) write_until_full();
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    const int stored = WEXITSTATUS(status);
    assert_true(stored > 1);
    struct store *s = reopen();
    assert_true(count(s) >= 5 + stored);
    put(s, 9999);
    sound(s);
    store_close(s);
}

static void back_up_to_full_disk(void) {
    struct error err;
    struct store *s = NULL;
    char to[300];
    in_dir(to, sizeof to, "copy.db");
    const struct store_options opt = options(STORE_READ, false);
    must(store_open(&arena, &opt, &s, &err), err.msg);
    limit_file_size(64 * 1024);
    must(!store_backup(s, to, &err), "it fitted");
    must(err.code == ERR_FULL, err.msg);
    store_close(s);
}

static void test_a_backup_that_does_not_fit_leaves_nothing(void **state) {
    (void)state;
    fill_some(500);
    assert_true(in_child(back_up_to_full_disk));
    char command[300];
    const int n = snprintf(command, sizeof command, "test $(ls %s | grep -c copy) = 0", dir);
    assert_true(n > 0 && n < (int)sizeof command);
    assert_int_equal(system(command), 0);
}

/* A store of this user in a directory that he cannot write to. */
static void open_in_readonly_directory(void) {
    struct error err;
    struct store *s = NULL;
    if (geteuid() == 0) must(setegid(NOBODY) == 0 && seteuid(NOBODY) == 0, "seteuid");
    struct store_options opt = options(STORE_WRITE, true);
    must(!store_open(&arena, &opt, &s, &err), "it could be opened for writing");
    must(err.code == ERR_IO && strstr(err.msg, "a.db") != NULL, err.msg);
    must(strstr(err.msg, "ermission") != NULL || strstr(err.msg, "mode") != NULL, err.msg);
    opt.url = str_from_z("sqlite:/tmp/../proc/new.db");
    must(!store_open(&arena, &opt, &s, &err), "it could be made");
    must(err.code == ERR_IO, err.msg);
}

static void test_a_directory_without_permission_is_an_error_and_the_store_stays(void **state) {
    (void)state;
    fill_some(5);
    if (geteuid() == 0) assert_int_equal(chown(path, NOBODY, NOBODY), 0);
    char lock[300];
    in_dir(lock, sizeof lock, "a.db.lock");
    assert_int_equal(unlink(lock), 0);
    assert_int_equal(chmod(dir, 0555), 0);
    const bool ok = in_child(open_in_readonly_directory);
    assert_int_equal(chmod(dir, 0700), 0);
    assert_true(ok);
    struct store *s = reopen();
    assert_int_equal(count(s), 5);
    store_close(s);
}

/* -- backup and restore ------------------------------------------------------------------ */

static void back_up(struct store *s, const char *name) {
    struct error err;
    char to[300];
    in_dir(to, sizeof to, name);
    assert_ok(store_backup(s, to, &err), &err);
}

static bool try_restore(const char *name, struct error *err) {
    char from[300];
    const struct store_options opt = options(STORE_WRITE, false);
    bool kept;
    in_dir(from, sizeof from, name);
    return store_restore(&opt, from, &kept, err);
}

static struct store *open_named(const char *name) {
    char other[300];
    const int n = snprintf(other, sizeof other, "sqlite:%s/%s", dir, name);
    assert_true(n > 0 && n < (int)sizeof other);
    struct store_options opt = options(STORE_READ, false);
    opt.url = str_from_z(other);
    return open_as(opt);
}

static void test_a_backup_holds_what_was_there_and_is_never_overwritten(void **state) {
    (void)state;
    struct error err;
    char to[300];
    struct store *s = create();
    put(s, 1);
    back_up(s, "copy.db");
    put(s, 2);
    in_dir(to, sizeof to, "copy.db");
    assert_fails(store_backup(s, to, &err), &err, ERR_EXISTS);
    struct store *copy = open_named("copy.db");
    assert_int_equal(count(copy), 1);
    sound(copy);
    store_close(copy);
    assert_false(exists("copy.db-wal"));
    assert_false(exists("copy.db.lock"));
    in_dir(to, sizeof to, "no/such/copy.db");
    assert_fails(store_backup(s, to, &err), &err, ERR_IO);
    store_close(s);
}

static void *write_many(void *arg) {
    struct store *s = arg;
    for (int i = 0; i < 300; i++) put(s, 1000 + i);
    return NULL;
}

static void test_backups_made_while_others_write_are_consistent(void **state) {
    (void)state;
    pthread_t thread;
    struct store_options opt = options(STORE_WRITE, true);
    opt.busy_timeout_ms = 10000;
    struct store *writer = open_as(opt), *reader = open_as(options(STORE_READ, false));
    assert_int_equal(pthread_create(&thread, NULL, write_many, writer), 0);
    for (int i = 0; i < 5; i++) {
        char name[24];
        assert_true(snprintf(name, sizeof name, "copy%d.db", i) > 0);
        back_up(reader, name);
        struct store *copy = open_named(name);
        sound(copy);
        store_close(copy);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    store_close(writer);
    store_close(reader);
}

static void test_a_restore_brings_back_the_backup_and_keeps_the_old_store(void **state) {
    (void)state;
    struct error err;
    struct store *s = create();
    put(s, 1);
    back_up(s, "copy.db");
    put(s, 2);
    store_close(s);
    assert_ok(try_restore("copy.db", &err), &err);
    s = reopen();
    assert_int_equal(count(s), 1);
    sound(s);
    put(s, 3);
    store_close(s);
    struct store *old = open_named("a.db.before-restore");
    assert_int_equal(count(old), 2);
    store_close(old);
    assert_ok(try_restore("copy.db", &err), &err);
    old = open_named("a.db.before-restore"); /* the first one is still the first one */
    assert_int_equal(count(old), 2);
    store_close(old);
    assert_true(exists("a.db.before-restore-2"));
    assert_false(exists("a.db.restore-tmp"));
}

static void test_a_damaged_store_is_restored_and_kept_with_its_log(void **state) {
    (void)state;
    struct error err;
    struct store *s = create();
    for (int i = 0; i < 50; i++) put(s, i);
    back_up(s, "copy.db");
    store_close(s);
    damage("a.db", 0, 3);
    write_file("a.db-wal", "a log that nobody can read any more");
    write_file("a.db.journal", "turns of the store that was full");
    assert_ok(try_restore("copy.db", &err), &err);
    s = reopen();
    assert_int_equal(count(s), 50);
    sound(s);
    store_close(s);
    assert_true(exists("a.db.before-restore"));
    assert_true(exists("a.db.before-restore-wal"));
    assert_true(exists("a.db.before-restore.journal")); /* its rows follow on those, not on these */
    assert_false(exists("a.db.journal"));
}

static void test_a_restore_to_where_nothing_is_makes_the_store(void **state) {
    (void)state;
    struct error err;
    struct store *s = create();
    put(s, 1);
    back_up(s, "copy.db");
    store_close(s);
    assert_int_equal(unlink(path), 0);
    assert_ok(try_restore("copy.db", &err), &err);
    s = reopen();
    assert_int_equal(count(s), 1);
    store_close(s);
}

static void test_a_bad_backup_is_refused_and_the_store_stays(void **state) {
    (void)state;
    struct error err;
    struct store *s = create();
    for (int i = 0; i < 300; i++) put(s, i);
    back_up(s, "copy.db");
    back_up(s, "later.db");
    store_close(s);
    const int pages = (int)(size_of("copy.db") / 4096);
    damage("copy.db", pages / 2, pages - pages / 2);
    assert_fails(try_restore("copy.db", &err), &err, ERR_DAMAGED);
    assert_fails(try_restore("missing.db", &err), &err, ERR_IO);
    write_file("letter.txt", "Dear reader");
    assert_fails(try_restore("letter.txt", &err), &err, ERR_DAMAGED);
    assert_fails(try_restore("a.db", &err), &err, ERR_USAGE);
    char command[400];
    const int n = snprintf(command, sizeof command,
                           "sqlite3 %s/later.db \"INSERT INTO migrations SELECT 999, 'later', "
                           "checksum, 1 FROM migrations WHERE version = 1\"",
                           dir);
    assert_true(n > 0 && n < (int)sizeof command);
    assert_int_equal(system(command), 0);
    assert_fails(try_restore("later.db", &err), &err, ERR_STATE);
    assert_false(exists("a.db.before-restore"));
    assert_false(exists("a.db.restore-tmp"));
    s = reopen();
    assert_int_equal(count(s), 300);
    store_close(s);
}

static void test_a_store_in_use_is_not_replaced(void **state) {
    (void)state;
    struct error err;
    struct store *s = create();
    put(s, 1);
    back_up(s, "copy.db");
    put(s, 2);
    assert_fails(try_restore("copy.db", &err), &err, ERR_BUSY);
    assert_ok(store_trader_lock(s, &err), &err);
    assert_fails(try_restore("copy.db", &err), &err, ERR_BUSY);
    assert_true(str_find(str_from_z(err.msg), STR("trades on")) >= 0);
    assert_int_equal(count(s), 2);
    store_close(s);
    assert_ok(try_restore("copy.db", &err), &err);
}

#define T(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(a_new_store_is_for_its_owner_only),
        T(a_missing_store_is_not_made_by_looking),
        T(a_missing_directory_is_named),
        T(a_text_file_is_no_store_and_stays_as_it_is),
        T(another_programs_database_is_left_alone),
        T(a_newer_schema_is_refused),
        T(an_older_schema_is_migrated_when_asked_to),
        T(signals_that_wait_survive_a_migration),
        T(gaps_that_were_lost_survive_a_migration),
        T(an_applied_migration_that_was_edited_is_an_error),
        T(a_migration_that_fails_leaves_the_schema_before_it),
        T(processes_that_start_at_once_make_one_store),
        T(views_show_exact_decimals_and_times),
        T(a_truncated_file_is_refused),
        T(a_damaged_schema_page_is_refused),
        T(damaged_pages_are_found_by_the_check),
        T(a_change_of_any_member_of_an_audit_row_is_found),
        T(a_second_connection_takes_no_locks_from_the_first),
        T(a_locked_store_says_so_and_works_again_afterwards),
        T(the_trader_lock_goes_with_its_process),
        T(a_checkpoint_empties_the_log_and_waits_for_nobody),
        T(a_full_database_takes_nothing_and_loses_nothing),
        T(a_full_disk_is_told_and_what_was_acknowledged_stays),
        T(a_backup_that_does_not_fit_leaves_nothing),
        T(a_directory_without_permission_is_an_error_and_the_store_stays),
        T(a_backup_holds_what_was_there_and_is_never_overwritten),
        T(backups_made_while_others_write_are_consistent),
        T(a_restore_brings_back_the_backup_and_keeps_the_old_store),
        T(a_damaged_store_is_restored_and_kept_with_its_log),
        T(a_restore_to_where_nothing_is_makes_the_store),
        T(a_bad_backup_is_refused_and_the_store_stays),
        T(a_store_in_use_is_not_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
