/* x_face_query: X's query language, of search and of the filtered stream's rules.
 *
 * In: a text such as `(from:elonmusk OR "to the moon") -is:retweet has:cashtags lang:en`. Out: a
 * tree, and whether a post matches it. A blank is AND and binds tighter than OR; '-' negates one
 * operator, never a group. Some operators cannot stand alone, and a query of negations only is
 * none. Words are compared as runs of letters and digits, ASCII without case; a word of search
 * finds no retweets (the index of 2026-05).
 *
 * What X has beyond this (places, entities, lists, contexts) is refused by name. Failure:
 * ERR_PARSE, in the kind of words that X uses. Pure; any thread. */
#include "sim/x_face_int.h"

#define DEPTH_MAX 32
#define NODES_MAX 1024

/* what is written (with a value behind it where it ends in a colon), whether it can stand alone */
#define X_OP_MAP(X)                                                                                \
    X(FROM, "from:", true)                                                                         \
    X(TO, "to:", true)                                                                             \
    X(CONVERSATION, "conversation_id:", true)                                                      \
    X(REPLY_TO_POST, "in_reply_to_tweet_id:", true)                                                \
    X(RETWEET_OF_POST, "retweets_of_tweet_id:", true)                                              \
    X(QUOTE_OF_POST, "quotes_of_tweet_id:", true)                                                  \
    X(RETWEETS_OF, "retweets_of:", true)                                                           \
    X(URL, "url:", true)                                                                           \
    X(MIN_LIKES, "min_likes:", true)                                                               \
    X(MIN_REPLIES, "min_replies:", true)                                                           \
    X(MIN_REPOSTS, "min_reposts:", true)                                                           \
    X(LANG, "lang:", false)                                                                        \
    X(IS_RETWEET, "is:retweet", false)                                                             \
    X(IS_REPLY, "is:reply", false)                                                                 \
    X(IS_QUOTE, "is:quote", false)                                                                 \
    X(IS_VERIFIED, "is:verified", false)                                                           \
    X(IS_NULLCAST, "is:nullcast", false)                                                           \
    X(HAS_LINKS, "has:links", false)                                                               \
    X(HAS_CASHTAGS, "has:cashtags", false)                                                         \
    X(HAS_HASHTAGS, "has:hashtags", false)                                                         \
    X(HAS_MENTIONS, "has:mentions", false)                                                         \
    X(HAS_MEDIA, "has:media", false)                                                               \
    X(HAS_IMAGES, "has:images", false)                                                             \
    X(HAS_VIDEO, "has:video_link", false)                                                          \
    X(HAS_GEO, "has:geo", false)                                                                   \
    X(WORDS, "", true)                                                                             \
    X(CASHTAG, "$", true)                                                                          \
    X(HASHTAG, "#", true)                                                                          \
    X(MENTION, "@", true)
typedef enum x_op {
#define X(name, text, alone) OP_##name,
    X_OP_MAP(X)
#undef X
        OP_COUNT
} x_op;
static const struct {
    str text;
    bool alone;
} ops[OP_COUNT] = {
#define X(name, word, stands) [OP_##name] = {{word, sizeof(word) - 1}, stands},
    X_OP_MAP(X)
#undef X
};

typedef enum node_kind { NODE_TERM, NODE_AND, NODE_OR } node_kind;
struct node {
    node_kind kind;
    bool negated; /* TERM */
    x_op op;
    str value;
    int64_t number; /* of the value, where it is one; else 0 */
    struct node *child, *sibling;
};

struct x_query {
    struct node *root;
    bool rule;
    bool words; /* there is a word that is not negated */
};

/* --- reading -----------------------------------------------------------------------------------
 */

struct parser {
    struct arena *a;
    str text;
    ptrdiff_t at;
    int depth, nodes, alone;
    struct x_query *q;
};

static bool parse_or(struct parser *p, struct node **ret, struct error *err);

static bool wrong(const struct parser *p, struct error *err, const char *what) {
    return fail(err, ERR_PARSE, 0, "There were errors processing your request: %s (at position %d)",
                what, (int)p->at + 1);
}

static void blanks(struct parser *p) {
    while (p->at < p->text.n && (p->text.p[p->at] == ' ' || p->text.p[p->at] == '\t' ||
                                 p->text.p[p->at] == '\n' || p->text.p[p->at] == '\r'))
        p->at++;
}

