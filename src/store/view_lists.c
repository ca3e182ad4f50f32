/* Lists for the HTTP interface, page by page.
 *
 * A page without filters is one statement along an index in the list's order, from where the page
 * before ended. One with filters is made in two steps: a walk goes along the same index and finds
 * which rows match; then each of these is read by its id. So it has an end: after VIEW_WALK_MAX
 * rows it stops and says how far it came.
 *
 * In: what is asked for. Out: an array of objects. Invariants: the place of a page is that of the
 * last row it looked at, so no row is shown twice and none that was there is left out. Failure: the
 * store's error. Thread: the connection's. */
#include "store/feed_now.h"
#include "store/view_columns.h"
#include "store/views.h"

/* Parameters are numbered as they come, so the walk's filter, which stands first, has the first.
 *
 * A walk in SQLite gives each row that it looks at, and who reads it stops when there are enough.
 * What PostgreSQL has to give it sends at once: there only the rows that match come, with the
 * number of the row in the walk, and of the others the last that may be looked at and the one
 * behind it. */
#define SQLITE_WALK(columns, filter, table, where, order)                                          \
    "SELECT " columns ", " filter ", 0 FROM " table " WHERE " where " ORDER BY " order
#define PG_WALK(columns, filter, table, where, order)                                              \
    "SELECT * FROM (SELECT " columns ", " filter " AS fits, row_number() OVER (ORDER BY " order    \
    ") AS place FROM " table " WHERE " where " ORDER BY " order " LIMIT " WALK_LIMIT ") AS walk "  \
    "WHERE fits OR place >= " WALK_MAX
#define AS_TEXT_(n) #n
#define AS_TEXT(n) AS_TEXT_(n)
#define WALK_MAX AS_TEXT(VIEW_WALK_MAX)
#define WALK_LIMIT WALK_MAX " + 1"
#define WALK(columns, FILTER, table, WHERE, order, limit)                                          \
    {                                                                                              \
        SQLITE_WALK(columns, FILTER(SQLITE), table, WHERE(SQLITE), order)                          \
        " LIMIT " limit, PG_WALK(columns, FILTER(PG), table, WHERE(PG), order) " LIMIT " limit     \
    }

/* The rows themselves, `place` first; the last parameter is how many. */
#define PAGE_TEXT(place, LIST, more, table, where, order)                                          \
    "SELECT " place ", 0" LIST(VIEW_COLUMN) more " FROM " table " WHERE " where " ORDER BY " order
#define PAGE(place, LIST, more, table, where, order)                                               \
    { PAGE_TEXT(place, LIST, more, table, where, order) }
#define PAGE_BY_ID(LIST, table) PAGE("id, 0", LIST, "", table, "id < $1", "id DESC LIMIT $2")

#define TWEETS_MATCH(D)                                                                            \
    "($1 = '' OR source = $1) AND ($2 = '' OR label = $2) AND ($3 = '' OR outcome = $3) AND "      \
    "($4 < 0 OR signal_score >= $4) AND ($5 < 0 OR missed = ($5 = 1)) AND "                        \
    "($6 = '' OR " D##_POSITION "(" D##_JSON_TEXT("mentions") ", $6) > 0) AND "                    \
                                                              "($7 = '' OR text " D##_LIKE         \
        " $7 ESCAPE '!')"
#define TWEETS_ORDER "created_at DESC, id DESC"
#define TWEETS_SIGNALS ", outcome IS NULL OR outcome <> 'NO_COIN'" /* may it have any? */
#define TWEETS_WALK(WHERE, limit)                                                                  \
    WALK("id, created_at", TWEETS_MATCH, "tweets", WHERE, TWEETS_ORDER, limit)
#define TWEETS_ALL(D) "(created_at, id) < ($8, $9)"
#define TWEETS_OF(D) D##_SAME_NAME("author", "$8") " AND (created_at, id) < ($9, $10)"

#define SIGNALS_MATCH(D)                                                                           \
    "($1 = '' OR side = $1) AND ($2 = '' OR verdict = $2) AND ($3 = '' OR reason = $3) AND "       \
    "($4 < 0 OR score >= $4)"
#define SIGNALS_ALL(D) "id < $5"
#define SIGNALS_OF(D) "symbol = $5 AND id < $6"
#define TRADES_MATCH(D) "($1 = '' OR status = $1) AND ($2 = '' OR side = $2)"
#define TRADES_ALL(D) "id < $3"
#define TRADES_OF(D) "symbol = $3 AND id < $4"
#define AUDIT_MATCH(D) "($1 = '' OR actor = $1) AND ($2 = '' OR entity = $2)"
#define AUDIT_ALL(D) "id < $3"
#define LETTERS_MATCH(D)                                                                           \
    "($1 = '' OR status = $1) AND ($2 = '' OR kind = $2) AND ($3 = '' OR source = $3)"
