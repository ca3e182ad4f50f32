/* args: the command line, by the rules that most programs share.
 *
 * `--name value`, `--name=value`, flags without a value, `--` in front of what may look like an
 * option; the order does not matter. Values are slices of argv. An unknown option is an error that
 * names the nearest known one. Pure: prints nothing, ends nothing. */
#include "app/app.h"

#include "base/time.h"

#define WORD_MAX 48

static int min3(int a, int b, int c) {
    const int ab = a < b ? a : b;
    return ab < c ? ab : c;
}

int edit_distance(str a, str b) {
    if (a.n > WORD_MAX || b.n > WORD_MAX) return WORD_MAX;
    int rows[3][WORD_MAX + 1]; /* before the last, the last, this one */
    for (int j = 0; j <= b.n; j++) rows[1][j] = j;
    for (int i = 1; i <= a.n; i++) {
        int *before = rows[(i - 1) % 3], *last = rows[i % 3], *row = rows[(i + 1) % 3];
        row[0] = i;
        for (int j = 1; j <= b.n; j++) {
            const int differs = a.p[i - 1] != b.p[j - 1];
            row[j] = min3(last[j] + 1, row[j - 1] + 1, last[j - 1] + differs);
            const bool swapped =
                i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1];
            if (swapped && before[j - 2] + 1 < row[j]) row[j] = before[j - 2] + 1;
        }
    }
    return rows[(a.n + 1) % 3][b.n];
}

static const struct opt *find_in(const struct opt *opts, str name) {
    for (; opts && opts->name; opts++)
        if (str_eq(str_from_z(opts->name), name)) return opts;
    return NULL;
}

static const struct opt *nearest_in(const struct opt *opts, str name, const struct opt *best) {
    for (; opts && opts->name; opts++) {
        const int d = edit_distance(str_from_z(opts->name), name);
        if (d <= 2 && (!best || d < edit_distance(str_from_z(best->name), name))) best = opts;
    }
    return best;
}

static bool unknown(const struct opt *own, const struct opt *common, str name, struct error *err) {
    const struct opt *near = nearest_in(common, name, nearest_in(own, name, NULL));
    if (near)
        return fail(err, ERR_USAGE, 0, "no option --" STR_FMT "; did you mean --%s?", STR_ARG(name),
                    near->name);
    return fail(err, ERR_USAGE, 0, "no option --" STR_FMT "; --help shows them", STR_ARG(name));
}

static bool take_option(const struct opt *own, const struct opt *common, str word, str next,
                        struct args *a, bool *ret_took_next, struct error *err) {
    str value = word, name;
    const bool has_value = str_find_byte(word, '=') >= 0;
    IGNORE(str_cut(&value, '=', &name), "without '=' all of it is the name");
    const struct opt *o = find_in(own, name);
    if (!o) o = find_in(common, name);
    if (!o) return unknown(own, common, name, err);
    *ret_took_next = false;
    if (!o->arg && has_value) return fail(err, ERR_USAGE, 0, "--%s takes no value", o->name);
    if (!o->arg) {
        value = STR("");
    } else if (!has_value) {
        if (!next.p) return fail(err, ERR_USAGE, 0, "--%s needs a value: %s", o->name, o->arg);
        value = next;
        *ret_took_next = true;
    } else if (!value.p) {
        value = STR("");
    }
    if (a->given_count == ARGS_GIVEN_MAX)
        return fail(err, ERR_USAGE, 0, "more than %d options", ARGS_GIVEN_MAX);
    a->given[a->given_count].opt = o;
    a->given[a->given_count++].value = value;
    return true;
}

bool args_parse(const struct opt *own, const struct opt *common, int argc, char *const *argv,
                struct args *ret, struct error *err) {
    struct args a = {0};
    bool options = true;
    for (int i = 0; i < argc; i++) {
        str word = str_from_z(argv[i]);
        if (options && str_eq(word, STR("--"))) {
            options = false;
        } else if (options && str_eq(word, STR("-h"))) {
            bool took;
            if (!take_option(own, common, STR("help"), STR(""), &a, &took, err)) return false;
        } else if (options && str_starts(word, STR("--"))) {
            bool took;
            const str next = i + 1 < argc ? str_from_z(argv[i + 1]) : (str){NULL, 0};
            if (!take_option(own, common, str_tail(word, 2), next, &a, &took, err)) return false;
            i += took;
        } else if (options && word.n > 1 && word.p[0] == '-') {
            return fail(err, ERR_USAGE, 0, "no option " STR_FMT "; options begin with --",
                        STR_ARG(word));
        } else if (a.pos_count == ARGS_POS_MAX) {
            return fail(err, ERR_USAGE, 0, "too many words from \"" STR_FMT "\" on", STR_ARG(word));
        } else {
            a.pos[a.pos_count++] = word;
        }
    }
    *ret = a;
    return true;
}

bool args_has(const struct args *a, const char *name) {
    return args_get(a, name, (str){NULL, 0}).p != NULL;
}

str args_get(const struct args *a, const char *name, str otherwise) {
    for (int i = a->given_count - 1; i >= 0; i--)
        if (strcmp(a->given[i].opt->name, name) == 0) return a->given[i].value;
    return otherwise;
}

bool args_get_i64(const struct args *a, const char *name, int64_t otherwise, int64_t least,
                  int64_t most, int64_t *ret, struct error *err) {
    const str text = args_get(a, name, (str){NULL, 0});
    int64_t v = otherwise;
    if (text.p && (!str_to_i64(text, &v) || v < least || v > most))
        return fail(err, ERR_USAGE, 0,
                    "--%s: \"" STR_FMT "\" is not a whole number from %lld to %lld", name,
                    STR_ARG(text), (long long)least, (long long)most);
    *ret = v;
    return true;
}

bool duration_parse(str s, usec *ret) {
    static const struct {
        char unit;
        usec us;
    } units[] = {{'s', USEC_PER_S}, {'m', USEC_PER_MIN}, {'h', USEC_PER_HOUR}, {'d', USEC_PER_DAY}};
    usec unit = USEC_PER_S;
    for (ptrdiff_t i = 0; i < COUNT_OF(units) && s.n > 0; i++) {
        if (s.p[s.n - 1] != units[i].unit) continue;
        unit = units[i].us;
        s = str_head(s, s.n - 1);
        break;
    }
    int64_t n;
    if (!str_to_i64(s, &n) || n < 0 || n > 3650 * USEC_PER_DAY / unit) return false;
    *ret = n * unit;
    return true;
}
