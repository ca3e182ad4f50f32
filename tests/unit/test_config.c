/* config: what is read, what is refused and in which words. */
#include "config/config.h"

#include <sys/stat.h>

#include "config_fixture.h"

/* ---- the table ---- */

static void test_rows_of_a_section_stand_together_and_no_key_twice(void **state) {
    (void)state;
    for (int i = 0; i < CONFIG_ROW_COUNT; i++) {
        str section = str_from_z(config_rows[i].section);
        assert_int_equal(config_row_find(section, str_from_z(config_rows[i].name)), i);
        int first = config_section_find(section);
        for (int k = first; k <= i; k++)
            assert_string_equal(config_rows[k].section, config_rows[i].section);
    }
}

static void test_every_default_and_profile_is_taken_by_its_own_row(void **state) {
    (void)state;
    for (int i = 0; i < CONFIG_PROFILE_COUNT; i++) {
        assert_taken(load(&(struct config_input){.text = STR(""), .profile = config_profiles[i]}));
        assert_true(str_eq(got.cfg.profile, config_profiles[i]));
    }
}

static void test_defaults_are_the_briefs(void **state) {
    (void)state;
    assert_taken(load_text(""));
    assert_int_equal(got.cfg.trading_signal_threshold, 70);
    assert_int_equal(got.cfg.trading_position_size_percent, E8 / 100);
    assert_int_equal(got.cfg.trading_stop_loss_percent, 2 * E8 / 100);
    assert_int_equal(got.cfg.trading_take_profit_percent, 4 * E8 / 100);
    assert_int_equal(got.cfg.trading_max_daily_drawdown, 5 * E8 / 100);
    assert_int_equal(got.cfg.trading_max_open_positions, 5);
    assert_str(got.cfg.trading_mode, "auto");
    assert_int_equal(money_e8(got.cfg.paper_balance), 10000 * E8);
    assert_str(got.cfg.profile, "dev");
    assert_int_equal(got.cfg.source_count, 1);
    assert_str(got.cfg.sources[0].kind, "replay");
    assert_str(config_source_name(&got.cfg.sources[0]), "x");
}

/* ---- good files ---- */

static void test_a_file_is_read_with_all_types(void **state) {
    (void)state;
    assert_taken(load_file("good.yaml"));
    const struct config *c = &got.cfg;
    assert_str(c->file, "good.yaml");
    assert_str(c->trading_mode, "manual");
    assert_int_equal(c->trading_signal_threshold, 80);
    assert_int_equal(c->trading_position_size_percent, 25 * E8 / 1000);
    assert_false(c->trading_allow_short);
    assert_int_equal(c->trading_muted_authors.count, 2);
    assert_str(c->trading_muted_authors.names[1], "x:12345");
    assert_null(c->trading_muted_authors.weights);
    assert_int_equal(c->trading_muted_symbols.count, 2);
    assert_str(c->trading_muted_symbols.names[0], "SHIBUSDT");
    assert_int_equal(c->judge_author_weights.count, 3);
    assert_str(c->judge_author_weights.names[1], "x:44196397");
    assert_int_equal(c->judge_author_weights.weights[1], 3 * E8 / 2);
    assert_int_equal(c->judge_author_weights.weights[2], E8 / 4);
    assert_int_equal(money_e8(c->paper_balance), 25000 * E8 + E8 / 2);
    assert_str(c->store_url, "sqlite:/var/lib/bullfinch/bullfinch.db");
    assert_int_equal(c->run_seed, 7);
    assert_int_equal(c->trading_max_open_positions, 5); /* not in the file */
}

static void test_files_without_values_are_fine(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",           "\n\n",       "# comment\n", "---\n",
        "---\n...\n", "~\n",        "trading:\n",  "trading: ~\nlog: null\n",
        "{}",         "trading: {}"};
    for (int i = 0; i < COUNT_OF(texts); i++) assert_taken(load_text(texts[i]));
    assert_taken(load_file("empty.yaml"));
    assert_taken(load_file("comment.yaml"));
    assert_taken(load_file("/dev/null"));
}

static void test_a_byte_order_mark_and_crlf_are_fine(void **state) {
    (void)state;
    assert_taken(load_file("bom-and-crlf.yaml"));
    assert_int_equal(got.cfg.trading_signal_threshold, 61);
}

static void test_lists_may_be_texts_with_commas(void **state) {
    (void)state;
    assert_taken(load_text("trading: {muted_symbols: ' DOGEUSDT,PEPEUSDT , XRPUSDT'}\n"
                           "judge: {author_weights: 'x:1=0.5, a = 2'}"));
    assert_int_equal(got.cfg.trading_muted_symbols.count, 3);
    assert_str(got.cfg.trading_muted_symbols.names[1], "PEPEUSDT");
    assert_int_equal(got.cfg.judge_author_weights.count, 2);
    assert_str(got.cfg.judge_author_weights.names[1], "a");
    assert_int_equal(got.cfg.judge_author_weights.weights[1], 2 * E8);
}

/* ---- several levels ---- */

static void test_the_higher_level_counts(void **state) {
    (void)state;
    str sets[] = {STR("trading.signal_threshold=75"), STR("trading.signal_threshold=76")};
    char env_one[] = "BULLFINCH_TRADING__SIGNAL_THRESHOLD=74";
    char *env[] = {env_one, NULL};
    str settings[] = {STR("trading.signal_threshold=73")};
    struct config_input in = {.text = STR("trading: {signal_threshold: 72}\nlog: {format: logfmt}"),
                              .file = STR("f.yaml"),
                              .profile = STR("prod"),
                              .sets = sets,
                              .set_count = 2,
                              .env = env,
                              .settings = settings,
                              .settings_count = 1};
    assert_taken(load(&in));
    assert_int_equal(got.cfg.trading_signal_threshold, 76);
    assert_str(got.cfg.log_format, "logfmt"); /* the file is above the profile */
    assert_int_equal(got.cfg.reader_workers, 0);
    in.set_count = 0;
    assert_taken(load(&in));
    assert_int_equal(got.cfg.trading_signal_threshold, 74);
    in.env = NULL;
    assert_taken(load(&in));
    assert_int_equal(got.cfg.trading_signal_threshold, 73);
    in.settings_count = 0;
    assert_taken(load(&in));
    assert_int_equal(got.cfg.trading_signal_threshold, 72);
    in.text = STR("");
    assert_taken(load(&in));
    assert_int_equal(got.cfg.trading_signal_threshold, 70);
    assert_str(got.cfg.log_format, "json");
}

