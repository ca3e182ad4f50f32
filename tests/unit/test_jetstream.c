/* jetstream: the conversation with Bluesky's servers, in virtual time, told by hand. What a whole
 * simulated server makes of it is in test_sim_jetstream.c. */
#include "source/jetstream.h"

#include <stdio.h>

#include "check.h"

#define T INT64_C(1785000000000000)
#define S USEC_PER_S
#define ALICE "did:plc:a2b3c4d5e6f7g2h3i4j5k6l7"
#define BOB "did:plc:m2n3o4p5q6r7s2t3u4v5w6x7"
#define ITEMS_MAX 64
#define OUT_BYTES (1 << 20)

struct talk {
    struct arena boot, mem;
    struct connector *c;
    usec now;
    struct connector_step step;
    char said[OUT_BYTES]; /* query or text of the last step */
    struct intake items[ITEMS_MAX];
    int count;
    char state[INTAKE_STATE_BYTES];
};
static struct talk t;

static struct jetstream_options options(void) {
    return (struct jetstream_options){.base = STR("wss://one.example  wss://two.example/"),
                                      .resolver = STR("https://names.example"),
                                      .name = STR("bsky"),
                                      .now = T,
                                      .seed = 7};
}

static void start_at(const struct jetstream_options *opt) {
    struct error err;
    connector_close(t.c);
    arena_close(&t.boot);
    arena_close(&t.mem);
    t = (struct talk){.now = opt->now};
    arena_open(&t.boot, 64 << 20);
    arena_open(&t.mem, 64 << 20);
    assert_ok(jetstream_open(&t.boot, opt, &t.c, &err), &err);
}

static void start(void) {
    const struct jetstream_options opt = options();
    start_at(&opt);
}

static void take_items(void) {
    t.count = 0;
    while (t.count < ITEMS_MAX && connector_item(t.c, t.now, &t.mem, &t.items[t.count])) {
        const str state = t.items[t.count].state;
        if (state.p != NULL) assert_true(str_copyz(state, t.state, sizeof t.state));
        t.count++;
    }
    assert_true(t.count < ITEMS_MAX);
}

/* Items, then what it wants. */
static connector_act go_on(void) {
    take_items();
    connector_step(t.c, t.now, &t.step);
    const str said = t.step.act == CONNECTOR_SEND ? t.step.text : t.step.request.query;
    assert_true(str_copyz(said, t.said, sizeof t.said));
    return t.step.act;
}

static void expect_open(const char *base) {
    assert_int_equal(go_on(), CONNECTOR_OPEN);
    assert_true(str_eq(t.step.base, str_from_z(base)));
    assert_str(t.step.request.path, "/subscribe");
}

static void open_stream(void) {
    assert_int_equal(go_on(), CONNECTOR_OPEN);
    connector_opened(t.c, t.now);
    take_items();
}

static void lose(void) {
    struct http_answer a;
    http_answer_clear(&a);
    a.end = HTTP_LOST;
    snprintf(a.why, sizeof a.why, "the line broke");
    connector_gone(t.c, t.now, &a);
    take_items();
}

static void answer(int status, const char *body) {
    struct http_answer a;
    http_answer_clear(&a);
    a.end = HTTP_ANSWERED;
    a.status = status;
    a.body = str_from_z(body);
    connector_answered(t.c, t.now, &a);
    take_items();
}

static char line[1024];

static void tell(const char *did, int number, usec at) {
    snprintf(line, sizeof line,
             "{\"did\":\"%s\",\"time_us\":%lld,\"kind\":\"commit\",\"commit\":{\"rev\":\"r%d\","
             "\"operation\":\"create\",\"collection\":\"app.bsky.feed.post\",\"rkey\":\"k%d\","
             "\"record\":{\"text\":\"post %d\"}}}",
             did, (long long)at, number, number, number);
    connector_line(t.c, t.now, str_from_z(line));
    take_items();
}

