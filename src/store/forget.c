/* Forgetting what a post said: its text goes, its row stays; and what is known of an author.
 *
 * In: word of a deletion, from the trader (a source told it) or from a person (`db forget`). Out:
 * in the same transaction the row of `deletions`, and no text or username of the post any more: not
 * in tweets (the post, the other versions of its edit chain, retweets, which repeat it), not in
 * dead letters. What came of the post (signals, trades, orders, the ledger, the audit log) holds
 * ids, hashes and numbers, and is left alone.
 *
 * An author that a person asks to forget loses more than his texts: his name, also beside the id
 * that was asked for it (handles), his habits, his record and the opinions that are being followed
 * for it. Of his row stays what author_forget() leaves. A trader that runs holds all of that in
 * memory and may put it back at any turn: the command that it gets makes it forget as well, and
 * clear the rows once more (ACTION_FORGET_AUTHOR). Until it is done the command names the author by
 * his key; no row of the audit log ever does.
 *
 * The bytes: connections that write have secure_delete on, so what is freed is overwritten with
 * zeros. Two copies are left: the log beside the file has the page as it was, and a page that was
 * split has what was moved to another one, in its free space. store_scrub() cuts the log, and
 * writes the file anew. How many deletions there were when it last did stands in the cursor
 * "rewritten". Backups that were made before keep what they have.
 *
 * Failure: the caller rolls back, and nothing is forgotten by halves. Thread: the writer's. */
#include "store/store_int.h"

#include <inttypes.h>

#include "store/columns.h"

#define ROWS_A_LOOK 64 /* rows found by one search */

/* -- rows ------------------------------------------------------------------------------------ */

/* The first word about a post stays. */
bool row_put_deletion(struct store *s, const struct deletion *v, struct error *err) {
    static const struct sql sql = {
        "INSERT INTO deletions (" SQL_COLUMNS(DELETION) ") VALUES ($1, $2, $3, $4, $5, $6) "
                                                        "ON CONFLICT (tweet_id) DO NOTHING"};
    struct query q;
    s->deletions.any = s->deletions.asked = true;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, v->tweet_id);
    bind_i64(&q, v->root_id);
    bind_z(&q, v->author);
    bind_z(&q, v->actor);
    bind_time(&q, v->deleted_at);
    bind_time(&q, v->at);
    return query_run(&q, err) || fail_in(err, "put the deletion of post %" PRId64, v->tweet_id);
}

void row_get_deletion(struct query *q, struct deletion *ret) {
    *ret = (struct deletion){.tweet_id = col_i64(q)};
    ret->root_id = col_i64(q);
    col_z(q, ret->author, sizeof ret->author);
    col_z(q, ret->actor, sizeof ret->actor);
    ret->deleted_at = col_time(q);
    ret->at = col_time(q);
}

const struct sql deletions_sql = {"SELECT 1 FROM deletions LIMIT 1"};

bool deletion_any(struct store *s, bool *ret, struct error *err) {
    struct query q;
    int64_t one;
    return query_open(s, &deletions_sql, &q, err) && query_i64(&q, &one, ret, err);
}

/* Most stores have no deletions. Under the write lock only this transaction can put the first one,
 * so the answer holds until its end. */
static bool any_under_lock(struct store *s, bool *ret, struct error *err) {
    if (!s->deletions.asked && !deletion_any(s, &s->deletions.any, err)) return false;
    s->deletions.asked = true;
    *ret = s->deletions.any;
    return true;
}

bool deletion_find(struct store *s, int64_t tweet_id, int64_t root_id, str author, usec *ret,
                   struct error *err) {
    /* a key made of a name ("x:@name") may be of the same author as one made of an id */
#define FIND(position)                                                                             \
    "SELECT max(deleted_at) FROM deletions WHERE (tweet_id = $1 OR tweet_id = $2 OR "              \
    "(root_id = $2 AND root_id <> tweet_id)) AND (author = '' OR author = $3 OR " position         \
    "(author, ':@') > 0 OR " position "($3, ':@') > 0)"
    static const struct sql sql = {FIND("instr"), FIND("strpos")};
#undef FIND
    struct query q;
    bool any, found;
    *ret = 0;
    if (!any_under_lock(s, &any, err)) return false;
    if (!any) return true;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, tweet_id);
    bind_i64(&q, root_id);
    bind_str(&q, author);
    return query_i64(&q, ret, &found, err);
}

