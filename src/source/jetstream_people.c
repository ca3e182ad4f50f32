/* jetstream_people: the authors that a Jetstream source follows, who they are, and what they are
 * called.
 *
 * An author is configured as a DID ("did:plc:..."), as a name ("alice.bsky.social", also with @),
 * or as both ("did:plc:...@alice.bsky.social"). Names that the store does not know are asked for
 * once (com.atproto.identity.resolveHandle) and the answer is handed out to be kept, also that a
 * name is nobody's, which is asked again after a day. What fails is asked again with patience, one
 * name at a time; those that are known do not wait for it.
 *
 * In: options, answers. Out: names to ask for, DIDs, handles. Invariants: a DID is in `by_did`
 * once; `due` is the earliest ask_at. Failure: of a call, counted and tried again. Memory: the boot
 * arena. One thread. */
#include <stdio.h>

#include <jansson.h>

#include "base/rng.h"
#include "source/jetstream_int.h"

#define NOBODY_AGAIN USEC_PER_DAY
#define ANSWER_BYTES_MAX 65536

struct person {
    char did[NATIVE_BYTES];  /* "": not known */
    char name[HANDLE_BYTES]; /* "": not known */
    usec ask_at;             /* USEC_NEVER: needs no asking */
    usec again;              /* a nobody of the store: when it would be asked for again */
    bool followed, nobody, tried;
};
struct table { /* open addressing, places of persons + 1 */
    int32_t *slots;
    uint32_t mask;
};
struct jetstream_people {
    struct person *list;
    int count;
    bool everybody;
    struct table by_did, by_name;
    int followed, nobody, waiting, untried;
    usec due;
    int asking; /* whom the call under way is about, -1: none */
    int last;   /* whom the last answer was about */
    struct patience patience;
    bool has_item;
    struct handle item;
    char why[WHY_BYTES];
};

/* --- tables ---------------------------------------------------------------------------------- */

static void table_init(struct table *t, struct arena *boot, int most) {
    uint32_t slots = 16;
    while (slots < 2 * (uint32_t)most) slots *= 2;
    t->slots = NEW_ARRAY(boot, int32_t, slots);
    t->mask = slots - 1;
}

static str did_of(const struct person *p) { return str_from_z(p->did); }
static str name_of(const struct person *p) { return str_from_z(p->name); }

typedef str text_of(const struct person *p);

static uint32_t slot_of(const struct jetstream_people *p, const struct table *t, text_of *of,
                        str text) {
    uint32_t at = (uint32_t)str_hash(text) & t->mask;
    while (t->slots[at] != 0 && !str_eq(of(&p->list[t->slots[at] - 1]), text))
        at = (at + 1) & t->mask;
    return at;
}

static struct person *find(const struct jetstream_people *p, const struct table *t, text_of *of,
                           str text) {
    const int32_t place = t->slots[slot_of(p, t, of, text)];
    return place > 0 ? &p->list[place - 1] : NULL;
}

static struct person *by_did(const struct jetstream_people *p, str did) {
    return find(p, &p->by_did, did_of, did);
}

static struct person *by_name(const struct jetstream_people *p, str name) {
    return find(p, &p->by_name, name_of, name);
}

static void enter(struct jetstream_people *p, struct table *t, text_of *of, struct person *who) {
    const uint32_t at = slot_of(p, t, of, of(who));
    if (t->slots[at] == 0) t->slots[at] = (int32_t)(who - p->list) + 1;
}

static struct person *add(struct jetstream_people *p, str did, str name) {
    struct person *who = &p->list[p->count++];
    who->ask_at = USEC_NEVER;
    IGNORE(str_copyz(did, who->did, NATIVE_BYTES), "its length has been checked");
    IGNORE(str_copyz(name, who->name, HANDLE_BYTES), "its length has been checked");
    if (did.n > 0) enter(p, &p->by_did, did_of, who);
    if (name.n > 0) enter(p, &p->by_name, name_of, who);
    return who;
}

