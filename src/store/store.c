/* The store's front door: choosing a back-end by the URL, transactions, and what is passed on.
 *
 * Not for: statements (the files by subject: turn, load, commands, letters, show, totals, check,
 * audit) or databases (sqlite*.c). Invariant: a transaction in which a statement failed can only be
 * rolled back. Thread: one connection belongs to one thread at a time. */
#include "store/copy.h"
#include "store/roles.h"
#include "store/store_int.h"

#define ROLES_TEXT_BYTES 32768

static const struct store_backend *const backends[] = {&sqlite_backend, &postgresql_backend,
                                                       &postgres_backend};

/* The back-end for opt->url; *ret_place is what stands behind the scheme. */
static const struct store_backend *find_backend(str url, str *ret_place, struct error *err) {
    for (int i = 0; i < COUNT_OF(backends); i++) {
        const str scheme = str_from_z(backends[i]->scheme);
        if (!str_starts(url, scheme)) continue;
        *ret_place = str_tail(url, scheme.n);
        return backends[i];
    }
    const ptrdiff_t colon = str_find_byte(url, ':'); /* behind it may be a password */
    fail(err, ERR_CONFIG, 0,
         "store.url: \"" STR_FMT "%s\" names no store: sqlite:PATH does, or "
         "postgresql://[USER@]HOST[:PORT]/DATABASE",
         STR_ARG(str_head(url, colon < 0 ? 60 : i64_min(colon, 60))), colon < 0 ? "" : ":...");
    return NULL;
}

bool store_open(struct arena *boot, const struct store_options *opt, struct store **ret,
                struct error *err) {
    str place;
    struct store *s = NULL;
    const struct store_backend *backend = find_backend(opt->url, &place, err);
    if (!backend || !backend->open(boot, opt, place, &s, err)) return false;
    if (!store_settle_schema(s, opt, err) || (!opt->any_schema && !store_copy_is_whole(s, err))) {
        store_close(s);
        return false;
    }
    *ret = s;
    return true;
}

bool store_restore(const struct store_options *opt, const char *from_path, bool *ret_kept,
                   struct error *err) {
    str place;
    const struct store_backend *backend = find_backend(opt->url, &place, err);
    return backend && backend->restore(opt, place, from_path, ret_kept, err);
}

void store_close(struct store *s) {
    if (!s) return;
    if (s->in_transaction) store_rollback(s);
    s->ops->close(s);
}

bool store_begin(struct store *s, bool immediate, struct error *err) {
    PRE(!s->in_transaction);
    store_meter_asked(s);
    if (!s->ops->begin(s, immediate, err)) {
        store_meter_failed(err);
        return false;
    }
    s->in_transaction = true;
    s->began = time_monotonic_us();
    s->spoiled = s->audit_tail.here = s->deletions.asked = s->account_due = false;
    return true;
}

bool store_begin_turn(struct store *s, struct error *err) {
    if (!store_begin(s, true, err)) return false;
    query_ahead(s, &control_sql);
    query_ahead(s, &deletions_sql);
    query_ahead(s, &audit_head_sql);
    return true;
}

bool store_commit(struct store *s, struct error *err) {
    PRE(s->in_transaction);
    if (s->spoiled) {
        return fail(err, ERR_STATE, 0, "%s: a statement failed before, roll back", s->path);
    }
    if (s->account_due && !row_put_account(s, &s->account, err)) return false;
    s->account_due = false;
    const usec committing = time_monotonic_us();
    store_meter_asked(s);
    if (!s->ops->commit(s, err)) {
        s->spoiled = true;
        store_meter_failed(err);
        return false;
    }
    s->in_transaction = false;
    store_meter_committed(s->began, committing);
    return true;
}

void store_rollback(struct store *s) {
    PRE(s->in_transaction);
    s->ops->rollback(s);
    s->in_transaction = false;
    s->spoiled = false;
    s->audit_tail.known = s->audit_tail.here = false; /* rows that it counted are gone */
}

int64_t store_data_version(struct store *s) { return s->ops->data_version(s); }

bool store_checkpoint(struct store *s, struct error *err) {
    PRE(!s->in_transaction && s->access == STORE_WRITE);
    return s->ops->checkpoint(s, err);
}

bool store_may_pass(const struct error *err) {
    return err_retryable(err->code) || err->code == ERR_UNKNOWN;
}

bool store_is_unfit(const struct error *err) { return err->code == ERR_CONFIG; }

const char *store_path(const struct store *s) { return s->path; }
const char *store_warning(const struct store *s) { return s->warning; }

bool store_is_file(const struct store *s) { return s->ops->dialect == DIALECT_SQLITE; }

bool store_backup(struct store *s, const char *to_path, struct error *err) {
    PRE(!s->in_transaction);
    return s->ops->backup(s, to_path, err);
}

bool store_trader_lock(struct store *s, struct error *err) { return s->ops->trader_lock(s, err); }

bool store_trader_keep(struct store *s, struct error *err) { return s->ops->trader_keep(s, err); }

bool store_trader_running(struct store *s, int64_t *ret_pid) {
    return s->ops->trader_running(s, ret_pid);
}

bool store_roles_text(struct store *s, const struct store_roles *r, struct buf *ret,
                      struct error *err) {
    if (s->ops->roles) return s->ops->roles(s, r, ret, err);
    return fail(err, ERR_UNSUPPORTED, 0,
                "%s: a file has no roles: its mode says who may read and write it", s->path);
}

bool store_roles_grant(struct store *s, const struct store_roles *r, struct error *err) {
    struct buf text;
    buf_init(&text, ROLES_TEXT_BYTES);
    bool ok = store_roles_text(s, r, &text, err) && store_begin(s, true, err);
    if (ok) {
        ok = s->ops->exec(s, buf_z(&text), err) && store_commit(s, err);
        if (!ok) store_rollback(s);
    }
    buf_fini(&text);
    return ok;
}

bool store_server(struct store *s, struct store_server *ret, bool *ret_any, struct error *err) {
    *ret = (struct store_server){0};
    *ret_any = s->ops->server != NULL;
    return !*ret_any || s->ops->server(s, ret, err);
}
