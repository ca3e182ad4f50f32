/* What the files of a prune share: prune.c (rounds, and tables whose old rows simply go),
 * prune_posts.c (posts, signals, readings), prune_equity.c, prune_plan.c (what a round would do).
 */
#ifndef BF_STORE_PRUNE_INT_H
#define BF_STORE_PRUNE_INT_H

#include "store/prune.h"
#include "store/store_int.h"

struct pruner {
    struct store *s;
    const struct prune_ask *ask;
    int64_t *gone; /* by kind */
    int batch;     /* rows that the next transaction looks at: as many as it can in little time */
    usec began_at; /* monotonic, of the open transaction */
    bool ended;    /* the caller wants no more */
};

/* What is older goes; 0: nothing. */
usec prune_cut(const struct prune_ask *ask, prune_kind k);

/* Of MEMORY: what the judge remembers counts by the trader's last turn, which may have been long
 * ago, as a start loads the day before it. */
MUST_CHECK bool prune_memory_cut(struct store *s, const struct prune_ask *ask, usec *ret,
                                 struct error *err);

/* A small transaction. SQLite: with the write lock at once; PostgreSQL: `chain` alone waits for the
 * trader's turn, because the audit chain has one writer. */
MUST_CHECK bool prune_begin(struct pruner *p, bool chain, struct error *err);
/* Commits what was done of a kind, or rolls back; then rests. */
MUST_CHECK bool prune_end(struct pruner *p, prune_kind k, bool ok, int64_t gone, struct error *err);

/* Rounds of their own. */
MUST_CHECK bool prune_signals(struct pruner *p, struct error *err);
MUST_CHECK bool prune_posts(struct pruner *p, struct error *err);
MUST_CHECK bool prune_readings(struct pruner *p, struct error *err);
MUST_CHECK bool prune_equity(struct pruner *p, struct error *err);
/* *ret: only what it would do. */
MUST_CHECK bool prune_plan_equity(struct store *s, const struct prune_ask *ask,
                                  struct prune_plan *ret, struct error *err);

/* --- what goes, as conditions on a row; cut: the number of a parameter ---------------------- */

/* Of a post nothing is left that needs it. */
#define POST_IS_FREE(cut)                                                                          \
    "stage = 2 AND created_at_db < " cut                                                           \
    " AND NOT EXISTS (SELECT 1 FROM trades x WHERE x.tweet_id = tweets.id) AND NOT EXISTS "        \
    "(SELECT 1 FROM intents x WHERE x.root_id = tweets.root_id)"
#define POST_HAS_SIGNALS "EXISTS (SELECT 1 FROM signals x WHERE x.tweet_id = tweets.id)"
#define POST_GOES(cut)                                                                             \
    "outcome IS NOT NULL AND created_at < " cut                                                    \
    " AND " POST_IS_FREE(cut) " AND NOT " POST_HAS_SIGNALS

/* All signals of a post go together: when the last of them is old, none was traded or waits, and
 * none is followed for its author's record. */
#define SIGNALS_STAY(post, cut)                                                                    \
    "EXISTS (SELECT 1 FROM signals x WHERE x.tweet_id = " post " AND (x.verdict <> 'refused' OR "  \
    "x.created_at >= " cut " OR EXISTS (SELECT 1 FROM forecasts f WHERE f.id = x.id)))"
#define SIGNAL_GOES(cut)                                                                           \
    "NOT " SIGNALS_STAY("signals.tweet_id",                                                        \
                        cut) " AND EXISTS (SELECT 1 FROM tweets WHERE tweets.id = "                \
                             "signals.tweet_id AND " POST_IS_FREE(cut) ")"
#define POST_GOES_WITH_SIGNALS(cut)                                                                \
    POST_HAS_SIGNALS " AND NOT " SIGNALS_STAY("tweets.id", cut) " AND " POST_IS_FREE(cut)

/* What the reader found in a post that came to no signal. */
#define READING_GOES(cut)                                                                          \
    "outcome IS NOT NULL AND probs IS NOT NULL AND created_at < " cut " AND " POST_IS_FREE(cut)

#define COMMAND_GOES(cut) "status <> 'pending' AND coalesce(done_at, at) < " cut
#define LETTER_GOES(cut) "status <> 'dead' AND last_at < " cut
#define GAP_GOES(cut) "(state = 'filled' OR state = 'lost') AND updated_at < " cut
#define ALERT_GOES(cut)                                                                            \
    "(level <> 'unusual' OR over_at IS NOT NULL) AND coalesce(over_at, at) < " cut
#define NOTICE_GOES(cut) "at < " cut
/* A restart does not bring him back, and nothing was learned of him. */
#define AUTHOR_GOES(cut)                                                                           \
    "forgotten AND (last_post_at IS NULL OR last_post_at < " cut ")"                               \
    " AND NOT EXISTS (SELECT 1 FROM author_records x WHERE x.key = authors.key) AND NOT EXISTS "   \
    "(SELECT 1 FROM trades x WHERE x.author = authors.key) AND NOT EXISTS "                        \
    "(SELECT 1 FROM forecasts x WHERE x.author = authors.key)"
#define MEMORY_GOES(cut) "at < " cut
#define WORKER_GOES(cut) "seen_at < " cut

#endif
