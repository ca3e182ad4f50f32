/* cost: what posts from X cost, and how a month's money lasts for the month.
 *
 * In: what was asked for and what came, X's own counts, what the store remembers. Out: how much may
 * be asked for, what was billed. The view at a moment follows from the sums of the month's days and
 * from what is held back, and from nothing else: no level is carried along that a restart could not
 * find again.
 *
 * A day's share is what was left of the budget when the day began, over the days that were left.
 * Shares that were not spent are saved, to two of them at the most; a day that took more than it
 * had is paid for by smaller shares afterwards. Inside a day the share comes in evenly.
 *
 * X's own count of a day, where it is higher than ours, counts: the difference is posts whose
 * answers were lost, at the price of a post. It is taken to count events of the Activity API too,
 * as its documentation says that each of them is billed as a post.
 *
 * Amounts are int64 of 1e-8 dollars and stop at their range's end. One thread at a time. Failure:
 * when there is no memory for more ids of a day, further ones count as new (never too little). */
#include "source/cost.h"

#include <stdio.h>

#include "base/time.h"

#define COST_DAYS 64               /* two months and a bit */
#define COST_IDS_BYTES (384 << 20) /* of address space; three million ids of one day fit */
#define COST_IDS_FIRST 1024        /* slots, a power of two */
#define POSTS_REPORTED_MAX (INT64_C(1) << 40)

struct day_row {
    int64_t day; /* -1: empty */
    int64_t billed[RESOURCE_COUNT];
    int64_t amount_e8;
    int64_t reported; /* X's own count of posts; 0 none */
};

/* Ids of one resource: open addressing, at most half full. */
struct id_set {
    int64_t *slots; /* 0: free */
    int64_t slot_count, count;
    bool has_zero;
};

struct cost {
    struct cost_options opt;
    struct arena id_memory;
    int64_t id_day; /* whose ids these are; -1 none */
    struct id_set ids[RESOURCE_COUNT];
    struct day_row days[COST_DAYS]; /* by day modulo COST_DAYS */
    int64_t first_day;              /* the oldest that anything is known of; -1 none */
    int64_t held_e8, held_posts;    /* reservations that are not settled */
};

struct cost *cost_new(struct arena *boot, const struct cost_options *opt) {
    PRE(money_e8(opt->budget) >= 0 && opt->posts_max >= 0);
    for (int i = 0; i < RESOURCE_COUNT; i++) PRE(money_e8(opt->price[i]) >= 0);
    struct cost *c = NEW(boot, struct cost);
    c->opt = *opt;
    c->id_day = c->first_day = -1;
    for (int i = 0; i < COST_DAYS; i++) c->days[i].day = -1;
    arena_open(&c->id_memory, COST_IDS_BYTES);
    return c;
}

void cost_close(struct cost *c) {
    if (c != NULL) arena_close(&c->id_memory);
}

/* --- amounts --------------------------------------------------------------------------------- */

static int64_t sum_e8(int64_t a, int64_t b) { return i64_min(a + b, AMOUNT_E8_MAX); }

__extension__ typedef __int128 wide;

/* PRE: all >= 0. */
static int64_t scaled_e8(int64_t amount, int64_t num, int64_t den) {
    const wide v = (wide)amount * num / den;
    return v > AMOUNT_E8_MAX ? AMOUNT_E8_MAX : (int64_t)v;
}

static int64_t price_of(const struct cost *c, resource r, int64_t count) {
    return scaled_e8(money_e8(c->opt.price[r]), count, 1);
}

/* --- ids of the day -------------------------------------------------------------------------- */

static void turn_ids(struct cost *c, int64_t day) {
    if (day <= c->id_day) return;
    c->id_day = day;
    arena_reset(&c->id_memory);
    memset(c->ids, 0, sizeof c->ids);
}

/* The slot of the id, or the free one where it belongs. */
static int64_t *slot_of(const struct id_set *s, int64_t id) {
    uint64_t h = (uint64_t)id * UINT64_C(0x9E3779B97F4A7C15);
    int64_t at = (int64_t)((h ^ h >> 32) & (uint64_t)(s->slot_count - 1));
    while (s->slots[at] != 0 && s->slots[at] != id) at = (at + 1) & (s->slot_count - 1);
    return &s->slots[at];
}

