/* x_face: X's face: its opening, the row of what was published, and who published it.
 *
 * In: a timeline of posts, edits and deletions, oldest first, and the time. Out: the row that
 * search and the streams read (x_face_int.h). What is older than the start is in the row from the
 * start on. Posts are read ahead, so that the author of a post to come is somebody already.
 *
 * The row is bounded: when X_ITEMS_MAX are in it, the oldest quarter goes. Strings are the
 * timeline's, which lends them for ever; those of posts that the owner publishes are in an arena of
 * the face. Failure: a fault plan that does not fit, at the opening. One thread. */
#include "sim/x_face_int.h"

#include <stdlib.h>

#define MEM_BYTES (INT64_C(1) << 28)
#define SCRATCH_BYTES (INT64_C(1) << 27)
#define SNOWFLAKE_EPOCH_MS INT64_C(1288834974657)

static const struct symbols no_symbols = {NULL, 0};

int64_t x_snowflake(usec at) {
    const int64_t ms = at / USEC_PER_MS - SNOWFLAKE_EPOCH_MS;
    return ms > 0 ? ms * (INT64_C(1) << 22) : 1;
}

/* --- users -------------------------------------------------------------------------------------
 */

static int64_t name_key(str name) {
    char small[HANDLE_BYTES];
    const str cut = str_head(name, (ptrdiff_t)sizeof small);
    for (ptrdiff_t i = 0; i < cut.n; i++)
        small[i] = (char)(cut.p[i] >= 'A' && cut.p[i] <= 'Z' ? cut.p[i] + 32 : cut.p[i]);
    const int64_t key = (int64_t)str_hash((str){small, cut.n});
    return key != 0 ? key : 1;
}

const struct x_user *x_user_find(const struct x_face *x, int64_t id) {
    int64_t at;
    return x_map_find(&x->by_user_id, id, &at) ? &x->users[at] : NULL;
}

const struct x_user *x_user_named(const struct x_face *x, str name) {
    int64_t at;
    if (!x_map_find(&x->by_user_name, name_key(name), &at)) return NULL;
    return str_eq_nocase(x->users[at].name, name) ? &x->users[at] : NULL;
}

static void user_add(struct x_face *x, int64_t id, str name, usec since) {
    if (x->user_count == x->user_cap) {
        x->user_cap = x->user_cap > 0 ? 2 * x->user_cap : 64;
        x->users = realloc(x->users, (size_t)x->user_cap * sizeof *x->users);
        PRE(x->users != NULL);
    }
    x->users[x->user_count] = (struct x_user){id, name, since};
    IGNORE(x_map_put(&x->by_user_id, id, x->user_count), "it is new");
    IGNORE(x_map_put(&x->by_user_name, name_key(name), x->user_count), "the last one has the name");
    x->user_count++;
}

/* Fills in what the post does not say of its author, and makes him known. */
static void author_of(struct x_face *x, struct sim_post *p) {
    const struct x_user *u = p->author_id != 0   ? x_user_find(x, p->author_id)
                             : p->username.n > 0 ? x_user_named(x, p->username)
                                                 : NULL;
    if (u) {
        p->author_id = u->id;
        if (p->username.n == 0) p->username = u->name;
        return;
    }
    if (p->author_id == 0)
        p->author_id =
            p->username.n > 0
                ? (int64_t)(((uint64_t)name_key(p->username) >> 12) | (UINT64_C(1) << 50))
                : 1;
    if (p->username.n == 0) {
        char name[HANDLE_BYTES];
        struct buf b;
        buf_init_fixed(&b, name, (ptrdiff_t)sizeof name);
        buf_printf(&b, "user%lld", (long long)p->author_id);
        p->username = str_dup(&x->mem, buf_str(&b));
    }
    user_add(x, p->author_id, p->username, p->at);
}

/* --- the row -----------------------------------------------------------------------------------
 */

static struct x_item *at_seq(const struct x_face *x, int64_t seq) {
    return &x->items[seq & (x->cap - 1)];
}

const struct x_item *x_item_at(const struct x_face *x, int64_t seq) {
    PRE(seq >= x->first && seq < x->end);
    return at_seq(x, seq);
}

static struct x_item *item_find(const struct x_face *x, int64_t id) {
    int64_t seq;
    return x_map_find(&x->by_id, id, &seq) && seq >= x->first ? at_seq(x, seq) : NULL;
}

const struct x_item *x_item_find(const struct x_face *x, int64_t id) { return item_find(x, id); }

