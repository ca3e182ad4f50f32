/* feeds: see the header.
 *
 * In: intakes in the order of each source (flow/intake.h). Out: rows in the open transaction, and
 * with its commit each source's state as it was behind the last of them: the state is kept here
 * until then, because a source that gives ten thousand posts a second moves it as often. A source
 * that wants to know what is durable is told after the commit (wall.c, ingest.c).
 *
 * Failure: the store's; the transaction is the caller's, and what was in one that failed is put
 * again by him. Thread: the caller's. */
#include "run/feeds.h"

#include "base/log.h"
#include "base/metric.h"
#include "store/sources.h"

/* Connectors count what they give (live_watch.c); who reads a file, or is brought posts, does
 * not. */
static void open_counts(struct feed_progress *p, const struct run_feed *f) {
    char name[FEED_BYTES];
    const bool pushed = str_eq(f->kind, STR("push"));
    if (!pushed && !str_eq(f->kind, STR("replay"))) return;
    IGNORE(!str_copyz(f->key, name, sizeof name), "a long name is cut");
    p->posts = metric_get(M_SOURCE_POSTS, LABELS(name, pushed ? "live" : "replayed"));
    p->deleted = metric_get(M_SOURCE_POSTS, LABELS(name, "deleted"));
}

void feeds_count_post(struct feeds *f, int feed, bool deleted) {
    struct feed_progress *const p = &f->v[feed];
    if (p->posts != NULL) metric_add(deleted ? p->deleted : p->posts, 1);
}

static void open_metrics(struct feed_progress *p, str key) {
    char name[FEED_BYTES];
    IGNORE(!str_copyz(key, name, sizeof name), "a long name is cut");
    p->blind_total = metric_get(M_SOURCE_BLIND, LABELS(name));
    p->blind_today = metric_get(M_SOURCE_BLIND_TODAY, LABELS(name));
}

void feeds_init(struct feeds *f, struct store *s, const struct run_feed *list, int count) {
    *f = (struct feeds){.store = s, .list = list, .count = count};
    for (int i = 0; i < count; i++) {
        buf_init(&f->v[i].state, INTAKE_STATE_BYTES);
        open_counts(&f->v[i], &list[i]);
        if (source_is_live(list[i].source) && !str_eq(list[i].kind, STR("relay")))
            open_metrics(&f->v[i], list[i].key);
    }
}

void feeds_fini(struct feeds *f) {
    for (int i = 0; i < f->count; i++) {
        const struct feed_progress *p = &f->v[i];
        if (p->unlinked + p->unknown > 0)
            log_info("not_kept", LOG_S("source", f->list[i].key),
                     LOG_I("posts_without_a_coin", p->unlinked),
                     LOG_I("deletions_of_such", p->unknown));
        buf_fini(&f->v[i].state);
    }
}

void feeds_note(struct feeds *f, int feed, const struct intake *it) {
    struct feed_progress *p = &f->v[feed];
    if (it->state.p) {
        buf_clear(&p->state);
        buf_put(&p->state, it->state);
        p->moved = true;
    }
    p->taken++;
    p->kept += it->kind == INTAKE_POST && !it->post.deleted;
    if (it->kind == INTAKE_POST) feeds_count_post(f, feed, it->post.deleted);
    if (it->kind == INTAKE_STATUS) {
        p->known = true;
        p->status = it->u.status;
    }
}

bool feeds_has_row(const struct intake *it) {
    return it->kind != INTAKE_POST && it->kind != INTAKE_NONE && it->kind != INTAKE_END;
}

bool feeds_put_row(struct feeds *f, int feed, const struct intake *it, struct error *err) {
    PRE(feeds_has_row(it));
    struct intake row = *it;
    row.state = (str){0}; /* with the commit */
    return store_intake_put(f->store, f->list[feed].key, f->list[feed].kind, &row, time_wall_us(),
                            err);
}

bool feeds_put_states(struct feeds *f, struct error *err) {
    for (int i = 0; i < f->count; i++) {
        struct feed_progress *p = &f->v[i];
        if (!p->moved) continue;
        const struct intake row = {.kind = INTAKE_NONE, .state = buf_str(&p->state)};
        if (buf_full(&p->state))
            return fail(err, ERR_LIMIT, 0, "source " STR_FMT ": a state of more than %d bytes",
                        STR_ARG(f->list[i].key), INTAKE_STATE_BYTES);
        if (!store_intake_put(f->store, f->list[i].key, f->list[i].kind, &row, time_wall_us(), err))
            return false;
    }
    return true;
}

void feeds_committed(struct feeds *f) {
    for (int i = 0; i < f->count; i++) {
        f->v[i].moved = false;
        f->v[i].stored = f->v[i].taken;
    }
}

bool feeds_measure(struct feeds *f, struct error *err) {
    const usec now = time_wall_us();
    const int64_t day = time_utc_day(now);
    for (int i = 0; i < f->count; i++) {
        struct feed_progress *p = &f->v[i];
        usec blind;
        if (p->blind_today == NULL) continue;
        if (!store_feed_blind(f->store, f->list[i].key, now, &blind, err)) return false;
        if (p->blind_day != day) p->blind = 0;
        metric_add(p->blind_total, i64_max(blind - p->blind, 0));
        metric_set(p->blind_today, blind);
        p->blind = i64_max(blind, p->blind);
        p->blind_day = day;
    }
    return true;
}

bool feeds_all_ended(const struct feeds *f) {
    for (int i = 0; i < f->count; i++)
        if (!f->v[i].ended) return false;
    return true;
}
