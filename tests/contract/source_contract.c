/* The suite of live sources. See the header. */
#include "source_contract.h"

#define GOT_MAX 64

/* A post that came, with what the tests look at. */
struct got {
    int64_t id, root_id;
    char text[64], author[64], username[64], source[16];
    usec created_at, received_at;
    bool deleted, edited;
    int times; /* that it came */
};

struct room {
    struct xport port;
    struct arena boot, item;
    struct x_account *account;
    struct source *source;

    struct got got[GOT_MAX];
    int got_count;
    struct source_status last; /* that was passed on */
    char state[INTAKE_STATE_BYTES + 1];
    ptrdiff_t state_bytes;
    int complaints;
};

static const struct source_place *place;
static struct room room;

/* --- the room ---------------------------------------------------------------------------- */

static void complain(void *ctx, str where, str what, str payload) {
    struct room *r = ctx;
    (void)where, (void)payload;
    assert_true(what.n > 0);
    r->complaints++;
}

/* A process begins, with the state that the last one left. */
static void begin(struct room *r, const char *token) {
    struct error err;
    struct connector *c;
    arena_open(&r->boot, INT64_C(1) << 30);
    const struct x_account_options opt = {
        .base = str_from_z(r->port.rest),
        .token = str_from_z(token),
        .cost = {.price = {[RESOURCE_POST] = money_from_e8(E8 / 200),
                           [RESOURCE_EVENT] = money_from_e8(E8 / 200),
                           [RESOURCE_USER] = money_from_e8(E8 / 100)},
                 .budget = money_from_e8(10000 * E8),
                 .posts_max = 2000000},
        .seed = 7};
    assert_ok(x_account_open(&r->boot, &opt, &r->account, &err), &err);
    const struct source_opening o = {.boot = &r->boot,
                                     .port = &r->port,
                                     .account = r->account,
                                     .state = {r->state, r->state_bytes}};
    assert_ok(place->connect(&o, &c, &err), &err);
    assert_ok(live_open(&r->boot, c, &r->source, &err), &err);
    assert_true(source_is_live(r->source));
    r->source->complain = complain;
    r->source->complain_ctx = r;
    r->last = (struct source_status){0};
}

static void end(struct room *r) {
    source_stop(r->source);
    source_close(r->source);
    x_account_close(r->account);
    arena_close(&r->boot);
}

static struct room *open_room(const char *plan) {
    memset(&room, 0, sizeof room);
    arena_open(&room.item, INT64_C(64) << 20);
    xport_prepare(&room.port);
    xport_begin(&room.port, plan);
    return &room;
}

static void close_room(struct room *r) {
    xport_close(&r->port);
    arena_close(&r->item);
}

static void keep_post(struct room *r, const struct post *p) {
    struct got *g = r->got;
    while (g < r->got + r->got_count && (g->id != p->id || g->deleted != p->deleted)) g++;
    assert_true(g < r->got + GOT_MAX);
    if (g == r->got + r->got_count) r->got_count++;
    const int times = g->times;
    *g = (struct got){.id = p->id,
                      .root_id = p->root_id,
                      .created_at = p->created_at,
                      .received_at = p->received_at,
                      .deleted = p->deleted,
                      .edited = p->edited,
                      .times = times + 1};
    assert_true(str_copyz(p->text, g->text, sizeof g->text));
    assert_true(str_copyz(p->author_id, g->author, sizeof g->author));
    assert_true(str_copyz(p->username, g->username, sizeof g->username));
    assert_true(str_copyz(p->source, g->source, sizeof g->source));
}

/* One thing from the source; its state is kept as the store keeps it. */
static intake_kind take(struct room *r) {
    struct intake it;
    struct error err;
    arena_reset(&r->item);
    assert_ok(source_next(r->source, &r->item, &it, &err), &err);
    if (it.state.p != NULL) {
        assert_true(it.state.n <= INTAKE_STATE_BYTES);
        if (it.state.n > 0) memcpy(r->state, it.state.p, (size_t)it.state.n);
        r->state_bytes = it.state.n;
    }
    if (it.kind == INTAKE_POST) keep_post(r, &it.post);
    if (it.kind == INTAKE_STATUS) r->last = it.u.status;
    return it.kind;
}

static void until_state(struct room *r, source_state want) {
    while (r->last.state != want || r->last.since == 0) assert_int_not_equal(take(r), INTAKE_END);
}

static const struct got *find(const struct room *r, const char *text) {
    for (int i = 0; i < r->got_count; i++)
        if (!r->got[i].deleted && strcmp(r->got[i].text, text) == 0) return &r->got[i];
    return NULL;
}

static const struct got *until_post(struct room *r, const char *text) {
    while (find(r, text) == NULL) assert_int_not_equal(take(r), INTAKE_END);
    return find(r, text);
}

/* --- the tests --------------------------------------------------------------------------- */

