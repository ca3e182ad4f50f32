/* wall: a run in real time.
 *
 *     source threads ─► (reader threads) ─► inbox ─► trader ─► store ─► lanes ─► venue
 *     market thread ─────────────────────►  │  ◄──────── replies ◄───────┘
 *     the venue's own threads ───────────►  │  (reports, how it stands, symbols' terms)
 *     keeper thread: brings the database's log into its file, now and then, and removes what is old
 *     enough
 *
 * The trader's thread takes one thing at a time from the inbox, does its turn (turn.c), and between
 * them looks at timers, at people's commands (every 50 ms), and at rows that wait for a commit:
 * rows that nothing follows from share one, for at most 100 ms or 256 rows. What live
 * sources pass on is committed as soon as nothing more waits, or every 2 ms: whoever asks for a
 * post finds it, and posts that come together share a commit.
 *
 * Rebase: a replay moved to now. The first post is now; posts and prices keep their distance from
 * it. Prices from before are fed at once, as what is known. A candle's open counts as a price of
 * the moment at which it is delivered, if that is soon enough.
 *
 * A venue that answers from memory is called on the trader's thread; any other through two lanes,
 * and its own threads run from before the first turn, so that no news is missed, until the last
 * request has been answered.
 *
 * Failure: of a replay ends the run; of the store, too, where the venue lives in it; else the run
 * goes on with the journal (turn.c), and posts wait meanwhile. Requests that protect and were
 * handed to a lane are still sent before it ends. */
#include "run/run_int.h"

#include <pthread.h>
#include <time.h>

#include "base/alive.h"
#include "base/board.h"
#include "base/log.h"
#include "base/metric.h"
#include "run/clock_watch.h"
#include "run/keep.h"
#include "run/lanes.h"
#include "run/live_posts.h"
#include "run/store_clock.h"

#define ORDERS_MAX 512
#define POLL_US (50 * USEC_PER_MS)
#define GROUP_US (100 * USEC_PER_MS)
#define LIVE_GROUP_US (2 * USEC_PER_MS)
#define GROUP_ROWS 256
#define LEAD_US USEC_PER_S
#define KEEPER_US (500 * USEC_PER_MS)
#define KEEPER_COMMITS 16
/* Commits wait behind it for milliseconds; rarer, it finds pages that were written many times once.
 */
#define CHECKPOINT_US (3 * USEC_PER_S)
#define SCRUB_US USEC_PER_MIN
#define REWRITE_US (12 * USEC_PER_HOUR) /* texts of deleted posts must be gone within a day */
#define LATE_PRICE (500 * USEC_PER_MS)  /* an older open is no price of now */
#define CLOCK_SURE (10 * USEC_PER_S)
#define CLOCK_JUMP (250 * USEC_PER_MS) /* less is in what proofs leave to spare */

struct live {
    struct runner *r;
    struct inbox *inbox;
    struct lanes *lanes;                     /* NULL: the venue answers from memory */
    struct live_posts *posts[RUN_FEEDS_MAX]; /* by feed */
    const struct live_posts *replay;         /* of them; NULL: none */
    int64_t got[RUN_FEEDS_MAX];              /* from the inbox */
    int64_t released[RUN_FEEDS_MAX], told[RUN_FEEDS_MAX];
    usec shift;

    pthread_t market_thread, keeper_thread;
    bool market_runs, keeper_runs, venue_runs;
    pthread_mutex_t mutex;
    pthread_cond_t stopping;
    bool stop;
    atomic_bool prices_done;
    _Atomic int64_t commits; /* for the keeper */
    atomic_bool scrub_due;   /* the same: there were deletions */

    struct inbox_item item; /* large */
    usec commands_at;       /* monotonic: next look */
    usec lead_at;           /* monotonic: next sign of the trader's to those who stand by */
};

/* --- the market's thread ----------------------------------------------------------------- */

static void shift_event(struct market_event *m, usec by) {
    m->at += by;
    m->quote.at += by;
    m->candle.open_at += by;
    m->candle.close_at += by;
}

