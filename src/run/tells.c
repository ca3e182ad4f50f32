/* Which words of the trader become notices, and of which kind. In: a TELL. Out: a notice, or none.
 * One that is not listed is told as SYSTEM where it is unusual, so that nothing new goes unheard.
 * Pure; any thread. */
#include "run/tells.h"

#define LOG_ONLY NOTICE_COUNT

static const struct {
    const char *event;
    notice_kind kind;
} kinds[] = {
    {"trade_opened", NOTICE_TRADE_OPENED},
    {"trade_closed", NOTICE_TRADE_CLOSED},
    {"trade_shrunk", NOTICE_TRADE_OTHER},
    {"entry_not_filled", NOTICE_TRADE_OTHER},
    {"signal", NOTICE_SIGNAL},
    {"approval_wanted", NOTICE_APPROVAL},
    {"testnet_reset", NOTICE_HALT},
    {"drawdown", NOTICE_DRAWDOWN},
    {"position_bare", NOTICE_PROTECTION},
    {"exit_delayed", NOTICE_PROTECTION},
    {"exit_stuck", NOTICE_PROTECTION},
    {"exit_refused", NOTICE_PROTECTION},
    {"outcome_unknown", NOTICE_ORDER},
    {"order_vanished", NOTICE_ORDER},
    {"entry_refused", NOTICE_ORDER},
    {"report_contradicts", NOTICE_BOOKS},
    {"fill_does_not_fit", NOTICE_BOOKS},
    {"fill_unexplained", NOTICE_BOOKS},
    {"fills_missed", NOTICE_BOOKS},
    {"fee_in_another_asset", NOTICE_BOOKS},
    {"order_not_ours", NOTICE_BOOKS},
    {"stray_order", NOTICE_BOOKS},
    {"order_adopted", NOTICE_BOOKS},
    {"strange_order", NOTICE_BOOKS},
    {"balance_short", NOTICE_BOOKS},
    {"no_balance", NOTICE_BOOKS},
    {"foreign_bot", NOTICE_BOOKS},
    {"lost_trade", NOTICE_BOOKS},
    {"coins_gone", NOTICE_BOOKS},
    {"compared", LOG_ONLY},
    {"symbol", LOG_ONLY},
    {"equity_too_small", LOG_ONLY}, /* of each symbol, at each start */
};

/* Who ordered a mode is told with the order; that it has come to its end only the trader knows. */
static notice_kind kind_of_mode(const char *text) {
    return strstr(text, " is over: ") != NULL ? NOTICE_MODE : LOG_ONLY;
}

/* What belongs to each start and each reconnection is no news. */
static notice_kind kind_of_venue(str text) {
    const bool usual =
        str_starts(text, STR("comparing everything")) || str_ends(text, STR(": connecting"));
    return usual ? LOG_ONLY : NOTICE_VENUE;
}

static notice_kind kind_of(const struct action *a) {
    const char *const event = a->u.tell.event;
    if (strcmp(event, "venue") == 0) return kind_of_venue(str_from_z(a->u.tell.text));
    if (strcmp(event, "mode") == 0) return kind_of_mode(a->u.tell.text);
    for (int i = 0; i < COUNT_OF(kinds); i++)
        if (strcmp(event, kinds[i].event) == 0) return kinds[i].kind;
    return a->u.tell.level == TELL_INFO ? LOG_ONLY : NOTICE_SYSTEM;
}

bool tell_notice(const struct action *a, usec now, struct notice *ret) {
    if (a->kind != ACTION_TELL) return false;
    const notice_kind kind = kind_of(a);
    if (kind == LOG_ONLY) return false;
    notice_make(ret, now, kind, a->u.tell.event, str_from_z(a->u.tell.text));
    return true;
}
