/* config: what is printed reads back, docs and example say what the table says.
 *
 * BF_UPDATE=1 writes docs/configuration.md anew instead of comparing it. */
#include "config/config.h"

#include <jansson.h>

#include "config_fixture.h"

/* ---- printing ---- */

static void assert_same_values(const struct config *a, const struct config *b) {
    for (int i = 0; i < CONFIG_ROW_COUNT; i++) {
        struct config_value x, y;
        config_value_get(a, &config_rows[i], &x);
        config_value_get(b, &config_rows[i], &y);
        bool same = x.number == y.number && str_eq(x.text, y.text) && x.list.count == y.list.count;
        for (int k = 0; same && k < x.list.count; k++) {
            same = str_eq(x.list.names[k], y.list.names[k]);
            if (x.list.weights) same = same && x.list.weights[k] == y.list.weights[k];
        }
        if (!same) fail_msg(ROW_KEY_FMT " differs", ROW_KEY_ARG(&config_rows[i]));
    }
    assert_int_equal(a->source_count, b->source_count);
    for (int i = 0; i < a->source_count; i++) {
        for (int k = 0; k < CONFIG_SOURCE_KEYS; k++) {
            struct config_value x, y;
            struct config_source one = a->sources[i], other = b->sources[i];
            const struct config_row *row = &config_rows[config_source_rows[k]];
            config_member_get(config_source_member(&one, k), row, &x);
            config_member_get(config_source_member(&other, k), row, &y);
            assert_true(str_eq(x.text, y.text));
            assert_int_equal(x.list.count, y.list.count);
            for (int n = 0; n < x.list.count; n++)
                assert_true(str_eq(x.list.names[n], y.list.names[n]));
        }
    }
}

/* Prints what is loaded, reads that again, and compares. */
static void assert_comes_back(void) {
    struct buf first, second;
    buf_init(&first, 1 << 20);
    buf_init(&second, 1 << 20);
    config_print(&got.cfg, &first, false);
    struct arena a;
    struct config again;
    struct error err;
    arena_open(&a, 4 << 20);
    if (!config_load(&a, &(struct config_input){.text = buf_str(&first)}, &again, &second, &err))
        fail_msg("%s\n%s", buf_z(&first), buf_z(&second));
    assert_same_values(&got.cfg, &again);
    arena_close(&a);
    buf_fini(&first);
    buf_fini(&second);
}

static void test_printed_yaml_reads_back_to_the_same_values(void **state) {
    (void)state;
    assert_taken(load_text(""));
    assert_comes_back();
    assert_taken(load_file("good.yaml"));
    assert_comes_back();
    assert_taken(load_file("sources.yaml"));
    assert_comes_back();
    assert_taken(load_file("live.yaml"));
    assert_int_equal(got.cfg.source_count, 3);
    assert_comes_back();
    str sets[] = {STR("source.path=null"),
                  STR("reader.symbols_file= # 'q\" \\ \xc3\xa9 \xf0\x9f\x90\xa6: {a} "),
                  STR("trading.strategy=~"),
                  STR("trading.muted_authors=true,12,null,x:-,\xc3\xa9&*!|>%"),
                  STR("judge.author_weights=null=0.00000001,1.5=2,-=1"),
                  STR("paper.balance=999999999.99999999"),
                  STR("run.seed=9223372036854775807")};
    assert_taken(load(&(struct config_input){
        .text = STR(""), .profile = STR("staging"), .sets = sets, .set_count = COUNT_OF(sets)}));
    assert_comes_back();
}

static void test_print_says_where_each_value_came_from(void **state) {
    (void)state;
    char var[] = "BULLFINCH_LOG__LEVEL=debug";
    char *env[] = {var, NULL};
    str sets[] = {STR("run.seed=9")};
    str settings[] = {STR("trading.leverage=2")};
    assert_taken(load(&(struct config_input){.text = STR("trading:\n  signal_threshold: 80\n"),
                                             .file = STR("f.yaml"),
                                             .profile = STR("prod"),
                                             .sets = sets,
                                             .set_count = 1,
                                             .env = env,
                                             .settings = settings,
                                             .settings_count = 1}));
    struct buf out;
    buf_init(&out, 1 << 20);
    config_print(&got.cfg, &out, false);
    static const char *const lines[] = {
        "# profile prod, file f.yaml\ntrading:\n  mode: auto  # default\n",
        "\n  signal_threshold: 80  # f.yaml:2\n",
        "\n  leverage: 2  # settings\n",
        "\nlog:\n  level: debug  # env BULLFINCH_LOG__LEVEL\n  format: json  # profile prod\n",
        "\n  seed: 9  # --set\n",
        "\n  url: \"memory:\"  # default\n",
        "\n  balance: 10000  # default\n",
    };
    for (int i = 0; i < COUNT_OF(lines); i++) {
        if (str_find(buf_str(&out), str_from_z(lines[i])) < 0)
            fail_msg("%s is not in\n%s", lines[i], buf_z(&out));
    }
    buf_fini(&out);
}

