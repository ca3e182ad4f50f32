/* x_search_gaps: what the search did not see, and what becomes of it.
 *
 * In: when each query was answered last, ranges of ids that are not fetched yet, what X still has.
 * Out: one gap at a time that is open (nobody looks), closed (its posts are being fetched) and
 * filled; beside it spans that are lost, as they are older than the seven days that X keeps. Each
 * is told once when it changes; of many that wait to be told the newest losses stand for all.
 *
 * Pure, but for the search's own memory. Nothing fails. */
#include "source/x_search_int.h"

#define KEPT_BY_X (7 * USEC_PER_DAY)
#define CUT_BEFORE (10 * USEC_PER_S) /* of that end a mark is cut, */
#define CUT_TO (60 * USEC_PER_S)     /* to here: a few pages fit in between */

usec x_search_late_at(const struct x_search *s, const struct x_search_query *q) {
    return q->mark.polled_at + i64_max(q->interval, s->round) + 2 * s->round;
}

static void tell_gap(struct x_search *s, const struct gap *g) {
    for (int i = 0; i < s->told_count; i++) {
        if (s->told[i].from != g->from) continue;
        s->told[i] = *g;
        return;
    }
    if (s->told_count == X_SEARCH_GAPS_MAX) s->told_count--; /* of many losses the newest is told */
    s->told[s->told_count++] = *g;
}

static void open_gap(struct x_search *s, usec now, usec from) {
    s->gap = (struct gap){.from = from, .until = now, .state = GAP_OPEN};
    str_copyz(s->status.why[0] != '\0' ? str_from_z(s->status.why) : STR("was not running"),
              s->gap.why, sizeof s->gap.why);
    s->has_gap = true;
    tell_gap(s, &s->gap);
}

/* Blind time, and the gap that comes of it. */
void x_search_look(struct x_search *s, usec now) {
    usec oldest = USEC_NEVER;
    for (int i = 0; i < s->query_count; i++) {
        const struct x_search_query *q = &s->queries[i];
        if (now > x_search_late_at(s, q)) oldest = i64_min(oldest, q->mark.polled_at);
    }
    if (oldest == USEC_NEVER) {
        blind_end(&s->blind, now);
        if (!s->has_gap || s->gap.state != GAP_OPEN) return;
        s->gap.state = GAP_CLOSED;
        tell_gap(s, &s->gap);
        return;
    }
    blind_begin(&s->blind, now);
    if (!s->has_gap) open_gap(s, now, oldest);
    if (s->gap.state == GAP_OPEN) return;
    s->gap.state = GAP_OPEN; /* again, before it was filled */
    tell_gap(s, &s->gap);
}

/* Is something of before the gap's end still to be fetched? */
static bool is_filling(const struct x_search *s) {
    const int64_t end = x_snowflake_at(s->gap.until);
    for (int i = 0; i < s->query_count; i++) {
        const struct x_mark *m = &s->queries[i].mark;
        for (int k = 0; k < m->range_count; k++)
            if (m->ranges[k].above < end) return true;
    }
    return false;
}

void x_search_fill_gap(struct x_search *s) {
    if (!s->has_gap || s->gap.state != GAP_CLOSED || is_filling(s)) return;
    s->gap.state = GAP_FILLED;
    tell_gap(s, &s->gap);
    s->has_gap = false;
}

/* --- what X has no more ------------------------------------------------------------------------
 */

usec x_search_time_of(int64_t id) {
    usec t;
    return time_from_snowflake(id, &t) ? t : 0;
}

/* The span is lost; one that begins inside the last one makes that longer. */
static void tell_lost(struct x_search *s, usec from, usec until) {
    const bool more =
        s->lost.state == GAP_LOST && from >= s->lost.from && from <= s->lost.until + USEC_PER_HOUR;
    if (!more) s->lost = (struct gap){.from = from, .state = GAP_LOST};
    s->lost.until = i64_max(s->lost.until, until);
    str_copyz(STR("older than the seven days that X's search goes back"), s->lost.why,
              sizeof s->lost.why);
    if (s->has_gap && s->gap.from >= s->lost.from && s->gap.from < until) {
        s->gap.from = until; /* what is left of it */
        s->gap.until = i64_max(s->gap.until, until);
        tell_gap(s, &s->gap);
    }
    tell_gap(s, &s->lost);
}

/* Before each request: what X has no more is cut off the mark, and told. */
void x_search_cut_old(struct x_search *s, usec now, struct x_search_query *q) {
    const usec floor = now - KEPT_BY_X + CUT_TO;
    int64_t lost;
    if (x_mark_lowest(&q->mark) >= x_snowflake_at(now - KEPT_BY_X + CUT_BEFORE)) return;
    if (!x_mark_clamp(&q->mark, x_snowflake_at(floor), &lost)) return;
    tell_lost(s, x_search_time_of(lost), floor);
    q->by_time = true;
}

/* A backlog that waits for money is a gap as well: it is fetched late, or never. */
void x_search_tell_backlog(struct x_search *s, struct x_search_query *q) {
    for (int i = 0; i < q->mark.range_count; i++) {
        const struct x_range *r = &q->mark.ranges[i];
        const usec until = x_search_time_of(r->below);
        if (s->has_gap && until <= s->gap.until) continue;
        if (!s->has_gap)
            s->gap = (struct gap){.from = x_search_time_of(r->above), .state = GAP_CLOSED};
        if (s->gap.state == GAP_OPEN) continue; /* it is made longer when it is closed */
        s->gap.until = until;
        str_copyz(STR("waits until the budget for X allows more"), s->gap.why, sizeof s->gap.why);
        s->has_gap = true;
        q->seen_again_at = i64_max(q->seen_again_at, until);
        tell_gap(s, &s->gap);
    }
}
