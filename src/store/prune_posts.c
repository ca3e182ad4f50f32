/* Pruning posts: those that came to no signal, refused signals with their posts, and what the
 * reader found in posts that are not worth that much space any more.
 *
 * In: a cut each. Out: fewer rows, and in `pruned` how many went by outcome and by reason, so that
 * totals stay what they were. A post counts as old when it was published and stored before the cut:
 * what is brought today, however old it is, is looked at for as long as anything else.
 *
 * Invariants: a post goes with all its signals or with none; one that was traded, by any version of
 * it, stays with them. A word of a deletion keeps the chain that it was about, also when the post
 * that told it is gone. Failure: as prune.c. */
#include "store/prune_int.h"

#include "flow/reason.h"

#define FOUND_MOST 512

struct spot { /* a row's place in an order by time */
    usec at;
    int64_t id;
};

static void bind_spot(struct query *q, const struct spot *v) {
    bind_time(q, v->at);
    bind_i64(q, v->id);
}

static bool add_pruned(struct store *s, const char *what, const char *name, int64_t rows,
                       struct error *err) {
    static const struct sql sql = {
        "INSERT INTO pruned (what, name, rows) VALUES ($1, $2, $3) ON CONFLICT (what, name) "
        "DO UPDATE SET rows = pruned.rows + excluded.rows"};
    struct query q;
    if (rows == 0) return true;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_z(&q, what);
    bind_z(&q, name);
    bind_i64(&q, rows);
    return query_run(&q, err);
}

/* reason NONE: '' */
static bool add_reasons(struct store *s, const char *what, const int64_t rows[REASON_COUNT],
                        struct error *err) {
    for (int r = 0; r < REASON_COUNT; r++) {
        const char *const name = r == REASON_NONE ? "" : reason_name((reason)r);
        if (!add_pruned(s, what, name, rows[r], err)) return false;
    }
    return true;
}

/* -- posts ------------------------------------------------------------------------------------- */

/* Gone through by their time, from one place to the next. */
#define FROM "(created_at, id) > ($1, $2) AND "
#define UP_TO FROM "(created_at, id) <= ($3, $4) AND "

static bool find_posts(struct pruner *p, usec cut, const struct spot *from, struct spot *ret,
                       int *ret_count, struct error *err) {
    static const struct sql sql = {
        "SELECT created_at, id FROM tweets WHERE " FROM POST_GOES("$3") " ORDER BY created_at, id "
                                                                        "LIMIT $4"};
    struct query q;
    bool row;
    *ret_count = 0;
    if (!query_open(p->s, &sql, &q, err)) return false;
    bind_spot(&q, from);
    bind_time(&q, cut);
    bind_i64(&q, p->batch);
    if (!query_row(&q, &row, err)) return false;
    for (; row; (*ret_count)++) {
        ret->at = col_time(&q);
        ret->id = col_i64(&q);
        if (!query_row(&q, &row, err)) return false;
    }
    return true;
}

/* The word of a deletion keeps the chain that it was about. */
static bool keep_words(struct pruner *p, const struct spot *from, const struct spot *to,
                       struct error *err) {
    static const struct sql sql = {
        "UPDATE deletions SET root_id = (SELECT t.root_id FROM tweets t WHERE t.id = "
        "deletions.tweet_id) WHERE root_id = tweet_id AND tweet_id IN (SELECT id FROM tweets "
        "WHERE " UP_TO "deleted_at IS NOT NULL)"};
    struct query q;
    if (!query_open(p->s, &sql, &q, err)) return false;
    bind_spot(&q, from);
    bind_spot(&q, to);
    return query_run(&q, err);
}

static bool drop_posts(struct pruner *p, usec cut, const struct spot *from, const struct spot *to,
                       int64_t *ret_gone, struct error *err) {
    static const struct sql sql = {
        "DELETE FROM tweets WHERE " UP_TO POST_GOES("$5") " RETURNING outcome"};
    int64_t by_outcome[REASON_COUNT] = {0};
    struct query q;
    bool row;
    if (!keep_words(p, from, to, err) || !query_open(p->s, &sql, &q, err)) return false;
    bind_spot(&q, from);
    bind_spot(&q, to);
    bind_time(&q, cut);
    if (!query_row(&q, &row, err)) return false;
    for (; row; (*ret_gone)++) {
        reason r = REASON_NONE;
        if (!reason_from_name(col_str(&q), &r)) r = REASON_NONE;
        by_outcome[r]++;
        if (!query_row(&q, &row, err)) return false;
    }
    return add_reasons(p->s, "post", by_outcome, err);
}

