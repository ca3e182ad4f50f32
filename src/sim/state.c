/* state: the whole exchange as bytes, and back.
 *
 * Out: "BFSIMEX1", the payload's length, the payload field by field in little endian, a checksum
 * over all before it. Symbols, accounts and routes stand by name. In it: server time, order counts,
 * what faults changed and for how long, every order, list and trade, requests that are carried out
 * later, the engine, the prices. Not in it: options, connections, weights and bans, the fault
 * plan's own counts.
 *
 * In: bytes that may be anything, into an exchange that was opened with the same accounts and with
 * symbols among which all of the state's are. Failure: ERR_DAMAGED (not what was saved), ERR_STATE
 * (it does not fit); the exchange must be closed then. */
#include "sim/exchange.h"

#include <stdlib.h>

#include "sim/sim_int.h"

#define MAGIC "BFSIMEX1"
#define MAGIC_BYTES 8
#define TIME_MAX (INT64_MAX / 4)

/* -- writing -------------------------------------------------------------------------------- */

static void put_u64(struct buf *b, uint64_t v) {
    char bytes[8];
    for (int i = 0; i < 8; i++) bytes[i] = (char)(v >> (8 * i) & 0xFF);
    buf_put(b, str_from_bytes(bytes, 8));
}

static void put_i64(struct buf *b, int64_t v) { put_u64(b, (uint64_t)v); }

static void put_str(struct buf *b, str s) {
    put_i64(b, s.n);
    buf_put(b, s);
}

static void put_z(struct buf *b, const char *z) { put_str(b, str_from_z(z)); }

static void put_order(const struct exchange *ex, struct buf *b, const struct sim_order *rec) {
    const struct match_order *o = &rec->o;
    const int64_t numbers[] = {o->list_id,
                               o->account,
                               o->side,
                               o->type,
                               o->tif,
                               qty_e8(o->qty),
                               money_e8(o->quote_qty),
                               price_e8(o->limit),
                               price_e8(o->stop),
                               qty_e8(o->extra.iceberg),
                               o->extra.trailing_bp,
                               o->extra.strategy_id,
                               o->extra.strategy_type,
                               o->trailing_at,
                               price_e8(o->trailing),
                               o->amends,
                               o->status,
                               o->reason,
                               o->triggered,
                               qty_e8(o->filled),
                               money_e8(o->quote_filled),
                               o->created_at,
                               o->updated_at,
                               o->working_at,
                               rec->stp,
                               rec->hidden_until,
                               rec->moved};
    put_z(b, ex->symbols.v[o->sym].name);
    put_z(b, o->coid);
    for (ptrdiff_t i = 0; i < COUNT_OF(numbers); i++) put_i64(b, numbers[i]);
}

static void put_list(const struct exchange *ex, struct buf *b, const struct sim_list *rec) {
    const struct match_list *l = &rec->l;
    put_z(b, ex->symbols.v[l->sym].name);
    put_z(b, l->coid);
    const int64_t numbers[] = {l->kind,       l->account,        l->done,       l->created_at,
                               l->updated_at, rec->hidden_until, l->order_count};
    for (ptrdiff_t i = 0; i < COUNT_OF(numbers); i++) put_i64(b, numbers[i]);
    for (int i = 0; i < l->order_count; i++) put_i64(b, l->order_ids[i]);
}

static void put_trade(struct buf *b, const struct sim_trade *t) {
    const int64_t numbers[] = {t->order_id, qty_e8(t->qty), price_e8(t->price), money_e8(t->quote),
                               t->fee_e8,   t->fee_in_base, t->maker,           t->at};
    for (ptrdiff_t i = 0; i < COUNT_OF(numbers); i++) put_i64(b, numbers[i]);
}

