/* Secrets: where they may come from, and what is left of them. */
#include "base/secret.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "check.h"

static char path[64];

static void write_file(const char *text, mode_t mode) {
    snprintf(path, sizeof path, "/tmp/bf_secret_%d", (int)getpid());
    unlink(path);
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void test_a_file_gives_its_one_word(void **state) {
    (void)state;
    struct error err;
    struct secret s;
    write_file("  abcDEF123\r\n", 0600);
    assert_ok(secret_from_file(path, &s, &err), &err);
    assert_str(secret_str(&s), "abcDEF123");
    secret_wipe(&s);
    assert_null(s.p);
    secret_wipe(&s);
    unlink(path);
}

static void test_a_file_that_others_may_read_is_refused(void **state) {
    (void)state;
    struct error err;
    struct secret s;
    static const mode_t modes[] = {0604, 0640, 0620, 0666};
    for (int i = 0; i < COUNT_OF(modes); i++) {
        write_file("abc", modes[i]);
        assert_fails(secret_from_file(path, &s, &err), &err, ERR_REFUSED);
        assert_true(str_find(str_from_z(err.msg), STR("chmod 600")) > 0);
    }
    unlink(path);
}

static void test_what_root_keeps_for_a_group_is_given_to_it(void **state) {
    (void)state;
    const struct {
        uid_t owner;
        mode_t mode;
        bool good; /* for who is not root */
    } cases[] = {{0, 0440, true},  {0, 0640, true},     {0, 0444, false},
                 {0, 0660, false}, {1234, 0440, false}, {1234, 0400, true}};
    int status;
    fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0) {
        if (geteuid() == 0 && setuid(65534) != 0) _exit(100);
        for (int i = 0; i < COUNT_OF(cases); i++) {
            const struct stat st = {.st_uid = cases[i].owner, .st_mode = S_IFREG | cases[i].mode};
            if (secret_mode_is_good(&st) != cases[i].good) _exit(i + 1);
        }
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    if (geteuid() == 0) { /* root is given nothing: it has all, and is asked to keep it close */
        const struct stat st = {.st_uid = 0, .st_mode = S_IFREG | 0440};
        assert_false(secret_mode_is_good(&st));
    }
}

static void test_files_that_hold_no_key_are_told(void **state) {
    (void)state;
    struct error err;
    struct secret s;
    char large[SECRET_BYTES_MAX + 2];
    write_file(" \n", 0600);
    assert_fails(secret_from_file(path, &s, &err), &err, ERR_CONFIG);
    write_file("one\ntwo\n", 0600);
    assert_fails(secret_from_file(path, &s, &err), &err, ERR_CONFIG);
    assert_true(str_find(str_from_z(err.msg), STR("two")) < 0);
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    write_file(large, 0600);
    assert_fails(secret_from_file(path, &s, &err), &err, ERR_LIMIT);
    unlink(path);
    assert_fails(secret_from_file(path, &s, &err), &err, ERR_NOT_FOUND);
    assert_fails(secret_from_file("/tmp", &s, &err), &err, ERR_IO);
}

static void test_a_text_is_wiped_when_taken(void **state) {
    (void)state;
    struct error err;
    struct secret s;
    char good[] = "key1234", bad[] = "two words";
    assert_ok(secret_take("KEY", good, &s, &err), &err);
    assert_str(secret_str(&s), "key1234");
    for (size_t i = 0; i < sizeof good; i++) assert_int_equal(good[i], 0);
    secret_wipe(&s);
    assert_fails(secret_take("KEY", bad, &s, &err), &err, ERR_CONFIG);
    for (size_t i = 0; i < sizeof bad; i++) assert_int_equal(bad[i], 0);
    assert_null(strstr(err.msg, "two words"));
}

static void test_a_guarded_process_makes_no_dump(void **state) {
    (void)state;
    int status = 0;
    const pid_t pid = fork();
    if (pid == 0) {
        struct rlimit l;
        secret_guard_process();
        _exit(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 && getrlimit(RLIMIT_CORE, &l) == 0 &&
                      l.rlim_cur == 0 && l.rlim_max == 0
                  ? 0
                  : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_file_gives_its_one_word),
        cmocka_unit_test(test_a_file_that_others_may_read_is_refused),
        cmocka_unit_test(test_what_root_keeps_for_a_group_is_given_to_it),
        cmocka_unit_test(test_files_that_hold_no_key_are_told),
        cmocka_unit_test(test_a_text_is_wiped_when_taken),
        cmocka_unit_test(test_a_guarded_process_makes_no_dump),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