static bool grow(struct arena *a, struct id_set *s) {
    struct id_set more = {.slot_count = s->slot_count > 0 ? 2 * s->slot_count : COST_IDS_FIRST};
    more.slots = arena_try_alloc(a, sizeof *more.slots, _Alignof(int64_t), more.slot_count);
    if (more.slots == NULL) return false;
    for (int64_t i = 0; i < s->slot_count; i++)
        if (s->slots[i] != 0) *slot_of(&more, s->slots[i]) = s->slots[i];
    s->slots = more.slots;
    s->slot_count = more.slot_count;
    return true;
}

/* True: the id was not there. */
static bool add_id(struct cost *c, resource r, int64_t id) {
    struct id_set *s = &c->ids[r];
    if (id == 0) {
        const bool fresh = !s->has_zero;
        s->has_zero = true;
        return fresh;
    }
    const bool room = 2 * (s->count + 1) <= s->slot_count || grow(&c->id_memory, s);
    if (s->slot_count == 0) return true;
    int64_t *slot = slot_of(s, id);
    if (*slot == id) return false;
    if (!room) return true;
    *slot = id;
    s->count++;
    return true;
}

/* --- days ------------------------------------------------------------------------------------ */

/* NULL: older than what is kept. */
static struct day_row *row_of(struct cost *c, int64_t day) {
    if (day < 0) return NULL;
    struct day_row *row = &c->days[day % COST_DAYS];
    if (row->day > day) return NULL;
    if (row->day < day) *row = (struct day_row){.day = day};
    if (c->first_day < 0 || day < c->first_day) c->first_day = day;
    return row;
}

static const struct day_row *look_at(const struct cost *c, int64_t day) {
    static const struct day_row none = {.day = -1};
    const struct day_row *row = &c->days[day % COST_DAYS];
    return row->day == day ? row : &none;
}

static int64_t own_posts(const struct day_row *d) {
    return d->billed[RESOURCE_POST] + d->billed[RESOURCE_EVENT];
}

static int64_t posts_of(const struct day_row *d) { return i64_max(own_posts(d), d->reported); }

static int64_t spent_on(const struct cost *c, const struct day_row *d) {
    return sum_e8(d->amount_e8, price_of(c, RESOURCE_POST, posts_of(d) - own_posts(d)));
}

/* --- what is remembered ------------------------------------------------------------------------
 */

void cost_remember_id(struct cost *c, int64_t day, resource r, int64_t id) {
    turn_ids(c, day);
    if (day == c->id_day) add_id(c, r, id);
}

void cost_remember_day(struct cost *c, int64_t day, resource r, int64_t billed, money amount) {
    struct day_row *row = row_of(c, day);
    if (row == NULL || billed < 0 || money_e8(amount) < 0) return;
    row->billed[r] += billed;
    row->amount_e8 = sum_e8(row->amount_e8, money_e8(amount));
}

void cost_remember_report(struct cost *c, int64_t day, int64_t posts) {
    struct day_row *row = row_of(c, day);
    if (row != NULL) row->reported = i64_clamp(posts, row->reported, POSTS_REPORTED_MAX);
}

/* --- pace ------------------------------------------------------------------------------------ */

struct pace {
    usec month_end;
    int64_t spent, today; /* 1e-8 dollars */
    int64_t share;        /* of this day */
    int64_t level;        /* may be spent now, reservations included; negative: more was spent */
    int64_t left;         /* of the budget, the same way */
    int64_t posts, posts_left;
};

/* What a day may have at most. */
static int64_t saved_max(const struct cost *c, int64_t share) {
    return i64_max(sum_e8(share, share), price_of(c, RESOURCE_POST, COST_PAGE));
}

