/* What live sources leave in the store: how far they are, how they stand, gaps, handles, what was
 * billed; and tokens. */
#include "store_bench.h"

#include "store/prune.h"
#include "store/sources.h"
#include "store/workers.h"

#define DAY_NOW (NOW / DAY)

static const str feed = {"x_search:x", 10};
static const str kind = {"x_search", 8};

/* Puts one in a transaction of its own. */
static void put_of(struct bench *b, str of, const struct intake *it, usec now) {
    struct error err;
    assert_ok(store_begin(b->s, true, &err), &err);
    assert_ok(store_intake_put(b->s, of, kind, it, now, &err), &err);
    assert_ok(store_commit(b->s, &err), &err);
}

static void put(struct bench *b, const struct intake *it) { put_of(b, feed, it, NOW); }

static bool is_sound(struct bench *b, const char *finding) {
    struct buf report;
    struct error err;
    buf_init(&report, 1 << 16);
    bool ok = store_check(b->s, &report, &err);
    if (finding) ok = !ok && strstr(buf_z(&report), finding) != NULL;
    if (!ok) print_error("%s", buf_z(&report));
    buf_fini(&report);
    return ok;
}

/* -- how far --------------------------------------------------------------------------------- */

static void assert_state(struct bench *b, str of, const char *want) {
    struct error err;
    str got;
    bool found;
    assert_ok(store_feed_state(b->s, &b->a, of, &got, &found, &err), &err);
    assert_true(found == (want != NULL));
    if (found && !str_eq(got, str_from_z(want)))
        fail_msg("got " STR_FMT ", want %s", STR_ARG(got), want);
}

static void test_the_state_moves_with_its_transaction(void **state) {
    struct bench *b = *state;
    struct error err;
    assert_state(b, feed, NULL);
    put(b, &(struct intake){.kind = INTAKE_NONE}); /* no state: as before */
    assert_state(b, feed, NULL);
    put(b, &(struct intake){.kind = INTAKE_NONE, .state = STR("since_id=1")});
    assert_ok(store_begin(b->s, true, &err), &err);
    const struct intake lost = {.kind = INTAKE_POST, .state = STR("since_id=2")};
    assert_ok(store_intake_put(b->s, feed, kind, &lost, NOW, &err), &err);
    store_rollback(b->s);
    assert_state(b, feed, "since_id=1");
    put(b, &(struct intake){.kind = INTAKE_POST, .state = STR("since_id=3")});
    put(b, &(struct intake){.kind = INTAKE_END}); /* no state: as before */
    reopen(b);
    assert_state(b, feed, "since_id=3");
    assert_state(b, STR("x_stream:x"), NULL);
    put(b, &(struct intake){.kind = INTAKE_NONE, .state = STR("")});
    assert_state(b, feed, "");
}

static void test_a_state_of_the_longest_kind_is_kept(void **state) {
    struct bench *b = *state;
    struct error err;
    char *text = NEW_ARRAY(&b->a, char, INTAKE_STATE_BYTES);
    str got;
    bool found;
    for (int i = 0; i < INTAKE_STATE_BYTES; i++) text[i] = (char)(' ' + rng_below(&rng, 95));
    const str want = str_from_bytes(text, INTAKE_STATE_BYTES);
    put(b, &(struct intake){.kind = INTAKE_NONE, .state = want});
    assert_ok(store_feed_state(b->s, &b->a, feed, &got, &found, &err), &err);
    assert_true(found && str_eq(got, want));
}

/* -- how they stand -------------------------------------------------------------------------- */

static struct source_status some_status(void) {
    return (struct source_status){.state = SOURCE_LIMITED,
                                  .since = NOW - 5,
                                  .until = NOW + 6,
                                  .why = "X says: 15 requests in 15 minutes",
                                  .posts = 7,
                                  .missed = 2,
                                  .calls = 9,
                                  .failures = 1,
                                  .last_sign_at = NOW - 3,
                                  .last_post_at = NOW - 4,
                                  .blind = 90 * USEC_PER_S,
                                  .narrow = true};
}

#define SAME(member) assert_int_equal(a->member, b->member)
static void same_status(const struct source_status *a, const struct source_status *b) {
    SAME(state);
    SAME(since);
    SAME(until);
    assert_string_equal(a->why, b->why);
    SAME(posts);
    SAME(missed);
    SAME(calls);
    SAME(failures);
    SAME(last_sign_at);
    SAME(last_post_at);
    SAME(blind);
    SAME(narrow);
}
#undef SAME

static void test_a_status_is_what_was_put_last(void **state) {
    struct bench *b = *state;
    struct error err;
    struct feed_row *rows;
    int n;
    struct intake it = {.kind = INTAKE_STATUS, .u.status = some_status()};
    assert_ok(store_feeds(b->s, &b->a, NOW, &rows, &n, &err), &err);
    assert_int_equal(n, 0);
    put(b, &it);
    it.u.status = (struct source_status){.state = SOURCE_LIVE, .since = NOW, .blind = 3};
    put_of(b, STR("a:b"), &it, NOW + 1);
    assert_ok(store_feeds(b->s, &b->a, NOW + 2, &rows, &n, &err), &err);
    assert_int_equal(n, 2);
    assert_str(rows[0].feed, "a:b");
    same_status(&rows[0].status, &it.u.status);
    assert_int_equal(rows[0].updated_at, NOW + 1);
    assert_str(rows[1].feed, "x_search:x");
    assert_str(rows[1].kind, "x_search");
    const struct source_status first = some_status();
    same_status(&rows[1].status, &first);
    put(b, &(struct intake){.kind = INTAKE_NONE, .state = STR("7")}); /* leaves the status alone */
    put_of(b, feed, &it, NOW + 9);
    assert_state(b, feed, "7"); /* and the other way */
    assert_ok(store_feeds(b->s, &b->a, NOW + DAY, &rows, &n, &err), &err);
    assert_int_equal(rows[1].status.state, SOURCE_LIVE);
    assert_int_equal(rows[1].updated_at, NOW + 9);
    assert_int_equal(rows[1].status.blind, 0); /* that was yesterday */
    assert_true(is_sound(b, NULL));
}

