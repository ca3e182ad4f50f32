/* The simulated Jetstream: what it sends to whom; and the real connector on it, in virtual time,
 * with faults and kills: nothing is lost, nothing comes twice. */
#include "sim/x_face.h"

#include <stdio.h>

#include "sim/faults.h"
#include "source/jetstream.h"
#include "xkit.h"

#define S USEC_PER_S
#define POSTS "/subscribe?wantedCollections=app.bsky.feed.post"

static struct xkit k;
static struct sim_face face;
static struct buf out;

static int begin(void) {
    struct error err;
    assert_ok(x_face_open(&k.boot, &k.opt, &k.x, &err), &err);
    x_face_jetstream(k.x, &face);
    k.face = face; /* xkit's requests go to it */
    buf_init(&out, 1 << 20);
    return 0;
}

static int setup(void **state) {
    (void)state;
    xkit_prepare(&k);
    return 0;
}

static int connect_to(const char *path) { return face.open(face.ctx, k.now, str_from_z(path), 1); }

/* The next message of a connection that is no identity or account; NULL: nothing. Borrowed until
 * the next. */
static const char *next_of(int conn) {
    int code = 0;
    do {
        buf_clear(&out);
        if (face.next(face.ctx, k.now, conn, &out, &code) != SIM_TEXT) return NULL;
    } while (strstr(buf_z(&out), "\"kind\":\"commit\"") == NULL);
    return buf_z(&out);
}

static int count_of(int conn) {
    int count = 0;
    while (next_of(conn) != NULL) count++;
    return count;
}

static struct post post_of(int conn) {
    static char block[1 << 16];
    struct arena a;
    struct post p = {0};
    struct error err;
    usec time;
    bool any = false;
    const char *text = next_of(conn);
    assert_non_null(text);
    arena_init(&a, block, sizeof block);
    assert_ok(jetstream_parse(&a, str_dup(&a, str_from_z(text)), STR("bsky"), k.now, &p, &any,
                              &time, &err),
              &err);
    assert_true(any && time == p.created_at);
    return p;
}

/* --- what it sends ------------------------------------------------------------------------- */

static void test_what_is_published_comes_as_commits(void **state) {
    (void)state;
    xkit_post(&k, 1, "alice", "\"Bitcoin\" &\n\xF0\x9F\x9A\x80")->id = 77;
    struct sim_post *p = xkit_post(&k, 2, "bob", "I think so too");
    p->ref = POST_REF_REPLY;
    p->ref_id = 77;
    p = xkit_post(&k, 3, "bob", "look");
    p->ref = POST_REF_QUOTE;
    p->ref_id = 77;
    p = xkit_post(&k, 4, "bob", "RT");
    p->ref = POST_REF_RETWEET;
    p->ref_id = 77;
    p = xkit_post(&k, 5, "alice", "Ether");
    p->kind = SIM_POST_EDIT;
    p->root_id = 77;
    p = xkit_post(&k, 6, "", "");
    p->kind = SIM_POST_DELETION;
    p->root_id = 77;
    begin();
    const int conn = connect_to(POSTS);
    assert_true(conn >= 0);
    assert_null(next_of(conn));
    xkit_wait(&k, 10);
    const struct post first = post_of(conn);
    assert_str(first.text, "\"Bitcoin\" &\n\xF0\x9F\x9A\x80");
    assert_str(first.lang, "en");
    assert_true(first.created_at == XKIT_START + S);
    const struct post reply = post_of(conn), quote = post_of(conn), edit = post_of(conn),
                      gone = post_of(conn);
    assert_int_equal(reply.ref, POST_REF_REPLY);
    assert_true(reply.ref_id == first.id && reply.id != first.id);
    assert_int_equal(quote.ref, POST_REF_QUOTE);
    assert_true(quote.ref_id == first.id);
    assert_true(edit.edited && edit.root_id == first.id);
    assert_true(gone.deleted && gone.id == first.id);
    assert_null(next_of(conn)); /* the retweet is of another collection */
}

