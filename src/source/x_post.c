/* x_post: one JSON object of X's API v2 becomes a post, or word that a post was deleted.
 *
 * In: one line of JSON, as the search, the streams and files of posts write it: the post object
 * itself or wrapped in {"data": ...}, under the names of either version of the API
 * (edit_history_tweet_ids or edit_history_post_ids, note_tweet or note_post, referenced_tweets or
 * referenced_posts). Or an event of the compliance stream, {"delete": {"tweet": {"id",
 * "author_id"}, "event_at"}}, also with "post" or (as version 1.1 has it) "status", and with
 * "timestamp_ms". Other events of that stream are no posts, and say so. Out: a clean post (feed
 * does the cleaning); its strings live in the arena. Strict: a member that is there must be what
 * the API says it is, and the error names it; null is as good as missing; of a name that stands
 * twice the last counts. Members that are not known are checked to be JSON and ignored, whatever
 * they hold. Failure: ERR_PARSE, ERR_RANGE or ERR_LIMIT; nothing is kept. Any thread. */
#include "base/hash.h"
#include "flow/reader.h"
#include "source/jscan.h"
#include "source/push.h"

/* What is taken from the object before feed sees it. */
struct taken {
    struct jscan scan;
    struct raw_post raw;
    str text, note; /* note: the long form, which wins */
    bool has_text, has_note, wrapped;
    str received, told_source;
    bool is_deletion;
    str gone_id, gone_author; /* of the deleted post */
    str event_at;             /* RFC 3339 */
    usec event;               /* the same from timestamp_ms; 0 none */
};

typedef bool take_fn(struct taken *t, const struct jvalue *v, const char *name, struct error *err);

static bool expected(const char *name, const char *what, struct error *err) {
    return fail(err, ERR_PARSE, 0, "%s: expected %s", name, what);
}

/* --- kinds of members ------------------------------------------------------------------------ */

static bool to_str(const struct jvalue *v, const char *name, str *ret, struct error *err) {
    *ret = (str){0};
    if (v->kind == JKIND_NULL) return true;
    if (v->kind != JKIND_STRING) return expected(name, "a string", err);
    *ret = v->string;
    return true;
}

/* An id: a string, or a positive integer, whose digits are then put into the arena. An empty string
 * is as good as missing. */
static bool to_id(struct taken *t, const struct jvalue *v, const char *name, str *ret,
                  struct error *err) {
    if (v->kind != JKIND_INTEGER && v->kind != JKIND_NUMBER) return to_str(v, name, ret, err);
    if (v->kind == JKIND_NUMBER || v->integer <= 0) {
        return expected(name, "a string of digits or a positive integer of 63 bits", err);
    }
    char block[24];
    struct buf digits;
    buf_init_fixed(&digits, block, sizeof block);
    buf_put_i64(&digits, v->integer);
    *ret = str_dup(t->scan.a, buf_str(&digits));
    return true;
}

static bool to_count(const struct jvalue *v, const char *name, int64_t *ret, struct error *err) {
    *ret = -1;
    if (v->kind == JKIND_NULL) return true;
    if (v->kind != JKIND_INTEGER || v->integer < 0) return expected(name, "a count", err);
    *ret = v->integer;
    return true;
}

/* --- members --------------------------------------------------------------------------------- */

static bool take_id(struct taken *t, const struct jvalue *v, const char *name, struct error *err) {
    return to_id(t, v, name, &t->raw.id, err);
}

static bool take_text(struct taken *t, const struct jvalue *v, const char *name,
                      struct error *err) {
    t->has_text = v->kind != JKIND_NULL;
    return to_str(v, name, &t->text, err);
}

static bool take_created(struct taken *t, const struct jvalue *v, const char *name,
                         struct error *err) {
    return to_str(v, name, &t->raw.created_at, err);
}

static bool take_author(struct taken *t, const struct jvalue *v, const char *name,
                        struct error *err) {
    return to_id(t, v, name, &t->raw.author_id, err);
}

static bool take_username(struct taken *t, const struct jvalue *v, const char *name,
                          struct error *err) {
    return to_str(v, name, &t->raw.username, err);
}

static bool take_lang(struct taken *t, const struct jvalue *v, const char *name,
                      struct error *err) {
    return to_str(v, name, &t->raw.lang, err);
}

