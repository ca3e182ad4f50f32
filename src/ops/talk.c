/* talk: see the header.
 *
 * In: a message of the right chat. Out: the answer's text; for an order its row in the store, and
 * what the trader said to it, where one runs and says it soon. To flatten takes two messages: the
 * first says what would be closed and gives a code, the second does it, if the code is fresh, of
 * the same person, and nothing has changed since. A message that was written long ago is not
 * obeyed: who sent it has seen something else.
 *
 * Invariant: a message is obeyed once. Failure: told in the answer; nothing was ordered then.
 * Thread: the listener's. */
#include "ops/talk.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/hash.h"
#include "base/json.h"
#include "run/now.h"
#include "store/people.h"
#include "store/sources.h"
#include "store/views.h"

#define CODE_LASTS (60 * USEC_PER_S)
#define BUSY_PATIENCE (10 * USEC_PER_S)
#define BUSY_PAUSE (5 * USEC_PER_MS)
#define LOOK_PAUSE (50 * USEC_PER_MS)
#define POSITIONS_MAX 25
#define WAITING_MAX 5
#define POST_BYTES 400

static const char *const mode_words[] = {"trades by itself", "asks for each trade",
                                         "observes and trades nothing", "is halted"};

/* --- small words ---------------------------------------------------------------------------- */

static void put_amount(struct buf *b, int64_t e8) {
    char block[AMOUNT_TEXT_BYTES];
    buf_put(b, amount_format_e8(e8, block));
}

static void put_ago(struct buf *b, usec at, usec now) {
    const int64_t s = i64_max(now - at, 0) / USEC_PER_S;
    if (s < 120)
        buf_printf(b, "%" PRId64 " s ago", s);
    else if (s < 7200)
        buf_printf(b, "%" PRId64 " min ago", s / 60);
    else
        buf_printf(b, "%" PRId64 " h ago", s / 3600);
}

static void put_failed(struct buf *b, const struct error *err) {
    buf_printf(b, "That did not work, and nothing was ordered: %s", err->msg);
}

/* --- looking -------------------------------------------------------------------------------- */

struct standing {
    struct control control;
    bool has_control, running;
    struct view_status status;
    struct view_count count;
    struct feed_row *feeds;
    int feed_count;
    usec now;
};

static bool read_standing(struct talk *t, struct arena *a, usec wall, struct standing *ret,
                          struct error *err) {
    int64_t pid;
    if (!store_begin(t->store, false, err)) return false;
    ret->running = store_trader_running(t->store, &pid);
    const bool ok = store_control(t->store, &ret->control, &ret->has_control, err) &&
                    store_view_now(t->store, wall, &ret->now, err) &&
                    store_view_status(t->store, time_utc_day(ret->now) * USEC_PER_DAY, ret->now,
                                      &ret->count, &ret->status, err) &&
                    store_feed_states(t->store, a, wall, &ret->feeds, &ret->feed_count, err);
    store_rollback(t->store);
    return ok;
}

static void put_mode(const struct standing *x, struct buf *b) {
    char at[TIME_TEXT_BYTES];
    const struct control *const c = &x->control;
    if (!x->has_control) {
        buf_put(b, STR("No trader has run on this store yet.\n"));
        return;
    }
    buf_printf(b, "Mode %s: it %s", mode_name(c->mode), mode_words[c->mode]);
    if (c->until != USEC_NEVER && c->until > c->since)
        buf_printf(b, " until " STR_FMT " UTC",
                   STR_ARG(str_head(time_format_rfc3339(c->until, at), 19)));
    if (c->mode == MODE_HALTED && c->reason[0] != '\0') buf_printf(b, " (%s)", c->reason);
    buf_printf(b, ".\n%s\n", x->running ? "A trader is at work." : "No trader is at work.");
}

static void put_money(const struct talk *t, const struct standing *x, struct buf *b) {
    const struct view_status *const v = &x->status;
    if (v->has_equity) {
        buf_put(b, STR("Equity "));
        put_amount(b, money_e8(v->equity));
        buf_printf(b, " " STR_FMT ", down %" PRId64 ".%02" PRId64 " %% from the day's begin.\n",
                   STR_ARG(t->quote_asset), v->drawdown_bp / 100, v->drawdown_bp % 100);
    }
    buf_put(b, STR("Closed today: profit "));
    put_amount(b, money_e8(v->pnl_today));
    buf_printf(b, "; %" PRId64 " position%s open, %" PRId64 " signal%s for you.\n",
               v->open_positions, v->open_positions == 1 ? " is" : "s are", v->waiting,
               v->waiting == 1 ? " waits" : "s wait");
}

