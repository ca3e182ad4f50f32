/* A week of posts in virtual time, from one seed.
 *
 * Authors post, edit and delete; the simulator (x_face) publishes that on X and on Jetstream,
 * bills, limits and fails. Any of our four live sources are on it, on one X account; what they pass
 * on goes into a real SQLite store in transactions of random size, as the runner does it: post
 * rows, rows beside posts, then each source's state. Now and then the process is killed: what was
 * not committed is gone, time passes, everything is opened anew from the store. After the week the
 * faults stop and all gets an hour and a half to catch up. Then it is held against the truth:
 *
 *   - each post that the sources follow stands in the store, once, with its text: but for those
 *     that were deleted before they could be fetched, earlier versions of edited ones, and spans
 *     that the gap ledger says are lost;
 *   - nothing stands there that was not published;
 *   - what we counted as billed is what X billed, day by day (its own count of the day, which we
 * ask for, makes up for answers that never came);
 *   - our dollars are our counts times the prices, and within the month's budget, also where that
 *     is too small for the week: then what was not read stands in the gap ledger.
 *
 * What it cannot see: wrong faces. Those are held against other people's clients (conformance). */
#include "feeds_world.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/rng.h"
#include "feedkit.h"
#include "flow/trader.h"
#include "sim/faults.h"
#include "source/jetstream.h"
#include "source/x_sources.h"
#include "store/sources.h"
#include "store/store_int.h"

#define START                                                                                      \
    (INT64_C(1790553600) * USEC_PER_S) /* 2026-09-28 00:00 UTC: a week over a month's end */
#define AUTHORS 9
#define EVENTS_MAX 16000
#define FEEDS 4
#define QUIET (90 * USEC_PER_MIN)
#define TOKEN "a%2Ftoken%3D"

struct event_at {
    struct sim_post p;
    bool expected; /* our sources must find it */
    bool gone;     /* it is deleted later, or replaced by a newer version */
    bool stored;
};

struct week {
    uint64_t seed;
    struct rng rng;
    usec now, end;
    bool trace;
    week_mistake mistake;
    money budget;      /* a month */
    bool poor;         /* it is less than the posts of the week cost */
    struct arena boot; /* of the whole week */
    struct arena life; /* of one process */
    struct arena scratch, told;
    char db[64];
    /* the truth */
    struct event_at *events;
    int event_count, event_next;
    struct x_face *face;
    struct sim_face x, jetstream;
    /* the process */
    bool uses[FEEDS];
    bool alive;
    struct store *store;
    struct x_account *account;
    struct feedkit kits[FEEDS];
    struct actions *acts;
    bool in_txn;
    int in_group, group;
    str states[FEEDS];
    char state_block[FEEDS][INTAKE_STATE_BYTES];
    bool state_moved[FEEDS];
    struct week_result *ret;
};

static const char *const feed_keys[FEEDS] = {"x_search:x", "x_stream:x", "x_activity:x",
                                             "jetstream:bsky"};
static const char *const feed_kinds[FEEDS] = {"x_search", "x_stream", "x_activity", "jetstream"};
enum { SEARCH, STREAM, ACTIVITY, JETSTREAM };

