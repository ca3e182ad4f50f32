/* The whole program in its processes apart, while all that can go wrong does.
 *
 *   chaos PROGRAM SECONDS SEED DIRECTORY
 *
 * Starts PostgreSQL, Redis, `PROGRAM sim`, and one ingest, two analyze, two trade (one stands by)
 * and two serve, with a proxy on each wire; whatever ends is started again a second later. Posts
 * come in by both ways, several a second, and make it trade. For SECONDS the script of the seed
 * befalls all of it: processes killed and stopped for longer than a lease, servers killed, wires
 * cut, clocks set, the database's disk full. Then it is left in peace: soon nothing may be left to
 * do, and it must trade again. In the end nothing may be lost, doubled, bare, or told differently
 * by the two sides (verdict.h).
 *
 * Prints what it does with the time since the beginning, "ok NAME" and "not ok NAME: HOW MANY"
 * lines; status 0 when all are ok. What befalls is of the seed, what the processes did by then is
 * not: a failure is told by what is wrong, and the logs and a dump of the database stay in
 * DIRECTORY. */
#include "chaos.h"

#include <stdio.h>
#include <stdlib.h>

#include "../kill/kill.h"
#include "inject.h"
#include "ledger.h"
#include "verdict.h"

#define WARM_UP (10 * USEC_PER_S)
#define DRAIN (90 * USEC_PER_S) /* longer, and it will never be */
#define AFTERWARDS (15 * USEC_PER_S)
#define SAY_EVERY (5 * USEC_PER_S)
#define CALM (90 * USEC_PER_S)
#define HOLD_S 6

static const bot all_bots[] = {INGEST, ANALYZE_1, ANALYZE_2, TRADE_1, TRADE_2, SERVE_1, SERVE_2};

/* As long as the faults last, answers of the exchange get lost, come late or say that nobody
 * knows, too. */
static const char faults[] =
    "{\"chances\":["
    "{\"method\":\"POST\",\"path\":\"/api/v3/order*\",\"fault\":\"close_after\",\"percent\":3,"
    "\"until_s\":%d},"
    "{\"method\":\"POST\",\"path\":\"/api/v3/order*\",\"fault\":\"timeout_done\",\"delay_ms\":700,"
    "\"percent\":2,\"until_s\":%d},"
    "{\"method\":\"POST\",\"path\":\"/api/v3/order*\",\"fault\":\"timeout_not\",\"percent\":2,"
    "\"until_s\":%d},"
    "{\"method\":\"DELETE\",\"fault\":\"close_after\",\"percent\":3,\"until_s\":%d},"
    "{\"path\":\"/api/v3/orderList*\",\"fault\":\"lookup_lag\",\"delay_ms\":600,\"percent\":3,"
    "\"until_s\":%d}],"
    "\"streams\":[{\"of\":\"user\",\"fault\":\"stream_gap\",\"percent\":2,\"until_s\":%d}]}";

static void open_all(struct rig *r, char **argv, int64_t seconds, int64_t seed) {
    char plan[2000];
    const int s = (int)(seconds + WARM_UP / USEC_PER_S);
    snprintf(plan, sizeof plan, faults, s, s, s, s, s, s);
    rig_open(r, &(struct rig_options){.program = argv[1],
                                      .dir = argv[4],
                                      .seed = (uint64_t)seed,
                                      .bots = all_bots,
                                      .bot_count = COUNT_OF(all_bots),
                                      .start_count = COUNT_OF(all_bots),
                                      .faults = plan,
                                      .hold_s = HOLD_S});
}

/* A stream that nobody has listened to yet begins with the first who does: what is published before
 * is nobody's loss. */
static void wait_for_ingest(struct rig *r) {
    const usec until = time_monotonic_us() + DRAIN;
    int64_t live = 0;
    while (live == 0) {
        if (time_monotonic_us() > until) give_up("ingest does not listen: see %s", r->dir);
        rig_wait(r, 50 * USEC_PER_MS);
        IGNORE(
            !ledger_number(
                r, "SELECT count(*) FROM feeds WHERE kind = 'jetstream' AND state = 'live'", &live),
            "asked again");
    }
}

