/* x_jetstream: Bluesky's Jetstream over the timeline of X's face: /subscribe by WebSocket, and
 * /xrpc/com.atproto.identity.resolveHandle.
 *
 * A connection is a place in the row of what was published, and one in the row of what comes
 * besides (identities and accounts, every few seconds, drawn from the seed): nothing is queued for
 * it. One that asked for an older time begins there and is sent what is kept (36 hours) as fast as
 * it reads; once it has caught up it must keep up, and is cut when it is X_LAG_MAX items behind, or
 * when what it should read next has gone. Filters are the server's: collections by name or by
 * prefix ("app.bsky.feed.*"), authors, the size of a message, changed by options_update, which
 * requireHello waits for. Identities and accounts pass the filter of collections.
 *
 * Faults of stream messages mean here: cut, the line breaks; gap, the message is left out; double,
 * it comes twice; swap, it comes behind the next one; mute, nothing comes for a while, and then
 * what was due.
 *
 * In: paths, messages, times. Out: frames. Failure: a path or an options_update that is wrong
 * closes. Memory: what authors a connection asked for, on the heap. One thread. */
#include "sim/x_jetstream_int.h"

#include <stdlib.h>

#include <jansson.h>

#include "base/json.h"
#include "base/url.h"

#define CONNS_MAX 64
#define KEPT (36 * USEC_PER_HOUR)
#define COLLECTIONS_MAX 100
#define DIDS_MAX 10000
#define NAME_BYTES 80
#define EVENT_EACH (7 * USEC_PER_S)
#define SLOTS_AHEAD 32                         /* one of them has something, as good as surely */
#define SEQUENCE_MAX INT64_C(1000000000000000) /* a cursor below is no time */
#define RESOLVE "/xrpc/com.atproto.identity.resolveHandle"

struct filter {
    char (*collections)[NAME_BYTES]; /* on the heap, as the next */
    int collection_count;
    uint64_t *dids; /* hashes, sorted; nobody has two of the same in one simulation */
    int did_count;
    int64_t bytes_max; /* 0: any */
};
struct conn {
    bool used, hello; /* hello: sends nothing before the first options_update */
    bool caught_up, paused;
    int shut;     /* the code to close with; -1: none */
    int64_t next; /* seq */
    int64_t slot; /* of what comes besides */
    int64_t cuts; /* of the face when it was opened */
    usec mute_until;
    int64_t held, again; /* seq; -1: none */
    usec held_until;
    bool held_may_go;
    struct filter filter;
};
struct x_jetstream {
    struct x_face *x;
    struct conn conns[CONNS_MAX];
};

static struct conn *conn_of(struct x_jetstream *j, int number) {
    PRE(number >= 0 && number < CONNS_MAX && j->conns[number].used);
    return &j->conns[number];
}

/* --- filters --------------------------------------------------------------------------------- */

static void filter_fini(struct filter *f) {
    free(f->collections);
    free(f->dids);
    *f = (struct filter){0};
}

static bool filter_add_collection(struct filter *f, str name) {
    if (name.n == 0 || name.n >= NAME_BYTES || f->collection_count == COLLECTIONS_MAX) return false;
    if (f->collections == NULL) f->collections = calloc(COLLECTIONS_MAX, sizeof *f->collections);
    PRE(f->collections != NULL);
    const ptrdiff_t star = str_find_byte(name, '*');
    if (star >= 0 && (star != name.n - 1 || star < 2 || name.p[star - 1] != '.')) return false;
    return str_copyz(name, f->collections[f->collection_count++], NAME_BYTES);
}

static bool filter_add_did(struct filter *f, str did) {
    if (!str_starts(did, STR("did:")) || f->did_count == DIDS_MAX) return false;
    if (f->dids == NULL) f->dids = calloc(DIDS_MAX, sizeof *f->dids);
    PRE(f->dids != NULL);
    f->dids[f->did_count++] = str_hash(did);
    return true;
}

static int compare_hashes(const void *a, const void *b) {
    const uint64_t *l = a, *r = b;
    return *l < *r ? -1 : *l > *r;
}

static void filter_sort(struct filter *f) {
    if (f->did_count > 0) qsort(f->dids, (size_t)f->did_count, sizeof *f->dids, compare_hashes);
}

