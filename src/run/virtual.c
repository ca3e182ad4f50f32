/* virtual: a replay, in virtual time. The clock stands still but when the next thing that happens
 * moves it, so the same posts and prices give the same future at any speed and on any machine.
 *
 * Three streams are merged by time: prices (a candle's range at its close before the next opens, as
 * the market gives them), then posts, then timers of the trader. A price goes to the venue first,
 * which fills there what it crosses; the trader hears of those fills before it hears of the price.
 * A post that is older than what was already delivered comes now, with its own time.
 *
 * Speed: with RUN_SPEED_MAX nothing waits. Else virtual time follows the wall at a factor, from the
 * first post on; what stands before it (prices) is fed at once. While it waits, people's commands
 * are looked for every 50 ms and take effect at the current virtual time.
 *
 * The end: the posts are used up and nothing is open or waiting, or the prices are used up as well.
 * Then what is still open is marked to market by whoever prints the summary; nothing is closed.
 * Without exit_at_end the run goes on through the prices and then idles for commands until it is
 * stopped; only a file without a single post ends it as soon as nothing is open.
 *
 * Commits: see turn.c. A group ends after some posts, some wall time, before each wait and at the
 * end. After each one the write lock is left free for a moment, so that commands get in between.
 *
 * Failure: ends the run; the store holds the last group. Thread: the trader's. */
#include "run/run_int.h"

#include <time.h>

#include "base/alive.h"
#include "base/board.h"
#include "base/log.h"
#include "run/writer.h"

__extension__ typedef __int128 wide_int;

#define POLL_US (50 * USEC_PER_MS)  /* commands, while waiting */
#define BREATH_US (2 * USEC_PER_MS) /* the lock stays free that long after a group */
#define TIMERS_MAX 100000           /* timers at one instant before it is a bug */
#define EVENTS_A_LOOK 64            /* events between two looks at the wall clock */

#define REPLAYS "the replay" /* what the trader is at, for those who look */

struct replay {
    struct runner *r;
    struct readers *readers;
    struct read_post *post; /* the next one, NULL: used up */
    usec post_at;           /* USEC_NEVER: used up */
    /* The wall clock's meeting point with virtual time. */
    bool pacing;
    usec wall0, virtual0;
    usec committed_at; /* monotonic */
    int unlooked;
    int timers; /* at this very instant */
    struct board_queue *ahead_shown;
    struct board_task *task_shown;
};

static bool stopped(const struct runner *r) {
    return r->opt.stop && atomic_load_explicit(r->opt.stop, memory_order_relaxed) > 0;
}

static void sleep_us(usec us) {
    const struct timespec ts = {us / USEC_PER_S, (us % USEC_PER_S) * 1000};
    IGNORE(nanosleep(&ts, NULL), "a signal cuts it short on purpose");
}

/* --- posts ------------------------------------------------------------------------------- */

/* Looks at the next post, without taking it. */
static bool look_at_posts(struct replay *v, struct error *err) {
    struct runner *r = v->r;
    if (!readers_peek(v->readers, &v->post, err)) return false;
    v->post_at = v->post ? v->post->post->received_at : USEC_NEVER;
    r->waiting_posts = readers_ahead(v->readers);
    board_queue_set(v->ahead_shown, r->waiting_posts, 0); /* a file's lines do not grow old */
    if (v->post || r->posts_ended) return true;

    r->posts_ended = true;
    runner_replay_over(r);
    int64_t offset;
    const struct complaint *c = readers_last_complaints(v->readers, &offset);
    if (!turn_bury(r, r->replay->name, c, err)) return false;
    if (c) r->offset = offset;
    return true;
}

static bool deliver_post(struct replay *v, struct error *err) {
    struct runner *r = v->r;
    struct event ev;
    turn_event_of(v->post->reading, &ev);
    if (!turn_bury(r, r->replay->name, v->post->complaints, err)) return false;
    if (!turn_do(r, i64_max(v->post_at, r->now), &ev, err)) return false;
    feeds_count_post(&r->feeds, (int)(r->replay - r->parts.feeds), v->post->post->deleted);
    r->offset = v->post->offset;
    r->moved = true;
    r->posts += !v->post->post->deleted;
    r->posts_since_commit++;
    readers_pop(v->readers);
    return look_at_posts(v, err);
}

/* --- prices ------------------------------------------------------------------------------ */

