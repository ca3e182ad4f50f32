/* jscan: walks over a JSON text without building a tree of it.
 *
 * For posts only, where a tree is thrown away at once: jansson took 6.8 us of the 16 us from a line
 * to its reading, this takes one. Everything else in the program uses jansson. As strict as
 * RFC 8259 and jansson: control characters, ill-formed UTF-8, lone surrogates and \u0000 in strings
 * are errors, and so is anything behind the value. Numbers are checked and evaluated only as
 * integers. tests/fuzz/fuzz_jscan.c holds it against jansson.
 *
 * In: text. Out: values in their order. Invariants: 0 <= at <= text.n; every byte before `at` has
 * been checked. Failure: ERR_PARSE with the place. Memory: unescaped strings, from the caller's
 * arena. One thread at a time. */
#include "source/jscan.h"

static bool wrong(const struct jscan *s, const char *what, struct error *err) {
    if (s->at >= s->text.n) return fail(err, ERR_PARSE, 0, "not JSON: ends too early");
    return fail(err, ERR_PARSE, 0, "not JSON: %s at byte %td", what, s->at);
}

void jscan_init(struct jscan *s, struct arena *a, str text) {
    *s = (struct jscan){.text = text, .a = a};
}

/* The next byte that is no white space, -1 at the end. */
static int look(struct jscan *s) {
    while (s->at < s->text.n) {
        char c = s->text.p[s->at];
        if (c != ' ' && c != '\t' && c != '\n' && c != '\r') return (unsigned char)c;
        s->at++;
    }
    return -1;
}

static bool digit_at(const struct jscan *s, ptrdiff_t at) {
    return at < s->text.n && s->text.p[at] >= '0' && s->text.p[at] <= '9';
}

/* --- strings --------------------------------------------------------------------------------- */

static int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Four hexadecimal digits at `at`, -1 if they are not there. */
static int32_t hex4(str s, ptrdiff_t at) {
    int32_t v = 0;
    if (at + 4 > s.n) return -1;
    for (int i = 0; i < 4; i++) {
        int d = hex_value(s.p[at + i]);
        if (d < 0) return -1;
        v = v * 16 + d;
    }
    return v;
}

/* The code point of "\uXXXX" or of a pair of them, at the byte behind the backslash. 0: an error,
 * which \u0000 is as well. *ret_bytes: from the u on. */
static uint32_t unicode_escape(str s, ptrdiff_t at, int *ret_bytes) {
    int32_t first = hex4(s, at + 1);
    *ret_bytes = 5;
    if (first < 0xD800 || first > 0xDFFF) return first > 0 ? (uint32_t)first : 0;
    if (first > 0xDBFF || at + 7 > s.n || s.p[at + 5] != '\\' || s.p[at + 6] != 'u') return 0;
    int32_t second = hex4(s, at + 7);
    if (second < 0xDC00 || second > 0xDFFF) return 0;
    *ret_bytes = 11;
    return 0x10000 + ((uint32_t)(first - 0xD800) << 10) + (uint32_t)(second - 0xDC00);
}

static int put_utf8(char *out, uint32_t cp) {
    int n = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (int i = n - 1; i > 0; i--, cp >>= 6) out[i] = (char)(0x80 | (cp & 0x3F));
    out[0] = (char)(lead[n] | cp);
    return n;
}

/* One escape at the byte behind its backslash -> its bytes at out. Returns how many it took of the
 * text, 0: not an escape. */
static int take_escape(str s, ptrdiff_t at, char *out, int *ret_out) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (at >= s.n) return 0;
    if (s.p[at] == 'u') {
        int bytes;
        uint32_t cp = unicode_escape(s, at, &bytes);
        if (cp == 0) return 0;
        *ret_out = put_utf8(out, cp);
        return bytes;
    }
    const char *hit = s.p[at] ? strchr(from, s.p[at]) : NULL;
    if (!hit) return 0;
    out[0] = to[hit - from];
    *ret_out = 1;
    return 1;
}

