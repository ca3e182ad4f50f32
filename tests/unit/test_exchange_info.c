/* What of an exchangeInfo answer becomes a symbol, exactly, and what is left out by name. */
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "check.h"
#include "venue/venue.h"

struct parsed {
    struct arena arena;
    struct symbols symbols;
    int skipped;
    struct buf report;
    char text[4096];
    struct error err;
    bool ok;
};

static struct parsed *parse(str json, const char *quote_asset) {
    static struct parsed p;
    p = (struct parsed){.skipped = -1};
    arena_open(&p.arena, 1 << 24);
    buf_init_fixed(&p.report, p.text, (ptrdiff_t)sizeof p.text);
    p.ok = exchange_info_parse(&p.arena, json, str_from_z(quote_asset), &p.symbols, &p.skipped,
                               &p.report, &p.err);
    return &p;
}

/* A file of the source tree, whose root meson names. */
static str read_file(struct arena *a, const char *name) {
    const char *root = getenv("BF_SOURCE_ROOT");
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", root ? root : ".", name);
    FILE *f = fopen(path, "rb");
    if (f == NULL) fail_msg("%s is not there", path);
    char *text = NEW_ARRAY(a, char, 1 << 20);
    size_t n = fread(text, 1, 1 << 20, f);
    assert_int_equal(fclose(f), 0);
    return str_from_bytes(text, (ptrdiff_t)n);
}

static struct parsed *parse_file(const char *quote_asset) {
    struct arena a;
    arena_open(&a, 1 << 21);
    struct parsed *p = parse(read_file(&a, "tests/data/exchange_info.json"), quote_asset);
    arena_close(&a);
    return p;
}

static const struct symbol *find(const struct parsed *p, const char *name) {
    int i = symbols_find(&p->symbols, str_from_z(name));
    if (i == SYM_NONE) fail_msg("%s is not there", name);
    return &p->symbols.v[i];
}

static void test_filters_are_read_exactly(void **state) {
    struct parsed *p = parse_file("USDT");
    assert_ok(p->ok, &p->err);
    assert_int_equal(p->symbols.count, 3);
    const struct symbol *s = find(p, "BTCUSDT");
    assert_string_equal(s->base, "BTC");
    assert_string_equal(s->quote, "USDT");
    assert_true(s->trading && s->oco && s->oto && s->opo);
    assert_int_equal(price_e8(s->tick), 1000000);
    assert_int_equal(price_e8(s->max_price), 1000000 * E8);
    assert_int_equal(qty_e8(s->step), 1000);
    assert_int_equal(qty_e8(s->min_qty), 1000);
    assert_int_equal(qty_e8(s->max_qty), 9000 * E8);
    assert_true(s->market_max_applies);
    assert_int_equal(qty_e8(s->market_max_qty), INT64_C(14253718294));
    assert_int_equal(qty_e8(s->market_step), 0);
    assert_int_equal(money_e8(s->min_notional), 5 * E8);
    assert_int_equal(money_e8(s->max_notional), 9000000 * E8);
    assert_true(s->min_notional_market && !s->max_notional_market);
    assert_int_equal(s->bid_up_bp, 50000);
    assert_int_equal(s->bid_down_bp, 2000);
    assert_int_equal(s->ask_up_bp, 50000); /* 5.00009, towards the inside */
    assert_int_equal(s->ask_down_bp, 2001);
    assert_int_equal(s->max_orders, 200);
    assert_int_equal(s->max_algo_orders, 5);
    assert_int_equal(s->max_lists, 20);
    arena_close(&p->arena);
    (void)state;
}

static void test_symbols_are_sorted_and_of_one_quote(void **state) {
    struct parsed *p = parse_file("USDT");
    assert_string_equal(p->symbols.v[0].name, "BTCUSDT");
    assert_string_equal(p->symbols.v[1].name, "DOGEUSDT");
    assert_string_equal(p->symbols.v[2].name, "SHIBUSDT");
    const struct symbol *s = find(p, "DOGEUSDT");
    assert_false(s->opo || s->market_max_applies);
    assert_true(s->min_notional_market);
    arena_close(&p->arena);
    p = parse_file("BTC");
    assert_ok(p->ok, &p->err);
    assert_int_equal(p->symbols.count, 1);
    assert_int_equal(p->skipped, 0);
    arena_close(&p->arena);
    (void)state;
}

static void test_symbol_that_does_not_trade_is_kept_as_such(void **state) {
    struct parsed *p = parse_file("USDT");
    assert_false(find(p, "SHIBUSDT")->trading);
    arena_close(&p->arena);
    (void)state;
}

static void test_largest_quantity_beyond_our_range_is_lowered_to_it(void **state) {
    struct parsed *p = parse_file("USDT");
    const struct symbol *s = find(p, "SHIBUSDT");
    assert_int_equal(qty_e8(s->max_qty), INT64_C(9999999999) * E8); /* on the step */
    arena_close(&p->arena);
    (void)state;
}

