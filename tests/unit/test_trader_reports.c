/* The trader under whatever a venue may say: one trade in every state its orders can be in, every
 * report and reply that could come, in sense and nonsense. Nothing may assert; fills are booked
 * once; what cannot be true is asked about. Stories with a venue that makes sense are in
 * tests/flow. */
#include "flowkit.h"

#include "flow/trader_int.h"

static struct arena boot, turn_memory;
static struct config *cfg;
static struct symbols *symbols;
static struct trader *trader;
static struct actions *acts;
static struct venue_traits traits;
static usec now;

#define START (KIT_DAY + USEC_PER_HOUR)
#define ENTRY_COID "bf0000-x-01e"
#define STOP_COID "bf0000-x-01s"
#define TARGET_COID "bf0000-x-01t"
#define EXIT_COID "bf0000-x-02x"

static struct order an_order(int64_t id, leg l, const char *coid, order_state state,
                             const char *asked, const char *filled) {
    struct order o = {.id = id,
                      .trade_id = 1,
                      .leg = l,
                      .sym = DOGE,
                      .symbol = "DOGEUSDT",
                      .side = l == LEG_ENTRY ? ORDER_BUY : ORDER_SELL,
                      .qty = Q(asked),
                      .state = state,
                      .filled = Q(filled),
                      .created_at = START,
                      .signed_at = START};
    snprintf(o.coid, sizeof o.coid, "%s", coid);
    if (!money_notional(P("0.08"), o.filled, ROUND_CEIL, &o.quote_filled)) fail_msg("range");
    return o;
}

static struct trade a_trade(const char *held) {
    struct trade tr = {.id = 1,
                       .tweet_id = 11,
                       .signal_id = 2,
                       .root_id = 11,
                       .cluster_id = 11,
                       .author = "x:@alice",
                       .strategy = "post",
                       .sym = DOGE,
                       .symbol = "DOGEUSDT",
                       .side = SIDE_LONG,
                       .leverage = 1,
                       .quantity = Q("1000"),
                       .limit_price = P("0.0804"),
                       .stop_loss = P("0.0784"),
                       .take_profit = P("0.0832"),
                       .created_at = START,
                       .signed_at = START,
                       .recv_window = USEC_PER_S,
                       .epoch = 1,
                       .held = Q(held),
                       .generation = 1};
    if (!money_notional(P("0.08"), tr.held, ROUND_CEIL, &tr.basis)) fail_msg("range");
    if (!qty_is_zero(tr.held)) {
        tr.entered_at = START;
        tr.entry_price = P("0.08");
        tr.hold_until = START + USEC_PER_HOUR;
    }
    return tr;
}

static void open_trader(void) {
    struct error err;
    struct trader_rows rows = {.account = {.install = "0000", .now = START}};
    arena_reset(&boot);
    cfg = kit_config(&boot, NULL);
    symbols = kit_symbols(&boot);
    assert_ok(trader_open(&boot, cfg, symbols, &traits, &rows, &trader, &err), &err);
}

/* A trader as a restart would make it, one second after the trade began; the tables that no report
 * touches are opened once. */
static void open_with(const struct trade *tr, const struct order *orders, int count) {
    struct trader *t = trader;
    t->account = (struct account){.start = M("10000"),
                                  .cash = money_minus(M("10000"), tr->basis),
                                  .day_open = M("10000"),
                                  .peak = M("10000"),
                                  .day = time_utc_day(START),
                                  .next_id = 100,
                                  .install = "0000",
                                  .now = START};
    t->control = (struct control){.mode = MODE_AUTO, .epoch = 1, .until = USEC_NEVER};
    t->traits = traits;
    t->day_end = KIT_DAY + USEC_PER_DAY;
    t->next_timer = USEC_NEVER;
    t->now = START;
    t->last_request = 0;
    t->trades[0] = *tr;
    t->trade_count = 1;
    memcpy(t->orders, orders, (size_t)count * sizeof *orders);
    t->order_count = count;
    t->syms[DOGE] = (struct sym_state){.mark = P("0.08"), .has_price = true};
    trades_index(t);
    now = START + USEC_PER_S;
}

