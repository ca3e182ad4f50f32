/* How a source stands for whoever looks now, out of what was stored: rows of feeds as SQL, for the
 * lists that people and programs read, and for the metrics.
 *
 *   - A program that gives no sign of life (the last row of workers of one that has sources) has
 *     ended, and its sources with it, whatever was stored of them last.
 *   - `blind` is the microseconds of the UTC day in which a source saw nothing: the spans of the
 * gap ledger, open ones up to now, what overlaps once; what the running process counted beyond them
 *     since its start; and the time since the program ended. A restart writes that time into the
 *     ledger, so that the figure stays.
 *
 * Of replays and pushed posts nothing is blind: who brings them waits. */
#ifndef BF_STORE_FEED_NOW_H
#define BF_STORE_FEED_NOW_H

#include "store/dialect.h"

#define FEED_SILENT "15000000" /* us without a beat: WORKER_SILENT */

/* Where a gap ends for people: an open one grows; none reaches into the future, though a rule that
 * is new at X is known to match nothing for a while yet. */
#define GAP_UNTIL(D)                                                                               \
    D##_MAX "(from_at, CASE WHEN state = 'open' THEN " D##_WALL_NOW " ELSE " D##_MIN               \
        "(until_at, " D##_WALL_NOW ") END)"

/* clang-format off */
/* Length of the union of the feed's gaps between two columns of f. */
#define FEED_GAPS_BETWEEN(D, low, high)                                                            \
    "(SELECT coalesce(sum(" D##_MAX "(" D##_SPAN(D##_MAX "(b, coalesce(p, b))", "e") ", 0)), 0) "  \
    "FROM (SELECT b, e, max(e) OVER (ORDER BY b, e ROWS BETWEEN UNBOUNDED PRECEDING AND "          \
    "1 PRECEDING) AS p FROM (SELECT " D##_MAX "(g.from_at, " low ") AS b, " D##_MIN "(CASE WHEN "  \
    "g.state = 'open' THEN " high " ELSE g.until_at END, " high ") AS e FROM gaps g WHERE "        \
    "g.source = f.feed AND (g.state = 'open' OR g.until_at > " low ")) AS cut WHERE e > b) AS x)"

/* now: the number of a parameter. The day, and this process's part of it; how far it lived. */
/* The one that has the source: who fetches, and of what is brought to us who serves, too. */
#define FEED_PROGRAM(what)                                                                         \
    "(SELECT w." what " FROM workers w WHERE w.state <> 'standby' AND (w.role IN ('run', "         \
    "'ingest') OR (w.role = 'serve' AND g.kind = 'push')) ORDER BY w.seen_at DESC LIMIT 1)"
#define FEED_TIMES(D, now)                                                                         \
    "(SELECT f.*, " D##_TIME(now) " AS now_at, " D##_DAY(D##_TIME(now)) " AS day_at, "             \
    D##_MIN "(" D##_MAX "(coalesce(f.started_at, " D##_EPOCH "), " D##_DAY(D##_TIME(now)) "), "    \
    D##_TIME(now) ") AS began_at, coalesce(f.state <> 'ended' AND f.seen_at < "                    \
    D##_BEFORE(D##_TIME(now), FEED_SILENT) ", " D##_FALSE ") AS silent, coalesce(f.state <> "      \
    "'ended' AND f.kind <> 'replay' AND f.updated_at < f.started_at AND f.started_at < "           \
    D##_BEFORE(D##_TIME(now), FEED_SILENT) ", " D##_FALSE ") AS dropped FROM (SELECT g.*, "        \
    FEED_PROGRAM("seen_at") " AS seen_at, " FEED_PROGRAM("started_at") " AS started_at FROM "      \
    "feeds g) AS f)"
#define FEED_SPANS(D, now)                                                                         \
    "(SELECT f.*, CASE WHEN (f.silent OR f.state = 'ended') AND f.kind <> 'replay' AND f.kind <> " \
    "'push' AND NOT f.dropped THEN " D##_MIN "(" D##_MAX "(coalesce(f.seen_at, f.now_at), "        \
    "f.began_at), f.now_at) ELSE f.now_at END AS alive_at FROM " FEED_TIMES(D, now) " AS f)"
#define FEEDS_NOW(D, now)                                                                          \
    "(SELECT f.feed, f.kind, CASE WHEN f.silent OR f.dropped THEN 'ended' ELSE f.state END AS "    \
    "state, CASE WHEN f.silent THEN f.seen_at ELSE f.since END AS since, CASE WHEN f.silent OR "   \
    "f.dropped THEN NULL ELSE f.until END AS until, CASE WHEN f.silent THEN 'no sign of life "     \
    "since ' || " D##_MINUTE_TEXT("f.seen_at") " || ' UTC: the program has ended' WHEN f.dropped " \
    "THEN 'the running program does not have this source' ELSE f.why END AS why, f.posts, "        \
    "f.missed, f.calls, f.failures, f.last_sign_at, f.last_post_at, "                              \
    FEED_GAPS_BETWEEN(D, "f.day_at", "f.began_at") " + " D##_MAX "("                               \
    FEED_GAPS_BETWEEN(D, "f.began_at", "f.alive_at") ", CASE WHEN f.updated_at >= f.began_at "     \
    "THEN f.blind ELSE 0 END) + " D##_SPAN("f.alive_at", "f.now_at") " AS blind, f.narrow, "       \
    "f.updated_at FROM " FEED_SPANS(D, now) " AS f)"
/* clang-format on */

#endif
