/* turn: one turn of the trader, and everything that has to happen around it.
 *
 * A turn is: the trader takes one event and writes down actions; their rows are committed; then
 * what they ask for is done. Nothing leaves the process before the rows that explain it are
 * durable, so that a crash at any point leaves a store from which a new start can tell what may be
 * out there.
 *
 * In: events with their time. Out: rows, requests to the venue, lines for the log. What a venue
 * answers comes back as further turns (REPLY, REPORT) before the next event of the world.
 *
 * Commits come in two shapes. Ungrouped (real time, or a venue that lives outside of our store):
 * a turn with durable rows commits at once. Grouped (virtual time with a venue whose state is part
 * of our store): many turns share a transaction. The order is kept all the same: rows, the source's
 * offset, the price cursor and the venue's state move together, so a killed process finds all of
 * them where the last commit left them, and the same future follows.
 *
 * Halts: a turn that may open a position takes the write lock before its step, reads the control
 * row under it, and obeys the commands it finds first. While the lock is ours nobody can halt, so
 * an opening intent is never committed after a halt returned. That store_apply checks the epoch
 * once more is a second lock on the same door: if it ever finds a difference, or an intent that
 * exists, something here is broken; the turn is rolled back and the process ends (a restart is
 * safe).
 *
 * Failure: every function returns false with the open transaction rolled back. The trader's memory
 * is then ahead of the store, so the caller must end the run. But a venue that lives elsewhere goes
 * on, and what is held there must be cared for: where the store cannot be written (no space, an
 * error of the disk, somebody who keeps the lock), the turns since the last commit and those that
 * follow go to the journal, each on its disk before its requests are sent. Entries are never sent
 * from there, posts wait at their source, and people's commands in the store. When the store can be
 * written again it adopts the journal, and everything is as before.
 *
 * Thread: the trader's, which owns the store connection and the trader. */
#include "run/run_int.h"

#include <inttypes.h>
#include <unistd.h>

#include "base/log.h"
#include "run/lanes.h"
#include "run/tells.h"
#include "run/turn_bytes.h"
#include "run/writer.h"

#define SETTLE_STEPS_MAX 1000000 /* turns that may follow from one event before it is a bug */
#define COMMANDS_MAX 64
#define BEAT_US (5 * USEC_PER_S)
#define SCRUB_US USEC_PER_MIN
#define BUSY_PATIENCE (60 * USEC_PER_S) /* how long somebody else may keep the write lock */
#define RECOVER_US USEC_PER_S

static bool settle(struct runner *r, struct error *err);

/* --- crash points, for tests ------------------------------------------------------------- */

static int64_t crash_steps_left; /* 0: never */

void run_crash_after(int64_t steps) { crash_steps_left = steps; }

void turn_crash_point(void) {
    if (crash_steps_left > 0 && --crash_steps_left == 0) _exit(137);
}

/* --- the transaction --------------------------------------------------------------------- */

static bool blob_put(struct runner *r, str name, struct error *err) {
    if (buf_full(&r->blob))
        return fail(err, ERR_LIMIT, 0, "cursor " STR_FMT ": larger than %td bytes", STR_ARG(name),
                    r->blob.max);
    return store_cursor_put(r->parts.store, name, buf_str(&r->blob), err);
}

/* Where we are, one line a value (read back by runner.c). */
static void run_cursor(struct runner *r) {
    buf_clear(&r->blob);
    buf_printf(&r->blob, "clock=%" PRId64 "\nmarket=%" PRId64 "\nmarket_done=%" PRId64 "\n", r->now,
               r->market_at, r->market_done);
    buf_printf(&r->blob, "time=%s\n", r->grouped ? "virtual" : "wall");
    place_put(&r->blob, r->replay, r->offset);
}

/* The same into the store; what the trader knows of prices; what the venue holds. */
static bool cursors_put(struct runner *r, struct error *err) {
    run_cursor(r);
    if (!blob_put(r, STR("run"), err) || !feeds_put_states(&r->feeds, err)) return false;
    if (r->grouped && !candles_put(r, true, err)) return false;
    if (r->grouped && r->prices_changed) {
        buf_clear(&r->blob);
        trader_save_prices(r->parts.trader, &r->blob);
        if (!blob_put(r, STR("prices"), err)) return false;
        r->prices_changed = false;
    }
    if (!r->venue_changed || !(r->parts.venue->ops->caps & VENUE_CAP_STATE)) return true;

    buf_clear(&r->blob);
    venue_save(r->parts.venue, &r->blob);
    turn_crash_point();
    if (!blob_put(r, STR("venue"), err)) return false;
    r->venue_changed = false;
    return true;
}