static void test_filters_are_obeyed(void **state) {
    (void)state;
    static char path[400];
    xkit_post(&k, 1, "alice", "one")->id = 5;
    struct sim_post *p = xkit_post(&k, 2, "bob", "two");
    p->ref = POST_REF_RETWEET;
    p->ref_id = 5;
    xkit_post(&k, 3, "bob", "three, which is a very long text, longer than all the others are");
    begin();
    assert_int_equal(
        xkit_get(&k, "/xrpc/com.atproto.identity.resolveHandle?handle=alice.bsky.social"), 200);
    const char *alice = json_string_value(json_object_get(k.json, "did"));
    assert_non_null(alice);
    snprintf(path, sizeof path, POSTS "&wantedDids=%s&wantedDids=did:web:x", alice);
    const int all = connect_to("/subscribe?"), posts = connect_to(POSTS),
              prefix = connect_to("/subscribe?wantedCollections=app.bsky.feed.%2A"),
              other = connect_to("/subscribe?wantedCollections=app.bsky.graph.*"),
              of_alice = connect_to(path), small = connect_to("/subscribe?maxMessageSizeBytes=480");
    xkit_wait(&k, 10);
    assert_int_equal(count_of(all), 3);
    assert_int_equal(count_of(posts), 2);
    assert_int_equal(count_of(prefix), 3);
    assert_int_equal(count_of(other), 0);
    assert_int_equal(count_of(of_alice), 1);
    assert_int_equal(count_of(small), 2);
}

