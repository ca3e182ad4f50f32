/* The venue's contract: what is asked is answered, what is answered is true, and what happens later
 * is told. */
#include "venue_contract.h"

#include "check.h"

#define RECV_WINDOW USEC_PER_S
#define ORDERS 16
#define FILLS 256

static const struct venue_place *place;

/* The trader's side: its orders, moved by what the venue reports. */
struct desk {
    struct venue_room room;
    struct order orders[ORDERS];
    int count;
    int64_t fee_e8[ORDERS];   /* sum of the fees reported */
    int64_t fills_e8[ORDERS]; /* sum of the fills reported one by one */
    char told[FILLS][24];     /* trade ids: a venue with a stream tells its fills twice */
    int told_count;
    int serial; /* makes client ids unique */
    struct reply reply;
};

/* -- the desk ------------------------------------------------------------------------------ */

static struct order *find(struct desk *d, const char *coid) {
    for (int i = 0; i < d->count; i++) {
        if (strcmp(d->orders[i].coid, coid) == 0) return &d->orders[i];
    }
    return NULL;
}

static struct order *add(struct desk *d, const char *coid, leg which, order_side way, qty q) {
    assert_true(d->count < ORDERS);
    struct order *o = &d->orders[d->count++];
    *o = (struct order){
        .id = d->count, .trade_id = 1, .leg = which, .sym = d->room.sym, .side = way, .qty = q};
    memcpy(o->coid, coid, sizeof o->coid);
    o->state = ORDER_ST_SENT;
    return o;
}

static bool is_first(struct desk *d, const char *trade_id) {
    for (int i = 0; i < d->told_count; i++)
        if (strcmp(d->told[i], trade_id) == 0) return false;
    assert_true(d->told_count < FILLS);
    memcpy(d->told[d->told_count++], trade_id, sizeof d->told[0]);
    return true;
}

static void hear(struct desk *d, const struct report *r) {
    struct order *o = find(d, r->coid);
    if (o == NULL) fail_msg("a report on %s, which nobody asked for", r->coid);
    assert_int_equal(r->sym, d->room.sym);
    report_class class = order_classify(o, r);
    if (class == REPORT_CONTRADICT) {
        fail_msg("%s: %s after %s, filled %lld after %lld", r->coid, order_state_name(r->state),
                 order_state_name(o->state), (long long)qty_e8(r->filled),
                 (long long)qty_e8(o->filled));
    }
    if (r->has_fill) {
        assert_true(qty_e8(r->fill_qty) > 0);
        assert_true(r->venue_trade_id[0] != 0);
        assert_true(r->fee_e8 == 0 || r->fee_asset[0] != 0);
        if (is_first(d, r->venue_trade_id)) {
            d->fills_e8[o - d->orders] += qty_e8(r->fill_qty);
            d->fee_e8[o - d->orders] += r->fee_e8;
        }
    }
    if (class == REPORT_OLD) return;
    if (!qty_is_zero(r->qty)) o->qty = r->qty;
    memcpy(o->venue_id, r->venue_id, sizeof o->venue_id);
    o->filled = r->filled;
    o->quote_filled = r->quote_filled;
    if (o->state != r->state) order_move(o, r->state, r->at);
}

static void listen(struct desk *d) {
    struct report r;
    while (venue_next_report(d->room.venue, &r)) hear(d, &r);
}

/* Calls, checks that the reply names its request, and hears its reports and what came with it. */
static outcome ask(struct desk *d, struct request rq) {
    rq.id = 1000 + ++d->serial;
    rq.trade_id = 1;
    rq.sym = d->room.sym;
    if (rq.signed_at == 0) rq.signed_at = d->room.now;
    rq.recv_window = RECV_WINDOW;
    venue_call(d->room.venue, d->room.now, &rq, &d->reply);
    assert_int_equal(d->reply.request_id, rq.id);
    assert_int_equal(d->reply.kind, rq.kind);
    assert_int_equal(d->reply.trade_id, 1);
    for (int i = 0; i < d->reply.report_count; i++) {
        if (d->reply.reports[i].state != ORDER_ST_ABSENT) hear(d, &d->reply.reports[i]);
    }
    listen(d);
    return d->reply.outcome;
}