static bool take_received(struct taken *t, const struct jvalue *v, const char *name,
                          struct error *err) {
    return to_str(v, name, &t->received, err);
}

/* X's own posts named the program that wrote them so: only push holds it to anything. */
static bool take_source(struct taken *t, const struct jvalue *v, const char *name,
                        struct error *err) {
    (void)name;
    t->told_source = v->kind == JKIND_STRING ? v->string : (str){0};
    return jscan_skip(&t->scan, v, err);
}

/* The root of the edit chain is its first id. */
static bool take_history(struct taken *t, const struct jvalue *v, const char *name,
                         struct error *err) {
    struct jvalue item;
    bool end;
    t->raw.root_id = (str){0};
    if (v->kind == JKIND_NULL) return true;
    if (v->kind != JKIND_ARRAY) return expected(name, "an array", err);
    for (int i = 0;; i++) {
        if (!jscan_item(&t->scan, &end, err)) return false;
        if (end) return true;
        if (!jscan_value(&t->scan, &item, err)) return false;
        if (i == 0 && !to_id(t, &item, name, &t->raw.root_id, err)) return false;
        if (!jscan_skip(&t->scan, &item, err)) return false;
    }
}

static bool take_note(struct taken *t, const struct jvalue *v, const char *name,
                      struct error *err) {
    struct jvalue item;
    bool end;
    str key;
    t->has_note = false;
    if (v->kind == JKIND_NULL) return true;
    if (v->kind != JKIND_OBJECT) return expected(name, "an object", err);
    for (;;) {
        if (!jscan_member(&t->scan, &key, &end, err)) return false;
        if (end) return true;
        if (!jscan_value(&t->scan, &item, err)) return false;
        if (str_eq(key, STR("text"))) {
            t->has_note = item.kind != JKIND_NULL;
            if (!to_str(&item, "note_tweet.text", &t->note, err)) return false;
        }
        if (!jscan_skip(&t->scan, &item, err)) return false;
    }
}

static post_ref ref_from_name(str type) {
    if (str_eq(type, STR("retweeted"))) return POST_REF_RETWEET;
    if (str_eq(type, STR("quoted"))) return POST_REF_QUOTE;
    if (str_eq(type, STR("replied_to"))) return POST_REF_REPLY;
    return POST_REF_NONE;
}

/* One of the references, opened: a retweet wins over a quote, that over a reply. */
static bool take_reference(struct taken *t, const char *name, struct error *err) {
    struct jvalue item;
    str key, type = {0}, id = {0};
    bool end;
    for (;;) {
        if (!jscan_member(&t->scan, &key, &end, err)) return false;
        if (end) break;
        if (!jscan_value(&t->scan, &item, err)) return false;
        if (str_eq(key, STR("type")) && !to_str(&item, name, &type, err)) return false;
        if (str_eq(key, STR("id")) && !to_id(t, &item, name, &id, err)) return false;
        if (!jscan_skip(&t->scan, &item, err)) return false;
    }
    post_ref ref = ref_from_name(type);
    if (ref == POST_REF_NONE) return true;
    if (t->raw.ref != POST_REF_NONE && ref >= t->raw.ref) return true;
    t->raw.ref = ref;
    t->raw.ref_id = id;
    return true;
}

static bool take_references(struct taken *t, const struct jvalue *v, const char *name,
                            struct error *err) {
    struct jvalue item;
    bool end;
    t->raw.ref = POST_REF_NONE;
    if (v->kind == JKIND_NULL) return true;
    if (v->kind != JKIND_ARRAY) return expected(name, "an array", err);
    for (;;) {
        if (!jscan_item(&t->scan, &end, err)) return false;
        if (end) return true;
        if (!jscan_value(&t->scan, &item, err)) return false;
        if (item.kind != JKIND_OBJECT) return expected(name, "objects", err);
        if (!take_reference(t, name, err)) return false;
    }
}