static bool wait_until(struct live *v, usec at) {
    bool go;
    pthread_mutex_lock(&v->mutex);
    for (;;) {
        const usec left = at - time_wall_us();
        go = !v->stop;
        if (!go || left <= 0) break;
        const usec until = time_monotonic_us() + i64_min(left, USEC_PER_S);
        const struct timespec ts = {until / USEC_PER_S, until % USEC_PER_S * 1000};
        pthread_cond_timedwait(&v->stopping, &v->mutex, &ts);
    }
    pthread_mutex_unlock(&v->mutex);
    return go;
}

static void *run_market(void *arg) {
    struct live *v = arg;
    struct market_event m;
    const bool live = market_is_live(v->r->parts.market);
    while (market_next(v->r->parts.market, &m)) {
        if (!live) shift_event(&m, v->shift);
        if (!live && !wait_until(v, m.at)) return NULL;
        switch (m.kind) {
        case MARKET_QUOTE:
            inbox_put_quote(v->inbox, &m.quote);
            break;
        case MARKET_CANDLE:
            inbox_put_candle(v->inbox, &m.candle);
            break;
        case MARKET_DRY:
            inbox_put_dry(v->inbox, m.sym);
            break;
        }
    }
    atomic_store(&v->prices_done, true);
    return NULL;
}

/* --- the venue's threads ----------------------------------------------------------------- */

static void sink_report(void *ctx, const struct report *r) {
    inbox_put_report(((struct live *)ctx)->inbox, r);
}

static void sink_news(void *ctx, const struct venue_news *n) {
    inbox_put_venue(((struct live *)ctx)->inbox, n);
}

/* A pair that is not among ours from the start is of no use before the next one. */
static void sink_symbol(void *ctx, const struct symbol *s) {
    struct live *v = ctx;
    const int sym = symbols_find(v->r->parts.symbols, str_from_z(s->name));
    if (sym != SYM_NONE) inbox_put_symbol(v->inbox, sym, s);
}

static bool start_venue(struct live *v, struct error *err) {
    const struct venue_sink sink = {v, sink_report, sink_news, sink_symbol};
    v->venue_runs = venue_start(v->r->parts.venue, &sink, err);
    return v->venue_runs || fail_in(err, "start venue %s", v->r->parts.venue->ops->name);
}

/* --- the keeper's thread ----------------------------------------------------------------- */

/* What deletions took from the posts leaves the log, too. Somebody may be reading: then later. */
static void scrub(struct live *v) {
    struct error err;
    bool clean = false;
    atomic_store(&v->scrub_due, false); /* first: a deletion meanwhile sets it again */
    if (!store_scrub(v->r->parts.keeper, false, &clean, &err))
        log_unusual("scrub_failed", LOG_Z("why", err.msg));
    if (!clean) atomic_store(&v->scrub_due, true);
}

/* What the keeper's thread has done so far, and does next. */
struct keeping {
    struct live *v;
    struct keep keep;
    struct clock_watch clock;
    int64_t done; /* commits whose pages are in their place */
    usec scrub_at, rewrite_at, checkpoint_at;
};

/* Brings what commits left for later into its place, so that no commit has to: on a connection and
 * a thread of its own, so that nobody waits for it. */
static void checkpoint(struct keeping *k) {
    struct error err;
    const int64_t commits = atomic_load(&k->v->commits);
    if (commits - k->done < KEEPER_COMMITS || time_monotonic_us() < k->checkpoint_at) return;
    k->done = commits;
    k->checkpoint_at = time_monotonic_us() + CHECKPOINT_US;
    if (!store_checkpoint(k->v->r->parts.keeper, &err))
        log_unusual("checkpoint_failed", LOG_Z("why", err.msg));
}

/* Between two transactions of a round of pruning: the trader's turns come first, four times as long
 * as that one took, and the log is kept short. */
static bool rest(void *ctx, usec held) {
    struct keeping *const k = ctx;
    checkpoint(k);
    return wait_until(k->v, time_wall_us() + i64_clamp(4 * held, USEC_PER_MS, USEC_PER_S));
}

static void keep(struct keeping *k) {
    struct runner *const r = k->v->r;
    struct error err;
    if (r->parts.live == NULL) return;
    const struct config *const cfg = config_live_take(r->parts.live);
    if (!keep_chores(&k->keep, r->parts.keeper, cfg, &err))
        log_unusual("prune_failed", LOG_Z("why", err.msg));
    config_live_give(r->parts.live, cfg);
}

