/* x_gap: what a stream missed is fetched by search, all of it, once; what cannot be is said to be
 * lost. First the spans alone, the test playing search; then a whole stream that is cut and killed
 * wherever it can be. */
#include "xwirekit.h"

#include <jansson.h>

#include "source/x_wire.h"

#define SEARCH "/2/tweets/search/recent"
#define RULES "/2/tweets/search/stream/rules"
#define T XWIRE_T
#define S USEC_PER_S

/* --- spans alone ----------------------------------------------------------------------------- */

struct rig {
    struct arena boot, mem;
    struct x_account *x;
    struct x_gap *g;
    struct x_recent recent;
    struct connector teller;
    usec now;
    struct connector_step step;
    char query[8192];
    int64_t ids[1000];
    int post_count;
    int64_t billed;
    struct gap gaps[32];
    int gap_count;
    str queries[2];
    int query_count;
    money budget;
};

static void rig_start(struct rig *r) {
    struct error err = {0};
    struct x_account_options account = {.base = STR("https://api.x.com"),
                                        .token = STR("t"),
                                        .cost = {.budget = r->budget, .posts_max = 3000000}};
    account.cost.price[RESOURCE_POST] = money_from_e8(500000);
    arena_open(&r->boot, 64 << 20);
    arena_open(&r->mem, 8 << 20);
    assert_ok(x_account_open(&r->boot, &account, &r->x, &err), &err);
    r->g = x_gap_new(&r->boot, r->x, r->queries, r->query_count, STR("x"), 3);
    x_gap_recent(r->g, &r->recent);
}

static struct rig *rig_open(int queries) {
    struct rig *r = calloc(1, sizeof *r);
    r->now = T;
    r->queries[0] = STR("(from:a OR from:b) -is:retweet");
    r->queries[1] = STR("$DOGE");
    r->query_count = queries;
    r->budget = money_from_e8(1000000000000);
    rig_start(r);
    return r;
}

static void rig_stop(struct rig *r) {
    x_account_close(r->x);
    arena_close(&r->boot);
    arena_close(&r->mem);
}

static void rig_close(struct rig *r) {
    rig_stop(r);
    free(r);
}

static void rig_items(struct rig *r) {
    struct intake it = {0};
    while (arena_reset(&r->mem), it = (struct intake){0},
           x_gap_item(r->g, r->now, &r->mem, &it, &r->teller)) {
        if (it.kind == INTAKE_POST) {
            assert_true(it.post.missed && it.post.received_at == r->now);
            r->ids[r->post_count++] = it.post.id;
        }
        if (it.kind == INTAKE_USAGE) r->billed += it.u.usage.billed;
        if (it.kind != INTAKE_GAP) continue;
        int i = 0;
        while (i < r->gap_count && r->gaps[i].from != it.u.gap.from) i++;
        if (i == r->gap_count) r->gap_count++;
        r->gaps[i] = it.u.gap;
    }
}

/* As after a kill: only the state stays. */
static void rig_restart(struct rig *r) {
    static char block[65536];
    struct buf b;
    struct error err = {0};
    json_error_t where;
    buf_init_fixed(&b, block, sizeof block);
    x_gap_put_state(r->g, &b);
    json_t *root = json_loads(buf_z(&b), 0, &where);
    assert_non_null(root);
    rig_stop(r);
    r->recent = (struct x_recent){0};
    rig_start(r);
    assert_ok(x_gap_load(r->g, root, &err), &err);
    json_decref(root);
}

#define ANY_TIME INT64_MIN
/* The next call is made at `at` (from T), and its query has all of `has`. */
static void calls_at(struct rig *r, usec at, const char *has) {
    usec wait = 0;
    bool any;
    for (int i = 0;; i++) {
        rig_items(r);
        any = x_gap_step(r->g, r->now, &r->step, &wait);
        if (any || wait == USEC_NEVER) break;
        assert_true(i < 1000);
        r->now = i64_max(wait, r->now + 1);
    }
    if (!any) fail_msg("nothing is called");
    if (at != ANY_TIME && r->now != T + at)
        fail_msg("called at %lld, not %lld", (long long)(r->now - T), (long long)at);
    assert_str(r->step.request.path, SEARCH);
    str_copyz(r->step.request.query, r->query, sizeof r->query);
    str rest = str_from_z(has), part;
    while (str_cut(&rest, ' ', &part)) {
        char want[200];
        snprintf(want, sizeof want, STR_FMT, STR_ARG(part));
        if (strstr(r->query, want) == NULL) fail_msg("no %s in %s", want, r->query);
    }
}

