/* x_search against the simulator's X in virtual time: a week with faults and kills. What X found is
 * stored, none of it twice, and the bill that was counted is X's own.
 *
 * TEST_SEED=n repeats one run; without it several seeds are run. */
#include "askkit.h"
#include "base/rng.h"
#include "source/x_sources.h"
#include "xkit.h"

#define DAYS 7
#define AUTHORS 30
#define ITEMS_MAX (XKIT_POSTS)
#define DAY_ROWS 16

struct rig {
    struct xkit x;
    struct rng rng;
    char names[AUTHORS][16];
    str authors[AUTHORS];
    struct sim_user users[AUTHORS];
    bool found[ITEMS_MAX]; /* by place in x.posts: it is stored */
    /* ours */
    struct arena boot, turn;
    struct x_account *account;
    struct connector *c;
    struct x_source_options opt;
    usec now;
    int kill_in; /* items until the next kill; negative: no more kills */
    /* the store */
    char state[INTAKE_STATE_BYTES];
    struct handle handles[AUTHORS];
    int handle_count;
    int64_t billed[DAY_ROWS][RESOURCE_COUNT], reported[DAY_ROWS];
    money amount[DAY_ROWS][RESOURCE_COUNT];
    bool crossed[DAY_ROWS]; /* an answer came on the next day: which day is its own? */
    int64_t ids[RESOURCE_COUNT][8192], id_days[RESOURCE_COUNT][8192];
    int id_count[RESOURCE_COUNT];
    int calls, lost, kills, twice, gaps_filled, gaps_lost;
};

static int day_of(int64_t day) {
    const int64_t at = day - time_utc_day(XKIT_START);
    assert_in_range(at, 0, DAY_ROWS - 1);
    return (int)at;
}

/* --- the world -------------------------------------------------------------------------------- */

static struct sim_post *add_post(struct rig *r, usec at, int author) {
    struct xkit *k = &r->x;
    assert_true(k->post_count < XKIT_POSTS);
    struct sim_post *p = &k->posts[k->post_count];
    *p = (struct sim_post){.kind = SIM_POST,
                           .at = at,
                           .id = x_snowflake_at(at) + 1 + k->post_count,
                           .author_id = 1000 + author,
                           .username = r->authors[author],
                           .text = STR("$DOGE to the moon"),
                           .lang = STR("en")};
    if (rng_below(&r->rng, 2) == 0) p->text = STR("good morning");
    k->post_count++;
    return p;
}

/* Posts all week, bursts, edits and deletions, a few that the filter keeps out. */
static void make_world(struct rig *r, usec end) {
    for (usec at = XKIT_START + USEC_PER_MIN; at < end && r->x.post_count < XKIT_POSTS;) {
        struct sim_post *p = add_post(r, at, (int)rng_below(&r->rng, AUTHORS));
        const int i = r->x.post_count - 1;
        if (rng_below(&r->rng, 12) == 0 && i > 0) {
            p->ref = POST_REF_RETWEET;
            p->ref_id = r->x.posts[i - 1].id;
        } else if (rng_below(&r->rng, 15) == 0 && i > 0 && r->x.posts[i - 1].kind == SIM_POST) {
            p->kind = rng_below(&r->rng, 2) == 0 ? SIM_POST_EDIT : SIM_POST_DELETION;
            p->root_id = r->x.posts[i - 1].id;
            p->author_id = r->x.posts[i - 1].author_id;
            p->username = r->x.posts[i - 1].username;
        }
        const bool burst = rng_below(&r->rng, 25) != 0 && (i / 100) % 5 == 4;
        at += rng_between(&r->rng, USEC_PER_S / 2, burst ? USEC_PER_S : 12 * USEC_PER_MIN);
    }
}