static bool node_new(struct parser *p, node_kind kind, struct node **ret, struct error *err) {
    if (++p->nodes > NODES_MAX) return wrong(p, err, "there are too many clauses");
    *ret = NEW(p->a, struct node);
    (*ret)->kind = kind;
    return true;
}

/* "quoted", without the quotes. */
static bool quoted(struct parser *p, str *ret, struct error *err) {
    const str rest = str_tail(p->text, p->at + 1);
    const ptrdiff_t end = str_find_byte(rest, '"');
    if (end < 0) return wrong(p, err, "missing '\"' at the end of a phrase");
    *ret = str_head(rest, end);
    p->at += end + 2;
    return true;
}

static str bare(struct parser *p) {
    const ptrdiff_t from = p->at;
    while (p->at < p->text.n && (unsigned char)p->text.p[p->at] > ' ' &&
           memchr("()\"", p->text.p[p->at], 3) == NULL)
        p->at++;
    return (str){p->text.p + from, p->at - from};
}

static bool has_word(str s) {
    ptrdiff_t at = 0;
    str word;
    return x_word_next(s, &at, &word);
}

/* '#', '@', '$', and plain words. */
static bool take_word(struct parser *p, str word, struct node *n, struct error *err) {
    n->op = word.p[0] == '$'   ? OP_CASHTAG
            : word.p[0] == '#' ? OP_HASHTAG
            : word.p[0] == '@' ? OP_MENTION
                               : OP_WORDS;
    n->value = n->op == OP_WORDS ? word : str_tail(word, 1);
    if (!has_word(n->value)) return wrong(p, err, "a word without a letter or a digit");
    return true;
}

/* "name:value"; the value may be quoted. */
static bool take_operator(struct parser *p, str word, struct node *n, struct error *err) {
    for (int i = 0; i < OP_WORDS; i++) {
        const bool valued = ops[i].text.p[ops[i].text.n - 1] == ':';
        const str head = valued ? str_head(word, ops[i].text.n) : word;
        if (!str_eq_nocase(head, ops[i].text)) continue;
        n->op = (x_op)i;
        if (!valued) return true;
        n->value = str_tail(word, ops[i].text.n);
        if (n->value.n == 0 && p->at < p->text.n && p->text.p[p->at] == '"' &&
            !quoted(p, &n->value, err))
            return false;
        if (str_starts(n->value, STR("@"))) n->value = str_tail(n->value, 1);
        if (n->value.n == 0) return wrong(p, err, "an operator without its value");
        if (!str_to_i64(n->value, &n->number)) n->number = 0;
        return true;
    }
    return fail(err, ERR_PARSE, 0,
                "There were errors processing your request: Reference to invalid operator '" STR_FMT
                "'. Operator is not available in current product or product packaging.",
                STR_ARG(str_head(word, 40)));
}

static bool take_term(struct parser *p, struct node *n, struct error *err) {
    if (p->text.p[p->at] == '"') {
        n->op = OP_WORDS;
        if (!quoted(p, &n->value, err)) return false;
        return has_word(n->value) || wrong(p, err, "an empty phrase");
    }
    const str word = bare(p);
    if (word.n == 0) return wrong(p, err, "no viable alternative");
    if (word.p[0] != '$' && word.p[0] != '#' && word.p[0] != '@' && str_find_byte(word, ':') > 0)
        return take_operator(p, word, n, err);
    return take_word(p, word, n, err);
}

static bool parse_unit(struct parser *p, struct node **ret, struct error *err) {
    const bool negated = p->text.p[p->at] == '-';
    if (negated) p->at++;
    if (p->at >= p->text.n || p->text.p[p->at] == ' ') return wrong(p, err, "a '-' alone");
    if (p->text.p[p->at] == '(') {
        if (negated) return wrong(p, err, "a group cannot be negated, only its operators can");
        if (++p->depth > DEPTH_MAX) return wrong(p, err, "groups stand too deep");
        p->at++;
        if (!parse_or(p, ret, err)) return false;
        if (p->at >= p->text.n || p->text.p[p->at] != ')') return wrong(p, err, "missing ')'");
        p->at++;
        p->depth--;
        return true;
    }
    struct node *n;
    if (!node_new(p, NODE_TERM, &n, err) || !take_term(p, n, err)) return false;
    n->negated = negated;
    if (n->op == OP_IS_NULLCAST && !negated) return wrong(p, err, "is:nullcast must be negated");
    if (!negated && ops[n->op].alone) p->alone++;
    if (!negated && n->op == OP_WORDS) p->q->words = true;
    *ret = n;
    return true;
}

