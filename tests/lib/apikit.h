/* apikit: an API over a real store in a folder of its own, for tests. */
#ifndef BF_TESTS_LIB_APIKIT_H
#define BF_TESTS_LIB_APIKIT_H

#include <pthread.h>

#include <sqlite3.h>

#include "api/auth.h"
#include "api/server.h"
#include "check.h"

struct apikit {
    char dir[64], url[96];
    struct arena boot;
    struct config cfg;
    struct store *store; /* the test's, for writing */
    struct api_options opt;
    struct config_live *live;
};

static inline bool apikit_open_store(void *ctx, store_access access, struct store **ret,
                                     struct error *err) {
    struct apikit *k = ctx;
    const struct store_options opt = {.url = str_from_z(k->url),
                                      .access = access,
                                      .create = access == STORE_WRITE,
                                      .busy_timeout_ms = 5000};
    return store_open(&k->boot, &opt, ret, err);
}

static inline void apikit_begin(struct apikit *k) {
    struct error err;
    struct buf report;
    memset(k, 0, sizeof *k);
    memcpy(k->dir, "/tmp/bf-api-XXXXXX", 19);
    assert_non_null(mkdtemp(k->dir));
    snprintf(k->url, sizeof k->url, "sqlite:%s/x.db", k->dir);
    arena_open(&k->boot, 64 << 20);
    buf_init(&report, CONFIG_REPORT_BYTES);
    const struct config_input in = {.text = STR("")};
    assert_ok(config_load(&k->boot, &in, &k->cfg, &report, &err), &err);
    buf_fini(&report);
    assert_ok(apikit_open_store(k, STORE_WRITE, &k->store, &err), &err);
    k->live = config_live_new(&k->boot, &in, &k->cfg);
    k->opt = (struct api_options){.cfg = &k->cfg,
                                  .live = k->live,
                                  .listen = STR("127.0.0.1:0"),
                                  .open_store = apikit_open_store,
                                  .open_ctx = k};
}

/* What holds, to be changed by a test as no setting could. */
static inline struct config *apikit_config(struct apikit *k) {
    const struct config *const cfg = config_live_take(k->live);
    config_live_give(k->live, cfg);
    return (struct config *)(uintptr_t)cfg;
}

static inline void apikit_end(struct apikit *k) {
    char command[128];
    store_close(k->store);
    config_live_free(k->live);
    arena_close(&k->boot);
    snprintf(command, sizeof command, "rm -rf '%s'", k->dir);
    assert_int_equal(system(command), 0);
}

/* By a connection of SQLite's own. */
static inline void apikit_execute(const struct apikit *k, const char *sql) {
    sqlite3 *db;
    char *why = NULL;
    assert_int_equal(sqlite3_open(k->url + strlen("sqlite:"), &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK) fail_msg("%s: %s", sql, why);
    sqlite3_close(db);
}

/* A token in the store; ret: "Bearer bft_..." */
#define APIKIT_BEARER_BYTES (API_TOKEN_BYTES + 7)
static inline void apikit_token(struct apikit *k, const char *name, token_role role,
                                const char *source, usec expires_at,
                                char ret[APIKIT_BEARER_BYTES]) {
    struct error err;
    int64_t id;
    char token[API_TOKEN_BYTES];
    struct token_row row = {.name = str_from_z(name),
                            .role = role,
                            .source = str_from_z(source),
                            .created_at = time_wall_us(),
                            .expires_at = expires_at};
    assert_ok(api_token_make(token, row.hash, &err), &err);
    assert_ok(store_token_add(k->store, &row, STR("test"), row.created_at, &id, &err), &err);
    snprintf(ret, APIKIT_BEARER_BYTES, "Bearer %s", token);
}

#endif
