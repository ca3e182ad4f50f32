/* appraise: the judge's word on one post alone: no memory of other posts or of authors, no prices.
 *
 * For people who ask what a post is worth; factors that need what is not there stand at one. And
 * for processes that read posts for a trader elsewhere: is it his concern? */
#ifndef BF_FLOW_APPRAISE_H
#define BF_FLOW_APPRAISE_H

#include "base/arena.h"
#include "flow/reading.h"
#include "flow/signal.h"

struct config;
struct appraiser;

/* Made in `boot`; cfg: borrowed, as long as the appraiser. */
struct appraiser *appraiser_open(struct arena *boot, const struct config *cfg);

/* Fills symbol, side, parts, scores and reason of ret[0..mention_count), as if each post came first
 * and at once. Changes nothing: any number of threads. */
void appraise(const struct appraiser *a, const struct reading *r, struct signal ret[MENTIONS_MAX]);

/* Could the trader do more with the post than store it, or learn something of an author who may be
 * traded? Else its outcome is NO_COIN, whoever writes it down. Any number of threads. */
bool appraise_concerns_trader(const struct appraiser *a, const struct reading *r);
/* Another configuration from now on, borrowed as the first; nobody else asks meanwhile. */
void appraiser_configure(struct appraiser *a, const struct config *cfg);

#endif