/* Behind an operand: does "OR" come? Then it is passed over. */
static bool is_or(struct parser *p) {
    const str rest = str_tail(p->text, p->at);
    if (!str_starts(rest, STR("OR"))) return false;
    if (rest.n > 2 && (unsigned char)rest.p[2] > ' ' && rest.p[2] != '(') return false;
    p->at += 2;
    return true;
}

static bool parse_and(struct parser *p, struct node **ret, struct error *err) {
    struct node *all, **link;
    if (!node_new(p, NODE_AND, &all, err)) return false;
    link = &all->child;
    for (;;) {
        blanks(p);
        const ptrdiff_t before = p->at;
        if (p->at >= p->text.n || p->text.p[p->at] == ')' || is_or(p)) {
            p->at = before;
            break;
        }
        if (!parse_unit(p, link, err)) return false;
        link = &(*link)->sibling;
    }
    if (all->child == NULL) return wrong(p, err, "no viable alternative");
    *ret = all->child->sibling ? all : all->child;
    return true;
}

static bool parse_or(struct parser *p, struct node **ret, struct error *err) {
    struct node *any, *one = NULL, **link;
    if (!node_new(p, NODE_OR, &any, err)) return false;
    link = &any->child;
    do {
        /* each in a node of its own: a term's sibling is its neighbour in an AND */
        if (!node_new(p, NODE_AND, &one, err) || !parse_and(p, &one->child, err)) return false;
        *link = one;
        link = &one->sibling;
        blanks(p);
    } while (is_or(p));
    *ret = any;
    return true;
}

bool x_query_parse(struct arena *a, str text, bool rule, struct x_query **ret, struct error *err) {
    struct x_query *q = NEW(a, struct x_query);
    struct parser p = {.a = a, .text = text, .q = q};
    q->rule = rule;
    if (!str_utf8_valid(text)) return wrong(&p, err, "the text is not UTF-8");
    if (!parse_or(&p, &q->root, err)) return false;
    if (p.at < text.n) return wrong(&p, err, "missing EOF at ')'");
    if (p.alone == 0)
        return fail(err, ERR_PARSE, 0,
                    "There were errors processing your request: Rules must contain a non-negated "
                    "standalone operator, such as a keyword or from:");
    *ret = q;
    return true;
}

/* --- matching ----------------------------------------------------------------------------------
 */

/* The words of `phrase`, one behind the other, in the text. */
static bool has_words(str text, str phrase) {
    for (ptrdiff_t from = 0;;) {
        ptrdiff_t in_text = from, in_phrase = 0;
        str word, wanted;
        bool same = true, first = true;
        while (same && x_word_next(phrase, &in_phrase, &wanted)) {
            if (!x_word_next(text, &in_text, &word)) return false;
            if (first) from = in_text;
            first = false;
            same = str_eq_nocase(word, wanted);
        }
        if (same) return true;
    }
}

/* value "": any of the kind. */
static bool has_entity(str text, x_entity_kind kind, str value) {
    struct x_entity e;
    for (ptrdiff_t at = 0; x_entity_next(text, &at, &e);)
        if (e.kind == kind && (value.n == 0 || str_eq_nocase(e.word, value))) return true;
    return false;
}

static bool has_url(str text, str part) {
    struct x_entity e;
    for (ptrdiff_t at = 0; x_entity_next(text, &at, &e);)
        if (e.kind == X_URL && has_words(e.word, part)) return true;
    return false;
}

static bool is_user(const struct node *n, int64_t id, str name) {
    return str_eq_nocase(n->value, name) || (n->number != 0 && n->number == id);
}

static bool is_to(const struct x_face *x, const struct node *n, const struct x_item *i) {
    if (i->ref != POST_REF_REPLY) return false;
    const struct x_item *to = x_item_find(x, i->ref_id);
    if (to) return is_user(n, to->author_id, to->username);
    str word;
    ptrdiff_t at = 0;
    return str_starts(i->text, STR("@")) && x_word_next(i->text, &at, &word) &&
           str_eq_nocase(word, n->value);
}

