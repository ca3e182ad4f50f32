/* Candle files as a market: order of events, choice of files, and what is done with bad input. */
#include "market_dir.h"
#include "market_same.h"

#define HEADER "open_time_ms,open,high,low,close,volume\n"

/* Rows of BTCUSDT from T0 on, a minute apart. */
#define ROW_0 "1621436400000,10,12,9,11,5\n"
#define ROW_1 "1621436460000,11,13,10,12,5\n"
#define ROW_2 "1621436520000,12,14,11,13,5\n"
#define ROW_3 "1621436580000,13,15,12,14,5\n"

static int setup(void **state) {
    struct market_dir *d = malloc(sizeof *d);
    market_dir_init(d);
    *state = d;
    return 0;
}

static int teardown(void **state) {
    market_dir_fini(*state);
    free(*state);
    return 0;
}

static void assert_trace(const struct market_dir *d, const char *want) {
    check_str(buf_str(&d->trace), str_from_z(want), __FILE__, __LINE__);
}

static void assert_findings(const struct market_dir *d, const char *want) {
    check_str(buf_str(&d->findings), str_from_z(want), __FILE__, __LINE__);
}

static void assert_report(const struct market_dir *d, const char *want) {
    check_str(buf_str(&d->report), str_from_z(want), __FILE__, __LINE__);
}

static void assert_has(const struct buf *b, const char *part) {
    if (str_find(buf_str(b), str_from_z(part)) >= 0) return;
    print_error("no \"%s\" in \"%s\"\n", part, buf_z(b));
    _fail(__FILE__, __LINE__);
}

/* -- order --------------------------------------------------------------------------------- */

static void test_a_candle_is_a_quote_at_its_open_and_a_range_at_its_close(void **state) {
    struct market_dir *d = *state;
    market_dir_write(d, "BTCUSDT-1m.csv", HEADER ROW_0 ROW_1);
    market_dir_open(d);
    assert_int_equal(market_peek(d->market), MARKET_DIR_T0);
    market_dir_drain(d);
    assert_trace(d, "Q BTC +0 10\n"
                    "C BTC +60 10 12 9 11\n"
                    "Q BTC +60 11\n"
                    "C BTC +120 11 13 10 12\n"
                    "D BTC +120\n");
    assert_report(d, "");
    assert_findings(d, "");
}

static void test_quotes_and_candles_carry_all_that_was_in_the_row(void **state) {
    struct market_dir *d = *state;
    market_dir_write(d, "DOGEUSDT-5m.csv", HEADER ROW_0);
    market_dir_open(d);
    struct market_event e;
    assert_true(market_next(d->market, &e));
    assert_int_equal(e.kind, MARKET_QUOTE);
    assert_int_equal(e.sym, 1);
    assert_int_equal(e.quote.sym, 1);
    assert_int_equal(e.quote.at, MARKET_DIR_T0);
    assert_int_equal(e.quote.interval, 5 * USEC_PER_MIN);
    assert_int_equal(price_e8(e.quote.bid), 10 * E8);
    assert_int_equal(price_e8(e.quote.ask), 10 * E8);
    assert_true(market_next(d->market, &e));
    assert_int_equal(e.kind, MARKET_CANDLE);
    assert_int_equal(e.candle.sym, 1);
    assert_int_equal(e.candle.open_at, MARKET_DIR_T0);
    assert_int_equal(e.candle.close_at, MARKET_DIR_T0 + 5 * USEC_PER_MIN);
    assert_int_equal(e.at, e.candle.close_at);
    assert_int_equal(volume_e8(e.candle.volume), 5 * E8);
}

static void test_at_one_time_candles_come_before_ends_before_quotes_by_symbol(void **state) {
    struct market_dir *d = *state;
    market_dir_write(d, "ETHUSDT-1m.csv", HEADER ROW_0 ROW_1);
    market_dir_write(d, "BTCUSDT-1m.csv", HEADER ROW_0 ROW_1);
    market_dir_write(d, "DOGEUSDT-1m.csv", HEADER ROW_0);
    market_dir_open(d);
    market_dir_drain(d);
    assert_trace(d, "Q BTC +0 10\n"
                    "Q DOGE +0 10\n"
                    "Q ETH +0 10\n"
                    "C BTC +60 10 12 9 11\n"
                    "C DOGE +60 10 12 9 11\n"
                    "C ETH +60 10 12 9 11\n"
                    "D DOGE +60\n"
                    "Q BTC +60 11\n"
                    "Q ETH +60 11\n"
                    "C BTC +120 11 13 10 12\n"
                    "C ETH +120 11 13 10 12\n"
                    "D BTC +120\n"
                    "D ETH +120\n");
}

