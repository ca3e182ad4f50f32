/* What people do and see: commands and the mode, settings, dead letters, lists as JSON. */
#include "store_bench.h"

#include <jansson.h>
#include <stdlib.h>

#include "store/workers.h"

/* -- control and commands -------------------------------------------------------------------- */

static struct control control_now(struct bench *b) {
    struct error err;
    struct control c = {0};
    bool found;
    assert_ok(store_control(b->s, &c, &found, &err), &err);
    assert_true(found);
    return c;
}

static void test_an_older_mode_never_overwrites_a_newer_one(void **state) {
    struct bench *b = *state;
    add_control(b, MODE_AUTO, 1);
    turn(b);
    command(b, (struct command){.verb = VERB_HALT, .until = USEC_NEVER});
    add_control(b, MODE_AUTO, 2); /* decided before the halt was seen */
    turn(b);
    assert_int_equal(control_now(b).mode, MODE_HALTED);
    assert_int_equal(control_now(b).epoch, 2);
    add_control(b, MODE_AUTO, 3);
    turn(b);
    assert_int_equal(control_now(b).mode, MODE_AUTO);
}

static void test_the_programs_own_halt_is_never_lost(void **state) {
    struct bench *b = *state;
    add_control(b, MODE_AUTO, 1);
    turn(b);
    command(b, (struct command){.verb = VERB_MODE, .mode = MODE_MANUAL});
    struct control own = {.mode = MODE_HALTED, .before = MODE_AUTO, .epoch = 2, .by_program = true};
    own.until = USEC_NEVER;
    add(b, ACTION_PUT_CONTROL)->u.control = own;
    turn(b);
    const struct control c = control_now(b);
    assert_int_equal(c.mode, MODE_HALTED);
    assert_int_equal(c.before, MODE_MANUAL);
    assert_int_equal(c.epoch, 3);
    assert_true(c.by_program);
}

static void test_the_programs_halt_takes_the_end_from_a_persons(void **state) {
    struct bench *b = *state;
    add_control(b, MODE_MANUAL, 1);
    turn(b);
    command(b, (struct command){.verb = VERB_HALT, .until = NOW + 1});
    struct control own = {.mode = MODE_HALTED, .before = MODE_AUTO, .epoch = 2, .by_program = true};
    own.until = USEC_NEVER;
    for (int i = 0; i < 2; i++) { /* the second time there is nothing to add */
        add(b, ACTION_PUT_CONTROL)->u.control = own;
        turn(b);
        const struct control c = control_now(b);
        assert_int_equal(c.until, USEC_NEVER);
        assert_int_equal(c.before, MODE_MANUAL);
        assert_int_equal(c.epoch, 3);
        assert_true(c.by_program);
    }
}

static void test_a_mode_with_an_end_remembers_the_one_that_lasts(void **state) {
    struct bench *b = *state;
    add_control(b, MODE_MANUAL, 1);
    turn(b);
    for (int i = 1; i <= 2; i++) { /* the second time stands over the first */
        command(b, (struct command){.verb = VERB_MODE, .mode = MODE_AUTO, .until = NOW + i * DAY});
        const struct control c = control_now(b);
        assert_int_equal(c.mode, MODE_AUTO);
        assert_int_equal(c.before, MODE_MANUAL);
        assert_int_equal(c.until, NOW + i * DAY);
    }
    command(b, (struct command){.verb = VERB_HALT, .until = USEC_NEVER});
    assert_int_equal(control_now(b).before, MODE_MANUAL); /* the more careful of the two */
    command(b, (struct command){.verb = VERB_RESUME, .mode = MODE_AUTO, .until = USEC_NEVER});
    command(b, (struct command){.verb = VERB_MODE, .mode = MODE_OBSERVE, .until = NOW + DAY});
    struct control own = {.mode = MODE_HALTED, .before = MODE_AUTO, .epoch = 2, .by_program = true};
    own.until = USEC_NEVER;
    add(b, ACTION_PUT_CONTROL)->u.control = own;
    turn(b);
    assert_int_equal(control_now(b).before, MODE_OBSERVE);
    assert_int_equal(control_now(b).until, USEC_NEVER);
}

