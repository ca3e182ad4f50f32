/* x_jetstream_text: what the simulated Jetstream says: items of the timeline as commits, people as
 * identities and accounts, and who they are.
 *
 * A number of X becomes what Bluesky has in its place: an author a DID (24 characters of a hash of
 * it) and a handle (the name in small letters, with .bsky.social behind it), a post a record key of
 * 13 characters that sorts as its number does. A retweet is a record of app.bsky.feed.repost, an
 * edit an update of its first version's record, a deletion a delete of it. Lines that the timeline
 * brings as they are (native) get the item's time in place of theirs.
 *
 * In: items. Out: JSON of one message each, without a line's end. Pure. */
#include "base/hash.h"
#include "sim/x_jetstream_int.h"

#define POSTS "app.bsky.feed.post"
#define REPOSTS "app.bsky.feed.repost"
#define DOMAIN ".bsky.social"

static const char sortable[] = "234567abcdefghijklmnopqrstuvwxyz";

/* --- names ----------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t h) {
    h = (h ^ (h >> 33)) * UINT64_C(0xFF51AFD7ED558CCD);
    h = (h ^ (h >> 33)) * UINT64_C(0xC4CEB9FE1A85EC53);
    return h ^ (h >> 33);
}

/* `count` characters that look like a hash, the same for the same number. */
static void put_hash(char *out, int count, uint64_t of) {
    uint64_t h = 0;
    for (int i = 0; i < count; i++, h >>= 5) {
        if (i % 12 == 0) h = of = mix(of + UINT64_C(0x9E3779B97F4A7C15));
        out[i] = sortable[h & 31];
    }
}

str x_jetstream_did(int64_t author_id, char block[X_DID_BYTES]) {
    memcpy(block, "did:plc:", 8);
    put_hash(block + 8, 24, (uint64_t)author_id);
    block[X_DID_BYTES - 1] = '\0';
    return (str){block, X_DID_BYTES - 1};
}