static void pass(struct desk *d, usec us) {
    place->pass(&d->room, us);
    listen(d);
}

static void move(struct desk *d, int64_t bp) {
    place->move(&d->room, bp);
    listen(d);
}

static price level(const struct desk *d, int64_t bp) {
    price p;
    assert_true(price_share(d->room.price, BP_ONE + bp, ROUND_FLOOR, &p));
    return price_to_tick(p, d->room.symbols.v[d->room.sym].tick, ROUND_FLOOR);
}

static qty units(const struct desk *d, int n) { return qty_from_e8(n * qty_e8(d->room.unit)); }

static void name_it(struct desk *d, char coid[COID_BYTES], const char *what) {
    snprintf(coid, COID_BYTES, "bftest-%d%s", d->serial, what);
}

/* A bracket of `n` units, its entry limited `bp` beyond the price; LONG when it buys. */
static struct request bracket(struct desk *d, order_side way, int n, int64_t bp) {
    int64_t up = way == ORDER_BUY ? 1 : -1;
    struct request rq = {.kind = REQUEST_BRACKET,
                         .side = way,
                         .qty = units(d, n),
                         .limit = level(d, up * bp),
                         .stop = level(d, up * -500),
                         .target = level(d, up * 500),
                         .tif = TIF_FOK};
    name_it(d, rq.list_coid, "l");
    name_it(d, rq.entry_coid, "e");
    name_it(d, rq.stop_coid, "s");
    name_it(d, rq.target_coid, "t");
    order_side exit = way == ORDER_BUY ? ORDER_SELL : ORDER_BUY;
    add(d, rq.entry_coid, LEG_ENTRY, way, rq.qty);
    add(d, rq.stop_coid, LEG_STOP, exit, qty_from_e8(0));
    add(d, rq.target_coid, LEG_TARGET, exit, qty_from_e8(0));
    return rq;
}

static order_state state_of(struct desk *d, const char *coid) { return find(d, coid)->state; }

/* What an entry left in the account: on spot the fee of a BUY is gone from it. */
static qty held(struct desk *d, const char *entry) {
    const struct order *o = find(d, entry);
    qty q = o->filled;
    if (d->room.fee_in_base) q = qty_minus(q, qty_from_e8(d->fee_e8[o - d->orders]));
    return qty_to_step(q, d->room.symbols.v[d->room.sym].step, ROUND_FLOOR);
}

static struct request exit_of(struct desk *d, const struct request *entry) {
    struct request rq = {.kind = REQUEST_EXIT,
                         .side = entry->side == ORDER_BUY ? ORDER_SELL : ORDER_BUY,
                         .qty = held(d, entry->entry_coid)};
    memcpy(rq.list_coid, entry->list_coid, COID_BYTES);
    memcpy(rq.stop_coid, entry->stop_coid, COID_BYTES);
    memcpy(rq.target_coid, entry->target_coid, COID_BYTES);
    name_it(d, rq.exit_coid, "x");
    add(d, rq.exit_coid, LEG_EXIT, rq.side, rq.qty);
    return rq;
}

/* As the trader asks: by the order's leg, and for its side. */
static order_state query(struct desk *d, const char *coid) {
    const struct order *o = find(d, coid);
    struct request rq = {.kind = REQUEST_QUERY,
                         .leg = o != NULL ? o->leg : LEG_ENTRY,
                         .side = o != NULL ? o->side : ORDER_BUY};
    char *where = rq.leg == LEG_ENTRY    ? rq.entry_coid
                  : rq.leg == LEG_STOP   ? rq.stop_coid
                  : rq.leg == LEG_TARGET ? rq.target_coid
                                         : rq.exit_coid;
    assert_true(str_copyz(str_from_z(coid), where, COID_BYTES));
    const outcome got = ask(d, rq);
    if (got != OUTCOME_DONE) fail_msg("query %s: outcome %d, %s", coid, got, d->reply.text);
    assert_true(d->reply.report_count > 0);
    const struct report *last = &d->reply.reports[d->reply.report_count - 1];
    assert_string_equal(last->coid, coid);
    return last->state;
}

