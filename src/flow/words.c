/* words: the tokeniser of the reader, one pass over a text.
 *
 * In: UTF-8 that feed has cleaned. Out: words in order, with kinds, flags, normalised forms and
 * hashes; what is not a word (white space, joiners, skin tones) leaves only a boundary. ASCII is
 * told by a table, everything else by utf8proc's categories, so that a post in English costs about
 * a nanosecond a byte.
 *
 * Invariants: words do not overlap and stand in order; norm_bytes >= 1; a form is cut at
 * WORD_NORM_BYTES_MAX. Failure: none; a text longer than the limits is read up to them (`cut`).
 * Pure, any thread, memory from the caller's arena only. */
#include "flow/words.h"

#include <utf8proc.h>

#include "flow/glyph.h"
#include "flow/letters.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "hashes are stored in the model's file");

struct scan {
    struct words *w;
    ptrdiff_t at; /* next byte of the text */
    int norm_used;
    int word_max;
    bool spaced; /* white space stood before `at` */
    bool line;   /* a line feed stood before `at` */
};

/* One decoded character. */
struct glyph {
    uint32_t cp;
    int bytes;
    char_class class;
};

/* --- characters ------------------------------------------------------------------------------ */

static inline bool is_ascii_letter(char c) { return (unsigned char)((c | 0x20) - 'a') < 26; }

static char_class class_of_ascii(unsigned char c) {
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') return CHAR_LETTER;
    if (c >= '0' && c <= '9') return CHAR_DIGIT;
    if (c <= ' ' || c == 0x7F) return CHAR_SPACE;
    return CHAR_PUNCT;
}

static struct glyph glyph_wide(str text, ptrdiff_t at) {
    ptrdiff_t next = at;
    uint32_t cp = str_utf8_next(text, &next), plain = glyph_plain(cp);
    if (plain) return (struct glyph){plain, (int)(next - at), class_of_ascii((unsigned char)plain)};
    return (struct glyph){cp, (int)(next - at), glyph_class(cp)};
}

static inline struct glyph glyph_at(str text, ptrdiff_t at) {
    unsigned char c = (unsigned char)text.p[at];
    if (c < 0x80) return (struct glyph){c, 1, class_of_ascii(c)};
    return glyph_wide(text, at);
}

static bool alnum_at(str text, ptrdiff_t at) {
    if (at < 0 || at >= text.n) return false;
    struct glyph g = glyph_at(text, at);
    return g.class == CHAR_LETTER || g.class == CHAR_DIGIT;
}

/* Does the text go on with `lower` (ASCII, lower case) at `at`, whatever the case? */
static bool text_has(str text, ptrdiff_t at, const char *lower) {
    for (; *lower; lower++, at++) {
        if (at >= text.n) return false;
        char c = text.p[at];
        if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != *lower) return false;
    }
    return true;
}

/* --- hashes and forms ------------------------------------------------------------------------ */

static inline uint64_t hash_start(ptrdiff_t bytes) {
    return (uint64_t)bytes * UINT64_C(0x9E3779B97F4A7C15);
}

static inline uint64_t hash_block(uint64_t h, uint64_t block) {
    h = (h ^ block) * UINT64_C(0xFF51AFD7ED558CCD);
    return h ^ h >> 32;
}

static inline uint64_t hash_end(uint64_t h) {
    h *= UINT64_C(0xC4CEB9FE1A85EC53);
    return h ^ (h >> 29);
}

static inline uint64_t hash_of(const char *p, ptrdiff_t bytes) {
    uint64_t h = hash_start(bytes);
    ptrdiff_t at = 0;
    for (; at + 8 <= bytes; at += 8) h = hash_block(h, letters_load(p + at));
    if (at < bytes) h = hash_block(h, letters_load_few(p + at, (int)(bytes - at)));
    return hash_end(h);
}

uint64_t word_hash(str norm) { return hash_of(norm.p, norm.n); }

/* Cuts runs of three and more equal letters: at the end of the form to one, of o and e to two
 * ("moooon", "weeeed"), of others to one. Returns the new length. */
