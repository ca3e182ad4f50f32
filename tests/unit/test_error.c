/* error: messages, context in front, and the cause never lost. */
#include "base/error.h"

#include <errno.h>

#include "check.h"

static void test_fail_fills_everything_and_is_false(void **state) {
    (void)state;
    struct error err = {0};
    assert_false(fail(&err, ERR_IO, ENOENT, "open %s", "x.csv"));
    assert_int_equal(err.code, ERR_IO);
    assert_int_equal(err.sys, ENOENT);
    assert_string_equal(err.msg, "open x.csv");
    assert_false(fail(&err, ERR_PARSE, 0, "line %d", 7));
    assert_int_equal(err.code, ERR_PARSE);
    assert_int_equal(err.sys, 0);
    assert_string_equal(err.msg, "line 7");
}

static void test_fail_in_puts_context_in_front_and_keeps_the_code(void **state) {
    (void)state;
    struct error err = {0};
    assert_false(fail(&err, ERR_DAMAGED, 11, "page 3"));
    assert_false(fail_in(&err, "read %s", "a.db"));
    assert_false(fail_in(&err, "start"));
    assert_string_equal(err.msg, "start: read a.db: page 3");
    assert_int_equal(err.code, ERR_DAMAGED);
    assert_int_equal(err.sys, 11);
}

static void test_arguments_may_be_the_message_itself(void **state) {
    (void)state;
    struct error err = {0};
    assert_false(fail(&err, ERR_IO, 0, "gone"));
    assert_false(fail(&err, ERR_BUSY, 0, "again: %s", err.msg));
    assert_string_equal(err.msg, "again: gone");
    assert_false(fail_in(&err, "<%s>", err.msg));
    assert_string_equal(err.msg, "<again: gone>: again: gone");
}

/* What and where stand at its beginning, what to do at its end. */
static void test_of_a_long_message_the_middle_is_left_out(void **state) {
    (void)state;
    char text[901];
    struct error err = {0};
    for (int shift = 0; shift < 4; shift++) {
        memset(text, 'x', sizeof text);
        for (int i = shift; i + 3 < 900; i += 3) memcpy(text + i, "\xE2\x82\xAC", 3);
        text[900] = 0;
        assert_false(fail(&err, ERR_PARSE, 0, "%s", text));
        const str said = str_from_z(err.msg);
        const ptrdiff_t mid = str_find(said, STR(" ... "));
        assert_in_range(said.n, sizeof err.msg - 6, sizeof err.msg - 1);
        assert_true(str_utf8_valid(said));
        assert_true(mid > said.n / 2);
        assert_memory_equal(err.msg, text, mid);
        assert_true(str_ends(str_from_z(text), str_tail(said, mid + 5)));
    }
    memset(text, 'x', 900);
    assert_false(fail(&err, ERR_IO, 0, "connect to it: %s: do this and that", text));
    assert_true(str_starts(str_from_z(err.msg), STR("connect to it: xx")));
    assert_true(str_ends(str_from_z(err.msg), STR("xx: do this and that")));
    assert_int_equal(strlen(err.msg), sizeof err.msg - 1);
    assert_false(fail_in(&err, "%s", text)); /* nor do callers push it out */
    assert_true(str_ends(str_from_z(err.msg), STR("xx: do this and that")));
    assert_true(str_find(str_from_z(err.msg), STR("connect to it")) > 0);
}

static void test_long_context_gives_way_to_the_cause(void **state) {
    (void)state;
    char text[601];
    memset(text, 'c', 600);
    text[600] = 0;
    struct error err = {0};
    assert_false(fail(&err, ERR_IO, 0, "no route to host"));
    assert_false(fail_in(&err, "%s", text));
    assert_int_equal(strlen(err.msg), sizeof err.msg - 1);
    assert_true(str_ends(str_from_z(err.msg), STR("cc: no route to host")));
}

static void test_long_cause_leaves_room_for_context(void **state) {
    (void)state;
    char text[601];
    memset(text, 'x', 600);
    text[600] = 0;
    struct error err = {0};
    assert_false(fail(&err, ERR_IO, 0, "%s", text));
    for (int i = 0; i < 5; i++) assert_false(fail_in(&err, "step %d", i));
    assert_true(str_starts(str_from_z(err.msg), STR("step 4: step 3: step 2: step 1: step 0: xx")));
    assert_int_equal(strlen(err.msg), sizeof err.msg - 1);
    memset(text, 'c', 600);
    assert_false(fail_in(&err, "%s", text));
    assert_true(strchr(err.msg, ':') != NULL); /* a piece of both is there */
    assert_true(str_find(str_from_z(err.msg), STR("step 4")) > 0);
}

static void test_every_code_has_its_name_and_text(void **state) {
    (void)state;
    assert_string_equal(err_name(ERR_NOT_FOUND), "NOT_FOUND");
    assert_string_equal(err_text(ERR_NOT_FOUND), "not found");
    assert_int_equal(ERR_OK, 0);
    assert_true(err_retryable(ERR_TIMEOUT));
    assert_false(err_retryable(ERR_UNKNOWN)); /* an order that may have arrived: never resend */
    assert_non_null(err_text((err_code)999));
    assert_non_null(err_name((err_code)999));
    assert_false(err_retryable((err_code)999));
}

static void test_fail_without_a_fault_aborts(void **state) {
    (void)state;
    struct error err = {0};
    assert_aborts(fail(&err, ERR_OK, 0, "fine"));
    assert_aborts(fail_in(&err, "context of nothing"));
}

static int hook_pipe[2];
static void hook(void) {
    IGNORE(write(hook_pipe[1], "h", 1) < 0, "the reader will notice");
    PRE(1 == 2); /* an assert inside the hook does not run the hook again */
}

static void test_failed_assert_runs_the_hook_once(void **state) {
    (void)state;
    assert_int_equal(pipe(hook_pipe), 0);
    assert_aborts({
        assert_set_hook(hook);
        PRE(2 == 3);
    });
    close(hook_pipe[1]);
    char seen[4];
    assert_int_equal(read(hook_pipe[0], seen, sizeof seen), 1);
    close(hook_pipe[0]);
}

/* It goes to a terminal, and its arguments may be what strangers wrote. */
static void test_control_characters_are_question_marks(void **state) {
    (void)state;
    struct error err = {0};
    assert_false(fail(&err, ERR_PARSE, 0, "\"%s\"",
                      "a\x1b[31m\nb\tc\x7f\xC2\x9B"
                      "d\xFF\xE2\x82\xAC"));
    assert_string_equal(err.msg, "\"a?[31m?b?c??d?\xE2\x82\xAC\"");
    assert_false(fail_in(&err, "%s", "x\x1b"));
    assert_string_equal(err.msg, "x?: \"a?[31m?b?c??d?\xE2\x82\xAC\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_control_characters_are_question_marks),
        cmocka_unit_test(test_fail_fills_everything_and_is_false),
        cmocka_unit_test(test_fail_in_puts_context_in_front_and_keeps_the_code),
        cmocka_unit_test(test_arguments_may_be_the_message_itself),
        cmocka_unit_test(test_of_a_long_message_the_middle_is_left_out),
        cmocka_unit_test(test_long_context_gives_way_to_the_cause),
        cmocka_unit_test(test_long_cause_leaves_room_for_context),
        cmocka_unit_test(test_every_code_has_its_name_and_text),
        cmocka_unit_test(test_fail_without_a_fault_aborts),
        cmocka_unit_test(test_failed_assert_runs_the_hook_once),
    };
    return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
