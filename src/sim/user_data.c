/* user_data: what an account is told of its orders, on each connection that is subscribed to it.
 *
 * In: what happened in the engine, in its order and with server times, after the records have it.
 * Out: executionReport and listStatus at once, and one outboundAccountPosition behind each change
 * with the assets that it can have touched. Nothing is repeated to who comes later.
 *
 * A stop that waits for its price is not on the book; a leg that waits for its entry has no size
 * where the entry's fill decides it. Failure: none. One thread. */
#include "sim/streams_int.h"

/* --- telling ----------------------------------------------------------------------------- */

static bool listens(const struct ws_conn *c, int account, int64_t *ret_id) {
    for (int i = 0; c->used && c->api && i < c->user_count; i++) {
        if (c->users[i].account != account) continue;
        *ret_id = c->users[i].id;
        return true;
    }
    return false;
}

static bool anybody_listens(const struct exchange *ex, int account) {
    int64_t id;
    if (!ex->streams || ex->streams->open == 0) return false;
    for (int i = 0; i < SIM_WS_MAX; i++)
        if (listens(&ex->streams->conns[i], account, &id)) return true;
    return false;
}

static void tell_one(struct exchange *ex, struct ws_conn *c, int64_t id, str event) {
    struct buf *b = &ex->streams->wrapped;
    buf_clear(b);
    buf_put_byte(b, '{');
    sim_put_int(b, "subscriptionId", id);
    sim_put_key(b, "event");
    buf_put(b, event);
    buf_put_byte(b, '}');
    ws_push(ex, c, buf_str(b), true);
}

/* Times of events are ms, or us on a connection that asked for it: `put` writes both kinds. */
static void tell(struct exchange *ex, int account, const void *what,
                 void (*put)(struct sim_call *c, const void *what)) {
    for (int i = 0; i < SIM_WS_MAX; i++) {
        struct ws_conn *w = &ex->streams->conns[i];
        int64_t id;
        if (!listens(w, account, &id)) continue;
        struct sim_call *c = &ex->streams->event_call;
        sim_call_init(c, ex, &ex->streams->text);
        c->account = account;
        c->micros = w->micros;
        buf_clear(c->out);
        buf_put_byte(c->out, '{');
        put(c, what);
        buf_put_byte(c->out, '}');
        tell_one(ex, w, id, buf_str(c->out));
        buf_clear(c->out);
    }
}

/* --- orders ------------------------------------------------------------------------------ */

static bool is_stop(order_type t) {
    return t == ORDER_STOP_LOSS || t == ORDER_STOP_LOSS_LIMIT || t == ORDER_TAKE_PROFIT ||
           t == ORDER_TAKE_PROFIT_LIMIT;
}

static bool worked(const struct match_order *o) {
    return o->working_at > 0 && (!is_stop(o->type) || o->triggered);
}

static const char *execution_name(const struct match_event *e) {
    switch (e->kind) {
    case MATCH_EV_NEW:
    case MATCH_EV_ACTIVE:
        return "NEW";
    case MATCH_EV_TRADE:
        return "TRADE";
    case MATCH_EV_CANCELED:
        return "CANCELED";
    case MATCH_EV_EXPIRED:
        return "EXPIRED";
    case MATCH_EV_AMENDED:
        return "REPLACED";
    case MATCH_EV_NONE:
    case MATCH_EV_STATUS:
    case MATCH_EV_LIST_NEW:
    case MATCH_EV_LIST_DONE:
    case MATCH_EV_COUNT:
        break;
    }
    return NULL;
}

struct execution {
    const struct match_event *e;
    const struct symbol *symbol;
    int64_t execution_id;
    const char *coid, *orig_coid;
    const char *stp;
};

static void put_fill(struct sim_call *c, const struct execution *r) {
    const struct match_event *e = r->e;
    const bool trade = e->kind == MATCH_EV_TRADE;
    sim_put_amount(c->out, "l", trade ? qty_e8(e->fill_qty) : 0);
    sim_put_amount(c->out, "z", qty_e8(e->order.filled));
    sim_put_amount(c->out, "L", trade ? price_e8(e->fill_price) : 0);
    if (trade) {
        sim_put_amount(c->out, "n", e->fee_e8);
        sim_put_text(c->out, "N", e->fee_in_base ? r->symbol->base : r->symbol->quote);
    } else {
        sim_put_z(c->out, ",\"n\":\"0\",\"N\":null");
    }
    sim_put_time(c, "T", e->at);
    sim_put_int(c->out, "t", trade ? e->trade_id : -1);
}