static void test_a_mistake_counts_also_where_it_is_overridden(void **state) {
    (void)state;
    str sets[] = {STR("run.seed=5")};
    assert_report(
        load(&(struct config_input){
            .text = STR("run: {seed: five}"), .file = STR("f.yaml"), .sets = sets, .set_count = 1}),
        "f.yaml:1: run.seed: five is not a whole number, expected 0 to "
        "9223372036854775807\n");
}

static void test_the_default_file_is_read_where_it_is(void **state) {
    (void)state;
    char here[4096];
    char folder[] = "/tmp/bullfinch-config-XXXXXX";
    assert_non_null(getcwd(here, sizeof here));
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    assert_taken(load(&(struct config_input){0}));
    assert_str(got.cfg.file, "");
    write_whole("bullfinch.yaml", STR("run: {seed: 12}\n"));
    assert_taken(load(&(struct config_input){0}));
    assert_str(got.cfg.file, "bullfinch.yaml");
    assert_int_equal(got.cfg.run_seed, 12);
    assert_taken(load(&(struct config_input){.text = STR("")}));
    assert_int_equal(got.cfg.run_seed, 1);
    assert_int_equal(unlink("bullfinch.yaml"), 0);
    assert_int_equal(chdir(here), 0);
    assert_int_equal(rmdir(folder), 0);
}

/* ---- mistakes ---- */

static void test_every_mistake_of_a_file_is_reported_once_with_its_line(void **state) {
    (void)state;
    struct buf want;
    buf_init(&want, 1 << 20);
    read_whole("mistakes.report", &want);
    assert_false(load_file("mistakes.yaml"));
    if (!str_eq(buf_str(&got.report), buf_str(&want)))
        fail_msg("mistakes.report differs; got\n%s", buf_z(&got.report));
    assert_str(str_from_z(got.err.msg), "50 mistakes in the configuration");
    assert_true(str_find(buf_str(&got.report), STR("hunter2")) < 0);
    buf_fini(&want);
}

static void test_reports_go_by_line_then_environment_then_set(void **state) {
    (void)state;
    str sets[] = {STR("trading.leverage=0"), STR("nonsense")};
    str settings[] = {STR("trading.leverage=99"), STR("store.url=sqlite:x"),
                      STR("trading.max_hold_s=1"), STR("trading.max_hold_s=1")};
    char z[] = "BULLFINCH_TRADING__LEVERAGE=x", a[] = "BULLFINCH_RUN__SEED=-1";
    char *env[] = {z, a, NULL};
    assert_report(
        load(&(struct config_input){.text = STR("run: {seed: x}\nzebra: 1\nqueue:\n  capacity: 1"),
                                    .file = STR("f.yaml"),
                                    .profile = STR("prud"),
                                    .sets = sets,
                                    .set_count = 2,
                                    .env = env,
                                    .settings = settings,
                                    .settings_count = 4}),
        "f.yaml:1: run.seed: x is not a whole number, expected 0 to 9223372036854775807\n"
        "f.yaml:2: zebra: unknown section; there are trading, judge, model, reader, source, x, "
        "bluesky, "
        "market, "
        "venue, paper, store, retention, queue, api, metrics, notify, telegram, "
        "discord, slack, webhook, mail, log, run\n"
        "f.yaml:4: queue.capacity: 1 is too small, expected 16 to 1000000\n"
        "settings trading.leverage: 99 is too large, expected 1 to 20\n"
        "settings store.url: is not reloadable; it stands in the file, the environment or --set\n"
        "settings trading.max_hold_s: stands twice\n"
        "BULLFINCH_RUN__SEED: -1 is too small, expected 0 to 9223372036854775807\n"
        "BULLFINCH_TRADING__LEVERAGE: x is not a whole number, expected 1 to 20\n"
        "--profile: prud is no profile, expected dev, staging or prod; did you mean prod?\n"
        "--set trading.leverage: 0 is too small, expected 1 to 20\n"
        "--set: nonsense is not section.key=value\n");
}

static void test_one_is_not_one_percent(void **state) {
    (void)state;
    assert_report(
        load_text("trading:\n  position_size_percent: 1\n"),
        "f.yaml:2: trading.position_size_percent: 1 is too large, expected 0.0001 to 0.25 "
        "(0.01 is 1 %, 1 would be 100 %)\n");
    assert_str(str_from_z(got.err.msg), "1 mistake in the configuration");
    assert_report(load_set("trading.position_size_percent=0.5"),
                  "--set trading.position_size_percent: 0.5 is too large, expected 0.0001 to 0.25 "
                  "(0.01 is 1 %, 0.5 would be 50 %)\n");
}

