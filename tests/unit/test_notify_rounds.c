/* Who is told what and when: sorting, repetitions, quiet hours, retries, on a clock that the test
 * holds, with a store on disk and channels that nothing is sent through. */
#include "ops/notify_int.h"

#include "talkkit.h"

#define NOON ((INT64_C(20000) * 24 + 12) * USEC_PER_HOUR)
#define NIGHT ((INT64_C(20000) * 24 + 23) * USEC_PER_HOUR)

static struct kit kit;
static struct config cfg;
static struct notifier n;
static char report_block[CONFIG_REPORT_BYTES];

static void configure(const char *text) {
    struct error err;
    struct buf report;
    buf_init_fixed(&report, report_block, sizeof report_block);
    const struct config_input in = {.text = str_from_z(text), .file = STR("f.yaml")};
    assert_ok(config_load(&kit.a, &in, &cfg, &report, &err), &err);
}

/* Slack and Discord, at an address where nobody listens. */
static void open_channel(notify_channel which) {
    struct error err;
    struct secret url;
    struct sender *const s = &n.senders[which];
    assert_ok(secret_copy(STR("http://127.0.0.1:1/hook/with-a-name"), &url, &err), &err);
    assert_ok(hook_open(&kit.a, which, &url, NULL, &s->channel, &err), &err);
    s->n = &n;
    s->which = which;
    s->waiting_metric = s->up_metric = metric_get(M_NOTIFY_WAITING, LABELS("test"));
    s->sent_metric = s->failed_metric = s->retried_metric =
        metric_get(M_NOTIFY_MESSAGES, LABELS("test", "sent"));
    IGNORE(!str_copyz(str_from_z(notify_channel_name(which)), s->row.name, sizeof s->row.name),
           "short");
}

static int set_up(void **state) {
    (void)state;
    memset(&n, 0, sizeof n);
    kit_open(&kit);
    n.store = kit.s;
    assert_int_equal(pthread_mutex_init(&n.lock, NULL), 0);
    assert_int_equal(pthread_cond_init(&n.changed, NULL), 0);
    open_channel(CHANNEL_SLACK);
    open_channel(CHANNEL_DISCORD);
    configure("discord: {events: [halt, drawdown]}");
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    channel_close(n.senders[CHANNEL_SLACK].channel);
    channel_close(n.senders[CHANNEL_DISCORD].channel);
    pthread_cond_destroy(&n.changed);
    pthread_mutex_destroy(&n.lock);
    kit_close(&kit);
    return 0;
}

static void happens(notice_kind kind, const char *text, usec at) {
    struct error err;
    struct notice v;
    notice_make(&v, at, kind, "what", str_from_z(text));
    assert_ok(store_notice_add(kit.s, &v, NULL, &err), &err);
}

static void sort_at(usec now) {
    struct error err;
    do assert_ok(notify_sort(&n, &cfg, now, &err), &err);
    while (n.again);
}

static int waiting(notify_channel c, usec now, struct delivery v[16]) {
    struct error err;
    int count = 0;
    assert_ok(
        store_deliveries_due(kit.s, str_from_z(notify_channel_name(c)), now, v, 16, &count, &err),
        &err);
    return count;
}

/* --- sorting -------------------------------------------------------------------------------- */

static void test_a_channel_gets_what_it_is_told_of(void **state) {
    (void)state;
    struct delivery v[16];
    happens(NOTICE_HALT, "a", NOON);
    happens(NOTICE_TRADE_OPENED, "b", NOON);
    happens(NOTICE_SIGNAL, "c", NOON);
    sort_at(NOON);
    assert_int_equal(waiting(CHANNEL_SLACK, NOON, v), 2);
    assert_string_equal(v[0].notice.text, "a");
    assert_true(v[0].urgent);
    assert_string_equal(v[1].notice.text, "b");
    assert_false(v[1].urgent);
    assert_int_equal(waiting(CHANNEL_DISCORD, NOON, v), 1);
    assert_string_equal(v[0].notice.text, "a");
}

static void test_in_quiet_hours_only_the_urgent_is_due(void **state) {
    (void)state;
    struct delivery v[16];
    const usec end = NIGHT + 8 * USEC_PER_HOUR;
    configure("notify: {quiet_hours: 22:00-07:00}");
    happens(NOTICE_HALT, "a", NIGHT);
    happens(NOTICE_TRADE_OPENED, "b", NIGHT);
    sort_at(NIGHT);
    assert_int_equal(waiting(CHANNEL_SLACK, NIGHT, v), 1);
    assert_string_equal(v[0].notice.text, "a");
    assert_int_equal(waiting(CHANNEL_SLACK, end - 1, v), 1);
    assert_int_equal(waiting(CHANNEL_SLACK, end, v), 2);
}

