/* What X's face takes and refuses: bills, credits, caps, windows, tokens, faults, its owner. */
#include "base/rng.h"
#include "sim_x_cases.h"

/* --- money and limits --------------------------------------------------------------------------
 */

static void test_a_resource_is_billed_once_a_day(void **state) {
    struct xkit *k = *state;
    with_posts(k);
    const int64_t day = time_utc_day(k->now);
    for (int i = 0; i < 3; i++) assert_int_equal(found(k, "from:alice"), 2);
    assert_int_equal(x_face_billed(k->x, day, RESOURCE_POST), 2);
    assert_int_equal(money_e8(x_face_bill(k->x)), E8 / 100);
    assert_int_equal(refused(k, "is:reply"), 400);
    assert_int_equal(found(k, "from:nobody"), 0);
    assert_int_equal(money_e8(x_face_bill(k->x)), E8 / 100);
    /* what is included is billed, too */
    assert_int_equal(found(k, "from:alice&expansions=author_id"), 2);
    assert_int_equal(xkit_count(k, "includes.users"), 1);
    assert_int_equal(x_face_billed(k->x, day, RESOURCE_USER), 1);
    xkit_wait(k, 86400);
    assert_int_equal(found(k, "from:alice"), 3);
    assert_int_equal(x_face_billed(k->x, day, RESOURCE_POST), 2);
    assert_int_equal(x_face_billed(k->x, day + 1, RESOURCE_POST), 3);
    assert_int_equal(xkit_get(k, "/2/usage/tweets?days=2"), 200);
    assert_string_equal(xkit_text(k, "data.project_usage"), "5");
    assert_string_equal(xkit_text(k, "data.daily_project_usage.usage.0.usage"), "2");
    assert_string_equal(xkit_text(k, "data.daily_project_usage.usage.1.usage"), "3");
    assert_string_equal(xkit_text(k, "data.daily_project_usage.usage.1.date"),
                        "2026-11-19T00:00:00.000Z");
}

static void test_a_stream_and_a_search_of_one_post_are_billed_once(void **state) {
    struct xkit *k = *state;
    with_posts(k);
    add_rule(k, "bitcoin");
    const int conn = open_stream(k, STREAM);
    xkit_wait(k, 100);
    xkit_message(k, conn);
    xkit_message(k, conn);
    xkit_silence(k, conn);
    const int64_t day = time_utc_day(k->now);
    assert_int_equal(x_face_billed(k->x, day, RESOURCE_POST), 2);
    assert_int_equal(found(k, "bitcoin"), 3);
    assert_int_equal(x_face_billed(k->x, day, RESOURCE_POST), 3);
}

static void test_without_credits_what_costs_is_refused(void **state) {
    struct xkit *k = *state;
    k->opt.credits = money_from_e8(E8 / 100);
    with_posts(k);
    add_rule(k, "bitcoin");
    const int conn = open_stream(k, STREAM);
    assert_int_equal(found(k, "from:alice"), 2);
    assert_int_equal(refused(k, "from:alice"), 402);
    assert_string_equal(xkit_text(k, "title"), "CreditsDepleted");
    assert_int_equal(xkit_get(k, "/2/usage/tweets"), 200);
    assert_int_equal(xkit_get(k, "/2/usage/credits"), 200);
    assert_int_equal(xkit_get(k, RULES), 200);
    /* an open stream is told, and cut */
    xkit_wait(k, 6);
    xkit_message(k, conn);
    assert_string_equal(xkit_text(k, "errors.0.title"), "operational-disconnect");
    xkit_cut(k, conn);
    assert_int_equal(xkit_get(k, STREAM), 402);
    x_face_top_up(k->x, money_from_e8(E8));
    assert_int_equal(found(k, "from:bob"), 2);
}

static void test_caps_of_the_month_have_their_own_refusals(void **state) {
    struct xkit *k = *state;
    k->opt.spend_cap = money_from_e8(E8 / 100);
    with_posts(k);
    assert_int_equal(found(k, "from:alice"), 2);
    assert_int_equal(refused(k, "from:alice"), 403);
    assert_string_equal(xkit_text(k, "title"), "SpendCapReached");
    assert_string_equal(xkit_text(k, "reset_date"), "2026-12-01");
    xkit_wait(k, 14 * 86400); /* December */
    assert_int_equal(refused(k, "from:alice"), 200);
}

