/* x_face_lines: the filtered stream and the Activity API's, one JSON object a line.
 *
 * In: the row, rules and subscriptions, faults of messages. Out: for each connection the next
 * chunk: an object with \r\n behind it, or after 20 s of silence the \r\n alone. A stream is a
 * place in the row. What it carries is billed as it is taken. Where the money ends, or its reader
 * is too far behind, it gets a last line that says so and is cut.
 *
 * Faults: a message that is lost (stream_gap) is lost within X: it is not billed. One that is held
 * (stream_swap) comes behind the next one, or when its time is up; while a stream is mute
 * (stream_mute) there are no keep-alives either, and what it has to say comes afterwards. */
#include "sim/x_face_int.h"

#include <stdlib.h>

#include "sim/sim_int.h"

#define LINE_MAX (4 << 20)

struct x_line {
    bool open, activity;
    bool shut; /* nothing but the cut is left */
    int64_t cursor;
    int64_t cuts, disconnects; /* there had been so many at its opening */
    usec said_at, mute_until;
    struct x_fields fields;
    struct buf again; /* to be said once more */
    struct buf held;  /* to be said behind the next one, or at held_until */
    usec held_until;
    bool held_due; /* the next one has been said */
};

void x_lines_init(struct x_face *x) {
    x->lines = calloc(X_LINES, sizeof *x->lines);
    PRE(x->lines != NULL);
    for (int i = 0; i < X_LINES; i++) {
        x->lines[i].activity = i >= X_STREAM_LINES;
        buf_init(&x->lines[i].again, LINE_MAX);
        buf_init(&x->lines[i].held, LINE_MAX);
    }
}

void x_lines_fini(struct x_face *x) {
    for (int i = 0; i < X_LINES; i++) {
        buf_fini(&x->lines[i].again);
        buf_fini(&x->lines[i].held);
    }
    free(x->lines);
    free(x->subscriptions);
}

/* --- opening -----------------------------------------------------------------------------------
 */

static bool refuse_connection(struct x_call *c, int status, const char *issue, const char *detail) {
    IGNORE(x_refuse(c, status, "streaming-connection", "ConnectionException", "%s", detail),
           "more follows");
    c->out->len--;
    sim_put_text(c->out, "connection_issue", issue);
    buf_put(c->out, STR("}"));
    return false;
}

/* A number for a stream of the kind, -1. */
static int free_line(const struct x_face *x, bool activity) {
    for (int i = 0; i < X_LINES; i++)
        if (!x->lines[i].open && x->lines[i].activity == activity) return i;
    return -1;
}

static void open_line(struct x_call *c, bool activity, int64_t cursor, const struct x_fields *f) {
    struct x_face *x = c->x;
    const int at = free_line(x, activity);
    if (at < 0) {
        IGNORE(refuse_connection(c, 429, "TooManyConnections",
                                 "This stream is currently at the maximum allowed connection "
                                 "limit."),
               "that is the answer");
        return;
    }
    struct x_line *l = &x->lines[at];
    l->open = true;
    l->shut = l->held_due = false;
    l->cursor = cursor;
    l->cuts = x->cuts;
    l->disconnects = x->disconnects;
    l->said_at = x->now;
    l->mute_until = 0;
    l->fields = *f;
    buf_clear(&l->again);
    buf_clear(&l->held);
    c->ret->stream = at;
}

void x_do_stream(struct x_call *c) {
    struct x_fields f;
    int64_t backfill = 0;
    if (!x_fields_read(c, &f) || !x_param_i64(c, "backfill_minutes", 0, 5, &backfill) ||
        !x_params_done(c))
        return;
    if (backfill > 0)
        IGNORE(x_refuse(c, 403, "client-forbidden", "Client Forbidden",
                        "backfill_minutes is for Enterprise access."),
               "that is the answer");
    else if (c->x->rule_count == 0)
        IGNORE(refuse_connection(c, 409, "RuleConfigurationIssue",
                                 "There are no rules for this stream: add one first."),
               "that is the answer");
    else
        open_line(c, false, c->x->end, &f);
}