static void calls_nothing(struct rig *r) {
    usec wait = 0;
    rig_items(r);
    assert_false(x_gap_step(r->g, r->now, &r->step, &wait));
    assert_true(wait == USEC_NEVER);
}

static void answers(struct rig *r, int status, const char *body) {
    static char text[65536];
    struct http_answer a;
    http_answer_clear(&a);
    a.end = HTTP_ANSWERED;
    a.status = status;
    str_copyz(str_from_z(body), text, sizeof text);
    for (char *p = text; *p; p++)
        if (*p == '\'') *p = '"';
    a.body = str_from_z(text);
    x_gap_answered(r->g, r->now, &a);
    rig_items(r);
}

/* A page of `count` posts, each a second older than the one before. */
static const char *page(usec newest, int count, const char *next) {
    static char block[65536];
    struct buf b;
    buf_init_fixed(&b, block, sizeof block);
    buf_put(&b, STR("{'data':["));
    for (int i = 0; i < count; i++)
        buf_printf(&b, "%s%s", i ? "," : "", xwire_post(x_snowflake_at(newest - i * S) + 1, "p"));
    buf_printf(&b, "],'meta':{'result_count':%d", count);
    if (next != NULL) buf_printf(&b, ",'next_token':'%s'", next);
    buf_put(&b, STR("}}"));
    return buf_z(&b);
}

#define NOTHING "{'meta':{'result_count':0}}"

static const char *since(usec at) {
    static char block[2][64];
    static int turn;
    char *out = block[turn++ & 1];
    snprintf(out, sizeof block[0], "since_id=%lld&", (long long)x_snowflake_at(T + at) - 1);
    return out;
}

static const char *until(usec at) {
    static char block[64];
    snprintf(block, sizeof block, "until_id=%lld", (long long)x_snowflake_at(T + at));
    return block;
}

static void lose_a_minute(struct rig *r) {
    x_gap_lose(r->g, r->now, T, "it broke");
    rig_items(r);
    assert_int_equal(r->gaps[0].state, GAP_OPEN);
    r->now = T + 60 * S;
    x_gap_found(r->g, r->now);
    rig_items(r);
    assert_int_equal(r->gaps[0].state, GAP_CLOSED);
    assert_true(r->gaps[0].from == T && r->gaps[0].until == T + 60 * S);
    assert_string_equal(r->gaps[0].why, "it broke");
}

static void test_a_loss_is_fetched_with_15_s_more_at_both_ends_once_search_knows_it(void **state) {
    (void)state;
    struct rig *r = rig_open(1);
    lose_a_minute(r);
    calls_at(r, 90 * S, "query=%28from%3Aa%20OR%20from%3Ab%29%20-is%3Aretweet max_results=100");
    assert_non_null(strstr(r->query, since(-15 * S)));
    assert_non_null(strstr(r->query, until(75 * S)));
    answers(r, 200, page(T + 50 * S, 5, NULL));
    assert_int_equal(r->post_count, 5);
    assert_int_equal(r->billed, 5);
    assert_int_equal(r->gaps[0].state, GAP_CLOSED);
    /* what search did not know at 90 s is asked for once more */
    calls_at(r, 135 * S, since(30 * S));
    assert_non_null(strstr(r->query, until(75 * S)));
    answers(r, 200, page(T + 50 * S, 7, NULL));
    assert_int_equal(r->post_count, 7);
    assert_int_equal(r->billed, 7);
    assert_int_equal(r->gap_count, 1);
    assert_int_equal(r->gaps[0].state, GAP_FILLED);
    assert_int_equal(r->gaps[0].posts, 7);
    calls_nothing(r);
    rig_close(r);
}