/* The store is this thread's: all rows of turns are in the transaction. */
static bool rows_written(struct runner *r, struct error *err) {
    return r->writer == NULL || writer_wait(r->writer, err);
}

static bool undo(struct runner *r) {
    struct error err;
    IGNORE(!rows_written(r, &err), "the error that undoes it was told");
    if (r->in_txn) store_rollback(r->parts.store);
    r->in_txn = false;
    return false;
}

/* --- the journal ------------------------------------------------------------------------- */

/* Is it the store's place that is in trouble, and not what we wanted to write? */
static bool is_trouble(err_code c) { return c == ERR_FULL || c == ERR_IO || c == ERR_BUSY; }

bool turn_rescue(struct runner *r, struct error *err) {
    struct error why;
    IGNORE(!undo(r), "it says false for its callers");
    if (r->journaling) return true;
    if (r->journal == NULL || !is_trouble(err->code)) return false;
    run_cursor(r);
    journal_encode_cursor(STR("run"), buf_str(&r->blob), &r->pending);
    if (buf_full(&r->pending) || !journal_put(r->journal, buf_str(&r->pending), &why)) {
        log_unusual("journal_failed", LOG_Z("why", why.msg));
        return false;
    }
    buf_clear(&r->pending);
    r->journaling = true;
    r->try_at = time_monotonic_us() + RECOVER_US;
    log_unusual("store_unwritable", LOG_Z("why", err->msg),
                LOG_Z("now", "no entries; exits and repairs go on, written to the journal"));
    return true;
}

bool turn_recover(struct runner *r, struct error *err) {
    const usec mono = time_monotonic_us();
    if (!r->journaling || mono < r->try_at) return true;
    r->try_at = mono + RECOVER_US;
    if (!journal_adopt(r->journal, r->parts.store, err)) return is_trouble(err->code);
    r->journaling = false;
    r->commands_due = true;
    log_unusual("store_writable", LOG_Z("now", "everything is in the store, entries are let in"));
    return true;
}

static bool commit_txn(struct runner *r, struct error *err) {
    if (!turn_begin(r, err)) return false;
    const usec began = time_monotonic_us();
    turn_crash_point();
    if (!cursors_put(r, err)) return undo(r);
    turn_crash_point();
    if (!store_commit(r->parts.store, err)) {
        IGNORE(fail_in(err, "commit"), "the code of the cause stays");
        return undo(r);
    }
    meter_stage_took(STAGE_COMMIT, time_monotonic_us() - began, 1);
    turn_crash_point();
    return true;
}

bool turn_commit(struct runner *r, struct error *err) {
    if (r->journaling || (!r->in_txn && !r->moved)) return true;
    if (!commit_txn(r, err)) return turn_rescue(r, err);
    buf_clear(&r->pending);
    r->in_txn = false;
    r->moved = false;
    r->scrub_due = r->scrub_due || r->deletes;
    r->deletes = false;
    r->txn_rows = 0;
    r->eager = false;
    r->posts_since_commit = 0;
    r->commits++;
    feeds_committed(&r->feeds);
    return true;
}

bool turn_scrub(struct runner *r, struct error *err) {
    const usec mono = time_monotonic_us();
    bool clean;
    if (!r->scrub_due || mono < r->scrub_at) return true;
    r->scrub_at = mono + SCRUB_US;
    if (!store_scrub(r->parts.store, false, &clean, err)) return fail_in(err, "after a deletion");
    r->scrub_due = !clean; /* somebody reads: next time */
    return true;
}

void turn_rewrite(struct store *s) {
    struct error err;
    bool wanted, clean;
    const bool ok =
        store_wants_rewrite(s, &wanted, &err) && (!wanted || store_scrub(s, true, &clean, &err));
    if (!ok) log_unusual("rewrite_failed", LOG_Z("why", err.msg));
}

static int64_t epoch_of(const struct runner *r) {
    struct trader_view view;
    trader_view(r->parts.trader, &view);
    return view.control->epoch;
}

