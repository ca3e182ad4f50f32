/* Notices, deliveries, channels: see the header.
 *
 * In: what people should be told. Out: rows. A notice is put by whoever knows of it, in the same
 * transaction; all else is done by one process at a time (store_claim), in small transactions of
 * its own. New ones are found by a mark of theirs and not by a place in their order, because on
 * PostgreSQL a smaller number may be committed after a larger one. Failure: the store's. Thread:
 * the connection's. */
#include "store/notices.h"

#include <inttypes.h>

#include "store/shown.h"
#include "store/store_int.h"

static const char *const delivery_names[] = {
#define X(name, text) text,
    DELIVERY_STATE_MAP(X)
#undef X
};
static const char *const state_names[] = {
#define X(name, text) text,
    CHANNEL_STATE_MAP(X)
#undef X
};

const char *channel_state_name(channel_state s) {
    PRE(s >= 0 && s < CHANNEL_STATE_COUNT);
    return state_names[s];
}

/* --- putting ---------------------------------------------------------------------------------- */

/* Numbers, ids and times become one mark: "request of trade #". */
static void put_sameness(const struct notice *n, struct buf *b) {
    buf_printf(b, "%s/%s/", notice_name(n->kind), n->what);
    for (const char *p = n->text; *p != '\0' && !buf_full(b); p++) {
        const bool digit = *p >= '0' && *p <= '9';
        if (digit && b->len > 0 && b->p[b->len - 1] == '#') continue;
        buf_put_byte(b, digit ? '#' : *p);
    }
}

void notice_make(struct notice *n, usec at, notice_kind kind, const char *what, str text) {
    struct buf b;
    *n = (struct notice){.at = at, .kind = kind};
    IGNORE(!str_copyz(str_from_z(what), n->what, sizeof n->what), "ours, short");
    IGNORE(!str_copyz(text, n->text, sizeof n->text), "cut is fine");
    if (!notice_comes_again(kind)) return;
    buf_init_fixed(&b, n->sameness, sizeof n->sameness);
    put_sameness(n, &b);
}

bool store_notice_put(struct store *s, const struct notice *n, struct error *err) {
    static const struct sql sql = {"INSERT INTO notices (at, event, what, text, sameness) VALUES "
                                   "($1, $2, $3, $4, $5)"};
    struct query q;
    PRE(s->in_transaction);
    if (!query_open(s, &sql, &q, err)) return false;
    bind_time(&q, n->at);
    bind_z(&q, notice_name(n->kind));
    bind_z(&q, n->what);
    bind_z(&q, n->text);
    bind_z(&q, n->sameness);
    return query_run(&q, err) || fail_in(err, "keep what people are to be told");
}

bool store_notice_add(struct store *s, const struct notice *n, int64_t *ret_id, struct error *err) {
    static const struct sql sql = {"SELECT max(id) FROM notices"};
    struct query q;
    int64_t id = 0;
    bool found;
    if (!store_begin(s, true, err)) return false;
    const bool ok = store_notice_put(s, n, err) && query_open(s, &sql, &q, err) &&
                    query_i64(&q, &id, &found, err) && store_commit(s, err);
    if (!ok) store_rollback(s);
    if (ok && ret_id != NULL) *ret_id = id;
    return ok;
}

/* --- sorting ---------------------------------------------------------------------------------- */

#define NOTICE_COLUMNS "n.id, n.at, n.event, n.what, n.text, n.sameness, n.repeats"

/* One that a newer program wrote is told as what it is: something. */
static void get_notice(struct query *q, struct notice *ret) {
    ret->id = col_i64(q);
    ret->at = col_time(q);
    if (!notice_from_name(col_str(q), &ret->kind)) ret->kind = NOTICE_SYSTEM;
    col_z(q, ret->what, sizeof ret->what);
    col_z(q, ret->text, sizeof ret->text);
    col_z(q, ret->sameness, sizeof ret->sameness);
    ret->repeats = col_i64(q);
}

/* The rest of an open query, at most `max` rows. */
static bool take_notices(struct query *q, struct notice *ret, int max, int *ret_count,
                         struct error *err) {
    bool row;
    int n = 0;
    if (!query_row(q, &row, err)) return false;
    while (row && n < max) {
        get_notice(q, &ret[n++]);
        if (!query_row(q, &row, err)) return false;
    }
    if (row) query_close(q);
    *ret_count = n;
    return true;
}

