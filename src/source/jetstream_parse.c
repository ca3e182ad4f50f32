/* jetstream_parse: one message of Bluesky's Jetstream becomes a post, or word that one was deleted.
 *
 * In: {"did", "time_us", "kind": "commit", "commit": {"rev", "operation", "collection", "rkey",
 * "record": {...}}}, in any order of members; servers of August 2026 add a "cursor". Out: for a
 * create in app.bsky.feed.post a post whose native id is "did/rkey"; for an update a version of
 * its own, "did/rkey@rev", in the edit chain of "did/rkey"; for a delete word of it; for everything
 * else nothing. Among that nothing is an account that was deleted with all its posts (kind account,
 * status deleted): what we hold of it stays until its posts are deleted one by one. A create that
 * says no word (a picture alone) is nothing as well; an update without words counts, since what
 * stood there before is gone.
 *
 * The time of a post is time_us, when the server heard of it; createdAt is the author's own claim
 * and only has to be a string. Quotes and replies name the post that they are about; what is quoted
 * and is no post (a feed, a list) is no reference.
 *
 * Strict: a member that is used must be what the lexicon says it is, and the error names it; null
 * is as good as missing; of a name that stands twice the last counts. Members that are not known
 * are checked to be JSON and ignored. Failure: ERR_PARSE, ERR_RANGE or ERR_LIMIT; nothing is kept.
 * Memory: the arena, and the line itself. Any thread. */
#include "flow/reader.h"
#include "source/jetstream.h"
#include "source/jscan.h"

#define COLLECTION "app.bsky.feed.post"
#define NATIVE_ID_BYTES 255                  /* what feed takes as an id */
#define TIME_MAX INT64_C(253402300799999999) /* the year 9999 */

struct taken {
    struct jscan scan;
    str did, kind;
    usec time;
    bool has_commit;
    str rev, operation, collection, rkey;
    bool has_record, record_read;
    struct jscan record; /* where it stands, for when its collection is named behind it */
    bool has_text;
    str text, lang, reply_uri, quote_uri;
};

typedef bool member_fn(struct taken *t, str key, const struct jvalue *v, struct error *err);

static bool expected(const char *name, const char *what, struct error *err) {
    return fail(err, ERR_PARSE, 0, "%s: expected %s", name, what);
}

static bool to_str(const struct jvalue *v, const char *name, str *ret, struct error *err) {
    *ret = (str){0};
    if (v->kind == JKIND_NULL) return true;
    if (v->kind != JKIND_STRING) return expected(name, "a string", err);
    *ret = v->string;
    return true;
}

/* The members of an object that has been opened, one after the other. */
static bool each_member(struct taken *t, member_fn *take, struct error *err) {
    for (;;) {
        struct jvalue v;
        bool end;
        str key;
        if (!jscan_member(&t->scan, &key, &end, err)) return false;
        if (end) return true;
        if (!jscan_value(&t->scan, &v, err) || !take(t, key, &v, err)) return false;
    }
}

/* A member that is an object, or null and then as good as missing. */
static bool take_object(struct taken *t, const struct jvalue *v, const char *name, member_fn *take,
                        struct error *err) {
    if (v->kind == JKIND_NULL) return true;
    if (v->kind != JKIND_OBJECT) return expected(name, "an object", err);
    return each_member(t, take, err);
}

/* --- the record ------------------------------------------------------------------------------ */

static bool in_parent(struct taken *t, str key, const struct jvalue *v, struct error *err) {
    if (str_eq(key, STR("uri")))
        return to_str(v, "commit.record.reply.parent.uri", &t->reply_uri, err);
    return jscan_skip(&t->scan, v, err);
}

static bool in_reply(struct taken *t, str key, const struct jvalue *v, struct error *err) {
    if (str_eq(key, STR("parent")))
        return take_object(t, v, "commit.record.reply.parent", in_parent, err);
    return jscan_skip(&t->scan, v, err);
}

