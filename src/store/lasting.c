/* What a person should know for as long as it lasts: a row of alerts when it begins, one when it is
 * over, and nothing in between, whichever of several processes sees it.
 *
 * In: whether it is so now. Out: whether that is news. Failure: the store's. Thread: the
 * connection's. */
#include "store/notices.h"
#include "store/store_int.h"

static bool find_lasting(struct store *s, const char *source, int64_t *ret_id, struct error *err) {
    static const struct sql sql = {"SELECT id FROM alerts WHERE source = $1 AND over_at IS NULL "
                                   "AND level = 'unusual'"};
    struct query q;
    bool found;
    *ret_id = 0;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_z(&q, source);
    return query_i64(&q, ret_id, &found, err);
}

bool store_alert_lasts(struct store *s, const char *source, bool *ret, struct error *err) {
    int64_t id;
    if (!find_lasting(s, source, &id, err)) return false;
    *ret = id != 0;
    return true;
}

static bool end_it(struct store *s, int64_t id, usec now, struct error *err) {
    static const struct sql sql = {"UPDATE alerts SET over_at = $1 WHERE id = $2"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_time(&q, now);
    bind_i64(&q, id);
    return query_run(&q, err);
}

static bool tell_it(struct store *s, const char *source, const struct alert_turn *t, usec now,
                    struct error *err) {
    static const struct sql sql = {"INSERT INTO alerts (at, level, source, state, what) VALUES "
                                   "($1, $2, $3, $4, $5)"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_time(&q, now);
    bind_z(&q, t->lasts ? "unusual" : "info");
    bind_z(&q, source);
    bind_z(&q, t->state);
    bind_z(&q, t->what);
    if (!query_run(&q, err)) return false;
    struct notice n;
    notice_make(&n, now, NOTICE_SYSTEM, source, str_from_z(t->what));
    return store_notice_put(s, &n, err);
}

/* Mostly there is nothing to write; where there is, it is looked at once more under the lock. */
bool store_alert_turn(struct store *s, const char *source, const struct alert_turn *t, usec now,
                      bool *ret_news, struct error *err) {
    int64_t id;
    *ret_news = false;
    if (!find_lasting(s, source, &id, err)) return false;
    if ((id != 0) == t->lasts) return true;
    if (!store_begin(s, true, err)) return false;
    bool ok = find_lasting(s, source, &id, err);
    const bool news = ok && (id != 0) != t->lasts;
    if (news) ok = (id == 0 || end_it(s, id, now, err)) && tell_it(s, source, t, now, err);
    if (ok && store_commit(s, err)) {
        *ret_news = news;
        return true;
    }
    store_rollback(s);
    return false;
}
