/* x_activity: X's Activity API, which sends each new post of an author within a second.
 *
 * In: what connector.h tells. Out: posts of the authors, as they come. The line itself is x_wire's;
 * here stand the subscriptions and how a line is read.
 *
 * Two subscriptions an author (by id: names are resolved by the account's chores, and this waits
 * for them), for his posts and for word of his deletions, with the tag "bullfinch:ID"; where that
 * is more than X allows, for his posts alone. They are listed before the first line, each hour and
 * when X says that there are none; what is missing is made, one call each, then what of ours is not
 * wanted is deleted. Those of others are left alone, and told: they are delivered and billed too.
 * An author of whom X knows nothing, or whose subscription it refuses, is told; the others stand.
 *
 * X filters nothing here: replies and reposts come, and are billed. "-is:retweet" and "-is:reply"
 * of the filter are applied to what has come; anything else cannot be, and is a mistake of the
 * configuration. What was missed is fetched by search, where the filter is X's. One thread. */
#include "source/x_wire.h"

#include <jansson.h>

#include "base/json.h"
#include "base/url.h"

#define SUBSCRIPTIONS_PATH "/2/activity/subscriptions"
#define SUBSCRIPTIONS_MAX 1500 /* of self-serve accounts */
#define LISTED_MAX 4096
#define DELETE_MAX 100 /* ids in one call */
#define LOOK_EVERY USEC_PER_S
#define LIST_EVERY USEC_PER_HOUR
#define OWN_TAG "bullfinch:"
#define ID_BYTES 32

typedef enum author_state {
    AUTHOR_UNKNOWN, /* the id is not known yet */
    AUTHOR_MISSING, /* no subscription */
    AUTHOR_STANDS,
    AUTHOR_REFUSED,
    AUTHOR_NOBODY,
    AUTHOR_TWICE /* the same as one before, under another name */
} author_state;

/* An author to be followed: his posts, or his deletions. */
struct author {
    str name; /* as configured; "" where the id was */
    str id;   /* borrowed for ever; "" not known */
    author_state state;
    bool deletions;
    bool told; /* that there is nobody, or that X refuses */
};

typedef enum subs_phase { SUBS_KEPT, SUBS_LIST, SUBS_ADD, SUBS_DELETE } subs_phase;

struct x_activity {
    struct x_wire wire;
    struct author *authors; /* all for their posts, then perhaps all for their deletions */
    int author_count, entry_count;
    bool no_retweets, no_replies;
    subs_phase phase;
    bool asked; /* a whole list, or its failure, has come */
    bool blind; /* the last call failed: what stands is not known */
    usec due_at, good_at, refused_until, look_at;
    struct patience patience;
    char (*stale)[ID_BYTES]; /* ids of subscriptions of ours that are not wanted */
    int stale_count;
    int foreign;
    uint64_t foreign_hash; /* of those being listed */
    uint64_t told_hash;    /* of those that were told */
    int adding;            /* the author whose call is under way */
    char token[256];       /* of the list's next page; "" none */
    char remark[WHY_BYTES];
    char query[DELETE_MAX * ID_BYTES + 320];
    char body[256];
};

static struct x_activity *activity_from(struct x_wire *l) { return (struct x_activity *)l; }

static const struct x_activity *activity_of(const struct x_wire *l) {
    return (const struct x_activity *)l;
}

/* --- authors --------------------------------------------------------------------------------- */

/* How many, for their posts. */
static int count_in(const struct x_activity *s, author_state state) {
    int n = 0;
    for (int i = 0; i < s->author_count; i++) n += s->authors[i].state == state;
    return n;
}

/* The first one, of all; -1: none. */
static int next_in(const struct x_activity *s, author_state state) {
    for (int i = 0; i < s->entry_count; i++)
        if (s->authors[i].state == state) return i;
    return -1;
}

static struct author *author_of(struct x_activity *s, str id, bool deletions) {
    for (int i = 0; i < s->entry_count; i++) {
        struct author *p = &s->authors[i];
        if (p->id.n > 0 && p->deletions == deletions && str_eq(p->id, id)) return p;
    }
    return NULL;
}