static void test_quiet_hours_that_are_changed_hold_for_what_waits(void **state) {
    (void)state;
    struct delivery v[16];
    struct error err;
    const usec end = NIGHT + 8 * USEC_PER_HOUR;
    configure("notify: {quiet_hours: 22:00-07:00}");
    happens(NOTICE_TRADE_OPENED, "a", NIGHT);
    sort_at(NIGHT);
    assert_ok(notify_quiet(&n, &cfg, NIGHT, &err), &err);
    assert_int_equal(waiting(CHANNEL_SLACK, end - 1, v), 0);
    configure("notify: {quiet_hours: 22:00-06:00}");
    assert_ok(notify_quiet(&n, &cfg, NIGHT, &err), &err);
    assert_int_equal(waiting(CHANNEL_SLACK, end - USEC_PER_HOUR - 1, v), 0);
    assert_int_equal(waiting(CHANNEL_SLACK, end - USEC_PER_HOUR, v), 1);
    configure("");
    n.senders[CHANNEL_SLACK].look_at = end;
    assert_ok(notify_quiet(&n, &cfg, NIGHT + 1, &err), &err);
    assert_int_equal(waiting(CHANNEL_SLACK, NIGHT + 1, v), 1);
    assert_int_equal(n.senders[CHANNEL_SLACK].look_at, 0);
}

static void test_the_same_again_is_told_once_and_summed_up(void **state) {
    (void)state;
    struct delivery v[16];
    struct error err;
    for (int i = 0; i < 5; i++) {
        char text[64];
        snprintf(text, sizeof text, "request of trade %d: timeout", i);
        happens(NOTICE_ORDER, text, NOON + i * USEC_PER_MIN);
    }
    happens(NOTICE_ORDER, "request of trade 9: reset", NOON);
    sort_at(NOON + 4 * USEC_PER_MIN);
    assert_int_equal(waiting(CHANNEL_SLACK, NOON + USEC_PER_DAY, v), 2);
    assert_string_equal(v[0].notice.text, "request of trade 0: timeout");
    assert_string_equal(v[1].notice.text, "request of trade 9: reset");
    /* its ten minutes are not over */
    assert_ok(notify_sum_up(&n, &cfg, NOON + 10 * USEC_PER_MIN, &err), &err);
    sort_at(NOON + 10 * USEC_PER_MIN);
    assert_int_equal(waiting(CHANNEL_SLACK, NOON + USEC_PER_DAY, v), 2);
    const usec after = NOON + 10 * USEC_PER_MIN + 1;
    assert_ok(notify_sum_up(&n, &cfg, after, &err), &err);
    assert_true(n.again);
    sort_at(after);
    assert_int_equal(waiting(CHANNEL_SLACK, NOON + USEC_PER_DAY, v), 3);
    assert_string_equal(v[2].notice.text,
                        "4 times more since 12:00:00 UTC: request of trade 0: timeout");
    /* the sum begins another ten minutes */
    happens(NOTICE_ORDER, "request of trade 77: timeout", after + USEC_PER_MIN);
    sort_at(after + USEC_PER_MIN);
    assert_int_equal(waiting(CHANNEL_SLACK, NOON + USEC_PER_DAY, v), 3);
    assert_ok(notify_sum_up(&n, &cfg, after + USEC_PER_MIN, &err), &err);
    assert_false(n.again);
}

static void test_without_a_pause_each_is_told(void **state) {
    (void)state;
    struct delivery v[16];
    configure("notify: {repeat_s: 0}");
    for (int i = 0; i < 3; i++) happens(NOTICE_VENUE, "down", NOON);
    sort_at(NOON);
    assert_int_equal(waiting(CHANNEL_SLACK, NOON, v), 3);
}

static void test_each_trade_is_told(void **state) {
    (void)state;
    struct delivery v[16];
    for (int i = 0; i < 3; i++) happens(NOTICE_TRADE_CLOSED, "LONG BTCUSDT: stop reached", NOON);
    sort_at(NOON);
    assert_int_equal(waiting(CHANNEL_SLACK, NOON, v), 3);
}

