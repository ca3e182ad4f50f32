/* wirekit: a program with a configuration, a store and files of its own, for tests of where posts
 * come from. */
#ifndef BF_TESTS_LIB_WIREKIT_H
#define BF_TESTS_LIB_WIREKIT_H

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/app.h"
#include "check.h"
#include "store/sources.h"

static char wirekit_dir[64], wirekit_url[160];
static struct app app;
static struct store *store; /* what another process would write */

static inline void put_file(const char *name, const char *text, mode_t bits) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", wirekit_dir, name);
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, bits), 0);
    close(fd);
}

/* With a token of X and a file of one post. */
static inline void wirekit_open(void) {
    struct error err;
    snprintf(wirekit_dir, sizeof wirekit_dir, "/tmp/bf-wire-XXXXXX");
    assert_non_null(mkdtemp(wirekit_dir));
    snprintf(wirekit_url, sizeof wirekit_url, "sqlite:%s/x.db", wirekit_dir);
    app = (struct app){0};
    arena_open(&app.boot, 512 << 20);
    put_file("token", "t0ken\n", 0600);
    put_file("posts.jsonl", "{\"id\":\"1\",\"text\":\"a\"}\n", 0600);
    const struct store_options opt = {
        .url = str_from_z(wirekit_url), .access = STORE_WRITE, .create = true};
    assert_ok(store_open(&app.boot, &opt, &store, &err), &err);
}

static inline int wirekit_close(void) {
    char command[128];
    store_close(store);
    arena_close(&app.boot);
    snprintf(command, sizeof command, "rm -rf '%s'", wirekit_dir);
    return system(command);
}

/* The text is a configuration's; %DIR is the folder of the test, %X (may be NULL) a base URL. */
static inline void configure(const char *text, const char *x) {
    struct buf filled, report;
    struct error err;
    buf_init(&filled, 1 << 16);
    buf_init(&report, CONFIG_REPORT_BYTES);
    for (str rest = str_from_z(text); rest.n > 0;) {
        const bool dir = str_starts(rest, STR("%DIR")), base = str_starts(rest, STR("%X"));
        if (dir)
            buf_put(&filled, str_from_z(wirekit_dir));
        else if (base)
            buf_put(&filled, str_from_z(x));
        else
            buf_put_byte(&filled, rest.p[0]);
        rest = str_tail(rest, dir ? 4 : base ? 2 : 1);
    }
    buf_printf(&filled, "store: {url: '%s'}\n", wirekit_url);
    const struct config_input in = {.text = buf_str(&filled)};
    if (!config_load(&app.boot, &in, &app.cfg, &report, &err)) fail_msg("%s", buf_z(&report));
    buf_fini(&filled);
    buf_fini(&report);
}

static inline void put_intake(const char *feed, const char *kind, const struct intake *it) {
    struct error err;
    assert_ok(store_begin(store, true, &err), &err);
    assert_ok(store_intake_put(store, str_from_z(feed), str_from_z(kind), it, time_wall_us(), &err),
              &err);
    assert_ok(store_commit(store, &err), &err);
}

#endif