static void test_intervals_of_different_symbols_mix(void **state) {
    struct market_dir *d = *state;
    market_dir_write(d, "BTCUSDT-1m.csv", HEADER ROW_0 ROW_1 ROW_3);
    market_dir_write(d, "ETHUSDT-3m.csv", HEADER ROW_0);
    market_dir_open(d);
    market_dir_drain(d);
    assert_trace(d, "Q BTC +0 10\n"
                    "Q ETH +0 10\n"
                    "C BTC +60 10 12 9 11\n"
                    "Q BTC +60 11\n"
                    "C BTC +120 11 13 10 12\n"
                    "C ETH +180 10 12 9 11\n"
                    "D ETH +180\n"
                    "Q BTC +180 13\n"
                    "C BTC +240 13 15 12 14\n"
                    "D BTC +240\n");
}

static void test_seek_drops_what_is_not_after_it(void **state) {
    struct market_dir *d = *state;
    market_dir_write(d, "BTCUSDT-1m.csv", HEADER ROW_0 ROW_1 ROW_2);
    market_dir_write(d, "ETHUSDT-1m.csv", HEADER ROW_0 ROW_1);
    market_dir_open(d);
    market_seek(d->market, MARKET_DIR_T0 + USEC_PER_MIN);
    assert_int_equal(market_peek(d->market), MARKET_DIR_T0 + 2 * USEC_PER_MIN);
    market_dir_drain(d);
    assert_trace(d, "C BTC +120 11 13 10 12\n"
                    "C ETH +120 11 13 10 12\n"
                    "D ETH +120\n"
                    "Q BTC +120 12\n"
                    "C BTC +180 12 14 11 13\n"
                    "D BTC +180\n");
    assert_int_equal(market_dir_counts(d).candles, 5);
}

/* The law of a resumed run: what comes after a seek is what would have come anyway. */
static void test_seek_to_any_time_gives_the_rest_of_the_stream(void **state) {
    struct market_dir *d = *state;
    market_dir_write(d, "BTCUSDT-1m.csv", HEADER ROW_0 ROW_1 ROW_3);
    market_dir_write(d, "DOGEUSDT-3m.csv", HEADER ROW_0 ROW_3);
    market_dir_open(d);
    struct market_event all[64], e;
    int count = 0;
    while (market_next(d->market, &all[count])) count++;
    assert_int_equal(count, 12);
    for (usec after = MARKET_DIR_T0 - 30 * USEC_PER_S; after < MARKET_DIR_T0 + 400 * USEC_PER_S;
         after += 30 * USEC_PER_S) {
        market_dir_close(d);
        arena_reset(&d->boot);
        market_dir_open(d);
        market_seek(d->market, after);
        for (int i = 0; i < count; i++) {
            if (all[i].at <= after) continue;
            assert_true(market_next(d->market, &e));
            assert_true(market_event_same(&e, &all[i]));
        }
        assert_false(market_next(d->market, &e));
    }
    market_seek(d->market, USEC_NEVER);
    assert_int_equal(market_peek(d->market), USEC_NEVER);
}

static void test_seek_in_the_middle_of_reading_goes_on_from_there(void **state) {
    struct market_dir *d = *state;
    market_dir_write(d, "BTCUSDT-1m.csv", HEADER ROW_0 ROW_1 ROW_2);
    market_dir_open(d);
    struct market_event e;
    assert_true(market_next(d->market, &e));
    market_seek(d->market, MARKET_DIR_T0 - USEC_PER_DAY); /* the past: nothing is dropped */
    assert_int_equal(market_peek(d->market), MARKET_DIR_T0 + USEC_PER_MIN);
    market_seek(d->market, MARKET_DIR_T0 + 2 * USEC_PER_MIN);
    market_dir_drain(d);
    assert_trace(d, "C BTC +180 12 14 11 13\nD BTC +180\n");
}

static void test_the_end_stays_the_end(void **state) {
    struct market_dir *d = *state;
    market_dir_write(d, "BTCUSDT-1m.csv", HEADER ROW_0);
    market_dir_open(d);
    market_dir_drain(d);
    struct market_event e;
    for (int i = 0; i < 3; i++) assert_false(market_next(d->market, &e));
    market_seek(d->market, 0);
    assert_false(market_next(d->market, &e));
}

