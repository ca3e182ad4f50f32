/* params: the parameters of a request, from raw bytes to checked values.
 *
 * In: the raw query and the raw body, which are two lists of name=value; of a name that stands in
 * both, the query's counts. Percent escapes are decoded, nothing else is ('+' is a plus). Out:
 * values in the exchange's types, or a refusal in the exchange's words: -1100 wrong characters,
 * -1101 twice or too many, -1102 missing, -1104 not read by the endpoint, -1105 empty, -1108 too
 * large, -1111 too precise. Values are slices of the request or of the call's arena. An endpoint
 * reads what it knows and then asks sim_params_done, before it does anything. */
#include <inttypes.h>

#include "base/url.h"
#include "sim/sim_int.h"

#define DECIMAL_RANGE "^([0-9]{1,20})(\\.[0-9]{1,20})?$"
#define SYMBOL_RANGE "^[\\w\\-._&&[^a-z]]{1,50}$"
#define MICROS_FROM INT64_C(100000000000000) /* a time that is larger is in microseconds */

/* -- from bytes ----------------------------------------------------------------------------- */

/* False: a '%' without two digits behind it. */
static bool decode(struct arena *mem, str raw, str *ret) {
    if (str_find_byte(raw, '%') < 0) {
        *ret = raw;
        return true;
    }
    return url_decode(raw, false, NEW_ARRAY(mem, char, raw.n), raw.n, ret);
}

static struct sim_param *find(struct sim_call *c, str name) {
    for (int i = 0; i < c->param_count; i++) {
        if (str_eq(c->params[i].name, name)) return &c->params[i];
    }
    return NULL;
}

/* One name=value. from: params before this index are of the query. */
static bool take_pair(struct sim_call *c, str pair, int from) {
    ptrdiff_t eq = str_find_byte(pair, '=');
    str raw_value = eq < 0 ? (str){"", 0} : str_tail(pair, eq + 1), name, value;
    if (!decode(c->mem, eq < 0 ? pair : str_head(pair, eq), &name) ||
        !decode(c->mem, raw_value, &value) || name.n == 0 || !str_utf8_valid(name) ||
        !str_utf8_valid(value) || memchr(name.p, 0, (size_t)name.n) ||
        (value.n > 0 && memchr(value.p, 0, (size_t)value.n))) {
        return sim_refuse(c, 0, -1100, "Illegal characters found in a parameter.");
    }
    const struct sim_param *same = find(c, name);
    if (same && same - c->params < from) return true; /* the query wins */
    if (same) {
        return sim_refuse(c, 0, -1101, "Duplicate values for a parameter detected.");
    }
    if (c->param_count == SIM_PARAMS_MAX) {
        return sim_refuse(c, 0, -1101, "Too many parameters; expected '%d' and received '%d'.",
                          SIM_PARAMS_MAX, SIM_PARAMS_MAX + 1);
    }
    c->params[c->param_count++] = (struct sim_param){.name = name, .value = value};
    return true;
}

static bool take_list(struct sim_call *c, str list, int from) {
    str part;
    if (list.n == 0) return true;
    while (str_cut(&list, '&', &part)) {
        if (part.n > 0 && !take_pair(c, part, from)) return false;
    }
    return true;
}

bool sim_params_parse(struct sim_call *c, str query, str body) {
    if (!take_list(c, query, 0) || !take_list(c, body, c->param_count)) return false;
    for (int i = 0; i < c->param_count; i++) {
        if (c->params[i].value.n > 0) continue;
        return sim_refuse(c, 0, -1105, "Parameter '" STR_FMT "' was empty.",
                          STR_ARG(str_head(c->params[i].name, 60)));
    }
    return true;
}

bool sim_params_done(struct sim_call *c) {
    int read = 0;
    for (int i = 0; i < c->param_count; i++) read += c->params[i].read;
    if (read == c->param_count) return true;
    if (read == 0) {
        return sim_refuse(c, 0, -1101, "Too many parameters; expected '0' and received '%d'.",
                          c->param_count);
    }
    return sim_refuse(
        c, 0, -1104, "Not all sent parameters were read; read '%d' parameter(s) but was sent '%d'.",
        read, c->param_count);
}

