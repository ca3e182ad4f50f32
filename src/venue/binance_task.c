/* binance_task: one request of the trader as a conversation with the venue.
 *
 * In: the request, then answers, one for each step that was sent. Out: the next step, in the end a
 * reply. A task is a small state machine: `stage` says what goes out next or is waited for, `seen`
 * what the venue has said of each of the request's orders, and the reply is written from that.
 * There are three parts to it:
 *
 *   the request itself  BRACKET, PROTECT: one POST. CANCEL: one DELETE. EXIT: DELETE the list, then
 *                       a MARKET sale of what the legs have not sold.
 *   looking             GET each order in the set `look`. For QUERY; for an id that the venue says
 *                       it has already; for a cancel that found nothing.
 *   winding up          GET the fills of each order that has some and was not told with them, then
 *                       the reports, entry first.
 *
 * Invariants: nothing that changes orders is sent twice; the sale of an EXIT goes out only when all
 * its legs are known to be gone, and for no more than qty less what they sold; a report speaks only
 * of an order that the request names, by that name, of that symbol; its fills rise, and end at what
 * the venue says was executed. An answer that does not fit leaves the task as it was and counts as
 * none: UNKNOWN for what changes orders, DOWN for a question.
 *
 * Failure: each way out is an outcome (flow/request.h). One thread at a time has a task; what is
 * shared is in struct binance. Memory: fills are read into 80 KB of stack. */
#include "venue/binance_int.h"

#include <string.h>

#define OWN_FILLS 100 /* that are read with an order; with more they are asked for */
#define VENUE_PATIENCE (10 * USEC_PER_S) /* how long the venue may take to do what it was sent */
#define CANCEL_ROUNDS 3                  /* of an order that neither goes nor has ended */

/* Those of `legs` that the request has an id for. */
static uint32_t named(const struct binance_task *t, uint32_t legs) {
    uint32_t some = 0;
    for (leg l = LEG_ENTRY; l <= LEG_EXIT; l++) {
        if ((legs & BIT(l)) != 0 && binance_coid(&t->rq, l).n > 0) some |= BIT(l);
    }
    return some;
}

/* -- ends ---------------------------------------------------------------------------------- */

static void end(struct binance_task *t, outcome o, const char *text) {
    t->stage = STAGE_ENDED;
    t->reply.outcome = o;
    binance_say(t->reply.text, "%s", text);
}

static void end_down(struct binance_task *t, usec retry_at, const char *text) {
    end(t, OUTCOME_DOWN, text);
    t->reply.retry_at = retry_at;
}

/* -- winding up ---------------------------------------------------------------------------- */

static bool is_question(const struct binance_task *t, leg which) {
    return t->rq.kind == REQUEST_QUERY && which == t->rq.leg;
}

/* An order of which only the totals are known. Not even those: the reply cannot speak of it, and of
 * one that it is about it must not be silent. */
static void tell_without_fills(struct binance_task *t, leg which) {
    struct binance_seen *s = &t->seen[which];
    if (money_e8(s->quote) > 0) {
        binance_tell_totals(t, which);
        return;
    }
    s->told = true;
    if (t->reply.outcome == OUTCOME_DONE) {
        t->reply.outcome = OUTCOME_UNKNOWN;
        binance_say(t->reply.text, "its fills cannot be read");
    }
}

/* Reports all that is known and ends, or goes for the fills of the next order first. Also called
 * when these came, or did not. */
static void wind_up(struct binance_task *t) {
    for (leg l = LEG_ENTRY; l <= LEG_EXIT; l++) {
        struct binance_seen *s = &t->seen[l];
        if (!s->known || s->told) continue;
        if (s->state == ORDER_ST_ABSENT && !is_question(t, l)) {
            s->told = true; /* its absence is news only to who asked for it */
        } else if (qty_is_zero(s->filled)) {
            binance_tell_totals(t, l);
        } else if (t->reply.outcome == OUTCOME_UNKNOWN) {
            s->told = true; /* the trader asks at once; time counts more */
        } else {
            t->at_leg = l;
            t->stage = STAGE_TRADES;
            return;
        }
    }
    t->stage = STAGE_ENDED;
}