static void test_a_cursor_replays_what_is_kept(void **state) {
    (void)state;
    static char path[200];
    xkit_post(&k, -37 * 3600, "alice", "too old");
    for (int i = 0; i < 10; i++) xkit_post(&k, -100 + i, "alice", "old");
    xkit_post(&k, 5, "alice", "new");
    begin();
    struct {
        int64_t cursor;
        int count, later;
    } cases[] = {{XKIT_START - 96 * S, 6, 1},
                 {XKIT_START - 40 * 3600 * S, 10, 1},
                 {XKIT_START + 3600 * S, 0, 1}};
    for (int i = 0; i < COUNT_OF(cases); i++) {
        snprintf(path, sizeof path, POSTS "&cursor=%lld", (long long)cases[i].cursor);
        const int conn = connect_to(path);
        assert_int_equal(count_of(conn), cases[i].count);
        cases[i].cursor = conn;
    }
    xkit_wait(&k, 6);
    for (int i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(count_of((int)cases[i].cursor), cases[i].later);
}

static void test_options_come_by_message_too(void **state) {
    (void)state;
    for (int i = 0; i < 4; i++) xkit_post(&k, i + 1, i < 2 ? "alice" : "bob", "text");
    begin();
    const int conn = connect_to("/subscribe?requireHello=true");
    xkit_wait(&k, 1);
    assert_int_equal(count_of(conn), 0); /* not before it was greeted */
    face.message(face.ctx, k.now, conn,
                 STR("{\"type\":\"options_update\",\"payload\":{\"wantedCollections\":"
                     "[\"app.bsky.feed.post\"],\"wantedDids\":[],\"maxMessageSizeBytes\":0}}"));
    assert_int_equal(count_of(conn), 1);
    xkit_wait(&k, 1);
    assert_int_equal(count_of(conn), 1);
    face.message(face.ctx, k.now, conn,
                 STR("{\"type\":\"options_update\",\"payload\":{\"wantedDids\":[\"did:a:b\"]}}"));
    xkit_wait(&k, 1);
    assert_int_equal(count_of(conn), 0);
    face.message(face.ctx, k.now, conn, STR("{\"type\":\"options\"}"));
    int code = 0;
    assert_int_equal(face.next(face.ctx, k.now, conn, &out, &code), SIM_SHUT);
    assert_int_equal(code, 1008);
}

static void test_what_it_does_not_understand_it_refuses(void **state) {
    (void)state;
    begin();
    static const char *const bad[] = {"/subscribe?wantedCollections=*",
                                      "/subscribe?wantedCollections=app.*.post",
                                      "/subscribe?wantedDids=alice.bsky.social",
                                      "/subscribe?cursor=yesterday",
                                      "/subscribe?maxMessageSizeBytes=-1",
                                      "/subscribe?cursor=%zz",
                                      "/subscribe?compress=true",
                                      "/elsewhere?"};
    for (int i = 0; i < COUNT_OF(bad); i++) assert_int_equal(connect_to(bad[i]), -1);
    assert_int_equal(xkit_get(&k, "/xrpc/com.atproto.identity.resolveHandle?handle=no.example"),
                     400);
    assert_string_equal(json_string_value(json_object_get(k.json, "error")), "InvalidRequest");
    assert_int_equal(xkit_get(&k, "/xrpc/com.atproto.server.createSession?"), 404);
}

static void test_a_recorded_line_gets_the_time_of_its_item(void **state) {
    (void)state;
    struct sim_post *p = xkit_post(&k, 1, "", "");
    p->native = STR("{\"did\":\"did:plc:x\",\"time_us\":5,\"kind\":\"commit\",\"commit\":{\"rev\":"
                    "\"r\",\"operation\":\"create\",\"collection\":\"app.bsky.feed.post\",\"rkey\":"
                    "\"k\",\"record\":{\"text\":\"as it was\"}}}");
    begin();
    const int conn = connect_to(POSTS "&wantedDids=did:plc:x"),
              other = connect_to(POSTS "&wantedDids=did:plc:y");
    xkit_wait(&k, 2);
    const struct post got = post_of(conn);
    assert_str(got.text, "as it was");
    assert_true(got.created_at == XKIT_START + S);
    assert_null(next_of(other));
}

static void test_identities_and_accounts_come_besides(void **state) {
    (void)state;
    int code = 0, identities = 0, accounts = 0;
    usec last = 0;
    xkit_post(&k, 1, "alice", "text");
    begin();
    const int conn = connect_to("/subscribe?wantedCollections=app.bsky.graph.*");
    for (int i = 0; i < 600; i++) {
        xkit_wait(&k, 1);
        while (face.next(face.ctx, k.now, conn, &out, &code) == SIM_TEXT) {
            struct arena a;
            static char block[1 << 14];
            struct post p;
            struct error err;
            bool any;
            usec time;
            arena_init(&a, block, sizeof block);
            assert_ok(jetstream_parse(&a, buf_str(&out), STR("bsky"), k.now, &p, &any, &time, &err),
                      &err);
            assert_true(!any && time > last && time <= k.now && time > k.now - 2 * S);
            last = time;
            identities += strstr(buf_z(&out), "\"kind\":\"identity\"") != NULL;
            accounts += strstr(buf_z(&out), "\"kind\":\"account\"") != NULL;
        }
    }
    assert_true(identities > 5 && accounts > 5);
}

static void test_who_does_not_keep_up_is_cut(void **state) {
    (void)state;
    static char path[200];
    int code = 0;
    xkit_post(&k, 1, "alice", "text");
    begin();
    snprintf(path, sizeof path, POSTS "&cursor=%lld", (long long)(XKIT_START - S));
    const int slow = connect_to(POSTS), late = connect_to(path);
    assert_int_equal(count_of(slow), 0);
    face.pause(face.ctx, k.now, slow, true);
    face.pause(face.ctx, k.now, late, true);
    for (int round = 0; round < 32; round++) {
        k.given = 0;
        k.post_count = 0;
        for (int i = 0; i < XKIT_POSTS; i++) xkit_post(&k, round + 2, "alice", "text");
        assert_int_equal(face.ready(face.ctx), -1); /* up to 65,536 behind are borne with */
        xkit_wait(&k, round == 0 ? 2 : 1);
    }
    k.given = 0;
    k.post_count = 0;
    for (int i = 0; i < 100; i++) xkit_post(&k, 34, "alice", "text");
    xkit_wait(&k, 1);
    assert_int_equal(face.ready(face.ctx), slow); /* though it is paused */
    assert_int_equal(face.next(face.ctx, k.now, slow, &out, &code), SIM_SHUT);
    assert_int_equal(code, 1008);
    assert_int_equal(face.ready(face.ctx), -1);
    face.pause(face.ctx, k.now, late, false); /* it has never been there, and is still reading */
    assert_int_equal(face.ready(face.ctx), late);
    assert_int_equal(count_of(late), 32 * XKIT_POSTS + 101);
}

/* --- the connector on it ------------------------------------------------------------------- */

/* What a store would hold. */
struct kept {
    char state[INTAKE_STATE_BYTES];
    int64_t ids[XKIT_POSTS];
    int count, losses;
    gap_state gap; /* as it was told last */
};
struct rig {
    struct arena boot, mem;
    struct connector *c;
    int conn; /* -1: none */
    uint64_t seed;
    struct kept kept;
    int kill_after; /* items; 0: never */
    bool killed;
};
static struct rig rig;

static void connector_start(const str *authors, int count) {
    static char state[INTAKE_STATE_BYTES];
    struct error err;
    connector_close(rig.c);
    arena_reset(&rig.boot);
    memcpy(state, rig.kept.state, sizeof state);
    const struct jetstream_options opt = {.base = STR("ws://127.0.0.1:1 ws://127.0.0.1:2"),
                                          .resolver = STR("http://127.0.0.1:1"),
                                          .name = STR("bsky"),
                                          .authors = authors,
                                          .author_count = count,
                                          .state = str_from_z(state),
                                          .now = k.now,
                                          .seed = rig.seed};
    assert_ok(jetstream_open(&rig.boot, &opt, &rig.c, &err), &err);
}

static void rig_begin(uint64_t seed) {
    arena_open(&rig.boot, 64 << 20);
    arena_open(&rig.mem, 16 << 20);
    rig.conn = -1;
    rig.seed = seed;
    connector_start(NULL, 0);
}

static void rig_end(void) {
    connector_close(rig.c);
    arena_close(&rig.boot);
    arena_close(&rig.mem);
    memset(&rig, 0, sizeof rig);
}

static void store_post(const struct post *p) {
    for (int i = 0; i < rig.kept.count; i++)
        if (rig.kept.ids[i] == p->id) fail_msg("twice: " STR_FMT, STR_ARG(p->source_id));
    assert_true(rig.kept.count < XKIT_POSTS);
    rig.kept.ids[rig.kept.count++] = p->id;
}

static void take_items(void) {
    struct intake in;
    arena_reset(&rig.mem);
    while (!rig.killed && connector_item(rig.c, k.now, &rig.mem, &in)) {
        if (in.state.p != NULL)
            assert_true(str_copyz(in.state, rig.kept.state, sizeof rig.kept.state));
        if (in.kind == INTAKE_POST) store_post(&in.post);
        if (in.kind == INTAKE_GAP) {
            rig.kept.losses += in.u.gap.state == GAP_OPEN;
            rig.kept.gap = in.u.gap.state;
        }
        rig.killed = rig.kill_after > 0 && --rig.kill_after == 0;
    }
}

static void tell_gone(void) {
    struct http_answer a;
    http_answer_clear(&a);
    a.end = HTTP_LOST;
    snprintf(a.why, sizeof a.why, "cut");
    rig.conn = -1;
    connector_gone(rig.c, k.now, &a);
    take_items();
}

static void call(const struct http_request *rq) {
    const struct sim_request to = {.method = STR("GET"), .path = rq->path, .query = rq->query};
    struct http_answer a;
    k.last = (struct sim_answer){.body = &k.body};
    face.request(face.ctx, k.now, &to, &k.last);
    http_answer_clear(&a);
    a.end = k.last.delivery == SIM_WHOLE ? HTTP_ANSWERED : HTTP_LOST;
    a.status = k.last.status;
    a.body = buf_str(&k.body);
    connector_answered(rig.c, k.now, &a);
    take_items();
}

static void open_stream(const struct http_request *rq) {
    static char path[8192];
    snprintf(path, sizeof path, STR_FMT "?" STR_FMT, STR_ARG(rq->path), STR_ARG(rq->query));
    rig.conn = connect_to(path);
    assert_true(rig.conn >= 0);
    connector_opened(rig.c, k.now);
    take_items();
}

/* What it wants now, until it waits. Returns until when. */
static usec obey(void) {
    struct connector_step step;
    for (;;) {
        if (rig.killed) return k.now;
        connector_step(rig.c, k.now, &step);
        if (step.act == CONNECTOR_WAIT) return step.until;
        if (step.act == CONNECTOR_CALL) call(&step.request);
        if (step.act == CONNECTOR_OPEN) open_stream(&step.request);
        if (step.act == CONNECTOR_SEND) face.message(face.ctx, k.now, rig.conn, step.text);
        if (step.act == CONNECTOR_SHUT) {
            face.close(face.ctx, k.now, rig.conn);
            tell_gone();
        }
    }
}

static void receive(void) {
    int code = 0;
    while (!rig.killed && rig.conn >= 0 && face.ready(face.ctx) == rig.conn) {
        const sim_frame f = face.next(face.ctx, k.now, rig.conn, &out, &code);
        if (f == SIM_SHUT) tell_gone();
        if (f != SIM_TEXT) return;
        connector_line(rig.c, k.now, buf_str(&out));
        take_items();
        buf_clear(&out);
    }
}

/* Virtual time until `until`, with kills where they are due. */
static void run_until(usec until) {
    while (k.now < until) {
        take_items();
        const usec wanted = obey();
        receive();
        if (rig.killed) { /* what was told and not kept is forgotten */
            if (rig.conn >= 0) face.close(face.ctx, k.now, rig.conn);
            rig.conn = -1;
            rig.killed = false;
            k.now += 3 * S;
            connector_start(NULL, 0);
            continue;
        }
        usec next = i64_min(wanted, face.next_at(face.ctx));
        next = i64_min(i64_max(next, k.now + 1), until);
        k.now = next;
        face.advance(face.ctx, k.now);
    }
}

/* Posts, seldom two in a second. */
static void make_timeline(int count) {
    for (int i = 0; i < count; i++) {
        static char texts[XKIT_POSTS][24];
        snprintf(texts[i], sizeof texts[i], "post %d", i);
        xkit_post(&k, 1 + i * 1.3 + (i % 5) * 0.2, i % 3 == 0 ? "alice" : "bob", texts[i]);
    }
}

static void plan(const char *text) {
    struct error err;
    assert_ok(faults_parse(&k.boot, str_from_z(text), k.opt.seed, &k.opt.faults, &err), &err);
}

static void test_all_that_is_published_is_given(void **state) {
    (void)state;
    make_timeline(100);
    begin();
    rig_begin(1);
    run_until(XKIT_START + 200 * S);
    assert_int_equal(rig.kept.count, 100);
    assert_int_equal(rig.kept.losses, 0);
    rig_end();
}

static void test_nothing_is_lost_or_twice_whatever_befalls_the_line(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        if (seed > 1) {
            buf_fini(&out);
            xkit_close(&k);
            xkit_prepare(&k);
        }
        print_message("seed %d\n", (int)seed);
        k.opt.seed = seed;
        make_timeline(600);
        plan("{\"streams\":[{\"fault\":\"stream_cut\",\"percent\":3},"
             "{\"fault\":\"stream_double\",\"percent\":5},"
             "{\"fault\":\"stream_swap\",\"percent\":5,\"delay_ms\":1500},"
             "{\"fault\":\"stream_mute\",\"percent\":1,\"delay_ms\":40000}]}");
        begin();
        rig_begin(seed);
        run_until(XKIT_START + 1000 * S);
        assert_int_equal(rig.kept.count, 600);
        assert_true(rig.kept.losses > 5);
        assert_int_equal(rig.kept.gap, GAP_FILLED);
        rig_end();
    }
}

