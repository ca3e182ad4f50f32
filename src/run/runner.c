/* runner: how a run begins and where it stands.
 *
 * Live sources keep their own states (feeds.c); they were given theirs when they were opened.
 *
 * The store keeps three blobs beside the trader's rows: "run" (the virtual clock, how far prices
 * and posts were delivered), "prices" (what the trader knows of the market) and "venue" (the paper
 * venue's orders and balances). They are written in the transaction of the turns that moved them.
 * Opening a runner puts source, market, trader and venue back to where those blobs say; from there
 * on the future is the one that would have come without the interruption.
 *
 * A cursor counts only for the file that it was made on (place.h): another posts file starts at its
 * first line, and what is older than the store's clock is delivered late, with its own times.
 *
 * Failure: nothing is written while opening, so an error leaves the store as it was.
 * Thread: the trader's. */
#include "run/run_int.h"

#include <inttypes.h>

#include "base/alive.h"
#include "base/log.h"

#define BLOB_BYTES_MAX (16 << 20)

struct cursor {
    bool found, is_wall;
    usec clock, market;
    int64_t market_done;
    struct place place;
};

static bool cursor_line(struct cursor *c, str line) {
    str value = line, key;
    bool known;
    if (!str_cut(&value, '=', &key)) return false;
    if (str_eq(key, STR("clock"))) return str_to_i64(value, &c->clock);
    if (str_eq(key, STR("market"))) return str_to_i64(value, &c->market);
    if (str_eq(key, STR("market_done"))) return str_to_i64(value, &c->market_done);
    if (str_eq(key, STR("time"))) c->is_wall = str_eq(value, STR("wall"));
    return place_line(&c->place, key, value, &known);
}

static bool cursor_get(struct runner *r, struct arena *a, struct cursor *ret, struct error *err) {
    str text;
    struct cursor c = {0};
    if (!store_cursor_get(r->parts.store, a, STR("run"), &text, &c.found, err)) return false;
    str line;
    while (c.found && str_cut(&text, '\n', &line)) {
        if (line.n > 0 && !cursor_line(&c, line))
            return fail(err, ERR_DAMAGED, 0,
                        "cursor \"run\": cannot read \"" STR_FMT "\"; restore a backup",
                        STR_ARG(line));
    }
    *ret = c;
    return true;
}

/* Prices continue behind the last one delivered: several may share its time. */
static void market_back(struct runner *r, const struct cursor *c) {
    struct market_event skipped;
    market_seek(r->parts.market, c->market - 1);
    for (int64_t i = 0; i < c->market_done && market_peek(r->parts.market) == c->market; i++)
        market_next(r->parts.market, &skipped);
    r->market_at = c->market;
    r->market_done = c->market_done;
}

static bool blob_back(struct runner *r, struct arena *a, const char *name,
                      bool (*load)(struct runner *r, str blob, struct error *err),
                      struct error *err) {
    str blob;
    bool found;
    if (!store_cursor_get(r->parts.store, a, str_from_z(name), &blob, &found, err)) return false;
    if (found && !load(r, blob, err)) return fail_in(err, "cursor \"%s\"", name);
    return true;
}

static bool load_prices(struct runner *r, str blob, struct error *err) {
    return trader_load_prices(r->parts.trader, blob, err);
}

static bool load_venue(struct runner *r, str blob, struct error *err) {
    return venue_load(r->parts.venue, blob, err);
}

/* The time that this run begins at: where the store stands, else the first thing to happen. */
static bool continue_from(struct runner *r, struct arena *a, struct error *err) {
    struct cursor c = {0};
    if (!cursor_get(r, a, &c, err)) return false;
    struct trader_view view;
    trader_view(r->parts.trader, &view);
    r->fresh = !c.found;
    r->now = i64_max(c.clock, view.account->now);
    r->command_seen = 0;
    r->was_wall = c.is_wall;
    if (!c.found) return true;

    if (r->parts.market && !r->opt.rebase && !c.is_wall) market_back(r, &c);
    if (r->replay && !place_seek(&c.place, r->replay, &r->offset, err)) return false;
    r->offset_open = r->offset;
    return true;
}

const struct run_feed *run_replay(const struct run_parts *parts) {
    for (int i = 0; i < parts->feed_count; i++)
        if (!source_is_live(parts->feeds[i].source)) return &parts->feeds[i];
    return NULL;
}