static void put_records(const struct exchange *ex, struct buf *b) {
    const struct sim_records *r = &ex->records;
    put_i64(b, r->order_count);
    for (int64_t i = 0; i < r->order_count; i++) put_order(ex, b, &r->orders[i]);
    put_i64(b, r->list_count);
    for (int64_t i = 0; i < r->list_count; i++) put_list(ex, b, &r->lists[i]);
    put_i64(b, r->trade_count);
    for (int64_t i = 0; i < r->trade_count; i++) put_trade(b, &r->trades[i].t);
}

static void put_window(struct buf *b, const struct sim_window *w) {
    put_i64(b, w->window);
    put_i64(b, w->count);
}

static void put_clients(const struct exchange *ex, struct buf *b) {
    put_i64(b, ex->client_count);
    for (int i = 0; i < ex->client_count; i++) {
        put_z(b, ex->clients[i].key);
        put_window(b, &ex->clients[i].orders_10s);
        put_window(b, &ex->clients[i].orders_1d);
    }
}

static void put_fault(const struct exchange *ex, struct buf *b, const struct fault *f) {
    put_z(b, fault_name(f->kind));
    put_i64(b, f->delay);
    put_i64(b, f->amount);
    put_z(b, f->sym == SYM_NONE ? "" : ex->symbols.v[f->sym].name);
}

static void put_changes(const struct exchange *ex, struct buf *b) {
    int64_t count = 0;
    for (int i = 0; i < SIM_CHANGES; i++) count += ex->changes[i].used;
    put_i64(b, count);
    for (int i = 0; i < SIM_CHANGES; i++) {
        if (!ex->changes[i].used) continue;
        put_i64(b, ex->changes[i].until);
        put_fault(ex, b, &ex->changes[i].fault);
    }
}

static void put_later(const struct exchange *ex, struct buf *b) {
    int64_t count = 0;
    for (const struct sim_later *l = ex->later; l; l = l->next) count++;
    put_i64(b, count);
    for (const struct sim_later *l = ex->later; l; l = l->next) {
        put_i64(b, l->at);
        put_i64(b, l->account);
        put_z(b, l->route->method);
        put_z(b, l->route->path);
        put_i64(b, l->micros);
        put_fault(ex, b, &l->fault);
        put_i64(b, l->param_count);
        for (int i = 0; i < l->param_count; i++) {
            put_str(b, l->params[i].name);
            put_str(b, l->params[i].value);
        }
    }
}

/* What others write, with its length in front. */
static void put_blocks(struct exchange *ex, struct buf *b) {
    buf_clear(&ex->scratch);
    match_save(ex->match, &ex->scratch);
    put_str(b, buf_str(&ex->scratch));
    buf_clear(&ex->scratch);
    sim_ticks_save(ex, &ex->scratch);
    put_str(b, buf_str(&ex->scratch));
    if (buf_full(&ex->scratch)) b->full = true;
}

void exchange_save(struct exchange *ex, struct buf *out) {
    ptrdiff_t start = out->len, at;
    buf_put(out, STR(MAGIC));
    put_u64(out, 0); /* the length, known at the end */
    at = out->len;
    put_i64(out, ex->now);
    put_i64(out, ex->skew);
    for (int i = 0; i < 4; i++) put_u64(out, ex->rng.s[i]);
    put_clients(ex, out);
    put_changes(ex, out);
    put_records(ex, out);
    put_later(ex, out);
    put_blocks(ex, out);
    if (buf_full(out)) return;
    uint64_t bytes = (uint64_t)(out->len - at);
    for (int i = 0; i < 8; i++) out->p[start + MAGIC_BYTES + i] = (char)(bytes >> (8 * i) & 0xFF);
    put_u64(out, str_hash(str_from_bytes(out->p + start, out->len - start)));
}

/* -- reading -------------------------------------------------------------------------------- */

/* Takes from the front; once something was wrong everything reads as nothing. */
struct reader {
    struct exchange *ex;
    str left;
    bool bad, foreign;
    const char *why; /* what was wrong first */
};

static void spoil(struct reader *r, const char *why) {
    if (!r->bad) r->why = why;
    r->bad = true;
}

