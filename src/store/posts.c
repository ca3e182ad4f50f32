/* Rows of posts: as they came, as they were read, as a turn of the trader leaves them.
 *
 * In one process a post is written once, with what was read of it and what it came to. Where
 * processes stand apart it is stored first (stage STORED), by one statement for many; what was read
 * is added (READ, or DONE where the trader has nothing to decide), by another; the trader's turn
 * puts the whole row over it. Each may come twice and in disorder: a stage never goes back.
 *
 * What was deleted: a turn looks for each post whether there was word of it. Whoever stores many
 * looks afterwards, in the same transaction: nobody sees the text in between.
 *
 * In: posts and readings, inside the caller's transaction. Failure: it is spoiled, the caller rolls
 * back. Thread: the connection's. */
#include "store/posts.h"

#include <inttypes.h>

#include "store/columns.h"
#include "store/store_int.h"
#include "store/views.h"

#define JSON_BYTES 4096
#define IDS_BYTES (POSTS_PUT_MAX * 21 + 3)

static const char *const label_names[] = {"negative", "neutral", "positive"};
static const char *const ref_names[] = {"none", "retweet", "quote", "reply"};

/* -- posts ----------------------------------------------------------------------------------- */

static void probs_json(struct buf *b, const struct reading *r) {
    buf_put_byte(b, '[');
    for (int i = 0; i < 3; i++) {
        if (i) buf_put_byte(b, ',');
        buf_put_bp(b, r->probs_bp[i]);
    }
    buf_put_byte(b, ']');
    POST(!buf_full(b));
}

/* The end of an object: why, and where it stands in the text. */
static void put_place(struct buf *b, const char *why, int32_t begin, int32_t end) {
    buf_put(b, STR("\"reason\":\""));
    buf_put(b, str_from_z(why));
    buf_put(b, STR("\",\"begin\":"));
    buf_put_i64(b, begin);
    buf_put(b, STR(",\"end\":"));
    buf_put_i64(b, end);
    buf_put_byte(b, '}');
}

void store_put_mentions(struct buf *b, const struct reading *r) {
    buf_put_byte(b, '[');
    for (int i = 0; i < r->mention_count; i++) {
        const struct mention *m = &r->mentions[i];
        buf_put(b, i ? STR(",{\"symbol\":") : STR("{\"symbol\":"));
        buf_put_json_str(b, str_from_z(m->symbol));
        buf_put(b, STR(",\"confidence\":"));
        buf_put_bp(b, m->confidence_bp);
        buf_put(b, STR(",\"polarity\":"));
        buf_put_bp(b, m->polarity_bp);
        buf_put_byte(b, ',');
        put_place(b, link_reason_name(m->reason), m->begin, m->end);
    }
    buf_put_byte(b, ']');
}

static void mentions_json(struct buf *b, const struct reading *r) {
    store_put_mentions(b, r);
    POST(!buf_full(b));
}

static void misses_json(struct buf *b, const struct reading *r) {
    buf_put_byte(b, '[');
    for (int i = 0; i < r->miss_count; i++) {
        const struct miss *m = &r->misses[i];
        buf_put(b, i ? STR(",{") : STR("{"));
        put_place(b, miss_reason_name(m->reason), m->begin, m->end);
    }
    buf_put_byte(b, ']');
    POST(!buf_full(b));
}

/* A public metric; -1 is unknown. */
static void bind_count(struct query *q, int64_t v) {
    if (v < 0)
        bind_null(q);
    else
        bind_i64(q, v);
}

/* Of a deleted post neither what it says nor the name of who says it is kept. */
static void bind_post(struct query *q, const struct post *p, bool deleted, usec now) {
    bind_i64(q, p->id);
    bind_str(q, deleted ? STR("") : p->username);
    bind_str(q, deleted ? STR("") : p->text);
    bind_time(q, p->created_at);
    bind_time(q, now);
    bind_i64(q, p->root_id);
    bind_str(q, p->source);
    bind_str(q, p->source_id);
    bind_str(q, p->author_id);
    bind_time(q, p->received_at);
    bind_str(q, p->lang);
    bind_z(q, ref_names[p->ref]);
    bind_id(q, p->ref_id);
    bind_bool(q, p->missed);
}

/* What was read of a post, as text. The blocks hold what was written and nothing else: on the hot
 * path the compiler is told not to zero them, which took longer than to fill them. */
struct reading_texts {
    char score_block[16], probs_block[64], mentions_block[JSON_BYTES], misses_block[JSON_BYTES];
    struct buf score, probs, mentions, misses;
};