static void test_the_cap_of_posts_is_a_429_of_its_own(void **state) {
    struct xkit *k = *state;
    k->opt.usage_cap = 2;
    with_posts(k);
    assert_int_equal(found(k, "from:alice"), 2);
    assert_int_equal(refused(k, "from:alice"), 429);
    assert_string_equal(xkit_text(k, "title"), "UsageCapExceeded");
    assert_string_equal(xkit_text(k, "period"), "Monthly");
    assert_true(k->last.rate_remaining > 0);
}

static void test_a_window_of_requests_is_kept_and_told(void **state) {
    struct xkit *k = *state;
    k->opt.search_limit = 2;
    with_posts(k);
    for (int i = 1; i >= 0; i--) {
        assert_int_equal(refused(k, "from:alice"), 200);
        assert_int_equal(k->last.rate_limit, 2);
        assert_int_equal(k->last.rate_remaining, i);
        assert_int_equal(k->last.rate_reset, k->now / USEC_PER_S + 900);
    }
    assert_int_equal(refused(k, "from:alice"), 429);
    assert_string_equal(xkit_text(k, "title"), "Too Many Requests");
    assert_int_equal(k->last.rate_remaining, 0);
    assert_int_equal(xkit_get(k, "/2/usage/tweets"), 200); /* each has its own */
    xkit_wait(k, 900);
    assert_int_equal(refused(k, "from:alice"), 200);
}

static void test_the_token_must_be_right(void **state) {
    struct xkit *k = *state;
    with_posts(k);
    static const char *const wrong[] = {"", "Bearer", "Bearer x", "Basic t%2Fken", "t%2Fken"};
    for (ptrdiff_t i = 0; i < COUNT_OF(wrong); i++) {
        k->authorization = wrong[i];
        assert_int_equal(refused(k, "from:alice"), 401);
        assert_string_equal(xkit_text(k, "title"), "Unauthorized");
    }
    k->authorization = "Basic a2V5OnNlY3JldA==";
    assert_int_equal(xkit_call(k, "POST", "/oauth2/token", "grant_type=client_credentials"), 200);
    assert_string_equal(xkit_text(k, "access_token"), "t%2Fken");
    assert_int_equal(xkit_call(k, "POST", "/oauth2/token", "grant_type=password"), 400);
    k->authorization = "bearer t%2Fken";
    assert_int_equal(refused(k, "from:alice"), 200);
    assert_int_equal(xkit_get(k, "/2/lists/1"), 404);
    assert_int_equal(xkit_call(k, "POST", "/2/tweets", "{}"), 405);
}

/* --- what goes wrong ---------------------------------------------------------------------------
 */

static void test_each_fault_of_a_request_has_its_answer(void **state) {
    static const struct {
        const char *fault;
        int status;
        sim_delivery delivery;
        const char *title;
        int64_t billed; /* the two posts that it would give */
    } v[] = {{"none", 200, SIM_WHOLE, "", 2},
             {"close_before", 200, SIM_CLOSE, "", 0},
             {"close_after", 200, SIM_CLOSE, "", 2},
             {"reset_after", 200, SIM_RESET, "", 2},
             {"truncate", 200, SIM_TRUNCATE, "", 2},
             {"trickle", 200, SIM_TRICKLE, "", 2},
             {"silence", 200, SIM_SILENCE, "", 2},
             {"silence_before", 200, SIM_SILENCE, "", 0},
             {"delay;delay_ms=5", 200, SIM_WHOLE, "", 2},
             {"html_503", 503, SIM_WHOLE, "", 0},
             {"html_502_done", 502, SIM_WHOLE, "", 2},
             {"overloaded", 503, SIM_WHOLE, "Service Unavailable", 0},
             {"internal", 500, SIM_WHOLE, "Internal Server Error", 0},
             {"rate_429;amount=60", 429, SIM_WHOLE, "Too Many Requests", 0},
             {"x_credits", 402, SIM_WHOLE, "CreditsDepleted", 0},
             {"x_spend_cap", 403, SIM_WHOLE, "SpendCapReached", 0},
             {"x_usage_cap", 429, SIM_WHOLE, "UsageCapExceeded", 0},
             {"x_unauthorized", 401, SIM_WHOLE, "Unauthorized", 0},
             {"x_forbidden", 403, SIM_WHOLE, "Client Forbidden", 0},
             {"x_connections", 429, SIM_WHOLE, "ConnectionException", 0},
             {"x_partial", 200, SIM_WHOLE, "", 2},
             {"leg_refused", 200, SIM_WHOLE, "", 2}, /* there is no such thing at X */
             {"no_such_fault", 400, SIM_WHOLE, "Invalid Request", 0}};
    struct xkit *k = *state;
    char body[64], query[16];
    xkit_begin(k);
    for (ptrdiff_t i = 0; i < COUNT_OF(v); i++) {
        k->fault = NULL;
        snprintf(body, sizeof body, "{\"username\":\"alice\",\"text\":\"word%d\"}", (int)i);
        for (int n = 0; n < 2; n++)
            assert_int_equal(xkit_call(k, "POST", "/sim/x/publish", body), 200);
        xkit_wait(k, 31);
        const money before = x_face_bill(k->x);
        k->fault = v[i].fault;
        snprintf(query, sizeof query, "word%d", (int)i);
        const int status = refused(k, query);
        if (status != v[i].status || k->last.delivery != v[i].delivery)
            fail_msg("%s: %d, delivery %d", v[i].fault, status, (int)k->last.delivery);
        assert_string_equal(xkit_text(k, "title"), v[i].title);
        assert_int_equal(money_e8(x_face_bill(k->x)) - money_e8(before), v[i].billed * (E8 / 200));
        if (strcmp(v[i].fault, "x_partial") == 0) assert_int_equal(xkit_count(k, "errors"), 1);
        if (strstr(v[i].fault, "delay")) assert_int_equal(k->last.delay, 5000);
    }
}