static void tell_other(usec at) {
    snprintf(line, sizeof line,
             "{\"did\":\"" ALICE "\",\"time_us\":%lld,\"kind\":\"identity\",\"identity\":{}}",
             (long long)at);
    connector_line(t.c, t.now, str_from_z(line));
    take_items();
}

static const struct intake *only(intake_kind kind) {
    const struct intake *found = NULL;
    for (int i = 0; i < t.count; i++) {
        if (t.items[i].kind != kind) continue;
        assert_null(found);
        found = &t.items[i];
    }
    return found;
}

static const struct gap *told_gap(gap_state state) {
    const struct intake *in = only(INTAKE_GAP);
    assert_non_null(in);
    assert_int_equal(in->u.gap.state, state);
    return &in->u.gap;
}

static bool said(const char *text) { return strstr(t.said, text) != NULL; }

static source_state state_now(void) {
    struct source_status st;
    connector_status(t.c, t.now, &st);
    return st.state;
}

/* --- opening ------------------------------------------------------------------------------- */

static void test_it_begins_now(void **state) {
    (void)state;
    start();
    expect_open("wss://one.example");
    assert_string_equal(t.said, "wantedCollections=app.bsky.feed.post&maxMessageSizeBytes=1048576");
    connector_opened(t.c, t.now);
    take_items();
    assert_int_equal(state_now(), SOURCE_LIVE);
    assert_int_equal(t.count, 1);
    assert_int_equal(t.items[0].kind, INTAKE_NONE);
    assert_string_equal(t.state, "cursor=1785000000000000"); /* a kill now loses nothing */
    tell(ALICE, 1, T + S);
    const struct intake *in = only(INTAKE_POST);
    assert_non_null(in);
    assert_str(in->post.source_id, ALICE "/k1");
    assert_str(in->post.username, "");
    assert_false(in->post.missed);
    assert_true(strncmp(t.state, "cursor=1785000001000000 seen=", 29) == 0);
}

static void test_what_is_configured_wrong_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *base, *author, *state;
        err_code code;
    } cases[] = {{"", "", "", ERR_CONFIG},
                 {"https://x", "", "", ERR_CONFIG},
                 {"wss://x", "alice", "", ERR_CONFIG},
                 {"wss://x", "did:plc", "", ERR_CONFIG},
                 {"wss://x", "did:plc:abc@", "", ERR_CONFIG},
                 {"wss://x", "alice..example", "", ERR_CONFIG},
                 {"wss://x", "", "cursor=", ERR_DAMAGED},
                 {"wss://x", "", "cursor=1785000000000000 seen=abc", ERR_DAMAGED},
                 {"wss://x", "", "cursor=1785000000000000 gap=5,4,0,open", ERR_DAMAGED},
                 {"wss://x", "", "cursor=1785000000000000 more=1", ERR_DAMAGED}};
    struct arena boot;
    arena_open(&boot, 64 << 20);
    for (int i = 0; i < COUNT_OF(cases); i++) {
        struct jetstream_options opt = options();
        struct connector *c = NULL;
        struct error err = {0};
        const str author = str_from_z(cases[i].author);
        arena_reset(&boot);
        opt.base = str_from_z(cases[i].base);
        opt.state = str_from_z(cases[i].state);
        opt.authors = &author;
        opt.author_count = author.n > 0;
        assert_false(jetstream_open(&boot, &opt, &c, &err));
        assert_int_equal(err.code, cases[i].code);
    }
    arena_close(&boot);
}

/* --- authors ------------------------------------------------------------------------------- */

