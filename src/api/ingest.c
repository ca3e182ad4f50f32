/* ingest: posts that others bring, from bytes to "they are stored".
 *
 * In: a body whose size and type were checked, and an identity that names the one source its posts
 * belong to. Out: the ids under which the posts are stored, once they are durable. A post is what
 * x_post_parse takes (push.h says what is added); unknown members are ignored, and the first bad
 * post names its index and its member, and then nothing of the request is taken.
 * The same posts may be brought again at any time: they have the same ids, and what is stored stays
 * as it was.
 * Failure: no room 503, not durable in time 202 (they may still be stored: bring them again). */
#include "api/ingest.h"

#include <stdlib.h>

#include "api/core.h"
#include "source/jscan.h"
#include "store/sources.h"

#define PATIENCE (10 * USEC_PER_S)

/* --- the body ----------------------------------------------------------------------------- */

static bool add(struct ingest *in, struct arena *a, str text, str source, usec now,
                struct error *err) {
    if (in->count == PUSH_POSTS_MAX) {
        in->bad = -1;
        return fail(err, ERR_LIMIT, 0, "more than %d posts; send them in parts", PUSH_POSTS_MAX);
    }
    in->bad = in->count;
    if (!push_post_parse(a, text, source, now, &in->posts[in->count], err)) return false;
    in->bad = -1;
    in->count++;
    return true;
}

static bool take_lines(struct ingest *in, struct arena *a, str body, str source, usec now,
                       struct error *err) {
    str rest = body, line;
    while (rest.n > 0 && str_cut(&rest, '\n', &line)) {
        line = str_trim(line);
        if (line.n > 0 && !add(in, a, line, source, now, err)) return false;
    }
    return true;
}

/* The items of an array, each as it stands in the text. */
static bool take_array(struct ingest *in, struct arena *a, str body, str source, usec now,
                       struct error *err) {
    struct jscan s;
    struct jvalue v;
    bool end;
    jscan_init(&s, a, body);
    if (!jscan_value(&s, &v, err)) return false;
    PRE(v.kind == JKIND_ARRAY);
    for (;;) {
        if (!jscan_item(&s, &end, err)) return false;
        if (end) break;
        const ptrdiff_t begin = s.at;
        const struct arena before = *a;
        if (!jscan_value(&s, &v, err) || !jscan_skip(&s, &v, err)) return false;
        *a = before; /* whatever was unescaped on the way */
        const str item = str_trim(str_head(str_tail(body, begin), s.at - begin));
        if (!add(in, a, item, source, now, err)) return false;
    }
    return jscan_end(&s, err);
}

bool ingest_parse(struct arena *a, str body, bool lines, str source, usec now, struct ingest *ret,
                  struct error *err) {
    *ret = (struct ingest){.bad = -1};
    ret->posts = NEW_ARRAY(a, struct post, PUSH_POSTS_MAX);
    const str text = str_trim(body);
    bool ok;
    if (lines)
        ok = take_lines(ret, a, text, source, now, err);
    else if (str_starts(text, STR("[")))
        ok = take_array(ret, a, text, source, now, err);
    else
        ok = text.n == 0 || add(ret, a, text, source, now, err);
    if (!ok) return false;
    if (ret->count == 0)
        return fail(err, ERR_PARSE, 0, "no post; expected a JSON object, or several");
    return true;
}

/* --- the request -------------------------------------------------------------------------- */

/* "text: missing" is about a member, "not JSON ..." about the whole post. */
static bool names_member(const char *msg) {
    while ((*msg >= 'a' && *msg <= 'z') || *msg == '_' || *msg == '.') msg++;
    return *msg == ':';
}

static void refuse(struct api_answer *a, const struct ingest *in, const struct error *err) {
    const bool whole = in->bad < 0;
    /* what is nested too deeply is a limit of another kind */
    const bool too_many = err->code == ERR_LIMIT && in->count == PUSH_POSTS_MAX;
    const char *const joint = names_member(err->msg) ? "." : ": ";
    if (!whole && err->code == ERR_LIMIT && str_starts(str_from_z(err->msg), STR("created_at:")))
        api_problem_at(a, 422, "FUTURE_TIME", in->bad, "posts[%lld]%s%s", (long long)in->bad, joint,
                       err->msg);
    else if (!whole && err->code == ERR_REFUSED)
        api_problem_at(a, 403, "SOURCE", in->bad, "posts[%lld]%s%s", (long long)in->bad, joint,
                       err->msg);
    else if (!whole)
        api_problem_at(a, 400, "POST", in->bad, "posts[%lld]%s%s", (long long)in->bad, joint,
                       err->msg);
    else
        api_problem(a, too_many ? 413 : 400, "BODY", "%s", err->msg);
}

static int compare_ids(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* How many of the posts the store has already, or stand here twice. Words of a deletion are not
 * posts. */
static bool count_repeated(struct api_core *c, struct arena *a, const struct ingest *in, int *ret,
                           struct error *err) {
    int64_t *const ids = NEW_ARRAY(a, int64_t, in->count + 1);
    int n = 0, apart = 0, known;
    for (int i = 0; i < in->count; i++)
        if (!in->posts[i].deleted) ids[n++] = in->posts[i].id;
    qsort(ids, (size_t)n, sizeof *ids, compare_ids);
    for (int i = 0; i < n; i++)
        if (i == 0 || ids[i] != ids[apart - 1]) ids[apart++] = ids[i];
    struct store *const s = api_store_take(c);
    const bool ok = store_posts_known(s, ids, apart, &known, err);
    api_store_give(c, s);
    if (ok) *ret = n - apart + known;
    return ok;
}

static void put_ids(struct buf *b, int stored, int repeated, const struct ingest *in) {
    buf_printf(b, "{\"stored\":%d,\"repeated\":%d,\"ids\":[", stored, repeated);
    for (int i = 0; i < in->count; i++)
        buf_printf(b, "%s\"%lld\"", i > 0 ? "," : "", (long long)in->posts[i].id);
    buf_put(b, STR("]}\n"));
}

void api_post_ingest(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    struct error err;
    struct ingest in;
    int repeated;
    const str source = str_from_z(rq->who.source);
    const bool lines = str_eq_nocase(rq->content_type, STR("application/x-ndjson"));
    struct source *const push = api_push_of(c, source);
    if (push == NULL) {
        api_problem(ret, 503, "SOURCE",
                    "No running source takes posts under the name \"" STR_FMT "\"; the "
                    "configuration wants one: sources: [{kind: push, name: " STR_FMT "}]",
                    STR_ARG(source), STR_ARG(source));
        return;
    }
    if (!ingest_parse(rq->a, rq->body, lines, source, rq->now, &in, &err)) {
        refuse(ret, &in, &err);
        return;
    }
    if (!count_repeated(c, rq->a, &in, &repeated, &err)) {
        api_problem_store(ret, &err);
        return;
    }
    switch (push_offer(push, in.posts, in.count, PATIENCE)) {
    case PUSH_STORED:
        put_ids(&ret->body, in.count, repeated, &in);
        return;
    case PUSH_LATE:
        ret->status = 202;
        put_ids(&ret->body, 0, repeated, &in);
        return;
    case PUSH_BUSY:
        api_problem(ret, 503, "BUSY", "No room for more posts now; nothing of these was taken.");
        ret->retry_after_s = 1;
        return;
    case PUSH_STOPPED:
        api_problem(ret, 503, "STOPPED", "The program ends; nothing of these posts was taken.");
        ret->retry_after_s = 5;
        return;
    }
    WRONG("a result that is none");
}
