/* x_account: what the sources of one X account share.
 *
 * In: what each source asks and hears. Out: whether it may ask now, what it is billed, who is who,
 * and the little calls (chores), which whichever connector has nothing better to do makes for all.
 *
 * Rate limits are what the headers of the last answer said; before the first one nothing is known
 * and everything goes. Of a window a tenth is left alone for others who use the same app, the rest
 * is spread: who was quiet may catch up at once, who is ahead of the clock waits for it.
 *
 * Invariants: at most one chore is under way, and none is begun while results of the last one wait
 * to be passed on; a chore is never in the way of posts (its troubles are its own, unless they hold
 * for the account). Memory is the account's own, as sources on other threads use `boot` meanwhile.
 * Any thread: one lock, held for microseconds. */
#include "source/x_account.h"

#include <pthread.h>
#include <stdio.h>

#include <jansson.h>

#include "base/json.h"
#include "base/metric.h"
#include "base/rng.h"
#include "source/x_people.h"
#include "source/x_sources.h"

#define ACCOUNT_BYTES (64 << 20)
#define WINDOW (15 * USEC_PER_MIN)
#define REQUESTS_MAX INT64_C(1000000000) /* a window; what is said beyond is as good */
#define NAMES_A_CALL 100
#define REPORT_DAYS 7
#define REPORTS_MAX 16
#define USAGE_EVERY USEC_PER_HOUR
#define USAGE_AFTER_LOSS (2 * USEC_PER_MIN) /* X's own count lags a little */
#define USAGE_LEAST (5 * USEC_PER_MIN)      /* between two, whatever was lost */
#define CHORE_TIMEOUT (20 * USEC_PER_S)
#define ASKED_MAX 5 /* times, for a name that X says nothing of */

/* What the headers said last. */
struct window {
    int64_t limit, remaining; /* -1: not said */
    usec reset;
    usec heard_at;
    struct x_verdict why; /* of a 429 */
    usec closed_until;
};

typedef enum chore { CHORE_NONE, CHORE_USERS, CHORE_USAGE, CHORE_COUNT } chore;

/* What came of the last chore and has not been passed on. */
struct leavings {
    struct usage usage;
    int64_t usage_ids[NAMES_A_CALL];
    bool has_usage;
    struct handle handles[NAMES_A_CALL];
    int handle_count;
    struct usage reports[REPORTS_MAX];
    int report_count;
};

/* What people watch of the money. */
struct money_metrics {
    struct metric *today, *month, *projected, *budget, *left, *allowed, *level;
    struct metric *billed[RESOURCE_COUNT];
    int64_t billed_before[RESOURCE_COUNT], month_day; /* as they count them; of that month */
    usec next_at;
};

struct x_account {
    pthread_mutex_t lock;
    struct money_metrics metrics;
    struct arena memory;
    struct x_account_options opt;
    struct cost *cost;
    struct rng rng;
    struct window windows[X_ENDPOINT_COUNT];
    struct x_verdict hold; /* of the whole account */
    usec hold_until;
    struct x_people people;
    /* chores */
    chore doing;
    int64_t reserved;
    struct patience patience[CHORE_COUNT];
    usec users_at, usage_at, usage_last;
    struct leavings left;
    char query[NAMES_A_CALL * 16 + 64];
    int64_t reported_day[REPORTS_MAX], reported[REPORTS_MAX]; /* passed on already, by day */
};

#define X(name, text) text,
static const char *const endpoint_names[] = {X_ENDPOINT_MAP(X)};
#undef X
const char *x_endpoint_name(x_endpoint e) {
    PRE(e >= 0 && e < X_ENDPOINT_COUNT);
    return endpoint_names[e];
}

static void lock(struct x_account *x) {
    const int rc = pthread_mutex_lock(&x->lock);
    POST(rc == 0);
}

static void unlock(struct x_account *x) {
    const int rc = pthread_mutex_unlock(&x->lock);
    POST(rc == 0);
}

/* --- the money, measured ---------------------------------------------------------------------- */