static int squeeze(char *p, int n) {
    int out = 0;
    for (int i = 0; i < n;) {
        int run = 1;
        while (i + run < n && p[i + run] == p[i]) run++;
        bool letter = p[i] >= 'a' && p[i] <= 'z';
        int keep = run;
        if (letter && run >= 3) {
            bool doubles = p[i] == 'o' || p[i] == 'e';
            keep = i + run == n || !doubles ? 1 : 2;
        }
        for (int k = 0; k < keep; k++) p[out++] = p[i];
        i += run;
    }
    if (out > 3 && p[out - 1] == p[out - 2] && p[out - 1] == 'n') out--; /* "mooonn" */
    return out;
}

/* A word of Latin letters among which others hide (a Cyrillic o in "doge") as it looks. A word with
 * a letter that looks like none stays what it is. Returns its new length. */
static int unmask(char *p, int n) {
    char plain[WORD_NORM_BYTES_MAX];
    const str whole = {p, n};
    int out = 0;
    for (ptrdiff_t at = 0; at < n;) {
        uint32_t cp = str_utf8_next(whole, &at);
        char c = cp < 0x80 ? (char)cp : glyph_look_alike(cp);
        if (!c) return n;
        plain[out++] = c;
    }
    memcpy(p, plain, (size_t)out);
    return out;
}

/* Three equal letters in a row, some of which may have been others before unmask()? */
static bool is_stretched(const char *p, int n) {
    for (int i = 2; i < n; i++) {
        if (p[i] >= 'a' && p[i] <= 'z' && p[i] == p[i - 1] && p[i] == p[i - 2]) return true;
    }
    return false;
}

static void norm_put(struct scan *s, int begin, uint32_t cp) {
    char *p = s->w->norm;
    if (s->norm_used - begin >= WORD_NORM_BYTES_MAX - 4) return;
    if (cp < 0x80) {
        p[s->norm_used++] = (char)cp;
    } else {
        s->norm_used +=
            (int)utf8proc_encode_char((utf8proc_int32_t)cp, (utf8proc_uint8_t *)p + s->norm_used);
    }
}

/* Ends a word whose form, of this hash, stands at norm[norm_begin..norm_used). */
static inline struct word *word_put(struct scan *s, ptrdiff_t begin, word_kind kind, int norm_begin,
                                    uint64_t hash) {
    struct words *w = s->w;
    struct word *v = &w->v[w->count++];
    v->begin = (int32_t)begin;
    v->end = (int32_t)s->at;
    v->kind = (uint8_t)kind;
    v->norm = norm_begin;
    v->norm_bytes = (uint8_t)(s->norm_used - norm_begin);
    v->hash = hash;
    v->flags = (uint16_t)((s->spaced ? WORD_SPACED : 0) | (s->line ? WORD_LINE : 0));
    s->spaced = false;
    s->line = false;
    return v;
}

static struct word *word_add(struct scan *s, ptrdiff_t begin, word_kind kind, int norm_begin) {
    return word_put(s, begin, kind, norm_begin,
                    hash_of(s->w->norm + norm_begin, (uint8_t)(s->norm_used - norm_begin)));
}

/* --- words ----------------------------------------------------------------------------------- */

struct shape {
    int letters, capitals, digits, foreign;
    bool first_capital;
    int run; /* equal letters so far */
    uint32_t last;
    bool elongated;
};

static void shape_letter(struct shape *sh, uint32_t cp, uint32_t lower) {
    bool capital = cp != lower;
    sh->first_capital |= sh->letters == 0 && capital;
    sh->letters++;
    sh->capitals += capital;
    sh->foreign += cp >= 0x80;
    sh->run = lower == sh->last ? sh->run + 1 : 1;
    sh->last = lower;
    if (sh->run >= 3) sh->elongated = true;
}

/* Is the mark at `at` part of the word around it? Apostrophes between letters that may stand in one
 * word (script: glyph_wide_script of this one's), points and commas between digits, the underscore.
 */
static bool joins(str text, ptrdiff_t at, struct glyph g, const struct shape *sh, int script) {
    if (g.cp == '_') return true;
    if (g.cp == '\'' || g.cp == 0x2019) {
        if (sh->letters == 0 || at + g.bytes >= text.n) return false;
        struct glyph next = glyph_at(text, at + g.bytes);
        return next.class == CHAR_LETTER && glyph_wide_script(next.cp) == script;
    }
    if (g.cp == '.' || g.cp == ',') {
        return sh->digits > 0 && sh->letters == 0 && at + 1 < text.n && text.p[at + 1] >= '0' &&
               text.p[at + 1] <= '9';
    }
    return false;
}

