/* Two connections of one process to one database keep SQLite's own lock on the file: without it,
 * the next program that closes the database deletes the log that we still write to. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "store/store.h"

#define SHARED_FIRST 0x40000002 /* bytes that SQLite locks for reading, in every version so far */
#define SHARED_BYTES 510

static char dir[64], path[128], url[160];
static struct arena arena;

static int set_up(void **state) {
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/bf-two-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/x.db", dir);
    snprintf(url, sizeof url, "sqlite:%s", path);
    arena_open(&arena, 64 << 20);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    char command[128];
    arena_close(&arena);
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command);
}

static struct store *open_store(store_access access) {
    struct error err;
    struct store *s = NULL;
    const struct store_options opt = {
        .url = str_from_z(url), .access = access, .create = true, .busy_timeout_ms = 100};
    assert_ok(store_open(&arena, &opt, &s, &err), &err);
    return s;
}

/* As another process sees it. */
static bool is_locked(void) {
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct flock lock = {.l_type = F_WRLCK,
                             .l_whence = SEEK_SET,
                             .l_start = SHARED_FIRST,
                             .l_len = SHARED_BYTES};
        const int fd = open(path, O_RDWR | O_CLOEXEC);
        if (fd < 0 || fcntl(fd, F_GETLK, &lock) != 0) _exit(2);
        _exit(lock.l_type == F_UNLCK ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
    return WEXITSTATUS(status) == 1;
}

static void test_a_connection_holds_the_file(void **state) {
    (void)state;
    struct store *s = open_store(STORE_WRITE);
    assert_true(is_locked());
    store_close(s);
    assert_false(is_locked());
}

static void test_a_second_connection_does_not_take_the_lock_away(void **state) {
    (void)state;
    struct store *first = open_store(STORE_WRITE);
    struct store *second = open_store(STORE_WRITE);
    struct store *third = open_store(STORE_READ);
    assert_true(is_locked());
    store_close(third);
    assert_true(is_locked());
    store_close(first);
    assert_true(is_locked());
    store_close(second);
    assert_false(is_locked());
}

static void test_neither_does_a_backup_nor_one_that_is_refused(void **state) {
    (void)state;
    struct error err;
    char copy[160];
    struct store *s = open_store(STORE_WRITE);
    snprintf(copy, sizeof copy, "%s/copy.db", dir);
    assert_ok(store_backup(s, copy, &err), &err);
    assert_true(is_locked());
    assert_false(store_backup(s, path, &err));
    assert_true(is_locked());
    store_close(s);
}

static void test_nor_a_restore_that_is_refused(void **state) {
    (void)state;
    struct error err;
    const struct store_options opt = {.url = str_from_z(url), .access = STORE_WRITE};
    struct store *s = open_store(STORE_WRITE);
    bool kept;
    assert_false(store_restore(&opt, path, &kept, &err));
    assert_true(is_locked());
    store_close(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        T(test_a_connection_holds_the_file),
        T(test_a_second_connection_does_not_take_the_lock_away),
        T(test_neither_does_a_backup_nor_one_that_is_refused),
        T(test_nor_a_restore_that_is_refused),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
