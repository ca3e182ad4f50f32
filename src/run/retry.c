/* retry: dead letters, once more. For `bullfinch dlq` and the HTTP interface.
 *
 * In: the letter's id. Out: its post in the store, and the mark on the letter. It is too late to
 * trade on what is read so: its outcome is STALE. Nothing is ever deleted. Failure: nothing was
 * changed but, where the input is still no post, the count of tries. Thread: any, on a writing
 * connection of its own. */
#include "run/retry.h"

#include <inttypes.h>

#include "source/source.h"

#define SCRATCH_BYTES (16 << 20)

/* One that nobody has dealt with. */
static bool find_dead(struct store *s, struct arena *a, int64_t id, struct dead_letter *ret,
                      struct error *err) {
    if (!store_dead_get(s, a, id, ret, err)) return false;
    if (str_eq(ret->status, STR("dead"))) return true;
    return fail(err, ERR_STATE, 0, "dead letter %" PRId64 " was " STR_FMT " already", id,
                STR_ARG(ret->status));
}

/* One that came in another way in the meantime stays as it was read then: it may have been traded.
 */
static bool store_reading(struct store *s, struct arena *a, int64_t letter,
                          const struct reading *reading, str actor, usec now, struct error *err) {
    struct actions *acts = NEW(a, struct actions);
    bool known;
    acts->v[0].kind = ACTION_PUT_POST;
    acts->v[0].u.post.reading = reading;
    acts->v[0].u.post.outcome = REASON_STALE;
    acts->count = 1;
    if (!store_begin(s, true, err)) return false;
    if (store_has_post(s, reading->post->id, &known, err) && (known || store_apply(s, acts, err)) &&
        store_dead_mark(s, letter, STR("retried"), actor, now, err) && store_commit(s, err))
        return true;
    store_rollback(s);
    return false;
}

static bool still_no_post(struct store *s, int64_t id, str actor, usec now, struct error *err) {
    const struct error why = *err;
    if (!store_dead_mark(s, id, STR("dead"), actor, now, err)) return false;
    *err = why;
    return fail_in(err, "still no post");
}

bool letter_retry(struct store *s, struct arena *a, const struct reader *reader, int64_t id,
                  str actor, usec now, struct error *err) {
    struct dead_letter d;
    struct post post;
    struct reading reading;
    struct arena scratch;
    if (!find_dead(s, a, id, &d, err)) return false;
    if (d.payload.n == 0)
        return fail(err, ERR_STATE, 0,
                    "dead letter %" PRId64 ": its content was not kept (" STR_FMT
                    "); put the line right in its file",
                    id, STR_ARG(d.error));
    if (!x_post_parse(a, d.payload, d.source, now, false, &post, err))
        return still_no_post(s, id, actor, now, err);
    if (post.deleted)
        return fail(err, ERR_STATE, 0,
                    "dead letter %" PRId64 " is word of a deletion: bullfinch db forget %" PRId64
                    " does what it says",
                    id, post.id);
    arena_open(&scratch, SCRATCH_BYTES);
    reader_read(reader, scratch, &post, 1, &reading);
    const bool ok = store_reading(s, a, id, &reading, actor, now, err);
    arena_close(&scratch);
    return ok;
}

bool letter_drop(struct store *s, struct arena *a, int64_t id, str actor, usec now,
                 struct error *err) {
    struct dead_letter d;
    return find_dead(s, a, id, &d, err) && store_dead_mark(s, id, STR("dropped"), actor, now, err);
}