/* Did people write meanwhile? A halt is seen by its epoch even if the version were missed. */
static bool look_for_commands(struct runner *r, struct error *err) {
    const int64_t version = store_data_version(r->parts.store);
    if (version != r->version_seen) r->commands_due = true;
    r->version_seen = version;

    struct control c;
    bool found;
    if (!store_control(r->parts.store, &c, &found, err)) return false;
    if (found && c.epoch != epoch_of(r)) r->commands_due = true;
    return true;
}

/* The transaction is open; rows of turns before may still be on their way into it. */
static bool begin(struct runner *r, struct error *err) {
    if (r->in_txn) return true;
    turn_crash_point();
    const usec since = time_monotonic_us();
    while (!store_begin_turn(r->parts.store, err)) {
        if (err->code != ERR_BUSY) return fail_in(err, "begin a turn");
        if (r->journal != NULL) return fail_in(err, "begin a turn");
        if (time_monotonic_us() - since > BUSY_PATIENCE)
            return fail_in(err, "another process has been writing to the store for a minute");
        log_unusual("store_busy", LOG_I("waited_ms", (time_monotonic_us() - since) / USEC_PER_MS));
    }
    r->in_txn = true;
    r->txn_since = time_monotonic_us();
    if (!look_for_commands(r, err)) return undo(r);
    return true;
}

/* What turns could not write is told to whoever looks first. */
static bool fail_behind(struct runner *r, struct error *err) {
    if (err->code == ERR_STATE || err->code == ERR_EXISTS)
        log_broken("turn_refused", LOG_Z("why", err->msg));
    return undo(r);
}

bool turn_begin(struct runner *r, struct error *err) {
    return begin(r, err) && (rows_written(r, err) || fail_behind(r, err));
}

bool turn_bury(struct runner *r, str source, const struct complaint *c, struct error *err) {
    const usec at = r->now > 0 ? r->now : time_wall_us(); /* nothing has happened yet */
    for (; c; c = c->next) {
        letters_tell(&r->letters, c);
        if (r->journaling) continue;
        if (!turn_begin(r, err) || !letters_put(&r->letters, r->parts.store, source, at, c, err))
            return turn_rescue(r, err);
        r->moved = true;
    }
    return true;
}

bool turn_beat(struct runner *r, struct error *err) {
    const usec mono = time_monotonic_us();
    if (mono < r->beat_at || r->journaling) return true;
    r->beat_at = mono + BEAT_US;
    runner_tell_work(r);
    if (!turn_begin(r, err) ||
        (r->parts.worker && !worker_beat(r->parts.worker, r->parts.store, time_wall_us(), err)) ||
        !feeds_measure(&r->feeds, err) || !candles_put(r, false, err))
        return turn_rescue(r, err);
    r->moved = true;
    return true;
}

/* --- what a turn wrote down -------------------------------------------------------------- */

/* Does the turn tell something that people are to hear of? Of a replay nobody is. */
static bool has_notices(const struct runner *r) {
    struct notice n;
    for (int i = 0; !r->grouped && i < r->acts->count; i++)
        if (tell_notice(&r->acts->v[i], r->now, &n)) return true;
    return false;
}

/* In the transaction of what they are about: told, if and only if it happened. */
static bool put_notices(struct runner *r, struct error *err) {
    struct notice n;
    for (int i = 0; !r->grouped && i < r->acts->count; i++)
        if (tell_notice(&r->acts->v[i], r->now, &n) && !store_notice_put(r->parts.store, &n, err))
            return false;
    return true;
}

static void tell(struct runner *r, const struct action *a) {
    const struct log_field fields[] = {LOG_Z("text", a->u.tell.text)};
    if (r->clock.is_virtual) clock_advance(&r->clock, r->now);
    const log_level level = a->u.tell.level == TELL_BROKEN    ? LOG_BROKEN
                            : a->u.tell.level == TELL_UNUSUAL ? LOG_UNUSUAL
                                                              : LOG_INFO;
    log_write(level, a->u.tell.event, fields, 1);
    if (r->watch.tell)
        r->watch.tell(r->watch.ctx, r->now, a->u.tell.level, a->u.tell.event, a->u.tell.text);
}

/* Shows the turn to whoever watches, and takes over what has to be sent: the actions' memory is
 * the next turn's. */