static void done(struct binance_task *t) {
    t->reply.outcome = OUTCOME_DONE;
    wind_up(t);
}

static void unknown(struct binance_task *t, const char *text) {
    end(t, OUTCOME_UNKNOWN, text);
    wind_up(t);
}

/* The sale was certainly not executed, and the legs may be gone: a new exit is needed. */
static void not_sold(struct binance_task *t, const char *text) {
    struct binance_seen *s = &t->seen[LEG_EXIT];
    *s = (struct binance_seen){.known = true, .state = ORDER_ST_REJECTED};
    binance_say(s->text, "%s", text);
    binance_say(t->reply.text, "%s", text);
    done(t);
}

/* -- what an answer says of an order --------------------------------------------------------- */

static bool is_expected_side(const struct binance_task *t, leg which, order_side s) {
    if (t->rq.kind == REQUEST_QUERY) return s == t->rq.side;
    return s == (which == LEG_ENTRY ? ORDER_BUY : ORDER_SELL);
}

/* Into seen[which]; false: it is not about that order. */
static bool see(const struct binance *b, struct binance_task *t, leg which,
                const struct binance_order *o) {
    if (!str_eq(o->coid, binance_coid(&t->rq, which))) return false;
    if (!str_eq(o->symbol, str_from_z(binance_symbol(b, t)->name))) return false;
    if (o->side_known && !is_expected_side(t, which, o->side)) return false;
    struct binance_seen s = {.known = true,
                             .order_id = o->id,
                             .state = o->state,
                             .qty = o->qty,
                             .filled = o->filled,
                             .quote = o->quote,
                             .at = o->at};
    binance_text(s.text, o->why);
    t->seen[which] = s;
    return true;
}

/* The one of a list's reports that has this id. False: none, two, or it cannot be read. */
static bool find_order(const json_t *reports, str coid, struct binance_order *ret) {
    int found = 0;
    for (size_t i = 0; i < json_array_size(reports); i++) {
        const json_t *o = json_array_get(reports, i);
        const str orig = binance_str(o, "origClientOrderId");
        if (!str_eq(orig.n > 0 ? orig : binance_str(o, "clientOrderId"), coid)) continue;
        if (!binance_read_order(o, ret)) return false;
        found++;
    }
    return found == 1;
}

/* The fills that came with an order, when they are all there. Else they are asked for. */
static void tell_own_fills(const struct binance *b, struct binance_task *t, leg which,
                           const json_t *fills) {
    struct binance_fill v[OWN_FILLS];
    int count = 0;
    if (fills == NULL || qty_is_zero(t->seen[which].filled)) return;
    if (!binance_read_fills(fills, 0, OWN_FILLS, v, &count)) return;
    IGNORE(!binance_tell_fills(b, t, which, v, count), "told later, with those of myTrades");
}

/* -- answers ------------------------------------------------------------------------------- */

static void acknowledged(struct binance *b, const struct binance_task *t, leg which) {
    if (t->seen[which].order_id > 0)
        binance_new_order(b, t->rq.sym, t->seen[which].order_id, t->order_floor);
}

/* A new list: all its legs must be there, in whatever order. */
static bool take_list(struct binance *b, struct binance_task *t, const json_t *root,
                      uint32_t legs) {
    const json_t *reports = json_object_get(root, "orderReports");
    const str list = binance_str(root, "listClientOrderId"); /* null when it ended at once */
    struct binance_order o[BINANCE_LEGS];
    if (list.p != NULL && !str_eq(list, binance_coid(&t->rq, LEG_NONE))) return false;
    for (leg l = LEG_ENTRY; l <= LEG_EXIT; l++) {
        if ((legs & BIT(l)) == 0) continue;
        if (!find_order(reports, binance_coid(&t->rq, l), &o[l])) return false;
        const bool ours = l == LEG_ENTRY || t->stage == STAGE_PROTECT; /* else the entry decides */
        if (ours && qty_cmp(o[l].qty, t->rq.qty) != 0) return false;
        if (!see(b, t, l, &o[l])) return false;
    }
    for (leg l = LEG_ENTRY; l <= LEG_EXIT; l++) {
        if ((legs & BIT(l)) == 0) continue;
        acknowledged(b, t, l);
        tell_own_fills(b, t, l, o[l].fills);
    }
    done(t);
    return true;
}