static void test_a_kill_after_any_item_loses_nothing_and_repeats_nothing(void **state) {
    (void)state;
    for (int after = 1; after <= 60; after++) {
        if (after > 1) {
            buf_fini(&out);
            xkit_close(&k);
            xkit_prepare(&k);
        }
        make_timeline(60);
        plan("{\"streams\":[{\"fault\":\"stream_cut\",\"percent\":5},"
             "{\"fault\":\"stream_swap\",\"percent\":10,\"delay_ms\":500}]}");
        begin();
        rig_begin(3);
        for (int i = 0; i < 40; i++) { /* again and again */
            rig.kill_after = after;
            run_until(XKIT_START + (i + 1) * 3 * S);
        }
        rig.kill_after = 0;
        run_until(XKIT_START + 300 * S);
        if (rig.kept.count != 60) fail_msg("killed after %d: %d of 60", after, rig.kept.count);
        rig_end();
    }
}

static void test_named_authors_are_asked_for_and_followed(void **state) {
    (void)state;
    const str authors[] = {STR("alice.bsky.social"), STR("nobody.bsky.social")};
    make_timeline(30);
    begin();
    rig_begin(1);
    connector_start(authors, COUNT_OF(authors));
    run_until(XKIT_START + 100 * S);
    assert_int_equal(rig.kept.count, 10);
    rig_end();
}

static int teardown(void **state) {
    (void)state;
    rig_end();
    buf_fini(&out);
    xkit_close(&k);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_published_comes_as_commits),
        TEST(test_filters_are_obeyed),
        TEST(test_a_cursor_replays_what_is_kept),
        TEST(test_options_come_by_message_too),
        TEST(test_what_it_does_not_understand_it_refuses),
        TEST(test_a_recorded_line_gets_the_time_of_its_item),
        TEST(test_identities_and_accounts_come_besides),
        TEST(test_who_does_not_keep_up_is_cut),
        TEST(test_all_that_is_published_is_given),
        TEST(test_nothing_is_lost_or_twice_whatever_befalls_the_line),
        TEST(test_a_kill_after_any_item_loses_nothing_and_repeats_nothing),
        TEST(test_named_authors_are_asked_for_and_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