static void watch_clock(struct keeping *k) {
    struct error err;
    if (!clock_watch_look(&k->clock, k->v->r->parts.keeper, &err))
        log_unusual("clock_unknown", LOG_Z("why", err.msg));
}

static void *run_keeper(void *arg) {
    struct live *v = arg;
    struct keeping k = {.v = v, .rewrite_at = time_monotonic_us() + REWRITE_US};
    keep_init(&k.keep, rest, &k);
    while (wait_until(v, time_wall_us() + KEEPER_US)) {
        if (atomic_load(&v->scrub_due) && time_monotonic_us() >= k.scrub_at) {
            k.scrub_at = time_monotonic_us() + SCRUB_US;
            scrub(v);
        }
        if (time_monotonic_us() >= k.rewrite_at) {
            k.rewrite_at = time_monotonic_us() + REWRITE_US;
            turn_rewrite(v->r->parts.keeper); /* the trader's next commit waits that long */
        }
        keep(&k);
        watch_clock(&k);
        checkpoint(&k);
    }
    return NULL;
}

/* --- the trader's thread: one thing from the inbox --------------------------------------- */

/* The turn's time: the wall's, but never back. Where it stood still until a clock that was set back
 * has caught up, nothing would be due meanwhile, and a position could stand bare. A clock that was
 * set by much is not followed before the store's was asked (clock_is_right). */
static usec now_of(struct runner *r) {
    usec jump;
    const usec wall = time_wall_us(), mono = time_monotonic_us();
    r->steady.at = i64_max(r->steady.at, r->now);
    const usec due = r->steady.at + (r->steady.mono != 0 ? mono - r->steady.mono : 0);
    const bool far = wall - due > STORE_CLOCK_MOST || due - wall > STORE_CLOCK_MOST;
    if (far && r->steady.mono != 0 && mono >= r->sure_until) {
        r->clock_doubted = true;
        r->steady = (struct steady){due, mono};
        return due;
    }
    const usec now = steady_now(&r->steady, wall, mono, &jump);
    if (jump > CLOCK_JUMP) {
        log_unusual("clock_jumped", LOG_I("forward_ms", jump / USEC_PER_MS));
        trader_clock_jumped(r->parts.trader);
    }
    return now;
}

static bool price_turn(struct runner *r, usec now, const struct event *ev, struct error *err) {
    r->now = now;
    metric_set(r->price_at, now);
    r->prices++; /* what the venue makes of it is saved when it says so (turn.c) */
    return turn_settle(r, err) && turn_do(r, now, ev, err) && candles_see(r, ev, err);
}

static bool on_quote(struct runner *r, const struct quote *quote, struct error *err) {
    struct event *ev = &r->ev;
    const usec now = now_of(r);
    ev->kind = EVENT_QUOTE;
    ev->u.quote = *quote;
    const bool stands = quote->interval == 0;
    if (!stands && now - quote->at <= LATE_PRICE && now >= quote->at) ev->u.quote.at = now;
    venue_quote(r->parts.venue, now, &ev->u.quote);
    return price_turn(r, now, ev, err);
}

static bool on_candle(struct runner *r, const struct candle *c, struct error *err) {
    struct event *ev = &r->ev;
    const usec now = now_of(r);
    ev->kind = EVENT_CANDLE;
    ev->u.candle = *c;
    venue_candle(r->parts.venue, now, c);
    return price_turn(r, now, ev, err);
}

/* The places of what is durable, and of a replay's posts that the trader has taken (it can be
 * sought again), are free. */
static void release(struct live *v, int feed) {
    struct runner *r = v->r;
    const bool live = source_is_live(r->parts.feeds[feed].source);
    const int64_t done = live ? r->feeds.v[feed].stored : v->got[feed];
    const bool news = done != v->released[feed];
    if (news) live_posts_release(v->posts[feed], done);
    v->released[feed] = done;
    if (!live || (!news && !r->parts.feeds[feed].keep_linked)) return;
    const int64_t passed = live_posts_done(v->posts[feed]);
    if (passed != v->told[feed]) source_stored(r->parts.feeds[feed].source, passed);
    v->told[feed] = passed;
}