static void open_account(struct rig *r) {
    struct x_account_options opt = {
        .base = STR("https://api.x.com"),
        .token = STR("t%2Fken"),
        .cost = {.budget = money_from_e8(10000 * E8), .posts_max = 3000000},
        .seed = rng_next(&r->rng)};
    for (int i = 0; i < RESOURCE_COUNT; i++) opt.cost.price[i] = r->x.opt.price[i];
    struct error err;
    assert_ok(x_account_open(&r->boot, &opt, &r->account, &err), &err);
    struct cost *c = x_account_cost(r->account);
    for (int d = 0; d < DAY_ROWS; d++) {
        const int64_t day = time_utc_day(XKIT_START) + d;
        for (int i = 1; i < RESOURCE_COUNT; i++)
            cost_remember_day(c, day, (resource)i, r->billed[d][i], r->amount[d][i]);
        if (r->reported[d] > 0) cost_remember_report(c, day, r->reported[d]);
    }
    for (int i = 1; i < RESOURCE_COUNT; i++)
        for (int k = 0; k < r->id_count[i]; k++)
            cost_remember_id(c, r->id_days[i][k], (resource)i, r->ids[i][k]);
    for (int i = 0; i < r->handle_count; i++) x_account_know(r->account, &r->handles[i]);
}

static void open_source(struct rig *r) {
    struct error err;
    arena_close(&r->boot);
    arena_open(&r->boot, 64 << 20);
    open_account(r);
    r->opt.account = r->account;
    r->opt.state = str_from_z(r->state);
    r->opt.now = r->now;
    r->opt.seed = rng_next(&r->rng);
    assert_ok(x_search_open(&r->boot, &r->opt, &r->c, &err), &err);
}

static void close_source(struct rig *r) {
    connector_close(r->c);
    x_account_close(r->account);
}

static struct rig *make(uint64_t seed) {
    static struct rig rig;
    struct rig *r = &rig;
    memset(r, 0, sizeof *r);
    rng_init(&r->rng, seed);
    xkit_prepare(&r->x);
    for (int i = 0; i < AUTHORS; i++) {
        snprintf(r->names[i], sizeof r->names[i], "author_%02d", i);
        r->authors[i] = str_from_z(r->names[i]);
        r->users[i] = (struct sim_user){.id = 1000 + i, .name = r->authors[i]};
    }
    r->x.opt.users = r->users;
    r->x.opt.user_count = AUTHORS;
    r->x.opt.index_lag = 2 * USEC_PER_S;
    arena_open(&r->turn, 64 << 20);
    r->now = XKIT_START;
    r->kill_in = -1;
    r->opt = (struct x_source_options){.name = STR("x"),
                                       .authors = r->authors,
                                       .author_count = AUTHORS,
                                       .query = STR("$DOGE -is:retweet"),
                                       .filter = STR("-is:retweet"),
                                       .interval = USEC_PER_MIN,
                                       .pages_max = 5,
                                       .floor = 2 * USEC_PER_S};
    return r;
}

static void finish(struct rig *r) {
    close_source(r);
    xkit_close(&r->x);
    arena_close(&r->boot);
    arena_close(&r->turn);
}

/* --- the store -------------------------------------------------------------------------------- */

static void store_post(struct rig *r, const struct post *p) {
    for (int i = 0; i < r->x.post_count; i++) {
        if (r->x.posts[i].id != p->id) continue;
        assert_true(r->x.posts[i].kind != SIM_POST_DELETION);
        assert_true(r->x.posts[i].at <= r->now);
        r->twice += r->found[i];
        r->found[i] = true;
        return;
    }
    fail_msg("post %lld is none of X's", (long long)p->id);
}

static void store_usage(struct rig *r, const struct usage *u) {
    const int d = day_of(u->day);
    if (u->reported >= 0) {
        r->reported[d] = u->reported;
        return;
    }
    r->billed[d][u->resource] += u->billed;
    r->amount[d][u->resource] = money_plus(r->amount[d][u->resource], u->amount);
    for (int64_t i = 0; i < u->billed; i++) {
        const int at = r->id_count[u->resource]++;
        assert_true(at < 8192);
        r->ids[u->resource][at] = u->ids[i];
        r->id_days[u->resource][at] = u->day;
    }
}

static void store(struct rig *r, const struct intake *it) {
    if (it->kind == INTAKE_POST) store_post(r, &it->post);
    if (it->kind == INTAKE_USAGE) store_usage(r, &it->u.usage);
    if (it->kind == INTAKE_GAP) {
        r->gaps_filled += it->u.gap.state == GAP_FILLED;
        r->gaps_lost += it->u.gap.state == GAP_LOST;
    }
    if (it->kind == INTAKE_HANDLE) r->handles[r->handle_count++] = it->u.handle;
    if (it->state.p != NULL) assert_true(str_copyz(it->state, r->state, sizeof r->state));
}