static bool in_quoted(struct taken *t, str key, const struct jvalue *v, struct error *err) {
    if (str_eq(key, STR("uri")))
        return to_str(v, "commit.record.embed.record.uri", &t->quote_uri, err);
    return jscan_skip(&t->scan, v, err);
}

/* {"uri", "cid"}, or with media beside it {"record": {"uri", "cid"}}. */
static bool in_embed_record(struct taken *t, str key, const struct jvalue *v, struct error *err) {
    if (str_eq(key, STR("record")))
        return take_object(t, v, "commit.record.embed.record.record", in_quoted, err);
    return in_quoted(t, key, v, err);
}

static bool in_embed(struct taken *t, str key, const struct jvalue *v, struct error *err) {
    if (str_eq(key, STR("record")))
        return take_object(t, v, "commit.record.embed.record", in_embed_record, err);
    return jscan_skip(&t->scan, v, err);
}

/* The first of them; the others are as sure as it is. */
static bool take_langs(struct taken *t, const struct jvalue *v, struct error *err) {
    t->lang = (str){0};
    if (v->kind == JKIND_NULL) return true;
    if (v->kind != JKIND_ARRAY) return expected("commit.record.langs", "an array of strings", err);
    for (bool first = true;; first = false) {
        struct jvalue item;
        bool end;
        if (!jscan_item(&t->scan, &end, err)) return false;
        if (end) return true;
        if (!jscan_value(&t->scan, &item, err)) return false;
        if (item.kind != JKIND_STRING)
            return expected("commit.record.langs", "an array of strings", err);
        if (first) t->lang = item.string;
    }
}

static bool take_type(const struct jvalue *v, struct error *err) {
    str type;
    if (!to_str(v, "commit.record.$type", &type, err)) return false;
    return type.n == 0 || str_eq(type, STR(COLLECTION)) ||
           expected("commit.record.$type", COLLECTION, err);
}

static bool in_record(struct taken *t, str key, const struct jvalue *v, struct error *err) {
    str claim;
    if (str_eq(key, STR("text"))) {
        t->has_text = v->kind != JKIND_NULL;
        return to_str(v, "commit.record.text", &t->text, err);
    }
    if (str_eq(key, STR("createdAt"))) return to_str(v, "commit.record.createdAt", &claim, err);
    if (str_eq(key, STR("langs"))) return take_langs(t, v, err);
    if (str_eq(key, STR("$type"))) return take_type(v, err);
    if (str_eq(key, STR("reply"))) {
        t->reply_uri = (str){0};
        return take_object(t, v, "commit.record.reply", in_reply, err);
    }
    if (str_eq(key, STR("embed"))) {
        t->quote_uri = (str){0};
        return take_object(t, v, "commit.record.embed", in_embed, err);
    }
    return jscan_skip(&t->scan, v, err);
}

static bool read_record(struct taken *t, struct error *err) {
    t->record_read = true;
    t->has_text = false;
    t->text = t->lang = t->reply_uri = t->quote_uri = (str){0};
    return each_member(t, in_record, err);
}

/* Posts are read as they stand; what is no post is passed over, and so is what is not yet known to
 * be one. */
static bool take_record(struct taken *t, const struct jvalue *v, struct error *err) {
    t->has_record = t->record_read = false;
    if (v->kind == JKIND_NULL) return true;
    if (v->kind != JKIND_OBJECT) return expected("commit.record", "an object", err);
    t->has_record = true;
    t->record = t->scan;
    if (str_eq(t->collection, STR(COLLECTION))) return read_record(t, err);
    return jscan_skip(&t->scan, v, err);
}

/* --- the message ----------------------------------------------------------------------------- */

static bool in_commit(struct taken *t, str key, const struct jvalue *v, struct error *err) {
    if (str_eq(key, STR("rev"))) return to_str(v, "commit.rev", &t->rev, err);
    if (str_eq(key, STR("operation"))) return to_str(v, "commit.operation", &t->operation, err);
    if (str_eq(key, STR("collection"))) return to_str(v, "commit.collection", &t->collection, err);
    if (str_eq(key, STR("rkey"))) return to_str(v, "commit.rkey", &t->rkey, err);
    if (str_eq(key, STR("record"))) return take_record(t, v, err);
    return jscan_skip(&t->scan, v, err);
}

