/* core: who may ask what, decided in one place and in one order.
 *
 * In: a header, then a body. Out: an answer. The order of admission: whose token or session it is
 * (a hash, compared with those there are); the rate, which is the token's own where it counts and
 * the address's otherwise; the form of the target; what is wrong with the token; the Host (clients
 * without a token only: a page that was made to point here has none, and whoever has one may come
 * by any name); the route; the method; the role; the body's form and size. So no stranger makes us
 * read a body, no answer tells one more than that a route exists, whoever guesses tokens does so at
 * the address's rate, and nobody at the same address keeps a token from its work.
 *
 * Without any token in the store, clients on this machine may read, and nobody may change anything.
 * A proxy's clients are not on this machine, whatever address they come from.
 *
 * Invariants: handlers run only with an identity that their route's role allows. The store is
 * written by api_core_tick alone, in transactions of a few rows (when tokens were last used).
 * Failure: where the tokens cannot be read for TOKENS_STALE, requests that change something are
 * refused, since a token may have been revoked; reading goes on with what was known. */
#include "api/core.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "api/auth.h"
#include "api/cache.h"
#include "api/dress.h"
#include "api/ingest.h"
#include "api/limit.h"
#include "api/session.h"
#include "base/log.h"
#include "base/metric.h"
#include "run/process.h"
#include "store/views.h"

#define TOKENS_STALE (10 * USEC_PER_S)
#define USES_EVERY USEC_PER_MIN
#define USES_MAX 64
#define TICK_BYTES (16 << 20)
#define ROUTES_MAX 96
#define ARENAS 8                   /* handlers that run at once: the server's threads */
#define ARENA_KEPT_BYTES (4 << 20) /* more than that goes back to the system after a request */

struct api_core {
    struct api_options opt;
    struct api_listen listen;
    struct api_tokens *tokens;
    struct api_limits *limits;
    struct api_files *files;
    struct api_cache *cache;
    struct store *watch; /* the tick's, for reading */
    usec fresh_at;       /* under the lock; monotonic: when an unknown token was last looked for */
    struct store *write; /* for short transactions; guarded by write_lock */
    pthread_mutex_t write_lock;
    struct api_codes *codes;
    struct api_sessions *sessions;
    struct arena tick_arena;
    usec uses_at; /* monotonic: uses were written; the tick's */
    bool complained;
    bool away; /* the store, at the last tick */

    pthread_mutex_t lock; /* of the members below */
    pthread_cond_t given;
    struct store *stores[API_STORES];
    int store_count;
    struct arena arenas[ARENAS];
    int arena_count;
    struct api_health health;
    struct view_count counted;

    struct metric *seconds[ROUTES_MAX], *other, *venue_state;
};

/* --- opening ------------------------------------------------------------------------------ */

static void make_metrics(struct api_core *c) {
    PRE(api_route_count <= ROUTES_MAX);
    for (int i = 0; i < api_route_count; i++)
        c->seconds[i] = metric_get(M_API_SECONDS, LABELS(api_routes[i].path));
    c->other = metric_get(M_API_REFUSED, NULL);
    if (!c->opt.alone && !str_eq(c->opt.cfg->venue_kind, STR("paper")))
        c->venue_state = metric_get(M_VENUE_STATE, NULL);
}

static bool open_stores(struct arena *boot, struct api_core *c, struct error *err) {
    const struct api_options *o = &c->opt;
    struct store *versions;
    if (!o->open_store(o->open_ctx, STORE_READ, &c->watch, err) ||
        !o->open_store(o->open_ctx, STORE_WRITE, &c->write, err))
        return false;
    for (; c->store_count < API_STORES; c->store_count++)
        if (!o->open_store(o->open_ctx, STORE_READ, &c->stores[c->store_count], err)) return false;
    if (!o->open_store(o->open_ctx, STORE_READ, &versions, err)) return false;
    c->cache = api_cache_new(boot, versions);
    return true;
}