#define LETTERS_ALL(D) "id < $4"

#define BY_ID(MATCH, table, WHERE, limit) WALK("id, 0", MATCH, table, WHERE, "id DESC", limit)

/* all: in order; of: what one value of an index has (a symbol, an author). */
/* An open gap reaches to now. */
#define GAPS_GROWN(D)                                                                              \
    "(SELECT id, source, from_at, " GAP_UNTIL(D) " AS until_at, state, posts, what, updated_at "   \
                                                 "FROM gaps) AS gaps"
#define GAPS_PAGE(D) PAGE_TEXT("id, 0", VIEW_GAP, "", GAPS_GROWN(D), "id < $1", "id DESC LIMIT $2")
#define GAPS_ROW(D) VIEW_TEXT(VIEW_GAP, "", GAPS_GROWN(D), "id = $1")

static const struct {
    struct sql page;    /* without filters */
    struct sql all, of; /* walks */
    struct sql row;
    const struct field *fields;
    int field_count;
} lists[VIEW_LIST_COUNT] = {
    [VIEW_TWEETS] = {PAGE("id, created_at", VIEW_TWEET, TWEETS_SIGNALS, "tweets",
                          "(created_at, id) < ($1, $2)", TWEETS_ORDER " LIMIT $3"),
                     TWEETS_WALK(TWEETS_ALL, "$10"), TWEETS_WALK(TWEETS_OF, "$11"),
                     VIEW_SELECT(VIEW_TWEET, TWEETS_SIGNALS, "tweets"), VIEW_FIELDS(VIEW_TWEET)},
    [VIEW_SIGNALS] = {PAGE_BY_ID(VIEW_SIGNAL, "signals"),
                      BY_ID(SIGNALS_MATCH, "signals", SIGNALS_ALL, "$6"),
                      BY_ID(SIGNALS_MATCH, "signals", SIGNALS_OF, "$7"),
                      VIEW_SELECT(VIEW_SIGNAL, "", "signals"), VIEW_FIELDS(VIEW_SIGNAL)},
    [VIEW_TRADES] = {PAGE_BY_ID(VIEW_TRADE, "trades"),
                     BY_ID(TRADES_MATCH, "trades", TRADES_ALL, "$4"),
                     BY_ID(TRADES_MATCH, "trades", TRADES_OF, "$5"),
                     VIEW_SELECT(VIEW_TRADE, "", "trades"), VIEW_FIELDS(VIEW_TRADE)},
    [VIEW_AUDIT] = {PAGE_BY_ID(VIEW_AUDIT_ROW, "audit_log"),
                    BY_ID(AUDIT_MATCH, "audit_log", AUDIT_ALL, "$4"),
                    {NULL},
                    VIEW_SELECT(VIEW_AUDIT_ROW, "", "audit_log"),
                    VIEW_FIELDS(VIEW_AUDIT_ROW)},
    [VIEW_DEAD_LETTERS] = {PAGE_BY_ID(VIEW_DEAD_LETTER, "dead_letters"),
                           BY_ID(LETTERS_MATCH, "dead_letters", LETTERS_ALL, "$5"),
                           {NULL},
                           VIEW_SELECT(VIEW_DEAD_LETTER, "", "dead_letters"),
                           VIEW_FIELDS(VIEW_DEAD_LETTER)},
    [VIEW_GAPS] = {IN_BOTH(GAPS_PAGE), {NULL}, {NULL}, IN_BOTH(GAPS_ROW), VIEW_FIELDS(VIEW_GAP)},
};

/* --- the walk ------------------------------------------------------------------------------- */

/* $6: a part of the JSON in which a mention names its coin. Symbols have no quotes. */
static void put_mention(struct buf *b, str symbol) {
    if (symbol.n > 0) buf_printf(b, "\"symbol\":\"" STR_FMT "\"", STR_ARG(symbol));
}

/* Texts that hold `q`, whatever it is made of. */
static void put_pattern(struct buf *b, str q) {
    if (q.n == 0) return;
    buf_put_byte(b, '%');
    for (ptrdiff_t i = 0; i < q.n; i++) {
        if (q.p[i] == '%' || q.p[i] == '_' || q.p[i] == '!') buf_put_byte(b, '!');
        buf_put_byte(b, q.p[i]);
    }
    buf_put_byte(b, '%');
}

#define VIEW_TEXT_BYTES 1024 /* the longest q is a third of it, escaped */

