/* exchange: the simulated exchange as a whole: opening it, its time, its requests.
 *
 * In: options once, then calls with the caller's time. Out: answers as bytes. Time moves in
 * exchange_advance: everything that is due by then happens in the order of its time (a request that
 * was answered before it is carried out, a fault that ends, one that begins, prices), with the
 * engine, the records and the streams told in that order. Two exchanges with the same options and
 * the same calls say the same bytes.
 *
 * Who changes the engine calls sim_settle behind it. Failure: an error at opening; later all that a
 * client can do wrong is an answer. One thread. */
#include "sim/exchange.h"

#include <inttypes.h>
#include <stdlib.h>

#include "sim/market_int.h"

#define MEM_BYTES (8 << 20)
#define REQUEST_MAX (256 << 10) /* query and body together */
#define ANSWER_MAX (64 << 20)
#define ORDERS_MAX 4096
#define HISTORY 256 /* of the engine; the records keep all */
#define MEAN_MINS 5
#define ENGINE_SLACK (10 * USEC_PER_S)

struct sim_deposits {
    struct sim_deposit *v;
    int count;
};

/* -- opening -------------------------------------------------------------------------------- */

static bool key_fits(str key) {
    for (ptrdiff_t i = 0; i < key.n; i++) {
        char c = key.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))) {
            return false;
        }
    }
    return key.n > 0 && key.n < (ptrdiff_t)sizeof((struct sim_client *)0)->key;
}

static bool options_check(const struct exchange_options *o, struct error *err) {
    if (o->symbols->count < 1) return fail(err, ERR_RANGE, 0, "simulated exchange: no symbols");
    if (o->account_count < 0 || o->account_count > SIM_ACCOUNTS_MAX) {
        return fail(err, ERR_RANGE, 0, "simulated exchange: %d accounts, at most %d are possible",
                    o->account_count, SIM_ACCOUNTS_MAX);
    }
    if (o->fee_e8 < 0 || o->fee_e8 >= E8 / 2) {
        return fail(err, ERR_RANGE, 0, "simulated exchange: the commission is no share under 0.5");
    }
    for (int i = 0; i < o->account_count; i++) {
        if (!key_fits(o->accounts[i].key) || o->accounts[i].secret.n < 1) {
            return fail(err, ERR_RANGE, 0,
                        "simulated exchange: account %d: a key is 1 to 127 letters and digits, "
                        "with a secret",
                        i + 1);
        }
        for (int k = 0; k < i; k++) {
            if (!str_eq(o->accounts[i].key, o->accounts[k].key)) continue;
            return fail(err, ERR_EXISTS, 0, "simulated exchange: accounts %d and %d have one key",
                        k + 1, i + 1);
        }
    }
    return true;
}

static void symbols_copy(struct exchange *ex, const struct symbols *from) {
    ex->symbols.count = from->count;
    ex->symbols.v = NEW_ARRAY(ex->boot, struct symbol, from->count);
    ex->listed = NEW_ARRAY(ex->boot, struct symbol, from->count);
    memcpy(ex->symbols.v, from->v, (size_t)from->count * sizeof from->v[0]);
    memcpy(ex->listed, from->v, (size_t)from->count * sizeof from->v[0]);
}

static void deposits_copy(struct exchange *ex, int account, const struct sim_account *from) {
    struct sim_deposits *d = &ex->deposits[account];
    d->count = from->deposits ? from->deposit_count : 0;
    d->v = NEW_ARRAY(ex->boot, struct sim_deposit, d->count + 1);
    for (int i = 0; i < d->count; i++) {
        d->v[i] = (struct sim_deposit){str_dup(ex->boot, from->deposits[i].asset),
                                       from->deposits[i].amount_e8};
    }
}

/* As the test network does: something of everything. */
static int64_t handed_out(const char *asset) {
    str a = str_from_z(asset);
    if (str_eq(a, STR("BTC")) || str_eq(a, STR("ETH")) || str_eq(a, STR("BNB"))) return E8;
    return 10000 * E8;
}