static void test_span_is_first_open_to_last_close_of_all_files(void **state) {
    struct market_dir *d = *state;
    market_dir_write(d, "BTCUSDT-1m.csv", HEADER ROW_1 ROW_2);
    market_dir_write(d, "DOGEUSDT-3m.csv", HEADER ROW_0 ROW_3 "garbage");
    market_dir_open(d);
    usec first, last;
    assert_true(candles_span(d->market, &first, &last));
    assert_int_equal(first, MARKET_DIR_T0);
    assert_int_equal(last, MARKET_DIR_T0 + 6 * USEC_PER_MIN);
}

/* -- choice of files ----------------------------------------------------------------------- */

static void test_a_coarser_file_speaks_only_where_the_finer_has_nothing(void **state) {
    struct market_dir *d = *state;
    market_dir_write(d, "BTCUSDT-3m.csv", HEADER ROW_0 ROW_3);
    market_dir_write(d, "BTCUSDT-1m.csv", HEADER ROW_0 ROW_1);
    market_dir_open(d);
    market_dir_drain(d);
    assert_trace(d, "Q BTC +0 10\nC BTC +60 10 12 9 11\nQ BTC +60 11\nC BTC +120 11 13 10 12\n"
                    "Q BTC +180 13\nC BTC +360 13 15 12 14\nD BTC +360\n");
    assert_report(d, "BTCUSDT-3m.csv: read only where BTCUSDT-1m.csv and its like have no "
                     "candles\n");
    assert_int_equal(d->counts.files, 2);
}

static void test_a_finer_file_waits_for_the_end_of_a_coarser_candle(void **state) {
    struct market_dir *d = *state;
    market_dir_write(d, "BTCUSDT-3m.csv", HEADER ROW_0);
    market_dir_write(d, "BTCUSDT-1m.csv", HEADER ROW_1 ROW_2 ROW_3);
    market_dir_open(d);
    market_dir_drain(d);
    assert_trace(d, "Q BTC +0 10\nC BTC +180 10 12 9 11\nQ BTC +180 13\n"
                    "C BTC +240 13 15 12 14\nD BTC +240\n");
}

static void test_a_finer_file_without_rows_does_not_hide_a_coarser_one(void **state) {
    struct market_dir *d = *state;
    market_dir_write(d, "BTCUSDT-1m.csv", HEADER);
    market_dir_write(d, "BTCUSDT-3m.csv", HEADER ROW_0);
    market_dir_open(d);
    market_dir_drain(d);
    assert_trace(d, "Q BTC +0 10\nC BTC +180 10 12 9 11\nD BTC +180\n");
    assert_report(d, "BTCUSDT-1m.csv: no candle in it; left out\n");
}

static void test_files_of_months_and_days_make_one_history(void **state) {
    struct market_dir *d = *state;
    /* 2021-05-31 23:59 and 2021-06-01 00:00, the later file in microseconds; names sort wrongly */
    market_dir_write(d, "BTCUSDT-1m-2021-06-01.csv",
                     "1622505600000000,2,2,2,2,1,1622505659999999,1,1,1,1,0\n");
    market_dir_write(d, "BTCUSDT-1m-2021-05.csv",
                     "1622505540000,1,1,1,1,1,1622505599999,1,1,1,1,0\n");
    market_dir_open(d);
    struct market_event e;
    int quotes = 0, dry = 0;
    while (market_next(d->market, &e)) {
        quotes += e.kind == MARKET_QUOTE;
        dry += e.kind == MARKET_DRY;
        if (e.kind == MARKET_QUOTE) assert_int_equal(price_e8(e.quote.last), quotes * E8);
    }
    assert_int_equal(quotes, 2);
    assert_int_equal(dry, 1);
    assert_int_equal(market_dir_counts(d).gaps, 0);
    assert_int_equal(d->counts.files, 2);
    assert_report(d, "");
    assert_findings(d, "");
}

static void test_files_follow_each_other_by_time_and_not_by_name(void **state) {
    struct market_dir *d = *state;
    market_dir_write(d, "BTCUSDT-1m-2021-05-19.csv", HEADER ROW_1 ROW_2);
    market_dir_write(d, "BTCUSDT-1m-2021-05.csv", HEADER ROW_0);
    market_dir_open(d);
    market_dir_drain(d);
    assert_int_equal(market_dir_counts(d).candles, 3);
    assert_findings(d, "");
}

static void test_files_of_unlisted_symbols_and_odd_names_are_told(void **state) {
    struct market_dir *d = *state;
    market_dir_write(d, "BTCUSDT-1m.csv", HEADER ROW_0);
    market_dir_write(d, "BTCUSDT-7m.csv", HEADER ROW_0);
    market_dir_write(d, "NOPEUSDT-1m.csv", HEADER ROW_0);
    market_dir_write(d, "README.md", "hello");
    market_dir_open(d);
    assert_report(d, "BTCUSDT-7m.csv: is not named SYMBOL-INTERVAL.csv with an interval of "
                     "Binance's from 1s to 1d; left out\n"
                     "NOPEUSDT-1m.csv: the venue does not list NOPEUSDT; left out\n");
    market_dir_drain(d);
    assert_trace(d, "Q BTC +0 10\nC BTC +60 10 12 9 11\nD BTC +60\n");
}

