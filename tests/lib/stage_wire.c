/* stage_wire: the line between a stage and its paper venue. See the header.
 *
 * What an exchange does that paper does not is put on here: snapshots, legs that are shown as
 * waiting, orders of others, fees in another asset. */
#include "stage_wire.h"

#include "check.h"

#include "venue/paper.c" /* the tests look into its engine */

struct match *wire_engine(struct wire *w) {
    return ((struct paper *)w->paper)->match;
}

static void lose(struct wire *w, struct reply *ret, bool later) {
    for (int i = 0; i < ret->report_count && later; i++) {
        if (w->news_count == NEWS_MAX) fail_msg("too much news");
        w->news[w->news_count++] = ret->reports[i];
    }
    w->news_due = false;
    ret->report_count = 0;
    ret->outcome = OUTCOME_UNKNOWN;
    snprintf(ret->text, sizeof ret->text, "connection reset");
}

/* What an exchange says of legs at once: that they wait, whether they do any more or not. */
static void show_legs_waiting(struct reply *ret, const struct request *rq) {
    for (int i = 0; i < ret->report_count; i++) {
        struct report *r = &ret->reports[i];
        const bool is_leg =
            strcmp(r->coid, rq->stop_coid) == 0 || strcmp(r->coid, rq->target_coid) == 0;
        if (is_leg && r->state == ORDER_ST_OPEN) r->state = ORDER_ST_PENDING;
    }
}

static void call_bracket(struct wire *w, usec now, const struct request *rq, bool refuse_legs,
                         struct reply *ret) {
    venue_call(w->paper, now, rq, ret);
    if (w->far) show_legs_waiting(ret, rq);
    if (!refuse_legs) return;
    struct reply unseen;
    struct request cancel = *rq;
    cancel.kind = REQUEST_CANCEL;
    venue_call(w->paper, now, &cancel, &unseen);
}

/* The order that is told of wanted all; the one that the engine has took one half. */
static void call_half(struct wire *w, usec now, const struct request *rq, struct reply *ret) {
    struct request half = *rq;
    half.qty = qty_from_e8(qty_e8(rq->qty) / 2 / E8 * E8);
    venue_call(w->paper, now, &half, ret);
    for (int i = 0; i < ret->report_count; i++) {
        struct report *r = &ret->reports[i];
        if (strcmp(r->coid, rq->exit_coid) != 0) continue;
        r->qty = rq->qty;
        if (r->state == ORDER_ST_FILLED) r->state = ORDER_ST_EXPIRED;
    }
}

static void down(const struct wire *w, struct reply *ret) {
    ret->outcome = OUTCOME_DOWN;
    ret->retry_at = w->line_until;
    snprintf(ret->text, sizeof ret->text, "connection refused");
}

/* What an exit names is cancelled; then its sale is refused, as is whatever else makes orders. */
static void call_halted(struct wire *w, usec now, const struct request *rq, struct reply *ret) {
    static const char text[] = "Market is closed. (-1013)";
    const bool named = rq->stop_coid[0] != '\0' || rq->target_coid[0] != '\0';
    struct request cancel = *rq;
    cancel.kind = REQUEST_CANCEL;
    if (rq->kind != REQUEST_EXIT || !named) {
        ret->outcome = OUTCOME_REJECTED;
        snprintf(ret->text, sizeof ret->text, "%s", text);
        return;
    }
    venue_call(w->paper, now, &cancel, ret);
    struct report *r = &ret->reports[ret->report_count++];
    *r = (struct report){.sym = rq->sym, .state = ORDER_ST_REJECTED, .qty = rq->qty, .at = now};
    memcpy(r->coid, rq->exit_coid, COID_BYTES);
    snprintf(r->text, sizeof r->text, "%s", text);
    ret->kind = REQUEST_EXIT;
    ret->outcome = OUTCOME_DONE;
}

static void put_balance(struct snapshot *shot, struct match *m, const char *asset) {
    const struct match_balance b = match_balance_of(m, 0, str_from_z(asset));
    const int i = shot->balance_count++;
    snprintf(shot->balances[i].asset, sizeof shot->balances[i].asset, "%s", asset);
    shot->balances[i].free_e8 = b.free_e8;
    shot->balances[i].locked_e8 = b.locked_e8;
}