/* All items; killed somewhere between two of them, when it is time for that. */
static void drain(struct rig *r) {
    struct intake it;
    arena_reset(&r->turn);
    while (connector_item(r->c, r->now, &r->turn, &it)) {
        if (r->kill_in == 0) {
            r->kills++;
            r->kill_in = (int)rng_between(&r->rng, 5, 400);
            close_source(r);
            r->now += rng_between(&r->rng, 0, 10) == 0 ? USEC_PER_HOUR : USEC_PER_S;
            open_source(r);
            return;
        }
        if (r->kill_in > 0) r->kill_in--;
        store(r, &it);
    }
}

/* --- the line --------------------------------------------------------------------------------- */

static struct http_answer carry(struct rig *r, const struct http_request *rq) {
    struct xkit *k = &r->x;
    struct http_answer a;
    int stream;
    const int64_t day = time_utc_day(r->now);
    r->calls++;
    r->now = 80 * USEC_PER_MS + ask_face(&k->face, r->now, rq, &k->body, &stream, &a);
    assert_int_equal(stream, -1);
    r->lost += a.end != HTTP_ANSWERED || a.status >= 500;
    if (time_utc_day(r->now) != day) r->crossed[day_of(day)] = r->crossed[day_of(day + 1)] = true;
    return a;
}

static void run(struct rig *r, usec until) {
    struct connector_step step;
    while (r->now < until) {
        connector_step(r->c, r->now, &step);
        if (step.act == CONNECTOR_WAIT) {
            r->now = i64_max(r->now, i64_min(step.until, until));
        } else {
            assert_int_equal(step.act, CONNECTOR_CALL);
            const struct http_answer a = carry(r, &step.request);
            connector_answered(r->c, r->now, &a);
        }
        drain(r);
    }
}

/* --- the truth -------------------------------------------------------------------------------- */

/* Was this version replaced, or deleted? Then it need not have been found. */
static bool is_gone(const struct rig *r, int at) {
    const struct sim_post *p = &r->x.posts[at];
    for (int i = at + 1; i < r->x.post_count; i++) {
        const struct sim_post *o = &r->x.posts[i];
        if (o->kind != SIM_POST && (o->root_id == p->id || o->root_id == p->root_id) &&
            o->root_id != 0)
            return true;
    }
    return false;
}

/* Everything that X could show is stored. */
static int check_posts(const struct rig *r, usec end) {
    int wanted = 0;
    for (int i = 0; i < r->x.post_count; i++) {
        const struct sim_post *p = &r->x.posts[i];
        if (p->kind == SIM_POST_DELETION || p->ref == POST_REF_RETWEET || is_gone(r, i)) continue;
        if (p->at > end) continue;
        wanted++;
        if (!r->found[i])
            fail_msg("post %d of %lld s is missing", i,
                     (long long)((p->at - XKIT_START) / USEC_PER_S));
    }
    return wanted;
}

/* Day by day: what we say was billed is what was billed; where answers were lost, X's own count
 * has made up for it. */
static void check_bill(const struct rig *r, usec end) {
    for (int64_t day = time_utc_day(XKIT_START); day <= time_utc_day(end); day++) {
        const int d = day_of(day);
        const int64_t posts = i64_max(r->billed[d][RESOURCE_POST], r->reported[d]);
        const int64_t truth = x_face_billed(r->x.x, day, RESOURCE_POST);
        if (posts < truth || (posts > truth && !r->crossed[d]))
            fail_msg("day %d: %lld counted, %lld reported, %lld billed", d,
                     (long long)r->billed[d][RESOURCE_POST], (long long)r->reported[d],
                     (long long)truth);
    }
}

static void begin(struct rig *r) {
    xkit_begin(&r->x);
    open_source(r);
}

