/* parcel: see the header.
 *
 * Four bytes say what it is ("bfp1" a post, "bfr1" a reading); then come the fields in one order,
 * integers as eight bytes with the least first, strings behind their length. Whoever changes the
 * order or adds a field makes a new number of it: processes of two versions may stand beside each
 * other for a while, and the older one leaves to the newer one what it does not know.
 *
 * In: bytes from a queue that others may write to. Each length, count and name is checked, so what
 * is read here is a post as feed makes them, or an error. Failure: nothing but the error. Pure. */
#include "run/parcel.h"

#include <string.h>

#define KIND_BYTES 4
#define POST_KIND "bfp1"
#define READING_KIND "bfr1"

/* --- putting ----------------------------------------------------------------------------- */

static void put_i64(struct buf *out, int64_t v) {
    char bytes[8];
    for (int i = 0; i < 8; i++) bytes[i] = (char)((uint64_t)v >> (8 * i) & 0xFF);
    buf_put(out, (str){bytes, sizeof bytes});
}

static void put_str(struct buf *out, str s) {
    put_i64(out, s.n);
    buf_put(out, s);
}

static void put_kind(struct buf *out, const char *kind, struct parcel_mark mark) {
    buf_put(out, (str){kind, KIND_BYTES});
    put_i64(out, mark.again);
}

static void put_post(struct buf *out, const struct post *p) {
    PRE(!p->deleted);
    const str strings[] = {p->source, p->source_id, p->author_id, p->username, p->text, p->lang};
    const int64_t numbers[] = {p->id,      p->root_id,      p->created_at, p->received_at,
                               p->ref_id,  (int64_t)p->ref, p->missed,     p->likes,
                               p->reposts, p->replies,      p->quotes};
    for (ptrdiff_t i = 0; i < COUNT_OF(strings); i++) put_str(out, strings[i]);
    for (ptrdiff_t i = 0; i < COUNT_OF(numbers); i++) put_i64(out, numbers[i]);
}

void parcel_put_post(struct buf *out, const struct post *p, struct parcel_mark mark) {
    put_kind(out, POST_KIND, mark);
    put_post(out, p);
}

static void put_mention(struct buf *out, const struct mention *m) {
    put_str(out, str_from_z(m->symbol));
    const int64_t numbers[] = {m->confidence_bp,   m->polarity_bp, m->abstain,
                               (int64_t)m->reason, m->begin,       m->end};
    for (ptrdiff_t i = 0; i < COUNT_OF(numbers); i++) put_i64(out, numbers[i]);
}

void parcel_put_reading(struct buf *out, const struct reading *r, struct parcel_mark mark) {
    put_kind(out, READING_KIND, mark);
    put_post(out, r->post);
    for (int i = 0; i < 3; i++) put_i64(out, r->probs_bp[i]);
    const int64_t numbers[] = {(int64_t)r->label,   r->sentiment_bp,  (int64_t)r->cues,
                               (int64_t)r->simhash, r->token_count,   (int64_t)r->keys,
                               (int64_t)r->numbers, r->mention_count, r->miss_count,
                               r->host_count};
    for (ptrdiff_t i = 0; i < COUNT_OF(numbers); i++) put_i64(out, numbers[i]);
    for (int i = 0; i < r->mention_count; i++) put_mention(out, &r->mentions[i]);
    for (int i = 0; i < r->miss_count; i++) {
        put_i64(out, (int64_t)r->misses[i].reason);
        put_i64(out, r->misses[i].begin);
        put_i64(out, r->misses[i].end);
    }
    for (int i = 0; i < r->host_count; i++) put_i64(out, (int64_t)r->hosts[i]);
    put_str(out, str_from_z(r->model != NULL ? r->model : ""));
}

/* --- getting ----------------------------------------------------------------------------- */

/* What is left of the bytes; `bad` once something was not as it must be. */
struct taker {
    str rest;
    bool bad;
};

static int64_t take_i64(struct taker *t) {
    uint64_t v = 0;
    if (t->rest.n < 8) {
        t->bad = true;
        return 0;
    }
    for (int i = 0; i < 8; i++) v |= (uint64_t)(uint8_t)t->rest.p[i] << (8 * i);
    t->rest = str_tail(t->rest, 8);
    return (int64_t)v;
}

/* A number of least..most. */
static int64_t take_within(struct taker *t, int64_t least, int64_t most) {
    const int64_t v = take_i64(t);
    if (v >= least && v <= most) return v;
    t->bad = true;
    return least;
}

static int32_t take_bp(struct taker *t, int32_t least) {
    return (int32_t)take_within(t, least, 10000);
}

static str take_str(struct taker *t, int64_t most) {
    const int64_t n = take_within(t, 0, most);
    if (t->bad || t->rest.n < n) {
        t->bad = true;
        return STR("");
    }
    const str s = str_head(t->rest, (ptrdiff_t)n);
    t->rest = str_tail(t->rest, (ptrdiff_t)n);
    return s;
}

static bool begins_like(str bytes, const char *kind) {
    return str_starts(bytes, (str){kind, KIND_BYTES - 1});
}

bool parcel_may_be(str bytes) {
    return begins_like(bytes, POST_KIND) || begins_like(bytes, READING_KIND);
}

