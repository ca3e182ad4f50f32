/* live: versions of the configuration, each with its own memory, counted by who reads it.
 *
 * In: rows of the settings table. Out: a configuration that stays whole for whoever took it. A
 * version that holds no more goes when the last reader gives it back. Invariant: `now` is a version
 * and counts one use of its own. Failure: rows that are not good change nothing. Thread: any; the
 * lock is held for pointers only, but for config_live_set, which loads under a lock of its own. */
#include "config/live.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/log.h"

#define VERSION_BYTES (16 << 20) /* address space; touched is what the values need */

struct version {
    struct config cfg; /* first: what readers have is the version */
    struct arena a;    /* of its texts; base NULL: those of the start */
    const str *rows;   /* that it was made with */
    int row_count;
    int users;
};

struct config_live {
    pthread_mutex_t lock; /* of `now` and of users */
    pthread_mutex_t load; /* one at a time */
    struct config_input in;
    struct version *now;
};

static struct version *version_new(void) {
    struct version *const v = calloc(1, sizeof *v);
    POST(v != NULL);
    v->users = 1;
    return v;
}

static void version_free(struct version *v) {
    if (v->a.base != NULL) arena_close(&v->a);
    free(v);
}

static void keep_rows(struct version *v, struct arena *a, const str *rows, int count) {
    str *const kept = NEW_ARRAY(a, str, count);
    for (int i = 0; i < count; i++) kept[i] = str_dup(a, rows[i]);
    v->rows = kept;
    v->row_count = count;
}

struct config_live *config_live_new(struct arena *boot, const struct config_input *in,
                                    const struct config *first) {
    struct config_live *const l = NEW(boot, struct config_live);
    POST(pthread_mutex_init(&l->lock, NULL) == 0);
    POST(pthread_mutex_init(&l->load, NULL) == 0);
    l->in = *in;
    l->in.settings = NULL;
    l->in.settings_count = 0;
    l->now = version_new();
    l->now->cfg = *first;
    keep_rows(l->now, boot, in->settings, in->settings_count);
    return l;
}

void config_live_free(struct config_live *l) {
    if (l == NULL) return;
    PRE(l->now->users == 1);
    version_free(l->now);
    pthread_mutex_destroy(&l->load);
    pthread_mutex_destroy(&l->lock);
}

const struct config *config_live_take(struct config_live *l) {
    pthread_mutex_lock(&l->lock);
    struct version *const v = l->now;
    v->users++;
    pthread_mutex_unlock(&l->lock);
    return &v->cfg;
}

static void drop(struct config_live *l, struct version *v) {
    pthread_mutex_lock(&l->lock);
    PRE(v->users > 0);
    const bool last = --v->users == 0;
    pthread_mutex_unlock(&l->lock);
    if (last) version_free(v);
}

void config_live_give(struct config_live *l, const struct config *cfg) {
    drop(l, (struct version *)(uintptr_t)cfg);
}

static bool same_rows(const struct version *v, const str *rows, int count) {
    if (v->row_count != count) return false;
    for (int i = 0; i < count; i++)
        if (!str_eq(v->rows[i], rows[i])) return false;
    return true;
}

static bool load(struct config_live *l, const str *rows, int count, struct buf *report,
                 struct error *err) {
    struct version *const v = version_new();
    arena_open(&v->a, VERSION_BYTES);
    keep_rows(v, &v->a, rows, count);
    struct config_input in = l->in;
    in.settings = v->rows;
    in.settings_count = count;
    if (!config_load(&v->a, &in, &v->cfg, report, err)) {
        version_free(v);
        return false;
    }
    log_level level = LOG_INFO;
    IGNORE(log_level_from_name(v->cfg.log_level, &level), "the table admits only names of levels");
    log_set_least(level);
    pthread_mutex_lock(&l->lock);
    struct version *const old = l->now;
    l->now = v;
    pthread_mutex_unlock(&l->lock);
    drop(l, old);
    return true;
}

bool config_live_set(struct config_live *l, const str *settings, int count, struct buf *report,
                     struct error *err) {
    pthread_mutex_lock(&l->load); /* so `now` is ours to look at: nobody else puts another there */
    const bool ok = same_rows(l->now, settings, count) || load(l, settings, count, report, err);
    pthread_mutex_unlock(&l->load);
    return ok;
}

bool config_live_try(struct config_live *l, struct arena *a, const str *settings, int count,
                     str key, str value, struct buf *report, struct error *err) {
    struct config_input in = l->in;
    in.settings = settings;
    in.settings_count = count;
    return config_try_setting(a, &in, key, value, report, err);
}
