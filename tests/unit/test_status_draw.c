/* The picture of a run: everything that counts is in it, and it fits every terminal. */
#include "app/status_int.h"
#include "app/table.h"
#include "check.h"

static struct buf out;
static struct config cfg;
static struct status_info info = {.cfg = &cfg, .speed_e8 = 60 * E8, .post_bytes = 1000};
static struct status_picture picture;

static int set_up(void **state) {
    (void)state;
    buf_init(&out, 1 << 18);
    cfg.venue_kind = STR("paper");
    cfg.venue_quote_asset = STR("USDT");
    picture = (struct status_picture){.known = true,
                                      .now = INT64_C(1621439741000000),
                                      .posts = 146,
                                      .signals = 23,
                                      .trades = 5,
                                      .refused = 31,
                                      .equity = money_from_e8(1234567 * E8 + E8 / 2),
                                      .start = money_from_e8(1000000 * E8),
                                      .drawdown_bp = 12,
                                      .share_bp = 4321,
                                      .left = 130 * USEC_PER_S,
                                      .position_count = 1,
                                      .trade_count = 2,
                                      .post_count = 1};
    struct position *p = &picture.positions[0];
    *p = (struct position){.symbol = "DOGEUSDT",
                           .size = qty_from_e8(-3 * E8),
                           .avg_entry = price_from_e8(E8 / 4),
                           .unrealized = money_from_e8(-E8)};
    picture.trade[0] = (struct status_trade){.id = 2,
                                             .at = picture.now,
                                             .side = SIDE_LONG,
                                             .symbol = "ETHUSDT",
                                             .status = TRADE_CLOSED,
                                             .entered = true,
                                             .why = REASON_TARGET,
                                             .pnl = money_from_e8(3 * E8)};
    picture.trade[1] = (struct status_trade){
        .id = 1, .at = picture.now, .side = SIDE_SHORT, .symbol = "BTCUSDT", .status = TRADE_OPEN};
    picture.post[0] =
        (struct status_post){.at = picture.now,
                             .score = 91,
                             .symbol = "DOGEUSDT",
                             .polarity_bp = 9000,
                             .username = "orbital_finch",
                             .text = "Dogecoin to the moon \xF0\x9F\x9A\x80, again and "
                                     "again and again and again and again and again"};
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    buf_fini(&out);
    return 0;
}

static str draw(int width, int height, bool color) {
    const struct status_style style = {width, height, color, true};
    buf_clear(&out);
    assert_true(status_draw(&info, &picture, &style, &out) < height);
    return buf_str(&out);
}

static void test_it_shows_mode_time_equity_positions_trades_and_posts(void **state) {
    (void)state;
    const str s = draw(120, 50, false);
    static const char parts[][24] = {"auto",        "2021-05-19",    "15:55:41", "speed 60",
                                     "posts 146",   "1,234,567.50",  "+23.45 %", "DOGEUSDT   SHORT",
                                     "2m 10s left", "43 %",          "+3.00",    "target reached",
                                     "ordered",     "orbital_finch", "-1.00",    "0.12 %"};
    for (ptrdiff_t i = 0; i < COUNT_OF(parts); i++) {
        if (str_find(s, str_from_z(parts[i])) < 0) print_error("no \"%s\"\n", parts[i]);
        assert_true(str_find(s, str_from_z(parts[i])) >= 0);
    }
}

static void test_it_shows_how_live_sources_stand_and_why_one_waits(void **state) {
    (void)state;
    const usec now = picture.now;
    picture.feed_count = 2;
    picture.wall_now = now;
    picture.feed[0] = (struct status_feed){.key = "jetstream:bsky", .kept = 12, .known = true};
    picture.feed[0].status = (struct source_status){
        .state = SOURCE_LIVE, .posts = 4711, .last_post_at = now - 3 * USEC_PER_S};
    picture.feed[1] = (struct status_feed){.key = "x_search:x", .known = true};
    picture.feed[1].status = (struct source_status){.state = SOURCE_LIMITED,
                                                    .until = now + 60 * USEC_PER_S,
                                                    .why = "asked too often",
                                                    .missed = 2};
    const str s = draw(120, 50, false);
    static const char parts[][32] = {"jetstream:bsky     live",
                                     "12 kept of 4711 posts",
                                     "last 3s ago",
                                     "x_search:x         limited",
                                     "until 15:56:41",
                                     ": asked too often",
                                     "2 missed"};
    for (ptrdiff_t i = 0; i < COUNT_OF(parts); i++) {
        if (str_find(s, str_from_z(parts[i])) < 0) print_error("no \"%s\"\n", parts[i]);
        assert_true(str_find(s, str_from_z(parts[i])) >= 0);
    }
}

