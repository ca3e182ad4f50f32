/* What must hold of the sources of posts: each by itself, and all together.
 *
 * Looks at the values that have won (check.c calls it last). An entry that has a mistake already is
 * passed over, since what it was meant to be is not known. Each mistake stands at the entry, or at
 * its authors, and says what to set. Nothing is looked up: whether a host may be connected to is
 * decided where the connection is wired. */
#include "config/config_int.h"

#define MEMBER_AUTHORS 3 /* of config_source_rows */
#define X_NAME_MAX 15
#define X_STREAMS 1
#define X_ACTIVITIES 2
#define X_ID_MAX 19
#define BLUESKY_NAME_MAX 79
#define DID_MAX 63

struct one { /* the source that is looked at */
    struct config_loader *l;
    const struct config_source *s;
    int idx;
    struct config_origin at;
    str key; /* "sources[2]", or "source" */
    char block[32];
};

static const struct config_origin *member_origin(const struct config_loader *l, int idx, int k) {
    return idx == 0 ? &l->origins.row[config_source_rows[k]] : &l->origins.source[idx][k];
}

/* Where the entry stands: in the list, or the place that gave the last of its values. */
static struct config_origin origin_of(const struct config_loader *l, int idx) {
    const bool listed = l->origins.sources_line > 0;
    struct config_origin at = *member_origin(l, idx, 0);
    for (int k = 1; idx == 0 && k < CONFIG_SOURCE_KEYS; k++) {
        const struct config_origin *o = member_origin(l, idx, k);
        if (o->level > at.level || (!listed && o->level == at.level && o->line > at.line)) at = *o;
    }
    if (listed && at.level <= LEVEL_FILE) {
        at = l->origins.source[idx][0];
        at.level = LEVEL_FILE;
        at.name = l->cfg.file;
    }
    return at;
}

static void look_at(struct one *o, struct config_loader *l, int idx) {
    struct buf b;
    buf_init_fixed(&b, o->block, sizeof o->block);
    buf_put(&b, STR("source"));
    if (l->origins.sources_line > 0) buf_printf(&b, "s[%d]", idx);
    o->l = l;
    o->s = &l->cfg.sources[idx];
    o->idx = idx;
    o->at = origin_of(l, idx);
    o->key = buf_str(&b);
}

static void wrong(const struct one *o, const char *what) {
    config_mistake_add(&o->l->mistakes, &o->at, o->key, "%s", what);
}

/* ---- names ---- */

static bool is_of(str s, const char *more, bool upper) {
    for (ptrdiff_t i = 0; i < s.n; i++) {
        const char c = s.p[i];
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || strchr(more, c) != NULL) continue;
        if (!upper || c < 'A' || c > 'Z') return false;
    }
    return s.n > 0;
}

