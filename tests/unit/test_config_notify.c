/* What the configuration says of notifications: what is told where, in which hours, and what does
 * not fit together. */
#include "config/notify.h"
#include "config_fixture.h"

#define AT(h, m) ((INT64_C(20000) * 1440 + (h)*60 + (m)) * USEC_PER_MIN)

/* --- what is told --------------------------------------------------------------------------- */

static uint32_t chosen(const char *words) {
    uint32_t mask = 0;
    str rest = str_from_z(words), word;
    while (str_cut(&rest, ' ', &word)) assert_true(notice_choose(word, &mask));
    return mask;
}

static void test_later_words_count_after_earlier_ones(void **state) {
    (void)state;
    assert_int_equal(chosen("halt venue"), BIT(NOTICE_HALT) | BIT(NOTICE_VENUE));
    assert_int_equal(chosen("all -signal"), NOTICE_ALL & ~BIT(NOTICE_SIGNAL));
    assert_int_equal(chosen("-signal all"), NOTICE_ALL);
    assert_int_equal(chosen("all -all halt"), BIT(NOTICE_HALT));
}

static void test_a_word_that_names_nothing_is_no_choice(void **state) {
    (void)state;
    const str words[] = {STR(""),     STR("-"),     STR("--halt"),
                         STR("Halt"), STR("halts"), STR("everything")};
    for (int i = 0; i < COUNT_OF(words); i++) {
        uint32_t mask = 7;
        assert_false(notice_choose(words[i], &mask));
        assert_int_equal(mask, 7);
    }
}

static void test_each_kind_has_a_name_of_its_own(void **state) {
    (void)state;
    for (int i = 0; i < NOTICE_COUNT; i++) {
        notice_kind k;
        assert_true(notice_from_name(str_from_z(notice_name((notice_kind)i)), &k));
        assert_int_equal(k, i);
        assert_true(notice_title((notice_kind)i)[0] != '\0');
        assert_true(notice_help((notice_kind)i)[0] != '\0');
    }
}

static void test_a_channel_without_a_list_has_that_of_all(void **state) {
    (void)state;
    assert_taken(load_text("notify: {events: [halt, venue], urgent: [venue]}\n"
                           "slack: {events: 'all, -trade_opened'}"));
    assert_int_equal(notify_events(&got.cfg, CHANNEL_MAIL), BIT(NOTICE_HALT) | BIT(NOTICE_VENUE));
    assert_int_equal(notify_events(&got.cfg, CHANNEL_SLACK),
                     NOTICE_ALL & ~BIT(NOTICE_TRADE_OPENED));
    assert_int_equal(notify_urgent(&got.cfg), BIT(NOTICE_VENUE));
}

static void test_as_it_comes_the_loud_kinds_are_told_and_the_grave_ones_urgent(void **state) {
    (void)state;
    assert_taken(load_text(""));
    const uint32_t told = notify_events(&got.cfg, CHANNEL_TELEGRAM);
    const uint32_t silent = BIT(NOTICE_SIGNAL) | BIT(NOTICE_COMMAND) | BIT(NOTICE_TRADE_OTHER);
    assert_int_equal(told, NOTICE_ALL & ~silent);
    assert_int_equal(notify_urgent(&got.cfg), BIT(NOTICE_HALT) | BIT(NOTICE_DRAWDOWN) |
                                                  BIT(NOTICE_PROTECTION) | BIT(NOTICE_TRADER) |
                                                  BIT(NOTICE_STORE));
    for (int i = 0; i < CHANNEL_COUNT; i++)
        assert_false(notify_is_configured(&got.cfg, (notify_channel)i));
}

/* --- hours ---------------------------------------------------------------------------------- */

static usec end_of(const char *hours, usec now) {
    struct quiet_hours q;
    assert_true(quiet_hours_parse(str_from_z(hours), &q));
    return quiet_hours_end(&q, now);
}

static void test_quiet_hours_end_on_the_minute(void **state) {
    (void)state;
    static const struct {
        const char *hours;
        usec now, end;
    } cases[] = {
        {"", AT(3, 0), 0},
        {"09:00-17:30", AT(8, 59), 0},
        {"09:00-17:30", AT(9, 0), AT(17, 30)},
        {"09:00-17:30", AT(17, 29) + 59 * USEC_PER_S, AT(17, 30)},
        {"09:00-17:30", AT(17, 30), 0},
        {"22:00-07:00", AT(21, 59), 0},
        {"22:00-07:00", AT(22, 0), AT(31, 0)},
        {"22:00-07:00", AT(23, 59), AT(31, 0)},
        {"22:00-07:00", AT(0, 0), AT(7, 0)},
        {"22:00-07:00", AT(6, 59), AT(7, 0)},
        {"22:00-07:00", AT(7, 0), 0},
        /* two hours ahead of UTC it is ten there when it is eight here */
        {"22:00-07:00 +02:00", AT(19, 59), 0},
        {"22:00-07:00 +02:00", AT(20, 0), AT(29, 0)},
        {"22:00-07:00 +02:00", AT(4, 59), AT(5, 0)},
        {"22:00-07:00 -05:30", AT(3, 29), 0},
        {"22:00-07:00 -05:30", AT(3, 30), AT(12, 30)},
    };
    for (int i = 0; i < COUNT_OF(cases); i++)
        if (end_of(cases[i].hours, cases[i].now) != cases[i].end)
            fail_msg("case %d: %s", i, cases[i].hours);
}

