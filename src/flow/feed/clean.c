/* clean: a text as it is sent becomes a text as it is read.
 *
 * Four passes, each only where a scan has shown that it is needed, so that a plain English post
 * is read once and not copied: HTML entities (X escapes &, < and >), escapes written out (\u2019,
 * in archives of posts), control characters, and Unicode's normal form C (so that "é" is one text
 * however it was typed). In: bytes. Out: UTF-8. Entities are decoded once: "&amp;lt;" is "&lt;",
 * which is what its author wrote. Failure: ill-formed UTF-8, a text over the limit. Pure; memory
 * from the caller's arena. */
#include <utf8proc.h>

#include "flow/feed/feed_int.h"
#include "flow/post.h"

/* What a look at the bytes says about the passes that are needed. */
struct need {
    bool entities, controls, foreign, escapes;
};

static struct need look(str s, bool html) {
    struct need need = {0};
    for (ptrdiff_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        need.foreign |= c >= 0x80;
        need.controls |= (c < 0x20 && c != '\n') || c == 0x7F;
        need.entities |= c == '&';
        need.escapes |= c == '\\';
    }
    need.entities &= html;
    return need;
}

/* --- entities -------------------------------------------------------------------------------- */

/* "#38" or "#x26" -> code point. False: not a number, or not a character. */
static bool numeric_entity(str body, uint32_t *ret) {
    bool hex = body.n > 1 && (body.p[1] | 0x20) == 'x';
    str digits = str_tail(body, hex ? 2 : 1);
    if (digits.n == 0 || digits.n > 8) return false;
    uint32_t cp = 0;
    for (ptrdiff_t i = 0; i < digits.n; i++) {
        char c = digits.p[i];
        uint32_t d;
        if (c >= '0' && c <= '9')
            d = (uint32_t)(c - '0');
        else if (hex && (c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            d = (uint32_t)((c | 0x20) - 'a' + 10);
        else
            return false;
        cp = cp * (hex ? 16 : 10) + d;
        if (cp > 0x10FFFF) return false;
    }
    *ret = cp;
    return cp != 0 && !(cp >= 0xD800 && cp <= 0xDFFF);
}

static bool named_entity(str body, uint32_t *ret) {
    static const struct {
        const char *name;
        uint32_t cp;
    } table[] = {{"amp", '&'},  {"lt", '<'},    {"gt", '>'},
                 {"quot", '"'}, {"apos", '\''}, {"nbsp", 0xA0}};
    for (int i = 0; i < COUNT_OF(table); i++) {
        if (str_eq(body, str_from_z(table[i].name))) {
            *ret = table[i].cp;
            return true;
        }
    }
    return false;
}

/* An entity at s.p[at] == '&'? Its bytes and code point; 0: an ampersand like any other. */
static ptrdiff_t entity_at(str s, ptrdiff_t at, uint32_t *ret_cp) {
    str rest = str_head(str_tail(s, at + 1), 12);
    ptrdiff_t semicolon = str_find_byte(rest, ';');
    if (semicolon < 2) return 0;
    str body = str_head(rest, semicolon);
    bool found = body.p[0] == '#' ? numeric_entity(body, ret_cp) : named_entity(body, ret_cp);
    return found ? semicolon + 2 : 0;
}

/* Decoded text is never longer: the shortest entity of a character of n bytes has n + 2. */
static str decode_entities(struct arena *a, str s) {
    char *out = NEW_ARRAY(a, char, s.n + 1);
    ptrdiff_t n = 0;
    for (ptrdiff_t i = 0; i < s.n;) {
        uint32_t cp;
        ptrdiff_t bytes = s.p[i] == '&' ? entity_at(s, i, &cp) : 0;
        if (bytes) {
            n += utf8proc_encode_char((utf8proc_int32_t)cp, (utf8proc_uint8_t *)out + n);
            i += bytes;
        } else {
            out[n++] = s.p[i++];
        }
    }
    return (str){out, n};
}

/* --- escapes --------------------------------------------------------------------------------- */

/* "\u2019" written out at s.p[at], as some archives of posts have it? Its code point, 0 if not. */
static uint32_t escape_at(str s, ptrdiff_t at) {
    uint32_t cp;
    if (at + 6 > s.n || s.p[at] != '\\' || s.p[at + 1] != 'u') return 0;
    char body[6] = {'#', 'x', s.p[at + 2], s.p[at + 3], s.p[at + 4], s.p[at + 5]};
    return numeric_entity((str){body, 6}, &cp) ? cp : 0;
}

/* Decoded text is never longer: an escape has six bytes, what it stands for at most three. */
static str decode_escapes(struct arena *a, str s) {
    char *out = NEW_ARRAY(a, char, s.n + 1);
    ptrdiff_t n = 0;
    for (ptrdiff_t i = 0; i < s.n;) {
        uint32_t cp = s.p[i] == '\\' ? escape_at(s, i) : 0;
        if (cp) {
            n += utf8proc_encode_char((utf8proc_int32_t)cp, (utf8proc_uint8_t *)out + n);
            i += 6;
        } else {
            out[n++] = s.p[i++];
        }
    }
    return (str){out, n};
}

/* --- control characters ---------------------------------------------------------------------- */

/* C0 but the line feed, DEL, C1, and the invisible marks that serve to hide a word from a reader
 * such as this one: zero width space, word joiner, byte order mark, soft hyphen, changes of
 * direction. The joiners stay: emoji and several scripts need them. */
static bool is_control(uint32_t cp) {
    if (cp < 0x20) return cp != '\n';
    return (cp >= 0x7F && cp <= 0x9F) || cp == 0xAD || cp == 0x200B || cp == 0x200E ||
           cp == 0x200F || (cp >= 0x202A && cp <= 0x202E) || cp == 0x2060 ||
           (cp >= 0x2066 && cp <= 0x2069) || cp == 0xFEFF;
}

static bool has_wide_control(str s) {
    for (ptrdiff_t i = 0; i < s.n;) {
        if ((unsigned char)s.p[i] < 0x80)
            i++;
        else if (is_control(str_utf8_next(s, &i)))
            return true;
    }
    return false;
}

static str drop_controls(struct arena *a, str s) {
    char *out = NEW_ARRAY(a, char, s.n + 1);
    ptrdiff_t n = 0;
    for (ptrdiff_t i = 0; i < s.n;) {
        ptrdiff_t from = i;
        uint32_t cp = str_utf8_next(s, &i);
        if (cp == '\t' || cp == '\v' || cp == '\f') { /* they part words */
            out[n++] = ' ';
        } else if (!is_control(cp)) {
            memcpy(out + n, s.p + from, (size_t)(i - from));
            n += i - from;
        }
    }
    return (str){out, n};
}

/* --- normal form ----------------------------------------------------------------------------- */

/* Code points that are in NFC whatever stands around them. Says no when in doubt. */
static bool surely_nfc(uint32_t cp) {
    if (cp < 0x300) return true;
    if (cp < 0x2000) return cp >= 0x400 && cp <= 0x52F && !(cp >= 0x483 && cp <= 0x487);
    if (cp < 0x3000)
        return (cp > 0x2001 && cp < 0x2126) || (cp > 0x212B && cp < 0x2329) ||
               (cp > 0x232A && cp < 0x2ADC);
    if (cp <= 0x30FF) return !(cp >= 0x302A && cp <= 0x302F) && cp != 0x3099 && cp != 0x309A;
    if (cp >= 0x3400 && cp <= 0x9FFF) return true; /* Han */
    if (cp >= 0xAC00 && cp <= 0xD7A3) return true; /* Hangul syllables */
    if (cp >= 0xFE00 && cp <= 0xFE0F) return true; /* variation selectors */
    if (cp >= 0xFF00 && cp <= 0xFFEF) return true; /* wide and narrow forms */
    return cp >= 0x1F000 && cp <= 0x1FAFF;         /* pictographs */
}

static bool is_nfc(str s) {
    for (ptrdiff_t i = 0; i < s.n;) {
        if ((unsigned char)s.p[i] < 0x80)
            i++;
        else if (!surely_nfc(str_utf8_next(s, &i)))
            return false;
    }
    return true;
}

static bool compose(struct arena *a, str s, str *ret, struct error *err) {
    const utf8proc_uint8_t *p = (const utf8proc_uint8_t *)s.p;
    const utf8proc_option_t how = UTF8PROC_STABLE | UTF8PROC_COMPOSE;
    utf8proc_ssize_t need = utf8proc_decompose(p, s.n, NULL, 0, how);
    if (need < 0) return fail(err, ERR_PARSE, 0, "text: %s", utf8proc_errmsg(need));
    utf8proc_int32_t *cps = arena_try_alloc(a, sizeof *cps, _Alignof(utf8proc_int32_t), need + 1);
    if (!cps) return fail(err, ERR_RANGE, 0, "text: too long to normalise");
    utf8proc_ssize_t count = utf8proc_decompose(p, s.n, cps, need, how);
    if (count >= 0) count = utf8proc_reencode(cps, count, how); /* in place, to UTF-8 */
    if (count < 0) return fail(err, ERR_PARSE, 0, "text: %s", utf8proc_errmsg(count));
    *ret = (str){(const char *)cps, count};
    return true;
}

bool feed_clean_text(struct arena *a, str raw, bool html, str *ret, struct error *err) {
    if (raw.n > POST_TEXT_BYTES_MAX) {
        return fail(err, ERR_RANGE, 0, "text: %td bytes, the most is %d", raw.n,
                    POST_TEXT_BYTES_MAX);
    }
    if (!str_utf8_valid(raw)) return fail(err, ERR_PARSE, 0, "text: not UTF-8");
    struct need need = look(raw, html);
    str s = raw;
    if (need.entities) {
        s = decode_entities(a, s);
        need = look(s, false);
    }
    if (need.escapes) {
        s = decode_escapes(a, s);
        need = look(s, false);
    }
    if (need.controls || (need.foreign && has_wide_control(s))) s = drop_controls(a, s);
    if (need.foreign && !is_nfc(s) && !compose(a, s, &s, err)) return false;
    if (s.n > POST_TEXT_BYTES_MAX) {
        return fail(err, ERR_RANGE, 0, "text: over %d bytes in normal form", POST_TEXT_BYTES_MAX);
    }
    *ret = s;
    return true;
}
