/* Which notice goes to which channel, and when.
 *
 * In: new notices. Out: deliveries; or a count, where the same was told a moment ago. In quiet
 * hours what is not urgent is due at their end, and where they are changed at the end of the new
 * ones. What is older than a message is tried for goes
 * nowhere: whoever comes back after days finds it in the list. Failure: the transaction is rolled
 * back. Thread: the notifier's. */
#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "ops/notify_int.h"

#define SORT_MAX 64

struct rules {
    uint32_t events[CHANNEL_COUNT], urgent;
    struct quiet_hours quiet;
    usec repeat, give_up;
};

static void read_rules(const struct notifier *n, const struct config *cfg, struct rules *ret) {
    *ret = (struct rules){.urgent = notify_urgent(cfg),
                          .repeat = cfg->notify_repeat_s * USEC_PER_S,
                          .give_up = cfg->notify_give_up_hours * USEC_PER_HOUR};
    IGNORE(!quiet_hours_parse(cfg->notify_quiet_hours, &ret->quiet),
           "the configuration was checked");
    for (int i = 0; i < CHANNEL_COUNT; i++)
        if (n->senders[i].channel != NULL) ret->events[i] = notify_events(cfg, (notify_channel)i);
}

static bool deliver(struct notifier *n, const struct rules *r, const struct notice *v, usec now,
                    struct error *err) {
    const bool urgent = (r->urgent & BIT(v->kind)) != 0 && strcmp(v->what, NOTICE_WHAT_FIRST) != 0;
    const usec quiet_end = urgent ? 0 : quiet_hours_end(&r->quiet, now);
    for (int i = 0; i < CHANNEL_COUNT; i++) {
        struct sender *const s = &n->senders[i];
        const bool told = (r->events[i] & BIT(v->kind)) != 0;
        if (s->channel == NULL || !told) continue;
        const bool left_out = !urgent && s->waiting >= NOTIFY_QUEUE_MAX;
        if (!store_notice_deliver(n->store, v->id, str_from_z(s->row.name), urgent,
                                  quiet_end != 0 ? quiet_end : now, now, left_out, err))
            return false;
        s->waiting += !left_out;
        s->skipped += left_out;
        s->look_at = 0;
    }
    return store_notice_sorted(n->store, v->id, err);
}

static bool sort_one(struct notifier *n, const struct rules *r, const struct notice *v, usec now,
                     struct error *err) {
    int64_t same = 0;
    if (now - v->at > r->give_up) return store_notice_sorted(n->store, v->id, err);
    if (r->repeat > 0 && !store_notice_same(n->store, v, v->at - r->repeat, &same, err))
        return false;
    if (same != 0) return store_notice_repeats(n->store, v->id, same, err);
    return deliver(n, r, v, now, err);
}

bool notify_sort(struct notifier *n, const struct config *cfg, usec now, struct error *err) {
    struct notice v[SORT_MAX];
    struct rules r;
    int count = 0;
    if (!store_notices_new(n->store, v, SORT_MAX, &count, err)) return false;
    if (count == 0) {
        n->again = false;
        return true;
    }
    read_rules(n, cfg, &r);
    if (!store_begin(n->store, true, err)) return false;
    bool ok = true;
    for (int i = 0; i < count && ok; i++) ok = sort_one(n, &r, &v[i], now, err);
    if (ok && store_commit(n->store, err)) {
        n->again = count == SORT_MAX;
        return true;
    }
    store_rollback(n->store);
    return false;
}

static bool is_same_quiet(const struct quiet_hours *a, const struct quiet_hours *b) {
    return a->any == b->any && a->from == b->from && a->to == b->to && a->ahead == b->ahead;
}

bool notify_quiet(struct notifier *n, const struct config *cfg, usec now, struct error *err) {
    struct quiet_hours q;
    IGNORE(!quiet_hours_parse(cfg->notify_quiet_hours, &q), "the configuration was checked");
    if (n->quiet_known && is_same_quiet(&q, &n->quiet)) return true;
    const usec end = quiet_hours_end(&q, now);
    if (!store_begin(n->store, true, err)) return false;
    if (!store_deliveries_quiet(n->store, end != 0 ? end : now, now, err) ||
        !store_commit(n->store, err)) {
        store_rollback(n->store);
        return false;
    }
    for (int i = 0; i < CHANNEL_COUNT; i++) n->senders[i].look_at = 0;
    n->quiet = q;
    n->quiet_known = true;
    return true;
}

/* "12 times more since 10:00:00 UTC, the last of them like this: ..." */
static void sum_of(const struct notice *v, usec now, struct notice *ret) {
    char text[NOTICE_TEXT_BYTES], at[TIME_TEXT_BYTES];
    struct buf b;
    buf_init_fixed(&b, text, sizeof text);
    buf_printf(&b, "%" PRId64 " time%s more since " STR_FMT " UTC: %s", v->repeats,
               v->repeats == 1 ? "" : "s",
               STR_ARG(str_head(str_tail(time_format_rfc3339(v->at, at), 11), 8)), v->text);
    notice_make(ret, now, v->kind, v->what, buf_str(&b));
    memcpy(ret->sameness, v->sameness, sizeof ret->sameness);
}

bool notify_sum_up(struct notifier *n, const struct config *cfg, usec now, struct error *err) {
    struct notice v[SORT_MAX], sum;
    int count = 0;
    const usec before = now - cfg->notify_repeat_s * USEC_PER_S;
    if (!store_notices_repeated(n->store, before, v, SORT_MAX, &count, err)) return false;
    if (count == 0) return true;
    if (!store_begin(n->store, true, err)) return false;
    bool ok = true;
    for (int i = 0; i < count && ok; i++) {
        sum_of(&v[i], now, &sum);
        ok = store_notice_put(n->store, &sum, err) &&
             store_notice_repeats_told(n->store, v[i].id, err);
    }
    if (ok && store_commit(n->store, err)) {
        n->again = true;
        return true;
    }
    store_rollback(n->store);
    return false;
}
