/* Comparing what we believe with what the venue says: snapshots.
 *
 * A snapshot is everything that stands on the account: open orders and balances. One is asked for
 * at the start, when a stream came back or reports were lost, every five minutes, and when a person
 * asks. Of each order in it:
 *
 *   ours and known       its report is applied like any other; one that has ended here is taken off
 *   ours and unknown     protection of an open trade that has none is adopted; that of a trade that
 *                        is not known guards coins which the store forgot, as an older backup does:
 *                        left there, no entries until it is gone. All else is taken off
 *   of another bullfinch no entries until a snapshot without any: two would trade one account. A
 *                        stream that tells of one does the same (trader_book.c)
 *   of a stranger        told once
 *
 * A live order of ours that is not in it has ended, and is asked after; where all that stood is
 * gone and the venue does not know it, the venue was wiped. Of a coin there may be more than our
 * fills bought (test networks hand them out), never less.
 *
 * A snapshot is older than its answer: what was sent or reported since it was asked for is left
 * alone. Failure: one that does not come is asked for again; entries wait for the first. Venues
 * that have none are asked after each live order. Thread: the trader's. */
#include "flow/trader_int.h"

#include "base/buf.h"
#include "flow/trade/plan.h"

#define COMPARE_EVERY (5 * USEC_PER_MIN)
#define COMPARE_DEGRADED (5 * USEC_PER_S) /* without streams, while something is open */
#define COMPARE_SOON (1 * USEC_PER_S)
#define WIPED_AFTER (10 * USEC_PER_MIN) /* look-ups that find nothing for so long do not lag */
#define FAIL_PAUSE_MOST (30 * USEC_PER_S)
#define ACTIONS_SPARE 256    /* of a turn, for what an order may bring */
#define TELLS_MAX 8          /* strangers and strays, a snapshot */
#define CANCELS_MAX 16       /* a snapshot; the rest the next time */
#define LAG (2 * USEC_PER_S) /* how old what a snapshot says of an order may be */

struct findings {
    usec asked_at;
    int open, news, adopted, taken_off, lost, others, strangers, asked;
    bool cut; /* there was more than one turn can do */
};

/* --- asking for one ------------------------------------------------------------------ */

void compare_want(struct trader *t, usec at) {
    if (t->traits.snapshots) t->compare.due = i64_min(t->compare.due, at);
}

static void ask_for_snapshot(struct trader *t) {
    struct compare *c = &t->compare;
    struct request *rq = &act(t, ACTION_SEND)->u.request;
    *rq = (struct request){.kind = REQUEST_SNAPSHOT,
                           .id = ++t->last_request,
                           .signed_at = t->now,
                           .recv_window = t->traits.recv_window};
    c->out = rq->id;
    c->asked_at = t->now;
    c->due = USEC_NEVER;
}

void compare_on_timer(struct trader *t) {
    if (t->now >= t->compare.due && t->compare.out == 0) ask_for_snapshot(t);
}

static void done(struct trader *t, int64_t command_id, bool ok, const char *text) {
    struct action *a = act(t, ACTION_COMMAND_DONE);
    a->u.done.id = command_id;
    a->u.done.ok = ok;
    IGNORE(str_copyz(str_from_z(text), a->u.done.result, sizeof a->u.done.result), "short");
    ledger(t, "command %s %s", verb_name(VERB_RECONCILE), ok ? "done" : "refused");
    t->acts->durable = true;
}

void compare_for(struct trader *t, int64_t command_id) {
    struct compare *c = &t->compare;
    if (!t->traits.snapshots) {
        ask_all(t);
        done(t, command_id, true, "asked the venue for every live order");
        return;
    }
    if (c->command_count == COMMANDS_WAIT_MAX) {
        done(t, command_id, false, "too many others wait for the same; try again in a minute");
        return;
    }
    c->commands[c->command_count++] = command_id;
    compare_want(t, t->now);
    compare_on_timer(t);
}

static void answer_commands(struct trader *t, bool ok, const char *text) {
    struct compare *c = &t->compare;
    for (int i = 0; i < c->command_count; i++) done(t, c->commands[i], ok, text);
    c->command_count = 0;
}

