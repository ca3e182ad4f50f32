/* names: how the name of an author looks, so that imitations of a watched one can be found.
 *
 * Two names with the same skeleton look the same to a hurried reader: the skeleton folds case,
 * drops separators, maps what is drawn alike in Latin, digits, Cyrillic and Greek, takes accents
 * away, and reads doubled letters once. Imitators also add to a name: digits around it, "official",
 * "real" and the like; without these it is the core. Pure; any bytes have a look. */
#include "flow/judge/judge_int.h"

#include "base/buf.h"

#define SKELETON_LEAST 4 /* characters; a shorter name looks like others by chance */
#define CORE_LEAST 5
#define AFFIXES_MOST 3 /* taken from a name */

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

/* U+00C0 to U+017F without their accents; '?' stands for what is no letter of ours. */
static const char accents[] = "aaaaaaaceeeeiiii?nooooo?ouuuuy?s" /* 00C0 */
                              "aaaaaaaceeeeiiii?nooooo?ouuuuy?y" /* 00E0 */
                              "aaaaaaccccccccddddeeeeeeeeeegggg" /* 0100 */
                              "gggghhhhiiiiiiiiii??jjkkklllllll" /* 0120 */
                              "lllnnnnnnnnnoooooooorrrrrrssssss" /* 0140 */
                              "ssttttttuuuuuuuuuuuuwwyyyzzzzzzs" /* 0160 */;
_Static_assert(sizeof accents == 0x180 - 0xC0 + 1, "one character a code point");

static char fold_wide(uint32_t cp) {
    if (cp >= 0xFF10 && cp <= 0xFF5A) return fold_ascii((char)(cp - 0xFF10 + '0')); /* full width */
    if (cp >= 0xC0 && cp < 0x180) return fold_ascii(accents[cp - 0xC0]);
    for (ptrdiff_t i = 0; i < COUNT_OF(look_alikes); i++) {
        if (look_alikes[i].cp == cp) return look_alikes[i].like;
    }
    return '?';
}

/* At most AUTHOR_BYTES - 1 bytes; also "rn" reads as "m", "vv" as "w". */
static str skeleton(str name, char block[AUTHOR_BYTES]) {
    ptrdiff_t n = 0;
    for (ptrdiff_t pos = 0; pos < name.n && n < AUTHOR_BYTES - 1;) {
        const uint32_t cp = str_utf8_next(name, &pos);
        const char c = cp < 0x80 ? fold_ascii((char)cp) : fold_wide(cp);
        if (c == '\0') continue;
        if (c == 'n' && n > 0 && block[n - 1] == 'r')
            block[n - 1] = 'm';
        else if (c == 'v' && n > 0 && block[n - 1] == 'v')
            block[n - 1] = 'w';
        else
            block[n++] = c;
    }
    return str_from_bytes(block, n);
}

static bool is_trimming(char c) {
    return (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

static str trim_digits(str name) {
    while (name.n > 0 && is_trimming(name.p[0])) name = str_tail(name, 1);
    while (name.n > 0 && is_trimming(name.p[name.n - 1])) name = str_head(name, name.n - 1);
    return name;
}

/* Runs of a letter once, in place. */
static str squeeze(char *p, ptrdiff_t n) {
    ptrdiff_t to = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        if (to == 0 || p[to - 1] != p[i]) p[to++] = p[i];
    }
    return str_from_bytes(p, to);
}

/* What imitators put in front of or behind a name, as skeletons without doubles. */
static const char *const affixes[] = {
    "bskysoclal", "oflclal",  "thereal", "real",  "verlfled", "actual", "glveaway", "alrdrop",
    "suport",     "helpdesk", "help",    "admln", "team",     "backup", "promo",    "clalm",
    "prlvate",    "true",     "the",     "lts",   "lam",      "hq",     "tv",       "llve",
};

/* The name without one affix, the same where it has none or nothing to stand on would be left. */
static str without_affix(str core) {
    for (ptrdiff_t i = 0; i < COUNT_OF(affixes); i++) {
        const str a = str_from_z(affixes[i]);
        if (core.n < a.n + CORE_LEAST) continue;
        if (str_ends(core, a)) return str_head(core, core.n - a.n);
        if (str_starts(core, a)) return str_tail(core, a.n);
    }
    return core;
}

struct name_look judge_name_look(str name) {
    char block[AUTHOR_BYTES];
    struct name_look look = {0};
    const str whole = skeleton(name, block);
    if (whole.n >= SKELETON_LEAST) look.skeleton = str_hash(whole);
    str core = skeleton(trim_digits(name), block);
    core = squeeze(block, core.n);
    for (int i = 0; i < AFFIXES_MOST; i++) core = without_affix(core);
    if (core.n >= CORE_LEAST) look.core = str_hash(core);
    return look;
}

void judge_author_key(const struct post *p, char ret[AUTHOR_BYTES]) {
    struct buf b;
    buf_init_fixed(&b, ret, AUTHOR_BYTES);
    buf_put(&b, p->source);
    buf_put_byte(&b, ':');
    if (p->author_id.n == 0) buf_put_byte(&b, '@');
    buf_put(&b, p->author_id.n > 0 ? p->author_id : p->username);
}