static void pace_at(const struct cost *c, usec now, struct pace *ret) {
    usec begin, end;
    time_utc_month(now, &begin, &end);
    const int64_t today = time_utc_day(now), budget = money_e8(c->opt.budget);
    const int64_t first = time_utc_day(begin), behind = time_utc_day(end);
    *ret = (struct pace){.month_end = end};
    for (int64_t day = first; day <= today; day++) {
        const struct day_row *d = look_at(c, day);
        const int64_t spent = spent_on(c, d);
        ret->share = i64_max(budget - ret->spent, 0) / (behind - day);
        if (day == first) ret->level = ret->share;
        ret->level = i64_max(ret->level, 0);
        const usec passed = day < today ? USEC_PER_DAY : now - today * USEC_PER_DAY;
        ret->level += scaled_e8(ret->share, passed, USEC_PER_DAY) - spent;
        ret->level = i64_min(ret->level, saved_max(c, ret->share));
        ret->spent = sum_e8(ret->spent, spent);
        ret->posts += posts_of(d);
        ret->today = spent;
    }
    ret->left = budget - ret->spent;
    ret->level = i64_min(ret->level, ret->left);
    ret->posts_left = i64_max(c->opt.posts_max - ret->posts - c->held_posts, 0);
}

static int64_t allowed_now(const struct cost *c, const struct pace *p) {
    return i64_max(p->level - c->held_e8, 0);
}

static cost_level level_of(const struct cost *c, const struct pace *p) {
    const int64_t allowed = allowed_now(c, p);
    if (p->posts_left == 0 || money_is_zero(c->opt.budget)) return COST_OUT;
    if (allowed < money_e8(c->opt.price[RESOURCE_POST])) return COST_OUT;
    return allowed < p->share / 2 ? COST_NARROW : COST_FULL;
}

cost_level cost_level_at(struct cost *c, usec now) {
    struct pace p;
    pace_at(c, now, &p);
    return level_of(c, &p);
}

/* --- reservations ------------------------------------------------------------------------------
 */

static bool is_post(resource r) { return r == RESOURCE_POST || r == RESOURCE_EVENT; }

/* When `need` may be spent. What is held back is taken as spent. */
static usec until_of(const struct cost *c, usec now, const struct pace *p, int64_t need) {
    const usec midnight = (time_utc_day(now) + 1) * USEC_PER_DAY;
    if (need > p->left - c->held_e8) return p->month_end;
    const int64_t lacking = need + c->held_e8 - p->level;
    if (p->share == 0) return midnight;
    const usec wait = (usec)(((wide)lacking * USEC_PER_DAY + p->share - 1) / p->share);
    return i64_clamp(now + wait, now + USEC_PER_S, i64_max(midnight, now + USEC_PER_S));
}

static void say_why(const struct cost *c, const struct pace *p, usec until, char why[WHY_BYTES]) {
    char time_block[TIME_TEXT_BYTES], budget_block[AMOUNT_TEXT_BYTES];
    const str at = str_head(time_format_rfc3339(until, time_block), 16);
    const str budget = amount_format_e8(money_e8(c->opt.budget), budget_block);
    if (p->posts_left == 0) {
        snprintf(why, WHY_BYTES,
                 "X's cap of %lld posts a month is used up: goes on at " STR_FMT " UTC",
                 (long long)c->opt.posts_max, STR_ARG(at));
    } else if (money_is_zero(c->opt.budget)) {
        snprintf(why, WHY_BYTES,
                 "the budget for X is 0 dollars: nothing is read that costs. Give "
                 "it a budget to begin");
    } else if (until == p->month_end) {
        snprintf(why, WHY_BYTES,
                 "the month's budget of " STR_FMT " dollars for X is used up: goes on at " STR_FMT
                 " UTC, or with a larger budget",
                 STR_ARG(budget), STR_ARG(at));
    } else {
        snprintf(why, WHY_BYTES,
                 "this day's share of the month's " STR_FMT " dollars for X is spent: more has "
                 "come in by " STR_FMT " UTC",
                 STR_ARG(budget), STR_ARG(at));
    }
}

