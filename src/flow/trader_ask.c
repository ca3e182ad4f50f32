/* Answers to requests, and questions after what they did not say.
 *
 * An order whose fate is unknown is asked after until it is known, and never sent again: soon, then
 * every second, and once exactly when "no such order" becomes proof (T + R and what the venue may
 * take; traits.absence_after). Only what was asked after that moment proves anything. Legs are not
 * asked after before their entry is known.
 *
 * Each order has at most one question out; its answer, whatever it is, brings the next one where
 * something is still unsure. Failure: none; a question that did not get through is asked again.
 * Thread: the trader's. */
#include "flow/trader_int.h"

#include "flow/trade/plan.h"

#define QUESTIONS_MAX 64            /* a turn; the rest waits for the next one */
#define QUESTIONS_FAR 8             /* the same, where each costs the time of a lane */
#define SLOW_PAUSE (5 * USEC_PER_S) /* between questions that have not helped for long */
#define QUICK_QUESTIONS 30

/* --- questions ----------------------------------------------------------------------- */

static bool is_far(const struct trader *t) { return t->traits.absence_after != 0; }

void ask_order(struct trader *t, struct order *o, usec at) {
    (void)t;
    if (!order_is_live(o->state) || o->watch.unsent) return;
    o->watch.ask_at = o->watch.ask_at == 0 ? at : i64_min(o->watch.ask_at, at);
}

/* Where the entry is not known, what its legs do says nothing yet. */
void ask_trade(struct trader *t, int64_t trade_id) {
    const struct order *entry = order_of(t, trade_id, LEG_ENTRY);
    const bool entry_first = is_far(t) && entry != NULL && order_is_live(entry->state);
    const usec at = t->now + (is_far(t) ? QUICK_PAUSE : QUERY_PAUSE);
    for (int i = 0; i < t->order_count; i++) {
        struct order *o = &t->orders[i];
        if (o->trade_id != trade_id || (entry_first && o->leg != LEG_ENTRY)) continue;
        ask_order(t, o, at);
    }
}

bool is_unsure(struct trader *t, const struct order *o) {
    if (!order_is_live(o->state) || o->watch.unsent) return false;
    if (o->state == ORDER_ST_UNKNOWN || o->watch.vanished != 0) return true;
    if (trade_find(t, o->trade_id) == NULL) return true; /* nobody needs it: it must end */
    if (o->state == ORDER_ST_OPEN || o->state == ORDER_ST_PART || o->leg == LEG_ENTRY) return false;
    const struct order *entry = order_of(t, o->trade_id, LEG_ENTRY);
    return o->state == ORDER_ST_PENDING && (entry == NULL || !order_is_live(entry->state));
}

/* From when on "no such order" is proof: of one that stood, counted from the last word of it. */
static usec proof_at(const struct trader *t, const struct order *o) {
    const bool stood = o->state != ORDER_ST_NEW && o->state != ORDER_ST_UNKNOWN;
    const usec since = stood ? i64_max(o->signed_at, o->updated_at) : o->signed_at;
    const bool leapt = since < t->jumped_at; /* how long ago that is nobody knows: at least since */
    return (leapt ? t->jumped_at : since) + t->traits.absence_after;
}

static usec next_question(const struct trader *t, const struct order *o) {
    if (!is_far(t)) return t->now + QUERY_PAUSE;
    const usec at = t->now + (o->watch.asks < QUICK_QUESTIONS ? QUERY_PAUSE : SLOW_PAUSE);
    const usec proof = proof_at(t, o);
    if (t->now >= proof) return o->watch.asked_at < proof ? t->now : at;
    return proof < at + QUERY_PAUSE ? proof : at; /* and none is out by then */
}

static void query(struct trader *t, struct order *o) {
    struct request *rq = &act(t, ACTION_SEND)->u.request;
    *rq = (struct request){.kind = REQUEST_QUERY,
                           .id = ++t->last_request,
                           .trade_id = o->trade_id,
                           .sym = o->sym,
                           .side = o->side,
                           .leg = o->leg,
                           .order_at = o->signed_at,
                           .signed_at = t->now,
                           .recv_window = t->traits.recv_window};
    char *coid = o->leg == LEG_ENTRY    ? rq->entry_coid
                 : o->leg == LEG_STOP   ? rq->stop_coid
                 : o->leg == LEG_TARGET ? rq->target_coid
                                        : rq->exit_coid;
    memcpy(coid, o->coid, COID_BYTES);
    o->watch.asked_by = rq->id;
    o->watch.asked_at = t->now;
    o->watch.ask_at = 0;
    o->watch.asks++;
}

static bool is_due(const struct trader *t, const struct order *o) {
    return o->watch.ask_at != 0 && o->watch.ask_at <= t->now && o->watch.asked_by == 0 &&
           order_is_live(o->state);
}

