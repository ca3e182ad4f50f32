/* Roles on PostgreSQL: what each may do, and how the server stands.
 *
 * Three of them: the owner, who makes and changes the tables (`bullfinch db migrate`); the program,
 * which may write where a run writes and delete where something is let go of, and cannot change
 * what a table is; a reader, for dashboards and questions. Who only runs the program has no right
 * to take a trigger or a constraint away, so the fence and the append-only log hold for it.
 *
 * In: the list below; a test compares it with the tables that there are, and runs the contract of
 * the store as the program's role. Failure: as roles.h says. */
#include "store/pg_int.h"
#include "store/roles.h"

#define NAME_MAX_BYTES 63 /* PostgreSQL cuts names off behind that */

/* -- rights ------------------------------------------------------------------------------------ */

/* What the program writes; it may read everything. Where nothing is deleted it may not delete. */
static const struct right {
    const char *table;
    const char *rights;
} rights[] = {
    {"account", "INSERT, UPDATE"},
    {"alerts", "INSERT, UPDATE, DELETE"},
    {"api_reported", "INSERT, UPDATE"},
    {"api_usage", "INSERT, UPDATE"},
    {"audit_anchor", "INSERT, UPDATE"},
    {"audit_head", "INSERT, UPDATE"},
    {"audit_log", "INSERT, DELETE"}, /* DELETE: before the anchor, the trigger sees to that */
    {"author_records", "INSERT, UPDATE, DELETE"},
    {"authors", "INSERT, UPDATE, DELETE"},
    {"billed", "INSERT, DELETE"},
    {"candles", "INSERT, UPDATE, DELETE"},
    {"channels", "INSERT, UPDATE"},
    {"commands", "INSERT, UPDATE, DELETE"},
    {"control", "INSERT, UPDATE"},
    {"cursors", "INSERT, UPDATE, DELETE"},
    {"dead_letters", "INSERT, UPDATE, DELETE"},
    {"deletions", "INSERT, UPDATE"},
    {"deliveries", "INSERT, UPDATE, DELETE"},
    {"equity", "INSERT, UPDATE, DELETE"},
    {"feeds", "INSERT, UPDATE"},
    {"fills", "INSERT"},
    {"forecasts", "INSERT, UPDATE, DELETE"},
    {"gaps", "INSERT, UPDATE, DELETE"},
    {"handles", "INSERT, UPDATE, DELETE"},
    {"intents", "INSERT"},
    {"leader", "UPDATE"},
    {"ledger", "INSERT"},
    {"migrations", ""},
    {"notices", "INSERT, UPDATE, DELETE"},
    {"orders", "INSERT, UPDATE"},
    {"positions", "INSERT, UPDATE, DELETE"},
    {"post_memory", "INSERT, UPDATE, DELETE"},
    {"pruned", "INSERT, UPDATE"},
    {"settings", "INSERT, UPDATE, DELETE"},
    {"signals", "INSERT, UPDATE, DELETE"},
    {"tokens", "INSERT, UPDATE"},
    {"trades", "INSERT, UPDATE"},
    {"tweets", "INSERT, UPDATE, DELETE"},
    {"workers", "INSERT, UPDATE, DELETE"},
};

/* What readers must not see: a token's hash lets nobody in, but who has one is nobody's business.
 */
static const char *const hidden[] = {"tokens"};

static bool is_hidden(const char *table) {
    for (int i = 0; i < COUNT_OF(hidden); i++)
        if (strcmp(hidden[i], table) == 0) return true;
    return false;
}

static void put_name(struct buf *b, str name) {
    buf_put_byte(b, '"');
    for (ptrdiff_t i = 0; i < name.n; i++) {
        if (name.p[i] == '"') buf_put_byte(b, '"');
        buf_put_byte(b, name.p[i]);
    }
    buf_put_byte(b, '"');
}

static void put_grant(struct buf *b, const char *what, const char *more, const char *schema,
                      const char *table, str role) {
    buf_printf(b, "GRANT %s%s%s ON \"%s\".%s TO ", what, *more ? ", " : "", more, schema, table);
    put_name(b, role);
    buf_put(b, STR(";\n"));
}

/* Nothing is left of what it had or would have had in tables of a later version, and it may look
 * the names up. */
