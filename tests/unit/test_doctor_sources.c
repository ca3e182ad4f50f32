/* doctor_sources: what is found of each source, against the simulator's X and Jetstream over real
 * connections. */
#include "app/doctor.h"

#include <stdatomic.h>

#include "wirekit.h"
#include "xport.h"

static struct doctor doctor;
static struct xport port;

static int set_up(void **state) {
    (void)state;
    wirekit_open();
    xport_prepare(&port);
    xport_begin(&port, NULL);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    xport_close(&port);
    return wirekit_close();
}

static void look(const char *text, const char *base) {
    configure(text, base);
    doctor = (struct doctor){.app = &app};
    doctor_look_at_sources(&doctor);
}

/* There is one finding of `what`, so graded, and its text holds the words. */
static void found(const char *what, grade g, const char *words) {
    int count = 0;
    for (int i = 0; i < doctor.count; i++) {
        const struct finding *f = &doctor.v[i];
        if (strcmp(f->what, what) != 0) continue;
        count++;
        if (f->grade != g || strstr(f->text, words) == NULL)
            fail_msg("%s: grade %d, %s; want %d, %s", what, f->grade, f->text, g, words);
    }
    assert_int_equal(count, 1);
}

#define X_HERE "x: {token_file: '%DIR/token', url: '%X', monthly_budget: 30}\n"

static void test_x_is_asked_what_costs_nothing(void **state) {
    (void)state;
    look(X_HERE "source: {kind: x_search, authors: [alice]}\n", port.rest);
    found("x token", GRADE_OK, "/token, its owner's alone");
    found("x", GRADE_OK, "the token is taken; X counts 0 of 3000000 posts");
    found("x budget", GRADE_OK, "30 dollars this month (x.monthly_budget), 0 spent");
    found("x costs", GRADE_OK, "1 authors with 30 posts a day each cost 0.15 dollars a day");
    assert_int_equal(doctor.count, 4);
    assert_int_equal(money_e8(x_face_bill(port.face)), 0);
}

static void test_several_sources_on_x_are_one_account(void **state) {
    (void)state;
    look(X_HERE "sources:\n"
                "  - {kind: x_search, authors: [alice, bob], query: bitcoin}\n"
                "  - {kind: x_activity, authors: [alice]}\n",
         port.rest);
    found("x costs", GRADE_OK, "3 authors with 30 posts a day each cost 0.45 dollars a day, and");
    look("x: {token_file: '%DIR/token', url: '%X', monthly_budget: 12}\n"
         "source: {kind: x_activity, authors: [alice, bob, carl]}\n",
         port.rest);
    found("x costs", GRADE_WARN, "raise x.monthly_budget or follow fewer");
    look("x: {token_file: '%DIR/token', url: '%X', monthly_budget: 0}\n"
         "source: {kind: x_stream, query: bitcoin}\n",
         port.rest);
    found("x budget", GRADE_WARN, "nothing is spent");
}

static void test_what_is_wrong_with_x_is_said_with_what_to_do(void **state) {
    (void)state;
    put_file("other", "wr0ng\n", 0600);
    look("x: {token_file: '%DIR/other', url: '%X'}\nsource: {kind: x_stream, authors: a}\n",
         port.rest);
    found("x", GRADE_BAD, "token: ");
    put_file("open", "t0ken\n", 0644);
    look("x: {token_file: '%DIR/open', url: '%X'}\nsource: {kind: x_stream, authors: a}\n",
         port.rest);
    found("x token", GRADE_BAD, "x.token_file");
    assert_true(doctor.refused);
    assert_int_equal(doctor.count, 1);
    look(X_HERE "source: {kind: x_stream, authors: a}\n", "http://api.x.com");
    found("x", GRADE_BAD, "x.url");
    assert_true(doctor.refused);
    xport_down(&port);
    look(X_HERE "source: {kind: x_stream, authors: a}\n", port.rest);
    found("x", GRADE_BAD, "retrying: ");
    assert_false(doctor.refused);
}

static atomic_bool enough;

static void *publish(void *arg) {
    while (!atomic_load(&enough)) xport_publish(arg, "Bought $BTC");
    return NULL;
}