static struct desk *desk_open(void) {
    static struct desk d;
    d = (struct desk){.serial = 0};
    place->open(&d.room);
    return &d;
}

static void desk_close(struct desk *d) { place->close(&d->room); }

/* -- the contract -------------------------------------------------------------------------- */

static void test_bracket_fills_and_its_legs_stand(void **state) {
    struct desk *d = desk_open();
    struct request rq = bracket(d, ORDER_BUY, 2, 100);
    assert_int_equal(ask(d, rq), OUTCOME_DONE);
    pass(d, USEC_PER_S);
    const struct order *entry = find(d, rq.entry_coid), *stop = find(d, rq.stop_coid);
    const struct order *target = find(d, rq.target_coid);
    assert_int_equal(entry->state, ORDER_ST_FILLED);
    assert_int_equal(qty_e8(entry->filled), qty_e8(rq.qty));
    assert_int_equal(d->fills_e8[0], qty_e8(rq.qty)); /* each fill was told once */
    assert_true(money_e8(entry->quote_filled) > 0);
    assert_int_equal(stop->state, ORDER_ST_OPEN);
    assert_int_equal(target->state, ORDER_ST_OPEN);
    assert_int_equal(qty_e8(stop->qty), qty_e8(held(d, rq.entry_coid)));
    assert_true(strcmp(entry->venue_id, stop->venue_id) != 0);
    assert_true(strcmp(stop->venue_id, target->venue_id) != 0);
    desk_close(d);
    (void)state;
}

static void test_entry_beyond_its_limit_ends_with_its_legs(void **state) {
    struct desk *d = desk_open();
    struct request rq = bracket(d, ORDER_BUY, 1, -100);
    assert_int_equal(ask(d, rq), OUTCOME_DONE);
    pass(d, USEC_PER_S);
    assert_int_equal(state_of(d, rq.entry_coid), ORDER_ST_EXPIRED);
    assert_false(order_is_live(state_of(d, rq.stop_coid)));
    assert_false(order_is_live(state_of(d, rq.target_coid)));
    assert_int_equal(d->fills_e8[0], 0);
    desk_close(d);
    (void)state;
}

static void test_stop_that_fires_is_told_and_ends_the_target(void **state) {
    struct desk *d = desk_open();
    struct request rq = bracket(d, ORDER_BUY, 2, 100);
    assert_int_equal(ask(d, rq), OUTCOME_DONE);
    move(d, -600);
    pass(d, USEC_PER_S);
    assert_int_equal(state_of(d, rq.stop_coid), ORDER_ST_FILLED);
    assert_false(order_is_live(state_of(d, rq.target_coid)));
    assert_int_equal(qty_e8(find(d, rq.stop_coid)->filled), qty_e8(held(d, rq.entry_coid)));
    desk_close(d);
    (void)state;
}

static void test_target_that_is_reached_is_told_and_ends_the_stop(void **state) {
    struct desk *d = desk_open();
    struct request rq = bracket(d, ORDER_BUY, 2, 100);
    assert_int_equal(ask(d, rq), OUTCOME_DONE);
    move(d, 600);
    pass(d, USEC_PER_S);
    assert_int_equal(state_of(d, rq.target_coid), ORDER_ST_FILLED);
    assert_false(order_is_live(state_of(d, rq.stop_coid)));
    desk_close(d);
    (void)state;
}