static void test_names_are_asked_for_once_and_kept(void **state) {
    (void)state;
    const str authors[] = {STR("@Alice.example"), STR(BOB "@bob.example"), STR("carol.example")};
    struct handle known = {.network = "bsky", .name = "carol.example", .resolved_at = T - 9 * S};
    struct jetstream_options opt = options();
    strncpy(known.native_id, "did:web:carol.example", sizeof known.native_id - 1);
    opt.authors = authors;
    opt.author_count = COUNT_OF(authors);
    opt.known = &known;
    opt.known_count = 1;
    start_at(&opt);
    assert_int_equal(go_on(), CONNECTOR_CALL);
    assert_str(t.step.base, "https://names.example");
    assert_str(t.step.request.path, "/xrpc/com.atproto.identity.resolveHandle");
    assert_string_equal(t.said, "handle=alice.example");
    assert_int_equal(go_on(), CONNECTOR_WAIT); /* for the answer */
    assert_int_equal(state_now(), SOURCE_STARTING);
    answer(200, "{\"did\":\"" ALICE "\"}");
    const struct intake *in = only(INTAKE_HANDLE);
    assert_non_null(in);
    assert_string_equal(in->u.handle.name, "alice.example");
    assert_string_equal(in->u.handle.native_id, ALICE);
    assert_string_equal(in->u.handle.network, "bsky");
    open_stream();
    assert_true(said("&wantedDids=" ALICE) && said("&wantedDids=" BOB));
    assert_true(said("&wantedDids=did:web:carol.example"));
    tell(BOB, 1, T + S);
    assert_str(only(INTAKE_POST)->post.username, "bob.example");
    tell(ALICE, 2, T + S);
    assert_str(only(INTAKE_POST)->post.username, "alice.example");
    tell("did:plc:somebodyelsewhoisnotasked", 3, T + S);
    assert_null(only(INTAKE_POST));
}

static void test_a_name_of_nobody_is_kept_and_nobody_is_not_everybody(void **state) {
    (void)state;
    const str author = STR("nobody.example");
    struct jetstream_options opt = options();
    opt.authors = &author;
    opt.author_count = 1;
    start_at(&opt);
    assert_int_equal(go_on(), CONNECTOR_CALL);
    answer(400, "{\"error\":\"InvalidRequest\",\"message\":\"Unable to resolve handle\"}");
    assert_string_equal(only(INTAKE_HANDLE)->u.handle.native_id, "");
    assert_int_equal(go_on(), CONNECTOR_WAIT);
    assert_int_equal(state_now(), SOURCE_CONFIG);
    assert_true(t.step.until == T + USEC_PER_DAY); /* perhaps somebody takes it */
    t.now = t.step.until;
    assert_int_equal(go_on(), CONNECTOR_CALL);
}

static void on_complaint(void *ctx, str where, str what, str payload) {
    (void)where;
    struct buf *b = ctx;
    buf_printf(b, STR_FMT "|" STR_FMT "\n", STR_ARG(payload), STR_ARG(what));
}

static void test_one_nobody_among_the_authors_is_told_while_posts_come(void **state) {
    (void)state;
    const str authors[] = {STR("nobody.example"), STR(BOB)};
    struct jetstream_options opt = options();
    struct source told = {0};
    struct buf said_block;
    char block[512];
    buf_init_fixed(&said_block, block, sizeof block);
    opt.authors = authors;
    opt.author_count = COUNT_OF(authors);
    start_at(&opt);
    told.complain = on_complaint;
    told.complain_ctx = &said_block;
    t.c->source = &told;
    assert_int_equal(go_on(), CONNECTOR_CALL);
    answer(400, "{\"error\":\"InvalidRequest\",\"message\":\"Unable to resolve handle\"}");
    open_stream();
    assert_str(buf_str(&said_block),
               "nobody.example|there is nobody of this name on Bluesky: nothing of his is seen\n");
    struct source_status st;
    connector_status(t.c, t.now, &st);
    assert_int_equal(st.state, SOURCE_LIVE);
    assert_string_equal(st.why, "1 of the authors is unknown to Bluesky (nobody.example): nothing "
                                "of theirs is seen");
    t.c->source = NULL;
}