static void test_an_old_loss_is_fetched_at_once_and_only_once(void **state) {
    (void)state;
    struct rig *r = rig_open(1);
    x_gap_add(r->g, T - USEC_PER_HOUR, T - USEC_PER_HOUR / 2, "an old one");
    calls_at(r, 0, since(-USEC_PER_HOUR - 15 * S));
    answers(r, 200, NOTHING);
    assert_int_equal(r->gaps[0].state, GAP_FILLED);
    assert_int_equal(r->gaps[0].posts, 0);
    rig_close(r);
}

static void test_all_pages_of_all_queries_are_fetched(void **state) {
    (void)state;
    struct rig *r = rig_open(2);
    x_gap_add(r->g, T - USEC_PER_HOUR, T - USEC_PER_HOUR / 2, "old");
    calls_at(r, 0, "from%3Aa");
    answers(r, 200, page(T - 2000 * S, 100, "abc+/="));
    calls_at(r, 0, "from%3Aa next_token=abc%2B%2F%3D");
    answers(r, 200, page(T - 2100 * S, 100, "def"));
    calls_at(r, 0, "next_token=def");
    answers(r, 200, page(T - 2200 * S, 50, NULL));
    /* three pages in a row: others get their turn */
    calls_at(r, 1 * S, "query=%24DOGE");
    assert_null(strstr(r->query, "next_token"));
    answers(r, 200, page(T - 2050 * S, 100, NULL)); /* both queries match these */
    assert_int_equal(r->post_count, 250);
    assert_int_equal(r->billed, 250);
    assert_int_equal(r->gaps[0].posts, 250);
    assert_int_equal(r->gaps[0].state, GAP_FILLED);
    rig_close(r);
}

static void test_what_was_seen_as_it_came_is_not_missed(void **state) {
    (void)state;
    struct rig *r = rig_open(1);
    x_gap_add(r->g, T - USEC_PER_HOUR, T - USEC_PER_HOUR / 2, "old");
    for (int i = 0; i < 3; i++) x_recent_put(&r->recent, x_snowflake_at(T - (2000 + i) * S) + 1);
    calls_at(r, 0, "");
    answers(r, 200, page(T - 2000 * S, 5, NULL));
    assert_int_equal(r->post_count, 2);
    assert_int_equal(r->billed, 5); /* billed all the same, the governor knows what twice means */
    assert_int_equal(r->gaps[0].posts, 2);
    rig_close(r);
}

static void test_a_page_that_comes_again_and_again_ends_in_a_loss(void **state) {
    (void)state;
    struct rig *r = rig_open(1);
    x_gap_add(r->g, T - USEC_PER_HOUR, T - USEC_PER_HOUR / 2, "old");
    calls_at(r, 0, "");
    answers(r, 200, page(T - 2000 * S, 5, "abc"));
    calls_at(r, 0, "next_token=abc");
    answers(r, 200, page(T - 2000 * S, 5, "abc"));
    calls_nothing(r);
    assert_int_equal(r->post_count, 5);
    assert_int_equal(r->gaps[0].state, GAP_LOST);
    assert_non_null(strstr(r->gaps[0].why, "the same page again"));
    rig_close(r);
}

static void test_a_post_without_an_id_is_told(void **state) {
    (void)state;
    struct rig *r = rig_open(1);
    struct source told = {0};
    r->teller.source = &told;
    x_gap_add(r->g, T - USEC_PER_HOUR, T - USEC_PER_HOUR / 2, "old");
    calls_at(r, 0, "");
    answers(r, 200, "{'data':[{'text':'p','author_id':'1'}],'meta':{'result_count':1}}");
    assert_int_equal(r->post_count, 0);
    assert_int_equal(told.counts.malformed, 1);
    assert_int_equal(r->gaps[0].state, GAP_FILLED);
    rig_close(r);
}