static void go_on_exit(const struct binance *b, struct binance_task *t);
static void go_look(const struct binance *b, struct binance_task *t);

/* A list that was cancelled: its legs have ended, those that it does not show are asked after. */
static bool take_cancelled(const struct binance *b, struct binance_task *t, const json_t *root) {
    const json_t *reports = json_object_get(root, "orderReports");
    const uint32_t legs = named(t, BIT(LEG_ENTRY) | BIT(LEG_STOP) | BIT(LEG_TARGET));
    struct binance_order o;
    if (!json_is_array(reports) || !str_eq(binance_str(root, "listOrderStatus"), STR("ALL_DONE")))
        return false;
    for (leg l = LEG_ENTRY; l <= LEG_TARGET; l++) {
        if ((legs & BIT(l)) == 0) continue;
        const bool shown = find_order(reports, binance_coid(&t->rq, l), &o) && see(b, t, l, &o);
        if (!shown || !binance_has_ended(t->seen[l].state)) t->look |= BIT(l);
    }
    t->touched = true;
    go_look(b, t);
    return true;
}

/* One order that was cancelled. The venue may answer for the whole list that it was a leg of. */
static bool take_cancelled_order(const struct binance *b, struct binance_task *t,
                                 const json_t *root) {
    const json_t *reports = json_object_get(root, "orderReports");
    struct binance_order o;
    const bool ok = reports != NULL ? find_order(reports, binance_coid(&t->rq, t->at_leg), &o)
                                    : binance_read_order(root, &o);
    if (!ok || !binance_has_ended(o.state) || !see(b, t, t->at_leg, &o)) return false;
    t->touched = true;
    for (leg l = LEG_ENTRY; l <= LEG_EXIT; l++) { /* its fellows went with it */
        if (t->seen[l].known && !t->seen[l].told && !binance_has_ended(t->seen[l].state))
            t->look |= BIT(l);
    }
    go_look(b, t);
    return true;
}

/* Legs that ended without selling come before the sale: it is the last word on the position. */
static void tell_legs_first(struct binance_task *t) {
    for (leg l = LEG_STOP; l <= LEG_TARGET; l++) {
        const struct binance_seen *s = &t->seen[l];
        if (s->known && s->state != ORDER_ST_ABSENT && qty_is_zero(s->filled))
            binance_tell_totals(t, l);
    }
}

static bool take_sale(struct binance *b, struct binance_task *t, const json_t *root) {
    struct binance_order o;
    qty asked;
    if (!binance_read_order(root, &o) || !binance_left_to_sell(b, t, &asked)) return false;
    if (qty_cmp(o.qty, asked) != 0) return false;
    if (!see(b, t, LEG_EXIT, &o)) return false;
    acknowledged(b, t, LEG_EXIT);
    tell_legs_first(t);
    tell_own_fills(b, t, LEG_EXIT, o.fills);
    done(t);
    return true;
}

/* -- looking ------------------------------------------------------------------------------- */

/* All of `look` was seen. */
/* An order that lives, of a list that the venue does not know: it is taken off by itself, once. */
static bool lives_alone(struct binance_task *t) {
    const struct binance_seen *s = &t->seen[t->rq.leg];
    return t->rq.kind == REQUEST_CANCEL && s->known && !binance_has_ended(s->state) &&
           t->rounds++ == 0;
}

