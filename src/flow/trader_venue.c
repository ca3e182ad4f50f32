/* How it stands with the venue: reachable or not, wiped, its terms changed; and what that means.
 *
 * While the venue cannot be reached no entry is sent, and that is told again and again, each time
 * after a longer while. Without its streams (DEGRADED) entries go on, and news is asked for. When a
 * stream is back everything is compared. A venue that was wiped (test networks are, about monthly)
 * has none of our orders and coins any more: the trades are over, nothing is sold, for what the
 * account holds now was handed out anew; and a person has to say that it goes on. A trade whose
 * orders stand at the venue all the same is of after the wipe, and goes on.
 *
 * Exits and protection are not held up by any of this. Thread: the trader's. */
#include "flow/trader_int.h"

#include "base/buf.h"

/* When it is told again that it is down, since it went down; then after WARN_MOST each. */
static const usec warn_at[] = {5 * USEC_PER_S, 30 * USEC_PER_S, 2 * USEC_PER_MIN, 10 * USEC_PER_MIN,
                               30 * USEC_PER_MIN};
#define WARN_MOST USEC_PER_HOUR

reason venue_refusal(const struct trader *t) {
    if (t->venue.state == VENUE_DOWN) return REASON_VENUE_DOWN;
    if (t->compare.foreign) return REASON_FOREIGN_BOT;
    return t->traits.snapshots && !t->compare.done ? REASON_RECONCILING : REASON_NONE;
}

/* --- wiped --------------------------------------------------------------------------- */

static void halt_by_program(struct trader *t, reason why, const char *text) {
    struct control *c = &t->control;
    ledger(t, "mode %s>%s", mode_name(c->mode), mode_name(MODE_HALTED));
    c->before = control_after_halt(c);
    c->mode = MODE_HALTED;
    c->until = USEC_NEVER;
    c->by_program = true;
    c->epoch++;
    c->since = t->now;
    memset(c->actor, 0, sizeof c->actor);
    memcpy(c->actor, "program", sizeof "program");
    struct buf b;
    memset(c->reason, 0, sizeof c->reason);
    buf_init_fixed(&b, c->reason, sizeof c->reason - 1);
    buf_printf(&b, "%s: %s", reason_name(why), text);
    act(t, ACTION_PUT_CONTROL)->u.control = *c;
    audit(t, "program", "halt", "control", 0, 0, "%s", c->reason);
    t->acts->durable = true;
}

/* What is held is gone: all of it is a loss. Of what is not known to have happened, nothing can any
 * more. */
static void trade_is_gone(struct trader *t, struct trade *tr) {
    for (int i = 0; i < t->order_count; i++) {
        if (t->orders[i].trade_id == tr->id) order_end(t, &t->orders[i], ORDER_ST_CANCELED);
    }
    if (trade_entered(tr))
        close_trade(t, tr, REASON_TESTNET_RESET);
    else
        cancel_trade(t, tr, REASON_TESTNET_RESET);
}

/* Was its entry sent so lately that it may have come to the wiped venue and not be seen yet? */
static bool is_too_young(const struct trader *t, const struct trade *tr) {
    return t->now < tr->signed_at + t->traits.absence_after;
}

static bool has_been_seen(const struct trader *t, const struct trade *tr, usec asked_at) {
    for (int i = 0; i < t->order_count; i++) {
        if (t->orders[i].trade_id == tr->id && t->orders[i].watch.seen_at == asked_at) return true;
    }
    return false;
}

/* What was sent after the wipe had been noticed is of the venue as it is now, whatever a snapshot
 * shows of it: it may be between its legs and its exit. */
void venue_end_wiped(struct trader *t, usec asked_at) {
    const usec noticed_at = t->compare.wiped_at;
    t->compare.wiped_at = 0;
    for (int i = t->trade_count - 1; i >= 0; i--) {
        struct trade *tr = &t->trades[i];
        const bool later = noticed_at != 0 && tr->signed_at >= noticed_at;
        if (later || is_too_young(t, tr) || has_been_seen(t, tr, asked_at))
            ask_trade(t, tr->id);
        else
            trade_is_gone(t, tr);
    }
    for (int i = 0; i < t->order_count; i++) {
        struct order *o = &t->orders[i];
        if (trade_find(t, o->trade_id) == NULL) order_end(t, o, ORDER_ST_CANCELED);
    }
    sweep_orders(t);
}

/* An entry may have come to the venue after the wipe, and tell of it itself: what is over is what a
 * snapshot of after does not show. */