/* A run of ASCII letters, the common case, without a look at each one's class. False: none here. */
static bool scan_ascii(struct scan *s, struct shape *sh, int norm_begin) {
    const char *p = s->w->text.p;
    char *out = s->w->norm;
    ptrdiff_t begin = s->at, at = begin, end = s->w->text.n;
    end = i64_min(end, begin + WORD_NORM_BYTES_MAX - 8 - (s->norm_used - norm_begin));
    for (; at < end; at++) {
        unsigned char c = (unsigned char)p[at], lower = c | 0x20;
        if (lower < 'a' || lower > 'z') break;
        bool capital = c != lower;
        sh->first_capital |= sh->letters == 0 && capital;
        sh->letters++;
        sh->capitals += capital;
        sh->run = lower == sh->last ? sh->run + 1 : 1;
        sh->last = lower;
        sh->elongated |= sh->run >= 3;
        out[s->norm_used++] = (char)lower;
    }
    s->at = at;
    return at > begin;
}

/* Scans letters and digits from s->at into a form; stops at what does not belong to the word. */
static struct shape scan_body(struct scan *s, int norm_begin) {
    struct shape sh = {0};
    str text = s->w->text;
    int script = -1;
    while (s->at < text.n) {
        if ((script <= 0) && scan_ascii(s, &sh, norm_begin)) {
            script = 0;
            continue;
        }
        struct glyph g = glyph_at(text, s->at);
        uint32_t lower = g.cp;
        if (g.class == CHAR_LETTER) {
            int here = g.cp < 0x80 ? 0 : glyph_wide_script(g.cp);
            if (script < 0) script = here;
            if (here != script) break;
            lower = g.cp < 0x80 ? g.cp | 0x20 : (uint32_t)utf8proc_tolower((utf8proc_int32_t)g.cp);
            shape_letter(&sh, g.cp, lower);
        } else if (g.class == CHAR_DIGIT) {
            sh.digits++;
            sh.last = 0;
        } else if (g.class == CHAR_JOINER) {
            s->at += g.bytes;
            continue;
        } else if (g.class != CHAR_MARK) {
            if (!joins(text, s->at, g, &sh, script)) break;
            if (g.cp == 0x2019) lower = '\'';
        }
        if (script > 0 && s->norm_used - norm_begin > WORD_NORM_BYTES_MAX - 8) break;
        norm_put(s, norm_begin, lower);
        s->at += g.bytes;
    }
    if (sh.foreign > 0 && sh.foreign < sh.letters) {
        char *form = s->w->norm + norm_begin;
        s->norm_used = norm_begin + unmask(form, s->norm_used - norm_begin);
        sh.elongated |= is_stretched(form, s->norm_used - norm_begin);
    }
    if (sh.elongated)
        s->norm_used = norm_begin + squeeze(s->w->norm + norm_begin, s->norm_used - norm_begin);
    return sh;
}

static uint16_t shape_flags(const struct shape *sh, uint32_t first) {
    uint16_t flags = 0;
    if (sh->capitals >= 2 && sh->capitals == sh->letters) flags |= WORD_UPPER;
    if (sh->first_capital && !(flags & WORD_UPPER)) flags |= WORD_TITLE;
    if (sh->elongated) flags |= WORD_LONG;
    if (sh->digits) flags |= WORD_DIGIT;
    if (glyph_wide_script(first)) flags |= WORD_WIDE;
    return flags;
}

/* 42, 50k, 10x, 3rd, 1.5m: digits with at most two letters of a known unit behind them. */
static bool is_number(const struct shape *sh, str form) {
    if (sh->letters == 0) return true;
    if (sh->letters > 2 || form.p[0] < '0' || form.p[0] > '9') return false;
    str unit = str_tail(form, form.n - sh->letters);
    static const char *const units[] = {"k",  "m",  "b",  "t",  "x",  "h",  "d",  "st",
                                        "nd", "rd", "th", "am", "pm", "mn", "bn", "hr"};
    for (int i = 0; i < COUNT_OF(units); i++) {
        if (str_eq(unit, str_from_z(units[i]))) return true;
    }
    return false;
}

/* --- links ----------------------------------------------------------------------------------- */

