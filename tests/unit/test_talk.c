/* What people may ask and order in a chat, on a store on disk where no trader runs. */
#include "ops/talk.h"

#include "talkkit.h"

#define NOW (INT64_C(1796059570) * USEC_PER_S)
#define ANN 42

static struct kit kit;
static struct talk talk;
static struct config_list users;
static char answer_block[TALK_ANSWER_BYTES + 1];
static struct buf answer;
static int64_t update;

static bool no_pause(void *ctx, usec t) {
    (void)ctx, (void)t;
    return true;
}

static int set_up(void **state) {
    (void)state;
    kit_open(&kit);
    users = (struct config_list){0};
    talk = (struct talk){.store = kit.s,
                         .quote_asset = STR("USDT"),
                         .me = "our_bot",
                         .may_order = true,
                         .users = &users,
                         .answer_wait = USEC_PER_S,
                         .pause = no_pause};
    update = 100;
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    kit_close(&kit);
    return 0;
}

struct said {
    const char *text;
    int64_t user, id;
    bool in_group;
    usec at, mono; /* 0: now */
};

static const char *say_so(const struct said *v) {
    const struct telegram_update u = {.id = v->id ? v->id : ++update,
                                      .is_message = true,
                                      .chat = 4711,
                                      .user = v->user ? v->user : ANN,
                                      .is_private = !v->in_group,
                                      .at = v->at ? v->at : NOW,
                                      .text = str_from_z(v->text)};
    buf_init_fixed(&answer, answer_block, sizeof answer_block);
    talk_answer(&talk, &kit.a, &u, NOW, v->mono ? v->mono : USEC_PER_S, &answer);
    return buf_z(&answer);
}

static const char *say(const char *text) { return say_so(&(struct said){.text = text}); }

static int64_t commands(void) {
    static const struct sql sql = {"SELECT count(*) FROM commands"};
    return kit_number(&kit, &sql);
}

static mode mode_now(void) {
    struct error err;
    struct control c = {0};
    bool found;
    assert_ok(store_control(kit.s, &c, &found, &err), &err);
    return found ? c.mode : MODE_OBSERVE;
}

static void begin_auto(void) {
    kit_exec(&kit, "INSERT INTO control (id, mode, before, epoch, reason, actor, since, until, "
                   "by_program) VALUES (1, 'auto', 'auto', 1, '', 'cli:root', 1, "
                   "9223372036854775807, 0)");
}

static void hold(const char *symbol, int64_t size) {
    char sql[256];
    snprintf(sql, sizeof sql,
             "INSERT INTO positions (symbol, size, avg_entry, unrealized_pnl, updated_at) VALUES "
             "('%s', %lld, 38000000, 187000000, 1)",
             symbol, (long long)size);
    kit_exec(&kit, sql);
}

/* A signal that waits for a person, of a post. */
static void wait_for_approval(int64_t id) {
    char sql[512];
    snprintf(
        sql, sizeof sql,
        "INSERT INTO tweets (id, author, text, created_at, created_at_db, root_id, source, "
        "source_id, author_id, received_at, lang, ref_kind) VALUES (%lld, 'ann', 'Bought a lot "
        "of $DOGE', 1, 1, 7, 'x', '7', '44', 1, 'en', 'none')",
        (long long)id);
    kit_exec(&kit, sql);
    snprintf(sql, sizeof sql,
             "INSERT INTO signals (id, tweet_id, root_id, cluster_id, author, symbol, side, score, "
             "base_score, parts, verdict, approved, wants_approval, posted_at, created_at, "
             "expires_at) VALUES (%lld, %lld, 7, 7, 'x:44', 'DOGEUSDT', 'LONG', 98, 98, '{}', "
             "'waiting', 0, 1, 1, 1, %lld)",
             (long long)id, (long long)id, (long long)(NOW + USEC_PER_MIN));
    kit_exec(&kit, sql);
}

/* --- asking --------------------------------------------------------------------------------- */

static void test_the_status_says_how_it_stands(void **state) {
    (void)state;
    assert_non_null(strstr(say("/status"), "No trader has run on this store yet."));
    begin_auto();
    hold("DOGEUSDT", 26100000000);
    const char *const said = say("/status");
    assert_non_null(strstr(said, "Mode auto: it trades by itself.\nNo trader is at work.\n"));
    assert_int_equal(commands(), 0);
}

