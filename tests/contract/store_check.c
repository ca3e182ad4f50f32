/* The check: nothing in a good store, and each number that is off by one. */
#include "store_bench.h"

/* -- the check ------------------------------------------------------------------------------- */

/* What is known of the author of a signal that is still followed, and a post that was deleted. */
static void put_author_of(struct bench *b, const struct signal *s) {
    struct author a = {.posts = 3, .first_seen = NOW - DAY, .last_post_at = NOW, .heard = 1};
    struct author_record r = {
        .signals = 5, .recent = 5, .hits = 3, .weight_bp = 10400, .updated_at = NOW};
    struct forecast f = {.id = s->id, .side = s->side, .until = NOW + 1};
    memcpy(a.key, s->author, AUTHOR_BYTES);
    memcpy(r.key, s->author, AUTHOR_BYTES);
    memcpy(f.author, s->author, AUTHOR_BYTES);
    memcpy(f.symbol, s->symbol, SYMBOL_BYTES);
    add(b, ACTION_PUT_AUTHOR)->u.author = a;
    add(b, ACTION_END_FORECAST)->u.ended.record = r;
    add(b, ACTION_PUT_FORECAST)->u.forecast = f;
    add_post(b, 50);
    add(b, ACTION_PUT_DELETION)->u.deletion = (struct deletion){
        .tweet_id = 50, .root_id = 50, .actor = "source", .deleted_at = NOW, .at = NOW};
}

/* A trade that was bought in two fills, sold in part, and one that was shorted and bought back.
 * long: the rows of two trades, one after the other */