static void test_no_directory_is_an_error(void **state) {
    struct market_dir *d = *state;
    struct market *m = NULL;
    assert_fails(
        candles_open(&d->boot, "/nonexistent/prices", &d->symbols, &m, NULL, NULL, &d->err),
        &d->err, ERR_NOT_FOUND);
    assert_null(m);
    assert_non_null(strstr(d->err.msg, "/nonexistent/prices"));
}

static void test_a_directory_without_candles_is_an_error(void **state) {
    struct market_dir *d = *state;
    assert_fails(market_dir_try_open(d), &d->err, ERR_NOT_FOUND);
    market_dir_write(d, "BTCUSDT-1m.csv", "");
    market_dir_write(d, "NOPEUSDT-1m.csv", HEADER ROW_0);
    assert_fails(market_dir_try_open(d), &d->err, ERR_NOT_FOUND);
    assert_non_null(strstr(d->err.msg, d->path));
    assert_has(&d->report, "BTCUSDT-1m.csv: no candle in it; left out\n");
}

static void test_a_directory_named_like_a_file_is_told_and_left_out(void **state) {
    struct market_dir *d = *state;
    char path[400];
    assert_int_equal(mkdir(market_dir_file(d, "BTCUSDT-1m.csv", path), 0700), 0);
    assert_fails(market_dir_try_open(d), &d->err, ERR_NOT_FOUND); /* nothing else is there */
    market_dir_write(d, "ETHUSDT-1m.csv", HEADER ROW_0);
    market_dir_open(d);
    assert_has(&d->report, "BTCUSDT-1m.csv: not a regular file; left out\n");
    market_dir_drain(d);
    assert_trace(d, "Q ETH +0 10\nC ETH +60 10 12 9 11\nD ETH +60\n");
    assert_int_equal(d->counts.files, 1);
}

static void test_a_pipe_named_like_a_file_does_not_block(void **state) {
    struct market_dir *d = *state;
    char path[400];
    assert_int_equal(mkfifo(market_dir_file(d, "BTCUSDT-1m.csv", path), 0600), 0);
    assert_fails(market_dir_try_open(d), &d->err, ERR_NOT_FOUND);
}

/* -- bad input ----------------------------------------------------------------------------- */

static void test_bad_rows_are_skipped_counted_and_told_with_their_line(void **state) {
    struct market_dir *d = *state;
    market_dir_write(d, "BTCUSDT-1m.csv",
                     HEADER ROW_0 "1621436460000,11,13,10,12\n"
                                  "hello\n"
                                  "1621436460000,eleven,13,10,12,5\n"
                                  "1621436460000,11,13,0,12,5\n"
                                  "1621436460000,11,13,-10,12,5\n"
                                  "1621436460000,11,10,13,12,5\n"
                                  "1621436460000,99,13,10,12,5\n"
                                  "1621436460000,11,99999999999999,10,12,5\n" ROW_1);
    market_dir_open(d);
    market_dir_drain(d);
    assert_trace(d, "Q BTC +0 10\nC BTC +60 10 12 9 11\n"
                    "Q BTC +60 11\nC BTC +120 11 13 10 12\nD BTC +120\n");
    assert_findings(
        d, "BTCUSDT-1m.csv:3: \"1621436460000,11,13,10,12\" has not six or twelve columns; row "
           "skipped\n"
           "BTCUSDT-1m.csv:4: \"hello\" has not six or twelve columns; row skipped\n"
           "BTCUSDT-1m.csv:5: \"eleven\" is not a price (decimal number, at most 8 decimals, "
           "under 10,000,000,000); row skipped\n"
           "BTCUSDT-1m.csv:6: \"0\" is a price of zero; row skipped\n"
           "BTCUSDT-1m.csv:7: \"-10\" is a price under zero; row skipped\n"
           "BTCUSDT-1m.csv:8: \"10\" is a high under its low; row skipped\n"
           "BTCUSDT-1m.csv:9: \"99\" is an open or close outside of low to high; row skipped\n"
           "BTCUSDT-1m.csv:10: \"99999999999999\" is not a price (decimal number, at most 8 "
           "decimals, under 10,000,000,000); row skipped\n");
    struct market_counts c = market_dir_counts(d);
    assert_int_equal(c.candles, 2);
    assert_int_equal(c.malformed, 8);
    assert_int_equal(c.zero_price, 1);
    assert_int_equal(c.gaps, 0);
}