static void test_positions_are_listed(void **state) {
    (void)state;
    assert_string_equal(say("/positions"), "No position is open.");
    hold("DOGEUSDT", 26100000000);
    hold("BTCUSDT", -266000);
    assert_string_equal(say("/positions"), "BTCUSDT SHORT 0.00266 at 0.38, profit 1.87\n"
                                           "DOGEUSDT LONG 261 at 0.38, profit 1.87\n");
}

static void test_what_waits_is_shown_with_its_post(void **state) {
    (void)state;
    assert_string_equal(say("/waiting"), "No signal waits.");
    wait_for_approval(17);
    const char *const said = say("/waiting");
    assert_non_null(strstr(said, "17: LONG DOGEUSDT, score 98, until 2026-11-30T17:27:10 UTC\n"
                                 "@ann: Bought a lot of $DOGE\n"));
    assert_non_null(strstr(said, "/approve ID or /reject ID"));
}

static void test_what_is_no_order_gets_no_answer_and_a_wrong_one_gets_help(void **state) {
    (void)state;
    assert_string_equal(say("good morning"), "");
    assert_non_null(strstr(say("/hlat"), "/halt [WHY]"));
    assert_non_null(strstr(say("/start"), "/status"));
    talk.may_order = false;
    assert_null(strstr(say("/help"), "/halt"));
}

/* --- ordering ------------------------------------------------------------------------------- */

static void test_a_halt_holds_at_once_and_says_by_whom(void **state) {
    (void)state;
    static const struct sql by = {"SELECT count(*) FROM commands WHERE actor = 'telegram:42' AND "
                                  "verb = 'halt' AND reason = 'the news'"};
    static const struct sql audit = {
        "SELECT count(*) FROM audit_log WHERE actor = 'telegram:42' AND action = 'halt'"};
    begin_auto();
    assert_string_equal(say("/halt the news"), "halt: holds from now on; no trader is at work");
    assert_int_equal(mode_now(), MODE_HALTED);
    assert_int_equal(kit_number(&kit, &by), 1);
    assert_int_equal(kit_number(&kit, &audit), 1);
    assert_non_null(strstr(say("/status"), "Mode halted: it is halted (the news)."));
    say("/resume");
    assert_int_equal(mode_now(), MODE_AUTO);
}

static void test_a_message_that_comes_twice_is_obeyed_once(void **state) {
    (void)state;
    begin_auto();
    say_so(&(struct said){.text = "/halt", .id = 7});
    say("/resume");
    say_so(&(struct said){.text = "/halt", .id = 7});
    assert_int_equal(mode_now(), MODE_AUTO);
    assert_int_equal(commands(), 2);
}

static void test_a_message_of_long_ago_is_not_obeyed(void **state) {
    (void)state;
    begin_auto();
    const struct said old = {.text = "/resume", .at = NOW - 5 * USEC_PER_MIN - 1};
    assert_non_null(strstr(say_so(&old), "more than five minutes ago"));
    assert_int_equal(commands(), 0);
    const struct said ask = {.text = "/status", .at = NOW - USEC_PER_DAY};
    assert_non_null(strstr(say_so(&ask), "Mode auto"));
}

static void test_in_a_group_those_who_are_listed_order(void **state) {
    (void)state;
    const str names[] = {STR("43"), STR("42")};
    const struct said halt = {.text = "/halt", .in_group = true};
    begin_auto();
    assert_non_null(strstr(say_so(&halt), "telegram.users lists, and it lists none"));
    users = (struct config_list){1, names, NULL};
    assert_non_null(strstr(say_so(&halt), "not among those of telegram.users"));
    assert_non_null(strstr(say("/halt"), "not among those of telegram.users"));
    assert_int_equal(commands(), 0);
    users = (struct config_list){2, names, NULL};
    say_so(&halt);
    assert_int_equal(mode_now(), MODE_HALTED);
}

static void test_where_no_orders_are_taken_none_is(void **state) {
    (void)state;
    begin_auto();
    talk.may_order = false;
    const char *const orders[] = {"/halt", "/resume", "/flatten", "/approve 1", "/reject 1"};
    for (int i = 0; i < COUNT_OF(orders); i++)
        assert_non_null(strstr(say(orders[i]), "Orders are not taken here"));
    assert_int_equal(commands(), 0);
}

