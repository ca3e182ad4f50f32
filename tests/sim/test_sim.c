/* The bot against the simulated exchange, thousands of times over, each time from another seed.
 *
 *   test_sim [--seed N] [--n COUNT] [--trace] [--mistake NAME]
 *
 * Without options it is a test: as many seeds as there is time for, and the proof that each kind of
 * mistake would be seen. --trace shows one run. A run that fails prints its seed; the same seed
 * plays the same run again, whatever ran before it. What is checked stands at the head of truth.c.
 */
#include <string.h>

#include "world.h"

#define SEEDS 300
#define SEEDS_OF_A_MISTAKE 400

static void add(struct world_counts *sum, const struct world_counts *c) {
    int64_t *to = (int64_t *)sum;
    const int64_t *from = (const int64_t *)c;
    const usec longest = i64_max(sum->bare_longest, c->bare_longest);
    _Static_assert(sizeof *sum % sizeof *to == 0, "all counts are int64_t");
    for (size_t i = 0; i < sizeof *sum / sizeof *to; i++) to[i] += from[i];
    sum->bare_longest = longest;
}

static void show(const struct world_counts *c) {
    printf("trades %lld entered %lld orders %lld fills %lld exits %lld repairs %lld\n",
           (long long)c->trades, (long long)c->entered, (long long)c->orders, (long long)c->fills,
           (long long)c->exits, (long long)c->repairs);
    printf("unknown %lld absent %lld kills %lld halts %lld wipes %lld (with trades %lld, noticed "
           "%lld)\n",
           (long long)c->unknown, (long long)c->absent, (long long)c->kills, (long long)c->halts,
           (long long)c->resets, (long long)c->wipes_met, (long long)c->wipes_told);
    printf("requests %lld lost %lld reports %lld turns %lld, longest bare while answered %lld ms\n",
           (long long)c->requests, (long long)c->lost, (long long)c->reports, (long long)c->turns,
           (long long)(c->bare_longest / USEC_PER_MS));
}

static uint64_t seed_now;

/* An assert of ours ends the program: which run was it? */
static void tell_seed(void) {
    fprintf(stderr, "in the run of seed %llu\n", (unsigned long long)seed_now);
    fflush(NULL);
}

/* How many seeds failed. */
static int run_seeds(uint64_t first, int64_t count, mistake m, bool trace, bool all,
                     struct world_counts *sum) {
    int failures = 0;
    for (int64_t i = 0; i < count; i++) {
        struct world_result r;
        const uint64_t seed = first + (uint64_t)i;
        seed_now = seed;
        world_run(seed, m, trace, &r);
        add(sum, &r.counts);
        if (r.ok) continue;
        failures++;
        if (!all) return failures;
        printf("seed %llu: %s\n", (unsigned long long)seed, r.why);
        fflush(stdout);
    }
    return failures;
}

/* --- as a test --------------------------------------------------------------------------- */

static void test_hundreds_of_seeds_keep_every_promise(void **state) {
    (void)state;
    struct world_counts sum = {0};
    const int64_t first = test_number("SIM_SEED", 1), count = test_number("SIM_N", SEEDS);
    printf("SIM_SEED=%lld SIM_N=%lld\n", (long long)first, (long long)count);
    const int failures = run_seeds((uint64_t)first, count, MISTAKE_NONE, false, true, &sum);
    show(&sum);
    assert_int_equal(failures, 0);
    /* they do exercise what they are for */
    assert_true(sum.entered > count && sum.unknown > count / 4 && sum.kills > count / 4);
    assert_true(sum.exits > count / 4 && sum.lost > count && sum.reports > count);
}

/* Each of these found a fault once: a leg that was asked after where the rest of its list had ended
 * already; a trade of after a wipe that was taken for one of before it. */
static void test_seeds_that_failed_once_keep_every_promise(void **state) {
    (void)state;
    static const uint64_t seeds[] = {103043, 88589};
    struct world_counts sum = {0};
    for (ptrdiff_t i = 0; i < COUNT_OF(seeds); i++)
        assert_int_equal(run_seeds(seeds[i], 1, MISTAKE_NONE, false, true, &sum), 0);
    assert_true(sum.orders > 0);
}

/* A harness that finds nothing proves nothing: each of these mistakes has to be found. */
static void mistake_is_seen(mistake m) {
    struct world_counts sum = {0};
    const int64_t most = test_number("SIM_N", SEEDS_OF_A_MISTAKE);
    if (run_seeds(1, most, m, false, false, &sum) == 0)
        fail_msg("%lld runs with the mistake %s, and none failed", (long long)most,
                 mistake_names[m]);
}

static void test_a_blind_second_send_is_seen(void **state) {
    (void)state;
    mistake_is_seen(MISTAKE_RESEND);
}
static void test_absence_believed_at_once_is_seen(void **state) {
    (void)state;
    mistake_is_seen(MISTAKE_NO_FENCE);
}
static void test_a_request_before_its_rows_is_seen(void **state) {
    (void)state;
    mistake_is_seen(MISTAKE_SEND_FIRST);
}
static void test_exits_and_repairs_that_are_not_sent_are_seen(void **state) {
    (void)state;
    mistake_is_seen(MISTAKE_NO_REPAIR);
}
static void test_a_halt_that_is_heard_late_is_seen(void **state) {
    (void)state;
    mistake_is_seen(MISTAKE_HALT_LATE);
}

static int as_a_test(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hundreds_of_seeds_keep_every_promise),
        cmocka_unit_test(test_seeds_that_failed_once_keep_every_promise),
        cmocka_unit_test(test_a_blind_second_send_is_seen),
        cmocka_unit_test(test_absence_believed_at_once_is_seen),
        cmocka_unit_test(test_a_request_before_its_rows_is_seen),
        cmocka_unit_test(test_exits_and_repairs_that_are_not_sent_are_seen),
        cmocka_unit_test(test_a_halt_that_is_heard_late_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* --- by hand ----------------------------------------------------------------------------- */

static bool number_of(const char *text, int64_t *ret) {
    return text != NULL && str_to_i64(str_from_z(text), ret);
}

int main(int argc, char **argv) {
    int64_t seed = 1, count = 1;
    mistake m = MISTAKE_NONE;
    bool trace = false;
    assert_set_hook(tell_seed);
    if (argc == 1) return as_a_test();
    for (int i = 1; i < argc; i++) {
        bool ok = true;
        if (strcmp(argv[i], "--trace") == 0)
            trace = true;
        else if (strcmp(argv[i], "--seed") == 0)
            ok = number_of(argv[++i], &seed);
        else if (strcmp(argv[i], "--n") == 0)
            ok = number_of(argv[++i], &count);
        else if (strcmp(argv[i], "--mistake") == 0 && argv[++i] != NULL)
            while (m < MISTAKE_COUNT && strcmp(mistake_names[m], argv[i]) != 0) m++;
        else
            ok = false;
        if (!ok || m == MISTAKE_COUNT) {
            fprintf(stderr, "usage: test_sim [--seed N] [--n COUNT] [--trace] [--mistake NAME]\n");
            return 2;
        }
    }
    struct world_counts sum = {0};
    printf("seeds %lld to %lld\n", (long long)seed, (long long)(seed + count - 1));
    const int failures = run_seeds((uint64_t)seed, count, m, trace, true, &sum);
    show(&sum);
    printf("%d failed\n", failures);
    return failures > 0;
}
