/* verdict: see the header. The witnesses are PostgreSQL, asked directly, the simulated exchange, by
 * its own account of orders and trades, the feeder's list of what was accepted, and logs. What is
 * wrong is printed before the verdict that counts it. */
#include "verdict.h"

#include <stdio.h>
#include <stdlib.h>

#include "../kill/kill.h"
#include "ledger.h"

#define LOOKS 40 /* for an exit to get past the moment between its cancel and its sale */
#define LOOK_MS 250
#define SHOWN 10 /* of what is wrong */

/* --- nothing is left
 * ------------------------------------------------------------------------------ */

bool verdict_drained(struct rig *r, struct feeder *f, char *why, size_t bytes) {
    int64_t stored = -1, read = -1, unknown = -1, jobs = -1;
    const int64_t waiting = feeder_count(f).waiting;
    const bool there =
        ledger_number(r, "SELECT count(*) FROM tweets WHERE stage = 0", &stored) &&
        ledger_number(r, "SELECT count(*) FROM tweets WHERE stage = 1", &read) &&
        ledger_number(r, "SELECT count(*) FROM orders WHERE status IN ('new', 'sent', 'unknown')",
                      &unknown) &&
        ledger_jobs(r, &jobs);
    snprintf(why, bytes,
             "%lld posts wait to be taken, %lld to be read, %lld for the trader; %lld jobs, %lld "
             "unknown orders (-1: nobody answers)",
             (long long)waiting, (long long)stored, (long long)read, (long long)jobs,
             (long long)unknown);
    return there && waiting + stored + read + unknown + jobs == 0;
}

/* --- positions
 * ------------------------------------------------------------------------------------ */

static struct venue_access exchange_of(const struct rig *r, char url[64]) {
    snprintf(url, 64, "http://127.0.0.1:%d", r->sim_port);
    return (struct venue_access){url, RIG_KEY, RIG_SECRET};
}

void verdict_protected(struct rig *r) {
    char url[64];
    const struct venue_access v = exchange_of(r, url);
    int64_t bare = 0, held = 0, most = 0;
    for (int i = 0; i < LOOKS; i++) {
        bare = compare_bare(&v, post_pairs, POST_COINS, false, &held);
        most = i64_max(most, held);
        if (bare == 0 && most > 0) break;
        rig_wait(r, LOOK_MS * USEC_PER_MS);
    }
    if (bare > 0) bare = compare_bare(&v, post_pairs, POST_COINS, true, &held);
    tell("%lld positions are protected at the exchange", (long long)most);
    verdict("positions are open, and each has its stop at the exchange", bare + (most == 0));
}

/* --- posts
 * ---------------------------------------------------------------------------------------- */

struct stored {
    int count;
    int *times, *stage; /* by number */
    bool *pushed;
    int64_t strange; /* rows that are none of ours */
};

static void see_row(void *to, const char *const *c) {
    struct stored *const s = to;
    int64_t number, stage;
    if (c[1] == NULL || !str_to_i64(str_from_z(c[1]), &number) || number < 0 ||
        number >= s->count || !str_to_i64(str_from_z(c[2]), &stage)) {
        s->strange++;
        return;
    }
    s->times[number]++;
    s->stage[number] = (int)stage;
    s->pushed[number] = strcmp(c[0], RIG_PUSH) == 0;
}

static void *zeroed(int count, size_t bytes) {
    void *const v = calloc((size_t)count + 1, bytes);
    if (v == NULL) give_up("no memory");
    return v;
}

void verdict_posts(struct rig *r, struct feeder *f) {
    struct stored s = {.count = feeder_posts(f)};
    int64_t lost = 0, twice = 0, undone = 0, accepted = 0;
    s.times = zeroed(s.count, sizeof *s.times);
    s.stage = zeroed(s.count, sizeof *s.stage);
    s.pushed = zeroed(s.count, sizeof *s.pushed);
    ledger_each(r, "SELECT source, substring(text FROM ' q([0-9]+)$'), stage FROM tweets", see_row,
                &s);
    for (int i = 0; i < s.count; i++) {
        bool pushed;
        const bool wanted = feeder_accepted(f, i, &pushed);
        const bool gone = wanted && (s.times[i] == 0 || s.pushed[i] != pushed);
        accepted += wanted;
        if (gone && lost++ < SHOWN)
            tell("post %d was %s and is not stored", i, pushed ? "answered 200" : "published");
        if (s.times[i] > 1 && twice++ < SHOWN) tell("post %d is stored %d times", i, s.times[i]);
        if (s.times[i] > 0 && s.stage[i] != 2 && undone++ < SHOWN)
            tell("post %d stands at stage %d", i, s.stage[i]);
    }
    tell("%lld posts were accepted", (long long)accepted);
    verdict("each post that was accepted is stored", lost);
    verdict("none is stored twice", twice + s.strange);
    verdict("each is done with", undone);
    free(s.times);
    free(s.stage);
    free(s.pushed);
}