/* A source that cannot go on: a replay ends the run, and so does one that is vital; without another
 * live one the others go on, and what is held is cared for. */
static bool on_failure(struct live *v, const struct live_post *p, struct error *err) {
    struct runner *r = v->r;
    const struct run_feed *const f = &r->parts.feeds[p->feed];
    *err = p->err;
    if (f->is_vital || !source_is_live(f->source)) return false;
    r->feeds.v[p->feed].ended = true;
    log_broken("source_failed", LOG_S("source", f->key), LOG_Z("why", p->err.msg));
    return true;
}

/* A deletion of a post that was never kept needs no turn. *ret: it does. */
static bool wants_deletion(struct runner *r, int feed, const struct post *p, bool *ret,
                           struct error *err) {
    *ret = true;
    if (!r->parts.feeds[feed].keep_linked) return true;
    if (!store_has_post(r->parts.store, p->root_id, ret, err)) return false;
    if (!*ret) r->feeds.v[feed].unknown++;
    return true;
}

/* What a source passed on besides a post, into the open transaction (opens one). */
static bool put_row(struct runner *r, int feed, const struct intake *it, struct error *err) {
    if (!feeds_has_row(it)) return true;
    if (!turn_begin(r, err) || !feeds_put_row(&r->feeds, feed, it, err)) return turn_rescue(r, err);
    r->txn_rows++;
    return true;
}

static bool take(struct runner *r, int feed, const struct intake *it, struct error *err) {
    feeds_note(&r->feeds, feed, it);
    r->moved = r->eager = true;
    return put_row(r, feed, it, err);
}

static bool post_turn(struct live *v, struct live_post *p, struct error *err) {
    struct runner *r = v->r;
    const struct post *post = &p->it.post;
    struct event ev;
    bool wanted = true;
    if (post->deleted && !wants_deletion(r, p->feed, post, &wanted, err))
        return turn_rescue(r, err);
    if (!wanted) return true;
    turn_event_of(&p->reading, &ev);
    if (!turn_do(r, now_of(r), &ev, err)) return false;
    r->posts += !post->deleted;
    return true;
}

static bool on_post(struct live *v, struct live_post *p, struct error *err) {
    struct runner *r = v->r;
    const struct run_feed *f = &r->parts.feeds[p->feed];
    v->got[p->feed]++;
    if (p->it.kind == INTAKE_POST) meter_stage_took(STAGE_INBOX, time_wall_us() - p->came_at, 1);
    if (!turn_bury(r, f->name, p->first, err)) return false;
    if (p->failed) {
        if (!on_failure(v, p, err)) return false;
    } else if (source_is_live(f->source)) {
        if (p->it.kind == INTAKE_POST && !post_turn(v, p, err)) return false;
        if (!take(r, p->feed, &p->it, err)) return false;
    } else {
        r->offset = p->offset;
        r->moved = true;
        if (p->it.kind == INTAKE_POST && !post_turn(v, p, err)) return false;
    }
    if (p->it.kind == INTAKE_END) r->feeds.v[p->feed].ended = true;
    r->posts_ended = feeds_all_ended(&r->feeds);
    if (r->feeds.v[p->feed].ended && !source_is_live(f->source)) runner_replay_over(r);
    release(v, p->feed);
    r->waiting_posts = live_posts_waiting(v->posts[p->feed]);
    return true;
}

static bool on_item(struct live *v, struct error *err) {
    struct runner *r = v->r;
    struct event *ev = &r->ev;
    switch (v->item.kind) {
    case INBOX_NOTHING:
        r->prices_ended = r->prices_ended || atomic_load(&v->prices_done);
        return true;
    case INBOX_POST:
        return on_post(v, v->item.post, err);
    case INBOX_QUOTE:
        return on_quote(r, &v->item.quote, err);
    case INBOX_CANDLE:
        return on_candle(r, &v->item.candle, err);
    case INBOX_DRY:
        ev->kind = EVENT_DRY;
        ev->u.sym = v->item.sym;
        return turn_do(r, now_of(r), ev, err);
    case INBOX_REPLY:
        ev->kind = EVENT_REPLY;
        ev->u.reply = &v->item.reply;
        return turn_do(r, now_of(r), ev, err);
    case INBOX_REPORT:
        ev->kind = EVENT_REPORT;
        ev->u.report = v->item.report;
        return turn_do(r, now_of(r), ev, err);
    case INBOX_LOST:
        *ev = (struct event){.kind = EVENT_VENUE, .u.venue = {.state = VENUE_RECONNECTED}};
        IGNORE(!str_copyz(STR("there was no room for its reports"), ev->u.venue.text,
                          sizeof ev->u.venue.text),
               "ours, short");
        return turn_do(r, now_of(r), ev, err);
    case INBOX_VENUE:
        *ev = (struct event){.kind = EVENT_VENUE, .u.venue = v->item.venue};
        return turn_do(r, now_of(r), ev, err);
    case INBOX_SYMBOL:
        *ev = (struct event){.kind = EVENT_SYMBOL, .u.symbol = v->item.symbol};
        return turn_do(r, now_of(r), ev, err);
    }
    WRONG("an inbox item out of its list");
}

