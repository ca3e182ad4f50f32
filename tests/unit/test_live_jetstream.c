/* A live source of Jetstream against the simulator's server, over real WebSockets and HTTP: all
 * that is published comes, once, whoever is followed and whatever happens to the line. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/log.h"
#include "check.h"
#include "sim/faults.h"
#include "sim/server.h"
#include "sim/x_jetstream_int.h"
#include "source/jetstream.h"

#define POSTS_MAX 60000
#define S USEC_PER_S

struct world {
    struct arena boot, mem;
    struct x_face_options opt;
    struct x_face *x;
    struct sim_server *server;
    pthread_t thread;
    char ws[80], http[80];
    usec start;
    int posts, next;
    usec apart;
    struct source *source;
    bool seen[POSTS_MAX];
    int given, handles, losses;
    atomic_bool cut; /* the server's thread shall cut all lines */
};
static struct world w;

/* Every third is Alice's, the others are Bob's. */
static bool next_post(void *ctx, struct sim_post *ret) {
    (void)ctx;
    const int i = w.next;
    if (i == w.posts) return false;
    w.next++;
    *ret = (struct sim_post){.kind = SIM_POST,
                             .at = w.start + i * w.apart,
                             .id = i + 1,
                             .author_id = i % 3 == 0 ? 7 : 8,
                             .username = i % 3 == 0 ? STR("alice") : STR("bob"),
                             .text = STR("Bitcoin and a text that is as long as such texts are"),
                             .lang = STR("en")};
    return true;
}

static bool woken(void *ctx, struct exchange *ex, usec now) {
    (void)ctx, (void)ex;
    if (atomic_exchange(&w.cut, false)) x_face_cut(w.x, now);
    return true;
}

static void *serve(void *ctx) {
    struct error err;
    (void)ctx;
    if (!sim_server_run(w.server, &err)) print_error("sim: %s\n", err.msg);
    return NULL;
}

static void world_open(int posts, usec apart, const char *plan) {
    struct error err;
    struct sim_face face;
    memset(&w, 0, sizeof w);
    arena_open(&w.boot, 256 << 20);
    arena_open(&w.mem, 16 << 20);
    w.posts = posts;
    w.apart = apart;
    w.start = time_wall_us();
    w.opt = (struct x_face_options){.timeline = {next_post, NULL},
                                    .seed = 11,
                                    .credits = money_from_e8(-1),
                                    .start = w.start - S};
    if (plan != NULL)
        assert_ok(faults_parse(&w.boot, str_from_z(plan), 11, &w.opt.faults, &err), &err);
    assert_ok(x_face_open(&w.boot, &w.opt, &w.x, &err), &err);
    x_face_jetstream(w.x, &face);
    const struct sim_server_options opt = {
        .faces = &face, .face_count = 1, .host = STR("127.0.0.1"), .woken = woken};
    assert_ok(sim_server_open(&opt, &w.server, &err), &err);
    snprintf(w.http, sizeof w.http, "%s", sim_server_url(w.server));
    snprintf(w.ws, sizeof w.ws, "ws%.70s", w.http + 4);
    assert_int_equal(pthread_create(&w.thread, NULL, serve, NULL), 0);
}

/* It begins where the first post is, however long the opening takes. */
static void source_begin(const str *authors, int count) {
    struct error err;
    struct connector *c;
    char state[64];
    snprintf(state, sizeof state, "cursor=%lld", (long long)(w.start - 1));
    const struct jetstream_options opt = {.base = str_from_z(w.ws),
                                          .resolver = str_from_z(w.http),
                                          .name = STR("bsky"),
                                          .authors = authors,
                                          .author_count = count,
                                          .state = str_from_z(state),
                                          .now = time_wall_us(),
                                          .seed = 5};
    assert_ok(jetstream_open(&w.boot, &opt, &c, &err), &err);
    assert_ok(live_open(&w.boot, c, &w.source, &err), &err);
}