static bool is_number(str s) {
    for (ptrdiff_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9') return false;
    return s.n > 0 && s.n <= X_ID_MAX && s.p[0] != '0';
}

static void check_name(const struct one *o) {
    const str name = config_source_name(o->s);
    if (!config_source_is_live(o->s)) return;
    if (name.n == 0)
        wrong(o, "a push source needs a name, under which its posts are stored");
    else if (!config_is_source_name(name))
        wrong(o, "a source's name is of a-z, 0-9, _ and -");
    else if (str_eq(name, STR("x")) && !config_source_is_x(o->s))
        wrong(o, "x is the name of posts on X; give this source another name");
    else if (str_eq(name, STR("bsky")) && !config_source_is(o->s, STR("jetstream")))
        wrong(o, "bsky is the name of posts on Bluesky; give this source another name");
}

/* "elonmusk", "44196397", "44196397@elonmusk" */
static bool is_x_author(str text) {
    const ptrdiff_t at = str_find_byte(text, '@');
    const str name = at < 0 ? text : str_tail(text, at + 1);
    if (at >= 0 && !is_number(str_head(text, at))) return false;
    return (at < 0 && is_number(text)) || (name.n <= X_NAME_MAX && is_of(name, "_", true));
}

static bool is_did(str s) {
    return s.n <= DID_MAX && (str_starts(s, STR("did:plc:")) || str_starts(s, STR("did:web:"))) &&
           is_of(str_tail(s, 8), ".:%_-", true);
}

static bool is_bluesky_name(str s) {
    return s.n <= BLUESKY_NAME_MAX && is_of(s, ".-", true) && str_find_byte(s, '.') > 0 &&
           !str_ends(s, STR("."));
}

/* "did:plc:...", "alice.bsky.social", "did:plc:...@alice.bsky.social" */
static bool is_bluesky_author(str text) {
    const ptrdiff_t at = str_find_byte(text, '@');
    if (at < 0) return is_did(text) || is_bluesky_name(text);
    return is_did(str_head(text, at)) && is_bluesky_name(str_tail(text, at + 1));
}

static void check_authors(const struct one *o) {
    const struct config_origin *at = member_origin(o->l, o->idx, MEMBER_AUTHORS);
    const bool x = config_source_is_x(o->s);
    for (int i = 0; i < o->s->authors.count; i++) {
        char shown[CONFIG_SHOWN_BYTES];
        const str author = o->s->authors.names[i];
        if (x ? is_x_author(author) : is_bluesky_author(author)) continue;
        config_mistake_add(
            &o->l->mistakes, at, o->key, "authors: %s is no author on %s, expected %s",
            config_shown(author, shown), x ? "X" : "Bluesky",
            x ? "a name of up to 15 letters, digits and _, an id of digits, or id@name"
              : "a name such as alice.bsky.social, did:plc:..., or did:plc:...@name");
    }
}

/* ---- by kind ---- */

static void check_x(const struct one *o) {
    const struct config *c = &o->l->cfg;
    const bool activity = config_source_is(o->s, STR("x_activity"));
    const bool token_bad = o->l->bad[CFG_ROW_x_token_file] || o->l->bad[CFG_ROW_x_token_env];
    if (c->x_token_file.n == 0 && c->x_token_env.n == 0 && !token_bad)
        wrong(o, "X wants a token: set x.token_file to the name of a file (chmod 600) that holds "
                 "the app-only bearer token, or x.token_env to that of a variable; without a token "
                 "there is source.kind jetstream");
    if (activity && o->s->query.n > 0)
        wrong(o, "x_activity follows authors alone; a query is for x_search or x_stream");
    if (activity && o->s->authors.count == 0) wrong(o, "x_activity needs authors");
    if (!activity && o->s->authors.count == 0 && o->s->query.n == 0)
        wrong(o, "needs authors, or a query");
    check_authors(o);
}

static void check_replay(const struct one *o) {
    if (o->l->origins.sources_line > 0 && o->s->path.n == 0)
        wrong(o, "a replay source needs a path");
    if (o->s->authors.count > 0 || o->s->query.n > 0)
        wrong(o, "a replay reads every post of its file; authors and query are for live sources");
    if (o->s->url.n > 0) wrong(o, "a replay reads a file; url is for sources on X and Bluesky");
}

static void check_jetstream(const struct one *o) {
    if (o->s->query.n > 0)
        wrong(o, "Bluesky has no query: give authors, or leave both out to read everybody");
    check_authors(o);
}

static void check_push(const struct one *o) {
    if (o->l->cfg.api_listen.n == 0 && !o->l->bad[CFG_ROW_api_listen])
        wrong(o, "posts are brought over HTTP: set api.listen, such as 127.0.0.1:8080");
    if (o->s->authors.count > 0 || o->s->query.n > 0)
        wrong(o, "a push source takes what is brought; authors and query are for X and Bluesky");
    if (o->s->url.n > 0)
        wrong(o, "a push source listens at api.listen; url is for sources on X and Bluesky");
}

static void check_one(const struct one *o) {
    check_name(o);
    if (config_source_is_x(o->s))
        check_x(o);
    else if (config_source_is(o->s, STR("jetstream")))
        check_jetstream(o);
    else if (config_source_is(o->s, STR("push")))
        check_push(o);
    else
        check_replay(o);
}

/* ---- together ---- */

/* Of one account X takes so many connections of a kind; more wait for each other for ever. */
static void check_connections(const struct one *o) {
    const bool stream = config_source_is(o->s, STR("x_stream"));
    const int most = stream ? X_STREAMS : X_ACTIVITIES;
    int before = 0, first = -1;
    if (!stream && !config_source_is(o->s, STR("x_activity"))) return;
    for (int i = 0; i < o->idx; i++) {
        if (!str_eq(o->l->cfg.sources[i].kind, o->s->kind)) continue;
        if (before++ == 0) first = i;
    }
    if (before < most) return;
    config_mistake_add(&o->l->mistakes, &o->at, o->key,
                       "X allows %d connection%s of " STR_FMT
                       " for an account: put the authors into sources[%d]",
                       most, most == 1 ? "" : "s", STR_ARG(o->s->kind), first);
}

static void check_pair(const struct one *o, const struct config_source *before, int idx) {
    struct config_mistakes *m = &o->l->mistakes;
    const bool both_x = config_source_is_x(o->s) && config_source_is_x(before);
    const str name = config_source_name(o->s);
    if (!config_source_is_live(o->s) && !config_source_is_live(before))
        config_mistake_add(m, &o->at, o->key,
                           "a second replay beside sources[%d]; put the posts into one file", idx);
    else if (str_eq(o->s->kind, before->kind) && str_eq(name, config_source_name(before)))
        config_mistake_add(m, &o->at, o->key,
                           "is of the kind and the name (" STR_FMT
                           ") of sources[%d]; give one another name",
                           STR_ARG(name), idx);
    if (both_x &&
        !str_eq(config_source_url(&o->l->cfg, o->s), config_source_url(&o->l->cfg, before)))
        config_mistake_add(m, &o->at, o->key,
                           "has another url than sources[%d]; sources on X share one account and "
                           "one budget: set x.url",
                           idx);
}

static bool is_bad(const struct config_loader *l, int idx) {
    if (idx > 0) return l->source_bad[idx];
    for (int k = 0; k < CONFIG_SOURCE_KEYS; k++)
        if (l->bad[config_source_rows[k]]) return true;
    return l->source_bad[0];
}

void config_check_sources(struct config_loader *l) {
    for (int i = 0; i < l->cfg.source_count; i++) {
        struct one o;
        if (is_bad(l, i)) continue;
        look_at(&o, l, i);
        check_one(&o);
        check_connections(&o);
        for (int k = 0; k < i; k++) {
            if (is_bad(l, k)) continue;
            const int before = l->mistakes.count;
            check_pair(&o, &l->cfg.sources[k], k);
            if (l->mistakes.count > before) break;
        }
    }
}
