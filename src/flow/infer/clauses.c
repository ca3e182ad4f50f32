/* clauses: cuts a sentence into clauses, and what speaks in them into statements.
 *
 * In: the items of a sentence. A clause ends at commas and their like, at "but", at "and" when two
 * things are said. A statement is a word or phrase that says something, turned round by negations
 * and by verbs such as "regret", strengthened or weakened by adverbs, and joined with the thing
 * that it brings or ends: "sell pressure is gone", "liquidated shorts". Out: both, in order, with
 * what is somebody else's words marked. Integers only; pure. */
#include "flow/infer/parse_int.h"

/* --- clauses -------------------------------------------------------------------------------------
 */

static struct clause *open_clause(struct parse *p, int item) {
    if (p->clause_count > 0) {
        struct clause *last = &p->clauses[p->clause_count - 1];
        if (p->clause_count == CLAUSES_MAX) return last;
        if (last->first == item) return last;
        last->end = item;
    }
    struct clause *c = &p->clauses[p->clause_count++];
    *c = (struct clause){.first = item, .end = p->s->count};
    return c;
}

/* "and" starts a clause when it joins more than two coins or two verbs of one coin. */
static bool joins_clauses(const struct sentence *s, const struct clause *c, int at) {
    bool said = false;
    for (int i = c->first; i < at; i++) said |= role_speaks((role)s->v[i].role);
    int i = at + 1;
    if (i >= s->count) return false;
    if (!is_target(&s->v[i])) return said || role_speaks((role)s->v[i].role);
    if (!said) return false;
    while (i < s->count && (is_target(&s->v[i]) || s->v[i].role == ROLE_AND)) i++;
    return i < s->count && role_speaks((role)s->v[i].role);
}

static void take_item(struct parse *p, int at) {
    const struct item *i = &p->s->v[at];
    const role what = (role)i->role;
    struct clause *c = &p->clauses[p->clause_count - 1];
    if (what == ROLE_BREAK) open_clause(p, at + 1);
    if (what == ROLE_BUT) p->buts = open_clause(p, at)->but = true;
    if (what == ROLE_THOUGH) open_clause(p, at)->though = true;
    if (what == ROLE_AND && joins_clauses(p->s, c, at)) {
        const struct clause before = *c;
        c = open_clause(p, at);
        c->noview = before.noview;
        c->past = before.past;
    }
    if (is_target(i)) c->coins |= bit_of(i);
    if (what == ROLE_EXCEPT) p->except = at;
    if (what == ROLE_PAST) c->past = true;
    if (what == ROLE_NOVIEW) p->noviews = c->noview = true;
    if (what == ROLE_DOUBT && p->ifs) p->counters = true;
    if (what == ROLE_IF) p->ifs = c->after_if = true;
    if (what == ROLE_IF_YOU) (at > c->first ? open_clause(p, at) : c)->addressed = true;
    if (what == ROLE_RHETORIC) p->rhetoric = true;
    if (what == ROLE_REPORT && !i->own) p->reports = true;
    if (what == ROLE_ASK && (p->s->question || i->at - p->s->first <= 1)) {
        c->asks = true;
        p->question = true;
    }
}

/* --- statements ----------------------------------------------------------------------------------
 */

/* What stands between the words of a clause and acts on the next statement. */
struct mood {
    bool turn, negated;
    int turn_at; /* item */
    int negated_at;
    int boost; /* tenths */
    int was_at;
};

static const struct mood no_mood = {.boost = 10, .was_at = -100, .negated_at = -100};

static int8_t effect_of(const struct item *i) {
    if (i->role == ROLE_END || i->role == ROLE_OVER) return -1;
    if (i->role == ROLE_MOVE || i->role == ROLE_DIP) return i->weight < 0 ? -1 : 1;
    return i->role == ROLE_GROW;
}

/* Things that say little by themselves say as much as others when something happens to them. */
static int32_t whole_thing(int32_t value) {
    if (value > 0) return value < THING_WHOLE ? THING_WHOLE : value;
    return value > -THING_WHOLE ? -THING_WHOLE : value;
}

/* "liquidated shorts", "shorts got liquidated": one statement of the two. */
static bool join_thing(struct parse *p, struct statement *now) {
    if (p->count == 0) return false;
    struct statement *last = &p->st[p->count - 1];
    const struct item *a = &p->s->v[last->item], *b = &p->s->v[now->item];
    if (last->clause != now->clause || b->at - a->end > JOIN_REACH) return false;
    if (b->role == ROLE_DIP && last->role == ROLE_ACT && last->value > 0) return true;
    if (last->thing && now->effect && b->role != ROLE_OVER &&
        (a->role != ROLE_SAY || b->role == ROLE_END)) {
        last->value = now->effect * whole_thing(last->value);
        last->thing = false;
        return true;
    }
    const bool transitive = a->role == ROLE_END || (a->role == ROLE_GROW && b->at - a->end <= 2) ||
                            (a->role == ROLE_OVER && b->at - a->end <= 2);
    if (!now->thing || !transitive || !last->effect || b->at - a->end > 4) return false;
    for (int i = last->item + 1; i < now->item; i++) {
        const uint8_t between = p->s->v[i].role;
        if (between == ROLE_COIN || between == ROLE_INTO) return false;
        if (between == ROLE_ON && a->role == ROLE_OVER) return false;
    }
    last->value = last->effect * whole_thing(now->value);
    last->effect = 0;
    last->thing = false;
    return true;
}