static void test_what_is_older_than_a_message_is_tried_for_is_not_told(void **state) {
    (void)state;
    struct delivery v[16];
    happens(NOTICE_HALT, "old", NOON - 24 * USEC_PER_HOUR - 1);
    happens(NOTICE_HALT, "young", NOON - 24 * USEC_PER_HOUR);
    sort_at(NOON);
    assert_int_equal(waiting(CHANNEL_SLACK, NOON, v), 1);
    assert_string_equal(v[0].notice.text, "young");
}

static void test_where_too_many_wait_the_urgent_still_does(void **state) {
    (void)state;
    struct delivery v[16];
    n.senders[CHANNEL_SLACK].waiting = NOTIFY_QUEUE_MAX;
    happens(NOTICE_TRADE_OPENED, "a", NOON);
    happens(NOTICE_HALT, "b", NOON);
    sort_at(NOON);
    assert_int_equal(waiting(CHANNEL_SLACK, NOON, v), 1);
    assert_string_equal(v[0].notice.text, "b");
    assert_int_equal(n.senders[CHANNEL_SLACK].skipped, 1);
}

static void test_the_first_trader_of_a_store_is_not_urgent(void **state) {
    (void)state;
    struct error err;
    struct delivery d[16];
    struct notice v;
    notice_make(&v, NOON, NOTICE_TRADER, NOTICE_WHAT_FIRST, STR("a trader is at work"));
    assert_ok(store_notice_add(kit.s, &v, NULL, &err), &err);
    notice_make(&v, NOON, NOTICE_TRADER, "gone", STR("no trader is at work any more"));
    assert_ok(store_notice_add(kit.s, &v, NULL, &err), &err);
    sort_at(NOON);
    assert_int_equal(waiting(CHANNEL_SLACK, NOON, d), 2);
    assert_string_equal(d[0].notice.what, "gone");
    assert_true(d[0].urgent);
    assert_false(d[1].urgent);
}

/* --- sending -------------------------------------------------------------------------------- */

static struct sender *next_of(notify_channel c, usec now) {
    struct error err;
    struct sender *const s = &n.senders[c];
    assert_ok(notify_next(&n, s, &cfg, now, &err), &err);
    return s->state == SENDER_READY ? s : NULL;
}

static bool is_lost; /* the answer of what comes next */

/* As its thread would. */
static void finish(struct sender *s, sent_end end, usec wait, usec now) {
    struct error err;
    s->sent = (struct sent){.end = end, .wait = wait, .maybe = is_lost};
    if (end != SENT_DONE) memcpy(s->sent.why, "because", sizeof "because");
    s->state = SENDER_DONE;
    assert_ok(notify_finish(&n, s, &cfg, now, &err), &err);
    assert_int_equal(s->state, SENDER_IDLE);
}

static void test_what_waits_goes_together(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) happens(NOTICE_TRADE_OPENED, "a", NOON);
    sort_at(NOON);
    struct sender *const s = next_of(CHANNEL_SLACK, NOON);
    assert_non_null(s);
    assert_int_equal(s->count, 3);
    assert_null(next_of(CHANNEL_DISCORD, NOON));
    finish(s, SENT_DONE, 0, NOON);
    assert_null(next_of(CHANNEL_SLACK, NOON));
    assert_int_equal(s->row.state, CHANNEL_IS_WELL);
    assert_int_equal(s->row.sent, 1);
}

static void test_what_failed_is_tried_again_later_and_later(void **state) {
    (void)state;
    struct delivery v[16];
    happens(NOTICE_TRADE_OPENED, "a", NOON);
    sort_at(NOON);
    struct sender *s = next_of(CHANNEL_SLACK, NOON);
    assert_non_null(s);
    finish(s, SENT_LATER, 0, NOON);
    assert_int_equal(s->row.state, CHANNEL_IS_RETRYING);
    assert_null(next_of(CHANNEL_SLACK, NOON + 5 * USEC_PER_S - 1));
    usec now = NOON + 5 * USEC_PER_S;
    assert_non_null(next_of(CHANNEL_SLACK, now));
    assert_int_equal(s->batch[0].tries, 0); /* it was refused, and nobody was told */
    is_lost = true;
    finish(s, SENT_LATER, 0, now);
    is_lost = false;
    assert_null(next_of(CHANNEL_SLACK, now + 10 * USEC_PER_S - 1));
    now += 10 * USEC_PER_S;
    assert_non_null(next_of(CHANNEL_SLACK, now));
    assert_int_equal(s->batch[0].tries, 1);      /* that one may have got through */
    finish(s, SENT_LATER, 77 * USEC_PER_S, now); /* as it was asked for */
    assert_null(next_of(CHANNEL_SLACK, now + 77 * USEC_PER_S - 1));
    assert_non_null(next_of(CHANNEL_SLACK, now + 77 * USEC_PER_S));
    assert_int_equal(s->batch[0].tries, 1);
    finish(s, SENT_DONE, 0, now + 77 * USEC_PER_S);
    assert_int_equal(waiting(CHANNEL_SLACK, NOON + USEC_PER_DAY, v), 0);
    assert_int_equal(s->row.state, CHANNEL_IS_WELL);
    assert_int_equal(s->tries, 0);
}

