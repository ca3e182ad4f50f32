/* cost: what posts from X cost, and how a month's money lasts for the month.
 *
 * X bills each resource that it returns, once per UTC day (docs.x.com, pricing and post-cap; prices
 * are configuration). The governor counts that the same way, allows or narrows what would be asked
 * next, and says until when where it says no. Pure but for its memory: time is a parameter. Its
 * callers (x_account.c) hold a lock around it; all sources of one X account share one.
 *
 * Pace: what is left of the month's budget, spread over what is left of the month, saved up for at
 * most two days (and always for one small page); a month begins with a day's share. Under half a
 * day's share left it is narrow: sources ask for less (one small page, only the listed authors).
 * With nothing left it says no until more has accrued, or until the first of next month (UTC). All
 * of that follows from the sums of the days, so a restart that remembers them has the same view. */
#ifndef BF_SOURCE_COST_H
#define BF_SOURCE_COST_H

#include "base/arena.h"
#include "flow/intake.h"

struct cost;

struct cost_options {
    money price[RESOURCE_COUNT]; /* dollars for one */
    money budget;                /* dollars a calendar month (UTC); 0: nothing may be spent */
    int64_t posts_max;           /* posts a month: X's own cap */
};
struct cost *cost_new(struct arena *boot, const struct cost_options *opt);
void cost_close(struct cost *c); /* the memory of the ids; NULL is fine */

/* What the store remembers, before anything is asked: the ids billed today, the month's sums. */
void cost_remember_id(struct cost *c, int64_t day, resource r, int64_t id);
void cost_remember_day(struct cost *c, int64_t day, resource r, int64_t billed, money amount);
void cost_remember_report(struct cost *c, int64_t day, int64_t posts);

typedef enum cost_level {
    COST_FULL,
    COST_NARROW,
    COST_OUT /* nothing may be asked that costs */
} cost_level;
cost_level cost_level_at(struct cost *c, usec now);

/* May `most` resources be asked for? Returns how many (0 to most) and holds their price back until
 * it is settled. Where that is not all, *ret_until says when COST_PAGE of them (all, where `most`
 * is less) will be to be had if nothing else is spent, else it is 0. Where it is none, `why` says
 * so to people, else it is "". */
#define COST_PAGE 10 /* the smallest page that X's search gives */
int64_t cost_reserve(struct cost *c, usec now, resource r, int64_t most, usec *ret_until,
                     char why[WHY_BYTES]);
/* What came of a reservation of `reserved`: `count` resources with these ids (0: a failed call).
 * Fills ret with what is to be stored; its ids are from `a`. Also without a reservation (streams
 * deliver what they deliver): reserved 0. */
void cost_settle(struct cost *c, usec now, resource r, int64_t reserved, const int64_t *ids,
                 int64_t count, struct arena *a, struct usage *ret);
/* X's own count of a day's posts. Where it is higher than ours (answers that were lost on the way
 * are billed all the same) it counts. ret: as above. */
void cost_reported(struct cost *c, usec now, int64_t day, int64_t posts, struct usage *ret);

struct cost_view {
    money budget, spent, today; /* of this month; of this UTC day */
    money projected;            /* the month's end at the pace of the last 7 days */
    money allowed;              /* may be spent now */
    int64_t posts;              /* billed this month */
    int64_t by_resource[RESOURCE_COUNT];
    cost_level level;
};
void cost_view(struct cost *c, usec now, struct cost_view *ret);

#endif