static void test_no_line_is_wider_than_the_terminal_and_no_picture_higher(void **state) {
    (void)state;
    for (int width = 20; width <= 200; width += 7) {
        for (int height = 3; height <= 40; height += 5) {
            str rest = draw(width, height, false), line;
            int lines = 0;
            while (rest.n > 0 && str_cut(&rest, '\n', &line)) {
                assert_true(str_ends(line, STR("\033[K")));
                assert_true(text_width(str_head(line, line.n - 3)) <= width);
                lines++;
            }
            assert_true(lines < height);
        }
    }
}

static void test_without_color_only_lines_are_cleared(void **state) {
    (void)state;
    str rest = draw(120, 50, false);
    for (ptrdiff_t at = str_find_byte(rest, '\033'); at >= 0; at = str_find_byte(rest, '\033')) {
        rest = str_tail(rest, at);
        assert_true(str_starts(rest, STR("\033[K")));
        rest = str_tail(rest, 3);
    }
    assert_true(str_find(draw(120, 50, true), STR("\033[32m")) > 0);
}

static void test_before_the_first_news_it_says_that_it_is_starting(void **state) {
    (void)state;
    picture.known = false;
    assert_true(str_find(draw(80, 24, false), STR("starting")) > 0);
}

static void test_a_halt_is_told_with_its_reason(void **state) {
    (void)state;
    picture.mode = MODE_HALTED;
    memcpy(picture.mode_reason, "lunch", sizeof "lunch");
    assert_true(str_find(draw(80, 24, false), STR("halted (lunch)")) > 0);
}

static str rewound(int lines, bool resized) {
    buf_clear(&out);
    status_rewind(lines, resized, &out);
    return buf_str(&out);
}

static void test_a_frame_goes_over_the_last_one_and_after_a_resize_over_all(void **state) {
    (void)state;
    assert_str(rewound(4, false), "\033[4A\r");
    assert_str(rewound(4, true), "\033[H\033[J"); /* old frames may stand anywhere */
    assert_str(rewound(0, true), "");             /* nothing is drawn yet: what stands stays */
}

static void test_time_left_is_virtual_time_over_speed(void **state) {
    (void)state;
    const usec now = 1000 * USEC_PER_S;
    struct status_info i = {.speed_e8 = 60 * E8, .last = now + 2 * USEC_PER_HOUR};
    assert_int_equal(status_left(&i, now), 2 * USEC_PER_MIN);
    assert_int_equal(status_left(&i, i.last + 1), 0);
    i.speed_e8 = E8 / 2;
    assert_int_equal(status_left(&i, now), 4 * USEC_PER_HOUR);
    i.speed_e8 = 1;
    i.last = INT64_MAX / 2;
    assert_int_equal(status_left(&i, now), USEC_NEVER);
    i.speed_e8 = RUN_SPEED_MAX;
    assert_int_equal(status_left(&i, now), -1);
    i.speed_e8 = -1;
    assert_int_equal(status_left(&i, now), -1);
    i = (struct status_info){.speed_e8 = E8};
    assert_int_equal(status_left(&i, now), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        T(test_it_shows_mode_time_equity_positions_trades_and_posts),
        T(test_it_shows_how_live_sources_stand_and_why_one_waits),
        T(test_no_line_is_wider_than_the_terminal_and_no_picture_higher),
        T(test_without_color_only_lines_are_cleared),
        T(test_before_the_first_news_it_says_that_it_is_starting),
        T(test_a_halt_is_told_with_its_reason),
        T(test_a_frame_goes_over_the_last_one_and_after_a_resize_over_all),
        T(test_time_left_is_virtual_time_over_speed),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
