/* targets: in a clause with several coins, what is said of each alone.
 *
 * In: clauses with at least two coins. Three forms are told apart; where none applies the coins
 * share what the clause says:
 *   a swap        "sold my BTC for ETH", "rotating into SOL from ETH"
 *   a comparison  "ETH over BTC", "I prefer ETH to BTC"
 *   a list        "long ETH short BTC", "ETH up BTC down": each direction belongs to the coin
 *                 behind it, or before it when the clause starts with a coin
 * Out: hit_direction of the hits of such clauses. Integers only; pure. */
#include "flow/infer/infer_int.h"
#include "flow/reading.h"

#define ITEMS_MAX 24
#define CLEAR (14 * NAT / 10) /* weight of a side taken in a swap or a comparison */

/* What of a clause matters here, in order. */
struct item {
    role role;   /* ROLE_NONE: a coin */
    int hit;     /* of a coin */
    int32_t dir; /* of a direction, NAT */
};

struct items {
    int count;
    struct item v[ITEMS_MAX];
    int coins, ups, downs;
    bool into, over, under, prefer, swap;
};

static void put(struct items *x, struct item item) {
    if (x->count < ITEMS_MAX) x->v[x->count++] = item;
}

static void put_sense(struct items *x, const struct sense *s, bool negated) {
    switch (s->role) {
    case ROLE_DIRECTION:
    case ROLE_SWAP: {
        int32_t dir = s->weight * (NAT / 10);
        if (negated) dir = -dir * 6 / 10;
        put(x, (struct item){s->role, -1, dir});
        x->ups += dir > 0;
        x->downs += dir < 0;
        x->swap |= s->role == ROLE_SWAP;
        return;
    }
    case ROLE_OVER:
    case ROLE_UNDER:
    case ROLE_INTO:
    case ROLE_FROM:
    case ROLE_PREFER:
        put(x, (struct item){s->role, -1, 0});
        x->over |= s->role == ROLE_OVER;
        x->under |= s->role == ROLE_UNDER;
        x->into |= s->role == ROLE_INTO;
        x->prefer |= s->role == ROLE_PREFER;
        return;
    case ROLE_NONE:
    case ROLE_CUE:
    case ROLE_BREAK:
    case ROLE_JOIN:
    case ROLE_AFFIRM:
    case ROLE_TURN:
    case ROLE_STRONGER:
    case ROLE_WEAKER:
        return;
    }
}

static void gather(const struct vocabulary *v, const struct words *w, const struct links *links,
                   const struct clause *c, int hit, struct items *x) {
    for (int at = c->first; at < c->end;) {
        if (hit < links->hit_count && links->hits[hit].first == at) {
            put(x, (struct item){ROLE_NONE, hit, 0});
            x->coins++;
            at = links->hits[hit++].end;
            continue;
        }
        int end = at + 1;
        const struct sense *s = vocabulary_find(v, w, at, &end);
        uint16_t flags = w->v[at].flags;
        put_sense(x, s, (flags & WORD_NEGATED) && !(flags & WORD_NEGATION));
        at = end;
    }
}

static void give(struct clauses *c, int hit, int32_t dir) {
    c->hit_own[hit] = true;
    c->hit_direction[hit] = dir;
}

/* Coins get the side that the last "into", "from" or "over" before them gives. */
static void give_sides(const struct items *x, struct clauses *c, int32_t before, int32_t behind) {
    int32_t side = before;
    for (int i = 0; i < x->count; i++) {
        const struct item *item = &x->v[i];
        if (item->role == ROLE_INTO) side = x->swap ? CLEAR : behind;
        if (item->role == ROLE_FROM) side = -CLEAR;
        if (item->role == ROLE_OVER || item->role == ROLE_UNDER) side = behind;
        if (item->hit >= 0) give(c, item->hit, side);
    }
}

/* Each direction belongs to the coins behind it, up to the next one; or, when the clause starts
 * with a coin, to the coins before it. */
static void give_list(const struct items *x, struct clauses *c) {
    bool coin_first = x->v[0].hit >= 0;
    int32_t dir = 0;
    for (int n = 0; n < x->count; n++) {
        const struct item *item = &x->v[coin_first ? x->count - 1 - n : n];
        if (item->role == ROLE_DIRECTION || item->role == ROLE_SWAP) dir = item->dir;
        if (item->hit >= 0) give(c, item->hit, dir);
    }
}

static void assign_clause(const struct items *x, struct clauses *c) {
    if (x->coins < 2) return;
    if (x->prefer && x->into)
        give_sides(x, c, CLEAR, -CLEAR);
    else if (x->swap && x->into && x->ups == 0)
        give_sides(x, c, -CLEAR, CLEAR);
    else if (x->ups && x->downs)
        give_list(x, c);
    else if (x->over)
        give_sides(x, c, CLEAR, -CLEAR * 7 / 10);
    else if (x->under)
        give_sides(x, c, -CLEAR * 7 / 10, CLEAR);
}

void targets_assign(const struct vocabulary *v, const struct words *w, const struct links *links,
                    struct clauses *c) {
    int hit = 0;
    for (int i = 0; i < c->count; i++) {
        struct items x = {0};
        while (hit < links->hit_count && links->hits[hit].first < c->v[i].first) hit++;
        if (c->v[i].coins < 2) continue;
        gather(v, w, links, &c->v[i], hit, &x);
        assign_clause(&x, c);
    }
}