/* Room for one more: the row doubles, or its oldest quarter goes. */
static void make_room(struct x_face *x) {
    if (x->end - x->first < x->cap) return;
    if (x->cap < X_ITEMS_MAX) {
        const int64_t cap = x->cap > 0 ? 2 * x->cap : 1024;
        struct x_item *to = calloc((size_t)cap, sizeof *to);
        PRE(to != NULL);
        for (int64_t s = x->first; s < x->end; s++) to[s & (cap - 1)] = *at_seq(x, s);
        free(x->items);
        x->items = to;
        x->cap = cap;
        return;
    }
    x->first += x->cap / 4;
    x_map_clear(&x->by_id);
    for (int64_t s = x->first; s < x->end; s++) {
        const struct x_item *i = at_seq(x, s);
        if (i->kind != SIM_POST_DELETION) IGNORE(x_map_put(&x->by_id, i->id, s), "it is new");
    }
}

/* An id that the timeline left to us: of its time, and larger than the one before. */
static int64_t make_id(struct x_face *x, usec at) {
    const int64_t id = x_snowflake(at) + (int64_t)(x->opt.seed % 1024 << 12);
    return i64_max(id, x->last_id + 1);
}

/* The newest version of the chain. */
static struct x_item *newest_of(const struct x_face *x, int64_t root) {
    struct x_item *i = item_find(x, root);
    for (struct x_item *next; i && i->next_id != 0 && (next = item_find(x, i->next_id)) != NULL;)
        i = next;
    return i;
}

static void link_edit(struct x_face *x, struct x_item *item) {
    struct x_item *before = newest_of(x, item->root_id);
    if (!before) return; /* too old to be here */
    item->root_id = before->root_id;
    item->prev_id = before->id;
    item->conversation_id = before->conversation_id;
    if (item->author_id == 0) {
        item->author_id = before->author_id;
        item->username = before->username;
    }
    before->next_id = item->id;
    before->old = true;
}

static void link_deletion(struct x_face *x, struct x_item *item) {
    struct x_item *last = newest_of(x, item->root_id);
    if (!last) return;
    item->id = item->root_id = last->root_id;
    item->author_id = last->author_id;
    item->username = last->username;
    for (struct x_item *i = last; i; i = i->prev_id != 0 ? item_find(x, i->prev_id) : NULL)
        i->gone = true;
}

static void link_post(struct x_face *x, struct x_item *item) {
    const struct x_item *to = item->ref == POST_REF_REPLY ? item_find(x, item->ref_id) : NULL;
    item->root_id = item->conversation_id = item->id;
    if (item->ref == POST_REF_REPLY && item->ref_id != 0)
        item->conversation_id = to ? to->conversation_id : item->ref_id;
}

/* Which items can be put at all. */
static bool fits(const struct x_face *x, const struct sim_post *p) {
    if (p->kind == SIM_POST) return p->id == 0 || (p->id > 0 && item_find(x, p->id) == NULL);
    if (p->root_id <= 0) return false;
    return p->kind == SIM_POST_DELETION || p->id == 0 || item_find(x, p->id) == NULL;
}

static int64_t put(struct x_face *x, const struct sim_post *post) {
    struct sim_post p = *post;
    if (!fits(x, &p)) return 0;
    if (p.kind != SIM_POST_DELETION && p.id == 0) p.id = make_id(x, p.at);
    if (p.kind == SIM_POST || (p.kind == SIM_POST_EDIT && (p.author_id != 0 || p.username.n > 0)))
        if (p.native.n == 0) author_of(x, &p);
    make_room(x);
    struct x_item *i = at_seq(x, x->end);
    *i = (struct x_item){.kind = p.kind,
                         .at = p.at,
                         .seq = x->end,
                         .id = p.kind == SIM_POST_DELETION ? p.root_id : p.id,
                         .root_id = p.root_id,
                         .author_id = p.author_id,
                         .ref_id = p.ref_id,
                         .ref = p.ref,
                         .username = p.username,
                         .text = p.text,
                         .lang = p.lang.n > 0 ? p.lang : STR("und"),
                         .native = p.native};
    if (p.kind == SIM_POST) link_post(x, i);
    if (p.kind == SIM_POST_EDIT) link_edit(x, i);
    if (p.kind == SIM_POST_DELETION) link_deletion(x, i);
    if (p.kind != SIM_POST_DELETION) {
        IGNORE(x_map_put(&x->by_id, i->id, x->end), "it was not there");
        if (i->id <= x->last_id) x->ordered = false;
        x->last_id = i64_max(x->last_id, i->id);
    }
    x->published += p.kind == SIM_POST;
    x->end++;
    return i->id;
}

int64_t x_publish(struct x_face *x, const struct sim_post *post) {
    struct sim_post p = *post;
    p.at = x->now;
    if (p.kind != SIM_POST && !item_find(x, p.root_id)) return 0;
    return put(x, &p);
}

/* --- time --------------------------------------------------------------------------------------
 */

