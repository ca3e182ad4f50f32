/* trace: a venue around another one, which logs each call and each answer.
 *
 * For finding out what was asked and said, with any venue behind it. Nothing is changed on the way:
 * same capabilities, same answers, same state. Prices are not logged (there are too many); reports
 * are. Owns the inner venue and closes it. The inner venue's threads. */
#include "venue/venue.h"

#include "base/arena.h"
#include "base/log.h"

struct trace {
    struct venue base;
    struct venue_ops ops; /* the inner venue's name and capabilities, our functions */
    struct venue *inner;
};

static const char *kind_name(request_kind k) {
    switch (k) {
    case REQUEST_BRACKET:
        return "bracket";
    case REQUEST_PROTECT:
        return "protect";
    case REQUEST_EXIT:
        return "exit";
    case REQUEST_CANCEL:
        return "cancel";
    case REQUEST_QUERY:
        return "query";
    case REQUEST_SNAPSHOT:
        return "snapshot";
    }
    WRONG("request kind out of its list");
}

static const char *outcome_name(outcome o) {
    switch (o) {
    case OUTCOME_DONE:
        return "done";
    case OUTCOME_REJECTED:
        return "rejected";
    case OUTCOME_UNKNOWN:
        return "unknown";
    case OUTCOME_LATE:
        return "late";
    case OUTCOME_FULL:
        return "full";
    case OUTCOME_DOWN:
        return "down";
    }
    WRONG("outcome out of its list");
}

static void log_report(const struct trace *t, const struct report *r) {
    log_info("venue_report", LOG_Z("venue", t->ops.name), LOG_Z("coid", r->coid),
             LOG_Z("venue_id", r->venue_id), LOG_Z("state", order_state_name(r->state)),
             LOG_E8("qty", qty_e8(r->qty)), LOG_E8("filled", qty_e8(r->filled)),
             LOG_E8("fill_qty", qty_e8(r->fill_qty)), LOG_E8("fill_px", price_e8(r->fill_price)),
             LOG_E8("fee", r->fee_e8), LOG_Z("fee_asset", r->fee_asset), LOG_Z("text", r->text),
             LOG_T("venue_at", r->at));
}

static void trace_call(struct venue *v, usec now, const struct request *rq, struct reply *ret) {
    struct trace *t = (struct trace *)v;
    log_info("venue_call", LOG_Z("venue", t->ops.name), LOG_Z("kind", kind_name(rq->kind)),
             LOG_I("request", rq->id), LOG_I("trade", rq->trade_id), LOG_I("sym", rq->sym),
             LOG_Z("side", order_side_name(rq->side)), LOG_E8("qty", qty_e8(rq->qty)),
             LOG_E8("limit", price_e8(rq->limit)), LOG_E8("stop", price_e8(rq->stop)),
             LOG_E8("target", price_e8(rq->target)), LOG_Z("list", rq->list_coid),
             LOG_Z("entry", rq->entry_coid), LOG_Z("exit", rq->exit_coid), LOG_T("now", now));
    venue_call(t->inner, now, rq, ret);
    log_info("venue_answer", LOG_Z("venue", t->ops.name), LOG_Z("kind", kind_name(ret->kind)),
             LOG_I("request", ret->request_id), LOG_Z("outcome", outcome_name(ret->outcome)),
             LOG_I("reports", ret->report_count), LOG_Z("text", ret->text));
    for (int i = 0; i < ret->report_count; i++) log_report(t, &ret->reports[i]);
}

static void trace_quote(struct venue *v, usec now, const struct quote *q) {
    venue_quote(((struct trace *)v)->inner, now, q);
}

static void trace_candle(struct venue *v, usec now, const struct candle *c) {
    venue_candle(((struct trace *)v)->inner, now, c);
}

static bool trace_next_report(struct venue *v, struct report *ret) {
    struct trace *t = (struct trace *)v;
    if (!venue_next_report(t->inner, ret)) return false;
    log_report(t, ret);
    return true;
}

static void trace_save(struct venue *v, struct buf *out) {
    ptrdiff_t before = out->len;
    venue_save(((struct trace *)v)->inner, out);
    log_debug("venue_save", LOG_I("bytes", out->len - before));
}

static bool trace_load(struct venue *v, str blob, struct error *err) {
    log_info("venue_load", LOG_I("bytes", blob.n));
    return venue_load(((struct trace *)v)->inner, blob, err);
}

static bool trace_start(struct venue *v, const struct venue_sink *sink, struct error *err) {
    return venue_start(((struct trace *)v)->inner, sink, err);
}

static void trace_stop(struct venue *v) { venue_stop(((struct trace *)v)->inner); }

static void trace_close(struct venue *v) { venue_close(((struct trace *)v)->inner); }

struct venue *trace_open(struct arena *boot, struct venue *inner) {
    struct trace *t = NEW(boot, struct trace);
    t->inner = inner;
    t->ops = (struct venue_ops){.name = inner->ops->name,
                                .caps = inner->ops->caps,
                                .call = trace_call,
                                .quote = trace_quote,
                                .candle = trace_candle,
                                .next_report = trace_next_report,
                                .start = trace_start,
                                .stop = trace_stop,
                                .save = trace_save,
                                .load = trace_load,
                                .close = trace_close};
    t->base.ops = &t->ops;
    return &t->base;
}
