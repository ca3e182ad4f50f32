/* Properties of the matching engine over seeded runs: an accountant who sees only events and the
 * public face checks after every call that money is neither made nor lost, that locks are those of
 * the open orders, and that no fill is better or earlier than the rules allow. A failure prints its
 * seed; `test_match_random SEED` runs that one. */
#include <stdlib.h>

#include "match_random.h"

#define SEEDS 300
#define MINUTES 60
#define ORDERS_SEEN 8192
#define ASSETS 4

/* What the accountant knows of an order. */
struct known {
    bool ended;
    int64_t filled_e8;
};

struct accountant {
    uint64_t seed;
    int64_t total_e8[WORLD_ACCOUNTS][ASSETS];
    struct known orders[ORDERS_SEEN];
    int64_t list_leg[ORDERS_SEEN]; /* the order of a pair that filled, by list */
    int64_t last_trade;
    int64_t in_range_e8; /* filled by the candle that is being shown */
    int trades, fired, activated, expired[9];
};

#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond)) fail_msg("seed %llu: %s", (unsigned long long)a->seed, #cond);                \
    } while (0)

static int asset_of(const struct world *w, const char *name) {
    for (int i = 0; i < match_asset_count(w->bench.m); i++) {
        if (strcmp(match_asset_name(w->bench.m, i), name) == 0) return i;
    }
    fail_msg("no asset %s", name);
    return -1;
}

static int64_t scaled(int64_t v, int64_t num, int64_t den) {
    int64_t whole = v / den, rest = v % den;
    return whole * num + rest * num / den;
}

/* Within [low, high], give or take spread and slippage, and a tick each for their rounding. */
static void check_price(struct accountant *a, const struct world *w, const struct match_event *e) {
    const struct match_order *o = &e->order;
    const struct match_options *opt = &w->bench.opt;
    int64_t at = price_e8(e->fill_price), tick = price_e8(w->bench.v[o->sym].tick);
    int64_t off = opt->spread_e8 / 2 + opt->slippage_e8 + 1;
    bool arrivals = opt->price_stands && opt->latency > 0; /* they meet the price before */
    if (w->in_candle && o->sym == w->candle.sym && !e->maker && !arrivals) {
        int64_t low = price_e8(w->candle.low), high = price_e8(w->candle.high);
        CHECK(at >= low - scaled(low, off, E8) - 2 * tick);
        CHECK(at <= high + scaled(high, off, E8) + 2 * tick);
        bool late = !opt->price_stands && o->created_at > w->candle.open_at;
        int64_t close = price_e8(w->candle.close);
        if (late) CHECK(llabs(at - close) <= scaled(close, off, E8) + 2 * tick);
    }
    bool buy = o->side == ORDER_BUY;
    if (!price_is_zero(o->limit)) CHECK(buy ? at <= price_e8(o->limit) : at >= price_e8(o->limit));
    bool follows = o->extra.trailing_bp != 0;
    int64_t trigger = price_e8(follows ? o->trailing : o->stop);
    bool worse = o->type == ORDER_STOP_LOSS || (follows && o->type == ORDER_TAKE_PROFIT);
    if (worse) CHECK(buy ? at >= trigger : at <= trigger);
}

static void book_trade(struct accountant *a, const struct world *w, const struct match_event *e) {
    const struct symbol *s = &w->bench.v[e->order.sym];
    int64_t *of = a->total_e8[e->order.account];
    int base = asset_of(w, s->base), quote = asset_of(w, s->quote);
    int64_t sign = e->order.side == ORDER_BUY ? 1 : -1;
    of[base] += sign * qty_e8(e->fill_qty);
    of[quote] -= sign * money_e8(e->fill_quote);
    of[e->fee_in_base ? base : quote] -= e->fee_e8;
    CHECK(e->fee_in_base == (e->order.account != 1 && e->order.side == ORDER_BUY));
    CHECK(e->trade_id == a->last_trade + 1);
    a->last_trade = e->trade_id;
    a->trades++;
    /* price x qty is exact here: ticks and steps are coarse, except where 1e-8 is cut */
    int64_t exact = scaled(qty_e8(e->fill_qty), price_e8(e->fill_price), E8);
    CHECK(llabs(money_e8(e->fill_quote) - exact) <= 1);
    if (w->in_candle && e->order.sym == w->candle.sym) a->in_range_e8 += qty_e8(e->fill_qty);
}