static void step(const struct event *ev) { trader_step(trader, now, ev, acts); }

static void report(const struct report *r) {
    step(&(struct event){.kind = EVENT_REPORT, .u.report = *r});
}

static void reply(request_kind kind, outcome what, const struct report *r) {
    static struct reply rp;
    rp = (struct reply){.request_id = 1, .kind = kind, .trade_id = 1, .outcome = what};
    if (r != NULL) rp.reports[rp.report_count++] = *r;
    step(&(struct event){.kind = EVENT_REPLY, .u.reply = &rp});
}

static void price_comes(const char *p) {
    const struct quote q = {.sym = DOGE, .at = now, .last = P(p), .bid = P(p), .ask = P(p)};
    step(&(struct event){.kind = EVENT_QUOTE, .u.quote = q});
}

static struct report a_report(const char *coid, order_state state, const char *filled) {
    struct report r = {
        .sym = DOGE, .state = state, .qty = Q("1000"), .filled = Q(filled), .at = now};
    snprintf(r.coid, sizeof r.coid, "%s", coid);
    if (qty_e8(r.filled) > 0 && !money_notional(P("0.08"), r.filled, ROUND_CEIL, &r.quote_filled)) {
        fail_msg("range");
    }
    return r;
}

static void with_fill(struct report *r, const char *amount, const char *id) {
    r->has_fill = true;
    r->fill_qty = Q(amount);
    r->fill_price = P("0.08");
    if (qty_e8(r->fill_qty) > 0 &&
        !money_notional(r->fill_price, r->fill_qty, ROUND_CEIL, &r->fill_quote)) {
        fail_msg("range");
    }
    snprintf(r->venue_trade_id, sizeof r->venue_trade_id, "%s", id);
}

/* --- looking ------------------------------------------------------------------------- */

static int count_of(action_kind k) {
    int n = 0;
    for (int i = 0; i < acts->count; i++) n += acts->v[i].kind == k;
    return n;
}

static const struct action *find_act(action_kind k) {
    for (int i = 0; i < acts->count; i++) {
        if (acts->v[i].kind == k) return &acts->v[i];
    }
    fail_msg("no %s", action_kind_name(k));
    return NULL;
}

static int sends_of(request_kind k) {
    int n = 0;
    for (int i = 0; i < acts->count; i++) {
        n += acts->v[i].kind == ACTION_SEND && acts->v[i].u.request.kind == k;
    }
    return n;
}

static bool told(const char *event) {
    for (int i = 0; i < acts->count; i++) {
        if (acts->v[i].kind == ACTION_TELL && strcmp(acts->v[i].u.tell.event, event) == 0) {
            return true;
        }
    }
    return false;
}

static void assert_cash_explains_itself(void) {
    const struct account *a = &trader->account;
    money right = a->cash;
    for (int i = 0; i < trader->trade_count; i++) {
        right = money_plus(right, trader->trades[i].basis);
    }
    assert_int_equal(money_e8(money_plus(a->start, a->realized)), money_e8(right));
}

static void open_guarded(void) {
    const struct trade tr = a_trade("1000");
    const struct order orders[] = {
        an_order(2, LEG_ENTRY, ENTRY_COID, ORDER_ST_FILLED, "1000", "1000"),
        an_order(3, LEG_STOP, STOP_COID, ORDER_ST_OPEN, "1000", "0"),
        an_order(4, LEG_TARGET, TARGET_COID, ORDER_ST_OPEN, "1000", "0")};
    open_with(&tr, orders, 3);
}

static void open_exiting(order_state exit_state) {
    struct trade tr = a_trade("1000");
    tr.exit_due = tr.exit_sent = true;
    tr.exit_reason = REASON_TIME_LIMIT;
    tr.generation = 2;
    const struct order orders[] = {
        an_order(2, LEG_ENTRY, ENTRY_COID, ORDER_ST_FILLED, "1000", "1000"),
        an_order(3, LEG_STOP, STOP_COID, ORDER_ST_OPEN, "1000", "0"),
        an_order(4, LEG_TARGET, TARGET_COID, ORDER_ST_OPEN, "1000", "0"),
        an_order(5, LEG_EXIT, EXIT_COID, exit_state, "1000", "0")};
    open_with(&tr, orders, 4);
}