static void call_snapshot(struct wire *w, usec now, struct reply *ret) {
    struct paper *p = (struct paper *)w->paper;
    const int from = match_event_count(p->match);
    w->shot = (struct snapshot){.at = now};
    match_restate(p->match, 0);
    for (int i = from; i < match_event_count(p->match); i++) {
        const struct match_order *o = &match_event_at(p->match, i)->order;
        struct open_order *there = &w->shot.orders[w->shot.order_count++];
        *there = (struct open_order){.side = o->side, .type = o->type};
        report_order(o, now, &there->report);
    }
    match_event_drop(p->match, from, match_event_count(p->match));
    for (int i = 0; i < w->stranger_count; i++)
        w->shot.orders[w->shot.order_count++] = w->strangers[i];
    put_balance(&w->shot, p->match, "USDT");
    for (int i = 0; i < p->symbols->count; i++)
        put_balance(&w->shot, p->match, p->symbols->v[i].base);
    ret->snapshot = &w->shot;
}

bool wire_remove_stranger(struct wire *w, const char *coid) {
    for (int i = 0; i < w->stranger_count; i++) {
        if (strcmp(w->strangers[i].report.coid, coid) != 0) continue;
        w->strangers[i] = w->strangers[--w->stranger_count];
        return true;
    }
    return false;
}

static void call_normally(struct wire *w, usec now, const struct request *rq, struct reply *ret) {
    if (rq->kind == REQUEST_SNAPSHOT && w->far)
        call_snapshot(w, now, ret);
    else if (rq->kind == REQUEST_BRACKET)
        call_bracket(w, now, rq, false, ret);
    else if (rq->kind == REQUEST_CANCEL && wire_remove_stranger(w, coid_of(rq, rq->leg)))
        ret->outcome = OUTCOME_DONE;
    else
        venue_call(w->paper, now, rq, ret);
    for (int i = 0; i < ret->report_count && w->fee_asset[0] != '\0'; i++) {
        struct report *r = &ret->reports[i];
        if (!r->has_fill) continue;
        memcpy(r->fee_asset, w->fee_asset, sizeof r->fee_asset);
        r->fee_e8 = w->fee_e8;
        r->fee_in_base = false;
    }
}

static void wire_call(struct venue *v, usec now, const struct request *rq, struct reply *ret) {
    struct wire *w = (struct wire *)v;
    const bool counts = rq->kind != REQUEST_QUERY && rq->kind != REQUEST_SNAPSHOT;
    const bool waits = counts && w->fate_skips > 0;
    const stage_fate fate = w->line != FATE_NORMAL ? w->line
                            : counts && !waits     ? w->fate
                                                   : FATE_NORMAL;
    if (waits) w->fate_skips--;
    if (counts && !waits) w->fate = FATE_NORMAL;
    switch (fate) {
    case FATE_NORMAL:
        call_normally(w, now, rq, ret);
        return;
    case FATE_DOWN:
        down(w, ret);
        return;
    case FATE_LEGS_REFUSED:
        call_bracket(w, now, rq, true, ret);
        return;
    case FATE_HALTED:
        if (counts && rq->kind != REQUEST_CANCEL)
            call_halted(w, now, rq, ret);
        else
            call_normally(w, now, rq, ret);
        return;
    case FATE_HALF:
        if (rq->kind == REQUEST_EXIT)
            call_half(w, now, rq, ret);
        else
            call_normally(w, now, rq, ret);
        return;
    case FATE_REPLY_LOST:
    case FATE_REPLY_LATE:
        venue_call(w->paper, now, rq, ret);
        lose(w, ret, fate == FATE_REPLY_LATE);
        return;
    case FATE_REQUEST_LOST:
        lose(w, ret, false);
        return;
    case FATE_REFUSED:
        ret->outcome = OUTCOME_REJECTED;
        snprintf(ret->text, sizeof ret->text, "Filter failure: TEST (-1013)");
        return;
    case FATE_FULL:
        ret->outcome = OUTCOME_FULL;
        snprintf(ret->text, sizeof ret->text, "the lane is full");
        return;
    case FATE_LATE:
        ret->outcome = OUTCOME_LATE;
        snprintf(ret->text, sizeof ret->text, "past its receive window");
        return;
    }
    WRONG("fate out of its list");
}

static bool wire_next_report(struct venue *v, struct report *ret) {
    struct wire *w = (struct wire *)v;
    if (w->news_due && w->news_count > 0) {
        *ret = w->news[0];
        memmove(w->news, w->news + 1, (size_t)--w->news_count * sizeof *w->news);
        return true;
    }
    return venue_next_report(w->paper, ret);
}

const struct venue_ops wire_ops = {
    .name = "wire", .caps = VENUE_CAP_INSTANT, .call = wire_call, .next_report = wire_next_report};
