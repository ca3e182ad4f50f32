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

const char *miss_reason_text(miss_reason r) {
    switch (r) {
    case MISS_NONE:
        return "no reason";
    case MISS_AMBIGUOUS_WORD:
        return "an ordinary word here: nothing around it speaks of a coin";
    case MISS_NOT_LISTED:
        return "the venue does not trade it";
    case MISS_OTHER_ASSET:
        return "another asset than the coin that it sounds like";
    case MISS_STOCK:
        return "a share";
    case MISS_INSIDE_WORD:
        return "only a part of a word";
    case MISS_INSIDE_LINK:
        return "part of a link or of a user's name";
    case MISS_TOO_MANY:
        return "one coin of too many: a list, no opinion";
    }
    WRONG("miss_reason out of range");
}

const char *cue_name(cue c) {
    static const char *const names[] = {
#define X(name, text) text,
        CUE_MAP(X)
#undef X
    };
    PRE(c >= 0 && c < CUE_COUNT);
    return names[c];
}