static void test_losses_that_overlap_are_one_until_it_is_being_fetched(void **state) {
    (void)state;
    struct rig *r = rig_open(1);
    lose_a_minute(r);
    r->now = T + 70 * S;
    x_gap_lose(r->g, r->now, T + 65 * S, "again");
    rig_items(r);
    assert_int_equal(r->gap_count, 1);
    assert_int_equal(r->gaps[0].state, GAP_OPEN);
    r->now = T + 100 * S;
    x_gap_found(r->g, r->now);
    calls_at(r, 130 * S, since(-15 * S));
    assert_non_null(strstr(r->query, until(115 * S)));
    answers(r, 200, NOTHING);
    /* now a part of it has been asked for: the next one is another */
    x_gap_lose(r->g, r->now, T + 110 * S, "a third");
    rig_items(r);
    assert_int_equal(r->gap_count, 2);
    assert_int_equal(r->gaps[1].state, GAP_OPEN);
    rig_close(r);
}

static void test_a_span_that_is_lost_while_all_are_taken_makes_the_last_longer(void **state) {
    (void)state;
    struct rig *r = rig_open(1);
    for (int i = 0; i < 40; i++) {
        x_gap_add(r->g, T - (400 - i * 10) * USEC_PER_MIN, T - (398 - i * 10) * USEC_PER_MIN, "w");
        rig_items(r);
    }
    assert_int_equal(r->gap_count, 16);
    assert_true(r->gaps[15].until == T - 8 * USEC_PER_MIN);
    for (int i = 0; i < 16; i++) {
        calls_at(r, ANY_TIME, "");
        answers(r, 200, NOTHING);
    }
    assert_int_equal(r->gaps[15].state, GAP_FILLED);
    rig_close(r);
}

static void test_a_restart_goes_on_below_what_was_fetched(void **state) {
    (void)state;
    struct rig *r = rig_open(2);
    x_gap_add(r->g, T - USEC_PER_HOUR, T - USEC_PER_HOUR / 2, "old");
    calls_at(r, 0, "from%3Aa");
    answers(r, 200, page(T - 2000 * S, 100, "abc"));
    rig_restart(r);
    calls_at(r, 0, "from%3Aa");
    assert_null(strstr(r->query, "next_token"));
    char below[64];
    snprintf(below, sizeof below, "until_id=%lld", (long long)x_snowflake_at(T - 2099 * S) + 1);
    assert_non_null(strstr(r->query, below));
    assert_non_null(strstr(r->query, since(-USEC_PER_HOUR - 15 * S)));
    answers(r, 200, NOTHING);
    rig_restart(r);
    calls_at(r, 0, "DOGE");
    answers(r, 200, NOTHING);
    assert_int_equal(r->gaps[0].state, GAP_FILLED);
    assert_int_equal(r->gaps[0].posts, 100);
    rig_close(r);
}

static void test_other_queries_after_a_restart_begin_anew(void **state) {
    (void)state;
    struct rig *r = rig_open(2);
    x_gap_add(r->g, T - USEC_PER_HOUR, T - USEC_PER_HOUR / 2, "old");
    calls_at(r, 0, "from%3Aa");
    answers(r, 200, page(T - 2000 * S, 100, NULL));
    r->queries[0] = STR("(from:c)");
    rig_restart(r);
    calls_at(r, 0, "from%3Ac");
    assert_non_null(strstr(r->query, until(-USEC_PER_HOUR / 2 + 15 * S)));
    rig_close(r);
}

static void test_an_open_span_of_a_state_stays_open(void **state) {
    (void)state;
    struct rig *r = rig_open(1);
    x_gap_lose(r->g, T, T, "broke");
    r->now = T + 10 * S;
    rig_restart(r);
    x_gap_lose(r->g, r->now, T + 5 * S, "bullfinch was not running");
    calls_nothing(r);
    assert_int_equal(r->gap_count, 1);
    assert_int_equal(r->gaps[0].state, GAP_OPEN);
    assert_string_equal(r->gaps[0].why, "broke");
    assert_true(x_gap_is_open(r->g));
    rig_close(r);
}

static void test_what_search_does_not_reach_is_lost_and_the_rest_fetched(void **state) {
    (void)state;
    struct rig *r = rig_open(1);
    x_gap_add(r->g, T - 9 * USEC_PER_DAY, T - 8 * USEC_PER_DAY, "long ago");
    calls_nothing(r);
    assert_int_equal(r->gaps[0].state, GAP_LOST);
    assert_non_null(strstr(r->gaps[0].why, "seven days"));
    x_gap_add(r->g, T - 8 * USEC_PER_DAY, T - 6 * USEC_PER_DAY, "half of it");
    calls_at(r, 0, since(-7 * USEC_PER_DAY + 10 * USEC_PER_MIN));
    answers(r, 200, page(T - 6 * USEC_PER_DAY - 100 * S, 9, NULL));
    assert_int_equal(r->gaps[1].state, GAP_LOST);
    assert_int_equal(r->gaps[1].posts, 9);
    rig_close(r);
}