bool prune_posts(struct pruner *p, struct error *err) {
    const usec cut = prune_cut(p->ask, PRUNE_POSTS);
    usec *const memo = p->ask->posts_from;
    struct spot from = {memo ? *memo : 0, INT64_MIN}, to = {0};
    while (cut > 0 && !p->ended) {
        const int most = p->batch;
        int64_t gone = 0;
        int count;
        if (!find_posts(p, cut, &from, &to, &count, err)) return false;
        if (count == 0) break;
        if (!prune_begin(p, false, err)) return false;
        const bool ok = drop_posts(p, cut, &from, &to, &gone, err);
        if (!prune_end(p, PRUNE_POSTS, ok, gone, err)) return false;
        if (count < most) break;
        from = to;
    }
    if (memo && !p->ended) *memo = cut;
    return true;
}

/* -- refused signals --------------------------------------------------------------------------- */

static bool find_signals(struct pruner *p, usec cut, const struct spot *from, struct spot *ret,
                         int *ret_count, struct error *err) {
    static const struct sql sql = {
        "SELECT created_at, id FROM signals WHERE (created_at, id) > ($1, $2) AND created_at < $3 "
        "AND " SIGNAL_GOES("$3") " ORDER BY created_at, id LIMIT $4"};
    struct query q;
    bool row;
    *ret_count = 0;
    if (!query_open(p->s, &sql, &q, err)) return false;
    bind_spot(&q, from);
    bind_time(&q, cut);
    bind_i64(&q, i64_min(p->batch, FOUND_MOST));
    if (!query_row(&q, &row, err)) return false;
    for (; row; (*ret_count)++) {
        ret->at = col_time(&q);
        ret->id = col_i64(&q);
        if (!query_row(&q, &row, err)) return false;
    }
    return true;
}

struct dropped {
    int64_t posts[FOUND_MOST]; /* whose signals went */
    int count;
    int64_t signals;
    int64_t by_reason[REASON_COUNT];
};

static bool drop_signals(struct pruner *p, usec cut, const struct spot *from, const struct spot *to,
                         struct dropped *v, struct error *err) {
    static const struct sql sql = {"DELETE FROM signals WHERE (created_at, id) > ($1, $2) AND "
                                   "(created_at, id) <= ($3, $4) AND " SIGNAL_GOES(
                                       "$5") " RETURNING tweet_id, coalesce(reason, '')"};
    struct query q;
    bool row;
    if (!query_open(p->s, &sql, &q, err)) return false;
    bind_spot(&q, from);
    bind_spot(&q, to);
    bind_time(&q, cut);
    if (!query_row(&q, &row, err)) return false;
    for (; row; v->signals++) {
        reason r = REASON_NONE;
        const int64_t post = col_i64(&q);
        if (!reason_from_name(col_str(&q), &r)) r = REASON_NONE;
        v->by_reason[r]++;
        if (v->count == 0 || v->posts[v->count - 1] != post) {
            POST(v->count < FOUND_MOST);
            v->posts[v->count++] = post;
        }
        if (!query_row(&q, &row, err)) return false;
    }
    return true;
}

/* The post, unless signals of it are left for the next transaction. */
static bool drop_post(struct store *s, int64_t id, usec cut, int64_t *gone, struct error *err) {
    static const struct sql word = {
        "UPDATE deletions SET root_id = (SELECT t.root_id FROM tweets t WHERE t.id = $1) WHERE "
        "tweet_id = $1 AND root_id = tweet_id AND EXISTS (SELECT 1 FROM tweets t WHERE t.id = $1 "
        "AND t.deleted_at IS NOT NULL)"};
    static const struct sql drop = {
        "DELETE FROM tweets WHERE id = $1 AND " POST_IS_FREE("$2") " AND NOT " POST_HAS_SIGNALS};
    struct query q;
    if (!query_open(s, &word, &q, err)) return false;
    bind_i64(&q, id);
    if (!query_run(&q, err) || !query_open(s, &drop, &q, err)) return false;
    bind_i64(&q, id);
    bind_time(&q, cut);
    int64_t rows = 0;
    if (!query_run(&q, err) || !query_changes(s, &rows, err)) return false;
    *gone += rows;
    return true;
}