/* Reads on, and makes the authors known. */
static void read_ahead(struct x_face *x) {
    while (x->ahead_count < X_AHEAD) {
        struct sim_post *p = &x->ahead[(x->ahead_first + x->ahead_count) % X_AHEAD];
        *p = (struct sim_post){0};
        if (x->opt.timeline.next == NULL || !x->opt.timeline.next(x->opt.timeline.ctx, p)) return;
        if (p->kind == SIM_POST && p->native.n == 0) author_of(x, p);
        x->ahead_count++;
    }
}

static void publish_due(struct x_face *x, usec now) {
    read_ahead(x);
    while (x->ahead_count > 0 && x->ahead[x->ahead_first].at <= now) {
        const struct sim_post p = x->ahead[x->ahead_first];
        x->ahead_first = (x->ahead_first + 1) % X_AHEAD;
        x->ahead_count--;
        IGNORE(put(x, &p) == 0, "one that was there already is not published again");
        if (x->ahead_count < X_AHEAD / 2) read_ahead(x);
    }
}

static void befall(struct x_face *x, const struct fault *f) {
    if (f->kind == FAULT_STREAM_CUT) x->cuts++;
    if (f->kind == FAULT_X_DISCONNECT || f->kind == FAULT_SHUTDOWN) x->disconnects++;
    if (f->kind == FAULT_STREAM_MUTE) x->mute_until = i64_max(x->mute_until, x->now + f->delay);
}

void x_advance(struct x_face *x, usec now) {
    now = i64_max(now, x->now);
    publish_due(x, now);
    x->now = now;
    for (struct fault f; x->opt.faults && faults_due(x->opt.faults, now, &f);) befall(x, &f);
    x_bill_day(x);
}

usec x_next_at(const struct x_face *x) {
    usec at = x->ahead_count > 0 ? x->ahead[x->ahead_first].at : USEC_NEVER;
    if (x->opt.faults) at = i64_min(at, faults_next(x->opt.faults));
    return at;
}

struct fault x_message_fault(struct x_face *x, bool user_data) {
    if (!x->opt.faults) return (struct fault){.sym = SYM_NONE};
    return faults_of_message(x->opt.faults, x->now, user_data);
}

/* --- the face ----------------------------------------------------------------------------------
 */

static bool takes(void *ctx, str path) {
    (void)ctx;
    return str_starts(path, STR("/2/")) || str_starts(path, STR("/oauth2/")) ||
           str_starts(path, STR("/sim/x/"));
}

static void advance(void *ctx, usec now) { x_advance(ctx, now); }

static usec next_at(void *ctx) {
    const struct x_face *x = ctx;
    return i64_min(x_next_at(x), x_lines_next_at(x));
}

void x_face_x(struct x_face *x, struct sim_face *ret) {
    *ret = (struct sim_face){.name = "x",
                             .ctx = x,
                             .takes = takes,
                             .request = x_request,
                             .next = x_line_next,
                             .close = x_line_close,
                             .slow = x_line_slow,
                             .ready = x_line_ready,
                             .advance = advance,
                             .next_at = next_at};
}

bool x_face_open(struct arena *boot, const struct x_face_options *opt, struct x_face **ret,
                 struct error *err) {
    if (opt->faults && !faults_is_begun(opt->faults) &&
        !faults_begin(opt->faults, &no_symbols, opt->start, err))
        return false;
    struct x_face *x = NEW(boot, struct x_face);
    x->opt = *opt;
    x->now = opt->start;
    x->ordered = true;
    rng_init(&x->rng, opt->seed);
    arena_open(&x->mem, MEM_BYTES);
    arena_open(&x->scratch, SCRATCH_BYTES);
    x->ahead = calloc(X_AHEAD, sizeof *x->ahead);
    PRE(x->ahead != NULL);
    for (ptrdiff_t i = 0; i < opt->user_count; i++)
        user_add(x, opt->users[i].id, opt->users[i].name, opt->start);
    x_lines_init(x);
    x_bill_init(x);
    x_advance(x, opt->start);
    *ret = x;
    return true;
}

void x_face_close(struct x_face *x) {
    if (!x) return;
    if (x->jetstream) x->jetstream_close(x->jetstream);
    x_lines_fini(x);
    x_rules_fini(x);
    x_bill_fini(x);
    x_map_fini(&x->by_id);
    x_map_fini(&x->by_user_id);
    x_map_fini(&x->by_user_name);
    free(x->users);
    free(x->items);
    free(x->ahead);
    arena_close(&x->mem);
    arena_close(&x->scratch);
}

int64_t x_face_published(const struct x_face *x) { return x->published; }

void x_face_cut(struct x_face *x, usec now) {
    x_advance(x, now);
    x->cuts++;
}