/* The bytes raw..s->at hold a string with escapes: unescapes them. Never longer than they are. */
static bool unescape(struct jscan *s, str raw, str *ret, struct error *err) {
    char *out = s->quiet ? NULL : arena_try_alloc(s->a, 1, 1, raw.n + 1);
    if (!s->quiet && !out) return fail(err, ERR_LIMIT, 0, "JSON string: no memory left");
    ptrdiff_t n = 0;
    for (ptrdiff_t i = 0; i < raw.n;) {
        char bytes[4] = {raw.p[i]};
        int count = 1, used = 1;
        if (raw.p[i] == '\\') {
            used = take_escape(raw, i + 1, bytes, &count);
            if (used == 0) {
                s->at = raw.p + i - s->text.p;
                return wrong(s, "escape", err);
            }
            used++;
        }
        if (out) memcpy(out + n, bytes, (size_t)count);
        n += count;
        i += used;
    }
    *ret = (str){out, out ? n : 0};
    return true;
}

#define EACH_BYTE(x) (UINT64_C(0x0101010101010101) * (x))

/* Is one of the eight bytes a quote, a backslash or a control character? A borrow may make it say
 * yes of a byte above such a one, which is as well: somebody looks. */
static bool any_special(uint64_t eight) {
    const uint64_t quote = eight ^ EACH_BYTE('"'), slash = eight ^ EACH_BYTE('\\'),
                   zero_quote = (quote - EACH_BYTE(1)) & ~quote,
                   zero_slash = (slash - EACH_BYTE(1)) & ~slash,
                   control = (eight - EACH_BYTE(0x20)) & ~eight;
    return ((zero_quote | zero_slash | control) & EACH_BYTE(0x80)) != 0;
}

/* Goes to the next byte at s->at that any_special() would name, or near the end of the text.
 * Returns whether a byte on the way was above ASCII. */
static bool pass_plain(struct jscan *s) {
    const char *p = s->text.p;
    uint64_t seen = 0, eight;
    for (; s->text.n - s->at >= 8; s->at += 8) {
        memcpy(&eight, p + s->at, 8);
        if (any_special(eight)) break;
        seen |= eight;
    }
    return (seen & EACH_BYTE(0x80)) != 0;
}

/* A string whose opening quote is at s->at. */
static bool take_string(struct jscan *s, str *ret, struct error *err) {
    ptrdiff_t begin = ++s->at;
    bool escaped = false;
    unsigned char any = pass_plain(s) ? 0x80 : 0;
    const char *p = s->text.p;
    for (;; s->at++) {
        if (s->at >= s->text.n) return wrong(s, "", err);
        unsigned char c = (unsigned char)p[s->at];
        any |= c;
        if (c == '"') break;
        if (c < 0x20) return wrong(s, "control character in a string", err);
        if (c != '\\') continue;
        escaped = true;
        if (++s->at >= s->text.n) return wrong(s, "", err);
        any |= (unsigned char)p[s->at];
    }
    str raw = {p + begin, s->at - begin};
    s->at++;
    if (any >= 0x80 && !str_utf8_valid(raw)) {
        s->at = begin;
        return wrong(s, "a string that is not UTF-8", err);
    }
    ptrdiff_t behind = s->at;
    if (escaped) {
        if (!unescape(s, raw, ret, err)) return false;
        s->at = behind;
    } else {
        *ret = raw;
    }
    return true;
}

/* --- numbers and words ----------------------------------------------------------------------- */

static bool take_digits(struct jscan *s) {
    if (!digit_at(s, s->at)) return false;
    while (digit_at(s, s->at)) s->at++;
    return true;
}

static bool take_number(struct jscan *s, struct jvalue *ret, struct error *err) {
    ptrdiff_t begin = s->at;
    bool whole = true;
    if (s->text.p[s->at] == '-') s->at++;
    if (digit_at(s, s->at) && s->text.p[s->at] == '0')
        s->at++;
    else if (!take_digits(s))
        return wrong(s, "number", err);
    if (digit_at(s, s->at)) return wrong(s, "number with a leading zero", err);
    if (s->at < s->text.n && s->text.p[s->at] == '.') {
        whole = false;
        s->at++;
        if (!take_digits(s)) return wrong(s, "number", err);
    }
    if (s->at < s->text.n && (s->text.p[s->at] | 0x20) == 'e') {
        whole = false;
        s->at++;
        if (s->at < s->text.n && (s->text.p[s->at] == '+' || s->text.p[s->at] == '-')) s->at++;
        if (!take_digits(s)) return wrong(s, "number", err);
    }
    str digits = {s->text.p + begin, s->at - begin};
    bool fits = whole && str_to_i64(digits, &ret->integer);
    ret->kind = fits ? JKIND_INTEGER : JKIND_NUMBER;
    return true;
}

