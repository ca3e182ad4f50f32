/* Two traders, of which the first stands still in the middle of an entry until the second has taken
 * over: nothing of the first may come through any more.
 *
 *   fencing PROGRAM DIRECTORY
 *
 * Each scene brings a post that is to be traded and catches whoever leads at one point of the
 * entry:
 *
 *   in the transaction     its intent is inserted, and not committed
 *   before it is sent      the commit is done, and its word of that is on the way
 *   on its way             the order has left, and has not arrived
 *   behind a cut wire      it runs, and does not reach the database
 *   by a wrong clock       it runs, and its machine's clock is set an hour ahead
 *
 * The points are found from outside: by a lock that the insert has to wait for, and by proxies that
 * hold back the piece of a connection in which something stands. Then the second trader takes over;
 * how long that takes is printed. Then the first goes on, and must find out by itself.
 *
 * Prints "ok NAME" and "not ok NAME: HOW MANY" lines; status 0 when all are ok. */
#include "chaos.h"

#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <libpq-fe.h>

#include "../kill/kill.h"
#include "ledger.h"
#include "verdict.h"

#define PATIENCE (60 * USEC_PER_S) /* longer, and it will never be */
#define BOUND (15 * USEC_PER_S)    /* of a take-over */
#define GATE_LOCK "4711"
#define HOLD_S 5

typedef enum scene {
    IN_TRANSACTION,
    BEFORE_SENT,
    ON_ITS_WAY,
    CUT_WIRE,
    WRONG_CLOCK,
    SCENE_COUNT
} scene;
static const char *const scene_names[SCENE_COUNT] = {"in the transaction", "before it is sent",
                                                     "on its way", "behind a cut wire",
                                                     "by a wrong clock"};

struct play {
    struct rig r;
    PGconn *db; /* holds the lock of the gate */
    int posts;
    bot lead, other;
};

/* --- waiting
 * ---------------------------------------------------------------------------------------- */

static bool wait_for_sql(struct play *p, const char *sql, int64_t want, usec patience) {
    const usec until = time_monotonic_us() + patience;
    int64_t n = -1;
    while (!ledger_number(&p->r, sql, &n) || n != want) {
        if (time_monotonic_us() > until) return false;
        rig_wait(&p->r, 10 * USEC_PER_MS);
    }
    return true;
}

static void must_come(struct play *p, const char *what, const char *sql, int64_t want) {
    if (!wait_for_sql(p, sql, want, PATIENCE)) give_up("%s does not come: %s", what, sql);
}

static int64_t number(struct play *p, const char *sql) { return ledger_count(&p->r, sql); }

static void do_sql(struct play *p, const char *sql) {
    PGresult *const result = PQexec(p->db, sql);
    const ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        give_up("%s: %s", sql, PQresultErrorMessage(result));
    PQclear(result);
}

/* --- the gate in the database
 * ------------------------------------------------------------------------ */

static void open_database(struct play *p) {
    char url[128];
    snprintf(url, sizeof url, "postgresql://bullfinch@127.0.0.1:%d/bullfinch", p->r.pg_port);
    p->db = PQconnectdb(url);
    if (PQstatus(p->db) != CONNECTION_OK) give_up("%s", PQerrorMessage(p->db));
    do_sql(p, "CREATE FUNCTION chaos.gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
              "PERFORM pg_advisory_xact_lock_shared(" GATE_LOCK "); RETURN NULL; END $$");
    do_sql(p, "CREATE TRIGGER gate AFTER INSERT ON public.intents FOR EACH ROW EXECUTE FUNCTION "
              "chaos.gate()");
}

static void shut_gate(struct play *p) { do_sql(p, "SELECT pg_advisory_lock(" GATE_LOCK ")"); }
static void open_gate(struct play *p) { do_sql(p, "SELECT pg_advisory_unlock(" GATE_LOCK ")"); }

/* Somebody stands before it. */
static void wait_at_gate(struct play *p) {
    must_come(p, "an intent",
              "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 0 AND objid "
              "= " GATE_LOCK " AND NOT granted",
              1);
}

/* --- traders
 * ----------------------------------------------------------------------------------------- */

static int64_t token_of(struct play *p) { return number(p, "SELECT token FROM leader"); }

/* Whoever leads now; waits until somebody does. */
static void find_leader(struct play *p) {
    must_come(p, "a trader",
              "SELECT count(*) FROM leader WHERE expires_at > clock_timestamp() AND holder <> ''",
              1);
    const int64_t pid = number(p, "SELECT pid FROM leader");
    p->lead = p->r.bots[TRADE_2].pid == pid ? TRADE_2 : TRADE_1;
    p->other = p->lead == TRADE_1 ? TRADE_2 : TRADE_1;
    if (p->r.bots[p->lead].pid != pid)
        give_up("process %lld leads, which is none of ours", (long long)pid);
}

