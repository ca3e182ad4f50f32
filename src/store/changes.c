/* changes: a reader's memory of a store, and what differs from it now.
 *
 * In: a connection for reading, asked when somebody committed. Out: rows as JSON, told one by one.
 * All of a look is one transaction, so that what it tells belongs together.
 *
 * New rows: by ascending id (the trader assigns those of signals, trades and orders; commands and
 * dead letters count up), equity by its time. Posts have ids in no order: each source's are looked
 * for among those received in its last POST_WINDOW, by the index (source, received_at) alone, and
 * those told are kept apart by their ids. A post that was received longer before the newest of its
 * source and is stored only now is not told; its signals are. Rows that may still change are read
 * again at each look and told when their JSON differs; ENDED_KEPT of those that have ended are,
 * too, because some change a last time.
 *
 * A look tells at most NEW_MAX rows of a kind; who is further behind than FAR_BEHIND is told to
 * reload instead. A position's price moves with each tick: it is told once in POSITION_EVERY,
 * unless its size changed.
 *
 * Failure: the store's errors. Thread: one. */
#include "store/changes.h"

#include <stdio.h>

#include "store/store_int.h"
#include "store/views.h"

#define NEW_MAX 256
#define FAR_BEHIND 4096
#define MOVING_MAX 2048
#define ENDED_KEPT 16
#define SEEN_MAX 16384 /* a power of two */
#define POST_WINDOW (30 * USEC_PER_S)
#define POSITION_EVERY USEC_PER_S
#define SOURCES_MAX 64
#define ROW_BYTES_MAX (1 << 20)

struct moving {
    change what;
    int64_t id;
    uint64_t hash; /* of its JSON; 0: not told yet */
    bool ended;
    bool here;    /* positions: seen in this look */
    int64_t size; /* positions */
    usec told_at; /* monotonic */
    char symbol[24];
};

struct source_place {
    char source[72];
    usec received_at; /* of the newest post told */
};

struct store_changes {
    bool begun;
    int64_t last_alert;         /* id of the table's row told last */
    int64_t last[CHANGE_COUNT]; /* newest id told, of kinds that have one; of equity, its time */
    struct moving *moving;
    int moving_count;
    struct source_place sources[SOURCES_MAX];
    int source_count;
    int64_t *seen;      /* ids of posts, a ring */
    int32_t *seen_at;   /* open addressing: place in the ring + 1, 0: none */
    int64_t seen_count; /* ever */
    int64_t *window;    /* scratch */
    usec deleted_at;    /* of the last deletion told */
    int64_t deleted_id;
    uint64_t mode_hash, feeds_hash[SOURCES_MAX];
    char feeds[SOURCES_MAX][72];
    int feed_count;
    struct buf json;
    int told; /* in this look */
    bool more;
};

const char *change_name(change c) {
    static const char *const names[] = {
#define X(name, text) text,
        CHANGE_MAP(X)
#undef X
    };
    _Static_assert(COUNT_OF(names) == CHANGE_COUNT, "a name each");
    PRE(c >= 0 && c < CHANGE_COUNT);
    return names[c];
}

bool change_from_name(str s, change *ret) {
    for (int i = 0; i < CHANGE_COUNT; i++) {
        if (!str_eq(s, str_from_z(change_name((change)i)))) continue;
        *ret = (change)i;
        return true;
    }
    return false;
}

struct store_changes *store_changes_new(struct arena *boot) {
    struct store_changes *c = NEW(boot, struct store_changes);
    c->moving = NEW_ARRAY(boot, struct moving, MOVING_MAX);
    c->seen = NEW_ARRAY(boot, int64_t, SEEN_MAX);
    c->seen_at = NEW_ARRAY(boot, int32_t, 2 * SEEN_MAX);
    c->window = NEW_ARRAY(boot, int64_t, SEEN_MAX / 2);
    buf_init(&c->json, ROW_BYTES_MAX);
    return c;
}

void store_changes_free(struct store_changes *c) {
    if (c != NULL) buf_fini(&c->json);
}

/* --- posts that were told ----------------------------------------------------------------- */

static int64_t seen_slot(const struct store_changes *c, int64_t id) {
    const uint64_t mask = 2 * SEEN_MAX - 1;
    uint64_t at = (uint64_t)id * UINT64_C(0x9E3779B97F4A7C15) >> 20 & mask;
    while (c->seen_at[at] != 0 && c->seen[c->seen_at[at] - 1] != id) at = (at + 1) & mask;
    return (int64_t)at;
}