static bool guard_door(struct api_core *c, struct error *err) {
    if (c->listen.loopback || api_tokens_usable(c->tokens, time_wall_us())) return true;
    return fail(err, ERR_REFUSED, 0,
                "api.listen: others reach %s, and there is no token that lets anybody in; make one "
                "first (bullfinch token create NAME --role read), or listen at 127.0.0.1",
                c->listen.host);
}

bool api_core_open(struct arena *boot, const struct api_options *opt, struct api_core **ret,
                   struct error *err) {
    struct api_listen listen;
    if (!api_listen_parse(opt->listen, &listen, err)) return fail_in(err, "api.listen");
    struct api_core *c = NEW(boot, struct api_core);
    c->opt = *opt;
    c->listen = listen;
    c->tokens = api_tokens_new(boot);
    c->limits = api_limits_new(boot, opt->rate_limit);
    c->files = api_files_new(boot, opt->web_dir);
    arena_open(&c->tick_arena, TICK_BYTES);
    for (; c->arena_count < ARENAS; c->arena_count++)
        arena_open(&c->arenas[c->arena_count], INGEST_ARENA_BYTES);
    POST(pthread_mutex_init(&c->lock, NULL) == 0);
    POST(pthread_mutex_init(&c->write_lock, NULL) == 0);
    c->codes = api_codes_new(boot);
    c->sessions = api_sessions_new(boot);
    POST(pthread_cond_init(&c->given, NULL) == 0);
    make_metrics(c);
    if (!open_stores(boot, c, err) ||
        !api_tokens_load(c->tokens, c->watch, time_monotonic_us(), err) || !guard_door(c, err)) {
        api_core_close(c);
        return false;
    }
    api_core_tick(c, time_wall_us(), time_monotonic_us());
    process_also(api_gauges_look, c);
    *ret = c;
    return true;
}

void api_core_close(struct api_core *c) {
    if (c == NULL) return;
    process_also(NULL, NULL);
    for (int i = 0; i < c->store_count; i++) store_close(c->stores[i]);
    store_close(c->watch);
    store_close(c->write);
    api_tokens_free(c->tokens);
    api_limits_free(c->limits);
    api_cache_free(c->cache);
    arena_close(&c->tick_arena);
    for (int i = 0; i < c->arena_count; i++) arena_close(&c->arenas[i]);
    pthread_cond_destroy(&c->given);
    api_codes_free(c->codes);
    api_sessions_free(c->sessions);
    pthread_mutex_destroy(&c->write_lock);
    pthread_mutex_destroy(&c->lock);
}

const struct api_listen *api_core_listen(const struct api_core *c) { return &c->listen; }
const struct api_files *api_core_files(const struct api_core *c) { return c->files; }
const struct api_options *api_core_options(const struct api_core *c) { return &c->opt; }

/* --- the tick ----------------------------------------------------------------------------- */

static bool write_uses_to(struct api_core *c, struct store *s, struct error *err) {
    struct api_token_use uses[USES_MAX];
    const int n = api_tokens_used(c->tokens, uses, USES_MAX);
    if (n == 0) return true;
    const usec since = time_monotonic_us();
    while (!store_begin(s, true, err))
        if (!api_write_again(since, err)) return false;
    for (int i = 0; i < n; i++)
        if (!store_token_used(s, uses[i].id, uses[i].at, err)) {
            store_rollback(s);
            return false;
        }
    if (store_commit(s, err)) return true;
    store_rollback(s);
    return false;
}

static bool write_uses(struct api_core *c, struct error *err) {
    struct store *const s = api_write_take(c);
    const bool ok = write_uses_to(c, s, err);
    api_write_give(c, s);
    return ok;
}

static void complain(struct api_core *c, const char *what, const struct error *err) {
    if (!c->complained) log_unusual("api_store", LOG_Z("what", what), LOG_Z("why", err->msg));
    c->complained = true;
}

