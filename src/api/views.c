/* views: what the API shows, as JSON and as Prometheus text.
 *
 * In: rows of the store, the core's last look, metrics. Out: whole answers; ids and money are
 * strings, times RFC 3339, "none" is null. A view reads in one transaction, so that its parts agree
 * with each other. Failure: a store that cannot be read is a problem (503, or 500). */
#include "api/core.h"
#include "base/metric.h"

#define MONTH_DAYS_MAX 31
#define PACE_DAYS 7

static void put_amount(struct buf *b, const char *name, money m) {
    char text[AMOUNT_TEXT_BYTES];
    buf_printf(b, ",\"%s\":\"" STR_FMT "\"", name, STR_ARG(amount_format_e8(money_e8(m), text)));
}

static void put_time(struct buf *b, const char *name, usec at) {
    char text[TIME_TEXT_BYTES];
    if (at <= 0)
        buf_printf(b, ",\"%s\":null", name);
    else
        buf_printf(b, ",\"%s\":\"" STR_FMT "\"", name, STR_ARG(time_format_rfc3339(at, text)));
}

static void put_text(struct buf *b, const char *name, str text) {
    buf_printf(b, ",\"%s\":", name);
    buf_put_json_str(b, text);
}

/* --- /health ------------------------------------------------------------------------------ */

/* The brief's name of what a kind of source asks. */
static const char *check_name(str kind) {
    if (str_starts(kind, STR("x_"))) return "twitter_api";
    if (str_eq(kind, STR("jetstream"))) return "bluesky";
    return NULL; /* a file, or what others bring: nothing is asked */
}

/* Several feeds may ask the same: well only when all are. */
static void put_feed_checks(const struct api_health *h, struct buf *b, bool *all) {
    const char *const names[] = {"twitter_api", "bluesky"};
    for (int k = 0; k < COUNT_OF(names); k++) {
        bool any = false, ok = true;
        for (int i = 0; i < h->feed_count; i++) {
            const char *const name = check_name(str_from_z(h->feeds[i].kind));
            if (name == NULL || strcmp(name, names[k]) != 0) continue;
            any = true;
            ok = ok && h->feeds[i].ok;
        }
        if (any) buf_printf(b, ",\"%s\":%s", names[k], ok ? "true" : "false");
        *all = *all && (!any || ok);
    }
}

void api_get_health(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    struct api_health h;
    char text[512];
    struct buf checks, *const b = &ret->body;
    bool all = true;
    api_core_health(c, &h);
    buf_init_fixed(&checks, text, sizeof text);
    buf_printf(&checks, "\"database\":%s", h.database ? "true" : "false");
    put_feed_checks(&h, &checks, &all);
    if (h.has_venue) buf_printf(&checks, ",\"binance_api\":%s", h.venue ? "true" : "false");
    all = all && h.database && (!h.has_venue || h.venue);
    buf_printf(b, "{\"status\":\"%s\",\"checks\":{%s}", all ? "healthy" : "unhealthy",
               buf_z(&checks));
    put_time(b, "checked_at", h.at);
    buf_printf(b, ",\"age_ms\":%lld,\"version\":\"%s\"}\n",
               (long long)(i64_max(rq->now - h.at, 0) / USEC_PER_MS), BF_VERSION);
    ret->status = all ? 200 : 503;
}

/* --- /metrics ----------------------------------------------------------------------------- */

void api_get_metrics(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    (void)c, (void)rq;
    ret->type = "text/plain; version=0.0.4; charset=utf-8";
    metric_print(&ret->body);
}

/* --- /api/sources ------------------------------------------------------------------------- */