static void test_a_halt_changes_mode_and_epoch_with_the_command(void **state) {
    static const struct sql audits = {
        "SELECT count(*) FROM audit_log WHERE action = 'halt' AND actor = 'cli:root'"};
    struct bench *b = *state;
    add_control(b, MODE_MANUAL, 4);
    turn(b);
    struct command halt = {.verb = VERB_HALT, .until = NOW + DAY, .reason = "lunch"};
    command(b, halt);
    struct control c = control_now(b);
    assert_int_equal(c.mode, MODE_HALTED);
    assert_int_equal(c.before, MODE_MANUAL);
    assert_int_equal(c.epoch, 5);
    assert_int_equal(c.until, NOW + DAY);
    assert_string_equal(c.reason, "lunch");
    assert_int_equal(count(b, &audits), 1);
    command(b, halt); /* again: what it returns to stays */
    c = control_now(b);
    assert_int_equal(c.before, MODE_MANUAL);
    assert_int_equal(c.epoch, 6);
    command(b, (struct command){.verb = VERB_RESUME, .mode = MODE_MANUAL});
    c = control_now(b);
    assert_int_equal(c.mode, MODE_MANUAL);
    assert_int_equal(c.epoch, 7);
    assert_int_equal(c.until, USEC_NEVER);
}

static void test_a_mode_set_while_halted_waits_for_the_resume(void **state) {
    struct bench *b = *state;
    add_control(b, MODE_AUTO, 1);
    turn(b);
    static const struct sql said = {
        "SELECT count(*) FROM audit_log WHERE action = 'mode' AND detail = 'halted; after the halt "
        "auto -> observe, epoch 3'"};
    static const struct sql told = {
        "SELECT count(*) FROM notices WHERE text = 'mode observe when the halt ends, halted till "
        "then, by cli:me'"};
    command(b, (struct command){.verb = VERB_HALT, .until = USEC_NEVER, .reason = "the news"});
    command(b, (struct command){.verb = VERB_MODE, .mode = MODE_OBSERVE, .actor = "cli:me"});
    const struct control c = control_now(b);
    assert_int_equal(count(b, &said), 1);
    assert_int_equal(count(b, &told), 1);
    assert_string_equal(c.reason, "the news"); /* the halt is still of who ordered it */
    assert_int_equal(c.mode, MODE_HALTED);
    assert_int_equal(c.before, MODE_OBSERVE);
    assert_int_equal(c.epoch, 3);
}

static void test_a_person_gives_no_end_to_the_programs_halt(void **state) {
    struct bench *b = *state;
    struct control own = {.mode = MODE_HALTED, .before = MODE_AUTO, .epoch = 1, .by_program = true};
    own.until = USEC_NEVER;
    add(b, ACTION_PUT_CONTROL)->u.control = own;
    turn(b);
    command(b, (struct command){.verb = VERB_HALT, .until = NOW + 1});
    assert_int_equal(control_now(b).until, USEC_NEVER);
    assert_true(control_now(b).by_program);
}

static void test_a_halt_before_the_first_start_holds(void **state) {
    struct bench *b = *state;
    struct trader_rows rows;
    command(b, (struct command){.verb = VERB_HALT, .until = USEC_NEVER});
    add_control(b, MODE_AUTO, 1); /* a trader that starts with a new account */
    turn(b);
    load(b, &rows);
    assert_true(rows.fresh);
    assert_int_equal(rows.control.mode, MODE_HALTED);
}

static void test_resuming_to_halted_is_refused(void **state) {
    struct bench *b = *state;
    struct error err;
    int64_t id;
    bool repeated;
    const struct command c = {.verb = VERB_RESUME, .mode = MODE_HALTED};
    assert_fails(store_command_add(b->s, &c, (str){0}, NOW, &id, &repeated, &err), &err, ERR_USAGE);
}

