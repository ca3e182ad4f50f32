/* Arena: zeroed, aligned, bounded, given back all at once. */
#include "base/arena.h"

#include "base/rng.h"
#include "check.h"

static bool all_zero(const char *p, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; i++) {
        if (p[i]) return false;
    }
    return true;
}

static void test_memory_is_zeroed_also_after_a_reset(void **state) {
    (void)state;
    struct arena a;
    arena_open(&a, 4096);
    char *p = NEW_ARRAY(&a, char, 100);
    assert_true(all_zero(p, 100));
    memset(p, 0x5A, 100);
    arena_reset(&a);
    char *again = NEW_ARRAY(&a, char, 100);
    assert_ptr_equal(again, p);
    assert_true(all_zero(again, 100));
    arena_close(&a);
}

static void test_memory_is_aligned_and_does_not_overlap(void **state) {
    (void)state;
    struct rng rng;
    rng_init(&rng, test_seed());
    struct arena a;
    arena_open(&a, 1 << 20);
    char *end = a.base;
    for (int i = 0; i < 2000; i++) {
        ptrdiff_t align = (ptrdiff_t)1 << rng_below(&rng, 7);
        ptrdiff_t size = (ptrdiff_t)rng_between(&rng, 1, 40), count = (ptrdiff_t)rng_below(&rng, 5);
        char *p = arena_alloc(&a, size, align, count);
        assert_int_equal((uintptr_t)p % (uintptr_t)align, 0);
        assert_true(p >= end);
        end = p + size * count;
        assert_true(end <= a.end);
        memset(p, 0xFF, (size_t)(size * count));
    }
    arena_close(&a);
}

static void test_try_alloc_says_when_full_and_takes_nothing(void **state) {
    (void)state;
    _Alignas(16) char block[64];
    struct arena a;
    arena_init(&a, block, sizeof block);
    assert_int_equal(arena_left(&a), 64);
    assert_null(arena_try_alloc(&a, 1, 1, 65));
    assert_null(arena_try_alloc(&a, PTRDIFF_MAX, 1, 2)); /* the product overflows */
    assert_null(arena_try_alloc(&a, 2, 1, PTRDIFF_MAX));
    assert_int_equal(arena_left(&a), 64);
    assert_non_null(arena_try_alloc(&a, 1, 1, 1));
    assert_null(arena_try_alloc(&a, 8, 8, 8)); /* padding counts */
    assert_non_null(arena_try_alloc(&a, 8, 8, 7));
    assert_int_equal(arena_left(&a), 0);
    assert_non_null(arena_try_alloc(&a, 8, 1, 0));
}

static void test_alloc_beyond_the_ceiling_aborts(void **state) {
    (void)state;
    char block[16];
    struct arena a;
    arena_init(&a, block, sizeof block);
    assert_aborts(arena_alloc(&a, 17, 1, 1));
    assert_aborts(arena_alloc(&a, 1, 3, 1));
    assert_aborts(arena_alloc(&a, 1, 1, -1));
}

static void use_scratch(struct arena scratch) { memset(NEW_ARRAY(&scratch, char, 500), 1, 500); }

static void test_scratch_by_value_gives_back_on_return(void **state) {
    (void)state;
    struct arena a;
    arena_open(&a, 1024);
    ptrdiff_t left = arena_left(&a);
    for (int i = 0; i < 100; i++) use_scratch(a);
    assert_int_equal(arena_left(&a), left);
    /* partly what the copies wrote on, partly never handed out */
    assert_true(all_zero(NEW_ARRAY(&a, char, 900), 900));
    arena_close(&a);
}

static void test_large_ceiling_costs_only_what_is_used(void **state) {
    (void)state;
    struct arena a;
    arena_open(&a, (ptrdiff_t)1 << 36);
    assert_non_null(NEW(&a, int64_t));
    arena_close(&a);
    arena_close(&a); /* zeroed now */
    assert_null(a.base);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_is_zeroed_also_after_a_reset),
        cmocka_unit_test(test_memory_is_aligned_and_does_not_overlap),
        cmocka_unit_test(test_try_alloc_says_when_full_and_takes_nothing),
        cmocka_unit_test(test_alloc_beyond_the_ceiling_aborts),
        cmocka_unit_test(test_scratch_by_value_gives_back_on_return),
        cmocka_unit_test(test_large_ceiling_costs_only_what_is_used),
    };
    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