static void test_a_state_of_a_newer_program_is_no_harmless_one(void **state) {
    struct bench *b = *state;
    struct error err;
    struct feed_row *rows;
    int n;
    put(b, &(struct intake){.kind = INTAKE_STATUS, .u.status = some_status()});
    exec(b, &(struct sql){"UPDATE feeds SET state = 'dreaming'"});
    assert_fails(store_feeds(b->s, &b->a, NOW, &rows, &n, &err), &err, ERR_DAMAGED);
}

/* Posts with a source, in one turn. */
static void add_of(struct bench *b, int64_t id, str source, usec at, bool missed) {
    add_post(b, id);
    struct post *p = (struct post *)b->acts.v[b->acts.count - 1].u.post.reading->post;
    p->source = source;
    p->received_at = at;
    p->missed = missed;
}

static void test_posts_are_counted_under_the_name_of_the_source(void **state) {
    struct bench *b = *state;
    struct error err;
    struct feed_row *rows;
    int n;
    add_of(b, 1, STR("x"), NOW, false);
    add_of(b, 2, STR("x"), NOW - DAY, false);
    add_of(b, 3, STR("x"), DAY_NOW * DAY, true);
    add_of(b, 4, STR("x"), DAY_NOW * DAY - 1, false);
    add_of(b, 5, STR("bsky"), NOW, false);
    turn(b);
    put(b, &(struct intake){.kind = INTAKE_NONE, .state = STR("1")});
    assert_ok(store_feeds(b->s, &b->a, NOW, &rows, &n, &err), &err);
    assert_int_equal(n, 1);
    assert_int_equal(rows[0].status.state, SOURCE_STARTING);
    assert_int_equal(rows[0].posts_today, 2);
    assert_int_equal(rows[0].posts_stored, 4);
}

/* -- posts ----------------------------------------------------------------------------------- */

static void test_a_post_that_comes_again_stays_as_it_came_first(void **state) {
    static const struct sql same = {
        "SELECT count(*) FROM tweets WHERE id = 7 AND missed AND text = 'first' AND "
        "source = 'x' AND likes = 99 AND received_at = 1700000000000000",
        "SELECT count(*) FROM tweets WHERE id = 7 AND missed AND text = 'first' AND "
        "source = 'x' AND likes = 99 AND received_at = to_timestamp(1700000000)"};
    static const struct sql all = {"SELECT count(*) FROM tweets"};
    struct bench *b = *state;
    struct error err;
    bool has;
    for (int i = 0; i < 2; i++) {
        add_of(b, 7, i ? STR("x2") : STR("x"), NOW + i, i == 0);
        struct post *p = (struct post *)b->acts.v[b->acts.count - 1].u.post.reading->post;
        p->text = i ? STR("second") : STR("first");
        p->likes = i ? 99 : 1; /* this does move */
        assert_ok(store_has_post(b->s, 7, &has, &err), &err);
        assert_true(has == (i == 1));
        turn(b);
    }
    assert_int_equal(count(b, &same), 1);
    assert_int_equal(count(b, &all), 1);
}

/* -- gaps ------------------------------------------------------------------------------------ */

static void put_gap(struct bench *b, str of, struct gap g) {
    put_of(b, of, &(struct intake){.kind = INTAKE_GAP, .u.gap = g}, NOW);
}

static void test_a_gap_is_one_row_until_it_is_filled(void **state) {
    static const struct sql all = {"SELECT count(*) FROM gaps"};
    static const struct sql filled = {
        "SELECT posts FROM gaps WHERE source = 'x_search:x' AND state = 'filled' AND what = 'c'"};
    struct bench *b = *state;
    struct error err;
    struct gap *left;
    int n;
    put_gap(b, feed, (struct gap){NOW + 9, NOW + 10, GAP_OPEN, 0, "a"});
    put_gap(b, feed, (struct gap){NOW, NOW + 1, GAP_OPEN, 0, "b"});
    put_gap(b, feed, (struct gap){NOW, NOW + 5, GAP_CLOSED, 3, "c"});
    put_gap(b, feed, (struct gap){NOW + 20, NOW + 21, GAP_LOST, 0, "d"});
    put_gap(b, STR("jetstream:bsky"), (struct gap){NOW, NOW + 1, GAP_OPEN, 0, "e"});
    assert_ok(store_gaps_left(b->s, &b->a, feed, &left, &n, &err), &err);
    assert_int_equal(n, 2);
    assert_int_equal(left[0].from, NOW);
    assert_int_equal(left[0].until, NOW + 5);
    assert_int_equal(left[0].state, GAP_CLOSED);
    assert_int_equal(left[0].posts, 3);
    assert_string_equal(left[0].why, "c");
    assert_int_equal(left[1].state, GAP_OPEN);
    put_gap(b, feed, (struct gap){NOW, NOW + 5, GAP_FILLED, 8, "c"});
    assert_ok(store_gaps_left(b->s, &b->a, feed, &left, &n, &err), &err);
    assert_int_equal(n, 1);
    assert_int_equal(count(b, &filled), 8);
    assert_ok(store_gap_put(b->s, feed, NOW + 20, NOW + 30, STR("gone"), &err), &err);
    assert_int_equal(count(b, &all), 4);
}