static void test_the_same_key_is_the_same_command(void **state) {
    static const struct sql sql = {"SELECT count(*) FROM commands"};
    struct bench *b = *state;
    struct error err;
    int64_t first, second;
    bool repeated;
    const struct command c = {.verb = VERB_HALT, .actor = "http:ann", .until = USEC_NEVER};
    assert_ok(store_command_add(b->s, &c, STR("k1"), NOW, &first, &repeated, &err), &err);
    assert_false(repeated);
    const int64_t epoch = control_now(b).epoch;
    assert_ok(store_command_add(b->s, &c, STR("k1"), NOW + 1, &second, &repeated, &err), &err);
    assert_true(repeated);
    assert_int_equal(first, second);
    assert_int_equal(control_now(b).epoch, epoch);
    assert_int_equal(count(b, &sql), 1);
}

static void test_a_key_stands_for_one_order_alone(void **state) {
    static const struct command others[] = {
        {.verb = VERB_HALT, .until = USEC_NEVER},
        {.verb = VERB_RESUME, .mode = MODE_MANUAL, .until = NOW + DAY},
        {.verb = VERB_RESUME, .mode = MODE_AUTO, .until = NOW + DAY, .target = 1},
        {.verb = VERB_RESUME, .mode = MODE_AUTO, .until = NOW + DAY + 1},
        {.verb = VERB_RESUME, .mode = MODE_AUTO, .until = USEC_NEVER}};
    struct bench *b = *state;
    struct error err;
    int64_t id, again;
    bool repeated;
    struct command c = {.verb = VERB_RESUME, .mode = MODE_AUTO, .until = NOW + DAY};
    assert_ok(store_command_add(b->s, &c, STR("z"), NOW, &id, &repeated, &err), &err);
    const int64_t epoch = control_now(b).epoch;
    for (int i = 0; i < COUNT_OF(others); i++) {
        assert_fails(store_command_add(b->s, &others[i], STR("z"), NOW, &again, &repeated, &err),
                     &err, ERR_REFUSED);
        assert_true(str_find(str_from_z(err.msg), STR("key \"z\"")) >= 0);
    }
    c.until += 5; /* the same, five microseconds later */
    assert_ok(store_command_add(b->s, &c, STR("z"), NOW + 5, &again, &repeated, &err), &err);
    assert_true(repeated);
    assert_int_equal(again, id);
    assert_int_equal(control_now(b).epoch, epoch);
    assert_int_equal(control_now(b).mode, MODE_AUTO);
}

static void test_a_halt_over_a_halt_keeps_the_later_end(void **state) {
    static const struct {
        struct command first, second;
        usec until;
    } cases[] = {
        {{.verb = VERB_HALT, .until = USEC_NEVER},
         {.verb = VERB_HALT, .until = NOW + 60},
         USEC_NEVER},
        {{.verb = VERB_FLATTEN, .until = USEC_NEVER},
         {.verb = VERB_HALT, .until = NOW + 60},
         USEC_NEVER},
        {{.verb = VERB_HALT, .until = NOW + DAY},
         {.verb = VERB_HALT, .until = NOW + 60},
         NOW + DAY},
        {{.verb = VERB_HALT, .until = NOW + 60},
         {.verb = VERB_HALT, .until = NOW + DAY},
         NOW + DAY},
        {{.verb = VERB_HALT, .until = NOW + 60},
         {.verb = VERB_FLATTEN, .until = USEC_NEVER},
         USEC_NEVER},
    };
    struct bench *b = *state;
    for (int i = 0; i < COUNT_OF(cases); i++) {
        command(b, (struct command){.verb = VERB_RESUME, .mode = MODE_AUTO});
        command(b, cases[i].first);
        command(b, cases[i].second);
        assert_int_equal(control_now(b).mode, MODE_HALTED);
        assert_int_equal(control_now(b).before, MODE_AUTO);
        assert_int_equal(control_now(b).until, cases[i].until);
    }
}

