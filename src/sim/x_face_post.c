/* x_face_post: posts and users as X writes them, with the fields that were asked for.
 *
 * In: an item of the row, and a request's tweet.fields (or post.fields, then under the names that
 * X has since 2026-08), user.fields, expansions. Out: JSON. Text is HTML-escaped, a post of more
 * than 280 characters is cut and has the whole in note_tweet; indices are code points of the text
 * before it is escaped. Fields that X knows and the simulator has nothing for are accepted and left
 * out. */
#include "sim/x_face_int.h"

#include "sim/sim_int.h"

#define SHORT_CHARS 280
#define EDIT_SPAN (30 * USEC_PER_MIN)
#define EDITS_MAX 5

enum {
    F_CREATED_AT = 1 << 0,
    F_AUTHOR = 1 << 1,
    F_LANG = 1 << 2,
    F_REFERENCED = 1 << 3,
    F_ENTITIES = 1 << 4,
    F_NOTE = 1 << 5,
    F_CONVERSATION = 1 << 6,
    F_REPLY_USER = 1 << 7,
    F_METRICS = 1 << 8,
    F_EDIT_CONTROLS = 1 << 9,
    F_SENSITIVE = 1 << 10,
    F_REPLY_SETTINGS = 1 << 11,
    F_REPLY_POST = 1 << 12,
    U_CREATED_AT = 1 << 0,
    U_VERIFIED = 1 << 1,
    U_METRICS = 1 << 2,
    U_DESCRIPTION = 1 << 3,
    U_PROTECTED = 1 << 4,
    E_AUTHOR = 1 << 0,
    E_REFERENCED = 1 << 1,
    E_REFERENCED_AUTHOR = 1 << 2,
    E_REPLY_USER = 1 << 3,
    E_MENTIONS = 1 << 4
};

struct field {
    const char *name;
    uint32_t bits; /* 0: known, and nothing comes of it */
};

static const struct field post_fields[] = {{"created_at", F_CREATED_AT},
                                           {"author_id", F_AUTHOR},
                                           {"lang", F_LANG},
                                           {"referenced_tweets", F_REFERENCED},
                                           {"referenced_posts", F_REFERENCED},
                                           {"entities", F_ENTITIES},
                                           {"note_tweet", F_NOTE},
                                           {"note_post", F_NOTE},
                                           {"conversation_id", F_CONVERSATION},
                                           {"in_reply_to_user_id", F_REPLY_USER},
                                           {"public_metrics", F_METRICS},
                                           {"edit_controls", F_EDIT_CONTROLS},
                                           {"possibly_sensitive", F_SENSITIVE},
                                           {"reply_settings", F_REPLY_SETTINGS},
                                           {"id", 0},
                                           {"text", 0},
                                           {"edit_history_tweet_ids", 0},
                                           {"edit_history_post_ids", 0},
                                           {"article", 0},
                                           {"attachments", 0},
                                           {"card_uri", 0},
                                           {"community_id", 0},
                                           {"context_annotations", 0},
                                           {"display_text_range", 0},
                                           {"geo", 0},
                                           {"media_metadata", 0},
                                           {"non_public_metrics", 0},
                                           {"organic_metrics", 0},
                                           {"promoted_metrics", 0},
                                           {"scopes", 0},
                                           {"source", 0},
                                           {"suggested_source_links", 0},
                                           {"withheld", 0}};

static const struct field user_fields[] = {{"created_at", U_CREATED_AT},
                                           {"verified", U_VERIFIED},
                                           {"public_metrics", U_METRICS},
                                           {"description", U_DESCRIPTION},
                                           {"protected", U_PROTECTED},
                                           {"id", 0},
                                           {"name", 0},
                                           {"username", 0},
                                           {"affiliation", 0},
                                           {"confirmed_email", 0},
                                           {"connection_status", 0},
                                           {"entities", 0},
                                           {"is_identity_verified", 0},
                                           {"location", 0},
                                           {"most_recent_tweet_id", 0},
                                           {"most_recent_post_id", 0},
                                           {"parody", 0},
                                           {"pinned_tweet_id", 0},
                                           {"pinned_post_id", 0},
                                           {"profile_banner_url", 0},
                                           {"profile_image_url", 0},
                                           {"receives_your_dm", 0},
                                           {"subscription", 0},
                                           {"subscription_type", 0},
                                           {"url", 0},
                                           {"verified_followers_count", 0},
                                           {"verified_type", 0},
                                           {"withheld", 0}};