static void test_numbers_are_exact_and_bounded(void **state) {
    (void)state;
    static const struct {
        const char *set, *problem; /* NULL: taken */
    } cases[] = {
        {"trading.position_size_percent=0.0001", NULL},
        {"trading.position_size_percent=0.00009999", "0.00009999 is too small"},
        {"trading.position_size_percent=0.25", NULL},
        {"trading.position_size_percent=0.25000001", "0.25000001 is too large"},
        {"trading.position_size_percent=0.010000000", NULL},
        {"trading.position_size_percent=0.010000001", "has more than 8 decimals"},
        {"trading.position_size_percent=.01", "is not a decimal number"},
        {"trading.position_size_percent=0,01", "\"0,01\" is not a decimal number"},
        {"trading.position_size_percent=1e-2", "is not a decimal number"},
        {"trading.position_size_percent=0x1", "is not a decimal number"},
        {"trading.position_size_percent= 0.01", "\" 0.01\" is not a decimal number"},
        {"trading.position_size_percent=", "\"\" is not a decimal number"},
        {"trading.position_size_percent=99999999999", "99999999999 is too large"},
        {"trading.position_size_percent=-99999999999", "-99999999999 is too small"},
        {"trading.position_size_percent=9999999999", "9999999999 is too large"},
        {"paper.balance=1000000000", NULL},
        {"paper.balance=1000000000.00000001", "is too large"},
        {"paper.balance=0.99999999", "is too small"},
        {"trading.signal_threshold=0", NULL},
        {"trading.signal_threshold=100", NULL},
        {"trading.signal_threshold=101", "is too large"},
        {"trading.signal_threshold=-1", "is too small"},
        {"trading.signal_threshold=70.0", "is not a whole number"},
        {"trading.signal_threshold=+7", "is not a whole number"},
        {"trading.signal_threshold=070", "starts with a zero"},
        {"trading.signal_threshold=-99999999999999999999", "is too small"},
        {"run.seed=9223372036854775807", NULL},
        {"run.seed=9223372036854775808", "is too large"},
        {"trading.allow_short=TRUE", NULL},
        {"trading.allow_short=1", "1 is not taken, expected true or false"},
        {"trading.allow_short=", "\"\" is not taken, expected true or false"},
        {"log.level=unusal", "did you mean unusual?"},
        {"log.level=INFO", "did you mean info?"},
        {"log.level=qqqqqqq", "qqqqqqq is not known, expected info, trace, debug, unusual or "
                              "broken\n"},
        {"trading.strategy=seventeen bytes..", "is too long, expected 1 to 16 bytes"},
        {"trading.strategy=a\nb", "a?b holds characters that are no text on one line"},
        {"trading.strategy=\xff", "? holds characters"},
        {"trading.strategy=\xe2\x80\xa8", "holds characters"},
        {"trading.strategy=\xc3\xa9t\xc3\xa9", NULL},
        {"trading.strategy=a b", "may have neither blanks nor /"},
        {"trading.strategy=a/b", "may have neither blanks nor /"},
        {"source.path=", NULL},
    };
    for (int i = 0; i < COUNT_OF(cases); i++) {
        bool ok = load_set(cases[i].set);
        if (ok != !cases[i].problem)
            fail_msg("%s: %s", cases[i].set, ok ? "taken" : buf_z(&got.report));
        if (ok) continue;
        if (str_find(buf_str(&got.report), str_from_z(cases[i].problem)) < 0)
            fail_msg("%s: %s", cases[i].set, buf_z(&got.report));
        assert_str(str_from_z(got.err.msg), "1 mistake in the configuration");
    }
}

static void test_list_entries_are_names(void **state) {
    (void)state;
    assert_taken(load_set("trading.muted_symbols="));
    assert_int_equal(got.cfg.trading_muted_symbols.count, 0);
    assert_taken(load_set("trading.muted_symbols=A,B"));
    assert_taken(load_set("judge.author_weights=a=0,x:44196397=1.5"));
    assert_int_equal(got.cfg.judge_author_weights.weights[1], 3 * E8 / 2);
    assert_report(
        load_set("trading.muted_symbols=A,,@B,[C,A,a"),
        "--set trading.muted_symbols: \"\" is an empty name\n"
        "--set trading.muted_symbols: @B is written with @; the name alone is expected\n"
        "--set trading.muted_symbols: [C is not a name: no blanks, quotes, brackets or any "
        "of , ; = # in it\n"
        "--set trading.muted_symbols: A stands twice\n"
        "--set trading.muted_symbols: a stands twice\n");
    assert_report(
        load_set("judge.author_weights=x:=1,:7=1,x:7@=1,x:@a=1,x:7@a=1"),
        "--set judge.author_weights: \"x:\" lacks a side of its colon, expected source:id\n"
        "--set judge.author_weights: \":7\" lacks a side of its colon, expected source:id\n"
        "--set judge.author_weights: \"x:7@\" has no name behind its @\n");
    assert_report(load_set("judge.author_weights=a,b=2.1,c=,=1"),
                  "--set judge.author_weights: a has no weight, expected name=weight\n"
                  "--set judge.author_weights: b: 2.1 is too large, expected 0 to 2\n"
                  "--set judge.author_weights: c: \"\" is not a decimal number, expected 0 to 2\n"
                  "--set judge.author_weights: \"\" is an empty name\n");
    assert_report(load_text("trading:\n  muted_symbols:\n    - A\n    -\n    - B\n    - '@C'\n"),
                  "f.yaml:4: trading.muted_symbols: \"\" is an empty name\n"
                  "f.yaml:6: trading.muted_symbols: @C is written with @; the name alone is "
                  "expected\n");
    assert_report(
        load_text("trading: {muted_symbols: }"),
        "f.yaml:1: trading.muted_symbols: has no value (\"\" is the empty one), expected a "
        "list of names, at most 1000\n");
}

static void test_lists_end_at_a_thousand(void **state) {
    (void)state;
    struct buf text;
    buf_init(&text, 1 << 20);
    buf_put(&text, STR("trading: {muted_symbols: [S0"));
    for (int i = 1; i < CONFIG_LIST_MAX; i++) buf_printf(&text, ", S%d", i);
    ptrdiff_t len = text.len;
    buf_put(&text, STR("]}"));
    assert_taken(load_text(buf_z(&text)));
    assert_int_equal(got.cfg.trading_muted_symbols.count, CONFIG_LIST_MAX);
    assert_str(got.cfg.trading_muted_symbols.names[999], "S999");
    text.len = len;
    buf_put(&text, STR(", one, two, three]}"));
    assert_report(load_text(buf_z(&text)),
                  "f.yaml:1: trading.muted_symbols: more than 1000 entries\n");
    buf_clear(&text);
    buf_put(&text, STR("trading.muted_symbols=S"));
    for (int i = 0; i < 100000; i++) buf_printf(&text, ",S%d", i);
    assert_report(load_set(buf_z(&text)), "--set trading.muted_symbols: more than 1000 entries\n");
    buf_fini(&text);
}

static void test_reports_end_at_two_hundred(void **state) {
    (void)state;
    struct buf text;
    buf_init(&text, 1 << 20);
    for (int i = 0; i < 300; i++) buf_printf(&text, "nothing%d: 1\n", i);
    assert_false(load_text(buf_z(&text)));
    assert_str(str_from_z(got.err.msg), "300 mistakes in the configuration");
    assert_true(str_ends(buf_str(&got.report), STR("\n... and 100 more\n")));
    buf_fini(&text);
}

