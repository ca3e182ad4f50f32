/* wire_sources: opens the sources of posts that the configuration lists.
 *
 * A replay is a file. What is live is a connector, put on real connections, or a push source that
 * the HTTP interface fills. All sources on X share one account: one token, one budget, one table of
 * who is who. What the store remembers is told before anything is asked: how far each source was,
 * what was billed this month, which names were looked up; and what the configuration knows of names
 * (judge.author_weights in the form source:id@name) is told too, since asking costs.
 *
 * In: a checked configuration, the store. Out: the run's feeds.
 *
 * Failure: an error that names the configuration's key; what was opened is closed by
 * wire_feeds_close(). Thread: the main one; each source has threads of its own once it is open. */
#include "app/wire_sources.h"

#include "app/wire_secret.h"
#include "base/log.h"
#include "net/hosts.h"
#include "source/jetstream.h"
#include "source/push.h"
#include "source/x_sources.h"
#include "store/sources.h"

#define MEMORY_BYTES (INT64_C(512) << 20) /* of address space: tables of ids, names */
#define OWN_BYTES (INT64_C(256) << 20)    /* the same: rings, states, what is being parsed */
#define PACE_DAYS 7                       /* the projection looks back so far */

/* --- hosts and the token ------------------------------------------------------------------ */

bool wire_feed_urls(const struct config *cfg, const struct config_source *s, struct error *err) {
    const bool stream = config_source_is(s, STR("jetstream"));
    str rest = config_source_url(cfg, s), one;
    struct host_url url;
    int count = 0;
    while (str_cut(&rest, ' ', &one)) {
        if (one.n == 0) continue;
        if (!host_url_parse(one, stream ? HOST_FEED_STREAM : HOST_FEED_REST, &url, err))
            return fail_in(err, s->url.n > 0 ? "source.url" : "x.url");
        count++;
    }
    if (count > 1 && !stream)
        return fail(err, ERR_CONFIG, 0, "x.url: one URL is expected, X has no second");
    if (stream && /* also where nobody is to be looked up: a mistake is told before it matters */
        !host_url_parse(cfg->bluesky_resolver_url, HOST_FEED_REST, &url, err))
        return fail_in(err, "bluesky.resolver_url");
    return true;
}

bool wire_x_token(struct app *app, struct secret *ret, struct error *err) {
    const struct config *cfg = &app->cfg;
    return wire_secret(app, "x.token", cfg->x_token_file, cfg->x_token_env,
                       "neither x.token_file nor x.token_env is set: name a file (chmod 600) or an "
                       "environment variable that holds X's app-only bearer token",
                       ret, err);
}

/* --- the replay --------------------------------------------------------------------------- */

static bool open_replay(struct app *app, struct wired_feeds *w, struct run_feed *feed,
                        struct error *err) {
    if (feed->path.n == 0)
        return fail(err, ERR_CONFIG, 0,
                    "source.path is not set: name the file with the posts, or give --posts FILE");
    if (!replay_open(&app->boot, str_dupz(&app->boot, feed->path), feed->name, &feed->source, err))
        return fail_in(err, "source.path");
    w->post_bytes = replay_total_bytes(feed->source);
    return true;
}

static str key_of(struct arena *a, const struct config_source *s) {
    struct buf b;
    char *block = NEW_ARRAY(a, char, FEED_BYTES);
    buf_init_fixed(&b, block, FEED_BYTES);
    buf_printf(&b, STR_FMT ":" STR_FMT, STR_ARG(s->kind), STR_ARG(config_source_name(s)));
    return buf_str(&b);
}

static bool is_chosen(const struct config_source *s, feed_choice which) {
    return which == FEEDS_ALL || config_source_is(s, STR("push")) == (which == FEEDS_PUSH);
}

/* Of the sources that the process has. */
static const struct config_source *source_of(const struct app *app, const struct wired_feeds *w,
                                             int feed) {
    return &app->cfg.sources[w->of[feed]];
}

static bool has_x(const struct app *app, const struct wired_feeds *w) {
    for (int i = 0; i < w->count; i++)
        if (config_source_is_x(source_of(app, w, i))) return true;
    return false;
}

