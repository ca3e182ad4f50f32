/* feeds: what live sources pass on besides posts, on its way into the store.
 *
 * In: intakes in the order of each source (flow/intake.h). Out: rows in the open transaction, and
 * with its commit each source's state as it was behind the last of them: the state is kept here
 * until then, because a source that gives ten thousand posts a second moves it as often. A source
 * that wants to know what is durable is told after the commit (wall.c).
 *
 * Where the store cannot be written posts wait at their sources, and everything here with them
 * (inbox.h), so nothing is taken meanwhile; what was in the transaction that failed is put again
 * when the store is back (wall.c). Failure: the store's, as in turn.c. Thread: the trader's. */
#include "run/run_int.h"

#include "base/log.h"
#include "base/metric.h"
#include "store/sources.h"

static void open_metrics(struct feed_progress *p, str key) {
    char block[FEED_BYTES + 16];
    struct buf labels;
    buf_init_fixed(&labels, block, sizeof block);
    buf_printf(&labels, "source=\"" STR_FMT "\"", STR_ARG(key));
    p->blind_total =
        metric_get(METRIC_COUNTER, "bullfinch_source_blind_seconds_total", buf_z(&labels),
                   "Time in which a source saw no posts, from the beginning of the "
                   "UTC day in which the program began.",
                   USEC_PER_S);
    p->blind_today =
        metric_get(METRIC_GAUGE, "bullfinch_source_blind_today_seconds", buf_z(&labels),
                   "Time of the UTC day in which a source saw no posts, by the gap "
                   "ledger and what goes beyond it.",
                   USEC_PER_S);
}

void feeds_open(struct runner *r) {
    for (int i = 0; i < r->parts.feed_count; i++) {
        buf_init(&r->feeds[i].state, INTAKE_STATE_BYTES);
        if (source_is_live(r->parts.feeds[i].source))
            open_metrics(&r->feeds[i], r->parts.feeds[i].key);
    }
}

bool feeds_measure(struct runner *r, struct error *err) {
    const usec now = time_wall_us();
    const int64_t day = time_utc_day(now);
    for (int i = 0; i < r->parts.feed_count; i++) {
        struct feed_progress *p = &r->feeds[i];
        usec blind;
        if (p->blind_today == NULL) continue;
        if (!store_feed_blind(r->parts.store, r->parts.feeds[i].key, now, &blind, err))
            return false;
        if (p->blind_day != day) p->blind = 0;
        metric_add(p->blind_total, i64_max(blind - p->blind, 0));
        metric_set(p->blind_today, blind);
        p->blind = i64_max(blind, p->blind);
        p->blind_day = day;
    }
    return true;
}

void feeds_close(struct runner *r) {
    for (int i = 0; i < r->parts.feed_count; i++) {
        const struct feed_progress *p = &r->feeds[i];
        if (p->unlinked + p->unknown > 0)
            log_info("not_kept", LOG_S("source", r->parts.feeds[i].key),
                     LOG_I("posts_without_a_coin", p->unlinked),
                     LOG_I("deletions_of_such", p->unknown));
        buf_fini(&r->feeds[i].state);
    }
}

bool feeds_take(struct runner *r, int feed, const struct intake *it, struct error *err) {
    struct feed_progress *p = &r->feeds[feed];
    if (it->state.p) {
        buf_clear(&p->state);
        buf_put(&p->state, it->state);
        p->moved = true;
    }
    p->taken++;
    p->kept += it->kind == INTAKE_POST && !it->post.deleted;
    if (it->kind == INTAKE_STATUS) {
        p->known = true;
        p->status = it->u.status;
    }
    r->moved = r->eager = true;
    return feeds_put(r, feed, it, err);
}

bool feeds_put(struct runner *r, int feed, const struct intake *it, struct error *err) {
    const struct run_feed *f = &r->parts.feeds[feed];
    if (it->kind == INTAKE_POST || it->kind == INTAKE_NONE || it->kind == INTAKE_END) return true;
    struct intake row = *it;
    row.state = (str){0}; /* with the commit */
    if (!turn_begin(r, err) ||
        !store_intake_put(r->parts.store, f->key, f->kind, &row, time_wall_us(), err))
        return turn_rescue(r, err);
    r->txn_rows++;
    return true;
}

bool feeds_put_states(struct runner *r, struct error *err) {
    for (int i = 0; i < r->parts.feed_count; i++) {
        struct feed_progress *p = &r->feeds[i];
        if (!p->moved) continue;
        const struct intake row = {.kind = INTAKE_NONE, .state = buf_str(&p->state)};
        if (buf_full(&p->state))
            return fail(err, ERR_LIMIT, 0, "source " STR_FMT ": a state of more than %d bytes",
                        STR_ARG(r->parts.feeds[i].key), INTAKE_STATE_BYTES);
        if (!store_intake_put(r->parts.store, r->parts.feeds[i].key, r->parts.feeds[i].kind, &row,
                              time_wall_us(), err))
            return false;
    }
    return true;
}

void feeds_committed(struct runner *r) {
    for (int i = 0; i < r->parts.feed_count; i++) {
        struct feed_progress *p = &r->feeds[i];
        p->moved = false;
        p->stored = p->taken;
    }
}

bool feeds_wants_deletion(struct runner *r, int feed, const struct post *p, bool *ret,
                          struct error *err) {
    *ret = true;
    if (!r->parts.feeds[feed].keep_linked) return true;
    if (!store_has_post(r->parts.store, p->root_id, ret, err)) return false;
    if (!*ret) r->feeds[feed].unknown++;
    return true;
}