static void test_what_is_no_span_of_hours_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {"22-7",         "22:00",         "22:00-",
                                      "22:00-24:00",  "22:60-07:00",   "22:00-07:00 2",
                                      "a2:00-07:00",  "22:00-22:00",   "22:00-07:00 +15:00",
                                      "2:00-07:00",   "22:00 - 07:00", "22:00-07:00 +02:00 x",
                                      " 22:00-07:00", "22:00-07:00 ",  "22:00-07:00 02:00"};
    struct quiet_hours q;
    for (int i = 0; i < COUNT_OF(bad); i++)
        if (quiet_hours_parse(str_from_z(bad[i]), &q)) fail_msg("taken: %s", bad[i]);
    assert_report(load_text("notify: {quiet_hours: '22-7'}"),
                  "f.yaml:1: notify.quiet_hours: is no span of hours, expected such as 22:00-07:00 "
                  "or 22:00-07:00 +02:00\n");
}

/* --- mistakes ------------------------------------------------------------------------------- */

static void test_what_does_not_fit_together_is_told(void **state) {
    (void)state;
    static const struct {
        const char *text, *report;
    } cases[] = {
        {"telegram: {token_file: a}",
         "f.yaml:1: telegram.chat: expected the number of the chat that is told; "
         "docs/notifications.md says how to find it\n"},
        {"telegram: {token_file: a, chat: '@me'}",
         "f.yaml:1: telegram.chat: expected the number of the chat that is told; "
         "docs/notifications.md says how to find it\n"},
        {"telegram: {token_file: a, token_env: B, chat: '1'}",
         "f.yaml:1: telegram.token_file and telegram.token_env: one of the two is enough\n"},
        {"telegram: {token_file: a, chat: '-1001', users: [ann]}",
         "f.yaml:1: telegram.users: \"ann\" is no user's number\n"},
        {"webhook: {url_file: a}",
         "f.yaml:1: webhook.secret_file: what is posted to webhook.url_file is signed, and wants a "
         "secret: openssl rand -hex 32 makes one\n"},
        {"mail: {url: 'smtps://m.example', to: [a@b.c]}",
         "f.yaml:1: mail.from: expected the sender's address, such as bot@example.com\n"},
        {"mail: {url: 'smtps://m.example', from: a@b.c}",
         "f.yaml:1: mail.to: mail.url is set, and nobody is to get the mail\n"},
        {"mail: {url: 'smtps://m.example', from: a@b.c, to: [x, 'a@b.c']}",
         "f.yaml:1: mail.to: \"x\" is no address such as you@example.com\n"},
        {"mail: {url: 'smtps://m.example', from: a@b.c, to: [a@b.c], user: me}",
         "f.yaml:1: mail.user and mail.password_file: both or neither\n"},
    };
    for (int i = 0; i < COUNT_OF(cases); i++) {
        if (load_text(cases[i].text)) fail_msg("taken: %s", cases[i].text);
        if (!str_starts(buf_str(&got.report), str_from_z(cases[i].report)))
            fail_msg("%s\ngot  %s\nwant %s", cases[i].text, buf_z(&got.report), cases[i].report);
    }
}

static void test_a_word_that_names_nothing_is_told_with_those_that_do(void **state) {
    (void)state;
    assert_false(load_text("discord: {events: [halt, trades]}"));
    assert_true(str_starts(buf_str(&got.report),
                           STR("f.yaml:1: discord.events: trades is nothing that is told, "
                               "expected all, or of trade_opened, trade_closed")));
}

static void test_a_secret_where_its_file_should_be_is_not_repeated(void **state) {
    (void)state;
    static const char *const bad[] = {
        "telegram: {token_file: '110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw', chat: '1'}",
        "discord: {url_file: 'https://discord.com/api/webhooks/1/abc'}",
        "slack: {url_file: 'https://hooks.slack.com/services/T/B/x'}"};
    for (int i = 0; i < COUNT_OF(bad); i++) {
        assert_false(load_text(bad[i]));
        assert_true(str_find(buf_str(&got.report), STR("(not shown) looks like the key itself")) >
                    0);
        assert_true(str_find(buf_str(&got.report), STR("AAHd")) < 0);
        assert_true(str_find(buf_str(&got.report), STR("https://")) < 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_later_words_count_after_earlier_ones),
        cmocka_unit_test(test_a_word_that_names_nothing_is_no_choice),
        cmocka_unit_test(test_each_kind_has_a_name_of_its_own),
        cmocka_unit_test(test_a_channel_without_a_list_has_that_of_all),
        cmocka_unit_test(test_as_it_comes_the_loud_kinds_are_told_and_the_grave_ones_urgent),
        cmocka_unit_test(test_quiet_hours_end_on_the_minute),
        cmocka_unit_test(test_what_is_no_span_of_hours_is_refused),
        cmocka_unit_test(test_what_does_not_fit_together_is_told),
        cmocka_unit_test(test_a_word_that_names_nothing_is_told_with_those_that_do),
        cmocka_unit_test(test_a_secret_where_its_file_should_be_is_not_repeated),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    clear();
    return failed;
}