/* -- handles --------------------------------------------------------------------------------- */

static void put_handle(struct bench *b, const char *network, const char *name, const char *id) {
    struct intake it = {.kind = INTAKE_HANDLE};
    struct handle *h = &it.u.handle;
    h->resolved_at = NOW;
    IGNORE(str_copyz(str_from_z(network), h->network, sizeof h->network), "short");
    IGNORE(str_copyz(str_from_z(name), h->name, sizeof h->name), "short");
    IGNORE(str_copyz(str_from_z(id), h->native_id, sizeof h->native_id), "short");
    put(b, &it);
}

static void test_a_name_is_asked_once_and_kept(void **state) {
    struct bench *b = *state;
    struct error err;
    struct handle *rows;
    int n;
    put_handle(b, "x", "nobody", "");
    put_handle(b, "x", "elonmusk", "1");
    put_handle(b, "x", "elonmusk", "44196397");
    put_handle(b, "bsky", "elonmusk", "did:plc:1");
    assert_ok(store_handles(b->s, &b->a, STR("x"), &rows, &n, &err), &err);
    assert_int_equal(n, 2);
    assert_string_equal(rows[0].network, "x");
    assert_string_equal(rows[0].name, "elonmusk");
    assert_string_equal(rows[0].native_id, "44196397");
    assert_int_equal(rows[0].resolved_at, NOW);
    assert_string_equal(rows[1].native_id, "");
    assert_ok(store_handles(b->s, &b->a, STR("nostr"), &rows, &n, &err), &err);
    assert_int_equal(n, 0);
}

/* -- what was billed ------------------------------------------------------------------------- */

static void bill(struct bench *b, str of, resource r, int64_t day, const int64_t *ids, int n) {
    struct intake it = {.kind = INTAKE_USAGE};
    it.u.usage = (struct usage){.resource = r,
                                .day = day,
                                .returned = n + 1,
                                .billed = n,
                                .amount = money_from_e8(500000 * (int64_t)n),
                                .ids = ids,
                                .reported = -1};
    put_of(b, of, &it, NOW);
}

static void report(struct bench *b, int64_t day, int64_t posts) {
    struct intake it = {.kind = INTAKE_USAGE};
    it.u.usage = (struct usage){.day = day, .reported = posts};
    put(b, &it);
}

/* What was told, as text: one line a row. */
static void told_id(void *ctx, int64_t day, resource r, int64_t id) {
    buf_printf(ctx, "id %" PRId64 " %s %" PRId64 "\n", day - DAY_NOW, resource_name(r), id);
}
static void told_day(void *ctx, int64_t day, resource r, int64_t billed, money amount) {
    buf_printf(ctx, "day %" PRId64 " %s %" PRId64 " %" PRId64 "\n", day - DAY_NOW, resource_name(r),
               billed, money_e8(amount) / 500000);
}
static void told_report(void *ctx, int64_t day, int64_t posts) {
    buf_printf(ctx, "report %" PRId64 " %" PRId64 "\n", day - DAY_NOW, posts);
}

static void assert_told(struct bench *b, int64_t days, int64_t id_days, const char *want) {
    struct error err;
    struct buf told;
    buf_init(&told, 1 << 16);
    const struct cost_rows to = {&told, told_id, told_day, told_report};
    assert_ok(store_cost_rows(b->s, DAY_NOW - days, DAY_NOW - id_days, &to, &err), &err);
    assert_string_equal(buf_z(&told), want);
    buf_fini(&told);
}

static void test_what_was_billed_is_remembered_by_day_and_id(void **state) {
    static const int64_t first[] = {5, 4, 9}, second[] = {9, 10}, users[] = {4};
    struct bench *b = *state;
    struct error err;
    assert_told(b, 30, 1, "");
    bill(b, feed, RESOURCE_POST, DAY_NOW - 2, first, 3);
    bill(b, feed, RESOURCE_POST, DAY_NOW - 1, first, 3); /* another day: billed once more */
    bill(b, feed, RESOURCE_POST, DAY_NOW, first, 3);
    bill(b, STR("x_stream:x"), RESOURCE_POST, DAY_NOW, second, 2); /* 9 is billed already */
    bill(b, feed, RESOURCE_USER, DAY_NOW, users, 1);
    report(b, DAY_NOW, 3);
    report(b, DAY_NOW, 5);
    report(b, DAY_NOW - 40, 1);
    assert_told(b, 30, 0,
                "id 0 post 4\nid 0 post 5\nid 0 post 9\nid 0 post 10\nid 0 user 4\n"
                "day -2 post 3 3\nday -1 post 3 3\nday 0 post 4 4\nday 0 user 1 1\nreport 0 5\n");
    assert_true(is_sound(b, NULL));
    struct prune_ask ask = {.age[PRUNE_BILLED] = DAY, .now = NOW, .wall = NOW};
    int64_t gone[PRUNE_COUNT];
    bool all;
    assert_ok(store_prune(b->s, &ask, gone, &all, &err), &err);
    assert_int_equal(gone[PRUNE_BILLED], 3); /* ids of before yesterday */
    assert_told(b, 1, 30,
                "id -1 post 4\nid -1 post 5\nid -1 post 9\n"
                "id 0 post 4\nid 0 post 5\nid 0 post 9\nid 0 post 10\nid 0 user 4\n"
                "day -1 post 3 3\nday 0 post 4 4\nday 0 user 1 1\nreport 0 5\n");
    assert_true(is_sound(b, NULL));
}