static bool take_literal(struct jscan *s, struct jvalue *ret, struct error *err) {
    str rest = str_tail(s->text, s->at);
    str word = STR("null");
    ret->kind = JKIND_NULL;
    if (str_starts(rest, STR("true"))) {
        word = STR("true");
        ret->kind = JKIND_TRUE;
    } else if (str_starts(rest, STR("false"))) {
        word = STR("false");
        ret->kind = JKIND_FALSE;
    } else if (!str_starts(rest, word)) {
        return wrong(s, "unexpected character", err);
    }
    s->at += word.n;
    return true;
}

/* --- values ---------------------------------------------------------------------------------- */

static bool open_container(struct jscan *s, jkind kind, struct jvalue *ret, struct error *err) {
    if (s->depth == JSCAN_DEPTH_MAX) {
        return fail(err, ERR_LIMIT, 0, "JSON nested deeper than %d at byte %td", JSCAN_DEPTH_MAX,
                    s->at);
    }
    s->at++;
    s->depth++;
    s->fresh = true;
    ret->kind = kind;
    return true;
}

bool jscan_value(struct jscan *s, struct jvalue *ret, struct error *err) {
    int c = look(s);
    *ret = (struct jvalue){0};
    if (c == '"') {
        ret->kind = JKIND_STRING;
        return take_string(s, &ret->string, err);
    }
    if (c == '{') return open_container(s, JKIND_OBJECT, ret, err);
    if (c == '[') return open_container(s, JKIND_ARRAY, ret, err);
    if (c == '-' || (c >= '0' && c <= '9')) return take_number(s, ret, err);
    return take_literal(s, ret, err);
}

/* To the next element of a container that `close` closes. */
static bool next_element(struct jscan *s, char close, bool *ret_end, struct error *err) {
    PRE(s->depth > 0);
    int c = look(s);
    *ret_end = c == close;
    if (c == close) {
        s->at++;
        s->depth--;
        s->fresh = false;
        return true;
    }
    if (!s->fresh) {
        if (c != ',') return wrong(s, "expected a comma", err);
        s->at++;
    }
    s->fresh = false;
    return true;
}

bool jscan_member(struct jscan *s, str *ret_key, bool *ret_end, struct error *err) {
    if (!next_element(s, '}', ret_end, err)) return false;
    if (*ret_end) return true;
    if (look(s) != '"') return wrong(s, "expected a member's name", err);
    if (!take_string(s, ret_key, err)) return false;
    if (look(s) != ':') return wrong(s, "expected a colon", err);
    s->at++;
    return true;
}

bool jscan_item(struct jscan *s, bool *ret_end, struct error *err) {
    return next_element(s, ']', ret_end, err);
}

/* The depth is bounded, so the recursion is. */
static bool skip_rest(struct jscan *s, jkind kind, struct error *err) {
    for (;;) {
        bool end;
        str key;
        struct jvalue v;
        if (!(kind == JKIND_OBJECT ? jscan_member(s, &key, &end, err) : jscan_item(s, &end, err))) {
            return false;
        }
        if (end) return true;
        if (!jscan_value(s, &v, err)) return false;
        if (v.kind >= JKIND_ARRAY && !skip_rest(s, v.kind, err)) return false;
    }
}

bool jscan_skip(struct jscan *s, const struct jvalue *v, struct error *err) {
    if (v->kind < JKIND_ARRAY) return true;
    s->quiet = true;
    bool ok = skip_rest(s, v->kind, err);
    s->quiet = false;
    return ok;
}

bool jscan_end(struct jscan *s, struct error *err) {
    PRE(s->depth == 0);
    return look(s) < 0 || wrong(s, "something behind the value", err);
}