static void test_commands_wait_until_they_are_answered(void **state) {
    struct bench *b = *state;
    struct error err;
    struct command got[8];
    int n;
    bool done, ok;
    str text;
    const struct command close = {.verb = VERB_CLOSE,
                                  .target = 42,
                                  .actor = "http:ann",
                                  .reason = "enough",
                                  .mode = MODE_AUTO,
                                  .until = 5};
    const int64_t first = command(b, close);
    const int64_t second = command(b, (struct command){.verb = VERB_FLATTEN});
    assert_ok(store_commands_pending(b->s, got, 8, &n, &err), &err);
    assert_int_equal(n, 2);
    assert_int_equal(got[0].id, first);
    assert_int_equal(got[0].verb, VERB_CLOSE);
    assert_int_equal(got[0].target, 42);
    assert_string_equal(got[0].actor, "http:ann");
    assert_string_equal(got[0].reason, "enough");
    assert_int_equal(got[0].until, 5);
    assert_int_equal(got[0].at, NOW);
    assert_int_equal(got[1].id, second);
    assert_ok(store_commands_pending(b->s, got, 1, &n, &err), &err);
    assert_int_equal(n, 1);
    assert_ok(store_command_result(b->s, &b->a, first, &done, &ok, &text, &err), &err);
    assert_false(done);
    struct action *a = add(b, ACTION_COMMAND_DONE);
    a->u.done.id = first;
    memcpy(a->u.done.result, "no such trade", sizeof "no such trade");
    turn(b);
    assert_ok(store_command_result(b->s, &b->a, first, &done, &ok, &text, &err), &err);
    assert_true(done);
    assert_false(ok);
    assert_str(text, "no such trade");
    assert_ok(store_commands_pending(b->s, got, 8, &n, &err), &err);
    assert_int_equal(n, 1);
    assert_fails(store_command_result(b->s, &b->a, 999, &done, &ok, &text, &err), &err,
                 ERR_NOT_FOUND);
}

/* -- settings, letters, gaps, cursors ----------------------------------------------- */

static void test_settings_are_kept_removed_and_audited(void **state) {
    static const struct sql audits = {"SELECT count(*) FROM audit_log WHERE action = 'setting'"};
    struct bench *b = *state;
    struct error err;
    int64_t id;
    const str *rows;
    int n;
    assert_ok(store_setting_put(b->s, STR("b.x"), STR("1"), STR("ann"), NOW, &id, &err), &err);
    assert_ok(store_setting_put(b->s, STR("a.y"), STR("u=v"), STR("ann"), NOW, &id, &err), &err);
    assert_ok(store_setting_put(b->s, STR("b.x"), STR("2"), STR("ann"), NOW, &id, &err), &err);
    assert_ok(store_settings(b->s, &b->a, &rows, &n, &err), &err);
    assert_int_equal(n, 2);
    assert_str(rows[0], "a.y=u=v");
    assert_str(rows[1], "b.x=2");
    assert_ok(store_setting_put(b->s, STR("a.y"), (str){0}, STR("ann"), NOW, &id, &err), &err);
    assert_ok(store_settings(b->s, &b->a, &rows, &n, &err), &err);
    assert_int_equal(n, 1);
    assert_int_equal(count(b, &audits), 4);
}

static void test_dead_letters_are_listed_marked_and_never_removed(void **state) {
    struct bench *b = *state;
    struct error err;
    const struct dead_filter any = {0};
    struct dead_letter got, *list;
    int64_t ids[5];
    int n;
    for (int i = 0; i < 5; i++) {
        const struct dead_letter d = {.source = STR("x"),
                                      .kind = STR("post"),
                                      .payload = STR("{\"id\":\"1\"}"),
                                      .error = STR("no time"),
                                      .attempts = 4,
                                      .first_at = NOW,
                                      .last_at = NOW + i};
        assert_ok(store_dead_put(b->s, &d, &ids[i], &err), &err);
    }
    assert_ok(store_dead_list(b->s, &b->a, &any, 0, 3, &list, &n, &err), &err);
    assert_int_equal(n, 3);
    assert_int_equal(list[0].id, ids[4]);
    assert_ok(store_dead_list(b->s, &b->a, &any, list[2].id, 3, &list, &n, &err), &err);
    assert_int_equal(n, 2);
    assert_int_equal(list[1].id, ids[0]);
    assert_ok(store_dead_mark(b->s, ids[0], STR("dropped"), (str){0}, STR("ann"), NOW, &err), &err);
    assert_ok(store_dead_get(b->s, &b->a, ids[0], &got, &err), &err);
    assert_str(got.status, "dropped");
    assert_str(got.payload, "{\"id\":\"1\"}");
    assert_str(got.error, "no time");
    assert_str(got.source, "x");
    assert_str(got.kind, "post");
    assert_int_equal(got.attempts, 4);
    assert_int_equal(got.first_at, NOW);
    assert_int_equal(got.last_at, NOW);
    assert_fails(store_dead_get(b->s, &b->a, 999, &got, &err), &err, ERR_NOT_FOUND);
    assert_fails(store_dead_mark(b->s, 999, STR("dead"), (str){0}, STR("ann"), NOW, &err), &err,
                 ERR_NOT_FOUND);
    assert_fails(store_dead_mark(b->s, ids[1], STR("gone"), (str){0}, STR("ann"), NOW, &err), &err,
                 ERR_STATE);
}