void asks_on_timer(struct trader *t) {
    const int most = is_far(t) ? QUESTIONS_FAR : QUESTIONS_MAX;
    int asked = 0;
    for (int i = 0; i < t->order_count; i++) {
        struct order *o = &t->orders[i];
        if (!is_due(t, o)) continue;
        if (asked < most && t->acts->count < ACTIONS_MAX - 1) {
            query(t, o);
            asked++;
        } else {
            o->watch.ask_at = t->now + (is_far(t) ? QUICK_PAUSE : QUERY_PAUSE);
        }
    }
}

usec asks_next(const struct trader *t) {
    usec next = USEC_NEVER;
    for (int i = 0; i < t->order_count; i++) {
        const struct order *o = &t->orders[i];
        if (o->watch.ask_at != 0 && o->watch.asked_by == 0 && order_is_live(o->state))
            next = i64_min(next, o->watch.ask_at);
    }
    return next;
}

void ask_all(struct trader *t) {
    for (int i = 0; i < t->order_count; i++) ask_order(t, &t->orders[i], t->now);
    asks_on_timer(t);
}

/* --- absence ------------------------------------------------------------------------- */

/* One request makes entry, stop and target, and one makes a stop and a target anew: where one order
 * of it never was, the others were not either. */
static void siblings_absent(struct trader *t, const struct order *o) {
    const int64_t trade_id = o->trade_id;
    char coid[COID_BYTES];
    memcpy(coid, o->coid, COID_BYTES);
    for (int i = 0; i < t->order_count; i++) {
        struct order *s = &t->orders[i];
        if (s->trade_id != trade_id || !coid_same_request(s->coid, coid)) continue;
        if (!order_can_move(s->state, ORDER_ST_ABSENT) || !qty_is_zero(s->filled)) continue;
        order_step(t, s, ORDER_ST_ABSENT);
        put_order(t, s);
    }
}

bool order_has_vanished(const struct trader *t, const struct order *o) {
    return o->watch.vanished != 0 &&
           o->watch.asked_at >= i64_max(o->watch.vanished, t->jumped_at) + t->traits.absence_after;
}

/* It stood, and the venue says that there is no such order. An order that has just ended may be on
 * its way from one place of the venue to another, so that has to last. Then a snapshot has to show
 * whether it is one order or all that the venue knew. */
static void stood_and_vanished(struct trader *t, struct order *o) {
    if (o->watch.vanished == 0) {
        tell(t, t->traits.snapshots ? TELL_UNUSUAL : TELL_BROKEN, "order_vanished",
             "%s is %s here and unknown at the venue", o->coid, order_state_name(o->state));
    }
    if (!t->traits.snapshots) return;
    if (o->watch.vanished == 0) o->watch.vanished = t->now;
    if (order_has_vanished(t, o)) compare_want(t, t->now);
}

/* Was it there before, or made by one request with an order that the venue does know? Then it is
 * there. */
static bool must_exist(const struct trader *t, const struct order *o) {
    if (o->watch.found) return true;
    for (int i = 0; i < t->order_count; i++) {
        const struct order *s = &t->orders[i];
        if (s != o && s->trade_id == o->trade_id && s->venue_id[0] != '\0' &&
            coid_same_request(s->coid, o->coid))
            return true;
    }
    return false;
}

/* Each order of its request has to be looked for, before none of them is there: the first one that
 * is found says that all are. */
static bool all_lack(struct trader *t, struct order *o) {
    bool all = true;
    o->watch.lacks = true;
    if (!is_far(t)) return true;
    for (int i = 0; i < t->order_count; i++) {
        struct order *s = &t->orders[i];
        if (s == o || s->trade_id != o->trade_id || !coid_same_request(s->coid, o->coid)) continue;
        if (!order_is_live(s->state) || s->watch.lacks) continue;
        all = false;
        ask_order(t, s, t->now);
    }
    return all;
}

void not_found(struct trader *t, const struct report *r) {
    struct order *o = order_by_coid(t, r->coid);
    if (o == NULL || !order_is_live(o->state)) return;
    const usec asked_at = o->watch.asked_at != 0 ? o->watch.asked_at : t->now;
    if (is_far(t) && asked_at < proof_at(t, o)) {
        ask_order(t, o, next_question(t, o));
        return;
    }
    if (!order_can_move(o->state, ORDER_ST_ABSENT) || !qty_is_zero(o->filled) ||
        (is_far(t) && must_exist(t, o))) {
        stood_and_vanished(t, o);
        return;
    }
    if (!all_lack(t, o)) {
        asks_on_timer(t);
        return;
    }
    const int64_t trade_id = o->trade_id;
    order_step(t, o, ORDER_ST_ABSENT);
    put_order(t, o);
    if (o->leg != LEG_EXIT) siblings_absent(t, o);
    struct trade *tr = trade_find(t, trade_id);
    if (tr != NULL)
        settle(t, tr, LEG_NONE);
    else
        sweep_orders(t);
}

