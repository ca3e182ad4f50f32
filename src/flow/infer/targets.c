/* targets: of which coins a sentence says what.
 *
 * In: the items of a sentence, which clauses.c takes apart into statements. Each is given to coins:
 * to those behind a verb, to those before a predicate, to both sides of a comparison or a swap with
 * opposite signs, else to what the sentence or the one before it is about. Questions, conditions,
 * the past and other people's words leave little of a statement.
 *
 * Out: sums in the views of the coins. Integers only; pure. */
#include "flow/infer/parse_int.h"

/* --- whom it is about ----------------------------------------------------------------------------
 */

/* The coins that stand together from item `at` on, in steps of `step`, within a clause. */
static uint32_t group_at(const struct parse *p, const struct clause *c, int at, int step) {
    uint32_t mask = 0;
    for (; at >= c->first && at < c->end; at += step) {
        const struct item *i = &p->s->v[at];
        if (is_target(i))
            mask |= bit_of(i);
        else if (i->role != ROLE_AND)
            break;
    }
    return mask;
}

static bool is_act(const struct item *i) {
    return i->role == ROLE_ACT || i->role == ROLE_SWAP || i->role == ROLE_POS ||
           i->role == ROLE_TOWARD;
}

/* Coins behind a statement; none when another verb stands between. */
static uint32_t group_behind(const struct parse *p, const struct clause *c, int item) {
    for (int at = item + 1; at < c->end; at++) {
        const struct item *i = &p->s->v[at];
        if (is_target(i)) return group_at(p, c, at, 1);
        if (is_act(i) && i->at > p->s->v[item].end && (i->weight < 0) != (p->s->v[item].weight < 0))
            return 0;
    }
    return 0;
}

static uint32_t group_before(const struct parse *p, const struct clause *c, int item) {
    for (int at = item - 1; at >= c->first; at--) {
        if (is_target(&p->s->v[at])) return group_at(p, c, at, -1);
    }
    return 0;
}

/* Coins of the clauses beside one without any: those before it, else those behind. */
static uint32_t group_near(const struct parse *p, int clause) {
    for (int c = clause - 1; c >= 0; c--) {
        if (p->clauses[c].coins) return p->clauses[c].coins;
    }
    if (p->v->topic) return p->v->topic;
    for (int c = clause + 1; c < p->clause_count; c++) {
        if (p->clauses[c].coins) return p->clauses[c].coins;
    }
    return TOPIC_NONE;
}

static bool points_on(const struct parse *p, const struct clause *c, int item) {
    const int end = p->s->v[item].end;
    for (int at = item + 1; at < c->end && p->s->v[at].at <= end; at++) {
        if (p->s->v[at].role == ROLE_ON) return true;
    }
    return false;
}

/* "ETH long, BTC short": the verbs stand behind their coins. */
static bool coins_lead(const struct parse *p, const struct clause *c) {
    int coins = 0, acts = 0;
    bool last_acts = false;
    for (int at = c->first; at < c->end; at++) {
        const struct item *i = &p->s->v[at];
        if (is_target(i)) {
            if (coins == 0 && acts > 0) return false;
            coins++;
            last_acts = false;
        } else if (is_act(i)) {
            acts++;
            last_acts = true;
        }
    }
    return coins >= 2 && acts >= 2 && last_acts;
}

static uint32_t target_of(const struct parse *p, const struct statement *st) {
    const struct clause *c = &p->clauses[st->clause];
    const struct item *i = &p->s->v[st->item];
    if (i->foreign && !group_behind(p, c, st->item)) return 0;
    if (st->role == ROLE_TOWARD) return c->coins ? group_behind(p, c, st->item) : 0;
    if (c->coins == 0) return group_near(p, st->clause);
    uint32_t behind = group_behind(p, c, st->item), before = group_before(p, c, st->item);
    const bool act =
        (is_act(i) && !coins_lead(p, c)) || st->role == ROLE_PRAISE || points_on(p, c, st->item);
    if (act) return behind ? behind : before;
    if (before) return before;
    /* a predicate before the first coin: of what the last clause was about, if it goes on */
    return behind ? behind : group_near(p, st->clause);
}