/* A quiet last hour, in which X is asked for its count. */
static void end_week(struct rig *r, usec end) {
    r->kill_in = -1;
    run(r, end);
    const int wanted = check_posts(r, end - 10 * USEC_PER_MIN);
    check_bill(r, end);
    print_message(
        "%d posts wanted, %d given twice, %d calls, %d failed, %d kills, %d gaps filled\n", wanted,
        r->twice, r->calls, r->lost, r->kills, r->gaps_filled);
    assert_true(wanted > 300);
    assert_int_equal(r->gaps_lost, 0);
}

static void test_a_quiet_week_costs_what_it_brings(void **state) {
    (void)state;
    struct rig *r = make(11);
    const usec end = XKIT_START + DAYS * USEC_PER_DAY;
    make_world(r, end - 2 * USEC_PER_HOUR);
    begin(r);
    end_week(r, end);
    assert_int_equal(r->twice, 0);
    assert_int_equal(r->lost, 0);
    assert_int_equal(r->handle_count, AUTHORS);
    int64_t posts = 0, users = 0, found = 0;
    for (int d = 0; d < DAY_ROWS; d++) {
        posts += r->billed[d][RESOURCE_POST];
        users += r->billed[d][RESOURCE_USER];
        assert_false(r->crossed[d]);
    }
    for (int i = 0; i < r->x.post_count; i++) found += r->found[i];
    assert_int_equal(users, AUTHORS);
    assert_true(posts >= found); /* both queries may find one on two days */
    struct cost_view view;
    x_account_view(r->account, r->now, &view);
    assert_int_equal(money_e8(view.spent), money_e8(x_face_bill(r->x.x)));
    finish(r);
}

/* Everything that a line can do to a request, and hours in which nothing works. */
static const char line_plan[] =
    "{\"chances\":["
    "{\"path\":\"/2/*\",\"fault\":\"close_after\",\"percent\":1},"
    "{\"path\":\"/2/*\",\"fault\":\"close_before\",\"percent\":1},"
    "{\"path\":\"/2/*\",\"fault\":\"truncate\",\"percent\":1},"
    "{\"path\":\"/2/*\",\"fault\":\"trickle\",\"percent\":0.5},"
    "{\"path\":\"/2/*\",\"fault\":\"silence\",\"percent\":0.5},"
    "{\"path\":\"/2/*\",\"fault\":\"reset_after\",\"percent\":0.5},"
    "{\"path\":\"/2/*\",\"fault\":\"html_502_done\",\"percent\":1},"
    "{\"path\":\"/2/*\",\"fault\":\"html_403\",\"percent\":0.5},"
    "{\"path\":\"/2/*\",\"fault\":\"delay\",\"delay_ms\":9000,\"percent\":2},"
    "{\"path\":\"/2/*\",\"fault\":\"rate_429\",\"amount\":60,\"percent\":0.5},"
    "{\"path\":\"/2/*\",\"fault\":\"html_503\",\"percent\":100,\"from_s\":40000,\"until_s\":54000},"
    "{\"path\":\"/2/*\",\"fault\":\"close_after\",\"percent\":90,\"from_s\":171000,"
    "\"until_s\":175000},"
    "{\"path\":\"/2/*\",\"fault\":\"silence\",\"percent\":50,\"from_s\":300000,\"until_s\":350000}"
    "]}";

/* plan: NULL: drawn from the seed. */
static void rough_week(uint64_t seed, const char *plan) {
    struct rig *r = make(seed);
    const usec end = XKIT_START + DAYS * USEC_PER_DAY, calm = end - 6 * USEC_PER_HOUR;
    struct error err;
    static const struct symbols none = {NULL, 0};
    print_message("TEST_SEED=%llu: ", (unsigned long long)seed);
    make_world(r, end - 2 * USEC_PER_HOUR);
    if (plan == NULL)
        r->x.opt.faults = faults_random(&r->x.boot, seed, 60, XKIT_START, calm);
    else
        assert_ok(faults_parse(&r->x.boot, str_from_z(plan), seed, &r->x.opt.faults, &err), &err);
    assert_ok(faults_begin(r->x.opt.faults, &none, XKIT_START, &err), &err);
    r->kill_in = (int)rng_between(&r->rng, 5, 400);
    begin(r);
    run(r, calm);
    end_week(r, end);
    finish(r);
}