struct texts {
    char mention_block[64], pattern_block[VIEW_TEXT_BYTES];
    struct buf mention, pattern;
};

static void bind_filter(struct query *q, view_list list, const struct view_ask *ask,
                        struct texts *x) {
    switch (list) {
    case VIEW_TWEETS:
        buf_init_fixed(&x->mention, x->mention_block, sizeof x->mention_block);
        buf_init_fixed(&x->pattern, x->pattern_block, sizeof x->pattern_block);
        put_mention(&x->mention, ask->symbol);
        put_pattern(&x->pattern, ask->q);
        PRE(!buf_full(&x->mention) && !buf_full(&x->pattern));
        bind_str(q, ask->source);
        bind_str(q, ask->label);
        bind_str(q, ask->outcome);
        bind_i64(q, ask->min_score);
        bind_i64(q, ask->missed);
        bind_str(q, buf_str(&x->mention));
        bind_str(q, buf_str(&x->pattern));
        return;
    case VIEW_SIGNALS:
        bind_str(q, ask->side);
        bind_str(q, ask->verdict);
        bind_str(q, ask->reason);
        bind_i64(q, ask->min_score);
        return;
    case VIEW_TRADES:
        bind_str(q, ask->status);
        bind_str(q, ask->side);
        return;
    case VIEW_AUDIT:
        bind_str(q, ask->actor);
        bind_str(q, ask->entity);
        return;
    case VIEW_DEAD_LETTERS:
        bind_str(q, ask->status);
        bind_str(q, ask->kind);
        bind_str(q, ask->source);
        return;
    case VIEW_GAPS:
    case VIEW_LIST_COUNT:
        break;
    }
    WRONG("a list without filters");
}

/* Does it ask for less than everything? */
static bool has_filter(const struct view_ask *ask) {
    return ask->author.n > 0 || ask->symbol.n > 0 || ask->side.n > 0 || ask->source.n > 0 ||
           ask->label.n > 0 || ask->outcome.n > 0 || ask->q.n > 0 || ask->verdict.n > 0 ||
           ask->reason.n > 0 || ask->status.n > 0 || ask->actor.n > 0 || ask->entity.n > 0 ||
           ask->kind.n > 0 || ask->min_score >= 0 || ask->missed >= 0;
}

static void bind_place(struct query *q, view_list list, const struct view_ask *ask) {
    if (list == VIEW_TWEETS) bind_time(q, ask->has_before ? ask->before.at : USEC_NEVER);
    bind_i64(q, ask->has_before ? ask->before.id : INT64_MAX);
}

static bool open_walk(struct store *s, view_list list, const struct view_ask *ask, struct texts *x,
                      struct query *q, struct error *err) {
    const str of = list == VIEW_TWEETS ? ask->author : ask->symbol;
    const struct sql *const sql = of.n > 0 ? &lists[list].of : &lists[list].all;
    PRE(sql->text != NULL);
    if (!query_open(s, sql, q, err)) return false;
    bind_filter(q, list, ask, x);
    if (of.n > 0) bind_str(q, of);
    bind_place(q, list, ask);
    /* rows that are looked at, or of those that match one more, and the two at the walk's end */
    bind_i64(q, s->ops->dialect == DIALECT_POSTGRESQL ? ask->limit + 3 : VIEW_WALK_MAX + 1);
    return true;
}

static bool walk(struct store *s, view_list list, const struct view_ask *ask,
                 int64_t ids[VIEW_LIMIT_MAX], struct view_page *ret, struct error *err) {
    struct texts x;
    struct query q;
    struct view_page page = {0};
    bool row;
    if (!open_walk(s, list, ask, &x, &q, err) || !query_row(&q, &row, err)) return false;
    for (int64_t seen = 0; row;) {
        const int64_t id = col_i64(&q);
        const usec at = col_time(&q);
        const bool match = col_bool(&q);
        const int64_t at_row = col_i64(&q);
        seen = at_row > 0 ? at_row : seen + 1; /* with this one */
        page.more = seen > VIEW_WALK_MAX || (match && page.count == ask->limit);
        if (page.more) break;
        if (match) ids[page.count++] = id;
        page.next = (struct view_place){.at = at, .id = id};
        if (!query_row(&q, &row, err)) return false;
    }
    query_close(&q);
    *ret = page;
    return true;
}

/* --- the rows ------------------------------------------------------------------------------- */