static const struct field expansions[] = {
    {"author_id", E_AUTHOR},
    {"referenced_tweets.id", E_REFERENCED},
    {"referenced_posts.id", E_REFERENCED},
    {"referenced_tweets.id.author_id", E_REFERENCED | E_REFERENCED_AUTHOR},
    {"referenced_posts.id.author_id", E_REFERENCED | E_REFERENCED_AUTHOR},
    {"in_reply_to_user_id", E_REPLY_USER},
    {"entities.mentions.username", E_MENTIONS},
    {"article.cover_media", 0},
    {"article.media_entities", 0},
    {"attachments.media_keys", 0},
    {"attachments.media_source_tweet", 0},
    {"attachments.poll_ids", 0},
    {"author_screen_name", 0},
    {"edit_history_tweet_ids", 0},
    {"edit_history_post_ids", 0},
    {"entities.note.mentions.username", 0},
    {"geo.place_id", 0},
    {"pinned_tweet_id", 0},
    {"pinned_post_id", 0}};

static bool read_list(struct x_call *c, const char *name, const struct field *known,
                      ptrdiff_t count, uint32_t *ret) {
    str list, one;
    if (!x_param(c, name, &list)) return true;
    while (str_cut(&list, ',', &one)) {
        ptrdiff_t i = 0;
        while (i < count && !str_eq(one, str_from_z(known[i].name))) i++;
        if (i == count)
            return x_bad_param(c, name, one,
                               "The `%s` query parameter value [" STR_FMT
                               "] is not one of those that are known",
                               name, STR_ARG(str_head(one, 60)));
        *ret |= known[i].bits;
    }
    return true;
}

bool x_fields_read(struct x_call *c, struct x_fields *ret) {
    struct x_fields f = {0};
    static const char *const without[] = {"media.fields", "poll.fields", "place.fields"};
    str unused;
    for (ptrdiff_t i = 0; i < COUNT_OF(without); i++)
        IGNORE(x_param(c, without[i], &unused), "known, and nothing comes of it");
    f.fresh = x_param(c, "post.fields", &unused);
    if (!read_list(c, "tweet.fields", post_fields, COUNT_OF(post_fields), &f.post) ||
        !read_list(c, "post.fields", post_fields, COUNT_OF(post_fields), &f.post) ||
        !read_list(c, "user.fields", user_fields, COUNT_OF(user_fields), &f.user) ||
        !read_list(c, "expansions", expansions, COUNT_OF(expansions), &f.expand))
        return false;
    *ret = f;
    return true;
}

void x_fields_of_event(struct x_fields *ret) {
    *ret = (struct x_fields){.post = F_CREATED_AT | F_AUTHOR | F_LANG | F_REFERENCED | F_ENTITIES |
                                     F_NOTE | F_CONVERSATION | F_REPLY_POST};
}

/* --- pieces ------------------------------------------------------------------------------------
 */

void x_put_time(struct buf *out, usec at) {
    char block[TIME_TEXT_BYTES];
    const str text = time_format_rfc3339(at, block);
    buf_put_byte(out, '"');
    buf_put(out, str_head(text, 19));
    buf_put(out, STR(".000Z\""));
}

void x_put_id(struct buf *out, int64_t id) {
    buf_put_byte(out, '"');
    buf_put_i64(out, id);
    buf_put_byte(out, '"');
}

static void put_id_of(struct buf *out, const char *key, int64_t id) {
    sim_put_key(out, key);
    x_put_id(out, id);
}

