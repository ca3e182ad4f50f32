/* Migrations: bringing a store's tables to the form that this program knows.
 *
 * In: the numbered files of sql/, compiled in (sql/embed.sh). Each is applied once, in its own
 * transaction, together with the row of `migrations` that says so and carries the file's sha256: a
 * file that was applied and then edited is an error, because the tables would not be what it says.
 * Two processes that start at once take turns by the write lock; the second finds nothing to do. A
 * store made by a newer program is left alone. */
#include "store/store_int.h"

int store_newest_schema(const struct store *s) {
    int newest = 0;
    for (const struct migration *m = s->ops->migrations; m->version; m++) newest = m->version;
    return newest;
}

static bool schema_version(struct store *s, int *ret, struct error *err) {
    static const struct sql sql = {"SELECT max(version) FROM migrations"};
    struct query q;
    int64_t version = 0;
    bool any, found;
    *ret = 0;
    if (!s->ops->has_tables(s, STR("migrations"), &any, err)) return false;
    if (!any) return true;
    if (!query_open(s, &sql, &q, err) || !query_i64(&q, &version, &found, err)) return false;
    if (found) *ret = (int)version;
    return true;
}

int store_schema_before(const struct store *s) { return s->came_from; }

int store_schema_version(struct store *s) {
    struct error err;
    int version = 0;
    return schema_version(s, &version, &err) ? version : 0;
}

static void checksum(const struct migration *m, char ret[SHA256_HEX_BYTES]) {
    uint8_t sum[SHA256_BYTES];
    sha256_once(str_from_z(m->sql), sum);
    hex_format(sum, SHA256_BYTES, ret);
}

static bool check_applied(struct store *s, const struct migration *m, struct error *err) {
    static const struct sql sql = {"SELECT checksum FROM migrations WHERE version = $1"};
    struct query q;
    bool row;
    char want[SHA256_HEX_BYTES];
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, m->version);
    if (!query_row(&q, &row, err)) return false;
    if (!row) return fail(err, ERR_DAMAGED, 0, "%s: migration %s is missing", s->path, m->name);
    checksum(m, want);
    const bool same = str_eq(col_str(&q), str_from_z(want));
    query_close(&q);
    return same ||
           fail(err, ERR_STATE, 0,
                "%s: sql/%s.sql is not the file that was applied: put the old text back and "
                "write a new migration",
                s->path, m->name);
}

static bool note_applied(struct store *s, const struct migration *m, struct error *err) {
    static const struct sql sql = {
        "INSERT INTO migrations (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)"};
    struct query q;
    char sum[SHA256_HEX_BYTES];
    checksum(m, sum);
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, m->version);
    bind_z(&q, m->name);
    bind_z(&q, sum);
    bind_time(&q, time_wall_us()); /* about this file, not about what was traded */
    return query_run(&q, err);
}

/* Applies `m` unless somebody has meanwhile. */
static bool apply_one(struct store *s, const struct migration *m, bool *ret_did,
                      struct error *err) {
    int have;
    if (!store_begin(s, true, err)) return false;
    bool ok = schema_version(s, &have, err);
    *ret_did = ok && have < m->version;
    if (*ret_did) {
        ok = s->ops->exec(s, m->sql, err) && note_applied(s, m, err);
    }
    if (ok && store_commit(s, err)) return true;
    store_rollback(s);
    return fail_in(err, "apply migration %s", m->name);
}

static bool fail_newer(struct store *s, int have, struct error *err) {
    return fail(err, ERR_STATE, 0,
                "%s was made by a newer bullfinch (schema %d, this one knows %d): use that one",
                s->path, have, store_newest_schema(s));
}

bool store_migrate(struct store *s, int *ret_from, int *ret_to, struct error *err) {
    int have, from = store_newest_schema(s);
    bool did = false;
    PRE(s->access == STORE_WRITE && !s->in_transaction);
    if (!schema_version(s, &have, err)) return false;
    if (have > store_newest_schema(s)) return fail_newer(s, have, err);
    for (const struct migration *m = s->ops->migrations; m->version; m++) {
        if (m->version <= have && !check_applied(s, m, err)) return false;
        if (m->version > have && !apply_one(s, m, &did, err)) return false;
        if (m->version == have + 1 && did) from = have;
    }
    *ret_from = s->came_from = from;
    *ret_to = store_newest_schema(s);
    return true;
}

bool store_settle_schema(struct store *s, const struct store_options *opt, struct error *err) {
    int have, from, to;
    if (opt->create && opt->access == STORE_WRITE) return store_migrate(s, &from, &to, err);
    if (!schema_version(s, &have, err)) return false;
    if (have > store_newest_schema(s)) return fail_newer(s, have, err);
    if (opt->any_schema || have == store_newest_schema(s)) return true;
    return fail(err, ERR_STATE, 0,
                "%s has schema %d, this program wants %d: run `bullfinch db migrate`", s->path,
                have, store_newest_schema(s));
}