static void put_beginning(struct buf *b, const char *schema, str role) {
    buf_printf(b, "ALTER DEFAULT PRIVILEGES IN SCHEMA \"%s\" REVOKE ALL ON TABLES FROM ", schema);
    put_name(b, role);
    buf_printf(b, ";\nALTER DEFAULT PRIVILEGES IN SCHEMA \"%s\" REVOKE ALL ON SEQUENCES FROM ",
               schema);
    put_name(b, role);
    buf_put(b, STR(";\n"));
    buf_printf(b, "REVOKE ALL ON ALL TABLES IN SCHEMA \"%s\" FROM ", schema);
    put_name(b, role);
    buf_printf(b, ";\nREVOKE ALL ON ALL SEQUENCES IN SCHEMA \"%s\" FROM ", schema);
    put_name(b, role);
    buf_printf(b, ";\nREVOKE ALL ON SCHEMA \"%s\" FROM ", schema);
    put_name(b, role);
    buf_printf(b, ";\nGRANT USAGE ON SCHEMA \"%s\" TO ", schema);
    put_name(b, role);
    buf_put(b, STR(";\n"));
}

static void put_program(struct buf *b, const char *schema, str role, bool may_maintain) {
    put_beginning(b, schema, role);
    for (int i = 0; i < COUNT_OF(rights); i++)
        put_grant(b, "SELECT", rights[i].rights, schema, rights[i].table, role);
    if (!may_maintain) return; /* before version 17 only the owner cleans a table up */
    put_grant(b, "MAINTAIN", "", schema, "tweets", role);
    put_grant(b, "MAINTAIN", "", schema, "dead_letters", role);
}

static void put_reader(struct buf *b, const char *schema, str role) {
    put_beginning(b, schema, role);
    for (int i = 0; i < COUNT_OF(rights); i++)
        if (!is_hidden(rights[i].table)) put_grant(b, "SELECT", "", schema, rights[i].table, role);
}

/* -- the text ---------------------------------------------------------------------------------- */

static bool check_name(const struct pg_store *s, str name, const char *user, struct error *err) {
    if (name.n > NAME_MAX_BYTES || str_find_byte(name, '\0') >= 0 ||
        str_find_byte(name, '\n') >= 0 || !str_utf8_valid(name))
        return fail(err, ERR_USAGE, 0, "this can be no role's name: %d bytes at most, on one line",
                    NAME_MAX_BYTES);
    if (str_eq(name, str_from_z(user)))
        return fail(err, ERR_USAGE, 0,
                    "%s owns the tables of %s and has all rights: name another role", user,
                    s->base.path);
    return true;
}

bool pg_roles(struct store *base, const struct store_roles *r, struct buf *ret, struct error *err) {
    struct pg_store *s = pg_self(base);
    if (!pg_connected(s, err)) return false;
    const char *const user = pq.user(s->conn);
    const bool may_maintain = pq.serverVersion(s->conn) >= 170000;
    if (!check_name(s, r->program, user, err) || !check_name(s, r->reader, user, err)) return false;
    if (r->program.n > 0 && str_eq(r->program, r->reader))
        return fail(err, ERR_USAGE, 0, "a role is the program's or a reader's, not both");
    buf_printf(ret, "REVOKE CREATE ON SCHEMA \"%s\" FROM PUBLIC;\n", s->url.schema);
    if (r->program.n > 0) put_program(ret, s->url.schema, r->program, may_maintain);
    if (r->reader.n > 0) put_reader(ret, s->url.schema, r->reader);
    return true;
}

/* -- the server -------------------------------------------------------------------------------- */

/* "table:RIGHT,table:RIGHT", of all that the program needs. */
static void put_needs(struct buf *b) {
    for (int i = 0; i < COUNT_OF(rights); i++) {
        str rest = str_from_z(rights[i].rights), one;
        buf_printf(b, "%s%s:SELECT", i > 0 ? "," : "", rights[i].table);
        while (rest.n > 0 && (str_cut(&rest, ',', &one), one.n > 0))
            buf_printf(b, ",%s:" STR_FMT, rights[i].table, STR_ARG(str_trim(one)));
    }
}

/* Asks with ($1: all that the program needs, $2: the schema). */
static bool ask_of_rights(struct store *s, const struct sql *sql, struct query *q, bool *ret_row,
                          struct error *err) {
    char block[4096];
    struct buf needs;
    buf_init_fixed(&needs, block, sizeof block);
    put_needs(&needs);
    POST(!buf_full(&needs));
    if (!query_open(s, sql, q, err)) return false;
    bind_str(q, buf_str(&needs));
    bind_z(q, pg_self(s)->url.schema);
    return query_row(q, ret_row, err);
}