static void rough_weeks(const char *plan, int count) {
    const char *text = getenv("TEST_SEED");
    int64_t seed;
    if (text != NULL) {
        assert_true(str_to_i64(str_from_z(text), &seed));
        rough_week((uint64_t)seed, plan);
        return;
    }
    for (seed = 1; seed <= count; seed++) rough_week((uint64_t)seed, plan);
}

static void test_a_week_with_drawn_faults_and_kills_loses_nothing(void **state) {
    (void)state;
    rough_weeks(NULL, 6);
}

static void test_a_week_on_a_bad_line_loses_nothing(void **state) {
    (void)state;
    rough_weeks(line_plan, 4);
}

/* Each of X's own refusals, again and again, ends, and what it held up is fetched afterwards. */
static void test_every_refusal_of_x_ends(void **state) {
    (void)state;
    static const char *const plan =
        "{\"rules\":[{\"path\":\"/2/users/by\",\"fault\":\"x_forbidden\",\"nth\":1,\"times\":2}],"
        "\"chances\":["
        "{\"path\":\"/2/tweets/search/recent\",\"fault\":\"x_credits\",\"percent\":0.3},"
        "{\"path\":\"/2/tweets/search/recent\",\"fault\":\"x_unauthorized\",\"percent\":0.3},"
        "{\"path\":\"/2/tweets/search/recent\",\"fault\":\"x_forbidden\",\"percent\":0.3},"
        "{\"path\":\"/2/tweets/search/recent\",\"fault\":\"x_connections\",\"percent\":0.3},"
        "{\"path\":\"/2/tweets/search/recent\",\"fault\":\"x_partial\",\"percent\":5},"
        "{\"path\":\"/2/tweets/search/recent\",\"fault\":\"rate_429\",\"amount\":20,"
        "\"percent\":1},"
        "{\"path\":\"/2/usage/tweets\",\"fault\":\"html_502\",\"percent\":30},"
        "{\"path\":\"/2/tweets/search/recent\",\"fault\":\"close_after\",\"percent\":2}]}";
    static const struct symbols none = {NULL, 0};
    struct rig *r = make(21);
    const usec end = XKIT_START + DAYS * USEC_PER_DAY;
    struct error err;
    make_world(r, end - 4 * USEC_PER_HOUR);
    assert_ok(faults_parse(&r->x.boot, str_from_z(plan), 5, &r->x.opt.faults, &err), &err);
    assert_ok(faults_begin(r->x.opt.faults, &none, XKIT_START, &err), &err);
    begin(r);
    end_week(r, end);
    finish(r);
}

/* X's own money runs out: it waits, says so, and goes on once somebody topped up. */
static void test_credits_run_out_and_are_topped_up(void **state) {
    (void)state;
    struct rig *r = make(31);
    const usec end = XKIT_START + DAYS * USEC_PER_DAY;
    struct source_status st = {0};
    make_world(r, end - 4 * USEC_PER_HOUR);
    r->x.opt.credits = money_from_e8(E8); /* 100 names and 70 posts or so */
    begin(r);
    for (usec now = XKIT_START; now < end - USEC_PER_DAY; now += USEC_PER_HOUR) {
        run(r, now);
        connector_status(r->c, r->now, &st);
        if (st.state == SOURCE_CREDITS) break;
    }
    assert_int_equal(st.state, SOURCE_CREDITS);
    assert_non_null(strstr(st.why, "credits"));
    assert_true(st.until > r->now);
    run(r, r->now + 6 * USEC_PER_HOUR);
    x_face_top_up(r->x.x, money_from_e8(1000 * E8));
    end_week(r, end);
    connector_status(r->c, r->now, &st);
    assert_int_equal(st.state, SOURCE_LIVE);
    assert_true(r->gaps_filled > 0 && st.missed > 0);
    finish(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_quiet_week_costs_what_it_brings),
        cmocka_unit_test(test_a_week_with_drawn_faults_and_kills_loses_nothing),
        cmocka_unit_test(test_a_week_on_a_bad_line_loses_nothing),
        cmocka_unit_test(test_every_refusal_of_x_ends),
        cmocka_unit_test(test_credits_run_out_and_are_topped_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