void x_do_activity(struct x_call *c) {
    struct x_fields f;
    int64_t backfill = 0, from = c->x->end;
    if (!x_fields_read(c, &f) || !x_param_i64(c, "backfill_minutes", 0, 5, &backfill) ||
        !x_params_done(c))
        return;
    const usec since = c->x->now - backfill * USEC_PER_MIN;
    while (backfill > 0 && from > c->x->first && x_item_at(c->x, from - 1)->at >= since) from--;
    open_line(c, true, from, &f);
}

/* --- what it says ------------------------------------------------------------------------------
 */

static void put_end(struct buf *out) { buf_put(out, STR("\r\n")); }

static void put_disconnect(struct buf *out, const char *type, const char *detail) {
    buf_put(out, STR("{\"errors\":[{"));
    sim_put_text(out, "title", "operational-disconnect");
    sim_put_text(out, "disconnect_type", type);
    sim_put_text(out, "detail", detail);
    sim_put_text(out, "type", "https://api.twitter.com/2/problems/operational-disconnect");
    buf_put(out, STR("}]}"));
    put_end(out);
}

/* The item as this stream has it; false: it is not for it. */
static bool put_item(struct x_face *x, const struct x_line *l, const struct x_item *item,
                     struct buf *out) {
    if (l->activity) {
        const struct x_subscription *s = x_subscription_for(x, item);
        if (!s) return false;
        x_put_event(x, out, s, item);
        return true;
    }
    struct buf rules;
    buf_init(&rules, LINE_MAX);
    const bool any = x_rules_match(x, item, &rules);
    if (any) {
        buf_put(out, STR("{\"data\":"));
        x_put_post(x, out, item, &l->fields);
        x_put_includes(x, out, &item, 1, &l->fields);
        sim_put_key(out, "matching_rules");
        buf_put(out, STR("["));
        buf_put(out, buf_str(&rules));
        buf_put(out, STR("]}"));
    }
    buf_fini(&rules);
    return any;
}

static void bill(struct x_face *x, const struct x_line *l, const struct x_item *item) {
    x_bill_one(x, l->activity ? RESOURCE_EVENT : RESOURCE_POST, item->id);
}

/* Is the item for the stream at all? (Before its text is made, which bills what it includes.) */
static bool is_for(struct x_face *x, const struct x_line *l, const struct x_item *item) {
    if (l->activity) return x_subscription_for(x, item) != NULL;
    struct buf none;
    char block[1];
    buf_init_fixed(&none, block, 1);
    return x_rules_match(x, item, &none);
}

static void hold(struct x_face *x, struct x_line *l, struct buf *out, ptrdiff_t from, usec delay) {
    if (l->held.len == 0) {
        l->held_until = x->now + delay;
        l->held_due = false;
    }
    buf_put(&l->held, str_tail(buf_str(out), from));
    out->len = from;
}

typedef enum said { SAID_NOTHING, SAID_LINE, SAID_CUT } said;

/* One item that is for the stream, with what befalls it. */
static said say(struct x_face *x, struct x_line *l, const struct x_item *item, struct buf *out) {
    const struct fault f = x_message_fault(x, true);
    const ptrdiff_t from = out->len;
    if (f.kind == FAULT_STREAM_GAP) return SAID_NOTHING;
    if (f.kind == FAULT_STREAM_CUT) return SAID_CUT;
    if (f.kind == FAULT_X_DISCONNECT || f.kind == FAULT_SHUTDOWN) {
        put_disconnect(out, "OperationalDisconnect",
                       "This stream has been disconnected for "
                       "operational reasons.");
        l->shut = true;
        return SAID_LINE;
    }
    if (!put_item(x, l, item, out)) return SAID_NOTHING;
    put_end(out);
    bill(x, l, item);
    if (f.kind == FAULT_STREAM_SWAP) {
        hold(x, l, out, from, f.delay);
        return SAID_NOTHING;
    }
    if (f.kind == FAULT_STREAM_DOUBLE) buf_put(&l->again, str_tail(buf_str(out), from));
    if (f.kind == FAULT_STREAM_MUTE) l->mute_until = x->now + f.delay;
    if (f.kind == FAULT_STREAM_MUTE) {
        hold(x, l, out, from, 0); /* behind the silence */
        return SAID_NOTHING;
    }
    if (l->held.len > 0) l->held_due = true;
    return SAID_LINE;
}

static bool is_mute(const struct x_face *x, const struct x_line *l) {
    return x->now < l->mute_until || x->now < x->mute_until;
}