static void test_what_cannot_be_delivered_for_a_day_is_given_up(void **state) {
    (void)state;
    struct delivery v[16];
    static const struct sql failed = {"SELECT count(*) FROM deliveries WHERE state = 'failed'"};
    happens(NOTICE_HALT, "a", NOON);
    sort_at(NOON);
    struct sender *s = next_of(CHANNEL_SLACK, NOON);
    finish(s, SENT_LATER, 0, NOON + USEC_PER_DAY);
    assert_int_equal(kit_number(&kit, &failed), 0);
    assert_non_null(next_of(CHANNEL_SLACK, NOON + 2 * USEC_PER_DAY));
    finish(s, SENT_LATER, 0, NOON + 2 * USEC_PER_DAY);
    assert_int_equal(kit_number(&kit, &failed), 1);
    assert_int_equal(waiting(CHANNEL_SLACK, USEC_NEVER - 1, v), 0);
}

static void test_a_message_that_is_refused_is_not_sent_again(void **state) {
    (void)state;
    struct delivery v[16];
    happens(NOTICE_HALT, "a", NOON);
    sort_at(NOON);
    struct sender *const s = next_of(CHANNEL_SLACK, NOON);
    finish(s, SENT_BAD, 0, NOON);
    assert_int_equal(waiting(CHANNEL_SLACK, USEC_NEVER - 1, v), 0);
    assert_int_equal(s->row.failed, 1);
    assert_int_equal(s->row.state, CHANNEL_IS_WELL);
}

static void test_a_channel_that_refuses_rests_and_others_hear_of_it(void **state) {
    (void)state;
    struct delivery v[16];
    configure("");
    happens(NOTICE_HALT, "a", NOON);
    sort_at(NOON);
    struct sender *const s = next_of(CHANNEL_SLACK, NOON);
    finish(s, SENT_REFUSED, 0, NOON);
    assert_int_equal(s->row.state, CHANNEL_IS_REFUSED);
    sort_at(NOON);
    assert_null(next_of(CHANNEL_SLACK, NOON + 30 * USEC_PER_MIN - 1));
    assert_int_equal(waiting(CHANNEL_DISCORD, NOON, v), 2);
    assert_string_equal(v[1].notice.text, "slack takes no messages from here: because");
    assert_non_null(next_of(CHANNEL_SLACK, NOON + 30 * USEC_PER_MIN));
    finish(s, SENT_REFUSED, 0, NOON + 30 * USEC_PER_MIN); /* told once */
    sort_at(NOON + 30 * USEC_PER_MIN);
    assert_int_equal(waiting(CHANNEL_DISCORD, NOON + USEC_PER_HOUR, v), 2);
}

static void test_the_rate_holds_back_what_is_not_urgent(void **state) {
    (void)state;
    struct sender *s;
    configure("notify: {per_minute: 1}");
    for (int i = 0; i < PACE_BURST; i++) {
        happens(NOTICE_TRADE_OPENED, "a", NOON);
        sort_at(NOON);
        s = next_of(CHANNEL_SLACK, NOON);
        assert_non_null(s);
        finish(s, SENT_DONE, 0, NOON);
    }
    happens(NOTICE_TRADE_OPENED, "b", NOON);
    sort_at(NOON);
    assert_null(next_of(CHANNEL_SLACK, NOON));
    assert_null(next_of(CHANNEL_SLACK, NOON + USEC_PER_MIN - 1));
    happens(NOTICE_HALT, "c", NOON);
    sort_at(NOON);
    s = next_of(CHANNEL_SLACK, NOON);
    assert_non_null(s);
    assert_int_equal(s->count, 2); /* the urgent one first, and the other with it */
    assert_string_equal(s->batch[0].notice.text, "c");
}

