/* The audit chain: who did what, in rows that cannot be changed unnoticed.
 *
 * Each row's hash is the sha256 over the hash before it and the row's own members, each written as
 * a netstring ("5:hello,"), so that no two rows read the same. The first row follows 64 zeros. The
 * triggers of the table refuse UPDATE and DELETE; the chain shows what was done around them. How
 * many rows there are and the last one's hash stand in audit_head, written with each row, which
 * shows rows cut off at the end. Who writes the file by hand can forge all of it: then only a
 * comparison with a backup shows that.
 *
 * Retention lets go of the chain's beginning. Then the chain begins at the anchor: its number and
 * hash are those of the last row that went. An anchor proves nothing by itself, so a row of the log
 * is written with it that says the same; it stands behind the anchor, in the chain, until the next
 * anchor takes its place. One that was made up, or moved to hide rows, has no such row. Rows before
 * the anchor that are still there were let go of, and a kill came before they went.
 *
 * Several processes add rows (the trader, people's commands). Each does it in a transaction that
 * holds the write lock, and reads the last hash again when the data version says that somebody else
 * wrote; within one connection the last hash is remembered, which saves a query a row. */
#include "store/store_int.h"

#include <inttypes.h>

#define AUDIT_TEXT_BYTES 4096

static void put_netstring(struct buf *b, str v) {
    buf_put_i64(b, v.n);
    buf_put_byte(b, ':');
    buf_put(b, v);
    buf_put_byte(b, ',');
}

static void put_number(struct buf *b, int64_t v) {
    char text[24];
    struct buf digits;
    buf_init_fixed(&digits, text, sizeof text);
    buf_put_i64(&digits, v);
    put_netstring(b, buf_str(&digits));
}

struct audit_row {
    int64_t id, at, entity_id, trade_id;
    str actor, action, entity, detail;
};

/* False: the row is longer than any that we write. */
static bool hash_row(const struct audit_row *v, str prev, char ret[SHA256_HEX_BYTES]) {
    char block[AUDIT_TEXT_BYTES];
    uint8_t sum[SHA256_BYTES];
    struct buf b;
    buf_init_fixed(&b, block, sizeof block);
    put_netstring(&b, prev);
    put_number(&b, v->id);
    put_number(&b, v->at);
    put_netstring(&b, v->actor);
    put_netstring(&b, v->action);
    put_netstring(&b, v->entity);
    put_number(&b, v->entity_id);
    put_number(&b, v->trade_id);
    put_netstring(&b, v->detail);
    if (buf_full(&b)) return false;
    sha256_once(buf_str(&b), sum);
    hex_format(sum, SHA256_BYTES, ret);
    return true;
}

static void first_hash(char ret[SHA256_HEX_BYTES]) {
    memset(ret, '0', SHA256_HEX_BYTES - 1);
    ret[SHA256_HEX_BYTES - 1] = 0;
}

const struct sql audit_head_sql = {"SELECT rows, hash FROM audit_head"};

static bool read_head(struct store *s, int64_t *ret_rows, char ret_hash[SHA256_HEX_BYTES],
                      struct error *err) {
    struct query q;
    bool row;
    if (!query_open(s, &audit_head_sql, &q, err) || !query_row(&q, &row, err)) return false;
    *ret_rows = row ? col_i64(&q) : 0;
    first_hash(ret_hash);
    if (row) col_z(&q, ret_hash, SHA256_HEX_BYTES);
    query_close(&q);
    return true;
}

static bool write_head(struct store *s, int64_t rows, const char *hash, struct error *err) {
    static const struct sql sql = {
        "INSERT INTO audit_head (id, rows, hash) VALUES (1, $1, $2) "
        "ON CONFLICT (id) DO UPDATE SET rows = excluded.rows, hash = excluded.hash"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, rows);
    bind_z(&q, hash);
    return query_run(&q, err);
}

