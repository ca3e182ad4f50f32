/* What waits for the trader: each kind by its own rule, and none lost. */
#include <pthread.h>

#include "base/board.h"
#include "base/time.h"
#include "check.h"
#include "run/inbox.h"

#define SYMS 4

static struct arena arena;
static struct inbox *in;
static struct inbox_item item;

static int set_up(void **state) {
    (void)state;
    arena_open(&arena, 16 << 20);
    in = inbox_open(&arena, "trader", SYMS, 3, 4);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    inbox_close(in);
    arena_close(&arena);
    return 0;
}

static inbox_kind take(void) {
    inbox_take(in, 0, &item);
    return item.kind;
}

static struct quote quote(int sym, usec at, int64_t e8) {
    return (struct quote){sym, at, price_from_e8(e8), price_from_e8(e8), price_from_e8(e8), 0};
}

static struct candle candle(int64_t low, int64_t high, int64_t close, int64_t traded) {
    return (struct candle){.sym = 0,
                           .open_at = 0,
                           .close_at = close,
                           .open = price_from_e8(low),
                           .high = price_from_e8(high),
                           .low = price_from_e8(low),
                           .close = price_from_e8(close),
                           .volume = volume_from_e8(traded)};
}

static void test_an_empty_inbox_gives_nothing_when_the_time_is_up(void **state) {
    (void)state;
    assert_int_equal(take(), INBOX_NOTHING);
}

static struct board_queue_view shown(const char *name) {
    struct board_queue_view v[BOARD_QUEUES_MAX];
    int i = 0;
    for (const int count = board_queues(v); i < count && strcmp(v[i].name, name) != 0;) i++;
    return v[i];
}

static void test_what_waits_stands_on_the_board_with_the_age_of_its_oldest(void **state) {
    (void)state;
    const usec before = time_wall_us();
    int post;
    const struct quote a = quote(1, 1, 1), b = quote(1, 2, 2), c = quote(2, 1, 1);
    assert_true(inbox_put_post(in, &post));
    const usec between = time_wall_us();
    assert_true(inbox_put_post(in, &post));
    inbox_put_quote(in, &a);
    inbox_put_quote(in, &b); /* in the place of the first */
    inbox_put_quote(in, &c);
    assert_int_equal(shown("trader: posts").waiting, 2);
    assert_int_equal(shown("trader: posts").capacity, 3);
    assert_true(shown("trader: posts").oldest_at >= before);
    assert_true(shown("trader: posts").oldest_at <= between);
    assert_int_equal(shown("trader: symbols with a new price").waiting, 2);
    assert_true(inbox_reserve(in));
    assert_int_equal(shown("trader: news of orders").waiting, 0);
    inbox_put_reply(in, &(struct reply){.request_id = 1});
    assert_int_equal(shown("trader: news of orders").waiting, 1);
    while (take() != INBOX_NOTHING) continue;
    assert_int_equal(shown("trader: posts").waiting, 0);
    assert_int_equal(shown("trader: posts").oldest_at, 0);
    assert_int_equal(shown("trader: symbols with a new price").waiting, 0);
    assert_int_equal(shown("trader: news of orders").waiting, 0);
}

static void test_a_later_quote_replaces_an_earlier_one(void **state) {
    (void)state;
    for (int i = 1; i <= 3; i++) {
        const struct quote q = quote(2, i, i);
        inbox_put_quote(in, &q);
    }
    assert_int_equal(take(), INBOX_QUOTE);
    assert_int_equal(price_e8(item.quote.last), 3);
    assert_int_equal(take(), INBOX_NOTHING);
}

static void test_candles_that_waited_become_one_range(void **state) {
    (void)state;
    const struct candle a = candle(10, 20, 15, 7), b = candle(5, 18, 6, INT64_MAX - 1);
    inbox_put_candle(in, &a);
    inbox_put_candle(in, &b);
    assert_int_equal(take(), INBOX_CANDLE);
    assert_int_equal(price_e8(item.candle.open), 10);
    assert_int_equal(price_e8(item.candle.high), 20);
    assert_int_equal(price_e8(item.candle.low), 5);
    assert_int_equal(price_e8(item.candle.close), 6);
    assert_true(volume_e8(item.candle.volume) == INT64_MAX);
    assert_int_equal(take(), INBOX_NOTHING);
}