/* -- posts ----------------------------------------------------------------------------------- */

struct stored_post {
    bool found;
    int64_t root_id;
    char native_id[256]; /* as it stands in what the source sent */
    bool anothers;       /* the word about it names another author */
};

static bool look_up(struct store *s, const struct deletion *v, struct stored_post *ret,
                    struct error *err) {
#define LOOK_UP(position)                                                                          \
    "SELECT root_id, source_id, $1 <> '' AND " position "($1, ':@') = 0 AND author_id <> '' AND "  \
    "substr(source || ':' || author_id, 1, 63) <> $1 FROM tweets WHERE id = $2"
    static const struct sql sql = {LOOK_UP("instr"), LOOK_UP("strpos")};
#undef LOOK_UP
    struct query q;
    *ret = (struct stored_post){.root_id = v->root_id};
    if (!query_open(s, &sql, &q, err)) return false;
    bind_z(&q, v->author);
    bind_i64(&q, v->tweet_id);
    if (!query_row(&q, &ret->found, err)) return false;
    if (!ret->found) return true;
    ret->root_id = col_i64(&q);
    col_z(&q, ret->native_id, sizeof ret->native_id);
    ret->anothers = col_bool(&q);
    query_close(&q);
    return true;
}

/* count: NULL, or what the rows that it empties are added to. */
static bool run_on_post(struct store *s, const struct sql *sql, usec at, int64_t id, int64_t *count,
                        struct error *err) {
    struct query q;
    int64_t rows;
    if (!query_open(s, sql, &q, err)) return false;
    bind_time(&q, at);
    bind_i64(&q, id);
    if (!query_run(&q, err)) return false;
    if (count == NULL) return true;
    if (!query_changes(s, &rows, err)) return false;
    *count += rows;
    return true;
}

/* The chain, each version of it, and who only repeated it. */
static bool wipe_posts(struct store *s, const struct deletion *v, const struct stored_post *p,
                       int64_t *count, struct error *err) {
#define WIPE                                                                                       \
    "UPDATE tweets SET text = '', author = '', deleted_at = $1 WHERE deleted_at IS NULL AND "
    static const struct sql one = {WIPE "id = $2"};
    static const struct sql versions = {WIPE "root_id = $2 AND root_id <> id"};
    static const struct sql retweets = {
        "UPDATE tweets SET text = '', deleted_at = $1 WHERE deleted_at IS NULL AND "
        "ref_kind = 'retweet' AND ref_id = $2"};
#undef WIPE
    const usec at = v->deleted_at;
    return run_on_post(s, &one, at, v->tweet_id, count, err) &&
           run_on_post(s, &one, at, p->root_id, count, err) &&
           run_on_post(s, &versions, at, p->root_id, count, err) &&
           run_on_post(s, &retweets, at, v->tweet_id, count, err) &&
           run_on_post(s, &retweets, at, p->root_id, count, err);
}

/* -- dead letters ---------------------------------------------------------------------------- */

static str skip_blanks(str s) {
    while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t')) s = str_tail(s, 1);
    return s;
}

/* Is this broken piece of input the post of that id? It need not be JSON: any "id" in it counts. */
static bool letter_is_of(str payload, str id) {
    static const char name[] = "\"id\"";
    for (ptrdiff_t i = 0; i + 4 <= payload.n; i++) {
        if (payload.p[i] != '"' || memcmp(payload.p + i, name, 4) != 0) continue;
        str rest = skip_blanks(str_tail(payload, i + 4));
        if (!str_starts(rest, STR(":"))) continue;
        rest = skip_blanks(str_tail(rest, 1));
        if (str_starts(rest, STR("\""))) rest = str_tail(rest, 1);
        if (!str_starts(rest, id)) continue;
        const char after = rest.n > id.n ? rest.p[id.n] : ',';
        if (!(after >= '0' && after <= '9')) return true;
    }
    return false;
}

static bool empty_letter(struct store *s, int64_t id, struct error *err) {
    static const struct sql sql = {"UPDATE dead_letters SET payload = '' WHERE id = $1"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, id);
    return query_run(&q, err);
}