static void test_costs_are_listed_by_day_feed_and_resource(void **state) {
    static const int64_t ids[] = {1, 2, 3};
    struct bench *b = *state;
    struct error err;
    struct cost_row *rows;
    int n;
    bill(b, feed, RESOURCE_POST, DAY_NOW, ids, 3);
    bill(b, feed, RESOURCE_POST, DAY_NOW, ids, 3); /* the same answer twice */
    bill(b, feed, RESOURCE_EVENT, DAY_NOW, NULL, 2);
    bill(b, STR("a:b"), RESOURCE_POST, DAY_NOW - 1, ids, 0);
    assert_ok(store_costs(b->s, &b->a, DAY_NOW - 1, &rows, &n, &err), &err);
    assert_int_equal(n, 3);
    assert_int_equal(rows[0].resource, RESOURCE_EVENT);
    assert_int_equal(rows[0].billed, 2);
    assert_int_equal(rows[0].returned, 3);
    assert_int_equal(rows[1].resource, RESOURCE_POST);
    assert_int_equal(rows[1].billed, 3);
    assert_int_equal(rows[1].returned, 8);
    assert_int_equal(money_e8(rows[1].amount), 1500000);
    assert_int_equal(rows[2].day, DAY_NOW - 1);
    assert_str(rows[2].feed, "a:b");
    assert_int_equal(rows[2].billed, 0);
    assert_int_equal(rows[2].returned, 1);
}

/* Random bills of random feeds, against a plain model of X's rule. */
static void test_sums_are_what_a_plain_count_says(void **state) {
    enum { IDS = 50, FEEDS = 3, ROUNDS = 200 };
    static const char *const feeds[FEEDS] = {"x_search:x", "x_stream:x", "x_activity:y"};
    struct bench *b = *state;
    struct error err;
    bool billed[2][IDS] = {{false}};
    int64_t sum[FEEDS][2] = {{0}};
    struct cost_row *rows;
    int n;
    for (int i = 0; i < ROUNDS; i++) {
        int64_t ids[IDS];
        const int f = (int)rng_below(&rng, FEEDS), day = (int)rng_below(&rng, 2);
        const int from = (int)rng_below(&rng, IDS), len = (int)rng_below(&rng, IDS - from + 1);
        for (int k = 0; k < len; k++) ids[k] = from + k;
        bill(b, str_from_z(feeds[f]), RESOURCE_POST, DAY_NOW - day, ids, len);
        for (int k = 0; k < len; k++) {
            sum[f][day] += !billed[day][from + k];
            billed[day][from + k] = true;
        }
    }
    assert_ok(store_costs(b->s, &b->a, DAY_NOW - 1, &rows, &n, &err), &err);
    for (int i = 0; i < n; i++) {
        int f = 0;
        while (!str_eq(rows[i].feed, str_from_z(feeds[f]))) f++;
        assert_int_equal(rows[i].billed, sum[f][DAY_NOW - rows[i].day]);
        assert_int_equal(money_e8(rows[i].amount), 500000 * rows[i].billed);
        sum[f][DAY_NOW - rows[i].day] = 0;
    }
    for (int i = 0; i < FEEDS; i++) assert_int_equal(sum[i][0] + sum[i][1], 0);
    assert_true(is_sound(b, NULL));
}

static void test_traded_signals_are_counted_by_the_source_of_their_post(void **state) {
    static const struct {
        int64_t id, post;
        verdict verdict;
    } signals[] = {{40, 1, VERDICT_TRADED},
                   {41, 2, VERDICT_TRADED},
                   {42, 3, VERDICT_TRADED},
                   {43, 1, VERDICT_REFUSED}};
    struct bench *b = *state;
    struct error err;
    int64_t n;
    add_of(b, 1, STR("x"), NOW, false);
    add_of(b, 2, STR("bsky"), NOW, false);
    add_of(b, 3, STR("x"), NOW - 1, false);
    for (int i = 0; i < COUNT_OF(signals); i++) {
        struct signal s;
        make_signal(&rng, &s);
        s.id = signals[i].id, s.tweet_id = signals[i].post, s.verdict = signals[i].verdict;
        add(b, ACTION_PUT_SIGNAL)->u.signal = s;
    }
    turn(b);
    assert_ok(store_traded_signals(b->s, NOW, STR(""), &n, &err), &err);
    assert_int_equal(n, 2);
    assert_ok(store_traded_signals(b->s, NOW, STR("x"), &n, &err), &err);
    assert_int_equal(n, 1);
    assert_ok(store_traded_signals(b->s, NOW - 1, STR("x"), &n, &err), &err);
    assert_int_equal(n, 2);
    assert_ok(store_traded_signals(b->s, 0, STR("push"), &n, &err), &err);
    assert_int_equal(n, 0);
}

/* -- tokens ---------------------------------------------------------------------------------- */

static struct token_row some_token(const char *name, token_role role, const char *source) {
    struct token_row t = {.name = str_from_z(name), .role = role, .source = str_from_z(source)};
    for (int i = 0; i < SHA256_BYTES; i++) t.hash[i] = (uint8_t)rng_below(&rng, 256);
    return t;
}