static void test_a_letter_is_marked_inside_the_callers_transaction(void **state) {
    struct bench *b = *state;
    struct error err;
    struct dead_letter got;
    int64_t id;
    const struct dead_letter d = {.source = STR("x"), .kind = STR("post"), .error = STR("e")};
    assert_ok(store_dead_put(b->s, &d, &id, &err), &err);
    for (int commit = 0; commit < 2; commit++) {
        assert_ok(store_begin(b->s, true, &err), &err);
        assert_ok(store_dead_mark(b->s, id, STR("retried"), (str){0}, STR("ann"), NOW, &err), &err);
        if (commit) {
            assert_ok(store_commit(b->s, &err), &err);
        } else {
            store_rollback(b->s);
        }
        assert_ok(store_dead_get(b->s, &b->a, id, &got, &err), &err);
        assert_true(str_eq(got.status, commit ? STR("retried") : STR("dead")));
    }
}

static void test_after_a_failed_statement_only_a_rollback_is_possible(void **state) {
    struct bench *b = *state;
    struct error err;
    int64_t id;
    struct dead_letter d = {.source = STR("x"), .kind = STR("post"), .status = STR("dead")};
    assert_ok(store_begin(b->s, true, &err), &err);
    assert_ok(store_dead_put(b->s, &d, &id, &err), &err);
    d.status = STR("no such");
    assert_fails(store_dead_put(b->s, &d, &id, &err), &err, ERR_STATE);
    d.status = STR("dead");
    assert_fails(store_dead_put(b->s, &d, &id, &err), &err, ERR_STATE);
    assert_fails(store_commit(b->s, &err), &err, ERR_STATE);
    store_rollback(b->s);
    assert_fails(store_dead_get(b->s, &b->a, 1, &d, &err), &err, ERR_NOT_FOUND);
}

static void test_gaps_are_kept(void **state) {
    static const struct sql sql = {
        "SELECT count(*) FROM gaps WHERE until_at - from_at = 5",
        "SELECT count(*) FROM gaps WHERE until_at - from_at = interval '5 microseconds'"};
    struct bench *b = *state;
    struct error err;
    assert_ok(store_gap_put(b->s, STR("x"), NOW, NOW + 5, STR("line too long"), &err), &err);
    assert_int_equal(count(b, &sql), 1);
}

static void test_cursors_carry_any_bytes_and_move_with_the_transaction(void **state) {
    struct bench *b = *state;
    struct error err;
    char bytes[256];
    str got;
    bool found;
    for (int i = 0; i < 256; i++) bytes[i] = (char)i;
    assert_ok(store_cursor_get(b->s, &b->a, STR("prices"), &got, &found, &err), &err);
    assert_false(found);
    assert_ok(store_begin(b->s, true, &err), &err);
    assert_ok(store_cursor_put(b->s, STR("prices"), str_from_bytes(bytes, 256), &err), &err);
    assert_ok(store_cursor_put(b->s, STR("empty"), (str){0}, &err), &err);
    assert_ok(store_commit(b->s, &err), &err);
    assert_ok(store_begin(b->s, true, &err), &err);
    assert_ok(store_cursor_put(b->s, STR("prices"), STR("lost"), &err), &err);
    store_rollback(b->s);
    assert_ok(store_cursor_get(b->s, &b->a, STR("prices"), &got, &found, &err), &err);
    assert_true(found);
    assert_true(str_eq(got, str_from_bytes(bytes, 256)));
    assert_ok(store_cursor_get(b->s, &b->a, STR("empty"), &got, &found, &err), &err);
    assert_true(found);
    assert_int_equal(got.n, 0);
}

