/* Who is who on X: found by name in any case and by id, through changes of both. */
#include "source/x_people.h"

#include <stdio.h>

#include "check.h"

static struct arena memory;
static struct x_people p;

static int begin(void **state) {
    (void)state;
    arena_close(&memory);
    arena_open(&memory, 64 << 20);
    x_people_init(&p, &memory);
    return 0;
}

static const struct x_person *named(const char *name) {
    const struct x_person *who = x_people_of_name(&p, str_from_z(name));
    if (who == NULL) fail_msg("nobody is called %s", name);
    return who;
}

static void test_nobody_is_found_before_anybody_is_told_of(void **state) {
    (void)state;
    assert_null(x_people_of_name(&p, STR("alice")));
    assert_null(x_people_of_id(&p, STR("1")));
    x_people_know(&p, STR("1"), STR("alice"));
    assert_null(x_people_of_name(&p, STR("")));
    assert_null(x_people_of_id(&p, STR("")));
    assert_null(x_people_of_id(&p, STR("alice")));
}

static void test_a_name_is_found_in_any_case(void **state) {
    (void)state;
    x_people_know(&p, STR("44196397"), STR("elonMusk"));
    assert_str(named("ELONMUSK")->id, "44196397");
    assert_str(x_people_of_id(&p, STR("44196397"))->name, "elonMusk");
    x_people_ask(&p, STR("ElonMusk")); /* he is there */
    assert_int_equal(p.count, 1);
    assert_int_equal(named("elonmusk")->state, PERSON_KNOWN);
}

static void test_a_new_name_of_an_id_is_the_same_person(void **state) {
    (void)state;
    x_people_know(&p, STR("7"), STR("before"));
    const str lent = named("before")->name;
    x_people_know(&p, STR("7"), STR("after"));
    assert_int_equal(p.count, 1);
    assert_str(named("after")->id, "7");
    assert_null(x_people_of_name(&p, STR("before")));
    assert_str(x_people_of_id(&p, STR("7"))->name, "after");
    assert_str(lent, "before"); /* who borrowed it still has it */
}

static void test_who_is_asked_for_becomes_known_or_nobody(void **state) {
    (void)state;
    x_people_ask(&p, STR("alice"));
    x_people_ask(&p, STR("bob"));
    x_people_ask(&p, STR("ALICE"));
    assert_int_equal(p.count, 2);
    assert_int_equal(named("alice")->state, PERSON_ASK);
    x_people_know(&p, STR("5"), STR("Alice"));
    x_people_know(&p, STR(""), STR("bob"));
    assert_int_equal(named("alice")->state, PERSON_KNOWN);
    assert_str(x_people_of_id(&p, STR("5"))->name, "Alice");
    assert_int_equal(named("bob")->state, PERSON_NOBODY);
    assert_int_equal(named("bob")->id.n, 0);
    assert_int_equal(p.count, 2);
}

#define MANY 5000

static void test_thousands_are_all_found(void **state) {
    (void)state;
    char id[24], name[24];
    for (int round = 0; round < 3; round++) /* each is called anew twice */
        for (int i = 0; i < MANY; i++) {
            snprintf(id, sizeof id, "%d", 1000 + i);
            snprintf(name, sizeof name, "Author_%d_%d", round, i);
            x_people_know(&p, str_from_z(id), str_from_z(name));
        }
    assert_int_equal(p.count, MANY);
    for (int i = 0; i < MANY; i++) {
        snprintf(id, sizeof id, "%d", 1000 + i);
        snprintf(name, sizeof name, "author_2_%d", i);
        assert_true(str_eq(named(name)->id, str_from_z(id)));
        assert_true(x_people_of_id(&p, str_from_z(id)) == named(name));
        snprintf(name, sizeof name, "author_1_%d", i);
        assert_null(x_people_of_name(&p, str_from_z(name)));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_nobody_is_found_before_anybody_is_told_of, begin),
        cmocka_unit_test_setup(test_a_name_is_found_in_any_case, begin),
        cmocka_unit_test_setup(test_a_new_name_of_an_id_is_the_same_person, begin),
        cmocka_unit_test_setup(test_who_is_asked_for_becomes_known_or_nobody, begin),
        cmocka_unit_test_setup(test_thousands_are_all_found, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
