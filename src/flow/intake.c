/* intake: the names of its words. Pure. */
#include "flow/intake.h"

#define NAMES(type, function, MAP)                                                                 \
    static const char *const function##_names[] = {MAP(TEXT)};                                     \
    const char *function##_name(type v) {                                                          \
        PRE(v >= 0 && v < COUNT_OF(function##_names));                                             \
        return function##_names[v];                                                                \
    }                                                                                              \
    bool function##_from_name(str s, type *ret) {                                                  \
        for (int i = 0; i < COUNT_OF(function##_names); i++) {                                     \
            if (!str_eq(s, str_from_z(function##_names[i]))) continue;                             \
            *ret = (type)i;                                                                        \
            return true;                                                                           \
        }                                                                                          \
        return false;                                                                              \
    }
#define TEXT(name, text) text,

NAMES(resource, resource, RESOURCE_MAP)
NAMES(gap_state, gap_state, GAP_STATE_MAP)
NAMES(source_state, source_state, SOURCE_STATE_MAP)

bool source_state_is_unusual(source_state s) {
    switch (s) {
    case SOURCE_STARTING:
    case SOURCE_LIVE:
    case SOURCE_RETRYING:
    case SOURCE_ENDED:
        return false;
    case SOURCE_BROKEN:
    case SOURCE_LIMITED:
    case SOURCE_CONNECTIONS:
    case SOURCE_USAGE_CAP:
    case SOURCE_CREDITS:
    case SOURCE_SPEND_CAP:
    case SOURCE_BUDGET:
    case SOURCE_TOKEN:
    case SOURCE_FORBIDDEN:
    case SOURCE_CONFIG:
        return true;
    case SOURCE_STATE_COUNT:
        break;
    }
    WRONG("source state out of its list");
}