static void test_unknown_names_get_the_one_that_was_meant(void **state) {
    (void)state;
    static const struct {
        const char *set, *report;
    } cases[] = {
        {"tradign.mode=auto", "--set tradign.mode: unknown section, did you mean trading?\n"},
        {"trading.Signal-Threshold=1",
         "--set trading.Signal-Threshold: unknown key, did you mean trading.signal_threshold?\n"},
        {"trading.stop_loss=1",
         "--set trading.stop_loss: unknown key, did you mean trading.stop_loss_percent?\n"},
        {"trading.threshold=1",
         "--set trading.threshold: unknown key, did you mean trading.signal_threshold?\n"},
        {"trading.workers=1", "--set trading.workers: unknown key, did you mean reader.workers?\n"},
        {"log.colour=1", "--set log.colour: unknown key; log has level, format\n"},
        {"trading.=1", "--set trading.: unknown key\n"},
        {".mode=1",
         "--set .mode: unknown section; there are trading, judge, model, reader, "
         "source, x, bluesky, "
         "market, venue, paper, store, retention, queue, api, metrics, notify, telegram, "
         "discord, slack, webhook, mail, log, run\n"},
        {"sources.path=x",
         "--set sources.path: the list of sources can only stand in the file; source.kind, "
         "source.path and source.name are its first entry\n"},
        {"mode=auto", "--set: mode is not section.key=value\n"},
        {"", "--set: \"\" is not section.key=value\n"},
        {"trading\n.x\x01y=1", "--set trading?.x?y: unknown section, did you mean trading?\n"},
    };
    for (int i = 0; i < COUNT_OF(cases); i++) {
        assert_false(load_set(cases[i].set));
        check_str(buf_str(&got.report), str_from_z(cases[i].report), cases[i].set, i);
    }
}

/* ---- YAML ---- */

static void test_syntax_errors_have_line_and_column(void **state) {
    (void)state;
    assert_report(load_file("syntax.yaml"),
                  "syntax.yaml:6: column 1: not well-formed YAML: found unexpected end of stream "
                  "(while scanning a quoted scalar that begins on line 3)\n");
    assert_report(
        load_file("tab.yaml"),
        "tab.yaml:2: column 1: not well-formed YAML: found character that cannot start any "
        "token; the line begins with a tab, YAML is indented with blanks\n");
    assert_report(
        load_file("control.yaml"),
        "control.yaml:3: column 8: not well-formed: control characters are not allowed\n");
    assert_report(load_text("run: {seed: x}\nlog: ]\n"),
                  "f.yaml:1: run.seed: x is not a whole number, expected 0 to "
                  "9223372036854775807\n"
                  "f.yaml:2: column 6: not well-formed YAML: did not find expected node content\n");
}

static void test_what_is_no_text_is_refused(void **state) {
    (void)state;
    assert_report(load_file("latin1.yaml"), "latin1.yaml:2: is not well-formed UTF-8\n");
    assert_report(load_file("nul.yaml"), "nul.yaml:3: holds a NUL byte; this is no text file\n");
    assert_report(load_text("\xff\xfe"), "f.yaml:1: is not well-formed UTF-8\n");
}

static void test_only_one_document_of_sections_is_taken(void **state) {
    (void)state;
    assert_report(load_file("two-documents.yaml"),
                  "two-documents.yaml:3: a second document begins here; a file holds one\n");
    assert_report(load_text("hello"), "f.yaml:1: expected sections, such as trading:, with keys in "
                                      "them\n");
    assert_report(load_text("- trading"),
                  "f.yaml:1: expected sections, such as trading:, with keys "
                  "in them\n");
    assert_report(load_text("trading: auto"),
                  "f.yaml:1: trading: a section holds lines of key: value\n");
}

static void test_aliases_cannot_grow_and_depth_is_limited(void **state) {
    (void)state;
    assert_false(load_file("laughs.yaml"));
    assert_true(
        str_find(buf_str(&got.report),
                 STR("laughs.yaml:2: aliases (*name) are not taken; write the value out\n")) > 0);
    assert_report(load_text("trading: {mode: &m auto}\nrun: {seed: *m}"),
                  "f.yaml:1: anchors (&name) are not taken\n"
                  "f.yaml:2: aliases (*name) are not taken; write the value out\n");
    assert_report(load_file("deep.yaml"),
                  "deep.yaml:1: trading: a section holds lines of key: value\n"
                  "deep.yaml:1: nested deeper than 8 levels\n");
    struct buf text;
    buf_init(&text, CONFIG_FILE_MAX);
    for (int i = 0; i < CONFIG_FILE_MAX; i++) buf_put_byte(&text, '[');
    assert_false(load(&(struct config_input){.text = buf_str(&text)}));
    buf_fini(&text);
}

/* ---- the file as such ---- */

static void test_files_that_cannot_be_read_are_mistakes(void **state) {
    (void)state;
    assert_report(load_file("missing.yaml"),
                  "missing.yaml: cannot be opened: No such file or directory\n");
    assert_report(load_file("."), ".: is a directory, expected a file\n");
    assert_report(load_file("good.yaml/x"), "good.yaml/x: cannot be opened: Not a directory\n");
    assert_report(load_file("/dev/zero"), "/dev/zero: is a device, expected a file\n");
    assert_report(load(&(struct config_input){.file = STR("a\0b")}), "a?b: is no path\n");
    char path[] = "/tmp/bullfinch-config-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, 0), 0);
    if (geteuid() != 0) {
        assert_false(load_file(path));
        assert_true(str_ends(buf_str(&got.report), STR(": cannot be opened: Permission denied\n")));
    }
    assert_int_equal(ftruncate(fd, CONFIG_FILE_MAX + 1), 0);
    assert_int_equal(fchmod(fd, 0600), 0);
    assert_false(load_file(path));
    assert_true(str_ends(buf_str(&got.report), STR(": is larger than 1 MiB\n")));
    close(fd);
    unlink(path);
}

static void test_a_file_of_one_mebibyte_is_taken(void **state) {
    (void)state;
    struct buf text;
    buf_init(&text, CONFIG_FILE_MAX);
    buf_put(&text, STR("run: {seed: 3}\n#"));
    while (text.len < CONFIG_FILE_MAX) buf_put_byte(&text, 'x');
    char path[] = "/tmp/bullfinch-config-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    write_whole(path, buf_str(&text));
    assert_taken(load_file(path));
    assert_int_equal(got.cfg.run_seed, 3);
    unlink(path);
    buf_fini(&text);
}

/* ---- environment ---- */