static void test_what_x_forbids_is_lost_and_a_query_it_refuses_alone(void **state) {
    (void)state;
    struct rig *r = rig_open(2);
    x_gap_add(r->g, T - USEC_PER_HOUR, T - USEC_PER_HOUR / 2, "old");
    calls_at(r, 0, "from%3Aa");
    answers(r, 400, "{'title':'Invalid Request','detail':'bad operator'}");
    calls_at(r, 0, "DOGE");
    answers(r, 200, page(T - 2000 * S, 3, NULL));
    assert_int_equal(r->gaps[0].state, GAP_LOST);
    assert_int_equal(r->gaps[0].posts, 3);
    assert_non_null(strstr(r->gaps[0].why, "bad operator"));
    x_gap_add(r->g, T - USEC_PER_HOUR / 3, T - USEC_PER_HOUR / 4, "younger");
    calls_at(r, 0, "from%3Aa");
    answers(r, 403,
            "{'title':'Client Forbidden','detail':'not enrolled',"
            "'type':'https://api.x.com/2/problems/client-forbidden'}");
    calls_nothing(r);
    assert_int_equal(r->gaps[1].state, GAP_LOST);
    assert_non_null(strstr(r->gaps[1].why, "not enrolled"));
    rig_close(r);
}

static void test_a_token_that_grew_old_is_done_without(void **state) {
    (void)state;
    struct rig *r = rig_open(1);
    x_gap_add(r->g, T - USEC_PER_HOUR, T - USEC_PER_HOUR / 2, "old");
    calls_at(r, 0, "");
    answers(r, 200, page(T - 2000 * S, 100, "abc"));
    calls_at(r, 0, "next_token=abc");
    answers(r, 400, "{'title':'Invalid Request','detail':'next_token is not valid'}");
    calls_at(r, 0, "until_id=");
    assert_null(strstr(r->query, "next_token"));
    answers(r, 200, page(T - 2100 * S, 4, NULL));
    assert_int_equal(r->gaps[0].state, GAP_FILLED);
    assert_int_equal(r->post_count, 104);
    rig_close(r);
}

static void test_trouble_is_waited_out(void **state) {
    (void)state;
    struct rig *r = rig_open(1);
    x_gap_add(r->g, T - USEC_PER_HOUR, T - USEC_PER_HOUR / 2, "old");
    calls_at(r, 0, "");
    answers(r, 503, "busy");
    usec wait = 0;
    assert_false(x_gap_step(r->g, r->now, &r->step, &wait));
    assert_true(wait >= r->now + 2 * S && wait <= r->now + 5 * S);
    r->now = wait;
    calls_at(r, r->now - T, "");
    answers(r, 401, "{'title':'Unauthorized','status':401}");
    assert_false(x_gap_step(r->g, r->now, &r->step, &wait));
    assert_true(wait >= r->now + X_RETRY_LONG);
    r->now = wait;
    calls_at(r, r->now - T, "");
    answers(r, 200, page(T - 2000 * S, 2, NULL));
    assert_int_equal(r->gaps[0].state, GAP_FILLED);
    rig_close(r);
}

static void test_a_page_that_cannot_be_read_is_asked_for_three_times(void **state) {
    (void)state;
    struct rig *r = rig_open(1);
    x_gap_add(r->g, T - USEC_PER_HOUR, T - USEC_PER_HOUR / 2, "old");
    for (int i = 0; i < 3; i++) {
        usec wait = 0;
        if (!x_gap_step(r->g, r->now, &r->step, &wait)) {
            r->now = wait;
            assert_true(x_gap_step(r->g, r->now, &r->step, &wait));
        }
        answers(r, 200, "{'data':");
    }
    assert_int_equal(r->gaps[0].state, GAP_LOST);
    assert_non_null(strstr(r->gaps[0].why, "could not be read"));
    rig_close(r);
}