static bool pass_on(struct runner *r, struct error *err) {
    for (int i = 0; i < r->acts->count; i++) {
        const struct action *a = &r->acts->v[i];
        if (a->kind == ACTION_TELL) {
            tell(r, a);
        } else if (a->kind == ACTION_SEND) {
            if (r->send_count == SENDS_MAX)
                return fail(err, ERR_LIMIT, 0, "more than %d requests wait to be sent", SENDS_MAX);
            r->sends[(r->send_head + r->send_count++) % SENDS_MAX] = a->u.request;
        } else if (a->kind == ACTION_PUT_POST && r->watch.post) {
            r->watch.post(r->watch.ctx, r->now, a->u.post.reading, a->u.post.signal_score,
                          a->u.post.outcome);
        } else if ((a->kind == ACTION_PUT_TRADE || a->kind == ACTION_PUT_INTENT) &&
                   r->watch.trade) {
            r->watch.trade(r->watch.ctx, r->now, &a->u.trade);
        }
    }
    return true;
}

void turn_event_of(const struct reading *r, struct event *ret) {
    const struct post *p = r->post;
    if (!p->deleted) {
        *ret = (struct event){.kind = EVENT_READING, .u.reading = r};
        return;
    }
    *ret = (struct event){.kind = EVENT_DELETION};
    struct deletion *d = &ret->u.deletion;
    *d = (struct deletion){.tweet_id = p->id, .actor = "source", .deleted_at = p->created_at};
    struct buf key;
    buf_init_fixed(&key, d->author, sizeof d->author);
    if (p->author_id.n > 0)
        buf_printf(&key, STR_FMT ":" STR_FMT, STR_ARG(p->source), STR_ARG(p->author_id));
}

/* The turn's rows into the open transaction. */
static bool write_rows(struct runner *r, int rows, struct error *err) {
    if (!begin(r, err)) return false;
    turn_crash_point();
    if (!(r->writer ? writer_put(r->writer, r->acts, err)
                    : store_apply(r->parts.store, r->acts, err)))
        return fail_behind(r, err);
    if (!put_notices(r, err)) return undo(r);
    r->txn_rows += rows;
    return true;
}

/* The same where the store cannot be written. */
static bool journal_rows(struct runner *r, struct error *err) {
    buf_clear(&r->pending);
    journal_encode(r->acts, &r->pending);
    if (buf_full(&r->pending)) return fail(err, ERR_LIMIT, 0, "a turn too large for the journal");
    const bool ok = journal_put(r->journal, buf_str(&r->pending), err);
    buf_clear(&r->pending);
    return ok || fail_in(err, "the store cannot be written, and neither can its journal");
}

/* Rows into the transaction; a turn that must be durable ends it unless turns are grouped. */
static bool keep(struct runner *r, struct error *err) {
    struct actions *acts = r->acts;
    int rows = 0;
    for (int i = 0; i < acts->count; i++) {
        rows += turn_bytes_is_row(acts->v[i].kind);
        r->deletes = r->deletes || acts->v[i].kind == ACTION_PUT_DELETION;
    }
    const bool sends = rows < acts->count;

    if (rows > 0 && r->journaling) return journal_rows(r, err) && pass_on(r, err);
    if (rows > 0 || (!r->journaling && has_notices(r))) {
        if (r->journal != NULL) journal_encode(acts, &r->pending);
        if (!write_rows(r, rows, err) && !turn_rescue(r, err)) return false;
    }
    const bool now = !r->grouped && !r->obeying && r->in_txn && (acts->durable || sends);
    if (now && !turn_commit(r, err)) return false;
    return pass_on(r, err);
}

static bool one_turn(struct runner *r, const struct event *ev, struct error *err) {
    const bool measured = ev->kind == EVENT_READING;
    const usec began = measured ? time_monotonic_us() : 0;
    trader_step(r->parts.trader, r->now, ev, r->acts);
    if (measured) meter_stage_took(STAGE_DECIDE, time_monotonic_us() - began, 1);
    if (r->acts->count > 0 && !keep(r, err)) return false;
    /* a reply counts also where a report has said it before, so that the turn wrote nothing */
    meter_turn(&r->meter, r->now, ev, r->acts);
    return true;
}

/* --- commands ---------------------------------------------------------------------------- */

/* The mode that somebody else set, before any command that was given under it. */
static bool take_control(struct runner *r, struct error *err) {
    struct event ev = {.kind = EVENT_CONTROL};
    bool found;
    if (!store_control(r->parts.store, &ev.u.control, &found, err)) return turn_rescue(r, err);
    if (!found || ev.u.control.epoch == epoch_of(r)) return true;
    return one_turn(r, &ev, err);
}

