/* What a process can still do within its walls: tried by real calls, in a child for each case, as
 * walls are for good. Where the kernel has none, that is what is told. */
#include "app/confine.h"

#include <errno.h>
#include <pthread.h>
#include <sys/prctl.h>

#include "wirekit.h"

static int set_up(void **state) {
    (void)state;
    wirekit_open();
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    return wirekit_close();
}

/* Runs `trial` in a child, within the walls of `text`; its answer. */
static int within_walls(const char *text, bool begins_anew, int (*trial)(void)) {
    int status;
    configure(text, NULL);
    fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0) {
        struct error err;
        if (!confine(&app, begins_anew, &err)) _exit(200);
        _exit(trial());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int can_open(const char *path, int flags) {
    const int fd = open(path, flags | O_CLOEXEC, 0600);
    if (fd < 0) return errno;
    close(fd);
    return 0;
}

static char other[80]; /* a folder that nobody named */

static int write_elsewhere(void) {
    char path[128];
    snprintf(path, sizeof path, "%s/x", other);
    return can_open(path, O_WRONLY | O_CREAT);
}

static int write_at_home(void) {
    char path[128], to[128];
    snprintf(path, sizeof path, "%s/x.db-new", wirekit_dir);
    snprintf(to, sizeof to, "%s/x.db-newer", wirekit_dir);
    const int rc = can_open(path, O_RDWR | O_CREAT | O_TRUNC);
    if (rc != 0) return rc;
    if (rename(path, to) != 0) return errno;
    return unlink(to) == 0 ? 0 : errno;
}

static int read_elsewhere(void) {
    char path[128];
    snprintf(path, sizeof path, "%s/secret", other);
    return can_open(path, O_RDONLY);
}

static int read_what_is_configured(void) {
    char path[128];
    snprintf(path, sizeof path, "%s/symbols", other);
    return can_open(path, O_RDONLY);
}

static int read_the_system(void) {
    static const char *const paths[] = {"/etc/passwd", "/proc/self/status", "/dev/urandom",
                                        "/usr/bin/env"};
    for (int i = 0; i < COUNT_OF(paths); i++) {
        const int rc = can_open(paths[i], O_RDONLY);
        if (rc != 0) return rc;
    }
    return can_open("/dev/null", O_RDWR);
}

static int start_a_program(void) {
    char *const argv[] = {(char[]){"env"}, NULL};
    execv("/usr/bin/env", argv);
    return errno;
}

static int start_itself(void) {
    char *const argv[] = {(char[]){"itself"}, (char[]){"--and-end"}, NULL};
    execv("/proc/self/exe", argv);
    return errno;
}

static void *write_in_thread(void *ret) {
    *(int *)ret = write_elsewhere();
    return NULL;
}

static int write_by_a_thread(void) {
    pthread_t t;
    int rc = 0;
    if (pthread_create(&t, NULL, write_in_thread, &rc) != 0) return 201;
    pthread_join(t, NULL);
    return rc;
}

static void make_other(void) {
    char path[128];
    snprintf(other, sizeof other, "%s-other", wirekit_dir);
    assert_int_equal(mkdir(other, 0700), 0);
    static const char *const names[] = {"secret", "symbols"};
    for (int i = 0; i < COUNT_OF(names); i++) {
        snprintf(path, sizeof path, "%s/%s", other, names[i]);
        assert_int_equal(can_open(path, O_WRONLY | O_CREAT), 0);
    }
}

static int remove_other(void) {
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", other);
    return system(command);
}

static void test_within_the_walls_only_the_stores_folder_is_written(void **state) {
    (void)state;
    char text[256];
    const bool walls = confine_version() > 0;
    const int denied = walls ? EACCES : 0;
    make_other();
    snprintf(text, sizeof text, "reader: {symbols_file: '%s/symbols'}\n", other);
    assert_int_equal(within_walls(text, false, write_at_home), 0);
    assert_int_equal(within_walls(text, false, write_elsewhere), denied);
    assert_int_equal(within_walls(text, false, write_by_a_thread), denied);
    assert_int_equal(within_walls(text, false, read_elsewhere), denied);
    assert_int_equal(within_walls(text, false, read_what_is_configured), 0);
    assert_int_equal(within_walls(text, false, read_the_system), 0);
    assert_int_equal(within_walls(text, false, start_a_program), denied);
    assert_int_equal(within_walls(text, true, start_a_program), denied);
    assert_int_equal(within_walls(text, false, start_itself), walls ? EACCES : 7);
    assert_int_equal(within_walls(text, true, start_itself), 7);
    assert_int_equal(within_walls("run: {confine: off}\n", false, write_elsewhere), 0);
    assert_int_equal(remove_other(), 0);
}

static int nothing(void) { return 0; }

static void test_required_means_that_there_are_walls(void **state) {
    (void)state;
    assert_int_equal(within_walls("run: {confine: required}\n", false, nothing),
                     confine_version() > 0 ? 0 : 200);
}

static int is_dumpable(void) { return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0); }

static void test_who_holds_secrets_leaves_no_core(void **state) {
    (void)state;
    assert_int_equal(within_walls("reader: {workers: 1}\n", false, is_dumpable), 1);
    assert_int_equal(within_walls("x: {token_file: '%DIR/token'}\n", false, is_dumpable), 0);
    assert_int_equal(within_walls("api: {listen: '127.0.0.1:0'}\n", false, is_dumpable), 0);
    assert_int_equal(
        within_walls("run: {confine: off}\nx: {token_file: '%DIR/token'}\n", false, is_dumpable),
        0);
}

static void test_every_key_that_names_a_file_is_a_path(void **state) {
    (void)state;
    struct config_path paths[CONFIG_PATHS_MAX];
    configure("sources: [{kind: push, name: desk}, {kind: replay, path: /a}]\n"
              "venue: {prices: /b, exchange_info: /c}\n"
              "x: {token_file: /d}\n"
              "api: {listen: '127.0.0.1:0', web_dir: /e, tls_key_file: /f, tls_cert_file: /g}\n",
              NULL);
    static const struct {
        const char *name, *path;
        bool secret;
    } want[] = {{"token_file", "/d", true},     {"prices", "/b", false},
                {"exchange_info", "/c", false}, {"tls_cert_file", "/g", false},
                {"tls_key_file", "/f", true},   {"web_dir", "/e", false},
                {"path", "/a", false}};
    const int count = config_paths(&app.cfg, paths);
    assert_int_equal(count, COUNT_OF(want));
    for (int i = 0; i < count; i++) {
        assert_string_equal(paths[i].name, want[i].name);
        check_str(paths[i].path, str_from_z(want[i].path), want[i].name, i);
        assert_int_equal(paths[i].is_secret, want[i].secret);
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_within_the_walls_only_the_stores_folder_is_written,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_required_means_that_there_are_walls, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_who_holds_secrets_leaves_no_core, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_every_key_that_names_a_file_is_a_path, set_up,
                                        tear_down),
    };
    if (argc > 1 && strcmp(argv[1], "--and-end") == 0) return 7; /* started by itself */
    return cmocka_run_group_tests_name("confine", tests, NULL, NULL);
}
