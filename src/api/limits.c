/* limits: each limit of the trading rules, and how much of it is used.
 *
 * In: what the trader stored last (account, equity, open trades, authors), the configuration, the
 * account's clock. Out: a list; a share is used / limit, null where one of the two is not known.
 * What rests (a symbol after its trade, an author after his) is one entry each, with the time at
 * which it is over. Nothing is decided here: risk.c has the rules, and what it knows of entries
 * that are being decided this moment is not stored yet. Failure: a store that cannot be read is a
 * problem. Thread: any. */
#include <stdio.h>

#include "api/core.h"
#include "base/metric.h"
#include "run/now.h"
#include "store/people.h"

struct facts {
    usec now;
    struct account_standing account;
    struct held *held;
    int held_count;
    struct symbol_rest *rests;
    int rest_count;
    struct author_use *uses;
    int use_count;
};

static bool read_facts(struct store *s, struct arena *a, const struct config *cfg,
                       struct facts *ret, struct error *err) {
    struct facts f = {.now = run_now(s, a)};
    const usec symbols_since = f.now - cfg->trading_cooldown_symbol_s * USEC_PER_S;
    const usec authors_since = f.now - cfg->trading_cooldown_author_s * USEC_PER_S;
    if (!store_begin(s, false, err)) return false;
    const bool ok =
        store_standing(s, &f.account, err) && store_held(s, a, &f.held, &f.held_count, err) &&
        store_symbol_rests(s, a, symbols_since, &f.rests, &f.rest_count, err) &&
        store_author_uses(s, a, authors_since, time_utc_day(f.now), &f.uses, &f.use_count, err);
    store_rollback(s);
    *ret = f;
    return ok;
}

/* --- one entry ---------------------------------------------------------------------------- */

/* Amounts in units of 1e-8, whatever they are of; -1: not known. */
struct entry {
    const char *name, *key;
    const char *about; /* of one symbol or author; NULL: the account's */
    int64_t used_e8, limit_e8;
    usec until; /* 0: none */
};

static void put_number(struct buf *b, const char *name, int64_t e8) {
    buf_printf(b, ",\"%s\":", name);
    if (e8 < 0) {
        buf_put(b, STR("null"));
        return;
    }
    buf_put_byte(b, '"');
    buf_put_e8(b, e8);
    buf_put_byte(b, '"');
}

static void put_share(struct buf *b, const struct entry *e) {
    money share;
    if (e->used_e8 >= 0 && e->limit_e8 > 0 &&
        money_ratio(money_from_e8(e->used_e8), BP_ONE, e->limit_e8, ROUND_FLOOR, &share))
        buf_printf(b, ",\"share\":%lld.%04lld", (long long)(money_e8(share) / BP_ONE),
                   (long long)(money_e8(share) % BP_ONE));
    else
        buf_put(b, STR(",\"share\":null"));
}

static void put_entry(struct buf *b, const struct entry *e, const char *text) {
    char at[TIME_TEXT_BYTES];
    if (b->p[b->len - 1] != '[') buf_put_byte(b, ',');
    buf_printf(b, "{\"name\":\"%s\",\"key\":%s%s%s,\"about\":", e->name, e->key ? "\"" : "",
               e->key ? e->key : "null", e->key ? "\"" : "");
    if (e->about != NULL)
        buf_put_json_str(b, str_from_z(e->about));
    else
        buf_put(b, STR("null"));
    put_number(b, "used", e->used_e8);
    put_number(b, "limit", e->limit_e8);
    put_share(b, e);
    if (e->until != 0)
        buf_printf(b, ",\"until\":\"" STR_FMT "\"", STR_ARG(time_format_rfc3339(e->until, at)));
    else
        buf_put(b, STR(",\"until\":null"));
    buf_put(b, STR(",\"text\":"));
    buf_put_json_str(b, str_from_z(text));
    buf_put_byte(b, '}');
}

/* --- the account's ------------------------------------------------------------------------ */

static money equity_of(const struct facts *f) {
    return f->account.has_equity ? f->account.equity : f->account.account.cash;
}

static void put_positions(const struct facts *f, const struct config *cfg, struct buf *b) {
    char text[128];
    const int used = f->account.open_trades + f->account.waiting_approvals;
    const struct entry e = {.name = "open_positions",
                            .key = "trading.max_open_positions",
                            .used_e8 = used * E8,
                            .limit_e8 = cfg->trading_max_open_positions * E8};
    snprintf(text, sizeof text, "%d trades are open and %d wait for a person, of %lld",
             f->account.open_trades, f->account.waiting_approvals,
             (long long)cfg->trading_max_open_positions);
    put_entry(b, &e, text);
}

static void put_drawdown(const struct facts *f, const struct config *cfg, struct buf *b) {
    const bool today = f->account.account.day == time_utc_day(f->now);
    const bool tripped = f->account.account.day_tripped && today;
    const int64_t bp = f->account.has_equity && today ? i64_max(f->account.drawdown_bp, 0) : 0;
    const struct entry e = {.name = "daily_drawdown",
                            .key = "trading.max_daily_drawdown",
                            .used_e8 = f->account.has_account ? FRAC_BP(bp) : -1,
                            .limit_e8 = cfg->trading_max_daily_drawdown,
                            .until = tripped ? (time_utc_day(f->now) + 1) * USEC_PER_DAY : 0};
    put_entry(b, &e,
              tripped ? "reached: nothing more is opened on this UTC day"
                      : "loss of the UTC day's opening equity, by prices of the last minute");
}

