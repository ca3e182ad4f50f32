/* views: what the API shows, as JSON and as Prometheus text.
 *
 * In: rows of the store, the core's last look, metrics. Out: whole answers; ids and money are
 * strings, times RFC 3339, "none" is null. A view reads in one transaction, so that its parts agree
 * with each other. Failure: a store that cannot be read is a problem (503, or 500). */
#include "api/core.h"
#include "api/params.h"
#include "api/put.h"
#include "base/metric.h"
#include "run/bill.h"
#include "run/process.h"

/* --- /metrics ----------------------------------------------------------------------------- */

void api_get_metrics(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    const metric_format to = metric_format_for(rq->head.accept);
    (void)c;
    process_measure();
    api_answer_vary(ret, "Accept");
    ret->type = metric_format_type(to);
    metric_print(&ret->body, to);
}

/* --- /api/sources ------------------------------------------------------------------------- */

static void put_feed(struct buf *b, const struct feed_row *f) {
    const struct source_status *const s = &f->status;
    buf_put(b, STR("{\"feed\":"));
    buf_put_json_str(b, f->feed);
    api_put_text(b, "kind", f->kind);
    api_put_text(b, "state", str_from_z(source_state_name(s->state)));
    api_put_text_or_null(b, "why", s->why);
    api_put_time(b, "since", s->since);
    api_put_time(b, "until", s->until);
    api_put_time(b, "last_sign_at", s->last_sign_at);
    api_put_time(b, "last_post_at", s->last_post_at);
    buf_printf(b,
               ",\"posts\":%lld,\"missed\":%lld,\"calls\":%lld,\"failures\":%lld,"
               "\"blind_seconds_today\":%lld.%06lld,\"narrow\":%s,\"posts_today\":%lld,"
               "\"posts_stored\":%lld",
               (long long)s->posts, (long long)s->missed, (long long)s->calls,
               (long long)s->failures, (long long)(s->blind / USEC_PER_S),
               (long long)(s->blind % USEC_PER_S), s->narrow ? "true" : "false",
               (long long)f->posts_today, (long long)f->posts_stored);
    api_put_time(b, "updated_at", f->updated_at);
    buf_put_byte(b, '}');
}

void api_get_sources(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    struct error err;
    struct feed_row *rows;
    int count = 0;
    struct store *const s = api_store_take(c);
    const bool ok = store_feeds(s, rq->a, rq->now, &rows, &count, &err);
    api_store_give(c, s);
    if (!ok) {
        api_problem_store(ret, &err);
        return;
    }
    buf_put(&ret->body, STR("{\"sources\":["));
    for (int i = 0; i < count; i++) {
        if (i > 0) buf_put_byte(&ret->body, ',');
        put_feed(&ret->body, &rows[i]);
    }
    buf_put(&ret->body, STR("]}\n"));
}

/* --- /api/cost ---------------------------------------------------------------------------- */

/* ?days=N lists the last N days one by one. */
void api_get_cost(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    struct error err;
    struct bill bill;
    struct params p = params_of(rq, ret);
    const int64_t days = params_int(&p, "days", 0, BILL_DAYS_MAX, 0);
    if (!params_ok(&p)) return;
    const struct cost_options opt = bill_options(api_core_options(c)->cfg);
    struct store *const s = api_store_take(c);
    const bool ok = bill_read(s, rq->a, &opt, rq->now, (int)days, &bill, &err);
    api_store_give(c, s);
    if (!ok) {
        api_problem_store(ret, &err);
        return;
    }
    bill_put_json(&bill, &ret->body);
    buf_put_byte(&ret->body, '\n');
}
