/* The rights of the roles on PostgreSQL: the store's whole contract holds as the program's role,
 * on tables that another one owns; and each role is refused what it has no business with. */
#include "store_contract.h"

#include <stdio.h>
#include <string.h>

#include "check.h"

#include "pg_server.h"

#include "base/arena.h"
#include "store/roles.h"
#include "store/store_int.h"

static struct pg_server server;
static struct arena arena;
static int made;

/* A name that has to be quoted, wherever it stands. */
#define PROGRAM_IN_URL "bf%20%22run%22"
static const struct store_roles roles = {.program = {"bf \"run\"", 8}, .reader = {"looker", 6}};

static struct store *open_url(const char *url, bool create) {
    const struct store_options opt = {.url = str_from_z(url),
                                      .access = STORE_WRITE,
                                      .create = create,
                                      .full_sync = true,
                                      .busy_timeout_ms = 5000};
    struct store *s = NULL;
    struct error err;
    assert_ok(store_open(&arena, &opt, &s, &err), &err);
    return s;
}

/* The owner makes the store and grants; `user` then comes in. */
static void make_as(const char *user, char *url, ptrdiff_t bytes) {
    char schema[32];
    struct error err;
    snprintf(schema, sizeof schema, "roles_%d", ++made);
    pg_server_url(&server, schema, url, bytes);
    struct store *s = open_url(url, true);
    assert_ok(store_roles_grant(s, &roles, &err), &err);
    store_close(s);
    pg_server_tcp_url(&server, user, schema, "", url, bytes);
}

static void make_as_program(char *url, ptrdiff_t bytes) { make_as(PROGRAM_IN_URL, url, bytes); }

static const char *schema_of(const char *url) {
    const char *const name = strstr(url, "schema=");
    assert_non_null(name);
    return name + strlen("schema=");
}

/* As the owner. */
static bool force(const char *url, const char *sql, struct error *err) {
    char own[512];
    pg_server_url(&server, schema_of(url), own, sizeof own);
    struct store *s = open_url(own, false);
    const bool ok = s->ops->exec(s, sql, err);
    store_close(s);
    return ok;
}

static void remove_schema(const char *url) {
    char text[96];
    snprintf(text, sizeof text, "DROP SCHEMA IF EXISTS \"%s\" CASCADE", schema_of(url));
    pg_server_sql(&server, "public", text);
}

/* -- what they may not ------------------------------------------------------------------------- */

struct both {
    char owner[512], program[512], reader[512];
};

static int set_up_roles(void **state) {
    struct both *b = calloc(1, sizeof *b);
    assert_non_null(b);
    make_as(PROGRAM_IN_URL, b->program, sizeof b->program);
    pg_server_url(&server, schema_of(b->program), b->owner, sizeof b->owner);
    pg_server_tcp_url(&server, "looker", schema_of(b->program), "", b->reader, sizeof b->reader);
    *state = b;
    return 0;
}

static int tear_down_roles(void **state) {
    struct both *b = *state;
    remove_schema(b->owner);
    free(b);
    return 0;
}

static void is_refused(struct store *s, const char *text) {
    struct error err;
    if (s->ops->exec(s, text, &err)) fail_msg("%s was not refused", text);
    if (err.code != ERR_CONFIG || strstr(err.msg, "42501") == NULL)
        fail_msg("%s: %s (%s)", text, err.msg, err_name(err.code));
    assert_non_null(strstr(err.msg, "bullfinch db roles"));
}

static void test_the_program_changes_no_table_and_keeps_the_books(void **state) {
    static const char *const wrong[] = {
        "CREATE TABLE mine (id INTEGER)",
        "CREATE FUNCTION mine() RETURNS INTEGER LANGUAGE sql AS 'SELECT 1'",
        "DROP TABLE fills",
        "DROP TRIGGER leader_fence ON fills",
        "ALTER TABLE audit_log DISABLE TRIGGER USER",
        "ALTER TABLE fills ADD COLUMN more TEXT",
        "SET session_replication_role = replica",
        "TRUNCATE tweets",
        "UPDATE fills SET quantity = 1",
        "DELETE FROM fills",
        "UPDATE ledger SET line = ''",
        "DELETE FROM ledger",
        "DELETE FROM trades",
        "DELETE FROM orders",
        "DELETE FROM intents",
        "UPDATE intents SET symbol = ''",
        "UPDATE audit_log SET actor = ''",
        "DELETE FROM audit_head",
        "DELETE FROM account",
        "DELETE FROM control",
        "DELETE FROM deletions",
        "DELETE FROM tokens",
        "INSERT INTO leader (id, token, holder, pid, taken_at, expires_at) VALUES (2, 1, '', 1, "
        "'infinity', 'infinity')",
        "DELETE FROM leader",
        "INSERT INTO migrations (version, name, checksum, applied_at) VALUES (99, '', '', "
        "'infinity')",
        "UPDATE migrations SET checksum = ''",
    };
    struct both *b = *state;
    struct store *s = open_url(b->program, true); /* as a run opens it: there is nothing to make */
    for (int i = 0; i < COUNT_OF(wrong); i++) is_refused(s, wrong[i]);
    store_close(s);
}