static void let_it_befall(struct rig *r, int64_t seconds, int64_t seed) {
    struct script *const script = calloc(1, sizeof *script);
    struct inject in;
    if (script == NULL) give_up("no memory");
    script_draw(script, (uint64_t)seed, (int)seconds, r->link_count);
    inject_begin(&in, r, script);
    while (inject_step(&in)) rig_wait(r, 10 * USEC_PER_MS);
    inject_end(&in);
    int64_t sum = 0;
    for (int m = 0; m < MISHAP_COUNT; m++) {
        tell("  %3lld times: %s", (long long)in.done[m], mishap_name((mishap)m));
        sum += in.done[m];
    }
    tell("%lld faults are over", (long long)sum);
    free(script);
}

/* Until nothing is left to do. */
static void drain(struct rig *r, struct feeder *f, const char *name) {
    char why[300] = "";
    bool drained = false;
    const usec since = time_monotonic_us();
    usec say_at = since + SAY_EVERY;
    while (!drained && time_monotonic_us() - since < DRAIN) {
        rig_wait(r, 250 * USEC_PER_MS);
        drained = verdict_drained(r, f, why, sizeof why);
        if (drained || time_monotonic_us() < say_at) continue;
        say_at += SAY_EVERY;
        tell("  %s", why);
    }
    tell("%s after %.1f s: %s", drained ? "drained" : "not drained",
         (double)(time_monotonic_us() - since) / 1e6, why);
    verdict(name, !drained);
}

/* Nothing is opened any more, and all that is open comes to its end. */
static void calm_down(struct rig *r) {
    char out[1000];
    int64_t open = -1;
    const char *const halt[] = {"halt", NULL}, *const flatten[] = {"flatten", "--yes", NULL};
    static const char restless[] =
        "SELECT (SELECT count(*) FROM trades WHERE status = 'OPEN') + (SELECT count(*) FROM orders "
        "WHERE status IN ('new', 'sent', 'unknown', 'pending', 'open', 'part'))";
    if (rig_command(r, out, sizeof out, halt) != 0) tell("bullfinch halt: %s", out);
    if (rig_command(r, out, sizeof out, flatten) != 0) tell("bullfinch flatten: %s", out);
    const usec until = time_monotonic_us() + CALM;
    while (open != 0 && time_monotonic_us() < until) {
        rig_wait(r, 250 * USEC_PER_MS);
        IGNORE(!ledger_number(r, restless, &open), "asked again");
    }
    tell("halted, and flat: %lld trades and orders are open", (long long)open);
    verdict("everything that was open came to its end", open != 0);
}

static int64_t trades_now(struct rig *r) { return ledger_count(r, "SELECT count(*) FROM trades"); }

int main(int argc, char **argv) {
    static struct rig r;
    int64_t seconds = 0, seed = 0;
    if (argc != 5 || !str_to_i64(str_from_z(argv[2]), &seconds) ||
        !str_to_i64(str_from_z(argv[3]), &seed) || seconds < 1 || seconds > 86400) {
        fprintf(stderr, "usage: chaos PROGRAM SECONDS SEED DIRECTORY\n");
        return 2;
    }
    tell_from_now();
    tell("seed %lld, %lld s of faults", (long long)seed, (long long)seconds);
    open_all(&r, argv, seconds, seed);
    wait_for_ingest(&r);
    struct feeder *const f = feeder_start(&r);
    rig_wait(&r, WARM_UP);
    let_it_befall(&r, seconds, seed);

    feeder_hold(f, true);
    drain(&r, f, "left in peace, it does what was left to do");
    const int64_t before = trades_now(&r);
    feeder_hold(f, false);
    rig_wait(&r, AFTERWARDS);
    verdict_protected(&r);
    verdict("it trades again", trades_now(&r) == before);
    feeder_hold(f, true);
    drain(&r, f, "and has done all in the end");
    calm_down(&r);

    const struct feeder_counts fed = feeder_count(f);
    tell("posts: %lld brought, %lld published; %lld tries were in vain", (long long)fed.pushed,
         (long long)fed.published, (long long)fed.again);
    verdict_posts(&r, f);
    verdict_leaders(&r);
    rig_close_bots(&r);
    verdict_trades(&r);
    verdict_processes(&r);
    rig_keep_data(&r);
    feeder_close(f);
    rig_close(&r);
    return verdicts_bad() > 0;
}