static void put_conditional(struct sim_call *c, const struct execution *r) {
    const struct match_order *o = &r->e->order;
    if (worked(o)) sim_put_time(c, "W", o->working_at);
    sim_put_text(c->out, "V", r->stp);
    if (o->extra.trailing_bp != 0) {
        sim_put_int(c->out, "d", o->extra.trailing_bp);
        sim_put_time(c, "D", o->trailing_at > 0 ? o->trailing_at : -1);
    }
    if (o->extra.strategy_id != 0) sim_put_int(c->out, "j", o->extra.strategy_id);
    if (o->extra.strategy_type != 0) sim_put_int(c->out, "J", o->extra.strategy_type);
    if (r->e->kind == MATCH_EV_EXPIRED) sim_put_text(c->out, "eR", match_reason_name(o->reason));
}

static void put_report(struct sim_call *c, const void *what) {
    const struct execution *r = what;
    const struct match_order *o = &r->e->order;
    struct buf *b = c->out;
    sim_put_text(b, "e", "executionReport");
    sim_put_time(c, "E", c->now);
    sim_put_text(b, "s", r->symbol->name);
    sim_put_text(b, "c", r->coid);
    sim_put_text(b, "S", order_side_name(o->side));
    sim_put_text(b, "o", order_type_name(o->type));
    sim_put_text(b, "f", o->tif == TIF_NONE ? "GTC" : tif_name(o->tif));
    sim_put_amount(b, "q", qty_e8(o->qty));
    sim_put_amount(b, "p", price_e8(o->limit));
    sim_put_amount(b, "P", price_e8(o->stop));
    sim_put_amount(b, "F", qty_e8(o->extra.iceberg));
    sim_put_int(b, "g", o->list_id);
    sim_put_text(b, "C", r->orig_coid);
    sim_put_text(b, "x", execution_name(r->e));
    sim_put_text(b, "X", match_status_name(o->status));
    sim_put_text(b, "r", "NONE");
    sim_put_int(b, "i", o->id);
    put_fill(c, r);
    sim_put_int(b, "I", r->execution_id);
    sim_put_bool(b, "w", match_is_live(o->status) && worked(o));
    sim_put_bool(b, "m", r->e->kind == MATCH_EV_TRADE && r->e->maker);
    sim_put_bool(b, "M", false);
    sim_put_time(c, "O", o->created_at);
    sim_put_amount(b, "Z", money_e8(o->quote_filled));
    sim_put_amount(b, "Y", r->e->kind == MATCH_EV_TRADE ? money_e8(r->e->fill_quote) : 0);
    sim_put_amount(b, "Q", money_e8(o->quote_qty));
    put_conditional(c, r);
}

static void tell_order(struct exchange *ex, const struct match_event *e) {
    const struct sim_order *rec = records_order(ex, e->order.id);
    struct execution r = {.e = e,
                          .symbol = &ex->symbols.v[e->order.sym],
                          .execution_id = ++ex->streams->execution_id,
                          .coid = e->order.coid,
                          .orig_coid = "",
                          .stp = sim_stp_name(rec ? rec->stp : SIM_STP_NONE)};
    if (!anybody_listens(ex, e->order.account)) return;
    if (e->kind == MATCH_EV_CANCELED) { /* the request has an id of its own */
        r.orig_coid = e->order.coid;
        if (ex->cancel_coid[0]) r.coid = ex->cancel_coid;
    }
    if (e->kind == MATCH_EV_AMENDED) {
        bool renamed = ex->amended_id == e->order.id && ex->amended_coid[0];
        r.orig_coid = renamed ? ex->amended_coid : e->order.coid;
    }
    tell(ex, e->order.account, &r, put_report);
}

/* --- lists ------------------------------------------------------------------------------- */

struct list_report {
    const struct match_list *l;
    bool done;
};

static void put_list(struct sim_call *c, const void *what) {
    const struct list_report *r = what;
    const struct match_list *l = r->l;
    const char *symbol = c->ex->symbols.v[l->sym].name;
    struct buf *b = c->out;
    sim_put_text(b, "e", "listStatus");
    sim_put_time(c, "E", c->now);
    sim_put_text(b, "s", symbol);
    sim_put_int(b, "g", l->id);
    sim_put_text(b, "c", l->kind == MATCH_OCO ? "OCO" : "OTO");
    sim_put_text(b, "l", r->done ? "ALL_DONE" : "EXEC_STARTED");
    sim_put_text(b, "L", r->done ? "ALL_DONE" : "EXECUTING");
    sim_put_text(b, "r", "NONE");
    sim_put_text(b, "C", l->coid);
    sim_put_time(c, "T", c->now);
    sim_put_key(b, "O");
    buf_put_byte(b, '[');
    for (int i = 0; i < l->order_count; i++) {
        const struct sim_order *o = records_order(c->ex, l->order_ids[i]);
        if (i) buf_put_byte(b, ',');
        buf_put_byte(b, '{');
        sim_put_text(b, "s", symbol);
        sim_put_int(b, "i", l->order_ids[i]);
        sim_put_text(b, "c", o ? o->o.coid : "");
        buf_put_byte(b, '}');
    }
    buf_put_byte(b, ']');
}