static void test_who_cannot_be_asked_for_does_not_hold_up_the_others(void **state) {
    (void)state;
    const str authors[] = {STR("alice.example"), STR(BOB)};
    struct jetstream_options opt = options();
    opt.authors = authors;
    opt.author_count = COUNT_OF(authors);
    start_at(&opt);
    assert_int_equal(go_on(), CONNECTOR_CALL);
    answer(503, "<html>");
    assert_null(only(INTAKE_HANDLE));
    open_stream();
    assert_true(said("&wantedDids=" BOB) && !said(ALICE));
    assert_int_equal(go_on(), CONNECTOR_WAIT);
    t.now = t.step.until;
    assert_true(t.now <= T + S);
    assert_int_equal(go_on(), CONNECTOR_CALL);
    answer(200, "{\"did\":\"" ALICE "\"}");
    assert_int_equal(go_on(), CONNECTOR_SEND); /* the open stream learns it */
    assert_true(said("\"wantedDids\":[\"" ALICE "\",\"" BOB "\"]"));
    assert_int_equal(go_on(), CONNECTOR_WAIT);
}

static void test_many_authors_are_sent_once_it_is_open(void **state) {
    (void)state;
    enum { COUNT = 10000 };
    static char names[COUNT][48];
    static str authors[COUNT];
    struct jetstream_options opt = options();
    for (int i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof names[i], "did:plc:author%018d", i);
        authors[i] = str_from_z(names[i]);
    }
    opt.authors = authors;
    opt.author_count = COUNT;
    start_at(&opt);
    open_stream();
    assert_true(said("requireHello=true") && !said("wantedDids"));
    assert_int_equal(go_on(), CONNECTOR_SEND);
    assert_true(said("{\"type\":\"options_update\",\"payload\":{\"wantedCollections\":"
                     "[\"app.bsky.feed.post\"],\"wantedDids\":[\"did:plc:author"));
    assert_true(said(names[COUNT - 1]));
    assert_true(t.step.text.n < 1 << 20);
    assert_int_equal(go_on(), CONNECTOR_WAIT);
    tell(names[77], 1, T + S);
    assert_non_null(only(INTAKE_POST));
    lose();
    t.now += S;
    open_stream();
    assert_int_equal(go_on(), CONNECTOR_SEND); /* anew on each connection */
}

static void test_an_address_that_would_be_too_long_is_not_used(void **state) {
    (void)state;
    static char names[80][64];
    static str authors[80];
    struct jetstream_options opt = options();
    for (int i = 0; i < 80; i++) {
        snprintf(names[i], sizeof names[i], "did:web:%040d%%3A8443", i);
        authors[i] = str_from_z(names[i]);
    }
    opt.authors = authors;
    opt.author_count = 80;
    start_at(&opt);
    open_stream();
    assert_true(said("requireHello=true") && !said("wantedDids"));
    opt.author_count = 3;
    start_at(&opt);
    open_stream();
    assert_true(said("wantedDids=did:web:0000000000000000000000000000000000000000%253A8443&"));
}

/* --- losses -------------------------------------------------------------------------------- */