/* --- the loop ---------------------------------------------------------------------------- */

/* How long rows may wait for a commit: what nobody waits for a while, what is live until nothing
 * more has come, and not much longer. */
static usec group_age(const struct runner *r, bool idle) {
    if (!r->eager) return GROUP_US;
    return idle ? 0 : LIVE_GROUP_US;
}

static bool group_is_due(const struct runner *r, usec mono, bool idle) {
    return !r->journaling && (r->in_txn || r->moved) &&
           (r->txn_rows >= GROUP_ROWS || mono - r->txn_since >= group_age(r, idle));
}

/* The next moment at which something is to be done even if nothing comes. */
static usec wake_at(struct live *v) {
    const usec mono = time_monotonic_us();
    usec at = v->commands_at;
    if (!v->r->journaling && (v->r->in_txn || v->r->moved))
        at = i64_min(at, v->r->txn_since + group_age(v->r, true));
    const usec timer = trader_next_timer(v->r->parts.trader);
    if (timer != USEC_NEVER) at = i64_min(at, mono + i64_max(timer - now_of(v->r), 0));
    return at;
}

/* What sources passed on beside posts is not in the journal: what was in the transaction that
 * failed is put again. */
static bool recover(struct live *v, struct error *err) {
    struct runner *r = v->r;
    const bool was = r->journaling;
    if (!turn_recover(r, err)) return false;
    for (int i = 0; was && !r->journaling && i < r->parts.feed_count; i++) {
        if (!source_is_live(r->parts.feeds[i].source)) continue;
        const int64_t behind = r->feeds.v[i].taken;
        for (int64_t n = r->feeds.v[i].stored; n < behind; n++)
            if (!put_row(r, i, &live_posts_got(v->posts[i], n)->it, err)) return false;
    }
    return true;
}

/* Says that this trader is there, where another one may take over from one who is silent. */
static bool keep_lead(struct live *v, struct error *err) {
    const usec mono = time_monotonic_us();
    if (mono < v->lead_at || v->r->journaling) return true;
    v->lead_at = mono + LEAD_US;
    return store_trader_keep(v->r->parts.store, err);
}

/* A clock that was set is believed where the store's says the same. Else this trader stops, before
 * he wrote anything of a time that has not come: nobody after him could go on from there. */
static bool clock_is_right(struct runner *r, struct error *err) {
    if (!r->clock_doubted) return true;
    if (!store_clock_check(r->parts.store, err)) return false;
    r->clock_doubted = false;
    r->sure_until = time_monotonic_us() + CLOCK_SURE;
    return true;
}

static bool chores(struct live *v, struct error *err) {
    struct runner *r = v->r;
    const usec mono = time_monotonic_us();
    const struct event timer = {.kind = EVENT_TIMER};
    const usec now = now_of(r);
    if (!clock_is_right(r, err)) return false;
    if (trader_next_timer(r->parts.trader) <= now && !turn_do(r, now, &timer, err)) return false;
    const bool idle = v->item.kind == INBOX_NOTHING;
    if (group_is_due(r, mono, idle) && !turn_commit(r, err)) return false;
    for (int i = 0; i < r->parts.feed_count; i++) release(v, i);
    if (mono < v->commands_at) return true;
    v->commands_at = mono + POLL_US;
    atomic_store(&v->commits, r->commits);
    if (r->scrub_due) atomic_store(&v->scrub_due, true);
    r->scrub_due = false;
    r->now = now_of(r);
    runner_tick(r, false);
    if (r->parts.reader) reader_tend(r->parts.reader, &r->load);
    return recover(v, err) && keep_lead(v, err) && turn_beat(r, err) && turn_commands(r, err);
}

