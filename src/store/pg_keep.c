/* Housekeeping on PostgreSQL: what there is, whether it is whole, what deletions left, copies.
 *
 * In, out, failure: as store.h says of the functions that stand before these. Copies are left to
 * pg_dump, which does them well: this program says how. */
#include "store/pg_int.h"

/* -- tables ------------------------------------------------------------------------------------ */

bool pg_has_tables(struct store *base, str like, bool *ret, struct error *err) {
    static const struct sql sql = {"SELECT count(*) FROM pg_tables WHERE schemaname = $1 AND "
                                   "tablename LIKE $2"};
    struct query q;
    int64_t count = 0;
    bool found;
    if (!query_open(base, &sql, &q, err)) return false;
    bind_z(&q, pg_self(base)->url.schema);
    bind_str(&q, like);
    if (!query_i64(&q, &count, &found, err)) return false;
    *ret = count > 0;
    return true;
}

/* The server does it by itself. */
bool pg_checkpoint(struct store *base, struct error *err) {
    (void)base, (void)err;
    return true;
}

/* -- what deletions left ----------------------------------------------------------------------- */

/* For statements that take their time. */
static bool without_limit(struct pg_store *s, const char *const *texts, int count,
                          struct error *err) {
    bool ok = pg_command(s, "SET statement_timeout = 0", err);
    for (int i = 0; i < count && ok; i++) ok = pg_command(s, texts[i], err);
    struct error none;
    IGNORE(!pg_command(s, "RESET statement_timeout", &none), "a new connection has its own");
    return ok;
}

/* A row that was overwritten leaves its text in the page until the page is cleaned. VACUUM cleans
 * what no snapshot sees any more; FULL writes the table anew. The server's log has it until it is
 * recycled. */
bool pg_scrub(struct store *base, bool rewrite, bool *ret_clean, struct error *err) {
    static const char *const light[] = {"VACUUM (INDEX_CLEANUP on) tweets",
                                        "VACUUM (INDEX_CLEANUP on) dead_letters"};
    static const char *const whole[] = {"VACUUM FULL tweets", "VACUUM FULL dead_letters"};
    struct pg_store *s = pg_self(base);
    *ret_clean = false;
    if (!pg_connected(s, err) || !pg_may_clean(base, ret_clean, err)) return false;
    if (!*ret_clean) return true; /* the server does it by itself, when it finds it worth it */
    *ret_clean = without_limit(s, rewrite ? whole : light, 2, err);
    return *ret_clean || err->code == ERR_BUSY; /* somebody reads: later */
}

/* -- is it whole? ------------------------------------------------------------------------------ */

/* Rows of one text each, which is a finding. */
static bool find(struct store *s, const struct sql *sql, struct buf *report, bool *ret_sound,
                 struct error *err) {
    struct query q;
    bool row;
    if (!query_open(s, sql, &q, err)) return false;
    if (q.st->param_count == 1) bind_z(&q, pg_self(s)->url.schema);
    if (!query_row(&q, &row, err)) return false;
    while (row) {
        const str line = col_str(&q);
        buf_printf(report, "structure: " STR_FMT "\n", STR_ARG(line));
        *ret_sound = false;
        if (!query_row(&q, &row, err)) return false;
    }
    return true;
}

/* Reads each B-tree with amcheck, where somebody installed that. */
static bool look_into_indexes(struct store *s, struct buf *report, bool *ret_sound,
                              struct error *err) {
    static const struct sql has = {"SELECT count(*) FROM pg_proc p JOIN pg_extension e ON "
                                   "e.extname = 'amcheck' WHERE p.proname = 'bt_index_check' AND "
                                   "has_function_privilege(p.oid, 'EXECUTE')"};
    static const struct sql look = {
        "SELECT bt_index_check(c.oid)::text FROM pg_index i JOIN pg_class c ON c.oid = "
        "i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_am a ON a.oid = "
        "c.relam WHERE n.nspname = $1 AND a.amname = 'btree' AND i.indisvalid"};
    struct query q;
    int64_t count = 0;
    bool row;
    if (!query_open(s, &has, &q, err) || !query_i64(&q, &count, &row, err)) return false;
    if (count == 0) return true;
    if (!query_open(s, &look, &q, err)) return false;
    bind_z(&q, pg_self(s)->url.schema);
    if (query_run(&q, err)) return true;
    if (err->code != ERR_DAMAGED) return false;
    buf_printf(report, "structure: %s\n", err->msg);
    *ret_sound = false;
    return true;
}