static void open_entering(order_state s) {
    const struct trade tr = a_trade("0");
    const struct order orders[] = {an_order(2, LEG_ENTRY, ENTRY_COID, s, "1000", "0"),
                                   an_order(3, LEG_STOP, STOP_COID, s, "0", "0"),
                                   an_order(4, LEG_TARGET, TARGET_COID, s, "0", "0")};
    open_with(&tr, orders, 3);
}

/* --- everything against everything --------------------------------------------------- */

/* The trade around an order of `l` in `s`, its fills booked. */
static bool set_stage(leg l, order_state s, const char *filled) {
    const bool fills = strcmp(filled, "0") != 0;
    if ((s == ORDER_ST_NEW || s == ORDER_ST_ABSENT) && fills) return false;
    if (s == ORDER_ST_FILLED && !fills) return false;
    const qty done = Q(filled);
    char held[AMOUNT_TEXT_BYTES];
    const str text =
        amount_format_e8(l == LEG_ENTRY ? qty_e8(done) : kit_e8("1000") - qty_e8(done), held);
    held[text.n] = '\0';
    struct trade tr = a_trade(held);
    if (l != LEG_ENTRY) tr.entered_at = START;
    if (l == LEG_EXIT) tr.exit_due = tr.exit_sent = true;
    const order_state rest = l == LEG_ENTRY && !fills ? ORDER_ST_PENDING : ORDER_ST_OPEN;
    const struct order orders[] = {
        l == LEG_ENTRY ? an_order(2, LEG_ENTRY, ENTRY_COID, s, "1000", filled)
                       : an_order(2, LEG_ENTRY, ENTRY_COID, ORDER_ST_FILLED, "1000", "1000"),
        l == LEG_STOP ? an_order(3, LEG_STOP, STOP_COID, s, "1000", filled)
                      : an_order(3, LEG_STOP, STOP_COID, rest, "1000", "0"),
        an_order(4, LEG_TARGET, TARGET_COID, rest, "1000", "0"),
        an_order(5, LEG_EXIT, EXIT_COID, s, "1000", filled)};
    open_with(&tr, orders, l == LEG_EXIT ? 4 : 3);
    return true;
}

static const char *coid_of(leg l) {
    return l == LEG_ENTRY ? ENTRY_COID : l == LEG_STOP ? STOP_COID : EXIT_COID;
}

static void try_one(leg l, order_state ours, const char *booked, const struct report *r) {
    if (!set_stage(l, ours, booked)) return;
    report(r);
    assert_cash_explains_itself();
    int fills = count_of(ACTION_PUT_FILL);
    report(r); /* the same again adds nothing */
    assert_int_equal(count_of(ACTION_PUT_FILL), 0);
    assert_cash_explains_itself();
    assert_true(fills <= 2);
    now += 2 * USEC_PER_S;
    step(&(struct event){.kind = EVENT_TIMER});
    price_comes("0.079");
    assert_cash_explains_itself();
}

static void test_no_report_breaks_a_trade(void **state) {
    (void)state;
    static const leg legs[] = {LEG_ENTRY, LEG_STOP, LEG_EXIT};
    static const char *const booked[] = {"0", "400", "1000"};
    static const char *const filled[] = {"-1", "0", "300", "400", "700", "1000", "1001"};
    static const char *const fill[] = {"", "-5", "0", "300", "1000", "2000"};
    static const char *const sizes[] = {"0", "500", "1000"};
    for (ptrdiff_t l = 0; l < COUNT_OF(legs); l++) {
        for (int ours = 0; ours < ORDER_ST_COUNT; ours++) {
            for (int theirs = 0; theirs < ORDER_ST_COUNT; theirs++) {
                for (int k = 0; k < 3 * 7 * 6 * 3; k++) {
                    struct report r =
                        a_report(coid_of(legs[l]), (order_state)theirs, filled[k / 3 % 7]);
                    const char *f = fill[k / 21 % 6];
                    if (f[0] != '\0') with_fill(&r, f, "77");
                    r.qty = Q(sizes[k / 126]);
                    try_one(legs[l], (order_state)ours, booked[k % 3], &r);
                }
            }
        }
    }
}