static void texts_of(const struct reading *r, struct reading_texts *ret) {
    buf_init_fixed(&ret->score, ret->score_block, sizeof ret->score_block);
    buf_init_fixed(&ret->probs, ret->probs_block, sizeof ret->probs_block);
    buf_init_fixed(&ret->mentions, ret->mentions_block, sizeof ret->mentions_block);
    buf_init_fixed(&ret->misses, ret->misses_block, sizeof ret->misses_block);
    buf_put_bp(&ret->score, r->sentiment_bp);
    probs_json(&ret->probs, r);
    mentions_json(&ret->mentions, r);
    misses_json(&ret->misses, r);
}

/* From the outcome to the model, in the order of the columns. */
static void bind_reading(struct query *q, const struct reading *r, reason why,
                         const struct reading_texts *texts) {
    bind_z_or_null(q, why == REASON_NONE ? NULL : reason_name(why));
    bind_z(q, label_names[r->label]);
    bind_str(q, buf_str(&texts->probs));
    bind_str(q, buf_str(&texts->mentions));
    bind_str(q, buf_str(&texts->misses));
    bind_i64(q, r->cues);
    bind_z_or_null(q, r->model);
}

static void bind_counts(struct query *q, const struct post *p) {
    bind_count(q, p->likes);
    bind_count(q, p->reposts);
    bind_count(q, p->replies);
    bind_count(q, p->quotes);
}

/* The author as deletions name him; cut where it is too long, as the trader's is. */
static str author_key(const struct post *p, char block[AUTHOR_BYTES]) {
    struct buf key;
    buf_init_fixed(&key, block, AUTHOR_BYTES);
    buf_put(&key, p->source);
    buf_put_byte(&key, ':');
    if (p->author_id.n == 0) buf_put_byte(&key, '@');
    buf_put(&key, p->author_id.n > 0 ? p->author_id : p->username);
    return buf_str(&key);
}

/* Was it deleted, before it came or before it came again? */
static bool find_deletion(struct store *s, const struct post *p, usec *ret, struct error *err) {
    char block[AUTHOR_BYTES];
    return deletion_find(s, p->id, p->root_id, author_key(p, block), ret, err);
}

/* -- a turn of the trader -------------------------------------------------------------------- */

bool row_put_post(struct store *s, const struct reading *r, int signal_score, reason why, usec now,
                  struct error *err) {
    static const struct sql sql = {SQL_UPSERT("tweets", POST, "id")};
    UNINITIALIZED struct reading_texts texts;
    struct query q;
    usec deleted_at;
    texts_of(r, &texts);
    if (!find_deletion(s, r->post, &deleted_at, err)) return false;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_post(&q, r->post, deleted_at != 0, now);
    bind_str(&q, buf_str(&texts.score)); /* decimal text: the column makes it a number */
    bind_i64(&q, signal_score);
    bind_bool(&q, true);
    bind_reading(&q, r, why, &texts);
    bind_counts(&q, r->post);
    bind_time_or_null(&q, deleted_at);
    bind_i64(&q, POST_DONE);
    return query_run(&q, err) || fail_in(err, "put post %" PRId64, r->post->id);
}

bool store_has_post(struct store *s, int64_t id, bool *ret, struct error *err) {
    static const struct sql sql = {"SELECT processed FROM tweets WHERE id = $1"};
    struct query q;
    bool row;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, id);
    if (!query_row(&q, &row, err)) return false;
    *ret = row && col_bool(&q);
    query_close(&q);
    return true;
}

/* -- many at once ---------------------------------------------------------------------------- */

/* Numbers as one parameter: a JSON array, or an array as PostgreSQL writes it. */
static str ids_text(const struct store *s, const int64_t *ids, int count, struct buf *b) {
    const bool json = s->ops->dialect == DIALECT_SQLITE;
    buf_put_byte(b, json ? '[' : '{');
    for (int i = 0; i < count; i++) {
        if (i > 0) buf_put_byte(b, ',');
        buf_put_i64(b, ids[i]);
    }
    buf_put_byte(b, json ? ']' : '}');
    POST(!buf_full(b));
    return buf_str(b);
}