static void test_variables_with_two_underscores_are_keys(void **state) {
    (void)state;
    assert_taken(load_env("BULLFINCH_TRADING__MUTED_SYMBOLS=A, B", "BULLFINCH_log__Level=debug"));
    assert_int_equal(got.cfg.trading_muted_symbols.count, 2);
    assert_str(got.cfg.log_level, "debug");
    assert_taken(load_env("BULLFINCH_SERVICE_PORT_8080_TCP=tcp://1.2.3.4:80", "BULLFINCH_PORT=1"));
    assert_taken(load_env("BULLFINCHX__Y=1", "OTHER__THING=1"));
    assert_taken(load_env("BULLFINCH_A__B", "BULLFINCH_PROFILE="));
    assert_report(
        load_env("BULLFINCH_TRADING__SIGNAL_TRESHOLD=1", "BULLFINCH_TRADNG__MODE=auto"),
        "BULLFINCH_TRADING__SIGNAL_TRESHOLD: no such key in the configuration, did you mean "
        "BULLFINCH_TRADING__SIGNAL_THRESHOLD?\n"
        "BULLFINCH_TRADNG__MODE: no such key in the configuration, did you mean "
        "BULLFINCH_TRADING__MODE?\n");
    assert_report(load_env("BULLFINCH__=1", "BULLFINCH_\n__\xff=1"),
                  "BULLFINCH_?__?: no such key in the configuration\n"
                  "BULLFINCH__: no such key in the configuration\n");
    assert_report(load_env("BULLFINCH_LOG__LEVEL=debug", "BULLFINCH_log__level=info"),
                  "BULLFINCH_log__level: is given twice, in other letters or in the same\n");
}

static void test_the_profile_comes_from_the_option_or_the_environment(void **state) {
    (void)state;
    assert_taken(load_env("BULLFINCH_PROFILE=staging", NULL));
    assert_str(got.cfg.profile, "staging");
    assert_str(got.cfg.trading_mode, "observe");
    char var[] = "BULLFINCH_PROFILE=staging";
    char *env[] = {var, NULL};
    assert_taken(load(&(struct config_input){.text = STR(""), .profile = STR("prod"), .env = env}));
    assert_str(got.cfg.profile, "prod");
    assert_str(got.cfg.log_format, "json");
    assert_str(got.cfg.trading_mode, "auto");
    assert_report(
        load_env("BULLFINCH_PROFILE=production", NULL),
        "BULLFINCH_PROFILE: production is no profile, expected dev, staging or prod; did you "
        "mean prod?\n");
}

/* ---- sources ---- */

static void test_the_first_of_the_sources_is_source(void **state) {
    (void)state;
    assert_taken(load_file("sources.yaml"));
    assert_int_equal(got.cfg.source_count, 1);
    assert_str(got.cfg.source_path, "w\xc3\xa9"
                                    "dnesday.jsonl");
    assert_str(got.cfg.sources[0].kind, "replay");
    assert_str(got.cfg.sources[0].path, "w\xc3\xa9"
                                        "dnesday.jsonl");
    assert_str(got.cfg.sources[0].name, "archive");
    str sets[] = {STR("source.path=other.jsonl")};
    assert_taken(
        load(&(struct config_input){.file = STR("sources.yaml"), .sets = sets, .set_count = 1}));
    assert_int_equal(got.cfg.source_count, 1);
    assert_str(got.cfg.sources[0].path, "other.jsonl");
    assert_str(got.cfg.sources[0].name, "archive");
}

static const char live_sources[] =
    "sources:\n"
    "  - {kind: jetstream}\n"
    "  - kind: jetstream\n"
    "    name: friends\n"
    "    authors:\n"
    "      - alice.bsky.social\n"
    "      - did:plc:z72i7hdynmk6r22z27h6tvur\n"
    "      - did:plc:ewvi7nxzyoun6zhxrhs64oiz@atproto.com\n"
    "  - {kind: x_stream, authors: [elonmusk, 12, 44196397@Elon_M]}\n"
    "  - {kind: x_search, query: 'bitcoin etf', keep: linked}\n"
    "  - {kind: x_activity, authors: 'elonmusk, 7', strangers: yes}\n"
    "  - {kind: push, name: desk}\n"
    "  - {kind: replay, path: monday.jsonl}\n"
    "x: {token_file: token}\n"
    "api: {listen: '127.0.0.1:0'}\n";

static void test_several_sources_are_read_with_what_is_their_own(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int authors;
        bool live, x, strangers, linked;
    } want[] = {{"bsky", 0, true, false, true, true}, {"friends", 3, true, false, false, false},
                {"x", 3, true, true, false, false},   {"x", 0, true, true, true, true},
                {"x", 2, true, true, true, false},    {"desk", 0, true, false, false, false},
                {"x", 0, false, false, false, false}};
    assert_taken(load_text(live_sources));
    assert_int_equal(got.cfg.source_count, COUNT_OF(want));
    for (int i = 0; i < COUNT_OF(want); i++) {
        const struct config_source *s = &got.cfg.sources[i];
        check_str(config_source_name(s), str_from_z(want[i].name), want[i].name, i);
        assert_int_equal(s->authors.count, want[i].authors);
        assert_int_equal(config_source_is_live(s), want[i].live);
        assert_int_equal(config_source_is_x(s), want[i].x);
        assert_int_equal(config_source_lets_strangers_in(s), want[i].strangers);
        assert_int_equal(config_source_keeps_linked(s), want[i].linked);
        assert_str(s->filter, "-is:retweet -is:reply");
    }
    assert_str(got.cfg.sources[1].authors.names[1], "did:plc:z72i7hdynmk6r22z27h6tvur");
    assert_str(got.cfg.sources[2].authors.names[2], "44196397@Elon_M");
    assert_str(got.cfg.sources[4].authors.names[1], "7");
    assert_str(config_source_url(&got.cfg, &got.cfg.sources[2]), "https://api.x.com");
    assert_true(str_starts(config_source_url(&got.cfg, &got.cfg.sources[0]), STR("wss://")));
    assert_str(config_source_url(&got.cfg, &got.cfg.sources[5]), "");
    assert_true(config_has_live_source(&got.cfg));
    assert_true(config_has_x_source(&got.cfg));
}

static void test_a_feed_belongs_to_the_source_of_its_kind_and_name(void **state) {
    (void)state;
    static const char *const none[] = {"",
                                       "x",
                                       "x_stream",
                                       "x_stream:",
                                       ":x",
                                       "x_stream:bsky",
                                       "jetstream:x",
                                       "x_stream:x:x",
                                       "x_streamx",
                                       "old:x"};
    assert_taken(load_text(live_sources));
    const struct config_source *const all = got.cfg.sources;
    assert_true(config_source_of_feed(&got.cfg, STR("jetstream:bsky")) == &all[0]);
    assert_true(config_source_of_feed(&got.cfg, STR("jetstream:friends")) == &all[1]);
    assert_true(config_source_of_feed(&got.cfg, STR("x_activity:x")) == &all[4]);
    assert_true(config_source_of_feed(&got.cfg, STR("push:desk")) == &all[5]);
    for (int i = 0; i < COUNT_OF(none); i++)
        if (config_source_of_feed(&got.cfg, str_from_z(none[i])) != NULL)
            fail_msg("\"%s\" is a source's", none[i]);
}