static bool was_seen(const struct store_changes *c, int64_t id) {
    return c->seen_at[seen_slot(c, id)] != 0;
}

/* Taking one out moves those behind it that would not be found any more. */
static void forget_seen(struct store_changes *c, int64_t id) {
    const int64_t mask = 2 * SEEN_MAX - 1;
    int64_t hole = seen_slot(c, id), at = hole;
    if (c->seen_at[hole] == 0) return;
    for (;;) {
        at = (at + 1) & mask;
        if (c->seen_at[at] == 0) break;
        const uint64_t h = (uint64_t)c->seen[c->seen_at[at] - 1] * UINT64_C(0x9E3779B97F4A7C15);
        const int64_t home = (int64_t)(h >> 20 & (uint64_t)mask);
        if (((at - home) & mask) < ((at - hole) & mask)) continue;
        c->seen_at[hole] = c->seen_at[at];
        hole = at;
    }
    c->seen_at[hole] = 0;
}

static void remember_seen(struct store_changes *c, int64_t id) {
    const int64_t place = c->seen_count % SEEN_MAX;
    if (c->seen_count >= SEEN_MAX) forget_seen(c, c->seen[place]);
    c->seen[place] = id;
    c->seen_at[seen_slot(c, id)] = (int32_t)place + 1;
    c->seen_count++;
}

/* --- rows that move ----------------------------------------------------------------------- */

static struct moving *find_moving(struct store_changes *c, change what, int64_t id) {
    for (int i = 0; i < c->moving_count; i++)
        if (c->moving[i].id == id && c->moving[i].what == what) return &c->moving[i];
    return NULL;
}

static void drop_moving(struct store_changes *c, int i) {
    memmove(&c->moving[i], &c->moving[i + 1],
            (size_t)(c->moving_count - i - 1) * sizeof c->moving[0]);
    c->moving_count--;
}

/* The oldest of those that have ended; where none has, the oldest. */
static void make_room(struct store_changes *c) {
    int at = 0;
    if (c->moving_count < MOVING_MAX) return;
    while (at < c->moving_count && !c->moving[at].ended) at++;
    drop_moving(c, at < c->moving_count ? at : 0);
}

static struct moving *add_moving(struct store_changes *c, change what, int64_t id) {
    struct moving *const is = find_moving(c, what, id);
    if (is != NULL) return is;
    make_room(c);
    struct moving *const m = &c->moving[c->moving_count++];
    *m = (struct moving){.what = what, .id = id};
    return m;
}

static void drop_ended(struct store_changes *c) {
    int kept[CHANGE_COUNT] = {0};
    for (int i = c->moving_count - 1; i >= 0; i--)
        if (c->moving[i].ended && ++kept[c->moving[i].what] > ENDED_KEPT) drop_moving(c, i);
}

/* --- telling ------------------------------------------------------------------------------ */

static void tell(struct store_changes *c, const struct change_sink *to, change what) {
    if (!c->begun) return;
    c->told++;
    to->tell(to->ctx, what, buf_str(&c->json));
}

/* Its JSON into c->json, as the lists have it. */
static bool read_row(struct store_changes *c, struct store *s, change what, int64_t id,
                     bool *ret_found, struct error *err) {
    struct buf *const b = &c->json;
    buf_clear(b);
    switch (what) {
    case CHANGE_POST:
        return store_view_row(s, VIEW_TWEETS, id, b, ret_found, err);
    case CHANGE_SIGNAL:
        return store_view_row(s, VIEW_SIGNALS, id, b, ret_found, err);
    case CHANGE_TRADE:
        return store_view_row(s, VIEW_TRADES, id, b, ret_found, err);
    case CHANGE_ORDER:
        return store_view_order(s, id, b, ret_found, err);
    case CHANGE_POSITION:
        return store_view_position(s, id, b, ret_found, err);
    case CHANGE_EQUITY:
        return store_show_one(s, SHOW_EQUITY, id, b, ret_found, err);
    case CHANGE_COMMAND:
        return store_show_one(s, SHOW_COMMANDS, id, b, ret_found, err);
    case CHANGE_MODE:
    case CHANGE_SOURCE:
    case CHANGE_ALERT:
    case CHANGE_RELOAD:
    case CHANGE_COUNT:
        break;
    }
    WRONG("these have no row of their own");
}