static void with_plan(struct xkit *k, const char *json) {
    struct error err;
    assert_ok(faults_parse(&k->boot, str_from_z(json), 7, &k->opt.faults, &err), &err);
    for (int i = 1; i <= 6; i++) {
        char *text = NEW_ARRAY(&k->boot, char, 16);
        snprintf(text, 16, "bitcoin %d", i);
        xkit_post(k, i, "alice", text);
    }
    xkit_begin(k);
    add_rule(k, "bitcoin");
}

static void say_next(struct xkit *k, int conn, const char *text) {
    xkit_message(k, conn);
    assert_string_equal(xkit_text(k, "data.text"), text);
}

static void test_streams_lose_repeat_and_swap_as_planned(void **state) {
    struct xkit *k = *state;
    with_plan(k, "{\"streams\":[{\"nth\":2,\"fault\":\"stream_gap\"},"
                 "{\"nth\":3,\"fault\":\"stream_double\"},"
                 "{\"nth\":4,\"fault\":\"stream_swap\",\"delay_ms\":60000},"
                 "{\"nth\":6,\"fault\":\"stream_swap\",\"delay_ms\":3000}]}");
    const int conn = open_stream(k, STREAM);
    xkit_wait(k, 6);
    say_next(k, conn, "bitcoin 1");
    say_next(k, conn, "bitcoin 3");
    say_next(k, conn, "bitcoin 3");
    say_next(k, conn, "bitcoin 5");
    say_next(k, conn, "bitcoin 4");
    xkit_silence(k, conn);
    assert_int_equal(k->face.next_at(k->face.ctx), k->now + 3 * USEC_PER_S);
    xkit_wait(k, 3);
    assert_int_equal(k->face.ready(k->face.ctx), conn);
    say_next(k, conn, "bitcoin 6");
    /* what was lost was lost at X: nobody pays for it */
    assert_int_equal(x_face_billed(k->x, time_utc_day(k->now), RESOURCE_POST), 5);
}

static void test_a_mute_stream_says_nothing_and_then_what_it_had(void **state) {
    struct xkit *k = *state;
    with_plan(k, "{\"streams\":[{\"nth\":2,\"fault\":\"stream_mute\",\"delay_ms\":45000}]}");
    const int conn = open_stream(k, STREAM);
    xkit_wait(k, 3);
    say_next(k, conn, "bitcoin 1");
    xkit_silence(k, conn);
    xkit_wait(k, 44);
    xkit_silence(k, conn); /* no keep-alives either */
    assert_int_equal(k->face.ready(k->face.ctx), -1);
    xkit_wait(k, 2);
    assert_int_equal(k->face.ready(k->face.ctx), conn);
    for (int i = 2; i <= 6; i++) {
        char text[16];
        snprintf(text, sizeof text, "bitcoin %d", i);
        say_next(k, conn, text);
    }
}