/* The last row's id and hash into s->audit_tail. They are the head's, not those of the last row
 * that is there: after a cut the next row leaves a break in the chain, and never hides it. */
static bool read_tail(struct store *s, struct error *err) {
    if (s->audit_tail.here) return true;
    /* PostgreSQL's version tells of others' commits a moment later, so it proves nothing here */
    const bool exact = s->ops->dialect == DIALECT_SQLITE;
    const int64_t version = exact ? store_data_version(s) : -1;
    s->audit_tail.here = true;
    if (s->audit_tail.known && version >= 0 && s->audit_tail.version == version) return true;
    if (!read_head(s, &s->audit_tail.id, s->audit_tail.hash, err)) return false;
    s->audit_tail.version = version;
    s->audit_tail.known = true;
    return true;
}

bool audit_add(struct store *s, const struct audit *v, struct error *err) {
    static const struct sql sql = {
        "INSERT INTO audit_log (id, at, actor, action, entity, entity_id, trade_id, detail, "
        "prev_hash, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"};
    PRE(s->in_transaction);
    if (!read_tail(s, err)) return false;
    const struct audit_row row = {s->audit_tail.id + 1,  v->at,
                                  v->entity_id,          v->trade_id,
                                  str_from_z(v->actor),  str_from_z(v->action),
                                  str_from_z(v->entity), str_from_z(v->detail)};
    char hash[SHA256_HEX_BYTES];
    const bool fits = hash_row(&row, str_from_z(s->audit_tail.hash), hash);
    POST(fits);
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, row.id);
    bind_time(&q, row.at);
    bind_str(&q, row.actor);
    bind_str(&q, row.action);
    bind_str(&q, row.entity);
    bind_id(&q, row.entity_id);
    bind_id(&q, row.trade_id);
    bind_str(&q, row.detail);
    bind_z(&q, s->audit_tail.hash);
    bind_z(&q, hash);
    if (!query_run(&q, err) || !write_head(s, row.id, hash, err))
        return fail_in(err, "write the audit log");
    s->audit_tail.id = row.id;
    memcpy(s->audit_tail.hash, hash, sizeof hash);
    return true;
}

/* -- the anchor ------------------------------------------------------------------------------ */

#define ANCHOR_ACTION "audit_pruned"
#define ANCHOR_ENTITY "audit_log"

bool store_audit_anchor(struct store *s, struct audit_anchor *ret, bool *ret_found,
                        struct error *err) {
    static const struct sql sql = {"SELECT rows, hash, at, actor FROM audit_anchor"};
    struct query q;
    *ret = (struct audit_anchor){0};
    if (!query_open(s, &sql, &q, err) || !query_row(&q, ret_found, err)) return false;
    if (!*ret_found) return true;
    ret->rows = col_i64(&q);
    col_z(&q, ret->hash, sizeof ret->hash);
    ret->at = col_time(&q);
    col_z(&q, ret->actor, sizeof ret->actor);
    query_close(&q);
    return true;
}

static bool put_anchor(struct store *s, const struct audit_anchor *v, struct error *err) {
    static const struct sql sql = {
        "INSERT INTO audit_anchor (id, rows, hash, at, actor) VALUES (1, $1, $2, $3, $4) "
        "ON CONFLICT (id) DO UPDATE SET rows = excluded.rows, hash = excluded.hash, "
        "at = excluded.at, actor = excluded.actor"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, v->rows);
    bind_z(&q, v->hash);
    bind_time(&q, v->at);
    bind_z(&q, v->actor);
    return query_run(&q, err);
}

/* What the row in the chain says of the anchor. */
static str anchor_text(const struct audit_anchor *v, char block[128]) {
    struct buf b;
    buf_init_fixed(&b, block, 128);
    buf_printf(&b, "rows up to %" PRId64 ", hash %s", v->rows, v->hash);
    POST(!buf_full(&b));
    return buf_str(&b);
}