/* Marks in `ret`, by place, the ids that the statement gives. */
static bool mark_ids(struct store *s, const struct sql *sql, const int64_t *ids, int count,
                     bool *ret, struct error *err) {
    char block[IDS_BYTES];
    struct buf list;
    struct query q;
    bool row;
    buf_init_fixed(&list, block, sizeof block);
    for (int i = 0; i < count; i++) ret[i] = false;
    if (!query_open(s, sql, &q, err)) return false;
    bind_str(&q, ids_text(s, ids, count, &list));
    if (!query_row(&q, &row, err)) return false;
    while (row) {
        const int64_t id = col_i64(&q);
        for (int i = 0; i < count; i++) ret[i] = ret[i] || ids[i] == id;
        if (!query_row(&q, &row, err)) return false;
    }
    return true;
}

static bool insert_posts(struct store *s, const struct post *const *posts, int count, usec now,
                         struct error *err) {
    static const struct sql sql = {
        "INSERT INTO tweets (id, author, text, created_at, created_at_db, root_id, source, "
        "source_id, author_id, received_at, lang, ref_kind, ref_id, missed, likes, reposts, "
        "replies, quotes, processed, stage) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, "
        "$12, $13, $14, $15, $16, $17, $18, FALSE, 0) ON CONFLICT (id) DO NOTHING",
        "INSERT INTO tweets (id, author, text, created_at, created_at_db, root_id, source, "
        "source_id, author_id, received_at, lang, ref_kind, ref_id, missed, likes, reposts, "
        "replies, quotes, processed, stage) SELECT v.*, FALSE, 0 FROM unnest($1::bigint[], "
        "$2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::bigint[], $7::text[], "
        "$8::text[], $9::text[], $10::timestamptz[], $11::text[], $12::text[], $13::bigint[], "
        "$14::boolean[], $15::bigint[], $16::bigint[], $17::bigint[], $18::bigint[]) AS v "
        "ON CONFLICT (id) DO NOTHING"};
    struct query q;
    if (!query_open_many(s, &sql, &q, err)) return false;
    for (int i = 0; i < count; i++) {
        bind_post(&q, posts[i], false, now);
        bind_counts(&q, posts[i]);
        if (!query_add(&q, err)) return false;
    }
    return query_run(&q, err);
}

/* Those of which there was word before they came. */
static bool empty_deleted(struct store *s, const struct post *const *posts, int count,
                          struct error *err) {
#define GONE                                                                                       \
    "deletions d WHERE (d.tweet_id = t.id OR d.tweet_id = t.root_id OR (d.root_id = t.root_id "    \
    "AND "                                                                                         \
    "d.root_id <> d.tweet_id)) AND (d.author = '' OR d.author = v.author OR d.author LIKE '%:@%' " \
    "OR v.author LIKE '%:@%')"
    static const struct sql sql = {
        "UPDATE tweets AS t SET text = '', author = '', stage = 2, deleted_at = (SELECT "
        "max(d.deleted_at) FROM " GONE ") FROM (SELECT $1 AS id, $2 AS author) AS v "
        "WHERE t.id = v.id AND EXISTS (SELECT 1 FROM " GONE ")",
        "UPDATE tweets AS t SET text = '', author = '', stage = 2, deleted_at = (SELECT "
        "max(d.deleted_at) FROM " GONE ") FROM unnest($1::bigint[], $2::text[]) AS v(id, author) "
        "WHERE t.id = v.id AND EXISTS (SELECT 1 FROM " GONE ")"};
#undef GONE
    char key[AUTHOR_BYTES];
    struct query q;
    if (!query_open_many(s, &sql, &q, err)) return false;
    for (int i = 0; i < count; i++) {
        bind_i64(&q, posts[i]->id);
        bind_str(&q, author_key(posts[i], key));
        if (!query_add(&q, err)) return false;
    }
    return query_run(&q, err);
}

bool store_posts_put(struct store *s, const struct post *const *posts, int count, usec now,
                     bool *ret_gone, struct error *err) {
    static const struct sql gone = {
        "SELECT id FROM tweets WHERE deleted_at IS NOT NULL AND id IN (SELECT value FROM "
        "json_each($1))",
        "SELECT id FROM tweets WHERE deleted_at IS NOT NULL AND id = ANY($1::text::bigint[])"};
    int64_t ids[POSTS_PUT_MAX];
    bool any;
    PRE(s->in_transaction && count >= 1 && count <= POSTS_PUT_MAX);
    for (int i = 0; i < count; i++) {
        ids[i] = posts[i]->id;
        ret_gone[i] = false;
    }
    if (!insert_posts(s, posts, count, now, err) || !deletion_any(s, &any, err))
        return fail_in(err, "store %d posts", count);
    if (!any) return true;
    return (empty_deleted(s, posts, count, err) && mark_ids(s, &gone, ids, count, ret_gone, err)) ||
           fail_in(err, "store %d posts", count);
}