static void test_without_a_budget_it_waits_until_search_no_longer_reaches_back(void **state) {
    (void)state;
    struct rig *r = rig_open(1);
    rig_stop(r);
    r->budget = money_from_e8(0);
    rig_start(r);
    x_gap_add(r->g, T - USEC_PER_HOUR, T - USEC_PER_HOUR / 2, "old");
    for (int i = 0; i < 100000 && r->gap_count == 0; i++) rig_items(r);
    for (int i = 0; i < 100000 && r->gaps[0].state == GAP_CLOSED; i++) {
        usec wait = 0;
        assert_false(x_gap_step(r->g, r->now, &r->step, &wait));
        r->now = i64_max(r->now + 1, i64_min(wait, r->now + USEC_PER_HOUR));
        rig_items(r);
    }
    assert_int_equal(r->gaps[0].state, GAP_LOST);
    assert_non_null(strstr(r->gaps[0].why, "budget"));
    assert_true(r->now >= T + 6 * USEC_PER_DAY);
    rig_close(r);
}

static void test_a_state_that_is_none_is_refused(void **state) {
    (void)state;
    static const char *const texts[] = {
        "{}",
        "[]",
        "{'asked':'','spans':[1]}",
        "{'asked':'','spans':[{'from':5,'until':4,'open':false,'pass':0,'query':0,'below':0,"
        "'began':0,'posts':0,'why':'','missing':''}]}",
        "{'asked':'','spans':[{'from':5,'until':6,'open':false,'pass':7,'query':0,'below':0,"
        "'began':0,'posts':0,'why':'','missing':''}]}",
        "{'asked':'','spans':[{'from':5,'until':6,'open':true,'pass':0,'query':0,'below':0,"
        "'began':0,'posts':0,'why':'','missing':''},{'from':7,'until':8,'open':true,'pass':0,"
        "'query':0,'below':0,'began':0,'posts':0,'why':'','missing':''}]}"};
    for (int i = 0; i < COUNT_OF(texts); i++) {
        struct rig *r = rig_open(1);
        struct error err = {0};
        json_error_t where;
        char text[1000];
        str_copyz(str_from_z(texts[i]), text, sizeof text);
        for (char *p = text; *p; p++)
            if (*p == '\'') *p = '"';
        json_t *root = json_loads(text, 0, &where);
        assert_non_null(root);
        assert_fails(x_gap_load(r->g, root, &err), &err, ERR_DAMAGED);
        json_decref(root);
        rig_close(r);
    }
}

/* --- a whole stream, cut and killed ---------------------------------------------------------- */

#define WORLD_POSTS 60
#define WORLD_SPAN (12 * USEC_PER_MIN)

/* X, as small as it can be: posts, one rule, one line, and search that lags 30 s. */
struct world {
    struct xwire *k;
    struct rng rng;
    int64_t ids[WORLD_POSTS];
    usec at[WORLD_POSTS];
    int delivered; /* up to here the line was served, or was not there */
    bool line, rules;
    usec byte_at; /* last byte on the line */
    usec cuts[8];
    int cut_count, cut_next;
    usec down_until, end;
    bool billed[WORLD_POSTS];
    int64_t searches;
};

static void world_search(struct world *w) {
    static char body[65536];
    struct xwire *k = w->k;
    struct buf b;
    int64_t since_id = 0, until_id = 0;
    int most = 0, n = 0, last = -1;
    const char *p = strstr(k->query, "since_id="), *q = strstr(k->query, "until_id=");
    const char *m = strstr(k->query, "max_results="), *t = strstr(k->query, "next_token=");
    assert_true(p && q && m);
    since_id = strtoll(p + 9, NULL, 10);
    until_id = strtoll(q + 9, NULL, 10);
    most = (int)strtol(m + 12, NULL, 10) / 10; /* small pages: there are many */
    if (t != NULL) until_id = strtoll(t + 11, NULL, 10);
    buf_init_fixed(&b, body, sizeof body);
    buf_put(&b, STR("{'data':["));
    for (int i = WORLD_POSTS - 1; i >= 0; i--) {
        if (w->ids[i] <= since_id || w->ids[i] >= until_id || w->at[i] > k->now - 30 * S) continue;
        if (n == most) {
            last = i;
            break;
        }
        buf_printf(&b, "%s%s", n++ ? "," : "", xwire_post(w->ids[i], "p"));
        w->billed[i] = true;
    }
    buf_printf(&b, "],'meta':{'result_count':%d", n);
    if (last >= 0) buf_printf(&b, ",'next_token':'%lld'", (long long)w->ids[last] + 1);
    buf_put(&b, STR("}}"));
    w->searches++;
    xwire_answer(k, 200, buf_z(&b));
}