static int64_t lines_with(const struct proc *p, const char *word) {
    char line[2000];
    int64_t count = 0;
    FILE *const f = fopen(p->log, "r");
    if (f == NULL) return 0;
    while (fgets(line, sizeof line, f) != NULL) count += strstr(line, word) != NULL;
    fclose(f);
    return count;
}

/* A trader that stands by has said so since its log had `before` such lines. */
static void wait_for_standby(struct play *p, bot b, int64_t before) {
    const usec until = time_monotonic_us() + PATIENCE;
    while (lines_with(&p->r.bots[b], "ev=standby") <= before) {
        if (time_monotonic_us() > until)
            give_up("%s does not stand by: see %s", p->r.bots[b].name, p->r.bots[b].log);
        rig_wait(&p->r, 20 * USEC_PER_MS);
    }
}

/* --- a post
 * ------------------------------------------------------------------------------------------- */

/* Each on another coin, so that nothing that is still held is in the way. */
static void bring_post(struct play *p) {
    static const char *const coins[] = {"DOGE", "BTC", "ETH", "SOL", "XRP", "ADA", "LTC", "LINK"};
    static const char *const texts[] = {"$%s to the moon, buying more before the weekend",
                                        "Huge breakout on $%s today, much higher",
                                        "I am loading up on $%s, the chart looks amazing",
                                        "Going long $%s, strong buy right here",
                                        "Love what the team behind $%s is building, buy"};
    char text[200], at[TIME_TEXT_BYTES], body[600];
    const int n = p->posts++;
    const char *const coin = coins[n % COUNT_OF(coins)];
    const char *const mark = strchr(texts[n % COUNT_OF(texts)], '%');
    snprintf(text, sizeof text, "%.*s%s%s", (int)(mark - texts[n % COUNT_OF(texts)]),
             texts[n % COUNT_OF(texts)], coin, mark + 2);
    snprintf(body, sizeof body,
             "{\"id\":\"%d\",\"created_at\":\"" STR_FMT "\",\"author_id\":\"%d\",\"username\":"
             "\"author_%d\",\"text\":\"%s\",\"lang\":\"en\"}",
             n + 1, STR_ARG(time_format_rfc3339(time_wall_us(), at)), 100 + n, n, text);
    const usec until = time_monotonic_us() + PATIENCE;
    while (feeder_bring(&p->r, SERVE_1, body) != 200) {
        if (time_monotonic_us() > until) give_up("serve does not take a post");
        rig_wait(&p->r, 100 * USEC_PER_MS);
    }
}

static const char *intents = "SELECT count(*) FROM intents";

/* --- scenes
 * ------------------------------------------------------------------------------------------- */

/* The leader stands at the scene's point of an entry, and does not move. */
static void catch_leader(struct play *p, scene s) {
    struct tcp_proxy *const db = rig_link(&p->r, p->lead, POSTGRES);
    struct tcp_proxy *const venue = rig_link(&p->r, p->lead, VENUE);
    struct proc *const leader = &p->r.bots[p->lead];
    const int64_t before = number(p, intents);
    if (s == WRONG_CLOCK) {
        atomic_store(p->r.clocks[p->lead], USEC_PER_HOUR);
        bring_post(p);
        return;
    }
    if (s == ON_ITS_WAY) tcp_proxy_gate(venue, true, STR("POST /api/v3/order"));
    if (s != ON_ITS_WAY) shut_gate(p);
    bring_post(p);
    if (s != ON_ITS_WAY) wait_at_gate(p);
    switch (s) {
    case IN_TRANSACTION:
        proc_pause(leader, true);
        open_gate(p);
        return;
    case BEFORE_SENT:
        tcp_proxy_gate(db, false,
                       STR("C\0\0\0\x0b"
                           "COMMIT"));
        open_gate(p);
        must_come(p, "the commit of an intent", intents, before + 1);
        proc_pause(leader, true);
        return;
    case ON_ITS_WAY: {
        const usec until = time_monotonic_us() + PATIENCE;
        while (tcp_proxy_held(venue) == 0) {
            if (time_monotonic_us() > until) give_up("no order is sent");
            rig_wait(&p->r, USEC_PER_MS);
        }
        proc_pause(leader, true);
        return;
    }
    case CUT_WIRE:
        tcp_proxy_set(db, PROXY_HANG, 0);
        open_gate(p);
        return;
    case WRONG_CLOCK:
    case SCENE_COUNT:
        break;
    }
    WRONG("a scene out of its list");
}

