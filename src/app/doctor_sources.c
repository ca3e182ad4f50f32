/* doctor_sources: do posts come?
 *
 * Looks at each configured source: a replay's file; X's token, whether X takes it, what the budget
 * leaves; whether Bluesky's stream sends; who may push. Asks what costs nothing (X: usage/tweets).
 * What the store says of each source's last state follows.
 *
 * Failure of one check leaves out those that need it. Each waits for a bounded time. Thread: the
 * main one; a WebSocket answers on its own. */
#include "app/doctor.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "app/doctor_listen.h"
#include "app/wire_sources.h"
#include "net/http.h"
#include "store/sources.h"

#define MEMORY_BYTES (256 << 20)
#define CALL_TIMEOUT (10 * USEC_PER_S)
#define MESSAGE_WAIT (5 * USEC_PER_S)
#define POSTS_A_DAY 30 /* that an author's day is reckoned with; a busy one has more */

struct look {
    struct doctor *d;
    struct store *store; /* NULL: none yet */
    struct arena memory;
    struct secret token;
};

/* --- a replay ----------------------------------------------------------------------------- */

static void look_at_file(struct doctor *d, const struct config_source *src) {
    struct stat st;
    if (src->path.n == 0) {
        doctor_find(d, GRADE_WARN, "posts",
                    "source.path is not set: name a posts file there or with run --posts FILE; or "
                    "run --source jetstream for posts as they are written");
        return;
    }
    const char *path = str_dupz(&d->app->boot, src->path);
    if (stat(path, &st) != 0)
        doctor_find(d, GRADE_BAD, "posts", "%s: %s", path, strerror(errno));
    else if (!S_ISREG(st.st_mode))
        doctor_find(d, GRADE_BAD, "posts", "%s is no file", path);
    else if (access(path, R_OK) != 0)
        doctor_find(d, GRADE_BAD, "posts", "%s: %s", path, strerror(errno));
    else
        doctor_find(d, st.st_size == 0 ? GRADE_WARN : GRADE_OK, "posts", "%s, %lld bytes", path,
                    (long long)st.st_size);
}

/* --- X ------------------------------------------------------------------------------------ */

static bool look_at_token(struct look *l) {
    struct error err;
    const struct config *cfg = &l->d->app->cfg;
    if (!wire_x_token(l->d->app, &l->token, &err)) {
        l->d->refused |= err.code == ERR_REFUSED;
        doctor_find(l->d, GRADE_BAD, "x token", "%s", err.msg);
        return false;
    }
    const bool file = cfg->x_token_file.n > 0;
    doctor_find(l->d, l->token.locked ? GRADE_OK : GRADE_WARN, "x token", "%s" STR_FMT "%s%s",
                file ? "" : "variable ", STR_ARG(file ? cfg->x_token_file : cfg->x_token_env),
                file ? ", its owner's alone" : "",
                l->token.locked ? "" : "; cannot be locked in memory: raise ulimit -l");
    return true;
}

/* X gives numbers as texts here and there. */
static int64_t number_of(const json_t *o, const char *key) {
    const json_t *v = json_object_get(o, key);
    int64_t n = -1;
    if (json_is_integer(v)) return json_integer_value(v);
    const char *text = json_string_value(v);
    return text != NULL && str_to_i64(str_from_z(text), &n) ? n : -1;
}

static void tell_usage(struct look *l, str body) {
    json_t *root = json_loadb(body.p != NULL ? body.p : "", (size_t)body.n, 0, NULL);
    const json_t *data = json_object_get(root, "data");
    const int64_t used = number_of(data, "project_usage"), cap = number_of(data, "project_cap");
    const int64_t days = number_of(data, "cap_reset_day");
    if (used < 0 || cap < 0)
        doctor_find(l->d, GRADE_WARN, "x", "the token is taken, and the answer has no usage in it");
    else
        doctor_find(l->d, used >= cap ? GRADE_BAD : GRADE_OK, "x",
                    "the token is taken; X counts %" PRId64 " of %" PRId64
                    " posts read; days until it begins anew: %" PRId64,
                    used, cap, days);
    json_decref(root);
}

/* One question that X does not bill. */
static void look_at_x(struct look *l, const struct config_source *s) {
    const struct http_request rq = {.method = HTTP_GET,
                                    .path = STR("/2/usage/tweets"),
                                    .query = STR("days=1"),
                                    .bearer = secret_str(&l->token),
                                    .timeout = CALL_TIMEOUT};
    struct http_answer a;
    struct x_verdict v;
    struct http *h;
    struct error err;
    if (!wire_feed_urls(&l->d->app->cfg, s, &err) ||
        !http_curl_open(&l->memory, config_source_url(&l->d->app->cfg, s), HOST_FEED_REST, &h,
                        &err)) {
        l->d->refused |= err.code == ERR_REFUSED;
        doctor_find(l->d, GRADE_BAD, "x", "%s", err.msg);
        return;
    }
    http_call(h, &rq, &a);
    x_verdict_of(time_wall_us(), &a, &v);
    if (v.fine)
        tell_usage(l, a.body);
    else
        doctor_find(l->d, GRADE_BAD, "x", "%s: %s", source_state_name(v.state), v.why);
    http_close(h);
}