static void test_exit_cancels_the_legs_and_sells(void **state) {
    struct desk *d = desk_open();
    struct request rq = bracket(d, ORDER_BUY, 3, 100);
    assert_int_equal(ask(d, rq), OUTCOME_DONE);
    struct request out = exit_of(d, &rq);
    assert_int_equal(ask(d, out), OUTCOME_DONE);
    pass(d, USEC_PER_S);
    assert_int_equal(state_of(d, rq.stop_coid), ORDER_ST_CANCELED);
    assert_int_equal(state_of(d, rq.target_coid), ORDER_ST_CANCELED);
    assert_int_equal(state_of(d, out.exit_coid), ORDER_ST_FILLED);
    assert_int_equal(qty_e8(find(d, out.exit_coid)->filled), qty_e8(out.qty));
    desk_close(d);
    (void)state;
}

/* Refused as a whole, or what fits the step is sold: never the protection gone and nothing sold. */
static void test_exit_off_the_step_never_leaves_it_bare(void **state) {
    struct desk *d = desk_open();
    struct request rq = bracket(d, ORDER_BUY, 2, 100);
    assert_int_equal(ask(d, rq), OUTCOME_DONE);
    struct request out = exit_of(d, &rq);
    const qty whole = out.qty;
    out.qty = qty_plus(out.qty, qty_from_e8(1)); /* off the step */
    if (ask(d, out) == OUTCOME_REJECTED) {
        assert_true(d->reply.text[0] != 0);
        assert_int_equal(state_of(d, rq.stop_coid), ORDER_ST_OPEN);
        assert_int_equal(query(d, rq.stop_coid), ORDER_ST_OPEN);
        assert_int_equal(query(d, out.exit_coid), ORDER_ST_ABSENT);
    } else {
        assert_int_equal(state_of(d, out.exit_coid), ORDER_ST_FILLED);
        assert_int_equal(qty_e8(find(d, out.exit_coid)->filled), qty_e8(whole));
    }
    desk_close(d);
    (void)state;
}

static void test_cancel_takes_the_legs_and_protect_puts_new_ones(void **state) {
    struct desk *d = desk_open();
    struct request rq = bracket(d, ORDER_BUY, 2, 100);
    assert_int_equal(ask(d, rq), OUTCOME_DONE);
    struct request stop_it = {.kind = REQUEST_CANCEL};
    memcpy(stop_it.list_coid, rq.list_coid, COID_BYTES);
    memcpy(stop_it.entry_coid, rq.entry_coid, COID_BYTES);
    assert_int_equal(ask(d, stop_it), OUTCOME_DONE);
    assert_int_equal(state_of(d, rq.stop_coid), ORDER_ST_CANCELED);
    assert_int_equal(state_of(d, rq.target_coid), ORDER_ST_CANCELED);
    /* there is nothing left to cancel: told so, or told how the legs ended */
    const outcome again = ask(d, stop_it);
    assert_true(again == OUTCOME_REJECTED || again == OUTCOME_DONE);
    assert_int_equal(state_of(d, rq.stop_coid), ORDER_ST_CANCELED);

    struct request pair = {.kind = REQUEST_PROTECT,
                           .side = ORDER_SELL,
                           .qty = held(d, rq.entry_coid),
                           .stop = level(d, -500),
                           .target = level(d, 500)};
    name_it(d, pair.list_coid, "L");
    name_it(d, pair.stop_coid, "S");
    name_it(d, pair.target_coid, "T");
    add(d, pair.stop_coid, LEG_STOP, ORDER_SELL, pair.qty);
    add(d, pair.target_coid, LEG_TARGET, ORDER_SELL, pair.qty);
    assert_int_equal(ask(d, pair), OUTCOME_DONE);
    assert_int_equal(state_of(d, pair.stop_coid), ORDER_ST_OPEN);
    assert_int_equal(state_of(d, pair.target_coid), ORDER_ST_OPEN);
    desk_close(d);
    (void)state;
}

