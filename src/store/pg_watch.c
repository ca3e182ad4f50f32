/* Did somebody else commit? Asked every 50 ms, so answered without asking the server.
 *
 * An immediate transaction that wrote something ends with a NOTIFY on a channel of the schema,
 * which reaches every session that listens: it waits in the socket, and is read from there. Own
 * ones are told by the session's number. Plain transactions do not tell (all who tell must commit
 * one after the other, which those who bring many posts should not): theirs show by the database's
 * snapshot, which is asked for once a second, and changes with own commits as well. So the version
 * may change without reason, but once a second at most.
 *
 * Inside a transaction the version stays as it was: what others commit is told when it has ended.
 * Failure: a lost connection changes the version; the next statement says what is wrong. */
#include "store/pg_int.h"

#include <stdio.h>

#define POLL_EVERY USEC_PER_S

static bool listen_now(struct pg_store *s) {
    char text[48];
    struct error err;
    snprintf(text, sizeof text, "LISTEN %s", s->channel);
    if (!pg_command(s, text, &err)) return false;
    s->listening = true;
    s->version++; /* of what came before, nothing was told */
    return true;
}

static void read_news(struct pg_store *s) {
    PGnotify *n;
    if (pq.consumeInput(s->conn) != 1) return; /* the next statement finds out */
    while ((n = pq.notifies(s->conn)) != NULL) {
        if (n->be_pid != pq.backendPID(s->conn)) s->version++;
        pq.freemem(n);
    }
}

static void look_at_snapshot(struct pg_store *s) {
    static const struct sql sql = {"SELECT pg_current_snapshot()::text"};
    struct error err;
    struct query q;
    bool row;
    if (!query_open(&s->base, &sql, &q, &err) || !query_row(&q, &row, &err) || !row) return;
    const uint64_t now = str_hash(col_str(&q));
    query_close(&q);
    if (now != s->snapshot) s->version++;
    s->snapshot = now;
}

int64_t pg_data_version(struct store *base) {
    struct pg_store *s = pg_self(base);
    struct error err;
    if (base->in_transaction || s->reader != NULL) return s->version;
    if (!pg_connected(s, &err) || (!s->listening && !listen_now(s))) return s->version;
    const usec mono = time_monotonic_us();
    if (mono >= s->poll_at) {
        s->poll_at = mono + POLL_EVERY;
        look_at_snapshot(s);
    }
    if (s->conn) read_news(s);
    return s->version;
}