static void test_unfit_symbols_are_left_out_by_name(void **state) {
    struct parsed *p = parse_file("USDT");
    assert_int_equal(p->skipped, 3);
    assert_string_equal(
        buf_z(&p->report),
        "\"TINYUSDT\": left out: minPrice is no amount of at most 8 decimals in range: "
        "\"0.0000000001\"\n"
        "\"HUGEUSDT\": left out: maxQty is no amount: \"922337203685477\"\n"
        "\"NOLOTUSDT\": left out: LOT_SIZE is missing\n");
    arena_close(&p->arena);
    (void)state;
}

/* One symbol around a filter and a few members. */
static struct parsed *parse_one(const char *members, const char *filters) {
    char json[2048];
    int n = snprintf(json, sizeof json,
                     "{\"symbols\":[{\"symbol\":\"AUSDT\",\"baseAsset\":\"A\",\"quoteAsset\":"
                     "\"USDT\"%s,\"filters\":[{\"filterType\":\"PRICE_FILTER\",\"minPrice\":\"1\","
                     "\"maxPrice\":\"9\",\"tickSize\":\"1\"}%s]}]}",
                     members, filters);
    assert_true(n > 0 && (size_t)n < sizeof json);
    return parse(str_from_z(json), "USDT");
}

#define TRADING ",\"status\":\"TRADING\""
#define LOT(max, step)                                                                             \
    ",{\"filterType\":\"LOT_SIZE\",\"minQty\":\"1\",\"maxQty\":\"" max "\",\"stepSize\":\"" step   \
    "\"}"

static void assert_left_out(const char *members, const char *filters, const char *why) {
    struct parsed *p = parse_one(members, filters);
    assert_fails(p->ok, &p->err, ERR_NOT_FOUND);
    char line[256];
    snprintf(line, sizeof line, "\"AUSDT\": left out: %s\n", why);
    assert_string_equal(buf_z(&p->report), line);
    arena_close(&p->arena);
}

static void test_each_malformed_member_is_named(void **state) {
    struct parsed *p = parse_one(TRADING, LOT("5", "1"));
    assert_ok(p->ok, &p->err);
    arena_close(&p->arena);
    assert_left_out("", LOT("5", "1"), "status is missing or no string");
    assert_left_out(TRADING ",\"ocoAllowed\":1", LOT("5", "1"),
                    "ocoAllowed is neither true nor "
                    "false");
    assert_left_out(TRADING, LOT("5", "0"), "stepSize is zero");
    assert_left_out(TRADING, LOT("0.5", "1"), "maxQty is below minQty or stepSize");
    assert_left_out(TRADING, LOT("-5", "1"), "maxQty is no amount: \"-5\"");
    assert_left_out(TRADING, LOT("1e3", "1"), "maxQty is no amount: \"1e3\"");
    assert_left_out(TRADING, LOT("5", "1") ",{\"filterType\":\"MAX_NUM_ORDERS\"}",
                    "maxNumOrders is no count");
    assert_left_out(TRADING, LOT("5", "1") ",{\"filterType\":7}",
                    "filterType is missing or no string");
    assert_left_out(TRADING, LOT("5", "1") ",3", "filterType is missing or no string");
    (void)state;
}