static void looked(const struct binance *b, struct binance_task *t) {
    if (lives_alone(t)) {
        t->at_leg = t->rq.leg;
        t->stage = STAGE_CANCEL_ORDER;
        return;
    }
    if (t->rq.kind == REQUEST_EXIT && !t->bare) {
        go_on_exit(b, t);
        return;
    }
    for (leg l = LEG_ENTRY; t->repeated && l <= LEG_EXIT; l++) {
        if (!t->seen[l].known || t->seen[l].state != ORDER_ST_ABSENT) continue;
        unknown(t, "the venue has this order already, and does not find it");
        return;
    }
    done(t);
}

static void go_look(const struct binance *b, struct binance_task *t) {
    for (leg l = LEG_ENTRY; l <= LEG_EXIT; l++) {
        if ((t->look & BIT(l)) == 0) continue;
        t->at_leg = l;
        t->stage = STAGE_LOOK;
        return;
    }
    looked(b, t);
}

static bool take_found(struct binance *b, struct binance_task *t, const struct binance_order *o) {
    if (!see(b, t, t->at_leg, o)) return false;
    binance_seen_order(b, t->rq.sym, o->id);
    t->reply.found = t->rq.kind == REQUEST_QUERY;
    t->look &= ~BIT(t->at_leg);
    go_look(b, t);
    return true;
}

static bool take_look(struct binance *b, struct binance_task *t, const json_t *root) {
    struct binance_order o;
    return binance_read_order(root, &o) && o.side_known && o.id != 0 && take_found(b, t, &o);
}

/* A question is answered only with the fills, unless they stay away: to know that an order was
 * filled matters more than what it cost to a cent. */
static void no_trades(struct binance *b, struct binance_task *t, usec retry_at) {
    const bool give_up = binance_trades_missing(b, true);
    if (t->rq.kind == REQUEST_QUERY && !give_up) {
        t->reply.report_count = 0;
        end_down(t, retry_at, "its fills are not there yet");
        return;
    }
    tell_without_fills(t, t->at_leg);
    if (t->reply.outcome == OUTCOME_UNKNOWN && t->rq.kind == REQUEST_QUERY) {
        end_down(t, retry_at, "its fills cannot be read");
        return;
    }
    wind_up(t);
}

static bool take_trades(struct binance *b, struct binance_task *t, const json_t *root) {
    struct binance_fill v[BINANCE_FILLS];
    int count = 0;
    if (!binance_read_fills(root, t->seen[t->at_leg].order_id, BINANCE_FILLS, v, &count))
        return false;
    if (binance_tell_fills(b, t, t->at_leg, v, count)) {
        IGNORE(binance_trades_missing(b, false), "counted anew");
        wind_up(t);
    } else {
        no_trades(b, t, 0); /* the venue's lists lag behind its engine */
    }
    return true;
}

/* -- the exit ------------------------------------------------------------------------------ */

static void go_sell(const struct binance *b, struct binance_task *t) {
    qty left;
    t->bare = true;
    if (binance_left_to_sell(b, t, &left)) {
        t->stage = STAGE_SELL;
    } else {
        not_sold(t, "nothing is left to sell: stop or target have sold it");
    }
}

/* The legs were looked at: those that live, or that the venue does not find, are cancelled. */
static void go_on_exit(const struct binance *b, struct binance_task *t) {
    for (leg l = LEG_STOP; l <= LEG_TARGET; l++) {
        const struct binance_seen *s = &t->seen[l];
        if (!s->known || s->told || (binance_has_ended(s->state) && s->state != ORDER_ST_ABSENT))
            continue;
        if (t->rounds++ >= CANCEL_ROUNDS) {
            not_sold(t, "stop or target can neither be cancelled nor have they ended; not sold");
            return;
        }
        t->at_leg = l;
        t->stage = STAGE_CANCEL_ORDER;
        return;
    }
    go_sell(b, t);
}

/* The venue knows no such order to cancel: it has ended, or never was. One that its look-ups find
 * is looked at again. One that they do not find may be a stop that has just sold, on its way from
 * the engine to where look-ups find it: before a sale that has to be known. */