static void test_a_token_is_listed_used_and_revoked(void **state) {
    static const struct sql audits = {"SELECT count(*) FROM audit_log WHERE entity = 'token' AND "
                                      "actor = 'cli:ann' AND detail = 'feed'"};
    struct bench *b = *state;
    struct error err;
    struct token_row *rows, t = some_token("feed", TOKEN_INGEST, "news");
    int64_t id, other;
    int n;
    t.expires_at = NOW + DAY;
    assert_ok(store_token_add(b->s, &t, STR("cli:ann"), NOW, &id, &err), &err);
    const struct token_row again = some_token("feed", TOKEN_READ, "");
    assert_fails(store_token_add(b->s, &again, STR("cli:ann"), NOW, &other, &err), &err,
                 ERR_EXISTS);
    assert_ok(store_token_used(b->s, id, NOW + 7, &err), &err);
    assert_ok(store_token_used(b->s, id, NOW + 6, &err), &err);
    assert_ok(store_token_revoke(b->s, STR("feed"), STR("cli:ann"), NOW + 8, &err), &err);
    assert_fails(store_token_revoke(b->s, STR("feed"), STR("cli:ann"), NOW + 9, &err), &err,
                 ERR_NOT_FOUND);
    assert_ok(store_token_add(b->s, &again, STR("cli:ann"), NOW + 9, &other, &err), &err);
    assert_int_equal(count(b, &audits), 3);
    reopen(b);
    assert_ok(store_tokens(b->s, &b->a, &rows, &n, &err), &err);
    assert_int_equal(n, 2);
    assert_int_equal(rows[0].id, id);
    assert_str(rows[0].name, "feed");
    assert_int_equal(rows[0].role, TOKEN_INGEST);
    assert_str(rows[0].source, "news");
    assert_memory_equal(rows[0].hash, t.hash, SHA256_BYTES);
    assert_int_equal(rows[0].created_at, NOW);
    assert_int_equal(rows[0].expires_at, NOW + DAY);
    assert_int_equal(rows[0].revoked_at, NOW + 8);
    assert_int_equal(rows[0].last_used_at, NOW + 7);
    assert_int_equal(rows[1].id, other);
    assert_int_equal(rows[1].role, TOKEN_READ);
    assert_int_equal(rows[1].expires_at + rows[1].revoked_at + rows[1].last_used_at, 0);
    assert_true(is_sound(b, NULL));
}

static void test_a_token_of_a_rolled_back_transaction_was_never_there(void **state) {
    struct bench *b = *state;
    struct error err;
    struct token_row *rows;
    int64_t id;
    int n;
    assert_ok(store_begin(b->s, true, &err), &err);
    const struct token_row t = some_token("a", TOKEN_ADMIN, "");
    assert_ok(store_token_add(b->s, &t, STR("cli:ann"), NOW, &id, &err), &err);
    store_rollback(b->s);
    assert_ok(store_tokens(b->s, &b->a, &rows, &n, &err), &err);
    assert_int_equal(n, 0);
}

static void test_roles_are_known_by_their_names(void **state) {
    (void)state;
    for (token_role r = TOKEN_NONE; r <= TOKEN_ADMIN; r++) {
        token_role got;
        assert_true(token_role_from_name(str_from_z(token_role_name(r)), &got));
        assert_int_equal(got, r);
    }
    token_role got;
    assert_false(token_role_from_name(STR("root"), &got));
}

/* -- forgetting ------------------------------------------------------------------------------- */

static void assert_handles(struct bench *b, const char *want) {
    static const struct sql sql = {
        "SELECT network || ':' || name FROM handles ORDER BY network, name"};
    struct error err;
    struct query q;
    struct buf got;
    bool row = false;
    buf_init(&got, 4096);
    assert_ok(query_open(b->s, &sql, &q, &err) && query_row(&q, &row, &err), &err);
    while (row) {
        buf_put(&got, col_str(&q));
        buf_put_byte(&got, ' ');
        assert_ok(query_row(&q, &row, &err), &err);
    }
    assert_string_equal(buf_z(&got), want);
    buf_fini(&got);
}

static void test_an_author_is_forgotten_with_the_names_that_were_asked_for(void **state) {
    struct bench *b = *state;
    struct forgotten f;
    struct error err;
    put_handle(b, "x", "ann", "4");
    put_handle(b, "x", "Ann_old", "4");
    put_handle(b, "x", "bob", "5");
    put_handle(b, "x", "nobody", "");
    put_handle(b, "bsky", "ann.example", "did:plc:4");
    put_handle(b, "bsky", "four", "4");
    put_of(b, STR("x_search:tweets"), &(struct intake){.state = STR("1")}, NOW);
    add(b, ACTION_PUT_AUTHOR)->u.author =
        (struct author){.key = "tweets:4", .username = "ann", .posts = 1};
    turn(b);
    assert_ok(store_forget_author(b->s, STR("@ann"), STR("cli:t"), NOW, &f, &err), &err);
    assert_int_equal(f.authors, 1);
    assert_handles(b, "bsky:ann.example bsky:four x:bob x:nobody "); /* by his id, too */
    assert_ok(store_forget_author(b->s, STR("bsky:did:plc:4"), STR("cli:t"), NOW, &f, &err), &err);
    assert_int_equal(f.authors, 1);
    assert_handles(b, "bsky:four x:bob x:nobody ");
    assert_ok(store_forget_author(b->s, STR("@BOB"), STR("cli:t"), NOW, &f, &err), &err);
    assert_handles(b, "bsky:four x:nobody ");
    assert_ok(store_forget_author(b->s, STR("77"), STR("cli:t"), NOW, &f, &err), &err);
    assert_int_equal(f.authors, 0);
    assert_handles(b, "bsky:four x:nobody ");
}

/* -- the check ------------------------------------------------------------------------------- */