static void test_what_is_published_comes_once_with_what_belongs_to_it(void **state) {
    (void)state;
    static const char *const texts[] = {"$DOGE to the moon", "two \\u00e9", "three"};
    static const char *const want[] = {"$DOGE to the moon", "two \xc3\xa9", "three"};
    struct room *r = open_room(NULL);
    int64_t ids[3];
    begin(r, "t0ken");
    until_state(r, SOURCE_LIVE);
    const usec before = time_wall_us();
    for (int i = 0; i < 3; i++) ids[i] = xport_publish(&r->port, texts[i]);
    const usec after = time_wall_us();
    for (int i = 0; i < 3; i++) until_post(r, want[i]);
    xport_publish(&r->port, "last");
    until_post(r, "last");
    assert_int_equal(r->got_count, 4);
    for (int i = 0; i < 3; i++) {
        const struct got *g = find(r, want[i]);
        assert_int_equal(g->times, 1);
        if (place->is_x) {
            assert_int_equal(g->id, ids[i]);
            assert_string_equal(g->author, "1001");
            assert_string_equal(g->username, "alice");
        } else {
            assert_true(g->id < 0);
            assert_memory_equal(g->author, "did:", 4);
        }
        assert_int_equal(g->root_id, g->id);
        assert_string_equal(g->source, place->is_x ? "x" : "bsky");
        assert_in_range(g->created_at, before - 2 * USEC_PER_MS, after + 2 * USEC_PER_MS);
        assert_in_range(g->received_at, g->created_at - 2 * USEC_PER_MS, time_wall_us());
        for (int k = 0; k < i; k++) assert_int_not_equal(g->id, find(r, want[k])->id);
    }
    assert_int_equal(r->complaints, 0);
    end(r);
    close_room(r);
}

/* Of one post; 0: of any. */
static int deletions_of(const struct room *r, int64_t id) {
    int n = 0;
    for (int i = 0; i < r->got_count; i++)
        n += r->got[i].deleted && (id == 0 || r->got[i].id == id);
    return n;
}

/* Where they have to be asked for apart, that may take a moment more than posts: posts are deleted
 * until word of one comes. */
static void until_deletions_come(struct room *r) {
    for (int i = 0; deletions_of(r, 0) == 0; i++) {
        char text[32];
        snprintf(text, sizeof text, "probe %d", i);
        const int64_t id = xport_publish(&r->port, text);
        until_post(r, text);
        xport_delete(&r->port, id);
        snprintf(text, sizeof text, "behind probe %d", i);
        xport_publish(&r->port, text);
        until_post(r, text);
    }
}

static void test_an_edit_knows_its_root_and_a_deletion_its_post(void **state) {
    (void)state;
    struct room *r = open_room(NULL);
    begin(r, "t0ken");
    until_state(r, SOURCE_LIVE);
    const int64_t id = xport_publish(&r->port, "before");
    const int64_t first = until_post(r, "before")->id;
    xport_edit(&r->port, id, "after");
    const struct got *g = until_post(r, "after");
    assert_true(g->id != first);
    assert_int_equal(g->root_id, first);
    assert_true(g->edited);
    if (place->has_deletions) until_deletions_come(r);
    xport_delete(&r->port, id);
    xport_publish(&r->port, "last");
    until_post(r, "last");
    assert_int_equal(deletions_of(r, first), place->has_deletions);
    if (!place->has_deletions) assert_int_equal(deletions_of(r, 0), 0);
    end(r);
    close_room(r);
}

static void test_nothing_is_lost_while_the_line_is(void **state) {
    (void)state;
    struct room *r = open_room(NULL);
    begin(r, "t0ken");
    until_state(r, SOURCE_LIVE);
    xport_publish(&r->port, "seen");
    until_post(r, "seen");
    xport_down(&r->port);
    while (r->last.state == SOURCE_LIVE) take(r);
    assert_true(r->last.why[0] != '\0' && r->last.until > 0);
    assert_true(r->last.failures > 0);
    xport_up(&r->port);
    xport_publish(&r->port, "missed"); /* before it can have noticed */
    until_post(r, "missed");
    until_state(r, SOURCE_LIVE);
    xport_publish(&r->port, "new");
    until_post(r, "new");
    assert_int_equal(r->got_count, 3);
    for (int i = 0; i < 3; i++) assert_int_equal(r->got[i].times, 1);
    end(r);
    close_room(r);
}

static void test_a_restart_goes_on_where_it_was(void **state) {
    (void)state;
    struct room *r = open_room(NULL);
    begin(r, "t0ken");
    until_state(r, SOURCE_LIVE);
    xport_publish(&r->port, "seen");
    until_post(r, "seen");
    end(r); /* with the state of that moment */
    assert_true(r->state_bytes > 0);
    xport_publish(&r->port, "meanwhile");
    begin(r, "t0ken");
    until_post(r, "meanwhile");
    until_state(r, SOURCE_LIVE);
    xport_publish(&r->port, "new");
    until_post(r, "new");
    assert_int_equal(r->got_count, 3); /* one that comes again has the id that it had */
    assert_int_equal(find(r, "meanwhile")->times, 1);
    assert_int_equal(find(r, "new")->times, 1);
    end(r);
    close_room(r);
}