static void make_remark(struct x_activity *s) {
    const int nobody = count_in(s, AUTHOR_NOBODY), refused = count_in(s, AUTHOR_REFUSED);
    s->remark[0] = '\0';
    if (nobody > 0) {
        const struct author *first = &s->authors[next_in(s, AUTHOR_NOBODY)];
        snprintf(s->remark, sizeof s->remark,
                 "%d of %d authors do not exist at X (" STR_FMT "): look at the source's authors",
                 nobody, s->author_count, STR_ARG(first->name));
    } else if (refused > 0) {
        snprintf(s->remark, sizeof s->remark,
                 "X refused to follow %d of %d authors: they are not seen", refused,
                 s->author_count);
    } else if (s->foreign > 0) {
        snprintf(s->remark, sizeof s->remark,
                 "%d subscriptions of this app at X are not bullfinch's: what they send is "
                 "delivered and billed too",
                 s->foreign);
    }
}

/* Is his id known by now, or that there is nobody? True: there is one more to follow. */
static bool look_up(struct x_activity *s, struct author *p) {
    const str id = x_account_id_of(s->wire.x, p->name);
    if (id.n > 0) {
        const bool twice = author_of(s, id, p->deletions) != NULL;
        p->state = twice ? AUTHOR_TWICE : AUTHOR_MISSING;
        if (!twice) p->id = id;
        return !twice;
    }
    if (x_account_is_nobody(s->wire.x, p->name)) {
        p->state = AUTHOR_NOBODY;
        if (!p->deletions)
            x_wire_complain(&s->wire, "there is nobody of this name at X: nothing of his is seen",
                            p->name);
        make_remark(s);
    }
    return false;
}

/* Those who have become known may have subscriptions already: they are listed first. */
static void look_up_all(struct x_activity *s, usec now) {
    bool news = false;
    if (now < s->look_at) return;
    s->look_at = now + LOOK_EVERY;
    for (int i = 0; i < s->entry_count; i++)
        if (s->authors[i].state == AUTHOR_UNKNOWN) news = look_up(s, &s->authors[i]) || news;
    if (!news) return;
    if (s->phase == SUBS_KEPT) s->due_at = now;
    s->phase = SUBS_LIST;
    s->token[0] = '\0';
}

/* --- calls ----------------------------------------------------------------------------------- */

static void call_list(struct x_activity *s, usec now, struct connector_step *ret) {
    struct buf b;
    buf_init_fixed(&b, s->query, sizeof s->query);
    buf_put(&b, STR("max_results=1000"));
    if (s->token[0] != '\0') {
        buf_put(&b, STR("&pagination_token="));
        url_encode(&b, str_from_z(s->token), "");
    } else {
        for (int i = 0; i < s->entry_count; i++) {
            struct author *p = &s->authors[i];
            if (p->state == AUTHOR_STANDS ||
                (p->state == AUTHOR_REFUSED && now >= s->refused_until))
                p->state = AUTHOR_MISSING;
        }
        s->stale_count = s->foreign = 0;
        s->foreign_hash = 0;
    }
    x_wire_call(&s->wire, HTTP_GET, STR(SUBSCRIPTIONS_PATH), buf_str(&b), STR(""), ret);
}

static void call_add(struct x_activity *s, struct connector_step *ret) {
    struct buf b;
    s->adding = next_in(s, AUTHOR_MISSING);
    const struct author *p = &s->authors[s->adding];
    const str id = p->id;
    buf_init_fixed(&b, s->body, sizeof s->body);
    buf_printf(&b,
               "{\"event_type\":\"%s\",\"filter\":{\"user_id\":\"" STR_FMT
               "\"},\"tag\":\"" OWN_TAG STR_FMT "\"}",
               p->deletions ? "post.delete" : "post.create", STR_ARG(id), STR_ARG(id));
    x_wire_call(&s->wire, HTTP_POST, STR(SUBSCRIPTIONS_PATH), STR(""), buf_str(&b), ret);
}

static void call_delete(struct x_activity *s, struct connector_step *ret) {
    struct buf b;
    buf_init_fixed(&b, s->query, sizeof s->query);
    buf_put(&b, STR("ids="));
    for (int i = 0; i < s->stale_count && i < DELETE_MAX; i++) {
        if (i > 0) buf_put(&b, STR("%2C"));
        url_encode(&b, str_from_z(s->stale[s->stale_count - 1 - i]), "");
    }
    x_wire_call(&s->wire, HTTP_DELETE, STR(SUBSCRIPTIONS_PATH), buf_str(&b), STR(""), ret);
}