static bool ended(struct runner *r) {
    if (!r->opt.exit_at_end || !r->posts_ended) return false;
    struct trader_view view;
    trader_view(r->parts.trader, &view);
    return r->prices_ended || (view.trades == 0 && view.waiting == 0 && r->send_count == 0);
}

/* For those who look. */
static const char *doing(inbox_kind k) {
    static const char *const texts[] = {
        [INBOX_NOTHING] = "chores",          [INBOX_POST] = "a post",
        [INBOX_QUOTE] = "a price",           [INBOX_CANDLE] = "a candle",
        [INBOX_DRY] = "an end of prices",    [INBOX_REPLY] = "an answer of the venue",
        [INBOX_REPORT] = "news of an order", [INBOX_LOST] = "lost news of orders",
        [INBOX_VENUE] = "news of the venue", [INBOX_SYMBOL] = "a symbol's new terms"};
    return texts[k];
}

static bool loop(struct live *v, struct error *err) {
    struct runner *r = v->r;
    struct board_task *const shown = board_task_open("trader", time_wall_us());
    while (!ended(r) && !(r->opt.stop && atomic_load_explicit(r->opt.stop, memory_order_relaxed))) {
        inbox_hold_posts(v->inbox, r->journaling);
        board_task_set(shown, NULL, time_wall_us());
        inbox_take(v->inbox, wake_at(v), &v->item);
        board_task_set(shown, doing(v->item.kind), time_wall_us());
        if (!on_item(v, err) || !chores(v, err)) return false;
    }
    if (!turn_commit(r, err)) return false;
    for (int i = 0; i < r->parts.feed_count; i++) release(v, i); /* whoever waits is told */
    return true;
}

/* --- beginning and end ------------------------------------------------------------------- */

/* Prices from before the first post: known, and nothing to trade at. */
static bool feed_history(struct live *v, struct error *err) {
    struct runner *r = v->r;
    struct market_event m;
    const usec first_at = v->replay ? live_posts_first_at(v->replay) : USEC_NEVER;
    while (r->opt.rebase && market_peek(r->parts.market) <= first_at && first_at != USEC_NEVER) {
        if (!market_next(r->parts.market, &m)) break;
        shift_event(&m, v->shift);
        bool ok = true;
        if (m.kind == MARKET_CANDLE) ok = on_candle(r, &m.candle, err);
        if (m.kind == MARKET_QUOTE) ok = on_quote(r, &m.quote, err);
        if (!ok) return false;
    }
    return true;
}

static bool begin(struct live *v, struct error *err) {
    struct runner *r = v->r;
    const usec now = time_wall_us();
    if (!store_clock_check(r->parts.store, err)) return false;
    if (r->now > now + USEC_PER_MIN)
        return fail(err, ERR_STATE, 0,
                    "the store was last used %lld s in the future: is the clock right?",
                    (long long)((r->now - now) / USEC_PER_S));
    r->started_at = r->now = i64_max(now, r->now);
    const struct event ev = {.kind = EVENT_START};
    if (!start_venue(v, err)) return false;
    if (!turn_do(r, r->now, &ev, err) || !turn_commands(r, err)) return false;
    if (r->parts.market && !feed_history(v, err)) return false;
    if (!turn_commit(r, err)) return false;
    if (r->parts.market) {
        if (pthread_create(&v->market_thread, NULL, run_market, v) != 0)
            return fail(err, ERR_LIMIT, 0, "the market's thread: the system allows no more");
        v->market_runs = true;
    }
    if (r->parts.keeper)
        v->keeper_runs = pthread_create(&v->keeper_thread, NULL, run_keeper, v) == 0;
    for (int i = 0; i < r->parts.feed_count; i++)
        if (!live_posts_start(v->posts[i], err)) return false;
    return true;
}