/* Tables that this role may not read. */
static int64_t unread(const struct both *b, const char *role) {
    char text[256];
    snprintf(text, sizeof text,
             "SELECT count(*) FROM pg_class WHERE relnamespace = '%s'::regnamespace AND relkind = "
             "'r' AND NOT has_table_privilege('%s', oid, 'SELECT')",
             schema_of(b->owner), role);
    return pg_server_number(&server, "public", text);
}

static void test_a_reader_sees_all_but_tokens_and_writes_nothing(void **state) {
    static const char *const wrong[] = {
        "SELECT hash FROM tokens",
        "UPDATE tweets SET text = ''",
        "INSERT INTO cursors VALUES ('a', '1')",
        "UPDATE control SET mode = 'auto'",
        "DELETE FROM signals",
        "INSERT INTO commands DEFAULT VALUES",
        "CREATE TABLE mine (id INTEGER)",
        "SELECT * FROM leader FOR UPDATE",
    };
    struct both *b = *state;
    struct error err;
    struct buf out;
    struct store *s = open_url(b->reader, false);
    for (int i = 0; i < COUNT_OF(wrong); i++) is_refused(s, wrong[i]);
    store_close(s);
    const struct store_options opt = {
        .url = str_from_z(b->reader), .access = STORE_READ, .busy_timeout_ms = 5000};
    assert_ok(store_open(&arena, &opt, &s, &err), &err);
    buf_init(&out, 1 << 20);
    for (show_kind k = 0; k <= SHOW_ALERTS; k++) {
        const struct show_query q = {.kind = k, .limit = 10, .now = USEC_PER_DAY};
        assert_ok(store_show_json(s, &q, &out, &err), &err);
    }
    buf_fini(&out);
    assert_int_equal(unread(b, "looker"), 1); /* tokens */
    store_close(s);
}

static void test_every_table_is_somebodys(void **state) {
    struct both *b = *state;
    assert_int_equal(unread(b, "bf \"run\""), 0);
}

static void test_granting_again_takes_back_what_is_too_much(void **state) {
    struct both *b = *state;
    struct error err;
    char text[96];
    snprintf(text, sizeof text, "GRANT ALL ON ALL TABLES IN SCHEMA %s TO looker",
             schema_of(b->owner));
    pg_server_sql(&server, "public", text);
    struct store *owner = open_url(b->owner, false);
    struct store *reader = open_url(b->reader, false);
    assert_ok(reader->ops->exec(reader, "DELETE FROM fills", &err), &err);
    assert_ok(store_roles_grant(owner, &roles, &err), &err);
    is_refused(reader, "DELETE FROM fills");
    is_refused(reader, "SELECT * FROM tokens");
    store_close(reader);
    store_close(owner);
}

static void test_names_that_cannot_be_are_refused(void **state) {
    static const struct store_roles wrong[] = {
        {.program = {"a\nb", 3}},
        {.program = {"a\0b", 3}},
        {.reader = {"\xff", 1}},
        {.reader = {PG_SERVER_USER, sizeof PG_SERVER_USER - 1}},
        {.program = {"same", 4}, .reader = {"same", 4}},
        {.program = {"a123456789b123456789c123456789d123456789e123456789f123456789g123", 64}},
    };
    struct both *b = *state;
    struct error err;
    struct store *s = open_url(b->owner, false);
    for (int i = 0; i < COUNT_OF(wrong); i++)
        assert_fails(store_roles_grant(s, &wrong[i], &err), &err, ERR_USAGE);
    const struct store_roles nobody = {.reader = {"nobody's", 8}};
    assert_false(store_roles_grant(s, &nobody, &err));
    assert_non_null(strstr(err.msg, "does not exist"));
    store_close(s);
    s = open_url("sqlite::memory:", true);
    assert_fails(store_roles_grant(s, &roles, &err), &err, ERR_UNSUPPORTED);
    store_close(s);
}