static void metrics_open(struct money_metrics *m) {
    m->today = metric_get(M_X_SPENT, LABELS("today"));
    m->month = metric_get(M_X_SPENT, LABELS("month"));
    m->projected = metric_get(M_X_PROJECTED, NULL);
    m->budget = metric_get(M_X_BUDGET, NULL);
    m->left = metric_get(M_X_LEFT, NULL);
    m->allowed = metric_get(M_X_ALLOWED, NULL);
    m->level = metric_get(M_X_LEVEL, NULL);
    for (int i = RESOURCE_NONE + 1; i < RESOURCE_COUNT; i++)
        m->billed[i] = metric_get(M_X_BILLED, LABELS(resource_name((resource)i)));
}

static int level_number(cost_level l) {
    switch (l) {
    case COST_FULL:
        return 0;
    case COST_NARROW:
        return 1;
    case COST_OUT:
        return 2;
    }
    WRONG("a level of no number");
}

/* With the lock held; each second that anybody looks at the money. */
static void measure(struct x_account *x, usec now) {
    struct money_metrics *m = &x->metrics;
    struct cost_view v;
    usec begin, end;
    if (now < m->next_at) return;
    m->next_at = now + USEC_PER_S;
    cost_view(x->cost, now, &v);
    time_utc_month(now, &begin, &end);
    metric_set(m->today, money_e8(v.today));
    metric_set(m->month, money_e8(v.spent));
    metric_set(m->projected, money_e8(v.projected));
    metric_set(m->budget, money_e8(v.budget));
    metric_set(m->left, i64_max(money_e8(money_minus(v.budget, v.spent)), 0));
    metric_set(m->allowed, money_e8(v.allowed));
    metric_set(m->level, level_number(v.level));
    for (int i = RESOURCE_NONE + 1; i < RESOURCE_COUNT; i++) {
        if (m->month_day != time_utc_day(begin)) m->billed_before[i] = 0;
        metric_add(m->billed[i], i64_max(v.by_resource[i] - m->billed_before[i], 0));
        m->billed_before[i] = v.by_resource[i];
    }
    m->month_day = time_utc_day(begin);
}

bool x_account_open(struct arena *boot, const struct x_account_options *opt, struct x_account **ret,
                    struct error *err) {
    if (opt->token.n == 0) {
        return fail(err, ERR_CONFIG, 0,
                    "X's bearer token is empty: put the app's token (X's developer console, Keys "
                    "and tokens) into the file or variable that the configuration names");
    }
    for (ptrdiff_t i = 0; i < opt->token.n; i++) {
        if (opt->token.p[i] > ' ' && opt->token.p[i] < 0x7F) continue;
        return fail(err, ERR_CONFIG, 0,
                    "X's bearer token holds a blank or a character that no "
                    "token has: it is one word on one line");
    }
    if (opt->base.n == 0)
        return fail(err, ERR_CONFIG, 0, "the address of X's API is empty: https://api.x.com");
    struct x_account *x = NEW(boot, struct x_account);
    const int rc = pthread_mutex_init(&x->lock, NULL);
    POST(rc == 0);
    x->opt = *opt;
    x->cost = cost_new(boot, &opt->cost);
    metrics_open(&x->metrics);
    arena_open(&x->memory, ACCOUNT_BYTES);
    x_people_init(&x->people, &x->memory);
    x->opt.base = str_dup(&x->memory, opt->base);
    rng_init(&x->rng, opt->seed);
    for (int i = 0; i < X_ENDPOINT_COUNT; i++)
        x->windows[i] = (struct window){.limit = -1, .remaining = -1};
    for (int i = 0; i < CHORE_COUNT; i++)
        x->patience[i] =
            (struct patience){.first = 30 * USEC_PER_S, .most = USEC_PER_HOUR, .breaker = 8};
    *ret = x;
    return true;
}

void x_account_close(struct x_account *x) {
    if (x == NULL) return;
    cost_close(x->cost);
    arena_close(&x->memory);
    pthread_mutex_destroy(&x->lock);
}

str x_account_base(const struct x_account *x) { return x->opt.base; }

void x_account_sign(const struct x_account *x, struct connector_step *step) {
    step->base = x->opt.base;
    step->request.bearer = x->opt.token;
}

/* --- the governor ------------------------------------------------------------------------------
 */

struct cost *x_account_cost(struct x_account *x) {
    return x->cost;
}