bool api_core_settings(struct api_core *c, struct store *s, struct arena *a, struct error *err) {
    const str *rows;
    int count;
    struct buf report;
    buf_init(&report, CONFIG_REPORT_BYTES);
    const bool ok = store_settings(s, a, &rows, &count, err) &&
                    config_live_set(c->opt.live, rows, count, &report, err);
    if (!ok && report.len > 0)
        IGNORE(fail_in(err, STR_FMT, STR_ARG(str_head(buf_str(&report), 200))),
               "told by the caller");
    buf_fini(&report);
    return ok;
}

void api_core_tick(struct api_core *c, usec now, usec mono) {
    struct error err;
    struct api_health h;
    struct api_look at = {
        .opt = &c->opt, .store = c->watch, .a = &c->tick_arena, .venue_state = c->venue_state};
    arena_reset(&c->tick_arena);
    at.readable = api_tokens_load(c->tokens, c->watch, mono, &err);
    const bool readable = api_health_look(&at, now, &h, &err);
    h.mono = mono;
    if (!readable)
        complain(c, "tokens and sources cannot be read", &err);
    else if (c->away)
        log_unusual("api_store_back", LOG_Z("what", "tokens and sources can be read again"));
    c->away = !readable;
    if (c->opt.alone && readable && !api_core_settings(c, c->watch, &c->tick_arena, &err))
        complain(c, "settings cannot be put into force", &err);
    if (readable) c->complained = false;
    if (mono - c->uses_at >= USES_EVERY) {
        c->uses_at = mono;
        if (!write_uses(c, &err)) complain(c, "when tokens were used cannot be written", &err);
    }
    pthread_mutex_lock(&c->lock);
    c->health = h;
    pthread_mutex_unlock(&c->lock);
}

void api_core_health(struct api_core *c, struct api_health *ret) {
    pthread_mutex_lock(&c->lock);
    *ret = c->health;
    pthread_mutex_unlock(&c->lock);
}

void api_posts_counted(struct api_core *c, const struct view_count *set, struct view_count *ret) {
    pthread_mutex_lock(&c->lock);
    if (set != NULL) c->counted = *set;
    if (ret != NULL) *ret = c->counted;
    pthread_mutex_unlock(&c->lock);
}

/* --- what handlers use -------------------------------------------------------------------- */

struct store *api_store_take(struct api_core *c) {
    pthread_mutex_lock(&c->lock);
    while (c->store_count == 0) pthread_cond_wait(&c->given, &c->lock);
    struct store *const s = c->stores[--c->store_count];
    pthread_mutex_unlock(&c->lock);
    return s;
}

void api_store_give(struct api_core *c, struct store *s) {
    pthread_mutex_lock(&c->lock);
    PRE(c->store_count < API_STORES);
    c->stores[c->store_count++] = s;
    pthread_cond_broadcast(&c->given);
    pthread_mutex_unlock(&c->lock);
}

struct store *api_write_take(struct api_core *c) {
    pthread_mutex_lock(&c->write_lock);
    return c->write;
}

void api_write_give(struct api_core *c, struct store *s) {
    PRE(s == c->write);
    pthread_mutex_unlock(&c->write_lock);
}

bool api_write_again(usec since, const struct error *err) {
    const struct timespec pause = {0, 1000000};
    if (err->code != ERR_BUSY || time_monotonic_us() - since > API_WRITE_PATIENCE) return false;
    IGNORE(nanosleep(&pause, NULL) != 0, "a shorter pause does no harm");
    return true;
}

struct api_codes *api_core_codes(struct api_core *c) {
    return c->codes;
}

struct api_sessions *api_core_sessions(struct api_core *c) {
    return c->sessions;
}

struct api_tokens *api_core_tokens(struct api_core *c) {
    return c->tokens;
}

struct source *api_push_of(struct api_core *c, str name) {
    for (int i = 0; i < c->opt.push_count; i++)
        if (str_eq(push_name(c->opt.push[i]), name)) return c->opt.push[i];
    return NULL;
}