static void test_a_loss_is_a_gap_that_is_filled_by_the_replay(void **state) {
    (void)state;
    start();
    open_stream();
    tell(ALICE, 1, T);
    t.now = T + 20 * S;
    lose();
    assert_int_equal(state_now(), SOURCE_RETRYING);
    const struct gap *g = told_gap(GAP_OPEN);
    assert_true(g->from == T + 20 * S);
    assert_non_null(strstr(g->why, "the line broke"));
    t.now = T + 60 * S;
    expect_open("wss://two.example");
    assert_true(said("&cursor=1784999995000000")); /* 5 s before the last event */
    connector_opened(t.c, t.now);
    take_items();
    g = told_gap(GAP_CLOSED);
    assert_true(g->from == T + 20 * S && g->until == T + 60 * S);
    tell(ALICE, 1, T); /* once more */
    assert_null(only(INTAKE_POST));
    tell(ALICE, 2, T + 10 * S); /* before the loss, and late */
    assert_false(only(INTAKE_POST)->post.missed);
    tell(ALICE, 3, T + 30 * S);
    assert_true(only(INTAKE_POST)->post.missed);
    tell(ALICE, 4, T + 55 * S); /* in the gap, and still fresh */
    assert_false(only(INTAKE_POST)->post.missed);
    assert_null(only(INTAKE_GAP));
    tell(ALICE, 5, T + 60 * S);
    g = told_gap(GAP_FILLED);
    assert_int_equal(g->posts, 2);
    assert_int_equal(t.items[0].kind, INTAKE_GAP);
    assert_int_equal(t.items[1].kind, INTAKE_POST);
    assert_false(t.items[1].post.missed);
    struct source_status st;
    connector_status(t.c, t.now, &st);
    assert_int_equal(st.posts, 5);
    assert_int_equal(st.missed, 1);
    assert_true(st.blind == 40 * S);
}

static void test_silence_of_everybody_is_a_server_that_hangs(void **state) {
    (void)state;
    start();
    open_stream();
    tell(ALICE, 1, T);
    assert_int_equal(go_on(), CONNECTOR_WAIT);
    t.now = T + 25 * S;
    connector_line(t.c, t.now, STR("")); /* it answers pings */
    assert_int_equal(go_on(), CONNECTOR_WAIT);
    assert_true(t.step.until == T + 30 * S);
    t.now = T + 30 * S;
    assert_int_equal(go_on(), CONNECTOR_SHUT);
    assert_int_equal(go_on(), CONNECTOR_WAIT);
    lose();
    assert_true(told_gap(GAP_OPEN)->from == T); /* since when nothing came */
    assert_non_null(strstr(only(INTAKE_GAP)->u.gap.why, "no message for 30 s"));
}

static void test_few_authors_may_be_silent(void **state) {
    (void)state;
    const str author = STR(ALICE);
    struct jetstream_options opt = options();
    opt.authors = &author;
    opt.author_count = 1;
    start_at(&opt);
    open_stream();
    t.now = T + 20 * USEC_PER_MIN;
    connector_line(t.c, t.now, STR(""));
    assert_int_equal(go_on(), CONNECTOR_WAIT);
    /* the state says that it was seen alive, so that a restart knows what it missed */
    assert_non_null(strstr(t.state, " at=1785001200000000"));
    lose();
    t.now += S;
    open_stream();
    assert_true(told_gap(GAP_CLOSED)->until == t.now);
    assert_int_equal(go_on(), CONNECTOR_WAIT);
    t.now = t.step.until;
    go_on(); /* nothing came, and the server lives: nothing was missed */
    assert_int_equal(told_gap(GAP_FILLED)->posts, 0);
    t.now += 30 * USEC_PER_MIN;
    assert_int_equal(go_on(), CONNECTOR_SHUT);
}

static void test_patience_grows_and_the_breaker_opens(void **state) {
    (void)state;
    usec last = 0;
    start();
    for (int i = 1; i <= 9; i++) {
        expect_open(i % 2 == 1 ? "wss://one.example" : "wss://two.example");
        lose();
        assert_int_equal(state_now(), i < 8 ? SOURCE_RETRYING : SOURCE_BROKEN);
        assert_int_equal(go_on(), CONNECTOR_WAIT);
        last = t.step.until - t.now;
        const usec pause = i < 8 ? 125 * USEC_PER_MS << (i - 1) : 15 * S;
        assert_true(last >= i64_min(pause, 15 * S) && last <= i64_min(2 * pause, 30 * S));
        t.now = t.step.until;
    }
    open_stream();
    tell(ALICE, 1, t.now);
    lose();
    assert_int_equal(state_now(), SOURCE_RETRYING);
    assert_int_equal(go_on(), CONNECTOR_WAIT);
    assert_true(t.step.until - t.now <= 250 * USEC_PER_MS);
}