void venue_was_reset(struct trader *t, const char *why) {
    if (t->compare.wiped_at != 0) return;
    tell(t, TELL_UNUSUAL, "testnet_reset",
         "the venue was wiped (%s): its trades are over, nothing new is opened; bullfinch resume "
         "goes "
         "on",
         why);
    halt_by_program(t, REASON_TESTNET_RESET, why);
    signals_refuse_all(t, REASON_TESTNET_RESET);
    if (!t->traits.snapshots) {
        venue_end_wiped(t, t->now);
        return;
    }
    t->compare.wiped_at = t->now;
    compare_want(t, t->now);
}

/* --- news ---------------------------------------------------------------------------- */

/* What was put off because the venue was away is tried now. */
static void venue_is_back(struct trader *t) {
    for (int i = 0; i < t->trade_count; i++) {
        struct care *c = care_of(t, &t->trades[i]);
        if (c->downs > 0) c->retry_at = i64_min(c->retry_at, t->now);
    }
    for (int i = 0; i < t->order_count; i++) {
        if (is_unsure(t, &t->orders[i])) ask_order(t, &t->orders[i], t->now);
    }
    compare_want(t, t->now);
}

static void tell_state(struct trader *t, const struct venue_news *n) {
    char at[TIME_TEXT_BYTES];
    const bool until = n->state == VENUE_DOWN && n->until > t->now;
    const str time = until ? time_format_rfc3339(n->until, at) : STR("");
    ledger(t, "venue %s>%s", venue_state_name(t->venue.state), venue_state_name(n->state));
    tell(t, n->state == VENUE_UP ? TELL_INFO : TELL_UNUSUAL, "venue", "%s%s%s%s" STR_FMT,
         venue_state_name(n->state), n->text[0] != '\0' ? ": " : "", n->text,
         n->state != VENUE_DOWN ? ""
         : until                ? "; no entries until "
                                : "; no entries until it is back",
         STR_ARG(time));
}

/* A state that lasts: up, degraded, down. */
static void take_state(struct trader *t, const struct venue_news *n) {
    const bool was_down = t->venue.state == VENUE_DOWN;
    if (t->venue.state == n->state) {
        t->venue = *n;
        return;
    }
    tell_state(t, n);
    t->venue = *n;
    t->venue_since = t->now;
    t->venue_warn_at = n->state == VENUE_DOWN ? t->now + warn_at[0] : USEC_NEVER;
    if (was_down) venue_is_back(t);
    if (n->state == VENUE_DEGRADED) compare_want(t, t->now);
}

void on_venue(struct trader *t, const struct venue_news *n) {
    switch (n->state) {
    case VENUE_UP:
    case VENUE_DEGRADED:
    case VENUE_DOWN:
        take_state(t, n);
        return;
    case VENUE_RECONNECTED:
        tell(t, TELL_INFO, "venue", "comparing everything: %s", n->text);
        compare_want(t, t->now);
        compare_on_timer(t);
        if (!t->traits.snapshots) ask_all(t);
        return;
    case VENUE_RESET:
        venue_was_reset(t, n->text);
        return;
    }
    WRONG("venue state out of its list");
}

static usec next_warning(usec since) {
    for (ptrdiff_t i = 0; i < COUNT_OF(warn_at); i++)
        if (warn_at[i] > since) return warn_at[i];
    return since + WARN_MOST;
}

void venue_on_timer(struct trader *t) {
    if (t->now >= t->venue_warn_at) {
        char at[TIME_TEXT_BYTES];
        const usec since = t->now - t->venue_since;
        const bool minutes = since >= USEC_PER_MIN;
        t->venue_warn_at = t->venue_since + next_warning(since);
        tell(t, TELL_UNUSUAL, "venue",
             "down since " STR_FMT ", for %lld %s now, %d trades are open: %s",
             STR_ARG(str_head(time_format_rfc3339(t->venue_since, at), 19)),
             (long long)(since / (minutes ? USEC_PER_MIN : USEC_PER_S)), minutes ? "min" : "s",
             t->trade_count, t->venue.text);
    }
    compare_on_timer(t);
}

usec venue_next(const struct trader *t) {
    const usec due = t->compare.out == 0 ? t->compare.due : USEC_NEVER;
    return i64_min(due, t->venue_warn_at);
}

/* --- terms --------------------------------------------------------------------------- */

void on_symbol(struct trader *t, const struct symbol *s) {
    const int sym = symbols_find(t->symbols, str_from_z(s->name));
    if (sym == SYM_NONE) return;
    const bool was = t->symbols->v[sym].trading;
    t->symbols->v[sym] = *s;
    if (!was && s->trading && t->syms[sym].trade >= 0)
        exit_hurry(t, &t->trades[t->syms[sym].trade]);
    if (was != s->trading)
        tell(t, TELL_UNUSUAL, "symbol", "%s: %s", s->name,
             s->trading ? "in trading again" : "not in trading: no entries, exits are tried");
    else
        tell(t, TELL_INFO, "symbol", "%s: its filters changed", s->name);
}
