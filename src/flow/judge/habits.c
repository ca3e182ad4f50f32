/* habits: does a post depart from all that its author wrote before?
 *
 * An account that was taken over writes of a coin that its owner never named, links to a host that
 * he never linked to, at an hour at which he sleeps. Each of these is a departure, once there is
 * enough to compare with (judge.guard_posts over judge.guard_days). What departed becomes habit a
 * day after it first came up, not sooner: else the second post of a thief would pass. The hour is
 * odd when nothing was ever posted in it nor in the hour before or after.
 *
 * The filters forget nothing and so fill up in time: an author of eighty coins has some 60 % of the
 * bits, and one new coin in five passes for known. That errs on the side of silence. Integers only;
 * the trader's thread alone. */
#include "flow/judge/judge_int.h"

static uint64_t bit_of(uint64_t h, int k) { return UINT64_C(1) << (h >> (8 * k) & 63); }
static int word_of(uint64_t h, int k) { return (int)(h >> (8 * k + 6) & (HABIT_WORDS - 1)); }

static bool filter_has(const uint64_t f[HABIT_WORDS], uint64_t h) {
    for (int k = 0; k < 3; k++) {
        if ((f[word_of(h, k)] & bit_of(h, k)) == 0) return false;
    }
    return true;
}

static void filter_add(uint64_t f[HABIT_WORDS], uint64_t h) {
    for (int k = 0; k < 3; k++) f[word_of(h, k)] |= bit_of(h, k);
}

static unsigned hour_of(usec at) { return (unsigned)(at / USEC_PER_HOUR % 24); }

static bool is_odd_hour(const struct habit *h, unsigned hour) {
    return h->hours[(hour + 23) % 24] == 0 && h->hours[hour] == 0 && h->hours[(hour + 1) % 24] == 0;
}

/* A day after the first of them the departures are habit. */
static void settle(struct habit *h, usec now) {
    if (h->new_since == 0 || now - h->new_since < JUDGE_WINDOW) return;
    for (int i = 0; i < HABIT_WORDS; i++) {
        h->coins[i] |= h->new_coins[i];
        h->hosts[i] |= h->new_hosts[i];
        h->new_coins[i] = h->new_hosts[i] = 0;
    }
    for (unsigned i = 0; i < 24; i++) {
        if ((h->new_hours >> i & 1) != 0 && h->hours[i] == 0) h->hours[i] = 1;
    }
    h->new_hours = 0;
    h->new_since = 0;
}

static void learn(struct habit *h, usec now, const struct reading *r, const struct opinion *op) {
    const unsigned hour = hour_of(r->post->created_at);
    const bool late = op->guarded; /* what is new waits for its day */
    bool new_one = false;
    for (int i = 0; i < r->mention_count; i++) {
        if (filter_has(h->coins, op->coins[i])) continue;
        filter_add(late ? h->new_coins : h->coins, op->coins[i]);
        new_one = true;
    }
    for (int i = 0; i < r->host_count; i++) {
        if (filter_has(h->hosts, r->hosts[i])) continue;
        filter_add(late ? h->new_hosts : h->hosts, r->hosts[i]);
        new_one = true;
    }
    if ((op->departures & DEPARTURE_BIT(ODD_HOUR)) != 0) {
        h->new_hours |= 1u << hour;
        new_one = true;
    } else if (h->hours[hour] < UINT8_MAX) {
        h->hours[hour]++;
    }
    if (late && new_one && h->new_since == 0) h->new_since = now;
}

void judge_habits(const struct config *cfg, usec now, const struct reading *r, struct opinion *op) {
    struct author *a = op->author;
    struct habit *h = &a->habit;
    if (r->post->created_at < 0) return; /* before 1970: nobody's hour */
    settle(h, now);
    const bool known = a->first_seen != 0 && a->posts > cfg->judge_guard_posts &&
                       now - a->first_seen >= cfg->judge_guard_days * USEC_PER_DAY;
    op->guarded = known && !str_eq(cfg->judge_guard, STR("off"));
    if (op->guarded) {
        if (is_odd_hour(h, hour_of(r->post->created_at))) op->departures = DEPARTURE_BIT(ODD_HOUR);
        for (int i = 0; i < r->host_count; i++) {
            if (!filter_has(h->hosts, r->hosts[i])) op->departures |= DEPARTURE_BIT(NEW_LINK);
        }
    }
    learn(h, now, r, op);
}

bool judge_is_new_coin(const struct opinion *op, int mention_idx) {
    PRE(op->guarded);
    return !filter_has(op->author->habit.coins, op->coins[mention_idx]);
}