/* --- what is configured ---------------------------------------------------------------------- */

static bool is_letter_or_digit(char c) {
    const char lower = (char)(c | 0x20);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9');
}

static bool is_did(str s) {
    if (!str_starts(s, STR("did:")) || s.n >= NATIVE_BYTES) return false;
    int colons = 0;
    for (ptrdiff_t i = 0; i < s.n; i++) {
        colons += s.p[i] == ':';
        if (!is_letter_or_digit(s.p[i]) && str_find_byte(STR(":._-%"), s.p[i]) < 0) return false;
    }
    return colons >= 2 && s.p[s.n - 1] != ':' && s.p[s.n - 1] != '%';
}

/* A host name with a dot, in lower case afterwards. */
static bool take_name(str s, char ret[HANDLE_BYTES]) {
    if (s.n < 3 || s.n >= HANDLE_BYTES || str_find_byte(s, '.') < 1) return false;
    for (ptrdiff_t i = 0; i < s.n; i++) {
        const char c = s.p[i];
        const bool apart = c == '.' || c == '-';
        if (!apart && !is_letter_or_digit(c)) return false;
        if (apart && (i == 0 || i == s.n - 1 || s.p[i - 1] == '.')) return false;
        ret[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    ret[s.n] = '\0';
    return true;
}

static bool not_an_author(str text, struct error *err) {
    return fail(err, ERR_CONFIG, 0,
                "author \"" STR_FMT "\": expected a Bluesky name (alice.bsky.social), a DID "
                "(did:plc:...), or did:plc:...@alice.bsky.social",
                STR_ARG(str_head(text, 80)));
}

static void follow(struct jetstream_people *p, struct person *who) {
    if (who->followed) return;
    who->followed = true;
    p->followed++;
}

/* Nobody is asked for twice: who is there already is told so by ask_at. */
static void want(struct jetstream_people *p, struct person *who, usec now) {
    if (who->ask_at != USEC_NEVER) return;
    who->ask_at = who->nobody ? who->again : now;
    if (who->nobody) {
        p->nobody++;
        who->tried = true;
    } else {
        p->waiting++;
        p->untried++;
    }
    p->due = i64_min(p->due, who->ask_at);
}

static bool take_author(struct jetstream_people *p, str text, usec now, struct error *err) {
    char name[HANDLE_BYTES] = "";
    str did = {0}, rest = str_trim(text);
    if (str_starts(rest, STR("@"))) rest = str_tail(rest, 1);
    if (str_starts(rest, STR("did:"))) {
        IGNORE(str_cut(&rest, '@', &did), "it begins with something");
        if (!is_did(did)) return not_an_author(text, err);
    }
    if (rest.p != NULL && !take_name(rest, name)) return not_an_author(text, err);
    const str called = str_from_z(name);
    struct person *who = did.n > 0 ? by_did(p, did) : by_name(p, called);
    if (who == NULL) who = add(p, did, called);
    if (who->name[0] == '\0' && called.n > 0) {
        IGNORE(str_copyz(called, who->name, HANDLE_BYTES), "of the same size");
        enter(p, &p->by_name, name_of, who);
    }
    if (who->did[0] == '\0')
        want(p, who, now);
    else
        follow(p, by_did(p, did_of(who))); /* two names may be one author's */
    return true;
}

static void take_known(struct jetstream_people *p, const struct handle *h, usec now) {
    char name[HANDLE_BYTES];
    const str did = str_from_z(h->native_id);
    if (strcmp(h->network, JETSTREAM_NETWORK) != 0) return;
    if (!take_name(str_from_z(h->name), name) || (did.n > 0 && !is_did(did))) return;
    if (did.n == 0 && now - h->resolved_at >= NOBODY_AGAIN) return;
    struct person *who = by_name(p, str_from_z(name));
    if (who != NULL) return;
    who = add(p, did, str_from_z(name));
    who->nobody = did.n == 0;
    who->again = h->resolved_at + NOBODY_AGAIN;
}

bool jetstream_people_open(struct arena *boot, const struct jetstream_options *opt,
                           struct jetstream_people **ret, struct error *err) {
    struct jetstream_people *p = NEW(boot, struct jetstream_people);
    const int most = opt->author_count + opt->known_count;
    if (opt->author_count > JETSTREAM_AUTHORS_MAX)
        return fail(err, ERR_CONFIG, 0,
                    "%d authors: Jetstream takes at most %d; without any it "
                    "sends everybody's posts",
                    opt->author_count, JETSTREAM_AUTHORS_MAX);
    p->list = NEW_ARRAY(boot, struct person, most > 0 ? most : 1);
    p->everybody = opt->author_count == 0;
    p->due = USEC_NEVER;
    p->asking = -1;
    p->patience = (struct patience){.first = USEC_PER_S, .most = USEC_PER_MIN};
    table_init(&p->by_did, boot, most);
    table_init(&p->by_name, boot, most);
    for (int i = 0; i < opt->known_count; i++) take_known(p, &opt->known[i], opt->now);
    for (int i = 0; i < opt->author_count; i++)
        if (!take_author(p, opt->authors[i], opt->now, err)) return false;
    if (p->waiting + p->nobody > 0 && opt->resolver.n == 0)
        return fail(err, ERR_CONFIG, 0,
                    "%d authors are given by name, and no address of a server "
                    "that knows names: give one, or their DIDs",
                    p->waiting + p->nobody);
    *ret = p;
    return true;
}

/* --- asking ---------------------------------------------------------------------------------- */

static void find_due(struct jetstream_people *p) {
    p->due = USEC_NEVER;
    for (int i = 0; i < p->count; i++)
        if (p->list[i].ask_at < p->due) p->due = p->list[i].ask_at;
}

usec jetstream_people_due(const struct jetstream_people *p) {
    if (p->asking >= 0) return USEC_NEVER;
    return i64_max(p->due, p->due == USEC_NEVER ? 0 : p->patience.until);
}

bool jetstream_people_ask(struct jetstream_people *p, usec now, str *ret_name) {
    if (jetstream_people_due(p) > now) return false;
    for (int i = 0; i < p->count; i++) {
        if (p->list[i].ask_at > now) continue;
        p->asking = i;
        *ret_name = name_of(&p->list[i]);
        return true;
    }
    return false;
}

/* The member of the answer's object, which is borrowed from *ret_root. */
static const char *member_of(const struct http_answer *a, const char *name, json_t **ret_root) {
    *ret_root = NULL;
    if (a->body.n == 0 || a->body.n > ANSWER_BYTES_MAX) return NULL;
    *ret_root = json_loadb(a->body.p, (size_t)a->body.n, JSON_REJECT_DUPLICATES, NULL);
    return json_string_value(json_object_get(*ret_root, name));
}

static void keep_answer(struct jetstream_people *p, struct person *who, usec now) {
    p->item = (struct handle){.resolved_at = now};
    IGNORE(str_copyz(STR(JETSTREAM_NETWORK), p->item.network, sizeof p->item.network), "it fits");
    IGNORE(str_copyz(name_of(who), p->item.name, HANDLE_BYTES), "of the same size");
    IGNORE(str_copyz(did_of(who), p->item.native_id, NATIVE_BYTES), "of the same size");
    p->has_item = true;
}

/* It is answered: no longer among those that wait, or among the nobodies. */
static void settle(struct jetstream_people *p, struct person *who) {
    if (who->nobody)
        p->nobody--;
    else
        p->waiting--;
    if (!who->tried) p->untried--;
    who->tried = true;
    who->nobody = false;
    who->ask_at = USEC_NEVER;
    p->why[0] = '\0';
    patience_ok(&p->patience);
}

static bool become(struct jetstream_people *p, struct person *who, str did, usec now) {
    settle(p, who);
    IGNORE(str_copyz(did, who->did, NATIVE_BYTES), "its length has been checked");
    keep_answer(p, who, now);
    struct person *same = by_did(p, did);
    if (same != NULL) { /* given by DID as well, or two names of one author */
        if (same->name[0] == '\0')
            IGNORE(str_copyz(name_of(who), same->name, HANDLE_BYTES), "of the same size");
        if (same->followed) return false;
        follow(p, same);
        return true;
    }
    enter(p, &p->by_did, did_of, who);
    follow(p, who);
    return true;
}

static void become_nobody(struct jetstream_people *p, struct person *who, usec now) {
    settle(p, who);
    who->nobody = true;
    who->ask_at = now + NOBODY_AGAIN;
    p->nobody++;
    keep_answer(p, who, now);
}

static void failed(struct jetstream_people *p, const struct person *who, usec now,
                   const struct http_answer *a, struct rng *rng) {
    patience_failed(&p->patience, now, rng);
    if (a->end == HTTP_ANSWERED && a->retry_after_s > 0 && a->retry_after_s < 86400)
        p->patience.until = i64_max(p->patience.until, now + a->retry_after_s * USEC_PER_S);
    if (a->end == HTTP_ANSWERED)
        snprintf(p->why, sizeof p->why, "who %.79s is could not be asked: status %d", who->name,
                 a->status);
    else
        snprintf(p->why, sizeof p->why, "who %.79s is could not be asked: %.80s", who->name,
                 a->why);
}

bool jetstream_people_answered(struct jetstream_people *p, usec now, const struct http_answer *a,
                               struct rng *rng) {
    if (p->asking < 0) return false;
    struct person *who = &p->list[p->asking];
    json_t *root;
    bool more = false;
    p->last = p->asking;
    p->asking = -1;
    const bool fine = a->end == HTTP_ANSWERED && a->status == 200,
               refused = a->end == HTTP_ANSWERED && (a->status == 400 || a->status == 404);
    const char *said = member_of(a, fine ? "did" : "error", &root);
    if (fine && said != NULL && is_did(str_from_z(said)))
        more = become(p, who, str_from_z(said), now);
    else if (refused && said != NULL && strcmp(said, "InvalidRequest") == 0)
        become_nobody(p, who, now);
    else
        failed(p, who, now, a, rng);
    json_decref(root);
    find_due(p);
    return more;
}

bool jetstream_people_item(struct jetstream_people *p, struct handle *ret) {
    if (!p->has_item) return false;
    *ret = p->item;
    p->has_item = false;
    return true;
}

/* --- what is known --------------------------------------------------------------------------- */

bool jetstream_people_everybody(const struct jetstream_people *p) { return p->everybody; }
int jetstream_people_count(const struct jetstream_people *p) { return p->followed; }
int jetstream_people_nobody(const struct jetstream_people *p) { return p->nobody; }
int jetstream_people_waiting(const struct jetstream_people *p) { return p->waiting; }
str jetstream_people_last(const struct jetstream_people *p) { return name_of(&p->list[p->last]); }

const char *jetstream_people_a_nobody(const struct jetstream_people *p) {
    for (int i = 0; i < p->count; i++)
        if (p->list[i].nobody && p->list[i].ask_at != USEC_NEVER) return p->list[i].name;
    return "";
}

const char *jetstream_people_why(const struct jetstream_people *p) { return p->why; }

bool jetstream_people_ready(const struct jetstream_people *p) {
    return p->untried == 0 || p->patience.failures > 0;
}

str jetstream_people_name(const struct jetstream_people *p, str did) {
    const struct person *who = by_did(p, did);
    return who != NULL ? name_of(who) : (str){0};
}

bool jetstream_people_follows(const struct jetstream_people *p, str did) {
    if (p->everybody) return true;
    const struct person *who = by_did(p, did);
    return who != NULL && who->followed;
}

bool jetstream_people_next(const struct jetstream_people *p, int *at, str *ret) {
    while (*at < p->count) {
        const struct person *who = &p->list[(*at)++];
        if (!who->followed) continue;
        *ret = did_of(who);
        return true;
    }
    return false;
}