static void test_set_and_environment_change_the_first_source(void **state) {
    (void)state;
    assert_taken(load_set("source.kind=jetstream"));
    assert_str(config_source_name(&got.cfg.sources[0]), "bsky");
    assert_true(config_has_live_source(&got.cfg));
    assert_false(config_has_x_source(&got.cfg));
    assert_taken(load_env("BULLFINCH_SOURCE__KIND=jetstream",
                          "BULLFINCH_SOURCE__AUTHORS=a.bsky.social,b.bsky.social"));
    assert_int_equal(got.cfg.sources[0].authors.count, 2);
    assert_str(got.cfg.sources[0].authors.names[1], "b.bsky.social");
    assert_false(config_source_lets_strangers_in(&got.cfg.sources[0]));
}

static void test_money_of_x_has_todays_prices(void **state) {
    (void)state;
    assert_taken(load_text(""));
    assert_int_equal(money_e8(got.cfg.x_monthly_budget), 10 * E8);
    assert_int_equal(money_e8(got.cfg.x_price_post), 5 * E8 / 1000);
    assert_int_equal(money_e8(got.cfg.x_price_event), 5 * E8 / 1000);
    assert_int_equal(money_e8(got.cfg.x_price_user), 10 * E8 / 1000);
    assert_int_equal(got.cfg.x_monthly_posts, 3000000);
    assert_taken(load_set("x.monthly_budget=0"));
    assert_int_equal(money_e8(got.cfg.x_monthly_budget), 0);
    assert_report(load_set("x.monthly_budget=-1"),
                  "--set x.monthly_budget: -1 is too small, expected 0 to 1000000\n");
}

#define TOKEN "x: {token_env: X_TOKEN}\n"

static void test_what_a_source_lacks_is_said_with_what_to_set(void **state) {
    (void)state;
    static const struct {
        const char *text, *report;
    } cases[] = {
        {"source: {kind: x_stream, authors: [elonmusk]}",
         "f.yaml:1: source: X wants a token: set x.token_file to the name of a file (chmod 600) "
         "that holds the app-only bearer token, or x.token_env to that of a variable; without a "
         "token there is source.kind jetstream\n"},
        {TOKEN "source: {kind: x_search}", "f.yaml:2: source: needs authors, or a query\n"},
        {TOKEN "source: {kind: x_activity}", "f.yaml:2: source: x_activity needs authors\n"},
        {TOKEN "source: {kind: x_activity, authors: a, query: b}",
         "f.yaml:2: source: x_activity follows authors alone; a query is for x_search or "
         "x_stream\n"},
        {TOKEN "source:\n  kind: x_search\n  authors:\n    - alice.bsky.social\n",
         "f.yaml:4: source: authors: alice.bsky.social is no author on X, expected a name of up to "
         "15 letters, digits and _, an id of digits, or id@name\n"},
        {TOKEN "source: {kind: x_search, authors: 0123456789012345@a}",
         "f.yaml:2: source: authors: 0123456789012345@a is no author on X, expected a name of up "
         "to 15 letters, digits and _, an id of digits, or id@name\n"},
        {"source: {kind: jetstream, authors: elonmusk}",
         "f.yaml:1: source: authors: elonmusk is no author on Bluesky, expected a name such as "
         "alice.bsky.social, did:plc:..., or did:plc:...@name\n"},
        {"source: {kind: jetstream, query: bitcoin}",
         "f.yaml:1: source: Bluesky has no query: give authors, or leave both out to read "
         "everybody\n"},
        {"source: {kind: jetstream, name: x}",
         "f.yaml:1: source: x is the name of posts on X; give this source another name\n"},
        {"source: {kind: jetstream, name: Sky}",
         "f.yaml:1: source: a source's name is of a-z, 0-9, _ and -\n"},
        {"api: {listen: '127.0.0.1:0'}\nsource: {kind: push}",
         "f.yaml:2: source: a push source needs a name, under which its posts are stored\n"},
        {"source: {kind: push, name: bsky}",
         "f.yaml:1: source: bsky is the name of posts on Bluesky; give this source another name\n"
         "f.yaml:1: source: posts are brought over HTTP: set api.listen, such as 127.0.0.1:8080\n"},
        {"source: {kind: replay, path: a, authors: [b]}",
         "f.yaml:1: source: a replay reads every post of its file; authors and query are for live "
         "sources\n"},
        {"source: {kind: replay, path: a, url: 'https://a.example'}",
         "f.yaml:1: source: a replay reads a file; url is for sources on X and Bluesky\n"},
        {"api: {listen: '127.0.0.1:0'}\nsource: {kind: push, name: desk, url: 'https://a.example'}",
         "f.yaml:2: source: a push source listens at api.listen; url is for sources on X and "
         "Bluesky\n"},
        {"source: {kind: jetstream}\nmarket: {kind: candles}",
         "f.yaml:2: market.kind candles are prices of the past, and posts come live: set "
         "market.kind to binance_public (prices only, without a key), or leave it at auto, which "
         "means that here\n"},
        {"x: {token_file: a, token_env: B}",
         "f.yaml:1: x.token_file and x.token_env: one of the two is enough\n"},
        {"x: {fastest_s: 9, interval_s: 8}",
         "f.yaml:1: x.fastest_s 9 is longer than x.interval_s 8\n"},
    };
    for (int i = 0; i < COUNT_OF(cases); i++) {
        if (load_text(cases[i].text)) fail_msg("taken: %s", cases[i].text);
        check_str(buf_str(&got.report), str_from_z(cases[i].report), cases[i].text, i);
    }
}

static void test_a_token_in_place_of_its_name_is_refused_and_not_repeated(void **state) {
    (void)state;
#define TOKEN_LIKE "AAAAAAAAAAAAAAAAAAAAAMLheAAAAAAA0%2BuSeid%2BULvsea4JtiGRiSDSJSI%3DEUifiRBk"
    assert_report(load_set("x.token_env=" TOKEN_LIKE),
                  "--set x.token_env: (not shown) is too long, expected at most 64 bytes\n");
    assert_report(load_set("x.token_env=AAAA%2Bxyz"),
                  "--set x.token_env: (not shown) is not the name of an environment variable (A-Z, "
                  "0-9 and _); the key itself stands in the variable, never here\n");
    assert_report(load_set("x.token_file=" TOKEN_LIKE),
                  "--set x.token_file: (not shown) looks like the key itself; put it into a file, "
                  "chmod 600, and give the file's name\n");
}