static void nothing_to_cancel(const struct binance *b, struct binance_task *t) {
    struct binance_seen *s = &t->seen[t->at_leg];
    if (s->state == ORDER_ST_ABSENT && t->rq.kind == REQUEST_EXIT) {
        s->told = true;
        not_sold(t, "stop or target cannot be found: they may have sold; nothing was sold");
        return;
    }
    if (s->state == ORDER_ST_ABSENT) {
        s->told = true;
    } else {
        t->look |= BIT(t->at_leg);
    }
    go_look(b, t);
}

/* -- refusals ------------------------------------------------------------------------------ */

/* Is it the exchange itself that says this, and nothing else with it? */
static bool says(const struct binance_verdict *v, int code) {
    return v->kind == BINANCE_REJECTED && v->effect == BINANCE_NO_EFFECT && v->code == code;
}

static void end_as(struct binance_task *t, const struct binance_verdict *v) {
    switch (v->kind) {
    case BINANCE_REJECTED:
        end(t, OUTCOME_REJECTED, v->text);
        return;
    case BINANCE_DOWN:
        end_down(t, v->retry_at, v->text);
        return;
    case BINANCE_DUPLICATE: /* of what cannot be one */
    case BINANCE_UNKNOWN:
        unknown(t, v->text);
        return;
    case BINANCE_OK:
        break;
    }
    WRONG("a good answer ends nothing");
}

/* The original lives: what became of it is asked. */
static void look_at_own(const struct binance *b, struct binance_task *t, uint32_t legs) {
    t->repeated = true;
    t->look = named(t, legs);
    go_look(b, t);
}

static void list_not_cancelled(const struct binance *b, struct binance_task *t,
                               const struct binance_verdict *v) {
    const uint32_t legs = t->rq.kind == REQUEST_EXIT
                              ? BIT(LEG_STOP) | BIT(LEG_TARGET)
                              : BIT(LEG_ENTRY) | BIT(LEG_STOP) | BIT(LEG_TARGET);
    if (says(v, -2011)) {
        t->look = named(t, legs);
        binance_say(t->reply.text, "%s", v->text);
        go_look(b, t);
    } else if (v->kind == BINANCE_UNKNOWN && t->rq.kind == REQUEST_EXIT) {
        not_sold(t, "whether stop and target were cancelled is unknown; nothing was sold");
    } else {
        end_as(t, v);
    }
}

static void order_not_cancelled(const struct binance *b, struct binance_task *t,
                                const struct binance_verdict *v) {
    char text[BINANCE_TEXT];
    if (says(v, -2011)) {
        if (t->rq.kind != REQUEST_EXIT) binance_say(t->reply.text, "%s", v->text);
        nothing_to_cancel(b, t);
    } else if (t->rq.kind == REQUEST_EXIT) {
        binance_say(text, "stop or target not cancelled, nothing sold: %.50s", v->text);
        not_sold(t, text);
    } else {
        end_as(t, v);
    }
}

static void sale_refused(const struct binance *b, struct binance_task *t,
                         const struct binance_verdict *v) {
    const bool cancelled = named(t, BIT(LEG_STOP) | BIT(LEG_TARGET)) != 0;
    if (v->kind == BINANCE_DUPLICATE) {
        look_at_own(b, t, BIT(LEG_EXIT));
    } else if (v->kind != BINANCE_UNKNOWN && cancelled) {
        t->reply.retry_at = v->retry_at;
        not_sold(t, v->text);
    } else {
        end_as(t, v);
    }
}

static void see_absent(const struct binance *b, struct binance_task *t, order_state s,
                       const char *text) {
    struct binance_seen *seen = &t->seen[t->at_leg];
    *seen = (struct binance_seen){.known = true, .state = s};
    binance_say(seen->text, "%s", text);
    t->look &= ~BIT(t->at_leg);
    go_look(b, t);
}

