/* Notices and their deliveries: written with what they are about, sorted once, on their way once.
 */
#include "store_bench.h"

#include <jansson.h>
#include <stdio.h>

#include "store/notices.h"
#include "store/people.h"
#include "store/prune.h"
#include "store/sources.h"

static const struct sql all_notices = {"SELECT count(*) FROM notices"};
static const struct sql all_deliveries = {"SELECT count(*) FROM deliveries"};

static void begin(struct bench *b) {
    struct error err;
    assert_ok(store_begin(b->s, true, &err), &err);
}

static void commit(struct bench *b) {
    struct error err;
    assert_ok(store_commit(b->s, &err), &err);
}

static int64_t put(struct bench *b, notice_kind kind, const char *text, usec at) {
    struct error err;
    struct notice n;
    int64_t id;
    notice_make(&n, at, kind, "what", str_from_z(text));
    assert_ok(store_notice_add(b->s, &n, &id, &err), &err);
    return id;
}

static int fresh(struct bench *b, struct notice v[16]) {
    struct error err;
    int n = 0;
    assert_ok(store_notices_new(b->s, v, 16, &n, &err), &err);
    return n;
}

static void deliver(struct bench *b, int64_t id, const char *channel, bool urgent, usec due) {
    struct error err;
    begin(b);
    assert_ok(store_notice_deliver(b->s, id, str_from_z(channel), urgent, due, NOW, false, &err),
              &err);
    assert_ok(store_notice_sorted(b->s, id, &err), &err);
    commit(b);
}

static int due(struct bench *b, const char *channel, usec now, struct delivery v[16]) {
    struct error err;
    int n = 0;
    assert_ok(store_deliveries_due(b->s, str_from_z(channel), now, v, 16, &n, &err), &err);
    return n;
}

static void take(struct bench *b, int64_t id, const char *channel) {
    struct error err;
    begin(b);
    assert_ok(store_delivery_taken(b->s, id, str_from_z(channel), NOW, &err), &err);
    commit(b);
}

static void became(struct bench *b, int64_t id, const char *channel, delivery_state state,
                   usec again) {
    struct error err;
    begin(b);
    assert_ok(store_delivery_put(b->s, id, str_from_z(channel), state, "why", again, NOW, &err),
              &err);
    commit(b);
}

/* --- what is written ------------------------------------------------------------------------ */

static void test_a_notice_is_new_until_it_is_sorted(void **state) {
    struct bench *b = *state;
    struct error err;
    struct notice v[16];
    put(b, NOTICE_TRADE_OPENED, "LONG", NOW);
    const int64_t second = put(b, NOTICE_VENUE, "down", NOW + 1);
    assert_int_equal(fresh(b, v), 2);
    assert_string_equal(v[0].text, "LONG");
    assert_int_equal(v[0].kind, NOTICE_TRADE_OPENED);
    assert_int_equal(v[0].at, NOW);
    assert_string_equal(v[0].sameness, "");
    assert_string_equal(v[1].sameness, "venue/what/down");
    assert_ok(store_notice_sorted(b->s, v[0].id, &err), &err);
    assert_int_equal(fresh(b, v), 1);
    assert_int_equal(v[0].id, second);
    reopen(b);
    assert_int_equal(fresh(b, v), 1);
}

static void test_a_notice_goes_with_the_transaction_it_is_about(void **state) {
    struct bench *b = *state;
    struct error err;
    struct notice n;
    notice_make(&n, NOW, NOTICE_HALT, "what", STR("why"));
    begin(b);
    assert_ok(store_notice_put(b->s, &n, &err), &err);
    store_rollback(b->s);
    assert_int_equal(count(b, &all_notices), 0);
}

