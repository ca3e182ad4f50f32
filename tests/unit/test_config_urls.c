/* Configuration: where things are, and that no secret stands in it. */
#include "config_fixture.h"

static void test_urls_name_what_this_build_has(void **state) {
    (void)state;
    static const struct {
        const char *set, *report;
    } cases[] = {
        {"store.url=sqlite:x.db", NULL},
        {"store.url=SQLite:/abs/x.db", NULL},
        {"store.url=postgresql://db/bullfinch", NULL},
        {"store.url=postgres://ann@db:5432/bullfinch?schema=x", NULL},
        {"store.url=postgresql:db",
         "--set store.url: names no database, expected postgresql://[USER@]HOST[:PORT]/DATABASE, "
         "such as postgresql://bullfinch@db.example.com/bullfinch\n"},
        {"store.url=mysql://db/x", "--set store.url: mysql: is not known, expected sqlite:PATH or "
                                   "postgresql://[USER@]HOST[:PORT]/DATABASE\n"},
        {"store.url=x.db", "--set store.url: has no scheme, expected sqlite:PATH or "
                           "postgresql://[USER@]HOST[:PORT]/DATABASE\n"},
        {"store.url=sqlite:", "--set store.url: sqlite: needs a path, expected sqlite:PATH\n"},
        {"store.url=sqlite:///x.db",
         "--set store.url: sqlite: takes a path and no host, expected sqlite:PATH, such as "
         "sqlite:data/bullfinch.db or sqlite:/var/lib/bullfinch.db\n"},
        {"queue.url=memory:", NULL},
        {"queue.url=memory:x", "--set queue.url: memory: has nothing behind it\n"},
        {"queue.url=redis://cache", NULL},
        {"queue.url=rediss://cache:6380/1", NULL},
        {"queue.url=redis+unix:///run/redis.sock", NULL},
        {"queue.url=redis:",
         "--set queue.url: names no server, expected redis://HOST:PORT/DB, such "
         "as redis://127.0.0.1:6379/0\n"},
        {"queue.url=sqlite:x", "--set queue.url: sqlite: is not known, expected memory: or "
                               "redis://HOST:PORT/DB\n"},
    };
    for (int i = 0; i < COUNT_OF(cases); i++) {
        bool ok = load_set(cases[i].set);
        if (ok != !cases[i].report) fail_msg("%s: %s", cases[i].set, buf_z(&got.report));
        if (!ok) check_str(buf_str(&got.report), str_from_z(cases[i].report), cases[i].set, i);
    }
}

static void test_a_secret_has_one_place(void **state) {
    (void)state;
    static const char *const sections[] = {"store.password", "queue.password", "x.token"};
    for (int i = 0; i < COUNT_OF(sections); i++) {
        char file[64], env[64], report[160];
        snprintf(file, sizeof file, "%s_file=here", sections[i]);
        snprintf(env, sizeof env, "%s_env=THERE", sections[i]);
        const str sets[] = {str_from_z(file), str_from_z(env)};
        assert_taken(load_set(file));
        assert_taken(load_set(env));
        assert_false(load(&(struct config_input){.text = STR(""), .sets = sets, .set_count = 2}));
        snprintf(report, sizeof report, "--set: %s_file and %s_env: one of the two is enough\n",
                 sections[i], sections[i]);
        assert_string_equal(buf_z(&got.report), report);
    }
    assert_report(load_set("queue.password_env=s3cret"),
                  "--set queue.password_env: (not shown) is not the name of an environment "
                  "variable (A-Z, 0-9 and _); the key itself stands in the variable, never here\n");
}

static void test_passwords_are_refused_and_never_repeated(void **state) {
    (void)state;
    static const char *const sets[] = {
        "store.url=postgresql://joe:hunter2@db/x",
        "store.url=postgresql://joe:hun/hunter2@db/x",
        "store.url=postgresql:///x?password=hunter2",
        "store.url=host=db PASSWORD=hunter2",
        "queue.url=redis://:hunter2@cache:6379",
        "source.path=http://joe:hunter2@host/posts",
        "log.level=http://joe:hunter2@host",
        "trading.signal_threshold=http://joe:hunter2@host",
        "trading.muted_symbols=A,http://joe:hunter2@host",
        "judge.author_weights=a=http://joe:hunter2@host",
        "nothing.password=hunter2",
        "store.password=hunter2",
        "store.url:postgresql://joe:hunter2@db/x",
        "password=hunter2",
    };
    for (int i = 0; i < COUNT_OF(sets); i++) {
        assert_false(load_set(sets[i]));
        if (str_find(buf_str(&got.report), STR("hunter2")) >= 0)
            fail_msg("%s: %s", sets[i], buf_z(&got.report));
    }
    assert_false(load_env("BULLFINCH_STORE__URL=postgresql://joe:hunter2@db/x",
                          "BULLFINCH_STORE__PASSWORD=hunter2"));
    assert_true(str_find(buf_str(&got.report), STR("hunter2")) < 0);
    assert_false(load_text("store: {password: hunter2, url: 'postgres://joe:hunter2@db'}"));
    assert_true(str_find(buf_str(&got.report), STR("hunter2")) < 0);
    assert_false(load_set("venue.rest_url=https://joe:hunter2@testnet.binance.vision"));
    assert_int_equal(got.err.code, ERR_REFUSED);
    assert_true(str_find(buf_str(&got.report), STR("hunter2")) < 0);
    assert_true(config_has_password(STR("redis://u:p@h")));
    assert_false(config_has_password(STR("postgresql://joe@db:5432/x")));
    assert_false(config_has_password(STR("sqlite:a:b@c")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_urls_name_what_this_build_has),
        cmocka_unit_test(test_a_secret_has_one_place),
        cmocka_unit_test(test_passwords_are_refused_and_never_repeated),
    };
    const int failed = cmocka_run_group_tests_name("places and secrets", tests, NULL, NULL);
    clear();
    return failed;
}