bool runner_open(struct arena *boot, const struct run_parts *parts, const struct run_options *opt,
                 const struct run_watch *watch, struct runner **ret, struct error *err) {
    struct runner *r = NEW(boot, struct runner);
    r->parts = *parts;
    r->opt = *opt;
    r->letters.who = STR("run"); /* without a number: a replay's rows are always the same */
    if (parts->live != NULL) {
        const struct config *const cfg = config_live_take(parts->live);
        r->letters.bytes_max = cfg->run_dead_letters_mb << 20;
        config_live_give(parts->live, cfg);
    }
    if (watch) r->watch = *watch;
    r->replay = run_replay(&r->parts);
    feeds_init(&r->feeds, parts->store, r->parts.feeds, parts->feed_count);
    candles_init(boot, r);
    meter_open(&r->meter, false);
    r->acts = NEW(boot, struct actions);
    r->reply = NEW(boot, struct reply);
    r->sends = NEW_ARRAY(boot, struct request, SENDS_MAX);
    buf_init(&r->blob, BLOB_BYTES_MAX);
    r->version_seen = store_data_version(parts->store);
    r->commands_due = true; /* those that were given while nothing ran */

    struct arena scratch;
    arena_open(&scratch, 4 * (ptrdiff_t)BLOB_BYTES_MAX);
    const bool ok = continue_from(r, &scratch, err) &&
                    (opt->rebase || blob_back(r, &scratch, "prices", load_prices, err)) &&
                    (!(parts->venue->ops->caps & VENUE_CAP_STATE) ||
                     blob_back(r, &scratch, "venue", load_venue, err));
    arena_close(&scratch);
    if (!ok) {
        feeds_fini(&r->feeds);
        buf_fini(&r->blob);
        return fail_in(err, "continue from the store");
    }
    /* A database elsewhere has no journal: who cannot reach it cannot know whether another trader
     * has taken over, and must not act. What is held has its stops at the venue. */
    const bool elsewhere = !(parts->venue->ops->caps & VENUE_CAP_STATE);
    buf_init(&r->pending, JOURNAL_BYTES / 2);
    if (elsewhere && store_is_file(parts->store) &&
        !journal_open(boot, store_path(parts->store), &r->journal, err)) {
        runner_close(r);
        return fail_in(err, "the journal for when the store cannot be written");
    }
    *ret = r;
    return true;
}

static void tell_task(struct runner *r, struct worker *w) {
    r->sheds_told = r->load.sheds;
    r->shed_told = r->load.shed;
    if (r->load.sheds)
        worker_task_within(w, USEC_NEVER,
                           "posts and prices; the model is behind, %" PRId64
                           " posts left to the linear one",
                           r->load.shed);
    else
        worker_task_within(w, USEC_NEVER, r->wall ? "posts and prices as they come" : "a replay");
}

void runner_tell_work(struct runner *r) {
    struct worker *const w = r->parts.worker;
    if (w == NULL) return;
    worker_done(w, r->posts - r->posts_told);
    r->posts_told = r->posts;
    const bool over = r->posts_ended && r->prices_ended;
    if (over) worker_idle(w);
    if (!over && (!r->at_work || r->load.shed != r->shed_told || r->load.sheds != r->sheds_told))
        tell_task(r, w);
    r->at_work = !over;
}

void runner_close(struct runner *r) {
    if (!r) return;
    runner_tell_work(r);
    if (r->in_txn) store_rollback(r->parts.store);
    r->in_txn = false;
    journal_close(r->journal);
    r->journal = NULL;
    feeds_fini(&r->feeds);
    settings_close(r);
    buf_fini(&r->pending);
    buf_fini(&r->blob);
}

bool runner_saw_no_post(const struct runner *r) {
    if (!r->posts_ended || !r->replay || r->offset_open > 0) return false;
    const struct source_counts *c = &r->replay->source->counts;
    return c->lines > 0 && c->posts == 0 && c->deletions == 0;
}

void runner_replay_over(struct runner *r) {
    struct run_told *const told = r->parts.told;
    if (told == NULL || atomic_load(&told->ended_at) != 0) return;
    atomic_store(&told->posts, r->posts);
    atomic_store(&told->ended_at, r->now);
}

void runner_progress(struct runner *r, struct run_progress *ret) {
    *ret = (struct run_progress){.now = r->now,
                                 .started_at = r->started_at,
                                 .posts = r->posts,
                                 .prices = r->prices,
                                 .commits = r->commits,
                                 .dead = r->letters.seen,
                                 .offset = r->offset,
                                 .waiting_posts = r->waiting_posts,
                                 .posts_ended = r->posts_ended,
                                 .prices_ended = r->prices_ended,
                                 .no_post = runner_saw_no_post(r)};
    trader_view(r->parts.trader, &ret->view);
    ret->feeds = r->shown;
    for (int i = 0; i < r->parts.feed_count; i++) {
        const struct feed_progress *p = &r->feeds.v[i];
        if (!source_is_live(r->parts.feeds[i].source)) continue;
        r->shown[ret->feed_count++] =
            (struct run_feed_progress){r->parts.feeds[i].key, p->kept, p->known, p->status};
    }
}

void runner_tick(struct runner *r, bool at_once) {
    alive_beat();
    meter_look(&r->meter, r->parts.trader, r->now, at_once);
    if (!r->watch.tick) return;
    const usec mono = time_monotonic_us();
    if (!at_once && mono < r->tick_at) return;
    r->tick_at = mono + r->watch.every;
    struct run_progress p;
    runner_progress(r, &p);
    r->watch.tick(r->watch.ctx, &p);
}