bool wire_feeds_begin(struct app *app, feed_choice which, struct wired_feeds *ret,
                      struct error *err) {
    const struct config *cfg = &app->cfg;
    _Static_assert(CONFIG_SOURCES_MAX <= RUN_FEEDS_MAX, "each source is a feed");
    *ret = (struct wired_feeds){0};
    arena_open(&ret->memory, MEMORY_BYTES);
    for (int i = 0; i < cfg->source_count; i++) {
        const struct config_source *s = &cfg->sources[i];
        struct run_feed *feed = &ret->feeds[ret->count];
        if (!is_chosen(s, which)) continue;
        ret->of[ret->count] = i;
        arena_open(&ret->own[ret->count], OWN_BYTES);
        *feed = (struct run_feed){.key = key_of(&ret->memory, s),
                                  .kind = s->kind,
                                  .name = config_source_name(s),
                                  .path = config_source_is_live(s) ? STR("") : s->path,
                                  .keep_linked = config_source_keeps_linked(s)};
        if (config_source_is_live(s) ? !wire_feed_urls(cfg, s, err)
                                     : !open_replay(app, ret, feed, err))
            return false;
        ret->count++;
    }
    return !has_x(app, ret) || wire_x_token(app, &ret->token, err);
}

/* --- what the store remembers ------------------------------------------------------------- */

static void remember_id(void *ctx, int64_t day, resource r, int64_t id) {
    cost_remember_id(ctx, day, r, id);
}
static void remember_day(void *ctx, int64_t day, resource r, int64_t billed, money amount) {
    cost_remember_day(ctx, day, r, billed, amount);
}
static void remember_report(void *ctx, int64_t day, int64_t posts) {
    cost_remember_report(ctx, day, posts);
}

static bool remember_costs(struct store *store, struct cost *c, struct error *err) {
    const struct cost_rows to = {c, remember_id, remember_day, remember_report};
    const usec now = time_wall_us();
    usec month, next;
    time_utc_month(now, &month, &next);
    const int64_t today = time_utc_day(now);
    return store_cost_rows(store, i64_min(time_utc_day(month), today - PACE_DAYS), today, &to, err);
}

/* "x:44196397@elonmusk": the user says who a name is. */
static void know_weighted(const struct config *cfg, str source, struct x_account *x) {
    const struct config_list *list = &cfg->judge_author_weights;
    for (int i = 0; i < list->count; i++) {
        const str entry = list->names[i];
        const ptrdiff_t colon = str_find_byte(entry, ':');
        if (colon < 0 || !str_eq(str_head(entry, colon), source)) continue;
        const str author = str_tail(entry, colon + 1);
        if (str_find_byte(author, '@') > 0) x_account_follow(x, author);
    }
}

bool wire_x_account(struct app *app, struct store *store, str token, struct arena *memory,
                    struct x_account **ret, struct error *err) {
    const struct config *cfg = &app->cfg;
    struct handle *handles;
    int count = 0;
    struct x_account_options opt = {.base = cfg->x_url,
                                    .token = token,
                                    .cost = {.price = {[RESOURCE_POST] = cfg->x_price_post,
                                                       [RESOURCE_EVENT] = cfg->x_price_event,
                                                       [RESOURCE_USER] = cfg->x_price_user},
                                             .budget = cfg->x_monthly_budget,
                                             .posts_max = cfg->x_monthly_posts}};
    for (int i = 0; i < cfg->source_count; i++)
        if (config_source_is_x(&cfg->sources[i]))
            opt.base = config_source_url(cfg, &cfg->sources[i]); /* the same for all (check) */
    if (!wire_seed(&opt.seed, err) || !x_account_open(memory, &opt, ret, err))
        return fail_in(err, "the account on X");
    if (store != NULL && (!remember_costs(store, x_account_cost(*ret), err) ||
                          !store_handles(store, memory, STR("x"), &handles, &count, err)))
        return fail_in(err, "what the store knows of X");
    for (int i = 0; i < count; i++) x_account_know(*ret, &handles[i]);
    for (int i = 0; i < cfg->source_count; i++)
        if (config_source_is_x(&cfg->sources[i]))
            know_weighted(cfg, config_source_name(&cfg->sources[i]), *ret);
    return true;
}

/* --- live sources ------------------------------------------------------------------------- */

