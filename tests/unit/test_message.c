/* What people read, to the letter, and the bytes that each channel wants of it. */
#include "ops/message.h"

#include <jansson.h>

#include "base/json.h"
#include "check.h"

#include "ops/pace.h"

#define NOW (INT64_C(1796059570) * USEC_PER_S) /* 2026-11-30 17:26:10 UTC, a Monday */

static char block[64 << 10];
static struct buf out;

static void begin(void) { buf_init_fixed(&out, block, sizeof block); }

static struct delivery make(notice_kind kind, const char *text, usec at) {
    struct delivery d = {0};
    notice_make(&d.notice, at, kind, "what", str_from_z(text));
    d.notice.id = 7;
    return d;
}

static str text_of(const struct delivery *v, int n, const char *name) {
    const struct message m = {str_from_z(name), v, n, 0, NOW};
    begin();
    assert_int_equal(message_text(&m, &out), n);
    return buf_str(&out);
}

/* --- words ---------------------------------------------------------------------------------- */

static void test_a_notice_is_one_line(void **state) {
    (void)state;
    const struct delivery d = make(NOTICE_TRADE_OPENED, "LONG 261 DOGEUSDT at 0.38", NOW);
    assert_str(text_of(&d, 1, ""), "Opened: LONG 261 DOGEUSDT at 0.38");
    assert_str(text_of(&d, 1, "prod"), "[prod] Opened: LONG 261 DOGEUSDT at 0.38");
}

static void test_urgent_and_late_ones_and_repetitions_say_so(void **state) {
    (void)state;
    struct delivery d = make(NOTICE_HALT, "why", NOW - 2 * USEC_PER_MIN);
    assert_str(text_of(&d, 1, ""), "Halted: why");
    d.notice.at--;
    assert_str(text_of(&d, 1, ""), "Halted: why (17:24:09 UTC)");
    d.notice.at -= USEC_PER_DAY;
    d.urgent = true;
    assert_str(text_of(&d, 1, ""), "URGENT Halted: why (2026-11-29 17:24:09 UTC)");
    d = make(NOTICE_HALT, "why", NOW);
    d.tries = 1;
    assert_str(text_of(&d, 1, ""), "Halted: why (may have been told before)");
}

static void test_several_stand_below_each_other_as_many_as_fit(void **state) {
    (void)state;
    char long_text[301];
    memset(long_text, 'a', 300);
    for (int i = 20; i < 300; i += 20) long_text[i] = ' ';
    long_text[300] = '\0';
    struct delivery v[4];
    for (int i = 0; i < 4; i++) v[i] = make(NOTICE_VENUE, i < 2 ? "up" : long_text, NOW);
    assert_str(text_of(v, 2, ""), "Venue: up\nVenue: up");
    const struct message m = {STR(""), v, 4, 3, NOW};
    begin();
    assert_int_equal(message_text(&m, &out), 4);
    assert_true(str_ends(buf_str(&out), STR("\n3 more were left out: bullfinch notify list")));
    struct delivery w[3];
    for (int i = 0; i < 3; i++) w[i] = make(NOTICE_VENUE, long_text, NOW);
    const struct message most = {STR("a name of thirty characters...."), w, 3, 0, NOW};
    begin();
    assert_int_equal(message_text(&most, &out), 2);
    assert_true(out.len <= MESSAGE_TEXT_BYTES);
}

static str clean(const char *text) {
    begin();
    message_clean(str_from_z(text), &out);
    return buf_str(&out);
}

#define KEY64 "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"

static void test_no_message_holds_a_key_or_a_token(void **state) {
    (void)state;
    assert_str(clean("the key " KEY64 " is wrong"), "the key [hidden] is wrong");
    assert_str(clean("key=" KEY64), "key=[hidden]");
    assert_str(clean("https://api.telegram.org/bot110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/x"),
               "https://api.telegram.org/bot110201543:[hidden]/x");
    assert_str(clean("with bft_2vmPUZE6 it"), "with [hidden] it");
    assert_str(clean(KEY64), "[hidden]");
}

static void test_what_people_read_stays(void **state) {
    (void)state;
    const char *const kept[] = {
        "LONG 0.00266 BTCUSDT at 37394.8174624, stop 36646.92, target 38890.61",
        "bfab12-abcdefghijklmnop2345-0112 filled after its trade was closed",
        "x_search:x is credits: the account has no credits left", "Zwölf Boxkämpfer €",
        "did:plc:ewvi7nxzyoun6zhxrhs64oiz"};
    for (int i = 0; i < COUNT_OF(kept); i++)
        check_str(clean(kept[i]), str_from_z(kept[i]), __FILE__, __LINE__);
}