static void put_feeds(const struct standing *x, struct buf *b) {
    for (int i = 0; i < x->feed_count; i++) {
        const struct feed_row *const f = &x->feeds[i];
        buf_printf(b, "Source " STR_FMT ": %s%s%s\n", STR_ARG(f->feed),
                   source_state_name(f->status.state), f->status.why[0] != '\0' ? ", " : "",
                   f->status.why);
    }
    if (x->status.last_post_at > 0) {
        buf_put(b, STR("Last post "));
        put_ago(b, x->status.last_post_at, x->now);
        buf_put(b, STR(".\n"));
    }
    if (x->status.dead_letters > 0)
        buf_printf(b, "%" PRId64 " dead letters wait.\n", x->status.dead_letters);
}

static void say_status(struct talk *t, struct arena *a, usec now, struct buf *out) {
    struct error err;
    struct standing x = {0};
    if (!read_standing(t, a, now, &x, &err)) {
        put_failed(out, &err);
        return;
    }
    put_mode(&x, out);
    if (x.status.has_account) put_money(t, &x, out);
    put_feeds(&x, out);
}

static void put_held(const struct held *h, struct buf *out) {
    buf_printf(out, "%s %s ", h->symbol, qty_e8(h->size) < 0 ? "SHORT" : "LONG");
    put_amount(out, qty_e8(qty_abs(h->size)));
    buf_put(out, STR(" at "));
    put_amount(out, price_e8(h->entry));
    buf_put(out, STR(", profit "));
    put_amount(out, money_e8(h->unrealized));
    buf_put_byte(out, '\n');
}

static bool read_held(struct talk *t, struct arena *a, struct held **ret, int *ret_count,
                      struct buf *out) {
    struct error err;
    const bool ok = store_held(t->store, a, ret, ret_count, &err);
    if (!ok) put_failed(out, &err);
    return ok;
}

static void say_positions(struct talk *t, struct arena *a, struct buf *out) {
    struct held *v;
    int n;
    if (!read_held(t, a, &v, &n, out)) return;
    if (n == 0) buf_put(out, STR("No position is open."));
    for (int i = 0; i < n && i < POSITIONS_MAX; i++) put_held(&v[i], out);
    if (n > POSITIONS_MAX) buf_printf(out, "and %d more", n - POSITIONS_MAX);
}

/* One signal that waits, with what its post says, cut. */
static void put_waiting(const json_t *v, struct buf *out) {
    const str text = json_str_at(v, "text");
    str head = str_head(text, POST_BYTES);
    while (head.n > 0 && head.n < text.n && (text.p[head.n] & 0xC0) == 0x80) head.n--;
    buf_printf(
        out, "%s: %s %s, score %lld, until " STR_FMT " UTC\n@" STR_FMT ": ",
        json_string_value(json_object_get(v, "id")), json_string_value(json_object_get(v, "side")),
        json_string_value(json_object_get(v, "symbol")),
        (long long)json_integer_value(json_object_get(v, "score")),
        STR_ARG(str_head(json_str_at(v, "expires_at"), 19)), STR_ARG(json_str_at(v, "username")));
    message_clean(head, out);
    buf_printf(out, "%s\n", head.n < text.n ? "..." : "");
}

static void say_waiting(struct talk *t, struct buf *out) {
    struct error err;
    struct buf json;
    buf_init(&json, 1 << 20);
    const bool ok = store_view_approvals(t->store, &json, &err);
    json_t *const list = ok ? json_parse(buf_str(&json)) : NULL;
    const int n = (int)json_array_size(list);
    if (!ok) put_failed(out, &err);
    if (ok && n == 0) buf_put(out, STR("No signal waits."));
    for (int i = 0; i < n && i < WAITING_MAX; i++)
        put_waiting(json_array_get(list, (size_t)i), out);
    if (n > WAITING_MAX) buf_printf(out, "and %d more\n", n - WAITING_MAX);
    if (n > 0) buf_put(out, STR("/approve ID or /reject ID"));
    json_decref(list);
    buf_fini(&json);
}

/* --- ordering ------------------------------------------------------------------------------- */

/* The trader's answer, or that it is still to come. */
static void put_result(struct talk *t, struct arena *a, const struct command *cmd, int64_t id,
                       struct buf *out) {
    const bool at_once = cmd->verb == VERB_HALT || cmd->verb == VERB_RESUME;
    struct error err;
    bool done = false, ok = false, running = true;
    str text = {0};
    int64_t pid;
    for (usec waited = 0; !done && running && waited < t->answer_wait; waited += LOOK_PAUSE) {
        if (waited > 0 && !t->pause(t->ctx, LOOK_PAUSE)) break;
        if (!store_command_result(t->store, a, id, &done, &ok, &text, &err)) break;
        running = done || store_trader_running(t->store, &pid);
    }
    if (done)
        buf_printf(out, "%s: " STR_FMT, verb_name(cmd->verb), STR_ARG(text));
    else if (at_once)
        buf_printf(out, "%s: holds from now on; %s", verb_name(cmd->verb),
                   running ? "the trader has not answered yet" : "no trader is at work");
    else
        buf_printf(out, "%s: stored; %s", verb_name(cmd->verb),
                   running ? "the trader has not answered yet"
                           : "no trader is at work, it will be done at the next start");
}