/* Look-ups lag behind: where "no such order" is to be proof, a second list has to say so, too. */
static bool wants_proof(const struct binance_task *t) {
    const usec since = t->rq.order_at;
    return t->rq.kind == REQUEST_QUERY && since > 0 &&
           t->sent_at >= since + t->rq.recv_window + VENUE_PATIENCE;
}

static void look_failed(const struct binance *b, struct binance_task *t,
                        const struct binance_verdict *v) {
    if (says(v, -2013) && wants_proof(t)) {
        t->stage = STAGE_CONFIRM;
    } else if (says(v, -2013)) {
        see_absent(b, t, ORDER_ST_ABSENT, v->text);
    } else if (says(v, -2026)) {
        see_absent(b, t, ORDER_ST_EXPIRED, v->text); /* archived: ended without a fill */
    } else if (t->repeated) {
        unknown(t, "the venue has this order already, and does not say what became of it");
    } else if (t->touched && t->rq.kind == REQUEST_EXIT) {
        not_sold(t, "what became of stop and target is unknown; nothing was sold");
    } else if (t->touched) {
        binance_say(t->reply.text, "cancelled; of what was cancelled not all is known");
        done(t);
    } else {
        end_as(t, v);
    }
}

static void refused(struct binance *b, struct binance_task *t, const struct binance_verdict *v) {
    switch (t->stage) {
    case STAGE_BRACKET:
    case STAGE_PROTECT:
        if (v->kind == BINANCE_DUPLICATE)
            look_at_own(b, t,
                        (t->stage == STAGE_BRACKET ? BIT(LEG_ENTRY) : 0) | BIT(LEG_STOP) |
                            BIT(LEG_TARGET));
        else
            end_as(t, v);
        return;
    case STAGE_CANCEL_LIST:
        list_not_cancelled(b, t, v);
        return;
    case STAGE_CANCEL_ORDER:
        order_not_cancelled(b, t, v);
        return;
    case STAGE_SELL:
        sale_refused(b, t, v);
        return;
    case STAGE_LOOK:
        look_failed(b, t, v);
        return;
    case STAGE_TRADES:
        no_trades(b, t, v->retry_at);
        return;
    default: /* not an enum */
        end_as(t, v);
        return;
    }
}

/* -- snapshots ----------------------------------------------------------------------------- */

static bool take_open_orders(const struct binance *b, struct binance_task *t, const json_t *root) {
    if (!binance_read_open_orders(b, root, t->snapshot)) return false;
    t->snapshot->at = t->sent_at;
    t->stage = STAGE_ACCOUNT;
    return true;
}

static bool take_account(struct binance_task *t, const json_t *root) {
    if (!binance_read_balances(root, t->snapshot)) return false;
    t->reply.snapshot = t->snapshot;
    end(t, OUTCOME_DONE, "");
    return true;
}

/* -- showing an answer --------------------------------------------------------------------- */

static bool take_confirmation(struct binance *b, struct binance_task *t, const json_t *root) {
    struct binance_order o;
    const str coid = binance_coid(&t->rq, t->at_leg);
    if (!json_is_array(root)) return false;
    for (size_t i = 0; i < json_array_size(root); i++) {
        const json_t *one = json_array_get(root, i);
        if (!str_eq(binance_str(one, "clientOrderId"), coid)) continue;
        return binance_read_order(one, &o) && o.side_known && o.id != 0 && take_found(b, t, &o);
    }
    see_absent(b, t, ORDER_ST_ABSENT, "-2013 Order does not exist.");
    return true;
}