static void test_a_first_connection_that_fails_does_not_skip(void **state) {
    (void)state;
    start();
    expect_open("wss://one.example");
    t.now = T + 2 * S;
    lose();
    assert_true(told_gap(GAP_OPEN)->from == T);
    t.now = T + 100 * S;
    open_stream();
    assert_true(said("&cursor=1784999995000000"));
    assert_true(told_gap(GAP_CLOSED)->from == T);
}

static void test_a_server_that_says_when_is_obeyed(void **state) {
    (void)state;
    struct http_answer a;
    start();
    expect_open("wss://one.example");
    http_answer_clear(&a);
    a.end = HTTP_ANSWERED;
    a.status = 429;
    a.retry_after_s = 90;
    connector_gone(t.c, t.now, &a);
    assert_int_equal(go_on(), CONNECTOR_WAIT);
    assert_int_equal(state_now(), SOURCE_LIMITED);
    assert_true(t.step.until == T + 90 * S);
}

/* --- restarts ------------------------------------------------------------------------------ */

static char kept[INTAKE_STATE_BYTES];

static void restart_at(usec now) {
    struct jetstream_options opt = options();
    memcpy(kept, t.state, sizeof kept);
    opt.state = str_from_z(kept);
    opt.now = now;
    start_at(&opt);
}

static void test_a_stop_is_a_gap_and_nothing_comes_twice(void **state) {
    (void)state;
    start();
    open_stream();
    for (int i = 0; i < 300; i++) tell(ALICE, i, T + i * S / 100);
    restart_at(T + 100 * S);
    open_stream();
    assert_true(said("&cursor=1784999997990000"));
    const struct gap *g = told_gap(GAP_CLOSED);
    assert_true(g->from == T + 299 * S / 100 && g->until == T + 100 * S);
    for (int i = 0; i < 300; i++) {
        tell(ALICE, i, T + i * S / 100);
        assert_null(only(INTAKE_POST));
    }
    tell(ALICE, 300, T + 50 * S);
    assert_true(only(INTAKE_POST)->post.missed);
    restart_at(T + 200 * S); /* the gap is not filled yet, and goes on */
    open_stream();
    g = told_gap(GAP_CLOSED);
    assert_true(g->from == T + 299 * S / 100 && g->until == T + 200 * S);
    assert_int_equal(g->posts, 1);
}

static void test_what_is_older_than_the_server_keeps_is_lost(void **state) {
    (void)state;
    start();
    open_stream();
    tell(ALICE, 1, T);
    restart_at(T + 40 * USEC_PER_HOUR);
    open_stream();
    assert_int_equal(t.items[0].kind, INTAKE_GAP);
    assert_int_equal(t.items[0].u.gap.state, GAP_LOST);
    assert_true(t.items[0].u.gap.from == T);
    assert_true(t.items[0].u.gap.until == T + 4 * USEC_PER_HOUR);
    assert_non_null(strstr(t.items[0].u.gap.why, "36 hours"));
    assert_int_equal(t.items[1].u.gap.state, GAP_CLOSED);
    assert_true(t.items[1].u.gap.from == T + 4 * USEC_PER_HOUR);
}

static void test_the_state_moves_while_only_other_things_come(void **state) {
    (void)state;
    start();
    open_stream();
    for (int i = 1; i < 10; i++) {
        t.now = T + i * S / 10;
        tell_other(T + 3 * S + i);
        assert_int_equal(t.count, 0);
    }
    t.now = T + S;
    tell_other(T + 4 * S);
    assert_int_equal(t.count, 1);
    assert_int_equal(t.items[0].kind, INTAKE_NONE);
    assert_string_equal(t.state, "cursor=1785000004000000");
}