static bool activity_call(struct x_wire *l, usec now, struct connector_step *ret, usec *ret_wait) {
    struct x_activity *s = activity_from(l);
    look_up_all(s, now);
    *ret_wait = s->due_at;
    const int unknown = count_in(s, AUTHOR_UNKNOWN); /* the chore may be another source's */
    if (unknown == s->author_count)
        *ret_wait = s->look_at;
    else if (unknown > 0)
        *ret_wait = i64_min(s->due_at, s->look_at);
    if (now < s->due_at || unknown == s->author_count) return false;
    if (!x_wire_may_call(l, now, X_SUBSCRIPTIONS, ret_wait)) return false;
    switch (s->phase) {
    case SUBS_KEPT:
        s->token[0] = '\0';
        s->phase = SUBS_LIST;
        call_list(s, now, ret);
        return true;
    case SUBS_LIST:
        call_list(s, now, ret);
        return true;
    case SUBS_ADD:
        call_add(s, ret);
        return true;
    case SUBS_DELETE:
        call_delete(s, ret);
        return true;
    }
    WRONG("phase out of its list");
}

/* What comes behind the phase that is done. */
static void go_on(struct x_activity *s, usec now) {
    s->due_at = now;
    s->token[0] = '\0';
    if (next_in(s, AUTHOR_MISSING) >= 0) {
        s->phase = SUBS_ADD;
    } else if (s->stale_count > 0) {
        s->phase = SUBS_DELETE;
    } else {
        s->phase = SUBS_KEPT;
        s->due_at = now + LIST_EVERY;
    }
    x_wire_whole(&s->wire, s->phase == SUBS_KEPT && count_in(s, AUTHOR_UNKNOWN) == 0, s->good_at);
    if (s->phase == SUBS_KEPT) s->good_at = now;
    s->asked = true;
    make_remark(s);
    if (s->phase == SUBS_KEPT && count_in(s, AUTHOR_STANDS) == 0)
        x_wire_stand(&s->wire, now, SOURCE_CONFIG, s->due_at, s->remark);
}

/* --- answers: the list ----------------------------------------------------------------------- */

static void tell_foreign(struct x_activity *s) {
    const bool news = s->foreign > 0 && s->foreign_hash != s->told_hash;
    s->told_hash = s->foreign_hash;
    if (!news) return;
    char what[WHY_BYTES];
    snprintf(what, sizeof what,
             "%d subscriptions at X were not made by bullfinch and are left alone; what they send "
             "is billed too: delete them if nobody needs them",
             s->foreign);
    x_wire_complain(&s->wire, what, STR(""));
}

/* One subscription that stands at X. */
static void take_subscription(struct x_activity *s, const json_t *item) {
    const str id = json_str_at(item, "subscription_id"), tag = json_str_at(item, "tag");
    const str user = json_str_at(json_object_get(item, "filter"), "user_id");
    const str type = json_str_at(item, "event_type");
    const bool deletions = str_eq(type, STR("post.delete"));
    struct author *p =
        deletions || str_eq(type, STR("post.create")) ? author_of(s, user, deletions) : NULL;
    const bool own = str_starts(tag, STR(OWN_TAG));
    const bool first = p != NULL && p->state != AUTHOR_STANDS;
    if (first) p->state = AUTHOR_STANDS; /* that of others does as well */
    if (!own) {
        s->foreign++;
        s->foreign_hash ^= str_hash(id);
        return;
    }
    if (first || id.n == 0 || id.n >= ID_BYTES || s->stale_count == LISTED_MAX) return;
    str_copyz(id, s->stale[s->stale_count++], ID_BYTES);
}

static void take_list(struct x_activity *s, usec now, const json_t *root) {
    const json_t *data = json_object_get(root, "data");
    const str token = json_str_at(json_object_get(root, "meta"), "next_token");
    for (size_t i = 0; i < json_array_size(data); i++)
        take_subscription(s, json_array_get(data, i));
    const bool more = token.n > 0 && !str_eq(token, str_from_z(s->token)) &&
                      str_copyz(token, s->token, sizeof s->token);
    if (more) {
        s->due_at = now;
        return;
    }
    tell_foreign(s);
    go_on(s, now);
}

