/* params: what a query says, checked; see the header.
 *
 * In: the query as it came. Out: values within their ranges, or a problem that says which parameter
 * is wrong and what it may be. A cursor is only a place in an order: one that was made up shows
 * nothing that another would not. Failure: none but the problem. Thread: any. */
#include "api/params.h"

static void wrong(struct params *p, const char *name, const char *expected, str got) {
    if (!p->bad)
        api_problem_field(p->answer, 400, "QUERY", name, "%s: expected %s, got \"" STR_FMT "\".",
                          name, expected, STR_ARG(str_head(got, 60)));
    p->bad = true;
}

/* False: it is not there, or something is wrong already. */
static bool find(struct params *p, const char *name, str *ret) {
    struct error err;
    bool found = false;
    *ret = (str){0};
    if (p->bad) return false;
    if (api_query_get(p->rq->query, name, p->rq->a, ret, &found, &err)) return found;
    api_problem_field(p->answer, 400, "QUERY", name, "%s", err.msg);
    p->bad = true;
    return false;
}

int64_t params_int(struct params *p, const char *name, int64_t least, int64_t most, int64_t none) {
    char range[64];
    str text;
    int64_t v;
    struct buf b;
    if (!find(p, name, &text)) return none;
    if (str_to_i64(text, &v) && v >= least && v <= most) return v;
    buf_init_fixed(&b, range, sizeof range);
    buf_printf(&b, "a number from %lld to %lld", (long long)least, (long long)most);
    wrong(p, name, buf_z(&b), text);
    return none;
}

str params_text(struct params *p, const char *name, ptrdiff_t most_bytes) {
    char range[64];
    str text;
    struct buf b;
    if (!find(p, name, &text)) return (str){0};
    if (text.n > 0 && text.n <= most_bytes) return text;
    buf_init_fixed(&b, range, sizeof range);
    buf_printf(&b, "a text of 1 to %lld bytes", (long long)most_bytes);
    wrong(p, name, buf_z(&b), text);
    return (str){0};
}

str params_word(struct params *p, const char *name, const char *words) {
    str text, word, rest = str_from_z(words);
    if (!find(p, name, &text)) return (str){0};
    while (rest.n > 0 && str_cut(&rest, ' ', &word))
        if (str_eq_nocase(word, text)) return word;
    char expected[160];
    struct buf b;
    buf_init_fixed(&b, expected, sizeof expected);
    buf_printf(&b, "one of: %s", words);
    wrong(p, name, buf_z(&b), text);
    return (str){0};
}

/* Letters, digits and what `more` has; letters become capitals. */
static bool to_capitals(str text, const char *more, ptrdiff_t most, struct arena *a, str *ret) {
    char *const out = arena_alloc(a, 1, 1, text.n + 1);
    for (ptrdiff_t i = 0; i < text.n; i++) {
        const char c = text.p[i];
        const bool small = c >= 'a' && c <= 'z';
        const bool ok = small || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                        str_find_byte(str_from_z(more), c) >= 0;
        if (!ok) return false;
        out[i] = small ? (char)(c - 'a' + 'A') : c;
    }
    *ret = (str){out, text.n};
    return text.n > 0 && text.n <= most;
}

str params_symbol(struct params *p, const char *name) {
    str text, symbol;
    if (!find(p, name, &text)) return (str){0};
    if (to_capitals(text, "", 23, p->rq->a, &symbol)) return symbol;
    wrong(p, name, "a pair such as BTCUSDT", text);
    return (str){0};
}

str params_reason(struct params *p, const char *name) {
    str text, word;
    if (!find(p, name, &text)) return (str){0};
    if (to_capitals(text, "_", 40, p->rq->a, &word)) return word;
    wrong(p, name, "a reason's name such as BELOW_THRESHOLD", text);
    return (str){0};
}

int params_bool(struct params *p, const char *name) {
    str text;
    if (!find(p, name, &text)) return -1;
    if (str_eq(text, STR("true"))) return 1;
    if (str_eq(text, STR("false"))) return 0;
    wrong(p, name, "true or false", text);
    return -1;
}

usec params_time(struct params *p, const char *name) {
    str text;
    usec at;
    if (!find(p, name, &text)) return 0;
    if (time_parse_rfc3339(text, &at) && at > 0) return at;
    wrong(p, name, "a time such as 2026-11-29T22:00:00Z", text);
    return 0;
}

