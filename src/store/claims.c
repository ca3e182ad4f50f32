/* What one process at a time does, and whose clock counts, where several share a store.
 *
 * On PostgreSQL a claim is an advisory lock of the session; one that is held outlives its
 * connection (pg_hold.c). On SQLite a claim is a lock of the store's file, which goes with the
 * process. In, out, failure: as the header says. Thread: the connection's. */
#include "store/store_int.h"

bool store_claim(struct store *s, str name, bool *ret_mine, struct error *err) {
    static const struct sql sql = {"",
                                   "SELECT pg_try_advisory_lock(hashtext(current_schema() || $1))"};
    struct query q;
    bool row;
    if (s->ops->claim != NULL) return s->ops->claim(s, name, ret_mine, err);
    if (!query_open(s, &sql, &q, err)) return false;
    bind_str(&q, name);
    if (!query_row(&q, &row, err)) return false;
    *ret_mine = row && col_bool(&q);
    query_close(&q);
    return true;
}

bool store_hold(struct store *s, str name, bool *ret_mine, struct error *err) {
    return s->ops->hold != NULL ? s->ops->hold(s, name, ret_mine, err)
                                : store_claim(s, name, ret_mine, err);
}

bool store_hold_check(struct store *s, struct error *err) {
    return s->ops->hold_check == NULL || s->ops->hold_check(s, err);
}

bool store_claim_taken(struct store *s, str name, bool *ret_taken, struct error *err) {
    *ret_taken = false;
    return s->ops->claim_taken == NULL || s->ops->claim_taken(s, name, ret_taken, err);
}

bool store_now(struct store *s, usec *ret, struct error *err) {
    static const struct sql sql = {"", "SELECT clock_timestamp()"};
    struct query q;
    bool row;
    if (s->ops->dialect == DIALECT_SQLITE) { /* a file of this machine */
        *ret = time_wall_us();
        return true;
    }
    if (!query_open(s, &sql, &q, err) || !query_row(&q, &row, err)) return false;
    POST(row);
    *ret = col_time(&q);
    query_close(&q);
    return true;
}
