/* The wallet: the four formulas by hand, and the identity of cash over random histories, against
 * whole numbers of any size (tests/lib/bigdec).
 *
 *   start + realised == cash + sum(basis of LONG) - sum(basis of SHORT)     to the last 1e-8
 *
 * TEST_SEED=n repeats a run, TEST_CASES=n makes it longer. */
#include "flow/wallet/wallet.h"

#include "base/rng.h"
#include "bigdec.c"
#include "flowkit.h"

static struct rng rng;
static int64_t case_count = 400;

static struct trade a_trade(side s) { return (struct trade){.id = 1, .side = s}; }

static struct account an_account(const char *start) {
    return (struct account){.start = M(start), .cash = M(start)};
}

static struct fill a_fill(side s, leg l, const char *amount, const char *at, const char *quote) {
    return (struct fill){.id = 1,
                         .leg = l,
                         .side = (s == SIDE_LONG) == (l == LEG_ENTRY) ? ORDER_BUY : ORDER_SELL,
                         .qty = Q(amount),
                         .price = P(at),
                         .quote = M(quote)};
}

static void assert_amount(int64_t got_e8, const char *want) {
    char block[AMOUNT_TEXT_BYTES];
    const str got = amount_format_e8(got_e8, block);
    if (!str_eq(got, str_from_z(want))) fail_msg("got " STR_FMT ", want %s", STR_ARG(got), want);
}
#define assert_money(m, want) assert_amount(money_e8(m), want)
#define assert_qty(q, want) assert_amount(qty_e8(q), want)

/* --- by hand ------------------------------------------------------------------------- */

static void test_long_entry_with_a_fee_in_quote(void **state) {
    (void)state;
    struct trade t = a_trade(SIDE_LONG);
    struct account a = an_account("1000");
    struct fill f = a_fill(SIDE_LONG, LEG_ENTRY, "100", "2", "200");
    f.fee_e8 = kit_e8("0.2");
    wallet_fill(&t, &a, &f);
    assert_qty(t.held, "100");
    assert_money(t.basis, "200.2");
    assert_money(a.cash, "799.8");
    assert_money(a.realized, "0");
    assert_money(t.fees, "0.2");
    assert_money(a.fees, "0.2");
}

static void test_long_entry_with_a_fee_in_base_holds_less(void **state) {
    (void)state;
    struct trade t = a_trade(SIDE_LONG);
    struct account a = an_account("1000");
    struct fill f = a_fill(SIDE_LONG, LEG_ENTRY, "100", "2", "200");
    f.fee_e8 = kit_e8("0.1");
    f.fee_in_base = true;
    wallet_fill(&t, &a, &f);
    assert_qty(t.held, "99.9");
    assert_money(t.basis, "200");
    assert_money(a.cash, "800");
    assert_money(t.fees, "0.2"); /* told in quote at the fill's price */
}

static void test_long_exit_takes_its_part_of_the_basis_rounded_down(void **state) {
    (void)state;
    struct trade t = a_trade(SIDE_LONG);
    t.held = Q("3");
    t.basis = M("1.00000001");
    struct account a = an_account("10");
    const struct fill f = a_fill(SIDE_LONG, LEG_STOP, "1", "0.5", "0.5");
    wallet_fill(&t, &a, &f);
    assert_qty(t.held, "2");
    assert_money(t.basis, "0.66666668");
    assert_money(t.pnl, "0.16666667");
    assert_money(a.cash, "10.5");
}

static void test_the_last_unit_takes_all_of_the_basis(void **state) {
    (void)state;
    struct trade t = a_trade(SIDE_LONG);
    t.held = Q("2");
    t.basis = M("0.66666668");
    struct account a = an_account("10");
    struct fill f = a_fill(SIDE_LONG, LEG_TARGET, "2", "0.5", "1");
    f.fee_e8 = kit_e8("0.001");
    wallet_fill(&t, &a, &f);
    assert_qty(t.held, "0");
    assert_money(t.basis, "0");
    assert_money(t.pnl, "0.33233332");
    assert_money(a.realized, "0.33233332");
}