static uint64_t hash_of(const struct buf *b) {
    const uint64_t h = str_hash(buf_str(b));
    return h != 0 ? h : 1;
}

/* Rows that nothing changes any more: told once. */
static bool tell_once(struct store_changes *c, struct store *s, const struct change_sink *to,
                      change what, int64_t id, struct error *err) {
    bool found;
    if (!c->begun) return true;
    if (!read_row(c, s, what, id, &found, err)) return false;
    if (found) tell(c, to, what);
    return true;
}

/* --- new rows ----------------------------------------------------------------------------- */

struct kind {
    change what;
    struct sql newer; /* ids over $1, at most $2 of them, the oldest first */
    struct sql newest;
    struct sql live;  /* ids of those that may still change */
    struct sql ended; /* 0 while it may still change */
};

static const struct kind kinds[] = {
    {CHANGE_SIGNAL,
     {"SELECT id FROM signals WHERE id > $1 ORDER BY id LIMIT $2"},
     {"SELECT max(id) FROM signals"},
     {"SELECT id FROM signals WHERE verdict = 'waiting' ORDER BY id"},
     {"SELECT CASE WHEN verdict = 'waiting' THEN 0 ELSE 1 END FROM signals WHERE id = $1"}},
    {CHANGE_TRADE,
     {"SELECT id FROM trades WHERE id > $1 ORDER BY id LIMIT $2"},
     {"SELECT max(id) FROM trades"},
     {"SELECT id FROM trades WHERE status = 'OPEN' ORDER BY id"},
     {"SELECT CASE WHEN status = 'OPEN' THEN 0 ELSE 1 END FROM trades WHERE id = $1"}},
    {CHANGE_ORDER,
     {"SELECT id FROM orders WHERE id > $1 ORDER BY id LIMIT $2"},
     {"SELECT max(id) FROM orders"},
     {"SELECT id FROM orders WHERE trade_id IN (SELECT id FROM trades WHERE status = 'OPEN') AND "
      "status IN ('new', 'sent', 'unknown', 'pending', 'open', 'part') ORDER BY id"},
     {"SELECT CASE WHEN status IN ('new', 'sent', 'unknown', 'pending', 'open', 'part') THEN 0 "
      "ELSE 1 END FROM orders WHERE id = $1"}},
    {CHANGE_COMMAND,
     {"SELECT id FROM commands WHERE id > $1 ORDER BY id LIMIT $2"},
     {"SELECT max(id) FROM commands"},
     {"SELECT id FROM commands WHERE status = 'pending' ORDER BY id"},
     {"SELECT CASE WHEN status = 'pending' THEN 0 ELSE 1 END FROM commands WHERE id = $1"}},
};

static bool one_i64(struct store *s, const struct sql *sql, const int64_t *id, int64_t *ret,
                    bool *ret_found, struct error *err) {
    struct query q;
    if (!query_open(s, sql, &q, err)) return false;
    if (id != NULL) bind_i64(&q, *id);
    return query_i64(&q, ret, ret_found, err);
}

/* Ids into `ids`, at most `max`. */
static bool take_ids(struct query *q, int64_t *ids, int max, int *ret, struct error *err) {
    bool row;
    int n = 0;
    if (!query_row(q, &row, err)) return false;
    while (row) {
        if (n == max) {
            query_close(q);
            break;
        }
        ids[n++] = col_i64(q);
        if (!query_row(q, &row, err)) return false;
    }
    *ret = n;
    return true;
}

static void tell_reload(struct store_changes *c, const struct change_sink *to) {
    buf_clear(&c->json);
    buf_put(&c->json, STR("{\"reason\":\"too_many\"}"));
    tell(c, to, CHANGE_RELOAD);
}

/* How the kind begins: what there is counts as told, what may change is remembered as it is. */
static bool begin_kind(struct store_changes *c, struct store *s, const struct kind *k,
                       struct error *err) {
    int64_t ids[MOVING_MAX / 4], newest = 0;
    struct query q;
    bool found;
    int n;
    if (!one_i64(s, &k->newest, NULL, &newest, &found, err)) return false;
    c->last[k->what] = found ? newest : 0;
    if (!query_open(s, &k->live, &q, err) || !take_ids(&q, ids, COUNT_OF(ids), &n, err))
        return false;
    for (int i = 0; i < n; i++) {
        struct moving *const m = add_moving(c, k->what, ids[i]);
        if (!read_row(c, s, k->what, ids[i], &found, err)) return false;
        m->hash = hash_of(&c->json);
    }
    return true;
}