static bool take_commit(struct taken *t, const struct jvalue *v, struct error *err) {
    t->rev = t->operation = t->collection = t->rkey = (str){0};
    t->has_record = t->record_read = false;
    t->has_commit = v->kind == JKIND_OBJECT;
    return take_object(t, v, "commit", in_commit, err);
}

static bool take_time(struct taken *t, const struct jvalue *v, struct error *err) {
    if (v->kind != JKIND_INTEGER)
        return expected("time_us", "an integer of microseconds since 1970", err);
    if (v->integer <= 0 || v->integer > TIME_MAX)
        return fail(err, ERR_RANGE, 0, "time_us: not a time since 1970: %lld",
                    (long long)v->integer);
    t->time = v->integer;
    return true;
}

static bool in_message(struct taken *t, str key, const struct jvalue *v, struct error *err) {
    if (str_eq(key, STR("did"))) return to_str(v, "did", &t->did, err);
    if (str_eq(key, STR("time_us"))) return take_time(t, v, err);
    if (str_eq(key, STR("kind"))) return to_str(v, "kind", &t->kind, err);
    if (str_eq(key, STR("commit"))) return take_commit(t, v, err);
    if (str_eq(key, STR("cursor")) && v->kind != JKIND_INTEGER && v->kind != JKIND_NULL)
        return expected("cursor", "an integer", err);
    return jscan_skip(&t->scan, v, err);
}

static bool take_message(struct taken *t, struct error *err) {
    struct jvalue root;
    if (!jscan_value(&t->scan, &root, err)) return false;
    if (root.kind != JKIND_OBJECT) return fail(err, ERR_PARSE, 0, "expected a JSON object");
    if (!each_member(t, in_message, err) || !jscan_end(&t->scan, err)) return false;
    if (t->kind.n == 0) return fail(err, ERR_PARSE, 0, "kind: missing");
    if (t->time == 0) return fail(err, ERR_PARSE, 0, "time_us: missing");
    return true;
}

/* --- the post -------------------------------------------------------------------------------- */