static void test_sources_that_would_be_mixed_up_are_refused(void **state) {
    (void)state;
    assert_report(load_text("sources:\n  - path: a\n  - path: b\n  - path: c\n"),
                  "f.yaml:3: sources[1]: a second replay beside sources[0]; put the posts into one "
                  "file\n"
                  "f.yaml:4: sources[2]: a second replay beside sources[0]; put the posts into one "
                  "file\n");
    assert_report(
        load_text("sources:\n  - kind: jetstream\n  - kind: jetstream\n"
                  "    authors: [a.b]\n"),
        "f.yaml:3: sources[1]: is of the kind and the name (bsky) of sources[0]; give one "
        "another name\n");
    assert_report(
        load_text(TOKEN "sources:\n  - {kind: x_search, authors: a}\n"
                        "  - {kind: x_stream, authors: a, url: 'http://127.0.0.1:9'}\n"),
        "f.yaml:4: sources[1]: has another url than sources[0]; sources on X share one account and "
        "one budget: set x.url\n");
    assert_report(load_text(TOKEN "sources:\n  - {kind: x_stream, authors: a}\n"
                                  "  - {kind: x_stream, name: y, authors: b}\n"),
                  "f.yaml:4: sources[1]: X allows 1 connection of x_stream for an account: put the "
                  "authors into sources[0]\n");
    assert_report(load_text(TOKEN "sources:\n  - {kind: x_activity, authors: a}\n"
                                  "  - {kind: x_activity, name: y, authors: b}\n"
                                  "  - {kind: x_activity, name: z, authors: c}\n"),
                  "f.yaml:5: sources[2]: X allows 2 connections of x_activity for an account: put "
                  "the authors into sources[0]\n");
    str sets[] = {STR("source.kind=replay")};
    assert_report(load(&(struct config_input){.text = STR("sources:\n  - kind: jetstream\n"
                                                          "  - {kind: replay, path: b}\n"),
                                              .file = STR("f.yaml"),
                                              .sets = sets,
                                              .set_count = 1}),
                  "f.yaml:3: sources[1]: a second replay beside sources[0]; put the posts into one "
                  "file\n"
                  "--set sources[0]: a replay source needs a path\n");
}

static void test_source_and_sources_together_are_refused(void **state) {
    (void)state;
    static const char both[] =
        ": source and sources are both given; source.kind, path and the others are the first entry "
        "of sources: give one of the two\n";
    assert_false(load_text("source: {path: a}\nsources:\n  - path: b\n"));
    assert_true(str_starts(buf_str(&got.report), STR("f.yaml:2")));
    assert_true(str_ends(buf_str(&got.report), str_from_z(both)));
    assert_false(load_text("sources:\n  - path: b\nsource: {path: a}\n"));
    assert_true(str_starts(buf_str(&got.report), STR("f.yaml:3")));
    assert_taken(load_text("source:\n  # path: a\nsources:\n  - path: b\n"));
}

static void test_mistakes_in_sources_have_their_entry_and_line(void **state) {
    (void)state;
    assert_report(
        load_text("sources:\n"
                  "  - path: a\n"
                  "  - path: a\n"
                  "  - {kind: replay}\n"
                  "  - path: b\n"
                  "    path: c\n"
                  "    nmae: d\n"
                  "  - path: [e]\n"
                  "  - f\n"
                  "  - {kind: jetstream, authors: [a.b, '', c.d]}\n"),
        "f.yaml:3: sources[1]: a second replay beside sources[0]; put the posts into one file\n"
        "f.yaml:4: sources[2]: a replay source needs a path\n"
        "f.yaml:4: sources[2]: a second replay beside sources[0]; put the posts into one file\n"
        "f.yaml:6: sources[3].path: stands twice, first on line 5\n"
        "f.yaml:7: sources[3]: nmae is no key of a source, expected kind, path, name, authors, "
        "query, filter, keep, url or strangers\n"
        "f.yaml:8: sources[4].path: found a list, expected a text, at most 4096 bytes\n"
        "f.yaml:9: sources: expected a source, such as {kind: replay, path: posts.jsonl}\n"
        "f.yaml:10: sources[6].authors: \"\" is an empty name\n");
    assert_report(load_text("sources: []"),
                  "f.yaml:1: sources: expected a list of at least one source\n");
    assert_report(load_text("sources: {path: a}"),
                  "f.yaml:1: sources: expected a list of sources, such as - {kind: jetstream}\n");
    struct buf text;
    buf_init(&text, 4096);
    buf_put(&text, STR("sources:\n"));
    for (int i = 0; i < 16; i++) buf_printf(&text, "- {kind: jetstream, name: p%d}\n", i);
    assert_taken(load_text(buf_z(&text)));
    assert_int_equal(got.cfg.source_count, CONFIG_SOURCES_MAX);
    buf_put(&text, STR("- {kind: jetstream, name: p16}\n- {kind: jetstream, name: p17}\n"));
    assert_report(load_text(buf_z(&text)), "f.yaml:18: sources: more than 16 sources\n");
    buf_fini(&text);
}

/* ---- contradictions ---- */

static void test_a_reward_that_cannot_be_reached_names_its_keys(void **state) {
    (void)state;
    assert_report(load_text("trading:\n  take_profit_percent: 0.02\n  stop_loss_percent: 0.04\n"),
                  "f.yaml:3: trading.min_reward_risk 1.5 is never reached: with "
                  "trading.take_profit_percent 0.02, trading.stop_loss_percent 0.04 and costs of "
                  "0.0032 (paper.fee_percent and paper.slippage_percent twice, "
                  "paper.spread_percent) it is 0.3888\n");
    /* (0.04 - 0.0032) / (0.02 + 0.0032) = 1.586206896... */
    assert_taken(load_set("trading.min_reward_risk=1.58620689"));
    assert_report(load_set("trading.min_reward_risk=1.5862069"),
                  "--set: trading.min_reward_risk 1.5862069 is never reached: with "
                  "trading.take_profit_percent 0.04, trading.stop_loss_percent 0.02 and costs of "
                  "0.0032 (paper.fee_percent and paper.slippage_percent twice, "
                  "paper.spread_percent) it is 1.5862\n");
    assert_report(
        load_env("BULLFINCH_PAPER__FEE_PERCENT=0.05", NULL),
        "BULLFINCH_PAPER__FEE_PERCENT: trading.min_reward_risk 1.5 is never reached: with "
        "trading.take_profit_percent 0.04, trading.stop_loss_percent 0.02 and costs of "
        "0.1012 (paper.fee_percent and paper.slippage_percent twice, "
        "paper.spread_percent) it is 0\n");
    assert_taken(load_text("trading: {take_profit_percent: 0.001, min_reward_risk: 0}"));
    /* A target below the stop is somebody's right, as long as it is wanted. */
    assert_taken(load_text("trading: {take_profit_percent: 0.02, stop_loss_percent: 0.04, "
                           "min_reward_risk: 0.38}"));
    /* Silent where one of them is wrong anyway. */
    assert_report(
        load_text("trading: {take_profit_percent: 7, min_reward_risk: 50}"),
        "f.yaml:1: trading.take_profit_percent: 7 is too large, expected 0.001 to 1 (0.01 "
        "is 1 %, 7 would be 700 %)\n");
}