/* --- comparisons and swaps -----------------------------------------------------------------------
 */

static void give(struct parse *p, uint32_t coins, int32_t value) {
    for (int m = 0; m < p->v->count; m++) {
        if (coins >> m & 1) p->sum[m] += value;
    }
}

static uint32_t coins_between(const struct parse *p, int from, int end) {
    uint32_t mask = 0;
    for (int at = from; at < end; at++) {
        if (is_target(&p->s->v[at])) mask |= bit_of(&p->s->v[at]);
    }
    return mask;
}

static int find_role(const struct parse *p, const struct clause *c, role what) {
    if (!sentence_has(p->s, what)) return -1;
    for (int at = c->first; at < c->end; at++) {
        if (p->s->v[at].role == what) return at;
    }
    return -1;
}

static int32_t factor_bp(const struct parse *p, const struct statement *st);

/* Coins of both sides of a comparison; how: 1 sets those before the word above those behind. */
static bool compare_at(struct parse *p, struct clause *c, const struct statement *st, int at,
                       int how) {
    const uint32_t behind = coins_between(p, at + 1, c->end);
    const uint32_t before = coins_between(p, c->first, at) & ~behind;
    if (!behind || !before) return false;
    const int32_t side = (int32_t)((int64_t)SIDE * how * factor_bp(p, st) / 10000);
    give(p, before, side);
    give(p, behind, -side * 9 / 10);
    p->subject = before;
    c->compared = true;
    return true;
}

static void compare(struct parse *p, struct statement *st) {
    struct clause *c = &p->clauses[st->clause];
    const struct item *i = &p->s->v[st->item];
    if (compare_at(p, c, st, st->item, st->side)) {
        st->value = 0;
        return;
    }
    /* only the side behind it is named: "this beats ADA" */
    const uint32_t behind = coins_between(p, st->item + 1, c->end);
    if (!behind || coins_between(p, c->first, st->item)) return;
    uint32_t topic = group_near(p, st->clause) & ~behind;
    const int32_t side = (int32_t)((int64_t)SIDE * st->side * factor_bp(p, st) / 10000);
    if (i->weight == 0) return;
    give(p, behind, -side * 8 / 10);
    give(p, topic, side);
    st->value = 0;
}

/* "cleaner than", "more bullish on A than B": what is said of A, turned round, is said of B. */
static void compare_than(struct parse *p, int clause, int than) {
    struct clause *c = &p->clauses[clause];
    const uint32_t behind = coins_between(p, than + 1, c->end);
    uint32_t before = coins_between(p, c->first, than) & ~behind;
    int32_t value = 0;
    if (!behind) return;
    if (!before) before = group_near(p, clause) & ~behind;
    for (int n = 0; n < p->count; n++) {
        struct statement *st = &p->st[n];
        if (st->clause != clause || st->item > than || st->role == ROLE_EMOJI) continue;
        value += (int32_t)((int64_t)st->value * factor_bp(p, st) / 10000);
        st->value = 0;
    }
    give(p, before, value);
    give(p, behind, -value * 9 / 10);
    p->subject = before;
    c->compared = true;
}

/* Is what a verb does with coins a swap? "dumped my A for B", "buying B from A": only with a coin
 * on either side. */
static bool is_swap(const struct parse *p, const struct clause *c, const struct statement *st) {
    const int into = find_role(p, c, ROLE_INTO), from = find_role(p, c, ROLE_FROM);
    if (st->role == ROLE_SWAP)
        return (into >= 0 && coins_between(p, into, c->end)) ||
               (from >= 0 && coins_between(p, from, c->end));
    const bool gives = p->s->v[st->item].weight < 0;
    const int at = find_role(p, c, gives ? ROLE_INTO : ROLE_FROM);
    return at > st->item && coins_between(p, at, c->end) && coins_between(p, st->item, at);
}