/* --- answers --------------------------------------------------------------------------------- */

static void take_added(struct x_activity *s, usec now) {
    struct author *p = &s->authors[s->adding];
    p->state = AUTHOR_STANDS;
    if (!p->deletions) /* deletions of before cannot be asked for */
        x_wire_was_missing(&s->wire, s->good_at, now + s->wire.rule_lag,
                           "subscriptions were missing at X");
    go_on(s, now);
}

static void refuse(struct x_activity *s, usec now, const struct x_verdict *v) {
    struct author *p = &s->authors[s->adding];
    char what[240];
    p->state = AUTHOR_REFUSED;
    s->refused_until = now + LIST_EVERY;
    if (!p->told) {
        snprintf(what, sizeof what, "X refused to %s: %.140s",
                 p->deletions ? "tell of an author's deletions, which are not seen"
                              : "follow an author, who is not seen",
                 v->why);
        x_wire_complain(&s->wire, what, p->name.n > 0 ? p->name : p->id);
    }
    p->told = true;
    go_on(s, now);
}

static void take_answer(struct x_activity *s, usec now, const json_t *root) {
    patience_ok(&s->patience);
    s->blind = false;
    switch (s->phase) {
    case SUBS_KEPT:
    case SUBS_LIST:
        take_list(s, now, root);
        return;
    case SUBS_ADD:
        take_added(s, now);
        return;
    case SUBS_DELETE:
        s->stale_count -= s->stale_count < DELETE_MAX ? s->stale_count : DELETE_MAX;
        go_on(s, now);
        return;
    }
}

static void call_failed(struct x_activity *s, usec now, const struct x_verdict *v) {
    s->due_at = x_wire_call_failed(&s->wire, now, v, &s->patience);
    s->asked = s->blind = true;
    s->phase = SUBS_LIST; /* who knows what stands there now */
    s->token[0] = '\0';
    snprintf(s->remark, sizeof s->remark, "the subscriptions at X could not be put in step: %.130s",
             v->why);
}

static void activity_answered(struct x_wire *l, usec now, const struct http_answer *a) {
    struct x_activity *s = activity_from(l);
    struct x_verdict v;
    json_error_t where;
    x_verdict_of(now, a, &v);
    x_account_heard(l->x, now, X_SUBSCRIPTIONS, a, &v);
    json_t *root = v.fine ? json_loadb(a->body.p, (size_t)a->body.n, 0, &where) : NULL;
    const bool refused = s->phase == SUBS_ADD && !v.fine && !v.account && !v.again &&
                         (v.state == SOURCE_CONFIG || v.state == SOURCE_FORBIDDEN);
    if (v.fine && (json_is_object(root) || s->phase == SUBS_DELETE)) {
        take_answer(s, now, root);
    } else if (refused) {
        refuse(s, now, &v);
    } else {
        if (v.fine)
            x_wire_unreadable(l, "X's answer about subscriptions could not be read", a->body, &v);
        call_failed(s, now, &v);
    }
    json_decref(root);
}

/* --- what the line asks ---------------------------------------------------------------------- */

static bool activity_ready(const struct x_wire *l) {
    const struct x_activity *s = activity_of(l);
    return s->asked && (s->blind || count_in(s, AUTHOR_STANDS) > 0);
}

static void activity_absent(struct x_wire *l, usec now) {
    struct x_activity *s = activity_from(l);
    s->phase = SUBS_LIST;
    s->token[0] = '\0';
    s->due_at = now;
    s->asked = false;
}

/* There is nothing to narrow: it follows the listed authors and nothing else. */
static void activity_level(struct x_wire *l, usec now, cost_level level) {
    (void)l, (void)now, (void)level;
}

static str activity_remark(const struct x_wire *l) { return str_from_z(activity_of(l)->remark); }

