/* Which samples of a span stay: the chart and the worst fall are those of all samples. */
#include "store/thin.h"

#include "check.h"

#include "base/rng.h"

#define SAMPLES_MOST 240

__extension__ typedef __int128 wide_int;

static struct rng rng;

static void thin(struct thin_sample *v, ptrdiff_t n, usec width) {
    for (ptrdiff_t i = 0; i < n;) {
        ptrdiff_t k = i;
        while (k < n && v[k].at / width == v[i].at / width) k++;
        thin_span(v + i, k - i);
        i = k;
    }
}

static ptrdiff_t kept(struct thin_sample *v, ptrdiff_t n) {
    ptrdiff_t left = 0;
    for (ptrdiff_t i = 0; i < n; i++)
        if (v[i].keep) v[left++] = v[i];
    return left;
}

static void assert_kept(const char *want, struct thin_sample *v, ptrdiff_t n) {
    char got[SAMPLES_MOST + 1] = "";
    thin_span(v, n);
    for (ptrdiff_t i = 0; i < n; i++) got[i] = v[i].keep ? '#' : '.';
    assert_string_equal(got, want);
}

static void test_of_one_sample_nothing_goes(void **state) {
    (void)state;
    struct thin_sample one[] = {{5, 100, false}};
    assert_kept("#", one, 1);
}

static void test_the_ends_and_the_extremes_stay(void **state) {
    (void)state;
    struct thin_sample v[] = {{0, 50}, {1, 51}, {2, 40}, {3, 45}, {4, 60}, {5, 55}, {6, 58}};
    /* the greatest fall is from 51 to 40 */
    assert_kept("###.#.#", v, 7);
}

static void test_the_greatest_fall_stays_though_its_ends_are_no_extremes(void **state) {
    (void)state;
    struct thin_sample v[] = {{0, 10}, {1, 30}, {2, 90}, {3, 60}, {4, 80}, {5, 200}, {6, 190}};
    assert_kept("#.##.##", v, 7);
}

static void test_of_equal_samples_the_earliest_stands_for_all(void **state) {
    (void)state;
    struct thin_sample v[] = {{0, 7}, {1, 9}, {2, 9}, {3, 5}, {4, 5}, {5, 9}, {6, 7}};
    assert_kept("##.#..#", v, 7);
}

static void test_where_nothing_moves_the_ends_are_enough(void **state) {
    (void)state;
    struct thin_sample v[] = {{0, 7}, {1, 7}, {2, 7}, {3, 7}};
    assert_kept("#..#", v, 4);
}

/* The greatest relative fall by comparing each with each. */
static void worst_fall(const struct thin_sample *v, ptrdiff_t n, int64_t *top, int64_t *bottom) {
    *top = *bottom = 1;
    for (ptrdiff_t i = 0; i < n; i++)
        for (ptrdiff_t k = i + 1; k < n; k++)
            if ((wide_int)v[k].value * *top < (wide_int)*bottom * v[i].value) {
                *top = v[i].value;
                *bottom = v[k].value;
            }
}

static void assert_same_fall(const struct thin_sample *a, ptrdiff_t n, const struct thin_sample *b,
                             ptrdiff_t m) {
    int64_t top, bottom, other_top, other_bottom;
    worst_fall(a, n, &top, &bottom);
    worst_fall(b, m, &other_top, &other_bottom);
    assert_true((wide_int)top * other_bottom == (wide_int)other_top * bottom);
}

/* Each span of `width` has the same last, least and most. */
static void assert_same_chart(const struct thin_sample *a, ptrdiff_t n, const struct thin_sample *b,
                              ptrdiff_t m, usec width) {
    ptrdiff_t i = 0, k = 0;
    while (i < n) {
        const usec span = a[i].at / width;
        int64_t low[2] = {INT64_MAX, INT64_MAX}, high[2] = {INT64_MIN, INT64_MIN};
        for (; i < n && a[i].at / width == span; i++) {
            low[0] = i64_min(low[0], a[i].value);
            high[0] = i64_max(high[0], a[i].value);
        }
        for (; k < m && b[k].at / width == span; k++) {
            low[1] = i64_min(low[1], b[k].value);
            high[1] = i64_max(high[1], b[k].value);
        }
        assert_int_equal(low[0], low[1]);
        assert_int_equal(high[0], high[1]);
        assert_true(k > 0 && a[i - 1].at == b[k - 1].at);
    }
    assert_int_equal(k, m);
}

static ptrdiff_t make_walk(struct thin_sample *v) {
    const ptrdiff_t n = rng_between(&rng, 1, SAMPLES_MOST);
    int64_t value = 1000;
    usec at = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        at += rng_between(&rng, 1, 40);
        value = i64_max(value + rng_between(&rng, -60, 60), 1);
        v[i] = (struct thin_sample){at, value, false};
    }
    return n;
}

static void test_charts_and_the_worst_fall_are_those_of_all_samples(void **state) {
    (void)state;
    for (int round = 0; round < 2000; round++) {
        static struct thin_sample all[SAMPLES_MOST], fine[SAMPLES_MOST], coarse[SAMPLES_MOST];
        const ptrdiff_t n = make_walk(all);
        memcpy(fine, all, sizeof all);
        thin(fine, n, 60);
        const ptrdiff_t m = kept(fine, n);
        assert_same_chart(all, n, fine, m, 60);
        assert_same_chart(all, n, fine, m, 600);
        assert_same_fall(all, n, fine, m);
        memcpy(coarse, all, sizeof all);
        thin(coarse, n, 600);
        const ptrdiff_t l = kept(coarse, n);
        assert_same_chart(all, n, coarse, l, 600);
        assert_same_fall(all, n, coarse, l);
    }
}

static bool same_samples(const struct thin_sample *a, ptrdiff_t n, const struct thin_sample *b,
                         ptrdiff_t m) {
    if (n != m) return false;
    for (ptrdiff_t i = 0; i < n; i++)
        if (a[i].at != b[i].at || a[i].value != b[i].value) return false;
    return true;
}

static void test_thinned_twice_is_thinned_once(void **state) {
    (void)state;
    for (int round = 0; round < 2000; round++) {
        static struct thin_sample once[SAMPLES_MOST], twice[SAMPLES_MOST];
        const ptrdiff_t n = make_walk(once);
        memcpy(twice, once, sizeof once);
        thin(twice, n, 60);
        ptrdiff_t m = kept(twice, n);
        thin(twice, m, 60);
        assert_int_equal(kept(twice, m), m);
        thin(twice, m, 600);
        m = kept(twice, m);
        thin(once, n, 600);
        assert_true(same_samples(once, kept(once, n), twice, m));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_of_one_sample_nothing_goes),
        cmocka_unit_test(test_the_ends_and_the_extremes_stay),
        cmocka_unit_test(test_the_greatest_fall_stays_though_its_ends_are_no_extremes),
        cmocka_unit_test(test_of_equal_samples_the_earliest_stands_for_all),
        cmocka_unit_test(test_where_nothing_moves_the_ends_are_enough),
        cmocka_unit_test(test_charts_and_the_worst_fall_are_those_of_all_samples),
        cmocka_unit_test(test_thinned_twice_is_thinned_once),
    };
    rng_init(&rng, test_seed());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