/* Replies to what the lanes still sent. */
static bool drain(struct live *v, struct error *err) {
    for (;;) {
        inbox_take(v->inbox, time_monotonic_us(), &v->item);
        if (v->item.kind == INBOX_NOTHING) return true;
        if (v->item.kind != INBOX_REPLY && v->item.kind != INBOX_REPORT) continue;
        if (!on_item(v, err)) return false;
    }
}

static void stop_threads(struct live *v) {
    pthread_mutex_lock(&v->mutex);
    v->stop = true;
    pthread_cond_broadcast(&v->stopping);
    pthread_mutex_unlock(&v->mutex);
    if (v->market_runs) market_stop(v->r->parts.market);
    if (v->market_runs) pthread_join(v->market_thread, NULL);
    if (v->keeper_runs) pthread_join(v->keeper_thread, NULL);
    for (int i = 0; i < v->r->parts.feed_count; i++) {
        live_posts_close(v->posts[i]);
        if (v->posts[i]) v->r->feeds.v[i].unlinked = live_posts_dropped(v->posts[i]);
    }
    lanes_close(v->lanes);
    if (v->venue_runs) venue_stop(v->r->parts.venue);
}

/* Before a slow model a line can form, and what it sheds is decided by how long posts stood in it.
 */
static int places_of(const struct runner *r) {
    const bool slow = r->parts.reader && reader_is_slow(r->parts.reader);
    return slow ? LIVE_PLACES_SLOW : LIVE_PLACES;
}

static bool open_posts(struct live *v, struct arena *memory, struct error *err) {
    struct runner *r = v->r;
    for (int i = 0; i < r->parts.feed_count; i++) {
        const struct live_posts_options opt = {.reader = r->parts.reader,
                                               .feed = &r->parts.feeds[i],
                                               .number = i,
                                               .inbox = v->inbox,
                                               .places = places_of(r),
                                               .workers = r->opt.workers,
                                               .rebase = r->opt.rebase};
        if (!live_posts_open(memory, &opt, &v->posts[i], err)) return false;
        if (source_is_live(opt.feed->source)) continue;
        v->replay = v->posts[i];
        v->shift = live_posts_shift(v->replay);
    }
    return true;
}

static bool open_edges(struct live *v, struct arena *memory, struct error *err) {
    struct runner *r = v->r;
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&v->mutex, NULL);
    pthread_cond_init(&v->stopping, &attr);
    pthread_condattr_destroy(&attr);
    v->inbox = inbox_open(memory, "trader", r->parts.symbols->count,
                          places_of(r) * r->parts.feed_count, ORDERS_MAX);
    if (!open_posts(v, memory, err)) return false;
    if (r->parts.venue->ops->caps & VENUE_CAP_INSTANT) return true;
    if (!lanes_open(memory, r->parts.venue, v->inbox, &v->lanes, err)) return false;
    r->lanes = v->lanes;
    return true;
}

/* The running minutes, with the last commit. */
static bool put_candles(struct runner *r, struct error *err) {
    if (r->journaling) return true;
    return (turn_begin(r, err) && candles_put(r, true, err)) || turn_rescue(r, err);
}

bool run_wall(struct runner *r, struct error *err) {
    PRE(r->parts.feed_count > 0);
    struct arena memory;
    arena_open(&memory, 256 << 20);
    struct live *v = NEW(&memory, struct live);
    v->r = r;
    r->wall = r->meter.wall = true;
    meter_leads(true);
    r->price_at = metric_get(M_PRICE_AT, NULL);
    turn_rewrite(r->parts.store);
    bool ok = open_edges(v, &memory, err) && begin(v, err) && loop(v, err);
    if (ok) alive_stops(); /* else the process may begin anew */
    stop_threads(v);
    if (ok) ok = drain(v, err) && put_candles(r, err) && turn_commit(r, err);
    if (ok && r->journaling)
        log_unusual("journal_left", LOG_I("turns", journal_count(r->journal)),
                    LOG_Z("next", "make room for the store; its next start adopts them"));
    if (ok && !r->journaling) turn_rewrite(r->parts.store);
    r->lanes = NULL;
    runner_tick(r, true);
    inbox_close(v->inbox);
    pthread_cond_destroy(&v->stopping);
    pthread_mutex_destroy(&v->mutex);
    arena_close(&memory);
    return ok;
}