static bool deposits_make(struct exchange *ex, int account, struct error *err) {
    const struct sim_deposits *d = &ex->deposits[account];
    for (int i = 0; i < d->count; i++) {
        if (match_deposit(ex->match, account, d->v[i].asset, d->v[i].amount_e8)) continue;
        return fail(err, ERR_RANGE, 0,
                    "simulated exchange: account %d: cannot begin with this much " STR_FMT
                    " (an asset of a listed pair, 0 or more)",
                    account + 1, STR_ARG(d->v[i].asset));
    }
    if (d->count > 0) return true;
    for (int i = 0; i < match_asset_count(ex->match); i++) {
        const char *asset = match_asset_name(ex->match, i);
        if (!match_deposit(ex->match, account, str_from_z(asset), handed_out(asset))) {
            WRONG("an asset that the engine lists");
        }
    }
    return true;
}

static void rules_set(struct exchange *ex) {
    const struct fault_answers *a = ex->answers;
    match_rules_set(ex->match,
                    &(struct match_rules){.locks_pending_funds = a->locks_pending_funds,
                                          .ended_lists_count = a->ended_lists_count,
                                          .filters_bind_triggered = a->filters_bind_triggered,
                                          .partial_keeps_stop = a->partial_keeps_stop});
}

static bool engine_open(struct exchange *ex, struct error *err) {
    struct match_options opt = {.id_seed = ex->opt.seed,
                                .accounts_max = SIM_ACCOUNTS_MAX,
                                .orders_max = ORDERS_MAX,
                                .history_max = HISTORY,
                                .depth_max = SIM_DEPTH,
                                .spread_e8 = E8 / 10000,
                                .price_stands = true,
                                .mean_mins = MEAN_MINS,
                                .status_binds = true};
    if (ex->opt.orders_max > 0) opt.orders_max = ex->opt.orders_max;
    if (!match_open(ex->boot, &ex->symbols, &opt, &ex->match, err)) return false;
    match_advance(ex->match, ex->now);
    rules_set(ex);
    return true;
}

static bool clients_open(struct exchange *ex, const struct exchange_options *o, struct error *err) {
    ex->deposits = NEW_ARRAY(ex->boot, struct sim_deposits, o->account_count + 1);
    for (int i = 0; i < o->account_count; i++) {
        struct match_account terms = {.maker_fee_e8 = o->fee_e8, .taker_fee_e8 = o->fee_e8};
        struct sim_client *a = &ex->clients[i];
        IGNORE(!str_copyz(o->accounts[i].key, a->key, (ptrdiff_t)sizeof a->key), "key_fits");
        a->mac = sim_mac_new(o->accounts[i].secret);
        ex->client_count++;
        PRE(match_account_open(ex->match, &terms) == i);
        deposits_copy(ex, i, &o->accounts[i]);
        if (!deposits_make(ex, i, err)) return false;
    }
    return true;
}

static bool faults_open(struct exchange *ex, struct error *err) {
    static const struct fault_answers settled;
    ex->answers = ex->faults ? faults_answers(ex->faults) : &settled;
    return !ex->faults || faults_begin(ex->faults, &ex->symbols, ex->now, err);
}

bool exchange_open(struct arena *boot, const struct exchange_options *opt, struct exchange **ret,
                   struct error *err) {
    if (!options_check(opt, err)) return false;
    struct exchange *ex = NEW(boot, struct exchange);
    ex->boot = boot;
    ex->opt = *opt;
    ex->faults = opt->faults;
    ex->now = opt->start;
    rng_init(&ex->rng, opt->seed);
    symbols_copy(ex, opt->symbols);
    arena_open(&ex->mem, MEM_BYTES);
    buf_init(&ex->scratch, ANSWER_MAX);
    buf_init(&ex->fresh, ANSWER_MAX);
    if (!faults_open(ex, err) || !engine_open(ex, err) || !clients_open(ex, opt, err) ||
        !sim_ticks_open(ex, err) || !sim_streams_open(ex, err)) {
        exchange_close(ex);
        return false;
    }
    match_save(ex->match, &ex->fresh);
    *ret = ex;
    return true;
}

static void later_free(struct sim_later *l) {
    free(l->params);
    free(l);
}

static void later_clear(struct exchange *ex) {
    while (ex->later) {
        struct sim_later *l = ex->later;
        ex->later = l->next;
        later_free(l);
    }
}

void exchange_close(struct exchange *ex) {
    if (!ex) return;
    if (ex->streams) sim_streams_close(ex);
    if (ex->prices) sim_ticks_close(ex);
    later_clear(ex);
    records_fini(&ex->records);
    for (int i = 0; i < ex->client_count; i++) sim_mac_free(ex->clients[i].mac);
    buf_fini(&ex->scratch);
    buf_fini(&ex->fresh);
    arena_close(&ex->mem);
}