static void test_query_says_what_was_reported_and_what_never_was(void **state) {
    struct desk *d = desk_open();
    struct request rq = bracket(d, ORDER_BUY, 1, 100);
    assert_int_equal(ask(d, rq), OUTCOME_DONE);
    pass(d, USEC_PER_S);
    assert_int_equal(query(d, rq.entry_coid), ORDER_ST_FILLED);
    assert_int_equal(qty_e8(d->reply.reports[0].filled), qty_e8(rq.qty));
    assert_int_equal(d->fills_e8[0], qty_e8(rq.qty)); /* one told again is the same fill */
    assert_int_equal(query(d, "bftest-never-sent"), ORDER_ST_ABSENT);
    desk_close(d);
    (void)state;
}

static void test_late_request_is_not_sent(void **state) {
    struct desk *d = desk_open();
    struct request rq = bracket(d, ORDER_BUY, 1, 100);
    rq.signed_at = d->room.now;
    place->pass(&d->room, RECV_WINDOW / 2 + 1);
    assert_int_equal(ask(d, rq), OUTCOME_LATE);
    assert_int_equal(d->reply.report_count, 0);
    assert_int_equal(query(d, rq.entry_coid), ORDER_ST_ABSENT);
    desk_close(d);
    (void)state;
}

static void test_rejected_request_changed_nothing(void **state) {
    struct desk *d = desk_open();
    struct request rq = bracket(d, ORDER_BUY, 1, 100);
    rq.qty = qty_plus(rq.qty, qty_from_e8(1)); /* off the step */
    assert_int_equal(ask(d, rq), OUTCOME_REJECTED);
    assert_true(d->reply.text[0] != 0);
    assert_int_equal(d->reply.report_count, 0);
    assert_int_equal(query(d, rq.entry_coid), ORDER_ST_ABSENT);
    assert_int_equal(query(d, rq.stop_coid), ORDER_ST_ABSENT);
    desk_close(d);
    (void)state;
}

static void test_snapshot_lists_what_is_open(void **state) {
    struct desk *d = desk_open();
    struct request rq = bracket(d, ORDER_BUY, 1, 100);
    assert_int_equal(ask(d, rq), OUTCOME_DONE);
    pass(d, USEC_PER_S);
    assert_int_equal(ask(d, (struct request){.kind = REQUEST_SNAPSHOT}), OUTCOME_DONE);
    int stops = 0, targets = 0, entries = 0;
    for (int i = 0; i < d->reply.report_count; i++) {
        const struct report *r = &d->reply.reports[i];
        stops += strcmp(r->coid, rq.stop_coid) == 0 && r->state == ORDER_ST_OPEN;
        targets += strcmp(r->coid, rq.target_coid) == 0 && r->state == ORDER_ST_OPEN;
        entries += strcmp(r->coid, rq.entry_coid) == 0;
    }
    const struct snapshot *all = d->reply.snapshot;
    for (int i = 0; all != NULL && i < all->order_count; i++) {
        const struct report *r = &all->orders[i].report;
        stops += strcmp(r->coid, rq.stop_coid) == 0 && r->state == ORDER_ST_OPEN;
        targets += strcmp(r->coid, rq.target_coid) == 0 && r->state == ORDER_ST_OPEN;
        entries += strcmp(r->coid, rq.entry_coid) == 0;
    }
    assert_int_equal(stops, 1);
    assert_int_equal(targets, 1);
    assert_int_equal(entries, 0);
    desk_close(d);
    (void)state;
}

