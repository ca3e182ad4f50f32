/* x_post: one JSON object of X's API v2 becomes a post.
 *
 * In: one line of JSON, as the search, the streams and files of posts write it: the post object
 * itself or wrapped in {"data": ...}, under the names of either version of the API
 * (edit_history_tweet_ids or edit_history_post_ids, note_tweet or note_post, referenced_tweets or
 * referenced_posts). Out: a clean post (feed does the cleaning); its strings live in the arena.
 * Strict: a member that is there must be what the API says it is, and the error names it. Members
 * that are not known are ignored, whatever they hold.
 * Failure: ERR_PARSE or ERR_RANGE; nothing is kept. jansson's memory is freed at `out:`. Any
 * thread. */
#include <jansson.h>

#include "flow/reader.h"
#include "source/source.h"

/* Members under the name of API 2.166 and before, and under that of 2.167. */
static json_t *member(const json_t *o, const char *name, const char *other) {
    json_t *v = json_object_get(o, name);
    if (!v && other) v = json_object_get(o, other);
    return json_is_null(v) ? NULL : v;
}

static str str_of(const json_t *v) {
    return (str){json_string_value(v), (ptrdiff_t)json_string_length(v)};
}

/* An optional string; empty where it is missing. */
static bool get_str(const json_t *o, const char *name, str *ret, struct error *err) {
    const json_t *v = member(o, name, NULL);
    *ret = (str){0};
    if (!v) return true;
    if (!json_is_string(v)) return fail(err, ERR_PARSE, 0, "%s: expected a string", name);
    *ret = str_of(v);
    return true;
}

/* An id: a string, or a positive integer, whose digits are then put into the arena. */
static bool get_id(struct arena *a, const json_t *v, const char *name, str *ret,
                   struct error *err) {
    if (json_is_string(v)) {
        *ret = str_of(v);
        if (ret->n == 0) return fail(err, ERR_PARSE, 0, "%s: empty", name);
        return true;
    }
    if (!json_is_integer(v) || json_integer_value(v) <= 0) {
        return fail(err, ERR_PARSE, 0, "%s: expected a string of digits", name);
    }
    char block[24];
    struct buf digits;
    buf_init_fixed(&digits, block, sizeof block);
    buf_put_i64(&digits, json_integer_value(v));
    *ret = str_dup(a, buf_str(&digits));
    return true;
}

static bool get_optional_id(struct arena *a, const json_t *o, const char *name, str *ret,
                            struct error *err) {
    const json_t *v = member(o, name, NULL);
    *ret = (str){0};
    if (json_is_string(v) && json_string_length(v) == 0) return true;
    return !v || get_id(a, v, name, ret, err);
}

/* The root of the edit chain: its first id. */
static bool get_root(struct arena *a, const json_t *o, str *ret, struct error *err) {
    const char *name = "edit_history_tweet_ids";
    const json_t *v = member(o, name, "edit_history_post_ids");
    *ret = (str){0};
    if (!v) return true;
    if (!json_is_array(v)) return fail(err, ERR_PARSE, 0, "%s: expected an array", name);
    if (json_array_size(v) == 0) return true;
    return get_id(a, json_array_get(v, 0), name, ret, err);
}

static bool get_text(const json_t *o, str *ret, struct error *err) {
    const json_t *note = member(o, "note_tweet", "note_post");
    if (note && !json_is_object(note)) {
        return fail(err, ERR_PARSE, 0, "note_tweet: expected an object");
    }
    const json_t *v = note ? member(note, "text", NULL) : NULL;
    if (v && !json_is_string(v)) {
        return fail(err, ERR_PARSE, 0, "note_tweet.text: expected a string");
    }
    if (!v) v = json_object_get(o, "text");
    if (!v) return fail(err, ERR_PARSE, 0, "text: missing");
    if (!json_is_string(v)) return fail(err, ERR_PARSE, 0, "text: expected a string");
    *ret = str_of(v);
    return true;
}

static post_ref ref_from_name(str type) {
    if (str_eq(type, STR("retweeted"))) return POST_REF_RETWEET;
    if (str_eq(type, STR("quoted"))) return POST_REF_QUOTE;
    if (str_eq(type, STR("replied_to"))) return POST_REF_REPLY;
    return POST_REF_NONE;
}

/* What the post refers to first: a retweet before a quote before a reply. */
static bool get_reference(struct arena *a, const json_t *o, struct raw_post *raw,
                          struct error *err) {
    const char *name = "referenced_tweets";
    const json_t *list = member(o, name, "referenced_posts");
    if (!list) return true;
    if (!json_is_array(list)) return fail(err, ERR_PARSE, 0, "%s: expected an array", name);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        str type;
        if (!json_is_object(item)) return fail(err, ERR_PARSE, 0, "%s: expected objects", name);
        if (!get_str(item, "type", &type, err)) return fail_in(err, "%s", name);
        post_ref ref = ref_from_name(type);
        if (ref == POST_REF_NONE || (raw->ref != POST_REF_NONE && ref >= raw->ref)) continue;
        if (!get_optional_id(a, item, "id", &raw->ref_id, err)) return fail_in(err, "%s", name);
        raw->ref = ref;
    }
    return true;
}