static void test_no_reply_breaks_a_trade(void **state) {
    (void)state;
    static const leg legs[] = {LEG_ENTRY, LEG_STOP, LEG_EXIT};
    for (ptrdiff_t l = 0; l < COUNT_OF(legs); l++) {
        for (int ours = 0; ours < ORDER_ST_COUNT; ours++) {
            for (int kind = REQUEST_BRACKET; kind <= REQUEST_SNAPSHOT; kind++) {
                for (int what = OUTCOME_DONE; what <= OUTCOME_DOWN; what++) {
                    for (int b = 0; b < 3; b++) {
                        const char *booked = b == 0 ? "0" : b == 1 ? "400" : "1000";
                        if (!set_stage(legs[l], (order_state)ours, booked)) continue;
                        reply((request_kind)kind, (outcome)what, NULL);
                        assert_cash_explains_itself();
                        now += 2 * USEC_PER_S;
                        step(&(struct event){.kind = EVENT_TIMER});
                        price_comes("0.079");
                        assert_cash_explains_itself();
                    }
                }
            }
        }
    }
}

static void test_every_state_survives_a_start(void **state) {
    (void)state;
    for (int ours = 0; ours < ORDER_ST_COUNT; ours++) {
        static const char *const booked[] = {"0", "400", "1000"};
        static const leg legs[] = {LEG_ENTRY, LEG_STOP, LEG_EXIT};
        for (int k = 0; k < 9; k++) {
            if (!set_stage(legs[k % 3], (order_state)ours, booked[k / 3])) continue;
            step(&(struct event){.kind = EVENT_START});
            assert_int_equal(sends_of(REQUEST_BRACKET), 0);
            assert_int_equal(sends_of(REQUEST_EXIT), 0);
            for (int i = 0; i < trader->order_count; i++) {
                assert_int_not_equal(trader->orders[i].state, ORDER_ST_NEW);
            }
        }
    }
}

/* --- fills --------------------------------------------------------------------------- */

static void test_late_fill_after_cancel_is_booked(void **state) {
    (void)state;
    open_guarded();
    struct report r = a_report(TARGET_COID, ORDER_ST_CANCELED, "0");
    report(&r);
    r = a_report(TARGET_COID, ORDER_ST_PART, "400");
    with_fill(&r, "400", "9");
    report(&r);
    assert_int_equal(qty_e8(trader->trades[0].held), kit_e8("600"));
    assert_int_equal(trader->orders[2].state, ORDER_ST_CANCELED);
    assert_int_equal(qty_e8(trader->orders[2].filled), kit_e8("400"));
    assert_cash_explains_itself();
}

static void test_missed_fills_are_booked_from_the_totals_with_the_expected_fee(void **state) {
    (void)state;
    traits.fee_e8 = 100000; /* 0.1 % */
    open_entering(ORDER_ST_SENT);
    struct report r = a_report(ENTRY_COID, ORDER_ST_FILLED, "1000");
    with_fill(&r, "300", "9");
    report(&r);
    assert_int_equal(count_of(ACTION_PUT_FILL), 2);
    const struct fill *missed = &find_act(ACTION_PUT_FILL)->u.fill;
    assert_int_equal(qty_e8(missed->qty), kit_e8("700"));
    assert_int_equal(money_e8(missed->quote), kit_e8("56"));
    assert_int_equal(missed->fee_e8, kit_e8("0.056"));
    assert_string_equal(missed->fee_asset, "USDT");
    assert_int_equal(qty_e8(trader->trades[0].held), kit_e8("1000"));
    assert_cash_explains_itself();
    traits.fee_e8 = 0;
}

