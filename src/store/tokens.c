/* Tokens: who may come in, and for what.
 *
 * In and out: rows of `tokens`. The secret never comes here, only its SHA-256; a row is never
 * removed, so that the audit log's ids have something to point to. Invariants: a name stands for
 * one token that is not revoked; what brings posts is bound to one source name, and nothing else
 * is. Each change is audited in its own transaction, or in the caller's where there is one. Thread:
 * the connection's. */
#include "store/sources.h"

#include <inttypes.h>

#include "store/store_int.h"

static const char *const role_names[] = {
#define X(name, text) text,
    TOKEN_ROLE_MAP(X)
#undef X
};

const char *token_role_name(token_role r) {
    PRE(r >= 0 && r < COUNT_OF(role_names));
    return role_names[r];
}

bool token_role_from_name(str s, token_role *ret) {
    for (int i = 0; i < COUNT_OF(role_names); i++) {
        if (!str_eq(s, str_from_z(role_names[i]))) continue;
        *ret = (token_role)i;
        return true;
    }
    return false;
}

/* -- changing them ----------------------------------------------------------------------------- */

/* Begins a transaction unless the caller has one. */
static bool begin(struct store *s, bool *ret_own, struct error *err) {
    *ret_own = !s->in_transaction;
    return !*ret_own || store_begin(s, true, err);
}

static bool end(struct store *s, bool own, bool ok, struct error *err) {
    if (ok && (!own || store_commit(s, err))) return true;
    if (own) store_rollback(s);
    return false;
}

static bool audit(struct store *s, const char *action, int64_t id, str name, str actor, usec now,
                  struct error *err) {
    struct audit a = {.at = now, .entity = "token", .entity_id = id};
    IGNORE(str_copyz(str_from_z(action), a.action, sizeof a.action), "it is short");
    IGNORE(str_copyz(actor, a.actor, sizeof a.actor), "names are cut");
    IGNORE(str_copyz(name, a.detail, sizeof a.detail), "names are cut");
    return audit_add(s, &a, err);
}

/* Of those that are not revoked. *ret_id 0: there is none. */
static bool find_name(struct store *s, str name, int64_t *ret_id, struct error *err) {
    static const struct sql sql = {"SELECT id FROM tokens WHERE name = $1 AND revoked_at IS NULL"};
    struct query q;
    bool found;
    *ret_id = 0;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_str(&q, name);
    return query_i64(&q, ret_id, &found, err);
}

static bool insert(struct store *s, const struct token_row *t, usec now, int64_t *ret_id,
                   struct error *err) {
    static const struct sql sql = {
        "INSERT INTO tokens (name, role, source, hash, created_at, expires_at) "
        "VALUES ($1, $2, $3, $4, $5, $6) RETURNING id"};
    struct query q;
    bool found;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_str(&q, t->name);
    bind_z(&q, token_role_name(t->role));
    bind_str(&q, t->source);
    bind_blob(&q, str_from_bytes(t->hash, SHA256_BYTES));
    bind_time(&q, now);
    bind_time_or_null(&q, t->expires_at);
    return query_i64(&q, ret_id, &found, err);
}

static bool add_inside(struct store *s, const struct token_row *t, str actor, usec now,
                       int64_t *ret_id, struct error *err) {
    int64_t taken;
    if (!find_name(s, t->name, &taken, err)) return false;
    if (taken != 0)
        return fail(err, ERR_EXISTS, 0,
                    "there is a token \"" STR_FMT "\" already: revoke it first, or take another "
                    "name",
                    STR_ARG(str_head(t->name, 60)));
    return insert(s, t, now, ret_id, err) &&
           audit(s, "token_add", *ret_id, t->name, actor, now, err);
}

bool store_token_add(struct store *s, const struct token_row *t, str actor, usec now,
                     int64_t *ret_id, struct error *err) {
    bool own;
    int64_t id = 0;
    PRE(t->role != TOKEN_NONE && t->name.n > 0);
    PRE((t->role == TOKEN_INGEST) == (t->source.n > 0));
    if (!begin(s, &own, err)) return fail_in(err, "store the token");
    const bool ok = add_inside(s, t, actor, now, &id, err);
    if (!end(s, own, ok, err)) return fail_in(err, "store the token");
    *ret_id = id;
    return true;
}

static bool revoke_inside(struct store *s, str name, str actor, usec now, struct error *err) {
    static const struct sql sql = {"UPDATE tokens SET revoked_at = $1 WHERE id = $2"};
    struct query q;
    int64_t id;
    if (!find_name(s, name, &id, err)) return false;
    if (id == 0)
        return fail(err, ERR_NOT_FOUND, 0, "there is no token \"" STR_FMT "\" to revoke",
                    STR_ARG(str_head(name, 60)));
    if (!query_open(s, &sql, &q, err)) return false;
    bind_time(&q, now);
    bind_i64(&q, id);
    return query_run(&q, err) && audit(s, "token_revoke", id, name, actor, now, err);
}

bool store_token_revoke(struct store *s, str name, str actor, usec now, struct error *err) {
    bool own;
    if (!begin(s, &own, err)) return fail_in(err, "revoke the token");
    const bool ok = revoke_inside(s, name, actor, now, err);
    return end(s, own, ok, err) || fail_in(err, "revoke the token");
}

bool store_token_used(struct store *s, int64_t id, usec now, struct error *err) {
    static const struct sql sql = {"UPDATE tokens SET last_used_at = $1 WHERE id = $2 AND "
                                   "(last_used_at IS NULL OR last_used_at < $1)"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_time(&q, now);
    bind_i64(&q, id);
    return query_run(&q, err) || fail_in(err, "note that token %" PRId64 " was used", id);
}

/* -- reading them ------------------------------------------------------------------------------ */

static bool get_token(struct query *q, struct arena *a, struct token_row *ret, struct error *err) {
    ret->id = col_i64(q);
    ret->name = str_dup(a, col_str(q));
    const bool known = token_role_from_name(col_str(q), &ret->role);
    ret->source = str_dup(a, col_str(q));
    const str hash = col_str(q);
    if (!known || hash.n != SHA256_BYTES)
        return fail(err, ERR_DAMAGED, 0,
                    "%s: token %" PRId64 " has a value that this program does not know: run "
                    "`bullfinch db check`",
                    q->s->path, ret->id);
    memcpy(ret->hash, hash.p, SHA256_BYTES);
    ret->created_at = col_time(q);
    ret->expires_at = col_time(q);
    ret->revoked_at = col_time(q);
    ret->last_used_at = col_time(q);
    return true;
}

bool store_tokens(struct store *s, struct arena *a, struct token_row **ret, int *ret_count,
                  struct error *err) {
    static const struct sql sql = {
        "SELECT count(*) OVER (), id, name, role, source, hash, created_at, expires_at, "
        "revoked_at, last_used_at FROM tokens ORDER BY id"};
    struct token_row *rows = NULL;
    struct query q;
    bool row;
    int n = 0;
    if (!query_open(s, &sql, &q, err) || !query_row(&q, &row, err)) return false;
    while (row) {
        const int64_t all = col_i64(&q);
        if (!rows) rows = NEW_ARRAY(a, struct token_row, all);
        if (!get_token(&q, a, &rows[n++], err)) {
            query_close(&q);
            return false;
        }
        if (!query_row(&q, &row, err)) return false;
    }
    *ret = rows;
    *ret_count = n;
    return true;
}
