/* x_face_text: what X sees in a text: cashtags, hashtags, names, links, and words.
 *
 * In: UTF-8. Out: slices of it. Letters beyond ASCII count as letters, whatever they are; a link
 * goes up to the next blank, and nothing within it is a tag. Pure. */
#include "sim/x_face_int.h"

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

static bool is_word(char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || (unsigned char)c >= 0x80;
}

static ptrdiff_t word_end(str text, ptrdiff_t at) {
    while (at < text.n && is_word(text.p[at])) at++;
    return at;
}

bool x_word_next(str text, ptrdiff_t *pos, str *ret) {
    ptrdiff_t at = *pos;
    while (at < text.n && !is_word(text.p[at])) at++;
    const ptrdiff_t end = word_end(text, at);
    *pos = end;
    *ret = (str){text.p ? text.p + at : text.p, end - at};
    return end > at;
}

ptrdiff_t x_char_count(str text) {
    ptrdiff_t n = 0;
    for (ptrdiff_t i = 0; i < text.n; i++) n += ((unsigned char)text.p[i] & 0xC0) != 0x80;
    return n;
}

/* "$BTC", "$BRK.B": up to six letters, and perhaps a point or line with two more. */
static ptrdiff_t cashtag_end(str text, ptrdiff_t at) {
    ptrdiff_t end = at;
    while (end < text.n && is_letter(text.p[end])) end++;
    if (end == at || end - at > 6) return at;
    if (end + 1 < text.n && (text.p[end] == '.' || text.p[end] == '_') &&
        is_letter(text.p[end + 1])) {
        ptrdiff_t more = end + 1;
        while (more < text.n && is_letter(text.p[more])) more++;
        if (more - end <= 3) end = more;
    }
    return end < text.n && is_word(text.p[end]) ? at : end;
}

static ptrdiff_t mention_end(str text, ptrdiff_t at) {
    ptrdiff_t end = at;
    while (end < text.n && is_word(text.p[end]) && (unsigned char)text.p[end] < 0x80) end++;
    return end - at > 15 ? at : end;
}

static ptrdiff_t hashtag_end(str text, ptrdiff_t at) {
    const ptrdiff_t end = word_end(text, at);
    for (ptrdiff_t i = at; i < end; i++)
        if (text.p[i] < '0' || text.p[i] > '9') return end;
    return at; /* digits alone are none */
}

static ptrdiff_t url_end(str text, ptrdiff_t at) {
    const str rest = str_tail(text, at);
    const ptrdiff_t from = str_starts(rest, STR("https://"))  ? 8
                           : str_starts(rest, STR("http://")) ? 7
                                                              : 0;
    ptrdiff_t end = at + from;
    if (from == 0) return at;
    while (end < text.n && (unsigned char)text.p[end] > ' ') end++;
    return end > at + from ? end : at;
}

/* Where the entity ends that has its sign at `at`; `at`: there is none. */
static ptrdiff_t entity_end(str text, ptrdiff_t at, x_entity_kind *ret) {
    ptrdiff_t end = at + 1;
    switch (text.p[at]) {
    case '$':
        *ret = X_CASHTAG;
        end = cashtag_end(text, at + 1);
        break;
    case '#':
        *ret = X_HASHTAG;
        end = hashtag_end(text, at + 1);
        break;
    case '@':
        *ret = X_MENTION;
        end = mention_end(text, at + 1);
        break;
    case 'h':
        *ret = X_URL;
        return url_end(text, at);
    default: /* not an enum */
        return at;
    }
    return end > at + 1 ? end : at;
}

bool x_entity_next(str text, ptrdiff_t *pos, struct x_entity *ret) {
    for (ptrdiff_t at = *pos; at < text.n; at++) {
        x_entity_kind kind;
        if (at > 0 && is_word(text.p[at - 1])) continue;
        const ptrdiff_t end = entity_end(text, at, &kind);
        if (end == at) continue;
        const ptrdiff_t sign = kind == X_URL ? 0 : 1;
        *ret = (struct x_entity){kind, at, end, {text.p + at + sign, end - at - sign}};
        *pos = end;
        return true;
    }
    *pos = text.n;
    return false;
}