/* "sold my A for B", "out of A into B", "from A to B". */
static void give_swap(struct parse *p, struct statement *st) {
    const struct clause *c = &p->clauses[st->clause];
    if (!is_swap(p, c, st)) return;
    const int32_t side = (int32_t)((int64_t)SIDE * factor_bp(p, st) / 10000);
    const role what = (role)p->s->v[st->item].role;
    const bool gives = what == ROLE_SWAP || p->s->v[st->item].weight < 0; /* as listed */
    const int32_t into = gives && st->value > 0 ? -side : side; /* "not selling A for B" */
    int32_t now = st->value < 0 ? -side : side;
    bool seen = false;
    for (int at = st->item + 1; at < c->end; at++) {
        const struct item *i = &p->s->v[at];
        if (i->role == ROLE_INTO) now = into;
        if (i->role == ROLE_FROM) now = -into;
        if (!is_target(i)) continue;
        give(p, bit_of(i), now);
        if (now > 0) p->subject = bit_of(i);
        seen = true;
    }
    const uint32_t before = coins_between(p, c->first, st->item);
    if (before && seen) give(p, before, -now);
    if (seen) st->value = 0;
}

/* "I prefer A to B", "I'd rather hold A than B". */
static bool give_preference(struct parse *p, int clause) {
    struct clause *c = &p->clauses[clause];
    const int prefer = find_role(p, c, ROLE_PREFER);
    if (prefer < 0) return false;
    for (int at = prefer + 1; at < c->end; at++) {
        const role r = (role)p->s->v[at].role;
        if (r != ROLE_INTO && r != ROLE_OVER && r != ROLE_THAN) continue;
        const struct statement none = {.clause = clause, .item = at};
        if (!compare_at(p, c, &none, at, 1)) { /* "I'd rather watch paint dry than hold A" */
            if (r == ROLE_INTO || !coins_between(p, at + 1, c->end)) return false;
            give(p, coins_between(p, at + 1, c->end), -SIDE * 8 / 10);
            c->compared = true;
        }
        for (int n = 0; n < p->count; n++) {
            if (p->st[n].clause == clause && p->st[n].role != ROLE_EMOJI) p->st[n].value = 0;
        }
        return true;
    }
    give(p, group_behind(p, c, prefer), SIDE * 6 / 10);
    return false;
}

static void give_comparisons(struct parse *p) {
    for (int c = 0; c < p->clause_count; c++) {
        struct clause *clause = &p->clauses[c];
        const uint32_t coins = clause->coins;
        if (!coins || give_preference(p, c)) continue;
        const int than = find_role(p, clause, ROLE_THAN);
        if (than >= 0) compare_than(p, c, than);
    }
    for (int n = 0; n < p->count; n++) {
        struct statement *st = &p->st[n];
        if (!p->clauses[st->clause].coins || p->clauses[st->clause].compared) continue;
        if (st->role == ROLE_OVER || st->role == ROLE_UNDER) compare(p, st);
        if (is_act(&p->s->v[st->item])) give_swap(p, st);
    }
}

/* "unlike A, B ..." says of A the opposite of what it says of B. */
static void give_unlike(struct parse *p) {
    for (int c = 0; c < p->clause_count; c++) {
        const struct clause *clause = &p->clauses[c];
        const int at = find_role(p, clause, ROLE_UNLIKE);
        const uint32_t these = at < 0 ? 0 : group_behind(p, clause, at);
        int64_t others = 0;
        for (int m = 0; m < p->v->count; m++) others += these >> m & 1 ? 0 : p->sum[m];
        give(p, these, (int32_t)(-others * 8 / 10));
    }
}

/* --- how much of it counts -----------------------------------------------------------------------
 */