static void test_streams_are_cut_with_and_without_a_word(void **state) {
    struct xkit *k = *state;
    with_plan(k, "{\"streams\":[{\"nth\":2,\"fault\":\"stream_cut\"},"
                 "{\"nth\":3,\"fault\":\"x_disconnect\"}],"
                 "\"at\":[{\"after_s\":4.5,\"fault\":\"stream_cut\"}]}");
    int conn = open_stream(k, STREAM);
    xkit_wait(k, 1);
    say_next(k, conn, "bitcoin 1");
    xkit_wait(k, 1);
    xkit_cut(k, conn);
    conn = open_stream(k, STREAM);
    xkit_wait(k, 1);
    xkit_message(k, conn);
    assert_string_equal(xkit_text(k, "errors.0.disconnect_type"), "OperationalDisconnect");
    xkit_cut(k, conn);
    conn = open_stream(k, STREAM);
    xkit_wait(k, 1);
    say_next(k, conn, "bitcoin 4");
    xkit_wait(k, 1);
    xkit_cut(k, conn); /* at its moment */
    conn = open_stream(k, STREAM);
    xkit_wait(k, 1);
    say_next(k, conn, "bitcoin 6");
    x_face_cut(k->x, k->now);
    xkit_cut(k, conn);
}

static void test_a_stream_that_fails_at_its_head_is_not_open(void **state) {
    struct xkit *k = *state;
    with_posts(k);
    add_rule(k, "bitcoin");
    k->fault = "close_after";
    assert_int_equal(xkit_get(k, STREAM), 200);
    assert_int_equal(k->last.delivery, SIM_CLOSE);
    assert_int_equal(k->last.stream, -1);
    k->fault = NULL;
    open_stream(k, STREAM);
}

static void test_who_does_not_read_is_told_and_cut(void **state) {
    struct xkit *k = *state;
    with_posts(k);
    add_rule(k, "bitcoin");
    int conn = open_stream(k, STREAM);
    buf_clear(&k->body);
    k->face.slow(k->face.ctx, k->now, conn, &k->body); /* the server's bound */
    assert_true(str_find(buf_str(&k->body), STR("\"SlowReader\"")) > 0);
    open_stream(k, STREAM);
}

/* --- a plan drawn from a seed ------------------------------------------------------------------
 */

static void test_a_random_plan_strikes_x_and_is_the_same_for_its_seed(void **state) {
    struct xkit *k = *state;
    bool seen[FAULT_COUNT] = {0};
    for (uint64_t seed = 1; seed <= 400; seed++) {
        const usec from = XKIT_START, until = XKIT_START + USEC_PER_DAY;
        int64_t outcome[2] = {0};
        for (int twice = 0; twice < 2; twice++) {
            struct arena a;
            struct error err;
            struct fault f;
            arena_open(&a, 1 << 20);
            struct faults *plan = faults_random_x(&a, seed, (int)(seed % 101), from, until);
            const struct symbols none = {NULL, 0};
            assert_ok(faults_begin(plan, &none, from, &err), &err);
            for (usec t = from; t < until + USEC_PER_HOUR; t += USEC_PER_MIN) {
                assert_ok(faults_of_request(plan, t, STR("GET"), STR("/2/tweets/search/recent"),
                                            STR(""), &f, &err),
                          &err);
                if (t >= until) assert_int_equal(f.kind, FAULT_NONE);
                seen[f.kind] = true;
                outcome[twice] = outcome[twice] * 31 + (int64_t)f.kind % 97;
                outcome[twice] %= 1000000007;
                f = faults_of_message(plan, t, true);
                seen[f.kind] = true;
                outcome[twice] += (int64_t)f.kind;
            }
            arena_close(&a);
        }
        assert_int_equal(outcome[0], outcome[1]);
    }
    for (int i = FAULT_X_CREDITS; i <= FAULT_X_DISCONNECT; i++)
        if (!seen[i]) fail_msg("no plan has %s", fault_name((fault_kind)i));
    xkit_begin(k);
}

/* --- the owner ---------------------------------------------------------------------------------
 */

