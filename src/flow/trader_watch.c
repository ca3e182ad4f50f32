/* trader_watch: how orders and positions stand, for whoever measures.
 *
 * In: the trader's tables. Out: counts, and since when the oldest of what should not be so is so.
 * That a thing is so is noted beside it where it is seen first, so the times are as fine as the
 * looks; nothing else reads them. Thread: the trader's. */
#include "flow/trader_int.h"

/* Seen, or not seen, now: since when, 0 for not. */
static usec note(usec *since, bool is, usec now) {
    if (!is) *since = 0;
    if (is && *since == 0) *since = now;
    return *since;
}

static void oldest(usec since, int *count, usec *ret) {
    if (since == 0) return;
    ++*count;
    if (*ret == 0 || since < *ret) *ret = since;
}

/* Something is held, and neither stop and target nor an exit stands for it. */
static bool stands_bare(const struct trader *t, const struct trade *tr) {
    if (!trade_entered(tr) || qty_is_zero(tr->held)) return false;
    return !is_guarded(t, tr) && !leg_works(t, tr->id, LEG_EXIT);
}

void trader_watch(struct trader *t, usec now, struct trader_watch *ret) {
    *ret = (struct trader_watch){.moves = t->moves,
                                 .compared_at = t->compare.done_at,
                                 .drawdown_limit_e8 = t->cfg->trading_max_daily_drawdown};
    for (int i = 0; i < t->order_count; i++) {
        struct order *o = &t->orders[i];
        ret->orders[o->state]++;
        oldest(note(&o->watch.unknown_since, o->state == ORDER_ST_UNKNOWN, now), &ret->unknown,
               &ret->unknown_since);
    }
    for (int i = 0; i < t->trade_count; i++) {
        struct trade *tr = &t->trades[i];
        oldest(note(&care_of(t, tr)->bare_since, stands_bare(t, tr), now), &ret->bare,
               &ret->bare_since);
    }
}