/* Does a statement about the same coin follow behind a "but"? */
static bool outweighed(const struct parse *p, const struct statement *by) {
    for (int n = 0; n < p->count; n++) {
        const struct statement *st = &p->st[n];
        if (st->clause <= by->clause || st->role == ROLE_EMOJI || st->value == 0) continue;
        bool but = false;
        for (int c = by->clause + 1; c <= st->clause; c++) but |= p->clauses[c].but;
        if (but && target_of(p, st) == target_of(p, by)) return true;
    }
    return false;
}

static bool under_condition(const struct parse *p, int clause) {
    for (int c = clause; c >= 0; c--) {
        if (p->clauses[c].after_if) return true;
        if (p->clauses[c].but) return false;
    }
    return false;
}

static bool asked(const struct parse *p, int clause) {
    if ((!p->question && !p->s->question) || p->rhetoric) return false;
    for (int c = 0; c <= clause; c++) {
        if (p->clauses[c].asks) return true;
    }
    return !p->question; /* a question mark without any word of asking: all of it */
}

/* "closed the short, flat into the weekend": does a later clause say that there is no view? */
static bool disclaimed(const struct parse *p, int clause) {
    for (int c = clause + 1; c < p->clause_count; c++) {
        if (p->clauses[c].but) return false;
        if (!p->clauses[c].noview || p->clauses[c].coins) continue;
        bool says = false;
        for (int n = 0; n < p->count; n++) says |= p->st[n].clause == c && p->st[n].value;
        if (!says) return true;
    }
    return false;
}

/* What moods leave of a statement, basis points. */
static int32_t factor_bp(const struct parse *p, const struct statement *st) {
    const struct clause *c = &p->clauses[st->clause];
    int32_t factor = 10000;
    if (asked(p, st->clause))
        factor = factor * 12 / 100;
    else if (p->s->question && !p->rhetoric)
        factor = factor * 50 / 100;
    if (p->ifs && under_condition(p, st->clause))
        factor = p->counters ? -factor * 80 / 100 : factor * 12 / 100;
    if (c->past || st->was) factor = factor * 15 / 100;
    if (c->noview || c->addressed) factor = factor * 10 / 100;
    if (p->noviews && disclaimed(p, st->clause)) factor = factor * 20 / 100;
    if (c->though) factor = factor * 25 / 100;
    if (p->buts && outweighed(p, st)) factor = factor * 30 / 100;
    return factor;
}

/* "all look sick except A": said of others, and what it says of A is the opposite. */
static bool excepted(const struct parse *p, const struct statement *st) {
    return st->item < p->except && !coins_between(p, 0, p->except) &&
           coins_between(p, p->except, p->s->count);
}

/* Who buys what falls, buys: does somebody act on the same coins against this move? */
static bool acted_against(const struct parse *p, const struct statement *move, uint32_t coins) {
    if (move->role != ROLE_MOVE && move->role != ROLE_DIP) return false;
    for (int n = 0; n < p->count; n++) {
        const struct statement *st = &p->st[n];
        if (st->role != ROLE_ACT || st->reported || st->was) continue;
        if ((st->value < 0) == (move->value < 0) || st->value == 0) continue;
        if (factor_bp(p, st) >= 5000 && target_of(p, st) == coins) return true;
    }
    return false;
}