/* Word that a post was deleted, in the words of the compliance stream, which x_post_parse knows. */
static bool take_deletion(struct x_wire *l, usec now, struct arena *a, int64_t id, int64_t author,
                          struct post *ret) {
    char block[256];
    struct buf b;
    buf_init_fixed(&b, block, sizeof block);
    buf_printf(&b, "{\"delete\":{\"tweet\":{\"id\":\"%lld\"", (long long)id);
    if (author > 0) buf_printf(&b, ",\"author_id\":\"%lld\"", (long long)author);
    buf_printf(&b, "},\"timestamp_ms\":\"%lld\"}}", (long long)(now / USEC_PER_MS));
    return x_wire_post(l, now, a, str_dup(a, buf_str(&b)), ret);
}

/* Does the filter leave it out? refs: the JSON of referenced_tweets, or nothing. */
static bool is_filtered(const struct x_activity *s, str refs) {
    return (s->no_retweets && str_find(refs, STR("\"retweeted\"")) >= 0) ||
           (s->no_replies && str_find(refs, STR("\"replied_to\"")) >= 0);
}

static bool take_payload(struct x_wire *l, usec now, struct arena *a, str type, str payload,
                         str filter, struct post *ret) {
    struct error err;
    struct arena scratch = *a;
    struct x_member m[] = {
        {"id", {0}},        {"referenced_tweets", {0}}, {"referenced_posts", {0}},
        {"author_id", {0}}, {"post_id", {0}},           {"tweet_id", {0}}};
    struct x_member who[] = {{"user_id", {0}}};
    str ignored;
    if (!x_members(&scratch, payload, m, COUNT_OF(m), &ignored, &err)) {
        x_wire_complain(l, err.msg, payload);
        return false;
    }
    int64_t id = x_raw_id(m[0].value), author = x_raw_id(m[3].value);
    if (id == 0) id = x_raw_id(m[4].value);
    if (id == 0) id = x_raw_id(m[5].value);
    if (str_eq(type, STR("post.delete"))) {
        if (author == 0 && filter.p != NULL && x_members(&scratch, filter, who, 1, &ignored, &err))
            author = x_raw_id(who[0].value);
        if (id != 0) return take_deletion(l, now, a, id, author, ret);
        x_wire_complain(l, "post.delete without the id of a post", payload);
        return false;
    }
    const str refs = m[1].value.p != NULL ? m[1].value : m[2].value;
    return !is_filtered(activity_of(l), refs) && x_wire_post(l, now, a, payload, ret);
}

static bool is_of_a_post(str type) {
    return str_eq(type, STR("post.create")) || str_eq(type, STR("post.delete"));
}

static int64_t activity_billed(struct arena scratch, str line) {
    struct error none;
    struct x_member outer[] = {{"data", {0}}}, m[] = {{"event_type", {0}}, {"payload", {0}}};
    struct x_member ids[] = {{"id", {0}}, {"post_id", {0}}, {"tweet_id", {0}}};
    str ignored;
    if (!x_members(&scratch, line, outer, COUNT_OF(outer), &ignored, &none) ||
        !x_members(&scratch, outer[0].value, m, COUNT_OF(m), &ignored, &none) ||
        !is_of_a_post(x_raw_word(m[0].value)) ||
        !x_members(&scratch, m[1].value, ids, COUNT_OF(ids), &ignored, &none))
        return 0;
    for (int i = 0; i < COUNT_OF(ids); i++)
        if (x_raw_id(ids[i].value) != 0) return x_raw_id(ids[i].value);
    return 0;
}

static bool activity_take(struct x_wire *l, usec now, struct arena *a, str line, struct post *ret) {
    struct error err;
    struct arena scratch = *a;
    struct x_member outer[] = {{"data", {0}}};
    struct x_member m[] = {{"event_type", {0}}, {"payload", {0}}, {"filter", {0}}};
    str first, ignored;
    if (!x_members(&scratch, line, outer, COUNT_OF(outer), &first, &err)) {
        x_wire_complain(l, err.msg, line);
        return false;
    }
    if (outer[0].value.p == NULL) {
        x_wire_unknown(l, first, line);
        return false;
    }
    if (!x_members(&scratch, outer[0].value, m, COUNT_OF(m), &ignored, &err)) {
        x_wire_complain(l, err.msg, line);
        return false;
    }
    const str type = x_raw_word(m[0].value);
    if (m[1].value.p == NULL || !is_of_a_post(type)) {
        x_wire_unknown(l, type.n > 0 ? type : STR("event"), line);
        return false;
    }
    return take_payload(l, now, a, type, m[1].value, m[2].value, ret);
}