static bool wants_did(const struct filter *f, str did) {
    const uint64_t hash = str_hash(did);
    return f->did_count == 0 ||
           bsearch(&hash, f->dids, (size_t)f->did_count, sizeof *f->dids, compare_hashes) != NULL;
}

static bool wants_collection(const struct filter *f, str name) {
    bool any = f->collection_count == 0;
    for (int i = 0; i < f->collection_count && !any; i++) {
        const str c = str_from_z(f->collections[i]);
        any = str_ends(c, STR("*")) ? str_starts(name, str_head(c, c.n - 1)) : str_eq(c, name);
    }
    return any;
}

static bool wants(const struct filter *f, const struct x_item *item) {
    char block[X_DID_BYTES];
    str did, collection;
    x_jetstream_about(item, block, &did, &collection);
    return (collection.n == 0 || wants_collection(f, collection)) && wants_did(f, did);
}

/* --- what comes besides ---------------------------------------------------------------------- */

/* The one of a slot of seven seconds; false: there is none in it. */
static bool event_of(const struct x_face *x, int64_t slot, struct x_jetstream_event *ret) {
    struct rng r;
    rng_init(&r, x->opt.seed ^ (uint64_t)slot);
    if (x->user_count == 0 || rng_below(&r, 3) == 0) return false;
    *ret = (struct x_jetstream_event){.at = slot * EVENT_EACH + (usec)rng_below(&r, EVENT_EACH),
                                      .seq = INT64_C(30000000000) + slot,
                                      .user = &x->users[rng_below(&r, (uint64_t)x->user_count)],
                                      .account = rng_below(&r, 2) == 0};
    return true;
}

static int64_t slot_at(usec at) { return at / EVENT_EACH; }

/* --- opening --------------------------------------------------------------------------------- */

/* Into the block; false: not percent-encoded text, or too long. */
static bool decode(str raw, char *block, ptrdiff_t bytes, str *ret) {
    return url_decode(raw, false, block, bytes, ret) && str_utf8_valid(*ret);
}