static void test_control_characters_become_blanks(void **state) {
    (void)state;
    assert_str(clean("a\r\nb\tc\x7f\x1b[31m"), "a  b c  [31m");
}

/* --- bodies --------------------------------------------------------------------------------- */

static json_t *parse(void) {
    json_t *const root = json_parse(buf_str(&out));
    assert_non_null(root);
    return root;
}

static void test_telegram_gets_plain_text(void **state) {
    (void)state;
    begin();
    message_telegram(STR("-1001"), STR("a \"b\"\n*c* <d>"), &out);
    json_t *const root = parse();
    assert_str(json_str_at(root, "chat_id"), "-1001");
    assert_str(json_str_at(root, "text"), "a \"b\"\n*c* <d>");
    assert_null(json_object_get(root, "parse_mode"));
    json_decref(root);
}

static void test_discord_reads_no_markup_and_calls_nobody(void **state) {
    (void)state;
    begin();
    message_discord(STR("*a* @everyone <@1> [x](http://y)"), &out);
    json_t *const root = parse();
    assert_str(json_str_at(root, "content"),
               "\\*a\\* \\@everyone \\<\\@1\\> \\[x\\]\\(http://y\\)");
    const json_t *const parse_these =
        json_object_get(json_object_get(root, "allowed_mentions"), "parse");
    assert_int_equal(json_array_size(parse_these), 0);
    json_decref(root);
}

static void test_slack_reads_no_markup(void **state) {
    (void)state;
    begin();
    message_slack(STR("a & <!channel> b"), &out);
    json_t *const root = parse();
    assert_str(json_str_at(root, "text"), "a &amp; &lt;!channel&gt; b");
    assert_true(json_is_false(json_object_get(root, "mrkdwn")));
    json_decref(root);
}

/* Of any text that fits a message. */
static void test_the_longest_text_fits_each_channel(void **state) {
    (void)state;
    char text[MESSAGE_TEXT_BYTES + 60];
    memset(text, '*', sizeof text);
    begin();
    message_discord(str_from_bytes(text, sizeof text), &out);
    json_t *root = parse();
    assert_true(json_str_at(root, "content").n <= 2000);
    json_decref(root);
    memset(text, '&', sizeof text);
    begin();
    message_slack(str_from_bytes(text, sizeof text), &out);
    root = parse();
    assert_int_equal(json_str_at(root, "text").n, 5 * (ptrdiff_t)sizeof text);
    json_decref(root);
}

static void test_a_webhook_gets_each_notice_with_its_parts(void **state) {
    (void)state;
    struct delivery v[2] = {make(NOTICE_DRAWDOWN, "much is lost", NOW),
                            make(NOTICE_VENUE, "down: " KEY64, NOW)};
    v[0].urgent = true;
    v[1].tries = 2;
    const struct message m = {STR("prod"), v, 2, 0, NOW};
    begin();
    message_webhook(&m, 2, STR("text"), &out);
    json_t *const root = parse();
    const json_t *const list = json_object_get(root, "notices");
    const json_t *const first = json_array_get(list, 0), *const second = json_array_get(list, 1);
    assert_str(json_str_at(root, "name"), "prod");
    assert_int_equal(json_array_size(list), 2);
    assert_str(json_str_at(first, "event"), "drawdown");
    assert_str(json_str_at(first, "at"), "2026-11-30T17:26:10.000000Z");
    assert_true(json_is_true(json_object_get(first, "urgent")));
    assert_true(json_is_false(json_object_get(first, "again")));
    assert_str(json_str_at(second, "text"), "down: [hidden]");
    assert_true(json_is_true(json_object_get(second, "again")));
    json_decref(root);
}

/* openssl dgst -sha256 -hmac 'a secret of 22 letters' of "1796059570.{}" */
static void test_a_signature_covers_time_and_body(void **state) {
    (void)state;
    char a[MESSAGE_SIGNATURE_BYTES], b[MESSAGE_SIGNATURE_BYTES];
    const str secret = STR("a secret of 22 letters");
    assert_str(message_sign(secret, 1796059570, STR("{}"), a),
               "v1=01225584da0287586174c963e8ce5e47842f4ed4360e3a9d3a2e76a232edbaf8");
    assert_false(str_eq(message_sign(secret, 1796059571, STR("{}"), b), str_from_z(a)));
    assert_false(str_eq(message_sign(secret, 1796059570, STR("{ }"), b), str_from_z(a)));
    assert_false(str_eq(message_sign(STR("another secret........"), 1796059570, STR("{}"), b),
                        str_from_z(a)));
}