static bool deliver_price(struct runner *r, struct error *err) {
    struct market_event m;
    if (!market_next(r->parts.market, &m)) return true;
    const usec now = i64_max(m.at, r->now);
    r->now = now;
    struct event *ev = &r->ev;
    switch (m.kind) {
    case MARKET_QUOTE:
        venue_quote(r->parts.venue, now, &m.quote);
        ev->kind = EVENT_QUOTE;
        ev->u.quote = m.quote;
        break;
    case MARKET_CANDLE:
        venue_candle(r->parts.venue, now, &m.candle);
        ev->kind = EVENT_CANDLE;
        ev->u.candle = m.candle;
        break;
    case MARKET_DRY:
        ev->kind = EVENT_DRY;
        ev->u.sym = m.sym;
        break;
    }
    if (!turn_settle(r, err) || !turn_do(r, now, ev, err) || !candles_see(r, ev, err)) return false;
    r->market_done = m.at == r->market_at ? r->market_done + 1 : 1;
    r->market_at = m.at;
    r->venue_changed = r->prices_changed = r->moved = true;
    r->prices++;
    return true;
}

static usec market_at(const struct runner *r) {
    return r->parts.market ? market_peek(r->parts.market) : USEC_NEVER;
}

/* --- the wall ---------------------------------------------------------------------------- */

static bool group_is_due(const struct replay *v) {
    const struct runner *r = v->r;
    if (!r->in_txn && !r->moved) return false;
    return r->posts_since_commit >= r->opt.group_posts ||
           time_monotonic_us() - v->committed_at >= r->opt.group_wall;
}

static bool commit_group(struct replay *v, struct error *err) {
    if (!turn_commit(v->r, err)) return false;
    v->committed_at = time_monotonic_us();
    return turn_scrub(v->r, err);
}

/* Between events: ends the group when it is time, and lets others write. */
static bool breathe(struct replay *v, struct error *err) {
    if (v->r->posts_since_commit < v->r->opt.group_posts && ++v->unlooked < EVENTS_A_LOOK)
        return true;
    v->unlooked = 0;
    const bool due = group_is_due(v);
    const bool long_ago = time_monotonic_us() - v->committed_at >= v->r->opt.group_wall;
    if (due && !commit_group(v, err)) return false;
    runner_tick(v->r, false);
    if (!turn_beat(v->r, err)) return false;
    if (!due) return true;
    if (long_ago) sleep_us(BREATH_US);
    return turn_commands(v->r, err);
}

/* Virtual time as the wall has it now. */
static usec paced_now(const struct replay *v) {
    const usec wall = time_monotonic_us() - v->wall0;
    return v->virtual0 + (usec)((wide_int)wall * v->r->opt.speed_e8 / E8);
}

static usec wall_until(const struct replay *v, usec at) {
    if (at == USEC_NEVER) return USEC_NEVER;
    const wide_int wall = (wide_int)(at - v->virtual0) * E8 / v->r->opt.speed_e8;
    return (usec)wall - (time_monotonic_us() - v->wall0);
}

/* Waits until virtual time `at` has come on the wall. *ret_come false: a stop, or a command that
 * may have moved a timer, came first. */
static bool wait_for(struct replay *v, usec at, bool *ret_come, struct error *err) {
    struct runner *r = v->r;
    *ret_come = true;
    usec left = wall_until(v, at);
    if (left <= 0) return true;
    if (!commit_group(v, err)) return false;
    board_task_set(v->task_shown, NULL, time_wall_us());
    while (!stopped(r) && (left = wall_until(v, at)) > 0) {
        sleep_us(i64_min(left, POLL_US));
        r->now = i64_max(r->now, i64_min(paced_now(v), at));
        runner_tick(r, false);
        if (!turn_beat(r, err) || !commit_group(v, err)) return false; /* the lock stays free */
        const usec timer = trader_next_timer(r->parts.trader);
        if (!turn_commands(r, err)) return false;
        if (timer != trader_next_timer(r->parts.trader)) break;
    }
    board_task_set(v->task_shown, REPLAYS, time_wall_us());
    *ret_come = wall_until(v, at) <= 0;
    return commit_group(v, err);
}

/* Nothing is left but people: commands, and timers when time goes on by itself. */
static bool idle(struct replay *v, struct error *err) {
    struct runner *r = v->r;
    if (!commit_group(v, err)) return false;
    board_task_set(v->task_shown, NULL, time_wall_us());
    sleep_us(POLL_US);
    runner_tick(r, false);
    if (!turn_beat(r, err) || !commit_group(v, err)) return false;
    if (v->pacing) {
        r->now = i64_max(r->now, paced_now(v));
        const struct event ev = {.kind = EVENT_TIMER};
        if (trader_next_timer(r->parts.trader) <= r->now && !turn_do(r, r->now, &ev, err))
            return false;
    }
    return turn_commands(r, err);
}

/* --- the loop ---------------------------------------------------------------------------- */

/* Posts are used up, nothing is open, nothing waits. */
static bool nothing_left(struct runner *r) {
    if (!r->posts_ended) return false;
    struct trader_view view;
    trader_view(r->parts.trader, &view);
    return view.trades == 0 && view.waiting == 0 && r->send_count == 0;
}