/* -- what is said of the server ---------------------------------------------------------------- */

static struct store_server look(const char *url) {
    struct store_server v;
    struct error err;
    bool any;
    struct store *s = open_url(url, false);
    assert_ok(store_server(s, &v, &any, &err) && any, &err);
    store_close(s);
    return v;
}

static void test_a_server_says_how_it_stands_and_what_we_lack(void **state) {
    struct both *b = *state;
    struct store_server v = look(b->owner);
    assert_true(v.version >= 130000 && v.is_superuser && v.may_clean && v.is_near);
    assert_string_equal(v.role, PG_SERVER_USER);
    assert_string_equal(v.encoding, "UTF8");
    assert_string_equal(v.missing, "");
    assert_true(v.used > 0 && v.used < v.most);
    v = look(b->program);
    assert_string_equal(v.role, "bf \"run\"");
    assert_true(!v.is_superuser && v.is_near && v.may_clean == (v.version >= 170000));
    assert_string_equal(v.missing, "");
    assert_string_equal(v.excess, "");
    assert_false(v.is_owner);
    assert_string_equal(v.tls, "");
    pg_server_sql(&server, schema_of(b->owner), "REVOKE UPDATE ON leader FROM \"bf \"\"run\"\"\"");
    assert_string_equal(look(b->program).missing, "UPDATE on leader");
}

static void test_rights_that_no_run_needs_are_told(void **state) {
    struct both *b = *state;
    struct error err;
    struct store_server v = look(b->owner);
    assert_true(v.is_owner && v.excess_count > 0);
    pg_server_sql(&server, schema_of(b->owner),
                  "GRANT DELETE ON trades, ledger, positions TO \"bf \"\"run\"\"\"");
    v = look(b->program);
    assert_string_equal(v.missing, "");
    assert_string_equal(v.excess, "DELETE on ledger"); /* of positions a run does delete */
    assert_int_equal(v.excess_count, 2);
    assert_false(v.is_owner);
    struct store *owner = open_url(b->owner, false);
    assert_ok(store_roles_grant(owner, &roles, &err), &err);
    store_close(owner);
    assert_string_equal(look(b->program).excess, "");
}

/* As an older create.sql said it: of later tables everything is the program's. */
static void test_granting_ends_what_was_promised_of_later_tables(void **state) {
    struct both *b = *state;
    struct error err;
    char promise[160];
    snprintf(promise, sizeof promise,
             "ALTER DEFAULT PRIVILEGES IN SCHEMA %s GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES "
             "TO \"bf \"\"run\"\"\"",
             schema_of(b->owner));
    pg_server_sql(&server, "public", promise);
    struct store *owner = open_url(b->owner, false);
    assert_ok(store_roles_grant(owner, &roles, &err), &err);
    assert_ok(owner->ops->exec(owner, "CREATE TABLE later (id INTEGER)", &err), &err);
    store_close(owner);
    assert_int_equal(unread(b, "bf \"run\""), 1); /* that one */
}

static void test_a_file_has_no_server(void **state) {
    struct store_server v;
    struct error err;
    bool any = true;
    (void)state;
    struct store *s = open_url("sqlite::memory:", true);
    assert_ok(store_server(s, &v, &any, &err), &err);
    assert_false(any);
    store_close(s);
}

int main(void) {
#define R(name) cmocka_unit_test_setup_teardown(test_##name, set_up_roles, tear_down_roles)
    const struct CMUnitTest tests[] = {
        R(the_program_changes_no_table_and_keeps_the_books),
        R(a_reader_sees_all_but_tokens_and_writes_nothing),
        R(every_table_is_somebodys),
        R(granting_again_takes_back_what_is_too_much),
        R(names_that_cannot_be_are_refused),
        R(a_server_says_how_it_stands_and_what_we_lack),
        R(rights_that_no_run_needs_are_told),
        R(granting_ends_what_was_promised_of_later_tables),
        R(a_file_has_no_server),
    };
    const struct store_place place = {"postgresql, as the program's role", make_as_program,
                                      remove_schema, true, force};
    arena_open(&arena, 256 << 20);
    pg_server_start(&server);
    pg_server_sql(&server, "public",
                  "CREATE ROLE \"bf \"\"run\"\"\" LOGIN; CREATE ROLE looker LOGIN");
    int failed = cmocka_run_group_tests_name("roles", tests, NULL, NULL);
    failed += store_contract_run(&place);
    pg_server_stop(&server);
    return failed;
}