/* -- what people see ------------------------------------------------------------------------- */

static json_t *show(struct bench *b, struct show_query q) {
    struct error err;
    struct buf out;
    json_error_t where;
    buf_init(&out, 1 << 24);
    if (!q.limit) q.limit = 100;
    if (!q.now) q.now = NOW;
    assert_ok(store_show_json(b->s, &q, &out, &err), &err);
    json_t *got = json_loadb(out.p, (size_t)out.len, 0, &where);
    if (!got) fail_msg("%s at %d in %s", where.text, where.position, buf_z(&out));
    assert_true(json_is_array(got));
    buf_fini(&out);
    return got;
}

static const char *text_of(const json_t *row, const char *key) {
    const json_t *v = json_object_get(row, key);
    if (!json_is_string(v)) fail_msg("%s is no string", key);
    return json_string_value(v);
}

static void test_every_kind_is_shown_as_json(void **state) {
    static const show_kind kinds[] = {SHOW_TRADES,  SHOW_POSITIONS, SHOW_ORDERS,  SHOW_FILLS,
                                      SHOW_SIGNALS, SHOW_POSTS,     SHOW_WORKERS, SHOW_COMMANDS,
                                      SHOW_AUDIT,   SHOW_AUTHORS,   SHOW_EQUITY};
    struct bench *b = *state;
    struct error err;
    struct signal s;
    struct order o;
    make_signal(&rng, &s);
    make_order(&rng, &o);
    s.tweet_id = 1;
    add_post(b, 1);
    add(b, ACTION_PUT_SIGNAL)->u.signal = s;
    add(b, ACTION_PUT_TRADE)->u.trade = plain_trade(10, 1, 1, NOW);
    add(b, ACTION_PUT_ORDER)->u.order = o;
    add(b, ACTION_PUT_FILL)->u.fill = plain_fill(20, 10, "5");
    add(b, ACTION_PUT_EQUITY)->u.equity = (struct equity_sample){.at = NOW, .drawdown_bp = -12};
    add(b, ACTION_PUT_POSITION)->u.position =
        (struct position){.symbol = "X", .size = qty_from_e8(-1), .leverage = 1};
    add(b, ACTION_PUT_AUTHOR)->u.author = (struct author){.key = "x:1"};
    add_audits(b, 1);
    command(b, (struct command){.verb = VERB_HALT, .until = USEC_NEVER});
    const struct worker_row w = {.name = "h:1:trade", .role = WORKER_TRADE, .seen_at = NOW};
    assert_ok(store_worker_put(b->s, &w, &err), &err);
    for (int i = 0; i < COUNT_OF(kinds); i++) {
        json_t *all = show(b, (struct show_query){.kind = kinds[i]});
        if (json_array_size(all) == 0) fail_msg("nothing of kind %d", (int)kinds[i]);
        json_decref(all);
        json_t *none = show(b, (struct show_query){.kind = kinds[i], .status = STR("no such")});
        if (kinds[i] != SHOW_POSITIONS && kinds[i] != SHOW_AUTHORS && kinds[i] != SHOW_EQUITY) {
            assert_int_equal(json_array_size(none), 0);
        }
        json_decref(none);
    }
}