/* As X does: & < > are escaped in the text itself. */
static void put_text(struct x_face *x, struct buf *out, str text) {
    struct arena a = x->scratch; /* by value: what is taken is gone afterwards */
    struct buf b;
    const ptrdiff_t most = 5 * text.n + 16;
    buf_init_fixed(&b, NEW_ARRAY(&a, char, most), most);
    for (ptrdiff_t i = 0; i < text.n; i++) {
        const char ch = text.p[i];
        if (ch == '&')
            buf_put(&b, STR("&amp;"));
        else if (ch == '<')
            buf_put(&b, STR("&lt;"));
        else if (ch == '>')
            buf_put(&b, STR("&gt;"));
        else
            buf_put_byte(&b, ch);
    }
    buf_put_json_str(out, buf_str(&b));
}

/* The first SHORT_CHARS - 1 characters where the text has more than SHORT_CHARS. */
static str short_of(str text, bool *ret_cut) {
    *ret_cut = x_char_count(text) > SHORT_CHARS;
    if (!*ret_cut) return text;
    ptrdiff_t at = 0;
    for (int n = 0; n < SHORT_CHARS - 1 && at < text.n; n++)
        IGNORE(str_utf8_next(text, &at) == 0, "");
    return str_head(text, at);
}

static void put_entity(struct x_face *x, struct buf *out, str text, const struct x_entity *e) {
    const int64_t start = x_char_count(str_head(text, e->start));
    buf_put(out, STR("{"));
    sim_put_int(out, "start", start);
    sim_put_int(out, "end", start + x_char_count((str){text.p + e->start, e->end - e->start}));
    static const char *const keys[] = {"tag", "tag", "username", "url"};
    sim_put_key(out, keys[e->kind]);
    buf_put_json_str(out, e->word);
    if (e->kind == X_URL) {
        sim_put_key(out, "expanded_url");
        buf_put_json_str(out, e->word);
        sim_put_key(out, "display_url");
        buf_put_json_str(out, str_tail(e->word, str_find(e->word, STR("//")) + 2));
    }
    const struct x_user *u = e->kind == X_MENTION ? x_user_named(x, e->word) : NULL;
    if (u) put_id_of(out, "id", u->id);
    buf_put(out, STR("}"));
}

/* "entities":{...}; nothing where there are none. */
static void put_entities(struct x_face *x, struct buf *out, str text) {
    static const char *const names[] = {"cashtags", "hashtags", "mentions", "urls"};
    bool any = false;
    for (int kind = X_CASHTAG; kind <= X_URL; kind++) {
        struct x_entity e;
        bool open = false;
        for (ptrdiff_t at = 0; x_entity_next(text, &at, &e);) {
            if ((int)e.kind != kind) continue;
            if (!any) {
                sim_put_key(out, "entities");
                buf_put(out, STR("{"));
            }
            if (!open) {
                sim_put_key(out, names[kind]);
                buf_put(out, STR("["));
            } else {
                buf_put(out, STR(","));
            }
            any = open = true;
            put_entity(x, out, text, &e);
        }
        if (open) buf_put(out, STR("]"));
    }
    if (any) buf_put(out, STR("}"));
}

/* All versions up to this one, oldest first. */
static void put_history(struct x_face *x, struct buf *out, const struct x_item *item, bool fresh) {
    const struct x_item *chain[16];
    int n = 0;
    for (const struct x_item *i = item; i && n < COUNT_OF(chain);
         i = i->prev_id != 0 ? x_item_find(x, i->prev_id) : NULL)
        chain[n++] = i;
    sim_put_key(out, fresh ? "edit_history_post_ids" : "edit_history_tweet_ids");
    buf_put(out, STR("["));
    if (chain[n - 1]->id != item->root_id) { /* it is no longer in the row */
        x_put_id(out, item->root_id);
        buf_put(out, STR(","));
    }
    while (n-- > 0) {
        x_put_id(out, chain[n]->id);
        if (n > 0) buf_put(out, STR(","));
    }
    buf_put(out, STR("]"));
}

static int64_t replied_to(struct x_face *x, const struct x_item *i) {
    const struct x_item *to = i->ref == POST_REF_REPLY ? x_item_find(x, i->ref_id) : NULL;
    return to ? to->author_id : 0;
}