static bool find_missing(struct store *s, struct store_server *ret, struct error *err) {
    static const struct sql sql = {
        "SELECT ''",
        "SELECT n.priv || ' on ' || n.tab, n.tab, n.oid IS NULL FROM (SELECT split_part(x, ':', 1) "
        "AS tab, "
        "split_part(x, ':', 2) AS priv, to_regclass(quote_ident($2::TEXT) || '.' || "
        "split_part(x, ':', 1)) AS oid FROM unnest(string_to_array($1, ',')) AS x) AS n "
        "WHERE n.oid IS NULL OR NOT has_table_privilege(n.oid, n.priv) "
        "ORDER BY n.oid IS NOT NULL LIMIT 1"};
    struct query q;
    bool row;
    if (!ask_of_rights(s, &sql, &q, &row, err)) return false;
    if (row) {
        col_z(&q, ret->missing, sizeof ret->missing);
        col_z(&q, ret->absent, sizeof ret->absent);
        if (col_bool(&q))
            ret->missing[0] = '\0';
        else
            ret->absent[0] = '\0';
    }
    query_close(&q);
    return true;
}

/* Who owns the tables may do anything with them; of others, each right on one of them that changes
 * rows or the table and that no run needs. The ledger first: it is what everything is held
 * against. */
static bool find_excess(struct store *s, struct store_server *ret, struct error *err) {
    static const struct sql sql = {
        "SELECT ''",
        "SELECT h.priv || ' on ' || h.tab, count(*) OVER (), bool_or(h.owns) OVER () FROM "
        "(SELECT c.relname::TEXT AS tab, p AS priv, pg_has_role(c.relowner, 'USAGE') AS owns FROM "
        "pg_class c CROSS JOIN unnest(ARRAY['DELETE', 'UPDATE', 'INSERT', 'TRUNCATE', 'TRIGGER', "
        "'REFERENCES']) AS p WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = "
        "$2) AND c.relkind = 'r' AND strpos(',' || $1, ',' || c.relname || ':') > 0 AND "
        "has_table_privilege(c.oid, p)) AS h WHERE NOT h.tab || ':' || h.priv = ANY "
        "(string_to_array($1, ',')) ORDER BY h.tab <> 'ledger', h.priv, h.tab LIMIT 1"};
    struct query q;
    bool row;
    if (!ask_of_rights(s, &sql, &q, &row, err)) return false;
    if (row) {
        col_z(&q, ret->excess, sizeof ret->excess);
        ret->excess_count = col_i64(&q);
        ret->is_owner = col_bool(&q);
    }
    query_close(&q);
    return true;
}

static bool find_state(struct store *s, struct store_server *ret, struct error *err) {
    static const struct sql sql = {
        "SELECT 0",
        "SELECT clock_timestamp(), current_user, (SELECT rolsuper FROM pg_roles WHERE rolname = "
        "current_user), coalesce((SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() "
        "AND ssl), ''), coalesce(inet_server_addr() <<= '127.0.0.0/8' OR inet_server_addr() = "
        "'::1', TRUE), (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client "
        "backend'), current_setting('max_connections')::BIGINT - "
        "current_setting('superuser_reserved_connections')::BIGINT"};
    struct query q;
    bool row;
    if (!query_open(s, &sql, &q, err)) return false; /* prepares it: what follows is one round */
    const usec before = time_wall_us();
    if (!query_row(&q, &row, err)) return false;
    const usec after = time_wall_us();
    POST(row);
    ret->ahead = col_time(&q) - (before + (after - before) / 2);
    col_z(&q, ret->role, sizeof ret->role);
    ret->is_superuser = col_bool(&q);
    col_z(&q, ret->tls, sizeof ret->tls);
    ret->is_near = col_bool(&q);
    ret->used = col_i64(&q);
    ret->most = col_i64(&q);
    query_close(&q);
    return true;
}

bool pg_may_clean(struct store *s, bool *ret, struct error *err) {
    static const struct sql owner = {
        "SELECT 1", "SELECT pg_has_role(c.relowner, 'USAGE')::INT FROM pg_class c WHERE c.oid = "
                    "'tweets'::regclass"};
    static const struct sql maintainer = {"SELECT 1",
                                          "SELECT has_table_privilege('tweets', 'MAINTAIN')::INT"};
    const bool is_new = pq.serverVersion(pg_self(s)->conn) >= 170000;
    struct query q;
    int64_t may = 0;
    bool found;
    if (!query_open(s, is_new ? &maintainer : &owner, &q, err)) return false;
    if (!query_i64(&q, &may, &found, err)) return false;
    *ret = found && may != 0;
    return true;
}

bool pg_server(struct store *base, struct store_server *ret, struct error *err) {
    struct pg_store *s = pg_self(base);
    if (!pg_connected(s, err)) return false;
    const char *const encoding = pq.parameterStatus(s->conn, "server_encoding");
    ret->version = pq.serverVersion(s->conn);
    snprintf(ret->encoding, sizeof ret->encoding, "%s", encoding ? encoding : "");
    return find_state(base, ret, err) && find_missing(base, ret, err) &&
           find_excess(base, ret, err) && pg_may_clean(base, &ret->may_clean, err);
}