/* --- strays -------------------------------------------------------------------------- */

void cancel_stray(struct trader *t, int64_t trade_id, int sym, const char *coid) {
    struct request *rq = &act(t, ACTION_SEND)->u.request;
    *rq = (struct request){.kind = REQUEST_CANCEL,
                           .id = ++t->last_request,
                           .trade_id = trade_id,
                           .sym = sym,
                           .leg = coid_leg(coid),
                           .signed_at = t->now,
                           .recv_window = t->traits.recv_window};
    char *own = rq->leg == LEG_ENTRY    ? rq->entry_coid
                : rq->leg == LEG_STOP   ? rq->stop_coid
                : rq->leg == LEG_TARGET ? rq->target_coid
                                        : rq->exit_coid;
    memcpy(own, coid, COID_BYTES);
    if (rq->leg != LEG_EXIT) coid_of_list(coid, rq->list_coid);
}

/* What is to be known or done after a question was answered, whatever the answer. */
static void after_answer(struct trader *t, struct order *o) {
    const bool stands =
        o->state == ORDER_ST_OPEN || o->state == ORDER_ST_PART || o->state == ORDER_ST_PENDING;
    if (!order_is_live(o->state)) return;
    if (stands && trade_find(t, o->trade_id) == NULL) {
        tell(t, TELL_UNUSUAL, "stray_order",
             "%s: %s stands though its trade is over; taking it off", o->symbol, o->coid);
        cancel_stray(t, o->trade_id, o->sym, o->coid);
    }
    if (is_unsure(t, o) && o->watch.ask_at == 0) ask_order(t, o, next_question(t, o));
}

/* --- answers ------------------------------------------------------------------------- */

static void end_orders(struct trader *t, const struct reply *r, order_state last) {
    static const leg entry[] = {LEG_ENTRY, LEG_STOP, LEG_TARGET};
    if (r->kind == REQUEST_BRACKET) {
        for (ptrdiff_t i = 0; i < COUNT_OF(entry); i++) {
            order_end(t, order_of(t, r->trade_id, entry[i]), last);
        }
    } else if (r->kind == REQUEST_EXIT) {
        order_end(t, order_of(t, r->trade_id, LEG_EXIT), last);
    } else if (r->kind == REQUEST_PROTECT) {
        order_end(t, order_of(t, r->trade_id, LEG_STOP), last);
        order_end(t, order_of(t, r->trade_id, LEG_TARGET), last);
    }
}

static void entry_failed(struct trader *t, struct trade *tr, const struct reply *r) {
    const reason why = r->outcome == OUTCOME_LATE   ? REASON_LATE
                       : r->outcome == OUTCOME_FULL ? REASON_OVERLOADED
                       : r->outcome == OUTCOME_DOWN ? REASON_VENUE_DOWN
                                                    : REASON_VENUE_REJECTED;
    tell(t, TELL_UNUSUAL, "entry_refused", "%s: %s", tr->symbol, r->text);
    cancel_trade(t, tr, why);
}

/* Nothing was done of an entry. What else the venue may have said of it before counts for more. */
static void bracket_failed(struct trader *t, struct trade *tr, const struct reply *r,
                           order_state last) {
    if (tr != NULL && trade_entered(tr)) {
        tell(t, TELL_UNUSUAL, "report_contradicts", "%s: refused after it was filled: %s",
             tr->symbol, r->text);
        ask_trade(t, tr->id);
        return;
    }
    end_orders(t, r, last);
    if (tr != NULL) entry_failed(t, tr, r);
}

static void request_rejected(struct trader *t, const struct reply *r) {
    struct trade *tr = trade_find(t, r->trade_id);
    switch (r->kind) {
    case REQUEST_BRACKET:
        bracket_failed(t, tr, r, ORDER_ST_REJECTED);
        return;
    case REQUEST_EXIT:
        if (tr != NULL && exit_refused(t, tr, r->text)) return;
        end_orders(t, r, ORDER_ST_REJECTED);
        if (tr != NULL) exit_failed(t, tr, r);
        return;
    case REQUEST_PROTECT:
        end_orders(t, r, ORDER_ST_REJECTED);
        if (tr != NULL) protect_refused(t, tr);
        return;
    case REQUEST_CANCEL:
        ask_trade(t, r->trade_id); /* it may have ended by itself */
        return;
    case REQUEST_QUERY:
    case REQUEST_SNAPSHOT:
        return;
    }
    WRONG("request kind out of its list");
}