/* By the message's own number: one that is read again orders nothing new. */
static void give(struct talk *t, struct arena *a, const struct telegram_update *u,
                 struct command *cmd, struct buf *out) {
    char key[64], print[48];
    struct error err;
    int64_t id;
    bool repeated, ok;
    snprintf(key, sizeof key, "telegram:%lld/%lld", (long long)u->chat, (long long)u->id);
    snprintf(print, sizeof print, "%s/%lld", verb_name(cmd->verb), (long long)cmd->target);
    snprintf(cmd->actor, sizeof cmd->actor, "telegram:%lld", (long long)u->user);
    if (cmd->until == 0) cmd->until = USEC_NEVER;
    for (usec waited = 0;; waited += BUSY_PAUSE) {
        ok = store_command_once(t->store, cmd, str_from_z(key), str_from_z(print),
                                run_now(t->store, a), &id, &repeated, &err);
        if (ok || err.code != ERR_BUSY || waited >= BUSY_PATIENCE) break;
        if (!t->pause(t->ctx, BUSY_PAUSE)) break;
    }
    if (ok)
        put_result(t, a, cmd, id, out);
    else
        put_failed(out, &err);
}

static void halt(struct talk *t, struct arena *a, const struct telegram_update *u, str why,
                 struct buf *out) {
    struct command cmd = {.verb = VERB_HALT, .mode = MODE_HALTED, .at = u->at};
    IGNORE(!str_copyz(why, cmd.reason, sizeof cmd.reason), "a long reason is cut");
    give(t, a, u, &cmd, out);
}

static void resume(struct talk *t, struct arena *a, const struct telegram_update *u, str why,
                   struct buf *out) {
    struct command cmd = {.verb = VERB_RESUME, .at = u->at};
    struct control c;
    struct error err;
    bool found;
    if (!store_control(t->store, &c, &found, &err)) {
        put_failed(out, &err);
        return;
    }
    cmd.mode = found ? control_after_halt(&c) : MODE_AUTO;
    if (cmd.mode == MODE_HALTED) cmd.mode = MODE_AUTO;
    IGNORE(!str_copyz(why, cmd.reason, sizeof cmd.reason), "a long reason is cut");
    give(t, a, u, &cmd, out);
}

static void decide(struct talk *t, struct arena *a, const struct telegram_update *u, verb v,
                   str rest, struct buf *out) {
    struct command cmd = {.verb = v, .at = u->at};
    struct error err;
    char was[16];
    if (!str_to_i64(rest, &cmd.target) || cmd.target <= 0) {
        buf_printf(out, "Which signal? /%s ID; /waiting lists them.", verb_name(v));
    } else if (!store_signal_verdict(t->store, cmd.target, was, &err)) {
        put_failed(out, &err);
    } else if (strcmp(was, "waiting") != 0) {
        buf_printf(out, "Signal %" PRId64 " %s%s.", cmd.target,
                   was[0] == '\0' ? "is not known" : "does not wait any more: it was ", was);
    } else {
        give(t, a, u, &cmd, out);
    }
}

/* --- flatten -------------------------------------------------------------------------------- */

/* What of the positions a person decides on: which, how much, which side. */
static void will_of(const struct held *v, int n, uint8_t ret[SHA256_BYTES]) {
    char line[96];
    struct sha256 *const h = sha256_new();
    for (int i = 0; i < n; i++) {
        snprintf(line, sizeof line, "%s %lld\n", v[i].symbol, (long long)qty_e8(v[i].size));
        sha256_add(h, str_from_z(line));
    }
    sha256_finish(h, ret);
    sha256_free(h);
}

/* The place of his last code, else the one that ends first. */
static struct talk_code *place_for(struct talk *t, int64_t user) {
    struct talk_code *best = &t->codes[0];
    for (int i = 0; i < COUNT_OF(t->codes); i++) {
        if (t->codes[i].user == user) return &t->codes[i];
        if (t->codes[i].until < best->until) best = &t->codes[i];
    }
    return best;
}

