/* What the tests of config share: loading from texts, files and arguments, and the last result.
 *
 * Files are in tests/data/config, which becomes the working directory, so that reports name them
 * without a path. BF_SOURCE_ROOT names the source tree (Meson sets it; default: the working
 * directory). */
#ifndef BF_TESTS_UNIT_CONFIG_FIXTURE_H
#define BF_TESTS_UNIT_CONFIG_FIXTURE_H

#include <fcntl.h>

#include "check.h"
#include "config/config_int.h"

static char source_root[4096];

/* One loaded configuration, or the report of one that was refused. */
static struct {
    struct arena a;
    struct config cfg;
    struct buf report;
    struct error err;
    bool ok;
} got;

static inline void clear(void) {
    arena_close(&got.a);
    buf_fini(&got.report);
    memset(&got, 0, sizeof got);
}

static inline bool load(const struct config_input *in) {
    clear();
    arena_open(&got.a, 4 << 20);
    buf_init(&got.report, CONFIG_REPORT_BYTES);
    got.ok = config_load(&got.a, in, &got.cfg, &got.report, &got.err);
    if (got.ok) {
        assert_int_equal(got.report.len, 0);
    } else {
        assert_true(got.err.code == ERR_CONFIG || got.err.code == ERR_REFUSED);
        assert_true(got.report.len > 0);
        assert_false(buf_full(&got.report));
    }
    return got.ok;
}

static inline bool load_text(const char *text) {
    return load(&(struct config_input){.text = str_from_z(text), .file = STR("f.yaml")});
}

static inline bool load_file(const char *path) {
    return load(&(struct config_input){.file = str_from_z(path)});
}

static inline bool load_set(const char *set) {
    str sets[] = {str_from_z(set)};
    return load(&(struct config_input){.text = STR(""), .sets = sets, .set_count = 1});
}

static inline bool load_env(const char *first, const char *second) {
    char *env[] = {(char *)(uintptr_t)first, (char *)(uintptr_t)second, NULL};
    return load(&(struct config_input){.text = STR(""), .env = env});
}

/* assert_taken(load_...): prints the report when it is refused. */
#define assert_taken(loaded)                                                                       \
    do {                                                                                           \
        if (!(loaded)) fail_msg("%s", buf_z(&got.report));                                         \
    } while (0)
#define assert_report(loaded, text)                                                                \
    do {                                                                                           \
        assert_false(loaded);                                                                      \
        assert_str(buf_str(&got.report), text);                                                    \
    } while (0)

static inline void read_whole(const char *path, struct buf *b) {
    char block[4096];
    int fd = open(path, O_RDONLY);
    if (fd < 0) fail_msg("%s: cannot be opened", path);
    for (ssize_t n; (n = read(fd, block, sizeof block)) > 0;) buf_put(b, str_from_bytes(block, n));
    close(fd);
}

static inline void write_whole(const char *path, str text) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text.p, (size_t)text.n), text.n);
    close(fd);
}

/* Changes to the folder of the files; false, with a word to standard error, where there is none. */
static inline bool find_files(void) {
    const char *root = getenv("BF_SOURCE_ROOT");
    if ((root ? realpath(root, source_root) : getcwd(source_root, sizeof source_root)) &&
        chdir(source_root) == 0 && chdir("tests/data/config") == 0)
        return true;
    fprintf(stderr, "set BF_SOURCE_ROOT to the source tree\n");
    return false;
}

#endif
