/* reader: a pure function of posts. The digest below is over the readings of the posts in
 * tests/data/reader/posts.txt; it is the same for every compiler and machine. It changes when the
 * model, the symbols or the rules change: then look at what changed, and take the new value from
 * the failure's message. */
#include "flow/reader.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/hash.h"
#include "readkit.h"

#define DIGEST "ab70f8cca57ec7828ae53cf2d1d6772cdde28d074bdb638c498d441c42745e2d"
#define POSTS_MAX READER_BATCH_MAX

static struct readkit kit;
static struct post posts[POSTS_MAX];
static int post_count;

static int open_kit(void **state) {
    (void)state;
    struct error err;
    char path[512];
    const char *root = getenv("BF_SOURCE_ROOT");
    readkit_open(&kit, &(struct reader_options){0});
    assert_true(snprintf(path, sizeof path, "%s/tests/data/reader/posts.txt", root ? root : "..") >
                0);
    FILE *f = fopen(path, "re");
    if (!f) fail_msg("%s: not there; set BF_SOURCE_ROOT to the repository", path);
    char *content = NEW_ARRAY(&kit.boot, char, 1 << 16);
    str rest = {content, (ptrdiff_t)fread(content, 1, 1 << 16, f)}, line;
    assert_int_equal(fclose(f), 0);
    while (str_cut(&rest, '\n', &line)) {
        if (line.n == 0 || line.p[0] == '%') continue;
        struct raw_post raw = {.id = STR("1700000000000000000"), .source = STR("x"), .text = line};
        assert_true(post_count < POSTS_MAX);
        assert_ok(feed_normalize(&kit.boot, &raw, 0, &posts[post_count++], &err), &err);
    }
    assert_true(post_count > 40);
    return 0;
}

static int close_kit(void **state) {
    (void)state;
    readkit_close(&kit);
    return 0;
}

static void put_reading(struct buf *b, const struct reading *r) {
    buf_printf(b, "%d %d %d %d %x %d %016llx", r->probs_bp[0], r->probs_bp[1], r->probs_bp[2],
               (int)r->label, r->cues, r->token_count, (unsigned long long)r->simhash);
    for (int i = 0; i < r->mention_count; i++) {
        const struct mention *m = &r->mentions[i];
        buf_printf(b, " %s/%s:%d:%d@%d-%d", m->symbol, link_reason_name(m->reason),
                   m->confidence_bp, m->polarity_bp, m->begin, m->end);
    }
    for (int i = 0; i < r->miss_count; i++) {
        buf_printf(b, " %s@%d", miss_reason_name(r->misses[i].reason), r->misses[i].begin);
    }
    buf_put_byte(b, '\n');
}

static void test_readings_are_the_same_everywhere(void **state) {
    (void)state;
    static struct reading readings[POSTS_MAX];
    struct buf b;
    uint8_t hash[SHA256_BYTES];
    char hex[SHA256_HEX_BYTES];
    buf_init(&b, 1 << 20);
    reader_read(kit.reader, kit.scratch, posts, post_count, readings);
    for (int i = 0; i < post_count; i++) put_reading(&b, &readings[i]);
    sha256_once(buf_str(&b), hash);
    str got = hex_format(hash, SHA256_BYTES, hex);
    if (!str_eq(got, STR(DIGEST))) {
        print_error("%s\n", buf_z(&b));
        print_error("\ndigest " STR_FMT "\n", STR_ARG(got));
    }
    assert_str(got, DIGEST);
    buf_fini(&b);
}

static void test_a_reading_does_not_depend_on_its_batch(void **state) {
    (void)state;
    static struct reading together[POSTS_MAX], alone;
    reader_read(kit.reader, kit.scratch, posts, post_count, together);
    for (int i = post_count - 1; i >= 0; i--) {
        struct buf a, b;
        buf_init(&a, 1 << 16);
        buf_init(&b, 1 << 16);
        reader_read(kit.reader, kit.scratch, &posts[i], 1, &alone);
        put_reading(&a, &together[i]);
        put_reading(&b, &alone);
        assert_true(str_eq(buf_str(&a), buf_str(&b)));
        assert_ptr_equal(alone.post, &posts[i]);
        assert_string_equal(alone.model, reader_model(kit.reader));
        buf_fini(&a);
        buf_fini(&b);
    }
}

static void test_reasons_have_names(void **state) {
    (void)state;
    assert_string_equal(link_reason_name(LINK_CASHTAG), "cashtag");
    assert_string_equal(link_reason_name(LINK_NONE), "none");
    assert_string_equal(miss_reason_name(MISS_TOO_MANY), "too_many");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_readings_are_the_same_everywhere),
        cmocka_unit_test(test_a_reading_does_not_depend_on_its_batch),
        cmocka_unit_test(test_reasons_have_names),
    };
    return cmocka_run_group_tests(tests, open_kit, close_kit);
}
