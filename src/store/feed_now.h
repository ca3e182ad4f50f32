/* How a source stands for whoever looks now, out of what was stored: rows of feeds as SQL, for the
 * lists that people and programs read, and for the metrics.
 *
 *   - A program that gives no sign of life (the trader's row in workers) has ended, and its sources
 *     with it, whatever was stored of them last.
 *   - `blind` is the microseconds of the UTC day in which a source saw nothing: the spans of the
 * gap ledger, open ones up to now, what overlaps once; what the running process counted beyond them
 *     since its start; and the time since the program ended. A restart writes that time into the
 *     ledger, so that the figure stays.
 *
 * Of replays and pushed posts nothing is blind: who brings them waits. */
#ifndef BF_STORE_FEED_NOW_H
#define BF_STORE_FEED_NOW_H

#define FEED_SILENT "15000000" /* us without a beat, which comes every 5 s */

/* The seconds of the wall clock, in us, where a statement is not given the time. */
#define SQL_WALL_NOW "CAST(strftime('%s', 'now') AS INTEGER) * 1000000"
/* Where a gap ends for people: an open one grows; none reaches into the future, though a rule that
 * is new at X is known to match nothing for a while yet. */
#define GAP_UNTIL                                                                                  \
    "max(from_at, CASE WHEN state = 'open' THEN " SQL_WALL_NOW " ELSE min(until_at, " SQL_WALL_NOW \
    ") END)"

/* Length of the union of the feed's gaps between two columns of f. */
#define FEED_GAPS_BETWEEN(low, high)                                                               \
    "(SELECT coalesce(sum(max(e - max(b, coalesce(p, b)), 0)), 0) FROM (SELECT b, e, max(e) OVER " \
    "(ORDER BY b, e ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS p FROM (SELECT "          \
    "max(g.from_at, " low ") AS b, min(CASE WHEN g.state = 'open' THEN " high                      \
    " ELSE g.until_at END, " high ") AS e FROM gaps g WHERE g.source = f.feed AND "                \
    "(g.state = 'open' OR g.until_at > " low ")) WHERE e > b))"

/* now: the number of a parameter. The day, and this process's part of it; how far it lived. */
#define FEED_TIMES(now)                                                                            \
    "(SELECT f.*, w.seen_at, " now " AS now_at, " now " / 86400000000 * 86400000000 AS day_at, "   \
    "min(max(coalesce(w.started_at, 0), " now " / 86400000000 * 86400000000), " now                \
    ") AS began_at, coalesce(f.state <> 'ended' AND w.seen_at < " now " - " FEED_SILENT            \
    ", 0) AS silent, coalesce(f.state <> 'ended' AND f.kind <> 'replay' AND f.updated_at < "       \
    "w.started_at AND w.started_at < " now " - " FEED_SILENT ", 0) AS dropped FROM feeds f "       \
    "LEFT JOIN workers w ON w.name = 'trader')"
#define FEED_SPANS(now)                                                                            \
    "(SELECT f.*, CASE WHEN (f.silent OR f.state = 'ended') AND f.kind <> 'replay' AND f.kind <> " \
    "'push' AND NOT f.dropped THEN min(max(coalesce(f.seen_at, f.now_at), f.began_at), f.now_at) " \
    "ELSE f.now_at END AS alive_at FROM " FEED_TIMES(now) " AS f)"
#define FEEDS_NOW(now)                                                                             \
    "(SELECT f.feed, f.kind, CASE WHEN f.silent OR f.dropped THEN 'ended' ELSE f.state END AS "    \
    "state, CASE WHEN f.silent THEN f.seen_at ELSE f.since END AS since, CASE WHEN f.silent OR "   \
    "f.dropped THEN NULL ELSE f.until END AS until, CASE WHEN f.silent THEN 'no sign of life "     \
    "since ' || strftime('%Y-%m-%d %H:%M:%S', f.seen_at / 1000000, 'unixepoch') || ' UTC: the "    \
    "program has ended' WHEN f.dropped THEN 'the running program does not have this source' "      \
    "ELSE f.why END AS why, f.posts, f.missed, f.calls, f.failures, f.last_sign_at, "              \
    "f.last_post_at, " FEED_GAPS_BETWEEN(                                                          \
        "f.day_at",                                                                                \
        "f.began_at") " + "                                                                        \
                      "max(" FEED_GAPS_BETWEEN(                                                    \
                          "f.began_at",                                                            \
                          "f.alive_at") ", CASE WHEN f.updated_at >= f.began_at "                  \
                                        "THEN f.blind ELSE 0 END) + f.now_at - f.alive_at AS "     \
                                        "blind, f.narrow, f.updated_at FROM " FEED_SPANS(          \
                                            now) " AS f)"

#endif
