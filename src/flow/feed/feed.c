/* feed: the door of the reader. Raw fields of a source become a post that everything behind can
 * trust: text in NFC without entities and control characters, ids as numbers, a time, a language.
 *
 * In: struct raw_post, as a source cut it out of its wire format. Out: struct post; its strings
 * live in the arena or, where nothing had to change, in the raw fields.
 * Invariants: text is valid UTF-8 of at most POST_TEXT_BYTES_MAX; id is never 0; created_at is
 * the snowflake's time for source "x".
 * A text that says that it is a retweet is one, of an original that is not known (ref_id 0).
 * Failure: ERR_PARSE for what is malformed, ERR_RANGE for what is too long or too large; nothing
 * is guessed. Pure, any thread; memory from the caller's arena only.
 *
 * On times: X's ids carry the milliseconds that created_at lacks, and cannot be set by whoever
 * wrote the file's other fields, so the id wins whenever it is a snowflake. */
#include "flow/feed/feed_int.h"
#include "flow/reader.h"

/* Does the hash say "some other source's post"? Negative, so that it never meets an id of X. */
static int64_t foreign_id(str source, str native) {
    uint64_t h = str_hash(source) * UINT64_C(0x9E3779B97F4A7C15) ^ str_hash(native);
    h = (h ^ (h >> 31)) & (uint64_t)INT64_MAX;
    return h ? -(int64_t)h : -1;
}

static bool id_from_text(str source, str text, const char *member, int64_t *ret,
                         struct error *err) {
    if (!str_eq(source, STR("x"))) {
        *ret = foreign_id(source, text);
        return true;
    }
    bool digits = text.n > 0;
    for (ptrdiff_t i = 0; i < text.n; i++) digits &= text.p[i] >= '0' && text.p[i] <= '9';
    if (!digits) return fail(err, ERR_PARSE, 0, "%s: expected decimal digits", member);
    int64_t id;
    if (text.n > 19 || !str_to_i64(text, &id)) {
        return fail(err, ERR_RANGE, 0, "%s: more than 63 bits", member);
    }
    if (id == 0) return fail(err, ERR_RANGE, 0, "%s: must not be 0", member);
    *ret = id;
    return true;
}

static bool fill_ids(const struct raw_post *raw, struct post *ret, struct error *err) {
    if (raw->id.n == 0) return fail(err, ERR_PARSE, 0, "id: missing");
    if (!id_from_text(raw->source, raw->id, "id", &ret->id, err)) return false;
    ret->root_id = ret->id;
    if (raw->root_id.n && !str_eq(raw->root_id, raw->id) &&
        !id_from_text(raw->source, raw->root_id, "edit history", &ret->root_id, err)) {
        return false;
    }
    ret->edited = ret->root_id != ret->id;
    ret->ref = raw->ref;
    ret->ref_id = 0;
    if (raw->ref != POST_REF_NONE && raw->ref_id.n) {
        return id_from_text(raw->source, raw->ref_id, "reference", &ret->ref_id, err);
    }
    return true;
}

/* "RT @name: ...", as retweets were written before there was a button, and as archives have them:
 * the words are another's. Names of other networks have dots, hyphens and a second @. */
static bool is_written_retweet(str text) {
    while (text.n > 0 && (text.p[0] == ' ' || text.p[0] == '\n')) text = str_tail(text, 1);
    if (text.n < 4 || !str_eq_nocase(str_head(text, 2), STR("rt")) || text.p[2] != ' ')
        return false;
    text = str_tail(text, 3);
    while (text.n > 0 && text.p[0] == ' ') text = str_tail(text, 1);
    if (!str_starts(text, STR("@"))) return false;
    ptrdiff_t n = 1;
    for (; n < text.n; n++) {
        const char c = text.p[n], letter = (char)(c | 0x20);
        const bool named = (letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') ||
                           str_find_byte(STR("_.-@"), c) >= 0;
        if (!named) break;
    }
    return n > 1 && n < text.n && text.p[n] == ':';
}

static bool fill_time(const struct raw_post *raw, struct post *ret, struct error *err) {
    usec told = 0;
    if (raw->created_at.n && !time_parse_rfc3339(raw->created_at, &told)) {
        return fail(err, ERR_PARSE, 0, "created_at: expected RFC 3339, got \"" STR_FMT "\"",
                    STR_ARG(str_head(raw->created_at, 40)));
    }
    usec of_id;
    if (str_eq(raw->source, STR("x")) && time_from_snowflake(ret->id, &of_id)) {
        ret->created_at = of_id;
        return true;
    }
    if (raw->created_at.n == 0) return fail(err, ERR_PARSE, 0, "created_at: missing");
    ret->created_at = told;
    return true;
}

/* "en", "zh-Hant", "und", "qme": letters, digits and hyphens. Anything else is as good as none. */
static bool is_language_tag(str lang) {
    if (lang.n < 2 || lang.n > 35) return false;
    for (ptrdiff_t i = 0; i < lang.n; i++) {
        char c = lang.p[i];
        bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        if (!letter && !(c >= '0' && c <= '9') && c != '-') return false;
    }
    return true;
}

static bool check_name(str s, const char *member, struct error *err) {
    if (s.n > 255) return fail(err, ERR_RANGE, 0, "%s: longer than 255 bytes", member);
    if (!str_utf8_valid(s)) return fail(err, ERR_PARSE, 0, "%s: not UTF-8", member);
    return true;
}

static bool check_names(const struct raw_post *raw, struct error *err) {
    return check_name(raw->source, "source", err) && check_name(raw->id, "id", err) &&
           check_name(raw->author_id, "author_id", err) &&
           check_name(raw->username, "username", err);
}

bool feed_normalize(struct arena *a, const struct raw_post *raw, usec received_at, struct post *ret,
                    struct error *err) {
    struct post p = {.source = raw->source,
                     .source_id = raw->id,
                     .author_id = raw->author_id,
                     .username = raw->username,
                     .received_at = received_at,
                     .likes = raw->likes,
                     .reposts = raw->reposts,
                     .replies = raw->replies,
                     .quotes = raw->quotes};
    if (!check_names(raw, err) || !fill_ids(raw, &p, err) || !fill_time(raw, &p, err)) return false;
    if (!feed_clean_text(a, raw->text, raw->html, &p.text, err)) return false;
    if (p.ref == POST_REF_NONE && is_written_retweet(p.text)) p.ref = POST_REF_RETWEET;
    if (str_starts(p.username, STR("@"))) p.username = str_tail(p.username, 1);
    p.lang = is_language_tag(raw->lang) ? raw->lang : feed_language(p.text);
    *ret = p;
    return true;
}