static void test_the_check_finds_what_sources_cannot_have_left(void **state) {
    static const struct {
        struct sql sql;
        const char *says;
    } wrong[] = {
        {{"DELETE FROM api_usage"},
         "the bill of 2023-11-14: 0 of kind post were billed, and the ids "
         "of 2 are kept"},
        {{"UPDATE api_usage SET billed = 1"}, "1 of kind post were billed"},
        {{"UPDATE api_usage SET returned = 1"}, "x_search:x: more was billed than came"},
        {{"DELETE FROM billed; UPDATE api_usage SET billed = 0"}, "nothing was billed and it cost"},
        {{"UPDATE billed SET resource = 'poem'"}, "\"poem\" is no kind of thing that is billed"},
        {{"UPDATE feeds SET state = 'dreaming'"}, "\"dreaming\" is no state of a source"},
        {{"UPDATE gaps SET until_at = from_at - 1",
          "UPDATE gaps SET until_at = from_at - interval '1 microsecond'"},
         "of x_search:x ends before it begins"},
    };
    static const int64_t ids[] = {1, 2};
    struct bench *b = *state;
    for (int i = 0; i < COUNT_OF(wrong); i++) {
        put(b, &(struct intake){.kind = INTAKE_STATUS, .u.status = some_status()});
        bill(b, feed, RESOURCE_POST, DAY_NOW, ids, 2);
        put_gap(b, feed, (struct gap){NOW, NOW + 1, GAP_CLOSED, 0, "a"});
        assert_true(is_sound(b, NULL));
        exec(b, &wrong[i].sql);
        assert_true(is_sound(b, wrong[i].says));
        start_over(b);
    }
}

/* -- what people see ------------------------------------------------------------------------- */

static void assert_shown(struct bench *b, struct show_query q, const char *want) {
    struct error err;
    struct buf out;
    buf_init(&out, 1 << 20);
    q.limit = 10;
    assert_ok(store_show_json(b->s, &q, &out, &err), &err);
    assert_string_equal(buf_z(&out), want);
    buf_fini(&out);
}

static void test_sources_are_shown_with_what_they_cost_and_missed_today(void **state) {
    static const int64_t ids[] = {1, 2};
    struct bench *b = *state;
    const struct intake it = {.kind = INTAKE_STATUS, .u.status = some_status()};
    put(b, &it);
    bill(b, feed, RESOURCE_POST, DAY_NOW, ids, 2);
    bill(b, feed, RESOURCE_USER, DAY_NOW, ids, 1);
    bill(b, feed, RESOURCE_POST, DAY_NOW - 1, ids, 2);
    add_of(b, 1, STR("x"), NOW, false);
    add_of(b, 2, STR("x"), NOW - DAY, true);
    turn(b);
#define ROW(blind, spent, billed, today)                                                           \
    "{\"feed\":\"x_search:x\",\"kind\":\"x_search\",\"source\":\"x\",\"state\":\"limited\","       \
    "\"since\":\"2023-11-14T22:13:19.999995Z\",\"until\":\"2023-11-14T22:13:20.000006Z\","         \
    "\"why\":\"X says: 15 requests in 15 minutes\",\"narrow\":true,\"blind_s\":\"" blind           \
    "\",\"spent_today\":\"" spent "\",\"billed_today\":" billed ",\"posts_today\":" today          \
    ",\"posts_stored\":2,\"posts\":7,\"missed\":2,\"calls\":9,\"failures\":1,"                     \
    "\"last_sign_at\":\"2023-11-14T22:13:19.999997Z\",\"last_post_at\":"                           \
    "\"2023-11-14T22:13:19.999996Z\",\"updated_at\":\"2023-11-14T22:13:20.000000Z\"}"
    assert_shown(b, (struct show_query){.kind = SHOW_SOURCES, .now = NOW + 1},
                 "[" ROW("90", "0.015", "3", "1") "]");
    assert_shown(b, (struct show_query){.kind = SHOW_SOURCES, .now = NOW + DAY},
                 "[" ROW("0", "0", "0", "0") "]");
#undef ROW
    assert_shown(b, (struct show_query){.kind = SHOW_SOURCES, .now = NOW, .status = STR("live")},
                 "[]");
}

static void assert_stands(struct bench *b, usec now, source_state state, usec blind) {
    struct error err;
    struct feed_row *rows;
    usec said;
    int n;
    assert_ok(store_feed_states(b->s, &b->a, now, &rows, &n, &err), &err);
    assert_int_equal(n, 1);
    assert_int_equal(rows[0].status.state, state);
    assert_int_equal(rows[0].status.blind, blind);
    assert_ok(store_feed_blind(b->s, feed, now, &said, &err), &err);
    assert_int_equal(said, blind);
}

static void beat(struct bench *b, usec started, usec now) {
    struct error err;
    assert_ok(store_begin(b->s, true, &err), &err);
    const struct worker_row w = {
        .name = "h:7:run", .role = WORKER_RUN, .pid = 7, .started_at = started, .seen_at = now};
    assert_ok(store_worker_put(b->s, &w, &err), &err);
    assert_ok(store_commit(b->s, &err), &err);
}