static void test_a_signal_that_waits_is_decided_on(void **state) {
    (void)state;
    static const struct sql approved = {
        "SELECT target FROM commands WHERE verb = 'approve' AND status = 'pending'"};
    begin_auto();
    wait_for_approval(17);
    assert_string_equal(say("/approve"), "Which signal? /approve ID; /waiting lists them.");
    assert_string_equal(say("/approve x"), "Which signal? /approve ID; /waiting lists them.");
    assert_string_equal(say("/approve 18"), "Signal 18 is not known.");
    assert_int_equal(commands(), 0);
    assert_string_equal(say("/approve 17"),
                        "approve: stored; no trader is at work, it will be done "
                        "at the next start");
    assert_int_equal(kit_number(&kit, &approved), 17);
    kit_exec(&kit, "UPDATE signals SET verdict = 'traded' WHERE id = 17");
    assert_string_equal(say("/reject 17"), "Signal 17 does not wait any more: it was traded.");
}

/* --- flatten -------------------------------------------------------------------------------- */

static void code_of(const char *said, char ret[32]) {
    const char *const at = strstr(said, "/flatten ");
    assert_non_null(at);
    assert_int_equal(strlen(at), 15);
    snprintf(ret, 32, "%s", at);
}

static void test_to_flatten_takes_a_code(void **state) {
    (void)state;
    char order[32];
    begin_auto();
    hold("DOGEUSDT", 26100000000);
    const char *const said = say("/flatten");
    assert_non_null(strstr(said, "closes 1 position at the next price:\nDOGEUSDT LONG 261"));
    code_of(said, order);
    assert_int_equal(commands(), 0);
    say(order);
    assert_int_equal(commands(), 1);
    assert_int_equal(mode_now(), MODE_HALTED);
    assert_non_null(strstr(say(order), "no code that holds"));
    assert_int_equal(commands(), 1);
}

static void test_a_code_is_of_its_owner_for_a_minute(void **state) {
    (void)state;
    char order[32];
    begin_auto();
    code_of(say("/flatten"), order);
    const struct said other = {.text = order, .user = 43};
    assert_non_null(strstr(say_so(&other), "no code that holds"));
    const struct said late = {.text = order, .mono = 61 * USEC_PER_S};
    assert_non_null(strstr(say_so(&late), "no code that holds"));
    code_of(say("/flatten"), order);
    const struct said in_time = {.text = order, .mono = 61 * USEC_PER_S - 1};
    say_so(&in_time);
    assert_int_equal(commands(), 1);
}

static void test_a_wrong_code_uses_the_right_one_up(void **state) {
    (void)state;
    char order[32];
    begin_auto();
    code_of(say("/flatten"), order);
    say(strcmp(order, "/flatten 000000") == 0 ? "/flatten 000001" : "/flatten 000000");
    assert_non_null(strstr(say(order), "no code that holds"));
    assert_int_equal(commands(), 0);
}

static void test_a_code_holds_for_the_positions_that_were_shown(void **state) {
    (void)state;
    char order[32];
    begin_auto();
    hold("DOGEUSDT", 26100000000);
    code_of(say("/flatten"), order);
    hold("BTCUSDT", 266000);
    assert_non_null(strstr(say(order), "The positions are not those any more"));
    assert_int_equal(commands(), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(the_status_says_how_it_stands),
        T(positions_are_listed),
        T(what_waits_is_shown_with_its_post),
        T(what_is_no_order_gets_no_answer_and_a_wrong_one_gets_help),
        T(a_halt_holds_at_once_and_says_by_whom),
        T(a_message_that_comes_twice_is_obeyed_once),
        T(a_message_of_long_ago_is_not_obeyed),
        T(in_a_group_those_who_are_listed_order),
        T(where_no_orders_are_taken_none_is),
        T(a_signal_that_waits_is_decided_on),
        T(to_flatten_takes_a_code),
        T(a_code_is_of_its_owner_for_a_minute),
        T(a_wrong_code_uses_the_right_one_up),
        T(a_code_holds_for_the_positions_that_were_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