static void world_rules(struct world *w) {
    static char stands[4096];
    struct xwire *k = w->k;
    if (k->step.request.method == HTTP_GET) {
        xwire_answer(k, 200, w->rules ? stands : "{'meta':{'result_count':0}}");
        return;
    }
    const char *tag = strstr(k->body, "bullfinch:");
    assert_non_null(tag);
    snprintf(stands, sizeof stands, "{'data':[{'id':'9','value':'v','tag':'%.26s'}]}", tag);
    w->rules = true;
    xwire_answer(k, 201, stands);
}

static void world_gone(struct world *w) {
    if (!w->line) return;
    w->line = false;
    xwire_gone(w->k, 0, "");
}

/* What time brings: posts, keep-alives, cuts. */
static void world_time(struct world *w) {
    struct xwire *k = w->k;
    char line[1024];
    if (w->cut_next < w->cut_count && k->now >= w->cuts[w->cut_next]) {
        w->down_until = k->now + (usec)rng_below(&w->rng, 40 * S);
        w->cut_next++;
        world_gone(w);
    }
    while (!k->killed && w->delivered < WORLD_POSTS && w->at[w->delivered] <= k->now) {
        const int i = w->delivered++;
        if (!w->line) continue;
        snprintf(line, sizeof line, "{'data':%s,'matching_rules':[{'id':'9'}]}",
                 xwire_post(w->ids[i], "p"));
        w->billed[i] = true;
        w->byte_at = k->now;
        xwire_line(k, line);
    }
    if (!k->killed && w->line && k->now >= w->byte_at + 20 * S) {
        w->byte_at = k->now;
        xwire_line(k, "");
    }
}

static usec world_next(const struct world *w, usec wait) {
    if (w->delivered < WORLD_POSTS) wait = i64_min(wait, w->at[w->delivered]);
    if (w->cut_next < w->cut_count) wait = i64_min(wait, w->cuts[w->cut_next]);
    if (w->line) wait = i64_min(wait, w->byte_at + 20 * S);
    return i64_max(wait, w->k->now + 1);
}

static void world_turn(struct world *w) {
    struct xwire *k = w->k;
    const connector_act act = xwire_step(k);
    if (k->killed) {
        w->line = false;
        k->now += (usec)rng_below(&w->rng, 90 * S);
        while (w->delivered < WORLD_POSTS && w->at[w->delivered] <= k->now) w->delivered++;
        w->end = i64_max(w->end, k->now + 6 * USEC_PER_MIN);
        xwire_restart(k);
        return;
    }
    switch (act) {
    case CONNECTOR_CALL:
        k->now += 50 * USEC_PER_MS;
        if (strcmp(k->path, SEARCH) == 0)
            world_search(w);
        else
            world_rules(w);
        break;
    case CONNECTOR_OPEN:
        if (k->now < w->down_until) {
            xwire_gone(k, 503, "");
            break;
        }
        w->line = true;
        w->byte_at = k->now;
        xwire_opened(k);
        break;
    case CONNECTOR_SHUT:
        world_gone(w);
        break;
    case CONNECTOR_WAIT:
        k->now = world_next(w, k->step.until);
        world_time(w);
        break;
    case CONNECTOR_SEND:
        fail_msg("a stream of X takes nothing");
    }
}