static bool look_for_new(struct store_changes *c, struct store *s, const struct kind *k,
                         const struct change_sink *to, struct error *err) {
    int64_t ids[NEW_MAX], newest = 0;
    struct query q;
    bool found;
    int n;
    if (!one_i64(s, &k->newest, NULL, &newest, &found, err)) return false;
    if (!found || newest <= c->last[k->what]) return true;
    if (newest - c->last[k->what] > 16 * FAR_BEHIND) { /* ids of several kinds count together */
        c->last[k->what] = newest;
        tell_reload(c, to);
        return true;
    }
    if (!query_open(s, &k->newer, &q, err)) return false;
    bind_i64(&q, c->last[k->what]);
    bind_i64(&q, NEW_MAX);
    if (!take_ids(&q, ids, NEW_MAX, &n, err)) return false;
    for (int i = 0; i < n; i++) IGNORE(add_moving(c, k->what, ids[i]) == NULL, "told below");
    if (n > 0) c->last[k->what] = ids[n - 1];
    c->more = c->more || n == NEW_MAX;
    return true;
}

/* Rows that were told and may have changed, and new ones. */
static bool look_at_moving(struct store_changes *c, struct store *s, const struct kind *k,
                           const struct change_sink *to, struct error *err) {
    for (int i = 0; i < c->moving_count; i++) {
        struct moving *const m = &c->moving[i];
        bool found;
        int64_t ended = 1;
        if (m->what != k->what) continue;
        if (!read_row(c, s, k->what, m->id, &found, err)) return false;
        const uint64_t hash = hash_of(&c->json);
        if (found && hash != m->hash) tell(c, to, k->what);
        m->hash = hash;
        if (m->ended) continue;
        if (!one_i64(s, &k->ended, &m->id, &ended, &found, err)) return false;
        m->ended = !found || ended != 0;
    }
    return true;
}

/* --- posts -------------------------------------------------------------------------------- */

static struct source_place *place_of(struct store_changes *c, str source) {
    for (int i = 0; i < c->source_count; i++)
        if (str_eq(str_from_z(c->sources[i].source), source)) return &c->sources[i];
    if (c->source_count == SOURCES_MAX || source.n >= (ptrdiff_t)sizeof c->sources[0].source)
        return NULL;
    struct source_place *const p = &c->sources[c->source_count++];
    IGNORE(!str_copyz(source, p->source, sizeof p->source), "it fits");
    p->received_at = INT64_MIN;
    return p;
}

/* The names under which posts stand, by a few steps through the index. */
static bool look_for_sources(struct store_changes *c, struct store *s, struct error *err) {
    static const struct sql sql = {
        "WITH RECURSIVE names (x) AS (SELECT min(source) FROM tweets UNION ALL SELECT "
        "(SELECT min(source) FROM tweets WHERE source > names.x) FROM names WHERE names.x IS NOT "
        "NULL) SELECT x FROM names WHERE x IS NOT NULL"};
    struct query q;
    bool row;
    if (!query_open(s, &sql, &q, err) || !query_row(&q, &row, err)) return false;
    while (row) {
        IGNORE(place_of(c, col_str(&q)) == NULL, "too many sources: their signals are told");
        if (!query_row(&q, &row, err)) return false;
    }
    return true;
}

static bool newest_of(struct store *s, const struct source_place *p, usec *ret, struct error *err) {
    static const struct sql sql = {"SELECT max(received_at) FROM tweets WHERE source = $1"};
    struct query q;
    bool found;
    int64_t at = 0;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_z(&q, p->source);
    if (!query_i64(&q, &at, &found, err)) return false;
    *ret = found ? at : INT64_MIN;
    return true;
}

/* So many posts of a source are looked through, so that all sources' fit among those seen. */
static int window_max(const struct store_changes *c) { return SEEN_MAX / 2 / c->source_count; }