/* It would reach into a good candle, which would then be the one that is disordered. */
static void test_a_candle_off_its_grid_pushes_no_other_out(void **state) {
    struct market_dir *d = *state;
    market_dir_write(d, "BTCUSDT-1m.csv",
                     HEADER "1621436370000,7,7,7,7,7\n" ROW_0 "1621436430000,7,7,7,7,7\n" ROW_1);
    market_dir_open(d);
    market_dir_drain(d);
    assert_trace(d, "Q BTC +0 10\nC BTC +60 10 12 9 11\n"
                    "Q BTC +60 11\nC BTC +120 11 13 10 12\nD BTC +120\n");
    assert_int_equal(market_dir_counts(d).malformed, 2);
    assert_has(&d->findings, "BTCUSDT-1m.csv:4: \"1621436430000\" is an open time off the "
                             "interval's grid; row skipped\n");
}

static void test_of_duplicates_the_first_is_kept(void **state) {
    struct market_dir *d = *state;
    market_dir_write(d, "BTCUSDT-1m.csv", HEADER ROW_0 "1621436400000,7,7,7,7,7\n" ROW_0 ROW_1);
    market_dir_open(d);
    market_dir_drain(d);
    assert_trace(d, "Q BTC +0 10\nC BTC +60 10 12 9 11\n"
                    "Q BTC +60 11\nC BTC +120 11 13 10 12\nD BTC +120\n");
    assert_int_equal(market_dir_counts(d).duplicates, 2);
    assert_has(&d->findings, "BTCUSDT-1m.csv:3: candle of 2021-05-19T15:00:00.000000Z is there "
                             "already; row skipped\n");
}

static void test_late_rows_are_skipped_and_counted(void **state) {
    struct market_dir *d = *state;
    market_dir_write(d, "BTCUSDT-1m.csv", HEADER ROW_0 ROW_2 ROW_1 ROW_3);
    market_dir_open(d);
    market_dir_drain(d);
    assert_trace(d, "Q BTC +0 10\nC BTC +60 10 12 9 11\n"
                    "Q BTC +120 12\nC BTC +180 12 14 11 13\n"
                    "Q BTC +180 13\nC BTC +240 13 15 12 14\nD BTC +240\n");
    assert_int_equal(market_dir_counts(d).disordered, 1);
    assert_int_equal(market_dir_counts(d).gaps, 1);
    assert_has(&d->findings,
               "BTCUSDT-1m.csv:4: candle of 2021-05-19T15:01:00.000000Z is late; row skipped\n");
}

static void test_rows_closer_than_the_interval_are_skipped(void **state) {
    struct market_dir *d = *state;
    market_dir_write(d, "BTCUSDT-3m.csv", HEADER ROW_0 ROW_1 ROW_2 ROW_3);
    market_dir_open(d);
    market_dir_drain(d);
    assert_trace(d, "Q BTC +0 10\nC BTC +180 10 12 9 11\nQ BTC +180 13\nC BTC +360 13 15 12 14\n"
                    "D BTC +360\n");
    assert_int_equal(market_dir_counts(d).malformed, 2);
    assert_has(&d->findings, "is an open time off the interval's grid; row skipped\n");
}

static void test_one_row_far_in_the_future_does_not_hide_the_rest(void **state) {
    struct market_dir *d = *state;
    market_dir_write(d, "BTCUSDT-1m.csv", HEADER ROW_0 "2621436360000,1,1,1,1,1\n" ROW_1 ROW_2);
    market_dir_write(d, "ETHUSDT-1m.csv", HEADER "2621436360000,1,1,1,1,1\n" ROW_0);
    market_dir_open(d);
    market_dir_drain(d);
    assert_trace(d, "Q BTC +0 10\nQ ETH +0 10\nC BTC +60 10 12 9 11\nC ETH +60 10 12 9 11\n"
                    "D ETH +60\n"
                    "Q BTC +60 11\nC BTC +120 11 13 10 12\n"
                    "Q BTC +120 12\nC BTC +180 12 14 11 13\nD BTC +180\n");
    assert_int_equal(market_dir_counts(d).disordered, 2);
    assert_has(&d->findings, "BTCUSDT-1m.csv:3: candle of 2053-01-25T16:46:00.000000Z is far ahead "
                             "of the rows around it; row skipped\n");
}