static bool take_metrics(struct taken *t, const struct jvalue *v, const char *name,
                         struct error *err) {
    struct jvalue item;
    bool end;
    str key;
    if (v->kind == JKIND_NULL) return true;
    if (v->kind != JKIND_OBJECT) return expected(name, "an object", err);
    for (;;) {
        if (!jscan_member(&t->scan, &key, &end, err)) return false;
        if (end) return true;
        if (!jscan_value(&t->scan, &item, err)) return false;
        bool ok = true;
        if (str_eq(key, STR("like_count"))) {
            ok = to_count(&item, "public_metrics.like_count", &t->raw.likes, err);
        } else if (str_eq(key, STR("retweet_count"))) {
            ok = to_count(&item, "public_metrics.retweet_count", &t->raw.reposts, err);
        } else if (str_eq(key, STR("reply_count"))) {
            ok = to_count(&item, "public_metrics.reply_count", &t->raw.replies, err);
        } else if (str_eq(key, STR("quote_count"))) {
            ok = to_count(&item, "public_metrics.quote_count", &t->raw.quotes, err);
        }
        if (!ok || !jscan_skip(&t->scan, &item, err)) return false;
    }
}

/* --- deletions ------------------------------------------------------------------------------- */

/* {"id", "author_id"} of the deleted post, opened. */
static bool take_deleted_post(struct taken *t, const struct jvalue *v, struct error *err) {
    struct jvalue item;
    str key;
    bool end;
    t->gone_id = t->gone_author = (str){0};
    if (v->kind != JKIND_OBJECT) return expected("delete.tweet", "an object", err);
    for (;;) {
        if (!jscan_member(&t->scan, &key, &end, err)) return false;
        if (end) return true;
        if (!jscan_value(&t->scan, &item, err)) return false;
        bool ok = true;
        if (str_eq(key, STR("id")) || str_eq(key, STR("id_str")))
            ok = to_id(t, &item, "delete.tweet.id", &t->gone_id, err);
        else if (str_eq(key, STR("author_id")) || str_eq(key, STR("user_id")) ||
                 str_eq(key, STR("user_id_str")))
            ok = to_id(t, &item, "delete.tweet.author_id", &t->gone_author, err);
        if (!ok || !jscan_skip(&t->scan, &item, err)) return false;
    }
}

/* Milliseconds since 1970, as digits in a string or as an integer. */
static bool take_event_ms(struct taken *t, const struct jvalue *v, struct error *err) {
    int64_t ms = 0;
    const bool text = v->kind == JKIND_STRING && str_to_i64(v->string, &ms);
    if (v->kind == JKIND_INTEGER) ms = v->integer;
    if ((!text && v->kind != JKIND_INTEGER) || ms <= 0 || ms > USEC_NEVER / USEC_PER_MS / 16)
        return expected("delete.timestamp_ms", "milliseconds since 1970", err);
    t->event = ms * USEC_PER_MS;
    return true;
}

static bool take_delete(struct taken *t, const struct jvalue *v, const char *name,
                        struct error *err) {
    struct jvalue item;
    str key;
    bool end;
    t->gone_id = t->gone_author = t->event_at = (str){0};
    t->event = 0;
    t->is_deletion = v->kind == JKIND_OBJECT;
    if (v->kind == JKIND_NULL) return true;
    if (!t->is_deletion) return expected(name, "an object", err);
    for (;;) {
        if (!jscan_member(&t->scan, &key, &end, err)) return false;
        if (end) return true;
        if (!jscan_value(&t->scan, &item, err)) return false;
        bool ok = true;
        if (str_eq(key, STR("tweet")) || str_eq(key, STR("post")) || str_eq(key, STR("status")))
            ok = take_deleted_post(t, &item, err);
        else if (str_eq(key, STR("event_at")))
            ok = to_str(&item, "delete.event_at", &t->event_at, err);
        else if (str_eq(key, STR("timestamp_ms")))
            ok = take_event_ms(t, &item, err);
        else
            ok = jscan_skip(&t->scan, &item, err);
        if (!ok) return false;
    }
}

/* --- the object ------------------------------------------------------------------------------ */

static bool take_object(struct taken *t, bool outer, struct error *err);

/* {"data": {...}}: the post is in there, and what stands beside it is about it. */
static bool take_data(struct taken *t, struct error *err) {
    struct jscan scan = t->scan;
    *t = (struct taken){.raw = {.source = t->raw.source, .html = true}, .wrapped = true};
    t->raw.likes = t->raw.reposts = t->raw.replies = t->raw.quotes = -1;
    t->scan = scan;
    return take_object(t, false, err);
}