static bool take(struct binance *b, struct binance_task *t, const json_t *root) {
    switch (t->stage) {
    case STAGE_BRACKET:
        return take_list(b, t, root, BIT(LEG_ENTRY) | BIT(LEG_STOP) | BIT(LEG_TARGET));
    case STAGE_PROTECT:
        return take_list(b, t, root, BIT(LEG_STOP) | BIT(LEG_TARGET));
    case STAGE_CANCEL_LIST:
        return take_cancelled(b, t, root);
    case STAGE_CANCEL_ORDER:
        return take_cancelled_order(b, t, root);
    case STAGE_SELL:
        return take_sale(b, t, root);
    case STAGE_LOOK:
        return take_look(b, t, root);
    case STAGE_CONFIRM:
        return take_confirmation(b, t, root);
    case STAGE_TRADES:
        return take_trades(b, t, root);
    case STAGE_OPEN_ORDERS:
        return take_open_orders(b, t, root);
    case STAGE_ACCOUNT:
        return take_account(t, root);
    default: /* not an enum */
        return false;
    }
}

void binance_task_answer(struct binance *b, struct binance_task *t, usec now,
                         const struct http_answer *a) {
    PRE(t->sent);
    const struct binance_stage row = *binance_stage_row(t->stage);
    struct binance_verdict v;
    t->sent = false;
    binance_judge(b, a, row.changes, &v);
    if (v.kind == BINANCE_OK) {
        struct binance_seen before[BINANCE_LEGS];
        memcpy(before, t->seen, sizeof before);
        json_t *root = binance_parse(a->body);
        const bool taken = root != NULL && take(b, t, root);
        json_decref(root);
        if (!taken) {
            memcpy(t->seen, before, sizeof before);
            binance_unreadable(row.changes, &v);
        }
    }
    binance_absorb(b, row.group, now, a, &v);
    if (v.kind != BINANCE_OK) refused(b, t, &v);
}

/* -- may it go out? ------------------------------------------------------------------------ */

static bool is_late(const struct binance_task *t, usec now) {
    const usec at = t->rq.signed_at;
    if (at <= 0) return false;
    switch (t->stage) {
    case STAGE_BRACKET:
        return now > at + t->rq.recv_window / 2;
    case STAGE_PROTECT:
    case STAGE_SELL:
        return now > at + REQUEST_LIFE;
    case STAGE_CANCEL_LIST:
        return t->rq.kind == REQUEST_EXIT && now > at + REQUEST_LIFE;
    default: /* not an enum */
        return false;
    }
}

static void too_late(struct binance_task *t) {
    if (t->stage == STAGE_SELL && named(t, BIT(LEG_STOP) | BIT(LEG_TARGET)) != 0) {
        not_sold(t, "cancelling stop and target took too long; nothing was sold");
    } else {
        end(t, OUTCOME_LATE, "not sent: too long after it was written down");
    }
}

/* An exit is held before it cancels anything when the sale could not be sent. */
static struct binance_plea plea_of(const struct binance_task *t) {
    struct binance_plea p = {.group = binance_stage_row(t->stage)->group,
                             .urgency = BINANCE_URGENT};
    switch (t->stage) {
    case STAGE_BRACKET:
        p.urgency = BINANCE_ENTRY;
        p.orders = 3;
        p.weight = 1;
        break;
    case STAGE_PROTECT:
        p.orders = 2;
        break;
    case STAGE_SELL:
        p.orders = 1;
        break;
    case STAGE_CANCEL_LIST:
    case STAGE_CANCEL_ORDER:
        p.orders = t->rq.kind == REQUEST_EXIT ? 1 : 0;
        break;
    case STAGE_OPEN_ORDERS:
        p.urgency = BINANCE_SNAPSHOT;
        p.weight = 100; /* openOrders 80, account 20 */
        break;
    default: /* not an enum */
        break;
    }
    return p;
}

binance_step binance_task_next(struct binance *b, struct binance_task *t, usec now,
                               struct http_request *ret) {
    PRE(!t->sent);
    while (t->stage != STAGE_ENDED) {
        const struct binance_plea plea = plea_of(t);
        struct binance_verdict v = {.kind = BINANCE_DOWN};
        if (is_late(t, now)) {
            too_late(t);
        } else if (t->stage == STAGE_BRACKET && binance_keys_refused(b)) {
            end(t, OUTCOME_REJECTED, "the venue refuses our keys; nothing is opened");
        } else if (binance_admit(b, &plea, now, &v.retry_at, v.text)) {
            binance_make_step(b, t, now, ret);
            return BINANCE_SEND;
        } else {
            refused(b, t, &v);
        }
    }
    return BINANCE_DONE;
}