static bool is_domain_end(str label) {
    static const char *const ends[] = {
        "com",   "org",     "net",  "io",   "xyz",  "co",   "app",     "gg",
        "ai",    "fi",      "dev",  "info", "eth",  "sol",  "finance", "exchange",
        "ly",    "tv",      "news", "site", "link", "live", "club",    "online",
        "trade", "trading", "fun",  "pro",  "be",   "de",   "uk",      "eu"};
    for (int i = 0; i < COUNT_OF(ends); i++) {
        if (str_eq_nocase(label, str_from_z(ends[i]))) return true;
    }
    return false;
}

static bool domain_byte(char c) {
    return class_of_ascii((unsigned char)c) == CHAR_LETTER || (c >= '0' && c <= '9') || c == '-';
}

/* Is there a bare domain name at `begin` ("dogecoin.com/x", "vitalik.eth")? Its end, else -1. */
static ptrdiff_t domain_end(str text, ptrdiff_t begin) {
    ptrdiff_t at = begin, label = begin;
    int labels = 0;
    while (at < text.n && (unsigned char)text.p[at] < 0x80) {
        if (domain_byte(text.p[at])) {
            at++;
        } else if (text.p[at] == '.' && at > label && at + 1 < text.n &&
                   (unsigned char)text.p[at + 1] < 0x80 && domain_byte(text.p[at + 1])) {
            labels++;
            label = ++at;
        } else {
            break;
        }
    }
    if (labels == 0 || !is_domain_end((str){text.p + label, at - label})) return -1;
    return at;
}

/* Is there an address such as name@example.com at `begin`? Its end, else -1. */
static ptrdiff_t mail_end(str text, ptrdiff_t begin) {
    ptrdiff_t at = begin;
    while (at < text.n && ((unsigned char)text.p[at] < 0x80) &&
           (domain_byte(text.p[at]) || text.p[at] == '.' || text.p[at] == '_'))
        at++;
    if (at >= text.n || text.p[at] != '@') return -1;
    return domain_end(text, at + 1);
}

static ptrdiff_t to_space(str text, ptrdiff_t at) {
    while (at < text.n) {
        unsigned char c = (unsigned char)text.p[at];
        if (c <= ' ' || c == '"' || c == '<' || c == '>') break;
        struct glyph g = glyph_at(text, at);
        if (c >= 0x80 && g.class != CHAR_LETTER) break;
        at += g.bytes;
    }
    return at;
}

/* A link at s->at? Takes it. */
static bool scan_link(struct scan *s) {
    str text = s->w->text;
    ptrdiff_t end = -1;
    char c = text.p[s->at];
    if ((c | 0x20) == 'h' && text_has(text, s->at, "http")) {
        ptrdiff_t at = s->at + 4;
        if (at < text.n && (text.p[at] | 0x20) == 's') at++;
        if (text_has(text, at, "://"))
            end = to_space(text, at);
        else if (!alnum_at(text, at))
            end = at; /* "http" alone: how training texts write links */
    } else if ((c | 0x20) == 'w' && text_has(text, s->at, "www.")) {
        end = to_space(text, s->at);
    }
    if (end < 0) end = mail_end(text, s->at);
    if (end < 0) {
        end = domain_end(text, s->at);
        if (end >= 0 && end < text.n && (text.p[end] == '/' || text.p[end] == '?')) {
            end = to_space(text, end);
        }
    }
    if (end <= s->at) return false;
    ptrdiff_t begin = s->at;
    int norm_begin = s->norm_used;
    s->at = end;
    norm_put(s, norm_begin, '~');
    word_add(s, begin, WORD_LINK, norm_begin);
    return true;
}

/* Could a link, a bare domain or an address start at the word? Only if a point, a colon or an at
 * sign follows its first ASCII letters and digits, or it is the word http. */
static bool may_be_link(str text, ptrdiff_t at) {
    ptrdiff_t begin = at;
    while (at < text.n && (unsigned char)text.p[at] < 0x80 && domain_byte(text.p[at])) at++;
    if (at < text.n && (text.p[at] == '.' || text.p[at] == ':' || text.p[at] == '@')) return true;
    return (at - begin == 4 || at - begin == 5) && text_has(text, begin, "http");
}

/* --- the kinds ------------------------------------------------------------------------------- */