static void test_numbers_do_not_make_a_notice_another_one(void **state) {
    (void)state;
    struct notice a, b, c;
    notice_make(&a, NOW, NOTICE_ORDER, "outcome_unknown", STR("request of trade 17: timeout"));
    notice_make(&b, NOW, NOTICE_ORDER, "outcome_unknown", STR("request of trade 2204: timeout"));
    notice_make(&c, NOW, NOTICE_ORDER, "outcome_unknown", STR("request of trade 17: reset"));
    assert_string_equal(a.sameness, b.sameness);
    assert_string_not_equal(a.sameness, c.sameness);
    notice_make(&a, NOW, NOTICE_TRADE_CLOSED, "trade_closed", STR("LONG"));
    assert_string_equal(a.sameness, "");
}

static void test_orders_of_people_are_notices(void **state) {
    struct bench *b = *state;
    struct notice v[16];
    add_control(b, MODE_AUTO, 1);
    turn(b);
    command(b, (struct command){.verb = VERB_HALT,
                                .mode = MODE_HALTED,
                                .until = NOW + USEC_PER_HOUR,
                                .at = NOW,
                                .actor = "telegram:42",
                                .reason = "the news"});
    command(
        b,
        (struct command){
            .verb = VERB_CLOSE, .target = 7, .until = USEC_NEVER, .at = NOW, .actor = "cli:root"});
    command(b, (struct command){.verb = VERB_HALT,
                                .mode = MODE_HALTED,
                                .until = USEC_NEVER,
                                .at = NOW,
                                .actor = "program",
                                .reason = "REDUCE_ONLY: a check failed"});
    command(
        b,
        (struct command){
            .verb = VERB_FORGET, .target = 9, .until = USEC_NEVER, .at = NOW, .actor = "source"});
    command(b, (struct command){.verb = VERB_SETTING,
                                .until = USEC_NEVER,
                                .at = NOW,
                                .actor = "cli:root",
                                .reason = "notify.quiet_hours"});
    assert_int_equal(fresh(b, v), 4);
    assert_string_equal(v[3].text, "the setting notify.quiet_hours was changed, by cli:root");
    assert_int_equal(v[0].kind, NOTICE_MODE);
    assert_string_equal(v[0].text, "halt: halted from now on until 2023-11-14T23:13:20 UTC, by "
                                   "telegram:42: the news");
    assert_int_equal(v[1].kind, NOTICE_COMMAND);
    assert_string_equal(v[1].text, "close 7, by cli:root");
    assert_int_equal(v[2].kind, NOTICE_HALT);
}

static void test_a_source_that_needs_somebody_is_a_notice(void **state) {
    struct bench *b = *state;
    struct error err;
    struct notice v[16];
    struct source_status s = {.state = SOURCE_CREDITS, .since = NOW, .why = "no credits are left"};
    begin(b);
    assert_ok(store_source_alert(b->s, STR("x_search:x"), &s, NOW, &err), &err);
    assert_ok(store_source_alert(b->s, STR("x_search:x"), &s, NOW + 1, &err), &err);
    s = (struct source_status){.state = SOURCE_LIVE, .since = NOW + 2};
    assert_ok(store_source_alert(b->s, STR("x_search:x"), &s, NOW + 2, &err), &err);
    commit(b);
    assert_int_equal(fresh(b, v), 2);
    assert_int_equal(v[0].kind, NOTICE_SOURCE);
    assert_string_equal(v[0].text, "x_search:x is credits: no credits are left");
    assert_true(str_starts(str_from_z(v[1].text), STR("x_search:x is live: posts come again")));
}

/* --- the same again ------------------------------------------------------------------------- */