static bool open_x(struct app *app, struct wired_feeds *w, int i, str state, struct connector **ret,
                   struct error *err) {
    const struct config_source *s = source_of(app, w, i);
    const struct config *cfg = &app->cfg;
    struct x_source_options opt = {.account = w->account,
                                   .name = config_source_name(s),
                                   .authors = s->authors.names,
                                   .author_count = s->authors.count,
                                   .query = s->query,
                                   .filter = s->filter,
                                   .interval = cfg->x_interval_s * USEC_PER_S,
                                   .pages_max = (int)cfg->x_pages,
                                   .floor = cfg->x_fastest_s * USEC_PER_S,
                                   .state = state,
                                   .now = time_wall_us()};
    if (!wire_seed(&opt.seed, err)) return false;
    if (config_source_is(s, STR("x_search"))) return x_search_open(&w->own[i], &opt, ret, err);
    if (config_source_is(s, STR("x_stream"))) return x_stream_open(&w->own[i], &opt, ret, err);
    return x_activity_open(&w->own[i], &opt, ret, err);
}

static bool open_jetstream(struct app *app, struct store *store, struct wired_feeds *w, int i,
                           str state, struct connector **ret, struct error *err) {
    const struct config_source *s = source_of(app, w, i);
    struct handle *known;
    struct jetstream_options opt = {.base = config_source_url(&app->cfg, s),
                                    .resolver = app->cfg.bluesky_resolver_url,
                                    .name = config_source_name(s),
                                    .authors = s->authors.names,
                                    .author_count = s->authors.count,
                                    .state = state,
                                    .now = time_wall_us()};
    if (!wire_seed(&opt.seed, err) ||
        !store_handles(store, &w->memory, STR("bsky"), &known, &opt.known_count, err))
        return false;
    opt.known = known;
    return jetstream_open(&w->own[i], &opt, ret, err);
}

/* A connector on real connections; the source takes it. */
static bool open_connected(struct app *app, struct store *store, struct wired_feeds *w, int i,
                           struct error *err) {
    struct run_feed *feed = &w->feeds[i];
    struct connector *c = NULL;
    str state = STR("");
    bool found;
    if (!store_feed_state(store, &w->memory, feed->key, &state, &found, err)) return false;
    if (!found) state = STR("");
    const bool ok = config_source_is_x(source_of(app, w, i))
                        ? open_x(app, w, i, state, &c, err)
                        : open_jetstream(app, store, w, i, state, &c, err);
    if (!ok) return false;
    c->key = feed->key;
    return live_open(&w->own[i], c, &feed->source, err);
}

static bool open_live(struct app *app, struct store *store, struct wired_feeds *w, int i,
                      struct error *err) {
    const struct config_source *s = source_of(app, w, i);
    struct run_feed *feed = &w->feeds[i];
    const bool ok = config_source_is(s, STR("push"))
                        ? push_open(&w->own[i], feed->name, &feed->source, err)
                        : open_connected(app, store, w, i, err);
    if (!ok) return fail_in(err, "source " STR_FMT, STR_ARG(feed->key));
    log_info("source", LOG_S("source", feed->key), LOG_S("url", config_source_url(&app->cfg, s)),
             LOG_I("authors", s->authors.count));
    return true;
}

bool wire_feeds(struct app *app, struct store *store, struct wired_feeds *w, struct error *err) {
    if (has_x(app, w) &&
        !wire_x_account(app, store, secret_str(&w->token), &w->memory, &w->account, err))
        return false;
    for (int i = 0; i < w->count; i++) {
        if (config_source_is_live(source_of(app, w, i)) && !open_live(app, store, w, i, err))
            return false;
    }
    return true;
}

void wire_feeds_close(struct wired_feeds *w) {
    for (int i = 0; i < w->count; i++)
        if (w->feeds[i].source != NULL) source_stop(w->feeds[i].source);
    for (int i = 0; i < w->count; i++) {
        source_close(w->feeds[i].source);
        w->feeds[i].source = NULL;
    }
    if (w->account != NULL) x_account_close(w->account);
    w->account = NULL;
    secret_wipe(&w->token);
    for (int i = 0; i < RUN_FEEDS_MAX; i++) arena_close(&w->own[i]);
    arena_close(&w->memory);
}