/* --- admission ---------------------------------------------------------------------------- */

static bool too_often(struct api_answer *a, int64_t wait_s, const char *who) {
    if (wait_s == 0) return false;
    api_problem(a, 429, "RATE_LIMIT",
                "Too many requests %s: api.rate_limit says how many a minute may come. Try again "
                "in %lld s.",
                who, (long long)wait_s);
    a->retry_after_s = wait_s;
    return true;
}

/* A token that counts has a bucket of its own; whoever brings none, or a wrong one, shares his
 * address's. */
static bool check_rate(struct api_core *c, const struct api_head *h, const struct api_identity *who,
                       usec mono, struct api_answer *a) {
    const bool known = who->token_id != 0;
    uint8_t key[API_LIMIT_KEY_BYTES] = {known ? 2 : 1};
    if (known)
        memcpy(key + 1, &who->token_id, sizeof who->token_id);
    else
        memcpy(key + 1, h->client.bytes, sizeof h->client.bytes);
    return !too_often(a, api_limits_take(c->limits, key, mono),
                      known ? "with this token" : "from this address");
}

static bool check_form(const struct api_head *h, struct api_answer *a) {
    if (h->header_bytes > API_HEADER_BYTES_MAX) {
        api_problem(a, 431, "HEADER_TOO_LARGE", "The header has %lld bytes, the most is %d.",
                    (long long)h->header_bytes, API_HEADER_BYTES_MAX);
        return false;
    }
    if (h->target.n > API_TARGET_BYTES_MAX) {
        api_problem(a, 414, "TARGET_TOO_LONG", "The path and query have %td bytes, the most is %d.",
                    h->target.n, API_TARGET_BYTES_MAX);
        return false;
    }
    if (h->malformed) {
        api_problem(a, 400, "HEADER",
                    "A field of the header has a name or a value that HTTP does not allow, such as "
                    "a blank before the colon, or a control character.");
        return false;
    }
    if (h->doubled) {
        api_problem(a, 400, "HEADER_TWICE",
                    "A field of the header stands more than once that may stand once only, such as "
                    "Host, Authorization, Cookie or Content-Length.");
        return false;
    }
    if (str_starts(h->target, STR("/")) || str_eq(h->target, STR("*"))) return true;
    api_problem(a, 400, "TARGET", "The request's target is no path; it must begin with /.");
    return false;
}

/* A browser's cookie. One that is not known makes it nobody, who may still log in. */
static void check_session(struct api_core *c, const struct api_head *h, usec now, usec mono,
                          struct api_identity *ret) {
    int64_t token_id;
    const str secret = api_cookie_get(h->cookie, STR(SESSION_COOKIE));
    if (secret.n == 0 || !api_session_find(c->sessions, secret, mono, &token_id)) return;
    if (api_tokens_by_id(c->tokens, token_id, now, ret))
        ret->by_session = true;
    else
        api_session_close(c->sessions, secret);
}

#define FRESH_EVERY (USEC_PER_S / 5) /* strangers cause no more looks than that */

/* A token that was made a moment ago is in the store, and not yet among those that are held here.
 */
static bool look_for_fresh(struct api_core *c, usec mono) {
    struct error err;
    pthread_mutex_lock(&c->lock);
    const bool may = c->fresh_at == 0 || mono - c->fresh_at >= FRESH_EVERY;
    if (may) c->fresh_at = mono;
    pthread_mutex_unlock(&c->lock);
    if (!may) return false;
    struct store *const s = api_store_take(c);
    const bool ok = api_tokens_load(c->tokens, s, mono, &err); /* the tick complains of a failure */
    api_store_give(c, s);
    return ok;
}