/* Dollars that the authors of all sources on X cost a day, if each writes POSTS_A_DAY. */
static money reckon_day(const struct config *cfg, int *ret_authors, bool *ret_query) {
    int64_t e8 = 0;
    for (int i = 0; i < cfg->source_count; i++) {
        const struct config_source *s = &cfg->sources[i];
        if (!config_source_is_x(s)) continue;
        const bool event = config_source_is(s, STR("x_activity"));
        e8 += s->authors.count * POSTS_A_DAY *
              money_e8(event ? cfg->x_price_event : cfg->x_price_post);
        *ret_authors += s->authors.count;
        *ret_query |= s->query.n > 0;
    }
    return money_from_e8(e8);
}

/* What the governor lets through in 24 hours: what may be spent now, and a day's share more. */
static money most_of_a_day(const struct cost_view *v, usec now) {
    usec month, next;
    time_utc_month(now, &month, &next);
    const int64_t left = i64_max(money_e8(v->budget) - money_e8(v->spent), 0);
    const int64_t have = i64_clamp(money_e8(v->allowed), 0, left);
    const int64_t days = i64_max((next - now + USEC_PER_DAY - 1) / USEC_PER_DAY, 1);
    return money_from_e8(i64_min(left, have + (left - have) / days));
}

static void tell_budget(struct look *l, const struct cost_view *v, usec now) {
    char text[5][AMOUNT_TEXT_BYTES];
    int authors = 0;
    bool query = false;
    const money day = reckon_day(&l->d->app->cfg, &authors, &query);
    const bool over = money_e8(day) > money_e8(v->budget) / 30;
    doctor_find(l->d, v->level == COST_FULL ? GRADE_OK : GRADE_WARN, "x budget",
                STR_FMT " dollars this month (x.monthly_budget), " STR_FMT " spent, of it " STR_FMT
                        " today; the next 24 hours cost at most " STR_FMT "%s",
                STR_ARG(amount_format_e8(money_e8(v->budget), text[0])),
                STR_ARG(amount_format_e8(money_e8(v->spent), text[1])),
                STR_ARG(amount_format_e8(money_e8(v->today), text[2])),
                STR_ARG(amount_format_e8(money_e8(most_of_a_day(v, now)), text[3])),
                v->level == COST_OUT      ? ": nothing may be asked now"
                : v->level == COST_NARROW ? ": little is left for now, so less is asked"
                                          : "");
    doctor_find(l->d, over ? GRADE_WARN : GRADE_OK, "x costs",
                "%d authors with %d posts a day each cost " STR_FMT " dollars a day%s%s", authors,
                POSTS_A_DAY, STR_ARG(amount_format_e8(money_e8(day), text[4])),
                query ? ", and what the query finds comes on top" : "",
                over ? ": more than a day's share of the budget, so posts would be missed; raise "
                       "x.monthly_budget or follow fewer"
                     : "");
}

static void look_at_budget(struct look *l) {
    struct error err;
    struct x_account *x;
    struct cost_view v;
    const usec now = time_wall_us();
    if (money_e8(l->d->app->cfg.x_monthly_budget) == 0) {
        doctor_find(l->d, GRADE_WARN, "x budget",
                    "x.monthly_budget is 0: nothing is spent, so no post is fetched");
        return;
    }
    if (!wire_x_account(l->d->app, l->store, secret_str(&l->token), &l->memory, &x, &err)) {
        doctor_find(l->d, GRADE_BAD, "x budget", "%s", err.msg);
        return;
    }
    x_account_view(x, now, &v);
    tell_budget(l, &v, now);
    x_account_close(x);
}

/* --- Bluesky ------------------------------------------------------------------------------ */

/* Does a message come? The time until it did. */
static bool hears(struct look *l, str base, usec *ret_took, char why[DOCTOR_WHY_BYTES]) {
    static const struct doctor_ear anything = {0};
    struct buf url;
    char block[400];
    buf_init_fixed(&url, block, sizeof block);
    buf_put(&url, base);
    buf_put(&url, STR("/subscribe?wantedCollections=app.bsky.feed.post"));
    const struct ws_target target = {.url = buf_str(&url), .use = HOST_FEED_STREAM};
    return doctor_listen(l->d, &target, &anything, MESSAGE_WAIT, "nothing came within five seconds",
                         ret_took, why);
}