/* --- orders -------------------------------------------------------------------------- */

static void take_off(struct trader *t, const struct open_order *o, struct findings *f) {
    if (f->taken_off >= CANCELS_MAX) {
        f->cut = true;
        return;
    }
    f->taken_off++;
    tell(t, TELL_UNUSUAL, "stray_order",
         "%s stands at the venue and is needed by no trade; taking "
         "it off",
         o->report.coid);
    audit(t, "program", "cancel_stray", "order", 0, 0, "%s", o->report.coid);
    cancel_stray(t, 0, o->report.sym, o->report.coid);
}

static void known(struct trader *t, struct order *o, const struct open_order *there,
                  struct findings *f) {
    o->watch.seen_at = f->asked_at;
    if (o->updated_at > f->asked_at - LAG) return; /* there was news of it meanwhile */
    if (!order_is_live(o->state)) {
        take_off(t, there, f); /* it has ended here, whatever the reason; nobody counts on it */
        return;
    }
    if (o->state == there->report.state && qty_cmp(o->filled, there->report.filled) == 0) return;
    f->news++;
    on_report(t, &there->report);
}

/* The open trade that an id of ours belongs to, by its digits. */
static struct trade *trade_of_coid(struct trader *t, const char *coid) {
    for (int i = 0; i < t->trade_count; i++) {
        if (coid_same_trade(t->trades[i].list_coid, coid)) return &t->trades[i];
    }
    return NULL;
}

/* Protection that we have no row of, and that the trade can use: its row was lost with a store that
 * was put back, or with a disk that was full. */
static bool can_adopt(struct trader *t, const struct trade *tr, const struct open_order *there) {
    const leg which = coid_leg(there->report.coid);
    const int generation = coid_generation(there->report.coid);
    if (tr == NULL || !trade_entered(tr) || qty_is_zero(tr->held)) return false;
    if (which != LEG_STOP && which != LEG_TARGET) return false;
    if (there->report.sym != tr->sym || qty_cmp(there->report.qty, tr->held) > 0) return false;
    if (generation < tr->generation || generation > GENERATION_MAX) return false;
    if (generation == tr->generation) return !leg_works(t, tr->id, which);
    return !is_guarded(t, tr) && !leg_works(t, tr->id, LEG_EXIT) && t->order_count < ORDERS_MAX;
}

static void adopt(struct trader *t, struct trade *tr, const struct open_order *there,
                  struct findings *f) {
    const leg which = coid_leg(there->report.coid);
    tr->generation = coid_generation(there->report.coid);
    coid_of_list(there->report.coid, tr->list_coid);
    struct order *o = add_order(t, tr, which);
    POST(strcmp(o->coid, there->report.coid) == 0);
    o->qty = there->report.qty;
    o->watch.seen_at = f->asked_at;
    put_trade(t, tr);
    f->adopted++;
    tell(t, TELL_UNUSUAL, "order_adopted", "%s: %s stood at the venue and was not in the store",
         tr->symbol, there->report.coid);
    audit(t, "program", "adopt", "order", o->id, tr->id, "%s", there->report.coid);
    on_report(t, &there->report);
}

static bool told_before(struct compare *c, const char *venue_id) {
    const uint64_t h = id_hash(venue_id);
    for (int i = 0; i < c->stranger_count && i < STRANGERS_MAX; i++) {
        if (c->strangers[i] == h) return true;
    }
    c->strangers[c->stranger_count++ % STRANGERS_MAX] = h;
    return false;
}

/* Stop or target of a trade that this store never had? One that ended here lately is in `gone`. */
static bool guards_what_was_lost(const struct trader *t, const struct trade *tr,
                                 const struct open_order *there) {
    const leg which = coid_leg(there->report.coid);
    if (tr != NULL || order_gone(t, there->report.coid) != NULL) return false;
    return which == LEG_STOP || which == LEG_TARGET;
}