bool pg_check_structure(struct store *s, struct buf *report, bool *ret_sound, struct error *err) {
    static const struct sql invalid = {
        "SELECT 'the index ' || c.relname || ' is not valid: REINDEX it' FROM pg_index i JOIN "
        "pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE "
        "n.nspname = $1 AND NOT (i.indisvalid AND i.indisready) ORDER BY 1"};
    static const struct sql lax = {
        "SELECT 'the constraint ' || k.conname || ' of ' || c.relname || ' was never checked' FROM "
        "pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = "
        "c.relnamespace WHERE n.nspname = $1 AND NOT k.convalidated ORDER BY 1"};
    static const struct sql off = {
        "SELECT 'the trigger ' || t.tgname || ' of ' || c.relname || ' is switched off' FROM "
        "pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = "
        "c.relnamespace WHERE n.nspname = $1 AND t.tgenabled = 'D' ORDER BY 1"};
    /* a foreign key holds unless somebody wrote past it */
    static const struct sql keys = {
        "SELECT * FROM (SELECT 'row ' || s.id || ' of signals points to no row of tweets' FROM "
        "signals s LEFT JOIN tweets t ON t.id = s.tweet_id WHERE t.id IS NULL UNION ALL "
        "SELECT 'row ' || d.id || ' of trades points to no row of tweets' FROM trades d LEFT JOIN "
        "tweets t ON t.id = d.tweet_id WHERE d.tweet_id IS NOT NULL AND t.id IS NULL UNION ALL "
        "SELECT 'row ' || d.id || ' of trades points to no row of signals' FROM trades d LEFT JOIN "
        "signals s ON s.id = d.signal_id WHERE d.signal_id IS NOT NULL AND s.id IS NULL UNION ALL "
        "SELECT 'row ' || i.trade_id || ' of intents points to no row of trades' FROM intents i "
        "LEFT JOIN trades d ON d.id = i.trade_id WHERE d.id IS NULL UNION ALL "
        "SELECT 'row ' || o.id || ' of orders points to no row of trades' FROM orders o LEFT JOIN "
        "trades d ON d.id = o.trade_id WHERE o.trade_id IS NOT NULL AND d.id IS NULL UNION ALL "
        "SELECT 'row ' || f.id || ' of fills points to no row of trades' FROM fills f LEFT JOIN "
        "trades d ON d.id = f.trade_id WHERE f.trade_id IS NOT NULL AND d.id IS NULL UNION ALL "
        "SELECT 'row ' || f.id || ' of fills points to no row of orders' FROM fills f LEFT JOIN "
        "orders o ON o.id = f.order_id WHERE f.order_id IS NOT NULL AND o.id IS NULL) AS broken "
        "LIMIT 20"};
    *ret_sound = true;
    return find(s, &invalid, report, ret_sound, err) && find(s, &lax, report, ret_sound, err) &&
           find(s, &off, report, ret_sound, err) && find(s, &keys, report, ret_sound, err) &&
           look_into_indexes(s, report, ret_sound, err);
}

/* -- copies ------------------------------------------------------------------------------------ */

bool pg_backup(struct store *base, const char *to_path, struct error *err) {
    const struct pg_url *const u = &pg_self(base)->url;
    return fail(err, ERR_UNSUPPORTED, 0,
                "PostgreSQL's own tool copies this store, also while it is used: pg_dump --format "
                "custom --schema %s --file %.60s --dbname %.60s",
                u->schema, to_path, u->database);
}

bool pg_restore(const struct store_options *opt, str place, const char *from_path, bool *ret_kept,
                struct error *err) {
    struct pg_url u;
    (void)ret_kept, (void)opt;
    if (!pg_url_parse(place, &u, err)) return false;
    return fail(err, ERR_UNSUPPORTED, 0,
                "PostgreSQL's own tool brings a copy back, into an empty database: pg_restore "
                "--single-transaction --dbname %.60s %.60s; then `bullfinch db check`",
                u.database, from_path);
}