static void test_what_is_said_without_the_store_leaves_nothing_there(void **state) {
    (void)state;
    static const struct sql rows = {
        "SELECT (SELECT count(*) FROM deliveries) + (SELECT count(*) FROM channels)"};
    struct notice v;
    notice_make(&v, NOON, NOTICE_STORE, "trouble", STR("it cannot be used"));
    v.id = 1;
    notify_direct(&n, &cfg, &v, NOON);
    struct sender *const s = &n.senders[CHANNEL_SLACK];
    assert_int_equal(s->state, SENDER_READY);
    assert_true(s->batch[0].urgent);
    assert_int_equal(n.senders[CHANNEL_DISCORD].state, SENDER_IDLE); /* it is not told of that */
    finish(s, SENT_DONE, 0, NOON);
    assert_int_equal(kit_number(&kit, &rows), 0);
}

/* --- the trader ----------------------------------------------------------------------------- */

static int new_notices(struct notice v[16]) {
    struct error err;
    int count = 0;
    assert_ok(store_notices_new(kit.s, v, 16, &count, &err), &err);
    for (int i = 0; i < count; i++) assert_ok(store_notice_sorted(kit.s, v[i].id, &err), &err);
    return count;
}

static void watch(usec now) {
    struct error err;
    assert_ok(notify_watch(&n, now, now, &err), &err);
}

static void test_a_trader_that_is_gone_is_told_once(void **state) {
    (void)state;
    struct error err;
    struct notice v[16];
    struct store *trader = kit_connect(&kit, false);
    watch(NOON); /* none was ever there */
    assert_int_equal(new_notices(v), 0);
    assert_ok(store_trader_lock(trader, &err), &err);
    watch(NOON);
    watch(NOON + USEC_PER_S);
    assert_int_equal(new_notices(v), 1);
    assert_string_equal(v[0].what, "first");
    store_close(trader); /* as if it had been killed */
    watch(NOON + 10 * USEC_PER_S);
    watch(NOON + 22 * USEC_PER_S - 1);
    assert_int_equal(new_notices(v), 0);
    watch(NOON + 22 * USEC_PER_S);
    watch(NOON + 60 * USEC_PER_S);
    assert_int_equal(new_notices(v), 1);
    assert_string_equal(v[0].what, "gone");
    assert_int_equal(v[0].kind, NOTICE_TRADER);
}

static void test_a_trader_that_ends_says_so_and_is_not_gone(void **state) {
    (void)state;
    struct error err;
    struct notice v[16];
    struct store *trader = kit_connect(&kit, false);
    assert_ok(store_trader_lock(trader, &err), &err);
    watch(NOON);
    assert_ok(notify_watch_end(&n, "bullfinch run", NOON, &err), &err);
    store_close(trader);
    assert_int_equal(new_notices(v), 2);
    assert_string_equal(v[1].what, "ends");
    watch(NOON);
    watch(NOON + USEC_PER_HOUR);
    assert_int_equal(new_notices(v), 0);
}

static void test_who_comes_after_a_crash_says_so(void **state) {
    (void)state;
    struct error err;
    struct notice v[16];
    kit_exec(&kit, "INSERT INTO cursors VALUES ('notify_trader', CAST('999999' AS BLOB))");
    struct store *trader = kit_connect(&kit, false);
    assert_ok(store_trader_lock(trader, &err), &err);
    watch(NOON);
    assert_int_equal(new_notices(v), 1);
    assert_string_equal(v[0].what, "again");
    assert_non_null(strstr(v[0].text, "in place of process 999999"));
    store_close(trader);
}

#define T(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(a_channel_gets_what_it_is_told_of),
        T(in_quiet_hours_only_the_urgent_is_due),
        T(quiet_hours_that_are_changed_hold_for_what_waits),
        T(the_same_again_is_told_once_and_summed_up),
        T(without_a_pause_each_is_told),
        T(each_trade_is_told),
        T(what_is_older_than_a_message_is_tried_for_is_not_told),
        T(where_too_many_wait_the_urgent_still_does),
        T(the_first_trader_of_a_store_is_not_urgent),
        T(what_waits_goes_together),
        T(what_failed_is_tried_again_later_and_later),
        T(what_cannot_be_delivered_for_a_day_is_given_up),
        T(a_message_that_is_refused_is_not_sent_again),
        T(a_channel_that_refuses_rests_and_others_hear_of_it),
        T(the_rate_holds_back_what_is_not_urgent),
        T(what_is_said_without_the_store_leaves_nothing_there),
        T(a_trader_that_is_gone_is_told_once),
        T(a_trader_that_ends_says_so_and_is_not_gone),
        T(who_comes_after_a_crash_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