static void test_short_entry_and_exit(void **state) {
    (void)state;
    struct trade t = a_trade(SIDE_SHORT);
    struct account a = an_account("1000");
    struct fill f = a_fill(SIDE_SHORT, LEG_ENTRY, "100", "2", "200");
    f.fee_e8 = kit_e8("0.2");
    wallet_fill(&t, &a, &f);
    assert_qty(t.held, "100");
    assert_money(t.basis, "199.8");
    assert_money(a.cash, "1199.8");
    f = a_fill(SIDE_SHORT, LEG_STOP, "100", "2.1", "210");
    f.fee_e8 = kit_e8("0.21");
    wallet_fill(&t, &a, &f);
    assert_qty(t.held, "0");
    assert_money(t.pnl, "-10.41");
    assert_money(a.cash, "989.59");
    assert_money(a.realized, "-10.41");
}

static void test_unrealized_is_value_less_basis_by_side(void **state) {
    (void)state;
    struct trade t = a_trade(SIDE_LONG);
    assert_money(wallet_unrealized(&t, P("5")), "0");
    t.held = Q("10");
    t.basis = M("20");
    assert_money(wallet_unrealized(&t, P("2.5")), "5");
    assert_money(wallet_exposure(&t, P("2.5")), "25");
    t.side = SIDE_SHORT;
    assert_money(wallet_unrealized(&t, P("2.5")), "-5");
}

static void test_unrealized_rounds_against_us(void **state) {
    (void)state;
    struct trade t = a_trade(SIDE_LONG);
    t.held = Q("0.00000003");
    t.basis = M("0");
    assert_money(wallet_unrealized(&t, P("0.5")), "0.00000001");
    t.side = SIDE_SHORT;
    assert_money(wallet_unrealized(&t, P("0.5")), "-0.00000002");
}

static void test_write_off_is_a_loss_long_and_a_profit_short(void **state) {
    (void)state;
    for (int s = SIDE_LONG; s <= SIDE_SHORT; s++) {
        struct trade t = a_trade((side)s);
        struct account a = an_account("100");
        t.held = Q("0.5");
        t.basis = M("0.3");
        wallet_write_off(&t, &a);
        assert_qty(t.held, "0");
        assert_money(t.basis, "0");
        assert_money(t.pnl, s == SIDE_LONG ? "-0.3" : "0.3");
        assert_money(a.realized, s == SIDE_LONG ? "-0.3" : "0.3");
        assert_money(a.cash, "100");
    }
}

static void test_average_is_what_a_unit_cost(void **state) {
    (void)state;
    struct trade t = a_trade(SIDE_LONG);
    assert_amount(price_e8(wallet_average(&t)), "0");
    t.held = Q("3");
    t.basis = M("10");
    assert_amount(price_e8(wallet_average(&t)), "3.33333333");
}

static void test_fills_that_break_their_promise_abort(void **state) {
    (void)state;
    struct trade t = a_trade(SIDE_LONG);
    t.held = Q("1");
    t.basis = M("1");
    struct account a = an_account("100");
    const struct fill more = a_fill(SIDE_LONG, LEG_STOP, "1.00000001", "1", "1.00000001");
    assert_aborts(wallet_fill(&t, &a, &more));
    struct fill wrong_side = a_fill(SIDE_LONG, LEG_STOP, "1", "1", "1");
    wrong_side.side = ORDER_BUY;
    assert_aborts(wallet_fill(&t, &a, &wrong_side));
    struct trade none = a_trade(SIDE_NONE);
    const struct fill entry = a_fill(SIDE_LONG, LEG_ENTRY, "1", "1", "1");
    assert_aborts(wallet_fill(&none, &a, &entry));
}

/* --- by chance ----------------------------------------------------------------------- */

