/* batcher: who waits, who is computed together, who is left out; by a given clock. */
#include "model/batcher.h"

#include "check.h"

#define MS USEC_PER_MS
#define DEADLINE (100 * MS)
#define START (1000 * USEC_PER_S)

static struct batcher b;
static usec now;

static void open_batcher(int texts_max) {
    batcher_init(&b, &(struct batcher_options){.texts_max = texts_max, .deadline = DEADLINE});
    now = START;
}

/* A batch that takes so long. */
static int compute(usec took) {
    struct batcher_job *first;
    const int count = batcher_begin(&b, now, &first);
    assert_non_null(first);
    now += took;
    batcher_end(&b, now);
    return count;
}

static bool join_since(struct batcher_job *job, usec since) {
    *job = (struct batcher_job){.since = since, .texts = 1, .size = 1};
    return batcher_join(&b, now, job);
}

static bool join(struct batcher_job *job) { return join_since(job, now); }

/* From here on it knows that a job takes ten milliseconds. */
static void learn(void) {
    struct batcher_job job;
    assert_true(join(&job));
    assert_int_equal(compute(10 * MS), 1);
}

static void test_a_lone_post_is_computed_at_once(void **state) {
    (void)state;
    struct batcher_job job;
    open_batcher(8);
    assert_true(join(&job));
    assert_int_equal(compute(10 * MS), 1);
    assert_int_equal(b.waiting, 0);
    assert_null(b.first);
}

static void test_posts_that_wait_are_computed_together_oldest_first(void **state) {
    (void)state;
    struct batcher_job jobs[5], *first;
    open_batcher(4);
    for (int i = 0; i < 5; i++) assert_true(join(&jobs[i]));
    assert_int_equal(batcher_begin(&b, now, &first), 4);
    for (int i = 0; i < 4; i++, first = first->next) assert_ptr_equal(first, &jobs[i]);
    assert_null(first);
    batcher_end(&b, now + 10 * MS);
    assert_int_equal(batcher_begin(&b, now, &first), 1);
    assert_ptr_equal(first, &jobs[4]);
    assert_null(first->next);
}

static void test_what_joins_while_one_is_computed_is_the_next_batch(void **state) {
    (void)state;
    struct batcher_job jobs[3], *first;
    open_batcher(8);
    assert_true(join(&jobs[0]));
    assert_int_equal(batcher_begin(&b, now, &first), 1);
    assert_true(join(&jobs[1]));
    assert_true(join(&jobs[2]));
    batcher_end(&b, now);
    assert_int_equal(batcher_begin(&b, now, &first), 2);
    assert_ptr_equal(first, &jobs[1]);
}

static void test_a_post_of_many_texts_is_computed_alone(void **state) {
    (void)state;
    struct batcher_job jobs[3] = {{.since = START, .texts = 2, .size = 2},
                                  {.since = START, .texts = 20, .size = 20},
                                  {.since = START, .texts = 1, .size = 1}};
    open_batcher(8);
    for (int i = 0; i < 3; i++) assert_true(batcher_join(&b, now, &jobs[i]));
    assert_int_equal(compute(MS), 1);
    assert_int_equal(compute(MS), 1);
    assert_int_equal(compute(MS), 1);
}

static void test_a_batch_is_no_larger_than_its_oldest_has_time_for(void **state) {
    (void)state;
    struct batcher_job jobs[8];
    open_batcher(8);
    learn();
    for (int i = 0; i < 8; i++) assert_true(join(&jobs[i]));
    now += 55 * MS; /* nobody came to compute them: 45 ms are left for the first */
    assert_int_equal(compute(40 * MS), 4);
    assert_int_equal(compute(10 * MS), 1); /* too late already: not more than it alone */
    assert_int_equal(b.waiting, 3);
}

static void test_a_post_that_would_be_answered_too_late_is_left_out(void **state) {
    (void)state;
    struct batcher_job jobs[11];
    open_batcher(8);
    learn();
    for (int i = 0; i < 10; i++) assert_true(join(&jobs[i]));
    assert_false(join(&jobs[10]));
    assert_int_equal(b.waiting, 10);
    assert_int_equal(b.shed_total, 1);
}

static void test_time_that_it_waited_elsewhere_counts(void **state) {
    (void)state;
    struct batcher_job jobs[7];
    open_batcher(8);
    learn();
    for (int i = 0; i < 6; i++) assert_true(join_since(&jobs[i], now - 40 * MS));
    assert_false(join_since(&jobs[6], now - 40 * MS));
}

static void test_what_is_computed_counts_for_what_is_left_of_it(void **state) {
    (void)state;
    struct batcher_job jobs[8], more[6], *first;
    open_batcher(8);
    learn();
    for (int i = 0; i < 8; i++) assert_true(join(&jobs[i]));
    assert_int_equal(batcher_begin(&b, now, &first), 8);
    now += 30 * MS; /* 50 are left */
    for (int i = 0; i < 5; i++) assert_true(join(&more[i]));
    assert_false(join(&more[5]));
    now += 500 * MS; /* it takes longer than it should: that is no credit for those that wait */
    struct batcher_job late[2];
    assert_false(join_since(&late[0], now - 10 * MS)); /* 10 ms old, and 50 wait: over one half */
    b.full = false;
    for (int i = 0; i < 2; i++) assert_true(join_since(&late[i], now - 20 * MS));
}