api_auth api_core_check(struct api_core *c, str authorization, usec now, usec mono,
                        struct api_identity *ret) {
    const api_auth auth = api_tokens_check(c->tokens, authorization, now, ret);
    if (auth != API_AUTH_UNKNOWN || !look_for_fresh(c, mono)) return auth;
    return api_tokens_check(c->tokens, authorization, now, ret);
}

/* Whose request it is: of its token, of its cookie, or nobody's. */
static api_auth identify(struct api_core *c, const struct api_head *h, usec now, usec mono,
                         struct api_identity *ret) {
    const api_auth auth = api_core_check(c, h->authorization, now, mono, ret);
    if (auth == API_AUTH_NONE) check_session(c, h, now, mono, ret);
    if (auth == API_AUTH_NONE && !ret->by_session) {
        const bool local = c->listen.loopback && h->client.loopback && !h->forwarded;
        if (local && !api_tokens_exist(c->tokens)) ret->role = TOKEN_READ;
    }
    return auth;
}

/* One sentence for all that can be wrong with a token: which it was is nobody's business. */
static bool check_token(api_auth auth, struct api_answer *a) {
    if (auth == API_AUTH_OK || auth == API_AUTH_NONE) return true;
    api_problem(a, 401, "TOKEN",
                "The token is not known, was revoked or has expired. bullfinch token list shows "
                "those that there are; the header is \"Authorization: Bearer bft_...\".");
    a->authenticate = "Bearer realm=\"bullfinch\", error=\"invalid_token\"";
    return false;
}

static bool check_host(struct api_core *c, const struct api_head *h, const struct api_identity *who,
                       struct api_answer *a) {
    if (who->token_id != 0 || api_listen_is_host(&c->listen, h->host)) return true;
    const struct config_list *const list = &c->opt.cfg->api_cors_origins;
    for (int i = 0; i < list->count; i++)
        if (api_origin_is_host(list->names[i], h->host)) return true;
    api_problem(a, 421, "HOST",
                "The header Host names \"" STR_FMT "\", which is not this server. Without a token "
                "it answers to localhost, the address that it listens at (api.listen), and the "
                "names in api.cors_origins.",
                STR_ARG(str_head(h->host, 80)));
    return false;
}

/* --- pages of browsers -------------------------------------------------------------------- */

static bool is_listed_origin(const struct api_core *c, str origin) {
    const struct config_list *const list = &c->opt.cfg->api_cors_origins;
    for (int i = 0; i < list->count; i++)
        if (str_eq_nocase(list->names[i], origin)) return true;
    return false;
}

/* What a page of a listed origin may read of the answer, whatever it will be. */
static void put_cors(const struct api_core *c, const struct api_head *h, struct api_answer *a) {
    if (c->opt.cfg->api_cors_origins.count == 0) return;
    api_answer_vary(a, "Origin");
    if (h->origin.p == NULL || !is_listed_origin(c, h->origin)) return;
    api_answer_header_printf(a, "Access-Control-Allow-Origin", STR_FMT, STR_ARG(h->origin));
    api_answer_header(a, "Access-Control-Allow-Credentials", "true");
    api_answer_header(a, "Access-Control-Expose-Headers", "ETag, Location, Retry-After");
}

/* A browser asks beforehand; only who may read the answer is told that he may ask. */
static void put_preflight(const struct api_core *c, const struct api_head *h,
                          struct api_answer *a) {
    if (h->requested_method.p == NULL || h->origin.p == NULL || !is_listed_origin(c, h->origin))
        return;
    api_answer_header(a, "Access-Control-Allow-Methods", a->allow);
    api_answer_header(a, "Access-Control-Allow-Headers",
                      "Authorization, Content-Type, Idempotency-Key, If-None-Match, "
                      "Last-Event-ID, X-CSRF-Token");
    api_answer_header(a, "Access-Control-Max-Age", "600");
}

/* What changes something and comes with a browser's own credentials, or with none, must come from a
 * page of ours; with a cookie it must bring the session's word as well. Whoever has a token in his
 * request put it there himself. */
