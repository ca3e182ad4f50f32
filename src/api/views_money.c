/* Numbers of the API: how it stands, what was won and lost, the equity over time, and what became
 * of the posts.
 *
 * In: a query, the configuration. Out: objects; money is a string, shares are numbers. Days are
 * UTC; where the trader runs in virtual time, "today" is its day. Failure: as in
 * views_lists.c. */
#include "api/core.h"
#include "api/params.h"
#include "api/put.h"
#include "run/hearers.h"
#include "run/run.h"
#include "store/views.h"

static void put_money(struct buf *b, const char *name, bool known, money m) {
    buf_printf(b, known ? ",\"%s\":\"" : ",\"%s\":null", name);
    if (!known) return;
    buf_put_e8(b, money_e8(m));
    buf_put_byte(b, '"');
}

/* A view within one transaction of a connection. */
typedef bool view_numbers(struct store *s, const void *ask, struct buf *out, struct error *err);

static bool look(struct api_core *c, view_numbers *view, const void *ask, struct api_answer *a) {
    struct error err, ignored;
    struct store *const s = api_store_take(c);
    bool ok = store_begin(s, false, &err);
    if (ok) {
        ok = view(s, ask, &a->body, &err);
        if (!ok || !store_commit(s, &ignored)) store_rollback(s);
    }
    api_store_give(c, s);
    if (!ok) api_problem_store(a, &err);
    return ok;
}

/* --- /api/status -------------------------------------------------------------------------- */

struct status {
    struct api_core *core;
    const struct config *cfg;
    usec now;
};

/* Which world orders go to. */
static const char *network_of(const struct config *cfg) {
    if (str_eq(cfg->venue_kind, STR("paper"))) return "paper";
    if (str_starts(cfg->venue_rest_url, STR("http://"))) return "local";
    return str_find(cfg->venue_rest_url, STR("demo")) >= 0 ? "demo" : "testnet";
}

static void put_mode(struct buf *b, const struct control *v, bool found) {
    if (!found) {
        buf_put(b, STR(",\"mode\":null"));
        return;
    }
    buf_printf(b, ",\"mode\":{\"mode\":\"%s\"", mode_name(v->mode));
    api_put_text(b, "reason", str_from_z(v->reason));
    api_put_text(b, "actor", str_from_z(v->actor));
    api_put_time(b, "since", v->since);
    api_put_time(b, "until", v->until);
    buf_put_byte(b, '}');
}

static void put_account(struct buf *b, const struct view_status *v, int64_t limit_bp) {
    buf_put(b, STR(",\"account\":{\"currency\":\"USDT\""));
    put_money(b, "equity", v->has_equity, v->equity);
    api_put_time(b, "equity_at", v->has_equity ? v->equity_at : 0);
    put_money(b, "start", v->has_account, v->start);
    put_money(b, "cash", v->has_account, v->cash);
    put_money(b, "pnl_today", true, v->pnl_today);
    put_money(b, "pnl_total", v->has_account, v->pnl_total);
    put_money(b, "fees", v->has_account, v->fees);
    buf_printf(b, ",\"drawdown_today\":%lld.%04lld,\"drawdown_limit\":%lld.%04lld}",
               (long long)(v->drawdown_bp / BP_ONE), (long long)(v->drawdown_bp % BP_ONE),
               (long long)(limit_bp / BP_ONE), (long long)(limit_bp % BP_ONE));
}

static void put_counts(struct buf *b, const struct view_status *v) {
    buf_printf(b,
               ",\"counts\":{\"posts\":%lld,\"posts_today\":%lld,\"signals_today\":%lld,"
               "\"trades_today\":%lld,\"open_positions\":%lld,\"waiting\":%lld,"
               "\"dead_letters\":%lld}",
               (long long)v->posts, (long long)v->posts_today, (long long)v->signals_today,
               (long long)v->trades_today, (long long)v->open_positions, (long long)v->waiting,
               (long long)v->dead_letters);
}

/* null: as it is made, or the trader is another process. */
static void put_replay(struct buf *b, struct run_told *told) {
    buf_put(b, STR(",\"replay\":"));
    if (told == NULL) {
        buf_put(b, STR("null"));
        return;
    }
    buf_put(b, STR("{\"speed\":"));
    if (told->speed_e8 == RUN_SPEED_MAX)
        buf_put(b, STR("null"));
    else
        buf_put_e8(b, told->speed_e8);
    buf_printf(b, ",\"ended\":%s}", atomic_load(&told->ended_at) != 0 ? "true" : "false");
}

/* Would anybody be told if something happened? */
static bool put_hearers(struct store *s, const struct config *cfg, struct buf *b,
                        struct error *err) {
    struct hearers h;
    if (!hearers_read(s, cfg, &h, err)) return false;
    buf_printf(b, ",\"notify\":{\"told\":%s", h.told ? "true" : "false");
    api_put_text_or_null(b, "why", h.why);
    buf_put(b, STR(",\"channels\":["));
    for (int i = 0; i < h.count; i++) {
        buf_printf(b, "%s{\"name\":\"%s\",\"state\":\"%s\"", i > 0 ? "," : "", h.v[i].name,
                   channel_state_name(h.v[i].state));
        api_put_text_or_null(b, "why", h.v[i].why);
        api_put_time(b, "since", h.v[i].since);
        api_put_time(b, "sent_at", h.v[i].sent_at);
        buf_put_byte(b, '}');
    }
    buf_put(b, STR("]}"));
    return true;
}