int64_t cost_reserve(struct cost *c, usec now, resource r, int64_t most, usec *ret_until,
                     char why[WHY_BYTES]) {
    PRE(most >= 0 && r != RESOURCE_NONE);
    struct pace p;
    pace_at(c, now, &p);
    const int64_t one = money_e8(c->opt.price[r]), allowed = allowed_now(c, &p);
    int64_t count = one > 0 ? i64_min(most, allowed / one) : most;
    if (money_is_zero(c->opt.budget)) count = 0;
    if (is_post(r)) count = i64_min(count, p.posts_left);
    *ret_until = 0;
    why[0] = '\0';
    if (count < most) {
        const bool capped = is_post(r) && p.posts_left < i64_min(most, COST_PAGE);
        const bool free_of_charge = one == 0 || money_is_zero(c->opt.budget);
        *ret_until = capped || free_of_charge
                         ? p.month_end
                         : until_of(c, now, &p, price_of(c, r, i64_min(most, COST_PAGE)));
        if (count == 0) say_why(c, &p, *ret_until, why);
    }
    c->held_e8 = sum_e8(c->held_e8, price_of(c, r, count));
    if (is_post(r)) c->held_posts += count;
    return count;
}

void cost_settle(struct cost *c, usec now, resource r, int64_t reserved, const int64_t *ids,
                 int64_t count, struct arena *a, struct usage *ret) {
    PRE(reserved >= 0 && count >= 0 && r != RESOURCE_NONE);
    const int64_t day = time_utc_day(now);
    int64_t *fresh = count > 0 ? NEW_ARRAY(a, int64_t, count) : NULL;
    c->held_e8 = i64_max(c->held_e8 - price_of(c, r, reserved), 0);
    if (is_post(r)) c->held_posts = i64_max(c->held_posts - reserved, 0);
    *ret = (struct usage){.resource = r, .day = day, .returned = count, .reported = -1};
    turn_ids(c, day);
    for (int64_t i = 0; i < count; i++)
        if (add_id(c, r, ids[i])) fresh[ret->billed++] = ids[i];
    ret->ids = fresh;
    ret->amount = money_from_e8(price_of(c, r, ret->billed));
    struct day_row *row = row_of(c, day);
    if (row == NULL || count == 0) return;
    row->billed[r] += ret->billed;
    row->amount_e8 = sum_e8(row->amount_e8, money_e8(ret->amount));
}

void cost_reported(struct cost *c, usec now, int64_t day, int64_t posts, struct usage *ret) {
    *ret = (struct usage){.resource = RESOURCE_POST, .day = day, .reported = i64_max(posts, 0)};
    const int64_t today = time_utc_day(now);
    if (day > today + 1 || day <= today - COST_DAYS) return;
    cost_remember_report(c, day, ret->reported);
    ret->reported = look_at(c, day)->reported;
}

/* --- for people --------------------------------------------------------------------------------
 */

/* The month's end, at the pace of the last seven days (of fewer, where fewer are known). */
static int64_t projected_at(const struct cost *c, usec now, const struct pace *p) {
    const int64_t today = time_utc_day(now);
    const int64_t since = i64_clamp(c->first_day, today - 6, today);
    int64_t spent = 0;
    for (int64_t day = since; day <= today; day++)
        spent = sum_e8(spent, spent_on(c, look_at(c, day)));
    const usec span = i64_max(now - since * USEC_PER_DAY, USEC_PER_DAY);
    return sum_e8(p->spent, scaled_e8(spent, p->month_end - now, span));
}

void cost_view(struct cost *c, usec now, struct cost_view *ret) {
    struct pace p;
    usec begin, end;
    pace_at(c, now, &p);
    *ret = (struct cost_view){.budget = c->opt.budget,
                              .spent = money_from_e8(p.spent),
                              .today = money_from_e8(p.today),
                              .projected = money_from_e8(projected_at(c, now, &p)),
                              .allowed = money_from_e8(allowed_now(c, &p)),
                              .posts = p.posts,
                              .level = level_of(c, &p)};
    time_utc_month(now, &begin, &end);
    for (int64_t day = time_utc_day(begin); day <= time_utc_day(now); day++)
        for (int r = 0; r < RESOURCE_COUNT; r++) ret->by_resource[r] += look_at(c, day)->billed[r];
}