static bool check_page(const struct api_core *c, const struct api_head *h,
                       const struct api_identity *who, struct api_answer *a) {
    const bool reads = str_eq(h->method, STR("GET")) || str_eq(h->method, STR("HEAD"));
    if (reads || (who->token_id != 0 && !who->by_session)) return true;
    if (h->origin.p != NULL && !api_origin_is_host(h->origin, h->host) &&
        !is_listed_origin(c, h->origin)) {
        api_problem_field(a, 403, "ORIGIN", "Origin",
                          "Origin: \"" STR_FMT "\" is no page of this server; api.cors_origins "
                          "lists others that may use it.",
                          STR_ARG(str_head(h->origin, 80)));
        return false;
    }
    if (!who->by_session) return true;
    if (api_session_csrf_is(api_cookie_get(h->cookie, STR(SESSION_COOKIE)), h->csrf)) return true;
    api_problem_field(a, 403, "CSRF", "X-CSRF-Token",
                      "X-CSRF-Token: is missing or wrong; GET /api/session gives it.");
    return false;
}

static void allow(struct api_answer *a, str path) {
    struct buf b;
    buf_init_fixed(&b, a->allow, sizeof a->allow);
    buf_put(&b, STR("OPTIONS"));
    for (int i = 0; i < api_route_count; i++) {
        if (!str_eq(str_from_z(api_routes[i].path), path)) continue;
        buf_printf(&b, ", %s", api_routes[i].method);
        if (strcmp(api_routes[i].method, "GET") == 0) buf_put(&b, STR(", HEAD"));
    }
}

static const struct api_route *find_file_route(void) {
    int i = 0;
    while (strcmp(api_routes[i].path, API_FILE_PATH) != 0) i++;
    return &api_routes[i];
}

/* NULL: `a` is the answer. */
static const struct api_route *find_route(const struct api_core *c, const struct api_head *h,
                                          struct api_answer *a) {
    str query = h->target, path;
    if (!str_cut(&query, '?', &path)) path = h->target;
    const str method = str_eq(h->method, STR("HEAD")) ? STR("GET") : h->method;
    bool known = str_eq(path, STR("*"));
    for (int i = 0; i < api_route_count; i++) {
        if (!str_eq(str_from_z(api_routes[i].path), path)) continue;
        known = true;
        if (str_eq(str_from_z(api_routes[i].method), method)) return &api_routes[i];
    }
    if (!known && str_eq(method, STR("GET")) && !str_starts(path, STR("/api/")))
        return find_file_route();
    if (!known) {
        api_problem(a, 404, "NOT_FOUND",
                    "There is nothing at " STR_FMT "; docs/api.md lists what there is.",
                    STR_ARG(str_head(path, 200)));
        return NULL;
    }
    allow(a, path);
    if (str_eq(method, STR("OPTIONS"))) {
        a->status = 204;
        put_preflight(c, h, a);
        return NULL;
    }
    api_problem(a, 405, "METHOD", STR_FMT " is not possible at " STR_FMT ", but: %s.",
                STR_ARG(str_head(h->method, 20)), STR_ARG(str_head(path, 200)), a->allow);
    return NULL;
}

static bool check_role(struct api_core *c, const struct api_route *r,
                       const struct api_identity *who, usec mono, struct api_answer *a) {
    if (!api_role_allows(who->role, r->role)) {
        if (who->token_id != 0) {
            api_problem(a, 403, "ROLE", "This wants a token of the role %s, and yours is %s.",
                        token_role_name(r->role), token_role_name(who->role));
            return false;
        }
        api_problem(a, 401, "TOKEN",
                    "This wants a token of the role %s: make one (bullfinch token create NAME "
                    "--role %s) and send the header \"Authorization: Bearer bft_...\".",
                    token_role_name(r->role), token_role_name(r->role));
        a->authenticate = "Bearer realm=\"bullfinch\"";
        return false;
    }
    const bool changes = r->role != TOKEN_NONE && r->role != TOKEN_READ;
    if (!changes || api_tokens_age(c->tokens, mono) < TOKENS_STALE) return true;
    api_problem(a, 503, "STORE",
                "The store cannot be read, so it is not known whether your token still counts. Try "
                "again.");
    a->retry_after_s = 5;
    return false;
}