static void test_a_long_gap_is_believed_when_the_row_behind_it_is_late(void **state) {
    struct market_dir *d = *state;
    market_dir_write(d, "BTCUSDT-1m.csv", HEADER ROW_1 "1624028400000,1,1,1,1,1\n" ROW_0);
    market_dir_open(d);
    market_dir_drain(d);
    assert_int_equal(market_dir_counts(d).candles, 2);
    assert_int_equal(market_dir_counts(d).disordered, 1);
    assert_has(&d->findings,
               "BTCUSDT-1m.csv:4: candle of 2021-05-19T15:00:00.000000Z is late; row skipped\n");
}

static void test_a_long_gap_is_believed(void **state) {
    struct market_dir *d = *state;
    market_dir_write(d, "BTCUSDT-1m.csv",
                     HEADER ROW_0 "1624028400000,1,1,1,1,1\n1624028460000,1,1,1,1,1\n");
    market_dir_open(d);
    market_dir_drain(d);
    struct market_counts c = market_dir_counts(d);
    assert_int_equal(c.candles, 3);
    assert_int_equal(c.gaps, 1);
    assert_findings(d, "BTCUSDT-1m.csv:3: no candles from 2021-05-19T15:01:00.000000Z to "
                       "2021-06-18T15:00:00.000000Z (2591940 s)\n");
}

static void test_candles_without_volume_are_counted_and_kept(void **state) {
    struct market_dir *d = *state;
    market_dir_write(d, "BTCUSDT-1m.csv",
                     HEADER ROW_0 "1621436460000,11,13,10,12,0\n"
                                  "1621436520000,11,13,10,12,0.000\n");
    market_dir_open(d);
    market_dir_drain(d);
    struct market_counts c = market_dir_counts(d);
    assert_int_equal(c.candles, 3);
    assert_int_equal(c.no_volume, 2);
    assert_findings(d, "BTCUSDT-1m.csv:3: candle without volume; kept\n"
                       "BTCUSDT-1m.csv: 1 more candles without volume\n");
}

static void test_only_the_first_findings_of_a_file_are_told(void **state) {
    struct market_dir *d = *state;
    struct buf text;
    buf_init(&text, 1 << 20);
    buf_put(&text, STR(HEADER));
    for (int i = 0; i < 100; i++) buf_put(&text, STR("x\n"));
    buf_put(&text, STR(ROW_0));
    for (int i = 0; i < 30; i++) { /* every second minute: 30 gaps */
        buf_printf(&text, "%lld,1,1,1,1,1\n", (long long)(MARKET_DIR_T0_MS + (i + 1) * 120000));
    }
    market_dir_write(d, "BTCUSDT-1m.csv", buf_z(&text));
    buf_fini(&text);
    market_dir_open(d);
    market_dir_drain(d);
    int lines = 0;
    for (ptrdiff_t i = 0; i < d->findings.len; i++) lines += d->findings.p[i] == '\n';
    assert_int_equal(lines, 20 + 5 + 2);
    assert_has(&d->findings, "BTCUSDT-1m.csv: 80 more rows skipped\n");
    assert_has(&d->findings, "BTCUSDT-1m.csv: 25 more gaps\n");
    assert_int_equal(market_dir_counts(d).malformed, 100);
    assert_int_equal(market_dir_counts(d).gaps, 30);
}

static void test_a_missing_header_loses_no_row(void **state) {
    struct market_dir *d = *state;
    market_dir_write(d, "BTCUSDT-1m.csv", ROW_0 ROW_1);
    market_dir_open(d);
    market_dir_drain(d);
    assert_int_equal(market_dir_counts(d).candles, 2);
    assert_report(d, "BTCUSDT-1m.csv:1: no header; read as open_time_ms,open,high,low,close,"
                     "volume\n");
}

static void test_another_header_for_the_same_columns_is_told(void **state) {
    struct market_dir *d = *state;
    market_dir_write(d, "BTCUSDT-1m.csv", "Timestamp,Open,High,Low,Close,Volume\n" ROW_0);
    market_dir_open(d);
    market_dir_drain(d);
    assert_int_equal(market_dir_counts(d).candles, 1);
    assert_int_equal(market_dir_counts(d).malformed, 0);
    assert_has(&d->report,
               "BTCUSDT-1m.csv:1: header is \"Timestamp,Open,High,Low,Close,Volume\"; read as");
}