static void offer(struct talk *t, const struct telegram_update *u, const struct held *v, int n,
                  usec mono, struct buf *out) {
    uint8_t random[4];
    struct talk_code *const c = place_for(t, u->user);
    if (!bytes_random(random, sizeof random)) {
        buf_put(out, STR("The system gave no random bytes; try again."));
        return;
    }
    const uint32_t number = ((uint32_t)random[0] << 24 | (uint32_t)random[1] << 16 |
                             (uint32_t)random[2] << 8 | random[3]) %
                            1000000;
    *c = (struct talk_code){.user = u->user, .until = mono + CODE_LASTS};
    snprintf(c->code, sizeof c->code, "%06u", (unsigned)number);
    will_of(v, n, c->will);
    buf_printf(out,
               "This halts trading, refuses every signal that waits, and closes %d position%s at "
               "the next price%s\n",
               n, n == 1 ? "" : "s", n > 0 ? ":" : ".");
    for (int i = 0; i < n && i < POSITIONS_MAX; i++) put_held(&v[i], out);
    buf_printf(out, "To do it, send within a minute: /flatten %s", c->code);
}

static void flatten(struct talk *t, struct arena *a, const struct telegram_update *u, str code,
                    usec mono, struct buf *out) {
    struct command cmd = {.verb = VERB_FLATTEN, .mode = MODE_HALTED, .at = u->at};
    uint8_t will[SHA256_BYTES];
    struct held *v;
    int n;
    if (!read_held(t, a, &v, &n, out)) return;
    if (code.n == 0) {
        offer(t, u, v, n, mono, out);
        return;
    }
    struct talk_code *const c = place_for(t, u->user);
    const bool known = c->user == u->user && c->code[0] != '\0' && c->until > mono &&
                       str_eq(code, str_from_z(c->code));
    will_of(v, n, will);
    const bool same = known && bytes_same(will, c->will, SHA256_BYTES);
    *c = (struct talk_code){0}; /* whatever comes of it, it is used */
    if (!known)
        buf_put(out, STR("That is no code that holds; /flatten gives one for a minute."));
    else if (!same)
        buf_put(out, STR("The positions are not those any more that the code was given for; "
                         "/flatten shows them and gives another."));
    else
        give(t, a, u, &cmd, out);
}

/* --- who, and what -------------------------------------------------------------------------- */

static void say_help(const struct talk *t, struct buf *out) {
    buf_put(out, STR("/status how it stands\n/positions what is held\n/waiting signals that wait "
                     "for you\n"));
    if (t->may_order)
        buf_put(out, STR("/approve ID, /reject ID decide on one\n/halt [WHY] opens nothing more\n"
                         "/resume ends a halt\n/flatten closes everything, with a code\n"));
}

static bool is_order(telegram_order o) {
    return o == TELEGRAM_APPROVE || o == TELEGRAM_REJECT || o == TELEGRAM_HALT ||
           o == TELEGRAM_RESUME || o == TELEGRAM_FLATTEN;
}

/* "": he may. */
static const char *why_not(const struct talk *t, const struct telegram_update *u, usec now) {
    bool listed = t->users->count == 0 && u->is_private;
    for (int i = 0; i < t->users->count; i++) {
        int64_t id;
        if (str_to_i64(t->users->names[i], &id) && id == u->user) listed = true;
    }
    if (!t->may_order) return "Orders are not taken here (telegram.orders is false).";
    if (u->user == 0 || !listed)
        return t->users->count == 0 ? "In a group orders are taken from the users that "
                                      "telegram.users lists, and it lists none."
                                    : "Your number is not among those of telegram.users.";
    if (now - u->at > TALK_OLD)
        return "That was written more than five minutes ago, and is not done: send it again if "
               "you still mean it.";
    return "";
}

static void obey(struct talk *t, struct arena *a, const struct telegram_update *u,
                 telegram_order order, str rest, usec mono, struct buf *out) {
    if (order == TELEGRAM_HALT)
        halt(t, a, u, rest, out);
    else if (order == TELEGRAM_RESUME)
        resume(t, a, u, rest, out);
    else if (order == TELEGRAM_FLATTEN)
        flatten(t, a, u, rest, mono, out);
    else
        decide(t, a, u, order == TELEGRAM_APPROVE ? VERB_APPROVE : VERB_REJECT, rest, out);
}

void talk_answer(struct talk *t, struct arena *a, const struct telegram_update *u, usec now,
                 usec mono, struct buf *out) {
    str rest;
    const telegram_order order = telegram_order_of(u->text, str_from_z(t->me), &rest);
    const char *const no = is_order(order) ? why_not(t, u, now) : "";
    if (order == TELEGRAM_NONE) return;
    if (no[0] != '\0')
        buf_put(out, str_from_z(no));
    else if (order == TELEGRAM_STATUS)
        say_status(t, a, now, out);
    else if (order == TELEGRAM_POSITIONS)
        say_positions(t, a, out);
    else if (order == TELEGRAM_WAITING)
        say_waiting(t, out);
    else if (is_order(order))
        obey(t, a, u, order, rest, mono, out);
    else
        say_help(t, out);
}