static bool is_retweet_of(const struct x_face *x, const struct node *n, const struct x_item *i) {
    const struct x_item *of = i->ref == POST_REF_RETWEET ? x_item_find(x, i->ref_id) : NULL;
    return of && is_user(n, of->author_id, of->username);
}

static bool refers(const struct node *n, const struct x_item *i, post_ref ref) {
    return i->ref == ref && n->number != 0 && i->ref_id == n->number;
}

/* A quote matches a rule by the quoted text as well. */
static bool in_texts(const struct x_face *x, const struct x_query *q, const struct x_item *i,
                     const struct node *n) {
    const struct x_item *of =
        q->rule && i->ref == POST_REF_QUOTE ? x_item_find(x, i->ref_id) : NULL;
    switch ((int)n->op) { /* the few that look at texts */
    case OP_CASHTAG:
        return has_entity(i->text, X_CASHTAG, n->value) ||
               (of && has_entity(of->text, X_CASHTAG, n->value));
    case OP_HASHTAG:
        return has_entity(i->text, X_HASHTAG, n->value) ||
               (of && has_entity(of->text, X_HASHTAG, n->value));
    case OP_MENTION:
        return has_entity(i->text, X_MENTION, n->value);
    case OP_URL:
        return has_url(i->text, n->value);
    default: /* not an enum */
        return has_words(i->text, n->value) || (of && has_words(of->text, n->value));
    }
}

static bool term_matches(const struct x_face *x, const struct x_query *q, const struct x_item *i,
                         const struct node *n) {
    switch (n->op) {
    case OP_FROM:
        return is_user(n, i->author_id, i->username);
    case OP_TO:
        return is_to(x, n, i);
    case OP_CONVERSATION:
        return n->number != 0 && i->conversation_id == n->number;
    case OP_REPLY_TO_POST:
        return refers(n, i, POST_REF_REPLY);
    case OP_RETWEET_OF_POST:
        return refers(n, i, POST_REF_RETWEET);
    case OP_QUOTE_OF_POST:
        return refers(n, i, POST_REF_QUOTE);
    case OP_RETWEETS_OF:
        return is_retweet_of(x, n, i);
    case OP_MIN_LIKES:
    case OP_MIN_REPLIES:
    case OP_MIN_REPOSTS:
        return n->number <= 0; /* nobody likes anything here */
    case OP_LANG:
        return str_eq_nocase(n->value, i->lang);
    case OP_IS_RETWEET:
        return i->ref == POST_REF_RETWEET;
    case OP_IS_REPLY:
        return i->ref == POST_REF_REPLY;
    case OP_IS_QUOTE:
        return i->ref == POST_REF_QUOTE;
    case OP_HAS_LINKS:
        return has_entity(i->text, X_URL, STR(""));
    case OP_HAS_CASHTAGS:
        return has_entity(i->text, X_CASHTAG, STR(""));
    case OP_HAS_HASHTAGS:
        return has_entity(i->text, X_HASHTAG, STR(""));
    case OP_HAS_MENTIONS:
        return has_entity(i->text, X_MENTION, STR(""));
    case OP_IS_VERIFIED:
    case OP_IS_NULLCAST:
    case OP_HAS_MEDIA:
    case OP_HAS_IMAGES:
    case OP_HAS_VIDEO:
    case OP_HAS_GEO:
        return false;
    case OP_WORDS:
    case OP_CASHTAG:
    case OP_HASHTAG:
    case OP_MENTION:
    case OP_URL:
        return in_texts(x, q, i, n);
    case OP_COUNT:
        break;
    }
    WRONG("operator out of its list");
}

static bool matches(const struct x_face *x, const struct x_query *q, const struct x_item *i,
                    const struct node *n) {
    if (n->kind == NODE_TERM) return term_matches(x, q, i, n) != n->negated;
    for (const struct node *c = n->child; c; c = c->sibling)
        if (matches(x, q, i, c) == (n->kind == NODE_OR)) return n->kind == NODE_OR;
    return n->kind == NODE_AND;
}

bool x_query_matches(const struct x_face *x, const struct x_query *q, const struct x_item *item) {
    if (item->kind == SIM_POST_DELETION || item->native.n > 0) return false;
    if (!q->rule && q->words && item->ref == POST_REF_RETWEET) return false;
    return matches(x, q, item, q->root);
}