static void test_more_than_the_state_can_name_is_left_to_the_store(void **state) {
    (void)state;
    start();
    open_stream();
    for (int i = 0; i < 401; i++) tell(ALICE, i, T + i);
    assert_string_equal(t.state, "cursor=1785000000000400");
    t.now += S;
    tell(ALICE, 401, T + 5 * S + 399); /* all but two are old now */
    assert_int_equal(strlen(t.state), strlen("cursor=1785000005000399 seen=") + 3 * 11);
}

static void test_a_server_whose_clock_is_ahead_skips_nothing(void **state) {
    (void)state;
    start();
    open_stream();
    tell(ALICE, 1, T + 3600 * S);
    assert_non_null(only(INTAKE_POST));
    lose();
    t.now = T + S;
    open_stream();
    assert_true(said("&cursor=1785000000000000"));
}

static void test_the_same_event_of_two_servers_is_one(void **state) {
    (void)state;
    start();
    open_stream();
    tell(ALICE, 1, T + 2 * S);
    tell(ALICE, 2, T + S); /* out of order */
    assert_non_null(only(INTAKE_POST));
    assert_true(strncmp(t.state, "cursor=1785000002000000", 23) == 0);
    lose();
    t.now = T + 3 * S;
    open_stream();
    tell(ALICE, 1, T + 2 * S + 77);
    assert_null(only(INTAKE_POST));
    tell(ALICE, 2, T + S - 1000);
    assert_null(only(INTAKE_POST));
}

static int complaints;
static void complain(void *ctx, str where, str what, str payload) {
    (void)ctx;
    assert_str(where, "bsky");
    assert_true(str_find(what, STR("time_us: missing")) >= 0);
    assert_str(payload, "{\"kind\":\"commit\"}");
    complaints++;
}

static void test_a_bad_line_is_told_and_passed_over(void **state) {
    (void)state;
    struct source s = {.complain = complain};
    start();
    t.c->source = &s;
    open_stream();
    connector_line(t.c, t.now, STR("{\"kind\":\"commit\"}"));
    take_items();
    assert_int_equal(complaints, 1);
    tell(ALICE, 1, T);
    assert_non_null(only(INTAKE_POST));
    t.c->source = NULL;
}

static int teardown(void **state) {
    (void)state;
    connector_close(t.c);
    arena_close(&t.boot);
    arena_close(&t.mem);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_begins_now),
        cmocka_unit_test(test_what_is_configured_wrong_is_refused),
        cmocka_unit_test(test_names_are_asked_for_once_and_kept),
        cmocka_unit_test(test_one_nobody_among_the_authors_is_told_while_posts_come),
        cmocka_unit_test(test_a_name_of_nobody_is_kept_and_nobody_is_not_everybody),
        cmocka_unit_test(test_who_cannot_be_asked_for_does_not_hold_up_the_others),
        cmocka_unit_test(test_many_authors_are_sent_once_it_is_open),
        cmocka_unit_test(test_an_address_that_would_be_too_long_is_not_used),
        cmocka_unit_test(test_a_loss_is_a_gap_that_is_filled_by_the_replay),
        cmocka_unit_test(test_silence_of_everybody_is_a_server_that_hangs),
        cmocka_unit_test(test_few_authors_may_be_silent),
        cmocka_unit_test(test_patience_grows_and_the_breaker_opens),
        cmocka_unit_test(test_a_first_connection_that_fails_does_not_skip),
        cmocka_unit_test(test_a_server_that_says_when_is_obeyed),
        cmocka_unit_test(test_a_stop_is_a_gap_and_nothing_comes_twice),
        cmocka_unit_test(test_what_is_older_than_the_server_keeps_is_lost),
        cmocka_unit_test(test_the_state_moves_while_only_other_things_come),
        cmocka_unit_test(test_more_than_the_state_can_name_is_left_to_the_store),
        cmocka_unit_test(test_a_server_whose_clock_is_ahead_skips_nothing),
        cmocka_unit_test(test_the_same_event_of_two_servers_is_one),
        cmocka_unit_test(test_a_bad_line_is_told_and_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