static bool view_status(struct store *s, const void *ask, struct buf *b, struct error *err) {
    const struct status *const x = ask;
    const struct config *const cfg = x->cfg;
    struct view_status v;
    struct control control = {0};
    bool found;
    int64_t pid = 0;
    usec day_at;
    if (!store_view_now(s, x->now, &day_at, err)) return false;
    const usec today = time_utc_day(day_at) * USEC_PER_DAY;
    struct view_count memo;
    api_posts_counted(x->core, NULL, &memo);
    if (!store_view_status(s, today, day_at, &memo, &v, err) ||
        !store_control(s, &control, &found, err))
        return false;
    api_posts_counted(x->core, &memo, NULL);
    if (v.equity_at < today) v.drawdown_bp = 0; /* that was another day's */
    const bool running = store_trader_running(s, &pid);
    buf_printf(b, "{\"version\":\"%s\"", BF_VERSION);
    api_put_time(b, "now", x->now);
    put_mode(b, &control, found);
    buf_put(b, STR(",\"venue\":{\"kind\":"));
    buf_put_json_str(b, cfg->venue_kind);
    buf_printf(b, ",\"network\":\"%s\",\"is_test\":true},\"market\":{\"kind\":", network_of(cfg));
    buf_put_json_str(b, cfg->market_kind);
    buf_printf(b, "},\"trader\":{\"running\":%s,\"pid\":", running ? "true" : "false");
    if (pid > 0)
        buf_put_i64(b, pid);
    else
        buf_put(b, STR("null"));
    api_put_time(b, "last_beat_at", v.trader_beat_at);
    api_put_time(b, "started_at", v.trader_started_at);
    api_put_time(b, "at", v.trader_at);
    buf_put_byte(b, '}');
    put_replay(b, api_core_options(x->core)->replay);
    put_account(b, &v, cfg->trading_max_daily_drawdown / (E8 / BP_ONE));
    put_counts(b, &v);
    if (!put_hearers(s, cfg, b, err)) return false;
    api_put_time(b, "last_post_at", v.last_post_at);
    api_put_time(b, "last_trade_at", v.last_trade_at);
    buf_put(b, STR("}\n"));
    return true;
}

void api_get_status(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    IGNORE(!look(c, view_status, &(struct status){c, rq->cfg, rq->now}, ret), "the answer says so");
}

/* --- /api/metrics ------------------------------------------------------------------------- */

static bool view_metrics(struct store *s, const void *ask, struct buf *b, struct error *err) {
    const usec *const wall = ask;
    usec now;
    buf_put_byte(b, '{');
    if (!store_view_now(s, *wall, &now, err) || !store_view_metrics(s, now, b, err)) return false;
    buf_put(b, STR("}\n"));
    return true;
}

void api_get_profit(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    IGNORE(!look(c, view_metrics, &rq->now, ret), "the answer says so");
}

/* --- /api/equity -------------------------------------------------------------------------- */

struct span {
    usec from, to;
    int points;
};

static bool view_equity(struct store *s, const void *ask, struct buf *b, struct error *err) {
    const struct span *const x = ask;
    buf_put(b, STR("{\"points\":"));
    if (!store_view_equity(s, x->from, x->to, x->points, b, err)) return false;
    buf_put(b, STR("}\n"));
    return true;
}

void api_get_equity(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    struct params p = params_of(rq, ret);
    struct span x;
    x.from = params_time(&p, "from");
    x.to = params_time(&p, "to");
    x.points = (int)params_int(&p, "points", 10, 2000, 300);
    if (params_from_to(&p, x.from, x.to))
        IGNORE(!look(c, view_equity, &x, ret), "the answer says so");
}

/* --- /api/funnel -------------------------------------------------------------------------- */

struct funnel {
    usec now, span; /* USEC_NEVER: all */
    int threshold;
};

static bool view_funnel(struct store *s, const void *ask, struct buf *b, struct error *err) {
    const struct funnel *const x = ask;
    char text[TIME_TEXT_BYTES];
    usec now, since = 0;
    if (!store_view_now(s, x->now, &now, err)) return false;
    if (x->span != USEC_NEVER) since = i64_max(now - x->span, 1);
    if (since == 0)
        buf_put(b, STR("{\"since\":null,"));
    else
        buf_printf(b, "{\"since\":\"" STR_FMT "\",", STR_ARG(time_format_rfc3339(since, text)));
    buf_printf(b, "\"threshold\":%d,", x->threshold);
    if (!store_view_funnel(s, since, x->threshold, b, err)) return false;
    buf_put(b, STR("}\n"));
    return true;
}

void api_get_funnel(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    struct params p = params_of(rq, ret);
    const struct funnel x = {.now = rq->now,
                             .span = params_span(&p, "since", USEC_PER_DAY),
                             .threshold = (int)rq->cfg->trading_signal_threshold};
    if (params_ok(&p)) IGNORE(!look(c, view_funnel, &x, ret), "the answer says so");
}