static void scan_word(struct scan *s, struct glyph first) {
    ptrdiff_t begin = s->at;
    int norm_begin = s->norm_used;
    struct shape sh = scan_body(s, norm_begin);
    if (s->norm_used == norm_begin) return; /* nothing but joiners */
    str form = {s->w->norm + norm_begin, s->norm_used - norm_begin};
    word_kind kind = sh.digits && is_number(&sh, form) ? WORD_NUMBER : WORD_TEXT;
    word_add(s, begin, kind, norm_begin)->flags |= shape_flags(&sh, first.cp);
}

/* Does a word of ASCII letters end before p[at], whatever stands behind? What could go on with it,
 * or make a link of it, says no. */
static inline bool ends_plain(const char *p, ptrdiff_t at) {
    const unsigned char c = (unsigned char)p[at];
    if (c >= 0x80 || (c >= '0' && c <= '9')) return false;
    switch (c) {
    case '.':
    case ':': /* not the http of links, nor www. */
        return (p[at + 1] == ' ' || p[at + 1] == '\n') && (p[0] | 0x20) != 'h' &&
               (p[0] | 0x20) != 'w';
    case '_':
    case '-':
    case '@':
    case '\'':
        return false;
    default: /* not an enum */
        return true;
    }
}

#define PLAIN_MAX 48 /* letters; longer ones go the long way */

/* Nearly every word: ASCII letters, none of them three times in a row, and a mark or white space
 * that ends them. Takes it as scan_word would, in a fraction of the time. False: it is another. */
static bool scan_plain(struct scan *s) {
    const char *p = s->w->text.p + s->at;
    const ptrdiff_t left = i64_min(s->w->text.n - s->at, PLAIN_MAX);
    char *form = s->w->norm + s->norm_used;
    uint64_t before = 0, small = 0, lower, valid;
    ptrdiff_t n = 0;
    for (;; n += 8) {
        if (n + 9 > left) return false; /* with what stands behind */
        const uint64_t block = letters_load(p + n);
        lower = block | LETTERS_EACH * 0x20;
        const uint64_t stops = letters_none(lower);
        valid = letters_before(stops);
        small |= block & valid & LETTERS_EACH * 0x20;
        if (letters_thrice(lower, valid, before)) return false;
        lower &= valid;
        memcpy(form + n, &lower, 8);
        if (stops) {
            n += __builtin_ctzll(stops) / 8;
            break;
        }
        before = lower;
    }
    if (!ends_plain(p, n) || ((n == 4 || n == 5) && memcmp(form, "http", 4) == 0)) return false;
    const int norm_begin = s->norm_used;
    const ptrdiff_t begin = s->at;
    s->at += n;
    s->norm_used += (int)n;
    const uint64_t hash = n < 8 ? hash_end(hash_block(hash_start(n), lower)) : hash_of(form, n);
    struct word *v = word_put(s, begin, WORD_TEXT, norm_begin, hash);
    if (!(p[0] & 0x20)) v->flags |= !small && n >= 2 ? WORD_UPPER : WORD_TITLE;
    s->spaced = p[n] == ' '; /* as nearly always: taken with the word */
    s->at += s->spaced;
    return true;
}

/* $, # and @ before a letter or a digit, not behind one. False: only a mark. */
static bool scan_signed(struct scan *s, struct glyph sign) {
    str text = s->w->text;
    bool dollar = sign.cp == '$' || sign.cp == 0xFF04;
    bool hash = sign.cp == '#' || sign.cp == 0xFF03;
    ptrdiff_t begin = s->at, body = s->at + sign.bytes;
    bool behind_word = s->w->count && s->w->v[s->w->count - 1].end == begin &&
                       s->w->v[s->w->count - 1].kind <= WORD_NUMBER;
    if (body >= text.n || (behind_word && !hash)) return false;
    struct glyph g = glyph_at(text, body);
    if (g.class != CHAR_LETTER && g.class != CHAR_DIGIT && g.cp != '_') return false;
    int norm_begin = s->norm_used;
    s->at = body;
    struct shape sh = scan_body(s, norm_begin);
    str form = {s->w->norm + norm_begin, s->norm_used - norm_begin};
    if (form.n == 0) {
        s->at = begin;
        return false;
    }
    word_kind kind = dollar ? WORD_CASHTAG : hash ? WORD_HASHTAG : WORD_USER;
    if (dollar && sh.digits && is_number(&sh, form)) kind = WORD_NUMBER; /* $100, $50k */
    word_add(s, begin, kind, norm_begin)->flags |= shape_flags(&sh, g.cp);
    return true;
}