static void mismatch(struct reader *r, const char *why) {
    if (!r->bad) r->foreign = true;
    spoil(r, why);
}

static uint64_t get_u64(struct reader *r) {
    uint64_t v = 0;
    if (r->bad || r->left.n < 8) {
        spoil(r, "it ends too early");
        return 0;
    }
    for (int i = 0; i < 8; i++) v |= (uint64_t)(unsigned char)r->left.p[i] << (8 * i);
    r->left = str_tail(r->left, 8);
    return v;
}

static int64_t get_i64(struct reader *r) { return (int64_t)get_u64(r); }

static int64_t get_between(struct reader *r, int64_t lo, int64_t hi) {
    int64_t v = get_i64(r);
    if (!r->bad && (v < lo || v > hi)) spoil(r, "a number is out of range");
    return r->bad ? i64_clamp(0, lo, hi) : v;
}

static int64_t get_size(struct reader *r) { return get_between(r, 0, AMOUNT_E8_MAX); }
static usec get_time(struct reader *r) { return get_between(r, -TIME_MAX, TIME_MAX); }
static bool get_flag(struct reader *r) { return get_between(r, 0, 1) != 0; }

static str get_str(struct reader *r) {
    int64_t n = get_between(r, 0, r->left.n);
    str s = str_head(r->left, r->bad ? 0 : n);
    if (s.n < n) spoil(r, "it ends too early");
    r->left = str_tail(r->left, s.n);
    return s;
}

/* How many records of at least `bytes` bytes follow. */
static int64_t get_count(struct reader *r, int64_t bytes) {
    return get_between(r, 0, r->left.n / bytes);
}

static int get_sym(struct reader *r) {
    str name = get_str(r);
    int sym = r->bad ? SYM_NONE : symbols_find(&r->ex->symbols, name);
    if (!r->bad && sym == SYM_NONE) mismatch(r, "it names a symbol that is not listed");
    return sym == SYM_NONE ? 0 : sym;
}

static int get_account(struct reader *r) {
    if (r->ex->client_count == 0) {
        mismatch(r, "it has accounts and there are none");
        return 0;
    }
    return (int)get_between(r, 0, r->ex->client_count - 1);
}

static void get_coid(struct reader *r, char ret[COID_BYTES]) {
    str s = get_str(r);
    if (s.n >= COID_BYTES || (s.n > 0 && memchr(s.p, 0, (size_t)s.n))) {
        spoil(r, "a client id that cannot be");
        s = (str){0};
    }
    IGNORE(!str_copyz(s, ret, COID_BYTES), "it fits");
}

static struct sim_order get_order(struct reader *r, int64_t id) {
    struct sim_order rec = {.o = {.id = id, .sym = get_sym(r)}};
    struct match_order *o = &rec.o;
    get_coid(r, o->coid);
    o->list_id = get_between(r, MATCH_NO_LIST, INT64_MAX / 2);
    o->account = get_account(r);
    o->side = (order_side)get_between(r, 0, ORDER_SELL);
    o->type = (order_type)get_between(r, 0, ORDER_TAKE_PROFIT_LIMIT);
    o->tif = (tif)get_between(r, 0, TIF_FOK);
    o->qty = qty_from_e8(get_size(r));
    o->quote_qty = money_from_e8(get_size(r));
    o->limit = price_from_e8(get_size(r));
    o->stop = price_from_e8(get_size(r));
    o->extra.iceberg = qty_from_e8(get_size(r));
    o->extra.trailing_bp = get_between(r, 0, INT64_MAX / 2);
    o->extra.strategy_id = get_i64(r);
    o->extra.strategy_type = get_i64(r);
    o->trailing_at = get_time(r);
    o->trailing = price_from_e8(get_size(r));
    o->amends = (int32_t)get_between(r, 0, INT32_MAX);
    o->status = (match_status)get_between(r, 0, MATCH_EXPIRED);
    o->reason = (match_reason)get_between(r, 0, MATCH_REASON_EXECUTION_RULE_PRICE_RANGE_EXCEEDED);
    o->triggered = get_flag(r);
    o->filled = qty_from_e8(get_size(r));
    o->quote_filled = money_from_e8(get_size(r));
    o->created_at = get_time(r);
    o->updated_at = get_time(r);
    o->working_at = get_time(r);
    rec.stp = (sim_stp)get_between(r, 0, SIM_STP_TRANSFER);
    rec.hidden_until = get_time(r);
    rec.moved = get_time(r);
    return rec;
}

