/* priced_in: the return since the post over what the price usually did before it.
 *
 *   moved  = price now / price at the post's own time - 1, in the signal's direction
 *   usual  = volatility before the post * sqrt(time since that price, at least a minute)
 *   sigmas = moved / usual
 *   factor = 1 - (sigmas / judge.priced_in_sigmas)^2, and 0 from judge.priced_in_percent on
 *
 * In: a signal with what was seen when it was posted (price, its time, volatility up to it), and
 * the first price that it could be traded at. Out: the factor; what was measured stays in the
 * signal. Nothing here is newer than the post but the price now and its time.
 *
 * A move against the signal leaves the factor at one: it says that the market disagrees, not that
 * it has taken the news in; what it costs to be wrong is the stop's business.
 *
 * A move under USUAL_LEAST is noise however still the price was: one tick of a flat line is no
 * news. Where the volatility is not known (a start, a gap) the factor falls to the plain percentage
 * in the same way: 1 - (moved / judge.priced_in_percent)^2.
 * Thread: the trader's; pure. */
#include "flow/judge/priced_in.h"

#include "config/config.h"
#include "flow/judge/volatility.h"

__extension__ typedef __int128 wide_int;

#define USUAL_LEAST (5 * E8 / BP_ONE)   /* 5 basis points, about what the spread and a tick make */
#define SIGMAS_MAX (INT64_C(1000) * E8) /* beyond it the number says nothing more */

/* a / b in 1e-8, within 0..most. */
static int64_t share(int64_t a, int64_t b, int64_t most) {
    if (a <= 0) return 0;
    const wide_int e8 = (wide_int)a * E8 / b;
    return e8 > most ? most : (int64_t)e8;
}

int32_t priced_in_factor(const struct config *cfg, struct signal *s, usec now, price now_price) {
    PRE(!price_is_zero(s->seen) && s->seen_volatility >= 0);
    const int64_t up = price_move(s->seen, now_price);
    s->moved = s->side == SIDE_SHORT ? -up : up;
    const int64_t percent_most = i64_max(cfg->judge_priced_in_percent, E8 / BP_ONE);
    int64_t used = share(s->moved, percent_most, E8);
    s->sigmas = 0;
    if (s->seen_volatility > 0) {
        const usec span = i64_max(now - s->seen_at, USEC_PER_MIN);
        const int64_t usual = i64_max(volatility_over(s->seen_volatility, span), USUAL_LEAST);
        s->sigmas = share(s->moved, usual, SIGMAS_MAX);
        if (cfg->judge_priced_in_sigmas > 0 && used < E8) {
            used = share(s->sigmas, cfg->judge_priced_in_sigmas, E8);
        }
    }
    const int64_t left = E8 - used * used / E8; /* used is at most one: 1e16 */
    return (int32_t)(left / (E8 / BP_ONE));
}