static void check_order(struct accountant *a, const struct world *w, const struct match_event *e) {
    const struct match_order *o = &e->order;
    CHECK(o->id > 0 && o->id < ORDERS_SEEN);
    struct known *k = &a->orders[o->id];
    CHECK(!k->ended); /* nothing follows an end */
    CHECK(e->at >= o->created_at);
    if (e->kind == MATCH_EV_TRADE) {
        CHECK(qty_e8(o->filled) == k->filled_e8 + qty_e8(e->fill_qty));
        CHECK(qty_e8(e->fill_qty) > 0);
        CHECK(e->at >= o->created_at + w->bench.opt.latency);
        k->filled_e8 = qty_e8(o->filled);
        check_price(a, w, e);
        book_trade(a, w, e);
    }
    CHECK(qty_e8(o->filled) == k->filled_e8);
    if (money_is_zero(o->quote_qty)) CHECK(qty_cmp(o->filled, o->qty) <= 0);
    if (!money_is_zero(o->quote_qty))
        CHECK(money_cmp(o->quote_filled, o->quote_qty) <= 0 || o->side == ORDER_SELL);
    k->ended = !match_is_live(o->status);
    if (o->tif == TIF_FOK && k->ended) CHECK(o->status == MATCH_FILLED || k->filled_e8 == 0);
}

/* Two orders of a pair never both trade. */
static void check_pair(struct accountant *a, const struct world *w, const struct match_event *e) {
    if (e->kind != MATCH_EV_TRADE || e->order.list_id == MATCH_NO_LIST) return;
    struct match_ref ref = {.account = e->order.account, .sym = SYM_NONE, .id = e->order.list_id};
    const struct match_list *l = match_find_list(w->bench.m, &ref);
    if (l == NULL || l->kind == MATCH_OTO || l->kind == MATCH_OPO) return;
    bool working = l->kind != MATCH_OCO && l->order_ids[0] == e->order.id;
    if (working) return;
    int64_t *filled = &a->list_leg[l->id];
    CHECK(*filled == 0 || *filled == e->order.id);
    *filled = e->order.id;
}

static void check_balances(struct accountant *a, const struct world *w) {
    for (int account = 0; account < WORLD_ACCOUNTS; account++) {
        for (int i = 0; i < match_asset_count(w->bench.m); i++) {
            struct match_balance b = match_balance(w->bench.m, account, i);
            CHECK(b.free_e8 + b.locked_e8 == a->total_e8[account][i]);
            CHECK(b.locked_e8 >= 0);
            if (account != 1) CHECK(b.free_e8 >= 0);
        }
    }
}

static int64_t need_of(const struct match_order *o) {
    qty left = qty_minus(o->qty, o->filled);
    money m = money_from_e8(0);
    if (o->side == ORDER_SELL) return qty_e8(left);
    price at = price_is_zero(o->limit) ? o->stop : o->limit;
    assert_true(money_notional(at, left, ROUND_CEIL, &m));
    return money_e8(m);
}

/* Locks against open orders, told from the public face. Not while an order without a
 * price waits (MARKET, trailing): what it locks was estimated from a price that is gone. */