/* "application/json; charset=utf-8" -> "application/json"; *ret_utf8: it says so, or nothing. */
static str media_type(str header, bool *ret_utf8) {
    str rest = header, type, param;
    *ret_utf8 = true;
    if (!str_cut(&rest, ';', &type)) return (str){0};
    while (rest.p != NULL && str_cut(&rest, ';', &param)) {
        param = str_trim(param);
        if (!str_eq_nocase(str_head(param, 8), STR("charset="))) continue;
        const str charset = str_tail(param, 8);
        *ret_utf8 =
            str_eq_nocase(charset, STR("utf-8")) || str_eq_nocase(charset, STR("\"utf-8\""));
    }
    return str_trim(type);
}

static bool check_type(const struct api_route *r, const struct api_head *h, struct api_answer *a) {
    bool utf8;
    const str type = media_type(h->content_type, &utf8);
    if (h->content_encoding.p != NULL && !str_eq_nocase(h->content_encoding, STR("identity"))) {
        api_problem(a, 415, "ENCODING",
                    "Content-Encoding: a body must not be packed, and this is " STR_FMT ".",
                    STR_ARG(str_head(h->content_encoding, 40)));
        return false;
    }
    const bool json = (r->types & API_JSON) && str_eq_nocase(type, STR("application/json"));
    const bool lines = (r->types & API_NDJSON) && str_eq_nocase(type, STR("application/x-ndjson"));
    if ((json || lines) && utf8) return true;
    api_problem(a, 415, "CONTENT_TYPE",
                "Content-Type: expected application/json%s in UTF-8, got \"" STR_FMT "\".",
                r->types & API_NDJSON ? " or application/x-ndjson" : "",
                STR_ARG(str_head(h->content_type, 60)));
    return false;
}

static bool check_body(const struct api_route *r, const struct api_head *h, struct api_answer *a) {
    int64_t bytes = 0;
    const bool chunked = h->transfer_encoding.p != NULL;
    if (chunked && !str_eq_nocase(h->transfer_encoding, STR("chunked"))) {
        api_problem(a, 400, "TRANSFER_ENCODING",
                    "Transfer-Encoding: only chunked is understood, and this is " STR_FMT ".",
                    STR_ARG(str_head(h->transfer_encoding, 40)));
        return false;
    }
    if (h->content_length.p != NULL &&
        (chunked || !str_to_i64(h->content_length, &bytes) || bytes < 0)) {
        api_problem(a, 400, "CONTENT_LENGTH",
                    "Content-Length is no number of bytes, or stands beside Transfer-Encoding.");
        return false;
    }
    if (r->body_max == 0) {
        if (bytes == 0 && !chunked) return true;
        api_problem(a, 400, "BODY", "%s %s takes no body.", r->method, r->path);
        return false;
    }
    if (bytes > r->body_max) {
        api_problem(a, 413, "TOO_LARGE",
                    "The body has %lld bytes, the most is %lld; send it in parts.",
                    (long long)bytes, (long long)r->body_max);
        return false;
    }
    if (r->body_optional && bytes == 0 && !chunked && h->content_type.p == NULL) return true;
    return check_type(r, h, a);
}

bool api_admit(struct api_core *c, const struct api_head *h, usec now, usec mono,
               const struct api_route **ret_route, struct api_identity *ret_who,
               struct api_answer *a) {
    *ret_who = (struct api_identity){0};
    const struct api_route *r = NULL;
    put_cors(c, h, a);
    const api_auth auth = identify(c, h, now, mono, ret_who);
    const bool ok = check_rate(c, h, ret_who, mono, a) && check_form(h, a) &&
                    check_token(auth, a) && check_host(c, h, ret_who, a) &&
                    (r = find_route(c, h, a)) != NULL && check_page(c, h, ret_who, a) &&
                    check_role(c, r, ret_who, mono, a) && check_body(r, h, a);
    if (!ok) metric_add(c->other, 1);
    *ret_route = r;
    return ok;
}