/* Looks through all that have the digits anywhere; there are few letters, and fewer of those. */
static bool wipe_letters(struct store *s, str native_id, struct error *err) {
    static const struct sql sql = {"SELECT id, payload FROM dead_letters WHERE id > $1 AND "
                                   "payload <> '' AND instr(payload, $2) > 0 ORDER BY id LIMIT $3",
                                   "SELECT id, payload FROM dead_letters WHERE id > $1 AND "
                                   "payload <> '' AND position($2::bytea IN payload) > 0 ORDER BY "
                                   "id LIMIT $3"};
    int64_t last = 0;
    for (bool more = true; more;) {
        int64_t found[ROWS_A_LOOK];
        struct query q;
        int n = 0, seen = 0;
        bool row;
        if (!query_open(s, &sql, &q, err)) return false;
        bind_i64(&q, last);
        bind_str(&q, native_id);
        bind_i64(&q, ROWS_A_LOOK);
        if (!query_row(&q, &row, err)) return false;
        while (row) {
            last = col_i64(&q);
            seen++;
            if (letter_is_of(col_str(&q), native_id)) found[n++] = last;
            if (!query_row(&q, &row, err)) return false;
        }
        for (int i = 0; i < n; i++) {
            if (!empty_letter(s, found[i], err)) return false;
        }
        more = seen == ROWS_A_LOOK;
    }
    return true;
}

/* -- all of it ------------------------------------------------------------------------------- */

static bool put_and_wipe(struct store *s, const struct deletion *v, int64_t *count,
                         struct error *err) {
    PRE(s->in_transaction);
    struct stored_post p;
    char digits[24];
    if (!row_put_deletion(s, v, err) || !look_up(s, v, &p, err)) return false;
    if (p.anothers) return true;
    if (p.native_id[0] == '\0' && v->tweet_id > 0) { /* it never came as a post */
        struct buf b;
        buf_init_fixed(&b, digits, sizeof digits);
        buf_put_i64(&b, v->tweet_id);
        IGNORE(str_copyz(buf_str(&b), p.native_id, sizeof p.native_id), "it fits");
    }
    const bool named = p.native_id[0] != '\0';
    return (wipe_posts(s, v, &p, count, err) &&
            (!named || wipe_letters(s, str_from_z(p.native_id), err))) ||
           fail_in(err, "forget post %" PRId64, v->tweet_id);
}

bool deletion_put(struct store *s, const struct deletion *v, struct error *err) {
    return put_and_wipe(s, v, NULL, err);
}

/* -- people ---------------------------------------------------------------------------------- */

/* Does anything of the post still stand or wait at the trader? */
static bool is_at_work(struct store *s, int64_t id, int64_t root, bool *ret, struct error *err) {
    static const struct sql sql = {
        "SELECT EXISTS (SELECT 1 FROM trades WHERE status = 'OPEN' AND (tweet_id = $1 OR "
        "root_id = $2)) OR EXISTS (SELECT 1 FROM signals WHERE verdict = 'waiting' AND "
        "(tweet_id = $1 OR root_id = $2))"};
    struct query q;
    int64_t n = 0;
    bool found;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, id);
    bind_i64(&q, root);
    if (!query_i64(&q, &n, &found, err)) return false;
    *ret = n != 0;
    return true;
}

static bool add_command(struct store *s, int64_t id, str actor, usec now, int64_t *ret_command,
                        struct error *err) {
    struct command c = {.verb = VERB_FORGET, .target = id, .until = USEC_NEVER, .at = now};
    bool repeated;
    IGNORE(str_copyz(actor, c.actor, sizeof c.actor), "names are cut");
    return command_add(s, &c, STR(""), now, ret_command, &repeated, err);
}

bool forget_command(struct store *s, int64_t id, const char *actor, usec now, struct error *err) {
    int64_t command;
    return add_command(s, id, str_from_z(actor), now, &command, err);
}

static bool tell_trader(struct store *s, int64_t id, str actor, usec now, struct forgotten *f,
                        struct error *err) {
    if (!add_command(s, id, actor, now, &f->last_command, err)) return false;
    f->commands++;
    return true;
}

static bool forget_one(struct store *s, int64_t id, int64_t root, str actor, usec now,
                       int64_t *count, struct error *err) {
    struct deletion d = {.tweet_id = id, .root_id = root, .deleted_at = now, .at = now};
    IGNORE(str_copyz(actor, d.actor, sizeof d.actor), "names are cut");
    return put_and_wipe(s, &d, count, err);
}