usec params_span(struct params *p, const char *name, usec none) {
    static const struct {
        char unit;
        usec each;
    } units[] = {{'s', USEC_PER_S}, {'m', USEC_PER_MIN}, {'h', USEC_PER_HOUR}, {'d', USEC_PER_DAY}};
    str text;
    int64_t n;
    if (!find(p, name, &text)) return none;
    if (str_eq(text, STR("all"))) return USEC_NEVER;
    for (int i = 0; i < COUNT_OF(units); i++) {
        if (text.n < 2 || text.p[text.n - 1] != units[i].unit) continue;
        if (str_to_i64(str_head(text, text.n - 1), &n) && n > 0 && n <= 1000000)
            return n * units[i].each;
    }
    wrong(p, name, "a duration such as 30m, 24h, 7d, or all", text);
    return none;
}

void params_missing(struct params *p, const char *name) {
    if (!p->bad)
        api_problem_field(p->answer, 400, "QUERY", name, "%s: which one? It is wanted.", name);
    p->bad = true;
}

bool params_from_to(struct params *p, usec from, usec to) {
    if (p->bad || from <= 0 || to <= 0 || from <= to) return !p->bad;
    api_problem_field(p->answer, 400, "QUERY", "from", "from: is later than to.");
    p->bad = true;
    return false;
}

int64_t params_id(struct params *p, const char *name) {
    str text;
    int64_t id;
    if (!find(p, name, &text)) {
        params_missing(p, name);
        return 0;
    }
    if (str_to_i64(text, &id)) return id;
    wrong(p, name, "an id, which is a number", text);
    return 0;
}

/* --- cursors ------------------------------------------------------------------------------ */

static bool hex_to_i64(str text, int64_t *ret) {
    uint64_t v = 0;
    if (text.n < 1 || text.n > 16) return false;
    for (ptrdiff_t i = 0; i < text.n; i++) {
        const char c = text.p[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f')) return false;
        v = v << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    *ret = (int64_t)v;
    return true;
}

static void wrong_cursor(struct params *p, const char *name, str got) {
    wrong(p, name, "the member next of the page before", got);
}

bool params_cursor(struct params *p, const char *name, usec *ret_at, int64_t *ret_id) {
    str text, rest, first;
    if (!find(p, name, &text)) return false;
    rest = text;
    if (str_cut(&rest, '-', &first) && hex_to_i64(first, ret_at) && hex_to_i64(rest, ret_id))
        return true;
    wrong_cursor(p, name, text);
    return false;
}

void cursor_put(struct buf *b, usec at, int64_t id) {
    buf_printf(b, "%llx-%llx", (unsigned long long)at, (unsigned long long)id);
}

/* The text, two digits a byte. False: it is none. */
static bool hex_to_text(str hex, struct arena *a, str *ret) {
    char *const out = arena_alloc(a, 1, 1, hex.n / 2 + 1);
    int64_t byte;
    if (hex.n == 0 || hex.n % 2 != 0) return false;
    for (ptrdiff_t i = 0; i < hex.n / 2; i++) {
        if (!hex_to_i64(str_head(str_tail(hex, i * 2), 2), &byte) || byte == 0) return false;
        out[i] = (char)byte;
    }
    *ret = (str){out, hex.n / 2};
    return true;
}

bool params_cursor_text(struct params *p, const char *name, int64_t *ret_a, int64_t *ret_b,
                        str *ret_text) {
    str text, rest, first, second;
    if (!find(p, name, &text)) return false;
    rest = text;
    if (str_cut(&rest, '-', &first) && str_cut(&rest, '-', &second) && hex_to_i64(first, ret_a) &&
        hex_to_i64(second, ret_b) && hex_to_text(rest, p->rq->a, ret_text))
        return true;
    wrong_cursor(p, name, text);
    return false;
}

void cursor_put_text(struct buf *b, int64_t first, int64_t second, str text) {
    cursor_put(b, first, second);
    buf_put_byte(b, '-');
    for (ptrdiff_t i = 0; i < text.n; i++) buf_printf(b, "%02x", (unsigned char)text.p[i]);
}