static void add_statement(struct parse *p, int clause, int at, struct mood *m) {
    const struct item *i = &p->s->v[at];
    const role what = (role)i->role;
    int32_t value = i->weight * TENTH * m->boost / 10;
    const bool turned = m->turn && what != ROLE_EMOJI;
    const bool negated = m->negated && what != ROLE_EMOJI && i->at - m->negated_at <= NOT_REACH;
    struct statement now = {.role = i->role, .clause = clause, .item = at, .effect = effect_of(i)};
    if (turned) value = -value * 9 / 10;
    if (negated) {
        value = -value * 8 / 10;
        p->v->cues |= CUE_NEGATED;
    }
    const int sign = turned != negated ? -1 : 1;
    if (what == ROLE_OVER) now.side = (int8_t)sign;
    if (what == ROLE_UNDER) now.side = (int8_t)-sign;
    now.effect = (int8_t)(now.effect * sign);
    now.thing =
        what == ROLE_THING || what == ROLE_POS || (what == ROLE_SAY && i->weight == EVENT_WEIGHT);
    now.value = value;
    now.reported = i->quoted;
    now.was =
        i->at - m->was_at <= 2 && (what == ROLE_SAY || what == ROLE_ACT || what == ROLE_PRAISE);
    const int was_at = m->was_at;
    *m = no_mood;
    m->was_at = was_at;
    if (join_thing(p, &now)) return;
    if (p->count < ITEMS_MAX) p->st[p->count++] = now;
}

/* A turn that nothing follows: "failed to impress" speaks by itself; "if you sold it you will
 * regret it" turns round what its reader did. */
static void turn_at_nothing(struct parse *p, int clause, const struct mood *m) {
    const struct item *i = &p->s->v[m->turn_at];
    if (i->weight != 0 && p->count < ITEMS_MAX) {
        const int32_t value = i->weight * TENTH;
        p->st[p->count++] = (struct statement){.role = ROLE_SAY,
                                               .clause = clause,
                                               .item = m->turn_at,
                                               .value = m->negated ? -value : value,
                                               .reported = i->quoted};
        return;
    }
    for (int n = 0; n < p->count; n++) {
        struct clause *c = &p->clauses[p->st[n].clause];
        if (!c->addressed || c == &p->clauses[clause]) continue;
        p->st[n].value = -p->st[n].value * 9 / 10;
        c->addressed = false;
    }
}

static void read_clause(struct parse *p, int clause) {
    const struct clause *c = &p->clauses[clause];
    struct mood m = no_mood;
    for (int at = c->first; at < c->end; at++) {
        const struct item *i = &p->s->v[at];
        if (role_speaks((role)i->role)) {
            add_statement(p, clause, at, &m);
            continue;
        }
        if (i->role == ROLE_NOT) {
            m.negated = !m.negated;
            m.negated_at = i->end;
        } else if (i->role == ROLE_TURN || (i->role == ROLE_RHETORIC && i->weight == 0)) {
            m.turn = !m.turn;
            m.turn_at = at;
        } else if (i->role == ROLE_AFFIRM) {
            m.negated = false;
        } else if (i->role == ROLE_STRONG || i->role == ROLE_WEAK) {
            m.boost = (int)i64_clamp(m.boost * i->weight / 10, 3, 17);
        } else if (i->role == ROLE_WAS) {
            m.was_at = i->end;
        }
    }
    if (m.turn) turn_at_nothing(p, clause, &m);
}

/* Other people's words: behind "says", or before it when nothing stands behind. */
static void mark_reported(struct parse *p) {
    int at = -1, behind = 0;
    for (int i = 0; i < p->s->count && at < 0; i++) {
        if (p->s->v[i].role == ROLE_REPORT && !p->s->v[i].own) at = i;
    }
    if (at < 0) return;
    for (int n = 0; n < p->count; n++) {
        if (p->st[n].item < at && p->st[n].reported) return; /* what they said is quoted */
    }
    for (int n = 0; n < p->count; n++) {
        struct statement *st = &p->st[n];
        if (st->item < at || st->role == ROLE_EMOJI) continue;
        bool but = false;
        for (int c = 0; c <= st->clause; c++) {
            but |= p->clauses[c].but && p->clauses[c].first > at;
        }
        const struct clause *own = &p->clauses[st->clause];
        /* "he says it is worthless, bullish": a last word of one's own */
        but |= own->first > at + 1 && own->end - own->first == 1 && own->end == p->s->count &&
               p->s->v[own->first - 1].role == ROLE_BREAK;
        behind += !but;
        st->reported |= !but;
    }
    for (int n = 0; n < p->count && behind == 0; n++) {
        if (p->st[n].item < at && p->st[n].role != ROLE_EMOJI) p->st[n].reported = true;
    }
}

void parse_sentence(struct parse *p) {
    p->clause_count = p->count = 0;
    p->question = p->rhetoric = p->reports = p->buts = p->ifs = false;
    p->noviews = p->counters = false;
    p->subject = 0;
    p->except = -1;
    memset(p->sum, 0, sizeof p->sum);
    open_clause(p, 0);
    for (int at = 0; at < p->s->count; at++) take_item(p, at);
    for (int c = 0; c < p->clause_count; c++) read_clause(p, c);
    if (p->reports) mark_reported(p);
}