static void check_locks(struct accountant *a, const struct world *w) {
    for (int account = 0; account < WORLD_ACCOUNTS; account++) {
        int64_t locked[ASSETS] = {0};
        bool waiting = false;
        const struct match_order *o = NULL, *before = NULL;
        int64_t pair_need = 0; /* of the leg before, when this may be its sibling */
        while ((o = match_next_open(w->bench.m, account, SYM_NONE, o)) != NULL) {
            const struct symbol *s = &w->bench.v[o->sym];
            bool guessed = price_is_zero(o->limit) && price_is_zero(o->stop);
            waiting = waiting || guessed;
            if (o->status == MATCH_PENDING_NEW || guessed) continue;
            struct match_ref ref = {.account = account, .sym = SYM_NONE, .id = o->list_id};
            const struct match_list *l =
                o->list_id == MATCH_NO_LIST ? NULL : match_find_list(w->bench.m, &ref);
            bool paired = l && l->kind != MATCH_OTO && l->kind != MATCH_OPO &&
                          (l->kind == MATCH_OCO || l->order_ids[0] != o->id);
            int64_t need = need_of(o);
            int64_t counted = paired && before && before->list_id == o->list_id ? pair_need : 0;
            locked[asset_of(w, o->side == ORDER_SELL ? s->base : s->quote)] +=
                need > counted ? need - counted : 0;
            pair_need = need;
            before = paired ? o : NULL;
        }
        for (int i = 0; i < match_asset_count(w->bench.m) && !waiting; i++) {
            int64_t off = match_balance(w->bench.m, account, i).locked_e8 - locked[i];
            CHECK(llabs(off) <= (w->fine ? 50 : 0)); /* fine: the last units may be missing */
        }
    }
}

static void visit(struct world *w, void *ctx) {
    struct accountant *a = ctx;
    struct match_event e;
    a->in_range_e8 = 0;
    while (match_next_event(w->bench.m, &e)) {
        a->fired += e.kind == MATCH_EV_ACTIVE && e.order.triggered;
        a->activated += e.kind == MATCH_EV_ACTIVE && !e.order.triggered;
        if (e.kind == MATCH_EV_EXPIRED) a->expired[e.order.reason]++;
        if (e.kind == MATCH_EV_LIST_NEW || e.kind == MATCH_EV_LIST_DONE) continue;
        check_order(a, w, &e);
        check_pair(a, w, &e);
    }
    bool capped = w->bench.opt.volume_cap_e8 > 0 && volume_e8(w->candle.volume) > 0;
    bool arrivals = w->bench.opt.price_stands && w->bench.opt.latency > 0; /* at the open's cap */
    if (w->in_candle && w->opened[w->candle.sym] && capped && !arrivals) {
        CHECK(a->in_range_e8 <=
              scaled(volume_e8(w->candle.volume), w->bench.opt.volume_cap_e8, E8));
    }
    const char *fault = match_fault(w->bench.m);
    if (fault) fail_msg("seed %llu: %s", (unsigned long long)a->seed, fault);
    check_balances(a, w);
    check_locks(a, w);
}

static void run_seed(uint64_t seed, struct accountant *a) {
    static struct world w;
    *a = (struct accountant){.seed = seed};
    world_init(&w, seed);
    for (int account = 0; account < WORLD_ACCOUNTS; account++) {
        for (int i = 0; i < match_asset_count(w.bench.m); i++) {
            struct match_balance b = match_balance(w.bench.m, account, i);
            a->total_e8[account][i] = b.free_e8 + b.locked_e8;
        }
    }
    w.visit = visit;
    w.ctx = a;
    for (int i = 0; i < MINUTES; i++) world_minute(&w);
    bench_end(&w.bench);
}

static uint64_t only_seed;

static void test_money_is_conserved_and_no_fill_is_too_good(void **state) {
    static struct accountant a;
    int trades = 0, fired = 0, activated = 0, rejected = 0, sibling = 0, thin = 0;
    if (only_seed != 0) {
        run_seed(only_seed, &a);
        return;
    }
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        run_seed(seed, &a);
        trades += a.trades;
        fired += a.fired;
        activated += a.activated;
        rejected += a.expired[MATCH_REASON_REJECTED];
        sibling += a.expired[MATCH_REASON_OCO_TRIGGER];
        thin += a.expired[MATCH_REASON_INSUFFICIENT_LIQUIDITY];
    }
    print_message("%d trades, %d fired, %d activated, %d rejected at activation, %d siblings, "
                  "%d out of liquidity\n",
                  trades, fired, activated, rejected, sibling, thin);
    /* the runs reach what they are meant to test */
    assert_true(trades > 1000 && fired > 100 && activated > 100);
    assert_true(rejected > 10 && sibling > 50 && thin > 10);
    (void)state;
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_money_is_conserved_and_no_fill_is_too_good),
    };
    int64_t seed = 0;
    if (argc > 1 && str_to_i64(str_from_z(argv[1]), &seed)) only_seed = (uint64_t)seed;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