bool store_notices_new(struct store *s, struct notice *ret, int max, int *ret_count,
                       struct error *err) {
    static const struct sql sql = {
        "SELECT " NOTICE_COLUMNS " FROM notices n WHERE n.sorted = 0 ORDER BY n.id LIMIT $1",
        "SELECT " NOTICE_COLUMNS " FROM notices n WHERE NOT n.sorted ORDER BY n.id LIMIT $1"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, max);
    return take_notices(&q, ret, max, ret_count, err);
}

bool store_notices_skip(struct store *s, int64_t *ret_count, struct error *err) {
    static const struct sql sql = {"UPDATE notices SET sorted = 1 WHERE sorted = 0",
                                   "UPDATE notices SET sorted = TRUE WHERE NOT sorted"};
    return query_exec(s, &sql, err) && query_changes(s, ret_count, err);
}

bool store_notice_same(struct store *s, const struct notice *n, usec since, int64_t *ret_id,
                       struct error *err) {
    static const struct sql sql = {
        "SELECT id FROM notices WHERE sameness = $1 AND sameness <> '' AND id < $2 AND of_id IS "
        "NULL AND at >= $3 ORDER BY id DESC LIMIT 1"};
    struct query q;
    bool found;
    *ret_id = 0;
    if (n->sameness[0] == '\0') return true;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_z(&q, n->sameness);
    bind_i64(&q, n->id);
    bind_time(&q, since);
    return query_i64(&q, ret_id, &found, err);
}

bool store_notice_sorted(struct store *s, int64_t id, struct error *err) {
    static const struct sql sql = {"UPDATE notices SET sorted = 1 WHERE id = $1",
                                   "UPDATE notices SET sorted = TRUE WHERE id = $1"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, id);
    return query_run(&q, err);
}

bool store_notice_repeats(struct store *s, int64_t id, int64_t of_id, struct error *err) {
    static const struct sql mark = {"UPDATE notices SET sorted = 1, of_id = $1 WHERE id = $2",
                                    "UPDATE notices SET sorted = TRUE, of_id = $1 WHERE id = $2"};
    static const struct sql count = {"UPDATE notices SET repeats = repeats + 1 WHERE id = $1"};
    struct query q;
    if (!query_open(s, &mark, &q, err)) return false;
    bind_i64(&q, of_id);
    bind_i64(&q, id);
    if (!query_run(&q, err) || !query_open(s, &count, &q, err)) return false;
    bind_i64(&q, of_id);
    return query_run(&q, err);
}

bool store_notice_deliver(struct store *s, int64_t id, str channel, bool urgent, usec due, usec now,
                          bool left_out, struct error *err) {
    static const struct sql sql = {
        "INSERT INTO deliveries (notice_id, channel, urgent, state, due_at, changed_at) VALUES "
        "($1, $2, $3, $4, $5, $6) ON CONFLICT (notice_id, channel) DO NOTHING"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, id);
    bind_str(&q, channel);
    bind_bool(&q, urgent);
    bind_z(&q, delivery_names[left_out ? DELIVERY_LEFT_OUT : DELIVERY_WAITING]);
    bind_time(&q, due);
    bind_time(&q, now);
    return query_run(&q, err) || fail_in(err, "notice %" PRId64, id);
}