static void put_believable(struct bench *b) {
    struct trade l = plain_trade(10, 1, 1, NOW), s = plain_trade(11, 2, 2, NOW);
    l.signal_id = 40, s.signal_id = 0;
    struct order entry = {.id = 20, .trade_id = 10, .leg = LEG_ENTRY, .coid = "a", .sym = SYM_NONE};
    struct order some = {.id = 21, .trade_id = 10, .leg = LEG_EXIT, .coid = "b", .sym = SYM_NONE};
    struct order sold = {.id = 22, .trade_id = 11, .leg = LEG_ENTRY, .coid = "c", .sym = SYM_NONE};
    struct order back = {.id = 23, .trade_id = 11, .leg = LEG_STOP, .coid = "d", .sym = SYM_NONE};
    some.side = sold.side = ORDER_SELL;
    struct fill f[5];
    for (int i = 0; i < 5; i++) f[i] = plain_fill(30 + i, i < 3 ? 10 : 11, "");
    /* 3 bought with a fee of 0.001 of the coin, booked from the order's totals: their price is the
     * average, rounded down; 1 bought at 3 with a fee of 0.01 in quote */
    f[0].order_id = f[1].order_id = 20;
    f[0].qty = qty_from_e8(3 * E8), f[0].price = price_from_e8(2 * E8);
    f[0].quote = money_from_e8(6 * E8 + 2), f[0].fee_e8 = E8 / 1000, f[0].fee_in_base = true;
    f[1].qty = qty_from_e8(E8), f[1].price = price_from_e8(3 * E8);
    f[1].quote = money_from_e8(3 * E8), f[1].fee_e8 = E8 / 100;
    /* 1 sold at 4 */
    f[2].order_id = 21, f[2].side = ORDER_SELL, f[2].leg = LEG_EXIT;
    f[2].price = price_from_e8(4 * E8), f[2].quote = money_from_e8(4 * E8), f[2].fee_e8 = 400000;
    /* 2 shorted at 5, bought back at 6 */
    f[3].order_id = 22, f[3].side = ORDER_SELL, f[3].qty = qty_from_e8(2 * E8);
    f[3].price = price_from_e8(5 * E8), f[3].quote = money_from_e8(10 * E8), f[3].fee_e8 = 1;
    f[4].order_id = 23, f[4].leg = LEG_STOP, f[4].qty = qty_from_e8(2 * E8);
    f[4].price = price_from_e8(6 * E8), f[4].quote = money_from_e8(12 * E8), f[4].fee_e8 = 2;
    entry.filled = qty_from_e8(4 * E8), entry.quote_filled = money_from_e8(9 * E8 + 2);
    some.filled = qty_from_e8(E8), some.quote_filled = money_from_e8(4 * E8);
    sold.filled = qty_from_e8(2 * E8), sold.quote_filled = money_from_e8(10 * E8);
    back.filled = qty_from_e8(2 * E8), back.quote_filled = money_from_e8(12 * E8);
    /* held 3.999, paid 9.01000002; that / 3.999, rounded down, leaves with the one sold */
    const int64_t out = INT64_C(225306327);
    l.held = qty_from_e8(2 * E8 + 99900000);
    l.basis = money_from_e8(901000002 - out);
    l.pnl = money_from_e8(400000000 - 400000 - out);
    l.fees = money_from_e8(200000 + E8 / 100 + 400000);
    s.side = SIDE_SHORT, s.status = TRADE_CLOSED;
    memcpy(s.symbol, "BTCUSDT", sizeof "BTCUSDT");
    s.pnl = money_from_e8(-2 * E8 - 3);
    s.fees = money_from_e8(3);
    const struct account account = {.start = money_from_e8(1000 * E8),
                                    .cash = money_from_e8(1000 * E8 - 6 * E8 - 2 - 3 * E8 -
                                                          E8 / 100 + 4 * E8 - 400000 - 2 * E8 - 3),
                                    .realized = money_plus(l.pnl, s.pnl),
                                    .fees = money_plus(l.fees, s.fees),
                                    .seq = 2,
                                    .next_id = 100,
                                    .now = NOW};
    add(b, ACTION_PUT_TRADE)->u.trade = l;
    add(b, ACTION_PUT_TRADE)->u.trade = s;
    add(b, ACTION_PUT_ORDER)->u.order = entry;
    add(b, ACTION_PUT_ORDER)->u.order = some;
    add(b, ACTION_PUT_ORDER)->u.order = sold;
    add(b, ACTION_PUT_ORDER)->u.order = back;
    for (int i = 0; i < 5; i++) add(b, ACTION_PUT_FILL)->u.fill = f[i];
    add(b, ACTION_PUT_POSITION)->u.position =
        (struct position){.trade_id = 10, .symbol = "DOGEUSDT", .size = l.held, .leverage = 1};
    add(b, ACTION_PUT_ACCOUNT)->u.account = account;
    add_line(b, 1, "one");
    add_line(b, 2, "two");
    struct signal traded, refused, closing;
    make_signal(&rng, &traded), make_signal(&rng, &refused), make_signal(&rng, &closing);
    traded.id = 40, refused.id = 41, closing.id = 42;
    traded.tweet_id = refused.tweet_id = closing.tweet_id = 1;
    traded.verdict = VERDICT_TRADED, traded.reason = REASON_NONE, traded.trade_id = 10;
    refused.verdict = VERDICT_REFUSED, refused.reason = REASON_STALE, refused.trade_id = 0;
    refused.side = SIDE_LONG;
    /* a later post said the opposite, which closes the long: so far one half of it was sold */
    closing.verdict = VERDICT_REFUSED, closing.reason = REASON_OPPOSITE, closing.trade_id = 10;
    closing.side = SIDE_SHORT;
    memcpy(closing.symbol, "DOGEUSDT", sizeof "DOGEUSDT");
    add_post(b, 1);
    add(b, ACTION_PUT_SIGNAL)->u.signal = traded;
    add(b, ACTION_PUT_SIGNAL)->u.signal = refused;
    add(b, ACTION_PUT_SIGNAL)->u.signal = closing;
    put_author_of(b, &refused);
    /* before the first trade */
    add(b, ACTION_PUT_EQUITY)->u.equity =
        (struct equity_sample){.at = NOW - 1, .equity = account.start, .cash = account.start};
    add_audits(b, 2);
}

static void test_the_check_finds_nothing_in_a_good_store(void **state) {
    struct bench *b = *state;
    struct error err;
    struct buf report;
    buf_init(&report, 1 << 16);
    assert_ok(store_check(b->s, &report, &err), &err);
    put_believable(b);
    const bool ok = store_check(b->s, &report, &err);
    if (!ok) fail_msg("%s\n%s", err.msg, buf_z(&report));
    assert_int_equal(report.len, 0);
    buf_fini(&report);
}