static void test_a_missed_fill_on_spot_leaves_less_than_was_bought(void **state) {
    (void)state;
    traits = (struct venue_traits){.fee_e8 = 100000, .fee_from_received = true};
    open_entering(ORDER_ST_UNKNOWN);
    const struct report r = a_report(ENTRY_COID, ORDER_ST_FILLED, "1000");
    report(&r);
    assert_int_equal(qty_e8(trader->trades[0].held), kit_e8("999"));
    assert_string_equal(find_act(ACTION_PUT_FILL)->u.fill.fee_asset, "DOGE");
    traits = (struct venue_traits){0};
}

static void test_a_fill_that_was_booked_in_part_is_not_booked_twice(void **state) {
    (void)state;
    open_guarded();
    struct report r = a_report(STOP_COID, ORDER_ST_PART, "400");
    report(&r); /* totals of a query */
    r = a_report(STOP_COID, ORDER_ST_PART, "700");
    with_fill(&r, "700", "9"); /* one fill of 700, of which 400 are known */
    report(&r);
    assert_int_equal(qty_e8(trader->trades[0].held), kit_e8("300"));
    assert_cash_explains_itself();
}

static void test_an_exit_that_sold_more_than_is_held_closes_the_trade(void **state) {
    (void)state;
    const struct trade tr = a_trade("999.5");
    const struct order orders[] = {
        an_order(2, LEG_ENTRY, ENTRY_COID, ORDER_ST_FILLED, "1000", "1000"),
        an_order(3, LEG_STOP, STOP_COID, ORDER_ST_OPEN, "1000", "0"),
        an_order(4, LEG_TARGET, TARGET_COID, ORDER_ST_EXPIRED, "1000", "0")};
    open_with(&tr, orders, 3);
    struct report r = a_report(STOP_COID, ORDER_ST_FILLED, "1000");
    with_fill(&r, "1000", "9");
    report(&r);
    assert_true(told("fill_does_not_fit"));
    assert_int_equal(trader->trade_count, 0);
    assert_int_equal(money_e8(trader->account.cash), kit_e8("10000.04"));
    assert_cash_explains_itself();
}

static void test_a_stop_that_fires_before_the_entry_is_known_waits_for_it(void **state) {
    (void)state;
    open_entering(ORDER_ST_UNKNOWN);
    struct report stop = a_report(STOP_COID, ORDER_ST_FILLED, "1000");
    with_fill(&stop, "1000", "10");
    report(&stop);
    assert_int_equal(count_of(ACTION_PUT_FILL), 0);
    assert_int_equal(trader_next_timer(trader), now + USEC_PER_S);
    const struct report entry = a_report(ENTRY_COID, ORDER_ST_FILLED, "1000");
    reply(REQUEST_QUERY, OUTCOME_DONE, &entry);
    assert_int_equal(qty_e8(trader->trades[0].held), kit_e8("1000"));
    assert_int_equal(sends_of(REQUEST_EXIT), 0);
    report(&stop);
    assert_int_equal(trader->trade_count, 0);
    assert_cash_explains_itself();
}

static void test_a_fill_of_an_ended_trade_is_told(void **state) {
    (void)state;
    open_guarded();
    struct report r = a_report(STOP_COID, ORDER_ST_FILLED, "1000");
    with_fill(&r, "1000", "9");
    report(&r);
    assert_int_equal(trader->trade_count, 0);
    r = a_report(TARGET_COID, ORDER_ST_FILLED, "1000");
    with_fill(&r, "1000", "10");
    report(&r);
    assert_true(told("fill_unexplained"));
}

/* --- exits that come to nothing ------------------------------------------------------ */

static void test_an_exit_that_never_arrived_is_made_again(void **state) {
    (void)state;
    open_exiting(ORDER_ST_UNKNOWN);
    const struct report r = a_report(EXIT_COID, ORDER_ST_ABSENT, "0");
    reply(REQUEST_QUERY, OUTCOME_DONE, &r);
    assert_int_equal(sends_of(REQUEST_EXIT), 0);
    price_comes("0.081");
    assert_int_equal(sends_of(REQUEST_EXIT), 1);
    assert_string_equal(trader->orders[4].coid + 27, "-03x");
}