/* -- beginning ----------------------------------------------------------------------------- */

/* What the venue cannot do, and what we cannot have meant. NULL: fine. */
static const char *why_not(const struct binance *b, const struct binance_task *t) {
    const struct request *rq = &t->rq;
    if (rq->kind == REQUEST_SNAPSHOT) return NULL;
    if (rq->sym < 0 || rq->sym >= b->symbols->count) return "a symbol that the venue does not have";
    const struct symbol *s = binance_symbol(b, t);
    const bool sells = rq->kind == REQUEST_PROTECT || rq->kind == REQUEST_EXIT;
    if (rq->kind == REQUEST_BRACKET && rq->side != ORDER_BUY)
        return "Binance Spot has no short positions: it sells only what is held";
    if (sells && rq->side != ORDER_SELL)
        return "Binance Spot has no short positions: there is nothing to buy back";
    if ((rq->kind == REQUEST_BRACKET || sells) && qty_e8(rq->qty) <= 0)
        return "there is no quantity";
    if (rq->kind == REQUEST_BRACKET && !(s->oco && s->oto))
        return "the symbol takes no order lists (ocoAllowed, otoAllowed): no entry without its "
               "stop";
    if (rq->kind == REQUEST_BRACKET && !s->opo && qty_is_zero(binance_pending_qty(b, t)))
        return "the quantity less commission is under the symbol's step";
    if (rq->kind == REQUEST_PROTECT && !s->oco) return "the symbol takes no OCO (ocoAllowed)";
    if (rq->kind == REQUEST_QUERY && binance_coid(&t->rq, rq->leg).n == 0)
        return "the order has no id";
    return NULL;
}

static void begin_exit(const struct binance *b, struct binance_task *t) {
    const bool has_legs = named(t, BIT(LEG_STOP) | BIT(LEG_TARGET)) != 0;
    if (!has_legs) {
        go_sell(b, t);
    } else if (binance_coid(&t->rq, LEG_NONE).n > 0) {
        t->stage = STAGE_CANCEL_LIST;
    } else {
        t->look = named(t, BIT(LEG_STOP) | BIT(LEG_TARGET));
        go_look(b, t);
    }
}

static void begin_kind(struct binance *b, struct binance_task *t) {
    switch (t->rq.kind) {
    case REQUEST_BRACKET:
        t->stage = STAGE_BRACKET;
        return;
    case REQUEST_PROTECT:
        t->stage = STAGE_PROTECT;
        return;
    case REQUEST_EXIT:
        begin_exit(b, t);
        return;
    case REQUEST_CANCEL:
        t->at_leg = t->rq.leg;
        t->stage = binance_coid(&t->rq, LEG_NONE).n > 0 ? STAGE_CANCEL_LIST : STAGE_CANCEL_ORDER;
        return;
    case REQUEST_QUERY:
        t->look = BIT(t->rq.leg);
        go_look(b, t);
        return;
    case REQUEST_SNAPSHOT:
        t->snapshot = binance_snapshot(b);
        t->stage = STAGE_OPEN_ORDERS;
        return;
    }
    WRONG("request kind out of its list");
}

void binance_task_begin(struct binance *b, struct binance_task *t, usec now,
                        const struct request *rq) {
    memset(t, 0, sizeof *t);
    t->rq = *rq;
    t->began = now;
    t->reply = (struct reply){
        .request_id = rq->id, .kind = rq->kind, .trade_id = rq->trade_id, .outcome = OUTCOME_DONE};
    const char *why = why_not(b, t);
    if (why != NULL)
        end(t, OUTCOME_REJECTED, why);
    else
        begin_kind(b, t);
}
