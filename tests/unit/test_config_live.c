/* The configuration that holds while people change settings. */
#include "config/live.h"

#include <pthread.h>
#include <stdatomic.h>

#include "check.h"

static struct arena boot;
static struct config first;
static struct buf report;

static struct config_live *live(const char *text, const char *set) {
    struct error err;
    static str sets[1];
    arena_open(&boot, 8 << 20);
    buf_init(&report, CONFIG_REPORT_BYTES);
    sets[0] = str_from_z(set);
    const struct config_input in = {
        .text = str_from_z(text), .sets = sets, .set_count = set[0] != '\0'};
    assert_ok(config_load(&boot, &in, &first, &report, &err), &err);
    return config_live_new(&boot, &in, &first);
}

static void end(struct config_live *l) {
    config_live_free(l);
    buf_fini(&report);
    arena_close(&boot);
}

static bool set(struct config_live *l, const char *row, struct error *err) {
    const str rows[] = {str_from_z(row)};
    buf_clear(&report);
    return config_live_set(l, rows, row[0] != '\0', &report, err);
}

static int64_t threshold(struct config_live *l) {
    const struct config *const cfg = config_live_take(l);
    const int64_t ret = cfg->trading_signal_threshold;
    config_live_give(l, cfg);
    return ret;
}

static void test_a_setting_holds_and_can_be_let_go_of(void **state) {
    (void)state;
    struct error err;
    struct config_live *const l = live("trading: {signal_threshold: 60, leverage: 2}", "");
    assert_int_equal(threshold(l), 60);
    assert_ok(set(l, "trading.signal_threshold=80", &err), &err);
    assert_int_equal(threshold(l), 80);
    const struct config *const cfg = config_live_take(l);
    assert_int_equal(cfg->trading_leverage, 2); /* as the file said at the start */
    config_live_give(l, cfg);
    assert_ok(set(l, "", &err), &err);
    assert_int_equal(threshold(l), 60);
    end(l);
}

static void test_what_was_taken_stays_as_it_is(void **state) {
    (void)state;
    struct error err;
    struct config_live *const l = live("", "");
    const struct config *const before = config_live_take(l);
    assert_ok(set(l, "trading.muted_symbols=DOGEUSDT", &err), &err);
    const struct config *const after = config_live_take(l);
    assert_int_equal(before->trading_muted_symbols.count, 0);
    assert_str(after->trading_muted_symbols.names[0], "DOGEUSDT");
    config_live_give(l, before);
    assert_ok(set(l, "", &err), &err);
    assert_str(after->trading_muted_symbols.names[0], "DOGEUSDT");
    config_live_give(l, after);
    end(l);
}

static void test_rows_that_contradict_the_rest_change_nothing(void **state) {
    (void)state;
    struct error err;
    struct config_live *const l = live("", "");
    assert_ok(set(l, "trading.signal_threshold=80", &err), &err);
    assert_fails(set(l, "trading.take_profit_percent=0.001", &err), &err, ERR_CONFIG);
    assert_true(report.len > 0);
    assert_fails(set(l, "store.url=sqlite:other", &err), &err, ERR_CONFIG);
    assert_int_equal(threshold(l), 80);
    end(l);
}

static void test_the_command_line_stands_before_it(void **state) {
    (void)state;
    struct error err;
    char block[128];
    struct buf by;
    struct config_live *const l = live("", "trading.signal_threshold=75");
    assert_ok(set(l, "trading.signal_threshold=80", &err), &err);
    assert_int_equal(threshold(l), 75);
    const struct config *const cfg = config_live_take(l);
    buf_init_fixed(&by, block, sizeof block);
    assert_true(config_is_overridden(cfg, STR("trading.signal_threshold"), &by));
    assert_str(buf_str(&by), "--set");
    assert_false(config_is_overridden(cfg, STR("trading.leverage"), &by));
    assert_false(config_is_overridden(cfg, STR("no.such"), &by));
    assert_false(config_is_overridden(cfg, STR("nosuch"), &by));
    config_live_give(l, cfg);
    end(l);
}

static void test_a_row_is_tried_without_effect(void **state) {
    (void)state;
    struct error err;
    struct config_live *const l = live("", "trading.stop_loss_percent=0.01");
    assert_ok(config_live_try(l, &boot, NULL, 0, STR("trading.take_profit_percent"), STR("0.06"),
                              &report, &err),
              &err);
    assert_false(config_live_try(l, &boot, NULL, 0, STR("trading.take_profit_percent"),
                                 STR("0.001"), &report, &err));
    const struct config *const cfg = config_live_take(l);
    assert_ptr_equal(cfg->origins, first.origins); /* still the first one */
    config_live_give(l, cfg);
    end(l);
}

/* --- threads ------------------------------------------------------------------------------ */

static atomic_bool over;

static void *read_on(void *arg) {
    struct config_live *const l = arg;
    int64_t seen = 0;
    while (!atomic_load(&over)) {
        const struct config *const cfg = config_live_take(l);
        /* both come from one row, or from none */
        const int count = cfg->trading_muted_symbols.count;
        if (count > 0 && !str_eq(cfg->trading_muted_symbols.names[0], STR("DOGEUSDT"))) seen = -1;
        config_live_give(l, cfg);
        if (seen < 0) break;
        seen++;
    }
    return (void *)(intptr_t)seen;
}

static void test_readers_and_changes_do_not_meet(void **state) {
    (void)state;
    struct error err;
    pthread_t readers[3];
    void *seen;
    struct config_live *const l = live("", "");
    atomic_store(&over, false);
    for (int i = 0; i < COUNT_OF(readers); i++)
        assert_int_equal(pthread_create(&readers[i], NULL, read_on, l), 0);
    for (int i = 0; i < 50; i++)
        assert_ok(set(l, i % 2 ? "" : "trading.muted_symbols=DOGEUSDT", &err), &err);
    atomic_store(&over, true);
    for (int i = 0; i < COUNT_OF(readers); i++) {
        assert_int_equal(pthread_join(readers[i], &seen), 0);
        assert_true((intptr_t)seen >= 0);
    }
    end(l);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_setting_holds_and_can_be_let_go_of),
        cmocka_unit_test(test_what_was_taken_stays_as_it_is),
        cmocka_unit_test(test_rows_that_contradict_the_rest_change_nothing),
        cmocka_unit_test(test_the_command_line_stands_before_it),
        cmocka_unit_test(test_a_row_is_tried_without_effect),
        cmocka_unit_test(test_readers_and_changes_do_not_meet),
    };
    return cmocka_run_group_tests_name("the configuration that holds", tests, NULL, NULL);
}