static void test_a_file_whose_columns_mean_something_else_is_left_out(void **state) {
    struct market_dir *d = *state;
    market_dir_write(d, "BTCUSDT-1m.csv", "open_time_ms,close,high,low,open,volume\n" ROW_0);
    market_dir_write(d, "ETHUSDT-1m.csv", HEADER ROW_0);
    market_dir_open(d);
    market_dir_drain(d);
    assert_trace(d, "Q ETH +0 10\nC ETH +60 10 12 9 11\nD ETH +60\n");
    assert_has(&d->report, "file left out\n");
    assert_int_equal(d->counts.malformed, 1);
}

static void test_a_second_header_inside_a_file_is_a_bad_row(void **state) {
    struct market_dir *d = *state;
    market_dir_write(d, "BTCUSDT-1m.csv", HEADER ROW_0 HEADER ROW_1);
    market_dir_open(d);
    market_dir_drain(d);
    assert_int_equal(market_dir_counts(d).candles, 2);
    assert_int_equal(market_dir_counts(d).malformed, 1);
}

static void test_line_ends_of_windows_and_byte_order_marks_are_fine(void **state) {
    struct market_dir *d = *state;
    market_dir_write(d, "BTCUSDT-1m.csv",
                     "\xEF\xBB\xBFopen_time_ms,open,high,low,close,volume\r\n"
                     "1621436400000,10,12,9,11,5\r\n"
                     "\r\n"
                     "1621436460000,11,13,10,12,5\r\n");
    market_dir_open(d);
    market_dir_drain(d);
    assert_int_equal(market_dir_counts(d).candles, 2);
    assert_report(d, "");
    assert_findings(d, "");
}

static void test_a_last_line_without_line_end_counts(void **state) {
    struct market_dir *d = *state;
    market_dir_write(d, "BTCUSDT-1m.csv", HEADER ROW_0 "1621436460000,11,13,10,12,5");
    market_dir_open(d);
    market_dir_drain(d);
    assert_int_equal(market_dir_counts(d).candles, 2);
    assert_findings(d, "");
}

static void test_nul_bytes_spoil_only_their_row(void **state) {
    struct market_dir *d = *state;
    const char text[] = HEADER ROW_0 "1621436460000,1\0,1,1,1,1\n\0\0\0\n" ROW_2;
    market_dir_write_bytes(d, "BTCUSDT-1m.csv", text, sizeof text - 1);
    market_dir_open(d);
    market_dir_drain(d);
    assert_int_equal(market_dir_counts(d).candles, 2);
    assert_int_equal(market_dir_counts(d).malformed, 2);
    assert_has(&d->findings, "BTCUSDT-1m.csv:3: \"1?\" is not a price");
    assert_has(&d->findings, "BTCUSDT-1m.csv:4: \"???\" has not");
}

static void test_a_line_of_ten_megabytes_is_passed_over(void **state) {
    struct market_dir *d = *state;
    struct buf text;
    buf_init(&text, 16 << 20);
    buf_put(&text, STR(HEADER ROW_0));
    for (int i = 0; i < 10 << 20; i++) buf_put_byte(&text, '7');
    buf_put(&text, STR("\n" ROW_1));
    for (int i = 0; i < 10 << 20; i++) buf_put_byte(&text, ',');
    market_dir_write_bytes(d, "BTCUSDT-1m.csv", text.p, (size_t)text.len);
    buf_fini(&text);
    market_dir_open(d);
    market_dir_drain(d);
    assert_int_equal(market_dir_counts(d).candles, 2);
    assert_int_equal(market_dir_counts(d).malformed, 2);
    assert_findings(d, "BTCUSDT-1m.csv:3: line longer than 1024 bytes; skipped\n"
                       "BTCUSDT-1m.csv:5: line longer than 1024 bytes; skipped\n");
}

/* -- files that change while they are read ------------------------------------------------- */

/* Enough rows for several blocks. */
static void write_many_rows(struct market_dir *d, int rows) {
    struct buf text;
    buf_init(&text, 16 << 20);
    buf_put(&text, STR(HEADER));
    for (int i = 0; i < rows; i++) {
        buf_printf(&text, "%lld,10,12,9,11,5\n", (long long)(MARKET_DIR_T0_MS + i * 60000LL));
    }
    market_dir_write(d, "BTCUSDT-1m.csv", buf_z(&text));
    buf_fini(&text);
}

static void test_a_file_that_shrinks_while_it_is_read_ends_there(void **state) {
    struct market_dir *d = *state;
    write_many_rows(d, 10000);
    market_dir_open(d);
    struct market_event e;
    assert_true(market_next(d->market, &e));
    char path[400];
    assert_int_equal(truncate(market_dir_file(d, "BTCUSDT-1m.csv", path), 70003), 0);
    market_dir_drain(d);
    struct market_counts c = market_dir_counts(d);
    assert_int_equal(c.broken_off, 1);
    assert_true(c.candles > 1500 && c.candles < 10000);
    assert_int_equal(c.malformed, 0); /* the row that was cut is not taken for a row */
    assert_has(&d->findings, "became shorter while it was read");
    assert_true(str_ends(buf_str(&d->trace), STR("\n")));
    assert_has(&d->trace, "D BTC +");
}