static void *stop_it(void *source) {
    source_stop(source);
    return NULL;
}

static void test_whoever_waits_is_woken_by_stop(void **state) {
    (void)state;
    struct room *r = open_room(NULL);
    pthread_t thread;
    begin(r, "t0ken");
    until_state(r, SOURCE_LIVE);
    assert_int_equal(pthread_create(&thread, NULL, stop_it, r->source), 0);
    while (take(r) != INTAKE_END) continue;
    assert_int_equal(take(r), INTAKE_END);
    pthread_join(thread, NULL);
    end(r);
    close_room(r);
}

/* A post whose text is no text. */
static const char bad_line[] =
    "{\"did\":\"did:plc:abcdefghijklmnopqrstuvwx\",\"time_us\":1,\"kind\":\"commit\",\"commit\":{"
    "\"rev\":\"3lbad22222222\",\"operation\":\"create\",\"collection\":\"app.bsky.feed.post\","
    "\"rkey\":"
    "\"3lbad22222222\",\"record\":{\"$type\":\"app.bsky.feed.post\",\"text\":7,\"createdAt\":"
    "\"2026-11-29T00:00:00Z\"},\"cid\":\"bafyreib\"}}";

static void test_bad_input_is_told_and_passed_over(void **state) {
    (void)state;
    if (place->is_x) return; /* the simulated X says nothing that is not right; unit tests do */
    struct room *r = open_room(NULL);
    begin(r, "t0ken");
    until_state(r, SOURCE_LIVE);
    xport_native(&r->port, str_from_z(bad_line));
    xport_publish(&r->port, "behind it");
    until_post(r, "behind it");
    assert_int_equal(r->complaints, 1);
    assert_int_equal(r->source->counts.malformed, 1);
    end(r);
    close_room(r);
}

/* --- trouble with X ---------------------------------------------------------------------- */

static void test_a_wrong_token_is_said_to_be_one(void **state) {
    (void)state;
    if (!place->is_x) return; /* there are no tokens */
    struct room *r = open_room(NULL);
    begin(r, "wr0ng-secret");
    until_state(r, SOURCE_TOKEN);
    assert_true(r->last.why[0] != '\0');
    assert_null(strstr(r->last.why, "wr0ng-secret"));
    end(r);
    close_room(r);
}

static void test_credits_that_are_used_up_are_said_to_be(void **state) {
    (void)state;
    if (!place->is_x) return; /* nothing is paid for */
    memset(&room, 0, sizeof room);
    arena_open(&room.item, INT64_C(64) << 20);
    xport_prepare(&room.port);
    room.port.opt.credits = money_from_e8(0);
    xport_begin(&room.port, NULL);
    begin(&room, "t0ken");
    until_state(&room, SOURCE_CREDITS);
    assert_true(room.last.why[0] != '\0');
    end(&room);
    close_room(&room);
}

static void test_a_limit_is_kept_until_the_time_that_x_says(void **state) {
    (void)state;
    if (!place->is_x) return; /* there are no limits */
    char plan[256];
    const int64_t span = 120;
    snprintf(plan, sizeof plan,
             "{\"rules\":[{\"method\":\"GET\",\"path\":\"%s\",\"fault\":\"rate_429\","
             "\"amount\":%lld}]}",
             place->path, (long long)span);
    struct room *r = open_room(plan);
    const usec before = time_wall_us();
    begin(r, "t0ken");
    until_state(r, SOURCE_LIMITED);
    const usec after = time_wall_us();
    assert_true(r->last.why[0] != '\0');
    /* the header says whole seconds; some spread behind it keeps many from asking at once */
    assert_in_range(r->last.until, before + (span - 1) * USEC_PER_S,
                    after + (span + 60) * USEC_PER_S);
    end(r);
    close_room(r);
}

int source_contract_run(const struct source_place *p) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_published_comes_once_with_what_belongs_to_it),
        cmocka_unit_test(test_an_edit_knows_its_root_and_a_deletion_its_post),
        cmocka_unit_test(test_nothing_is_lost_while_the_line_is),
        cmocka_unit_test(test_a_restart_goes_on_where_it_was),
        cmocka_unit_test(test_whoever_waits_is_woken_by_stop),
        cmocka_unit_test(test_bad_input_is_told_and_passed_over),
        cmocka_unit_test(test_a_wrong_token_is_said_to_be_one),
        cmocka_unit_test(test_credits_that_are_used_up_are_said_to_be),
        cmocka_unit_test(test_a_limit_is_kept_until_the_time_that_x_says),
    };
    place = p;
    return cmocka_run_group_tests_name(p->name, tests, NULL, NULL);
}