static const struct {
    const char *name;
    int bytes;
    take_fn *take;
} members[] = {{"id", 2, take_id},
               {"text", 4, take_text},
               {"created_at", 10, take_created},
               {"author_id", 9, take_author},
               {"username", 8, take_username},
               {"lang", 4, take_lang},
               {"received", 8, take_received},
               {"source", 6, take_source},
               {"edit_history_tweet_ids", 22, take_history},
               {"edit_history_post_ids", 21, take_history},
               {"note_tweet", 10, take_note},
               {"note_post", 9, take_note},
               {"referenced_tweets", 17, take_references},
               {"referenced_posts", 16, take_references},
               {"public_metrics", 14, take_metrics},
               {"delete", 6, take_delete}};

static bool take_member(struct taken *t, str key, bool outer, struct error *err) {
    struct jvalue v;
    if (!jscan_value(&t->scan, &v, err)) return false;
    if (outer && v.kind == JKIND_OBJECT && str_eq(key, STR("data"))) return take_data(t, err);
    for (int i = 0; i < COUNT_OF(members) && !(outer && t->wrapped); i++) {
        if (key.n == members[i].bytes && memcmp(key.p, members[i].name, (size_t)key.n) == 0) {
            return members[i].take(t, &v, members[i].name, err);
        }
    }
    return jscan_skip(&t->scan, &v, err);
}

/* The members of an object that has been opened. */
static bool take_object(struct taken *t, bool outer, struct error *err) {
    for (;;) {
        str key;
        bool end;
        if (!jscan_member(&t->scan, &key, &end, err)) return false;
        if (end) return true;
        if (!take_member(t, key, outer, err)) return false;
    }
}

static bool take_all(struct taken *t, bool lenient, struct error *err) {
    struct jvalue root;
    if (!jscan_value(&t->scan, &root, err)) return false;
    if (root.kind != JKIND_OBJECT) return fail(err, ERR_PARSE, 0, "expected a JSON object");
    if (!take_object(t, true, err) || !jscan_end(&t->scan, err)) return false;
    const bool says = t->has_text || t->has_note;
    if (t->is_deletion && lenient)
        return fail(err, ERR_PARSE, 0, "delete: word of a deletion, not a post");
    if (t->is_deletion && says)
        return fail(err, ERR_PARSE, 0, "text and delete: a post, or word of its deletion?");
    if (t->is_deletion && t->gone_id.n == 0)
        return fail(err, ERR_PARSE, 0, "delete.tweet.id: missing");
    if (!t->is_deletion && !says) return fail(err, ERR_PARSE, 0, "text: missing");
    t->raw.text = t->has_note ? t->note : t->text;
    return true;
}

/* --- the post -------------------------------------------------------------------------------- */

/* Slices of the line become slices of the arena. */
static void keep(struct arena *a, struct raw_post *raw) {
    str *const kept[] = {&raw->id,   &raw->root_id,  &raw->text,
                         &raw->lang, &raw->username, &raw->author_id};
    for (int i = 0; i < COUNT_OF(kept); i++) *kept[i] = str_dup(a, *kept[i]);
}

/* What `score` accepts: a text alone is a post of its own source without a time. */
static void fill_missing(struct raw_post *raw) {
    if (raw->id.n == 0) {
        raw->id = STR("text");
        raw->source = STR("text");
    }
    if (raw->created_at.n == 0) raw->created_at = STR("1970-01-01T00:00:00Z");
}

/* When it came in: as told, else the member `received` of a recorded post, else when it was
 * published. */
static bool fill_received(str text, usec told, struct post *p, struct error *err) {
    if (told != 0) return true;
    p->received_at = p->created_at;
    if (text.n == 0 || time_parse_rfc3339(text, &p->received_at)) return true;
    return fail(err, ERR_PARSE, 0, "received: expected RFC 3339, got \"" STR_FMT "\"",
                STR_ARG(str_head(text, 40)));
}

/* When it was deleted is when word of it came, unless that was told: so it stands in the order of
 * what was said at the time. */
static bool fill_deletion(const struct taken *t, struct post *p, struct error *err) {
    usec at = t->event;
    if (t->event_at.n > 0 && !time_parse_rfc3339(t->event_at, &at))
        return fail(err, ERR_PARSE, 0, "delete.event_at: expected RFC 3339, got \"" STR_FMT "\"",
                    STR_ARG(str_head(t->event_at, 40)));
    if (at == 0) return fail(err, ERR_PARSE, 0, "delete.event_at: missing, and no timestamp_ms");
    p->deleted = true;
    p->created_at = at;
    if (t->received.n == 0 && p->received_at == 0) p->received_at = at;
    return true;
}

