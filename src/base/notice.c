/* Names of the kinds of things that people can be told of, and lists of them. Pure; any thread. */
#include "base/notice.h"

static const struct {
    const char *name, *title, *help;
    bool again;
} kinds[] = {
#define X(name, text, title, again, help) {text, title, help, again},
    NOTICE_MAP(X)
#undef X
};
_Static_assert(COUNT_OF(kinds) == NOTICE_COUNT && NOTICE_COUNT < 32, "a bit each");

const char *notice_name(notice_kind k) {
    PRE(k >= 0 && k < NOTICE_COUNT);
    return kinds[k].name;
}

const char *notice_title(notice_kind k) {
    PRE(k >= 0 && k < NOTICE_COUNT);
    return kinds[k].title;
}

const char *notice_help(notice_kind k) {
    PRE(k >= 0 && k < NOTICE_COUNT);
    return kinds[k].help;
}

bool notice_comes_again(notice_kind k) {
    PRE(k >= 0 && k < NOTICE_COUNT);
    return kinds[k].again;
}

bool notice_from_name(str s, notice_kind *ret) {
    for (int i = 0; i < NOTICE_COUNT; i++) {
        if (!str_eq(s, str_from_z(kinds[i].name))) continue;
        *ret = (notice_kind)i;
        return true;
    }
    return false;
}

bool notice_choose(str word, uint32_t *mask) {
    notice_kind k;
    const bool without = str_starts(word, STR("-"));
    if (without) word = str_tail(word, 1);
    uint32_t bits;
    if (str_eq(word, STR("all")))
        bits = NOTICE_ALL;
    else if (notice_from_name(word, &k))
        bits = BIT(k);
    else
        return false;
    *mask = without ? *mask & ~bits : *mask | bits;
    return true;
}