static void world_close(void) {
    source_close(w.source);
    sim_server_stop(w.server);
    pthread_join(w.thread, NULL);
    sim_server_close(w.server);
    x_face_close(w.x);
    arena_close(&w.boot);
    arena_close(&w.mem);
}

static int number_of(str source_id) {
    char rkey[X_RKEY_BYTES];
    const str got = str_tail(source_id, str_find_byte(source_id, '/') + 1);
    int lo = 0, hi = w.posts - 1; /* they sort as the numbers do */
    while (lo < hi) {
        const int mid = (lo + hi) / 2;
        if (str_cmp(x_jetstream_rkey(mid + 1, rkey), got) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    assert_true(str_eq(x_jetstream_rkey(lo + 1, rkey), got));
    return lo;
}

/* Until so many posts were given, none twice, and the line was lost so often. */
static void take_until(int count, int losses) {
    while (w.given < count || w.losses < losses) {
        struct intake in;
        struct error err;
        arena_reset(&w.mem);
        assert_ok(source_next(w.source, &w.mem, &in, &err), &err);
        w.handles += in.kind == INTAKE_HANDLE;
        w.losses += in.kind == INTAKE_GAP && in.u.gap.state == GAP_OPEN;
        if (in.kind != INTAKE_POST) continue;
        const int n = number_of(in.post.source_id);
        assert_false(w.seen[n]);
        w.seen[n] = true;
        w.given++;
    }
}

static void test_all_that_is_published_comes_once(void **state) {
    (void)state;
    world_open(2000, 500, NULL);
    source_begin(NULL, 0);
    take_until(2000, 0);
    struct source_status st;
    live_status(w.source, &st);
    assert_int_equal(st.state, SOURCE_LIVE);
    world_close();
}

static void test_names_are_resolved_and_their_posts_come(void **state) {
    (void)state;
    const str authors[] = {STR("alice.bsky.social"), STR("nobody.bsky.social")};
    world_open(300, 1000, NULL);
    source_begin(authors, COUNT_OF(authors));
    take_until(100, 0);
    assert_int_equal(w.handles, 2);
    for (int i = 0; i < 300; i++) assert_true(w.seen[i] == (i % 3 == 0));
    world_close();
}

static void test_ten_thousand_authors_are_told_to_the_server(void **state) {
    (void)state;
    enum { COUNT = 10000 };
    static char names[COUNT][X_DID_BYTES];
    static str authors[COUNT];
    for (int i = 0; i < COUNT; i++) authors[i] = x_jetstream_did(8 + i, names[i]); /* Bob is one */
    world_open(300, 1000, NULL);
    source_begin(authors, COUNT);
    take_until(200, 0);
    for (int i = 0; i < 300; i++) assert_true(w.seen[i] == (i % 3 != 0));
    world_close();
}

static void test_lines_that_break_lose_nothing(void **state) {
    (void)state;
    world_open(1000, 2000, "{\"streams\":[{\"fault\":\"stream_double\",\"percent\":2}]}");
    source_begin(NULL, 0);
    for (int i = 1; i <= 3; i++) {
        take_until(300 * i, i - 1);
        atomic_store(&w.cut, true);
        sim_server_wake(w.server);
        take_until(300 * i, i);
    }
    take_until(1000, 3);
    world_close();
}

/* Far more than the ring and the sockets hold: the server has to wait for us, and does. */
static void test_a_long_replay_is_sent_as_it_is_read(void **state) {
    (void)state;
    world_open(POSTS_MAX, 1, NULL);
    source_begin(NULL, 0);
    take_until(POSTS_MAX, 0);
    struct source_status st;
    live_status(w.source, &st);
    assert_int_equal(st.failures, 0);
    world_close();
}

int main(void) {
    log_setup(LOG_BROKEN, LOG_LOGFMT, 2);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_that_is_published_comes_once),
        cmocka_unit_test(test_names_are_resolved_and_their_posts_come),
        cmocka_unit_test(test_ten_thousand_authors_are_told_to_the_server),
        cmocka_unit_test(test_lines_that_break_lose_nothing),
        cmocka_unit_test(test_a_long_replay_is_sent_as_it_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