#define BOOKS 4

/* The account a second time, in whole numbers of any size. */
struct ledger_by_hand {
    struct big cash, realized;
    struct big held[BOOKS], basis[BOOKS];
};

static struct big of(int64_t v) { return big_from_i64(v); }

static void enter_by_hand(struct ledger_by_hand *h, int i, side s, const struct fill *f) {
    const struct big fee = f->fee_in_base ? of(0) : of(f->fee_e8);
    const struct big lost = f->fee_in_base ? of(f->fee_e8) : of(0);
    const struct big quote = of(money_e8(f->quote));
    h->held[i] = big_add(h->held[i], big_sub(of(qty_e8(f->qty)), lost));
    if (s == SIDE_LONG) {
        h->basis[i] = big_add(h->basis[i], big_add(quote, fee));
        h->cash = big_sub(h->cash, big_add(quote, fee));
    } else {
        h->basis[i] = big_add(h->basis[i], big_sub(quote, fee));
        h->cash = big_add(h->cash, big_sub(quote, fee));
    }
}

static void leave_by_hand(struct ledger_by_hand *h, int i, side s, const struct fill *f) {
    const struct big fee = of(f->fee_e8), quote = of(money_e8(f->quote));
    const struct big amount = of(qty_e8(f->qty));
    const struct big out = big_cmp(amount, h->held[i]) == 0
                               ? h->basis[i]
                               : big_div_floor(big_mul(h->basis[i], amount), h->held[i]);
    h->held[i] = big_sub(h->held[i], amount);
    h->basis[i] = big_sub(h->basis[i], out);
    if (s == SIDE_LONG) {
        h->cash = big_add(h->cash, big_sub(quote, fee));
        h->realized = big_add(h->realized, big_sub(big_sub(quote, fee), out));
    } else {
        h->cash = big_sub(h->cash, big_add(quote, fee));
        h->realized = big_add(h->realized, big_sub(big_sub(out, quote), fee));
    }
}

static void write_off_by_hand(struct ledger_by_hand *h, int i, side s) {
    h->realized =
        s == SIDE_LONG ? big_sub(h->realized, h->basis[i]) : big_add(h->realized, h->basis[i]);
    h->held[i] = h->basis[i] = of(0);
}

static void assert_same(struct big want, int64_t got, const char *what) {
    int64_t v = 0;
    if (big_to_i64(want, &v) && v == got) return;
    char text[128];
    big_print(want, 8, text, sizeof text);
    fail_msg("%s: %lld, by hand %s", what, (long long)got, text);
}

static void assert_identity(const struct account *a, const struct trade *t,
                            const struct ledger_by_hand *h) {
    struct big left = big_add(of(money_e8(a->start)), of(money_e8(a->realized)));
    struct big right = of(money_e8(a->cash));
    for (int i = 0; i < BOOKS; i++) {
        const struct big basis = of(money_e8(t[i].basis));
        right = t[i].side == SIDE_LONG ? big_add(right, basis) : big_sub(right, basis);
        assert_same(h->held[i], qty_e8(t[i].held), "held");
        assert_same(h->basis[i], money_e8(t[i].basis), "basis");
    }
    assert_same(h->cash, money_e8(a->cash), "cash");
    assert_same(h->realized, money_e8(a->realized), "realised");
    if (big_cmp(left, right) != 0) fail_msg("start + realised differs from cash and basis");
}