#define SEC USEC_PER_S
static void test_blind_is_what_the_ledger_says_and_what_goes_beyond_it(void **state) {
    struct bench *b = *state;
    const usec midnight = NOW / DAY * DAY, begun = NOW - 1000 * SEC;
    struct intake it = {.kind = INTAKE_STATUS,
                        .u.status = {.state = SOURCE_LIVE, .since = NOW, .blind = 5 * SEC}};
    put(b, &it);
    beat(b, begun, NOW);
    assert_stands(b, NOW, SOURCE_LIVE, 5 * SEC);
    put_gap(b, feed, (struct gap){midnight - 60 * SEC, midnight + 10 * SEC, GAP_LOST, 0, "a"});
    put_gap(b, feed, (struct gap){midnight + 4 * SEC, midnight + 6 * SEC, GAP_FILLED, 0, "in it"});
    put_gap(b, feed, (struct gap){midnight + 9 * SEC, midnight + 12 * SEC, GAP_FILLED, 0, "on"});
    put_gap(b, feed, (struct gap){midnight - 99 * SEC, midnight - 88 * SEC, GAP_LOST, 0, "old"});
    put_gap(b, STR("x_stream:x"), (struct gap){midnight, NOW, GAP_LOST, 0, "another's"});
    assert_stands(b, NOW, SOURCE_LIVE, (12 + 5) * SEC); /* the 5 s are of this process */
    put_gap(b, feed, (struct gap){NOW - 100 * SEC, NOW - 97 * SEC, GAP_FILLED, 0, "3 of the 5"});
    assert_stands(b, NOW, SOURCE_LIVE, (12 + 5) * SEC);
    put_gap(b, feed, (struct gap){NOW - 50 * SEC, NOW - 25 * SEC, GAP_CLOSED, 0, "silence"});
    assert_stands(b, NOW, SOURCE_LIVE, (12 + 28) * SEC);
    put_gap(b, feed, (struct gap){NOW - 1 * SEC, NOW - 1 * SEC, GAP_OPEN, 0, "grows"});
    assert_stands(b, NOW, SOURCE_LIVE, (12 + 29) * SEC);
    assert_stands(b, NOW + 6 * SEC, SOURCE_LIVE, (12 + 35) * SEC);
}

static void test_a_source_ends_with_its_program(void **state) {
    struct bench *b = *state;
    struct error err;
    struct feed_row *rows;
    int n;
    struct intake it = {.kind = INTAKE_STATUS, .u.status = {.state = SOURCE_LIVE, .since = NOW}};
    put(b, &it);
    beat(b, NOW - 60 * SEC, NOW);
    assert_stands(b, NOW + 15 * SEC, SOURCE_LIVE, 0);
    assert_stands(b, NOW + 16 * SEC, SOURCE_ENDED, 16 * SEC); /* killed */
    assert_ok(store_feed_states(b->s, &b->a, NOW + 16 * SEC, &rows, &n, &err), &err);
    assert_string_equal(rows[0].status.why,
                        "no sign of life since 2023-11-14 22:13:20 UTC: the program has ended");
    assert_int_equal(rows[0].status.since, NOW);
    beat(b, NOW + 20 * SEC, NOW + 20 * SEC); /* again, and its time away is in the ledger */
    put_of(b, feed, &it, NOW + 20 * SEC);
    put_gap(b, feed, (struct gap){NOW, NOW + 20 * SEC, GAP_CLOSED, 0, "was not running"});
    assert_stands(b, NOW + 25 * SEC, SOURCE_LIVE, 20 * SEC);
    beat(b, NOW + 20 * SEC, NOW + 30 * SEC);
    assert_ok(store_feeds_ended(b->s, NOW + 30 * SEC, &err), &err);
    assert_stands(b, NOW + 31 * SEC, SOURCE_ENDED, 21 * SEC); /* in good order: at once */
    beat(b, NOW + 40 * SEC, NOW + 40 * SEC);
    put_of(b, STR("a:b"), &it, NOW + 41 * SEC);
    beat(b, NOW + 40 * SEC, NOW + 80 * SEC);
    put_of(b, feed, &it, NOW + 39 * SEC); /* as one of another configuration left it */
    assert_ok(store_feed_states(b->s, &b->a, NOW + 80 * SEC, &rows, &n, &err), &err);
    assert_int_equal(n, 2);
    assert_int_equal(rows[0].status.state, SOURCE_LIVE);
    assert_int_equal(rows[1].status.state, SOURCE_ENDED);
    assert_string_equal(rows[1].status.why, "the running program does not have this source");
}

static void stand(struct bench *b, usec now, source_state state, usec since, const char *why) {
    struct intake it = {.kind = INTAKE_STATUS, .u.status = {.state = state, .since = since}};
    IGNORE(str_copyz(str_from_z(why), it.u.status.why, WHY_BYTES), "they are short");
    put_of(b, feed, &it, now);
}

