/* replay: posts from files, whatever has happened to the file. */
#include "source/source.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

#define TOLD_MAX 16

struct fixture {
    struct arena boot, mem;
    char dir[32], path[64];
    struct source *source;
    int told_count;
    ptrdiff_t payload_bytes;  /* of the last complaint */
    char told[TOLD_MAX][400]; /* "where: what" */
};

static struct fixture fix;

static void on_complain(void *ctx, str where, str what, str payload) {
    struct fixture *f = ctx;
    f->payload_bytes = payload.n;
    assert_true(f->told_count < TOLD_MAX);
    struct buf b;
    buf_init_fixed(&b, f->told[f->told_count++], sizeof f->told[0]);
    buf_printf(&b, STR_FMT ": " STR_FMT, STR_ARG(where), STR_ARG(what));
}

static int setup(void **state) {
    (void)state;
    fix = (struct fixture){.dir = "/tmp/bf-replay-XXXXXX"};
    assert_non_null(mkdtemp(fix.dir));
    assert_true(snprintf(fix.path, sizeof fix.path, "%s/posts.jsonl", fix.dir) > 0);
    arena_open(&fix.boot, 16 << 20);
    arena_open(&fix.mem, 16 << 20);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    source_close(fix.source);
    unlink(fix.path);
    rmdir(fix.dir);
    arena_close(&fix.boot);
    arena_close(&fix.mem);
    return 0;
}

static void write_bytes(const char *mode, str bytes) {
    FILE *f = fopen(fix.path, mode);
    assert_non_null(f);
    assert_int_equal(fwrite(bytes.p, 1, (size_t)bytes.n, f), bytes.n);
    assert_int_equal(fclose(f), 0);
}

static void open_source(void) {
    struct error err;
    assert_ok(replay_open(&fix.boot, fix.path, STR("x"), &fix.source, &err), &err);
    fix.source->complain = on_complain;
    fix.source->complain_ctx = &fix;
}

static void open_with(str bytes) {
    write_bytes("w", bytes);
    open_source();
}

/* The id of the next post, 0 at the end. */
static int64_t next_id(void) {
    struct post p;
    struct error err;
    bool end;
    arena_reset(&fix.mem);
    assert_ok(source_next_post(fix.source, &fix.mem, &p, &end, &err), &err);
    return end ? 0 : p.id;
}

#define LINE(id) "{\"id\":\"" #id "\",\"text\":\"a\",\"created_at\":\"2020-01-01T00:00:00Z\"}"

static void test_posts_come_in_the_order_of_the_file(void **state) {
    (void)state;
    open_with(STR(LINE(1) "\n" LINE(2) "\r\n\n   \n" LINE(3)));
    assert_int_equal(next_id(), 1);
    assert_int_equal(next_id(), 2);
    assert_int_equal(next_id(), 3); /* a last line without a line feed */
    assert_int_equal(next_id(), 0);
    assert_int_equal(next_id(), 0);
    assert_int_equal(fix.source->counts.posts, 3);
    assert_int_equal(fix.source->counts.lines, 3); /* empty ones are none */
    assert_int_equal(fix.told_count, 0);
}

static void test_deletions_are_counted_apart(void **state) {
    (void)state;
    open_with(STR(LINE(1) "\n{\"delete\":{\"tweet\":{\"id\":\"1\"},\"timestamp_ms\":\"5\"}}\n"));
    assert_int_equal(next_id(), 1);
    assert_int_equal(next_id(), 1);
    assert_int_equal(next_id(), 0);
    assert_int_equal(fix.source->counts.posts, 1);
    assert_int_equal(fix.source->counts.deletions, 1);
    assert_int_equal(fix.source->counts.repeated, 0);
    assert_int_equal(fix.source->counts.disordered, 0);
}