static void test_a_range_comes_before_the_open_behind_it(void **state) {
    (void)state;
    const struct quote before = quote(0, 1, 1), after = quote(0, 3, 3);
    const struct candle c = candle(1, 2, 2, 0);
    inbox_put_quote(in, &before);
    inbox_put_candle(in, &c);
    inbox_put_quote(in, &after);
    assert_int_equal(take(), INBOX_CANDLE);
    assert_int_equal(take(), INBOX_QUOTE);
    assert_int_equal(price_e8(item.quote.last), 3);
    inbox_put_dry(in, 0);
    assert_int_equal(take(), INBOX_DRY);
    assert_int_equal(item.sym, 0);
}

static void test_every_symbol_has_its_own_place(void **state) {
    (void)state;
    for (int sym = 0; sym < SYMS; sym++) {
        const struct quote q = quote(sym, 1, 100 + sym);
        inbox_put_quote(in, &q);
        inbox_put_quote(in, &q);
    }
    for (int sym = 0; sym < SYMS; sym++) {
        assert_int_equal(take(), INBOX_QUOTE);
        assert_int_equal(item.quote.sym, sym);
    }
    assert_int_equal(take(), INBOX_NOTHING);
}

static void test_news_of_orders_come_before_prices_and_posts(void **state) {
    (void)state;
    int post;
    const struct quote q = quote(0, 1, 1);
    const struct report r = {.coid = "a"};
    assert_true(inbox_put_post(in, &post));
    inbox_put_quote(in, &q);
    inbox_put_report(in, &r);
    assert_int_equal(take(), INBOX_REPORT);
    assert_string_equal(item.report.coid, "a");
}

static void test_prices_and_posts_take_turns(void **state) {
    (void)state;
    int posts[3];
    int posts_taken = 0, prices_taken = 0;
    for (int i = 0; i < 3; i++) {
        const struct quote q = quote(i, 1, 1);
        assert_true(inbox_put_post(in, &posts[i]));
        inbox_put_quote(in, &q);
    }
    for (int i = 0; i < 4; i++) {
        const inbox_kind k = take();
        posts_taken += k == INBOX_POST;
        prices_taken += k == INBOX_QUOTE;
    }
    assert_int_equal(posts_taken, 2);
    assert_int_equal(prices_taken, 2);
}

static void test_a_reserved_reply_always_finds_room(void **state) {
    (void)state;
    const struct report r = {.coid = "x"};
    const struct reply reply = {.request_id = 7};
    assert_true(inbox_reserve(in));
    for (int i = 0; i < 10; i++) inbox_put_report(in, &r); /* more than there is room for */
    assert_false(inbox_reserve(in));
    inbox_put_reply(in, &reply);
    for (int i = 0; i < 3; i++) assert_int_equal(take(), INBOX_REPORT);
    assert_int_equal(take(), INBOX_REPLY);
    assert_int_equal(item.reply.request_id, 7);
}

static void test_lost_reports_are_told_once_behind_those_that_were_kept(void **state) {
    (void)state;
    const struct report r = {.coid = "x"};
    for (int i = 0; i < 9; i++) inbox_put_report(in, &r);
    for (int i = 0; i < 4; i++) assert_int_equal(take(), INBOX_REPORT);
    assert_int_equal(take(), INBOX_LOST);
    assert_int_equal(take(), INBOX_NOTHING);
}

static void test_a_reservation_can_be_given_back(void **state) {
    (void)state;
    for (int i = 0; i < 4; i++) assert_true(inbox_reserve(in));
    assert_false(inbox_reserve(in));
    inbox_unreserve(in);
    assert_true(inbox_reserve(in));
}

static void test_nobody_waits_to_put_a_post_once_it_is_stopped(void **state) {
    (void)state;
    int post;
    for (int i = 0; i < 3; i++) assert_true(inbox_put_post(in, &post));
    inbox_stop(in);
    assert_false(inbox_put_post(in, &post));
    assert_int_equal(take(), INBOX_POST); /* what is in it can still be taken */
}

/* --- threads ----------------------------------------------------------------------------- */

#define MANY 5000

static void *put_posts(void *arg) {
    static int posts[MANY];
    (void)arg;
    for (int i = 0; i < MANY; i++) {
        posts[i] = i;
        if (!inbox_put_post(in, &posts[i])) return NULL;
    }
    return NULL;
}

