/* One post with all that came of it, one trade with all that it is made of, for the HTTP interface.
 *
 * In: an id. Out: an object. The trace of a post is told by what stands in the store: the times of
 * the post, those of its signals, and the audit rows of its trades, which say when each order
 * moved. Invariants: steps are in the order of their times; those of one moment in the order in
 * which they were written. Failure: the store's error. Thread: the connection's. */
#include "store/view_columns.h"
#include "store/views.h"

#define STEPS_MAX 256 /* a trade has some twenty; what is beyond is in its audit rows */
#define WHAT_BYTES 224

struct step {
    const char *name;
    usec at;
    int64_t order_id, trade_id; /* 0: none */
    char what[WHAT_BYTES];
};

struct trace {
    int count;
    struct step v[STEPS_MAX];
};

/* A fill may be news of its order before the order's own: that it was acknowledged stands before.
 */
static bool stands_before(const struct step *a, const struct step *b) {
    if (a->at != b->at) return a->at < b->at;
    return a->order_id != 0 && a->order_id == b->order_id && strcmp(a->name, "acknowledged") == 0 &&
           strcmp(b->name, "filled") == 0;
}

/* Behind those of the same time. NULL: there is no more room. */
static struct step *add_step(struct trace *t, const char *name, usec at, int64_t order_id) {
    if (t->count == STEPS_MAX) return NULL;
    const struct step step = {.name = name, .at = at, .order_id = order_id};
    int i = t->count++;
    for (; i > 0 && stands_before(&step, &t->v[i - 1]); i--) t->v[i] = t->v[i - 1];
    t->v[i] = step;
    return &t->v[i];
}

static void say(struct step *s, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void say(struct step *s, const char *fmt, ...) {
    struct buf b;
    va_list args;
    buf_init_fixed(&b, s->what, sizeof s->what); /* cut where it is too long */
    va_start(args, fmt);
    buf_vprintf(&b, fmt, args);
    va_end(args);
}

static void put_step(struct buf *out, const struct step *s) {
    buf_printf(out, "{\"step\":\"%s\",\"at\":", s->name);
    shown_put_time(out, s->at);
    buf_put(out, STR(",\"what\":"));
    buf_put_json_str(out, str_from_z(s->what));
    if (s->order_id != 0) buf_printf(out, ",\"order_id\":\"%lld\"", (long long)s->order_id);
    if (s->trade_id != 0) buf_printf(out, ",\"trade_id\":\"%lld\"", (long long)s->trade_id);
    buf_put_byte(out, '}');
}

/* --- its steps ------------------------------------------------------------------------------ */

static bool trace_post(struct store *s, int64_t id, struct trace *t, struct error *err) {
    static const struct sql sql = {"SELECT created_at, received_at, created_at_db, author, "
                                   "source, missed FROM tweets WHERE id = $1"};
    struct query q;
    bool row;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, id);
    if (!query_row(&q, &row, err)) return false;
    if (!row) return true;
    const usec created_at = col_time(&q), received_at = col_time(&q), stored_at = col_time(&q);
    const str author = col_str(&q), source = col_str(&q);
    const bool missed = col_bool(&q);
    struct step *step = add_step(t, "posted", created_at, 0);
    if (step != NULL && author.n > 0) say(step, "by " STR_FMT, STR_ARG(author));
    step = add_step(t, "received", received_at, 0);
    if (step != NULL)
        say(step, "from " STR_FMT "%s", STR_ARG(source), missed ? ", after a gap" : "");
    IGNORE(add_step(t, "stored", stored_at, 0) == NULL, "the first three have room");
    query_close(&q);
    return true;
}