static void test_authors_are_shown_with_their_records(void **state) {
    struct bench *b = *state;
    static const char *const keys[] = {"x:1", "x:2", "x:3"};
    for (int i = 0; i < COUNT_OF(keys); i++) {
        struct author a = {.posts = i};
        memcpy(a.key, keys[i], strlen(keys[i]));
        add(b, ACTION_PUT_AUTHOR)->u.author = a;
    }
    add(b, ACTION_END_FORECAST)->u.ended.record = (struct author_record){.key = "x:2",
                                                                         .signals = 7,
                                                                         .recent = 7,
                                                                         .hits = 2,
                                                                         .mean_return = -123456,
                                                                         .dropped = 1,
                                                                         .weight_bp = 9444,
                                                                         .updated_at = NOW};
    turn(b);
    json_t *rows = show(b, (struct show_query){.kind = SHOW_AUTHORS});
    assert_int_equal(json_array_size(rows), 3);
    const json_t *row = json_array_get(rows, 0); /* who has a record comes first */
    assert_string_equal(text_of(row, "key"), "x:2");
    assert_int_equal(json_integer_value(json_object_get(row, "signals")), 7);
    assert_int_equal(json_integer_value(json_object_get(row, "hits")), 2);
    assert_string_equal(text_of(row, "mean_return"), "-0.00123456");
    assert_true(json_real_value(json_object_get(row, "weight")) == 0.9444);
    row = json_array_get(rows, 1); /* then who posts more; without a record he weighs one */
    assert_string_equal(text_of(row, "key"), "x:3");
    assert_true(json_real_value(json_object_get(row, "weight")) == 1.0);
    json_decref(rows);
}

static void test_amounts_ids_and_times_are_shown_exactly(void **state) {
    struct bench *b = *state;
    struct trade t = plain_trade(INT64_C(9007199254740993), 1, 1, NOW);
    t.pnl = money_from_e8(-50000000);
    t.quantity = qty_from_e8(AMOUNT_E8_MAX);
    add(b, ACTION_PUT_TRADE)->u.trade = t;
    add_post(b, 1);
    turn(b);
    json_t *rows = show(b, (struct show_query){.kind = SHOW_TRADES});
    const json_t *row = json_array_get(rows, 0);
    assert_string_equal(text_of(row, "id"), "9007199254740993");
    assert_string_equal(text_of(row, "pnl"), "-0.5");
    assert_string_equal(text_of(row, "quantity"), "9999999999.99999999");
    assert_string_equal(text_of(row, "created_at"), "2023-11-14T22:13:20.000000Z");
    assert_true(json_is_null(json_object_get(row, "entry_price")));
    assert_true(json_is_null(json_object_get(row, "closed_at")));
    assert_true(json_is_null(json_object_get(row, "tweet_id")));
    json_decref(rows);
    command(b, (struct command){.verb = VERB_HALT, .until = USEC_NEVER});
    rows = show(b, (struct show_query){.kind = SHOW_COMMANDS});
    assert_true(json_is_null(json_object_get(json_array_get(rows, 0), "until")));
    json_decref(rows);
    rows = show(b, (struct show_query){.kind = SHOW_POSTS});
    row = json_array_get(rows, 0);
    const json_t *mention = json_array_get(json_object_get(row, "mentions"), 0);
    assert_string_equal(text_of(mention, "symbol"), "DOGEUSDT");
    assert_string_equal(text_of(mention, "reason"), "name");
    assert_true(json_real_value(json_object_get(mention, "polarity")) == -0.0125);
    assert_true(json_is_null(json_object_get(row, "likes")));
    assert_int_equal(json_integer_value(json_object_get(row, "replies")), 0);
    assert_true(json_is_null(json_object_get(row, "outcome")));
    json_decref(rows);
}