str x_jetstream_handle(const struct x_user *u, char block[HANDLE_BYTES]) {
    const str name = str_head(u->name, HANDLE_BYTES - (ptrdiff_t)sizeof DOMAIN);
    struct buf b;
    buf_init_fixed(&b, block, HANDLE_BYTES);
    for (ptrdiff_t i = 0; i < name.n; i++) {
        const char c = name.p[i], lower = (char)(c | 0x20);
        const bool plain = (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9');
        if (!plain && c != '.')
            buf_put_byte(&b, '-');
        else
            buf_put_byte(&b, c >= 'A' && c <= 'Z' ? lower : c);
    }
    if (str_find_byte(name, '.') < 0) buf_put(&b, STR(DOMAIN));
    return buf_str(&b);
}

const struct x_user *x_jetstream_who(const struct x_face *x, str handle) {
    for (ptrdiff_t i = 0; i < x->user_count; i++) {
        char block[HANDLE_BYTES];
        if (str_eq_nocase(x_jetstream_handle(&x->users[i], block), handle)) return &x->users[i];
    }
    return NULL;
}

str x_jetstream_rkey(int64_t id, char block[X_RKEY_BYTES]) {
    uint64_t n = (uint64_t)id;
    for (int i = X_RKEY_BYTES - 2; i >= 0; i--, n >>= 5) block[i] = sortable[n & 31];
    block[X_RKEY_BYTES - 1] = '\0';
    return (str){block, X_RKEY_BYTES - 1};
}

/* --- native lines ---------------------------------------------------------------------------- */

/* What stands behind the first `before`, up to `end`. */
static str between(str text, str before, char end) {
    const ptrdiff_t at = str_find(text, before);
    if (at < 0) return (str){0};
    const str rest = str_tail(text, at + before.n);
    const ptrdiff_t n = str_find_byte(rest, end);
    return n < 0 ? (str){0} : str_head(rest, n);
}

static void put_native(const struct x_item *item, struct buf *out) {
    const str mark = STR("\"time_us\":");
    const ptrdiff_t at = str_find(item->native, mark);
    if (at < 0) { /* not ours to put right */
        buf_put(out, item->native);
        return;
    }
    str rest = str_tail(item->native, at + mark.n);
    while (rest.n > 0 && ((rest.p[0] >= '0' && rest.p[0] <= '9') || rest.p[0] == ' '))
        rest = str_tail(rest, 1);
    buf_put(out, str_head(item->native, at + mark.n));
    buf_put_i64(out, item->at);
    buf_put(out, rest);
}

/* --- messages -------------------------------------------------------------------------------- */

void x_jetstream_about(const struct x_item *item, char block[X_DID_BYTES], str *ret_did,
                       str *ret_collection) {
    if (item->native.n > 0) {
        *ret_did = between(item->native, STR("\"did\":\""), '"');
        *ret_collection = between(item->native, STR("\"collection\":\""), '"');
        return;
    }
    *ret_did = x_jetstream_did(item->author_id, block);
    *ret_collection =
        item->kind == SIM_POST && item->ref == POST_REF_RETWEET ? STR(REPOSTS) : STR(POSTS);
}

static void put_head(struct buf *out, str did, usec at, const char *kind) {
    buf_put(out, STR("{\"did\":\""));
    buf_put(out, did);
    buf_put(out, STR("\",\"time_us\":"));
    buf_put_i64(out, at);
    buf_put(out, STR(",\"kind\":\""));
    buf_put(out, str_from_z(kind));
    buf_put(out, STR("\",\""));
    buf_put(out, str_from_z(kind));
    buf_put(out, STR("\":{"));
}

static void put_time(struct buf *out, usec at) {
    char block[TIME_TEXT_BYTES];
    const str text = time_format_rfc3339(at, block);
    buf_put_byte(out, '"');
    buf_put(out, str_head(text, text.n - 4)); /* milliseconds */
    buf_put(out, STR("Z\""));
}

static void put_cid(struct buf *out, uint64_t of) {
    char block[52];
    put_hash(block, 52, of);
    buf_put(out, STR("\"cid\":\"bafyrei"));
    buf_put(out, (str){block, sizeof block});
    buf_put(out, STR("\""));
}

/* {"cid","uri"} of the post that is referred to; one that is not known has an author all the same.
 */
static void put_subject(const struct x_face *x, int64_t id, struct buf *out) {
    char did[X_DID_BYTES], rkey[X_RKEY_BYTES];
    const struct x_item *to = x_item_find(x, id);
    buf_put_byte(out, '{');
    put_cid(out, (uint64_t)id);
    buf_put(out, STR(",\"uri\":\"at://"));
    buf_put(out, x_jetstream_did(to != NULL ? to->author_id : id, did));
    buf_put(out, STR("/" POSTS "/"));
    buf_put(out, x_jetstream_rkey(to != NULL ? to->root_id : id, rkey));
    buf_put(out, STR("\"}"));
}

static void put_reference(const struct x_face *x, const struct x_item *item, struct buf *out) {
    if (item->ref_id == 0) return;
    switch (item->ref) {
    case POST_REF_NONE:
        break;
    case POST_REF_RETWEET:
        buf_put(out, STR(",\"subject\":"));
        put_subject(x, item->ref_id, out);
        break;
    case POST_REF_QUOTE:
        buf_put(out, STR(",\"embed\":{\"$type\":\"app.bsky.embed.record\",\"record\":"));
        put_subject(x, item->ref_id, out);
        buf_put_byte(out, '}');
        break;
    case POST_REF_REPLY:
        buf_put(out, STR(",\"reply\":{\"parent\":"));
        put_subject(x, item->ref_id, out);
        buf_put(out, STR(",\"root\":"));
        put_subject(x, item->conversation_id, out);
        buf_put_byte(out, '}');
        break;
    }
}

static void put_record(const struct x_face *x, const struct x_item *item, str collection,
                       struct buf *out) {
    buf_put(out, STR(",\"record\":{\"$type\":\""));
    buf_put(out, collection);
    buf_put(out, STR("\",\"createdAt\":"));
    put_time(out, item->at);
    put_reference(x, item, out);
    if (str_eq(collection, STR(POSTS))) {
        if (item->lang.n > 0 && !str_eq(item->lang, STR("und"))) {
            buf_put(out, STR(",\"langs\":["));
            buf_put_json_str(out, item->lang);
            buf_put_byte(out, ']');
        }
        buf_put(out, STR(",\"text\":"));
        buf_put_json_str(out, item->text);
    }
    buf_put(out, STR("},"));
    put_cid(out, (uint64_t)item->id ^ str_hash(item->text));
}

static const char *operation_of(sim_post_kind kind) {
    switch (kind) {
    case SIM_POST:
        return "create";
    case SIM_POST_EDIT:
        return "update";
    case SIM_POST_DELETION:
        return "delete";
    }
    WRONG("no such kind");
}

void x_jetstream_put(const struct x_face *x, const struct x_item *item, struct buf *out) {
    char did_block[X_DID_BYTES], rkey[X_RKEY_BYTES];
    str did, collection;
    buf_clear(out);
    if (item->native.n > 0) {
        put_native(item, out);
        return;
    }
    x_jetstream_about(item, did_block, &did, &collection);
    put_head(out, did, item->at, "commit");
    buf_put(out, STR("\"rev\":\""));
    buf_put(out, x_jetstream_rkey(item->at << 10 | (item->seq & 1023), rkey));
    buf_put(out, STR("\",\"operation\":\""));
    buf_put(out, str_from_z(operation_of(item->kind)));
    buf_put(out, STR("\",\"collection\":\""));
    buf_put(out, collection);
    buf_put(out, STR("\",\"rkey\":\""));
    buf_put(out, x_jetstream_rkey(item->root_id != 0 ? item->root_id : item->id, rkey));
    buf_put(out, STR("\""));
    if (item->kind != SIM_POST_DELETION) put_record(x, item, collection, out);
    buf_put(out, STR("}}"));
}

void x_jetstream_put_event(const struct x_jetstream_event *e, struct buf *out) {
    char did_block[X_DID_BYTES], handle[HANDLE_BYTES];
    const str did = x_jetstream_did(e->user->id, did_block);
    buf_clear(out);
    put_head(out, did, e->at, e->account ? "account" : "identity");
    if (e->account) buf_put(out, STR("\"active\":true,"));
    buf_put(out, STR("\"did\":\""));
    buf_put(out, did);
    if (!e->account) {
        buf_put(out, STR("\",\"handle\":\""));
        buf_put(out, x_jetstream_handle(e->user, handle));
    }
    buf_put(out, STR("\",\"seq\":"));
    buf_put_i64(out, e->seq);
    buf_put(out, STR(",\"time\":"));
    put_time(out, e->at);
    buf_put(out, STR("}}"));
}