/* What is done to a good store, and what the check says of it. */
static const struct {
    struct sql sql;
    const char *says;
} wrong[] = {
    {{"UPDATE fills SET quantity = quantity + 1 WHERE id = 30"}, "order a: filled_quantity"},
    {{"UPDATE fills SET quote = quote - 1 WHERE id = 32"}, "order b: quote_filled"},
    {{"UPDATE orders SET filled_quantity = filled_quantity + 1 WHERE id = 20"}, "order a:"},
    {{"UPDATE trades SET held = held + 1 WHERE id = 10"}, "trade 10: held"},
    {{"UPDATE trades SET basis = basis + 1 WHERE id = 10"}, "trade 10: basis"},
    {{"UPDATE trades SET pnl = pnl + 1 WHERE id = 11"}, "trade 11: pnl"},
    {{"UPDATE trades SET fees = fees - 1 WHERE id = 11"}, "trade 11: fees"},
    {{"UPDATE fills SET fee = fee + 1 WHERE id = 33"}, "trade 11: fees"},
    {{"UPDATE fills SET side = 'BUY' WHERE id = 33"}, "wrong side"},
    {{"UPDATE fills SET quantity = 999999999 WHERE id = 32"}, "takes more than was held"},
    {{"UPDATE fills SET trade_id = NULL WHERE id = 34"}, "belongs to no trade"},
    {{"DELETE FROM fills WHERE id = 31"}, "account: cash"},
    {{"UPDATE positions SET size = size + 1"}, "position in DOGEUSDT"},
    {{"DELETE FROM positions"}, "position in DOGEUSDT"},
    {{"UPDATE positions SET symbol = 'BTCUSDT'"}, "position in BTCUSDT"},
    {{"UPDATE account SET cash = cash + 1"}, "account: cash"},
    {{"UPDATE account SET realized = realized + 1"}, "account: realized"},
    {{"UPDATE account SET fees = fees + 1"}, "account: fees"},
    {{"DELETE FROM ledger WHERE seq = 1"}, "ledger: 1 lines"},
    {{"UPDATE ledger SET seq = 0 WHERE seq = 1"}, "ledger: line 1 is missing"},
    {{"DELETE FROM ledger WHERE seq = 1; UPDATE account SET seq = 1"}, "line 1 is missing"},
    {{"UPDATE ledger SET seq = 3 WHERE seq = 2"}, "ledger: line 2 is missing"},
    {{"UPDATE fills SET price = price + 1 WHERE id = 33"}, "fill 33: its quote"},
    {{"UPDATE fills SET quote = quote - 1 WHERE id = 33"}, "fill 33: its quote"},
    {{"UPDATE fills SET quote = quote + 1 WHERE id = 33"}, "order c: quote_filled"},
    {{"UPDATE fills SET price = price + 1 WHERE id = 30"}, "fill 30: its quote"},
    {{"UPDATE fills SET price = price - 1 WHERE id = 30"}, "fill 30: its quote"},
    {{"UPDATE signals SET trade_id = NULL WHERE id = 40"}, "signal 40 is traded and has no"},
    {{"UPDATE signals SET verdict = 'refused' WHERE id = 40"}, "signal 40 is refused and has a"},
    {{"UPDATE signals SET trade_id = 99 WHERE id = 40"}, "a trade that is not there"},
    {{"UPDATE signals SET trade_id = 11 WHERE id = 40"}, "a trade of another signal"},
    {{"UPDATE signals SET trade_id = 10 WHERE id = 41"}, "signal 41 is refused and has a"},
    {{"UPDATE signals SET trade_id = NULL WHERE id = 42"}, "signal 42 is refused and has no"},
    {{"UPDATE signals SET trade_id = 99 WHERE id = 42"}, "a trade that is not there"},
    {{"UPDATE signals SET trade_id = 11 WHERE id = 42"}, "a trade that it cannot have closed"},
    {{"UPDATE signals SET side = 'LONG' WHERE id = 42"}, "a trade that it cannot have closed"},
    {{"UPDATE trades SET signal_id = 42 WHERE id = 10"}, "a trade that it cannot have closed"},
    {{"UPDATE signals SET reason = 'SHORT_OFF' WHERE id = 42"}, "signal 42 is refused and has a"},
    {{"UPDATE signals SET verdict = 'waiting', reason = NULL WHERE id = 42"},
     "signal 42 is waiting and has a"},
    {{"UPDATE equity SET cash = cash + 1, equity = equity + 1"}, "equity at 2023"},
    {{"UPDATE equity SET unrealized = 1"}, "equity at 2023"},
    {{"UPDATE equity SET equity = equity + 1"}, "equity at 2023"},
    {{"INSERT INTO audit_log SELECT 3, at, actor, action, entity, entity_id, trade_id, detail, "
      "prev_hash, hash FROM audit_log WHERE id = 2"},
     "audit_log: row 3"},
    {{"PRAGMA ignore_check_constraints = 1; UPDATE author_records SET hits = recent + 1",
      "ALTER TABLE author_records DROP CONSTRAINT author_records_check1; UPDATE author_records SET "
      "hits = recent + 1"},
     "its row cannot be read, so no trader starts"},
    {{"PRAGMA ignore_check_constraints = 1; UPDATE author_records SET recent = signals + 1",
      "ALTER TABLE author_records DROP CONSTRAINT author_records_check; UPDATE author_records SET "
      "recent = signals + 1"},
     "its row cannot be read, so no trader starts"},
    {{"UPDATE author_records SET signals = 9223372036854775807"}, "cannot be read"},
    {{"UPDATE author_records SET key = 'x:zz'"}, "the record of x:zz is of an author"},
    {{"UPDATE authors SET habit = x'00'", "UPDATE authors SET habit = '\\x00'"},
     "its row cannot be read"},
    {{"UPDATE authors SET habit = zeroblob(163)",
      "UPDATE authors SET habit = decode(repeat('00', 163), 'hex')"},
     "the habits of author"},
    {{"UPDATE forecasts SET id = 77"}, "the forecast of signal 77 is of one that is not there"},
    {{"UPDATE forecasts SET side = 'SHORT'"}, "the forecast of signal 41 has another"},
    {{"UPDATE forecasts SET symbol = 'ZZZ'"}, "the forecast of signal 41 has another"},
    {{"UPDATE forecasts SET author = 'x:zz'"}, "the forecast of signal 41 has another"},
    {{"UPDATE signals SET reason = 'WHATEVER' WHERE id = 41"}, "signal 41: its row cannot be"},
    {{"UPDATE signals SET parts = '{' WHERE id = 41",
      "UPDATE signals SET parts = '[]' WHERE id = 41"},
     "signal 41: its row cannot be read"},
    {{"UPDATE trades SET closed_reason = 'WHATEVER' WHERE id = 11"}, "trade 11: its row cannot"},
    {{"UPDATE tweets SET text = 'zebra' WHERE id = 50"}, "post 50 was deleted and still has its"},
    {{"UPDATE tweets SET author = 'ann' WHERE id = 50"}, "still has its author's name"},
    {{"UPDATE tweets SET deleted_at = NULL WHERE id = 50"}, "its row does not say so"},
    {{"UPDATE tweets SET deleted_at = 5, text = '' WHERE id = 1",
      "UPDATE tweets SET deleted_at = 'epoch', text = '' WHERE id = 1"},
     "there is no word of that"},
    {{"DELETE FROM deletions"}, "post 50 says that it was deleted, and there is no word"},
};

static void test_the_check_finds_each_number_that_is_off_by_one(void **state) {
    struct bench *b = *state;
    struct error err;
    put_believable(b);
    for (int i = 0; i < COUNT_OF(wrong); i++) {
        struct buf report;
        buf_init(&report, 1 << 16);
        exec(b, &wrong[i].sql);
        const bool ok = store_check(b->s, &report, &err);
        const bool found = str_find(buf_str(&report), str_from_z(wrong[i].says)) >= 0;
        if (ok || err.code != ERR_DAMAGED || !found) {
            fail_msg("%s: found \"%s\", not \"%s\"", wrong[i].sql.text, buf_z(&report),
                     wrong[i].says);
        }
        buf_fini(&report);
        start_over(b);
        put_believable(b);
    }
}

/* -- running them ---------------------------------------------------------------------------- */

int store_check_run(void) {
    const struct CMUnitTest tests[] = {
        T(the_check_finds_nothing_in_a_good_store),
        T(the_check_finds_each_number_that_is_off_by_one),
    };
    return cmocka_run_group_tests_name(place->name, tests, NULL, NULL);
}