static bool drop_with_posts(struct pruner *p, usec cut, const struct spot *from,
                            const struct spot *to, struct dropped *v, int64_t *ret_posts,
                            struct error *err) {
    *ret_posts = 0;
    if (!drop_signals(p, cut, from, to, v, err)) return false;
    for (int i = 0; i < v->count; i++)
        if (!drop_post(p->s, v->posts[i], cut, ret_posts, err)) return false;
    return add_reasons(p->s, "signal", v->by_reason, err) &&
           add_pruned(p->s, "post", "", *ret_posts, err);
}

bool prune_signals(struct pruner *p, struct error *err) {
    const usec cut = prune_cut(p->ask, PRUNE_SIGNALS);
    struct spot from = {0, INT64_MIN}, to = {0};
    while (cut > 0 && !p->ended) {
        const int most = p->batch;
        struct dropped v = {.count = 0};
        int64_t posts = 0;
        int count;
        if (!find_signals(p, cut, &from, &to, &count, err)) return false;
        if (count == 0) return true;
        if (!prune_begin(p, false, err)) return false;
        const bool ok = drop_with_posts(p, cut, &from, &to, &v, &posts, err);
        if (!prune_end(p, PRUNE_SIGNALS, ok, v.signals, err)) return false;
        p->gone[PRUNE_POSTS] += posts;
        if (count < most) return true;
        from = to;
    }
    return true;
}

/* -- readings ---------------------------------------------------------------------------------- */

static bool find_readings(struct pruner *p, usec cut, const struct spot *from, struct spot *ret,
                          int *ret_count, struct error *err) {
    static const struct sql sql = {
        "SELECT created_at, id FROM tweets WHERE (created_at, id) > ($1, $2) AND " READING_GOES(
            "$3") " ORDER BY created_at, id LIMIT $4"};
    struct query q;
    bool row;
    *ret_count = 0;
    if (!query_open(p->s, &sql, &q, err)) return false;
    bind_spot(&q, from);
    bind_time(&q, cut);
    bind_i64(&q, p->batch);
    if (!query_row(&q, &row, err)) return false;
    for (; row; (*ret_count)++) {
        ret->at = col_time(&q);
        ret->id = col_i64(&q);
        if (!query_row(&q, &row, err)) return false;
    }
    return true;
}

static bool thin_readings(struct pruner *p, usec cut, const struct spot *from,
                          const struct spot *to, int64_t *ret_gone, struct error *err) {
    static const struct sql sql = {
        "UPDATE tweets SET probs = NULL, mentions = NULL, misses = NULL, cues = 0 WHERE "
        "(created_at, id) > ($1, $2) AND (created_at, id) <= ($3, $4) AND " READING_GOES("$5")};
    struct query q;
    if (!query_open(p->s, &sql, &q, err)) return false;
    bind_spot(&q, from);
    bind_spot(&q, to);
    bind_time(&q, cut);
    return query_run(&q, err) && query_changes(p->s, ret_gone, err);
}

bool prune_readings(struct pruner *p, struct error *err) {
    const usec cut = prune_cut(p->ask, PRUNE_READINGS);
    usec *const memo = p->ask->readings_from;
    struct spot from = {memo ? *memo : 0, INT64_MIN}, to = {0};
    while (cut > 0 && !p->ended) {
        const int most = p->batch;
        int64_t gone = 0;
        int count;
        if (!find_readings(p, cut, &from, &to, &count, err)) return false;
        if (count == 0) break;
        if (!prune_begin(p, false, err)) return false;
        const bool ok = thin_readings(p, cut, &from, &to, &gone, err);
        if (!prune_end(p, PRUNE_READINGS, ok, gone, err)) return false;
        if (count < most) break;
        from = to;
    }
    if (memo && !p->ended) *memo = cut;
    return true;
}
