/* venue: the wrappers around a venue's table: what is optional is a no-op here, what is required
 * is checked, and a reply always names its request. The words are in the header. Any thread that
 * the table allows. */
#include "venue/venue.h"

void venue_call(struct venue *v, usec now, const struct request *rq, struct reply *ret) {
    PRE(v != NULL && v->ops->call != NULL);
    *ret = (struct reply){.request_id = rq->id, .kind = rq->kind, .trade_id = rq->trade_id};
    v->ops->call(v, now, rq, ret);
    POST(ret->report_count >= 0 && ret->report_count <= REPORTS_MAX);
    POST(ret->request_id == rq->id && ret->kind == rq->kind);
}

void venue_quote(struct venue *v, usec now, const struct quote *q) {
    if (v->ops->quote != NULL) v->ops->quote(v, now, q);
}

void venue_candle(struct venue *v, usec now, const struct candle *c) {
    if (v->ops->candle != NULL) v->ops->candle(v, now, c);
}

bool venue_next_report(struct venue *v, struct report *ret) {
    return v->ops->next_report != NULL && v->ops->next_report(v, ret);
}

bool venue_start(struct venue *v, const struct venue_sink *sink, struct error *err) {
    return v->ops->start == NULL || v->ops->start(v, sink, err);
}

void venue_stop(struct venue *v) {
    if (v->ops->stop != NULL) v->ops->stop(v);
}

void venue_save(struct venue *v, struct buf *out) {
    if (v->ops->save != NULL) v->ops->save(v, out);
}

bool venue_load(struct venue *v, str blob, struct error *err) {
    if (v->ops->load == NULL) {
        return fail(err, ERR_UNSUPPORTED, 0, "venue %s keeps no state in the store", v->ops->name);
    }
    return v->ops->load(v, blob, err);
}

void venue_close(struct venue *v) {
    if (v != NULL && v->ops->close != NULL) v->ops->close(v);
}