/* -- values --------------------------------------------------------------------------------- */

bool sim_has(struct sim_call *c, const char *name) { return find(c, str_from_z(name)) != NULL; }

/* *ret NULL: not there, and need not be. */
static bool get(struct sim_call *c, const char *name, bool must, struct sim_param **ret) {
    *ret = find(c, str_from_z(name));
    if (*ret) (*ret)->read = true;
    if (*ret && (*ret)->value.n == 0) {
        return sim_refuse(c, 0, -1105, "Parameter '%s' was empty.", name);
    }
    if (*ret || !must) return true;
    return sim_refuse(c, 0, -1102,
                      "Mandatory parameter '%s' was not sent, was empty/null, or malformed.", name);
}

bool sim_get_str(struct sim_call *c, const char *name, bool must, str *ret) {
    struct sim_param *p;
    if (!get(c, name, must, &p)) return false;
    if (p) *ret = p->value;
    return true;
}

static bool illegal(struct sim_call *c, const char *name, const char *range) {
    return sim_refuse(c, 0, -1100,
                      "Illegal characters found in parameter '%s'; legal range is '%s'.", name,
                      range);
}

static bool all_digits(str s) {
    for (ptrdiff_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9') return false;
    }
    return s.n > 0;
}

bool sim_get_i64(struct sim_call *c, const char *name, bool must, int64_t lo, int64_t hi,
                 int64_t *ret) {
    struct sim_param *p;
    int64_t v;
    if (!get(c, name, must, &p)) return false;
    if (!p) return true;
    str digits = lo < 0 && p->value.p[0] == '-' ? str_tail(p->value, 1) : p->value;
    if (!all_digits(digits) || digits.n > 20) return illegal(c, name, "^[0-9]{1,20}$");
    if (!str_to_i64(p->value, &v)) {
        return sim_refuse(c, 0, -1108, "Parameter '%s' overflowed.", name);
    }
    if (v < lo || v > hi) {
        return sim_refuse(c, 0, -1130, "Data sent for parameter '%s' is not valid.", name);
    }
    *ret = v;
    return true;
}

/* ^([0-9]{1,20})(\.[0-9]{1,20})?$ */
static bool is_decimal(str s) {
    ptrdiff_t dot = str_find_byte(s, '.');
    str whole = dot < 0 ? s : str_head(s, dot), part = str_tail(s, dot + 1);
    return all_digits(whole) && whole.n <= 20 && (dot < 0 || (all_digits(part) && part.n <= 20));
}

static bool too_precise(str s) {
    ptrdiff_t dot = str_find_byte(s, '.');
    if (dot < 0) return false;
    for (ptrdiff_t i = dot + 9; i < s.n; i++) {
        if (s.p[i] != '0') return true;
    }
    return false;
}

bool sim_get_e8(struct sim_call *c, const char *name, bool must, int64_t *ret) {
    struct sim_param *p;
    int64_t v;
    if (!get(c, name, must, &p)) return false;
    if (!p) return true;
    if (!is_decimal(p->value)) return illegal(c, name, DECIMAL_RANGE);
    if (too_precise(p->value)) {
        return sim_refuse(c, 0, -1111, "Parameter '%s' has too much precision.", name);
    }
    if (!amount_parse_e8(p->value, &v)) {
        return sim_refuse(c, 0, -1108, "Parameter '%s' overflowed.", name);
    }
    *ret = v;
    return true;
}

bool sim_get_bool(struct sim_call *c, const char *name, bool *ret) {
    struct sim_param *p;
    if (!get(c, name, false, &p)) return false;
    if (!p) return true;
    bool yes = str_eq_nocase(p->value, STR("true"));
    if (!yes && !str_eq_nocase(p->value, STR("false"))) return illegal(c, name, "true|false");
    *ret = yes;
    return true;
}

