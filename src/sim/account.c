/* account: what an account may know of itself: open orders, balances, commission, filters.
 *
 * In: calls that have passed the gate. Out: JSON in the exchange's shapes. Self-trade prevention
 * and smart order routing never happen here (accounts trade against market prices only), so their
 * histories are empty. */
#include "sim/sim_int.h"

void sim_do_open_orders(struct sim_call *c) {
    int sym = SYM_NONE;
    bool first = true;
    if (!sim_has(c, "symbol")) c->weight = 80;
    if (!sim_get_sym(c, false, &sym) || !sim_params_done(c)) return;
    buf_put_byte(c->out, '[');
    const struct match_order *o = NULL;
    while ((o = match_next_open(c->ex->match, c->account, sym, o)) != NULL) {
        const struct sim_order *rec = records_order(c->ex, o->id);
        if (!sim_order_seen(c, rec)) continue;
        if (!first) buf_put_byte(c->out, ',');
        first = false;
        sim_put_order(c, rec);
    }
    buf_put_byte(c->out, ']');
}

static void put_rates(struct sim_call *c, const char *key, int64_t e8) {
    sim_put_key(c->out, key);
    buf_put_byte(c->out, '{');
    sim_put_amount(c->out, "maker", e8);
    sim_put_amount(c->out, "taker", e8);
    sim_put_amount(c->out, "buyer", 0);
    sim_put_amount(c->out, "seller", 0);
    buf_put_byte(c->out, '}');
}

static void put_balances(struct sim_call *c, bool omit_zero) {
    bool first = true;
    sim_put_key(c->out, "balances");
    buf_put_byte(c->out, '[');
    for (int i = 0; i < match_asset_count(c->ex->match); i++) {
        struct match_balance b = match_balance(c->ex->match, c->account, i);
        if (omit_zero && b.free_e8 == 0 && b.locked_e8 == 0) continue;
        buf_put(c->out, first ? STR("{") : STR(",{"));
        first = false;
        sim_put_text(c->out, "asset", match_asset_name(c->ex->match, i));
        sim_put_amount(c->out, "free", b.free_e8);
        sim_put_amount(c->out, "locked", b.locked_e8);
        buf_put_byte(c->out, '}');
    }
    buf_put_byte(c->out, ']');
}

/* Whose the key is: another key, another account, at whichever of these exchanges. */
static int64_t uid_of(const struct sim_call *c) {
    const str key = str_from_z(c->ex->clients[c->account].key);
    return 100000000 + (int64_t)(str_hash(key) % 900000000);
}

void sim_do_account(struct sim_call *c) {
    bool omit_zero = false;
    if (!sim_get_bool(c, "omitZeroBalances", &omit_zero) || !sim_params_done(c)) return;
    int64_t fee_e8 = c->ex->opt.fee_e8, bp = fee_e8 / (E8 / 10000);
    buf_put_byte(c->out, '{');
    sim_put_int(c->out, "makerCommission", bp);
    sim_put_int(c->out, "takerCommission", bp);
    sim_put_int(c->out, "buyerCommission", 0);
    sim_put_int(c->out, "sellerCommission", 0);
    put_rates(c, "commissionRates", fee_e8);
    sim_put_bool(c->out, "canTrade", true);
    sim_put_bool(c->out, "canWithdraw", false);
    sim_put_bool(c->out, "canDeposit", false);
    sim_put_bool(c->out, "brokered", false);
    sim_put_bool(c->out, "requireSelfTradePrevention", false);
    sim_put_bool(c->out, "preventSor", false);
    sim_put_time(c, "updateTime", c->now);
    sim_put_text(c->out, "accountType", "SPOT");
    put_balances(c, omit_zero);
    sim_put_key(c->out, "permissions");
    sim_put_z(c->out, "[\"SPOT\"]");
    sim_put_int(c->out, "uid", uid_of(c));
    buf_put_byte(c->out, '}');
}

void sim_do_commission(struct sim_call *c) {
    int sym = SYM_NONE;
    if (!sim_get_sym(c, true, &sym) || !sim_params_done(c)) return;
    buf_put_byte(c->out, '{');
    sim_put_text(c->out, "symbol", c->ex->symbols.v[sym].name);
    put_rates(c, "standardCommission", c->ex->opt.fee_e8);
    put_rates(c, "specialCommission", 0);
    put_rates(c, "taxCommission", 0);
    sim_put_key(c->out, "discount");
    buf_put_byte(c->out, '{');
    sim_put_bool(c->out, "enabledForAccount", false);
    sim_put_bool(c->out, "enabledForSymbol", false);
    sim_put_text(c->out, "discountAsset", "BNB");
    sim_put_amount(c->out, "discount", 0);
    buf_put(c->out, STR("}}"));
}

void sim_do_my_filters(struct sim_call *c) {
    int sym = SYM_NONE;
    if (!sim_get_sym(c, true, &sym) || !sim_params_done(c)) return;
    sim_put_z(c->out, "{\"exchangeFilters\":[],\"symbolFilters\":[],\"assetFilters\":[]}");
}

static bool read_history(struct sim_call *c, const char *const *names, int count) {
    int sym = SYM_NONE;
    if (!sim_get_sym(c, true, &sym)) return false;
    for (int i = 0; i < count; i++) {
        int64_t ignored = 0;
        if (!sim_get_i64(c, names[i], false, 0, INT64_MAX / 2, &ignored)) return false;
    }
    return sim_params_done(c);
}

void sim_do_prevented_matches(struct sim_call *c) {
    static const char *const names[] = {"preventedMatchId", "orderId", "fromPreventedMatchId",
                                        "limit"};
    if (!sim_has(c, "preventedMatchId") && !sim_has(c, "orderId")) {
        sim_refuse(c, 0, -1102,
                   "Param 'preventedMatchId' or 'orderId' must be sent, but both were "
                   "empty/null!");
        return;
    }
    if (sim_has(c, "orderId")) c->weight = 20;
    if (read_history(c, names, COUNT_OF(names))) sim_put_z(c->out, "[]");
}

void sim_do_allocations(struct sim_call *c) {
    static const char *const names[] = {"startTime", "endTime", "fromAllocationId", "limit",
                                        "orderId"};
    if (read_history(c, names, COUNT_OF(names))) sim_put_z(c->out, "[]");
}
