/* Names: the text of every enum of the contracts, both ways.
 *
 * Each list stands once, in its header (X-macro); here it becomes a table. The names are stable:
 * they stand in the store, in the ledger and in metrics. */
#include "flow/control.h"
#include "flow/event.h"
#include "flow/order.h"
#include "flow/reason.h"
#include "flow/signal.h"
#include "flow/trade.h"

/* Index of `s` in a table of names, -1 if it is none of them. */
static int name_find(str s, const char *const *names, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++) {
        if (str_eq(s, str_from_z(names[i]))) return (int)i;
    }
    return -1;
}

static const char *name_at(unsigned i, const char *const *names, ptrdiff_t count) {
    PRE((ptrdiff_t)i < count);
    return names[i];
}

/* Defines NAME_name and NAME_from_name over a table. */
#define NAMED(type, get, from, table)                                                              \
    const char *get(type v) { return name_at((unsigned)v, table, COUNT_OF(table)); }               \
    bool from(str s, type *ret) {                                                                  \
        const int i = name_find(s, table, COUNT_OF(table));                                        \
        if (i < 0) return false;                                                                   \
        *ret = (type)i;                                                                            \
        return true;                                                                               \
    }

static const char *const reason_names[] = {
#define X(name, text) #name,
    REASON_MAP(X)
#undef X
};
static const char *const reason_texts[] = {
#define X(name, text) text,
    REASON_MAP(X)
#undef X
};
NAMED(reason, reason_name, reason_from_name, reason_names)
const char *reason_text(reason r) {
    return name_at((unsigned)r, reason_texts, COUNT_OF(reason_texts));
}

static const char *const mode_names[] = {
#define X(name, text) text,
    MODE_MAP(X)
#undef X
};
NAMED(mode, mode_name, mode_from_name, mode_names)

const char *venue_state_name(venue_state v) {
    static const char *const names[] = {
#define X(name, text) text,
        VENUE_STATE_MAP(X)
#undef X
    };
    PRE(v >= 0 && v < COUNT_OF(names));
    return names[v];
}

static const char *const verb_names[] = {
#define X(name, text) text,
    COMMAND_MAP(X)
#undef X
};
NAMED(verb, verb_name, verb_from_name, verb_names)

static const char *const verdict_names[] = {"waiting", "traded", "refused"};
NAMED(verdict, verdict_name, verdict_from_name, verdict_names)

static const char *const trade_status_names[] = {"OPEN", "CLOSED", "CANCELLED"};
NAMED(trade_status, trade_status_name, trade_status_from_name, trade_status_names)

static const char *const order_state_names[] = {
#define X(name, text, next) text,
    ORDER_STATE_MAP(X)
#undef X
};
NAMED(order_state, order_state_name, order_state_from_name, order_state_names)

static const char *const order_type_names[] = {
#define X(name, text) text,
    ORDER_TYPE_MAP(X)
#undef X
};
NAMED(order_type, order_type_name, order_type_from_name, order_type_names)

static const char *const order_side_names[] = {"BUY", "SELL"};
NAMED(order_side, order_side_name, order_side_from_name, order_side_names)

static const char *const side_names[] = {"NONE", "LONG", "SHORT"};
NAMED(side, side_name, side_from_name, side_names)

static const char *const leg_names[] = {"none", "entry", "stop", "target", "exit"};
NAMED(leg, leg_name, leg_from_name, leg_names)

static const char *const tif_names[] = {"NONE", "GTC", "IOC", "FOK"};
NAMED(tif, tif_name, tif_from_name, tif_names)

static const char *const memory_voice_names[] = {
#define X(name, text) text,
    MEMORY_VOICE_MAP(X)
#undef X
};
NAMED(memory_voice, memory_voice_name, memory_voice_from_name, memory_voice_names)

static const char *const action_kind_names[] = {
#define X(name, text) text,
    ACTION_MAP(X)
#undef X
};
const char *action_kind_name(action_kind k) {
    return name_at((unsigned)k, action_kind_names, COUNT_OF(action_kind_names));
}

static const struct part_info part_infos[] = {
#define X(name, word, least, most, meaning) {#word, least, most, meaning},
    PART_MAP(X)
#undef X
};
const struct part_info *part_info(part p) {
    PRE((unsigned)p < PART_COUNT);
    return &part_infos[p];
}
const char *part_name(part p) { return part_info(p)->name; }