bool api_may_go_on(struct api_core *c, const struct api_head *h, token_role need, usec now,
                   usec mono) {
    struct api_identity who = {0};
    const api_auth auth = identify(c, h, now, mono, &who);
    return (auth == API_AUTH_OK || auth == API_AUTH_NONE) && api_role_allows(who.role, need);
}

static struct arena take_arena(struct api_core *c) {
    pthread_mutex_lock(&c->lock);
    while (c->arena_count == 0) pthread_cond_wait(&c->given, &c->lock);
    const struct arena a = c->arenas[--c->arena_count];
    pthread_mutex_unlock(&c->lock);
    return a;
}

static void give_arena(struct api_core *c, struct arena a) {
    const bool large = a.beg - a.base > ARENA_KEPT_BYTES;
    if (large) arena_close(&a);
    if (large) arena_open(&a, INGEST_ARENA_BYTES);
    arena_reset(&a);
    pthread_mutex_lock(&c->lock);
    PRE(c->arena_count < ARENAS);
    c->arenas[c->arena_count++] = a;
    pthread_cond_broadcast(&c->given);
    pthread_mutex_unlock(&c->lock);
}

static void handle(struct api_core *c, const struct api_route *route, const struct api_request *rq,
                   struct api_answer *a) {
    struct arena arena = take_arena(c);
    struct api_request with = *rq;
    struct error err;
    str wrong;
    with.a = &arena;
    with.cfg = config_live_take(c->opt.live);
    if (route->query == NULL || api_query_only(rq->query, route->query, &wrong, &err))
        route->handle(c, &with, a);
    else
        api_problem_field(a, 400, "QUERY", str_dupz(&arena, wrong), "%s", err.msg);
    config_live_give(c->opt.live, with.cfg);
    give_arena(c, arena);
    if (buf_full(&a->body))
        api_problem(a, 500, "TOO_LARGE", "The answer is larger than this server gives.");
}

int64_t api_core_answered(const struct api_core *c) {
    int64_t sum = 0;
    for (int i = 0; i < api_route_count; i++) sum += metric_value(c->seconds[i]);
    return sum;
}

/* An answer that is kept has its tag, and is packed, once for all who ask. */
static void handle_kept(struct api_core *c, const struct api_route *route,
                        const struct api_request *rq, usec mono, struct api_answer *a) {
    const struct api_cache_key key = {.route = (int)(route - api_routes),
                                      .gzip = api_takes_gzip(rq->head.accept_encoding),
                                      .query = rq->query};
    const struct api_head head = {.method = STR("GET"),
                                  .accept_encoding = rq->head.accept_encoding};
    int64_t version;
    if (api_cache_get(c->cache, &key, route->hold, mono, a, &version)) return;
    handle(c, route, rq, a);
    if (str_find(rq->query, STR("before=")) >= 0) return; /* an older page is asked for once */
    api_answer_dress(a, &head);
    api_cache_put(c->cache, &key, version, mono, a);
}

void api_handle(struct api_core *c, const struct api_route *route, const struct api_request *rq,
                struct api_answer *a) {
    const usec began = time_monotonic_us();
    const int index = (int)(route - api_routes);
    PRE(api_role_allows(rq->who.role, route->role));
    if (route->kept)
        handle_kept(c, route, rq, began, a);
    else
        handle(c, route, rq, a);
    /* who has changed something wants to see it */
    if (route->role == TOKEN_TRADE || route->role == TOKEN_ADMIN) api_cache_drop(c->cache);
    metric_observe(c->seconds[index], time_monotonic_us() - began);
}