static void test_bluesky_is_listened_to(void **state) {
    pthread_t writer;
    char text[160];
    (void)state;
    atomic_store(&enough, false);
    assert_int_equal(pthread_create(&writer, NULL, publish, &port), 0);
    snprintf(text, sizeof text, "source: {kind: jetstream, url: 'ws://127.0.0.1:1 %s'}\n",
             port.stream);
    configure(text, NULL);
    doctor = (struct doctor){.app = &app};
    doctor_look_at_sources(&doctor);
    atomic_store(&enough, true);
    pthread_join(writer, NULL);
    assert_int_equal(doctor.count, 2);
    assert_int_equal(doctor.v[0].grade, GRADE_WARN); /* nobody listens there: the next is tried */
    assert_int_equal(doctor.v[1].grade, GRADE_OK);
    assert_non_null(strstr(doctor.v[1].text, port.stream));
    xport_down(&port);
    look(text, NULL);
    assert_int_equal(doctor.v[2].grade, GRADE_BAD);
    assert_non_null(strstr(doctor.v[2].text, "source.url"));
}

static void test_push_needs_a_token_of_its_name(void **state) {
    static const char text[] =
        "api: {listen: '127.0.0.1:8080'}\nsource: {kind: push, name: desk}\n";
    const usec now = time_wall_us();
    struct token_row row = {.name = STR("one"), .role = TOKEN_INGEST, .source = STR("other")};
    struct error err;
    int64_t id;
    (void)state;
    row.created_at = now;
    assert_ok(store_token_add(store, &row, STR("test"), now, &id, &err), &err);
    row = (struct token_row){.name = STR("two"), .role = TOKEN_READ, .created_at = now};
    row.hash[0] = 1;
    assert_ok(store_token_add(store, &row, STR("test"), now, &id, &err), &err);
    look(text, NULL);
    found("push", GRADE_WARN, "0 tokens may: bullfinch token create");
    row = (struct token_row){
        .name = STR("three"), .role = TOKEN_INGEST, .source = STR("desk"), .created_at = now};
    row.hash[0] = 2;
    assert_ok(store_token_add(store, &row, STR("test"), now, &id, &err), &err);
    look(text, NULL);
    found("push", GRADE_OK, "http://127.0.0.1:8080/api/ingest, 1 tokens may");
    assert_ok(store_token_revoke(store, STR("three"), STR("test"), now, &err), &err);
    look(text, NULL);
    found("push", GRADE_WARN, "0 tokens may");
}

static void test_the_last_state_of_a_configured_source_is_told(void **state) {
    struct intake it = {.kind = INTAKE_STATUS};
    (void)state;
    it.u.status = (struct source_status){
        .state = SOURCE_CREDITS, .since = time_wall_us(), .why = "no credits are left"};
    put_intake("x_search:x", "x_search", &it);
    put_intake("x_search:y", "x_search", &it);
    look(X_HERE "source: {kind: x_search, authors: [alice]}\n", port.rest);
    found("source", GRADE_WARN, "x_search:x stood as credits");
    found("source", GRADE_WARN, ": no credits are left; 0 posts");
}

static void test_a_replay_needs_its_file(void **state) {
    (void)state;
    look("source: {kind: replay, path: '%DIR/posts.jsonl'}\n", NULL);
    found("posts", GRADE_OK, "posts.jsonl, 22 bytes");
    look("source: {kind: replay, path: '%DIR/none'}\n", NULL);
    found("posts", GRADE_BAD, "No such file");
    look("source: {kind: replay}\n", NULL);
    found("posts", GRADE_WARN, "run --source jetstream");
    assert_int_equal(doctor.count, 1);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(test_x_is_asked_what_costs_nothing),
        T(test_several_sources_on_x_are_one_account),
        T(test_what_is_wrong_with_x_is_said_with_what_to_do),
        T(test_bluesky_is_listened_to),
        T(test_push_needs_a_token_of_its_name),
        T(test_the_last_state_of_a_configured_source_is_told),
        T(test_a_replay_needs_its_file),
    };
#undef T
    return cmocka_run_group_tests(tests, NULL, NULL);
}
