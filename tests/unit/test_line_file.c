/* Lines of a file through a small block. */
#include "check.h"

#include <sys/stat.h>

#include "market/line_file.h"

#define BLOCK_BYTES (LINE_BYTES_MAX + 1) /* the smallest that is allowed: every border is met */

struct scratch {
    char path[64];
    char block[4 * BLOCK_BYTES];
    struct line_file f;
    struct error err;
};

static int setup(void **state) {
    struct scratch *s = calloc(1, sizeof *s);
    memcpy(s->path, "/tmp/bullfinch-lines-XXXXXX", 28);
    s->f.fd = -1;
    int fd = mkstemp(s->path);
    assert_true(fd >= 0);
    close(fd);
    *state = s;
    return 0;
}

static int teardown(void **state) {
    struct scratch *s = *state;
    line_file_close(&s->f);
    unlink(s->path);
    free(s);
    return 0;
}

/* n bytes of `fill`, then `text`. */
static void write_text(struct scratch *s, int n, char fill, const char *text) {
    FILE *f = fopen(s->path, "wb");
    assert_non_null(f);
    for (int i = 0; i < n; i++) assert_int_equal(fputc(fill, f), fill);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void open_lines(struct scratch *s) {
    assert_ok(line_file_open(&s->f, s->path, s->block, BLOCK_BYTES, &s->err), &s->err);
}

static void assert_line(struct scratch *s, const char *want) {
    str line = {0};
    assert_int_equal(line_file_next(&s->f, &line, &s->err), LINE_TEXT);
    check_str(line, str_from_z(want), __FILE__, __LINE__);
}

static void assert_kind(struct scratch *s, line_kind want) {
    str line;
    assert_int_equal(line_file_next(&s->f, &line, &s->err), want);
}

static void test_lines_come_without_their_ends(void **state) {
    struct scratch *s = *state;
    write_text(s, 0, 0, "one\ntwo\r\n\n\r\nfive\rstill five\nlast");
    open_lines(s);
    const char *want[] = {"one", "two", "", "", "five\rstill five", "last"};
    for (int i = 0; i < COUNT_OF(want); i++) {
        assert_line(s, want[i]);
        assert_int_equal(s->f.line, i + 1);
    }
    assert_kind(s, LINE_END);
    assert_kind(s, LINE_END);
}

static void test_an_empty_file_has_no_line(void **state) {
    struct scratch *s = *state;
    open_lines(s);
    assert_kind(s, LINE_END);
    check_str(line_file_tail(&s->f), STR(""), __FILE__, __LINE__);
}

static void check_line_of(struct scratch *s, int bytes, int block_bytes) {
    write_text(s, bytes, 'x', "\nnext\n");
    assert_ok(line_file_open(&s->f, s->path, s->block, block_bytes, &s->err), &s->err);
    bool fits = bytes <= LINE_BYTES_MAX;
    str line = {0};
    assert_int_equal(line_file_next(&s->f, &line, &s->err), fits ? LINE_TEXT : LINE_LONG);
    if (fits) assert_int_equal(line.n, bytes);
    assert_line(s, "next");
    assert_int_equal(s->f.line, 2);
    assert_kind(s, LINE_END);
    line_file_close(&s->f);
}

static void test_a_line_may_have_the_most_bytes_and_no_more(void **state) {
    for (int more = -2; more <= 3; more++) {
        check_line_of(*state, LINE_BYTES_MAX + more, BLOCK_BYTES);
        check_line_of(*state, LINE_BYTES_MAX + more, 4 * BLOCK_BYTES);
    }
}

static void test_a_long_line_at_the_end_is_told_once(void **state) {
    struct scratch *s = *state;
    write_text(s, 10 * BLOCK_BYTES, 'x', "");
    open_lines(s);
    assert_kind(s, LINE_LONG);
    assert_kind(s, LINE_END);
}

static void test_a_file_that_shrinks_loses_the_line_that_was_cut(void **state) {
    struct scratch *s = *state;
    write_text(s, 0, 0, "first\n");
    FILE *f = fopen(s->path, "ab");
    assert_non_null(f);
    for (int i = 0; i < 1000; i++) fprintf(f, "line %d\n", i);
    assert_int_equal(fclose(f), 0);
    open_lines(s);
    assert_line(s, "first");
    assert_int_equal(truncate(s->path, BLOCK_BYTES + 3), 0);
    str line;
    line_kind kind;
    do {
        kind = line_file_next(&s->f, &line, &s->err);
        if (kind == LINE_TEXT) assert_true(str_starts(line, STR("line ")));
    } while (kind == LINE_TEXT);
    assert_int_equal(kind, LINE_BROKEN);
    assert_int_equal(s->err.code, ERR_IO);
    assert_non_null(strstr(s->err.msg, "became shorter"));
    assert_kind(s, LINE_END);
}

static void test_a_file_that_grows_is_read_as_it_was(void **state) {
    struct scratch *s = *state;
    write_text(s, 0, 0, "one\ntw");
    open_lines(s);
    FILE *f = fopen(s->path, "ab");
    assert_non_null(f);
    fputs("o\nthree\n", f);
    assert_int_equal(fclose(f), 0);
    assert_line(s, "one");
    assert_line(s, "tw");
    assert_kind(s, LINE_END);
}

static void test_the_tail_begins_with_a_whole_line(void **state) {
    struct scratch *s = *state;
    write_text(s, BLOCK_BYTES, 'x', "yy\none\ntwo\n");
    open_lines(s);
    check_str(line_file_tail(&s->f), STR("one\ntwo\n"), __FILE__, __LINE__);
    line_file_close(&s->f);
    write_text(s, 0, 0, "all\nof it");
    open_lines(s);
    check_str(line_file_tail(&s->f), STR("all\nof it"), __FILE__, __LINE__);
    line_file_close(&s->f);
    write_text(s, 2 * BLOCK_BYTES, 'x', "");
    open_lines(s);
    check_str(line_file_tail(&s->f), STR(""), __FILE__, __LINE__);
}

static void test_what_is_no_file_is_an_error(void **state) {
    struct scratch *s = *state;
    assert_fails(line_file_open(&s->f, "/nonexistent/x", s->block, BLOCK_BYTES, &s->err), &s->err,
                 ERR_NOT_FOUND);
    assert_fails(line_file_open(&s->f, "/tmp", s->block, BLOCK_BYTES, &s->err), &s->err, ERR_IO);
    assert_non_null(strstr(s->err.msg, "/tmp: not a regular file"));
    assert_int_equal(s->f.fd, -1);
    assert_int_equal(unlink(s->path), 0);
    assert_int_equal(mkfifo(s->path, 0600), 0);
    assert_fails(line_file_open(&s->f, s->path, s->block, BLOCK_BYTES, &s->err), &s->err, ERR_IO);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(lines_come_without_their_ends),
        T(an_empty_file_has_no_line),
        T(a_line_may_have_the_most_bytes_and_no_more),
        T(a_long_line_at_the_end_is_told_once),
        T(a_file_that_shrinks_loses_the_line_that_was_cut),
        T(a_file_that_grows_is_read_as_it_was),
        T(the_tail_begins_with_a_whole_line),
        T(what_is_no_file_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