static void wrong(struct week *w, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void wrong(struct week *w, const char *fmt, ...) {
    va_list args;
    if (!w->ret->ok) return; /* the first is told */
    w->ret->ok = false;
    va_start(args, fmt);
    vsnprintf(w->ret->why, sizeof w->ret->why, fmt, args);
    va_end(args);
}

static void must(bool ok, const struct error *err, const char *what) {
    if (ok) return;
    fprintf(stderr, "feeds: %s: %s\n", what, err->msg);
    abort();
}

/* --- what is posted ---------------------------------------------------------------------- */

static const char *const author_names[AUTHORS] = {"adaline", "bertrand", "cosima", "dorian", "edda",
                                                  "florin",  "gisela",   "hauke",  "imke"};
#define FOLLOWED 7 /* the last ones are strangers */

static int64_t author_id(int i) { return INT64_C(70001) + i; }

static str words(struct week *w, int n) {
    static const char *const parts[] = {"Bitcoin", "$DOGE", "tea", "rain", "ETH", "moon", "ledger",
                                        "quiet",   "#SOL",  "up",  "down", "I",   "hold", "sell"};
    struct buf b;
    char block[200];
    buf_init_fixed(&b, block, sizeof block);
    buf_printf(&b, "No. %d:", n);
    for (int i = 0, k = (int)rng_between(&w->rng, 2, 9); i < k; i++) {
        buf_put_byte(&b, ' ');
        buf_put(&b, str_from_z(parts[rng_below(&w->rng, COUNT_OF(parts))]));
    }
    return str_dup(&w->boot, buf_str(&b));
}

static struct event_at *add_event(struct week *w, sim_post_kind kind, usec at, int author) {
    PRE(w->event_count < EVENTS_MAX);
    struct event_at *e = &w->events[w->event_count++];
    e->p = (struct sim_post){.kind = kind,
                             .at = at,
                             .author_id = author_id(author),
                             .username = str_from_z(author_names[author]),
                             .lang = STR("en")};
    return e;
}

static int64_t id_at(const struct week *w, usec at) {
    return x_snowflake_at(at) + w->event_count % 4096;
}

static void post_once(struct week *w, usec at, int author) {
    struct event_at *e = add_event(w, SIM_POST, at, author);
    e->p.id = id_at(w, at);
    e->p.text = words(w, w->event_count);
    const int kind = (int)rng_below(&w->rng, 10);
    if (kind == 0 && w->event_count > 10) {
        e->p.ref = rng_below(&w->rng, 2) ? POST_REF_RETWEET : POST_REF_REPLY;
        e->p.ref_id = w->events[rng_below(&w->rng, (uint64_t)w->event_count - 1)].p.id;
        if (e->p.ref_id == 0) e->p.ref = POST_REF_NONE;
    }
    e->expected = author < FOLLOWED && e->p.ref == POST_REF_NONE;
    const int64_t root = e->p.id;
    const int fate = (int)rng_below(&w->rng, 20);
    if (fate == 0 && e->p.ref != POST_REF_RETWEET) { /* edited some minutes later */
        struct event_at *again =
            add_event(w, SIM_POST_EDIT, at + rng_between(&w->rng, 20, 1500) * USEC_PER_S, author);
        again->p.id = id_at(w, again->p.at);
        again->p.root_id = root;
        again->p.text = words(w, w->event_count);
        again->expected = e->expected;
        e->gone = true;
        again->p.ref = e->p.ref;
        again->p.ref_id = e->p.ref_id;
    } else if (fate == 1) {
        struct event_at *gone = add_event(w, SIM_POST_DELETION,
                                          at + rng_between(&w->rng, 5, 20000) * USEC_PER_S, author);
        gone->p.root_id = root;
        e->gone = true;
    }
}

static int by_time(const void *a, const void *b) {
    const struct event_at *x = a, *y = b;
    return x->p.at < y->p.at ? -1 : x->p.at > y->p.at;
}

static void make_events(struct week *w) {
    w->events = NEW_ARRAY(&w->boot, struct event_at, EVENTS_MAX);
    for (usec at = START + USEC_PER_HOUR; at < w->end;) {
        const usec hour = at / USEC_PER_HOUR % 24;
        const usec pause = hour < 6 ? 40 * USEC_PER_MIN : 6 * USEC_PER_MIN;
        at += rng_between(&w->rng, USEC_PER_S, 2 * pause);
        const int burst = rng_below(&w->rng, 30) == 0 ? (int)rng_between(&w->rng, 5, 150) : 1;
        for (int i = 0; i < burst && at < w->end; i++) {
            post_once(w, at, (int)rng_below(&w->rng, AUTHORS));
            at += rng_between(&w->rng, 1000, 3 * USEC_PER_S);
        }
    }
    qsort(w->events, (size_t)w->event_count, sizeof w->events[0], by_time);
}

static bool next_event(void *ctx, struct sim_post *ret) {
    struct week *w = ctx;
    if (w->event_next == w->event_count) return false;
    *ret = w->events[w->event_next++].p;
    return true;
}

/* --- the store --------------------------------------------------------------------------- */

static void txn_begin(struct week *w) {
    struct error err;
    if (w->in_txn) return;
    must(store_begin(w->store, true, &err), &err, "begin");
    w->in_txn = true;
    w->in_group = 0;
    w->group = (int)rng_between(&w->rng, 1, 12);
}

static void txn_commit(struct week *w) {
    struct error err;
    if (!w->in_txn) return;
    for (int i = 0; i < FEEDS; i++) {
        const struct intake it = {.kind = INTAKE_NONE, .state = w->states[i]};
        if (w->state_moved[i])
            must(store_intake_put(w->store, str_from_z(feed_keys[i]), str_from_z(feed_kinds[i]),
                                  &it, w->now, &err),
                 &err, "state");
        w->state_moved[i] = false;
    }
    must(store_commit(w->store, &err), &err, "commit");
    w->in_txn = false;
}

static void put_post(struct week *w, const struct post *p) {
    struct error err;
    static const char model[] = "none";
    const struct reading r = {.post = p, .model = model, .probs_bp = {0, 10000, 0}};
    struct actions *acts = w->acts;
    acts->count = 0;
    struct action *a = &acts->v[acts->count++];
    *a = (struct action){.kind = ACTION_PUT_POST};
    a->u.post.reading = &r;
    must(store_apply(w->store, acts, &err), &err, "post");
}

struct taker {
    struct week *w;
    int feed;
};

static void take(void *ctx, struct intake *it) {
    const struct taker *t = ctx;
    struct week *w = t->w;
    struct error err;
    txn_begin(w);
    if (w->trace)
        printf("%" PRId64 " %s gives %d id %" PRId64 " state " STR_FMT "\n", w->now,
               feed_kinds[t->feed], (int)it->kind, it->kind == INTAKE_POST ? it->post.id : 0,
               STR_ARG(str_head(it->state, 80)));
    if (it->state.p) {
        PRE(it->state.n <= INTAKE_STATE_BYTES);
        memcpy(w->state_block[t->feed], it->state.p, (size_t)it->state.n);
        w->states[t->feed] = (str){w->state_block[t->feed], it->state.n};
        w->state_moved[t->feed] = true;
    }
    if (it->kind == INTAKE_POST && !it->post.deleted) {
        bool known;
        must(store_has_post(w->store, it->post.id, &known, &err), &err, "has");
        w->ret->counts.repeated += known;
        const bool drop = w->mistake == WEEK_DROPS && rng_below(&w->rng, 500) == 0;
        if (!known && !drop) put_post(w, &it->post);
    } else if (it->kind != INTAKE_POST && it->kind != INTAKE_NONE && it->kind != INTAKE_END) {
        struct intake row = *it;
        row.state = (str){0};
        must(store_intake_put(w->store, str_from_z(feed_keys[t->feed]),
                              str_from_z(feed_kinds[t->feed]), &row, w->now, &err),
             &err, "intake");
    }
    if (++w->in_group >= w->group) txn_commit(w);
}

/* --- the process ------------------------------------------------------------------------- */

static void on_id(void *ctx, int64_t day, resource r, int64_t id) {
    cost_remember_id(ctx, day, r, id);
}
static void on_none(void *ctx, int64_t day, resource r, int64_t id) {
    (void)ctx, (void)day, (void)r, (void)id;
}
static void on_day(void *ctx, int64_t day, resource r, int64_t billed, money amount) {
    cost_remember_day(ctx, day, r, billed, amount);
}
static void on_report(void *ctx, int64_t day, int64_t posts) {
    cost_remember_report(ctx, day, posts);
}

static const money prices[RESOURCE_COUNT] = {
    [RESOURCE_POST] = {500000}, [RESOURCE_EVENT] = {500000}, [RESOURCE_USER] = {1000000}};

static void open_account(struct week *w) {
    struct error err;
    struct handle *handles;
    int count;
    struct x_account_options opt = {.base = STR("http://127.0.0.1:1"),
                                    .token = STR(TOKEN),
                                    .cost = {.budget = w->budget, .posts_max = 3000000},
                                    .seed = w->seed};
    memcpy(opt.cost.price, prices, sizeof prices);
    must(x_account_open(&w->life, &opt, &w->account, &err), &err, "account");
    struct cost *cost = x_account_cost(w->account);
    const struct cost_rows to = {cost, on_id, on_day, on_report};
    const int64_t day = time_utc_day(w->now);
    must(store_cost_rows(w->store, day - 40, day - 1, &to, &err), &err, "costs");
    must(store_handles(w->store, &w->life, STR("x"), &handles, &count, &err), &err, "handles");
    for (int i = 0; i < count; i++) x_account_know(w->account, &handles[i]);
}

static str state_of(struct week *w, int feed) {
    struct error err;
    str state;
    bool found;
    must(store_feed_state(w->store, &w->life, str_from_z(feed_keys[feed]), &state, &found, &err),
         &err, "state");
    return found && w->mistake != WEEK_NO_STATE ? state : STR("");
}

static void open_x(struct week *w, int feed) {
    struct error err;
    struct connector *c;
    str *authors = NEW_ARRAY(&w->life, str, FOLLOWED);
    for (int i = 0; i < FOLLOWED; i++) authors[i] = str_from_z(author_names[i]);
    const struct x_source_options opt = {.account = w->account,
                                         .name = STR("x"),
                                         .authors = authors,
                                         .author_count = FOLLOWED,
                                         .query = STR(""),
                                         .filter = STR("-is:retweet -is:reply"),
                                         .interval = 60 * USEC_PER_S,
                                         .pages_max = 3,
                                         .floor = 2 * USEC_PER_S,
                                         .state = state_of(w, feed),
                                         .now = w->now,
                                         .seed = w->seed + (uint64_t)feed};
    const bool ok = feed == SEARCH   ? x_search_open(&w->life, &opt, &c, &err)
                    : feed == STREAM ? x_stream_open(&w->life, &opt, &c, &err)
                                     : x_activity_open(&w->life, &opt, &c, &err);
    must(ok, &err, feed_kinds[feed]);
    feedkit_init(&w->kits[feed], c, &w->x);
    w->kits[feed].trace = w->trace;
}

static void open_jetstream(struct week *w) {
    struct error err;
    struct connector *c;
    struct handle *known;
    int count;
    str *authors = NEW_ARRAY(&w->life, str, FOLLOWED);
    must(store_handles(w->store, &w->life, STR("bsky"), &known, &count, &err), &err, "handles");
    for (int i = 0; i < FOLLOWED; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s.bsky.social", author_names[i]);
        authors[i] = str_dup(&w->life, str_from_z(name));
    }
    const struct jetstream_options opt = {.base = STR("ws://127.0.0.1:1"),
                                          .resolver = STR("http://127.0.0.1:1"),
                                          .name = STR("bsky"),
                                          .authors = authors,
                                          .author_count = FOLLOWED,
                                          .known = known,
                                          .known_count = count,
                                          .state = state_of(w, JETSTREAM),
                                          .now = w->now,
                                          .seed = w->seed};
    must(jetstream_open(&w->life, &opt, &c, &err), &err, "jetstream");
    feedkit_init(&w->kits[JETSTREAM], c, &w->jetstream);
    w->kits[JETSTREAM].trace = w->trace;
}

static void birth(struct week *w) {
    struct error err;
    char url[96];
    snprintf(url, sizeof url, "sqlite:%s", w->db);
    arena_reset(&w->life);
    const struct store_options opt = {.url = str_dup(&w->life, str_from_z(url)),
                                      .access = STORE_WRITE,
                                      .create = true,
                                      .busy_timeout_ms = 1000};
    must(store_open(&w->life, &opt, &w->store, &err), &err, "store");
    w->acts = NEW(&w->life, struct actions);
    memset(w->states, 0, sizeof w->states);
    open_account(w);
    for (int i = SEARCH; i <= ACTIVITY; i++)
        if (w->uses[i]) open_x(w, i);
    if (w->uses[JETSTREAM]) open_jetstream(w);
    w->alive = true;
}

static void death(struct week *w) {
    if (w->in_txn) store_rollback(w->store);
    w->in_txn = false;
    if (w->mistake == WEEK_STATE_FIRST) {
        txn_begin(w);
        txn_commit(w);
    }
    for (int i = 0; i < FEEDS; i++) {
        if (!w->uses[i]) continue;
        struct feedkit *k = &w->kits[i];
        w->ret->counts.calls += k->calls;
        w->ret->counts.lost_calls += k->lost_calls;
        w->ret->counts.streams += k->streams;
        feedkit_fini(k, w->now);
        connector_close(k->c);
        w->state_moved[i] = false;
    }
    x_account_close(w->account);
    store_close(w->store);
    w->alive = false;
}

/* --- time -------------------------------------------------------------------------------- */

static void step_all(struct week *w) {
    for (int i = 0; i < FEEDS; i++) {
        struct taker t = {w, i};
        if (w->uses[i]) feedkit_run(&w->kits[i], w->now, &w->scratch, take, &t);
    }
}

static usec next_moment(struct week *w) {
    usec at = w->x.next_at(w->x.ctx);
    for (int i = 0; i < FEEDS; i++)
        if (w->uses[i]) at = i64_min(at, feedkit_next(&w->kits[i]));
    return i64_max(at, w->now + 1000); /* time always goes on */
}

/* Until `until` or the next kill. */
static void live(struct week *w, usec until) {
    birth(w);
    while (w->now < until && w->ret->ok) {
        step_all(w);
        if (w->in_txn && rng_below(&w->rng, 3) != 0) txn_commit(w);
        w->now = i64_min(next_moment(w), until);
        w->x.advance(w->x.ctx, w->now);
    }
}

/* --- the truth --------------------------------------------------------------------------- */

/* Was the moment in a span that the ledger says is lost, for every source that could have seen it?
 */
static bool is_excused(struct week *w, usec at, const struct gap *const *lost,
                       const int *lost_count) {
    for (int i = 0; i < FEEDS; i++) {
        bool here = false;
        if (!w->uses[i] || i == JETSTREAM) continue;
        for (int k = 0; k < lost_count[i]; k++)
            here = here || (at >= lost[i][k].from && at <= lost[i][k].until);
        if (!here) return false;
    }
    return true;
}

static int64_t count_rows(struct week *w, const char *sql) {
    struct error err;
    struct store_stmt *st;
    int64_t n = 0;
    must(w->store->ops->prepare(w->store, sql, &st, &err), &err, sql);
    if (w->store->ops->step(st, &err) == STEP_ROW) n = w->store->ops->col_i64(st, 0);
    w->store->ops->reset(st);
    return n;
}

/* The lost spans of a feed, from the table; that it still waits for money is one more, which is
 * written down when it goes on. */
static int lost_gaps(struct week *w, int feed, struct gap *ret, int max) {
    struct error err;
    struct store_stmt *st;
    int n = 0;
    static const char *const sql =
        "SELECT from_at, until_at FROM gaps WHERE source = $1 AND (state = 'lost' OR $2)";
    must(w->store->ops->prepare(w->store, sql, &st, &err), &err, sql);
    w->store->ops->bind_bool(st, 2, w->poor); /* what is fetched when there is money again */
    w->store->ops->bind_str(st, 1, str_from_z(feed_keys[feed]));
    while (n < max && w->store->ops->step(st, &err) == STEP_ROW) {
        ret[n].from = w->store->ops->col_time(st, 0);
        ret[n++].until = w->store->ops->col_time(st, 1);
    }
    w->store->ops->reset(st);
    struct source_status status;
    connector_status(w->kits[feed].c, w->now, &status);
    if (n > 0 && n < max && w->poor && status.state == SOURCE_BUDGET) {
        usec last = 0;
        for (int i = 0; i < n; i++) last = i64_max(last, ret[i].until);
        ret[n++] = (struct gap){.from = last, .until = w->now};
    }
    return n;
}

static bool stored_text_is(struct week *w, int64_t id, str text, bool *ret_same) {
    struct error err;
    struct store_stmt *st;
    static const char *const sql = "SELECT text FROM tweets WHERE id = $1";
    must(w->store->ops->prepare(w->store, sql, &st, &err), &err, sql);
    w->store->ops->bind_i64(st, 1, id);
    const bool found = w->store->ops->step(st, &err) == STEP_ROW;
    *ret_same = found && str_eq(w->store->ops->col_str(st, 0), text);
    w->store->ops->reset(st);
    return found;
}

#define LOST_MAX 2000

static void check_posts(struct week *w) {
    const struct gap *lost[FEEDS] = {0};
    int lost_count[FEEDS] = {0};
    const bool x = w->uses[SEARCH] || w->uses[STREAM] || w->uses[ACTIVITY];
    for (int i = 0; i < FEEDS; i++) {
        struct gap *g = NEW_ARRAY(&w->boot, struct gap, LOST_MAX);
        lost[i] = g;
        lost_count[i] = w->uses[i] ? lost_gaps(w, i, g, LOST_MAX) : 0;
        w->ret->counts.gaps += lost_count[i];
    }
    for (int i = 0; x && i < w->event_count; i++) {
        struct event_at *e = &w->events[i];
        bool same;
        if (e->p.kind == SIM_POST_DELETION) continue;
        w->ret->counts.published++;
        e->stored = stored_text_is(w, e->p.id, e->p.text, &same);
        if (e->stored && !same) wrong(w, "post %" PRId64 " is stored with another text", e->p.id);
        w->ret->counts.stored += e->stored;
        if (!e->expected || e->gone) continue;
        w->ret->counts.expected++;
        if (e->stored) continue;
        if (is_excused(w, e->p.at, lost, lost_count))
            w->ret->counts.lost_excused++;
        else
            wrong(w, "post %" PRId64 " of %" PRId64 " was never stored", e->p.id, e->p.at);
    }
    const int64_t rows = count_rows(w, "SELECT count(*) FROM tweets WHERE source = 'x'");
    if (rows != w->ret->counts.stored)
        wrong(w, "%" PRId64 " posts of X are stored, %" PRId64 " of them were published", rows,
              w->ret->counts.stored);
    w->ret->counts.missed = count_rows(w, "SELECT count(*) FROM tweets WHERE missed");
}

/* On Jetstream: each post and each version of it, of the authors that are followed. */
static void check_jetstream(struct week *w) {
    struct gap *lost = NEW_ARRAY(&w->boot, struct gap, LOST_MAX);
    int64_t want = 0, least = 0;
    if (!w->uses[JETSTREAM]) return;
    const int n = lost_gaps(w, JETSTREAM, lost, LOST_MAX);
    for (int i = 0; i < w->event_count; i++) {
        const struct event_at *e = &w->events[i];
        bool excused = false;
        if (e->p.kind == SIM_POST_DELETION || e->p.author_id >= author_id(FOLLOWED)) continue;
        if (e->p.ref == POST_REF_RETWEET) continue; /* of another collection there */
        for (int k = 0; k < n; k++)
            excused = excused || (e->p.at >= lost[k].from && e->p.at <= lost[k].until);
        want++;
        least += !excused;
    }
    const int64_t rows = count_rows(w, "SELECT count(*) FROM tweets WHERE source = 'bsky'");
    if (rows > want || rows < least)
        wrong(w, "%" PRId64 " posts of Jetstream are stored, %" PRId64 " to %" PRId64 " were sent",
              rows, least, want);
}

struct day_sum {
    int64_t billed[RESOURCE_COUNT], reported, amount_e8;
};
struct sums {
    int64_t first;
    struct day_sum v[64];
};

static void sum_day(void *ctx, int64_t day, resource r, int64_t billed, money amount) {
    struct sums *s = ctx;
    PRE(day >= s->first && day < s->first + COUNT_OF(s->v));
    s->v[day - s->first].billed[r] += billed;
    s->v[day - s->first].amount_e8 += money_e8(amount);
}
static void sum_report(void *ctx, int64_t day, int64_t posts) {
    struct sums *s = ctx;
    if (day < s->first || day >= s->first + COUNT_OF(s->v)) return;
    s->v[day - s->first].reported = posts;
}

#define EDGE 3 /* delivered before midnight and received after it: of the next day for us */

static void check_bill(struct week *w) {
    struct error err;
    struct sums sums = {.first = time_utc_day(START) - 1};
    const struct cost_rows to = {&sums, on_none, sum_day, sum_report};
    must(store_cost_rows(w->store, sums.first, INT64_MAX, &to, &err), &err, "costs");
    for (int64_t i = 0; i < COUNT_OF(sums.v); i++) {
        const struct day_sum *d = &sums.v[i];
        int64_t ours = 0, bill = 0;
        for (resource r = RESOURCE_POST; r < RESOURCE_COUNT; r++) {
            const int64_t billed = x_face_billed(w->face, sums.first + i, r);
            if (d->billed[r] > billed + EDGE)
                wrong(w, "day %" PRId64 ": counted %" PRId64 " of %s, X billed %" PRId64,
                      sums.first + i, d->billed[r], resource_name(r), billed);
            if (r != RESOURCE_USER) ours += d->billed[r];
            if (r != RESOURCE_USER) bill += billed;
        }
        w->ret->counts.billed += bill;
        w->ret->counts.adjusted += i64_max(d->reported - ours, 0);
        ours = i64_max(ours, d->reported); /* answers that never came */
        if (ours < bill || ours > bill + EDGE)
            wrong(w, "day %" PRId64 ": counted %" PRId64 " posts and events, X billed %" PRId64,
                  sums.first + i, ours, bill);
    }
}

#define SLACK 60 /* posts that streams deliver before they are closed */

/* No month costs more than its budget, and what was counted is what the counts are worth. */
static void check_money(struct week *w) {
    struct error err;
    struct sums sums = {.first = time_utc_day(START) - 1};
    const struct cost_rows to = {&sums, on_none, sum_day, sum_report};
    int64_t month = 0;
    must(store_cost_rows(w->store, sums.first, INT64_MAX, &to, &err), &err, "costs");
    for (int64_t i = 0; i < COUNT_OF(sums.v); i++) {
        const struct day_sum *d = &sums.v[i];
        char text[TIME_TEXT_BYTES];
        const str day = str_head(time_format_rfc3339((sums.first + i) * USEC_PER_DAY, text), 10);
        int64_t worth = 0;
        if (str_ends(day, STR("-01"))) month = 0;
        for (resource r = RESOURCE_POST; r < RESOURCE_COUNT; r++)
            worth += d->billed[r] * money_e8(prices[r]);
        month += d->amount_e8;
        if (worth != d->amount_e8)
            wrong(w, "day " STR_FMT ": dollars are not counts", STR_ARG(day));
        if (month > money_e8(w->budget) + SLACK * money_e8(prices[RESOURCE_POST]))
            wrong(w, "by " STR_FMT " the month cost %" PRId64 "e-8, its budget is %" PRId64,
                  STR_ARG(day), month, money_e8(w->budget));
    }
}

void week_run(uint64_t seed, int days, week_mistake m, bool trace, struct week_result *ret) {
    struct error err;
    struct week *w = calloc(1, sizeof *w);
    PRE(w != NULL);
    *ret = (struct week_result){.ok = true};
    *w = (struct week){.seed = seed,
                       .now = START,
                       .end = START + days * USEC_PER_DAY,
                       .trace = trace,
                       .mistake = m,
                       .ret = ret};
    rng_init(&w->rng, seed);
    arena_open(&w->boot, 256 << 20);
    arena_open(&w->life, INT64_C(1) << 30);
    arena_open(&w->scratch, 64 << 20);
    snprintf(w->db, sizeof w->db, "/dev/shm/bf-week-%d-%" PRIu64 ".db", (int)getpid(), seed);
    do
        for (int i = 0; i < FEEDS; i++) w->uses[i] = rng_below(&w->rng, 2) != 0;
    while (!w->uses[SEARCH] && !w->uses[STREAM] && !w->uses[ACTIVITY] && !w->uses[JETSTREAM]);
    make_events(w);
    struct x_face_options opt = {.timeline = {next_event, w},
                                 .token = STR(TOKEN),
                                 .seed = seed,
                                 .credits = money_from_e8(-1),
                                 .index_lag = rng_between(&w->rng, 0, 8) * USEC_PER_S,
                                 .start = START};
    memcpy(opt.price, prices, sizeof prices);
    opt.faults = faults_random_x(&w->boot, seed, (int)rng_below(&w->rng, 80), START, w->end);
    must(x_face_open(&w->boot, &opt, &w->face, &err), &err, "face");
    x_face_x(w->face, &w->x);
    x_face_jetstream(w->face, &w->jetstream);
    w->poor = rng_below(&w->rng, 4) == 0;
    w->budget = money_from_e8(w->poor ? rng_between(&w->rng, 2, 12) * E8 : 1000 * E8);
    ret->counts.poor = w->poor;
    while (w->now < w->end && ret->ok) {
        const usec kill = w->now + rng_between(&w->rng, USEC_PER_MIN, 2 * USEC_PER_DAY);
        live(w, i64_min(kill, w->end));
        if (w->now == w->end) break;
        death(w);
        ret->counts.kills++;
        const usec away = rng_below(&w->rng, 4) ? rng_between(&w->rng, 1, 600) * USEC_PER_S
                                                : rng_between(&w->rng, 1, 10) * USEC_PER_HOUR;
        w->now = i64_min(w->now + away, w->end - 1);
        w->x.advance(w->x.ctx, w->now);
    }
    if (w->alive) death(w);
    if (ret->ok) live(w, w->end + QUIET);
    if (ret->ok) {
        txn_commit(w);
        check_posts(w);
        check_jetstream(w);
        check_bill(w);
        check_money(w);
    }
    if (w->alive) death(w);
    x_face_close(w->face);
    char name[96];
    static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
    for (int i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "%s%s", w->db, suffixes[i]);
        unlink(name);
    }
    arena_close(&w->scratch);
    arena_close(&w->life);
    arena_close(&w->boot);
    free(w);
}