/* The kind's letters are the same and its number is not: another version's. */
static bool take_kind(struct taker *t, const char *kind, struct parcel_mark *ret,
                      struct error *err) {
    const str want = {kind, KIND_BYTES};
    const str have = str_head(t->rest, KIND_BYTES);
    if (!str_eq(have, want)) {
        if (have.n == KIND_BYTES && memcmp(have.p, kind, KIND_BYTES - 1) == 0)
            return fail(err, ERR_STATE, 0,
                        "a parcel of another version of the program (%.4s, this one knows %s)",
                        have.p, kind);
        return fail(err, ERR_PARSE, 0, "no parcel that begins with %s", kind);
    }
    t->rest = str_tail(t->rest, KIND_BYTES);
    ret->again = take_within(t, 0, 1) != 0;
    return true;
}

static void take_post(struct taker *t, struct post *p) {
    const int64_t most = POST_TEXT_BYTES_MAX;
    str *const strings[] = {&p->source,   &p->source_id, &p->author_id,
                            &p->username, &p->text,      &p->lang};
    for (ptrdiff_t i = 0; i < COUNT_OF(strings); i++) *strings[i] = take_str(t, most);
    p->id = take_i64(t);
    p->root_id = take_i64(t);
    p->created_at = take_i64(t);
    p->received_at = take_i64(t);
    p->ref_id = take_i64(t);
    p->ref = (post_ref)take_within(t, POST_REF_NONE, POST_REF_REPLY);
    p->missed = take_within(t, 0, 1) != 0;
    p->likes = take_within(t, -1, INT64_MAX);
    p->reposts = take_within(t, -1, INT64_MAX);
    p->replies = take_within(t, -1, INT64_MAX);
    p->quotes = take_within(t, -1, INT64_MAX);
    p->edited = p->id != p->root_id;
    if (p->id == 0 || p->root_id == 0 || p->source.n == 0) t->bad = true;
}

/* A stretch of the text. */
static void take_stretch(struct taker *t, const struct post *p, int32_t *begin, int32_t *end) {
    *begin = (int32_t)take_within(t, 0, p->text.n);
    *end = (int32_t)take_within(t, *begin, p->text.n);
}

static void take_mention(struct taker *t, const struct post *p, struct mention *m) {
    const str symbol = take_str(t, SYMBOL_BYTES - 1);
    if (symbol.n == 0 || !str_copyz(symbol, m->symbol, sizeof m->symbol)) t->bad = true;
    m->confidence_bp = take_bp(t, 0);
    m->polarity_bp = take_bp(t, -10000);
    m->abstain = take_within(t, 0, 1) != 0;
    m->reason = (link_reason)take_within(t, LINK_NONE, LINK_NICKNAME);
    take_stretch(t, p, &m->begin, &m->end);
}

static void take_numbers(struct taker *t, struct reading *r) {
    for (int i = 0; i < 3; i++) r->probs_bp[i] = take_bp(t, 0);
    r->label = (label)take_within(t, LABEL_NEGATIVE, LABEL_POSITIVE);
    r->sentiment_bp = take_bp(t, -10000);
    r->cues = (uint32_t)take_within(t, 0, (INT64_C(1) << CUE_COUNT) - 1);
    r->simhash = (uint64_t)take_i64(t);
    r->token_count = (int32_t)take_within(t, 0, INT32_MAX);
    r->keys = (uint64_t)take_i64(t);
    r->numbers = (uint64_t)take_i64(t);
    r->mention_count = (int)take_within(t, 0, MENTIONS_MAX);
    r->miss_count = (int)take_within(t, 0, MISSES_MAX);
    r->host_count = (int)take_within(t, 0, READING_HOSTS_MAX);
}

static void take_reading(struct taker *t, const struct post *p, struct arena *a,
                         struct reading *r) {
    take_numbers(t, r);
    for (int i = 0; i < r->mention_count; i++) take_mention(t, p, &r->mentions[i]);
    for (int i = 0; i < r->miss_count; i++) {
        r->misses[i].reason = (miss_reason)take_within(t, MISS_NONE, MISS_TOO_MANY);
        take_stretch(t, p, &r->misses[i].begin, &r->misses[i].end);
    }
    for (int i = 0; i < r->host_count; i++) r->hosts[i] = (uint64_t)take_i64(t);
    const str model = take_str(t, 64);
    if (!t->bad) r->model = str_dupz(a, model);
}

static bool ended_well(const struct taker *t, struct error *err) {
    if (!t->bad && t->rest.n == 0) return true;
    return fail(err, ERR_PARSE, 0, "a damaged parcel: %td bytes are left of it", t->rest.n);
}

bool parcel_get_post(str bytes, struct post *ret, struct parcel_mark *ret_mark, struct error *err) {
    struct taker t = {.rest = bytes};
    struct post p = {0};
    struct parcel_mark mark = {0};
    if (!take_kind(&t, POST_KIND, &mark, err)) return false;
    take_post(&t, &p);
    if (!ended_well(&t, err)) return false;
    *ret = p;
    *ret_mark = mark;
    return true;
}

bool parcel_get_reading(struct arena *a, str bytes, struct post *ret_post, struct reading *ret,
                        struct parcel_mark *ret_mark, struct error *err) {
    struct taker t = {.rest = bytes};
    struct post p = {0};
    struct reading r = {0};
    struct parcel_mark mark = {0};
    if (!take_kind(&t, READING_KIND, &mark, err)) return false;
    take_post(&t, &p);
    take_reading(&t, &p, a, &r);
    if (!ended_well(&t, err)) return false;
    *ret_post = p;
    *ret = r;
    ret->post = ret_post;
    *ret_mark = mark;
    return true;
}
