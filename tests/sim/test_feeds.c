/* Our live sources on simulated networks: weeks of posts in virtual time, each from another seed.
 *
 *   test_feeds [--seed N] [--n WEEKS] [--days D] [--trace]
 *
 * Without options it is a test: a few seeds. A week that fails prints its seed; the same seed plays
 * the same week again. What is checked stands at the head of feeds_world.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "feeds_world.h"

#define WEEKS 12

static void add(struct week_counts *sum, const struct week_counts *c) {
    int64_t *to = (int64_t *)sum;
    const int64_t *from = (const int64_t *)c;
    for (size_t i = 0; i < sizeof *sum / sizeof *to; i++) to[i] += from[i];
}

static void show(const struct week_counts *c) {
    printf("published %lld expected %lld stored %lld missed %lld repeated %lld excused %lld\n",
           (long long)c->published, (long long)c->expected, (long long)c->stored,
           (long long)c->missed, (long long)c->repeated, (long long)c->lost_excused);
    printf(
        "calls %lld lost %lld streams %lld kills %lld lost spans %lld billed %lld adjusted %lld\n",
        (long long)c->calls, (long long)c->lost_calls, (long long)c->streams, (long long)c->kills,
        (long long)c->gaps, (long long)c->billed, (long long)c->adjusted);
}

static int run_weeks(uint64_t first, int64_t count, int days, week_mistake m, bool trace,
                     struct week_counts *sum) {
    int failures = 0;
    for (int64_t i = 0; i < count; i++) {
        struct week_result r;
        const uint64_t seed = first + (uint64_t)i;
        week_run(seed, days, m, trace, &r);
        add(sum, &r.counts);
        if (r.ok) continue;
        failures++;
        if (m != WEEK_RIGHT) return failures;
        printf("seed %llu: %s\n", (unsigned long long)seed, r.why);
        fflush(stdout);
    }
    return failures;
}

static void test_weeks_of_faults_lose_and_double_nothing_and_the_bill_is_right(void **state) {
    (void)state;
    struct week_counts sum = {0};
    const int64_t first = test_number("FEEDS_SEED", 1), count = test_number("FEEDS_N", WEEKS);
    printf("FEEDS_SEED=%lld FEEDS_N=%lld\n", (long long)first, (long long)count);
    const int failures = run_weeks((uint64_t)first, count, 7, WEEK_RIGHT, false, &sum);
    show(&sum);
    assert_int_equal(failures, 0);
    /* they do exercise what they are for */
    assert_true(sum.expected > 500 * count / 2 && sum.missed > count && sum.kills > count);
    assert_true(sum.lost_calls > count && sum.streams > count && sum.billed > 100 * count);
    assert_true(sum.poor > 0 && sum.lost_excused < sum.expected / 3);
}

/* A harness that finds nothing proves nothing: each of these mistakes has to be found. */
static void mistake_is_seen(week_mistake m) {
    struct week_counts sum = {0};
    if (run_weeks(1, WEEKS, 7, m, false, &sum) == 0) fail_msg("%d weeks, and none failed", WEEKS);
}

static void test_a_state_that_is_durable_before_its_posts_is_seen(void **state) {
    (void)state;
    mistake_is_seen(WEEK_STATE_FIRST);
}

static void test_a_post_that_is_taken_and_not_stored_is_seen(void **state) {
    (void)state;
    mistake_is_seen(WEEK_DROPS);
}

static void test_a_restart_without_a_state_is_seen(void **state) {
    (void)state;
    mistake_is_seen(WEEK_NO_STATE);
}

int main(int argc, char **argv) {
    uint64_t seed = 1;
    int64_t n = 1;
    int days = 7;
    bool trace = false;
    if (argc == 1) {
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_weeks_of_faults_lose_and_double_nothing_and_the_bill_is_right),
            cmocka_unit_test(test_a_state_that_is_durable_before_its_posts_is_seen),
            cmocka_unit_test(test_a_post_that_is_taken_and_not_stored_is_seen),
            cmocka_unit_test(test_a_restart_without_a_state_is_seen),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
    }
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--trace") == 0) {
            trace = true;
        } else if (i + 1 < argc && strcmp(argv[i], "--seed") == 0) {
            seed = strtoull(argv[++i], NULL, 10);
        } else if (i + 1 < argc && strcmp(argv[i], "--n") == 0) {
            n = strtoll(argv[++i], NULL, 10);
        } else if (i + 1 < argc && strcmp(argv[i], "--days") == 0) {
            days = (int)strtol(argv[++i], NULL, 10);
        } else {
            fprintf(stderr, "usage: test_feeds [--seed N] [--n WEEKS] [--days D] [--trace]\n");
            return 2;
        }
    }
    struct week_counts sum = {0};
    const int failures = run_weeks(seed, n, days, WEEK_RIGHT, trace, &sum);
    show(&sum);
    printf("%lld weeks, %d failed\n", (long long)n, failures);
    return failures > 0;
}