static bool forget_post_inside(struct store *s, int64_t id, str actor, usec now,
                               struct forgotten *f, struct error *err) {
    struct audit a = {.at = now, .action = "forget", .entity = "post", .entity_id = id};
    IGNORE(str_copyz(actor, a.actor, sizeof a.actor), "names are cut");
    return forget_one(s, id, id, actor, now, &f->posts, err) &&
           tell_trader(s, id, actor, now, f, err) && audit_add(s, &a, err);
}

/* The next posts of an author by their ids, behind *last. */
static bool next_posts(struct store *s, str who, int64_t *last, int64_t ids[ROWS_A_LOOK],
                       int64_t roots[ROWS_A_LOOK], int *ret_count, struct error *err) {
    static const struct sql sql = {
        "SELECT id, root_id FROM tweets WHERE deleted_at IS NULL AND author_id <> '' AND "
        "(author_id = $1 OR source || ':' || author_id = $1) AND id > $2 OR "
        "deleted_at IS NULL AND author <> '' AND '@' || lower(author) = lower($1) AND id > $2 "
        "ORDER BY id LIMIT $3"};
    struct query q;
    bool row;
    *ret_count = 0;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_str(&q, who);
    bind_i64(&q, *last);
    bind_i64(&q, ROWS_A_LOOK);
    if (!query_row(&q, &row, err)) return false;
    while (row) {
        *last = ids[*ret_count] = col_i64(&q);
        roots[(*ret_count)++] = col_i64(&q);
        if (!query_row(&q, &row, err)) return false;
    }
    return true;
}

static bool forget_posts_of(struct store *s, str who, str actor, usec now, struct forgotten *f,
                            struct error *err) {
    int64_t ids[ROWS_A_LOOK], roots[ROWS_A_LOOK], last = INT64_MIN;
    int count;
    do {
        if (!next_posts(s, who, &last, ids, roots, &count, err)) return false;
        for (int i = 0; i < count; i++) {
            bool at_work;
            if (!is_at_work(s, ids[i], roots[i], &at_work, err)) return false;
            if (at_work && !tell_trader(s, ids[i], actor, now, f, err)) return false;
            if (!forget_one(s, ids[i], roots[i], actor, now, &f->posts, err)) return false;
        }
    } while (count == ROWS_A_LOOK);
    return true;
}

static bool run_on_author(struct store *s, const struct sql *sql, const char *key, int64_t *sum,
                          struct error *err) {
    struct query q;
    int64_t rows;
    if (!query_open(s, sql, &q, err)) return false;
    bind_z(&q, key);
    if (!query_run(&q, err) || !query_changes(s, &rows, err))
        return fail_in(err, "forget an author");
    *sum += rows;
    return true;
}

/* Names that were asked for, by the author's key; its source says on which network he is. */
static bool clear_handles(struct store *s, const char *key, int64_t *sum, struct error *err) {
#define CLEAR(position)                                                                            \
    "DELETE FROM handles WHERE "                                                                   \
    "(native_id <> '' AND native_id = substr($1, " position "($1, ':') + 1) OR "                   \
    "'@' || lower(name) = lower(substr($1, " position "($1, ':') + 1))) AND "                      \
    "(network = substr($1, 1, " position "($1, ':') - 1) OR EXISTS (SELECT 1 FROM feeds WHERE "    \
    "substr(feed, " position "(feed, ':') + 1) = substr($1, 1, " position "($1, ':') - 1) AND "    \
    "(network = 'x' AND substr(kind, 1, 2) = 'x_' OR "                                             \
    "network = 'bsky' AND kind = 'jetstream')))"
    static const struct sql sql = {CLEAR("instr"), CLEAR("strpos")};
#undef CLEAR
    return run_on_author(s, &sql, key, sum, err);
}