static bool pace(struct replay *v, usec at, bool *ret_come, struct error *err) {
    *ret_come = true;
    if (v->r->opt.speed_e8 == RUN_SPEED_MAX) return true;
    if (!v->pacing) {
        /* The first post starts the clock on the wall, a continued run does so at once. */
        if (v->r->fresh && at < v->post_at && !v->r->posts_ended) return true;
        v->pacing = true;
        v->wall0 = time_monotonic_us();
        v->virtual0 = at;
    }
    return wait_for(v, at, ret_come, err);
}

static bool deliver_timer(struct replay *v, usec at, struct error *err) {
    const struct event ev = {.kind = EVENT_TIMER};
    v->timers = at == v->r->now ? v->timers + 1 : 0;
    if (v->timers > TIMERS_MAX)
        return fail(err, ERR_LIMIT, 0, "a timer of the trader comes again without end");
    return turn_do(v->r, at, &ev, err);
}

/* The next thing to happen, or *ret_end. */
static bool one_event(struct replay *v, bool *ret_end, struct error *err) {
    struct runner *r = v->r;
    const usec price_at = market_at(r);
    const usec timer_at = trader_next_timer(r->parts.trader);
    r->prices_ended = price_at == USEC_NEVER;
    if (r->opt.exit_at_end && r->posts_ended && (r->prices_ended || nothing_left(r))) {
        *ret_end = true;
        return true;
    }
    if (runner_saw_no_post(r) && nothing_left(r)) { /* nothing to wait for: the wrong file */
        *ret_end = true;
        return true;
    }
    if (r->posts_ended && r->prices_ended) return idle(v, err);

    const usec at = i64_max(i64_min(price_at, i64_min(v->post_at, timer_at)), r->now);
    bool come;
    if (!pace(v, at, &come, err)) return false;
    if (!come) return true;
    if (price_at <= at && price_at <= v->post_at) return deliver_price(r, err);
    if (v->post_at <= at) return deliver_post(v, err);
    return deliver_timer(v, at, err);
}

static bool begin(struct replay *v, struct error *err) {
    struct runner *r = v->r;
    if (!look_at_posts(v, err)) return false;
    const usec first = i64_min(v->post_at, market_at(r));
    if (r->was_wall || (r->fresh && first != USEC_NEVER && r->now > first))
        return fail(err, ERR_STATE, 0,
                    "the store was used in real time before and is ahead of this replay; give it "
                    "a store of its own with store.url");
    if (first != USEC_NEVER) r->now = i64_max(r->now, r->fresh ? first : 0);
    r->started_at = r->now;
    clock_init_virtual(&r->clock, r->now);
    log_set_clock(&r->clock);
    const struct event ev = {.kind = EVENT_START};
    return turn_do(r, r->now, &ev, err) && turn_commands(r, err);
}

/* Where nothing waits for the wall, and there are threads to share the work. A server's statements
 * are on their way while we go on, anyway. */
static bool open_writer(struct runner *r, struct arena *memory, struct error *err) {
    const bool wanted = r->opt.workers > 1 && r->opt.speed_e8 == RUN_SPEED_MAX;
    return !wanted || !store_is_file(r->parts.store) ||
           writer_open(memory, r->parts.store, &r->writer, err);
}

bool run_virtual(struct runner *r, struct error *err) {
    const uint32_t inside = VENUE_CAP_INSTANT | VENUE_CAP_STATE;
    if ((r->parts.venue->ops->caps & inside) != inside)
        return fail(err, ERR_UNSUPPORTED, 0,
                    "venue %s cannot be used in virtual time: it has a clock of its own",
                    r->parts.venue->ops->name);
    r->grouped = true;
    meter_leads(true);
    struct replay v = {.r = r, .committed_at = time_monotonic_us()};
    v.ahead_shown = board_queue_open("posts read ahead", readers_room(r->opt.workers));
    v.task_shown = board_task_open("trader", time_wall_us());
    board_task_set(v.task_shown, REPLAYS, time_wall_us());
    struct arena memory;
    arena_open(&memory, 64 << 20);
    turn_rewrite(r->parts.store);
    bool ok = open_writer(r, &memory, err) &&
              readers_open(&memory, r->parts.reader, r->replay ? r->replay->source : NULL,
                           r->opt.workers, &v.readers, err) &&
              begin(&v, err);
    bool end = false;
    while (ok && !end && !stopped(r)) ok = one_event(&v, &end, err) && breathe(&v, err);
    if (ok) alive_stops();
    ok = ok && turn_commit(r, err);
    writer_close(r->writer);
    r->writer = NULL;
    if (ok) turn_rewrite(r->parts.store);
    log_set_clock(NULL);
    board_task_set(v.task_shown, NULL, time_wall_us());
    runner_tick(r, true);
    readers_close(v.readers);
    arena_close(&memory);
    return ok;
}