static bool is_held_due(const struct x_face *x, const struct x_line *l) {
    return l->held.len > 0 && (l->held_due || x->now >= l->held_until);
}

/* Goes on in the row until there is something to say. */
static said go_on(struct x_face *x, struct x_line *l, struct buf *out) {
    while (l->cursor < x->end && !is_mute(x, l)) {
        const struct x_item *item = x_item_at(x, l->cursor);
        if (!is_for(x, l, item)) {
            l->cursor++;
            continue;
        }
        if (x_bill_broke(x)) {
            put_disconnect(out, "OperationalDisconnect",
                           "The account has no credits, or its cap is reached.");
            l->shut = true;
            return SAID_LINE;
        }
        l->cursor++;
        const said s = say(x, l, item, out);
        if (s != SAID_NOTHING) return s;
    }
    return SAID_NOTHING;
}

/* --- the face's side ---------------------------------------------------------------------------
 */

void x_line_close(void *ctx, usec now, int conn) {
    struct x_face *x = ctx;
    PRE(conn >= 0 && conn < X_LINES);
    x_advance(x, now);
    x->lines[conn].open = false;
}

void x_line_slow(void *ctx, usec now, int conn, struct buf *out) {
    x_line_close(ctx, now, conn);
    put_disconnect(out, "SlowReader", "This stream has been disconnected: it was read too slowly.");
}

static sim_frame take(struct x_line *l, struct buf *from, usec now, struct buf *out) {
    buf_put(out, buf_str(from));
    buf_clear(from);
    l->said_at = now;
    return SIM_TEXT;
}

static sim_frame shut(struct x_line *l, int *ret_code) {
    l->open = false;
    *ret_code = 0;
    return SIM_SHUT;
}

sim_frame x_line_next(void *ctx, usec now, int conn, struct buf *out, int *ret_code) {
    struct x_face *x = ctx;
    PRE(conn >= 0 && conn < X_LINES && x->lines[conn].open);
    struct x_line *l = &x->lines[conn];
    x_advance(x, now);
    arena_reset(&x->scratch);
    if (l->shut || l->cuts != x->cuts) return shut(l, ret_code);
    if (l->cursor < x->first || x->end - l->cursor > X_LAG_MAX) {
        put_disconnect(out, "SlowReader",
                       "This stream has been disconnected: it was read too slowly.");
        l->shut = true;
        return SIM_TEXT;
    }
    if (l->disconnects != x->disconnects) {
        put_disconnect(out, "OperationalDisconnect",
                       "This stream has been disconnected for operational reasons.");
        l->shut = true;
        return SIM_TEXT;
    }
    if (is_mute(x, l)) return SIM_NOTHING;
    if (l->again.len > 0) return take(l, &l->again, x->now, out);
    if (is_held_due(x, l)) return take(l, &l->held, x->now, out);
    const said s = go_on(x, l, out);
    if (s == SAID_CUT) return shut(l, ret_code);
    if (s == SAID_NOTHING) {
        if (is_mute(x, l) || x->now - l->said_at < X_KEEP_ALIVE) return SIM_NOTHING;
        put_end(out);
    }
    l->said_at = x->now;
    return SIM_TEXT;
}

static bool has_work(const struct x_face *x, const struct x_line *l) {
    if (!l->open) return false;
    if (l->shut || l->cuts != x->cuts || l->disconnects != x->disconnects) return true;
    if (l->cursor < x->first || x->end - l->cursor > X_LAG_MAX) return true;
    if (is_mute(x, l)) return false;
    return l->again.len > 0 || is_held_due(x, l) || l->cursor < x->end ||
           x->now - l->said_at >= X_KEEP_ALIVE;
}

int x_line_ready(void *ctx) {
    const struct x_face *x = ctx;
    for (int i = 0; i < X_LINES; i++)
        if (has_work(x, &x->lines[i])) return i;
    return -1;
}

usec x_lines_next_at(const struct x_face *x) {
    usec at = USEC_NEVER;
    for (int i = 0; i < X_LINES; i++) {
        const struct x_line *l = &x->lines[i];
        if (!l->open) continue;
        usec t = l->said_at + X_KEEP_ALIVE;
        if (l->held.len > 0) t = i64_min(t, l->held_until);
        t = i64_max(t, i64_max(l->mute_until, x->mute_until));
        at = i64_min(at, t);
    }
    return at;
}