static void test_an_exit_that_ended_unfilled_under_protection_is_made_again(void **state) {
    (void)state;
    open_exiting(ORDER_ST_OPEN);
    const struct report r = a_report(EXIT_COID, ORDER_ST_EXPIRED, "0");
    report(&r);
    assert_int_equal(sends_of(REQUEST_EXIT), 0);
    assert_true(trader_next_timer(trader) < USEC_NEVER);
    price_comes("0.081");
    assert_int_equal(sends_of(REQUEST_EXIT), 1);
}

static void test_an_exit_without_a_price_goes_after_a_minute(void **state) {
    (void)state;
    open_exiting(ORDER_ST_OPEN);
    const struct report r = a_report(EXIT_COID, ORDER_ST_EXPIRED, "0");
    report(&r);
    assert_int_equal(trader_next_timer(trader), now + 60 * USEC_PER_S);
    now += 60 * USEC_PER_S;
    step(&(struct event){.kind = EVENT_TIMER});
    assert_int_equal(sends_of(REQUEST_EXIT), 1);
}

static void test_no_exit_is_tried_where_no_price_will_come(void **state) {
    (void)state;
    open_exiting(ORDER_ST_OPEN);
    step(&(struct event){.kind = EVENT_DRY, .u.sym = DOGE});
    const struct report r = a_report(EXIT_COID, ORDER_ST_EXPIRED, "0");
    report(&r);
    assert_int_equal(trader_next_timer(trader), USEC_NEVER);
}

static void test_a_bare_rest_that_became_too_small_closes_the_trade(void **state) {
    (void)state;
    struct trade tr = a_trade("70");
    tr.exit_due = true;
    tr.exit_reason = REASON_STOP;
    tr.generation = 2;
    const struct order orders[] = {
        an_order(2, LEG_ENTRY, ENTRY_COID, ORDER_ST_FILLED, "1000", "1000"),
        an_order(3, LEG_STOP, STOP_COID, ORDER_ST_EXPIRED, "1000", "930"),
        an_order(4, LEG_TARGET, TARGET_COID, ORDER_ST_EXPIRED, "1000", "0"),
        an_order(5, LEG_EXIT, EXIT_COID, ORDER_ST_EXPIRED, "70", "0")};
    open_with(&tr, orders, 4);
    price_comes("0.07"); /* 4.90 of at least 5 */
    assert_int_equal(sends_of(REQUEST_EXIT), 0);
    assert_int_equal(trader->trade_count, 0);
    assert_int_equal(find_act(ACTION_PUT_TRADE)->u.trade.closed_reason, REASON_STOP);
    assert_cash_explains_itself();
}

static void test_a_thin_market_is_sold_into_for_hundreds_of_exits(void **state) {
    (void)state;
    open_guarded();
    struct report gone = a_report(STOP_COID, ORDER_ST_PART, "1");
    with_fill(&gone, "1", "8");
    report(&gone);
    gone = a_report(TARGET_COID, ORDER_ST_CANCELED, "0");
    report(&gone);
    gone = a_report(STOP_COID, ORDER_ST_EXPIRED, "1");
    report(&gone); /* bare, and the stop has fired: the first exit goes at once */
    int exits = 0;
    for (int i = 0; i < 300; i++) {
        assert_int_equal(sends_of(REQUEST_EXIT), 1);
        exits++;
        const struct order *last = &trader->orders[trader->order_count - 1];
        struct report r = a_report(last->coid, ORDER_ST_EXPIRED, "1");
        r.qty = last->qty;
        with_fill(&r, "1", "9");
        report(&r);
        now += USEC_PER_MIN;
        price_comes("0.08");
    }
    assert_int_equal(exits, 300);
    assert_int_equal(qty_e8(trader->trades[0].held), kit_e8("699"));
    assert_false(told("exit_stuck"));
}

/* --- questions and answers ----------------------------------------------------------- */