static void put_references(struct buf *out, const struct x_item *i, bool fresh) {
    static const char *const types[] = {[POST_REF_NONE] = "",
                                        [POST_REF_RETWEET] = "retweeted",
                                        [POST_REF_QUOTE] = "quoted",
                                        [POST_REF_REPLY] = "replied_to"};
    if (i->ref == POST_REF_NONE || i->ref_id == 0) return;
    sim_put_key(out, fresh ? "referenced_posts" : "referenced_tweets");
    buf_put(out, STR("[{"));
    sim_put_text(out, "type", types[i->ref]);
    put_id_of(out, "id", i->ref_id);
    buf_put(out, STR("}]"));
}

static void put_edit_controls(struct x_face *x, struct buf *out, const struct x_item *i) {
    const struct x_item *root = x_item_find(x, i->root_id);
    int edits = 0;
    for (const struct x_item *v = i; v && v->prev_id != 0; v = x_item_find(x, v->prev_id)) edits++;
    sim_put_key(out, "edit_controls");
    buf_put(out, STR("{"));
    sim_put_int(out, "edits_remaining", i64_max(0, EDITS_MAX - edits));
    sim_put_bool(out, "is_edit_eligible", i->ref == POST_REF_NONE);
    sim_put_key(out, "editable_until");
    x_put_time(out, (root ? root->at : i->at) + EDIT_SPAN);
    buf_put(out, STR("}"));
}

static void put_asked(struct x_face *x, struct buf *out, const struct x_item *i,
                      const struct x_fields *f) {
    if (f->post & F_CREATED_AT) {
        sim_put_key(out, "created_at");
        x_put_time(out, i->at);
    }
    if (f->post & F_AUTHOR) put_id_of(out, "author_id", i->author_id);
    if (f->post & F_LANG) {
        sim_put_key(out, "lang");
        buf_put_json_str(out, i->lang);
    }
    if (f->post & F_REFERENCED) put_references(out, i, f->fresh);
    if (f->post & F_CONVERSATION) put_id_of(out, "conversation_id", i->conversation_id);
    if ((f->post & F_REPLY_USER) && replied_to(x, i) != 0)
        put_id_of(out, "in_reply_to_user_id", replied_to(x, i));
    if ((f->post & F_REPLY_POST) && i->ref == POST_REF_REPLY)
        put_id_of(out, "in_reply_to_tweet_id", i->ref_id);
    if (f->post & F_METRICS) {
        sim_put_key(out, "public_metrics");
        buf_put(out, STR("{\"retweet_count\":0,\"reply_count\":0,\"like_count\":0,"
                         "\"quote_count\":0,\"bookmark_count\":0,\"impression_count\":0}"));
    }
    if (f->post & F_EDIT_CONTROLS) put_edit_controls(x, out, i);
    if (f->post & F_SENSITIVE) sim_put_bool(out, "possibly_sensitive", false);
    if (f->post & F_REPLY_SETTINGS) sim_put_text(out, "reply_settings", "everyone");
}

void x_put_post(struct x_face *x, struct buf *out, const struct x_item *item,
                const struct x_fields *f) {
    bool cut;
    const str text = short_of(item->text, &cut);
    buf_put(out, STR("{"));
    put_id_of(out, "id", item->id);
    sim_put_key(out, "text");
    put_text(x, out, text);
    if (cut) {
        out->len--; /* the quote */
        buf_put(out, STR("\xE2\x80\xA6\""));
    }
    put_history(x, out, item, f->fresh);
    put_asked(x, out, item, f);
    if (f->post & F_ENTITIES) put_entities(x, out, text);
    if (cut && (f->post & F_NOTE)) {
        sim_put_key(out, f->fresh ? "note_post" : "note_tweet");
        buf_put(out, STR("{"));
        sim_put_key(out, "text");
        put_text(x, out, item->text);
        put_entities(x, out, item->text);
        buf_put(out, STR("}"));
    }
    buf_put(out, STR("}"));
}