/* The first item at or behind a time. */
static int64_t place_of(const struct x_face *x, usec at) {
    int64_t lo = x->first, hi = x->end;
    while (lo < hi) {
        const int64_t mid = lo + (hi - lo) / 2;
        if (x_item_at(x, mid)->at < at)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* A time in microseconds, or as the servers of August 2026 have it a place in their row. */
static bool seek(const struct x_face *x, struct conn *c, str value) {
    int64_t cursor;
    if (!str_to_i64(value, &cursor) || cursor < 0) return false;
    if (cursor > x->now) return true; /* of the future: from now on */
    if (cursor < SEQUENCE_MAX) {
        c->next = i64_min(i64_max(cursor, x->first), x->end);
        c->slot = c->next < x->end ? slot_at(x_item_at(x, c->next)->at) : c->slot;
        return true;
    }
    const usec from = i64_max(cursor, x->now - KEPT);
    c->next = place_of(x, from);
    c->slot = slot_at(from);
    c->caught_up = false;
    return true;
}

static bool take_param(const struct x_face *x, struct conn *c, str name, str value) {
    if (str_eq(name, STR("wantedCollections"))) return filter_add_collection(&c->filter, value);
    if (str_eq(name, STR("wantedDids"))) return filter_add_did(&c->filter, value);
    if (str_eq(name, STR("cursor"))) return seek(x, c, value);
    if (str_eq(name, STR("maxMessageSizeBytes")))
        return str_to_i64(value, &c->filter.bytes_max) && c->filter.bytes_max >= 0;
    if (str_eq(name, STR("requireHello"))) c->hello = str_eq(value, STR("true"));
    if (str_eq(name, STR("compress"))) return !str_eq(value, STR("true")); /* it has no zstd */
    return true;
}

static bool take_query(const struct x_face *x, struct conn *c, str query) {
    str pair, name, value;
    char name_block[64], value_block[512];
    while (str_cut(&query, '&', &pair)) {
        if (pair.n == 0) continue;
        str rest = pair, raw;
        IGNORE(str_cut(&rest, '=', &raw), "it is not empty");
        if (!decode(raw, name_block, sizeof name_block, &name) ||
            !decode(rest, value_block, sizeof value_block, &value) ||
            !take_param(x, c, name, value))
            return false;
    }
    filter_sort(&c->filter);
    return true;
}

static void conn_free(struct conn *c) {
    filter_fini(&c->filter);
    *c = (struct conn){0};
}

static int open_conn(void *ctx, usec now, str path, uint32_t peer) {
    struct x_jetstream *j = ctx;
    struct x_face *x = j->x;
    str query = path, head;
    int number = 0;
    (void)peer;
    x_advance(x, now);
    if (!str_cut(&query, '?', &head) || !str_eq(head, STR("/subscribe"))) return -1;
    while (number < CONNS_MAX && j->conns[number].used) number++;
    if (number == CONNS_MAX) return -2;
    struct conn *c = &j->conns[number];
    *c = (struct conn){.used = true,
                       .caught_up = true,
                       .shut = -1,
                       .next = x->end,
                       .slot = slot_at(x->now) + 1,
                       .cuts = x->cuts,
                       .held = -1,
                       .again = -1};
    if (take_query(x, c, query)) return number;
    conn_free(c);
    return -1;
}

static void close_conn(void *ctx, usec now, int number) {
    (void)now;
    conn_free(conn_of(ctx, number));
}

static void pause_conn(void *ctx, usec now, int number, bool paused) {
    (void)now;
    conn_of(ctx, number)->paused = paused;
}

/* --- options_update -------------------------------------------------------------------------- */

/* {"type":"options_update","payload":{...}}: takes the place of all that was asked for before. */
static bool take_options(struct filter *f, const json_t *root) {
    const json_t *payload = json_object_get(root, "payload"),
                 *collections = json_object_get(payload, "wantedCollections"),
                 *dids = json_object_get(payload, "wantedDids"),
                 *most = json_object_get(payload, "maxMessageSizeBytes"), *v;
    size_t i;
    if (!str_eq(json_str_at(root, "type"), STR("options_update"))) return false;
    if (!json_is_object(payload)) return false;
    if (most != NULL && (!json_is_integer(most) || json_integer_value(most) < 0)) return false;
    f->bytes_max = json_integer_value(most);
    json_array_foreach(collections, i, v) if (!filter_add_collection(f, json_str(v))) return false;
    json_array_foreach(dids, i, v) if (!filter_add_did(f, json_str(v))) return false;
    filter_sort(f);
    return true;
}

static void message(void *ctx, usec now, int number, str text) {
    struct x_jetstream *j = ctx;
    struct conn *c = conn_of(j, number);
    struct filter f = {0};
    x_advance(j->x, now);
    json_t *root = json_loadb(text.p, (size_t)text.n, JSON_REJECT_DUPLICATES, NULL);
    if (take_options(&f, root)) {
        filter_fini(&c->filter);
        c->filter = f;
        c->hello = false;
    } else {
        filter_fini(&f);
        c->shut = 1008;
    }
    json_decref(root);
}

/* --- sending --------------------------------------------------------------------------------- */

static bool put_item(const struct x_jetstream *j, const struct conn *c, int64_t seq,
                     struct buf *out) {
    if (seq < j->x->first) return false;
    const struct x_item *item = x_item_at(j->x, seq);
    if (!wants(&c->filter, item)) return false;
    x_jetstream_put(j->x, item, out);
    return c->filter.bytes_max == 0 || out->len <= c->filter.bytes_max;
}

/* What befalls the message of an item that would go now. False: it does not go. */
static bool befall(struct x_jetstream *j, struct conn *c, int64_t seq) {
    const struct fault f = x_message_fault(j->x, false);
    if (f.kind == FAULT_STREAM_CUT || f.kind == FAULT_SHUTDOWN) {
        c->shut = 0;
        c->next = seq;
    } else if (f.kind == FAULT_STREAM_MUTE) {
        c->mute_until = j->x->now + f.delay;
        c->next = seq;
    } else if (f.kind == FAULT_STREAM_SWAP && c->held < 0) {
        c->held = seq;
        c->held_until = j->x->now + f.delay;
        c->held_may_go = false;
    } else if (f.kind == FAULT_STREAM_DOUBLE) {
        c->again = seq;
        return true;
    } else {
        return f.kind != FAULT_STREAM_GAP;
    }
    return false;
}

/* What was held back, or is due once more. */
static bool put_left_over(struct x_jetstream *j, struct conn *c, struct buf *out) {
    int64_t seq = -1;
    if (c->again >= 0) {
        seq = c->again;
        c->again = -1;
    } else if (c->held >= 0 && (c->held_may_go || c->held_until <= j->x->now)) {
        seq = c->held;
        c->held = -1;
    }
    return seq >= 0 && put_item(j, c, seq, out);
}

/* The event that comes before the next item, if one is due. */
static bool put_event(struct x_jetstream *j, struct conn *c, struct buf *out) {
    const struct x_face *x = j->x;
    const usec item_at = c->next < x->end ? x_item_at(x, c->next)->at : USEC_NEVER;
    struct x_jetstream_event e;
    char block[X_DID_BYTES];
    for (; c->slot <= slot_at(i64_min(x->now, item_at)); c->slot++) {
        if (!event_of(x, c->slot, &e)) continue;
        if (e.at > x->now || e.at > item_at) return false;
        if (!wants_did(&c->filter, x_jetstream_did(e.user->id, block))) continue;
        c->slot++;
        x_jetstream_put_event(&e, out);
        return true;
    }
    return false;
}

static bool put_next(struct x_jetstream *j, struct conn *c, struct buf *out) {
    while (c->shut < 0 && j->x->now >= c->mute_until) {
        if (put_event(j, c, out)) return true;
        if (c->next >= j->x->end) return false;
        const int64_t seq = c->next++;
        if (!put_item(j, c, seq, out)) continue;
        if (!befall(j, c, seq)) continue;
        c->held_may_go = true;
        return true;
    }
    return false;
}

/* It has to keep up once it has caught up; and nobody may ask for what is no more. */
static void check_pace(const struct x_face *x, struct conn *c) {
    if (c->next >= x->end) c->caught_up = true;
    if (c->next < x->first || (c->caught_up && x->end - c->next > X_LAG_MAX)) c->shut = 1008;
    if (c->cuts != x->cuts) c->shut = 0;
}

static sim_frame next(void *ctx, usec now, int number, struct buf *out, int *ret_code) {
    struct x_jetstream *j = ctx;
    struct conn *c = conn_of(j, number);
    x_advance(j->x, now);
    check_pace(j->x, c);
    const bool quiet = c->hello || j->x->now < j->x->mute_until || c->shut >= 0;
    if (!quiet && (put_left_over(j, c, out) || put_next(j, c, out))) return SIM_TEXT;
    if (c->shut < 0) return SIM_NOTHING;
    *ret_code = c->shut;
    conn_free(c);
    return SIM_SHUT;
}

/* When something of a connection is due by itself, without a new item. */
static usec due_of(const struct x_face *x, const struct conn *c) {
    usec at = USEC_NEVER;
    struct x_jetstream_event e;
    if (c->shut >= 0 || c->cuts != x->cuts) return 0;
    if (c->hello) return USEC_NEVER;
    if (c->next < x->end || c->again >= 0) at = 0;
    if (c->held >= 0) at = i64_min(at, c->held_may_go ? 0 : c->held_until);
    for (int64_t slot = c->slot; at > 0 && slot < c->slot + SLOTS_AHEAD; slot++) {
        if (!event_of(x, slot, &e)) continue;
        at = i64_min(at, e.at);
        break;
    }
    return i64_max(at, i64_max(c->mute_until, x->mute_until));
}

static int ready(void *ctx) {
    const struct x_jetstream *j = ctx;
    for (int i = 0; i < CONNS_MAX; i++) {
        const struct conn *c = &j->conns[i];
        if (!c->used) continue;
        const bool slow = c->caught_up && j->x->end - c->next > X_LAG_MAX;
        if ((!c->paused || slow) && due_of(j->x, c) <= j->x->now) return i;
    }
    return -1;
}

static usec next_at(void *ctx) {
    const struct x_jetstream *j = ctx;
    usec at = x_next_at(j->x);
    for (int i = 0; i < CONNS_MAX; i++)
        if (j->conns[i].used && !j->conns[i].paused) at = i64_min(at, due_of(j->x, &j->conns[i]));
    return at;
}

/* --- requests -------------------------------------------------------------------------------- */

static void answer_error(struct sim_answer *ret, int status, const char *error, const char *text) {
    ret->status = status;
    buf_printf(ret->body, "{\"error\":\"%s\",\"message\":\"%s\"}", error, text);
}

static void resolve(struct x_jetstream *j, const struct sim_request *rq, struct sim_answer *ret) {
    char block[HANDLE_BYTES], did[X_DID_BYTES];
    str rest = rq->query, pair, handle = {0};
    while (handle.p == NULL && str_cut(&rest, '&', &pair))
        if (str_starts(pair, STR("handle=")) &&
            !decode(str_tail(pair, 7), block, sizeof block, &handle))
            handle = STR("?");
    if (handle.p == NULL) {
        answer_error(ret, 400, "InvalidRequest",
                     "Error: Params must have the property \\\"handle\\\"");
        return;
    }
    const struct x_user *u = x_jetstream_who(j->x, handle);
    if (u == NULL) {
        answer_error(ret, 400, "InvalidRequest", "Unable to resolve handle");
        return;
    }
    buf_put(ret->body, STR("{\"did\":\""));
    buf_put(ret->body, x_jetstream_did(u->id, did));
    buf_put(ret->body, STR("\"}"));
}

/* Faults that a call without an effect can have. True: it is answered. */
static bool is_struck(struct x_jetstream *j, usec now, const struct sim_request *rq,
                      struct sim_answer *ret) {
    struct fault f = {.kind = FAULT_NONE};
    struct error err;
    if (j->x->opt.faults == NULL) return false;
    if (!faults_of_request(j->x->opt.faults, now, rq->method, rq->path, rq->fault, &f, &err)) {
        answer_error(ret, 400, "InvalidRequest", "the fault that was asked for is not known");
        return true;
    }
    ret->delivery = sim_delivery_after(f.kind);
    if (f.kind == FAULT_CLOSE_BEFORE) ret->delivery = SIM_CLOSE;
    if (f.kind == FAULT_SILENCE_BEFORE) ret->delivery = SIM_SILENCE;
    if (f.kind == FAULT_DELAY || f.kind == FAULT_LATE_ARRIVAL) ret->delay = f.delay;
    if (f.kind == FAULT_HTML_502 || f.kind == FAULT_HTML_502_DONE) {
        answer_error(ret, 502, "UpstreamFailure", "Upstream Failure");
        return true;
    }
    if (f.kind == FAULT_HTML_503) {
        answer_error(ret, 503, "NotEnoughResources", "Not Enough Resources");
        return true;
    }
    if (f.kind != FAULT_RATE_429) return false;
    ret->retry_after_s = f.amount;
    answer_error(ret, 429, "RateLimitExceeded", "Rate Limit Exceeded");
    return true;
}

static void request(void *ctx, usec now, const struct sim_request *rq, struct sim_answer *ret) {
    struct x_jetstream *j = ctx;
    x_advance(j->x, now);
    ret->status = 200;
    if (is_struck(j, now, rq, ret)) return;
    if (str_eq(rq->path, STR(RESOLVE)) && str_eq(rq->method, STR("GET")))
        resolve(j, rq, ret);
    else if (str_eq(rq->path, STR("/subscribe")))
        answer_error(ret, 400, "InvalidRequest", "Bad Request: this is a WebSocket");
    else
        answer_error(ret, 404, "MethodNotImplemented", "Method Not Implemented");
}

/* --- the face -------------------------------------------------------------------------------- */

static bool takes(void *ctx, str path) {
    str rest = path, head;
    (void)ctx;
    return str_cut(&rest, '?', &head) &&
           (str_eq(head, STR("/subscribe")) || str_starts(head, STR("/xrpc/")));
}

static void advance(void *ctx, usec now) { x_advance(((struct x_jetstream *)ctx)->x, now); }

static void close_all(struct x_jetstream *j) {
    for (int i = 0; i < CONNS_MAX; i++) conn_free(&j->conns[i]);
    free(j);
}

void x_face_jetstream(struct x_face *x, struct sim_face *ret) {
    if (x->jetstream == NULL) {
        x->jetstream = calloc(1, sizeof *x->jetstream);
        PRE(x->jetstream != NULL);
        x->jetstream->x = x;
        x->jetstream_close = close_all;
    }
    *ret = (struct sim_face){.name = "jetstream",
                             .ctx = x->jetstream,
                             .takes = takes,
                             .request = request,
                             .open = open_conn,
                             .message = message,
                             .next = next,
                             .close = close_conn,
                             .pause = pause_conn,
                             .ready = ready,
                             .advance = advance,
                             .next_at = next_at};
}