/* Certainly not executed, and not for what it asked for. */
static void request_not_sent(struct trader *t, const struct reply *r) {
    struct trade *tr = trade_find(t, r->trade_id);
    switch (r->kind) {
    case REQUEST_BRACKET:
        bracket_failed(t, tr, r, ORDER_ST_CANCELED);
        return;
    case REQUEST_EXIT:
        if (tr != NULL)
            exit_unsent(t, tr, r);
        else
            end_orders(t, r, ORDER_ST_CANCELED);
        return;
    case REQUEST_PROTECT:
        if (tr != NULL)
            protect_unsent(t, tr, r);
        else
            end_orders(t, r, ORDER_ST_CANCELED);
        return;
    case REQUEST_CANCEL:
        ask_trade(t, r->trade_id);
        return;
    case REQUEST_QUERY:
    case REQUEST_SNAPSHOT:
        return;
    }
    WRONG("request kind out of its list");
}

static void request_unknown(struct trader *t, const struct reply *r) {
    if (r->kind == REQUEST_QUERY || r->kind == REQUEST_SNAPSHOT) return;
    end_orders(t, r, ORDER_ST_UNKNOWN);
    tell(t, TELL_UNUSUAL, "outcome_unknown", "request of trade %lld: %s; asking the venue",
         (long long)r->trade_id, r->text);
    ask_trade(t, r->trade_id);
}

/* An answer that leaves out an order of its request: that one is asked after. */
static void ask_for_silent(struct trader *t, const struct reply *r) {
    if (r->kind == REQUEST_QUERY || r->kind == REQUEST_SNAPSHOT) return;
    for (int i = 0; i < t->order_count; i++) {
        struct order *o = &t->orders[i];
        const bool silent = o->state == ORDER_ST_NEW || o->state == ORDER_ST_SENT;
        const bool its = r->kind == REQUEST_EXIT ? o->leg == LEG_EXIT : o->leg != LEG_EXIT;
        if (o->trade_id == r->trade_id && silent && its && !o->watch.unsent)
            ask_order(t, o, t->now + QUICK_PAUSE);
    }
}

/* The sale of an exit that never came into being. An answer says so of what was sent last, which
 * news would not. */
static bool sale_was_refused(struct trader *t, const struct reply *r, const struct report *rep) {
    if (r->kind != REQUEST_EXIT || rep->state != ORDER_ST_REJECTED) return false;
    const struct order *o = order_by_coid(t, rep->coid);
    struct trade *tr = trade_find(t, r->trade_id);
    if (o == NULL || tr == NULL || o != order_of(t, tr->id, LEG_EXIT)) return false;
    return exit_refused(t, tr, rep->text);
}

static void request_done(struct trader *t, const struct reply *r) {
    for (int i = 0; i < r->report_count; i++) {
        if (!sale_was_refused(t, r, &r->reports[i])) on_report(t, &r->reports[i]);
    }
    if (is_far(t)) ask_for_silent(t, r);
}

/* The order that the question was about; NULL: it has ended and left, or was not asked by us. */
static struct order *asked_order(struct trader *t, const struct reply *r) {
    for (int i = 0; i < t->order_count; i++) {
        if (t->orders[i].watch.asked_by == r->request_id) return &t->orders[i];
    }
    return NULL;
}

static void question_answered(struct trader *t, const struct reply *r) {
    struct order *o = asked_order(t, r);
    char coid[COID_BYTES] = "";
    if (o != NULL) {
        o->watch.asked_by = 0;
        o->watch.found = o->watch.found || r->found;
        memcpy(coid, o->coid, COID_BYTES);
    }
    if (r->outcome == OUTCOME_DONE) {
        request_done(t, r);
        if ((o = order_by_coid(t, coid)) != NULL) after_answer(t, o);
    } else if (o != NULL) { /* it was not taken, and what was asked is still open */
        o->watch.ask_at = 0;
        const usec at = i64_max(r->retry_at, next_question(t, o));
        ask_order(t, o, i64_min(at, t->now + DOWN_PAUSE_MOST));
    } else {
        ask_trade(t, r->trade_id);
    }
}

void on_reply(struct trader *t, const struct reply *r) {
    t->acts->durable = true;
    if (r->kind == REQUEST_QUERY) {
        question_answered(t, r);
        return;
    }
    if (r->kind == REQUEST_SNAPSHOT) {
        compare_on_reply(t, r);
        return;
    }
    switch (r->outcome) {
    case OUTCOME_DONE:
        request_done(t, r);
        return;
    case OUTCOME_REJECTED:
        request_rejected(t, r);
        return;
    case OUTCOME_LATE:
    case OUTCOME_FULL:
    case OUTCOME_DOWN:
        request_not_sent(t, r);
        return;
    case OUTCOME_UNKNOWN:
        request_unknown(t, r);
        return;
    }
    WRONG("outcome out of its list");
}