static bool get_count(const json_t *metrics, const char *name, int64_t *ret, struct error *err) {
    const json_t *v = member(metrics, name, NULL);
    *ret = -1;
    if (!v) return true;
    if (!json_is_integer(v) || json_integer_value(v) < 0) {
        return fail(err, ERR_PARSE, 0, "public_metrics.%s: expected a count", name);
    }
    *ret = json_integer_value(v);
    return true;
}

static bool get_metrics(const json_t *o, struct raw_post *raw, struct error *err) {
    const json_t *m = member(o, "public_metrics", NULL);
    if (m && !json_is_object(m)) {
        return fail(err, ERR_PARSE, 0, "public_metrics: expected an object");
    }
    return get_count(m, "like_count", &raw->likes, err) &&
           get_count(m, "retweet_count", &raw->reposts, err) &&
           get_count(m, "reply_count", &raw->replies, err) &&
           get_count(m, "quote_count", &raw->quotes, err);
}

static bool get_raw(struct arena *a, const json_t *o, struct raw_post *raw, struct error *err) {
    raw->html = true;
    return get_optional_id(a, o, "id", &raw->id, err) && get_text(o, &raw->text, err) &&
           get_str(o, "created_at", &raw->created_at, err) && get_root(a, o, &raw->root_id, err) &&
           get_optional_id(a, o, "author_id", &raw->author_id, err) &&
           get_str(o, "username", &raw->username, err) && get_str(o, "lang", &raw->lang, err) &&
           get_reference(a, o, raw, err) && get_metrics(o, raw, err);
}

/* Slices of jansson's memory become slices of the arena. */
static void keep(struct arena *a, struct raw_post *raw) {
    str *const members[] = {&raw->id,   &raw->root_id,  &raw->text,
                            &raw->lang, &raw->username, &raw->author_id};
    for (int i = 0; i < COUNT_OF(members); i++) *members[i] = str_dup(a, *members[i]);
}

/* When it came in: as told, else the member `received` of a recorded post, else when it was
 * published. */
static bool get_received(const json_t *o, usec told, struct post *p, struct error *err) {
    str text;
    if (told != 0) return true;
    if (!get_str(o, "received", &text, err)) return false;
    p->received_at = p->created_at;
    if (text.n == 0 || time_parse_rfc3339(text, &p->received_at)) return true;
    return fail(err, ERR_PARSE, 0, "received: expected RFC 3339, got \"" STR_FMT "\"",
                STR_ARG(str_head(text, 40)));
}

/* What `score` accepts: a text alone is a post of its own source without a time. */
static void fill_missing(struct raw_post *raw, bool lenient) {
    if (!lenient) return;
    if (raw->id.n == 0) {
        raw->id = STR("text");
        raw->source = STR("text");
    }
    if (raw->created_at.n == 0) raw->created_at = STR("1970-01-01T00:00:00Z");
}

static bool post_from_json(struct arena *a, const json_t *root, const struct raw_post *seed,
                           usec received_at, bool lenient, struct post *ret, struct error *err) {
    struct raw_post raw = *seed;
    const json_t *o = root;
    if (!json_is_object(o)) return fail(err, ERR_PARSE, 0, "expected a JSON object");
    if (json_is_object(json_object_get(o, "data"))) o = json_object_get(o, "data");
    if (!get_raw(a, o, &raw, err)) return false;
    fill_missing(&raw, lenient);
    keep(a, &raw);
    return feed_normalize(a, &raw, received_at, ret, err) && get_received(o, received_at, ret, err);
}

bool x_post_parse(struct arena *a, str line, str source, usec received_at, bool lenient,
                  struct post *ret, struct error *err) {
    struct raw_post seed = {.source = source};
    json_error_t why;
    bool ok = false;
    json_t *root = NULL;
    if (line.n > POST_LINE_BYTES_MAX) {
        ok = fail(err, ERR_RANGE, 0, "%td bytes, the most is %d", line.n, POST_LINE_BYTES_MAX);
        goto out;
    }
    root = json_loadb(line.p ? line.p : "", (size_t)line.n, 0, &why);
    if (!root) {
        ok = fail(err, ERR_PARSE, 0, "not JSON: %s (byte %d)", why.text, why.position);
        goto out;
    }
    ok = post_from_json(a, root, &seed, received_at, lenient, ret, err);
out:
    json_decref(root), root = NULL;
    return ok;
}