static bool is_word(str s) {
    for (ptrdiff_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~' || s.p[i] == '/' || s.p[i] == '@') return false;
    return s.n > 0;
}

/* "did/rkey", with "@rev" behind it where a rev is given. */
static bool native_id(struct arena *a, str did, str rkey, str rev, str *ret) {
    char *p = arena_try_alloc(a, 1, 1, did.n + rkey.n + rev.n + 2);
    if (p == NULL) return false;
    ptrdiff_t n = did.n;
    memcpy(p, did.p, (size_t)did.n);
    p[n++] = '/';
    memcpy(p + n, rkey.p, (size_t)rkey.n);
    n += rkey.n;
    if (rev.n > 0) {
        p[n++] = '@';
        memcpy(p + n, rev.p, (size_t)rev.n);
        n += rev.n;
    }
    *ret = (str){p, n};
    return true;
}

/* at://did/app.bsky.feed.post/rkey -> "did/rkey". False: it is no post's. */
static bool post_of_uri(struct arena *a, str uri, str *ret) {
    str rest = uri, did, collection;
    if (!str_starts(uri, STR("at://did:"))) return false;
    rest = str_tail(uri, 5);
    return str_cut(&rest, '/', &did) && str_cut(&rest, '/', &collection) &&
           str_eq(collection, STR(COLLECTION)) && is_word(did) && is_word(rest) &&
           did.n + 1 + rest.n <= NATIVE_ID_BYTES && native_id(a, did, rest, (str){0}, ret);
}

static bool check_commit(const struct taken *t, struct error *err) {
    if (!str_starts(t->did, STR("did:")) || !is_word(t->did))
        return expected("did", "\"did:...\"", err);
    if (!is_word(t->rkey)) return expected("commit.rkey", "a record's key", err);
    if (!is_word(t->rev)) return expected("commit.rev", "a revision", err);
    if (t->did.n + t->rkey.n + t->rev.n + 2 > NATIVE_ID_BYTES)
        return fail(err, ERR_RANGE, 0, "did, commit.rkey, commit.rev: longer than %d bytes",
                    NATIVE_ID_BYTES);
    return true;
}

/* A quote goes before a reply, as everywhere (flow/post.h). */
static void fill_reference(const struct taken *t, struct arena *a, struct raw_post *raw) {
    if (post_of_uri(a, t->quote_uri, &raw->ref_id)) {
        raw->ref = POST_REF_QUOTE;
    } else if (t->reply_uri.n > 0) {
        raw->ref = POST_REF_REPLY;
        if (!post_of_uri(a, t->reply_uri, &raw->ref_id)) raw->ref_id = (str){0};
    }
}

static bool check_record(struct taken *t, struct error *err) {
    if (!t->has_record) return fail(err, ERR_PARSE, 0, "commit.record: missing");
    if (!t->record_read) {
        t->scan = t->record;
        if (!read_record(t, err)) return false;
    }
    return t->has_text || fail(err, ERR_PARSE, 0, "commit.record.text: missing");
}

static bool fill_raw(struct taken *t, struct arena *a, bool update, struct raw_post *raw,
                     struct error *err) {
    str first;
    if (!native_id(a, t->did, t->rkey, (str){0}, &first) ||
        !native_id(a, t->did, t->rkey, update ? t->rev : (str){0}, &raw->id))
        return fail(err, ERR_LIMIT, 0, "no memory left for a post's id");
    raw->root_id = first;
    raw->author_id = t->did;
    raw->text = t->text;
    raw->lang = t->lang;
    fill_reference(t, a, raw);
    return true;
}

/* What the commit says, once all of it has been read. */
static bool make_post(struct taken *t, struct arena *a, struct raw_post *raw, bool *ret_any,
                      bool *ret_deleted, struct error *err) {
    const bool create = str_eq(t->operation, STR("create")),
               update = str_eq(t->operation, STR("update"));
    *ret_deleted = str_eq(t->operation, STR("delete"));
    if (!create && !update && !*ret_deleted)
        return expected("commit.operation", "create, update or delete", err);
    if (!check_commit(t, err)) return false;
    if (!*ret_deleted && !check_record(t, err)) return false;
    if (*ret_deleted) t->text = t->lang = t->reply_uri = t->quote_uri = (str){0};
    *ret_any = !create || t->text.n > 0;
    return !*ret_any || fill_raw(t, a, update, raw, err);
}

bool jetstream_parse(struct arena *a, str line, str source, usec received_at, struct post *ret,
                     bool *ret_any, usec *ret_time_us, struct error *err) {
    struct taken t = {0};
    struct raw_post raw = {.source = source,
                           .created_at = STR("1970-01-01T00:00:00Z"), /* put right below */
                           .likes = -1,
                           .reposts = -1,
                           .replies = -1,
                           .quotes = -1};
    bool any = false, deleted = false;
    if (line.n > POST_LINE_BYTES_MAX)
        return fail(err, ERR_RANGE, 0, "%td bytes, the most is %d", line.n, POST_LINE_BYTES_MAX);
    jscan_init(&t.scan, a, line);
    if (!take_message(&t, err)) return false;
    if (str_eq(t.kind, STR("commit"))) {
        if (!t.has_commit) return fail(err, ERR_PARSE, 0, "commit: missing");
        if (t.collection.n == 0) return fail(err, ERR_PARSE, 0, "commit.collection: missing");
        if (str_eq(t.collection, STR(COLLECTION)) && !make_post(&t, a, &raw, &any, &deleted, err))
            return false;
    }
    struct post p = {0};
    if (any) {
        if (!feed_normalize(a, &raw, received_at, &p, err)) return false;
        p.created_at = t.time;
        p.deleted = deleted;
        *ret = p;
    }
    *ret_any = any;
    *ret_time_us = t.time;
    return true;
}