static void give_statement(struct parse *p, const struct statement *st) {
    struct views *v = p->v;
    if (st->value == 0) return;
    const uint32_t coins = target_of(p, st);
    int32_t value = (int32_t)((int64_t)st->value * factor_bp(p, st) / 10000);
    if (acted_against(p, st, coins)) value = value * 3 / 10;
    if (excepted(p, st)) value = -value;
    const bool was_asked = asked(p, st->clause);
    if (coins == 0) {
        if (st->role == ROLE_TOWARD || p->s->v[st->item].foreign) return;
        if (st->role == ROLE_PRAISE)
            v->early_praise += value;
        else if (st->role == ROLE_EMOJI)
            v->early_emoji += value;
        else if (!st->reported)
            v->early += value;
        return;
    }
    for (int m = 0; m < v->count; m++) {
        if (!(coins >> m & 1)) continue;
        struct view *view = &v->v[m];
        if (st->reported)
            view->held += value;
        else if (st->was || p->clauses[st->clause].past)
            view->held += st->value; /* "... not anymore", "... and more than ever" */
        else if (st->role == ROLE_EMOJI)
            view->emoji += value;
        else if (st->role == ROLE_PRAISE && st->value > 0)
            view->praise += value;
        else
            p->sum[m] += value;
        if (was_asked) view->asked += st->value;
    }
}

/* "... and he is right", "... they are wrong", "Is it dead? No." */
static void give_answers(struct parse *p) {
    const struct sentence *s = p->s;
    if (!sentence_has(s, ROLE_AGREE) && !sentence_has(s, ROLE_DOUBT) && !sentence_has(s, ROLE_NOT))
        return;
    int sign = 0, at = 0;
    for (int i = 0; i < p->s->count; i++) {
        const role r = (role)p->s->v[i].role;
        if (r != ROLE_AGREE && r != ROLE_DOUBT && !(r == ROLE_NOT && i == 0)) continue;
        const bool negated = i > 0 && p->s->v[i - 1].role == ROLE_NOT;
        sign = (r == ROLE_AGREE) != negated ? 1 : -1;
        at = i;
        if (r != ROLE_NOT) break;
    }
    if (sign == 0 || p->s->question) return;
    const bool answer = at == 0;
    for (int m = 0; m < p->v->count; m++) {
        struct view *v = &p->v->v[m];
        const bool bare_not = p->s->v[at].role == ROLE_NOT;
        if (v->held && !bare_not) {
            p->sum[m] += sign * v->held * 9 / 10;
            v->held = 0;
        } else if (answer && v->asked && p->s->says <= 4) {
            p->sum[m] += sign * v->asked * 8 / 10;
            v->asked = 0;
        }
    }
}

/* --- the sentence --------------------------------------------------------------------------------
 */

static void add_span(struct views *v, uint32_t coins, int first, int end) {
    struct span *last = v->span_count ? &v->spans[v->span_count - 1] : NULL;
    if (last && (last->coins == coins || v->span_count == SPANS_MAX)) {
        last->coins |= coins;
        last->end = end;
        return;
    }
    v->spans[v->span_count++] = (struct span){.coins = coins, .first = first, .end = end};
}

static void add_spans(struct parse *p) {
    uint32_t coins = p->v->topic;
    int first = p->s->first;
    for (int c = 0; c < p->clause_count; c++) {
        const struct clause *clause = &p->clauses[c];
        const uint32_t own = clause->coins & ~(UINT32_C(1) << MENTION_OTHER);
        if (!own) continue;
        const int at = c == 0 || !coins ? p->s->first : p->s->v[clause->first].at;
        if (at > first) add_span(p->v, coins, first, at);
        coins = own;
        first = at;
    }
    if (p->s->end > first) add_span(p->v, coins, first, p->s->end);
}

static uint32_t cues_of(const struct parse *p, int32_t *ret_plain) {
    static const uint16_t by_role[ROLE_BREAK + 1] = {[ROLE_IF] = CUE_CONDITIONAL,
                                                     [ROLE_PAST] = CUE_PAST,
                                                     [ROLE_REPORT] = CUE_REPORTED,
                                                     [ROLE_IRONY] = CUE_SARCASM,
                                                     [ROLE_NOT] = CUE_NEGATED};
    uint32_t cues = p->question || p->s->question ? CUE_QUESTION : 0;
    int32_t plain = 0;
    for (int i = 0; i < p->s->count; i++) {
        const struct item *item = &p->s->v[i];
        if (!item->own) cues |= by_role[item->role];
        if (item->role == ROLE_PLAIN) plain += item->weight * TENTH;
        if (item->role == ROLE_NOVIEW) plain += 10 * TENTH;
    }
    *ret_plain = plain;
    return cues;
}