static void put_feed(struct buf *b, const struct feed_row *f) {
    const struct source_status *const s = &f->status;
    buf_put(b, STR("{\"feed\":"));
    buf_put_json_str(b, f->feed);
    put_text(b, "kind", f->kind);
    put_text(b, "state", str_from_z(source_state_name(s->state)));
    if (s->why[0] != '\0')
        put_text(b, "why", str_from_z(s->why));
    else
        buf_put(b, STR(",\"why\":null"));
    put_time(b, "since", s->since);
    put_time(b, "until", s->until);
    put_time(b, "last_sign_at", s->last_sign_at);
    put_time(b, "last_post_at", s->last_post_at);
    buf_printf(b,
               ",\"posts\":%lld,\"missed\":%lld,\"calls\":%lld,\"failures\":%lld,"
               "\"blind_seconds_today\":%lld.%06lld,\"narrow\":%s,\"posts_today\":%lld,"
               "\"posts_stored\":%lld",
               (long long)s->posts, (long long)s->missed, (long long)s->calls,
               (long long)s->failures, (long long)(s->blind / USEC_PER_S),
               (long long)(s->blind % USEC_PER_S), s->narrow ? "true" : "false",
               (long long)f->posts_today, (long long)f->posts_stored);
    put_time(b, "updated_at", f->updated_at);
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

struct month {
    int64_t first_day; /* UTC day of its first */
    int days;
    int64_t today;
};

/* The UTC month of `now`, by the text of its time: no calendar of our own. */
static struct month month_of(usec now) {
    char text[TIME_TEXT_BYTES];
    int64_t day = 1;
    usec next = 0;
    struct month m = {.today = time_utc_day(now)};
    const str t = time_format_rfc3339(now, text);
    PRE(str_to_i64((str){t.p + 8, 2}, &day));
    m.first_day = m.today - day + 1;
    for (m.days = 28; m.days < MONTH_DAYS_MAX; m.days++) {
        char first[TIME_TEXT_BYTES];
        next = (m.first_day + m.days) * USEC_PER_DAY;
        if (str_eq((str){time_format_rfc3339(next, first).p + 8, 2}, STR("01"))) break;
    }
    return m;
}

struct spent {
    money month, today, pace; /* pace: of the last PACE_DAYS days, today included */
    money by_resource[RESOURCE_COUNT];
    int64_t billed[RESOURCE_COUNT];
};

static void sum_up(const struct month *m, const struct cost_row *rows, int count,
                   struct spent *ret) {
    *ret = (struct spent){0};
    for (int i = 0; i < count; i++) {
        const struct cost_row *const r = &rows[i];
        if (r->day > m->today - PACE_DAYS) ret->pace = money_plus(ret->pace, r->amount);
        if (r->day == m->today) ret->today = money_plus(ret->today, r->amount);
        if (r->day < m->first_day) continue;
        ret->month = money_plus(ret->month, r->amount);
        ret->by_resource[r->resource] = money_plus(ret->by_resource[r->resource], r->amount);
        ret->billed[r->resource] += r->billed;
    }
}

/* What the month comes to at the pace of the last week. */
static money project(const struct month *m, const struct spent *s) {
    money rest;
    const int64_t left = m->first_day + m->days - 1 - m->today;
    if (!money_ratio(s->pace, left, PACE_DAYS, ROUND_CEIL, &rest)) return s->month;
    return money_plus(s->month, rest);
}

static void put_rows(struct buf *b, const struct month *m, const struct cost_row *rows, int count) {
    bool first = true;
    buf_put(b, STR(",\"days\":["));
    for (int i = 0; i < count; i++) {
        char text[TIME_TEXT_BYTES];
        if (rows[i].day < m->first_day) continue;
        if (!first) buf_put_byte(b, ',');
        first = false;
        buf_printf(b, "{\"day\":\"" STR_FMT "\"",
                   STR_ARG(str_head(time_format_rfc3339(rows[i].day * USEC_PER_DAY, text), 10)));
        put_text(b, "feed", rows[i].feed);
        put_text(b, "resource", str_from_z(resource_name(rows[i].resource)));
        buf_printf(b, ",\"returned\":%lld,\"billed\":%lld", (long long)rows[i].returned,
                   (long long)rows[i].billed);
        put_amount(b, "amount", rows[i].amount);
        buf_put_byte(b, '}');
    }
    buf_put_byte(b, ']');
}

/* Signals traded this month, on posts of X: what the money was for. */
static void put_per_signal(struct buf *b, const struct spent *s, int64_t traded) {
    money each;
    buf_printf(b, ",\"signals_traded\":%lld", (long long)traded);
    if (traded > 0 && money_ratio(s->month, 1, traded, ROUND_CEIL, &each))
        put_amount(b, "per_signal_traded", each);
    else
        buf_put(b, STR(",\"per_signal_traded\":null"));
}

void api_get_cost(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    struct error err;
    struct cost_row *rows;
    struct spent spent;
    int count = 0;
    int64_t traded = 0;
    const struct month m = month_of(rq->now);
    const int64_t since = i64_min(m.first_day, m.today - PACE_DAYS + 1);
    struct store *const s = api_store_take(c);
    bool ok = store_begin(s, false, &err);
    if (ok) {
        ok = store_costs(s, rq->a, since, &rows, &count, &err) &&
             store_traded_signals(s, m.first_day * USEC_PER_DAY, STR("x"), &traded, &err);
        store_rollback(s); /* nothing was changed */
    }
    api_store_give(c, s);
    if (!ok) {
        api_problem_store(ret, &err);
        return;
    }
    sum_up(&m, rows, count, &spent);
    char text[TIME_TEXT_BYTES];
    struct buf *const b = &ret->body;
    buf_printf(b, "{\"month\":\"" STR_FMT "\"",
               STR_ARG(str_head(time_format_rfc3339(rq->now, text), 7)));
    put_amount(b, "budget", api_core_options(c)->cfg->x_monthly_budget);
    put_amount(b, "spent", spent.month);
    put_amount(b, "today", spent.today);
    put_amount(b, "projected", project(&m, &spent));
    put_per_signal(b, &spent, traded);
    buf_put(b, STR(",\"by_resource\":{"));
    for (int i = RESOURCE_NONE + 1; i < RESOURCE_COUNT; i++) {
        buf_printf(b, "%s\"%s\":{\"billed\":%lld", i > RESOURCE_NONE + 1 ? "," : "",
                   resource_name((resource)i), (long long)spent.billed[i]);
        put_amount(b, "amount", spent.by_resource[i]);
        buf_put_byte(b, '}');
    }
    buf_put_byte(b, '}');
    put_rows(b, &m, rows, count);
    buf_put(b, STR("}\n"));
}