/* The posts of its window that were not told, into c->window, the newest first. */
static bool read_window(struct store_changes *c, struct store *s, struct source_place *p, int *ret,
                        struct error *err) {
    static const struct sql sql = {
        "SELECT id, received_at FROM tweets WHERE source = $1 AND received_at >= $2 "
        "ORDER BY received_at DESC, id DESC LIMIT $3"};
    struct query q;
    bool row;
    int n = 0;
    const bool first = p->received_at == INT64_MIN;
    const usec from = first ? INT64_MIN : p->received_at - POST_WINDOW;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_z(&q, p->source);
    bind_time(&q, from);
    bind_i64(&q, window_max(c));
    if (!query_row(&q, &row, err)) return false;
    while (row) {
        const int64_t id = col_i64(&q);
        p->received_at = i64_max(p->received_at, col_time(&q));
        if (!was_seen(c, id)) c->window[n++] = id;
        if (!query_row(&q, &row, err)) return false;
    }
    *ret = n;
    return true;
}

/* What is in its window counts as told. */
static bool skip_window(struct store_changes *c, struct store *s, struct source_place *p,
                        struct error *err) {
    int n;
    if (!newest_of(s, p, &p->received_at, err) || !read_window(c, s, p, &n, err)) return false;
    for (int i = 0; i < n; i++) remember_seen(c, c->window[i]);
    return true;
}

static bool begin_posts(struct store_changes *c, struct store *s, struct error *err) {
    if (!look_for_sources(c, s, err)) return false;
    for (int i = 0; i < c->source_count; i++)
        if (!skip_window(c, s, &c->sources[i], err)) return false;
    return true;
}

/* More than are told one by one? */
static bool is_far_behind(struct store_changes *c, struct store *s, const struct source_place *p,
                          bool *ret, struct error *err) {
    static const struct sql sql = {
        "SELECT count(*) FROM (SELECT 1 FROM tweets WHERE source = $1 AND received_at > $2 LIMIT "
        "$3) AS t"};
    const int64_t most = i64_min(FAR_BEHIND, window_max(c) / 2);
    struct query q;
    int64_t n = 0;
    bool found;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_z(&q, p->source);
    bind_time(&q, p->received_at);
    bind_i64(&q, most + 1);
    if (!query_i64(&q, &n, &found, err)) return false;
    *ret = n > most;
    return true;
}

static bool look_at_source(struct store_changes *c, struct store *s, struct source_place *p,
                           const struct change_sink *to, struct error *err) {
    static const struct sql processed = {"SELECT processed FROM tweets WHERE id = $1"};
    bool far, found;
    int n;
    if (!is_far_behind(c, s, p, &far, err)) return false;
    if (far) {
        tell_reload(c, to);
        return skip_window(c, s, p, err);
    }
    if (!read_window(c, s, p, &n, err)) return false;
    c->more = c->more || n > NEW_MAX;
    for (int i = n - 1; i >= 0 && i >= n - NEW_MAX; i--) {
        const int64_t id = c->window[i];
        int64_t done = 1;
        remember_seen(c, id);
        if (!one_i64(s, &processed, &id, &done, &found, err)) return false;
        if (!found || done == 0)
            IGNORE(add_moving(c, CHANGE_POST, id) == NULL, "told with those that move");
        else if (!tell_once(c, s, to, CHANGE_POST, id, err))
            return false;
    }
    return true;
}

static bool look_for_posts(struct store_changes *c, struct store *s, const struct change_sink *to,
                           struct error *err) {
    if (!look_for_sources(c, s, err)) return false;
    for (int i = 0; i < c->source_count; i++)
        if (!look_at_source(c, s, &c->sources[i], to, err)) return false;
    return true;
}

static const struct kind posts = {.what = CHANGE_POST,
                                  .ended = {"SELECT processed FROM tweets WHERE id = $1"}};

static bool look_for_deletions(struct store_changes *c, struct store *s,
                               const struct change_sink *to, struct error *err) {
    static const struct sql newest = {"SELECT max(at) FROM deletions"};
    static const struct sql sql = {"SELECT at, tweet_id FROM deletions WHERE at >= $1 AND at <= $2 "
                                   "ORDER BY at, tweet_id LIMIT 1024"};
    int64_t ids[NEW_MAX];
    struct query q;
    bool row, found;
    int n = 0;
    int64_t last = 0;
    if (!one_i64(s, &newest, NULL, &last, &found, err)) return false;
    if (!c->begun) {
        c->deleted_at = found ? last : 0;
        c->deleted_id = INT64_MAX;
    }
    if (!found || !query_open(s, &sql, &q, err)) return !found;
    bind_time(&q, c->deleted_at);
    bind_time(&q, last);
    if (!query_row(&q, &row, err)) return false;
    while (row) {
        const usec at = col_time(&q);
        const int64_t id = col_i64(&q);
        if (n < NEW_MAX && (at > c->deleted_at || id > c->deleted_id)) {
            ids[n++] = id;
            c->deleted_at = at;
            c->deleted_id = id;
        }
        if (!query_row(&q, &row, err)) return false;
    }
    for (int i = 0; i < n; i++)
        if (!tell_once(c, s, to, CHANGE_POST, ids[i], err)) return false;
    return true;
}

