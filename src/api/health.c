/* health: how everything stands that is configured: a look once a second, and GET /health.
 *
 * In: what the store says of sources, of the trader and of who works on it, and what is seen of the
 * queues that processes share. Out: checks, each of which is well or says why not.
 *
 * 503 is only for what this process cannot do itself: a store that it cannot read, and, where the
 * trader and the sources are its own (bullfinch run), those. Whoever gets it leads nobody here any
 * more, or starts the process again. What other processes do is another matter: a serve beside a
 * dead analyze shows, takes posts and commands as ever, and to take it away as well would hide what
 * is wrong. That is `degraded`, with 200 and the causes; whoever looks at the status alone asks for
 * ?strict=true.
 *
 * What cannot be known (the queues of a server that is away, who works on a store that cannot be
 * read) is left out, and so is what is not configured. Threads: the look is the tick's; any. */
#include <inttypes.h>

#include "api/core.h"
#include "api/params.h"
#include "api/put.h"
#include "base/metric.h"
#include "run/clock_watch.h"
#include "run/jobs_watch.h"
#include "store/workers.h"

/* Between two processes of a role that is started again, work waits for nobody. */
#define NOBODY_MAX (5 * USEC_PER_S)

/* Looks at the store are one a second; ten that did not come are no slow answer any more, and as
 * many keep a token from changing anything (core.c). */
#define LOOK_LATE (10 * USEC_PER_S)

/* Well until a complaint. own: this process' own work. */
static struct api_check *add(struct api_health *h, const char *name, bool own) {
    PRE(h->count < API_CHECKS_MAX);
    struct api_check *const c = &h->v[h->count++];
    *c = (struct api_check){.name = name, .ok = true, .own = own};
    return c;
}

PRINTF_LIKE(2, 3) static void complain(struct api_check *c, const char *fmt, ...) {
    struct buf b;
    va_list args;
    c->ok = false;
    buf_init_fixed(&b, c->why, sizeof c->why);
    va_start(args, fmt);
    buf_vprintf(&b, fmt, args);
    va_end(args);
    IGNORE(buf_z(&b) == NULL, "what is cut is long enough");
}

/* --- sources ------------------------------------------------------------------------------ */

/* A source that waits for its money or its turn is as it should be; one that nobody gets posts
 * from is not. */
bool api_source_stands_well(source_state s) {
    switch (s) {
    case SOURCE_STARTING:
    case SOURCE_LIVE:
    case SOURCE_LIMITED:
    case SOURCE_BUDGET:
    case SOURCE_ENDED:
        return true;
    case SOURCE_RETRYING:
    case SOURCE_BROKEN:
    case SOURCE_CONNECTIONS:
    case SOURCE_USAGE_CAP:
    case SOURCE_CREDITS:
    case SOURCE_SPEND_CAP:
    case SOURCE_TOKEN:
    case SOURCE_FORBIDDEN:
    case SOURCE_CONFIG:
        return false;
    case SOURCE_STATE_COUNT:
        break;
    }
    WRONG("a state that is none");
}

/* The brief's name of what a kind of source asks. */
static const char *name_of(str kind) {
    if (str_starts(kind, STR("x_"))) return "twitter_api";
    if (str_eq(kind, STR("jetstream"))) return "bluesky";
    return NULL; /* a file, or what others bring: nothing is asked */
}

/* Several feeds may ask the same: well only when all are. */
static void check_feeds(const struct api_options *opt, const struct feed_row *rows, int count,
                        struct api_health *h) {
    const char *const names[] = {"twitter_api", "bluesky"};
    for (int k = 0; k < COUNT_OF(names); k++) {
        struct api_check *c = NULL;
        for (int i = 0; i < count; i++) {
            const struct source_status *const s = &rows[i].status;
            const char *const name = name_of(rows[i].kind);
            if (config_source_of_feed(opt->cfg, rows[i].feed) == NULL)
                continue; /* of former days */
            if (name == NULL || strcmp(name, names[k]) != 0) continue;
            if (c == NULL) c = add(h, names[k], !opt->alone);
            if (c->ok && !api_source_stands_well(s->state))
                complain(c, "source " STR_FMT " is %s: %s", STR_ARG(rows[i].feed),
                         source_state_name(s->state), s->why);
        }
    }
}

/* --- the trader --------------------------------------------------------------------------- */

static void check_trader(const struct api_look *at, struct api_health *h) {
    int64_t pid;
    if (!at->opt->alone) return;
    struct api_check *const c = add(h, "trader", false);
    if (!h->database || !store_trader_running(at->store, &pid))
        complain(c, "no trader works on this store");
}

static void check_clock(const struct api_look *at, struct api_health *h) {
    struct error err;
    bool off = true;
    if (store_is_file(at->store)) return;
    struct api_check *const c = add(h, "clock", !at->opt->alone);
    if (!h->database || !store_alert_lasts(at->store, CLOCK_ALERT, &off, &err) || off)
        complain(c, "the trader's clock is not the database's");
}

static void check_venue(const struct api_look *at, struct api_health *h) {
    h->has_venue = at->venue_state != NULL;
    if (!h->has_venue) return;
    struct api_check *const c = add(h, "binance_api", true);
    h->venue = metric_value(at->venue_state) > 0;
    if (!h->venue) complain(c, "the venue does not answer");
}

/* --- the queues that processes share ------------------------------------------------------ */

static const struct {
    worker_role role; /* who takes from it */
    const char *check;
} stages[JOBS_QUEUE_COUNT] = {[JOBS_POSTS] = {WORKER_ANALYZE, "posts_queue"},
                              [JOBS_READINGS] = {WORKER_TRADE, "readings_queue"}};