static void test_the_same_within_a_while_is_counted(void **state) {
    struct bench *b = *state;
    struct error err;
    struct notice v[16];
    int64_t same;
    int n;
    const int64_t first = put(b, NOTICE_ORDER, "request of trade 17: timeout", NOW);
    const int64_t again = put(b, NOTICE_ORDER, "request of trade 18: timeout", NOW + 5);
    put(b, NOTICE_ORDER, "another", NOW + 6);
    assert_int_equal(fresh(b, v), 3);
    assert_ok(store_notice_same(b->s, &v[0], NOW - 10, &same, &err), &err);
    assert_int_equal(same, 0);
    assert_ok(store_notice_same(b->s, &v[1], NOW, &same, &err), &err);
    assert_int_equal(same, first);
    assert_ok(store_notice_same(b->s, &v[1], NOW + 1, &same, &err), &err);
    assert_int_equal(same, 0); /* it was too long ago */
    assert_ok(store_notice_same(b->s, &v[2], NOW, &same, &err), &err);
    assert_int_equal(same, 0);
    begin(b);
    assert_ok(store_notice_repeats(b->s, again, first, &err), &err);
    commit(b);
    assert_int_equal(fresh(b, v), 2);
    assert_ok(store_notices_repeated(b->s, NOW, v, 16, &n, &err), &err);
    assert_int_equal(n, 0);
    assert_ok(store_notices_repeated(b->s, NOW + 1, v, 16, &n, &err), &err);
    assert_int_equal(n, 1);
    assert_int_equal(v[0].id, first);
    assert_int_equal(v[0].repeats, 1);
    assert_ok(store_notice_repeats_told(b->s, first, &err), &err);
    assert_ok(store_notices_repeated(b->s, NOW + 1, v, 16, &n, &err), &err);
    assert_int_equal(n, 0);
}

static void test_who_begins_to_send_passes_the_past_over(void **state) {
    struct bench *b = *state;
    struct error err;
    struct notice v[16];
    int64_t n;
    put(b, NOTICE_HALT, "a", NOW);
    put(b, NOTICE_HALT, "b", NOW);
    begin(b);
    assert_ok(store_notices_skip(b->s, &n, &err), &err);
    commit(b);
    assert_int_equal(n, 2);
    assert_int_equal(fresh(b, v), 0);
}

/* --- deliveries ----------------------------------------------------------------------------- */

static void test_what_is_urgent_goes_first_and_what_waits_waits(void **state) {
    struct bench *b = *state;
    struct error err;
    struct delivery v[16];
    usec next;
    int64_t waiting;
    const int64_t a = put(b, NOTICE_VENUE, "a", NOW), c = put(b, NOTICE_HALT, "c", NOW),
                  d = put(b, NOTICE_VENUE, "d", NOW);
    deliver(b, a, "slack", false, NOW);
    deliver(b, c, "slack", true, NOW);
    deliver(b, d, "slack", false, NOW + 60);
    deliver(b, d, "mail", false, NOW);
    assert_int_equal(due(b, "slack", NOW, v), 2);
    assert_int_equal(v[0].notice.id, c);
    assert_true(v[0].urgent);
    assert_int_equal(v[1].notice.id, a);
    assert_string_equal(v[1].notice.text, "a");
    assert_int_equal(due(b, "slack", NOW + 60, v), 3);
    assert_int_equal(due(b, "mail", NOW, v), 1);
    assert_int_equal(due(b, "discord", NOW, v), 0);
    assert_ok(store_deliveries_waiting(b->s, STR("slack"), &waiting, &next, &err), &err);
    assert_int_equal(waiting, 3);
    assert_int_equal(next, NOW);
    assert_ok(store_deliveries_waiting(b->s, STR("discord"), &waiting, &next, &err), &err);
    assert_int_equal(waiting, 0);
    assert_int_equal(next, USEC_NEVER);
}