static void test_lists_are_filtered_and_paged(void **state) {
    struct bench *b = *state;
    for (int i = 1; i <= 9; i++) {
        struct trade t = plain_trade(i, i, i, NOW);
        if (i % 2) memcpy(t.symbol, "BTCUSDT", sizeof "BTCUSDT");
        if (i > 6) t.status = TRADE_CLOSED;
        add(b, ACTION_PUT_TRADE)->u.trade = t;
    }
    turn(b);
    json_t *rows = show(b, (struct show_query){.kind = SHOW_TRADES, .limit = 4});
    assert_int_equal(json_array_size(rows), 4);
    assert_string_equal(text_of(json_array_get(rows, 0), "id"), "9");
    json_decref(rows);
    rows = show(b, (struct show_query){.kind = SHOW_TRADES, .limit = 4, .before = 6});
    assert_string_equal(text_of(json_array_get(rows, 0), "id"), "5");
    json_decref(rows);
    rows = show(b, (struct show_query){.kind = SHOW_TRADES, .symbol = STR("BTCUSDT")});
    assert_int_equal(json_array_size(rows), 5);
    json_decref(rows);
    rows = show(b, (struct show_query){
                       .kind = SHOW_TRADES, .symbol = STR("BTCUSDT"), .status = STR("CLOSED")});
    assert_int_equal(json_array_size(rows), 2);
    json_decref(rows);
}

static void test_posts_are_paged_by_time_whatever_their_ids(void **state) {
    static const int64_t ids[] = {50, -3, 7, -90};
    struct bench *b = *state;
    for (int i = 0; i < 4; i++) {
        add_post(b, ids[i]);
        struct reading *r = NEW(&b->a, struct reading);
        struct post *p = NEW(&b->a, struct post);
        *r = *b->acts.v[i].u.post.reading;
        *p = *r->post;
        p->created_at = NOW + i;
        r->post = p;
        b->acts.v[i].u.post.reading = r;
    }
    turn(b);
    int64_t before = 0;
    for (int i = 3; i >= 0; i--) {
        json_t *rows =
            show(b, (struct show_query){.kind = SHOW_POSTS, .limit = 1, .before = before});
        assert_int_equal(json_array_size(rows), 1);
        before = strtoll(text_of(json_array_get(rows, 0), "id"), NULL, 10);
        assert_int_equal(before, ids[i]);
        json_decref(rows);
    }
    json_t *rows = show(b, (struct show_query){.kind = SHOW_POSTS, .limit = 1, .before = before});
    assert_int_equal(json_array_size(rows), 0);
    json_decref(rows);
}

static void test_a_full_buffer_is_an_error_not_half_a_list(void **state) {
    struct bench *b = *state;
    struct error err;
    struct buf out;
    add(b, ACTION_PUT_TRADE)->u.trade = plain_trade(1, 1, 1, NOW);
    turn(b);
    buf_init(&out, 100);
    const struct show_query q = {.kind = SHOW_TRADES, .limit = 10};
    assert_fails(store_show_json(b->s, &q, &out, &err), &err, ERR_FULL);
    buf_fini(&out);
}

/* -- running them ---------------------------------------------------------------------------- */

int store_people_run(void) {
    const struct CMUnitTest tests[] = {
        T(an_older_mode_never_overwrites_a_newer_one),
        T(the_programs_own_halt_is_never_lost),
        T(the_programs_halt_takes_the_end_from_a_persons),
        T(a_mode_with_an_end_remembers_the_one_that_lasts),
        T(a_halt_changes_mode_and_epoch_with_the_command),
        T(a_mode_set_while_halted_waits_for_the_resume),
        T(a_person_gives_no_end_to_the_programs_halt),
        T(a_halt_before_the_first_start_holds),
        T(resuming_to_halted_is_refused),
        T(the_same_key_is_the_same_command),
        T(a_key_stands_for_one_order_alone),
        T(a_halt_over_a_halt_keeps_the_later_end),
        T(commands_wait_until_they_are_answered),
        T(settings_are_kept_removed_and_audited),
        T(dead_letters_are_listed_marked_and_never_removed),
        T(a_letter_is_marked_inside_the_callers_transaction),
        T(after_a_failed_statement_only_a_rollback_is_possible),
        T(gaps_are_kept),
        T(cursors_carry_any_bytes_and_move_with_the_transaction),
        T(every_kind_is_shown_as_json),
        T(authors_are_shown_with_their_records),
        T(amounts_ids_and_times_are_shown_exactly),
        T(lists_are_filtered_and_paged),
        T(posts_are_paged_by_time_whatever_their_ids),
        T(a_full_buffer_is_an_error_not_half_a_list),
    };
    return cmocka_run_group_tests_name(place->name, tests, NULL, NULL);
}