/* ---- one value, small arenas ---- */

static void test_check_value_answers_for_reloadable_keys(void **state) {
    (void)state;
    struct arena a;
    struct error err;
    arena_open(&a, 1 << 20);
    ptrdiff_t left = arena_left(&a);
    assert_ok(config_check_value(&a, STR("trading.signal_threshold"), STR("80"), &err), &err);
    assert_ok(config_check_value(&a, STR("judge.author_weights"), STR("a=1,b=2"), &err), &err);
    assert_fails(config_check_value(&a, STR("trading.signal_threshold"), STR("800"), &err), &err,
                 ERR_CONFIG);
    assert_str(str_from_z(err.msg),
               "trading.signal_threshold: 800 is too large, expected 0 to 100");
    assert_fails(config_check_value(&a, STR("trading.muted_symbols"), STR("@a,@b"), &err), &err,
                 ERR_CONFIG);
    assert_fails(config_check_value(&a, STR("store.url"), STR("sqlite:x"), &err), &err, ERR_STATE);
    assert_str(str_from_z(err.msg), "store.url: cannot be changed while running");
    assert_fails(config_check_value(&a, STR("trading.treshold"), STR("1"), &err), &err,
                 ERR_NOT_FOUND);
    assert_fails(config_check_value(&a, STR("nothing"), STR("1"), &err), &err, ERR_NOT_FOUND);
    assert_str(str_from_z(err.msg), "nothing: unknown key");
    assert_int_equal(arena_left(&a), left);
    struct arena small;
    char block[64];
    arena_init(&small, block, sizeof block);
    assert_fails(config_check_value(&small, STR("trading.leverage"), STR("1"), &err), &err,
                 ERR_LIMIT);
    arena_close(&a);
}

static void test_too_little_room_is_an_error_and_no_crash(void **state) {
    (void)state;
    char block[512];
    struct arena small;
    struct config cfg;
    struct buf report;
    struct error err;
    arena_init(&small, block, sizeof block);
    buf_init(&report, 4096);
    assert_fails(config_load(&small, &(struct config_input){.text = STR("")}, &cfg, &report, &err),
                 &err, ERR_LIMIT);
    assert_true(report.len > 0);
    buf_fini(&report);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_of_a_section_stand_together_and_no_key_twice),
        cmocka_unit_test(test_every_default_and_profile_is_taken_by_its_own_row),
        cmocka_unit_test(test_defaults_are_the_briefs),
        cmocka_unit_test(test_a_file_is_read_with_all_types),
        cmocka_unit_test(test_files_without_values_are_fine),
        cmocka_unit_test(test_a_byte_order_mark_and_crlf_are_fine),
        cmocka_unit_test(test_lists_may_be_texts_with_commas),
        cmocka_unit_test(test_the_higher_level_counts),
        cmocka_unit_test(test_a_mistake_counts_also_where_it_is_overridden),
        cmocka_unit_test(test_the_default_file_is_read_where_it_is),
        cmocka_unit_test(test_every_mistake_of_a_file_is_reported_once_with_its_line),
        cmocka_unit_test(test_reports_go_by_line_then_environment_then_set),
        cmocka_unit_test(test_one_is_not_one_percent),
        cmocka_unit_test(test_numbers_are_exact_and_bounded),
        cmocka_unit_test(test_list_entries_are_names),
        cmocka_unit_test(test_lists_end_at_a_thousand),
        cmocka_unit_test(test_reports_end_at_two_hundred),
        cmocka_unit_test(test_unknown_names_get_the_one_that_was_meant),
        cmocka_unit_test(test_syntax_errors_have_line_and_column),
        cmocka_unit_test(test_what_is_no_text_is_refused),
        cmocka_unit_test(test_only_one_document_of_sections_is_taken),
        cmocka_unit_test(test_aliases_cannot_grow_and_depth_is_limited),
        cmocka_unit_test(test_files_that_cannot_be_read_are_mistakes),
        cmocka_unit_test(test_a_file_of_one_mebibyte_is_taken),
        cmocka_unit_test(test_variables_with_two_underscores_are_keys),
        cmocka_unit_test(test_the_profile_comes_from_the_option_or_the_environment),
        cmocka_unit_test(test_the_first_of_the_sources_is_source),
        cmocka_unit_test(test_several_sources_are_read_with_what_is_their_own),
        cmocka_unit_test(test_a_feed_belongs_to_the_source_of_its_kind_and_name),
        cmocka_unit_test(test_set_and_environment_change_the_first_source),
        cmocka_unit_test(test_money_of_x_has_todays_prices),
        cmocka_unit_test(test_what_a_source_lacks_is_said_with_what_to_set),
        cmocka_unit_test(test_a_token_in_place_of_its_name_is_refused_and_not_repeated),
        cmocka_unit_test(test_sources_that_would_be_mixed_up_are_refused),
        cmocka_unit_test(test_source_and_sources_together_are_refused),
        cmocka_unit_test(test_mistakes_in_sources_have_their_entry_and_line),
        cmocka_unit_test(test_a_reward_that_cannot_be_reached_names_its_keys),
        cmocka_unit_test(test_check_value_answers_for_reloadable_keys),
        cmocka_unit_test(test_too_little_room_is_an_error_and_no_crash),
    };
    if (!find_files()) return 1;
    int failed = cmocka_run_group_tests_name("config", tests, NULL, NULL);
    clear();
    return failed;
}
