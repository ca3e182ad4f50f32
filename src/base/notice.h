/* notice: the kinds of things that people can be told of, wherever they are: a name for the
 * configuration and the store, and a title for messages. Names stand in configurations, so they
 * never change and never go away. */
#ifndef BF_BASE_NOTICE_H
#define BF_BASE_NOTICE_H

#include "base/str.h"

/* name, title, may it come again and again (then the same is told once in a while), what it is */
/* clang-format off */
#define NOTICE_MAP(X)                                                                              \
    X(TRADE_OPENED, "trade_opened", "Opened", false, "a position was opened")                      \
    X(TRADE_CLOSED, "trade_closed", "Closed", false, "a position was closed, and what it came to") \
    X(TRADE_OTHER, "trade_other", "Trade", false, "an entry that did not fill, a position that was halved") \
    X(SIGNAL, "signal", "Signal", false, "in mode observe: a signal that would have been traded")  \
    X(APPROVAL, "approval", "Approval wanted", false, "in mode manual: a signal waits for a person") \
    X(MODE, "mode", "Mode", false, "somebody halted, resumed or set another mode, or such a thing came to its end") \
    X(COMMAND, "command", "Order", false, "another order of a person: flatten, close, approve, reject, a setting") \
    X(HALT, "halt", "Halted", false, "the program halted itself")                                  \
    X(DRAWDOWN, "drawdown", "Drawdown", false, "the day's loss reached its limit")                 \
    X(PROTECTION, "protection", "Protection", true, "a position stands without its stop, or an exit does not get through") \
    X(ORDER, "order", "Order", true, "an order whose outcome is not known, that vanished, or was refused") \
    X(BOOKS, "books", "Books", true, "the venue and the store do not agree: orders or fills of others, a balance that is short") \
    X(VENUE, "venue", "Venue", true, "the venue cannot be reached, or can again")                  \
    X(SOURCE, "source", "Source", true, "a source of posts needs somebody, or posts come again")   \
    X(DEAD_LETTERS, "dead_letters", "Dead letters", true, "many pieces of input could not be used, or hardly any are any more") \
    X(TRADER, "trader", "Trader", true, "no trader is at work any more, or one is again")          \
    X(STORE, "store", "Database", true, "the database cannot be used, or can again")               \
    X(SYSTEM, "system", "System", true, "whatever else somebody should look at")                   \
    X(TEST, "test", "Test", false, "what bullfinch notify test sends")
/* clang-format on */
typedef enum notice_kind {
#define X(name, text, title, again, help) NOTICE_##name,
    NOTICE_MAP(X)
#undef X
        NOTICE_COUNT
} notice_kind;
#define NOTICE_ALL ((UINT32_C(1) << NOTICE_COUNT) - 1)

const char *notice_name(notice_kind k);
const char *notice_title(notice_kind k);
const char *notice_help(notice_kind k);
bool notice_comes_again(notice_kind k);
MUST_CHECK bool notice_from_name(str s, notice_kind *ret);

/* One word of a list: "venue" adds, "-venue" takes away, "all" adds all. False: it names none. */
MUST_CHECK bool notice_choose(str word, uint32_t *mask);

#endif