static void test_a_question_that_was_not_taken_is_asked_again(void **state) {
    (void)state;
    static const outcome bad[] = {OUTCOME_REJECTED, OUTCOME_UNKNOWN, OUTCOME_LATE, OUTCOME_FULL,
                                  OUTCOME_DOWN};
    for (ptrdiff_t i = 0; i < COUNT_OF(bad); i++) {
        open_entering(ORDER_ST_UNKNOWN);
        reply(REQUEST_QUERY, bad[i], NULL);
        assert_int_equal(trader_next_timer(trader), now + USEC_PER_S);
        now += USEC_PER_S;
        step(&(struct event){.kind = EVENT_TIMER});
        assert_int_equal(sends_of(REQUEST_QUERY), 3);
        assert_int_equal(sends_of(REQUEST_BRACKET), 0);
    }
}

static void test_an_entry_that_never_was_takes_its_legs_with_it(void **state) {
    (void)state;
    open_entering(ORDER_ST_UNKNOWN);
    const struct report r = a_report(ENTRY_COID, ORDER_ST_ABSENT, "0");
    reply(REQUEST_QUERY, OUTCOME_DONE, &r);
    assert_int_equal(trader->trade_count, 0);
    assert_int_equal(trader->order_count, 0);
    assert_int_equal(count_of(ACTION_PUT_ORDER), 3);
    assert_int_equal(find_act(ACTION_PUT_TRADE)->u.trade.closed_reason, REASON_LATE);
}

static void test_no_such_order_is_no_proof_before_its_time(void **state) {
    (void)state;
    traits.absence_after = 10 * USEC_PER_S;
    open_entering(ORDER_ST_UNKNOWN);
    traits.absence_after = 0; /* the trader has its own; the next test's is another */
    const struct report r = a_report(ENTRY_COID, ORDER_ST_ABSENT, "0");
    now = START + 10 * USEC_PER_S - 1;
    reply(REQUEST_QUERY, OUTCOME_DONE, &r);
    assert_int_equal(trader->trade_count, 1);
    assert_int_equal(trader_next_timer(trader), now + 1); /* again when it is one */
    now += 1;
    step(&(struct event){.kind = EVENT_TIMER});
    assert_int_equal(sends_of(REQUEST_QUERY), 1); /* what is asked from now on proves it */
    reply(REQUEST_QUERY, OUTCOME_DONE, &r);
    assert_int_equal(sends_of(REQUEST_QUERY), 2); /* if the legs that came with it lack, too */
    assert_int_equal(trader->trade_count, 1);
    const struct report stop = a_report(STOP_COID, ORDER_ST_ABSENT, "0");
    const struct report target = a_report(TARGET_COID, ORDER_ST_ABSENT, "0");
    reply(REQUEST_QUERY, OUTCOME_DONE, &stop);
    assert_int_equal(trader->trade_count, 1);
    reply(REQUEST_QUERY, OUTCOME_DONE, &target);
    assert_int_equal(trader->trade_count, 0);
}

static void test_a_refusal_after_a_fill_does_not_drop_the_position(void **state) {
    (void)state;
    open_guarded();
    reply(REQUEST_BRACKET, OUTCOME_REJECTED, NULL);
    assert_int_equal(trader->trade_count, 1);
    assert_int_equal(trader->orders[1].state, ORDER_ST_OPEN);
    assert_true(told("report_contradicts"));
    assert_int_equal(trader_next_timer(trader), now + USEC_PER_S);
}

static void test_a_contradiction_is_asked_about(void **state) {
    (void)state;
    open_guarded();
    const struct report r = a_report(STOP_COID, ORDER_ST_REJECTED, "0");
    report(&r);
    assert_true(told("report_contradicts"));
    assert_int_equal(trader_next_timer(trader), now + USEC_PER_S);
}

static void test_an_order_of_somebody_else_is_told(void **state) {
    (void)state;
    open_guarded();
    const struct report r = a_report("web_12345", ORDER_ST_FILLED, "1000");
    report(&r);
    assert_true(told("order_not_ours"));
    assert_int_equal(count_of(ACTION_PUT_FILL), 0);
}