#define FEW 4 /* rows that a server writes faster by as many statements with a kept plan */

static bool put_read(struct query *q, const struct post_read *p, bool many, struct error *err) {
    UNINITIALIZED struct reading_texts texts;
    PRE(p->stage != POST_STORED);
    texts_of(p->reading, &texts);
    bind_str(q, buf_str(&texts.score));
    bind_i64(q, p->signal_score);
    bind_reading(q, p->reading, p->outcome, &texts);
    bind_i64(q, p->stage);
    bind_i64(q, p->reading->post->id);
    return many ? query_add(q, err) : query_run(q, err);
}

bool store_posts_read(struct store *s, const struct post_read *rows, int count,
                      int64_t *ret_changed, struct error *err) {
    static const struct sql one = {
        "UPDATE tweets SET sentiment_score = $1, signal_score = $2, processed = TRUE, outcome = "
        "$3, "
        "label = $4, probs = $5, mentions = $6, misses = $7, cues = $8, model = $9, stage = $10 "
        "WHERE id = $11 AND stage = 0"};
    static const struct sql many = {
        "",
        "UPDATE tweets AS t SET sentiment_score = v.sentiment_score, signal_score = "
        "v.signal_score, processed = TRUE, outcome = v.outcome, label = v.label, probs = "
        "v.probs::json, mentions = v.mentions::json, misses = v.misses::json, cues = v.cues, "
        "model = v.model, stage = v.stage "
        "FROM unnest($1::numeric[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], "
        "$7::text[], $8::bigint[], $9::text[], $10::bigint[], $11::bigint[]) AS v(sentiment_score, "
        "signal_score, outcome, label, probs, mentions, misses, cues, model, stage, id) "
        "WHERE t.id = v.id AND t.stage = 0"};
    const bool by_one = s->ops->dialect == DIALECT_SQLITE || count <= FEW;
    struct query q;
    PRE(s->in_transaction && count >= 1 && count <= POSTS_PUT_MAX);
    PRE(ret_changed == NULL || count == 1);
    if (!by_one && !query_open_many(s, &many, &q, err)) return false;
    bool ok = true;
    for (int i = 0; i < count && ok; i++)
        ok = (!by_one || query_open(s, &one, &q, err)) && put_read(&q, &rows[i], !by_one, err);
    if (ok && !by_one) ok = query_run(&q, err);
    if (ok && ret_changed != NULL) ok = query_changes(s, ret_changed, err);
    return ok || fail_in(err, "store what was read of %d posts", count);
}

bool store_posts_done(struct store *s, const int64_t *ids, int count, bool *ret_done,
                      struct error *err) {
    static const struct sql sql = {
        "SELECT id FROM tweets WHERE stage = 2 AND id IN (SELECT value FROM json_each($1))",
        "SELECT id FROM tweets WHERE stage = 2 AND id = ANY($1::text::bigint[])"};
    PRE(count >= 1 && count <= POSTS_PUT_MAX);
    return mark_ids(s, &sql, ids, count, ret_done, err);
}

/* -- what is left ---------------------------------------------------------------------------- */

static post_ref ref_of(str name) {
    for (ptrdiff_t i = 0; i < COUNT_OF(ref_names); i++)
        if (str_eq(name, str_from_z(ref_names[i]))) return (post_ref)i;
    return POST_REF_NONE; /* the table has a check on it */
}

static int64_t get_count(struct query *q) {
    const bool unknown = col_is_null(q);
    const int64_t v = col_i64(q);
    return unknown ? -1 : v;
}

#define POST_COLUMNS                                                                               \
    "id, author, text, created_at, root_id, source, source_id, author_id, received_at, lang, "     \
    "ref_kind, ref_id, missed, likes, reposts, replies, quotes"

static void get_post(struct query *q, struct arena *a, struct post *p) {
    *p = (struct post){.id = col_i64(q)};
    p->username = str_dup(a, col_str(q));
    p->text = str_dup(a, col_str(q));
    p->created_at = col_time(q);
    p->root_id = col_i64(q);
    p->source = str_dup(a, col_str(q));
    p->source_id = str_dup(a, col_str(q));
    p->author_id = str_dup(a, col_str(q));
    p->received_at = col_time(q);
    p->lang = str_dup(a, col_str(q));
    p->ref = ref_of(col_str(q));
    p->ref_id = col_i64(q);
    p->missed = col_bool(q);
    p->likes = get_count(q);
    p->reposts = get_count(q);
    p->replies = get_count(q);
    p->quotes = get_count(q);
    p->edited = p->id != p->root_id;
}