cost_level x_account_level(struct x_account *x, usec now) {
    lock(x);
    const cost_level level = cost_level_at(x->cost, now);
    measure(x, now);
    unlock(x);
    return level;
}

int64_t x_account_reserve(struct x_account *x, usec now, resource r, int64_t most, usec *ret_until,
                          char why[WHY_BYTES]) {
    lock(x);
    const int64_t count = cost_reserve(x->cost, now, r, most, ret_until, why);
    measure(x, now);
    unlock(x);
    return count;
}

void x_account_settle(struct x_account *x, usec now, resource r, int64_t reserved,
                      const int64_t *ids, int64_t count, struct arena *a, struct usage *ret) {
    lock(x);
    cost_settle(x->cost, now, r, reserved, ids, count, a, ret);
    unlock(x);
}

void x_account_view(struct x_account *x, usec now, struct cost_view *ret) {
    lock(x);
    cost_view(x->cost, now, ret);
    unlock(x);
}

/* --- may it be asked ---------------------------------------------------------------------------
 */

/* What is asked again and again is spread. What is set up once (rules, subscriptions) or must be at
 * once (a line that broke) is not. */
static bool is_spread(x_endpoint e) { return e == X_SEARCH || e == X_USERS || e == X_USAGE; }

/* When the next call fits into what is left of the window; <= now: at once. */
static usec spread_until(const struct window *w, x_endpoint e, usec now) {
    if (w->remaining < 0 || w->reset <= now) return now;
    const int64_t limit = i64_max(w->limit, w->remaining);
    const int64_t spare = limit / 10;
    const int64_t usable = w->remaining - spare, all = limit - spare;
    if (usable <= 0) return w->reset;
    if (!is_spread(e)) return now;
    const usec left = i64_min(w->reset - now, WINDOW);
    if (usable * WINDOW >= all * left) return now;
    return w->heard_at + i64_max(w->reset - w->heard_at, 0) / usable;
}

static void limited(const struct window *w, usec until, struct x_verdict *ret) {
    *ret = (struct x_verdict){.state = SOURCE_LIMITED, .again = true, .until = until};
    snprintf(ret->why, sizeof ret->why,
             "X allows %lld requests in a window: what is left of this one is spread over it",
             (long long)i64_max(w->limit, w->remaining));
}

static bool may(struct x_account *x, usec now, x_endpoint e, usec *ret_until,
                struct x_verdict *ret_why) {
    const struct window *w = &x->windows[e];
    if (x->hold_until > now) {
        *ret_until = x->hold_until;
        *ret_why = x->hold;
        return false;
    }
    if (w->closed_until > now) {
        *ret_until = w->closed_until;
        *ret_why = w->why;
        return false;
    }
    const usec until = spread_until(w, e, now);
    if (until <= now) return true;
    *ret_until = until;
    limited(w, until, ret_why);
    return false;
}

bool x_account_may(struct x_account *x, usec now, x_endpoint e, usec *ret_until,
                   struct x_verdict *ret_why) {
    lock(x);
    const bool ok = may(x, now, e, ret_until, ret_why);
    unlock(x);
    return ok;
}

static bool bills(x_endpoint e) { return e != X_RULES && e != X_SUBSCRIPTIONS && e != X_USAGE; }

static void heard(struct x_account *x, usec now, x_endpoint e, const struct http_answer *a,
                  const struct x_verdict *v) {
    struct window *w = &x->windows[e];
    if (a->end == HTTP_ANSWERED && a->rate_remaining >= 0 && a->rate_reset > 0 &&
        a->rate_reset < USEC_NEVER / USEC_PER_S / 2) {
        w->limit = i64_min(a->rate_limit, REQUESTS_MAX);
        w->remaining = i64_min(a->rate_remaining, REQUESTS_MAX);
        w->reset = i64_min(a->rate_reset * USEC_PER_S, now + USEC_PER_DAY);
        w->heard_at = now;
    }
    if (!v->fine && v->state == SOURCE_LIMITED && v->until > now) {
        w->closed_until = v->until;
        w->why = *v;
    }
    if (!v->fine && v->account) {
        x->hold = *v;
        x->hold_until = v->until > now ? v->until : now + X_RETRY_LONG;
    }
    if (a->end == HTTP_LOST && bills(e)) x->usage_at = i64_min(x->usage_at, now + USAGE_AFTER_LOSS);
}