static void test_bad_lines_are_told_and_lose_nothing_good(void **state) {
    (void)state;
    open_with(STR(LINE(1) "\n"
                          "no json\n"
                          "{\"text\":\"no id\"}\n"
                          "{\"id\":\"5\",\"text\":\"\xFF\xFE\"}\n"
                          "{\"id\":\"6\",\"text\":\"a\0b\"}\n"
                          "\0\0\0\n" LINE(7) "\n{\"id\":\"8\",\"te"));
    assert_int_equal(next_id(), 1);
    assert_int_equal(next_id(), 7);
    assert_int_equal(next_id(), 0);
    assert_int_equal(fix.source->counts.malformed, 6);
    assert_int_equal(fix.source->counts.lines, 8);
    assert_int_equal(fix.told_count, 6);
    for (int i = 0; i < 5; i++) {
        char where[80];
        assert_true(snprintf(where, sizeof where, "%s:%d: ", fix.path, i + 2) > 0);
        if (strncmp(fix.told[i], where, strlen(where)) != 0) fail_msg("%s", fix.told[i]);
    }
    assert_non_null(strstr(fix.told[1], "id: missing"));
    assert_non_null(strstr(fix.told[5], "posts.jsonl:8: "));
    assert_int_equal(fix.payload_bytes, sizeof "{\"id\":\"8\",\"te" - 1);
}

static void test_a_number_of_400_digits_is_one_bad_line(void **state) {
    (void)state;
    char line[600];
    struct buf b;
    buf_init_fixed(&b, line, sizeof line);
    buf_put(&b, STR("{\"id\":"));
    for (int i = 0; i < 400; i++) buf_put_byte(&b, '9');
    buf_put(&b, STR(",\"text\":\"a\"}\n" LINE(2) "\n"));
    open_with(buf_str(&b));
    assert_int_equal(next_id(), 2);
    assert_int_equal(fix.told_count, 1);
}

static void test_a_line_of_ten_megabytes_is_passed_over(void **state) {
    (void)state;
    static char big[10 << 20];
    memset(big, 'x', sizeof big);
    open_with(STR(LINE(1) "\n"));
    write_bytes("a", (str){big, sizeof big});
    write_bytes("a", STR("\n" LINE(2) "\n"));
    assert_int_equal(next_id(), 1);
    assert_int_equal(next_id(), 2);
    assert_int_equal(next_id(), 0);
    assert_int_equal(fix.told_count, 1);
    assert_non_null(strstr(fix.told[0], "posts.jsonl:2: longer than"));
    assert_int_equal(source_offset(fix.source), replay_total_bytes(fix.source));
}

static void test_the_longest_line_that_is_taken(void **state) {
    (void)state;
    static char line[POST_LINE_BYTES_MAX];
    memset(line, ' ', sizeof line);
    memcpy(line, LINE(3), sizeof LINE(3) - 1);
    open_with((str){line, sizeof line});
    write_bytes("a", STR("\n"));
    write_bytes("a", (str){line, sizeof line});
    write_bytes("a", STR(" \n" LINE(4)));
    assert_int_equal(next_id(), 3);
    assert_int_equal(next_id(), 4); /* the second is one byte too long */
    assert_int_equal(fix.told_count, 1);
}

static void test_disorder_and_repetition_are_counted(void **state) {
    (void)state;
    open_with(STR("{\"id\":\"1\",\"text\":\"a\",\"created_at\":\"2020-01-03T00:00:00Z\"}\n"
                  "{\"id\":\"2\",\"text\":\"a\",\"created_at\":\"2020-01-02T00:00:00Z\"}\n"
                  "{\"id\":\"1\",\"text\":\"a\",\"created_at\":\"2020-01-04T00:00:00Z\"}\n"));
    assert_int_equal(next_id(), 1);
    assert_int_equal(next_id(), 2);
    assert_int_equal(next_id(), 1);
    assert_int_equal(fix.source->counts.disordered, 1);
    assert_int_equal(fix.source->counts.repeated, 1);
}

static void test_reading_goes_on_at_an_offset(void **state) {
    (void)state;
    struct error err;
    open_with(STR(LINE(1) "\nbad\n" LINE(2) "\nbad\n" LINE(3) "\n"));
    assert_int_equal(next_id(), 1);
    assert_int_equal(next_id(), 2);
    int64_t offset = source_offset(fix.source);
    source_close(fix.source);
    open_source();
    assert_ok(source_seek(fix.source, offset, &err), &err);
    assert_int_equal(next_id(), 3);
    assert_int_equal(fix.told_count, 2);
    assert_non_null(strstr(fix.told[1], "posts.jsonl:4: ")); /* lines are still counted */
    assert_ok(source_seek(fix.source, 0, &err), &err);
    assert_int_equal(next_id(), 1);
    assert_fails(source_seek(fix.source, 100000, &err), &err, ERR_RANGE);
    assert_fails(source_seek(fix.source, -1, &err), &err, ERR_RANGE);
}