static void test_asking_takes_no_id_of_the_account(void **state) {
    (void)state;
    open_guarded();
    const int64_t id = trader->account.next_id;
    step(&(struct event){.kind = EVENT_START});
    assert_int_equal(sends_of(REQUEST_QUERY), 2);
    assert_int_equal(trader->account.next_id, id);
    assert_int_equal(count_of(ACTION_PUT_ACCOUNT), 0);
    int64_t last = 0;
    for (int i = 0; i < acts->count; i++) {
        if (acts->v[i].kind != ACTION_SEND) continue;
        assert_true(acts->v[i].u.request.id > last);
        last = acts->v[i].u.request.id;
    }
}

static void test_many_orders_are_asked_after_over_several_turns(void **state) {
    (void)state;
    const struct trade tr = a_trade("1000");
    static struct order orders[150];
    for (int i = 0; i < 150; i++) {
        char coid[COID_BYTES];
        snprintf(coid, sizeof coid, "bf0000-%d-01s", i);
        orders[i] = an_order(i + 2, LEG_STOP, coid, i % 3 == 0 ? ORDER_ST_EXPIRED : ORDER_ST_OPEN,
                             "1000", "0");
    }
    open_with(&tr, orders, 150);
    step(&(struct event){.kind = EVENT_START});
    int asked = sends_of(REQUEST_QUERY);
    assert_int_equal(asked, 64);
    while (trader_next_timer(trader) < now + 2 * USEC_PER_S) {
        now = trader_next_timer(trader);
        step(&(struct event){.kind = EVENT_TIMER});
        assert_true(sends_of(REQUEST_QUERY) <= 64);
        asked += sends_of(REQUEST_QUERY);
    }
    assert_int_equal(asked, 100);
}

static int set_up(void **state) {
    (void)state;
    arena_open(&boot, 64 << 20);
    arena_open(&turn_memory, 16 << 20);
    acts = NEW(&turn_memory, struct actions);
    open_trader();
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    arena_close(&boot);
    arena_close(&turn_memory);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_report_breaks_a_trade),
        cmocka_unit_test(test_no_reply_breaks_a_trade),
        cmocka_unit_test(test_every_state_survives_a_start),
        cmocka_unit_test(test_late_fill_after_cancel_is_booked),
        cmocka_unit_test(test_missed_fills_are_booked_from_the_totals_with_the_expected_fee),
        cmocka_unit_test(test_a_missed_fill_on_spot_leaves_less_than_was_bought),
        cmocka_unit_test(test_a_fill_that_was_booked_in_part_is_not_booked_twice),
        cmocka_unit_test(test_an_exit_that_sold_more_than_is_held_closes_the_trade),
        cmocka_unit_test(test_a_stop_that_fires_before_the_entry_is_known_waits_for_it),
        cmocka_unit_test(test_a_fill_of_an_ended_trade_is_told),
        cmocka_unit_test(test_an_exit_that_never_arrived_is_made_again),
        cmocka_unit_test(test_an_exit_that_ended_unfilled_under_protection_is_made_again),
        cmocka_unit_test(test_an_exit_without_a_price_goes_after_a_minute),
        cmocka_unit_test(test_no_exit_is_tried_where_no_price_will_come),
        cmocka_unit_test(test_a_bare_rest_that_became_too_small_closes_the_trade),
        cmocka_unit_test(test_a_thin_market_is_sold_into_for_hundreds_of_exits),
        cmocka_unit_test(test_a_question_that_was_not_taken_is_asked_again),
        cmocka_unit_test(test_an_entry_that_never_was_takes_its_legs_with_it),
        cmocka_unit_test(test_no_such_order_is_no_proof_before_its_time),
        cmocka_unit_test(test_a_refusal_after_a_fill_does_not_drop_the_position),
        cmocka_unit_test(test_a_contradiction_is_asked_about),
        cmocka_unit_test(test_an_order_of_somebody_else_is_told),
        cmocka_unit_test(test_asking_takes_no_id_of_the_account),
        cmocka_unit_test(test_many_orders_are_asked_after_over_several_turns),
    };
    return cmocka_run_group_tests_name("trader reports", tests, set_up, tear_down);
}
