/* talkkit: a store in a folder of its own, for tests of what people are told and what they say. */
#ifndef BF_TESTS_LIB_TALKKIT_H
#define BF_TESTS_LIB_TALKKIT_H

#include <stdlib.h>

#include "check.h"

#include "flow/trader.h"
#include "store/store_int.h"

struct kit {
    char dir[64], url[96];
    struct arena a;
    struct store *s;
};

static inline struct store *kit_connect(struct kit *k, bool create) {
    struct error err;
    struct store *s = NULL;
    const struct store_options opt = {.url = str_from_z(k->url),
                                      .access = STORE_WRITE,
                                      .create = create,
                                      .busy_timeout_ms = 5000};
    assert_ok(store_open(&k->a, &opt, &s, &err), &err);
    return s;
}

static inline void kit_open(struct kit *k) {
    snprintf(k->dir, sizeof k->dir, "/tmp/bullfinch-talk-XXXXXX");
    assert_non_null(mkdtemp(k->dir));
    snprintf(k->url, sizeof k->url, "sqlite:%s/t.db", k->dir);
    arena_open(&k->a, 64 << 20);
    k->s = kit_connect(k, true);
}

static inline void kit_close(struct kit *k) {
    static const char *const names[] = {"t.db", "t.db-wal", "t.db-shm", "t.db.lock"};
    char path[128];
    store_close(k->s);
    arena_close(&k->a);
    for (int i = 0; i < COUNT_OF(names); i++) {
        snprintf(path, sizeof path, "%s/%s", k->dir, names[i]);
        IGNORE(unlink(path) != 0, "not all of them are there");
    }
    assert_int_equal(rmdir(k->dir), 0);
}

static inline void kit_exec(struct kit *k, const char *sql) {
    struct error err;
    assert_ok(k->s->ops->exec(k->s, sql, &err), &err);
}

static inline int64_t kit_number(struct kit *k, const struct sql *sql) {
    struct error err;
    struct query q;
    int64_t n = 0;
    bool found;
    assert_ok(query_open(k->s, sql, &q, &err), &err);
    assert_ok(query_i64(&q, &n, &found, &err), &err);
    return n;
}

#endif