static void *put_prices(void *arg) {
    (void)arg;
    for (int i = 1; i <= MANY; i++) {
        const struct quote q = quote(i % SYMS, i, i);
        inbox_put_quote(in, &q);
    }
    return NULL;
}

static void *put_reports(void *arg) {
    (void)arg;
    for (int i = 1; i <= MANY; i++) {
        const struct report r = {.at = i};
        inbox_put_report(in, &r);
    }
    return NULL;
}

static void test_posts_keep_their_order_and_prices_never_go_back(void **state) {
    (void)state;
    pthread_t threads[3];
    usec last[SYMS] = {0}, last_report = 0;
    int next_post = 0;
    assert_int_equal(pthread_create(&threads[0], NULL, put_posts, NULL), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, put_prices, NULL), 0);
    assert_int_equal(pthread_create(&threads[2], NULL, put_reports, NULL), 0);
    while (next_post < MANY) {
        inbox_take(in, time_monotonic_us() + USEC_PER_S, &item);
        if (item.kind == INBOX_POST) assert_int_equal(*(int *)item.post, next_post++);
        if (item.kind == INBOX_QUOTE) {
            assert_true(item.quote.at > last[item.quote.sym]);
            last[item.quote.sym] = item.quote.at;
        }
        if (item.kind == INBOX_REPORT) {
            assert_true(item.report.at > last_report);
            last_report = item.report.at;
        }
    }
    for (int i = 0; i < 3; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (inbox_kind k = take(); k != INBOX_NOTHING; k = take())
        if (k == INBOX_QUOTE) last[item.quote.sym] = item.quote.at;
    for (int sym = 0; sym < SYMS; sym++) assert_true(last[sym] > MANY - SYMS); /* the newest came */
}

static struct venue_news news(venue_state state, const char *text) {
    struct venue_news n = {.state = state};
    snprintf(n.text, sizeof n.text, "%s", text);
    return n;
}

static void test_the_last_word_on_the_venue_counts_and_what_must_not_be_missed_is_kept(
    void **state) {
    (void)state;
    const struct venue_news all[] = {news(VENUE_DOWN, "a"),        news(VENUE_RECONNECTED, "b"),
                                     news(VENUE_UP, "c"),          news(VENUE_RESET, "d"),
                                     news(VENUE_RECONNECTED, "e"), news(VENUE_DEGRADED, "f")};
    for (int i = 0; i < (int)COUNT_OF(all); i++) inbox_put_venue(in, &all[i]);
    static const char *const want[] = {"d", "e", "f"};
    for (int i = 0; i < (int)COUNT_OF(want); i++) {
        assert_int_equal(take(), INBOX_VENUE);
        assert_string_equal(item.venue.text, want[i]);
    }
    assert_int_equal(take(), INBOX_NOTHING);
}

static void test_a_symbols_last_terms_come_before_its_prices(void **state) {
    (void)state;
    const struct quote q = quote(1, 1, 7);
    inbox_put_quote(in, &q);
    for (int64_t e8 = 1; e8 <= 3; e8++) {
        const struct symbol s = {.name = "BTCUSDT", .tick = price_from_e8(e8)};
        inbox_put_symbol(in, 1, &s);
    }
    assert_int_equal(take(), INBOX_SYMBOL);
    assert_int_equal(price_e8(item.symbol.tick), 3);
    assert_int_equal(take(), INBOX_QUOTE);
    assert_int_equal(take(), INBOX_NOTHING);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        T(test_an_empty_inbox_gives_nothing_when_the_time_is_up),
        T(test_what_waits_stands_on_the_board_with_the_age_of_its_oldest),
        T(test_a_later_quote_replaces_an_earlier_one),
        T(test_candles_that_waited_become_one_range),
        T(test_a_range_comes_before_the_open_behind_it),
        T(test_every_symbol_has_its_own_place),
        T(test_news_of_orders_come_before_prices_and_posts),
        T(test_prices_and_posts_take_turns),
        T(test_a_reserved_reply_always_finds_room),
        T(test_lost_reports_are_told_once_behind_those_that_were_kept),
        T(test_a_reservation_can_be_given_back),
        T(test_nobody_waits_to_put_a_post_once_it_is_stopped),
        T(test_posts_keep_their_order_and_prices_never_go_back),
        T(test_the_last_word_on_the_venue_counts_and_what_must_not_be_missed_is_kept),
        T(test_a_symbols_last_terms_come_before_its_prices),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