static void world_check(struct world *w) {
    const struct xwire *k = w->k;
    int64_t bill = 0;
    for (int i = 0; i < WORLD_POSTS; i++) {
        if (!xwire_has(k, w->ids[i]))
            fail_msg("post %d is lost (kill at %lld)", i, (long long)k->kill_at);
        bill += w->billed[i];
    }
    assert_int_equal(k->post_count, WORLD_POSTS);
    if (k->billed[RESOURCE_POST] != bill)
        fail_msg("billed %lld, X says %lld (kill at %lld)", (long long)k->billed[RESOURCE_POST],
                 (long long)bill, (long long)k->kill_at);
    for (int i = 0; i < k->gap_count; i++) assert_int_equal(k->gaps[i].state, GAP_FILLED);
}

/* Twelve minutes with cuts, and one kill. Returns how many items there were. */
static int64_t world_run(uint64_t seed, int64_t kill_at) {
    const str who[] = {STR("44196397@elonmusk")};
    const struct x_source_options opt = {.authors = who, .author_count = 1, .pages_max = 2};
    struct world w = {.k = xwire_open(x_stream_open, &opt)};
    w.k->kill_at = kill_at;
    rng_init(&w.rng, seed);
    for (int i = 0; i < WORLD_POSTS; i++) {
        w.at[i] = T + 30 * S + i * (WORLD_SPAN / WORLD_POSTS) + (usec)rng_below(&w.rng, 5 * S);
        w.ids[i] = x_snowflake_at(w.at[i]) + (int64_t)rng_below(&w.rng, 1 << 22);
    }
    for (int i = 1; i < WORLD_POSTS; i++) assert_true(w.ids[i] > w.ids[i - 1]);
    w.cut_count = 6;
    for (int i = 0; i < w.cut_count; i++)
        w.cuts[i] = T + (i + 1) * 100 * S + (usec)rng_below(&w.rng, 60 * S);
    w.end = T + WORLD_SPAN + 6 * USEC_PER_MIN; /* the last cut's second pass is over by then */
    while (w.k->now < w.end) world_turn(&w);
    world_check(&w);
    assert_true(w.searches > 0);
    const int64_t items = w.k->items;
    xwire_close(w.k);
    return items;
}

static void test_nothing_is_lost_by_cuts(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) assert_true(world_run(seed, 0) > WORLD_POSTS);
}

static void test_a_kill_at_any_step_loses_nothing(void **state) {
    (void)state;
    for (uint64_t seed = 5; seed < 8; seed++) {
        const int64_t items = world_run(seed, 0);
        print_message("seed %llu: %lld steps\n", (unsigned long long)seed, (long long)items);
        for (int64_t i = 1; i <= items; i++) assert_true(world_run(seed, i) > 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_loss_is_fetched_with_15_s_more_at_both_ends_once_search_knows_it),
        cmocka_unit_test(test_an_old_loss_is_fetched_at_once_and_only_once),
        cmocka_unit_test(test_all_pages_of_all_queries_are_fetched),
        cmocka_unit_test(test_what_was_seen_as_it_came_is_not_missed),
        cmocka_unit_test(test_a_page_that_comes_again_and_again_ends_in_a_loss),
        cmocka_unit_test(test_a_post_without_an_id_is_told),
        cmocka_unit_test(test_losses_that_overlap_are_one_until_it_is_being_fetched),
        cmocka_unit_test(test_a_span_that_is_lost_while_all_are_taken_makes_the_last_longer),
        cmocka_unit_test(test_a_restart_goes_on_below_what_was_fetched),
        cmocka_unit_test(test_other_queries_after_a_restart_begin_anew),
        cmocka_unit_test(test_an_open_span_of_a_state_stays_open),
        cmocka_unit_test(test_what_search_does_not_reach_is_lost_and_the_rest_fetched),
        cmocka_unit_test(test_what_x_forbids_is_lost_and_a_query_it_refuses_alone),
        cmocka_unit_test(test_a_token_that_grew_old_is_done_without),
        cmocka_unit_test(test_trouble_is_waited_out),
        cmocka_unit_test(test_a_page_that_cannot_be_read_is_asked_for_three_times),
        cmocka_unit_test(test_without_a_budget_it_waits_until_search_no_longer_reaches_back),
        cmocka_unit_test(test_a_state_that_is_none_is_refused),
        cmocka_unit_test(test_nothing_is_lost_by_cuts),
        cmocka_unit_test(test_a_kill_at_any_step_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