void x_account_heard(struct x_account *x, usec now, x_endpoint e, const struct http_answer *a,
                     const struct x_verdict *v) {
    lock(x);
    heard(x, now, e, a, v);
    unlock(x);
}

/* --- who is who ------------------------------------------------------------------------------ */

void x_account_know(struct x_account *x, const struct handle *h) {
    lock(x);
    x_people_know(&x->people, str_from_z(h->native_id), str_from_z(h->name));
    unlock(x);
}

void x_account_follow(struct x_account *x, str author) {
    str id, name;
    struct error err;
    if (!x_author_parse(author, &id, &name, &err)) return; /* who opened the source has said so */
    lock(x);
    if (id.n == 0)
        x_people_ask(&x->people, name);
    else if (x_people_of_id(&x->people, id) == NULL)
        x_people_know(&x->people, id, name);
    unlock(x);
}

str x_account_id_of(struct x_account *x, str name) {
    lock(x);
    const struct x_person *p = x_people_of_name(&x->people, name);
    const str id = p != NULL ? p->id : (str){0};
    unlock(x);
    return id;
}

str x_account_name_of(struct x_account *x, str id) {
    lock(x);
    const struct x_person *p = x_people_of_id(&x->people, id);
    const str name = p != NULL ? p->name : (str){0};
    unlock(x);
    return name;
}

bool x_account_is_nobody(struct x_account *x, str name) {
    lock(x);
    const struct x_person *p = x_people_of_name(&x->people, name);
    const bool nobody = p != NULL && p->state == PERSON_NOBODY;
    unlock(x);
    return nobody;
}

/* --- chores: what to ask -----------------------------------------------------------------------
 */

static bool has_leavings(const struct x_account *x) {
    return x->left.has_usage || x->left.handle_count > 0 || x->left.report_count > 0;
}

static int names_to_ask(const struct x_account *x) {
    int n = 0;
    for (int i = 0; i < x->people.count && n < NAMES_A_CALL; i++)
        n += x->people.list[i].state == PERSON_ASK;
    return n;
}

static void make_call(struct x_account *x, chore what, str path, struct connector_step *ret) {
    x->doing = what;
    *ret = (struct connector_step){.act = CONNECTOR_CALL,
                                   .request = {.method = HTTP_GET,
                                               .path = path,
                                               .query = str_from_z(x->query),
                                               .timeout = CHORE_TIMEOUT}};
    x_account_sign(x, ret);
}

static bool ask_users(struct x_account *x, usec now, struct connector_step *ret) {
    char why[WHY_BYTES];
    usec until;
    struct x_verdict v;
    struct buf q;
    const int wanted = names_to_ask(x);
    if (wanted == 0 || now < x->users_at || !may(x, now, X_USERS, &until, &v)) return false;
    x->reserved = cost_reserve(x->cost, now, RESOURCE_USER, wanted, &until, why);
    if (x->reserved == 0) {
        x->users_at = until;
        return false;
    }
    buf_init_fixed(&q, x->query, sizeof x->query);
    buf_put(&q, STR("usernames="));
    int64_t n = 0;
    for (int i = 0; i < x->people.count && n < x->reserved; i++) {
        struct x_person *p = &x->people.list[i];
        if (p->state != PERSON_ASK) continue;
        if (n++ > 0) buf_put_byte(&q, ',');
        buf_put(&q, p->name);
        p->state = PERSON_ASKED;
        p->asked++;
    }
    POST(!buf_full(&q));
    buf_z(&q);
    make_call(x, CHORE_USERS, STR("/2/users/by"), ret);
    return true;
}

static bool ask_usage(struct x_account *x, usec now, struct connector_step *ret) {
    usec until;
    struct x_verdict v;
    if (now < x->usage_at || now < x->usage_last + USAGE_LEAST) return false;
    if (!may(x, now, X_USAGE, &until, &v)) return false;
    snprintf(x->query, sizeof x->query, "days=%d", REPORT_DAYS);
    x->usage_last = now;
    make_call(x, CHORE_USAGE, STR("/2/usage/tweets"), ret);
    return true;
}