static void tell_list(struct exchange *ex, const struct match_event *e) {
    const struct sim_list *rec = records_list(ex, e->order.list_id);
    if (!rec || !anybody_listens(ex, rec->l.account)) return;
    const struct list_report r = {.l = &rec->l, .done = e->kind == MATCH_EV_LIST_DONE};
    tell(ex, rec->l.account, &r, put_list);
}

/* --- balances ---------------------------------------------------------------------------- */

static void put_position(struct sim_call *c, const void *what) {
    const int *sym = what;
    const struct symbol *s = &c->ex->symbols.v[*sym];
    const char *assets[] = {s->base, s->quote};
    sim_put_text(c->out, "e", "outboundAccountPosition");
    sim_put_time(c, "E", c->now);
    sim_put_time(c, "u", c->now);
    sim_put_key(c->out, "B");
    buf_put_byte(c->out, '[');
    for (ptrdiff_t i = 0; i < COUNT_OF(assets); i++) {
        const struct match_balance have =
            match_balance_of(c->ex->match, c->account, str_from_z(assets[i]));
        buf_put(c->out, i ? STR(",{") : STR("{"));
        sim_put_text(c->out, "a", assets[i]);
        sim_put_amount(c->out, "f", have.free_e8);
        sim_put_amount(c->out, "l", have.locked_e8);
        buf_put_byte(c->out, '}');
    }
    buf_put_byte(c->out, ']');
}

void sim_user_settled(struct exchange *ex) {
    struct sim_streams *st = ex->streams;
    if (!st) return;
    const int count = st->touched_count;
    st->touched_count = 0;
    for (int i = 0; i < count; i++)
        tell(ex, st->touched[i].account, &st->touched[i].sym, put_position);
}

static void touch(struct exchange *ex, int account, int sym) {
    struct sim_streams *st = ex->streams;
    for (int i = 0; i < st->touched_count; i++)
        if (st->touched[i].account == account && st->touched[i].sym == sym) return;
    if (st->touched_count == (int)COUNT_OF(st->touched)) sim_user_settled(ex);
    st->touched[st->touched_count].account = account;
    st->touched[st->touched_count++].sym = sym;
}

struct delta {
    const char *asset;
    int64_t amount; /* in 1e-8 */
};

static void put_delta(struct sim_call *c, const void *what) {
    const struct delta *d = what;
    sim_put_text(c->out, "e", "balanceUpdate");
    sim_put_time(c, "E", c->now);
    sim_put_text(c->out, "a", d->asset);
    sim_put_amount(c->out, "d", d->amount);
    sim_put_time(c, "T", c->now);
}

void user_data_deposit(struct exchange *ex, int account, const char *asset, int64_t e8) {
    const struct delta d = {asset, e8};
    if (anybody_listens(ex, account)) tell(ex, account, &d, put_delta);
}

/* --- what happens ------------------------------------------------------------------------ */

void sim_user_event(struct exchange *ex, const struct match_event *e) {
    if (!ex->streams) return;
    if (e->kind == MATCH_EV_TRADE && !e->maker) streams_book_changed(ex, e->order.sym);
    if (e->kind == MATCH_EV_LIST_NEW || e->kind == MATCH_EV_LIST_DONE) {
        tell_list(ex, e);
    } else if (execution_name(e) != NULL) {
        tell_order(ex, e);
        if (anybody_listens(ex, e->order.account)) touch(ex, e->order.account, e->order.sym);
    }
}

static void put_end(struct sim_call *c, const void *what) {
    (void)what;
    sim_put_text(c->out, "e", "eventStreamTerminated");
    sim_put_time(c, "E", c->now);
}

bool user_data_end(struct exchange *ex, struct ws_conn *w, int64_t id) {
    int kept = 0;
    const int count = w->user_count;
    for (int i = 0; i < count; i++) {
        const struct ws_user u = w->users[i];
        if (id >= 0 && u.id != id) {
            w->users[kept++] = u;
            continue;
        }
        struct sim_call *c = &ex->streams->event_call;
        sim_call_init(c, ex, &ex->streams->text);
        c->micros = w->micros;
        buf_clear(c->out);
        buf_put_byte(c->out, '{');
        put_end(c, NULL);
        buf_put_byte(c->out, '}');
        tell_one(ex, w, u.id, buf_str(c->out));
        buf_clear(c->out);
    }
    w->user_count = kept;
    return kept < count;
}

/* As when the servers start again: every connection with user data breaks. */
void sim_user_reset(struct exchange *ex) {
    struct sim_streams *st = ex->streams;
    if (!st) return;
    st->touched_count = 0;
    for (int i = 0; i < SIM_WS_MAX; i++)
        if (st->conns[i].used && st->conns[i].user_count > 0)
            ws_shut_at(ex, &st->conns[i], ex->now, 0);
}