static void test_a_mail_is_ascii_with_short_lines(void **state) {
    (void)state;
    const str names[] = {STR("you@example.com"), STR("me@example.com")};
    const struct config_list to = {2, names, NULL};
    const struct mail_head head = {STR("bot@example.com"), STR("7-9"), STR("example.com"), &to};
    begin();
    message_mail(&head, NOW, STR("[prod] Zwölf Boxkämpfer jagen Viktor quer über den großen Deich"),
                 STR("a line\nand another one that is much longer than fifty-seven characters are"),
                 &out);
    const char *const want =
        "Date: Mon, 30 Nov 2026 17:26:10 +0000\r\n"
        "From: bullfinch <bot@example.com>\r\n"
        "To: <you@example.com>,\r\n <me@example.com>\r\n"
        "Message-ID: <7-9@example.com>\r\n"
        "Subject: =?UTF-8?B?W3Byb2RdIFp3w7ZsZiBCb3hrw6RtcGZlciBqYWdlbiBWaWt0b3IgcXVl?=\r\n"
        " =?UTF-8?B?ciDDvGJlciBkZW4gZ3Jvw59lbiBEZWljaA==?=\r\n"
        "Auto-Submitted: auto-generated\r\n";
    if (!str_starts(buf_str(&out), str_from_z(want))) fail_msg("%s", buf_z(&out));
    str rest = buf_str(&out), line;
    while (str_cut(&rest, '\n', &line)) {
        assert_true(line.n <= 78);
        assert_true(rest.p == NULL || str_ends(line, STR("\r")));
        for (ptrdiff_t i = 0; i < line.n; i++) assert_true(line.p[i] > 0);
    }
}

/* --- pace ----------------------------------------------------------------------------------- */

static void test_a_burst_goes_and_then_one_by_one(void **state) {
    (void)state;
    struct pace p = {0};
    for (int i = 0; i < PACE_BURST; i++) assert_true(pace_take(&p, 12, false, NOW));
    assert_false(pace_take(&p, 12, false, NOW));
    assert_false(pace_take(&p, 12, false, NOW + 5 * USEC_PER_S - 1));
    assert_true(pace_take(&p, 12, false, NOW + 5 * USEC_PER_S));
    assert_false(pace_take(&p, 12, false, NOW + 5 * USEC_PER_S));
    int sent = 0;
    for (int s = 0; s < 600; s++) sent += pace_take(&p, 12, false, NOW + (10 + s) * USEC_PER_S);
    assert_in_range(sent, 119, 121);
}

static void test_what_is_urgent_goes_and_counts(void **state) {
    (void)state;
    struct pace p = {0};
    for (int i = 0; i < PACE_BURST + 3; i++) assert_true(pace_take(&p, 12, true, NOW));
    assert_false(pace_take(&p, 12, false, NOW + 15 * USEC_PER_S));
    assert_true(pace_take(&p, 12, false, NOW + 20 * USEC_PER_S));
}

static void test_pauses_double_to_a_quarter_of_an_hour(void **state) {
    (void)state;
    static const int64_t want[] = {5, 10, 20, 40, 80, 160, 320, 640, 900, 900};
    for (int i = 0; i < COUNT_OF(want); i++)
        assert_int_equal(pace_again(i + 1, 0), want[i] * USEC_PER_S);
    assert_int_equal(pace_again(INT64_MAX, 0), 900 * USEC_PER_S);
    assert_int_equal(pace_again(1, 65 * USEC_PER_S), 65 * USEC_PER_S);
    assert_int_equal(pace_again(9, 65 * USEC_PER_S), 900 * USEC_PER_S);
    assert_int_equal(pace_again(1, USEC_NEVER), 6 * USEC_PER_HOUR);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_notice_is_one_line),
        cmocka_unit_test(test_urgent_and_late_ones_and_repetitions_say_so),
        cmocka_unit_test(test_several_stand_below_each_other_as_many_as_fit),
        cmocka_unit_test(test_no_message_holds_a_key_or_a_token),
        cmocka_unit_test(test_what_people_read_stays),
        cmocka_unit_test(test_control_characters_become_blanks),
        cmocka_unit_test(test_telegram_gets_plain_text),
        cmocka_unit_test(test_discord_reads_no_markup_and_calls_nobody),
        cmocka_unit_test(test_slack_reads_no_markup),
        cmocka_unit_test(test_the_longest_text_fits_each_channel),
        cmocka_unit_test(test_a_webhook_gets_each_notice_with_its_parts),
        cmocka_unit_test(test_a_signature_covers_time_and_body),
        cmocka_unit_test(test_a_mail_is_ascii_with_short_lines),
        cmocka_unit_test(test_a_burst_goes_and_then_one_by_one),
        cmocka_unit_test(test_what_is_urgent_goes_and_counts),
        cmocka_unit_test(test_pauses_double_to_a_quarter_of_an_hour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