void x_put_user(struct x_face *x, struct buf *out, const struct x_user *user,
                const struct x_fields *f) {
    (void)x;
    buf_put(out, STR("{"));
    put_id_of(out, "id", user->id);
    sim_put_key(out, "name");
    buf_put_json_str(out, user->name);
    sim_put_key(out, "username");
    buf_put_json_str(out, user->name);
    if (f->user & U_CREATED_AT) {
        sim_put_key(out, "created_at");
        x_put_time(out, user->since - 400 * USEC_PER_DAY);
    }
    if (f->user & U_VERIFIED) sim_put_bool(out, "verified", false);
    if (f->user & U_PROTECTED) sim_put_bool(out, "protected", false);
    if (f->user & U_DESCRIPTION) sim_put_text(out, "description", "");
    if (f->user & U_METRICS) {
        sim_put_key(out, "public_metrics");
        buf_put(out, STR("{\"followers_count\":0,\"following_count\":0,\"tweet_count\":0,"
                         "\"listed_count\":0}"));
    }
    buf_put(out, STR("}"));
}

/* --- includes ----------------------------------------------------------------------------------
 */

struct includes {
    struct x_face *x;
    const struct x_fields *f;
    int64_t *ids; /* what was put already */
    ptrdiff_t count, cap;
    struct buf out;
    resource of;
};

/* Is it new among those put? */
static bool is_first(struct includes *n, int64_t id) {
    for (ptrdiff_t i = 0; i < n->count; i++)
        if (n->ids[i] == id) return false;
    if (n->count == n->cap) return false;
    n->ids[n->count++] = id;
    return true;
}

static void include_user(struct includes *n, int64_t id) {
    const struct x_user *u = x_user_find(n->x, id);
    if (!u || !is_first(n, id)) return;
    if (n->out.len > 0) buf_put(&n->out, STR(","));
    x_put_user(n->x, &n->out, u, n->f);
    x_bill_one(n->x, RESOURCE_USER, id);
}

static void include_post(struct includes *n, const struct x_item *i) {
    if (!i || i->gone || !is_first(n, i->id)) return;
    if (n->out.len > 0) buf_put(&n->out, STR(","));
    x_put_post(n->x, &n->out, i, n->f);
    x_bill_one(n->x, RESOURCE_POST, i->id);
}

static void include_users_of(struct includes *n, const struct x_item *i) {
    const struct x_item *to = i->ref_id != 0 ? x_item_find(n->x, i->ref_id) : NULL;
    struct x_entity e;
    if (n->f->expand & E_AUTHOR) include_user(n, i->author_id);
    if ((n->f->expand & E_REFERENCED_AUTHOR) && to) include_user(n, to->author_id);
    if ((n->f->expand & E_REPLY_USER) && replied_to(n->x, i) != 0)
        include_user(n, replied_to(n->x, i));
    if (n->f->expand & E_MENTIONS)
        for (ptrdiff_t at = 0; x_entity_next(i->text, &at, &e);) {
            const struct x_user *u = e.kind == X_MENTION ? x_user_named(n->x, e.word) : NULL;
            if (u) include_user(n, u->id);
        }
}

static void put_included(struct buf *out, struct includes *n, const char *key, bool *any) {
    if (n->out.len == 0) return;
    if (!*any) {
        sim_put_key(out, "includes");
        buf_put(out, STR("{"));
    }
    *any = true;
    sim_put_key(out, key);
    buf_put(out, STR("["));
    buf_put(out, buf_str(&n->out));
    buf_put(out, STR("]"));
}

void x_put_includes(struct x_face *x, struct buf *out, const struct x_item *const *items,
                    ptrdiff_t count, const struct x_fields *f) {
    if (f->expand == 0 || count == 0) return;
    struct includes users = {.x = x, .f = f, .cap = 16 * count}, posts = users;
    bool any = false;
    users.ids = NEW_ARRAY(&x->scratch, int64_t, users.cap);
    posts.ids = NEW_ARRAY(&x->scratch, int64_t, posts.cap);
    buf_init(&users.out, 4 << 20);
    buf_init(&posts.out, 4 << 20);
    for (ptrdiff_t i = 0; i < count; i++) {
        include_users_of(&users, items[i]);
        if ((f->expand & E_REFERENCED) && items[i]->ref_id != 0)
            include_post(&posts, x_item_find(x, items[i]->ref_id));
    }
    put_included(out, &users, "users", &any);
    put_included(out, &posts, f->fresh ? "posts" : "tweets", &any);
    if (any) buf_put(out, STR("}"));
    buf_fini(&users.out);
    buf_fini(&posts.out);
}