/* :) ;-D =( <3 and their like, as one emoji whose form is its canonical shape. 0: none. */
static int emoticon_at(str text, ptrdiff_t at, char *ret_form) {
    ptrdiff_t left = text.n - at;
    if (left < 2) return 0;
    char eye = text.p[at];
    if (eye != ':' && eye != ';' && eye != '=' && eye != '<') return 0;
    if (alnum_at(text, at - 1)) return 0;
    if (eye == '<') {
        *ret_form = '3';
        return text.p[at + 1] == '3' ? 2 : 0;
    }
    int nose = left > 2 && (text.p[at + 1] == '-' || text.p[at + 1] == '\'') ? 1 : 0;
    char mouth = text.p[at + 1 + nose];
    bool letter_mouth = mouth == 'D' || mouth == 'P' || mouth == 'p' || mouth == 'O';
    if (letter_mouth && alnum_at(text, at + 2 + nose)) return 0;
    switch (mouth) {
    case ')':
    case 'D':
    case ']':
        *ret_form = ')';
        break;
    case '(':
    case '[':
    case '/':
        *ret_form =
            text.p[at] == ':' && mouth == '/' && left > 3 && text.p[at + 2] == '/' ? 0 : '(';
        break;
    case 'P':
    case 'p':
        *ret_form = 'P';
        break;
    default: /* not an enum */
        return 0;
    }
    return *ret_form ? 2 + nose : 0;
}

static void scan_mark(struct scan *s, struct glyph g) {
    str text = s->w->text;
    ptrdiff_t begin = s->at;
    int norm_begin = s->norm_used;
    char form = 0;
    int bytes = emoticon_at(text, begin, &form);
    if (bytes) {
        s->at += bytes;
        norm_put(s, norm_begin, ':');
        norm_put(s, norm_begin, (unsigned char)form);
        word_add(s, begin, WORD_EMOJI, norm_begin);
        return;
    }
    uint32_t cp = g.cp;
    if (cp == 0xFF01) cp = '!';
    if (cp == 0xFF1F || cp == 0x061F) cp = '?';
    if (cp == 0x3002) cp = '.';
    if (cp == 0xFF0C || cp == 0x3001) cp = ',';
    if (cp == 0x201C || cp == 0x201D) cp = '"';
    if (cp == 0x2026) cp = '.';
    norm_put(s, norm_begin, cp);
    s->at += g.bytes;
    bool repeats = false;
    while (s->at < text.n && (cp == '!' || cp == '?' || cp == '.') && text.p[s->at] == (char)cp) {
        s->at++;
        repeats = true;
    }
    if (repeats) norm_put(s, norm_begin, cp);
    word_add(s, begin, WORD_PUNCT, norm_begin);
}

static void scan_emoji(struct scan *s, struct glyph g) {
    ptrdiff_t begin = s->at;
    int norm_begin = s->norm_used;
    s->at += g.bytes;
    norm_put(s, norm_begin, g.cp);
    word_add(s, begin, WORD_EMOJI, norm_begin);
}

static bool is_sign(uint32_t cp) {
    return cp == '$' || cp == '#' || cp == '@' || cp == 0xFF03 || cp == 0xFF04 || cp == 0xFF20;
}

static void scan_one(struct scan *s) {
    str text = s->w->text;
    const char c = text.p[s->at];
    if (c == ' ') {
        s->spaced = true;
        s->at++;
        return;
    }
    if (is_ascii_letter(c) && scan_plain(s)) return;
    struct glyph g = glyph_at(text, s->at);
    switch (g.class) {
    case CHAR_SPACE:
        s->spaced = true;
        if (g.cp == '\n' || g.cp == 0x2028 || g.cp == 0x2029) s->line = true;
        s->at += g.bytes;
        return;
    case CHAR_LETTER:
    case CHAR_DIGIT:
        if (g.cp < 0x80 && may_be_link(text, s->at) && scan_link(s)) return;
        scan_word(s, g);
        return;
    case CHAR_EMOJI:
        if (is_sign(g.cp) && scan_signed(s, g)) return;
        scan_emoji(s, g);
        return;
    case CHAR_PUNCT:
        if (is_sign(g.cp) && scan_signed(s, g)) return;
        scan_mark(s, g);
        return;
    case CHAR_MARK:
    case CHAR_JOINER:
        s->at += g.bytes;
        return;
    }
}

