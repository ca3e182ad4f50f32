/* The audit chain: who did what, in rows that cannot be changed unnoticed.
 *
 * Each row's hash is the sha256 over the hash before it and the row's own members, each written as
 * a netstring ("5:hello,"), so that no two rows read the same. The first row follows 64 zeros. The
 * triggers of the table refuse UPDATE and DELETE; the chain shows what was done around them. How
 * many rows there are and the last one's hash stand in audit_head, written with each row, which
 * shows rows cut off at the end. Who writes the file by hand can forge all of it: then only a
 * comparison with a backup shows that.
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

static bool read_head(struct store *s, int64_t *ret_rows, char ret_hash[SHA256_HEX_BYTES],
                      struct error *err) {
    static const struct sql sql = {"SELECT rows, hash FROM audit_head"};
    struct query q;
    bool row;
    if (!query_open(s, &sql, &q, err) || !query_row(&q, &row, err)) return false;
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

/* Does this row follow `prev`? Leaves its own hash in `prev`. */
static bool check_row(struct query *q, int64_t want_id, char prev[SHA256_HEX_BYTES],
                      int64_t *ret_id) {
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

static bool verify_inside(struct store *s, int64_t *ret_rows, int64_t *ret_id, struct error *err) {
    static const struct sql sql = {
        "SELECT id, at, actor, action, entity, entity_id, trade_id, detail, prev_hash, hash "
        "FROM audit_log ORDER BY id",
        .large = true};
    char prev[SHA256_HEX_BYTES];
    struct query q;
    bool row;
    int64_t rows = 0;
    first_hash(prev);
    *ret_id = 0;
    if (!query_open(s, &sql, &q, err) || !query_row(&q, &row, err)) return false;
    while (row) {
        int64_t id;
        if (!check_row(&q, rows + 1, prev, &id)) {
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
    *ret_rows = rows;
    return check_end(s, rows, prev, ret_id, err);
}

bool store_audit_verify(struct store *s, int64_t *ret_rows, int64_t *ret_id, struct error *err) {
    *ret_id = 0;
    if (s->in_transaction) return verify_inside(s, ret_rows, ret_id, err);
    if (!store_begin(s, false, err)) return fail_in(err, "verify the audit log");
    const bool ok = verify_inside(s, ret_rows, ret_id, err); /* rows and head of one moment */
    store_rollback(s);
    return ok;
}
