/* What waits beside a store that cannot be written: whole turns, adopted once, and nothing of them
 * afterwards. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "run/journal.h"
#include "turnkit.h"

static struct arena arena;
static char dir[64], store_path_text[128], journal_path[128];
static struct store *store;
static struct journal *journal;

static void open_store(void) {
    struct error err;
    char url[160];
    snprintf(url, sizeof url, "sqlite:%s", store_path_text);
    const struct store_options opt = {
        .url = str_from_z(url), .access = STORE_WRITE, .create = true, .busy_timeout_ms = 1000};
    assert_ok(store_open(&arena, &opt, &store, &err), &err);
}

static void open_journal(void) {
    struct error err;
    assert_ok(journal_open(&arena, store_path_text, &journal, &err), &err);
}

static int set_up(void **state) {
    (void)state;
    arena_open(&arena, 256 << 20);
    snprintf(dir, sizeof dir, "/tmp/bf-journal-XXXXXX");
    if (!mkdtemp(dir)) abort();
    snprintf(store_path_text, sizeof store_path_text, "%s/x.db", dir);
    snprintf(journal_path, sizeof journal_path, "%s/x.db.journal", dir);
    open_store();
    open_journal();
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    char cmd[96];
    journal_close(journal);
    store_close(store);
    arena_close(&arena);
    snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
    if (system(cmd) != 0) abort();
    return 0;
}

static void put_turn(int64_t n) {
    static struct turnkit turn;
    struct error err;
    struct buf b;
    turnkit_make(&turn, n);
    buf_init(&b, 1 << 20);
    journal_encode(&turn.acts, &b);
    journal_encode_cursor(STR("run"), STR("offset=7\n"), &b);
    assert_ok(journal_put(journal, buf_str(&b), &err), &err);
    buf_fini(&b);
}

static void adopt(void) {
    struct error err;
    assert_ok(journal_adopt(journal, store, &err), &err);
}

static void expect_lines(int n) {
    struct error err;
    struct buf out;
    str rest, line;
    int count = 0;
    buf_init(&out, 1 << 20);
    const struct show_query q = {.kind = SHOW_LEDGER};
    assert_ok(store_show_json(store, &q, &out, &err), &err);
    rest = buf_str(&out);
    while (rest.n > 0 && str_cut(&rest, '\n', &line)) count += str_starts(line, STR("line "));
    buf_fini(&out);
    assert_int_equal(count, n);
}

static void again(void) {
    journal_close(journal);
    open_journal();
}

static void test_turns_are_in_the_store_after_they_were_adopted(void **state) {
    (void)state;
    struct error err;
    str value;
    bool found;
    put_turn(1);
    put_turn(2);
    expect_lines(0);
    again(); /* as the next process would */
    assert_int_equal(journal_count(journal), 4);
    adopt();
    expect_lines(2);
    assert_int_equal(journal_count(journal), 0);
    assert_ok(store_cursor_get(store, &arena, STR("run"), &value, &found, &err), &err);
    assert_true(found && str_eq(value, STR("offset=7\n")));
    struct store_totals totals;
    assert_ok(store_totals(store, &totals, &err), &err);
    assert_int_equal(totals.posts, 2);
    put_turn(3); /* and it goes on from there */
    adopt();
    expect_lines(3);
}

static void read_journal(char *to) {
    const int fd = open(journal_path, O_RDONLY);
    if (fd < 0 || read(fd, to, JOURNAL_BYTES) != JOURNAL_BYTES) abort();
    close(fd);
}

static void write_journal(const char *from) {
    const int fd = open(journal_path, O_WRONLY);
    if (fd < 0 || write(fd, from, JOURNAL_BYTES) != JOURNAL_BYTES) abort();
    close(fd);
}

static bool has_text(const char *bytes, const char *text) {
    return str_find((str){bytes, JOURNAL_BYTES}, str_from_z(text)) >= 0;
}

static void test_who_is_killed_before_the_file_is_wiped_adopts_nothing_twice(void **state) {
    (void)state;
    char *before = malloc(JOURNAL_BYTES), *after = malloc(JOURNAL_BYTES);
    put_turn(1);
    put_turn(2);
    read_journal(before);
    adopt();
    read_journal(after);
    assert_true(has_text(before, "what was said"));
    assert_false(has_text(after, "what was said"));
    write_journal(before);
    again();
    assert_int_equal(journal_count(journal), 4);
    adopt();
    expect_lines(2);
    free(before);
    free(after);
}

static void test_a_new_file_in_the_place_of_the_old_one_is_adopted_whole(void **state) {
    (void)state;
    put_turn(1);
    adopt();
    journal_close(journal);
    assert_int_equal(unlink(journal_path), 0);
    open_journal();
    put_turn(2);
    adopt();
    expect_lines(2);
}

static void test_a_turn_that_was_cut_short_is_not_there(void **state) {
    (void)state;
    char *bytes = malloc(JOURNAL_BYTES);
    put_turn(1);
    put_turn(2);
    read_journal(bytes);
    ptrdiff_t last = JOURNAL_BYTES - 1;
    while (bytes[last] == 0) last--;
    bytes[last] ^= 1;
    write_journal(bytes);
    again();
    assert_int_equal(journal_count(journal), 3);
    adopt();
    expect_lines(2);
    free(bytes);
}

static void test_what_another_build_wrote_is_left_for_it(void **state) {
    (void)state;
    struct error err;
    struct journal *j;
    char *bytes = malloc(JOURNAL_BYTES);
    put_turn(1);
    read_journal(bytes);
    bytes[16] = '9'; /* the version */
    write_journal(bytes);
    assert_fails(journal_find(&arena, store_path_text, &j, &err), &err, ERR_STATE);
    assert_non_null(strstr(err.msg, "start that version"));
    free(bytes);
}

static void test_a_full_journal_says_so(void **state) {
    (void)state;
    struct error err;
    struct buf b;
    buf_init(&b, JOURNAL_BYTES);
    char *big = calloc(1, JOURNAL_BYTES / 3);
    journal_encode_cursor(STR("x"), (str){big, JOURNAL_BYTES / 3}, &b);
    assert_ok(journal_put(journal, buf_str(&b), &err), &err);
    assert_ok(journal_put(journal, buf_str(&b), &err), &err);
    assert_fails(journal_put(journal, buf_str(&b), &err), &err, ERR_FULL);
    assert_int_equal(journal_count(journal), 2);
    buf_fini(&b);
    free(big);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        T(test_turns_are_in_the_store_after_they_were_adopted),
        T(test_who_is_killed_before_the_file_is_wiped_adopts_nothing_twice),
        T(test_a_new_file_in_the_place_of_the_old_one_is_adopted_whole),
        T(test_a_turn_that_was_cut_short_is_not_there),
        T(test_what_another_build_wrote_is_left_for_it),
        T(test_a_full_journal_says_so),
#undef T
    };
    return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