/* --- trades
 * --------------------------------------------------------------------------------------- */

static void command_succeeds(struct rig *r, const char *name, const char *first,
                             const char *second) {
    char out[4096];
    const char *const args[] = {first, second, NULL};
    const int status = rig_command(r, out, sizeof out, args);
    if (status != 0) tell("bullfinch %s %s: status %d: %s", first, second, status, out);
    verdict(name, status != 0);
}

void verdict_trades(struct rig *r) {
    char url[64];
    const struct venue_access v = exchange_of(r, url);
    struct books books;
    struct comparison c;
    ledger_books(r, &books);
    compare(&books, &v, &c);
    tell("trades %lld (open %lld, closed %lld), orders at the exchange %lld (executed %lld, live "
         "%lld), fills %lld",
         (long long)books.trades, (long long)books.open, (long long)books.closed,
         (long long)c.orders, (long long)c.executed, (long long)c.live, (long long)c.fills);
    verdict("it traded", books.closed == 0);
    verdict("no post was traded twice, by the database",
            ledger_count(r, "SELECT count(*) FROM (SELECT 1 FROM trades GROUP BY root_id, symbol, "
                            "strategy HAVING count(*) > 1) t"));
    verdict("no copy was traded beside its original",
            ledger_count(r, "SELECT count(*) FROM (SELECT 1 FROM intents GROUP BY cluster_id, "
                            "symbol, strategy HAVING count(*) > 1) t"));
    verdict("no order was executed twice, by the exchange", c.duplicated);
    verdict("no position stands bare", c.bare);
    verdict("database and exchange tell the same", c.differing);
    command_succeeds(r, "fills explain orders, positions, fees and cash", "db", "check");
    command_succeeds(r, "the audit chain is whole", "audit", "verify");
    books_free(&books);
}

/* --- traders
 * -------------------------------------------------------------------------------------- */

/* Rows in the order of their commits: the transaction that wrote them tells. */
void verdict_leaders(struct rig *r) {
    tell("%lld times somebody became the trader; %lld statements of theirs were seen",
         (long long)ledger_count(r, "SELECT token FROM leader"),
         (long long)ledger_count(r, "SELECT count(*) FROM chaos.writes"));
    verdict("traders took turns", ledger_count(r, "SELECT token FROM leader") < 2);
    verdict("only traders wrote what traders write",
            ledger_count(r, "SELECT count(*) FROM chaos.writes WHERE coalesce(mine, '') = ''"));
    verdict("nobody wrote who did not lead",
            ledger_count(r, "SELECT count(*) FROM chaos.writes WHERE mine <> held::text"));
    verdict("the token of what was committed only rises",
            ledger_count(r, "SELECT count(*) FROM (SELECT mine::bigint AS mine, lag(mine::bigint) "
                            "OVER (ORDER BY pg_xact_commit_timestamp(xmin), seq) AS before FROM "
                            "chaos.writes WHERE mine <> '') w WHERE mine < before"));
}

/* --- processes
 * ------------------------------------------------------------------------------------ */

static int64_t broken_lines(const struct proc *p) {
    char line[2000];
    int64_t count = 0;
    FILE *const f = fopen(p->log, "r");
    if (f == NULL) give_up("%s cannot be read", p->log);
    while (fgets(line, sizeof line, f) != NULL) {
        if (strstr(line, "level=broken") == NULL) continue;
        if (count++ < SHOWN) tell("%s: %.300s", p->name, line);
    }
    fclose(f);
    return count;
}

void verdict_processes(struct rig *r) {
    int64_t broken = 0, crashed = 0, stubborn = 0;
    for (int i = 0; i < r->all_count; i++) {
        const struct proc *const p = r->all[i];
        tell("%-9s %d lives, %d of them ended by itself", p->name, p->starts, p->ended);
        if (p != &r->postgres && p != &r->redis) broken += broken_lines(p);
        crashed += p->crashed;
        stubborn += p->stubborn;
    }
    verdict("no process crashed", crashed);
    verdict("each ended when asked", stubborn);
    verdict("no log tells of what must not happen", broken);
}