/* -- what happened in the engine ------------------------------------------------------------ */

/* The engine's times become server times; what has an order's record keeps what it was. */
static void to_server_times(struct exchange *ex, struct match_event *e) {
    const struct sim_order *known = records_order(ex, e->order.id);
    usec moved = known ? known->moved : ex->skew;
    e->at += ex->skew;
    e->order.created_at += moved;
    e->order.updated_at += ex->skew;
    if (e->order.working_at > 0) e->order.working_at += moved;
    if (e->order.trailing_at > 0) e->order.trailing_at += moved;
}

/* An order that trades for the first time is not unfilled any more. */
static void count_fill(struct exchange *ex, const struct match_event *e) {
    const struct sim_order *o = records_order(ex, e->order.id);
    if (o->first_trade != o->last_trade) return;
    sim_orders_add(ex, e->order.account, e->maker ? -5 : -1);
}

void sim_settle(struct exchange *ex) {
    struct match_event e;
    bool any = false;
    while (match_next_event(ex->match, &e)) {
        bool of_order = e.kind != MATCH_EV_LIST_NEW && e.kind != MATCH_EV_LIST_DONE;
        any = true;
        if (of_order) {
            to_server_times(ex, &e);
        } else {
            e.at += ex->skew;
        }
        records_event(ex, &e);
        if (e.kind == MATCH_EV_TRADE) {
            count_fill(ex, &e);
            sim_ticks_eaten(ex, &e);
        }
        sim_user_event(ex, &e);
    }
    if (any) sim_user_settled(ex);
}

/* -- faults of the exchange itself ---------------------------------------------------------- */

static qty qty_times(qty q, int64_t factor) {
    qty r;
    return qty_ratio(q, factor, 1, ROUND_FLOOR, &r) ? r : q;
}

static void filters_coarsen(struct symbol *s, int64_t factor) {
    price tick;
    money least;
    if (price_ratio(s->tick, factor, 1, ROUND_FLOOR, &tick)) s->tick = tick;
    if (money_ratio(s->min_notional, factor, 1, ROUND_FLOOR, &least)) s->min_notional = least;
    s->step = qty_times(s->step, factor);
    s->min_qty = qty_times(s->min_qty, factor);
}

static void symbol_change(struct symbol *s, const struct fault *f) {
    if (f->kind == FAULT_FILTER_CHANGE) {
        filters_coarsen(s, f->amount);
    } else {
        s->status = f->kind == FAULT_SYMBOL_HALT ? SYMBOL_HALT : SYMBOL_CANCEL_ONLY;
        s->trading = false;
    }
}

/* The symbols as listed, with all that lasts now. */
void sim_changes_apply(struct exchange *ex) {
    memcpy(ex->symbols.v, ex->listed, (size_t)ex->symbols.count * sizeof ex->listed[0]);
    for (int i = 0; i < SIM_CHANGES; i++) {
        const struct sim_change *x = &ex->changes[i];
        for (int k = 0; x->used && k < ex->symbols.count; k++) {
            if (x->fault.sym == SYM_NONE || x->fault.sym == k) {
                symbol_change(&ex->symbols.v[k], &x->fault);
            }
        }
    }
}

static void change_begin(struct exchange *ex, const struct fault *f) {
    for (int i = 0; i < SIM_CHANGES; i++) {
        if (ex->changes[i].used) continue;
        ex->changes[i] =
            (struct sim_change){true, f->delay > 0 ? ex->now + f->delay : USEC_NEVER, *f};
        break;
    }
    sim_changes_apply(ex);
}

static usec changes_next(const struct exchange *ex) {
    usec at = USEC_NEVER;
    for (int i = 0; i < SIM_CHANGES; i++) {
        if (ex->changes[i].used) at = i64_min(at, ex->changes[i].until);
    }
    return at;
}

static void changes_end(struct exchange *ex) {
    for (int i = 0; i < SIM_CHANGES; i++) {
        if (ex->changes[i].until <= ex->now) ex->changes[i].used = false;
    }
    sim_changes_apply(ex);
}

static void prices_gap(struct exchange *ex, const struct fault *f) {
    for (int i = 0; i < ex->symbols.count; i++) {
        if (f->sym != SYM_NONE && f->sym != i) continue;
        sim_ticks_gap(ex, i, E8 + f->amount);
        sim_settle(ex);
    }
}

