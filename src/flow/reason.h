/* reason: why a signal, an intent or a trade came to its end. Each refusal carries one of these
 * codes; the text is what people read. Stable names: they stand in the store and in metrics. */
#ifndef BF_FLOW_REASON_H
#define BF_FLOW_REASON_H

#include "base/str.h"

#define REASON_MAP(X)                                                                              \
    X(NONE, "no reason")                                                                           \
    /* of the post */                                                                              \
    X(NO_COIN, "the post is about no coin")                                                        \
    X(ABSTAIN, "no opinion towards the coin")                                                      \
    X(BELOW_THRESHOLD, "score under trading.signal_threshold")                                     \
    X(STALE, "older than trading.max_signal_age_s at receipt")                                     \
    X(FUTURE_TIME, "dated more than 2 s ahead of its receipt")                                     \
    X(EDIT, "a newer version of the post was judged before")                                       \
    X(RETRACTED, "an edit took back what the post had said")                                       \
    X(DELETED, "the post was deleted")                                                             \
    X(DENIED, "its author took it back in a later post")                                           \
    X(COPY, "a copy of a post of the last 24 hours")                                               \
    X(RETWEET, "a retweet adds no opinion of its own")                                             \
    X(LOOKALIKE, "the author's name imitates a watched one")                                       \
    X(SCAM, "giveaway or phishing pattern")                                                        \
    X(STRANGER, "the author is not in judge.author_weights, and the source lets anybody in")       \
    X(HELD, "it departs from its author's habits, and nobody else said the same")                  \
    X(MUTED_AUTHOR, "the author is muted")                                                         \
    X(MUTED_SYMBOL, "the symbol is muted")                                                         \
    X(PRICED_IN, "the price had moved already")                                                    \
    X(FAILED, "it could not be read or decided on: bullfinch dlq list")                            \
    /* of the market */                                                                            \
    X(NO_PRICE, "no price for the symbol at that time")                                            \
    X(NOT_LISTED, "the venue does not list the symbol")                                            \
    X(NOT_TRADING, "the symbol is not in trading")                                                 \
    /* of the risk rules */                                                                        \
    X(HALTED, "trading is halted")                                                                 \
    X(OBSERVE, "mode observe places no orders")                                                    \
    X(DRAWDOWN, "the day's loss reached trading.max_daily_drawdown")                               \
    X(POSITION_EXISTS, "there is a position or an entry in the symbol")                            \
    X(MAX_POSITIONS, "trading.max_open_positions reached")                                         \
    X(COOLDOWN_SYMBOL, "the symbol rests after its last trade")                                    \
    X(COOLDOWN_AUTHOR, "the author rests after the last trade")                                    \
    X(AUTHOR_CAP, "trading.author_trades_per_day reached")                                         \
    X(SHORT_OFF, "shorts are off or the venue cannot")                                             \
    X(REWARD_RISK, "too little reward for the risk after costs")                                   \
    X(MIN_QTY, "the size is under the symbol's least quantity")                                    \
    X(MIN_NOTIONAL, "the size is under the symbol's least notional")                               \
    X(LEVERAGE, "positions would exceed trading.leverage")                                         \
    X(NO_FUNDS, "not enough free balance")                                                         \
    X(PRICE_RANGE, "a price level outside the symbol's filters")                                   \
    X(DUPLICATE, "an intent for this post, symbol and strategy exists")                            \
    X(OVERLOADED, "no room for the request")                                                       \
    X(LATE, "the intent could not be sent in time")                                                \
    X(WAITED_TOO_LONG, "nobody approved it in time")                                               \
    X(REJECTED_BY_USER, "rejected by a person")                                                    \
    X(REDUCE_ONLY, "restarted after a failed check: repairs only")                                 \
    /* of the venue */                                                                             \
    X(VENUE_REJECTED, "the venue rejected the entry")                                              \
    X(VENUE_DOWN, "the venue cannot be reached, or does not let us in")                            \
    X(RECONCILING, "not yet compared with the venue")                                              \
    X(FOREIGN_BOT, "orders of another bullfinch, or of a lost trade, stand on the account")        \
    X(NOT_FILLED, "the entry could not be filled within its price limit")                          \
    /* why a trade was closed */                                                                   \
    X(STOP, "stop reached")                                                                        \
    X(TARGET, "target reached")                                                                    \
    X(TIME_LIMIT, "held for trading.max_hold_s")                                                   \
    X(FLATTENED, "closed by a person")                                                             \
    X(RETRACTION, "the post was taken back")                                                       \
    X(UNPROTECTED, "it stood without protection")                                                  \
    X(OPPOSITE, "a later post said the opposite, and the venue has no shorts")                     \
    X(TESTNET_RESET, "the test network was wiped, and what was held with it")                      \
    X(DUST, "the rest is too small to sell")                                                       \
    X(COINS_GONE, "the account did not have the coins any more")

typedef enum reason {
#define X(name, text) REASON_##name,
    REASON_MAP(X)
#undef X
        REASON_COUNT
} reason;

const char *reason_name(reason r); /* "NO_PRICE" */
const char *reason_text(reason r);
MUST_CHECK bool reason_from_name(str name, reason *ret);

#endif