/* --- what somebody brings (push.h) ----------------------------------------------------------- */

/* Of what makes it the same post when it is brought again. */
static bool make_id(struct arena *a, struct raw_post *raw, struct error *err) {
    const str author = raw->author_id.n > 0 ? raw->author_id : raw->username;
    const str parts[] = {raw->source, author, raw->text, raw->created_at};
    uint8_t hash[SHA256_BYTES];
    char id[27] = "p";
    if (str_eq(raw->source, STR("x")))
        return fail(err, ERR_PARSE, 0, "id: missing; posts of the source x have X's own");
    if (raw->created_at.n == 0)
        return fail(err, ERR_PARSE, 0, "id: missing, and no created_at to make one of");
    struct sha256 *h = sha256_new();
    for (int i = 0; i < COUNT_OF(parts); i++) {
        sha256_add(h, parts[i]);
        sha256_add(h, str_from_bytes("", 1));
    }
    sha256_finish(h, hash);
    sha256_free(h);
    IGNORE(base32_format(hash, 25, id + 1).n == 0, "it stands in id");
    raw->id = str_dup(a, str_from_bytes(id, 26));
    return true;
}

static bool complete(struct taken *t, struct arena *a, usec now, struct error *err) {
    struct raw_post *const raw = &t->raw;
    char text[TIME_TEXT_BYTES];
    if (t->told_source.n > 0 && !str_eq(t->told_source, raw->source))
        return fail(err, ERR_REFUSED, 0, "source: is \"" STR_FMT "\", and yours is \"" STR_FMT "\"",
                    STR_ARG(str_head(t->told_source, 40)), STR_ARG(raw->source));
    if (t->is_deletion) return true;
    if (raw->id.n == 0 && !make_id(a, raw, err)) return false;
    if (raw->created_at.n == 0) raw->created_at = str_dup(a, time_format_rfc3339(now, text));
    return true;
}

/* --- the post, whoever wants it -------------------------------------------------------------- */

typedef enum strictness { STRICT, LENIENT, PUSHED } strictness;

static bool parse(struct arena *a, str line, str source, usec received_at, strictness how,
                  struct post *ret, struct error *err) {
    struct taken t = {.raw = {.source = source, .html = true}};
    t.raw.likes = t.raw.reposts = t.raw.replies = t.raw.quotes = -1;
    if (line.n > POST_LINE_BYTES_MAX) {
        return fail(err, ERR_RANGE, 0, "%td bytes, the most is %d", line.n, POST_LINE_BYTES_MAX);
    }
    jscan_init(&t.scan, a, line);
    if (!take_all(&t, how == LENIENT, err)) return false;
    if (how == LENIENT) fill_missing(&t.raw);
    if (how == PUSHED && !complete(&t, a, received_at, err)) return false;
    if (t.is_deletion) /* nothing that may stand beside it; the time is put right below */
        t.raw = (struct raw_post){.source = source,
                                  .id = t.gone_id,
                                  .author_id = t.gone_author,
                                  .created_at = STR("1970-01-01T00:00:00Z"),
                                  .likes = -1,
                                  .reposts = -1,
                                  .replies = -1,
                                  .quotes = -1};
    keep(a, &t.raw);
    struct post p;
    if (!feed_normalize(a, &t.raw, received_at, &p, err)) return false;
    if (t.is_deletion && !fill_deletion(&t, &p, err)) return false;
    if (!fill_received(t.received, received_at, &p, err)) return false;
    *ret = p;
    return true;
}

bool x_post_parse(struct arena *a, str line, str source, usec received_at, bool lenient,
                  struct post *ret, struct error *err) {
    return parse(a, line, source, received_at, lenient ? LENIENT : STRICT, ret, err);
}

bool push_post_parse(struct arena *a, str line, str source, usec now, struct post *ret,
                     struct error *err) {
    struct post p;
    PRE(now > 0);
    if (!parse(a, line, source, now, PUSHED, &p, err)) return false;
    if (p.created_at > now + PUSH_AHEAD_MAX)
        return fail(err, ERR_LIMIT, 0,
                    "created_at: is more than 2 s ahead of this machine's clock");
    p.created_at = i64_min(p.created_at, now);
    *ret = p;
    return true;
}