static void fault_happens(struct exchange *ex, const struct fault *f) {
    switch ((int)f->kind) { /* those of the exchange itself */
    case FAULT_CLOCK_JUMP:
        ex->skew += f->amount;
        break;
    case FAULT_MONTHLY_RESET:
        exchange_reset(ex, ex->now);
        break;
    case FAULT_FILTER_CHANGE:
    case FAULT_SYMBOL_HALT:
    case FAULT_CANCEL_ONLY:
        change_begin(ex, f);
        break;
    case FAULT_PRICE_GAP:
        prices_gap(ex, f);
        break;
    default: /* not an enum */
        sim_streams_fault(ex, f);
        break; /* not an enum */
    }
}

/* -- what is carried out later -------------------------------------------------------------- */

/* Copies of all parameters in one block; free() it. */
static struct sim_param *params_copy(const struct sim_param *from, int count) {
    size_t bytes = 1 + (size_t)count * sizeof *from;
    for (int i = 0; i < count; i++) bytes += (size_t)(from[i].name.n + from[i].value.n);
    struct sim_param *v = malloc(bytes);
    PRE(v != NULL);
    char *at = (char *)(v + count);
    for (int i = 0; i < count; i++) {
        v[i] = from[i];
        v[i].name.p = memcpy(at, from[i].name.p, (size_t)from[i].name.n);
        at += from[i].name.n;
        v[i].value.p = memcpy(at, from[i].value.p, (size_t)from[i].value.n);
        at += from[i].value.n;
    }
    return v;
}

static void later_link(struct exchange *ex, struct sim_later *l) {
    struct sim_later **at = &ex->later;
    while (*at && (*at)->at <= l->at) at = &(*at)->next;
    l->next = *at;
    *at = l;
}

void sim_later_add(struct exchange *ex, const struct sim_later *l, const struct sim_param *params) {
    struct sim_later *copy = calloc(1, sizeof *copy);
    PRE(copy != NULL);
    *copy = *l;
    copy->params = params_copy(params, l->param_count);
    later_link(ex, copy);
}

void sim_later_put(struct sim_call *c, const struct sim_route *r) {
    struct exchange *ex = c->ex;
    usec fence = c->timestamp + c->window + ENGINE_SLACK - ex->skew;
    struct sim_later l = {.at = i64_max(ex->now, i64_min(ex->now + c->fault.delay, fence)),
                          .account = c->account,
                          .route = r,
                          .micros = c->micros,
                          .param_count = c->param_count,
                          .fault = c->fault};
    sim_later_add(ex, &l, c->params);
}

/* What the gate saw when it let the request in. */
static bool is_of_gate(str name) {
    return str_eq(name, STR("timestamp")) || str_eq(name, STR("recvWindow")) ||
           str_eq(name, STR("signature")) || str_eq(name, STR("apiKey"));
}

static void later_run(struct exchange *ex) {
    struct sim_later *l = ex->later;
    struct sim_call *c = &ex->late_call;
    ex->later = l->next;
    arena_reset(&ex->mem);
    sim_call_init(c, ex, &ex->scratch);
    c->param_count = l->param_count;
    for (int i = 0; i < l->param_count; i++) {
        c->params[i] = l->params[i];
        c->params[i].read = is_of_gate(l->params[i].name);
    }
    c->account = l->account;
    c->micros = l->micros;
    sim_call_resume(c, l->route);
    later_free(l);
}

/* -- time ----------------------------------------------------------------------------------- */

static usec fault_next(const struct exchange *ex) {
    return ex->faults ? faults_next(ex->faults) : USEC_NEVER;
}

/* The next of all but prices and streams. */
static usec deed_next(const struct exchange *ex) {
    usec at = i64_min(changes_next(ex), fault_next(ex));
    return ex->later ? i64_min(at, ex->later->at) : at;
}

static void prices_to(struct exchange *ex, usec at) {
    if (at > ex->now) sim_ticks_advance(ex, at);
    ex->now = i64_max(ex->now, at);
    match_advance(ex->match, ex->now);
    sim_settle(ex);
}