static void look_at_jetstream(struct look *l, const struct config_source *s) {
    str rest = config_source_url(&l->d->app->cfg, s), base;
    struct error err;
    if (!wire_feed_urls(&l->d->app->cfg, s, &err)) {
        l->d->refused |= err.code == ERR_REFUSED;
        doctor_find(l->d, GRADE_BAD, "bluesky", "%s", err.msg);
        return;
    }
    bool heard = false;
    while (!heard && str_cut(&rest, ' ', &base)) {
        char why[DOCTOR_WHY_BYTES];
        usec took;
        if (base.n == 0) continue;
        heard = hears(l, base, &took, why);
        if (heard)
            doctor_find(l->d, GRADE_OK, "bluesky",
                        STR_FMT " sends; the first post came after "
                                "%" PRId64 " ms",
                        STR_ARG(base), took / USEC_PER_MS);
        else
            doctor_find(l->d, GRADE_WARN, "bluesky", STR_FMT ": %s", STR_ARG(base), why);
    }
    if (!heard)
        doctor_find(l->d, GRADE_BAD, "bluesky",
                    "no server sends: look at the network, at HTTPS_PROXY, and at source.url");
}

/* --- push --------------------------------------------------------------------------------- */

static void look_at_push(struct look *l, const struct config_source *s) {
    struct error err;
    struct token_row *rows = NULL;
    int count = 0, good = 0;
    const str name = config_source_name(s);
    const usec now = time_wall_us();
    if (l->store != NULL && !store_tokens(l->store, &l->memory, &rows, &count, &err)) count = 0;
    for (int i = 0; i < count; i++)
        good += rows[i].role == TOKEN_INGEST && str_eq(rows[i].source, name) &&
                rows[i].revoked_at == 0 && (rows[i].expires_at == 0 || rows[i].expires_at > now);
    doctor_find(l->d, good > 0 ? GRADE_OK : GRADE_WARN, "push",
                STR_FMT " is brought to http://" STR_FMT "/api/ingest, %d tokens may%s",
                STR_ARG(name), STR_ARG(l->d->app->cfg.api_listen), good,
                good > 0 ? "" : ": bullfinch token create makes one, with the role ingest");
}

/* --- how they stood ----------------------------------------------------------------------- */

static bool is_well(source_state s) {
    return s == SOURCE_STARTING || s == SOURCE_LIVE || s == SOURCE_ENDED;
}

static void look_at_states(struct look *l) {
    struct error err;
    struct feed_row *rows;
    int count;
    if (l->store == NULL) return;
    if (!store_feeds(l->store, &l->memory, time_wall_us(), &rows, &count, &err)) return;
    for (int i = 0; i < count; i++) {
        const struct source_status *s = &rows[i].status;
        char at[TIME_TEXT_BYTES];
        if (config_source_of_feed(&l->d->app->cfg, rows[i].feed) == NULL) continue;
        doctor_find(l->d, is_well(s->state) ? GRADE_OK : GRADE_WARN, "source",
                    STR_FMT " stood as %s at " STR_FMT "%s%s; %" PRId64
                            " posts of that name are stored (docs/sources.md has the states)",
                    STR_ARG(rows[i].feed), source_state_name(s->state),
                    STR_ARG(str_head(time_format_rfc3339(rows[i].updated_at, at), 19)),
                    s->why[0] != '\0' ? ": " : "", s->why, rows[i].posts_stored);
    }
}

/* --- all of it ---------------------------------------------------------------------------- */

void doctor_look_at_sources(struct doctor *d) {
    const struct config *cfg = &d->app->cfg;
    struct look l = {.d = d};
    struct error none;
    bool x = false;
    arena_open(&l.memory, MEMORY_BYTES);
    if (!app_store_open(d->app, STORE_READ, false, &l.store, &none)) l.store = NULL;
    for (int i = 0; i < cfg->source_count; i++) {
        const struct config_source *s = &cfg->sources[i];
        if (!config_source_is_live(s)) look_at_file(d, s);
        if (config_source_is(s, STR("jetstream"))) look_at_jetstream(&l, s);
        if (config_source_is(s, STR("push"))) look_at_push(&l, s);
        if (!config_source_is_x(s) || x) continue;
        x = true; /* one account for all */
        if (look_at_token(&l)) {
            look_at_x(&l, s);
            look_at_budget(&l);
        }
    }
    if (config_has_live_source(cfg)) look_at_states(&l);
    store_close(l.store);
    secret_wipe(&l.token);
    arena_close(&l.memory);
}