/* --- the rest ----------------------------------------------------------------------------- */

static bool look_at_equity(struct store_changes *c, struct store *s, const struct change_sink *to,
                           struct error *err) {
    static const struct sql newest = {"SELECT max(at) FROM equity"};
    static const struct sql newer = {"SELECT at FROM equity WHERE at > $1 ORDER BY at LIMIT $2"};
    int64_t ids[NEW_MAX], last = 0;
    struct query q;
    bool found;
    int n;
    if (!c->begun) {
        if (!one_i64(s, &newest, NULL, &last, &found, err)) return false;
        c->last[CHANGE_EQUITY] = found ? last : INT64_MIN;
        return true;
    }
    if (!query_open(s, &newer, &q, err)) return false;
    bind_time(&q, c->last[CHANGE_EQUITY]);
    bind_i64(&q, NEW_MAX);
    if (!take_ids(&q, ids, NEW_MAX, &n, err)) return false;
    for (int i = 0; i < n; i++)
        if (!tell_once(c, s, to, CHANGE_EQUITY, ids[i], err)) return false;
    if (n > 0) c->last[CHANGE_EQUITY] = ids[n - 1];
    c->more = c->more || n == NEW_MAX;
    return true;
}

static void tell_gone(struct store_changes *c, const struct change_sink *to) {
    for (int i = c->moving_count - 1; i >= 0; i--) {
        struct moving *const m = &c->moving[i];
        if (m->what != CHANGE_POSITION || m->here) continue;
        buf_clear(&c->json);
        buf_put(&c->json, STR("{\"symbol\":"));
        buf_put_json_str(&c->json, str_from_z(m->symbol));
        buf_put(&c->json, STR(",\"size\":\"0\"}"));
        tell(c, to, CHANGE_POSITION);
        drop_moving(c, i);
    }
}

static bool look_at_positions(struct store_changes *c, struct store *s, usec mono,
                              const struct change_sink *to, struct error *err) {
    static const struct sql sql = {"SELECT id, size, symbol FROM positions ORDER BY id LIMIT 256"};
    struct {
        int64_t id, size;
        char symbol[24];
    } rows[256];
    struct query q;
    bool row, found;
    int n = 0;
    if (!query_open(s, &sql, &q, err) || !query_row(&q, &row, err)) return false;
    while (row) {
        rows[n].id = col_i64(&q);
        rows[n].size = col_e8(&q);
        col_z(&q, rows[n].symbol, sizeof rows[n].symbol);
        n++;
        if (!query_row(&q, &row, err)) return false;
    }
    for (int i = 0; i < c->moving_count; i++) c->moving[i].here = false;
    for (int i = 0; i < n; i++) {
        struct moving *const m = add_moving(c, CHANGE_POSITION, rows[i].id);
        m->here = true;
        if (m->hash != 0 && m->size == rows[i].size && mono - m->told_at < POSITION_EVERY) continue;
        if (!read_row(c, s, CHANGE_POSITION, m->id, &found, err)) return false;
        const uint64_t hash = hash_of(&c->json);
        if (hash != m->hash) tell(c, to, CHANGE_POSITION);
        m->hash = hash;
        m->size = rows[i].size;
        m->told_at = mono;
        memcpy(m->symbol, rows[i].symbol, sizeof m->symbol);
    }
    tell_gone(c, to);
    return true;
}

static void put_time(struct buf *b, const char *name, usec t) {
    char text[TIME_TEXT_BYTES];
    if (t <= 0 || t == USEC_NEVER)
        buf_printf(b, ",\"%s\":null", name);
    else
        buf_printf(b, ",\"%s\":\"" STR_FMT "\"", name, STR_ARG(time_format_rfc3339(t, text)));
}