bool x_account_chore(struct x_account *x, usec now, struct connector_step *ret) {
    lock(x);
    const bool idle = x->doing == CHORE_NONE && !has_leavings(x);
    const bool any = idle && (ask_users(x, now, ret) || ask_usage(x, now, ret));
    unlock(x);
    return any;
}

/* --- chores: what came -------------------------------------------------------------------------
 */

/* A count, which may be a string. -1: neither. */
static int64_t count_of(const json_t *v) {
    int64_t n;
    if (json_is_integer(v)) return json_integer_value(v);
    return json_is_string(v) && str_to_i64(json_str(v), &n) ? n : -1;
}

static void leave_handle(struct x_account *x, usec now, const struct x_person *p) {
    PRE(x->left.handle_count < NAMES_A_CALL);
    struct handle *h = &x->left.handles[x->left.handle_count++];
    *h = (struct handle){.network = "x", .resolved_at = now};
    str_copyz(p->name, h->name, sizeof h->name);
    str_copyz(p->id, h->native_id, sizeof h->native_id);
}

/* One user that came; true: it was asked for, and its id is one. */
static bool take_user(struct x_account *x, usec now, const json_t *user) {
    const str id = json_str_at(user, "id");
    const str name = json_str_at(user, "username");
    str parsed_id, parsed_name;
    struct error err;
    struct x_person *p = x_people_of_name(&x->people, name);
    if (p == NULL || p->state != PERSON_ASKED) return false;
    if (!x_author_parse(id, &parsed_id, &parsed_name, &err) || parsed_id.n == 0) return false;
    x_people_know(&x->people, parsed_id, name);
    leave_handle(x, now, p);
    return true;
}

/* Does one of the errors say that there is nobody of this name? */
static bool is_nobody(const json_t *errors, str name) {
    size_t i;
    const json_t *e;
    json_array_foreach(errors, i, e) {
        const str type = json_str_at(e, "type");
        const str value = json_str_at(e, "value");
        const str resource_id = json_str_at(e, "resource_id");
        if (!str_eq_nocase(value, name) && !str_eq_nocase(resource_id, name)) continue;
        if (str_ends(type, STR("/resource-not-found")) ||
            str_ends(type, STR("/disallowed-resource")) ||
            str_ends(type, STR("/not-authorized-for-resource")) ||
            str_eq(json_str_at(e, "title"), STR("Not Found Error")))
            return true;
    }
    return false;
}

static void ask_again(struct x_account *x) {
    for (int i = 0; i < x->people.count; i++)
        if (x->people.list[i].state == PERSON_ASKED) x->people.list[i].state = PERSON_ASK;
}

/* What was asked for and did not come: nobody, or asked again later, a few times. */
static void take_missing(struct x_account *x, usec now, const json_t *errors) {
    for (int i = 0; i < x->people.count; i++) {
        struct x_person *p = &x->people.list[i];
        if (p->state != PERSON_ASKED) continue;
        p->state = PERSON_ASK;
        if (!is_nobody(errors, p->name) && p->asked < ASKED_MAX) {
            x->users_at = now + X_RETRY_LONG;
            continue;
        }
        p->state = PERSON_NOBODY;
        leave_handle(x, now, p);
    }
}

static bool users_came(struct x_account *x, usec now, str body) {
    json_t *root = json_loadb(body.p, (size_t)body.n, 0, NULL);
    const json_t *data = json_object_get(root, "data"), *user;
    int64_t ids[NAMES_A_CALL];
    int count = 0;
    size_t i;
    json_array_foreach(data, i, user) {
        const int64_t id = count_of(json_object_get(user, "id"));
        if (count < NAMES_A_CALL) ids[count++] = i64_max(id, 0);
        IGNORE(take_user(x, now, user), "billed all the same");
    }
    struct arena scratch = x->memory;
    cost_settle(x->cost, now, RESOURCE_USER, x->reserved, ids, count, &scratch, &x->left.usage);
    x->reserved = 0;
    for (int64_t k = 0; k < x->left.usage.billed; k++) x->left.usage_ids[k] = x->left.usage.ids[k];
    x->left.has_usage = count > 0;
    const bool ok = json_is_object(root);
    if (ok) take_missing(x, now, json_object_get(root, "errors"));
    json_decref(root);
    return ok;
}