static void test_a_file_may_grow_while_it_is_read(void **state) {
    (void)state;
    open_with(STR(LINE(1) "\n"));
    assert_int_equal(next_id(), 1);
    assert_int_equal(next_id(), 0);
    write_bytes("a", STR(LINE(2) "\n"));
    assert_int_equal(next_id(), 2);
    assert_int_equal(next_id(), 0);
}

static void test_a_file_may_shrink_while_it_is_read(void **state) {
    (void)state;
    open_with(STR(LINE(1) "\n" LINE(2) "\n"));
    assert_int_equal(truncate(fix.path, 10), 0);
    assert_int_equal(next_id(), 0);
    assert_int_equal(fix.told_count, 1); /* the stump */
}

static void test_an_empty_file_ends_at_once(void **state) {
    (void)state;
    open_with(STR(""));
    assert_int_equal(next_id(), 0);
    assert_int_equal(fix.told_count, 0);
}

static void test_a_byte_order_mark_is_no_part_of_a_post(void **state) {
    (void)state;
    open_with(STR("\xEF\xBB\xBF" LINE(1) "\n"));
    assert_int_equal(next_id(), 1);
}

#define LATER(id) "{\"id\":\"" #id "\",\"text\":\"a\",\"created_at\":\"2020-01-02T00:00:00Z\"}"

static void test_the_last_post_is_found_at_the_end_of_the_file(void **state) {
    (void)state;
    usec at;
    usec jan;
    assert_true(time_parse_rfc3339(STR("2020-01-02T00:00:00Z"), &jan));
    open_with(STR(""));
    assert_false(replay_last(fix.source, fix.mem, &at));
    source_close(fix.source);
    open_with(STR("no post\n\n{}"));
    assert_false(replay_last(fix.source, fix.mem, &at));
    source_close(fix.source);
    open_with(STR(LINE(1) "\n" LATER(2) "\nno post\n{\"id\":\"8\",\"te"));
    assert_true(replay_last(fix.source, fix.mem, &at));
    assert_int_equal(at, jan);
    assert_int_equal(next_id(), 1); /* reading goes on where it was */
    source_close(fix.source);
    static char far[1 << 17]; /* a line that begins before what is looked at */
    memset(far, 'x', sizeof far);
    open_with(STR(LINE(1) "\n"));
    write_bytes("a", (str){far, sizeof far});
    assert_false(replay_last(fix.source, fix.mem, &at));
    write_bytes("a", STR("\n" LATER(2)));
    assert_true(replay_last(fix.source, fix.mem, &at));
    assert_int_equal(at, jan);
}

static void test_what_is_no_file_is_refused(void **state) {
    (void)state;
    struct error err;
    struct source *s = NULL;
    assert_fails(replay_open(&fix.boot, fix.path, STR("x"), &s, &err), &err, ERR_NOT_FOUND);
    assert_non_null(strstr(err.msg, fix.path));
    assert_fails(replay_open(&fix.boot, fix.dir, STR("x"), &s, &err), &err, ERR_IO);
    assert_non_null(strstr(err.msg, "directory"));
    assert_null(s);
    source_close(s);
}

int main(void) {
#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        EACH(test_posts_come_in_the_order_of_the_file),
        EACH(test_deletions_are_counted_apart),
        EACH(test_bad_lines_are_told_and_lose_nothing_good),
        EACH(test_a_number_of_400_digits_is_one_bad_line),
        EACH(test_a_line_of_ten_megabytes_is_passed_over),
        EACH(test_the_longest_line_that_is_taken),
        EACH(test_disorder_and_repetition_are_counted),
        EACH(test_reading_goes_on_at_an_offset),
        EACH(test_a_file_may_grow_while_it_is_read),
        EACH(test_a_file_may_shrink_while_it_is_read),
        EACH(test_an_empty_file_ends_at_once),
        EACH(test_a_byte_order_mark_is_no_part_of_a_post),
        EACH(test_the_last_post_is_found_at_the_end_of_the_file),
        EACH(test_what_is_no_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