static void get_orders(struct reader *r) {
    int64_t count = get_count(r, 200);
    for (int64_t id = 1; id <= count && !r->bad; id++) {
        struct sim_order rec = get_order(r, id);
        if (!r->bad) records_add_order(&r->ex->records, &rec);
    }
}

static void get_lists(struct reader *r) {
    int64_t count = get_count(r, 80);
    for (int64_t id = 1; id <= count && !r->bad; id++) {
        struct sim_list rec = {.l = {.id = id, .sym = get_sym(r)}};
        struct match_list *l = &rec.l;
        get_coid(r, l->coid);
        l->kind = (match_list_kind)get_between(r, 0, MATCH_OPOCO);
        l->account = get_account(r);
        l->done = get_flag(r);
        l->created_at = get_time(r);
        l->updated_at = get_time(r);
        rec.hidden_until = get_time(r);
        l->order_count = (int)get_between(r, 1, MATCH_LEGS_MAX);
        for (int i = 0; i < l->order_count; i++) {
            l->order_ids[i] = get_between(r, 1, r->ex->records.order_count);
        }
        if (!r->bad) records_add_list(&r->ex->records, &rec);
    }
}

static void get_trades(struct reader *r) {
    int64_t count = get_count(r, 64);
    for (int64_t id = 1; id <= count && !r->bad; id++) {
        struct sim_trade t = {.id = id};
        t.order_id = get_between(r, 1, r->ex->records.order_count);
        t.qty = qty_from_e8(get_size(r));
        t.price = price_from_e8(get_size(r));
        t.quote = money_from_e8(get_size(r));
        t.fee_e8 = get_size(r);
        t.fee_in_base = get_flag(r);
        t.maker = get_flag(r);
        t.at = get_time(r);
        if (r->bad) return;
        const struct match_order *o = &records_order(r->ex, t.order_id)->o;
        t.account = o->account;
        t.sym = o->sym;
        t.side = o->side;
        records_add_trade(&r->ex->records, &t);
    }
}

static void get_window(struct reader *r, struct sim_window *ret) {
    ret->window = get_between(r, 0, INT64_MAX / 2);
    ret->count = get_between(r, 0, INT64_MAX / 2);
}

static void get_clients(struct reader *r) {
    if (get_count(r, 40) != r->ex->client_count) mismatch(r, "the number of accounts is another");
    for (int i = 0; i < r->ex->client_count && !r->bad; i++) {
        if (!str_eq(get_str(r), str_from_z(r->ex->clients[i].key))) {
            mismatch(r, "an account has another key");
        }
        get_window(r, &r->ex->clients[i].orders_10s);
        get_window(r, &r->ex->clients[i].orders_1d);
    }
}

static struct fault get_fault(struct reader *r) {
    struct fault f = {.sym = SYM_NONE};
    if (!fault_from_name(get_str(r), &f.kind)) spoil(r, "a fault that is not known");
    f.delay = get_time(r);
    f.amount = get_between(r, -TIME_MAX, TIME_MAX);
    str left = r->left;
    if (get_i64(r) == 0) return f;
    r->left = left;
    f.sym = get_sym(r);
    return f;
}

