/* Posts of which the queue got no word, stored by a process whose clock was wrong: they are found
 * all the same.
 *
 *   lost_word PROGRAM DIRECTORY
 *
 * One serve takes posts, one analyze reads them, one trader is done with them. Once the sweeper has
 * seen that nothing is left, so that it has no reason to look far back, serve's clock is set, its
 * wire to Redis is cut, and a post is brought: it is stored, and nobody hears of it. Then Redis
 * comes back empty, in the same way. Each such post must be done with in the end.
 *
 * Prints "ok NAME" and "not ok NAME: HOW MANY" lines; status 0 when all are ok. */
#include "chaos.h"

#include <stdatomic.h>
#include <stdio.h>

#include "../kill/kill.h"
#include "inject.h"
#include "ledger.h"
#include "verdict.h"

#define PATIENCE (90 * USEC_PER_S)
#define SWEPT (25 * USEC_PER_S) /* time for the sweeper to look; less, and the test sees less */

static int posts;

static void bring(struct rig *r) {
    char body[400], at[TIME_TEXT_BYTES];
    const usec until = time_monotonic_us() + PATIENCE;
    /* of the past for any clock: one that is behind must not take it for a post of the future */
    const usec posted = time_wall_us() - USEC_PER_DAY;
    snprintf(body, sizeof body,
             "{\"id\":\"%d\",\"created_at\":\"" STR_FMT "\",\"author_id\":\"1\",\"username\":"
             "\"somebody\",\"text\":\"What a lovely afternoon. q%d\",\"lang\":\"en\"}",
             posts + 1, STR_ARG(time_format_rfc3339(posted, at)), posts);
    while (feeder_bring(r, SERVE_1, body) != 200) {
        if (time_monotonic_us() > until) give_up("serve does not take a post");
        rig_wait(r, 100 * USEC_PER_MS);
    }
    posts++;
}

/* All that were brought are done with. */
static void all_done(struct rig *r, const char *name) {
    int64_t done = -1;
    const usec since = time_monotonic_us();
    while (done != posts && time_monotonic_us() - since < PATIENCE) {
        rig_wait(r, 50 * USEC_PER_MS);
        if (!ledger_number(r, "SELECT count(*) FROM tweets WHERE stage = 2", &done)) done = -1;
    }
    tell("%s: %lld of %d after %lld ms", name, (long long)done, posts,
         (long long)((time_monotonic_us() - since) / USEC_PER_MS));
    verdict(name, posts - done);
}

/* A post that is stored, and of which the queue is not told. */
static void bring_unheard(struct rig *r, usec clock) {
    atomic_store(r->clocks[SERVE_1], clock);
    tcp_proxy_set(rig_link(r, SERVE_1, REDIS), PROXY_CUT, 0);
    bring(r);
    tcp_proxy_set(rig_link(r, SERVE_1, REDIS), PROXY_PASS, 0);
    atomic_store(r->clocks[SERVE_1], 0);
}

int main(int argc, char **argv) {
    static const bot bots[] = {ANALYZE_1, TRADE_1, SERVE_1};
    static struct rig r;
    if (argc != 3) {
        fprintf(stderr, "usage: lost_word PROGRAM DIRECTORY\n");
        return 2;
    }
    tell_from_now();
    rig_open(&r, &(struct rig_options){.program = argv[1],
                                       .dir = argv[2],
                                       .seed = 1,
                                       .bots = bots,
                                       .bot_count = COUNT_OF(bots),
                                       .start_count = COUNT_OF(bots),
                                       .faults = "{}",
                                       .hold_s = 5});
    bring(&r);
    all_done(&r, "a post of which there is word");
    rig_wait(&r, SWEPT);
    bring_unheard(&r, -USEC_PER_HOUR / 2);
    all_done(&r, "one that was stored by a clock that is behind");
    bring_unheard(&r, USEC_PER_HOUR / 2);
    all_done(&r, "by one that is ahead");

    atomic_store(r.clocks[SERVE_1], -USEC_PER_HOUR / 2);
    proc_pause(&r.bots[ANALYZE_1], true);
    bring(&r);
    empty_redis(&r);
    atomic_store(r.clocks[SERVE_1], 0);
    proc_pause(&r.bots[ANALYZE_1], false);
    all_done(&r, "one that Redis lost with all else");
    rig_close_bots(&r);
    verdict_processes(&r);
    rig_keep_data(&r);
    rig_close(&r);
    return verdicts_bad() > 0;
}