bool author_clear(struct store *s, const char *key, bool *ret_any, struct error *err) {
    PRE(s->in_transaction);
    static const struct sql row = {
        "UPDATE authors SET username = '', posts = 0, first_seen = NULL, habit = NULL WHERE "
        "key = $1 AND (username <> '' OR posts <> 0 OR first_seen IS NOT NULL OR habit IS NOT "
        "NULL)"};
    static const struct sql record = {"DELETE FROM author_records WHERE key = $1"};
    static const struct sql forecasts = {"DELETE FROM forecasts WHERE author = $1"};
    int64_t rows = 0;
    if (!run_on_author(s, &row, key, &rows, err) || !run_on_author(s, &record, key, &rows, err) ||
        !run_on_author(s, &forecasts, key, &rows, err) || !clear_handles(s, key, &rows, err))
        return false;
    *ret_any = rows > 0;
    return true;
}

/* Tells the trader whom to forget; the store answers for it that the key leaves with the answer. */
static bool forget_key(struct store *s, const char *key, str actor, usec now, struct forgotten *f,
                       struct error *err) {
    struct command c = {.verb = VERB_FORGET_AUTHOR, .until = USEC_NEVER, .at = now};
    bool any, repeated;
    IGNORE(str_copyz(actor, c.actor, sizeof c.actor), "names are cut");
    IGNORE(str_copyz(str_from_z(key), c.reason, sizeof c.reason), "longer than a key");
    if (!author_clear(s, key, &any, err)) return false;
    if (any) f->authors++;
    return command_add(s, &c, STR(""), now, &f->last_command, &repeated, err);
}

/* The next authors by their keys, behind `last`, which is moved on. */
static bool next_keys(struct store *s, str who, char last[AUTHOR_BYTES],
                      char keys[ROWS_A_LOOK][AUTHOR_BYTES], int *ret_count, struct error *err) {
#define OF(position, key)                                                                          \
    "(" key " = $1 OR substr(" key ", " position "(" key ", ':') + 1) = $1 OR "                    \
    "(substr($1, 1, 1) = '@' AND "                                                                 \
    "lower(substr(" key ", " position "(" key ", ':') + 1)) = lower($1)))"
#define KEYS(position)                                                                             \
    "SELECT key FROM authors WHERE (" OF(                                                          \
        position, "key") " OR '@' || lower(username) = "                                           \
                         "lower($1)) AND key > $2 UNION SELECT key FROM author_records WHERE " OF( \
                             position, "key") " AND key > $2 UNION SELECT author FROM forecasts "  \
                                              "WHERE " OF(position,                                \
                                                          "author") " AND author > $2 ORDER BY 1 " \
                                                                    "LIMIT $3"
    static const struct sql sql = {KEYS("instr"), KEYS("strpos")};
#undef KEYS
#undef OF
    struct query q;
    bool row;
    *ret_count = 0;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_str(&q, who);
    bind_z(&q, last);
    bind_i64(&q, ROWS_A_LOOK);
    if (!query_row(&q, &row, err)) return false;
    while (row) {
        col_z(&q, keys[(*ret_count)++], AUTHOR_BYTES);
        if (!query_row(&q, &row, err)) return false;
    }
    if (*ret_count > 0) memcpy(last, keys[*ret_count - 1], AUTHOR_BYTES);
    return true;
}

static bool forget_keys_of(struct store *s, str who, str actor, usec now, struct forgotten *f,
                           struct error *err) {
    char keys[ROWS_A_LOOK][AUTHOR_BYTES], last[AUTHOR_BYTES] = "";
    int count;
    do {
        if (!next_keys(s, who, last, keys, &count, err)) return false;
        for (int i = 0; i < count; i++) {
            if (!forget_key(s, keys[i], actor, now, f, err)) return false;
        }
    } while (count == ROWS_A_LOOK);
    return true;
}

/* Of an author who was asked for and never wrote. Every name that `who` may stand for. */
static bool forget_handles_of(struct store *s, str who, struct forgotten *f, struct error *err) {
    static const struct sql sql = {
        "DELETE FROM handles WHERE native_id <> '' AND (native_id = $1 OR "
        "network || ':' || native_id = $1) OR '@' || lower(name) = lower($1)"};
    struct query q;
    int64_t rows;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_str(&q, who);
    if (!query_run(&q, err) || !query_changes(s, &rows, err))
        return fail_in(err, "forget an author");
    if (rows > 0 && f->authors == 0) f->authors = 1;
    return true;
}