bool store_posts_unfinished(struct store *s, struct arena *a, const struct unfinished *q, int limit,
                            struct left_post **ret, int *ret_count, struct error *err) {
    static const struct sql sql = {"SELECT created_at_db, " POST_COLUMNS
                                   " FROM tweets WHERE stage < 2 AND stage <= $1 AND created_at_db "
                                   ">= $2 AND created_at_db < $3 AND created_at_db <= $4 AND "
                                   "(created_at_db < $4 OR id < $5) "
                                   "ORDER BY created_at_db DESC, id DESC LIMIT $6"};
    struct left_post *posts = NEW_ARRAY(a, struct left_post, limit);
    struct query look;
    bool row;
    int n = 0;
    PRE(limit >= 1);
    if (!query_open(s, &sql, &look, err)) return false;
    bind_i64(&look, q->read_too ? POST_READ : POST_STORED);
    bind_time(&look, q->since);
    bind_time(&look, q->before);
    bind_time(&look, q->last_at != 0 ? q->last_at : q->before);
    bind_i64(&look, q->last_id);
    bind_i64(&look, limit);
    if (!query_row(&look, &row, err)) return false;
    while (row) {
        posts[n].stored_at = col_time(&look);
        get_post(&look, a, &posts[n++].post);
        if (!query_row(&look, &row, err)) return false;
    }
    *ret = posts;
    *ret_count = n;
    return true;
}

bool store_posts_left(struct store *s, usec since, int64_t *ret_stored, int64_t *ret_read,
                      usec *ret_oldest, struct error *err) {
    static const struct sql sql = {
        "SELECT coalesce(sum(CASE WHEN stage = 0 THEN 1 ELSE 0 END), 0), "
        "coalesce(sum(CASE WHEN stage = 1 THEN 1 ELSE 0 END), 0), min(created_at_db) "
        "FROM tweets WHERE stage < 2 AND created_at_db >= $1"};
    struct query q;
    bool row;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_time(&q, since);
    if (!query_row(&q, &row, err)) return false;
    POST(row);
    *ret_stored = col_i64(&q);
    *ret_read = col_i64(&q);
    *ret_oldest = col_is_null(&q) ? 0 : col_time(&q);
    query_close(&q);
    return true;
}

/* -- one at a time --------------------------------------------------------------------------- */

bool store_post_failed(struct store *s, int64_t id, post_stage stage, struct error *err) {
    static const struct sql sql = {
        "UPDATE tweets SET stage = 2, outcome = $1 WHERE id = $2 AND stage <= $3"};
    struct query q;
    PRE(s->in_transaction && stage != POST_DONE);
    if (!query_open(s, &sql, &q, err)) return false;
    bind_z(&q, reason_name(REASON_FAILED));
    bind_i64(&q, id);
    bind_i64(&q, stage);
    return query_run(&q, err) || fail_in(err, "give up post %" PRId64, id);
}

bool store_post_unread(struct store *s, struct arena *a, int64_t id, struct post *ret,
                       bool *ret_found, struct error *err) {
    static const struct sql sql = {"SELECT " POST_COLUMNS " FROM tweets WHERE id = $1 AND NOT "
                                   "processed AND deleted_at IS NULL"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, id);
    if (!query_row(&q, ret_found, err)) return false;
    if (!*ret_found) return true;
    get_post(&q, a, ret);
    query_close(&q);
    return true;
}

/* -- word of a deletion ---------------------------------------------------------------------- */

bool store_post_gone(struct store *s, const struct post *p, usec now, struct error *err) {
    /* word about a post that names another author than the post does is not told on */
    static const struct sql sql = {
        "SELECT id FROM tweets WHERE (id = $1 OR root_id = $1) AND ($2 = '' OR author_id = '' OR "
        "substr(source || ':' || author_id, 1, 63) = $2) LIMIT 1"};
    struct deletion d = {.tweet_id = p->id,
                         .root_id = p->root_id,
                         .actor = "source",
                         .deleted_at = p->created_at,
                         .at = now};
    struct query q;
    int64_t id;
    bool kept;
    PRE(p->deleted);
    if (p->author_id.n > 0) IGNORE(author_key(p, d.author).n, "what is too long is cut");
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, p->id);
    bind_z(&q, d.author);
    if (!query_i64(&q, &id, &kept, err) || !deletion_put(s, &d, err)) return false;
    return !kept || forget_command(s, p->id, "source", now, err);
}
