/* admin: what the owner of a simulated exchange may ask of it over HTTP, from the same machine:
 * its state as JSON, a price, the monthly reset.
 *
 *   GET  /sim/state                          accounts, live orders, counts, prices
 *   POST /sim/price?symbol=BTCUSDT&price=50  moves a price at once
 *   POST /sim/reset                          the monthly reset
 *   POST /sim/clock?ms=-3000                 server time is so far from the clock's
 *   POST /sim/fault?fault=stream_cut         what can befall the exchange at one moment, now
 *   POST /sim/deposit?account=0&asset=USDT&amount=100    negative: takes
 *
 * Parameters may stand in the query or in the body. No key is asked for: the server lets only
 * loopback come here. Failure: 400 or 404 with {"error": what and why}. */
#include "sim/server.h"

#include "sim/streams_int.h"

static void say(struct sim_answer *ret, int status, const char *error) {
    ret->status = status;
    buf_clear(ret->body);
    buf_put(ret->body, STR("{"));
    sim_put_text(ret->body, status == 200 ? "done" : "error", error);
    buf_put(ret->body, STR("}\n"));
}

/* A plain parameter; names and numbers need no percent signs. */
static bool param(const struct sim_request *rq, const char *name, str *ret) {
    const str from[] = {rq->query, rq->body};
    for (ptrdiff_t i = 0; i < COUNT_OF(from); i++) {
        str list = from[i], pair, key;
        while (list.n > 0 && str_cut(&list, '&', &pair)) {
            if (!str_cut(&pair, '=', &key) || !str_eq(key, str_from_z(name)) || !pair.p) continue;
            *ret = pair;
            return true;
        }
    }
    return false;
}

static void put_account(struct buf *b, const struct exchange *ex, int account) {
    const struct match *m = exchange_match(ex);
    int64_t live = 0;
    for (const struct match_order *o = NULL;
         (o = match_next_open(m, account, SYM_NONE, o)) != NULL;)
        live++;
    buf_put(b, STR("{"));
    sim_put_int(b, "account", account);
    sim_put_int(b, "orders", exchange_order_count(ex, account));
    sim_put_int(b, "live", live);
    sim_put_int(b, "trades", exchange_trade_count(ex, account));
    sim_put_key(b, "balances");
    buf_put(b, STR("{"));
    for (int i = 0; i < match_asset_count(m); i++) {
        const struct match_balance have = match_balance(m, account, i);
        if (have.free_e8 == 0 && have.locked_e8 == 0) continue;
        sim_put_key(b, match_asset_name(m, i));
        buf_put(b, STR("{"));
        sim_put_amount(b, "free", have.free_e8);
        sim_put_amount(b, "locked", have.locked_e8);
        buf_put(b, STR("}"));
    }
    buf_put(b, STR("}}"));
}

static void put_state(struct buf *b, const struct exchange *ex) {
    buf_put(b, STR("{"));
    sim_put_int(b, "serverTime", sim_server_time(ex) / USEC_PER_MS);
    sim_put_key(b, "accounts");
    buf_put(b, STR("["));
    for (int i = 0; i < ex->client_count; i++) {
        if (i) buf_put(b, STR(","));
        put_account(b, ex, i);
    }
    buf_put(b, STR("],\"prices\":{"));
    for (int i = 0; i < ex->symbols.count; i++)
        sim_put_amount(b, ex->symbols.v[i].name, price_e8(sim_prices_get(ex, i)->last));
    buf_put(b, STR("}}\n"));
}

static void set_price(struct exchange *ex, usec now, const struct sim_request *rq,
                      struct sim_answer *ret) {
    str name, text;
    price p;
    const int sym = param(rq, "symbol", &name) ? symbols_find(&ex->symbols, name) : SYM_NONE;
    if (sym == SYM_NONE) {
        say(ret, 400, "symbol= is missing, or is no symbol of this exchange");
    } else if (!param(rq, "price", &text) || !price_parse(text, &p) || price_e8(p) <= 0) {
        say(ret, 400, "price= is missing, or is no price above zero");
    } else {
        exchange_price_set(ex, now, sym, p);
        say(ret, 200, "price");
    }
}

static void set_clock(struct exchange *ex, const struct sim_request *rq, struct sim_answer *ret) {
    str text;
    int64_t ms;
    if (!param(rq, "ms", &text) || !str_to_i64(text, &ms) || ms < -USEC_PER_DAY ||
        ms > USEC_PER_DAY) {
        say(ret, 400, "ms= is missing, or is no number of milliseconds within a day");
        return;
    }
    exchange_clock_set(ex, ms * USEC_PER_MS);
    say(ret, 200, "clock");
}

static void befall(struct exchange *ex, usec now, const struct sim_request *rq,
                   struct sim_answer *ret) {
    struct fault f;
    struct error err;
    str text;
    if (!param(rq, "fault", &text)) {
        say(ret, 400, "fault= is missing; docs/sim.md lists what can befall the exchange");
    } else if (!fault_parse_moment(&ex->symbols, text, &f, &err)) {
        ret->status = 400;
        buf_put(ret->body, STR("{\"error\":"));
        buf_put_json_str(ret->body, str_from_z(err.msg));
        buf_put(ret->body, STR("}\n"));
    } else {
        exchange_fault(ex, now, &f);
        say(ret, 200, "fault");
    }
}

static void deposit(struct exchange *ex, const struct sim_request *rq, struct sim_answer *ret) {
    str account, asset, amount;
    int64_t at, e8;
    if (!param(rq, "account", &account) || !str_to_i64(account, &at) || at < 0 ||
        at >= ex->client_count) {
        say(ret, 400, "account= is missing, or no account's number (GET /sim/state has them)");
    } else if (!param(rq, "asset", &asset) || !param(rq, "amount", &amount) ||
               !amount_parse_e8(amount, &e8) || !match_deposit(ex->match, (int)at, asset, e8)) {
        say(ret, 400, "asset= or amount= is missing, not traded here, or more than there is");
    } else {
        char name[32];
        sim_settle(ex);
        if (str_copyz(asset, name, sizeof name)) user_data_deposit(ex, (int)at, name, e8);
        say(ret, 200, "deposit");
    }
}

void sim_admin(struct exchange *ex, usec now, const struct sim_request *rq,
               struct sim_answer *ret) {
    const bool post = str_eq(rq->method, STR("POST"));
    exchange_advance(ex, now);
    ret->status = 200;
    if (str_eq(rq->path, STR("/sim/state")) && str_eq(rq->method, STR("GET"))) {
        put_state(ret->body, ex);
    } else if (str_eq(rq->path, STR("/sim/price")) && post) {
        set_price(ex, now, rq, ret);
    } else if (str_eq(rq->path, STR("/sim/clock")) && post) {
        set_clock(ex, rq, ret);
    } else if (str_eq(rq->path, STR("/sim/fault")) && post) {
        befall(ex, now, rq, ret);
    } else if (str_eq(rq->path, STR("/sim/deposit")) && post) {
        deposit(ex, rq, ret);
    } else if (str_eq(rq->path, STR("/sim/reset")) && post) {
        exchange_reset(ex, now);
        say(ret, 200, "reset");
    } else {
        say(ret, 404, "there are GET /sim/state and POST /sim/price, clock, fault, deposit, reset");
    }
}