static void put_text(struct buf *b, const char *name, str text) {
    buf_printf(b, ",\"%s\":", name);
    if (text.p == NULL)
        buf_put(b, STR("null"));
    else
        buf_put_json_str(b, text);
}

static void alert(struct store_changes *c, const struct change_sink *to, const char *kind, str id,
                  str text, usec at) {
    buf_clear(&c->json);
    buf_put(&c->json, STR("{\"id\":"));
    buf_put_json_str(&c->json, id);
    put_text(&c->json, "kind", str_from_z(kind));
    put_text(&c->json, "text", text);
    put_time(&c->json, "at", at);
    buf_put_byte(&c->json, '}');
    tell(c, to, CHANGE_ALERT);
}

static bool look_at_mode(struct store_changes *c, struct store *s, const struct change_sink *to,
                         struct error *err) {
    static const struct sql sql = {"SELECT epoch, mode, before, reason, actor, since, until, "
                                   "by_program FROM control WHERE id = 1"};
    struct query q;
    bool row;
    char id[24], said[512];
    if (!query_open(s, &sql, &q, err) || !query_row(&q, &row, err)) return false;
    if (!row) return true;
    struct buf *const b = &c->json;
    buf_clear(b);
    snprintf(id, sizeof id, "%lld", (long long)col_i64(&q));
    buf_printf(b, "{\"id\":\"%s\"", id);
    const str name = col_str(&q);
    const bool halted = str_eq(name, STR("halted"));
    put_text(b, "mode", name);
    put_text(b, "before", col_str(&q));
    const str why = col_str(&q);
    put_text(b, "reason", why);
    IGNORE(!str_copyz(why, said, sizeof said), "an alert is a sentence");
    put_text(b, "actor", col_str(&q));
    const usec since = col_time(&q);
    put_time(b, "since", since);
    put_time(b, "until", col_time(&q));
    const bool by_program = col_bool(&q);
    buf_printf(b, ",\"by_program\":%s}", by_program ? "true" : "false");
    query_close(&q);
    const uint64_t hash = hash_of(b);
    if (hash == c->mode_hash) return true;
    tell(c, to, CHANGE_MODE);
    c->mode_hash = hash;
    if (halted && by_program) alert(c, to, "halt", str_from_z(id), str_from_z(said), since);
    return true;
}

static uint64_t *feed_hash(struct store_changes *c, str feed) {
    for (int i = 0; i < c->feed_count; i++)
        if (str_eq(str_from_z(c->feeds[i]), feed)) return &c->feeds_hash[i];
    if (c->feed_count == SOURCES_MAX) return NULL;
    IGNORE(!str_copyz(feed, c->feeds[c->feed_count], sizeof c->feeds[0]), "names are short");
    return &c->feeds_hash[c->feed_count++];
}

/* A source's state, not what it counts: that moves with each post. */
static bool look_at_feeds(struct store_changes *c, struct store *s, const struct change_sink *to,
                          struct error *err) {
    static const struct sql sql = {
        "SELECT feed, kind, state, why, since, until, narrow FROM feeds ORDER BY feed LIMIT 64"};
    struct query q;
    bool row;
    if (!query_open(s, &sql, &q, err) || !query_row(&q, &row, err)) return false;
    while (row) {
        struct buf *const b = &c->json;
        const str feed = col_str(&q);
        uint64_t *const last = feed_hash(c, feed);
        buf_clear(b);
        buf_put(b, STR("{\"feed\":"));
        buf_put_json_str(b, feed);
        put_text(b, "kind", col_str(&q));
        put_text(b, "state", col_str(&q));
        const str why = col_str(&q);
        put_text(b, "why", why.n > 0 ? why : (str){0});
        put_time(b, "since", col_time(&q));
        put_time(b, "until", col_time(&q));
        buf_printf(b, ",\"narrow\":%s}", col_bool(&q) ? "true" : "false");
        const uint64_t hash = hash_of(b);
        if (last != NULL && *last != hash) tell(c, to, CHANGE_SOURCE);
        if (last != NULL) *last = hash;
        if (!query_row(&q, &row, err)) return false;
    }
    return true;
}