static bool is_attest(const struct audit_row *v, const struct audit_anchor *a) {
    char block[128];
    return v->entity_id == a->rows && v->at == a->at && str_eq(v->action, STR(ANCHOR_ACTION)) &&
           str_eq(v->entity, STR(ANCHOR_ENTITY)) && str_eq(v->actor, str_from_z(a->actor)) &&
           str_eq(v->detail, anchor_text(a, block));
}

/* The hash of a row by its number. */
static bool find_hash(struct store *s, int64_t id, char ret[SHA256_HEX_BYTES], bool *ret_found,
                      struct error *err) {
    static const struct sql sql = {"SELECT hash FROM audit_log WHERE id = $1"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, id);
    if (!query_row(&q, ret_found, err)) return false;
    if (*ret_found) col_z(&q, ret, SHA256_HEX_BYTES);
    query_close(&q);
    return true;
}

bool audit_find_end(struct store *s, usec before, int64_t *ret, struct error *err) {
    static const struct sql sql = {
        "SELECT id FROM audit_log WHERE id > $1 AND (at >= $2 OR trade_id IN "
        "(SELECT id FROM trades WHERE status = 'OPEN')) ORDER BY id LIMIT 1"};
    struct audit_anchor a;
    struct query q;
    char hash[SHA256_HEX_BYTES];
    int64_t first = 0;
    bool found;
    if (!store_audit_anchor(s, &a, &found, err) || !query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, a.rows);
    bind_time(&q, before);
    if (!query_i64(&q, &first, &found, err)) return false;
    if (!found && !read_head(s, &first, hash, err)) return false;
    *ret = found ? first - 1 : first;
    if (*ret <= a.rows) *ret = 0;
    return true;
}

bool audit_set_anchor(struct store *s, int64_t upto, str actor, usec now, struct error *err) {
    PRE(s->in_transaction && upto > 0);
    struct audit_anchor a, is;
    struct audit row = {
        .at = now, .action = ANCHOR_ACTION, .entity = ANCHOR_ENTITY, .entity_id = upto};
    char block[128];
    bool found;
    if (!store_audit_anchor(s, &is, &found, err)) return false;
    if (found && is.rows >= upto) return true; /* somebody else did, meanwhile */
    a = (struct audit_anchor){.rows = upto, .at = now};
    IGNORE(str_copyz(actor, a.actor, sizeof a.actor), "what is cut is long enough");
    memcpy(row.actor, a.actor, sizeof row.actor);
    if (!find_hash(s, upto, a.hash, &found, err)) return false;
    if (!found) return fail(err, ERR_DAMAGED, 0, "audit_log: row %" PRId64 " is missing", upto);
    IGNORE(str_copyz(anchor_text(&a, block), row.detail, sizeof row.detail), "it fits");
    return (put_anchor(s, &a, err) && audit_add(s, &row, err)) ||
           fail_in(err, "move the audit log's anchor");
}

bool audit_drop(struct store *s, int64_t most, int64_t *ret_gone, struct error *err) {
    static const struct sql sql = {
        "DELETE FROM audit_log WHERE id <= (SELECT rows FROM audit_anchor) AND "
        "id < (SELECT min(id) FROM audit_log) + $1"};
    struct query q;
    PRE(s->in_transaction);
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, most);
    return (query_run(&q, err) && query_changes(s, ret_gone, err)) ||
           fail_in(err, "prune the audit log");
}

/* -- the walk -------------------------------------------------------------------------------- */

