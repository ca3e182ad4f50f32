/* live_watch: how a live source stands, for people: metrics, a line in the log where the state
 * changes, and the statuses that are stored with what the source gives.
 *
 * All on next()'s thread but live_status(), which reads a copy under the source's lock. The words
 * for people are the connector's; tokens are in none of them. */
#include "source/live_int.h"

#include "base/log.h"

#define STATUS_EVERY (5 * USEC_PER_S) /* while something comes, or nothing is seen */

void live_watch_open(struct live *l) {
    struct live_watch *w = &l->watch;
    w->posts[OUTCOME_LIVE] = metric_get(M_SOURCE_POSTS, LABELS(l->key, "live"));
    w->posts[OUTCOME_MISSED] = metric_get(M_SOURCE_POSTS, LABELS(l->key, "missed"));
    w->posts[OUTCOME_DELETED] = metric_get(M_SOURCE_POSTS, LABELS(l->key, "deleted"));
    w->state = metric_get(M_SOURCE_STATE, LABELS(l->key));
    w->calls = metric_get(M_SOURCE_CALLS, LABELS(l->key));
    w->failures = metric_get(M_SOURCE_FAILURES, LABELS(l->key));
    w->last_sign = metric_get(M_SOURCE_LAST_SIGN, LABELS(l->key));
    w->breaker_open = metric_get(M_SOURCE_BREAKER, LABELS(l->key));
    metric_set(w->state, SOURCE_STARTING);
    metric_set(w->breaker_open, 0);
}

void live_watch_post(struct live *l, const struct post *p) {
    l->base.counts.posts += !p->deleted;
    l->base.counts.deletions += p->deleted;
    const live_outcome o = p->deleted ? OUTCOME_DELETED : p->missed ? OUTCOME_MISSED : OUTCOME_LIVE;
    metric_add(l->watch.posts[o], 1);
}

static void measure(struct live *l, const struct source_status *st) {
    struct live_watch *w = &l->watch;
    metric_set(w->state, st->state);
    metric_set(w->breaker_open, st->state == SOURCE_BROKEN);
    metric_set(w->last_sign, st->last_sign_at);
    metric_add(w->calls, i64_max(st->calls - w->shown.calls, 0));
    metric_add(w->failures, i64_max(st->failures - w->shown.failures, 0));
    w->shown = *st;
}

static void log_change(struct live *l, const struct source_status *st) {
    struct live_watch *w = &l->watch;
    char block[TIME_TEXT_BYTES];
    if (w->any_logged && w->logged == st->state) return;
    w->any_logged = true;
    w->logged = st->state;
    const str until = st->until == 0 ? STR("-") : time_format_rfc3339(st->until, block);
    LOG_AT(source_state_is_unusual(st->state) ? LOG_UNUSUAL : LOG_INFO, "source_state",
           LOG_Z("source", l->key), LOG_Z("state", source_state_name(st->state)),
           LOG_S("until", until), LOG_Z("why", st->why));
}

bool live_watch_due(struct live *l, struct intake *ret) {
    struct live_watch *w = &l->watch;
    struct source_status st;
    connector_status(l->c, l->now, &st);
    measure(l, &st);
    log_change(l, &st);
    pthread_mutex_lock(&l->mutex);
    l->status = st;
    pthread_mutex_unlock(&l->mutex);
    const bool changed = w->passed_on_at == 0 || st.state != w->passed_on.state ||
                         st.until != w->passed_on.until || strcmp(st.why, w->passed_on.why) != 0;
    const bool news =
        l->told || st.state != SOURCE_LIVE || st.blind != w->passed_on.blind; /* it counts on */
    if (!changed && !(news && l->now - w->passed_on_at >= STATUS_EVERY)) return false;
    w->passed_on = st;
    w->passed_on_at = l->now;
    l->told = false;
    *ret = (struct intake){.kind = INTAKE_STATUS, .u.status = st};
    return true;
}

void live_status(struct source *s, struct source_status *ret) {
    struct live *l = (struct live *)s;
    pthread_mutex_lock(&l->mutex);
    *ret = l->status;
    if (l->stop) ret->state = SOURCE_ENDED;
    pthread_mutex_unlock(&l->mutex);
}