static bool trace_signals(struct store *s, int64_t id, struct trace *t, struct error *err) {
    static const struct sql sql = {"SELECT created_at, symbol, side, score, verdict, reason, "
                                   "trade_id FROM signals WHERE tweet_id = $1 ORDER BY id"};
    struct query q;
    bool row;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, id);
    if (!query_row(&q, &row, err)) return false;
    while (row) {
        struct step *const step = add_step(t, "judged", col_time(&q), 0);
        if (step == NULL) break;
        const str coin = col_str(&q), way = col_str(&q);
        const int64_t score = col_i64(&q);
        const str came_to = col_str(&q), why = col_str(&q);
        say(step, STR_FMT " " STR_FMT " %lld, " STR_FMT "%s" STR_FMT, STR_ARG(way), STR_ARG(coin),
            (long long)score, STR_ARG(came_to), why.n > 0 ? ": " : "", STR_ARG(why));
        step->trade_id = col_i64(&q);
        if (!query_row(&q, &row, err)) return false;
    }
    query_close(&q);
    return true;
}

/* What an audit row is a step of; NULL: of none. detail of a move: "entry DOGEUSDT new>sent". */
static const char *step_of(str action, str detail) {
    if (str_eq(action, STR("intent"))) return "intent";
    if (str_eq(action, STR("fill"))) return "filled";
    if (str_eq(action, STR("close"))) return "closed";
    if (!str_eq(action, STR("move"))) return NULL;
    if (str_ends(detail, STR(">sent"))) return "sent";
    if (str_ends(detail, STR(">unknown")) || str_ends(detail, STR(">absent"))) return NULL;
    const bool first = str_find(detail, STR(" new>")) >= 0 ||
                       str_find(detail, STR(" sent>")) >= 0 ||
                       str_find(detail, STR(" unknown>")) >= 0;
    return first ? "acknowledged" : NULL;
}

static bool trace_trades(struct store *s, int64_t id, struct trace *t, struct error *err) {
    static const struct sql sql = {
        "SELECT a.at, a.action, a.detail, a.trade_id, CASE a.entity WHEN 'order' THEN a.entity_id "
        "WHEN 'fill' THEN (SELECT f.order_id FROM fills f WHERE f.id = a.entity_id) END "
        "FROM trades t JOIN audit_log a ON a.trade_id = t.id WHERE t.tweet_id = $1 ORDER BY a.id"};
    struct query q;
    bool row;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, id);
    if (!query_row(&q, &row, err)) return false;
    while (row) {
        const usec at = col_time(&q);
        const str action = col_str(&q), detail = col_str(&q);
        const int64_t trade_id = col_i64(&q), order_id = col_i64(&q);
        const char *const name = step_of(action, detail);
        struct step *const step = name ? add_step(t, name, at, order_id) : NULL;
        if (step != NULL) {
            say(step, STR_FMT, STR_ARG(detail));
            step->trade_id = trade_id;
        }
        if (!query_row(&q, &row, err)) return false;
    }
    return true;
}

static bool put_trace(struct store *s, int64_t id, struct buf *out, struct error *err) {
    struct trace t;
    t.count = 0;
    if (!trace_post(s, id, &t, err) || !trace_signals(s, id, &t, err) ||
        !trace_trades(s, id, &t, err))
        return false;
    buf_put_byte(out, '[');
    for (int i = 0; i < t.count; i++) {
        if (i > 0) buf_put_byte(out, ',');
        put_step(out, &t.v[i]);
    }
    buf_put_byte(out, ']');
    return true;
}

/* --- objects -------------------------------------------------------------------------------- */

bool store_view_tweet(struct store *s, int64_t id, struct buf *out, bool *ret_found,
                      struct error *err) {
    static const struct sql sql = VIEW_SELECT(VIEW_TWEET_FULL, "", "tweets");
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, id);
    if (!query_row(&q, ret_found, err)) return false;
    if (!*ret_found) return true;
    shown_put_members(out, &q, VIEW_FIELDS(VIEW_TWEET_FULL));
    query_close(&q);
    buf_put(out, STR(",\"signals\":"));
    if (!view_put_signals(s, id, true, out, err)) return false;
    buf_put(out, STR(",\"trace\":"));
    return put_trace(s, id, out, err);
}