static void test_a_state_that_needs_somebody_is_told_once_and_once_when_it_is_over(void **state) {
    struct bench *b = *state;
    stand(b, NOW, SOURCE_STARTING, NOW, "connecting");
    stand(b, NOW, SOURCE_LIVE, NOW, "");
    stand(b, NOW, SOURCE_RETRYING, NOW, "no line");
    assert_shown(b, (struct show_query){.kind = SHOW_ALERTS}, "[]");
    stand(b, NOW + 1 * SEC, SOURCE_BROKEN, NOW + 1 * SEC, "no line at all");
    stand(b, NOW + 2 * SEC, SOURCE_RETRYING, NOW + 2 * SEC, "no line");
    stand(b, NOW + 3 * SEC, SOURCE_BROKEN, NOW + 3 * SEC, "still none");
    stand(b, NOW + 4 * SEC, SOURCE_STARTING, NOW + 4 * SEC, "after a restart");
    stand(b, NOW + 5 * SEC, SOURCE_BROKEN, NOW + 5 * SEC, "still none");
#define ALERT(id, at, level, state, what, over)                                                    \
    "{\"id\":\"" id "\",\"at\":\"2023-11-14T22:" at ".000000Z\",\"level\":\"" level                \
    "\",\"source\":\"x_search:x\",\"state\":\"" state "\",\"what\":\"" what                        \
    "\",\"until_at\":null,\"over_at\":" over "}"
    assert_shown(b, (struct show_query){.kind = SHOW_ALERTS},
                 "[" ALERT("1", "13:21", "unusual", "broken", "still none", "null") "]");
    stand(b, NOW + 6 * SEC, SOURCE_TOKEN, NOW + 6 * SEC, "revoked");
    stand(b, NOW + 7 * SEC, SOURCE_LIVE, NOW + 7 * SEC, "");
    stand(b, NOW + 8 * SEC, SOURCE_LIVE, NOW + 7 * SEC, "");
    assert_shown(
        b, (struct show_query){.kind = SHOW_ALERTS},
        "[" ALERT(
            "3", "13:27", "info", "live",
            "posts come again; it was token since 2023-11-14T22:13:26 UTC",
            "null") "," ALERT("2", "13:26", "unusual", "token", "revoked",
                              "\"2023-11-14T22:13:27.000000Z\"") "," ALERT("1", "13:21", "unusual",
                                                                           "broken", "still none",
                                                                           "\"2023-11-14T22:13:26."
                                                                           "000000Z\"") "]");
    stand(b, NOW + 70 * SEC, SOURCE_RETRYING, NOW + 9 * SEC, "no line for long");
    assert_shown(b, (struct show_query){.kind = SHOW_ALERTS, .status = STR("retrying")},
                 "[" ALERT("4", "14:30", "unusual", "retrying", "no line for long", "null") "]");
#undef ALERT
}
#undef SEC

static void test_gaps_are_shown_newest_first(void **state) {
    struct bench *b = *state;
    put_gap(b, feed, (struct gap){NOW, NOW + 1500000, GAP_FILLED, 4, "no line"});
    put_gap(b, feed, (struct gap){NOW + DAY, NOW + DAY, GAP_OPEN, 0, "no line"});
    assert_shown(b, (struct show_query){.kind = SHOW_GAPS, .status = STR("FILLED")},
                 "[{\"id\":\"1\",\"source\":\"x_search:x\",\"from_at\":"
                 "\"2023-11-14T22:13:20.000000Z\",\"until_at\":\"2023-11-14T22:13:21.500000Z\","
                 "\"seconds\":\"1.5\",\"state\":\"filled\",\"posts\":4,\"what\":\"no line\","
                 "\"updated_at\":\"2023-11-14T22:13:20.000000Z\"}]");
    assert_shown(b, (struct show_query){.kind = SHOW_GAPS, .before = 2, .status = STR("open")},
                 "[]");
    const usec now = time_wall_us(), from = now - 7 * USEC_PER_S;
    struct error err;
    struct buf out;
    char ends[TIME_TEXT_BYTES], key[64];
    buf_init(&out, 1 << 16);
    for (int open = 0; open < 2;
         open++) { /* one that would end in an hour, one that did not move */
        struct gap g = {from + open, open ? from + open : now + USEC_PER_HOUR, GAP_CLOSED, 0, "a"};
        if (open) g.state = GAP_OPEN;
        put_gap(b, feed, g);
        const struct show_query q = {.kind = SHOW_GAPS, .limit = 1};
        buf_clear(&out);
        assert_ok(store_show_json(b->s, &q, &out, &err), &err);
        usec until = 0;
        const char *at = strstr(buf_z(&out), "\"until_at\":\"");
        assert_non_null(at);
        snprintf(key, sizeof key, "%.27s", at + strlen("\"until_at\":\""));
        assert_true(time_parse_rfc3339(str_from_z(key), &until));
        if (until <= from + USEC_PER_S || until > time_wall_us())
            fail_msg("%s at " STR_FMT, key, STR_ARG(time_format_rfc3339(now, ends)));
    }
    buf_fini(&out);
}

/* -- running them ---------------------------------------------------------------------------- */

int store_sources_run(void) {
    const struct CMUnitTest tests[] = {
        T(the_state_moves_with_its_transaction),
        T(a_state_of_the_longest_kind_is_kept),
        T(a_status_is_what_was_put_last),
        T(a_state_of_a_newer_program_is_no_harmless_one),
        T(posts_are_counted_under_the_name_of_the_source),
        T(a_post_that_comes_again_stays_as_it_came_first),
        T(a_gap_is_one_row_until_it_is_filled),
        T(a_name_is_asked_once_and_kept),
        T(what_was_billed_is_remembered_by_day_and_id),
        T(costs_are_listed_by_day_feed_and_resource),
        T(sums_are_what_a_plain_count_says),
        T(traded_signals_are_counted_by_the_source_of_their_post),
        T(a_token_is_listed_used_and_revoked),
        T(a_token_of_a_rolled_back_transaction_was_never_there),
        T(an_author_is_forgotten_with_the_names_that_were_asked_for),
        T(the_check_finds_what_sources_cannot_have_left),
        T(sources_are_shown_with_what_they_cost_and_missed_today),
        T(blind_is_what_the_ledger_says_and_what_goes_beyond_it),
        T(a_source_ends_with_its_program),
        T(a_state_that_needs_somebody_is_told_once_and_once_when_it_is_over),
        T(gaps_are_shown_newest_first),
        cmocka_unit_test(test_roles_are_known_by_their_names),
    };
    return cmocka_run_group_tests_name(place->name, tests, NULL, NULL);
}