/* A fill of at most `most` base units (1e-8), with the quote a venue would book. */
static struct fill chance_fill(side s, leg l, int64_t most) {
    const int64_t digits = rng_between(&rng, 0, 12);
    int64_t scale = 1;
    for (int64_t k = 0; k < digits; k++) scale *= 10;
    struct fill f = {.id = 1,
                     .leg = l,
                     .side = (s == SIDE_LONG) == (l == LEG_ENTRY) ? ORDER_BUY : ORDER_SELL,
                     .qty = qty_from_e8(1 + (int64_t)rng_below(&rng, (uint64_t)most)),
                     .price = price_from_e8(1 + (int64_t)rng_below(&rng, (uint64_t)scale))};
    const rounding r = f.side == ORDER_BUY ? ROUND_CEIL : ROUND_FLOOR;
    if (!money_notional(f.price, f.qty, r, &f.quote)) fail_msg("a fill out of range");
    f.fee_in_base = l == LEG_ENTRY && s == SIDE_LONG && rng_below(&rng, 2) == 0;
    const int64_t of_what = f.fee_in_base ? qty_e8(f.qty) : money_e8(f.quote);
    f.fee_e8 = rng_below(&rng, 4) == 0 ? 0 : of_what / (int64_t)(100 + rng_below(&rng, 2000));
    return f;
}

static void one_step(struct trade *t, struct account *a, struct ledger_by_hand *h, int i) {
    const side s = t[i].side;
    const uint64_t what = rng_below(&rng, 20);
    if (qty_is_zero(t[i].held) || what < 6) {
        const struct fill f = chance_fill(s, LEG_ENTRY, INT64_C(100000000000));
        enter_by_hand(h, i, s, &f);
        wallet_fill(&t[i], a, &f);
    } else if (what == 6) {
        write_off_by_hand(h, i, s);
        wallet_write_off(&t[i], a);
    } else {
        struct fill f = chance_fill(s, LEG_EXIT, qty_e8(t[i].held));
        if (what > 16) { /* all of it */
            f.qty = t[i].held;
            const rounding r = f.side == ORDER_BUY ? ROUND_CEIL : ROUND_FLOOR;
            if (!money_notional(f.price, f.qty, r, &f.quote)) fail_msg("a fill out of range");
            f.fee_e8 = 0;
        }
        leave_by_hand(h, i, s, &f);
        wallet_fill(&t[i], a, &f);
    }
}

static void test_cash_and_basis_explain_start_and_profit(void **state) {
    (void)state;
    for (int64_t n = 0; n < case_count; n++) {
        struct trade t[BOOKS];
        struct account a = an_account("10000");
        struct ledger_by_hand h = {.cash = of(money_e8(a.cash)), .realized = of(0)};
        for (int i = 0; i < BOOKS; i++) {
            t[i] = a_trade(rng_below(&rng, 2) ? SIDE_LONG : SIDE_SHORT);
            h.held[i] = h.basis[i] = of(0);
        }
        for (int step = 0; step < 60; step++) {
            one_step(t, &a, &h, (int)rng_below(&rng, BOOKS));
            assert_identity(&a, t, &h);
        }
        money sum = money_from_e8(0);
        for (int i = 0; i < BOOKS; i++) sum = money_plus(sum, t[i].pnl);
        assert_int_equal(money_e8(sum), money_e8(a.realized));
    }
}

static int set_up(void **state) {
    (void)state;
    rng_init(&rng, test_seed());
    case_count = test_number("TEST_CASES", case_count);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_long_entry_with_a_fee_in_quote),
        cmocka_unit_test(test_long_entry_with_a_fee_in_base_holds_less),
        cmocka_unit_test(test_long_exit_takes_its_part_of_the_basis_rounded_down),
        cmocka_unit_test(test_the_last_unit_takes_all_of_the_basis),
        cmocka_unit_test(test_short_entry_and_exit),
        cmocka_unit_test(test_unrealized_is_value_less_basis_by_side),
        cmocka_unit_test(test_unrealized_rounds_against_us),
        cmocka_unit_test(test_write_off_is_a_loss_long_and_a_profit_short),
        cmocka_unit_test(test_average_is_what_a_unit_cost),
        cmocka_unit_test(test_fills_that_break_their_promise_abort),
        cmocka_unit_test(test_cash_and_basis_explain_start_and_profit),
    };
    return cmocka_run_group_tests_name("wallet", tests, set_up, NULL);
}
