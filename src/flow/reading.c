/* reading: names of the codes in a reading. */
#include "flow/reading.h"

const char *link_reason_name(link_reason r) {
    switch (r) {
#define X(name, text)                                                                              \
    case LINK_##name:                                                                              \
        return text;
        LINK_REASON_MAP(X)
#undef X
    }
    WRONG("link_reason out of range");
}

const char *miss_reason_name(miss_reason r) {
    switch (r) {
#define X(name, text)                                                                              \
    case MISS_##name:                                                                              \
        return text;
        MISS_REASON_MAP(X)
#undef X
    }
    WRONG("miss_reason out of range");
}