bool store_notices_repeated(struct store *s, usec before, struct notice *ret, int max,
                            int *ret_count, struct error *err) {
    static const struct sql sql = {
        "SELECT " NOTICE_COLUMNS
        " FROM notices n WHERE n.repeats > 0 AND n.at < $1 ORDER BY n.id LIMIT $2"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_time(&q, before);
    bind_i64(&q, max);
    return take_notices(&q, ret, max, ret_count, err);
}

bool store_notice_repeats_told(struct store *s, int64_t id, struct error *err) {
    static const struct sql sql = {"UPDATE notices SET repeats = 0 WHERE id = $1"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, id);
    return query_run(&q, err);
}

/* --- delivering ------------------------------------------------------------------------------- */

bool store_deliveries_due(struct store *s, str channel, usec now, struct delivery *ret, int max,
                          int *ret_count, struct error *err) {
    static const struct sql sql = {
        "SELECT " NOTICE_COLUMNS ", d.urgent, d.tries FROM deliveries d JOIN notices n ON n.id = "
        "d.notice_id WHERE d.channel = $1 AND d.state = 'waiting' AND d.due_at <= $2 ORDER BY "
        "d.urgent DESC, d.notice_id LIMIT $3"};
    struct query q;
    bool row;
    int n = 0;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_str(&q, channel);
    bind_time(&q, now);
    bind_i64(&q, max);
    if (!query_row(&q, &row, err)) return false;
    while (row) {
        get_notice(&q, &ret[n].notice);
        ret[n].urgent = col_bool(&q);
        ret[n++].tries = col_i64(&q);
        if (!query_row(&q, &row, err)) return false;
    }
    *ret_count = n;
    return true;
}

bool store_deliveries_waiting(struct store *s, str channel, int64_t *ret_count, usec *ret_due,
                              struct error *err) {
    static const struct sql sql = {
        "SELECT count(*), min(due_at) FROM deliveries WHERE channel = $1 AND state = 'waiting'"};
    struct query q;
    bool row;
    *ret_count = 0;
    *ret_due = USEC_NEVER;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_str(&q, channel);
    if (!query_row(&q, &row, err)) return false;
    *ret_count = row ? col_i64(&q) : 0;
    if (*ret_count > 0) *ret_due = col_time(&q);
    query_close(&q);
    return true;
}

bool store_delivery_taken(struct store *s, int64_t id, str channel, usec now, struct error *err) {
    static const struct sql sql = {
        "UPDATE deliveries SET state = 'sending', tries = tries + 1, changed_at = $1 WHERE "
        "notice_id = $2 AND channel = $3 AND state = 'waiting'"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_time(&q, now);
    bind_i64(&q, id);
    bind_str(&q, channel);
    return query_run(&q, err);
}

bool store_delivery_put(struct store *s, int64_t id, str channel, delivery_state state,
                        const char *why, usec due, usec now, struct error *err) {
    static const struct sql sql = {
        "UPDATE deliveries SET state = $1, why = $2, due_at = $3, changed_at = $4 WHERE notice_id "
        "= $5 AND channel = $6 AND state = 'sending'"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_z(&q, delivery_names[state]);
    bind_z(&q, why);
    bind_time(&q, due);
    bind_time(&q, now);
    bind_i64(&q, id);
    bind_str(&q, channel);
    return query_run(&q, err);
}

bool store_delivery_untold(struct store *s, int64_t id, str channel, struct error *err) {
    static const struct sql sql = {
        "UPDATE deliveries SET tries = tries - 1 WHERE notice_id = $1 AND channel = $2 AND state = "
        "'sending' AND tries > 0"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, id);
    bind_str(&q, channel);
    return query_run(&q, err);
}

bool store_deliveries_quiet(struct store *s, usec due, usec now, struct error *err) {
    static const struct sql sql = {
        "UPDATE deliveries SET due_at = $1 WHERE state = 'waiting' AND NOT urgent AND why = '' AND "
        "tries = 0 AND due_at > $2"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_time(&q, due);
    bind_time(&q, now);
    return query_run(&q, err);
}

bool store_deliveries_revive(struct store *s, usec now, int64_t *ret_count, struct error *err) {
    static const struct sql sql = {
        "UPDATE deliveries SET state = 'waiting', due_at = $1, changed_at = $2 WHERE state = "
        "'sending'"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_time(&q, now);
    bind_time(&q, now);
    return query_run(&q, err) && query_changes(s, ret_count, err);
}

/* --- channels --------------------------------------------------------------------------------- */

bool store_channel_put(struct store *s, const struct channel_row *v, struct error *err) {
    static const struct sql sql = {
        "INSERT INTO channels (name, state, since, why, sent_at, sent, failed) VALUES ($1, $2, $3, "
        "$4, $5, $6, $7) ON CONFLICT (name) DO UPDATE SET state = excluded.state, since = "
        "excluded.since, why = excluded.why, sent_at = excluded.sent_at, sent = excluded.sent, "
        "failed = excluded.failed"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_z(&q, v->name);
    bind_z(&q, state_names[v->state]);
    bind_time(&q, v->since);
    bind_z(&q, v->why);
    bind_time_or_null(&q, v->sent_at);
    bind_i64(&q, v->sent);
    bind_i64(&q, v->failed);
    return query_run(&q, err) || fail_in(err, "note how channel %s is", v->name);
}

bool store_channel_mended(struct store *s, str name, usec now, struct error *err) {
    static const struct sql mend = {
        "UPDATE channels SET state = 'new', since = $1, why = '' WHERE name = $2 AND state = "
        "'refused'"};
    static const struct sql hurry = {
        "UPDATE deliveries SET due_at = $1 WHERE channel = $2 AND state = 'waiting' AND why <> "
        "''"};
    struct query q;
    if (!query_open(s, &mend, &q, err)) return false;
    bind_time(&q, now);
    bind_str(&q, name);
    if (!query_run(&q, err) || !query_open(s, &hurry, &q, err)) return false;
    bind_time(&q, now);
    bind_str(&q, name);
    return query_run(&q, err);
}

static channel_state state_from(str name) {
    for (int i = 0; i < CHANNEL_STATE_COUNT; i++)
        if (str_eq(name, str_from_z(state_names[i]))) return (channel_state)i;
    return CHANNEL_IS_NEW;
}

bool store_channels(struct store *s, struct channel_row *ret, int max, int *ret_count,
                    struct error *err) {
    static const struct sql sql = {"SELECT name, state, since, why, sent_at, sent, failed FROM "
                                   "channels ORDER BY name LIMIT $1"};
    struct query q;
    bool row;
    int n = 0;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, max);
    if (!query_row(&q, &row, err)) return false;
    while (row) {
        struct channel_row *const v = &ret[n++];
        *v = (struct channel_row){0};
        col_z(&q, v->name, sizeof v->name);
        v->state = state_from(col_str(&q));
        v->since = col_time(&q);
        col_z(&q, v->why, sizeof v->why);
        v->sent_at = col_time(&q);
        v->sent = col_i64(&q);
        v->failed = col_i64(&q);
        if (!query_row(&q, &row, err)) return false;
    }
    *ret_count = n;
    return true;
}

/* --- looking ---------------------------------------------------------------------------------- */

static void put_text(struct buf *b, const char *name, str text) {
    buf_printf(b, ",\"%s\":", name);
    buf_put_json_str(b, text);
}

static void put_delivery(struct query *q, bool first, struct buf *out) {
    buf_put(out, first ? STR("{\"channel\":") : STR(",{\"channel\":"));
    buf_put_json_str(out, col_str(q));
    put_text(out, "state", col_str(q));
    buf_printf(out, ",\"tries\":%" PRId64, col_i64(q));
    buf_put(out, STR(",\"at\":"));
    shown_put_time(out, col_time(q));
    put_text(out, "why", col_str(q));
    buf_put_byte(out, '}');
}

/* The row's notice, up to its deliveries. */
static void put_notice(struct query *q, int64_t id, struct buf *out) {
    buf_printf(out, "%s{\"id\":\"%" PRId64 "\",\"at\":", out->p[out->len - 1] == '[' ? "" : ",",
               id);
    shown_put_time(out, col_time(q));
    put_text(out, "event", col_str(q));
    put_text(out, "what", col_str(q));
    put_text(out, "text", col_str(q));
    buf_printf(out, ",\"repeats\":%" PRId64 ",\"deliveries\":[", col_i64(q));
}

bool store_view_notices(struct store *s, int limit, struct buf *out, struct error *err) {
    static const struct sql sql = {
        "SELECT n.id, n.at, n.event, n.what, n.text, n.repeats, d.channel, d.state, d.tries, "
        "d.changed_at, d.why FROM (SELECT * FROM notices WHERE of_id IS NULL ORDER BY id DESC "
        "LIMIT $1) AS n LEFT JOIN deliveries d ON d.notice_id = n.id ORDER BY n.id DESC, "
        "d.channel"};
    struct query q;
    bool row;
    int64_t last = 0;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, limit);
    if (!query_row(&q, &row, err)) return false;
    buf_put_byte(out, '[');
    while (row) {
        const int64_t id = col_i64(&q);
        const bool other = id != last;
        if (other && last != 0) buf_put(out, STR("]}"));
        if (other)
            put_notice(&q, id, out);
        else
            q.cols += 5; /* of the notice, told already */
        if (!col_is_null(&q)) put_delivery(&q, other, out);
        last = id;
        if (!query_row(&q, &row, err)) return false;
    }
    buf_put(out, last != 0 ? STR("]}]") : STR("]"));
    return !buf_full(out) || fail(err, ERR_FULL, 0, "too many to show at once: ask for fewer");
}