bool view_put_signals(struct store *s, int64_t tweet_id, bool whole, struct buf *out,
                      struct error *err) {
    static const struct sql brief =
        VIEW_SELECT_BY(VIEW_SIGNAL_BRIEF, "", "signals", "tweet_id = $1 ORDER BY id");
    static const struct sql full =
        VIEW_SELECT_BY(VIEW_SIGNAL_FULL, "", "signals", "tweet_id = $1 ORDER BY id");
    struct query q;
    if (!query_open(s, whole ? &full : &brief, &q, err)) return false;
    bind_i64(&q, tweet_id);
    return whole ? view_put_array(&q, VIEW_FIELDS(VIEW_SIGNAL_FULL), out, err)
                 : view_put_array(&q, VIEW_FIELDS(VIEW_SIGNAL_BRIEF), out, err);
}

bool view_put_array(struct query *q, const struct field *fields, int field_count, struct buf *out,
                    struct error *err) {
    bool row;
    if (!query_row(q, &row, err)) return false;
    buf_put_byte(out, '[');
    for (bool first = true; row; first = false) {
        if (!first) buf_put_byte(out, ',');
        shown_put_row(out, q, fields, field_count);
        if (!query_row(q, &row, err)) return false;
    }
    buf_put_byte(out, ']');
    return true;
}

/* The row that the query is at, up to the brace that closes it; *ret_signals: it may have some. */
static void put_members(struct query *q, view_list list, struct buf *out, bool *ret_signals) {
    buf_put_byte(out, '{');
    shown_put_members(out, q, lists[list].fields, lists[list].field_count);
    *ret_signals = list == VIEW_TWEETS && col_bool(q);
}

static bool put_rest(struct store *s, view_list list, int64_t id, bool signals, struct buf *out,
                     struct error *err) {
    if (list == VIEW_TWEETS) buf_put(out, STR(",\"signals\":"));
    if (signals && !view_put_signals(s, id, false, out, err)) return false;
    if (list == VIEW_TWEETS && !signals) buf_put(out, STR("[]"));
    buf_put_byte(out, '}');
    return true;
}

bool store_view_row(struct store *s, view_list list, int64_t id, struct buf *out, bool *ret_found,
                    struct error *err) {
    struct query q;
    bool row, signals;
    if (!query_open(s, &lists[list].row, &q, err)) return false;
    bind_i64(&q, id);
    if (!query_row(&q, &row, err)) return false;
    *ret_found = row;
    if (!row) return true;
    put_members(&q, list, out, &signals);
    query_close(&q);
    return put_rest(s, list, id, signals, out, err);
}

static bool put_row(struct store *s, view_list list, int64_t id, struct buf *out,
                    struct error *err) {
    bool found;
    if (!store_view_row(s, list, id, out, &found, err)) return false;
    return found || fail(err, ERR_DAMAGED, 0, "a row that an index has is not there");
}

/* Filters: which rows, then each. */
static bool put_found(struct store *s, view_list list, const struct view_ask *ask, struct buf *out,
                      struct view_page *ret, struct error *err) {
    int64_t ids[VIEW_LIMIT_MAX];
    if (!walk(s, list, ask, ids, ret, err)) return false;
    for (int i = 0; i < ret->count; i++) {
        if (i > 0) buf_put_byte(out, ',');
        if (!put_row(s, list, ids[i], out, err)) return false;
    }
    return true;
}

static bool put_plain(struct store *s, view_list list, const struct view_ask *ask, struct buf *out,
                      struct view_page *ret, struct error *err) {
    struct view_page page = {0};
    struct query q;
    bool row, signals;
    if (!query_open(s, &lists[list].page, &q, err)) return false;
    bind_place(&q, list, ask);
    bind_i64(&q, ask->limit + 1); /* is there more? */
    if (!query_row(&q, &row, err)) return false;
    while (row && page.count < ask->limit) {
        const int64_t id = col_i64(&q);
        page.next = (struct view_place){.at = col_time(&q), .id = id};
        if (page.count++ > 0) buf_put_byte(out, ',');
        put_members(&q, list, out, &signals);
        if (!put_rest(s, list, id, signals, out, err)) {
            query_close(&q);
            return false;
        }
        if (!query_row(&q, &row, err)) return false;
    }
    page.more = row;
    query_close(&q);
    *ret = page;
    return true;
}

bool store_view_list(struct store *s, view_list list, const struct view_ask *ask, struct buf *out,
                     struct view_page *ret, struct error *err) {
    PRE(list >= 0 && list < VIEW_LIST_COUNT);
    PRE(ask->limit >= 1 && ask->limit <= VIEW_LIMIT_MAX);
    buf_put_byte(out, '[');
    const bool ok = has_filter(ask) ? put_found(s, list, ask, out, ret, err)
                                    : put_plain(s, list, ask, out, ret, err);
    buf_put_byte(out, ']');
    return ok;
}