static void get_changes(struct reader *r) {
    int64_t count = get_between(r, 0, SIM_CHANGES);
    for (int64_t i = 0; i < count && !r->bad; i++) {
        struct sim_change *x = &r->ex->changes[i];
        x->until = get_between(r, -TIME_MAX, USEC_NEVER);
        x->fault = get_fault(r);
        x->used = !r->bad;
        if (x->fault.kind == FAULT_FILTER_CHANGE && x->fault.amount < 1) spoil(r, "a bad factor");
    }
}

static void get_later(struct reader *r) {
    int64_t count = get_count(r, 80);
    for (int64_t i = 0; i < count && !r->bad; i++) {
        struct sim_param params[SIM_PARAMS_MAX];
        struct sim_later l = {.at = get_time(r), .account = get_account(r)};
        bool path_known;
        str method = get_str(r), path = get_str(r);
        l.route = sim_route_find(method, path, &path_known);
        if (!l.route) spoil(r, "a request that is not known");
        l.micros = get_flag(r);
        l.fault = get_fault(r);
        l.param_count = (int)get_between(r, 0, SIM_PARAMS_MAX);
        for (int k = 0; k < l.param_count; k++) {
            params[k] = (struct sim_param){.name = get_str(r), .value = get_str(r)};
        }
        if (!r->bad) sim_later_add(r->ex, &l, params);
    }
}

/* Length, magic and checksum; the payload in *ret. */
static bool unframe(str blob, str *ret, struct error *err) {
    struct reader r = {.left = str_tail(blob, MAGIC_BYTES)};
    if (!str_starts(blob, STR(MAGIC))) {
        return fail(err, ERR_DAMAGED, 0, "state of the exchange: not a state of this program");
    }
    uint64_t bytes = get_u64(&r);
    if (r.bad || r.left.n < 8 || (uint64_t)(r.left.n - 8) != bytes) {
        return fail(err, ERR_DAMAGED, 0, "state of the exchange: it was cut off");
    }
    str payload = str_head(r.left, r.left.n - 8);
    r.left = str_tail(r.left, payload.n);
    if (get_u64(&r) != str_hash(str_head(blob, blob.n - 8))) {
        return fail(err, ERR_DAMAGED, 0, "state of the exchange: the checksum is wrong");
    }
    *ret = payload;
    return true;
}

static bool say(const struct reader *r, struct error *err) {
    return fail(err, r->foreign ? ERR_STATE : ERR_DAMAGED, 0, "state of the exchange: %s", r->why);
}

/* Does the engine have only what the records know? */
static bool records_fit(struct exchange *ex) {
    for (int a = 0; a < ex->client_count; a++) {
        const struct match_order *o = NULL;
        while ((o = match_next_open(ex->match, a, SYM_NONE, o)) != NULL) {
            const struct sim_order *rec = records_order(ex, o->id);
            if (!rec || rec->o.account != a || !match_is_live(rec->o.status)) return false;
        }
    }
    return true;
}

bool exchange_load(struct exchange *ex, str blob, struct error *err) {
    struct reader r = {.ex = ex};
    if (!unframe(blob, &r.left, err)) return false;
    records_fini(&ex->records);
    ex->now = i64_max(ex->now, get_time(&r));
    ex->skew = get_time(&r);
    for (int i = 0; i < 4; i++) ex->rng.s[i] = get_u64(&r);
    get_clients(&r);
    get_changes(&r);
    get_orders(&r);
    get_lists(&r);
    get_trades(&r);
    get_later(&r);
    str engine = get_str(&r), prices = get_str(&r);
    if (r.left.n > 0) spoil(&r, "something stands behind its end");
    if (r.bad) return say(&r, err);
    if (!match_load(ex->match, engine, err)) return fail_in(err, "state of the exchange");
    if (!records_fit(ex)) {
        return fail(err, ERR_DAMAGED, 0, "state of the exchange: orders that nobody placed");
    }
    if (!sim_ticks_load(ex, prices, err)) return fail_in(err, "state of the exchange");
    sim_changes_apply(ex);
    sim_settle(ex);
    return true;
}