/* What could not be read or done, and waits for somebody to look at it. */
static bool look_at_dead(struct store_changes *c, struct store *s, const struct change_sink *to,
                         struct error *err) {
    static const struct sql newest = {"SELECT max(id) FROM dead_letters"};
    static const struct sql sql = {"SELECT id, source, error, last_at FROM dead_letters WHERE "
                                   "id > $1 ORDER BY id LIMIT 64"};
    struct query q;
    bool row, found;
    char id[24], source[64], text[320];
    int64_t last = 0;
    if (!c->begun) {
        if (!one_i64(s, &newest, NULL, &last, &found, err)) return false;
        c->last[CHANGE_ALERT] = last;
        return true;
    }
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, c->last[CHANGE_ALERT]);
    if (!query_row(&q, &row, err)) return false;
    while (row) {
        last = col_i64(&q);
        col_z(&q, source, sizeof source);
        snprintf(id, sizeof id, "%lld", (long long)last);
        const str what = str_head(col_str(&q), 200);
        snprintf(text, sizeof text, "%s: " STR_FMT, source, STR_ARG(what));
        alert(c, to, "dead_letter", str_from_z(id), str_from_z(text), col_time(&q));
        c->last[CHANGE_ALERT] = last;
        if (!query_row(&q, &row, err)) return false;
    }
    return true;
}

/* What somebody should know of a source, and that it is over. */
static bool look_at_alerts(struct store_changes *c, struct store *s, const struct change_sink *to,
                           struct error *err) {
    static const struct sql newest = {"SELECT max(id) FROM alerts"};
    static const struct sql sql = {"SELECT id, source, state, what, at FROM alerts WHERE id > $1 "
                                   "ORDER BY id LIMIT 64"};
    struct query q;
    bool row, found;
    char id[24], source[72], state[24], text[320];
    if (!c->begun) return one_i64(s, &newest, NULL, &c->last_alert, &found, err);
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, c->last_alert);
    if (!query_row(&q, &row, err)) return false;
    while (row) {
        c->last_alert = col_i64(&q);
        snprintf(id, sizeof id, "%lld", (long long)c->last_alert);
        col_z(&q, source, sizeof source);
        col_z(&q, state, sizeof state);
        const str what = str_head(col_str(&q), 200); /* STR_ARG looks at it more than once */
        const bool letters = strcmp(source, "dead_letters") == 0;
        snprintf(text, sizeof text, "%s %s %s: " STR_FMT, letters ? "dead letters" : source,
                 letters ? "are" : "is", state, STR_ARG(what));
        alert(c, to, letters ? "dead_letters" : "source", str_from_z(id), str_from_z(text),
              col_time(&q));
        if (!query_row(&q, &row, err)) return false;
    }
    return true;
}

/* --- a look ------------------------------------------------------------------------------- */

static bool begin_all(struct store_changes *c, struct store *s, struct error *err) {
    c->moving_count = c->source_count = c->feed_count = 0;
    c->seen_count = 0;
    memset(c->seen_at, 0, sizeof c->seen_at[0] * 2 * SEEN_MAX);
    if (!begin_posts(c, s, err)) return false;
    for (int i = 0; i < COUNT_OF(kinds); i++)
        if (!begin_kind(c, s, &kinds[i], err)) return false;
    return true;
}

static bool look_in(struct store_changes *c, struct store *s, usec mono,
                    const struct change_sink *to, struct error *err) {
    if (c->begun ? !look_for_posts(c, s, to, err) || !look_at_moving(c, s, &posts, to, err)
                 : !begin_all(c, s, err))
        return false;
    if (!look_for_deletions(c, s, to, err)) return false;
    for (int i = 0; c->begun && i < COUNT_OF(kinds); i++)
        if (!look_for_new(c, s, &kinds[i], to, err) || !look_at_moving(c, s, &kinds[i], to, err))
            return false;
    drop_ended(c);
    return look_at_positions(c, s, mono, to, err) && look_at_equity(c, s, to, err) &&
           look_at_mode(c, s, to, err) && look_at_feeds(c, s, to, err) &&
           look_at_dead(c, s, to, err) && look_at_alerts(c, s, to, err);
}

bool store_changes_look(struct store_changes *c, struct store *s, usec mono,
                        const struct change_sink *to, bool *ret_more, struct error *err) {
    c->more = false;
    c->told = 0;
    if (!store_begin(s, false, err)) return false;
    const bool ok = look_in(c, s, mono, to, err);
    store_rollback(s);
    if (ok) c->begun = true;
    *ret_more = ok && c->more;
    return ok;
}