static void test_short_is_sold_and_bought_back_where_it_can_be(void **state) {
    struct desk *d = desk_open();
    struct request rq = bracket(d, ORDER_SELL, 2, 100);
    outcome got = ask(d, rq);
    if (!(d->room.venue->ops->caps & VENUE_CAP_SHORT)) {
        assert_int_equal(got, OUTCOME_REJECTED);
        assert_int_equal(query(d, rq.entry_coid), ORDER_ST_ABSENT);
    } else {
        assert_int_equal(got, OUTCOME_DONE);
        move(d, 600);
        pass(d, USEC_PER_S);
        assert_int_equal(state_of(d, rq.entry_coid), ORDER_ST_FILLED);
        assert_int_equal(state_of(d, rq.stop_coid), ORDER_ST_FILLED);
        assert_false(order_is_live(state_of(d, rq.target_coid)));
    }
    desk_close(d);
    (void)state;
}

/* Refused, or known again as the one that lives: never a second order. */
static void test_client_id_of_a_live_order_makes_no_second_one(void **state) {
    struct desk *d = desk_open();
    struct request rq = bracket(d, ORDER_BUY, 1, 100);
    assert_int_equal(ask(d, rq), OUTCOME_DONE);
    const outcome again = ask(d, rq); /* the same bytes */
    assert_true(again == OUTCOME_REJECTED || again == OUTCOME_DONE);
    pass(d, USEC_PER_S);
    assert_int_equal(state_of(d, rq.stop_coid), ORDER_ST_OPEN);
    assert_int_equal(d->fills_e8[0], qty_e8(rq.qty));
    desk_close(d);
    (void)state;
}

static void test_state_goes_on_where_it_was_saved(void **state) {
    struct desk *d = desk_open();
    struct request rq = bracket(d, ORDER_BUY, 2, 100);
    assert_int_equal(ask(d, rq), OUTCOME_DONE);
    if (d->room.venue->ops->caps & VENUE_CAP_STATE) {
        struct buf blob, again;
        struct error err;
        buf_init(&blob, 1 << 20);
        buf_init(&again, 1 << 20);
        venue_save(d->room.venue, &blob);
        assert_false(buf_full(&blob));
        struct venue *next = place->again(&d->room);
        assert_ok(venue_load(next, buf_str(&blob), &err), &err);
        venue_save(next, &again);
        assert_true(str_eq(buf_str(&blob), buf_str(&again)));
        venue_close(d->room.venue);
        d->room.venue = next;
        blob.p[blob.len / 2] ^= 1;
        assert_fails(venue_load(place->again(&d->room), buf_str(&blob), &err), &err, ERR_DAMAGED);
        buf_fini(&blob);
        buf_fini(&again);
    }
    assert_int_equal(query(d, rq.stop_coid), ORDER_ST_OPEN);
    move(d, -600);
    pass(d, USEC_PER_S);
    assert_int_equal(state_of(d, rq.stop_coid), ORDER_ST_FILLED);
    desk_close(d);
    (void)state;
}

int venue_contract_run(const struct venue_place *p) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bracket_fills_and_its_legs_stand),
        cmocka_unit_test(test_entry_beyond_its_limit_ends_with_its_legs),
        cmocka_unit_test(test_stop_that_fires_is_told_and_ends_the_target),
        cmocka_unit_test(test_target_that_is_reached_is_told_and_ends_the_stop),
        cmocka_unit_test(test_exit_cancels_the_legs_and_sells),
        cmocka_unit_test(test_exit_off_the_step_never_leaves_it_bare),
        cmocka_unit_test(test_cancel_takes_the_legs_and_protect_puts_new_ones),
        cmocka_unit_test(test_query_says_what_was_reported_and_what_never_was),
        cmocka_unit_test(test_late_request_is_not_sent),
        cmocka_unit_test(test_rejected_request_changed_nothing),
        cmocka_unit_test(test_snapshot_lists_what_is_open),
        cmocka_unit_test(test_short_is_sold_and_bought_back_where_it_can_be),
        cmocka_unit_test(test_client_id_of_a_live_order_makes_no_second_one),
        cmocka_unit_test(test_state_goes_on_where_it_was_saved),
    };
    place = p;
    return cmocka_run_group_tests_name(p->name, tests, NULL, NULL);
}