static void leave(struct trader *t, const struct open_order *there, struct findings *f) {
    f->lost++;
    if (told_before(&t->compare, there->report.venue_id)) return;
    tell(t, TELL_BROKEN, "lost_trade",
         "%s guards a position that the store does not know (was an older backup put back?): it is "
         "left there, no entries until it is gone",
         there->report.coid);
    audit(t, "program", "leave_lost", "order", 0, 0, "%s", there->report.coid);
}

/* Only what is sure to be free of its list: its own list may hold the other leg of the adopted. */
static void unknown(struct trader *t, const struct open_order *there, struct findings *f) {
    struct trade *tr = trade_of_coid(t, there->report.coid);
    if (can_adopt(t, tr, there))
        adopt(t, tr, there, f);
    else if (guards_what_was_lost(t, tr, there))
        leave(t, there, f);
    else
        take_off(t, there, f);
}

static void strange(struct trader *t, const struct open_order *there, struct findings *f) {
    f->strangers++;
    if (f->strangers > TELLS_MAX || told_before(&t->compare, there->report.venue_id)) return;
    tell(t, TELL_UNUSUAL, "strange_order", "an order that is not ours stands on the account: %s",
         there->report.coid);
}

static void look_at(struct trader *t, const struct open_order *there, struct findings *f) {
    switch (coid_owner_of(there->report.coid, t->account.install)) {
    case COID_STRANGER:
        strange(t, there, f);
        return;
    case COID_OTHER:
        f->others++;
        return;
    case COID_OURS:
        break;
    }
    struct order *o = order_by_coid(t, there->report.coid);
    if (o != NULL)
        known(t, o, there, f);
    else
        unknown(t, there, f);
}

/* --- what is not in it --------------------------------------------------------------- */

static bool should_stand(const struct order *o, usec asked_at) {
    if (!order_is_live(o->state) || o->watch.unsent) return false;
    return o->signed_at < asked_at && o->updated_at < asked_at;
}

/* Has every order gone that stood at the venue, and does it know none of them? */
static bool was_wiped(const struct trader *t, const struct findings *f) {
    int gone = 0;
    for (int i = 0; i < t->order_count; i++) {
        const struct order *o = &t->orders[i];
        if (o->watch.seen_at == f->asked_at) return false;
        gone += order_has_vanished(t, o) && order_is_live(o->state);
    }
    return gone > 0;
}

static int64_t balance_of(const struct snapshot *s, const char *asset) {
    for (int i = 0; i < s->balance_count; i++) {
        if (strcmp(s->balances[i].asset, asset) == 0)
            return s->balances[i].free_e8 + s->balances[i].locked_e8;
    }
    return 0;
}

/* Look-ups that lag say the same as a venue that was wiped. After a wipe the account has what it
 * began with; that our open trades cost something is forgotten. Where that cannot be told, as
 * somebody else uses the account, time has to tell. */
static bool looks_wiped(const struct trader *t, const struct snapshot *s) {
    money spent = money_from_e8(0);
    for (int i = 0; i < t->trade_count; i++) {
        if (t->trades[i].side == SIDE_LONG) spent = money_plus(spent, t->trades[i].basis);
    }
    const int64_t there = balance_of(s, t->symbols->v[0].quote);
    const int64_t start = money_e8(t->account.start), cash = money_e8(t->account.cash);
    const bool fresh = there > start - start / 1000 && there < start + start / 1000;
    const bool remembers =
        there > cash - money_e8(spent) / 10 && there < cash + money_e8(spent) / 10;
    if (fresh && !remembers) return true;
    for (int i = 0; i < t->order_count; i++) {
        const struct order_watch *w = &t->orders[i].watch;
        if (w->vanished != 0 && w->asked_at >= w->vanished + WIPED_AFTER) return true;
    }
    return false;
}

/* An order that stood has gone without a trace, and others have not: it counts as ended. */
static void end_vanished(struct trader *t) {
    for (int i = 0; i < t->order_count; i++) {
        struct order *o = &t->orders[i];
        if (!order_has_vanished(t, o) || !order_is_live(o->state)) continue;
        o->watch.vanished = 0;
        order_end(t, o, ORDER_ST_CANCELED);
        struct trade *tr = trade_find(t, o->trade_id);
        if (tr != NULL) settle(t, tr, LEG_NONE);
        i = -1; /* the table may have moved */
    }
}