/* Does this row follow `prev`? Leaves its own hash in `prev`. *attests: it speaks of the anchor. */
static bool check_row(struct query *q, int64_t want_id, const struct audit_anchor *anchor,
                      char prev[SHA256_HEX_BYTES], int64_t *ret_id, bool *attests) {
    struct audit_row v = {.id = col_i64(q)};
    v.at = col_time(q);
    v.actor = col_str(q);
    v.action = col_str(q);
    v.entity = col_str(q);
    v.entity_id = col_i64(q);
    v.trade_id = col_i64(q);
    v.detail = col_str(q);
    *ret_id = v.id;
    char hash[SHA256_HEX_BYTES];
    const bool ok = v.id == want_id && str_eq(col_str(q), str_from_z(prev)) &&
                    hash_row(&v, str_from_z(prev), hash) && str_eq(col_str(q), str_from_z(hash));
    if (ok) memcpy(prev, hash, sizeof hash);
    if (ok && is_attest(&v, anchor)) *attests = true;
    return ok;
}

/* `rows` rows fit the chain, the last has `hash`: are these all that were written? */
static bool check_end(struct store *s, int64_t rows, const char *hash, int64_t *ret_id,
                      struct error *err) {
    char want_hash[SHA256_HEX_BYTES];
    int64_t want;
    if (!read_head(s, &want, want_hash, err)) return false;
    if (rows < want) {
        *ret_id = rows + 1;
        return fail(err, ERR_DAMAGED, 0,
                    "audit_log: rows are missing at the end: %" PRId64 " expected, %" PRId64
                    " found",
                    want, rows);
    }
    if (rows == want && strcmp(hash, want_hash) == 0) return true;
    *ret_id = rows > want ? want + 1 : rows;
    if (*ret_id == 0) *ret_id = 1; /* no row at all, and a hash of one */
    return fail(err, ERR_DAMAGED, 0,
                "audit_log: row %" PRId64 " is not as audit_head says (%" PRId64
                " rows): one of them was changed, or rows were added",
                *ret_id, want);
}

static bool fail_anchor(const struct audit_anchor *a, int64_t *ret_id, struct error *err) {
    *ret_id = i64_min(a->rows, INT64_MAX - 1) + 1;
    return fail(err, ERR_DAMAGED, 0,
                "audit_anchor: it says that rows up to %" PRId64 " were let go of, and no row of "
                "the log says so: it was changed, or made up to hide rows",
                a->rows);
}

static bool verify_inside(struct store *s, int64_t *ret_rows, int64_t *ret_id, struct error *err) {
    static const struct sql sql = {
        "SELECT id, at, actor, action, entity, entity_id, trade_id, detail, prev_hash, hash "
        "FROM audit_log WHERE id > $1 ORDER BY id",
        .large = true};
    char prev[SHA256_HEX_BYTES];
    struct audit_anchor anchor;
    struct query q;
    bool row, anchored, attested = false;
    *ret_id = 0;
    if (!store_audit_anchor(s, &anchor, &anchored, err)) return false;
    int64_t rows = anchor.rows;
    first_hash(prev);
    if (anchored) memcpy(prev, anchor.hash, sizeof prev);
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, anchor.rows);
    if (!query_row(&q, &row, err)) return false;
    while (row) {
        int64_t id;
        if (!check_row(&q, rows + 1, &anchor, prev, &id, &attested)) {
            query_close(&q);
            *ret_id = id;
            return fail(err, ERR_DAMAGED, 0,
                        "audit_log: row %" PRId64 " does not follow from the row before it: it or "
                        "that one was changed, added or removed",
                        id);
        }
        rows++;
        if (!query_row(&q, &row, err)) return false;
    }
    *ret_rows = rows - anchor.rows;
    if (!check_end(s, rows, prev, ret_id, err)) return false;
    return !anchored || attested || fail_anchor(&anchor, ret_id, err);
}

bool store_audit_verify(struct store *s, int64_t *ret_rows, int64_t *ret_id, struct error *err) {
    *ret_id = 0;
    if (s->in_transaction) return verify_inside(s, ret_rows, ret_id, err);
    if (!store_begin(s, false, err)) return fail_in(err, "verify the audit log");
    const bool ok = verify_inside(s, ret_rows, ret_id, err); /* rows and head of one moment */
    store_rollback(s);
    return ok;
}