static void test_the_owner_publishes_edits_deletes_and_pays(void **state) {
    struct xkit *k = *state;
    char body[128], target[128], id[32];
    k->opt.credits = money_from_e8(0);
    xkit_begin(k);
    k->authorization = "";
    assert_int_equal(xkit_call(k, "POST", "/sim/x/publish",
                               "{\"username\":\"zoe\",\"text\":\"hi \\u20bf $BTC\"}"),
                     200);
    snprintf(id, sizeof id, "%s", xkit_text(k, "id"));
    snprintf(body, sizeof body, "{\"id\":\"%s\",\"text\":\"better\"}", id);
    assert_int_equal(xkit_call(k, "POST", "/sim/x/edit", body), 200);
    assert_int_equal(xkit_call(k, "POST", "/sim/x/topup?dollars=0.5", NULL), 200);
    assert_string_equal(xkit_text(k, "credits"), "0.50000000");
    k->authorization = "Bearer t%2Fken";
    snprintf(target, sizeof target, "/2/tweets/%s", id);
    assert_int_equal(xkit_get(k, target), 200);
    assert_string_equal(xkit_text(k, "data.text"), "hi \xE2\x82\xBF $BTC");
    snprintf(target, sizeof target, "/sim/x/delete?id=%s", id);
    assert_int_equal(xkit_call(k, "POST", target, NULL), 200);
    assert_int_equal(xkit_call(k, "POST", target, NULL), 404);
    assert_int_equal(xkit_get(k, "/sim/x/bill"), 200);
    assert_int_equal(xkit_i64(k, "published"), 1);
    assert_int_equal(xkit_i64(k, "sum.post"), 1);
    static const char *const bad[] = {"", "[1]", "{}", "{\"text\":\"a\"}", "{\"username\":\"a\"}"};
    for (ptrdiff_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(xkit_call(k, "POST", "/sim/x/publish", bad[i]), 400);
    assert_int_equal(xkit_call(k, "POST", "/sim/x/edit", "{\"id\":5,\"text\":\"a\"}"), 404);
    assert_int_equal(xkit_call(k, "POST", "/sim/x/topup", NULL), 400);
    assert_int_equal(xkit_get(k, "/sim/x/nothing"), 404);
}

/* --- what it bills, over days ------------------------------------------------------------------
 */

#define RANDOM_DAYS 3
#define RANDOM_CALLS 1500

/* What came by day and resource, each once. */
struct ledger {
    struct {
        int64_t day, id;
        resource r;
    } rows[1 << 15];
    int count;
};

static void note(struct ledger *l, int64_t day, resource r, const json_t *object) {
    int64_t id;
    const char *text = json_string_value(json_object_get(object, "id"));
    assert_non_null(text);
    assert_true(str_to_i64(str_from_z(text), &id));
    for (int i = l->count - 1; i >= 0 && l->rows[i].day == day; i--)
        if (l->rows[i].r == r && l->rows[i].id == id) return;
    assert_true(l->count < COUNT_OF(l->rows));
    l->rows[l->count].day = day;
    l->rows[l->count].id = id;
    l->rows[l->count++].r = r;
}

static void note_all(struct ledger *l, int64_t day, resource r, const json_t *list) {
    for (size_t i = 0; i < json_array_size(list); i++) note(l, day, r, json_array_get(list, i));
}

/* Everything that an answer or a message carries. */
static void note_answer(struct xkit *k, struct ledger *l, bool users) {
    const int64_t day = time_utc_day(k->now);
    const json_t *data = json_object_get(k->json, "data");
    if (json_object_get(data, "event_type")) {
        note(l, day, RESOURCE_EVENT, json_object_get(data, "payload"));
        return;
    }
    if (json_is_array(data)) note_all(l, day, users ? RESOURCE_USER : RESOURCE_POST, data);
    if (json_is_object(data) && json_object_get(k->json, "matching_rules"))
        note(l, day, RESOURCE_POST, data);
    note_all(l, day, RESOURCE_USER, xkit_at(k->json, "includes.users"));
    note_all(l, day, RESOURCE_POST, xkit_at(k->json, "includes.tweets"));
}

static void drain_all(struct xkit *k, struct ledger *l, int *stream) {
    for (int conn, code; (conn = k->face.ready(k->face.ctx)) >= 0;) {
        const sim_frame f = xkit_next_chunk(k, conn, &code);
        if (f == SIM_TEXT) note_answer(k, l, false);
        if (f == SIM_SHUT) stream[conn > 0] = -1;
    }
}

/* Calls at random, with faults that lose the answer but not the bill; what came is what is billed.
 */
static void test_the_bill_is_what_came_each_once_a_day(void **state) {
    static const char *const targets[] = {
        SEARCH "bitcoin&max_results=50",
        SEARCH "alpha+OR+beta&expansions=author_id,referenced_tweets.id&max_results=20",
        "/2/users/by?usernames=ann,ben,nobody",
        SEARCH "-is:reply",
        "/2/users?ids=5",
    };
    static const char *const faults[] = {"none",      "none",     "truncate", "close_after",
                                         "x_credits", "html_503", "silence"};
    static struct ledger l;
    struct xkit *k = *state;
    struct rng rng;
    int stream[2] = {-1, -1};
    const uint64_t seed = test_seed();
    rng_init(&rng, seed);
    l.count = 0;
    for (int i = 0; i < 1800; i++) {
        static const char *const texts[] = {"bitcoin alpha", "beta", "nothing", "bitcoin again"};
        struct sim_post *p = xkit_post(k, i * (RANDOM_DAYS * 86400.0 / 1800), i % 3 ? "ann" : "ben",
                                       texts[rng_below(&rng, 4)]);
        p->id = ((p->at / USEC_PER_MS - INT64_C(1288834974657)) << 22) + 1;
        if (i > 3 && i % 5 == 0) {
            p->ref = POST_REF_QUOTE;
            p->ref_id = k->posts[rng_below(&rng, (uint64_t)i)].id;
        }
    }
    xkit_begin(k);
    add_rule(k, "bitcoin");
    assert_int_equal(xkit_get(k, "/2/users/by/username/ann"), 200);
    note(&l, time_utc_day(k->now), RESOURCE_USER, json_object_get(k->json, "data"));
    char body[128];
    snprintf(body, sizeof body, "{\"event_type\":\"post.create\",\"filter\":{\"user_id\":\"%s\"}}",
             xkit_text(k, "data.id"));
    assert_int_equal(xkit_call(k, "POST", SUBSCRIPTIONS, body), 200);
    for (int i = 0; i < RANDOM_CALLS; i++) {
        xkit_wait(k, RANDOM_DAYS * 86400.0 / RANDOM_CALLS);
        drain_all(k, &l, stream);
        const uint64_t at = rng_below(&rng, COUNT_OF(targets));
        k->fault = faults[rng_below(&rng, COUNT_OF(faults))];
        if (xkit_get(k, targets[at]) == 200) note_answer(k, &l, at == 2 || at == 4);
        k->fault = NULL;
        if (rng_below(&rng, 40) == 0) x_face_cut(k->x, k->now);
        drain_all(k, &l, stream);
        for (int s = 0; s < 2; s++) {
            if (stream[s] >= 0) continue;
            stream[s] = xkit_get(k, s ? "/2/activity/stream" : STREAM) == 200 ? k->last.stream : -1;
        }
    }
    for (int64_t day = time_utc_day(XKIT_START); day <= time_utc_day(k->now); day++) {
        int64_t came[RESOURCE_COUNT] = {0};
        for (int i = 0; i < l.count; i++)
            if (l.rows[i].day == day) came[l.rows[i].r]++;
        for (int r = RESOURCE_NONE; r < RESOURCE_COUNT; r++)
            if (came[r] != x_face_billed(k->x, day, (resource)r))
                fail_msg("seed %llu, day %lld, %s: %lld came, %lld are billed",
                         (unsigned long long)seed, (long long)day, resource_name((resource)r),
                         (long long)came[r], (long long)x_face_billed(k->x, day, (resource)r));
    }
    assert_true(l.count > 1500);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_resource_is_billed_once_a_day, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_stream_and_a_search_of_one_post_are_billed_once,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_without_credits_what_costs_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_caps_of_the_month_have_their_own_refusals, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_the_cap_of_posts_is_a_429_of_its_own, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_window_of_requests_is_kept_and_told, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_the_token_must_be_right, setup, teardown),
        cmocka_unit_test_setup_teardown(test_each_fault_of_a_request_has_its_answer, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_streams_lose_repeat_and_swap_as_planned, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_a_mute_stream_says_nothing_and_then_what_it_had, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_streams_are_cut_with_and_without_a_word, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_a_stream_that_fails_at_its_head_is_not_open, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_who_does_not_read_is_told_and_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_random_plan_strikes_x_and_is_the_same_for_its_seed,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_owner_publishes_edits_deletes_and_pays, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_the_bill_is_what_came_each_once_a_day, setup,
                                        teardown),
    };
    return cmocka_run_group_tests_name("sim_x_bill", tests, NULL, NULL);
}