static void ask_for_missing(struct trader *t, struct findings *f) {
    for (int i = 0; i < t->order_count; i++) {
        struct order *o = &t->orders[i];
        if (!should_stand(o, f->asked_at) || o->watch.seen_at == f->asked_at) continue;
        ask_order(t, o, t->now);
        f->asked++;
    }
    asks_on_timer(t);
}

/* --- balances ------------------------------------------------------------------------ */

/* Was anything of the trade sent or reported since? Then the balance is from before it. And an
 * order that should stand and does not may have sold already: it is asked after first. */
static bool moved_since(const struct trader *t, const struct trade *tr, usec at) {
    for (int i = 0; i < t->order_count; i++) {
        const struct order *o = &t->orders[i];
        if (o->trade_id != tr->id) continue;
        if (should_stand(o, at) && o->watch.seen_at != at) return true;
        if (o->updated_at >= at || o->state == ORDER_ST_UNKNOWN) return true;
        if (o->leg == LEG_EXIT && order_is_live(o->state) && !o->watch.unsent) return true;
    }
    return false;
}

static void check_balances(struct trader *t, const struct snapshot *s, const struct findings *f) {
    for (int i = 0; i < t->trade_count && !s->balances_cut; i++) {
        struct trade *tr = &t->trades[i];
        const struct symbol *sym = &t->symbols->v[tr->sym];
        struct care *c = care_of(t, tr);
        if (tr->side != SIDE_LONG || moved_since(t, tr, f->asked_at)) continue;
        const int64_t there = balance_of(s, sym->base);
        const bool is_short = there < qty_e8(tr->held);
        struct texts x = {0};
        if (is_short && !c->short_told) {
            tell(t, TELL_BROKEN, "balance_short", "%s: our fills bought %s, the account has %s",
                 tr->symbol, text_e8(&x, qty_e8(tr->held)), text_e8(&x, there));
        }
        c->short_told = is_short;
        if (!is_short) {
            c->short_at = 0;
            c->missing = qty_from_e8(0);
        } else if (c->short_at == 0) {
            c->short_at = f->asked_at;
        } else if (tr->exit_due && c->tries > 0 && f->asked_at >= c->short_at + LAG) {
            coins_gone(t, tr, qty_minus(tr->held, qty_from_e8(there)));
        }
    }
}

/* The first look at the account: what it can trade with is what the venue says. */
static void take_balance(struct trader *t, const struct snapshot *s) {
    struct account *a = &t->account;
    if (!money_is_zero(a->start) || t->symbols->count == 0) return;
    const int64_t e8 = balance_of(s, t->symbols->v[0].quote);
    struct texts x = {0};
    if (e8 <= 0) {
        tell(t, TELL_UNUSUAL, "no_balance", "the account has no %s: nothing can be bought",
             t->symbols->v[0].quote);
        return;
    }
    a->start = a->cash = a->day_open = a->peak = money_from_e8(e8);
    t->account_dirty = true;
    t->acts->durable = true;
    ledger(t, "balance %s", text_e8(&x, e8));
    audit(t, "venue", "balance", "account", 0, 0, "the account starts with %s %s", text_e8(&x, e8),
          t->symbols->v[0].quote);
    sample_equity(t);
}

/* --- a snapshot ---------------------------------------------------------------------- */

/* Another bullfinch that a stream told of may have nothing standing and go on all the same: it
 * counts as gone when it was not heard of for a while, or a person asked and it was not heard of
 * since. */
static bool is_heard(const struct trader *t, const struct findings *f) {
    const struct compare *c = &t->compare;
    if (c->other_at == 0) return false;
    return f->asked_at < c->other_at ||
           (c->command_count == 0 && f->asked_at < c->other_at + OTHER_LASTS);
}

