/* A post and what was read of it, as bytes and back. */
#include "run/parcel.h"

#include "../contract/rows_make.h"
#include "check.h"

#define ROUNDS 500

static struct arena a;

/* make_reading's offsets stand anywhere; in a parcel they must stand in the text. */
static void make(struct rng *rng, int64_t id, struct post *p, struct reading *r) {
    make_reading(rng, id, p, r);
    r->model = "linear-2";
    for (int i = 0; i < r->mention_count; i++) r->mentions[i].begin = r->mentions[i].end = 0;
    for (int i = 0; i < r->miss_count; i++) r->misses[i].begin = r->misses[i].end = 0;
}

static void bytes_of(const struct reading *r, struct buf *ret) {
    buf_init(ret, PARCEL_BYTES_MAX);
    parcel_put_reading(ret, r, (struct parcel_mark){.again = true});
    assert_false(buf_full(ret));
}

static void test_a_reading_comes_back_as_it_was(void **state) {
    struct rng rng;
    (void)state;
    rng_init(&rng, test_seed());
    for (int n = 0; n < ROUNDS; n++) {
        struct post p, p2;
        struct reading r, r2;
        struct parcel_mark mark;
        struct error err;
        struct buf bytes, again;
        arena_reset(&a);
        make(&rng, n % 2 == 0 ? n + 1 : -n, &p, &r);
        bytes_of(&r, &bytes);
        assert_ok(parcel_get_reading(&a, buf_str(&bytes), &p2, &r2, &mark, &err), &err);
        assert_true(mark.again);
        assert_ptr_equal(r2.post, &p2);
        assert_true(str_eq(p2.text, p.text) && str_eq(p2.username, p.username));
        assert_int_equal(p2.id, p.id);
        assert_int_equal(p2.received_at, p.received_at);
        assert_int_equal(r2.simhash, r.simhash);
        assert_int_equal(r2.mention_count, r.mention_count);
        assert_string_equal(r2.model, r.model);
        bytes_of(&r2, &again); /* and all the rest: its bytes are the same */
        assert_true(str_eq(buf_str(&again), buf_str(&bytes)));
        buf_fini(&again);
        buf_fini(&bytes);
    }
}

static void test_a_post_comes_back_as_it_was(void **state) {
    struct rng rng;
    (void)state;
    rng_init(&rng, test_seed());
    for (int n = 0; n < ROUNDS; n++) {
        struct post p, p2;
        struct reading r;
        struct parcel_mark mark;
        struct error err;
        struct buf bytes, again;
        make(&rng, n + 1, &p, &r);
        buf_init(&bytes, PARCEL_BYTES_MAX);
        buf_init(&again, PARCEL_BYTES_MAX);
        parcel_put_post(&bytes, &p, (struct parcel_mark){.again = n % 2 == 1});
        assert_ok(parcel_get_post(buf_str(&bytes), &p2, &mark, &err), &err);
        assert_int_equal(mark.again, n % 2);
        assert_int_equal(p2.edited, p.id != p.root_id);
        assert_true(str_eq(p2.text, p.text));
        parcel_put_post(&again, &p2, mark);
        assert_true(str_eq(buf_str(&again), buf_str(&bytes)));
        buf_fini(&again);
        buf_fini(&bytes);
    }
}

static void test_what_is_cut_short_or_longer_is_refused(void **state) {
    struct rng rng;
    struct post p, p2;
    struct reading r, r2;
    struct parcel_mark mark;
    struct error err;
    struct buf bytes;
    (void)state;
    rng_init(&rng, test_seed());
    make(&rng, 1, &p, &r);
    bytes_of(&r, &bytes);
    for (ptrdiff_t n = 0; n < bytes.len; n++) {
        assert_false(parcel_get_reading(&a, str_head(buf_str(&bytes), n), &p2, &r2, &mark, &err));
        assert_int_equal(err.code, ERR_PARSE);
    }
    buf_put_byte(&bytes, 'x');
    assert_false(parcel_get_reading(&a, buf_str(&bytes), &p2, &r2, &mark, &err));
    assert_int_equal(err.code, ERR_PARSE);
    assert_false(parcel_get_post(buf_str(&bytes), &p2, &mark, &err)); /* of another kind */
    assert_int_equal(err.code, ERR_PARSE);
    buf_fini(&bytes);
}

static void test_another_versions_parcel_is_no_damage(void **state) {
    struct post p;
    struct parcel_mark mark;
    struct error err;
    (void)state;
    assert_false(parcel_get_post(STR("bfp2whatever stands here"), &p, &mark, &err));
    assert_int_equal(err.code, ERR_STATE);
    assert_non_null(strstr(err.msg, "bfp2"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_reading_comes_back_as_it_was),
        cmocka_unit_test(test_a_post_comes_back_as_it_was),
        cmocka_unit_test(test_what_is_cut_short_or_longer_is_refused),
        cmocka_unit_test(test_another_versions_parcel_is_no_damage),
    };
    arena_open(&a, 16 << 20);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
