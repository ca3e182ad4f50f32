/* x_query: what is written into requests to X: queries of authors, ids of a moment.
 *
 * In: authors as people write them, moments. Out: texts. An author is named in a query by id where
 * one is given, as names change owners; else by name. Pure; any thread. Failure: ERR_CONFIG, naming
 * the author and what is expected. */
#include "source/x_sources.h"

#define NAME_BYTES_MAX 15 /* of X's names */
#define ID_BYTES_MAX 19
#define SNOWFLAKE_EPOCH_MS INT64_C(1288834974657)

/* --- authors --------------------------------------------------------------------------------- */

static bool is_digits(str s) {
    for (ptrdiff_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9') return false;
    return s.n > 0;
}

static bool is_name(str s) {
    for (ptrdiff_t i = 0; i < s.n; i++) {
        const char c = s.p[i];
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && c != '_') return false;
    }
    return s.n > 0 && s.n <= NAME_BYTES_MAX;
}

static bool is_id(str s) {
    int64_t n;
    return is_digits(s) && s.n <= ID_BYTES_MAX && s.p[0] != '0' && str_to_i64(s, &n);
}

bool x_author_parse(str text, str *ret_id, str *ret_name, struct error *err) {
    const str author = str_trim(text);
    const ptrdiff_t mark = str_find_byte(author, '@');
    str id = {0}, name = {0};
    if (mark >= 0) {
        id = str_head(author, mark);
        name = str_tail(author, mark + 1);
    } else if (is_digits(author)) {
        id = author;
    } else {
        name = author;
    }
    const bool fits = (id.n == 0 || is_id(id)) && (is_name(name) || (mark < 0 && name.n == 0));
    if (!fits || (id.n == 0 && name.n == 0)) {
        return fail(err, ERR_CONFIG, 0,
                    "author \"" STR_FMT "\": expected a name of up to 15 letters, digits and _ "
                    "(elonmusk), an id (44196397), or both (44196397@elonmusk)",
                    STR_ARG(str_head(author, 60)));
    }
    *ret_id = id;
    *ret_name = name;
    return true;
}

/* --- packing --------------------------------------------------------------------------------- */

/* Stands for the author in a query; one author given twice is packed once. */
static bool author_keys(struct arena *a, const str *authors, int count, str **ret, int *ret_count,
                        struct error *err) {
    str *keys = NEW_ARRAY(a, str, count > 0 ? count : 1);
    int n = 0;
    for (int i = 0; i < count; i++) {
        str id, name;
        bool known = false;
        if (!x_author_parse(authors[i], &id, &name, err)) return false;
        const str key = id.n > 0 ? id : name;
        for (int k = 0; k < n && !known; k++) known = str_eq_nocase(keys[k], key);
        if (!known) keys[n++] = key;
    }
    *ret = keys;
    *ret_count = n;
    return true;
}

static str query_of(struct arena *a, const str *keys, int count, str filter, ptrdiff_t max) {
    struct buf out;
    buf_init_fixed(&out, NEW_ARRAY(a, char, max + 1), max + 1);
    for (int i = 0; i < count; i++) {
        buf_put(&out, i == 0 ? STR("(from:") : STR(" OR from:"));
        buf_put(&out, keys[i]);
    }
    buf_put_byte(&out, ')');
    if (filter.n > 0) buf_put_byte(&out, ' ');
    buf_put(&out, filter);
    POST(!buf_full(&out));
    return buf_str(&out);
}

bool x_pack_authors(struct arena *a, const str *authors, int count, str filter, ptrdiff_t max,
                    str **ret, int *ret_count, struct error *err) {
    str *keys;
    int key_count, query_count = 0, begin = 0;
    if (!author_keys(a, authors, count, &keys, &key_count, err)) return false;
    const str behind = str_trim(filter);
    const ptrdiff_t rest = 1 + (behind.n > 0 ? 1 + behind.n : 0); /* ")", " FILTER" */
    str *queries = NEW_ARRAY(a, str, key_count > 0 ? key_count : 1);
    while (begin < key_count) {
        ptrdiff_t bytes = rest;
        int end = begin;
        while (end < key_count) {
            const ptrdiff_t more = (end == begin ? STR("(from:").n : STR(" OR from:").n);
            if (bytes + more + keys[end].n > max) break;
            bytes += more + keys[end++].n;
        }
        if (end == begin) {
            return fail(err, ERR_CONFIG, 0,
                        "the filter \"" STR_FMT "\" leaves no room for the author " STR_FMT
                        " in a query of %td bytes: shorten it",
                        STR_ARG(str_head(behind, 60)), STR_ARG(keys[begin]), max);
        }
        queries[query_count++] = query_of(a, keys + begin, end - begin, behind, max);
        begin = end;
    }
    *ret = queries;
    *ret_count = query_count;
    return true;
}

/* --- values ---------------------------------------------------------------------------------- */

int64_t x_snowflake_at(usec at) {
    const int64_t ms = at / USEC_PER_MS - SNOWFLAKE_EPOCH_MS;
    if (ms <= 0) return 0;
    return ms > INT64_MAX >> 22 ? INT64_MAX : ms << 22;
}