static void tell_others(struct trader *t, const struct findings *f) {
    const bool heard = is_heard(t, f), now = f->others + f->lost > 0 || heard;
    if (f->others > 0 && !t->compare.foreign) {
        tell(t, TELL_BROKEN, "foreign_bot",
             "another bullfinch has %d orders on this account: no entries until they are gone",
             f->others);
        audit(t, "program", "foreign_bot", "account", 0, 0, "%d orders", f->others);
    }
    if (!now && t->compare.foreign)
        tell(t, TELL_INFO, "foreign_bot",
             "no orders of another bullfinch, or of lost trades, stand here any more");
    t->compare.foreign = now;
    if (!heard) t->compare.other_at = 0;
}

static void compare_with(struct trader *t, const struct snapshot *s, struct findings *f) {
    take_balance(t, s);
    for (int i = 0; i < s->order_count; i++) {
        if (t->acts->count > ACTIONS_MAX - ACTIONS_SPARE) {
            f->cut = true;
            break;
        }
        f->open++;
        look_at(t, &s->orders[i], f);
    }
    f->cut = f->cut || s->truncated;
    tell_others(t, f);
    if (f->cut) return; /* what was not looked at is not missing */
    const bool pending = t->compare.wiped_at != 0 && f->asked_at >= t->compare.wiped_at;
    if (!pending && was_wiped(t, f) && !looks_wiped(t, s)) return; /* asked again and again */
    if (was_wiped(t, f)) venue_was_reset(t, "none of the orders that stood is known there");
    if (pending || was_wiped(t, f)) {
        venue_end_wiped(t, f->asked_at);
        return;
    }
    end_vanished(t);
    guard_all(t);
    ask_for_missing(t, f);
    check_balances(t, s, f);
}

static void finish(struct trader *t, const struct findings *f) {
    char text[160];
    struct buf b;
    buf_init_fixed(&b, text, sizeof text - 1);
    buf_printf(&b,
               "%d open orders: %d with news, %d adopted, %d taken off, %d of others; %d of "
               "ours asked after",
               f->open, f->news, f->adopted, f->taken_off, f->lost + f->others + f->strangers,
               f->asked);
    text[buf_str(&b).n] = '\0';
    const bool found = f->news + f->adopted + f->taken_off > 0;
    if (found) tell(t, TELL_INFO, "compared", "%s", text);
    answer_commands(t, true, text);
}

static usec next_after(const struct trader *t, const struct findings *f) {
    if (f->cut) return t->now + COMPARE_SOON;
    const bool blind = t->venue.state == VENUE_DEGRADED && t->trade_count > 0;
    const usec next = t->now + (blind ? COMPARE_DEGRADED : COMPARE_EVERY);
    const usec other_at = t->compare.other_at;
    return other_at == 0 ? next : i64_min(next, i64_max(other_at + OTHER_LASTS, t->now));
}

static void snapshot_failed(struct trader *t, const struct reply *r) {
    struct compare *c = &t->compare;
    c->fails++;
    const usec pause = i64_min(COMPARE_SOON << i64_min(c->fails - 1, 8), FAIL_PAUSE_MOST);
    compare_want(t, i64_max(r->retry_at, t->now + pause));
    char text[160];
    struct buf b;
    buf_init_fixed(&b, text, sizeof text - 1);
    buf_printf(&b, "the venue does not answer: %s; it is asked again", r->text);
    text[buf_str(&b).n] = '\0';
    answer_commands(t, false, text);
}

void compare_on_reply(struct trader *t, const struct reply *r) {
    struct compare *c = &t->compare;
    struct findings f = {.asked_at = c->asked_at};
    c->out = 0;
    if (r->outcome != OUTCOME_DONE) {
        snapshot_failed(t, r);
        return;
    }
    c->fails = 0;
    for (int i = 0; i < r->report_count; i++) on_report(t, &r->reports[i]);
    if (r->snapshot == NULL) return;
    c->done = true;
    c->done_at = c->asked_at;
    compare_with(t, r->snapshot, &f);
    compare_want(t, next_after(t, &f));
    finish(t, &f);
}