static void test_a_delivery_is_on_its_way_once(void **state) {
    struct bench *b = *state;
    struct error err;
    struct delivery v[16];
    int64_t n;
    const int64_t id = put(b, NOTICE_VENUE, "a", NOW);
    deliver(b, id, "slack", false, NOW);
    take(b, id, "slack");
    assert_int_equal(due(b, "slack", NOW, v), 0);
    became(b, id, "slack", DELIVERY_WAITING, NOW + 9);
    assert_int_equal(due(b, "slack", NOW + 8, v), 0);
    assert_int_equal(due(b, "slack", NOW + 9, v), 1);
    assert_int_equal(v[0].tries, 1);
    take(b, id, "slack");
    /* its process dies; the next one tells it again and knows that it may have got through */
    reopen(b);
    begin(b);
    assert_ok(store_deliveries_revive(b->s, NOW + 20, &n, &err), &err);
    commit(b);
    assert_int_equal(n, 1);
    assert_int_equal(due(b, "slack", NOW + 20, v), 1);
    assert_int_equal(v[0].tries, 2);
    take(b, id, "slack");
    became(b, id, "slack", DELIVERY_SENT, NOW);
    became(b, id, "slack", DELIVERY_WAITING, NOW); /* a late word changes nothing */
    assert_int_equal(due(b, "slack", NOW + DAY, v), 0);
    begin(b);
    assert_ok(store_deliveries_revive(b->s, NOW + 20, &n, &err), &err);
    commit(b);
    assert_int_equal(n, 0);
}

static void test_one_connection_has_a_claim_at_a_time(void **state) {
    struct bench *b = *state;
    struct error err;
    bool mine = false, theirs = true;
    assert_ok(store_claim(b->s, STR("notify"), &mine, &err), &err);
    assert_true(mine);
    if (!place->shared) return; /* in memory there is no other */
    struct store *const other = open_store(b, false);
    assert_ok(store_claim(other, STR("notify"), &theirs, &err), &err);
    assert_false(theirs);
    assert_ok(store_claim(other, STR("another"), &theirs, &err), &err);
    assert_true(theirs);
    assert_ok(store_claim(b->s, STR("notify"), &mine, &err), &err);
    assert_true(mine);
    store_close(b->s);
    b->s = other;
    /* on PostgreSQL the session that ended may take a moment to let go */
    for (int i = 0; i < 1000 && (theirs = false, true); i++) {
        assert_ok(store_claim(b->s, STR("notify"), &theirs, &err), &err);
        if (theirs) break;
        usleep(5000);
    }
    assert_true(theirs);
}

static void test_a_channel_that_was_mended_is_new_and_what_waited_is_due(void **state) {
    struct bench *b = *state;
    struct error err;
    struct delivery v[16];
    struct channel_row rows[8];
    int n;
    const int64_t tried = put(b, NOTICE_HALT, "a", NOW), quiet = put(b, NOTICE_HALT, "b", NOW);
    struct channel_row c = {
        .name = "slack", .state = CHANNEL_IS_REFUSED, .since = NOW, .why = "404"};
    assert_ok(store_channel_put(b->s, &c, &err), &err);
    deliver(b, tried, "slack", false, NOW);
    deliver(b, quiet, "slack", false, NOW + DAY); /* in quiet hours it stays so */
    take(b, tried, "slack");
    became(b, tried, "slack", DELIVERY_WAITING, NOW + DAY);
    assert_ok(store_channel_mended(b->s, STR("mail"), NOW + 5, &err), &err);
    assert_int_equal(due(b, "slack", NOW + 5, v), 0);
    assert_ok(store_channel_mended(b->s, STR("slack"), NOW + 5, &err), &err);
    assert_int_equal(due(b, "slack", NOW + 5, v), 1);
    assert_int_equal(v[0].notice.id, tried);
    assert_ok(store_channels(b->s, rows, 8, &n, &err), &err);
    assert_int_equal(rows[0].state, CHANNEL_IS_NEW);
    assert_string_equal(rows[0].why, "");
}

/* --- channels, looking, age ----------------------------------------------------------------- */

static void test_a_channels_row_is_what_was_put_last(void **state) {
    struct bench *b = *state;
    struct error err;
    struct channel_row v[8];
    int n;
    struct channel_row c = {.name = "slack", .state = CHANNEL_IS_NEW, .since = NOW};
    assert_ok(store_channel_put(b->s, &c, &err), &err);
    c = (struct channel_row){.name = "slack",
                             .state = CHANNEL_IS_REFUSED,
                             .since = NOW + 1,
                             .why = "answered 404",
                             .sent_at = NOW,
                             .sent = 3,
                             .failed = 1};
    assert_ok(store_channel_put(b->s, &c, &err), &err);
    assert_ok(store_channels(b->s, v, 8, &n, &err), &err);
    assert_int_equal(n, 1);
    assert_memory_equal(&v[0], &c, sizeof c);
}