/* All that wait, in one transaction: no halt can slip in between two of them. A group goes on: it
 * is committed between two events of the world, never within one. */
static bool obey(struct runner *r, struct error *err) {
    struct command cmds[COMMANDS_MAX];
    int count = 0;
    r->commands_due = false;
    if (!turn_begin(r, err) ||
        !store_commands_pending(r->parts.store, cmds, COMMANDS_MAX, &count, err))
        return turn_rescue(r, err);
    r->obeying = true;
    bool ok = take_control(r, err);
    for (int i = 0; i < count && ok; i++) {
        if (cmds[i].id <= r->command_seen) continue; /* delivered; its result is still to come */
        r->command_seen = cmds[i].id;
        ok = rows_written(r, err) || fail_behind(r, err);
        if (ok && cmds[i].verb == VERB_SETTING) settings_take(r, &cmds[i]);
        struct event ev = {.kind = EVENT_COMMAND, .u.command = cmds[i]};
        ok = ok && one_turn(r, &ev, err);
    }
    r->obeying = false;
    return ok && (r->grouped || turn_commit(r, err)) && settle(r, err);
}

bool turn_commands(struct runner *r, struct error *err) {
    if (r->journaling) return true;
    if (!r->in_txn) {
        const int64_t version = store_data_version(r->parts.store);
        if (version != r->version_seen) r->commands_due = true;
        r->version_seen = version;
    }
    while (r->commands_due)
        if (!obey(r, err)) return false;
    return true;
}

/* The write lock, with everything obeyed that was ordered before we got it. */
static bool lock_for_opening(struct runner *r, struct error *err) {
    if (r->journaling) return true; /* nothing is opened */
    if (!begin(r, err)) return turn_rescue(r, err);
    while (r->commands_due) {
        if (!obey(r, err)) return false;
        if (!r->journaling && !begin(r, err)) return turn_rescue(r, err);
    }
    return true;
}

/* --- what follows from a turn ------------------------------------------------------------ */

static void call_venue(struct runner *r, const struct request *rq) {
    const usec began = time_monotonic_us();
    venue_call(r->parts.venue, r->now, rq, r->reply);
    meter_stage_took(STAGE_VENUE, time_monotonic_us() - began, 1);
}

static bool send_one(struct runner *r, struct error *err) {
    const struct request rq = r->sends[r->send_head];
    r->send_head = (r->send_head + 1) % SENDS_MAX;
    r->send_count--;
    turn_crash_point();
    if (r->journaling && rq.kind == REQUEST_BRACKET)
        request_unsent(&rq, OUTCOME_FULL, "the store cannot be written", r->reply);
    else if (r->wall && request_is_late(&rq, time_wall_us()))
        request_unsent(&rq, OUTCOME_LATE, "the store took too long", r->reply);
    else if (!r->lanes)
        call_venue(r, &rq);
    else if (lanes_send(r->lanes, &rq))
        return true; /* its reply comes through the inbox */
    else
        request_unsent(&rq, OUTCOME_FULL, "the lane to the venue is full", r->reply);
    turn_crash_point();
    r->venue_changed = true;
    r->moved = true;
    const struct event ev = {.kind = EVENT_REPLY, .u.reply = r->reply};
    return one_turn(r, &ev, err);
}

static bool settle(struct runner *r, struct error *err) {
    struct event ev;
    for (int64_t n = 0; n < SETTLE_STEPS_MAX; n++) {
        if (r->send_count > 0) {
            if (!send_one(r, err)) return false;
        } else if (venue_next_report(r->parts.venue, &ev.u.report)) {
            ev.kind = EVENT_REPORT;
            r->venue_changed = true;
            r->moved = true;
            if (!one_turn(r, &ev, err)) return false;
        } else {
            return true;
        }
    }
    return fail(err, ERR_LIMIT, 0, "the venue and the trader answer each other without end");
}

bool turn_settle(struct runner *r, struct error *err) { return settle(r, err); }

bool turn_do(struct runner *r, usec now, const struct event *ev, struct error *err) {
    PRE(now >= r->now);
    r->now = now;
    r->prices_changed = true; /* with them stands when equity was sampled, which any turn may do */
    if (trader_may_open(r->parts.trader, ev) && !lock_for_opening(r, err)) return false;
    if (!one_turn(r, ev, err)) return false;
    if (r->send_count > 0 && !settle(r, err)) return false;
    return !r->commands_due || turn_commands(r, err);
}