/* The wires are whole again, its clock is right, and it moves. */
static void let_go(struct play *p) {
    struct tcp_proxy *const db = rig_link(&p->r, p->lead, POSTGRES);
    tcp_proxy_gate(db, false, STR(""));
    tcp_proxy_gate(rig_link(&p->r, p->lead, VENUE), true, STR(""));
    tcp_proxy_set(db, PROXY_PASS, 0);
    atomic_store(p->r.clocks[p->lead], 0);
    proc_pause(&p->r.bots[p->lead], false);
}

static int64_t written_with(struct play *p, int64_t token) {
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM chaos.writes WHERE mine = '%lld'",
             (long long)token);
    return number(p, sql);
}

static void scene_verdict(scene s, const char *what, int64_t wrong) {
    char name[160];
    snprintf(name, sizeof name, "%s: %s", scene_names[s], what);
    verdict(name, wrong);
}

static void play_scene(struct play *p, scene s) {
    char sql[160];
    find_leader(p);
    struct tcp_proxy *const venue = rig_link(&p->r, p->lead, VENUE);
    const int64_t token = token_of(p), stood_by = lines_with(&p->r.bots[p->lead], "ev=standby");
    const int64_t sent = tcp_proxy_counted(venue);
    tell("%s: %s leads with token %lld", scene_names[s], p->r.bots[p->lead].name, (long long)token);
    catch_leader(p, s);
    const usec since = time_monotonic_us();
    snprintf(sql, sizeof sql, "SELECT count(*) FROM leader WHERE token > %lld", (long long)token);
    const bool taken = wait_for_sql(p, sql, 1, PATIENCE);
    const usec took = time_monotonic_us() - since;
    tell("  %s has taken over after %lld ms", p->r.bots[p->other].name,
         (long long)(took / USEC_PER_MS));
    scene_verdict(s, "another takes over", !taken || took > BOUND);
    const int64_t written = written_with(p, token);
    const int64_t passed = tcp_proxy_counted(venue) - sent;
    if (s == BEFORE_SENT || s == IN_TRANSACTION || s == CUT_WIRE)
        scene_verdict(s, "it had sent nothing", passed);
    if (s == WRONG_CLOCK)
        scene_verdict(s, "nothing was written of a time that has not come",
                      number(p, "SELECT (SELECT count(*) FROM orders WHERE updated_at > now() + "
                                "interval '1 min') + (SELECT count(*) FROM account WHERE at > "
                                "now() + interval '1 min')"));
    let_go(p);
    wait_for_standby(p, p->lead, stood_by);
    /* the one that was under way arrives now, and comes too late for the exchange */
    const int64_t late = tcp_proxy_counted(venue) - sent - passed;
    scene_verdict(s, "no order of it is sent any more", late - (s == ON_ITS_WAY));
    scene_verdict(s, "no row of it is kept any more", written_with(p, token) - written);
}

/* --- the play
 * ----------------------------------------------------------------------------------------- */

static void open_play(struct play *p, char **argv) {
    static const bot bots[] = {ANALYZE_1, SERVE_1, TRADE_1, TRADE_2};
    rig_open(&p->r, &(struct rig_options){.program = argv[1],
                                          .dir = argv[2],
                                          .seed = 1,
                                          .bots = bots,
                                          .bot_count = COUNT_OF(bots),
                                          .start_count = COUNT_OF(bots),
                                          .faults = "{}",
                                          .hold_s = HOLD_S});
    open_database(p);
    find_leader(p);
    wait_for_standby(p, p->other, 0);
}

/* Nothing is open, nothing unknown: what stands then must fit. */
static void settle(struct play *p) {
    must_come(p, "the end of what was open",
              "SELECT (SELECT count(*) FROM tweets WHERE stage < 2) + (SELECT count(*) FROM trades "
              "WHERE status = 'OPEN') + (SELECT count(*) FROM orders WHERE status IN ('new', "
              "'sent', 'unknown', 'pending', 'open', 'part'))",
              0);
}

int main(int argc, char **argv) {
    static struct play p;
    if (argc != 3) {
        fprintf(stderr, "usage: fencing PROGRAM DIRECTORY\n");
        return 2;
    }
    tell_from_now();
    open_play(&p, argv);
    for (int s = 0; s < SCENE_COUNT; s++) {
        play_scene(&p, (scene)s);
        settle(&p);
    }
    verdict_leaders(&p.r);
    rig_close_bots(&p.r);
    verdict_trades(&p.r);
    verdict_processes(&p.r);
    rig_keep_data(&p.r);
    PQfinish(p.db);
    rig_close(&p.r);
    return verdicts_bad() > 0;
}