static const struct x_wire_ops wire_ops = {.kind = "x_activity",
                                           .path = "/2/activity/stream",
                                           .endpoint = X_ACTIVITY,
                                           .resource = RESOURCE_EVENT,
                                           .call = activity_call,
                                           .answered = activity_answered,
                                           .ready = activity_ready,
                                           .absent = activity_absent,
                                           .level = activity_level,
                                           .billed = activity_billed,
                                           .take = activity_take,
                                           .remark = activity_remark};

static const struct connector_ops table = {.kind = "x_activity",
                                           .step = x_wire_step,
                                           .answered = x_wire_answered,
                                           .opened = x_wire_opened,
                                           .line = x_wire_line,
                                           .gone = x_wire_gone,
                                           .item = x_wire_item,
                                           .status = x_wire_status};

/* --- opening --------------------------------------------------------------------------------- */

static bool read_filter(struct x_activity *s, str filter, struct error *err) {
    str rest = filter, word;
    while (str_cut(&rest, ' ', &word)) {
        if (word.n == 0) continue;
        if (str_eq(word, STR("-is:retweet"))) {
            s->no_retweets = true;
        } else if (str_eq(word, STR("-is:reply"))) {
            s->no_replies = true;
        } else {
            return fail(err, ERR_CONFIG, 0,
                        "filter: \"" STR_FMT "\" cannot be applied, as X does not filter what the "
                        "Activity API sends; -is:retweet and -is:reply can (use x_stream for more)",
                        STR_ARG(str_head(word, 60)));
        }
    }
    return true;
}

static bool read_authors(struct arena *boot, struct x_activity *s,
                         const struct x_source_options *opt, struct error *err) {
    if (opt->author_count == 0)
        return fail(err, ERR_CONFIG, 0, "authors: name at least one; it follows authors only");
    if (opt->author_count > SUBSCRIPTIONS_MAX)
        return fail(err, ERR_CONFIG, 0, "authors: %d are named, X lets an app follow %d",
                    opt->author_count, SUBSCRIPTIONS_MAX);
    if (opt->query.n > 0)
        return fail(err, ERR_CONFIG, 0,
                    "query: the Activity API knows authors only (use x_search or x_stream)");
    s->authors = NEW_ARRAY(boot, struct author, 2 * opt->author_count);
    for (int i = 0; i < opt->author_count; i++) {
        struct author *p = &s->authors[s->author_count];
        str id, name;
        if (!x_author_parse(opt->authors[i], &id, &name, err)) return false;
        if (id.n > 0 && author_of(s, id, false) != NULL) continue;
        *p = (struct author){.name = str_dup(boot, name), .id = str_dup(boot, id)};
        p->state = id.n > 0 ? AUTHOR_MISSING : AUTHOR_UNKNOWN;
        s->entry_count = ++s->author_count;
        x_account_follow(opt->account, opt->authors[i]);
    }
    if (2 * s->author_count > SUBSCRIPTIONS_MAX) return true;
    for (int i = 0; i < s->author_count; i++) {
        s->authors[s->entry_count] = s->authors[i];
        s->authors[s->entry_count++].deletions = true;
    }
    return true;
}

bool x_activity_open(struct arena *boot, const struct x_source_options *opt, struct connector **ret,
                     struct error *err) {
    str *queries;
    int count;
    struct x_activity *s = NEW(boot, struct x_activity);
    if (!read_filter(s, opt->filter, err) || !read_authors(boot, s, opt, err) ||
        !x_pack_authors(boot, opt->authors, opt->author_count, opt->filter, X_QUERY_BYTES_MAX,
                        &queries, &count, err)) {
        return fail_in(err, "x_activity");
    }
    const struct x_wire_setup setup = {
        .ops = &wire_ops, .table = &table, .opt = opt, .queries = queries, .query_count = count};
    if (!x_wire_init(boot, &s->wire, &setup, err)) return false;
    s->patience = (struct patience){.first = 5 * USEC_PER_S, .most = 320 * USEC_PER_S};
    s->stale = arena_alloc(boot, ID_BYTES, 1, LISTED_MAX);
    s->phase = SUBS_LIST;
    *ret = &s->wire.base;
    return true;
}
