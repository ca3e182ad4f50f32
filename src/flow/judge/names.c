/* names: who wrote it, and does his name imitate one that is watched?
 *
 * Look-alikes: two names with the same skeleton look the same to a hurried reader. The skeleton
 * folds case, drops separators and maps what is drawn alike in Latin, digits and Cyrillic. In: the
 * names that the configuration gives a weight, and the name of an author. Pure. */
#include "flow/judge/judge_int.h"

static char fold_ascii(char c) {
    if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
    switch (c) {
    case '0':
        return 'o';
    case '1':
    case 'i':
    case '|':
        return 'l';
    case '3':
        return 'e';
    case '4':
        return 'a';
    case '5':
        return 's';
    case '7':
        return 't';
    case '8':
        return 'b';
    case '_':
    case '-':
    case '.':
        return '\0';
    default: /* not an enum */
        return c;
    }
}

/* clang-format off */
static const struct {
    uint32_t cp;
    char like;
} look_alikes[] = {
    /* Cyrillic */
    {0x430, 'a'}, {0x410, 'a'}, {0x435, 'e'}, {0x415, 'e'}, {0x43E, 'o'}, {0x41E, 'o'},
    {0x440, 'p'}, {0x420, 'p'}, {0x441, 'c'}, {0x421, 'c'}, {0x445, 'x'}, {0x425, 'x'},
    {0x443, 'y'}, {0x423, 'y'}, {0x456, 'l'}, {0x406, 'l'}, {0x455, 's'}, {0x405, 's'},
    {0x458, 'j'}, {0x408, 'j'}, {0x43A, 'k'}, {0x41A, 'k'}, {0x442, 't'}, {0x422, 't'},
    {0x43D, 'h'}, {0x41D, 'h'}, {0x412, 'b'}, {0x432, 'b'}, {0x41C, 'm'}, {0x43C, 'm'},
    {0x4BB, 'h'}, {0x4CF, 'l'}, {0x501, 'd'}, {0x51B, 'q'}, {0x51D, 'w'},
    /* Greek */
    {0x3BF, 'o'}, {0x39F, 'o'}, {0x3B1, 'a'}, {0x391, 'a'}, {0x392, 'b'}, {0x395, 'e'},
    {0x397, 'h'}, {0x399, 'l'}, {0x3B9, 'l'}, {0x39A, 'k'}, {0x3BA, 'k'}, {0x39C, 'm'},
    {0x39D, 'n'}, {0x3BD, 'v'}, {0x3A1, 'p'}, {0x3C1, 'p'}, {0x3A4, 't'}, {0x3C4, 't'},
    {0x3A5, 'y'}, {0x3A7, 'x'}, {0x3C7, 'x'},
    /* Latin with a twist */
    {0x131, 'l'}, {0x261, 'g'}, {0x269, 'l'},
};
/* clang-format on */

static char fold_wide(uint32_t cp) {
    if (cp >= 0xFF21 && cp <= 0xFF5A) return fold_ascii((char)(cp - 0xFF21 + 'A')); /* full width */
    for (ptrdiff_t i = 0; i < COUNT_OF(look_alikes); i++) {
        if (look_alikes[i].cp == cp) return look_alikes[i].like;
    }
    return '?';
}

/* Skeleton of a name, at most AUTHOR_BYTES bytes; also "rn" reads as "m", "vv" as "w". */
static ptrdiff_t skeleton(str name, char ret[AUTHOR_BYTES]) {
    ptrdiff_t n = 0;
    for (ptrdiff_t pos = 0; pos < name.n && n < AUTHOR_BYTES - 1;) {
        const uint32_t cp = str_utf8_next(name, &pos);
        const char c = cp < 0x80 ? fold_ascii((char)cp) : fold_wide(cp);
        if (c == '\0') continue;
        if (c == 'n' && n > 0 && ret[n - 1] == 'r')
            ret[n - 1] = 'm';
        else if (c == 'v' && n > 0 && ret[n - 1] == 'v')
            ret[n - 1] = 'w';
        else
            ret[n++] = c;
    }
    ret[n] = '\0';
    return n;
}

void judge_author_key(const struct post *p, char ret[AUTHOR_BYTES]) {
    struct buf b;
    buf_init_fixed(&b, ret, AUTHOR_BYTES);
    buf_put(&b, p->source);
    buf_put_byte(&b, ':');
    if (p->author_id.n == 0) buf_put_byte(&b, '@');
    buf_put(&b, p->author_id.n > 0 ? p->author_id : p->username);
}

/* Does a name in the configuration ("name", "@name" or "source:id") mean this author? */
static bool names_author(str entry, str key, str username) {
    if (str_find_byte(entry, ':') >= 0) return str_eq(entry, key);
    if (str_starts(entry, STR("@"))) entry = str_tail(entry, 1);
    return str_eq_nocase(entry, username);
}

int judge_list_find(const struct config_list *list, str key, str username) {
    for (int i = 0; i < list->count; i++) {
        if (names_author(list->names[i], key, username)) return i;
    }
    return -1;
}

bool judge_is_lookalike(const struct judge *j, str username) {
    char own[AUTHOR_BYTES];
    const str mine = str_from_bytes(own, skeleton(username, own));
    if (mine.n < 4) return false; /* too short to imitate anybody */
    bool alike = false;
    for (int i = 0; i < j->watched_count; i++) {
        if (str_eq_nocase(username, j->watched_names[i])) return false; /* is one himself */
        alike = alike || str_eq(mine, j->watched[i]);
    }
    return alike;
}

void judge_watch_names(struct judge *j, struct arena *boot) {
    const struct config_list *w = &j->cfg->judge_author_weights;
    j->watched = NEW_ARRAY(boot, str, JUDGE_WATCHED_MAX);
    j->watched_names = NEW_ARRAY(boot, str, JUDGE_WATCHED_MAX);
    for (int i = 0; i < w->count && j->watched_count < JUDGE_WATCHED_MAX; i++) {
        str name = w->names[i];
        if (str_find_byte(name, ':') >= 0 || w->weights[i] == 0) continue;
        if (str_starts(name, STR("@"))) name = str_tail(name, 1);
        char block[AUTHOR_BYTES];
        j->watched[j->watched_count] = str_dup(boot, str_from_bytes(block, skeleton(name, block)));
        j->watched_names[j->watched_count++] = name;
    }
}