static void test_the_list_has_what_became_of_each(void **state) {
    struct bench *b = *state;
    struct error err;
    struct buf out;
    json_error_t why;
    const int64_t a = put(b, NOTICE_VENUE, "a \"b\"", NOW), c = put(b, NOTICE_HALT, "c", NOW);
    deliver(b, a, "mail", false, NOW);
    deliver(b, a, "slack", false, NOW);
    take(b, a, "slack");
    became(b, a, "slack", DELIVERY_SENT, NOW);
    buf_init(&out, 1 << 16);
    assert_ok(store_view_notices(b->s, 5, &out, &err), &err);
    json_t *const list = json_loadb(out.p, (size_t)out.len, 0, &why);
    assert_int_equal(json_array_size(list), 2);
    const json_t *const first = json_array_get(list, 0), *const second = json_array_get(list, 1);
    char id[24];
    snprintf(id, sizeof id, "%lld", (long long)c);
    assert_string_equal(json_string_value(json_object_get(first, "id")), id);
    assert_int_equal(json_array_size(json_object_get(first, "deliveries")), 0);
    assert_string_equal(json_string_value(json_object_get(second, "text")), "a \"b\"");
    const json_t *const went = json_object_get(second, "deliveries");
    assert_int_equal(json_array_size(went), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(went, 0), "state")),
                        "waiting");
    assert_string_equal(json_string_value(json_object_get(json_array_get(went, 1), "state")),
                        "sent");
    json_decref(list);
    buf_clear(&out);
    assert_ok(store_view_notices(b->s, 1, &out, &err), &err);
    assert_true(str_find(buf_str(&out), STR("\"c\"")) > 0);
    assert_true(str_find(buf_str(&out), STR("mail")) < 0);
    buf_fini(&out);
}

static void test_old_ones_go_with_their_deliveries(void **state) {
    struct bench *b = *state;
    struct error err;
    int64_t gone[PRUNE_COUNT];
    bool all;
    const int64_t old = put(b, NOTICE_VENUE, "old", NOW - 91 * DAY);
    const int64_t young = put(b, NOTICE_VENUE, "young", NOW - 89 * DAY);
    deliver(b, old, "slack", false, NOW);
    deliver(b, young, "slack", false, NOW);
    struct prune_ask ask = {.now = NOW, .wall = NOW, .actor = STR("cli:root")};
    ask.age[PRUNE_NOTICES] = 90 * DAY;
    assert_ok(store_prune(b->s, &ask, gone, &all, &err), &err);
    assert_int_equal(gone[PRUNE_NOTICES], 1);
    assert_int_equal(count(b, &all_notices), 1);
    assert_int_equal(count(b, &all_deliveries), 1);
}

int store_notices_run(void) {
    const struct CMUnitTest tests[] = {
        T(a_notice_is_new_until_it_is_sorted),
        T(a_notice_goes_with_the_transaction_it_is_about),
        T(numbers_do_not_make_a_notice_another_one),
        T(orders_of_people_are_notices),
        T(a_source_that_needs_somebody_is_a_notice),
        T(the_same_within_a_while_is_counted),
        T(who_begins_to_send_passes_the_past_over),
        T(what_is_urgent_goes_first_and_what_waits_waits),
        T(a_delivery_is_on_its_way_once),
        T(one_connection_has_a_claim_at_a_time),
        T(a_channel_that_was_mended_is_new_and_what_waited_is_due),
        T(a_channels_row_is_what_was_put_last),
        T(the_list_has_what_became_of_each),
        T(old_ones_go_with_their_deliveries),
    };
    return cmocka_run_group_tests_name("notices", tests, NULL, NULL);
}