void exchange_advance(struct exchange *ex, usec now) {
    for (usec at; (at = deed_next(ex)) <= now;) {
        struct fault f;
        prices_to(ex, at);
        if (changes_next(ex) <= ex->now) {
            changes_end(ex);
        } else if (ex->later && ex->later->at <= ex->now) {
            later_run(ex);
        } else if (faults_due(ex->faults, ex->now, &f)) {
            fault_happens(ex, &f);
        }
    }
    prices_to(ex, now);
    sim_streams_advance(ex, ex->now);
}

usec exchange_next(const struct exchange *ex) {
    usec at = i64_min(sim_ticks_next(ex), sim_streams_next(ex));
    return i64_min(at, deed_next(ex));
}

/* -- requests ------------------------------------------------------------------------------- */

/* The arena is reset, too: one call at a time. */
static struct sim_call *call_begin(struct exchange *ex, struct buf *out) {
    arena_reset(&ex->mem);
    sim_call_init(&ex->rest_call, ex, out);
    return &ex->rest_call;
}

static void rest_run(struct sim_call *c, const struct sim_request *rq) {
    bool path_known;
    const struct sim_route *r = sim_route_find(rq->method, rq->path, &path_known);
    if (rq->query.n + rq->body.n > REQUEST_MAX) {
        IGNORE(sim_refuse(c, 413, -1101, "Too many parameters; the request is over %d bytes.",
                          REQUEST_MAX),
               "that is the answer");
    } else if (!r) {
        IGNORE(sim_refuse(c, path_known ? 405 : 404, -5000,
                          "Path " STR_FMT ", Method " STR_FMT " is invalid",
                          STR_ARG(str_head(rq->path, 120)), STR_ARG(str_head(rq->method, 16))),
               "that is the answer");
    } else {
        sim_call_run(c, r, rq);
    }
}

void exchange_rest(struct exchange *ex, usec now, const struct sim_request *rq,
                   struct sim_answer *ret) {
    exchange_advance(ex, now);
    struct sim_call *c = call_begin(ex, ret->body);
    rest_run(c, rq);
    ret->status = c->status;
    ret->html = c->html;
    ret->delay = c->delay;
    ret->delivery = c->delivery;
    ret->retry_after_s = c->retry_after_s;
    ret->used_weight = c->used_weight;
    ret->orders_10s = c->orders_10s;
    ret->orders_1d = c->orders_1d;
    ret->rate_limit = ret->rate_remaining = ret->rate_reset = -1;
    ret->stream = -1;
}

/* -- for its owner -------------------------------------------------------------------------- */

void exchange_reset(struct exchange *ex, usec now) {
    struct error err;
    ex->now = i64_max(ex->now, now);
    later_clear(ex);
    records_fini(&ex->records);
    if (!match_load(ex->match, buf_str(&ex->fresh), &err)) WRONG("a state of our own");
    match_advance(ex->match, ex->now);
    for (int i = 0; i < ex->client_count; i++) {
        ex->clients[i].orders_10s = ex->clients[i].orders_1d = (struct sim_window){0};
    }
    sim_ticks_reset(ex);
    sim_settle(ex);
    sim_user_reset(ex);
}

void exchange_fault(struct exchange *ex, usec now, const struct fault *f) {
    exchange_advance(ex, now);
    fault_happens(ex, f);
}

void exchange_clock_set(struct exchange *ex, usec by) { ex->skew = by; }

void exchange_price_set(struct exchange *ex, usec now, int sym, price p) {
    exchange_advance(ex, now);
    sim_ticks_set(ex, sym, p);
    sim_settle(ex);
}

const struct match *exchange_match(const struct exchange *ex) { return ex->match; }

int64_t exchange_trade_count(const struct exchange *ex, int account) {
    PRE(account >= 0 && account < ex->client_count);
    return ex->records.trades_of[account].count;
}

const struct sim_trade *exchange_trade(const struct exchange *ex, int account, int64_t idx) {
    PRE(idx >= 0 && idx < exchange_trade_count(ex, account));
    return &ex->records.trades[ex->records.trades_of[account].v[idx] - 1].t;
}

int64_t exchange_order_count(const struct exchange *ex, int account) {
    PRE(account >= 0 && account < ex->client_count);
    return ex->records.of_account[account].count;
}

const struct match_order *exchange_order(const struct exchange *ex, int account, int64_t idx) {
    PRE(idx >= 0 && idx < exchange_order_count(ex, account));
    return &ex->records.orders[ex->records.of_account[account].v[idx] - 1].o;
}