/* --- negation -------------------------------------------------------------------------------- */

#define NEGATION_REACH 4 /* words behind a negation that it turns, within the clause */

#define LETTER(c) (UINT32_C(1) << ((c)&31))
#define NEGATION_BYTES_MAX 7

/* By its length, its first and its last letter, which spares nearly every word the list below. */
static inline bool may_negate(str form) {
    static const uint32_t firsts[NEGATION_BYTES_MAX + 1] = {
        [2] = LETTER('n'),
        [3] = LETTER('n'),
        [4] = LETTER('c') | LETTER('d') | LETTER('w') | LETTER('i') | LETTER('a') | LETTER('n'),
        [5] = LETTER('n') | LETTER('d'),
        [6] = LETTER('c') | LETTER('d') | LETTER('h') | LETTER('n'),
        [7] = LETTER('w') | LETTER('n')};
    static const uint32_t lasts[NEGATION_BYTES_MAX + 1] = {[2] = LETTER('o'),
                                                           [3] = LETTER('t') | LETTER('r'),
                                                           [4] = LETTER('t') | LETTER('e'),
                                                           [5] = LETTER('t') | LETTER('r'),
                                                           [6] = LETTER('t') | LETTER('y'),
                                                           [7] = LETTER('t') | LETTER('r') |
                                                                 LETTER('g')};
    const ptrdiff_t n = form.n <= NEGATION_BYTES_MAX ? form.n : 0;
    return (firsts[n] >> (form.p[0] & 31) & lasts[n] >> (form.p[form.n - 1] & 31) & 1) != 0;
}

static bool is_negation(str form) {
    static const struct {
        const char *word;
        int bytes;
    } table[] = {{"no", 2},      {"not", 3},     {"nor", 3},    {"cant", 4},   {"dont", 4},
                 {"wont", 4},    {"isnt", 4},    {"aint", 4},   {"none", 4},   {"never", 5},
                 {"didnt", 5},   {"cannot", 6},  {"doesnt", 6}, {"hardly", 6}, {"nobody", 6},
                 {"without", 7}, {"neither", 7}, {"nothing", 7}};
    if (form.n >= 2 && form.n <= 9 && form.p[form.n - 1] == 't' && form.p[form.n - 2] == '\'')
        return true;
    if (!may_negate(form)) return false;
    for (int i = 0; i < COUNT_OF(table); i++) {
        if (form.n == table[i].bytes && form.p[0] == table[i].word[0] &&
            memcmp(form.p, table[i].word, (size_t)form.n) == 0) {
            return true;
        }
    }
    return false;
}

static void mark_negated(struct words *w) {
    int left = 0;
    for (int i = 0; i < w->count; i++) {
        struct word *v = &w->v[i];
        bool negation = v->kind == WORD_TEXT && is_negation(word_norm(w, i));
        if (v->kind == WORD_PUNCT || (v->flags & WORD_LINE) || negation) left = 0;
        if (left > 0 && v->kind <= WORD_HASHTAG) {
            v->flags |= WORD_NEGATED;
            left--;
        }
        if (negation) {
            v->flags |= WORD_NEGATION;
            left = NEGATION_REACH;
        }
    }
}

void words_split(struct arena *a, str text, struct words *ret) {
    PRE(text.n < INT32_MAX / 4);
    struct scan s = {.w = ret, .spaced = true, .line = true};
    /* a word of ordinary text has four bytes and more; zeroed room for one a byte costs much */
    int most = (int)i64_min(text.n, WORDS_MAX);
    s.word_max = (int)i64_min(text.n / 3 + 16, most);
    *ret = (struct words){.text = text};
    ret->v = NEW_ARRAY(a, struct word, s.word_max);
    /* no letter takes twice as many bytes in lower case, and the last word may need its room */
    ret->norm = NEW_ARRAY(a, char, 2 * text.n + WORD_NORM_BYTES_MAX + 8);
    while (s.at < text.n) {
        if (ret->count == s.word_max) {
            if (s.word_max == most) break;
            struct word *few = ret->v;
            ret->v = NEW_ARRAY(a, struct word, most);
            memcpy(ret->v, few, sizeof *few * (size_t)ret->count);
            s.word_max = most;
        }
        scan_one(&s);
    }
    ret->cut = s.at < text.n;
    mark_negated(ret);
}