bool sim_get_time(struct sim_call *c, const char *name, usec *ret) {
    int64_t v = -1;
    if (!sim_get_i64(c, name, false, 0, INT64_MAX / 4, &v)) return false;
    if (v >= 0) *ret = v >= MICROS_FROM ? v : v * USEC_PER_MS;
    return true;
}

/* -- symbols -------------------------------------------------------------------------------- */

/* Upper case, digits, '-', '_', '.', and letters of other scripts. */
static bool symbol_chars(str s) {
    for (ptrdiff_t i = 0; i < s.n; i++) {
        char ch = s.p[i];
        bool ok = (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') || ch == '-' || ch == '_' ||
                  ch == '.' || (unsigned char)ch >= 0x80;
        if (!ok) return false;
    }
    return s.n > 0 && s.n <= 200;
}

static bool take_sym(struct sim_call *c, const char *param, str name, int *ret) {
    if (!symbol_chars(name)) return illegal(c, param, SYMBOL_RANGE);
    int sym = symbols_find(&c->ex->symbols, name);
    if (sym == SYM_NONE) return sim_refuse(c, 0, -1121, "Invalid symbol.");
    *ret = sym;
    return true;
}

bool sim_get_sym(struct sim_call *c, bool must, int *ret) {
    str name = {0};
    if (!sim_get_str(c, "symbol", must, &name)) return false;
    return name.p == NULL || take_sym(c, "symbol", name, ret);
}

/* The next string of a JSON array of plain strings, *rest behind it and its comma. */
static bool next_of_array(str *rest, str *ret) {
    str s = str_trim(*rest);
    if (s.n < 2 || s.p[0] != '"') return false;
    s = str_tail(s, 1);
    ptrdiff_t end = str_find_byte(s, '"');
    if (end < 0 || str_find_byte(str_head(s, end), '\\') >= 0) return false;
    *ret = str_head(s, end);
    s = str_trim(str_tail(s, end + 1));
    if (s.n > 0 && s.p[0] == ',') {
        s = str_trim(str_tail(s, 1));
        if (s.n == 0) return false;
    } else if (s.n > 0) {
        return false;
    }
    *rest = s;
    return true;
}

static bool take_array(struct sim_call *c, str text, int *ret, int *ret_count) {
    str rest = str_trim(text), name;
    int count = 0;
    if (rest.n < 2 || rest.p[0] != '[' || rest.p[rest.n - 1] != ']') {
        return sim_refuse(c, 0, -1135, "JSON sent for parameter 'symbols' is not valid");
    }
    rest = str_trim((str){rest.p + 1, rest.n - 2});
    bool *seen = NEW_ARRAY(c->mem, bool, c->ex->symbols.count + 1);
    while (rest.n > 0) {
        int sym;
        if (!next_of_array(&rest, &name)) {
            return sim_refuse(c, 0, -1135, "JSON sent for parameter 'symbols' is not valid");
        }
        if (!take_sym(c, "symbols", name, &sym)) return false;
        if (seen[sym]) {
            return sim_refuse(c, 0, -1151, "Symbol is present multiple times in the list.");
        }
        seen[sym] = true;
        ret[count++] = sym;
    }
    if (count == 0) return sim_refuse(c, 0, -1105, "Parameter 'symbols' was empty.");
    *ret_count = count;
    return true;
}

bool sim_get_syms(struct sim_call *c, int *ret, int *ret_count, bool *ret_array) {
    str text = {0};
    *ret_count = -1;
    *ret_array = false;
    if (!sim_get_str(c, "symbols", false, &text)) return false;
    if (text.p == NULL) {
        int sym = SYM_NONE;
        if (!sim_get_sym(c, false, &sym)) return false;
        if (sym == SYM_NONE) return true;
        ret[0] = sym;
        *ret_count = 1;
        return true;
    }
    if (sim_has(c, "symbol")) {
        return sim_refuse(c, 0, -1128, "Combination of optional parameters invalid.");
    }
    *ret_array = true;
    return take_array(c, text, ret, ret_count);
}