/* True: that day's count has been passed on as it is. */
static bool is_old_report(struct x_account *x, const struct usage *u) {
    const int64_t at = u->day % REPORTS_MAX;
    if (x->reported_day[at] == u->day && x->reported[at] == u->reported) return true;
    x->reported_day[at] = u->day;
    x->reported[at] = u->reported;
    return false;
}

static void take_report(struct x_account *x, usec now, const json_t *day) {
    const str date = json_str_at(day, "date");
    const int64_t posts = count_of(json_object_get(day, "usage"));
    char block[TIME_TEXT_BYTES];
    struct buf text;
    usec at;
    buf_init_fixed(&text, block, sizeof block);
    buf_put(&text, str_head(date, 10));
    buf_put(&text, STR("T00:00:00Z"));
    if (posts < 0 || !time_parse_rfc3339(buf_str(&text), &at)) return;
    const int64_t today = time_utc_day(now);
    struct usage u;
    if (time_utc_day(at) > today || time_utc_day(at) <= today - REPORTS_MAX) return;
    cost_reported(x->cost, now, time_utc_day(at), posts, &u);
    if (x->left.report_count < REPORTS_MAX && !is_old_report(x, &u))
        x->left.reports[x->left.report_count++] = u;
}

static bool usage_came(struct x_account *x, usec now, str body) {
    json_t *root = json_loadb(body.p, (size_t)body.n, 0, NULL);
    const json_t *data = json_object_get(root, "data");
    const json_t *days = json_object_get(json_object_get(data, "daily_project_usage"), "usage");
    const bool ok = json_is_object(data);
    const json_t *day;
    size_t i;
    json_array_foreach(days, i, day) take_report(x, now, day);
    json_decref(root);
    return ok;
}

/* The chore failed: what it held back is free again, and it is tried later. */
static void chore_failed(struct x_account *x, usec now, const struct x_verdict *v) {
    struct arena scratch = x->memory;
    struct usage none;
    if (x->doing == CHORE_USERS) {
        cost_settle(x->cost, now, RESOURCE_USER, x->reserved, NULL, 0, &scratch, &none);
        ask_again(x);
    }
    usec later = patience_failed(&x->patience[x->doing], now, &x->rng);
    if (!v->fine && !v->again) later = i64_max(later, now + X_RETRY_LONG);
    if (x->doing == CHORE_USERS)
        x->users_at = i64_max(later, v->until);
    else
        x->usage_at = i64_max(later, v->until);
}

void x_account_chore_done(struct x_account *x, usec now, const struct http_answer *a) {
    struct x_verdict v;
    x_verdict_of(now, a, &v);
    lock(x);
    PRE(x->doing != CHORE_NONE);
    const bool users = x->doing == CHORE_USERS;
    heard(x, now, users ? X_USERS : X_USAGE, a, &v);
    const bool ok = v.fine && (users ? users_came(x, now, a->body) : usage_came(x, now, a->body));
    if (ok) {
        patience_ok(&x->patience[x->doing]);
        if (!users) x->usage_at = now + USAGE_EVERY;
    } else {
        chore_failed(x, now, &v);
    }
    x->doing = CHORE_NONE;
    x->reserved = 0;
    unlock(x);
}

bool x_account_chore_item(struct x_account *x, usec now, struct arena *a, struct intake *ret) {
    (void)now;
    struct leavings *l = &x->left;
    bool any = true;
    lock(x);
    *ret = (struct intake){0};
    if (l->has_usage) {
        int64_t *ids = NEW_ARRAY(a, int64_t, l->usage.billed > 0 ? l->usage.billed : 1);
        for (int64_t k = 0; k < l->usage.billed; k++) ids[k] = l->usage_ids[k];
        ret->kind = INTAKE_USAGE;
        ret->u.usage = l->usage;
        ret->u.usage.ids = ids;
        l->has_usage = false;
    } else if (l->report_count > 0) {
        ret->kind = INTAKE_USAGE;
        ret->u.usage = l->reports[--l->report_count];
    } else if (l->handle_count > 0) {
        ret->kind = INTAKE_HANDLE;
        ret->u.handle = l->handles[--l->handle_count];
    } else {
        any = false;
    }
    unlock(x);
    return any;
}