static void test_print_as_json_has_value_and_from(void **state) {
    (void)state;
    assert_taken(load_file("good.yaml"));
    struct buf out;
    buf_init(&out, 1 << 20);
    config_print(&got.cfg, &out, true);
    json_error_t problem;
    json_t *all = json_loads(buf_z(&out), JSON_REJECT_DUPLICATES, &problem);
    if (!all) fail_msg("%s: %s", problem.text, buf_z(&out));
    json_int_t threshold = 0;
    double share = 0, weight = 0;
    const char *balance, *from, *mode, *profile, *path, *author;
    assert_int_equal(
        json_unpack(all, "{s{s{sI}s{sF}s{ss ss}s{s[s]}} s{s{s{sF}}} s{s{ss}} s{ss} s[{s{ss}}]}",
                    "trading", "signal_threshold", "value", &threshold, "position_size_percent",
                    "value", &share, "mode", "value", &mode, "from", &from, "muted_authors",
                    "value", &author, "judge", "author_weights", "value", "x:44196397", &weight,
                    "paper", "balance", "value", &balance, "profile", "value", &profile, "sources",
                    "path", "value", &path),
        0);
    assert_int_equal(threshold, 80);
    assert_true(share > 0.0249 && share < 0.0251);
    assert_true(weight > 1.49 && weight < 1.51);
    assert_string_equal(mode, "manual");
    assert_string_equal(from, "good.yaml:3");
    assert_string_equal(balance, "25000.5");
    assert_string_equal(profile, "dev");
    assert_string_equal(path, "");
    assert_string_equal(author, "spammer");
    json_decref(all);
    buf_fini(&out);
}

static void test_a_config_made_by_hand_prints_without_origins(void **state) {
    (void)state;
    assert_taken(load_text(""));
    got.cfg.origins = NULL;
    struct buf out;
    buf_init(&out, 1 << 20);
    config_print(&got.cfg, &out, false);
    assert_true(str_find(buf_str(&out), STR("\n  seed: 1\n")) > 0);
    buf_clear(&out);
    config_print(&got.cfg, &out, true);
    assert_true(str_find(buf_str(&out), STR("\"seed\":{\"value\":1,\"from\":\"\"}")) > 0);
    buf_fini(&out);
}

static void test_docs_are_the_committed_page(void **state) {
    (void)state;
    char path[sizeof source_root + 32];
    struct buf want, is;
    buf_init(&want, 1 << 20);
    buf_init(&is, 1 << 20);
    config_docs(&is);
    snprintf(path, sizeof path, "%s/docs/configuration.md", source_root);
    if (getenv("BF_UPDATE")) write_whole(path, buf_str(&is));
    read_whole(path, &want);
    if (!str_eq(buf_str(&want), buf_str(&is)))
        fail_msg("%s is not what the table says: run this test with BF_UPDATE=1", path);
    for (int i = 0; i < CONFIG_ROW_COUNT; i++) {
        char cell[128];
        snprintf(cell, sizeof cell, "\n| `%s` | ", config_rows[i].name);
        assert_true(str_find(buf_str(&is), str_from_z(cell)) > 0);
    }
    buf_fini(&want);
    buf_fini(&is);
}

static void test_the_example_sets_nothing_and_its_comments_are_the_defaults(void **state) {
    (void)state;
    struct buf out, bare;
    buf_init(&out, 1 << 20);
    buf_init(&bare, 1 << 20);
    config_example(&out);
    assert_taken(load(&(struct config_input){.text = buf_str(&out), .profile = STR("prod")}));
    assert_str(got.cfg.log_format, "json"); /* the profile's: the example does not override it */
    assert_true(str_find(buf_str(&out), STR("position_size_percent")) > 0);
    assert_true(str_find(buf_str(&out), STR("busy_timeout_ms")) < 0); /* advanced */
    str rest = buf_str(&out);
    for (str line; str_cut(&rest, '\n', &line);) {
        bool value = str_starts(line, STR("  #")) && !str_starts(line, STR("  # "));
        if (value) buf_put(&bare, STR("  "));
        buf_put(&bare, value ? str_tail(line, 3) : line);
        buf_put_byte(&bare, '\n');
        assert_true(line.n <= 100);
    }
    assert_taken(load_text(""));
    struct config defaults = got.cfg;
    struct arena defaults_arena = got.a;
    got.a = (struct arena){0};
    assert_taken(load_text(buf_z(&bare)));
    assert_same_values(&defaults, &got.cfg);
    arena_close(&defaults_arena);
    buf_fini(&out);
    buf_fini(&bare);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_printed_yaml_reads_back_to_the_same_values),
        cmocka_unit_test(test_print_says_where_each_value_came_from),
        cmocka_unit_test(test_print_as_json_has_value_and_from),
        cmocka_unit_test(test_a_config_made_by_hand_prints_without_origins),
        cmocka_unit_test(test_docs_are_the_committed_page),
        cmocka_unit_test(test_the_example_sets_nothing_and_its_comments_are_the_defaults),
    };
    if (!find_files()) return 1;
    int failed = cmocka_run_group_tests_name("config_print", tests, NULL, NULL);
    clear();
    return failed;
}