static void add_cues(struct parse *p) {
    int32_t plain;
    const uint32_t cues = cues_of(p, &plain);
    p->v->cues |= cues;
    uint32_t coins = 0;
    for (int c = 0; c < p->clause_count; c++) coins |= p->clauses[c].coins;
    if (!coins) coins = p->v->topic;
    for (int m = 0; m < p->v->count; m++) {
        struct view *v = &p->v->v[m];
        if (coins && !(coins >> m & 1)) continue;
        v->cues |= cues;
        v->says += p->s->says;
        v->plain += plain;
    }
    coins &= ~(UINT32_C(1) << MENTION_OTHER);
    if (p->subject & coins) coins = p->subject & coins;
    if (coins) p->v->topic = coins;
}

/* "ETH/BTC makes new lows": what is said of the first is said against the second. */
static void give_quotes(struct parse *p) {
    for (int i = 1; i < p->s->count; i++) {
        const struct item *quote = &p->s->v[i];
        if (quote->role == ROLE_QUOTE)
            p->sum[quote->mention] -= p->sum[p->s->v[i - 1].mention] * 8 / 10;
    }
}

/* "Coin flip.": a sentence that only says that there is no view takes back what was said. */
static void take_back(struct parse *p) {
    bool noview = true;
    for (int m = 0; m < p->v->count; m++) noview &= p->sum[m] == 0;
    if (!noview) return;
    uint32_t coins = 0;
    for (int c = 0; c < p->clause_count; c++) coins |= p->clauses[c].coins;
    if (!coins) coins = p->v->topic;
    for (int m = 0; m < p->v->count; m++) {
        struct view *v = &p->v->v[m];
        if (!(coins >> m & 1)) continue;
        v->up = v->up * TAKEN_BACK / 10;
        v->down = v->down * TAKEN_BACK / 10;
        v->praise = v->praise * TAKEN_BACK / 10;
    }
}

static void add_sums(struct parse *p) {
    const bool but = p->s->count > 0 && p->s->v[0].role == ROLE_BUT;
    if (but) p->v->early = p->v->early * 4 / 10;
    for (int m = 0; m < p->v->count; m++) {
        struct view *v = &p->v->v[m];
        const int32_t sum = p->sum[m];
        if (sum == 0) continue;
        if (but) {
            v->up = v->up * 4 / 10;
            v->down = v->down * 4 / 10;
            v->praise = v->praise * 4 / 10;
        }
        if (sum < 0) v->up = v->up * OUTDATED / 10;
        if (sum > 0) v->down = v->down * OUTDATED / 10;
        if (sum > 0)
            v->up = (int32_t)i64_min(v->up + sum, 1000 * NAT);
        else
            v->down = (int32_t)i64_min(v->down - (int64_t)sum, 1000 * NAT);
        v->last = sum;
    }
}

void sentence_judge(const struct sentence *s, struct views *v) {
    UNINITIALIZED struct parse p;
    p.s = s;
    p.v = v;
    if (v->count == 0) { /* nobody asks for more than the cues */
        int32_t plain;
        p.question = s->count > 0 && s->v[0].role == ROLE_ASK;
        v->cues |= cues_of(&p, &plain);
        return;
    }
    parse_sentence(&p);
    give_comparisons(&p);
    for (int n = 0; n < p.count; n++) give_statement(&p, &p.st[n]);
    if (sentence_has(s, ROLE_UNLIKE)) give_unlike(&p);
    give_answers(&p);
    if (sentence_has(s, ROLE_QUOTE)) give_quotes(&p);
    if (p.noviews) take_back(&p);
    add_spans(&p);
    add_cues(&p);
    add_sums(&p);
}
