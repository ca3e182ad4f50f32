/* x_search_state: how far the search is, in memory and as the text that a restart gets back.
 *
 * A query has a mark: the id up to which all is handed on, and ranges of ids below it that are not
 * (a backlog; pages that were not reached yet). A page moves the mark only when all its posts have
 * been handed on, so a process that is killed anywhere asks again for what it did not finish, and
 * for nothing else.
 *
 * The text: "1", then "gap=FROM,UNTIL,POSTS,STATE" where one is being filled, then for each query
 * "q=HASH,SINCE,POLLED" and ",ABOVE-BELOW" for each range; parted by blanks. Pure. Failure:
 * ERR_DAMAGED on anything else: a wrong place would lose posts in silence. */
#include "source/x_search_int.h"

#include <inttypes.h>

#define VERSION "1"

/* --- marks ----------------------------------------------------------------------------------- */

void x_mark_drop_range(struct x_mark *m, int at) {
    PRE(at >= 0 && at < m->range_count);
    for (int i = at; i + 1 < m->range_count; i++) m->ranges[i] = m->ranges[i + 1];
    m->range_count--;
}

void x_mark_add_range(struct x_mark *m, int64_t above, int64_t below) {
    if (above + 1 >= below) return;
    if (m->range_count == X_SEARCH_RANGES_MAX) {
        m->ranges[1].above = m->ranges[0].above;
        x_mark_drop_range(m, 0);
    }
    int at = m->range_count++;
    for (; at > 0 && m->ranges[at - 1].above > above; at--) m->ranges[at] = m->ranges[at - 1];
    m->ranges[at] = (struct x_range){above, below};
}

int64_t x_mark_lowest(const struct x_mark *m) {
    return m->range_count > 0 ? i64_min(m->ranges[0].above, m->since) : m->since;
}

bool x_mark_clamp(struct x_mark *m, int64_t floor, int64_t *ret_lost) {
    const int64_t lowest = x_mark_lowest(m);
    if (lowest >= floor) return false;
    while (m->range_count > 0 && m->ranges[0].below <= floor) x_mark_drop_range(m, 0);
    if (m->range_count > 0) m->ranges[0].above = i64_max(m->ranges[0].above, floor);
    m->since = i64_max(m->since, floor);
    *ret_lost = lowest;
    return true;
}

/* --- as text --------------------------------------------------------------------------------- */

void x_search_state_put(struct buf *out, const struct gap *gap, bool has_gap) {
    buf_put(out, STR(VERSION));
    if (!has_gap) return;
    buf_printf(out, " gap=%" PRId64 ",%" PRId64 ",%" PRId64 ",%s", gap->from, gap->until,
               gap->posts, gap_state_name(gap->state));
}

void x_search_mark_put(struct buf *out, const struct x_mark *m) {
    buf_printf(out, " q=%016" PRIx64 ",%" PRId64 ",%" PRId64, m->hash, m->since, m->polled_at);
    for (int i = 0; i < m->range_count; i++)
        buf_printf(out, ",%" PRId64 "-%" PRId64, m->ranges[i].above, m->ranges[i].below);
}

static bool take_number(str *rest, char sep, int64_t *ret) {
    str part;
    return str_cut(rest, sep, &part) && str_to_i64(part, ret) && *ret >= 0;
}

static bool take_hash(str *rest, uint64_t *ret) {
    str part;
    if (!str_cut(rest, ',', &part) || part.n != 16) return false;
    *ret = 0;
    for (ptrdiff_t i = 0; i < part.n; i++) {
        const char c = part.p[i];
        const bool digit = c >= '0' && c <= '9';
        if (!digit && !(c >= 'a' && c <= 'f')) return false;
        *ret = *ret << 4 | (uint64_t)(digit ? c - '0' : c - 'a' + 10);
    }
    return true;
}

static bool take_gap(str text, struct gap *ret) {
    if (!take_number(&text, ',', &ret->from) || !take_number(&text, ',', &ret->until) ||
        !take_number(&text, ',', &ret->posts) || !gap_state_from_name(text, &ret->state))
        return false;
    return (ret->state == GAP_OPEN || ret->state == GAP_CLOSED) && ret->from <= ret->until;
}

static bool take_mark(str text, struct x_mark *ret) {
    if (!take_hash(&text, &ret->hash) || !take_number(&text, ',', &ret->since) ||
        !take_number(&text, ',', &ret->polled_at))
        return false;
    while (text.p != NULL) {
        struct x_range r;
        str part;
        if (ret->range_count == X_SEARCH_RANGES_MAX || !str_cut(&text, ',', &part)) return false;
        if (!take_number(&part, '-', &r.above) || !take_number(&part, '-', &r.below)) return false;
        if (part.p != NULL || r.above >= r.below) return false;
        ret->ranges[ret->range_count++] = r;
    }
    return true;
}

static bool take_word(str word, struct x_search_state *s, bool first) {
    if (first) return str_eq(word, STR(VERSION));
    if (str_starts(word, STR("gap=")) && !s->has_gap) {
        s->has_gap = true;
        return take_gap(str_tail(word, 4), &s->gap);
    }
    if (!str_starts(word, STR("q=")) || s->mark_count == X_SEARCH_QUERIES_MAX) return false;
    return take_mark(str_tail(word, 2), &s->marks[s->mark_count++]);
}

bool x_search_state_parse(struct arena *a, str text, struct x_search_state *ret,
                          struct error *err) {
    struct x_search_state s = {.marks = NEW_ARRAY(a, struct x_mark, X_SEARCH_QUERIES_MAX)};
    str rest = text, word;
    for (bool first = true; str_cut(&rest, ' ', &word); first = false) {
        if (take_word(word, &s, first)) continue;
        return fail(err, ERR_DAMAGED, 0,
                    "the state of the X search cannot be read at \"" STR_FMT
                    "\": expected 1 [gap=FROM,UNTIL,POSTS,STATE] "
                    "[q=HASH,SINCE,POLLED[,ABOVE-BELOW]]; restore it, or remove it to go on from "
                    "now",
                    STR_ARG(str_head(word, 40)));
    }
    *ret = s;
    return true;
}