static void test_nobody_joins_again_until_half_of_the_time_is_free(void **state) {
    (void)state;
    struct batcher_job jobs[11], more[2];
    open_batcher(4);
    learn();
    for (int i = 0; i < 10; i++) assert_true(join(&jobs[i]));
    assert_false(join(&jobs[10]));
    assert_int_equal(compute(40 * MS), 4);
    assert_false(join(&more[0])); /* 60 wait: it would be answered after 70 */
    assert_int_equal(compute(40 * MS), 4);
    assert_true(join(&more[0])); /* 20 wait */
    assert_true(join(&more[1]));
}

static void test_one_that_finds_nothing_before_it_is_not_refused_for_its_length(void **state) {
    (void)state;
    struct batcher_job job = {.since = START + 10 * MS, .texts = 1, .size = 50};
    open_batcher(8);
    learn();
    assert_true(batcher_join(&b, now, &job));
    assert_int_equal(compute(500 * MS), 1);
}

static void test_one_that_comes_too_late_is_refused_also_by_an_idle_model(void **state) {
    (void)state;
    struct batcher_job job;
    open_batcher(8);
    assert_true(join_since(&job, now - DEADLINE));
    assert_int_equal(compute(MS), 1);
    assert_false(join_since(&job, now - DEADLINE - 1));
    assert_false(join_since(&job, now - DEADLINE / 2 - 1)); /* of those that were too late */
    assert_true(join_since(&job, now - DEADLINE / 2));
}

static void test_it_says_once_that_it_sheds_and_once_that_it_caught_up(void **state) {
    (void)state;
    struct batcher_job jobs[12];
    open_batcher(8);
    learn();
    assert_int_equal(batcher_tell(&b, now), BATCHER_NO_NEWS);
    for (int i = 0; i < 10; i++) assert_true(join(&jobs[i]));
    assert_false(join(&jobs[10]));
    assert_int_equal(batcher_tell(&b, now), BATCHER_SHEDS);
    assert_false(join(&jobs[11]));
    assert_int_equal(batcher_tell(&b, now), BATCHER_NO_NEWS);
    assert_int_equal(b.shed, 2);
    assert_int_equal(compute(80 * MS), 8);
    now += BATCHER_QUIET;
    assert_int_equal(batcher_tell(&b, now), BATCHER_NO_NEWS); /* two wait */
    assert_int_equal(compute(10 * MS), 1); /* they are late, and no more than one is taken */
    assert_int_equal(batcher_tell(&b, now), BATCHER_NO_NEWS);
    assert_int_equal(compute(10 * MS), 1);
    assert_int_equal(batcher_tell(&b, now), BATCHER_CAUGHT_UP);
    assert_int_equal(batcher_tell(&b, now), BATCHER_NO_NEWS);
    assert_int_equal(b.shed, 2);
}

static void test_it_has_not_caught_up_before_it_was_quiet_for_a_while(void **state) {
    (void)state;
    struct batcher_job job;
    open_batcher(8);
    assert_false(join_since(&job, now - 2 * DEADLINE));
    assert_int_equal(batcher_tell(&b, now), BATCHER_SHEDS);
    now += BATCHER_QUIET - 1;
    assert_int_equal(batcher_tell(&b, now), BATCHER_NO_NEWS);
    now += 1;
    assert_int_equal(batcher_tell(&b, now), BATCHER_CAUGHT_UP);
    assert_false(join_since(&job, now - 2 * DEADLINE)); /* again: counted anew */
    assert_int_equal(batcher_tell(&b, now), BATCHER_SHEDS);
    assert_int_equal(b.shed, 1);
    assert_int_equal(b.shed_total, 2);
}

static void test_it_forgets_what_a_disturbed_machine_measured(void **state) {
    (void)state;
    struct batcher_job jobs[20];
    open_batcher(1);
    learn();
    assert_true(join(&jobs[0]));
    assert_int_equal(compute(3 * USEC_PER_S), 1);
    assert_true(join(&jobs[1])); /* nobody else is there */
    assert_false(join(&jobs[2]));
    for (int i = 0; i < 30; i++) {
        assert_int_equal(compute(10 * MS), 1);
        assert_true(join(&jobs[1]));
    }
    for (int i = 2; i < 5; i++) assert_true(join(&jobs[i]));
}

static void test_its_room_is_what_the_deadline_has_time_for(void **state) {
    (void)state;
    open_batcher(8);
    assert_int_equal(batcher_room(&b, 1), 0);
    learn();
    assert_int_equal(batcher_room(&b, 1), 10);
    assert_int_equal(batcher_room(&b, 5), 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_lone_post_is_computed_at_once),
        cmocka_unit_test(test_posts_that_wait_are_computed_together_oldest_first),
        cmocka_unit_test(test_what_joins_while_one_is_computed_is_the_next_batch),
        cmocka_unit_test(test_a_post_of_many_texts_is_computed_alone),
        cmocka_unit_test(test_a_batch_is_no_larger_than_its_oldest_has_time_for),
        cmocka_unit_test(test_a_post_that_would_be_answered_too_late_is_left_out),
        cmocka_unit_test(test_time_that_it_waited_elsewhere_counts),
        cmocka_unit_test(test_what_is_computed_counts_for_what_is_left_of_it),
        cmocka_unit_test(test_nobody_joins_again_until_half_of_the_time_is_free),
        cmocka_unit_test(test_one_that_finds_nothing_before_it_is_not_refused_for_its_length),
        cmocka_unit_test(test_one_that_comes_too_late_is_refused_also_by_an_idle_model),
        cmocka_unit_test(test_it_says_once_that_it_sheds_and_once_that_it_caught_up),
        cmocka_unit_test(test_it_has_not_caught_up_before_it_was_quiet_for_a_while),
        cmocka_unit_test(test_it_forgets_what_a_disturbed_machine_measured),
        cmocka_unit_test(test_its_room_is_what_the_deadline_has_time_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