static void test_a_file_that_vanishes_after_the_opening_is_told(void **state) {
    struct market_dir *d = *state;
    char path[400];
    market_dir_write(d, "BTCUSDT-1m.csv", HEADER ROW_0);
    market_dir_write(d, "ETHUSDT-1m.csv", HEADER ROW_0);
    market_dir_open(d);
    assert_int_equal(unlink(market_dir_file(d, "BTCUSDT-1m.csv", path)), 0);
    market_dir_drain(d);
    assert_trace(d, "Q ETH +0 10\nC ETH +60 10 12 9 11\nD ETH +60\n");
    assert_int_equal(market_dir_counts(d).broken_off, 1);
    assert_has(&d->findings, "BTCUSDT-1m.csv: was there at the start and cannot be opened now");
}

static void test_what_is_added_after_the_opening_of_a_file_is_not_read(void **state) {
    struct market_dir *d = *state;
    market_dir_write(d, "BTCUSDT-1m.csv", HEADER ROW_0);
    market_dir_open(d);
    assert_int_equal(market_peek(d->market), MARKET_DIR_T0);
    market_dir_write(d, "BTCUSDT-1m.csv", HEADER ROW_0 ROW_1);
    market_dir_drain(d);
    assert_int_equal(market_dir_counts(d).candles, 1);
}

static void test_rows_over_the_borders_of_blocks_are_whole(void **state) {
    struct market_dir *d = *state;
    write_many_rows(d, 20000);
    market_dir_open(d);
    market_dir_drain(d);
    struct market_counts c = market_dir_counts(d);
    assert_int_equal(c.candles, 20000);
    assert_int_equal(c.malformed + c.gaps + c.disordered + c.duplicates, 0);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_candle_is_a_quote_at_its_open_and_a_range_at_its_close),
        T(quotes_and_candles_carry_all_that_was_in_the_row),
        T(at_one_time_candles_come_before_ends_before_quotes_by_symbol),
        T(intervals_of_different_symbols_mix),
        T(seek_drops_what_is_not_after_it),
        T(seek_to_any_time_gives_the_rest_of_the_stream),
        T(seek_in_the_middle_of_reading_goes_on_from_there),
        T(the_end_stays_the_end),
        T(span_is_first_open_to_last_close_of_all_files),
        T(a_coarser_file_speaks_only_where_the_finer_has_nothing),
        T(a_finer_file_waits_for_the_end_of_a_coarser_candle),
        T(a_finer_file_without_rows_does_not_hide_a_coarser_one),
        T(files_of_months_and_days_make_one_history),
        T(files_follow_each_other_by_time_and_not_by_name),
        T(files_of_unlisted_symbols_and_odd_names_are_told),
        T(no_directory_is_an_error),
        T(a_directory_without_candles_is_an_error),
        T(a_directory_named_like_a_file_is_told_and_left_out),
        T(a_pipe_named_like_a_file_does_not_block),
        T(bad_rows_are_skipped_counted_and_told_with_their_line),
        T(a_candle_off_its_grid_pushes_no_other_out),
        T(of_duplicates_the_first_is_kept),
        T(late_rows_are_skipped_and_counted),
        T(rows_closer_than_the_interval_are_skipped),
        T(one_row_far_in_the_future_does_not_hide_the_rest),
        T(a_long_gap_is_believed),
        T(a_long_gap_is_believed_when_the_row_behind_it_is_late),
        T(candles_without_volume_are_counted_and_kept),
        T(only_the_first_findings_of_a_file_are_told),
        T(a_missing_header_loses_no_row),
        T(another_header_for_the_same_columns_is_told),
        T(a_file_whose_columns_mean_something_else_is_left_out),
        T(a_second_header_inside_a_file_is_a_bad_row),
        T(line_ends_of_windows_and_byte_order_marks_are_fine),
        T(a_last_line_without_line_end_counts),
        T(nul_bytes_spoil_only_their_row),
        T(a_line_of_ten_megabytes_is_passed_over),
        T(a_file_that_shrinks_while_it_is_read_ends_there),
        T(a_file_that_vanishes_after_the_opening_is_told),
        T(what_is_added_after_the_opening_of_a_file_is_not_read),
        T(rows_over_the_borders_of_blocks_are_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