/* What only an exchange that takes any order needs. */
static void test_every_filter_and_permission_is_kept(void **state) {
    struct parsed *p = parse_one(
        ",\"status\":\"CANCEL_ONLY\",\"icebergAllowed\":true,\"quoteOrderQtyMarketAllowed\":true,"
        "\"allowTrailingStop\":true,\"cancelReplaceAllowed\":true,\"amendAllowed\":true,"
        "\"orderTypes\":[\"LIMIT\",\"TAKE_PROFIT\",\"OF_TOMORROW\"]",
        LOT("5", "1") ",{\"filterType\":\"ICEBERG_PARTS\",\"limit\":10},"
                      "{\"filterType\":\"MAX_NUM_ICEBERG_ORDERS\",\"maxNumIcebergOrders\":3},"
                      "{\"filterType\":\"MAX_NUM_ORDER_AMENDS\",\"maxNumOrderAmends\":7},"
                      "{\"filterType\":\"MAX_POSITION\",\"maxPosition\":\"1.5\"},"
                      "{\"filterType\":\"TRAILING_DELTA\",\"minTrailingAboveDelta\":10,"
                      "\"maxTrailingAboveDelta\":2000,\"minTrailingBelowDelta\":11,"
                      "\"maxTrailingBelowDelta\":2001},"
                      "{\"filterType\":\"PERCENT_PRICE\",\"multiplierUp\":\"1.3\","
                      "\"multiplierDown\":\"0.7\",\"avgPriceMins\":5},"
                      "{\"filterType\":\"MIN_NOTIONAL\",\"minNotional\":\"1\","
                      "\"applyToMarket\":true,\"avgPriceMins\":3}");
    assert_ok(p->ok, &p->err);
    const struct symbol *s = find(p, "AUSDT");
    assert_int_equal(s->status, SYMBOL_CANCEL_ONLY);
    assert_false(s->trading);
    assert_true(s->iceberg && s->market_by_quote && s->trailing && s->cancel_replace && s->amend);
    assert_int_equal(s->order_types, BIT(ORDER_LIMIT) | BIT(ORDER_TAKE_PROFIT));
    assert_int_equal(s->iceberg_parts, 10);
    assert_int_equal(s->max_iceberg_orders, 3);
    assert_int_equal(s->max_amends, 7);
    assert_int_equal(qty_e8(s->max_position), 150000000);
    assert_int_equal(s->trail_above_min, 10);
    assert_int_equal(s->trail_above_max, 2000);
    assert_int_equal(s->trail_below_min, 11);
    assert_int_equal(s->trail_below_max, 2001);
    assert_true(s->percent_both_sides && s->notional_min_only);
    assert_int_equal(s->bid_up_bp, 13000);
    assert_int_equal(s->ask_down_bp, 7000);
    assert_int_equal(s->avg_price_mins, 5);
    arena_close(&p->arena);
    p = parse_one(",\"status\":\"AUCTION_MATCH\"", LOT("5", "1")); /* of yesterday, or tomorrow */
    assert_ok(p->ok, &p->err);
    s = find(p, "AUSDT");
    assert_int_equal(s->status, SYMBOL_BREAK);
    assert_false(s->trading || s->iceberg || s->amend);
    assert_int_equal(s->order_types, 0);
    arena_close(&p->arena);
    (void)state;
}

static void test_each_malformed_filter_of_an_exchange_is_named(void **state) {
    assert_left_out(TRADING ",\"amendAllowed\":\"yes\"", LOT("5", "1"),
                    "amendAllowed is neither true nor false");
    assert_left_out(TRADING ",\"orderTypes\":[\"X\"]", LOT("5", "1"),
                    "orderTypes names no order that is known");
    assert_left_out(TRADING ",\"orderTypes\":[1]", LOT("5", "1"),
                    "orderTypes holds what is no string");
    assert_left_out(TRADING ",\"orderTypes\":{}", LOT("5", "1"), "orderTypes is no list");
    assert_left_out(TRADING, LOT("5", "1") ",{\"filterType\":\"TRAILING_DELTA\"}",
                    "minTrailingAboveDelta is no count");
    assert_left_out(TRADING, LOT("5", "1") ",{\"filterType\":\"MAX_POSITION\"}",
                    "maxPosition is missing or no string");
    assert_left_out(TRADING,
                    LOT("5", "1") ",{\"filterType\":\"PERCENT_PRICE\",\"multiplierUp\":\"5\","
                                  "\"multiplierDown\":\"x\"}",
                    "multiplierDown is no amount of at most 8 decimals in range: \"x\"");
    assert_left_out(TRADING,
                    LOT("5", "1") ",{\"filterType\":\"MIN_NOTIONAL\",\"minNotional\":\"1\","
                                  "\"applyToMarket\":true,\"avgPriceMins\":-1}",
                    "avgPriceMins is no count");
    (void)state;
}

static void test_what_is_no_answer_is_an_error(void **state) {
    struct parsed *p = parse(STR("{\"symbols\":[{]}"), "USDT");
    assert_fails(p->ok, &p->err, ERR_PARSE);
    arena_close(&p->arena);
    p = parse(STR("[]"), "USDT");
    assert_fails(p->ok, &p->err, ERR_PARSE);
    arena_close(&p->arena);
    p = parse(STR(""), "USDT");
    assert_fails(p->ok, &p->err, ERR_PARSE);
    arena_close(&p->arena);
    p = parse(STR("{\"symbols\":[]}"), "USDT");
    assert_fails(p->ok, &p->err, ERR_NOT_FOUND);
    arena_close(&p->arena);
    p = parse_file("EUR");
    assert_fails(p->ok, &p->err, ERR_NOT_FOUND);
    arena_close(&p->arena);
    (void)state;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filters_are_read_exactly),
        cmocka_unit_test(test_symbols_are_sorted_and_of_one_quote),
        cmocka_unit_test(test_symbol_that_does_not_trade_is_kept_as_such),
        cmocka_unit_test(test_largest_quantity_beyond_our_range_is_lowered_to_it),
        cmocka_unit_test(test_unfit_symbols_are_left_out_by_name),
        cmocka_unit_test(test_each_malformed_member_is_named),
        cmocka_unit_test(test_every_filter_and_permission_is_kept),
        cmocka_unit_test(test_each_malformed_filter_of_an_exchange_is_named),
        cmocka_unit_test(test_what_is_no_answer_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