bool store_view_said(struct store *s, struct arena *a, int64_t id, struct view_said *ret,
                     bool *ret_found, struct error *err) {
    static const struct sql sql = {
        "SELECT text, deleted_at IS NOT NULL, coalesce(model, ''), mentions, "
        "CAST(round(coalesce(sentiment_score, 0) * 10000) AS INTEGER) FROM tweets WHERE id = $1"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, id);
    if (!query_row(&q, ret_found, err)) return false;
    if (!*ret_found) return true;
    ret->text = str_dup(a, col_str(&q));
    ret->deleted = col_bool(&q);
    ret->model = str_dup(a, col_str(&q));
    ret->mentions = col_is_null(&q) ? col_str(&q) : str_dup(a, col_str(&q));
    ret->sentiment_bp = col_i64(&q);
    query_close(&q);
    return true;
}

/* The row of that id as an object, null where there is none (id 0). */
static bool put_one(struct store *s, const struct sql *sql, int64_t id, const struct field *fields,
                    int field_count, struct buf *out, struct error *err) {
    struct query q;
    bool row;
    if (!query_open(s, sql, &q, err)) return false;
    bind_i64(&q, id);
    if (!query_row(&q, &row, err)) return false;
    if (row)
        shown_put_row(out, &q, fields, field_count);
    else
        buf_put(out, STR("null"));
    query_close(&q);
    return true;
}

static bool put_rows_of(struct store *s, const struct sql *sql, int64_t id,
                        const struct field *fields, int field_count, struct buf *out,
                        struct error *err) {
    struct query q;
    if (!query_open(s, sql, &q, err)) return false;
    bind_i64(&q, id);
    return view_put_array(&q, fields, field_count, out, err);
}

static bool find_trade(struct store *s, int64_t id, int64_t *ret_tweet, int64_t *ret_signal,
                       bool *ret_found, struct error *err) {
    static const struct sql sql = {"SELECT tweet_id, signal_id FROM trades WHERE id = $1"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, id);
    if (!query_row(&q, ret_found, err)) return false;
    if (*ret_found) {
        *ret_tweet = col_i64(&q);
        *ret_signal = col_i64(&q);
    }
    query_close(&q);
    return true;
}

bool store_view_trade(struct store *s, int64_t id, struct buf *out, bool *ret_found,
                      struct error *err) {
    static const struct sql trade = VIEW_SELECT(VIEW_TRADE_FULL, "", "trades");
    static const struct sql post = VIEW_SELECT(VIEW_TWEET, "", "tweets");
    static const struct sql signal = VIEW_SELECT(VIEW_SIGNAL_FULL, "", "signals");
    static const struct sql orders =
        VIEW_SELECT_BY(VIEW_ORDER, "", "orders", "trade_id = $1 ORDER BY id");
    static const struct sql fills =
        VIEW_SELECT_BY(VIEW_FILL, "", "fills", "trade_id = $1 ORDER BY id");
    static const struct sql audit =
        VIEW_SELECT_BY(VIEW_AUDIT_ROW, "", "audit_log", "trade_id = $1 ORDER BY id");
    int64_t tweet_id = 0, signal_id = 0;
    if (!find_trade(s, id, &tweet_id, &signal_id, ret_found, err)) return false;
    if (!*ret_found) return true;
    buf_put(out, STR("{\"trade\":"));
    if (!put_one(s, &trade, id, VIEW_FIELDS(VIEW_TRADE_FULL), out, err)) return false;
    buf_put(out, STR(",\"post\":"));
    if (!put_one(s, &post, tweet_id, VIEW_FIELDS(VIEW_TWEET), out, err)) return false;
    buf_put(out, STR(",\"signal\":"));
    if (!put_one(s, &signal, signal_id, VIEW_FIELDS(VIEW_SIGNAL_FULL), out, err)) return false;
    buf_put(out, STR(",\"orders\":"));
    if (!put_rows_of(s, &orders, id, VIEW_FIELDS(VIEW_ORDER), out, err)) return false;
    buf_put(out, STR(",\"fills\":"));
    if (!put_rows_of(s, &fills, id, VIEW_FIELDS(VIEW_FILL), out, err)) return false;
    buf_put(out, STR(",\"audit\":"));
    if (!put_rows_of(s, &audit, id, VIEW_FIELDS(VIEW_AUDIT_ROW), out, err)) return false;
    buf_put_byte(out, '}');
    return true;
}