static bool forget_author_inside(struct store *s, str who, str actor, usec now, struct forgotten *f,
                                 struct error *err) {
    struct audit a = {.at = now, .action = "forget", .entity = "author"};
    struct buf detail;
    if (!forget_posts_of(s, who, actor, now, f, err)) return false;
    if (!forget_keys_of(s, who, actor, now, f, err)) return false;
    if (!forget_handles_of(s, who, f, err)) return false;
    buf_init_fixed(&detail, a.detail, sizeof a.detail);
    buf_printf(&detail, "%" PRId64 " posts, %" PRId64 " authors", f->posts,
               f->authors); /* not his name: this row stays */
    IGNORE(str_copyz(actor, a.actor, sizeof a.actor), "names are cut");
    return audit_add(s, &a, err);
}

static bool end_forgetting(struct store *s, bool ok, struct error *err) {
    if (ok && store_commit(s, err)) return true;
    store_rollback(s);
    return false;
}

bool store_forget_post(struct store *s, int64_t id, str actor, usec now, struct forgotten *ret,
                       struct error *err) {
    struct forgotten f = {0};
    if (!store_begin(s, true, err)) return fail_in(err, "forget post %" PRId64, id);
    const bool ok = forget_post_inside(s, id, actor, now, &f, err);
    if (!end_forgetting(s, ok, err)) return fail_in(err, "forget post %" PRId64, id);
    *ret = f;
    return true;
}

bool store_forget_author(struct store *s, str who, str actor, usec now, struct forgotten *ret,
                         struct error *err) {
    struct forgotten f = {0};
    if (!store_begin(s, true, err)) return fail_in(err, "forget an author");
    const bool ok = forget_author_inside(s, who, actor, now, &f, err);
    if (!end_forgetting(s, ok, err)) return fail_in(err, "forget an author");
    *ret = f;
    return true;
}

/* -- the bytes ------------------------------------------------------------------------------- */

static bool count_deletions(struct store *s, int64_t *ret, struct error *err) {
    static const struct sql sql = {"SELECT count(*) FROM deletions"};
    struct query q;
    bool found;
    return query_open(s, &sql, &q, err) && query_i64(&q, ret, &found, err);
}

bool store_wants_rewrite(struct store *s, bool *ret, struct error *err) {
    char block[64];
    struct arena a;
    int64_t now = 0, then = 0;
    str text;
    bool found;
    *ret = false;
    if (s->ops->dialect == DIALECT_POSTGRESQL) return true; /* VACUUM cleans the pages */
    arena_init(&a, block, sizeof block);
    if (!count_deletions(s, &now, err)) return false;
    if (!store_cursor_get(s, &a, STR("rewritten"), &text, &found, err)) return false;
    *ret = now > 0 && (!found || !str_to_i64(text, &then) || then != now);
    return true;
}

static bool note_rewritten(struct store *s, int64_t deletions, struct error *err) {
    char block[24];
    struct buf b;
    buf_init_fixed(&b, block, sizeof block);
    buf_put_i64(&b, deletions);
    if (!store_begin(s, true, err)) return false;
    if (store_cursor_put(s, STR("rewritten"), buf_str(&b), err) && store_commit(s, err))
        return true;
    store_rollback(s);
    return false;
}

bool store_scrub(struct store *s, bool rewrite, bool *ret_clean, struct error *err) {
    PRE(!s->in_transaction && s->access == STORE_WRITE);
    int64_t deletions = 0; /* before: one that comes meanwhile wants another */
    if (rewrite && !count_deletions(s, &deletions, err)) return false;
    if (!s->ops->scrub(s, rewrite, ret_clean, err)) return false;
    if (!rewrite || !*ret_clean || note_rewritten(s, deletions, err)) return true;
    *ret_clean = false;
    return err->code == ERR_BUSY; /* it will be done again */
}

bool store_room(struct store *s, int64_t *ret_free, int64_t *ret_all, struct error *err) {
    static const struct sql sql = {
        "SELECT f.freelist_count * s.page_size, p.page_count * s.page_size FROM "
        "pragma_freelist_count f, pragma_page_count p, pragma_page_size s",
        "SELECT 0::bigint, pg_database_size(current_database())"};
    struct query q;
    bool row;
    if (!query_open(s, &sql, &q, err) || !query_row(&q, &row, err))
        return fail_in(err, "ask for the size of %s", s->path);
    POST(row);
    *ret_free = col_i64(&q);
    *ret_all = col_i64(&q);
    query_close(&q);
    return true;
}