static void put_size(const struct facts *f, const struct config *cfg, struct buf *b) {
    money largest = money_from_e8(0), share;
    const char *symbol = NULL;
    const money equity = equity_of(f);
    for (int i = 0; i < f->held_count; i++) {
        money value;
        if (!money_notional(f->held[i].entry, qty_abs(f->held[i].size), ROUND_CEIL, &value) ||
            money_cmp(value, largest) <= 0)
            continue;
        largest = value;
        symbol = f->held[i].symbol;
    }
    const bool known =
        money_e8(equity) > 0 && money_ratio(largest, E8, money_e8(equity), ROUND_CEIL, &share);
    const struct entry e = {.name = "position_size",
                            .key = "trading.position_size_percent",
                            .about = symbol,
                            .used_e8 = known ? money_e8(share) : -1,
                            .limit_e8 = cfg->trading_position_size_percent};
    put_entry(b, &e, "share of equity that the largest position cost; a new one may cost no more");
}

static void put_leverage(const struct facts *f, const struct config *cfg, struct buf *b) {
    money times;
    const money equity = equity_of(f);
    const bool known = money_e8(equity) > 0 &&
                       money_ratio(f->account.exposure, E8, money_e8(equity), ROUND_CEIL, &times);
    const struct entry e = {.name = "leverage",
                            .key = "trading.leverage",
                            .used_e8 = known ? i64_max(money_e8(times), 0) : -1,
                            .limit_e8 = cfg->trading_leverage * E8};
    put_entry(b, &e, "what all positions and entries are worth, in multiples of equity");
}

/* What the venue said last of its own limit; its size is not told there. */
static void put_weight(const struct api_options *o, struct buf *b) {
    if (str_eq(o->cfg->venue_kind, STR("paper"))) return;
    const struct metric *const m = o->alone ? NULL : metric_get(M_VENUE_WEIGHT, NULL);
    const struct entry e = {
        .name = "venue_weight", .used_e8 = m ? metric_value(m) * E8 : -1, .limit_e8 = -1};
    put_entry(b, &e,
              m ? "request weight of this minute, as the venue told last"
                : "only the trader's own process knows the venue's count");
}

/* --- what rests --------------------------------------------------------------------------- */

static void put_rest(struct buf *b, const char *name, const char *key, const char *about, usec from,
                     int64_t lasts_s, usec now) {
    const usec until = from + lasts_s * USEC_PER_S;
    if (from == 0 || until <= now) return;
    const struct entry e = {.name = name,
                            .key = key,
                            .about = about,
                            .used_e8 = i64_max(now - from, 0) / USEC_PER_S * E8,
                            .limit_e8 = lasts_s * E8,
                            .until = until};
    put_entry(b, &e, "rests: not traded until then; seconds that have passed, of all");
}

static const char *name_of(const struct author_use *u) {
    return u->username[0] != '\0' ? u->username : u->key;
}

static void put_authors(const struct facts *f, const struct config *cfg, struct buf *b) {
    for (int i = 0; i < f->use_count; i++)
        put_rest(b, "cooldown_author", "trading.cooldown_author_s", name_of(&f->uses[i]),
                 f->uses[i].last_trade_at, cfg->trading_cooldown_author_s, f->now);
    for (int i = 0; i < f->use_count; i++) {
        const struct author_use *const u = &f->uses[i];
        if (u->day != time_utc_day(f->now) || u->trades_today == 0) continue;
        const struct entry e = {.name = "author_trades",
                                .key = "trading.author_trades_per_day",
                                .about = name_of(u),
                                .used_e8 = u->trades_today * E8,
                                .limit_e8 = cfg->trading_author_trades_per_day * E8,
                                .until = (u->day + 1) * USEC_PER_DAY};
        put_entry(b, &e, "trades on this author's posts on this UTC day");
    }
}

void api_get_limits(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    struct error err;
    struct facts f;
    char at[TIME_TEXT_BYTES];
    const struct api_options *const o = api_core_options(c);
    struct buf *const b = &ret->body;
    struct store *const s = api_store_take(c);
    const bool ok = read_facts(s, rq->a, rq->cfg, &f, &err);
    api_store_give(c, s);
    if (!ok) {
        api_problem_store(ret, &err);
        return;
    }
    buf_printf(b, "{\"at\":\"" STR_FMT "\",\"limits\":[", STR_ARG(time_format_rfc3339(f.now, at)));
    put_positions(&f, rq->cfg, b);
    put_drawdown(&f, rq->cfg, b);
    put_size(&f, rq->cfg, b);
    put_leverage(&f, rq->cfg, b);
    put_weight(o, b);
    for (int i = 0; i < f.rest_count; i++)
        put_rest(b, "cooldown_symbol", "trading.cooldown_symbol_s", f.rests[i].symbol,
                 f.rests[i].closed_at, rq->cfg->trading_cooldown_symbol_s, f.now);
    put_authors(&f, rq->cfg, b);
    buf_put(b, STR("]}\n"));
}
