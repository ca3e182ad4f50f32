/* book, the check's own arithmetic: by hand, and against the wallet on random trades. The two were
 * written apart; where they differ by 1e-8, one of them is wrong. TEST_SEED=n repeats a run. */
#include "store/book.h"

#include <inttypes.h>
#include <stdlib.h>

#include "check.h"

#include "base/rng.h"
#include "flow/wallet/wallet.h"

static struct fill make_fill(leg l, order_side s, int64_t qty_in_e8, int64_t price_in_e8) {
    struct fill f = {.leg = l, .side = s};
    f.qty = qty_from_e8(qty_in_e8);
    f.price = price_from_e8(price_in_e8);
    assert_true(money_notional(f.price, f.qty, ROUND_FLOOR, &f.quote));
    return f;
}

static void booked(struct book *b, side s, struct fill f) {
    const char *why = NULL;
    if (!book_fill(b, s, &f, &why)) fail_msg("%s", why);
}

static void test_a_long_with_a_fee_in_its_coin(void **state) {
    (void)state;
    struct book b = {0};
    struct fill f = make_fill(LEG_ENTRY, ORDER_BUY, 10 * E8, 3 * E8);
    f.fee_in_base = true;
    f.fee_e8 = E8 / 100; /* 0.01 of 10 */
    booked(&b, SIDE_LONG, f);
    assert_int_equal(qty_e8(b.held), 999000000);
    assert_int_equal(money_e8(b.basis), 30 * E8);
    assert_int_equal(money_e8(b.fees), 3000000);
    f = make_fill(LEG_TARGET, ORDER_SELL, 333000000, 6 * E8); /* a third of what is held */
    f.fee_e8 = 1998000;
    booked(&b, SIDE_LONG, f);
    assert_int_equal(money_e8(b.pnl), 1998000000 - 1998000 - 10 * E8);
    assert_int_equal(money_e8(b.basis), 20 * E8);
    assert_int_equal(money_e8(b.cash), -30 * E8 + 1998000000 - 1998000);
    const char *why;
    assert_true(book_close(&b, SIDE_LONG, &why)); /* as if the rest were dust */
    assert_int_equal(money_e8(b.pnl), 1998000000 - 1998000 - 30 * E8);
    assert_int_equal(qty_e8(b.held), 0);
}

static void test_a_short_that_lost(void **state) {
    (void)state;
    struct book b = {0};
    struct fill f = make_fill(LEG_ENTRY, ORDER_SELL, 2 * E8, 5 * E8);
    f.fee_e8 = 7;
    booked(&b, SIDE_SHORT, f);
    f = make_fill(LEG_STOP, ORDER_BUY, 2 * E8, 6 * E8);
    f.fee_e8 = 11;
    booked(&b, SIDE_SHORT, f);
    assert_int_equal(money_e8(b.pnl), -2 * E8 - 18);
    assert_int_equal(money_e8(b.cash), -2 * E8 - 18);
    assert_int_equal(money_e8(b.fees), 18);
    assert_int_equal(qty_e8(b.held), 0);
    assert_int_equal(money_e8(b.basis), 0);
}

static void test_what_cannot_be_is_told_and_books_nothing(void **state) {
    (void)state;
    struct book b = {0};
    const struct fill good = make_fill(LEG_ENTRY, ORDER_BUY, E8, E8);
    booked(&b, SIDE_LONG, good);
    const struct book before = b;
    struct fill bad[6];
    for (int i = 0; i < 6; i++) bad[i] = good;
    bad[0].qty = qty_from_e8(0);
    bad[1].fee_e8 = -1;
    bad[2].fee_in_base = true, bad[2].fee_e8 = 2 * E8;
    bad[3].side = ORDER_SELL;                             /* an entry that sells */
    bad[4] = make_fill(LEG_EXIT, ORDER_SELL, E8 + 1, E8); /* more than is held */
    bad[5].quote = money_from_e8(AMOUNT_E8_MAX);          /* out of range in the sum */
    for (int i = 0; i < 6; i++) {
        const char *why = NULL;
        if (book_fill(&b, SIDE_LONG, &bad[i], &why)) fail_msg("fill %d was booked", i);
        assert_non_null(why);
        assert_memory_equal(&b, &before, sizeof b);
    }
}

/* One random trade through both; all members must agree after each fill. */
static void one_trade(struct rng *r) {
    struct trade t = {.side = rng_below(r, 2) ? SIDE_LONG : SIDE_SHORT};
    struct account a = {0};
    struct book b = {0};
    const char *why;
    const int entries = 1 + (int)rng_below(r, 4);
    for (int i = 0; i < 12 && (i < entries || qty_e8(t.held) > 0); i++) {
        const bool entry = i < entries;
        const int64_t most = entry ? 1000 * E8 : qty_e8(t.held);
        const int64_t q = rng_below(r, 3) ? rng_between(r, 1, most) : most;
        struct fill f = make_fill(entry ? LEG_ENTRY : LEG_EXIT,
                                  entry == (t.side == SIDE_LONG) ? ORDER_BUY : ORDER_SELL, q,
                                  rng_between(r, 1, 1000 * E8));
        f.fee_in_base = entry && t.side == SIDE_LONG && rng_below(r, 2) == 1;
        f.fee_e8 = rng_between(r, 0, (f.fee_in_base ? q : money_e8(f.quote)) / 100);
        wallet_fill(&t, &a, &f);
        booked(&b, t.side, f);
        if (i == 11) wallet_write_off(&t, &a);
        if (i == 11) assert_true(book_close(&b, t.side, &why));
        assert_int_equal(qty_e8(b.held), qty_e8(t.held));
        assert_int_equal(money_e8(b.basis), money_e8(t.basis));
        assert_int_equal(money_e8(b.pnl), money_e8(t.pnl));
        assert_int_equal(money_e8(b.fees), money_e8(t.fees));
        assert_int_equal(money_e8(b.cash), money_e8(a.cash));
        assert_int_equal(money_e8(b.pnl), money_e8(a.realized));
    }
}

static void test_it_agrees_with_the_wallet(void **state) {
    (void)state;
    struct rng r;
    const char *text = getenv("TEST_SEED");
    const uint64_t seed = text ? strtoull(text, NULL, 10) : (uint64_t)time_wall_us();
    print_message("TEST_SEED=%" PRIu64 "\n", seed);
    rng_init(&r, seed);
    for (int i = 0; i < 5000; i++) one_trade(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_long_with_a_fee_in_its_coin),
        cmocka_unit_test(test_a_short_that_lost),
        cmocka_unit_test(test_what_cannot_be_is_told_and_books_nothing),
        cmocka_unit_test(test_it_agrees_with_the_wallet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