static int64_t alive(const struct worker_counts *v, worker_role role) {
    int64_t n = 0;
    for (int i = 0; i < WORKER_STATE_COUNT; i++) n += v->n[role][i];
    return n;
}

/* Is there anybody for what waits? */
static void check_stage(const struct worker_counts *workers, jobs_of j, int64_t jobs, usec age,
                        struct api_health *h) {
    const char *const role = worker_role_name(stages[j].role);
    struct api_check *const c = add(h, role, false);
    if (jobs > 0 && age > NOBODY_MAX && alive(workers, stages[j].role) == 0)
        complain(c,
                 "%" PRId64
                 " jobs wait, and no %s process is at work: start one (bullfinch %s), or "
                 "see what it is at (bullfinch workers)",
                 jobs, role, role);
}

static void check_age(const struct api_options *opt, jobs_of j, int64_t jobs, usec age,
                      struct api_health *h) {
    struct api_check *const c = add(h, stages[j].check, false);
    if (age > opt->cfg->queue_fresh_for_s * USEC_PER_S)
        complain(c,
                 "the oldest of %" PRId64 " jobs for %s has waited for %" PRId64
                 " s; queue.fresh_for_s is %" PRId64,
                 jobs, worker_role_name(stages[j].role), age / USEC_PER_S,
                 opt->cfg->queue_fresh_for_s);
}

static void check_jobs(const struct api_look *at, usec now, struct api_health *h) {
    struct error err;
    struct jobs_seen jobs;
    struct worker_counts workers;
    if (at->opt->jobs == NULL) return;
    jobs_watch_see(at->opt->jobs, &jobs);
    struct api_check *const c = add(h, "redis", false);
    if (jobs.away > JOBS_AWAY_MAX) {
        complain(c,
                 "the queue (queue.url) has not answered for %" PRId64
                 " s: posts are stored, and not read",
                 jobs.away / USEC_PER_S);
        return;
    }
    const bool known = h->database && store_worker_counts(at->store, now, &workers, &err);
    for (int j = 0; j < JOBS_QUEUE_COUNT; j++) {
        const int64_t count = jobs.unfinished[j];
        const usec age = jobs.oldest[j] > 0 ? i64_max(now - jobs.oldest[j], 0) : 0;
        if (known) check_stage(&workers, j, count, age, h);
        check_age(at->opt, j, count, age, h);
    }
}

/* --- the look, and the answer --------------------------------------------------------------- */

/* For people: a halt is what somebody wanted, and no ill health. */
static const char *mode_of(struct store *s) {
    struct control control;
    struct error err;
    bool found;
    return store_control(s, &control, &found, &err) && found ? mode_name(control.mode) : NULL;
}

bool api_health_look(const struct api_look *at, usec now, struct api_health *ret,
                     struct error *err) {
    struct feed_row *rows;
    int count;
    *ret = (struct api_health){.at = now};
    struct api_check *const c = add(ret, "database", true);
    ret->database = at->readable && store_feed_states(at->store, at->a, now, &rows, &count, err);
    if (ret->database) ret->mode = mode_of(at->store);
    if (ret->database)
        check_feeds(at->opt, rows, count, ret);
    else
        complain(c, "the store cannot be read");
    check_venue(at, ret);
    check_trader(at, ret);
    check_clock(at, ret);
    check_jobs(at, now, ret);
    return ret->database;
}

/* A store that hangs holds up the looks, and the last one may have been good. */
static void doubt_old_look(struct api_health *h, usec mono) {
    const usec silence = mono - h->mono;
    PRE(h->count == 0 || strcmp(h->v[0].name, "database") == 0);
    if (silence <= LOOK_LATE || h->count == 0) return;
    complain(&h->v[0], "the store has not answered for %" PRId64 " s: is it there, does it move?",
             silence / USEC_PER_S);
}

static void put_checks(const struct api_health *h, struct buf *b) {
    buf_put(b, STR(",\"checks\":{"));
    for (int i = 0; i < h->count; i++)
        buf_printf(b, "%s\"%s\":%s", i > 0 ? "," : "", h->v[i].name, h->v[i].ok ? "true" : "false");
    buf_put(b, STR("},\"causes\":["));
    for (int i = 0, n = 0; i < h->count; i++) {
        if (h->v[i].ok) continue;
        buf_printf(b, "%s{\"check\":\"%s\",\"why\":", n++ > 0 ? "," : "", h->v[i].name);
        buf_put_json_str(b, str_from_z(h->v[i].why));
        buf_put_byte(b, '}');
    }
    buf_put_byte(b, ']');
}

void api_get_health(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    struct api_health h;
    struct buf *const b = &ret->body;
    struct params p = params_of(rq, ret);
    const bool strict = params_bool(&p, "strict") == 1;
    bool all = true, own = true;
    if (!params_ok(&p)) return;
    api_core_health(c, &h);
    doubt_old_look(&h, time_monotonic_us());
    for (int i = 0; i < h.count; i++) {
        all = all && h.v[i].ok;
        own = own && (h.v[i].ok || !h.v[i].own);
    }
    buf_printf(b, "{\"status\":\"%s\"", all ? "healthy" : own ? "degraded" : "unhealthy");
    put_checks(&h, b);
    api_put_text_or_null(b, "mode", h.mode != NULL ? h.mode : "");
    api_put_time(b, "checked_at", h.at);
    buf_printf(b, ",\"age_ms\":%lld,\"version\":\"%s\"}\n",
               (long long)(i64_max(rq->now - h.at, 0) / USEC_PER_MS), BF_VERSION);
    ret->status = (strict ? all : own) ? 200 : 503;
    api_answer_header(ret, "Cache-Control", "no-store");
}
